from __future__ import annotations

import re

import pytest

from bot.secrets.card_codes import pretty
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS, WITHDRAWN_BUTTONS
from tests.telegram.house import OLGA, City, House, labels, sends
from tests.telegram.server import blocked, broken, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

DELETED = "I deleted your message with the code from this chat."


def _spaced(code: str) -> str:
    return f" {pretty(code).lower().replace('-', '  ')} "


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(lambda code: f"/start {code}", id="by the link on the card"),
        pytest.param(lambda code: f"/start {pretty(code)}", id="by the link, as it is printed"),
        pytest.param(pretty, id="typed as it is printed"),
        pytest.param(_spaced, id="typed by thumb"),
    ],
)
async def test_a_code_opens_its_card_and_is_taken_out_of_sight(
    busy_house: House, busy_city: City, typed: object
) -> None:
    server, worker = busy_house.server, busy_house.server.person(name="Rosalind")
    assert callable(typed)
    card = await busy_house.ask(worker, typed(busy_city.take()))
    assert card["text"].startswith("One day for the rent freeze · New York")
    assert "You would pledge for School." in card["text"]
    assert card["text"].endswith(DELETED)
    assert labels(card) == TERMS_BUTTONS
    assert list(server.chats[worker].messages.values()) == [card]
    (sent,) = sends(server, worker)
    assert sent.params["protect_content"] is True


async def test_a_code_that_cannot_be_deleted_is_not_said_to_be(busy_house: House, busy_city: City) -> None:
    worker = busy_house.server.person()
    busy_house.server.plan("deleteMessage", refused(400, "Bad Request: message can't be deleted"), chat=worker)
    card = await busy_house.ask(worker, busy_city.take())
    assert labels(card) == TERMS_BUTTONS
    assert DELETED not in card["text"]


async def test_one_message_follows_a_pledge_from_button_to_button(busy_house: House, busy_city: City) -> None:
    server, worker, code = busy_house.server, busy_house.server.person(), busy_city.take()
    card = await busy_house.ask(worker, f"/start {code}")
    for label, words, buttons in (
        ("Pledge", "Recorded. School: your pledge stands.", PLEDGED_BUTTONS),
        ("Check", "Your pledge stands.", PLEDGED_BUTTONS),
        ("Withdraw", "Taken back. Your pledge no longer counts.", WITHDRAWN_BUTTONS),
        ("Check", "You have taken your pledge back.", WITHDRAWN_BUTTONS),
        ("Pledge", "Recorded. School: your pledge stands.", PLEDGED_BUTTONS),
    ):
        card = await busy_house.press(card, label)
        assert words in card["text"]
        assert labels(card) == buttons
        assert list(server.chats[worker].messages.values()) == [card]
    assert None not in server.callbacks.values()


async def test_a_button_carries_the_code_in_64_bytes(busy_house: House, busy_city: City) -> None:
    code = busy_city.take()
    card = await busy_house.pledge(busy_house.server.person(), code)
    for button in card["reply_markup"]["inline_keyboard"][0]:
        assert code in button["callback_data"]
        assert len(button["callback_data"].encode()) <= 64


async def test_a_card_declined_leaves_nothing_but_a_sentence(busy_house: House, busy_city: City) -> None:
    worker = busy_house.server.person()
    card = await busy_house.press(await busy_house.ask(worker, busy_city.take()), "Not now")
    assert card["text"].startswith("Nothing is recorded.")
    assert labels(card) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [("/status", "Your pledge stands."), ("/withdraw", "Taken back. Your pledge no longer counts.")],
)
async def test_check_and_withdraw_by_code_are_protected_and_the_code_is_deleted(
    busy_house: House, busy_city: City, command: str, words: str
) -> None:
    server, worker, code = busy_house.server, busy_house.server.person(), busy_city.take()
    await busy_house.pledge(worker, code)
    answer = await busy_house.ask(worker, f"{command} {pretty(code)}")
    assert words in answer["text"]
    assert answer["text"].endswith(DELETED)
    assert sends(server, worker)[-1].params.get("protect_content") is True
    assert server.chats[worker].from_bot == list(server.chats[worker].messages.values())


