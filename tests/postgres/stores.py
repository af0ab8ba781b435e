"""Empty stores in databases that are used again and again: to make one costs as much as twenty tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bot.process.clock import MovableClock
from bot.storage import postgres
from tests.conftest import NOON
from tests.postgres.servers import Server

IDENTITY = "the house"

_free: dict[int, list[str]] = {}  #: by the server's port

_EMPTY = f"""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT oid::regprocedure FROM pg_proc WHERE proname LIKE 'refuse%' LOOP
            EXECUTE 'DROP FUNCTION ' || name || ' CASCADE';
        END LOOP;
        SET LOCAL session_replication_role = 'replica';
        FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
            IF name <> 'migration' THEN EXECUTE 'DELETE FROM ' || name; END IF;
        END LOOP;
        INSERT INTO store (id) VALUES ('{IDENTITY}');
    END $$
"""  # noqa: S608


def migrated(url: str) -> None:
    """Bring an empty database to this version's schema."""

    async def migrate() -> None:
        store = await postgres.open_store(url, clock=MovableClock(NOON), identity=IDENTITY, process="the first")
        await store.aclose()

    asyncio.run(migrate())


@contextmanager
def empty_store(server: Server) -> Iterator[str]:
    """Yield the name of a database with an empty store in it."""
    free = _free.setdefault(server.port, [])
    name = free.pop() if free else server.create_database(server.template("migrated", migrated))
    try:
        yield name
    finally:
        server.sql(_EMPTY, name)
        free.append(name)
