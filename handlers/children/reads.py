"""Runs in a child: reads the files of a draft."""

from __future__ import annotations

from bot.children import plain
from bot.children.child import serve
from bot.draft import DraftRefused, read, workplaces_file
from handlers.children.orders import Read, Reading

MOST_MEMORY = 512_000_000

MOST_PROBLEMS = 500
"""Beyond that nobody reads them, and they would keep a chat busy for minutes."""


def _read(order: bytes) -> bytes:
    return plain.write(_reading(plain.read(Read, order)))


def _reading(order: Read) -> Reading:
    if order.now is None:
        return Reading(names=workplaces_file(order.toml))
    try:
        draft = read(order.toml, order.roster, order.options, now=order.now, languages=order.languages)
        return Reading(draft=draft)
    except DraftRefused as refused:
        told = refused.problems[:MOST_PROBLEMS]
        return Reading(problems=told, more=len(refused.problems) - len(told))


if __name__ == "__main__":
    serve(lambda: _read, most_memory=MOST_MEMORY)
