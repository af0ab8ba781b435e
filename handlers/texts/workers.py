"""What a worker reads before, while and after pledging."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from bot.domain.disclosure import shown
from bot.domain.model import ROOT, CardState, CountedBy, Counts, Entry, Stage, StepKind, Terms, Tier, Unit, Walkout
from bot.domain.rules import fell_below, waits_for
from bot.domain.situation import Asserts, Day, Situation, Verdict
from bot.usecases.workers import Seen
from handlers.texts import ballots, names
from handlers.texts.asserted import asserts
from handlers.texts.board import coarse_said, turnout, workplace_line
from handlers.texts.catalogue import Sentence, _, isolated, ngettext
from handlers.texts.kinds import by_kind
from handlers.texts.organizers_words import the_day, worded
from handlers.texts.times import before, deadline, end, number, when


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
    """Say everything a worker needs to know before pledging, and to read again afterwards."""
    walkout = seen.walkout
    return "\n\n".join(
        part
        for part in (
            headline(walkout.terms),
            demands(walkout.terms),
            _called_by(walkout.terms),
            _campaign(seen),
            _times(seen),
            _numbers(seen),
            _ballot(seen),
            how_you_hear(seen),
            _keep(seen),
            _stored(walkout.terms),
            _logged() if seen.logged else "",
            "" if seen.situation.verdict is Verdict.LEFT else _asked(walkout.terms),
            can_see,
            _alone(walkout.terms),
            _no_promise(),
            worded(walkout.terms).legal_notice,
        )
        if part
    )


def headline(terms: Terms) -> str:
    """Name the walkout."""
    title = worded(terms).title
    return f"{isolated(title)} · {isolated(terms.city)}" if terms.city else title


def demands(terms: Terms) -> str:
    """List what the walkout is for."""
    wanted = worded(terms).demands
    return "\n".join([_("We want:"), *(f"• {isolated(demand)}" for demand in wanted)]) if wanted else ""


def _called_by(terms: Terms) -> str:
    called_by = worded(terms).called_by
    return _("Called by: {called_by}").format(called_by=called_by) if called_by else ""


def _campaign(seen: Seen) -> str:
    """Say of a step which one it is, and what that means."""
    name = worded(seen.walkout.terms).campaign
    if not name:
        return ""
    return _(
        "Step {n} of {campaign}. Your card is good for all its steps. Each is pledged anew: silence means no."
    ).format(n=number(seen.step), campaign=name)


def _times(seen: Seen) -> str:
    """Say when it is, and until when one decides."""
    terms = seen.walkout.terms
    if not _is_ahead(seen):
        until = _deadline_past(terms)
    else:
        until = _take_back_before(terms) if seen.situation.stands else _pledge_before(terms)
    return "\n".join(filter(None, [day_of(terms), until]))


def day_of(terms: Terms) -> str:
    """Say when it is; of a survey nothing, which has no day."""
    starts = when(terms.starts, terms)
    if terms.ends is None:
        return by_kind(terms.kind, _("Walkout: {starts}"), _("Day: {starts}"), "").format(starts=starts)
    return by_kind(terms.kind, _("Walkout: {starts}, until {ends}"), _("Day: {starts}, until {ends}"), "").format(
        starts=starts, ends=end(terms.ends, terms)
    )


def _is_ahead(seen: Seen) -> bool:
    return seen.situation.pledging and not seen.situation.deadline_past


@asserts(Asserts.DEADLINE_AHEAD)
def _pledge_before(terms: Terms) -> str:
    said = by_kind(
        terms.kind,
        _("Pledge, or take it back, {before}."),
        survey=_("Take part, or take it back, {before}."),
    )
    return said.format(before=before(terms, named=True))


@asserts(Asserts.DEADLINE_AHEAD, Asserts.CAN_TAKE_BACK)
def _take_back_before(terms: Terms) -> str:
    return _("You can take it back {before}.").format(before=before(terms))


@asserts(Asserts.DEADLINE_PAST)
def _deadline_past(terms: Terms) -> str:
    return _("The deadline was {pledge_by}.").format(pledge_by=deadline(terms))


def _numbers(seen: Seen) -> str:
    """Say on what it depends; where that is decided, the verdict."""
    walkout, at = seen.walkout, seen.situation
    if walkout.terms.kind is StepKind.SURVEY:
        return _goals(seen) if at.verdict is Verdict.UNDECIDED else verdict(seen)
    if at.verdict is Verdict.UNDECIDED:
        first = _pledged_for(seen) if at.stands else _would_pledge_for(seen)
        all_count = walkout.terms.citywide_counts is Counts.ALL
        needs = _listed([*_own_needs(seen, areas_noted=all_count), _city_needs(seen)])
        return "\n".join(filter(None, [first, needs, confirmation(walkout), _only_if(seen)]))
    join = _will_you_join() if at.verdict is Verdict.WALKS_OUT and at.can_pledge else ""
    numbers = _once_enough(seen) if at.verdict is Verdict.NOT_YET else ""
    return "\n".join(filter(None, [verdict(seen), numbers, join]))


@asserts(Asserts.UNDECIDED)
def _would_pledge_for(seen: Seen) -> str:
    if seen.unit is not seen.place:
        words = by_kind(
            seen.kind,
            _("You would pledge for {department}. {workplace} walks out only if"),
            _("You would pledge for {department}. {workplace} takes part only if"),
        )
        return words.format(department=_own_name(seen), workplace=seen.place.name)
    return by_kind(
        seen.kind,
        _("You would pledge for {workplace}. It walks out only if"),
        _("You would pledge for {workplace}. It takes part only if"),
    ).format(workplace=_own_name(seen))


@asserts(Asserts.UNDECIDED, Asserts.STANDS)
def _pledged_for(seen: Seen) -> str:
    if seen.unit is not seen.place:
        words = by_kind(
            seen.kind,
            _("You have pledged for {department}. {workplace} walks out only if"),
            _("You have pledged for {department}. {workplace} takes part only if"),
        )
        return words.format(department=_own_name(seen), workplace=seen.place.name)
    return by_kind(
        seen.kind,
        _("You have pledged for {workplace}. It walks out only if"),
        _("You have pledged for {workplace}. It takes part only if"),
    ).format(workplace=_own_name(seen))


def _goals(seen: Seen) -> str:
    """Say for whom somebody takes part in a survey, what may be hoped for, and that nothing else follows."""
    place = seen.place
    goal = _("The goal: {threshold} of the {headcount} people of {workplace}, and {citywide} in the city.").format(
        threshold=number(place.threshold),
        headcount=number(place.headcount),
        workplace=place.name,
        citywide=number(seen.walkout.terms.citywide_threshold),
    )
    first = _takes_part_for(seen) if seen.situation.stands else _would_take_part_for(seen)
    return f"{first}\n{goal}\n{_nothing_else_follows()}"


@asserts(Asserts.SURVEYED)
def _would_take_part_for(seen: Seen) -> str:
    return _("This is a survey. You would take part for {workplace}.").format(workplace=_own_name(seen))


@asserts(Asserts.SURVEYED, Asserts.STANDS)
def _takes_part_for(seen: Seen) -> str:
    return _("This is a survey. You take part for {workplace}.").format(workplace=_own_name(seen))


def _nothing_else_follows() -> str:
    return _("It counts who takes part. Nobody leaves work for it.")


def _ballot(seen: Seen) -> str:
    """Say what a survey asks, when one votes, and what becomes of it."""
    asked = worded(seen.walkout.terms).questions
    if not asked or seen.situation.verdict is not Verdict.UNDECIDED:
        return ""
    return "\n".join(
        [
            _("Once you take part, you can vote:"),
            *(f"• {isolated(each.text)}" for each in asked),
            _(
                "You can change your vote until the deadline. I show it to nobody, not even to you. What I say then is "
                "totals only, rounded, and only if nine or more vote. Nothing is said of one workplace."
            ),
            _(
                "Kept of a vote until then: what was chosen, and a scrambled mark. Only your card's code and your "
                "account together lead to it. When I count, every vote is deleted."
            ),
        ]
    )


def _own_name(seen: Seen) -> str:
    """Name what somebody pledges for; where they have chosen it themselves, with its areas, for names may repeat."""
    if seen.walkout.terms.entry is Entry.OPEN:
        return names.joined([unit.name for unit in reversed(seen.path)])
    return names.full(seen.path)


def _listed(needs: list[str]) -> str:
    """List what must come about."""
    said: list[str] = [Sentence(f"• {each}") for each in needs]
    *others, last = said
    if not others:
        return _("{need}.").format(need=last)
    before = reduce(lambda above, need: _("{first},\n{second}").format(first=above, second=need), others)
    return _("{needs}, and\n{last}.").format(needs=before, last=last)


def _own_needs(seen: Seen, *, areas_noted: bool) -> list[str]:
    """Say what the reader's workplace needs, and what its areas do that are not out: three lines at most.

    `areas_noted`: whom an area counts is said here.
    """
    areas = [area for area in reversed(seen.path) if area.tier is Tier.AREA and not area.out]
    widest_last = list(filter(None, (_area_needs(area, of_areas=nth > 0) for nth, area in enumerate(areas))))
    above = widest_last[:1]
    if widest_last[1:]:
        above.append(reduce(lambda one, more: _("{first}; {second}").format(first=one, second=more), widest_last[1:]))
    if above and areas_noted:
        above[-1] += _only_ready_parts()
    return [_workplace_needs(seen), *above]


def _only_ready_parts() -> str:
    return _(" (only what reaches its own number counts)")


def _workplace_needs(seen: Seen) -> str:
    place, own = seen.place, seen.unit
    said = _("{threshold} of its {headcount} people pledge").format(
        threshold=number(place.threshold), headcount=number(place.headcount)
    )
    if place.minimum:
        said += ngettext(
            "; {n} department or more reaches its number",
            "; {n} departments or more reach their number",
            place.minimum,
        ).format(n=number(place.minimum))
        if own is not place and own.threshold:
            said += _(" (yours: {threshold} of {headcount})").format(
                threshold=number(own.threshold), headcount=number(own.headcount)
            )
    return said


def _area_needs(area: Unit, *, of_areas: bool) -> str:
    """Say what an area needs besides one unit that is ready; nothing if that is all."""
    if area.minimum <= 1:
        least = ""
    elif of_areas:
        least = _("in {n} of its parts or more").format(n=number(area.minimum))
    else:
        least = _("at {n} workplaces or more").format(n=number(area.minimum))
    if area.threshold:
        said = _("{n} people pledge in {area}").format(n=number(area.threshold), area=area.name)
        return names.joined([said, least]) if least else said
    return _("enough people pledge in {area}, {least}").format(area=area.name, least=least) if least else ""


def _city_needs(seen: Seen) -> str:
    terms = seen.walkout.terms
    least = terms.minimum_workplaces
    where = (
        ngettext(
            "across the city, at {n} workplace or more", "across the city, at {n} workplaces or more", least
        ).format(n=number(least))
        if least > 1
        else _("across the city")
    )
    return _("{citywide} people pledge {where}{only_ready}").format(
        citywide=number(terms.citywide_threshold), where=where, only_ready=_only_ready(terms)
    )


def _only_ready(terms: Terms) -> str:
    if terms.citywide_counts is Counts.ALL:
        return ""
    if terms.levels:
        return _only_ready_parts()
    return _(" (only workplaces that reach their own number count)")


def _only_if(seen: Seen) -> str:
    return by_kind(
        seen.kind,
        _("Walk out only if you hear that {workplace} does. Until then, work as usual."),
        _("Take part only if you hear that {workplace} does. Nobody leaves work for it."),
    ).format(workplace=seen.place.name)


@asserts(Asserts.STILL_COUNTED)
def _once_enough(seen: Seen) -> str:
    place, needs = seen.place, _own_needs(seen, areas_noted=True)
    if len(needs) > 1 or place.minimum:
        first = by_kind(seen.kind, _("It walks out too once"), _("It takes part too once"))
        return "\n".join([first, _listed(needs)])
    return by_kind(
        seen.kind,
        _("It walks out too once {threshold} of its {headcount} people have pledged."),
        _("It takes part too once {threshold} of its {headcount} people have pledged."),
    ).format(threshold=number(place.threshold), headcount=number(place.headcount))


@asserts(Asserts.CAN_PLEDGE)
def _will_you_join() -> str:
    return _("Will you join?")


def confirmation(walkout: Walkout) -> str:
    """Say how often the numbers must be reached, while that may yet decide."""
    wanted = walkout.terms.confirm_tallies
    if wanted == 1 or walkout.stage not in {Stage.DRAFT, Stage.OPEN}:
        return ""
    if wanted is None and walkout.terms.levels:
        return _("All must hold at two counts in a row. At the last two counts, once is enough.")
    if wanted is None:
        return _("Both must hold at two counts in a row. At the last two counts, once is enough.")
    if walkout.terms.levels:
        said = _("All must hold at {n} counts in a row. At the deadline once is enough.")
    else:
        said = _("Both must hold at {n} counts in a row. At the deadline once is enough.")
    return said.format(n=number(wanted))


def _keep(seen: Seen) -> str:
    if not _is_ahead(seen):
        return ""
    if seen.walkout.terms.entry is Entry.OPEN:
        return _("You can take it back here until the deadline, from this same account: /withdraw")
    return by_kind(
        seen.kind,
        _("Keep this message or your card: without both, nobody can take the pledge back."),
        survey=_("Keep this message or your card: without both, nobody can take it back."),
    )


def _stored(terms: Terms) -> str:
    if terms.entry is Entry.OPEN:
        return by_kind(
            terms.kind,
            _(
                "Kept: that an account pledged, as a scrambled mark. No name, no message, no time. This walkout has no "
                "cards, which is weaker: nobody checks accounts. Whoever seizes both our database and our key file can "
                "test whether an account pledged. If you ask to be told, your account is kept as well, encrypted."
            ),
            _(
                "Kept: that an account pledged, as a scrambled mark. No name, no message, no time. There are no cards "
                "here, which is weaker: nobody checks accounts. Whoever seizes both our database and our key file can "
                "test whether an account pledged. If you ask to be told, your account is kept as well, encrypted."
            ),
            _(
                "Kept: that an account takes part, as a scrambled mark. No name, no message, no time. There are no "
                "cards here, which is weaker: nobody checks accounts. Whoever seizes both our database and our key "
                "file can test whether an account took part. If you ask to be told, your account is kept as well, "
                "encrypted."
            ),
        )
    said = by_kind(
        terms.kind,
        _(
            "Kept: that this card is pledged, and a scrambled mark. Only your card's code ties it to you. No name, no "
            "account, no time, unless you ask to be told. I show rounded counts, never who pledged."
        ),
        survey=_(
            "Kept: that this card takes part, and a scrambled mark. Only your card's code ties it to you. No name, no "
            "account, no time, unless you ask to be told. I show rounded counts, never who takes part."
        ),
    )
    if not terms.campaign:
        return said
    return f"{said} " + _(
        "What you pledge is destroyed when this step is closed. Your card's mark stays for the next steps, until sixty "
        "days after the last one."
    )


def _logged() -> str:
    return _("I note no time. But the database keeps a log of its own for a while, with the time of each change.")


def _asked(terms: Terms) -> str:
    if not terms.turnout:
        return ""
    if terms.counted_by is CountedBy.STEWARDS:
        return _("On the day your steward counts how many take part. Kept then: that number, and no name.")
    return by_kind(
        terms.kind,
        _(
            "On the day itself this card has a button “I'm out”. Press it or not. Kept then: that this card is out; no "
            "name, no account, no time. Shown: rounded counts."
        ),
        _(
            "On the day itself this card has a button “I'm taking part”. Press it or not. Kept then: that this card "
            "takes part; no name, no account, no time. Shown: rounded counts."
        ),
    )


def _alone(terms: Terms) -> str:
    if terms.approvals > 1:
        return ""
    return by_kind(
        terms.kind,
        _("One organizer alone can open this walkout and call it off."),
        _("One organizer alone can open it and call it off."),
    )


def _no_promise() -> str:
    return _("Nobody can promise that nothing happens to you.")


def console_can_see() -> str:
    """Say who sees that somebody talks to the bot on the console."""
    return _("Whoever sits at this console sees that you write to this bot.")


# -- yes or no ------------------------------------------------------------------------------------------------------


def verdict(seen: Seen) -> str:  # noqa: C901, PLR0911  one way out for each
    """Say whether the reader's workplace walks out, as things stand there and then."""
    at, where = seen.situation, _Words.of(seen)
    if where.kind is StepKind.SURVEY:
        return _of_survey(at)
    match at.verdict, at.day:
        case Verdict.UNDECIDED, _day:
            return _undecided() if not at.deadline_past else f"{_undecided()} {_counting()}"
        case Verdict.WALKS_OUT, Day.BEFORE:
            will = _walks_out(where) if where.kind is StepKind.WALKOUT else _takes_part(where)
            return _with_the_day(f"{will} {_work_until_then(where)}", seen)
        case Verdict.WALKS_OUT, Day.ITSELF:
            does = _walks_out_today(where) if where.kind is StepKind.WALKOUT else _takes_part_today(where)
            return _with_the_day(does, seen)
        case Verdict.WALKS_OUT, _day:
            return _walked_out(where) if where.kind is StepKind.WALKOUT else _took_part(where)
        case ((Verdict.NOT_YET | Verdict.DOES_NOT | Verdict.LEFT), Day.AFTER):
            return _did_not(where)
        case Verdict.NOT_YET, _day:
            return f"{_not_yet(where)} {_counting() if at.deadline_past else _yes_or_no_at(where)}"
        case Verdict.LEFT, _day:
            return f"{_has_left(where)} {_work_as_usual()}"
        case Verdict.DOES_NOT, Day.BEFORE:
            return f"{_does_not(where)} {_work_as_usual()}"
        case Verdict.DOES_NOT, _day:
            return f"{_does_not_today(where)} {_work_as_usual()}"
        case _nobody, day:
            why = {Verdict.LAPSED: _lapsed, Verdict.MISSED: _missed, Verdict.CALLED_OFF: _called_off}[at.verdict]()
            return why if day is Day.AFTER else f"{_nobody_walks_out(where)} {_work_as_usual()} {why}"


