"""Every change of a board number covers at least five people, reaching a threshold excepted.

Four accounts collude: they see all that anybody may see and do what they like with their own pledges. Behind every
change they see stand at least five people, so at least one whom they cannot tell from the others. And as long as fewer
than five people have moved since the last change, and nothing is decided, they see the same whatever these do.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from bot.domain import disclosure, rules
from bot.domain.disclosure import Shown
from bot.domain.model import Announcement, BoardLine, CardState, Counts, Kind, Stage, Unit, UnitId, Walkout
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of
from bot.secrets.keys import Person
from bot.storage.store import Room
from bot.usecases import organizers, stewards
from bot.usecases.stewards import Board, published
from bot.usecases.workers import Seen
from handlers.conversation import Conversation, Ways
from handlers.texts import workers
from handlers.texts.workers import console_can_see
from tests.conftest import HOUR, NOON, fresh_folder, opened
from tests.faults.trials import Trials, trials
from tests.stores import open_app
from tests.test_board_surfaces import surfaces
from tests.test_nothing_more import ANA, OLGA, STELLA, Ears, World, code

COLLUDERS = 4
FEWEST, SEEN = 5, 9  # as the design has it, whatever the code says

Who = tuple[int, int]
"""A person: their workplace and their number there. The first few of all are those who collude."""


@dataclass(frozen=True, kw_only=True)
class Shop:
    id: int
    headcount: int
    threshold: int
    colluding: int  #: of its people, the first so many


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A city, and how many honest people and which colluders stand at each tally."""

    shops: tuple[Shop, ...]
    citywide_threshold: int
    counts: Counts
    confirm: int
    milestones: bool
    rounds: tuple[tuple[tuple[int, int], ...], ...]  #: per tally and shop: honest people, and colluders as bits
    turnout: tuple[tuple[int, ...], ...]  #: per tally of the day and shop
    who: int  #: seed of who of the honest it is


@st.composite
def plots(draw: st.DrawFn, *, days: bool = True) -> Plot:
    left, shops = COLLUDERS, []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        threshold = draw(st.integers(5, 14) | st.integers(5, 62))
        colluding = draw(st.integers(0, left))
        left -= colluding
        headcount = threshold + draw(st.integers(0, 12) | st.integers(0, threshold))
        shops.append(Shop(id=number, headcount=headcount, threshold=threshold, colluding=colluding))
    everybody = sum(shop.headcount for shop in shops)
    some = sum(shop.threshold for shop in shops[: draw(st.integers(1, len(shops)))])
    standing = {shop.id: 0 for shop in shops}
    rounds = []
    for _ in range(draw(st.integers(1, 7))):
        acts = []
        for shop in shops:
            honest = shop.headcount - shop.colluding
            near, now = shop.threshold, standing[shop.id]
            wish = draw(st.sampled_from([now, now + 1, now - 1, now + 4, now - 4, now + 5, now - 5, now + 7, near,
                                         near - 1, near - 4, near + 1, near - 6, near + 6, 0, honest]))  # fmt: skip
            standing[shop.id] = min(max(wish, 0), honest)
            acts.append((standing[shop.id], draw(st.integers(0, 2**shop.colluding - 1))))
        rounds.append(tuple(acts))
    day = st.tuples(*[st.integers(0, shop.headcount) for shop in shops])
    return Plot(
        shops=tuple(shops),
        citywide_threshold=draw(st.sampled_from([5, some, everybody])),
        counts=draw(st.sampled_from(Counts)),
        confirm=draw(st.integers(1, 2)),
        milestones=draw(st.booleans()),
        rounds=tuple(rounds),
        turnout=tuple(draw(st.lists(day, max_size=4))) if days else (),
        who=draw(st.integers(0, 2**32)),
    )


def crowd(shop: Shop, honest: int, bits: int, chance: Random) -> frozenset[Who]:
    """Let so many honest people stand, whoever they are, and these colluders."""
    people = chance.sample(range(shop.colluding, shop.headcount), honest)
    plotting = [number for number in range(shop.colluding) if bits >> number & 1]
    return frozenset((shop.id, number) for number in (*people, *plotting))


def colluders(shop: Shop) -> frozenset[Who]:
    return frozenset((shop.id, number) for number in range(shop.colluding))


# -- a walkout without a bot around it -----------------------------------------------------------------------


