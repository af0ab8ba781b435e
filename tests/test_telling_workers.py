"""Workers who asked are written to, each once; and the walkout's secrets wait for that, though not for ever."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.delivery.outbox import FIRST_WAIT, Letter, RoomGone, TryLater
from bot.domain import rules
from bot.domain.model import ROOT, Kind, Stage, Tier, Unit, UnitId
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.storage.store import Room
from bot.usecases import stewards
from bot.usecases.scheduled import LAST_PARCELS
from bot.usecases.workers import Worker
from handlers.texts import workers
from handlers.texts.announcements import announcement
from tests.conftest import HOUR, NOON, OTHER_SHOP, PLEDGE_BY, SHOP, STARTS, WALKOUT, opened, shops
from tests.stores import open_app
from tests.test_outbox import Crash, Post

PEOPLE = 30
WHEN = re.compile(r"\d+ \w+ \d{4}, \d\d:\d\d")
END = NOON + HOUR
"""When it is on."""


@asynccontextmanager
async def running(data: Path, clock: MovableClock, post: Post | None = None) -> AsyncIterator[App]:
    """Let the App run, with a way out or without one."""
    async with open_app(data, clock=clock, senders={"here": post}) as app:
        yield app


def worker(app: App, name: str, platform: str = "here") -> Worker:
    """Somebody's request."""
    return app.worker(Person(platform, name))


async def settle_in(
    app: App, *, asking: int = PEOPLE, threshold: int = 5, citywide: int = 5, campaign: str = ""
) -> list[str]:
    """Open a walkout of two shops with a room; let people pledge at the first, and some of them ask to be told."""
    app.keys.add_walkout(WALKOUT, campaign=WALKOUT if campaign else None)
    places = [replace(place, threshold=threshold, meet=f"at {place.name}") for place in shops(40, 40)]
    await app.store.add_walkout(
        opened(citywide_threshold=citywide, on_the_day="Bring water.", campaign=campaign), places
    )
    codes = [mint() for _ in range(41)]
    await stewards.mint(
        WALKOUT, {SHOP: [key_of(code) for code in codes[:40]], OTHER_SHOP: [key_of(codes[40])]}, app.store, app.keys
    )
    await app.store.bind_room(Room(walkout=WALKOUT, scope=None, way="here", address="#city"))
    for number in range(asking):
        person = worker(app, f"p{number}")
        await person.pledge(codes[number])
        assert (await person.ask_to_be_told(codes[number], "en")).told
    return codes


async def deliver(app: App, post: Post) -> None:
    """Send what is due, however often it must be tried."""
    app.outboxes["here"].sender = post
    await app.outboxes["here"].deliver()


def addresses(post: Post) -> list[str]:
    """Whom the letters were for."""
    return [letter.address for letter in post.letters]


async def test_who_asked_is_told_and_nobody_else_after_the_room(data: Path, clock: MovableClock) -> None:
    post = Post()
    async with running(data, clock) as app:
        codes = await settle_in(app, asking=3)
        away = worker(app, "away")
        await away.pledge(codes[40])
        await away.ask_to_be_told(codes[40], "es-MX")
        for number in range(10, 14):
            await worker(app, f"p{number}").pledge(codes[number])
        clock.move_to(END)
        await app.tallies.take_due()
        await deliver(app, post)

    assert addresses(post)[0] == "#city"
    letters = {letter.address: letter for letter in post.letters[1:]}
    assert set(letters) == {"p0", "p1", "p2", "away"}
    assert all(letter.private and letter.worker and letter.news.kind is Kind.ON for letter in letters.values())
    places = [letters[name].about for name in ("p0", "away")]
    assert [place.out for place in places if place is not None] == [True, False]
    assert [letters[name].language for name in ("p0", "away")] == ["en", "es-MX"]


