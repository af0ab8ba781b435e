"""Cards and the board, as Telegram carries them."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from functools import partial

import pytest

from bot.domain import rules
from bot.process.clock import real_clock
from tests.telegram.house import OLGA, City, House, found, labels
from tests.telegram.server import Json, broken, flood, held, lost, refused
from tests.test_sheets import printed, reading

SOON = timedelta(seconds=-1)


async def ready(house: House, **changes: object) -> City:
    """Let Olga organize a walkout; all its cards are out."""
    house.server.person(OLGA, name="Olga")
    return await found(house, opened=real_clock(), organizing=(OLGA,), **changes)  # type: ignore[arg-type]


async def fetched(house: House, message: Json) -> list[str]:
    """Read the cards in a message's file; no log and no store may hold them."""
    _path, pdf = house.server.files[message["document"]["file_id"]]

    def read() -> list[str]:
        with reading(pdf) as pages:
            assert all("?start=" in link for page in pages for link in page.qr)
            return printed(pages)

    codes = await asyncio.to_thread(read)
    house.codes += [code.replace("-", "") for code in codes]
    return codes


async def given(house: House, asked: str) -> Json:
    """Ask for a file, and give its message once the file is there."""
    before = {message["message_id"] for message in house.server.chats[OLGA].from_bot}
    house.server.say(OLGA, asked)

    def files() -> list[Json]:
        said = house.server.chats[OLGA].from_bot
        return [message for message in said if "document" in message and message["message_id"] not in before]

    (message,) = await house.until(files)
    return message


async def written_off(house: House) -> None:
    """Wait until the bot has noted the deletion that it was just told of."""
    await house.ask(OLGA, "/help")


async def let_ten_minutes_pass(house: House) -> None:
    """Stop the bot, let everything that is to be deleted be due, and start it again."""
    await house.stop()
    async with house.looked_into() as app:
        now = real_clock()
        due = await app.store.next_deletion(house.way)
        assert due is not None
        assert timedelta(minutes=9) < due - now <= timedelta(minutes=10)
        for deletion in await app.store.due_deletions(house.way, now=now + timedelta(hours=1)):
            await app.store.put_off_deletion(deletion.id, until=now + SOON)
    await house.start()


async def test_cards_come_as_a_file_that_is_deleted_when_it_is_time_though_the_bot_was_restarted(house: House) -> None:
    await ready(house)
    server = house.server
    await house.start()
    assert "print anew" in (await house.sure(OLGA, '/cards void "School"'))["text"]
    message = await given(house, "/cards School 3")
    assert message["caption"].startswith("3 cards for School.\nI delete this message in 10 minutes")
    assert message["document"]["file_name"].endswith(".pdf")
    [request] = server.called("editMessageMedia")
    assert "protect_content" not in request.params  # it must be possible to save it
    cards = await fetched(house, message)
    assert len(cards) == 3
    assert "You would pledge for School" in (await house.ask(server.person(), cards[0]))["text"]

    await let_ten_minutes_pass(house)
    await house.until(lambda: message["message_id"] not in server.chats[OLGA].messages)
    assert len([call for call in server.called("deleteMessage") if call.params["chat_id"] == OLGA]) == 1
    await written_off(house)
    await house.stop()
    async with house.looked_into() as app:
        assert await app.store.next_deletion(house.way) is None


async def test_all_that_is_missing_comes_as_one_file_from_a_button_pressed_once_and_is_deleted(house: House) -> None:
    await ready(house)
    server = house.server
    await house.start()
    for shop in ("School", "Depot"):
        await house.sure(OLGA, f'/cards void "{shop}"')
    page = await house.ask(OLGA, "/cards")
    assert page["text"].startswith("40 cards are missing to the head-counts of all workplaces.")
    server.press(page, "Print all cards")
    server.press(page, "Print all cards")  # an impatient thumb
    (message,) = await house.until(lambda: [m for m in server.chats[OLGA].from_bot if "document" in m])
    assert message["caption"].startswith("40 cards, workplace by workplace.\nI delete this message in 10 minutes")
    cards = await fetched(house, message)
    assert len(set(cards)) == 40
    opened = [(await house.ask(server.person(), cards[at]))["text"] for at in (0, -1)]
    assert {re.search(r"You would pledge for (\w+)", text)[1] for text in opened} == {"School", "Depot"}  # type: ignore[index]
    await house.hears(OLGA, "Every workplace has as many cards as people")

    await let_ten_minutes_pass(house)
    await house.until(lambda: message["message_id"] not in server.chats[OLGA].messages)


