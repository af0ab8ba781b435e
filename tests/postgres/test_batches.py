"""Two batches of changes at once in one process: each as if the other were another process's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from bot.domain.errors import CardSpent
from bot.domain.model import CardState
from bot.process.clock import MovableClock
from bot.storage.postgres import PostgresStore, open_store
from bot.storage.sql.writer import BATCH
from tests.conftest import WALKOUT, opened, shops
from tests.postgres.servers import Server
from tests.postgres.stores import IDENTITY, empty_store
from tests.processes import PATIENCE_S
from tests.storage.house import fresh, pledges, short, standing, together

PEOPLE = 2 * BATCH

_KEEP = """
    INSERT INTO recent_card (key, campaign, unit, stale, owner, version)
    SELECT key, campaign, unit, stale, owner, 1 FROM kept_card WHERE key = $1
"""


@pytest.fixture
def database(pg_server: Server) -> Iterator[str]:
    with empty_store(pg_server) as name:
        yield pg_server.url(name)


@pytest.fixture
async def store(database: str, clock: MovableClock) -> AsyncIterator[PostgresStore]:
    """Twice as many cards as go into a batch, all at one shop."""
    made = await open_store(database, clock=clock, identity=IDENTITY, process="a test")
    await made.add_walkout(opened(), shops(PEOPLE))
    await made.mint(WALKOUT, {shops(PEOPLE)[0].id: [fresh(n) for n in range(PEOPLE)]})
    yield made
    await made.aclose()


@pytest.fixture
async def hands(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def test_a_full_batch_goes_on_while_the_one_before_waits_and_what_reads_waits_for_both(
    store: PostgresStore, hands: asyncpg.Connection
) -> None:
    held = hands.transaction()
    await held.start()
    await hands.execute(_KEEP, fresh(0).card)  # whoever wants to write this card waits
    answers = [asyncio.ensure_future(store.apply(pledges(n, f"person {n}"))) for n in range(PEOPLE)]
    stands = asyncio.ensure_future(store.stands(fresh(0).pledge))
    done, late = await asyncio.wait(answers[BATCH:], timeout=PATIENCE_S)
    assert not late
    assert {answer.result().mine for answer in done} == {CardState.PLEDGED}
    assert not any(answer.done() for answer in [*answers[:BATCH], stands])
    await held.rollback()
    assert {(await answer).mine for answer in answers[:BATCH]} == {CardState.PLEDGED}
    assert await stands
    assert await standing(store) == [PEOPLE]


async def test_of_two_people_with_one_card_in_two_batches_one_has_it(store: PostgresStore) -> None:
    first = [pledges(n, f"person {n}") for n in range(BATCH)]
    answers = [
        short(answer)[0] for answer in await together(store, [*first, *(pledges(n, "ana") for n in range(BATCH))])
    ]
    for mine, others in zip(answers[:BATCH], answers[BATCH:], strict=True):
        assert {mine, others} == {CardState.PLEDGED, CardSpent}
    assert await standing(store) == [BATCH]
