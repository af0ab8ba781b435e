"""What /help says: a few lines for a worker; what comes next for organizers and stewards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.model import Walkout
from bot.usecases.agenda import Step
from handlers.texts.board import next_tally, stage
from handlers.texts.catalogue import _
from handlers.texts.committee import named


def worker(*, typed: bool) -> str:
    """Say in four lines what a worker can do."""
    return "\n".join(
        [
            _("Have a card? Send me its code: you read everything before you pledge.")
            if typed
            else _("Have a card? Send /start and its code: you read everything before you pledge."),
            _("How does it stand? Press Check under your card, or send /status and the code."),
            _("Changed your mind? Press Withdraw, or send /withdraw and the code."),
            _("What do I keep? /privacy. Is a message really mine? /verify and its Ref."),
        ]
    )


def which(walkouts: Sequence[Walkout]) -> str:
    """Ask which of several walkouts is meant."""
    lines = [_("{walkout}: {stage}").format(walkout=named(each), stage=stage(each.stage)) for each in walkouts]
    return "\n".join([_("What comes next? Choose the walkout."), *lines])


def steps(walkout: Walkout | None, found: Sequence[Step], now: datetime) -> str:
    """Say where a walkout stands, and what to do now."""
    lines = []
    if walkout is not None:
        lines.append(_("{walkout}: {stage}").format(walkout=named(walkout), stage=stage(walkout.stage)))
        if walkout.next_tally is not None and walkout.next_tally > now:
            lines.append(next_tally(walkout))
    lines.append(_("What comes next:") if found else _("There is nothing to do now."))
    return "\n".join([*lines, *(f"• {_what(step)}" for step in found)])


def _what(step: Step) -> str:
    return {
        Step.DRAFT: _("Draft a walkout: I ask, you answer."),
        Step.BIND_ROOM: _("Bind a citywide room, or nobody hears there that it is on."),
        Step.PRINT_CARDS: _("Print cards: some workplaces have none, and nobody can pledge there."),
        Step.APPOINT: _("Appoint stewards: some workplaces have none."),
        Step.APPOINT_ORGANIZER: _("Appoint another organizer: alone you cannot open it."),
        Step.OPEN: _("Open it: you read first what that does."),
        Step.BOARD: _("Look at the board."),
        Step.TEST_ROOMS: _("Test the rooms: each one hears it, and you see which do not."),
        Step.COUNT_CARDS: _("Say how many cards were drawn, with /drawn."),
        Step.REPORT: _("Read what was reached."),
    }[step]


def label(step: Step) -> str:
    """Name the button of a step."""
    return {
        Step.DRAFT: _("Draft a walkout"),
        Step.BIND_ROOM: _("Bind a room"),
        Step.PRINT_CARDS: _("Print cards"),
        Step.APPOINT: _("Appoint a steward"),
        Step.APPOINT_ORGANIZER: _("Appoint organizer"),
        Step.OPEN: _("Open it"),
        Step.BOARD: _("Board"),
        Step.TEST_ROOMS: _("Rooms"),
        Step.COUNT_CARDS: _("Cards drawn"),
        Step.REPORT: _("Report"),
    }[step]


def all_commands() -> str:
    """Name a button."""
    return _("All commands")
