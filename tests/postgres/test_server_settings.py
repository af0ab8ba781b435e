"""The doctor sees how a PostgreSQL server is set, and what of it could lose or tell a pledge."""

from __future__ import annotations

import asyncio
import os
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.process.clock import MovableClock, real_clock
from bot.storage.postgres.server_settings import Harm, Server, look_at, open_ways
from bot.usecases import server_health
from bot.usecases.health import Finding, Grade, Sign
from handlers.cli import cli
from handlers.texts import doctor as texts
from tests.conftest import ROOT
from tests.postgres.programs import programs
from tests.postgres.servers import BOT, PASSWORD, server
from tests.postgres.servers import Server as Running

RIGHT = {"log_parameter_max_length": "0", "log_min_error_statement": "panic"}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A server as docs/how-to/many-machines.md has it."""
    with server(power_cuts=True) as made:
        for name, value in RIGHT.items():
            made.sql(f"ALTER ROLE {BOT} SET {name} = '{value}'")
        yield made


async def wrong(url: str) -> dict[str, Harm]:
    return {each.name: each.harm for each in (await look_at(url)).wrong}


async def found(url: str, ahead: timedelta = timedelta()) -> dict[Sign, Finding]:
    findings = [each async for each in server_health.server(url, lambda: real_clock() + ahead)]
    for each in findings:
        said = texts.said(each) + (texts.advice(each) if each.grade is not Grade.OK else "")
        assert "{" not in said
        assert PASSWORD not in said
    return {each.sign: each for each in findings}


async def test_a_server_as_the_page_has_it_has_nothing_to_look_at(running: Running) -> None:
    findings = await found(running.url())
    assert set(findings) == {Sign.SERVER_FITS, Sign.ROLE_PLAIN, Sign.WAY_CLOSED, Sign.SETTINGS_RIGHT}
    assert {each.grade for each in findings.values()} == {Grade.OK}


@pytest.mark.parametrize(
    ("name", "value", "harm"),
    [
        ("log_statement", "all", Harm.TELLS),
        ("log_statement", "mod", Harm.TELLS),
        ("log_duration", "on", Harm.TELLS),
        ("log_statement_stats", "on", Harm.TELLS),
        ("debug_print_plan", "on", Harm.TELLS),
        ("log_transaction_sample_rate", "0.01", Harm.TELLS),
        ("log_min_duration_statement", "0", Harm.TELLS),
        ("log_min_duration_statement", "1s", Harm.TELLS),
        ("log_min_duration_sample", "5", Harm.TELLS),
        ("log_parameter_max_length_on_error", "-1", Harm.TELLS),
        ("log_parameter_max_length", "64", Harm.MAY_TELL),
        ("log_min_error_statement", "error", Harm.MAY_TELL),
        ("synchronous_commit", "off", Harm.LOSES),
        ("synchronous_commit", "local", Harm.LOSES),
        ("synchronous_commit", "remote_write", Harm.LOSES),
        ("statement_timeout", "1min", Harm.BREAKS),
        ("transaction_timeout", "1min", Harm.BREAKS),
        ("default_transaction_read_only", "on", Harm.BREAKS),
    ],
)
async def test_a_setting_that_tells_or_loses_is_seen(running: Running, name: str, value: str, harm: Harm) -> None:
    running.sql(f"ALTER ROLE {BOT} SET {name} = '{value}'")
    try:
        (one,) = (await look_at(running.url())).wrong
        assert (one.name, one.harm, one.of_role) == (name, harm, True)
        (finding,) = [each for each in (await found(running.url())).values() if each.grade is not Grade.OK]
        running.sql(texts.advice(finding).partition(": ")[2])  # what the doctor says puts it right
        assert await wrong(running.url()) == {}
    finally:
        running.sql(f"ALTER ROLE {BOT} {f'SET {name} = {RIGHT[name]}' if name in RIGHT else f'RESET {name}'}")


async def test_what_is_set_for_the_whole_server_is_seen() -> None:
    whole = {"fsync": "off", "full_page_writes": "off", "track_commit_timestamp": "on", "archive_mode": "on"}
    with server(power_cuts=True, **whole, archive_command="true") as made:
        seen = await wrong(made.url())
        assert {name: seen[name] for name in whole} == {
            "fsync": Harm.LOSES,
            "full_page_writes": Harm.LOSES,
            "track_commit_timestamp": Harm.TELLS,
            "archive_mode": Harm.MAY_TELL,
        }
        assert {Sign.SETTING_LOSES, Sign.SETTING_TELLS} <= set(await found(made.url()))


@pytest.mark.parametrize("power", ["SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"])
async def test_a_role_that_may_do_too_much_is_seen(running: Running, power: str) -> None:
    running.sql(f"CREATE ROLE strong LOGIN {power}")
    try:
        findings = await found(running.url(role="strong"))
        assert power in findings[Sign.ROLE_POWERFUL].facts["powers"]
        assert findings[Sign.ROLE_POWERFUL].grade is Grade.BAD
    finally:
        running.sql("DROP ROLE strong")


async def test_a_role_that_may_run_programs_on_the_server_is_seen(running: Running) -> None:
    running.sql("CREATE ROLE strong LOGIN; GRANT pg_execute_server_program TO strong")
    try:
        assert (await look_at(running.url(role="strong"))).powers == ("pg_execute_server_program",)
    finally:
        running.sql("DROP ROLE strong")


async def test_standbys_are_waited_for_or_it_is_said(running: Running) -> None:
    with running.standby("s1") as standby:
        running.until("EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming')")
        assert (await found(running.url()))[Sign.STANDBY_NOT_AWAITED].facts["n"] == 1
        running.confirm_by("s1")
        running.until("current_setting('synchronous_standby_names') <> ''")
        assert Sign.STANDBY_AWAITED in await found(running.url())
        assert await wrong(standby.url()) == {"in_hot_standby": Harm.BREAKS}
        running.confirm_by()


async def test_a_pooler_is_seen(running: Running) -> None:
    async with pooler(running.port) as port:
        findings = await found(running.url(port=port))
        assert findings[Sign.POOLED].grade is Grade.LOOK
    assert Sign.POOLED not in await found(running.url())


@asynccontextmanager
async def pooler(to: int) -> AsyncIterator[int]:
    """Pass everything on, but for the number of the server's process, as PgBouncer does."""
    key_data, tasks = b"K\0\0\0\x0c", set()

    async def pump(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(ConnectionError):
            while said := await reader.read(65_536):
                at = said.find(key_data)
                if at >= 0:
                    said = said[: at + 5] + b"\0\0\xab\xcd" + said[at + 9 :]
                writer.write(said)
        writer.close()

    async def carry(reader: StreamReader, writer: StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    def arrived(reader: StreamReader, writer: StreamWriter) -> None:
        tasks.add(asyncio.create_task(carry(reader, writer)))

    listening = await asyncio.start_server(arrived, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await asyncio.gather(*tasks)


@pytest.mark.parametrize(
    ("ahead", "grade"),
    [(timedelta(seconds=20), Grade.LOOK), (-timedelta(seconds=20), Grade.LOOK), (timedelta(hours=1), Grade.BAD)],
)
async def test_a_clock_that_is_another_is_seen(running: Running, ahead: timedelta, grade: Grade) -> None:
    assert (await found(running.url(), ahead))[Sign.SERVER_CLOCK_OFF].grade is grade


async def test_a_server_that_cannot_be_reached_is_said_without_its_address(running: Running) -> None:
    for url in (running.url("nowhere"), running.url(port=1), "postgresql://%zz:what@[/x", "postgresql://x?sslmode=no"):
        (finding,) = (await found(url)).values()
        assert finding.sign is Sign.SERVER_SILENT
        assert "nowhere" not in texts.said(finding)
    assert "InvalidCatalogNameError 3D000" in texts.said((await found(running.url("nowhere")))[Sign.SERVER_SILENT])


def test_an_old_server_is_said() -> None:
    old = Server(
        version=14,
        role="bot",
        powers=(),
        encrypted=False,
        near=False,
        pooled=True,
        standbys=0,
        waited_for=False,
        time=MovableClock(real_clock())(),
        wrong=(),
    )
    signs = {each.sign for each in server_health.served(old, [])}
    assert {Sign.SERVER_OLD, Sign.WAY_OPEN} <= signs  # the way on, from a pooler or a balancer here


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://bot@127.0.0.1:5432/allout", []),
        ("postgresql://bot:p%40ss@localhost/allout", []),
        ("postgresql://bot@[::1]:5432/allout", []),
        ("postgresql:///allout?host=/run/postgresql", []),
        ("postgresql://bot@%2Frun%2Fpostgresql/allout", []),
        ("postgresql://bot@db1,127.0.0.1,10.0.0.2:5433/allout?target_session_attrs=primary", ["db1", "10.0.0.2"]),
        ("postgresql://bot@[2001:db8::1]:5432/allout", ["2001:db8::1"]),
        ("postgresql:///allout?host=db1,/run/postgresql", ["db1"]),
        ("postgresql://bot@db1/allout?sslmode=require", ["db1"]),
        ("postgresql://bot@db1,db2/allout?sslmode=verify-full", []),
    ],
)
def test_a_way_that_others_can_read_is_seen(url: str, hosts: list[str]) -> None:
    assert list(open_ways(url)) == hosts


async def test_the_role_that_the_example_makes_is_as_it_should_be(running: Running, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("it's a \\ secret")
    where = {"PGHOST": str(running.folder), "PGPORT": str(running.port), "BOT_PASSWORD_FILE": str(secret)}
    environment = {"PATH": f"{programs()}:{os.environ['PATH']}", **where}
    role = await asyncio.create_subprocess_exec(ROOT / "examples/many-bots/role.sh", env=environment)
    assert await role.wait() == 0
    findings = await found(running.url("allout", role="allout"))
    assert {each.grade for each in findings.values()} == {Grade.OK}
    assert running.sql("SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'allout'") == "t"
    assert "secret" not in running.log.read_text()


async def test_the_command_looks_at_the_server(
    running: Running, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOUT_DATABASE_URL", running.url())
    ran = await asyncio.to_thread(CliRunner().invoke, cli, ["doctor", "--data", str(tmp_path)])
    assert "The database is PostgreSQL 18." in ran.stdout
    assert PASSWORD not in ran.output
