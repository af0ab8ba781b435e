"""When the database cannot write: nothing false is recorded, and it goes on afterwards."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bot.domain.errors import NotRecorded
from bot.process.clock import MovableClock
from tests.conftest import SHOP, WALKOUT, opened, shops
from tests.processes import run
from tests.storage.house import House, fresh, pledges, short, standing, together

ROOT = Path(__file__).parents[2]


def test_letters_that_could_not_be_settled_on_a_full_disk_are_not_forgotten(data: Path) -> None:
    ended = run([sys.executable, "-m", "tests.storage.no_room", data], folder=ROOT)
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)

    assert set(seen["took"]) == {"0", "1", "2", "3", "4"}
    assert len(seen["took"]) <= 6  # the one that was sent but not settled may come twice
    assert seen["unsettled"] == 0


async def test_a_batch_the_database_refuses_as_a_whole_is_answered_and_the_next_one_works(
    house: House, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(40)]})
    # the third that stands spoils what a batch has in common; SQLite's count begins far above, and is as long as ever
    house.refuse("counted", "UPDATE", "(new.standing & 1023) > 2")
    async with house.open(clock) as store:
        answers = await together(store, [pledges(n, n) for n in range(2)])
        assert [short(answer)[1] for answer in answers] == [True, True]
        answers = await together(store, [pledges(n, n) for n in range(2, 6)])

        assert {short(answer)[0] for answer in answers} == {NotRecorded}
        assert await standing(store) == [2]
        assert (await store.walkout(WALKOUT)) == opened()
