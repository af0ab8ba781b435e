"""Reads what people type for their city, and for a date and time there. What can mean two things is never guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache

from bot.domain import zones
from bot.parsing.typed_text import plain_words, spelled

LONGEST = 100
"""Letters that are read of what somebody types."""

FIRST_YEAR, LAST_YEAR = 2000, 9000  # others break sums with datetimes, and long ago clocks had offsets with seconds

_NOON, _DAY = timedelta(hours=12), timedelta(days=1)
_SIXTY, _TWELVE, _YEAR, _CENTURY = 60, 12, 4, 2000

_LEAP = 8  # years in which every date comes at least once

_ALSO_CALLED = {
    "nyc": "America/New_York",
    "new york city": "America/New_York",
    "nueva york": "America/New_York",
    **dict.fromkeys(
        ("nowy jork", "纽约", "紐約", "نيويورك", "نیو یارک", "نیویارک", "নিউ ইয়র্ক", "нью-йорк", "뉴욕", "nouyòk"),
        "America/New_York",
    ),
    "la": "America/Los_Angeles",
    "ciudad de mexico": "America/Mexico_City",
    "cdmx": "America/Mexico_City",
    "la habana": "America/Havana",
    "ciudad de panama": "America/Panama",
    "panama city": "America/Panama",
    "ciudad de guatemala": "America/Guatemala",
    "guatemala city": "America/Guatemala",
    "londres": "Europe/London",
    # each shares its name with one after which a zone is named, in Argentina, Antarctica, Bolivia, Australia
    "san juan": "America/Puerto_Rico",
    "cordoba": "Europe/Madrid",
    "davis": "America/Los_Angeles",
    "palmer": "America/Anchorage",
    "la paz": "America/Mazatlan",
    "victoria": "America/Vancouver",
}
"""Other names of the very cities after which zones are named, and those of cities that are likely to be meant too."""

_TWO_COUNTRIES = frozenset({"georgia"})
"""What is as likely to mean a place somewhere else."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan enero ene",
            "february feb febrero",
            "march mar marzo",
            "april apr abril abr",
            "may mayo",
            "june jun junio",
            "july jul julio",
            "august aug agosto ago",
            "september sept sep septiembre setiembre set",
            "october oct octubre",
            "november nov noviembre",
            "december dec diciembre dic",
        ),
        start=1,
    )
    for name in names.split()
}

_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon lunes lun",
            "tuesday tue tues martes",
            "wednesday wed weds miercoles mie",
            "thursday thu thur thurs jueves jue",
            "friday fri viernes vie",
            "saturday sat sabado sab",
            "sunday sun domingo dom",
        )
    )
    for name in names.split()
}
# `mar` is March, and in Spanish also Tuesday: with another month beside it
_TUESDAY = "mar"

