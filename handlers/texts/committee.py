"""What organizers read about each other: proposals, roles, the audit."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.model import Entry, Stage, StepKind, Unit, Walkout
from bot.domain.roles import (
    SUSPENDED_FOR,
    SUSPENDS_AGAIN_AFTER,
    Became,
    Deed,
    Matter,
    Proposal,
    Role,
    Stopped,
)
from bot.guards.readiness import Gaps
from bot.secrets import card_codes
from bot.storage.store import RoleCard
from bot.usecases import proposals
from bot.usecases.audit import Line
from bot.usecases.proposals import Content, Progress
from bot.usecases.roles import Appointment, Served
from handlers.texts import committee_word, general
from handlers.texts.catalogue import Sentence, _, isolated, ngettext
from handlers.texts.kinds import by_kind
from handlers.texts.names import joined
from handlers.texts.organizers import gaps, opened
from handlers.texts.organizers_words import worded
from handlers.texts.times import before, number, span, when, when_utc


def matter(what: Matter, content: Content, walkout: str, place: str) -> str:
    """Say what exactly is proposed."""
    if what is Matter.WORD:
        return committee_word.proposed(content, walkout)
    cards_wanted = int(content.get("number", 0))
    said = {
        Matter.OPEN: _("Open {walkout} for pledges, without a citywide room")
        if proposals.ANYWAY.items() <= content.items()
        else _("Open {walkout} for pledges"),
        Matter.CALL_OFF: _("Call off {walkout}"),
        Matter.APPOINT: _("Make {nickname} an organizer of {place} · {walkout}")
        if place
        else _("Make {nickname} an organizer"),
        Matter.LEAVE: _("Take {place} out, so that it does not walk out · {walkout}"),
        Matter.REMOVE: _("Remove {nickname} as organizer"),
        Matter.MINT: ngettext(
            "Print {n} card for {place} · {walkout}", "Print {n} cards for {place} · {walkout}", cards_wanted
        )
        if place
        else ngettext(
            "Print {n} card that is missing · {walkout}",
            "Print all {n} cards that are missing · {walkout}",
            cards_wanted,
        ),
        Matter.VOID: _("Void the cards of {place}; who has pledged keeps theirs · {walkout}"),
        Matter.RECALL: _("Recall all cards of {place}, and end the pledges made on them · {walkout}"),
        Matter.ADOPT: _("Let this bot go on, and the other one with its token stop"),
    }[what]
    return said.format(walkout=walkout, place=place, nickname=content.get("nickname", ""), n=number(cards_wanted))


def named(walkout: Walkout | None) -> str:
    """Name a walkout to organizers, who tell several apart by their ids."""
    return "" if walkout is None else f"{isolated(worded(walkout.terms).title)} ({walkout.id})"


def _named(progress: Progress) -> str:
    place = "" if progress.place is None else str(progress.content.get("place", progress.place.name))
    return matter(progress.proposal.matter, progress.content, named(progress.walkout), place)


# -- what it does, before it is done ------------------------------------------------------------------------------


def does(what: Matter, walkout: Walkout | None, place: Unit | None, lacks: Gaps) -> list[str]:
    """Say what it does: the same to whoever proposes it and to whoever is asked."""
    if walkout is not None:
        match what:
            case Matter.OPEN:
                return [*_opening(walkout, lacks), *gaps(lacks)]
            case Matter.CALL_OFF:
                return _calling_off(walkout, lacks)
    if place is not None and (said := _does_to(place, what, walkout.terms.kind if walkout else StepKind.WALKOUT)):
        return [*said, *_to_votes(walkout, what)]
    return {
        Matter.APPOINT: [_("An organizer can do here whatever you can.")],
        Matter.REMOVE: removing(),
        Matter.ADOPT: [
            _("I count and announce again, and the other bot stops when it notices."),
            _("Be sure that I am the right one: the other one may know of pledges that I do not."),
        ],
    }.get(what, [])


def _opening(walkout: Walkout, lacks: Gaps) -> list[str]:
    terms = walkout.terms
    return [
        _("From then on nobody can change its terms, its times or its numbers."),
        _("Workers can pledge at once, {before}.").format(before=before(terms, named=True)),
        ngettext("{n} room hears it at once.", "{n} rooms hear it at once.", lacks.rooms).format(n=number(lacks.rooms))
        if lacks.rooms
        else _("No room hears it: none is bound."),
    ]


def _calling_off(walkout: Walkout, lacks: Gaps) -> list[str]:
    if walkout.stage is Stage.DRAFT:
        return [_("It is a draft, so nobody is told."), _("It cannot be opened any more; you would draft it anew.")]
    return [
        by_kind(
            walkout.terms.kind,
            _("Nobody walks out, and no pledge counts any more."),
            _("Nobody takes part, and no pledge counts any more."),
            _("The survey has no result, and nobody counts a vote."),
        ),
        ngettext(
            "{n} room hears at once that it is called off.",
            "{n} rooms hear at once that it is called off.",
            lacks.rooms,
        ).format(n=number(lacks.rooms))
        if lacks.rooms
        else _("No room hears it: none is bound. Tell people yourselves."),
        _("Whoever asked to be told hears it privately, and so do organizers and stewards."),
        _("It cannot be undone: nobody can open it again."),
    ]


def _to_votes(walkout: Walkout | None, what: Matter) -> list[str]:
    """Say what it does to the votes in a survey."""
    if what is not Matter.RECALL or walkout is None or not walkout.terms.questions:
        return []
    return [
        _("Votes bear no workplace: so every vote cast so far is deleted, everywhere. All rooms hear to vote anew.")
    ]


def _does_to(unit: Unit, what: Matter, kind: StepKind) -> list[str]:
    """Say what it does to a unit."""
    said = {
        Matter.VOID: [
            _("Cards that are not pledged yet stop working, for good. Who has pledged keeps card and pledge."),
            _("The rooms and stewards of {place} hear at once: who has not pledged draws a new card."),
            _("Then you print new cards. It can be done once a day."),
        ],
        Matter.RECALL: [
            _("All its cards stop working, for good, and every pledge made on them ends."),
            _("The rooms and stewards of {place} hear at once: everybody draws a new card."),
            _("It cannot be undone. Who wants to stay in must pledge again."),
        ],
        Matter.APPOINT: [
            _("They choose its rooms and its stewards, and can void its cards."),
            _("With one more organizer they can take {place} out before it is on."),
        ],
        Matter.LEAVE: [
            by_kind(
                kind,
                _("{place} does not walk out, and nothing that is part of it does, however many have pledged."),
                _("{place} does not take part, and nothing that is part of it does, however many have pledged."),
            ),
            _("It does not count as ready any more. No number is lowered, and every pledge stays."),
            _("Its rooms and stewards hear it at once, and so do all organizers."),
            _(
                "Two must agree, one of them at least an organizer of {place} or of an area that it is in; the other "
                "may be one of the whole walkout."
            ),
            _("It cannot be undone."),
        ],
    }
    return [each.format(place=unit.name) for each in said.get(what, [])]


def remove_title(nickname: str) -> str:
    """Name a removal, whatever the roles are."""
    return _("Take every role from {nickname}").format(nickname=nickname)


def removed_before() -> str:
    """Answer a second press."""
    return _("They have no role any more. See who serves: /roles")


def removing() -> list[str]:
    """Say what a removal does."""
    return [
        _("They lose every role, and I tell them so."),
        _("What they proposed lapses, and codes that they handed out do not work."),
        _("Only a new code makes them something again: /appoint"),
    ]


def suspending(nickname: str) -> str:
    """Say what a suspension does, before it does it."""
    return "\n".join(
        [
            _("Suspend {nickname}").format(nickname=nickname),
            "",
            _("• It stops that account and yours at once, for {time}.").format(time=span(SUSPENDED_FOR)),
            _("• You cannot end it yourself, and cannot do it again within {again}.").format(
                again=span(SUSPENDS_AGAIN_AFTER)
            ),
            f"• {_stops()}",
        ]
    )


def page(what: str, effects: Sequence[str], needed: int) -> str:
    """Say what something does and who decides it, before it is done."""
    decides = (
        ngettext(
            "It takes {n} organizer, so it is done as soon as you press.",
            "It takes {n} organizers, you among them. I ask the others.",
            needed,
        ).format(n=number(needed))
        if needed
        else _("It is done as soon as you press.")
    )
    return "\n\n".join([what, _listed(effects), decides])


def _listed(effects: Sequence[str]) -> str:
    return "\n".join(f"• {effect}" for effect in effects)


def changed_since() -> str:
    """Say why a button did nothing but show its page again."""
    return _("Something has changed since you were asked, so nothing is done yet. This is how it stands now.")


def do_it(what: Matter, *, anyway: bool = False) -> str:
    """Name the button that does it."""
    return {
        Matter.OPEN: _("Open all the same") if anyway else _("Open it"),
        Matter.CALL_OFF: _("Call it off"),
        Matter.VOID: _("Void them"),
        Matter.RECALL: _("Recall them"),
        Matter.REMOVE: _("Remove"),
        Matter.LEAVE: _("Take it out"),
        Matter.WORD: _("Say it"),
        Matter.ADOPT: _("Go on"),
    }[what]


def suspend_label() -> str:
    """Name a button."""
    return _("Suspend")


def show_terms() -> str:
    """Name a button."""
    return _("What workers read")


def terms_of(workplace: str) -> str:
    """Stand above what workers will read."""
    return _("This is what a worker of {workplace} reads before pledging. Elsewhere the numbers differ.").format(
        workplace=workplace
    )


# -- what became of it --------------------------------------------------------------------------------------------


def proposal(progress: Progress) -> str:
    """Say how far a proposal has come."""
    what = _named(progress)
    match progress.proposal.became:
        case Became.REFUSED:
            return _("{what}: refused. Nothing changed.").format(what=what)
        case Became.GRANTED:
            return _("{what}: approved. Whoever proposed it can fetch them now.").format(what=what)
        case Became.DONE:
            return _done(progress, what)
    needs = ngettext(
        "{n} more organizer must approve it by {until}; I have asked them.",
        "{n} more organizers must approve it by {until}; I have asked them.",
        progress.missing,
    ).format(n=number(progress.missing), until=until(progress.proposal, progress.walkout))
    return _("{what}: proposed. {needs}").format(what=what, needs=needs)


def _done(progress: Progress, what: str) -> str:
    walkout = progress.walkout
    match progress.proposal.matter:
        case Matter.OPEN | Matter.CALL_OFF if walkout is not None:
            return now(walkout)
        case Matter.APPOINT:
            return _("{what}: approved. Their code works now.").format(what=what)
        case Matter.VOID | Matter.RECALL if progress.place is not None:
            return _('{what}: done. Its rooms hear it now; print anew: /cards "{place}"').format(
                what=what, place=progress.place.name
            )
    return _("{what}: done.").format(what=what)


def now(walkout: Walkout) -> str:
    """Say what a walkout has become by what was decided."""
    if walkout.stage is not Stage.CALLED_OFF:
        return opened(walkout)
    if walkout.opened is None:
        return _("{walkout} is called off. It was a draft, so nobody is told.").format(walkout=named(walkout))
    return _("{walkout} is called off. Every room hears it now.").format(walkout=named(walkout))


def until(open_one: Proposal, walkout: Walkout | None) -> str:
    """Say when a proposal lapses. What belongs to no walkout has no place whose time could be meant."""
    return when(open_one.until, walkout.terms) if walkout else when_utc(open_one.until)


def asked(what: str, effects: Sequence[str], proposer: str, lapses: str) -> str:
    """Ask an organizer for their approval."""
    said = _("{proposer} proposes:\n{what}").format(proposer=proposer, what=what)
    asks = _("Do you approve? It lapses on {until}.").format(until=lapses)
    return "\n\n".join(filter(None, [said, _listed(effects), asks]))


def decided(what: str, became: Became) -> str:
    """Tell organizers what became of a proposal."""
    if became is Became.REFUSED:
        return _("Refused: {what}. Nothing changed.").format(what=what)
    return _("Approved: {what}.").format(what=what)


def approve() -> str:
    """Name a button."""
    return _("Approve")


def refuse() -> str:
    """Name a button."""
    return _("Refuse")


def fetch_cards() -> str:
    """Name a button."""
    return _("Print the cards")


def it_is_them() -> str:
    """Name a button."""
    return _("Yes, it is them")


def turn_away() -> str:
    """Name a button."""
    return _("No, turn them away")


def older() -> str:
    """Name a button."""
    return _("Older")


# -- roles ----------------------------------------------------------------------------------------------------


def role(of: Role) -> str:
    """Name a role."""
    return _("steward") if of is Role.STEWARD else _("organizer")


def appointed(made: Appointment, telegram: str | None, discord: str | None) -> str:
    """Show a role card's code, once; where the bot can be reached by a link, as one, so that nobody types it."""
    said = [
        _("For {nickname}, as {role}{place}. Hand over this code; it works once, within {time}:").format(
            nickname=made.nickname,
            role=role(made.role),
            place=_behind(made.place.name if made.place else ""),
            time=span(proposals.LASTS),
        ),
        card_codes.pretty(made.code),
        *(
            [_("On Telegram this link does it: {link}").format(link=f"{telegram}?start={made.code}")]
            if telegram
            else []
        ),
        *([_("On Discord: /start, then the code.")] if discord else []),
        _("They send it to me. I show you both the same word and ask you whether it is them; only then does it act."),
    ]
    if made.progress is not None and made.progress.missing:
        said.append(proposal(made.progress))
    return "\n\n".join(said)


