"""THE command table: what can be said to the bot, once for every platform.

A platform turns what arrives into `Said`, hands it to `Conversation.answer`, and shows the `Reply`. Nothing is
remembered between two messages: buttons carry all they need.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from bot import cards
from bot.domain.errors import Forbidden, NotRecorded, Refused, UnknownCard, WhichWalkout
from bot.domain.model import CardState, Stage, WalkoutId, Workplace, WorkplaceId
from bot.domain.rules import NOT_OVER, PLEDGING
from bot.keys import Person
from bot.storage.store import Room
from bot.usecases import organizers, stewards
from bot.usecases.workers import Seen, Worker
from bot.wiring import App
from handlers.texts import board, general, refusals, workers
from handlers.texts import organizers as organizers_texts
from handlers.texts.catalogue import _, speaking

LONGEST = 4_000
"""Characters of a message that are looked at; no command is longer."""

WORKPLACES_SHOWN = 10


class Role(StrEnum):
    """Who may send a command."""

    WORKER = "worker"
    ORGANIZER = "organizer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A button under a reply. `data` is what comes back: 64 bytes at most, so that any platform can carry it."""

    label: str
    data: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One private answer."""

    kind: str  #: stable, for scripts
    text: str
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a person wrote, or the data of the button they pressed."""

    who: Person
    text: str = ""
    button: str | None = None
    language: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One command on its way: who, with what behind its name."""

    app: App
    who: Person
    words: tuple[str, ...]
    can_see: Callable[[], str]
    invite: str | None = None

    @property
    def worker(self) -> Worker:
        """The person as a worker."""
        app = self.app
        return Worker(
            who=self.who, store=app.store, keys=app.keys, brake=app.brake, clock=app.clock, tallies=app.tallies
        )

    async def is_organizer(self) -> bool:
        """Say whether the person runs walkouts; asked only where it matters."""
        return await self.app.store.is_organizer(self.app.keys.person(self.who))

    @property
    def code(self) -> str | None:
        """The card code behind the command, in whatever groups it was typed."""
        return cards.parse("".join(self.words))


Run = Callable[[Ask], Awaitable[Reply]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A row of the table."""

    name: str
    who: Role
    run: Run
    help: Callable[[], str]
    usage: Callable[[], str] = str


class Conversation:
    """Answers whatever a person says, on any platform."""

    def __init__(self, app: App, can_see: Callable[[], str], invite: str | None = None) -> None:
        self._app = app
        self._can_see = can_see  #: says who can see that a person writes to the bot on this platform
        #: adds the bot to a chat, with {word}; where there is one, chats are bound by a word, not by a name
        self._invite = invite

    async def answer(self, said: Said) -> Reply:
        """Return the one answer to a message or a press.

        Raises NotRecorded if the store cannot write, and nothing else for anything a person can say.
        """
        with speaking(said.language):
            try:
                return await self._answer(said)
            except NotRecorded:
                raise  # a platform that can will deliver the message again
            except Refused as refused:
                kind, text = refusals.refusal(refused)
                return Reply(kind=kind, text=text)

    async def _answer(self, said: Said) -> Reply:
        ask = Ask(app=self._app, who=said.who, words=(), can_see=self._can_see, invite=self._invite)
        if said.button is not None:
            return await _press(ask, said.button)
        text = said.text[:LONGEST].strip()
        if text.startswith("/"):
            return await _command(ask, text)
        if cards.parse(text) is not None:
            return await _start(replace(ask, words=(text,)))
        if cards.looks_like_one(text):
            return _mistyped(text)
        return Reply(kind="not_understood", text=general.not_understood())


def holds_code(text: str) -> bool:
    """Say whether a message shows a card's code, so that a platform may take it out of sight."""
    _name, _blank, rest = text.partition(" ") if text.startswith("/") else ("", "", text)
    return cards.parse(rest) is not None


async def _command(ask: Ask, text: str) -> Reply:
    name, *words = _split(text[1:])
    name = name.partition("@")[0].lower()  # groups write /status@bot
    command = next((row for row in COMMANDS if row.name == name), None)
    if command is None:
        return Reply(kind="unknown_command", text=general.unknown_command(name[:30]))
    if command.who is Role.ORGANIZER and not await ask.is_organizer():
        raise Forbidden
    return await command.run(replace(ask, words=tuple(words)))


def _split(text: str) -> list[str]:
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


async def _press(ask: Ask, data: str) -> Reply:
    letter, _colon, rest = data.partition(":")
    run = BUTTONS.get(letter)
    if run is None:
        return _old_button()
    return await run(replace(ask, words=tuple(rest.split(":"))))


