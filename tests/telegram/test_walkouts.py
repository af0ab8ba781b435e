from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.process.clock import real_clock
from tests.console.play import bare, terms
from tests.faults.houses import TelegramHouse, telegram_house
from tests.fixed import PLEDGED_BUTTONS
from tests.telegram.house import found, labels, stand
from tests.telegram.server import BOT

ROSTER = b"""workplace,headcount,threshold,meet
Depot,10,6,at the gate
School,30,5,by the clock
<b>&,20,5,at the door
"""


@pytest.fixture
async def house() -> AsyncIterator[TelegramHouse]:
    """A house whose clock can be moved, and whose bot does not run yet."""
    async with telegram_house(checked=True) as made:
        yield made


async def test_a_walkout_from_two_files_to_it_is_on(house: TelegramHouse) -> None:
    server = house.server
    await house.start()

    olga = server.person(name="Olga")
    code = (await house.allout("organizer-code")).split()[-1]
    assert "You are an organizer now." in (await house.ask(olga, f"/organizer {code}"))["text"]

    pledge_by = (real_clock() + timedelta(hours=2)).replace(microsecond=0)
    starts = pledge_by + timedelta(days=3)
    # one count only: a clock that jumps past one counts as a stall, and waits a minute for what was kept
    about = terms(starts=starts, pledge_by=pledge_by, tally_every="2h", citywide_threshold=10, minimum_workplaces=2)
    server.upload(olga, "walkout.toml", about.encode())
    server.upload(olga, "workplaces.csv", ROSTER)
    drafted = (await house.hears(olga, "Drafted: One day for the rent freeze"))["text"]
    assert "3 workplaces, 60 people." in drafted
    assert "On at 10 pledges citywide, with 2 workplaces ready or more." in drafted
    found_id = re.search(r"/open (\w+)", drafted)
    assert found_id

    out = house.folder / "cards.csv"
    await house.allout("cards", found_id[1], "--all", "--out", out)
    cards: dict[str, list[str]] = {}
    for row in csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()):
        cards.setdefault(row["workplace"], []).append(row["card"])
        house.codes.append(row["card"].replace("-", ""))

    city, depot = server.room("channel", title="The whole town"), server.room(title="Yard")
    school, cafe = server.room("group", title="Teachers"), server.room(title="Kitchen")
    rooms = {city: "citywide", depot: '"Depot"', school: "School", cafe: '"<b>&"'}
    for chat, scope in rooms.items():
        await house.bind(olga, chat, scope)
    assert "is open for pledges" in (await house.sure(olga, "/open"))["text"]
    for chat in rooms:  # once it is on, that it opened is said no more
        await house.hears(chat, "You can pledge until")

    pledged = await house.pledge_all([*cards["<b>&"][:5], *cards["School"][:6], *cards["Depot"][:5]])
    assert [text.partition(".")[0] for who in pledged for text in server.chats[who].texts] == ["Recorded"] * 16
    changing = list(pledged)[5]
    taken_back = await house.press(pledged[changing], "Withdraw")
    assert "fewer than" in (await house.ask(olga, "/board"))["text"]

    house.strings.ahead = timedelta(hours=2)
    await house.hears(city, "It is on.")
    for chat, words in (
        (depot, "Depot did not reach its number. Depot does NOT walk out on"),
        (school, "It is on, and School walks out on"),
        (cafe, "It is on, and <b>& walks out on"),
    ):
        await house.hears(chat, words)
    for chat in rooms:
        first, *others = server.chats[chat].texts
        assert "You can pledge until" in first
        assert len(others) == 1
    assert bare(server.chats[cafe].texts[-1]).endswith(
        "at the door\nMeet at nine at your own door; legal line 555-0100."
    )
    assert "Meet at nine" not in server.chats[depot].texts[-1]

    checked = await house.press(next(iter(pledged.values())), "Check")
    assert "WALKS OUT on" in checked["text"]
    await house.press(taken_back, "Pledge")  # its message stays, with the card
    assert "The deadline has passed." in house.last(changing)["text"]
    spare = server.person()
    assert "The deadline has passed." in (await house.ask(spare, cards["School"][-1]))["text"]
    on = (await house.ask(olga, "/board"))["text"]
    assert "2 of 3 workplaces have reached theirs" in on
    await house.stop()


