"""What comes next for whoever runs a walkout or looks after a workplace."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.model import Stage
from bot.guards.readiness import Gaps

MOST = 4
"""Steps shown at once: no more are read."""


class Step(StrEnum):
    """Something to do now."""

    DRAFT = "draft"
    BIND_ROOM = "bind_room"  #: the citywide one
    PRINT_CARDS = "print_cards"
    APPOINT = "appoint"
    APPOINT_ORGANIZER = "appoint_organizer"  #: too few are there to open it
    OPEN = "open"
    BOARD = "board"
    TEST_ROOMS = "test_rooms"
    COUNT_CARDS = "count_cards"  #: a steward says how many were drawn
    REPORT = "report"


def next_steps(stage: Stage | None, lacks: Gaps, *, organizer: bool, started: bool = False) -> tuple[Step, ...]:
    """Return what is to be done now, first things first; `stage` None: there is no walkout.

    `started`: the hour at which people walk out has come.
    """
    if not organizer:
        return (Step.BOARD, Step.COUNT_CARDS) if stage in {Stage.OPEN, Stage.ON} else ()
    missing = (
        (Step.APPOINT_ORGANIZER, lacks.more_organizers > 0),
        (Step.BIND_ROOM, not lacks.citywide_room),
        (Step.PRINT_CARDS, bool(lacks.without_cards)),
        (Step.APPOINT, bool(lacks.without_steward)),
    )
    lacking = tuple(step for step, is_missing in missing if is_missing)
    steps = {
        None: (Step.DRAFT,),
        Stage.DRAFT: (*lacking, Step.OPEN),
        Stage.OPEN: (*lacking, Step.BOARD, Step.TEST_ROOMS),
        Stage.ON: (Step.REPORT, Step.BOARD) if started else (*lacking[:1], Step.TEST_ROOMS, Step.BOARD),
        Stage.LAPSED: (Step.REPORT, Step.DRAFT),
        Stage.CALLED_OFF: (Step.REPORT, Step.DRAFT),
        Stage.ENDED: (Step.REPORT, Step.DRAFT),
        Stage.CLOSED: (Step.DRAFT,),
    }[stage]
    return steps[:MOST]
