"""Keeps every platform running that has a token: what fails is tried again, and stops no other.

Trouble is said once in the log and, if it lasts, once to the organizers on the platforms that work.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Any

from bot.delivery.outbox import Sender
from bot.domain.errors import KeyFileRefused, LeaseLost, NotRecorded
from bot.domain.model import Kind
from bot.domain.ways import platform_of
from bot.guards.leadership import Leadership
from bot.process import logs
from bot.process.logs import Event, Word
from bot.runtime.app import App
from bot.runtime.settings import Settings
from bot.storage.fencing import fenced
from bot.usecases.ways import tell_of_way

log = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
OPEN_S = 5.0
"""How often it is noted that a platform's way in is open."""

KEYS_WITHIN_S = 3.0
"""A folder on a network may never answer."""

TELL_AFTER_S = 10.0
"""A platform that is back sooner was not worth a message to the organizers."""


class WrongToken(Exception):  # noqa: N818  an answer of the platform
    """The platform does not know this bot."""


class Why(StrEnum):
    """Why a platform cannot be reached, where no error says so."""

    TOKEN = "its token is not accepted"  # noqa: S105
    GATEWAY = "the gateway is closed"
    STARTS = "it lets no more sessions begin today"
    PORT = "another program has the port of its webhook"


Told = Why | Word | int
"""What the log says of it: that, an error's name, or the platform's own number."""


class Unreachable(Exception):  # noqa: N818  an answer of the platform, or none
    """The platform does not answer, or not as it should."""

    def __init__(self, why: Told) -> None:
        super().__init__(why)
        self.why = why


class AllRefused(Exception):  # noqa: N818
    """No platform that has a token accepts it."""


class Link:
    """How it stands with one way. Whoever runs it says so at every failure and at every success."""

    def __init__(self, way: str, app: App) -> None:
        self.way = way
        self.platform = platform_of(way)  #: as the log calls it: a process has one bot there
        self.refused = False  #: the token is not accepted
        self.wait_s = FIRST_WAIT_S  #: before it is tried again
        self._app = app
        logs.know(self.platform)
        self._outage: asyncio.Task[None] | None = None
        self._mended = asyncio.Event()
        self._tell_now = asyncio.Event()

    def works(self) -> None:
        """Note that the platform answers."""
        self._app.answering.add(self.way)
        if not self._mended.is_set() and self._outage is not None:
            log.warning(Event.BACK, self.platform)
            self._mended.set()
            self._tell_now.set()
        self.refused = False
        self.wait_s = FIRST_WAIT_S

    def fails(self, why: Told) -> None:
        """Note that the platform does not answer; `why` goes into the log."""
        self._app.answering.discard(self.way)
        self._app.holds.lost(self.way)
        if self._outage is None or self._mended.is_set():
            log.error(Event.DOWN, self.platform, why)
            self._mended, self._tell_now = asyncio.Event(), asyncio.Event()
            with fenced(None):  # it is told to its end, whoever has the way by then: the next outage waits for that
                self._outage = asyncio.create_task(self._tell_of_outage(self._outage, self._mended, self._tell_now))

    def refuses(self) -> None:
        """Note that the platform does not accept the token."""
        self.fails(Why.TOKEN)
        self.refused = True
        self._tell_now.set()

    async def aclose(self) -> None:
        """Stop telling."""
        if self._outage is not None:
            self._outage.cancel()
            await asyncio.wait([self._outage])

    async def _tell_of_outage(
        self, before: asyncio.Task[None] | None, mended: asyncio.Event, tell_now: asyncio.Event
    ) -> None:
        if before is not None:
            await before  # first things first
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(tell_now.wait(), TELL_AFTER_S)
        if mended.is_set():
            return
        await self._tell(Kind.PLATFORM_DOWN)
        await mended.wait()
        await self._tell(Kind.PLATFORM_BACK)

    async def _tell(self, kind: Kind) -> None:
        why = "token" if self.refused else "network"
        while True:
            try:
                await tell_of_way(self.way, kind, why, self._app.store, self._app.clock)
            except NotRecorded:
                await asyncio.sleep(FIRST_WAIT_S)
            else:
                return


Opened = AbstractAsyncContextManager[tuple[Sender, Callable[[], Awaitable[None]]]]
Opener = Callable[[App, Settings, Link], Opened]
"""Connects to a platform. Yields its way out, and what to run for its way in. Both raise WrongToken or Unreachable.

Only once its way in is open may it say that it works: a platform that lets us in and out again is in trouble.
"""


async def stay_open(app: App, way: str, is_open: Callable[[], bool] = lambda: True) -> None:
    """Note until cancelled that what people do reaches us: a platform that delivers never says that it has nothing."""
    while True:
        if is_open():
            app.holds.answered(way, handed=False)
        await asyncio.sleep(OPEN_S)


async def keep_running(
    app: App, settings: Settings, openers: Mapping[str, Opener], started: Callable[[str], Awaitable[None]]
) -> None:
    """Run every way until cancelled. Raises AllRefused; calls `started` for each, once it runs."""
    links = {way: Link(way, app) for way in openers}
    keeping = [
        asyncio.create_task(_keep(app, settings, opener, links[way], links, started)) for way, opener in openers.items()
    ]
    try:
        await asyncio.gather(*keeping)
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.wait(keeping)
        for link in links.values():
            await link.aclose()


async def _while_ours(leadership: Leadership, serve: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Serve a platform until that ends. Raises LeaseLost as soon as another process may do it, and serves no more."""
    serving = asyncio.create_task(serve())
    losing = asyncio.create_task(leadership.wait_until_lost())
    try:
        await asyncio.wait({serving, losing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        serving.cancel()
        losing.cancel()
        await asyncio.wait({serving, losing})
    if serving.cancelled():
        raise LeaseLost(leadership.name)
    serving.result()


async def _catch_up(app: App) -> None:
    """Know all keys that the process knew from which a way is taken over.

    Where the file cannot be read, people are served with those that are known, as by every process that runs already.
    """
    try:
        async with asyncio.timeout(KEYS_WITHIN_S):
            await asyncio.to_thread(app.keys.catch_up)
    except (KeyFileRefused, OSError) as error:
        log.error(Event.JOB_FAILED, "follow the key file", logs.trouble(error))  # noqa: TRY400


async def _keep(
    app: App,
    settings: Settings,
    opener: Opener,
    link: Link,
    links: Mapping[str, Link],
    started: Callable[[str], Awaitable[None]],
) -> None:
    outbox, leadership = app.outboxes[link.way], app.ways[link.way]
    said = False

    async def serve() -> None:
        nonlocal said
        # under the lease all the same is written what people do: once another process is handed it, this try is refused
        with leadership.fenced():
            await _catch_up(app)
            async with opener(app, settings, link) as (sender, take):
                await app.welcome(link.way)
                outbox.sender = sender
                if not said:
                    await started(link.way)
                    said = True
                try:
                    await take()
                finally:
                    await outbox.disconnect()

    while True:
        await leadership.wait_until_leading()  # another process may serve it; nobody need know that we stand by
        try:
            await _while_ours(leadership, serve)
        except LeaseLost:
            app.holds.lost(link.way)
            link.works()  # there, for all that we know
            continue
        except WrongToken:
            if all(each.refused for each in links.values() if each is not link):
                raise AllRefused from None
            link.refuses()
        except Unreachable as error:
            link.fails(error.why)
        except NotRecorded as error:  # the store did not answer while it was opened
            link.fails(logs.kind(error))
        await asyncio.sleep(link.wait_s)
        link.wait_s = min(2 * link.wait_s, LONGEST_WAIT_S)
