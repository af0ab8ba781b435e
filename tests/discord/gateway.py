"""The gateway: sessions that outlive their sockets, and events with numbers, so that none is lost in between."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_hex

from aiohttp import WSMsgType, web

from tests.discord.world import Json

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT = 0, 1, 2, 3, 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, ACK = 8, 9, 10, 11

UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, WRONG_TOKEN, ALREADY_AUTHENTICATED = 4001, 4002, 4003, 4004, 4005
INVALID_SEQUENCE, INVALID_SHARD, INVALID_VERSION, INVALID_INTENTS, DISALLOWED_INTENTS = 4007, 4010, 4012, 4013, 4014

GUILDS = 1 << 0
GUILD_MESSAGES = 1 << 9
DIRECT_MESSAGES = 1 << 12
MESSAGE_CONTENT = 1 << 15
PRIVILEGED = 1 << 1 | 1 << 8 | MESSAGE_CONTENT
_KNOWN = (1 << 26) - 1

HEARTBEAT_MS = 41_250
_GOING_AWAY = {1000, 1001}  # who closes so does not mean to come back


@dataclass(kw_only=True)
class Identify:
    """How a bot introduced itself."""

    intents: int
    said: Json
    accepted: bool


@dataclass(kw_only=True, eq=False)
class Session:
    """What a bot has been told since it introduced itself, over one socket or several."""

    id: str
    intents: int
    shard: tuple[int, int] = (0, 1)  #: which of how many it is
    events: list[Json] = field(default_factory=list)  #: the first has the number 1
    link: Link | None = None  #: the socket it is on now
    over: bool = False  #: cannot be resumed
    resumed: int = 0


def shard_of(guild: int | None, of: int) -> int:
    """Say which of so many sessions hears of a server; of what is in none, the first does."""
    return 0 if guild is None else (guild >> 22) % of


class Link:
    """One socket of the bot's."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, compress: str) -> None:
        self.socket = socket
        self.session: Session | None = None
        self.beats: list[int | None] = []  #: the number in each heartbeat
        self.left_with: int | None = None  #: the code with which the bot closed it
        self._transport = transport
        self._outgoing: asyncio.Queue[Json | int] = asyncio.Queue()
        self._stream = zlib.compressobj() if compress == "zlib-stream" else None

    def send(self, op: int, data: object = None) -> None:
        """Say something that has no number."""
        self.pass_on({"op": op, "d": data, "s": None, "t": None})

    def pass_on(self, payload: Json) -> None:
        """Send a payload after those before it."""
        self._outgoing.put_nowait(payload)

    def close(self, code: int) -> None:
        """Close the socket, politely, after all that was sent before."""
        self._outgoing.put_nowait(code)

    def cut(self) -> None:
        """Cut the connection; nobody says goodbye."""
        if self._transport is not None:
            self._transport.abort()

    async def write(self) -> None:
        """Carry out what is to be sent, until the socket is closed."""
        with contextlib.suppress(ConnectionError):
            while not isinstance(payload := await self._outgoing.get(), int):
                text = json.dumps(payload)
                if self._stream is None:
                    await self.socket.send_str(text)
                else:
                    data = self._stream.compress(text.encode()) + self._stream.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(data)
            await self.socket.close(code=payload)