def _of_survey(at: Situation) -> str:
    """Say what a survey has come to: nothing while it is open."""
    if at.verdict is Verdict.UNDECIDED:
        return _counting_survey() if at.deadline_past else ""
    return {Verdict.LEFT: _survey_left, Verdict.CALLED_OFF: _called_off}.get(at.verdict, _survey_over)()


@asserts(Asserts.DEADLINE_PAST, Asserts.SURVEYED)
def _counting_survey() -> str:
    return _("The deadline has passed, and I am counting. Look again in some minutes.")


@asserts(Asserts.ENDED)
def _survey_over() -> str:
    return _("The survey is over. Ask your steward what came of it.")


def _survey_left() -> str:
    return _("The organizers have taken your workplace out of this survey.")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """What the sentences below name."""

    kind: StepKind
    workplace: str
    waits_for: str  #: what has not reached its number, where it is on and their workplace stays in
    starts: str
    pledge_by: str

    @classmethod
    def of(cls, seen: Seen) -> _Words:
        terms = seen.walkout.terms
        return cls(
            kind=terms.kind,
            workplace=seen.place.name,
            waits_for=waits_for(seen.path).name if seen.situation.verdict is Verdict.NOT_YET else "",
            starts=when(terms.starts, terms),
            pledge_by=deadline(terms),
        )


