"""Telegram as a bot sees it, on a loopback port: people who talk to the bot, calls it makes, and what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import math
import mimetypes
import re
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, ClientError, ClientSession, ClientTimeout, MultipartReader, StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from multidict import CIMultiDictProxy

from bot.process.clock import real_clock
from tests.processes import PATIENCE_S
from tests.telegram import schema

Json = dict[str, Any]
Kind = Literal["private", "group", "supergroup", "channel"]
T = TypeVar("T")

TOKEN = "7654321098:AAF-a_token_that_opens_nothing_at_all_0"
BOT_ID = 7_654_321_098
BOT: Json = {"id": BOT_ID, "is_bot": True, "first_name": "AllOut", "username": "allout_test_bot"}
MOST_UPDATES = 100
UNLIMITED = 10_000
"""Messages a second for a bot at a server without limits, which need not be waited for."""

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
RESENT_S = 0.05
"""After a delivery that failed; twice as long after each that fails again. Telegram's own is a second."""

MOST_RESENT_S = 0.5
LARGEST_DOWNLOAD = 20 * 1024 * 1024
HERE = {"creator", "administrator", "member", "restricted"}

_ONLY_IF_ASKED = {"chat_member", "message_reaction", "message_reaction_count"}
_COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,32}(?:@\w+)?")
_AS_TEXT = {
    "text", "caption", "parse_mode", "language_code", "callback_query_id", "file_id", "url", "description",
    "short_description", "secret_token", "document", "ip_address",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that came with a call."""

    filename: str
    content_type: str
    data: bytes


@dataclass(kw_only=True)
class Request:
    """One call of the bot, as it arrived, and what became of it."""

    method: str
    params: Json  #: decoded: numbers, truth values and JSON as what they mean, texts as they are
    wire: dict[str, str]  #: the same, as they were sent
    files: dict[str, Upload]
    verb: str
    headers: Mapping[str, str]
    body: bytes
    at: float  #: by the server's clock
    status: int | None = None  #: of the answer; None until there is one, or if it was dropped
    refusal: str = ""  #: what the answer said, where it was a no
    applied: bool = False


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """An update that was brought to a webhook."""

    update: int
    status: int  #: 0: nobody answered
    retry_after: str | None = None


@dataclass(kw_only=True)
class Room:
    """A chat as it stands: deleted messages are gone, edited ones are as edited."""

    id: int
    kind: Kind
    title: str
    messages: dict[int, Json] = field(default_factory=dict)
    bot: str = "member"  #: the bot's own status here
    members: dict[int, str] = field(default_factory=dict)
    upgraded_to: int | None = None
    next_message: int = 1
    topics: dict[int, bool] = field(default_factory=dict)  #: of a forum: whether each is open
    general_open: bool = True  #: the topic without a number
    direct: bool = False  #: a channel's direct messages
    may_write: bool = True  #: the bot, as far as its status lets it

    @property
    def chat(self) -> Json:
        """What Telegram shows of the chat in a message."""
        called = "first_name" if self.kind == "private" else "title"
        more = {"is_forum": True} if self.topics else {}
        return {"id": self.id, "type": self.kind, called: self.title} | more | self._direct

    @property
    def _direct(self) -> Json:
        return {"is_direct_messages": True} if self.direct else {}

    @property
    def from_bot(self) -> list[Json]:
        """The bot's messages, oldest first."""
        return [message for message in self.messages.values() if message.get("from", {}).get("id") == BOT_ID]

    @property
    def texts(self) -> list[str]:
        """The bot's texts, oldest first."""
        return [message["text"] for message in self.from_bot if "text" in message]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with one call. The functions below make the usual ones."""

    answer: tuple[int, bytes] | None = None  #: given in place of the true answer
    applied: bool = False  #: whether the call takes effect nonetheless
    dropped: bool = False  #: the connection is cut instead of answering
    delay: float = 0  #: seconds before anything else
    until: asyncio.Event | None = None  #: waited for before anything else


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Telegram's limits on sending; `slack` seconds are forgiven for what the wire adds."""

    overall_a_second: int = 30
    chat_a_second: int = 1
    group_a_minute: int = 20
    slack: float = 0.05
    methods: frozenset[str] = frozenset(
        {"sendMessage", "sendDocument", "sendPhoto", "editMessageText", "editMessageMedia", "editMessageReplyMarkup"}
    )


class Refused(Exception):  # noqa: N818  Telegram's no, not a failure
    """An answer that says no."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        self.status = status
        self.body: Json = {"ok": False, "error_code": status, "description": description}
        if parameters:
            self.body["parameters"] = parameters


def refused(status: int, description: str, *, applied: bool = False, **parameters: int) -> Fault:
    """Answer no."""
    return Fault(answer=(status, json.dumps(Refused(status, description, **parameters).body).encode()), applied=applied)


def flood(retry_after: int) -> Fault:
    """Answer 429: too many, try again in so many seconds."""
    return refused(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def broken(status: int = 500, body: bytes | None = None, *, applied: bool = False) -> Fault:
    """Answer that the server is broken, with a body of any kind."""
    fault = refused(status, "Internal Server Error", applied=applied)
    return fault if body is None else Fault(answer=(status, body), applied=applied)


def blocked() -> Fault:
    """Answer 403: the person has blocked the bot."""
    return refused(403, "Forbidden: bot was blocked by the user")


def kicked(kind: Kind = "supergroup") -> Fault:
    """Answer 403: the bot was thrown out of the chat."""
    return refused(403, f"Forbidden: bot was kicked from the {_spoken(kind)} chat")


def upgraded(new_id: int) -> Fault:
    """Answer 400: the group lives on as a supergroup."""
    return refused(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=new_id)


def unauthorized() -> Fault:
    """Answer 401: the token is no longer valid."""
    return refused(401, "Unauthorized")


def not_found() -> Fault:
    """Answer 404."""
    return refused(404, "Not Found")


def dropped() -> Fault:
    """Cut the connection; nothing has happened."""
    return Fault(dropped=True)


def lost() -> Fault:
    """Do as asked, then cut the connection without an answer."""
    return Fault(dropped=True, applied=True)


def late(seconds: float) -> Fault:
    """Do as asked, after a while."""
    return Fault(delay=seconds, applied=True)


def held(until: asyncio.Event) -> Fault:
    """Do as asked, once the event is set."""
    return Fault(until=until, applied=True)


class TelegramServer:
    """Speaks the Bot API to one bot. What people do is a plain method; each gives the number of its update.

    Left and entered again, it listens on the same port and remembers everything, as after an outage.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        username: str = "allout_test_bot",
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        checked: bool = True,
    ) -> None:
        self.token = token
        self.bot = BOT | {"id": int(token.partition(":")[0]), "username": username}
        self.requests: list[Request] = []
        self.chats: dict[int, Room] = {}
        self.callbacks: dict[str, Json | None] = {}  #: what each button press was answered; None: not yet
        self.commands: dict[tuple[str, str], list[Json]] = {}  #: by scope, as JSON, and language
        self.descriptions: dict[str, str] = {}  #: by language
        self.short_descriptions: dict[str, str] = {}
        self.webhook: Json | None = None
        self.doors: dict[str, str] = {}  #: where a webhook's address leads, as its reverse proxy has it
        self.deliveries: list[Delivered] = []
        self.most_at_once = 0  #: deliveries under way
        self.files: dict[str, tuple[str, bytes]] = {}  #: by file_id: path and contents
        self.updates: dict[int, Json] = {}  #: every update there ever was
        self.violations: list[str] = []  #: where calls differ from Telegram's own table
        self.floods: list[tuple[str, int]] = []  #: calls beyond the limits: which limit, which chat
        self.conflicts = 0  #: long polls that ended because of another
        self.peers: set[tuple[str, int]] = set()  #: every connection there ever was
        self.limits = limits
        self.ahead = timedelta()  #: how far its clock is ahead of this machine's
        self._clock = clock
        self._schema = schema.load() if checked else None
        self._pending: list[Json] = []
        self._again: list[Json] = []
        self._allowed: set[str] | None = None
        self._under_way: dict[object, asyncio.Task[None]] = {}  #: deliveries, by whose turn they are
        self._delivering: asyncio.Task[None] | None = None
        self._webhook_error: Json = {}
        self._poll = 0
        self._closing = False
        self._changed_event = asyncio.Event()
        self._faults: dict[str, deque[tuple[int | None, Fault]]] = defaultdict(deque)
        self._sent: dict[int | None, deque[float]] = defaultdict(lambda: deque(maxlen=1000))
        self._people: dict[int, Json] = {}
        self._numbers: Counter[str] = Counter()
        self._first_update = itertools.count(100_000_001)
        self._runner: web.AppRunner | None = None
        self._port = 0

    # ---- as a server

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        app.on_response_prepare.append(self._tell_time)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._closing = False
        self._delivering = asyncio.create_task(self._deliver())
        return self

    async def _tell_time(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(real_clock() + self.ahead, usegmt=True)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._changed()
        for task in filter(None, [self._delivering, *self._under_way.values()]):
            task.cancel()
            await asyncio.wait([task])
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def origin(self) -> str:
        """Where the server is: scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """What a Bot takes as its `base_url`."""
        return f"{self.origin}/bot"

    @property
    def base_file_url(self) -> str:
        """What a Bot takes as its `base_file_url`."""
        return f"{self.origin}/file/bot"

    async def wait_for(self, predicate: Callable[[], T], timeout: float = PATIENCE_S) -> T:  # noqa: ASYNC109  as asyncio's own
        """Wait until something is true here; looks again after each change, and gives what it found."""
        try:
            async with asyncio.timeout(timeout):
                while not (found := predicate()):
                    await self._changed_event.wait()
        except TimeoutError:
            recent = ", ".join(f"{request.method} -> {request.status}" for request in self.requests[-10:])
            raise AssertionError(f"it did not come true in {timeout} s; last calls: {recent or 'none'}") from None
        return found

    def called(self, method: str) -> list[Request]:
        """Every call of this method so far."""
        return [request for request in self.requests if request.method == method]

    def plan(self, method: str, *faults: Fault, chat: int | None = None, times: int = 1) -> None:
        """Let the next calls of a method go wrong, one fault each; with `chat`, only calls for that chat."""
        self._faults[method].extend((chat, fault) for fault in faults * times)

    def heal(self) -> None:
        """Let nothing more go wrong of what was planned."""
        self._faults.clear()

    # ---- as people

    def person(self, user_id: int | None = None, *, name: str | None = None, language: str | None = None) -> int:
        """Make somebody who has started a chat with the bot, and give their id, which is the chat's too."""
        user = self._known(user_id or 5_000_000_000 + self._next("person"))
        user |= {key: value for key, value in (("first_name", name), ("language_code", language)) if value}
        self.chats.setdefault(user["id"], Room(id=user["id"], kind="private", title=user["first_name"]))
        return int(user["id"])

    def room(self, kind: Kind = "supergroup", *, title: str = "", members: Iterable[int] = ()) -> int:
        """Make a chat that the bot and these people are in, without an update of it, and give its id."""
        number = self._next("room")
        chat = -4_000_000_000 - number if kind == "group" else -1_002_000_000_000 - number
        title = title or f"Committee {number}."
        bot = "administrator" if kind == "channel" else "member"  # in a channel a bot can be nothing else
        self.chats[chat] = Room(id=chat, kind=kind, title=title, bot=bot, members=dict.fromkeys(members, "member"))
        return chat

    def topic(self, chat: int) -> int:
        """Open a topic in a supergroup, which is a forum from then on, and give the number of its thread."""
        room = self.chats[chat]
        number = room.next_message
        room.next_message += 1
        room.topics[number] = True
        return number

    def say(self, user_id: int, text: str, chat: int | None = None, *, topic: int | None = None, **more: object) -> int:
        """Say something to the bot, or in a chat, where it hears everything; in a channel, the channel says it.

        `more` stands in the message as it is.
        """
        entities = [
            {
                "type": "bot_command",
                "offset": schema.utf16(text[: command.start()]),
                "length": schema.utf16(command[0]),
            }
            for command in _COMMAND.finditer(text)
        ]
        where = {} if topic is None else {"message_thread_id": topic, "is_topic_message": True}
        return self._post(user_id, chat, {"text": text} | ({"entities": entities} if entities else {}) | where | more)

    def upload(
        self,
        user_id: int,
        filename: str,
        data: bytes,
        caption: str | None = None,
        media_group_id: str | None = None,
        *,
        chat: int | None = None,
    ) -> int:
        """Send the bot a file."""
        content: Json = {"document": self._stored(filename, data)}
        if caption is not None:
            content["caption"] = caption
        if media_group_id is not None:
            content["media_group_id"] = media_group_id
        return self._post(user_id, chat, content)

    def press(self, message: Json, label: str, user_id: int | None = None) -> int:
        """Press a button that the person sees, even if the message has been changed or deleted since."""
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        buttons = {button["text"]: button for row in rows for button in row}
        if label not in buttons:
            raise LookupError(f"no button {label!r} among {list(buttons)}")
        room = self.chats[message["chat"]["id"]]
        query = str(4_000_000_000_000_000_000 + self._next("callback"))
        self.callbacks[query] = None
        gone = {"chat": room.chat, "message_id": message["message_id"], "date": 0}
        return self._happens(
            "callback_query",
            {
                "id": query,
                "from": dict(self._known(room.id if user_id is None else user_id)),
                "message": dict(room.messages.get(message["message_id"], gone)),
                "chat_instance": str(room.id),
                "data": buttons[label]["callback_data"],
            },
        )

    def member(self, chat: int, status: str, by: int | None = None) -> int:
        """Change what the bot is in a chat; in a private one, `kicked` means that the person has blocked it."""
        room = self.chats[chat]
        before, room.bot = room.bot, status
        who = by if by is not None else chat if room.kind == "private" else self.person()
        return self._happens(
            "my_chat_member",
            {
                "chat": room.chat,
                "from": dict(self._known(who)),
                "date": int(time.time()),
                "old_chat_member": _membership(BOT, before),
                "new_chat_member": _membership(BOT, status),
            },
        )

    def upgrade(self, group: int) -> int:
        """Turn a group into a supergroup, as Telegram does when it grows, and give the new chat's id."""
        old = self.chats[group]
        new = self.room("supergroup", title=old.title)
        self.chats[new].members = dict(old.members)
        old.upgraded_to = new
        who = next(iter(old.members), None) or self.person()
        self._post(who, group, {"migrate_to_chat_id": new})
        self._post(who, new, {"migrate_from_chat_id": group})
        return new

    def raw(self, update: Json) -> int:
        """Deliver an update of any shape; it gets a number if it has none."""
        number: int = update.setdefault("update_id", next(self._first_update))
        self.updates[number] = update
        self._pending.append(update)
        self._changed()
        return number

    def duplicate(self, update_id: int) -> int:
        """Deliver an update once more, even if it was confirmed."""
        self._again.append(dict(self.updates[update_id]))
        self._changed()
        return update_id

    @property
    def unconfirmed(self) -> list[int]:
        """The updates that the bot has not confirmed."""
        return [update["update_id"] for update in self._pending]

    # ---- what happens inside

    def _changed(self) -> None:
        self._changed_event.set()
        self._changed_event = asyncio.Event()

    def _known(self, user_id: int) -> Json:
        """Give somebody as Telegram shows them; in a group they need not have started a chat of their own."""
        bare = {"id": user_id, "is_bot": False, "first_name": f"Person {user_id % 1000}", "language_code": "en"}
        return self.bot if user_id in {BOT_ID, self.bot["id"]} else self._people.setdefault(user_id, bare)

    def _next(self, name: str) -> int:
        self._numbers[name] += 1
        return self._numbers[name]

    def _happens(self, kind: str, content: Json) -> int:
        number = next(self._first_update)
        update = {"update_id": number, kind: content}
        self.updates[number] = update
        if (kind in self._allowed) if self._allowed else (kind not in _ONLY_IF_ASKED):
            self._pending.append(update)
        self._changed()
        return number

    def _post(self, user_id: int, chat: int | None, content: Json) -> int:
        if chat is None or chat == user_id:
            room = self.chats[self.person(user_id)]
        else:
            room = self.chats[chat]
            room.members.setdefault(user_id, "member")
        if room.kind == "channel":
            return self._happens("channel_post", self._kept(room, {"sender_chat": room.chat} | content))
        return self._happens("message", self._kept(room, {"from": dict(self._known(user_id))} | content))

    def _kept(self, room: Room, content: Json) -> Json:
        number = room.next_message
        room.next_message += 1
        message = {"message_id": number, "chat": room.chat, "date": int(time.time())} | content
        room.messages[number] = message
        self._changed()
        return dict(message)

    def _stored(self, filename: str, data: bytes) -> Json:
        number = self._next("file")
        file_id = f"BQACAgIAAxkBAAI{number:06d}"
        suffix = filename.rpartition(".")[2] if "." in filename else "bin"
        self.files[file_id] = (f"documents/file_{number}.{suffix}", data)
        return {
            "file_id": file_id,
            "file_unique_id": f"AgAD{number:06d}",
            "file_name": filename,
            "mime_type": mimetypes.guess_type(filename)[0] or "application/octet-stream",
            "file_size": len(data),
        }

    # ---- a call

    async def _serve(self, http: web.Request) -> web.Response:
        request = await self._read(http)
        self.requests.append(request)
        self._changed()
        if self._schema is not None:
            self.violations += self._schema.wrong_in_call(request.method, request.wire, request.files)
        fault = self._fault(request)
        await asyncio.sleep(fault.delay)
        if fault.until is not None:
            await fault.until.wait()
        status, body = 200, b""
        if fault.applied:
            status, body = await self._outcome(request, http.match_info["token"])
            request.applied = status == 200
            there = http.transport is not None and not http.transport.is_closing()
            self.conflicts += status == 409 and there  # a poll that the bot gave up is none
        if fault.dropped:
            if http.transport is not None:
                http.transport.abort()
            self._changed()
            return web.Response()
        if fault.answer is not None:
            status, body = fault.answer
        if status != 200:
            request.refusal = body.decode(errors="replace")
        request.status = status
        self._changed()
        return web.Response(status=status, body=body, content_type="application/json")

    async def _read(self, http: web.Request) -> Request:
        if http.transport is not None:
            self.peers.add(http.transport.get_extra_info("peername"))
        body = await http.read()
        wire = dict(http.query)
        files: dict[str, Upload] = {}
        if http.content_type == "multipart/form-data":
            await _read_parts(http.headers, body, wire, files)
        elif http.content_type == "application/json":
            sent = json.loads(body)
            wire |= {name: value if isinstance(value, str) else json.dumps(value) for name, value in sent.items()}
        else:
            wire |= parse_qsl(body.decode(), keep_blank_values=True)
        return Request(
            method=http.match_info["method"],
            params=_Params((name, _meant(name, value)) for name, value in wire.items()),
            wire=wire,
            files=files,
            verb=http.method,
            headers=http.headers.copy(),
            body=body,
            at=self._clock(),
        )

    def _fault(self, request: Request) -> Fault:
        planned = self._faults[request.method]
        for entry in planned:
            chat, fault = entry
            if chat is None or chat == request.params.get("chat_id"):
                planned.remove(entry)
                return fault
        return Fault(applied=True)

    async def _outcome(self, request: Request, token: str) -> tuple[int, bytes]:
        try:
            result = await self._result(request, token)
        except Refused as no:
            return no.status, json.dumps(no.body).encode()
        except Exception as error:
            self.violations.append(f"{request.method}: nothing that Telegram could read: {error!r}")
            self._changed()
            raise
        return 200, json.dumps({"ok": True, "result": result}).encode()

    async def _result(self, request: Request, token: str) -> Any:
        if token != self.token:
            raise Refused(401, "Unauthorized")
        if request.method not in _METHODS:
            raise Refused(404, "Not Found")
        self._keep_within_limits(request)
        result = _METHODS[request.method](self, request)
        return await result if asyncio.iscoroutine(result) else result

    def _keep_within_limits(self, request: Request) -> None:
        limits = self.limits
        if limits is None or request.method not in limits.methods:
            return
        chat = request.params.get("chat_id")
        windows: list[tuple[str, int | None, float, int]] = [("overall", None, 1, limits.overall_a_second)]
        if isinstance(chat, int):
            windows.append(("chat", chat, 1, limits.chat_a_second))
            if chat < 0:
                windows.append(("group", chat, 60, limits.group_a_minute))
        for name, of, seconds, most in windows:
            within = [at for at in self._sent[of] if at > request.at - seconds + limits.slack]
            if len(within) >= most:
                self.floods.append((name, chat if isinstance(chat, int) else 0))
                wait = max(1, math.ceil(within[0] + seconds - request.at))
                raise Refused(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        for of in {of for _, of, _, _ in windows}:
            self._sent[of].append(request.at)

    async def _download(self, http: web.Request) -> web.Response:
        if http.match_info["token"] == self.token:
            for path, data in self.files.values():
                if path == http.match_info["path"]:
                    return web.Response(body=data)
        return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)

    # ---- updates

    async def _get_updates(self, request: Request) -> list[Json]:
        if self.webhook is not None:
            raise Refused(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        asked = request.params
        if "allowed_updates" in asked:
            self._allowed = set(asked["allowed_updates"]) or None
        self._confirm(asked.get("offset", 0))
        self._poll += 1  # ends the poll before this one
        mine = self._poll
        self._changed()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(asked.get("timeout", 0)):
                while not self._pending and not self._again and self._poll == mine and not self._closing:
                    await self._changed_event.wait()
        if self._poll != mine:
            raise Refused(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
        handed = self._pending[: min(asked.get("limit") or MOST_UPDATES, MOST_UPDATES)] + self._again
        self._again = []
        return handed

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self._pending = self._pending[offset:]
        else:
            self._pending = [update for update in self._pending if not _below(update, offset)]

    def _set_webhook(self, request: Request) -> bool:
        self._drop_pending(request)
        if request.params["url"] and not request.params["url"].startswith("https://"):
            raise Refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = dict(request.params) if request.params["url"] else None
        if "allowed_updates" in request.params:
            self._allowed = set(request.params["allowed_updates"]) or None
        self._webhook_error = {}
        self._poll += 1
        return True

    def _delete_webhook(self, request: Request) -> bool:
        self._drop_pending(request)
        self.webhook = None
        return True

    def _drop_pending(self, request: Request) -> None:
        if request.params.get("drop_pending_updates"):
            self._pending = []

    def _get_webhook_info(self, _: Request) -> Json:
        return {
            "url": self.webhook["url"] if self.webhook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self._pending),
            **self._webhook_error,
        }

    # ---- deliveries

    async def _deliver(self) -> None:
        """Bring updates to the webhook, if there is one, as Telegram's own server does.

        Those of one chat come in their order, and so do one person's presses: the next when the one before was taken.
        """
        async with ClientSession(timeout=ClientTimeout(PATIENCE_S)) as session:
            while True:
                changed = self._changed_event
                if self.webhook is not None and self.webhook["url"] in self.doors:
                    for update in [*self._pending, *self._again]:
                        turn = _turn(update)
                        if turn not in self._under_way and len(self._under_way) < self.webhook["max_connections"]:
                            self._under_way[turn] = asyncio.create_task(self._bring(session, turn, update))
                    self.most_at_once = max(self.most_at_once, len(self._under_way))
                await changed.wait()

    async def _bring(self, session: ClientSession, turn: object, update: Json) -> None:
        wait = RESENT_S
        try:
            while self.webhook is not None and (door := self.doors.get(self.webhook["url"])):
                delivered = await self._brought(session, door, self.webhook.get("secret_token", ""), update)
                self.deliveries.append(delivered)
                self._changed()
                if 200 <= delivered.status < 300:
                    self._pending = [each for each in self._pending if each is not update]
                    self._again = [each for each in self._again if each is not update]
                    return
                self._webhook_error = {
                    "last_error_date": int(real_clock().timestamp()),
                    "last_error_message": f"Wrong response from the webhook: {delivered.status} Something",
                }
                await asyncio.sleep(RESENT_S if delivered.retry_after else wait)
                wait = min(2 * wait, MOST_RESENT_S)
        finally:
            del self._under_way[turn]
            self._changed()

    async def _brought(self, session: ClientSession, door: str, secret: str, update: Json) -> Delivered:
        try:
            async with session.post(door, json=update, headers={SECRET_HEADER: secret}) as answer:
                again = answer.headers.get("Retry-After")
                return Delivered(update=update["update_id"], status=answer.status, retry_after=again)
        except (ClientError, TimeoutError):
            return Delivered(update=update["update_id"], status=0)

    # ---- messages

    def _reachable(self, request: Request) -> Room:
        room = self.chats.get(request.params["chat_id"])
        if room is None and request.params["chat_id"] in self._people:
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
        if room is None:
            raise Refused(400, "Bad Request: chat not found")
        if room.upgraded_to is not None:
            raise Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=room.upgraded_to,
            )
        if room.bot not in HERE:
            if room.kind == "private":
                raise Refused(403, "Forbidden: bot was blocked by the user")
            if room.bot == "kicked":
                raise Refused(403, f"Forbidden: bot was kicked from the {_spoken(room.kind)} chat")
            raise Refused(403, f"Forbidden: bot is not a member of the {_spoken(room.kind)} chat")
        return room

    def _send_message(self, request: Request) -> Json:
        room = self._reachable(request)
        content = _text(request) | _pick(request, "entities", "reply_markup", "link_preview_options")
        return self._kept(room, {"from": BOT} | content | self._where(room, request))

    def _where(self, room: Room, request: Request) -> Json:
        """Say where in a chat a message goes, or why it may not."""
        topic = request.params.get("message_thread_id")
        if room.direct and "direct_messages_topic_id" not in request.params:
            raise Refused(400, "Bad Request: direct messages topic must be specified")
        if room.kind == "channel" and room.bot != "administrator":
            raise Refused(400, "Bad Request: need administrator rights in the channel chat")
        if not room.may_write:
            raise Refused(400, "Bad Request: not enough rights to send text messages to the chat")
        if topic is None:
            if room.topics and not room.general_open:
                raise Refused(400, "Bad Request: TOPIC_CLOSED")
            return {}
        if topic not in room.topics:
            raise Refused(400, "Bad Request: message thread not found")
        if not room.topics[topic]:
            raise Refused(400, "Bad Request: TOPIC_CLOSED")
        return {"message_thread_id": topic, "is_topic_message": True}

    def _edit_message_text(self, request: Request) -> Json:
        # a keyboard that is not sent again is gone
        return self._edited(
            request, _text(request) | _pick(request, "entities", "reply_markup", "link_preview_options")
        )

    def _edit_message_media(self, request: Request) -> Json:
        media = request.params["media"]
        part = request.files.get(media["media"].removeprefix("attach://"))
        if media["type"] != "document" or part is None:
            raise Refused(400, "Bad Request: this server takes only documents that are uploaded")
        content = {"document": self._stored(part.filename, part.data), "caption": media.get("caption", "")}
        return self._edited(request, content | _pick(request, "reply_markup"))

    def _edit_message_reply_markup(self, request: Request) -> Json:
        kept = self._mine(request, "edit")
        stays = {name: kept[name] for name in ("text", "entities", "caption", "document", "photo") if name in kept}
        return self._edited(request, stays | _pick(request, "reply_markup"))

    def _edited(self, request: Request, content: Json) -> Json:
        before = self._mine(request, "edit")
        bare = {name: before[name] for name in ("message_id", "chat", "date", "from")}
        if content.get("reply_markup", {}).get("inline_keyboard") == []:
            del content["reply_markup"]
        if {name: value for name, value in before.items() if name != "edit_date"} == bare | content:
            raise Refused(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message",
            )
        after = bare | {"edit_date": int(time.time())} | content
        self.chats[before["chat"]["id"]].messages[before["message_id"]] = after
        return after

    def _mine(self, request: Request, doing: str) -> Json:
        message = self._reachable(request).messages.get(request.params["message_id"])
        if message is None:
            raise Refused(400, f"Bad Request: message to {doing} not found")
        if message.get("from") != BOT:
            raise Refused(400, f"Bad Request: message can't be {doing}ed")
        return message

    def _delete_message(self, request: Request) -> bool:
        room = self._reachable(request)
        message = room.messages.get(request.params["message_id"])
        if message is None:
            raise Refused(400, "Bad Request: message to delete not found")
        if message.get("from") != BOT and room.kind != "private" and room.bot != "administrator":
            raise Refused(400, "Bad Request: message can't be deleted")
        if message["date"] < time.time() - 48 * 3600:
            raise Refused(400, "Bad Request: message can't be deleted for everyone")
        del room.messages[message["message_id"]]
        return True

    def _delete_messages(self, request: Request) -> bool:
        room, wanted = self._reachable(request), request.params["message_ids"]
        if not 1 <= len(wanted) <= 100:
            raise Refused(400, "Bad Request: there must be from 1 to 100 message identifiers")
        found = [room.messages[number] for number in wanted if number in room.messages]
        if any(message["date"] < time.time() - 48 * 3600 for message in found):
            raise Refused(400, "Bad Request: message can't be deleted for everyone")
        for message in found:
            del room.messages[message["message_id"]]
        return True

    def _answer_callback_query(self, request: Request) -> bool:
        query = request.params["callback_query_id"]
        if query not in self.callbacks:
            raise Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self.callbacks[query] = request.params
        return True

    def _send_document(self, request: Request) -> Json:
        room = self._reachable(request)
        named = request.params.get("document", "attach://document")
        if named.startswith("attach://"):
            part = request.files.get(named.removeprefix("attach://"))
            if part is None:
                raise Refused(400, "Bad Request: there is no document in the request")
            document = self._stored(part.filename, part.data)
        elif named in self.files:
            document = {"file_id": named, "file_unique_id": f"AgAD{named[-6:]}"}
        else:
            raise Refused(400, "Bad Request: wrong remote file identifier specified")
        content = {"document": document} | _captioned(request)
        return self._kept(room, {"from": BOT} | content)

    def _send_photo(self, request: Request) -> Json:
        room = self._reachable(request)
        part = request.files.get(request.params.get("photo", "attach://photo").removeprefix("attach://"))
        if part is None:
            raise Refused(400, "Bad Request: there is no photo in the request")
        stored = self._stored(part.filename, part.data)
        size = {name: stored[name] for name in ("file_id", "file_unique_id", "file_size")}
        return self._kept(room, {"from": BOT, "photo": [size | {"width": 1080, "height": 1080}]} | _captioned(request))

    def _get_file(self, request: Request) -> Json:
        file_id = request.params["file_id"]
        if file_id not in self.files:
            raise Refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        path, data = self.files[file_id]
        if len(data) > LARGEST_DOWNLOAD:
            raise Refused(400, "Bad Request: file is too big")
        return {
            "file_id": file_id,
            "file_unique_id": f"AgAD{file_id[-6:]}",
            "file_size": len(data),
            "file_path": path,
        }

    # ---- chats and the bot itself

    def _get_me(self, _: Request) -> Json:
        return self.bot | {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def _get_chat(self, request: Request) -> Json:
        gifts = dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
        )
        extra = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
        return self._reachable(request).chat | extra

    def _get_chat_member(self, request: Request) -> Json:
        room = self._reachable(request)
        user_id = request.params["user_id"]
        if user_id in {BOT_ID, self.bot["id"]}:
            posts = room.kind == "channel" and room.bot == "administrator"
            rights: Json = {"can_post_messages": room.may_write} if posts else {}
            if room.bot == "restricted":
                rights["can_send_messages"] = room.may_write
            return _membership(BOT, room.bot) | rights
        if user_id not in self._people:
            raise Refused(400, "Bad Request: PARTICIPANT_ID_INVALID")
        private = "member" if room.id == user_id else "left"
        return _membership(self._people[user_id], room.members.get(user_id, private))

    def _leave_chat(self, request: Request) -> bool:
        room = self._reachable(request)
        if room.kind == "private":
            raise Refused(400, "Bad Request: chat member status can't be changed in private chats")
        self.member(room.id, "left", by=BOT_ID)
        return True

    def _set_my_commands(self, request: Request) -> bool:
        for command in request.params["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands[self._scope(request)] = request.params["commands"]
        return True

    def _get_my_commands(self, request: Request) -> list[Json]:
        return self.commands.get(self._scope(request), [])

    def _delete_my_commands(self, request: Request) -> bool:
        self.commands.pop(self._scope(request), None)
        return True

    def _scope(self, request: Request) -> tuple[str, str]:
        scope = request.params.get("scope") or {"type": "default"}
        if "chat_id" in scope and scope["chat_id"] not in self.chats:
            raise Refused(400, "Bad Request: chat not found")
        return json.dumps(scope, sort_keys=True), _language(request)

    def _set_my_description(self, request: Request) -> bool:
        self.descriptions[_language(request)] = request.params.get("description", "")
        return True

    def _get_my_description(self, request: Request) -> Json:
        return {"description": _in_language(self.descriptions, request)}

    def _set_my_short_description(self, request: Request) -> bool:
        self.short_descriptions[_language(request)] = request.params.get("short_description", "")
        return True

    def _get_my_short_description(self, request: Request) -> Json:
        return {"short_description": _in_language(self.short_descriptions, request)}


_METHODS: Mapping[str, Callable[[TelegramServer, Request], Any]] = {
    "getMe": TelegramServer._get_me,
    "getUpdates": TelegramServer._get_updates,
    "setWebhook": TelegramServer._set_webhook,
    "deleteWebhook": TelegramServer._delete_webhook,
    "getWebhookInfo": TelegramServer._get_webhook_info,
    "sendMessage": TelegramServer._send_message,
    "editMessageText": TelegramServer._edit_message_text,
    "editMessageMedia": TelegramServer._edit_message_media,
    "editMessageReplyMarkup": TelegramServer._edit_message_reply_markup,
    "deleteMessage": TelegramServer._delete_message,
    "deleteMessages": TelegramServer._delete_messages,
    "answerCallbackQuery": TelegramServer._answer_callback_query,
    "sendDocument": TelegramServer._send_document,
    "sendPhoto": TelegramServer._send_photo,
    "getFile": TelegramServer._get_file,
    "getChat": TelegramServer._get_chat,
    "getChatMember": TelegramServer._get_chat_member,
    "leaveChat": TelegramServer._leave_chat,
    "setMyCommands": TelegramServer._set_my_commands,
    "getMyCommands": TelegramServer._get_my_commands,
    "deleteMyCommands": TelegramServer._delete_my_commands,
    "setMyDescription": TelegramServer._set_my_description,
    "getMyDescription": TelegramServer._get_my_description,
    "setMyShortDescription": TelegramServer._set_my_short_description,
    "getMyShortDescription": TelegramServer._get_my_short_description,
}


class _Params(Json):
    """Parameters of a call; to leave out one that is needed is a bad request."""

    def __missing__(self, name: str) -> Any:
        raise Refused(400, f"Bad Request: parameter {name} is missing")


async def _read_parts(
    headers: CIMultiDictProxy[str], body: bytes, wire: dict[str, str], files: dict[str, Upload]
) -> None:
    stream = StreamReader(BaseProtocol(asyncio.get_running_loop()), limit=len(body) + 1)
    stream.feed_data(body)
    stream.feed_eof()
    async for part in MultipartReader(headers, stream):
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise web.HTTPBadRequest
        data = bytes(await part.read())
        if part.filename is None:
            wire[part.name] = data.decode()
        else:
            kind = part.headers.get("Content-Type", "")
            files[part.name] = Upload(filename=part.filename, content_type=kind, data=data)


def _turn(update: Json) -> object:
    """Say what an update waits behind: what is said in its chat, or what its person presses."""
    match update:
        case {"callback_query": {"from": {"id": int(person)}}}:
            return "callback_query", person
        case {"message": {"chat": {"id": int(chat)}}} | {"channel_post": {"chat": {"id": int(chat)}}}:
            return chat
    return update["update_id"]


def _spoken(kind: Kind) -> str:
    return kind if kind != "private" else "user"


def _meant(name: str, text: str) -> Any:
    if name in _AS_TEXT:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _below(update: Json, offset: int) -> bool:
    number = update["update_id"]
    return isinstance(number, int) and number < offset


def _pick(request: Request, *names: str) -> Json:
    return {name: request.params[name] for name in names if name in request.params}


def _text(request: Request) -> Json:
    text = request.params.get("text", "").strip()
    if "parse_mode" in request.params:
        raise Refused(400, "Bad Request: can't parse entities: this server takes them only ready made")
    if not text:
        raise Refused(400, "Bad Request: message text is empty")
    if len(text) > 4096:
        raise Refused(400, "Bad Request: message is too long")
    return {"text": text}


def _captioned(request: Request) -> Json:
    if len(request.params.get("caption", "")) > 1024:
        raise Refused(400, "Bad Request: message caption is too long")
    return _pick(request, "caption", "caption_entities", "reply_markup")


def _language(request: Request) -> str:
    """Return the language meant; Telegram looks for two small letters, and not which language they are."""
    code: str = request.params.get("language_code", "")
    if not re.fullmatch("([a-z]{2})?", code):
        raise Refused(400, "Bad Request: invalid language code specified")
    return code


def _in_language(texts: Mapping[str, str], request: Request) -> str:
    return texts.get(_language(request)) or texts.get("", "")


def _membership(user: Json, status: str) -> Json:
    """Describe a member as Telegram does, with no rights beyond being there."""
    more: Json = {}
    if status == "kicked":
        more = {"until_date": 0}
    elif status == "creator":
        more = {"is_anonymous": False}
    elif status == "administrator":
        more = dict.fromkeys(_ADMINISTRATOR, False)
    elif status == "restricted":
        more = dict.fromkeys(_RESTRICTED, True) | {"until_date": 0}
    return {"user": user, "status": status} | more


_ADMINISTRATOR = (
    "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
    "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
    "can_edit_stories", "can_delete_stories",
)  # fmt: skip
_RESTRICTED = (
    "is_member", "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews", "can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics",
    "can_react_to_messages", "can_edit_tag",
)  # fmt: skip
