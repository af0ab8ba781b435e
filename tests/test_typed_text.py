# ruff: noqa: RUF001, FBT001  letters that look alike, quotes and dashes are what this is about; tables and draws
"""What people type is read: codes, references, names and numbers, in whatever script and however they were copied."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as some

from bot.parsing import typed_text
from bot.secrets import card_codes, references
from handlers.texts.catalogue import _, languages, speaking

CODE = "7KD2MXQ9F4TP3HWZ8C0V"
OTHER = "TZBPR78G370GDGC7WP9X"
PRINTED = card_codes.pretty(OTHER)

codes = some.text(alphabet=card_codes.ALPHABET, min_size=card_codes.LENGTH, max_size=card_codes.LENGTH)
given_references = some.text(card_codes.ALPHABET, min_size=references.LENGTH, max_size=references.LENGTH)

DASHES = "-\u00ad\u0640\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
BLANKS = " \t\n\r\u00a0\u2002\u2003\u2009\u202f\u3000"
UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
ZEROS = [each for each in map(chr, range(0x110000)) if unicodedata.decimal(each, None) == 0]
QUOTES = [
    '""',
    "''",
    "“”",
    "„“",
    "«»",
    "‹›",
    "「」",
    "『』",
    "``",
    "()",
    "[]",
    "<>",
    "\u2066\u2069",
    "\u2067\u2069",
    "\u2068\u2069",
]
QUOTES += ["\u202a\u202c", "\u202b\u202c", "\u202d\u202c", "\u202e\u202c", "\u200e\u200e", "\u200f\u200f", "  "]
MARKUP = ["||", "**", "__", "_", "*", "```", "~~"]
WRAPPED = some.sampled_from([*((each[0], each[1]) for each in QUOTES), *((each, each) for each in MARKUP)])
BEFORE = [
    "My card is ",
    "Mi tarjeta: ",
    "Моя карта ",
    "我的卡片",
    "بطاقتي ",
    "আমার কার্ড ",
    "내 카드는 ",
    "Kat mwen se\n",
    "card:",
]
AFTER = ["", ", thank you", " por favor?", "。谢谢", " شكرا", "!", "\nAna", "."]
LINKS = ["https://t.me/your_bot?start=", "t.me/your_bot?start=", "tg://resolve?domain=your_bot&start="]


def sure(found: tuple[typed_text.Found, ...]) -> list[str]:
    return [each.text for each in found if each.sure]


def in_digits(text: str, zero: str) -> str:
    return re.sub("[0-9]", lambda digit: chr(ord(zero) + int(digit[0])), text)


def wide(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


# -- codes


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("7KD2MXQ9F4TP3HWZ8C0V", CODE),
        ("7KD2M-XQ9F4-TP3HW-Z8C0V", CODE),  # as printed
        ("7kd2m-xq9f4-tp3hw-z8c0v", CODE),
        ("  7KD2M XQ9F4 TP3HW Z8C0V\n", CODE),
        ("7KD2M\u2013XQ9F4\u2014TP3HW\u2212Z8C0V", CODE),  # as phones correct dashes
        ("7KD2M\u00a0XQ9F4\u202fTP3HW\u3000Z8C0V", CODE),  # blanks that do not break
        ("\ufeff7KD2M\u200bXQ9F4\u200dTP3HW\u2060Z8C0V\u200e", CODE),  # what is copied along unseen
        ("7KD2M_XQ9F4.TP3HW--Z8C0V", CODE),
        ("7KD2MXQ9F4TP3HWZ8COV", CODE),  # O read as 0
        ("7KD2MXQ9F4TP3HWZ8CoV", CODE),
        ("IiLl1OoO00IiLl1OoO00", "11111000001111100000"),
        ("7KD2MXQ9F4TP3HWZ8C٠V", CODE),  # an Arabic zero
        ("７ＫＤ２Ｍ－ＸＱ９Ｆ４－ＴＰ３ＨＷ－Ｚ８Ｃ０Ｖ", CODE),
        ("7KD2MXQ9F4TP3HWZ8CUV", None),  # U is no letter of the alphabet and is read as no other
        ("7KD2MXQ9F4TP3HWZ8C0", None),  # 19
        ("7KD2MXQ9F4TP3HWZ8C0VV", None),  # 21
        ("7KD2MXQ9F4TP3HWZ8C0\u00b2", None),
        ("7KD2MXQ9F4TP3HWZ8C0\u0416", None),
        ("7KD2MXQ9F4TP3HWZ8C\u00df", None),  # 19; upper case makes two letters of the last
        ("7KD2MXQ9F4TP3HWZ8C\ufb01", None),  # likewise of the ligature fi
        ("7KD2MXQ9F4TP3HWZ8C0\u017f", None),  # a long s is no S
        ("7KD2M-XQ9F4-TP3HW-Z8C0V-7KD2M", None),  # another program's key
        ("", None),
        ("hello", None),
    ],
)
def test_a_code_is_read_as_people_and_phones_write_it(typed: str, code: str | None) -> None:
    assert sure(typed_text.codes(typed)) == ([code] if code else [])


@given(codes.filter(lambda code: re.search("[0-9]", code) and re.search("[A-Z]", code)), some.data())
def test_whatever_people_put_between_the_letters_the_code_is_the_same(code: str, data: some.DataObject) -> None:
    between = some.text(alphabet=DASHES + BLANKS + UNSEEN, max_size=3)
    cases = some.sampled_from([str.upper, str.lower])
    typed = data.draw(between)
    for letter in card_codes.pretty(code):
        typed += data.draw(cases)(letter) + data.draw(between)

    assert sure(typed_text.codes(typed, meant=True)) == [code]
    assert [found.text for found in typed_text.codes(typed)] == [code]


@given(
    codes,
    some.sampled_from(BEFORE),
    some.sampled_from(AFTER),
    WRAPPED,
    some.sampled_from(ZEROS),
    some.sampled_from(DASHES.replace("\u00ad", "")),
    some.booleans(),
)
@example("ABCDEFGHJKMNPQRSTVWX", BEFORE[0], AFTER[1], ("", ""), "0", "-", False)  # no digit, but its dashes
def test_a_printed_code_is_found_in_any_sentence_script_and_wrapping(
    code: str,
    before: str,
    after: str,
    wrapped: tuple[str, str],
    zero: str,
    dash: str,
    is_wide: bool,
) -> None:
    typed = in_digits(card_codes.pretty(code), zero).replace("-", dash)
    typed = wide(typed) if is_wide else typed
    text = before + wrapped[0] + typed + wrapped[1] + after

    assert sure(typed_text.codes(text)) == [code]


@given(codes, some.sampled_from(LINKS), some.sampled_from(BEFORE), some.sampled_from(AFTER))
def test_a_cards_link_holds_its_code(code: str, link: str, before: str, after: str) -> None:
    assert sure(typed_text.codes(f"{before} {link}{code}{after}")) == [code]


@given(codes)
def test_a_code_in_groups_with_blanks_is_found_behind_words_that_could_be_groups(code: str) -> None:
    text = "maybe " + card_codes.pretty(code).replace("-", " ") + " there"

    found = [each.text for each in typed_text.codes(text)]

    assert code in found or not re.search("[0-9]", code)


def test_several_codes_are_several_and_one_twice_is_one() -> None:
    assert set(sure(typed_text.codes(f"{PRINTED} or {card_codes.pretty(CODE)}"))) == {CODE, OTHER}
    assert sure(typed_text.codes(f"{PRINTED} ({OTHER})")) == [OTHER]


@given(
    some.text() | some.text(alphabet=card_codes.ALPHABET + "oilu-\u2014\u00a0\u0663\u00df\ufb01\u0130 ", max_size=60)
)
def test_no_text_breaks_the_reader_and_what_it_reads_is_a_code(text: str) -> None:
    for found in (*typed_text.codes(text), *typed_text.codes(text, meant=True)):
        assert card_codes.exact(found.text) == found.text
    for found in (*typed_text.asked_references(text), *typed_text.lone_references(text)):
        assert len(found.text) == references.LENGTH
        assert set(found.text) <= set(card_codes.ALPHABET)
    typed_text.near_code(text)
    typed_text.number(text)
    typed_text.plain_name(text)
    typed_text.bare(text)


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("7KD2M-XQ9F4-TP3HW-Z8C0", "7KD2MXQ9F4TP3HWZ8C0"),  # one letter short
        ("my card: 7KD2M-XQ9F4-TP3HW-Z8C0", "7KD2MXQ9F4TP3HWZ8C0"),
        ("7KD2M-XQ9F4-TP3HW-Z8C0VV", "7KD2MXQ9F4TP3HWZ8C0VV"),  # one too many
        ("7KD2M-XQ9F4-TP3HW-Z8CUV", "7KD2MXQ9F4TP3HWZ8CUV"),
        ("7KD2M", None),
        ("when does it start", None),
        ("meet me there at 5 ok pal", None),  # nineteen, with a digit
        ("unequivocallyhonest", None),  # nineteen letters and no digit
    ],
)
def test_a_mistyped_code_is_told_from_talk(typed: str, near: str | None) -> None:
    assert typed_text.near_code(typed) == near


@pytest.mark.parametrize(("latin", "other"), [*zip("ABEKMHPCTX", "АВЕКМНРСТХ", strict=True), ("Z", "Ζ"), ("N", "Ν")])
def test_letters_of_another_alphabet_are_seen_however_much_they_look_alike(latin: str, other: str) -> None:
    typed = card_codes.pretty("7KD2MXQ9F4TP3HWZ8C0V"[:-2] + latin + "N").replace(latin, other, 1)

    assert typed_text.codes(typed) == ()
    assert typed_text.foreign_letters(typed_text.near_code(typed) or "")
    assert typed_text.foreign_letters(typed_text.near_code(f"Вот карта {typed}") or "")
    assert not typed_text.foreign_letters("7KD2MXQ9F4TP3HWZ8CUV")


# -- references


@given(given_references, some.booleans(), some.sampled_from(["-", " - ", "\u2013", "\u2212", "\u0640"]))
def test_a_reference_that_is_sent_to_be_checked_is_read_however_it_is_copied(
    reference: str,
    lower: bool,
    between: str,
) -> None:
    typed = references.pretty(reference).replace("-", between)
    typed = typed.replace("0", "O").replace("1", "L")

    assert sure(typed_text.asked_references(typed.lower() if lower else typed)) == [reference]


@given(given_references, some.sampled_from(["", " ", "\u00a0", "."]))
def test_without_its_dash_it_is_found_too(reference: str, between: str) -> None:
    typed = references.pretty(reference).replace("-", between)

    assert [found.text for found in typed_text.asked_references(typed)] == [reference]


@given(given_references, some.sampled_from(ZEROS), WRAPPED, some.booleans())
def test_the_line_under_an_announcement_is_understood_when_it_is_copied_back(
    reference: str,
    zero: str,
    wrapped: tuple[str, str],
    is_wide: bool,
) -> None:
    typed = in_digits(references.pretty(reference), zero)
    typed = wide(typed) if is_wide else typed
    for text in (
        f"Ref {typed} · check it: /verify",
        f"Ref {typed} · verifícalo: /verify",
        f"It is on!\n\nRef {typed} · x",
    ):
        assert sure(typed_text.lone_references(text)) == [reference]
        assert sure(typed_text.asked_references(text)) == [reference]
    alone = wrapped[0] + typed + wrapped[1]
    assert [found.text for found in typed_text.lone_references(alone)] == [reference]
    assert sure(typed_text.asked_references(f"{alone} please")) == [reference]


@pytest.mark.parametrize("typed", ["", "K7M3", "K7M3-QX2", "K7M3-QX2PP", "K7M3-QX2U", "K7M3-QX2\U0001f9f9", "-" * 8])
def test_what_is_no_reference_is_none(typed: str) -> None:
    assert typed_text.asked_references(typed) == ()
    assert typed_text.lone_references(typed) == ()


@pytest.mark.parametrize(
    "typed", ["HOSPITAL", "TOMORROW", "is it TOMORROW?", "tomorrow", "the hospital", "2026-2027", "LONG-TERM"]
)
def test_words_are_no_references(typed: str) -> None:
    assert sure(typed_text.lone_references(typed)) == []
    assert sure(typed_text.asked_references(f"is it so: {typed}")) == []


def test_a_code_holds_no_reference() -> None:
    assert typed_text.asked_references(PRINTED) == ()
    assert typed_text.lone_references(PRINTED) == ()


# -- talk

WORDS = re.compile(r"[^\W\d_][\w'’-]*")
DOCS = Path(__file__).parents[1] / "docs"


def sentences() -> Iterator[str]:
    """Yield what the project itself writes, in words: its documents, and all that it says in every language."""
    catalogues = Path(__file__).parents[1].glob("handlers/texts/locales/*/LC_MESSAGES/*.po")
    for path in (*DOCS.rglob("*.md"), *catalogues):
        for line in path.read_text(encoding="utf-8").split("\n"):
            words = WORDS.findall(line)
            yield line if path.suffix == ".po" else " ".join(words)
            yield from words
            yield from map(" ".join, pairwise(words))
            yield from map(" ".join, zip(words, words[1:], words[2:], words[3:], strict=False))


def test_no_sentence_of_ours_is_taken_for_a_code_or_a_reference() -> None:
    printed = re.compile(r"K7M3-QX2P|XXXXX")  # where the bot itself shows one
    texts = {text for text in sentences() if text and not printed.search(text)}
    assert len(texts) > 40_000
    for text in texts:
        assert not typed_text.holds_code(text), text
        assert sure(typed_text.lone_references(text)) == [], text
        assert typed_text.near_code(text) is None, text


WORDS_OF_FIVE = some.text(alphabet="ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz", min_size=5, max_size=5)


@given(some.lists(WORDS_OF_FIVE, min_size=1, max_size=8), some.sampled_from([" ", ", ", " - ", " — "]))
def test_no_words_are_taken_for_a_code_however_long_they_are(words: list[str], between: str) -> None:
    assert not typed_text.holds_code(between.join(words))
    assert typed_text.near_code(between.join(words)) is None


@given(some.lists(some.from_regex("[a-z]{1,12}", fullmatch=True), min_size=2, max_size=12), some.integers(0, 99_999))
def test_no_words_with_a_number_among_them_are_taken_for_a_code(words: list[str], number: int) -> None:
    text = " ".join([*words[:-1], str(number), words[-1]])
    assume([*map(len, text.split())] != [5] * 4)  # four times five with digits among them, as a code is printed
    assert not typed_text.holds_code(text)
    assert sure(typed_text.lone_references(text)) == []


# -- numbers and names


@given(
    some.integers(0, 999_999_999),
    some.sampled_from(ZEROS),
    some.sampled_from(["", ",", ".", "'", " ", "\u00a0", "\u202f"]),
)
def test_a_number_is_read_in_every_scripts_digits_and_with_its_thousands_apart(n: int, zero: str, between: str) -> None:
    assert typed_text.number(in_digits(f"{n:,}", zero).replace(",", between)) == n


@pytest.mark.parametrize("typed", ["", "-3", "1.5", "1,00", "x", "12a", "1" * 10, "½", "²"])
def test_what_is_no_whole_number_is_none(typed: str) -> None:
    assert typed_text.number(typed) is None


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ('The "Blue" Depot', "the blue depot"),
        ("Завод «Искра»", "завод „Искра“"),
        ("Завод «Искра»", "Завод Искра"),
        ("St. Mary’s", "st. mary's"),
        ("St. Mary's", "ST. MARY`S"),
        ("Café Central", unicodedata.normalize("NFD", "café central")),
        ("도시 병원", unicodedata.normalize("NFD", "도시 병원")),
        ("Źródło", unicodedata.normalize("NFD", "źródło")),
        ("জ\u09dfনগর", "জ\u09af\u09bcনগর"),
        ("（株）山田", "(株)山田"),
        ("North\u200bDepot", "NorthDepot"),
        ("\u2068North Depot\u2069", "north  depot"),
        ("‘Depot’", "Depot"),
        ("Straße 5", "STRASSE 5"),
    ],
)
def test_a_name_is_known_however_it_is_quoted_and_put_together(name: str, typed: str) -> None:
    assert typed_text.same_name(name, typed)
    assert typed_text.same_name(typed, name)


@pytest.mark.parametrize(("name", "other"), [("Mary's", "Marys"), ("Depot 1", "Depot 2"), ("Café", "Cafe"), ('"', "'")])
def test_names_that_people_tell_apart_are_told_apart(name: str, other: str) -> None:
    assert not typed_text.same_name(name, other)


def test_the_nearest_names_are_found_without_their_accents() -> None:
    names = ["North Depot", "South Depot", "Café Central", "School", "Café"]
    assert typed_text.nearest_names(names, "Nort Depot", 1) == ["North Depot"]
    assert typed_text.nearest_names(names, "cafe", 1) == ["Café"]
    assert typed_text.nearest_names(names, "xyz", 3) == []


@pytest.mark.parametrize("language", languages())
def test_the_line_under_an_announcement_holds_its_reference_in_every_language(language: str) -> None:
    with speaking(language):
        line = _("Ref {reference} · check it: /verify").format(reference="K7M3-QX2P")
    for text in (line, f"1 May 2027\n\n{line}", line.replace("\u00a0", " ").lower()):
        assert sure(typed_text.lone_references(text)) == ["K7M3QX2P"]