MANY = (("School", 601, 60, "under the School clock"),)
BEGINS = "Drawing cards: 0 of 601\nYou can go on here meanwhile"


async def test_while_many_cards_are_drawn_people_go_on_and_one_message_says_how_far_it_is(house: House) -> None:
    await ready(house, shops=MANY)
    server = house.server
    await house.start()
    await house.sure(OLGA, '/cards void "School"')
    page = await house.ask(OLGA, "/cards")
    seen = asyncio.Event()
    server.plan("editMessageText", held(seen), chat=OLGA)
    server.press(page, "Print all cards")
    begun = await house.hears(OLGA, BEGINS)
    server.press(page, "Print all cards")  # an impatient thumb
    assert "Next tally" in (await house.ask(OLGA, "/help"))["text"]
    assert not [message for message in server.chats[OLGA].from_bot if "document" in message]
    seen.set()
    (message,) = await house.until(lambda: [one for one in server.chats[OLGA].from_bot if "document" in one])
    assert message["caption"].startswith("601 cards, workplace by workplace.")
    assert house.as_it_is(begun)["text"] == "Drawing cards: 600 of 601"
    assert labels(house.as_it_is(page)) == ["Print all cards"]
    await house.hears(OLGA, "These cards were printed; it works once")
    assert len([one for one in server.chats[OLGA].from_bot if "document" in one]) == 1


async def test_a_stop_while_many_cards_are_drawn_leaves_none_and_they_can_be_asked_for_again(house: House) -> None:
    city = await ready(house, shops=MANY)
    await house.start()
    await house.sure(OLGA, '/cards void "School"')
    assert (await house.ask(OLGA, "/cards School"))["text"].startswith(BEGINS)
    await house.stop()
    async with house.looked_into() as app:
        [place] = await app.store.units(city.walkout)
        assert place.issued == 0
    await house.start()
    assert (await house.ask(OLGA, "/cards School"))["text"].startswith(BEGINS)


async def test_a_deletion_that_fails_is_tried_again_and_one_that_somebody_else_did_is_not(house: House) -> None:
    await ready(house)
    server = house.server
    await house.start()
    await house.sure(OLGA, '/cards void "School"')
    first = await given(house, "/cards School 1")
    second = await given(house, "/cards School 2")
    for message in (first, second):
        await fetched(house, message)
    del server.chats[OLGA].messages[second["message_id"]]
    server.plan("deleteMessage", flood(1), flood(1))
    await let_ten_minutes_pass(house)
    # both fail; then one is deleted, and the other is not there any more
    await house.until(lambda: [call.status for call in server.called("deleteMessage")][3:])
    assert sorted(call.status or 0 for call in server.called("deleteMessage")) == [200, 400, 429, 429]
    assert first["message_id"] not in server.chats[OLGA].messages
    await written_off(house)
    await house.stop()
    async with house.looked_into() as app:
        assert await app.store.next_deletion(house.way) is None


async def test_a_file_that_does_not_get_through_is_sent_again(house: House) -> None:
    await ready(house)
    await house.start()
    await house.sure(OLGA, '/cards void "School"')
    house.server.plan("editMessageMedia", broken(502), flood(1))
    message = await given(house, "/cards School 2")
    assert len(await fetched(house, message)) == 2
    assert len([m for m in house.server.chats[OLGA].from_bot if "document" in m]) == 1


