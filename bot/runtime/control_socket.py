"""allout.sock: the running bot carries out the server's own commands, since it alone owns the store."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from bot.process import logs
from bot.process.logs import Event

log = logging.getLogger(__name__)

Request = dict[str, Any]
Answer = dict[str, Any]

LARGEST = 64 * 1024 * 1024
"""Bytes of a request or an answer: the hashes of several hundred thousand cards."""


LOOK_EVERY_S = 1.0
"""How soon another process notices that nobody listens any more."""

PATIENCE_S = 10.0
"""How long a caller may take to say what it wants."""


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """Yield a name for the socket that is short enough: the system allows about a hundred bytes."""
    if len(os.fsencode(path)) < 100:  # noqa: PLR2004
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


@asynccontextmanager
async def serve(path: Path, execute: Callable[[Request], Awaitable[Answer]]) -> AsyncIterator[None]:
    """Carry out each request that arrives while the block lasts.

    Of several processes with one folder one listens; when it has ended, another does.
    """
    callers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                request = json.loads(await reader.readuntil(b"\n"))
            writer.write(json.dumps(await execute(request)).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ValueError):
            return  # nothing that could be answered
        except Exception as error:  # noqa: BLE001  whoever sends nonsense learns it, and the log holds none of it
            log.error(Event.REQUEST_FAILED, logs.trouble(error))  # noqa: TRY400  its message may hold anything
        finally:
            writer.close()

    def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(handle(reader, writer))
        callers.add(task)
        task.add_done_callback(callers.discard)

    server = await _listen(path, called)

    async def take_over() -> None:
        nonlocal server
        while server is None:
            await asyncio.sleep(LOOK_EVERY_S)
            server = await _listen(path, called)

    waiting = asyncio.create_task(take_over())
    try:
        yield
    finally:
        waiting.cancel()
        await asyncio.wait([waiting])
        if server is not None:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()  # while we listen: afterwards it may be another process's
            server.close()
        for task in callers:  # a caller who says nothing must not keep the bot from stopping
            task.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        if server is not None:
            await server.wait_closed()


async def _listen(
    path: Path, called: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]
) -> asyncio.Server | None:
    """Listen there; None where another process does."""
    with _address(path) as address:
        try:
            _reader, writer = await asyncio.open_unix_connection(address)
        except (FileNotFoundError, ConnectionRefusedError):
            pass
        else:
            writer.close()
            return None
        with contextlib.suppress(FileNotFoundError):
            path.unlink()  # left by a process that was killed
        listener = socket.socket(socket.AF_UNIX)
        mask = os.umask(0o177)
        try:
            listener.bind(address)
        finally:
            os.umask(mask)
    return await asyncio.start_unix_server(called, sock=listener, limit=LARGEST)


async def ask(path: Path, request: Request) -> Answer | None:
    """Let the running bot carry the request out; None if none is running."""
    try:
        with _address(path) as address:
            reader, writer = await asyncio.open_unix_connection(address, limit=LARGEST)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        return None
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        await writer.drain()
        answer: Answer = json.loads(await reader.readuntil(b"\n"))
    finally:
        writer.close()
    return answer