def _old_button() -> Reply:
    return Reply(kind="not_understood", text=general.old_button())


# -- workers ----------------------------------------------------------------------------------------------


async def _start(ask: Ask) -> Reply:
    if ask.words:
        return await _look(ask)
    open_walkouts = await ask.worker.open_walkouts()
    return Reply(kind="welcome", text=workers.welcome(open_walkouts))


async def _look(ask: Ask) -> Reply:
    typed = "".join(ask.words)
    if ask.code is None and cards.looks_like_one(typed):
        return _mistyped(typed)
    if ask.code is None:
        raise UnknownCard
    seen = await ask.worker.look(ask.code)
    return _show(ask, seen, ask.code, _offer("p", ask.code))


def _mistyped(text: str) -> Reply:
    code = cards.fold(text)
    strange = "".join(dict.fromkeys(letter for letter in code if letter not in cards.ALPHABET))
    said = general.strange_letters(strange) if strange else general.not_a_card(len(code), cards.LENGTH)
    return Reply(kind="unknown_card", text=said)


def _show(ask: Ask, seen: Seen, code: str, offer: tuple[Button, ...]) -> Reply:
    if seen.mine is None:
        return Reply(kind="terms", text=workers.terms(seen, ask.can_see()), buttons=offer)
    return Reply(kind="status", text=workers.status(seen), buttons=_own_buttons(seen, code))


def _offer(letter: str, rest: str) -> tuple[Button, ...]:
    return Button(label=_("Pledge"), data=f"{letter}:{rest}"), Button(label=_("Not now"), data="n:")


def _own_buttons(seen: Seen, code: str) -> tuple[Button, ...]:
    check = Button(label=_("Check"), data=f"c:{code}")
    if seen.walkout.stage not in PLEDGING:
        return (check,)
    if seen.mine is CardState.PLEDGED:
        return check, Button(label=_("Withdraw"), data=f"w:{code}")
    return Button(label=_("Pledge"), data=f"p:{code}"), check


async def _pledge(ask: Ask) -> Reply:
    if ask.code is not None:
        return await _look(ask)
    choice = await ask.worker.open_walkouts()
    if not choice:
        return Reply(kind="needs_card", text=workers.needs_card())
    named = next((walkout for walkout in choice if ask.words and walkout.id == ask.words[0].lower()), None)
    words = ask.words[1:] if named else ask.words
    if named is None and len(choice) > 1:
        raise WhichWalkout(tuple((walkout.id, walkout.terms.title) for walkout in choice))
    walkout = named or choice[0]
    places = await ask.app.store.workplaces(walkout.id)
    if not words:
        names = [place.name for place in places]
        shown = names[:WORKPLACES_SHOWN]
        text = workers.choose_workplace(walkout, shown, len(names) - len(shown))
        return Reply(kind="choose_workplace", text=text)
    place = stewards.find(places, " ".join(words))
    seen = await ask.worker.look_without_card(walkout.id, place.id)
    return _show(ask, seen, ask.worker.open_code(walkout.id), _offer("j", f"{walkout.id}:{place.id}"))


async def _press_pledge(ask: Ask) -> Reply:
    if ask.code is None:
        return _old_button()
    return _pledged(await ask.worker.pledge(ask.code), ask.code)


async def _press_enrol(ask: Ask) -> Reply:
    match ask.words:
        case (name, number) if number.isascii() and number.isdecimal():
            walkout = WalkoutId(name)
            seen = await ask.worker.enrol(walkout, WorkplaceId(int(number)))
            return _pledged(seen, ask.worker.open_code(walkout))
    return _old_button()


def _pledged(seen: Seen, code: str) -> Reply:
    kind, say = ("pledged", workers.pledged) if seen.changed else ("already", workers.already_pledged)
    return Reply(kind=kind, text=say(seen), buttons=_own_buttons(seen, code))


async def _not_now(_ask: Ask) -> Reply:
    return Reply(kind="not_now", text=workers.not_now())


async def _status(ask: Ask) -> Reply:
    if any(ask.words):
        return await _look(ask)
    code = await _open_card(ask)
    if code is None:
        return Reply(kind="help", text=workers.point_to_card("status"))
    try:
        seen = await ask.worker.look(code)
    except UnknownCard:  # without cards that is no mistake
        return _not_pledged()
    return _show(ask, seen, code, ())


def _not_pledged() -> Reply:
    return Reply(kind="not_pledged", text=workers.not_pledged_yet())


