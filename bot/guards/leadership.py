"""Keeps a lease: takes it when it is free, renews it, and knows by a clock that nobody sets when it must stop.

Source: docs/decisions/0069-once-among-many-processes.md.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from bot.domain.errors import LeaseLost, NotRecorded
from bot.domain.leases import PROCESS, RENEWED_AFTER_S, TRIED_AGAIN_AFTER_S, Lease, Said, is_over, may_begin
from bot.process import logs
from bot.process.clock import steady_clock
from bot.process.logs import Event
from bot.storage.fencing import fenced
from bot.storage.store import Leases

log = logging.getLogger(__name__)


class Leadership:
    """One process's share in one lease. Whatever happens once asks here first, and writes within `fenced`."""

    def __init__(self, store: Leases, name: str, holder: str, *, steady: Callable[[], float] = steady_clock) -> None:
        self._store = store
        self.name = name
        self._holder = holder
        self.says: Callable[[], Said] = Said  #: what other processes are to know of it
        self._steady = steady
        self._lease: Lease | None = None
        self._failed = False  #: the store did not answer; said once
        self._begun_s = -math.inf  #: when the renewal was asked for that was granted last
        self._changed = asyncio.Event()  #: whether there is a lease
        logs.know(name, "leases")

    @property
    def lease(self) -> Lease | None:
        """Return it, as long as nobody else can have it by this process's own clock."""
        return None if self._lease is None or is_over(self._lease, self._age_s()) else self._lease

    @property
    def leads(self) -> bool:
        """Say whether something may be begun now that nobody else may do meanwhile."""
        return self._lease is not None and may_begin(self._lease, self._age_s())

    def check(self) -> Lease:
        """Return the lease right before something is begun that happens once. Raises LeaseLost."""
        if self._lease is None or not self.leads:
            raise LeaseLost(self.name)
        return self._lease

    @contextmanager
    def fenced(self) -> Iterator[Lease]:
        """Let the store refuse what is written within if another process has the lease by then. Raises LeaseLost."""
        lease = self.check()
        with fenced(lease):
            yield lease

    async def wait_until_leading(self) -> None:
        """Stand by until it is ours."""
        while not self.leads:
            self._changed.clear()
            await self._changed.wait()

    async def wait_until_lost(self) -> None:
        """Wait until it is not ours any more, or not without a gap; that needs no answer from the store."""
        lease = self._lease
        while lease is not None and self.lease is lease:
            self._changed.clear()
            left_s = lease.lasts_s - self._age_s()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), None if math.isinf(left_s) else left_s)

    async def keep(self) -> None:
        """Take it, renew it, take it again, until cancelled."""
        while True:
            try:
                wait_s = await self.step()
            except Exception as error:  # noqa: BLE001  it must be tried again, or nobody does what this one did
                log.error(Event.JOB_FAILED, "leases", logs.trouble(error))  # noqa: TRY400
                wait_s = TRIED_AGAIN_AFTER_S
            await asyncio.sleep(wait_s)

    async def step(self) -> float:
        """Take or renew it once; return after how many seconds to come again."""
        began = self._steady()
        if self._lease is not None and self.lease is None:
            self._lose()
        try:
            if self._lease is None:
                granted = await self._take()
            elif not (granted := await self._store.renew_lease(self._lease, self.says())):
                self._lose()
        except NotRecorded as error:  # nobody knows whether it was; our own count goes on
            if not self._failed:
                log.warning(Event.JOB_FAILED, "leases", logs.kind(error))
            self._failed, granted = True, False
        else:
            self._failed = False
        if not granted:
            return TRIED_AGAIN_AFTER_S
        self._begun_s = began
        self._changed.set()
        return RENEWED_AFTER_S

    async def give_up(self) -> None:
        """Let another process have it at once. Nothing of ours may be under way."""
        if (lease := self._lease) is not None:
            self._lose()
            with suppress(NotRecorded):  # then it ends by itself
                await self._store.give_up_lease(lease)

    async def _take(self) -> bool:
        self._lease = await self._store.take_lease(self.name, self._holder)
        self._say(Event.LEADS)
        return self._lease is not None

    def _lose(self) -> None:
        self._say(Event.LEADS_NO_MORE)
        self._lease = None
        self._begun_s = -math.inf
        self._changed.set()

    def _say(self, event: Event) -> None:
        # a process's own says nothing but that it runs
        if self._lease is not None and self._lease.shared and not self.name.startswith(PROCESS):
            log.info(event, self.name)

    def _age_s(self) -> float:
        return self._steady() - self._begun_s


@asynccontextmanager
async def kept(*leaderships: Leadership) -> AsyncIterator[None]:
    """Try to take each, and keep at it until the block ends; then nothing of ours is under way any more."""
    for each in leaderships:
        await each.step()
    keeping = [asyncio.create_task(each.keep()) for each in leaderships]
    try:
        yield
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.wait(keeping)
        for each in leaderships:
            await each.give_up()
