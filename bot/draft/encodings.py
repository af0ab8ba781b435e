"""From bytes to text, where their letters can be read in one way alone: a wrong guess spells workplaces wrong.

UTF-8 is told by its form, UTF-16 by its mark or by its zero bytes. Of the older encodings, those that make no words of
a text are out: a word has letters of one script, no capital after a small letter, and no sign among its letters. Where
those that are left do not read alike, nobody can tell; the readings are returned for somebody to choose.
"""

from __future__ import annotations

import re
import unicodedata
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from dataclasses import dataclass
from itertools import pairwise

MARKS = {
    BOM_UTF8: "utf-8",
    BOM_UTF32_LE: "utf-32-le",  # before that of UTF-16, which it begins with
    BOM_UTF32_BE: "utf-32-be",
    BOM_UTF16_LE: "utf-16-le",
    BOM_UTF16_BE: "utf-16-be",
}

OLDER = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("iso8859_2", "mac_roman", "cp850", "cp852", "koi8_r", "cp866", "mac_cyrillic"),
    *("gb18030", "big5", "cp932", "cp949"),
)
"""The likeliest first: where several read alike, this one's name is given."""

MOST_LOOKED_AT = 200_000
"""Bytes of lines with letters beyond ASCII."""

LEAST_ZEROS = 0.2
"""Of the bytes on one side, in UTF-16 without its mark: digits and separators alone are more."""

_WORD = re.compile(r"[^\s,;|\t\"()\[\]/&.:!?+*=<>#@\d_'-]+")
_LED_BY = "\u201c\u2018\u201e\u201a\u00ab\u00bf\u00a1"
_FOLLOWED_BY = "\u201d\u2019\u201c\u2018\u00bb\u2026\u00ae\u2122\u00ba\u00aa"
_ALONE = "\u2013\u2014\u2022\u00b7\u20ac\u00a3\u00a7\u00b0\u00a0"
_MOST_IN_A_ROW = 2  # letters with accents, in a word of Latin letters


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text can be read."""

    encoding: str
    example: str  #: a word that the others read otherwise
    text: str


class UnreadableError(Exception):
    """No text: `at` is the first byte that says so."""

    def __init__(self, at: int = 0) -> None:
        super().__init__(at)
        self.at = at


def read_letters(data: bytes, encoding: str | None = None) -> list[Reading]:
    """Return every possible reading: one, where the bytes tell, or `encoding` does. Raises UnreadableError."""
    for mark, marked in MARKS.items():
        if data.startswith(mark):
            return [_sure(data.removeprefix(mark), marked)]
    if encoding is not None:
        return [_sure(data, encoding)]
    if b"\0" in data:
        return [_sure(data, _by_zeros(data))]
    try:
        return [Reading("utf-8", "", data.decode())]
    except UnicodeDecodeError as error:
        return _older(data) or _not_text(error.start)


def _sure(data: bytes, encoding: str) -> Reading:
    try:
        return Reading(encoding, "", data.decode(encoding))
    except UnicodeDecodeError as error:
        raise UnreadableError(error.start) from None
    except (LookupError, ValueError):  # no such encoding, or none of text
        raise UnreadableError from None


def _not_text(at: int) -> list[Reading]:
    raise UnreadableError(at)


def _by_zeros(data: bytes) -> str:
    """Letters of the first 256 have a zero beside them; without any on the other side, no other reading makes sense."""
    first, second = data[::2].count(0), data[1::2].count(0)
    units = len(data) / 2
    if len(data) % 2 == 0 and min(first, second) == 0 and max(first, second) >= LEAST_ZEROS * units:
        return "utf-16-be" if first else "utf-16-le"
    raise UnreadableError(data.index(0))


def _older(data: bytes) -> list[Reading]:
    lines = [line for line in re.split(rb"[\r\n]+", data) if not line.isascii()]
    looked_at = b"\n".join(lines)[:MOST_LOOKED_AT]
    looked_at = looked_at[: looked_at.rfind(b"\n")] if len(looked_at) == MOST_LOOKED_AT else looked_at
    possible: dict[tuple[str, ...], str] = {}
    for encoding in OLDER:
        try:
            words = _WORD.findall(looked_at.decode(encoding))
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        foreign = tuple(dict.fromkeys(word for word in words if not word.isascii()))
        if foreign and all(map(_is_word, foreign)):
            possible.setdefault(foreign, encoding)
    return [
        Reading(
            encoding, next((word for word in words if _tells(word, words, possible)), words[0]), data.decode(encoding)
        )
        for words, encoding in possible.items()
    ]


def _tells(word: str, words: tuple[str, ...], possible: dict[tuple[str, ...], str]) -> bool:
    return any(word not in others for others in possible if others is not words)


def _is_word(word: str) -> bool:
    if all(each in _ALONE for each in word):
        return True
    word = word.lstrip(_LED_BY).rstrip(_FOLLOWED_BY)
    parts = [part for part in re.split("[\u2019\u2018\u2013\u2014\u00a0\u00b7]", word) if part]
    return bool(parts) and all(map(_is_of_letters, parts))


def _is_of_letters(part: str) -> bool:
    if not all(unicodedata.category(each) in {"Lu", "Ll", "Lo", "Lm", "Mn", "Mc"} for each in part):
        return False
    if len({_script(each) for each in part}) > 1:
        return False
    if any(
        first.islower() and second.isupper() and not (first.isascii() and second.isascii())
        for first, second in pairwise(part)
    ):
        return False
    return _script(part[0]) != "LATIN" or re.search(rf"[^\x00-\x7f]{{{_MOST_IN_A_ROW + 1}}}", part) is None


def _script(letter: str) -> str:
    script = unicodedata.name(letter, "").split(" ")[0].split("-")[0]
    return "EAST ASIAN" if script in {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "KATAKANA-HIRAGANA"} else script
