from __future__ import annotations

from datetime import timedelta

from bot.clock import real_clock
from bot.domain.model import Stage
from tests.telegram.house import House, found, stand

DAY = timedelta(days=1)


async def test_a_tally_waits_while_the_clock_is_far_from_telegrams_and_so_does_whoever_pledges(house: House) -> None:
    server, worker = house.server, house.server.person()
    room = server.room(title="Canteen")
    opened = real_clock() - DAY - timedelta(hours=2)
    city = await found(house, opened=opened, rooms={room: None}, citywide_threshold=6)
    await stand(house, {server.person(): city.take("Depot") for _ in range(6)}, opened + timedelta(hours=1))
    server.ahead = -DAY  # so this machine's clock seems to be a day too early
    await house.start()
    await house.until(lambda: "this machine's clock and telegram's are 24 hours apart" in house.said)
    card = await house.ask(worker, city.take("School"))
    pressed = server.press(card, "Pledge")
    await house.until(lambda: "nothing can be recorded" in house.said)
    assert server.unconfirmed == [pressed]
    assert house.as_it_is(card) == card
    assert not [text for text in server.chats[room].texts if "It is on" in text]

    server.ahead = timedelta()
    await house.hears(room, "It is on")
    await house.until(lambda: house.as_it_is(card)["text"].startswith("Recorded."))
    await house.stop()
    assert "the clock is right" in house.said
    assert house.said.count("hours apart") == 1
    assert await house.standing(city) == {"Depot": 6, "School": 1, "<b>&": 0}
    async with house.looked_into() as app:
        assert (await app.store.walkout(city.walkout)).stage is Stage.ON
