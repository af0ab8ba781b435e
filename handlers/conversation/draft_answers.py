"""What an answer to /draft means: to each question its own way of reading, hand against the rules of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from math import ceil
from pathlib import PurePath

from bot.domain import zones
from bot.domain.model import LEAST_TO_DECIDE
from bot.draft import DraftRefused, Problem, ProblemKind, RosterOptions, SourceFile, Totals, typed_list
from bot.draft.sketch import Part
from bot.draft.writing import Value, check_field
from bot.parsing import typed_text
from bot.parsing.dates import Moment, MomentProblem, read_moment, zones_named
from bot.process.clock import read_instant
from bot.usecases.sketches import InHand
from handlers.conversation.messages import Ask
from handlers.sandboxed import sandbox_client
from handlers.texts import draft as draft_texts
from handlers.texts import drafting as texts
from handlers.texts import lists as lists_texts
from handlers.texts.times import day_and_hour, moment_choices, moment_problem, moment_says

TERMS, WORKPLACES = "walkout.toml", "workplaces.csv"

SHARES = ("50%", "65%", "75%")
CITYWIDE_PERCENT = (30, 40, 50)
HOW_MANY_APPROVE = ("1", "2", "3")
EVENING = time(20)


class NoAnswer(Exception):  # noqa: N818  said to the person, never raised further
    """What was said is no answer. `offered`: what it may mean."""

    def __init__(self, sentence: str, offered: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.offered = tuple(offered)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What came of an answer, and what to say of it."""

    hand: InHand
    said: str = ""


def choices(ask: Ask, hand: InHand, at: Part) -> Sequence[tuple[str, str]]:  # noqa: PLR0911  one way out for each part
    """Return what can be pressed instead of written: in words, and as the file would have it."""
    sketch = hand.sketch
    if sketch.offered:
        return sketch.offered
    match at:
        case Part.TIMEZONE:
            return [(zones.city(zone), zone) for zone in zones_named(sketch.answers[Part.CITY])]
        case Part.PLEDGE_BY:
            return [(day_and_hour(each), each.at.isoformat()) for each in _deadlines(ask, hand)]
        case Part.SHARE:
            return [(share, share) for share in SHARES]
        case Part.CITYWIDE if sketch.listed is not None:
            people = sketch.listed.people
            numbers = [(percent, ceil(people * percent / 100)) for percent in CITYWIDE_PERCENT]
            return [(texts.people_share(n, percent), str(n)) for percent, n in numbers]
        case Part.APPROVALS:
            return [(n, n) for n in HOW_MANY_APPROVE]
    return []


def _deadlines(ask: Ask, hand: InHand) -> Sequence[Moment]:
    """Return the evenings of the days before they walk out, as far as they lie ahead."""
    zone, starts = hand.sketch.answers[Part.TIMEZONE], datetime.fromisoformat(hand.sketch.answers[Part.STARTS])
    evenings = [datetime.combine(starts.date() - timedelta(days=days), EVENING) for days in (1, 2, 3)]
    found = [Moment(at=at, zone=zone) for wall in evenings for at in zones.showing(wall, zone)[:1]]
    return [each for each in found if ask.app.clock() + LEAST_TO_DECIDE < each.at <= starts - LEAST_TO_DECIDE]


async def choose(ask: Ask, hand: InHand, at: Part, index: int) -> Answered:
    """Take one of the choices under the question for the answer."""
    asked = hand.sketch.asked
    if asked is not None and index < len(asked.choices):
        return await reread(ask, hand, at, source(hand), asked.choices[index].options)
    offered = [] if asked is not None else choices(ask, hand, at)
    return await take(ask, hand, at, offered[index][1]) if index < len(offered) else Answered(hand=hand)


async def read(ask: Ask, hand: InHand, at: Part | None, text: str) -> Answered:
    """Read what somebody wrote. Raises NoAnswer."""
    if at is None:
        raise NoAnswer(texts.nothing_asked())
    if at is Part.WORKPLACES:
        found = typed_list(text)
        if not isinstance(found, SourceFile):
            raise NoAnswer("\n".join(map(draft_texts.problem, found)))
        return await take_list(ask, hand, found)
    return await take(ask, hand, at, text)


async def take(ask: Ask, hand: InHand, at: Part, text: str) -> Answered:  # noqa: PLR0911  one way out for each part
    """Take a text for the answer, typed or a button's. Raises NoAnswer."""
    sketch = hand.sketch
    match at:
        case Part.STARTS | Part.PLEDGE_BY:
            return _moment(ask, hand, at, text)
        case Part.TIMEZONE:
            found = (text,) if zones.is_known(text) else zones_named(text)
            if len(found) != 1:
                offered = [(zones.city(zone), zone) for zone in found]
                raise NoAnswer(texts.which_zone() if found else texts.no_such_city(text), offered)
            return _answered(hand, at, found[0])
        case Part.CITY:
            _check(ask, at, text)
            step = _answered(hand, at, text)
            found = zones_named(text)
            if len(found) != 1:
                return replace(step, hand=replace(step.hand, sketch=step.hand.sketch.to(Part.TIMEZONE)))
            return _answered(step.hand, Part.TIMEZONE, found[0], texts.zone_is(text, found[0]))
        case Part.SHARE:
            return await reread(ask, hand, at, source(hand), replace(sketch.options, threshold=text, small=None))
        case Part.CITYWIDE | Part.APPROVALS:
            number = _number(hand, at, text)
            _check(ask, at, number)
            return _answered(hand, at, str(number))
        case Part.DEMANDS | Part.LEVELS:
            written = tuple(line.strip() for line in text.splitlines() if line.strip())
            _check(ask, at, written)
            if at is Part.LEVELS and len(written) != (levels := len(sketch.options.level_columns or ())):
                raise NoAnswer(texts.so_many_names(levels))
            return _answered(hand, at, "\n".join(written))
    _check(ask, at, text)
    return _answered(hand, at, text)