def appoint_usage() -> str:
    """Say how somebody is appointed."""
    return "\n".join(
        [
            _('Send /appoint steward "Workplace" Nickname, or /appoint organizer Nickname.'),
            _('To let a workplace or an area have organizers of its own: /appoint organizer "Workplace" Nickname.'),
        ]
    )


def leave_usage() -> str:
    """Say how a unit leaves."""
    return _("Send /leave and the workplace, or the area. I say first what it does, and ask.")


def wait_for_confirmation(word: str) -> str:
    """Tell somebody who used a role card what comes next."""
    return _(
        "Good. Whoever gave you this code is asked now whether it is you; I tell you when they have confirmed. "
        "The word that both of you see: {word}"
    ).format(word=word)


def _behind(place: str) -> str:
    return Sentence(f", {isolated(place)}" if place else "")


def used(card: RoleCard, nickname: str, place: str) -> str:
    """Ask the appointer whether it was the right person."""
    return _(
        "Somebody has used the code for {nickname} ({role}{place}). Is it them? Ask them which word they see; "
        "it must be: {word}"
    ).format(nickname=nickname, role=role(card.role), place=_behind(place), word=card.word)


def given(of: Role, walkout: Walkout | None, place: str) -> str:
    """Welcome somebody whose role acts now, and say what it means."""
    if of is Role.ORGANIZER or walkout is None:
        return _("You are an organizer now. What comes next: /help")
    if of is Role.UNIT_ORGANIZER:
        return "\n\n".join(
            [
                _("You are an organizer of {place} now · {walkout}").format(
                    place=place, walkout=worded(walkout.terms).title
                ),
                _listed(
                    [
                        _("Choose its rooms: /room"),
                        _("Appoint its stewards: /appoint"),
                        _("Void its cards, if a sheet is lost: /cards"),
                        _("Take it out before it is on: /leave. That takes one more organizer."),
                    ]
                ),
            ]
        )
    by_card = walkout.terms.entry is Entry.CARDS
    does = (
        _("Let everybody draw a folded card, and keep no list. Say how many were drawn: /drawn")
        if by_card
        else _("Tell people how to write to me: they pledge without a card, with /pledge.")
    )
    answers = [
        by_kind(
            walkout.terms.kind,
            _("Who has pledged? Nobody can see that, not even the organizers."),
            survey=_("Who takes part? Nobody can see that, not even the organizers."),
        ),
        by_kind(
            walkout.terms.kind,
            _("Do we walk out? Only if enough of us pledge, here and across the city."),
            _("Do we take part? Only if enough of us pledge, here and across the city."),
            _("What follows from it? Nobody leaves work for it. What came of it is said when it is over."),
        ),
        _("What do I do with my card? Keep it, and show nobody its code.")
        if by_card
        else _("Can I take it back? Yes, until the deadline: /withdraw"),
    ]
    return "\n\n".join(
        [
            _("You are steward of {place} now · {walkout}").format(place=place, walkout=worded(walkout.terms).title),
            does,
            _("If somebody asks you:") + "\n" + _listed(answers),
            _("How far your workplace is: /board"),
        ]
    )


