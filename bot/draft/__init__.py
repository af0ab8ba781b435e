"""From an organizer's two files to a walkout's terms and workplaces, or to every problem in them at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain import zones
from bot.domain.model import FEWEST, SPOKEN, Terms
from bot.draft.lists import ListReading, read_list, typed_list
from bot.draft.options import (
    Choice,
    ChoiceKind,
    Empties,
    ListQuestion,
    QuestionKind,
    Repeats,
    RosterOptions,
    Small,
    Summary,
    Totals,
)
from bot.draft.problems import DraftRefused, Problem, ProblemKind, SourceFile, hidden_character
from bot.draft.roster import RosterFile, Unit, read_roster
from bot.draft.terms import TermsFile, read_terms, workplaces_file

__all__ = [
    "Choice",
    "ChoiceKind",
    "Draft",
    "DraftRefused",
    "Empties",
    "ListQuestion",
    "ListReading",
    "Problem",
    "ProblemKind",
    "QuestionKind",
    "Repeats",
    "RosterOptions",
    "Small",
    "SourceFile",
    "Summary",
    "Totals",
    "Unit",
    "read",
    "read_list",
    "typed_list",
    "workplaces_file",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A walkout in which nothing is wrong, not stored yet."""

    terms: Terms
    units: tuple[Unit, ...]  #: by name
    merged: Mapping[str, int]  #: how many rows each group or merged unit stands for, by the unit's name
    rows: int  #: workplaces in the file, before merging
    summary: Summary = field(default_factory=Summary)

    @property
    def is_sound(self) -> bool:
        """Whether a file can have given it, as far as numbers and names tell: `read` makes no other."""
        in_a_zone = not self.terms.timezone or zones.is_known(self.terms.timezone)
        return (
            in_a_zone
            and 0 < len(self.units) == len({unit.name for unit in self.units})
            and all(
                unit.name and not hidden_character(unit.name) and FEWEST <= unit.threshold <= unit.headcount
                for unit in self.units
            )
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
    terms = about.terms
    if places:
        _check_numbers(about, places)
        terms = _with_citywide(about, places)
    problems = about.notes.by_line() + (places.notes.by_line() if places else [])
    if problems or terms is None or places is None:
        raise DraftRefused(problems)
    return Draft(terms=terms, units=places.units, merged=places.merged, rows=len(places.rows), summary=places.summary)


def _with_citywide(about: TermsFile, places: RosterFile) -> Terms | None:
    """Make a number of a share of everybody who stands in the list."""
    if about.citywide_share is None or about.terms is None or not places.units:
        return about.terms
    number = about.citywide_share.of(sum(unit.headcount for unit in places.units))
    if number < FEWEST:
        facts = {"value": number, "least": FEWEST}
        about.notes.add(
            about.lines["citywide_threshold"], ProblemKind.NUMBER_TOO_LOW, field="citywide_threshold", **facts
        )
    return replace(about.terms, citywide_threshold=number)


def _check_numbers(about: TermsFile, places: RosterFile) -> None:
    """Hold the citywide numbers against what could be read of the workplaces, even if rows are refused.

    What cannot be read counts as nothing, and the problem says so: it may vanish with the others.
    """
    workplaces = len(places.rows) if places.notes.by_line() else len(places.units)
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