def _with_the_day(said: str, seen: Seen) -> str:
    is_counted = not seen.situation.pledging
    fewer = f" {fewer_stand(seen.place)}" if is_counted and fell_below(seen.place) else ""
    return f"{said}{fewer}" + the_day(seen.walkout, seen.path)


@asserts(Asserts.UNDECIDED)
def _undecided() -> str:
    return _("Nothing is decided yet.")


@asserts(Asserts.DEADLINE_PAST, Asserts.STILL_COUNTED)
def _counting() -> str:
    return _("The deadline has passed, and I am counting. Look again in some minutes.")


@asserts(Asserts.ON, Asserts.WALKS_OUT, Asserts.BEFORE)
def _walks_out(where: _Words) -> str:
    return _("It is on, and {workplace} WALKS OUT on {starts}.").format(workplace=where.workplace, starts=where.starts)


@asserts(Asserts.ON, Asserts.TAKES_PART, Asserts.BEFORE)
def _takes_part(where: _Words) -> str:
    return _("It is on, and {workplace} TAKES PART on {starts}.").format(workplace=where.workplace, starts=where.starts)


@asserts(Asserts.BEFORE)
def _work_until_then(where: _Words) -> str:
    return by_kind(where.kind, _("Until then, work as usual."), _("Nobody leaves work for it."))


