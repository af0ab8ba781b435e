"""What the steps of a campaign prove, workplace by workplace, and how far each workplace has come.

All of it follows from what the board shows: no count that it hides decides anything, so the news of who qualifies, the
ladder, and who is left out when a step opens tell nothing besides. See docs/decisions/0061-what-a-step-proves.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from bot.domain import disclosure
from bot.domain.model import Stage, StepKind, Tier, Unit, UnitId, Walkout, WalkoutId

WHOLE = 100
"""Per cent of its number that a workplace must have come to where no step says less."""

Step = tuple[Walkout, Sequence[Unit]]
"""A step with its units, as its last tally left both."""


def is_counted(step: Walkout) -> bool:
    """Say whether its last count is in: a survey's of who takes part, any other's of who did on the day.

    It still is once the step is closed, and never of what lapsed or was called off.
    """
    if step.terms.kind is StepKind.SURVEY:
        return step.ended is not None and step.tallied == step.terms.pledge_by
    return step.stage in {Stage.ON, Stage.CLOSED} and _is_last_of_the_day(step)


def _is_last_of_the_day(step: Walkout) -> bool:
    return disclosure.shows_turnout(step) and step.next_tally is None and step.ended is None


def has_lapsed(step: Walkout, units: Iterable[Unit]) -> bool:
    """Say whether not enough had pledged, also once it is closed: whatever builds on it is another try."""
    ended_at_last = step.stage is Stage.CLOSED and step.ended is not None and step.tallied == step.terms.pledge_by
    is_lapsed = step.stage is Stage.LAPSED or (ended_at_last and step.terms.kind is not StepKind.SURVEY)
    return is_lapsed and not any(unit.out for unit in units)  # else it was called off after it was on


def proved(step: Walkout, unit: Unit, share: int = WHOLE) -> bool:
    """Say whether a workplace has proved a step whose last count is in: that its people do what they pledge.

    It shows *reached*, or a number that is at least this share of its own, in per cent.
    """
    if step.terms.kind is StepKind.SURVEY:
        line, takes_part = unit.line, not unit.left
    else:
        line, takes_part = unit.turnout_line, unit.out
    return takes_part and (line.reached or line.number >= least(unit.threshold, share))


def least(threshold: int, share: int) -> int:
    """Return the fewest people that are this share of a number."""
    return -(-share * threshold // WHOLE)


def only_reached(threshold: int, share: int) -> bool:
    """Say whether a workplace shows this share of its number only by showing that it has reached all of it."""
    return disclosure.highest(threshold) < least(threshold, share)


def qualified(step: Walkout, units: Iterable[Unit], share: int = WHOLE) -> frozenset[UnitId]:
    """Return the workplaces that have proved a step; none before its last count is in."""
    if not is_counted(step):
        return frozenset()
    return frozenset(unit.id for unit in units if unit.tier is Tier.WORKPLACE and proved(step, unit, share))


def opens_at(draft: Walkout, step: Step) -> frozenset[UnitId] | None:
    """Return the workplaces at which a draft can open that builds on this step; None: at all, for it is another try."""
    return None if has_lapsed(*step) else qualified(*step, draft.terms.opens_where)


def asked_of(step: Walkout, steps: Iterable[Walkout]) -> int:
    """Return the share by which a step is proved: the least that any asks for that builds on it; if none does, all."""
    return min((each.terms.opens_where for each in steps if each.after == step.id), default=WHOLE)


def rungs(steps: Sequence[Step]) -> Mapping[WalkoutId, int]:
    """Say for each step which rung of the ladder it is, from 1.

    Another try is the same rung as what lapsed, and so is a second step after the same one, for those that did not
    come so far the first time.
    """
    by_id = {step.id: (step, units) for step, units in steps}

    def rung(step: Walkout) -> int:
        if step.after is None or step.after not in by_id:
            return 1
        before, units = by_id[step.after]
        return rung(before) + (not has_lapsed(before, units))

    return {step.id: rung(step) for step, _units in steps}


Came = tuple[tuple[Walkout, bool], ...]
"""The steps of a workplace whose last count is in, and whether it has proved each."""


def came(steps: Sequence[Step]) -> Mapping[UnitId, Came]:
    """Say of each workplace in which steps it was that are counted, and which it has proved, in the order of steps."""
    opened = [step for step, _units in steps if step.opened is not None]
    found: dict[UnitId, Came] = {}
    for step, units in steps:
        those, counted = qualified(step, units, asked_of(step, opened)), is_counted(step)
        for unit in units:
            if unit.tier is Tier.WORKPLACE:
                found[unit.id] = (*found.get(unit.id, ()), *([(step, unit.id in those)] if counted else []))
    return found


def ladder(steps: Sequence[Step]) -> Mapping[UnitId, int]:
    """Say how far each workplace has come: the highest rung that it has proved; 0: none yet."""
    at = rungs(steps)
    return {
        unit: max((at[step.id] for step, has_proved in those if has_proved), default=0)
        for unit, those in came(steps).items()
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """How many workplaces have come as far as one rung of the ladder, or further."""

    steps: tuple[Walkout, ...]  #: one, or several tries
    reached: int | None  #: None: no last count of it is in
    workplaces: int  #: in its steps, as they were opened


def climbed(steps: Sequence[Step]) -> tuple[Rung, ...]:
    """Return the rungs that were opened, from the first, as organizers see them."""
    steps = [(step, units) for step, units in steps if step.opened is not None]
    at, places = rungs(steps), ladder(steps)
    made = []
    for number in range(1, max(at.values(), default=0) + 1):
        here = [(step, units) for step, units in steps if at[step.id] == number]
        workplaces = {unit.id for _step, units in here for unit in units if unit.tier is Tier.WORKPLACE}
        has_count = any(is_counted(step) for step, _units in here)
        reached = sum(place >= number for place in places.values()) if has_count else None
        made.append(Rung(steps=tuple(step for step, _units in here), reached=reached, workplaces=len(workplaces)))
    return tuple(made)


def for_everybody(ladder: Iterable[Rung]) -> tuple[Rung, ...]:
    """Return the rungs as anybody may see them: with fewer than three workplaces there, as if there were none."""
    return tuple(
        rung if rung.reached is None or rung.reached >= disclosure.FEWEST_LINES else replace(rung, reached=0)
        for rung in ladder
    )


def left_out(units: Sequence[Unit], those: AbstractSet[UnitId]) -> frozenset[UnitId]:
    """Return all units but these workplaces, what is below them, and the areas that they are in."""
    kept, parents = set[UnitId](), set[UnitId]()
    for unit in units:
        if unit.id in those or (unit.tier is Tier.DEPARTMENT and unit.parent in kept):
            kept.add(unit.id)
    for unit in reversed(units):
        if unit.id in kept or unit.id in parents:
            kept.add(unit.id)
            parents.add(unit.parent)
    return frozenset(unit.id for unit in units if unit.id not in kept)
