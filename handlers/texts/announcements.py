"""What rooms hear, and what people are told by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.delivery.outbox import Letter
from bot.domain.disclosure import shown
from bot.domain.model import Kind, Stage, StepKind, Tier, Unit, Walkout
from bot.domain.rules import has_number, stewards_count, waits_for, was_missed
from bot.secrets import references
from handlers.texts import another_try, board, committee_word, names, took_part, verdicts
from handlers.texts.catalogue import _, ngettext
from handlers.texts.kinds import by_kind
from handlers.texts.letters import WORDS
from handlers.texts.notices import letter_to_worker
from handlers.texts.organizers_words import the_day, worded
from handlers.texts.times import deadline, number, when
from handlers.texts.verdicts import pledge_by, starts
from handlers.texts.workers import day_of, demands, headline


def announcement(letter: Letter) -> str:
    """Word a piece of news for whoever hears it; in a room anybody can verify it."""
    said = words(letter)
    if letter.private or not letter.news.reference:
        return said
    line = _("Ref {reference} · check it: /verify").format(reference=references.pretty(letter.news.reference))
    return f"{said}\n\n{line}"


def words(letter: Letter) -> str:
    """Word the news alone."""
    kind = letter.news.kind
    if letter.worker and kind not in {Kind.COMMITTEE_WORD, Kind.ANOTHER_TRY}:
        return letter_to_worker(letter)
    said = (_WORDS.get(kind) or WORDS[kind])(letter)
    if letter.private and kind is Kind.STARTS and stewards_count(_walkout(letter)):
        said += f"\n\n{took_part.remind()}"
    if letter.private and kind in _TO_TELL:
        return f"{said}\n\n{_TO_TELL[kind](letter)}"
    return said


def _opened(letter: Letter) -> str:
    terms = _walkout(letter).terms
    lines = [
        headline(terms),
        demands(terms),
        day_of(replace(terms, ends=None)),
        by_kind(
            terms.kind,
            _("You can pledge until {pledge_by}. Nobody walks out unless enough of us have pledged."),
            _("You can pledge until {pledge_by}. Nobody takes part unless enough of us have pledged."),
            _("This is a survey. You can take part until {pledge_by}. Nobody leaves work for it."),
        ).format(pledge_by=deadline(terms, named=True)),
        _("Ask your steward for a card, and write to me privately.")
        if _walkout(letter).after is None
        else _("Your card is still good. If you have none, ask your steward. Then write to me privately."),
    ]
    return "\n".join(filter(None, lines))


def _workplace_ready(letter: Letter) -> str:
    return by_kind(
        _kind(letter),
        _(
            "{workplace} has reached its number. Nobody walks out yet: the city is still counting. "
            "Keep it among yourselves."
        ),
        _(
            "{workplace} has reached its number. Nobody takes part yet: the city is still counting. "
            "Keep it among yourselves."
        ),
        _("{workplace} has reached its goal: so many take part in the survey. Keep it among yourselves."),
    ).format(workplace=_place(letter).name)


def _milestone(letter: Letter) -> str:
    share = {1: _("A quarter"), 2: _("Half"), 3: _("Three quarters")}[int(letter.news.facts["quarters"])]
    return by_kind(
        _kind(letter),
        _("{share} of the {citywide} pledges we need across the city are in, as the board rounds them."),
        survey=_("{share} of our goal is reached: {citywide} people across the city, as the board rounds them."),
    ).format(share=share, citywide=number(_walkout(letter).terms.citywide_threshold))


def _on(letter: Letter) -> str:
    walkout = _walkout(letter)
    said = [_("It is on. {headline}").format(headline=_headline(letter))]
    if letter.private:
        return "\n".join([*said, _who_walks_out(letter)])
    said.append(_who_reached(letter))
    if walkout.counts_again and letter.about is None:
        said.append(_("Others can still join, until {pledge_by}.").format(pledge_by=pledge_by(walkout)))
    return "\n".join([*said, _look()])


def _headline(letter: Letter) -> str:
    """Name the walkout; where news is about an area, that area in place of the city."""
    terms, area = _walkout(letter).terms, letter.about
    return headline(terms if area is None else replace(terms, city=area.name))


def _who_reached(letter: Letter) -> str:
    """Tell the city who walks out, without naming a workplace; an area's rooms hear their names."""
    if letter.about is not None:
        wait = by_kind(_kind(letter), _("Until then, work as usual."), _("Nobody leaves work for it."))
        return f"{_who_walks_out(letter)}\n{wait}" + the_day(_walkout(letter), letter.path)
    return _wide(
        letter,
        by_kind(
            _kind(letter),
            _("Every workplace that has reached its number walks out on {starts}. Until then, work as usual."),
            _("Every workplace that has reached its number takes part on {starts}. Nobody leaves work for it."),
        ),
        by_kind(
            _kind(letter),
            _("Every workplace that has reached all its numbers walks out on {starts}. Until then, work as usual."),
            _("Every workplace that has reached all its numbers takes part on {starts}. Nobody leaves work for it."),
        ),
    )


