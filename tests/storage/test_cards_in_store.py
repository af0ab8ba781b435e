"""What becomes of cards: verdicts, counts and their agreement, whatever happens at the same instant."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain import rules
from bot.domain.errors import (
    BeyondHeadcount,
    CardSpent,
    NotOpenYet,
    NotPledged,
    NotRecorded,
    PledgingClosed,
    Refused,
    TallyDue,
    UnitFull,
    UnknownCard,
)
from bot.domain.model import CardState, Entry, Ruling, Stage, Unit, UnitId, Walkout, WalkoutId
from bot.domain.pledging import Act, Change, Outcome
from bot.guards.holds import Holds
from bot.guards.rate_limits import AccountLimits
from bot.process.clock import CorrectedClock, MovableClock
from bot.runtime.app import DATABASE, KEY_FILE
from bot.secrets import card_codes
from bot.secrets.keys import Keys, Person, open_keys
from bot.storage.sqlite import BATCH
from bot.storage.store import Store
from bot.usecases.ladder import Ladders
from bot.usecases.scheduled import Tallies
from bot.usecases.stewards import new_cards
from bot.usecases.workers import CoarseLines, Worker
from tests.conftest import HOUR, MICROSECOND, NOON, OTHER_SHOP, PLEDGE_BY, SHOP, WALKOUT, draft, opened, shops
from tests.storage.conftest import NewHouse
from tests.storage.house import (
    Hand,
    House,
    asks,
    fresh,
    key,
    looks,
    minted,
    pledges,
    short,
    standing,
    together,
    verdict,
    withdraws,
)

PLEDGED, WITHDRAWN = CardState.PLEDGED, CardState.WITHDRAWN

modest = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


# --- a model: one dict ---


@dataclass
class Model:
    """What a store must answer, kept in a dict."""

    cards: dict[str, tuple[CardState, str | None]]

    def answer(self, act: Act, card: str, who: str) -> tuple[type[Refused] | CardState | None, bool]:
        if card not in self.cards:
            return UnknownCard, False
        state, owner = self.cards[card]
        mine = owner == who
        if act is Act.LOOK:
            return (state if mine else None), False
        if act is Act.PLEDGE and owner not in {None, who}:
            return CardSpent, False
        if act is Act.WITHDRAW and not mine:
            return NotPledged, False
        wanted = PLEDGED if act is Act.PLEDGE else WITHDRAWN
        self.cards[card] = (wanted, who)
        return wanted, state is not wanted

    def standing(self, names: Iterable[str]) -> int:
        return sum(self.cards[name][0] is PLEDGED for name in names)


ACTS = st.tuples(
    st.sampled_from([Act.PLEDGE, Act.PLEDGE, Act.WITHDRAW, Act.LOOK]),
    st.sampled_from(["a1", "a1", "a2", "a3", "b1", "b2", "nobody's"]),
    st.sampled_from(["ana", "bo", "cy"]),
)


@modest
@given(batches=st.lists(st.lists(ACTS, min_size=1, max_size=30), min_size=1, max_size=6))
def test_whatever_is_asked_at_once_the_store_answers_and_counts_as_a_dict_would(
    new_house: NewHouse, batches: list[list[tuple[Act, str, str]]]
) -> None:
    here, there = ["a1", "a2", "a3"], ["b1", "b2"]
    model = Model(dict.fromkeys((*here, *there), (CardState.MINTED, None)))

    async def live(house: House) -> None:
        async with house.open(MovableClock(NOON)) as store:
            await store.add_walkout(opened(), shops(40, 40))
            await store.mint(
                WALKOUT, {SHOP: [fresh(name) for name in here], OTHER_SHOP: [fresh(name) for name in there]}
            )
            for batch in batches:
                expected = [model.answer(*asked) for asked in batch]
                answers = await together(store, [asks(*asked) for asked in batch])
                assert [short(answer) for answer in answers] == expected
                assert await standing(store) == [model.standing(here), model.standing(there)]
                assert await minted(store) == [3, 2]

    with new_house() as house:
        asyncio.run(live(house))
        owners = dict(house.rows("SELECT key, owner FROM card"))
        states = dict(house.rows("SELECT key, state FROM pledge"))
    made = {name: fresh(name) for name in model.cards}
    assert states == {made[name].pledge: state for name, (state, _owner) in model.cards.items()}
    assert owners == {
        made[name].card: made[name].owner if owner is None else key(f"{owner} in {WALKOUT}")
        for name, (_state, owner) in model.cards.items()
    }


@modest
@given(acts=st.lists(st.tuples(st.sampled_from(Act), st.sampled_from(["ana", "bo"])), min_size=1, max_size=25))
def test_one_card_never_moves_the_standing_by_more_than_one(new_house: NewHouse, acts: list[tuple[Act, str]]) -> None:
    async def live(house: House) -> None:
        async with house.open(MovableClock(NOON)) as store:
            await store.add_walkout(opened(), shops(40))
            await store.mint(WALKOUT, {SHOP: [fresh("the card")]})
            before = 0
            for act, who in acts:
                _answer, changed = await verdict(store.apply(asks(act, "the card", who)))
                [after] = await standing(store)
                assert after in {0, 1}
                assert abs(after - before) == changed
                before = after

    with new_house() as house:
        asyncio.run(live(house))


# --- verdicts ---


async def test_a_pledge_that_is_delivered_again_changes_nothing(store: Store) -> None:
    answers = await together(store, [pledges(1)] * 5)
    again = await store.apply(pledges(1))

    assert [short(answer) for answer in answers] == [(PLEDGED, True), *[(PLEDGED, False)] * 4]
    assert (again.mine, again.changed) == (PLEDGED, False)
    assert await standing(store) == [1, 0]


async def test_a_withdrawal_that_is_delivered_again_changes_nothing(store: Store) -> None:
    await store.apply(pledges(1))
    answers = await together(store, [withdraws(1)] * 3)

    assert [short(answer) for answer in answers] == [(WITHDRAWN, True), (WITHDRAWN, False), (WITHDRAWN, False)]
    assert await standing(store) == [0, 0]


async def test_the_owner_may_pledge_again_after_taking_it_back_and_nobody_else_may(store: Store) -> None:
    await store.apply(pledges(1))
    await store.apply(withdraws(1))

    assert await verdict(store.apply(pledges(1, "bo"))) == (CardSpent, False)
    assert await verdict(store.apply(pledges(1))) == (PLEDGED, True)


async def test_of_two_people_pressing_at_the_same_instant_exactly_one_wins(store: Store) -> None:
    first, second = await together(store, [pledges(1, "ana"), pledges(1, "bo")])

    assert [short(first), short(second)] == [(PLEDGED, True), (CardSpent, False)]
    assert await standing(store) == [1, 0]
    assert await verdict(store.apply(looks(1, "ana"))) == (PLEDGED, False)
    assert await verdict(store.apply(looks(1, "bo"))) == (None, False)


async def test_a_card_nobody_minted_is_unknown_whatever_is_asked_of_it(store: Store) -> None:
    for act in Act:
        assert await verdict(store.apply(asks(act, "no card", "ana"))) == (UnknownCard, False)


async def test_an_unknown_card_gets_its_one_answer_at_every_stage_and_when_a_tally_is_due(
    store: Store, clock: MovableClock
) -> None:
    clock.move_to(PLEDGE_BY + HOUR)
    for act in Act:
        assert await verdict(store.apply(asks(act, "no card", "ana"))) == (UnknownCard, False)


async def test_taking_back_another_ones_pledge_and_taking_back_nothing_get_the_same_answer(store: Store) -> None:
    await store.apply(pledges(1, "ana"))
    answers = await together(store, [withdraws(1, "bo"), withdraws(2, "bo")])

    assert [repr(answer) for answer in answers] == ["NotPledged()", "NotPledged()"]
    assert await standing(store) == [1, 0]


async def test_looking_tells_nobody_but_the_owner_and_never_changes_anything(store: Store) -> None:
    await together(store, [pledges(1, "ana"), pledges(2, "ana"), withdraws(2, "ana")])
    seen = {await store.apply(looks(card, "bo")) for card in (1, 2, 3)}  # pledged, withdrawn, minted

    assert seen == {Outcome(walkout=WALKOUT, unit=SHOP, mine=None, next_tally=NOON + HOUR)}
    assert await verdict(store.apply(looks(1, "ana"))) == (PLEDGED, False)
    assert await verdict(store.apply(looks(2, "ana"))) == (WITHDRAWN, False)
    assert await verdict(store.apply(looks(3, "ana"))) == (None, False)
    assert await standing(store) == [1, 0]


async def test_a_person_is_known_by_the_key_of_the_cards_own_walkout_only(store: Store) -> None:
    other = WalkoutId("x4p9z")
    await store.add_walkout(opened(other), shops(40))
    await store.mint(other, {SHOP: [fresh("over there", other)]})
    both = partial(asks, walkouts=(WALKOUT, other))
    await together(store, [both(Act.PLEDGE, "over there", "ana"), both(Act.PLEDGE, 1, "ana")])

    class MixedUp(Hand):
        def owner(self, walkout: WalkoutId) -> bytes:
            return super().owner(other if walkout == WALKOUT else WALKOUT)

    mixed_up = Change(act=Act.WITHDRAW, bearer=MixedUp(name="over there", who="ana", walkouts=(WALKOUT, other)))

    assert await verdict(store.apply(mixed_up)) == (NotPledged, False)
    assert await verdict(store.apply(asks(Act.WITHDRAW, "over there", "ana"))) == (UnknownCard, False)
    assert await verdict(store.apply(both(Act.WITHDRAW, "over there", "ana"))) == (WITHDRAWN, True)
    assert (await standing(store), await standing(store, other)) == ([1, 0], [0])


async def test_no_answer_to_a_pledge_sounds_like_yes_when_the_walkouts_key_is_missing(store: Store) -> None:
    with pytest.raises(Refused):
        await store.apply(asks(Act.PLEDGE, 1, "ana", walkouts=()))
    assert await standing(store) == [0, 0]


@pytest.mark.parametrize("act", [Act.PLEDGE, Act.WITHDRAW])
@pytest.mark.parametrize(
    ("stage", "refusal"),
    [
        (Stage.DRAFT, NotOpenYet),
        (Stage.LAPSED, PledgingClosed),
        (Stage.CALLED_OFF, PledgingClosed),
    ],
)
async def test_outside_of_pledging_nothing_is_recorded(
    house: House, clock: MovableClock, stage: Stage, refusal: type[Refused], act: Act
) -> None:
    walkout = replace(opened(), stage=stage, next_tally=None, ended=NOON)
    async with house.open(clock) as store:
        await store.add_walkout(walkout, shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(1)]})

        assert await verdict(store.apply(asks(act, 1, "ana"))) == (refusal, False)
        assert await verdict(store.apply(looks(1))) == (None, False)
        assert await standing(store) == [0]


async def test_a_refusal_after_the_end_says_how_and_when_it_ended(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(
            replace(opened(), stage=Stage.CALLED_OFF, next_tally=None, ended=NOON - HOUR), shops(40)
        )
        await store.mint(WALKOUT, {SHOP: [fresh(1)]})
        with pytest.raises(PledgingClosed) as refused:
            await store.apply(pledges(1))

    assert (refused.value.stage, refused.value.since) == (Stage.CALLED_OFF, NOON - HOUR)


# --- the deadline and tallies ---


@pytest.fixture
def last_tally() -> Walkout:
    """A walkout whose only tally left is the deadline's."""
    return replace(opened(), tally=167, next_tally=PLEDGE_BY)


