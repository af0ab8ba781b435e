"""An announcement is never lost; to each chat Telegram repeats one at most for each crash or lost answer, Discord none.

Discord knows by a stored nonce what is sent again, for as long as it remembers nonces: some minutes. After that it is
like Telegram.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from functools import partial
from itertools import groupby
from random import Random
from typing import Any

import pytest

from bot.delivery.outbox import LONGEST_WAIT
from bot.domain import rules
from bot.process.clock import MovableClock
from tests.discord import faults as on_discord
from tests.discord import house as discord
from tests.faults import planted
from tests.faults.houses import DiscordHouse, TelegramHouse, discord_house, telegram_house
from tests.faults.trials import Trials, trials
from tests.house import City, found, stand
from tests.stores import open_app
from tests.telegram import house as telegram
from tests.telegram import server as on_telegram

DAY = timedelta(days=1)
TOLD = 4
"""Workers who asked to be told."""

LATER = LONGEST_WAIT + timedelta(seconds=1)
"""By then whatever was put off is sent again."""

LIVES = 5
"""Of bots that nobody ends, in which everything is told and written down."""

STEPS = 500
"""More than a bot takes to start, take a tally and send all its news."""

SEEDS = 8
"""Histories in which one must show a fault that shows by chance."""

TO_MARK = 40
"""Steps from Telegram's answer until it is written down, and some more."""


class Cut(Enum):
    """Where a bot ends, or an answer is lost."""

    BEFORE = "before it was sent"  #: it is on its way, and not applied
    AFTER = "after it was applied"
    MARK = "before it was marked"
    ANYWHERE = "anywhere"
    LOST = "its answer lost"  #: the bot lives on, and stops


class Ends(Enum):
    """How a walkout ends."""

    CALLED_OFF = "called off while a workplace joins"
    LAPSES = "lapses"
    HAPPENS = "happens"  #: and is over, with a closing word


OFTEN = [Cut.BEFORE, Cut.AFTER, Cut.MARK] * 4 + [Cut.ANYWHERE, Cut.LOST]


class Telegram:
    """Rooms and workers there."""

    forgets = True  #: what was sent already, so that it is heard again

    def __init__(self, house: TelegramHouse) -> None:
        self.house, self.server = house, house.server
        self.sends = partial(telegram.sends, house.server)

    def rooms(self, count: int) -> list[int]:
        """Make rooms."""
        return [self.server.room() for _ in range(count)]

    def chat(self, person: int) -> int:
        """Give the chat with somebody."""
        return person

    def texts(self, chat: int) -> list[str]:
        """Give what was said there."""
        return self.server.chats[chat].texts

    def hold(self, chat: int, until: asyncio.Event, *, applied: bool) -> None:
        """Let the next send there wait, and then take effect or not."""
        self.server.plan("sendMessage", on_telegram.Fault(until=until, applied=applied, dropped=True), chat=chat)

    def lose(self, chat: int, chance: Random) -> None:
        """Let the next send there take effect, and its answer be lost."""
        lost = on_telegram.lost() if chance.random() < 0.5 else on_telegram.broken(502, b"<html>", applied=True)
        self.server.plan("sendMessage", lost, chat=chat)


class Discord:
    """Rooms and workers there."""

    forgets = False

    def __init__(self, house: DiscordHouse) -> None:
        self.house, self.server = house, house.server
        self.sends = partial(discord.sends, house.server)

    def rooms(self, count: int) -> list[int]:
        """Make rooms."""
        guild = self.server.guild()
        return [self.server.room(guild) for _ in range(count)]

    def chat(self, person: int) -> int:
        """Give the chat with somebody."""
        return self.server.dm(person)

    def texts(self, chat: int) -> list[str]:
        """Give what was said there."""
        return [message.text for message in self.house.from_bot(chat)]

    def hold(self, chat: int, until: asyncio.Event, *, applied: bool) -> None:
        """Let the next send there wait, and then take effect or not."""
        self.server.plan(
            f"POST /channels/{chat}/messages", on_discord.Fault(until=until, applied=applied, dropped=True)
        )

    def lose(self, chat: int, chance: Random) -> None:
        """Let the next send there take effect, and its answer be lost."""
        # discord.py waits for a second before it tries again where the server says that it is broken
        lost = on_discord.lost() if chance.random() < 0.9 else on_discord.broken(502, applied=True)
        self.server.plan(f"POST /channels/{chat}/messages", lost)