def _wide(letter: Letter, of_lists: str, of_trees: str) -> str:
    """Tell a city or an area who walks out; where there are areas, its own number is not all that a workplace needs."""
    walkout = _walkout(letter)
    said = of_trees if walkout.terms.levels else of_lists
    return said.format(headline=_headline(letter), starts=starts(walkout)) + the_day(walkout, letter.path)


def _look() -> str:
    return _("Is yours among them? Open your card and press “Check”.")


def _who_walks_out(letter: Letter) -> str:
    """Tell organizers, as of the tally that made the news."""
    facts, walkout = letter.news.facts, _walkout(letter)
    named, more, others = list(map(str, facts["workplaces"])), int(facts["more"]), int(facts.get("others", 0))
    n = len(named) + more
    said = by_kind(
        walkout.terms.kind,
        ngettext("{names} walks out on {starts}.", "{n} workplaces walk out on {starts}: {names}.", n),
        ngettext("{names} takes part on {starts}.", "{n} workplaces take part on {starts}: {names}.", n),
    ).format(n=number(n), names=names.enumerated(named, more), starts=starts(walkout))
    if not others or (facts.get("last") is False and not walkout.counts_again):  # they have heard since
        return said
    if facts.get("last") is False and walkout.terms.levels:
        rest = by_kind(
            walkout.terms.kind,
            ngettext(
                "{n} other workplace does not, unless all the numbers that it needs are reached by {pledge_by}.",
                "{n} other workplaces do not, unless all the numbers that they need are reached by {pledge_by}.",
                others,
            ),
            ngettext(
                "{n} other workplace takes no part, unless all the numbers that it needs are reached by {pledge_by}.",
                "{n} other workplaces take no part, unless all the numbers that they need are reached by {pledge_by}.",
                others,
            ),
        )
    elif facts.get("last") is False:
        rest = by_kind(
            walkout.terms.kind,
            ngettext(
                "{n} other workplace does not, unless it reaches its number by {pledge_by}.",
                "{n} other workplaces do not, unless they reach their numbers by {pledge_by}.",
                others,
            ),
            ngettext(
                "{n} other workplace takes no part, unless it reaches its number by {pledge_by}.",
                "{n} other workplaces take no part, unless they reach their numbers by {pledge_by}.",
                others,
            ),
        )
    else:
        rest = by_kind(
            walkout.terms.kind,
            ngettext("{n} other workplace does not.", "{n} other workplaces do not.", others),
            ngettext("{n} other workplace takes no part.", "{n} other workplaces take no part.", others),
        )
    return f"{said}\n{rest.format(n=number(others), pledge_by=pledge_by(walkout))}"


def _we_are_out(letter: Letter) -> str:
    walkout, place = _walkout(letter), _place(letter)
    return by_kind(
        walkout.terms.kind,
        _("It is on, and {workplace} walks out on {starts}. Until then, work as usual."),
        _("It is on, and {workplace} takes part on {starts}. Nobody leaves work for it."),
    ).format(workplace=place.name, starts=starts(walkout)) + the_day(walkout, letter.path)


