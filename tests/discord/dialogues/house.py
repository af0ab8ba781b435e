"""The bot in a Discord that lives in this process, with a real store: what people do there, and what they see."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import discord
import simcord
from simcord.interactions import base_payload
from simcord.results import ResponseMessage

from bot.domain import rules
from bot.domain.model import Unit, Walkout, WalkoutId
from bot.draft import RosterOptions, SourceFile, read
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.usecases import organizers, stewards
from handlers.discord.chat import PLATFORM, Later
from handlers.discord.commands import sync
from handlers.discord.platform import AllOutClient
from handlers.discord.sender import DiscordSender
from handlers.platforms.rate_limit import RateLimit
from handlers.platforms.supervisor import Link
from tests.console.play import roster, terms
from tests.processes import PATIENCE_S
from tests.stores import open_app

HOUR = timedelta(hours=1)

ENTER_CARD = "Enter my card"

LONGEST_TEXT = 2000
LONGEST_ID = 100

SHOPS: tuple[tuple[str, int, int, str], ...] = (
    ("Depot", 10, 6, "at the Depot gate"),
    ("School", 30, 5, "under the School clock"),
    ("Café, North", 20, 5, "by the Café door"),
)

Message = discord.Message | ResponseMessage


@dataclass(frozen=True, kw_only=True)
class City:
    """A walkout in the store, with its cards by workplace."""

    walkout: WalkoutId
    cards: Mapping[str, list[str]] = field(default_factory=dict)

    def take(self, shop: str = "School") -> str:
        """Draw a card that nobody else has drawn."""
        return self.cards[shop].pop()


class Answer:
    """What the bot said to one thing that was done: one message, or several where it is long."""

    def __init__(self, result: simcord.InteractionResult, pressed: tuple[int, str] | None = None) -> None:
        assert result.acknowledged, "Discord would say that the application did not respond"
        assert result.response is not None
        said = [result.response, *result.followups]
        #: where a press left its message as it was before, only what came below answers
        below = [one for one in said if pressed and (one.id, one.content) != pressed]
        self.left = pressed is not None and below == [one for one in said if one.id != pressed[0]] != []
        self.messages: list[ResponseMessage] = below if self.left else said

    @property
    def last(self) -> ResponseMessage:
        """The message that carries the buttons."""
        return self.messages[-1]

    @property
    def text(self) -> str:
        """All that it says, as it was sent."""
        return "\n".join(message.content for message in self.messages)

    @property
    def buttons(self) -> list[str]:
        """What can be pressed."""
        assert not any(labels(message) for message in self.messages[:-1])
        return labels(self.last)


class Seat:
    """Somebody at a place where they can use the bot: in a channel of a server, or in the chat with it."""

    def __init__(self, member: simcord.MemberActor, channel: simcord.ChannelHandle | None) -> None:
        self.member = member
        self.channel = channel or member.user.dm_channel
        self.private = channel is None

    @property
    def account(self) -> str:
        """The person's number."""
        return str(self.member.id)

    def sees(self) -> list[str]:
        """Read everything that this person finds here."""
        viewer = self.member.user if self.private else self.member
        return [message.content for message in self.channel.history(viewer=viewer)]

    async def slash(self, name: str, **options: str) -> Answer:
        """Use a command."""
        return Answer(await self.slash_raw(name, **options))

    async def sure(self, name: str, **options: str) -> Answer:
        """Use a command that cannot be undone, and press the first button of the page that asks."""
        page = await self.slash(name, **options)
        return await self.press(page.last, page.buttons[0])

    async def slash_raw(self, name: str, **options: str) -> simcord.InteractionResult:
        """Use a command; give whatever came of it."""
        if self.private:
            result: simcord.InteractionResult = await self.member.user.slash(name, **options)
            return result
        return await self.member.slash(self.channel, name, **options)

    async def suggested(self, name: str, option: str, typed: str, **filled: str) -> list[str]:
        """Type into an option; give the values that are suggested."""
        return [choice["value"] for choice in await self.choices(name, option, typed, **filled)]

    async def choices(self, name: str, option: str, typed: str, **filled: str) -> list[dict[str, Any]]:
        """Type into an option; give what is suggested, as Discord gets it."""
        if self.private:
            return await self.member.user.autocomplete(name, option, typed, **filled)
        return await self.member.autocomplete(self.channel, name, option, typed, **filled)

    async def press_raw(self, message: Message, label: str) -> simcord.InteractionResult:
        """Press a button; give whatever came of it."""
        actor = self.member.user if self.private else self.member
        result: simcord.InteractionResult = await actor.click(message, label=label)
        return result

    async def press(self, message: Message, label: str) -> Answer:
        """Press a button."""
        before = message.id, message.content
        return Answer(await self.press_raw(message, label), before)

    async def enter(self, message: Message, code: str) -> Answer:
        """Press the button that asks for the card, and fill in the form."""
        opened = await self.press_raw(message, ENTER_CARD)
        assert opened.modal is not None
        [label] = opened.modal["components"]
        actor = self.member.user if self.private else self.member
        return Answer(await actor.submit_modal(opened, {label["component"]["custom_id"]: code}))

    async def pledge(self, code: str) -> Answer:
        """Open a card and pledge."""
        shown = await self.slash("start", card=code)
        return await self.press(shown.last, "Pledge")