@dataclass(kw_only=True)
class City:
    """What the rules make of it, tally by tally."""

    walkout: Walkout
    places: list[Unit]
    news: tuple[Announcement, ...] = ()

    @classmethod
    def of(cls, plot: Plot) -> City:
        every = timedelta(hours=1)
        walkout = opened(
            pledge_by=NOON + (len(plot.rounds) + 4) * every,
            starts=NOON + (len(plot.rounds) + 6) * every,
            tally_every=every,
            citywide_threshold=plot.citywide_threshold,
            citywide_counts=plot.counts,
            confirm_tallies=plot.confirm,
            milestones=plot.milestones,
            turnout=bool(plot.turnout),
        )
        places = [
            Unit(
                id=UnitId(shop.id),
                name=f"Shop {shop.id}",
                headcount=shop.headcount,
                threshold=shop.threshold,
                minted=shop.headcount,
                issued=shop.headcount,
            )
            for shop in plot.shops
        ]
        return cls(walkout=walkout, places=places)

    @property
    def board(self) -> Board:
        return published(self.walkout, self.places)

    def take(self, standing: Sequence[int] | None = None, turnout: Sequence[int] | None = None) -> None:
        """Take the tally that comes next, at which so many stand."""
        due = self.walkout.next_tally
        assert due is not None
        before = self.places
        if standing is not None:
            before = [replace(place, standing=count) for place, count in zip(before, standing, strict=True)]
        if turnout is not None:
            before = [replace(place, turnout=count) for place, count in zip(before, turnout, strict=True)]
        ruling = rules.tally(self.walkout, before, now=due)
        changed = {place.id: place for place in ruling.units}
        self.walkout, self.news = ruling.walkout, ruling.announcements
        self.places = [changed.get(place.id, place) for place in before]

    def seen(self) -> tuple[object, ...]:
        """Give all that organizers, stewards and colluding workers see, in words, files, pictures and letters."""
        whole = surfaces(self.board)
        own = [surfaces(published(self.walkout, self.places, within={place.id})) for place in self.places]
        cards = [
            workers.status(
                Seen(
                    walkout=self.walkout,
                    path=(place,),
                    mine=mine,
                    at=self.walkout.tallied or NOON,
                    lines=disclosure.coarse_lines(self.walkout, self.places),
                )
            )
            for place in self.places
            for mine in (CardState.PLEDGED, CardState.WITHDRAWN)
        ]
        return whole, own, cards, self.news


# -- at least five people ------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Watch:
    """One number of the board, and who stood when it changed last."""

    threshold: int
    colluding: frozenset[Who]
    last: frozenset[Who] = frozenset()
    line: BoardLine = field(default_factory=BoardLine)

    def see(self, line: BoardLine, standing: frozenset[Who], *, decides: bool = False) -> bool:
        """Check what became of it at a tally; say whether anything did."""
        before, self.line = self.line, line
        if (line.reached, line.number) == (before.reached, before.number):
            return False
        last, self.last = self.last, standing
        if line.reached != before.reached:
            if line.reached or decides:
                assert line.reached == (len(standing) >= self.threshold)
            else:
                assert self.threshold - len(standing) >= FEWEST
                assert abs(len(standing) - len(last)) >= SEEN
            return True
        moved = last ^ standing
        assert abs(len(standing) - len(last)) >= FEWEST, (before, line, len(last), len(standing))
        assert len(moved) >= FEWEST
        assert moved - self.colluding
        assert len(last - self.colluding) != len(standing - self.colluding), "it tells only what colluders did"
        assert line.reached or line.number == 0 or line.number >= SEEN  # a reached one shows no number
        return True


Forgets = Callable[[BoardLine], BoardLine]


def watched(plot: Plot, *, forgets: Forgets | None = None) -> int:
    """Check every change of every number; return how many there were."""
    city, chance, changes = City.of(plot), Random(plot.who), 0
    watches = [Watch(threshold=shop.threshold, colluding=colluders(shop)) for shop in plot.shops]
    for acts in plot.rounds:
        standing = [crowd(shop, *each, chance) for shop, each in zip(plot.shops, acts, strict=True)]
        before = city.board
        if forgets is not None:
            city.places = [replace(place, line=forgets(place.line)) for place in city.places]
        city.take([len(people) for people in standing])
        seen = zip(watches, city.places, standing, strict=True)
        decides = Kind.ON in {each.kind for each in city.news}
        changed = [watch.see(place.line, people, decides=decides) for watch, place, people in seen]
        changes += sum(changed)
        _check_board(before, city, changed)
    if city.walkout.stage is not Stage.ON or not plot.turnout:
        return changes
    while city.walkout.tallied != city.walkout.terms.pledge_by:
        city.take()
    return changes + _watched_on_the_day(plot, city, chance)


