"""Cuts a long text into messages that a platform takes."""

from __future__ import annotations


def parts(text: str, longest: int) -> list[str]:
    """Cut at paragraphs, or else at lines, or else anywhere. No part has more than `longest` characters."""
    # platforms count in UTF-16, where what lies beyond U+FFFF, such as most emoji, counts twice
    most = longest if max(text, default="") <= "\uffff" else longest // 2
    found = []
    while len(text) > most:
        cut = max(text.rfind("\n\n", 1, most), 0) or max(text.rfind("\n", 1, most), 0) or most
        found.append(text[:cut].rstrip())
        text = text[cut:].lstrip("\n")
    return [*found, text]
