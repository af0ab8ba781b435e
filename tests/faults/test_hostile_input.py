from __future__ import annotations

import asyncio
import csv
import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from discord.state import ConnectionState
from hypothesis import strategies as some
from pydantic import SecretStr

from bot.domain.errors import LettersMissing
from bot.draft import DraftRefused, RosterOptions, SourceFile, read
from bot.draft.csv_injection import FORMULA
from bot.process.clock import MovableClock
from bot.runtime import control_socket
from bot.runtime.settings import Settings
from bot.sandbox import codec
from bot.sandbox.pool import SandboxPool
from bot.secrets.card_codes import mint
from bot.secrets.keys import Person
from handlers.cli import admin
from handlers.cli.card_files import Form, content
from handlers.console.chat import Console, Printer
from handlers.discord.platform import open_discord
from handlers.platforms.per_person_order import PerPersonOrder
from handlers.platforms.supervisor import Link
from handlers.sandboxed import sandbox_client
from handlers.telegram import polling
from handlers.telegram.platform import open_telegram
from tests import conftest
from tests.conftest import NOON
from tests.console.play import roster, terms
from tests.discord import schema as discord_schema
from tests.discord.commands import SUBCOMMAND
from tests.discord.server import DiscordServer
from tests.discord.world import AUTOCOMPLETE, BOT_ID, BUTTON, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction, Message
from tests.faults.fuzzed import City, Overheard, city, drawn, overheard
from tests.faults.hostile import (
    MARK,
    ODD_NUMBERS,
    ODD_TEXTS,
    Json,
    Some,
    discord_objects,
    mangled,
    odd_texts,
    telegram_updates,
)
from tests.faults.trials import Trials, trials
from tests.processes import PATIENCE_S
from tests.telegram import schema as telegram_schema
from tests.telegram.server import UNLIMITED, TelegramServer

# what hypothesis would show of an example that fails; here none does
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

BATCH = 100
VARIANTS = 4  #: of each thing that hypothesis makes

STRANGERS = range(5_700_000_001, 5_700_000_031)
GROUP = -1_002_000_000_077


# -- Telegram --------------------------------------------------------------------------------------------------------


def aimed_at(town: City) -> dict[str, Some]:
    """What makes updates be about us: our commands, our buttons, real cards, people who wrote before."""
    who = some.fixed_dictionaries(
        {
            "id": some.one_of(*[some.sampled_from(STRANGERS)] * 8, some.sampled_from(ODD_NUMBERS)),
            "is_bot": some.just(value=False),
            "first_name": odd_texts,
        },
        optional={"language_code": some.one_of(some.sampled_from(["en", "es", "pt-br"]), odd_texts)},
    )
    chat = some.one_of(
        *[some.builds(lambda number: {"id": number, "type": "private"}, some.sampled_from(STRANGERS))] * 5,
        some.builds(
            lambda kind, title: {"id": GROUP, "type": kind, "title": title},
            some.sampled_from(["group", "supergroup", "channel"]),
            odd_texts,
        ),
    )
    return {
        "User": who,
        "Chat": chat,
        "Message.from": who,
        "Message.text": town.said(),
        "CallbackQuery.data": town.pressing(),
        "CallbackQuery.message": some.builds(
            lambda number, where: {"message_id": number, "date": 1, "chat": where}, some.integers(0, 50), chat
        ),
    }


@asynccontextmanager
async def on_telegram(town: City, server: TelegramServer, folder: Path) -> AsyncIterator[None]:
    """Run the real adapter on this city until the block ends."""
    settings = Settings(
        data=folder,
        telegram_token=SecretStr(server.token),
        telegram_api_url=server.origin,
        telegram_per_second=UNLIMITED,
    )
    link = Link("telegram", town.app)
    async with open_telegram(town.app, settings, link) as (_way_out, take):
        taking = asyncio.ensure_future(take())
        try:
            yield
            assert not taking.done(), "the bot has ended"
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            await link.aclose()


def _forget(server: TelegramServer) -> None:
    """Let a long trial not fill the memory."""
    server.requests.clear()
    server.updates.clear()
    server.callbacks.clear()
    for room in server.chats.values():
        room.messages.clear()


