"""Makes text fit to be drawn: only letters that a font here has, only as long as there is room."""

from __future__ import annotations

import unicodedata
from bisect import bisect
from collections.abc import Callable
from functools import lru_cache

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties, findfont, get_font

MAIN = "DejaVu Sans"
"""Comes with matplotlib: Latin, Greek, Cyrillic, Hebrew, Arabic and more, but neither Chinese nor Bengali."""

BOX = "□"

JOINERS = "\u200c\u200d"
"""Arabic and Indian scripts shape their letters by them."""

NOT_FOR_TEXT = ("Last Resort", "cm", "STIX")
"""How fonts are named that hold boxes or formulas."""


def drawable(text: str) -> str:
    """Return the text with a box for each letter that no font here has; pictures and invisible signs go."""
    kept = " ".join("".join(map(_drawable, text)).split())
    return kept if kept.strip(JOINERS + " ") or not text else BOX


def families(text: str) -> list[str]:
    """Name the fonts this text needs, the main one first."""
    found = dict.fromkeys([MAIN])
    found.update(dict.fromkeys(family for letter in text if (family := _family(letter))))
    return list(found)


def shortened(text: str, fits: Callable[[str], bool]) -> str:
    """Cut so much off the end that it fits with an ellipsis; never between a letter and its accent."""
    if fits(text):
        return text
    seams = [end for end in range(1, len(text)) if _is_a_seam(text[end])]
    too_many = bisect(seams, False, key=lambda end: not fits(_cut(text, end)))
    return _cut(text, seams[too_many - 1] if too_many else 0)


def _cut(text: str, end: int) -> str:
    return f"{text[:end].rstrip()}…"


def _is_a_seam(following: str) -> bool:
    return following not in JOINERS and not unicodedata.category(following).startswith("M")


@lru_cache(maxsize=4096)
def _drawable(letter: str) -> str:
    kind = unicodedata.category(letter)
    if letter.isspace():
        return " "
    if kind.startswith("C") and letter not in JOINERS:  # also what turns the direction of the text after it
        return ""
    if _family(letter):
        return letter
    return BOX if kind[0] in "LN" else ""


@lru_cache(maxsize=4096)
def _family(letter: str) -> str | None:
    """Name the first font that has this letter. A server gets more of them by installing Noto fonts."""
    return next((family for family in _all_families() if _has(family, letter)), None)


@lru_cache(maxsize=1)
def _all_families() -> tuple[str, ...]:
    there = {entry.name for entry in font_manager.fontManager.ttflist}
    for_text = (name for name in there if not name.startswith(NOT_FOR_TEXT) and name != MAIN)
    return MAIN, *sorted(for_text, key=lambda name: (not name.startswith("Noto Sans"), name))


def _has(family: str, letter: str) -> bool:
    path = findfont(FontProperties(family=[family]), fallback_to_default=False)
    return get_font(path).get_char_index(ord(letter)) != 0
