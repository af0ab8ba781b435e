from __future__ import annotations

import json
import re
from functools import partial
from itertools import count

import pytest
from telegram import Bot

from bot.delivery.outbox import Letter, NotAllowed, RoomGone
from bot.domain.model import Announcement
from bot.domain.model import Kind as News
from handlers.telegram.rate_limit import ChatPace
from handlers.telegram.recent_messages import RecentMessages
from handlers.telegram.sender import TelegramSender
from handlers.telegram.transport import AiohttpRequest
from tests.telegram.house import OLGA, OMAR, City, House, labels, room_word, sends
from tests.telegram.server import BOT, TOKEN, Kind

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
    assert server.chats[group].title not in (await busy_house.ask(OLGA, "/rooms"))["text"]
    bound = await busy_house.press(question, "Bind")
    assert "hears the citywide news from now on" in bound["text"]
    listed = (await busy_house.ask(OMAR, "/rooms"))["text"]
    assert f"{title} (Telegram): citywide" in listed
    assert str(group) not in listed
    released = await busy_house.ask(OLGA, f"/room off {group}")
    assert "hears nothing more" in released["text"]
    assert server.chats[group].title not in (await busy_house.ask(OLGA, "/rooms"))["text"]
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
    assert server.chats[group].title not in (await busy_house.ask(OLGA, "/rooms"))["text"]


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
    assert "First" in listed
    assert "Second" not in listed
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
    assert server.chats[group].title not in (await busy_house.ask(OLGA, "/rooms"))["text"]


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
    assert server.chats[group].title not in (await busy_house.ask(OLGA, "/rooms"))["text"]
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
    assert server.chats[group].title in (await busy_house.ask(OLGA, "/rooms"))["text"]
    await busy_house.ask(OLGA, f"/room off {group}")


async def test_a_group_that_grew_is_followed(busy_house: House) -> None:
    server = busy_house.server
    group = server.room("group", members=[OLGA])
    await busy_house.bind(OLGA, group, '"Depot"')
    new = server.upgrade(group)
    await busy_house.quiet()
    listed = (await busy_house.ask(OLGA, "/rooms"))["text"]
    assert f"{server.chats[new].title} (Telegram): Depot" in listed
    assert listed.count(server.chats[new].title) == 1
    await busy_house.ask(OLGA, f"/room off {new}")


# ---- organizers' own commands


async def test_a_workers_help_names_no_organizers_commands(busy_house: House) -> None:
    helped = (await busy_house.ask(busy_house.server.person(), "/help"))["text"]
    assert "/calloff" not in helped
    assert "/calloff" in (await busy_house.ask(OLGA, "/help all"))["text"]


async def test_every_call_is_asked_for_with_the_five_kinds_of_updates_alone(busy_house: House) -> None:
    await busy_house.quiet()
    asked = {json.dumps(r.params["allowed_updates"]) for r in busy_house.server.called("getUpdates")}
    assert asked == {'["message", "edited_message", "callback_query", "my_chat_member", "channel_post"]'}


# ---- topics of a forum, and chats in which the bot may not write


async def test_a_topic_is_a_room_of_its_own_and_is_answered_in_it(busy_house: House) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    forum = server.room(title="Forum", members=[OMAR, worker])
    topic, other = server.topic(forum), server.topic(forum)
    server.chats[forum].general_open = False
    word = room_word(await busy_house.ask(OMAR, '/room "Depot"'))
    server.say(OMAR, f"/room{MENTION} {word}", forum, topic=topic)
    question = await busy_house.asked_to_bind(OMAR, word)
    assert f"Forum, topic {topic}" in question["text"]
    assert f"Forum, topic {topic} hears the news of Depot" in (await busy_house.press(question, "Bind"))["text"]
    listed = await busy_house.ask(OMAR, "/rooms")
    assert f"Forum, topic {topic} (Telegram): Depot" in listed["text"]
    await busy_house.press(listed, "Send a test")
    await busy_house.until(lambda: server.chats[forum].from_bot)
    server.say(worker, "/status", forum, topic=other)
    await busy_house.until(lambda: len(server.chats[forum].from_bot) == 2)
    assert [said["message_thread_id"] for said in server.chats[forum].from_bot] == [topic, other]
    released = await busy_house.ask(OMAR, f"/room off Forum, topic {topic}")
    assert "hears nothing more" in released["text"]


async def test_a_reply_in_a_group_without_topics_is_no_topic(busy_house: House) -> None:
    server = busy_house.server
    group = server.room(title="No forum", members=[OMAR])
    word = room_word(await busy_house.ask(OMAR, "/room citywide"))
    server.say(OMAR, word, group, message_thread_id=17)
    await busy_house.press(await busy_house.asked_to_bind(OMAR, word), "Bind")
    assert "No forum (Telegram): citywide" in (await busy_house.ask(OMAR, "/rooms"))["text"]
    await busy_house.ask(OMAR, f"/room off {group}")