async def test_terms_shown_for_a_check_are_protected_as_well(busy_house: House, busy_city: City) -> None:
    worker = busy_house.server.person()
    answer = await busy_house.ask(worker, f"/status {busy_city.take()}")
    assert "You would pledge for School." in answer["text"]
    assert sends(busy_house.server, worker)[-1].params.get("protect_content") is True


async def test_a_used_card_shows_others_what_a_fresh_one_shows(busy_house: House, busy_city: City) -> None:
    server, code = busy_house.server, busy_city.take()
    await busy_house.pledge(server.person(), code)
    fresh = await busy_house.ask(server.person(), busy_city.take())
    used = await busy_house.ask(server.person(), code)
    assert (used["text"], labels(used)) == (fresh["text"], labels(fresh))
    await busy_house.press(used, "Pledge")
    assert busy_house.as_it_is(used)["text"] == used["text"]  # who has no paper needs the message with the card
    assert busy_house.last(used["chat"]["id"])["text"].startswith("This card is used already, from another account.")


async def test_a_second_card_does_not_count(busy_house: House, busy_city: City) -> None:
    worker = busy_house.server.person()
    await busy_house.pledge(worker, busy_city.take())
    await busy_house.pledge(worker, busy_city.take())
    assert "One person, one card." in busy_house.last(worker)["text"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Good morning to you", "I did not understand that"),
        ("/strike", "There is no command /strike."),
        ("0000-0000", "I did not understand that"),
        ("00000-00000-00000-00000", "I do not know this card."),
        ("/start 00000-00000-00000-00000", "I do not know this card."),
        ("00000-00000-00000-0000", "a card has 20"),
        ("/status", "I do not know which card is yours"),
        ("/withdraw", "I do not know which card is yours"),
        ("/room citywide", "That is for organizers."),
        ("/start", "AllOut: one out, all out."),
        ("/privacy", "What I do not keep: names, accounts, messages"),
        ("/help", "Have a card? Send me its code: you read everything before you pledge."),
    ],
)
async def test_whatever_a_worker_writes_is_answered(busy_house: House, typed: str, words: str) -> None:
    assert words in (await busy_house.ask(busy_house.server.person(), typed))["text"]


async def test_a_message_without_text_is_answered(busy_house: House) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    message = server._kept(server.chats[worker], {"from": server._people[worker], "venue": _venue()})
    server.raw({"message": message})
    await busy_house.hears(worker, "I can read only text")


def _venue() -> dict[str, object]:
    return {"location": {"latitude": 40.7, "longitude": -74.0}, "title": "Hall", "address": "1 Canal St"}


async def test_a_worker_who_sends_a_file_is_told_who_may(busy_house: House) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    server.upload(worker, "walkout.toml", b"title = 'x'")
    await busy_house.until(lambda: server.chats[worker].from_bot)
    assert busy_house.last(worker)["text"].startswith("That is for organizers.")
    assert server.called("getFile") == []


async def test_a_workplace_shows_as_it_is_written(busy_house: House, busy_city: City) -> None:
    card = await busy_house.pledge(busy_house.server.person(), busy_city.take("<b>&"))
    assert card["text"].startswith("Recorded. <b>&: your pledge stands.")
    assert [r for r in busy_house.server.requests if "parse_mode" in r.params] == []


async def test_two_presses_are_one_pledge_and_two_answers(busy_house: House, busy_city: City) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    card = await busy_house.ask(worker, busy_city.take())
    server.press(card, "Pledge")
    card = await busy_house.press(card, "Pledge")
    assert "it counts once" in card["text"]
    assert [m["message_id"] for m in server.chats[worker].from_bot] == [card["message_id"]]
    assert None not in server.callbacks.values()


