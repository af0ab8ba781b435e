"""Reading what people type: codes, references, names and numbers, in any script's digits, quotes, and dashes.

What a button carries is ours and is compared exactly; see cards.exact.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from heapq import nlargest
from itertools import islice, pairwise

from bot.secrets import card_codes, references
from bot.secrets.card_codes import ALPHABET

MOST = 6
"""Codes, or references, of one message that are looked up."""

LONGEST_NAME = 60
"""Letters of a typed name that are looked at where none is called so."""

MOST_ALIKE = 1_000
"""Names with the beginning or the end of a typed word of which the likeliest are looked for."""

LIKELY = 50
"""Names that are compared letter by letter."""

LONGEST_NUMBER = 9
"""Digits; nobody means more."""

_FOLD = str.maketrans("OIL", "011")
_DASHES = "\u0640\u2212\u2043\u30fc"  # tatweel, minus, a bullet and a long vowel: dashes on some keyboards
_APOSTROPHES = "\u02bc\u2018\u2019\u201a\u201b\u2032\u00b4\uff07`"
QUOTES = '"\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u300c\u300d\u300e\u300f\u301d\u301e\u301f\u2033\uff02'
_SEPARATE = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # they stand round what is put in
_UNSEEN = re.compile(  # format characters, and what only chooses how the letter before is drawn
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f\U000e0100-\U000e01ef]"
)
_MARKS = ".?!,;:"
_TYPED_STRAIGHT = str.maketrans(dict.fromkeys(_APOSTROPHES, "'") | dict.fromkeys(QUOTES))
_WORDS = re.compile("[^\\s']+(?:'[^\\s']+)*")
_ACCENTS = re.compile(  # without which people still know a word: of Latin, Greek and Cyrillic, Hebrew, Arabic
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
)
_EDGES = re.compile(r"(?<!\w)'|'(?!\w)")
_WRAPPING = f" \t\r\n{QUOTES}{_APOSTROPHES}'`*|~_<>()[]"

_GROUP = "[0-9A-Za-z]{5}"
_BETWEEN = r"[\s\-_.]{1,4}"
_GROUPS = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9A-Za-z]-)(?=({_GROUP}(?:{_BETWEEN}{_GROUP}){{3}})(?!-?[0-9A-Za-z]))")
_STRAIGHT = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{20}(?![0-9A-Za-z])")
_PRINTED = re.compile(r"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}")
_NEAR = re.compile(r"(?<![^\W_])(?:[^\W_]{3,7}-){2,4}[^\W_]{3,7}(?![^\W_])")

_FOUR = "[0-9A-Za-z]{4}"
_DASHED = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9A-Za-z]-){_FOUR}\s?-\s?{_FOUR}(?!-?[0-9A-Za-z])")
_REF = "Ref|R\u00e9f|\u7f16\u53f7|\u7de8\u865f|\u041d\u043e\u043c\u0435\u0440|\u0627\u0644\u0645\u0631\u062c\u0639"
"""As announcements say it in each language."""

_BEHIND_REF = re.compile(
    rf"(?<![0-9A-Za-z])(?:{_REF})\W{{1,3}}({_FOUR}[\s-]{{0,3}}{_FOUR})(?![0-9A-Za-z])", re.IGNORECASE
)
_FIRST = re.compile(rf"[\W_]*({_FOUR}[\s-]{{0,3}}{_FOUR})(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class Found:
    """What a text seems to hold."""

    text: str
    sure: bool  #: nobody means anything else by it; otherwise it may be words, and counts only if it is known


def codes(text: str, *, meant: bool = False) -> tuple[Found, ...]:
    """Return the codes that a text may hold; `meant`: it was asked for one, so that the whole of it is no talk."""
    seen = spelled(text)
    if (whole := _read(seen, card_codes.LENGTH)) is not None:
        return (Found(whole, meant or _is_grouped(seen)),)
    found = [Found(_folded(match[1]), _is_no_talk(match[1])) for match in _GROUPS.finditer(seen)]
    found += [
        Found(_folded(match[0]), _mixes(match[0]) or _is_in_link(seen, match)) for match in _STRAIGHT.finditer(seen)
    ]
    return _distinct(found)


def holds_code(text: str) -> bool:
    """Say whether a text shows what can only be a code, known or not."""
    return any(found.sure for found in codes(text))


def near_code(text: str, *, meant: bool = False) -> str | None:
    """Return what probably is a code that was mistyped, folded: some of its letters may be in no code."""
    seen = spelled(text)
    within = [match[0] for match in _NEAR.finditer(seen) if sum(map(_mixes, match[0].split("-"))) > 1]
    words = re.split(_BETWEEN, seen.strip(_WRAPPING))
    in_groups = sum(map(_mixes, words)) > 1 and max(map(len, words)) <= card_codes.GROUP + 2
    as_printed = "-" in seen and len(words) - 1 <= sum(len(each) == card_codes.GROUP for each in words) > 1
    if meant or len(words) == 1 or in_groups or as_printed:
        within.append("".join(words))
    return next((_folded(each) for each in within if _is_near(_bare_letters(each))), None)


def foreign_letters(code: str) -> bool:
    """Say whether a mistyped code has letters of another alphabet, however much they look like ours."""
    return any(letter.isalpha() and not letter.isascii() for letter in code)


def asked_references(text: str) -> tuple[Found, ...]:
    """Return the references in what was sent to have one checked."""
    seen = spelled(text)
    if (whole := _reference(seen)) is not None:
        return (Found(whole, _is_no_word(seen)),)
    first = [match[1] for match in [_FIRST.match(seen)] if match is not None]
    return _distinct([*_references(first), *_behind_ref(seen), *_dashed(seen)])


def lone_references(text: str) -> tuple[Found, ...]:
    """Return the references of a message that asks for nothing else: one alone, or such as stand behind "Ref"."""
    seen = spelled(text)
    alone = _DASHED.fullmatch(seen.strip(_WRAPPING + _MARKS)) is not None
    return _distinct([*_behind_ref(seen), *(_dashed(seen) if alone else ())])


def _behind_ref(seen: str) -> list[Found]:
    return _references(match[1] for match in _BEHIND_REF.finditer(seen))


def _dashed(seen: str) -> list[Found]:
    found = [match[0] for match in _DASHED.finditer(seen)]
    return [replace(each, sure=_mixes_within(text)) for text in found for each in _references([text])]


def _references(typed: Iterable[str]) -> list[Found]:
    return [Found(read, _is_no_word(text)) for text in typed if (read := _reference(text)) is not None]


def _is_no_word(reference: str) -> bool:
    return "-" in reference or _mixes(reference)


def _mixes_within(reference: str) -> bool:
    return any(map(_mixes, reference.split("-")))


def number(text: str) -> int | None:
    """Read a whole number in any script's digits, also with its thousands set apart; None if it is none."""
    seen = re.sub(r"(?<=\d)[,.'\s\u066c](?=\d{3}(?!\d))", "", spelled(text).strip())
    return int(seen) if seen.isascii() and seen.isdecimal() and len(seen) <= LONGEST_NUMBER else None


