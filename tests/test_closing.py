"""Closing by hand, and by itself: when it may be, what it says, and what a cut in its middle leaves."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.domain import rules
from bot.domain.errors import KeyFileRefused
from bot.domain.model import Announcement, Kind, Ruling, Stage, Unit, Walkout
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE, App
from bot.secrets.keys import Person
from bot.storage.sqlite import SqliteStore
from bot.usecases import organizers
from handlers.cli import admin
from handlers.texts.announcements import announcement
from handlers.texts.keys import destroy_copies
from tests import stores
from tests.conftest import NOON, WALKOUT
from tests.console.play import (
    NOW,
    Play,
    sure,
)
from tests.test_outbox import Post
from tests.test_telling_workers import END, ended, running, settle_in, stage


async def asked_to_close(app: App, *, confirmed: bool = True) -> dict[str, Any]:
    """Close it as the server's command does."""
    return await admin.execute(app, {"command": "close", "walkout": WALKOUT, "now": None, "confirmed": confirmed})


@pytest.mark.both_engines
async def test_called_off_it_is_closed_at_once_when_asked(data: Path, clock: MovableClock) -> None:
    post = Post()
    async with running(data, clock, post) as app:
        await organizers.add(Person("here", "olga"), "Olga", app.store, app.keys)
        await settle_in(app)
        await ended(app, clock)
        await app.scheduler.run_due()
        asked = await asked_to_close(app, confirmed=False)
        assert "One day (k7m3q): its key" in asked["asks"]
        assert await stage(app) is Stage.CALLED_OFF
        answer = await asked_to_close(app)

        assert (answer["status"], answer["err"]) == (0, "")
        assert answer["out"].endswith(destroy_copies())
        assert await stage(app) is Stage.CLOSED
        assert not app.keys.walkouts
        assert app.keys.closed == {WALKOUT}
        assert (await asked_to_close(app))["out"] == "One day (k7m3q) is closed already."
    [letter] = [letter for letter in post.letters if letter.news.kind is Kind.WALKOUT_CLOSED]
    assert (letter.address, letter.private, letter.worker) == ("olga", True, False)
    assert announcement(letter) == answer["out"]


async def test_organizers_are_told_once_when_it_closes_by_itself(data: Path, clock: MovableClock) -> None:
    post = Post()
    async with running(data, clock) as app:
        await organizers.add(Person("here", "olga"), "Olga", app.store, app.keys)
        await settle_in(app)
        await ended(app, clock)
        clock.move_to(NOON + rules.KEPT_AFTER_END)
        assert await stage(app) is Stage.CLOSED
    for _time in range(2):  # the platform is reached only after that, and the bot started again
        async with running(data, clock, post) as app:
            await app.scheduler.run_due()
    assert [letter.news.kind for letter in post.letters] == [Kind.WALKOUT_CLOSED]


def draft(walkout: Walkout, _places: Iterable[Unit]) -> Ruling:
    """Take the walkout back to where it began."""
    return Ruling(walkout=Walkout(id=walkout.id, terms=walkout.terms))


@pytest.mark.parametrize(("stands", "word"), [(Stage.DRAFT, "It is a draft."), (Stage.OPEN, "It is open for pledges.")])
async def test_what_is_not_over_is_called_off_first(data: Path, clock: MovableClock, stands: Stage, word: str) -> None:
    async with running(data, clock, Post()) as app:
        await settle_in(app)
        if stands is Stage.DRAFT:
            await app.store.decide(WALKOUT, draft)
        answer = await asked_to_close(app)
        assert answer["status"] == admin.REFUSED
        assert answer["err"].startswith(word)
        assert "/calloff" in answer["err"]
        assert WALKOUT in app.keys.walkouts


async def test_what_is_on_is_closed_only_after_its_day(data: Path, clock: MovableClock) -> None:
    async with running(data, clock, Post()) as app:
        await settle_in(app)
        clock.move_to(END)
        assert await stage(app) is Stage.ON
        over = (await app.store.walkout(WALKOUT)).terms.starts + timedelta(days=1)
        clock.move_to(over - timedelta(minutes=1))
        assert "it can be closed from" in (await asked_to_close(app))["err"]
        assert await stage(app) is Stage.ON
        clock.move_to(over)
        assert (await asked_to_close(app))["status"] == 0
        assert await stage(app) is Stage.CLOSED


@pytest.mark.both_engines
async def test_it_waits_for_parcels_and_says_how_many(data: Path, clock: MovableClock) -> None:
    async with running(data, clock) as app:
        await settle_in(app, asking=6)
        await ended(app, clock)
        answer = await asked_to_close(app)
        assert answer["status"] == admin.REFUSED
        assert answer["err"].startswith("7 messages of it are still on their way")
        assert WALKOUT in app.keys.walkouts
        app.outboxes["here"].sender = Post()
        await app.scheduler.run_due()
        assert (await asked_to_close(app))["status"] == 0


