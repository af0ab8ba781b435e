"""Runs in a child: puts cards on paper. It knows the codes that it prints."""

from __future__ import annotations

from itertools import count

from bot.sandbox import codec
from bot.sandbox.worker import serve, step
from handlers.lettering.installed import folders
from handlers.sandboxed.orders import Print, Undrawable
from handlers.sheets.sheet import sheet, undrawable
from handlers.texts.catalogue import speaking

MOST_MEMORY = 1_000_000_000


def _print(order: bytes) -> bytes:
    wanted, drawn = codec.read(Print, order), count(1)

    def one_more() -> None:
        if wanted.step and next(drawn) % wanted.step == 0:
            step()

    with speaking(wanted.language):
        letters, names = undrawable(wanted.terms, wanted.places)
        if letters:
            return codec.write(Undrawable(letters=letters, names=names))
        return sheet(
            wanted.terms,
            wanted.places,
            telegram=wanted.telegram,
            discord=wanted.discord,
            also=wanted.also,
            paper=wanted.paper,
            drawn=one_more,
        )


if __name__ == "__main__":
    serve(lambda: _print, most_memory=MOST_MEMORY, reads=folders)
