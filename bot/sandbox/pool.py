"""Starts children, hands them work, and ends them."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass
from enum import StrEnum
from tempfile import TemporaryDirectory

from bot.domain.errors import SandboxFull, WorkFailed
from bot.process.logs import Act
from bot.sandbox import codec
from bot.sandbox.confinement import InForce
from bot.sandbox.worker import DONE, SIZE, STEP

log = logging.getLogger(__name__)

STARTS_WITHIN_S = 120.0
"""How long imports may take, on a machine that is busy."""

IDLE_S = 60.0
"""After so long without work a child is ended: it holds memory."""

MOST_WAITING = 50
"""Orders for one kind of worker that wait or are worked on; whoever comes then is told to come later."""

LARGEST_HELLO = 1000

ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}
"""All there is: numpy would start a thread for each core, and these could not be confined."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerKind:
    """A kind of child."""

    module: str  #: that is executed
    most: int  #: bytes of an answer
    orders: int = 1  #: after so many it is ended: one that was taken over sees no more of other people's


class Why(StrEnum):
    """Why something was not done."""

    NOT_STARTED = "it could not be started"
    DIED = "it died"
    LATE = "it took too long"
    FAILED = "it could not"
    NONSENSE = "its answer made no sense"


class SandboxPool:
    """The children of one process: of each kind one at a time, which does one thing at a time."""

    def __init__(self, *, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._turns: defaultdict[WorkerKind, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: Counter[WorkerKind] = Counter()
        self._children: dict[WorkerKind, _Child] = {}

    async def do(
        self, kind_of_worker: WorkerKind, order: bytes, *, within_s: float, steps: Iterable[Callable[[], None]] = ()
    ) -> bytes:
        """Have an order carried out. Raises WorkFailed, WorkshopFull; whatever comes next is not touched by it.

        The child may say as many times as there are `steps` that it has got further; each time the next is called.
        """
        async with self._turn(kind_of_worker) as child:
            return await child.answer(order, within_s, steps)

    async def in_force(self, kind_of_worker: WorkerKind) -> InForce:
        """Ask a child what it is kept from. Raises WorkFailed, WorkshopFull."""
        async with self._turn(kind_of_worker) as child:
            return child.in_force

    async def aclose(self) -> None:
        """End them all, whatever they are doing."""
        for child in list(self._children.values()):
            await child.end()

    @asynccontextmanager
    async def _turn(self, kind_of_worker: WorkerKind) -> AsyncIterator[_Child]:
        """Wait for our turn; yield the child that is there, or a new one."""
        if self._waiting[kind_of_worker] >= MOST_WAITING:
            raise SandboxFull
        self._waiting[kind_of_worker] += 1
        try:
            async with self._turns[kind_of_worker]:
                child = self._children.get(kind_of_worker)
                if child is None or await child.has_ended():
                    child = self._children[kind_of_worker] = _Child(kind_of_worker)
                try:
                    await child.begin()
                    yield child
                except _Trouble as trouble:
                    await child.end()
                    log.error(Act.CHILD_FAILED, trouble.why)  # noqa: TRY400  nothing else of it may be told
                    raise WorkFailed from None
                except BaseException:  # cut off: its answer would be taken for the next one's
                    await child.end()
                    raise
                await child.rest(self._idle_s)
        finally:
            self._waiting[kind_of_worker] -= 1


class _Trouble(Exception):  # noqa: N818  never leaves this file
    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class _Child:
    """One process, and the line to it."""

    def __init__(self, kind_of_worker: WorkerKind) -> None:
        self.in_force = InForce(files=False, calls=False)
        self.ended = False
        self._kind = kind_of_worker
        self._orders = 0  # that it was given
        self._process: subprocess.Popen[bytes] | None = None
        self._idle: asyncio.Task[None] | None = None
        self._heard: asyncio.StreamReader
        self._said: asyncio.StreamWriter
        self._hang_up: Callable[[], None] = lambda: None

    async def begin(self) -> None:
        """Start it, unless it runs."""
        if self._idle is not None:
            self._idle.cancel()
        if self._process is not None:
            return
        try:
            with TemporaryDirectory(prefix="allout-", ignore_cleanup_errors=True) as folder:  # is empty
                await self._execute(folder)
                async with _within(STARTS_WITHIN_S):
                    self.in_force = codec.read(InForce, await self._message(LARGEST_HELLO))
        except codec.Misshapen:
            raise _Trouble(Why.NONSENSE) from None
        except OSError:
            raise _Trouble(Why.NOT_STARTED) from None

    async def _execute(self, folder: str) -> None:
        """Execute it, which is no fork: it has nothing of ours but its end of the line."""
        ours, its = socket.socketpair()
        self._hang_up = ours.close
        with its:
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603  our own program; it is there in milliseconds
                [sys.executable, "-E", "-P", "-X", "utf8", *_compiled(), "-m", "bot.sandbox", self._kind.module],
                cwd=folder,
                env=ENVIRONMENT,
                stdin=its.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for the bot; in a session of its own Linux would weigh it as its equal
            )
        self._heard, self._said = await asyncio.open_connection(sock=ours)
        self._hang_up = self._said.close

    async def has_ended(self) -> bool:
        """Say whether it was ended, or has died while nobody looked."""
        if not self.ended and self._process is not None and self._process.poll() is not None:
            await self.end()
        return self.ended

    async def answer(self, order: bytes, within_s: float, steps: Iterable[Callable[[], None]]) -> bytes:
        """Hand it an order; return what it says at last."""
        self._orders += 1
        self._said.write(len(order).to_bytes(SIZE) + order)
        left = iter(steps)
        async with _within(within_s):
            while (said := await self._message(len(DONE) + self._kind.most)) == STEP:
                if (done := next(left, None)) is None:
                    raise _Trouble(Why.NONSENSE)
                done()
        if not said.startswith(DONE):
            raise _Trouble(Why.FAILED)
        return said.removeprefix(DONE)

    async def rest(self, seconds: float) -> None:
        """Let it be ended once it has had nothing to do for so long; at once, if it has done all it may."""
        if self._orders >= self._kind.orders:
            await self.end()
        else:
            # in a context of its own: it outlives the answer for which this was done, and is no part of it
            self._idle = Context().run(asyncio.create_task, self._end_after(seconds))

    async def end(self) -> None:
        """End it, whatever it is doing."""
        if self._idle is not None:
            self._idle.cancel()
        await self._end()

    async def _end_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._end()

    async def _end(self) -> None:
        self.ended = True
        self._hang_up()
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)  # it has memory to give back

    async def _message(self, most: int) -> bytes:
        try:
            size = int.from_bytes(await self._heard.readexactly(SIZE))
            if size > most:
                raise _Trouble(Why.NONSENSE)
            return await self._heard.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _Trouble(Why.DIED) from None


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise _Trouble(Why.LATE) from None


def _compiled() -> list[str]:
    """Say where compiled files are kept, as this process was told; the child hears of it in no other way."""
    prefix = ["-X", f"pycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    return [*prefix, *(["-B"] if sys.dont_write_bytecode else [])]
