"""The one table of fonts: which draws which script, and Chinese letters in which language's forms.

A font is opened when a text needs it. `.ci/fonts` makes the files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import uharfbuzz as hb

from handlers.lettering import installed

FONTS = Path(__file__).parent / "fonts"


@dataclass(frozen=True, kw_only=True, slots=True)
class Face:
    """A font, and how much room its lines need, in parts of the letters' size."""

    name: str
    file: Path
    number: int = 0  #: in its file
    leading: float = 1.5  #: from line to line
    middle: float = 0.3  #: from the middle of a line down to what letters stand on


def _ours(name: str, *, kind: str = "ttf", leading: float = 1.5, middle: float = 0.3) -> Face:
    return Face(name=name, file=FONTS / f"{name}.{kind}", leading=leading, middle=middle)


TEXT = _ours("NotoSans-Regular", leading=1.25)
"""Latin, Greek and Cyrillic letters, and what belongs to no script."""

BOLD = _ours("NotoSans-Bold", leading=1.25)
CODES = _ours("NotoSansMono-Bold-Codes")  #: holds the letters of a code, nothing else
SYMBOLS = _ours("NotoSansSymbols2-Regular")

_NASKH = _ours("NotoSansArabic-Regular", leading=1.7)
_NASTALIQ = _ours("NotoNastaliqUrdu-Regular", leading=2.4, middle=0.6)
_HAN = _ours("NotoSansCJK-Regular", kind="otf")  #: all the forms of each letter: it is told the language
_BENGALI = _ours("NotoSansBengali-Regular")
_DEVANAGARI = _ours("NotoSansDevanagari-Regular")

_SCRIPTS = {
    "Arab": _NASKH,
    "Armn": _ours("NotoSansArmenian-Regular"),
    "Beng": _BENGALI,
    "Bopo": _HAN,
    "Deva": _DEVANAGARI,
    "Ethi": _ours("NotoSansEthiopic-Regular"),
    "Geor": _ours("NotoSansGeorgian-Regular"),
    "Gujr": _ours("NotoSansGujarati-Regular"),
    "Guru": _ours("NotoSansGurmukhi-Regular"),
    "Hang": _HAN,
    "Hani": _HAN,
    "Hebr": _ours("NotoSansHebrew-Regular"),
    "Hira": _HAN,
    "Kana": _HAN,
    "Khmr": _ours("NotoSansKhmer-Regular", leading=1.9),
    "Knda": _ours("NotoSansKannada-Regular", leading=1.6),
    "Laoo": _ours("NotoSansLao-Regular", leading=1.7),
    "Mlym": _ours("NotoSansMalayalam-Regular", leading=1.6),
    "Mymr": _ours("NotoSansMyanmar-Regular", leading=2.0),
    "Orya": _ours("NotoSansOriya-Regular", leading=1.6),
    "Sinh": _ours("NotoSansSinhala-Regular"),
    "Taml": _ours("NotoSansTamil-Regular"),
    "Telu": _ours("NotoSansTelugu-Regular", leading=1.6),
    "Thai": _ours("NotoSansThai-Regular", leading=1.7),
    "Tibt": _ours("NotoSerifTibetan-Regular", leading=2.1, middle=0.1),
}
"""By the codes of ISO 15924."""

_ANYWHERE = (SYMBOLS, _HAN, _NASKH, _DEVANAGARI)
"""Where else signs are looked for that belong to no script."""

URDU_ALONE = frozenset("ٹڈڑںےۓہۂ")
"""Letters of Urdu and of languages written in the same hand, which neither Arabic nor Persian has."""


def language_of(text: str, spoken: str) -> str:
    """Return in which language's forms a text is drawn: its own where its letters tell, else the one spoken."""
    if any(letter in URDU_ALONE for letter in text):
        return "ur"
    han = "".join(letter for letter in text if "\u3400" <= letter <= "\u9fff")
    if not han:
        return spoken
    if any("\uac00" <= letter <= "\ud7a3" for letter in text):
        return "ko"
    if spoken in {"ko", "zh-Hans", "zh-Hant"}:
        return spoken
    return "zh-Hant" if not _is_in(han, "gb2312") and _is_in(han, "big5") else "zh-Hans"


def _is_in(text: str, everyday: str) -> bool:
    try:
        text.encode(everyday)
    except UnicodeEncodeError:
        return False
    return True


def face_for(cluster: str, script: str, language: str, *, bold: bool = False) -> Face | None:
    """Return the font for a letter with its marks: ours, or one of this machine's; None if neither has all of them."""
    wanted = [letter for letter in cluster if not is_ignorable(letter)]
    return next((face for face in _candidates(script, language, bold=bold) if has(face, wanted)), None) or (
        installed_face("".join(wanted))
    )


def _candidates(script: str, language: str, *, bold: bool) -> Iterator[Face]:
    own = _NASTALIQ if script == "Arab" and language == "ur" else _SCRIPTS.get(script)
    if own is not None:
        yield own
    yield BOLD if bold else TEXT
    if script == "Arab":
        yield _NASKH  # what the other hand lacks
    yield from _ANYWHERE


def has(face: Face, letters: list[str]) -> bool:
    """Say whether it has them all."""
    font = opened(face)
    return all(font.get_nominal_glyph(ord(letter)) for letter in letters)


def is_ignorable(letter: str) -> bool:
    """Say whether a font need not have it: it shapes others and is not drawn itself."""
    return letter in "\u200c\u200d" or "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


@lru_cache(maxsize=64)
def opened(face: Face) -> hb.Font:
    """Open a font, once."""
    return hb.Font(hb.Face(hb.Blob.from_file_path(str(face.file)), face.number))


@lru_cache(maxsize=1024)
def installed_face(letters: str) -> Face | None:
    """Return a font of this machine that has them all; each is opened once."""
    for file, number in installed.fonts():
        there = installed.letters(file, number)
        if all(ord(letter) in there for letter in letters):
            return Face(name=file.stem, file=file, number=number)
    return None