def _not_yet_out(letter: Letter) -> str:
    walkout, place, lacking = _walkout(letter), _place(letter), waits_for(letter.path)
    said = (
        by_kind(
            walkout.terms.kind,
            _(
                "It is on across the city, for {starts}. {workplace} does not walk out unless it reaches its number by "
                "{pledge_by}.\n"
                "Work as usual until I say here that it does. At the last count I say here yes or no."
            ),
            _(
                "It is on across the city, for {starts}. {workplace} does not take part unless it reaches its number "
                "by {pledge_by}.\n"
                "Nobody leaves work for it. At the last count I say here yes or no."
            ),
        )
        if lacking is place and has_number(place)
        else by_kind(
            walkout.terms.kind,
            _(
                "It is on across the city, for {starts}. {workplace} does not walk out unless {area} reaches its "
                "number by {pledge_by}.\n"
                "Work as usual until I say here that it does. At the last count I say here yes or no."
            ),
            _(
                "It is on across the city, for {starts}. {workplace} does not take part unless {area} reaches its "
                "number by {pledge_by}.\n"
                "Nobody leaves work for it. At the last count I say here yes or no."
            ),
        )
    )
    area = lacking.name if has_number(lacking) else _("a part of it")
    return said.format(workplace=place.name, area=area, starts=starts(walkout), pledge_by=pledge_by(walkout))


def _workplace_joins(letter: Letter) -> str:
    walkout, place = _walkout(letter), _place(letter)
    if place.tier is Tier.AREA:
        joins = _("{area} joins.").format(area=place.name)
        return f"{joins} {_who_reached(letter)}"
    if letter.news.scope not in {place.id, letter.path[-1].id}:  # the city's room, or an area's
        return by_kind(
            walkout.terms.kind,
            _("{workplace} joins: it walks out as well, on {starts}."),
            _("{workplace} joins: it takes part as well, on {starts}."),
        ).format(workplace=place.name, starts=starts(walkout))
    return by_kind(
        walkout.terms.kind,
        _("{workplace} has reached its number: we walk out too, on {starts}. Until then, work as usual."),
        _("{workplace} has reached its number: we take part too, on {starts}. Nobody leaves work for it."),
    ).format(workplace=place.name, starts=starts(walkout)) + the_day(walkout, letter.path)


def _last_word(letter: Letter) -> str:
    walkout = _walkout(letter)
    if letter.about is not None and letter.about.tier is not Tier.AREA:
        return verdicts.last_word(walkout, letter.path)
    said = _("{headline}: the last count is taken.").format(headline=_headline(letter))
    if letter.private:
        return f"{said}\n{_who_walks_out(letter)}"
    no_other = by_kind(walkout.terms.kind, _("No other workplace walks out."), _("No other workplace takes part."))
    others = [] if letter.about else [no_other]
    return "\n".join([said, _who_reached(letter), *others, _look()])


def _tomorrow(letter: Letter) -> str:
    walkout = _walkout(letter)
    if letter.about is not None and letter.about.tier is not Tier.AREA:
        return verdicts.tomorrow(walkout, letter.path)
    return _wide(
        letter,
        by_kind(
            walkout.terms.kind,
            _(
                "Reminder: {headline}. Every workplace that has reached its number walks out on {starts}. All others "
                "go to work as usual."
            ),
            _(
                "Reminder: {headline}. Every workplace that has reached its number takes part on {starts}. All others "
                "go to work as usual."
            ),
        ),
        by_kind(
            walkout.terms.kind,
            _(
                "Reminder: {headline}. Every workplace that has reached all its numbers walks out on {starts}. All "
                "others go to work as usual."
            ),
            _(
                "Reminder: {headline}. Every workplace that has reached all its numbers takes part on {starts}. All "
                "others go to work as usual."
            ),
        ),
    )


