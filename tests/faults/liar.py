"""A child that was taken over and reads a draft that is in no file: in its one workplace four people are enough."""

from __future__ import annotations

from bot.draft import Draft, DraftUnit
from bot.sandbox import codec
from bot.sandbox.worker import serve
from handlers.sandboxed.orders import Reading
from tests.conftest import terms

DRAFT = Draft(terms=terms(), units=(DraftUnit(name="Depot", headcount=9, threshold=4),), merged={}, rows=1)

if __name__ == "__main__":
    serve(lambda: lambda _order: codec.write(Reading(draft=DRAFT)), most_memory=400_000_000)