async def _withdraw(ask: Ask) -> Reply:
    code = ask.code if any(ask.words) else await _open_card(ask)
    if code is None and any(ask.words):
        raise UnknownCard
    if code is None:
        return Reply(kind="help", text=workers.point_to_card("withdraw"))
    try:
        seen = await ask.worker.withdraw(code)
    except UnknownCard:
        if any(ask.words):
            raise
        return _not_pledged()
    return Reply(kind="withdrawn", text=workers.withdrawn(seen), buttons=_own_buttons(seen, code))


async def _open_card(ask: Ask) -> str | None:
    """Return the account's own code where exactly one walkout has open entry."""
    choice = await ask.worker.open_walkouts()
    return ask.worker.open_code(choice[0].id) if len(choice) == 1 else None


async def _help(ask: Ask) -> Reply:
    organizes = await ask.is_organizer()
    rows = [row for row in COMMANDS if row.who is Role.WORKER or organizes]
    return Reply(kind="help", text=general.commands((row.name, row.usage(), row.help()) for row in rows))


async def _privacy(_ask: Ask) -> Reply:
    return Reply(kind="privacy", text=workers.privacy())


# -- organizers -------------------------------------------------------------------------------------------

_DRAFT = frozenset({Stage.DRAFT})
_OVER = frozenset({Stage.LAPSED, Stage.CALLED_OFF, Stage.CLOSED})


async def _walkouts(ask: Ask) -> Reply:
    found = await ask.app.store.walkouts()
    return Reply(kind="walkouts", text=organizers_texts.walkouts(found))


async def _open(ask: Ask) -> Reply:
    walkout = await organizers.which(ask.app.store, _first(ask), [_DRAFT])
    app = ask.app
    return _proposal(await organizers.open_up(walkout.id, ask.who, app.store, app.keys, app.clock))


async def _call_off(ask: Ask) -> Reply:
    walkout = await organizers.which(ask.app.store, _first(ask), [PLEDGING])
    app = ask.app
    return _proposal(await organizers.call_off(walkout.id, ask.who, app.store, app.keys, app.clock))


def _proposal(result: organizers.Proposal) -> Reply:
    kind = "proposed" if result.missing else "done"
    return Reply(kind=kind, text=organizers_texts.proposal(result))


async def _board(ask: Ask) -> Reply:
    walkout = await organizers.which(ask.app.store, _first(ask), [PLEDGING, _DRAFT, _OVER])
    return Reply(kind="board", text=board.board(await stewards.board(walkout.id, ask.app.store)))


async def _room(ask: Ask) -> Reply:
    store = ask.app.store
    known = {walkout.id for walkout in await store.walkouts()}
    named = ask.words[0].lower() if ask.words and ask.words[0].lower() in known else None
    words = ask.words[1:] if named else ask.words
    if words and words[0].casefold() == "off":
        return await _room_off(ask, named, " ".join(words[1:]))
    if ask.invite is not None:
        return await _room_by_word(ask, named, " ".join(words), ask.invite)
    if len(words) < 2:  # noqa: PLR2004  a scope and a room
        return Reply(kind="help", text=organizers_texts.room_usage())
    *scope_words, address = words
    scope = " ".join(scope_words)
    walkout = await organizers.which(store, named, [NOT_OVER])
    platform = ask.who.platform
    place = await _scope(ask, walkout.id, scope)
    room = Room(walkout=walkout.id, scope=place.id if place else None, platform=platform, address=address)
    await organizers.bind_room(room, store)
    return Reply(kind="done", text=organizers_texts.room_bound(room, place.name if place else None))


async def _scope(ask: Ask, walkout: WalkoutId, scope: str) -> Workplace | None:
    if scope.casefold() == "citywide":
        return None
    return stewards.find(await ask.app.store.workplaces(walkout), scope)


async def _room_off(ask: Ask, named: str | None, address: str) -> Reply:
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER])
    was_bound = await ask.app.store.release_room(walkout.id, ask.who.platform, address)
    return Reply(kind="done", text=organizers_texts.room_released(address, was_bound=was_bound))


async def _room_by_word(ask: Ask, named: str | None, scope: str, invite: str) -> Reply:
    if not scope:
        return Reply(kind="help", text=organizers_texts.room_word_usage())
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER])
    place = await _scope(ask, walkout.id, scope)
    word = ask.app.room_words.give(ask.who, walkout.id, place.id if place else None)
    return Reply(kind="room_word", text=organizers_texts.room_word(word, invite.format(word=word)))


