"""Whoever asks, whatever they ask and wherever: nobody is shown more than the board, and no steward another's shop."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.delivery.outbox import Letter
from bot.domain import disclosure
from bot.domain.errors import BeyondHeadcount, NoCardMissing, NoSuchUnit, PrintedBefore, Refused, UnitFull
from bot.domain.model import (
    Announcement,
    BoardLine,
    CardState,
    Kind,
    Unit,
    UnitId,
    Walkout,
    WalkoutId,
)
from bot.domain.roles import Role
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import from_bytes, key_of
from bot.secrets.keys import Person
from bot.usecases import organizers, roles, stewards
from bot.usecases.context import RequestContext
from bot.usecases.stewards import published
from bot.usecases.workers import Seen
from handlers.conversation import COMMANDS, Conversation, Said, Takes, Ways
from handlers.conversation.letter_buttons import buttons
from handlers.discord.autocomplete import Suggestions
from handlers.texts import workers
from handlers.texts.announcements import announcement
from handlers.texts.refusals import refusal
from handlers.texts.workers import console_can_see
from tests.conftest import HOUR, NOON, fresh_folder, opened
from tests.domain.test_properties import History, histories, modest, play
from tests.stores import open_app
from tests.test_board_surfaces import picture, surfaces

ROOMY = settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])

# -- in words -------------------------------------------------------------------------------------------------


def letters(walkout: Walkout, places: Sequence[Unit]) -> list[str]:
    """Word every piece of news there can be that speaks of the walkout."""
    private = {
        Kind.PROPOSAL, Kind.DECIDED, Kind.ROLE_CARD_USED, Kind.ROLE_GIVEN, Kind.ROLE_TAKEN, Kind.PLATFORM_DOWN,
        Kind.PLATFORM_BACK, Kind.WALKOUT_CLOSED, Kind.CAMPAIGN_CLOSED, Kind.RESTORED, Kind.TOKEN_SHARED, Kind.HELD
    }  # fmt: skip
    return [
        announcement(
            Letter(
                news=Announcement(
                    kind=kind,
                    occasion=NOON.isoformat(),
                    scope=scope,
                    about=place.id,
                    facts=MappingProxyType(
                        {
                            "quarters": 2,
                            "workplaces": (place.name,),
                            "more": 1,
                            "others": 2,
                            "share": 100,
                            "turnout": 3,
                            "can": True,
                            "made": NOON.isoformat(),
                            "counts": NOON.isoformat(),
                            "words": {"en": "Bring water."},
                            "own": "en",
                            "corrects": NOON.isoformat(),
                        }
                    ),
                ),
                walkout=walkout,
                about=place,
                address="#room",
                private=False,
                language="",
                proposal=None,
                proposer="",
                to_proposer=False,
                role_card=None,
                unseal=bytes.decode,
                nonce="",
            )
        )
        for kind in Kind
        if kind not in private
        for place in places
        for scope in (None, place.id)
    ]


def said(walkout: Walkout, places: Sequence[Unit]) -> list[object]:
    """Say all that is said about a walkout and its workplaces outside the board."""
    refused: list[Refused] = [
        refusal
        for place in places
        for refusal in (
            UnitFull(),
            NoCardMissing(place.name),
            PrintedBefore(place.name),
            NoSuchUnit("x", (place.name,)),
            BeyondHeadcount(place.name, 40, place.issued, 41),
        )
    ]
    # a card of one's own tells its state; of the others it tells the line of the board
    own = [
        workers.status(
            Seen(
                walkout=walkout,
                path=(place,),
                mine=mine,
                at=walkout.tallied or NOON,
                lines=disclosure.coarse_lines(walkout, places),
            )
        )
        for place in places
        for mine in (CardState.PLEDGED, CardState.WITHDRAWN)
    ]
    return [letters(walkout, places), own, [refusal(each) for each in refused]]


@settings(modest, max_examples=25)
@given(histories(), st.data())
def test_what_is_said_elsewhere_tells_no_two_stores_apart_that_have_the_same_board(
    story: History, draw: st.DataObject
) -> None:
    for taken in play(story):
        secret = draw.draw(st.lists(st.integers(0, 90), min_size=len(taken.places), max_size=len(taken.places)))
        others = [
            replace(place, standing=n, minted=n + 1, turnout=n // 2, line=replace(place.line, anchor=n))
            for place, n in zip(taken.places, secret, strict=True)
        ]
        assert said(taken.walkout, taken.places) == said(taken.walkout, others)
        own = {place.id for place in taken.places[:1]}
        mine = published(taken.walkout, taken.places, within=own)
        for wanted in ("", "shop"):
            here = published(taken.walkout, taken.places, only=wanted, within=own)
            assert surfaces(here) == surfaces(replace(mine, only=wanted))
            assert here.city == published(taken.walkout, taken.places).city
            assert here.sums is None


@given(st.integers(5, 400), st.integers(0, 500))
def test_what_is_taken_to_be_pledged_is_on_the_board_and_at_a_change_never_more_than_there_is(
    threshold: int, count: int
) -> None:
    line = disclosure.next_line(BoardLine(), count=count, threshold=threshold, tally=1)
    place = Unit(id=UnitId(1), name="Depot", headcount=500, threshold=threshold, standing=count, line=line)
    assert disclosure.known(place) <= count
    shown = disclosure.shown(place, opened())
    assert disclosure.known(place) == (shown.threshold if shown.reached else shown.number)


# -- in a living bot --------------------------------------------------------------------------------------------

OLGA, OMAR, STELLA, ANA = (Person("console", name) for name in ("olga", "omar", "stella", "ana"))


class Ears:
    """Hears everything that the bot says by itself."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, tuple[str, ...]]] = []

    async def send(self, letter: Letter) -> str:
        words = announcement(letter)
        self.heard.append((letter.address, words, tuple(button.data for button in buttons(letter))))
        return words

    async def delete(self, what: str) -> None:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class World:
    """A bot with a walkout in it."""

    app: App
    clock: MovableClock
    ears: Ears
    conversation: Conversation
    walkout: WalkoutId

    async def says(self, who: Person, text: str = "", *, press: str | None = None) -> tuple[str, str, bytes]:
        """Say something; return what is answered: kind, text, and the file if it has one."""
        reply = await self.conversation.answer(Said(who=who, text=text, button=press))
        assert reply is not None
        labels = " ".join(f"[{button.label} {button.data}]" for button in reply.buttons)
        return reply.kind, f"{reply.text} {labels}", reply.file.data if reply.file else b""

    async def suggestions(self, who: Person) -> list[object]:
        """List all that is suggested for every option of every command."""
        suggest = Suggestions(self.app).suggest
        return [
            [(choice.name, choice.value) for choice in await suggest(who, row, takes, "", walkout)]
            for row in COMMANDS
            for takes in Takes
            for walkout in (None, self.walkout)
        ]

    async def pledge(self, code: str, who: str) -> None:
        app = self.app
        worker = app.worker(Person("console", who))
        assert (await worker.pledge(code)).changed

    async def appoint(self, who: Person, name: str, place: Unit, walkout: WalkoutId) -> None:
        def context(person: Person) -> RequestContext:
            return RequestContext(who=person, store=self.app.store, keys=self.app.keys, clock=self.clock)

        made = await roles.appoint(context(OLGA), Role.STEWARD, name, walkout=walkout, place=place)
        used = await roles.redeem(context(who), made.code)
        assert used is not None
        await self.app.scheduler.run_due()
        await roles.settle(context(OLGA), used.id, confirmed=True)
        self.ears.heard.clear()  # the word by which the two compare is random


