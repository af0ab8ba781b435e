"""What can be wrong with an organizer's files: kinds and facts. The words are in handlers/texts/draft.py."""

from __future__ import annotations

import unicodedata
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import Refused

LARGEST_FILE = 5_000_000
"""Bytes in one file."""

_JOINERS = "\u200c\u200d"  # invisible, but Persian, Hindi and many emoji cannot be written without them
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


class ProblemKind(StrEnum):
    """Each has one sentence in handlers/texts/draft.py, and the facts which that sentence names."""

    # either file
    FILE_TOO_BIG = "file_too_big"
    NOT_UTF8 = "not_utf8"
    NUL_BYTE = "nul_byte"
    # the fields of the TOML
    TOML_SYNTAX = "toml_syntax"
    TOML_UNREADABLE = "toml_unreadable"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_FIELD_CLOSE_TO = "unknown_field_close_to"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    EMPTY_TEXT = "empty_text"
    TEXT_TOO_LONG = "text_too_long"
    HIDDEN_CHARACTER = "hidden_character"
    NUMBER_TOO_LOW = "number_too_low"
    NUMBER_TOO_HIGH = "number_too_high"
    NOT_A_CHOICE = "not_a_choice"
    NOT_A_DURATION = "not_a_duration"
    TALLIES_TOO_OFTEN = "tallies_too_often"
    REPEATED_REMINDER = "repeated_reminder"
    TIME_WITHOUT_OFFSET = "time_without_offset"
    TIME_PAST = "time_past"
    TIME_TOO_FAR = "time_too_far"
    PLEDGE_BY_TOO_LATE = "pledge_by_too_late"
    ENDS_TOO_EARLY = "ends_too_early"
    NO_SUCH_LANGUAGE = "no_such_language"
    NOT_IN_LANGUAGES = "not_in_languages"
    SAID_TWICE = "said_twice"
    ROSTER_NOT_FOUND = "roster_not_found"
    # the two files against each other
    CITYWIDE_ABOVE_HEADCOUNTS = "citywide_above_headcounts"
    CITYWIDE_ABOVE_READABLE_HEADCOUNTS = "citywide_above_readable_headcounts"
    MINIMUM_ABOVE_WORKPLACES = "minimum_above_workplaces"
    # the header of the CSV
    EMPTY_ROSTER = "empty_roster"
    FOREIGN_HEADER = "foreign_header"
    UNKNOWN_COLUMN = "unknown_column"
    UNKNOWN_COLUMN_CLOSE_TO = "unknown_column_close_to"
    MISSING_COLUMN = "missing_column"
    MISSING_NAMED_COLUMN = "missing_named_column"
    REPEATED_COLUMN = "repeated_column"
    NO_THRESHOLD = "no_threshold"
    TOO_MANY_COLUMNS = "too_many_columns"
    BAD_THRESHOLD_OPTION = "bad_threshold_option"
    # its rows
    NO_WORKPLACES = "no_workplaces"
    TOO_MANY_ROWS = "too_many_rows"
    ROW_TOO_LONG = "row_too_long"
    BAD_QUOTES = "bad_quotes"
    TOO_MANY_CELLS = "too_many_cells"
    NO_NAME = "no_name"
    REPEATED_NAME = "repeated_name"
    NO_HEADCOUNT = "no_headcount"
    BAD_HEADCOUNT = "bad_headcount"
    EMPTY_THRESHOLD = "empty_threshold"
    BAD_THRESHOLD = "bad_threshold"
    THRESHOLD_ABOVE_HEADCOUNT = "threshold_above_headcount"
    THRESHOLD_TOO_LOW = "threshold_too_low"
    # what rows merge into
    GROUP_TOO_LOW = "group_too_low"
    REST_TOO_LOW = "rest_too_low"
    MERGED_NAME_TAKEN = "merged_name_taken"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A file that someone else has opened."""

    name: str  #: as shown to people
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing to put right."""

    file: str
    line: int | None  #: None where no single line is to blame
    kind: ProblemKind
    facts: Mapping[str, str | int]  #: what the person wrote, as written, and the limits


class DraftRefused(Refused):
    """The files make no walkout. Holds every problem found: the TOML's first, then by line."""

    def __init__(self, problems: Sequence[Problem], *, more: int = 0) -> None:
        self.problems = tuple(problems)
        self.more = more  #: found, and not told
        super().__init__(self.problems)


class Notes:
    """The problems found in one file so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._problems: list[Problem] = []

    def add(self, line: int | None, kind: ProblemKind, **facts: str | int) -> None:
        """Note a problem, and read on."""
        self._problems.append(Problem(file=self.file, line=line, kind=kind, facts=facts))

    def by_line(self) -> list[Problem]:
        """Everything noted; what has no line comes first."""
        return sorted(self._problems, key=lambda problem: problem.line or 0)


def text_of(source: SourceFile, notes: Notes) -> str | None:
    """Decode a file, without its byte-order mark; None, with a note, if it is no text we can read.

    Other encodings are not guessed: a wrong guess spells people's workplaces wrong.
    """
    if len(source.data) > LARGEST_FILE:
        notes.add(None, ProblemKind.FILE_TOO_BIG, most=LARGEST_FILE // 1_000_000)
        return None
    data = source.data.removeprefix(BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        notes.add(_line_at(data, error.start), ProblemKind.NOT_UTF8)
        return None
    if "\0" in text:
        notes.add(_line_at(data, data.index(b"\0")), ProblemKind.NUL_BYTE)
        return None
    return text


def hidden_character(text: str, *, allowed: str = "") -> str | None:
    """Find what cannot be seen but could disguise the text around it: controls, bidi marks, zero widths."""
    if text.strip(_JOINERS):  # they need something to join
        allowed += _JOINERS
    for character in text:
        if unicodedata.category(character) in _HIDDEN and character not in allowed:
            return f"U+{ord(character):04X}"
    return None


def _line_at(data: bytes, position: int) -> int:
    before = data[:position].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1
