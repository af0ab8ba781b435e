"""What is fed with other people's files and words is done in a process that holds no key; this is how it is asked for.

Whoever takes one over can answer falsely, and no more: what was read is held against what a file can give, and the
organizers read its preview; what was drawn or printed is passed on as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from bot.children import plain
from bot.children.workshop import Trade, Workshop
from bot.domain.errors import WorkFailed, WorkshopFull
from bot.domain.model import Terms
from bot.draft import Draft, DraftRefused, ListReading, RosterOptions, SourceFile
from bot.usecases.health import Finding, Grade, Sign, found
from bot.usecases.stewards import Board
from handlers.children.orders import Print, Read, Reading, ReadList, ToRead
from handlers.pictures.poster import poster
from handlers.sheets.paper import Paper
from handlers.texts.catalogue import languages, spoken

Places = Sequence[tuple[str, Sequence[str]]]
"""Workplaces by name, with the codes of their cards."""

MEGABYTE = 1_000_000

READS = Trade(module="handlers.children.reads", most=12 * MEGABYTE)
DRAWS = Trade(module="handlers.children.draws", most=4 * MEGABYTE, orders=100)  # it takes two seconds to start
PRINTS = Trade(module="handlers.children.prints", most=64 * MEGABYTE)

WITHIN_S = 60.0
"""However busy the machine is."""

PER_CARD_S = 0.2
"""Ten times what one takes."""

STEP = 600
"""Cards that take two or three seconds; whoever waits for more hears after each so many how far it is."""


async def read(
    workshop: Workshop, toml: SourceFile, roster: SourceFile | None, options: RosterOptions, *, now: datetime
) -> Draft:
    """Do what `bot.draft.read` does. Raises DraftRefused, WorkFailed, WorkshopFull."""
    reading = await _read(workshop, _order(toml, roster, options, now))
    if reading.problems:
        raise DraftRefused(reading.problems, more=reading.more)
    if reading.draft is None or not reading.draft.is_sound:
        raise WorkFailed
    return reading.draft


async def workplaces_file(workshop: Workshop, toml: SourceFile) -> str | None:
    """Do what `bot.draft.workplaces_file` does. Raises WorkFailed, WorkshopFull."""
    return (await _read(workshop, _order(toml, None, RosterOptions(), None))).names


async def read_list(
    workshop: Workshop, source: SourceFile, options: RosterOptions, toml: SourceFile | None = None
) -> ListReading:
    """Do what `bot.draft.read_list` does; `toml` names the areas. Raises WorkFailed, WorkshopFull."""
    order = ReadList(source=source, toml=toml, options=options, languages=tuple(languages()))
    listed = (await _read(workshop, order)).listed
    if listed is None:
        raise WorkFailed
    return listed


def _order(toml: SourceFile, roster: SourceFile | None, options: RosterOptions, now: datetime | None) -> Read:
    return Read(toml=toml, roster=roster, options=options, languages=tuple(languages()), now=now)


async def _read(workshop: Workshop, order: Read | ReadList) -> Reading:
    said = await workshop.do(READS, plain.write(ToRead(wanted=order)), within_s=WITHIN_S)
    try:
        return plain.read(Reading, said)
    except plain.Misshapen:
        raise WorkFailed from None


async def picture(workshop: Workshop, board: Board) -> bytes:
    """Draw the board as a PNG, 1080 pixels wide. Raises WorkFailed, WorkshopFull."""
    return await workshop.do(DRAWS, plain.write(poster(board)), within_s=WITHIN_S)


async def sheet(
    workshop: Workshop,
    terms: Terms,
    places: Places,
    *,
    telegram: str | None = None,
    discord: str | None = None,
    paper: Paper | None = None,
    told: Callable[[int], None] | None = None,
) -> bytes:
    """Do what `handlers.sheets.sheet` does, in the language spoken now. Raises WorkFailed, WorkshopFull.

    `told` hears how many cards are drawn, each time there are STEP more.
    """
    cards = sum(len(codes) for _name, codes in places)
    order = Print(
        terms=terms,
        places=tuple((name, tuple(codes)) for name, codes in places),
        telegram=telegram,
        discord=discord,
        paper=paper,
        language=spoken(),
        step=STEP if told else 0,
    )
    steps = [partial(told, drawn) for drawn in range(STEP, cards + 1, STEP)] if told else ()
    return await workshop.do(PRINTS, plain.write(order), within_s=WITHIN_S + PER_CARD_S * cards, steps=steps)


async def examined(workshop: Workshop) -> Finding:
    """Start one, and say what this system keeps it from."""
    try:
        in_force = await workshop.in_force(READS)
    except (WorkFailed, WorkshopFull):
        return found(Sign.CHILDREN_FAIL, Grade.BAD)
    if in_force.files and in_force.calls:
        return found(Sign.CHILDREN_CONFINED)
    return found(Sign.CHILDREN_LOOSE, Grade.LOOK)
