"""How hard a text is to read, in the languages that have a measure for it, and the longest sentence.

Flesch-Kincaid for English, Fernández-Huerta for Spanish, Kandel and Moles for French, Oborneva for Russian, Pisarek for
Polish. Numbers, dates and codes count as words of two syllables. Every line ends a sentence, as it does for the eye.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_SENTENCE = re.compile(r"(?<=[.!?…])[”\"')]*\s+|\n+")
_WORD = re.compile(r"[^\W_]+(?:[-'\u2019.,:/][^\W_]+)*|/\w+")

SOUNDS_OTHERWISE = {
    "announcement": 3, "announcements": 3, "area": 3, "being": 2, "beyond": 2, "create": 2, "doing": 2, "everybody": 4,
    "everything": 3, "everywhere": 3, "going": 2, "hundred": 2, "idea": 3, "previous": 3, "privately": 3,
    "quiet": 2, "safely": 2, "somebody": 3, "something": 2, "sometimes": 2, "somewhere": 2, "wednesday": 2,
    "whoever": 3,
}  # fmt: skip
"""English words that the rule below gets wrong."""


_SILENT = (
    r"[^aeiouytd](?<![^aeiouyl]l)ed$",  # pledged; not counted, settled
    r"[^aeiouy](?<![^aeiouy]l)e$",  # take; not table
    r"[^aeiouysxzcgh](?<![^aeiouy]l)es$",  # takes; not tables, places
)
"""Endings whose e is not spoken."""


def _english(word: str) -> int:
    if word in SOUNDS_OTHERWISE:
        return SOUNDS_OTHERWISE[word]
    groups = len(re.findall(r"[aeiouy]+", word))
    return max(1, groups - 1 if any(re.search(silent, word) for silent in _SILENT) else groups)


def _spanish(word: str) -> int:
    """Count nuclei: a, e, o, and accented i, u, are each one; i, u beside another vowel are none."""
    word = re.sub(r"(?<=[qg])u(?=[eéií])", "", word)  # que, guerra
    word = re.sub(r"y(?=$|[^aeiouáéíóú])", "i", word)
    strong = len(re.findall(r"[aeoáéíóú]", word))
    weak_alone = len(re.findall(r"(?<![aeiouáéíóúü])[iuü]+(?![aeiouáéíóúü])", word))
    return max(1, strong + weak_alone)


def _french(word: str) -> int:
    """Count groups of vowels, without an e at the end that is not spoken."""
    word = re.sub(r"(?<=[^aeiouyéèêëàâîïôûù])e(?:s|nt)?$", "", word)
    return max(1, len(re.findall(r"[aeiouyéèêëàâîïôöûùœæ]+", word)))


def _russian(word: str) -> int:
    return max(1, len(re.findall(r"[аеёиоуыэюя]", word)))


def _polish(word: str) -> int:
    """Count vowels; an i before one only softens what is before it, and au, eu are one."""
    word = re.sub(r"i(?=[aeouyąęó])", "", word)
    return max(1, len(re.findall(r"[ae]u|[aeiouyąęó]", word)))


_COUNTS = {"en": _english, "es": _spanish, "fr": _french, "pl": _polish, "ru": _russian}

LONG_IN_POLISH = 4
"""Syllables of a word that counts as hard."""


@dataclass(frozen=True)
class Measured:
    """A text's counts."""

    text: str
    language: str
    sentences: int
    words: int
    syllables: int
    long_words: int
    longest: str  #: of its sentences
    most: int  #: words in that one

    @property
    def hardness(self) -> float:
        """Years of school in English and Polish; elsewhere ease, 100 the easiest, with a minus: higher is harder."""
        to_a_sentence, to_a_word = self.words / self.sentences, self.syllables / self.words
        match self.language:
            case "es":
                return -(206.84 - 60 * to_a_word - 1.02 * to_a_sentence)
            case "fr":
                return -(207 - 73.6 * to_a_word - 1.015 * to_a_sentence)
            case "ru":
                return -(206.835 - 60.1 * to_a_word - 1.3 * to_a_sentence)
            case "pl":
                return math.hypot(to_a_sentence, 100 * self.long_words / self.words) / 2
        return 0.39 * to_a_sentence + 11.8 * to_a_word - 15.59


def sentences(text: str) -> list[str]:
    """Cut a text, as people read it."""
    return [part for part in _SENTENCE.split(text) if part and words(part)]


def words(text: str) -> list[str]:
    """Cut a sentence."""
    return _WORD.findall(text)


def syllables(word: str, language: str) -> int:
    """Count a word's syllables, near enough."""
    plain = unicodedata.normalize("NFC", word).casefold().replace("\u2019", "'")
    plain = re.sub(r"'(?:s|re|m|d|ll|ve)$", "", plain) if language == "en" else plain
    parts = re.split(r"['-]", plain)
    return sum(_COUNTS[language](part) for part in parts) if all(map(str.isalpha, parts)) else 2


def measure(texts: Iterable[str], language: str) -> Measured:
    """Count all of them as one text."""
    whole = "\n".join(texts)
    cut = {sentence: words(sentence) for sentence in sentences(whole)}
    longest = max(cut, key=lambda sentence: len(cut[sentence]))
    sounds = [syllables(word, language) for said in cut.values() for word in said]
    return Measured(
        text=whole,
        language=language,
        sentences=len(cut),
        words=sum(map(len, cut.values())),
        syllables=sum(sounds),
        long_words=sum(each >= LONG_IN_POLISH for each in sounds),
        longest=longest,
        most=len(cut[longest]),
    )