async def test_a_pledge_counts_a_microsecond_before_the_deadline_and_not_at_it(
    house: House, clock: MovableClock, last_tally: Walkout
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(last_tally, shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(1), fresh(2)]})
        clock.move_to(PLEDGE_BY - MICROSECOND)
        await store.apply(pledges(1))
        clock.move_to(PLEDGE_BY)
        with pytest.raises(TallyDue):
            await store.apply(pledges(2))
        await store.decide(WALKOUT, partial(rules.tally, now=clock()))

        assert await verdict(store.apply(pledges(2))) == (PledgingClosed, False)
        assert await standing(store) == [1]


@pytest.mark.parametrize("stage", [Stage.OPEN, Stage.ON])
async def test_the_deadline_holds_even_where_no_tally_is_left(house: House, clock: MovableClock, stage: Stage) -> None:
    clock.move_to(PLEDGE_BY - MICROSECOND)
    async with house.open(clock) as store:
        await store.add_walkout(replace(opened(), stage=stage, next_tally=None), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(1), fresh(2)]})
        await store.apply(pledges(1))
        clock.move_to(PLEDGE_BY)

        assert await verdict(store.apply(pledges(2))) == (PledgingClosed, False)
        assert await verdict(store.apply(withdraws(1))) == (PledgingClosed, False)
        assert await verdict(store.apply(looks(1))) == (PLEDGED, False)
        assert await standing(store) == [1]