_WRITTEN_OTHERWISE = {
    "january": "янв января январь জানু জানুয়ারি janvye يناير جنوری janv janvier sty stycznia styczeń",
    "february": "фев февраля февраль ফেব্রু ফেব্রুয়ারি fev fevriye فبراير فروری févr février lut lutego luty",
    "march": "мар марта март মার্চ mas مارس مارچ mars marca marzec",
    "april": "апр апреля апрель এপ্রিল avr avril أبريل اپریل kwi kwietnia kwiecień",
    "may": "мая май মে me مايو مئی mai maja maj",
    "june": "июн июня июнь জুন jen يونيو جون juin cze czerwca czerwiec",
    "july": "июл июля июль জুলাই jiy jiyè يوليو جولائی juil juillet lip lipca lipiec",
    "august": "авг августа август আগস্ট out أغسطس اگست août sie sierpnia sierpień",
    "september": "сен сентября сентябрь সেপ্টে সেপ্টেম্বর septanm سبتمبر ستمبر septembre wrz września wrzesień",
    "october": "окт октября октябрь অক্টো অক্টোবর okt oktòb أكتوبر اکتوبر octobre paź października październik",
    "november": "ноя ноября ноябрь নভে নভেম্বর novanm نوفمبر نومبر novembre lis listopada listopad",
    "december": "дек декабря декабрь ডিসে ডিসেম্বর des desanm ديسمبر دسمبر déc décembre gru grudnia grudzień",
    "monday": "周一 週一 星期一 пн понедельник সোম সোমবার len lendi 월 월요일 الاثنين پیر lundi pon poniedziałek",
    "tuesday": "周二 週二 星期二 вт вторник মঙ্গল মঙ্গলবার mad madi 화 화요일 الثلاثاء منگل mardi wt wtorek",
    "wednesday": "周三 週三 星期三 ср среда বুধ বুধবার mèk mèkredi 수 수요일 الأربعاء بدھ mer mercredi śr środa",  # noqa: RUF001
    "thursday": "周四 週四 星期四 чт четверг বৃহস্পতি বৃহস্পতিবার jed jedi 목 목요일 الخميس جمعرات jeu jeudi czw czwartek",
    "friday": "周五 週五 星期五 пт пятница শুক্র শুক্রবার van vandredi 금 금요일 الجمعة جمعہ ven vendredi pt piątek",
    "saturday": "周六 週六 星期六 сб суббота শনি শনিবার sam samdi 토 토요일 السبت ہفتہ samedi sob sobota",  # noqa: RUF001
    "sunday": "周日 週日 星期日 вс воскресенье রবি রবিবার dim dimanch 일 일요일 الأحد اتوار dimanche niedz niedziela",
    "noon": "midi ظهرًا",
    "am": "صباحًا",
    "pm": "مساءً",
    "": "中午 дня в দুপুর 낮 دوپہر w południe à o",
}
"""As the bot writes them in its other languages, and as they stand in a calendar."""

_BY_SIGNS = re.compile(r"(?:(\d{4}) ?[年년] ?)?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일号號]?")
_HALVES = {"오전": "am", "上午": "am", "早上": "am", "오후": "pm", "下午": "pm", "晚上": "pm"}
_HALF_FIRST = re.compile(rf"({'|'.join(_HALVES)}) ?(\d{{1,2}}(?::\d\d)?)(?: ?[시点點])?")
_HOUR_SIGN = re.compile(r"(?<=\d) ?[시点點](?!\w)")

_FILLING = frozenset(["at", "on", "the", "of", "a", "las", "la", "el", "de", "del", "en", "los"])

_HALF = r"(?P<half>[ap]) ?\.? ?m\b\.?"
_TIMES = tuple(
    re.compile(rf"(?<![\w:.])(?:at |a las? )?(?:{form})(?![\w:])")
    for form in (
        rf"(?P<hour>\d{{1,2}})(?:[:.](?P<minute>\d\d)(?::00)?)? ?{_HALF}",
        r"(?:(?:12(?::00)? )?(?:at |a )?(?P<noon>noon|midday|mediodia))",
        r"(?:(?:12(?::00)? )?(?:at |a )?(?P<midnight>midnight|medianoche))",
        r"(?:(?P<end>end of (?:the )?day|fin(?:al)? del dia))",
        r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::00)?| ?h(?P<minutes>\d\d))(?: ?(?:h|hs|hrs|horas?))?",
        r"(?P<hour>\d{1,2}) ?(?:h|hs|hrs|hours|horas?)",
    )
)
_OF_TWELVE = re.compile(r"\D*[1-9]\d?:\d\d$")  # 09:00 and 9:00 h are the morning's
_BARE = re.compile(r"(?<![\w:.])(?:(?:at|a las?) (?P<hour>\d{1,2})(?![\w:./-])|, ?(?P<last>\d{1,2})$)")

