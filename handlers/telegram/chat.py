"""Translates what Telegram delivers into what the conversation understands, and its answers back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from telegram import (
    Bot,
    ChatMember,
    ChatMemberUpdated,
    Document,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    Update,
    User,
)
from telegram import Message as TelegramMessage
from telegram.error import BadRequest, TelegramError

from bot.brake import Heed
from bot.draft import SourceFile
from bot.keys import Person
from bot.roomwords import Wish
from bot.usecases import organizers
from bot.wiring import App
from handlers.answers import Answers, takes_longer
from handlers.conversation import (
    ASIDE,
    CARD_BUTTONS,
    COMMANDS,
    Button,
    Conversation,
    File,
    Reply,
    RoomsBy,
    Said,
    Ways,
    holds_code,
    too_fast,
)
from handlers.parts import parts
from handlers.telegram.menus import Menus
from handlers.telegram.pace import Pace
from handlers.telegram.recent import MESSAGES, Recent
from handlers.telegram.sender import LONGEST_CAPTION, LONGEST_TEXT, NO_PREVIEW, answered, keyboard
from handlers.texts import paper as paper_texts
from handlers.texts import telegram as texts
from handlers.texts.catalogue import speaking
from handlers.uploads import UPLOAD_PRICE, Uploads

PLATFORM = "telegram"

LONGEST_ALERT = 200

_OUT = {ChatMember.LEFT, ChatMember.BANNED}
OUR_COMMANDS = {row.name for row in COMMANDS}


class TelegramChat:
    """Handles one update at a time; what it does may be repeated and then changes nothing."""

    def __init__(self, app: App, bot: Bot, menus: Menus, answers: Answers, pace: Pace) -> None:
        self.recent = Recent()
        self._app = app
        self._bot = bot
        self._menus = menus
        self._answers = answers
        self._pace = pace
        self._uploads = Uploads(app)
        self._conversation = Conversation(
            app,
            Ways(
                can_see=texts.can_see,
                rooms_by=RoomsBy.WORD,
                invite=f"{bot.link}?startgroup={{word}}",
                can_clear=texts.can_clear,
            ),
        )

    async def handle(self, raw: Mapping[str, Any]) -> None:
        """Do all that one update asks for; return once its effect is committed and its answer on the way."""
        if "callback_query" in raw:
            # as it came: the library would first build the whole message under the button, which costs more than
            # everything a press makes us do
            await self._pressed(raw["callback_query"])
            return
        update = Update.de_json(dict(raw), self._bot)
        message = update.message or update.channel_post
        if update.my_chat_member is not None:
            await self._membership(update.my_chat_member)
        elif message is None:
            return
        elif message.migrate_to_chat_id is not None:
            await self.moved(str(message.chat.id), str(message.migrate_to_chat_id))
        elif message.chat.type != message.chat.PRIVATE:
            await self._overheard(message)
        elif message.document is not None and message.from_user is not None:
            await self._uploaded(message, message.from_user)
        elif message.from_user is not None:
            await self._written(message, message.from_user)

    async def moved(self, old: str, new: str) -> None:
        """Follow a group that became a supergroup."""
        await self._app.store.move_room(PLATFORM, old, new)

    async def gone(self, chat: str) -> None:
        """Unbind a chat that does not want us any more, and tell the organizers."""
        await organizers.lose_room(PLATFORM, chat, self._app.store, self._app.clock)

    # -- private chats ------------------------------------------------------------------------------------

    async def _written(self, message: TelegramMessage, user: User) -> None:
        text = message.text or message.caption or ""
        self.recent.note(message.chat.id, message.message_id)
        said = Said(who=_person(user), text=text, language=user.language_code)
        reply = await self._conversation.answer(said)
        if reply is not None:
            await self._answers.give(user.id, partial(self._reply, message, user, reply), known=reply.known)

    async def _reply(self, message: TelegramMessage, user: User, reply: Reply) -> None:
        if holds_code(message.text or message.caption or "") and await self._deleted(message):
            with speaking(user.language_code):
                reply = replace(reply, text=f"{reply.text}\n\n{texts.code_deleted()}")
        await self._say(message.chat.id, reply)
        if reply.kind == "organizer":
            await self._menus.greet_organizer(message.chat.id)

    async def _pressed(self, query: Mapping[str, Any]) -> None:
        if query.get("data", "")[:1] in ASIDE:
            await self._answers.give(("aside", query["from"]["id"]), partial(self._answer_aside, query), known=True)
        else:
            await self._answer_press(query)

    async def _answer_aside(self, query: Mapping[str, Any]) -> None:
        takes_longer()
        await self._answer_press(query)

    async def _answer_press(self, query: Mapping[str, Any]) -> None:
        user = query["from"]
        who = Person(PLATFORM, str(user["id"]))
        said = Said(who=who, button=query.get("data", ""), language=user.get("language_code"))
        reply = await self._conversation.answer(said)
        if reply is not None:
            await self._answers.give(user["id"], partial(self._show, query, reply), known=reply.known)

    async def _show(self, query: Mapping[str, Any], reply: Reply) -> None:
        if reply.clears:
            with speaking(query["from"].get("language_code")):
                await self._clear(query, reply)
            return
        # both go at once; the effect is committed already
        await asyncio.gather(self._acknowledge(query), self._edit(query, reply))

    async def _acknowledge(self, query: Mapping[str, Any], alert: str | None = None) -> None:
        with suppress(BadRequest):  # too late for its little clock; the message tells
            await answered(
                lambda: self._bot.answer_callback_query(
                    query["id"], text=alert and alert[:LONGEST_ALERT], show_alert=alert is not None or None
                )
            )

    async def _clear(self, query: Mapping[str, Any], reply: Reply) -> None:
        """Delete what is known of the chat; say so in a window that leaves nothing behind."""
        chat, message = query["from"]["id"], query.get("message") or {}
        pressed = [known["message_id"] for known in (message.get("reply_to_message"), message) if known]
        wanted = list(dict.fromkeys([*self.recent.take(chat), *pressed]))[-MESSAGES:]
        left = await self._delete(chat, wanted)
        if left is None:  # Telegram is in trouble; nothing may have been deleted
            for number in wanted:
                self.recent.note(chat, number)
            await self._acknowledge(query, texts.not_cleared())
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

    async def _edit(self, query: Mapping[str, Any], reply: Reply) -> None:
        message = query.get("message")
        if message is None or _leaves_card(query, reply):
            await self._say(query["from"]["id"], reply)
            return
        try:
            await answered(partial(self._change, message, reply))
        except BadRequest as error:
            if "not modified" not in error.message.lower():  # pressed twice: it shows the answer already
                await self._say(query["from"]["id"], reply)  # too old to be edited, or deleted

    async def _change(self, message: Mapping[str, Any], reply: Reply) -> None:
        self._pace.answered()
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
            await answered(partial(self._send, chat, part, None, protect))
        await answered(partial(self._send, chat, last, keyboard(reply.buttons), protect))

    async def _send(
        self,
        chat: int,
        text: str,
        buttons: InlineKeyboardMarkup | None,
        protect: bool | None,  # noqa: FBT001
    ) -> None:
        self._pace.answered()
        sent = await self._bot.send_message(
            chat, text, reply_markup=buttons, protect_content=protect, link_preview_options=NO_PREVIEW
        )
        self.recent.note(chat, sent.message_id)

    async def _hand_over(self, chat: int, reply: Reply, file: File) -> None:
        """Send a file with its text; see to it that it goes again if it shall."""
        *before, caption = parts(reply.text, LONGEST_CAPTION)
        for part in before:
            await answered(partial(self._send, chat, part, None, None))
        shown = keyboard(reply.buttons)
        sent = await answered(partial(self._send_file, chat, file, caption, shown))
        if file.lasts is None:
            return
        if sent is None:
            await answered(partial(self._send, chat, paper_texts.not_delivered(), None, None))
            return
        await self._app.errands[PLATFORM].delete_later(f"{chat} {sent.message_id}", file.lasts)

    async def _send_file(
        self, chat: int, file: File, caption: str, buttons: InlineKeyboardMarkup | None
    ) -> TelegramMessage:
        data = InputFile(file.data, filename=file.name)
        self._pace.answered()
        send = self._bot.send_photo if file.is_picture else self._bot.send_document
        sent = await send(chat, data, caption=caption, reply_markup=buttons)
        self.recent.note(chat, sent.message_id)
        return sent

    async def _deleted(self, message: TelegramMessage) -> bool:
        try:
            return bool(await answered(message.delete))
        except TelegramError:
            return False  # then nothing is said of it

    async def _uploaded(self, message: TelegramMessage, user: User) -> None:
        self.recent.note(message.chat.id, message.message_id)
        document = message.document
        assert document is not None  # noqa: S101
        name, who = document.file_name or "", _person(user)
        heed = self._conversation.heed(who, UPLOAD_PRICE)
        if heed is Heed.SILENCE:
            return
        with speaking(user.language_code):
            reply = too_fast() if heed is Heed.WARNING else None
            reply = reply or await self._uploads.refuse(who, name, document.file_size or 0)
            if reply is None:
                data = await answered(partial(self._fetch, document))
                if data is None:
                    reply = Reply(kind="not_recorded", text=texts.file_not_fetched(), known=True)
                else:
                    reply = await self._uploads.take(who, SourceFile(name=name, data=data))
        await self._answers.give(user.id, partial(self._say, message.chat.id, reply), known=reply.known)

    async def _fetch(self, document: Document) -> bytes:
        file = await self._bot.get_file(document)
        return bytes(await file.download_as_bytearray())

    # -- groups and channels ------------------------------------------------------------------------------

    async def _overheard(self, message: TelegramMessage) -> None:
        text = (message.text or "").strip()
        word, for_us = text, holds_code(text)
        if text.startswith("/"):
            command, _blank, word = text.partition(" ")
            name, _at, bot = command[1:].partition("@")
            if bot and bot.lower() != self._bot.username.lower():
                return
            for_us = for_us or bool(bot) or name.lower() in OUR_COMMANDS  # another bot's are none of our business
            if name.lower() not in {"room", "start"}:  # the link of the invitation makes Telegram say /start
                word = ""
        found = self._app.room_words.seen(word, str(message.chat.id)) if word else None
        if found is not None:
            await self._word_seen(message, *found)
        elif message.chat.type != message.chat.CHANNEL and for_us:
            await self._not_here(message)

    async def _word_seen(self, message: TelegramMessage, word: str, wish: Wish) -> None:
        await self._deleted(message)
        with speaking(_language(message)):
            bind = Button(label=texts.bind_label(), data=f"b:{word}")
            not_now = Button(label=texts.not_now_label(), data="d:")
            reply = Reply(kind="bind", text=texts.chat_found(message.chat.title or ""), buttons=(bind, not_now))
        organizer = int(wish.organizer.account)
        await self._answers.give(organizer, partial(self._say, organizer, reply), known=True)

    async def _not_here(self, message: TelegramMessage) -> None:
        heed = self._conversation.heed(_person(message.from_user)) if message.from_user else Heed.ANSWER
        if heed is Heed.ANSWER or holds_code(message.text or ""):
            await self._answers.give(message.chat.id, partial(self._deleted, message), known=True)
        if heed is Heed.ANSWER:
            await self._answers.give(message.chat.id, partial(self._point_out, message), known=False)

    async def _point_out(self, message: TelegramMessage) -> None:
        # the same whatever was asked: a group learns nothing of who has a card or a role
        with speaking(_language(message)):
            link = InlineKeyboardMarkup([[InlineKeyboardButton(texts.open_private(), url=self._bot.link)]])
            said = texts.write_privately()
        await answered(partial(self._send, message.chat.id, said, link, None))

    async def _membership(self, change: ChatMemberUpdated) -> None:
        if change.new_chat_member.status in _OUT:
            await self.gone(str(change.chat.id))


def _leaves_card(query: Mapping[str, Any], reply: Reply) -> bool:
    """Say whether the answer goes below what was pressed: people need the message with their card, or the board."""
    on_card = str(query.get("data", ""))[:1] in CARD_BUTTONS
    return reply.file is not None or reply.below or (on_card and not reply.buttons and not reply.clears)


def _language(message: TelegramMessage) -> str | None:
    """Return what the writer's app speaks; what is posted in a channel has no writer."""
    return message.from_user.language_code if message.from_user else None


def _person(user: User) -> Person:
    return Person(PLATFORM, str(user.id))
