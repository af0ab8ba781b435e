"""Discord as a bot sees it, on a loopback port: people who talk to the bot, calls it makes, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from secrets import token_urlsafe
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import BodyPartReader, web

from tests.discord import commands, schema
from tests.discord.faults import VIA, Fault, Limits, Meter, Refused
from tests.discord.gateway import DIRECT_MESSAGES, GUILD_MESSAGES, GUILDS, Gateway, Session, shard_of
from tests.discord.rest import Part, Request, Rest
from tests.discord.world import (
    APPLICATION_ID,
    AUTOCOMPLETE,
    BOT_ID,
    BUTTON,
    COMMAND,
    COMPONENT,
    LABEL,
    MODAL_SUBMIT,
    TEXT_INPUT,
    TOKEN,
    USUAL,
    VIEW_CHANNEL,
    Channel,
    Guild,
    Interaction,
    Json,
    Kind,
    Message,
    Modal,
    Person,
    Upload,
    World,
)
from tests.processes import PATIENCE_S

T = TypeVar("T")

API = "/api/v10"

CALLBACK = "POST /interactions/*/callback"
ORIGINAL = "PATCH /webhooks/*/messages/@original"
FOLLOW_UP = "POST /webhooks/*"
SEND = "POST /channels/*/messages"
SYNC = "PUT /applications/*/commands"
FETCH = "GET /attachments/*"
"""Calls that are often planned to go wrong."""


@dataclass(kw_only=True, eq=False)
class _Planned:
    calls: str
    fault: Fault
    lasts: bool = False  #: until it is healed; otherwise for one call


class DiscordServer(World):
    """Speaks Discord's REST API and gateway to one bot. What people do is a plain method.

    Left and entered again, it listens on the same port and remembers everything, as after an outage.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        checked: bool = True,
    ) -> None:
        super().__init__(clock)
        self.token = token
        self.requests: list[Request] = []
        self.violations: list[str] = []  #: where calls differ from Discord's own document
        self.gateway = Gateway(token, self._welcome, self.changed)
        self.rest = Rest(self, token, self.gateway.tell, self._gateway)
        self._meter = Meter(limits) if limits is not None else None
        self._schema = schema.load() if checked else None
        self._planned: list[_Planned] = []
        self.shards = 1  #: sessions that are recommended
        self.starts = 999  #: sessions that may still begin today
        self.among_others = False  #: what is no server is a chat of several people, in which the bot was called
        self._runner: web.AppRunner | None = None
        self._port = 0

    # ---- as a server

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/attachments/{channel}/{id}/{name}", self._download)
        app.router.add_route("*", API + "{path:/.+}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_port=True).start()
        self._port = self._runner.addresses[0][1]
        self.origin = f"http://127.0.0.1:{self._port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gateway.cut()
        if self._runner is not None:
            await self._runner.cleanup()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Let nobody listen here for as long as this lasts; nor does anybody else take the port meanwhile."""
        with socket.socket() as kept:
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            kept.bind(("127.0.0.1", self._port))
            await self.__aexit__(None, None, None)
            yield
            await self.__aenter__()

    @property
    def api_url(self) -> str:
        """Where the REST API is."""
        return self.origin + API

    @property
    def gateway_url(self) -> str:
        """Where the gateway is."""
        return self.origin.replace("http", "ws", 1) + "/gateway"

    @property
    def floods(self) -> list[str]:
        """Calls beyond the limits: of which route, or `overall`."""
        return [] if self._meter is None else self._meter.floods

    async def wait_for(self, predicate: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
        """Wait until something is true here; looks again after each change, and gives what it found."""
        try:
            async with asyncio.timeout(patience_s):
                return await self.wait_until(predicate)
        except TimeoutError:
            recent = ", ".join(f"{_short(request.call)} -> {request.status}" for request in self.requests[-10:])
            raise AssertionError(f"it did not come true in {patience_s} s; last calls: {recent or 'none'}") from None

    def called(self, calls: str) -> list[Request]:
        """Every call so far whose verb and path are like this; `*` stands for anything."""
        return [request for request in self.requests if fnmatchcase(request.call, calls)]

    def plan(self, calls: str, *faults: Fault, times: int = 1) -> None:
        """Let the next calls like this go wrong, one fault each."""
        self._planned.extend(_Planned(calls=calls, fault=fault) for fault in faults * times)

    def heal(self) -> None:
        """Forget everything that was planned to go wrong."""
        self._planned.clear()

    @contextmanager
    def failing(self, calls: str, fault: Fault) -> Iterator[None]:
        """Let every call like this go wrong for as long as this lasts."""
        planned = _Planned(calls=calls, fault=fault, lasts=True)
        self._planned.append(planned)
        try:
            yield
        finally:
            self._planned = [other for other in self._planned if other is not planned]

    # ---- what there is

    def person(self, user_id: int | None = None, *, name: str | None = None, locale: str = "en-US") -> int:
        """Make somebody with an account, and give their id."""
        number = user_id or self.snowflake()
        self.people[number] = Person(id=number, name=name or f"Person {number % 1000}", locale=locale)
        return number

    def guild(self, name: str = "Local 555", *, locale: str = "en-US") -> int:
        """Make a server that the bot is in, and give its id."""
        made = Guild(id=self.snowflake(), role=self.snowflake(), owner=self.snowflake(), name=name, locale=locale)
        self.guilds[made.id] = made
        self.gateway.tell("GUILD_CREATE", self.guild_payload(made), GUILDS)
        return made.id

    def room(self, guild: int, name: str = "break-room", kind: Kind = "text") -> int:
        """Make a channel in a server, and give its id."""
        made = Channel(id=self.snowflake(), kind=kind, name=name, guild=guild)
        self.channels[made.id] = made
        self._tell_of("CHANNEL_CREATE", made)
        return made.id

    def thread(self, parent: int, name: str = "night shift") -> int:
        """Make a thread below a channel, and give its id."""
        above = self.channels[parent]
        announces = above.kind == "announcement"
        made = Channel(
            id=self.snowflake(), kind="thread", name=name, guild=above.guild, parent=parent, announces=announces
        )
        self.channels[made.id] = made
        self._tell_of("THREAD_CREATE", made)
        return made.id

    def remove(self, channel: int) -> None:
        """Delete a channel with its threads, or a thread."""
        gone = self.channels[channel]
        gone.deleted = True
        for other in self.channels.values():
            other.deleted |= other.parent == channel
        if gone.kind == "thread":
            data = {"id": str(gone.id), "guild_id": str(gone.guild), "parent_id": str(gone.parent), "type": gone.type}
            self.gateway.tell("THREAD_DELETE", data, GUILDS)
        else:
            self._tell_of("CHANNEL_DELETE", gone)

    def permit(self, channel: int, permissions: int = USUAL) -> None:
        """Let the bot do exactly this in a channel."""
        changed = self.channels[channel]
        changed.bot = permissions
        self._tell_of("CHANNEL_UPDATE", changed)

    def throw_out(self, guild: int) -> None:
        """Remove the bot from a server."""
        self.guilds[guild].here = False
        self.gateway.tell("GUILD_DELETE", {"id": str(guild)}, GUILDS)

    def invite(self, guild: int) -> None:
        """Take the bot into a server again."""
        self.guilds[guild].here = True
        self.gateway.tell("GUILD_CREATE", self.guild_payload(self.guilds[guild]), GUILDS)

    def outage(self, guild: int) -> None:
        """Let a server be away for a while, by a fault of Discord's."""
        self.guilds[guild].available = False
        self.gateway.tell("GUILD_DELETE", {"id": str(guild), "unavailable": True}, GUILDS)

    def restore(self, guild: int) -> None:
        """Let it come back."""
        self.guilds[guild].available = True
        self.gateway.tell("GUILD_CREATE", self.guild_payload(self.guilds[guild]) | {"unavailable": False}, GUILDS)

    # ---- as people

    def say(
        self,
        person: int,
        text: str,
        *files: tuple[str, bytes],
        channel: int | None = None,
        forwarded: str | None = None,
    ) -> Message:
        """Write to the bot, or in a channel; or forward what stood in another message."""
        where = self._where(person, channel)
        uploads = tuple(self.stored(name, data) for name, data in files)
        made = Message(
            id=self.snowflake(),
            channel=where.id,
            author=person,
            text=text,
            sent=self.now(),
            files=uploads,
            forwarded=forwarded,
        )
        self.messages[made.id] = made
        self.again(made)
        return made

    def command(
        self, person: int, name: str, /, channel: int | None = None, *, locale: str | None = None, **options: Any
    ) -> Interaction:
        """Call a command, such as `organize open`, with its options; in the bot's own chat if no channel is given."""
        command, below, wanted = commands.found(self.commands, name)
        where = self._where(person, channel)
        self._offered(command, where)
        uploads = {option: each for option, each in options.items() if isinstance(each, Upload)}
        given = options | {option: str(upload.id) for option, upload in uploads.items()}
        data = self._command_data(command, commands.nested(command, below, commands.filled(wanted, given)))
        if uploads:
            blank = Message(id=0, channel=where.id, author=person, text="", sent=self.now(), seen_by=person)
            data["resolved"] = {
                "attachments": {str(each.id): self.file_payload(blank, each) for each in uploads.values()}
            }
        return self._interact(COMMAND, person, where, data, locale, name=" ".join([command["name"], *below]))

    def typing(
        self, person: int, name: str, option: str, /, text: str, channel: int | None = None, **options: Any
    ) -> Interaction:
        """Begin to fill in an option, for which the bot offers choices."""
        command, below, wanted = commands.found(self.commands, name)
        where = self._where(person, channel)
        self._offered(command, where)
        here = next((one for one in wanted if one["name"] == option and one.get("autocomplete")), None)
        if here is None:
            raise LookupError(f"/{name} offers no choices for {option!r}")
        there = [one for one in wanted if one["name"] in options]
        filled = commands.filled([one | {"required": False} for one in there], options)
        focused: Json = {"name": option, "type": here["type"], "value": text, "focused": True}
        data = self._command_data(command, commands.nested(command, below, [*filled, focused]))
        return self._interact(AUTOCOMPLETE, person, where, data, None, name=" ".join([command["name"], *below]))

    def press(self, message: Message, label: str, person: int | None = None) -> Interaction:
        """Press a button that the person sees; or saw, then the press has been under way since."""
        button = message.buttons.get(label)
        if button is None or button.disabled or button.custom_id is None:
            raise LookupError(f"no button {label!r} among {message.labels}")
        where = self.channels[message.channel]
        by = person or message.seen_by or where.person
        assert by is not None, "who presses?"
        assert message.seen_by in {None, by}, "this message is only for somebody else"
        data = {"component_type": BUTTON, "custom_id": button.custom_id, "id": button.number}
        return self._interact(COMPONENT, by, where, data, None, source=message)

    def submit(self, modal: Modal, **texts: str) -> Interaction:
        """Send a form, its fields named by their custom ids; the others stay as they were."""
        known = {field.custom_id: field for field in modal.fields.values()}
        if unknown := texts.keys() - known.keys():
            raise LookupError(f"no such fields: {sorted(unknown)}, only {list(known)}")
        written = {name: texts.get(name, field.value) for name, field in known.items()}
        for name, field in known.items():
            empty = not written[name] and not field.required
            if not empty and not max(field.least, field.required) <= len(written[name]) <= field.most:
                raise LookupError(f"{written[name]!r} cannot be sent as {name}")
        data = {"custom_id": modal.custom_id, "components": [_sent(holder, written) for holder in modal.components]}
        source = None if modal.source is None else self.messages.get(modal.source)
        return self._interact(MODAL_SUBMIT, modal.by, self.channels[modal.channel], data, None, source=source)

    def again(self, what: Interaction | Message) -> None:
        """Deliver an interaction or a message once more."""
        if isinstance(what, Interaction):
            self.gateway.tell("INTERACTION_CREATE", what.payload)
            return
        data = self.message_payload(what)
        guild = self.channels[what.channel].guild
        if guild is None:
            self.gateway.tell("MESSAGE_CREATE", data, DIRECT_MESSAGES)
        else:
            member = self.member_payload(what.author, self.guilds[guild])
            data |= {"guild_id": str(guild), "member": {name: member[name] for name in member.keys() - {"user"}}}
            hidden = data | {"content": "", "attachments": [], "embeds": [], "components": []}
            plain = f"<@{BOT_ID}>" in what.text
            self.gateway.tell("MESSAGE_CREATE", data, GUILD_MESSAGES, None if plain else hidden)
        self.changed()

    def raw(self, event: str, data: Json) -> None:
        """Deliver an event of any shape."""
        self.gateway.tell(event, data)

    # ---- what happens inside

    def _where(self, person: int, channel: int | None) -> Channel:
        return self.channels[self.dm(person) if channel is None else channel]

    def _offered(self, command: Json, where: Channel) -> None:
        """See that the person is offered this command there at all."""
        contexts = command.get("contexts")
        here = 1 if where.guild is None else 0
        if contexts is not None and here not in contexts:
            raise LookupError(f"/{command['name']} is not offered in {'direct messages' if here else 'servers'}")
        if where.guild is None and contexts is None and command.get("dm_permission") is False:
            raise LookupError(f"/{command['name']} is not offered in direct messages")
        if where.guild is not None and not self.guilds[where.guild].here:
            raise LookupError("the bot is not in this server")

    def _command_data(self, command: Json, options: list[Json]) -> Json:
        data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
        return data | ({"options": options} if options else {})

    def _interact(
        self,
        kind: int,
        person: int,
        where: Channel,
        data: Json,
        locale: str | None,
        *,
        name: str = "",
        source: Message | None = None,
    ) -> Interaction:
        number, token = self.snowflake(), token_urlsafe(120)
        permissions = str(self.permissions(where))
        payload: Json = {
            "id": str(number),
            "application_id": str(APPLICATION_ID),
            "type": kind,
            "data": data,
            "token": token,
            "version": 1,
            "channel_id": str(where.id),
            "channel": self.channel_payload(where),
            "locale": locale or self.people[person].locale,
            "app_permissions": permissions,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if where.guild is None:
            context = 2 if self.among_others else 1
            payload |= {
                "user": self.user_payload(person),
                "context": context,
                "authorizing_integration_owners": {"0": "0"},
            }
        else:
            guild = self.guilds[where.guild]
            payload["channel"]["permissions"] = str(guild.everyone)
            payload |= {
                "guild_id": str(guild.id),
                "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
                "guild_locale": guild.locale,
                "member": self.member_payload(person, guild, guild.everyone),
                "context": 0,
                "authorizing_integration_owners": {"0": str(guild.id)},
            }
        if source is not None:
            payload["message"] = self.message_payload(source)
        made = Interaction(
            id=number,
            token=token,
            kind=kind,
            by=person,
            channel=where.id,
            at=self.now(),
            payload=payload,
            name=name,
            source=None if source is None else source.id,
        )
        self.interactions[number] = self.tokens[token] = made
        self.again(made)
        self.changed()
        return made

    def _tell_of(self, event: str, channel: Channel) -> None:
        if channel.kind != "thread" or self.permissions(channel) & VIEW_CHANNEL:
            self.gateway.tell(event, self.channel_payload(channel), GUILDS)

    def _welcome(self, session: Session) -> list[Json]:
        number, of = session.shard
        here = [guild for guild in self.guilds.values() if guild.here and shard_of(guild.id, of) == number]
        ready = {
            "v": 10,
            "user": self.user_payload(BOT_ID) | {"mfa_enabled": False, "verified": True, "email": None},
            "session_id": session.id,
            "shard": list(session.shard),
            "session_type": "normal",
            "resume_gateway_url": self.gateway_url,
            "application": {"id": str(APPLICATION_ID), "flags": 0},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in here],
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "_trace": [],
        }
        events: list[Json] = [{"t": "READY", "d": ready}]
        if session.intents & GUILDS:
            events += [
                {"t": "GUILD_CREATE", "d": self.guild_payload(guild) | {"unavailable": False}}
                for guild in here
                if guild.available
            ]
        return events

    def _gateway(self) -> Json:
        limit = {"total": 1000, "remaining": self.starts, "reset_after": 86_400_000}
        limit["max_concurrency"] = self.gateway.max_concurrency
        return {"url": self.gateway_url, "shards": self.shards, "session_start_limit": limit}

    # ---- a call

    async def _serve(self, http: web.Request) -> web.Response:
        request = await self._read(http)
        self.requests.append(request)
        self.changed()
        if self._schema is not None:
            wrong = self._schema.wrong_in_call(request.verb, request.path, request.query, request.body, request.files)
            self.violations += map(_short, wrong)
        headers, fault = self._fault(request)
        await _delayed(fault)
        status, body = 200, b""
        if fault.applied:
            status, answer = self._outcome(request)
            body = b"" if answer is None else json.dumps(answer).encode()
        if fault.dropped:
            if http.transport is not None:
                http.transport.abort()
            self.changed()
            return web.Response()
        if fault.answer is not None:
            status, body = fault.answer
        request.status = status
        request.answer = _decoded(body)
        self.changed()
        headers = {**({} if body == b"" else {"Content-Type": "application/json"}), **headers, **fault.headers}
        return web.Response(status=status, body=body or None, headers=headers)

    async def _read(self, http: web.Request) -> Request:
        files: dict[str, Part] = {}
        body: Any = None
        if http.content_type == "multipart/form-data":
            async for part in await http.multipart():
                assert isinstance(part, BodyPartReader)
                data = bytes(await part.read())
                if part.name == "payload_json":
                    body = json.loads(data)
                else:
                    kind = part.headers.get("Content-Type", "")
                    files[part.name or ""] = Part(filename=part.filename or "", content_type=kind, data=data)
        elif text := await http.read():
            body = _decoded(text)
        return Request(
            verb=http.method,
            path=http.match_info["path"],
            query=dict(http.query),
            body=body,
            files=files,
            headers=http.headers.copy(),
            at=self.now(),
        )

    def _fault(self, request: Request) -> tuple[Mapping[str, str], Fault]:
        planned = self._next_planned(request.call)
        if planned is not None:
            return {}, planned
        if self._meter is not None:
            headers, flood = self._meter.count(request.verb, request.path, request.at)
            return VIA | headers, flood or Fault(applied=True)
        return VIA, Fault(applied=True)

    def _next_planned(self, call: str) -> Fault | None:
        for planned in self._planned:
            if fnmatchcase(call, planned.calls):
                if not planned.lasts:
                    self._planned.remove(planned)
                return planned.fault
        return None

    def _outcome(self, request: Request) -> tuple[int, Any]:
        try:
            answer = self.rest.result(request)
        except Refused as no:
            return no.status, no.body
        request.applied = True
        return (204, None) if answer is None else (200, answer)

    async def _download(self, http: web.Request) -> web.Response:
        fault = self._next_planned(f"GET {http.path}") or Fault()
        await _delayed(fault)
        if fault.dropped and http.transport is not None:
            http.transport.abort()
        if fault.answer is not None:
            return web.Response(status=fault.answer[0], body=fault.answer[1])
        upload = self.files.get(int(http.match_info["id"]))
        if upload is None or upload.filename != http.match_info["name"]:
            return web.Response(status=404)
        return web.Response(body=upload.data, content_type=upload.content_type)


async def _delayed(fault: Fault) -> None:
    if fault.delay:
        await asyncio.sleep(fault.delay)
    if fault.until is not None:
        await fault.until.wait()


def _short(line: str) -> str:
    """Leave out of a line what nobody can read, and nobody should."""
    return re.sub(r"/[\w-]{40,}", "/TOKEN", line)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None


def _sent(holder: Json, written: Mapping[str, str]) -> Json:
    """Write what was filled in as Discord sends it, in the shape that the form had."""

    def field(component: Json) -> Json:
        name = component["custom_id"]
        return {"type": component["type"], "id": component["id"], "custom_id": name, "value": written[name]}

    bare: Json = {"type": holder["type"], "id": holder["id"]}
    if holder["type"] == LABEL:
        return bare | {"component": field(holder["component"])}
    inner = [field(each) for each in holder.get("components", ()) if each["type"] == TEXT_INPUT]
    return bare | ({"components": inner} if inner else {})
