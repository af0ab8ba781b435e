"""A loopback server that speaks just enough of Discord's API and gateway to keep bots busy.

`python -m bench.discord_loopback 0` runs it in a process of its own; the first line it prints is its port. It does as
little as it can, so that it is not what is measured, but refuses what Discord refuses: a second callback, and an
edit before any. Each token is a bot of its own. Its interactions are made beforehand; so many are kept waiting
for an answer, and each answer lets the next person act.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import struct
import sys
import zlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

API = "/api/v10"
APPLICATION, GUILD, CHANNEL = "1100000000000000001", "1100000000000000002", "1100000000000000003"
CALLS_A_SECOND = 50
COMMAND, PRESS = 2, 3
MESSAGE, THINKING, UNCHANGED, UPDATED = 4, 5, 6, 7  #: kinds of callback
EPHEMERAL = 64

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.1\r\n")
_WEBSOCKET = re.compile(rb"\r\nsec-websocket-key: *(\S+)", re.IGNORECASE)
_ANSWERS = re.compile(
    rb"(?:POST (?P<callback>/api/v10/interactions/)|(?:PATCH|POST) /api/v10/webhooks/)\d+/(?P<token>[^/? ]+)"
)
_WITH_RESPONSE = b"with_response=1"

TERMS = (
    "One day for the rent freeze · New York\n\nWe want:\n• Freeze the rent\n• Fast and free buses\n\n"
    "You would pledge for Workplace 17. It goes out only if\n• 65 of its 151 people pledge, and\n"
    "• 1,200 people pledge across the city.\nUntil then nobody walks out, and nobody is shown the exact count."
)
"""The text above the buttons that are pressed, about as long as a real one."""

# -- what Discord tells -----------------------------------------------------------------------------------


def _user(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "username": name,
        "global_name": name.title(),
        "discriminator": "0",
        "avatar": "8342729096ea3675442027381ff50dfe",
        "avatar_decoration_data": None,
        "clan": None,
        "primary_guild": None,
        "public_flags": 0,
        **more,
    }


ME = _user(int(APPLICATION), "allout", bot=True)
ABOUT = {
    "id": APPLICATION,
    "name": "AllOut",
    "icon": None,
    "description": "",
    "bot_public": True,
    "bot_require_code_grant": False,
    "verify_key": "00",
    "flags": 0,
    "owner": _user(1_100_000_000_000_000_009, "owner"),
    "team": None,
}
_CHANNEL = {
    "id": CHANNEL,
    "type": 0,
    "guild_id": GUILD,
    "name": "walkout",
    "parent_id": None,
    "position": 0,
    "topic": None,
    "nsfw": False,
    "last_message_id": None,
    "rate_limit_per_user": 0,
    "permission_overwrites": [],
    "flags": 0,
}
_EVERYONE = {
    "id": GUILD,
    "name": "@everyone",
    "color": 0,
    "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
    "hoist": False,
    "icon": None,
    "unicode_emoji": None,
    "position": 0,
    "permissions": "2248473465835073",
    "managed": False,
    "mentionable": False,
    "flags": 0,
}
_NOBODY = {"roles": [], "joined_at": "2026-01-05T10:00:00.000000+00:00", "deaf": False, "mute": False, "flags": 0}
_GUILD = {
    "id": GUILD,
    "name": "The city",
    "icon": None,
    "splash": None,
    "discovery_splash": None,
    "owner_id": "1100000000000000009",
    "afk_channel_id": None,
    "afk_timeout": 300,
    "verification_level": 1,
    "default_message_notifications": 1,
    "explicit_content_filter": 0,
    "roles": [_EVERYONE],
    "emojis": [],
    "stickers": [],
    "features": [],
    "mfa_level": 0,
    "system_channel_id": None,
    "system_channel_flags": 0,
    "rules_channel_id": None,
    "public_updates_channel_id": None,
    "preferred_locale": "en-US",
    "nsfw_level": 0,
    "premium_tier": 0,
    "premium_progress_bar_enabled": False,
    "joined_at": "2026-01-05T10:00:00.000000+00:00",
    "large": False,
    "unavailable": False,
    "member_count": 240_000,
    "members": [{**_NOBODY, "user": ME}],
    "channels": [_CHANNEL],
    "threads": [],
    "voice_states": [],
    "presences": [],
    "stage_instances": [],
    "guild_scheduled_events": [],
    "soundboard_sounds": [],
}


def _message(number: int, content: str, components: list[Any]) -> dict[str, Any]:
    return {
        "id": str(number),
        "channel_id": CHANNEL,
        "type": 20,
        "content": content,
        "author": ME,
        "application_id": APPLICATION,
        "webhook_id": APPLICATION,
        "attachments": [],
        "embeds": [],
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "pinned": False,
        "tts": False,
        "timestamp": "2026-12-01T10:00:00.000000+00:00",
        "edited_timestamp": None,
        "flags": EPHEMERAL,
        "components": components,
        "interaction_metadata": {
            "id": str(number - 1),
            "type": COMMAND,
            "user": _user(1_200_000_000_000_000_000, "ana"),
            "authorizing_integration_owners": {"0": GUILD},
            "name": "status",
            "command_type": 1,
        },
    }


def _buttons(custom_id: str) -> list[Any]:
    ours = {"type": 2, "id": 2, "style": 2, "label": "Check", "custom_id": f"c{custom_id[1:]}"}
    return [{"type": 1, "id": 1, "components": [{**ours, "id": 3, "label": "Pledge", "custom_id": custom_id}, ours]}]


def interaction(number: int, token: str, what: dict[str, Any]) -> dict[str, Any]:
    """Make one: somebody sends a command, {"name": …, "options": {…}}, or presses a button, {"press": custom id}."""
    if "press" in what:
        kind, data = PRESS, {"id": 3, "component_type": 2, "custom_id": what["press"]}
        more = {"message": _message(number - 1, TERMS, _buttons(what["press"]))}
    else:
        options = [{"name": name, "type": 3, "value": value} for name, value in what["options"].items()]
        kind, more = COMMAND, {}
        data = {"id": "1100000000000000077", "name": what["name"], "type": 1, "options": options}
    member = {
        **_NOBODY,
        "user": _user(what["person"], "ana"),
        "nick": None,
        "avatar": None,
        "banner": None,
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "permissions": "2248473465835073",
        "unusual_dm_activity_until": None,
    }
    return {
        "id": str(number),
        "application_id": APPLICATION,
        "type": kind,
        "data": data,
        "guild_id": GUILD,
        "guild": {"id": GUILD, "locale": "en-US", "features": []},
        "channel_id": CHANNEL,
        "channel": {**_CHANNEL, "permissions": "2248473465835073"},
        "member": member,
        "token": token,
        "version": 1,
        "app_permissions": "2248473465835073",
        "locale": "en-US",
        "guild_locale": "en-US",
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": {"0": GUILD},
        "context": 0,
        "attachment_size_limit": 10_485_760,
        **more,
    }


# -- what is answered -------------------------------------------------------------------------------------

_HEADERS = (
    b"Date: Tue, 01 Dec 2026 10:00:00 GMT\r\nConnection: keep-alive\r\n"
    b"strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n"
    b"x-ratelimit-bucket: 3cd1f278bd0ecaf11e0d2391c6cbb5f2\r\nx-ratelimit-limit: 5\r\nx-ratelimit-remaining: 4\r\n"
    b"x-ratelimit-reset: 1796119201.000\r\nx-ratelimit-reset-after: 1.000\r\nvia: 1.1 google\r\n"
    b"cf-cache-status: DYNAMIC\r\nx-content-type-options: nosniff\r\nserver: cloudflare\r\n"
    b"cf-ray: 8d1f278bd0ecaf11-EWR\r\n"
)


def _http(body: Any, status: bytes = b"200 OK") -> bytes:
    content = json.dumps(body, ensure_ascii=False).encode()
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % (status, len(content))
    return head + _HEADERS + b"\r\n" + content


def _called_back(kind: int) -> bytes:
    number = 1_500_000_000_000_000_000
    about = {"id": str(number), "type": COMMAND, "response_message_id": str(number + 1)}
    about |= {"response_message_loading": kind == THINKING, "response_message_ephemeral": True}
    resource: dict[str, Any] = {"type": kind}
    if kind in {MESSAGE, UPDATED}:
        resource["message"] = _message(number + 1, "ok", [])
    return _http({"interaction": about, "resource": resource})


CALLED_BACK = {kind: _called_back(kind) for kind in (MESSAGE, THINKING, UNCHANGED, UPDATED)}
NOTHING = b"HTTP/1.1 204 No Content\r\n" + _HEADERS + b"\r\n"
EDITED = _http(_message(1_500_000_000_000_000_001, TERMS, _buttons("w:ABCDEFGHJKMNPQRSTVWX")))
TWICE = _http({"message": "Interaction has already been acknowledged.", "code": 40060}, b"400 Bad Request")
SAID = _http(_message(1_500_000_000_000_000_001, TERMS, []))
TOO_MANY = _http(
    {"message": "You are being rate limited.", "retry_after": 0.3, "global": True}, b"429 Too Many Requests"
).replace(b"Date:", b"X-RateLimit-Global: true\r\nRetry-After: 1\r\nDate:")
UNKNOWN = _http({"message": "Unknown Webhook", "code": 10015}, b"404 Not Found")
STARTS = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
FIXED = {
    f"{API}/users/@me": _http(ME),
    f"{API}/oauth2/applications/@me": _http(ABOUT),
    f"{API}/applications/@me": _http(ABOUT),
    f"{API}/gateway/bot": _http({"url": "wss://there.is.none", "shards": 1, "session_start_limit": STARTS}),
}


# -- the server -------------------------------------------------------------------------------------------


class Act:
    """One interaction, and what came of it."""

    def __init__(self, frame: bytes) -> None:
        self.frame = frame
        self.sent = self.called_back = self.answered = 0.0
        self.callback: tuple[int, int] | None = None  #: its kind and its flags
        self.shown: Any = None

    def outcome(self) -> list[Any]:
        """Say what came: kind and flags of the callback, the seconds until it and until the answer, the answer."""
        kind, flags = self.callback or (0, 0)
        return [kind, flags, self.called_back - self.sent, self.answered - self.sent, self.shown]


class Bot:
    """What the server knows of one bot."""

    def __init__(self) -> None:
        self.gateway: Callable[[dict[str, Any] | bytes], None] | None = None
        self.curious: list[Callable[[], None]] = []
        self.acts: dict[bytes, Act] = {}
        self.waiting: Iterator[Act] = iter(())
        self.left = 0
        self.began = self.ended = 0.0
        self.tell: Callable[[], None] | None = None

    def connected(self, gateway: Callable[[dict[str, Any] | bytes], None]) -> None:
        """Note where interactions go."""
        self.gateway = gateway
        while self.curious:
            self.curious.pop()()

    def when_connected(self, tell: Callable[[], None]) -> None:
        """Tell somebody, now or later."""
        self.curious.append(tell)
        if self.gateway is not None:
            self.connected(self.gateway)

    def begin(self, outstanding: int, now: float) -> None:
        """Let the first people act."""
        self.waiting = iter(self.acts.values())
        self.left = len(self.acts)
        self.began = now
        for _ in range(outstanding):
            self.next(now)

    def next(self, now: float) -> None:
        """Let one more person act, if anybody is left."""
        act = next(self.waiting, None)
        if act is not None and self.gateway is not None:
            act.sent = now
            self.gateway(act.frame)

    def answer(self, act: Act, shown: Any, now: float) -> None:
        """Note an answer."""
        first = act.shown is None
        act.shown, act.answered = shown, now
        if first:
            self.left -= 1
            self.ended = now
            self.next(now)
            if not self.left and self.tell is not None:
                self.tell()


class Discord:
    """All bots, and the interactions whose tokens are valid."""

    def __init__(self) -> None:
        self.bots: defaultdict[str, Bot] = defaultdict(Bot)
        self.acts: dict[bytes, tuple[Bot, Act]] = {}
        self.number = 1_400_000_000_000_000_000

    def load(self, bot: Bot, acts: list[dict[str, Any]]) -> None:
        """Make interactions ready."""
        bot.acts.clear()
        self.acts.clear()
        for what in acts:
            self.number += 1 << 22
            token = base64.urlsafe_b64encode(f"interaction:{self.number}:{'Zx8' * 40}".encode()).rstrip(b"=")
            made = interaction(self.number, token.decode(), what)
            # the s is the gateway's count; that it stands still is nothing a bot would notice before it resumes
            frame = json.dumps({"t": "INTERACTION_CREATE", "s": 3, "op": 0, "d": made}, ensure_ascii=False).encode()
            bot.acts[token] = act = Act(frame)
            self.acts[token] = bot, act


class Channels:
    """What is said in channels, by all bots together: fifty calls in any second, answered from so many seconds away."""

    def __init__(self, away: float) -> None:
        self.away = away
        self.calls: deque[float] = deque(maxlen=CALLS_A_SECOND)
        self.messages = self.floods = 0
        self.heard: set[str] = set()
        self.spread: list[float] = []  #: when the newest channel has heard its first message, and how many there were

    def message(self, path: str, now: float) -> bytes:
        """Take a message, or refuse it."""
        if len(self.calls) == CALLS_A_SECOND and now < self.calls[0] + 1:
            self.floods += 1
            return TOO_MANY
        self.calls.append(now)
        self.messages += 1
        if path not in self.heard:
            self.heard.add(path)
            self.spread = [now, self.messages]
        return SAID


class Connection(asyncio.Protocol):
    """One connection; requests on it come one after another, or else it becomes a gateway."""

    def __init__(self, discord: Discord, channels: Channels) -> None:
        self._discord = discord
        self._channels = channels
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._read = self._read_http
        self._deflate: Callable[[bytes], bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request, or frame, that is complete."""
        self._received += data
        while self._received and self._read():
            pass

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)

    # -- REST ---------------------------------------------------------------------------------------------

    def _read_http(self) -> bool:
        received = self._received
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return False
        length = _LENGTH.search(received, 0, end)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(received) < whole:
            return False
        body = received[end + 4 : whole]
        self._received = received[whole:]
        answers = _ANSWERS.match(received)
        if answers:
            self._answered(answers, body, with_response=_WITH_RESPONSE in received[answers.end() : answers.end() + 40])
        elif key := _WEBSOCKET.search(received, 0, end):
            self._upgrade(key[1], compressed=b"compress=zlib-stream" in received[:end])
        else:
            request = _REQUEST.match(received)
            assert request is not None, received[:100]  # noqa: S101
            self._asked(request[1].decode(), request[2].decode(), body)
        return True

    def _answered(self, answers: re.Match[bytes], body: bytes, *, with_response: bool) -> None:
        now = self._loop.time()
        known = self._discord.acts.get(answers["token"])
        if known is None:
            self._send(UNKNOWN)
            return
        bot, act = known
        said = json.loads(body)
        if not answers["callback"]:
            self._send(EDITED if act.callback else UNKNOWN)
            if act.callback:
                bot.answer(act, said, now)
        elif act.callback:
            self._send(TWICE)
        else:
            kind = said["type"]
            act.callback = kind, said.get("data", {}).get("flags", 0)
            act.called_back = now
            self._send(CALLED_BACK[kind] if with_response else NOTHING)
            if kind in {MESSAGE, UPDATED}:
                bot.answer(act, said["data"], now)

    def _asked(self, method: str, url: str, body: bytes) -> None:
        path, _, query = url.partition("?")
        if path in FIXED:
            self._send(FIXED[path])
        elif path.endswith("/messages") and method == "POST":
            answer = self._channels.message(path, self._loop.time())
            self._loop.call_later(self._channels.away, self._send, answer)
        elif path == "/bench/said":
            said = self._channels
            self._send(_http([said.messages, said.floods, len(said.heard), *said.spread]))
        elif path.startswith("/bench/"):
            self._bench(self._discord.bots[path.rpartition("/")[2]], query, body)
        elif path.endswith("/commands"):
            told = json.loads(body) if method == "PUT" else []
            about = {"application_id": APPLICATION, "version": "1", "default_member_permissions": None}
            self._send(_http([{**about, "id": str(number), **row} for number, row in enumerate(told, 1)]))
        else:
            self._send(NOTHING)

    def _bench(self, bot: Bot, query: str, body: bytes) -> None:
        """Do what the bench itself asks: say when a bot has connected, load interactions, let so many happen."""
        if not body and not query:
            bot.when_connected(lambda: self._send(NOTHING))
            return
        if body:
            self._discord.load(bot, json.loads(body))
            self._send(_http(len(bot.acts)))
            return
        outstanding, patience = map(float, query.split("&"))

        def tell() -> None:
            bot.tell = None
            giving_up.cancel()
            self._send(_http([bot.ended - bot.began, [act.outcome() for act in bot.acts.values()]]))

        bot.tell = tell
        giving_up = self._loop.call_later(patience, tell)
        bot.begin(int(outstanding), self._loop.time())

    # -- the gateway --------------------------------------------------------------------------------------

    def _upgrade(self, key: bytes, *, compressed: bool) -> None:
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324
        self._send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept
        )
        self._read = self._read_frame
        if compressed:
            stream = zlib.compressobj()
            self._deflate = lambda data: stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
        self._tell({"op": 10, "d": {"heartbeat_interval": 41_250}})

    def _tell(self, what: dict[str, Any] | bytes) -> None:
        payload = what if isinstance(what, bytes) else json.dumps({"t": None, "s": None, **what}).encode()
        kind = 0x81
        if self._deflate is not None:
            payload, kind = self._deflate(payload), 0x82
        long = len(payload) > 125
        if len(payload) > 0xFFFF:
            head = struct.pack("!BBQ", kind, 127, len(payload))
        else:
            head = struct.pack("!BBH", kind, 126, len(payload)) if long else bytes([kind, len(payload)])
        self._send(head + payload)

    def _read_frame(self) -> bool:
        """Read a frame of the bot's: short or middling, masked, in one piece."""
        received = self._received
        if len(received) < 8:
            return False
        length, at = received[1] & 127, 2
        if length == 126:
            length, at = struct.unpack_from("!H", received, 2)[0], 4
        whole = at + 4 + length
        if len(received) < whole:
            return False
        mask = received[at : at + 4] * (length // 4 + 1)
        payload = bytes(a ^ b for a, b in zip(received[at + 4 : whole], mask, strict=False))
        self._received = received[whole:]
        if received[0] & 15 == 8:
            self._send(bytes([0x88, length]) + payload)
            self._transport.close()
        else:
            self._told(json.loads(payload))
        return True

    def _told(self, what: dict[str, Any]) -> None:
        if what["op"] == 1:
            self._tell({"op": 11})
        elif what["op"] == 2:
            host, port = self._transport.get_extra_info("sockname")[:2]
            ready = {"v": 10, "user": ME, "session_id": "bench", "resume_gateway_url": f"ws://{host}:{port}"}
            ready |= {"guilds": [{"id": GUILD, "unavailable": True}], "application": {"id": APPLICATION, "flags": 0}}
            self._tell({"op": 0, "t": "READY", "s": 1, "d": ready})
            self._tell({"op": 0, "t": "GUILD_CREATE", "s": 2, "d": _GUILD})
            self._discord.bots[what["d"]["token"]].connected(self._tell)


async def serve(away: float) -> None:
    """Serve until ended; messages are answered after so many seconds, as if from far away."""
    make = partial(Connection, Discord(), Channels(away))
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
