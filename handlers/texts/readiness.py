"""Whether people are ready for a step: yes or no, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.model import Walkout
from bot.guards.readiness import PEOPLE_PER_STEWARD, Check, Point
from handlers.texts import names, steps
from handlers.texts.catalogue import _, ngettext
from handlers.texts.committee import named
from handlers.texts.times import number

YES, NO = "✓", "✗"
NAMED_AT_MOST = 3
"""Workplaces named of each point: it is read on a phone."""


def label() -> str:
    """Name a button."""
    return _("Are we ready?")


def ready(walkout: Walkout, found: Sequence[Check]) -> str:
    """List what is missing first, and then what is not."""
    missing = [each for each in found if not each.is_so]
    lead = (
        ngettext(
            "{walkout}: {n} thing is missing. You decide; nothing here keeps you from opening it.",
            "{walkout}: {n} things are missing. You decide; nothing here keeps you from opening it.",
            len(missing),
        )
        if missing
        else _("{walkout}: nothing is missing.")
    ).format(walkout=named(walkout), n=number(len(missing)))
    said = [f"{NO} {_lacking(each)}" for each in missing] + [f"{YES} {_is_so(each)}" for each in found if each.is_so]
    return "\n".join([lead, "", *said])


def _is_so(check: Check) -> str:
    said = {
        Point.STEWARDS: _("At each workplace, a steward for at most {n} people."),
        Point.DEPARTMENTS: _("Each department has a steward of its own."),
        Point.DRAWN: _("At each workplace as many cards are drawn as it needs pledges."),
        Point.ROOMS: _("The citywide room and each workplace's are bound."),
        Point.LANGUAGES: _("Everything is written in each language."),
        Point.PROOF: _("The step before is counted to its end."),
    }[check.point].format(n=number(PEOPLE_PER_STEWARD))
    return f"{said} {steps.not_opened(_some(check.at))}" if check.at else said


def _lacking(check: Check) -> str:
    n = check.lacking
    said = {
        Point.STEWARDS: ngettext(
            "{n} steward is missing, to have one for at most {most} people: {places}. /appoint",
            "{n} stewards are missing, to have one for at most {most} people: {places}. /appoint",
            n,
        ),
        Point.DEPARTMENTS: ngettext(
            "{n} department has no steward of its own: {places}. /appoint",
            "{n} departments have no steward of their own: {places}. /appoint",
            n,
        ),
        Point.DRAWN: ngettext(
            "At {n} workplace too few cards are drawn, or nobody has counted them: {places}. /drawn",
            "At {n} workplaces too few cards are drawn, or nobody has counted them: {places}. /drawn",
            n,
        ),
        Point.ROOMS: ngettext("{n} room is not bound: {places}. /room", "{n} rooms are not bound: {places}. /room", n),
        Point.LANGUAGES: ngettext(
            "In {n} language something is not written. The preview says what: /open",
            "In {n} languages something is not written. The preview says what: /open",
            n,
        ),
        Point.PROOF: _("The step before is not counted to its end. Wait for that."),
    }[check.point]
    places = [*([_("citywide")] if check.citywide else []), *check.at]
    return said.format(n=number(n), most=number(PEOPLE_PER_STEWARD), places=_some(places))


def _some(places: Sequence[str]) -> str:
    return names.enumerated(places[:NAMED_AT_MOST], len(places[NAMED_AT_MOST:]))
