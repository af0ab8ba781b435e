"""What somebody has who takes PostgreSQL's files: the pages of a database, its log, a base backup, a standby."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.postgres.servers import Server

PAGE = 8192
_HEADER, _LONG_HEADER = 24, 40  #: of a page of the log; the first one of a file says more
_LOG_FILE = re.compile("[0-9A-F]{24}")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What was there before anybody came: nobody needs to look for them in it."""

    pages: frozenset[bytes]
    log: tuple[str, int]  #: up to where in which file of the log


def known(server: Server) -> Known:
    """Note what is there."""
    server.sql("CHECKPOINT")
    file, _, offset = server.sql("SELECT * FROM pg_walfile_name_offset(pg_current_wal_lsn())").partition("|")
    pages = frozenset(page for contents in _contents(server.data) for page in _cut(contents))
    return Known(pages=pages, log=(file, int(offset)))


def everything(data: Path, before: Known) -> bytes:
    """Give all that is new in a data folder, but for its log."""
    return b"\xff\xff".join(new_pages(_contents(data), before))


def new_pages(files: Iterable[bytes], before: Known) -> list[bytes]:
    """Give each page once that was not there before."""
    return [*dict.fromkeys(page for contents in files for page in _cut(contents) if page not in before.pages)]


def log(data: Path, before: Known) -> bytes:
    """Give what was written to the log of writes, without its pages' headers, so that nothing is cut."""
    first, offset = before.log
    found = []
    for path in sorted(path for path in data.rglob("*") if _LOG_FILE.fullmatch(path.name) and path.name >= first):
        for nth, page in enumerate(_cut(path.read_bytes())):
            if any(page) and (path.name > first or (nth + 1) * PAGE > offset):
                found.append(page[_HEADER if nth else _LONG_HEADER :])
    return b"".join(found)


def of_database(server: Server, name: str) -> dict[str, bytes]:
    """Give each file of a database, as of the last checkpoint."""
    number = server.sql(f"SELECT oid FROM pg_database WHERE datname = '{name}'")  # noqa: S608  a name of the tests'
    return {path.name: path.read_bytes() for path in (server.data / "base" / number).iterdir() if path.is_file()}


def path_of(server: Server, database: str, relation: str) -> Path:
    """Say where a table or an index lies."""
    return server.data / server.sql(f"SELECT pg_relation_filepath('{relation}')", database)


def layout(contents: bytes, transactions: range) -> bytes:
    """Give a relation's pages without what is numbered anew each time: places in the log, these transactions.

    Of transactions it is left which rows have the same one, and which came first, in what is over as well.
    """
    words = len(contents) // 4
    of_pages = list(struct.unpack(f"<{words}I", contents))
    for page in range(0, words, PAGE // 4):
        of_pages[page : page + 2] = 0, 0  # its place in the log
        of_pages[page + 2] &= ~0xFFFF  # its checksum
        of_pages[page + 5] = 0  # the oldest transaction that may be pruned
    # only now: a checksum may look like one of them
    ranks = {xid: nth for nth, xid in enumerate(sorted({word for word in of_pages if word in transactions}))}
    return struct.pack(f"<{words}I", *(ranks.get(word, word) for word in of_pages))


def _contents(data: Path) -> Iterator[bytes]:
    for path in sorted(data.rglob("*")):
        if path.is_file() and not _LOG_FILE.fullmatch(path.name):
            yield path.read_bytes()


def _cut(contents: bytes) -> Iterator[bytes]:
    for start in range(0, len(contents), PAGE):
        yield contents[start : start + PAGE]
