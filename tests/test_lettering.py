"""Names in every script: compared by shaped glyphs in the order in which they are seen, which text from a PDF hides.

`lettering.json` holds what was drawn when somebody had looked at it, on a card, on a steward's page and in a picture.
After a change, look again, then: `python -m tests.test_lettering`.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.transforms import Affine2D
from PIL import Image, ImageChops, ImageOps

from bot.usecases.stewards import published
from handlers.lettering import faces, installed
from handlers.lettering.paragraphs import Glyph, Line, Paragraph, Run, missing, paragraph
from handlers.pictures.drawing import draw
from handlers.pictures.outlines import outline
from handlers.pictures.poster import Poster, poster
from handlers.sheets import card, steward
from handlers.sheets.paper import SIZES, Paper
from handlers.sheets.shaping import MM, fit
from handlers.sheets.sheet import on_a_page, sheet
from tests.conftest import opened, shops
from tests.test_sheets import codes, terms

LOOKED_AT = Path(__file__).with_suffix("").with_name("lettering.json")
DIFFERENT = 0.22
"""Of the ink: two renderers differ by less, a letter in another place or form by more."""

CASES = (
    ("en", "城市医院"),
    ("en", "도시 병원"),
    ("en", "โรงพยาบาลกรุงเทพ ที่นี่"),
    ("en", "शक्ति क्षेत्र अस्पताल"),
    ("en", "የከተማ ሆስፒታል"),
    ("en", "تَعَهُّد نقابة قويّة"),
    ("en", "র‍্যালি ক্লাব ক্ষমতা"),
    ("en", "Depot شمال 12"),
    ("en", "Strike at مستشفى المدينة, 1 May 2027"),
    ("en", "مستشفى الملك فهد التعليمي (قسم 3), Room 12"),
    ("en", "شہر کا ہسپتال، لاہور"),
    ("en", "کتابخانه گچ پژ ۱۲"),
    ("ur", "مدينة"),
    ("en", "בית חולים (מרכז) 12 — Unit B"),
    ("en", "自由大學第三食堂 Café"),
    ("en", "骨直 房间"),
    ("zh-Hant", "骨直 房"),
    ("ko", "骨直 房"),
    ("en", "骨直 한국"),
    ("en", "\u2068مستشفى المدينة\u2069: 3 cards, 1 May 2027"),
    ("en", "مرحبا \u2066Depot 7-B\u2069 12"),
    ("en", "ជំរាបសួរ មន្ទីរពេទ្យ"),
    ("en", "မြန်မာ ဆေးရုံ"),
    ("en", "བཀྲ་ཤིས་བདེ་ལེགས།"),
    ("en", "தமிழ் ગુજરાતી ਪੰਜਾਬੀ తెలుగు ಕನ್ನಡ മലയാളം සිංහල"),
    ("en", "ქართული Հայերեն ລາວ Nguyễn"),
)

PALE = 50
"""No ink: what is this bright or brighter, such as rules and bars."""

BELOW_THE_HEAD = 230
"""Of a picture, in pixels."""

NARROW = 12.0
"""In letters' sizes: where lines are wrapped."""


def shown(line: Line) -> list[str]:
    """Write down a line: of each run its font, and each glyph with where it stands."""
    return [
        " ".join(
            (
                run.face.name,
                *(
                    f"{faces.opened(run.face).glyph_to_string(glyph.number)}@{run.x + glyph.x:.2f}"
                    + (f"^{glyph.y:.2f}" if glyph.y else "")
                    for glyph in run.glyphs
                ),
            )
        )
        for run in line.runs
    ]


def lines(language: str, text: str, width: float) -> list[Line]:
    words = Paragraph(text, language)
    return [words.line(*line) for line in words.wrapped(width)]


def seen(language: str, text: str) -> dict[str, Any]:
    return {
        "language": language,
        "text": text,
        "whole": [shown(line) for line in lines(language, text, 1000)],
        "narrow": [shown(line) for line in lines(language, text, NARROW)],
    }


@lru_cache(maxsize=1)
def looked_at() -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["language"], each["text"]): each for each in json.loads(LOOKED_AT.read_text("utf-8"))}


def as_looked_at(language: str, text: str) -> Line:
    """Put the line together again from what was written down."""
    runs = []
    for run in looked_at()[language, text]["whole"][0]:
        name, *glyphs = run.split()
        face = next(face for face in OURS if face.name == name)
        font = faces.opened(face)
        runs.append(Run(face, 0, 0, tuple(_glyph(font.glyph_from_string, *glyph.split("@")) for glyph in glyphs)))
    return Line(tuple(runs), 0)


