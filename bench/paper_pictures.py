"""The card, its steward's page and the board, as pictures in a language; `python -m bench.pictures` draws them."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable, Mapping, Sequence

import pypdfium2
from PIL import Image

from bot.domain.model import Terms
from bot.usecases.stewards import Board
from handlers.pictures import drawing
from handlers.pictures.poster import poster
from handlers.sheets.paper import SIZES, Paper
from handlers.sheets.sheet import sheet
from handlers.texts.catalogue import speaking

FOLDER = "pictures/paper"
SHOWN: Mapping[str, str] = {
    "card": "A card, before it is cut and folded.",
    "steward": "The page for the steward, in front of a workplace's cards.",
    "board": "The board, as a picture.",
}
"""Each picture by its name, in the order of the pages."""

CARDS = 8
WIDTH = 760
MARGIN, ACROSS, DOWN = 9.0, 2, 4
"""Where the first card lies on its page, in millimetres and pieces."""


def path(name: str, language: str) -> str:
    """Return where it is in docs."""
    return f"{FOLDER}/{name}.{language}.png"


def paths(languages: Iterable[str]) -> list[str]:
    """Return where all are."""
    return [path(name, language) for language in languages for name in SHOWN]


def drawn(language: str, terms: Terms, place: str, codes: Sequence[str], board: Board) -> dict[str, bytes]:
    """Draw them, by their paths."""
    with speaking(language):
        paper = sheet(
            terms,
            [(place, codes)],
            telegram="https://t.me/allout_bot",
            paper=Paper.LETTER,
            chance=random.Random(1),
        )
        shown = drawing.draw(poster(board))
    steward, cards = (_page(paper, number) for number in (0, 1))
    per_mm = cards.width / SIZES[Paper.LETTER][0]
    edge = MARGIN * per_mm
    card = cards.crop(
        (
            round(edge),
            round(edge),
            round(edge + (cards.width - 2 * edge) / ACROSS),
            round(edge + (cards.height - 2 * edge) / DOWN),
        )
    )
    pictures = {"card": card, "steward": steward, "board": Image.open(io.BytesIO(shown))}
    return {path(name, language): _small(picture) for name, picture in pictures.items()}


def _page(paper: bytes, number: int) -> Image.Image:
    document = pypdfium2.PdfDocument(paper)
    try:
        page: Image.Image = document[number].render(scale=2.6).to_pil()
        return page.convert("L")
    finally:
        document.close()


def _small(picture: Image.Image) -> bytes:
    """Return it in few colours, no wider than a phone is."""
    narrow = picture.convert("RGB")
    narrow.thumbnail((WIDTH, 4 * WIDTH))
    out = io.BytesIO()
    narrow.quantize(16, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return out.getvalue()
