from __future__ import annotations

import json
import re

import pytest

from tests.telegram.house import OLGA, OMAR, City, House, labels, room_word, sends
from tests.telegram.server import BOT, Kind

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINK = f"https://t.me/{BOT['username']}"
MENTION = f"@{BOT['username']}"


# ---- a worker in a group


@pytest.mark.parametrize("kind", ["group", "supergroup"])
@pytest.mark.parametrize("typed", ["/status {code}", "/status", "/help", "/withdraw {code}", "/start {code}", "{code}"])
async def test_a_group_sees_one_button_whatever_a_worker_asks(
    busy_house: House, busy_city: City, kind: Kind, typed: str
) -> None:
    server, worker = busy_house.server, busy_house.server.person(name="Rosalind")
    code = busy_city.cards["Depot"][0]
    group = server.room(kind, title="Loading dock", members=[worker])
    server.chats[group].bot = "administrator"
    server.say(worker, typed.format(code=code), group)
    await busy_house.until(lambda: server.chats[group].from_bot)
    (message,) = server.chats[group].messages.values()
    assert message["text"] == "I talk in private only."
    (row,) = message["reply_markup"]["inline_keyboard"]
    assert row == [{"text": "Write to me", "url": LINK}]
    assert server.chats[worker].from_bot == []


@pytest.mark.parametrize("typed", ["/room citywide", "/open", "/board", "/rooms", "/calloff"])
async def test_a_group_learns_nothing_of_who_organizes(busy_house: House, typed: str) -> None:
    server = busy_house.server
    seen = []
    for person in (OLGA, server.person()):
        group = server.room(members=[person])
        before = len(server.chats[person].messages)
        server.say(person, typed, group)
        await busy_house.until(lambda: server.chats[group].from_bot)  # noqa: B023
        assert len(server.chats[person].messages) == before
        seen.append([(m["text"], m["reply_markup"]) for m in server.chats[group].from_bot])
    assert seen[0] == seen[1]
    assert len(seen[0]) == 1


async def test_a_command_that_may_not_be_deleted_is_answered_all_the_same(busy_house: House, busy_city: City) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    group = server.room(members=[worker])
    server.say(worker, f"/status{MENTION} {busy_city.cards['Depot'][0]}", group)
    await busy_house.until(lambda: server.chats[group].from_bot)
    assert server.chats[group].texts == ["I talk in private only."]
    assert len(server.chats[group].messages) == 2


async def test_what_is_not_for_the_bot_is_left_alone(busy_house: House) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    group, channel = server.room(members=[worker]), server.room("channel")
    server.chats[group].bot = server.chats[channel].bot = "administrator"
    for chat in (group, channel):
        server.say(worker, "See you at the gate at nine", chat)
        server.say(worker, "/ban@another_bot", chat)
    server.say(worker, "/status", channel)
    await busy_house.quiet()
    assert [m["text"] for m in server.chats[group].messages.values()] == [
        "See you at the gate at nine",
        "/ban@another_bot",
    ]
    assert server.chats[channel].from_bot == []


async def test_a_code_written_in_a_group_is_not_used(busy_house: House, busy_city: City) -> None:
    server, worker, code = busy_house.server, busy_house.server.person(), busy_city.take()
    group = server.room(members=[worker])
    server.say(worker, f"/start {code}", group)
    await busy_house.quiet()
    card = await busy_house.pledge(server.person(), code)
    assert card["text"].startswith("Recorded.")


# ---- rooms by word


async def test_a_group_hears_the_news_only_after_the_organizer_confirmed_it(busy_house: House) -> None:
    server = busy_house.server
    title = "Night shift <i>&</i> friends"
    group = server.room(title=title, members=[OLGA])
    server.chats[group].bot = "administrator"
    offered = await busy_house.ask(OLGA, "/room citywide")
    word = room_word(offered)
    assert f"{LINK}?startgroup={word}" in offered["text"]
    server.say(OLGA, f"/room{MENTION} {word}", group)
    question = await busy_house.asked_to_bind(OLGA, word)
    assert title in question["text"]
    assert labels(question) == ["Bind", "Not now"]
    assert list(server.chats[group].messages.values()) == []
    assert str(group) not in (await busy_house.ask(OLGA, "/rooms"))["text"]
    bound = await busy_house.press(question, "Bind")
    assert "hears the citywide news from now on" in bound["text"]
    listed = (await busy_house.ask(OMAR, "/rooms"))["text"]
    assert f"{group} (Telegram): citywide" in listed
    assert title not in listed
    released = await busy_house.ask(OLGA, f"/room off {group}")
    assert "hears nothing more" in released["text"]
    assert str(group) not in (await busy_house.ask(OLGA, "/rooms"))["text"]
    assert sends(server, group) == []


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("channel", "{word}"),
        ("channel", "/room {word}"),
        ("supergroup", "{word}"),
        ("group", "/start" + MENTION + " {word}"),
        ("group", "/room {lower}"),
    ],
)
async def test_the_word_is_found_however_it_comes(busy_house: House, kind: Kind, written: str) -> None:
    server = busy_house.server
    chat = server.room(kind, title="Front desk", members=[OLGA])
    server.chats[chat].bot = "administrator"
    word = room_word(await busy_house.ask(OLGA, '/room "School"'))
    server.say(OLGA, written.format(word=word, lower=word.lower()), chat)
    question = await busy_house.asked_to_bind(OLGA, word)
    assert "Front desk" in question["text"]
    assert list(server.chats[chat].messages.values()) == []
    assert "the news of School" in (await busy_house.press(question, "Bind"))["text"]
    await busy_house.ask(OLGA, f"/room off {chat}")


