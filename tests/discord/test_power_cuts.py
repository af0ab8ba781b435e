from __future__ import annotations

import asyncio

import pytest

from tests.discord.faults import held
from tests.discord.house import OLGA, City, House, found, sends
from tests.discord.server import ORIGINAL
from tests.fixed import PLEDGED_BUTTONS, WITHDRAWN_BUTTONS

pytestmark = pytest.mark.usefixtures("executed_bots")

OPENED = "You can pledge until"


async def test_news_is_carried_out_once_the_disk_has_room_again(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    server.person(OLGA)
    guild = server.guild()
    rooms = [server.room(guild, "canteen") for _ in range(6)]
    draft = await found(house, organizing=[OLGA], rooms=dict.fromkeys(rooms))
    await house.start()
    card = await house.command(worker, "start", card=city.take())
    release = asyncio.Event()
    server.plan(f"POST /channels/{rooms[0]}/messages", held(release))
    await house.sure(OLGA, "organize open", walkout=draft.walkout)
    await house.until(lambda: sends(server, rooms[0]))
    with house.no_room_on_disk():
        release.set()
        refused = await house.press(card, "Pledge")
        assert "Not recorded: I could not write it down just now." in refused.text
        assert house.as_it_is(card) == card
    await house.until(lambda: all(house.from_bot(room) for room in rooms))
    assert (await house.press(card, "Pledge")).labels == PLEDGED_BUTTONS
    assert [len(house.from_bot(room)) for room in rooms] == [1] * 6
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 1, "<b>&": 0}


async def test_power_cuts_at_any_moment_lose_and_double_no_pledge(house: House, city: City) -> None:
    server = house.server
    await house.start()
    asked = [server.command(server.person(), "start", card=city.take()) for _ in range(24)]
    cards = [await house.settled(one) for one in asked]
    welcome = await house.command(server.person(), "start")
    form = server.press(welcome, "Enter my card")
    await house.until(lambda: form.settled)
    olga, code = server.person(), (await house.allout("organizer-code")).split()[-1]
    house.codes.append(code.replace("-", ""))

    server.plan(ORIGINAL, *[held(asyncio.Event())] * 13)
    before = len(server.called(ORIGINAL))
    server.command(olga, "organizer", code=code)
    for card in cards[:12]:
        server.press(card, "Pledge")
    # so twelve pledges and an organizer are in the store, and nobody has been told
    await house.until(lambda: len(server.called(ORIGINAL)) == before + 13)
    server.heal()
    pressed = [server.press(card, "Pledge") for card in cards[12:]]
    await house.until(lambda: sum(one.settled for one in pressed) > 4)
    await house.kill()
    told = [card for card in map(house.as_it_is, cards) if card.labels == PLEDGED_BUTTONS]
    assert len(told) > 4
    standing = sum((await house.standing(city)).values())
    assert 12 + len(told) <= standing <= 24

    await house.start()
    for card in cards:  # what was shown in another process works: buttons, and a form
        if card.id not in {one.id for one in told}:
            await house.press(card, "Pledge")
    assert [house.as_it_is(card).labels for card in cards] == [PLEDGED_BUTTONS] * 24
    assert (await house.press(house.as_it_is(cards[0]), "Withdraw")).labels == WITHDRAWN_BUTTONS
    assert "You are an organizer now." in (await house.command(olga, "organizer", code=code)).text
    assert form.modal is not None
    (field,) = form.modal.fields.values()
    entered = await house.settled(server.submit(form.modal, **{field.custom_id: city.take()}))
    assert (await house.press(entered, "Pledge")).labels == PLEDGED_BUTTONS
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 24, "<b>&": 0}