def taken(of: Role, place: str) -> str:
    """Tell somebody that they have a role no more."""
    if of is Role.STEWARD:
        return _("You are not steward of {place} any more. A pledge of yours stays as it is.").format(place=place)
    if of is Role.UNIT_ORGANIZER:
        return _("You are no organizer of {place} any more. A pledge of yours stays as it is.").format(place=place)
    return _("You are no organizer any more. A pledge of yours stays as it is.")


def board_label() -> str:
    """Name a button."""
    return _("Board")


def next_label() -> str:
    """Name a button."""
    return _("What comes next")


def confirmed(nickname: str) -> str:
    """Answer the appointer."""
    return _("{nickname} is confirmed. Undo: /remove {nickname}").format(nickname=nickname)


def turned_away(nickname: str) -> str:
    """Answer the appointer."""
    return _("Turned away; the code for {nickname} is dead. Appoint them again: /appoint").format(nickname=nickname)


def settled_before() -> str:
    """Answer a second press."""
    return _("That code was settled before, or it is too old. See who serves: /roles")


def roles(found: Sequence[Served], running: Sequence[Stopped]) -> str:
    """List everybody with a role, and who is suspended."""
    organizers = joined([_reached(each) for each in found if each.role is Role.ORGANIZER])
    lines = [_("Organizers: {names}").format(names=organizers)]
    lines += [suspension(each) for each in running]
    title = None
    for each in found:
        if each.walkout is None or each.place is None:
            continue
        if worded(each.walkout.terms).title != title:
            title = worded(each.walkout.terms).title
            lines.append("\n" + _("Stewards · {title}").format(title=title))
        said = _("{place}: {nickname}") if each.role is Role.STEWARD else _("{place}: {nickname}, its organizer")
        lines.append(said.format(place=each.place.name, nickname=_reached(each)))
    lines.append("\n" + _("To appoint somebody: /appoint"))
    lines.append(_("Is an organizer's account in the wrong hands? Stop it at once: /suspend"))
    return "\n".join(lines)