@pytest.mark.sqlite_only("PostgreSQL needs no room to clean up")
async def test_without_room_to_clean_the_file_it_is_not_closed_and_tried_again(
    data: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post()
    async with running(data, clock, post) as app:
        await organizers.add(Person("here", "olga"), "Olga", app.store, app.keys)
        await settle_in(app)
        await ended(app, clock)
        await app.scheduler.run_due()
        real: Callable[..., Any] = SqliteStore._rows

        async def full(self: SqliteStore, sql: str, parameters: Iterable[Any] = ()) -> Any:
            if sql == "VACUUM":
                raise sqlite3.OperationalError("database or disk is full")
            return await real(self, sql, parameters)

        with monkeypatch.context() as patch:
            patch.setattr(SqliteStore, "_rows", full)
            assert (await asked_to_close(app))["status"] == admin.REFUSED
            await app.scheduler.run_due()
            assert (await app.store.walkout(WALKOUT)).stage is Stage.CALLED_OFF
        assert await stage(app) is Stage.CLOSED
    assert free_pages(data) == [(0,)]
    assert [letter.news.kind for letter in post.letters].count(Kind.WALKOUT_CLOSED) == 1


def free_pages(data: Path) -> list[tuple[int]]:
    """Count pages that hold nothing any more; only while nobody has the store open."""
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        return connection.execute("PRAGMA freelist_count").fetchall()


@pytest.mark.both_engines
async def test_cut_off_between_key_and_store_it_is_finished_at_the_start(data: Path, clock: MovableClock) -> None:
    async with running(data, clock) as app:
        await settle_in(app)
        await ended(app, clock)
        app.keys.destroy_walkout(WALKOUT)  # and here the power went
    post = Post()
    async with running(data, clock, post) as app:
        assert (await app.store.walkout(WALKOUT)).stage is Stage.CLOSED
        await app.scheduler.run_due()
    assert post.letters == []  # nothing that was on its way is sent


@pytest.mark.both_engines
async def test_a_walkout_that_is_back_from_before_its_closing_is_closed_again(data: Path, clock: MovableClock) -> None:
    async with running(data, clock) as app:
        await settle_in(app)
    before = data.parent / "before"
    stores.copy_folder(data, before)
    async with running(data, clock, Post()) as app:
        await ended(app, clock)
        await app.scheduler.run_due()
        assert (await asked_to_close(app))["status"] == 0
    (before / KEY_FILE).write_bytes((data / KEY_FILE).read_bytes())  # the walkout is open there
    async with running(before, clock) as app:
        assert (await app.store.walkout(WALKOUT)).stage is Stage.CLOSED
        assert [place.standing for place in await app.store.units(WALKOUT)] == [0, 0]


async def test_an_older_key_file_is_still_refused(data: Path, clock: MovableClock) -> None:
    async with running(data, clock) as app:
        await organizers.add(Person("here", "olga"), "Olga", app.store, app.keys)
    old = (data / KEY_FILE).read_bytes()
    async with running(data, clock) as app:
        await settle_in(app)
    (data / KEY_FILE).write_bytes(old)
    with pytest.raises(KeyFileRefused) as refused:
        async with running(data, clock):
            pass
    assert refused.value.why == "outdated"


async def test_a_key_that_cannot_be_destroyed_leaves_everything_as_it_was(data: Path, clock: MovableClock) -> None:
    async with running(data, clock, Post()) as app:
        await settle_in(app)
        await ended(app, clock)
        await app.scheduler.run_due()
        in_the_way = data / f"{KEY_FILE}.new"
        in_the_way.mkdir()
        assert (await asked_to_close(app))["status"] == admin.REFUSED
        assert WALKOUT in app.keys.walkouts
        in_the_way.rmdir()
        assert (await asked_to_close(app))["status"] == 0


@pytest.mark.both_engines
async def test_after_closing_only_board_numbers_are_left(data: Path, clock: MovableClock) -> None:
    async with running(data, clock, Post()) as app:
        await settle_in(app)
        clock.move_to(END)
        await app.scheduler.run_due()
        await app.store.decide(WALKOUT, lambda walkout, _places: Ruling(walkout=walkout, announcements=(NEWS,)))
        before = await app.store.units(WALKOUT)
        clock.move_to((await app.store.walkout(WALKOUT)).terms.starts + rules.KEPT_AFTER_START)
        assert await stage(app) is Stage.CLOSED
        after = await app.store.units(WALKOUT)
    assert [place.standing for place in before] == [30, 0]
    for was, place in zip(before, after, strict=True):
        assert (place.standing, place.minted, place.turnout, place.drawn) == (0, 0, 0, None)
        assert (place.line.anchor, place.turnout_line.anchor) == (0, 0)
        assert (place.line.reached, place.line.number, place.out) == (was.line.reached, was.line.number, was.out)


NEWS = Announcement(kind=Kind.MORE_THAN_DRAWN, occasion="1", scope=None, to_rooms=False, to_organizers=True)


# --- the command ---


@pytest.fixture
def play(data: Path) -> Play:
    return Play(data, inside=True)


def test_the_command_wants_to_be_confirmed_and_tells_what_is_gone(play: Play) -> None:
    walkout = play.prepare().id
    close = partial(play.allout, "close", walkout.upper(), "--data", play.data)
    assert "It is a draft." in close(status=2).err
    play.console(*sure(f"@olga /calloff {walkout}"))
    refused = close(status=2)
    assert refused.err.rstrip().endswith("add --yes.")
    done = close("--yes")
    assert done.out.rstrip().endswith(destroy_copies())
    assert close().out.rstrip().endswith("is closed already.")
    assert "There is no walkout" in play.allout("close", "zzzz9", "--data", play.data, status=2).err


def test_the_commands_clock_can_be_set(play: Play) -> None:
    walkout = play.prepare().id
    play.console(*sure(f"@olga /calloff {walkout}"))
    assert play.allout("close", walkout, "--yes", "--now", NOW, "--data", play.data).status == 0
