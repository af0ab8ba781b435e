"""On Discord, at the wire: thirty workers are told, whatever happens in between."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from bot.process.clock import real_clock
from tests.discord.faults import broken, limited, refused
from tests.discord.house import City, House, found, sends, stand
from tests.discord.server import SEND

PEOPLE = 30


async def due(house: House, people: int = PEOPLE) -> tuple[City, list[int]]:
    """Let so many have asked to be told of a walkout that is on as soon as the bot starts."""
    now = real_clock()
    city = await found(
        house,
        opened=now - timedelta(minutes=15, seconds=1),
        tally_every="15m",
        citywide_threshold=5,
        shops=[("School", 40, 5, "under the School clock")],
    )
    cards = {house.server.person(): city.take() for _ in range(people)}
    await stand(house, cards, now - timedelta(minutes=10), told=True)
    return city, list(cards)


def told(house: House, people: list[int]) -> Counter[int]:
    """Count what each was told."""
    return Counter({person: len(house.from_bot(house.server.dm(person))) for person in people})


async def test_thirty_workers_are_told_within_discords_limits(strict_house: House) -> None:
    house = strict_house
    _city, people = await due(house)
    await house.start()
    await house.until(lambda: len(+told(house, people)) == PEOPLE)
    await house.stop()
    assert set(told(house, people).values()) == {1}
    assert {one.text for person in people for one in house.from_bot(house.server.dm(person))} == {
        house.from_bot(house.server.dm(people[0]))[0].text
    }


async def test_a_power_cut_in_the_middle_repeats_nothing_and_loses_none(house: House) -> None:
    _city, people = await due(house)
    await house.start()
    await house.until(lambda: sum(told(house, people).values()) >= PEOPLE // 3)
    await house.kill()
    assert sum(told(house, people).values()) < PEOPLE
    await house.start()
    await house.until(lambda: len(+told(house, people)) == PEOPLE)
    await house.stop()
    assert set(told(house, people).values()) == {1}  # Discord knows the one in flight by its nonce


async def test_who_takes_no_messages_holds_up_nobody_and_is_settled(house: House) -> None:
    city, people = await due(house, 8)
    closed, slow, failing, too_many = people[:4]
    house.server.people[closed].closed = True
    chat = house.server.dm(closed)
    house.server.plan(SEND, limited(0.5), broken(500), refused(403, 20026, "flagged"), refused(400, 40003, "too fast"))
    await house.start()
    everybody = [slow, failing, too_many, *people[4:]]
    await house.until(lambda: len(+told(house, everybody)) == len(everybody))
    # what was planned may have met this one's letter; then it is sent again
    await house.until(lambda: any((one.answer or {}).get("code") == 50007 for one in sends(house.server, chat)))
    await house.stop()
    async with house.looked_into() as app:
        assert await app.store.unsettled(city.walkout) == 0
    assert told(house, [closed])[closed] == 0
    assert set(told(house, everybody).values()) == {1}