async def test_who_works_in_a_department_reads_of_its_workplace_and_what_keeps_it_at_work(
    data: Path, clock: MovableClock
) -> None:
    """A shop of two departments in a borough that is not ready; and a shop in none, which is enough for the city."""
    post = Post()
    shop = Unit(id=UnitId(2), name="Hospital", headcount=40, threshold=5, parent=UnitId(1))
    ward = replace(shop, id=UnitId(3), name="Ward", headcount=20, threshold=0, parent=shop.id, tier=Tier.DEPARTMENT)
    units = [
        Unit(id=UnitId(1), name="The Bronx", headcount=40, threshold=30, tier=Tier.AREA),
        shop,
        ward,
        replace(ward, id=UnitId(4), name="Night shift"),
        replace(shop, id=UnitId(5), name="Depot", parent=ROOT),
    ]
    async with running(data, clock) as app:
        app.keys.add_walkout(WALKOUT)
        # nothing is decided before the deadline, and then all at once
        await app.store.add_walkout(opened(citywide_threshold=5, confirm_tallies=99), units)
        codes = {unit.id: [mint() for _ in range(5)] for unit in units[2:]}
        await stewards.mint(
            WALKOUT, {unit: [key_of(code) for code in made] for unit, made in codes.items()}, app.store, app.keys
        )
        for unit, made in codes.items():
            for number, code in enumerate(made):
                person = worker(app, f"{unit} {number}")
                await person.pledge(code)
                if number == 0:
                    await person.ask_to_be_told(code, "en")
        clock.move_to(PLEDGE_BY)
        await app.tallies.take_due()
        await deliver(app, post)

    letters = {letter.address: letter for letter in post.letters}
    assert set(letters) == {"3 0", "4 0", "5 0"}
    assert "Depot walks out" in announcement(letters["5 0"])
    for name in ("3 0", "4 0"):
        words = announcement(letters[name])
        assert "The Bronx did not reach its number. Hospital does NOT walk out" in words
        assert "I was not running" not in words


async def test_whose_unit_leaves_hears_it_once_whatever_leaves_later(data: Path, clock: MovableClock) -> None:
    """A shop leaves, then another that is in no borough, and last the borough of the first with what is left in it."""
    post = Post()
    shop = Unit(id=UnitId(2), name="Hospital", headcount=40, threshold=5, parent=UnitId(1))
    units = [
        Unit(id=UnitId(1), name="The Bronx", headcount=80, threshold=0, tier=Tier.AREA),
        shop,
        replace(shop, id=UnitId(3), name="School"),
        replace(shop, id=UnitId(4), name="Depot", parent=ROOT),
        replace(shop, id=UnitId(5), name="Bakery", parent=ROOT),
    ]
    async with running(data, clock) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(opened(), units)
        codes = {unit.id: mint() for unit in units[1:]}
        await stewards.mint(WALKOUT, {unit: [key_of(code)] for unit, code in codes.items()}, app.store, app.keys)
        for unit, code in codes.items():
            await app.store.bind_room(Room(walkout=WALKOUT, scope=unit, way="here", address=f"#{unit}"))
            await worker(app, str(unit)).pledge(code)
            await worker(app, str(unit)).ask_to_be_told(code, "en")
        heard = []
        for number in (2, 4, 1):
            leave = partial(rules.leave, unit=UnitId(number), occasion=f"leaves {number}", now=clock())
            await app.store.decide(WALKOUT, leave)
            await deliver(app, post)
            heard.append(sorted(addresses(post)))
            post.letters.clear()
    assert heard == [["#2", "2"], ["#4", "4"], ["#3", "3"]]


async def test_each_is_told_once_however_often_the_outbox_looks(data: Path, clock: MovableClock) -> None:
    post = Post()
    async with running(data, clock) as app:
        await settle_in(app)
        clock.move_to(END)
        await app.tallies.take_due()
        for _ in range(3):
            await deliver(app, post)
            clock.move_to(clock() + HOUR)
            await app.tallies.take_due()

    assert sorted(addresses(post)) == sorted(["#city", *(f"p{n}" for n in range(PEOPLE))])


async def test_at_the_deadline_who_asked_hears_yes_or_no_in_one_letter_and_never_how_many(
    data: Path, clock: MovableClock
) -> None:
    post = Post()
    async with running(data, clock) as app:
        codes = await settle_in(app, asking=5)
        away = worker(app, "away")
        await away.pledge(codes[40])
        await away.ask_to_be_told(codes[40], "en")
        clock.move_to(END)
        await app.tallies.take_due()
        await deliver(app, post)
        await worker(app, "p4").withdraw(codes[4])
        post.letters.clear()
        clock.move_to(PLEDGE_BY)
        await app.tallies.take_due()
        await deliver(app, post)

    told = {letter.address: letter for letter in post.letters if letter.private}
    assert set(told) == {"p0", "p1", "p2", "p3", "away"}
    assert len(post.letters) == len(told) + 1  # and the city
    assert {letter.news.kind for letter in post.letters} == {Kind.LAST_WORD}
    no = announcement(told.pop("away"))
    assert "Shop 2 does NOT walk out on" in no
    assert "taken their pledges back" not in no
    [yes] = {announcement(letter) for letter in told.values()}
    assert "Shop 1 walks out on" in yes
    assert "fewer than its number stand now" in yes
    assert "at Shop 1" in yes
    assert not re.search(r"\b[45]\b", WHEN.sub("", yes + no))