async def test_nothing_is_applied_while_a_tally_is_due(store: Store, clock: MovableClock) -> None:
    await store.apply(pledges(1))
    clock.move_to(NOON + HOUR)
    answers = await together(store, [pledges(2), withdraws(1), pledges(3, "bo")])

    assert [short(answer)[0] for answer in answers] == [TallyDue] * 3
    assert {answer.walkout for answer in answers if isinstance(answer, TallyDue)} == {WALKOUT}
    assert await standing(store) == [1, 0]

    await store.decide(WALKOUT, partial(rules.tally, now=clock()))
    answers = await together(store, [pledges(2), withdraws(1), pledges(3, "bo")])
    assert [short(answer) for answer in answers] == [(PLEDGED, True), (WITHDRAWN, True), (PLEDGED, True)]


async def test_a_tally_that_is_due_elsewhere_holds_nobody_up(store: Store, clock: MovableClock) -> None:
    other = WalkoutId("x4p9z")
    await store.add_walkout(opened(other, tally_every=timedelta(days=1)), shops(40))
    await store.mint(other, {SHOP: [fresh("over there", other)]})
    clock.move_to(NOON + HOUR)
    held, free = await together(store, [pledges(1), asks(Act.PLEDGE, "over there", "ana", walkouts=(WALKOUT, other))])

    assert [short(held), short(free)] == [(TallyDue, False), (PLEDGED, True)]
    assert (await standing(store), await standing(store, other)) == ([0, 0], [1])


