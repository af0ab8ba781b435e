"""Cards on paper, read back from the PDF: its text layer, its QR codes, where its letters stand."""

from __future__ import annotations

import random
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageFilter

from bot.domain.model import Terms
from bot.secrets.card_codes import mint, pretty
from handlers.sheets.paper import Paper, usual_paper
from handlers.sheets.sheet import sheet
from tests.conftest import terms as some_terms

BOT = "https://t.me/allout_bot"
CODE = re.compile(r"\b(?:[0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}\b")
SCALE = 200 / 72
MARGIN_PT = 9 * 72 / 25.4
ODD_NAMES = [
    "Mount Sinai Hospital of Queens, Astoria, Department of Nursing and Environmental Services",
    "W" * 200,
    "word " * 40,
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "Φαρμακείο «Φως» του Αγίου Νικολάου, Κάτω Πατήσια, δεύτερο κατάστημα",
    "Городская клиническая больница № 15 имени Филатова, приёмное отделение",
    "כל העובדים של בית החולים מעייני הישועה, בני ברק",
    "مستشفى الملك فهد التعليمي، قسم الطوارئ والعناية المركزة Room 12",
    "ঢাকা গার্মেন্টস শ্রমিক ইউনিয়ন কারখানা নম্বর ১২",
    "自由大學第三食堂 Café",
    "Cafe\u0301 Nguye\u0302\u0303n, Z" + "\u0334\u0321\u0316\u0300\u0301\u0302\u0303" * 8 + "algo",
    "@everyone {nb} **bold** __under__ [a](b) \\ ( ) <b>",
    "\N{FIRE}\N{WAVING WHITE FLAG}\ufe0f\u200d\N{RAINBOW} \N{FAMILY}",
    "\u202eevil\u202c \x07 bell",
]


def terms(**changes: object) -> Terms:
    return some_terms(
        **{
            "title": "One day for the rent freeze",
            "starts": datetime.fromisoformat("2026-12-12T09:00:00-05:00"),
            "pledge_by": datetime.fromisoformat("2026-12-08T20:00:00-05:00"),
            **changes,
        }
    )


def codes(number: int) -> list[str]:
    return [mint() for _ in range(number)]


@dataclass(frozen=True)
class Box:
    """A rectangle in points, from the lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    def holds(self, other: Box) -> bool:
        return (
            self.left <= other.left
            and self.bottom <= other.bottom
            and other.right <= self.right
            and other.top <= self.top
        )


class Page:
    """One page as a reader has it."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self.width, self.height = page.get_size()
        self._text = page.get_textpage()
        self.text: str = self._text.get_text_range()
        self.picture: Image.Image = page.render(scale=SCALE).to_pil().convert("L")

    @property
    def is_steward(self) -> bool:
        return "For the steward" in self.text

    @property
    def qr(self) -> list[str]:
        return [found.text for found in zxingcpp.read_barcodes(self.picture)]

    def quarters(self) -> Iterator[tuple[Box, Box, Box, Box]]:
        """QR code, cover, words and back of each place for a card."""
        width, height = (self.width - 2 * MARGIN_PT) / 4, (self.height - 2 * MARGIN_PT) / 8
        for row in range(4):
            for column in range(2):
                x, top = MARGIN_PT + 2 * column * width, self.height - MARGIN_PT - 2 * row * height
                upper, lower = (top - height, top), (top - 2 * height, top - height)
                yield (
                    Box(x, upper[0], x + width, upper[1]),
                    Box(x + width, upper[0], x + 2 * width, upper[1]),
                    Box(x, lower[0], x + width, lower[1]),
                    Box(x + width, lower[0], x + 2 * width, lower[1]),
                )

    def within(self, box: Box) -> str:
        text: str = self._text.get_text_bounded(box.left, box.bottom, box.right, box.top)
        return " ".join(text.split())

    def letters(self) -> list[Box]:
        boxes = [self._text.get_charbox(index) for index in range(self._text.count_chars())]
        return [Box(*box) for box in boxes if box[2] > box[0] and box[3] > box[1]]

    def crop(self, box: Box) -> Image.Image:
        width, height = int((box.right - box.left) * SCALE), int((box.top - box.bottom) * SCALE)
        x, y = round(box.left * SCALE), round((self.height - box.top) * SCALE)
        return self.picture.crop((x, y, x + width, y + height))


@contextmanager
def reading(pdf: bytes) -> Iterator[list[Page]]:
    document = pypdfium2.PdfDocument(pdf)
    yield [Page(page) for page in document]
    document.close()


def printed(pages: Sequence[Page]) -> list[str]:
    return [code for page in pages for code in CODE.findall(page.text)]