OURS = (faces.TEXT, faces.BOLD, faces.SYMBOLS, faces._NASTALIQ, *faces._SCRIPTS.values())


def _glyph(number_of: Any, name: str, place: str) -> Glyph:
    x, _, y = place.partition("^")
    return Glyph(number_of(name), float(x), float(y or 0), "")


@pytest.mark.parametrize(("language", "text"), CASES)
def test_each_name_is_shaped_and_ordered_as_it_was_looked_at(language: str, text: str) -> None:
    assert seen(language, text) == looked_at()[language, text]


@pytest.mark.parametrize(("language", "text"), CASES)
def test_none_is_without_a_letter_or_stands_on_a_dotted_circle(language: str, text: str) -> None:
    assert not Paragraph(text, language).missing
    circles = [glyph for run in looked_at()[language, text]["whole"][0] for glyph in run.split() if "25CC" in glyph]
    assert not circles


def ink(image: Image.Image) -> Image.Image:
    """Return what is dark, alone and always as high."""
    dark = ImageOps.autocontrast(ImageOps.invert(image.convert("L")).point(lambda value: max(0, value - PALE)))
    box = dark.point(lambda value: 255 * (value > 96)).getbbox()
    assert box is not None
    dark = dark.crop(box)
    return dark.resize((max(1, round(48 * dark.width / dark.height)), 48))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Say how much ink is elsewhere, as a part of all ink."""
    if abs(one.width - other.width) > max(3, 0.05 * one.width):
        return 1.0
    other = other.resize(one.size)
    return sum(ImageChops.difference(one, other).tobytes()) / max(1, sum(one.tobytes()) + sum(other.tobytes()))


def drawn(line: Line) -> Image.Image:
    """Draw a line by itself."""
    size, wide, high = 48, 2600, 200
    figure = Figure(figsize=(wide / 72, high / 72), dpi=72, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    place = Affine2D().scale(1, -1).translate(0, high)
    figure.add_artist(PathPatch(outline(line, size, 20, 110), facecolor="black", linewidth=0, transform=place))
    canvas.draw()  # type: ignore[no-untyped-call]  # Agg has no types
    pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]  # likewise
    return ink(Image.frombuffer("RGBA", (wide, high), pixels, "raw", "RGBA", 0, 1).convert("RGB"))


@lru_cache(maxsize=1)
def document() -> pypdfium2.PdfDocument:
    """A steward's page and one of cards for each name, the title being short."""
    return pypdfium2.PdfDocument(sheet(terms(title="One day"), [(name, codes(1)) for name in ENGLISH]))


def part(page: int, x: float, y: float, width: float, height: float) -> Image.Image:
    """Cut out a part that is given in millimetres; smaller letters are looked at more closely."""
    paper = document()[page]
    wide, high = paper.get_size()
    edges = (x / MM, high - (y + height) / MM, wide - (x + width) / MM, y / MM)
    image: Image.Image = paper.render(scale=90 / height, crop=edges).to_pil()
    return image


ENGLISH = [text for language, text in CASES if language == "en"]


@pytest.mark.parametrize("text", ENGLISH)
def test_a_steward_s_page_has_it_so(text: str) -> None:
    width = SIZES[Paper.LETTER][0] - 2 * steward._MARGIN
    block = fit(text, width, 22, largest=26, bold=True, named=True)
    assert len(block.lines) == 1
    top = steward._MARGIN + 11 * MM * 1.25 + 2
    page = 2 * ENGLISH.index(text)
    found = ink(part(page, steward._MARGIN - 1, top, width + 2, block.height))
    assert difference(found, drawn(block.lines[0])) < DIFFERENT


@pytest.mark.parametrize("text", ENGLISH)
def test_a_card_has_it_so(text: str) -> None:
    piece = on_a_page(SIZES[Paper.LETTER])[0]
    words = card.wording(terms(title="One day"), text, card.Bot(telegram=None, discord=None), piece)
    wide, high = piece.panel
    y = piece.y + (high - words.title.height - card._GAP - words.unit.height) / 2 + words.title.height + card._GAP
    left = piece.fold_back + card._EDGE + card._FRAME
    page = 2 * ENGLISH.index(text) + 1
    for nth, line in enumerate(words.unit.lines):
        at = y + nth * words.unit.leading
        found = ink(part(page, left - 0.5, at, wide - 2 * (card._EDGE + card._FRAME) + 1, words.unit.leading))
        assert difference(found, drawn(line)) < DIFFERENT


def board(name: str, language: str) -> Poster:
    """Return a board on which nothing but this name is said."""
    said = poster(published(opened(), [replace(shops(40)[0], name="x")]))
    bars = tuple(replace(bar, name=name, said="") for bar in said.bars)
    return replace(
        said, language=language, title="", city="", stage_said="", thermometer=None, bars=bars, as_of="", next_tally=""
    )