@asserts(Asserts.GOES, Asserts.DEADLINE_PAST)
def fewer_stand(place: Unit) -> str:
    """Say, once the last count is taken, that some have taken their pledges back; never how many."""
    if place.minimum:  # it may have its own number, and too few departments have theirs
        return _("But some have taken their pledges back: fewer than it needs stand now. Talk to each other first.")
    return _("But some have taken their pledges back: fewer than its number stand now. Talk to each other first.")


@asserts(Asserts.ON, Asserts.WALKS_OUT, Asserts.TODAY)
def _walks_out_today(where: _Words) -> str:
    return _("It is the day: {workplace} WALKS OUT, from {starts} on.").format(
        workplace=where.workplace, starts=where.starts
    )


@asserts(Asserts.ON, Asserts.TAKES_PART, Asserts.TODAY)
def _takes_part_today(where: _Words) -> str:
    return _("It is the day: {workplace} TAKES PART, from {starts} on. Nobody leaves work for it.").format(
        workplace=where.workplace, starts=where.starts
    )


@asserts(Asserts.WALKED_OUT)
def _walked_out(where: _Words) -> str:
    return _("It was on: {workplace}'s walkout began on {starts}.").format(
        workplace=where.workplace, starts=where.starts
    )


@asserts(Asserts.TOOK_PART)
def _took_part(where: _Words) -> str:
    return _("It was on: {workplace} was to take part on {starts}.").format(
        workplace=where.workplace, starts=where.starts
    )


