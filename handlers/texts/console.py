"""What the console itself says."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.texts.catalogue import _

WIDTH = 76
"""Cells in a line."""


def private(name: str, text: str, labels: Sequence[str], *, numbered: bool) -> str:
    """Lay out a private message."""
    lines = [_("to @{name}:").format(name=name), *_wrapped(text)]
    if labels:
        named = [f"{n} {label}" if numbered else label for n, label in enumerate(labels, start=1)]
        lines.append("  " + " ".join(f"[{label}]" for label in named))
    return "\n".join([*lines, ""])


def room(name: str, text: str) -> str:
    """Lay out an announcement."""
    return "\n".join([_("{room} hears:").format(room=name), *_wrapped(text), ""])


def _wrapped(text: str) -> list[str]:
    from wcwidth import wrap  # noqa: PLC0415  its tables are large, and a bot that runs needs none

    return [
        line
        for paragraph in text.split("\n")
        for line in wrap(paragraph, WIDTH, initial_indent="  ", subsequent_indent="  ") or [""]
    ]


def moved(now: str) -> str:
    """Say where the clock stands."""
    return _("It is {now} now.").format(now=now)


def impossible(text: str) -> str:
    """Lay out an error."""
    return _("! {error}").format(error=text)


def unreadable() -> str:
    """Answer a line that means nothing."""
    return _("I cannot read this line. Write @name and a text or a [Button], !tally, !clock TIME or !wait.")


def no_button(name: str, label: str) -> str:
    """Answer a press of nothing."""
    return _("@{name} has no message with a button [{label}].").format(name=name, label=label)


def real_clock() -> str:
    """Refuse to move the real clock."""
    return _("The real clock cannot be moved. Start the console with --now to play with time.")


def no_tally() -> str:
    """Say that no tally will come."""
    return _("No walkout has a tally ahead. Open one first.")


def backwards(now: str) -> str:
    """Refuse to go back in time."""
    return _("The clock moves forward only; it stands at {now}.").format(now=now)


def greeting(*, can_move: bool) -> str:
    """Say how the interactive console works."""
    lines = [
        _("You speak for everybody. @olga /help makes olga speak; then lines without @ are hers."),
        _("Press a button by its number or as [Label]. Ctrl-D leaves; everything is kept."),
    ]
    if can_move:
        lines.append(_("!tally moves the clock to the next tally, !clock TIME further."))
    return "\n".join(lines)
