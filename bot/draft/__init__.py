"""From an organizer's two files to a walkout's terms and units, or to every problem in them at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain import disclosure, zones
from bot.domain.model import FEWEST, SPOKEN, Entry, StepKind, Terms, Tier
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
from bot.draft.roster import RosterFile, read_roster
from bot.draft.steps import AS_LISTED, Before, taken_over
from bot.draft.terms import TermsFile, levels_in, read_terms, workplaces_file
from bot.draft.tree import DraftUnit, as_units
from bot.parsing.typed_text import plain_name

__all__ = [
    "Before",
    "Choice",
    "ChoiceKind",
    "Draft",
    "DraftRefused",
    "DraftUnit",
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
    "levels_in",
    "read",
    "read_list",
    "typed_list",
    "workplaces_file",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A walkout in which nothing is wrong, not stored yet."""

    terms: Terms
    units: tuple[DraftUnit, ...]  #: parents before their children, and those of one parent by name
    merged: Mapping[str, int]  #: how many rows each group or merged unit stands for, by the unit's name
    rows: int  #: workplaces in the file, before merging
    summary: Summary = field(default_factory=Summary)

    @property
    def workplaces(self) -> tuple[DraftUnit, ...]:
        """Those that go out together, or not at all."""
        return tuple(unit for unit in self.units if unit.tier is Tier.WORKPLACE)

    @property
    def is_sound(self) -> bool:
        """Whether a file can have given it, as far as numbers and names tell: `read` makes no other."""
        in_a_zone = not self.terms.timezone or zones.is_known(self.terms.timezone)
        return in_a_zone and _is_step(self.terms) and bool(self.units) and _is_tree(self.units, len(self.terms.levels))


def _is_step(terms: Terms) -> bool:
    is_survey = terms.kind is StepKind.SURVEY
    no_day = terms.starts == terms.pledge_by and terms.ends is None and not terms.turnout
    return (no_day if is_survey else not terms.questions) and not (terms.campaign and terms.entry is Entry.OPEN)


def _is_tree(units: Sequence[DraftUnit], levels: int) -> bool:
    depths = [0]  #: of each unit's children; the root is the first
    children: dict[int, list[DraftUnit]] = {}
    for number, unit in enumerate(units, start=1):
        if not 0 <= unit.parent < number:
            return False
        depth = depths[unit.parent]
        tier = Tier.AREA if depth < levels else Tier.WORKPLACE if depth == levels else Tier.DEPARTMENT
        if unit.tier is not tier or depth > levels + 1:
            return False
        depths.append(depth + 1)
        children.setdefault(unit.parent, []).append(unit)
    return all(_is_unit(unit, children.get(number, [])) for number, unit in enumerate(units, start=1)) and all(
        len({unit.name for unit in family}) == len(family) for family in children.values()
    )


def _is_unit(unit: DraftUnit, children: Sequence[DraftUnit]) -> bool:
    least = {Tier.AREA: 1, Tier.WORKPLACE: 2}.get(unit.tier, 0)
    return (
        bool(unit.name)
        and not hidden_character(unit.name)
        and (FEWEST <= unit.threshold <= unit.headcount or (unit.threshold == 0 and unit.tier is not Tier.WORKPLACE))
        and unit.headcount > 0
        and (len(children) >= least if children else unit.tier is not Tier.AREA)
        and (not children or unit.headcount == sum(child.headcount for child in children))
        and 0 <= unit.minimum <= len(children)
    )


def read(
    toml: SourceFile,
    roster: SourceFile | None,
    options: RosterOptions,
    *,
    now: datetime,
    languages: Collection[str] = (SPOKEN,),
    after: Before | None = None,
) -> Draft:
    """Read both files; `roster` is None if the file named in the TOML could not be found, or none was named.

    `languages` are those that the bot speaks. After another step of a campaign, its list is taken where none is named.
    Raises DraftRefused with every problem in either file.
    """
    about = read_terms(
        toml, now=now, roster_given=roster is not None or after is not None, languages=languages, follows=bool(after)
    )
    if roster is None and about.workplaces:
        about.notes.add(about.lines["workplaces"], ProblemKind.ROSTER_NOT_FOUND, value=about.workplaces)
    if after is not None:
        about = _after(about, after)
        if roster is None and not about.workplaces:
            roster, options = after.list_in(about.language), AS_LISTED
    levels = about.levels
    places = read_roster(roster, options, languages, own=about.language, levels=levels) if roster else None
    terms = about.terms
    if places:
        _check_numbers(about, places)
        terms = _with_citywide(about, places)
    if terms and places and not places.notes.by_line():
        _check_given_away(terms, places)
    problems = about.notes.by_line() + (places.notes.by_line() if places else [])
    if problems or terms is None or places is None:
        raise DraftRefused(problems)
    return Draft(terms=terms, units=places.units, merged=places.merged, rows=len(places.rows), summary=places.summary)


def _after(about: TermsFile, before: Before) -> TermsFile:
    """Take over what lasts for a campaign. Its name may be repeated, and no other can be written."""
    known = before.words(about.language).campaign or before.terms.campaign
    if about.campaign and plain_name(about.campaign) != plain_name(known):
        facts: dict[str, str | int] = {"value": about.campaign, "before": known}
        about.notes.add(about.lines["campaign"], ProblemKind.ANOTHER_CAMPAIGN, **facts)
    terms = about.terms and taken_over(about.terms, before)
    return replace(about, terms=terms, levels=about.levels or before.terms.levels)


def _with_citywide(about: TermsFile, places: RosterFile) -> Terms | None:
    """Make a number of a share of everybody who stands in the list."""
    if about.citywide_share is None or about.terms is None or not places.units:
        return about.terms
    number = about.citywide_share.of(sum(unit.headcount for unit in places.units if not unit.parent))
    if number < FEWEST:
        facts = {"value": number, "least": FEWEST}
        about.notes.add(
            about.lines["citywide_threshold"], ProblemKind.NUMBER_TOO_LOW, field="citywide_threshold", **facts
        )
    return replace(about.terms, citywide_threshold=number)


def _check_given_away(terms: Terms, places: RosterFile) -> None:
    """Refuse numbers of which one would tell who has pledged below it."""
    for unit, above in disclosure.gives_away(as_units(places.units), terms):
        facts: dict[str, str | int] = {"name": unit.name, "least": FEWEST}
        if above is None:
            places.notes.add(None, ProblemKind.GIVEN_AWAY_BY_THE_CITY, **facts)
        else:
            places.notes.add(None, ProblemKind.GIVEN_AWAY, above=above.name, **facts)


def _check_numbers(about: TermsFile, places: RosterFile) -> None:
    """Hold the citywide numbers against what could be read of the workplaces, even if rows are refused.

    What cannot be read counts as nothing, and the problem says so: it may vanish with the others.
    """
    workplaces = len(places.rows)
    if not places.notes.by_line():
        workplaces = sum(unit.tier is Tier.WORKPLACE for unit in places.units)
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