_BY_YEAR = re.compile(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)")
_BY_DOTS = re.compile(r"(?<!\d)(\d{1,2})(\.) ?(\d{1,2})(?:\. ?(\d{4}|\d\d)|\.?)(?![\d.])")
_BY_SLASHES = re.compile(r"(?<!\d)(\d{1,2})([-/])(\d{1,2})(?:\2(\d{4}|\d\d))?(?![\d/-])")
_IN_WORDS = re.compile(r"[^\W\d_][^\s\d.,;:()/\u060c\uff0c-]*")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|ro|er|[oº°])(?![^\W\d_])")


class Trouble(StrEnum):
    """Why what somebody typed is no moment. Each has one sentence in handlers/texts/times.py."""

    UNREADABLE = "unreadable"
    NO_HOUR = "no_hour"  #: a date alone
    NO_DATE = "no_date"  #: an hour alone
    NO_SUCH_DAY = "no_such_day"  #: such as the 31st of June
    NO_SUCH_HOUR = "no_such_hour"  #: such as 25:00
    TWO_READINGS = "two_readings"  #: such as 5/6, or 9 without "am"
    OTHER_WEEKDAY = "other_weekday"
    SKIPPED = "skipped"  #: clocks there leave this hour out; the readings are as long before and after
    TWICE = "twice"  #: clocks there show this hour twice
    PAST = "past"
    TOO_FAR = "too_far"


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """An instant, with the offset that clocks in its zone have then."""

    at: datetime
    zone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MomentProblem:
    """Why it cannot be said which instant is meant."""

    trouble: Trouble
    typed: str
    zone: str
    readings: tuple[Moment, ...] = ()  #: what may be meant, to choose from: TWO_READINGS, SKIPPED, TWICE
    day: date | None = None  #: OTHER_WEEKDAY: the date
    weekday: int | None = None  #: OTHER_WEEKDAY: what was typed, 0 for Monday


def zones_named(text: str, *, limit: int = 6) -> tuple[str, ...]:
    """Return the zones whose city, or whose country if it has but one, somebody has typed; none where that is unknown.

    A zone's own name is read as well, also an older spelling of it.
    """
    typed = _plain(text)
    return _by_name().get(typed, ())[:limit]


@cache
def _by_name() -> dict[str, tuple[str, ...]]:
    named: dict[str, dict[str, None]] = {}

    def note(name: str, zone: str) -> None:
        named.setdefault(_plain(name), {})[zone] = None

    by_country: dict[str, list[str]] = {}
    for zone, country in zones.cities().items():
        note(zones.city(zone), zone)
        note(zone, zone)
        by_country.setdefault(country, []).append(zone)
    for country, within in by_country.items():
        if len(within) == 1 and (name := zones.countries()[country]).casefold() not in _TWO_COUNTRIES:
            note(name, within[0])
    for old, zone in zones.older_names().items():
        if zone in zones.cities() and "/" in old and not old.startswith("Etc/"):
            for name in (old, *([zones.city(old)] if zones.is_known(old) else [])):
                if _plain(name) not in named:
                    note(name, zone)
    for name, zone in _ALSO_CALLED.items():
        note(name, zone)
    return {name: tuple(found) for name, found in named.items()}


def _plain(name: str) -> str:
    return plain_words(name[:LONGEST].replace("_", " "))


