"""Instants, spans and numbers as people read them. Every instant that a person reads is said here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from bot.domain import zones
from bot.domain.model import DAY, Terms
from bot.parsing.dates import Moment, MomentProblem, Trouble
from handlers.texts.catalogue import _, ngettext, spoken
from handlers.texts.languages import meant

MANY_HOURS = 100
"""As many, and a length is said in days, be they whole or not."""


def when(instant: datetime, terms: Terms) -> str:
    """Say an instant as clocks show it then where the walkout is: "Sat 12 Dec 2026, 09:00"."""
    if instant == terms.pledge_by:
        return deadline(terms)
    return _said(terms.local(instant), to_twelve=terms.counts_to_twelve)


def clock(instant: datetime, terms: Terms) -> str:
    """Say the hour alone."""
    return _clock(terms.local(instant), to_twelve=terms.counts_to_twelve)


def deadline(terms: Terms, *, named: bool = False, short: bool = False) -> str:
    """Say until when people may pledge: a day's end is what midnight is to them. `named`: say in which city's time."""
    said = _closing(terms.local(terms.pledge_by), to_twelve=terms.counts_to_twelve, short=short)
    return there(said, terms) if named else said


def before(terms: Terms, *, named: bool = False, short: bool = False) -> str:
    """Say likewise that something is possible before it: "before Sat 12 Dec 2026, 09:00"."""
    said = _("until {end}") if _ends_a_day(terms.local(terms.pledge_by)) else _("before {end}")
    return said.format(end=deadline(terms, named=named, short=short))


def there(said: str, terms: Terms) -> str:
    """Add by which city's clocks; nothing, where the walkout is of before that was asked."""
    return _in_city(said, terms.timezone) if terms.timezone else said


def end(ends: datetime, terms: Terms) -> str:
    """Say when a walkout ends: on the day on which it starts, the hour alone."""
    local, starts = terms.local(ends), terms.local(terms.starts)
    if _last_day(local) != starts.date():
        return _closing(local, to_twelve=terms.counts_to_twelve)
    return _("the end of the day") if _ends_a_day(local) else _clock(local, to_twelve=terms.counts_to_twelve)


def ahead(instant: datetime, now: datetime, terms: Terms) -> str:
    """Say how far away it is by the calendar there: "in 9 days"; in hours from tomorrow on."""
    local = terms.local(instant)
    return _ahead(local, terms.local(now), _last_day(local) if instant == terms.pledge_by else local.date())


def when_utc(instant: datetime) -> str:
    """Say an instant where no walkout's own time can be meant: "Sat 12 Dec 2026, 14:00 UTC"."""
    return _("{when} UTC").format(when=_said(instant.astimezone(UTC), to_twelve=False))


def clock_utc(instant: datetime) -> str:
    """Say likewise the hour alone: "14:00"."""
    return _clock(instant.astimezone(UTC), to_twelve=False)


def moment_says(moment: Moment, now: datetime) -> str:
    """Say what was read of what somebody typed: "Sat 1 May 2027, noon in New York, in 153 days"."""
    said = _in_city(_closing(moment.at, to_twelve=_to_twelve(moment)), moment.zone)
    return _("{when}, {ahead}").format(
        when=said, ahead=_ahead(moment.at, zones.pinned(now, moment.zone), _last_day(moment.at))
    )


def day_and_hour(moment: Moment) -> str:
    """Say it for a button, where the year is plain: "Sat 1 May, 20:00"."""
    return _("{day} {date} {month}, {clock}").format(
        day=_day_of(moment.at),
        date=moment.at.day,
        month=_month_of(moment.at),
        clock=_clock(moment.at, to_twelve=_to_twelve(moment)),
    )


def moment_label(moment: Moment) -> str:
    """Say it in a few words, for a button."""
    return _closing(moment.at, to_twelve=_to_twelve(moment))


def moment_choices(problem: MomentProblem) -> Sequence[str]:
    """Say each of its readings in a few words, for a button."""
    said = [moment_label(each) for each in problem.readings]
    if problem.trouble is not Trouble.TWICE:
        return said
    return [_("{when}, first time").format(when=said[0]), _("{when}, second time").format(when=said[1])]


def moment_problem(problem: MomentProblem) -> str:
    """Say why what somebody typed is no moment, and what to send."""
    day, weekday = problem.day, problem.weekday
    return _MOMENT[problem.trouble]().format(
        typed=problem.typed,
        city=zones.city(problem.zone),
        date="" if day is None else _date(day),
        is_on="" if day is None else _weekday(day.weekday()),
        weekday="" if weekday is None else _weekday(weekday),
    )


