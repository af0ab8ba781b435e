"""The day itself in the store: who may say to be out, when, and what is counted and kept of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from bot.domain import rules
from bot.domain.errors import NotAskedNow, NotPledged, TallyDue, UnitNotOut, UnknownCard
from bot.domain.model import CardState, Ruling, Stage, Walkout
from bot.domain.pledging import Act, Change
from bot.domain.roles import Deed
from bot.process.clock import MovableClock
from bot.storage.store import Note, Store
from tests.conftest import HOUR, MICROSECOND, NOON, OTHER_SHOP, PLEDGE_BY, SHOP, WALKOUT, opened, shops
from tests.storage.house import (
    CLOSED,
    House,
    asks,
    fresh,
    looks,
    pledges,
    short,
    standing,
    together,
    verdict,
    withdraws,
)

STARTS = PLEDGE_BY + timedelta(days=4)
OVER = STARTS + rules.ASKED_FOR


def says_out(card: object, who: object) -> Change:
    return asks(Act.OUT, card, who)


def says_not_out(card: object, who: object) -> Change:
    return asks(Act.NOT_OUT, card, who)


@asynccontextmanager
async def day(house: House, clock: MovableClock, *, turnout: bool = True) -> AsyncIterator[Store]:
    """Let twenty pledge at the first shop, which goes out, and three at the other; it is the start of the day."""
    async with house.open(clock) as store:
        await store.add_walkout(opened(turnout=turnout, tally_every=timedelta(days=7)), shops(40, 40))
        cards = {SHOP: [fresh(n) for n in range(40)], OTHER_SHOP: [fresh(f"other {n}") for n in range(40)]}
        await store.mint(WALKOUT, cards)
        await together(store, [pledges(n, n) for n in range(20)])
        await together(store, [pledges(f"other {n}", f"other {n}") for n in range(3)])
        await store.apply(withdraws(19, 19))
        clock.move_to(PLEDGE_BY)
        await store.decide(WALKOUT, partial(rules.tally, now=PLEDGE_BY))
        clock.move_to(STARTS)
        yield store


async def turnout(store: Store) -> list[int]:
    return [place.turnout for place in await store.units(WALKOUT)]


async def test_who_pledged_says_to_be_out_and_takes_it_back_and_stands_all_the_while(
    house: House, clock: MovableClock
) -> None:
    async with day(house, clock) as store:
        for change, answer, out in (
            (says_not_out(1, 1), (CardState.PLEDGED, False), 0),
            (says_out(1, 1), (CardState.OUT, True), 1),
            (says_out(1, 1), (CardState.OUT, False), 1),
            (looks(1, 1), (CardState.OUT, False), 1),
            (says_out(2, 2), (CardState.OUT, True), 2),
            (says_not_out(1, 1), (CardState.PLEDGED, True), 1),
            (says_not_out(1, 1), (CardState.PLEDGED, False), 1),
        ):
            assert await verdict(store.apply(change)) == answer
            assert await turnout(store) == [out, 0]
            assert await standing(store) == [19, 3]


async def test_only_the_holder_of_a_standing_card_at_a_workplace_that_is_out_is_counted(
    house: House, clock: MovableClock
) -> None:
    async with day(house, clock) as store:
        answers = await together(
            store,
            [
                says_out(1, 2),  # another's
                says_out(30, 30),  # never pledged
                says_out(19, 19),  # taken back
                says_out("nowhere", 1),
                says_out("other 1", "other 1"),
                says_out(1, 1),
            ],
        )
        assert [short(answer)[0] for answer in answers] == [
            NotPledged,
            NotPledged,
            NotPledged,
            UnknownCard,
            UnitNotOut,
            CardState.OUT,
        ]
        assert await turnout(store) == [1, 0]


@pytest.mark.parametrize(
    ("at", "answer"),
    [
        (STARTS - MICROSECOND, NotAskedNow),
        (STARTS, CardState.OUT),
        (OVER - MICROSECOND, CardState.OUT),
        (OVER, TallyDue),  # the day's last one, and after it:
        (OVER + MICROSECOND, NotAskedNow),
    ],
)
async def test_it_is_decided_by_the_time_of_the_commit(
    house: House, clock: MovableClock, at: datetime, answer: object
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(turnout=True, tally_every=timedelta(days=7)), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(40)]})
        await together(store, [pledges(n, n) for n in range(20)])
        await store.decide(WALKOUT, partial(rules.tally, now=PLEDGE_BY))
        clock.move_to(at)
        if at > OVER:
            await store.decide(WALKOUT, partial(rules.tally, now=at))
        assert (await verdict(store.apply(says_out(1, 1))))[0] == answer


async def test_nobody_is_counted_where_the_terms_do_not_ask(house: House, clock: MovableClock) -> None:
    async with day(house, clock, turnout=False) as store:
        assert (await verdict(store.apply(says_out(1, 1))))[0] is NotAskedNow


async def test_nobody_is_counted_once_it_is_called_off(house: House, clock: MovableClock) -> None:
    async with day(house, clock) as store:
        await store.decide(WALKOUT, partial(rules.call_off, now=STARTS))
        assert (await verdict(store.apply(says_out(1, 1))))[0] is NotAskedNow


async def test_many_at_once_with_every_kind_of_change_are_each_decided_for_themselves(
    house: House, clock: MovableClock
) -> None:
    async with day(house, clock) as store:
        changes = [says_out(n, n) for n in range(19)] + [says_not_out(n, n) for n in range(0, 19, 2)]
        changes += [looks(n, n) for n in range(19)] + [withdraws(n, n) for n in range(19)]
        await together(store, changes)
        assert await turnout(store) == [9, 0]
        assert await standing(store) == [19, 3]


async def test_closing_keeps_the_boards_numbers_and_no_exact_count(house: House, clock: MovableClock) -> None:
    async with day(house, clock) as store:
        await together(store, [says_out(n, n) for n in range(13)])
        await store.set_drawn(WALKOUT, SHOP, 30, Note(deed=Deed.DRAWN, by=b""))
        clock.move_to(OVER)
        await store.decide(WALKOUT, partial(rules.tally, now=OVER))
        before = (await store.units(WALKOUT))[0]
        assert (before.turnout, before.turnout_line.reached, before.turnout_line.anchor) == (13, True, 13)
        await store.close(WALKOUT, CLOSED)
        after = (await store.units(WALKOUT))[0]
        assert after.line == replace(before.line, anchor=0)
        assert after.turnout_line == replace(before.turnout_line, anchor=0)
        assert (after.standing, after.minted, after.turnout, after.drawn, after.out) == (0, 0, 0, None, True)
        assert (await store.walkout(WALKOUT)).stage is Stage.CLOSED


async def test_what_was_drawn_is_kept_and_a_warning_is_armed_again_only_by_a_new_count(store: Store) -> None:
    def drawn(deed: Deed = Deed.DRAWN) -> Note:
        return Note(deed=deed, by=b"", walkout=WALKOUT)

    assert (await store.unit(WALKOUT, SHOP)).drawn is None
    await store.set_drawn(WALKOUT, SHOP, 0, drawn())
    await store.set_drawn(WALKOUT, SHOP, 0, drawn())  # delivered twice
    assert (await store.unit(WALKOUT, SHOP)).drawn == 0
    assert (await store.unit(WALKOUT, OTHER_SHOP)).drawn is None
    assert len(await store.noted(walkout=None, before=None, limit=9)) == 1

    await store.apply(pledges(1))
    ruling = await store.decide(WALKOUT, partial(rules.tally, now=NOON + HOUR))
    assert ruling.units[0].told_drawn
    assert (await store.unit(WALKOUT, SHOP)).told_drawn
    await store.set_drawn(WALKOUT, SHOP, 0, drawn())
    place = await store.unit(WALKOUT, SHOP)
    assert (place.drawn, place.told_drawn) == (0, False)


async def test_a_rule_that_changes_nothing_of_turnout_leaves_it(house: House, clock: MovableClock) -> None:
    async with day(house, clock) as store:
        await together(store, [says_out(n, n) for n in range(13)])
        clock.move_to(OVER)
        ruling = await store.decide(WALKOUT, partial(rules.tally, now=OVER))
        assert ruling.announcements == ()

        def again(walkout: Walkout, places: object) -> Ruling:
            assert isinstance(places, list)
            return Ruling(walkout=walkout, units=tuple(places))

        kept = await store.units(WALKOUT)
        await store.decide(WALKOUT, again)
        assert await store.units(WALKOUT) == kept
