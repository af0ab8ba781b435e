"""Which language the current conversation speaks (gettext)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import NullTranslations, translation
from pathlib import Path

LOCALES = Path(__file__).parent / "locales"

_speaking: ContextVar[NullTranslations] = ContextVar("speaking", default=NullTranslations())  # noqa: B039


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Use this language's catalogue inside the block; English where there is none."""
    token = _speaking.set(_catalogue(language))
    try:
        yield
    finally:
        _speaking.reset(token)


SPECIAL: dict[str, NullTranslations] = {}
"""Catalogues that are no files, by their language's name."""


@lru_cache(maxsize=64)  # a language is whatever a chat says it is
def _catalogue(language: str | None) -> NullTranslations:
    if language in SPECIAL:
        return SPECIAL[language]
    # chats say es-MX, where gettext says es_MX and then falls back to es
    wanted = [language.replace("-", "_")] if language else []
    return translation("allout", LOCALES, languages=wanted, fallback=True)


def languages() -> list[str]:
    """Return every language there is a catalogue for, English first."""
    return ["en", *sorted(path.name for path in LOCALES.iterdir() if path.is_dir())]


def _(message: str) -> str:
    return _speaking.get().gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Choose by number, in the language spoken now."""
    return _speaking.get().ngettext(singular, plural, n)