async def test_a_day_before_and_at_the_start_they_hear_again_where_fewer_stand_than_the_number(
    data: Path, clock: MovableClock
) -> None:
    post = Post()
    async with running(data, clock, post) as app:
        codes = await settle_in(app, asking=5)
        clock.move_to(END)
        await app.scheduler.run_due()
        await worker(app, "p4").withdraw(codes[4])
        for at in (PLEDGE_BY, STARTS - timedelta(days=1), STARTS):
            clock.move_to(at)
            await app.scheduler.run_due()
        said = {kind: announcement(letter) for letter in post.letters if letter.worker for kind in [letter.news.kind]}
        seen = workers.status(await worker(app, "p0").look(codes[0]))

    for text in (said[Kind.LAST_WORD], said[Kind.TOMORROW], said[Kind.STARTS], seen):
        assert "fewer than its number stand now. Talk to each other first.\nat Shop 1\n" in text
    assert "stand now" not in said[Kind.ON]


async def decided(app: App, clock: MovableClock) -> list[str]:
    """Let it turn on with ten who asked at the shop that walks out, and one at the other; nothing is sent yet."""
    codes = await settle_in(app, asking=10)
    away = worker(app, "away")
    await away.pledge(codes[40])
    await away.ask_to_be_told(codes[40], "en")
    await app.store.bind_room(Room(walkout=WALKOUT, scope=SHOP, way="here", address="#shop"))
    await app.store.bind_room(Room(walkout=WALKOUT, scope=OTHER_SHOP, way="here", address="#other"))
    clock.move_to(END)
    await app.tallies.take_due()
    return codes


async def days(app: App, clock: MovableClock, post: Post | None, *times: datetime) -> None:
    """Let these times come, each with all that is due."""
    app.outboxes["here"].sender = post
    for now in times:
        clock.move_to(now)
        await app.scheduler.run_due()


def said(post: Post) -> dict[str, list[str]]:
    """What each heard."""
    heard: dict[str, list[str]] = {}
    for letter in post.letters:
        heard.setdefault(letter.address, []).append(str(letter.news.kind))
    return heard


WALKS_OUT = {f"p{n}" for n in range(10)}
LAST_DAYS = (STARTS - timedelta(days=1), STARTS, STARTS + timedelta(days=1))


async def test_the_last_days_are_told_to_those_who_walk_out_and_to_nobody_else(data: Path, clock: MovableClock) -> None:
    post = Post()
    async with running(data, clock) as app:
        await decided(app, clock)
        await days(app, clock, post, END, PLEDGE_BY, *LAST_DAYS)

    yes = ["on", "last_word", "tomorrow", "starts"]
    assert said(post) == {
        "#city": [*yes, "afterwards"],
        "#shop": ["we_are_out", "last_word", "tomorrow", "starts", "afterwards"],
        "#other": ["not_yet_out", "not_out"],
        "away": ["on", "last_word"],
        **dict.fromkeys(WALKS_OUT, yes),
    }


async def test_what_waited_for_its_platform_over_the_deadline_is_told_each_person_once(
    data: Path, clock: MovableClock
) -> None:
    post = Post()
    async with running(data, clock) as app:
        await decided(app, clock)
        await days(app, clock, None, PLEDGE_BY)
        await days(app, clock, post, PLEDGE_BY + HOUR)
        assert await app.store.unsettled(WALKOUT) == 0

    assert said(post) == {
        "#city": ["on", "last_word"],
        "#shop": ["we_are_out", "last_word"],
        "#other": ["not_out"],  # no "unless" after the last word
        **{who: ["last_word"] for who in (*WALKS_OUT, "away")},
    }


@pytest.mark.parametrize(("late", "calls"), [(HOUR, ["starts"]), (2 * HOUR, [])])
async def test_what_waited_over_the_start_calls_nobody_out_late_and_still_says_no(
    data: Path, clock: MovableClock, late: timedelta, calls: list[str]
) -> None:
    post = Post()
    async with running(data, clock) as app:
        await decided(app, clock)
        await days(app, clock, None, PLEDGE_BY, STARTS - timedelta(days=1), STARTS)
        await days(app, clock, post, STARTS + late)
        assert await app.store.unsettled(WALKOUT) == 0

    expected = {who: calls for who in ("#city", "#shop", *WALKS_OUT) if calls}
    assert said(post) == expected | {"#other": ["not_out"], "away": ["last_word"]}