def test_every_qr_code_opens_the_bot_with_a_code_and_every_code_is_printed_once() -> None:
    made = codes(40)
    with reading(sheet(terms(), [("Manhattan College", made)], telegram=BOT)) as pages:
        assert [page.is_steward for page in pages] == [True] + [False] * 5
        assert Counter(link for page in pages for link in page.qr) == Counter(f"{BOT}?start={code}" for code in made)
        assert Counter(printed(pages)) == Counter(map(pretty, made))


def test_a_card_says_outside_what_it_is_and_inside_what_to_do() -> None:
    with reading(sheet(terms(), [("Manhattan College", codes(11))], telegram=BOT, discord="AllOut")) as pages:
        for page, number in zip(pages[1:], (8, 3), strict=True):
            for place, (qr, cover, words, back) in enumerate(page.quarters()):
                if place >= number:
                    assert not any(page.within(quarter) for quarter in (qr, cover, words, back))
                    continue
                assert page.within(cover) == "One day for the rent freeze Manhattan College"
                assert page.within(back) == "Open it where nobody reads along."
                assert page.within(qr) == "Scan it to open Telegram."
                inside = page.within(words)
                assert len(CODE.findall(inside)) == 1
                assert "Pledge before Tue 8 Dec 2026, 20:00" in inside
                assert "You walk out only if enough others do." in inside
                assert "No name or account is kept." in inside
                assert "@allout_bot on Telegram" in inside
                assert "on Discord to AllOut: /start, then the code" in inside


@pytest.mark.parametrize(
    ("telegram", "discord", "said"),
    [
        (BOT, None, "Cannot scan? Send it to @allout_bot on Telegram."),
        (None, "AllOut", "Send it to AllOut on Discord: /start, then the code."),
        (None, None, "Send it to the bot."),
    ],
)
def test_only_the_platforms_that_run_are_named(telegram: str | None, discord: str | None, said: str) -> None:
    made = codes(1)
    with reading(sheet(terms(), [("Depot", made)], telegram=telegram, discord=discord)) as (_steward, page):
        assert said in " ".join(page.text.split())
        assert ("Discord" in page.text, "Telegram" in page.text) == (discord is not None, telegram is not None)
        assert page.qr == [f"{BOT}?start={made[0]}" if telegram else made[0]]


def test_nothing_numbers_the_cards() -> None:
    with reading(sheet(terms(), [("Depot", codes(24))], telegram=BOT)) as pages:
        without_codes = [CODE.sub("", page.text) for page in pages[1:]]
        assert len(set(without_codes)) == 1  # but for the codes no page differs from another
        page = pages[1]
        every = [tuple(CODE.sub("", page.within(quarter)) for quarter in quarters) for quarters in page.quarters()]
        assert len(set(every)) == 1
        assert re.findall(r"\d+", "".join(every[0])) == ["8", "2026", "20", "00"]


def test_the_order_is_drawn_anew_each_time() -> None:
    made = codes(40)
    orders = []
    for _ in range(2):
        with reading(sheet(terms(), [("Depot", made)])) as pages:
            orders.append(printed(pages))
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(map(pretty, made))
    assert len({tuple(order) for order in (*orders, list(map(pretty, made)))}) == 3


def test_the_file_tells_neither_when_nor_with_what_it_was_made() -> None:
    made = codes(9)
    one = sheet(terms(), [("Depot", made)], chance=random.Random(1))
    time.sleep(1.1)  # the times in a PDF are whole seconds
    assert sheet(terms(), [("Depot", made)], chance=random.Random(1)) == one
    assert sheet(terms(), [("Depot", made)], chance=random.Random(2)) != one
    document = pypdfium2.PdfDocument(one)
    assert {key: value for key, value in document.get_metadata_dict().items() if value} == {
        "CreationDate": "D:20000101000000Z"
    }
    document.close()
    assert str(datetime.now(UTC).year).encode() not in re.sub(rb"stream.*?endstream", b"", one, flags=re.DOTALL)


def test_each_workplace_begins_with_a_page_for_its_steward() -> None:
    made = {"Depot": codes(9), "School": [], "Café, North": codes(8)}
    with reading(sheet(terms(), list(made.items()), telegram=BOT)) as pages:
        assert [page.is_steward for page in pages] == [True, False, False, True, False]
        for page, name in ((pages[0], "Depot"), (pages[3], "Café, North")):
            assert not page.qr
            assert not CODE.search(page.text)
            text = " ".join(page.text.split())
            assert f"{name} One day for the rent freeze {len(made[name])} cards" in text
            for rule in ("Draw from a hat.", "Keep no list.", "No photograph.", "Burn the rest.", "Delete the file."):
                assert rule in text
        assert sorted(printed(pages[1:3])) == sorted(map(pretty, made["Depot"]))
        assert sorted(printed(pages[4:])) == sorted(map(pretty, made["Café, North"]))


