"""What can be said to the bot, once for every platform: THE command table, and who answers.

A platform turns what arrives into `Said`, hands it to `Conversation.answer`, and shows the `Reply`. Nothing is
remembered between two messages, but for a draft in the making: buttons carry all they need.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.domain.errors import Forbidden, NoSuchUnit, NotRecorded, Refused, UnknownCard
from bot.domain.model import WalkoutId
from bot.draft import SourceFile
from bot.guards.rate_limits import Heed
from bot.parsing import typed_text
from bot.parsing.typed_text import holds_code
from bot.runtime.app import App
from bot.secrets import card_codes
from bot.secrets.keys import Person
from bot.usecases import stewards
from bot.usecases.roles import is_role_card
from handlers.conversation import (
    another_try,
    ballots,
    board,
    choose_language,
    committee,
    committee_word,
    confirmation,
    drafting,
    drawn_cards,
    help_command,
    notices,
    organizers,
    paper_cards,
    questions,
    readiness,
    report,
    rooms,
    took_part,
    verification,
    workers,
)
from handlers.conversation.messages import (
    AT,
    CARD,
    CODE,
    COUNT,
    FILTER,
    LANGUAGE,
    LONGEST_DATA,
    NICKNAME,
    NUMBER,
    OF,
    OF_WALKOUT,
    PRINTED_IN,
    REACH,
    REFERENCE,
    ROLE,
    ROOM,
    SAY,
    SCOPE,
    UNIT,
    VOID,
    WALKOUT,
    WORKPLACE,
    Ask,
    Button,
    Command,
    File,
    Here,
    Reply,
    Rest,
    Role,
    RoomsBy,
    Run,
    Said,
    Takes,
    Tell,
    Ways,
    carry,
    carrying,
    old_button,
    rows,
    say_buttons,
)
from handlers.texts import general, refusals
from handlers.texts.catalogue import _, speaking

__all__ = [
    "ASIDE",
    "BUTTONS",
    "CARD_BUTTONS",
    "COMMANDS",
    "SHOWING",
    "SHOWING_COMMANDS",
    "Button",
    "Command",
    "Conversation",
    "File",
    "Here",
    "Reply",
    "Rest",
    "Role",
    "RoomsBy",
    "Said",
    "Takes",
    "Tell",
    "Ways",
    "carrying",
    "edited",
    "holds_code",
    "only_shows",
    "rows",
    "shows_code",
    "too_fast",
]

LONGEST = 4_096
"""Characters of a message that are looked at: as many as a platform lets somebody write."""

LONGEST_COMMAND = 20
"""Words of a command in which a misspelled name is looked for; a button carries no more."""

UNKNOWN = "unknown_card"
NOTHING_SHOWN = frozenset({UNKNOWN, "not_understood", "no_words", "forbidden"})
"""Answers to people who have shown neither a card nor a role."""


class Conversation:
    """Answers whatever a person says, on any platform."""

    def __init__(self, app: App, ways: Ways) -> None:
        self._app = app
        self._ways = ways

    async def answer(self, said: Said) -> Reply | None:
        """Return the one answer to a message or a press; None if none is given, so that nobody is kept busy with it.

        Raises NotRecorded if the store cannot write, and nothing else for anything a person can say.
        """
        with speaking(said.language):
            said = _readable(said)
            meant = _meant(said)
            heed = self.heed(said.who, meant.price)
            if heed is not Heed.ANSWER:
                return too_fast() if heed is Heed.WARNING else None
            ask = self._ask(said, *meant.words)
            if meant.pressed:
                code, of = _carried(meant.words[0])
                ask = replace(ask, code=code, of=of if of is not None and self._app.keys.knows(of) else None)
            reply = await (_tried if meant.codes else _answered)(ask, meant)
            return None if reply is None else carry(reply, said.chosen)

    async def take(self, said: Said, file: SourceFile) -> Reply:
        """Return the answer to a file that an organizer sent, small enough. Raises NotRecorded."""
        with speaking(said.language):
            try:
                return await drafting.sent(self._ask(said), file)
            except NotRecorded:
                raise
            except Refused as refused:
                kind, text = refusals.refusal(refused)
                return Reply(kind=kind, text=text, known=True)

    async def finish(self, said: Said, rest: Rest, tell: Tell) -> Reply:
        """Return the rest of an answer; also what the store cannot write is said, since nothing comes again."""
        with speaking(said.language):
            try:
                reply = await rest(tell)
            except Refused as refused:
                kind, text = refusals.refusal(refused)
                reply = Reply(kind=kind, text=text, below=True)
        return carry(replace(reply, known=True), said.chosen)

    def _ask(self, said: Said, *words: str) -> Ask:
        return Ask(
            app=self._app,
            who=said.who,
            ways=self._ways,
            words=words,
            here=said.here,
            language=said.language or "",
            number=said.number,
        )

    def heed(self, who: Person, price: float = 1) -> Heed:
        """Say what somebody gets for what they do now."""
        if self._ways.in_a_hurry:
            return Heed.ANSWER
        return self._app.messages.spend(who.platform, who.account, price=price)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Meant:
    """What somebody wants, before anything is looked up."""

    run: Run
    name: str = ""  #: of the command
    words: tuple[str, ...] = ()
    who: Role = Role.WORKER
    even_frozen: bool = False
    price: float = 1
    codes: tuple[typed_text.Found, ...] = ()  #: that are going to be looked up
    else_run: Run | None = None  #: where no code is known, and none is sure to be meant as one
    pressed: bool = False
    changes: bool = False
    proves: bool = True  #: an answer other than that it does not work shows that they have a card or a role


def _meant(said: Said) -> _Meant:
    if said.button is not None:
        return _pressed(said.button)
    if said.words is not None:
        return _commanded(*said.words)
    text = said.text[:LONGEST]
    if (command := typed_text.bare(text)).startswith(("/", "\uff0f")):
        return _commanded(*_split(command[1:]))
    return _written(text)


def _written(text: str) -> _Meant:
    run: Run
    if typed_text.lone_references(text):
        run = verification.verify_alone
    elif typed_text.near_code(text):
        run = _mistyped
    elif questions.meant(text) is not None:
        run = questions.typed
    else:
        run = questions.not_understood if text.strip() else _no_words
    run = partial(_asked_or, run)
    if codes := typed_text.codes(text):
        return _Meant(run=_code, words=(text,), codes=codes, else_run=run)
    return _Meant(run=run, words=(text,), proves=False)


def _commanded(name: str, *words: str) -> _Meant:
    name = typed_text.spelled(name).partition("@")[0].lower()  # groups write /status@bot
    command = next((row for row in COMMANDS if row.name == name), None)
    if command is None and typed_text.holds_code(" ".join(words)):
        return _written(" ".join(words))
    if command is None:
        return _Meant(run=_unknown_command, words=(name,), proves=False)
    if command.who is not Role.WORKER:
        return _Meant(
            name=name,
            run=command.run,
            words=words,
            who=command.who,
            even_frozen=command.even_frozen,
            price=command.price,
            changes=command.changes,
        )
    codes = typed_text.codes(" ".join(words), meant=command.takes(Takes.CARD, Takes.CODE))
    if command.takes(Takes.REFERENCE):
        codes = ()
    return _Meant(name=name, run=command.run, words=words, codes=codes, changes=command.changes, proves=bool(codes))


def _pressed(data: str) -> _Meant:
    letter, _colon, rest = data.partition(":")
    words = tuple(rest.split(":"))
    if letter == SAY and len(data.encode()) <= LONGEST_DATA:
        return _commanded(*_split(rest))
    return _Meant(
        run=BUTTONS.get(letter, _old_button) if len(data.encode()) <= LONGEST_DATA else _old_button,
        words=words,
        price=PRICES.get(letter, 1),
        codes=(typed_text.Found(code, sure=True),) if letter in TRIES_CODE and (code := _carried(words[0])[0]) else (),
        pressed=True,
        changes=letter in CHANGING,
        proves=letter not in ANYBODYS,
    )


def _carried(word: str) -> tuple[str | None, WalkoutId]:
    """Read what a button carries of a card."""
    code, _dot, of = word.partition(OF_WALKOUT)
    return card_codes.exact(code), WalkoutId(of)


async def _tried(ask: Ask, meant: _Meant) -> Reply | None:
    """Look a code up for somebody, unless they have tried too many that are not known."""
    guesses, codes = ask.app.guesses, meant.codes
    until = guesses.waits(ask.who)
    no_choice = until is None and len(codes) == 1 and codes[0].sure
    known = (
        codes if no_choice else [found for found in codes if await _is_known(ask, found.text, own=until is not None)]
    )
    if len(known) > 1:
        return Reply(kind="several_codes", text=general.several_codes(), known=True, shows_code=True)
    [found] = known or codes[:1]  # what is sure comes first
    if not known and not found.sure:
        return await _answered(ask, replace(meant, run=meant.else_run or meant.run, codes=(), proves=False))
    # silence about all but their own pledges tells a guesser nothing, and costs nobody a pledge
    if until is not None and not known:
        told = guesses.tell(ask.who, until)
        return Reply(kind="too_many_codes", text=general.too_many_codes(until, ask.app.clock())) if told else None
    reply = await _answered(replace(ask, code=found.text), meant)
    if reply.kind == UNKNOWN:
        guesses.wrong(ask.who, found.text, pressed=meant.pressed)
        return reply
    reply = replace(reply, shows_code=True)
    # a card that a thousand accounts show does not let them all go before the others
    return reply if ask.app.shown.spend(found.text) is Heed.ANSWER else replace(reply, known=False)


async def _is_known(ask: Ask, code: str, *, own: bool) -> bool:
    if own:
        return await ask.worker.owns(code)
    return await ask.worker.knows(code) or await is_role_card(ask.context, code)


async def _answered(ask: Ask, meant: _Meant) -> Reply:
    try:
        if meant.even_frozen:
            allowed = await ask.organizes()
        else:
            allowed = meant.who is Role.WORKER or meant.who.allows(await ask.roles())
        if not allowed:
            raise Forbidden
        if meant.changes:
            await ask.app.holds.check_change()
        if meant.codes:
            ask.app.holds.check_card()
        reply = await meant.run(ask)
    except NotRecorded:
        raise  # a platform that can will deliver the message again
    except Refused as refused:
        kind, text = refusals.refusal(refused)
        if isinstance(refused, Forbidden) and (await ask.app.store.roles(ask.context.me)).organizes:
            text = refusals.beyond_own_unit()
        buttons = _corrected(meant, refused) if isinstance(refused, NoSuchUnit) else ()
        reply = Reply(kind=kind, text=text, buttons=buttons, asks_card=isinstance(refused, UnknownCard))
    return replace(reply, known=reply.known or (meant.proves and reply.kind not in NOTHING_SHOWN))


def only_shows(said: Said) -> bool:
    """Say whether nothing but an answer can come of a command or a press, whoever it is from."""
    if said.button is None:
        return said.words is not None and said.words[0] in SHOWING_COMMANDS
    letter, _colon, rest = said.button.partition(":")
    return letter in SHOWING or (letter == SAY and rest.partition(" ")[0] in SHOWING_COMMANDS)


def edited() -> Reply:
    """Answer somebody who changes a message afterwards."""
    return Reply(kind="edited", text=general.edited())


def too_fast() -> Reply:
    """Answer somebody who writes too fast, once."""
    return Reply(kind="too_fast", text=general.too_fast())


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


def shows_code(text: str, reply: Reply | None) -> bool:
    """Say, of a message and its answer, whether it shows a code, so that a platform may take it out of sight.

    One that was looked up and is not known stays, so that it can be checked letter by letter.
    """
    if reply is None or not (reply.shows_code or reply.kind == UNKNOWN):
        return holds_code(text)
    return reply.shows_code


def _corrected(meant: _Meant, refused: NoSuchUnit) -> tuple[Button, ...]:
    """Return buttons that say the same command with a name that there is, where a button can carry that."""
    words = meant.words
    if len(words) > LONGEST_COMMAND:
        return ()
    places = [(start, end) for start in range(len(words)) for end in range(start + 1, len(words) + 1)]
    for start, end in places:
        if " ".join(words[start:end])[: stewards.LONGEST_NAME] == refused.named:
            before, after = words[:start], words[end:]
            return tuple(say_buttons((name, (meant.name, *before, name, *after)) for name in refused.close))
    return ()


def _split(text: str) -> Sequence[str]:
    """Cut at blanks, keeping quoted names whole; phones turn quotes into curly ones."""
    straight = typed_text.visible(text).translate(dict.fromkeys(map(ord, typed_text.QUOTES), '"'))
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
    """Open a card; or else it is a role card or the server's code: both look the same, and come by links as well."""
    try:
        return await workers.start(ask)
    except UnknownCard:
        if ask.code is None:
            raise
        used = await committee.redeem(ask, ask.code) or await committee.begin(ask, ask.code)
        if used is None:
            raise
        return used