async def test_what_was_asked_before_a_tally_is_in_it_and_what_was_asked_after_is_not(store: Store) -> None:
    counted: list[int] = []

    def count(walkout: Walkout, places: Sequence[Unit]) -> Ruling:
        counted.extend(place.standing for place in places)
        return Ruling(walkout=walkout)

    await asyncio.gather(
        *(store.apply(pledges(n)) for n in range(7)),
        store.decide(WALKOUT, count),
        *(store.apply(pledges(n)) for n in range(7, 20)),
    )

    assert counted == [7, 0]
    assert await standing(store) == [20, 0]


CODES = [card_codes.from_bytes(key(n)) for n in range(10)]


@pytest.fixture
def keys(data: Path) -> Keys:
    """A key file that knows the walkout."""
    made = open_keys(data / KEY_FILE, database=data / DATABASE)
    made.add_walkout(WALKOUT)
    return made


class RequestContext:
    """Where workers write to the bot."""

    def __init__(self, store: Store, keys: Keys, clock: MovableClock) -> None:
        holds = Holds(CorrectedClock(clock), store)
        self._parts = (store, keys, AccountLimits(), clock, Tallies(store, clock, holds), holds)

    def of(self, name: object) -> Worker:
        store, keys, account_limits, clock, tallies, holds = self._parts
        who = Person("console", str(name))
        return Worker(
            who=who,
            store=store,
            keys=keys,
            account_limits=account_limits,
            clock=clock,
            tallies=tallies,
            holds=holds,
            lines=CoarseLines(store),
            ladders=Ladders(store),
        )


async def test_a_pledge_that_finds_a_tally_due_lets_it_be_taken_first_and_is_not_in_it(
    house: House, clock: MovableClock, keys: Keys
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(confirm_tallies=3), shops(40))
        await store.mint(WALKOUT, await new_cards(WALKOUT, {SHOP: map(card_codes.key_of, CODES)}, keys))
        context = RequestContext(store, keys, clock)
        for n in range(4):
            await context.of(n).pledge(CODES[n])
        clock.move_to(NOON + HOUR)
        seen = await context.of("ana").pledge(CODES[4])
        taken = await store.walkout(WALKOUT)
        [place] = await store.units(WALKOUT)

    assert (seen.mine, seen.changed, seen.walkout.tally) == (PLEDGED, True, 1)
    assert (taken.tally, taken.tallied, taken.next_tally) == (1, NOON + HOUR, NOON + 2 * HOUR)
    assert (place.standing, place.line.reached, place.told_ready) == (5, False, False)


