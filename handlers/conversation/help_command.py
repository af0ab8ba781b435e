"""/help: a few lines for a worker; what comes next for organizers and stewards."""

from __future__ import annotations

from bot.domain.model import Stage, Walkout
from bot.domain.roles import Duty, Roles
from bot.domain.rules import NOT_OVER, most_current
from bot.guards.readiness import Gaps, gaps
from bot.parsing import typed_text
from bot.usecases.agenda import MOST, Step, next_steps
from handlers.conversation.messages import Ask, Button, Reply, RoomsBy, say_buttons
from handlers.conversation.questions import questions_button
from handlers.texts import help_command as texts

ALL = "all"
"""Behind /help: every command."""


async def coming(ask: Ask, roles: Roles) -> Reply:
    """Say what somebody can do here now."""
    if not roles.any:
        return Reply(
            kind="help", text=texts.worker(typed=ask.ways.typed), buttons=(questions_button(""), *_all_commands())
        )
    walkouts = await _theirs(ask, roles)
    if len(walkouts) > 1:
        choice = say_buttons((each.id, ("help", each.id)) for each in walkouts[:MOST])
        return Reply(kind="help", text=texts.which(walkouts), buttons=(*choice, *_all_commands()))
    walkout = walkouts[0] if walkouts else None
    lacks = Gaps() if walkout is None else await gaps(ask.app.store, walkout.id, now=ask.app.clock())
    started = walkout is not None and ask.app.clock() >= walkout.terms.starts
    stage = None if walkout is None else walkout.stage
    steps = next_steps(stage, lacks, organizer=roles.may(Duty.RUN), started=started)
    buttons = say_buttons((texts.label(step), words) for step in steps if (words := _words(ask, step, walkout)))
    text = texts.steps(walkout, steps, ask.app.clock())
    return Reply(kind="help", text=text, buttons=(*buttons, *_all_commands()))


async def _theirs(ask: Ask, roles: Roles) -> list[Walkout]:
    """Return the walkouts that matter to somebody now: the one that is named, those not over, or what was last."""
    mine = {walkout for walkout, _place in roles.units}
    found = [each for each in await ask.app.store.walkouts() if roles.may(Duty.RUN) or each.id in mine]
    if ask.first is not None and (named := [each for each in found if each.id == typed_text.word(ask.first).lower()]):
        return named
    ended = [each for each in found if each.stage not in {*NOT_OVER, Stage.CLOSED}]
    return most_current([each for each in found if each.stage in NOT_OVER], now=ask.app.clock()) or ended[-1:]


def _words(ask: Ask, step: Step, walkout: Walkout | None) -> tuple[str, ...]:
    """Return the command that a step's button says; none where there is nothing to press."""
    if step is Step.DRAFT:
        return ("draft",)
    if walkout is None:
        return ()
    of = walkout.id
    # elsewhere it is the place, or the name typed, that says which room is meant
    room = ("room", of, "citywide") if ask.ways.rooms_by is RoomsBy.WORD else ("room",)
    return {
        Step.BIND_ROOM: room,
        Step.PRINT_CARDS: ("cards", of),
        Step.APPOINT: ("appoint",),
        Step.APPOINT_ORGANIZER: ("appoint", "organizer"),
        Step.OPEN: ("open", of),
        Step.BOARD: ("board", of),
        Step.TEST_ROOMS: ("rooms", of),
        Step.COUNT_CARDS: ("drawn",),
        Step.REPORT: ("report", of),
    }[step]


def _all_commands() -> tuple[Button, ...]:
    return tuple(say_buttons([(texts.all_commands(), ("help", ALL))]))
