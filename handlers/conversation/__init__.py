"""What can be said to the bot, once for every platform: THE command table, and who answers.

A platform turns what arrives into `Said`, hands it to `Conversation.answer`, and shows the `Reply`. Nothing is
remembered between two messages: buttons carry all they need.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from bot import cards
from bot.domain.errors import Forbidden, NotRecorded, Refused, UnknownCard
from bot.wiring import App
from handlers.conversation import (
    board,
    committee,
    drawn,
    notices,
    organizers,
    paper,
    report,
    rooms,
    statements,
    workers,
)
from handlers.conversation.parts import (
    AT,
    CARD,
    CODE,
    COUNT,
    FILTER,
    LANGUAGE,
    NICKNAME,
    NUMBER,
    OF,
    REFERENCE,
    ROLE,
    ROOM,
    SCOPE,
    VOID,
    WALKOUT,
    WORKPLACE,
    Ask,
    Button,
    Command,
    File,
    Here,
    Reply,
    Role,
    RoomsBy,
    Run,
    Said,
    Takes,
    Ways,
    old_button,
    rows,
)
from handlers.texts import general, refusals
from handlers.texts.catalogue import _, speaking

__all__ = [
    "BUTTONS",
    "CARD_BUTTONS",
    "COMMANDS",
    "Button",
    "Command",
    "Conversation",
    "File",
    "Here",
    "Reply",
    "Role",
    "RoomsBy",
    "Said",
    "Takes",
    "Ways",
    "holds_code",
    "rows",
]

LONGEST = 4_000
"""Characters of a message that are looked at; no command is longer."""


LONGEST_DATA = 64
"""Bytes of a button's data. People can send any, but ours is no longer."""


class Conversation:
    """Answers whatever a person says, on any platform."""

    def __init__(self, app: App, ways: Ways) -> None:
        self._app = app
        self._ways = ways

    async def answer(self, said: Said) -> Reply:
        """Return the one answer to a message or a press.

        Raises NotRecorded if the store cannot write, and nothing else for anything a person can say.
        """
        with speaking(said.language):
            try:
                return await self._answer(_readable(said))
            except NotRecorded:
                raise  # a platform that can will deliver the message again
            except Refused as refused:
                kind, text = refusals.refusal(refused)
                return Reply(kind=kind, text=text, asks_card=isinstance(refused, UnknownCard))

    async def _answer(self, said: Said) -> Reply:
        ask = Ask(
            app=self._app,
            who=said.who,
            ways=self._ways,
            here=said.here,
            language=said.language or "",
            number=said.number,
        )
        if said.button is not None:
            return await _press(ask, said.button)
        if said.words is not None:
            return await _command(ask, *said.words)
        text = said.text[:LONGEST].strip()
        if text.startswith("/"):
            return await _command(ask, *_split(text[1:]))
        if cards.parse(text) is not None:
            return await _code(replace(ask, words=(text,)))
        if cards.looks_like_one(text):
            return workers.mistyped(text)
        return Reply(kind="not_understood", text=general.not_understood())


def _readable(said: Said) -> Said:
    """Replace what is half a letter: JSON can hold it, but neither the store nor an answer can."""
    return replace(
        said,
        text=_whole(said.text),
        words=None if said.words is None else tuple(map(_whole, said.words)),
        button=None if said.button is None else _whole(said.button),
    )


def _whole(text: str) -> str:
    return text if text.isascii() else text.encode(errors="replace").decode()


def holds_code(text: str) -> bool:
    """Say whether a message shows a card's code, so that a platform may take it out of sight."""
    _name, _blank, rest = text.partition(" ") if text.startswith("/") else ("", "", text)
    return cards.parse(rest) is not None


async def _command(ask: Ask, name: str, *words: str) -> Reply:
    name = name.partition("@")[0].lower()  # groups write /status@bot
    command = next((row for row in COMMANDS if row.name == name), None)
    if command is None:
        return Reply(kind="unknown_command", text=general.unknown_command(name[:30]))
    if command.who is not Role.WORKER and not command.who.allows(await ask.roles()):
        raise Forbidden
    return await command.run(replace(ask, words=words))


def _split(text: str) -> Sequence[str]:
    """Cut at blanks, keeping quoted names whole; phones turn quotes into curly ones."""
    straight = text.translate(dict.fromkeys(map(ord, "“”„«»"), '"'))
    reader = shlex.shlex(straight, posix=True, punctuation_chars=False)
    reader.whitespace_split = True
    reader.quotes = '"'
    reader.escape = ""
    reader.commenters = ""
    try:
        return list(reader) or [""]
    except ValueError:  # a quote that is never closed
        return straight.replace('"', "").split() or [""]


async def _code(ask: Ask) -> Reply:
    """Open a card; or else it is a role card, which looks the same and is handed over the same way."""
    try:
        return await workers.start(ask)
    except UnknownCard:
        used = await committee.redeem(ask, ask.code) if ask.code is not None else None
        if used is None:
            raise
        return used


async def _press(ask: Ask, data: str) -> Reply:
    letter, _colon, rest = data.partition(":")
    run = BUTTONS.get(letter)
    if run is None or len(data.encode()) > LONGEST_DATA:
        return old_button()
    return await run(replace(ask, words=tuple(rest.split(":"))))


