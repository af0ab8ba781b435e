"""What an answer to /draft means: to each question its own way of reading, hand against the rules of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from math import ceil
from pathlib import PurePath
from typing import Literal

from bot.domain import zones
from bot.domain.model import FEWEST, LEAST_TO_DECIDE, Question, StepKind, Tier
from bot.draft import (
    Before,
    DraftRefused,
    Problem,
    ProblemKind,
    RosterOptions,
    SourceFile,
    Summary,
    Totals,
    typed_list,
)
from bot.draft.sketch import AGAIN, FIRST, QUESTIONS, Part
from bot.draft.terms import ANY, ONE
from bot.draft.writing import Value, check_field
from bot.parsing import typed_text
from bot.parsing.dates import Moment, MomentProblem, read_moment, zones_named
from bot.process.clock import read_instant
from bot.usecases import steps
from bot.usecases.sketches import InHand
from handlers.conversation.messages import Ask
from handlers.sandboxed import sandbox_client
from handlers.texts import draft as draft_texts
from handlers.texts import drafting as texts
from handlers.texts import lists as lists_texts
from handlers.texts.organizers_words import worded
from handlers.texts.times import day_and_hour, moment_choices, moment_problem, moment_says

TERMS, WORKPLACES = "walkout.toml", "workplaces.csv"

SHARES = ("50%", "65%", "75%")
CITYWIDE_PERCENT = (30, 40, 50)
HOW_MANY_APPROVE = ("1", "2", "3")
EVENING = time(20)
KINDS = (StepKind.SURVEY, StepKind.ACTION, StepKind.WALKOUT)
OPEN_WHERE = (50, 60, 75, 100)
A_SURVEY_LASTS = (3, 7, 14)
"""Days."""
MOST_STEPS = 8
"""The last ones of each kind: Discord shows 25 buttons at most."""


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


async def choices(ask: Ask, hand: InHand, at: Part) -> Sequence[tuple[str, str]]:  # noqa: C901, PLR0911  one way out for each part
    """Return what can be pressed instead of written: in words, and as the file would have it."""
    sketch = hand.sketch
    if sketch.offered:
        return sketch.offered
    match at:
        case Part.STEP:
            return await _steps(ask)
        case Part.KIND:
            return [(texts.kind(kind), kind) for kind in KINDS]
        case Part.OPENS_WHERE:
            return [(texts.percent(share), f"{share}%") for share in OPEN_WHERE]
        case Part.WORKPLACES if sketch.after is not None:
            return [(texts.same_workplaces(), "")]
        case Part.TIMEZONE:
            return [(zones.city(zone), zone) for zone in zones_named(sketch.answers[Part.CITY])]
        case Part.PLEDGE_BY:
            return [(day_and_hour(each), each.at.isoformat()) for each in _deadlines(ask, hand)]
        case Part.SHARE:
            return [(share, share) for share in SHARES]
        case Part.CITYWIDE if sketch.listed is not None:
            people = sketch.listed.people
            numbers = [(percent, ceil(people * percent / 100)) for percent in CITYWIDE_PERCENT]
            return [(texts.people_share(n, percent), str(n)) for percent, n in numbers if n >= FEWEST]
        case Part.APPROVALS:
            return [(n, n) for n in HOW_MANY_APPROVE]
    return []


async def _steps(ask: Ask) -> Sequence[tuple[str, str]]:
    """Return what a step can be of."""
    newest, lapsed = await steps.to_follow(ask.app.store, ask.app.keys)
    return [
        (texts.on_its_own(), ""),
        (texts.first_step(), FIRST),
        *((texts.next_step(worded(step.terms)), step.id) for step in newest[-MOST_STEPS:]),
        *((texts.another_try(worded(step.terms).title), f"{AGAIN}{step.id}") for step in lapsed[-MOST_STEPS:]),
    ]


def _deadlines(ask: Ask, hand: InHand) -> Sequence[Moment]:
    """Return evenings: of the days before they walk out, as far as they lie ahead; of a survey in some days."""
    zone = hand.sketch.answers[Part.TIMEZONE]
    if Part.STARTS not in hand.sketch.parts:
        today = zones.pinned(ask.app.clock(), zone).date()
        ahead = [datetime.combine(today + timedelta(days=days), EVENING) for days in A_SURVEY_LASTS]
        return [Moment(at=at, zone=zone) for wall in ahead for at in zones.showing(wall, zone)[:1]]
    starts = datetime.fromisoformat(hand.sketch.answers[Part.STARTS])
    evenings = [datetime.combine(starts.date() - timedelta(days=days), EVENING) for days in (1, 2, 3)]
    found = [Moment(at=at, zone=zone) for wall in evenings for at in zones.showing(wall, zone)[:1]]
    return [each for each in found if ask.app.clock() + LEAST_TO_DECIDE < each.at <= starts - LEAST_TO_DECIDE]


async def choose(ask: Ask, hand: InHand, at: Part, index: int) -> Answered:
    """Take one of the choices under the question for the answer."""
    asked = hand.sketch.asked
    if asked is not None and index < len(asked.choices):
        return await reread(ask, hand, at, source(hand), asked.choices[index].options)
    offered = [] if asked is not None else await choices(ask, hand, at)
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
    if at in {Part.STEP, Part.KIND}:
        raise NoAnswer(texts.nothing_asked())
    if at in QUESTIONS:
        asked, *options = [line.strip() for line in text.splitlines() if line.strip()] or [""]
        _check(ask, "questions", (Question(text=asked, options=tuple(options)),))
        written = "\n".join([asked, *options])
        raise NoAnswer(
            texts.how_many(), [(texts.one_option(), f"{ONE}\n{written}"), (texts.any_option(), f"{ANY}\n{written}")]
        )
    return await take(ask, hand, at, text)


async def take(ask: Ask, hand: InHand, at: Part, text: str) -> Answered:  # noqa: C901, PLR0911  one way out for each part
    """Take a text for the answer, typed or a button's. Raises NoAnswer."""
    sketch = hand.sketch
    match at:
        case Part.WORKPLACES:
            return await _same_workplaces(ask, hand)
        case Part.OPENS_WHERE:
            _check(ask, at, text)
            return _answered(hand, at, text)
        case Part.STEP | Part.KIND | Part.QUESTION_1 | Part.QUESTION_2 | Part.QUESTION_3:  # a button's
            return _answered(hand, at, text)
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


