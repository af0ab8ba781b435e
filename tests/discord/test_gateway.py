from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import pytest_asyncio

from bot.process.clock import real_clock
from tests.conftest import fresh_folder
from tests.discord.faults import held
from tests.discord.gateway import DIRECT_MESSAGES, GUILDS
from tests.discord.house import OLGA, OMAR, City, House, found
from tests.discord.server import CALLBACK, DiscordServer
from tests.discord.world import Interaction, Message
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS
from tests.processes import PATIENCE_S


@asynccontextmanager
async def open_house() -> AsyncIterator[House]:
    with fresh_folder() as folder:
        async with DiscordServer() as server:
            server.rest.windows.answer_s = PATIENCE_S
            house = House(folder, server)
            try:
                yield house
            finally:
                await house.cleared()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_file() -> AsyncIterator[tuple[House, City]]:
    """A bot that runs for most tests of this file, at one large workplace."""
    async with open_house() as house:
        for account in (OLGA, OMAR):
            house.server.person(account)
        city = await found(
            house, opened=real_clock(), organizing=(OLGA, OMAR), shops=[("Harbour", 900, 500, "")], citywide_threshold=5
        )
        await house.start()
        yield house, city
        await house.stop()
        house.check()
        cards = [one.original for one in house.server.interactions.values() if one.name == "start"]
        pledged = [card for card in cards if card and house.server.messages[card].labels == PLEDGED_BUTTONS]
        assert await house.standing(city) == {"Harbour": len(pledged)}  # none lost, none doubled
        assert {one.intents for one in house.server.gateway.identifies} == {GUILDS | DIRECT_MESSAGES}


shared = pytest.mark.asyncio(loop_scope="module")


async def opened(house: House, city: City, number: int) -> list[Message]:
    """Let so many people open a card each."""
    asked = [house.server.command(house.server.person(), "start", card=city.take("Harbour")) for _ in range(number)]
    return [await house.settled(one) for one in asked]


@shared
async def test_two_hundred_people_at_once_are_all_answered_in_time(busy_house: House, busy_city: City) -> None:
    server = busy_house.server
    lobby = server.room(server.guild())
    codes = [busy_city.take("Harbour") for _ in range(200)]
    with busy_house.acknowledging_in_time():
        asked = [
            server.command(server.person(), "start", lobby if number % 2 else None, card=code)
            for number, code in enumerate(codes)
        ]
        cards = [await busy_house.settled(one) for one in asked]
    assert [card.labels for card in cards] == [TERMS_BUTTONS] * 200
    with busy_house.acknowledging_in_time():
        pressed = [server.press(card, "Pledge") for card in cards]
        assert [(await busy_house.settled(one)).labels for one in pressed] == [PLEDGED_BUTTONS] * 200
    with busy_house.acknowledging_in_time():
        checked = [server.command(one.by, "status", card=code) for one, code in zip(asked, codes, strict=True)]
        assert ["Your pledge stands." in (await busy_house.settled(one)).text for one in checked] == [True] * 200


@shared
async def test_an_acknowledgement_that_takes_too_long_would_be_seen(busy_house: House) -> None:
    server, release = busy_house.server, asyncio.Event()

    async def ask() -> None:
        with busy_house.acknowledging_in_time():
            server.plan(CALLBACK, held(release))
            asked = server.command(server.person(), "help")
            await busy_house.until(lambda: server.called(f"POST /interactions/{asked.id}/*"))
            server.later(PATIENCE_S / 2)
            release.set()
            await busy_house.settled(asked)

    with pytest.raises(AssertionError):
        await ask()


@shared
async def test_a_connection_dropped_in_the_middle_of_a_hundred_pledges_loses_and_doubles_none(
    busy_house: House, busy_city: City
) -> None:
    server, cards = busy_house.server, await opened(busy_house, busy_city, 100)
    session = server.gateway.live[0]
    resumed, before = session.resumed, len(server.called(CALLBACK))
    with busy_house.acknowledging_in_time():
        pressed = [server.press(card, "Pledge") for card in cards[:60]]
        await busy_house.until(lambda: len(server.called(CALLBACK)) > before + 20)
        server.gateway.cut()
        pressed += [server.press(card, "Pledge") for card in cards[60:]]
        assert [(await busy_house.settled(one)).labels for one in pressed] == [PLEDGED_BUTTONS] * 100
    assert session.resumed == resumed + 1
    assert [one.follow_ups for one in pressed] == [[]] * 100


