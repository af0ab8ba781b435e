"""Lists typed into a chat: a workplace a line, its name first and then how many people work there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.draft import numbers
from bot.draft.columns import is_people
from bot.draft.problems import Notes, ProblemKind, trimmed
from bot.parsing.typed_text import spelled

_BULLET = re.compile(r"[-*\u2022\u2013\u2014\u00b7]\s+")
_SHARE = re.compile(r"(.*[^\s,;:|=(])[\s,;:|=(]+([0-9]{1,3}(?:[.,][0-9]{1,6})? ?%)\)?")
_NUMBER = r"[0-9]{1,3}(?:[,.' ][0-9]{3})+(?![0-9])|[0-9]{1,12}(?:\.0{1,2})?"
_LINE = re.compile(rf"(.*?[^\s,;:|=(\u2013\u2014+/-])(\s*[,;:|=(\t\u2013\u2014-]\s*|\s+)({_NUMBER})\)?([^0-9]*)")
_COUNTED = re.compile(rf"(.*?[^\s,;:|=(])\s*(?:[,;|=(\t]|(?<![0-9]):)\s*({_NUMBER})\)?")
_DASHES = ("-", "\u2013", "\u2014")
_AMBIGUOUS = re.compile(r"([0-9]{1,3})([,.' ])([0-9]{3})")


@dataclass(frozen=True, slots=True)
class Typed:
    """One line."""

    name: str
    headcount: int
    threshold: str


def read_typed(text: str, notes: Notes) -> list[Typed]:
    """Read all lines that are not blank."""
    found: list[Typed] = []
    for number, line in enumerate(text.splitlines(), start=1):
        written = _BULLET.sub("", trimmed(line), count=1)
        if not written or (not found and _is_header(written)):
            continue
        read = _read(written, number, notes)
        if read is not None:
            found.append(read)
    return found


def _read(written: str, number: int, notes: Notes) -> Typed | None:
    seen = spelled(written).replace("\u066a", "%")
    share = _SHARE.fullmatch(seen) if len(seen) == len(written) else None
    if share is not None:
        written, seen = written[: share.end(1)], share[1]
    match = _LINE.fullmatch(seen)
    if match is None or (match[4].strip() and not is_people(match[4])) or not any(map(str.isalpha, match[1])):
        first = re.match(r"[0-9]+\s+\D", seen)
        notes.add(number, ProblemKind.NUMBER_FIRST if first else ProblemKind.NO_NUMBER, value=written)
        return None
    name, between, counted = match[1], match[2], match[3]
    parts = _AMBIGUOUS.fullmatch(counted)
    if parts is not None and (parts[2] == " " or not between.strip()):
        # a number with a blank or a comma in it, or the name's own number and the people's
        one, other = f"{name}, {parts[1]}{parts[3]}", f"{name} {parts[1]}, {parts[3]}"
        notes.add(number, ProblemKind.TWO_LINES, value=written, one=one, other=other)
        return None
    headcount = numbers.whole(counted)
    if (before := _COUNTED.fullmatch(name)) is not None:  # the people, and then their threshold, or another number
        people = numbers.whole(before[2])
        one, other = f"{before[1]}, {people}", f"{before[1]} {people}, {headcount}"
        notes.add(number, ProblemKind.TWO_LINES, value=written, one=one, other=other)
        return None
    is_range = name[-1].isdigit() and between in _DASHES
    if is_range or not headcount:
        notes.add(number, ProblemKind.NO_NUMBER, value=written)
        return None
    if len(seen) == len(written):
        name = written[: len(name)]  # in its own digits
    return Typed(trimmed(name), headcount, share[2] if share else "")


def _is_header(line: str) -> bool:
    return not any(map(str.isdigit, line)) and any(map(is_people, re.split(r"[\t,;|]", line)))
