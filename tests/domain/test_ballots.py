"""What is told of ballots, and that no single one follows from it: every result, every observer who knows four."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from bot.domain import ballots
from bot.domain.model import Question

MANY = Question(text="What do we want?", options=("pay", "rest", "heat"), many=True)
ONE = Question(text="How long?", options=("a day", "a week"))
KNOWN = 4
"""Ballots that an observer knows: their own, or planted."""

Result = Callable[..., Mapping[str, object]]
Counts = tuple[int, ...]  #: how many have chosen each option; last, in a question with one choice: none


@pytest.mark.parametrize(
    ("ballot", "fitting"),
    [
        ("000000", True),  # everything left out
        ("070100", True),
        ("070200", True),
        ("080000", False),  # a fourth demand
        ("000300", False),  # two where one may be
        ("000400", False),
        ("000001", False),  # a third question
        ("0700", False),
        ("07010", False),
        ("0x0100", False),
        ("07 100", False),
        ("0701000", False),
        ("07010A", False),
    ],
)
def test_what_can_be_cast(ballot: str, fitting: bool) -> None:  # noqa: FBT001
    assert ballots.fits((MANY, ONE), ballot) is fitting


def test_eight_options_and_three_questions_fit() -> None:
    eight = Question(text="", options=tuple("abcdefgh"), many=True)
    assert ballots.fits((eight, eight, eight), "ffffff")
    assert list(ballots.chosen("0081ff", 1)) == [0, 7]


def test_a_tap_marks_and_unmarks_or_chooses_another() -> None:
    ballot = ballots.choosing(MANY, ballots.BLANK, 0, 2)
    assert ballot == "040000"
    ballot = ballots.choosing(MANY, ballot, 0, 0)
    assert (ballot, list(ballots.chosen(ballot, 0))) == ("050000", [0, 2])
    assert ballots.choosing(MANY, ballot, 0, 2) == "010000"
    ballot = ballots.choosing(ONE, ballots.choosing(ONE, ballot, 1, 0), 1, 1)
    assert ballot == "050200"
    assert ballots.leaving_out(ballot, 0) == "000200"


@pytest.mark.parametrize(
    ("cast", "people", "told", "totals"),
    [
        ({}, 40, None, [[None, None, None], [None, None]]),  # nobody votes
        ({"010100": 8}, 40, None, [[None, None, None], [None, None]]),  # fewer than nine
        ({"010100": 9}, 8, None, [[None, None, None], [None, None]]),  # or than nine people
        ({"010100": 9}, 40, 5, [[None, None, None], [None, None]]),
        ({"010100": 11}, 40, 10, [[5, None, None], [5, None]]),  # all the same, which is not told
        ({"010100": 6, "000000": 10}, 40, 15, [[5, None, None], [5, None]]),
        ({"010100": 5, "000000": 10}, 40, 10, [[None, None, None], [None, None]]),  # five are not more than five
        ({"010100": 40, "030200": 27}, 90, 65, [[60, 25, None], [30, 20]]),  # both lowered: else all would be told
        ({"010100": 40, "030200": 27, "000000": 9}, 90, 75, [[65, 25, None], [35, 25]]),
        ({"010100": 20, "010200": 20}, 90, 35, [[30, None, None], [10, 10]]),  # alike
        ({"010100": 60}, 21, 20, [[15, None, None], [15, None]]),  # more ballots than people
    ],
)
def test_what_is_told(cast: Mapping[str, int], people: int, told: int | None, totals: object) -> None:
    assert ballots.result((MANY, ONE), cast, people=people) == {"ballots": told, "totals": totals}


@pytest.mark.parametrize(
    ("totals", "leading"),
    [
        ([None, None], []),  # nothing is said
        ([5, None, 15], [2]),
        ([15, 5, 15], [0, 2]),  # nobody can tell between them
    ],
)
def test_who_leads_as_far_as_it_is_told(totals: Sequence[int | None], leading: Sequence[int]) -> None:
    assert list(ballots.leading(totals)) == leading


# -- every result -------------------------------------------------------------------------------------------------


def one_choice(options: int, number: int) -> Iterator[Counts]:
    """Every way in which so many ballots can fall, the last of each being those left out."""
    if not options:
        yield (number,)
        return
    for first in range(number + 1):
        for rest in one_choice(options - 1, number - first):
            yield first, *rest


def any_choice(options: int, number: int) -> Iterator[Counts]:
    """Likewise where a ballot may bear several options."""
    if not options:
        yield ()
        return
    for first in range(number + 1):
        for rest in any_choice(options - 1, number):
            yield first, *rest


def cast(counts: Counts, number: int, *, many: bool) -> Mapping[str, int]:
    """Write so many ballots down that come to this."""
    votes: dict[str, int] = defaultdict(int)
    if many:
        for nth in range(number):
            votes[f"{sum(1 << option for option, count in enumerate(counts) if nth < count):02x}0000"] += 1
    else:
        for option, count in enumerate(counts[:-1]):
            votes[f"{1 << option:02x}0000"] += count
        votes[ballots.BLANK] += counts[-1]
    return votes


def told_apart(result: Result, question: Question, number: int) -> list[str]:
    """Return what follows of single ballots, for all results of so many and all observers who know some of them.

    The observer knows how many there are, which is more than they are told. Of those whom they do not know each looks
    like any other: so it follows of one what they chose only if it does of all.
    """
    options, many = len(question.options), question.many
    alike: dict[str, list[Counts]] = defaultdict(list)
    for counts in (any_choice if many else one_choice)(options, number):
        alike[repr(result([question], cast(counts, number, many=many), people=number + 5))].append(counts)
    follows = []
    for known in range(min(KNOWN, number - 1) + 1):
        others = number - known
        for own in (any_choice if many else one_choice)(options, known):
            for told, worlds in alike.items():
                rest = [left for counts in worlds if min(left := _less(counts, own)) >= 0 and max(left) <= others]
                for choice, left in enumerate(zip(*rest, strict=True)):
                    if not max(left):
                        follows.append(f"{number} ballots, {own} known, {told}: nobody else chose {choice}")
                    if min(left) == others:
                        follows.append(f"{number} ballots, {own} known, {told}: everybody else chose {choice}")
    return follows


def _less(counts: Counts, own: Counts) -> Counts:
    return tuple(all_of_them - known for all_of_them, known in zip(counts, own, strict=True))


def asked(options: int, *, many: bool) -> Question:
    return Question(text="", options=tuple(map(str, range(options))), many=many)


@pytest.mark.parametrize(
    ("options", "many", "up_to"),
    [(1, True, 40), (2, True, 22), (3, True, 12), (1, False, 40), (2, False, 40), (3, False, 20), (4, False, 13)],
)
def test_no_single_vote_follows_from_what_is_told(options: int, up_to: int, *, many: bool) -> None:
    question = asked(options, many=many)
    for number in range(1, up_to + 1):
        assert told_apart(ballots.result, question, number) == []


def as_designed(questions: Sequence[Question], votes: Mapping[str, int], *, people: int) -> Mapping[str, object]:
    """Round down to steps of five, hide what is below the first step, and with it the smallest of one choice."""
    number = min(sum(votes.values()), people)
    [question] = questions
    counts = [
        sum(each for ballot, each in votes.items() if option in ballots.chosen(ballot, 0))
        for option in range(len(question.options))
    ]
    said = [count // 5 * 5 or None for count in counts] if number >= ballots.FEWEST else [None] * len(counts)
    if not question.many and None in said and any(said):
        smallest = min(filter(None, said))
        said = [None if each == smallest else each for each in said]
    return {"ballots": number // 5 * 5, "totals": [said]}


@pytest.mark.parametrize(("many", "number"), [(True, 9), (True, 14), (False, 14), (False, 16)])
def test_plain_rounding_would_be_seen(number: int, *, many: bool) -> None:
    assert told_apart(as_designed, asked(2, many=many), number)


def test_a_question_that_leaves_no_ballot_open_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ballots, "_open_enough", lambda said, _more_than: said)
    for many in (True, False):
        assert told_apart(ballots.result, asked(2, many=many), 11)


def test_who_is_said_to_lead_has_more_than_every_other() -> None:
    for many in (True, False):
        for number in (11, 13, 16, 20, 24):
            for counts in (any_choice if many else one_choice)(2, number):
                told = ballots.result([asked(2, many=many)], cast(counts, number, many=many), people=number)
                [totals] = told["totals"]
                if len(leading := ballots.leading(totals)) == 1:
                    assert counts[leading[0]] > counts[1 - leading[0]]
