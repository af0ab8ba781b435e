"""The tests' own servers do what tests of faults ask of them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.conftest import ROOT
from tests.postgres.network import network
from tests.postgres.servers import WAITS_FOR_STANDBY, Server, server

THERE = "SELECT FROM pg_stat_activity WHERE datname = '{}'"


async def test_a_database_is_empty_and_the_bots_role_owns_it_and_nothing_else(pg_database: str) -> None:
    bot = await asyncpg.connect(pg_database)
    try:
        await bot.execute("CREATE TABLE kept (number integer)")
        assert not await bot.fetchval("SELECT usesuper FROM pg_user WHERE usename = current_user")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await bot.execute("CREATE DATABASE another")
    finally:
        await bot.close()


def test_a_killed_server_comes_back_with_what_was_committed() -> None:
    with server() as own:
        own.sql("CREATE TABLE kept AS SELECT 1 AS number")
        own.kill()
        with pytest.raises(AssertionError, match="psql"):
            own.sql("TABLE kept")
        own.start()
        assert own.sql("TABLE kept") == "1"
        own.restart()
        assert own.sql("TABLE kept") == "1"
        assert "COMMIT" in own.wal()


async def test_a_standby_follows_through_a_network_that_can_fall_silent() -> None:
    with server() as primary:
        async with network(primary.port) as between:
            with primary.standby("one", port=between.port) as standby:
                primary.confirm_by("one")
                await asyncio.to_thread(primary.sql, "CREATE TABLE kept AS SELECT 1 AS number")
                between.silence()
                waiting = asyncio.create_task(asyncio.to_thread(primary.sql, "INSERT INTO kept VALUES (2)"))
                await asyncio.to_thread(primary.until, WAITS_FOR_STANDBY)
                assert not waiting.done()
                assert standby.sql("TABLE kept") == "1"
                between.heal()
                await waiting
                primary.kill()
                standby.promote()
                assert standby.sql("SELECT count(*) FROM kept") == "2"


async def test_both_ends_see_a_cut_and_neither_a_silence(pg_server: Server, pg_database: str) -> None:
    name = pg_database.rpartition("/")[2]
    async with network(pg_server.port) as between:
        connection = await asyncpg.connect(pg_server.url(name, port=between.port))
        between.silence(down=False)
        asked = asyncio.create_task(connection.fetchval("SELECT 1"))
        await asyncio.to_thread(pg_server.until, f"EXISTS ({THERE.format(name)})")
        assert not asked.done()
        between.cut()
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await asked
        await asyncio.to_thread(pg_server.until, f"NOT EXISTS ({THERE.format(name)})")
        with pytest.raises(ConnectionError):
            await asyncpg.connect(pg_server.url(name, port=between.port))
        between.heal()
        connection = await asyncpg.connect(pg_server.url(name, port=between.port))
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


def test_a_server_ends_with_whoever_started_it_however_that_ends() -> None:
    program = "from tests.postgres.servers import server\nwith server() as own: print(own.folder, own.pid); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        folder, pid = owner.stdout.readline().split()
        assert Path(folder).is_dir()
        of_server = psutil.Process(int(pid))
        owner.kill()
    psutil.wait_procs([of_server])
    assert not of_server.is_running()
