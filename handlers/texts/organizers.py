"""What an organizer reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain import words, zones
from bot.domain.disclosure import FEWEST_LINES, fewer_than
from bot.domain.doubts import Doubted
from bot.domain.model import ROOT, StepKind, Terms, Tier, Unit, Walkout, WalkoutId
from bot.draft import Draft
from bot.guards.readiness import Gaps
from bot.usecases.steps import Compared
from handlers.texts import lists, steps
from handlers.texts.board import stage
from handlers.texts.catalogue import _, isolated, ngettext
from handlers.texts.doubts import doubts
from handlers.texts.keys import keep_a_copy
from handlers.texts.names import NAMED_AT_MOST, joined, named
from handlers.texts.organizers_words import untranslated, worded
from handlers.texts.times import ahead, before, deadline, end, number, span, there, when
from handlers.texts.workers import confirmation, headline


def walkouts(found: Sequence[Walkout]) -> str:
    """List the walkouts; a campaign's steps under its name."""
    if not found:
        return _("There is no walkout yet. How one is drafted: /help")
    campaigns: dict[WalkoutId, list[Walkout]] = {}
    for walkout in found:
        if walkout.in_campaign:
            campaigns.setdefault(walkout.register, []).append(walkout)
    blocks = [[_listed(walkout) for walkout in found if not walkout.in_campaign]]
    blocks += [[f"{isolated(worded(steps[-1].terms).campaign)}:", *map(_listed, steps)] for steps in campaigns.values()]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _listed(walkout: Walkout) -> str:
    return _("{id} · {title} · {stage} · {starts}").format(
        id=walkout.id,
        title=worded(walkout.terms).title,
        stage=stage(walkout.stage),
        starts=when(walkout.terms.starts, walkout.terms),
    )


def opened(walkout: Walkout) -> str:
    """Confirm an opening."""
    said = _("{title} ({id}) is open for pledges until {pledge_by}.").format(
        title=worded(walkout.terms).title,
        id=walkout.id,
        pledge_by=deadline(walkout.terms, named=True),
    )
    if walkout.next_tally is None:
        return said
    first = when(walkout.next_tally, walkout.terms)
    return _("{said} First tally: {first}.").format(said=said, first=first)


def gaps(lacks: Gaps) -> list[str]:
    """Say what a walkout still lacks before it is opened."""
    said = []
    if lacks.more_organizers:
        said.append(
            ngettext(
                "{n} more organizer is needed to open it. Appoint one: /appoint organizer NICKNAME",
                "{n} more organizers are needed to open it. Appoint them: /appoint organizer NICKNAME",
                lacks.more_organizers,
            ).format(n=number(lacks.more_organizers))
        )
    if lacks.not_opened:
        said.append(steps.not_opened(_named(lacks.not_opened)))
    if lacks.without_cards:
        said.append(_("No cards yet: {places}. Print them: /cards").format(places=_named(lacks.without_cards)))
    if lacks.without_steward:
        said.append(_("No steward: {places}. Appoint one: /appoint").format(places=_named(lacks.without_steward)))
    if not lacks.citywide_room:
        said.append(_("No citywide room: nobody would hear that it is on. Bind one: /room"))
    if lacks.without_room:
        said.append(_("No room of their own: {places}.").format(places=_named(lacks.without_room)))
    return said + untranslated(lacks.untranslated) + doubts(lacks.doubts)


def _named(places: Sequence[Unit]) -> str:
    # one that is named with what it is part of stands in quotes, or it would read as two
    return named([f'"{place.name}"' if place.parent != ROOT and "," in place.name else place.name for place in places])


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


def _two_accounts() -> str:
    return _("Approvals are counted by account: an organizer who has a second account as organizer has two of them.")


def _parts(plan: Draft) -> list[str]:
    """Say which areas and departments there are, and how many have numbers of their own."""
    lines = []
    areas = [unit for unit in plan.units if unit.tier is Tier.AREA]
    if areas:
        with_numbers = sum(bool(unit.threshold or unit.minimum) for unit in areas)
        lines.append(
            ngettext(
                "{n} area ({levels}), {numbers} of them with a number or a minimum of its own.",
                "{n} areas ({levels}), {numbers} of them with a number or a minimum of their own.",
                len(areas),
            ).format(n=number(len(areas)), levels=joined(worded(plan.terms).levels), numbers=number(with_numbers))
        )
    departments = [unit for unit in plan.units if unit.tier is Tier.DEPARTMENT]
    if departments:
        with_numbers = sum(bool(unit.threshold) for unit in departments)
        lines.append(
            ngettext(
                "{n} department, {numbers} of them with a number of its own.",
                "{n} departments, {numbers} of them with a number of their own.",
                len(departments),
            ).format(n=number(len(departments)), numbers=number(with_numbers))
        )
    if asking := [unit.name for unit in plan.workplaces if unit.minimum]:
        lines.append(_("Departments have to reach their own number at: {names}.").format(names=named(asking)))
    return lines


