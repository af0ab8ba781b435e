"""Every refusal: what happened, that nothing was changed or what stands, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from bot.domain import errors
from bot.domain.errors import Hold, Refused
from bot.domain.model import Stage, StepKind
from bot.domain.rules import PLEDGING
from bot.domain.situation import Asserts
from handlers.texts import backups, closing, committee_word, general, moving, opening, paper_cards, took_part
from handlers.texts.asserted import asserts
from handlers.texts.board import stage
from handlers.texts.catalogue import _, isolated, languages
from handlers.texts.general import platform
from handlers.texts.kinds import by_kind
from handlers.texts.names import of_languages
from handlers.texts.organizers_words import worded
from handlers.texts.times import deadline, number, when, when_utc


def refusal(refused: Refused) -> tuple[str, str]:  # noqa: C901, PLR0911, PLR0912, PLR0915  one row per refusal
    """Return the refusal's kind, which is stable, and its sentence."""
    match refused:
        case errors.UnknownCard():
            return "unknown_card", _(
                "I do not know this card. Check it letter by letter; cards of a walkout that is over are destroyed."
            )
        case errors.CardSpent():
            # the same for a pledge that was taken back: nobody but its owner learns which
            return "card_spent", _(
                "This card is used already, from another account. Was that you, on another phone? Then it counts, "
                "unless you took it back: do not draw another. If not, ask your steward for another. Nothing was "
                "recorded."
            )
        case errors.CardRecalled():
            return "recalled", _recalled()
        case errors.CardRests():
            return "card_rests", _(
                "Your card is good, but there is nothing to pledge with it now: your workplace is not part of this "
                "step, or the next one is not open yet. Go to work as usual, keep your card, and ask your steward."
            )
        case errors.OtherStep():
            return "other_step", general.old_button()
        case errors.OneCardEach():
            return "one_card_each", by_kind(
                refused.kind,
                _(
                    "You have pledged in this walkout already, with another card. One person, one card. "
                    "Nothing was recorded."
                ),
                _("You have pledged already, with another card. One person, one card. Nothing was recorded."),
                _("You take part already, with another card. One person, one card. Nothing was recorded."),
            )
        case errors.NotOpenYet():
            return "not_open", by_kind(
                refused.kind,
                _("This walkout is not open for pledges yet. Keep your card and try again when it is announced."),
                _("It is not open for pledges yet. Keep your card and try again when it is announced."),
                _("The survey is not open yet. Keep your card and try again when it is announced."),
            )
        case errors.PledgingClosed():
            return "closed", _closed(refused)
        case errors.UnitFull():
            return "full", _(
                "As many people have pledged here as work here, so nothing was recorded. Tell your steward."
            )
        case errors.NotPledged():
            return "not_pledged", _none_here()
        case errors.NotAskedNow():
            return "not_asked", by_kind(
                refused.kind,
                _("I ask only on the day who is out, for 24 hours from the start. Nothing was changed."),
                _("I ask only on the day who takes part, for 24 hours from the start. Nothing was changed."),
            )
        case errors.UnitNotOut():
            return "not_asked", _not_walking_out(refused.kind)
        case errors.TooEarlyToReport():
            return "too_early", _("There is a report once it is over: from {when} on. Until then: /board").format(
                when=when(refused.starting, refused.terms)
            )
        case errors.NotCountedNow():
            return "not_counted", took_part.not_counted()
        case errors.MoreThanPeople():
            return "more_than_people", took_part.too_many(refused.name, refused.most)
        case errors.MoreThanMinted():
            return "more_than_minted", _(
                "{workplace} has {most} cards at most, so no more can have been drawn. Nothing was changed."
            ).format(workplace=refused.name, most=number(refused.most))
        case errors.InDoubt():
            return "in_doubt", _(
                "I cannot tell whether this was recorded: the disk failed just then. Look again in a minute."
            )
        case errors.Held():
            return "not_recorded", _held(refused.why)
        case errors.OthersRun():
            return "others_run", _(
                "Other processes use this store. Stop all of them, on every machine, and run this again. "
                "Nothing was changed."
            )
        case errors.KeysNotChanged():
            return "not_recorded", _(
                "Not recorded: the key file could not be changed. Another process is at it, or its folder cannot be "
                "reached. Try again in a minute; if it fails again, have somebody look on the server: allout doctor"
            )
        case errors.NotRecorded():
            return "not_recorded", _("Not recorded: I could not write it down just now. Try again in a minute.")
        case errors.NoSuchBot():
            return "no_bot", paper_cards.of_bots(refused.bots)
        case errors.NoSuchWay():
            return "no_bot", _(
                "No bot that is known here and does not run is called {named}. Or none runs on its platform to take "
                "over; start that first: allout run"
            ).format(named=refused.named)
        case errors.OutOfReach():
            return "not_recorded", _("I cannot reach {platform} just now, so nothing was changed. Try again.").format(
                platform=platform(refused.way)
            )
        case errors.WorkFailed():
            return "work_failed", _(
                "That did not work: the process that reads files, draws and prints has failed. Nothing was changed. "
                "Try again; if it fails again, have somebody look on the server: allout doctor"
            )
        case errors.LettersMissing():
            return "letters_missing", paper_cards.letters_missing(refused.letters, refused.names)
        case errors.SandboxFull():
            return "workshop_full", _(
                "Too many people want files and pictures just now. Nothing was changed. Try again in a minute."
            )
        case errors.Forbidden():
            return "forbidden", _("That is for organizers. See what you can do: /help")
        case errors.NotEnoughToRemove():
            return "not_enough_organizers", _(
                "{needed} organizers must agree besides whom it is about, but only {there} can. "
                "Is that account in the wrong hands? /suspend stops it at once for a day, and yours too. "
                "Whoever runs the server decides then: allout suspensions"
            ).format(needed=number(refused.needed), there=number(refused.there))
        case errors.NotEnoughOrganizers():
            return "not_enough_organizers", _(
                "This needs {needed} organizers to approve, and only {there} can. Appoint another first: /appoint. "
                "If none can be reached: allout organizer-code, on the server."
            ).format(needed=number(refused.needed), there=number(refused.there))
        case errors.NoSuchLanguage():
            return "no_such_language", _("I do not speak {named}. I speak: {languages}. Nothing changed.").format(
                named=refused.named, languages=of_languages(languages())
            )
        case errors.NoSuchProposal():
            return "no_such_proposal", _("That proposal has been decided, or has lapsed after a day. Nothing changed.")
        case errors.OwnProposal():
            return "own_proposal", _("You proposed it yourself; somebody else must approve it.")
        case errors.LastOrganizer():
            return "last_organizer", _(
                "You are the last organizer: without you nobody could do anything here. Appoint another first: /appoint"
            )
        case errors.Frozen(suspended=True):
            return "frozen", _(
                "You are suspended until {until}: another organizer asked for it. Until then you can do nothing here "
                "as an organizer but call a walkout off: /calloff. Nothing changed. Is it a mistake? Meet the others."
            ).format(until=when_utc(refused.until))
        case errors.Frozen():
            return "frozen", _(
                "You have suspended another organizer. Until {until} that stops you as well, but for calling a walkout "
                "off: /calloff. Nothing changed. The others decide, or whoever runs the server."
            ).format(until=when_utc(refused.until))
        case errors.RoleCardWaits():
            return "halted", _(
                "This code does not work before {until}. Then send it again, or ask for another."
            ).format(until=when_utc(refused.until))
        case errors.Halted():
            return "halted", _(
                "Somebody is suspended until {until}. Until then nothing is opened, printed or voided, and nobody is "
                "appointed or removed but those two. Nothing changed. See who: /roles"
            ).format(until=when_utc(refused.until))
        case errors.CannotSuspend():
            return "cannot_suspend", _cannot_suspend(refused)
        case errors.NicknameTaken():
            return "nickname_taken", _("Somebody is called {nickname} already. Choose another nickname.").format(
                nickname=refused.nickname
            )
        case errors.NoSuchMember():
            return "no_such_member", _("Nobody with a role is called {nickname}. See who serves: /roles").format(
                nickname=refused.nickname
            )
        case errors.NoSuchWalkout():
            return "no_such_walkout", _no_walkout(refused)
        case errors.WhichWalkout():
            choice = "\n".join(f"{each.id} · {isolated(worded(each.terms).title)}" for each in refused.fitting)
            return "which_walkout", _("Which one? Add its id:") + f"\n{choice}"
        case errors.WhichUnit():
            said = _("There are several of the name {name}. Which one:").format(name=refused.named)
            return "which_workplace", f"{said}\n{_quoted(refused.close)}"
        case errors.WhichPart():
            said = _("{name} has several parts. Which one:").format(name=refused.named)
            return "which_part", f"{said}\n{_quoted(refused.close)}"
        case errors.NoSuchUnit():
            return "no_such_workplace", _no_workplace(refused)
        case errors.WrongStage():
            return "wrong_stage", _("This walkout is {stage}; that cannot be done now. Nothing changed.").format(
                stage=stage(refused.stage)
            )
        case errors.TooLateToOpen():
            return "too_late", _("Its deadline, {when}, has passed. Draft it anew with later times.").format(
                when=deadline(refused.terms)
            )
        case errors.NoCitywideRoom():
            return "no_citywide_room", _(
                "No citywide room is bound: nobody would hear there that it is on. Nothing is opened. Bind one: /room. "
                "Or propose it anew, without one: /open"
            )
        case errors.BeyondHeadcount():
            return "beyond_headcount", _(
                "{workplace} has {headcount} people and {minted} cards; {wanted} more would be beyond its "
                "head-count. No card was made."
            ).format(
                workplace=refused.name,
                headcount=number(refused.headcount),
                minted=number(refused.minted),
                wanted=number(refused.wanted),
            )
        case errors.NoCardMissing(name=""):
            return "no_cards_missing", _("Every workplace has as many cards as people; no card was made.")
        case errors.NoCardMissing():
            return "no_cards_missing", _(
                '{workplace} has as many cards as people; no card was made. Is a sheet lost? /cards void "{workplace}"'
            ).format(workplace=refused.name)
        case errors.TooManyCards():
            return "too_many_cards", _(
                "One file holds {most} cards at most. Print fewer now and the rest afterwards. No card was made."
            ).format(most=number(refused.most))
        case errors.TooManyAtOnce():
            return "too_many_cards", _(
                "One file holds {most} cards at most, and more are missing. Print each workplace's, or all on the "
                "server: {command}. No card was made."
            ).format(
                most=number(refused.most),
                command=f"allout cards {refused.walkout} --all --format pdf --out cards.pdf",
            )
        case errors.CardsChanged():
            return "cards_changed", _(
                "Since that was proposed, cards were printed or voided somewhere. Ask anew: /cards. No card was made."
            )
        case errors.PrintedBefore(name=""):
            return "printed_before", _(
                "These cards were printed; it works once, and their codes are kept nowhere. Is the file lost? Void "
                'each workplace\'s cards, with /cards void "Workplace", then print anew.'
            )
        case errors.PrintedBefore():
            return "printed_before", _(
                "These cards were printed; it works once, and their codes are kept nowhere. Is the sheet lost? "
                '/cards void "{workplace}", then print anew. Do you need as many again? Ask in ten minutes.'
            ).format(workplace=refused.name)
        case errors.VoidedBefore():
            return "voided_before", _(
                "The cards of {workplace} were voided less than a day ago. It can be done again from {when} on. "
                "Nothing was changed."
            ).format(workplace=refused.name, when=when(refused.until, refused.terms))
        case errors.TooLateToRecall():
            return "too_late", _(
                "It is too late to recall the cards of {workplace}: people need a day to draw new ones. It was "
                "possible until {when}. Nothing was changed."
            ).format(workplace=refused.name, when=when(refused.since, refused.terms))
        case errors.TooLateToLeave():
            return "too_late", _(
                "It is too late to take {workplace} out: the others need a day to go on without it. It was possible "
                "until {when}. Nothing was changed."
            ).format(workplace=refused.name, when=when(refused.since, refused.terms))
        case errors.HasLeft():
            return "has_left", _("{workplace} is not part of this walkout any more. Nothing was changed.").format(
                workplace=refused.name
            )
        case errors.NotYourProposal():
            return "not_yours", _("Only whoever proposed these cards can print them.")
        case errors.NoCardsWithOpenEntry():
            return "no_cards", _("This walkout has open entry: people pledge without cards.")
    return committee_word.refusal(refused) or ("refused", start_refusal(refused))


