"""What the trials share: their number and seed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.trials import Trials


@pytest.fixture
def tries(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Trials:
    """Give the test its number of tries."""
    seed = int(request.config.getoption("--seed"))
    record_property("tried", f"{request.param} tries, seed {seed}")
    return Trials(number=request.param, seed=seed)
