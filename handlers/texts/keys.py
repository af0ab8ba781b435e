"""What is said about the key file."""

from __future__ import annotations

from handlers.texts.catalogue import _


def destroy_copies() -> str:
    """Ask for what no program can do: copies of the key file outlive a closing."""
    return _("Destroy every copy of the key file that was exported before: it still opens this walkout.")