async def _press_bind(ask: Ask) -> Reply:
    wish = ask.app.room_words.confirm(ask.words[0], ask.who) if await ask.is_organizer() else None
    if wish is None or wish.address is None:
        return _old_button()
    room = Room(walkout=wish.walkout, scope=wish.scope, platform=ask.who.platform, address=wish.address)
    await organizers.bind_room(room, ask.app.store)
    place = None if wish.scope is None else await ask.app.store.workplace(wish.walkout, wish.scope)
    return Reply(kind="done", text=organizers_texts.room_bound(room, place.name if place else None))


async def _press_do_not_bind(_ask: Ask) -> Reply:
    return Reply(kind="done", text=organizers_texts.room_not_bound())


async def _rooms(ask: Ask) -> Reply:
    walkout = await organizers.which(ask.app.store, _first(ask), [NOT_OVER])
    names = {place.id: place.name for place in await ask.app.store.workplaces(walkout.id)}
    found = [(room, names[room.scope] if room.scope else None) for room in await ask.app.store.rooms(walkout.id)]
    usage = organizers_texts.room_usage() if ask.invite is None else organizers_texts.room_word_usage()
    return Reply(kind="rooms", text=organizers_texts.rooms(found, usage))


async def _organizer(ask: Ask) -> Reply:
    if ask.code is None:
        return Reply(kind="help", text=organizers_texts.organizer_usage())
    app = ask.app
    # who is one already may have been redelivered: the code worked
    if not await organizers.redeem(ask.code, ask.who, app.store, app.keys, app.clock) and not await ask.is_organizer():
        return Reply(kind="unknown_card", text=organizers_texts.organizer_code_bad())
    return Reply(kind="organizer", text=organizers_texts.organizer_made())


def _first(ask: Ask) -> str | None:
    return ask.words[0] if ask.words else None


COMMANDS = (
    Command(name="start", who=Role.WORKER, run=_start, usage=lambda: _("[CARD]"), help=lambda: _("open your card")),
    Command(
        name="pledge",
        who=Role.WORKER,
        run=_pledge,
        usage=lambda: _("[WORKPLACE]"),
        help=lambda: _("pledge without a card, where that is possible"),
    ),
    Command(
        name="status",
        who=Role.WORKER,
        run=_status,
        usage=lambda: _("[CARD]"),
        help=lambda: _("see your pledge and your workplace"),
    ),
    Command(
        name="withdraw",
        who=Role.WORKER,
        run=_withdraw,
        usage=lambda: _("[CARD]"),
        help=lambda: _("take your pledge back"),
    ),
    Command(name="help", who=Role.WORKER, run=_help, help=lambda: _("this list")),
    Command(name="privacy", who=Role.WORKER, run=_privacy, help=lambda: _("what is kept and what is not")),
    Command(
        name="organizer",
        who=Role.WORKER,
        run=_organizer,
        usage=lambda: _("CODE"),
        help=lambda: _("become an organizer, with a code from the server"),
    ),
    Command(name="walkouts", who=Role.ORGANIZER, run=_walkouts, help=lambda: _("list the walkouts")),
    Command(
        name="open",
        who=Role.ORGANIZER,
        run=_open,
        usage=lambda: _("[ID]"),
        help=lambda: _("open a draft for pledges; its terms are fixed from then on"),
    ),
    Command(
        name="calloff",
        who=Role.ORGANIZER,
        run=_call_off,
        usage=lambda: _("[ID]"),
        help=lambda: _("call a walkout off, for good"),
    ),
    Command(
        name="board",
        who=Role.ORGANIZER,
        run=_board,
        usage=lambda: _("[ID]"),
        help=lambda: _("what the last tally published"),
    ),
    Command(
        name="room",
        who=Role.ORGANIZER,
        run=_room,
        usage=lambda: _("[ID] citywide|WORKPLACE|off ROOM"),
        help=lambda: _("choose which room hears the news"),
    ),
    Command(
        name="rooms",
        who=Role.ORGANIZER,
        run=_rooms,
        usage=lambda: _("[ID]"),
        help=lambda: _("list the rooms that hear the news"),
    ),
)
"""Everything that can be typed. A new command is one row here, one use case and its sentences."""

BUTTONS: dict[str, Run] = {
    "p": _press_pledge,
    "j": _press_enrol,
    "n": _not_now,
    "c": _status,
    "w": _withdraw,
    "b": _press_bind,
    "d": _press_do_not_bind,
}
"""Everything that can be pressed, by the first letter of the button's data."""