def _reached(each: Served) -> str:
    return f"{isolated(each.nickname)} ({general.platform(each.way, each.bot)})" if each.bot else each.nickname


def remove_usage() -> str:
    """Say how somebody is removed."""
    return _("Send /remove and the nickname, as /roles shows it.")


def removed(nickname: str) -> str:
    """Confirm a removal."""
    return _("{nickname} has no role any more; it acts at once.").format(nickname=nickname)


def suspend_usage() -> str:
    """Say how an organizer is suspended."""
    return _(
        "Is an organizer's account in the wrong hands? Send /suspend and the nickname, as /roles shows it. "
        "It stops that account and yours for {time}; you can do it once in {again}."
    ).format(time=span(SUSPENDED_FOR), again=span(SUSPENDS_AGAIN_AFTER))


def suspension(running: Stopped) -> str:
    """Say who is suspended."""
    return _("{suspended} is suspended until {until}, by {suspender}.").format(
        suspended=running.suspended, suspender=running.suspender, until=when_utc(running.until)
    )


def _stops() -> str:
    return _(
        "Until then neither of the two can do anything here as an organizer but call a walkout off: /calloff. "
        "Nothing is opened, printed or voided, and nobody else is appointed or removed."
    )


def suspended(done: Stopped, *, others_decide: bool) -> str:
    """Confirm a suspension, and say what comes next."""
    if others_decide:
        then = _(
            "The other organizers are told. They find out which of the two accounts is in the wrong hands, and decide."
        )
    elif done.others:
        then = _(
            "The other organizers are told, but they are too few to decide alone. "
            "Ask for the removal yourself: /remove {nickname}"
        ).format(nickname=done.suspended)
    else:
        then = _("There is nobody else to decide. Tell whoever runs the server: allout suspensions")
    return "\n\n".join([suspension(done), _stops(), then])


