"""What cannot be undone: a page says what it does, and only the page's button does it.

The button carries a mark of what was read. Pressed when that is not so any more, it shows the page anew and does
nothing; so it does what was read, or nothing, however late it is pressed or delivered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.domain.errors import NoSuchMember, NoSuchUnit, NothingToCorrect, Refused, WordTooSoon, WrongStage
from bot.domain.model import Stage, Unit, Walkout, WalkoutId
from bot.domain.roles import Became, Matter
from bot.domain.rules import NOT_OVER, PLEDGING, check_can_leave
from bot.domain.tree import labels
from bot.guards.readiness import Gaps, gaps
from bot.secrets import card_codes
from bot.usecases import committee_word, paper_cards, proposals, roles, suspensions
from bot.usecases.proposals import Progress
from handlers.conversation import word_buttons
from handlers.conversation.letter_buttons import fetch_buttons, ready_buttons, terms_button
from handlers.conversation.messages import Ask, Button, Reply, old_button
from handlers.texts import committee as texts
from handlers.texts import committee_word as word_texts
from handlers.texts import fence as fence_texts

SUSPEND = "suspend"
"""Beside the matters; no proposal, since it acts at once."""

MARK_LETTERS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What something does, and the button that does it."""

    text: str
    label: str
    do: Callable[[], Awaitable[Reply]]
    more: tuple[Button, ...] = ()

    @property
    def mark(self) -> str:
        """Change with everything that is read here."""
        return _mark(f"{self.text}\n{self.label}")


async def show(ask: Ask, what: str, *about: str) -> Reply:
    """Say what it does, and ask. Raises whatever makes it impossible."""
    page, _words = PAGES[what]
    return _shown(await page(ask, *about), what, about)


async def press(ask: Ask) -> Reply:
    """Do what was read; or, if that is not so any more, show how it is now."""
    what, *about, mark = ask.words if len(ask.words) > 1 else ("", "")
    make, words = PAGES.get(what, (None, 0))
    if make is None or len(about) != words or not await ask.decides():
        return old_button()
    if what != Matter.ADOPT:
        await ask.app.holds.check_change()
    if what not in OF_A_UNIT and not await ask.organizes():
        return old_button()
    try:
        page = await make(ask, *about)
    except (WrongStage, NoSuchMember, WordTooSoon, NothingToCorrect) as refused:
        if (done := await _done_before(ask, what, about, refused)) is None:
            raise
        return Reply(kind="done", text=done)
    if mark != page.mark:
        anew = _shown(page, what, tuple(about))
        return replace(anew, text=f"{texts.changed_since()}\n\n{anew.text}")
    return await page.do()


async def _done_before(ask: Ask, what: str, about: Sequence[str], refused: Refused) -> str | None:
    """Answer what was pressed twice, or after the others, and is so; None if it is not."""
    match refused:
        case WrongStage() if refused.stage in BECOMES.get(what, frozenset()):
            return texts.now(await ask.app.store.walkout(WalkoutId(about[0])))
        case NoSuchMember():
            return texts.removed_before()
        case WordTooSoon() | NothingToCorrect() if await committee_word.is_said(ask.context, WalkoutId(about[0])):
            return word_texts.said_before()
    return None


def _shown(page: Page, what: str, about: tuple[str, ...]) -> Reply:
    button = Button(label=page.label, data=":".join(["k", what, *about, page.mark]))
    return Reply(kind="sure", text=page.text, buttons=(button, *page.more))


def _mark(text: str) -> str:
    return card_codes.from_bytes(hashlib.sha256(text.encode()).digest())[:MARK_LETTERS]


async def _open(ask: Ask, of: str) -> Page:
    walkout = await ask.app.store.walkout(WalkoutId(of))
    await proposals.check_can_open(ask.context, walkout)
    lacks = await gaps(ask.app.store, walkout.id, now=ask.app.clock())
    content = {} if lacks.citywide_room else proposals.ANYWAY
    return Page(
        text=texts.page(
            texts.matter(Matter.OPEN, content, texts.named(walkout), ""),
            texts.does(Matter.OPEN, walkout, None, lacks),
            await proposals.approvals_needed(ask.context, Matter.OPEN, walkout.id),
        ),
        label=texts.do_it(Matter.OPEN, anyway=not lacks.citywide_room),
        do=partial(_then, ask, partial(proposals.open_up, ask.context, walkout.id, anyway=not lacks.citywide_room)),
        more=(terms_button(walkout.id), *ready_buttons(walkout.id)),
    )


