"""Whoever scrapes learns how the bot is, and nothing that moves with a pledge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from bot.delivery.outbox import LONGEST_WAIT, Letter, TryLater
from bot.domain import rules
from bot.domain.errors import Refused, UnknownCard
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.runtime.operations import HOUSE, Condition, Operations
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.storage.store import STUCK_AFTER, Room
from bot.usecases import stewards
from tests.conftest import HOUR, NOON, SHOP, WALKOUT, draft, shops
from tests.stores import open_app

WAY = "telegram:123456"


class Refusing:
    """A platform that takes nothing."""

    async def send(self, _letter: Letter) -> str:
        raise TryLater

    async def delete(self, _what: str) -> None:
        raise TryLater


@dataclass
class Scene:
    """A bot with an open walkout, and somebody who looks how it is."""

    app: App
    clock: MovableClock
    codes: list[str]
    operations: Operations
    port: int = 0
    leases: dict[str, bool] = field(default_factory=lambda: {HOUSE: True, WAY: True})

    async def asked(self, path: str = "/metrics", *, host: str = "127.0.0.1", method: str = "GET") -> bytes:
        """Give the whole answer, as it comes over the wire."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"{method} {path} HTTP/1.1\r\n{host and f'Host: {host}'}\r\nConnection: close\r\n\r\n".encode())
        try:
            return await reader.read()
        finally:
            writer.close()

    async def scraped(self) -> bytes:
        """Look how it is, and give what a scrape then gets."""
        await self.operations.look()
        return await self.asked()

    async def status(self, path: str, **how: str) -> int:
        return int((await self.asked(path, **how)).split(b" ")[1])


Leases = Callable[[Scene], Mapping[str, bool]]


