"""Reads a message as Discord's apps do, and says what people then see."""

from __future__ import annotations

import re

ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")
LINK = re.compile(r"""https?://[^\s<]+[^<.,:;"'\]\s]""")

AT_LINE_START = {
    "heading": re.compile(r"[ ]*#{1,3}[ ]+(?=\S)"),
    "small print": re.compile(r"[ ]*-#[ ]+(?=\S)"),
    "list": re.compile(r"[ ]*(?:[-*+]|\d+\.)[ ]+(?=\S)"),
    "quotation": re.compile(r"[ ]*>(?:>>)?[ ]"),
}
"""What changes a whole line."""

ANYWHERE = {
    "code": re.compile(r"(`+)[^`][\s\S]*?\1(?!`)"),
    "bold or italic": re.compile(r"\*+[^\s*][\s\S]*?\*+|\b_+[^\s_][\s\S]*?_+\b|_+[^\s_][\s\S]*?_+"),
    "struck out": re.compile(r"~~[\s\S]+?~~"),
    "spoiler": re.compile(r"\|\|[\s\S]+?\|\|"),
    "link with a text": re.compile(r"\[[^\]]+\]\([^)\s]+\)"),
    "mention": re.compile(r"<(?:@[!&]?|#|/[^:>]+:|id:)\w+>|@everyone|@here"),
    "time": re.compile(r"<t:-?\d+(?::\w)?>"),
    "link in angle brackets": re.compile(r"<https?://[^\s>]+>"),
    "emoji": re.compile(r"<a?:\w+:\d+>|:[^\s:]+:"),
}
"""What changes some words."""


def shown(content: str) -> str:
    """Give the letters that people see; what Discord does not show as it stands becomes [[its name]]."""
    seen: list[str] = []
    at, line_begins = 0, True
    while at < len(content):
        if line_begins:
            style = next((name for name, found in AT_LINE_START.items() if found.match(content, at)), None)
            if style is not None:
                seen.append(f"[[{style}]]")
        line_begins = content[at] == "\n"
        if escaped := ESCAPED.match(content, at):
            seen.append(escaped[1])
            at = escaped.end()
        elif link := LINK.match(content, at):
            seen.append(link[0])
            at = link.end()
        else:
            style = next((name for name, found in ANYWHERE.items() if found.match(content, at)), None)
            seen.append(content[at] if style is None else f"[[{style}]]{content[at]}")
            at += 1
    return "".join(seen)
