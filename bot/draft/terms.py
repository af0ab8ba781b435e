"""Reads walkout.toml into Terms."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from bot.domain import zones
from bot.domain.model import (
    FEWEST,
    LEAST_BETWEEN_TALLIES,
    LEAST_TO_DECIDE,
    SPOKEN,
    CountedBy,
    Counts,
    Entry,
    Question,
    StepKind,
    Terms,
    Words,
)
from bot.domain.words import NAMES
from bot.draft import numbers
from bot.draft.columns import MOST_LEVELS, OWN_COLUMNS
from bot.draft.numbers import Share
from bot.draft.problems import Notes, ProblemKind, SourceFile, hidden_character, text_of
from bot.parsing.dates import FIRST_YEAR, LAST_YEAR, zones_named
from bot.parsing.typed_text import plain_name

FIELDS = (
    "title",
    "kind",
    "campaign",
    "opens_where",
    "city",
    "demands",
    "legal_notice",
    "on_the_day",
    "called_by",
    "ask",
    "if_disciplined",
    "language",
    "timezone",
    "clock",
    "starts",
    "ends",
    "pledge_by",
    "citywide_threshold",
    "citywide_counts",
    "minimum_workplaces",
    "levels",
    "confirm_tallies",
    "tally_every",
    "entry",
    "approvals",
    "milestones",
    "turnout",
    "counted_by",
    "reminders",
    "workplaces",
    "questions",
)

REQUIRED = ("title", "starts", "pledge_by", "citywide_threshold")

LONGEST_TITLE = 200
LONGEST_CITY = 100
LONGEST_DEMAND = 200
LONGEST_NOTICE = 2000
LONGEST_ANSWER = 300  # to one question; all of it is read at once
LONGEST_PATH = 500
LONGEST_LEVEL = 40
LONGEST_CAMPAIGN = 100
LONGEST_QUESTION, LONGEST_OPTION = 200, 80
MOST_QUESTIONS = 3
FEWEST_OPTIONS, MOST_OPTIONS = 2, 8
HIGHEST_NUMBER = 1_000_000_000  # any number above is a slip, and databases stop somewhere
LONGEST_DURATION = timedelta(days=365)

_Choice = TypeVar("_Choice", bound=StrEnum)

TIMES = ("starts", "pledge_by", "ends")

CLOCKS = ("12h", "24h")

NOT_IN_A_SURVEY = ("starts", "ends", "on_the_day", "turnout", "counted_by")
"""Nobody does anything on a day."""

IN_A_QUESTION = ("text", "options", "choose")

ONE, ANY = "one", "any"
"""How many of its options somebody chooses."""

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_DURATION = re.compile(r"([0-9]{1,6}) ?([mhd])")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]+)*")
_ERROR_PLACE = re.compile(r" \(at (?:line ([0-9]+), column [0-9]+|end of document)\)$")

# A name of so many parts; what tomllib makes of it grows with their square, and ten thousand would fill the memory.
_LONG_KEY = re.compile(r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){50}""")

# TOML has no `title.es` beside a `title`. People write it all the same, and can mean only `es.title`.
_BESIDE = re.compile(rf"^([ \t]*)({'|'.join(NAMES)})[ \t]*\.[ \t]*([A-Za-z_-]+)(?=[ \t]*=)", re.MULTILINE)

# Nor has it a date and time without seconds, or in another order. It is then read as if it stood in quotes.
_WORD = r"""[^\s"'#\[\]{}]"""
_BARE_TIME = re.compile(
    rf"^([ \t]*(?:{'|'.join(TIMES)})[ \t]*=[ \t]*)(?=[0-9])({_WORD}++(?:[ \t]++{_WORD}++)*+)(?=[ \t]*+(?:\#.*)?$)",
    re.MULTILINE,
)

_IN_UTC = re.compile(rf"""^[ \t]*({"|".join(TIMES)})[ \t]*=[^#\n]*[0-9][Zz]['"]?[ \t]*(?:\#|$)""", re.MULTILINE)

