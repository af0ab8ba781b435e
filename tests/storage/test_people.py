"""Organizers and stewards in the store: their roles, the codes that make them, what they propose, the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.errors import NotRecorded
from bot.domain.model import Announcement, Kind, Ruling, WalkoutId
from bot.domain.roles import Became, Deed, Matter, MemberId, Proposal, Role, Roles, Suspension
from bot.process.clock import MovableClock
from bot.storage.store import Delivery, Member, Note, Noted, Parcel, RoleCard, Store
from bot.usecases.context import role_taken
from tests.conftest import HOUR, MICROSECOND, NOON, SHOP, WALKOUT, opened, shops
from tests.storage.house import CLOSED, House, key

DAY = timedelta(days=1)
UNTIL = NOON + DAY


def member(name: str, nickname: str = "") -> Member:
    """Make somebody; a store never looks into what is sealed."""
    sealed = (nickname or name).encode()
    return Member(id=key(name), way="here", address=f"to {name}".encode(), nickname=sealed)


OLGA, OMAR, ODA, ANA, BO = map(member, ("olga", "omar", "oda", "ana", "bo"))


def note(deed: Deed, by: Member = OLGA, walkout: WalkoutId | None = None) -> Note:
    return Note(deed=deed, by=by.id, walkout=walkout)


def news(kind: Kind = Kind.PROPOSAL, occasion: str = "1", *, but: MemberId = b"") -> Announcement:
    return Announcement(kind=kind, occasion=occasion, to_rooms=False, to_organizers=True, not_to=frozenset({but}))


def suspension(by: Member, of: Member, number: str = "SUSP1", *, at: datetime = NOON) -> Suspension:
    return Suspension(id=number, suspender=by.id, suspended=of.id, until=at + DAY, again=at + 7 * DAY)


def role_card(number: int = 1, role: Role = Role.STEWARD, *, appointer: Member = OLGA, proposal: str = "") -> RoleCard:
    steward = role is Role.STEWARD
    return RoleCard(
        key=key(f"role card {number}"),
        id=f"CARD{number}",
        role=role,
        walkout=WALKOUT if steward else None,
        unit=SHOP if steward else None,
        nickname=b"sealed",
        appointer=appointer.id,
        until=UNTIL,
        proposal=proposal,
    )


def proposal(number: int = 1, by: Member = OLGA, *, what: str = "", walkout: WalkoutId | None = WALKOUT) -> Proposal:
    return Proposal(
        id=f"PROP{number}",
        matter=Matter.OPEN,
        walkout=walkout,
        content=b"sealed",
        key=key(what or number),
        about=b"",
        proposer=by.id,
        until=UNTIL,
    )


@pytest.fixture
async def committee(store: Store) -> Store:
    """Olga, Omar and Oda organize."""
    for each in (OLGA, OMAR, ODA):
        await store.add_organizer(each)
    return store


async def parcels(store: Store) -> list[tuple[Kind, bytes | None]]:
    """Take whatever waits: what it is, and to whose address."""
    claimed: list[Parcel] = await store.claim_parcels("here", now=NOON + 7 * DAY, limit=99)
    for parcel in claimed:
        await store.settle(parcel, Delivery.SENT)
    return [(parcel.news.kind, parcel.person) for parcel in claimed]


async def audit(store: Store) -> list[tuple[Deed, bytes]]:
    """List what was done and by whom, oldest first."""
    noted: list[Noted] = await store.noted(walkout=None, before=None, limit=99)
    return [(each.deed, each.nickname) for each in reversed(noted)]


async def use(
    store: Store, card: RoleCard, who: Member, *, at: timedelta = HOUR, word: str = "WORD"
) -> RoleCard | None:
    """Use a role card."""

    def told(used: RoleCard) -> Announcement:
        return Announcement(kind=Kind.ROLE_CARD_USED, occasion=used.id, to_rooms=False, to=(("here", OLGA.address),))

    return await store.redeem_role_card(card.key, replace(who, nickname=b""), word, told, now=NOON + at)


async def make_steward(store: Store, who: Member, number: int = 1) -> None:
    """Let Olga make somebody steward of the first shop."""
    await store.add_role_card(role_card(number), note(Deed.APPOINTED))
    used = await use(store, role_card(number), who)
    assert used is not None
    assert used.redeemer is not None
    named = replace(used, redeemer=replace(used.redeemer, nickname=who.nickname))
    assert await store.settle_role_card(named, confirmed=True, news=None, note=note(Deed.CONFIRMED))
    await parcels(store)


# --- roles ---


async def test_who_has_no_role_may_do_nothing(committee: Store) -> None:
    assert await committee.roles(ANA.id) == Roles()
    assert not (await committee.roles(ANA.id)).any


async def test_an_organizer_added_again_is_one_under_their_new_name(committee: Store) -> None:
    await committee.add_organizer(replace(OLGA, nickname=b"Olga the second", address=b"moved"))
    known = await committee.committee()
    assert known.organizers == {OLGA.id, OMAR.id, ODA.id}
    assert known.members[OLGA.id] == replace(OLGA, nickname=b"Olga the second", address=b"moved")


async def test_a_removed_organizer_may_do_nothing_from_then_on_and_is_forgotten(committee: Store) -> None:
    await committee.remove_organizer(OMAR.id, note(Deed.REMOVED))
    assert await committee.roles(OMAR.id) == Roles()
    known = await committee.committee()
    assert known.organizers == {OLGA.id, ODA.id}
    assert OMAR.id not in known.members
    assert await audit(committee) == [(Deed.REMOVED, OLGA.nickname)]


async def test_removing_twice_is_written_down_once(committee: Store) -> None:
    await make_steward(committee, ANA)
    before = await audit(committee)
    for _ in range(2):
        await committee.remove_organizer(OMAR.id, note(Deed.REMOVED), role_taken(OMAR, Role.ORGANIZER))
        news = role_taken(ANA, Role.STEWARD, SHOP)
        await committee.remove_steward(ANA.id, WALKOUT, SHOP, note(Deed.REMOVED), news)
    assert await audit(committee) == [*before, (Deed.REMOVED, OLGA.nickname), (Deed.REMOVED, OLGA.nickname)]
    told = await committee.claim_parcels("here", now=NOON, limit=9)
    # each is told once, by the address that was forgotten with the role
    assert [parcel.person for parcel in told if parcel.news.kind is Kind.ROLE_TAKEN] == [OMAR.address, ANA.address]


async def test_who_resigns_is_named_in_the_audit_though_the_store_forgets_them(committee: Store) -> None:
    await committee.remove_organizer(OMAR.id, note(Deed.RESIGNED, OMAR))
    assert await audit(committee) == [(Deed.RESIGNED, OMAR.nickname)]


async def test_what_a_removed_organizer_proposed_and_the_codes_they_made_are_dead(committee: Store) -> None:
    for number, became in enumerate((Became.OPEN, Became.GRANTED, Became.DONE), start=1):
        await committee.propose(proposal(number, OMAR), None, note(Deed.PROPOSED, OMAR), now=NOON)
        if became is not Became.OPEN:
            done = note(Deed.DONE)
            assert await committee.conclude(f"PROP{number}", became, None, done, expected=Became.OPEN)
    await committee.propose(proposal(4, ODA), None, note(Deed.PROPOSED, ODA), now=NOON)
    await committee.add_role_card(role_card(1, appointer=OMAR), note(Deed.APPOINTED, OMAR))
    await committee.add_role_card(role_card(2, appointer=OLGA), note(Deed.APPOINTED))

    await committee.remove_organizer(OMAR.id)

    found = [await committee.proposal(f"PROP{number}") for number in range(1, 5)]
    assert [each and each.became for each in found] == [Became.REFUSED, Became.REFUSED, Became.DONE, Became.OPEN]
    assert await committee.opine("PROP1", ODA.id, approves=True, note=note(Deed.APPROVED, ODA), now=NOON) is None
    assert await committee.role_card("CARD1") is None
    assert await use(committee, role_card(1), ANA) is None
    assert await use(committee, role_card(2), ANA) is not None


async def test_letters_on_their_way_to_somebody_removed_are_not_sent(committee: Store) -> None:
    await committee.tell(news(occasion="1"))
    await committee.remove_organizer(OMAR.id)
    await committee.tell(news(occasion="2"))
    assert await parcels(committee) == [(Kind.PROPOSAL, each.address) for each in sorted_by_id(OLGA, ODA) * 2]


def sorted_by_id(*people: Member) -> list[Member]:
    return sorted(people, key=lambda each: each.id)


async def test_a_steward_who_organizes_no_more_still_hears_of_their_workplace_only(committee: Store) -> None:
    await make_steward(committee, OMAR)
    ready = Announcement(
        kind=Kind.WORKPLACE_READY, occasion="1", scope=SHOP, about=SHOP, to_organizers=True, to_stewards=True
    )
    await committee.decide(WALKOUT, lambda walkout, _places: Ruling(walkout=walkout, announcements=(ready,)))
    await committee.tell(news())
    await committee.remove_organizer(OMAR.id)
    assert (await committee.roles(OMAR.id)) == Roles(units=((WALKOUT, SHOP),))
    told = [kind for kind, address in await parcels(committee) if address == OMAR.address]
    assert told == [Kind.WORKPLACE_READY]


# --- codes ---


async def test_a_servers_code_makes_one_organizer_once_and_the_others_hear_of_it(committee: Store) -> None:
    await committee.add_organizer_code(key("code"), until=UNTIL)

    async def redeem(who: Member) -> bool:
        told = news(Kind.SERVER_CODE_USED, but=who.id)
        return await committee.redeem_organizer_code(
            key("code"), who, told, note(Deed.SERVER_CODE, who), now=NOON + HOUR
        )

    used = list(await asyncio.gather(redeem(ANA), redeem(BO)))
    assert used == [True, False]
    assert (await committee.roles(ANA.id)).organizer
    assert not (await committee.roles(BO.id)).any
    assert not await redeem(ANA)
    assert {address for _kind, address in await parcels(committee)} == {OLGA.address, OMAR.address, ODA.address}
    assert await audit(committee) == [(Deed.SERVER_CODE, ANA.nickname)]


@pytest.mark.parametrize(("at", "good"), [(UNTIL - MICROSECOND, True), (UNTIL, False)])
async def test_a_servers_code_is_good_until_its_time_and_not_at_it(store: Store, at: datetime, *, good: bool) -> None:
    await store.add_organizer_code(key("code"), until=UNTIL)
    used = await store.redeem_organizer_code(key("code"), ANA, news(), note(Deed.SERVER_CODE, ANA), now=at)
    assert used is good
    assert (await store.roles(ANA.id)).organizer is good


async def test_a_role_card_sent_twice_is_one(committee: Store) -> None:
    for _ in range(2):
        await committee.add_role_card(role_card(), note(Deed.APPOINTED))
    assert await audit(committee) == [(Deed.APPOINTED, OLGA.nickname)]
    assert await committee.role_card("CARD1") == role_card()
    assert await committee.role_card("CARD2") is None


async def test_a_used_role_card_gives_no_role_before_its_appointer_confirms(committee: Store) -> None:
    await committee.add_role_card(role_card(), note(Deed.APPOINTED))
    used = await use(committee, role_card(), ANA)
    assert used is not None
    assert used.word == "WORD"
    assert await parcels(committee) == [(Kind.ROLE_CARD_USED, OLGA.address)]
    assert await committee.roles(ANA.id) == Roles()
    assert ANA.id not in (await committee.committee()).members

    given = Announcement(kind=Kind.ROLE_GIVEN, occasion="CARD1", to_rooms=False, to=(("here", ANA.address),))
    for first in (True, False):
        confirm = note(Deed.CONFIRMED)
        assert await committee.settle_role_card(used, confirmed=True, news=given, note=confirm) is first
    assert await committee.roles(ANA.id) == Roles(units=((WALKOUT, SHOP),))
    assert (await committee.committee()).stewards == ((WALKOUT, SHOP, ANA.id),)
    assert await parcels(committee) == [(Kind.ROLE_GIVEN, ANA.address)]
    assert await audit(committee) == [(Deed.APPOINTED, OLGA.nickname), (Deed.CONFIRMED, OLGA.nickname)]


async def test_the_same_person_using_it_again_sees_the_same_word_and_nobody_is_asked_again(committee: Store) -> None:
    await committee.add_role_card(role_card(), note(Deed.APPOINTED))
    first = await use(committee, role_card(), ANA, word="ONE")
    again = await use(committee, role_card(), ANA, word="TWO")
    assert first == again
    assert first is not None
    assert first.word == "ONE"
    assert await parcels(committee) == [(Kind.ROLE_CARD_USED, OLGA.address)]


async def test_of_two_people_with_the_same_code_the_first_has_it(committee: Store) -> None:
    await committee.add_role_card(role_card(), note(Deed.APPOINTED))
    first, second = await asyncio.gather(use(committee, role_card(), ANA), use(committee, role_card(), BO))
    assert first is not None
    assert second is None
    kept = await committee.role_card("CARD1")
    assert kept is not None
    assert kept.redeemer is not None
    assert kept.redeemer.id == ANA.id


@pytest.mark.parametrize(("at", "good"), [(DAY - MICROSECOND, True), (DAY, False)])
async def test_a_role_card_is_good_until_its_time_and_not_at_it(committee: Store, at: timedelta, *, good: bool) -> None:
    await committee.add_role_card(role_card(), note(Deed.APPOINTED))
    assert (await use(committee, role_card(), ANA, at=at) is not None) is good


async def test_a_role_card_turned_away_gives_nothing_to_anybody_ever(committee: Store) -> None:
    await committee.add_role_card(role_card(), note(Deed.APPOINTED))
    used = await use(committee, role_card(), ANA)
    assert used is not None
    assert await committee.settle_role_card(used, confirmed=False, news=None, note=note(Deed.TURNED_AWAY))
    assert await committee.roles(ANA.id) == Roles()
    kept = await committee.role_card("CARD1")  # so that the same code is not made again
    assert kept == replace(role_card(), settled=True)  # and it tells nothing about who had it
    await committee.add_role_card(role_card(), note(Deed.APPOINTED))
    for who in (ANA, BO):
        assert await use(committee, role_card(), who) is None
    assert not await committee.settle_role_card(used, confirmed=True, news=None, note=note(Deed.CONFIRMED))
    assert await audit(committee) == [(Deed.APPOINTED, OLGA.nickname), (Deed.TURNED_AWAY, OLGA.nickname)]


@pytest.mark.parametrize("became", list(Became))
async def test_a_card_that_must_be_approved_first_works_only_once_it_is(committee: Store, became: Became) -> None:
    await committee.propose(proposal(walkout=None), None, note(Deed.PROPOSED), now=NOON)
    card = role_card(role=Role.ORGANIZER, proposal="PROP1")
    await committee.add_role_card(card, note(Deed.APPOINTED))
    assert await use(committee, card, ANA) is None
    if became is not Became.OPEN:
        await committee.conclude("PROP1", became, None, note(Deed.DONE), expected=Became.OPEN)
    used = await use(committee, card, ANA)
    assert (used is not None) is (became is Became.DONE)
    if used is not None:
        assert await committee.settle_role_card(used, confirmed=True, news=None, note=note(Deed.CONFIRMED))
        assert (await committee.roles(ANA.id)).organizer


# --- proposals ---


async def test_the_same_proposed_by_another_is_their_approval_and_written_down_as_that(committee: Store) -> None:
    first = await committee.propose(proposal(1, what="it"), news(but=OLGA.id), note(Deed.PROPOSED), now=NOON)
    same = await committee.propose(proposal(2, OMAR, what="it"), news(), note(Deed.PROPOSED, OMAR), now=NOON)
    again = await committee.propose(proposal(3, what="it"), news(), note(Deed.PROPOSED), now=NOON)
    assert (first.id, first.approving) == ("PROP1", frozenset({OLGA.id}))
    assert again == same == replace(first, approving=frozenset({OLGA.id, OMAR.id}))
    assert await committee.proposal("PROP2") is None
    assert len(await parcels(committee)) == 2  # asked once: Omar and Oda
    assert await audit(committee) == [(Deed.PROPOSED, OLGA.nickname), (Deed.APPROVED, OMAR.nickname)]


async def test_what_has_lapsed_or_is_decided_is_proposed_anew(committee: Store) -> None:
    await committee.propose(proposal(1, what="it"), None, note(Deed.PROPOSED), now=NOON)
    late = await committee.propose(proposal(2, OMAR, what="it"), None, note(Deed.PROPOSED, OMAR), now=UNTIL)
    assert (late.id, late.approving) == ("PROP2", frozenset({OMAR.id}))
    await committee.conclude("PROP2", Became.DONE, None, note(Deed.DONE), expected=Became.OPEN)
    third = await committee.propose(proposal(3, ODA, what="it"), None, note(Deed.PROPOSED, ODA), now=UNTIL)
    assert (third.id, third.approving) == ("PROP3", frozenset({ODA.id}))


async def test_an_opinion_may_change_and_is_written_down_only_when_it_does(committee: Store) -> None:
    await committee.propose(proposal(), None, note(Deed.PROPOSED), now=NOON)

    async def opine(*, approves: bool) -> Proposal | None:
        deed = Deed.APPROVED if approves else Deed.REFUSED
        return await committee.opine("PROP1", OMAR.id, approves=approves, note=note(deed, OMAR), now=NOON)

    said = [await opine(approves=approves) for approves in (False, False, True)]
    assert [each and (each.approving, each.refusing) for each in said] == [
        (frozenset({OLGA.id}), frozenset({OMAR.id})),
        (frozenset({OLGA.id}), frozenset({OMAR.id})),
        (frozenset({OLGA.id, OMAR.id}), frozenset()),
    ]
    assert [deed for deed, _who in await audit(committee)] == [Deed.PROPOSED, Deed.REFUSED, Deed.APPROVED]


@pytest.mark.parametrize(("at", "in_time"), [(UNTIL - MICROSECOND, True), (UNTIL, False)])
async def test_nobody_opines_on_what_has_lapsed(committee: Store, at: datetime, *, in_time: bool) -> None:
    await committee.propose(proposal(), None, note(Deed.PROPOSED), now=NOON)
    approved = note(Deed.APPROVED, OMAR)
    kept = await committee.opine("PROP1", OMAR.id, approves=True, note=approved, now=at)
    assert (kept is not None) is in_time
    assert len(await audit(committee)) == 1 + in_time


async def test_nobody_opines_on_what_never_was(committee: Store) -> None:
    assert await committee.opine("NOPE", OMAR.id, approves=True, note=note(Deed.APPROVED), now=NOON) is None
    assert await committee.proposal("NOPE") is None


async def test_of_two_conclusions_only_the_first_counts_and_is_told(committee: Store) -> None:
    await committee.propose(proposal(), None, note(Deed.PROPOSED), now=NOON)

    async def conclude(became: Became) -> bool:
        told = news(Kind.DECIDED, occasion="PROP1", but=OLGA.id)
        return await committee.conclude("PROP1", became, told, note(Deed.DONE), expected=Became.OPEN)

    assert list(await asyncio.gather(conclude(Became.DONE), conclude(Became.REFUSED))) == [True, False]
    kept = await committee.proposal("PROP1")
    assert kept is not None
    assert kept.became is Became.DONE
    assert len(await parcels(committee)) == 2
    assert len(await audit(committee)) == 2


async def test_a_granted_proposal_is_done_once(committee: Store) -> None:
    await committee.propose(proposal(), None, note(Deed.PROPOSED), now=NOON)
    grant = committee.conclude("PROP1", Became.GRANTED, None, note(Deed.DONE), expected=Became.OPEN)
    assert await grant
    fetched = [
        await committee.conclude("PROP1", Became.DONE, None, note(Deed.DONE), expected=Became.GRANTED) for _ in range(2)
    ]
    assert fetched == [True, False]


# --- the audit ---


async def test_the_audit_has_pages_from_the_newest_on_and_knows_the_tally(committee: Store) -> None:
    for number in range(1, 6):
        await committee.add_role_card(role_card(number), note(Deed.APPOINTED, walkout=WALKOUT))
    await committee.add_role_card(role_card(6, Role.ORGANIZER), note(Deed.APPOINTED))
    newest = await committee.noted(walkout=None, before=None, limit=2)
    assert [(each.number, each.walkout, each.tally) for each in newest] == [(6, None, 0), (5, WALKOUT, 0)]
    older = await committee.noted(walkout=None, before=5, limit=99)
    assert [each.number for each in older] == [4, 3, 2, 1]
    assert [each.number for each in await committee.noted(walkout=WALKOUT, before=None, limit=1)] == [5]


async def test_what_is_written_down_can_be_neither_changed_nor_deleted(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        for each in (OLGA, OMAR):
            await store.add_organizer(each)
        await store.remove_organizer(OLGA.id, note(Deed.RESIGNED))
    for sql in ("UPDATE deed SET tally = 9", "DELETE FROM deed"):
        with pytest.raises(Exception, match="written down for good"):
            house.rows(sql)


# --- suspensions ---


async def suspend(store: Store, by: Member, of: Member, number: str = "SUSP1", *, at: datetime = NOON) -> bool:
    made = suspension(by, of, number, at=at)
    told = Announcement(
        kind=Kind.SUSPENDED, occasion=number, to_rooms=False, to_organizers=True, not_to=made.both, facts={}
    )
    return await store.suspend(made, told, note(Deed.SUSPENDED, by), now=at)


async def test_a_suspension_stops_both_until_its_time_and_not_at_it(committee: Store, clock: MovableClock) -> None:
    assert await suspend(committee, OLGA, OMAR)
    for each in (OLGA, OMAR):
        stopped = await committee.roles(each.id)
        assert (stopped.any, stopped.suspension) == (False, suspension(OLGA, OMAR))
    assert (await committee.roles(ODA.id)).organizer
    clock.move_to(UNTIL - timedelta(microseconds=1))
    assert not (await committee.roles(OMAR.id)).organizer
    clock.move_to(UNTIL)
    assert (await committee.roles(OMAR.id)).organizer
    assert (await committee.committee()).running(UNTIL) == ()


async def test_only_those_whom_a_suspension_does_not_stop_are_told(committee: Store) -> None:
    await suspend(committee, OLGA, OMAR)
    assert await parcels(committee) == [(Kind.SUSPENDED, ODA.address)]


async def test_of_two_who_suspend_each_other_the_first_does(committee: Store) -> None:
    assert await suspend(committee, OLGA, OMAR)
    assert not await suspend(committee, OMAR, OLGA, "SUSP2")
    assert not await suspend(committee, OMAR, ODA, "SUSP3")  # nor anybody else
    assert not await suspend(committee, ODA, OMAR, "SUSP4")  # who is stopped already
    assert [each.id for each in (await committee.committee()).suspensions] == ["SUSP1"]


@pytest.mark.parametrize(
    ("later", "allowed"), [(DAY, False), (7 * DAY - timedelta(microseconds=1), False), (7 * DAY, True)]
)
async def test_nobody_suspends_twice_in_a_week(committee: Store, later: timedelta, *, allowed: bool) -> None:
    await suspend(committee, OLGA, OMAR)
    assert await suspend(committee, OLGA, ODA, "SUSP2", at=NOON + later) is allowed


async def test_whose_suspicion_was_right_may_suspend_the_next_at_once(committee: Store) -> None:
    await suspend(committee, OLGA, OMAR)
    assert await committee.remove_organizer(OMAR.id)
    assert (await committee.roles(OLGA.id)).organizer
    assert await suspend(committee, OLGA, ODA, "SUSP2")


async def test_an_ended_suspension_stops_nobody_but_its_suspender_from_another(committee: Store) -> None:
    await suspend(committee, OLGA, OMAR)
    ended = note(Deed.SUSPENSION_ENDED)
    assert await committee.end_suspension("SUSP1", news(Kind.SUSPENSION_ENDED), ended, now=NOON)
    assert not await committee.end_suspension("SUSP1", news(Kind.SUSPENSION_ENDED), ended, now=NOON)
    assert (await committee.roles(OMAR.id)).organizer
    assert not await suspend(committee, OLGA, ODA, "SUSP2")
    assert await suspend(committee, OMAR, OLGA, "SUSP3")


async def test_whoever_does_not_organize_is_not_suspended_and_suspends_nobody(committee: Store) -> None:
    assert not await suspend(committee, OLGA, ANA)
    assert not await suspend(committee, ANA, OLGA)
    assert (await committee.committee()).suspensions == ()


async def test_what_was_put_off_for_somebody_suspended_goes_once_it_is_ended(committee: Store) -> None:
    await committee.tell(news(Kind.PLATFORM_DOWN))
    await suspend(committee, OLGA, OMAR)
    for parcel in await committee.claim_parcels("here", now=NOON, limit=99):
        await committee.postpone(parcel, until=UNTIL)
    await committee.end_suspension("SUSP1", news(Kind.SUSPENSION_ENDED), note(Deed.SUSPENSION_ENDED), now=NOON)
    due = await committee.claim_parcels("here", now=NOON, limit=99)
    assert [p.news.kind for p in due if p.member == OMAR.id] == [Kind.PLATFORM_DOWN, Kind.SUSPENSION_ENDED]


async def test_the_last_organizer_stays(committee: Store) -> None:
    for each in (OMAR, ODA):
        assert await committee.remove_organizer(each.id)
    assert not await committee.remove_organizer(OLGA.id, note(Deed.RESIGNED))
    assert (await committee.roles(OLGA.id)).organizer
    assert await committee.remove_organizer(OMAR.id)  # who has gone before is not there any more, which is no refusal


# --- each method is one transaction ---

Act = Callable[[Store], Awaitable[object]]

ALL_OR_NOTHING: dict[str, tuple[str, Act]] = {
    "a removal": ("proposal", lambda store: store.remove_organizer(OMAR.id, note(Deed.REMOVED))),
    "a suspension": (
        "announcement",
        lambda store: store.suspend(suspension(OLGA, OMAR), news(Kind.SUSPENDED), note(Deed.SUSPENDED), now=NOON),
    ),
    "its end": (
        "announcement",
        lambda store: store.end_suspension("SUSP", news(Kind.SUSPENSION_ENDED), note(Deed.SUSPENSION_ENDED), now=NOON),
    ),
    "a steward's removal": (
        "member",
        lambda store: store.remove_steward(
            ANA.id, WALKOUT, SHOP, note(Deed.REMOVED), role_taken(ANA, Role.STEWARD, SHOP)
        ),
    ),
    "a server's code": (
        "announcement",
        lambda store: store.redeem_organizer_code(key("code"), BO, news(), note(Deed.SERVER_CODE, BO), now=NOON),
    ),
    "a role card": ("deed", lambda store: store.add_role_card(role_card(8), note(Deed.APPOINTED))),
    "its use": ("announcement", lambda store: use(store, role_card(7), BO)),
    "its confirmation": (
        "steward",
        lambda store: store.settle_role_card(
            replace(role_card(9), redeemer=BO), confirmed=True, news=None, note=note(Deed.CONFIRMED)
        ),
    ),
    "a proposal": ("announcement", lambda store: store.propose(proposal(5), news(), note(Deed.PROPOSED), now=NOON)),
    "an opinion": (
        "deed",
        lambda store: store.opine("PROP1", ODA.id, approves=True, note=note(Deed.APPROVED), now=NOON),
    ),
    "a conclusion": (
        "announcement",
        lambda store: store.conclude("PROP1", Became.DONE, news(), note(Deed.DONE), expected=Became.OPEN),
    ),
}


@pytest.mark.parametrize("what", ALL_OR_NOTHING)
async def test_when_a_part_of_it_cannot_be_written_nothing_of_it_is(
    house: House, clock: MovableClock, what: str
) -> None:
    table, act = ALL_OR_NOTHING[what]
    async with house.open(clock) as store:
        await _furnish(store)
    before = _all_rows(house)
    house.refuse(table, {"proposal": "UPDATE", "member": "DELETE"}.get(table, "INSERT"), "1")
    async with house.open(clock) as store:
        with pytest.raises(NotRecorded):
            await act(store)
    assert _all_rows(house) == before


TABLES = (
    *("member", "organizer", "steward", "role_card", "organizer_code", "proposal", "opinion", "deed", "parcel"),
    "suspension",
)


def _all_rows(house: House) -> dict[str, object]:
    return {table: house.rows(f"SELECT * FROM {table}") for table in (*TABLES, "announcement")}  # noqa: S608


async def _furnish(store: Store) -> None:
    await store.add_walkout(opened(), shops(40, 40))
    for each in (OLGA, OMAR, ODA):
        await store.add_organizer(each)
    await make_steward(store, ANA)
    await store.propose(proposal(1, OMAR), None, note(Deed.PROPOSED, OMAR), now=NOON)
    await store.add_organizer_code(key("code"), until=UNTIL)
    for number in (7, 9):
        await store.add_role_card(role_card(number), note(Deed.APPOINTED))
    await use(store, role_card(9), BO)
    await store.add_organizer(BO)
    assert await store.suspend(suspension(ODA, BO, "SUSP"), news(Kind.SUSPENDED), note(Deed.SUSPENDED, ODA), now=NOON)
    await parcels(store)


async def test_closing_a_walkout_forgets_its_stewards_proposals_and_codes(committee: Store) -> None:
    await make_steward(committee, ANA)
    await make_steward(committee, OMAR, 2)
    await committee.add_role_card(role_card(3), note(Deed.APPOINTED))
    await committee.propose(proposal(1), news(), note(Deed.PROPOSED), now=NOON)
    await committee.propose(proposal(2, walkout=None), None, note(Deed.PROPOSED), now=NOON)
    noted = await audit(committee)
    await committee.close(WALKOUT, CLOSED)
    known = await committee.committee()
    assert known.stewards == ()
    assert set(known.members) == {OLGA.id, OMAR.id, ODA.id}
    assert await committee.role_card("CARD3") is None
    assert await committee.proposal("PROP1") is None
    assert await committee.proposal("PROP2") is not None
    assert {kind for kind, _to in await parcels(committee)} == {Kind.WALKOUT_CLOSED}
    assert await audit(committee) == noted