@pytest.mark.skipif(telegram_schema.load() is None, reason=telegram_schema.MISSING)
@trials(600, full=60_000)
async def test_telegram(
    tries: Trials, data: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setattr(polling, "FIRST_WAIT_S", 0.001)  # between two tries of what cannot be done
    async with city(data, "telegram") as town, TelegramServer() as server:
        with overheard() as heard:
            async with on_telegram(town, server, data):
                found = await _pour_over_telegram(town, server, heard, tries)
            heard.check([str(person) for person in STRANGERS] + town.codes)
            record_property("found", found)


async def _pour_over_telegram(town: City, server: TelegramServer, heard: Overheard, tries: Trials) -> str:
    for person in STRANGERS:
        server.person(person)
    server.chats[GROUP] = server.chats[server.room()]
    before = await town.rows()
    updates = await asyncio.to_thread(drawn, telegram_updates(aimed_at(town)), tries.number // VARIANTS, tries.seed)
    chance = tries.random("telegram")
    chance.shuffle(updates)  # hypothesis makes what is alike one after the other
    code, witness = next(town.witnesses), server.person(name=MARK)
    for number in range(0, len(updates) * VARIANTS, BATCH):
        valid = number < len(updates)
        batch = [updates[nth % len(updates)] for nth in range(number, number + BATCH)]
        where = f"seed {tries.seed}, batch {number}"
        town.rest()  # whoever writes without a pause is met with silence
        for update in batch if valid else [mangled(chance, each) for each in batch]:
            if isinstance(update, dict):
                _note(town, update)
                server.raw({name: body for name, body in update.items() if name != "update_id"})
        server.say(witness, f"/status {code}")
        await server.wait_for(lambda: server.chats[witness].texts, PATIENCE_S)
        await server.wait_for(lambda: not server.unconfirmed, PATIENCE_S)
        assert not server.violations, (where, server.violations[:3])
        assert not valid or not heard.lines, (where, heard.lines[:3])
        _forget(server)
    pledged = await town.check(before, "telegram", ())
    return f"{len(updates) * VARIANTS} updates, {pledged} cards changed by valid presses"


def _note(town: City, update: Json) -> None:
    query = update.get("callback_query")
    if isinstance(query, dict) and isinstance(query.get("from"), dict) and isinstance(query.get("data"), str):
        town.pressed.add((str(query["from"].get("id")), query["data"]))


# -- Discord ---------------------------------------------------------------------------------------------------------


SUGGESTS = "suggests"  #: marks an option for which choices are offered, until it is told


class Holding(DiscordServer):
    """Makes interactions without telling of them, so that they can be mangled first."""

    def again(self, what: Interaction | Message) -> None:
        """Tell nothing."""

    def forget(self) -> None:
        """Let a long trial not fill the memory."""
        self.requests.clear()
        self.interactions.clear()
        self.tokens.clear()
        self.messages.clear()
        for session in self.gateway.sessions:  # their number counts
            session.events[:-1] = [{}] * (len(session.events) - 1)


async def _discord_acts(town: City, server: Holding, places: list[int]) -> Some:
    """Make what Discord may tell: commands, suggestions wanted, buttons, forms, messages, and what goes on besides."""
    said = town.said()
    some_id = some.one_of(some.sampled_from([str(place) for place in places]), some.integers(1, 2**63 - 1).map(str))
    who = some.sampled_from(list(STRANGERS))

    def given(option: Json, text: str) -> Json:
        bare = {"name": option["name"], "type": option["type"], "value": text}
        return bare | ({SUGGESTS: True} if option.get("autocomplete") else {})

    def options(wanted: list[Json]) -> Some:
        each = {option["name"]: said.map(partial(given, option)) for option in wanted}
        needed = {option["name"] for option in wanted if option.get("required")}
        return some.fixed_dictionaries(
            {name: each[name] for name in each if name in needed},
            optional={name: each[name] for name in each if name not in needed},
        ).map(lambda of: list(of.values()))

    def below(one: Json, of: list[Json]) -> list[Json]:
        return [{"name": one["name"], "type": SUBCOMMAND, "options": of}]

    def command(declared: Json) -> Some:
        wanted = declared.get("options", [])
        groups = [
            options(one.get("options", [])).map(partial(below, one)) for one in wanted if one["type"] == SUBCOMMAND
        ]
        inner = some.one_of(groups) if groups else options(wanted)
        return inner.map(lambda of: {"id": declared["id"], "name": declared["name"], "type": 1, "options": of})

    commands = some.one_of([command(declared) for declared in server.commands.values()])
    form = some.builds(
        lambda text: {
            "custom_id": "k:",
            "components": [{"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": "x", "value": text}}],
        },
        said,
    )
    button = town.pressing().map(lambda data: {"component_type": BUTTON, "custom_id": data, "id": 1})
    what = some.one_of(
        *[some.tuples(some.sampled_from([COMMAND, AUTOCOMPLETE]), commands)] * 2,
        *[some.tuples(some.just(COMPONENT), button)] * 3,
        some.tuples(some.just(MODAL_SUBMIT), form),
    )
    aimed = {
        "MessageResponse.content": said,
        "MessageResponse.channel_id": some_id,
        "MessageResponse.author": who.map(server.user_payload),
        "MessageResponse.attachments": some.just([]),
        "UserResponse.id": who.map(str),
        "GuildChannelResponse.id": some_id,
        "ThreadResponse.id": some_id,
        "GuildResponse.id": some_id,
    }
    messages = discord_objects("MessageResponse", aimed)
    things = some.one_of(
        [
            discord_objects(name, aimed)
            for name in (
                "GuildChannelResponse",
                "ThreadResponse",
                "GuildMemberResponse",
                "GuildRoleResponse",
                "UserResponse",
                "GuildResponse",
            )
        ]
    )
    told = sorted(name[6:].upper() for name in dir(ConnectionState) if name.startswith("parse_"))
    besides = some.sampled_from([name for name in told if name != "READY"])  # which comes once, first of all
    interaction = some.tuples(
        who, some.sampled_from([None, *places]), what, some.sampled_from(["en-US", "es-ES", "tlh"])
    )
    written = some.tuples(some.just("MESSAGE_CREATE"), messages)
    return some.one_of(*[interaction] * 7, *[written] * 2, some.tuples(besides, things))


def _told(server: Holding, act: Any) -> tuple[str, Any, Interaction | None]:
    """Return what the gateway says of it, and the interaction where it is one."""
    if len(act) == 2:
        return act[0], act[1], None
    person, place, (kind, data), locale = act
    data = json.loads(json.dumps(data))
    suggesting = [option for option in _leaves(data) if option.pop(SUGGESTS, False)]
    if kind == AUTOCOMPLETE and suggesting:
        suggesting[-1]["focused"] = True
    elif kind == AUTOCOMPLETE:
        kind = COMMAND
    where = server.channels[server.dm(person) if place is None else place]
    source = None
    if kind == COMPONENT:  # discord.py looks for the button under its message
        under = {"type": 1, "id": 1, "components": [{"type": BUTTON, "id": 2, "style": 2, "label": "x", **data}]}
        number = server.snowflake()
        source = Message(id=number, channel=where.id, author=BOT_ID, text=MARK, sent=0, components=(under,))
        server.messages[number] = source
    made = server._interact(kind, person, where, data, locale, name=MARK, source=source)
    return "INTERACTION_CREATE", made.payload, made


def _is_ours(interaction: Interaction) -> bool:
    return (
        interaction.kind != COMPONENT or re.fullmatch("[a-z]:.*", interaction.payload["data"]["custom_id"]) is not None
    )


def _leaves(data: Json) -> list[Json]:
    options: list[Json] = data.get("options", [])
    return [leaf for option in options for leaf in (_leaves(option) if "options" in option else [option])]


@pytest.mark.skipif(discord_schema.load() is None, reason=discord_schema.MISSING)
@trials(400, full=40_000)
async def test_discord(tries: Trials, data: Path, record_property: Callable[[str, object], None]) -> None:
    async with city(data, "discord") as town, Holding() as server:
        with overheard() as heard:
            found = await _pour_over_discord(town, server, heard, tries, data)
        heard.check([str(person) for person in STRANGERS] + town.codes)
        record_property("found", found)


async def _pour_over_discord(town: City, server: Holding, heard: Overheard, tries: Trials, folder: Path) -> str:
    settings = Settings(
        data=folder,
        discord_token=SecretStr(server.token),
        discord_api_url=server.api_url,
        discord_gateway_url=server.gateway_url,
    )
    link = Link("discord", town.app)
    for person in STRANGERS:
        server.person(person)
    guild = server.guild()
    places = [server.room(guild), server.room(guild)]
    witness, code = server.person(name=MARK), next(town.witnesses)
    async with open_discord(town.app, settings, link) as (way_out, take):
        client: Any = way_out._client
        taking = asyncio.ensure_future(take())
        await server.wait_for(lambda: server.gateway.live)
        before = await town.rows()
        acts = await _discord_acts(town, server, places)
        made = await asyncio.to_thread(drawn, acts, tries.number // VARIANTS, tries.seed)
        chance = tries.random("discord")
        chance.shuffle(made)
        for number in range(0, len(made) * VARIANTS, BATCH):
            valid, where = number < len(made), f"seed {tries.seed}, batch {number}"
            asked = []
            town.rest()  # whoever writes without a pause is met with silence
            for nth in range(number, number + BATCH):
                event, payload, interaction = _told(server, made[nth % len(made)])
                payload = payload if valid else mangled(chance, payload)
                if event == "INTERACTION_CREATE" and isinstance(payload, dict):
                    _note_press(town, payload)
                    asked += [interaction] if valid and interaction else []
                server.raw(event, payload)
            last = server.command(witness, "status", card=code)
            server.raw("INTERACTION_CREATE", last.payload)
            try:
                await server.wait_for(partial(getattr, last, "settled"), PATIENCE_S)
                await asyncio.wait_for(client.chat.rest(), PATIENCE_S)
            except (AssertionError, TimeoutError):
                slow = [f"{each.call} -> {each.status}" for each in server.requests if each.status not in {200, 204}]
                state = (taking.done(), len(server.gateway.links), server.gateway.resumes, server.gateway.closings)
                raise AssertionError((where, state, slow[-5:], heard.lines[-5:])) from None
            assert not taking.done(), (where, taking)
            # to discord.py any number is a channel
            wrong = [
                line
                for line in server.violations
                if valid or not line.endswith("messages?channel_id: not spelled as it must be")
            ]
            assert not wrong, (where, wrong[:3])
            failed = [line for line in heard.lines if " failed" in line]
            assert not valid or not failed, (where, failed[:3])
            unanswered = [each.payload["data"] for each in asked if each.response is None and _is_ours(each)]
            assert not unanswered, (where, unanswered[:3])
            server.forget()
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
    await link.aclose()
    assert len(server.gateway.sessions) == 1, "the connection was lost"
    pledged = await town.check(before, "discord", ())
    return f"{len(made) * VARIANTS} events, {pledged} cards changed by valid presses"


def _note_press(town: City, payload: Json) -> None:
    data = payload.get("data")
    users = [
        payload.get("user"),
        (payload.get("member") or {}).get("user") if isinstance(payload.get("member"), dict) else None,
    ]
    for user in users:
        if isinstance(user, dict) and isinstance(data, dict):
            town.pressed.add((str(user.get("id")), str(data.get("custom_id"))))


# -- everything else that is read ------------------------------------------------------------------------------------


@trials(300, full=20_000)
async def test_lines_of_the_console(tries: Trials, data: Path) -> None:
    async with city(data, "console") as town:
        said = StringIO()
        printer = Printer(out=said, as_json=True, files=data / "files")
        before = await town.rows()
        with overheard() as heard:
            console = Console(town.app, MovableClock(NOON), printer)
            people = some.sampled_from(
                ["@ana", "@b\u202e", "@=1", "!", "!clock", "!wait", "@", "", ";", "@ana [", "@ana [Pledge]"]
            )
            lines = await asyncio.to_thread(drawn, some.tuples(people, town.said()), tries.number, tries.seed)
            for number, (who, line) in enumerate(lines):
                if "!" not in who or MARK in line:  # the time is nobody's to spoil here
                    await console.take(f"{who} {line}", number)
            await asyncio.gather(*console._latest.values())
        heard.check(town.codes)
        shown = [json.loads(line) for line in said.getvalue().split("\n") if line]
        assert all(len(line.get("text", "")) < 4_000 for line in shown)
        after = await town.rows()
        pressed = {"card", "pledge"}
        assert {name: rows for name, rows in after.items() if name not in pressed} == {
            name: rows for name, rows in before.items() if name not in pressed
        }


@trials(300, full=20_000)
def test_files_for_a_draft(tries: Trials) -> None:
    usual = {"starts": NOON + timedelta(days=12), "pledge_by": NOON + timedelta(days=7)}
    good = (terms(**usual).encode(), roster().encode())
    assert read(*_as_files(*good), RosterOptions(), now=NOON).units
    refused = 0
    for number in range(tries.number):
        chance = tries.random(number)
        try:
            read(*_as_files(*(_spoiled(chance, data) for data in good)), RosterOptions(), now=NOON)
        except DraftRefused:
            refused += 1
        except Exception as error:
            raise AssertionError(f"seed {tries.seed}, file {number}") from error
    assert refused > tries.number // 2


def _as_files(toml: bytes, csv: bytes) -> tuple[SourceFile, SourceFile]:
    return SourceFile(name="walkout.toml", data=toml), SourceFile(name="workplaces.csv", data=csv)


def _spoiled(chance: Random, data: bytes) -> bytes:
    kind = chance.randrange(7)
    if kind == 0:
        return chance.randbytes(chance.choice((0, 1, 100, 10_000)))
    if kind == 1:
        return data.decode().encode(chance.choice(("utf-16", "utf-32", "utf-8-sig", "utf-16-be")))
    if kind == 2:
        return data * chance.choice((2, 200))
    if kind == 3:
        return data + b"x = " + b"[" * chance.choice((10, 5_000)) + b"\n" + b'"' * 999
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 30))):
        at = chance.randrange(len(changed))
        odd = chance.choice([*ODD_TEXTS, '"', "\n", ",", "=", "-1", "1e999", "9" * 5_000]).encode(
            errors="surrogatepass"
        )
        changed[at : at + chance.choice((0, 1, 5))] = odd
    return bytes(changed)


