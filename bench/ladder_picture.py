"""One picture of how far a campaign has come; `python -m bench.pictures` draws it with the others.

What is said and shown of each step is what the bot would say and show of the numbers below.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bench.tree_picture import EDGE, INK, LETTERS, LINE, OUT, PAPER, QUIET, WIDTH, text
from bot.domain.campaigns import Step
from bot.domain.model import BoardLine, Stage, Terms, Unit, UnitId, Walkout, WalkoutId
from bot.usecases.stewards import published
from handlers.pictures.stairs import Stairs, stairs

PATH = "pictures/ladder.svg"

CAMPAIGN = "Buses for all"
STEPS = (
    ("What we want", 24, 24),
    ("Sticker day", 24, 19),
    ("Practice picket", 19, 12),
    ("One day's walkout", 12, None),
)
"""What each is called, at how many workplaces it was opened, and how many have proved it; None: it is not counted."""

STARTS = datetime.fromisoformat("2027-05-01T12:00:00-04:00")
TOP, TALL, ROW = 76, 130, 38
GROUND = "#e4ebf0"


def _step(nth: int) -> Step:
    title, workplaces, proved = STEPS[nth]
    first, before = WalkoutId("0"), WalkoutId(str(nth - 1))
    terms = Terms(
        title=title,
        campaign=CAMPAIGN,
        starts=STARTS + timedelta(weeks=nth),
        pledge_by=STARTS + timedelta(weeks=nth, days=-2),
        citywide_threshold=100,
        turnout=True,
    )
    walkout = Walkout(id=WalkoutId(str(nth)), terms=terms, stage=Stage.ON, opened=STARTS + timedelta(weeks=nth - 1))
    if nth:
        walkout = replace(walkout, campaign=first, after=before)
    if proved is not None:
        walkout = replace(walkout, tallied=terms.starts)
    reached = [number < (proved or 0) for number in range(workplaces)]
    units = [
        Unit(id=UnitId(number + 1), name="", headcount=40, threshold=24, out=True, turnout_line=BoardLine(reached=has))
        for number, has in enumerate(reached)
    ]
    return walkout, units


def made() -> Stairs:
    """Return what is on it."""
    steps = [_step(nth) for nth in range(len(STEPS))]
    return stairs(published(*steps[-1], steps=steps))


def drawn() -> str:
    """Return the picture."""
    seen = made()
    height = TOP + TALL + 44 + ROW * len(seen.steps)
    base, slot = TOP + TALL, (WIDTH - 2 * EDGE) / len(seen.steps)
    parts = [
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
        text(seen.campaign, EDGE, 24, INK, 15, "bold"),
        text(seen.headline, EDGE, 44, QUIET, 11.5),
    ]
    for nth, step in enumerate(seen.steps):
        x, across = EDGE + slot * nth + 14, slot - 28
        parts.append(_box(x, base, across, TALL * step.of, GROUND if step.part else PAPER, "" if step.part else LINE))
        parts.append(_box(x, base, across, TALL * step.part, OUT))
        parts.append(text(step.above, x, base - TALL * step.of - 6, INK, 14, "bold"))
        parts.append(text(step.number, x, base + 18, QUIET, 12))
        y = base + 46 + ROW * nth
        parts.append(text(f"{step.number}. {step.titles}", EDGE, y, INK, 12.5, "bold"))
        parts.append(text(step.said, EDGE + 15, y + 15, OUT if step.part else QUIET, 11.5))
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    opened = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{LETTERS}">'
    return "\n".join([opened, *parts, "</svg>", ""])


def _box(x: float, base: float, across: float, tall: float, colour: str, edge: str = "") -> str:
    stroke = f' stroke="{edge}"' if edge else ""
    return f'<rect x="{x:.1f}" y="{base - tall:.1f}" width="{across:.1f}" height="{tall:.1f}" fill="{colour}"{stroke}/>'