async def test_a_pledge_at_the_deadline_finds_the_walkout_lapsed(house: House, clock: MovableClock, keys: Keys) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, await new_cards(WALKOUT, {SHOP: map(card_codes.key_of, CODES)}, keys))
        context = RequestContext(store, keys, clock)
        for n in range(4):
            await context.of(n).pledge(CODES[n])
        clock.move_to(PLEDGE_BY)
        with pytest.raises(PledgingClosed) as refused:
            await context.of("ana").pledge(CODES[4])

        assert refused.value.stage is Stage.LAPSED
        assert await standing(store) == [4]


async def test_many_who_find_a_tally_due_at_once_have_it_taken_once(
    house: House, clock: MovableClock, keys: Keys
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, await new_cards(WALKOUT, {SHOP: map(card_codes.key_of, CODES)}, keys))
        context = RequestContext(store, keys, clock)
        clock.move_to(NOON + HOUR)
        await asyncio.gather(*(context.of(n).pledge(CODES[n]) for n in range(10)))

        assert (await store.walkout(WALKOUT)).tally == 1
        assert await standing(store) == [10]


async def test_an_older_copy_of_the_key_file_never_makes_anybody_believe_they_pledged(
    house: House, clock: MovableClock, keys: Keys
) -> None:
    newer = WalkoutId("x4p9z")  # its key is not in this file
    async with house.open(clock) as store:
        await store.add_walkout(opened(newer), shops(40))
        await store.mint(newer, {SHOP: [fresh(CODES[0], newer)]})
        with pytest.raises(Refused):
            await RequestContext(store, keys, clock).of("ana").pledge(CODES[0])
        assert await standing(store, newer) == [0]


# --- minting ---


async def test_minted_cards_are_counted_where_they_belong(store: Store) -> None:
    assert await minted(store) == [40, 0]
    await store.mint(WALKOUT, {OTHER_SHOP: [fresh("x"), fresh("y")]})
    assert await minted(store) == [40, 2]
    assert await standing(store) == [0, 0]


async def test_no_card_is_minted_when_one_workplace_would_get_too_many(store: Store) -> None:
    with pytest.raises(BeyondHeadcount) as refused:
        await store.mint(WALKOUT, {OTHER_SHOP: [fresh("x")], SHOP: [fresh("y")]})

    assert (refused.value.headcount, refused.value.minted, refused.value.wanted) == (40, 40, 1)
    assert await minted(store) == [40, 0]
    assert await verdict(store.apply(pledges("x"))) == (UnknownCard, False)


async def test_a_card_that_exists_is_never_minted_again(store: Store) -> None:
    await store.apply(pledges(1))
    with pytest.raises(NotRecorded):
        await store.mint(WALKOUT, {OTHER_SHOP: [fresh("fresh"), fresh(1)]})

    assert await minted(store) == [40, 0]
    assert await verdict(store.apply(looks(1))) == (PLEDGED, False)
    assert await verdict(store.apply(looks("fresh"))) == (UnknownCard, False)


# --- open entry ---


@pytest.fixture
async def open_entry(house: House, clock: MovableClock) -> House:
    """A shop of seven and a shop of forty, without cards."""
    async with house.open(clock) as store:
        await store.add_walkout(opened(entry=Entry.OPEN), shops(7, 40))
    return house


async def test_with_open_entry_a_pledge_makes_its_card(open_entry: House, clock: MovableClock) -> None:
    async with open_entry.open(clock) as store:
        assert await verdict(store.apply(asks(Act.LOOK, "ana's", "ana", enrol=SHOP))) == (None, False)
        assert await minted(store) == [0, 0]
        assert await verdict(store.apply(pledges("ana's", enrol=SHOP))) == (PLEDGED, True)
        assert (await minted(store), await standing(store)) == ([1, 0], [1, 0])


async def test_with_open_entry_looking_and_taking_back_make_no_card(open_entry: House, clock: MovableClock) -> None:
    async with open_entry.open(clock) as store:
        assert await verdict(store.apply(asks(Act.WITHDRAW, "ana's", "ana", enrol=SHOP))) == (NotPledged, False)
        assert await verdict(store.apply(withdraws("ana's"))) == (UnknownCard, False)
        assert await minted(store) == [0, 0]