async def test_a_press_on_a_message_that_cannot_be_edited_is_answered_by_one_new_message(
    busy_house: House, busy_city: City
) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    card = await busy_house.ask(worker, busy_city.take())
    server.plan("editMessageText", refused(400, "Bad Request: message can't be edited"), chat=worker)
    await busy_house.press(card, "Pledge")
    assert [text.partition("\n")[0] for text in server.chats[worker].texts[1:]] == [
        "Recorded. School: your pledge stands."
    ]
    assert sends(server, worker)[-1].params["protect_content"] is True
    assert None not in server.callbacks.values()


async def test_a_press_that_waited_too_long_to_be_answered_is_recorded_and_shown_once(
    busy_house: House, busy_city: City
) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    card = await busy_house.ask(worker, busy_city.take())
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    before = len(server.requests)
    server.plan("answerCallbackQuery", *[refused(400, too_old)] * 5)
    try:
        card = await busy_house.press(card, "Pledge")
    finally:
        server._faults["answerCallbackQuery"].clear()
    assert card["text"].startswith("Recorded. School: your pledge stands.")
    assert [r.method for r in server.requests[before:]].count("editMessageText") == 1


async def test_a_pledge_stands_though_its_worker_has_blocked_the_bot(busy_house: House, busy_city: City) -> None:
    server, worker, code = busy_house.server, busy_house.server.person(), busy_city.take()
    card = await busy_house.ask(worker, code)
    server.plan("editMessageText", blocked(), chat=worker)
    server.plan("sendMessage", blocked(), chat=worker)
    await busy_house.press(card, "Pledge")
    server.member(worker, "kicked")
    server.member(worker, "member")
    server._faults["sendMessage"].clear()
    assert "Your pledge stands." in (await busy_house.ask(worker, f"/status {code}"))["text"]


async def test_an_answer_outlasts_a_short_trouble(busy_house: House, busy_city: City) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    server.plan("sendMessage", broken(502), broken(500, b"<html>"), chat=worker)
    card = await busy_house.ask(worker, busy_city.take())
    server.plan("editMessageText", broken(503), chat=worker)
    assert (await busy_house.press(card, "Pledge"))["text"].startswith("Recorded.")
    assert len(server.chats[worker].messages) == 1


async def test_terms_longer_than_a_message_come_in_parts_each_protected(busy_house: House, busy_city: City) -> None:
    server = busy_house.server
    demands = [f"{number:02d} {'more and better buses ' * 8}".strip() for number in range(40)]
    lines = [f"title = 'A long list'\ndemands = {demands!r}", "citywide_threshold = 5", "approvals = 1"]
    lines += ["starts = 2099-01-02T00:00:00+00:00", "pledge_by = 2099-01-01T00:00:00+00:00", "workplaces = 'w.csv'"]
    server.upload(OLGA, "walkout.toml", "\n".join(lines).encode())
    server.upload(OLGA, "w.csv", b"workplace,headcount,threshold\nHarbour,9,5\n")
    named = re.search(r"/open (\w+)", (await busy_house.hears(OLGA, "Drafted: A long list"))["text"])
    assert named
    walkout, out = named[1], busy_house.folder / "long.csv"
    await busy_house.allout("cards", walkout, "--all", "--out", out)
    await busy_house.sure(OLGA, f"/open {walkout}")
    worker, code = server.person(), out.read_text().split("\n")[1].rpartition(",")[2]
    busy_house.codes.append(code.replace("-", ""))
    await busy_house.ask(worker, code)
    last = await busy_house.until(lambda: next((m for m in server.chats[worker].from_bot if labels(m)), None))
    assert last is not None
    texts = server.chats[worker].texts
    assert len(texts) > 2
    assert [line for line in "\n".join(texts).split("\n") if line.startswith("•") and "buses" in line] == [
        f"• {demand}" for demand in demands
    ]
    assert [labels(message) for message in server.chats[worker].from_bot[:-1]] == [[]] * (len(texts) - 1)
    assert labels(last) == TERMS_BUTTONS
    assert [r.params.get("protect_content") for r in sends(server, worker)] == [True] * len(texts)
    await busy_house.sure(OLGA, f"/calloff {walkout}")
