"""The languages that the bot speaks: each one's catalogue, and what the platforms call it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """A language, as everybody names it who names languages.

    `code` is BCP 47's, as files and stores write it; its catalogue's folder is named the same with an underscore.
    """

    code: str
    name: str  #: in itself
    telegram: str  #: the two letters by which Telegram keeps a menu; of languages with the same, the first has it
    discord: tuple[str, ...] = ()  #: the locales that its clients say; none for what Discord does not speak
    letter: str = ""  #: by which buttons carry it; it stays as long as there are old buttons. '': none can
    also: tuple[str, ...] = ()  #: what else a client may say, in lower case, where the first subtag alone says another
    right_to_left: bool = False
    thousands: str = ","  #: between them, where a comma is not for decimals

    @property
    def folder(self) -> str:
        """Where its catalogue is."""
        return self.code.replace("-", "_")


ENGLISH = "en"
_BLANK = "\u00a0"  # at which no line ends

LANGUAGES = (
    Language(code=ENGLISH, name="English", telegram="en", letter="e", discord=("en-US", "en-GB")),
    Language(code="es", name="Español", telegram="es", letter="s", discord=("es-ES", "es-419")),
    Language(code="zh-Hans", name="简体中文", telegram="zh", letter="c", discord=("zh-CN",), also=("zh", "yue-hans")),
    Language(
        code="zh-Hant",
        name="繁體中文",
        telegram="zh",
        letter="t",
        discord=("zh-TW",),
        also=("zh-tw", "zh-hk", "zh-mo", "yue"),
    ),
    Language(code="ru", name="Русский", telegram="ru", letter="r", discord=("ru",), thousands=_BLANK),
    Language(code="bn", name="বাংলা", telegram="bn", letter="b"),
    Language(code="ht", name="Kreyòl ayisyen", telegram="ht", letter="h", thousands=_BLANK),
    Language(code="ko", name="한국어", telegram="ko", letter="k", discord=("ko",)),
    Language(code="ar", name="العربية", telegram="ar", letter="a", discord=("ar",), right_to_left=True),
    Language(code="ur", name="اردو", telegram="ur", letter="u", right_to_left=True),
    Language(code="fr", name="Français", telegram="fr", letter="f", discord=("fr",), thousands=_BLANK),
    Language(code="pl", name="Polski", telegram="pl", letter="p", discord=("pl",), thousands=_BLANK),
)
"""English first, then by how many speak them in New York City's own list of languages."""

LONGEST_TAG = 35
"""Characters of a tag that are looked at, as BCP 47 recommends; a client may say anything."""

_KNOWN = {each.code.lower(): each for each in LANGUAGES} | {name: each for each in LANGUAGES for name in each.also}


def meant(said: str) -> Language | None:
    """Return the language that a client or a person names, by the longest part of its tag that is one of ours."""
    tag = said[:LONGEST_TAG].replace("_", "-").lower()
    while tag:
        if tag in _KNOWN:
            return _KNOWN[tag]
        tag = tag.rpartition("-")[0]
    return None
