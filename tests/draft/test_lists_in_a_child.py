"""Lists are read in a process that holds no key, and what is in a workbook stays there."""

from __future__ import annotations

import subprocess
import sys
from contextlib import aclosing

import pytest

from bot.draft import ProblemKind, RosterOptions, SourceFile
from bot.sandbox.pool import SandboxPool
from handlers.sandboxed import sandbox_client
from tests.workbooks import Sheets, ods, xls, xlsx, zipped

pytestmark = pytest.mark.usefixtures("executed_children")

BOOK: Sheets = {"Pay": [["Employer", "Workers"], ["Café Central", 27], ["Depot", 40]]}
HALF = RosterOptions(threshold="50%")


def _file(data: bytes) -> SourceFile:
    return SourceFile(name="list.xlsx", data=data)


async def test_every_workbook_is_read_in_a_child() -> None:
    async with aclosing(SandboxPool()) as children:
        for data in (
            xlsx(BOOK),
            ods(BOOK),
            xls(BOOK),
            "Employer;Workers\nCafé Central;27\nDepot;40\n".encode("utf-16"),
        ):
            reading = await sandbox_client.read_list(children, _file(data), HALF)
            assert reading.first == (("Café Central", 27), ("Depot", 40))
            assert (reading.units, reading.needed) == (2, 14 + 20)
            assert not reading.questions
            assert not reading.problems


async def test_a_workbook_that_would_fill_the_memory_is_refused_before_it_is_read() -> None:
    async with aclosing(SandboxPool()) as children:
        bomb = zipped({"xl/worksheets/sheet1.xml": " " * 150_000_000})
        assert len(bomb) < 200_000
        (problem,) = (await sandbox_client.read_list(children, _file(bomb), HALF)).problems
        assert problem.kind is ProblemKind.WORKBOOK_TOO_BIG
        assert (await sandbox_client.read_list(children, _file(xlsx(BOOK)), HALF)).units == 2


def test_where_the_keys_are_nothing_reads_workbooks() -> None:
    program = (
        "import sys, handlers.cli, handlers.platforms.supervisor, handlers.platforms.uploads;"
        "sys.exit('python_calamine' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
