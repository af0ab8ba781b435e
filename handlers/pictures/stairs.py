"""What is on a picture of a campaign's steps: plain values, made of what anybody may see of its ladder."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import campaigns
from bot.usecases.stewards import Board
from handlers.texts import board as board_texts
from handlers.texts import ladder as texts
from handlers.texts.catalogue import spoken
from handlers.texts.organizers_words import worded
from handlers.texts.times import number

MOST = 12
"""Steps on one picture, the newest: as many columns as stand beside each other on a phone with a number above each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A column: how many of all workplaces have come as far as this step, or further."""

    number: str
    titles: str
    said: str
    above: str  #: the number alone; empty where none is shown
    part: float  #: of the most workplaces that any step has
    of: float  #: so many it was opened at, likewise
    is_counted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Stairs:
    """A picture before it is drawn. Two that are equal give the same picture."""

    language: str
    campaign: str
    city: str
    headline: str
    steps: tuple[Step, ...]  #: from left to right
    boxes: str  #: explains what stands for letters that cannot be drawn


def stairs(board: Board) -> Stairs:
    """Say what is on the picture of a board's campaign: it goes round, so organizers' own numbers are not."""
    rungs = campaigns.for_everybody(board.ladder.rungs if board.ladder else ())
    most = max((rung.workplaces for rung in rungs), default=1)
    steps = [
        Step(
            number=number(at),
            titles=texts.titles(rung),
            said=texts.said(rung),
            above=number(rung.reached) if rung.reached else "",
            part=(rung.reached or 0) / most,
            of=rung.workplaces / most,
            is_counted=rung.reached is not None,
        )
        for at, rung in enumerate(rungs, start=1)
    ]
    terms = board.walkout.terms
    return Stairs(
        language=spoken(),
        campaign=worded(terms).campaign,
        city=terms.city or board_texts.city(),
        headline=texts.subtitle(),
        steps=tuple(steps[-MOST:]),
        boxes=board_texts.cannot_draw(),
    )