@shared
@pytest.mark.parametrize("asked", ["reconnect", "invalid, resumable", "close 4000", "close 1001"])
async def test_the_session_goes_on_when_discord_asks_for_another_connection(
    busy_house: House, busy_city: City, asked: str
) -> None:
    server, (card,) = busy_house.server, await opened(busy_house, busy_city, 1)
    session = server.gateway.live[0]
    resumed, identified = session.resumed, len(server.gateway.identifies)
    match asked:
        case "reconnect":
            server.gateway.reconnect()
        case "invalid, resumable":
            server.gateway.invalidate(resumable=True)
        case _:
            server.gateway.cut(int(asked.rsplit(maxsplit=1)[-1]))
    pressed = server.press(card, "Pledge")
    assert (await busy_house.settled(pressed)).labels == PLEDGED_BUTTONS
    await busy_house.until(lambda: session.resumed > resumed)
    assert len(server.gateway.identifies) == identified


@shared
async def test_a_gateway_that_is_away_for_a_while_is_tried_again(busy_house: House, busy_city: City) -> None:
    server, cards = busy_house.server, await opened(busy_house, busy_city, 20)
    session = server.gateway.live[0]
    refused, resumed = server.gateway.refused, session.resumed
    with server.gateway.refusing():
        server.gateway.cut()
        await busy_house.until(lambda: server.gateway.refused > refused)
    await busy_house.until(lambda: session.resumed > resumed)
    pressed = [server.press(card, "Pledge") for card in cards]
    assert [(await busy_house.settled(one)).labels for one in pressed] == [PLEDGED_BUTTONS] * 20


def _is_answered(server: DiscordServer, asked: Interaction, times: int) -> bool:
    return len(server.called(f"POST /interactions/{asked.id}/*")) == times


@shared
async def test_what_is_delivered_twice_is_done_and_answered_once(busy_house: House, busy_city: City) -> None:
    server, (card, other) = busy_house.server, await opened(busy_house, busy_city, 2)
    presses = []
    for label in ("Pledge", "Check", "Withdraw", "Pledge"):
        presses.append(server.press(busy_house.as_it_is(card), label))
        server.again(presses[-1])
        shown = await busy_house.settled(presses[-1])
        if label != "Check":  # which is answered in the one request, and not when it comes again
            await busy_house.until(partial(_is_answered, server, presses[-1], 2))
        assert shown.id == card.id
    assert _is_answered(server, presses[1], 1)  # by now it has come again: a person's presses go in turn
    assert busy_house.as_it_is(card).labels == PLEDGED_BUTTONS
    assert len(server.view(card.seen_by or server.channels[card.channel].person or 0, card.channel)) == 1

    late = server.press(other, "Pledge")
    await busy_house.settled(late)
    server.again(late)  # long after it was answered
    await busy_house.until(partial(_is_answered, server, late, 2))
    assert busy_house.as_it_is(other).labels == PLEDGED_BUTTONS

    code = (await busy_house.allout("organizer-code")).split()[-1]
    busy_house.codes.append(code.replace("-", ""))
    asked = server.command(server.person(), "organizer", code=code)
    server.again(asked)
    await busy_house.until(partial(_is_answered, server, asked, 2))
    assert "You are an organizer now." in (await busy_house.settled(asked)).text
    assert len(server.called(f"PATCH /webhooks/*/{asked.token}/*")) == 1


@shared
async def test_an_old_press_that_is_delivered_again_does_not_undo_a_later_one(
    busy_house: House, busy_city: City
) -> None:
    server, (card,) = busy_house.server, await opened(busy_house, busy_city, 1)
    pledged = server.press(card, "Pledge")
    await busy_house.settled(pledged)
    await busy_house.press(busy_house.as_it_is(card), "Withdraw")
    server.again(pledged)
    await busy_house.until(lambda: len(server.called(f"POST /interactions/{pledged.id}/*")) == 2)
    person, code = pledged.by, str(card.buttons["Pledge"].custom_id).partition(":")[2].partition(".")[0]
    assert "You have taken your pledge back." in (await busy_house.command(person, "status", card=code)).text


@shared
async def test_a_message_that_is_delivered_again_is_answered_once(busy_house: House) -> None:
    server, person = busy_house.server, busy_house.server.person()
    asked = server.say(person, "/help")
    (answer,) = await busy_house.until(lambda: busy_house.from_bot(asked.channel))
    server.again(asked)
    server.say(person, "/privacy")  # whatever came before it is answered by then
    await busy_house.until(lambda: any(one.text != answer.text for one in busy_house.from_bot(asked.channel)))
    assert len(busy_house.from_bot(asked.channel)) == 2


@shared
async def test_a_session_that_discord_has_forgotten_is_begun_anew(busy_house: House, busy_city: City) -> None:
    server, (card,) = busy_house.server, await opened(busy_house, busy_city, 1)
    sessions = len(server.gateway.sessions)
    server.gateway.invalidate()
    await busy_house.until(lambda: len(server.gateway.sessions) > sessions)
    assert (await busy_house.press(card, "Pledge")).labels == PLEDGED_BUTTONS