async def test_no_copy_of_a_file_stays_whose_sending_was_not_answered(house: House) -> None:
    await ready(house)
    server = house.server
    await house.start()
    await house.sure(OLGA, '/cards void "School"')
    server.plan("sendMessage", lost(), chat=OLGA)
    server.plan("editMessageMedia", lost(), lost())
    await given(house, "/cards School 2")
    # what the third finds is there already
    await house.until(lambda: [call.status for call in server.called("editMessageMedia")][2:] in ([200], [400]))
    (message,) = [m for m in server.chats[OLGA].from_bot if "document" in m]
    await fetched(house, message)

    await let_ten_minutes_pass(house)
    await house.until(lambda: message["message_id"] not in server.chats[OLGA].messages)


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "I could not send you the file"), ("es", "No pude mandarte el archivo")]
)
async def test_a_file_whose_message_was_deleted_meanwhile_is_not_sent_on_its_own(
    house: House, language: str, sentence: str
) -> None:
    await ready(house)
    await house.start()
    await house.sure(OLGA, '/cards void "School"')
    house.server.plan("editMessageMedia", refused(400, "Bad Request: message to edit not found"))
    house.server.person(OLGA, name="Olga", language=language)
    house.server.say(OLGA, "/cards School 2")
    await house.hears(OLGA, sentence)
    assert [m for m in house.server.chats[OLGA].from_bot if "document" in m] == []


async def test_who_cannot_be_sent_the_file_is_told_that_its_codes_are_lost(house: House) -> None:
    await ready(house)
    await house.start()
    await house.sure(OLGA, '/cards void "School"')
    house.server.plan("editMessageMedia", *[broken(502)] * 4)
    house.server.say(OLGA, "/cards School 2")
    await house.hears(OLGA, "I could not send you the file")
    [request, *_] = house.server.called("editMessageMedia")
    [document] = request.files.values()
    with reading(document.data) as pages:
        house.codes += [code.replace("-", "") for code in printed(pages)]


async def test_pages_turn_in_place_and_the_picture_and_the_table_come_beside_the_board(house: House) -> None:
    shops = tuple((f"Shop {number:02}", 10, 5, "") for number in range(12))
    await ready(house, shops=shops)
    server = house.server
    await house.start()
    board = await house.ask(OLGA, "/board")
    assert labels(board) == ["Next", "Picture"]
    turned = await house.press(board, "Next")
    assert turned["message_id"] == board["message_id"]
    assert turned["text"].endswith("Page 2 of 2")
    assert labels(turned) == ["Previous", "Picture"]

    server.plan("sendPhoto", lost())
    server.press(turned, "Picture")
    await house.until(lambda: [call.status for call in server.called("sendPhoto")][1:] == [200])
    photo = house.last(OLGA)
    assert photo["photo"]
    assert photo["caption"].startswith("One day for the rent freeze")
    assert house.as_it_is(turned)["text"] == turned["text"]
    [_lost, request] = server.called("sendPhoto")
    assert request.files["photo"].data.startswith(b"\x89PNG")
    assert "protect_content" not in server.called("sendMessage")[-1].params

    table = await given(house, "/board csv")
    assert table["document"]["file_name"].endswith(".csv")
    _path, data = server.files[table["document"]["file_id"]]
    assert data.decode().count("\n") == 14
    await house.stop()
    async with house.looked_into() as app:
        assert await app.store.next_deletion(house.way) is None  # only codes are deleted


async def test_the_report_of_a_campaigns_step_comes_with_its_table_and_then_the_picture(house: House) -> None:
    city = await ready(house, campaign="Buses for all", turnout=True)
    async with house.looked_into() as app:
        await app.store.decide(city.walkout, partial(rules.call_off, now=real_clock()))
    server = house.server
    await house.start()
    table = await given(house, "/report")
    assert table["document"]["file_name"] == f"report-{city.walkout}.csv"
    await house.until(lambda: server.called("sendPhoto"))
    [photo] = await house.until(lambda: [each for each in server.chats[OLGA].from_bot if "photo" in each])
    said = "Buses for all\nStep by step, workplaces where enough people took part:\n1. One day for the rent freeze"
    assert photo["caption"] == f"{said}: not counted"
    board = await house.ask(OLGA, "/board")
    assert labels(board) == ["Picture", "Step by step"]
    server.press(board, "Step by step")
    await house.until(lambda: [call.status for call in server.called("sendPhoto")] == [200, 200])
    one, two = server.called("sendPhoto")
    assert one.files["photo"].data == two.files["photo"].data
    assert one.params["caption"] == two.params["caption"]