def _board(plan: Draft) -> list[str]:
    """Say what the board of this walkout will not show."""
    silent = sum(fewer_than(unit.threshold) == unit.threshold for unit in plan.workplaces)
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
    if len(plan.workplaces) < FEWEST_LINES:
        lines.append(
            _(
                "With fewer than {n} workplaces only organizers see a number for the city; milestones are not told."
            ).format(n=number(FEWEST_LINES))
        )
    return lines


def times(terms: Terms, now: datetime) -> list[str]:
    """Say when it is by whose clocks, and how far away that is: here a slip is still mended."""
    starts = _("Starts {starts}, {ahead}.").format(
        starts=there(when(terms.starts, terms), terms), ahead=ahead(terms.starts, now, terms)
    )
    lines = [
        *([] if terms.kind is StepKind.SURVEY else [starts]),
        _("Pledge {before}, {ahead}.").format(
            before=before(terms, named=True), ahead=ahead(terms.pledge_by, now, terms)
        ),
        *([] if terms.ends is None else [_("Ends: {ends}.").format(ends=end(terms.ends, terms))]),
        _("Tallies {every} apart.").format(every=span(terms.tally_every)),
    ]
    if not terms.timezone:
        lines.append(
            _(
                "No time zone is named: the times are those of UTC{offset}. Name yours in the file, and I heed when "
                'clocks are changed: timezone = "America/New_York"'
            ).format(offset=zones.offset(terms.starts))
        )
    elif terms.local(now).utcoffset() != terms.starts.utcoffset():
        lines.append(_("Clocks there are changed before that: these are the times that they show on the day."))
    return lines


def drafted(
    walkout: Walkout, plan: Draft, doubted: Sequence[Doubted], now: datetime, step: Compared | None = None
) -> str:
    """Preview a stored draft, and say what comes next."""
    terms = walkout.terms
    return "\n".join(
        [
            _("Drafted: {walkout}").format(walkout=preview(plan, doubted, now, step)),
            "",
            ngettext(
                "It opens once {n} organizer says so: /open {id}.",
                "It opens once {n} organizers agree: /open {id}.",
                terms.approvals,
            ).format(n=terms.approvals, id=walkout.id),
            *([_two_accounts()] if terms.approvals > 1 else []),
            keep_a_copy(),
        ]
    )


def preview(plan: Draft, doubted: Sequence[Doubted], now: datetime, step: Compared | None = None) -> str:
    """Say what a draft is, with what looks wrong first after what it is called and when; `step`: of a campaign."""
    terms = plan.terms
    is_survey = terms.kind is StepKind.SURVEY
    lines = [
        *doubts(doubted),
        *steps.about(terms, step),
        *times(terms, now),
        ngettext("{n} workplace, {people} people.", "{n} workplaces, {people} people.", len(plan.workplaces)).format(
            n=number(len(plan.workplaces)), people=number(sum(unit.headcount for unit in plan.workplaces))
        ),
        *_parts(plan),
        steps.goal(terms)
        if is_survey
        else ngettext(
            "On at {citywide} pledges citywide, with {n} workplace ready or more.",
            "On at {citywide} pledges citywide, with {n} workplaces ready or more.",
            terms.minimum_workplaces,
        ).format(citywide=number(terms.citywide_threshold), n=number(terms.minimum_workplaces)),
        *([] if is_survey else filter(None, [confirmation(Walkout(id=WalkoutId(""), terms=terms))])),
        *([] if plan.summary.plain else [_("The list: {summary}.").format(summary=lists.summary(plan.summary))]),
        *lists.warnings(plan.summary),
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
    lines += [*untranslated(words.missing(terms, plan.units)), *_board(plan)]
    return "\n".join([headline(terms), *(f"• {line}" for line in lines)])
