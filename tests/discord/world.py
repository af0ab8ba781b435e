"""What there is on Discord: people, servers and their channels, messages, interactions. No network in here."""

from __future__ import annotations

import asyncio
import itertools
import mimetypes
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, TypeVar

Json = dict[str, Any]
T = TypeVar("T")
Kind = Literal["text", "announcement", "voice", "category", "forum", "thread", "dm"]

TOKEN = "MTEwMDAwMDAwMDAwMDAwMDAwMQ.Gtest0.a-token-that-opens-nothing-at-all-0"
APPLICATION_ID = 1_100_000_000_000_000_000
BOT_ID = 1_100_000_000_000_000_001
EPOCH_MS = 1_420_070_400_000  #: Discord's own year zero

ADMINISTRATOR = 1 << 3
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_APPLICATION_COMMANDS = 1 << 31
SEND_MESSAGES_IN_THREADS = 1 << 38
ALL = (1 << 53) - 1
USUAL = (
    VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | USE_APPLICATION_COMMANDS
    | SEND_MESSAGES_IN_THREADS
)
"""What everybody may do in a server, and the bot too, unless a test says otherwise."""

EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
"""What an interaction is, and how it can be answered."""

ROW, BUTTON, STRING_SELECT, TEXT_INPUT, TEXT_DISPLAY, LABEL = 1, 2, 3, 4, 10, 18

_KINDS: dict[Kind, int] = {"text": 0, "dm": 1, "voice": 2, "category": 4, "announcement": 5, "thread": 11, "forum": 15}


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file, as a person or the bot sent it."""

    id: int
    filename: str
    content_type: str
    data: bytes


@dataclass(kw_only=True)
class Person:
    """Somebody with an account."""

    id: int
    name: str
    locale: str = "en-US"
    closed: bool = False  #: takes no direct messages from the bot


@dataclass(kw_only=True)
class Guild:
    """What people call a server."""

    id: int
    role: int  #: the bot's own
    owner: int
    name: str
    locale: str = "en-US"
    here: bool = True  #: whether the bot is in it
    available: bool = True
    permissions: int = USUAL  #: the bot's role's
    everyone: int = USUAL


@dataclass(kw_only=True)
class Channel:
    """A place for messages, or for channels."""

    id: int
    kind: Kind
    name: str = ""
    guild: int | None = None  #: None: a direct conversation
    parent: int | None = None
    announces: bool = False  #: a thread of an announcement channel
    person: int | None = None  #: with whom, in a direct conversation
    bot: int | None = None  #: the bot's permissions right here; None: as in the whole server
    locked: bool = False
    deleted: bool = False

    @property
    def type(self) -> int:
        """Discord's number for the kind."""
        return 10 if self.announces else _KINDS[self.kind]


@dataclass(frozen=True, kw_only=True)
class Button:
    """A button under a message."""

    label: str
    custom_id: str | None  #: None: it leads to an address
    style: int
    disabled: bool = False
    url: str | None = None
    number: int = 0  #: which component of the message it is


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it stood when it was looked at; an edit makes another record, with the same id."""

    id: int
    channel: int
    author: int
    text: str
    sent: float
    components: tuple[Json, ...] = ()
    embeds: tuple[Json, ...] = ()
    files: tuple[Upload, ...] = ()
    flags: int = 0
    nonce: str | int | None = None
    forwarded: str | None = None  #: what stood in the message that this one forwards; its own text is empty then
    seen_by: int | None = None  #: None: everyone in the channel; otherwise it is ephemeral, and only theirs
    edits: int = 0
    edited: float | None = None
    interaction: int | None = None  #: of which it is the answer, or a part of it
    pings: frozenset[str] = frozenset()  #: whom it would notify: everyone, roles, users

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it, until they look away."""
        return self.seen_by is not None

    @property
    def loading(self) -> bool:
        """Whether it only says that the bot is thinking."""
        return bool(self.flags & LOADING)

    @property
    def rows(self) -> tuple[tuple[Button, ...], ...]:
        """The buttons, row by row."""
        return tuple(row for row in map(tuple, _rows(self.components)) if row)

    @property
    def buttons(self) -> dict[str, Button]:
        """The buttons by their labels."""
        return {button.label: button for row in self.rows for button in row}

    @property
    def labels(self) -> list[str]:
        """Name the buttons."""
        return [button.label for row in self.rows for button in row]


