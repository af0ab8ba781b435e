"""Looks for what must not be there, in every form in which a program may have written it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from urllib.parse import quote

_LEAST_BYTES = 4
"""A number is looked for in so many bytes at least: fewer are found in any file, by chance."""

_AHEAD = b"\0" * 3


def forms(canary: str | int) -> dict[str, bytes]:
    """Return the canary in each form, by the form's name; a number also is one where it is spelled in digits."""
    text = str(canary)
    plain = text.encode()
    found = {
        "text": plain,
        "UTF-16, little endian": text.encode("utf-16-le"),
        "UTF-16, big endian": text.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "capital hex": plain.hex().upper().encode(),
        "decimal bytes": ", ".join(map(str, plain)).encode(),
        "escaped for JSON": json.dumps(text)[1:-1].encode(),
        "escaped for Python": repr(plain)[2:-1].encode(),
        "escaped for a URL": quote(text, safe="").encode(),
    }
    found |= _base64("base64", plain, base64.b64encode) | _base64("URL-safe base64", plain, base64.urlsafe_b64encode)
    if text.isdecimal() and text.isascii():
        found |= _integer(int(text))
    return found


def found(canaries: Iterable[str | int], contents: bytes) -> list[str]:
    """Say which canaries stand in the contents, and how: `'ana' as hex`. Empty if none does."""
    lowered = contents.lower()
    return [
        f"{canary!r} as {name}"
        for canary in canaries
        for name, form in forms(canary).items()
        # cards, links and tokens may be written in other letters than they were made in
        if form in contents or (name == "text" and form.lower() in lowered)
    ]


def _base64(name: str, plain: bytes, encode: Callable[[bytes], bytes]) -> dict[str, bytes]:
    # what stands before it in the same text moves it by none, one or two bytes, and touches the letters at its ends
    moved = {}
    for ahead in range(3):
        letters = encode(_AHEAD[:ahead] + plain)
        first = -(-ahead * 8 // 6)
        last = (ahead + len(plain)) * 8 // 6
        moved[f"{name}, moved by {ahead}"] = letters[first:last]
    return moved


def _integer(number: int) -> dict[str, bytes]:
    size = max(_LEAST_BYTES, -(-number.bit_length() // 8))
    return {
        "big-endian integer": number.to_bytes(size, "big"),
        "little-endian integer": number.to_bytes(size, "little"),
        "SQLite's number of a row": _varint(number),
        "hex integer": f"{number:x}".encode(),
        "capital hex integer": f"{number:X}".encode(),
    }


def _varint(number: int) -> bytes:
    """Write a number seven bits at a time, as SQLite writes a row's; what does not fit is no row's number."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups)).rjust(_LEAST_BYTES, b"\x80")
