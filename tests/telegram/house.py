"""A bot that runs as people run it, Telegram around it, and what both leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.house import LONGEST_STOP_S, OLGA, OMAR, SHOPS, SOON_S, City, RunningBot, found, stand
from tests.telegram.server import TOKEN, UNLIMITED, Json, Request, TelegramServer

__all__ = [
    "LONGEST_STOP_S",
    "OLGA",
    "OMAR",
    "SHOPS",
    "SOON_S",
    "City",
    "House",
    "found",
    "free_port",
    "labels",
    "room_word",
    "sends",
    "stand",
]

ADDRESS = "https://bot.example.org/allout"
"""Of the webhook, as the world sees it."""

BEING_SAID = "I am saying this just now and cannot show my words yet. Ask again in a minute."
EDITS = frozenset({"editMessageText", "editMessageMedia"})
SENDS = frozenset({"sendMessage", "sendDocument", "sendPhoto"})


class House(RunningBot):
    """One `allout run`, started and ended as often as a test likes, on one store."""

    platform = "telegram"
    webhook_port: int | None = None  #: where the bot listens; None: it polls

    def __init__(self, folder: Path, server: TelegramServer) -> None:
        super().__init__(folder, server)
        self.server = server
        self.way = f"{self.platform}:{server.bot['id']}"

    def listens(self) -> None:
        """Let its bots listen from now on, behind a reverse proxy, instead of polling."""
        self.webhook_port = free_port()
        self.server.doors[ADDRESS] = f"http://127.0.0.1:{self.webhook_port}/allout"

    @property
    def settings(self) -> dict[str, str]:
        """What leads the bot to the loopback server."""
        where = {"ALLOUT_TELEGRAM_TOKEN": self.server.token, "ALLOUT_TELEGRAM_API_URL": self.server.origin}
        if self.webhook_port is not None:
            where |= {
                "ALLOUT_TELEGRAM_WEBHOOK_URL": ADDRESS,
                "ALLOUT_TELEGRAM_WEBHOOK_PORT": str(self.webhook_port),
            }
        return where if self.server.limits else where | {"ALLOUT_TELEGRAM_PER_SECOND": str(UNLIMITED)}

    async def start(self, **settings: str) -> None:
        """Start the bot and wait until it asks for updates, or has them delivered."""
        before = len(self.server.requests)
        await self.launch(**settings)
        asks = "getUpdates" if self.webhook_port is None else "getWebhookInfo"
        await self.until(lambda: [r for r in self.server.requests[before:] if r.method == asks])

    # ---- waiting

    async def quiet(self) -> None:
        """Wait until everything handed out is done and confirmed, and the bot waits for more."""
        await self.until(self._is_quiet)

    def _is_quiet(self) -> bool:
        if self.server.unconfirmed or self.server._again:
            return False
        if self.webhook_port is not None:
            return self.server.webhook is not None
        polls = self.server.called("getUpdates")
        return bool(polls) and polls[-1].status is None and polls[-1].params.get("timeout", 0) > 0

    async def hears(self, chat: int, words: str, since: int = 0) -> Json:
        """Wait until the bot has said these words in a chat, after so many messages; give the newest such message."""

        def heard() -> list[Json]:
            return [m for m in self.server.chats[chat].from_bot[since:] if words in m.get("text", "")]

        return (await self.until(heard))[-1]

    # ---- as people

    async def ask(self, person: int, text: str, chat: int | None = None) -> Json:
        """Say something; give the bot's newest message in the person's own chat."""
        before = self._newest(person)
        self.server.say(person, text, chat)
        await self.quiet()
        if chat is None:  # where many ask at once, the answer may come a little later
            await self.until(lambda: self._newest(person) > before)
        return self.last(person)

    def last(self, chat: int) -> Json:
        """Give the bot's newest message."""
        return self.server.chats[chat].from_bot[-1]

    def _newest(self, chat: int) -> int:
        return max((message["message_id"] for message in self.server.chats[chat].from_bot), default=0)

    async def press(self, message: Json, label: str, who: int | None = None) -> Json:
        """Press a button; give the message as it is once the answer is there, in it or below it."""
        await self.press_gone(message, label, who)
        return self.as_it_is(message)

    async def verified(self, person: int, reference: str) -> Json:
        """Ask for a reference that a room has heard, until the bot has written down that it has."""
        while (answer := await self.ask(person, f"/verify {reference}"))["text"] == BEING_SAID:
            pass
        return answer

    async def sure(self, person: int, text: str) -> Json:
        """Say what cannot be undone, and press the first button of the page that asks; give what it says then."""
        page = await self.ask(person, text)
        return await self.press(page, labels(page)[0])

    async def press_gone(self, message: Json, label: str, who: int | None = None) -> None:
        """Press a button whose message may be gone afterwards."""
        before = len(self.server.requests)
        query = self.server.updates[self.server.press(message, label, who)]["callback_query"]
        await self.quiet()
        await self.until(lambda: _is_answered(query, self.server.requests[before:]))

    def as_it_is(self, message: Json) -> Json:
        """Give a message as it is now."""
        return self.server.chats[message["chat"]["id"]].messages[message["message_id"]]

    async def pledge(self, person: int, code: str, label: str = "Pledge") -> Json:
        """Open a card and pledge; give the card's message."""
        return await self.press(await self.ask(person, f"/start {code}"), label)

    async def pledge_all(self, codes: Iterable[str]) -> dict[int, Json]:
        """Let somebody new pledge with each card, all at once; give their card's messages."""
        people = {self.server.person(): code for code in codes}
        cards = await asyncio.gather(*(self.ask(person, code) for person, code in people.items()))
        return dict(zip(people, await asyncio.gather(*(self.press(card, "Pledge") for card in cards)), strict=True))

    async def bind(self, organizer: int, chat: int, scope: str = "citywide") -> Json:
        """Bind a chat by a word posted in it; give the message that confirms it."""
        word = room_word(await self.ask(organizer, f"/room {scope}"))
        self.server.say(organizer, word, chat)
        return await self.press(await self.asked_to_bind(organizer, word), "Bind")

    async def asked_to_bind(self, organizer: int, word: str) -> Json:
        """Wait until an organizer is asked whether the chat with their word shall hear the news; give the question."""

        def asking() -> list[Json]:
            return [message for message in self.server.chats[organizer].from_bot if _binds(message, word)]

        return (await self.until(asking))[-1]

    # ---- afterwards

    def check(self) -> None:
        """See that nothing was sent that Telegram would not take, and nothing told that must not be."""
        server = self.server
        assert server.violations == []
        names = {user["first_name"] for user in server._people.values()}
        titles = {room.title for room in server.chats.values()}
        accounts = {str(user) for user in server._people}
        self.check_silence(names | titles | accounts | {TOKEN.partition(":")[2]}, _messages(server))


