"""Which language the current conversation speaks (gettext)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from handlers.texts import isolates
from handlers.texts.languages import ENGLISH, LANGUAGES, meant

LOCALES = Path(__file__).parent / "locales"

_speaking: ContextVar[NullTranslations] = ContextVar("speaking", default=NullTranslations())  # noqa: B039


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Use this language's catalogue inside the block; English where there is none.

    Nobody said which: then the language goes on that is spoken already, which is English at first.
    """
    if not language:
        yield
        return
    token = _speaking.set(_catalogue(language))
    try:
        yield
    finally:
        _speaking.reset(token)


def spoken() -> str:
    """Name the language that is spoken now, for another process to speak it too."""
    named = _speaking.get().info().get("language", ENGLISH)
    known = meant(named)
    return named if known is None else known.code


SPECIAL: dict[str, NullTranslations] = {}
"""Catalogues that are no files, by their language's name."""


def _catalogue(language: str) -> NullTranslations:
    # a language is whatever a chat says it is: what the table does not know names no file
    known = meant(language)
    if (special := SPECIAL.get(language if known is None else known.code)) is not None:
        return special
    return NullTranslations() if known is None else _read(LOCALES, known.folder)


@lru_cache(maxsize=2 * len(LANGUAGES))
def _read(where: Path, folder: str) -> NullTranslations:
    # not by gettext's own way, which keeps whatever it has read for good
    try:
        with (where / folder / "LC_MESSAGES" / "allout.mo").open("rb") as compiled:
            return GNUTranslations(compiled)
    except FileNotFoundError:
        return NullTranslations()


def forget() -> None:
    """Give back what was read of catalogues: a start needs each for a moment, and whoever speaks English none."""
    _read.cache_clear()


def translated(message: str, language: str) -> str | None:
    """Return a sentence in this language; None if it has no catalogue, or says the same."""
    catalogue = _catalogue(language)
    said = catalogue.gettext(message)
    return None if said == message else _said(catalogue, said)


def languages() -> list[str]:
    """Return every language there is a catalogue for, English first."""
    return [each.code for each in LANGUAGES if each.code == ENGLISH or (LOCALES / each.folder).is_dir()]


def language(typed: str) -> str | None:
    """Return the language that is meant, if we speak it."""
    known = meant(typed)
    return known.code if known is not None and known.code in languages() else None


def name_of(spoken: str) -> str:
    """Name a language in itself."""
    known = meant(spoken)
    return spoken if known is None else known.name


class Sentence(str):
    """What a catalogue says. What is filled in is kept apart where its direction is, or could be, another one's."""

    __slots__ = ()

    def format(self, *args: object, **given: object) -> Sentence:
        """Fill it in; a sentence in a sentence has the same direction, and needs no isolates."""
        right_to_left = _right_to_left(_speaking.get())
        return Sentence(
            super().format(
                *(_apart(value, right_to_left) for value in args),
                **{name: _apart(value, right_to_left) for name, value in given.items()},
            )
        )


def _apart(value: object, right_to_left: bool) -> object:  # noqa: FBT001
    if isinstance(value, Sentence) or not isinstance(value, str):
        return value
    return isolates.isolated(value, right_to_left=right_to_left)


def _right_to_left(catalogue: NullTranslations) -> bool:
    return _runs_left(catalogue.info().get("language", ENGLISH))


@lru_cache(maxsize=64)
def _runs_left(language: str) -> bool:
    known = meant(language)
    return known is not None and known.right_to_left


def isolated(text: str) -> str:
    """Keep a name, a title or the like apart from what is put beside it without a sentence around both."""
    return Sentence("{}").format(text)


def _(message: str) -> str:
    catalogue = _speaking.get()
    return _said(catalogue, catalogue.gettext(message))


def ngettext(singular: str, plural: str, n: int) -> str:
    """Choose by number, in the language spoken now."""
    catalogue = _speaking.get()
    return _said(catalogue, catalogue.ngettext(singular, plural, n))


def _said(catalogue: NullTranslations, text: str) -> Sentence:
    return Sentence(isolates.latin_isolated(text) if _right_to_left(catalogue) else text)