async def _asked_or(otherwise: Run, ask: Ask) -> Reply:
    """Take it for the answer to what somebody is being asked; or else for what it looks like."""
    hand = await drafting.pending(ask)
    if hand is None:
        return await otherwise(ask)
    if hand.word is not None and hand.word.at:
        return await committee_word.typed(ask, hand, hand.word)
    return await drafting.typed(ask, hand)


async def _mistyped(ask: Ask) -> Reply:
    return workers.mistyped(typed_text.near_code(ask.words[0]) or "")


async def _no_words(_ask: Ask) -> Reply:
    return Reply(kind="no_words", text=general.no_words())


async def _unknown_command(ask: Ask) -> Reply:
    return Reply(kind="unknown_command", text=general.unknown_command(ask.words[0][:30]))


async def _old_button(_ask: Ask) -> Reply:
    return old_button()


async def _help(ask: Ask) -> Reply:
    roles = await ask.app.store.roles(ask.context.me)
    frozen = roles.suspension is not None
    if ask.first != help_command.ALL and not frozen:
        return await help_command.coming(ask, roles)
    rows = [row for row in COMMANDS if row.who.allows(roles) or (frozen and row.even_frozen)]
    return Reply(kind="help", text=general.commands((row.name, row.usage(ask.ways), row.help()) for row in rows))


