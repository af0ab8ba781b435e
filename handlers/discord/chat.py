"""Answers what arrives from Discord: first it is acknowledged, then done, and only then said to be done.

What changes nothing is answered at once, where that takes no longer than a moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from functools import partial
from http import HTTPStatus
from io import BytesIO
from json import JSONDecodeError
from typing import Any, TypeVar

import aiohttp
import discord
from discord.app_commands import Choice

from bot.domain.errors import NotRecorded
from bot.draft import SourceFile
from bot.guards.rate_limits import Heed
from bot.process import logs
from bot.process.logs import Act
from bot.runtime.app import App
from bot.secrets.keys import Person
from handlers.conversation import (
    CARD_BUTTONS,
    Button,
    Command,
    Conversation,
    File,
    Here,
    Reply,
    Rest,
    RoomsBy,
    Said,
    Takes,
    Ways,
    carrying,
    edited,
    holds_code,
    only_shows,
    shows_code,
    too_fast,
)
from handlers.discord.autocomplete import Suggestions
from handlers.discord.commands import as_here
from handlers.discord.components import ENTER_CARD, CardForm, view, written
from handlers.discord.markdown import messages, plain
from handlers.platforms.answer_queue import AnswerQueue
from handlers.platforms.per_person_order import PerPersonOrder
from handlers.platforms.rate_limit import RateLimit, takes_longer
from handlers.platforms.seen_updates import SeenUpdates
from handlers.platforms.uploads import FETCHED_WITHIN_S, UPLOAD_PRICE, Uploads
from handlers.texts import discord as texts
from handlers.texts import paper_cards as paper_texts
from handlers.texts import refusals
from handlers.texts.catalogue import speaking

T = TypeVar("T")
Interaction = discord.Interaction[Any]
Response = discord.InteractionResponse[Any]
Edit = Callable[..., Awaitable[object]]
"""Changes the words of a message: its `content`."""

Later = Callable[[float, Callable[[], None]], asyncio.Handle]
"""Calls something after so many seconds, as the event loop does."""

log = logging.getLogger(__name__)

PLATFORM = "discord"

AT_ONCE_S = 1.0
"""How long an answer that changes nothing may take before it is acknowledged; Discord waits for three seconds."""

TRIES = 3
FIRST_WAIT_S = 0.3

LONG_S = 60.0
"""How long Discord has too many, if it does not say."""

ACKNOWLEDGED = 40060
"""It has been acknowledged already: the answer to our first try was lost, or another bot has our token."""

GIVES_WAY_S = 1.0
"""How long the other bot has for its acknowledgement once it has taken our token; Discord waits for three seconds."""

SUGGESTION_PRICE = 0.1
"""Of what an account may say in a minute: there is a suggestion for every few letters typed."""

CLEARED = 100
"""Messages that are looked at when a chat is cleared: Discord deletes about one a second."""

NONSENSE = (JSONDecodeError, TypeError, LookupError, AttributeError)
"""An answer that is no JSON, as of some proxy: discord.py reads a text as if it were an object."""
TROUBLE = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError, *NONSENSE)
"""What passes by itself. discord.py has waited out what it can by then."""


class Responded(Enum):
    """What became of the first response to an interaction."""

    NOW = auto()
    BEFORE = auto()  #: when we first tried, it had one already
    NOT = auto()  #: it has none, and Discord waits for none any more


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One message of an answer."""

    text: str
    shown: discord.ui.View | None = None
    file: File | None = None


