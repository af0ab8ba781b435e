"""Discord reads every message as markdown; people's titles and names must show as they typed them."""

from __future__ import annotations

import re

from handlers.parts import parts

LONGEST_TEXT = 2000

_SPECIAL = re.compile(
    r"""
      # Discord takes a link as it stands, backslashes as well; where one would go into it, it is made no link
      (?P<link>https?://[^\s<]+[^<.,:;"'\]\s])(?=[.,;"'\]]*:?[.,;"'\]]*(?:\s|\Z))
    | (?:(?<=https:)|(?<=http:))/(?=/)
    | [\\`*_~|<\[]           # styles, code, spoilers, mentions, links
    | ^\s*(?:\#{1,3}|-\#|[-+>])(?=\s)  # headings, small print, lists, quotations, at the beginning of a line
    | ^\s*>>>
    | @(?=everyone|here)
    | :(?=\S*:)              # emoji by name
    | ^(?P<number>\s*\d+)\.(?=\s)  # numbered lists
    """,
    re.VERBOSE | re.MULTILINE,
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
    return _SPECIAL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    if found["link"]:
        return found[0]
    if found["number"]:
        return f"{found['number']}\\."
    blank = len(found[0]) - len(found[0].lstrip())
    return f"{found[0][:blank]}\\{found[0][blank:]}"
