"""The shared store: PostgreSQL through asyncpg, under any number of processes."""

from bot.storage.postgres.opening import PostgresStore, is_there, look_into, open_store, place

__all__ = ["PostgresStore", "is_there", "look_into", "open_store", "place"]
