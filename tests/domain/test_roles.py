"""Who may do what, and how many must agree: as tables, and against a plain count of heads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from bot.domain.errors import NotEnoughOrganizers
from bot.domain.model import WalkoutId, WorkplaceId
from bot.domain.roles import Became, Matter, MemberId, Proposal, Roles, missing, needed

EVERYBODY = [bytes([letter]) for letter in b"abcdefg"]


def proposal(matter: Matter, *, approving: str = "", refusing: str = "", about: str = "") -> Proposal:
    return Proposal(
        id="PROP1",
        matter=matter,
        walkout=None,
        content=b"",
        key=b"",
        about=about.encode(),
        proposer=(approving or "a")[:1].encode(),
        until=datetime(2026, 12, 2, tzinfo=UTC),
        became=Became.OPEN,
        approving=people(approving),
        refusing=people(refusing),
    )


def people(letters: str) -> frozenset[MemberId]:
    return frozenset(letter.encode() for letter in letters)


# --- tables ---


@pytest.mark.parametrize(
    ("matter", "approvals", "organizers", "expected"),
    [
        (Matter.OPEN, 1, 1, 1),
        (Matter.OPEN, 1, 3, 1),
        (Matter.CALL_OFF, 2, 2, 2),
        (Matter.MINT, 3, 9, 3),
        (Matter.OPEN, 2, 1, None),  # one short
        (Matter.REMOVE, 2, 1, None),  # there were two, and the one has no say in it
        (Matter.VOID, 3, 2, None),
        (Matter.RECALL, 1, 2, 2),  # never one alone, whatever the walkout says
        (Matter.RECALL, 2, 1, None),
        (Matter.RECALL, 3, 3, 3),
        (Matter.OPEN, 1, 0, None),
        (Matter.APPOINT, 2, 1, 1),  # or too small a committee could never grow
        (Matter.APPOINT, 3, 2, 2),
        (Matter.APPOINT, 3, 3, 3),
        (Matter.APPOINT, 2, 0, 1),
    ],
)
def test_how_many_must_approve(matter: Matter, approvals: int, organizers: int, expected: int | None) -> None:
    if expected is not None:
        assert needed(matter, approvals=approvals, organizers=organizers) == expected
        return
    with pytest.raises(NotEnoughOrganizers) as refused:
        needed(matter, approvals=approvals, organizers=organizers)
    assert (refused.value.needed, refused.value.there) == (approvals, organizers)


@pytest.mark.parametrize(
    ("approving", "refusing", "organizers", "expected"),
    [
        ("a", "", "abc", 1),  # the proposer is one of the two
        ("ab", "", "abc", 0),
        ("abc", "", "abc", 0),
        ("a", "b", "abc", 1),  # c may still approve
        ("a", "bc", "abc", None),  # nobody is left who may
        ("a", "b", "ab", None),
        ("", "a", "ab", None),  # the proposer has thought again
        ("ax", "", "abc", 1),  # x organizes no more
        ("a", "x", "ab", 1),  # nor does x's refusal count
    ],
)
def test_what_is_missing_of_two_approvals(approving: str, refusing: str, organizers: str, expected: int | None) -> None:
    asked = proposal(Matter.OPEN, approving=approving, refusing=refusing)
    assert missing(asked, people(organizers), approvals=2) == expected


@pytest.mark.parametrize(
    ("approving", "refusing", "organizers", "expected"),
    [
        ("a", "", "abc", 1),  # c is the one who would go: b must agree
        ("ab", "", "abc", 0),
        ("ac", "", "abc", 1),  # what c says of it counts for nothing
        ("ab", "c", "abc", 0),
        ("a", "b", "abc", None),
        ("ab", "", "ab", 0),  # c has gone meanwhile
    ],
)
def test_nobody_has_a_say_in_their_own_removal(
    approving: str, refusing: str, organizers: str, expected: int | None
) -> None:
    asked = proposal(Matter.REMOVE, approving=approving, refusing=refusing, about="c")
    assert missing(asked, people(organizers), approvals=2) == expected


@pytest.mark.parametrize(
    ("roles", "has_any"),
    [
        (Roles(), False),
        (Roles(organizer=True), True),
        (Roles(workplaces=((WalkoutId("k7m3q"), WorkplaceId(1)),)), True),
    ],
)
def test_an_organizer_or_a_steward_has_a_role(roles: Roles, *, has_any: bool) -> None:
    assert roles.any is has_any


# --- the same, counted head by head ---


def head_by_head(asked: Proposal, organizers: list[MemberId], approvals: int) -> int | str | None:
    """Let the organizers stand up one after the other: who approves, who refuses, who may still decide."""
    for_it, against, undecided = 0, 0, 0
    for one in organizers:
        if one == asked.about:
            continue
        if one in asked.approving:
            for_it += 1
        elif one in asked.refusing:
            against += 1
        else:
            undecided += 1
    if asked.matter is Matter.RECALL and approvals == 1:
        approvals = 2
    there = for_it + against + undecided
    if there < approvals:
        if asked.matter is not Matter.APPOINT:
            return "not enough"
        approvals = there or 1
    if for_it >= approvals:
        return 0
    return approvals - for_it if for_it + undecided >= approvals else None


@st.composite
def asking(draw: st.DrawFn) -> Proposal:
    said = [(one, draw(st.sampled_from(["for", "against", ""]))) for one in EVERYBODY]
    matter = draw(st.sampled_from(Matter))
    return Proposal(
        id="PROP1",
        matter=matter,
        walkout=None,
        content=b"",
        key=b"",
        about=draw(st.sampled_from(EVERYBODY)) if matter is Matter.REMOVE else b"",
        proposer=EVERYBODY[0],
        until=datetime(2026, 12, 2, tzinfo=UTC),
        approving=frozenset(one for one, opinion in said if opinion == "for"),
        refusing=frozenset(one for one, opinion in said if opinion == "against"),
    )


organizing = st.lists(st.sampled_from(EVERYBODY), unique=True)


@given(asking(), organizing, st.integers(1, 4))
def test_what_is_missing_is_what_counting_heads_says(
    asked: Proposal, organizers: list[MemberId], approvals: int
) -> None:
    try:
        said: int | str | None = missing(asked, organizers, approvals=approvals)
    except NotEnoughOrganizers:
        said = "not enough"
    assert said == head_by_head(asked, organizers, approvals)
    event(str(said))


@given(asking(), organizing, st.integers(1, 4), st.sampled_from(EVERYBODY))
def test_one_more_approval_never_makes_it_further_away(
    asked: Proposal, organizers: list[MemberId], approvals: int, one: MemberId
) -> None:
    more = Proposal(
        id=asked.id,
        matter=asked.matter,
        walkout=None,
        content=b"",
        key=b"",
        about=asked.about,
        proposer=asked.proposer,
        until=asked.until,
        approving=asked.approving | {one},
        refusing=asked.refusing - {one},
    )
    before, after = (_distance(each, organizers, approvals) for each in (asked, more))
    assert after <= before
    assert before - after <= 1 or before == float("inf")


def _distance(asked: Proposal, organizers: list[MemberId], approvals: int) -> float:
    try:
        left = missing(asked, organizers, approvals=approvals)
    except NotEnoughOrganizers:
        return float("inf")
    return float("inf") if left is None else left


def test_one_organizer_alone_recalls_nothing_whatever_the_walkout_says() -> None:
    with pytest.raises(NotEnoughOrganizers) as refused:
        needed(Matter.RECALL, approvals=1, organizers=1)
    assert (refused.value.needed, refused.value.there) == (2, 1)
