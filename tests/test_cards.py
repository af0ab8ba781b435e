from __future__ import annotations

import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.secrets import card_codes

CODE = "7KD2MXQ9F4TP3HWZ8C0V"

codes = st.text(alphabet=card_codes.ALPHABET, min_size=card_codes.LENGTH, max_size=card_codes.LENGTH)


@given(codes)
def test_a_printed_code_is_four_groups_of_five(code: str) -> None:
    printed = card_codes.pretty(code)

    assert re.fullmatch(r"[0-9A-Z]{5}(-[0-9A-Z]{5}){3}", printed)
    assert card_codes.exact(printed.replace("-", "")) == code


@pytest.mark.parametrize(
    "data", ["", CODE.lower(), card_codes.pretty(CODE), CODE[:-1], CODE + "V", CODE[:-1] + "O", "no:card"]
)
def test_what_a_button_carries_is_our_own_spelling_or_no_code(data: str) -> None:
    assert card_codes.exact(CODE) == CODE
    assert card_codes.exact(data) is None


def test_new_codes_use_crockfords_alphabet_and_never_repeat() -> None:
    minted = [card_codes.mint() for _ in range(5000)]

    assert len(set(minted)) == 5000
    assert all(len(code) == 20 for code in minted)
    assert set("".join(minted)) == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@given(st.binary(min_size=13, max_size=40))
def test_bytes_are_spelled_out_in_full_up_to_a_hundred_bits(material: bytes) -> None:
    code = card_codes.from_bytes(material)
    number = 0
    for letter in code:
        number = number * 32 + card_codes.ALPHABET.index(letter)

    assert card_codes.exact(code) == code
    assert number == int.from_bytes(material[:13], "big") >> 4


def test_every_one_of_a_hundred_bits_changes_the_code() -> None:
    spelled = {card_codes.from_bytes((1 << bit + 4).to_bytes(13, "big")) for bit in range(100)}
    assert len(spelled) == 100


def test_the_store_is_given_the_hash_of_the_code_without_dashes() -> None:
    assert card_codes.key_of(CODE) == sha256(CODE.encode()).digest()