@trials(300, full=10_000)
async def test_requests_at_the_socket(tries: Trials, data: Path) -> None:
    async with city(data, "console") as town:
        before = await town.rows()
        path = data / "allout.sock"
        with overheard() as heard:
            async with control_socket.serve(path, partial(admin.execute, town.app)):
                requests: list[Any] = [
                    {"command": "cards_wanted", "walkout": town.walkout, "workplace": None, "number": None},
                    {"command": "draft", "now": None, "terms": {"name": "x.toml", "data": ""}, "roster": None,
                     "options": codec.write(RosterOptions()).decode()},
                    {"command": "mint", "walkout": town.walkout, "cards": {"1": ["AA=="]}},
                ]  # fmt: skip
                for number in range(tries.number):
                    chance = tries.random(number)
                    request = json.dumps(mangled(chance, chance.choice(requests))).encode()
                    if chance.random() < 0.2:
                        request = chance.choice((b"", b"[" * 100_000, chance.randbytes(50), request[:-1], b"null"))
                    reader, writer = await asyncio.open_unix_connection(str(path))
                    writer.write(request + b"\n")
                    writer.write_eof()
                    async with asyncio.timeout(PATIENCE_S):
                        await reader.read()
                    writer.close()
                answer = await control_socket.ask(path, requests[0])
                assert answer is not None
                assert answer["status"] == 0
        heard.check(town.codes)
        assert await town.rows() == before


