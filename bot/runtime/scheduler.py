"""Runs jobs on time; knows nothing of what they do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import Held, LeaseLost
from bot.process import logs
from bot.process.clock import Clock
from bot.process.logs import Event

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Something that falls due. `run` does all that is due by now; afterwards `due` is later, or None."""

    name: str
    due: Callable[[], Awaitable[datetime | None]]
    run: Callable[[], Awaitable[None]]


class Scheduler:
    """Runs what is due, the earliest first; at the same instant in the order of the list."""

    def __init__(self, jobs: Sequence[Job], clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock
        self._turn = asyncio.Lock()
        logs.know(*(job.name for job in jobs))

    async def next_due(self) -> datetime | None:
        """Return the earliest instant at which anything is due."""
        found = await self._earliest(self._jobs)
        return found[0] if found else None

    async def run_due(self) -> None:
        """Run everything that is due by now, and what falls due through that.

        A job that fails is left for the next call, and the others go on.
        """
        async with self._turn:
            jobs = list(self._jobs)
            while found := await self._earliest(jobs):
                due, job = found
                if due > self._clock():
                    return
                try:
                    await job.run()
                except (Held, LeaseLost):
                    jobs.remove(job)
                except Exception as error:  # noqa: BLE001  one job's trouble must not stop the others
                    log.error(Event.JOB_FAILED, job.name, logs.trouble(error))  # noqa: TRY400
                    jobs.remove(job)

    async def run_forever(self, every_s: float) -> None:
        """Look every so many seconds: another process, or a set clock, may change what is due.

        Each job has a loop of its own, so that a long delivery never makes a tally late.
        """
        await asyncio.gather(*(self._keep_running(job, every_s) for job in self._jobs))

    async def _keep_running(self, job: Job, every_s: float) -> None:
        said: str | None = None  # once, however often it fails for the same reason
        while True:
            try:
                due = await job.due()
                if due is not None and due <= self._clock():
                    await job.run()
                    said = None
            except (Held, LeaseLost):  # whatever holds it up says so itself, and whoever does it instead
                pass
            except Exception as error:  # noqa: BLE001  a store in trouble recovers, so does this loop
                why = logs.trouble(error)
                if why != said:
                    log.error(Event.JOB_FAILED, job.name, why)  # noqa: TRY400
                said = why
            await asyncio.sleep(every_s)

    async def _earliest(self, jobs: Sequence[Job]) -> tuple[datetime, Job] | None:
        found: tuple[datetime, Job] | None = None
        for job in jobs:
            due = await job.due()
            if due is not None and (found is None or due < found[0]):
                found = (due, job)
        return found