def _begins(letter: Letter) -> str:
    walkout = _walkout(letter)
    if letter.about is not None and letter.about.tier is not Tier.AREA:
        return verdicts.begins(walkout, letter.path)
    return _wide(
        letter,
        by_kind(
            walkout.terms.kind,
            _(
                "It begins: {headline}. Every workplace that has reached its number walks out now ({starts}). At all "
                "others, work goes on as usual."
            ),
            _(
                "It begins: {headline}. Every workplace that has reached its number takes part now ({starts}). Nobody "
                "leaves work for it."
            ),
        ),
        by_kind(
            walkout.terms.kind,
            _(
                "It begins: {headline}. Every workplace that has reached all its numbers walks out now ({starts}). At "
                "all others, work goes on as usual."
            ),
            _(
                "It begins: {headline}. Every workplace that has reached all its numbers takes part now ({starts}). "
                "Nobody leaves work for it."
            ),
        ),
    )


def _afterwards(letter: Letter) -> str:
    walkout = _walkout(letter)
    thanks = by_kind(
        walkout.terms.kind,
        _("{headline}: thank you to everybody who walked out, and to everybody who stood by them."),
        _("{headline}: thank you to everybody who took part, and to everybody who stood by them."),
    ).format(headline=headline(walkout.terms))
    advice = worded(walkout.terms).if_disciplined
    return "\n\n".join(
        filter(
            None,
            [thanks, _turnout(letter), advice and _("If somebody is disciplined: {advice}").format(advice=advice)],
        )
    )


def _turnout(letter: Letter) -> str:
    """Say how many said that they were out, in the board's words; nothing where the board has no number."""
    walkout, place = _walkout(letter), letter.about
    if place is None:
        tenths = letter.news.facts.get("turnout")
        return board.out_on_the_day(int(tenths), walkout) if tenths else ""
    turnout = shown(place, walkout).turnout
    if turnout is None or not (turnout.reached or turnout.number):
        return ""
    return by_kind(
        walkout.terms.kind, _("{workplace}, out: {turnout}"), _("{workplace}, taking part: {turnout}")
    ).format(workplace=place.name, turnout=board.turnout(turnout, place.threshold))


def _reminder(letter: Letter) -> str:
    walkout = _walkout(letter)
    said = (
        _("{headline}: it is on, and workplaces can still join until {pledge_by}.")
        if walkout.stage is Stage.ON
        else by_kind(
            walkout.terms.kind,
            _("{headline}: there is still time to pledge, until {pledge_by}."),
            survey=_("{headline}: there is still time to take part, until {pledge_by}."),
        )
    )
    return said.format(headline=headline(walkout.terms), pledge_by=pledge_by(walkout))


def _lapsed(letter: Letter) -> str:
    if was_missed(_walkout(letter)):
        return by_kind(
            _kind(letter),
            _(
                "Not now. {headline}: I was not running when the pledges were to be counted, and then it was too late "
                "to tell everybody. Nobody walks out: go to work as usual. No list of who pledged exists."
            ),
            _(
                "Not now. {headline}: I was not running when the pledges were to be counted, and then it was too late "
                "to tell everybody. Nobody takes part: go to work as usual. No list of who pledged exists."
            ),
        ).format(headline=headline(_walkout(letter).terms))
    return by_kind(
        _kind(letter),
        _(
            "Not now. {headline}: not enough of us pledged in time, so nobody walks out. Go to work as usual. No list "
            "of who pledged exists."
        ),
        _(
            "Not now. {headline}: not enough of us pledged in time, so nobody takes part. Go to work as usual. No list "
            "of who pledged exists."
        ),
    ).format(headline=headline(_walkout(letter).terms))


def _called_off(letter: Letter) -> str:
    return by_kind(
        _kind(letter),
        _("Called off. {headline}: the organizers have called it off. Nobody walks out: go to work as usual."),
        _("Called off. {headline}: the organizers have called it off. Nobody takes part: go to work as usual."),
        _("Called off. {headline}: the organizers have called it off. The survey has no result."),
    ).format(headline=headline(_walkout(letter).terms))


