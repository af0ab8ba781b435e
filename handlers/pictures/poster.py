"""What is on a picture of the board: plain values, made of what the board shows and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain.disclosure import TENTHS, Shown
from bot.domain.model import Stage
from bot.usecases.stewards import Area, Board
from handlers.texts import board as texts
from handlers.texts.catalogue import spoken
from handlers.texts.organizers_words import worded

MOST = 16
"""Workplaces on one picture: as many as fit on a phone's screen from edge to edge, in letters people can read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thermometer:
    """The city, as anybody may see it."""

    part: float  #: of the citywide number, up to 1
    mark: int  #: the citywide number
    said: str
    reached: str
    turnout: str = ""  #: empty before it is counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A workplace, or an area, relative to its own threshold."""

    name: str
    said: str
    part: float  #: from 0, which is fewer than anybody may see, to 1
    reached: bool
    out: bool
    bare: bool = False  #: nothing is shown of it but words
    of: str = ""  #: what it is part of, where the name alone says too little


@dataclass(frozen=True, kw_only=True, slots=True)
class Poster:
    """A picture before it is drawn. Two that are equal give the same picture."""

    language: str
    title: str
    city: str
    stage: Stage
    stage_said: str
    thermometer: Thermometer | None  #: None: the city has too few workplaces
    chosen: str
    bars: tuple[Bar, ...]
    more: str
    as_of: str
    next_tally: str
    boxes: str  #: explains what stands for letters that cannot be drawn


def poster(board: Board) -> Poster:
    """Say what is on the picture of this board: it goes round, so organizers' sums are not."""
    walkout, here = board.walkout, replace(board.here, sums=None)
    left_out = len(board.units) - MOST
    return Poster(
        language=spoken(),
        title=worded(walkout.terms).title,
        city=texts.where(board) or walkout.terms.city or texts.city(),
        stage=walkout.stage,
        stage_said=texts.stage(walkout.stage),
        thermometer=Thermometer(
            part=here.coarse.tenths / TENTHS,
            mark=here.threshold,
            said=texts.city_said(here),
            reached=texts.reached(here),
            turnout=texts.turnout_said(here),
        )
        if here.coarse
        else None,
        chosen=texts.chosen(board),
        bars=tuple(_bar(line, board.paths[line.id][-1]) for line in board.units[:MOST]),
        more=texts.and_more(left_out) if left_out > 0 else "",
        as_of=texts.as_of(walkout),
        next_tally=texts.next_tally(walkout),
        boxes=texts.cannot_draw(),
    )


def _bar(line: Shown | Area, name: str) -> Bar:
    of = line.name.removeprefix(name).removeprefix(", ")
    if isinstance(line, Area):
        area = replace(line, sums=None)
        tenths = area.coarse.tenths if area.coarse else 0
        return Bar(
            name=name,
            of=of,
            said=texts.area_said(area),
            part=tenths / TENTHS,
            reached=tenths == TENTHS,
            out=area.out > 0,
            bare=area.coarse is None,
        )
    return Bar(
        name=name,
        of=of,
        said=texts.said(line),
        part=1.0 if line.reached else line.number / line.threshold if line.number else 0.0,
        reached=line.reached,
        out=line.out,
        bare=texts.is_silent(line),
    )
