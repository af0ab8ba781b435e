"""What sentences assert about their reader's situation.

A sentence that could be untrue there and then is marked with what it asserts. Whoever listens while an answer is put
together hears all that it asserts, and can compare that with what is so: tests/test_only_what_is_true.py does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec

from bot.domain.situation import Asserts

P = ParamSpec("P")

_heard: ContextVar[set[Asserts] | None] = ContextVar("heard", default=None)


def asserts(*what: Asserts) -> Callable[[Callable[P, str]], Callable[P, str]]:
    """Mark a sentence with what it asserts whenever it is said."""

    def mark(sentence: Callable[P, str]) -> Callable[P, str]:
        @wraps(sentence)
        def said(*args: P.args, **kwargs: P.kwargs) -> str:
            heard = _heard.get()
            if heard is not None:
                heard.update(what)
            return sentence(*args, **kwargs)

        return said

    return mark


@contextmanager
def listening() -> Iterator[set[Asserts]]:
    """Collect what is asserted inside the block."""
    heard: set[Asserts] = set()
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)
