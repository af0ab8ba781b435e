"""What rooms heard can be verified by its reference for ever; what was said to nobody, or privately, never."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.errors import NotRecorded
from bot.domain.model import Announcement, Kind, Ruling, Unit, UnitId, Walkout, WalkoutId
from bot.domain.roles import Deed
from bot.process.clock import MovableClock
from bot.secrets import references
from bot.secrets.card_codes import ALPHABET
from bot.storage.store import Delivery, Heard, Member, Note, Parcel, Room, Rule, Statement, Store
from tests.conftest import HOUR, NOON, OTHER_SHOP, SHOP, WALKOUT, opened, shops
from tests.storage.conftest import NewHouse
from tests.storage.house import CLOSED, House, key

CITY = Room(walkout=WALKOUT, scope=None, way="console", address="#city")
OWN = Room(walkout=WALKOUT, scope=SHOP, way="console", address="#shop")
ANA = Member(id=key("ana"), way="console", address=b"sealed: ana", nickname=b"sealed: Ana")
NOTE = Note(deed=Deed.TESTED, by=ANA.id, walkout=WALKOUT)


def says(*news: Announcement) -> Rule:
    def rule(walkout: Walkout, _places: Sequence[Unit]) -> Ruling:
        return Ruling(walkout=walkout, announcements=news)

    return rule


def called_off(occasion: str = "1", scope: UnitId | None = None, **how: bool) -> Announcement:
    return Announcement(kind=Kind.CALLED_OFF, occasion=occasion, scope=scope, about=scope, **how)  # type: ignore[arg-type]


async def claim(store: Store) -> list[Parcel]:
    claimed: list[Parcel] = []
    while some := await store.claim_parcels("console", now=NOON + timedelta(days=99), limit=9):
        claimed += some
        for parcel in some:  # a room's are claimed one by one, each when the one before is there
            await store.settle(parcel, Delivery.SENT)
    return claimed


async def arrive(store: Store, parcel: Parcel, words: str = "Called off.", at: int = 0, language: str = "en") -> None:
    """Let a room hear a parcel, minutes after noon."""
    heard = Heard(reference=parcel.news.reference, language=language, words=words, at=NOON + timedelta(minutes=at))
    await store.settle(parcel, Delivery.SENT, heard)


async def test_every_scope_has_one_reference_for_all_its_rooms_and_private_news_has_none(store: Store) -> None:
    rooms = [CITY, replace(CITY, address="#ciudad", language="es"), OWN, replace(OWN, scope=OTHER_SHOP)]
    for room in rooms:
        await store.bind_room(room)
    await store.add_organizer(ANA)
    private = Announcement(kind=Kind.WORKPLACES_READY, occasion="1", to_rooms=False, to_organizers=True)
    await store.decide(WALKOUT, says(called_off(), called_off(scope=SHOP), called_off(scope=OTHER_SHOP), private))
    parcels = await claim(store)

    by_scope = {
        scope: {p.news.reference for p in parcels if p.room and p.news.scope == scope} for scope in (None, 1, 2)
    }
    assert [len(of_scope) for of_scope in by_scope.values()] == [1, 1, 1]
    assert len(set.union(*by_scope.values())) == 3
    for reference in set.union(*by_scope.values()):
        assert len(reference) == references.LENGTH
        assert set(reference) <= set(ALPHABET)
    assert [parcel.news.reference for parcel in parcels if parcel.person] == [""]


async def test_news_made_twice_keeps_its_reference(store: Store) -> None:
    await store.bind_room(CITY)
    await store.decide(WALKOUT, says(called_off()))
    [first] = await claim(store)
    await store.bind_room(replace(CITY, address="#second"))
    await store.decide(WALKOUT, says(called_off()))
    [second] = await claim(store)

    assert (first.room, second.room) == ("#city", "#second")
    assert first.news.reference == second.news.reference


async def test_the_first_words_in_each_language_and_the_first_instant_are_kept(store: Store) -> None:
    for number, language in enumerate(["", "es", "es", ""]):
        await store.bind_room(replace(CITY, address=f"#{number}", language=language))
    await store.decide(WALKOUT, says(called_off()))
    parcels = await claim(store)
    for minutes, parcel in enumerate(parcels):
        await arrive(store, parcel, f"{parcel.room} heard", minutes, parcel.language or "en")

    assert not await store.is_unheard(parcels[0].news.reference)
    assert await store.statement(parcels[0].news.reference) == Statement(
        walkout=WALKOUT, citywide=True, said=NOON, words={"en": "#0 heard", "es": "#1 heard"}
    )


async def test_what_no_room_has_heard_yet_was_not_said(store: Store) -> None:
    await store.bind_room(CITY)
    await store.decide(WALKOUT, says(called_off()))
    [parcel] = await claim(store)
    assert await store.statement(parcel.news.reference) is None
    assert await store.is_unheard(parcel.news.reference)
    assert not await store.is_unheard("")
    await store.postpone(parcel, until=NOON + HOUR)
    assert await store.statement(parcel.news.reference) is None
    await store.settle(parcel, Delivery.GONE)
    assert await store.statement(parcel.news.reference) is None
    assert await store.statement("") is None


async def test_what_was_said_can_be_verified_after_the_walkout_is_closed_and_the_store_reopened(
    house: House, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.bind_room(OWN)
        await store.decide(WALKOUT, says(called_off(scope=SHOP)))
        [parcel] = await claim(store)
        await arrive(store, parcel)
        await store.close(WALKOUT, CLOSED)
    async with house.open(clock) as store:
        assert await store.statement(parcel.news.reference) == Statement(
            walkout=WALKOUT, citywide=False, said=NOON, words={"en": "Called off."}
        )


async def test_a_reference_that_is_taken_is_not_given_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = iter(["AAAAAAAA", "AAAAAAAA", "AAAAAAAA", "BBBBBBBB"])  # the same again and again, then another
    monkeypatch.setattr(references, "mint", lambda: next(chance))
    await store.bind_room(CITY)
    await store.decide(WALKOUT, says(called_off("1")))
    await store.decide(WALKOUT, says(called_off("2")))

    assert [parcel.news.reference for parcel in await claim(store)] == ["AAAAAAAA", "BBBBBBBB"]


async def test_words_that_cannot_be_written_down_leave_the_parcel_unsettled(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.bind_room(CITY)
        await store.decide(WALKOUT, says(called_off()))
    house.refuse("heard", "INSERT", "new.words = 'too much'")
    async with house.open(clock) as store:
        [parcel] = await store.claim_parcels("console", now=NOON, limit=9)
        with pytest.raises(NotRecorded):
            await arrive(store, parcel, "too much")
        assert await store.unsettled(WALKOUT) == 1
        assert await store.statement(parcel.news.reference) is None
        await arrive(store, parcel)
        assert await store.unsettled(WALKOUT) == 0


# --- any history ---

OTHER = WalkoutId("p8n4r")


@dataclass(frozen=True)
class Piece:
    """A piece of news, and what becomes of it."""

    walkout: WalkoutId
    scope: UnitId | None
    occasion: str
    private: bool
    arrives: bool


PIECES = st.lists(
    st.builds(
        Piece,
        walkout=st.sampled_from([WALKOUT, OTHER]),
        scope=st.sampled_from([None, SHOP]),
        occasion=st.sampled_from("123"),
        private=st.booleans(),
        arrives=st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PIECES, st.booleans())
async def test_only_what_a_room_heard_is_ever_shown_and_no_reference_stands_for_two_things(
    new_house: NewHouse,
    pieces: list[Piece],
    closes: bool,  # noqa: FBT001
) -> None:
    clock = MovableClock(NOON)
    said: dict[str, tuple[WalkoutId, bool, str]] = {}
    unsaid: set[str] = set()
    stood_for: dict[str, tuple[object, ...]] = {}
    with new_house() as house:
        async with house.open(clock) as store:
            await store.add_organizer(ANA)
            for walkout in (WALKOUT, OTHER):
                await store.add_walkout(opened(walkout), shops(40))
                for room in (CITY, OWN):
                    await store.bind_room(replace(room, walkout=walkout, address=f"{room.address} {walkout}"))
            for piece in pieces:
                kind = Kind.PROPOSAL if piece.private else Kind.CALLED_OFF
                made = Announcement(
                    kind=kind,
                    occasion=piece.occasion,
                    scope=piece.scope,
                    about=piece.scope,
                    to_rooms=not piece.private,
                    to_organizers=True,
                )
                await store.decide(piece.walkout, says(made))
                for parcel in await claim(store):
                    words = f"{parcel.room} {parcel.news.occasion}"
                    if parcel.room is None or not piece.arrives:
                        await store.settle(parcel, Delivery.SENT if parcel.room is None else Delivery.GONE)
                        unsaid.add(parcel.news.reference)
                        continue
                    await arrive(store, parcel, words)
                    said[parcel.news.reference] = (piece.walkout, piece.scope is None, words)
                    thing = (piece.walkout, piece.scope, kind, piece.occasion)
                    assert stood_for.setdefault(parcel.news.reference, thing) == thing
            if closes:
                await store.close(WALKOUT, CLOSED)
        async with house.open(clock) as store:
            for reference in unsaid - set(said):
                assert await store.statement(reference) is None
            for reference, (walkout, citywide, words) in said.items():
                assert await store.statement(reference) == Statement(
                    walkout=walkout, citywide=citywide, said=NOON, words={"en": words}
                )
        kept = house.rows("SELECT reference FROM heard")
        assert {reference for (reference,) in kept} == set(said)
        every = [reference for (reference,) in house.rows("SELECT reference FROM announcement") if reference]
        assert len(every) == len(set(every))


# --- testing the rooms ---


def a_test(occasion: str) -> object:
    def news(scope: UnitId | None) -> Announcement:
        return Announcement(kind=Kind.ROOM_TEST, occasion=occasion, scope=scope, about=scope)

    return news


async def sound(store: Store, minute: int, since: int) -> int | None:
    return await store.test_rooms(WALKOUT, a_test(f"12:{minute:02}"), NOTE, since=f"12:{since:02}")  # type: ignore[arg-type]


async def test_a_test_reaches_every_room_once_and_another_only_later(store: Store) -> None:
    assert await sound(store, 0, 0) == 0  # there is no room
    for room in (CITY, replace(CITY, address="#second"), OWN):
        await store.bind_room(room)
    assert await sound(store, 1, 0) == 3
    assert await sound(store, 1, 0) is None  # pressed twice
    assert await sound(store, 2, 0) is None
    assert sorted((parcel.room, parcel.news.scope) for parcel in await claim(store)) == [
        ("#city", None),
        ("#second", None),
        ("#shop", SHOP),
    ]
    assert await sound(store, 2, 1) == 3
    assert [noted.deed for noted in await store.noted(walkout=WALKOUT, before=None, limit=9)] == [Deed.TESTED] * 2


# --- languages of rooms ---


async def test_a_room_keeps_its_language_until_it_is_bound_with_another(store: Store) -> None:
    async def language() -> str:
        [room] = await store.rooms(WALKOUT)
        return room.language

    seen = []
    for chosen in ("", "es", "", "en", "en"):
        await store.bind_room(replace(CITY, language=chosen), NOTE)
        seen.append(await language())

    assert seen == ["", "es", "es", "en", "en"]
    assert len(await store.noted(walkout=WALKOUT, before=None, limit=9)) == 3  # only what changed something
