"""What a card says of its own is there whole, in every language: a sentence that ends too soon may say the opposite."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product

import pytest

from bot.domain.model import StepKind
from handlers.sheets.card import Bot, wording
from handlers.sheets.paper import SIZES, Paper
from handlers.sheets.shaping import Block
from handlers.sheets.sheet import on_a_page
from handlers.texts.catalogue import languages, speaking
from tests.fixed import TERMS

BOTS = (
    Bot(telegram="https://t.me/allout_bot", discord=None),
    Bot(telegram="https://t.me/allout_bot", discord="AllOut"),
    Bot(telegram=None, discord="AllOut"),
)


def says(block: Block) -> str:
    return "".join(glyph.letters for line in block.lines for run in line.runs for glyph in run.glyphs)


@pytest.mark.parametrize("language", languages())
def test_nothing_on_a_card_is_cut_short_or_stands_on_something_else(language: str) -> None:
    kinds = [replace(TERMS, kind=kind, campaign=campaign) for kind, campaign in product(StepKind, ("", "The ladder"))]
    with speaking(language):
        for terms, bot, paper in product(kinds, BOTS, Paper):
            piece = on_a_page(SIZES[paper])[0]
            words = wording(terms, "Market Hall", bot, piece)
            cut = [field.name for field in fields(words) if getattr(words, field.name).cut]
            assert cut == [], (terms.kind, bot, says(getattr(words, cut[0])))
            under = (words.label, words.way, words.condition, words.deadline, words.confidence)
            assert sum(block.height for block in under) < piece.panel[1] - 10
