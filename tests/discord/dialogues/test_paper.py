"""Cards and the board on Discord: in a server, where answers do not last, and in the chat with the bot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import discord
import pytest

from bot.domain import rules
from bot.domain.roles import Role
from bot.sandbox import pool
from bot.secrets.card_codes import pretty
from bot.secrets.keys import Person
from bot.usecases import roles
from bot.usecases.context import RequestContext
from handlers.discord.chat import PLATFORM
from tests.discord.dialogues.house import City, House, Message, Seat, labels
from tests.test_sheets import printed, reading

TEN = timedelta(minutes=10)


@pytest.fixture
async def olga(house: House) -> Seat:
    return await house.organizer()


@pytest.fixture
async def city(house: House) -> City:
    """A walkout without cards; one organizer is enough to print them."""
    return await house.city(printed=False)


def with_files(house: House, seat: Seat) -> list[discord.Message]:
    """Find what the bot has written into the person's own chat with a file."""
    there = seat.member.user.dm_channel.history(viewer=seat.member.user)
    return [message for message in there if message.attachments]


def data(house: House, message: Message) -> bytes:
    """Fetch the one file of a message."""
    [file] = message.attachments
    found = house.env.backend.cdn.get(file.url)
    assert found is not None
    return found


def read(house: House, message: Message) -> list[str]:
    """Read the cards; nobody else may see them."""
    with reading(data(house, message)) as pages:
        codes = printed(pages)
        assert "Send it to" in pages[1].text
        assert "on Discord: /start, then the code." in " ".join(pages[1].text.split())
    house.codes += codes
    return codes


@pytest.mark.parametrize("private", [False, True], ids=["in a server", "in the chat with the bot"])
async def test_cards_come_as_a_direct_message_that_is_gone_after_ten_minutes(
    house: House, city: City, *, private: bool
) -> None:
    name = house.client.user.name if house.client.user else ""
    house.app.bots[PLATFORM] = name
    olga = await house.organizer()
    seat = Seat(olga.member, None) if private else olga
    said = await seat.slash("organize cards", workplace="Depot", number="3")
    assert (
        said.text == "The cards come in a direct message. I delete it in 10 minutes: print them or save them at once."
    )
    [message] = with_files(house, olga)
    assert message.content.startswith("3 cards for Depot.\nI delete this message in 10 minutes")
    assert '/organize cards void "Depot"' in message.content
    [file] = message.attachments
    assert file.filename.endswith(".pdf")
    cards = read(house, message)
    assert len(cards) == 3
    ana = house.somebody("ana")
    assert "You would pledge for Depot" in (await ana.slash("start", card=cards[0])).text

    await house.due(TEN - timedelta(seconds=1))
    assert with_files(house, olga) != []
    await house.restart()
    await house.due(timedelta(seconds=1))
    assert with_files(house, olga) == []


