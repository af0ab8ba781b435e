"""Surveys for bots that run: a walkout in a store is made one, before the bot begins."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict

from bot.domain.model import Question
from bot.runtime.app import DATABASE
from tests.house import RunningBot

QUESTIONS = (
    Question(text="What do we want?", options=("More pay", "More rest", "Less heat"), many=True),
    Question(text="How long do we walk out?", options=("A day", "A week")),
)


def let_it_be_a_survey(house: RunningBot, walkout: str, questions: Sequence[Question] = QUESTIONS) -> None:
    """Let a walkout be a survey that asks these."""
    asked = json.dumps([asdict(each) for each in questions])
    with closing(sqlite3.connect(house.store / DATABASE)) as connection, connection:
        connection.execute(
            """
            UPDATE walkout SET terms = json_set(terms, '$.kind', 'survey', '$.questions', json(?1),
                '$.starts', terms ->> 'pledge_by'), starts = pledge_by
            WHERE id = ?2
            """,
            (asked, walkout),
        )


def cast(house: RunningBot) -> list[str]:
    """Return the ballots in a store; the bot must have ended."""
    with closing(sqlite3.connect(house.store / DATABASE)) as connection:
        return [choices for (choices,) in connection.execute("SELECT choices FROM ballot ORDER BY choices")]
