from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as some
from pydantic import SecretStr

from bot.settings import Settings
from handlers.service import Link
from handlers.telegram import pump
from handlers.telegram.platform import open_telegram
from tests.faults.fuzzed import City, Overheard, city, drawn, overheard
from tests.faults.hostile import MARK, ODD_NUMBERS, Json, Some, mangled, odd_texts, telegram_updates
from tests.faults.trials import Trials, trials
from tests.telegram import schema as telegram_schema
from tests.telegram.server import TelegramServer

# what hypothesis would show of an example that fails; here none does
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

BATCH = 100
VARIANTS = 4  #: of each thing that hypothesis makes
PATIENCE_S = 10

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
        some.builds(lambda kind, title: {"id": GROUP, "type": kind, "title": title},
                    some.sampled_from(["group", "supergroup", "channel"]), odd_texts),
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
    settings = Settings(data=folder, telegram_token=SecretStr(server.token), telegram_api_url=server.origin)
    link = Link("telegram", town.app)
    async with open_telegram(town.app, settings, link) as (_way_out, take):
        taking = asyncio.create_task(take())
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
    monkeypatch.setattr(pump, "FIRST_WAIT_S", 0.001)  # between two tries of what cannot be done
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
