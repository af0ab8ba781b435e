"""What a conversation is made of: what is said, what is answered, and the rows of the command table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from bot.domain.errors import NotRecorded
from bot.domain.model import WalkoutId
from bot.domain.roles import Duty, Matter, Roles
from bot.parsing import typed_text
from bot.runtime.app import App
from bot.secrets.keys import Person
from bot.usecases.context import RequestContext, acting
from bot.usecases.workers import Worker
from handlers.texts import general
from handlers.texts.catalogue import _
from handlers.texts.languages import LANGUAGES, meant


class Role(StrEnum):
    """Who may send a command."""

    WORKER = "worker"
    STEWARD = "steward"  #: and organizers
    UNIT_ORGANIZER = "unit_organizer"  #: and organizers
    ORGANIZER = "organizer"

    def allows(self, roles: Roles) -> bool:
        """Say whether somebody with these roles may, be it in their own unit only."""
        return self is Role.WORKER or roles.may_somewhere(_NEEDS[self])


_NEEDS: Mapping[Role, Matter | Duty] = {
    Role.STEWARD: Duty.LOOK,
    Role.UNIT_ORGANIZER: Matter.LEAVE,
    Role.ORGANIZER: Duty.RUN,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A button under a reply. `data` is what comes back: 64 bytes at most, so that any platform can carry it."""

    label: str
    data: str
    below: bool = False  #: begins a row of its own: a phone shows two short labels side by side, and no more


def rows(buttons: Iterable[Button]) -> list[list[Button]]:
    """Lay buttons out."""
    laid_out: list[list[Button]] = []
    for each in buttons:
        if each.below or not laid_out:
            laid_out.append([])
        laid_out[-1].append(each)
    return laid_out


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """Something to look at, or to print."""

    name: str
    data: bytes
    is_picture: bool = False
    lasts: timedelta | None = None  #: its message is deleted then, and says so


Tell = Callable[[str], None]
"""Shows how far something is, in place of what was shown before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One private answer."""

    kind: str  #: stable, for scripts
    text: str
    buttons: tuple[Button, ...] = ()
    file: File | None = None  #: comes with the text as a new message, also where a button was pressed
    asks_card: bool = False  #: the person's next step is to enter their card
    below: bool = False  #: what was pressed stays as it is
    known: bool = False  #: to somebody who has shown a card or has a role: where many wait, it goes before the others
    shows_code: bool = False  #: what is answered shows a code that is known
    chosen: str = ""  #: the language that its buttons carry on
    clears: bool = False  #: the platform deletes what it can of this chat; the text is said so that it does not stay
    rest: Rest | None = None
    """What was asked for and takes long, for the platform to finish beside everything else; with a file, below it."""


Rest = Callable[[Tell], Awaitable[Reply]]
"""Makes an answer that takes long, and tells meanwhile how far it is. Raises Refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """The chat in which something was said, where a chat is bound by a command sent in it."""

    address: str
    can_post: bool  #: we have the permission


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a person wrote, or the command they chose, or the data of the button they pressed."""

    who: Person
    text: str = ""
    words: tuple[str, ...] | None = None  #: a command that came in parts: its name, then what it takes
    button: str | None = None
    language: str | None = None  #: in which it is answered: the chosen one, or what the person's app speaks
    chosen: str = ""  #: the language that somebody chose: the buttons of the answer carry it on, and nothing else
    here: Here | None = None
    number: str = ""  #: the platform's own, of a message that may come again: the same each time

    @classmethod
    def pressed(
        cls, who: Person, data: str, *, language: str | None = None, here: Here | None = None, number: str = ""
    ) -> Said:
        """Read a press; `language` is what the person's app speaks."""
        data, chosen = language_carried(data)
        return cls(who=who, button=data, language=chosen or language, chosen=chosen, here=here, number=number)


class RoomsBy(StrEnum):
    """How an organizer points to the chat that shall hear the news."""

    NAME = "name"  #: by its name, typed
    WORD = "word"  #: by a one-time word, posted there
    PLACE = "place"  #: by sending the command there


