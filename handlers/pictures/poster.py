"""What is on a picture of the board: plain values, made of what the board shows and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.disclosure import Shown
from bot.domain.model import Stage
from bot.usecases.stewards import Board
from handlers.texts import board as texts

MOST = 16
"""Workplaces on one picture: as many as fit on a phone's screen from edge to edge, in letters people can read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thermometer:
    """The city."""

    counted: int
    pledged: int  #: at any workplace; never less than `counted`
    mark: int  #: the citywide threshold
    said: str
    ready: str
    everywhere: str  #: empty if everybody counts
    turnout: str = ""  #: empty before it is counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A workplace, relative to its own threshold."""

    name: str
    said: str
    part: float  #: from 0, which is fewer than anybody may see, to 1
    reached: bool
    out: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Poster:
    """A picture before it is drawn. Two that are equal give the same picture."""

    title: str
    city: str
    stage: Stage
    stage_said: str
    thermometer: Thermometer
    chosen: str
    bars: tuple[Bar, ...]
    more: str
    as_of: str
    next_tally: str
    boxes: str  #: explains what stands for letters that cannot be drawn


def poster(board: Board) -> Poster:
    """Say what is on the picture of this board."""
    walkout, city = board.walkout, board.city
    left_out = len(board.workplaces) - MOST
    return Poster(
        title=walkout.terms.title,
        city=walkout.terms.city or texts.city(),
        stage=walkout.stage,
        stage_said=texts.stage(walkout.stage),
        thermometer=Thermometer(
            counted=city.counted,
            pledged=city.pledged,
            mark=walkout.terms.citywide_threshold,
            said=texts.city_said(board),
            ready=texts.ready(board),
            everywhere=texts.everywhere(board),
            turnout=texts.turnout_said(board),
        ),
        chosen=texts.chosen(board),
        bars=tuple(map(_bar, board.workplaces[:MOST])),
        more=texts.and_more(left_out) if left_out > 0 else "",
        as_of=texts.as_of(walkout),
        next_tally=texts.next_tally(walkout),
        boxes=texts.cannot_draw(),
    )


def _bar(place: Shown) -> Bar:
    return Bar(
        name=place.name,
        said=texts.said(place),
        part=1.0 if place.reached else place.number / place.threshold,
        reached=place.reached,
        out=place.out,
    )
