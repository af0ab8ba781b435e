"""How far a campaign has come, step by step: for organizers, and with fewer than three workplaces untold for others."""

from __future__ import annotations

from bot.domain import campaigns
from bot.domain.campaigns import Rung
from bot.domain.disclosure import FEWEST_LINES
from bot.domain.rules import NOT_OVER
from bot.usecases.stewards import Board
from handlers.texts.catalogue import _, ngettext
from handlers.texts.names import named
from handlers.texts.organizers_words import worded
from handlers.texts.times import number


def label() -> str:
    """Name the button that shows the picture."""
    return _("Step by step")


def ladder(seen: Board) -> str:
    """Say below the board's head how far its campaign has come; to stewards also which of their own have."""
    if seen.ladder is None:
        return ""
    lines = []
    for at, rung in enumerate(seen.ladder.rungs, start=1):
        line = _line(at, rung, is_exact=seen.sums is not None)
        own = [name for name, place in seen.ladder.own if place >= at]
        lines.append(_("{line}; yours: {names}").format(line=line, names=named(own)) if own else line)
    return "\n".join([headline(seen), *lines])


def caption(seen: Board) -> str:
    """Say what is on the picture."""
    rungs = campaigns.for_everybody(seen.ladder.rungs if seen.ladder else ())
    return "\n".join([headline(seen), *(_line(at, rung) for at, rung in enumerate(rungs, start=1))])


def headline(seen: Board) -> str:
    """Name the campaign, and say what is counted of it."""
    return f"{worded(seen.walkout.terms).campaign}\n{subtitle()}"


def subtitle() -> str:
    """Say what is counted of a campaign."""
    return _("Step by step, workplaces where enough people took part:")


def _line(at: int, rung: Rung, *, is_exact: bool = False) -> str:
    return _("{n}. {titles}: {said}").format(n=number(at), titles=titles(rung), said=said(rung, is_exact=is_exact))


def titles(rung: Rung) -> str:
    """Name what stands on one rung: a step, or its tries."""
    return named(list(dict.fromkeys(worded(step.terms).title for step in rung.steps)))


def said(rung: Rung, *, is_exact: bool = False) -> str:
    """Say how many workplaces have come so far, or further."""
    if rung.reached is None:
        return _("not counted yet") if any(step.stage in NOT_OVER for step in rung.steps) else _("not counted")
    if is_exact or rung.reached >= FEWEST_LINES:
        n, words = rung.reached, ngettext("{n} of {of} workplace", "{n} of {of} workplaces", rung.workplaces)
    else:
        words = ngettext("fewer than {n} of {of} workplace", "fewer than {n} of {of} workplaces", rung.workplaces)
        n = FEWEST_LINES
    return words.format(n=number(n), of=number(rung.workplaces))
