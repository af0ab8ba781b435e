"""Refusals: named, carrying facts. The words are in handlers/texts.py.

Whoever raises one has changed nothing.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

from bot.domain.model import Stage, StepKind, Terms, Walkout, WalkoutId


class Refused(Exception):  # noqa: N818  a refusal is an answer, not a fault
    """Something a person asked for is not done, for a reason they can be told."""

    kind = StepKind.WALKOUT  #: what the card is for, where that is known

    def of(self, kind: StepKind) -> Self:
        """Say what the card is for."""
        self.kind = kind
        return self


class UnknownCard(Refused):
    """No walkout has this card."""


class CardSpent(Refused):
    """The card is bound to another account."""


class CardRecalled(Refused):
    """The asker's pledge was ended with every other card of the workplace."""


class CardRests(Refused):
    """The card is good, but there is nothing to pledge with it: no step that its campaign has now is its unit's."""


class OtherStep(Refused):
    """What was pressed belongs to a step of the campaign that the card does not open now. People never see this."""

    def __init__(self, walkout: WalkoutId) -> None:
        super().__init__(walkout)
        self.walkout = walkout  #: the step that it opens


class OneCardEach(Refused):
    """The account has another card standing in the same walkout."""


class NotOpenYet(Refused):
    """The walkout is still a draft."""


class PledgingClosed(Refused):
    """The deadline has passed, or the walkout is over.

    Whoever presses now may have pledged before and never heard of it, so it carries what stands.
    """

    def __init__(self, stage: Stage, since: datetime | None, stands: bool) -> None:  # noqa: FBT001
        super().__init__(stage, since, stands)
        self.stage = stage
        self.since = since
        self.stands = stands  #: the asker's own pledge on this card


class UnitFull(Refused):
    """With open entry: as many pledges as the workplace has people."""


class NotPledged(Refused):
    """There is no pledge to take back."""


class NotAskedNow(Refused):
    """Whether somebody is out is asked on the day only, where the terms say so."""


class UnitNotOut(Refused):
    """The workplace did not reach its number, so nobody there walks out."""


class TooEarlyToReport(Refused):
    """There is nothing to report before it is over."""

    def __init__(self, starting: datetime, terms: Terms) -> None:
        super().__init__(starting, terms)
        self.starting = starting  #: when there will be
        self.terms = terms


class TooEarlyToClose(Refused):
    """Until the day is over, people need their cards."""

    def __init__(self, starting: datetime, terms: Terms) -> None:
        super().__init__(starting, terms)
        self.starting = starting  #: when it can be closed
        self.terms = terms


class CampaignGoesOn(Refused):
    """Another step of the campaign is not closed, so its cards are needed."""

    def __init__(self, title: str, walkout: WalkoutId) -> None:
        super().__init__(title, walkout)
        self.title = title
        self.walkout = walkout


class ParcelsWait(Refused):
    """News of the walkout is still on its way; closing would destroy it."""

    def __init__(self, waiting: int, closes: datetime) -> None:
        super().__init__(waiting, closes)
        self.waiting = waiting
        self.closes = closes  #: when it is closed by itself, told or not


class MoreThanMinted(Refused):
    """More cards cannot have been drawn than can have been made."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__(name, most)
        self.name = name
        self.most = most  #: as far as anybody may know


class NoWordNow(Refused):
    """Organizers say something themselves from *on* to the end."""


class WordTooSoon(Refused):
    """They have done so less than a day ago."""

    def __init__(self, again: datetime, terms: Terms, can_correct: bool) -> None:  # noqa: FBT001
        super().__init__(again, terms, can_correct)
        self.again = again
        self.terms = terms
        self.can_correct = can_correct  #: what they said


class NothingWritten(Refused):
    """There are no words yet."""


class NothingToCorrect(Refused):
    """They have said nothing, or something else since, or have corrected it before."""


class NotCountedNow(Refused):
    """Stewards count on the day only, where the terms say that they do."""


class MoreThanPeople(Refused):
    """More cannot have taken part than work there."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__(name, most)
        self.name = name
        self.most = most


class NotRecorded(Refused):
    """The store could not write; nothing was changed and the person may try again."""


class InDoubt(NotRecorded):
    """The disk failed at the very end; whether it was recorded shows once the disk works again."""


