"""Who may do what, and how many must agree: as tables, and against a plain count of heads."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from bot.domain.errors import Halted, NotEnoughOrganizers
from bot.domain.model import UnitId, WalkoutId
from bot.domain.roles import (
    GO_ON,
    REACH,
    Became,
    Duty,
    Matter,
    MemberId,
    Proposal,
    Reach,
    Role,
    Roles,
    Suspension,
    is_own,
    missing,
    needed,
    voters,
)

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
        (Roles(units=((WalkoutId("k7m3q"), UnitId(1)),)), True),
    ],
)
def test_an_organizer_or_a_steward_has_a_role(roles: Roles, *, has_any: bool) -> None:
    assert roles.any is has_any


UNTIL = datetime(2026, 12, 2, tzinfo=UTC)


def suspensions(*pairs: str) -> list[Suspension]:
    """Let the first of each pair have suspended the second."""
    return [
        Suspension(id=pair, suspender=pair[:1].encode(), suspended=pair[1:].encode(), until=UNTIL, again=UNTIL)
        for pair in pairs
    ]


@pytest.mark.parametrize("matter", sorted(set(Matter) - GO_ON - {Matter.LEAVE}))
def test_while_somebody_is_suspended_everything_but_three_matters_waits(matter: Matter) -> None:
    with pytest.raises(Halted) as halted:
        voters(matter, b"", people("abcde"), suspensions("ab"), approvals=2)
    assert halted.value.until == UNTIL


def test_a_unit_leaves_meanwhile_by_those_whom_no_suspension_stops() -> None:
    deciding = voters(Matter.LEAVE, b"", people("abc"), suspensions("ab"), approvals=2, own=people("bd"))
    assert deciding == people("cd")


def test_calling_off_is_decided_as_if_nobody_were_suspended() -> None:
    assert voters(Matter.CALL_OFF, b"", people("abc"), suspensions("ab"), approvals=2) == people("abc")


@pytest.mark.parametrize(
    ("about", "organizers", "pairs", "approvals", "expected"),
    [
        ("b", "ab", ["ab"], 2, "a"),  # one, where it takes two: only the server's keeper can
        ("a", "ab", ["ab"], 2, "b"),
        ("b", "abc", ["ab"], 2, "ac"),  # the third with the suspender ...
        ("a", "abc", ["ab"], 2, "bc"),  # ... or with the suspended
        ("b", "abc", ["ab"], 1, "c"),
        ("c", "abc", ["ab"], 2, None),  # nobody else is removed meanwhile
        ("b", "abcd", ["ab"], 2, "cd"),
        ("b", "abcde", ["ab"], 2, "cde"),
        ("b", "abcde", ["ab"], 4, "acde"),
        ("b", "abcde", ["ab", "cd"], 2, "ae"),  # of two suspensions only the subject's own counts
        ("d", "abcde", ["ab", "cd"], 2, "ce"),
        ("e", "abcde", ["ab", "cd"], 2, None),
    ],
)
def test_who_goes_of_two_is_for_the_others(
    about: str, organizers: str, pairs: list[str], approvals: int, expected: str | None
) -> None:
    running = suspensions(*pairs)
    if expected is None:
        with pytest.raises(Halted):
            voters(Matter.REMOVE, about.encode(), people(organizers), running, approvals=approvals)
        return
    deciding = voters(Matter.REMOVE, about.encode(), people(organizers), running, approvals=approvals)
    assert deciding == people(expected)


# --- the same, counted head by head ---


def head_by_head(
    asked: Proposal, organizers: list[MemberId], approvals: int, own: Collection[MemberId] = ()
) -> int | str | None:
    """Let the organizers stand up one after the other: who approves, who refuses, who may still decide."""
    if asked.matter is Matter.LEAVE:
        return two_heads(asked, organizers, own)
    for_it, against, undecided = 0, 0, 0
    for one in {*organizers, *own}:
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


def two_heads(asked: Proposal, organizers: list[MemberId], own: Collection[MemberId]) -> int | str | None:
    """Try every two of them of whom one at least is the unit's own, and take the two who are nearest to agreeing."""
    if not own or len({*organizers, *own}) < 2:
        return "not enough"
    pairs = [(one, other) for one in own for other in {*organizers, *own} - {one}]
    still = [sum(each not in asked.approving for each in pair) for pair in pairs if not set(pair) & asked.refusing]
    return min(still, default=None)


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