async def test_a_declined_chat_hears_nothing(busy_house: House) -> None:
    server = busy_house.server
    group = server.room(members=[OLGA])
    word = room_word(await busy_house.ask(OLGA, "/room citywide"))
    server.say(OLGA, word, group)
    declined = await busy_house.press(await busy_house.asked_to_bind(OLGA, word), "Not now")
    assert declined["text"] == "This chat hears nothing from me. To bind one after all, send /room again."
    assert str(group) not in (await busy_house.ask(OLGA, "/rooms"))["text"]


async def test_a_word_works_once_and_in_one_chat(busy_house: House) -> None:
    server = busy_house.server
    first, second = server.room(title="First", members=[OLGA]), server.room(title="Second", members=[OLGA])
    word = room_word(await busy_house.ask(OLGA, "/room citywide"))
    for chat in (first, second):
        server.say(OLGA, word, chat)
        await busy_house.quiet()
    question = await busy_house.asked_to_bind(OLGA, word)
    assert "First" in question["text"]
    await busy_house.press(question, "Bind")
    again = await busy_house.press(question, "Bind", OLGA)
    assert "hears the citywide news" in again["text"] or "does not work any more" in again["text"]
    server.say(OLGA, word, second)
    await busy_house.quiet()
    listed = (await busy_house.ask(OLGA, "/rooms"))["text"]
    assert str(first) in listed
    assert str(second) not in listed
    await busy_house.ask(OLGA, f"/room off {first}")


async def test_nobody_but_who_asked_for_the_word_binds_with_it(busy_house: House) -> None:
    server = busy_house.server
    worker = server.person()
    group = server.room(members=[OLGA, worker])
    word = room_word(await busy_house.ask(OLGA, "/room citywide"))
    server.say(worker, word, group)
    question = await busy_house.asked_to_bind(OLGA, word)
    assert labels(question) == ["Bind", "Not now"]  # whoever wrote it, its organizer decides
    for stranger in (OMAR, worker):
        server.press(question, "Bind", stranger)
        await busy_house.quiet()
    assert str(group) not in (await busy_house.ask(OLGA, "/rooms"))["text"]


async def test_a_worker_gets_no_word(busy_house: House) -> None:
    answer = await busy_house.ask(busy_house.server.person(), "/room citywide")
    assert answer["text"].startswith("That is for organizers.")


async def test_what_is_said_of_rooms_can_be_done_on_telegram(busy_house: House) -> None:
    for asked in ("/rooms", "/room", "/room nowhere"):
        answer = await busy_house.ask(OLGA, asked)
        assert not re.search(r"#\w", answer["text"]), asked


# ---- rooms that go


@pytest.mark.parametrize("status", ["kicked", "left"])
async def test_a_room_that_removed_the_bot_is_gone_and_every_organizer_knows(busy_house: House, status: str) -> None:
    server = busy_house.server
    group = server.room(title="Gone for good")
    await busy_house.bind(OLGA, group)
    before = {who: len(server.chats[who].texts) for who in (OLGA, OMAR)}
    removal = server.member(group, status)
    for who in (OLGA, OMAR):
        told = await busy_house.until(lambda who=who: server.chats[who].texts[before[who] :])  # type: ignore[misc]
        (news,) = told
        assert news.startswith("A citywide chat of One day for the rent freeze · New York is gone or has removed me;")
    server.duplicate(removal)
    await busy_house.quiet()
    assert str(group) not in (await busy_house.ask(OLGA, "/rooms"))["text"]
    assert len(server.chats[OMAR].texts) == before[OMAR] + 1


async def test_a_chat_that_was_never_bound_may_go_unheard(busy_house: House) -> None:
    server = busy_house.server
    before = len(server.chats[OMAR].texts)
    server.member(server.room(), "kicked")
    server.member(server.person(), "kicked")
    await busy_house.quiet()
    await busy_house.ask(OLGA, "/rooms")
    assert len(server.chats[OMAR].texts) == before


async def test_a_demotion_in_a_room_is_no_removal(busy_house: House) -> None:
    server = busy_house.server
    group = server.room()
    await busy_house.bind(OLGA, group)
    for status in ("administrator", "member", "restricted"):
        server.member(group, status)
    await busy_house.quiet()
    assert str(group) in (await busy_house.ask(OLGA, "/rooms"))["text"]
    await busy_house.ask(OLGA, f"/room off {group}")


async def test_a_group_that_grew_is_followed(busy_house: House) -> None:
    server = busy_house.server
    group = server.room("group", members=[OLGA])
    await busy_house.bind(OLGA, group, '"Depot"')
    new = server.upgrade(group)
    await busy_house.quiet()
    listed = (await busy_house.ask(OLGA, "/rooms"))["text"]
    assert f"{new} (Telegram): Depot" in listed
    assert str(group) not in listed
    await busy_house.ask(OLGA, f"/room off {new}")


# ---- organizers' own commands


async def test_a_workers_help_names_no_organizers_commands(busy_house: House) -> None:
    helped = (await busy_house.ask(busy_house.server.person(), "/help"))["text"]
    assert "/calloff" not in helped
    assert "/calloff" in (await busy_house.ask(OLGA, "/help"))["text"]


async def test_every_call_is_asked_for_with_the_four_kinds_of_updates_alone(busy_house: House) -> None:
    await busy_house.quiet()
    asked = {json.dumps(r.params["allowed_updates"]) for r in busy_house.server.called("getUpdates")}
    assert asked == {'["message", "callback_query", "my_chat_member", "channel_post"]'}
