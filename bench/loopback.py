"""A loopback server that speaks just enough of Telegram's Bot API to keep bots busy: `python -m bench.loopback 0 0 0`.

It runs in a process of its own and does as little as it can, so that it is not what is measured; it checks
nothing but the limits on sending. The first line it prints is its port. Each token is a bot of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import defaultdict, deque
from collections.abc import Callable
from email.utils import formatdate
from functools import partial
from typing import Any

MOST_UPDATES = 100
OVERALL_A_SECOND = 30
ME = {"id": 7_000_000_001, "is_bot": True, "first_name": "Bench", "username": "allout_bench_bot"}

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CALL = re.compile(rb"[A-Z]+ /bot([^/ ]+)/(\w+)(?:\?(\S*))? ")
_FIELD = {name: re.compile(rf"(?:(?:^|&){name}=|\"{name}\"\r\n\r\n)([^&\r]*)".encode()) for name in (
    "callback_query_id", "message_id", "chat_id", "offset", "timeout",
)}  # fmt: skip

TERMS = (
    "One day for the rent freeze · New York\n\nWe want:\n• Freeze the rent\n• Fast and free buses\n\n"
    "You would pledge for Workplace 17. It goes out only if\n• 65 of its 151 people pledge, and\n"
    "• 1,200 people pledge across the city.\nUntil then nobody walks out, and nobody is shown the exact count."
)
"""The text under the buttons that are pressed, about as long as a real one."""


def _message(number: int, person: int, data: str) -> dict[str, Any]:
    buttons = [{"text": "Pledge", "callback_data": data}, {"text": "Not now", "callback_data": "n:"}]
    return {
        "message_id": number,
        "from": ME,
        "chat": {"id": person, "first_name": "Ana", "type": "private"},
        "date": 1_780_000_000,
        "text": TERMS,
        "reply_markup": {"inline_keyboard": [buttons]},
    }


def press(number: int, person: int, data: str) -> dict[str, Any]:
    """Make the update of one pressed button; its number is the message's and the query's as well."""
    return {
        "update_id": number,
        "callback_query": {
            "id": str(number),
            "from": {"id": person, "is_bot": False, "first_name": "Ana", "language_code": "en"},
            "message": _message(number, person, data),
            "chat_instance": str(person),
            "data": data,
        },
    }


def _answer(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def _result(result: Any) -> bytes:
    return _answer(json.dumps({"ok": True, "result": result}).encode())


TRUE = _result(True)
SENT = _result(_message(1, 1, "n:"))
TOO_MANY = _answer(
    b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}',
    b"429 Too Many Requests",
)
SIMPLE = {
    "getMe": _result(ME),
    "getMyCommands": _result([]),
    "getMyDescription": _result({"description": ""}),
    "getMyShortDescription": _result({"short_description": ""}),
}


class Bot:
    """What the server knows of one bot: its presses, and what it sent."""

    def __init__(self) -> None:
        self.pending: deque[tuple[int, bytes]] = deque()
        self.open: set[bytes] = set()  #: answers and edits still missing
        self.began = self.ended = 0.0
        self.poll: Callable[[], None] | None = None
        self.waiting: Callable[[bytes], None] | None = None
        self.patience: asyncio.TimerHandle | None = None
        self.sent: deque[float] = deque(maxlen=OVERALL_A_SECOND)
        self.chats: dict[bytes, float] = {}
        self.messages = self.floods = self.calls = 0
        self.spread: list[float] = []  #: when the newest chat has heard its first message, and how many there were then
        self.edits_count = False  #: towards the limits, as messages do
        self.offered: dict[bytes, float] = {}  #: when something was offered whose answer is watched for
        self.took: dict[str, float] = {}  #: seconds from then to the answer

    def offer(self, update: dict[str, Any], watched: str, now: float) -> None:
        """Let something happen; `watched` are the answers to look out for.

        An edit is `e` and its message, a deletion `d` and its message, a message `m` and its chat.
        """
        self.pending.append((update["update_id"], json.dumps(update).encode()))
        for answer in watched.split():
            self.offered[answer.encode()] = now
        if self.poll is not None:
            self.poll()

    def answered(self, what: bytes, now: float) -> None:
        """Note the first answer to what is watched."""
        if (since := self.offered.pop(what, None)) is not None:
            self.took[what.decode()] = now - since

    def load(self, presses: list[tuple[int, str]], now: float) -> None:
        """Let people press: (number, data) each."""
        for number, data in presses:
            self.pending.append((number, json.dumps(press(number, 5_000_000_000 + number, data)).encode()))
            self.open |= {b"a%d" % number, b"e%d" % number}
        self.began = now
        if self.poll is not None:
            self.poll()

    def updates(self) -> bytes:
        """Answer getUpdates."""
        first = [update for _, (_, update) in zip(range(MOST_UPDATES), self.pending, strict=False)]
        return _answer(b'{"ok":true,"result":[' + b",".join(first) + b"]}")

    def confirm(self, offset: int) -> None:
        """Forget the updates below the offset."""
        while self.pending and self.pending[0][0] < offset:
            self.pending.popleft()

    def done(self, what: bytes, now: float) -> None:
        """Note an answer or an edit."""
        self.open.discard(what)
        self.answered(what, now)
        self.ended = now
        if not self.open:
            self.tell()

    def tell(self) -> None:
        """Tell whoever waits how many seconds the presses took, and how many answers and edits never came."""
        if self.waiting is not None:
            self.waiting(_result([self.ended - self.began, len(self.open)]))
            self.waiting = None
            if self.patience is not None:
                self.patience.cancel()
            self.open.clear()
            self.pending.clear()

    def message(self, chat: bytes, now: float) -> bytes:
        """Take a message, or refuse it: 30 in any second, one a second in a chat."""
        full = len(self.sent) == OVERALL_A_SECOND and now < self.sent[0] + 1
        if full or now < self.chats.get(chat, -1.0) + 1:
            self.floods += 1
            return TOO_MANY
        self.sent.append(now)
        self.answered(b"m" + chat, now)
        self.messages += 1
        self.ended = now
        if chat not in self.chats:
            self.spread = [now, self.messages]
        self.chats[chat] = now
        return SENT


class Connection(asyncio.Protocol):
    """One connection; requests on it come one after another."""

    def __init__(self, bots: defaultdict[bytes, Bot], away: float, loses: int, refuses: int) -> None:
        self._bots = bots
        self._away = away
        self._loses = loses
        self._refuses = refuses
        self._loop = asyncio.get_running_loop()
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._received, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._received) < whole:
                return
            call = _CALL.match(self._received)
            fields = (
                (call[3] or b"" if call else b"") + b"&" + self._received[end + 4 : whole]
            )  # whichever way they came
            self._received = self._received[whole:]
            if call is None:  # somebody who asks for the time
                self._send(
                    b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nDate: %b\r\n\r\n" % formatdate(usegmt=True).encode()
                )
            else:
                self._called(self._bots[call[1]], call[2].decode(), fields)

    def _called(self, bot: Bot, method: str, fields: bytes) -> None:  # noqa: C901, PLR0912  one row per call
        now = self._loop.time()
        match method:
            case "answerCallbackQuery":
                bot.done(b"a" + _field("callback_query_id", fields), now)
                self._send(TRUE)
            case "editMessageText":
                answer = bot.message(_field("chat_id", fields), now) if bot.edits_count else SENT
                if answer is not TOO_MANY:
                    bot.done(b"e" + _field("message_id", fields), now)
                self._send(answer)
            case "deleteMessage":
                bot.answered(b"d" + _field("message_id", fields), now)
                self._send(TRUE)
            case "sendMessage" | "sendPhoto" | "sendDocument":
                bot.calls += 1
                refused = self._refuses and not bot.calls % self._refuses
                answer = TOO_MANY if refused else bot.message(_field("chat_id", fields), now)
                if answer is TOO_MANY or not self._loses or bot.messages % self._loses:
                    self._loop.call_later(self._away, self._send, answer)
            case "getUpdates":
                self._updates(bot, int(_field("offset", fields) or 0), int(_field("timeout", fields) or 0))
            case "press":  # from here on: what the bench itself asks
                bot.load(json.loads(fields[1:]), now)
                self._send(TRUE)
            case "wait":
                bot.waiting = self._send
                bot.patience = self._loop.call_later(float(_field("timeout", fields)) if bot.open else 0, bot.tell)
            case "offer":
                bot.edits_count = True
                offers = json.loads(fields[1:])
                now = self._loop.time()  # reading ten thousand takes a while
                for after, watched, update in offers:
                    self._loop.call_at(now + after, bot.offer, update, watched, now + after)
                self._send(TRUE)
            case "took":
                self._send(_result([bot.took, len(bot.offered), len(bot.pending), bot.messages, bot.floods]))
            case "sent":
                self._send(_result([bot.messages, bot.floods, len(bot.chats), *bot.spread]))
            case _:
                self._send(SIMPLE.get(method, TRUE))

    def _updates(self, bot: Bot, offset: int, timeout: int) -> None:
        bot.confirm(offset)
        if bot.pending or not timeout:
            self._send(bot.updates())
            return

        def over() -> None:
            if bot.poll is over:
                bot.poll = None
                self._send(bot.updates())

        bot.poll = over
        self._loop.call_later(timeout, over)

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


def _field(name: str, fields: bytes) -> bytes:
    found = _FIELD[name].search(fields)
    return found[1] if found else b""


async def serve(away: float, loses: int, refuses: int) -> None:
    """Serve until ended; messages are answered after so many seconds, as if from far away.

    Every so-manieth answer to a message is lost, and every so-manieth message refused; 0: none.
    """
    make = partial(Connection, defaultdict(Bot), away, loses, refuses)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), *map(int, sys.argv[2:4])))