@pytest.mark.parametrize("in_the_same_batch", [True, False])
async def test_open_entry_never_goes_beyond_the_head_count(
    open_entry: House, clock: MovableClock, *, in_the_same_batch: bool
) -> None:
    async with open_entry.open(clock) as store:
        wanted = [pledges(f"card of {n}", n, enrol=SHOP) for n in range(50)]
        if in_the_same_batch:
            answers = await together(store, wanted)
        else:
            answers = [(await together(store, [each]))[0] for each in wanted]

        assert [short(answer) for answer in answers] == [(PLEDGED, True)] * 7 + [(UnitFull, False)] * 43
        assert (await minted(store), await standing(store)) == ([7, 0], [7, 0])


async def test_a_place_given_back_at_a_full_workplace_is_whoever_takes_it_first(
    open_entry: House, clock: MovableClock
) -> None:
    async with open_entry.open(clock) as store:
        await together(store, [pledges(f"card of {n}", n, enrol=SHOP) for n in range(7)])
        assert await verdict(store.apply(pledges("card of 8", 8, enrol=SHOP))) == (UnitFull, False)
        await store.apply(withdraws("card of 3", 3))

        assert await verdict(store.apply(pledges("card of 8", 8, enrol=SHOP))) == (PLEDGED, True)
        assert await verdict(store.apply(pledges("card of 3", 3, enrol=SHOP))) == (UnitFull, False)
        assert (await minted(store), await standing(store)) == ([8, 0], [7, 0])


async def test_a_place_given_back_is_free_for_whoever_comes_next_in_the_same_batch(
    open_entry: House, clock: MovableClock
) -> None:
    async with open_entry.open(clock) as store:
        await together(store, [pledges(f"card of {n}", n, enrol=SHOP) for n in range(7)])
        wanted = [withdraws("card of 3", 3), *(pledges(f"card of {n}", n, enrol=SHOP) for n in (8, 3))]

        assert [short(answer)[0] for answer in await together(store, wanted)] == [WITHDRAWN, PLEDGED, UnitFull]
        assert (await minted(store), await standing(store)) == ([8, 0], [7, 0])


async def test_an_account_has_one_card_and_moves_only_after_taking_it_back(
    open_entry: House, clock: MovableClock
) -> None:
    async with open_entry.open(clock) as store:
        await store.apply(pledges("ana's", enrol=SHOP))
        elsewhere = await store.apply(pledges("ana's", enrol=OTHER_SHOP))

        assert (elsewhere.unit, elsewhere.mine, elsewhere.changed) == (SHOP, PLEDGED, False)
        assert (await minted(store), await standing(store)) == ([1, 0], [1, 0])

        await store.apply(withdraws("ana's"))
        moved = await store.apply(pledges("ana's", enrol=OTHER_SHOP))

        assert (moved.unit, moved.mine, moved.changed) == (OTHER_SHOP, PLEDGED, True)
        assert (await minted(store), await standing(store)) == ([0, 1], [0, 1])


@pytest.mark.parametrize("others", [0, 9])  # a small batch is written one by one, a larger one together
async def test_who_moves_there_and_back_in_one_batch_is_counted_where_they_are(
    open_entry: House, clock: MovableClock, others: int
) -> None:
    async with open_entry.open(clock) as store:
        await together(store, [pledges("ana's", enrol=SHOP), withdraws("ana's")])
        there_and_back = [
            pledges("ana's", enrol=OTHER_SHOP),
            withdraws("ana's"),
            pledges("ana's", enrol=SHOP),
            *(looks(f"none {n}") for n in range(others)),
        ]
        answers = await together(store, there_and_back)

        assert isinstance(answers[2], Outcome)
        assert (answers[2].unit, answers[2].mine, answers[2].changed) == (SHOP, PLEDGED, True)
        assert (await minted(store), await standing(store)) == ([1, 0], [1, 0])


async def test_moving_to_a_full_workplace_is_refused_and_leaves_the_card_where_it_is(
    open_entry: House, clock: MovableClock
) -> None:
    async with open_entry.open(clock) as store:
        await together(store, [pledges(f"card of {n}", n, enrol=SHOP) for n in range(7)])
        await together(store, [pledges("ana's", enrol=OTHER_SHOP), withdraws("ana's")])

        assert await verdict(store.apply(pledges("ana's", enrol=SHOP))) == (UnitFull, False)
        assert (await minted(store), await standing(store)) == ([7, 1], [7, 0])


async def test_an_unheard_of_workplace_takes_nobody(open_entry: House, clock: MovableClock) -> None:
    async with open_entry.open(clock) as store:
        answer, _changed = await verdict(store.apply(pledges("ana's", enrol=UnitId(99))))

        assert isinstance(answer, type)
        assert issubclass(answer, Refused)
        assert (await minted(store), await standing(store)) == ([0, 0], [0, 0])


