"""From a list of workplaces as it is to our own form of it, with what it leaves open, and what is wrong."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from bot.domain.model import SPOKEN, Tier
from bot.draft.columns import OWN_COLUMNS
from bot.draft.csv_injection import table
from bot.draft.options import ListQuestion, RosterOptions, Summary
from bot.draft.problems import Notes, Problem, ProblemKind, SourceFile
from bot.draft.roster import read_roster
from bot.draft.rows import Listed
from bot.draft.typed_lists import read_typed
from bot.parsing.typed_text import plain_name


@dataclass(frozen=True, kw_only=True, slots=True)
class ListReading:
    """What stands in a list. Where something is asked or wrong, the rest is what could be read all the same."""

    questions: tuple[ListQuestion, ...] = ()
    problems: tuple[Problem, ...] = ()
    summary: Summary = field(default_factory=Summary)
    first: tuple[tuple[str, int], ...] = ()  #: the first workplaces with their people, to see that it was read right
    units: int = 0  #: as they would be, once some workplaces are merged; 0 while a threshold is missing
    needed: int = 0  #: the sum of the workplaces' thresholds
    csv: bytes = b""  #: the list in our own form, before anything is merged; empty while something is asked or wrong


FIRST = 5
TYPED = "list.csv"


def read_list(
    source: SourceFile,
    options: RosterOptions,
    *,
    languages: Collection[str] = (SPOKEN,),
    own: str = SPOKEN,
) -> ListReading:
    """Read a list alone. Whatever an option does not say and the list leaves open is a question.

    Thresholds may be missing, unless `options` name one or the list has a column of them. The `csv` is read by
    `read_list` and `read` without further ado; name no columns and no sheet then. Columns that they need are kept: the
    one of `group_small` and those of areas under their own names.
    """
    found = read_roster(source, options, languages, own=own, asking=True)
    problems = tuple(found.notes.by_line())
    rows = found.rows
    return ListReading(
        questions=tuple(found.questions),
        problems=problems,
        summary=found.summary,
        first=tuple((row.name, row.headcount) for row in rows[:FIRST]),
        units=len(found.units),
        needed=sum(unit.threshold for unit in found.units if unit.tier is Tier.WORKPLACE),
        csv=b"" if found.questions or problems else _own_form(found.written, options, own),
    )


def _own_form(rows: list[Listed], options: RosterOptions, own: str) -> bytes:
    """Write rows down so that reading them again gives the same."""
    columns: dict[str, list[str]] = {
        **{level: [row.areas[at] for row in rows] for at, level in enumerate(options.level_columns or ())},
        "workplace": [row.name for row in rows],
        "department": [row.department for row in rows],
        "headcount": [str(row.headcount or "") for row in rows],
        "threshold": [row.written for row in rows],
        "minimum": [row.asked for row in rows],
        "group": [row.group for row in rows],
    }
    for language in rows[0].meets:
        columns["meet" if language == own else f"meet.{language}"] = [row.meets[language] for row in rows]
    needed = {"workplace", "headcount"}
    if options.group_small is not None:
        small_by = plain_name(options.group_small)
        columns[small_by] = [row.small_by for row in rows]
        needed.add(small_by)
    kept = {name: cells for name, cells in columns.items() if name in needed or any(cells)}
    return table([list(kept), *map(list, zip(*kept.values(), strict=True))])


def typed_list(text: str) -> SourceFile | tuple[Problem, ...]:
    """Read lines such as `North Depot 120` or `North Depot, 120` into our own form, or say what is wrong with them."""
    notes = Notes("")
    typed = read_typed(text, notes)
    if not typed and not notes.by_line():
        notes.add(None, ProblemKind.NO_WORKPLACES)
    if problems := notes.by_line():
        return tuple(problems)
    rows = [(each.name, str(each.headcount), each.threshold) for each in typed]
    width = 3 if any(each.threshold for each in typed) else 2
    return SourceFile(name=TYPED, data=table([row[:width] for row in (OWN_COLUMNS, *rows)]))