@dataclass(frozen=True, kw_only=True)
class Field:
    """A line or a box to write in."""

    custom_id: str
    label: str
    required: bool
    least: int
    most: int
    value: str


@dataclass(frozen=True, kw_only=True)
class Modal:
    """A form that covers everything until it is sent or closed."""

    custom_id: str
    title: str
    by: int  #: who sees it
    channel: int
    source: int | None  #: the message whose button opened it
    components: tuple[Json, ...]

    @property
    def fields(self) -> dict[str, Field]:
        """What can be filled in, by its label."""
        found: dict[str, Field] = {}
        for holder in self.components:
            inner = [holder["component"]] if holder["type"] == LABEL else holder.get("components", ())
            for each in inner:
                if each["type"] == TEXT_INPUT:
                    label = holder.get("label") or each.get("label") or ""
                    found[label] = Field(
                        custom_id=each["custom_id"],
                        label=label,
                        required=each.get("required", True) is not False,
                        least=each.get("min_length") or 0,
                        most=each.get("max_length") or 4000,
                        value=each.get("value") or "",
                    )
        return found


@dataclass(kw_only=True, eq=False)
class Interaction:
    """Something a person did with the bot, and what the bot made of it."""

    id: int
    token: str
    kind: int
    by: int
    channel: int
    at: float  #: by the server's clock
    payload: Json
    name: str = ""  #: of the command
    source: int | None = None  #: the message whose button was pressed
    response: int | None = None  #: how it was answered first
    answered_after: float | None = None  #: seconds until then
    original: int | None = None  #: the message that `@original` is
    loading: bool = False  #: whether a deferred answer has still to come
    writes: int = 0  #: edits and deletions of `@original`
    follow_ups: list[int] = field(default_factory=list)
    modal: Modal | None = None
    choices: list[Json] | None = None

    @property
    def written(self) -> list[str]:
        """What the person wrote into options or a form."""
        return list(_written(self.payload["data"]))

    @property
    def settled(self) -> bool:
        """Whether the person has got an answer: not just "thinking", and for a deferred update the update."""
        if self.response is None:
            return False
        if self.response == DEFERRED_MESSAGE:
            return not self.loading
        return self.response != DEFERRED_UPDATE or self.writes > 0 or bool(self.follow_ups)