def _not_out(letter: Letter) -> str:
    return verdicts.not_out(_walkout(letter), letter.path)


def _left(letter: Letter) -> str:
    said = verdicts.not_out(_walkout(letter), letter.path)
    if letter.news.scope is not None:
        return said
    if letter.news.facts["can"]:
        return f"{said}\n\n" + _("The numbers can still be reached without it. No other number changes.")
    return f"{said}\n\n" + _(
        "Without it the numbers cannot be reached any more, even if everybody else pledges. If you agree on it, call "
        "it off: /calloff"
    )


def _room_test(letter: Letter) -> str:
    title = worded(_walkout(letter).terms).title
    if letter.news.scope is None:
        return _("This is a test: this room hears the citywide news of {title}.").format(title=title)
    return _("This is a test: this room hears the news of {workplace} for {title}.").format(
        workplace=names.full(letter.path), title=title
    )


def _look_again(letter: Letter) -> str:
    terms, facts = _walkout(letter).terms, letter.news.facts
    made, counts = (datetime.fromisoformat(str(facts[name])) for name in ("made", "counts"))
    return by_kind(
        terms.kind,
        _(
            "{headline}: my memory was lost, and is again as it was on {made}. Did you pledge after that, or take a "
            "pledge back? Then do it again: open your card and press Check. I decide nothing before {counts}."
        ),
        survey=_(
            "{headline}: my memory was lost, and is again as it was on {made}. Did you take part or vote after that, "
            "or take it back? Then do it again: open your card and press Check. I count nothing before {counts}."
        ),
    ).format(headline=headline(terms), made=when(made, terms), counts=when(counts, terms))


def _cards_voided(letter: Letter) -> str:
    return by_kind(
        _kind(letter),
        _(
            "New cards are printed for {workplace}. Have you pledged? Keep your card: your pledge stands. If not, draw "
            "a new card from your steward: every older one is dead."
        ),
        survey=_(
            "New cards are printed for {workplace}. Do you take part already? Keep your card: it counts. If not, draw "
            "a new card from your steward: every older one is dead."
        ),
    ).format(workplace=names.full(letter.path))


def _cards_recalled(letter: Letter) -> str:
    return by_kind(
        _kind(letter),
        _(
            "All cards of {workplace} are recalled, and no pledge made on them counts any more. Draw a new card from "
            "your steward, and pledge again."
        ),
        survey=_(
            "All cards of {workplace} are recalled, and none of them takes part any more. Draw a new card from your "
            "steward, and take part again."
        ),
    ).format(workplace=names.full(letter.path))


def _survey_over(letter: Letter) -> str:
    return verdicts.survey_over(_walkout(letter), letter.news.facts)


def _vote_again(letter: Letter) -> str:
    return _(
        "{headline}: cards of one workplace were recalled, and votes bear no workplace. So all votes are deleted. Have "
        "you voted? Then open your card and vote anew, until {pledge_by}."
    ).format(headline=headline(_walkout(letter).terms), pledge_by=pledge_by(_walkout(letter)))


def _kind(letter: Letter) -> StepKind:
    return _walkout(letter).terms.kind


def _walkout(letter: Letter) -> Walkout:
    if letter.walkout is None:
        raise ValueError(letter.news.kind)
    return letter.walkout


def _place(letter: Letter) -> Unit:
    if letter.about is None:
        raise ValueError(letter.news.kind)
    return letter.about