def _nothing() -> str:
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """What differs from platform to platform."""

    can_see: Callable[[], str]  #: says who can see that a person writes to the bot there
    rooms_by: RoomsBy = RoomsBy.NAME
    invite: str = ""  #: a link that adds the bot to a chat, with {word}
    typed: bool = True  #: commands are typed; else they are chosen, and a card is entered into a form
    in_a_hurry: bool = False  #: everybody may say as much as they like at once, as scripts do
    can_reach: Callable[[], str] = _nothing  #: says whom the bot can write to by itself, if not everybody
    can_clear: Callable[[], str] = _nothing  #: says what of a chat the bot cannot delete


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One command on its way: who, with what behind its name."""

    app: App
    who: Person
    ways: Ways
    words: tuple[str, ...] = ()
    here: Here | None = None
    language: str = ""
    number: str = ""  #: of the message, where it may come again
    code: str | None = None  #: the card's, or the role card's, wherever it stood
    of: WalkoutId | None = None  #: whose card it is, as the button says that carries the code

    @property
    def card(self) -> str:
        """What a button carries of the card in hand; nothing if there is none."""
        return "" if self.code is None else carried(self.code, self.of)

    @property
    def worker(self) -> Worker:
        """The person as a worker."""
        return self.app.worker(self.who)

    @property
    def context(self) -> RequestContext:
        """The person as an organizer or steward."""
        app = self.app
        return RequestContext(
            who=self.who, store=app.store, keys=app.keys, clock=app.clock, number=self.number, fence=app.fence
        )

    async def bot(self, platform: str) -> str | None:
        """Return what cards call the bot on a platform: this one, on its own."""
        return await self.app.bot(platform, self.who.way)

    async def roles(self) -> Roles:
        """Say what the person may do; asked only where it matters. Raises Frozen for whom a suspension stops.

        Whoever may do something is reached by the bot to which they wrote last.
        """
        roles = await acting(self.app.store, self.context.me)
        if roles.may_somewhere(Duty.LOOK):
            with suppress(NotRecorded):  # next time, then
                moved = await self.app.store.follow(self.context.me, self.who.way)
                if moved and (show_menu := self.app.menus.get(self.who.way)) is not None:
                    await show_menu(self.who.account)
        return roles

    async def organizes(self) -> bool:
        """Say whether the person is an organizer, also if a suspension stops them."""
        roles = await self.app.store.roles(self.context.me)
        return roles.may(Duty.RUN) or roles.suspension is not None

    async def decides(self) -> bool:
        """Say whether there is anything that the person may approve, also if a suspension stops them."""
        roles = await self.app.store.roles(self.context.me)
        return roles.may_somewhere(Matter.LEAVE) or roles.suspension is not None

    async def is_organizer(self) -> bool:
        """Say whether the person runs walkouts. Raises Frozen for whom a suspension stops."""
        return (await self.roles()).may(Duty.RUN)

    async def named_walkout(self) -> tuple[str | None, tuple[str, ...]]:
        """Return the walkout's id where the words begin with one, and the other words."""
        known = {walkout.id for walkout in await self.app.store.walkouts()}
        if self.words and (named := typed_text.word(self.words[0]).lower()) in known:
            return named, self.words[1:]
        return None, self.words

    @property
    def first(self) -> str | None:
        """The first word, if there is one."""
        return self.words[0] if self.words else None


Run = Callable[[Ask], Awaitable[Reply]]


class Takes(StrEnum):
    """What can stand behind a command's name."""

    CARD = "card"
    CODE = "code"
    WALKOUT = "walkout"
    WORKPLACE = "workplace"
    SCOPE = "scope"  #: what a room hears
    ROLE = "role"
    NICKNAME = "nickname"
    LANGUAGE = "language"
    REFERENCE = "reference"
    NUMBER = "number"
    VOID = "void"  #: this word or `recall`
    FILTER = "filter"  #: part of a workplace's name, or `csv`
    REACH = "reach"  #: which rooms hear what organizers say themselves
    ROOM = "room"  #: only where rooms have names that are typed


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One thing behind a command's name."""

    takes: Takes
    label: Callable[[], str]
    help: Callable[[], str]
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A row of the table."""

    name: str
    who: Role
    run: Run
    help: Callable[[], str]
    options: tuple[Option, ...] = ()
    price: float = 1  #: of what an account may say in a minute
    changes: bool = False  #: it decides something that lasts, so it is refused while anything holds the bot up
    shows: bool = False  #: nothing comes of it but an answer, whoever it is from: it need not be acknowledged first
    even_frozen: bool = False  #: also for organizers whom a suspension stops

    def takes(self, *what: Takes) -> bool:
        """Say whether one of these stands behind the name."""
        return any(option.takes in what for option in self.options)

    def usage(self, ways: Ways) -> str:
        """Say what stands behind the name on a platform."""
        said = [
            option.label() if option.required else f"[{option.label()}]"
            for option in self.options
            if option.takes is not Takes.ROOM or ways.rooms_by is RoomsBy.NAME
        ]
        return " ".join(said)


CARD = Option(takes=Takes.CARD, label=lambda: _("CARD"), help=lambda: _("the 20 letters and digits of your card"))
CODE = Option(
    takes=Takes.CODE, label=lambda: _("CODE"), help=lambda: _("the code that the server printed"), required=True
)
WALKOUT = Option(takes=Takes.WALKOUT, label=lambda: _("ID"), help=lambda: _("the walkout, where there are several"))
WORKPLACE = Option(takes=Takes.WORKPLACE, label=lambda: _("WORKPLACE"), help=lambda: _("where you work"))
SCOPE = Option(
    takes=Takes.SCOPE,
    label=lambda: _("citywide|WORKPLACE|off"),
    help=lambda: _("citywide, a workplace, or off to hear nothing more"),
    required=True,
)
LANGUAGE = Option(
    takes=Takes.LANGUAGE, label=lambda: _("LANGUAGE"), help=lambda: _("the language in which it hears the news")
)
REFERENCE = Option(
    takes=Takes.REFERENCE,
    label=lambda: _("REF"),
    help=lambda: _("the eight letters and digits under the announcement"),
    required=True,
)
ROLE = Option(
    takes=Takes.ROLE, label=lambda: _("steward|organizer"), help=lambda: _("steward or organizer"), required=True
)
AT = Option(
    takes=Takes.WORKPLACE,
    label=lambda: _("WORKPLACE"),
    help=lambda: _("of a workplace or an area; else an organizer is one of the whole walkout"),
)
UNIT = Option(
    takes=Takes.WORKPLACE, label=lambda: _("WORKPLACE"), help=lambda: _("the workplace or the area"), required=True
)
NICKNAME = Option(
    takes=Takes.NICKNAME,
    label=lambda: _("NICKNAME"),
    help=lambda: _("what the committee calls them; no real name is needed"),
    required=True,
)
OF = Option(takes=Takes.WORKPLACE, label=lambda: _("WORKPLACE|all"), help=lambda: _("whose cards; all: of all"))
NUMBER = Option(
    takes=Takes.NUMBER, label=lambda: _("NUMBER"), help=lambda: _("how many; else what is missing to the head-count")
)
PRINTED_IN = Option(
    takes=Takes.LANGUAGE, label=lambda: _("LANGUAGE"), help=lambda: _("the language of the cards; else yours")
)
REACH = Option(
    takes=Takes.REACH,
    label=lambda: _("citywide|all|WORKPLACE"),
    help=lambda: _("the citywide rooms, every room, or those of workplaces, with commas between them"),
)
COUNT = Option(takes=Takes.NUMBER, label=lambda: _("NUMBER"), help=lambda: _("how many"), required=True)
VOID = Option(
    takes=Takes.VOID,
    label=lambda: "void|recall",
    help=lambda: _("void: who has pledged keeps their card, no other is good; recall: none is"),
)
FILTER = Option(
    takes=Takes.FILTER, label=lambda: _("NAME|csv"), help=lambda: _("part of a workplace's name, or csv for a file")
)
ROOM = Option(takes=Takes.ROOM, label=lambda: _("ROOM"), help=lambda: _("the room's name"), required=True)


def carried(code: str, of: WalkoutId | None) -> str:
    """Return what a button carries of a card: its code, and whose card it is: where it is looked for first."""
    return code if of is None else f"{code}{OF_WALKOUT}{of}"


OF_WALKOUT = "."
"""Between a card's code and its walkout on a button."""