FIRES = "\U0001f525" * 40

NAMES = (
    '=HYPERLINK("http://x.example","y")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1", "-1", "\uff1d1+1", "<script>&amp;", "%s{0}{name}", "\\", "'; --", "../../etc/passwd", "CON",
    FIRES, "שלום עולם", "مرحبا", "東京中央病院", "e\u0301" * 60, "W" * 120, "Local 79",
)  # fmt: skip


async def test_no_name_of_a_workplace_becomes_a_formula_or_stops_a_sheet() -> None:
    some_terms = replace(conftest.terms(), title=NAMES[0], city=NAMES[6], demands=NAMES)
    places = [(name, [mint()]) for name in NAMES]
    written = content(Form.CSV, places).decode("utf-8-sig")
    for row in list(csv.reader(StringIO(written)))[1:]:
        assert not row[0].lstrip().startswith(FORMULA), row
        assert row[0] in NAMES or row[0].removeprefix("'") in NAMES
    assert content(Form.TXT, places)
    async with aclosing(SandboxPool()) as children:
        with pytest.raises(LettersMissing) as refused:
            await sandbox_client.sheet(children, some_terms, places, telegram="https://t.me/allout_test_bot")
        assert refused.value.names == (FIRES,)
        drawn = [place for place in places if place[0] != FIRES]
        assert await sandbox_client.sheet(children, some_terms, drawn, telegram="https://t.me/allout_test_bot")


