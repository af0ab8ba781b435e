"""What organizers can ask once a walkout is over."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bot.domain.model import Stage
from bot.domain.rules import NOT_OVER
from bot.usecases import organizers
from bot.usecases.report import report as make
from bot.usecases.stewards import Board
from handlers.conversation import board, board_csv
from handlers.conversation.messages import Ask, File, Reply, Tell, nearest_page, old_button, page_buttons, whole_number
from handlers.texts import report as texts
from handlers.texts.board import is_silent

_OVER = frozenset({Stage.ON, Stage.LAPSED, Stage.CALLED_OFF, Stage.ENDED})
_CLOSED = frozenset({Stage.CLOSED})


async def report(ask: Ask) -> Reply:
    """Show what was reached, and hand it over as a file."""
    seen = await _made(ask, ask.first)
    file = File(name=f"report-{seen.walkout.id}.csv", data=board_csv.table(seen))
    reply = _page(seen, 1, file)
    return reply if seen.ladder is None else replace(reply, rest=partial(_ladder, ask, seen))


async def _ladder(ask: Ask, seen: Board, _tell: Tell) -> Reply:
    return await board.ladder(ask, seen)


async def press_page(ask: Ask) -> Reply:
    """Show another page of it."""
    match ask.words:
        case (name, number) if (page := whole_number(number)) is not None and await ask.is_organizer():
            return _page(await _made(ask, name), page, None)
    return old_button()


async def _made(ask: Ask, named: str | None) -> Board:
    walkout = await organizers.which(ask.app.store, named, [_OVER, _CLOSED, NOT_OVER], now=ask.app.clock())
    return await make(walkout, ask.app.store, ask.app.clock)


def _page(seen: Board, page: int, file: File | None) -> Reply:
    seen = replace(seen, units=tuple(line for line in seen.units if not is_silent(line)))
    pages = texts.pages(seen)
    page = nearest_page(page, pages)
    buttons = page_buttons(page, pages, lambda number: f"h:{seen.walkout.id}:{number}")
    return Reply(kind="report", text=texts.report(seen, page), buttons=buttons, file=file)
