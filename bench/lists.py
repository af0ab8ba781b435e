"""How long a list of 50,000 workplaces takes, as a CSV and as a workbook, and how much memory (on Linux)."""

from __future__ import annotations

import csv
import subprocess
import sys
from contextlib import aclosing
from io import StringIO
from pathlib import Path
from time import perf_counter

from bench.ground import Ground, ratio
from bot.draft import RosterOptions, SourceFile
from bot.draft.roster import MOST_ROWS
from bot.sandbox.pool import SandboxPool
from handlers.sandboxed import sandbox_client
from tests.workbooks import xlsx

HEADER = ("Case", "Employer", "Town", "Workers", "Status", "Mode")
OPTIONS = RosterOptions(threshold="65%", group_small="Town")

ALONE = """
import re, sys
from pathlib import Path
from bot.draft import RosterOptions, SourceFile, read_list
source = SourceFile(name="list", data=Path(sys.argv[1]).read_bytes())
read_list(source, RosterOptions(threshold="65%", group_small="Town"))
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


async def bench(ground: Ground, *, quick: bool) -> int:
    """Read each in a child, as the bot does; its memory is measured in a process that does nothing else."""
    number = 500 if quick else MOST_ROWS
    rows = [
        (f"02-RC-{n:06}", f"Workplace {n} of many", f"Town {n % 97}", 9 + n % 300, "Open", "Mail")
        for n in range(number)
    ]
    text = StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    files = {"csv": text.getvalue().encode(), "xlsx": xlsx({"Pay": [HEADER, *rows]})}
    right, ratios = True, []
    for form, data in files.items():
        async with aclosing(SandboxPool()) as children:
            began = perf_counter()
            reading = await sandbox_client.read_list(children, SourceFile(name=f"list.{form}", data=data), OPTIONS)
            took = perf_counter() - began
        right &= reading.summary.workplaces == number and reading.summary.people == sum(row[3] for row in rows)
        print(f"{form}: {len(data) / 1e6:.1f} MB, {reading.summary.workplaces} workplaces")
        ratios += [(f"lists_{form}_seconds", took, "<=5")]
        ratios += [(f"lists_{form}_megabytes", _megabytes(ground.folder / form, data), "<=200")]
    for each in ratios:
        ratio(*each)
    return 0 if right else 1


def _megabytes(path: Path, data: bytes) -> float:
    path.write_bytes(data)
    ran = subprocess.run([sys.executable, "-c", ALONE, str(path)], check=True, capture_output=True, text=True)  # noqa: S603  ours
    return int(ran.stdout) / 1000