@pytest.mark.parametrize(("language", "text"), CASES)
def test_a_picture_has_it_so(language: str, text: str) -> None:
    with Image.open(io.BytesIO(draw(board(text, language)))) as image:
        found = ink(image.convert("L").crop((0, BELOW_THE_HEAD, *image.size)))
    assert difference(found, drawn(as_looked_at(language, text))) < DIFFERENT


def test_runs_in_another_order_would_be_seen() -> None:
    line = as_looked_at("en", "Strike at مستشفى المدينة, 1 May 2027")
    before, *others = line.runs
    away = max(glyph.x for run in line.runs for glyph in run.glyphs)
    moved = Run(before.face, away, 0, before.glyphs)
    assert difference(drawn(line), drawn(Line((*others, moved), 0))) > DIFFERENT


def test_letters_that_do_not_join_would_be_seen() -> None:
    joined = as_looked_at("en", "تَعَهُّد نقابة قويّة")
    alone = lines("en", "\u200c".join("نقابة"), 1000)[0]
    assert difference(drawn(lines("en", "نقابة", 1000)[0]), drawn(alone)) > DIFFERENT
    assert difference(drawn(joined), drawn(lines("en", "تَعَهُّد نقابة قويّة", 1000)[0])) < DIFFERENT


def test_the_forms_of_three_languages_differ() -> None:
    simplified, traditional, korean = (lines(language, "骨直", 1000)[0] for language in ("zh-Hans", "zh-Hant", "ko"))
    assert len({tuple(shown(line)) for line in (simplified, traditional, korean)}) == 3


# -- letters, and where they are --------------------------------------------------------------------------------------


@pytest.fixture
def no_fonts_installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(installed, "folders", lambda: ())
    forget()
    yield
    forget()


def forget() -> None:
    for cached in (installed.fonts, faces.installed_face, paragraph):
        cached.cache_clear()


@pytest.mark.usefixtures("no_fonts_installed")
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh-Hans", "\u4e8c\u3007\u4e8c\u4e03\u5e74\u505c\u5de5"),  # the zero of years
        ("en", "\u30e9\u30fc\u30e1\u30f3\u4e00\u756a \u304a\u3059\u3057 \uff76\uff9e"),
        ("zh-Hant", "\u845b\U000e0100"),  # a letter whose form is chosen by what stands behind it
    ],
)
def test_letters_of_every_day_are_in_our_own_fonts(language: str, text: str) -> None:
    assert missing(text, language) == ""


def test_whoever_is_in_no_list_of_users_has_the_fonts_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 2_000_000_001)
    with pytest.raises(RuntimeError):
        Path.home()
    installed.folders.cache_clear()
    assert all(Path(folder).is_absolute() for folder in installed.folders())
    installed.folders.cache_clear()


def test_an_installed_font_called_as_one_of_ours_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strange = "\U00016f00"
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((400, 0))
    pen.lineTo((400, 700))
    pen.closePath()
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder([".notdef", "miao"])
    made.setupCharacterMap({ord(strange): "miao"})
    made.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "miao": pen.glyph()})
    made.setupHorizontalMetrics({".notdef": (500, 0), "miao": (500, 0)})
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Strange", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    made.save(tmp_path / "NotoSansCJK-Regular.otf")
    monkeypatch.setattr(installed, "folders", lambda: (str(tmp_path),))
    forget()
    try:
        printed = pypdfium2.PdfDocument(
            sheet(terms(title="One day"), [(f"{strange} \u57ce\u5e02\u533b\u9662", codes(1))])
        )
        assert f"{strange} \u57ce\u5e02\u533b\u9662" in printed[0].get_textpage().get_text_range()
        printed.close()
    finally:
        forget()


def test_what_joins_more_letters_than_any_language_does_is_parted() -> None:
    for letters in ("A\u200d" * 40, "\u0e40" * 60, "\u0915\u094d" * 50):
        words = Paragraph(letters, "en")
        lines = words.wrapped(8)
        assert len(lines) > 2
        assert all(words.width(*line) <= 8 for line in lines)


def test_letters_join_also_where_a_word_takes_two_fonts() -> None:
    line = Paragraph("\u06c1\u064f\u0646\u065b\u062f", "ur").line(0, 5)
    names = {faces.opened(run.face).glyph_to_string(glyph.number) for run in line.runs for glyph in run.glyphs}
    assert len({run.face for run in line.runs}) > 1
    assert "uniFEE8" in names  # joined on both sides


if __name__ == "__main__":
    made = [seen(language, text) for language, text in CASES]
    LOOKED_AT.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", "utf-8")
