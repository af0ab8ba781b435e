"""What one person does is done in the order in which they did it, however Discord's answers come."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import discord
import pytest

from handlers.platforms.per_person_order import PerPersonOrder
from tests.discord.dialogues.house import City, House, labels
from tests.fixed import WITHDRAWN_BUTTONS


async def test_presses_in_quick_succession_are_carried_out_one_after_the_other(house: House, city: City) -> None:
    ana = house.somebody("ana")
    shown = await ana.slash("start", card=city.take())
    await house.press_at_once(ana, (shown.last, "Pledge"), (shown.last, "Pledge"))
    assert "You had already pledged; it counts once." in shown.text
    assert await house.standing(city) == {"School": 1}
    await house.press_at_once(ana, (shown.last, "Withdraw"), (shown.last, "Check"))
    assert "You have taken your pledge back." in shown.text
    assert labels(shown.last) == WITHDRAWN_BUTTONS
    assert await house.standing(city) == {}


async def test_a_slow_acknowledgement_does_not_let_the_next_press_overtake(
    house: House, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = house.somebody("ana")
    shown = await ana.pledge(city.take())
    defer, came, second_is_through = discord.InteractionResponse.defer, count(1), asyncio.Event()

    async def slow_at_first(response: discord.InteractionResponse[Any], **options: Any) -> None:
        if next(came) == 1:
            await second_is_through.wait()
            await defer(response, **options)
        else:
            await defer(response, **options)
            second_is_through.set()

    monkeypatch.setattr(discord.InteractionResponse, "defer", slow_at_first)
    # what only shows something would be answered at once, without an acknowledgement
    await house.press_at_once(ana, (shown.last, "Withdraw"), (shown.last, "Tell me"))
    assert next(came) == 3
    assert await house.standing(city) == {}
    assert "You have taken your pledge back." in shown.text


async def test_everybody_waits_for_themselves_only() -> None:
    turns, done = PerPersonOrder(), list[str]()
    slow = asyncio.Event()

    async def act(who: str, what: str, after: asyncio.Event | None = None) -> None:
        async with turns.place(who) as turn:
            await turn()
            if after is not None:
                await after.wait()
            done.append(f"{who} {what}")

    first = asyncio.create_task(act("ana", "pledges", slow))
    second = asyncio.create_task(act("ana", "withdraws"))
    await asyncio.create_task(act("bob", "pledges"))
    assert done == ["bob pledges"]
    slow.set()
    await turns.rest()
    await asyncio.gather(first, second)
    assert done == ["bob pledges", "ana pledges", "ana withdraws"]


async def test_who_fails_or_is_cancelled_lets_the_next_one_in() -> None:
    turns, done = PerPersonOrder(), list[str]()
    never = asyncio.Event()

    async def hangs() -> None:
        async with turns.place("ana") as turn:
            await turn()
            await never.wait()

    async def fails() -> None:
        async with turns.place("ana") as turn:
            await turn()
            raise ValueError

    async def goes_on() -> None:
        async with turns.place("ana") as turn:
            await turn()
            done.append("went on")

    tasks = [asyncio.create_task(act()) for act in (hangs, fails, goes_on)]
    await asyncio.wait(tasks[2:], timeout=0)
    assert done == []
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError, ValueError, type(None)]
    assert done == ["went on"]
    await turns.rest()
