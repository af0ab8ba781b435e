from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any, Self, TypeVar, cast

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands, ui

from tests.discord import schema
from tests.discord.faults import (
    Fault,
    Limits,
    broken,
    dropped,
    forbidden,
    held,
    limited,
    lost,
    no,
    not_found,
    refused,
    unauthorized,
)
from tests.discord.gateway import DIRECT_MESSAGES, GUILDS
from tests.discord.server import CALLBACK, FETCH, FOLLOW_UP, ORIGINAL, SEND, DiscordServer
from tests.discord.world import (
    APPLICATION_ID,
    ATTACH_FILES,
    BOT_ID,
    EMBED_LINKS,
    SEND_MESSAGES,
    TOKEN,
    USUAL,
    VIEW_CHANNEL,
    Interaction,
    Json,
)
from tests.processes import PATIENCE_S

T = TypeVar("T")
SHOPS = ["Depot", "School", "Harbour"]
INTENTS = discord.Intents(guilds=True, dm_messages=True)
Asked = discord.Interaction["Bot"]


class PledgeButton(ui.DynamicItem[ui.Button[Any]], template=r"p:(?P<code>\w+)"):
    def __init__(self, code: str) -> None:
        super().__init__(ui.Button(label="Pledge", custom_id=f"p:{code}"))
        self.code = code

    @classmethod
    async def from_custom_id(cls, _: discord.Interaction[Any], __: ui.Item[Any], match: re.Match[str], /) -> Self:
        return cls(match["code"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"Recorded: {self.code}", view=None)


class Form(ui.Modal, title="Walkout"):
    what: ui.Label[Any] = ui.Label(text="What", component=ui.TextInput(custom_id="what", min_length=3, max_length=9))
    why: ui.TextInput[Any] = ui.TextInput(label="Why", custom_id="why", required=False)

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        what = cast("ui.TextInput[Any]", self.what.component).value
        await interaction.response.send_message(f"{what}, {self.why.value or 'no reason'}", ephemeral=True)


class Bot(discord.Client):
    """A small bot that does each thing there is to do once."""

    def __init__(self, **options: Any) -> None:
        usual: dict[str, Any] = {"intents": INTENTS, "guild_ready_timeout": 0}
        super().__init__(**usual | options, allowed_mentions=discord.AllowedMentions.none())
        self.heard: list[discord.Message] = []
        self.asked: list[Asked] = []
        self.seen: list[str] = []
        self.errors: list[BaseException] = []
        self.tree = app_commands.CommandTree(self)
        self.tree.error(self._failed)
        self.add_dynamic_items(PledgeButton)
        commands: tuple[app_commands.Command[Any, Any, Any], ...] = (_pledge, _form, _long, _plain)
        for command in commands:
            self.tree.add_command(command)
        group = app_commands.Group(name="organize", description="For organizers")
        group.add_command(_open)
        self.tree.add_command(group)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not wait five seconds before another session."""

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def on_interaction(self, interaction: Asked) -> None:
        self.asked.append(interaction)

    async def on_socket_event_type(self, name: str) -> None:
        self.seen.append(name)

    async def _failed(self, _: Asked, error: BaseException) -> None:
        self.errors.append(getattr(error, "original", error))


@app_commands.command(name="pledge", description="Open a card")
async def _pledge(interaction: discord.Interaction[Any], code: str) -> None:
    await interaction.response.defer(ephemeral=interaction.guild_id is not None, thinking=True)
    view = ui.View(timeout=None)
    view.add_item(PledgeButton(code))
    await interaction.edit_original_response(content="Terms", view=view)


@app_commands.command(name="long", description="Answer at length")
async def _long(interaction: discord.Interaction[Any]) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await interaction.followup.send("one")
    await interaction.followup.send("two", ephemeral=True)
    await interaction.followup.send("three")


@app_commands.command(name="plain", description="Leave the answer to the test")
async def _plain(interaction: discord.Interaction[Any]) -> None:
    pass


@app_commands.command(name="form", description="Show a form")
async def _form(interaction: discord.Interaction[Any]) -> None:
    await interaction.response.send_modal(Form())


@app_commands.command(name="open", description="Open a walkout")
@app_commands.describe(shop="Where")
async def _open(interaction: discord.Interaction[Any], shop: str, least: int = 5) -> None:
    await interaction.response.send_message(f"{shop} from {least} on")


@_open.autocomplete("shop")
async def _shops(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=shop, value=shop) for shop in SHOPS if typed.lower() in shop.lower()]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the library wait for nothing; give how long it would have waited."""
    waited: list[float] = []

    async def sleep(seconds: float, result: Any = None) -> Any:
        waited.append(round(seconds, 3))
        await asyncio.sleep(0)
        return result

    hurried = SimpleNamespace(**{name: getattr(asyncio, name) for name in dir(asyncio)} | {"sleep": sleep})
    for module in ("discord.http", "discord.webhook.async_", "discord.client"):
        monkeypatch.setattr(f"{module}.asyncio", hurried)
    return waited


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        _point(monkeypatch, running)
        yield running
        assert running.violations == []
        assert _wrong_answers(running) == []


def _point(monkeypatch: pytest.MonkeyPatch, server: DiscordServer) -> None:
    monkeypatch.setattr("discord.http.Route.BASE", server.api_url)
    monkeypatch.setattr("discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY", yarl.URL(server.gateway_url))


def _wrong_answers(server: DiscordServer) -> list[str]:
    document = schema.load()
    if document is None:
        return []
    return [
        line
        for request in server.requests
        if request.status is not None and (isinstance(request.answer, dict | list) or request.status < 300)
        for line in document.wrong_in_answer(request.verb, request.path, request.status, request.answer)
        if "errors." not in line and request.status < 500  # in there the codes are words, whatever the document says
    ]


@asynccontextmanager
async def running(server: DiscordServer, **options: Any) -> AsyncIterator[Bot]:
    """Give a bot that is connected and has its commands synced."""
    bot = Bot(**options)
    task = asyncio.create_task(bot.start(TOKEN))
    try:
        waiting = asyncio.create_task(server.wait_for(lambda: server.gateway.live and server.commands))
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        await (waiting if waiting.done() else task)
        await bot.wait_until_ready()
        yield bot
    finally:
        await bot.close()
        await task


async def settled(server: DiscordServer, interaction: Interaction) -> Interaction:
    await server.wait_for(lambda: interaction.settled)
    return interaction


async def asked(server: DiscordServer, bot: Bot, interaction: Interaction) -> Asked:
    """Give an interaction as the library shows it to the bot."""
    found = await _until(lambda: [one for one in bot.asked if one.id == interaction.id])
    return found[0]


async def _until(true: Callable[[], T]) -> T:
    async with asyncio.timeout(PATIENCE_S):
        while not (found := true()):  # noqa: ASYNC110  the library has no event to wait for
            await asyncio.sleep(0)
    return found


# ---- coming in


async def test_a_bot_comes_in_with_its_intents_and_sees_what_is_there(server: DiscordServer) -> None:
    guild = server.guild("Local 555", locale="es-ES")
    rooms = {kind: server.room(guild, kind, kind) for kind in ("text", "announcement", "voice", "forum", "category")}
    thread = server.thread(rooms["announcement"])
    async with running(server) as bot:
        (identify,) = server.gateway.identifies
        assert identify.intents == GUILDS | DIRECT_MESSAGES == INTENTS.value
        assert bot.application_id == APPLICATION_ID
        assert bot.user is not None
        assert bot.user.id == BOT_ID
        there = bot.get_guild(guild)
        assert there is not None
        assert there.me.id == BOT_ID
        assert {channel.name: channel.id for channel in there.channels} == rooms
        assert {str(channel.type) for channel in there.channels} == rooms.keys() - {"announcement"} | {"news"}
        found = there.get_thread(thread)
        assert found is not None
        assert found.parent_id == rooms["announcement"]
        assert found.permissions_for(there.me).send_messages_in_threads


async def test_a_wrong_token_is_no_good(server: DiscordServer) -> None:
    async with Bot() as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")


async def test_a_token_that_is_no_longer_good_ends_the_gateway(server: DiscordServer) -> None:
    async with Bot() as bot:
        await bot.login(TOKEN)
        bot.http.token = "wrong"
        with pytest.raises(discord.ConnectionClosed) as caught:
            await bot.connect()
        assert caught.value.code == 4004
    assert [identify.accepted for identify in server.gateway.identifies] == [False]


async def test_a_privileged_intent_must_have_been_granted(server: DiscordServer) -> None:
    async with Bot(intents=discord.Intents(guilds=True, message_content=True)) as bot:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.start(TOKEN)


async def test_an_intent_that_was_not_asked_for_brings_nothing(server: DiscordServer) -> None:
    server.guild()
    async with running(server, intents=discord.Intents(dm_messages=True)) as bot:
        server.say(server.person(), "hello")
        await _until(lambda: bot.heard)
        assert "GUILD_CREATE" not in bot.seen


# ---- what people do


@pytest.mark.parametrize("kind", ["text", "announcement", "thread"])
async def test_a_command_in_a_server_is_answered_to_one_person(server: DiscordServer, kind: str) -> None:
    guild = server.guild()
    room = server.room(guild, kind="announcement" if kind == "announcement" else "text")
    room = server.thread(room) if kind == "thread" else room
    rosa, otto = server.person(name="Rosa"), server.person()
    async with running(server) as bot:
        done = await settled(server, server.command(rosa, "pledge", room, code="abc"))
        (seen,) = server.view(rosa, room)
        assert (seen.text, seen.labels, seen.ephemeral, seen.edits) == ("Terms", ["Pledge"], True, 0)
        assert server.view(otto, room) == []
        assert done.original == seen.id
        channel = bot.get_channel(room)
        assert isinstance(channel, discord.TextChannel | discord.Thread)
        with pytest.raises(discord.NotFound) as caught:
            await channel.fetch_message(seen.id)
        assert caught.value.code == 10008
        pressed = await settled(server, server.press(seen, "Pledge"))
        assert pressed.original == seen.id
        (now,) = server.view(rosa, room)
        assert (now.text, now.labels, now.edits, now.ephemeral) == ("Recorded: abc", [], 1, True)
        with pytest.raises(AssertionError, match="somebody else"):
            server.press(seen, "Pledge", otto)


async def test_a_command_in_the_bots_own_chat_is_answered_by_a_message_that_stays(server: DiscordServer) -> None:
    rosa = server.person()
    async with running(server) as bot:
        await settled(server, server.command(rosa, "pledge", code="abc"))
        (seen,) = server.view(rosa, server.dm(rosa))
        assert not seen.ephemeral
        user = await bot.fetch_user(rosa)
        assert (await (await user.create_dm()).fetch_message(seen.id)).content == "Terms"
        await _until(lambda: bot.seen.count("MESSAGE_UPDATE") == 1)
        assert [message.author.id for message in bot.heard] == [BOT_ID]  # a bot hears itself


async def test_an_interaction_tells_where_it_comes_from(server: DiscordServer) -> None:
    guild = server.guild(locale="es-ES")
    room, rosa = server.room(guild), server.person(name="Rosa", locale="fr")
    async with running(server) as bot:
        here = await asked(server, bot, server.command(rosa, "plain", room))
        assert (here.guild_id, here.channel_id, here.context.guild) == (guild, room, True)
        assert (here.locale, here.guild_locale) == (discord.Locale.french, discord.Locale.spain_spanish)
        assert here.app_permissions.value == USUAL
        assert here.is_guild_integration()
        assert isinstance(here.user, discord.Member)
        assert here.user.display_name == "Rosa"
        there = await asked(server, bot, server.command(rosa, "plain", locale="pt-BR"))
        assert (there.guild_id, there.context.dm_channel) == (None, True)
        assert isinstance(there.channel, discord.DMChannel)
        assert there.channel.id == server.dm(rosa)
        assert (there.locale, there.guild_locale) == (discord.Locale.brazil_portuguese, None)
        assert isinstance(there.user, discord.User)


async def test_permissions_in_a_channel_can_change(server: DiscordServer) -> None:
    guild = server.guild()
    room, rosa = server.room(guild), server.person()
    async with running(server) as bot:
        server.permit(room, USUAL & ~SEND_MESSAGES)
        await _until(lambda: "CHANNEL_UPDATE" in bot.seen)
        channel = bot.get_channel(room)
        assert isinstance(channel, discord.TextChannel)
        assert channel.permissions_for(channel.guild.me).value == server.permissions(server.channels[room])
        there = await asked(server, bot, server.command(rosa, "plain", room))
        assert there.app_permissions.value == USUAL & ~(SEND_MESSAGES | EMBED_LINKS | ATTACH_FILES)


async def test_subcommands_options_and_choices(server: DiscordServer) -> None:
    room, rosa = server.room(server.guild()), server.person()
    async with running(server):
        typed = await settled(server, server.typing(rosa, "organize open", "shop", "h", room))
        assert [choice["value"] for choice in typed.choices or []] == ["School", "Harbour"]
        await settled(server, server.command(rosa, "organize open", room, shop="School", least=7))
        await settled(server, server.command(rosa, "/organize open", room, shop="Depot"))
        assert [message.text for message in server.view(rosa, room)] == ["School from 7 on", "Depot from 5 on"]
        for wrong in ("organize", "organize close", "strike"):
            with pytest.raises(LookupError):
                server.command(rosa, wrong, room)
        with pytest.raises(LookupError, match="shop"):
            server.command(rosa, "organize open", room)
        with pytest.raises(LookupError, match="mood"):
            server.command(rosa, "organize open", room, shop="Depot", mood="good")


async def test_a_form_is_shown_filled_in_and_sent(server: DiscordServer) -> None:
    rosa = server.person()
    async with running(server):
        done = await settled(server, server.command(rosa, "form"))
        modal = done.modal
        assert modal is not None
        assert server.modals[rosa] == [modal]
        assert (modal.title, list(modal.fields)) == ("Walkout", ["What", "Why"])
        assert (modal.fields["What"].least, modal.fields["Why"].required) == (3, False)
        for wrong in ({"what": "ab"}, {"what": "far too long"}, {}, {"what": "fine", "how": "x"}):
            with pytest.raises(LookupError):
                server.submit(modal, **wrong)
        await settled(server, server.submit(modal, what="rent"))
        assert [message.text for message in server.view(rosa, server.dm(rosa))] == ["rent, no reason"]


async def test_the_first_follow_up_takes_the_place_of_thinking(server: DiscordServer) -> None:
    room, rosa = server.room(server.guild()), server.person()
    async with running(server):
        done = server.command(rosa, "long", room)
        await server.wait_for(lambda: len(done.follow_ups) == 2)
        # what follows is ephemeral or not by its own flag
        seen = [(message.text, message.ephemeral) for message in server.view(rosa, room)]
        assert seen == [("one", True), ("two", True), ("three", False)]


async def test_a_direct_message_arrives_with_its_files(server: DiscordServer) -> None:
    rosa = server.person(name="Rosa")
    async with running(server) as bot:
        server.say(rosa, "the roster", ("roster.csv", b"Depot,10\n"))
        (message,) = await _until(lambda: bot.heard)
        assert (message.content, message.author.display_name) == ("the roster", "Rosa")
        assert isinstance(message.channel, discord.DMChannel)
        (attachment,) = message.attachments
        assert (attachment.filename, attachment.size) == ("roster.csv", 9)
        assert await attachment.read() == b"Depot,10\n"
        await message.channel.send("thank you")
        assert [one.text for one in server.view(rosa, message.channel.id)] == ["the roster", "thank you"]


async def test_a_file_cannot_always_be_fetched(server: DiscordServer) -> None:
    rosa = server.person()
    async with running(server) as bot:
        server.say(rosa, "", ("roster.csv", b"Depot,10\n"))
        (message,) = await _until(lambda: bot.heard)
        server.plan(FETCH, broken(503), not_found(), dropped())
        for expected in (discord.HTTPException, discord.NotFound):
            with pytest.raises(expected):
                await message.attachments[0].read()
        # cut, but aiohttp asks once more by itself, as for every GET, PUT and DELETE on a connection it had kept
        assert await message.attachments[0].read() == b"Depot,10\n"


async def test_what_is_said_in_a_channel_is_hidden_from_the_bot(server: DiscordServer) -> None:
    room, rosa = server.room(server.guild()), server.person()
    async with running(server, intents=discord.Intents(guilds=True, guild_messages=True)) as bot:
        server.say(rosa, "not for bots", channel=room)
        server.say(rosa, f"<@{BOT_ID}> for you", channel=room)
        await _until(lambda: len(bot.heard) == 2)
        assert [message.content for message in bot.heard] == ["", f"<@{BOT_ID}> for you"]


async def test_a_button_can_be_pressed_after_its_message_has_changed(server: DiscordServer) -> None:
    rosa = server.person()
    async with running(server) as bot:
        await settled(server, server.command(rosa, "pledge", code="abc"))
        (stale,) = server.view(rosa, server.dm(rosa))
        await settled(server, server.press(stale, "Pledge"))
        await settled(server, server.press(stale, "Pledge"))
        (now,) = server.view(rosa, server.dm(rosa))
        assert (now.edits, now.labels, stale.labels) == (2, [], ["Pledge"])
        with pytest.raises(LookupError):
            server.press(now, "Pledge")
        user = await bot.fetch_user(rosa)
        await (await (await user.create_dm()).fetch_message(now.id)).delete()
        pressed = server.press(stale, "Pledge")
        await asked(server, bot, pressed)
        await server.wait_for(lambda: server.called(ORIGINAL)[-1].status == 404)
        assert server.view(rosa, server.dm(rosa)) == []


async def test_an_event_can_arrive_twice(server: DiscordServer) -> None:
    rosa = server.person()
    async with running(server) as bot:
        once = await settled(server, server.command(rosa, "pledge", code="abc"))
        server.again(once)
        await server.wait_for(lambda: len(server.called(CALLBACK)) == 2 and server.called(CALLBACK)[1].status)
        assert server.called(CALLBACK)[1].answer["code"] == 40060
        assert len(server.view(rosa, server.dm(rosa))) == 1
        await _until(lambda: bot.errors)


async def test_places_come_and_go(server: DiscordServer) -> None:
    guild, other = server.guild(), server.guild()
    room = server.room(guild)
    thread = server.thread(room)
    async with running(server) as bot:
        later = server.room(guild, "later")
        await _until(lambda: bot.get_channel(later))
        server.remove(server.thread(later))
        server.remove(room)
        await _until(lambda: not bot.get_channel(room))
        assert bot.get_guild(guild) is not None
        await _until(lambda: bot.seen.count("THREAD_DELETE") == 1)
        with pytest.raises(discord.NotFound) as caught:
            await bot.fetch_channel(thread)
        assert caught.value.code == 10003
        server.outage(guild)
        there = await _until(lambda: [one for one in bot.guilds if one.id == guild and one.unavailable])
        assert there
        server.restore(guild)
        await _until(lambda: not [one for one in bot.guilds if one.unavailable])
        server.throw_out(other)
        await _until(lambda: [one.id for one in bot.guilds] == [guild])
        server.invite(other)
        await _until(lambda: len(bot.guilds) == 2)


# ---- answers that come too late, or twice


async def test_an_answer_must_come_within_three_seconds(server: DiscordServer) -> None:
    rosa = server.person()
    async with running(server) as bot:
        late = await asked(server, bot, server.command(rosa, "plain"))
        server.later(3.1)
        with pytest.raises(discord.NotFound) as caught:
            await late.response.defer()
        assert caught.value.code == 10062


async def test_an_interaction_is_answered_once(server: DiscordServer) -> None:
    rosa = server.person()
    async with running(server) as bot:
        once = await asked(server, bot, server.command(rosa, "plain"))
        await once.response.defer(thinking=True)
        once.response._response_type = None
        with pytest.raises(discord.HTTPException) as caught:
            await once.response.send_message("again")
        assert (caught.value.status, caught.value.code) == (400, 40060)


@pytest.mark.parametrize(("status", "code"), [(404, 10015), (401, 50027)])
async def test_a_token_is_good_for_a_quarter_of_an_hour(server: DiscordServer, status: int, code: int) -> None:
    server.rest.windows.expired = no(status, code)
    now = server.now()
    server._clock = lambda: now  # time passes only where this test says so
    rosa = server.person()
    async with running(server) as bot:
        early = await asked(server, bot, server.command(rosa, "plain"))
        with pytest.raises(discord.NotFound) as caught:
            await early.edit_original_response(content="before it was answered")
        assert caught.value.code == 10015
        await early.response.defer(thinking=True)
        server.later(899)
        await early.edit_original_response(content="in time")
        server.later(2)
        for act in (early.edit_original_response(content="x"), early.followup.send("x")):
            with pytest.raises(discord.HTTPException) as refusal:
                await act
            assert (refusal.value.status, refusal.value.code) == (status, code)
        assert [message.text for message in server.view(rosa, server.dm(rosa))] == ["in time"]


async def test_an_answer_can_be_taken_back(server: DiscordServer) -> None:
    rosa = server.person()
    async with running(server) as bot:
        here = await asked(server, bot, server.command(rosa, "plain"))
        await here.response.send_message("one")
        follow = await here.followup.send("two", wait=True)
        await follow.edit(content="three")
        assert [message.text for message in server.view(rosa, server.dm(rosa))] == ["one", "three"]
        await here.delete_original_response()
        await follow.delete()
        assert server.view(rosa, server.dm(rosa)) == []
        with pytest.raises(discord.NotFound) as caught:
            await here.original_response()
        assert caught.value.code == 10008


# ---- messages


@asynccontextmanager
async def _in_a_channel(server: DiscordServer, **options: Any) -> AsyncIterator[discord.TextChannel]:
    room = server.room(server.guild())
    async with running(server, **options) as bot:
        channel = bot.get_channel(room)
        assert isinstance(channel, discord.TextChannel)
        yield channel


def _texts(server: DiscordServer, channel: discord.abc.Snowflake) -> list[str]:
    return [message.text for message in server.messages.values() if message.channel == channel.id]


async def test_a_nonce_is_posted_once_for_a_while(server: DiscordServer) -> None:
    async with _in_a_channel(server) as channel:
        first = await channel.send("it is on", nonce="k7m3q-1")
        again = await channel.send("it is on", nonce="k7m3q-1")
        await channel.send("it is on", nonce="k7m3q-2")
        assert first.id == again.id
        assert _texts(server, channel) == ["it is on"] * 2
        server.later(301)
        await channel.send("it is on", nonce="k7m3q-1")
        assert _texts(server, channel) == ["it is on"] * 3


async def test_an_answer_that_is_lost_and_a_nonce_make_one_message(server: DiscordServer) -> None:
    async with _in_a_channel(server) as channel:
        server.plan(SEND, lost(), dropped())
        for _ in range(2):
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await channel.send("it is on", nonce="k7m3q-1")
        assert len(server.called(SEND)) == 2  # the library has not tried again by itself
        await channel.send("it is on", nonce="k7m3q-1")
        assert _texts(server, channel) == ["it is on"]


@pytest.mark.parametrize(
    ("permissions", "kind", "content", "status", "code"),
    [
        (USUAL, "text", "x" * 2000, 200, 0),
        (USUAL, "text", "x" * 2001, 400, 50035),
        (USUAL, "text", "", 400, 50006),
        (USUAL, "text", " \n", 400, 50006),
        (USUAL, "announcement", "news", 200, 0),
        (USUAL, "voice", "hello", 400, 50008),
        (USUAL & ~SEND_MESSAGES, "text", "hello", 403, 50013),
        (USUAL & ~VIEW_CHANNEL, "text", "hello", 403, 50001),
    ],
)
async def test_discords_refusals_of_a_message(
    server: DiscordServer, permissions: int, kind: Any, content: str, status: int, code: int
) -> None:
    room = server.room(server.guild(), kind=kind)
    server.permit(room, permissions)
    async with running(server) as bot:
        sending = bot.get_partial_messageable(room).send(content)
        if status == 200:
            await sending
        else:
            with pytest.raises(discord.HTTPException) as caught:
                await sending
            assert (caught.value.status, caught.value.code) == (status, code)
    assert server.called(SEND)[0].status == status


async def test_nobody_is_written_to_who_does_not_want_it(server: DiscordServer) -> None:
    rosa = server.person()
    server.people[rosa].closed = True
    async with running(server) as bot:
        user = await bot.fetch_user(rosa)
        with pytest.raises(discord.Forbidden) as caught:
            await user.send("hello")
        assert caught.value.code == 50007
        with pytest.raises(discord.NotFound) as unknown:
            await bot.fetch_user(5)
        assert unknown.value.code == 10013


async def test_no_message_is_written_where_the_bot_is_not(server: DiscordServer) -> None:
    guild = server.guild()
    room, gone, thread = (server.room(guild), server.room(guild), server.thread(server.room(guild)))
    server.remove(gone)
    server.channels[thread].locked = True
    async with running(server) as bot:
        server.throw_out(guild)
        for where, code in ((room, 50001), (gone, 10003), (5, 10003)):
            with pytest.raises(discord.HTTPException) as caught:
                await bot.get_partial_messageable(where).send("hello")
            assert caught.value.code == code
        server.invite(guild)
        with pytest.raises(discord.HTTPException) as closed:
            await bot.get_partial_messageable(thread).send("hello")
        assert closed.value.code == 50083


async def test_files_go_out_as_they_were_sent(server: DiscordServer, tmp_path: Any) -> None:
    (tmp_path / "cards.csv").write_bytes(b"\x00\xff")
    async with _in_a_channel(server) as channel:
        sent = await channel.send("cards", files=[discord.File(tmp_path / "cards.csv"), discord.File(__file__)])
        assert await sent.attachments[0].read() == b"\x00\xff"
        (message,) = server.messages.values()
        assert [upload.filename for upload in message.files] == ["cards.csv", "test_server.py"]


async def test_a_message_of_the_bots_can_be_changed_and_others_cannot(server: DiscordServer) -> None:
    async with _in_a_channel(server) as channel:
        sent = await channel.send("212 of 300")
        await sent.edit(content="300 of 300")
        assert _texts(server, channel) == ["300 of 300"]
        others = channel.get_partial_message(server.say(server.person(), "hello", channel=channel.id).id)
        for act in (others.edit(content="x"), others.delete()):
            with pytest.raises(discord.Forbidden):
                await act
        await sent.delete()
        assert _texts(server, channel) == ["hello"]
        assert [message.content async for message in channel.history()] == ["hello"]


async def test_whom_a_message_would_notify_is_kept(server: DiscordServer) -> None:
    async with _in_a_channel(server) as channel:
        await channel.send("@everyone <@5>")
        await channel.send("@everyone <@5>", allowed_mentions=discord.AllowedMentions.all())
        pings = [message.pings for message in server.messages.values()]
        assert pings == [frozenset(), {"everyone", "users"}]


# ---- what goes wrong with a call


@pytest.mark.parametrize(
    ("fault", "expected", "code", "calls"),
    [
        (forbidden(), discord.Forbidden, 50013, 1),
        (forbidden(50001), discord.Forbidden, 50001, 1),
        (not_found(), discord.NotFound, 10003, 1),
        (unauthorized(), discord.HTTPException, 0, 1),
        (refused(400, 50035, "Invalid Form Body"), discord.HTTPException, 50035, 1),
        (broken(503), discord.DiscordServerError, 0, 1),  # alone among its kind not tried again
        (broken(503, b"<html>"), discord.DiscordServerError, 0, 1),
        (limited(0.1, by_cloudflare=True), discord.HTTPException, 0, 1),
        (broken(500), discord.DiscordServerError, 0, 5),
        (broken(502, b"<html>"), discord.DiscordServerError, 0, 5),
        (limited(0.3), discord.HTTPException, 0, 5),
    ],
)
async def test_what_goes_wrong_for_good_becomes_the_librarys_error(
    server: DiscordServer,
    waits: list[float],
    fault: Fault,
    expected: type[discord.HTTPException],
    code: int,
    calls: int,
) -> None:
    async with _in_a_channel(server) as channel:
        with server.failing(SEND, fault), pytest.raises(discord.HTTPException) as caught:
            await channel.send("hello")
        assert type(caught.value) is expected
        assert caught.value.code == code
        assert len(server.called(SEND)) == calls
        await channel.send("again")
        assert _texts(server, channel) == ["again"]


async def test_the_library_waits_and_tries_again(server: DiscordServer, waits: list[float]) -> None:
    async with _in_a_channel(server) as channel:
        waits.clear()
        server.plan(SEND, broken(500), broken(502), broken(504), limited(7.5))
        await channel.send("hello")
        assert [wait for wait in waits if wait] == [1, 3, 5, 7.5]
        waits.clear()
        server.plan(SEND, limited(2.5, everywhere=True))
        await channel.send("hello")
        assert [wait for wait in waits if wait] == [2.5]
        assert len(_texts(server, channel)) == 2


async def test_the_library_tries_every_5xx_of_an_interactions_calls_again(
    server: DiscordServer, waits: list[float]
) -> None:
    rosa = server.person()
    async with running(server) as bot:
        here = await asked(server, bot, server.command(rosa, "plain"))
        waits.clear()
        server.plan(CALLBACK, broken(503))
        await here.response.defer(thinking=True)
        server.plan(ORIGINAL, broken(500), limited(0.5))
        await here.edit_original_response(content="done")
        server.plan(FOLLOW_UP, broken(502, b"<html>"))
        await here.followup.send("more")
        assert [wait for wait in waits if wait] == [1, 1, 0.5, 1]
        assert [message.text for message in server.view(rosa, server.dm(rosa))] == ["done", "more"]


async def test_a_callback_whose_answer_is_lost_was_given_all_the_same(server: DiscordServer) -> None:
    rosa = server.person()
    async with running(server) as bot:
        server.plan(CALLBACK, lost())
        here = await asked(server, bot, server.command(rosa, "plain"))
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await here.response.defer(thinking=True)
        assert not here.response.is_done()
        with pytest.raises(discord.HTTPException) as caught:
            await here.response.defer(thinking=True)
        assert caught.value.code == 40060
        await here.edit_original_response(content="done")
        assert [message.text for message in server.view(rosa, server.dm(rosa))] == ["done"]


async def test_an_answer_can_be_held_back(server: DiscordServer) -> None:
    release = asyncio.Event()
    async with _in_a_channel(server) as channel:
        server.plan(f"POST /channels/{channel.id}/messages", held(release))
        sending = asyncio.create_task(channel.send("hello"))
        await server.wait_for(lambda: server.called(SEND))
        assert not sending.done()
        release.set()
        await sending


async def test_limits_are_kept_by_the_library_and_calls_beyond_them_recorded(
    monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    now = 1_800_000_000.0
    async with DiscordServer(limits=Limits(), clock=lambda: now) as server:
        _point(monkeypatch, server)
        async with _in_a_channel(server) as channel:
            waits.clear()
            for number in range(5):
                await channel.send(str(number))
            assert [wait for wait in waits if wait] == [5]  # at the end of the fifth
            assert server.floods == []
            async with (
                aiohttp.ClientSession(headers={"Authorization": f"Bot {TOKEN}"}) as session,
                session.post(f"{server.api_url}/channels/{channel.id}/messages", json={"content": "6"}) as answer,
            ):
                assert answer.status == 429
                assert (await answer.json())["retry_after"] == 5
            assert len(server.floods) == 1
            server.later(5)
            await channel.send("7")


# ---- the gateway


async def test_no_event_is_lost_when_the_gateway_drops(server: DiscordServer) -> None:
    rosa = server.person()
    async with running(server) as bot:
        server.say(rosa, "0")
        await _until(lambda: len(bot.heard) == 1)
        for number in range(1, 4):
            server.gateway.cut()
            server.say(rosa, f"{number} on its way")
            await server.wait_for(lambda: not server.gateway.live)
            server.say(rosa, f"{number} while away")
            await server.wait_for(partial(_resumed, server, number))
            server.say(rosa, f"{number} after")
        await _until(lambda: len(bot.heard) == 10)
        texts = [message.content for message in bot.heard]
        assert texts == ["0", *(f"{n} {when}" for n in range(1, 4) for when in ("on its way", "while away", "after"))]
        assert len(server.gateway.identifies) == 1
        assert bot.seen.count("RESUMED") == 3


async def test_an_interaction_of_the_time_away_is_answered(server: DiscordServer) -> None:
    rosa = server.person()
    async with running(server):
        server.gateway.cut()
        await server.wait_for(lambda: not server.gateway.live)
        await settled(server, server.command(rosa, "pledge", code="abc"))


def _resumed(server: DiscordServer, times: int) -> bool:
    return server.gateway.sessions[0].resumed == times


@pytest.mark.parametrize(
    ("trouble", "resumes", "identifies"),
    [
        pytest.param(lambda gateway: gateway.cut(), 1, 1, id="cut"),
        pytest.param(lambda gateway: gateway.cut(4000), 1, 1, id="closed for no reason"),
        pytest.param(lambda gateway: gateway.cut(1000), 1, 1, id="closed as if all were well"),
        pytest.param(lambda gateway: gateway.reconnect(), 1, 1, id="asked to come back"),
        pytest.param(lambda gateway: gateway.invalidate(resumable=True), 1, 1, id="asked to resume"),
        pytest.param(lambda gateway: gateway.invalidate(), 0, 2, id="asked to begin anew"),
        pytest.param(lambda gateway: (gateway.forget(), gateway.cut()), 1, 2, id="forgotten"),
    ],
)
async def test_the_library_comes_back(
    server: DiscordServer, trouble: Callable[[Any], object], resumes: int, identifies: int
) -> None:
    rosa = server.person()
    async with running(server) as bot:
        link = server.gateway.live[0].link
        trouble(server.gateway)
        await server.wait_for(lambda: server.gateway.live and server.gateway.live[0].link is not link)
        await settled(server, server.command(rosa, "pledge", code="abc"))
        assert len(server.gateway.resumes) == resumes
        assert len(server.gateway.identifies) == identifies
        assert not bot.is_closed()


async def test_a_gateway_that_refuses_is_tried_until_it_does_not(server: DiscordServer, waits: list[float]) -> None:
    rosa = server.person()
    async with running(server):
        with server.gateway.refusing():
            server.gateway.cut()
            await server.wait_for(lambda: server.gateway.refused >= 3)
        await server.wait_for(lambda: server.gateway.live)
        await settled(server, server.command(rosa, "pledge", code="abc"))
        assert server.gateway.sessions[0].resumed == 1
        assert waits


async def test_a_bot_survives_an_outage_of_everything(server: DiscordServer, waits: list[float]) -> None:
    rosa = server.person()
    async with running(server):
        async with server.away():
            server.say(rosa, "hello?")
        await server.wait_for(lambda: server.gateway.live)
        await settled(server, server.command(rosa, "pledge", code="abc"))
        assert server.gateway.sessions[0].resumed == 1


async def test_heartbeats_are_asked_for_answered_and_missed(server: DiscordServer) -> None:
    server.gateway.heartbeat_ms = 50
    async with running(server) as bot:
        first = server.gateway.live[0].link
        assert first is not None
        await server.wait_for(lambda: len(first.beats) >= 8)  # the first before there was anything to count
        assert first.beats[0] is None
        assert first.beats[-1] == len(server.gateway.sessions[0].events)
        assert bot.latency < math.inf  # they were acknowledged
        server.gateway.acking = False
        beating = bot.ws._keep_alive
        assert beating is not None
        beating.heartbeat_timeout = 0.1  # on this connection alone
        await server.wait_for(lambda: server.gateway.sessions[0].resumed == 1)
        server.gateway.acking = True


async def test_the_library_leaves_as_if_it_would_come_back(server: DiscordServer) -> None:
    async with running(server):
        pass
    # asked to close with 1000; but its reader wakes first, and closes with its own code
    await server.wait_for(lambda: server.gateway.closings == [4000])
    assert not server.gateway.sessions[0].over


async def test_who_closes_politely_does_not_come_back(server: DiscordServer) -> None:
    async with _socket(server) as socket:
        await socket.send_json({"op": 2, "d": {"token": TOKEN, "intents": 1}})
        assert (await socket.receive_json())["t"] == "READY"
        await socket.close(code=1000)
    await server.wait_for(lambda: server.gateway.closings == [1000])
    (session,) = server.gateway.sessions
    assert session.over
    async with _socket(server) as socket:
        await socket.send_json({"op": 6, "d": {"token": TOKEN, "session_id": session.id, "seq": 1}})
        assert await socket.receive_json() == {"op": 9, "d": False, "s": None, "t": None}


@asynccontextmanager
async def _socket(server: DiscordServer) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Give a socket that is not the library's, and has been greeted."""
    url = f"{server.gateway_url}?v=10&encoding=json"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        assert (await socket.receive_json())["op"] == 10
        yield socket


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("{", 4002),
        ('{"op": 2}', 4002),
        ('{"op": 3, "d": {}}', 4003),
        ('{"op": 6, "d": {"token": "wrong"}}', 4004),
        (f'{{"op": 2, "d": {{"token": "{TOKEN}", "intents": 67108864}}}}', 4013),
    ],
)
async def test_the_gateway_closes_on_nonsense(server: DiscordServer, said: str, code: int) -> None:
    async with _socket(server) as socket:
        await socket.send_str(said)
        await socket.receive()
        assert socket.close_code == code