class LeaseLost(NotRecorded):
    """What happens once is another process's to do now, or may be; nothing was changed here."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class KeysNotChanged(NotRecorded):
    """The key file could not be changed: another process is at it, it is not what it must be, or its folder is lost."""


class Hold(StrEnum):
    """Why nothing is decided or announced now."""

    FOREIGN = "foreign"  #: another bot uses our token
    CLOCK = "clock"  #: the server's clock is far from the platforms', or none of them can be asked
    KEPT = "kept"  #: a tally is late, and platforms may still hand out what people did before its instant


class Held(Refused):
    """Nothing that lasts is decided now; nothing was changed."""

    def __init__(self, why: Hold) -> None:
        super().__init__(why)
        self.why = why


class OutOfReach(Refused):
    """What is asked for is written on a platform, which does not answer or does not want it."""

    def __init__(self, way: str) -> None:
        super().__init__(way)
        self.way = way


class NoSuchBot(Refused):
    """No bot is called so whose name could stand on cards."""

    def __init__(self, bots: tuple[str, ...]) -> None:
        super().__init__(*bots)
        self.bots = bots


class NoSuchWay(Refused):
    """No bot of this name is known here whose rooms and people another one, run here, could take over."""

    def __init__(self, named: str) -> None:
        super().__init__(named)
        self.named = named


class WorkFailed(Refused):
    """The process that was to read, draw or print something has died, hung, or could not; nothing was changed."""


class LettersMissing(Refused):
    """No font here has letters of names that were to be printed; nothing was made."""

    def __init__(self, letters: str, names: tuple[str, ...]) -> None:
        super().__init__(letters, names)
        self.letters = letters
        self.names = names


class SandboxFull(Refused):
    """Too many wait for what is read, drawn or printed; nothing was changed."""


class Forbidden(Refused):
    """The person's role does not allow this."""


class NotEnoughOrganizers(Refused):
    """So few organize that nothing can be approved; the first thing to do is to appoint another."""

    def __init__(self, needed: int, there: int) -> None:
        super().__init__(needed, there)
        self.needed = needed
        self.there = there  #: organizers who may approve this


class NoSuchProposal(Refused):
    """It was decided, or it has lapsed, or never was."""


class OwnProposal(Refused):
    """Nobody approves what they have proposed."""


class NotEnoughToRemove(NotEnoughOrganizers):
    """So few organizers are left besides the one it is about that they cannot remove them."""


class LastOrganizer(Refused):
    """Without the last organizer nobody could do anything."""


class Halted(Refused):
    """While somebody is suspended nothing is opened, printed or voided, and nobody appointed."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class RoleCardWaits(Halted):
    """The role card is good, but nobody is appointed just now."""


class Frozen(Refused):
    """The organizer is suspended, or has suspended another."""

    def __init__(self, until: datetime, suspended: bool) -> None:  # noqa: FBT001
        super().__init__(until, suspended)
        self.until = until
        self.suspended = suspended  #: or else it is they who suspended another


class CannotSuspend(Refused):
    """The one who asks cannot suspend that one now."""

    def __init__(self, nickname: str, why: str, until: datetime | None = None) -> None:
        super().__init__(nickname, why, until)
        self.nickname = nickname
        self.why = why  #: self | steward | running | again
        self.until = until  #: running: until when it does; again: from when on they may suspend somebody


class NicknameTaken(Refused):
    """Somebody is called that already, so nobody could tell which one is meant."""

    def __init__(self, nickname: str) -> None:
        super().__init__(nickname)
        self.nickname = nickname


class NoSuchMember(Refused):
    """Nobody with a role is called that."""

    def __init__(self, nickname: str) -> None:
        super().__init__(nickname)
        self.nickname = nickname


class NoSuchRoleCard(Refused):
    """The code is unknown, used, refused or too old."""


class NoSuchWalkout(Refused):
    """No walkout has this id, or none fits the command."""

    def __init__(self, named: str | None) -> None:
        super().__init__(named)
        self.named = named


class WhichWalkout(Refused):
    """Several walkouts fit and none was named."""

    def __init__(self, fitting: tuple[Walkout, ...]) -> None:
        super().__init__(fitting)
        self.fitting = fitting


class NoSuchLanguage(Refused):
    """There is no catalogue for this language."""

    def __init__(self, named: str) -> None:
        super().__init__(named)
        self.named = named


class NoSuchUnit(Refused):
    """No workplace has this name; `close` holds some that resemble it."""

    def __init__(self, named: str, close: tuple[str, ...]) -> None:
        super().__init__(named, close)
        self.named = named
        self.close = close


class WhichUnit(NoSuchUnit):
    """Several units have this name: those in `close`, each with what it is part of."""


class WhichPart(NoSuchUnit):
    """The unit that is named has no cards of its own, but those in `close`, which it is made of."""


class WrongStage(Refused):
    """The walkout is past, or not yet at, the stage where this can be done."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.stage = stage


class TooLateToOpen(Refused):
    """Its deadline has passed, so nobody could pledge any more."""

    def __init__(self, terms: Terms) -> None:
        super().__init__(terms)
        self.terms = terms


class NobodyQualifies(Refused):
    """No workplace of a step has proved the one before, so there is nobody to open it for."""

    def __init__(self, share: int) -> None:
        super().__init__(share)
        self.share = share  #: per cent of its number that a workplace must have come to


class NotEnoughLeft(Refused):
    """Without those that have not proved the step before, a number could not be reached any more."""

    def __init__(self, name: str, needed: int, there: int, people: bool) -> None:  # noqa: FBT001
        super().__init__(name, needed, there, people)
        self.name = name  #: the area's; '': it is the whole walkout's
        self.needed = needed
        self.there = there
        self.people = people  #: it is of people; or of the units right below, of the whole walkout of workplaces


