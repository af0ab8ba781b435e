"""The command: `python -m bench pledges`, or another of BENCHES below."""

from __future__ import annotations

import argparse
import asyncio
import sys
from functools import partial
from pathlib import Path

from bench import (
    cards,
    crowd,
    discord,
    fan_out,
    first_walkout,
    flood,
    lists,
    pledges,
    postgres,
    scale,
    scale_postgres,
    start,
    tally,
    telegram,
    waits,
    ways,
)
from bench.ground import Ground

BENCHES = {
    "pledges": pledges.bench,
    "tally": tally.bench,
    "postgres": postgres.bench,
    "telegram": telegram.bench,
    "discord": discord.bench,
    "fan_out": fan_out.bench,
    "flood": flood.bench,
    "crowd": crowd.bench,
    "lists": lists.bench,
    "cards": cards.bench,
    "first_walkout": first_walkout.bench,
    "scale": scale.bench,
    "start": start.bench,
    "waits": waits.bench,
    "ways": ways.bench,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one bench; 1 if a verdict was wrong. Goals missed are printed and nothing more: disks differ."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", choices=tuple(BENCHES))
    parser.add_argument("--dir", type=Path, default=Path(), help="where the databases are put; its disk is measured")
    parser.add_argument("--quick", action="store_true", help="tiny: shows that it runs, measures nothing")
    parser.add_argument("--full", action="store_true", help="scale: with ten million cards as well")
    parser.add_argument("--postgres", action="store_true", help="scale: ten million cards on PostgreSQL instead")
    chosen = parser.parse_args(arguments)
    bench = BENCHES[chosen.what]
    if chosen.what == "scale" and (chosen.full or chosen.postgres):
        bench = scale_postgres.bench if chosen.postgres else partial(scale.bench, full=True)
    with Ground(chosen.dir) as ground:
        print(ground.description())
        return asyncio.run(bench(ground, quick=chosen.quick))


if __name__ == "__main__":
    sys.exit(main())
