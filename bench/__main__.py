"""The command: `python -m bench pledges`, or another of BENCHES below."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from bench import crowd, discord, first_walkout, flood, lists, pledges, start, tally, telegram, waits
from bench.ground import Ground

BENCHES = {
    "pledges": pledges.bench,
    "tally": tally.bench,
    "telegram": telegram.bench,
    "discord": discord.bench,
    "flood": flood.bench,
    "crowd": crowd.bench,
    "lists": lists.bench,
    "first_walkout": first_walkout.bench,
    "start": start.bench,
    "waits": waits.bench,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one bench; 1 if a verdict was wrong. Goals missed are printed and nothing more: disks differ."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", choices=tuple(BENCHES))
    parser.add_argument("--dir", type=Path, default=Path(), help="where the databases are put; its disk is measured")
    parser.add_argument("--quick", action="store_true", help="tiny: shows that it runs, measures nothing")
    chosen = parser.parse_args(arguments)
    bench = BENCHES[chosen.what]
    with Ground(chosen.dir) as ground:
        print(ground.description())
        return asyncio.run(bench(ground, quick=chosen.quick))


if __name__ == "__main__":
    sys.exit(main())