def _watched_on_the_day(plot: Plot, city: City, chance: Random) -> int:
    watches = [Watch(threshold=shop.threshold, colluding=colluders(shop)) for shop in plot.shops]
    changes = 0
    for counts in plot.turnout:
        people = [
            frozenset((shop.id, number) for number in chance.sample(range(shop.headcount), count))
            for shop, count in zip(plot.shops, counts, strict=True)
        ]
        lines = [place.line for place in city.places]
        city.take(turnout=counts)
        assert [place.line for place in city.places] == lines
        changes += sum(
            watch.see(place.turnout_line, who) for watch, place, who in zip(watches, city.places, people, strict=True)
        )
    return changes


def _check_board(before: Board, city: City, changed: Sequence[bool]) -> None:
    """See that what is shown and told changes only with a number or with a threshold that is crossed."""
    after = city.board
    if not any(changed):
        assert _numbers(after) == _numbers(before)
    for place, has_changed in zip(city.places, changed, strict=True):
        was, now = _line(before, place), _line(after, place)
        assert has_changed or replace(was, out=now.out) == now
    if not any(place.line.reached for place in city.places):
        assert Kind.WORKPLACE_READY not in {each.kind for each in city.news}
    for each in city.news:
        if each.kind is Kind.MILESTONE:
            assert after.city != before.city
        if each.kind is Kind.WORKPLACE_READY:
            assert changed[(each.about or 0) - 1]


def _numbers(board: Board) -> tuple[object, ...]:
    return board.sums, [replace(shown, out=False) for shown in board.units]


def _line(board: Board, place: Unit) -> Shown:
    return next(shown for shown in board.units if isinstance(shown, Shown) and shown.name == place.name)