async def _help(ask: Ask) -> Reply:
    roles = await ask.roles()
    rows = [row for row in COMMANDS if row.who.allows(roles)]
    return Reply(kind="help", text=general.commands((row.name, row.usage(ask.ways), row.help()) for row in rows))


COMMANDS = (
    Command(name="start", who=Role.WORKER, run=_code, options=(CARD,), help=lambda: _("open your card")),
    Command(
        name="pledge",
        who=Role.WORKER,
        run=workers.pledge,
        options=(WALKOUT, WORKPLACE),
        help=lambda: _("pledge without a card, where that is possible"),
    ),
    Command(
        name="status",
        who=Role.WORKER,
        run=workers.status,
        options=(CARD,),
        help=lambda: _("see your pledge and your workplace"),
    ),
    Command(
        name="withdraw",
        who=Role.WORKER,
        run=workers.withdraw,
        options=(CARD,),
        help=lambda: _("take your pledge back"),
    ),
    Command(
        name="verify",
        who=Role.WORKER,
        run=statements.verify,
        options=(REFERENCE,),
        help=lambda: _("ask whether an announcement is really mine"),
    ),
    Command(name="help", who=Role.WORKER, run=_help, help=lambda: _("this list")),
    Command(name="privacy", who=Role.WORKER, run=workers.privacy, help=lambda: _("what is kept and what is not")),
    Command(
        name="organizer",
        who=Role.WORKER,
        run=committee.organizer,
        options=(CODE,),
        help=lambda: _("become an organizer, with a code from the server"),
    ),
    Command(name="walkouts", who=Role.ORGANIZER, run=organizers.walkouts, help=lambda: _("list the walkouts")),
    Command(
        name="open",
        who=Role.ORGANIZER,
        run=organizers.open_up,
        options=(WALKOUT,),
        help=lambda: _("open a draft for pledges; its terms are fixed from then on"),
    ),
    Command(
        name="calloff",
        who=Role.ORGANIZER,
        run=organizers.call_off,
        options=(WALKOUT,),
        help=lambda: _("call a walkout off, for good"),
    ),
    Command(
        name="board",
        who=Role.STEWARD,
        run=board.board,
        options=(WALKOUT, FILTER),
        help=lambda: _("what the last tally published"),
    ),
    Command(
        name="cards",
        who=Role.ORGANIZER,
        run=paper.cards,
        options=(WALKOUT, VOID, OF, NUMBER),
        help=lambda: _("print a workplace's cards, or void them"),
    ),
    Command(
        name="room",
        who=Role.ORGANIZER,
        run=rooms.room,
        options=(WALKOUT, SCOPE, LANGUAGE, ROOM),
        help=lambda: _("choose which room hears the news"),
    ),
    Command(
        name="rooms",
        who=Role.ORGANIZER,
        run=rooms.rooms,
        options=(WALKOUT,),
        help=lambda: _("list the rooms that hear the news, and test them"),
    ),
    Command(
        name="appoint",
        who=Role.ORGANIZER,
        run=committee.appoint,
        options=(WALKOUT, ROLE, AT, NICKNAME),
        help=lambda: _("make a code that makes somebody steward or organizer"),
    ),
    Command(name="roles", who=Role.ORGANIZER, run=committee.list_roles, help=lambda: _("list organizers and stewards")),
    Command(
        name="remove",
        who=Role.ORGANIZER,
        run=committee.remove,
        options=(NICKNAME,),
        help=lambda: _("take every role from somebody"),
    ),
    Command(
        name="audit",
        who=Role.ORGANIZER,
        run=committee.list_deeds,
        help=lambda: _("what organizers and stewards have done"),
    ),
    Command(
        name="drawn",
        who=Role.STEWARD,
        run=drawn.drawn,
        options=(WALKOUT, WORKPLACE, COUNT),
        help=lambda: _("say how many cards were drawn at a workplace"),
    ),
    Command(
        name="report",
        who=Role.ORGANIZER,
        run=report.report,
        options=(WALKOUT,),
        help=lambda: _("what was reached, once it is over"),
    ),
)
"""Everything that can be typed. A new command is one row here, one use case and its sentences."""

BUTTONS: dict[str, Run] = {
    "p": workers.press_pledge,
    "j": workers.press_enrol,
    "n": workers.not_now,
    "c": workers.status,
    "w": workers.withdraw,
    "o": notices.tell_me,
    "q": notices.do_not_tell_me,
    "x": notices.warn,
    "y": notices.clear,
    "b": rooms.press_bind,
    "d": rooms.press_do_not_bind,
    "s": rooms.press_rooms,
    "a": committee.press_approve,
    "r": committee.press_refuse,
    "f": committee.press_confirm,
    "t": committee.press_turn_away,
    "e": committee.press_older_deeds,
    "g": board.press_page,
    "i": board.press_picture,
    "m": paper.press_print,
    "u": workers.press_out,
    "v": workers.press_not_out,
    "h": report.press_page,
}
"""Everything that can be pressed, by the first letter of the button's data."""

CARD_BUTTONS = frozenset("pjcwoqxyuv")
"""Those under a card's message."""
