"""Translates what Telegram delivers into what the conversation understands, and its answers back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from telegram import Bot, Chat, ChatMember, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, InputMediaDocument
from telegram import Message as TelegramMessage
from telegram.error import BadRequest, TelegramError

from bot.domain.errors import NotRecorded
from bot.draft import SourceFile
from bot.guards.rate_limits import Heed
from bot.runtime.app import App
from bot.secrets.keys import Person
from bot.usecases import organizers
from bot.usecases.health import Hearing
from bot.usecases.pairing import Wish
from handlers.conversation import (
    ASIDE,
    CARD_BUTTONS,
    COMMANDS,
    Button,
    Conversation,
    File,
    Reply,
    Rest,
    RoomsBy,
    Said,
    Ways,
    edited,
    holds_code,
    shows_code,
    too_fast,
)
from handlers.platforms.answer_queue import AnswerQueue
from handlers.platforms.message_splitting import parts
from handlers.platforms.per_person_order import PerPersonOrder
from handlers.platforms.uploads import FETCHED_WITHIN_S, UPLOAD_PRICE, Uploads
from handlers.telegram.checks import hearing
from handlers.telegram.menus import Menus
from handlers.telegram.rate_limit import ChatPace
from handlers.telegram.recent_messages import MESSAGES, RecentMessages
from handlers.telegram.room_addresses import Place
from handlers.telegram.sender import (
    LONGEST_CAPTION,
    LONGEST_TEXT,
    MESSAGE_TRIES,
    NO_PREVIEW,
    TRIES,
    answered,
    keyboard,
)
from handlers.texts import paper_cards as paper_texts
from handlers.texts import telegram as texts
from handlers.texts.catalogue import speaking

T = TypeVar("T")

PLATFORM = "telegram"

Raw = Mapping[str, Any]
"""Something of Telegram's, as it came."""

LONGEST_ALERT = 200

HIDING_TRIES = 8
HIDDEN_WITHIN_S = 60
"""A message with a code is out of sight by then, or stays, and its sender is asked to delete it."""

HIDING_HOLDS_S = 4.0
"""So long at most its update waits for that: within it, a crash brings the message again."""

_OUT = {ChatMember.LEFT, ChatMember.BANNED}
OUR_COMMANDS = {row.name for row in COMMANDS}


