"""Discord reads every message as markdown; people's titles and names must show as they typed them."""

from __future__ import annotations

import re

from handlers.platforms.message_splitting import parts

LONGEST_TEXT = 2000

# Each begins with characters that are looked for quickly; most are none of these.
_SPECIAL = re.compile(
    r"""
    [h/\\`*_~|<\[@:](?:
      # Discord takes a link as it stands, backslashes as well; where one would go into it, it is made no link
      (?<=h)(?P<link>ttps?://[^\s<]+[^<.,:;"'\]\s])(?=[.,;"'\]]*:?[.,;"'\]]*(?:\s|\Z))
    | (?:(?<=https:/)|(?<=http:/))(?=/)
    | (?<=[\\`*_~|<\[])       # styles, code, spoilers, mentions, links
    | (?<=@)(?=everyone|here)
    | (?<=:)(?=\S*:)         # emoji by name
    )
    """,
    re.VERBOSE,
)
_AT_THE_BEGINNING = re.compile(
    r"""
    \n\s*(?:
      (?=(?:\#{1,3}|-\#|[-+>])\s)  # headings, small print, lists, quotations
    | (?=>>>)
    | \d+(?=\.\s)  # numbered lists
    )
    """,
    re.VERBOSE,
)


def messages(text: str) -> list[str]:
    """Cut a long text into messages, and escape each."""
    for longest in (LONGEST_TEXT, LONGEST_TEXT // 2):  # escaping doubles a text at most
        found = [plain(part) for part in parts(text, longest) if part.strip()]
        if max(map(_length, found)) <= LONGEST_TEXT:
            break
    return found


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def plain(text: str) -> str:
    """Escape whatever Discord would not show as it stands."""
    marked = _SPECIAL.sub(lambda found: found[0] if found["link"] else f"\\{found[0]}", text)
    return _AT_THE_BEGINNING.sub(r"\g<0>\\", f"\n{marked}")[1:]