SAY = "z"
"""The letter of a button that says a command, as if it were typed."""

LONGEST_DATA = 64
"""Bytes of a button's data. People can send any, but ours is no longer."""

CHOSEN = "~"
"""Before the letter of a language, at the end of a button's data."""

LONGEST_COMMAND_DATA = LONGEST_DATA - len(f"{CHOSEN}x")
"""Bytes of data that says a command: a language can always stand behind it."""


def carrying(data: str, language: str) -> str:
    """Let a button's data carry the language that was chosen, unless it leads to another already."""
    known = meant(language)
    if known is None or not known.letter or language_carried(data)[1]:
        return data
    return f"{data}{CHOSEN}{known.letter}"


def language_carried(data: str) -> tuple[str, str]:
    """Tell a button's data from the language that it carries; '' where none was chosen."""
    said, mark, letter = data[:-2], data[-2:-1], data[-1:]
    chosen = next((each.code for each in LANGUAGES if mark == CHOSEN and each.letter == letter), "")
    return (said, chosen) if chosen else (data, "")


def carry(reply: Reply, language: str) -> Reply:
    """Let everything under an answer be answered in the language that was chosen, if one was."""
    if not language:
        return reply
    return replace(reply, chosen=language, buttons=carry_on(reply.buttons, language))


def carry_on(buttons: Iterable[Button], language: str) -> tuple[Button, ...]:
    """Let buttons carry a language."""
    return tuple(replace(each, data=carrying(each.data, language)) for each in buttons)


def say_buttons(commands: Iterable[tuple[str, Sequence[str]]]) -> Iterator[Button]:
    """Return buttons that say commands, by label and words; none where the words are too many for a button."""
    for label, words in commands:
        # quotes also where the end of a name could be taken for a language
        data = f"{SAY}:" + " ".join(f'"{each}"' if " " in each or CHOSEN in each else each for each in words)
        if len(data.encode()) <= LONGEST_COMMAND_DATA:
            yield Button(label=label, data=data, below=True)


def whole_number(text: str) -> int | None:
    """Read a number that a button carries; None if it is none. For those that are typed: reading.number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= typed_text.LONGEST_NUMBER else None


def page_buttons(page: int, pages: int, data: Callable[[int], str]) -> tuple[Button, ...]:
    """Return the buttons that lead to the pages before and behind this one; `data` is what a page's button says."""
    return tuple(
        Button(label=label, data=data(number))
        for label, number in ((general.previous(), page - 1), (general.following(), page + 1))
        if 1 <= number <= pages
    )


def nearest_page(page: int, pages: int) -> int:
    """Return the page there is that comes closest."""
    return min(max(page, 1), pages)


def old_button() -> Reply:
    """Answer a button that means nothing any more."""
    return Reply(kind="not_understood", text=general.old_button())
