"""How often a promise is tried, and with which seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

import pytest


@dataclass(frozen=True, kw_only=True, slots=True)
class Trials:
    """So many tries, all of them drawn from one seed."""

    number: int
    seed: int

    def random(self, *which: object) -> Random:
        """Return a source of chance of its own for one try, or for one purpose: each can be repeated alone."""
        return Random(f"{self.seed} {which}")

    @contextmanager
    def attempt(self, number: int) -> Iterator[None]:
        """Add to whatever goes wrong how it can be had again."""
        try:
            yield
        except BaseException as error:
            error.add_note(f"seed {self.seed}, try {number}")
            raise


def trials(selection: int, *, full: int) -> pytest.MarkDecorator:
    """Run the test with `selection` tries in every run, and with all of them in a soak.

    The test takes the fixture `tries`; with `record_property("found", ...)` it says what it did, which stands with the
    number, the seed and the time at the end of the run.
    """
    counts = [pytest.param(selection, id=str(selection)), pytest.param(full, id=str(full), marks=pytest.mark.soak)]
    return pytest.mark.parametrize("tries", counts, indirect=True)
