"""The network between a server and whoever talks to it: it can fall silent either way, and be cut."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter, Task
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any


class Network:
    """A way to a server, on a port of its own.

    Silence is what lost packets are like: neither end hears of it, not even that the other has closed. What was said
    meanwhile arrives when the silence ends.
    """

    def __init__(self, to: int) -> None:
        self.port = 0
        self._to = to
        self._up = asyncio.Event()  # while it is set, bytes travel towards the server
        self._down = asyncio.Event()
        self._refusing = False
        self._carried: dict[Task[Any], set[StreamWriter]] = {}

    def silence(self, *, up: bool = True, down: bool = True) -> None:
        """Let nothing through towards the server, and nothing back."""
        for silent, flowing in ((up, self._up), (down, self._down)):
            if silent:
                flowing.clear()

    def cut(self) -> None:
        """Break every connection, seen by both ends, and refuse new ones."""
        self._refusing = True
        for ends in self._carried.values():
            for end in ends:
                end.transport.abort()

    def heal(self) -> None:
        """Let everything through again."""
        self._refusing = False
        self._up.set()
        self._down.set()

    def lead_to(self, port: int) -> None:
        """Lead those who come from now on to another server."""
        self._to = port

    async def carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry one connection to its end."""
        task = asyncio.current_task()
        assert task is not None
        ends = {writer}
        self._carried[task] = ends
        try:
            if not self._refusing:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
                ends.add(far_writer)
                await asyncio.gather(
                    _pump(reader, far_writer, self._up),
                    _pump(far_reader, writer, self._down),
                )
        except ConnectionError:  # nobody listens there, which is seen here as well
            pass
        finally:
            del self._carried[task]
            for end in ends:
                end.transport.abort()

    async def close(self) -> None:
        """Break everything, for good."""
        self.cut()
        self._up.set()
        self._down.set()
        await asyncio.gather(*self._carried)


async def _pump(reader: StreamReader, writer: StreamWriter, flowing: asyncio.Event) -> None:
    with suppress(ConnectionError):  # either end may go whenever it likes
        while True:
            said = await reader.read(65_536)
            await flowing.wait()
            if not said:
                break
            writer.write(said)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def network(to: int) -> AsyncIterator[Network]:
    """Have a way to what listens on this port of 127.0.0.1."""
    made = Network(to)
    made.heal()
    listening = await asyncio.start_server(made.carry, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listening.close()
        await made.close()
        await listening.wait_closed()
