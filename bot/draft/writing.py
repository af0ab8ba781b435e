"""Writes the two files that `read` reads: walkout.toml and workplaces.csv."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.domain import zones
from bot.domain.model import SPOKEN, Question, StepKind, Terms, Tier, Unit
from bot.domain.words import NAMES
from bot.draft.csv_injection import table
from bot.draft.problems import Problem, SourceFile
from bot.draft.terms import ANY, FIELDS, NOT_IN_A_SURVEY, REQUIRED, read_terms
from bot.draft.tree import DraftUnit, as_drafted

Value = (
    str
    | int
    | bool
    | datetime
    | timedelta
    | StrEnum
    | Question
    | tuple[str, ...]
    | tuple[timedelta, ...]
    | tuple[Question, ...]
)

_ALWAYS = {*REQUIRED, "city"}
_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def terms_file(terms: Terms, workplaces: str, comments: Mapping[str, str]) -> bytes:
    """Write terms down so that they are read back the same; `comments` stand above their fields, by name.

    What is as it would be without its line is left out.
    """
    plain = Terms(title="", starts=terms.starts, pledge_by=terms.pledge_by, citywide_threshold=0)
    values: dict[str, Any] = {
        name: value
        for name in FIELDS
        if hasattr(terms, name) and ((value := getattr(terms, name)) != getattr(plain, name) or name in _ALWAYS)
    }
    if terms.kind is StepKind.SURVEY:
        values = {name: value for name, value in values.items() if name not in NOT_IN_A_SURVEY}
    if terms.timezone:
        values |= {name: _local(terms, values[name]) for name in ("starts", "pledge_by", "ends") if name in values}
    lines = [*fields({**values, "workplaces": workplaces}, comments)]
    for language, words in terms.translations.items():
        # how many options one chooses is said once, in the file's own language
        asked = tuple(replace(each, many=False) for each in words.questions)
        lines += ["", f"[{language}]", *fields(replace(words, questions=asked).written(), {})]
    return ("\n".join(lines).lstrip() + "\n").encode()


def _local(terms: Terms, instant: datetime) -> datetime:
    """Return what clocks there show then; with the offset where they show it twice."""
    wall = zones.pinned(instant, terms.timezone).replace(tzinfo=None)
    return wall if len(zones.showing(wall, terms.timezone)) == 1 else instant


def fields(values: Mapping[str, Value], comments: Mapping[str, str]) -> Iterable[str]:
    """Write fields down, a line each, in the usual order."""
    for name in sorted(values, key=[*FIELDS, *NAMES].index):
        if name in comments:
            yield from ("", *(f"# {line}" for line in comments[name].split("\n")))
        yield f"{name} = {_value(values[name])}"


def check_field(name: str, value: Value, *, now: datetime) -> list[Problem]:
    """Return what is wrong with one field by itself."""
    kind = {"kind": StepKind.SURVEY} if name == "questions" else {}
    source = SourceFile(name="", data="\n".join(fields({**kind, name: value}, {})).encode())
    about = read_terms(source, now=now, roster_given=True, languages=(SPOKEN,), follows=True)
    return [each for each in about.notes.by_line() if each.line is not None]


def _value(value: Value) -> str:
    match value:
        case datetime():
            return value.isoformat()
        case timedelta():
            return _text(_duration(value))
        case int():
            return str(value).lower()  # true and false are numbers to Python
        case Question():
            choose = f', choose = "{ANY}"' if value.many else ""
            return f"{{text = {_text(value.text)}, options = {_list(value.options)}{choose}}}"
        case tuple():
            return _list(value)
    return _text(value)


def _list(items: Sequence[Value]) -> str:
    written = list(map(_value, items))
    if any(isinstance(item, Question) for item in items):
        return "".join(["[\n", *(f"  {item},\n" for item in written), "]"])
    return f"[{', '.join(written)}]"


def _text(text: str) -> str:
    # JSON's strings are TOML's, but for this one, which TOML does not let stand for itself
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _duration(length: timedelta) -> str:
    unit, each = next((unit, each) for unit, each in _UNITS if length % each == timedelta() or unit == "m")
    return f"{length // each}{unit}"


def workplaces_file(units: Sequence[Unit | DraftUnit], levels: Sequence[str] = ()) -> bytes:
    """Write units down so that they are read back the same, and a spreadsheet reads them right."""
    languages = sorted({language for unit in units for language in unit.meets})
    meets = ["meet", *(f"meet.{each}" for each in languages)]
    parted = ["department"] if any(unit.tier is Tier.DEPARTMENT for unit in units) else []
    asking = ["minimum"] if any(unit.minimum for unit in units) else []
    paths: list[list[str]] = [[]]  # of the root first, and then of each unit
    rows: list[list[str | int]] = []
    for unit in as_drafted(units):
        path = [*paths[unit.parent], unit.name]
        paths.append(path)
        named = [*path, *("" for _ in range(len(levels) + 1 + len(parted) - len(path)))]
        minimum = [unit.minimum or ""] if asking else []
        said = [unit.meet, *(unit.meets.get(each, "") for each in languages)]
        rows.append([*named, unit.headcount, unit.threshold or "", *minimum, *said])
    return table([[*levels, "workplace", *parted, "headcount", "threshold", *asking, *meets], *rows])
