"""What a worker reads before, while and after pledging."""

from __future__ import annotations

from bot.domain.disclosure import shown
from bot.domain.model import CardState, Counts, Entry, Stage, Terms, Walkout, Workplace
from bot.domain.rules import was_missed
from bot.usecases.workers import Seen
from handlers.texts.board import as_of, next_tally, workplace_line
from handlers.texts.catalogue import _, ngettext
from handlers.texts.own import meeting_point, worded
from handlers.texts.times import number, when


def welcome(open_walkouts: list[Walkout], *, typed: bool) -> str:
    """Greet somebody who came without a card."""
    lines = [
        _(
            "AllOut: one out, all out. You pledge, in confidence, to join a walkout that happens only if "
            "enough others pledge too."
        )
    ]
    if open_walkouts:
        lines += [_("Open now: {title}. Send /pledge.").format(title=worded(w.terms).title) for w in open_walkouts]
    else:
        lines.append(
            _("Have a card? Send me its 20 letters and digits.")
            if typed
            else _("Have a card? Enter its 20 letters and digits with the button below.")
        )
    lines.append(_("What I keep and what I do not: /privacy"))
    return "\n\n".join(lines)


def terms(seen: Seen, can_see: str) -> str:
    """Say everything a worker needs to know before pledging."""
    walkout, place = seen.walkout, seen.workplace
    return "\n\n".join(
        part
        for part in (
            headline(walkout.terms),
            demands(walkout.terms),
            _("Walkout: {starts}\nPledge before: {pledge_by}").format(
                starts=when(walkout.terms.starts, walkout.terms.starts),
                pledge_by=when(walkout.terms.pledge_by, walkout.terms.pledge_by),
            ),
            _numbers(walkout, place),
            confirmation(walkout),
            _keep(walkout.terms),
            _stored(walkout.terms),
            _asked(walkout.terms),
            can_see,
            _alone(walkout.terms),
            worded(walkout.terms).legal_notice,
        )
        if part
    )


def headline(terms: Terms) -> str:
    """Name the walkout."""
    title = worded(terms).title
    return f"{title} · {terms.city}" if terms.city else title


def demands(terms: Terms) -> str:
    """List what the walkout is for."""
    wanted = worded(terms).demands
    return "\n".join([_("We want:"), *(f"• {demand}" for demand in wanted)]) if wanted else ""


def _numbers(walkout: Walkout, place: Workplace) -> str:
    if walkout.stage is Stage.ON:
        return _(
            "It is on. {workplace} goes out as well once {threshold} of its {headcount} people have pledged."
        ).format(workplace=place.name, threshold=number(place.threshold), headcount=number(place.headcount))
    least = walkout.terms.minimum_workplaces
    where = (
        ngettext(
            "across the city, at {n} workplace or more", "across the city, at {n} workplaces or more", least
        ).format(n=number(least))
        if least > 1
        else _("across the city")
    )
    only_ready = (
        _(" (counting only workplaces that reach their own number)")
        if walkout.terms.citywide_counts is Counts.READY
        else ""
    )
    return _(
        "You would pledge for {workplace}. It goes out only if\n"
        "• {threshold} of its {headcount} people pledge, and\n"
        "• {citywide} people pledge {where}{only_ready}.\n"
        "Until then nobody walks out. The board shows rounded counts, and at which tally your workplace has reached "
        "its number."
    ).format(
        workplace=place.name,
        threshold=number(place.threshold),
        headcount=number(place.headcount),
        citywide=number(walkout.terms.citywide_threshold),
        where=where,
        only_ready=only_ready,
    )


def confirmation(walkout: Walkout) -> str:
    """Say how often the numbers must be reached, while that may yet decide."""
    wanted = walkout.terms.confirm_tallies
    if wanted == 1 or walkout.stage not in {Stage.DRAFT, Stage.OPEN}:
        return ""
    if wanted is None:
        return _(
            "Both must hold at two counts in a row. At the last count before the deadline, or at the deadline, "
            "once is enough."
        )
    return _("Both must hold at {n} counts in a row. At the deadline once is enough.").format(n=number(wanted))


def _keep(terms: Terms) -> str:
    if terms.entry is Entry.OPEN:
        return _("You can take it back here until the deadline, from this same account: /withdraw")
    return _("Keep this message or your card: without both, nobody can take the pledge back, not even the organizers.")


def _stored(terms: Terms) -> str:
    if terms.entry is Entry.OPEN:
        return _(
            "Kept: that an account pledged, as a fingerprint. No name, no message, no time. This walkout has no "
            "cards, which is weaker: accounts are not checked, and whoever seizes both our database and our "
            "key file can test whether an account pledged. If you ask to be told when it is on, your account is kept "
            "as well, encrypted."
        )
    return _(
        "Kept: that this card is pledged, and a fingerprint that cannot be tied to you without your card's code. "
        "No name, no account, no message, no time, unless you ask to be told when it is on."
    )


def _asked(terms: Terms) -> str:
    if not terms.turnout:
        return ""
    return _(
        "On the day itself, for 24 hours from the start, this card has a button “I'm out”. Pressing it is up to you. "
        "Kept then: that this card is out; no name, no account, no time. Shown: rounded numbers, like those of pledges."
    )


def _alone(terms: Terms) -> str:
    if terms.approvals > 1:
        return ""
    return _("One organizer alone can open this walkout and call it off.")


def console_can_see() -> str:
    """Say who sees that somebody talks to the bot on the console."""
    return _("Whoever sits at this console sees that you write to this bot.")


def pledged(seen: Seen) -> str:
    """Confirm a pledge; said only after the commit."""
    return _(
        "Recorded. {workplace}: your pledge stands.\n\n{next}\n\n"
        "Nothing happens before the numbers are reached. Tell no one how you pledged."
    ).format(workplace=seen.workplace.name, next=next_tally(seen.walkout))