async def _same_workplaces(ask: Ask, hand: InHand) -> Answered:
    """Take those of the step before, with their numbers."""
    before = await before_it(ask, hand)
    if before is None:
        raise NoAnswer(texts.nothing_asked())
    places = [unit for unit in before.units if unit.tier is Tier.WORKPLACE]
    summary = Summary(workplaces=len(places), people=sum(unit.headcount for unit in places))
    sketch = replace(hand.sketch, options=RosterOptions(), asked=None, listed=summary)
    step = _answered(replace(hand, sketch=sketch, list=b""), Part.WORKPLACES, "", lists_texts.summary(summary))
    return _answered(step.hand, Part.SHARE, "", step.said)


async def before_it(ask: Ask, hand: InHand) -> Before | None:
    """Return the step that it follows. Raises DraftRefused."""
    after = hand.sketch.after
    return None if after is None else await steps.before(after, ask.app.store, ask.app.keys)


def _check(ask: Ask, at: Part | Literal["questions"], value: Value) -> None:
    """Hold an answer against the rules of the file."""
    problems = check_field(at, value, now=ask.app.clock())
    if problems:
        called = [
            replace(each, facts={**each.facts, "field": texts.label(at)}) if isinstance(at, Part) else each
            for each in problems
        ]
        raise NoAnswer("\n".join(map(draft_texts.sentence, called)))


def _moment(ask: Ask, hand: InHand, at: Part, text: str) -> Answered:
    zone, now = hand.sketch.answers[Part.TIMEZONE], ask.app.clock()
    exact = read_instant(text)  # as a button has it
    found = Moment(at=zones.pinned(exact, zone), zone=zone) if exact else read_moment(text, zone, now=now)
    if isinstance(found, MomentProblem):
        offered = zip(moment_choices(found), [each.at.isoformat() for each in found.readings], strict=True)
        raise NoAnswer(moment_problem(found), list(offered))
    _check(ask, at, found.at)
    starts = hand.sketch.answers.get(Part.STARTS) if at is Part.PLEDGE_BY and Part.STARTS in hand.sketch.parts else None
    if starts and datetime.fromisoformat(starts) - found.at < LEAST_TO_DECIDE:
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
        before = await before_it(ask, hand)
        await sandbox_client.read(ask.app.sandbox, file, None, RosterOptions(), now=ask.app.clock(), after=before)
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
