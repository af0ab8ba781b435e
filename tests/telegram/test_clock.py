from __future__ import annotations

from datetime import timedelta

from bot.domain.model import Stage
from bot.process.clock import real_clock
from tests.telegram.house import OLGA, House, found, labels, stand

DAY = timedelta(days=1)
CROWD = 12


async def test_while_the_clock_is_hours_off_who_presses_hears_why_and_everybody_else_is_answered(house: House) -> None:
    server = house.server
    room = server.room(title="Canteen")
    opened = real_clock() - DAY + timedelta(seconds=20)  # its tally is due while people press
    city = await found(house, opened=opened, rooms={room: None}, citywide_threshold=6, organizing=[OLGA])
    await stand(house, {server.person(): city.take("Depot") for _ in range(6)}, opened + timedelta(hours=1))
    server.ahead = -DAY
    await house.start()
    for number in range(CROWD):
        worker = server.person()
        card = await house.ask(worker, city.take("School"))
        await house.press_gone(card, "Pledge")
        assert "Not recorded: the server's clock may be wrong" in house.last(worker)["text"]
        assert labels(house.as_it_is(card)) == labels(card)
        assert "/verify" in (await house.ask(worker, "/help"))["text"], number
    assert server.unconfirmed == []
    assert not [text for text in server.chats[room].texts if "It is on" in text]

    server.ahead = timedelta()
    await house.hears(room, "It is on")
    assert (await house.pledge(server.person(), city.take("School")))["text"].startswith("Recorded.")
    await house.stop()
    assert house.said.count("hours apart") == 1
    assert "the clock is right" in house.said
    assert await house.standing(city) == {"Depot": 6, "School": 1, "<b>&": 0}


async def test_a_clock_59_minutes_ahead_goes_by_telegrams(house: House) -> None:
    server, worker = house.server, house.server.person()
    room = server.room(title="Canteen")
    now = real_clock()
    city = await found(
        house,
        opened=now - DAY + timedelta(hours=2),
        rooms={room: None},
        pledge_by=(now - timedelta(minutes=1)).replace(microsecond=0),  # by Telegram's clock that is in an hour
        citywide_threshold=6,
    )
    server.ahead = timedelta(minutes=-59)
    await house.start()
    assert (await house.pledge(worker, city.take("School")))["text"].startswith("Recorded.")
    await house.stop()
    assert "this machine's clock is corrected by -35" in house.said
    async with house.looked_into() as app:
        assert (await app.store.walkout(city.walkout)).stage is Stage.OPEN
    assert not [text for text in server.chats[room].texts if "Not now" in text]
