"""What can be wrong with an organizer's files: kinds and facts. The words are in handlers/texts/draft.py."""

from __future__ import annotations

import unicodedata
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    # a list of any kind
    NOT_A_LIST = "not_a_list"
    NOT_A_WORKBOOK = "not_a_workbook"
    WORKBOOK_TOO_BIG = "workbook_too_big"
    PASSWORD = "password"  # noqa: S105  what is wrong with a workbook
    TWO_SPELLINGS = "two_spellings"
    SEVERAL_SHEETS = "several_sheets"
    MISSING_SHEET = "missing_sheet"
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
    NOT_A_TIME = "not_a_time"
    TIME_WITHOUT_OFFSET = "time_without_offset"
    TIME_IN_UTC = "time_in_utc"
    TWO_OFFSETS = "two_offsets"
    OFFSET_NOT_OF_ZONE = "offset_not_of_zone"
    HOUR_LEFT_OUT = "hour_left_out"
    HOUR_TWICE = "hour_twice"
    NO_SUCH_ZONE = "no_such_zone"
    NO_SUCH_ZONE_CLOSE_TO = "no_such_zone_close_to"
    TIME_PAST = "time_past"
    TIME_TOO_FAR = "time_too_far"
    PLEDGE_BY_TOO_LATE = "pledge_by_too_late"
    ENDS_TOO_EARLY = "ends_too_early"
    NO_SUCH_LANGUAGE = "no_such_language"
    NOT_IN_LANGUAGES = "not_in_languages"
    SAID_TWICE = "said_twice"
    TOO_MANY_LEVELS = "too_many_levels"
    LEVEL_IS_A_COLUMN = "level_is_a_column"
    REPEATED_LEVEL = "repeated_level"
    LEVELS_DIFFER = "levels_differ"
    NOT_IN_A_SURVEY = "not_in_a_survey"
    ONLY_IN_A_SURVEY = "only_in_a_survey"
    ONLY_IN_A_CAMPAIGN = "only_in_a_campaign"
    ONLY_WITH_TURNOUT = "only_with_turnout"
    OPEN_IN_A_CAMPAIGN = "open_in_a_campaign"
    CAMPAIGN_ONLY_IN_ANOTHER_LANGUAGE = "campaign_only_in_another_language"
    NOT_A_PERCENTAGE = "not_a_percentage"
    TOO_MANY_QUESTIONS = "too_many_questions"
    NOT_IN_A_QUESTION = "not_in_a_question"
    QUESTION_WITHOUT = "question_without"
    SO_MANY_OPTIONS = "so_many_options"
    REPEATED_OPTION = "repeated_option"
    QUESTIONS_DIFFER = "questions_differ"
    # a step of a campaign against the one before
    ANOTHER_CAMPAIGN = "another_campaign"
    NOT_OF_A_CAMPAIGN = "not_of_a_campaign"
    CAMPAIGN_IS_CLOSED = "campaign_is_closed"
    STEP_CALLED_OFF = "step_called_off"
    STEP_PROVES_NOTHING = "step_proves_nothing"
    UNIT_MOVED = "unit_moved"
    DEPARTMENTS_DIFFER = "departments_differ"
    ROSTER_NOT_FOUND = "roster_not_found"
    # the two files against each other
    GIVEN_AWAY = "given_away"
    GIVEN_AWAY_BY_THE_CITY = "given_away_by_the_city"
    CITYWIDE_ABOVE_HEADCOUNTS = "citywide_above_headcounts"
    CITYWIDE_ABOVE_READABLE_HEADCOUNTS = "citywide_above_readable_headcounts"
    MINIMUM_ABOVE_WORKPLACES = "minimum_above_workplaces"
    # the header of the CSV
    EMPTY_ROSTER = "empty_roster"
    FOREIGN_HEADER = "foreign_header"
    UNKNOWN_COLUMN = "unknown_column"
    UNKNOWN_COLUMN_CLOSE_TO = "unknown_column_close_to"
    MISSING_NAMED_COLUMN = "missing_named_column"
    REPEATED_COLUMN = "repeated_column"
    NO_COLUMN_OF_NUMBERS = "no_column_of_numbers"
    NO_THRESHOLD = "no_threshold"
    TOO_MANY_COLUMNS = "too_many_columns"
    BAD_THRESHOLD_OPTION = "bad_threshold_option"
    TWO_THRESHOLDS = "two_thresholds"
    # its rows
    NO_WORKPLACES = "no_workplaces"
    NONE_LEFT = "none_left"
    TOO_MANY_ROWS = "too_many_rows"
    ROW_TOO_LONG = "row_too_long"
    BAD_QUOTES = "bad_quotes"
    TOO_MANY_CELLS = "too_many_cells"
    NO_NAME = "no_name"
    REPEATED_NAME = "repeated_name"
    NO_HEADCOUNT = "no_headcount"
    BAD_HEADCOUNT = "bad_headcount"
    TWO_NUMBERS = "two_numbers"
    EMPTY_THRESHOLD = "empty_threshold"
    BAD_THRESHOLD = "bad_threshold"
    ONE_OR_ALL = "one_or_all"
    THRESHOLD_ABOVE_HEADCOUNT = "threshold_above_headcount"
    THRESHOLD_TOO_LOW = "threshold_too_low"
    # areas and departments
    MISSING_LEVEL = "missing_level"
    LEVELS_AND_COLUMNS = "levels_and_columns"
    LEVEL_NOT_DECLARED = "level_not_declared"
    NO_AREA = "no_area"
    REPEATED_UNIT = "repeated_unit"
    EMPTY_AREA = "empty_area"
    ONE_DEPARTMENT = "one_department"
    NO_NUMBER_OF_ITS_OWN = "no_number_of_its_own"
    DEPARTMENT_NEEDS_NUMBER = "department_needs_number"
    BAD_MINIMUM = "bad_minimum"
    MINIMUM_ABOVE_CHILDREN = "minimum_above_children"
    NOT_THE_SUM = "not_the_sum"
    NOT_IN_THIS_ROW = "not_in_this_row"
    THRESHOLD_ABOVE_PEOPLE = "threshold_above_people"
    THRESHOLD_OF_AREA_TOO_LOW = "threshold_of_area_too_low"
    # lines typed into a chat
    NO_NUMBER = "no_number"
    NUMBER_FIRST = "number_first"
    TWO_LINES = "two_lines"
    # what rows merge into
    GROUP_TOO_LOW = "group_too_low"
    REST_TOO_LOW = "rest_too_low"
    REST_TOO_LOW_ALONE = "rest_too_low_alone"
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
    sheet: str = ""  #: of a workbook
    also: tuple[int, ...] = ()  #: the first other lines with the same problem
    others: int = 0  #: how many they are in all