_WORDS: dict[Kind, Callable[[Letter], str]] = {
    Kind.OPENED: _opened,
    Kind.WORKPLACE_READY: _workplace_ready,
    Kind.MILESTONE: _milestone,
    Kind.ON: _on,
    Kind.WE_ARE_OUT: _we_are_out,
    Kind.NOT_YET_OUT: _not_yet_out,
    Kind.WORKPLACE_JOINS: _workplace_joins,
    Kind.REMINDER: _reminder,
    Kind.LAPSED: _lapsed,
    Kind.CALLED_OFF: _called_off,
    Kind.NOT_OUT: _not_out,
    Kind.LAST_WORD: _last_word,
    Kind.FEWER_NOW: _last_word,
    Kind.TOMORROW: _tomorrow,
    Kind.STARTS: _begins,
    Kind.AFTERWARDS: _afterwards,
    Kind.ROOM_TEST: _room_test,
    Kind.LOOK_AGAIN: _look_again,
    Kind.CARDS_VOIDED: _cards_voided,
    Kind.CARDS_RECALLED: _cards_recalled,
    Kind.LEFT: _left,
    Kind.SURVEY_OVER: _survey_over,
    Kind.VOTE_AGAIN: _vote_again,
    Kind.ANOTHER_TRY: lambda letter: another_try.told(_walkout(letter)),
    Kind.COMMITTEE_WORD: lambda letter: committee_word.said(letter.news.facts, _walkout(letter)),
}


# -- what organizers and stewards may tell people --------------------------------------------------------------------


def _tell_to_wait(letter: Letter) -> str:
    if letter.news.scope is None or _place(letter).tier is Tier.AREA:
        return by_kind(
            _kind(letter),
            _("Tell people: work as usual until the day. I say to each workplace whether it walks out."),
            _("Tell people: nobody leaves work for it. I say to each workplace whether it takes part."),
        )
    return by_kind(
        _kind(letter),
        _("Tell people: work as usual until the day, and then walk out together. Do not ask who pledged."),
        _("Tell people: on the day we take part together, and nobody leaves work for it. Do not ask who pledged."),
    )


def _tell_fewer(letter: Letter) -> str:
    if _kind(letter) is not StepKind.WALKOUT:
        return _(
            "Tell people: fewer than we need stand now. Let us talk to each other before the day. Nobody leaves work "
            "for it. Do not ask who pledged."
        )
    if _place(letter).minimum:  # as verdicts has it
        return _(
            "Tell people: fewer than we need stand now. Let us talk to each other before the day. Until then, work as "
            "usual. Do not ask who pledged."
        )
    return _(
        "Tell people: fewer than our number stand now. Let us talk to each other before the day. Until then, work as "
        "usual. Do not ask who pledged."
    )


def _tell_not_yet(letter: Letter) -> str:
    return by_kind(
        _kind(letter),
        _("Tell people: work as usual, we do not walk out yet. Who wants to can still pledge. Do not ask who has."),
        _("Tell people: work as usual, we do not take part yet. Who wants to can still pledge. Do not ask who has."),
    )


def _tell_to_work(letter: Letter) -> str:
    return by_kind(
        _kind(letter),
        _("Tell people: go to work as usual. Do not ask who pledged."),
        survey=_("Tell people: the survey is called off. Do not ask who took part."),
    )


def _tell_the_result(letter: Letter) -> str:
    if not _walkout(letter).terms.questions:
        return _("Tell people: the survey is over, thank you. Do not ask who took part.")
    return _("Tell people: these numbers are all that anybody knows. Do not ask who took part, or how they voted.")


def _tell_to_vote_again(_letter: Letter) -> str:
    return _("Tell people: whoever has voted votes anew. Do not ask how.")


_TO_TELL: dict[Kind, Callable[[Letter], str]] = {
    Kind.ON: _tell_to_wait,
    Kind.WE_ARE_OUT: _tell_to_wait,
    Kind.WORKPLACE_JOINS: _tell_to_wait,
    Kind.LAST_WORD: _tell_to_wait,
    Kind.FEWER_NOW: _tell_fewer,
    Kind.NOT_YET_OUT: _tell_not_yet,
    Kind.NOT_OUT: _tell_to_work,
    Kind.LAPSED: _tell_to_work,
    Kind.CALLED_OFF: _tell_to_work,
    Kind.SURVEY_OVER: _tell_the_result,
    Kind.VOTE_AGAIN: _tell_to_vote_again,
}