def _held(why: Hold) -> str:
    return {  # while a tally waits for what was kept, everything is recorded
        Hold.FOREIGN: _("Not recorded: another bot answers under my name, so I decide nothing. Ask your organizers."),
        Hold.CLOCK: _("Not recorded: the server's clock may be wrong, so I decide nothing by it. Try again later."),
    }[why]


def _cannot_suspend(refused: errors.CannotSuspend) -> str:
    until = "" if refused.until is None else when_utc(refused.until)
    return {
        "self": _("That is you. To give your own role up: /remove {nickname}"),
        "steward": _("{nickname} is no organizer. You can take a steward's role away at once: /remove {nickname}"),
        "running": _("{nickname} is stopped already, until {until}. See who is suspended: /roles"),
        "again": _(
            "You have suspended somebody this week; you can do it again from {until} on. Another organizer can do it "
            "now, or whoever runs the server decides. Nothing changed."
        ),
    }[refused.why].format(nickname=refused.nickname, until=until)


def _closed(refused: errors.PledgingClosed) -> str:
    if refused.kind is StepKind.SURVEY:
        return _survey_closed(refused)
    say: dict[Stage, Callable[[], str]] = {
        Stage.CALLED_OFF: partial(_called_off, refused.kind),
        Stage.LAPSED: _not_on,
    }
    ended = say.get(refused.stage, _deadline_past)()
    if not refused.stands:
        return f"{ended} {_no_pledge()}"
    return f"{ended} {_nobody(refused.kind) if refused.stage not in PLEDGING else _stands()}"