def read_moment(  # noqa: PLR0911  one for each trouble
    text: str, zone: str, *, now: datetime
) -> Moment | MomentProblem:
    """Read a date and time that clocks in this zone show, in any of our languages, and in the future.

    Without a year it is the next such date. Midnight is the end of the day it is said of.
    """
    asked = _Asked(typed=text.strip()[:LONGEST], zone=zone, now=now)
    rest, hours = _hours(_folded(asked.typed), to_twelve=zones.clock_in(zone) == "12h")
    found = _date(rest)
    if found is None or not (found.days or hours):
        return asked.problem(Trouble.UNREADABLE)
    if not found.days:
        return asked.problem(Trouble.NO_DATE)
    if not hours:
        return asked.problem(Trouble.NO_HOUR)
    if None in hours:
        return asked.problem(Trouble.NO_SUCH_HOUR)
    known = [hour for hour in hours if hour is not None]
    days = [day for each in found.days if (day := asked.next(each, max(known))) is not None]
    if not days:
        return asked.problem(Trouble.NO_SUCH_DAY)
    if max(days).year > LAST_YEAR:
        return asked.problem(Trouble.TOO_FAR)
    if min(days).year < FIRST_YEAR:
        return asked.problem(Trouble.PAST)
    fitting = [day for day in days if found.weekday in {None, day.weekday()}]
    if not fitting:
        return asked.problem(Trouble.OTHER_WEEKDAY, day=days[0], weekday=found.weekday)
    return asked.settled([_wall(day, hour) for day in fitting for hour in known])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What was typed, where and when."""

    typed: str
    zone: str
    now: datetime

    def problem(
        self, trouble: Trouble, readings: Iterable[Moment] = (), *, day: date | None = None, weekday: int | None = None
    ) -> MomentProblem:
        return MomentProblem(
            trouble=trouble, typed=self.typed, zone=self.zone, readings=tuple(readings), day=day, weekday=weekday
        )

    def next(self, written: _Written, hour: timedelta) -> date | None:
        """Return the date that is written, the next such one if it has no year; None if there is none."""
        this_year = zones.pinned(self.now, self.zone).year
        for year in [written.year] if written.year is not None else range(this_year, this_year + _LEAP + 1):
            try:
                day = date(year, written.month, written.day)
            except ValueError:
                continue
            if written.year is not None or zones.neighbours(_wall(day, hour), self.zone)[1] > self.now:
                return day
        return None

    def settled(self, walls: Sequence[datetime]) -> Moment | MomentProblem:
        """Return the one moment that may be meant, or what to ask."""
        each = [self._at(wall) for wall in walls]
        if len(each) == 1:
            return each[0]
        possible = [moment for one in each for moment in ([one] if isinstance(one, Moment) else one.readings)]
        if not possible:
            return each[0]
        return possible[0] if len(possible) == 1 else self.problem(Trouble.TWO_READINGS, possible)

    def _at(self, wall: datetime) -> Moment | MomentProblem:
        there = zones.showing(wall, self.zone)
        ahead = [Moment(at=at, zone=self.zone) for at in there or zones.neighbours(wall, self.zone) if at > self.now]
        if not ahead:
            return self.problem(Trouble.PAST)
        if not there:
            return self.problem(Trouble.SKIPPED, ahead)
        return ahead[0] if len(ahead) == 1 else self.problem(Trouble.TWICE, ahead)


@dataclass(frozen=True, slots=True)
class _Written:
    year: int | None
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class _Found:
    days: tuple[_Written, ...]
    weekday: int | None


def _wall(day: date, hour: timedelta) -> datetime:
    return datetime.combine(day, time()) + hour


def _folded(typed: str) -> str:
    """Write it in plain small letters, one blank between words; what stands between numbers stays."""
    plain = _plain_letters(typed)
    plain = _HALF_FIRST.sub(lambda found: f" {found[2]} {_HALVES[found[1]]} ", _BY_SIGNS.sub(_month_named, plain))
    plain = _IN_WORDS.sub(lambda word: _in_english().get(word[0], word[0]), _HOUR_SIGN.sub(":00 ", plain))
    return " ".join(re.sub(r"(?<=\d)t(?=\d)", " ", _ORDINAL.sub("", plain)).split())


def _plain_letters(typed: str) -> str:
    return re.sub(r"[^\W\d_]+", lambda word: plain_words(word[0]), spelled(unicodedata.normalize("NFKC", typed)))


@cache
def _in_english() -> dict[str, str]:
    return {_plain_letters(name): word for word, names in _WRITTEN_OTHERWISE.items() for name in names.split()}


def _month_named(found: re.Match[str]) -> str:
    year, month, day = found.groups()
    if not 1 <= int(month) <= _TWELVE:
        return found[0]
    return f" {day} {next(name for name, number in _MONTHS.items() if number == int(month))} {year or ''} "


def _hours(text: str, *, to_twelve: bool) -> tuple[str, tuple[timedelta | None, ...]]:
    """Cut the time out; return what is left, and the times it may be, counted from the day's beginning.

    None stands for a time that no clock shows. `to_twelve`: people there write 6:30 for 18:30 as well.
    """
    for form in (*_TIMES, _BARE):
        if found := form.search(text):
            rest = f"{text[: found.start()]} {text[found.end() :]}".strip()
            either = _TWELVE if form is _BARE else _TWELVE - 1 if to_twelve and _OF_TWELVE.match(found[0]) else 0
            return rest, tuple(_read_hours(found.groupdict(), either=either))
    return text, ()


def _read_hours(  # noqa: PLR0911  one for each form
    found: dict[str, str | None], *, either: int
) -> Iterable[timedelta | None]:
    """`either`: up to which hour it may be either half of the day, if none is named."""
    if found.get("noon"):
        return [_NOON]
    if found.get("midnight") or found.get("end"):
        return [_DAY]
    hour = int(found.get("hour") or found.get("last") or 0)
    minute = int(found.get("minute") or found.get("minutes") or 0)
    at = timedelta(hours=hour, minutes=minute)
    if minute >= _SIXTY or at > _DAY:
        return [None]
    half = found.get("half")
    if half is None:
        return [at, at + _NOON] if 1 <= hour <= either else [at]
    if not 1 <= hour <= _TWELVE:
        return [None]
    at -= _NOON * (hour == _TWELVE)
    if half == "a" and not at:
        return [at, _DAY]  # nobody agrees which midnight 12 am is
    return [at + _NOON * (half == "p")]


def _date(text: str) -> _Found | None:
    """Read a date as it may be meant; without days if there is none, and None if there is anything else."""
    days: list[_Written] = []
    for form, read in ((_BY_YEAR, _by_year), (_BY_DOTS, _either_way), (_BY_SLASHES, _either_way)):
        if found := form.search(text):
            days = list(read(found))
            text = f"{text[: found.start()]} {text[found.end() :]}"
            break
    words = [word for word in _WORD.findall(text) if word not in _FILLING]
    months = [word for word in words if word in _MONTHS]
    weekdays = [word for word in words if word in _WEEKDAYS]
    if _TUESDAY in months and (len(months) > 1 or days):
        months.remove(_TUESDAY)
        weekdays.append(_TUESDAY)
    numbers = [word for word in words if word.isdecimal()]
    if len(months) + len(weekdays) + len(numbers) < len(words) or len(weekdays) > 1 or len(months) > 1:
        return None
    weekday = _WEEKDAYS.get(weekdays[0], 1) if weekdays else None
    if days or not months:
        return None if numbers or months else _Found(tuple(days), weekday)
    years = [int(word) for word in numbers if len(word) == _YEAR]
    dates = [int(word) for word in numbers if len(word) < len("100")]
    if len(dates) != 1 or len(years) > 1 or len(dates) + len(years) < len(numbers):
        return None
    return _Found((_Written(years[0] if years else None, _MONTHS[months[0]], dates[0]),), weekday)


def _by_year(found: re.Match[str]) -> Iterable[_Written]:
    return [_Written(int(found[1]), int(found[3]), int(found[4]))]


def _either_way(found: re.Match[str]) -> Iterable[_Written]:
    """In one country the day comes first, in the next the month."""
    year, first, second = _year(found[4]), int(found[1]), int(found[3])
    either = [_Written(year, first, second), _Written(year, second, first)]
    return dict.fromkeys(each for each in either if each.month <= _TWELVE) or either


def _year(written: str | None) -> int | None:
    if not written:
        return None
    return int(written) if len(written) == _YEAR else _CENTURY + int(written)
