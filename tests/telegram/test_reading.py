"""What people write on Telegram is read however it comes, and only what is a card's code is taken out of sight."""

from __future__ import annotations

import pytest

from bot.secrets.card_codes import pretty
from tests.fixed import TERMS_BUTTONS
from tests.telegram.house import OLGA, City, House, labels

pytestmark = pytest.mark.asyncio(loop_scope="module")

DELETED = "I deleted your message with the code from this chat."
UNKNOWN = "ZZZZZ-ZZZZZ-ZZZZ9-99999"


@pytest.mark.parametrize(
    "typed",
    [
        "My card is {}",
        "“{}”",
        "Hello\n{}",
        "Моя карта {}, спасибо",
        "我的卡片{}谢谢",
        "||{}||",
        "`{}`",
        "\u2068{}\u2069",
        "\u202a{}\u202c",
        "/start {} please",
        "`/start {}`",
    ],
)
async def test_a_code_anywhere_in_a_message_opens_its_card_and_is_taken_out_of_sight(
    busy_house: House, busy_city: City, typed: str
) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    card = await busy_house.ask(worker, typed.format(pretty(busy_city.cards["Depot"][0])))
    assert labels(card) == TERMS_BUTTONS
    assert card["text"].endswith(DELETED)
    assert list(server.chats[worker].messages.values()) == [card]


async def test_the_link_on_a_card_is_read_also_where_it_is_hidden_behind_words(
    busy_house: House, busy_city: City
) -> None:
    server, code = busy_house.server, busy_city.cards["Depot"][0]
    link = f"https://t.me/your_bot?start={code}"
    hidden = [{"type": "text_link", "offset": 0, "length": 4, "url": link}]
    for text, entities in ((link, []), ("here", hidden)):
        worker = server.person()
        server.say(worker, text, entities=entities)
        (card,) = await busy_house.until(lambda: server.chats[worker].from_bot)  # noqa: B023
        assert labels(card) == TERMS_BUTTONS
        assert list(server.chats[worker].messages.values()) == [card]


async def test_an_unknown_code_stays_so_that_it_can_be_checked_letter_by_letter(busy_house: House) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    for typed in (UNKNOWN, f"my card is {UNKNOWN}"):
        answer = await busy_house.ask(worker, typed)
        assert "I do not know this card. Check it letter by letter" in answer["text"]
    assert [m["text"] for m in server.chats[worker].messages.values() if m["from"]["id"] == worker] == [
        UNKNOWN,
        f"my card is {UNKNOWN}",
    ]


async def test_letters_of_another_alphabet_are_pointed_out(busy_house: House, busy_city: City) -> None:
    code = pretty(busy_city.cards["Depot"][0])
    answer = await busy_house.ask(busy_house.server.person(), "Ж" + code[1:])
    assert "Switch the keyboard to Latin letters" in answer["text"]


async def test_words_are_never_counted_as_wrong_codes(busy_house: House, busy_city: City) -> None:
    worker = busy_house.server.person()
    for typed in ["cancel my pledge please", "internationalization"] * 4:
        answer = await busy_house.ask(worker, typed)
        assert "I did not understand that" in answer["text"]
    assert labels(await busy_house.ask(worker, busy_city.cards["Depot"][0])) == TERMS_BUTTONS


async def test_several_codes_in_one_message_open_none_and_are_taken_out_of_sight(
    busy_house: House, busy_city: City
) -> None:
    server, worker, (one, two, *_) = busy_house.server, busy_house.server.person(), busy_city.cards["Depot"]
    answer = await busy_house.ask(worker, f"{pretty(one)} {pretty(two)}")
    assert "There are several codes in your message" in answer["text"]
    assert list(server.chats[worker].messages.values()) == [answer]
    card = await busy_house.ask(worker, f"{pretty(one)} or {UNKNOWN}")
    assert labels(card) == TERMS_BUTTONS


async def test_in_a_group_whatever_has_the_shape_of_a_code_is_deleted_known_or_not(
    busy_house: House, busy_city: City
) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    group = server.room(members=[worker])
    server.chats[group].bot = "administrator"
    known = pretty(busy_city.cards["Depot"][0])
    server.say(worker, f"lost this: {known}, whose is it?", group)
    server.say(worker, f"lost this: {UNKNOWN}, whose is it?", group)
    server.say(worker, "internationalization", group)
    server.say(worker, "above-below-north-south", group)
    await busy_house.until(lambda: len(server.chats[group].from_bot) == 2)
    kept = [m["text"] for m in server.chats[group].messages.values() if m["from"]["id"] == worker]
    assert kept == ["internationalization", "above-below-north-south"]


async def test_a_code_under_a_picture_is_taken_out_of_a_group(busy_house: House, busy_city: City) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    group = server.room(members=[worker])
    server.chats[group].bot = "administrator"
    server._post(worker, group, {"caption": f"look: {pretty(busy_city.cards['Depot'][0])}"})
    await busy_house.until(lambda: server.chats[group].from_bot)
    assert [m for m in server.chats[group].messages.values() if m["from"]["id"] == worker] == []


async def test_a_voice_or_a_picture_is_told_that_only_text_is_read(busy_house: House) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    server._post(worker, None, {"voice": {"file_id": "x", "file_unique_id": "x", "duration": 1}})
    (answer,) = await busy_house.until(lambda: server.chats[worker].from_bot)
    assert answer["text"].startswith("I can read only text")


async def test_the_nearest_names_are_buttons_that_say_the_command_again(busy_house: House) -> None:
    answer = await busy_house.ask(OLGA, '/cards "Depott" 3')
    assert "There is no workplace called Depott. Do you mean:" in answer["text"]
    assert "Depot" in labels(answer)
    page = await busy_house.ask(OLGA, "/board schol")
    assert "School" in labels(page)
    assert "School" in (await busy_house.press(page, "School", OLGA))["text"]
