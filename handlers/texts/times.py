"""Instants, spans and numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from handlers.texts.catalogue import _, ngettext

MANY_HOURS = 100
"""As many, and a length is said in days, be they whole or not."""


def when(instant: datetime, like: datetime) -> str:
    """Say an instant in the offset of `like`, which is the walkout's own: "Sat 12 Dec 2026, 09:00"."""
    local = instant.astimezone(like.tzinfo)
    return _("{day} {date} {month} {year}, {clock}").format(
        day=_weekdays()[local.weekday()],
        date=local.day,
        month=_months()[local.month - 1],
        year=local.year,
        clock=local.strftime("%H:%M"),
    )


def end(ends: datetime, starts: datetime) -> str:
    """Say when something ends that begins at `starts`: on the same day, the hour alone."""
    local = ends.astimezone(starts.tzinfo)
    return local.strftime("%H:%M") if local.date() == starts.date() else when(ends, starts)


def when_utc(instant: datetime) -> str:
    """Say an instant where no walkout's own time can be meant: "Sat 12 Dec 2026, 14:00 UTC"."""
    return _("{when} UTC").format(when=when(instant, instant.astimezone(UTC)))


def span(length: timedelta) -> str:
    """Say a length in its largest unit: "2 days", "15 minutes"; whole hours exactly: "50 hours" are not two days."""
    minutes = round(length / timedelta(minutes=1))
    exact = minutes % 60 == 0 and minutes < MANY_HOURS * 60
    for unit, say in ((24 * 60, _days), (60, _hours), (1, _minutes)):
        if minutes % unit == 0 or (minutes >= 2 * unit and not exact):
            return say(round(minutes / unit))
    return _minutes(minutes)


def number(n: int) -> str:
    """Say a number with a comma for thousands."""
    return f"{n:,}"


def _days(n: int) -> str:
    return ngettext("{n} day", "{n} days", n).format(n=n)


def _hours(n: int) -> str:
    return ngettext("{n} hour", "{n} hours", n).format(n=n)


def _minutes(n: int) -> str:
    return ngettext("{n} minute", "{n} minutes", n).format(n=n)


def _weekdays() -> list[str]:
    return [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]


def _months() -> list[str]:
    return [
        _("Jan"), _("Feb"), _("Mar"), _("Apr"), _("May"), _("Jun"),
        _("Jul"), _("Aug"), _("Sep"), _("Oct"), _("Nov"), _("Dec"),
    ]  # fmt: skip


def not_an_instant(text: str) -> str:
    """Refuse a time."""
    return _("{text} is not a time with an offset, like 2026-12-08T20:00:00-05:00.").format(text=text)