async def test_with_the_group_its_topics_are_gone(busy_house: House) -> None:
    server = busy_house.server
    forum = server.room(title="Forum that goes", members=[OMAR])
    for scope in ('"Depot"', '"School"'):
        word = room_word(await busy_house.ask(OMAR, f"/room {scope}"))
        server.say(OMAR, word, forum, topic=server.topic(forum))
        await busy_house.press(await busy_house.asked_to_bind(OMAR, word), "Bind")
    assert (await busy_house.ask(OMAR, "/rooms"))["text"].count("Forum that goes, topic") == 2
    before = {who: len(server.chats[who].texts) for who in (OLGA, OMAR)}
    server.member(forum, "kicked")
    for who in (OLGA, OMAR):  # both, or the second is told while the next test waits for an answer
        await busy_house.until(lambda who=who: len(server.chats[who].texts) > before[who] + 1)  # type: ignore[misc]
        told = server.chats[who].texts[before[who] :]
        assert all("is gone or has removed me" in text for text in told)
    assert "Forum that goes" not in (await busy_house.ask(OMAR, "/rooms"))["text"]


@pytest.mark.parametrize("kind", ["channel", "supergroup"])
async def test_a_chat_in_which_the_bot_may_not_write_is_not_bound(busy_house: House, kind: Kind) -> None:
    server = busy_house.server
    chat = server.room(kind, title="Muted", members=[OMAR])
    server.chats[chat].bot = "restricted" if kind == "supergroup" else "member"
    server.chats[chat].may_write = False
    word = room_word(await busy_house.ask(OMAR, "/room citywide"))
    before = len(server.chats[OMAR].from_bot)
    server.say(OMAR, word, chat)
    (answer,) = await busy_house.until(lambda: server.chats[OMAR].from_bot[before:])
    assert answer["text"].startswith("I have seen your word in: Muted\nBut I may not write there")
    assert labels(answer) == []
    assert "Muted" not in (await busy_house.ask(OMAR, "/rooms"))["text"]


async def test_of_a_topic_that_is_closed_the_outbox_hears_that_people_must_open_it(busy_house: House) -> None:
    server = busy_house.server
    forum = server.room(title="Closed forum")
    topic = server.topic(forum)
    told: list[str] = []
    gone: list[str] = []

    async def mute(address: str) -> None:
        told.append(address)

    async def lost(address: str) -> None:
        gone.append(address)

    async def moved(_old: str, _new: str) -> None:
        raise AssertionError

    request = AiohttpRequest()
    async with Bot(TOKEN, base_url=server.base_url, request=request, get_updates_request=AiohttpRequest()) as bot:
        sender = TelegramSender(
            bot,
            ChatPace(29, partial(next, count(step=10.0))),
            moved=moved,
            gone=lost,
            mute=mute,
            role_changed=lost,
            recent=RecentMessages(),
        )

        def letter(attempts: int) -> Letter:
            news = Announcement(kind=News.PLATFORM_BACK, occasion="", facts={"platform": "discord"})
            return Letter(
                news=news,
                walkout=None,
                about=None,
                address=f"{forum}/{topic}",
                private=False,
                nonce="",
                attempts=attempts,
            )

        server.chats[forum].topics[topic] = False
        for attempts in (1, 2, 3, 4):
            with pytest.raises(NotAllowed):
                await sender.send(letter(attempts))
        assert told == [f"{forum}/{topic}"] * 2
        server.chats[forum].topics[topic] = True
        await sender.send(letter(5))
        assert [said["message_thread_id"] for said in server.chats[forum].from_bot] == [topic]
        del server.chats[forum].topics[topic]
        with pytest.raises(RoomGone):
            await sender.send(letter(1))
        assert gone == [f"{forum}/{topic}"]


# ---- channels


async def test_a_code_in_a_channels_post_is_deleted_there_and_in_its_discussion(
    busy_house: House, busy_city: City
) -> None:
    server, code = busy_house.server, busy_city.cards["Depot"][0]
    channel, group = server.room("channel"), server.room(title="Discussion")
    server.chats[channel].bot = server.chats[group].bot = "administrator"
    server.say(OMAR, code, channel)
    server.say(777000, code, group, is_automatic_forward=True)
    await busy_house.until(lambda: not server.chats[channel].messages and not server.chats[group].messages)
    await busy_house.quiet()
    assert server.chats[channel].from_bot == server.chats[group].from_bot == []


async def test_what_is_written_to_a_channel_privately_is_answered_there_and_is_no_room(
    busy_house: House, busy_city: City
) -> None:
    server, worker, code = busy_house.server, busy_house.server.person(), busy_city.cards["Depot"][0]
    private = server.room(title="Channel's letters", members=[OMAR, worker])
    server.chats[private].direct = True
    server.chats[private].bot = "administrator"
    topic = {"topic_id": 91, "user": {"id": worker, "is_bot": False, "first_name": "Rosa"}}
    server.say(worker, code, private, direct_messages_topic=topic)
    (answer,) = await busy_house.until(lambda: server.chats[private].from_bot)
    assert answer["text"] == "I talk in private only."
    sent = busy_house.server.called("sendMessage")[-1]
    assert sent.params["direct_messages_topic_id"] == 91
    assert list(server.chats[private].messages.values()) == [answer]
    word = room_word(await busy_house.ask(OMAR, "/room citywide"))
    server.say(OMAR, f"/room{MENTION} {word}", private, direct_messages_topic=topic)
    await busy_house.until(lambda: len(server.chats[private].from_bot) == 2)
    assert "Channel's letters" not in (await busy_house.ask(OMAR, "/rooms"))["text"]