class World:
    """Everything there is, and what the bot would be shown of it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.people: dict[int, Person] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}  #: as they are now; deleted ones are gone
        self.interactions: dict[int, Interaction] = {}
        self.tokens: dict[str, Interaction] = {}  #: the same, by their tokens
        self.modals: dict[int, list[Modal]] = defaultdict(list)  #: what forms each person was shown
        self.commands: dict[int, Json] = {}  #: the application's, by id
        self.role_metadata: list[Json] = []  #: what the application could say of linked roles
        self.files: dict[int, Upload] = {}
        self.origin = ""
        self._conversations: dict[int, int] = {}
        self._clock = clock
        self._ahead = 0.0
        self._count = itertools.count()
        self._changed_event = asyncio.Event()

    # ---- time, ids, waiting

    def now(self) -> float:
        """Tell the server's time, in seconds since 1970."""
        return self._clock() + self._ahead

    def later(self, seconds: float) -> None:
        """Let time pass, on the server only."""
        self._ahead += seconds
        self.changed()

    def snowflake(self) -> int:
        """Make an id, which tells when it was made."""
        return (int(self.now() * 1000) - EPOCH_MS) << 22 | next(self._count) % (1 << 22)

    def changed(self) -> None:
        """Let those who wait look again."""
        self._changed_event.set()
        self._changed_event = asyncio.Event()

    async def wait_until(self, predicate: Callable[[], T]) -> T:
        """Wait until something is true; looks again after each change, and gives what it found."""
        while not (found := predicate()):
            await self._changed_event.wait()
        return found

    # ---- what comes to be

    def dm(self, person: int) -> int:
        """Give somebody's direct conversation with the bot; there is one from the first time it is asked for."""
        if person not in self._conversations:
            made = Channel(id=self.snowflake(), kind="dm", person=person)
            self.channels[made.id] = made
            self._conversations[person] = made.id
        return self._conversations[person]

    def stored(self, filename: str, data: bytes, content_type: str = "") -> Upload:
        """Keep a file, so that it can be fetched."""
        kind = content_type or mimetypes.guess_type(filename)[0] or "application/octet-stream"
        upload = Upload(id=self.snowflake(), filename=filename, content_type=kind, data=data)
        self.files[upload.id] = upload
        return upload

    # ---- who may do and see what

    def permissions(self, channel: Channel) -> int:
        """Tell what the bot may do in a channel; what cannot be done without something else goes with it."""
        if channel.guild is None:
            return USUAL
        guild = self.guilds[channel.guild]
        here = self.channels[channel.parent] if channel.kind == "thread" and channel.parent else channel
        whole = guild.permissions | guild.everyone
        if whole & ADMINISTRATOR:
            return ALL
        may = whole if here.bot is None else here.bot
        if not may & VIEW_CHANNEL:
            return 0
        return may if may & SEND_MESSAGES else may & ~(EMBED_LINKS | ATTACH_FILES | MENTION_EVERYONE)

    def view(self, person: int, channel: int) -> list[Message]:
        """Show a channel as this person sees it, oldest message first."""
        return [
            message
            for message in self.messages.values()
            if message.channel == channel and message.seen_by in {None, person}
        ]

    # ---- as Discord writes it

    def user_payload(self, user_id: int) -> Json:
        """Describe an account."""
        bot = user_id == BOT_ID
        person = None if bot else self.people[user_id]
        return {
            "id": str(user_id),
            "username": "allout_test_bot" if person is None else f"user{user_id}",
            "global_name": None if person is None else person.name,
            "discriminator": "0000" if bot else "0",
            "avatar": None,
            "avatar_decoration_data": None,
            "collectibles": None,
            "primary_guild": None,
            "banner": None,
            "accent_color": None,
            "public_flags": 0,
            "flags": 0,
        } | ({"bot": True} if bot else {})

    def member_payload(self, user_id: int, guild: Guild, permissions: int | None = None) -> Json:
        """Describe somebody as a member of a server."""
        return {
            "user": self.user_payload(user_id),
            "nick": None,
            "avatar": None,
            "banner": None,
            "roles": [str(guild.role)] if user_id == BOT_ID else [],
            "joined_at": "2026-01-01T00:00:00+00:00",
            "premium_since": None,
            "communication_disabled_until": None,
            "pending": False,
            "deaf": False,
            "mute": False,
            "flags": 0,
        } | ({} if permissions is None else {"permissions": str(permissions)})

    def role_payloads(self, guild: Guild) -> list[Json]:
        """Describe the two roles of a server: everyone's, and the bot's."""
        return [
            {
                "id": str(number),
                "name": name,
                "description": None,
                "permissions": str(permissions),
                "position": position,
                "color": 0,
                "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
                "hoist": False,
                "managed": position == 1,
                "mentionable": False,
                "icon": None,
                "unicode_emoji": None,
                "flags": 0,
            }
            | ({"tags": {"bot_id": str(BOT_ID)}} if position else {})
            for position, (number, name, permissions) in enumerate(
                ((guild.id, "@everyone", guild.everyone), (guild.role, "AllOut", guild.permissions))
            )
        ]

    def channel_payload(self, channel: Channel) -> Json:
        """Describe a channel."""
        bare: Json = {"id": str(channel.id), "type": channel.type, "last_message_id": None, "flags": 0}
        if channel.guild is None:
            assert channel.person is not None
            return bare | {"recipients": [self.user_payload(channel.person)]}
        bare |= {
            "guild_id": str(channel.guild),
            "name": channel.name,
            "parent_id": None if channel.parent is None else str(channel.parent),
            "rate_limit_per_user": 0,
        }
        if channel.kind == "thread":
            return bare | {
                "owner_id": str(BOT_ID),
                "message_count": 0,
                "member_count": 1,
                "total_message_sent": 0,
                "thread_metadata": {
                    "archived": channel.locked,
                    "archive_timestamp": "2026-01-01T00:00:00+00:00",
                    "auto_archive_duration": 1440,
                    "locked": channel.locked,
                    "create_timestamp": "2026-01-01T00:00:00+00:00",
                },
            }
        overwrites = []
        if channel.bot is not None:
            allow, deny = channel.bot, ALL & ~channel.bot
            overwrites = [{"id": str(BOT_ID), "type": 1, "allow": str(allow), "deny": str(deny)}]
        more: Json = {"topic": None} if channel.kind in {"text", "announcement", "forum"} else {}
        if channel.kind == "voice":
            more |= {"bitrate": 64000, "user_limit": 0, "rtc_region": None}
        if channel.kind == "forum":
            more |= {"available_tags": [], "default_reaction_emoji": None, "default_sort_order": None}
            more |= {"default_forum_layout": 0}
        return bare | {"position": 0, "nsfw": False, "permission_overwrites": overwrites} | more

    def guild_payload(self, guild: Guild) -> Json:
        """Describe a server with all that is in it, as when the bot comes in."""
        there = [channel for channel in self.channels.values() if channel.guild == guild.id and not channel.deleted]
        seen = [channel for channel in there if channel.kind == "thread" and self.permissions(channel) & VIEW_CHANNEL]
        empty: tuple[str, ...] = (
            "emojis", "features", "stickers", "voice_states", "presences", "stage_instances",
            "guild_scheduled_events", "soundboard_sounds",
        )  # fmt: skip
        nothing: tuple[str, ...] = (
            "icon", "splash", "discovery_splash", "afk_channel_id", "application_id", "banner", "description",
            "public_updates_channel_id", "rules_channel_id", "system_channel_id", "vanity_url_code",
        )  # fmt: skip
        zero: tuple[str, ...] = (
            "verification_level", "default_message_notifications", "explicit_content_filter", "mfa_level",
            "premium_tier", "premium_subscription_count", "system_channel_flags", "nsfw_level",
        )  # fmt: skip
        return {
            "id": str(guild.id),
            "name": guild.name,
            "owner_id": str(guild.owner),
            "afk_timeout": 300,
            "preferred_locale": guild.locale,
            "nsfw": False,
            "large": False,
            "member_count": 2,
            "premium_progress_bar_enabled": False,
            "joined_at": "2026-01-01T00:00:00+00:00",
            "roles": self.role_payloads(guild),
            "members": [self.member_payload(BOT_ID, guild)],
            "channels": [self.channel_payload(channel) for channel in there if channel.kind != "thread"],
            "threads": [self.channel_payload(channel) for channel in seen],
            **{name: [] for name in empty},
            **dict.fromkeys(nothing),
            **dict.fromkeys(zero, 0),
        }

    def file_payload(self, message: Message, upload: Upload) -> Json:
        """Describe an attachment; it can be fetched from its address."""
        url = f"{self.origin}/attachments/{message.channel}/{upload.id}/{upload.filename}?ex=0&is=0&hm=0"
        more = {"ephemeral": True} if message.ephemeral else {}
        return {
            "id": str(upload.id),
            "filename": upload.filename,
            "size": len(upload.data),
            "content_type": upload.content_type,
            "url": url,
            "proxy_url": url,
        } | more

    def message_payload(self, message: Message) -> Json:
        """Describe a message."""
        payload = {
            "id": str(message.id),
            "channel_id": str(message.channel),
            "type": 0,
            "content": "" if message.flags & COMPONENTS_V2 else message.text,
            "author": self.user_payload(message.author),
            "attachments": [self.file_payload(message, upload) for upload in message.files],
            "embeds": [{"type": "rich", **embed} for embed in message.embeds],
            "components": list(message.components),
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": "everyone" in message.pings,
            "pinned": False,
            "tts": False,
            "flags": message.flags,
            "timestamp": moment(message.sent),
            "edited_timestamp": None if message.edited is None else moment(message.edited),
        }
        if message.forwarded is not None:
            snapshot = {name: payload[name] for name in ("type", "attachments", "embeds", "flags", "timestamp")}
            snapshot |= {"content": message.forwarded, "edited_timestamp": None, "mentions": [], "mention_roles": []}
            payload["message_snapshots"] = [{"message": snapshot | {"components": []}}]
            payload["message_reference"] = {"type": 1, "channel_id": str(message.channel), "message_id": "1"}
        if message.nonce is not None:
            payload["nonce"] = message.nonce
        if message.interaction is not None:
            payload |= self._origin_of(self.interactions[message.interaction], message)
        return payload

    def _origin_of(self, interaction: Interaction, message: Message) -> Json:
        metadata: Json = {
            "id": str(interaction.id),
            "type": interaction.kind,
            "user": self.user_payload(interaction.by),
            "authorizing_integration_owners": interaction.payload["authorizing_integration_owners"],
        }
        origin: Json = {"application_id": str(APPLICATION_ID), "webhook_id": str(APPLICATION_ID)}
        kind = 20 if interaction.kind == COMMAND and interaction.original == message.id else 19
        if interaction.kind == COMMAND:
            user = self.user_payload(interaction.by)
            origin["interaction"] = {"id": str(interaction.id), "type": COMMAND, "name": interaction.name, "user": user}
        elif interaction.source is not None:
            reference = {"type": 0, "channel_id": str(message.channel), "message_id": str(interaction.source)}
            origin["message_reference"] = reference
            if interaction.kind == COMPONENT:
                metadata["interacted_message_id"] = str(interaction.source)
        if interaction.kind == MODAL_SUBMIT:
            user = self.user_payload(interaction.by)
            owners = interaction.payload["authorizing_integration_owners"]
            bare = {"id": str(interaction.id), "user": user, "authorizing_integration_owners": owners}
            metadata["triggering_interaction_metadata"] = bare | {"type": COMMAND}
        return origin | {"type": kind, "interaction_metadata": metadata}


