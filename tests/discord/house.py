"""A bot that runs as people run it, Discord around it, and what both leave behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.discord.rest import Request
from tests.discord.server import DiscordServer
from tests.discord.world import BOT_ID, TOKEN, Interaction, Message
from tests.house import LONGEST_STOP_S, OLGA, OMAR, SHOPS, SOON_S, City, RunningBot, found, let_deadline_pass, stand

__all__ = [
    "LONGEST_STOP_S",
    "OLGA",
    "OMAR",
    "SHOPS",
    "SOON_S",
    "City",
    "House",
    "found",
    "let_deadline_pass",
    "sends",
    "stand",
]

ENTER_CARD = "Enter my card"

LONGEST_ACKNOWLEDGEMENT_S = 3
"""After which Discord tells whoever pressed that the bot did not respond."""


class House(RunningBot):
    """One `allout run`, started and ended as often as a test likes, on one store."""

    platform = "discord"
    way = f"discord:{BOT_ID}"

    def __init__(self, folder: Path, server: DiscordServer) -> None:
        super().__init__(folder, server)
        self.server = server

    @property
    def settings(self) -> dict[str, str]:
        """What leads the bot to the loopback server."""
        return {
            "ALLOUT_DISCORD_TOKEN": self.server.token,
            "ALLOUT_DISCORD_API_URL": self.server.api_url,
            "ALLOUT_DISCORD_GATEWAY_URL": self.server.gateway_url,
        }

    async def start(self, **settings: str) -> None:
        """Start the bot and wait until its commands are there and it is told what happens."""
        before = len(self.server.gateway.sessions)
        await self.launch(**settings)
        await self.connected(before)

    async def connected(self, before: int) -> None:
        """Wait until the bot's commands are there and it is told what happens, in a session later than so many."""
        await self.until(
            lambda: (
                self.server.commands and [one for one in self.server.gateway.sessions[before:] if one.link is not None]
            )
        )

    # ---- waiting

    async def settled(self, interaction: Interaction, follow_ups: int = 0) -> Message:
        """Wait until an interaction is answered, with so many messages more; give the last of them.

        For a button that changed its own message that is the message as it is then.
        """
        await self.until(lambda: interaction.settled and len(interaction.follow_ups) >= follow_ups)
        last = interaction.follow_ups[-1] if interaction.follow_ups else interaction.original
        assert last is not None, "it was answered by no message"
        return self.server.messages[last]

    async def hears(self, channel: int, words: str) -> Message:
        """Wait until the bot has said these words in a channel, to all; give the newest such message."""
        there = await self.until(lambda: [one for one in self.from_bot(channel) if words in one.text])
        return there[-1]

    @contextmanager
    def acknowledging_in_time(self) -> Iterator[None]:
        """See that all that people do meanwhile is acknowledged in time, as far as the machine has time for it."""
        asked, held_up = len(self.server.interactions), self.held_up_s()
        yield
        seconds = [one.answered_after for one in list(self.server.interactions.values())[asked:]]
        allowed = LONGEST_ACKNOWLEDGEMENT_S + self.held_up_s() - held_up
        assert [each for each in seconds if each is None or each >= allowed] == []
        assert seconds

    def from_bot(self, channel: int) -> list[Message]:
        """The bot's messages that everybody in a channel sees, oldest first."""
        return [
            message
            for message in self.server.messages.values()
            if message.channel == channel and message.author == BOT_ID and not message.ephemeral and not message.loading
        ]

    # ---- as people

    async def command(
        self, person: int, name: str, channel: int | None = None, *, follow_ups: int = 0, **options: Any
    ) -> Message:
        """Call a command, in a channel or in the bot's own chat; give the answer."""
        return await self.settled(self.server.command(person, name, channel, **options), follow_ups)

    async def sure(self, person: int, name: str, channel: int | None = None, **options: Any) -> Message:
        """Call a command that cannot be undone, and press the first button of the page that asks."""
        page = await self.command(person, name, channel, **options)
        return await self.press(page, page.labels[0], person)

    async def suggested(self, person: int, name: str, option: str, typed: str = "", **options: Any) -> list[str]:
        """Begin to fill in an option; give the names of what the bot suggests."""
        asked = self.server.typing(person, name, option, typed, **options)
        await self.until(lambda: asked.settled)
        return [choice["name"] for choice in asked.choices or []]

    async def press(self, message: Message, label: str, person: int | None = None) -> Message:
        """Press a button; give its message as it is then, or the new message that answers it."""
        return await self.settled(self.server.press(message, label, person))

    async def enter(self, message: Message, text: str, person: int | None = None, label: str = ENTER_CARD) -> Message:
        """Press a button that opens a form of one field, write this into it and send it; give the answer."""
        asked = self.server.press(message, label, person)
        await self.until(lambda: asked.settled)
        assert asked.modal is not None, "no form was shown"
        (field,) = asked.modal.fields.values()
        return await self.settled(self.server.submit(asked.modal, **{field.custom_id: text}))

    async def say(self, person: int, text: str, *files: tuple[str, bytes], answers: int = 1) -> Message:
        """Write to the bot in its own chat, with files or without; give the last of its answers."""
        chat = self.server.dm(person)
        before = len(self.from_bot(chat))
        self.server.say(person, text, *files)
        await self.until(lambda: len(self.from_bot(chat)) >= before + answers)
        return self.from_bot(chat)[-1]

    def as_it_is(self, message: Message) -> Message:
        """Give a message as it is now."""
        return self.server.messages[message.id]

    async def pledge(self, person: int, code: str, channel: int | None = None, label: str = "Pledge") -> Message:
        """Open a card and pledge; give the card's message."""
        return await self.press(await self.command(person, "start", channel, card=code), label, person)

    async def pledge_all(self, codes: Iterable[str], channel: int | None = None) -> dict[int, Message]:
        """Let somebody new pledge with each card, all at once; give their card's messages."""
        opened = [self.server.command(self.server.person(), "start", channel, card=code) for code in codes]
        cards = [await self.settled(asked) for asked in opened]
        pressed = [self.server.press(card, "Pledge", asked.by) for card, asked in zip(cards, opened, strict=True)]
        return {asked.by: await self.settled(asked) for asked in pressed}

    # ---- afterwards

    def check(self) -> None:
        """See that nothing was sent that Discord would not take, and nothing told that must not be."""
        server = self.server
        assert server.violations == []
        assert [
            message.text for message in server.messages.values() if message.author == BOT_ID and message.pings
        ] == []
        names = {person.name for person in server.people.values()}
        titles = {guild.name for guild in server.guilds.values()} | {room.name for room in server.channels.values()}
        accounts = {str(person) for person in server.people} | {str(server.dm(person)) for person in server.people}
        secrets = {TOKEN, TOKEN.rpartition(".")[2], *server.tokens}
        written = {message.text for message in server.messages.values() if message.author != BOT_ID}
        filled = {str(value) for asked in server.interactions.values() for value in asked.written}
        # what is too short cannot be told from chance
        long = {text for text in written | filled if len(text) > 8}
        self.check_silence((names | titles | accounts | secrets) - {""}, long)


def sends(server: DiscordServer, channel: int, since: int = 0) -> list[Request]:
    """Every attempt to send to a channel."""
    return [request for request in server.requests[since:] if request.call == f"POST /channels/{channel}/messages"]
