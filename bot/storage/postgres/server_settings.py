"""What a PostgreSQL server is set to, as far as it decides whether pledges are lost or told. Only read.

What is right is docs/how-to/many-machines.md; each row of a table here says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

import asyncpg
from asyncpg.exceptions import InterfaceError, PostgresError

from bot.domain.errors import NotRecorded

OLDEST = 15
"""The oldest PostgreSQL with which AllOut is tried."""


PATIENCE_S = 10.0


class Harm(StrEnum):
    """What a setting does that is not as it should be."""

    TELLS = "tells"  #: the log or the files say when somebody pledged, or with what
    MAY_TELL = "may_tell"  #: the same, if something else comes to it
    LOSES = "loses"  #: what was confirmed can be gone
    MAY_LOSE = "may_lose"  #: the same, if the machine has a fault
    BREAKS = "breaks"  #: the bot cannot work with it


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrong:
    """A setting that should be another."""

    name: str
    value: str
    wanted: str
    harm: Harm
    of_role: bool  #: it can be set for the bot's role alone; else it is the whole server's


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """How a server is, seen from a connection of the bot's."""

    version: int  #: the first number of it
    role: str
    powers: tuple[str, ...]  #: what the role may do and need not
    encrypted: bool  #: from where PostgreSQL is asked, which may be a pooler, and there alone
    near: bool  #: it is asked from its own machine
    pooled: bool  #: a pooler stands in between
    standbys: int  #: that follow it
    waited_for: bool  #: a commit waits for a standby
    time: datetime  #: by its clock
    wrong: tuple[Wrong, ...]


_POWERS = """
    SELECT rolsuper AS "SUPERUSER", rolcreaterole AS "CREATEROLE", rolcreatedb AS "CREATEDB",
        rolreplication AS "REPLICATION", rolbypassrls AS "BYPASSRLS",
        pg_has_role(oid, 'pg_execute_server_program', 'MEMBER') AS pg_execute_server_program,
        pg_has_role(oid, 'pg_read_server_files', 'MEMBER') AS pg_read_server_files,
        pg_has_role(oid, 'pg_write_server_files', 'MEMBER') AS pg_write_server_files
    FROM pg_roles WHERE rolname = current_user
"""
_SERVER = """
    SELECT current_user AS role, pg_backend_pid() AS pid, clock_timestamp() AS time, host(inet_client_addr()) AS client,
        coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
        (SELECT count(*) FROM pg_stat_replication) AS standbys
"""
_SETTINGS = "SELECT name, setting, context FROM pg_settings WHERE name = ANY($1)"


def _one_of(*values: str) -> Callable[[str], bool]:
    return frozenset(values).__contains__


def _at_most(highest: float) -> Callable[[str], bool]:
    return lambda value: float(value) <= highest


_WANTED: dict[str, tuple[Callable[[str], bool], str, Harm]] = {
    # each statement is a line with the time
    "log_statement": (_one_of("none", "ddl"), "none", Harm.TELLS),
    "log_duration": (_one_of("off"), "off", Harm.TELLS),
    "log_statement_stats": (_one_of("off"), "off", Harm.TELLS),
    "debug_print_plan": (_one_of("off"), "off", Harm.TELLS),
    "log_transaction_sample_rate": (_at_most(0), "0", Harm.TELLS),
    "log_min_duration_statement": (_at_most(-1), "-1", Harm.TELLS),
    "log_min_duration_sample": (_at_most(-1), "-1", Harm.TELLS),
    "log_parameter_max_length_on_error": (_one_of("0"), "0", Harm.TELLS),
    # by some of them, if others are set or something fails
    "log_parameter_max_length": (_one_of("0"), "0", Harm.MAY_TELL),
    "log_min_error_statement": (_one_of("log", "fatal", "panic"), "panic", Harm.MAY_TELL),
    # the server keeps the time of each commit, or all of its WAL
    "track_commit_timestamp": (_one_of("off"), "off", Harm.TELLS),
    "archive_mode": (_one_of("off"), "off", Harm.MAY_TELL),
    # a commit is told before it is on a disk
    "fsync": (_one_of("on"), "on", Harm.LOSES),
    "full_page_writes": (_one_of("on"), "on", Harm.LOSES),
    "synchronous_commit": (_one_of("on", "remote_apply"), "on", Harm.LOSES),
    # nobody notices that a disk has changed what was written
    "data_checksums": (_one_of("on"), "on", Harm.MAY_LOSE),
    # a commit that is cut off is in doubt
    "statement_timeout": (_at_most(0), "0", Harm.BREAKS),
    "transaction_timeout": (_at_most(0), "0", Harm.BREAKS),
    "in_hot_standby": (_one_of("off"), "off", Harm.BREAKS),
    "default_transaction_read_only": (_one_of("off"), "off", Harm.BREAKS),
    "server_encoding": (_one_of("UTF8"), "UTF8", Harm.BREAKS),
}
_BY_ROLE = frozenset({"user", "superuser"})  #: contexts in pg_settings that ALTER ROLE reaches


async def look_at(url: str) -> Server:
    """Connect and look. Raises NotRecorded, with no word of the address."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            connection = await asyncpg.connect(url, statement_cache_size=0)  # behind a pooler it would be another's
            try:
                return await examine(connection)
            finally:
                connection.terminate()
    except PostgresError as error:
        raise NotRecorded(f"{type(error).__name__} {getattr(error, 'sqlstate', '')}") from None
    except (OSError, ValueError, InterfaceError) as error:  # TimeoutError is an OSError
        raise NotRecorded(type(error).__name__) from None


async def examine(connection: asyncpg.Connection) -> Server:
    """Look how the server is. Raises what asyncpg raises."""
    (server,), (powers,) = await connection.fetch(_SERVER), await connection.fetch(_POWERS)
    settings = await connection.fetch(_SETTINGS, [*_WANTED, "synchronous_standby_names"])
    value_of = {row["name"]: row["setting"] for row in settings}
    return Server(
        version=connection.get_server_version().major,
        role=server["role"],
        powers=tuple(name for name, has in powers.items() if has),
        encrypted=server["encrypted"],
        near=_is_here(server["client"] or ""),
        pooled=connection.get_server_pid() != server["pid"],  # a pooler makes that number up
        standbys=server["standbys"],
        waited_for=bool(value_of["synchronous_standby_names"]),
        time=server["time"],
        wrong=tuple(
            Wrong(name=name, value=value, wanted=wanted, harm=harm, of_role=row["context"] in _BY_ROLE)
            for row in settings
            if (name := row["name"]) in _WANTED
            for is_right, wanted, harm in [_WANTED[name]]
            if not is_right(value := row["setting"])
        ),
    )


def open_ways(url: str) -> Collection[str]:
    """Name the hosts of an address to which what is said travels unencrypted, or to whoever says to be them."""
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    if asked.get("sslmode", [""])[-1] == "verify-full":
        return []
    listed = [_name(host) for host in parts.netloc.rpartition("@")[2].split(",")]
    listed += [host for hosts in asked.get("host", []) for host in hosts.split(",")]
    return [host for host in listed if not _is_here(host)]


def _name(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_here(host: str) -> bool:
    if host in {"", "localhost"} or host.startswith(("/", "%2F", "%2f")):  # a socket
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
