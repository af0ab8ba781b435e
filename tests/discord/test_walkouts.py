from __future__ import annotations

import csv
import re
from datetime import timedelta

from bot.process.clock import real_clock
from tests.console.play import bare, terms
from tests.discord.house import ENTER_CARD, House, found, let_deadline_pass, stand
from tests.discord.world import Message
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS

ROSTER = b"""workplace,headcount,threshold,meet
Depot,10,6,at the gate
School,30,5,by the clock
<b>&,20,5,at the door
"""


async def test_a_walkout_from_two_files_to_it_is_on(house: House) -> None:  # noqa: PLR0915  one long story
    server = house.server
    guild = server.guild("Local 555")
    lobby = server.room(guild, "lobby")
    town, yard, kitchen = server.room(guild, "town", "announcement"), server.room(guild, "yard"), server.thread(lobby)
    teachers = server.room(server.guild("Teachers"), "staff-room")
    await house.start()

    olga, omar = server.person(name="Olga"), server.person(name="Omar")
    for person, where in ((olga, None), (omar, lobby)):
        code = (await house.allout("organizer-code")).split()[-1]
        house.codes.append(code.replace("-", ""))
        assert "You are an organizer now." in (await house.command(person, "organizer", where, code=code)).text

    pledge_by = (real_clock() + timedelta(days=1)).replace(microsecond=0)
    about = terms(
        starts=pledge_by + timedelta(days=3),
        pledge_by=pledge_by,
        citywide_threshold=10,
        minimum_workplaces=2,
        approvals=2,
    )
    server.say(olga, "", ("walkout.toml", about.encode()), ("workplaces.csv", ROSTER))
    drafted = (await house.hears(server.dm(olga), "Drafted: One day for the rent freeze")).text
    assert "3 workplaces, 60 people." in drafted
    assert "On at 10 pledges citywide, with 2 workplaces ready or more." in drafted
    found_id = re.search(r"/organize open (\w+)", drafted)
    assert found_id

    out = house.folder / "cards.csv"
    await house.allout("cards", found_id[1], "--all", "--out", out)
    cards: dict[str, list[str]] = {}
    for row in csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()):
        cards.setdefault(row["workplace"], []).append(row["card"])
        house.codes.append(row["card"].replace("-", ""))

    rooms = {town: "citywide", yard: "Depot", teachers: "School", kitchen: "<b>&"}
    for channel, scope in rooms.items():
        bound = await house.command(olga, "organize room", channel, scope=scope)
        assert "hears the " in bound.text
        assert bound.ephemeral
    proposed = (await house.sure(olga, "organize open")).text
    assert f"({found_id[1]}) for pledges: proposed. 1 more organizer must approve it" in proposed
    assert house.from_bot(town) == []
    assert "is open for pledges" in (await house.sure(omar, "organize open", lobby)).text

    pledged = await house.pledge_all([*cards["<b>&"][:5], *cards["School"][:3]])
    pledged |= await house.pledge_all([*cards["School"][3:6], *cards["Depot"][:5]], lobby)
    assert [message.labels for message in pledged.values()] == [PLEDGED_BUTTONS] * 16
    changing = list(pledged)[5]
    taken_back = await house.press(pledged[changing], "Withdraw")
    assert "fewer than" in (await house.command(olga, "organize board")).text

    for channel in rooms:  # once the deadline has passed it is not said any more
        await house.hears(channel, "You can pledge until")
    await house.stop()
    let_deadline_pass(house, found_id[1])
    await house.start()
    await house.hears(town, "It is on.")
    for channel, words in (
        (yard, "Depot did not reach its number. Depot does NOT walk out on"),
        (teachers, "It is on, and School walks out on"),
        (kitchen, "It is on, and \\<b>& walks out on"),
    ):
        await house.hears(channel, words)
    for channel in rooms:
        first, *others = house.from_bot(channel)
        assert "You can pledge until" in first.text
        assert len(others) == 1
    assert house.from_bot(lobby) == []
    assert bare(house.from_bot(kitchen)[-1].text).endswith(
        "at the door\nMeet at nine at your own door; legal line 555-0100."
    )
    assert "Meet at nine" not in house.from_bot(yard)[-1].text

    checked = await house.press(next(iter(pledged.values())), "Check")
    assert "WALKS OUT on" in checked.text
    late = await house.press(taken_back, "Pledge")
    assert "The deadline has passed." in late.text
    assert house.as_it_is(taken_back).labels == taken_back.labels  # with them the way back to the card stays
    spare = server.person()
    assert "The deadline has passed." in (await house.command(spare, "start", card=cards["School"][-1])).text
    assert "2 of 3 workplaces have reached theirs" in (await house.command(olga, "organize board")).text
    _check_who_sees_what(house, set(rooms))
    await house.stop()


def _check_who_sees_what(house: House, rooms: set[int]) -> None:
    """See that in servers nobody sees another's answers, and that rooms hear announcements only."""
    server = house.server
    answers = [
        message
        for message in server.messages.values()
        if message.interaction is not None and server.channels[message.channel].guild is not None
    ]
    assert answers
    assert all(message.ephemeral for message in answers)
    public = [one for channel in server.channels.values() if channel.guild for one in house.from_bot(channel.id)]
    assert {message.channel for message in public} == rooms
    assert not [message for message in public if message.labels]


async def test_a_walkout_short_of_its_number_says_not_now_and_no_number(house: House) -> None:
    now = real_clock()
    server = house.server
    town = server.room(server.guild())
    city = await found(
        house,
        opened=now - timedelta(days=2),
        rooms={town: None},
        citywide_threshold=12,
        pledge_by=(now - timedelta(seconds=1)).replace(microsecond=0),
    )
    worker, code = server.person(), city.take()
    await stand(house, {worker: code}, now - timedelta(days=1))
    await house.start()
    told = (await house.hears(town, "Not now.")).text
    assert not re.search(r"\d", bare(told))
    assert (
        "Nobody walks out. Go to work as usual. Not enough" in (await house.command(worker, "status", card=code)).text
    )
    opened: Message = await house.command(server.person(), "start")
    refused = await house.enter(opened, city.take())
    assert "Not now" in refused.text
    assert refused.labels not in (TERMS_BUTTONS, [ENTER_CARD])