async def _call_off(ask: Ask, of: str) -> Page:
    walkout = await ask.app.store.walkout(WalkoutId(of))
    if walkout.stage not in NOT_OVER:
        raise WrongStage(walkout.stage)
    return Page(
        text=texts.page(
            texts.matter(Matter.CALL_OFF, {}, texts.named(walkout), ""),
            texts.does(Matter.CALL_OFF, walkout, None, await gaps(ask.app.store, walkout.id, now=ask.app.clock())),
            await proposals.approvals_needed(ask.context, Matter.CALL_OFF, walkout.id),
        ),
        label=texts.do_it(Matter.CALL_OFF),
        do=partial(_then, ask, partial(proposals.propose, ask.context, Matter.CALL_OFF, walkout=walkout.id)),
    )


async def _unit(ask: Ask, matter: Matter, of: str, number: str) -> tuple[Walkout, Unit]:
    """Find the unit that is meant. Raises NoSuchUnit, Forbidden, Frozen."""
    walkout = await ask.app.store.walkout(WalkoutId(of))
    units = await ask.app.store.units(walkout.id)
    place = next((each for each in units if str(each.id) == number), None)
    if place is None:
        raise NoSuchUnit("", ())
    await ask.context.check(matter, walkout.id, place.id)
    return walkout, replace(place, name=labels(units)[place.id])


async def _end_cards(matter: Matter, ask: Ask, of: str, number: str) -> Page:
    walkout, place = await _unit(ask, matter, of, number)
    await paper_cards.check_can_end(ask.context, matter, walkout, place)
    return await _of_a_unit(ask, matter, walkout, place, partial(paper_cards.end, ask.context, matter, walkout, place))


async def _leave(ask: Ask, of: str, number: str) -> Page:
    walkout, unit = await _unit(ask, Matter.LEAVE, of, number)
    check_can_leave(walkout, unit, now=ask.app.clock())
    propose = partial(
        proposals.propose, ask.context, Matter.LEAVE, walkout=walkout.id, workplace=unit.id, place=unit.name
    )
    return await _of_a_unit(ask, Matter.LEAVE, walkout, unit, propose)


async def _of_a_unit(
    ask: Ask, matter: Matter, walkout: Walkout, unit: Unit, propose: Callable[[], Awaitable[Progress]]
) -> Page:
    return Page(
        text=texts.page(
            texts.matter(matter, {}, texts.named(walkout), unit.name),
            texts.does(matter, walkout, unit, Gaps()),
            await proposals.approvals_needed(ask.context, matter, walkout.id, unit=unit.id),
        ),
        label=texts.do_it(matter),
        do=partial(_then, ask, propose),
    )


async def _word(ask: Ask, of: str) -> Page:
    walkout = await ask.app.store.walkout(WalkoutId(of))
    hand, wording = await committee_word.written(ask.context, walkout)
    content, known = wording.content, await committee_word.languages(ask.app.store, walkout, wording)
    missing = word_texts.unwritten([each for each in known if each not in wording.words])
    what = texts.matter(Matter.WORD, content, texts.named(walkout), "")
    return Page(
        text=texts.page(
            "\n\n".join([what, word_texts.read_out(content, walkout)]),
            [*word_texts.effects(content), *filter(None, [missing])],
            await proposals.approvals_needed(ask.context, Matter.WORD, walkout.id),
        ),
        label=texts.do_it(Matter.WORD),
        do=partial(_then, ask, partial(proposals.propose, ask.context, Matter.WORD, walkout=walkout.id, **content)),
        more=word_buttons.under_page(hand, wording, known),
    )