def _survey_closed(refused: errors.PledgingClosed) -> str:
    say: dict[Stage, Callable[[], str]] = {
        Stage.CALLED_OFF: partial(_called_off, refused.kind),
        Stage.ENDED: _survey_over,
    }
    ended = say.get(refused.stage, _deadline_past)()
    return f"{ended} {_takes_part() if refused.stands else _takes_no_part()}"


@asserts(Asserts.ENDED)
def _survey_over() -> str:
    return _("The survey is over.")


@asserts(Asserts.STANDS)
def _takes_part() -> str:
    return _("Your card takes part.")


@asserts(Asserts.NONE_STANDS)
def _takes_no_part() -> str:
    return _("Your card does not take part.")


@asserts(Asserts.CALLED_OFF)
def _called_off(kind: StepKind) -> str:
    return by_kind(kind, _("The organizers have called this walkout off."), _("The organizers have called it off."))


@asserts(Asserts.NOBODY, Asserts.DEADLINE_PAST)
def _not_on() -> str:
    return _("Not now: it was not on by the deadline.")


@asserts(Asserts.DEADLINE_PAST)
def _deadline_past() -> str:
    return _("The deadline has passed.")


@asserts(Asserts.NONE_STANDS)
def _no_pledge() -> str:
    return _("You have no pledge here.")