@asserts(Asserts.DOES_NOT, Asserts.ON)
def _not_yet(where: _Words) -> str:
    return by_kind(
        where.kind,
        _(
            "{workplace} does NOT walk out as things stand. It is on in the city, but {waits_for} has not reached its "
            "number yet."
        ),
        _(
            "{workplace} does NOT take part as things stand. It is on in the city, but {waits_for} has not reached its "
            "number yet."
        ),
    ).format(workplace=where.workplace, waits_for=where.waits_for)


@asserts(Asserts.STILL_COUNTED, Asserts.DEADLINE_AHEAD)
def _yes_or_no_at(where: _Words) -> str:
    return _("I say yes or no at the deadline: {pledge_by}.").format(pledge_by=where.pledge_by)


@asserts(Asserts.DOES_NOT, Asserts.BEFORE, Asserts.DEADLINE_PAST)
def _does_not(where: _Words) -> str:
    return by_kind(
        where.kind,
        _("{workplace} does NOT walk out on {starts}."),
        _("{workplace} does NOT take part on {starts}."),
    ).format(workplace=where.workplace, starts=where.starts)


@asserts(Asserts.DOES_NOT, Asserts.TODAY, Asserts.DEADLINE_PAST)
def _does_not_today(where: _Words) -> str:
    return by_kind(where.kind, _("{workplace} does NOT walk out."), _("{workplace} does NOT take part.")).format(
        workplace=where.workplace
    )


@asserts(Asserts.DOES_NOT)
def _has_left(where: _Words) -> str:
    return by_kind(
        where.kind,
        _("{workplace} does NOT walk out: its organizers have decided so."),
        _("{workplace} does NOT take part: its organizers have decided so."),
    ).format(workplace=where.workplace)


@asserts(Asserts.DID_NOT)
def _did_not(where: _Words) -> str:
    return by_kind(
        where.kind,
        _("{workplace} did not walk out on {starts}."),
        _("{workplace} did not take part on {starts}."),
    ).format(workplace=where.workplace, starts=where.starts)


@asserts(Asserts.NOBODY)
def _nobody_walks_out(where: _Words) -> str:
    return by_kind(where.kind, _("Nobody walks out."), _("Nobody takes part."))


def _work_as_usual() -> str:
    return _("Go to work as usual.")


@asserts(Asserts.LAPSED)
def _lapsed() -> str:
    return _("Not enough of us pledged in time.")


@asserts(Asserts.MISSED)
def _missed() -> str:
    return _("I was not running when the pledges were to be counted.")


@asserts(Asserts.CALLED_OFF)
def _called_off() -> str:
    return _("The organizers have called it off.")


# -- what stands under a pledge ---------------------------------------------------------------------------------------


def _under(seen: Seen) -> str:
    """Say the date, the deadline, how far the city is, and how the reader will hear: short, for a phone."""
    at = seen.situation
    times = _times(seen) if at.pledging else ""
    lines = "\n".join(filter(None, [times, *_area_lines(seen), _city_line(seen), next_count(seen.walkout)]))
    return "\n\n".join(filter(None, [lines, how_you_hear(seen)]))


def _is_counted(at: Situation) -> bool:
    """Say whether how far they are still changes: until the yes or no, or until a survey is over."""
    return at.still_counted or (at.kind is StepKind.SURVEY and at.verdict is Verdict.UNDECIDED)


