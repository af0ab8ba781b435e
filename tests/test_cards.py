from __future__ import annotations

import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import cards

CODE = "7KD2MXQ9F4TP3HWZ8C0V"

codes = st.text(alphabet=cards.ALPHABET, min_size=cards.LENGTH, max_size=cards.LENGTH)

DASHES = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
BLANKS = " \t\n\r\u00a0\u2002\u2003\u2009\u202f\u3000"
UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


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
        ("7KD2MXQ9F4TP3HWZ8CUV", None),  # U is no letter of the alphabet and is read as no other
        ("7KD2MXQ9F4TP3HWZ8C0", None),  # 19
        ("7KD2MXQ9F4TP3HWZ8C0VV", None),  # 21
        ("7KD2MXQ9F4TP3HWZ8C0\u0667", None),  # a seven, but not an ASCII one
        ("7KD2MXQ9F4TP3HWZ8C0\uff17", None),
        ("7KD2MXQ9F4TP3HWZ8C0\u00b2", None),
        ("7KD2MXQ9F4TP3HWZ8C0\u0416", None),
        ("7KD2MXQ9F4TP3HWZ8C0*", None),
        ("7KD2MXQ9F4TP3HWZ8C\u00df", None),  # 19; upper case makes two letters of the last
        ("7KD2MXQ9F4TP3HWZ8C\ufb01", None),  # likewise of the ligature fi
        ("7KD2MXQ9F4TP3HWZ8C0\u017f", None),  # a long s is no S
        ("", None),
        ("hello", None),
    ],
)
def test_a_code_is_read_as_people_and_phones_write_it(typed: str, code: str | None) -> None:
    assert cards.parse(typed) == code


@given(codes, st.data())
def test_whatever_people_put_between_the_letters_the_code_is_the_same(code: str, data: st.DataObject) -> None:
    between = st.text(alphabet=DASHES + BLANKS + UNSEEN, max_size=3)
    cases = st.sampled_from([str.upper, str.lower])
    typed = data.draw(between)
    for letter in cards.pretty(code):
        typed += data.draw(cases)(letter) + data.draw(between)

    assert cards.parse(typed) == code


@given(codes)
def test_a_printed_code_is_four_groups_of_five_and_reads_back(code: str) -> None:
    printed = cards.pretty(code)

    assert re.fullmatch(r"[0-9A-Z]{5}(-[0-9A-Z]{5}){3}", printed)
    assert cards.parse(printed) == code


@given(st.text() | st.text(alphabet=cards.ALPHABET + "oilu-\u2014\u00a0\u0663\u00df\ufb01\u0130", max_size=30))
def test_no_text_breaks_the_reader_and_what_it_reads_is_a_code(text: str) -> None:
    code = cards.parse(text)

    cards.looks_like_one(text)
    if code is not None:
        assert len(code) == cards.LENGTH
        assert set(code) <= set(cards.ALPHABET)
        assert cards.parse(code) == code


def test_new_codes_use_crockfords_alphabet_and_never_repeat() -> None:
    minted = [cards.mint() for _ in range(5000)]

    assert len(set(minted)) == 5000
    assert all(len(code) == 20 for code in minted)
    assert set("".join(minted)) == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@given(st.binary(min_size=13, max_size=40))
def test_bytes_are_spelled_out_in_full_up_to_a_hundred_bits(material: bytes) -> None:
    code = cards.from_bytes(material)
    number = 0
    for letter in code:
        number = number * 32 + cards.ALPHABET.index(letter)

    assert cards.parse(code) == code
    assert number == int.from_bytes(material[:13], "big") >> 4


def test_every_one_of_a_hundred_bits_changes_the_code() -> None:
    spelled = {cards.from_bytes((1 << bit + 4).to_bytes(13, "big")) for bit in range(100)}
    assert len(spelled) == 100


def test_the_store_is_given_the_hash_of_the_code_without_dashes() -> None:
    assert cards.key_of(CODE) == sha256(CODE.encode()).digest()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("7KD2M-XQ9F4-TP3HW-Z8C0", True),  # one letter short
        ("7KD2M-XQ9F4-TP3HW-Z8C0VV", True),  # one too many
        ("7KD2M-XQ9F4-TP3HW-Z8CUV", True),
        ("7KD2M", False),
        ("when does it start", False),
        ("unequivocallyhonest", False),  # nineteen letters and no digit
    ],
)
def test_a_mistyped_code_is_told_from_talk(typed: str, meant: bool) -> None:  # noqa: FBT001  a table
    assert cards.looks_like_one(typed) is meant
