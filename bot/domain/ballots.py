"""STUB, to be replaced by the whole module in the merge: what a survey's ballots come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.model import Question


def result(questions: Sequence[Question], votes: Mapping[str, int], *, people: int) -> dict[str, object]:
    """Return the facts that everybody may hear: none, in this stub."""
    del questions, votes, people
    return {}