COMMANDS = (
    Command(name="start", who=Role.WORKER, run=_code, options=(CARD,), help=lambda: _("open your card")),
    Command(
        name="pledge",
        who=Role.WORKER,
        run=workers.pledge,
        options=(WALKOUT, WORKPLACE),
        shows=True,
        help=lambda: _("pledge without a card, where that is possible"),
    ),
    Command(
        name="status",
        who=Role.WORKER,
        run=workers.status,
        options=(CARD,),
        shows=True,
        help=lambda: _("see your pledge and your workplace"),
    ),
    Command(
        name="withdraw",
        who=Role.WORKER,
        run=workers.withdraw,
        options=(CARD,),
        changes=True,
        help=lambda: _("take your pledge back"),
    ),
    Command(
        name="verify",
        who=Role.WORKER,
        run=verification.verify,
        options=(REFERENCE,),
        shows=True,
        help=lambda: _("ask whether an announcement is really mine"),
    ),
    Command(name="help", who=Role.WORKER, run=_help, shows=True, help=lambda: _("what you can do here now")),
    Command(
        name="privacy", who=Role.WORKER, run=workers.privacy, shows=True, help=lambda: _("what is kept and what is not")
    ),
    Command(
        name="language",
        who=Role.WORKER,
        run=choose_language.language,
        shows=True,
        help=lambda: _("choose the language of my answers"),
    ),
    Command(
        name="organizer",
        who=Role.WORKER,
        run=committee.organizer,
        options=(CODE,),
        changes=True,
        help=lambda: _("become an organizer, with a code from the server"),
    ),
    Command(
        name="walkouts", who=Role.ORGANIZER, run=organizers.walkouts, shows=True, help=lambda: _("list the walkouts")
    ),
    Command(
        name="draft",
        who=Role.ORGANIZER,
        run=drafting.draft,
        changes=True,
        help=lambda: _("draft a walkout: I ask, you answer"),
    ),
    Command(
        name="open",
        who=Role.ORGANIZER,
        run=organizers.open_up,
        options=(WALKOUT,),
        changes=True,
        help=lambda: _("open a draft for pledges; its terms are fixed from then on"),
    ),
    Command(
        name="ready",
        who=Role.ORGANIZER,
        run=readiness.ready,
        options=(WALKOUT,),
        shows=True,
        help=lambda: _("see whether people are ready, before you open it"),
    ),
    Command(
        name="calloff",
        who=Role.ORGANIZER,
        run=organizers.call_off,
        options=(WALKOUT,),
        changes=True,
        even_frozen=True,
        help=lambda: _("call a walkout off, for good"),
    ),
    Command(
        name="board",
        who=Role.STEWARD,
        run=board.board,
        options=(WALKOUT, FILTER),
        price=2,
        shows=True,
        help=lambda: _("what the last tally published"),
    ),
    Command(
        name="cards",
        who=Role.UNIT_ORGANIZER,
        run=paper_cards.cards,
        options=(WALKOUT, VOID, OF, NUMBER, PRINTED_IN),
        price=5,
        changes=True,
        help=lambda: _("print cards, void or recall them"),
    ),
    Command(
        name="room",
        who=Role.UNIT_ORGANIZER,
        run=rooms.room,
        options=(WALKOUT, SCOPE, LANGUAGE, ROOM),
        changes=True,
        help=lambda: _("choose which room hears the news"),
    ),
    Command(
        name="rooms",
        who=Role.ORGANIZER,
        run=rooms.rooms,
        options=(WALKOUT,),
        shows=True,
        help=lambda: _("list the rooms that hear the news, and test them"),
    ),
    Command(
        name="appoint",
        who=Role.UNIT_ORGANIZER,
        run=committee.appoint,
        options=(WALKOUT, ROLE, AT, NICKNAME),
        changes=True,
        help=lambda: _("make a code that makes somebody steward or organizer"),
    ),
    Command(
        name="leave",
        who=Role.UNIT_ORGANIZER,
        run=committee.leave,
        options=(WALKOUT, UNIT),
        changes=True,
        help=lambda: _("take a workplace or an area out, for good, before it is on"),
    ),
    Command(
        name="word",
        who=Role.ORGANIZER,
        run=committee_word.word,
        options=(WALKOUT, REACH),
        changes=True,
        help=lambda: _("say something yourselves, once it is on"),
    ),
    Command(
        name="roles",
        who=Role.ORGANIZER,
        run=committee.list_roles,
        shows=True,
        help=lambda: _("list organizers and stewards"),
    ),
    Command(
        name="suspend",
        who=Role.ORGANIZER,
        run=committee.suspend,
        options=(NICKNAME,),
        help=lambda: _("stop an organizer's account and your own for a day"),
    ),
    Command(
        name="remove",
        who=Role.ORGANIZER,
        run=committee.remove,
        options=(NICKNAME,),
        changes=True,
        even_frozen=True,
        help=lambda: _("take every role from somebody"),
    ),
    Command(
        name="adopt",
        who=Role.ORGANIZER,
        run=committee.adopt,
        help=lambda: _("let this bot go on, where another has taken its token"),
    ),
    Command(
        name="audit",
        who=Role.ORGANIZER,
        run=committee.list_deeds,
        shows=True,
        help=lambda: _("what organizers and stewards have done"),
    ),
    Command(
        name="drawn",
        who=Role.STEWARD,
        run=drawn_cards.drawn,
        options=(WALKOUT, WORKPLACE, COUNT),
        changes=True,
        help=lambda: _("say how many cards were drawn at a workplace"),
    ),
    Command(
        name="tookpart",
        who=Role.STEWARD,
        run=took_part.took_part,
        options=(WALKOUT, WORKPLACE, COUNT),
        changes=True,
        help=lambda: _("say how many people take part at a workplace, on the day"),
    ),
    Command(
        name="report",
        who=Role.ORGANIZER,
        run=report.report,
        options=(WALKOUT,),
        shows=True,
        help=lambda: _("what was reached, once it is over"),
    ),
)
"""Everything that can be typed. A new command is one row here, one use case and its sentences."""