@pytest.mark.parametrize("paper", Paper)
@pytest.mark.parametrize("name", ODD_NAMES)
def test_long_and_odd_names_stay_in_their_quarter(name: str, paper: Paper, caplog: pytest.LogCaptureFixture) -> None:
    made = codes(1)
    pdf = sheet(terms(title=name[:200]), [(name, made)], telegram=BOT, discord=name, paper=paper)
    assert not caplog.records  # fpdf2 warns of letters that it could not draw
    with reading(pdf) as (steward, page):
        quarters = next(page.quarters())
        for letter in page.letters():
            assert any(quarter.holds(letter) for quarter in quarters)
        sheet_of_paper = Box(MARGIN_PT, MARGIN_PT, steward.width - MARGIN_PT, steward.height - MARGIN_PT)
        assert all(sheet_of_paper.holds(letter) for letter in steward.letters())
        assert page.qr == [f"{BOT}?start={made[0]}"]
        assert printed([page]) == [pretty(made[0])]
        assert "Burn the rest." in steward.text


@pytest.mark.parametrize(
    ("name", "cover"),
    [
        ("Cafe\u0301 Nord", "Café Nord"),
        ("Больница № 15", "Больница № 15"),
        ("@everyone {nb} **bold**", "@everyone {nb} **bold**"),  # nothing is markup
        ("Depot \N{FIRE}", "Depot"),
        ("食堂\U00020000", "食堂□"),
        ("\N{WAVING WHITE FLAG}\ufe0f\u200d\N{RAINBOW}", "□"),
        ("\u202edepot\u202c\x07", "depot"),
        ("a  \n b", "a b"),
    ],
)
def test_what_no_font_has_is_seen_to_be_missing(name: str, cover: str) -> None:
    with reading(sheet(terms(title="One day"), [(name, codes(1))])) as (_steward, page):
        assert page.within(next(page.quarters())[1]) == f"One day {cover}"


@pytest.mark.parametrize(
    "name",
    ["Nguy\u1ec5n Th\u1ecb \u1ebe", "בית חולים", "مستشفى الملك", "ঢাকা"],
)
def test_these_scripts_are_drawn_with_their_own_letters(name: str) -> None:
    with reading(sheet(terms(title="One day"), [(name, codes(1))])) as (_steward, page):
        shown = page.within(next(page.quarters())[1])
        assert "\ufffd" not in shown
        letters = {char for char in unicodedata.normalize("NFKC", shown) if char.isalpha()}
        assert letters >= {char for char in name if char.isalpha()}


@pytest.mark.parametrize("paper", Paper)
def test_a_folded_card_held_to_the_light_shows_no_code(paper: Paper) -> None:
    with reading(sheet(terms(), [("Depot", codes(8))], telegram=BOT, paper=paper)) as (_steward, page):
        for quarters in page.quarters():
            qr, cover, words, back = map(page.crop, quarters)
            assert zxingcpp.read_barcodes(qr)  # open, it can be read
            layers = (qr, _mirrored(cover), _folded_up(words), _mirrored(_folded_up(back)))
            light = layers[0]
            for layer in layers[1:]:
                light = ImageChops.multiply(light, layer)
            for seen in (light, _mirrored(light), light.filter(ImageFilter.GaussianBlur(1.5))):
                assert not zxingcpp.read_barcodes(seen)


def _mirrored(quarter: Image.Image) -> Image.Image:
    return quarter.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _folded_up(quarter: Image.Image) -> Image.Image:
    return quarter.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


@pytest.mark.parametrize(
    ("starts", "paper"),
    [
        ("2026-12-12T09:00:00-05:00", Paper.LETTER),  # New York
        ("2026-07-12T09:00:00-04:00", Paper.LETTER),  # New York in summer
        ("2026-07-12T09:00:00-10:00", Paper.LETTER),  # Hawaii
        ("2026-12-12T09:00:00-03:00", Paper.A4),  # São Paulo
        ("2026-12-12T09:00:00+00:00", Paper.A4),
        ("2026-12-12T09:00:00+05:30", Paper.A4),
    ],
)
def test_the_paper_is_what_is_usual_where_the_walkout_is(starts: str, paper: Paper) -> None:
    about = terms(starts=datetime.fromisoformat(starts))
    assert usual_paper(about) is paper
    with reading(sheet(about, [("Depot", codes(1))])) as pages:
        millimetres = {(round(page.width / 72 * 25.4), round(page.height / 72 * 25.4)) for page in pages}
        assert millimetres == {(216, 279) if paper is Paper.LETTER else (210, 297)}


def test_hundreds_of_cards_take_seconds() -> None:
    made = codes(400)
    began = time.process_time()
    pdf = sheet(terms(), [("Depot", made)], telegram=BOT)
    assert time.process_time() - began < 15
    assert len(pdf) < 2_000_000