def word(text: str) -> str:
    """Return a word of ours, such as an id, in capitals and without what stands round it."""
    return spelled(text).strip(_WRAPPING).upper()


def bare(text: str) -> str:
    """Take off what stands round a message and is not seen, or is only how it is set: isolates, quotes, stars."""
    seen = visible(text).strip()
    while seen and seen[0] in _WRAPPING:  # only then what it ends with stands round it, and is no part of it
        seen = (seen[1:-1] if seen[-1] in _WRAPPING else seen[1:]).strip()
    return seen


def visible(text: str) -> str:
    """Leave out what cannot be seen, and make every blank the plain one; lines stay."""
    if text.isascii():
        return text
    return re.sub(r"[^\S\n]", " ", _UNSEEN.sub("", text))


def plain_name(name: str) -> str:
    """Keep what two spellings of one name have in common.

    That is neither case, nor white space, nor quotes, nor which apostrophe, nor what cannot be seen, nor how an accent
    is put together.
    """
    seen = name if name.isascii() else _UNSEEN.sub("", unicodedata.normalize("NFKC", name))
    seen = seen.translate(_TYPED_STRAIGHT)
    if "'" in seen:
        seen = _EDGES.sub("", seen)  # single quotes, but no apostrophe between letters
    folded = seen.casefold()
    if not folded.isascii():  # folding takes some apart again
        folded = unicodedata.normalize("NFKC", folded)
    return " ".join(folded.split()) or name.casefold()


def plain_words(text: str) -> str:
    """Keep what two ways to write one sentence have in common: words, without accents, marks or capitals."""
    return " ".join(_WORDS.findall("".join(map(_of_words, _unaccented(spelled(text))))))


def _of_words(letter: str) -> str:
    """Keep what words are made of; in many scripts that is also the vowels, which are written as marks."""
    return letter if letter.isalnum() or letter in "_'" or unicodedata.category(letter)[0] == "M" else " "


