"""What was reached, once a walkout is over: the board as the last tally left it, turnout and all."""

from __future__ import annotations

from bot.domain.errors import TooEarlyToReport, WrongStage
from bot.domain.model import Stage, StepKind, Walkout
from bot.domain.rules import ASKED_FOR, PLEDGING
from bot.process.clock import Clock
from bot.storage.store import Store
from bot.usecases import stewards
from bot.usecases.stewards import Board


async def report(walkout: Walkout, store: Store, clock: Clock) -> Board:
    """Return the last board of a walkout that is over. It stays when the walkout is closed; exact counts do not.

    Raises WrongStage (a draft), TooEarlyToReport.
    """
    if walkout.stage is Stage.DRAFT:
        raise WrongStage(walkout.stage)
    over = walkout.terms.starts
    if walkout.terms.kind is not StepKind.SURVEY:
        over += ASKED_FOR
    if walkout.stage in PLEDGING and clock() < over:
        raise TooEarlyToReport(over, walkout.terms)
    return await stewards.board(walkout.id, store, whole=True)