def told_suspended(running: Stopped | None) -> str:
    """Tell organizers whom it does not stop, and what they can do now."""
    if running is None:  # the letter was long on its way
        return _("Somebody was suspended, and it is over. See who serves: /roles")
    return "\n\n".join(
        [
            suspension(running),
            _stops(),
            _(
                "Meet them, and find out which of the two accounts is in the wrong hands; do not ask here. Then send "
                "/remove {suspended} or /remove {suspender}. If neither is, it ends by itself; whoever runs the "
                "server can end it at once: allout suspensions"
            ).format(suspended=running.suspended, suspender=running.suspender),
        ]
    )


def suspension_ended(*, removed: bool) -> str:
    """Tell organizers what whoever runs the server has done."""
    if removed:
        return _(
            "Whoever runs the server has settled a suspension: one of the two is no organizer any more. See /roles"
        )
    return _("Whoever runs the server has ended a suspension. Everything goes on as before.")


def keepers_list(running: Sequence[Stopped]) -> str:
    """Tell whoever runs the server who is suspended, and what they can do."""
    if not running:
        return _("Nobody is suspended.")
    lines = [suspension(each) for each in running]
    lines.append(
        _(
            "Only decide after you have met both. End it: allout suspensions --end NICKNAME. Remove the one whose "
            "account is in the wrong hands: allout suspensions --remove NICKNAME. Otherwise it ends by itself."
        )
    )
    return "\n".join(lines)


