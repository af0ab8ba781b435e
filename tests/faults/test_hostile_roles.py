"""People with roles who mean harm: an organizer, a steward and a worker change nothing but what is theirs to change."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr

from bot.domain import roles as domain_roles
from bot.domain.roles import Proposal, Reach, Role
from bot.runtime.settings import Settings
from handlers.discord import platform as discord_platform
from handlers.discord.platform import open_discord
from handlers.platforms.supervisor import Link
from handlers.telegram import polling
from handlers.telegram.platform import open_telegram
from tests.discord import schema as discord_schema
from tests.discord.commands import SUBCOMMAND
from tests.discord.server import DiscordServer
from tests.discord.world import BOT_ID, BUTTON, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction, Message
from tests.faults.committees import HOSTILE, OLGA, OMAR, OTTO, VICTIMS, Act, Committee, committee, no_longer_than
from tests.faults.fuzzed import Overheard, overheard
from tests.faults.hostile import MARK, Json
from tests.faults.trials import Trials, trials
from tests.processes import PATIENCE_S
from tests.telegram import schema as telegram_schema
from tests.telegram.server import UNLIMITED, TelegramServer

PROPOSED_ANEW = 20
"""Batches after which those who mean no harm propose everything again."""


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord_platform, "CALLS_A_SECOND", UNLIMITED)
    monkeypatch.setattr(polling, "LOOK_AGAIN_S", 0.02)
    monkeypatch.setattr(polling, "FIRST_WAIT_S", 0.001)


class Chat:
    """One platform; tells what of a batch got no answer."""

    async def do(self, made: Committee, who: int, batch: list[Act], chance: Random) -> list[Act]:
        raise NotImplementedError


async def _all_day(
    chat: Chat, made: Committee, tries: Trials, heard: Overheard, violations: Callable[[], list[str]]
) -> str:
    chance = tries.random("roles")
    counts: dict[str, int] = dict.fromkeys(HOSTILE, 0)
    changes = dict(counts)
    for number, (role, batch) in enumerate(no_longer_than(tries.number, chance, made)):
        with tries.attempt(number):
            made.town.rest()
            if number % PROPOSED_ANEW == PROPOSED_ANEW - 1:
                await made.propose()
            before = await made.rows()
            who = HOSTILE[role]
            unanswered = await chat.do(made, who, batch, chance)
            assert not unanswered, (role, unanswered[:3])
            assert not violations(), (role, violations()[:3], batch)
            assert not heard.lines, (role, heard.lines[:3], batch)
            assert not heard.swallowed, (role, heard.swallowed[:3])
            changes[role] += await made.check(role, before)
            counts[role] += len(batch)
    assert all(changes.values()) or tries.number < 1_000, changes
    said = ", ".join(f"{counts[role]} by the {role} changed {changes[role]} rows" for role in HOSTILE)
    return f"{said}, all of them theirs to change"


# -- Telegram ---------------------------------------------------------------------------------------------------------


class OnTelegram(Chat):
    def __init__(self, server: TelegramServer) -> None:
        self.server = server
        for person in (*HOSTILE.values(), OMAR, OTTO):
            server.person(person)
        self.group = server.room(members=HOSTILE.values())

    async def do(self, made: Committee, who: int, batch: list[Act], chance: Random) -> list[Act]:
        server, silent = self.server, partial(made.may_be_silent, who)
        presses = {self._press(who, act, chance): act for act in batch if act.button is not None}
        written = [act for act in batch if act.button is None and self._say(who, act, chance)]
        await server.wait_for(lambda: not server.unconfirmed, PATIENCE_S)

        def unanswered() -> list[Act]:  # most answers are out by now, but not those behind others
            still = [act for number, act in presses.items() if server.callbacks[number] is None and not silent(act)]
            sent = [one for one in server.requests if one.method[:4] == "send" and one.params.get("chat_id") == who]
            due = [act for act in written if not silent(act)]
            return still + (due[len(sent) :] if not presses else [])

        with suppress(AssertionError):
            await server.wait_for(lambda: not unanswered(), PATIENCE_S)
        left = unanswered()
        made.note(
            button["callback_data"]
            for message in server.chats[who].messages.values()
            for row in message.get("reply_markup", {}).get("inline_keyboard", [])
            for button in row
            if "callback_data" in button
        )
        for known in (server.requests, server.updates, server.callbacks):
            known.clear()
        for room in server.chats.values():
            for number in list(room.messages)[:-20]:
                del room.messages[number]
        return left

    def _user(self, who: int) -> Json:
        return {"id": who, "is_bot": False, "first_name": MARK, "language_code": "en"}

    def _press(self, who: int, act: Act, chance: Random) -> str:
        server, number = self.server, str(4_000_000_000 + self.server._next("callback"))
        server.callbacks[number] = None
        chat = {"id": who, "type": "private", "first_name": MARK}
        query: Json = {"id": number, "from": self._user(who), "chat_instance": "1", "data": act.button}
        kept = [message for message in server.chats[who].messages.values() if message.get("from", {}).get("is_bot")]
        match chance.randrange(6):
            case 0:  # Telegram shows it no more
                query["message"] = {"chat": chat, "message_id": chance.randrange(1, 10_000), "date": 0}
            case 1:
                query["inline_message_id"] = "AAAA"
            case 2:  # another's, or none there ever was
                query["message"] = {"chat": chat, "message_id": chance.choice((1, 2**31 - 1)), "date": 1, "text": "x"}
            case _ if kept:
                query["message"] = chance.choice(kept)
        server.raw({"callback_query": query})
        return number

    def _say(self, who: int, act: Act, chance: Random) -> bool:
        """Write it, somewhere; say whether it must be answered in private."""
        server, user = self.server, self._user(who)
        private: Json = {"id": who, "type": "private", "first_name": MARK}
        body: Json = {"message_id": server._next("said"), "date": 1, "chat": private, "from": user, "text": act.text}
        match chance.randrange(9):
            case 0:
                body["forward_origin"] = {"type": "user", "date": 1, "sender_user": self._user(OMAR)}
            case 1:
                server.raw({"edited_message": body | {"edit_date": 2}})
                return False
            case 2 | 3:
                there = server.chats[self.group].chat
                at = chance.choice(("", "@allout_test_bot", "@another_bot"))
                name, blank, rest = act.text.partition(" ")
                server.raw({"message": body | {"chat": there, "text": f"{name}{at}{blank}{rest}"}})
                return False
            case 4:
                body = {name: value for name, value in body.items() if name != "text"} | {"caption": act.text[:1024]}
            case 5:
                body["reply_to_message"] = {"message_id": 1, "date": 1, "chat": private}
        server.raw({"message": body})
        return True


async def _on_telegram(tries: Trials, data: Path) -> str:
    async with committee(data, "telegram") as made, TelegramServer() as server:
        settings = Settings(
            data=data,
            telegram_token=SecretStr(server.token),
            telegram_api_url=server.origin,
            telegram_per_second=UNLIMITED,
        )
        link = Link("telegram", made.app)
        with overheard() as heard:
            async with open_telegram(made.app, settings, link) as (_way_out, take):
                taking = asyncio.ensure_future(take())
                try:
                    found = await _all_day(OnTelegram(server), made, tries, heard, lambda: server.violations)
                    assert not taking.done(), "the bot has ended"
                finally:
                    taking.cancel()
                    await asyncio.gather(taking, return_exceptions=True)
                    await link.aclose()
    return found


@pytest.mark.skipif(telegram_schema.load() is None, reason=telegram_schema.MISSING)
@trials(200, full=10_000)
async def test_telegram(tries: Trials, data: Path, record_property: Callable[[str, object], None]) -> None:
    record_property("found", await _on_telegram(tries, data))


# -- Discord ----------------------------------------------------------------------------------------------------------


class OnDiscord(Chat):
    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        for person in (*HOSTILE.values(), OMAR, OTTO):
            server.person(person, name=MARK)
        guild = server.guild()
        self.places = [server.room(guild), server.room(guild, "other")]

    async def do(self, made: Committee, who: int, batch: list[Act], chance: Random) -> list[Act]:
        ours = [act for act in batch if act.button is None or re.fullmatch("[a-z]:.*", act.button)]
        clearing = [act for act in ours if (act.button or "").startswith("y:")]  # takes away what others are under
        together = [act for act in ours if act not in clearing]
        return [
            left
            for those in (together, *([act] for act in clearing))
            for left in await self._do(made, who, those, chance)
        ]

    async def _do(self, made: Committee, who: int, batch: list[Act], chance: Random) -> list[Act]:
        server, before = self.server, self._told(who)
        asked = [(act, self._interaction(who, act, chance)) for act in batch]
        for _act, interaction in asked:
            if interaction is not None:
                await server.wait_for(lambda one=interaction: one.response is not None, PATIENCE_S)  # type: ignore[misc]
        await asyncio.wait_for(self.client.chat.rest(), PATIENCE_S)
        written = [act for act, interaction in asked if interaction is None]
        silent = partial(made.may_be_silent, who)
        unanswered = [act for act, one in asked if one is not None and not one.settled and not silent(act)]
        unanswered += [act for act in written if not silent(act)][self._told(who) - before :]
        for message in list(server.messages.values())[-40:]:
            made.note(button.custom_id for button in message.buttons.values() if button.custom_id)
        self._forget()
        return unanswered

    client: Any

    def _told(self, who: int) -> int:
        chat = self.server.dm(who)
        return sum(one.channel == chat and one.author == BOT_ID for one in self.server.messages.values())

    def _forget(self) -> None:
        server = self.server
        server.requests.clear()
        server.interactions.clear()
        server.tokens.clear()
        server.messages.clear()
        for session in server.gateway.sessions:
            session.events[:-1] = [{}] * (len(session.events) - 1)

    def _interaction(self, who: int, act: Act, chance: Random) -> Interaction | None:
        server = self.server
        place = chance.choice((None, None, *self.places))
        where = server.channels[server.dm(who) if place is None else place]
        if act.button is not None:
            data = act.button[:100]
            under = {
                "type": 1,
                "id": 1,
                "components": [{"type": BUTTON, "id": 2, "style": 2, "label": "x", "custom_id": data}],
            }
            shown = Message(
                id=server.snowflake(), channel=where.id, author=BOT_ID, text="x", sent=0, components=(under,)
            )
            server.messages[shown.id] = shown
            what: Json = {"component_type": BUTTON, "custom_id": data, "id": 2}
            return server._interact(COMPONENT, who, where, what, None, source=shown)
        match chance.randrange(5):
            case 0:
                server.say(who, act.text[:2000])
                return None
            case 1:
                return server._interact(MODAL_SUBMIT, who, where, _form(act.text, chance), None)
        name, *words = act.text.removeprefix("/").split(" ")
        return server._interact(COMMAND, who, where, _command(server, name, words, chance), None, name=name)


def _form(text: str, chance: Random) -> Json:
    """Fill in the form for a card, or one whose fields are not as they were shown."""
    field = {"type": 4, "id": 2, "custom_id": "x", "value": text}
    label: Json = {"type": 18, "id": 1, "component": field}
    components: list[Json] = chance.choice(
        (
            [label],
            [label],
            [label, label | {"id": 3, "component": field | {"custom_id": "y"}}],
            [],
            [{"type": 1, "id": 1, "components": [field]}],
            [label | {"component": {"type": 3, "id": 2, "custom_id": "x", "values": [text]}}],
        )
    )
    return {"custom_id": chance.choice(("k:", "k:", "p:1", "x")), "components": components}


def _command(server: DiscordServer, name: str, words: list[str], chance: Random) -> Json:
    """Fill such words into the options of a command that is called so, or of any."""
    known: list[tuple[Json, list[str], list[Json]]] = []
    for declared in server.commands.values():
        options = declared.get("options", [])
        groups = [one for one in options if one["type"] == SUBCOMMAND]
        known += [(declared, [one["name"]], one.get("options", [])) for one in groups] or [(declared, [], options)]
    fitting = [one for one in known if name in {one[0]["name"], *one[1]}] or known
    declared, below, wanted = chance.choice(fitting)
    given = [
        {"name": option["name"], "type": option["type"], "value": word[:6000]}
        for option, word in zip(wanted, words or [""] * 9, strict=False)
    ]
    missing = [one for one in wanted[len(given) :] if one.get("required")]
    given += [{"name": one["name"], "type": one["type"], "value": "x"} for one in missing]
    inner = [{"name": below[0], "type": SUBCOMMAND, "options": given}] if below else given
    return {"id": declared["id"], "name": declared["name"], "type": 1, "options": inner}


def _settings(data: Path, server: DiscordServer) -> Settings:
    return Settings(
        data=data,
        discord_token=SecretStr(server.token),
        discord_api_url=server.api_url,
        discord_gateway_url=server.gateway_url,
    )


@pytest.mark.skipif(discord_schema.load() is None, reason=discord_schema.MISSING)
@trials(300, full=10_000)
async def test_discord(tries: Trials, data: Path, record_property: Callable[[str, object], None]) -> None:
    async with committee(data, "discord") as made, DiscordServer() as server:
        settings, link = _settings(data, server), Link("discord", made.app)
        chat = OnDiscord(server)
        with overheard() as heard:
            async with open_discord(made.app, settings, link) as (way_out, take):
                chat.client = way_out._client
                taking = asyncio.ensure_future(take())
                await server.wait_for(lambda: server.gateway.live)
                try:
                    found = await _all_day(chat, made, tries, heard, lambda: server.violations)
                    assert not taking.done(), "the connection was lost"
                finally:
                    taking.cancel()
                    await asyncio.gather(taking, return_exceptions=True)
                    await link.aclose()
        record_property("found", found)


# -- these trials can fail --------------------------------------------------------------------------------------------


async def test_an_approval_too_few_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def two_are_enough(proposal: Proposal, _all: object, _running: object, *, approvals: int, own: object) -> int:
        return max(0, approvals - 1 - len(proposal.approving))

    monkeypatch.setattr(domain_roles, "missing", two_are_enough)
    with pytest.raises(AssertionError, match=r"organizer changed|organizer alone had"):
        await _on_telegram(Trials(number=10_000, seed=1), data)


async def test_a_units_organizer_who_may_do_it_everywhere_would_be_seen(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere = dict.fromkeys(domain_roles.REACH[Role.UNIT_ORGANIZER], Reach.EVERYWHERE)
    monkeypatch.setattr(domain_roles, "REACH", {**domain_roles.REACH, Role.UNIT_ORGANIZER: everywhere})
    with pytest.raises(AssertionError, match=r"unit organizer changed|another's room|somebody else is appointed"):
        await _on_telegram(Trials(number=10_000, seed=1), data)


async def test_a_steward_of_every_workplace_would_be_seen(data: Path) -> None:
    async with committee(data, "telegram") as made:
        before = await made.rows()
        store: Any = made.app.store
        await store._change("UPDATE unit SET drawn = 3 WHERE walkout = ? AND id = 1", (made.town.walkout,))
        await made.check("steward", before)
        await store._change("UPDATE unit SET drawn = 3 WHERE walkout = ? AND id = 2", (made.town.walkout,))
        with pytest.raises(AssertionError, match=r"steward changed {'drawn'} of a workplace"):
            await made.check("steward", before)


async def test_another_persons_pledge_that_changes_would_be_seen(data: Path) -> None:
    async with committee(data, "telegram") as made:
        before = await made.rows()
        await made.says(next(iter(VICTIMS)), press=f"w:{made.town.codes[10]}.{made.town.walkout}")
        with pytest.raises(AssertionError, match="pledge has changed"):
            await made.check("worker", before)


async def test_a_form_with_other_fields_than_it_has_is_answered(data: Path) -> None:
    async with committee(data, "discord") as made, DiscordServer() as server:
        settings, link = _settings(data, server), Link("discord", made.app)
        with overheard() as heard:
            async with open_discord(made.app, settings, link) as (_way_out, take):
                taking = asyncio.ensure_future(take())
                await server.wait_for(lambda: server.gateway.live)
                where = server.channels[server.dm(server.person(OLGA))]
                for components in ([], [{"type": 1, "id": 1, "components": []}]):
                    form = {"custom_id": "k:", "components": components}
                    asked = server._interact(MODAL_SUBMIT, OLGA, where, form, None)
                    await server.wait_for(partial(getattr, asked, "settled"))
                taking.cancel()
                await asyncio.gather(taking, return_exceptions=True)
            await link.aclose()
        assert not heard.lines
