"""From the first card to "Recorded": few words, and in them the ten facts a worker must know. And the questions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache

import pytest

from bot.domain.model import CardState, StepKind, Terms
from bot.parsing import typed_text
from bot.parsing.questions import _FORMS, LONGEST, SIX, Question, asked
from handlers.conversation.questions import meant
from handlers.texts import another_try, discord, notices, questions, telegram, workers
from handlers.texts.asserted import listening
from handlers.texts.catalogue import languages, speaking
from handlers.texts.times import number, when
from tests.fixed import MARKET_HALL, TERMS, WALKOUT, WORDED, seen

MOST_WORDS = 220
MOST_IN_AN_ANSWER = 40

FACTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("what it is for", {"en": r"We want:\n• Freeze the rent", "es": r"Exigimos:\n• Freeze the rent"}),
    ("when it is", {"en": r"Walkout: Sat 1 May 2027, 12:00", "es": r"Paro: sáb 1 may 2027, 12:00"}),
    (
        "that it happens only if enough pledge, at my workplace and across the city, and how many that is",
        {
            "en": r"It walks out only if\n• 80 of its 120 people pledge, and\n• 1,200 people pledge across the city, "
            r"at 10 workplaces",
            "es": r"Solo sale al paro si\n• se comprometen 80 de sus 120 personas, y\n• se comprometen 1,200 personas "
            r"en toda la ciudad, en 10 lugares",
        },
    ),
    (
        "until when I can pledge and take it back",
        {
            "en": r"Pledge, or take it back, before Tue 27 Apr 2027, 20:00",
            "es": r"Comprométete, o retíralo, antes del mar 27 abr 2027, 20:00",
        },
    ),
    (
        "that I walk out only if I hear that my workplace does",
        {
            "en": r"Walk out only if you hear that Market Hall does\. Until then, work as usual\.",
            "es": r"Sal al paro solo si oyes que Market Hall sale\. Hasta entonces, trabaja como siempre\.",
        },
    ),
    (
        "what is kept",
        {"en": r"Kept: that this card is pledged", "es": r"Se guarda: que esta tarjeta está comprometida"},
    ),
    (
        "who can see what",
        {
            "en": r"rounded counts, never who pledged[\s\S]*whoever holds your phone, can see that you write",
            "es": r"cuentas redondeadas, nunca quién se comprometió[\s\S]*quien tenga tu teléfono, puede ver",
        },
    ),
    (
        "how I hear",
        {
            "en": r"You hear yes or no by the deadline, in the room of Market Hall; or here",
            "es": r"Oyes el sí o el no al cierre a más tardar, en la sala de Market Hall; o aquí",
        },
    ),
    (
        "that nobody can promise that it has no consequences, and what the organizers say of the law",
        {
            "en": r"Nobody can promise that nothing happens to you\.\s+The law protects walking out together",
            "es": r"Nadie puede prometer que no te pase nada\.\s+The law protects walking out together",
        },
    ),
    (
        "that I need the card or its message to take it back",
        {
            "en": r"Keep this message or your card: without both, nobody can take the pledge back",
            "es": r"Guarda este mensaje o tu tarjeta: sin los dos, nadie puede retirar el compromiso",
        },
    ),
)
"""What a worker must know before pledging, and how it is found in each language."""


@cache
def read(language: str) -> tuple[str, str]:
    """Return what somebody reads who opens their card and pledges."""
    with speaking(language):
        return workers.terms(seen(), telegram.can_see()), workers.pledged(seen(CardState.PLEDGED, changed=True))


def our_own(text: str, others: Iterable[str]) -> list[str]:
    """Return our own words of a text: without what others wrote, names, dates and numbers."""
    for each in sorted(filter(None, others), key=len, reverse=True):
        text = text.replace(each, " ")
    return [word for word in re.findall(r"[\w'\u2019]+", text) if not re.search(r"\d", word)]


def filled_in() -> list[str]:
    """List what the organizers wrote, and what is filled in."""
    instants = [TERMS.starts, TERMS.pledge_by, WALKOUT.next_tally, WALKOUT.tallied]
    dates = [when(instant, TERMS) for instant in instants if instant is not None]
    written = [TERMS.title, TERMS.city, *TERMS.demands, TERMS.called_by, TERMS.legal_notice, TERMS.ask]
    return [*written, MARKET_HALL.name, *dates, number(TERMS.citywide_threshold), number(TERMS.minimum_workplaces)]


@pytest.mark.parametrize("language", WORDED)
@pytest.mark.parametrize(("fact", "found"), FACTS)
def test_each_of_the_ten_facts_is_there_before_pledging(language: str, fact: str, found: dict[str, str]) -> None:
    terms, _recorded = read(language)
    assert re.search(found[language], terms), f"{fact}:\n{terms}"


def test_there_are_ten_facts() -> None:
    assert len(FACTS) == 10


@pytest.mark.parametrize("language", WORDED)  # where blanks part words that are as long
def test_from_the_card_to_recorded_there_are_few_words(
    language: str, record_property: Callable[[str, object], None]
) -> None:
    with speaking(language):
        words = [len(our_own(text, filled_in())) for text in read(language)]
    record_property("tried", f"{language}: {words[0]} words in the terms, {words[1]} in the answer")
    assert sum(words) <= MOST_WORDS, words


@pytest.mark.parametrize("language", languages())
def test_under_a_pledge_stand_date_deadline_city_and_how_one_hears(language: str) -> None:
    with speaking(language):
        before, told = seen(CardState.PLEDGED), seen(CardState.PLEDGED, told=True)
        for say in (workers.pledged, workers.already_pledged, workers.status):
            for each in (before, told):
                text = say(each)
                assert when(TERMS.starts, TERMS) in text
                assert when(TERMS.pledge_by, TERMS) in text
                assert {"en": "City: ", "es": "Ciudad: "}.get(language, "") in text
                assert workers.how_you_hear(each) in text
                assert workers.how_you_hear(each)


# -- questions --------------------------------------------------------------------------------------------------------

SEEN_BY = (telegram.can_see, discord.can_see, workers.console_can_see)
SPARSE = replace(TERMS, called_by="", ends=None, ask="", legal_notice="")


@pytest.mark.parametrize("language", WORDED)
@pytest.mark.parametrize("question", Question)
@pytest.mark.parametrize("terms", [TERMS, SPARSE, None])
def test_an_answer_is_short(language: str, question: Question, terms: Terms | None) -> None:
    with speaking(language):
        for can_see in SEEN_BY:
            said = questions.answer(question, terms, can_see())
            words = our_own(said, filled_in())
            assert 0 < len(words) <= MOST_IN_AN_ANSWER, (len(words), said)


@pytest.mark.parametrize(
    ("question", "written"),
    [
        (Question.WHO, TERMS.called_by),
        (Question.HOW_LONG, "18:00"),
        (Question.FIRED, TERMS.legal_notice),
        (Question.WHOM, TERMS.ask),
    ],
)
def test_an_answer_says_what_the_organizers_have_written(question: Question, written: str) -> None:
    assert written in questions.answer(question, TERMS, "")
    for terms in (SPARSE, None):
        assert written not in questions.answer(question, terms, "")


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ("is it true that the boss sees this?", Question.BOSS),
        ("who is this", Question.WHO),
        ("Who\u2019s this?!", Question.WHO),
        ("ayuda", Question.HELP),
        ("¿Ayuda?", Question.HELP),
        ("STOP", Question.STOP),
        ("yes", Question.YES),
        ("Sí.", Question.YES),
        ("  Can I\nbe fired ?", Question.FIRED),
        ("“how long?”", Question.HOW_LONG),
        ("¿Es cierto que el jefe ve esto?", Question.BOSS),
        ("is this bot real", Question.REAL),
        ("a quién le pregunto", Question.WHOM),
        ("yesterday", None),
        ("is it true that the moon sees this?", None),
        ("", None),
        ("?!", None),
        ("stop " * LONGEST, None),
    ],
)
def test_what_people_type_is_understood_word_for_word(typed: str, question: Question | None) -> None:
    assert asked(typed) is question


def test_each_form_is_spelled_as_it_is_compared_and_means_one_thing() -> None:
    forms = [form for each in _FORMS.values() for form in each]
    assert [form for form in forms if typed_text.plain_words(form) != form] == []
    assert [form for form in forms if forms.count(form) > 1] == []
    assert [
        form for form in forms if typed_text.codes(form) and any(found.sure for found in typed_text.codes(form))
    ] == []
    assert [form for form in forms if typed_text.lone_references(form)] == []
    assert set(_FORMS) == set(Question)


@pytest.mark.parametrize("language", languages())
def test_the_label_of_a_question_is_understood_when_it_is_typed_in_english(language: str) -> None:
    with speaking(language):
        labels = [questions.label(question) for question in SIX]
        assert [meant(label) for label in labels] == list(SIX)
    assert len(set(labels)) == len(SIX)
    assert language not in WORDED or [asked(label) for label in labels] == list(SIX)


def test_a_button_that_a_sentence_names_has_that_name() -> None:
    named = re.compile(r"[“「«„][\u202f\u00a0]?([^”」»]+?)[\u202f\u00a0]?[”」»]")
    for language in languages():
        with speaking(language):
            labels = [
                *(
                    workers.pledge_label(StepKind.WALKOUT),
                    workers.withdraw_label(),
                    workers.out_label(StepKind.WALKOUT),
                ),
                *(notices.ask_label(), notices.stop_label(), notices.clear_label(), another_try.ask_label()),
            ]
            open_to_all = [questions.answer(question, None, "") for question in Question]
            said = [
                *read(language),
                workers.privacy(logged=True),
                *open_to_all,
                workers._asked(replace(TERMS, turnout=True)),
            ]
        for name in (name for text in said for name in named.findall(text)):
            if asked(name) in {Question.YES, Question.STOP}:
                continue  # some languages quote their words for yes and no
            assert any(label.startswith(name) for label in labels), (language, name)


@pytest.mark.parametrize("language", languages())
def test_whoever_types_what_stands_on_a_button_is_understood(language: str) -> None:
    with speaking(language):
        for label in (workers.withdraw_label(), notices.stop_label()):
            assert meant(label.upper()) is Question.STOP
        for kind in StepKind:
            assert meant(f"{workers.pledge_label(kind)}!") is Question.YES


def test_what_is_typed_is_compared_with_buttons_and_none_of_them_is_said() -> None:
    with listening() as heard:
        assert meant("RXMATBGTSQAMCBHMMSXG") is None
    assert heard == set()
