"""A PostgreSQL server of the tests' own: started, stopped, killed, copied, followed by standbys.

All of this waits, as `subprocess` does. Where the network of a server runs in the test's own event loop
(`tests.postgres.network`), call it by `asyncio.to_thread`.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.postgres.programs import SHARED, alone, kept_folder, run

BOT = "bot"
"""The role under which AllOut connects. It owns its database, and is nobody else."""

PASSWORD = "not-to-be-printed"
"""Servers here ask nobody for it; whatever prints an address is seen by it."""

_PORTS = range(20_000, 32_000)  # below those that are handed out to whoever connects
_NUMBERS = itertools.count(1)

FIXED: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "autovacuum": "off",  # nothing happens by itself
    "checkpoint_timeout": "1h",
    "max_wal_size": "1GB",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "wal_keep_size": "256MB",
    "log_line_prefix": "%m [%p] %q%a ",
    "jit": "off",
}
NO_POWER_CUTS: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}
"""For tests that kill processes, never the machine: what was written stays, synced or not."""


WAITS_FOR_STANDBY = "EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')"
"""That somebody's commit waits to be confirmed by a standby."""


class Server:
    """One server over the data in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "log"

    # ---- the process

    def start(self) -> None:
        """Start it, and wait until it answers."""
        run("pg_ctl", "start", "-w", "-t", "120", "-D", self.data, "-l", self.log)

    def stop(self, how: str = "fast") -> None:
        """Stop it: `smart` waits for clients, `fast` sends them away, `immediate` is like a kill and cleans up."""
        run("pg_ctl", "stop", "-w", "-t", "120", "-m", how, "-D", self.data)

    def restart(self) -> None:
        """Stop it and start it on the same port."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End all of its processes at once, as a dying machine does it."""
        family = self.processes()
        for process in family:
            process.kill()
        psutil.wait_procs(family)

    def processes(self) -> list[psutil.Process]:
        """List its own process and then the children, the first one stopped: it has no more of them meanwhile."""
        postmaster = psutil.Process(self.pid)
        postmaster.suspend()
        return [postmaster, *postmaster.children(recursive=True)]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let none of its processes do anything in this block."""
        family = self.processes()
        try:
            for process in family:
                process.suspend()
            while any(process.status() != psutil.STATUS_STOPPED for process in family):
                pass  # a signal is sent before it arrives
            yield
        finally:
            for process in reversed(family):
                process.resume()

    @property
    def pid(self) -> int:
        """The number of its first process."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    @property
    def running(self) -> bool:
        """Whether it has been started, and neither stopped nor killed."""
        return (self.data / "postmaster.pid").exists() and psutil.pid_exists(self.pid)

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(re.findall(r"^port = '(\d+)'$", (self.data / "postgresql.conf").read_text(), re.MULTILINE)[-1])

    # ---- what it is told

    def url(self, database: str = "postgres", *, role: str = BOT, port: int | None = None) -> str:
        """Say how to connect; `port` is another way to it."""
        return f"postgresql://{role}:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def sql(self, statements: str, database: str = "postgres") -> str:
        """Do each of these as the superuser, and give the rows: fields between bars, one row a line."""
        where = ["-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "-d", database]
        options = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"]
        return run("psql", *options, *where, said=statements, as_user=False).rstrip("\n")

    def until(self, condition: str, database: str = "postgres") -> None:
        """Wait until this is so, as the superuser sees it."""
        wait = "PERFORM pg_sleep(0.005); PERFORM pg_stat_clear_snapshot();"
        self.sql(f"DO $$ BEGIN WHILE NOT ({condition}) LOOP {wait} END LOOP; END $$", database)

    def configure(self, **settings: str) -> None:
        """Set this for the next start."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def reconfigure(self, **settings: str) -> None:
        """Set this while it runs."""
        self.configure(**settings)
        self.sql("SELECT pg_reload_conf()")

    # ---- databases

    def create_database(self, template: str = "template1") -> str:
        """Make an empty database that belongs to the bot, or a copy of one that nobody is connected to."""
        name = f"test_{os.getpid()}_{next(_NUMBERS)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log OWNER {BOT}")
        return name

    def drop_database(self, name: str) -> None:
        """Drop it, whoever is connected."""
        self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """Have a database to copy from, made and filled by whoever comes first; `fill` leaves no connection open."""
        with alone(self.folder / "lock"):
            if not self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608  a name of the tests'
                made = self.create_database()
                fill(self.url(made))
                self.sql(f"ALTER DATABASE {made} RENAME TO {name}")
        return name

    # ---- copies

    def base_backup(self, into: Path, *options: str, port: int | None = None) -> None:
        """Copy the whole running server into a folder that is not there yet."""
        where = ["-h", "127.0.0.1", "-p", str(port or self.port), "-U", "postgres"]
        run("pg_basebackup", *where, "-D", into, "-X", "stream", "-c", "fast", "--no-sync", *options)

    def wal(self, *options: str) -> str:
        """Give what pg_waldump reads in all of its WAL that is there."""
        folder = self.data / "pg_wal"
        segments = sorted(path.name for path in folder.iterdir() if re.fullmatch("[0-9A-F]{24}", path.name))
        # it always ends by complaining that the last one is not full
        return run("pg_waldump", *options, "-p", folder, segments[0], segments[-1], check=False)

    @contextmanager
    def standby(self, name: str, *, port: int | None = None, **settings: str) -> Iterator[Server]:
        """Have a standby that follows it; `port` is another way from there to here."""
        with kept_folder() as folder:
            follower = Server(folder)
            self.base_backup(follower.data)
            (follower.data / "standby.signal").touch()
            follower.configure(
                port=str(_free_port()),
                unix_socket_directories=str(folder),
                primary_conninfo=f"host=127.0.0.1 port={port or self.port} user=postgres application_name={name}",
                **settings,
            )
            follower.start()
            yield follower

    def confirm_by(self, *standbys: str) -> None:
        """Let no commit be told before one of these has it; by nobody, none waits."""
        names = f"ANY 1 ({', '.join(standbys)})" if standbys else ""
        self.reconfigure(synchronous_standby_names=names)

    def promote(self) -> None:
        """Make a standby the primary."""
        run("pg_ctl", "promote", "-w", "-t", "120", "-D", self.data)


@contextmanager
def server(*, power_cuts: bool = False, **settings: str) -> Iterator[Server]:
    """Have a server of one's own, running; with `power_cuts` it syncs as it does for people."""
    with kept_folder() as folder:
        yield _begun(Server(folder), power_cuts=power_cuts, **settings)


def shared() -> Server:
    """Return the server that all tests of a run share, made by whoever comes first."""
    folder = Path(os.environ[SHARED])
    made = Server(folder)
    with alone(folder / "lock"):
        if not (folder / "ready").exists():
            _begun(made)
            (folder / "ready").touch()
    return made


def _begun(made: Server, *, power_cuts: bool = False, **settings: str) -> Server:
    usual = ["-U", "postgres", "-A", "trust", "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C"]
    run("initdb", *usual, "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "-D", made.data)
    where = {"port": str(_free_port()), "unix_socket_directories": str(made.folder)}
    made.configure(**FIXED, **({} if power_cuts else NO_POWER_CUTS), **where, **settings)
    made.start()
    made.sql(f"CREATE ROLE {BOT} LOGIN PASSWORD '{PASSWORD}'")
    return made


def _free_port() -> int:
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:  # somebody has it
                continue
            return port
