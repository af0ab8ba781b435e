"""Several bots on one platform over one store: each speaks to its own rooms and people, and people are the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import NoSuchWay, NotRecorded
from bot.domain.model import Announcement, CardState, Kind
from bot.process.clock import MovableClock, real_clock
from bot.runtime.settings import Settings
from bot.secrets.keys import Person
from bot.storage.store import Room
from bot.usecases import organizers, ways
from handlers.platforms import supervisor
from handlers.platforms.supervisor import AllRefused, keep_running
from handlers.telegram.platform import open_telegram
from tests.house import OLGA, OMAR, City, found
from tests.stores import open_app
from tests.telegram.house import labels
from tests.telegram.test_paper import given
from tests.telegram.two_bots import FIRST, Bot, Two, running, servers, started
from tests.test_sheets import reading


@pytest.fixture
async def bots(data: Path) -> AsyncIterator[tuple[Bot, Bot]]:
    async with servers(data) as (first, second):
        for bot in (first, second):
            bot.server.person(OLGA, name="Olga")
            bot.server.person(OMAR, name="Omar")
        yield first, second
        for bot in (first, second):
            assert not bot.server.violations


@pytest.fixture
async def city(bots: tuple[Bot, Bot]) -> City:
    return await found(bots[0], opened=real_clock() - timedelta(hours=1), organizing=[OLGA])


@pytest.fixture
async def two(bots: tuple[Bot, Bot], city: City) -> AsyncIterator[Two]:
    async with running(*bots) as app:
        yield Two(first=bots[0], second=bots[1], app=app)


async def test_a_room_is_told_by_the_bot_that_bound_it_and_by_no_other(two: Two) -> None:
    chat = two.first.server.room(title="Everybody", members=[OLGA])
    two.second.server.room()  # the next one has a number that no chat of the first bot has
    there = two.second.server.room(title="Others", members=[OLGA])
    await two.first.bind(OLGA, chat)
    await two.second.bind(OLGA, there)
    page = await two.first.ask(OLGA, "/rooms")
    assert "Everybody (@first_bot on Telegram): citywide" in page["text"]
    assert "(@second_bot on Telegram)" in page["text"]
    await two.first.press_gone(page, "Send a test")
    for bot, own in ((two.first, chat), (two.second, there)):
        await bot.hears(own, "test")
        assert sum("test" in text for text in bot.server.chats[own].texts) == 1
    assert chat not in two.second.server.chats or not two.second.server.chats[chat].from_bot


async def test_a_chat_hears_the_bot_that_bound_it_last(two: Two, city: City) -> None:
    chat = two.first.server.room(title="Everybody", members=[OLGA])
    await two.first.bind(OLGA, chat)
    two.second.server.chats[chat] = two.first.server.chats[chat]  # the other bot is in it as well
    await two.second.bind(OLGA, chat)
    assert [room.way for room in await two.app.store.rooms(city.walkout)] == [two.second.way]


async def test_who_pledges_by_one_bot_is_the_same_person_to_the_other(two: Two, city: City) -> None:
    ana = two.first.server.person(name="Ana")
    two.second.server.person(ana, name="Ana")
    code = city.take()
    await two.first.pledge(ana, code)
    shown = await two.second.ask(ana, code)
    assert "Withdraw" in labels(shown)
    await two.second.press(shown, "Withdraw")
    worker = two.app.worker(Person(two.first.way, str(ana)))
    assert (await worker.look(code)).mine is not CardState.PLEDGED
    # nor does somebody else become them by the other bot
    eve = two.second.server.person(5_000_000_777, name="Eve")
    await two.first.pledge(ana, code)
    assert "Withdraw" not in labels(await two.second.ask(eve, code))


async def test_letters_go_by_the_bot_to_which_an_organizer_wrote_last(two: Two) -> None:
    await two.app.store.tell(_letter("1"))
    await two.first.hears(OLGA, "Discord can be reached again")
    assert not two.second.server.chats[OLGA].from_bot
    assert not _menu_of(two.second, OLGA)
    await two.second.ask(OLGA, "/roles")
    assert "calloff" in _menu_of(two.second, OLGA)
    await two.app.store.tell(_letter("2"))
    await two.second.hears(OLGA, "Discord can be reached again")
    assert sum("Discord can be" in text for text in two.first.server.chats[OLGA].texts) == 1


async def test_what_waits_for_somebody_follows_them_to_the_other_bot(bots: tuple[Bot, Bot], city: City) -> None:
    first, second = bots
    async with running(first):
        pass  # the older store is its own
    async with running(second) as app:
        await app.store.tell(_letter("1"))
        assert await app.store.next_parcel(second.way) is None
        await second.ask(OLGA, "/roles")
        await second.hears(OLGA, "Discord can be reached again")


async def test_a_notice_goes_by_the_bot_where_it_was_asked_for(two: Two, city: City) -> None:
    ana = two.second.server.person(name="Ana")
    two.first.server.person(ana, name="Ana")
    card = await two.second.pledge(ana, city.take())
    await two.second.press(await two.second.press(card, "Tell me"), "Yes, tell me")
    before = len(two.second.server.chats[ana].texts)
    await two.first.sure(OLGA, "/calloff")
    await two.second.until(lambda: len(two.second.server.chats[ana].texts) > before)
    assert two.second.server.chats[ana].texts[-1].startswith("Called off.")
    assert ana not in two.first.server.chats or not two.first.server.chats[ana].from_bot


@pytest.mark.parametrize(
    ("which", "named", "opens"),
    [
        ("", {"first_bot"}, "first_bot"),
        (" @all", {"first_bot", "second_bot"}, "first_bot"),
        (" @Second_bot", {"second_bot"}, "second_bot"),
    ],
)
async def test_cards_name_the_bot_that_prints_them_or_another_or_all(
    two: Two, which: str, named: set[str], opens: str
) -> None:
    await two.first.sure(OLGA, "/cards void Depot")
    message = await given(two.first, f"/cards Depot 2{which}")
    _path, pdf = two.first.server.files[message["document"]["file_id"]]
    with reading(pdf) as pages:
        card = pages[-1]
        assert {bot for bot in ("first_bot", "second_bot") if f"@{bot}" in card.text} == named
        assert card.qr
        assert all(link.startswith(f"https://t.me/{opens}?start=") for link in card.qr)


async def test_a_bot_that_is_not_known_is_not_printed(two: Two) -> None:
    told = await two.first.ask(OLGA, "/cards Depot 1 @thrid_bot")
    assert "@first_bot, @second_bot" in told["text"]
    assert not two.first.server.files


async def test_messages_are_deleted_by_the_bot_that_sent_them(two: Two) -> None:
    await two.app.deletions[two.second.way].delete_later("5 6", timedelta())
    await two.second.until(lambda: two.second.server.called("deleteMessage"))
    assert not two.first.server.called("deleteMessage")


async def test_a_word_for_a_chat_is_good_for_the_bot_that_gave_it(two: Two) -> None:
    word = two.app.room_words.give(Person(two.first.way, str(OLGA)), two.app.store and "w", None)  # type: ignore[arg-type]
    assert two.app.room_words.seen(word, two.second.way, "-100") is None
    assert two.app.room_words.seen(word, two.first.way, "-100") is not None


async def test_an_older_store_is_its_first_bots(bots: tuple[Bot, Bot], city: City) -> None:
    first, second = bots
    async with open_app(first.store, clock=real_clock, senders={}) as app:
        await organizers.bind_room(Room(walkout=city.walkout, scope=None, way="telegram", address="-5"), app.store)
        await app.store.add_deletion("telegram", app.keys.seal("5 6"), due=real_clock() + timedelta(days=1))
    async with running(first, second) as app:
        assert [room.way for room in await app.store.rooms(city.walkout)] == [first.way]
        assert {member.way for member in (await app.store.committee()).members.values()} == {first.way}
        assert await app.store.next_deletion(first.way) is not None
        assert await app.store.ways() == {first.way: "https://t.me/first_bot", second.way: "https://t.me/second_bot"}


async def test_a_token_that_is_refused_adopts_nothing(bots: tuple[Bot, Bot], city: City) -> None:
    first, second = bots
    async with open_app(first.store, clock=real_clock, senders={first.way: None}) as app:
        await organizers.bind_room(Room(walkout=city.walkout, scope=None, way="telegram", address="-5"), app.store)
        settings = Settings(telegram_token=FIRST, telegram_api_url=second.server.origin)  # type: ignore[arg-type]
        with pytest.raises(AllRefused):
            await keep_running(app, settings, {first.way: open_telegram}, started)
        assert [room.way for room in await app.store.rooms(city.walkout)] == ["telegram"]
        assert await app.store.ways() == {}


async def test_a_store_that_fails_while_a_bot_is_opened_ends_no_process(
    bots: tuple[Bot, Bot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_WAIT_S", 0.0)
    first, _second = bots
    tries, runs = 0, asyncio.Event()

    async def started_at_last(_way: str) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise NotRecorded("TimeoutError")
        runs.set()

    async with open_app(first.store, clock=real_clock, senders={first.way: None}) as app:
        settings = Settings(telegram_token=FIRST, telegram_api_url=first.server.origin)  # type: ignore[arg-type]
        keeping = asyncio.create_task(keep_running(app, settings, {first.way: open_telegram}, started_at_last))
        opened = asyncio.create_task(runs.wait())
        done, _running = await asyncio.wait({keeping, opened}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        for task in (keeping, opened):
            task.cancel()
        await asyncio.wait({keeping, opened})
        assert done == {opened}


async def test_rooms_of_a_bot_that_was_changed_wait_and_are_brought_over(bots: tuple[Bot, Bot], city: City) -> None:
    first, second = bots
    chat = first.server.room(title="Everybody", members=[OLGA])
    async with running(first):
        await first.bind(OLGA, chat)
    async with running(second) as app:
        [stray] = await ways.strays([second.way], app.store)
        assert (stray.way, stray.rooms) == (first.way, 1)
        await app.store.add_deletion(first.way, b"", due=real_clock() + timedelta(days=1))
        with pytest.raises(NoSuchWay):
            await ways.bring_over("somebody_else", app.bots, app.store)
        with pytest.raises(NoSuchWay):
            await ways.bring_over("@second_bot", app.bots, app.store)  # it runs
        was, now = await ways.bring_over("@first_bot", app.bots, app.store)
        assert (was.rooms, now) == (1, second.way)
        assert [room.way for room in await app.store.rooms(city.walkout)] == [second.way]
        assert {member.way for member in (await app.store.committee()).members.values()} == {second.way}
        assert await app.store.ways() == {second.way: "https://t.me/second_bot"}
        assert await ways.strays([second.way], app.store) == []
        # the number of another bot's message may be that of one of our own
        assert await app.store.next_deletion(second.way) is None


async def test_organizers_are_told_of_a_bot_that_nobody_runs(data: Path) -> None:
    clock = MovableClock(real_clock())
    async with open_app(data, clock=clock, senders={"telegram:2": None}) as app:
        await app.store.welcome("telegram:1", "https://t.me/first_bot")
        await app.store.welcome("telegram:2", "https://t.me/second_bot")
        await organizers.add(Person("telegram:1", "1"), "olga", app.store, app.keys)
        await organizers.add(Person("telegram:2", "2"), "omar", app.store, app.keys)
        unrun = ways.Unrun(app.outboxes, app.store, clock, app.holds)
        assert await unrun.due() is None
        await app.store.tell(_letter("1"))
        due = await unrun.due()
        assert due == clock() + ways.TOLD_AFTER
        clock.move_to(due - timedelta(seconds=1))
        [parcel] = await app.store.claim_parcels("telegram:1", now=clock(), limit=1)
        assert await unrun.due() is None  # somebody runs it
        await app.store.unclaim_parcels("telegram:1", but=[])
        assert await unrun.due() == clock() + ways.TOLD_AFTER
        clock.move_to(clock() + ways.TOLD_AFTER)
        await unrun.tell()
        told = await app.store.claim_parcels("telegram:2", now=clock(), limit=9)
        assert [each.news.facts for each in told if each.news.kind is Kind.PLATFORM_DOWN] == [
            {"platform": "telegram:1", "why": ways.NOT_RUN, "bot": "https://t.me/first_bot"}
        ]
        assert parcel.news.kind is Kind.PLATFORM_BACK


def test_the_token_says_which_bot_it_is() -> None:
    assert Settings(telegram_token=FIRST).ways == {"telegram": "telegram:1111111111"}  # type: ignore[arg-type]
    assert Settings(discord_token="MTEwMDAwMDAwMDAwMDAwMDAwMQ.x.y").ways == {"discord": "discord:1100000000000000001"}  # type: ignore[arg-type]
    assert Settings(discord_token="no-token", telegram_token="x").ways == {"telegram": "telegram", "discord": "discord"}  # type: ignore[arg-type]


def _menu_of(bot: Bot, who: int) -> set[str]:
    """Return the commands that somebody is shown, if it is not everybody's."""
    own = [commands for (scope, _language), commands in bot.server.commands.items() if str(who) in scope]
    return {command["command"] for commands in own for command in commands}


def _letter(occasion: str) -> Announcement:
    facts = {"platform": "discord", "why": ""}
    return Announcement(kind=Kind.PLATFORM_BACK, occasion=occasion, to_rooms=False, to_organizers=True, facts=facts)
