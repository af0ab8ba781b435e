"""One picture of the tree that fills up from its leaves; `python -m bench.pictures` draws it with the others.

What is ready and who walks out is said by the rules themselves, of the numbers below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bot.domain.model import ROOT, Tier, Unit, UnitId
from bot.domain.rules import people, verdicts
from bot.domain.tree import Tree, sums

PATH = "pictures/tree.svg"

CITY_NUMBER = 100
AREAS = ("Bellhill", "Dockside", "Marsh End")
AREA_NUMBER, AREA_MINIMUM = 40, 2
NUMBER, PEOPLE = 24, 40
DEPARTMENTS = ((16, 8), (14, 7), (10, 5))
"""People and number of each department; two must have reached theirs."""

MOMENTS: Sequence[tuple[str, Sequence[int]]] = (
    ("People pledge; what has its number counts above.", (12, 9, 5, 25, 10, 24, 15, 8, 25, 4, 9)),
    ("It is on. In Marsh End one workplace still waits.", (13, 9, 3, 25, 12, 26, 24, 8, 25, 4, 9)),
    ("Marsh End has its number too, and joins.", (13, 9, 3, 25, 12, 26, 24, 8, 25, 24, 9)),
)
"""What is seen, and how many have pledged then at each unit that has cards."""

WIDTH, EDGE, TOP = 380, 12, 34
ROW, BOX, HIGH = 46, 25, 22
FRAME = TOP + 4 * ROW
LETTERS = "Noto Sans, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
PAPER, LINE, INK, QUIET, FILLS, READY, OUT = "#ffffff", "#c3ced6", "#111b21", "#54656f", "#7fb3d5", "#8fd19e", "#1e8e4e"


@dataclass(frozen=True, slots=True)
class Node:
    """A unit as drawn."""

    x: float
    y: float
    full: float
    is_ready: bool
    is_out: bool


def units(standing: Sequence[int]) -> list[Unit]:
    """Return the tree, with so many pledges at its leaves."""
    made: list[Unit] = []
    left = iter(standing)

    def add(name: str, parent: UnitId, tier: Tier, headcount: int, threshold: int, minimum: int = 0) -> UnitId:
        standing = next(left) if tier is Tier.DEPARTMENT or (tier is Tier.WORKPLACE and not minimum) else 0
        made.append(
            Unit(
                id=UnitId(len(made) + 1),
                name=name,
                headcount=headcount,
                threshold=threshold,
                parent=parent,
                tier=tier,
                minimum=minimum,
                standing=standing,
            )
        )
        return made[-1].id

    for name in AREAS:
        area = add(name, ROOT, Tier.AREA, 3 * PEOPLE, AREA_NUMBER, AREA_MINIMUM)
        for nth in range(3):
            with_departments = name == AREAS[0] and nth == 0
            place = add("", area, Tier.WORKPLACE, PEOPLE, NUMBER, 2 if with_departments else 0)
            for headcount, threshold in DEPARTMENTS if with_departments else ():
                add("", place, Tier.DEPARTMENT, headcount, threshold)
    return made


def _nodes(made: Sequence[Unit], top: float) -> Mapping[UnitId, Node]:
    tree, found = Tree(made), verdicts(made)
    counted = {unit.id: found.people[unit.id] for unit in made} | {ROOT: found.people[ROOT]}
    on = counted[ROOT] >= CITY_NUMBER
    wide = (WIDTH - 2 * EDGE - 16) / len(tree.workplaces())
    x = {place.id: EDGE + wide * (n + 0.5) for n, place in enumerate(tree.workplaces())}
    for area in tree.children():
        x[area.id] = sum(x[place.id] for place in tree.children(area.id)) / 3
        for place in tree.children(area.id):
            for n, each in enumerate(tree.children(place.id)):
                x[each.id] = x[place.id] + (n - 1) * (BOX + 7) + 18
    nodes = {ROOT: Node(x[tree.children()[1].id], top, min(1, counted[ROOT] / CITY_NUMBER), is_ready=on, is_out=on)}
    for unit in made:
        depth = len(tree.path(unit.id))
        own = sums(made, people)[unit.id] if unit.tier is Tier.WORKPLACE else counted[unit.id]
        ready = unit.id in found.ready or (unit.tier is Tier.DEPARTMENT and own >= unit.threshold)
        path = [each.id for each in tree.path(unit.id) if each.tier is not Tier.DEPARTMENT]
        out = on and path[-1] in found.walks_out
        nodes[unit.id] = Node(x[unit.id], top + depth * ROW, min(1, own / unit.threshold), is_ready=ready, is_out=out)
    return nodes


def drawn() -> str:
    """Return the picture."""
    height = FRAME * len(MOMENTS) + EDGE
    parts = [f'<rect width="100%" height="100%" fill="{PAPER}"/>']
    for nth, (said, standing) in enumerate(MOMENTS):
        parts += _frame(said, units(standing), nth * FRAME)
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    opened = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{LETTERS}">'
    return "\n".join([opened, *parts, "</svg>", ""])


def _frame(said: str, made: Sequence[Unit], top: float) -> list[str]:
    nodes = _nodes(made, top + TOP + 4)
    parts = [text(said, EDGE, top + 21, INK, 11.5, "bold")]
    rows = [top + TOP + 19 + depth * ROW for depth in range(4)]
    for level, x, y in (
        ("city", nodes[ROOT].x + BOX, rows[0]),
        ("areas", EDGE, rows[1]),
        ("workplaces", WIDTH / 2 - BOX, rows[2] + HIGH),
        ("departments", nodes[UnitId(5)].x + BOX, rows[3]),
    ):
        parts.append(text(level, x, y, QUIET, 10))
    for unit in made:
        child, parent = nodes[unit.id], nodes[unit.parent]
        colour, width = (OUT, 2.5) if child.is_out else (LINE, 1.5)
        parts.append(
            f'<path d="M{child.x:.1f} {child.y} L{parent.x:.1f} {parent.y + HIGH}" stroke="{colour}" '
            f'stroke-width="{width}"/>'
        )
    for node in nodes.values():
        parts += _box(node)
    parts += [
        text(unit.name, nodes[unit.id].x + BOX / 2 + 4, nodes[unit.id].y + 15, INK, 10)
        for unit in made
        if unit.tier is Tier.AREA
    ]
    return parts


def _box(node: Node) -> list[str]:
    x, colour = node.x - BOX / 2, OUT if node.is_out else READY if node.is_ready else FILLS
    high = HIGH * node.full
    parts = [
        f'<rect x="{x:.1f}" y="{node.y}" width="{BOX}" height="{HIGH}" fill="{PAPER}"/>',
        f'<rect x="{x:.1f}" y="{node.y + HIGH - high:.1f}" width="{BOX}" height="{high:.1f}" fill="{colour}"/>',
        f'<rect x="{x:.1f}" y="{node.y}" width="{BOX}" height="{HIGH}" rx="2" fill="none" stroke="{QUIET}"/>',
    ]
    if node.is_ready:
        ink = PAPER if node.is_out else OUT
        tick = f"M{node.x - 6:.1f} {node.y + 11} l4 5 l8 -10"
        parts.append(f'<path d="{tick}" fill="none" stroke="{ink}" stroke-width="2.5"/>')
    return parts


def text(said: str, x: float, y: float, ink: str, size: float, weight: str = "normal") -> str:
    """Write a line."""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" fill="{ink}">{escape(said)}</text>'