class History:
    """The news of one walkout, told by bots that end again and again."""

    def __init__(
        self, on: Telegram | Discord, chance: Random, *, ends: Ends = Ends.CALLED_OFF, patience: float = 20
    ) -> None:
        self.on, self.house, self.chance = on, on.house, chance
        self.ends, self.patience = ends, patience
        self.cuts: Counter[Cut] = Counter()
        self.news = self.doubled = 0
        *self.city, self.depot, self.school, self.cafe = on.rooms(5)
        self.rooms = [*self.city, self.depot, self.school, self.cafe]
        self.told = [on.server.person() for _ in range(TOLD)]
        self.staying = on.server.person()  #: asked as well, at a workplace that misses
        self.heard: Counter[int] = Counter()  #: how much in each chat, before this wave
        self.expected: Mapping[int, list[str]] = {}  #: what each is to hear in it
        self.may_double: Counter[int] = Counter()  #: how much of it each may hear once more
        self.between: Callable[[], None] = lambda: None  #: what else happens between two lives

    async def play(self) -> None:
        """Let it open, remind, and be on, joined and called off; or lapse; or happen."""
        self.began = began = self.house.strings.clock()
        self.walkout = walkout = await found(
            self.house,
            opened=began,
            rooms=dict(zip(self.rooms, [None, None, "Depot", "School", "<b>&"], strict=True)),
            pledge_by=(began + 7 * DAY).replace(microsecond=0),
            citywide_threshold=5,
            reminders=["156h", "108h", "36h"],  # half a day, two days and a half, five and a half after it opened
        )
        told = [self.on.chat(person) for person in self.told]
        await self.wave(self.rooms, "You can pledge until")
        await self.wave(self.rooms, "there is still time to pledge", at=0.5)
        if self.ends is Ends.LAPSES:
            await self.wave(self.rooms, "there is still time to pledge", at=5.5)
            await self.wave(self.rooms, "Not now.", at=7)
            return
        await self.pledges(walkout, "School", self.told, 5)
        await self.pledges(walkout, "<b>&", [self.staying], 1)
        await self.wave([*self.rooms, *told, self.on.chat(self.staying)], "t is on", at=1)
        if self.ends is Ends.HAPPENS:
            await self.wave(self.rooms, "it is on, and workplaces can still join", at=5.5)
            await self.pledges(walkout, "Depot", [], 6)
            await self.decide()
            await self.come_to_the_end()
            return
        await self.pledges(walkout, "Depot", [], 6)
        await self.wave([*self.city, self.depot], "Depot joins|we walk out too", at=2)
        await self.wave(self.rooms, "it is on, and workplaces can still join", at=2.5)
        await self.pledges(walkout, "<b>&", [], 5)
        await self.call_off_at_once(walkout)

    async def decide(self) -> None:
        """Let each hear its yes or no at the deadline; one workplace joins, so that some hear two pieces."""
        last, joins = "the last count is taken", "Depot joins|we walk out too"
        yes, no = [f"{last}. School walks out on"], [".*does NOT walk out on"]
        first, *others = self.rooms
        self.begin(at=7)
        await self.live(Cut.LOST, first)
        self.expected = {
            **{room: [joins, last] for room in self.city},
            self.depot: [joins],
            self.school: yes,
            self.cafe: no,
            **{self.on.chat(person): yes for person in self.told},
            self.on.chat(self.staying): no,
        }
        await self.house.launch()  # the clock stands nearly still, so what the first room hears must wait
        await self.house.until(lambda: all(map(self.has_heard, others)), self.patience)
        await self.house.stop()
        await self.tell(self.expected)

    async def come_to_the_end(self) -> None:
        """Let those who walk out hear of the day before, of the start and afterwards, and nobody else."""
        walking = [*self.city, self.depot, self.school]
        told = [self.on.chat(person) for person in self.told]
        await self.wave([*walking, *told], "Reminder: ", at=11)
        # it may be said for an hour, and each life begins a quarter later: one is cut, two more tell and write down
        await self.wave([*walking, *told], "It begins: ", at=12, cuts=1)
        await self.wave(walking, "thank you", at=13)

    async def call_off_at_once(self, walkout: City) -> None:
        """Call it off while one room has still to be told of the workplace that joins."""
        joins, off = "<b>& joins|we walk out too", "[Cc]alled off"
        first, *others = self.rooms
        self.begin(at=3)
        await self.live(Cut.LOST, first)
        heard = {chat for chat in (*self.city, self.cafe) if self.fresh(chat)}  # the others are not told any more
        assert first in heard
        now = self.house.strings.clock()
        async with open_app(self.house.store, clock=MovableClock(now), senders={}) as app:
            await app.store.decide(walkout.walkout, partial(rules.call_off, now=now))
        people = [self.on.chat(person) for person in (*self.told, self.staying)]
        self.expected = {chat: [joins, off] if chat in heard else [off] for chat in (*self.rooms, *people)}
        await self.house.launch()  # the clock stands nearly still, so the first room's must wait
        await self.house.until(lambda: all(map(self.has_heard, others)), self.patience)
        await self.house.stop()
        await self.tell(self.expected)

    async def pledges(self, walkout: City, shop: str, people: Sequence[int], count: int) -> None:
        """Let so many pledge, while no bot runs; these among them ask to be told."""
        others = [self.on.server.person() for _ in range(count - len(people))]
        now = self.house.strings.clock()
        await stand(self.house, {person: walkout.take(shop) for person in people}, now, told=True)
        await stand(self.house, {person: walkout.take(shop) for person in others}, now)

    # ---- one wave of news

    async def wave(self, chats: Sequence[int], words: str, *, at: float | None = None, cuts: int | None = None) -> None:
        """Have all these chats hear this, so many days after it opened, whatever becomes of the bots that tell it."""
        self.begin(at=at)
        await self.tell({chat: [words] for chat in chats}, cuts=cuts)

    def begin(self, *, at: float | None = None) -> None:
        """Set the clock and remember what was said before."""
        if at is not None:
            self.house.strings.ahead += self.began + at * DAY + timedelta(seconds=1) - self.house.strings.clock()
        everywhere = [*self.rooms, *map(self.on.chat, [*self.told, self.staying])]
        self.heard = Counter({chat: len(self.on.texts(chat)) for chat in everywhere})
        self.expected = {}
        self.may_double.clear()

    async def tell(self, expected: Mapping[int, list[str]], *, cuts: int | None = None) -> None:
        """End some bots meanwhile; then see that each chat has heard each piece, in order, and hardly any twice."""
        self.expected = expected
        for _ in range(cuts or self.chance.choice((2, 3, 3, 4))):
            cut = self.chance.choice(OFTEN)
            if missing := [chat for chat in expected if not self.has_heard(chat)]:
                await self.live(cut, self.chance.choice(missing))
        await self.live_on()

        for chat in self.heard:
            said = self.fresh(chat)
            wanted = expected.get(chat, [])
            assert len(said) == len(wanted), f"{wanted}: {said}"
            assert all(map(re.search, wanted, said)), f"{wanted}: {said}"
            doubled = len(self.on.texts(chat)) - self.heard[chat] - len(wanted)
            assert doubled <= (self.may_double[chat] if self.on.forgets else 0), f"{doubled} too many"
            self.news += len(wanted)
            self.doubled += doubled

    def fresh(self, chat: int) -> list[str]:
        """Give what was said somewhere in this wave; what was at once repeated stands there once."""
        texts = self.on.texts(chat)[self.heard[chat] :]
        # a room's news are told apart by their references
        return [next(same) for _reference, same in groupby(texts, key=lambda text: re.sub("(?s).*Ref ", "", text))]

    def has_heard(self, chat: int) -> bool:
        """Say whether everything was said there."""
        return len(self.fresh(chat)) >= len(self.expected.get(chat, ()))

    def all_heard(self) -> bool:
        """Say whether everything was said everywhere."""
        return all(map(self.has_heard, self.expected))

    async def live(self, cut: Cut, chat: int) -> None:
        """Let a bot live until it sends to this chat, or anywhere."""
        house, since = self.house, len(self.on.server.requests)
        self.cuts[cut] += 1
        if cut is not Cut.LOST:  # others may be on their way as well
            self.may_double.update(self.heard.keys() - {chat})
        if cut is not Cut.BEFORE:
            self.may_double[chat] += 1
        self.between()
        house.strings.ahead += LATER
        if cut is Cut.ANYWHERE:
            await house.launch(fuse=self.chance.randint(1, STEPS))
            await house.ended_before(self.all_heard)
            return
        gate = asyncio.Event()
        if cut in {Cut.BEFORE, Cut.AFTER}:
            self.on.hold(chat, gate, applied=cut is Cut.AFTER)
        elif cut is Cut.LOST:
            self.on.lose(chat, self.chance)
        await house.launch()
        asked, *_ = await house.until(lambda: self.on.sends(chat, since), self.patience)
        if cut is Cut.MARK:
            await house.until(lambda: asked.status)
            house.strings.fuse = self.chance.randint(1, TO_MARK)
            await house.ended_before(self.all_heard)
        elif cut is Cut.LOST:
            await house.until(lambda: asked.applied)
            await house.stop()
        else:
            await house.kill()
            gate.set()
            await self.on.server.wait_for(lambda: asked.applied is (cut is Cut.AFTER))

    async def live_on(self) -> None:
        """Let bots live until everything is told and written down."""
        for _ in range(LIVES):  # what met trouble is put off; the clock stands nearly still, so it waits for the next
            left = await self.unsettled()
            if not left and self.all_heard():
                return
            await self.live_until(self.sent(left) if self.all_heard() else self.all_heard)
        assert not await self.unsettled()

    async def live_until(self, true: Callable[[], object]) -> None:
        """Let a bot live until something is true, or for as long as that can take, and stop."""
        self.between()
        self.house.strings.ahead += LATER
        await self.house.launch()
        with suppress(AssertionError):
            await self.house.until(true, self.patience)
        await self.house.stop()

    def sent(self, more: int) -> Callable[[], bool]:
        """Say whether so many more letters were sent since this was asked."""
        since = len(self.on.server.requests)
        return lambda: sum(len(self.on.sends(chat, since)) for chat in self.heard) >= more

    async def unsettled(self) -> int:
        """Count what is still to be told."""
        async with self.house.looked_into() as app:
            return await app.store.unsettled(self.walkout.walkout)