def same_name(name: str, typed: str) -> bool:
    """Say whether somebody has typed this name, as far as people look at a name."""
    return plain_name(name) == plain_name(typed)


def nearest_names(names: Iterable[str], typed: str, most: int) -> list[str]:
    """Return the names that somebody may have meant, the nearest first; accents count for nothing."""
    wanted, known = _unaccented(typed[:LONGEST_NAME]), dict[str, str]()
    for name in names:
        known.setdefault(_unaccented(name), name)
    edges = {edge for each in wanted.split() for edge in (each[:3], each[-3:])}
    # the comparison proper takes a second for ten thousand names, and anybody may misspell one
    alike = islice((name for name in known if any(edge in name for edge in edges)), MOST_ALIKE)
    pairs = _pairs(wanted)
    likely = nlargest(LIKELY, alike, key=lambda name: 3 * len(pairs & _pairs(name)) - len(name))
    return [known[each] for each in get_close_matches(wanted, likely, n=most)]


def _pairs(name: str) -> set[str]:
    return set(map("".join, pairwise(name)))


def _unaccented(name: str) -> str:
    plain = plain_name(name)
    if plain.isascii():
        return plain
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", plain)))


def spelled(text: str) -> str:
    """Spell a text in plain digits, dashes and blanks: whatever its script, its width and what a phone made of it."""
    return text if text.isascii() else "".join(map(_plain, text))


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    category = unicodedata.category(letter)
    if category == "Nd":
        return str(unicodedata.decimal(letter))
    if category == "Pd" or letter in _DASHES:
        return "-"
    if letter.isspace() or letter in _SEPARATE:
        return "\n" if letter == "\n" else " "
    if _UNSEEN.match(letter):
        return ""
    if "\uff01" <= letter <= "\uff5e" or "\U0001d400" <= letter <= "\U0001d6a3":  # wide, bold, double-struck
        return unicodedata.normalize("NFKC", letter)
    return letter


def _bare_letters(text: str) -> str:
    return re.sub(r"[\s\-_.]", "", text)


def _folded(text: str) -> str:
    return _bare_letters(text).upper().translate(_FOLD)


def _read(seen: str, length: int) -> str | None:
    """Read a text that is nothing but the letters of a code, or of a reference."""
    letters = _bare_letters(seen.strip(_WRAPPING + _MARKS))
    if len(letters) != length or not letters.isascii():  # in upper case some letters become several
        return None
    return folded if set(folded := _folded(letters)) <= set(ALPHABET) else None


def _reference(text: str) -> str | None:
    return _read(text, references.LENGTH)


def _is_grouped(seen: str) -> bool:
    """Say whether a whole text has the look of a code: of one word, or of groups, and with digits among the letters."""
    words = re.split(_BETWEEN, seen.strip(_WRAPPING + _MARKS))
    if not _mixes("".join(words)):
        return _PRINTED.fullmatch("-".join(words)) is not None and "-" in seen
    return len(set(map(len, words))) == 1 or sum(map(_mixes, words)) > 1


def _is_no_talk(groups: str) -> bool:
    """Say whether four groups within a sentence can be nothing but a code."""
    words = re.split(_BETWEEN, groups)
    dashed = len(groups) - len(groups.replace("-", "")) >= len(words) - 1
    return sum(map(_mixes, words)) > 1 or (dashed and _mixes(groups)) or _PRINTED.fullmatch(groups) is not None


def _is_in_link(seen: str, match: re.Match[str]) -> bool:
    return seen[: match.start()].lower().endswith("start=")


def _mixes(text: str) -> bool:
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _is_near(letters: str) -> bool:
    """Say whether a word is as long as a code, in an alphabet like ours: whole sentences of Chinese are one word."""
    return (
        card_codes.LENGTH - card_codes.GROUP <= len(letters) <= card_codes.LENGTH + card_codes.GROUP
        and all(letter.isdigit() or letter.lower() != letter.upper() for letter in letters)
        and any(map(str.isdigit, letters))
    )


def _distinct(found: Sequence[Found]) -> tuple[Found, ...]:
    """Leave out what is none, and what was found before; what is sure comes first."""
    good = [each for each in found if set(each.text) <= set(ALPHABET)]
    distinct: dict[str, Found] = {}
    for each in sorted(good, key=lambda each: not each.sure):
        distinct.setdefault(each.text, each)
    return tuple(distinct.values())[:MOST]