@asynccontextmanager
async def scene(data: Path, leases: Leases = lambda made: made.leases) -> AsyncIterator[Scene]:
    clock = MovableClock(NOON)
    async with open_app(data / "store", clock=clock, senders={WAY: Refusing()}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(draft(), shops(40, 40))
        codes = [mint() for _ in range(12)]
        await stewards.mint(WALKOUT, {SHOP: [key_of(code) for code in codes]}, app.store, app.keys)
        await app.store.decide(WALKOUT, partial(rules.open_up, now=NOON))
        app.answering.add(WAY)
        made = Scene(app, clock, codes, Operations(app, lambda: leases(made)))
        async with made.operations.serve(0) as made.port:
            await made.operations.look()
            yield made


@pytest.fixture
async def here(data: Path) -> AsyncIterator[Scene]:
    async with scene(data) as made:
        yield made


def person(number: int) -> Person:
    return Person("telegram", str(number))


async def what_people_do(app: App, codes: list[str], look: Callable[[], Awaitable[object]]) -> None:
    """Pledge until the workplace has reached its number, take back, ask to be told, guess wrong; look after each."""
    for number, code in enumerate(codes):
        await app.worker(person(number)).pledge(code)
        await look()
    for act in ("withdraw", "pledge"):
        await getattr(app.worker(person(3)), act)(codes[3])
        await look()
    await app.worker(person(4)).ask_to_be_told(codes[4], "en")
    await look()
    await app.worker(person(4)).stop_telling(codes[4])
    await look()
    with pytest.raises(UnknownCard):
        await app.worker(person(50)).pledge(mint())
    await look()
    with pytest.raises(Refused):
        await app.worker(person(51)).pledge(codes[0])  # somebody else's
    await look()


async def test_between_two_tallies_a_scrape_is_the_same_bytes_whatever_people_do(here: Scene) -> None:
    seen = []

    async def look() -> None:
        seen.append(await here.scraped())

    await look()
    await what_people_do(here.app, here.codes, look)
    here.clock.move_to(here.clock() + HOUR / 2)
    await look()
    assert len(seen) > 12
    assert len(set(seen)) == 1

    here.clock.move_to(NOON + 24 * HOUR)
    await here.app.tallies.take_due()
    after = await here.scraped()
    assert b"last_tally" not in seen[0]
    assert float(after.rpartition(b" ")[2]) == (NOON + 24 * HOUR).timestamp()


async def test_what_moves_with_a_pledge_would_be_seen(data: Path) -> None:
    """A planted fault: a process that lets go of a lease while pledges are an odd number."""
    standing = 0

    async with scene(data, lambda _made: {HOUSE: True, WAY: standing % 2 == 0}) as made:
        before = await made.scraped()
        await made.app.worker(person(0)).pledge(made.codes[0])
        standing = sum(unit.standing for unit in await made.app.store.units(WALKOUT))
        assert await made.scraped() != before


async def test_nothing_is_told_but_what_is_on_this_list(here: Scene) -> None:
    await what_people_do(here.app, here.codes, here.operations.look)
    here.clock.move_to(NOON + 24 * HOUR)
    await here.app.tallies.take_due()
    head, body = (await here.scraped()).split(b"\r\n\r\n")
    told = {line.split(b"{")[0].split(b" ")[0].decode() for line in body.splitlines() if not line.startswith(b"#")}
    assert told == {
        "allout_info",
        "allout_database_up",
        "allout_ready",
        "allout_lease_held",
        "allout_platform_up",
        "allout_held",
        "allout_rooms_stuck",
        "allout_last_tally_timestamp_seconds",
    }
    assert {line.split(b":")[0] for line in head.splitlines()[1:]} == {
        b"Content-Type",
        b"Content-Length",
        b"Connection",
    }
    assert WALKOUT.encode() not in body


async def test_a_room_that_hears_nothing_is_counted_and_a_letter_to_a_worker_is_not(here: Scene) -> None:
    await here.app.worker(person(0)).pledge(here.codes[0])
    await here.app.worker(person(0)).ask_to_be_told(here.codes[0], "en")
    await here.app.store.bind_room(Room(walkout=WALKOUT, scope=None, way=WAY, address="-100"))
    await here.app.store.decide(WALKOUT, partial(rules.call_off, now=NOON))
    for _ in range(STUCK_AFTER):
        assert b'allout_rooms_stuck{platform="telegram:123456"} 0.0' in await here.scraped()
        await here.app.outboxes[WAY].deliver()
        here.clock.move_to(here.clock() + LONGEST_WAIT)
    assert b'allout_rooms_stuck{platform="telegram:123456"} 1.0' in await here.scraped()


async def test_ready_is_who_leads_all_its_bots(here: Scene) -> None:
    assert await here.status("/readyz") == await here.status("/readyz/telegram") == 200
    here.leases[HOUSE] = False  # another process takes the tallies; updates come here all the same
    await here.operations.look()
    assert await here.status("/readyz") == 200

    here.leases |= {"discord:987": True, WAY: False}
    await here.operations.look()
    assert b"another process leads" in await here.asked("/readyz")
    assert await here.status("/readyz") == await here.status("/readyz/telegram") == 503
    assert await here.status("/readyz/discord") == 200
    assert b"allout_platform_up{" not in await here.asked()  # nobody is woken since a process stands by
    assert await here.status("/readyz/console") == 503


async def test_who_cannot_take_updates_is_not_ready_and_lives(here: Scene) -> None:
    here.app.answering.discard(WAY)
    await here.operations.look()
    assert b"the platform does not answer" in await here.asked("/readyz")
    assert b'allout_platform_up{platform="telegram:123456"} 0.0' in await here.asked()
    await here.app.store.aclose()
    await here.operations.look()
    assert b"the database does not answer" in await here.asked("/readyz")
    assert b"allout_database_up 0.0" in await here.asked()
    assert await here.status("/healthz") == 200


def test_before_anything_was_looked_at_nobody_is_ready() -> None:
    assert Condition().unready()
    assert Condition(leases={WAY: True}, database=True, foreign=frozenset({"telegram"})).unready()
    assert not Condition(leases={WAY: True}, database=True).unready()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:9464", "[::1]", "127.0.0.1:80"])
async def test_it_answers_who_asks_by_a_name_of_this_machine(here: Scene, host: str) -> None:
    assert await here.status("/healthz", host=host) == 200


@pytest.mark.parametrize("host", ["", "allout.example.org", "127.0.0.1.example.org", "[::2]", "[::1", "169.254.1.1:80"])
async def test_it_answers_nobody_else(here: Scene, host: str) -> None:
    for path in ("/metrics", "/healthz", "/readyz", "/"):
        assert await here.status(path, host=host) in {400, 403}


async def test_it_is_read_and_nothing_else(here: Scene) -> None:
    for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
        assert await here.status("/metrics", method=method) == 405
    answer = await here.asked("/../../etc/passwd")
    assert answer.startswith(b"HTTP/1.1 404")
    assert answer.endswith(b"no\n")