ALL_ENDS = (Ends.HAPPENS, Ends.CALLED_OFF, Ends.LAPSES)


def summary(histories: Sequence[History]) -> str:
    """Say what was tried and found."""
    cuts = sum((history.cuts for history in histories), Counter())
    told = ", ".join(f"{number:,} cut {where.value}" for where, number in cuts.most_common())
    news, doubled = sum(history.news for history in histories), sum(history.doubled for history in histories)
    return f"{news:,} announcements, each heard and in order; {told}; {doubled:,} told twice"


async def on_telegram_with(
    chance: Random, fault: Callable[[], None] | None = None, *, checked: bool = False, **how: Any
) -> History:
    """Play a history there."""
    async with telegram_house(checked=checked) as house:
        house.fault = fault
        history = History(Telegram(house), chance, **how)
        await history.play()
    return history


async def on_discord_with(
    chance: Random, fault: Callable[[], None] | None = None, *, checked: bool = False, **how: Any
) -> History:
    """Play a history there."""
    async with discord_house(checked=checked) as house:
        house.fault = fault
        history = History(Discord(house), chance, **how)
        await history.play()
    return history


@trials(2, full=145)
async def test_telegram_hears_every_announcement_in_order_and_once_more_at_most_for_each_cut(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    histories = []
    for number in range(tries.number):
        chance, ends = tries.random("telegram", number), ALL_ENDS[number % 3]
        with tries.attempt(number):
            histories.append(await on_telegram_with(chance, checked=not number, ends=ends))
    record_property("found", summary(histories))


@trials(2, full=145)
async def test_discord_hears_every_announcement_in_order_and_exactly_once(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    histories = []
    for number in range(tries.number):
        chance, ends = tries.random("discord", number), ALL_ENDS[number % 3]
        with tries.attempt(number):
            histories.append(await on_discord_with(chance, checked=not number, ends=ends))
    record_property("found", summary(histories))


@trials(1, full=10)
async def test_once_discord_has_forgotten_a_nonce_it_is_like_telegram(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    histories = []
    for number in range(tries.number):
        with tries.attempt(number):
            histories.append(await on_forgetful_discord(tries.random("forgetful", number)))
    assert sum(history.doubled for history in histories), "no cut made it forget"
    record_property("found", summary(histories))


async def on_forgetful_discord(chance: Random) -> History:
    """Play a history where an hour passes between two lives."""
    passed_s = 0.0

    def an_hour_later() -> None:
        nonlocal passed_s
        passed_s += 3600

    async with discord_house(clock=lambda: time.time() + passed_s) as house:
        on = Discord(house)
        on.forgets = True
        history = History(on, chance)
        history.between = an_hour_later
        await history.play()
    return history


async def test_news_marked_before_they_are_sent_would_be_seen() -> None:
    with pytest.raises(AssertionError, match="did not come true"):
        await on_telegram_with(Random(1), planted.mark_before_sending, patience=2)


async def test_news_that_overtake_others_would_be_seen() -> None:
    with pytest.raises(AssertionError, match=r"joins.*joins"):
        await on_telegram_with(Random(1), planted.let_news_overtake, ends=Ends.HAPPENS)


async def test_news_of_what_has_been_called_off_since_would_be_seen() -> None:
    async def some() -> None:  # seen where a room has not heard by then, which depends on how soon the bot is stopped
        for seed in range(SEEDS):
            await on_telegram_with(Random(seed), planted.say_what_is_not_so_any_more)

    with pytest.raises(AssertionError, match=r"joins|we walk out too"):
        await some()


async def test_news_sent_without_a_nonce_would_be_seen() -> None:
    with pytest.raises(AssertionError, match="too many"):
        await on_discord_with(Random(1), planted.send_without_nonce)