def moment(at: float) -> str:
    """Write a time as Discord does."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def texts_of(components: Iterable[Json]) -> Iterator[str]:
    """Every text that stands in components, from the top down."""
    for each in _every(components):
        if each["type"] == TEXT_DISPLAY:
            yield each["content"]


def numbered(components: Iterable[Json]) -> tuple[Json, ...]:
    """Number components as Discord does where the sender has not."""
    count = itertools.count(1)
    return tuple(map(partial(_numbered, count=count), components))


def custom_ids(components: Iterable[Json]) -> list[str]:
    """Every custom id in components."""
    return [each["custom_id"] for each in _every(components) if each.get("custom_id")]


def _written(data: Json) -> Iterator[str]:
    if isinstance(data.get("value"), str):
        yield data["value"]
    for each in _every(data.get("components") or ()):
        if isinstance(each.get("value"), str):
            yield each["value"]
    for option in data.get("options") or ():
        yield from _written(option)


def _numbered(component: Json, count: Iterator[int]) -> Json:
    made = {name: value for name, value in component.items() if value is not None}
    made["id"] = made.get("id") or next(count)
    if "components" in made:
        made["components"] = [_numbered(each, count) for each in made["components"]]
    for name in ("component", "accessory"):
        if name in made:
            made[name] = _numbered(made[name], count)
    return made


def _every(components: Iterable[Json]) -> Iterator[Json]:
    for each in components:
        yield each
        yield from _every(each.get("components") or ())
        yield from _every(each[name] for name in ("component", "accessory") if each.get(name))


def _rows(components: Iterable[Json]) -> Iterator[list[Button]]:
    for each in _every(components):
        inner = (
            each.get("components") or () if each["type"] == ROW else [each["accessory"]] if "accessory" in each else ()
        )
        yield [
            Button(
                label=button.get("label") or "",
                custom_id=button.get("custom_id"),
                style=button["style"],
                disabled=bool(button.get("disabled")),
                url=button.get("url"),
                number=button.get("id", 0),
            )
            for button in inner
            if button["type"] == BUTTON
        ]
