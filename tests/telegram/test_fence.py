"""Another bot with our token, on Telegram."""

from __future__ import annotations

import aiohttp

from bot.process.clock import real_clock
from tests.fixed import PLEDGED_BUTTONS
from tests.telegram.house import OLGA, House, found, labels
from tests.telegram.server import TOKEN, TelegramServer, refused

LANGUAGE = "ae"
STRANGERS = "f" * 32
HELD = "another bot answers under my name"


def looks(server: TelegramServer) -> list[str]:
    """Name the calls that read and write the place."""
    return [r.method for r in server.requests if r.params.get("language_code") == LANGUAGE]


async def poll(server: TelegramServer) -> None:
    """Ask for updates as a thief does, who has nothing but the token."""
    async with aiohttp.ClientSession() as session, session.get(f"{server.origin}/bot{TOKEN}/getUpdates") as answer:
        await answer.read()


async def test_a_start_reads_once_and_writes_once_and_nobody_sees_it(house: House) -> None:
    server = house.server
    written = []
    for _start in range(2):
        before = len(looks(server))
        await house.start()
        await house.stop()
        assert looks(server)[before:] == ["getMyDescription", "setMyDescription"]
        written.append(server.descriptions[LANGUAGE])
    assert len(set(written)) == 2
    assert not {*written} & {text for code, text in server.descriptions.items() if code != LANGUAGE}


async def test_somebody_who_has_only_the_token_stops_nothing_and_organizers_hear_once(house: House) -> None:
    server, worker = house.server, house.server.person()
    server.person(OLGA)
    city = await found(house, opened=real_clock(), organizing=[OLGA])
    await house.start()
    for _poll in range(4):
        conflicts = server.conflicts
        await house.quiet()
        await poll(server)
        await house.until(lambda conflicts=conflicts: server.conflicts > conflicts)  # type: ignore[misc]
    await house.hears(OLGA, "Somebody else uses my token on Telegram.")
    assert labels(await house.pledge(worker, city.take())) == PLEDGED_BUTTONS
    assert sum("uses my token" in text for text in server.chats[OLGA].texts) == 1
    assert "another bot has taken" not in house.said
    await house.stop()


async def test_who_finds_a_strangers_epoch_confirms_nothing_until_the_server_lifts_it(house: House) -> None:
    server, worker = house.server, house.server.person()
    server.person(OLGA)
    city = await found(house, opened=real_clock(), organizing=[OLGA])
    server.descriptions[LANGUAGE] = STRANGERS
    server.say(worker, city.take())
    await house.launch()
    await house.hears(OLGA, "Another bot answers under my name")
    refusal = await house.hears(worker, HELD)  # nobody else has taken it
    assert labels(refusal) == []
    assert server.unconfirmed
    assert server.descriptions[LANGUAGE] == STRANGERS
    assert "token_taken" in {one["sign"] for one in await house.examined()}
    assert (
        await house.allout("adopt", "--yes")
        == "I go on: Telegram. The other bot stops when it notices; switch it off.\n"
    )
    assert await house.allout("adopt", "--yes") == "No other bot has taken my token. Nothing was changed.\n"
    assert server.descriptions[LANGUAGE] != STRANGERS
    await house.quiet()
    assert labels(await house.pledge(worker, city.take())) == PLEDGED_BUTTONS
    assert "fence_stands" in {one["sign"] for one in await house.examined()}
    await house.stop()


async def test_where_telegram_refuses_the_place_the_bot_goes_on_and_the_doctor_says_so(house: House) -> None:
    server, worker = house.server, house.server.person()
    city = await found(house, opened=real_clock())
    server.plan("setMyDescription", refused(400, "Bad Request: LANG_CODE_INVALID"))
    await house.start()
    assert LANGUAGE not in server.descriptions
    assert labels(await house.pledge(worker, city.take())) == PLEDGED_BUTTONS
    assert "no_fence" in {one["sign"] for one in await house.examined()}
    await house.stop()