def code(place: Unit, number: int) -> str:
    """Give a card's code, the same in every world."""
    return from_bytes(hashlib.sha256(f"{place.id} {number}".encode()).digest())


def city(*thresholds: int) -> list[Unit]:
    return [
        Unit(id=UnitId(number), name=f"Shop {number}", headcount=2 * threshold, threshold=threshold)
        for number, threshold in enumerate(thresholds, start=1)
    ]


@asynccontextmanager
async def world(places: Sequence[Unit], *walkouts: Walkout) -> AsyncIterator[World]:
    """Let a bot live, with these walkouts open and a card for everybody in the first."""
    clock, ears = MovableClock(NOON), Ears()
    with fresh_folder() as folder:
        async with open_app(folder, clock=clock, senders={"console": ears}) as app:
            for walkout in walkouts:
                app.keys.add_walkout(walkout.id)
                await app.store.add_walkout(walkout, places)
            first = walkouts[0].id
            hashes = {place.id: [key_of(code(place, n)) for n in range(place.headcount)] for place in places}
            await stewards.mint(first, hashes, app.store, app.keys)
            for person in (OLGA, OMAR):
                await organizers.add(person, person.account, app.store, app.keys)
            yield World(
                app=app,
                clock=clock,
                ears=ears,
                conversation=Conversation(app, Ways(can_see=console_can_see, in_a_hurry=True)),
                walkout=first,
            )