async def test_a_workplace_joins_after_it_is_on(house: TelegramHouse) -> None:
    now = real_clock()
    server = house.server
    city_room, school_room = server.room("channel"), server.room()
    city = await found(
        house,
        opened=now - timedelta(minutes=15, seconds=1),
        rooms={city_room: None, school_room: "School"},
        citywide_threshold=6,
        tally_every="15m",
    )
    early = {server.person(): city.take("Depot") for _ in range(6)} | {server.person(): city.take() for _ in range(4)}
    await stand(house, early, now - timedelta(minutes=5))
    await house.start()
    await house.hears(city_room, "It is on.")
    await house.hears(school_room, "School does not walk out unless it reaches its number by")
    joiner, code = server.person(), city.take()
    card = await house.ask(joiner, f"/start {code}")
    assert "It walks out too once 5 of its 30 people have pledged." in card["text"]
    card = await house.press(card, "Pledge")
    assert labels(card) == PLEDGED_BUTTONS
    house.strings.ahead = timedelta(minutes=15)
    await house.hears(city_room, "School joins: it walks out as well")
    await house.hears(school_room, "School has reached its number: we walk out too")
    assert "WALKS OUT on" in (await house.press(card, "Check"))["text"]
    late = await house.ask(server.person(), f"/start {city.take()}")  # where it is on for School already
    for words in ("It is on, and School WALKS OUT on ", "under the School clock", "Will you join?"):
        assert words in late["text"]
    recorded = await house.press(late, "Pledge")
    assert recorded["text"].startswith("Recorded. School: your pledge stands.\n\nIt is on, and School WALKS OUT on ")
    assert "decided" not in recorded["text"]
    assert labels(recorded) == PLEDGED_BUTTONS
    assert len(server.chats[city_room].texts) == 2  # no bot ran before, so it did not hear that it opened
    await house.stop()
    assert (await house.standing(city))["School"] == 6


async def test_a_missed_tally_stands_before_the_pledges_that_waited_for_the_bot(house: TelegramHouse) -> None:
    now = real_clock()
    server = house.server
    room = server.room()
    city = await found(
        house,
        opened=now - timedelta(minutes=15, seconds=1),
        rooms={room: "School"},
        citywide_threshold=5,
        tally_every="15m",
    )
    await stand(house, {server.person(): city.take() for _ in range(4)}, now - timedelta(minutes=5))
    worker, code = server.person(), city.take()
    server.say(worker, code)
    pledge = _pledge_button(f"{code}.{city.walkout}")
    shown = {"chat": server.chats[worker].chat, "message_id": 99, "reply_markup": pledge}
    server.press(shown, "Pledge")  # a message of an earlier run
    await house.start()
    await house.hears(worker, "Recorded. School: your pledge stands.")
    checked = await house.ask(worker, f"/status {code}")
    assert "School: fewer than 5" in checked["text"]
    assert "As of count 1," in checked["text"]
    await house.stop()
    assert (await house.standing(city))["School"] == 5
    assert not [text for text in server.chats[room].texts if "It is on" in text or "reached" in text]


def _pledge_button(card: str) -> dict[str, object]:
    return {"inline_keyboard": [[{"text": "Pledge", "callback_data": f"p:{card}"}]]}


async def test_a_walkout_short_of_its_number_says_not_now_and_no_number(house: TelegramHouse) -> None:
    now = real_clock()
    server = house.server
    room = server.room("channel")
    city = await found(
        house,
        opened=now - timedelta(days=2),
        rooms={room: None},
        citywide_threshold=12,
        pledge_by=(now - timedelta(seconds=1)).replace(microsecond=0),
    )
    worker, code = server.person(), city.take()
    await stand(house, {worker: code}, now - timedelta(days=1))
    await house.start()
    told = (await house.hears(room, "Not now."))["text"]
    assert not re.search(r"\d", bare(told))
    answer = await house.ask(worker, f"/status {code}")
    assert "Nobody walks out. Go to work as usual. Not enough of us pledged in time." in answer["text"]
    assert "Not now" in (await house.ask(server.person(), city.take()))["text"]
    assert BOT["username"] not in told