async def _adopt(ask: Ask) -> Page:
    return Page(
        text=texts.page(
            texts.matter(Matter.ADOPT, {}, "", ""),
            texts.does(Matter.ADOPT, None, None, Gaps()),
            await proposals.approvals_needed(ask.context, Matter.ADOPT, None),
        ),
        label=texts.do_it(Matter.ADOPT),
        do=partial(_adopted, ask),
    )


async def nothing_to_adopt(ask: Ask) -> Reply | None:
    """Answer whoever lets this bot go on, where nothing keeps it from that."""
    return None if await ask.app.fence.foreign() else Reply(kind="done", text=fence_texts.adopted(()))


async def _adopted(ask: Ask) -> Reply:
    return await nothing_to_adopt(ask) or proposed(
        ask, await proposals.propose(ask.context, Matter.ADOPT, walkout=None)
    )


def known_as(nickname: str) -> str:
    """Return how a button names somebody: nicknames may be longer than a button's data."""
    return _mark(nickname.casefold())


async def _nickname(ask: Ask, known: str) -> str:
    names = [ask.app.keys.unseal(each.nickname) for each in (await ask.app.store.committee()).members.values()]
    found = next((name for name in names if known_as(name) == known), None)
    if found is None:
        raise NoSuchMember("")
    return found


async def _remove(ask: Ask, known: str) -> Page:
    nickname = await _nickname(ask, known)
    needed = await roles.check_can_remove(ask.context, nickname)
    return Page(
        text=texts.page(texts.remove_title(nickname), texts.removing(), needed),
        label=texts.do_it(Matter.REMOVE),
        do=partial(_removed, ask, nickname),
    )


async def _removed(ask: Ask, nickname: str) -> Reply:
    progress = await roles.remove(ask.context, nickname)
    return Reply(kind="done", text=texts.removed(nickname)) if progress is None else proposed(ask, progress)


async def _suspend(ask: Ask, known: str) -> Page:
    nickname = await _nickname(ask, known)
    await suspensions.check_can_suspend(ask.context, nickname)
    return Page(text=texts.suspending(nickname), label=texts.suspend_label(), do=partial(_suspended, ask, nickname))


async def _suspended(ask: Ask, nickname: str) -> Reply:
    stopped, others_decide = await suspensions.suspend(ask.context, nickname)
    return Reply(kind="suspended", text=texts.suspended(stopped, others_decide=others_decide))


async def _then(ask: Ask, propose: Callable[[], Awaitable[Progress]]) -> Reply:
    return proposed(ask, await propose())


def proposed(ask: Ask, progress: Progress) -> Reply:
    """Say how far a proposal has come."""
    kind = {Became.OPEN: "proposed", Became.REFUSED: "refused"}.get(progress.proposal.became, "done")
    fetches = progress.proposal.became is Became.GRANTED and progress.proposal.proposer == ask.context.me
    buttons = fetch_buttons(progress.proposal.id) if fetches else ()
    return Reply(kind=kind, text=texts.proposal(progress), buttons=buttons)


PAGES: dict[str, tuple[Callable[..., Awaitable[Page]], int]] = {
    Matter.OPEN: (_open, 1),
    Matter.CALL_OFF: (_call_off, 1),
    Matter.VOID: (partial(_end_cards, Matter.VOID), 2),
    Matter.RECALL: (partial(_end_cards, Matter.RECALL), 2),
    Matter.LEAVE: (_leave, 2),
    Matter.REMOVE: (_remove, 1),
    Matter.WORD: (_word, 1),
    Matter.ADOPT: (_adopt, 0),
    SUSPEND: (_suspend, 1),
}
"""Everything that is asked about before it is done, and how many words say what it is about."""

OF_A_UNIT = frozenset({Matter.VOID, Matter.RECALL, Matter.LEAVE})
"""What is about one unit, so that each looks for itself whether whoever asks may do it there."""

BECOMES: dict[str, frozenset[Stage]] = {Matter.OPEN: PLEDGING, Matter.CALL_OFF: frozenset({Stage.CALLED_OFF})}
"""The stages in which it was done already."""