@st.composite
def twins(draw: st.DrawFn) -> tuple[list[Unit], list[int], list[int]]:
    """Two cities that differ in how many have pledged, and not in what the board says of it."""
    thresholds = draw(st.lists(st.integers(5, 30), min_size=1, max_size=3))
    one, other = [], []
    for threshold in thresholds:

        def line(count: int, threshold: int = threshold) -> tuple[bool, int]:
            made = disclosure.next_line(BoardLine(), count=count, threshold=threshold, tally=1)
            return made.reached, made.number

        count = draw(st.integers(1, 2 * threshold - 1))
        same = [n for n in range(1, 2 * threshold) if line(n) == line(count)]
        one.append(count)
        other.append(draw(st.sampled_from(same)))
    return city(*thresholds), one, other


async def lived(places: list[Unit], counts: list[int], *, on: bool) -> list[object]:
    """Let so many pledge, take a tally, and then ask everything that can be asked."""
    started = opened(approvals=2, citywide_threshold=5 if on else 5000)
    async with world(places, started) as here:
        store, first = here.app.store, places[0]
        await here.appoint(STELLA, "stella", first, started.id)
        for place, count in zip(places, counts, strict=True):
            for number in range(count):
                await here.pledge(code(place, number), f"{place.id} {number}")
        here.clock.move_to(NOON + HOUR)
        await here.app.scheduler.run_due()
        answers: list[object] = []
        asks = [
            "/board", "/board csv", "/board 1", "/board nowhere", "/walkouts", "/rooms", "/help", "/audit", "/open",
            "/cards Nowhere", "/status", "/pledge", f"/status {code(first, 0)}", f"/start {code(first, 0)}",
            *(f"/board {place.name}" for place in places),
        ]  # fmt: skip
        everybody = (OLGA, STELLA, Person("console", "1 0"), ANA)
        answers += [await here.says(who, ask) for who in everybody for ask in asks]
        answers += [await here.suggestions(who) for who in everybody]
        # a lost sheet: void it, and print as many as that allows
        for place in places:
            for matter in (f"/cards void {place.name}", f"/cards {place.name}"):
                answers.append(_unnumbered(await here.says(OLGA, matter)))
                if "void" in matter:
                    answers.append(_unnumbered(await here.says(OMAR, matter)))
            for number in range(1, place.headcount + 2, 7):
                answers.append(_unnumbered(await here.says(OLGA, f"/cards {place.name} {number}")))
        await here.app.scheduler.run_due()
        answers.append(sorted({(to, _without_numbers(text)) for to, text, _data in here.ears.heard}))
        after = [(place.issued, place.line.number, place.line.reached) for place in await store.units(started.id)]
        return [*answers, after]


def _unnumbered(answer: tuple[str, str, bytes]) -> tuple[str, str]:
    return answer[0], _without_numbers(answer[1])


def _without_numbers(text: str) -> str:
    """Leave out the random number of a proposal."""
    return re.sub(r"\b([a-z]):[0-9A-Z]{8}\b", r"\1:", text)


@ROOMY
@given(twins(), st.booleans())
def test_two_bots_with_the_same_board_answer_alike_whatever_they_are_asked(
    cities: tuple[list[Unit], list[int], list[int]],
    on: bool,  # noqa: FBT001  drawn
) -> None:
    places, one, other = cities
    assert asyncio.run(lived(places, one, on=on)) == asyncio.run(lived(places, other, on=on))


