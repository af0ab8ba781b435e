"""What organizers read once a walkout is over: numbers of the board, never exact ones."""

from __future__ import annotations

from bot.usecases.stewards import Board
from handlers.texts.board import board, pages
from handlers.texts.catalogue import _
from handlers.texts.kinds import by_kind
from handlers.texts.times import when

__all__ = ["pages", "report"]


def report(seen: Board, page: int) -> str:
    """Say a page of it."""
    head = by_kind(
        seen.walkout.terms.kind,
        _("Report. It was to start on {starts}. These are the board's numbers: exact ones are not kept."),
        survey=_("Report. It was open until {starts}. These are the board's numbers: exact ones are not kept."),
    )
    return f"{head.format(starts=when(seen.walkout.terms.starts, seen.walkout.terms))}\n\n{board(seen, page)}"