# ---- commands as Discord takes them


def _command(**changes: Any) -> Json:
    return {"name": "pledge", "description": "Open a card", "type": 1} | changes


def _option(**changes: Any) -> Json:
    return {"name": "code", "description": "The card", "type": 3} | changes


@pytest.mark.parametrize(
    ("wanted", "accepted"),
    [
        ([_command()], True),
        ([_command(name="déjà-vu_2")], True),
        ([_command(options=[_option(required=True), _option(name="other")])], True),
        ([_command(name="Pledge")], False),
        ([_command(name="two words")], False),
        ([_command(name_localizations={"fr": "Gage"})], False),
        ([_command(), _command()], False),
        ([_command(options=[_option(), _option(name="other", required=True)])], False),
        ([_command(options=[_option(), _option()])], False),
        ([_command(options=[_option(), _option(name="open", type=1)])], False),
        ([_command(options=[_option(autocomplete=True, choices=[{"name": "a", "value": "a"}])])], False),
        ([_command(name=f"c{number}") for number in range(101)], False),
    ],
)
async def test_commands_are_taken_or_not(server: DiscordServer, wanted: list[Json], accepted: bool) -> None:  # noqa: FBT001
    status, answer = await _put(server, wanted)
    assert (status, answer.get("code") if isinstance(answer, dict) else None) == (
        (200, None) if accepted else (400, 50035)
    )
    assert len(server.commands) == (len(wanted) if accepted else 0)