MOVES = st.tuples(
    st.sampled_from([Act.PLEDGE, Act.PLEDGE, Act.WITHDRAW]), st.integers(0, 11), st.sampled_from([SHOP, OTHER_SHOP])
)


@modest
@given(batches=st.lists(st.lists(MOVES, min_size=1, max_size=25), min_size=1, max_size=5))
def test_however_people_come_go_and_move_no_workplace_is_overfull(
    new_house: NewHouse, batches: list[list[tuple[Act, int, UnitId]]]
) -> None:
    async def live(house: House) -> None:
        async with house.open(MovableClock(NOON)) as store:
            await store.add_walkout(opened(entry=Entry.OPEN), shops(5, 6))
            where: dict[int, tuple[UnitId, CardState]] = {}
            for batch in batches:
                changes = [asks(act, f"card of {who}", who, enrol=place) for act, who, place in batch]
                answers = await together(store, changes)
                for (_act, who, _place), answer in zip(batch, answers, strict=True):
                    if isinstance(answer, Outcome) and answer.mine is not None:
                        where[who] = (answer.unit, answer.mine)
                    else:
                        assert isinstance(answer, NotPledged | UnitFull)
                has_card = Counter(place for place, _state in where.values())
                stands = Counter(place for place, state in where.values() if state is PLEDGED)
                assert await minted(store) == [has_card[SHOP], has_card[OTHER_SHOP]]
                assert await standing(store) == [stands[SHOP], stands[OTHER_SHOP]]
                assert stands[SHOP] <= 5
                assert stands[OTHER_SHOP] <= 6

    with new_house() as house:
        asyncio.run(live(house))


# --- bad neighbours ---


async def spoiled(house: House, clock: MovableClock, bad: Iterable[object], *, entry: Entry = Entry.CARDS) -> None:
    """Keep an open walkout with 200 people and cards, of which the database refuses to write some."""
    async with house.open(clock) as store:
        await store.add_walkout(opened(entry=entry), shops(200))
        if entry is Entry.CARDS:
            await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(200)]})
    keys = ", ".join(f"x'{fresh(name).pledge.hex()}'" for name in bad)
    house.refuse("pledge", "INSERT" if entry is Entry.OPEN else "UPDATE", f"new.key IN ({keys})")


@pytest.mark.parametrize("entry", list(Entry))
async def test_one_bad_change_never_spoils_its_neighbours(house: House, clock: MovableClock, entry: Entry) -> None:
    bad = set(range(0, 200, 5))
    await spoiled(house, clock, bad, entry=entry)
    place = SHOP if entry is Entry.OPEN else None
    async with house.open(clock) as store:
        answers = await together(store, [pledges(n, f"worker {n}", enrol=place) for n in range(200)])

        expected = [(NotRecorded, False) if n in bad else (PLEDGED, True) for n in range(200)]
        assert [short(answer) for answer in answers] == expected
        assert await standing(store) == [160]
        again = await together(store, [pledges(n, f"worker {n}", enrol=place) for n in range(200)])
        assert [short(answer) for answer in again] == [
            (NotRecorded, False) if n in bad else (PLEDGED, False) for n in range(200)
        ]
    assert house.rows("SELECT count(*) FROM pledge WHERE state = 'p'") == [(160,)]


async def test_refusals_beside_a_bad_change_stay_what_they_are(house: House, clock: MovableClock) -> None:
    await spoiled(house, clock, ["7"])
    async with house.open(clock) as store:
        await store.apply(pledges(1, "bo"))
        answers = await together(
            store, [pledges(7), pledges(1), withdraws(2), pledges("no card"), looks(3), pledges(4), withdraws(4)]
        )

        assert [short(answer) for answer in answers] == [
            (NotRecorded, False),
            (CardSpent, False),
            (NotPledged, False),
            (UnknownCard, False),
            (None, False),
            (PLEDGED, True),
            (WITHDRAWN, True),
        ]
        assert await standing(store) == [1]


