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
    also: tuple[str, ...] = ()  #: what else a client may say, in lower case, where the first subtag alone says another
    right_to_left: bool = False

    @property
    def folder(self) -> str:
        """Where its catalogue is."""
        return self.code.replace("-", "_")


ENGLISH = "en"

LANGUAGES = (
    Language(code=ENGLISH, name="English", telegram="en", discord=("en-US", "en-GB")),
    Language(code="es", name="Español", telegram="es", discord=("es-ES", "es-419")),
    Language(code="zh-Hans", name="简体中文", telegram="zh", discord=("zh-CN",), also=("zh",)),
    Language(
        code="zh-Hant",
        name="繁體中文",
        telegram="zh",
        discord=("zh-TW",),
        also=("zh-tw", "zh-hk", "zh-mo", "yue"),
    ),
    Language(code="ru", name="Русский", telegram="ru", discord=("ru",)),
    Language(code="bn", name="বাংলা", telegram="bn"),
    Language(code="ht", name="Kreyòl ayisyen", telegram="ht"),
    Language(code="ko", name="한국어", telegram="ko", discord=("ko",)),
    Language(code="ar", name="العربية", telegram="ar", discord=("ar",), right_to_left=True),
    Language(code="ur", name="اردو", telegram="ur", right_to_left=True),
    Language(code="fr", name="Français", telegram="fr", discord=("fr",)),
    Language(code="pl", name="Polski", telegram="pl", discord=("pl",)),
)
"""English first, then by how many speak them in New York City's own list of languages."""

_KNOWN = {each.code.lower(): each for each in LANGUAGES} | {name: each for each in LANGUAGES for name in each.also}


def meant(said: str) -> Language | None:
    """Return the language that a client or a person names, by the longest part of its tag that is one of ours."""
    tag = said.replace("_", "-").lower()
    while tag:
        if tag in _KNOWN:
            return _KNOWN[tag]
        tag = tag.rpartition("-")[0]
    return None
