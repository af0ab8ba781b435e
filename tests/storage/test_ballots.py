"""Ballots in the store: who may cast one, when, and what it goes with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import CardRecalled, NotPledged, PledgingClosed, TallyDue, UnknownCard
from bot.domain.model import Question, Ruling, Stage, StepKind, Unit, Walkout
from bot.domain.pledging import Act
from bot.process.clock import MovableClock
from bot.storage.store import Store
from tests.conftest import MICROSECOND, NOON, OTHER_SHOP, PLEDGE_BY, SHOP, WALKOUT, opened, shops
from tests.storage.house import CLOSED, Hand, House, asks, fresh, pledges, together, withdraws
from tests.storage.test_paper import void

QUESTIONS = (
    Question(text="What do we want?", options=("pay", "rest"), many=True),
    Question(text="How long?", options=("a day", "a week", "until we win")),
)


def survey(**changes: Any) -> Walkout:
    """A survey until the deadline, with a tally in the middle of it."""
    usual: dict[str, Any] = {
        "kind": StepKind.SURVEY,
        "starts": PLEDGE_BY,
        "questions": QUESTIONS,
        "tally_every": (PLEDGE_BY - NOON) / 2,
    }
    return opened(**usual | changes)


def tally(walkout: Walkout, _units: Sequence[Unit]) -> Ruling:
    """Take the next count: the last one ends it."""
    assert walkout.next_tally is not None
    after = replace(walkout, tally=walkout.tally + 1, tallied=walkout.next_tally)
    if walkout.next_tally >= PLEDGE_BY:
        return Ruling(walkout=replace(after, stage=Stage.ENDED, next_tally=None, ended=PLEDGE_BY))
    return Ruling(walkout=replace(after, next_tally=PLEDGE_BY))


@asynccontextmanager
async def asked(house: House, clock: MovableClock) -> AsyncIterator[Store]:
    """Twenty of forty take part at the first shop, and three at the other."""
    async with house.open(clock) as store:
        await store.add_walkout(survey(), shops(40, 40))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(40)], OTHER_SHOP: [fresh(n) for n in range(40, 80)]})
        await together(store, [pledges(n, n) for n in (*range(20), *range(40, 43))])
        yield store


async def vote(store: Store, card: object, ballot: str = "010100", who: object = None) -> None:
    await store.cast(ballot, asks(Act.VOTE, card, card if who is None else who))


async def voted(store: Store, cards: Iterable[object]) -> list[object]:
    return [each for each in cards if await store.has_voted(Hand(name=each, who=each).ballot(WALKOUT))]


async def counted(store: Store, clock: MovableClock) -> Mapping[str, int]:
    """Take the counts that remain; return what the rule was given at the last."""
    given: list[Mapping[str, int]] = []

    def rule(walkout: Walkout, units: Sequence[Unit]) -> Ruling:
        given.append(walkout.votes)
        return tally(walkout, units)

    while (due := (await store.walkout(WALKOUT)).next_tally) is not None:
        assert not any(given), "before the last count nobody reads a ballot"
        clock.move_to(due)
        await store.decide(WALKOUT, rule)
    return given[-1]


async def test_the_last_ballot_counts_and_all_are_deleted_with_the_count(house: House, clock: MovableClock) -> None:
    async with asked(house, clock) as store:
        for n in range(12):
            await vote(store, n)
        for n in range(5):
            await vote(store, n, "020400")
        await store.apply(withdraws(11, 11))
        assert await voted(store, range(12)) == list(range(11))
        assert await counted(store, clock) == {"010100": 6, "020400": 5}
        assert await voted(store, range(12)) == []
    assert house.rows("SELECT * FROM ballot") == []


@pytest.mark.parametrize(
    ("card", "who", "refusal"),
    [
        (25, 25, NotPledged),  # it was never pledged
        (0, "eve", NotPledged),  # another's, which tells nothing
        (7, 7, NotPledged),  # taken back
        ("none", 0, UnknownCard),
    ],
)
async def test_who_does_not_take_part_casts_nothing(
    house: House, clock: MovableClock, card: object, who: object, refusal: type[Exception]
) -> None:
    async with asked(house, clock) as store:
        await store.apply(withdraws(7, 7))
        with pytest.raises(refusal):
            await vote(store, card, who=who)
    assert house.rows("SELECT * FROM ballot") == []


async def test_pledged_again_somebody_has_not_voted(house: House, clock: MovableClock) -> None:
    async with asked(house, clock) as store:
        await vote(store, 3)
        await store.apply(withdraws(3, 3))
        await store.apply(pledges(3, 3))
        assert await voted(store, [3]) == []


async def test_a_ballot_is_on_one_side_of_the_deadline_and_none_is_cast_after_it(
    house: House, clock: MovableClock
) -> None:
    async with asked(house, clock) as store:
        clock.move_to(PLEDGE_BY - timedelta(days=3))
        with pytest.raises(TallyDue):  # the one in the middle stands before it
            await vote(store, 0)
        await store.decide(WALKOUT, tally)
        clock.move_to(PLEDGE_BY - MICROSECOND)
        await vote(store, 0)
        clock.move_to(PLEDGE_BY)
        with pytest.raises(TallyDue):
            await vote(store, 1)
        # what platforms have kept goes before the count that is late
        await store.cast("010100", replace(asks(Act.VOTE, 2, 2), kept=True))
        assert await counted(store, clock) == {"010100": 2}
        for kept in (False, True):
            with pytest.raises(PledgingClosed):
                await store.cast("010100", replace(asks(Act.VOTE, 3, 3), kept=kept))
    assert house.rows("SELECT * FROM ballot") == []


async def test_who_has_pledged_a_voided_card_votes_as_ever(house: House, clock: MovableClock) -> None:
    async with asked(house, clock) as store:
        await vote(store, 0)
        assert await void(store, clock, SHOP)
        await vote(store, 1)
        assert await voted(store, [0, 1]) == [0, 1]


async def test_a_recall_throws_every_ballot_away_since_none_bears_a_workplace(
    house: House, clock: MovableClock
) -> None:
    async with asked(house, clock) as store:
        for n in (0, 1, 40, 41):
            await vote(store, n)
        assert await void(store, clock, SHOP, recalls=True)
        assert await voted(store, (0, 1, 40, 41)) == []
        with pytest.raises(CardRecalled):
            await vote(store, 0)
        await vote(store, 40)
        assert await counted(store, clock) == {"010100": 1}


async def test_closing_leaves_no_ballot(house: House, clock: MovableClock) -> None:
    async with asked(house, clock) as store:
        await vote(store, 0)
        await store.close(WALKOUT, CLOSED)
    assert house.rows("SELECT * FROM ballot") == []
