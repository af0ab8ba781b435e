"""What organizers can say."""

from __future__ import annotations

from bot.domain.errors import WrongStage
from bot.domain.model import Stage
from bot.domain.roles import Became, Matter
from bot.domain.rules import NOT_OVER, PLEDGING
from bot.usecases import organizers, proposals
from bot.usecases.proposals import Gaps, Progress
from handlers.conversation.letters import fetch_buttons
from handlers.conversation.parts import Ask, Reply
from handlers.texts import committee as committee_texts
from handlers.texts import organizers as texts

_DRAFT = frozenset({Stage.DRAFT})


async def walkouts(ask: Ask) -> Reply:
    """List the walkouts."""
    found = await ask.app.store.walkouts()
    return Reply(kind="walkouts", text=texts.walkouts(found))


async def open_up(ask: Ask) -> Reply:
    """Propose to open a draft."""
    walkout = await organizers.which(ask.app.store, ask.first, [_DRAFT])
    await proposals.check_can_open(ask.desk, walkout)
    lacks = await proposals.gaps(ask.desk, walkout.id)
    return proposed(ask, await proposals.propose(ask.desk, Matter.OPEN, walkout=walkout.id), lacks)


async def call_off(ask: Ask) -> Reply:
    """Propose to call a walkout off."""
    walkout = await organizers.which(ask.app.store, ask.first, [PLEDGING])
    if walkout.stage not in NOT_OVER:
        raise WrongStage(walkout.stage)
    return proposed(ask, await proposals.propose(ask.desk, Matter.CALL_OFF, walkout=walkout.id))


def proposed(ask: Ask, progress: Progress, lacks: Gaps | None = None) -> Reply:
    """Say how far a proposal has come."""
    kind = {Became.OPEN: "proposed", Became.REFUSED: "refused"}.get(progress.proposal.became, "done")
    fetches = progress.proposal.became is Became.GRANTED and progress.proposal.proposer == ask.desk.me
    buttons = fetch_buttons(progress.proposal.id) if fetches else ()
    return Reply(kind=kind, text=committee_texts.proposal(progress, lacks), buttons=buttons)
