from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bot.process.clock import real_clock
from tests.fixed import PLEDGED_BUTTONS, WITHDRAWN_BUTTONS
from tests.telegram.house import OLGA, City, House, found, labels, sends
from tests.telegram.server import held

pytestmark = pytest.mark.usefixtures("executed_bots")

LONGER_THAN_FIVE_TRIES_S = 3.0
ROOMS = range(6)


async def stays(house: House, true: Callable[[], bool], seconds: float) -> None:
    """See that something stays true for so long."""
    with pytest.raises(AssertionError, match="did not come true"):
        await house.server.wait_for(lambda: not true(), seconds)


# ---- a disk that is full


async def test_a_store_that_cannot_write_stops_the_pump_until_it_can(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    server.person(OLGA)
    draft = await found(house, organizing=[OLGA])
    await house.start()
    card, page = await house.ask(worker, city.take()), await house.ask(OLGA, f"/open {draft.walkout}")
    with house.no_room_on_disk():
        waiting = [server.press(card, "Pledge"), server.press(page, labels(page)[0])]
        await stays(house, lambda: server.unconfirmed == waiting, LONGER_THAN_FIVE_TRIES_S)
        assert house.as_it_is(card) == card
        assert house.as_it_is(page) == page
        waiting.append(server.say(server.person(), "/help"))
    await house.until(lambda: house.as_it_is(card)["text"].startswith("Recorded."))
    await house.hears(OLGA, "is open for pledges")
    await house.quiet()
    assert len(server.chats[worker].from_bot) == 1
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 1, "<b>&": 0}


async def test_news_is_carried_out_once_the_disk_has_room_again(house: House) -> None:
    server = house.server
    server.person(OLGA)
    rooms = [server.room(title="Canteen") for _ in ROOMS]
    await found(house, organizing=[OLGA], rooms=dict.fromkeys(rooms))
    await house.start()
    release = asyncio.Event()
    server.plan("sendMessage", held(release), chat=rooms[0])
    await house.sure(OLGA, "/open")
    await house.until(lambda: sends(server, rooms[0]))
    with house.no_room_on_disk():
        release.set()
        await stays(house, lambda: sum(len(server.chats[room].texts) for room in rooms) < len(rooms), 0.5)
    await house.until(lambda: all(server.chats[room].texts for room in rooms))
    assert sum(len(server.chats[room].texts) for room in rooms) <= len(rooms) + 1


# ---- power cuts


async def test_a_pledge_survives_a_power_cut_before_it_was_confirmed(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    card = await house.ask(worker, city.take())
    server.plan("editMessageText", held(asyncio.Event()), chat=worker)
    pressed = server.press(card, "Pledge")
    await house.until(lambda: server.called("editMessageText"))  # so it is in the store
    await house.kill()
    assert server.unconfirmed == [pressed]
    await house.start()
    await house.until(lambda: labels(house.as_it_is(card)) == PLEDGED_BUTTONS)
    await house.quiet()
    card = house.as_it_is(card)
    assert len(server.chats[worker].from_bot) == 1
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 1, "<b>&": 0}
    server.press(card, "Withdraw")  # its button works after a restart, in another process
    await house.start()
    await house.until(lambda: labels(house.as_it_is(card)) == WITHDRAWN_BUTTONS)


@pytest.mark.parametrize("command", ["organizer", "start"])  # typed, and by the link that `allout setup` shows
async def test_an_organizer_stays_one_whenever_the_power_was_cut(house: House, command: str) -> None:
    server, olga = house.server, house.server.person()
    await house.start()
    code = (await house.allout("organizer-code")).split()[-1]
    house.codes.append(code.replace("-", ""))
    server.plan("sendMessage", held(asyncio.Event()), chat=olga)
    server.say(olga, f"/{command} {code}")
    await house.until(lambda: sends(server, olga))
    await house.kill()
    await house.start()
    await house.hears(olga, "You are an organizer now.")
    assert "/calloff" in (await house.ask(olga, "/help all"))["text"]
    assert "You are an organizer now." in server.chats[olga].texts[-2]


async def test_a_draft_sent_before_a_power_cut_is_one_draft(house: House) -> None:
    server = house.server
    server.person(OLGA)
    await found(house, organizing=[OLGA], opened=real_clock())
    await house.start()
    toml = (
        "title = 'Again'\nstarts = 2099-01-02T00:00:00+00:00\npledge_by = 2099-01-01T00:00:00+00:00\n"
        "citywide_threshold = 5\nworkplaces = 'w.csv'\n"
    )
    release = asyncio.Event()
    server.plan("sendMessage", held(release), held(asyncio.Event()), chat=OLGA)
    server.upload(OLGA, "walkout.toml", toml.encode())
    server.upload(OLGA, "w.csv", b"workplace,headcount,threshold\nHarbour,9,5\n")
    await house.until(lambda: sends(server, OLGA))
    release.set()
    await house.until(lambda: any("Drafted" in r.params["text"] for r in sends(server, OLGA)))
    await house.kill()
    await house.start()
    await house.quiet()
    await house.stop()
    async with house.looked_into() as app:
        titles = [walkout.terms.title for walkout in await app.store.walkouts()]
    assert titles.count("Again") == 1
    assert not [text for text in server.chats[OLGA].texts if "What is the walkout called?" in text]


async def test_an_answer_given_before_a_power_cut_is_the_answer_to_one_question(house: House) -> None:
    server = house.server
    server.person(OLGA)
    await found(house, organizing=[OLGA])
    await house.start()
    await house.ask(OLGA, "/draft")
    before = len(server.requests)
    server.plan("sendMessage", held(asyncio.Event()), chat=OLGA)
    said = server.say(OLGA, "A day for the bus")
    await house.until(lambda: sends(server, OLGA, before))
    await house.kill()
    assert server.unconfirmed == [said]
    await house.start()
    await house.hears(OLGA, "Question 2 of 11")
    await house.quiet()
    assert "Question 3 of 11" in (await house.ask(OLGA, "A bus every ten minutes"))["text"]
    back = await house.press(house.last(OLGA), "Back")
    assert "Now: A bus every ten minutes" in back["text"]
