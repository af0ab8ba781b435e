"""What is asked of the children, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.model import Terms
from bot.draft import Before, Draft, ListReading, Problem, RosterOptions, SourceFile
from handlers.pictures.poster import Poster
from handlers.pictures.stairs import Stairs
from handlers.sheets.paper import Paper


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """Two files of an organizer's."""

    toml: SourceFile
    roster: SourceFile | None
    options: RosterOptions
    languages: tuple[str, ...]  #: that there are catalogues for
    now: datetime | None  #: None: only which file the first one names is asked
    after: Before | None = None  #: the step of a campaign that they follow


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadList:
    """A list of workplaces alone."""

    source: SourceFile
    toml: SourceFile | None = None  #: the terms, if they were sent already: they name the areas
    options: RosterOptions
    languages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ToRead:
    """Either of the two."""

    wanted: Read | ReadList


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What stands in them: a draft, or what is wrong."""

    names: str | None = None  #: the file of workplaces
    draft: Draft | None = None
    problems: tuple[Problem, ...] = ()
    more: int = 0  #: problems that are not told
    listed: ListReading | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToDraw:
    """Either of the two pictures."""

    wanted: Poster | Stairs


@dataclass(frozen=True, kw_only=True, slots=True)
class Print:
    """Cards for paper."""

    terms: Terms
    places: tuple[tuple[str, tuple[str, ...]], ...]
    telegram: str | None
    discord: str | None
    also: tuple[str, ...]
    paper: Paper | None
    language: str
    step: int  #: it says each time that so many more are drawn; 0: never


@dataclass(frozen=True, kw_only=True, slots=True)
class Undrawable:
    """Why nothing was printed: letters that no font here has, and the names they stand in."""

    letters: str
    names: tuple[str, ...]
