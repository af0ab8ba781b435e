"""What is read of a campaign's steps: what a survey came to, how far a workplace has come, what a card is good for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest

from bot.delivery.outbox import Letter
from bot.domain.model import Announcement, CardState, Kind, Question, Stage, StepKind, Words
from handlers.texts import announcements, notices, sheets, workers
from handlers.texts.catalogue import languages, speaking
from tests.conftest import NOON
from tests.fixed import MARKET_HALL, TERMS, WALKOUT, seen

DEMANDS = Question(text="What comes first?", options=("The rent", "The buses", "Childcare"), many=True)
EN_ESPANOL = Question(text="¿Qué es primero?", options=("La renta", "Los buses", "El cuidado"), many=True)

SURVEY = replace(
    WALKOUT,
    terms=replace(
        TERMS,
        kind=StepKind.SURVEY,
        starts=TERMS.pledge_by,
        ends=None,
        campaign="Buses for all",
        questions=(DEMANDS,),
        translations=MappingProxyType({"es": Words(questions=(EN_ESPANOL,))}),
    ),
)
ACTION = replace(WALKOUT, terms=replace(TERMS, kind=StepKind.ACTION, campaign="Buses for all", turnout=True))
LADDER = (SURVEY.terms, ACTION.terms)
OVER = replace(SURVEY, stage=Stage.ENDED, next_tally=None, ended=TERMS.pledge_by)
RESULTS: tuple[tuple[int | None, list[int | None]], ...] = (
    (45, [30, 20, None]),
    (45, [20, 20, 5]),
    (15, [None, None, None]),
    (None, [None, None, None]),
)


def letter(kind: Kind, facts: Mapping[str, Any], *, private: bool = False, worker: bool = False) -> Letter:
    news = Announcement(kind=kind, occasion="4", facts=facts)
    about = MARKET_HALL if worker else None
    return Letter(news=news, walkout=OVER, about=about, address="#", private=private, nonce="", worker=worker)


def result(ballots: int | None, totals: list[int | None], **how: Any) -> str:
    return announcements.words(letter(Kind.SURVEY_OVER, {"ballots": ballots, "totals": [totals]}, **how))


def all_of_steps(language: str) -> set[str]:
    """Read an action and a survey from the card to the end."""
    with speaking(language):
        cards = [
            replace(seen(mine, changed=True), walkout=walkout, at=at, step=3, counted=2, ladder=LADDER)
            for walkout in (SURVEY, ACTION, OVER)
            for mine in (None, CardState.PLEDGED, CardState.WITHDRAWN)
            for at in (seen().at, TERMS.pledge_by + timedelta(minutes=1))
        ]
        read = {workers.terms(card, "") for card in cards} | {workers.status(card) for card in cards}
        read |= {say(card) for card in cards for say in (workers.pledged, workers.withdrawn)}
        read |= {result(*each, worker=worker) for each in RESULTS for worker in (False, True)}
        word = {"words": {"en": "Bring water."}, "own": "en"}
        for corrects in ("", NOON.isoformat()):
            read.add(announcements.words(letter(Kind.COMMITTEE_WORD, word | {"corrects": corrects})))
        read |= {announcements.words(letter(kind, {})) for kind in (Kind.VOTE_AGAIN, Kind.ANOTHER_TRY)}
        for kind in StepKind:
            read |= {notices.offer(MARKET_HALL, "", kind), notices.kept(kind)}
        return read | {sheets.condition(walkout.terms) for walkout in (SURVEY, ACTION)}


@pytest.mark.parametrize("language", languages())
def test_a_result_is_said_in_each_languages_own_words(language: str) -> None:
    with speaking(language):
        said = result(*RESULTS[0])
    asked = EN_ESPANOL if language == "es" else DEMANDS
    assert all(words in said for words in (asked.text, *asked.options))


def test_a_result_says_what_leads_and_that_a_number_is_hidden() -> None:
    assert result(*RESULTS[0]) == (
        "The survey is over: A day for the rent freeze · New York. More than 45 of us have voted. Numbers are rounded "
        "down to steps of five.\n\n"
        "What comes first?\n• The rent: more than 30\n• The buses: more than 20\n• Childcare: hidden\n"
        "Most votes: The rent.\nHidden numbers are small, or would give single votes away.\n\n"
        "Every single vote is deleted."
    )


def test_what_cannot_be_told_apart_is_said_so() -> None:
    said = result(*RESULTS[1])
    assert "Ahead, and too close to tell apart: The rent, The buses." in said
    assert "Most votes" not in said


def test_of_fewer_than_nine_nothing_is_said_but_that() -> None:
    said = result(*RESULTS[3])
    assert "Fewer than nine have voted, so there is no result." in said
    assert "The rent" not in said


def test_a_survey_without_questions_is_over_without_numbers() -> None:
    plain = replace(OVER, terms=replace(OVER.terms, questions=(), translations=MappingProxyType({})))
    said = announcements.words(replace(letter(Kind.SURVEY_OVER, {}), walkout=plain))
    assert said == "The survey is over: A day for the rent freeze · New York. Thank you to everybody who took part."


def test_whoever_reads_it_privately_is_told_what_to_say() -> None:
    assert result(*RESULTS[0], private=True).endswith("Do not ask who took part, or how they voted.")
    assert result(*RESULTS[0], worker=True).endswith("Your address is deleted within two days.")


def test_terms_of_a_step_say_which_it_is_and_what_stays() -> None:
    terms = workers.terms(replace(seen(), walkout=SURVEY, step=2), "")
    assert (
        "Step 2 of Buses for all. Your card is good for all its steps. Each is pledged anew: silence means no." in terms
    )
    assert "until sixty days after the last one" in terms
    assert "Once you take part, you can vote:\n• What comes first?" in terms
    assert "Step" not in workers.terms(seen(), "")


def test_check_says_how_far_the_workplace_has_come() -> None:
    some = replace(seen(CardState.PLEDGED), walkout=ACTION, counted=2, ladder=(SURVEY.terms,))
    assert "Market Hall has taken part in 1 of 2 steps: A day for the rent freeze." in workers.status(some)
    assert "So far too few people have taken part at Market Hall." in workers.status(replace(some, ladder=()))
    assert "taken part" not in workers.status(replace(some, counted=0, ladder=()))


def test_a_campaigns_card_says_that_it_is_good_for_every_step() -> None:
    assert sheets.condition(SURVEY.terms) == "Keep this card: it is good for every step."
    assert sheets.condition(TERMS) == "You walk out only if enough others do."
