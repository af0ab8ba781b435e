"""What whoever runs the bot may know at any time: `/healthz`, `/readyz` and Prometheus' `/metrics`, on loopback alone.

Nothing here may move with a pledge: whoever scrapes every second would read when somebody pledged. So what is said is
looked up every so many seconds, whether somebody asks or not, and a scrape gets the bytes that are ready.
Source: docs/decisions/0072-what-operators-are-told.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.domain.errors import Hold, NotRecorded
from bot.runtime.app import App
from bot.runtime.scheduler import Job

HOUSE = "house"
"""The lease of what happens once for the whole store; ready is also who has none of it."""

PATIENCE_S = 3.0
"""How long the database may take to answer."""

_OURS = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""By which names we are asked. A page in a browser on this machine can ask by others, and would read the answer."""

Leases = Callable[[], Mapping[str, bool]]
"""Says which leases this process wants, by name, and whether it holds them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """All that is ever told. What is added here must not move with a pledge, a message, or anybody's card."""

    database: bool = False  #: answers
    leases: Mapping[str, bool] = field(default_factory=dict)
    platforms: Mapping[str, bool] = field(default_factory=dict)  #: those that we serve, and whether each answers
    foreign: frozenset[str] = frozenset()  #: platforms whose token another bot has taken
    held: Hold | None = None
    stuck: Mapping[str, int] = field(default_factory=dict)  #: rooms' parcels that were tried again and again
    tallied: datetime | None = None  #: the instant for which the last tally stands

    def unready(self, platform: str = "") -> str:
        """Say why this process is not the one to send a platform's updates to; '' if it is."""
        ways = {name: held for name, held in self.leases.items() if _is_of(name, platform)}
        if not ways:
            return "no such platform here"
        if not self.database:
            return "the database does not answer"
        if not all(ways.values()):
            return "another process leads"
        if any(_is_of(name, platform) for name in self.foreign):
            return "another bot has the token"
        if not all(answers for name, answers in self.platforms.items() if _is_of(name, platform)):
            return "the platform does not answer"
        return ""


def _is_of(name: str, platform: str) -> bool:
    """Say whether a platform or a way is of this platform, or of any if none is named."""
    return name != HOUSE and platform in {"", name.partition(":")[0]}


class Operations(Collector):
    """Looks every so many seconds how things are, and keeps the pages ready that say so."""

    def __init__(self, app: App, leases: Leases) -> None:
        self._app = app
        self._leases = leases
        self._condition = Condition()
        self._registry = CollectorRegistry()  # our own: the usual one tells memory and CPU time
        self._registry.register(self)
        self._metrics = generate_latest(self._registry)

    def job(self) -> Job:
        """Return what is to be done at every look of a scheduler, whatever people do."""

        async def now() -> datetime:
            return self._app.clock()

        return Job(name="look how things are", due=now, run=self.look)

    async def look(self) -> None:
        """See how things are now."""
        app = self._app
        database, tallied = True, self._condition.tallied
        try:
            async with asyncio.timeout(PATIENCE_S):
                walkouts = await app.store.walkouts()
        except (NotRecorded, TimeoutError):
            database = False
        else:
            tallied = max((each.tallied for each in walkouts if each.tallied), default=None)
        self._condition = Condition(
            database=database,
            leases=(leases := dict(self._leases())),
            # whoever stands by does not talk to it
            platforms={way: way in app.answering for way in app.outboxes if leases.get(way)},
            foreign=frozenset(filter(app.fence.is_foreign, app.outboxes)),
            held=app.holds.standing,
            stuck={way: outbox.stuck for way, outbox in app.outboxes.items()},
            tallied=tallied,
        )
        self._metrics = generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Word the condition for Prometheus."""
        now = self._condition
        yield _gauge("allout_info", "Which AllOut this is.", {"version": {version("allout"): 1}})
        yield _gauge("allout_database_up", "Whether the database answers.", now.database)
        yield _gauge("allout_ready", "Whether this process leads all its bots.", not now.unready())
        yield _gauge("allout_lease_held", "Whether this process does that work.", {"lease": now.leases})
        yield _gauge("allout_platform_up", "Whether the platform answers.", {"platform": now.platforms})
        # a tally that waits for what platforms have kept is left out: it ends when people press no more
        held = {str(why): now.held is why for why in (Hold.FOREIGN, Hold.CLOCK)}
        yield _gauge("allout_held", "Whether nothing is decided, and why.", {"why": held})
        yield _gauge("allout_rooms_stuck", "Messages to rooms that cannot be sent.", {"platform": now.stuck})
        if now.tallied is not None:
            said = now.tallied.timestamp()
            yield _gauge("allout_last_tally_timestamp_seconds", "The instant of the last tally.", said)

    @asynccontextmanager
    async def serve(self, port: int) -> AsyncIterator[int]:
        """Answer on this port of loopback (0: any) while the block lasts; yields the port. Raises OSError."""
        server = web.Application(middlewares=[_only_loopback], client_max_size=1)
        server.on_response_prepare.append(_bare)
        for path, page in (("healthz", self._health), ("metrics", self._scraped), ("readyz", self._ready)):
            server.router.add_get(f"/{path}", page, allow_head=False)
        server.router.add_get("/readyz/{platform:[a-z]+}", self._ready, allow_head=False)
        runner = web.AppRunner(server, access_log=None, shutdown_timeout=0, keepalive_timeout=PATIENCE_S)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port)
            await site.start()
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")  # that it answers is the answer: the loop lives

    async def _ready(self, request: web.Request) -> web.Response:
        why = self._condition.unready(request.match_info.get("platform", ""))
        return web.Response(status=503 if why else 200, text=f"{why or 'ready'}\n")

    async def _scraped(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._metrics, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_PLAIN_0_0_4})


def _gauge(name: str, said: str, value: float | Mapping[str, Mapping[str, float]]) -> Metric:
    """Make a gauge: of one value, or of one for each value of a label."""
    if not isinstance(value, Mapping):
        return GaugeMetricFamily(name, said, value=value)
    ((label, values),) = value.items()
    gauge = GaugeMetricFamily(name, said, labels=[label])
    for each in sorted(values):
        gauge.add_metric([each], values[each])
    return gauge


@web.middleware
async def _only_loopback(request: web.Request, handler: Handler) -> web.StreamResponse:
    named = request.headers.get(hdrs.HOST, "")
    host = named[: named.index("]") + 1] if named.startswith("[") and "]" in named else named.partition(":")[0]
    if host.lower() not in _OURS:
        return web.Response(status=403, text="ask by 127.0.0.1 or localhost\n")
    try:
        return await handler(request)
    except web.HTTPException as refused:  # no such page, or not read but written to
        return web.Response(status=refused.status, text="no\n")


async def _bare(_request: web.Request, response: web.StreamResponse) -> None:
    """Leave out what nobody needs: a scrape is the same bytes, to the last one."""
    for header in (hdrs.DATE, hdrs.SERVER):
        response.headers.pop(header, None)