async def test_nobody_is_told_that_a_card_is_spent_by_a_pledge_that_was_not_recorded(
    house: House, clock: MovableClock
) -> None:
    await spoiled(house, clock, ["7"])
    async with house.open(clock) as store:
        answers = await together(store, [pledges(7, "ana"), pledges(7, "bo"), pledges(8, "cy")])

    assert [short(answer)[0] for answer in answers] == [NotRecorded, NotRecorded, PLEDGED]


async def test_nobody_is_told_that_a_workplace_is_full_by_a_pledge_that_was_not_recorded(
    house: House, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(entry=Entry.OPEN), shops(5))
        await together(store, [pledges(f"card of {n}", n, enrol=SHOP) for n in range(4)])
    house.refuse("card", "INSERT", f"new.key = x'{fresh('ana').card.hex()}'")
    async with house.open(clock) as store:
        answers = await together(store, [pledges("ana", "ana", enrol=SHOP), pledges("bo", "bo", enrol=SHOP)])

    assert [short(answer)[0] for answer in answers] == [NotRecorded, PLEDGED]


async def test_a_change_the_store_could_not_hold_is_refused_before_it_joins_a_batch() -> None:
    class Short(Hand):
        @property
        def keys(self) -> Mapping[WalkoutId, tuple[bytes, bytes]]:
            return {WALKOUT: (fresh(self.name).card, b"short")}

    with pytest.raises(ValueError, match="32 bytes"):
        Change(act=Act.PLEDGE, bearer=Short(name=1, who="ana"))


async def test_an_owner_of_another_size_never_becomes_somebody_elses(store: Store) -> None:
    class Short(Hand):
        def owner(self, walkout: WalkoutId) -> bytes:
            return super().owner(walkout)[1:]

    spoiled = Change(act=Act.PLEDGE, bearer=Short(name=1, who="ana"))
    answers = await together(store, [spoiled, pledges(2, "bo")])
    assert {type(answer) for answer in answers} == {ValueError}
    assert await standing(store) == [0, 0]


# --- callers who go away ---


@pytest.mark.parametrize("seed", range(12))
async def test_a_caller_who_goes_away_never_touches_the_others(house: House, clock: MovableClock, seed: int) -> None:
    chance = random.Random(seed)
    gone = set(chance.sample(range(100), 30))
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(200))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(101)]})
        callers = [asyncio.create_task(store.apply(pledges(n, f"worker {n}"))) for n in range(100)]
        for n in gone:
            for _ in range(chance.choice([0, 0, 1, 2, 5, 30])):
                await asyncio.sleep(0)  # lets the store go on by a step; no time passes
            callers[n].cancel()
        answers = await asyncio.gather(*callers, return_exceptions=True)
        last = await store.apply(pledges(100))
        seen = await together(store, [looks(n, f"worker {n}") for n in range(100)])

        assert (last.mine, last.changed) == (PLEDGED, True)
        for n, answer in enumerate(answers):
            if n in gone and isinstance(answer, asyncio.CancelledError):
                assert short(seen[n])[0] in {PLEDGED, None}
            else:
                assert isinstance(answer, Outcome)
                assert answer.mine is PLEDGED
                assert short(seen[n])[0] is PLEDGED
        assert await standing(store) == [1 + sum(short(answer)[0] is PLEDGED for answer in seen)]


async def test_a_caller_of_anything_may_go_away_and_the_store_goes_on(store: Store) -> None:
    callers = [
        asyncio.create_task(store.decide(WALKOUT, partial(rules.call_off, now=NOON))),
        asyncio.create_task(store.mint(WALKOUT, {OTHER_SHOP: [fresh("x")]})),
        asyncio.create_task(store.units(WALKOUT)),
    ]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    answers = await asyncio.gather(*callers, return_exceptions=True)

    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers)
    # accepted, so carried out all the same, and each as a whole
    assert (await store.walkout(WALKOUT)).stage is Stage.CALLED_OFF
    # but for cards: nobody would have them who could hand them out
    assert await minted(store) == [40, 0]


async def test_more_than_one_batch_at_once_is_applied_in_full(house: House, clock: MovableClock) -> None:
    many = 2 * BATCH + 17
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(many))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(many)]})
        answers = await together(store, [pledges(n, f"worker {n}") for n in range(many)])

        assert all(short(answer) == (PLEDGED, True) for answer in answers)
        assert await standing(store) == [many]


async def test_the_card_of_a_draft_is_not_open_yet(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(draft(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(1)]})

        assert await verdict(store.apply(pledges(1))) == (NotOpenYet, False)