class TelegramChat:
    """Handles one update at a time; what it does may be repeated and then changes nothing."""

    def __init__(self, app: App, way: str, bot: Bot, menus: Menus, answers: AnswerQueue, rate_limit: ChatPace) -> None:
        self.recent = RecentMessages()
        self._app = app
        self._way = way
        self._bot = bot
        self._menus = menus
        self._answers = answers
        self._rate_limit = rate_limit
        self._asides = PerPersonOrder()
        app.titles[way] = self.title
        app.menus[way] = self.role_changed
        self._conversation = Conversation(
            app,
            Ways(
                can_see=texts.can_see,
                rooms_by=RoomsBy.WORD,
                invite=f"{bot.link}?startgroup={{word}}",
                can_clear=texts.can_clear,
            ),
        )
        self._uploads = Uploads(app, self._conversation)

    async def handle(self, raw: Raw) -> None:
        """Do all that one update asks for; return once its effect is committed and its answer on the way."""
        # as it came: the library would first build all there is in a message, which costs more than everything it makes
        # us do, and would stumble over what we do not even look at
        message = raw.get("message") or raw.get("channel_post")
        if "callback_query" in raw:
            await self._pressed(raw["callback_query"])
        elif "my_chat_member" in raw:
            await self._membership(raw["my_chat_member"])
        elif "edited_message" in raw:
            await self._edited(raw["edited_message"])
        elif message is None:
            return
        elif "migrate_to_chat_id" in message:
            await self.moved(str(message["chat"]["id"]), str(message["migrate_to_chat_id"]))
        elif message["chat"]["type"] != Chat.PRIVATE:
            await self._overheard(message)
        elif "from" not in message:
            return
        elif "document" in message:
            await self._uploaded(message, message["from"], message["document"])
        else:
            await self._written(message, message["from"])

    async def moved(self, old: str, new: str) -> None:
        """Follow a group that became a supergroup."""
        await self._app.store.move_room(self._way, old, new)

    async def gone(self, address: str) -> None:
        """Unbind a chat that does not want us any more, with all its topics, or one topic; tell the organizers."""
        bound = {
            room.address
            for walkout in await self._app.store.walkouts()
            for room in await self._app.store.rooms(walkout.id)
            if room.way == self._way
        }
        for room in sorted(bound):
            if address in {room, str(Place.read(room).chat)}:
                await organizers.lose_room(self._way, room, self._app.store, self._app.clock)

    async def mute(self, address: str) -> None:
        """Tell the organizers that we may not write in a chat."""
        await organizers.room_is_mute(self._way, address, self._app.store, self._app.clock)

    async def role_changed(self, address: str) -> None:
        """Give somebody the menu of the roles that they have now."""
        roles = await self._app.store.roles(self._app.keys.person(Person(self._way, address)))
        if roles.suspension is None:  # else they have theirs again in a day
            await self._menus.fit(int(address), roles, self.recent.spoken(int(address)))

    async def title(self, address: str) -> str | None:
        """Ask what a chat is called; None if Telegram does not say."""
        place = Place.read(address)
        try:
            title = (await self._bot.get_chat(place.chat)).title or ""
        except TelegramError:
            return None
        return title if place.topic is None else texts.topic(title, place.topic)

    # -- private chats ------------------------------------------------------------------------------------

    async def _written(self, message: Raw, user: Raw) -> None:
        chat, text = message["chat"]["id"], _words(message)
        self.recent.note(chat, message["message_id"])
        self.recent.note_spoken(chat, user.get("language_code", ""))
        number = str(message["message_id"])
        said = Said(who=self._person(user), text=text, language=user.get("language_code"), number=number)
        try:
            reply = await self._conversation.answer(said)
        except (
            NotRecorded
        ):  # it comes again; nobody knows whether the code is one, and it shall not lie there meanwhile
            if holds_code(text):
                self._hide(message)
            raise
        # before the update is confirmed: were we killed first, Telegram would hand it out again
        hidden = await self._hidden(self._hide(message)) if shows_code(text, reply) else None
        if reply is None:
            return
        with speaking(said.language):
            reply = self._with_word_of_code(reply, hidden)
            answer = self._begun(said, chat, reply) or partial(self._reply, chat, reply)
            await self._answers.give(user["id"], answer, known=reply.known)

    async def _edited(self, message: Raw) -> None:
        """Answer somebody who changes what they have written: a command that came late could undo a later one."""
        text = _words(message)
        if message["chat"]["type"] != Chat.PRIVATE or "from" not in message or not text:  # or a place on a map moves
            return
        user = message["from"]
        heed = self._conversation.heed(self._person(user))
        hidden = await self._hidden(self._hide(message)) if holds_code(text) else None
        if heed is Heed.ANSWER:
            with speaking(user.get("language_code")):
                reply = self._with_word_of_code(edited(), hidden)
            await self._answers.give(user["id"], partial(self._say, message["chat"]["id"], reply), known=reply.known)

    def _with_word_of_code(self, reply: Reply, hidden: bool | None) -> Reply:  # noqa: FBT001
        """Say what has become of a message with a code; None: it had none."""
        if hidden is None:
            return reply
        return replace(reply, text=f"{reply.text}\n\n{texts.code_deleted() if hidden else texts.code_not_deleted()}")

    async def _reply(self, chat: int, reply: Reply) -> None:
        await self._say(chat, reply)
        if reply.kind == "organizer":
            await self.role_changed(str(chat))

    def _hide(self, message: Raw) -> asyncio.Task[bool]:
        """Begin to delete what somebody wrote."""
        return self._answers.start(self._deleted(message))

    async def _deleted(self, message: Raw) -> bool:
        chat, number = message["chat"]["id"], message["message_id"]
        try:
            async with asyncio.timeout(HIDDEN_WITHIN_S):
                return bool(await answered(lambda: self._bot.delete_message(chat, number), HIDING_TRIES))
        except (TelegramError, TimeoutError) as error:
            return isinstance(error, BadRequest) and "not found" in error.message.lower()  # gone already

    async def _hidden(self, hiding: asyncio.Task[bool]) -> bool:
        """Wait for it to be deleted, no longer than others can wait for that; False if it is still there."""
        await asyncio.wait([hiding], timeout=HIDING_HOLDS_S)
        return hiding.done() and hiding.result()

    async def _pressed(self, query: Raw) -> None:
        if query.get("data", "")[:1] in ASIDE:
            self._answers.start(self._answer_aside(query))
        else:
            await self._answer_press(query)

    async def _answer_aside(self, query: Raw) -> None:
        async with self._asides.place(query["from"]["id"]) as turn:
            await turn()
            await self._answer_press(query)

    async def _answer_press(self, query: Raw) -> None:
        user = query["from"]
        self.recent.note_spoken(user["id"], user.get("language_code", ""))
        number = f"press {query.get('id', '')}"  # as a message's, but never the same as one
        said = Said.pressed(
            self._person(user), query.get("data", ""), language=user.get("language_code"), number=number
        )
        reply = await self._conversation.answer(said)
        if reply is None:
            return
        if not reply.clears:
            self._answers.start(self._acknowledge(query))  # waits for nobody; the effect is committed already
        shown = partial(self._clear if reply.clears else self._edit, query, reply)
        with speaking(said.language):
            await self._answers.give(user["id"], self._begun(said, user["id"], reply) or shown, known=reply.known)

    async def _acknowledge(self, query: Raw, alert: str | None = None) -> None:
        with suppress(BadRequest):  # too late for its little clock; the message tells
            await answered(
                lambda: self._bot.answer_callback_query(
                    query["id"], text=alert and alert[:LONGEST_ALERT], show_alert=alert is not None or None
                )
            )

    async def _clear(self, query: Raw, reply: Reply) -> None:
        """Delete what is known of the chat; say so in a window that leaves nothing behind."""
        chat, message = query["from"]["id"], query.get("message") or {}
        pressed = [known["message_id"] for known in (message.get("reply_to_message"), message) if known]
        wanted = list(dict.fromkeys([*self.recent.take(chat), *pressed]))[-MESSAGES:]
        left = await self._delete(chat, wanted)
        if left is None:  # Telegram is in trouble; nothing may have been deleted
            for number in wanted:
                self.recent.note(chat, number)
            with speaking(reply.chosen or query["from"].get("language_code")):
                said = texts.not_cleared()
            await self._acknowledge(query, said)
            return
        if message.get("message_id") in left:  # too old to be deleted, but not to lose its words and its code
            await self._edit(query, reply)
        await self._acknowledge(query, reply.text)

    async def _delete(self, chat: int, messages: list[int]) -> set[int] | None:
        """Return those that Telegram does not delete; None if it cannot be reached."""
        try:
            return set() if not messages or await answered(lambda: self._bot.delete_messages(chat, messages)) else None
        except BadRequest:  # one that is too old spoils them all
            left = set()
            for number in messages:
                try:
                    if not await answered(partial(self._bot.delete_message, chat, number)):
                        return None
                except BadRequest as error:
                    if "not found" not in error.message.lower():
                        left.add(number)
            return left

    async def _edit(self, query: Raw, reply: Reply) -> None:
        message = query.get("message")
        if message is None or _leaves_card(query, reply):
            await self._say(query["from"]["id"], reply)
            return
        try:
            await self._message(message["chat"]["id"], partial(self._change, message, reply))
        except BadRequest as error:
            if "not modified" not in error.message.lower():  # pressed twice: it shows the answer already
                await self._say(query["from"]["id"], reply)  # too old to be edited, or deleted

    async def _change(self, message: Raw, reply: Reply) -> None:
        await self._bot.edit_message_text(
            reply.text,
            message["chat"]["id"],
            message["message_id"],
            reply_markup=keyboard(reply.buttons),
            link_preview_options=NO_PREVIEW,
        )

    async def _say(self, chat: int, reply: Reply) -> None:
        if reply.file is not None:
            await self._hand_over(chat, reply, reply.file)
            return
        # what has these buttons shows a card, whose code they carry
        protect = any(button.data[:1] in CARD_BUTTONS for button in reply.buttons) or None
        *before, last = parts(reply.text, LONGEST_TEXT)
        for part in before:
            await self._message(chat, partial(self._send, chat, part, None, protect))
        await self._message(chat, partial(self._send, chat, last, keyboard(reply.buttons), protect))

    def _begun(self, said: Said, chat: int, reply: Reply) -> Callable[[], Awaitable[None]] | None:
        """Return what says that an answer takes long, and then sees to it; None if it does not."""
        return reply.rest and partial(self._begin, said, chat, reply, reply.rest)

    async def _begin(self, said: Said, chat: int, reply: Reply, rest: Rest) -> None:
        if reply.file is not None:
            await self._say(chat, reply)
            self._answers.start(self._finish(said, chat, None, rest))
            return
        sent = await self._message(chat, partial(self._send, chat, reply.text, None, None))
        if sent is not None:
            self._answers.start(self._finish(said, chat, sent.message_id, rest))

    async def _finish(self, said: Said, chat: int, message: int | None, rest: Rest) -> None:
        tell = partial(self._tell, chat, message)
        reply = await self._answers.finish(chat, partial(self._conversation.finish, said, rest), tell)
        await self._answers.give(chat, partial(self._say, chat, reply), known=reply.known)

    async def _tell(self, chat: int, message: int | None, text: str) -> None:
        if message is None:  # a file's words stay
            return
        with suppress(BadRequest):  # they have deleted it; the rest comes all the same
            await self._message(chat, lambda: self._bot.edit_message_text(text, chat, message), 1)

    async def _send(
        self,
        chat: int,
        text: str,
        buttons: InlineKeyboardMarkup | None,
        protect: bool | None,  # noqa: FBT001
        *,
        topic: int | None = None,
        direct_topic: int | None = None,
    ) -> TelegramMessage:
        sent = await self._bot.send_message(
            chat,
            text,
            reply_markup=buttons,
            protect_content=protect,
            link_preview_options=NO_PREVIEW,
            message_thread_id=topic,
            direct_messages_topic_id=direct_topic,
        )
        self.recent.note(chat, sent.message_id)
        return sent

    async def _hand_over(self, chat: int, reply: Reply, file: File) -> None:
        """Send a file with its text; see to it that it goes again if it shall."""
        *before, caption = parts(reply.text, LONGEST_CAPTION)
        for part in before:
            await self._message(chat, partial(self._send, chat, part, None, None))
        shown = keyboard(reply.buttons)
        if file.lasts is None:
            await self._message(chat, partial(self._send_file, chat, file, caption, shown), TRIES)
        elif not await self._lend(chat, file, caption, shown, file.lasts):
            await self._message(chat, partial(self._send, chat, paper_texts.not_delivered(), None, None))

    async def _lend(
        self, chat: int, file: File, caption: str, shown: InlineKeyboardMarkup | None, lasts: timedelta
    ) -> bool:
        """Say the words, have their message deleted later, and only then put the file there; False if it is not.

        Telegram knows no message that is sent twice. Were the file sent, and the answer lost, a copy of it would stay.
        """
        sent = await self._message(chat, partial(self._send, chat, caption, None, None))
        if sent is None:
            return False
        await self._app.deletions[self._way].delete_later(f"{chat} {sent.message_id}", lasts)
        media = InputMediaDocument(file.data, filename=file.name, caption=caption)
        try:
            put = partial(self._put, media, chat, sent.message_id, shown)
            return await self._message(chat, put, TRIES) is not None
        except BadRequest as error:
            return "not modified" in error.message.lower()  # it was put there at the first try

    async def _put(
        self, media: InputMediaDocument, chat: int, message: int, buttons: InlineKeyboardMarkup | None
    ) -> object:
        return await self._bot.edit_message_media(media, chat, message, reply_markup=buttons)

    async def _send_file(
        self, chat: int, file: File, caption: str, buttons: InlineKeyboardMarkup | None
    ) -> TelegramMessage:
        data = InputFile(file.data, filename=file.name)
        send = self._bot.send_photo if file.is_picture else self._bot.send_document
        sent = await send(chat, data, caption=caption, reply_markup=buttons)
        self.recent.note(chat, sent.message_id)
        return sent

    async def _message(self, chat: int, call: Callable[[], Awaitable[T]], tries: int = MESSAGE_TRIES) -> T | None:
        return await answered(call, tries, chat=chat, rate_limit=self._rate_limit)

    async def _uploaded(self, message: Raw, user: Raw, document: Raw) -> None:
        self.recent.note(message["chat"]["id"], message["message_id"])
        name, who = document.get("file_name", ""), self._person(user)
        heed = self._conversation.heed(who, UPLOAD_PRICE)
        if heed is Heed.SILENCE:
            return
        with speaking(user.get("language_code")):
            reply = too_fast() if heed is Heed.WARNING else None
            reply = reply or await self._uploads.refuse(who, name, document.get("file_size", 0))
            if reply is None:
                data = await self._fetched(document["file_id"])
                if data is None or len(data) < document.get("file_size", 0):  # half a file may look like a whole one
                    reply = Reply(kind="not_recorded", text=texts.file_not_fetched(), known=True)
                else:
                    said = Said(who=who, language=user.get("language_code"), number=str(message["message_id"]))
                    reply = await self._uploads.take(said, SourceFile(name=name, data=data))
        answer = partial(self._say, message["chat"]["id"], reply)
        await self._answers.give(user["id"], answer, known=reply.known)

    async def _fetched(self, document: str) -> bytes | None:
        """Return a file's contents; None if Telegram does not hand it over, or not in time."""
        try:
            async with asyncio.timeout(FETCHED_WITHIN_S):
                return await answered(partial(self._fetch, document))
        except (TelegramError, TimeoutError, RuntimeError):  # the last where it has no path
            return None

    async def _fetch(self, document: str) -> bytes:
        file = await self._bot.get_file(document)
        return bytes(await file.download_as_bytearray())

    # -- groups and channels ------------------------------------------------------------------------------

    async def _overheard(self, message: Raw) -> None:
        chat, text = message["chat"], _words(message).strip()
        unanswered = chat["type"] == Chat.CHANNEL or message.get("is_automatic_forward", False)  # nobody asked us there
        if unanswered and holds_code(text):
            await self._hidden(self._hide(message))
            return
        word, for_us = text, holds_code(text)
        if text.startswith("/"):
            command, _blank, word = text.partition(" ")
            name, _at, bot = command[1:].partition("@")
            if bot and bot.lower() != self._bot.username.lower():
                return
            for_us = for_us or bool(bot) or name.lower() in OUR_COMMANDS  # another bot's are none of our business
            if name.lower() not in {"room", "start"}:  # the link of the invitation makes Telegram say /start
                word = ""
        # what is written to a channel privately is between the writer and its administrators: no room
        can_be_bound = word and not chat.get("is_direct_messages")
        found = self._app.room_words.seen(word, self._way, str(Place.of(message))) if can_be_bound else None
        if found is not None:
            await self._word_seen(message, *found)
        elif for_us and not unanswered:
            await self._not_here(message)

    async def _word_seen(self, message: Raw, word: str, wish: Wish) -> None:
        await self._hidden(self._hide(message))
        place, title = Place.of(message), message["chat"].get("title", "")
        may_write = await hearing(self._bot, place.chat) is not Hearing.MUTE
        with speaking(_language(message)):
            title = title if place.topic is None else texts.topic(title, place.topic)
            bind = Button(label=texts.bind_label(), data=f"b:{word}")
            not_now = Button(label=texts.not_now_label(), data="d:")
            if may_write:
                reply = Reply(kind="bind", text=texts.chat_found(title), buttons=(bind, not_now))
            else:
                reply = Reply(kind="cannot_post", text=texts.chat_mute(title))
        organizer = int(wish.organizer.account)
        await self._answers.give(organizer, partial(self._say, organizer, reply), known=True)

    def _person(self, user: Raw) -> Person:
        return Person(self._way, str(user["id"]))

    async def _not_here(self, message: Raw) -> None:
        chat, heed = message["chat"]["id"], Heed.ANSWER
        if "from" in message:
            heed = self._conversation.heed(self._person(message["from"]))
        if heed is Heed.ANSWER or holds_code(_words(message)):
            await self._hidden(self._hide(message))
        if heed is Heed.ANSWER:
            await self._answers.give(chat, partial(self._point_out, message), known=False)

    async def _point_out(self, message: Raw) -> None:
        # the same whatever was asked: a group learns nothing of who has a card or a role
        with speaking(_language(message)):
            link = InlineKeyboardMarkup([[InlineKeyboardButton(texts.open_private(), url=self._bot.link)]])
            said = texts.write_privately()
        place, direct = Place.of(message), message.get("direct_messages_topic", {}).get("topic_id")
        send = partial(self._send, place.chat, said, link, None, topic=place.topic, direct_topic=direct)
        await self._message(place.chat, send)

    async def _membership(self, change: Raw) -> None:
        if change["new_chat_member"]["status"] in _OUT:
            await self.gone(str(change["chat"]["id"]))


def _leaves_card(query: Raw, reply: Reply) -> bool:
    """Say whether the answer goes below what was pressed: people need the message with their card, or the board."""
    on_card = str(query.get("data", ""))[:1] in CARD_BUTTONS
    return reply.file is not None or reply.below or (on_card and not reply.buttons and not reply.clears)


def _words(message: Raw) -> str:
    """Return what is written in a message or under it, and where its links lead: a card's link carries its code."""
    written = message.get("text") or message.get("caption") or ""
    parts = message.get("entities") or message.get("caption_entities") or ()
    return "\n".join([written, *(part["url"] for part in parts if "url" in part)])


def _language(message: Raw) -> str | None:
    """Return what the writer's app speaks; what is posted in a channel has no writer."""
    language: str | None = message.get("from", {}).get("language_code")
    return language
