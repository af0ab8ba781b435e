"""What an organizer reads."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import words
from bot.domain.disclosure import FEWEST_LINES, fewer_than
from bot.domain.model import Walkout, Workplace
from bot.draft import Draft
from bot.gaps import Gaps
from handlers.texts.board import stage
from handlers.texts.catalogue import _, ngettext
from handlers.texts.keys import keep_a_copy
from handlers.texts.own import untranslated, worded
from handlers.texts.times import number, span, when
from handlers.texts.workers import confirmation, headline

NAMED_AT_MOST = 10
"""Workplaces named in one list; a phone shows no more."""


def walkouts(found: Sequence[Walkout]) -> str:
    """List the walkouts."""
    if not found:
        return _("There is no walkout yet. Draft one on the server: allout draft walkout.toml")
    return "\n".join(
        _("{id} · {title} · {stage} · {starts}").format(
            id=walkout.id,
            title=worded(walkout.terms).title,
            stage=stage(walkout.stage),
            starts=when(walkout.terms.starts, walkout.terms.starts),
        )
        for walkout in found
    )


def opened(walkout: Walkout) -> str:
    """Confirm an opening."""
    said = _("{title} ({id}) is open for pledges until {pledge_by}.").format(
        title=worded(walkout.terms).title,
        id=walkout.id,
        pledge_by=when(walkout.terms.pledge_by, walkout.terms.pledge_by),
    )
    if walkout.next_tally is None:
        return said
    first = when(walkout.next_tally, walkout.terms.pledge_by)
    return _("{said} First tally: {first}.").format(said=said, first=first)


def gaps(lacks: Gaps, walkout: str) -> list[str]:
    """Say what a walkout still lacks before it is opened."""
    said = []
    if lacks.without_cards:
        said.append(
            _("No cards yet: {places}. Print them: /cards, or all at once on the server: {command}").format(
                places=_named(lacks.without_cards), command=f"allout cards {walkout} --all --format pdf --out cards.pdf"
            )
        )
    if lacks.without_steward:
        said.append(_("No steward: {places}. Appoint one: /appoint").format(places=_named(lacks.without_steward)))
    if not lacks.citywide_room:
        said.append(_("No citywide room: nobody would hear that it is on. Bind one: /room"))
    if lacks.without_room:
        said.append(_("No room of their own: {places}.").format(places=_named(lacks.without_room)))
    return said + untranslated(lacks.untranslated)


def _named(places: Sequence[Workplace]) -> str:
    return enumerated([place.name for place in places[:NAMED_AT_MOST]], len(places) - NAMED_AT_MOST)


def enumerated(named: Sequence[str], more: int) -> str:
    """Write these names in a row, and how many more there are."""
    names = ", ".join(named)
    if more <= 0:
        return names
    return ngettext("{names} and {n} more", "{names} and {n} more", more).format(names=names, n=number(more))


def organizer_made() -> str:
    """Greet a new organizer."""
    return _("You are an organizer now. See what you can do: /help")


def organizer_code_bad() -> str:
    """Refuse a code."""
    return _("This code is not good any more. Ask for another on the server: allout organizer-code")


def organizer_usage() -> str:
    """Say how one becomes an organizer."""
    return _("Send /organizer and the code that the server printed.")


def organizer_code(code: str) -> str:
    """Hand a code over."""
    return _("Whoever sends this to the bot within an hour is an organizer. It works once:\n/organizer {code}").format(
        code=code
    )


def upload_usage() -> str:
    """Say which files make a draft."""
    return _("To draft a walkout, send its .toml file, 100 kB at most, and its .csv file of workplaces, 5 MB at most.")


def other_half(missing: str) -> str:
    """Ask for the second file."""
    return _("Got it. Now send the {kind} file, within ten minutes.").format(kind=missing)


def _two_accounts() -> str:
    return _("Approvals are counted by account: an organizer who has a second account as organizer has two of them.")


def _board(plan: Draft) -> list[str]:
    """Say what the board of this walkout will not show."""
    silent = sum(fewer_than(unit.threshold) == unit.threshold for unit in plan.units)
    lines = [
        _(
            "“Has reached” on the board may stand for a while after people took their pledge back. "
            "What is decided goes by exact counts."
        )
    ]
    if silent:
        lines.append(
            ngettext(
                "The board shows no number for {n} workplace before it has reached its own: it is too small.",
                "The board shows no number for {n} workplaces before they have reached their own: they are too small.",
                silent,
            ).format(n=number(silent))
        )
    if len(plan.units) < FEWEST_LINES:
        lines.append(
            _(
                "With fewer than {n} workplaces only organizers see a number for the city; milestones are not told."
            ).format(n=number(FEWEST_LINES))
        )
    return lines


def drafted(walkout: Walkout, plan: Draft) -> str:
    """Preview a stored draft, and say what comes next."""
    terms = walkout.terms
    lines = [
        _("Drafted: {headline}").format(headline=headline(terms)),
        _("Starts {starts}; pledge before {pledge_by}; tallies {every} apart.").format(
            starts=when(terms.starts, terms.starts),
            pledge_by=when(terms.pledge_by, terms.pledge_by),
            every=span(terms.tally_every),
        ),
        ngettext("{n} workplace, {people} people.", "{n} workplaces, {people} people.", len(plan.units)).format(
            n=number(len(plan.units)), people=number(sum(unit.headcount for unit in plan.units))
        ),
        ngettext(
            "On at {citywide} pledges citywide, with {n} workplace ready or more.",
            "On at {citywide} pledges citywide, with {n} workplaces ready or more.",
            terms.minimum_workplaces,
        ).format(citywide=number(terms.citywide_threshold), n=number(terms.minimum_workplaces)),
        *filter(None, [confirmation(walkout)]),
    ]
    merged = [(unit, rows) for unit, rows in plan.merged.items() if rows > 1]
    lines += [
        ngettext("{unit} stands for {n} workplace.", "{unit} stands for {n} workplaces.", rows).format(
            unit=unit, n=number(rows)
        )
        for unit, rows in merged[:NAMED_AT_MOST]
    ]
    more = len(merged) - NAMED_AT_MOST
    if more > 0:
        lines.append(
            ngettext("{n} more unit stands for several.", "{n} more units stand for several.", more).format(
                n=number(more)
            )
        )
    lines += [
        *untranslated(words.missing(terms, plan.units)),
        *_board(plan),
        ngettext(
            "It opens once {n} organizer says so: /open {id}.",
            "It opens once {n} organizers agree: /open {id}.",
            terms.approvals,
        ).format(n=terms.approvals, id=walkout.id),
        *([_two_accounts()] if terms.approvals > 1 else []),
        keep_a_copy(),
    ]
    return "\n".join(lines)
