"""What comes next, as a table: one row for each state that organizers and stewards find themselves in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.model import Stage
from bot.guards.readiness import Gaps
from bot.usecases.agenda import MOST, Step, next_steps
from tests.conftest import shops

WHOLE = Gaps(rooms=1)
BARE = Gaps(without_cards=tuple(shops(5)), without_steward=tuple(shops(5)), citywide_room=False)
NO_ROOM = Gaps(citywide_room=False)
ALL_LACKING = (Step.BIND_ROOM, Step.PRINT_CARDS, Step.APPOINT)


@pytest.mark.parametrize(
    ("stage", "lacks", "started", "steps"),
    [
        (None, WHOLE, False, (Step.DRAFT,)),
        (Stage.DRAFT, BARE, False, (*ALL_LACKING, Step.OPEN)),
        (Stage.DRAFT, NO_ROOM, False, (Step.BIND_ROOM, Step.OPEN)),
        (Stage.DRAFT, Gaps(rooms=1, more_organizers=1), False, (Step.APPOINT_ORGANIZER, Step.OPEN)),
        (Stage.DRAFT, replace(BARE, more_organizers=1), False, (Step.APPOINT_ORGANIZER, *ALL_LACKING)),
        (Stage.DRAFT, WHOLE, False, (Step.OPEN,)),
        (Stage.OPEN, WHOLE, False, (Step.BOARD, Step.TEST_ROOMS)),
        (Stage.OPEN, BARE, False, (*ALL_LACKING, Step.BOARD)),  # the fifth, the rooms' test, is left out
        (Stage.ON, WHOLE, False, (Step.TEST_ROOMS, Step.BOARD)),
        (Stage.ON, NO_ROOM, False, (Step.BIND_ROOM, Step.TEST_ROOMS, Step.BOARD)),
        (Stage.ON, WHOLE, True, (Step.REPORT, Step.BOARD)),
        (Stage.ON, BARE, True, (Step.REPORT, Step.BOARD)),
        (Stage.LAPSED, BARE, False, (Step.REPORT, Step.DRAFT)),
        (Stage.CALLED_OFF, BARE, True, (Step.REPORT, Step.DRAFT)),
        (Stage.CLOSED, BARE, True, (Step.DRAFT,)),
    ],
)
def test_what_comes_next_for_organizers(
    stage: Stage | None, lacks: Gaps, *, started: bool, steps: tuple[Step, ...]
) -> None:
    assert next_steps(stage, lacks, organizer=True, started=started) == steps


@pytest.mark.parametrize("stage", [None, *Stage])
@pytest.mark.parametrize("lacks", [WHOLE, BARE])
def test_nobody_is_shown_more_than_four_steps_and_a_steward_only_their_own(stage: Stage | None, lacks: Gaps) -> None:
    assert len(next_steps(stage, lacks, organizer=True)) <= MOST
    mine = next_steps(stage, lacks, organizer=False)
    assert mine == ((Step.BOARD, Step.COUNT_CARDS) if stage in {Stage.OPEN, Stage.ON} else ())