BUTTONS: dict[str, Run] = {
    "p": workers.press_pledge,
    "j": workers.press_enrol,
    "n": workers.not_now,
    "c": workers.status,
    "w": workers.press_withdraw,
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
    "L": board.press_ladder,
    "m": paper_cards.press_print,
    "V": ballots.press,
    "B": ballots.press_cast,
    "u": workers.press_out,
    "v": workers.press_not_out,
    "h": report.press_page,
    "k": confirmation.press,
    "l": organizers.press_terms,
    "D": drafting.press,
    "F": drafting.press_file,
    "W": committee_word.press,
    "A": another_try.press,
    "Q": questions.press,
    "R": workers.read_again,
    "G": choose_language.press,
    "T": workers.press_terms,
}
"""Everything that can be pressed, by the first letter of the button's data."""

CARD_BUTTONS = frozenset("pjcwoqxyuvQRVB")
"""Those under a card's message."""

TRIES_CODE = frozenset("pcwoquvQRVB")
"""Those that tell whether the code they carry is one."""

CHANGING = frozenset("pjwoqbsftmuvDBWA")
"""Those that decide something that lasts, as `Command.changes` has it; what is approved decides that itself."""

SHOWING = frozenset("cnxRQGTgiLhelV")
"""Those that change nothing, as `Command.shows` has it."""

SHOWING_COMMANDS = frozenset(row.name for row in COMMANDS if row.shows)

ANYBODYS = frozenset("nxydQGT")
"""Those that work for everybody."""

ASIDE = frozenset("iL")
"""Those that take seconds and change nothing: no platform need wait for their answer before it goes on."""

PRICES = {"i": 20, "L": 20, "m": 10, "s": 5, "D": 2}
"""What a button costs that keeps the bot busy: the pictures, the cards on paper, the test of the rooms."""
