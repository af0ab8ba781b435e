"""Each of a crowd is answered, and no code stays in sight, also where the bot ends in the middle of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from bot.process.clock import real_clock
from handlers.telegram.chat import TelegramChat
from handlers.telegram.sender import TRIES, answered
from tests.faults import planted
from tests.faults.houses import telegram_house
from tests.faults.test_flood import a_city, on_telegram
from tests.faults.trials import Trials, trials
from tests.fixed import TERMS_BUTTONS
from tests.house import found
from tests.processes import PATIENCE_S
from tests.telegram.house import sends
from tests.telegram.server import Limits, TelegramServer, broken
from tests.telegram.test_crowd import all_see, in_sight

CROWD = 60
SHOPS = (("Depot", CROWD, 6, "at the Depot gate"),)
STEPS = (100, 1_000, 5_000)
"""Of its loop that a bot takes before it ends: with the first, with some, with all of them."""

TOO_MANY = 200
"""More than Telegram takes within the tries of a call that waits for no turn."""


async def come(chance: Random, fault: Callable[[], None] = planted.wait_for_hiding) -> tuple[bool, int, int]:
    """Let a crowd open its cards, and the bot end; say whether it did at work, and how many had to ask again."""
    async with telegram_house(limits=Limits()) as house:
        house.fault = fault
        city, server = await found(house, opened=real_clock(), shops=SHOPS), house.server
        people = {server.person(): city.take("Depot") for _ in range(CROWD)}
        await house.start()
        house.strings.fuse = chance.randint(1, 2 * chance.choice(STEPS))
        troubles = chance.choice((0, 1, 3))
        for who, code in people.items():
            server.plan("deleteMessage", broken(502), chat=who, times=troubles)
            server.say(who, code)
        early = await house.ended_before(lambda: all_see(house, people, TERMS_BUTTONS))
        await house.start()
        await house.quiet()
        seen = in_sight(house, people)
        assert not seen, f"the codes of {len(seen)} people are in sight"
        unheard = [who for who in people if not server.chats[who].from_bot]
        for who in unheard:
            server.say(who, people[who])
        await house.until(lambda: all_see(house, people, TERMS_BUTTONS))
        await house.quiet()
        assert not in_sight(house, people)
        await house.stop()
    return early, len(unheard), CROWD


@trials(4, full=300)
async def test_no_code_stays_in_sight_and_whoever_asks_again_is_answered_wherever_the_bot_ends(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    ends, again, came = 0, 0, 0
    for number in range(tries.number):
        with tries.attempt(number):
            early, unheard, crowd = await come(tries.random("crowd", number))
        ends, again, came = ends + early, again + unheard, came + crowd
    record_property(
        "found",
        f"{tries.number} crowds, {came:,} people in all; the bot ended in the middle of {ends}; {again} had to ask "
        "again and all were answered; no code stayed in sight",
    )


async def test_an_update_confirmed_before_its_code_is_out_of_sight_would_be_seen() -> None:
    async def many_come() -> None:
        for number in range(20):
            await come(Random(number), planted.confirm_before_hiding)

    with pytest.raises(AssertionError, match="in sight"):
        await many_come()


async def test_that_some_of_a_crowd_get_silence_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def without_a_turn(
        _chat: TelegramChat, _number: int, call: Callable[[], Awaitable[object]], tries: int = TRIES
    ) -> object:
        return await answered(call, min(tries, TRIES))

    monkeypatch.setattr(TelegramChat, "_message", without_a_turn)
    async with (
        # so few that the bot asks too much on any machine, however slow
        TelegramServer(limits=Limits(overall_a_second=5), checked=False) as server,
        a_city(data, real_clock, TOO_MANY) as (app, card),
        on_telegram(app, server),
    ):
        people = [server.person() for _ in range(TOO_MANY)]
        for who in people:
            server.say(who, card())
        await server.wait_for(
            lambda: any([call.status for call in sends(server, who)] == [429] * TRIES for who in people), PATIENCE_S
        )