# -- these trials can fail -------------------------------------------------------------------------------------------


@asynccontextmanager
async def _small(data: Path) -> AsyncIterator[tuple[City, TelegramServer, int]]:
    async with city(data, "telegram") as town, TelegramServer() as server, on_telegram(town, server, data):
        yield town, server, server.person(STRANGERS[0])


def _press(server: TelegramServer, person: int, data: Any, number: Any = 1) -> None:
    shown = {"message_id": number, "date": 1, "chat": {"id": person, "type": "private"}}
    user = {"id": person, "is_bot": False, "first_name": MARK}
    server.raw({"callback_query": {"id": "1", "from": user, "data": data, "message": shown}})


def _say(server: TelegramServer, person: int, text: str, date: int = 1) -> None:
    user = {"id": person, "is_bot": False, "first_name": MARK}
    server.raw({"message": {"message_id": 9, "date": date, "chat": {"id": person, "type": "private"}, "from": user,
                            "text": text}})  # fmt: skip


async def test_half_a_letter_and_made_up_buttons_are_answered(data: Path) -> None:
    async with _small(data) as (town, server, person):
        texts = server.chats[person].texts
        _press(server, person, f"j:\udc00{town.walkout}:1")
        _say(server, person, "/\ud800")
        _press(server, person, f"x:{'/' * 62}")
        _press(server, person, f"x:{'/' * 63}")
        # a date that no library can read, where nobody looks at it
        _say(server, person, "/help", date=10**40)
        await server.wait_for(lambda: len(server.chats[person].texts) == len(texts) + 5, PATIENCE_S)
        assert not server.violations