def _area_lines(seen: Seen) -> list[str]:
    """Say how far the reader's areas are, the smallest first, as anybody may see it; nothing once that is decided."""
    if not _is_counted(seen.situation):
        return []
    return [
        _("{workplace}: {said}").format(
            workplace=area.name, said=coarse_said(seen.lines[area.id], number(area.threshold))
        )
        for area in reversed(seen.path)
        if area.id in seen.lines
    ]


def _city_line(seen: Seen) -> str:
    """Say likewise how far the city is."""
    if ROOT not in seen.lines or seen.situation.verdict is not Verdict.UNDECIDED:
        return ""
    return _("City: {said}").format(said=coarse_said(seen.lines[ROOT], number(seen.walkout.terms.citywide_threshold)))


def next_count(walkout: Walkout) -> str:
    """Say when is counted next; nothing if that is over."""
    if walkout.next_tally is None:
        return ""
    return _("Next count: {when}.").format(when=when(walkout.next_tally, walkout.terms))


def how_you_hear(seen: Seen) -> str:
    """Say how the reader hears the yes or no while it is still to come, or else of the day."""
    at, room = seen.situation, _room(seen)
    if seen.kind is StepKind.SURVEY:
        return _hears_of_survey(at) if at.verdict is Verdict.UNDECIDED and not at.deadline_past else ""
    if at.verdict is Verdict.WALKS_OUT and at.day is Day.BEFORE and (at.told or at.can_ask):
        return _told_of_the_day() if at.told else _ask_for_the_day()
    if not at.still_counted or at.deadline_past:
        return ""
    if at.told:
        return _told_here()
    if at.can_ask:
        return _heard_in_room_or_ask(room) if room else _heard_from_steward_or_ask()
    return _heard_in_room(room) if room else _heard_from_steward()


def _hears_of_survey(at: Situation) -> str:
    """Say how the reader hears what came of a survey."""
    if at.told:
        return _told_of_survey()
    return _ask_for_survey() if at.can_ask else _survey_from_steward()


@asserts(Asserts.SURVEYED, Asserts.WILL_HEAR)
def _told_of_survey() -> str:
    return _("I write to you here when the survey is over.")


@asserts(Asserts.SURVEYED, Asserts.CAN_ASK)
def _ask_for_survey() -> str:
    return _("Press “Tell me”, and I write to you here when the survey is over. Or ask your steward.")


@asserts(Asserts.SURVEYED)
def _survey_from_steward() -> str:
    return _("You hear from your steward what came of it; or here, if you ask me to.")


def _room(seen: Seen) -> str:
    """Name whose room hears the reader's yes or no: their department's or their workplace's; nothing if none does."""
    if seen.unit.has_room:
        return names.full(seen.path)
    return seen.place.name if seen.place.has_room else ""


@asserts(Asserts.STILL_COUNTED, Asserts.WILL_HEAR)
def _told_here() -> str:
    return _("I write yes or no to you here, at the deadline at the latest.")


@asserts(Asserts.BEFORE, Asserts.GOES, Asserts.WILL_HEAR)
def _told_of_the_day() -> str:
    return _("I write to you here when the day comes.")


@asserts(Asserts.BEFORE, Asserts.GOES, Asserts.CAN_ASK)
def _ask_for_the_day() -> str:
    return _("Press “Tell me”, and I write to you here when the day comes.")


@asserts(Asserts.STILL_COUNTED, Asserts.CAN_ASK)
def _heard_in_room_or_ask(room: str) -> str:
    return _("You hear yes or no by the deadline, in the room of {workplace}; or here, if you press “Tell me”.").format(
        workplace=room
    )


@asserts(Asserts.STILL_COUNTED, Asserts.CAN_ASK)
def _heard_from_steward_or_ask() -> str:
    return _("For yes or no at the deadline, ask your steward; or press “Tell me”, and I write to you here.")


@asserts(Asserts.STILL_COUNTED)
def _heard_in_room(room: str) -> str:
    return _("You hear yes or no by the deadline, in the room of {workplace}; or here, if you ask me to.").format(
        workplace=room
    )


@asserts(Asserts.STILL_COUNTED)
def _heard_from_steward() -> str:
    return _("You hear yes or no by the deadline, from your steward; or here, if you ask me to.")


# -- buttons ----------------------------------------------------------------------------------------------------------


def check_label() -> str:
    """Name the button that shows a pledge."""
    return _("Check")


@asserts(Asserts.CAN_PLEDGE)
def pledge_label(kind: StepKind) -> str:
    """Name the button."""
    return by_kind(kind, _("Pledge"), survey=_("Take part"))


def not_now_label() -> str:
    """Name the button that does not."""
    return _("Not now")


@asserts(Asserts.CAN_TAKE_BACK)
def withdraw_label() -> str:
    """Name the button that takes a pledge back."""
    return _("Withdraw")


@asserts(Asserts.CAN_SAY_OUT)
def out_label(kind: StepKind) -> str:
    """Name the day's button."""
    return by_kind(kind, _("I'm out"), _("I'm taking part"))


@asserts(Asserts.CAN_SAY_NOT_OUT)
def not_out_label(kind: StepKind) -> str:
    """Name the button that takes that back."""
    return by_kind(kind, _("I'm not out"), _("I'm not taking part"))


