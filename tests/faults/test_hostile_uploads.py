"""Files that no organizer in their right mind would send, and downloads that go wrong: an answer each, and no more."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import re
import zlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.draft import ListReading, RosterOptions, SourceFile, read_list
from bot.draft import table as tables
from bot.runtime.settings import Settings
from bot.sandbox.pool import SandboxPool
from bot.secrets.keys import Person
from bot.usecases import organizers
from handlers.discord import chat as discord_chat
from handlers.discord.platform import open_discord
from handlers.platforms.supervisor import Link
from handlers.platforms.uploads import LARGEST
from handlers.sandboxed import sandbox_client
from handlers.telegram import chat as telegram_chat
from handlers.telegram.platform import open_telegram
from tests.conftest import NOON
from tests.console.play import roster, terms
from tests.discord.server import DiscordServer
from tests.discord.world import BOT_ID, BUTTON, COMPONENT, Message
from tests.faults.fuzzed import City, city, overheard
from tests.processes import PATIENCE_S, held_up_s
from tests.telegram.server import UNLIMITED, TelegramServer, not_found, refused
from tests.workbooks import xlsx, zipped

MEGABYTE = 1_000_000
MOST_MEMORY = 80 * MEGABYTE
"""By which a file of five megabytes may let the bot grow, and the server around it, which holds the file as well."""
LONGEST_PLEDGE_S = 2.0
"""While a file is read; a machine that has other work to do is forgiven much."""

Way = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]
"""How a file is handed over."""

TOML = terms(starts=NOON + timedelta(days=12), pledge_by=NOON + timedelta(days=7)).encode()
CSV = roster().encode()
HEADER = b"workplace,headcount,threshold"


def _toml(**changes: str) -> bytes:
    lines = [line for line in TOML.decode().splitlines() if line.partition(" ")[0] not in changes]
    return "\n".join([*lines, *(f"{name} = {value}" for name, value in changes.items())]).encode()


def _csv(*rows: bytes) -> bytes:
    return b"\n".join([HEADER, *rows])


_NOISE = Random(7).randbytes(100_000)
_HIDDEN = "has a character that cannot be seen"
_TEXT = "this is not UTF-8 text"
_NUL = "there is a NUL byte"
_ROW = "has more than 200000 characters"
_BOOK = "this file cannot be read"
_TOO_DEEP = "brackets are nested too deep"

HOSTILE_TOMLS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is missing"),
    "UTF-16": (TOML.decode().encode("utf-16"), _TEXT),
    "NULs": (TOML + b"\0", _NUL),
    "a zip": (b"PK\x03\x04\x14\0\0\0\x08\0" + _NOISE[:90_000], _TEXT),
    "brackets": (TOML + b"x = " + b"[" * 90_000, _TOO_DEEP),
    "braces": (TOML + b"x = " + b"{a = " * 18_000, _TOO_DEEP),
    "a name of parts": (TOML + b"a." * 45_000 + b"a = 1\n", _TOO_DEEP),
    "a section of parts": (TOML + b"[" + b"a." * 45_000 + b"a]\n", _TOO_DEEP),
    "digits": (TOML + b"x = " + b"9" * 90_000, _TOO_DEEP),
    "fields": (TOML + b"".join(b"k%d = 1\n" % number for number in range(9_000)), "there is no field"),
    "no such date": (_toml(starts="2026-13-45T99:00:00Z"), "Write the year first"),
    "the last year": (_toml(starts="9999-12-31T23:59:59Z"), "too far ahead"),
    "the first year": (_toml(pledge_by="0001-01-01T00:00:00+23:59"), "which is past"),
    "control": (_toml(title='"One\\u0007day"'), _HIDDEN),
    "written backwards": (_toml(title='"One \\u202eyad"'), _HIDDEN),
    "numbers": (_toml(citywide_threshold="nan"), "must be a whole number"),
    "a number below": (_toml(approvals="-9223372036854775809"), "must be at least 1"),
}
NAMES = (
    "../../../../etc/passwd.csv",
    "C:\\Windows\\system32\\config.csv",
    "/" * 500 + ".." + "/x.csv",
    "n" * 1_000 + ".csv",
    "\u202evsc.exe\u2066.csv",
    "a\0b\x1b[2J\n.CSV",
    "\ud800.csv",
    "%s{0}{sentence}.csv",
)
NOT_HALVES = (
    "walkout",
    ".csv",
    "csv",
    "x.csv.exe",
    "x.csv\0",
    "x.pdf",
    "",
    "\u202ecsv.x",
    "x.csv/..",
    "x." + "csv" * 400,
)


def hostile_csvs() -> dict[str, tuple[bytes, str]]:
    """Make them, which takes a second: for the trial alone, not for everybody who collects it."""
    return {
        "empty": (b"", "the file is empty"),
        "blank": (b"\r\n" * 1000, "the file is empty"),
        "UTF-16 of nothing": (("\u202e\n" * 1000).encode("utf-16"), "the file is empty"),
        "UTF-16 cut": (CSV.decode().encode("utf-16")[:-1], _TEXT),
        "UTF-16 without its mark": ("\U0001f600,\U0001f600\n".encode("utf-16-le") * 1000, _NUL),
        "ASCII as UTF-32": (HEADER.decode().encode("utf-32-be"), _NUL),
        "Latin-1": (
            "workplace,headcount,threshold\nPe\xf1a,10,6".encode("latin-1"),
            "can be read in more than one way",
        ),
        "no letters": (HEADER + b"\n" + bytes(range(128, 256)) * 1000, _TEXT),
        "a zip that grows": (zipped({"xl/worksheets/sheet1.xml": " " * 150 * MEGABYTE}), "larger than 100 MB"),
        "a zip of zips": (zipped({f"{number}.xml": "" for number in range(20_000)}), _BOOK),
        "half a workbook": (xlsx({"Pay": [["Employer", "Workers"]]})[:900], _BOOK),
        "an old workbook of nothing": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + _NOISE, _BOOK),
        "a web page": (b"<html><table>" + b"<tr><td>Mill" * 100_000, "this is HTML"),
        "NULs": (CSV.replace(b"Depot", b"De\0pot"), _NUL),
        "two marks": (b"\xef\xbb\xbf" * 2 + HEADER + b"\nDe\xe2\x80\xaepot,10,6", _HIDDEN),
        "a zip": (b"PK\x03\x04\x14\0\0\0\x08\0" + _NOISE, _BOOK),
        "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + _NOISE, "this is PDF"),
        "columns": (_csv()[:-1] + b"".join(b",c%d" % number for number in range(100_000)), _ROW),
        "columns of one letter": (HEADER + b",x" * 20_000, "at most 1000 fit"),
        "commas": (HEADER + b"," * 4_900_000 + b"x", _ROW),
        "cells of two lines": (_csv(b'"\n",' * 1_200_000), _ROW),
        "a million rows": (_csv(*(b"%d,9,5" % number for number in range(400_000))), "more than 50000 workplaces"),
        "a million wrong rows": (_csv(b",x,y\n" * 900_000), "more than 50000 workplaces"),
        "one line": (b"x" * 4_900_000, _ROW),
        "a quote": (_csv(b'"Depot,10,6' + b"\nSchool,30,5" * 100_000), "the quotes do not match"),
        "quotes": (_csv(b'"x"y' + b'\n"x"y' * 5_000), "the quotes do not match"),
        "the header twice": (HEADER + b",threshold,Headcount\nDepot,10,6,6,10", "is there twice"),
        "written backwards": (_csv("North \u202etopeD\u202c,10,6".encode()), _HIDDEN),
        "unseen": (_csv("De\u200bpot,10,6".encode()), _HIDDEN),
        "control": (_csv(b"De\x07pot\x1b[2J,10,6"), _HIDDEN),
        "long names": (_csv(b"=1+1" * 10_000 + b",10,6"), "at most 200 fit"),
        "numbers": (
            _csv("Depot,\u0661\u0662,NaN".encode(), b"School,1e9,-5", b"Mill,9999999999999999,inf"),
            "head-count",
        ),
    }


class Chat(ABC):
    """An organizer who sends files, and a worker who pledges and withdraws meanwhile."""

    def __init__(self, town: City) -> None:
        self.town = town
        self.code = town.codes[0]
        self.letters = cycle("pw")
        self.longest_pledge_s = 0.0

    @abstractmethod
    def _send(self, name: str, data: bytes, size: int) -> None:
        """Send a file."""

    @abstractmethod
    def _press(self, data: str) -> Callable[[], object]:
        """Press a worker's button; return what tells whether it is answered."""

    @abstractmethod
    async def rest(self) -> None:
        """Wait until all of an answer is out."""

    @abstractmethod
    def said(self) -> list[str]:
        """Return what the organizer has been told."""

    server: Any
    way_out: Any
    refusals: tuple[Callable[[], None], ...]  #: let the platform refuse the next file, without a download

    async def upload(self, name: str, data: bytes, size: int | None = None) -> str:
        """Send a file, and pledge and withdraw with a card until it is answered; return the answer."""
        self.town.clock.move_to(self.town.clock() + timedelta(minutes=1))  # or they would write too fast
        before = len(self.said())
        self._send(name, data, len(data) if size is None else size)
        deadline = perf_counter() + PATIENCE_S
        while len(self.said()) == before:
            assert perf_counter() < deadline, "no answer"
            began, held_up = perf_counter(), held_up_s()
            await self.server.wait_for(self._press(f"{next(self.letters)}:{self.code}.{self.town.walkout}"), PATIENCE_S)
            took = perf_counter() - began - (held_up_s() - held_up)
            self.longest_pledge_s = max(self.longest_pledge_s, took)
            self.town.clock.move_to(self.town.clock() + timedelta(seconds=1))
        await self.rest()
        return "\n".join(self.said()[before:])