def free_port() -> int:
    """Find a port that nobody is given who asks for any: below those, and not the next process's either."""
    for port in itertools.count(10_000 + os.getpid() % 1_000 * 20):
        with socket.socket() as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port
    raise AssertionError


def _messages(server: TelegramServer) -> set[str]:
    """Give all that people wrote, but what is too short to tell from chance."""
    written = (update.get("message") or update.get("channel_post") for update in server.updates.values())
    texts = (message.get("text") for message in written if isinstance(message, dict))
    return {text for text in texts if isinstance(text, str) and len(text) > 5}


def _is_answered(query: Json, since: Sequence[Request]) -> bool:
    """Say whether the wheel on a pressed button has stopped and the answer is where it shall be, as far as it may."""
    stops = [r for r in since if r.params.get("callback_query_id") == query["id"] and r.status in {200, 400}]
    if not stops or stops[-1].params.get("show_alert"):  # a window comes last, and is all the answer
        return bool(stops)
    pressed = query["message"]["chat"]["id"], query["message"]["message_id"]
    shown = [r for r in since if r.method in EDITS and (r.params["chat_id"], r.params["message_id"]) == pressed]
    below = [r for r in since if r.method in SENDS and r.params["chat_id"] == query["from"]["id"]]
    return any(r.status in {200, 403} or "not modified" in r.refusal for r in (shown + below)[-1:])


def labels(message: Json) -> list[str]:
    """Name a message's buttons."""
    return [button["text"] for row in message.get("reply_markup", {}).get("inline_keyboard", []) for button in row]


def _binds(message: Json, word: str) -> bool:
    buttons = [button for row in message.get("reply_markup", {}).get("inline_keyboard", []) for button in row]
    return any(button["callback_data"].upper() == f"B:{word.upper()}" for button in buttons)


def room_word(message: Json) -> str:
    """Read the word out of the answer to /room."""
    word = re.search(r"^/room (\w+)$", message["text"], re.MULTILINE)
    assert word, message["text"]
    return word[1]


def sends(server: TelegramServer, chat: int, since: int = 0) -> list[Request]:
    """Every attempt to send to a chat."""
    return [r for r in server.requests[since:] if r.method == "sendMessage" and r.params.get("chat_id") == chat]
