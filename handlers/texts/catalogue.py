"""Which language the current conversation speaks (gettext)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import NullTranslations, translation
from pathlib import Path

LOCALES = Path(__file__).parent / "locales"

ENGLISH = "en"
NAMES = {ENGLISH: "English", "es": "Español"}

_speaking: ContextVar[NullTranslations] = ContextVar("speaking", default=NullTranslations())  # noqa: B039


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Use this language's catalogue inside the block; English where there is none."""
    token = _speaking.set(_catalogue(language))
    try:
        yield
    finally:
        _speaking.reset(token)


@lru_cache(maxsize=64)  # a language is whatever a chat says it is
def _catalogue(language: str | None) -> NullTranslations:
    return translation("allout", LOCALES, languages=[language] if language else [], fallback=True)


def languages() -> list[str]:
    """Return every language there is a catalogue for, English first."""
    return [ENGLISH, *sorted(path.name for path in LOCALES.glob("*") if path.is_dir())]


def language(typed: str) -> str | None:
    """Return the language that is meant, if we speak it."""
    wanted = typed.casefold().replace("-", "_")
    return next((each for each in languages() if each.casefold() == wanted), None)


def name_of(spoken: str) -> str:
    """Name a language in itself."""
    return NAMES.get(spoken, spoken)


def _(message: str) -> str:
    return _speaking.get().gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Choose by number, in the language spoken now."""
    return _speaking.get().ngettext(singular, plural, n)