def _answered(hand: InHand, at: Part, value: str, said: str = "") -> Answered:
    return Answered(hand=replace(hand, sketch=hand.sketch.answered(at, value)), said=said)


def _check(ask: Ask, at: Part, value: Value) -> None:
    """Hold an answer against the rules of the file."""
    problems = check_field(at, value, now=ask.app.clock())
    if problems:
        called = [replace(each, facts={**each.facts, "field": texts.label(at)}) for each in problems]
        raise NoAnswer("\n".join(map(draft_texts.sentence, called)))


def _moment(ask: Ask, hand: InHand, at: Part, text: str) -> Answered:
    zone, now = hand.sketch.answers[Part.TIMEZONE], ask.app.clock()
    exact = read_instant(text)  # as a button has it
    found = Moment(at=zones.pinned(exact, zone), zone=zone) if exact else read_moment(text, zone, now=now)
    if isinstance(found, MomentProblem):
        offered = zip(moment_choices(found), [each.at.isoformat() for each in found.readings], strict=True)
        raise NoAnswer(moment_problem(found), list(offered))
    _check(ask, at, found.at)
    if at is Part.PLEDGE_BY and datetime.fromisoformat(hand.sketch.answers[Part.STARTS]) - found.at < LEAST_TO_DECIDE:
        raise NoAnswer(texts.at_least_before(LEAST_TO_DECIDE))
    return _answered(hand, at, found.at.isoformat(), moment_says(found, now))


def _number(hand: InHand, at: Part, text: str) -> int:
    """Read a number of people, or of those in the city a share as well."""
    people = hand.sketch.listed.people if hand.sketch.listed else 0
    is_share = at is Part.CITYWIDE and text.endswith("%")
    percent = typed_text.number(text.removesuffix("%").strip()) if is_share else None
    number = typed_text.number(text) if percent is None else ceil(people * percent / 100)
    if number is None or number < 1:
        raise NoAnswer(texts.too_low(1))
    if at is Part.CITYWIDE and number > people:
        raise NoAnswer(texts.above_people(people))
    return number


async def take_terms(ask: Ask, hand: InHand, file: SourceFile) -> Answered:
    """Take the file of the terms for the answer to all but the list. Raises NoAnswer with whatever is wrong in it."""
    try:
        await sandbox_client.read(ask.app.sandbox, file, None, RosterOptions(), now=ask.app.clock())
    except DraftRefused as refused:
        of_its_own = [problem for problem in refused.problems if not _is_about_the_list(problem)]
        if of_its_own:
            raise NoAnswer(draft_texts.problems(DraftRefused(of_its_own, more=refused.more))) from None
    sketch = replace(hand.sketch, toml=file, again=None)
    return Answered(hand=replace(hand, sketch=sketch), said=texts.got_terms())


def _is_about_the_list(problem: Problem) -> bool:
    """Say whether it is only that the list is not there yet."""
    missing = problem.kind is ProblemKind.MISSING_FIELD and problem.facts.get("field") == "workplaces"
    return missing or problem.kind is ProblemKind.ROSTER_NOT_FOUND


# -- the list ---------------------------------------------------------------------------------------------------------


def source(hand: InHand) -> SourceFile:
    """Return the list as it is kept."""
    return SourceFile(name=hand.sketch.answers.get(Part.WORKPLACES) or WORKPLACES, data=hand.list)


async def take_list(ask: Ask, hand: InHand, file: SourceFile) -> Answered:
    """Take a list of workplaces in place of any other."""
    sketch = replace(hand.sketch.to(Part.WORKPLACES), options=RosterOptions(), listed=None)
    anew = replace(
        hand, sketch=replace(sketch, answers={k: v for k, v in sketch.answers.items() if k != Part.WORKPLACES})
    )
    return await reread(ask, anew, Part.WORKPLACES, file, RosterOptions())


async def reread(ask: Ask, hand: InHand, at: Part, file: SourceFile, options: RosterOptions) -> Answered:
    """Read the list with what is known of it now: it may leave something open, or be settled."""
    found = await sandbox_client.read_list(ask.app.sandbox, file, options, hand.sketch.toml)
    if any(problem.kind is ProblemKind.BAD_THRESHOLD_OPTION for problem in found.problems):
        raise NoAnswer(texts.no_share())
    if found.problems:
        raise NoAnswer("\n".join(map(draft_texts.problem, found.problems)))
    sketch = replace(hand.sketch, options=options, asked=found.questions[0] if found.questions else None)
    if found.questions:
        return Answered(hand=replace(hand, sketch=sketch, list=file.data))
    if at is Part.SHARE:
        now = replace(
            sketch.listed or found.summary,
            workplaces=found.summary.workplaces,
            people=found.summary.people,
            small=found.summary.small,
        )
        settled = replace(hand, sketch=replace(sketch, listed=now))
        return _answered(settled, at, options.threshold or "", lists_texts.summary(now) if now.small else "")
    # whatever is called like a total in it now is meant to stay
    areas = options.level_columns
    sketch = replace(sketch, listed=found.summary, options=RosterOptions(totals=Totals.KEEP, level_columns=areas))
    said = lists_texts.summary(found.summary)
    step = _answered(replace(hand, sketch=sketch, list=found.csv), Part.WORKPLACES, PurePath(file.name).name, said)
    if areas:
        step = _answered(step.hand, Part.LEVELS, "\n".join(areas), said)
    # each may have a number of its own
    return _answered(step.hand, Part.SHARE, "", said) if found.needed else step
