"""What a conversation is made of: what is said, what is answered, and the rows of the command table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from bot import cards
from bot.domain.roles import Roles
from bot.keys import Person
from bot.storage.store import Room
from bot.usecases.desk import Desk
from bot.usecases.workers import Worker
from bot.wiring import App
from handlers.texts import general
from handlers.texts.catalogue import _


class Role(StrEnum):
    """Who may send a command."""

    WORKER = "worker"
    STEWARD = "steward"  #: and organizers
    ORGANIZER = "organizer"

    def allows(self, roles: Roles) -> bool:
        """Say whether somebody with these roles may."""
        return self is Role.WORKER or roles.organizer or (self is Role.STEWARD and roles.any)


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A button under a reply. `data` is what comes back: 64 bytes at most, so that any platform can carry it."""

    label: str
    data: str


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """Something to look at, or to print."""

    name: str
    data: bytes
    is_picture: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One private answer."""

    kind: str  #: stable, for scripts
    text: str
    buttons: tuple[Button, ...] = ()
    file: File | None = None  #: comes as a message of its own, also where a button was pressed
    asks_card: bool = False  #: the person's next step is to enter their card


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
    language: str | None = None
    here: Here | None = None


class RoomsBy(StrEnum):
    """How an organizer points to the chat that shall hear the news."""

    NAME = "name"  #: by its name, typed
    WORD = "word"  #: by a one-time word, posted there
    PLACE = "place"  #: by sending the command there


def _address(room: Room) -> str:
    return room.address


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """What differs from platform to platform."""

    can_see: Callable[[], str]  #: says who can see that a person writes to the bot there
    rooms_by: RoomsBy = RoomsBy.NAME
    invite: str = ""  #: a link that adds the bot to a chat, with {word}
    name_room: Callable[[Room], str] = _address
    typed: bool = True  #: commands are typed; else they are chosen, and a card is entered into a form


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One command on its way: who, with what behind its name."""

    app: App
    who: Person
    ways: Ways
    words: tuple[str, ...] = ()
    here: Here | None = None

    @property
    def worker(self) -> Worker:
        """The person as a worker."""
        app = self.app
        return Worker(
            who=self.who, store=app.store, keys=app.keys, brake=app.brake, clock=app.clock, tallies=app.tallies
        )

    @property
    def desk(self) -> Desk:
        """The person as an organizer or steward."""
        return Desk(who=self.who, store=self.app.store, keys=self.app.keys, clock=self.app.clock)

    async def roles(self) -> Roles:
        """Say what the person may do; asked only where it matters."""
        return await self.app.store.roles(self.desk.me)

    async def is_organizer(self) -> bool:
        """Say whether the person runs walkouts."""
        return (await self.roles()).organizer

    async def named_walkout(self) -> tuple[str | None, tuple[str, ...]]:
        """Return the walkout's id where the words begin with one, and the other words."""
        known = {walkout.id for walkout in await self.app.store.walkouts()}
        if self.words and self.words[0].lower() in known:
            return self.words[0].lower(), self.words[1:]
        return None, self.words

    @property
    def code(self) -> str | None:
        """The card code behind the command, in whatever groups it was typed."""
        return cards.parse("".join(self.words))

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
    NUMBER = "number"
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
ROLE = Option(
    takes=Takes.ROLE, label=lambda: _("steward|organizer"), help=lambda: _("steward or organizer"), required=True
)
AT = Option(takes=Takes.WORKPLACE, label=lambda: _("WORKPLACE"), help=lambda: _("for a steward: the workplace"))
NICKNAME = Option(
    takes=Takes.NICKNAME,
    label=lambda: _("NICKNAME"),
    help=lambda: _("what the committee calls them; no real name is needed"),
    required=True,
)
NUMBER = Option(takes=Takes.NUMBER, label=lambda: _("NUMBER"), help=lambda: _("how many"), required=True)
ROOM = Option(takes=Takes.ROOM, label=lambda: _("ROOM"), help=lambda: _("the room's name"), required=True)


def old_button() -> Reply:
    """Answer a button that means nothing any more."""
    return Reply(kind="not_understood", text=general.old_button())
