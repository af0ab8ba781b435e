"""Surveys for bots that run: a walkout in a store is made one, before the bot begins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from bot.domain.model import Question
from tests import stores
from tests.house import RunningBot, change_terms

QUESTIONS = (
    Question(text="What do we want?", options=("More pay", "More rest", "Less heat"), many=True),
    Question(text="How long do we walk out?", options=("A day", "A week")),
)


def let_it_be_a_survey(house: RunningBot, walkout: str, questions: Sequence[Question] = QUESTIONS) -> None:
    """Let a walkout be a survey that asks these."""
    [(terms,)] = stores.rows(house.store, "SELECT terms FROM walkout WHERE id = ?", (walkout,))
    asked = [asdict(each) for each in questions]
    change_terms(house, walkout, kind="survey", questions=asked, starts=json.loads(terms)["pledge_by"])
    stores.rows(house.store, "UPDATE walkout SET starts = pledge_by WHERE id = ?", (walkout,))


def cast(house: RunningBot) -> list[str]:
    """Return the ballots in a store; the bot must have ended."""
    return [choices for (choices,) in stores.rows(house.store, "SELECT choices FROM ballot ORDER BY choices")]