class LeavesTooFewFree(Refused):
    """Without those, the crossing of the unit above would tell of somebody that they have pledged."""

    def __init__(self, name: str, above: str) -> None:
        super().__init__(name, above)
        self.name = name
        self.above = above  #: the unit above; '': the whole walkout


class StepNotOver(Refused):
    """Another step of the campaign still goes on at a workplace that this one is for."""

    def __init__(self, title: str, name: str) -> None:
        super().__init__(title, name)
        self.title = title  #: the other step's
        self.name = name  #: one workplace of both


class StepGoesOn(Refused):
    """Cards are voided and recalled in the step that goes on at their workplace, and this is another."""

    def __init__(self, title: str, walkout: WalkoutId, name: str) -> None:
        super().__init__(title, walkout, name)
        self.title = title
        self.walkout = walkout
        self.name = name  #: the workplace


class NoCitywideRoom(Refused):
    """Nobody would hear that it is on, and the organizers have not agreed to that."""


class BeyondHeadcount(Refused):
    """More cards were asked for than the workplace has people."""

    def __init__(self, name: str, headcount: int, minted: int, wanted: int) -> None:
        super().__init__(name, headcount, minted, wanted)
        self.name = name
        self.headcount = headcount
        self.minted = minted
        self.wanted = wanted


class NoCardMissing(Refused):
    """The workplace has as many cards as people."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name  #: '': every workplace has


class TooManyCards(Refused):
    """More cards than one file holds."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class TooManyAtOnce(Refused):
    """All workplaces lack more cards than one file holds."""

    def __init__(self, most: int, walkout: WalkoutId) -> None:
        super().__init__(most, walkout)
        self.most = most
        self.walkout = walkout


class CardsChanged(Refused):
    """Since all cards that were missing were proposed, some were printed or voided."""


class PrintedBefore(Refused):
    """These cards were printed: it works once."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name  #: the workplace's; '': they were all workplaces'


class VoidedBefore(Refused):
    """The workplace's cards were voided or recalled not long ago."""

    def __init__(self, name: str, until: datetime, terms: Terms) -> None:
        super().__init__(name, until, terms)
        self.name = name
        self.until = until  #: from when on they can be voided again
        self.terms = terms


class TooLateToRecall(Refused):
    """Nobody could be sure to draw and pledge another card in time."""

    def __init__(self, name: str, since: datetime, terms: Terms) -> None:
        super().__init__(name, since, terms)
        self.name = name
        self.since = since
        self.terms = terms


class TooLateToLeave(Refused):
    """The others could not be sure to make up for it."""

    def __init__(self, name: str, since: datetime, terms: Terms) -> None:
        super().__init__(name, since, terms)
        self.name = name
        self.since = since
        self.terms = terms


class HasLeft(Refused):
    """The unit has left before."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NotYourProposal(Refused):
    """Only whoever proposed it can carry it out."""


class NoCardsWithOpenEntry(Refused):
    """A walkout with open entry has no printed cards."""


class StoreInUse(Refused):
    """Another process owns the store."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class StoreTooNew(Refused):
    """The database was written by a newer version of AllOut."""

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(path, found, known)
        self.path = path
        self.found = found
        self.known = known


class StoreUnusable(Refused):
    """The database cannot be opened for writing, or is damaged."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why  #: SQLite's own words


class StoreMoved(Refused):
    """What is here does not count any more, or not yet: the store is elsewhere."""

    def __init__(self, path: str, elsewhere: str) -> None:
        super().__init__(path, elsewhere)
        self.path = path
        self.elsewhere = elsewhere


class KeyFileRefused(Refused):
    """The key file, or the passphrase that opens it, is not what it must be."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why  #: missing | foreign | damaged | exposed | orphaned | outdated | sealed | passphrase |
        #: no_passphrase | there | busy | changing


class OthersRun(Refused):
    """Other processes use the store."""


class InTheWay(Refused):
    """There is a file already where a new one was to be written."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class NotWritten(Refused):
    """A file could not be written, and nothing of it was left there."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why  #: the system's own words


class NotABackup(Refused):
    """The file is something else."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class BackupDamaged(NotABackup):
    """The backup was changed, or cut off."""


class WrongBackupKey(NotABackup):
    """The backup was sealed to another public key."""


class NotABackupKey(NotABackup):
    """The file does not hold a private backup key."""


class ForeignBackup(NotABackup):
    """The backup was not made with the key file of this path."""


class AnswersWanted(Refused):
    """Only people can say what became of these walkouts since the backup was made."""

    def __init__(self, made: datetime, walkouts: tuple[tuple[WalkoutId, str, bool], ...]) -> None:
        super().__init__(made, walkouts)
        self.made = made
        self.walkouts = walkouts  #: id and title of each, and whether it may go on


class TallyDue(Refused):
    """A tally stands before this change: take it, then ask again. People never see this."""

    def __init__(self, walkout: WalkoutId) -> None:
        super().__init__(walkout)
        self.walkout = walkout
