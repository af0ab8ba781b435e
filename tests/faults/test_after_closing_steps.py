"""A campaign at each of its stages: what store, key file, its old copies, and everybody's codes and accounts tell.

The attacker holds them all. As long as a step has its key that is enough to say who pledged in it; once it is closed
nothing says so, not with the copies either; and once the campaign is closed, nothing says who ever had which card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import rules
from bot.domain.model import Question, Stage, WalkoutId
from bot.domain.pledging import Act
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE
from bot.secrets.keys import Keys, Person, open_keys
from tests.conftest import fresh_folder
from tests.faults.test_after_closing import Held
from tests.test_steps import FIRST, SECOND, Campaign, campaign

pytestmark = pytest.mark.sqlite_only("what whoever has its file can tell")

PEOPLE = tuple(Person("here", str(7700000000000 + number)) for number in range(12))
STRANGERS = tuple(Person("here", str(8800000000000 + number)) for number in range(4))
QUESTIONS = (Question(text="How long?", options=("a day", "a week")),)
PLEDGE_1, PLEDGE_2 = range(6), range(3, 9)
"""Who pledged in each step, each on the card of their own number; the last three never do."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the attacker can say for sure."""

    owners: frozenset[int]  #: whose card is known to be theirs
    pledged: Mapping[WalkoutId, frozenset[int]]  #: whose pledge in a step is found, as it stands there
    asked: frozenset[tuple[WalkoutId, int]]  #: whose notice is
    voted: frozenset[tuple[WalkoutId, int]]


NOTHING = Told(owners=frozenset(), pledged={}, asked=frozenset(), voted=frozenset())


def attack(data: Path, keys: Keys, codes: Sequence[str]) -> Told:
    """Try every account on every card, under every key."""
    held = Held(databases=((data / DATABASE).read_bytes(),), keys=keys)
    owners, asked, voted = set(), set(), set()
    pledged: dict[WalkoutId, set[int]] = {}
    for number, code in enumerate(codes):
        for who in (*PEOPLE, *STRANGERS):
            bearer = keys.bearer(code, who)
            for walkout, (_card, pledge) in bearer.keys.items():
                if held.stands(bearer.owner(walkout)):
                    assert who == PEOPLE[number], "an owner is only ever themselves"
                    owners.add(number)
                if walkout not in keys.walkouts:
                    continue
                if held.stands(pledge):
                    pledged.setdefault(walkout, set()).add(number)
                if held.stands(bearer.notice(walkout)):
                    asked.add((walkout, number))
                if held.stands(bearer.ballot(walkout)):
                    assert who == PEOPLE[number]
                    voted.add((walkout, number))
    return Told(
        owners=frozenset(owners),
        pledged={walkout: frozenset(numbers) for walkout, numbers in pledged.items()},
        asked=frozenset(asked),
        voted=frozenset(voted),
    )


def without_codes(data: Path, keys: Keys, codes: Sequence[str]) -> Told:
    """Try it with every account, and codes that are on no card."""
    return attack(data, keys, [code[::-1] for code in codes])


async def pledge(made: Campaign, of: WalkoutId, numbers: Sequence[int]) -> None:
    for number in numbers:
        worker = made.worker(PEOPLE[number])
        await worker.pledge(made.codes[number], of)
        await worker.ask_to_be_told(made.codes[number], "en", of)
        change = replace(worker._change(Act.LOOK, made.codes[number], of), act=Act.VOTE)
        await made.app.store.cast("010000", change)


def learnt(made: Campaign, copies: Sequence[Path], codes: Sequence[str]) -> list[Told]:
    """What the key file as it is and each older copy bring."""
    data = made.app.data
    files = (data / KEY_FILE, *copies)
    found = []
    for file in files:
        keys = open_keys(file, database=data / DATABASE)
        assert without_codes(data, keys, codes) == NOTHING
        found.append(attack(data, keys, codes))
    return found


async def test_what_links_somebody_to_a_step_is_gone_with_it_and_to_a_card_with_the_campaign(
    clock: MovableClock,
) -> None:
    everybody = frozenset(range(12))
    first, both = frozenset(PLEDGE_1), frozenset((*PLEDGE_1, *PLEDGE_2))
    with fresh_folder() as folder, fresh_folder() as other:
        async with campaign(folder, clock, questions=QUESTIONS, citywide_threshold=40) as made:
            codes = made.codes
            copies: list[Path] = []

            def keep() -> None:
                copies.append(other / f"copy {len(copies)}")
                copies[-1].touch(0o600)
                copies[-1].write_bytes((folder / KEY_FILE).read_bytes())

            await pledge(made, FIRST, PLEDGE_1)  # the first step is open
            keep()
            [now, _copy] = learnt(made, copies, codes)
            assert now == Told(
                owners=first,
                pledged={FIRST: everybody},  # every row is there from the beginning; which state it is in, it says
                asked=frozenset((FIRST, number) for number in PLEDGE_1),
                voted=frozenset((FIRST, number) for number in PLEDGE_1),
            )

            await made.draft(1, questions=QUESTIONS, citywide_threshold=40)
            keep()
            await made.lapse(0)  # it is over, but not closed
            [now, *_copies] = learnt(made, copies, codes)
            assert now.owners == first
            assert now.voted == frozenset()

            await made.open(1)
            await pledge(made, SECOND, PLEDGE_2)
            [now, *_copies] = learnt(made, copies, codes)
            assert now.owners == both
            assert now.pledged == {FIRST: everybody, SECOND: everybody}
            keep()

            clock.move_to(clock() + rules.KEPT_AFTER_END)  # the first step is closed, the second open
            await made.app.scheduler.run_due()
            assert (await made.app.store.walkout(FIRST)).stage is Stage.CLOSED
            for told in learnt(made, copies, codes):
                assert FIRST not in told.pledged
                assert not {walkout for walkout, _number in told.asked | told.voted} - {SECOND}
                assert told.owners == both  # the register stays; it does not say in which step

            await made.lapse(1)
            clock.move_to(clock() + rules.KEPT_AFTER_END)  # both are closed, the campaign is not
            await made.app.scheduler.run_due()
            for told in learnt(made, copies, codes):
                assert told == replace(NOTHING, owners=both)

            clock.move_to(clock() + rules.KEPT_AFTER_CAMPAIGN)  # the campaign is closed
            await made.app.scheduler.run_due()
            assert learnt(made, copies, codes) == [NOTHING] * 4
            left = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
            for copy in copies:
                contents = open_keys(copy, database=folder / DATABASE)._contents
                assert not [key for key in (*contents.walkouts.values(), *contents.registers.values()) if key in left]


async def test_a_register_that_was_kept_would_be_seen(
    data: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with campaign(data, clock) as made:
        await made.worker(PEOPLE[0]).pledge(made.codes[0])
        copy = data / "copy"
        copy.touch(0o600)
        copy.write_bytes((data / KEY_FILE).read_bytes())
        await made.lapse(0)
        store: Any = made.app.store
        real = store._rows

        async def sloppy(sql: str, parameters: Any = ()) -> Any:
            return [] if sql.startswith("DELETE FROM card") else await real(sql, parameters)

        monkeypatch.setattr(store, "_rows", sloppy)
        clock.move_to(clock() + rules.KEPT_AFTER_CAMPAIGN + timedelta(days=1))
        await made.app.scheduler.run_due()
        assert learnt(made, [copy], made.codes) == [NOTHING, replace(NOTHING, owners=frozenset({0}))]