class DraftRefused(Refused):
    """The files make no walkout. Holds every problem found: the TOML's first, then by line."""

    def __init__(self, problems: Sequence[Problem], *, more: int = 0) -> None:
        self.problems = tuple(problems)
        self.more = more  #: found, and not told
        super().__init__(self.problems)


_IN_ROWS = frozenset(
    {
        ProblemKind.TOO_MANY_CELLS,
        ProblemKind.NO_NAME,
        ProblemKind.REPEATED_NAME,
        ProblemKind.NO_HEADCOUNT,
        ProblemKind.BAD_HEADCOUNT,
        ProblemKind.TWO_NUMBERS,
        ProblemKind.EMPTY_THRESHOLD,
        ProblemKind.BAD_THRESHOLD,
        ProblemKind.ONE_OR_ALL,
        ProblemKind.THRESHOLD_ABOVE_HEADCOUNT,
        ProblemKind.THRESHOLD_TOO_LOW,
        ProblemKind.BAD_QUOTES,
        ProblemKind.HIDDEN_CHARACTER,
        ProblemKind.TEXT_TOO_LONG,
        ProblemKind.NO_AREA,
        ProblemKind.ONE_DEPARTMENT,
        ProblemKind.NO_NUMBER_OF_ITS_OWN,
        ProblemKind.DEPARTMENT_NEEDS_NUMBER,
        ProblemKind.BAD_MINIMUM,
        ProblemKind.NOT_IN_THIS_ROW,
    }
)
"""Of a list: where many rows have the same, it is said once."""

MOST_LINES = 5
"""That are named where many have the same."""


class Notes:
    """The problems found in one file so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.sheet = ""
        self.rows_once = False  #: what many rows have is said once
        self._problems: list[Problem] = []
        self._same: dict[tuple[ProblemKind, str | int], tuple[int, list[int]]] = {}

    def add(self, line: int | None, kind: ProblemKind, **facts: str | int) -> None:
        """Note a problem, and read on."""
        if self.rows_once and kind in _IN_ROWS:
            same = (kind, facts.get("field", ""))
            if same in self._same:
                self._same[same][1].append(line or 0)
                return
            self._same[same] = (len(self._problems), [])
        self._problems.append(Problem(file=self.file, line=line, kind=kind, facts=facts, sheet=self.sheet))

    def holds(self, *kinds: ProblemKind) -> bool:
        """Say whether any of these is noted."""
        return any(problem.kind in kinds for problem in self._problems)

    def by_line(self) -> list[Problem]:
        """Everything noted; what has no line comes first."""
        problems = list(self._problems)
        for at, lines in self._same.values():
            problems[at] = replace(problems[at], also=tuple(lines[:MOST_LINES]), others=len(lines))
        return sorted(problems, key=lambda problem: problem.line or 0)


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
        notes.add(line_at(data, error.start), ProblemKind.NOT_UTF8)
        return None
    if "\0" in text:
        notes.add(line_at(data, data.index(b"\0")), ProblemKind.NUL_BYTE)
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


def trimmed(text: str) -> str:
    """Return a cell without white space and unseen characters at its ends, where copying has left them."""
    text = text.strip()
    if text.isascii() and text.isprintable():
        return text
    first, last = 0, len(text)
    while first < last and (text[first].isspace() or unicodedata.category(text[first]) in _HIDDEN):
        first += 1
    while first < last and (text[last - 1].isspace() or unicodedata.category(text[last - 1]) in _HIDDEN):
        last -= 1
    return text[first:last]


def line_at(data: bytes, position: int) -> int:
    """Say on which line of a text these bytes stand."""
    before = data[:position].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1
