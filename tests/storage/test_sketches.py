"""What an organizer puts together, in the store: one each, in the order of its changes, for a time."""

from __future__ import annotations

from datetime import timedelta

from bot.storage.store import Sketched, Store
from tests.conftest import NOON
from tests.storage.test_people import ANA, OLGA, OMAR

WEEK = timedelta(days=7)


def sketched(number: int) -> Sketched:
    return Sketched(number=number, content=f"{number}".encode(), list=b"")


async def test_changes_come_one_after_another(store: Store) -> None:
    await store.add_organizer(OLGA)
    assert await store.sketch(OLGA.id) is None
    assert not await store.keep_sketch(OLGA.id, sketched(2), until=NOON + WEEK)
    assert await store.keep_sketch(OLGA.id, sketched(1), until=NOON + WEEK)
    assert not await store.keep_sketch(OLGA.id, sketched(1), until=NOON + WEEK)
    assert await store.keep_sketch(OLGA.id, sketched(2), until=NOON + WEEK)
    assert await store.sketch(OLGA.id) == sketched(2)
    await store.drop_sketch(OLGA.id)
    assert await store.sketch(OLGA.id) is None
    assert await store.keep_sketch(OLGA.id, sketched(1), until=NOON + WEEK)


async def test_only_organizers_have_one_and_it_goes_with_their_role(store: Store) -> None:
    for each in (OLGA, OMAR):
        await store.add_organizer(each)
        assert await store.keep_sketch(each.id, sketched(1), until=NOON + WEEK)
    assert not await store.keep_sketch(ANA.id, sketched(1), until=NOON + WEEK)
    assert await store.remove_organizer(OMAR.id)
    assert await store.sketch(OMAR.id) is None
    assert await store.sketch(OLGA.id) == sketched(1)


async def test_each_is_forgotten_in_its_time(store: Store) -> None:
    assert await store.oldest_sketch() is None
    for each, until in ((OLGA, NOON + WEEK), (OMAR, NOON + 2 * WEEK)):
        await store.add_organizer(each)
        assert await store.keep_sketch(each.id, sketched(1), until=until)
    assert await store.oldest_sketch() == NOON + WEEK
    await store.drop_old_sketches(now=NOON + WEEK - timedelta(seconds=1))
    assert await store.sketch(OLGA.id) == sketched(1)
    await store.drop_old_sketches(now=NOON + WEEK)
    assert await store.sketch(OLGA.id) is None
    assert await store.oldest_sketch() == NOON + 2 * WEEK
