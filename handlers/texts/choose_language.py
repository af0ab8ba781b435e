"""Choosing the language of the answers."""

from __future__ import annotations

from handlers.texts.catalogue import _, name_of


def label() -> str:
    """Name the button that leads to the choice; who cannot read this sees a letter of theirs."""
    return _("Language 文 বা ع")


def choose() -> str:
    """Say how far a choice goes."""
    return _(
        "Choose a language. It lasts for what you press below my answers. I do not keep it: after you type something, "
        "choose it again. “Tell me” keeps the language in which you press it, with your address."
    )


def name(code: str, *, current: bool) -> str:
    """Name a language in itself, and mark the one that is spoken."""
    return f"✓ {name_of(code)}" if current else name_of(code)
