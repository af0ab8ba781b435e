"""What somebody has who takes PostgreSQL's files: the pages of a database, its log, a base backup, a standby."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.postgres.servers import Server

PAGE = 8192
_HEADER, _LONG_HEADER = 24, 40  #: of a page of the log; the first one of a file says more
_LOG_FILE = re.compile("[0-9A-F]{24}")


def of_database(data: Path, server: Server, name: str) -> dict[str, bytes]:
    """Give each file of a database, as it lies in a data folder: what was committed, once a checkpoint was made."""
    number = server.sql(f"SELECT oid FROM pg_database WHERE datname = '{name}'")  # noqa: S608  a name of the tests'
    return {path.name: path.read_bytes() for path in (data / "base" / number).iterdir() if path.is_file()}


def everything(data: Path) -> dict[str, bytes]:
    """Give each file of a data folder that holds anything; of its log, one piece, in which nothing is cut by a page."""
    files = {str(path.relative_to(data)): path for path in sorted(data.rglob("*")) if path.is_file()}
    logs = [path for path in files.values() if _LOG_FILE.fullmatch(path.name)]
    found = {name: path.read_bytes() for name, path in files.items() if path not in logs and path.stat().st_size}
    return found | {"pg_wal": b"".join(part for path in logs for part in _records(path.read_bytes()))}


def _records(log: bytes) -> Iterator[bytes]:
    for start in range(0, len(log), PAGE):
        page = log[start : start + PAGE]
        if any(page):
            yield page[_HEADER if start else _LONG_HEADER :]


def pieces(files: Mapping[str, bytes], known: frozenset[bytes] = frozenset()) -> bytes:
    """Give all that is in these files once: pages that are in several, or `known`, say nothing new."""
    seen: dict[bytes, None] = {}
    for name, contents in files.items():
        if name == "pg_wal":
            seen[contents] = None
            continue
        for start in range(0, len(contents), PAGE):
            if (page := contents[start : start + PAGE]) not in known:
                seen[page] = None
    return b"\xff\xff".join(seen)


def pages(files: Mapping[str, bytes]) -> frozenset[bytes]:
    """Give the pages of these files."""
    return frozenset(
        contents[start : start + PAGE] for contents in files.values() for start in range(0, len(contents), PAGE)
    )


def path_of(server: Server, database: str, relation: str) -> Path:
    """Say where a table or an index lies."""
    return server.data / server.sql(f"SELECT pg_relation_filepath('{relation}')", database)


def layout(contents: bytes, transactions: range) -> bytes:
    """Give a relation's pages without what is numbered anew each time: places in the log, these transactions.

    Of transactions it is left which rows have the same one, and which came first, in what is over as well.
    """
    words = len(contents) // 4
    of_pages = list(struct.unpack(f"<{words}I", contents))
    ranks = {xid: nth for nth, xid in enumerate(sorted({word for word in of_pages if word in transactions}))}
    for page in range(0, words, PAGE // 4):
        of_pages[page : page + 2] = 0, 0  # its place in the log
        of_pages[page + 2] &= ~0xFFFF  # its checksum
        of_pages[page + 5] = 0  # the oldest transaction that may be pruned
    return struct.pack(f"<{words}I", *(ranks.get(word, word) for word in of_pages))
