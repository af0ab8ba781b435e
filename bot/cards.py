"""Card codes: 20 Crockford base32 characters, 100 random bits; the store keeps only their hashes."""

from __future__ import annotations

import hashlib
import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no I, L, O, U."""

LENGTH = 20
GROUP = 5

# what people and phones put between the groups: blanks of every kind and dashes of every length
_BETWEEN = re.compile(r"[\s\-_.\u00ad\u200b-\u200f\u2010-\u2015\u2060\u2212\ufe58\ufe63\uff0d\ufeff]+")
_FOLD = str.maketrans("OIL", "011")


def mint() -> str:
    """Make a new code, without dashes."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def from_bytes(material: bytes) -> str:
    """Spell the first 100 bits of `material` (13 bytes at least) as a code."""
    number = int.from_bytes(material[:13], "big") >> 4
    return "".join(ALPHABET[number >> shift & 31] for shift in range((LENGTH - 1) * 5, -1, -5))


def fold(text: str) -> str:
    """Spell a code as Crockford says: upper case, O as 0, I and L as 1, nothing in between."""
    return _BETWEEN.sub("", text).upper().translate(_FOLD)


def parse(text: str) -> str | None:
    """Return the code that the text spells, or None if it is not the shape of one."""
    if not _BETWEEN.sub("", text).isascii():  # some letters become several, or Latin ones, in upper case
        return None
    code = fold(text)
    return code if len(code) == LENGTH and all(letter in ALPHABET for letter in code) else None


def looks_like_one(text: str) -> bool:
    """Say whether somebody probably meant a code but mistyped it."""
    code = fold(text)
    return (
        LENGTH - GROUP <= len(code) <= LENGTH + GROUP
        and code.isascii()
        and code.isalnum()
        and any(letter.isdigit() for letter in text)
    )


def pretty(code: str) -> str:
    """Return the code as it is printed: four groups of five."""
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def key_of(code: str) -> bytes:
    """Return what the store keeps of the code."""
    return hashlib.sha256(code.encode("ascii")).digest()
