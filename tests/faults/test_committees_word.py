"""What organizers have approved is said exactly once, wherever the bot ends; and never more than the rules let them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.domain.errors import NotRecorded, Refused
from bot.domain.model import Kind, Ruling, Stage
from bot.domain.roles import Became, Matter
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.keys import Person
from bot.storage import postgres, sqlite
from bot.storage.sql.committee_words import CommitteeWords
from bot.storage.store import Room
from bot.usecases import organizers, proposals
from bot.usecases.context import RequestContext
from tests.conftest import NOON, STARTS, WALKOUT, fresh_folder, opened, shops
from tests.faults.trials import Trials, trials
from tests.stores import open_app
from tests.test_outbox import Post

OLGA, OMAR = Person("here", "olga"), Person("here", "omar")
ROOMS = ("#all", "#one", "#two")
MOST = 40
"""More statements than it takes to approve, say and note it."""


class Killed(Exception):  # noqa: N818  an end, not a fault
    """The bot ends here."""


@contextmanager
def ending_after(statements: int) -> Iterator[None]:
    """Let the bot end before a statement of its store."""
    left = statements

    def ending(real: Callable[..., Any]) -> Callable[..., Any]:
        async def rows(self: object, sql: str, parameters: Any = ()) -> Any:
            nonlocal left
            if sql not in {"ROLLBACK", "COMMIT"}:
                left -= 1
                if left < 0:
                    raise Killed
            return await real(self, sql, parameters)

        return rows

    with pytest.MonkeyPatch.context() as patched:
        for engine in (sqlite.engine.Engine, postgres.engine.Engine):
            patched.setattr(engine, "_rows", ending(engine._rows))
        yield


def content(words: str, corrects: str = "") -> dict[str, Any]:
    return {"words": {"en": words}, "own": "en", "to": "all", "where": "", "corrects": corrects}


def context(app: App, who: Person, clock: MovableClock, number: str = "") -> RequestContext:
    return RequestContext(who=who, store=app.store, keys=app.keys, clock=clock, number=number)


async def prepare(app: App) -> None:
    """Let it be on, with three rooms and two organizers."""
    for who in (OLGA, OMAR):
        await organizers.add(who, who.account, app.store, app.keys)
    app.keys.add_walkout(WALKOUT)
    on = replace(opened(approvals=2), stage=Stage.ON)
    await app.store.add_walkout(on, shops(40, 40))
    for scope, name in zip((None, *(unit.id for unit in shops(40, 40))), ROOMS, strict=True):
        await app.store.bind_room(Room(walkout=WALKOUT, scope=scope, way="here", address=name))


def heard(post: Post) -> Counter[str]:
    return Counter(each.address for each in post.letters if each.news.kind is Kind.COMMITTEE_WORD)


async def _history(folder: Path, chance: Random) -> Counter[str]:
    """Propose a word and approve it; end somewhere, and let the press come again."""
    clock, post = MovableClock(NOON), Post()
    async with open_app(folder, clock=clock, senders={"here": post}) as app:
        await prepare(app)
        asked = await proposals.propose(
            context(app, OLGA, clock, "1"), Matter.WORD, walkout=WALKOUT, **content("Bring water.")
        )
        with ending_after(chance.randrange(MOST)), suppress(Killed, NotRecorded):
            await proposals.opine(context(app, OMAR, clock, "2"), asked.proposal.id, approves=True)
    async with open_app(folder, clock=clock, senders={"here": post}) as app:
        progress = await proposals.opine(context(app, OMAR, clock, "2"), asked.proposal.id, approves=True)
        assert progress.proposal.became is Became.DONE
        await app.outboxes["here"].deliver()
        assert len(await app.store.words_said(WALKOUT)) == 1
    return heard(post)


@trials(12, full=4_000)
async def test_it_is_said_exactly_once_wherever_the_bot_ends(tries: Trials) -> None:
    for number in range(tries.number):
        with tries.attempt(number), fresh_folder() as folder:
            assert await _history(folder, tries.random(number)) == Counter(ROOMS)


async def test_one_that_is_said_in_one_transaction_and_concluded_in_another_would_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cut off between the two, it would be refused as the second of the day."""

    async def in_two(self: Any, proposal: str, walkout: Any, rule: Any, news: Any, note: Any) -> bool:
        said = await self.words_said(walkout)

        def say(seen: Any, units: Sequence[Any]) -> Ruling:
            return Ruling(walkout=seen, announcements=tuple(rule(seen, units, said)))

        await self.decide(walkout, say)
        done: bool = await self.conclude(proposal, Became.DONE, news, note, expected=Became.OPEN)
        return done

    monkeypatch.setattr(CommitteeWords, "say_approved", in_two)
    wrong = 0
    for number in range(0, MOST, 2):
        with fresh_folder() as folder:
            try:
                wrong += await _history(folder, _At(number)) != Counter(ROOMS)
            except (Refused, AssertionError):
                wrong += 1
        if wrong:
            break
    assert wrong


class _At(Random):
    """Ends at a given statement."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._at = at

    def randrange(self, *_: Any, **__: Any) -> int:
        return self._at


@trials(3, full=2_000)
async def test_whatever_is_approved_and_when_there_is_one_a_day_and_one_correction_of_it(tries: Trials) -> None:
    for number in range(tries.number):
        with tries.attempt(number), fresh_folder() as folder:
            await _many(folder, tries.random(number))


async def _many(folder: Path, chance: Random) -> None:
    clock = MovableClock(NOON)
    async with open_app(folder, clock=clock, senders={}) as app:
        await prepare(app)
        open_ones: list[str] = []
        for nth in range(12):
            clock.move_to(clock() + timedelta(hours=chance.choice([0, 1, 5, 23, 24])))
            said = await app.store.words_said(WALKOUT)
            corrects = chance.choice(["", *(each.occasion for each in said)])
            with suppress(Refused):
                asked = await proposals.propose(
                    context(app, OLGA, clock), Matter.WORD, walkout=WALKOUT, **content(f"{nth}", corrects)
                )
                open_ones.append(asked.proposal.id)
            for each in chance.sample(open_ones, min(2, len(open_ones))):
                with suppress(Refused):
                    await proposals.opine(context(app, OMAR, clock), each, approves=True)
        said = await app.store.words_said(WALKOUT)
    own = [each for each in said if not each.content["corrects"]]
    assert all(later.at - before.at >= timedelta(hours=24) for before, later in pairwise(own))
    corrected = [each.content["corrects"] for each in said if each.content["corrects"]]
    assert len(set(corrected)) == len(corrected)
    assert set(corrected) <= {each.occasion for each in own}
    assert all(each.at < STARTS + timedelta(hours=24) for each in said)
