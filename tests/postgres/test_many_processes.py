"""What processes over one PostgreSQL must know of each other, and know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from bot.domain import rules
from bot.domain.errors import Held, Hold, KeyFileRefused, OthersRun
from bot.domain.model import Kind, Stage
from bot.domain.rules import KEPT_AFTER_END
from bot.guards.holds import HEARD_EVERY_S, QUIET_S
from bot.runtime.app import App, open_app
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.usecases import key_rotation, organizers, stewards
from bot.usecases.scheduled import LAST_PARCELS, Closing
from handlers.platforms.supervisor import Link, Why
from tests.conftest import NOON, PLEDGE_BY, SHOP, WALKOUT, opened, shops
from tests.test_fence import STRANGERS, Place
from tests.test_holds import DAY, MINUTE, World

ONE, OTHER = "telegram:1", "telegram:2"


class Processes:
    """Processes with one folder and one database, whose time is given."""

    def __init__(self, data: Path, url: str) -> None:
        self.data, self.url = data, url
        self.world = World()
        self.world.tells = dict.fromkeys((ONE, OTHER), timedelta())

    @asynccontextmanager
    async def process(self, *ways: str) -> AsyncIterator[App]:
        world = self.world
        async with open_app(
            self.data,
            clock=world.machine,
            senders=dict.fromkeys(ways, world),
            servers={way: ask for way, ask in world.servers.items() if way in ways},
            steady=world.steady,
            database_url=self.url,
        ) as app:
            yield app

    def pass_by(self, seconds: float) -> None:
        self.world.passed_s += seconds

    async def go_on(self, seconds: float, *apps: App) -> None:
        """Let time pass in which these look again and again: else they would have stood still."""
        for _ in range(round(seconds / 5)):
            self.pass_by(5)
            for app in apps:
                await app.holds.why()


async def renewed(app: App) -> None:
    """Let a process say how its ways are, as it does every few seconds."""
    await app.holds.why()
    for leadership in app.ways.values():
        assert leadership.lease is not None
        await leadership.step()


@pytest.fixture
def processes(data: Path, pg_database: str) -> Processes:
    return Processes(data, pg_database)


@pytest.fixture
async def both(processes: Processes) -> AsyncIterator[tuple[App, App]]:
    """Give one that does what happens once, and another."""
    async with processes.process(ONE) as one, processes.process(OTHER) as other:
        assert one.house.leads
        assert not other.house.leads
        yield one, other


async def begin(app: App, *codes: str) -> None:
    app.keys.add_walkout(WALKOUT)
    await app.store.add_walkout(opened(WALKOUT), shops(40))
    await stewards.mint(WALKOUT, {SHOP: [key_of(code) for code in codes]}, app.store, app.keys)


async def test_a_late_tally_waits_for_what_another_processs_platform_has_kept(
    processes: Processes, both: tuple[App, App]
) -> None:
    one, other = both
    code = mint()
    await begin(one, code)
    processes.pass_by((PLEDGE_BY - NOON + 2 * MINUTE).total_seconds())
    await renewed(other)
    one.holds.answered(ONE, handed=False)
    assert await one.holds.why() is Hold.KEPT
    other.holds.answered(OTHER, handed=False)
    await processes.go_on(QUIET_S - 5, *both)
    other.holds.answered(OTHER, handed=True)  # somebody pledges there, and is counted
    worker = other.worker(Person(OTHER, "ana"))
    assert (await worker.pledge(code)).changed
    await renewed(other)
    await processes.go_on(10, *both)
    assert await one.holds.why() is Hold.KEPT
    with pytest.raises(Held):
        await one.tallies.take_due()
    await processes.go_on(QUIET_S, *both)
    await renewed(other)
    processes.pass_by(HEARD_EVERY_S)
    await one.tallies.take_due()
    assert (await one.store.walkout(WALKOUT)).stage is Stage.LAPSED
    assert [unit.standing for unit in await one.store.units(WALKOUT)] == [1]


async def test_nothing_is_said_of_when_people_write_until_a_tally_waits_for_it(
    processes: Processes, both: tuple[App, App]
) -> None:
    one, other = both
    await begin(one)
    other.holds.answered(OTHER, handed=True)
    await renewed(other)
    assert (await one.store.said())[OTHER].quiet_s is None
    processes.pass_by((PLEDGE_BY - NOON + 2 * MINUTE).total_seconds())
    await renewed(other)
    other.holds.answered(OTHER, handed=True)
    await renewed(other)
    assert (await one.store.said())[OTHER].quiet_s == 0


async def test_whoever_finds_a_tally_due_waits_for_the_process_that_takes_it_and_no_longer_than_a_minute(
    processes: Processes, both: tuple[App, App]
) -> None:
    one, other = both
    codes = [mint(), mint()]
    await begin(one, *codes)
    processes.pass_by(opened().terms.tally_every.total_seconds())
    for number, (code, who) in enumerate(zip(codes, "ab", strict=True)):
        pledging = asyncio.create_task(other.worker(Person(OTHER, who)).pledge(code))
        while not other.tallies._turn.locked():  # noqa: ASYNC110  it has no event
            await asyncio.sleep(0)
        assert [unit.standing for unit in await one.store.units(WALKOUT)] == [number]
        if number == 0:
            await one.tallies.take_due()
        else:
            processes.pass_by(61)  # nobody takes it: then this goes before it, as whatever comes before a late tally
        assert (await pledging).changed
        assert (await one.store.walkout(WALKOUT)).tally == 1
        processes.pass_by(opened().terms.tally_every.total_seconds() - 61 * number)
        assert [unit.standing for unit in await one.store.units(WALKOUT)] == [number + 1]


async def test_a_strangers_token_stops_every_process_and_any_of_them_may_take_it_back(
    processes: Processes, both: tuple[App, App]
) -> None:
    one, other = both
    place = Place()
    await organizers.add(Person(ONE, "olga"), "olga", one.store, one.keys)
    async with other.fence.guard(OTHER, place):
        await renewed(other)
        assert await one.holds.why() is None
        place.holds = STRANGERS
        await other.fence.look()
        await renewed(other)
        processes.pass_by(HEARD_EVERY_S)
        for app in both:
            assert await app.holds.why() is Hold.FOREIGN
        assert await one.fence.foreign() == [OTHER]
        assert await other.holds.untold() is None  # for all to hear once
        assert await one.holds.untold() is not None

        assert await other.fence.asked() is None
        await one.store.adopt_foreign()
        assert await other.fence.asked() is not None
        assert await other.fence.adopt_here() == [OTHER]
        await renewed(other)
        assert not (await one.store.said())[OTHER].is_adopted
        processes.pass_by(HEARD_EVERY_S)
        assert await one.holds.why() is None
        assert place.holds != STRANGERS


async def test_the_servers_key_is_changed_by_a_process_that_is_alone(processes: Processes) -> None:
    async with processes.process(ONE) as one:
        async with processes.process(ONE) as standing_by:
            assert not await one.alone()
            for app in (one, standing_by):
                with pytest.raises(OthersRun):
                    await key_rotation.begin(app.store, app.keys, app.process)
        assert await one.alone()
        await key_rotation.begin(one.store, one.keys, one.process)
        with pytest.raises(KeyFileRefused) as refused:
            async with processes.process(ONE):
                raise AssertionError
        assert refused.value.why == "changing"
        before = one.keys.store
    async with processes.process(ONE) as alone:
        assert alone.keys.following is None
        assert alone.keys.store != before


async def test_a_closing_waits_an_hour_from_when_a_way_was_run_again_by_anybody(processes: Processes) -> None:
    database = await asyncpg.connect(processes.url)
    try:
        async with processes.process(ONE) as one:
            await organizers.add(Person(OTHER, "olga"), "olga", one.store, one.keys)
            await begin(one)
            closing = Closing(one.store, one.keys, one.clock, one.holds)
            processes.pass_by((PLEDGE_BY - NOON).total_seconds())
            await one.store.decide(WALKOUT, partial(rules.tally, now=one.clock()))
            assert await one.store.unsettled(WALKOUT)  # nobody runs the bot by which she is reached
            processes.pass_by((KEPT_AFTER_END + DAY).total_seconds())
            await database.execute("UPDATE lease SET since = since - interval '2 hours'")
            assert await closing.due() <= one.clock()  # type: ignore[operator]
            async with processes.process(OTHER):
                assert one.clock() + LAST_PARCELS - MINUTE < await closing.due() <= one.clock() + LAST_PARCELS  # type: ignore[operator]
                await database.execute("UPDATE lease SET since = since - interval '2 hours'")
                assert await closing.due() <= one.clock()  # type: ignore[operator]
    finally:
        await database.close()


async def test_an_outage_is_told_of_to_its_end_though_the_way_is_another_processs_by_then(
    processes: Processes,
) -> None:
    async with processes.process(ONE) as app:
        link, leadership, database = Link(ONE, app), app.ways[ONE], await asyncpg.connect(processes.url)

        async def told() -> list[str]:
            return [kind for (kind,) in await database.fetch("SELECT kind FROM announcement ORDER BY kind DESC")]

        try:
            with leadership.fenced() as lease:  # as whoever serves a platform
                link.fails(Why.GATEWAY)
                assert await app.store.take_lease(ONE, lease.holder) is not None  # it is over, and given anew
            link.refuses()
            async with asyncio.timeout(20):
                while await told() != [Kind.PLATFORM_DOWN]:  # noqa: ASYNC110  nothing says when
                    await asyncio.sleep(0)
                link.works()
                while Kind.PLATFORM_BACK not in await told():  # noqa: ASYNC110  nothing says when
                    await asyncio.sleep(0)
        finally:
            await link.aclose()
            await database.close()


async def test_a_way_that_was_lost_a_moment_ago_is_waited_for_as_anothers(processes: Processes) -> None:
    async with processes.process(ONE, OTHER) as app:
        await begin(app)
        processes.pass_by((PLEDGE_BY - NOON + 2 * MINUTE).total_seconds())
        for way in (ONE, OTHER):
            app.holds.answered(way, handed=False)
        await processes.go_on(QUIET_S + 5, app)
        assert await app.holds.why() is None
        await app.ways[OTHER].give_up()
        assert await app.holds.why() is Hold.KEPT
