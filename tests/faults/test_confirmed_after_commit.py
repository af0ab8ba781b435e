"""No update is confirmed before its effect is committed; a poison update blocks nobody.

The bot runs as people run it, between it and the platforms a socket. It ends at one step of its event loop or another,
drawn at random over all it does with an update, and between two starts the store is compared with what was confirmed.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
import pytest

from bot.cards import pretty
from bot.clock import real_clock
from tests.conftest import fresh_folder
from tests.faults import planted
from tests.faults.forks import Forking
from tests.faults.trials import Trials, trials
from tests.faults.workers import Act, Someone, standing
from tests.telegram import house as telegram
from tests.telegram.server import Json, TelegramServer

WORKERS = 8
KILLS = 10
"""In each try."""

TO_START = 125
"""Steps until a bot asks for updates."""

AT_WORK = (30, 200, 800)
"""Steps that it takes for what one of them wants, for all of it, and for all that is left from lives before."""


class TelegramHouse(Forking, telegram.House):
    """A forked bot on Telegram."""


@asynccontextmanager
async def telegram_house(*, checked: bool = False) -> AsyncIterator[TelegramHouse]:
    """Make one. To hold every call against Telegram's own table costs more than all the rest."""
    with fresh_folder() as folder:
        async with TelegramServer(checked=checked) as server:
            house = TelegramHouse(folder, server)
            try:
                yield house
            finally:
                await house.cleared()


class Street:
    """Workers who want something of a bot on Telegram that ends again and again."""

    def __init__(self, house: TelegramHouse, city: telegram.City, chance: Random) -> None:
        self.house, self.city, self.chance = house, city, chance
        self.server = house.server
        self.kills: Counter[str] = Counter()
        self.acknowledged = 0
        shops = [shop for shop, *_ in telegram.SHOPS]
        self.people = [
            Someone(account=self.server.person(), code=city.take(chance.choice(shops))) for _ in range(WORKERS)
        ]
        self.cards: dict[int, Json] = {}

    async def open_cards(self) -> None:
        """Let everybody look at their card."""
        for one in self.people:
            self.server.say(one.account, f"/start {one.code}")
        await self.house.quiet()
        self.cards = {one.account: self.house.last(one.account) for one in self.people}

    # ---- what people want

    def act(self) -> None:
        """Let some want something, and some of them two things at once."""
        for one in self.people:
            for _ in range(self.chance.choice((0, 1, 1, 1, 2))):
                self.wants(one, one.chooses(self.chance))

    def wants(self, one: Someone, act: Act) -> None:
        """Press a button of theirs, whatever their card's message looks like by now; or write."""
        if act == "c" and self.chance.random() < 0.5:
            one.acts.append((self.server.say(one.account, f"/status {pretty(one.code)}"), act))
            return
        data = f"{act}:{one.code}" + (":yes" if act == "o" else "")  # having read what it stores
        button = {"text": act, "callback_data": data}
        shown = self.cards[one.account] | {"reply_markup": {"inline_keyboard": [[button]]}}
        one.acts.append((self.server.press(shown, act), act))

    def answered(self, update: int) -> bool:
        """Say whether somebody was told that what they pressed is done."""
        press = self.server.updates[update].get("callback_query")
        return press is not None and self.server.callbacks[press["id"]] is not None

    # ---- what becomes of it

    async def life(self) -> None:
        """Let a bot live, and end it somewhere; then hold the store against what was confirmed and answered."""
        fuse = self.chance.randint(1, self.chance.choice(AT_WORK))
        if self.chance.random() < 0.5:
            self.act()
            await self.house.launch(fuse=self.chance.randint(1, TO_START) + fuse)
        else:
            await self.house.start()
            self.house.strings.fuse = fuse
            self.act()
        await self.ended()
        await self.compare()

    async def ended(self) -> None:
        """Wait until the fuse has burnt down; end a bot that is done with everything before."""
        house = self.house
        done = asyncio.create_task(self.server.wait_for(house._is_quiet, telegram.PATIENCE_S))
        gone = asyncio.create_task(house.process.wait())
        await asyncio.wait({done, gone}, return_when=asyncio.FIRST_COMPLETED)
        self.kills["at rest" if done.done() else "at work"] += 1
        done.cancel()
        await asyncio.gather(done, return_exceptions=True)
        house.process.kill()
        assert await house.ended() == -signal.SIGKILL, house.said

    async def compare(self) -> None:
        """See that whatever was confirmed or answered is in the store, and nothing that nobody asked for."""
        unconfirmed = set(self.server.unconfirmed)
        held = await standing(self.house, self.city, self.people)
        for one in self.people:
            acts = [act for _update, act in one.acts]
            confirmed = sum(update not in unconfirmed for update, _act in one.acts)
            # in this life: those answered in an earlier one are done again, in their order, before what came later
            fresh = [n for n, (update, _) in enumerate(one.acts, start=1) if n > one.heard and self.answered(update)]
            surely = max([confirmed, *fresh])
            possible = {one.stood.after(acts[one.done : until]) for until in range(surely, len(acts) + 1)}
            assert held[one.account] in possible, f"{acts} from {one.done}, {surely} surely: {held[one.account]}"
            one.stood, one.done = held[one.account], confirmed
            one.heard = max([one.heard, *fresh])

    async def settle(self) -> None:
        """Let a bot do all that is left; everybody has an answer then, and the store is what they meant it to be."""
        house = self.house
        await house.start()
        await house.quiet()
        for one in self.people:
            self.server.say(one.account, f"/status {one.code}")
        await house.quiet()
        for one in self.people:
            shown = telegram.labels(house.last(one.account))
            assert ("Withdraw" in shown) is one.meant.pledged, shown
            pressed = [update for update, _ in one.acts if "callback_query" in self.server.updates[update]]
            assert all(map(self.answered, pressed))
            self.acknowledged += len(pressed)
        await house.stop()
        held = await standing(house, self.city, self.people)
        assert held == {one.account: one.meant for one in self.people}


async def end_again_and_again(house: TelegramHouse, chance: Random) -> Street:
    """End one bot after the other on one store."""
    street = Street(house, await telegram.found(house, opened=real_clock()), chance)
    await house.start()
    await street.open_cards()
    house.process.kill()
    await house.ended()
    for _ in range(KILLS):
        await street.life()
    await street.settle()
    return street


@trials(10, full=80)
async def test_whatever_telegram_has_as_confirmed_is_done(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    kills: Counter[str] = Counter()
    acknowledged = 0
    for number in range(tries.number):
        with tries.attempt(number):
            async with telegram_house(checked=not number) as house:
                street = await end_again_and_again(house, tries.random("telegram", number))
                house.check()
        kills += street.kills
        acknowledged += street.acknowledged
    record_property("found", f"{kills.total()} kills, {kills['at work']} of them at work; {acknowledged:,} answers")


async def test_an_update_confirmed_before_it_is_handled_would_be_seen() -> None:
    with pytest.raises(AssertionError, match="surely"):
        for number in range(20):
            async with telegram_house() as house:
                house.fault = planted.confirm_before_handling
                await end_again_and_again(house, Random(number))