@given(asking(), st.sets(st.sampled_from(EVERYBODY)), st.integers(1, 4), st.permutations(EVERYBODY), st.integers(0, 3))
def test_no_suspension_makes_anything_easier(
    asked: Proposal, organizers: set[MemberId], approvals: int, mixed: list[MemberId], number: int
) -> None:
    pairs = zip(mixed[:number], mixed[number : 2 * number], strict=True)
    running = [
        Suspension(id=str(n), suspender=by, suspended=of, until=UNTIL, again=UNTIL) for n, (by, of) in enumerate(pairs)
    ]
    without = _distance(asked, list(organizers), approvals)
    try:
        left = missing(asked, organizers, running, approvals=approvals)
    except (NotEnoughOrganizers, Halted):
        left = None
    if left is not None and without == float("inf"):  # whoever refused is stopped: then others may still approve
        assert left > 0
    else:
        assert left is None or left >= without
    event(f"{asked.matter in GO_ON} {left}")


organizing = st.lists(st.sampled_from(EVERYBODY), unique=True)


@given(asking(), organizing, st.integers(1, 4), organizing)
def test_what_is_missing_is_what_counting_heads_says(
    asked: Proposal, organizers: list[MemberId], approvals: int, own: list[MemberId]
) -> None:
    own = own if is_own(asked.matter) else []
    try:
        said: int | str | None = missing(asked, organizers, approvals=approvals, own=own)
    except NotEnoughOrganizers:
        said = "not enough"
    assert said == head_by_head(asked, organizers, approvals, own)
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


# --- who may do what: every role, every matter and duty, in their own unit or not ---

HERE, ELSEWHERE = WalkoutId("k7m3q"), WalkoutId("m3qk7")
NORTH, DEPOT, SCHOOL = UnitId(1), UnitId(2), UnitId(3)
"""The depot and the school are in the north."""

WHO = {
    "nobody": Roles(),
    "organizer": Roles(organizer=True),
    "unit organizer": Roles(units=((HERE, NORTH),), organizes=((HERE, NORTH),)),
    "steward": Roles(units=((HERE, NORTH),)),
}
WHERE = {
    "own": (HERE, (NORTH,)),
    "below": (HERE, (NORTH, DEPOT)),
    "beside": (HERE, (UnitId(4),)),
    "another walkout's": (ELSEWHERE, (NORTH,)),
    "the whole walkout": (HERE, ()),
    "no walkout": (None, ()),
}
OF_A_STEWARD = {"count", "look"}
OF_A_UNITS_ORGANIZER = {*OF_A_STEWARD, "host", "staff", "void", "leave"}


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("what", sorted([*Matter, *Duty]))
@pytest.mark.parametrize("who", WHO)
def test_who_may_do_what_and_where(who: str, what: Matter | Duty, where: str) -> None:
    theirs = {"unit organizer": OF_A_UNITS_ORGANIZER, "steward": OF_A_STEWARD}.get(who, set())
    expected = who == "organizer" or (what in theirs and where in {"own", "below"})
    assert WHO[who].may(what, *WHERE[where]) is expected
    assert WHO[who].may_somewhere(what) is (who == "organizer" or what in theirs)


def test_whoever_looks_after_a_part_has_no_word_above_it() -> None:
    roles = Roles(units=((HERE, DEPOT),), organizes=((HERE, DEPOT),))
    assert roles.may(Matter.LEAVE, HERE, (NORTH, DEPOT))
    assert not roles.may(Matter.LEAVE, HERE, (NORTH,))
    assert not roles.may(Matter.LEAVE, HERE, (NORTH, SCHOOL))


def test_matters_and_duties_are_told_apart_and_every_role_is_in_the_table() -> None:
    assert not {str(matter) for matter in Matter} & {str(duty) for duty in Duty}
    assert set(REACH) == set(Role)
    assert all(at is Reach.EVERYWHERE for at in REACH[Role.ORGANIZER].values())


@pytest.mark.parametrize(
    ("approving", "refusing", "expected"),
    [
        ("", "", 2),
        ("a", "", 1),
        ("ab", "", 1),  # two of the walkout's, and none of its own
        ("abc", "", 1),
        ("x", "", 1),
        ("ax", "", 0),
        ("xy", "", 0),
        ("ab", "xy", None),
        ("x", "abcy", None),
        ("x", "abc", 1),
    ],
)
def test_a_unit_leaves_by_two_of_its_own_or_one_and_one_of_the_walkouts(
    approving: str, refusing: str, expected: int | None
) -> None:
    asked = proposal(Matter.LEAVE, approving=approving, refusing=refusing)
    for approvals in (1, 2, 5):  # whatever the walkout says
        assert missing(asked, people("abc"), approvals=approvals, own=people("xy")) == expected


def test_a_unit_without_organizers_of_its_own_cannot_leave() -> None:
    with pytest.raises(NotEnoughOrganizers):
        missing(proposal(Matter.LEAVE, approving="ab"), people("ab"), approvals=2)