class OnTelegram(Chat):
    """The same on Telegram."""

    def __init__(self, town: City, server: TelegramServer) -> None:
        super().__init__(town)
        self.server = server
        self.olga, self.ana = server.person(), server.person()
        too_big = refused(400, "Bad Request: file is too big")
        gone = refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        faults = (too_big, gone, not_found(), refused(403, "Forbidden"))
        self.refusals = tuple(partial(server.plan, "getFile", fault, times=5) for fault in faults)

    def _send(self, name: str, data: bytes, size: int) -> None:
        document = self.server._stored("x.csv", data) | {"file_name": name, "file_size": size}
        self.server._post(self.olga, None, {"document": document})

    def _press(self, data: str) -> Callable[[], object]:
        number = str(self.server._next("callback"))
        self.server.callbacks[number] = None
        user = {"id": self.ana, "is_bot": False, "first_name": "Ana"}
        self.server.raw({"callback_query": {"id": number, "from": user, "chat_instance": "1", "data": data}})
        return lambda: self.server.callbacks[number] is not None

    async def rest(self) -> None:
        await self.server.wait_for(lambda: not self.server.unconfirmed, PATIENCE_S)

    def said(self) -> list[str]:
        return list(self.server.chats[self.olga].texts)


class OnDiscord(Chat):
    """The same on Discord."""

    refusals = ()

    def __init__(self, town: City, server: DiscordServer) -> None:
        super().__init__(town)
        self.server = server
        self.olga, self.ana = server.person(), server.person()

    def _send(self, name: str, data: bytes, size: int) -> None:
        server, chat = self.server, self.server.dm(self.olga)
        stored = server.stored("x.csv", data)
        made = Message(id=server.snowflake(), channel=chat, author=self.olga, text="", sent=0, files=(stored,))
        payload = server.message_payload(made)
        payload["attachments"][0] |= {"filename": name, "size": size}
        server.raw("MESSAGE_CREATE", payload)

    def _press(self, data: str) -> Callable[[], object]:
        server = self.server
        chat = server.channels[server.dm(self.ana)]
        under = {
            "type": 1,
            "id": 1,
            "components": [{"type": BUTTON, "id": 2, "style": 2, "label": "x", "custom_id": data}],
        }
        shown = Message(id=server.snowflake(), channel=chat.id, author=BOT_ID, text="x", sent=0, components=(under,))
        server.messages[shown.id] = shown
        what = {"component_type": BUTTON, "custom_id": data, "id": 2}
        asked = server._interact(COMPONENT, self.ana, chat, what, None, source=shown)
        return lambda: asked.settled

    async def rest(self) -> None:
        await asyncio.wait_for(self.way_out._client.chat.rest(), PATIENCE_S)

    def said(self) -> list[str]:
        chat = self.server.dm(self.olga)
        return [one.text for one in self.server.messages.values() if one.channel == chat and one.author == BOT_ID]