@asserts(Asserts.NOBODY, Asserts.STANDS)
def _nobody(kind: StepKind) -> str:
    return by_kind(
        kind,
        _("Your pledge was recorded, but nobody walks out."),
        _("Your pledge was recorded, but nobody takes part."),
    )


@asserts(Asserts.STANDS)
def _stands() -> str:
    return _("Your pledge stands.")


@asserts(Asserts.RECALLED)
def _recalled() -> str:
    return _(
        "This card was recalled: your pledge counts no more. Draw a new card from your steward. Nothing was recorded."
    )


@asserts(Asserts.NONE_STANDS)
def _none_here() -> str:
    return _("You have no pledge on this card, so there is nothing to take back.")


@asserts(Asserts.DOES_NOT)
def _not_walking_out(kind: StepKind) -> str:
    return by_kind(
        kind,
        _("Your workplace did not reach its number, so it does not walk out. Nothing was changed."),
        _("Your workplace did not reach its number, so it does not take part. Nothing was changed."),
    )


def _no_walkout(refused: errors.NoSuchWalkout) -> str:
    if refused.named is None:
        return _("No walkout fits. See them all: /walkouts")
    return _("There is no walkout {id}. See them all: /walkouts").format(id=refused.named)


def beyond_own_unit() -> str:
    """Say to a unit's own organizer that they may not do it."""
    return _(
        "As an organizer of one part you cannot do that, or not there. Organizers of the whole walkout can. "
        "See what you can do: /help"
    )


