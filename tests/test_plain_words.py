"""What workers read is plain, measured: over all of it, message by message, and sentence by sentence."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

import pytest

from bot.domain.model import Kind, Stage
from handlers.conversation import COMMANDS, Role, Ways
from handlers.texts import announcements, sheets
from handlers.texts.catalogue import speaking
from tests.conftest import fresh_folder, terms
from tests.readability import Measured, measure, sentences, syllables
from tests.test_words_of_steps import all_of_steps
from tests.test_words_over_trees import all_that_is_read
from tests.tour import ANA, WAYS, WORKERS, tour

LONGEST_SENTENCE = 25

HARDEST = {"en": 6.0, "es": -70.0, "fr": -75.0, "pl": 6.0, "ru": -60.0}
"""Of all that workers read together; see Measured.hardness."""

HARDEST_MESSAGE = {"en": 8.0, "es": -60.0, "fr": -50.0, "pl": 11.0, "ru": -40.0}
"""Of any one message, so that none hides among the others."""

FEWEST_WORDS = 15
"""A shorter message has no score that means anything; its sentence is short."""

NEWS = {kind for kind in Kind if kind in announcements._WORDS} - {
    Kind.SURVEY_OVER,
    Kind.VOTE_AGAIN,
    Kind.ANOTHER_TRY,
    Kind.COMMITTEE_WORD,
}
"""What rooms hear of a walkout; of a survey, tests/test_words_of_steps.py reads it."""

VISITS = [*((stage, WAYS[0]) for stage in Stage), *((Stage.OPEN, ways) for ways in WAYS[1:])]
"""Ways differ in what is said of typing and of who can see it, wherever the walkout stands."""

NOT_FOR_WORKERS = {
    "en": r"fingerprint|\btall(?:y|ies)\b|(?<!\|)\bfield\b|threshold",
    "es": r"huella|umbral",
    "fr": r"empreinte",
    "pl": r"odcisk",
    "ru": r"отпечат(?:ок|ка)",
}
"""Words of the trade: people read a scrambled mark, a count, a number."""

WORST = 5
"""So many are shown where something is too hard."""


async def all_that_workers_read(data: Path, language: str) -> set[str]:
    """Let a worker try everything at every stage, and overhear the rooms; the organizers' own words have no letters."""
    read: set[str] = set()
    kinds: set[Kind] = set()

    async def visit(name: str, stage: Stage, ways: Ways, *, till: str = "", **changes: object) -> None:
        async with tour(data / name, language, **changes) as visitor:  # type: ignore[arg-type]
            visitor.ways = ways
            await visitor.come_to(stage)
            match till:
                case "the day":
                    await visitor.see_the_day()
                case "the end":
                    await visitor.trouble()
                    await visitor.see_the_last_days()
            await visitor.visit([row for row in COMMANDS if row.who is Role.WORKER], who=[ANA])
            if stage is Stage.OPEN:
                await visitor.mistake()
            kinds.update(visitor.kinds)
            read.update(text for who, text in visitor.read if who in WORKERS or who.startswith("#"))

    for number, (stage, ways) in enumerate(VISITS):
        await visit(f"{number}", stage, ways)
    await visit("day", Stage.ON, WAYS[0], till="the day")
    await visit("end", Stage.ON, WAYS[0], till="the end")
    await visit("open", Stage.OPEN, WAYS[2], entry="open", approvals=1, citywide_counts="all", minimum_workplaces=2)
    assert kinds >= NEWS, "let tests/tour.py cause these as well"
    with speaking(language):
        read |= {
            "\n".join([sheets.open_alone(), sheets.scan_for_telegram(), sheets.your_code(), sheets.send_it("@1", "1")]),
            "\n".join([sheets.condition(terms()), sheets.deadline(terms()), sheets.in_confidence()]),
        }
    read.update(all_that_is_read(language), all_of_steps(language))
    return {text for text in read if sentences(text)}


@pytest.fixture(
    scope="module", params=["en", "es", *(pytest.param(each, marks=pytest.mark.soak) for each in ("fr", "pl", "ru"))]
)
def language(request: pytest.FixtureRequest) -> str:
    spoken: str = request.param
    return spoken


