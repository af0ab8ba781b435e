"""What people pledge to has three kinds: their sentences stand side by side, and this picks one."""

from __future__ import annotations

from bot.domain.model import StepKind


def by_kind(kind: StepKind, walkout: str, action: str | None = None, survey: str | None = None) -> str:
    """Pick a walkout's sentence, or an action's if it differs; or a survey's, if that differs from both."""
    said = walkout if action is None or kind is StepKind.WALKOUT else action
    return survey if survey is not None and kind is StepKind.SURVEY else said