def _no_workplace(refused: errors.NoSuchUnit) -> str:
    if not refused.close:
        return _("There is no workplace called {name}. Check the spelling.").format(name=refused.named)
    said = _("There is no workplace called {name}. Do you mean:").format(name=refused.named)
    return f"{said}\n{_quoted(refused.close)}"


def _quoted(names: Iterable[str]) -> str:
    return "\n".join(f'"{name}"' for name in names)


def start_refusal(refused: Refused) -> str:
    """Say why the bot does not start."""
    match refused:
        case errors.StoreInUse(path=path):
            return _("{path} is in use by another AllOut. Stop that one first, or choose another --data.").format(
                path=path
            )
        case errors.StoreTooNew(path=path, found=found, known=known):
            return _(
                "{path} was written by a newer AllOut (schema {found}; this one knows {known}). Install the newer one."
            ).format(path=path, found=found, known=known)
        case errors.StoreUnusable(path=path, why=why):
            return _("{path} cannot be used: {why}. Nothing was changed.").format(path=path, why=why)
        case errors.KeyFileRefused(path=path, why=why):
            return _key_file(why).format(path=path)
        case errors.WorkFailed() | errors.LettersMissing() | errors.SandboxFull() | errors.OthersRun():
            return refusal(refused)[1]
    said = opening.refusal(refused) or closing.refusal(refused) or backups.refusal(refused) or moving.refusal(refused)
    return said or _("That cannot be done.")


def _key_file(why: str) -> str:
    return {
        "missing": _(
            "{path} is missing, and the database cannot be read without it. Put its copy back: allout keys import FILE"
        ),
        "foreign": _(
            "The key file does not belong to {path}, or was copied before its keys were changed. "
            "Put the right one back."
        ),
        "damaged": _("{path} is damaged. Put its copy back."),
        "outdated": _("{path} is an older copy: it lacks the key of a walkout. Put the newest copy back."),
        "exposed": _("{path} can be read by others on this machine. Run: chmod 600 {path}"),
        "sealed": _("{path} is sealed with a passphrase. Set ALLOUT_KEY_PASSPHRASE_FILE to the file that holds it."),
        "passphrase": _(
            "{path} is not opened by this passphrase. Check it; if it is the right one, the file is damaged: "
            "put its copy back."
        ),
        "no_passphrase": _("There is no passphrase in {path}. Put it there, on one line, or choose another file."),
        "changing": _(
            "The server's key is being changed in {path}. Stop every process that uses this store, and then start one."
        ),
        "busy": _("Another process has been changing {path} for too long. Try again, or end it if it was stopped."),
        "there": _("{path} is there already. Move it away first, if it is not the right one."),
        "orphaned": _("{path} belongs to a database that is not here. Put it back, or move the key file away."),
    }[why]