class Gateway:
    """Takes the bot's sockets and tells it what happens."""

    def __init__(self, token: str, welcome: Callable[[Session], list[Json]], changed: Callable[[], None]) -> None:
        self.sessions: list[Session] = []  #: every one there ever was
        self.links: list[Link] = []  #: the sockets that are open
        self.identifies: list[Identify] = []
        self.resumes: list[Json] = []  #: what was said to resume
        self.refused = 0  #: sockets turned away
        self.identify_every_s = 0.0  #: after one session of a group has begun, the next waits so long
        self.max_concurrency = 1  #: groups
        self.too_soon = 0  #: sessions that were to begin earlier
        self._began_at: dict[int, float] = {}
        self.closings: list[int | None] = []  #: the codes with which the bot closed sockets; None: it did not
        self.heartbeat_ms = HEARTBEAT_MS
        self.acking = True
        self.privileged = 0  #: which privileged intents the application has been granted
        self._refusing = False
        self._token = token
        self._welcome = welcome
        self._changed = changed

    @property
    def live(self) -> list[Session]:
        """The sessions that are on a socket."""
        return [session for session in self.sessions if session.link is not None]

    # ---- what happens

    def tell(self, event: str, data: Json, intent: int = 0, scrubbed: Json | None = None) -> None:
        """Tell every session that wants to know, also those that are away and may come back.

        `scrubbed` is for those who may not read what people write.
        """
        there = data.get("guild_id") or (data.get("id") if event.startswith("GUILD_") else None)
        for session in self.sessions:
            number, of = session.shard
            if of > 1 and shard_of(int(there) if there else None, of) != number:
                continue
            if not session.over and (not intent or session.intents & intent):
                plain = scrubbed is None or session.intents & MESSAGE_CONTENT
                self._add(session, event, data if plain or scrubbed is None else scrubbed)

    def _add(self, session: Session, event: str, data: Json) -> None:
        payload = {"op": DISPATCH, "s": len(session.events) + 1, "t": event, "d": data}
        session.events.append(payload)
        if session.link is not None:
            session.link.pass_on(payload)

    # ---- what goes wrong

    def cut(self, code: int | None = None) -> None:
        """End every socket: without a word, or with a code."""
        for link in self.links:
            if code is None:
                link.cut()
            else:
                link.close(code)

    def reconnect(self) -> None:
        """Ask the bot to come back on another socket."""
        for link in self.links:
            link.send(RECONNECT)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Tell the bot that its session is no good, or only that it should resume."""
        for link in self.links:
            if link.session is not None and not resumable:
                link.session.over = True
            link.send(INVALID_SESSION, resumable)

    def forget(self) -> None:
        """Forget every session; the bot learns of it when it tries to resume."""
        for session in self.sessions:
            session.over = True

    def ask_for_heartbeat(self) -> None:
        """Ask for a heartbeat out of turn."""
        for link in self.links:
            link.send(HEARTBEAT)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Turn new sockets away for as long as this lasts."""
        self._refusing = True
        try:
            yield
        finally:
            self._refusing = False

    # ---- a socket

    async def serve(self, http: web.Request) -> web.StreamResponse:
        """Take a socket and keep it until it ends."""
        if self._refusing:
            self.refused += 1
            self._changed()
            return web.Response(status=503)
        socket = web.WebSocketResponse(compress=False, timeout=1)
        await socket.prepare(http)
        link = Link(socket, http.transport, http.query.get("compress", ""))
        self.links.append(link)
        writing = asyncio.create_task(link.write())
        try:
            if http.query.get("v") not in {"9", "10"}:
                link.close(INVALID_VERSION)
            link.send(HELLO, {"heartbeat_interval": self.heartbeat_ms, "_trace": []})
            while (message := await socket.receive()).type is WSMsgType.TEXT:
                self._hear(link, message.data)
                self._changed()
            if message.type is WSMsgType.CLOSE:
                link.left_with = message.data
        finally:
            self._ended(link)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        return socket

    def _ended(self, link: Link) -> None:
        self.links.remove(link)
        self.closings.append(link.left_with)
        session = link.session
        if session is not None and session.link is link:
            session.link = None
            session.over |= link.left_with in _GOING_AWAY
        self._changed()

    def _hear(self, link: Link, text: str) -> None:
        try:
            payload = json.loads(text)
            op, data = payload["op"], payload["d"]
        except (ValueError, LookupError, TypeError):
            link.close(DECODE_ERROR)
            return
        if op == HEARTBEAT:
            link.beats.append(data)
            if self.acking:
                link.send(ACK)
        elif op == IDENTIFY and link.session is not None:
            link.close(ALREADY_AUTHENTICATED)
        elif op == IDENTIFY:
            self._identify(link, data)
        elif op == RESUME:
            self._resume(link, data)
        elif link.session is None:
            link.close(NOT_AUTHENTICATED)
        elif op not in {PRESENCE, REQUEST_MEMBERS}:
            link.close(UNKNOWN_OPCODE)

    def _identify(self, link: Link, said: Json) -> None:
        intents = said.get("intents", 0)
        wrong = None
        if said.get("token") != self._token:
            wrong = WRONG_TOKEN
        elif intents & ~_KNOWN:
            wrong = INVALID_INTENTS
        elif intents & PRIVILEGED & ~self.privileged:
            wrong = DISALLOWED_INTENTS
        number, of = said.get("shard", (0, 1))
        if not 0 <= number < of:
            wrong = INVALID_SHARD
        self.identifies.append(Identify(intents=intents, said=said, accepted=wrong is None))
        if wrong is not None:
            link.close(wrong)
            return
        group = number % self.max_concurrency
        if time.monotonic() - self._began_at.get(group, -math.inf) < self.identify_every_s:
            self.too_soon += 1
            link.send(INVALID_SESSION, data=False)
            return
        self._began_at[group] = time.monotonic()
        session = Session(id=token_hex(16), intents=intents, shard=(number, of), link=link)
        link.session = session
        self.sessions.append(session)
        for payload in self._welcome(session):
            self._add(session, payload["t"], payload["d"])

    def _resume(self, link: Link, said: Json) -> None:
        self.resumes.append(said)
        if said.get("token") != self._token:
            link.close(WRONG_TOKEN)
            return
        session = next((one for one in self.sessions if one.id == said.get("session_id") and not one.over), None)
        number = said.get("seq")
        if session is None:
            link.send(INVALID_SESSION, data=False)
        elif not isinstance(number, int) or number > len(session.events):
            link.close(INVALID_SEQUENCE)
        else:
            if session.link is not None:
                session.link.session = None
                session.link.cut()
            session.link = link
            link.session = session
            session.resumed += 1
            for payload in session.events[number:]:
                link.pass_on(payload)
            self._add(session, "RESUMED", {"_trace": []})
