from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.runtime.settings import Settings
from bot.secrets.card_codes import pretty
from bot.secrets.keys import Person
from bot.usecases import organizers
from handlers.discord.platform import open_discord
from handlers.platforms.supervisor import Opener, keep_running
from handlers.telegram.platform import open_telegram
from tests.conftest import NOON, fresh_folder
from tests.discord.house import House as DiscordHouse
from tests.discord.server import DiscordServer
from tests.faults.canaries import forms, found
from tests.house import City
from tests.house import found as founded
from tests.processes import PATIENCE_S
from tests.stores import open_app
from tests.telegram.house import House as TelegramHouse
from tests.telegram.house import room_word
from tests.telegram.server import UNLIMITED, TelegramServer

pytestmark = pytest.mark.sqlite_only("each byte that goes to its file")

T = TypeVar("T")

Canaries = set[str | int]

SAID = "Quillfeather said so at the lathe"
TITLES = ("Loading dock eleven", "Lamplighters", "lamp-room-nine")
NICKNAMES = ("Marigoldine", "Thistledown")


class OnTelegram(TelegramHouse):
    """People on Telegram, around a bot in this process."""

    async def until(self, true: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
        return await self.server.wait_for(true, patience_s)


class OnDiscord(DiscordHouse):
    """People on Discord, around the same bot."""

    async def until(self, true: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
        return await self.server.wait_for(true, patience_s)


def everything(folder: Path) -> dict[str, bytes]:
    """All that is searched: each file under the data folder, whatever it is called. A backup is one more."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def _started(_way: str) -> None:
    """Say nothing of it."""


@asynccontextmanager
async def running(app: App, telegram: OnTelegram, discord: OnDiscord) -> AsyncIterator[None]:
    """Run the bot on both platforms, in this process."""
    settings = Settings(
        data=app.data,
        telegram_token=SecretStr(telegram.server.token),
        telegram_api_url=telegram.server.origin,
        telegram_per_second=UNLIMITED,
        discord_token=SecretStr(discord.server.token),
        discord_api_url=discord.server.api_url,
        discord_gateway_url=discord.server.gateway_url,
    )
    openers: dict[str, Opener] = {"telegram": open_telegram, "discord": open_discord}
    works = [
        asyncio.create_task(keep_running(app, settings, openers, _started)),
        asyncio.create_task(app.scheduler.run_forever(0.05)),
    ]
    try:
        await telegram.until(lambda: telegram.server.called("getUpdates"))
        await discord.until(lambda: discord.server.gateway.live)
        yield
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


async def at_each_commit(app: App, note: Callable[[dict[str, bytes]], None]) -> None:
    """Take the files whenever a transaction is about to end: what a kill would leave then, journal and all."""
    store: Any = app.store

    def traced(statement: str) -> None:
        if statement.startswith("COMMIT"):
            note(everything(app.data))

    await store._db.set_trace_callback(traced)


def hashes(canary: str | int) -> dict[str, bytes]:
    """Return the plain hashes, which whoever guesses could compare."""
    digests = {name: hashlib.new(name, str(canary).encode()).digest() for name in ("sha256", "sha1", "md5", "blake2b")}
    return digests | {f"{name}, in hex": digest.hex().encode() for name, digest in digests.items()}


async def walked_out(app: App, clock: MovableClock, city: City, telegram: OnTelegram, discord: OnDiscord) -> Canaries:
    """Let a walkout happen on both platforms; return all that must be kept nowhere."""
    server, other = telegram.server, discord.server
    organizer_code = await organizers.new_code(app.store, app.clock)
    olga = server.person(5_912_345_678, name=NICKNAMES[0])
    await telegram.ask(olga, f"/organizer {pretty(organizer_code)}")
    appointed = await telegram.ask(olga, f'/appoint steward "School" {NICKNAMES[1]}')
    role_code = next(
        word for word in re.findall(r"[0-9A-Z-]{20,}", appointed["text"]) if len(word.replace("-", "")) == 20
    )
    steward = server.person(name="Peregrina")
    await telegram.ask(steward, role_code)
    await telegram.hears(olga, "Is it them?")
    room = server.room(title=TITLES[0])
    word = room_word(await telegram.ask(olga, "/room citywide"))
    server.say(olga, word, room)
    await telegram.press(await telegram.asked_to_bind(olga, word), "Bind")
    organizing = await organizers.new_code(app.store, app.clock)
    omar = other.person(name="Omarion of Lamplight")
    channel = other.room(other.guild(TITLES[1]), TITLES[2])
    await discord.command(omar, "organizer", code=organizing)
    await discord.command(omar, "organize room", channel, scope="citywide")

    workers = [server.person(name=f"Quillfeather {number}") for number in range(8)]
    elsewhere = [other.person(name=f"Wrenfeather {number}") for number in range(8)]
    codes = [city.take("School") for _ in range(16)]
    for worker, code in zip(workers, codes, strict=False):
        card = await telegram.pledge(worker, code)
        asked = await telegram.press(card, "Tell me")
        await telegram.press(asked, "Yes, tell me")
        await telegram.ask(worker, f"{SAID} {worker}")
    await telegram.ask(workers[0], f"/withdraw {codes[0]}")
    for worker, code in zip(elsewhere, codes[8:], strict=True):
        shown = await discord.press(await discord.pledge(worker, code), "Tell me", worker)
        await discord.press(shown, "Yes, tell me", worker)
        await discord.say(worker, f"{SAID} {worker}")
    clock.move_to(NOON + timedelta(days=1))
    await telegram.hears(room, "It is on")
    await discord.hears(channel, "It is on")
    for worker in workers[1:]:
        await telegram.hears(worker, "It is on")
    for worker in elsewhere:
        await discord.hears(other.dm(worker), "It is on")

    people: Canaries = {*server._people, *other.people, *map(other.dm, other.people), *other.guilds}
    secret = {code for each in (*codes, organizer_code, organizing, role_code) for code in (each, pretty(each))}
    named = {f"user{person}" for person in other.people}
    tokens = {server.token, server.token.partition(":")[2], other.token, *other.tokens}
    return (
        people
        | secret
        | named
        | tokens
        | {SAID, word, *TITLES, *NICKNAMES, "Quillfeather", "Wrenfeather", "Omarion", "Peregrina"}
    )


async def test_nothing_of_anybody_is_in_the_files(data: Path, record_property: Callable[[str, object], None]) -> None:
    taken: dict[str, dict[bytes, None]] = {}
    clock = MovableClock(NOON)

    def note(files: Mapping[str, bytes]) -> None:
        for name, contents in files.items():
            taken.setdefault(name, {})[contents] = None

    async with TelegramServer() as server, DiscordServer() as other:
        telegram, discord = OnTelegram(data, server), OnDiscord(data, other)
        city = await founded(telegram, opened=NOON, citywide_threshold=5)
        async with open_app(telegram.store, clock=clock, senders={"telegram": None, "discord": None}) as app:
            await at_each_commit(app, note)
            async with running(app, telegram, discord):
                canaries = await walked_out(app, clock, city, telegram, discord)
                codes = {code for code in map(str, canaries) if len(code) == 20}
                kept = {code: app.keys.bearer(code, Person("", "")).keys[city.walkout] for code in codes}
            note(everything(telegram.store))
        note(everything(telegram.store))

    journals = [contents for contents in taken["allout.db-journal"] if contents]
    assert len(journals) > 50
    pages = b"".join(_pages(taken["allout.db"]))
    on_cards = {code for code, keys in kept.items() if all(key in pages for key in keys)}
    assert len(on_cards) == 16, "then nothing would be found"
    for name, versions in taken.items():
        # each page that was ever there, once: a version differs from the one before by a few
        contents = b"\xff\xff".join(dict.fromkeys(_pages(versions)))
        assert not found(canaries, contents), name
        for canary in canaries:
            by_design = {"sha256"} if canary in codes - on_cards else set()  # a code that gives somebody a role
            there = [how for how, form in hashes(canary).items() if form in contents and how not in by_design]
            assert not there, (name, canary, there)
    record_property(
        "found",
        f"{len(canaries)} canaries in {len(taken)} files as of {len(taken['allout.db'])} instants, "
        f"{len(journals)} of them with a journal: none",
    )


def _pages(versions: Mapping[bytes, None]) -> Iterator[bytes]:
    """Yield overlapping pieces of pages, so that nothing that lies across two is missed, the whole file among them."""
    *_, last = versions
    yield last
    for contents in versions:
        for start in range(0, len(contents), 4096):
            yield contents[start : start + 4096 + 64]


@pytest.mark.parametrize("canary", ["Quillfeather", 5_912_345_678, "7ZK0X9P1M2N3B4V5C6X7"])
def test_a_canary_in_any_form_would_be_found(canary: str | int) -> None:
    for name, form in forms(canary).items():
        assert found([canary], b"\0before" + form + b"behind\xff"), name
    for name, form in hashes(canary).items():
        assert form not in b"before", name


async def test_a_store_that_kept_a_name_would_be_caught() -> None:
    with fresh_folder() as folder:
        async with open_app(folder, clock=MovableClock(NOON), senders={}) as app:
            store: Any = app.store
            await store._rows("CREATE TABLE seen (account INTEGER PRIMARY KEY, name TEXT)")
            await store._rows("INSERT INTO seen VALUES (5912345678, 'Quillfeather')")
        contents = everything(folder)["allout.db"]
    assert {line.partition(" as ")[0] for line in found(["Quillfeather", 5_912_345_678], contents)} == {
        "'Quillfeather'",
        "5912345678",
    }