# -- a steward -------------------------------------------------------------------------------------------------

NAMES = ("Harbour", "Mill", "Mill Harbour", "North", "Öst", "csv", "a:b")


def hides(answer: tuple[str, str, bytes], others: set[str]) -> None:
    """See that none of these workplaces is on a board, in words or as a table, nor the other walkout."""
    kind, text, file = answer
    if kind in {"board", "board_csv"}:
        body = file.decode() if file else text.partition("\n\n")[2]
        lines = {part for line in body.split("\n") for part in (line, line.split(",")[0].strip('"'))}
        assert not lines & others, (text, file)
        assert "Another" not in text


async def looked_around(mine: Iterable[int], typed: Sequence[str]) -> None:
    """Let Stella look after some of these in one of two walkouts, and try what a person can try."""
    places = [replace(place, name=name) for place, name in zip(city(*[5] * len(NAMES)), NAMES, strict=True)]
    own = {UnitId(number) for number in mine}
    theirs = opened(WalkoutId("zzzz1"), title="Another", citywide_threshold=20)
    async with world(places, opened(citywide_threshold=20), theirs) as here:
        for place in places:
            if place.id in own:
                await here.appoint(STELLA, "stella", place, here.walkout)
        for place in places[::2]:
            for number in range(6):
                await here.pledge(code(place, number), f"{place.id} {number}")
        here.clock.move_to(NOON + HOUR)
        await here.app.scheduler.run_due()
        others = {place.name for place in places if place.id not in own}
        whole = await stewards.board(here.walkout, here.app.store)
        ids = (here.walkout, "zzzz1", "")
        told = [
            *[await here.says(STELLA, f"/board {text}{csv}") for text in typed for csv in ("", " csv")],
            *[await here.says(STELLA, f"/board csv {text}") for text in typed],
            *[await here.says(STELLA, f"/board {walkout} {text}") for walkout in ids for text in typed],
            *[await here.says(STELLA, press=f"g:{walkout}:{n}:{t}:") for walkout in ids for n in (1, 9) for t in typed],
            *[await here.says(STELLA, f"/{row.name} {text}") for row in COMMANDS for text in typed],
        ]  # fmt: skip
        for answer in told:
            hides(answer, others - {"csv"})
        for suggested in await here.suggestions(STELLA):
            assert not {value for _name, value in suggested} & (others - {"csv"})  # type: ignore[attr-defined]
            assert "zzzz1" not in str(suggested)
        for text in typed[:1]:
            kind, _said, png = await here.says(STELLA, press=f"i:{here.walkout}:{text}:")
            assert kind == "picture"
            only = text.encode(errors="replace").decode()  # half a letter is none
            seen = await stewards.board(here.walkout, here.app.store, only=only, within=own)
            assert png == picture(seen)
            assert {place.name for place in seen.units}.isdisjoint(others)
            assert set(seen.units) <= set(whole.units)
            assert (seen.city, seen.sums) == (whole.city, None)
        for press in ("i:zzzz1:", "g:zzzz1:1:", "g:", "i:", "g:x", "g::1", f"g:{here.walkout}:²:", "m:ABCDEFGH", "m:"):
            kind, _said, file = await here.says(STELLA, press=press)
            assert (kind, file) == ("not_understood", b"")
        heard_nothing_of(others, [text for to, text, _data in here.ears.heard if to == "stella"])


def heard_nothing_of(others: set[str], heard: list[str]) -> None:
    """See that no letter speaks of these; the name of one shop may be part of another's."""
    for name in sorted(set(NAMES) - others, key=len, reverse=True):
        heard = [text.replace(name, "") for text in heard]
    assert not [name for name in others for text in heard if name in text]


@ROOMY
@given(
    st.sets(st.integers(1, len(NAMES)), min_size=1, max_size=3),
    st.lists(st.sampled_from([*NAMES, "", "m", "har", "·", "“", "::", "\ud800"]), min_size=1, max_size=3, unique=True),
)
def test_a_steward_never_sees_another_shop(mine: set[int], typed: list[str]) -> None:
    asyncio.run(looked_around(mine, typed))