class House:
    """The store, the bot's client on it, and the Discord around both. Everybody is in one server of Discord's."""

    def __init__(self, data: Path, clock: MovableClock, env: simcord.Env) -> None:
        self.data = data
        self.clock = clock
        self.env = env
        self.codes: list[str] = []  #: cards that no log and no channel may show
        self._open = AsyncExitStack()
        self._app: App | None = None
        self.server = env.create_guild("Works")
        self.channel = self.server.create_text_channel("general")

    @property
    def app(self) -> App:
        """The App that runs now."""
        assert self._app is not None
        return self._app

    @property
    def client(self) -> AllOutClient:
        """The client that runs now."""
        assert isinstance(self.env.bot, AllOutClient)
        return self.env.bot

    # ---- the bot

    async def restart(self, *, later: Later | None = None) -> None:
        """Begin anew: another App on the same store, another client in the same Discord.

        `later` calls what the bot does after a while; without it time stands still, however slow the machine is.
        """
        await self._open.aclose()
        app = await self._open.enter_async_context(open_app(self.data, clock=self.clock, senders={PLATFORM: None}))
        self._app = app
        link = Link(PLATFORM, app)
        self._open.push_async_callback(link.aclose)
        client = AllOutClient(app, link, rate_limit=RateLimit(math.inf, float), later=later)  # here time stands still
        await self.env.restart_bot(client)
        self._open.push_async_callback(client.close)
        with self.env.time_context():
            await sync(client.tree)
        app.outboxes[PLATFORM].sender = DiscordSender(client, client.rate_limit, gone=client.gone, mute=client.mute)

    async def stopped(self) -> None:
        """Let go of the store."""
        await self._open.aclose()

    async def due(self, after: timedelta = timedelta()) -> None:
        """Let time pass, and do what falls due."""
        self.clock.move_to(self.clock() + after)
        with self.env.time_context():
            await self.app.scheduler.run_due()
        await self.env.settle()

    # ---- people and places

    def somebody(self, name: str = "somebody", channel: simcord.ChannelHandle | None = None) -> Seat:
        """Let somebody join the server, and sit down in a channel of it."""
        member = self.server.add_member(self.env.create_user(name))
        return Seat(member, channel or self.channel)

    def privately(self, name: str = "somebody") -> Seat:
        """Let somebody join the server, and open the chat with the bot."""
        return Seat(self.server.add_member(self.env.create_user(name)), None)

    async def organizer(self, name: str = "olga", channel: simcord.ChannelHandle | None = None) -> Seat:
        """Let somebody join who organizes."""
        seat = self.somebody(name, channel)
        await organizers.add(Person(PLATFORM, seat.account), name, self.app.store, self.app.keys)
        return seat

    def posted(self, channel: simcord.ChannelHandle) -> list[str]:
        """Read what everybody in a channel can read."""
        return [message.content for message in channel.history()]

    def told(self, seat: Seat) -> list[str]:
        """Read what the bot wrote into the person's own chat."""
        mine = seat.member.user.dm_channel.history(viewer=seat.member.user)
        return [message.content for message in mine if message.author.id != seat.member.id]

    async def write(self, seat: Seat, text: str = "", *files: tuple[str, bytes]) -> list[discord.Message]:
        """Write to the bot in the own chat; give what it answers."""
        chat = seat.member.user.dm_channel
        before = {message.id for message in chat.history(viewer=seat.member.user)}
        wired = self.env.backend.store_attachments(chat.id, files)
        await seat.member.user.send_dm(text, attachments=wired)
        return [
            message
            for message in chat.history(viewer=seat.member.user)
            if message.id not in before and message.author.id != seat.member.id
        ]

    async def press_at_once(self, seat: Seat, *presses: tuple[Message, str]) -> None:
        """Press several buttons before the bot has answered the first."""
        backend = self.env.backend
        for message, label in presses:
            stored = backend.get_message(seat.channel.id, message.id)
            found = next(button for button in _buttons(message) if button["label"] == label)
            record, payload = base_payload(
                backend,
                type=discord.InteractionType.component.value,
                channel_id=seat.channel.id,
                guild_id=None if seat.private else self.server.id,
                user_id=seat.member.id,
                data={"custom_id": found["custom_id"], "component_type": discord.ComponentType.button.value},
            )
            record.source_message_id = stored.id
            payload["message"] = dict(simcord.backend.serializers.message_payload(backend, stored))
            backend.emit("INTERACTION_CREATE", payload)
        await self.env.settle()

    # ---- walkouts

    async def new_organizer_code(self) -> str:
        """Make a code that makes an organizer, as the server's command does."""
        code = await organizers.new_code(self.app.store, self.clock)
        self.codes.append(code)
        return code

    async def draft(
        self, shops: Sequence[tuple[str, int, int, str]] = SHOPS, *, printed: bool = True, **changes: object
    ) -> City:
        """Draft a walkout and mint its cards."""
        toml = SourceFile(name="walkout.toml", data=terms(**changes).encode())
        csv = SourceFile(name="workplaces.csv", data=roster(shops).encode())
        app = self.app
        walkout = await organizers.draft(read(toml, csv, RosterOptions(), now=self.clock()), app.store, app.keys)
        if changes.get("entry") == "open" or not printed:
            return City(walkout=walkout.id)
        places = {place.name: place for place in await app.store.units(walkout.id)}
        cards = {name: [mint() for _ in range(place.headcount)] for name, place in places.items()}
        await stewards.mint(
            walkout.id, {places[name].id: [key_of(c) for c in of] for name, of in cards.items()}, app.store, app.keys
        )
        self.codes += [code for of in cards.values() for code in of]
        return City(walkout=walkout.id, cards=cards)

    async def city(
        self, shops: Sequence[tuple[str, int, int, str]] = SHOPS, *, printed: bool = True, **changes: object
    ) -> City:
        """Draft a walkout and open it."""
        drafted = await self.draft(shops, printed=printed, **changes)
        await self.app.store.decide(drafted.walkout, partial(rules.open_up, now=self.clock()))
        return drafted

    async def stand(self, city: City, shop: str, number: int) -> None:
        """Let so many other people pledge at a workplace."""
        for each in range(number):
            app = self.app
            worker = app.worker(Person("console", f"{shop} {each}"))
            assert (await worker.pledge(city.take(shop))).changed

    async def walkout(self, city: City) -> Walkout:
        """Look the walkout up."""
        return await self.app.store.walkout(city.walkout)

    async def places(self, city: City) -> dict[str, Unit]:
        """Look its workplaces up, by name."""
        return {place.name: place for place in await self.app.store.units(city.walkout)}

    async def standing(self, city: City) -> dict[str, int]:
        """Count what stands, where anything does."""
        places = await self.places(city)
        return {name: place.standing for name, place in places.items() if place.standing}

    async def rooms(self, city: City) -> dict[str, str]:
        """Say what each bound channel hears, by the channel's number."""
        names = {place.id: name for name, place in (await self.places(city)).items()}
        rooms = await self.app.store.rooms(city.walkout)
        return {room.address: names[room.scope] if room.scope else "citywide" for room in rooms}

    # ---- afterwards

    def check(self) -> None:
        """See that nothing was sent that Discord would refuse, and nothing shown to people who must not see it."""
        sent = [one.json for one in self.env.http_requests if isinstance(one.json, dict)]
        for body in sent:
            data = body.get("data")
            message = data if isinstance(data, dict) else body
            if "content" not in message or "name" in message:
                continue
            content = message["content"] or ""
            assert len(content.encode("utf-16-le")) // 2 <= LONGEST_TEXT
            assert content.strip()
            assert message["allowed_mentions"]["parse"] == []
            assert set(message["allowed_mentions"]) <= {"parse", "replied_user"}
            assert all(len(button["custom_id"]) <= LONGEST_ID for button in _buttons(message))
        backend = self.env.backend
        public = "\n".join(
            message.content
            for channel in backend.channels.values()
            if channel.guild_id is not None
            for message in backend.messages.get(channel.id, {}).values()
            if message.visible_to(None)
        )
        assert not [code for code in self.codes if code in public]


@asynccontextmanager
async def open_house(data: Path, clock: MovableClock) -> AsyncIterator[House]:
    """Let the bot run in a Discord of its own for as long as the block lasts."""
    # simcord wants a bot to begin with; ours comes with the first restart, as all later ones do
    env = simcord.Env(
        discord.Client(intents=discord.Intents(guilds=True)), strict_sync=False, settle_timeout=PATIENCE_S
    )
    first = env.bot
    await env.start()
    house = House(data, clock, env)
    try:
        await house.restart()
        yield house
    finally:
        await env.shutdown()
        await first.close()
        await house.stopped()


def labels(message: Message) -> list[str]:
    """Name a message's buttons."""
    return [button["label"] for button in _buttons(message)]


def _buttons(message: Message | Mapping[str, Any]) -> list[dict[str, Any]]:
    rows: Any = message.get("components") if isinstance(message, Mapping) else message.components
    wired = [row if isinstance(row, dict) else row.to_dict() for row in rows or []]
    return [dict(button) for row in wired for button in row["components"]]