@pytest.fixture(scope="module")
def read(language: str) -> dict[str, Measured]:
    """Measure each message."""
    with fresh_folder() as folder:
        texts = asyncio.run(all_that_workers_read(folder, language))
    return {text: measure([text], language) for text in sorted(texts)}


def worst(measured: Iterable[Measured], by: str) -> str:
    found = sorted(measured, key=attrgetter(by), reverse=True)[:WORST]
    return "\n---\n".join(f"{getattr(each, by):.1f}: {each.longest if by == 'most' else each.text}" for each in found)


def test_no_sentence_is_long(read: dict[str, Measured]) -> None:
    long = [each for each in read.values() if each.most > LONGEST_SENTENCE]
    assert not long, worst(long, "most")


def test_all_of_it_together_is_easy(read: dict[str, Measured], language: str) -> None:
    whole = measure(read, language)
    assert len(read) > 100
    assert whole.hardness <= HARDEST[language], worst(read.values(), "hardness")


def test_no_single_message_is_hard(read: dict[str, Measured], language: str) -> None:
    hard = [each for each in read.values() if each.words >= FEWEST_WORDS and each.hardness > HARDEST_MESSAGE[language]]
    assert not hard, worst(hard, "hardness")


def test_no_word_of_the_trade_is_said(read: dict[str, Measured], language: str) -> None:
    assert not [text for text in read if re.search(NOT_FOR_WORKERS[language], text, re.IGNORECASE)]


@pytest.mark.parametrize(
    ("language", "hard", "easy"),
    [
        (
            "en",
            "Notwithstanding subsequent cancellation, participating organizations retain documentation confidentially.",
            "If it is off, we keep what you said to us. No one else sees it.",
        ),
        (
            "es",
            "Independientemente de cancelaciones posteriores, las organizaciones conservarán documentos.",
            "Si se cancela, guardamos lo que nos dijiste. Nadie más lo ve.",
        ),
        (
            "fr",
            "Indépendamment des annulations ultérieures, les organisations conserveront leur documentation.",
            "Si tout est annulé, on garde ce que vous avez dit. Nul ne le voit.",
        ),
        (
            "pl",
            "Niezależnie od późniejszego odwołania uczestniczące organizacje przechowują dokumentację poufną.",
            "Gdy nic z tego, nikt nie wie, kto to był. Tak jest i tu.",
        ),
        (
            "ru",
            "Независимо от последующей отмены организации-участники сохраняют конфиденциальную документацию.",
            "Если всё отменят, мы сотрём то, что вы нам сказали. Никто не узнает.",
        ),
    ],
)
def test_what_is_hard_or_long_would_be_seen(language: str, hard: str, easy: str) -> None:
    assert measure([hard], language).hardness > HARDEST_MESSAGE[language]
    assert measure([easy], language).hardness < HARDEST[language]
    assert measure([f"{easy}\n{'so ' * LONGEST_SENTENCE}long"], language).most == LONGEST_SENTENCE + 1


@pytest.mark.parametrize(
    ("language", "counted"),
    [
        (
            "en",
            "pledged 1, counted 2, settled 2, take 1, takes 1, table 2, places 2, people 2, you're 1",
        ),
        (
            "es",
            "día 2, idea 3, compromiso 4, que 1, guerra 2, huella 2, ciudad 2, haciendo 3, muy 1",
        ),
        (
            "fr",
            "carte 1, cartes 1, pressent 1, lieu 1, seuil 1, engagement 3, travail 2, annulé 3",
        ),
        (
            "pl",
            "praca 2, nie 1, zmiana 2, deklaracja 4, biały 2, auto 2",
        ),
        (
            "ru",
            "карточка 3, обещание 5, нет 1, её 2",
        ),
    ],
)
def test_syllables_are_counted_as_they_are_spoken(language: str, counted: str) -> None:
    for pair in counted.split(", "):
        word, number = pair.split()
        assert syllables(word, language) == int(number), word