def hypothesized(tries: Trials, phases: Sequence[Phase] = tuple(Phase)) -> settings:
    return settings(
        max_examples=tries.number,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


@trials(200, full=10_000)
def test_behind_every_change_stand_at_least_five_people_of_whom_one_does_not_collude(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    changes = 0

    @seed(tries.seed)
    @hypothesized(tries)
    @given(plots())
    def transcripts(plot: Plot) -> None:
        nonlocal changes
        changes += watched(plot)

    transcripts()
    record_property("found", f"{changes} changes, none by fewer than five people")
    assert changes > tries.number


# -- what four people do leaves no trace ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Twins:
    """Two worlds in which colluders do the same and see the same up to some tally; then fewer than five people move."""

    plot: Plot
    apart: tuple[tuple[tuple[int, int, int], ...], ...]  #: per tally and shop: honest here, honest there, colluders


@st.composite
def twins(draw: st.DrawFn) -> Twins:
    """Work out, from the design's board rule alone, who may move without anybody's noticing."""
    plot = draw(plots(days=False))
    shops, history = plot.shops, [[honest + bits.bit_count() for honest, bits in acts] for acts in plot.rounds]
    lines = [_by_the_book(shop.threshold, [counts[n] for counts in history]) for n, shop in enumerate(shops)]
    last = plot.rounds[-1]
    apart: list[tuple[tuple[int, int, int], ...]] = []
    for _ in range(draw(st.integers(1, 3))):
        acts = []
        for shop, (reached, anchor), (honest, bits) in zip(shops, lines, last, strict=True):
            plotting = draw(st.integers(0, 2**shop.colluding - 1))
            unseen = [
                people
                for people in range(shop.headcount - shop.colluding + 1)
                if abs(people + plotting.bit_count() - anchor) < FEWEST
                and (reached or people + plotting.bit_count() < shop.threshold)
            ]
            if unseen:
                acts.append((draw(st.sampled_from(unseen)), draw(st.sampled_from(unseen)), plotting))
            else:  # five have moved already, without a number to show for it: whoever is next may change it
                acts.append((honest, honest, bits))
        apart.append(tuple(acts))
    return Twins(plot=plot, apart=tuple(apart))


def _by_the_book(threshold: int, counts: Sequence[int]) -> tuple[bool, int]:
    """Return whether the board says reached after these tallies, and the count at its last change."""
    s = max(5, -(-threshold // 10))
    reached, number, anchor = False, 0, 0
    for count in counts:
        is_reached = count >= threshold or (reached and (threshold - count < FEWEST or abs(count - anchor) < SEEN))
        below = max(0, min(count, threshold - 5)) // s * s
        would_be = max(threshold, count // s * s) if is_reached else below if below >= SEEN else 0
        takes = FEWEST if would_be and number else SEEN
        if is_reached != reached or (would_be != number and abs(count - anchor) >= takes):
            reached, number, anchor = is_reached, would_be, count
    return reached, anchor


def _decided_apart(pair: Twins) -> bool:
    """Say whether, in the end, one world's numbers are reached and the other's not, or by other workplaces."""
    plot = pair.plot

    def goes(counts: Sequence[int]) -> list[bool]:
        ready = [count >= shop.threshold for shop, count in zip(plot.shops, counts, strict=True)]
        return ready if holds(counts) else []

    def holds(counts: Sequence[int]) -> bool:
        everybody = plot.counts is Counts.ALL
        counted = [
            count for shop, count in zip(plot.shops, counts, strict=True) if everybody or count >= shop.threshold
        ]
        ready = any(count >= shop.threshold for shop, count in zip(plot.shops, counts, strict=True))
        return ready and sum(counted) >= plot.citywide_threshold

    here = [goes([one + bits.bit_count() for one, _, bits in acts]) for acts in pair.apart]
    there = [goes([other + bits.bit_count() for _, other, bits in acts]) for acts in pair.apart]
    return here != there


def views(pair: Twins, *, there: bool) -> Iterator[tuple[object, ...]]:
    """Tell what is seen in one of the worlds, from the tally on at which they part."""
    city = City.of(pair.plot)
    for acts in pair.plot.rounds:
        city.take([honest + bits.bit_count() for honest, bits in acts])
    yield city.seen()
    for apart in pair.apart:
        city.take([(other if there else one) + bits.bit_count() for one, other, bits in apart])
        yield city.seen()


def alike(pair: Twins) -> bool:
    return all(here == there for here, there in zip(views(pair, there=False), views(pair, there=True), strict=True))


@trials(200, full=10_000)
def test_what_fewer_than_five_people_do_since_the_last_change_is_seen_nowhere(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    differing = 0

    @seed(tries.seed)
    @hypothesized(tries)
    @given(twins())
    def transcripts(pair: Twins) -> None:
        nonlocal differing
        assume(not _decided_apart(pair))
        assert alike(pair)
        differing += any(one != other for acts in pair.apart for one, other, _ in acts)

    transcripts()
    record_property("found", f"{differing} pairs of cities that differ, none by what is seen")
    assert differing > tries.number / 2


# -- the same, asked of a living bot --------------------------------------------------------------------------


@dataclass(kw_only=True)
class Played:
    """A bot that lives through one of two worlds, with those around it who look as closely as they can."""

    pair: Twins
    there: bool
    here: World
    standing: set[Who] = field(default_factory=set)
    answers: list[object] = field(default_factory=list)

    async def tally(self, acts: Sequence[tuple[int, int]]) -> None:
        """Let so many honest people stand, and these colluders; then take the tally."""
        wanted = {who for shop, each in zip(self.pair.plot.shops, acts, strict=True) for who in _the_first(shop, *each)}
        places = {place.id: place for place in await self.here.app.store.units(self.here.walkout)}
        for shop, number in sorted(wanted ^ self.standing):
            card, who = code(places[UnitId(shop)], number), Person("console", f"{shop} {number}")
            letter = "p" if (shop, number) in wanted else "w"
            answer = await self.here.says(who, press=f"{letter}:{card}.{self.here.walkout}")
            assert answer[0] == {"p": "pledged", "w": "withdrawn"}[letter]
            if number < self.pair.plot.shops[shop - 1].colluding:
                self.answers.append(answer)
        self.standing = wanted
        self.here.clock.move_to(self.here.clock() + HOUR)
        await self.here.app.scheduler.run_due()

    async def look(self) -> None:
        """Ask everything, as an organizer, a steward, those who collude, a stranger with a photographed sheet."""
        places = await self.here.app.store.units(self.here.walkout)
        asks = ["/board", "/board csv", "/walkouts", "/rooms", "/audit", "/report", "/status", "/open", "/help"]
        own = [f"/status {code(place, 0)}" for place in places]
        photographed = [f"/start {code(place, n)}" for place in places for n in range(3, place.headcount, 9)]
        for who, typed in ((OLGA, asks), (STELLA, asks), (ANA, [*own, *photographed])):
            self.answers += [await self.here.says(who, text) for text in typed]
        for shop in self.pair.plot.shops:
            for number in range(shop.colluding):
                who, card = Person("console", f"{shop.id} {number}"), code(places[shop.id - 1], number)
                self.answers.append(await self.here.says(who, f"/status {card}"))
        heard = [(to, _without_chance(words)) for to, words, _ in self.here.ears.heard]
        self.answers.append(sorted(heard))
        self.here.ears.heard.clear()

    async def print_anew(self) -> None:
        """Void every sheet, and try how many cards may be printed then."""
        for place in await self.here.app.store.units(self.here.walkout):
            numbers = {1, place.threshold // 2, place.headcount - 5, place.headcount - 4, place.headcount}
            for text in (f"/cards void {place.name}", *(f"/cards {place.name} {n}" for n in sorted(numbers))):
                kind, said, _ = await self.here.says(OLGA, text)
                self.answers.append((kind, _without_chance(said)))


def _the_first(shop: Shop, honest: int, bits: int) -> Iterator[Who]:
    yield from ((shop.id, number) for number in range(shop.colluding, shop.colluding + honest))
    yield from ((shop.id, number) for number in range(shop.colluding) if bits >> number & 1)


def _without_chance(text: str) -> str:
    """Leave out what is drawn by chance: a proposal's number, and an announcement's reference."""
    return re.sub(r"\b[0-9A-Z]{4}-?[0-9A-Z]{4}\b", "", text)


async def lived(pair: Twins, *, there: bool) -> list[object]:
    """Play one of the worlds, with a restart where they part."""
    city = City.of(pair.plot)
    with fresh_folder() as folder:
        async with city_hall(folder, city, first=True) as here:
            await here.appoint(STELLA, "stella", city.places[0], here.walkout)
            one = Played(pair=pair, there=there, here=here)
            for acts in pair.plot.rounds:
                await one.tally(acts)
            await one.look()
        async with city_hall(folder, city, at=here.clock()) as here:
            other = Played(pair=pair, there=there, here=here, standing=one.standing)
            for apart in pair.apart:
                await other.tally([(away if there else home, bits) for home, away, bits in apart])
                await other.look()
            await other.print_anew()
    return [*one.answers, *other.answers]


@asynccontextmanager
async def city_hall(folder: Path, city: City, *, first: bool = False, at: datetime = NOON) -> AsyncIterator[World]:
    """Open a bot on this folder."""
    clock, ears = MovableClock(at), Ears()
    async with open_app(folder, clock=clock, senders={"console": ears}) as app:
        if first:
            await set_up(app, city.walkout, city.places)
        yield World(
            app=app,
            clock=clock,
            ears=ears,
            conversation=Conversation(app, Ways(can_see=console_can_see, in_a_hurry=True)),
            walkout=city.walkout.id,
        )


async def set_up(app: App, walkout: Walkout, places: Sequence[Unit]) -> None:
    """Prepare the walkout, its cards, its rooms and its organizer."""
    app.keys.add_walkout(walkout.id)
    await app.store.add_walkout(walkout, places)
    hashes = {place.id: [key_of(code(place, n)) for n in range(place.headcount)] for place in places}
    await stewards.mint(walkout.id, hashes, app.store, app.keys)
    await organizers.add(OLGA, "olga", app.store, app.keys)
    for scope in (None, *(place.id for place in places)):
        room = Room(walkout=walkout.id, scope=scope, way="console", address=f"#{scope}")
        await organizers.bind_room(room, app.store)


@trials(3, full=200)
def test_a_living_bot_asked_everything_does_not_tell_the_worlds_apart_either(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    asked = 0

    @seed(tries.seed)
    @hypothesized(tries, [Phase.generate])
    @given(twins())
    def transcripts(pair: Twins) -> None:
        nonlocal asked
        assume(not _decided_apart(pair))
        assume(any(one != other for acts in pair.apart for one, other, _ in acts))
        answers = asyncio.run(lived(pair, there=False))
        assert answers == asyncio.run(lived(pair, there=True))
        asked += len(answers)

    transcripts()
    record_property("found", f"{asked} answers, none of which differs")


# -- and they would be seen -----------------------------------------------------------------------------------


PLANTED = settings(
    max_examples=300,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


def test_a_board_that_shows_exact_numbers_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosure, "step", lambda _threshold: 1)
    monkeypatch.setattr(disclosure, "FEWEST", 1)
    with pytest.raises(AssertionError):
        seed(1)(PLANTED(given(plots())(_check_watched)))()
    with pytest.raises(AssertionError):
        seed(1)(PLANTED(given(twins())(_check_alike)))()


def test_a_number_that_is_not_held_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosure, "FEWEST", 4)
    with pytest.raises(AssertionError):
        seed(1)(PLANTED(given(plots())(_check_watched)))()


def test_an_anchor_forgotten_at_a_restart_would_be_seen() -> None:
    def forgetful(plot: Plot) -> None:
        watched(plot, forgets=lambda line: replace(line, anchor=0))

    with pytest.raises(AssertionError):
        seed(1)(PLANTED(given(plots())(forgetful)))()


def _check_watched(plot: Plot) -> None:
    watched(plot)


def _check_alike(pair: Twins) -> None:
    assume(not _decided_apart(pair))
    assert alike(pair)
