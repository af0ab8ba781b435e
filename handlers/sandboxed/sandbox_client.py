"""What is fed with other people's files and words is done in a process that holds no key; this is how it is asked for.

Whoever takes one over can answer falsely, and no more: what was read is held against what a file can give, and the
organizers read its preview; what was drawn or printed is passed on as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from bot.domain.errors import LettersMissing, SandboxFull, WorkFailed
from bot.domain.model import Terms
from bot.draft import Before, Draft, DraftRefused, ListReading, RosterOptions, SourceFile
from bot.sandbox import codec
from bot.sandbox.pool import SandboxPool, WorkerKind
from bot.usecases.health import Finding, Grade, Sign, found
from bot.usecases.stewards import Board
from handlers.pictures.poster import poster
from handlers.pictures.stairs import stairs
from handlers.sandboxed.orders import Print, Read, Reading, ReadList, ToDraw, ToRead, Undrawable
from handlers.sheets.paper import Paper
from handlers.texts.catalogue import languages, spoken
from handlers.texts.organizers_words import worded

Places = Sequence[tuple[str, Sequence[str]]]
"""Workplaces by name, with the codes of their cards."""

MEGABYTE = 1_000_000

READS = WorkerKind(module="handlers.sandboxed.reads", most=12 * MEGABYTE)
DRAWS = WorkerKind(module="handlers.sandboxed.draws", most=4 * MEGABYTE, orders=100)  # it takes two seconds to start
PRINTS = WorkerKind(module="handlers.sandboxed.prints", most=64 * MEGABYTE)

MOST_LETTERS = 100
"""That may be missing: what a child says is not printed without end."""

PDF = b"%PDF"
"""How such a file begins."""

WITHIN_S = 60.0
"""However busy the machine is."""

PER_CARD_S = 0.2
"""Ten times what one takes."""

STEP = 600
"""Cards that take two or three seconds; whoever waits for more hears after each so many how far it is."""


async def read(
    sandbox: SandboxPool,
    toml: SourceFile,
    roster: SourceFile | None,
    options: RosterOptions,
    *,
    now: datetime,
    after: Before | None = None,
) -> Draft:
    """Do what `bot.draft.read` does. Raises DraftRefused, WorkFailed, WorkshopFull."""
    reading = await _read(sandbox, _order(toml, roster, options, now, after))
    if reading.problems:
        raise DraftRefused(reading.problems, more=reading.more)
    if reading.draft is None or not reading.draft.is_sound:
        raise WorkFailed
    return reading.draft


async def workplaces_file(sandbox: SandboxPool, toml: SourceFile) -> str | None:
    """Do what `bot.draft.workplaces_file` does. Raises WorkFailed, WorkshopFull."""
    return (await _read(sandbox, _order(toml, None, RosterOptions(), None))).names


async def read_list(
    sandbox: SandboxPool, source: SourceFile, options: RosterOptions, toml: SourceFile | None = None
) -> ListReading:
    """Do what `bot.draft.read_list` does; `toml` names the areas. Raises WorkFailed, WorkshopFull."""
    order = ReadList(source=source, toml=toml, options=options, languages=tuple(languages()))
    listed = (await _read(sandbox, order)).listed
    if listed is None:
        raise WorkFailed
    return listed


def _order(
    toml: SourceFile,
    roster: SourceFile | None,
    options: RosterOptions,
    now: datetime | None,
    after: Before | None = None,
) -> Read:
    return Read(toml=toml, roster=roster, options=options, languages=tuple(languages()), now=now, after=after)


async def _read(sandbox: SandboxPool, order: Read | ReadList) -> Reading:
    said = await sandbox.do(READS, codec.write(ToRead(wanted=order)), within_s=WITHIN_S)
    try:
        return codec.read(Reading, said)
    except codec.Misshapen:
        raise WorkFailed from None


async def picture(sandbox: SandboxPool, board: Board) -> bytes:
    """Draw the board as a PNG, 1080 pixels wide. Raises WorkFailed, WorkshopFull."""
    return await sandbox.do(DRAWS, codec.write(ToDraw(wanted=poster(board))), within_s=WITHIN_S)


async def ladder(sandbox: SandboxPool, board: Board) -> bytes:
    """Draw how far its campaign has come, likewise. Raises WorkFailed, WorkshopFull."""
    return await sandbox.do(DRAWS, codec.write(ToDraw(wanted=stairs(board))), within_s=WITHIN_S)


async def sheet(
    sandbox: SandboxPool,
    terms: Terms,
    places: Places,
    *,
    telegram: str | None = None,
    discord: str | None = None,
    also: Sequence[str] = (),
    paper: Paper | None = None,
    told: Callable[[int], None] | None = None,
) -> bytes:
    """Do what `handlers.sheets.sheet` does, in the language spoken now.

    Raises LettersMissing, WorkFailed, WorkshopFull.

    `told` hears how many cards are drawn, each time there are STEP more.
    """
    cards = sum(len(codes) for _name, codes in places)
    order = Print(
        terms=terms,
        places=tuple((name, tuple(codes)) for name, codes in places),
        telegram=telegram,
        discord=discord,
        also=tuple(also),
        paper=paper,
        language=spoken(),
        step=STEP if told else 0,
    )
    steps = [partial(told, drawn) for drawn in range(STEP, cards + 1, STEP)] if told else ()
    said = await sandbox.do(PRINTS, codec.write(order), within_s=WITHIN_S + PER_CARD_S * cards, steps=steps)
    if said.startswith(PDF):
        return said
    try:
        why = codec.read(Undrawable, said)
    except codec.Misshapen:
        raise WorkFailed from None
    if not {worded(terms).title, *(name for name, _codes in places)}.issuperset(why.names):
        raise WorkFailed
    raise LettersMissing(why.letters[:MOST_LETTERS], why.names)


async def examined(sandbox: SandboxPool) -> Finding:
    """Start one of each kind, and say what this system keeps them from."""
    try:
        in_force = [await sandbox.in_force(kind) for kind in (READS, DRAWS, PRINTS)]
    except (WorkFailed, SandboxFull):
        return found(Sign.CHILDREN_FAIL, Grade.BAD)
    if all(each.files and each.calls for each in in_force):
        return found(Sign.CHILDREN_CONFINED)
    return found(Sign.CHILDREN_LOOSE, Grade.LOOK)