async def test_a_press_that_is_none_would_be_passed_on(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "is_update", lambda _update: True)
    monkeypatch.setattr(polling, "LONGEST_FINISH_S", 0.1)
    async with _small(data) as (_town, server, person):
        _press(server, person, "n:", {"a": 1})
        await server.wait_for(lambda: server.violations, PATIENCE_S)


async def test_whatever_is_stored_besides_would_be_seen(data: Path) -> None:
    async with city(data, "telegram") as town:
        before = await town.rows()
        assert await town.check(before, "telegram", ()) == 0
        store: Any = town.app.store
        card, _pledge = town.app.keys.bearer(town.codes[0], Person("", "")).keys[town.walkout]
        await store._change("UPDATE card SET owner = randomblob(32) WHERE key = ?", (card,))
        with pytest.raises(AssertionError, match="never pressed"):
            await town.check(before, "telegram", ())
        await store._change("INSERT INTO organizer_code VALUES (randomblob(32), 1)")
        with pytest.raises(AssertionError):
            await town.check(before, "telegram", ())


async def test_who_leaves_before_their_turn_leaves_the_others_theirs() -> None:
    turns = PerPersonOrder()
    async with turns.place("ana"):
        async with turns.place("ana"):
            pass
        async with turns.place("ana") as turn:
            await turn()
    await asyncio.wait_for(turns.rest(), PATIENCE_S)


async def test_a_line_with_what_was_said_would_be_seen() -> None:
    with overheard() as heard:
        logging.getLogger("handlers.telegram").warning("somebody said %s", MARK)
    with pytest.raises(AssertionError):
        heard.check(())
