"""From an organizer's two files to a walkout's terms and workplaces, or to every problem in them at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.model import FEWEST, SPOKEN, Terms
from bot.draft.problems import DraftRefused, Problem, ProblemKind, SourceFile, hidden_character
from bot.draft.roster import RosterFile, RosterOptions, Unit, read_roster
from bot.draft.terms import TermsFile, read_terms, workplaces_file

__all__ = [
    "Draft",
    "DraftRefused",
    "Problem",
    "ProblemKind",
    "RosterOptions",
    "SourceFile",
    "Unit",
    "read",
    "workplaces_file",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A walkout in which nothing is wrong, not stored yet."""

    terms: Terms
    units: tuple[Unit, ...]  #: by name
    merged: Mapping[str, int]  #: how many rows each group or merged unit stands for, by the unit's name
    rows: int  #: workplaces in the file, before merging

    @property
    def is_sound(self) -> bool:
        """Whether a file can have given it, as far as numbers and names tell: `read` makes no other."""
        return 0 < len(self.units) == len({unit.name for unit in self.units}) and all(
            unit.name and not hidden_character(unit.name) and FEWEST <= unit.threshold <= unit.headcount
            for unit in self.units
        )


def read(
    toml: SourceFile,
    roster: SourceFile | None,
    options: RosterOptions,
    *,
    now: datetime,
    languages: Collection[str] = (SPOKEN,),
) -> Draft:
    """Read both files; `roster` is None if the file named in the TOML could not be found, or none was named.

    `languages` are those that the bot speaks. Raises DraftRefused with every problem in either file.
    """
    about = read_terms(toml, now=now, roster_given=roster is not None, languages=languages)
    if roster is None and about.workplaces:
        about.notes.add(about.lines["workplaces"], ProblemKind.ROSTER_NOT_FOUND, value=about.workplaces)
    places = read_roster(roster, options, languages, own=about.language) if roster else None
    if places:
        _check_numbers(about, places)
    problems = about.notes.by_line() + (places.notes.by_line() if places else [])
    if problems or about.terms is None or places is None:
        raise DraftRefused(problems)
    return Draft(terms=about.terms, units=places.units, merged=places.merged, rows=places.rows)


def _check_numbers(about: TermsFile, places: RosterFile) -> None:
    """Hold the citywide numbers against what could be read of the workplaces, even if rows are refused.

    What cannot be read counts as nothing, and the problem says so: it may vanish with the others.
    """
    workplaces = places.rows if places.notes.by_line() else len(places.units)
    if places.headcounts and about.citywide_threshold > places.headcounts:
        kind = ProblemKind.CITYWIDE_ABOVE_HEADCOUNTS
        if places.unread:
            kind = ProblemKind.CITYWIDE_ABOVE_READABLE_HEADCOUNTS
        about.notes.add(
            about.lines["citywide_threshold"],
            kind,
            value=about.citywide_threshold,
            headcounts=places.headcounts,
            count=places.unread,
        )
    if workplaces and about.minimum_workplaces > workplaces:
        about.notes.add(
            about.lines["minimum_workplaces"],
            ProblemKind.MINIMUM_ABOVE_WORKPLACES,
            value=about.minimum_workplaces,
            count=workplaces,
        )