def already_pledged(seen: Seen) -> str:
    """Answer a second press."""
    return _("You had already pledged; it counts once. {next}").format(next=next_tally(seen.walkout))


def withdrawn(seen: Seen) -> str:
    """Confirm that a pledge is taken back."""
    first = _("Taken back. Your pledge no longer counts.") if seen.changed else _("It was already taken back.")
    return _("{first} You can pledge again until {pledge_by}.").format(
        first=first, pledge_by=when(seen.walkout.terms.pledge_by, seen.walkout.terms.pledge_by)
    )


def out(seen: Seen) -> str:
    """Confirm on the day that somebody is out."""
    first = _("Noted: you are out.") if seen.changed else _("You had already said that you are out; it counts once.")
    return f"{first} {next_tally(seen.walkout)}".strip()


def not_out(seen: Seen) -> str:
    """Confirm that somebody is not out after all."""
    if not seen.changed:
        return _("You have not said that you are out. Your pledge stands.")
    return _("Taken back: you are not counted as out. Your pledge stands.")


def not_now() -> str:
    """Answer somebody who does not pledge."""
    return _("Nothing is recorded. If you change your mind, send your card again.")


def status(seen: Seen) -> str:
    """Show a worker their own pledge, their workplace's line of the board, and what comes next."""
    walkout, place = seen.walkout, seen.workplace
    own = {
        CardState.PLEDGED: _("Your pledge stands."),
        CardState.OUT: _("Your pledge stands, and you have said that you are out."),
        CardState.RECALLED: _("Your card was recalled: your pledge counts no more. Draw a new card from your steward."),
    }.get(seen.mine or CardState.MINTED, _("You have taken your pledge back."))
    parts = [headline(walkout.terms), own, workplace_line(shown(place, walkout)), as_of(walkout)]
    if walkout.stage is Stage.ON:
        parts.append(_("It is on: {starts}.").format(starts=when(walkout.terms.starts, walkout.terms.starts)))
        if place.out:
            parts += [_("Your workplace goes out."), meeting_point(place), worded(walkout.terms).on_the_day]
        else:
            parts.append(_("Your workplace has not reached its number yet."))
    elif walkout.stage is Stage.LAPSED:
        parts.append(
            _("Not now: I was not running when the pledges were to be counted. Nobody walks out.")
            if was_missed(walkout)
            else _("Not now: the numbers were not reached. Nobody walks out.")
        )
    elif walkout.stage is Stage.CALLED_OFF:
        parts.append(_("The organizers have called it off. Nobody walks out."))
    if walkout.next_tally is not None:
        parts.append(next_tally(walkout))
    return "\n".join(part for part in parts if part)


def choose_workplace(walkout: Walkout, names: list[str], more: int, *, typed: bool) -> str:
    """Ask for the workplace, where there are no cards."""
    if not typed:
        asked = _("Where do you work? Choose /pledge again and pick your workplace there.")
        return f"{headline(walkout.terms)}\n{asked}"
    lines = [headline(walkout.terms), _("Where do you work? Send /pledge and its name, like")]
    lines += [f'/pledge "{name}"' for name in names]
    if more:
        lines.append(ngettext("and {n} more", "and {n} more", more).format(n=number(more)))
    return "\n".join(lines)


def not_pledged_yet() -> str:
    """Answer somebody without a pledge, where there are no cards."""
    return _("You have not pledged. To do so, send /pledge")


def needs_card(*, typed: bool) -> str:
    """Answer /pledge where pledging needs a card."""
    if typed:
        return _("To pledge you need a card from your steward. Send me its 20 letters and digits.")
    return _("To pledge you need a card from your steward. Enter its 20 letters and digits with the button below.")


def point_to_card(command: str, *, typed: bool) -> str:
    """Answer a command that came without the code it needs."""
    if not typed:
        return _(
            "I do not know which card is yours; nothing here ties it to you. Press the button on your card's "
            "message, or enter your card again with the button below."
        )
    return _(
        "I do not know which card is yours; nothing here ties it to you. Press the button on your card's "
        "message, or send /{command} and the card's code."
    ).format(command=command)


def privacy() -> str:
    """Say what is kept."""
    return "\n\n".join(
        (
            _(
                "What I keep: for each card its workplace, and whether it is pledged. Which card that is, and whose, "
                "nobody can tell without both the card's code and the server's key file."
            ),
            _(
                "On the day, where the terms said so before you pledged: that a card's holder is out, if they say so. "
                "Nothing else, and no time."
            ),
            _("What I do not keep: names, accounts, messages, phone numbers, or when anybody pledged."),
            _(
                "Only if you press “Tell me when it's on”: your address on this chat service, your language and "
                "your workplace, encrypted, with nothing that leads to your card. Whoever seizes both the database and "
                "the key file can read them. They are deleted when you press “Do not tell me”, when you take your "
                "pledge back, and when the walkout is closed."
            ),
            _(
                "What anybody is shown: rounded counts, renewed at each tally only, never closer than five "
                "people. That a workplace has reached its number is shown at the tally at which it does, and stays for "
                "a while if people take it back. At the deadline it is said exactly. Who pledged is shown to nobody."
            ),
            _(
                "What others can work out: somebody with up to four cards of their own at your workplace can "
                "tell how many stand when it first reaches its number, and hardly ever later. With five cards or "
                "more they can tell it more often. They cannot tell who."
            ),
            _(
                "What I cannot hide: the chat service sees that you write to this bot, and whoever holds your "
                "phone can read this chat. “Clear this chat” under your card deletes what it can of it; keep your card."
            ),
            _("Seven days after the walkout, or two after it is off, cards, addresses and keys are destroyed."),
        )
    )