class DiscordChat:
    """Handles one interaction or message at a time; what it does may be repeated and then changes nothing."""

    def __init__(
        self, app: App, way: str, client: discord.Client, rate_limit: RateLimit, *, later: Later | None = None
    ) -> None:
        self._app = app
        self._way = way
        self._later = later or asyncio.get_running_loop().call_later
        self._answers = AnswerQueue()
        self._rate_limit = rate_limit
        self._client = client
        self._turns = PerPersonOrder()
        self._taken = SeenUpdates()  #: delivered again, an old press must not undo a later one
        self._tried = SeenUpdates()  #: what we have tried to respond to
        app.titles[way] = self.title
        self._suggestions = Suggestions(app)
        self._conversation = Conversation(
            app,
            Ways(
                can_see=texts.can_see,
                rooms_by=RoomsBy.PLACE,
                typed=False,
                can_reach=texts.can_reach,
                can_clear=texts.can_clear,
            ),
        )
        self._uploads = Uploads(app, self._conversation)

    async def rest(self) -> None:
        """Wait until everything under way is answered."""
        await self._turns.rest()
        await self._answers.aclose()

    # -- interactions ---------------------------------------------------------------------------------------

    async def commanded(self, interaction: Interaction, command: Command, given: Mapping[str, str]) -> None:
        """Carry out an application command."""
        words = [given[option.takes] for option in command.options if option.takes in given]
        await self._answer(
            interaction,
            Said(
                who=self._person(interaction.user),
                words=(command.name, *words),
                language=_language(interaction),
                here=_here(interaction),
            ),
        )

    async def pressed(self, interaction: Interaction, data: str) -> None:
        """Carry out a button."""
        said = Said.pressed(
            self._person(interaction.user), data, language=_language(interaction), here=_here(interaction)
        )
        if said.button == ENTER_CARD:
            with speaking(said.language):
                form = CardForm(data)
            await self._acknowledge(interaction, lambda response: response.send_modal(form))
            return
        await self._answer(interaction, said)

    async def filled_in(self, interaction: Interaction) -> None:
        """Look at the card that somebody wrote into the form; it is meant as one, whatever it looks like."""
        opened, code = written(interaction)
        pressed = Said.pressed(self._person(interaction.user), opened, language=_language(interaction))
        await self._answer(interaction, replace(pressed, button=None, words=("start", code)))

    async def suggest(self, interaction: Interaction, command: Command, takes: Takes, typed: str) -> list[Choice[str]]:
        """Suggest what to fill in."""
        walkout = getattr(interaction.namespace, Takes.WALKOUT)  # None where there is none
        if self._conversation.heed(self._person(interaction.user), SUGGESTION_PRICE) is not Heed.ANSWER:
            return []
        with speaking(_language(interaction)):
            return await self._suggestions.suggest(
                self._person(interaction.user), command, takes, typed, walkout or None
            )

    def _person(self, user: discord.abc.User) -> Person:
        return Person(self._way, str(user.id))

    async def _answer(self, interaction: Interaction, said: Said) -> None:
        async with self._turns.place(said.who) as turn:
            if only_shows(said) and not self._app.fence.is_foreign(self._way):
                await self._answer_at_once(interaction, said, turn)
                return
            waits = await self._acknowledge(interaction, partial(_defer, interaction))
            await turn()  # also without doing anything: who comes next waits for those before
            if not waits:
                return  # the person has seen that it failed; nothing was done
            if self._comes_again(interaction.id):
                return
            await self._give_answer(interaction, said, await self._replied(said))

    async def _answer_at_once(self, interaction: Interaction, said: Said, turn: Callable[[], Awaitable[None]]) -> None:
        """Answer what changes nothing in the first response; or, if that takes too long, acknowledge it meanwhile."""
        acknowledging: list[asyncio.Task[bool]] = []

        def acknowledge() -> None:
            acknowledging.append(self._answers.start(self._acknowledge(interaction, partial(_defer, interaction))))

        timer = self._later(AT_ONCE_S, acknowledge)
        try:
            await turn()
            if self._comes_again(interaction.id):
                return
            reply = await self._replied(said)
        finally:
            timer.cancel()
        if not acknowledging and reply is not None and not _takes_more(reply):
            with speaking(said.language):
                await self._show(interaction, reply, at_once=True)
            return
        if not acknowledging:
            acknowledge()
        if await acknowledging[0]:
            await self._give_answer(interaction, said, reply)

    async def _give_answer(self, interaction: Interaction, said: Said, reply: Reply | None) -> None:
        """Show the answer to what is acknowledged."""
        if reply is None:
            await self._pass_over(interaction)
            return
        with speaking(said.language):
            if reply.rest is not None:
                begin = partial(self._shown_first, interaction, reply)
                show = partial(self._show, interaction, below=reply.file is not None)
                await self._begin(said, reply.rest, begin, show)
            else:
                await (self._clear(interaction, reply) if reply.clears else self._show(interaction, reply))

    async def _begin(
        self,
        said: Said,
        rest: Rest,
        begin: Callable[[], Awaitable[Edit]],
        show: Callable[[Reply], Awaitable[None]],
    ) -> None:
        """Say that an answer takes long, and see to the rest of it beside everything else."""
        try:
            edit = await begin()
        except (discord.HTTPException, *TROUBLE) as error:
            log.warning(Act.NOT_ANSWERED, logs.kind(error))  # nothing is done of which they do not know
        else:
            self._answers.start(self._finish(said, rest, edit, show))

    async def _finish(self, said: Said, rest: Rest, edit: Edit, show: Callable[[Reply], Awaitable[None]]) -> None:
        async def tell(text: str) -> None:
            try:
                await edit(content=plain(as_here(text)))
            except (discord.HTTPException, discord.RateLimited, *TROUBLE) as error:
                log.warning(Act.NOT_ANSWERED, logs.kind(error))  # the rest comes all the same

        reply = await self._answers.finish(said.who, partial(self._conversation.finish, said, rest), tell)
        with speaking(said.language):
            await show(reply)

    async def _shown_first(self, interaction: Interaction, reply: Reply) -> Edit:
        """Show the first part of an answer; return what changes it."""
        if reply.file is not None:
            await self._show(interaction, reply)
            return _stays
        (part,) = _parts(interaction, reply)
        if _leaves_card(interaction, reply):
            return (await _patiently(partial(_follow_up, interaction, part))).edit
        await _patiently(partial(_edit, interaction, part))
        return interaction.edit_original_response

    def _comes_again(self, number: int) -> bool:
        """Note that it is being done; say whether it was before. Discord may deliver things twice, and late."""
        if number in self._taken:
            return True
        self._taken.add(number)
        return False

    async def _acknowledge(self, interaction: Interaction, how: Callable[[Response], Awaitable[object]]) -> bool:
        """Tell Discord that an answer will come; False if it does not wait for one any more."""
        held = self._app.fence.is_foreign(self._way)
        if held:
            await asyncio.sleep(GIVES_WAY_S)
        responded = await self._respond(interaction, how)
        # where it had been before, the other bot answers if we do not
        return responded is Responded.NOW or (responded is Responded.BEFORE and not held)

    async def _respond(self, interaction: Interaction, how: Callable[[Response], Awaitable[object]]) -> Responded:
        """Make the first response to an interaction."""
        first = False

        async def once() -> None:
            nonlocal first
            first = interaction.id not in self._tried
            self._tried.add(interaction.id)
            # a fresh response for each try: one that failed may take itself for done
            await how(discord.InteractionResponse(interaction))

        try:
            await _patiently(once)
        except discord.HTTPException as error:
            if error.code != ACKNOWLEDGED:
                log.warning(Act.NOT_ACKNOWLEDGED, error.code)
                return Responded.NOT
            if first:
                self._app.fence.sign(self._way)
            return Responded.BEFORE if first else Responded.NOW
        except TROUBLE as error:
            log.warning(Act.NOT_ACKNOWLEDGED, logs.kind(error))
            return Responded.NOT
        return Responded.NOW

    async def _replied(self, said: Said) -> Reply | None:
        try:
            return await self._conversation.answer(said)
        except NotRecorded as refused:
            with speaking(said.language):
                kind, text = refusals.refusal(refused)
            return Reply(kind=kind, text=text)

    async def _pass_over(self, interaction: Interaction) -> None:
        """Say nothing: what was pressed stays as it is, and nobody is left waiting."""
        if interaction.type is not discord.InteractionType.component:
            with contextlib.suppress(discord.HTTPException, *TROUBLE):
                await interaction.delete_original_response()

    async def _clear(self, interaction: Interaction, reply: Reply) -> None:
        """Delete what a bot can; say so in a message that only they see and that does not stay."""
        try:
            if _among_others(interaction) or interaction.channel_id is None:
                await _patiently(interaction.delete_original_response)
                return
            chat = self._client.get_partial_messageable(interaction.channel_id)
            ours = [one async for one in chat.history(limit=CLEARED) if one.author == self._client.user]
            for message in ours:
                with contextlib.suppress(discord.NotFound):
                    await _patiently(message.delete)
            await _patiently(lambda: interaction.followup.send(as_here(reply.text), ephemeral=True))
        except (discord.HTTPException, discord.RateLimited, *TROUBLE) as error:
            log.warning(Act.NOT_CLEARED, logs.kind(error))
            with contextlib.suppress(discord.HTTPException, *TROUBLE):
                await interaction.followup.send(texts.not_cleared(), ephemeral=True)

    async def _show(
        self, interaction: Interaction, reply: Reply, *, at_once: bool = False, below: bool = False
    ) -> None:
        """Show an answer: in the first response, or where that was made already."""
        if reply.file is not None and reply.file.lasts is not None:
            await self._hand_over(interaction, reply, reply.file, reply.file.lasts)
            return
        first, *others = parts = _parts(interaction, reply)
        below = below or _leaves_card(interaction, reply)
        if at_once:
            responded = await self._respond(interaction, partial(_say, interaction, first, below=below))
            if responded is Responded.NOT:
                return
            at_once = responded is Responded.NOW
        try:
            if not at_once and not below:
                await _patiently(partial(_edit, interaction, first))
            for part in parts if below and not at_once else others:
                await _patiently(partial(_follow_up, interaction, part))
        except (discord.HTTPException, *TROUBLE) as error:
            # what was asked for is done, and asking again tells
            log.warning(Act.NOT_ANSWERED, logs.kind(error))

    async def _hand_over(self, interaction: Interaction, reply: Reply, file: File, lasts: timedelta) -> None:
        """Send a file that is deleted later as a direct message; who takes none gets it where they are.

        There, what only one person sees can be deleted for a quarter of an hour, and not after a restart.
        """
        nonce = secrets.token_hex(10)
        (text,) = messages(as_here(reply.text))
        try:
            if interaction.type is not discord.InteractionType.component:
                await _patiently(lambda: interaction.edit_original_response(content=texts.sent_privately(lasts)))
            try:
                await self._lend(interaction.user, text, file, lasts, nonce)
            except discord.Forbidden:
                # the words first, and the file into that very message: a follow-up whose answer is lost is sent twice
                below = await _patiently(partial(_follow_up, interaction, Part(text=text)))
                await _patiently(lambda: below.edit(attachments=[_file(file)]))
                await below.delete(delay=lasts.total_seconds())
        except (discord.HTTPException, *TROUBLE) as error:
            log.warning(Act.NO_FILE, logs.kind(error))
            lost = Part(text=_not_delivered())
            with contextlib.suppress(discord.HTTPException, *TROUBLE):
                await _patiently(partial(_follow_up, interaction, lost))

    async def _lend(
        self, channel: discord.abc.Messageable, text: str, file: File, lasts: timedelta, nonce: str
    ) -> None:
        """Say the words, have their message deleted later, and only then put the file there.

        So a crash in between leaves no file behind. Raises discord.Forbidden if nothing can be said there.
        """
        sent = await self._in_turn(partial(_post, channel, text, None, nonce))
        await self._app.deletions[self._way].delete_later(f"{sent.channel.id} {sent.id}", lasts)
        await self._in_turn(lambda: sent.edit(attachments=[_file(file)]))

    # -- direct messages --------------------------------------------------------------------------------------

    async def written(self, message: discord.Message) -> None:
        """Answer a direct message."""
        text = _words(message)
        said = Said(who=self._person(message.author), text=text)
        async with self._turns.place(said.who) as turn:
            await turn()
            if self._comes_again(message.id):
                return
            if message.attachments:
                for attachment in message.attachments:
                    reply = await self._uploaded(said, attachment)
                    if reply is not None and reply.kind == "forbidden" and _is_seen_or_heard(attachment):
                        break  # a worker's picture of a card: what is written beside it counts
                    await self._give(message, reply)
                else:
                    return
            reply = await self._replied(said)
            if reply is not None and shows_code(text, reply):
                reply = replace(reply, text=f"{reply.text}\n\n{texts.delete_it()}")
            if reply is not None and reply.rest is not None:
                begin = partial(self._posted_first, message.channel, reply)
                answer = partial(self._begin, said, reply.rest, begin, partial(self._give, message))
                await self._answers.give(message.author.id, answer, known=reply.known)
            else:
                await self._give(message, reply)

    async def _posted_first(self, channel: discord.abc.Messageable, reply: Reply) -> Edit:
        if reply.file is not None:
            await self._send(channel, reply)
            return _stays
        post = partial(_post, channel, plain(as_here(reply.text)), None, secrets.token_hex(10))
        return (await self._in_turn(post)).edit

    async def edited(self, message: discord.Message) -> None:
        """Answer somebody who changes what they have written."""
        if self._conversation.heed(self._person(message.author)) is not Heed.ANSWER:
            return
        reply = edited()
        if holds_code(message.content):
            reply = replace(reply, text=f"{reply.text}\n\n{texts.delete_it()}")
        await self._give(message, reply)

    async def _give(self, message: discord.Message, reply: Reply | None) -> None:
        if reply is not None:
            answer = partial(self._send, message.channel, reply)
            await self._answers.give(message.author.id, answer, known=reply.known)

    async def _uploaded(self, said: Said, attachment: discord.Attachment) -> Reply | None:
        heed = self._conversation.heed(said.who, UPLOAD_PRICE)
        if heed is not Heed.ANSWER:
            return too_fast() if heed is Heed.WARNING else None
        reply = await self._uploads.refuse(said.who, attachment.filename, attachment.size)
        if reply is not None:
            return reply
        try:
            async with asyncio.timeout(FETCHED_WITHIN_S):
                data = await _patiently(attachment.read)
        except (discord.HTTPException, *TROUBLE):
            data = None
        if data is None or len(data) < attachment.size:  # half a file may look like a whole one
            return Reply(kind="not_recorded", text=texts.file_not_fetched(), known=True)
        try:
            return await self._uploads.take(said, SourceFile(name=attachment.filename, data=data))
        except NotRecorded as refused:
            kind, text = refusals.refusal(refused)
            return Reply(kind=kind, text=text)

    async def _send(self, channel: discord.abc.Messageable, reply: Reply) -> None:
        said, file = messages(as_here(reply.text)), reply.file
        shown = view(_buttons(reply))
        once = secrets.token_hex(8)  # sent again, a part is not posted again
        try:
            for number, part in enumerate(said[:-1], start=1):
                await self._in_turn(partial(_post, channel, part, None, f"{once}{number}"))
            if file is not None and file.lasts is not None:
                await self._lend(channel, said[-1], file, file.lasts, f"{once}0")
            else:
                await self._in_turn(partial(_post, channel, said[-1], shown, f"{once}0", file))
        except (discord.HTTPException, *TROUBLE) as error:
            log.warning(Act.NOT_ANSWERED, logs.kind(error))
            if file is not None and file.lasts is not None:
                with contextlib.suppress(discord.HTTPException, *TROUBLE):
                    await channel.send(_not_delivered())

    async def _in_turn(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call that counts when it is its turn, for as long as Discord has too many."""
        while True:
            await self._rate_limit.turn()
            try:
                return await _patiently(call)
            except discord.RateLimited as limited:
                wait = limited.retry_after
            except discord.HTTPException as error:
                if error.status != HTTPStatus.TOO_MANY_REQUESTS:
                    raise
                wait = asked_to_wait_s(error.response)
            takes_longer()
            await asyncio.sleep(wait)

    async def title(self, address: str) -> str | None:
        """Say what a channel is called now; None if Discord has not told us."""
        channel = self._client.get_channel(int(address)) if address.isdecimal() else None
        return f"#{channel.name}" if isinstance(channel, discord.abc.GuildChannel | discord.Thread) else None


def asked_to_wait_s(answer: aiohttp.ClientResponse) -> float:
    """Return how long whoever had too many asks us to wait."""
    asked = answer.headers.get("Retry-After", "")
    return float(asked) if asked.replace(".", "", 1).isdecimal() else LONG_S


async def _post(
    channel: discord.abc.Messageable, text: str, shown: discord.ui.View | None, nonce: str, file: File | None = None
) -> discord.Message:
    more: dict[str, Any] = {} if shown is None else {"view": shown}
    if file is not None:
        more["file"] = _file(file)
    sent: discord.Message = await channel.send(text, nonce=nonce, **more)
    return sent


async def _defer(interaction: Interaction, response: Response) -> None:
    if interaction.type is discord.InteractionType.component:
        await response.defer()  # the message with the button is going to change
    else:
        await response.defer(ephemeral=_among_others(interaction), thinking=True)


def _parts(interaction: Interaction, reply: Reply) -> list[Part]:
    """Cut an answer into messages; what belongs to it stands below the last."""
    *before, last = messages(as_here(reply.text) + (_in_server(reply) if _among_others(interaction) else ""))
    return [*(Part(text=text) for text in before), Part(text=last, shown=view(_buttons(reply)), file=reply.file)]


async def _say(interaction: Interaction, part: Part, response: Response, *, below: bool) -> None:
    """Show a message in the first response."""
    if interaction.type is discord.InteractionType.component and not below:
        await response.edit_message(content=part.text, view=part.shown)
        return
    await response.send_message(
        part.text,
        view=part.shown or discord.utils.MISSING,
        file=_file(part.file) if part.file else discord.utils.MISSING,
        ephemeral=_among_others(interaction),
    )


async def _edit(interaction: Interaction, part: Part) -> None:
    """Show a message where an interaction was acknowledged."""
    attachments = [_file(part.file)] if part.file else discord.utils.MISSING
    await interaction.edit_original_response(content=part.text, view=part.shown, attachments=attachments)


async def _follow_up(interaction: Interaction, part: Part) -> discord.WebhookMessage:
    return await interaction.followup.send(
        part.text,
        view=part.shown or discord.utils.MISSING,
        file=_file(part.file) if part.file else discord.utils.MISSING,
        ephemeral=_among_others(interaction),
        wait=True,
    )


def _among_others(interaction: Interaction) -> bool:
    """Say whether others could read an answer that is not for the asker's eyes only: all but our direct messages."""
    return interaction.guild_id is not None or interaction.context.private_channel


async def _patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Call until it works, a few times: somebody is waiting."""
    wait = FIRST_WAIT_S
    for _try in range(TRIES - 1):
        try:
            return await call()
        except TROUBLE:
            await asyncio.sleep(wait)
            wait *= 2
    return await call()


async def _stays(**_changes: object) -> None:
    """Leave the words beside a file as they are."""


def _takes_more(reply: Reply) -> bool:
    """Say whether more is done than to show it."""
    return reply.clears or reply.rest is not None or (reply.file is not None and reply.file.lasts is not None)


def _leaves_card(interaction: Interaction, reply: Reply) -> bool:
    """Say whether the answer goes below what was pressed: people need the message with their card, or the board."""
    if interaction.type is not discord.InteractionType.component:
        return False
    data: Mapping[str, Any] = interaction.data or {}
    on_card = str(data.get("custom_id", ""))[:1] in CARD_BUTTONS
    return reply.file is not None or reply.below or (on_card and not reply.buttons)


def _buttons(reply: Reply) -> tuple[Button, ...]:
    if not reply.asks_card:
        return reply.buttons
    return (Button(label=texts.enter_card(), data=carrying(ENTER_CARD, reply.chosen)), *reply.buttons)


def _in_server(reply: Reply) -> str:
    """Warn, below an answer that only one person sees."""
    if any(button.data[:1] in CARD_BUTTONS for button in reply.buttons):
        return f"\n\n{texts.only_you()}"
    return f"\n\n{texts.not_in_a_channel()}" if reply.asks_card else ""


def _not_delivered() -> str:
    return plain(as_here(paper_texts.not_delivered()))


def _file(file: File) -> discord.File:
    return discord.File(BytesIO(file.data), filename=file.name)


def _is_seen_or_heard(attachment: discord.Attachment) -> bool:
    """Say whether it is a picture or a voice."""
    return (attachment.content_type or "").startswith(("image/", "audio/", "video/"))


def _words(message: discord.Message) -> str:
    """Return what is written in a message; what was forwarded stands in what it was forwarded from."""
    return "\n".join([message.content, *(snapshot.content for snapshot in message.message_snapshots)]).strip()


def _language(interaction: Interaction) -> str:
    """Return what somebody's app speaks; what their server does is its rooms' affair."""
    return interaction.locale.value


def _here(interaction: Interaction) -> Here | None:
    if interaction.guild_id is None or interaction.channel_id is None:
        return None
    may, in_thread = interaction.app_permissions, isinstance(interaction.channel, discord.Thread)
    posting = may.send_messages_in_threads if in_thread else may.send_messages
    if isinstance(interaction.channel, discord.Thread) and interaction.channel.locked:
        posting = posting and may.manage_threads
    return Here(address=str(interaction.channel_id), can_post=may.view_channel and posting)