class _Handing:
    """Hands files over as a test wants it."""

    way: Way | None = None
    fetched = 0

    async def _download(self, http: web.Request) -> web.StreamResponse:
        self.fetched += 1
        whole: web.Response = await super()._download(http)  # type: ignore[misc]
        return whole if self.way is None else await self.way(http, whole.body or b"")  # type: ignore[arg-type]


class _HandingTelegram(_Handing, TelegramServer):  # type: ignore[misc]
    pass


class _HandingDiscord(_Handing, DiscordServer):  # type: ignore[misc]
    pass


@asynccontextmanager
async def _chat(platform: str, data: Path) -> AsyncIterator[tuple[Chat, Any]]:
    """Run a platform on a city of which somebody is an organizer."""
    made: dict[str, tuple[Any, Any, Any]] = {
        "telegram": (_HandingTelegram, OnTelegram, open_telegram),
        "discord": (_HandingDiscord, OnDiscord, open_discord),
    }
    serve, speak, run = made[platform]
    async with city(data, platform) as town, serve() as server:
        address = (
            {
                "telegram_api_url": server.origin,
                "telegram_token": SecretStr(server.token),
                "telegram_per_second": UNLIMITED,
            }
            if platform == "telegram"
            else {
                "discord_token": SecretStr(server.token),
                "discord_api_url": server.api_url,
                "discord_gateway_url": server.gateway_url,
            }
        )
        link = Link(platform, town.app)
        async with run(town.app, Settings(data=data, **address), link) as (way_out, take):
            taking = asyncio.ensure_future(take())
            if platform == "discord":
                await server.wait_for(lambda: server.gateway.live)
            chat: Chat = speak(town, server)
            chat.way_out = way_out
            await organizers.add(Person(platform, str(chat.olga)), "olga", town.app.store, town.app.keys)  # type: ignore[attr-defined]
            try:
                yield chat, server
                assert not taking.done(), "the bot has ended"
                assert not server.violations
            finally:
                taking.cancel()
                await asyncio.gather(taking, return_exceptions=True)
        await link.aclose()


