"""What somebody votes in a survey, and what all are told of it.

A ballot is six hexadecimal digits: two for each question, a bit for each option, the first option's the lowest. A
question that is left out is 00, and so is one that is not asked.

Source: docs/decisions/0065-what-is-said-of-ballots.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from bot.domain.model import Question


class Told(TypedDict):
    """What all are told of a survey's ballots, as the facts of its announcement; None: nothing is said of it."""

    ballots: int | None  #: more than so many were cast
    totals: list[list[int | None]]  #: and for each option of each question more than so many


QUESTIONS = 3
OPTIONS = 8
BLANK = "00" * QUESTIONS
"""Everything is left out: a ballot like any other."""

FEWEST = 9
"""Ballots; of fewer nothing is said. Four may be an observer's own, and five are others'."""

STEP = 5
"""What is said is 'more than' so many, in steps of this; it always leaves as many ballots open."""

_WRITTEN = re.compile(r"[0-9a-f]{6}")


def fits(questions: Sequence[Question], ballot: str) -> bool:
    """Say whether this can be cast where these are asked."""
    if not _WRITTEN.fullmatch(ballot):
        return False
    asked = [*questions, *[Question(text="", options=())] * (QUESTIONS - len(questions))]
    return all(
        chosen < 1 << len(question.options) and (question.many or chosen.bit_count() <= 1)
        for question, chosen in zip(asked, _read(ballot), strict=True)
    )


def chosen(ballot: str, nth: int) -> Sequence[int]:
    """Return the options chosen in a question, by their numbers."""
    return [option for option in range(OPTIONS) if _read(ballot)[nth] >> option & 1]


def choosing(question: Question, ballot: str, nth: int, option: int) -> str:
    """Return the ballot once an option is tapped: where there may be many, that takes back what was chosen before."""
    bit = 1 << option
    return _with(ballot, nth, _read(ballot)[nth] ^ bit if question.many else bit)


def leaving_out(ballot: str, nth: int) -> str:
    """Return the ballot without an answer to this question."""
    return _with(ballot, nth, 0)


def result(questions: Sequence[Question], votes: Mapping[str, int], *, people: int) -> Told:
    """Return what all are told: of how many ballots, and of how many for each option, there are more.

    None: nothing is said of it. Whoever knows four ballots, and even how many there are, can exclude neither for any
    other one that it chose an option nor that it did not: what is said of a question always leaves five ballots open,
    which may have been cast for nothing at all. More ballots than people are counted as so many.
    """
    ballots = min(sum(votes.values()), people)
    if ballots < FEWEST:
        return {"ballots": None, "totals": [[None] * len(question.options) for question in questions]}
    cast = [
        [
            min(ballots, sum(number for ballot, number in votes.items() if _read(ballot)[nth] >> option & 1))
            for option in range(len(question.options))
        ]
        for nth, question in enumerate(questions)
    ]
    more_than = _more_than(ballots)
    totals = [list(_said(question, each, more_than)) for question, each in zip(questions, cast, strict=True)]
    return {"ballots": more_than, "totals": [[said or None for said in each] for each in totals]}


def leading(totals: Sequence[int | None]) -> Sequence[int]:
    """Return the options that more have chosen than all others, as far as that is said: one, or several alike, or none.

    What is said of the more chosen is never less: so one alone really leads.
    """
    most = max(filter(None, totals), default=None)
    return [option for option, said in enumerate(totals) if said is not None and said == most]


def _said(question: Question, cast: Sequence[int], more_than: int) -> Iterator[int]:
    if question.many:  # each option is a question of its own: yes or no
        return (_open_enough([_more_than(number)], more_than)[0] for number in cast)
    return iter(_open_enough([_more_than(number) for number in cast], more_than))


def _open_enough(said: Sequence[int], more_than: int) -> Sequence[int]:
    """Lower all of it alike until it leaves a step of ballots open, of the fewest that there may be."""
    while any(said) and sum(each + 1 for each in said if each) + STEP > more_than + 1:
        said = [max(0, each - STEP) for each in said]
    return said


def _more_than(number: int) -> int:
    return max(0, (number - 1) // STEP * STEP)


def _read(ballot: str) -> Sequence[int]:
    return bytes.fromhex(ballot)


def _with(ballot: str, nth: int, mask: int) -> str:
    written = bytearray.fromhex(ballot)
    written[nth] = mask
    return written.hex()