def keeper_ended(nickname: str) -> str:
    """Answer whoever runs the server."""
    return _("Ended: {nickname} and the other one can go on. Every organizer is told.").format(nickname=nickname)


def keeper_removed(nickname: str) -> str:
    """Answer whoever runs the server."""
    return _(
        "{nickname} is no organizer any more, and every other one is told. To make a new one: allout organizer-code"
    ).format(nickname=nickname)


def keeper_knows_nobody(nickname: str) -> str:
    """Answer whoever runs the server."""
    return _("Nobody called {nickname} is stopped by a suspension. See who is: allout suspensions").format(
        nickname=nickname
    )


def keeper_keeps_the_last(nickname: str) -> str:
    """Refuse whoever runs the server."""
    return _(
        "{nickname} is the last organizer: without one nobody could do anything. To make another first: allout "
        "organizer-code. Nothing was changed."
    ).format(nickname=nickname)


def server_code_used() -> str:
    """Warn the organizers."""
    return _(
        "The server's own code has just made somebody an organizer. See who: /roles. If none of you did that, whoever "
        "runs the server did."
    )


def first_nickname() -> str:
    """Name whoever became organizer by the server's code."""
    return _("organizer")


# -- the audit ----------------------------------------------------------------------------------------------------


def deeds(lines: Sequence[Line]) -> str:
    """List what was done, newest first."""
    if not lines:
        return _("Nothing has been done yet.")
    return "\n".join(map(_deed, lines))


def _deed(line: Line) -> str:
    who, name = line.nickname or _("the server"), str(line.detail.get("name", ""))
    if line.deed is Deed.BOUND and not name:
        name = _("citywide")
    what = ""
    if "matter" in line.detail:
        what = matter(Matter(line.detail["matter"]), line.detail, line.walkout or "", str(line.detail.get("place", "")))
    said = {
        Deed.PROPOSED: _("{who} proposed: {what}"),
        Deed.APPROVED: _("{who} approved: {what}"),
        Deed.REFUSED: _("{who} refused: {what}"),
        Deed.DONE: _("{who} settled it: {what}"),
        Deed.APPOINTED: _("{who} made a code for {name}"),
        Deed.CONFIRMED: _("{who} confirmed {name}"),
        Deed.TURNED_AWAY: _("{who} turned {name} away"),
        Deed.REMOVED: _("{who} removed {name}"),
        Deed.RESIGNED: _("{who} resigned"),
        Deed.SERVER_CODE: _("{who} became an organizer by the server's code"),
        Deed.BOUND: _("{who} bound a room: {name}"),
        Deed.LET_GO: _("{who} let a room go"),
        Deed.TESTED: _("{who} had every room hear a test"),
        Deed.DRAWN: _("{who} counted the cards drawn: {name}"),
        Deed.TOOK_PART: _("{who} counted who takes part: {name}"),
        Deed.PRINTED: _("{who} did it: {what}"),
        Deed.SUSPENDED: _("{who} suspended {name}"),
        Deed.SUSPENSION_ENDED: _("{who} ended the suspension of {name}"),
    }[line.deed].format(who=who, name=name or _("citywide"), what=what)
    where = _("{id}, after tally {n}").format(id=line.walkout, n=number(line.tally)) if line.walkout else ""
    return f"{said} · {where}" if where else said