class _Peak:
    """How much memory was in use at most since it was begun."""

    def __init__(self) -> None:
        gc.collect()  # what tests before this one have left free would be filled first, and nothing seen to grow
        gc.freeze()  # as at a bot's start: with all tests in the oldest generation the collector would hardly ever come
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
        self.before = self._now("VmRSS")

    @property
    def grown(self) -> int:
        return max(0, self._now("VmHWM") - self.before)

    @staticmethod
    def _now(name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert found
        return int(found[1]) * 1024


def _unchanged(before: dict[str, Any], after: dict[str, Any]) -> None:
    """See that nothing is kept but the worker's own pledge, and the other file, sealed."""
    pledging = {"card", "pledge", "counted", "sketch"}
    assert {name: rows for name, rows in after.items() if name not in pledging} == {
        name: rows for name, rows in before.items() if name not in pledging
    }
    assert len(after["counted"]) == len(before["counted"])


def _is_clear(answer: str) -> None:
    assert len(answer) < 400_000
    assert all(line.isprintable() for line in answer.split("\n")), "something in it cannot be seen"


needs_linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is measured by /proc")


@needs_linux
@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_hostile_files(platform: str, data: Path, record_property: Callable[[str, object], None]) -> None:
    most = 0
    with overheard() as heard:
        async with _chat(platform, data) as (chat, _server):
            before = await chat.town.rows()
            cases = [
                *(("workplaces.csv", each, ("walkout.toml", TOML), words) for each, words in hostile_csvs().values()),
                *((name, b"workplace\n", ("walkout.toml", TOML), "no column has numbers of people") for name in NAMES),
                *(("walkout.toml", each, ("workplaces.csv", CSV), words) for each, words in HOSTILE_TOMLS.values()),
            ]
            for name, file, other, words in cases:
                await chat.town.app.store.drop_old_sketches(now=chat.town.clock() + timedelta(days=30))
                assert re.search(GOT, await chat.upload(*other))
                peak = _Peak()
                answer = await chat.upload(name, file)
                most = max(most, peak.grown)
                assert words in answer.replace("\\", ""), (name, words, answer[:300])
                _is_clear(answer)
                assert peak.grown < MOST_MEMORY, (name, words, peak.grown)
            _unchanged(before, await chat.town.rows())
            longest = chat.longest_pledge_s
            assert longest < LONGEST_PLEDGE_S
        heard.check(chat.town.codes)
        assert not heard.lines
    record_property("tried", f"{len(cases)} files")
    record_property("found", f"{most / MEGABYTE:.0f} MB at most; another's pledge took {longest * 1000:.0f} ms at most")


@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_what_is_no_half_of_a_draft_or_too_large_is_not_even_fetched(platform: str, data: Path) -> None:
    async with _chat(platform, data) as (chat, server):
        files = [*((name, 10) for name in NOT_HALVES), ("x.csv", LARGEST[".csv"] + 1), ("x.csv", 2**62)]
        for name, size in [*files, ("x.toml", LARGEST[".toml"] + 1)]:
            assert (await chat.upload(name, CSV, size)).startswith("To draft a walkout, send me its workplaces"), name
        assert server.fetched == 0


# -- downloads that go wrong ------------------------------------------------------------------------------------------


async def _cut(http: web.Request, data: bytes) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": str(len(data))})
    await answer.prepare(http)
    await answer.write(data[: len(data) // 2])
    assert http.transport is not None
    http.transport.close()
    return answer


async def _halved(http: web.Request, data: bytes) -> web.StreamResponse:
    """As from a server that closes the connection where the file ends, or it breaks."""
    return web.Response(body=data[: len(data) // 2])


async def _forbidden(http: web.Request, data: bytes) -> web.StreamResponse:
    return web.Response(status=403, body=data)


async def _missing(http: web.Request, data: bytes) -> web.StreamResponse:
    return web.Response(status=404, body=data)


async def _broken(http: web.Request, data: bytes) -> web.StreamResponse:
    return web.Response(status=500, body=b"<html>")


async def _silent(http: web.Request, data: bytes) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def _trickling(http: web.Request, data: bytes) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(http)
    while True:
        await answer.write(b"a,9,5\n")
        await asyncio.sleep(0.01)


async def _endless(http: web.Request, data: bytes) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(http)
    piece = b"a,9,5\n" * 10_000
    while True:
        await answer.write(piece)


async def _inflated(http: web.Request, data: bytes) -> web.StreamResponse:
    """As a hundred kilobytes that are a hundred megabytes once they are unpacked."""
    packing = zlib.compressobj(wbits=31)
    packed = b"".join(packing.compress(bytes(MEGABYTE)) for _ in range(100)) + packing.flush()
    return web.Response(body=packed, headers={"Content-Encoding": "gzip"})


GOT = "I have the terms|workplaces?, "
"""The answer to the first of the two files."""

NOT_GIVEN = ("did not give me the file just now",)
TOO_LARGE = ("To draft a walkout, send me its workplaces", *NOT_GIVEN)
WAYS: dict[Way, tuple[str, ...]] = {
    _cut: NOT_GIVEN,
    _halved: NOT_GIVEN,
    _forbidden: NOT_GIVEN,
    _missing: NOT_GIVEN,
    _broken: NOT_GIVEN,
    _silent: NOT_GIVEN,
    _trickling: NOT_GIVEN,
    _endless: TOO_LARGE,
    _inflated: TOO_LARGE,
}


@needs_linux
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_a_download_that_goes_wrong_is_answered_and_the_next_one_works(
    platform: str, way: Way, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (telegram_chat, discord_chat):
        monkeypatch.setattr(module, "FETCHED_WITHIN_S", 1.0)
    with overheard() as heard:
        async with _chat(platform, data) as (chat, server):
            before = await chat.town.rows()
            assert re.search(GOT, await chat.upload("walkout.toml", TOML))
            server.way = way
            peak = _Peak()
            answer = await chat.upload("workplaces.csv", CSV)
            assert any(words in answer for words in WAYS[way]), answer[:300]
            assert peak.grown < MOST_MEMORY, peak.grown
            assert chat.longest_pledge_s < LONGEST_PLEDGE_S
            _unchanged(before, await chat.town.rows())
            server.way = None
            assert "Drafted: " in await chat.upload("workplaces.csv", CSV)
        assert not heard.lines


async def test_a_file_that_telegram_does_not_hand_out_is_answered(data: Path) -> None:
    with overheard() as heard:
        async with _chat("telegram", data) as (chat, _server):
            for refuse in chat.refusals:
                refuse()
                answer = await chat.upload("walkout.toml", TOML)
                assert answer.startswith("Telegram did not give me the file just now"), answer
        assert not heard.lines


# -- these trials can fail -------------------------------------------------------------------------------------------


@needs_linux
async def test_a_file_that_fills_the_memory_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def here(
        _children: SandboxPool, source: SourceFile, options: RosterOptions, _toml: SourceFile | None
    ) -> ListReading:
        held = source.data.split(b",")  # and once more: some of it fits where tests before this one left room free
        read = read_list(source, options)
        del held
        return read

    monkeypatch.setattr(sandbox_client, "read_list", here)
    monkeypatch.setattr(tables, "LONGEST_ROW", 10 * MEGABYTE)
    async with _chat("telegram", data) as (chat, _server):
        await chat.upload("walkout.toml", TOML)
        peak = _Peak()
        assert "at most 1000 fit" in await chat.upload("workplaces.csv", b"ab," * 600_000)  # each cell an object
        assert peak.grown > MOST_MEMORY


async def test_half_a_file_that_becomes_a_draft_would_be_seen(data: Path) -> None:
    async with _chat("telegram", data) as (chat, server):
        before = await chat.town.rows()
        await chat.upload("walkout.toml", TOML)
        server.way = _halved
        assert "Drafted: " in await chat.upload("workplaces.csv", CSV + b"\n" * len(CSV), size=10)
        with pytest.raises(AssertionError):
            _unchanged(before, await chat.town.rows())
