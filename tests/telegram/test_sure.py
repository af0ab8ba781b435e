"""What cannot be undone, at the wire: it is read, it is asked, and a press that comes again does nothing more."""

from __future__ import annotations

from tests.telegram.house import OLGA, House, found, labels


async def test_without_a_citywide_room_it_is_opened_only_all_the_same_and_called_off_only_when_asked(
    house: House,
) -> None:
    server = house.server
    server.person(OLGA)
    room = server.room()
    await found(house, organizing=[OLGA], rooms={})
    await house.start()
    page = await house.ask(OLGA, "/open")
    assert labels(page) == ["Open all the same", "What workers read", "Are we ready?"]
    assert "Bind one: /room" in page["text"]
    await house.press(page, "What workers read")
    assert "reads before pledging" in house.last(OLGA)["text"]
    assert house.as_it_is(page)["text"] == page["text"]  # it stays, to be pressed
    assert "draft" in (await house.ask(OLGA, "/walkouts"))["text"]

    await house.bind(OLGA, room, "citywide")
    anew = await house.press(page, "Open all the same")
    assert "Something has changed" in anew["text"]
    assert labels(anew) == ["Open it", "What workers read", "Are we ready?"]
    opened = await house.press(anew, "Open it")
    assert "is open for pledges" in opened["text"]
    await house.hears(room, "You can pledge until")

    page = await house.ask(OLGA, "/calloff")
    assert "• 1 room hears at once that it is called off." in page["text"]
    assert "open" in (await house.ask(OLGA, "/walkouts"))["text"]
    server.press(page, "Call it off")
    off = await house.press(page, "Call it off")  # pressed twice
    assert "is called off" in off["text"]
    await house.hears(room, "Called off.")
    assert [text[:11] for text in server.chats[room].texts].count("Called off.") == 1
