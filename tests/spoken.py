"""What must be so of any message in any language: nothing is English, and nothing turns or breaks a line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from wcwidth import wcswidth

from bot.domain.words import MEET, NAMES
from handlers.texts.languages import ENGLISH, LANGUAGES, meant

LONGEST_LABEL = 20
"""In cells."""

LATIN = {"es", "ht", "fr", "pl"}
"""Written in the letters of English: there only words that are none but English tell."""

WRITTEN = (
    *("One day for the rent freeze", "New York", "Freeze the rent", "Fast and free buses"),
    *("Ask your steward before you pledge.", "Meet at nine at your own door; legal line 555-0100."),
    *("Depot", "School", "at the Depot gate", "under the School clock"),
)
"""By the organizers of the walkouts in tests/house.py."""

TYPED = (
    r"https?://\S+",
    r"[/@#]\w+",
    r"(?:[0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}",
    r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b",
    # other scripts' letters may follow at once
    r"(?<![A-Za-z])(?:UTC|Ref|AllOut|Telegram|Discord|PostgreSQL|QR|PDF|CSV|TOML)(?![A-Za-z])",
    rf"\b(?:{'|'.join([*NAMES, MEET])})\b",
    *(re.escape(each.name) for each in LANGUAGES),
)
ENGLISH_LETTERS = re.compile(r"[A-Za-z]{2,}")
ENGLISH_WORDS = re.compile(
    r"\b(?:the|and|your|is|of|with|when|what|will|this|that|they|walks?|nobody)\b", re.IGNORECASE
)

OPENING, CLOSING = {"LRI", "RLI", "FSI"}, "PDI"
RIGHT_TO_LEFT = {"R", "AL"}


def check(language: str, text: str, labels: Sequence[str], *names: str) -> None:
    """Look at a message and its buttons; `names` are no sentences, as what the organizers wrote."""
    assert "{" not in text, text
    assert "}" not in text, text
    assert all(letter.isascii() for letter in text if letter.isdecimal()), text
    for each in (text, *labels):
        assert english(language, each, [*WRITTEN, *names]) == [], each
    assert len(set(labels)) == len(labels), labels
    assert all(1 <= wcswidth(label) <= LONGEST_LABEL for label in labels), labels
    known = meant(language)
    assert known is not None
    for paragraph in text.split("\n"):
        outside = outside_isolates(paragraph)
        if paragraph in WRITTEN:  # it has its own direction
            continue
        strong = [kind for kind in map(unicodedata.bidirectional, outside) if kind in {"L", *RIGHT_TO_LEFT}]
        if strong and known.right_to_left:
            assert strong[0] in RIGHT_TO_LEFT, paragraph


def english(language: str, text: str, names: Iterable[str]) -> list[str]:
    """Find words of English among the bot's own."""
    if language == ENGLISH:
        return []
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    for pattern in TYPED:
        text = re.sub(pattern, " ", text)
    return (ENGLISH_WORDS if language in LATIN else ENGLISH_LETTERS).findall(text)


def outside_isolates(paragraph: str) -> str:
    """Return what stands in no isolate; each that is opened is closed in the same paragraph."""
    depth, outside = 0, []
    for letter in paragraph:
        kind = unicodedata.bidirectional(letter)
        if kind in OPENING:
            depth += 1
        elif kind == CLOSING:
            depth -= 1
            assert depth >= 0, paragraph
        elif depth == 0:
            outside.append(letter)
    assert depth == 0, paragraph
    return "".join(outside)