def read_label() -> str:
    """Name the button that shows the terms again."""
    return _("Read it all again")


# -- answers to a press -----------------------------------------------------------------------------------------------


def pledged(seen: Seen) -> str:
    """Confirm a pledge; said only after the commit."""
    return _answer(_recorded(seen), seen, _tell_no_one(seen))


def already_pledged(seen: Seen) -> str:
    """Answer a second press."""
    return _answer(_counts_once(seen), seen)


def _answer(first: str, seen: Seen, last: str = "") -> str:
    return "\n\n".join(filter(None, [first, ballots.own(seen), verdict(seen), _under(seen), last]))


@asserts(Asserts.STANDS)
def _recorded(seen: Seen) -> str:
    return by_kind(
        seen.kind,
        _("Recorded. {workplace}: your pledge stands."),
        survey=_("Recorded. {workplace}: you take part."),
    ).format(workplace=_own_name(seen))


@asserts(Asserts.STANDS)
def _counts_once(seen: Seen) -> str:
    return by_kind(
        seen.kind,
        _("You had already pledged; it counts once."),
        survey=_("You take part already; it counts once."),
    )


def _tell_no_one(seen: Seen) -> str:
    return by_kind(
        seen.kind,
        _("Tell no one how you pledged."),
        survey=_("Tell no one how you vote.") if seen.walkout.terms.questions else "",
    )


def withdrawn(seen: Seen) -> str:
    """Confirm that a pledge is taken back."""
    first = _taken_back(seen) if seen.changed else _taken_back_before()
    again = _again_until(seen.walkout.terms) if _is_ahead(seen) else ""
    return " ".join(filter(None, [first, ballots.gone(seen), again]))


@asserts(Asserts.TAKEN_BACK)
def _taken_back(seen: Seen) -> str:
    return by_kind(
        seen.kind,
        _("Taken back. Your pledge no longer counts."),
        survey=_("Taken back. You do not take part any more."),
    )


@asserts(Asserts.TAKEN_BACK)
def _taken_back_before() -> str:
    return _("It was already taken back.")


@asserts(Asserts.CAN_PLEDGE, Asserts.DEADLINE_AHEAD)
def _again_until(terms: Terms) -> str:
    return by_kind(
        terms.kind,
        _("You can pledge again until {pledge_by}."),
        survey=_("You can take part again until {pledge_by}."),
    ).format(pledge_by=deadline(terms))


def out(seen: Seen) -> str:
    """Confirm on the day that somebody is out."""
    first = _noted_out(seen) if seen.changed else _was_noted_out(seen)
    return f"{first} {next_count(seen.walkout)}".strip()


@asserts(Asserts.OUT)
def _noted_out(seen: Seen) -> str:
    return by_kind(seen.kind, _("Noted: you are out."), _("Noted: you are taking part."))


@asserts(Asserts.OUT)
def _was_noted_out(seen: Seen) -> str:
    return by_kind(
        seen.kind,
        _("You had already said that you are out; it counts once."),
        _("You had already said that you are taking part; it counts once."),
    )


@asserts(Asserts.NOT_OUT, Asserts.STANDS)
def not_out(seen: Seen) -> str:
    """Confirm that somebody is not out after all."""
    if not seen.changed:
        return by_kind(
            seen.kind,
            _("You have not said that you are out. Your pledge stands."),
            _("You have not said that you are taking part. Your pledge stands."),
        )
    return by_kind(
        seen.kind,
        _("Taken back: you are not counted as out. Your pledge stands."),
        _("Taken back: you are not counted as taking part. Your pledge stands."),
    )


def not_now() -> str:
    """Answer somebody who does not pledge."""
    return _("Nothing is recorded. If you change your mind, send your card again.")


def status(seen: Seen) -> str:
    """Show a worker the yes or no, their own pledge, their workplace's line of the board, and what comes next."""
    own = [headline(seen.walkout.terms), _own(seen), ballots.own(seen), _own_line(seen), _ladder(seen)]
    return "\n\n".join(filter(None, [_without(seen), verdict(seen), "\n".join(filter(None, own)), _under(seen)]))


def _without(seen: Seen) -> str:
    """Say first that what is on elsewhere is not for the reader: the citywide room tells everybody to look here."""
    if seen.without is None:
        return ""
    return by_kind(
        seen.without.kind,
        _("{workplace} is not part of {title}. Go to work as usual."),
        survey=_("{workplace} is not part of {title}."),
    ).format(workplace=seen.place.name, title=worded(seen.without).title)


def _own(seen: Seen) -> str:
    if seen.mine is CardState.PLEDGED and seen.walkout.stage is Stage.ENDED:
        return _took_part_in_it()
    say = {CardState.PLEDGED: _stands, CardState.OUT: _stands_out, CardState.RECALLED: _recalled}
    return say.get(seen.mine or CardState.MINTED, _you_took_back)(seen.kind)


@asserts(Asserts.STANDS)
def _stands(kind: StepKind) -> str:
    return by_kind(kind, _("Your pledge stands."), survey=_("Your card takes part."))


@asserts(Asserts.STANDS)
def _took_part_in_it() -> str:
    return _("Your card took part.")


