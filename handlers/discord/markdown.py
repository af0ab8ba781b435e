"""Discord reads every message as markdown; people's titles and names must show as they typed them."""

from __future__ import annotations

import re

_SPECIAL = re.compile(
    r"""
      [\\`*_~|<\[]           # styles, code, spoilers, mentions, links
    | ^\s*(?:\#{1,3}|-\#|[-+>])(?=\s)  # headings, small print, lists, quotations, at the beginning of a line
    | ^\s*>>>
    | @(?=everyone|here)
    | :(?=\w+:)              # emoji by name
    | (?<=^)(\d+)\.(?=\s)    # numbered lists
    """,
    re.VERBOSE | re.MULTILINE,
)


def plain(text: str) -> str:
    """Escape whatever Discord would not show as it stands."""
    return _SPECIAL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    if found[1]:
        return f"{found[1]}\\."
    blank = len(found[0]) - len(found[0].lstrip())
    return f"{found[0][:blank]}\\{found[0][blank:]}"
