"""Text of one direction inside a sentence of another: kept apart by the isolates of Unicode's bidirectional algorithm.

Without them a name's own direction takes hold of the sentence around it: "دائرة: 3 cards drawn." reads
".cards drawn 3 :دائرة". See Unicode's UAX 9, and its section 6.3 on what is put into a text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

FIRST_STRONG, LEFT_TO_RIGHT, END = "\u2068", "\u2066", "\u2069"

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
_LINK = ("https://", "http://")
_NUMBER = re.compile(r"[\d,.:]*")
# commands, options, fields, files, names of programs: as they are typed or printed, with the marks that are part of it
_WORD = r"(?:[/@#.!]|--?)?[A-Za-z](?:[!-z~]*[A-Za-z0-9/+%_-])?"
_LATIN = re.compile(
    rf"(?P<placeholder>\{{[^{{}}]*\}})|/\{{[^{{}}]*\}}|(?P<link>https?://\S+)|`[^`]*`|{_WORD}(?: {_WORD})*"
)


def isolated(text: str, *, right_to_left: bool) -> str:
    """Keep a text apart from a sentence of that direction, in which it stands, if it could turn it or be turned by it.

    Its first strong letter says which direction it has. What has none, like a date in figures, runs from left to right,
    as a code or a command does, which begins with a Latin letter. A link stays as it is: clients would take the isolate
    behind it for a part of it.
    """
    if text.startswith(_LINK):
        return text
    turns = not _NUMBER.fullmatch(text) if right_to_left else _has_right_to_left(text)
    return f"{FIRST_STRONG}{text}{END}" if turns else text


def _has_right_to_left(text: str) -> bool:
    return not text.isascii() and any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)


@lru_cache(maxsize=4096)
def latin_isolated(sentence: str) -> str:
    """Keep apart what stands in Latin letters in a sentence from right to left, but for its placeholders.

    A sentence that begins with such a word has its own direction all the same, since clients look for the first letter
    outside of isolates.
    """
    return _LATIN.sub(_apart, sentence)


def _apart(found: re.Match[str]) -> str:
    stays = found["placeholder"] or found["link"]
    return found[0] if stays else f"{LEFT_TO_RIGHT}{found[0]}{END}"
