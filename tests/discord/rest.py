"""Discord's REST API: what each call of the bot does to the world, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.discord import commands
from tests.discord.faults import Refused, invalid, no
from tests.discord.gateway import DIRECT_MESSAGES, GUILD_MESSAGES, GUILDS
from tests.discord.world import (
    APPLICATION_ID,
    ATTACH_FILES,
    AUTOCOMPLETE,
    BOT_ID,
    CHOICES,
    COMMAND,
    COMPONENT,
    COMPONENTS_V2,
    DEFERRED_MESSAGE,
    DEFERRED_UPDATE,
    EPHEMERAL,
    LOADING,
    MANAGE_MESSAGES,
    MESSAGE,
    MODAL,
    MODAL_SUBMIT,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    SEND_MESSAGES_IN_THREADS,
    UPDATE,
    VIEW_CHANNEL,
    Channel,
    Guild,
    Interaction,
    Json,
    Message,
    Modal,
    Upload,
    World,
    custom_ids,
    numbered,
    texts_of,
)

LONGEST_TEXT = 2000
MOST_ROWS = 5
MOST_ROLE_METADATA = 5

_FILE = re.compile(r"files\[(\d+)]")
_PING = {"everyone": re.compile(r"@everyone|@here"), "roles": re.compile(r"<@&\d+>"), "users": re.compile(r"<@!?\d+>")}

Answer = Json | list[Json] | None


@dataclass(kw_only=True)
class Part:
    """A file that came with a call."""

    filename: str
    content_type: str
    data: bytes


@dataclass(kw_only=True)
class Request:
    """One call of the bot, as it arrived, and what became of it."""

    verb: str
    path: str  #: below /api/v10
    query: dict[str, str]
    body: Any  #: decoded; None if there was none
    files: dict[str, Part]
    headers: Mapping[str, str]
    at: float  #: by the server's clock
    status: int | None = None  #: of the answer; None until there is one, or if it was dropped
    answer: Any = None  #: decoded
    applied: bool = False

    @property
    def call(self) -> str:
        """The verb and the path."""
        return f"{self.verb} {self.path}"


@dataclass(kw_only=True)
class Windows:
    """How long Discord waits, and remembers, in seconds."""

    answer_s: float = 3  #: for the first answer to an interaction
    token_s: float = 15 * 60  #: for everything else with its token
    nonce_s: float = 300  #: how long a nonce is remembered
    expired: Refused = field(default_factory=lambda: no(404, 10015))
    """What is answered to a token that is too old; `no(401, 50027)` has been seen as well."""


class Rest:
    """Carries out calls."""

    def __init__(self, world: World, token: str, tell: Callable[..., None], gateway: Callable[[], Json]) -> None:
        self.windows = Windows()
        self._world = world
        self._token = token
        self._tell = tell
        self._gateway_now = gateway
        self._nonces: dict[str, tuple[float, int]] = {}

    def result(self, request: Request) -> Answer:
        """Carry out a call, or raise Refused."""
        for verb, path, needs_token, method in _ROUTES:
            match = path.fullmatch(request.path) if verb == request.verb else None
            if match is not None:
                if needs_token and request.headers.get("Authorization") != f"Bot {self._token}":
                    raise Refused(401, 0, "401: Unauthorized")
                found = match.groupdict()
                if int(found.pop("application", APPLICATION_ID)) != APPLICATION_ID:
                    raise no(404, 10015 if request.path.startswith("/webhooks/") else 10002)
                return method(self, request, **found)
        raise Refused(404, 0, "404: Not Found")

    # ---- the bot itself

    def _me(self, _: Request) -> Answer:
        return self._world.user_payload(BOT_ID) | {"mfa_enabled": False, "locale": "en-US", "verified": True}

    def _application(self, _: Request) -> Answer:
        owner = self._world.user_payload(BOT_ID) | {
            "bot": False,
            "id": "1",
            "username": "owner",
            "global_name": "Owner",
        }
        return {
            "id": str(APPLICATION_ID),
            "name": "AllOut",
            "icon": None,
            "description": "",
            "type": None,
            "bot": self._world.user_payload(BOT_ID),
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": 0,
            "flags_new": "0",
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": owner,
            "approximate_guild_count": len(self._world.guilds),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": [],
        }

    def _gateway(self, _: Request) -> Answer:
        return self._gateway_now()

    def _user(self, _: Request, user: str) -> Answer:
        if int(user) not in self._world.people:
            raise no(404, 10013)
        return self._world.user_payload(int(user))

    # ---- commands

    def _list_commands(self, request: Request) -> Answer:
        whole = request.query.get("with_localizations", "").lower() in {"1", "true"}
        return [one if whole else commands.without_translations(one) for one in self._world.commands.values()]

    def _sync_commands(self, request: Request) -> Answer:
        wanted = request.body or []
        commands.checked(wanted)
        before = {(one["type"], one["name"]): int(one["id"]) for one in self._world.commands.values()}
        kept = [self._registered(one, before.get((one.get("type") or 1, one["name"]))) for one in wanted]
        self._world.commands = {int(one["id"]): one for one in kept}
        return kept

    def _add_command(self, request: Request) -> Answer:
        commands.checked([request.body])
        same = {one["name"]: int(one["id"]) for one in self._world.commands.values()}
        made = self._registered(request.body, same.get(request.body["name"]))
        self._world.commands[int(made["id"])] = made
        return made

    def _change_command(self, request: Request, command: str) -> Answer:
        changed = self._command(command) | request.body
        commands.checked([changed])
        self._world.commands[int(command)] = self._registered(changed, int(command))
        return self._world.commands[int(command)]

    def _delete_command(self, _: Request, command: str) -> Answer:
        self._command(command)
        del self._world.commands[int(command)]
        return None

    def _role_metadata(self, _: Request) -> Answer:
        return self._world.role_metadata

    def _set_role_metadata(self, request: Request) -> Answer:
        wanted = request.body or []
        if len(wanted) > MOST_ROLE_METADATA:
            raise invalid("", "BASE_TYPE_BAD_LENGTH", f"Must be {MOST_ROLE_METADATA} or fewer in length.")
        self._world.role_metadata = wanted
        return wanted

    def _command(self, number: str) -> Json:
        if int(number) not in self._world.commands:
            raise no(404, 10063)
        return self._world.commands[int(number)]

    def _registered(self, wanted: Json, number: int | None) -> Json:
        return commands.registered(wanted, number or self._world.snowflake(), self._world.snowflake())

    # ---- interactions

    def _callback(self, request: Request, interaction: str, token: str) -> Answer:
        world = self._world
        asked = world.interactions.get(int(interaction))
        if asked is None or asked.token != token:
            raise no(404, 10062)
        if asked.response is not None:
            raise no(400, 40060)
        if world.now() - asked.at > self.windows.answer_s:
            raise no(404, 10062)
        kind, data = request.body.get("type"), request.body.get("data") or {}
        if kind not in _ANSWERS[asked.kind] or (kind in {DEFERRED_UPDATE, UPDATE} and asked.source is None):
            raise invalid("type", "BASE_TYPE_CHOICES", f"Value must be one of {sorted(_ANSWERS[asked.kind])}.")
        if kind == CHOICES:
            asked.choices = _choices(data)
        elif kind == MODAL:
            asked.modal = self._modal(asked, data)
            world.modals[asked.by].append(asked.modal)
        elif kind == MESSAGE:
            asked.original = self._respond(asked, request, data).id
        elif kind == DEFERRED_MESSAGE:
            flags = LOADING | (data.get("flags") or 0) & EPHEMERAL
            asked.original = self._put(self._blank(asked, flags)).id
            asked.loading = True
        else:
            asked.original = asked.source
            if kind == UPDATE:
                self._edit(asked, self._visible(asked, asked.source), request, data)
        asked.response = kind
        asked.answered_after = world.now() - asked.at
        return self._said(asked) if request.query.get("with_response", "").lower() in {"1", "true"} else None

    def _said(self, asked: Interaction) -> Json:
        said: Json = {"id": str(asked.id), "type": asked.kind, "channel_id": asked.payload["channel_id"]}
        if "guild_id" in asked.payload:
            said["guild_id"] = asked.payload["guild_id"]
        answer: Json = {"interaction": said}
        message = self._world.messages.get(asked.original or 0)
        if message is not None:
            said["response_message_id"] = str(message.id)
            said["response_message_loading"] = message.loading
            said["response_message_ephemeral"] = message.ephemeral
            if asked.response in {MESSAGE, DEFERRED_MESSAGE, UPDATE}:
                kind = UPDATE if asked.response == UPDATE else MESSAGE
                answer["resource"] = {"type": kind, "message": self._world.message_payload(message)}
        return answer

    def _modal(self, asked: Interaction, data: Json) -> Modal:
        components = numbered(data["components"])
        if len(set(custom_ids(components))) < len(custom_ids(components)):
            raise invalid(
                "data.components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            )
        return Modal(
            custom_id=data["custom_id"],
            title=data["title"],
            by=asked.by,
            channel=asked.channel,
            source=asked.source,
            components=components,
        )

    def _blank(self, asked: Interaction, flags: int) -> Message:
        return Message(
            id=self._world.snowflake(),
            channel=asked.channel,
            author=BOT_ID,
            text="",
            sent=self._world.now(),
            flags=flags,
            seen_by=asked.by if flags & EPHEMERAL else None,
            interaction=asked.id,
        )

    def _respond(self, asked: Interaction, request: Request, data: Json) -> Message:
        flags = (data.get("flags") or 0) & (EPHEMERAL | COMPONENTS_V2)
        return self._put(self._filled(self._blank(asked, flags), request, data))

    # ---- with an interaction's token

    def _asked(self, token: str) -> Interaction:
        asked = self._world.tokens.get(token)
        if asked is None:
            raise no(404, 10015)
        if self._world.now() - asked.at > self.windows.token_s:
            raise self.windows.expired
        if asked.response is None:
            raise no(404, 10015)
        return asked

    def _visible(self, asked: Interaction, number: int | None) -> Message:
        message = self._world.messages.get(number or 0)
        if message is None or number not in {asked.original, *asked.follow_ups}:
            raise no(404, 10008)
        return message

    def _get_original(self, _: Request, token: str) -> Answer:
        asked = self._asked(token)
        return self._world.message_payload(self._visible(asked, asked.original))

    def _edit_original(self, request: Request, token: str) -> Answer:
        asked = self._asked(token)
        return self._world.message_payload(
            self._edit(asked, self._visible(asked, asked.original), request, request.body)
        )

    def _delete_original(self, _: Request, token: str) -> Answer:
        asked = self._asked(token)
        self._gone(self._visible(asked, asked.original))
        asked.loading = False
        asked.writes += 1
        return None

    def _follow_up(self, request: Request, token: str) -> Answer:
        asked = self._asked(token)
        if asked.loading:  # the first follow-up takes the place of "thinking"
            return self._world.message_payload(
                self._edit(asked, self._visible(asked, asked.original), request, request.body)
            )
        made = self._respond(asked, request, request.body)
        asked.follow_ups.append(made.id)
        return self._world.message_payload(made)

    def _get_follow_up(self, _: Request, token: str, message: str) -> Answer:
        return self._world.message_payload(self._visible(self._asked(token), int(message)))

    def _edit_follow_up(self, request: Request, token: str, message: str) -> Answer:
        asked = self._asked(token)
        return self._world.message_payload(self._edit(asked, self._visible(asked, int(message)), request, request.body))

    def _delete_follow_up(self, _: Request, token: str, message: str) -> Answer:
        asked = self._asked(token)
        self._gone(self._visible(asked, int(message)))
        asked.writes += int(message) == asked.original
        return None

    def _edit(self, asked: Interaction, message: Message, request: Request, data: Json) -> Message:
        first = message.loading
        kept = replace(message, flags=message.flags & ~LOADING)
        edited = self._filled(kept, request, data)
        if not first:
            edited = replace(edited, edits=message.edits + 1, edited=self._world.now())
        if message.id == asked.original:
            asked.loading = False
            asked.writes += 1
        return self._put(edited, new=False)

    # ---- channels and their messages

    def _open_dm(self, request: Request) -> Answer:
        person = int(request.body.get("recipient_id") or 0)
        if person not in self._world.people:
            raise Refused(400, 50033, "Invalid Recipient(s)")
        return self._world.channel_payload(self._world.channels[self._world.dm(person)])

    def _get_channel(self, _: Request, channel: str) -> Answer:
        return self._world.channel_payload(self._reachable(channel))

    def _get_guild(self, _: Request, guild: str) -> Answer:
        there = self._world.guild_payload(self._guild(guild))
        return {name: there[name] for name in there.keys() - _ONLY_TOLD}

    def _get_member(self, _: Request, guild: str, user: str) -> Answer:
        return self._world.member_payload(int(user), self._guild(guild))

    def _guild(self, number: str) -> Guild:
        found = self._world.guilds.get(int(number))
        if found is None or not found.here:
            raise no(404, 10004)
        return found

    def _reachable(self, number: str, needed: int = 0) -> Channel:
        world = self._world
        channel = world.channels.get(int(number))
        if channel is None or channel.deleted:
            raise no(404, 10003)
        if channel.guild is not None:
            if not world.guilds[channel.guild].here or not world.permissions(channel) & VIEW_CHANNEL:
                raise no(403, 50001)
            if needed & ~world.permissions(channel):
                raise no(403, 50013)
        return channel

    def _send(self, request: Request, channel: str) -> Answer:
        where = self._reachable(channel)
        if where.kind in {"voice", "category", "forum"}:
            raise Refused(400, 50008, "Cannot send messages in a non-text channel")
        needed = SEND_MESSAGES_IN_THREADS if where.kind == "thread" else SEND_MESSAGES
        self._reachable(channel, needed | (ATTACH_FILES if request.files else 0))
        if where.person is not None and self._world.people[where.person].closed:
            raise no(403, 50007)
        if where.locked:
            raise Refused(400, 50083, "Thread is archived")
        now, nonce = self._world.now(), request.body.get("nonce")
        if nonce is not None and len(str(nonce)) > 25:
            raise invalid("nonce", "NONCE_TYPE_COERCE", "Must be 25 or fewer in length.")
        if nonce is not None and request.body.get("enforce_nonce"):
            at, earlier = self._nonces.get(str(nonce), (-self.windows.nonce_s, 0))
            if now - at <= self.windows.nonce_s and earlier in self._world.messages:
                return self._world.message_payload(self._world.messages[earlier])
        flags = (request.body.get("flags") or 0) & COMPONENTS_V2
        blank = Message(
            id=self._world.snowflake(), channel=where.id, author=BOT_ID, text="", sent=now, nonce=nonce, flags=flags
        )
        made = self._put(self._filled(blank, request, request.body))
        if nonce is not None:
            self._nonces[str(nonce)] = (now, made.id)
        return self._world.message_payload(made)

    def _found(self, channel: str, message: str) -> Message:
        self._reachable(channel)
        found = self._world.messages.get(int(message))
        if found is None or found.channel != int(channel) or found.ephemeral:
            raise no(404, 10008)
        return found

    def _history(self, request: Request, channel: str) -> Answer:
        self._reachable(channel, READ_MESSAGE_HISTORY)
        there = [one for one in self._world.messages.values() if one.channel == int(channel) and not one.ephemeral]
        if "before" in request.query:
            there = [one for one in there if one.id < int(request.query["before"])]
        if "after" in request.query:
            there = [one for one in there if one.id > int(request.query["after"])]
        return [self._world.message_payload(one) for one in there[::-1][: int(request.query.get("limit", 50))]]

    def _get_message(self, _: Request, channel: str, message: str) -> Answer:
        found = self._found(channel, message)
        self._reachable(channel, READ_MESSAGE_HISTORY)
        return self._world.message_payload(found)

    def _edit_message(self, request: Request, channel: str, message: str) -> Answer:
        found = self._found(channel, message)
        if found.author != BOT_ID:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        edited = replace(self._filled(found, request, request.body), edits=found.edits + 1, edited=self._world.now())
        return self._world.message_payload(self._put(edited, new=False))

    def _delete_message(self, _: Request, channel: str, message: str) -> Answer:
        found = self._found(channel, message)
        if found.author != BOT_ID:
            if self._world.channels[int(channel)].guild is None:
                raise Refused(403, 50003, "Cannot execute action on a DM channel")
            self._reachable(channel, MANAGE_MESSAGES)
        self._gone(found)
        return None

    def _type(self, _: Request, channel: str) -> Answer:
        self._reachable(channel, SEND_MESSAGES)
        return None

    def _leave(self, _: Request, guild: str) -> Answer:
        if int(guild) not in self._world.guilds:
            raise no(404, 10004)
        self._world.guilds[int(guild)].here = False
        self._tell("GUILD_DELETE", {"id": guild}, GUILDS)
        return None

    # ---- what a message is made of

    def _filled(self, message: Message, request: Request, data: Json) -> Message:
        """Put content into a message; what the call does not mention stays."""
        changes: dict[str, Any] = {}
        if "content" in data:
            changes["text"] = data["content"] or ""
            if len(changes["text"]) > LONGEST_TEXT:
                length = f"Must be {LONGEST_TEXT} or fewer in length."
                raise invalid("content", "BASE_TYPE_MAX_LENGTH", length)
        if "embeds" in data:
            changes["embeds"] = tuple(data["embeds"] or ())
        flags = message.flags | (data.get("flags") or 0) & COMPONENTS_V2
        if "components" in data:
            changes["components"] = self._components(data["components"] or [], rich=bool(flags & COMPONENTS_V2))
        if flags & COMPONENTS_V2:
            if changes.get("text"):
                raise invalid(
                    "content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "The field cannot be used"
                )
            changes["text"] = "\n".join(texts_of(changes.get("components", message.components)))
        if request.files or "attachments" in data:
            changes["files"] = self._files(message, request, data)
        text = changes.get("text", message.text)
        changes["pings"] = _pings(text, data.get("allowed_mentions"))
        made = replace(message, flags=flags, **changes)
        if not (made.text.strip() or made.embeds or made.files or (flags & COMPONENTS_V2 and made.components)):
            raise no(400, 50006)
        return made

    def _components(self, components: list[Json], *, rich: bool) -> tuple[Json, ...]:
        if not rich and len(components) > MOST_ROWS:
            raise invalid("components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MOST_ROWS} in length.")
        ids = custom_ids(components)
        if len(set(ids)) < len(ids):
            raise invalid("components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
        if any(len(each) > 100 for each in ids):
            raise invalid("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        return numbered(components)

    def _files(self, message: Message, request: Request, data: Json) -> tuple[Upload, ...]:
        listed = data.get("attachments")
        kept = {str(each["id"]) for each in listed or ()}
        files = [one for one in message.files if listed is None or str(one.id) in kept]
        for name, part in request.files.items():
            if _FILE.fullmatch(name):
                files.append(self._world.stored(part.filename, part.data, part.content_type))
        return tuple(files)

    def _put(self, message: Message, *, new: bool = True) -> Message:
        self._world.messages[message.id] = message
        self._told("MESSAGE_CREATE" if new else "MESSAGE_UPDATE", message)
        return message

    def _gone(self, message: Message) -> None:
        del self._world.messages[message.id]
        self._told("MESSAGE_DELETE", message)

    def _told(self, event: str, message: Message) -> None:
        """Tell the bot of its own message, as Discord does; of ephemeral ones it hears nothing."""
        if message.ephemeral:
            return
        guild = self._world.channels[message.channel].guild
        if event == "MESSAGE_DELETE":
            data: Json = {"id": str(message.id), "channel_id": str(message.channel)}
        else:
            data = self._world.message_payload(message)
        if guild is not None:
            data["guild_id"] = str(guild)
        self._tell(event, data, DIRECT_MESSAGES if guild is None else GUILD_MESSAGES)


def _choices(data: Json) -> list[Json]:
    choices: list[Json] = data.get("choices") or []
    if len(choices) > commands.MOST_CHOICES:
        length = f"Must be {commands.MOST_CHOICES} or fewer in length."
        raise invalid("data.choices", "BASE_TYPE_MAX_LENGTH", length)
    if any(not 1 <= len(str(one[name])) <= 100 for one in choices for name in ("name", "value")):
        raise invalid("data.choices", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    return choices


def _pings(text: str, allowed: Json | None) -> frozenset[str]:
    meant = {kind for kind, pattern in _PING.items() if pattern.search(text)}
    if allowed is None:
        return frozenset(meant)
    return frozenset(kind for kind in meant if kind in (allowed.get("parse") or ()) or allowed.get(kind))


_ANSWERS = {
    COMMAND: {MESSAGE, DEFERRED_MESSAGE, MODAL},
    COMPONENT: {MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL_SUBMIT: {MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE},
}


def _route(template: str, method: Callable[..., Answer], *, needs_token: bool = True) -> Any:
    verb, _, path = template.partition(" ")
    pattern = re.sub(r"\{(\w+)}", r"(?P<\1>\\d+)", path).replace(r"(?P<token>\d+)", "(?P<token>[^/]+)")
    return verb, re.compile(pattern), needs_token, method


_ONLY_TOLD = {
    "joined_at", "large", "member_count", "voice_states", "members", "channels", "threads", "presences",
    "stage_instances", "guild_scheduled_events", "soundboard_sounds",
}  # fmt: skip
"""Of a server, what only the gateway says."""

_ROUTES: tuple[tuple[str, re.Pattern[str], bool, Callable[..., Answer]], ...] = (
    _route("POST /interactions/{interaction}/{token}/callback", Rest._callback, needs_token=False),
    _route("GET /webhooks/{application}/{token}/messages/@original", Rest._get_original, needs_token=False),
    _route("PATCH /webhooks/{application}/{token}/messages/@original", Rest._edit_original, needs_token=False),
    _route("DELETE /webhooks/{application}/{token}/messages/@original", Rest._delete_original, needs_token=False),
    _route("POST /webhooks/{application}/{token}", Rest._follow_up, needs_token=False),
    _route("GET /webhooks/{application}/{token}/messages/{message}", Rest._get_follow_up, needs_token=False),
    _route("PATCH /webhooks/{application}/{token}/messages/{message}", Rest._edit_follow_up, needs_token=False),
    _route("DELETE /webhooks/{application}/{token}/messages/{message}", Rest._delete_follow_up, needs_token=False),
    _route("POST /channels/{channel}/messages", Rest._send),
    _route("GET /channels/{channel}/messages", Rest._history),
    _route("GET /channels/{channel}/messages/{message}", Rest._get_message),
    _route("PATCH /channels/{channel}/messages/{message}", Rest._edit_message),
    _route("DELETE /channels/{channel}/messages/{message}", Rest._delete_message),
    _route("POST /channels/{channel}/typing", Rest._type),
    _route("GET /channels/{channel}", Rest._get_channel),
    _route("GET /guilds/{guild}", Rest._get_guild),
    _route("GET /guilds/{guild}/members/{user}", Rest._get_member),
    _route("POST /users/@me/channels", Rest._open_dm),
    _route("GET /users/@me", Rest._me),
    _route("DELETE /users/@me/guilds/{guild}", Rest._leave),
    _route("GET /users/{user}", Rest._user),
    _route("GET /oauth2/applications/@me", Rest._application),
    _route("GET /applications/@me", Rest._application),
    _route("GET /gateway/bot", Rest._gateway),
    _route("GET /applications/{application}/commands", Rest._list_commands),
    _route("PUT /applications/{application}/commands", Rest._sync_commands),
    _route("GET /applications/{application}/role-connections/metadata", Rest._role_metadata),
    _route("PUT /applications/{application}/role-connections/metadata", Rest._set_role_metadata),
    _route("POST /applications/{application}/commands", Rest._add_command),
    _route("PATCH /applications/{application}/commands/{command}", Rest._change_command),
    _route("DELETE /applications/{application}/commands/{command}", Rest._delete_command),
)