_MOMENT: dict[Trouble, Callable[[], str]] = {
    Trouble.UNREADABLE: lambda: _("I cannot read “{typed}” as a date and time. Write it like this: 1 May 2027 12:00"),
    Trouble.NO_HOUR: lambda: _("“{typed}” has no hour. Add it, like this: 1 May 2027 12:00"),
    Trouble.NO_DATE: lambda: _("“{typed}” has no date. Add it, like this: 1 May 2027 12:00"),
    Trouble.NO_SUCH_DAY: lambda: _("There is no such day as “{typed}”. Check the date."),
    Trouble.NO_SUCH_HOUR: lambda: _("There is no such hour as in “{typed}”. Write it like this: 1 May 2027 20:00"),
    Trouble.TWO_READINGS: lambda: _("“{typed}” can mean two things. Which is it?"),
    Trouble.OTHER_WEEKDAY: lambda: _("{date} is a {is_on}, not a {weekday}. Check the date."),
    Trouble.SKIPPED: lambda: _(
        "Clocks in {city} are put forward then, and never show the time in “{typed}”. Which is it?"
    ),
    Trouble.TWICE: lambda: _("Clocks in {city} are put back then, and show the time in “{typed}” twice. Which is it?"),
    Trouble.PAST: lambda: _("“{typed}” is past in {city}. Choose a later time."),
    Trouble.TOO_FAR: lambda: _("“{typed}” is too far ahead. Check the year."),
}


def _to_twelve(moment: Moment) -> bool:
    return zones.clock_in(moment.zone) == "12h"


def _said(local: datetime, *, to_twelve: bool) -> str:
    return _("{day} {date} {month} {year}, {clock}").format(
        day=_day_of(local),
        date=local.day,
        month=_month_of(local),
        year=local.year,
        clock=_clock(local, to_twelve=to_twelve),
    )


def _clock(local: datetime, *, to_twelve: bool) -> str:
    if not to_twelve:
        return local.strftime("%H:%M")
    if (local.hour, local.minute) == (0, 0):
        return _("midnight (start of the day)")
    if (local.hour, local.minute) == (12, 0):
        return _("noon")
    said = f"{local.hour % 12 or 12}:{local:%M}"
    return (_("{clock} am") if local.hour < 12 else _("{clock} pm")).format(clock=said)  # noqa: PLR2004


def _ends_a_day(local: datetime) -> bool:
    return local.time() == time()


def _day_ended(local: datetime) -> date:
    return local.date() - DAY


def _last_day(local: datetime) -> date:
    return _day_ended(local) if _ends_a_day(local) else local.date()


def _closing(local: datetime, *, to_twelve: bool, short: bool = False) -> str:
    """Say when something is over, or at the latest."""
    if not _ends_a_day(local):
        return _said(local, to_twelve=to_twelve)
    day = _day_ended(local)
    if short:
        return _("the end of {day} {date} {month} {year}").format(
            day=_day_of(day), date=day.day, month=_month_of(day), year=day.year
        )
    return _("the end of {weekday} {date}").format(weekday=_weekday(day.weekday()), date=_date(day))


def _in_city(said: str, zone: str) -> str:
    return _("{when} in {city}").format(when=said, city=zones.city(zone))


def _ahead(local: datetime, now: datetime, day: date) -> str:
    days = (day - now.date()).days
    return _("in {span}").format(span=_days(days) if days > 1 else span(max(local - now, timedelta())))


def span(length: timedelta) -> str:
    """Say a length in its largest unit: "2 days", "15 minutes"; whole hours exactly: "50 hours" are not two days."""
    minutes = round(length / timedelta(minutes=1))
    exact = minutes % 60 == 0 and minutes < MANY_HOURS * 60
    for unit, say in ((24 * 60, _days), (60, _hours), (1, _minutes)):
        if minutes % unit == 0 or (minutes >= 2 * unit and not exact):
            return say(round(minutes / unit))
    return _minutes(minutes)


def number(n: int) -> str:
    """Say a number, with what stands between thousands in the language spoken now."""
    known = meant(spoken())
    return f"{n:,}".replace(",", "," if known is None else known.thousands)


def _days(n: int) -> str:
    return ngettext("{n} day", "{n} days", n).format(n=n)


def _hours(n: int) -> str:
    return ngettext("{n} hour", "{n} hours", n).format(n=n)


def _minutes(n: int) -> str:
    return ngettext("{n} minute", "{n} minutes", n).format(n=n)


_WEEKDAYS = (
    lambda: _("Mon"), lambda: _("Tue"), lambda: _("Wed"), lambda: _("Thu"), lambda: _("Fri"), lambda: _("Sat"),
    lambda: _("Sun"),
)  # fmt: skip
_MONTHS = (
    lambda: _("Jan"), lambda: _("Feb"), lambda: _("Mar"), lambda: _("Apr"), lambda: _("May"), lambda: _("Jun"),
    lambda: _("Jul"), lambda: _("Aug"), lambda: _("Sep"), lambda: _("Oct"), lambda: _("Nov"), lambda: _("Dec"),
)  # fmt: skip


def _day_of(local: date) -> str:
    return _WEEKDAYS[local.weekday()]()


def _month_of(local: date) -> str:
    return _MONTHS[local.month - 1]()


def _weekday(number: int) -> str:
    return [
        _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"),
    ][number]  # fmt: skip


def _date(day: date) -> str:
    return [
        _("{date} January {year}"), _("{date} February {year}"), _("{date} March {year}"), _("{date} April {year}"),
        _("{date} May {year}"), _("{date} June {year}"), _("{date} July {year}"), _("{date} August {year}"),
        _("{date} September {year}"), _("{date} October {year}"), _("{date} November {year}"),
        _("{date} December {year}"),
    ][day.month - 1].format(date=day.day, year=day.year)  # fmt: skip


def not_an_instant(text: str) -> str:
    """Refuse a time."""
    return _("{text} is not a time with an offset, like 2026-12-08T20:00:00-05:00.").format(text=text)