@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [
        ([_command(description="x" * 101)], "101 characters are not within 0-100"),
        ([_command(options=[_option(name=f"o{number}") for number in range(26)])], "26 are not within 0-25"),
        ([_command(colour="red")], "commands[0].colour: no such property"),
        ([_command(options=[_option(type=99)])], "commands[0].options[0].type: 99 is none of"),
    ],
)
async def test_what_the_document_forbids_is_recorded(server: DiscordServer, wanted: list[Json], wrong: str) -> None:
    _document()
    await _put(server, wanted)
    assert wrong in server.violations.pop()


async def test_a_command_keeps_its_id_when_it_is_synced_again(server: DiscordServer) -> None:
    await _put(server, [_command(), _command(name="status")])
    before = {one["name"]: number for number, one in server.commands.items()}
    await _put(server, [_command(name="status", description="new"), _command(name="help")])
    after = {one["name"]: number for number, one in server.commands.items()}
    assert after["status"] == before["status"]
    assert after.keys() == {"status", "help"}


async def _put(server: DiscordServer, wanted: list[Json]) -> tuple[int, Any]:
    url = f"{server.api_url}/applications/{APPLICATION_ID}/commands"
    headers = {"Authorization": f"Bot {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.put(url, json=wanted) as answer:
        return answer.status, await answer.json()


# ---- the document


def _document() -> schema.Schema:
    document = schema.load()
    if document is None:
        pytest.skip(schema.MISSING)
    return document


ROW = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Pledge", "custom_id": "p:abc"}]}


@pytest.mark.parametrize(
    ("call", "query", "body", "wrong"),
    [
        ("POST /channels/5/messages", {}, {"content": "x", "nonce": "a", "enforce_nonce": True}, None),
        ("POST /channels/5/messages", {}, {"content": "x", "components": [ROW]}, None),
        ("POST /channels/5/messages", {}, {"content": "x", "colour": 1}, ".colour: no such property"),
        ("POST /channels/5/messages", {}, {"content": 1}, ".content: not string or null"),
        ("POST /channels/5/messages", {}, {"nonce": "x" * 26}, "26 characters are not within 0-25"),
        ("POST /channels/5/messages", {}, None, "the body is missing"),
        ("POST /channels/5/messages", {"wait": "1"}, {}, "?wait: no such parameter"),
        ("POST /channels/five/messages", {}, {}, "?channel_id: not spelled as it must be"),
        ("POST /channels/5/strikes", {}, {}, "no such operation"),
        ("GET /channels/5", {}, {}, "takes no body"),
        ("GET /channels/5/messages", {"limit": "101"}, None, "101 is not within 1-100"),
        (
            "POST /channels/5/messages",
            {},
            {"components": [{"type": 1, "components": [{"type": 2, "style": 9}]}]},
            ".components[0].components[0].style",
        ),
        ("POST /channels/5/messages", {}, {"components": [{"type": 1, "components": []}]}, "0 are not within 1-5"),
        ("POST /channels/5/messages", {}, {"components": [{"type": 1}]}, ".components[0].components: missing"),
        ("POST /channels/5/messages", {}, {"allowed_mentions": {"parse": ["all"]}}, ".allowed_mentions.parse[0]"),
        ("POST /interactions/5/abc/callback", {"with_response": "1"}, {"type": 5, "data": {"flags": 64}}, None),
        ("POST /interactions/5/abc/callback", {"with_response": "yes"}, {"type": 6}, "?with_response: not boolean"),
        ("POST /interactions/5/abc/callback", {}, {"type": 3}, ".type: 3 is none of"),
        ("POST /interactions/5/abc/callback", {}, {"type": 9, "data": {}}, ".data.title: missing"),
        ("PATCH /webhooks/5/abc/messages/@original", {}, {"content": "x" * 2001}, "2001 characters"),
        ("PATCH /webhooks/5/abc/messages/@original", {}, {"content": None, "tts": False}, None),
        ("PATCH /webhooks/5/abc/messages/7", {}, {"components": []}, None),
        ("POST /users/@me/channels", {}, {"recipient_id": 5}, None),
        ("POST /users/@me/channels", {}, {"recipient_id": True}, ".recipient_id"),
    ],
)
def test_a_call_is_checked_against_discords_document(
    call: str, query: Mapping[str, str], body: Any, wrong: str | None
) -> None:
    verb, _, path = call.partition(" ")
    findings = _document().wrong_in_call(verb, path, query, body)
    assert (wrong is None and not findings) or any(wrong is not None and wrong in line for line in findings), findings


def test_files_must_be_among_the_attachments() -> None:
    document, body = _document(), {"attachments": [{"id": 0, "filename": "a"}]}
    assert document.wrong_in_call("POST", "/channels/5/messages", {}, body, ["files[0]"]) == []
    for name in ("files[1]", "file"):
        assert document.wrong_in_call("POST", "/channels/5/messages", {}, body, [name])
