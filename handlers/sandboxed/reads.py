"""Runs in a child: reads the files of a draft."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace

from bot.draft import DraftRefused, levels_in, read, read_list, workplaces_file
from bot.sandbox import codec
from bot.sandbox.worker import serve
from handlers.sandboxed.orders import Read, Reading, ReadList, ToRead

MOST_MEMORY = 512_000_000

MOST_PROBLEMS = 500
"""Beyond that nobody reads them, and they would keep a chat busy for minutes."""


def _read(order: bytes) -> bytes:
    return codec.write(_reading(codec.read(ToRead, order).wanted))


def _reading(order: Read | ReadList) -> Reading:
    if isinstance(order, ReadList):
        options = order.options
        if order.toml is not None:
            options = replace(options, level_columns=levels_in(order.toml))
        return Reading(listed=read_list(order.source, options, languages=order.languages))
    if order.now is None:
        return Reading(names=workplaces_file(order.toml))
    try:
        draft = read(
            order.toml, order.roster, order.options, now=order.now, languages=order.languages, after=order.after
        )
        return Reading(draft=draft)
    except DraftRefused as refused:
        told = refused.problems[:MOST_PROBLEMS]
        return Reading(problems=told, more=len(refused.problems) - len(told))


def prepare() -> Callable[[bytes], bytes]:
    """Import what reads workbooks, before everything is given up."""
    importlib.import_module("bot.draft.workbooks")
    return _read


if __name__ == "__main__":
    serve(prepare, most_memory=MOST_MEMORY)