@pytest.mark.parametrize("waits_from", [END, PLEDGE_BY, STARTS - timedelta(days=1), STARTS])
async def test_whatever_of_it_waits_when_it_is_called_off_is_not_said(
    data: Path, clock: MovableClock, waits_from: datetime
) -> None:
    before, after = Post(), Post()
    async with running(data, clock) as app:
        await decided(app, clock)
        times = (END, PLEDGE_BY, *LAST_DAYS[:2])
        await days(app, clock, before, *(at for at in times if at < waits_from))
        await days(app, clock, None, waits_from)
        await app.store.decide(WALKOUT, partial(rules.call_off, now=clock()))
        await days(app, clock, after, clock(), *LAST_DAYS[1:])
        assert await app.store.unsettled(WALKOUT) == 0

    everybody = {"#city", "#shop", "#other", "away", *WALKS_OUT}
    assert said(after) == {who: ["called_off"] for who in everybody}


class CrashingAt(Post):
    """Takes so many letters, and is gone before the last of them is written down."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last

    async def send(self, letter: Letter) -> str:
        words = await super().send(letter)
        if len(self.letters) == self.last:
            raise Crash
        return words


@pytest.mark.parametrize("last", [2, 17, PEOPLE + 1])
async def test_after_a_crash_the_rest_are_told_and_one_at_most_twice(
    data: Path, clock: MovableClock, last: int
) -> None:
    before, after = CrashingAt(last), Post()
    async with running(data, clock) as app:
        await settle_in(app)
        clock.move_to(END)
        await app.tallies.take_due()
        with pytest.raises(Crash):
            await deliver(app, before)
    async with running(data, clock) as app:
        await deliver(app, after)
        assert await app.store.unsettled(WALKOUT) == 0

    assert len(before.letters) == last
    assert set(addresses(before)) | set(addresses(after)) == {"#city", *(f"p{n}" for n in range(PEOPLE))}
    assert addresses(after)[0] == addresses(before)[-1]
    assert not set(addresses(after)[1:]) & set(addresses(before))
    # by the same nonce, so that a platform that knows it shows it once
    assert after.letters[0].nonce == before.letters[-1].nonce


async def test_who_has_blocked_the_bot_is_settled_and_keeps_nobody_waiting(data: Path, clock: MovableClock) -> None:
    post = Post(None, RoomGone(), TryLater(), RoomGone())
    async with running(data, clock) as app:
        await settle_in(app, asking=6)
        clock.move_to(END)
        await app.tallies.take_due()
        await deliver(app, post)
        assert await app.store.unsettled(WALKOUT) == 1
        clock.move_to(clock() + FIRST_WAIT)
        await deliver(app, post)
        assert await app.store.unsettled(WALKOUT) == 0

    assert len(post.letters) == 1 + 6 - 2


async def test_a_room_that_had_to_wait_hears_before_the_next_worker(data: Path, clock: MovableClock) -> None:
    post = Post(TryLater(HOUR))
    async with running(data, clock) as app:
        await settle_in(app, asking=6)
        clock.move_to(END)
        await app.tallies.take_due()
        post.troubles += [None, TryLater(HOUR), TryLater(HOUR)]
        await deliver(app, post)
        clock.move_to(clock() + HOUR)
        await deliver(app, post)

    assert addresses(post).index("#city") == 4
    assert len(post.letters) == 7


async def test_called_off_while_the_news_is_under_way_the_rest_hear_only_that(data: Path, clock: MovableClock) -> None:
    before, after = CrashingAt(11), Post()
    async with running(data, clock) as app:
        await settle_in(app)
        clock.move_to(END)
        await app.tallies.take_due()
        with pytest.raises(Crash):
            await deliver(app, before)
    async with running(data, clock) as app:
        await app.store.decide(WALKOUT, partial(rules.call_off, now=clock()))
        await deliver(app, after)
        assert await app.store.unsettled(WALKOUT) == 0

    assert [letter.news.kind for letter in before.letters] == [Kind.ON] * 11
    assert [letter.news.kind for letter in after.letters] == [Kind.CALLED_OFF] * (PEOPLE + 1)


async def test_who_takes_the_wish_or_the_pledge_back_while_it_waits_is_not_told(
    data: Path, clock: MovableClock
) -> None:
    post = Post()
    async with running(data, clock) as app:
        codes = await settle_in(app, asking=8)
        clock.move_to(END)
        await app.tallies.take_due()
        assert not (await worker(app, "p0").stop_telling(codes[0])).told
        await worker(app, "p1").withdraw(codes[1])
        await deliver(app, post)
        assert await app.store.unsettled(WALKOUT) == 0

    assert set(addresses(post)) == {"#city", *(f"p{n}" for n in range(2, 8))}


async def test_somebody_elses_card_sets_and_deletes_no_notice(data: Path, clock: MovableClock) -> None:
    async with running(data, clock) as app:
        codes = await settle_in(app, asking=1)
        stranger = worker(app, "stranger")
        assert not (await stranger.ask_to_be_told(codes[1], "en")).told  # not pledged
        await worker(app, "p1").pledge(codes[1])
        assert not (await stranger.ask_to_be_told(codes[1], "en")).told
        assert not (await stranger.stop_telling(codes[0])).told
        assert not (await worker(app, "p0", "elsewhere").stop_telling(codes[0])).told
        assert (await worker(app, "p0").look(codes[0])).told
        assert not (await worker(app, "p1").look(codes[1])).told


# --- the secrets ---


async def ended(app: App, clock: MovableClock) -> None:
    """Let it be called off now."""
    await app.store.decide(WALKOUT, partial(rules.call_off, now=clock()))


async def stage(app: App) -> Stage:
    """Say where the walkout stands, once all that is due is done."""
    await app.scheduler.run_due()
    return (await app.store.walkout(WALKOUT)).stage


async def test_secrets_go_two_days_after_the_end_when_everybody_is_told(data: Path, clock: MovableClock) -> None:
    async with running(data, clock, Post()) as app:
        await settle_in(app)
        await ended(app, clock)
        clock.move_to(NOON + rules.KEPT_AFTER_END - HOUR)
        assert await stage(app) is Stage.CALLED_OFF
        clock.move_to(NOON + rules.KEPT_AFTER_END)
        assert await stage(app) is Stage.CLOSED
        assert app.keys.walkouts == set()


async def test_a_bot_that_ran_gives_up_after_two_days(data: Path, clock: MovableClock) -> None:
    async with running(data, clock) as app:  # nobody can be reached
        await settle_in(app)
        await ended(app, clock)
        clock.move_to(NOON + rules.KEPT_AFTER_END)
        assert await stage(app) is Stage.CLOSED
        assert await app.scheduler.next_due() is None


async def test_a_bot_that_comes_back_late_tells_everybody_first(data: Path, clock: MovableClock) -> None:
    post = Post()
    async with running(data, clock) as app:
        await settle_in(app)
        await ended(app, clock)
    clock.move_to(NOON + 10 * rules.KEPT_AFTER_END)
    async with running(data, clock) as app:
        assert await stage(app) is Stage.CALLED_OFF  # the platform is not reached yet
        assert await app.scheduler.next_due() == clock() + LAST_PARCELS
        clock.move_to(clock() + LAST_PARCELS / 2)
        app.outboxes["here"].sender = post
        assert await stage(app) is Stage.CLOSED  # at once, when all are told

    assert len(post.letters) == PEOPLE + 1


async def test_but_it_does_not_wait_for_ever(data: Path, clock: MovableClock) -> None:
    async with running(data, clock) as app:
        await settle_in(app)
        await ended(app, clock)
    clock.move_to(NOON + 10 * rules.KEPT_AFTER_END)
    async with running(data, clock) as app:
        clock.move_to(clock() + LAST_PARCELS)
        assert await stage(app) is Stage.CLOSED


async def test_once_the_key_is_gone_nothing_is_waited_for(data: Path, clock: MovableClock) -> None:
    async with running(data, clock) as app:
        await settle_in(app)
        await ended(app, clock)
        app.keys.destroy_walkout(WALKOUT)  # and here the power went
    clock.move_to(NOON + rules.KEPT_AFTER_END)
    async with running(data, clock) as app:
        assert await stage(app) is Stage.CLOSED


async def test_what_is_on_is_closed_a_week_after_its_start(data: Path, clock: MovableClock) -> None:
    async with running(data, clock, Post()) as app:
        await settle_in(app)
        clock.move_to(END)
        assert await stage(app) is Stage.ON
        clock.move_to(opened().terms.starts + rules.KEPT_AFTER_START)
        assert await stage(app) is Stage.CLOSED
