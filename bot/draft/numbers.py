"""Head-counts and thresholds as people and spreadsheets write them; each is read only if it has one meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from bot.draft.usual_words import is_unknown
from bot.parsing.typed_text import spelled

LOWEST_SHARE_MEANT = 25
"""A threshold for all, from this to 100 without a sign, may be meant in percent; below, nobody would walk out on it."""

_SPELLED = str.maketrans({"\u066a": "%", "\u066b": ".", "\u066c": ",", "\u2044": "/", "\u2019": "'"})
_HALVES = str.maketrans({"\u00bd": "1/2", "\u2153": "1/3", "\u2154": "2/3", "\u00bc": "1/4", "\u00be": "3/4"})
# A point and three digits are not accepted: 1.052 is a thousand to some and one to others.
_WHOLE = re.compile(
    r"([0-9]{1,12}|[0-9]{1,3}([, '])[0-9]{3}(?:\2[0-9]{3}){0,2}|[0-9]{1,3}(?:\.[0-9]{3}){2,3})(?:[.,]0{1,2})?"
)
_TWO_WHOLES = re.compile(r"([0-9]{1,3})\.([0-9]{3})")
_PERCENT = re.compile(r"([0-9]{1,3}(?:[.,][0-9]{1,6})?)(?: ?% ?| ?per ?cent| ?pct| ?por ?ciento)", re.IGNORECASE)
_DECIMAL = re.compile(r"0?[.,]([0-9]{1,15})")
_FRACTION = re.compile(r"([0-9]{1,2}) ?/ ?([0-9]{1,2})")
_PEOPLE = re.compile(r"(.*[0-9]) ?(?:people|persons?|workers?|personas?)", re.IGNORECASE)
_MORE = re.compile(r"(.+?) ?\+ ?([0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a workplace's people, rounded up; or, rounded down, and so many more: half, and one."""

    part: Fraction
    more: int = 0

    def of(self, headcount: int) -> int:
        """Exact: floats make 56 people of 7% of 800 into 57."""
        whole, rest = divmod(self.part.numerator * headcount, self.part.denominator)
        return whole + (self.more or rest > 0)


def whole(written: str) -> int:
    """Read a whole number; 0 if it is none, or has two meanings."""
    spelt = written if written.isdigit() and written.isascii() else _spelled(written)
    if people := _PEOPLE.fullmatch(spelt):
        spelt = people[1]
    match = _WHOLE.fullmatch(spelt)
    return int(re.sub(r"[^0-9]", "", match[1])) if match else 0


def two_wholes(written: str) -> tuple[int, int] | None:
    """Return both meanings of a number that has two: with a point for thousands, and for parts."""
    match = _TWO_WHOLES.fullmatch(_spelled(written))
    return (int(match[1] + match[2]), int(match[1])) if match and not match[1].startswith("0") else None


def nobody(written: str) -> bool:
    """Say whether a head-count says nothing: empty, a dash, `n/a`, or a 0, which in agencies' lists means unknown."""
    if written.isdigit() and written.isascii():
        return not written.strip("0")
    spelt = _spelled(written)
    return not spelt.strip(" -?.#") or re.fullmatch(r"0+(?:[.,]0+)?", spelt) is not None or is_unknown(spelt)


def threshold(written: str) -> int | Share:
    """Read a number of people, or a share such as `33.5%`, `0.65`, `2/3` or `50%+1`; 0 if it is none of them.

    A share is above 0, and at most all.
    """
    spelt = _spelled(written)
    people = _PEOPLE.fullmatch(spelt)
    if people is not None:
        return whole(people[1])
    more = _MORE.fullmatch(spelt)
    part = _part(more[1] if more else spelt)
    if part is None:
        return 0 if more else whole(spelt)
    return Share(part, int(more[2]) if more else 0) if 0 < part <= 1 else 0


def two_thresholds(written: str) -> int | None:
    """Return the number, if it may be meant as people or in percent."""
    number = 0 if _PEOPLE.fullmatch(_spelled(written)) else whole(written)
    return number if LOWEST_SHARE_MEANT <= number <= 100 else None  # noqa: PLR2004


def _part(spelt: str) -> Fraction | None:
    if match := _PERCENT.fullmatch(spelt.removeprefix("%") + "%" if spelt.startswith("%") else spelt):
        return Fraction(match[1].replace(",", ".")) / 100
    if match := _DECIMAL.fullmatch(spelt):
        return Fraction(int(match[1]), 10 ** len(match[1]))
    if (match := _FRACTION.fullmatch(spelt)) and int(match[2]):
        return Fraction(int(match[1]), int(match[2]))
    return None


def _spelled(written: str) -> str:
    return spelled(written.translate(_HALVES).translate(_SPELLED)).translate(_SPELLED).strip()
