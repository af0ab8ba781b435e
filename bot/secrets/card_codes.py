"""Card codes: 20 Crockford base32 characters, 100 random bits; the store keeps only their hashes."""

from __future__ import annotations

import hashlib
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no I, L, O, U."""

LENGTH = 20
GROUP = 5


def mint() -> str:
    """Make a new code, without dashes."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def from_bytes(material: bytes) -> str:
    """Spell the first 100 bits of `material` (13 bytes at least) as a code."""
    number = int.from_bytes(material[:13], "big") >> 4
    return "".join(ALPHABET[number >> shift & 31] for shift in range((LENGTH - 1) * 5, -1, -5))


def exact(text: str) -> str | None:
    """Return a code that we wrote ourselves, as on a button; None for anything else. See bot.parsing.typed_text."""
    return text if len(text) == LENGTH and set(text) <= set(ALPHABET) else None


def pretty(code: str) -> str:
    """Return the code as it is printed: four groups of five."""
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def key_of(code: str) -> bytes:
    """Return what the store keeps of the code."""
    return hashlib.sha256(code.encode("ascii")).digest()