_WRITTEN_TIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ] ?(?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?) ?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)

_IN_A_TABLE = re.compile(r"(questions(?:\.[A-Za-z_-]+)?)\[[0-9]+\](?:\.(.+))?", re.DOTALL)

# Only for text that tomllib has accepted; whatever is not matched is of no interest.
_TOKEN = re.compile(
    r"""
    "{3}(?:\\.|[^\\])*?"{3,5} | '{3}.*?'{3,5}   # strings over several lines may end in quotes of their own
    | "(?:\\.|[^"\\])*" | '[^']*'
    | \#[^\n]*
    | [\[\]{}\n]
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TermsFile:
    """What could be read, although something else may be wrong: `notes` tells."""

    terms: Terms | None  #: None if anything is wrong
    notes: Notes
    lines: Mapping[str, int]  #: where each field stands
    citywide_threshold: int = 0  #: 0 if it could not be read, or is a share
    citywide_share: Share | None = None  #: of all people in the list
    minimum_workplaces: int = 1
    levels: tuple[str, ...] = ()
    workplaces: str = ""
    language: str = SPOKEN
    campaign: str = ""


def read_terms(
    source: SourceFile, *, now: datetime, roster_given: bool, languages: Collection[str], follows: bool = False
) -> TermsFile:
    """Read and check every field; `workplaces` may be missing if the roster is given anyway.

    `follows`: it is the next step of a campaign, whose name need not be repeated.
    """
    notes = Notes(source.name)
    loaded = _load(source, notes, languages)
    if loaded is None:
        return TermsFile(terms=None, notes=notes, lines={})
    fields = _Fields(loaded, notes, languages)
    language = fields.own_language()
    kind = fields.choice("kind", StepKind.WALKOUT)
    required = [name for name in REQUIRED if kind is not StepKind.SURVEY or name not in NOT_IN_A_SURVEY]
    fields.check_names(required=required if roster_given else [*required, "workplaces"])
    _check_step(fields, kind, in_a_campaign=follows or "campaign" in fields.values)
    citywide_share = fields.share("citywide_threshold")
    citywide_threshold = 0 if citywide_share else fields.whole("citywide_threshold", least=FEWEST, default=0)
    minimum_workplaces = fields.whole("minimum_workplaces")
    own = _words(fields)
    workplaces = fields.text("workplaces", most=LONGEST_PATH, may_be_empty=False)
    terms = _terms(fields, kind, language, own, citywide_threshold, minimum_workplaces, now)
    return TermsFile(
        terms=None if notes.by_line() else terms,
        notes=notes,
        lines=fields.lines,
        citywide_threshold=citywide_threshold,
        citywide_share=citywide_share,
        minimum_workplaces=minimum_workplaces,
        levels=own.levels,
        workplaces=workplaces,
        language=language or SPOKEN,
        campaign=own.campaign,
    )


def workplaces_file(toml: SourceFile) -> str | None:
    """Tell which file the `workplaces` field names; None if it names none, or the TOML is unreadable."""
    fields = _alone(toml)
    return None if fields is None else fields.text("workplaces", most=LONGEST_PATH, may_be_empty=False) or None


def levels_in(toml: SourceFile) -> tuple[str, ...]:
    """Tell what the file calls the areas; nothing if it names none, or the TOML is unreadable."""
    fields = _alone(toml)
    return () if fields is None else _levels(fields, "levels")


def _alone(toml: SourceFile) -> _Fields | None:
    """Load a file of which one field is wanted, whatever else is wrong."""
    notes = Notes(toml.name)
    loaded = _load(toml, notes, ())
    return None if loaded is None else _Fields(loaded, notes, ())


def _terms(
    fields: _Fields,
    kind: StepKind,
    language: str,
    own: Words,
    citywide_threshold: int,
    minimum_workplaces: int,
    now: datetime,
) -> Terms | None:
    timezone = fields.timezone()
    starts, pledge_by = _times(fields, timezone, now, has_a_day=kind is not StepKind.SURVEY)
    ends = _ends(fields, timezone, starts)
    clock = fields.clock()
    others = {each: _words(fields, each, own) for each in fields.languages if each != (language or SPOKEN)}
    city = fields.text("city", most=LONGEST_CITY)
    citywide_counts = fields.choice("citywide_counts", Counts.READY)
    confirm_tallies = fields.whole("confirm_tallies") if "confirm_tallies" in fields.values else None
    tally_every = _tally_every(fields)
    entry = fields.choice("entry", Entry.CARDS)
    approvals = fields.whole("approvals", default=2)
    milestones = fields.boolean("milestones")
    turnout = fields.boolean("turnout")
    counted_by = fields.choice("counted_by", CountedBy.CARDS)
    opens_where = fields.percentage("opens_where", default=100)
    reminders = _reminders(fields)
    if starts is None or pledge_by is None:
        return None
    return Terms(
        **{each.name: getattr(own, each.name) for each in dataclass_fields(own)},
        starts=starts,
        pledge_by=pledge_by,
        citywide_threshold=citywide_threshold,
        city=city,
        citywide_counts=citywide_counts,
        minimum_workplaces=minimum_workplaces,
        confirm_tallies=confirm_tallies,
        tally_every=tally_every,
        entry=entry,
        approvals=approvals,
        milestones=milestones,
        turnout=turnout,
        reminders=reminders,
        ends=ends,
        timezone=timezone or "",
        clock=clock,
        kind=kind,
        opens_where=opens_where,
        counted_by=counted_by,
        language=language,
        translations={each: words for each, words in others.items() if words.written()},
    )


def _check_step(fields: _Fields, kind: StepKind, *, in_a_campaign: bool) -> None:
    """Refuse what a step of this kind cannot have, and what only a step of a campaign can."""
    is_survey = kind is StepKind.SURVEY
    for name in fields.values:
        plain = name.partition(".")[0]
        if is_survey and plain in NOT_IN_A_SURVEY:
            fields.note(name, ProblemKind.NOT_IN_A_SURVEY)
        elif not is_survey and plain == "questions":
            fields.note(name, ProblemKind.ONLY_IN_A_SURVEY)
        elif plain == "campaign" and "campaign" not in fields.values:
            fields.note(name, ProblemKind.CAMPAIGN_ONLY_IN_ANOTHER_LANGUAGE)
    if "opens_where" in fields.values and not in_a_campaign:
        fields.note("opens_where", ProblemKind.ONLY_IN_A_CAMPAIGN)
    if "counted_by" in fields.values and fields.values.get("turnout") is not True and not is_survey:
        fields.note("counted_by", ProblemKind.ONLY_WITH_TURNOUT)
    if in_a_campaign and fields.values.get("entry") == Entry.OPEN.value:
        fields.note("entry", ProblemKind.OPEN_IN_A_CAMPAIGN)


def _words(fields: _Fields, language: str = "", own: Words | None = None) -> Words:
    """Read what may be there in several languages; `own` is the same without a language."""
    suffix = f".{language}" if language else ""
    return Words(
        title=fields.text(f"title{suffix}", most=LONGEST_TITLE, may_be_empty=False),
        demands=fields.texts(f"demands{suffix}", most=LONGEST_DEMAND),
        legal_notice=fields.text(f"legal_notice{suffix}", most=LONGEST_NOTICE, lines=True),
        on_the_day=fields.text(f"on_the_day{suffix}", most=LONGEST_NOTICE, lines=True),
        called_by=fields.text(f"called_by{suffix}", most=LONGEST_ANSWER),
        ask=fields.text(f"ask{suffix}", most=LONGEST_ANSWER),
        if_disciplined=fields.text(f"if_disciplined{suffix}", most=LONGEST_NOTICE, lines=True),
        levels=_levels(fields, f"levels{suffix}"),
        campaign=fields.text(f"campaign{suffix}", most=LONGEST_CAMPAIGN, may_be_empty=False),
        questions=_questions(fields, f"questions{suffix}", own.questions if own else None),
    )


def _questions(fields: _Fields, name: str, own: Sequence[Question] | None) -> tuple[Question, ...]:
    """Read what a survey asks; in another language than the file's own only the words of it."""
    tables = fields.tables(name)
    if len(tables) > MOST_QUESTIONS:
        fields.note(name, ProblemKind.TOO_MANY_QUESTIONS, count=len(tables), most=MOST_QUESTIONS)
    found = [_question(fields, f"{name}[{at}]", is_own=own is None) for at in range(len(tables))]
    if own is None or name not in fields.values:
        return tuple(found)
    if [len(each.options) for each in found] != [len(each.options) for each in own]:
        fields.note(name, ProblemKind.QUESTIONS_DIFFER)
        return ()
    return tuple(replace(each, many=same.many) for each, same in zip(found, own, strict=True))


def _question(fields: _Fields, name: str, *, is_own: bool) -> Question:
    known = IN_A_QUESTION if is_own else IN_A_QUESTION[:-1]
    asked = fields.unfold(name)
    for each in asked:
        if each not in known:
            fields.note(f"{name}.{each}", ProblemKind.NOT_IN_A_QUESTION, value=each, choices=", ".join(known))
    for each in ("text", "options"):
        if each not in asked:
            fields.note(name, ProblemKind.QUESTION_WITHOUT, value=each)
    options = fields.texts(f"{name}.options", most=LONGEST_OPTION)
    if "options" in asked and not FEWEST_OPTIONS <= len(options) <= MOST_OPTIONS:
        facts = {"count": len(options), "least": FEWEST_OPTIONS, "most": MOST_OPTIONS}
        fields.note(f"{name}.options", ProblemKind.SO_MANY_OPTIONS, **facts)
    for at, option in enumerate(options):
        if option and plain_name(option) in map(plain_name, options[:at]):
            fields.note(f"{name}.options", ProblemKind.REPEATED_OPTION, value=option)
    choose = fields.one_of(f"{name}.choose", (ONE, ANY)) if is_own else ""
    text = fields.text(f"{name}.text", most=LONGEST_QUESTION, may_be_empty=False)
    return Question(text=text, options=options, many=choose == ANY)


def _levels(fields: _Fields, name: str) -> tuple[str, ...]:
    """Read what the areas are called, which are columns of the list as well: no name is another's, nor one of ours."""
    levels = fields.texts(name, most=LONGEST_LEVEL)
    if len(levels) > MOST_LEVELS:
        fields.note(name, ProblemKind.TOO_MANY_LEVELS, count=len(levels), most=MOST_LEVELS)
    for at, level in enumerate(levels):
        plain = plain_name(level)
        if plain in OWN_COLUMNS or plain.startswith(("meet.", "#")):
            fields.note(name, ProblemKind.LEVEL_IS_A_COLUMN, value=level, choices=", ".join(OWN_COLUMNS))
        elif plain in map(plain_name, levels[:at]):
            fields.note(name, ProblemKind.REPEATED_LEVEL, value=level)
    if name != "levels" and name in fields.values and len(levels) != len(fields.values.get("levels", ())):
        fields.note(name, ProblemKind.LEVELS_DIFFER)
    return tuple(filter(None, levels))


def _times(
    fields: _Fields, timezone: str | None, now: datetime, *, has_a_day: bool
) -> tuple[datetime | None, datetime | None]:
    starts = fields.moment("starts", timezone) if has_a_day else None
    pledge_by = fields.moment("pledge_by", timezone)
    for name, moment in (("starts", starts), ("pledge_by", pledge_by)):
        if moment is not None and moment <= now:
            fields.note(name, ProblemKind.TIME_PAST, value=moment.isoformat())
    if starts and pledge_by and starts - pledge_by < LEAST_TO_DECIDE:
        fields.note(
            "pledge_by",
            ProblemKind.PLEDGE_BY_TOO_LATE,
            value=pledge_by.isoformat(),
            starts=starts.isoformat(),
        )
    _one_offset(fields, "pledge_by", pledge_by, starts, timezone)
    return starts if has_a_day else pledge_by, pledge_by


def _ends(fields: _Fields, timezone: str | None, starts: datetime | None) -> datetime | None:
    ends = fields.moment("ends", timezone)
    if starts and ends and ends <= starts:
        fields.note("ends", ProblemKind.ENDS_TOO_EARLY, value=ends.isoformat(), starts=starts.isoformat())
    _one_offset(fields, "ends", ends, starts, timezone)
    return ends


def _one_offset(
    fields: _Fields, name: str, moment: datetime | None, starts: datetime | None, timezone: str | None
) -> None:
    """Refuse two offsets of which nobody has said that they are one place's: one may be a slip."""
    if timezone == "" and moment and starts and moment.utcoffset() != starts.utcoffset():
        fields.note(name, ProblemKind.TWO_OFFSETS, offset=zones.offset(moment), starts=zones.offset(starts))


def _tally_every(fields: _Fields) -> timedelta:
    every = fields.duration("tally_every", default=timedelta(hours=1))
    if every < LEAST_BETWEEN_TALLIES:
        least = LEAST_BETWEEN_TALLIES // timedelta(minutes=1)
        fields.note("tally_every", ProblemKind.TALLIES_TOO_OFTEN, least=least)
    return every


def _reminders(fields: _Fields) -> tuple[timedelta, ...]:
    """In the order written. `60m` repeats `1h`."""
    reminders: list[timedelta] = []
    for written in fields.items("reminders"):
        reminder = fields.as_duration("reminders", written)
        if reminder in reminders:
            fields.note("reminders", ProblemKind.REPEATED_REMINDER, value=written)
        elif reminder is not None:
            reminders.append(reminder)
    return tuple(reminders)


class _Fields:
    """The fields of the file, `title.es` among them. Whatever is asked for is checked, and its faults are noted.

    A faulty field reads as its default, so that reading can go on to the next one.
    """

    def __init__(self, loaded: _Loaded, notes: Notes, languages: Collection[str]) -> None:
        self.values = loaded.values
        self.lines = loaded.lines
        self.in_utc = loaded.in_utc
        self.notes = notes
        self.languages = languages

    def note(self, name: str, kind: ProblemKind, **facts: str | int) -> None:
        self.notes.add(self.lines.get(name), kind, field=_spelled(name), **facts)

    def unfold(self, name: str) -> Collection[str]:
        """Make fields of what stands in one of several tables, `questions[0].text`, and name them."""
        of, _bracket, at = name[:-1].rpartition("[")
        table = self.values[of][int(at)]
        self.lines.setdefault(name, self.lines[of])
        for each, value in table.items():
            self.values[f"{name}.{each}"] = value
            self.lines.setdefault(f"{name}.{each}", self.lines[name])
        return list(table)

    def check_names(self, *, required: Collection[str]) -> None:
        for name in required:
            if name not in self.values:
                self.note(name, ProblemKind.MISSING_FIELD)
        known = [*FIELDS, *(f"{name}.{language}" for name in NAMES for language in self.languages)]
        for name in self.values:
            plain, _dot, language = name.rpartition(".")
            if name in known:
                continue
            if plain in NAMES:
                self.note(name, ProblemKind.NO_SUCH_LANGUAGE, value=language, languages=", ".join(self.languages))
            elif plain in FIELDS:
                self.note(name, ProblemKind.NOT_IN_LANGUAGES, choices=", ".join(NAMES))
            elif close := get_close_matches(name.lower(), known, n=1):
                self.note(name, ProblemKind.UNKNOWN_FIELD_CLOSE_TO, close=close[0])
            else:
                self.note(name, ProblemKind.UNKNOWN_FIELD)

    def own_language(self) -> str:
        """Read the language of the fields without one; what is written in it with its name is meant by them."""
        language = self.text("language", most=LONGEST_CITY)
        if language and language not in self.languages:
            self.note("language", ProblemKind.NO_SUCH_LANGUAGE, value=language, languages=", ".join(self.languages))
            return ""
        for name in NAMES:
            spelled = f"{name}.{language or SPOKEN}"
            if spelled in self.values and name in self.values:
                self.note(spelled, ProblemKind.SAID_TWICE, other=name)
            elif spelled in self.values:
                self.values[name] = self.values.pop(spelled)
                self.lines[name] = self.lines[spelled]
        return language

    def boolean(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            self._note_type(name, "boolean")
            return False
        return value

    def whole(self, name: str, *, least: int = 1, default: int = 1) -> int:
        value = self.values.get(name, default)
        if type(value) is not int:  # a bool is an int to isinstance
            self._note_type(name, "number")
        elif name in self.values and value < least:
            self.note(name, ProblemKind.NUMBER_TOO_LOW, value=value, least=least)
        elif value > HIGHEST_NUMBER:  # without the value: Python refuses to print the largest
            self.note(name, ProblemKind.NUMBER_TOO_HIGH, most=HIGHEST_NUMBER)
        else:
            return value
        return default

    def percentage(self, name: str, *, default: int) -> int:
        """Read a share of all as `"60%"`, 60 or 0.6, to a whole per cent."""
        value = self.values.get(name, default)
        written = str(value) if isinstance(value, str | float) else ""
        read = value if type(value) is int else numbers.threshold(written)
        if isinstance(read, Share) and not read.more and (read.part * 100).denominator == 1:
            return int(read.part * 100)
        if isinstance(read, int) and 1 < read <= 100:  # noqa: PLR2004  per cent; 1 may be meant as all
            return read
        self.note(name, ProblemKind.NOT_A_PERCENTAGE)
        return default

    def share(self, name: str) -> Share | None:
        """Read a text such as `"65%"`; None if it is none."""
        value = self.values.get(name)
        share = numbers.threshold(value) if isinstance(value, str) else 0
        return share if isinstance(share, Share) else None

    def text(self, name: str, *, most: int, may_be_empty: bool = True, lines: bool = False) -> str:
        """Without the white space around it; `lines`: line breaks and tabs may be in it."""
        if name not in self.values:
            return ""
        return self._as_text(name, self.values[name], most=most, may_be_empty=may_be_empty, lines=lines)

    def texts(self, name: str, *, most: int) -> tuple[str, ...]:
        return tuple(self._as_text(name, item, most=most, may_be_empty=False, lines=False) for item in self.items(name))

    def items(self, name: str) -> list[str]:
        """Those items of a list that are texts."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._note_type(name, "list")
            return []
        return value

    def tables(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Those of a list of tables; what else stands there is no question."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._note_type(name, "questions")
            return []
        return value

    def choice(self, name: str, default: _Choice) -> _Choice:
        value = self.values.get(name, default.value)
        choices: list[_Choice] = list(type(default))
        for choice in choices:
            if choice.value == value:
                return choice
        if isinstance(value, str):
            self.note(name, ProblemKind.NOT_A_CHOICE, value=value, choices=", ".join(choices))
        else:
            self._note_type(name, "text")
        return default

    def duration(self, name: str, *, default: timedelta) -> timedelta:
        if name not in self.values:
            return default
        if not isinstance(self.values[name], str):
            self._note_type(name, "text")
            return default
        return self.as_duration(name, self.values[name]) or default

    def as_duration(self, name: str, written: str) -> timedelta | None:
        """Read such as `15m`, `1h` or `7d`; from one minute to a year."""
        match = _DURATION.fullmatch(written.strip())
        length = int(match[1]) * _UNITS[match[2]] if match else timedelta(0)
        if not timedelta(0) < length <= LONGEST_DURATION:
            self.note(name, ProblemKind.NOT_A_DURATION, value=written, most=LONGEST_DURATION.days)
            return None
        return length

    def timezone(self) -> str | None:
        """Read whose clocks the times go by; '' if that is not said, None if it cannot be read."""
        name = self.text("timezone", most=LONGEST_CITY, may_be_empty=False)
        if not name:
            return None if "timezone" in self.values else ""
        if zones.is_known(name):
            return name
        close = ", ".join(zones_named(name))
        self.note(
            "timezone",
            ProblemKind.NO_SUCH_ZONE_CLOSE_TO if close else ProblemKind.NO_SUCH_ZONE,
            value=name,
            close=close,
        )
        return None

    def clock(self) -> str:
        """Read how hours are said; '' if that is not said."""
        return self.one_of("clock", CLOCKS)

    def one_of(self, name: str, choices: Collection[str]) -> str:
        """Read one of these; '' if nothing is said."""
        said = self.text(name, most=LONGEST_CITY)
        if not said or said in choices:
            return said
        self.note(name, ProblemKind.NOT_A_CHOICE, value=said, choices=", ".join(choices))
        return ""

    def moment(self, name: str, timezone: str | None) -> datetime | None:
        """Read a time by the clocks of the file's zone, with or without its offset; without a zone as it is written."""
        value = self.values.get(name)
        if isinstance(value, str):
            value = _written_time(value) or value
        if isinstance(value, datetime):
            if not FIRST_YEAR <= value.year <= LAST_YEAR:
                kind = ProblemKind.TIME_PAST if value.year < FIRST_YEAR else ProblemKind.TIME_TOO_FAR
                self.note(name, kind, value=value.isoformat())
                return None
            return self._as_written(name, value) if not timezone else self._in_zone(name, value, timezone)
        if isinstance(value, date | time | str):
            self.note(name, ProblemKind.NOT_A_TIME, value=str(value))
        elif value is not None:
            self._note_type(name, "time")
        return None

    def _as_written(self, name: str, value: datetime) -> datetime | None:
        if value.tzinfo is not None and name not in self.in_utc:
            return value
        if "timezone" not in self.values:  # what is wrong with it is said there
            kind = ProblemKind.TIME_IN_UTC if value.tzinfo else ProblemKind.TIME_WITHOUT_OFFSET
            self.note(name, kind, value=value.replace(tzinfo=None).isoformat())
        return None

    def _in_zone(self, name: str, value: datetime, timezone: str) -> datetime | None:
        wall, facts = value.replace(tzinfo=None), {"value": value.isoformat(), "zone": timezone}
        found = zones.showing(wall, timezone)
        fitting = [each for each in found if value.tzinfo is None or each.utcoffset() == value.utcoffset()]
        if len(fitting) == 1:
            return fitting[0]
        if found and not fitting:
            right = ", ".join(map(zones.offset, found))
            self.note(name, ProblemKind.OFFSET_NOT_OF_ZONE, **facts, offset=zones.offset(value), right=right)
            return None
        first, second = (each.isoformat() for each in found or zones.neighbours(wall, timezone))
        kind = ProblemKind.HOUR_TWICE if found else ProblemKind.HOUR_LEFT_OUT
        self.note(name, kind, **facts, first=first, second=second)
        return None

    def _as_text(self, name: str, value: object, *, most: int, may_be_empty: bool, lines: bool) -> str:
        if not isinstance(value, str):
            self._note_type(name, "text")
            return ""
        text = value.strip()
        hidden = hidden_character(text, allowed="\n\t" if lines else "")
        if hidden:
            self.note(name, ProblemKind.HIDDEN_CHARACTER, value=text, character=hidden)
        elif len(text) > most:
            self.note(name, ProblemKind.TEXT_TOO_LONG, value=text, length=len(text), most=most)
        elif not text and not may_be_empty:
            self.note(name, ProblemKind.EMPTY_TEXT)
        else:
            return text
        return ""

    def _note_type(self, name: str, expected: str) -> None:
        self.note(name, ProblemKind.WRONG_TYPE, expected=expected)


def _spelled(name: str) -> str:
    """Call a field of one of several tables as it is written in it: `options` for `questions[0].options`."""
    match = _IN_A_TABLE.fullmatch(name)
    return match[2] or match[1] if match else name


def _written_time(text: str) -> datetime | None:
    """Read a time in quotes, or without seconds."""
    found = _WRITTEN_TIME.fullmatch(text.strip())
    try:
        return (
            datetime.fromisoformat(f"{found['day']}T{found['clock']}{(found['offset'] or '').upper()}")
            if found
            else None
        )
    except ValueError:  # such as the 31st of June
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Loaded:
    values: dict[str, Any]
    lines: dict[str, int]
    in_utc: frozenset[str]  #: times written with a Z, which Python reads as the offset +00:00


def _load(source: SourceFile, notes: Notes, languages: Collection[str]) -> _Loaded | None:
    text = text_of(source, notes)
    if text is None:
        return None
    text = text.replace("\r\n", "\n")  # as tomllib does, or the lines would not be the same
    if long_key := _LONG_KEY.search(text):
        notes.add(text.count("\n", 0, long_key.start()) + 1, ProblemKind.TOML_UNREADABLE)
        return None
    try:
        try:
            loaded = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            text = _BARE_TIME.sub(r'\1"\2"', _BESIDE.sub(r"\1\3.\2", text))
            loaded = tomllib.loads(text)
        in_utc = frozenset(_IN_UTC.findall(text))
        return _Loaded(values=dict(_flat(loaded, languages)), lines=_lines(text, languages), in_utc=in_utc)
    except tomllib.TOMLDecodeError as error:
        line, why = _place(error, text)
        notes.add(line, ProblemKind.TOML_SYNTAX, why=why)
    except (ValueError, RecursionError):  # a number of thousands of digits, or as many brackets
        notes.add(None, ProblemKind.TOML_UNREADABLE)
    return None


def _flat(values: Mapping[str, Any], languages: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Give every field by one name, such as `title.es`, also where it stands below `[es]`."""
    for name, value in values.items():
        if name == "questions" and isinstance(value, dict) and not value.keys().isdisjoint(IN_A_QUESTION):
            yield name, [value]  # [questions] in place of [[questions]] is one
        elif isinstance(value, dict) and name in NAMES:
            yield from ((f"{name}.{language}", said) for language, said in value.items())
        elif isinstance(value, dict) and (name in languages or _is_language(name, value)):
            yield from ((f"{each}.{name}", said) for each, said in value.items())
        else:
            yield name, value


def _is_language(name: str, section: Mapping[str, Any]) -> bool:
    """Say whether somebody has taken it for a language that we speak."""
    return bool(_LANGUAGE.fullmatch(name)) and not section.keys().isdisjoint(NAMES)


def _place(error: tomllib.TOMLDecodeError, text: str) -> tuple[int, str]:
    message = str(error)
    match = _ERROR_PLACE.search(message)
    if match is None:
        return 1, message
    line = int(match[1]) if match[1] else text.rstrip().count("\n") + 1
    return line, message[: match.start()]


def _lines(text: str, languages: Collection[str]) -> dict[str, int]:
    """Tell on which line each field of a valid TOML file stands; tomllib keeps that to itself."""
    lines: dict[str, int] = {}
    tables: Counter[str] = Counter()  # of several with one name, so many have begun
    section = ""
    for line, statement in _statements(text):
        is_header = statement.lstrip().startswith("[")
        section = statement if is_header else section
        for name, value in _flat(tomllib.loads(section if is_header else f"{section}\n{statement}"), languages):
            lines.setdefault(name, line)
            if section.lstrip().startswith("[[") and isinstance(value, list) and isinstance(value[-1], dict):
                tables[name] += is_header
                table = f"{name}[{tables[name] - 1}]"
                lines.setdefault(table, line)
                for each in value[-1]:
                    lines.setdefault(f"{table}.{each}", line)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Cut a valid TOML file where lines end outside every string and bracket."""
    depth, start, line = 0, 0, 1
    for token in _TOKEN.finditer(text + "\n"):
        if token[0] in ("[", "{"):
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
        elif token[0] == "\n" and depth == 0:
            statement = text[start : token.start()]
            yield line, statement
            line += statement.count("\n") + 1
            start = token.end()