async def test_who_takes_no_direct_messages_gets_the_cards_where_only_they_see_them(
    house: House, city: City, olga: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.app.bots[PLATFORM] = "AllOut"
    later: list[float | None] = []

    async def delete(message: discord.WebhookMessage, *, delay: float | None = None) -> None:
        later.append(delay)  # the library waits and then deletes; ten minutes are too long for a test

    monkeypatch.setattr(discord.WebhookMessage, "delete", delete)
    chat = olga.member.user.dm_channel
    house.env.inject_error("POST", f"/channels/{chat.id}/messages", status=403, code=50007, message="no", times=None)
    said = await olga.slash("organize cards", workplace="Depot", number="2")
    assert said.last.ephemeral
    assert said.last.content.startswith("2 cards for Depot.")
    assert len(read(house, said.last)) == 2
    assert later == [600]


async def test_who_can_be_sent_nothing_is_told_that_the_codes_are_lost(house: House, city: City, olga: Seat) -> None:
    chat = olga.member.user.dm_channel
    house.env.inject_error("POST", f"/channels/{chat.id}/messages", status=400, code=40005, message="no", times=None)
    said = await olga.slash("organize cards", workplace="Depot", number="2")
    assert '/organize cards void "Workplace"' in said.last.content
    assert "its codes are kept nowhere" in said.last.content


async def test_approved_cards_are_fetched_by_the_button_under_the_letter(house: House) -> None:
    await house.city(approvals=2, printed=False)
    house.app.bots[PLATFORM] = "AllOut"
    olga, omar = await house.organizer("olga"), await house.organizer("omar")
    asked = await olga.slash("organize cards", workplace="Depot", number="2")
    assert "1 more organizer must approve it" in asked.text
    await house.due()
    mine = omar.member.user.dm_channel.history(viewer=omar.member.user)
    privately = Seat(omar.member, None)
    await privately.press(mine[-1], "Approve")
    await house.due()
    letter = olga.member.user.dm_channel.history(viewer=olga.member.user)[-1]
    assert labels(letter) == ["Print the cards"]
    seat = Seat(olga.member, None)
    await seat.press_raw(letter, "Print the cards")
    [message] = with_files(house, olga)
    assert len(read(house, message)) == 2
    again = await seat.press_raw(letter, "Print the cards")
    assert len(with_files(house, olga)) == 1
    assert again.response is not None
    assert "These cards were printed" in again.response.content


async def test_cards_that_are_typed_into_the_chat_with_the_bot_come_there(house: House, city: City, olga: Seat) -> None:
    house.app.bots[PLATFORM] = "AllOut"
    [answer] = await house.write(olga, '/cards "Depot" 2')
    assert len(read(house, answer)) == 2
    await house.due(TEN)
    assert with_files(house, olga) == []


MANY = (("Depot", 601, 60, "at the gate"),)
FULL = "Too many people want files and pictures just now. Nothing was changed."


async def test_how_far_many_cards_are_stands_below_the_button_that_asked_for_them(house: House, olga: Seat) -> None:
    await house.city(MANY, printed=False, citywide_threshold=60)
    page = await olga.slash("organize cards")
    said = await olga.press(page.last, "Print all cards")
    assert said.left
    assert said.text == "Drawing cards: 600 of 601"
    [message] = with_files(house, olga)
    assert message.content.startswith("601 cards, workplace by workplace.")


async def test_how_far_many_cards_are_that_are_asked_for_in_the_chat_with_the_bot_stands_there(
    house: House, olga: Seat
) -> None:
    await house.city(MANY, printed=False, citywide_threshold=60)
    how_far, with_file = await house.write(olga, "/cards Depot")
    assert how_far.content == "Drawing cards: 600 of 601"
    assert with_file.content.startswith("601 cards for Depot.")
    assert with_files(house, olga) == [with_file]


async def test_many_cards_that_cannot_be_drawn_are_not_there_and_it_is_said(
    house: House, olga: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = await house.city(MANY, printed=False, citywide_threshold=60)
    monkeypatch.setattr(pool, "MOST_WAITING", 0)
    page = await olga.slash("organize cards")
    pressed = await olga.press(page.last, "Print all cards")
    assert pressed.left
    assert pressed.messages[0].content.startswith("Drawing cards: 0 of 601")
    assert pressed.last.content.startswith(FULL)
    assert (await olga.slash("organize cards", workplace="Depot")).text.startswith(FULL)
    begun, written = await house.write(olga, "/cards Depot")
    assert begun.content.startswith("Drawing cards: 0 of 601")
    assert written.content.startswith(FULL)
    assert (await house.places(city))["Depot"].issued == 0


async def test_lost_cards_are_voided(house: House, city: City, olga: Seat) -> None:
    house.app.bots[PLATFORM] = "AllOut"
    assert await olga.suggested("organize cards", "void", "") == ["void", "recall"]
    assert await olga.suggested("organize cards", "workplace", "dep") == ["Depot"]
    await olga.slash("organize cards", workplace="Depot", number="2")
    [message] = with_files(house, olga)
    cards = read(house, message)
    said = await olga.sure("organize cards", workplace="Depot", void="void")
    assert said.text.endswith('Its rooms hear it now; print anew: /organize cards "Depot"')
    ana = house.somebody("ana")
    assert "I do not know this card" in (await ana.slash("start", card=pretty(cards[0].replace("-", "")))).text


async def test_the_picture_and_the_table_come_beside_the_board(house: House, city: City, olga: Seat) -> None:
    board = await olga.slash("organize board")
    assert board.buttons == ["Picture"]
    assert "Only you see this" not in board.text  # that is said of cards
    picture = await olga.press(board.last, "Picture")
    assert picture.left
    assert picture.last.ephemeral
    assert picture.text.startswith("One day for the rent freeze")
    assert data(house, picture.last).startswith(b"\x89PNG")
    table = await olga.slash("organize board", filter="csv")
    assert len(table.messages) == 1
    assert data(house, table.last).decode().count("\n") == 5
    one = await olga.slash("organize board", filter="depot", walkout=city.walkout)
    assert "“depot”: 1 of 3 workplaces" in one.text
    [typed] = await house.write(olga, "/board csv")
    assert data(house, typed) == data(house, table.last)


@pytest.mark.parametrize("private", [False, True], ids=["in a server", "in the chat with the bot"])
async def test_the_report_of_a_campaigns_step_comes_with_its_table_and_then_the_picture(
    house: House, olga: Seat, *, private: bool
) -> None:
    city = await house.city(printed=False, campaign="Buses for all", turnout=True)
    await house.app.store.decide(city.walkout, partial(rules.call_off, now=house.app.clock()))
    messages: Sequence[Message] = (
        await house.write(olga, "/report") if private else (await olga.slash("organize report")).messages
    )
    table, picture = [message for message in messages if message.attachments]
    assert [file.filename for file in table.attachments] == [f"report-{city.walkout}.csv"]
    assert data(house, picture).startswith(b"\x89PNG")
    assert picture.content.endswith("One day for the rent freeze: not counted")
    assert table.content.startswith("Report.")
    assert getattr(picture, "ephemeral", False) is not private
    board = await olga.slash("organize board")
    assert board.buttons == ["Picture", "Step by step"]
    again = await olga.press(board.last, "Step by step")
    assert again.left
    assert data(house, again.last) == data(house, picture)


async def test_a_steward_is_suggested_and_shown_their_own_workplaces(house: House, olga: Seat) -> None:
    await house.city((("Bakery", 10, 5, ""),), citywide_threshold=5, title="Bread")
    city = await house.city()
    stella, nobody = house.somebody("stella"), house.somebody("nobody")
    places = await house.places(city)

    def context(seat: Seat) -> RequestContext:
        who = Person(PLATFORM, seat.account)
        return RequestContext(who=who, store=house.app.store, keys=house.app.keys, clock=house.clock)

    made = await roles.appoint(context(olga), Role.STEWARD, "stella", walkout=city.walkout, place=places["Depot"])
    used = await roles.redeem(context(stella), made.code)
    assert used is not None
    await roles.settle(context(olga), used.id, confirmed=True)

    assert await olga.suggested("organize board", "filter", "", walkout=city.walkout) == [
        "csv", "Café, North", "Depot", "School"
    ]  # fmt: skip
    for typed in ("", "dep", "o"):
        assert set(await stella.suggested("organize board", "filter", typed)) <= {"csv", "Depot"}
    assert await stella.suggested("organize board", "filter", "school") == []
    assert await stella.suggested("organize board", "walkout", "") == [city.walkout]
    assert await stella.suggested("organize board", "walkout", "bread") == []
    for command, option in (("cards", "workplace"), ("cards", "void"), ("room", "scope"), ("open", "walkout")):
        assert await stella.suggested(f"organize {command}", option, "") == []
    for option in ("walkout", "filter"):
        assert await nobody.suggested("organize board", option, "") == []
    shown = await stella.slash("organize board")
    assert "\nDepot\n" in shown.text
    assert "School" not in shown.text
    assert "That is for organizers." in (await nobody.slash("organize board")).text