@asserts(Asserts.STANDS, Asserts.OUT)
def _stands_out(kind: StepKind) -> str:
    return by_kind(
        kind,
        _("Your pledge stands, and you have said that you are out."),
        _("Your pledge stands, and you have said that you are taking part."),
    )


@asserts(Asserts.RECALLED)
def _recalled(kind: StepKind) -> str:
    return by_kind(
        kind,
        _("Your card was recalled: your pledge counts no more. Draw a new card from your steward."),
        survey=_("Your card was recalled: it takes part no more. Draw a new card from your steward."),
    )


@asserts(Asserts.TAKEN_BACK)
def _you_took_back(kind: StepKind) -> str:
    return by_kind(
        kind,
        _("You have taken your pledge back."),
        survey=_("You have taken it back: your card does not take part."),
    )


def _ladder(seen: Seen) -> str:
    """Say which steps of the campaign the reader's workplace has taken part in; nothing before one is counted."""
    if not seen.counted:
        return ""
    said = (
        ngettext(
            "{workplace} has taken part in {n} of {steps} step: {names}.",
            "{workplace} has taken part in {n} of {steps} steps: {names}.",
            seen.counted,
        )
        if seen.ladder
        else _("So far too few people have taken part at {workplace}.")
    )
    return said.format(
        workplace=seen.place.name,
        n=number(len(seen.ladder)),
        steps=number(seen.counted),
        names=names.joined([worded(step).title for step in seen.ladder]),
    )


def _own_line(seen: Seen) -> str:
    """Say how far the workplace is, while that is still counted; afterwards its number is told to nobody."""
    walkout, line = seen.walkout, shown(seen.place, seen.walkout)
    if line.turnout is not None:
        said = by_kind(
            line.kind, _("{workplace}, out on the day: {said}"), _("{workplace}, taking part on the day: {said}")
        ).format(workplace=line.name, said=turnout(line.turnout, line.threshold))
    elif not _is_counted(seen.situation):
        return ""
    else:
        said = "\n".join([_reached(line.name) if line.reached else workplace_line(line), *_department_line(seen)])
    return f"{said}\n{_as_of(walkout)}"


def _department_line(seen: Seen) -> list[str]:
    """Say of a department that it has reached its number, once that may be shown; of one that has not, nothing."""
    is_said = seen.unit is not seen.place and shown(seen.unit, seen.walkout).reached
    return [_reached(seen.unit.name)] if is_said else []


def _reached(name: str) -> str:
    return _("{workplace} has reached its number.").format(workplace=name)


def _as_of(walkout: Walkout) -> str:
    if walkout.tallied is None:
        return _("Nothing has been counted yet.")
    return _("As of count {n}, {when}.").format(n=number(walkout.tally), when=when(walkout.tallied, walkout.terms))


def choose_workplace(walkout: Walkout, some: list[str], more: int, *, typed: bool) -> str:
    """Ask for the workplace, where there are no cards."""
    if not typed:
        asked = _("Where do you work? Choose /pledge again and pick your workplace there.")
        return f"{headline(walkout.terms)}\n{asked}"
    lines = [headline(walkout.terms), _("Where do you work? Send /pledge and its name, like")]
    lines += [f'/pledge "{name}"' for name in some]
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


def privacy(*, logged: bool) -> str:
    """Say what is kept; `logged`: and by the database, when each change was made."""
    return "\n\n".join(
        part
        for part in (
            _(
                "What I keep: for each card its workplace or department, and whether it is pledged. Nobody can tell "
                "which card that is, and whose, without both the card's code and the server's key file."
            ),
            _(
                "On the day, where the terms said so before you pledged: that a card's holder is out, if they say so. "
                "Nothing else, and no time."
            ),
            _("What I do not keep: names, accounts, messages, phone numbers, or when anybody pledged."),
            _logged() if logged else "",
            _(
                "Only if you press “Tell me”: your address on this chat service, your language and where you work, "
                "encrypted. Nothing there leads to your card. Whoever seizes both the database and the key file can "
                "read them. I delete them when you press “Do not tell me”, when you take your pledge back, and when "
                "the walkout is closed."
            ),
            _(
                "What anybody is shown: rounded counts, new at each count only, never closer than five people. That a "
                "workplace has reached its number shows at once, and stays for a while if people take it back. At the "
                "deadline it is said exactly. Who pledged is shown to nobody."
            ),
            _(
                "What others can work out: how many stand when your workplace first reaches its number. For that they "
                "need up to four cards of their own there. Later they hardly ever can. With five cards or more they "
                "can tell it more often. They cannot tell who."
            ),
            _(
                "What I cannot hide: the chat service sees that you write to this bot. Whoever holds your phone can "
                "read this chat. “Clear this chat” under your card deletes what it can of it; keep your card."
            ),
            _("Seven days after the walkout, or two after it is off, cards, addresses and keys are destroyed."),
            _(
                "In a campaign your card's mark stays until sixty days after the last step. A pledge in a step without "
                "a set end stays for fourteen days from its start. If you want word of another try: your address, "
                "encrypted, until you have it or the campaign is closed."
            ),
            _("If you vote in a survey: what you chose, and a scrambled mark, until it is counted."),
        )
        if part
    )
