"""A crowd of strangers in direct messages leaves Discord's fifty calls a second to workers."""

from __future__ import annotations

from bot.process.clock import real_clock
from tests.discord.house import House, found

STRANGERS = 150


async def test_a_worker_is_answered_before_the_strangers_who_came_first(strict_house: House) -> None:
    house, server = strict_house, strict_house.server
    city = await found(house, opened=real_clock())
    await house.start()
    strangers = [server.person() for _ in range(STRANGERS)]
    for number, stranger in enumerate(strangers):
        server.say(stranger, ("hello", "what is this")[number % 2])
    worker = server.person()
    server.say(worker, city.take())
    answer = await house.hears(server.dm(worker), "You would pledge for School")
    answered = await house.until(lambda: [one for stranger in strangers for one in house.from_bot(server.dm(stranger))])
    # ids count up: what was posted later, while this test was looking, is not counted
    assert sum(one.id < answer.id for one in answered) < STRANGERS / 2
