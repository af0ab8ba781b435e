"""The rules a second time, read off the design alone, as plainly as can be.

It knows a flat list of what people did and the moments at which the bot looked. At each tally it counts
everything again from the first event on; nothing is carried from one tally to the next. Slow on purpose, and
a stranger to `bot.domain`: where the two disagree, one of them has misread the design.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from math import ceil

PUNCTUAL = timedelta(minutes=1)
"""A tally run so soon after its instant is on time; the design does not say how punctual a clock must be."""

News = tuple[str, str, int | None, int | None, int | None]
"""Kind, occasion, whose rooms hear it (None: the citywide ones, or no room), the workplace it is about, quarters."""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A unit: a workplace, unless it says another tier."""

    id: int
    headcount: int
    threshold: int
    parent: int = 0  #: 0: the whole walkout
    tier: str = "workplace"  #: or "area", above it, or "department", below it
    minimum: int = 0  #: of the units right below, so many must be ready


@dataclass(frozen=True, kw_only=True)
class Event:
    at: datetime
    card: str
    shop: int
    pledges: bool  #: or takes the pledge back


@dataclass(frozen=True, kw_only=True)
class Plan:
    opening: datetime
    every: timedelta
    pledge_by: datetime
    starts: datetime
    shops: tuple[Shop, ...]  #: of all tiers
    citywide_threshold: int
    everybody_counts: bool  #: citywide_counts = "all"
    minimum_workplaces: int
    confirm_tallies: int | None
    milestones: bool = False
    reminders: tuple[timedelta, ...] = ()
    leaving: tuple[tuple[datetime, int], ...] = ()  #: when whose own organizers want to take them out

    @property
    def units(self) -> list[Shop]:
        return [shop for shop in self.shops if shop.tier == "workplace"]

    @property
    def leaves(self) -> list[Shop]:
        """Where cards are."""
        return [shop for shop in self.shops if shop.tier != "area" and not self.below(shop.id)]

    def below(self, unit: int) -> list[Shop]:
        """Return the units right below one, or below the whole walkout."""
        return [shop for shop in self.shops if shop.parent == unit]

    def areas_of(self, shop: Shop) -> list[Shop]:
        """Return every area that a workplace, or an area, is in."""
        parents = [each for each in self.shops if each.id == shop.parent]
        return [each for parent in parents for each in (parent, *self.areas_of(parent))]

    def workplace_of(self, shop: Shop) -> int:
        """Return what a unit's verdict is about: to a department it is its workplace's."""
        return shop.parent if shop.tier == "department" else shop.id


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What is true once a tally is taken."""

    instant: datetime
    stage: str
    out: frozenset[int]  #: workplaces, the areas that they are in, and their departments
    board: tuple[tuple[bool, int], ...]  #: per workplace: reached, and the number
    city: tuple[int, int, int]  #: for organizers: pledged, counted, workplaces that show "reached"
    coarse: tuple[int, int] | None  #: for everybody else, as it would be if it were not on
    news: frozenset[News]


def schedule(plan: Plan) -> list[datetime]:
    """Opening + n x `tally_every`, n from 1, and `pledge_by`, each instant once."""
    instants = {plan.pledge_by}
    n = 1
    while plan.opening + n * plan.every < plan.pledge_by:
        instants.add(plan.opening + n * plan.every)
        n += 1
    return sorted(instants)


def taken(plan: Plan, looks: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """Pair each tally that was taken with the moment it ran: after downtime the latest missed one, once."""
    pairs: list[tuple[datetime, datetime]] = []
    for look in looks:
        missed = [
            instant for instant in schedule(plan) if instant <= look and all(instant > earlier for earlier, _ in pairs)
        ]
        if missed:
            pairs.append((missed[-1], look))
    return pairs


def left(plan: Plan, run: datetime, turned: datetime | None = None) -> frozenset[int]:
    """Name what has left by then with all below it: a day before the deadline at the latest, and not once it is on."""
    last = plan.pledge_by - timedelta(hours=24)
    those = {unit for at, unit in plan.leaving if at < run and at <= last and (turned is None or at < turned)}
    return frozenset(shop.id for shop in plan.shops if those & {shop.id, *(above.id for above in plan.areas_of(shop))})


def standing(events: Sequence[Event], shop: int, instant: datetime) -> int:
    """Count the cards of a workplace whose last event before `instant` is a pledge."""
    last = {event.card: event.pledges for event in events if event.shop == shop and event.at < instant}
    return sum(last.values())


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is so at one instant, whatever was the case before."""

    plan: Plan
    events: Sequence[Event]
    instant: datetime
    left: frozenset[int] = frozenset()  #: by the moment at which it is counted

    @cached_property
    def all(self) -> Mapping[int, tuple[int, bool]]:
        """Return for each unit who has pledged there, and whether it has what it takes."""
        return {shop.id: self._of(shop) for shop in self.plan.shops}

    def _of(self, shop: Shop) -> tuple[int, bool]:
        """Count nobody twice; in an area, those in what is ready right below it."""
        below = [self._of(each) for each in self.plan.below(shop.id)]
        people = sum(number for number, is_ready in below if is_ready or shop.tier == "workplace")
        if not below and shop.tier != "area":
            people = min(standing(self.events, shop.id, self.instant), shop.headcount)
        fewest = max(1, shop.minimum) if shop.tier == "area" else shop.minimum
        if shop.id in self.left:
            return people, False
        has_number = shop.threshold > 0 or shop.tier == "area"  # a department without one reaches none
        return people, has_number and people >= shop.threshold and sum(ready for _, ready in below) >= fewest

    @cached_property
    def ready(self) -> frozenset[int]:
        return frozenset(shop for shop, (_, is_ready) in self.all.items() if is_ready)

    def holds(self) -> bool:
        """Say whether the numbers are reached."""
        plan = self.plan
        who = plan.units if plan.everybody_counts else [each for each in plan.below(0) if each.id in self.ready]
        paths = [{shop.id, *(area.id for area in plan.areas_of(shop))} for shop in plan.units]
        enough = sum(self.all[shop.id][0] for shop in who) >= plan.citywide_threshold
        return enough and sum(path <= self.ready for path in paths) >= plan.minimum_workplaces


def turning(plan: Plan, events: Sequence[Event], looks: Sequence[datetime]) -> int | None:
    """Return which tally, from 0, turns the walkout on."""
    runs = taken(plan, looks)
    held = [Found(plan=plan, events=events, instant=at, left=left(plan, run)).holds() for at, run in runs]
    for i, (instant, run) in enumerate(runs):
        wanted = plan.confirm_tallies
        if wanted is None:
            wanted = 2 if any(instant < later < plan.pledge_by for later in schedule(plan)) else 1
        row = held[max(0, i + 1 - wanted) : i + 1]
        confirmed = all(row) and len(row) == wanted
        last_chance = held[i] and instant == plan.pledge_by
        if (confirmed or last_chance) and not _too_late(plan, instant, run):
            return i
    return None


def _too_late(plan: Plan, instant: datetime, run: datetime) -> bool:
    return run > plan.starts and run - instant > PUNCTUAL


def board_line(
    counts: Sequence[int],
    threshold: int,
    decisions: AbstractSet[int] = frozenset(),
    lacking: AbstractSet[int] = frozenset(),
) -> tuple[bool, int]:
    """Work out what the board shows of a workplace after tallies at which it stood at these counts.

    At the tallies that decide, by their place among these, it says reached if and only if it is. At those where it was
    lacking something else it comes to one less than its number, unless it says reached already and stays so.
    """
    s = max(5, ceil(Fraction(threshold, 10)))
    reached, number, anchor = False, 0, 0
    for i, people in enumerate(counts):
        is_held = i in lacking and (i in decisions or not reached)
        count = min(people, threshold - 1) if is_held else people
        moved = abs(count - anchor)
        if i in decisions or not reached or (moved >= 9 and threshold - count >= 5):
            now_reached = count >= threshold
        else:
            now_reached = True
        if now_reached:
            would_be = max([threshold, *range(0, count + 1, s)])
        else:
            would_be = max([0, *(m for m in range(0, count + 1, s) if 9 <= m <= threshold - 5)])
        if now_reached != reached or (would_be != number and moved >= (5 if would_be and number else 9)):
            reached, number, anchor = now_reached, would_be, count
    return reached, number


def coarse_line(
    boards: Sequence[Sequence[tuple[bool, int]]],
    plan: Plan,
    instants: Sequence[datetime],
    decisions: AbstractSet[int] = frozenset(),
) -> tuple[int, int] | None:
    """Work out what everybody but organizers sees of the city before it is on: tenths, and how many reached theirs."""
    if len(plan.units) < 3:
        return None
    counted = [(False, 0) for _ in plan.units]
    for i, board in enumerate(boards):
        moved = sum(now != then for now, then in zip(board, counted, strict=True))
        sixes = [(at - plan.opening) // timedelta(hours=6) for at in (plan.opening, *instants[: i + 1])]
        if (moved >= 3 and sixes[-1] > sixes[-2]) or i in decisions:
            counted = list(board)
    _, people, reached = _city(plan, counted)
    tenths = max(n for n in range(10) if people >= Fraction(n, 10) * plan.citywide_threshold)
    return tenths, reached if reached >= 3 else 0


def history(plan: Plan, events: Sequence[Event], looks: Sequence[datetime]) -> list[Tally]:
    """Tell every tally of a walkout nobody calls off."""
    runs = taken(plan, looks)
    turn = turning(plan, events, looks)
    return [_tally(plan, events, runs[: i + 1], turn) for i in range(len(runs))]


def _tally(plan: Plan, events: Sequence[Event], runs: Sequence[tuple[datetime, datetime]], turn: int | None) -> Tally:
    """Tell the last of these tallies."""
    now = len(runs) - 1
    turned = None if turn is None or turn > now else runs[turn][1]
    found = [Found(plan=plan, events=events, instant=at, left=left(plan, run, turned)) for at, run in runs]
    ready = [each.ready for each in found]
    decisions = {i for i, (at, _) in enumerate(runs) if i == turn or at == plan.pledge_by}
    boards = [
        tuple(
            board_line(
                [each.all[shop.id][0] for each in found[: i + 1]],
                shop.threshold,
                decisions,
                lacking={j for j in range(i + 1) if shop.id not in ready[j]},
            )
            for shop in plan.units
        )
        for i in range(now + 1)
    ]
    occasion, final = str(now + 1), runs[now][0] == plan.pledge_by
    out: set[int] = set()
    if turn is not None and turn <= now:
        stage, out = "on", _out(plan, ready, runs, turn)
        joining = out - _out(plan, ready[:now], runs, turn)
        if turn == now:
            news = _news_of_turning(plan, occasion, out, found[now].left, "not_out" if final else "not_yet_out")
        else:
            news = _news_of_joining(plan, occasion, joining)
        if final and turn != now:
            news |= _last_word(plan, occasion, out, ready[now], joining)
    elif final:
        stage = "lapsed"
        news = {("lapsed", occasion, shop.id, shop.id, None) for shop in plan.shops}
        news.add(("lapsed", occasion, None, None, None))
    else:
        stage = "open"
        news = _news_while_open(plan, [at for at, _ in runs], ready, boards, found[now].left)
    return Tally(
        instant=runs[now][0],
        stage=stage,
        out=frozenset(out),
        board=boards[now],
        city=_city(plan, boards[now]),
        coarse=coarse_line(boards, plan, [at for at, _ in runs], decisions),
        news=frozenset(news),
    )


def _out(
    plan: Plan, ready: Sequence[AbstractSet[int]], runs: Sequence[tuple[datetime, datetime]], turn: int
) -> set[int]:
    """Everybody whose whole path was ready, or out already, at the tally that turned it on or at one since."""
    out: set[int] = set()
    for i in range(turn, len(ready)):
        if not _too_late(plan, *runs[i]):
            units = [shop for shop in plan.shops if shop.tier != "department"]
            out |= {s.id for s in units if {s.id, *(area.id for area in plan.areas_of(s))} <= ready[i] | out}
    return out | {shop.id for shop in plan.shops if shop.tier == "department" and shop.parent in out}


def _last_word(
    plan: Plan, occasion: str, out: AbstractSet[int], ready: AbstractSet[int], joining: AbstractSet[int]
) -> set[News]:
    """A yes or a no for each workplace that has not had its yes at this very tally."""
    news: set[News] = {("last_word", occasion, None, None, None)}
    for shop in plan.shops:
        about = plan.workplace_of(shop)
        if shop.id not in out:
            news.add(("not_out", occasion, shop.id, about, None))
        elif shop.tier == "area":
            news.add(("last_word", occasion, shop.id, about, None))
        elif shop.id not in joining:
            news.add(("last_word" if about in ready else "fewer_now", occasion, shop.id, about, None))
    return news


def _news_of_turning(
    plan: Plan, occasion: str, out: AbstractSet[int], gone: AbstractSet[int], missing: str
) -> set[News]:
    news: set[News] = {("on", occasion, None, None, None)}
    for shop in plan.shops:
        yes = "on" if shop.tier == "area" else "we_are_out"  # of an area not all need walk out: it hears who does
        no = "not_out" if shop.id in gone else missing
        news.add((yes if shop.id in out else no, occasion, shop.id, plan.workplace_of(shop), None))
    return news


def _news_of_joining(plan: Plan, occasion: str, joining: AbstractSet[int]) -> set[News]:
    """Of a whole area that joins everybody above it hears once; in it each unit hears of itself."""
    news: set[News] = set()
    for shop in plan.shops:
        if shop.id in joining and shop.tier != "department":
            scopes: set[int | None] = {shop.id}
            if shop.tier == "workplace":
                scopes |= {each.id for each in plan.below(shop.id)}
            areas = {area.id for area in plan.areas_of(shop)}
            if not areas & joining:
                scopes |= {None, *areas}
            news |= {("workplace_joins", occasion, scope, shop.id, None) for scope in scopes}
    return news


def _news_while_open(
    plan: Plan,
    instants: Sequence[datetime],
    ready: Sequence[AbstractSet[int]],
    boards: Sequence[Sequence[tuple[bool, int]]],
    gone: AbstractSet[int],
) -> set[News]:
    now = len(instants) - 1
    # nobody is told of departments, nor of areas that have no number to reach
    silent = {shop.id for shop in plan.shops if shop.tier == "department"}
    silent |= {shop.id for shop in plan.shops if shop.tier == "area" and shop.threshold == 0 and shop.minimum <= 1}
    told = silent.union(*ready[:now])
    news: set[News] = {("workplace_ready", str(now + 1), shop, shop, None) for shop in ready[now] - told}
    if news:
        news.add(("workplaces_ready", str(now + 1), None, None, None))  # to organizers, all in one
    quarters = [_quarters(coarse_line(boards[: i + 1], plan, instants)) for i in range(now + 1)]
    is_so = plan.everybody_counts or not gone  # the line goes on counting what has left
    if plan.milestones and is_so and quarters[now] > max([0, *quarters[:now]]):
        news.add(("milestone", str(now + 1), None, None, quarters[now]))
    return news


def _city(plan: Plan, board: Sequence[tuple[bool, int]]) -> tuple[int, int, int]:
    lines = {shop.id: line for shop, line in zip(plan.units, board, strict=True)}

    def shown(shop: Shop) -> tuple[bool, int]:
        """Say of a workplace what its line does, and of an area what follows from those in it."""
        if shop.tier == "workplace":
            return lines[shop.id]
        below = [shown(each) for each in plan.below(shop.id)]
        people = sum(number for reached, number in below if reached)
        ready = sum(reached for reached, _ in below)
        return people >= shop.threshold and ready >= max(1, shop.minimum), people

    pledged = sum(number for _, number in board)
    at_reached = sum(number for reached, number in map(shown, plan.below(0)) if reached)
    return pledged, pledged if plan.everybody_counts else at_reached, sum(reached for reached, _ in board)


def _quarters(coarse: tuple[int, int] | None) -> int:
    tenths = coarse[0] if coarse else 0
    return max(q for q in (0, 1, 2, 3) if tenths >= Fraction(10 * q, 4))


def reminders(plan: Plan, looks: Sequence[datetime]) -> list[datetime | None]:
    """Return, per look, the due time of the reminder it makes: the newest overdue one, if it is a new one."""
    dues = sorted({plan.pledge_by - before for before in plan.reminders})
    made: list[datetime | None] = []
    for look in looks:
        overdue = [due for due in dues if plan.opening < due <= look]
        fresh = bool(overdue) and overdue[-1] not in made and look < plan.pledge_by
        made.append(overdue[-1] if fresh else None)
    return made


# --- the day itself ---


@dataclass(frozen=True, kw_only=True)
class Turnout:
    """What a tally of the day leaves on the board about who is out."""

    instant: datetime
    board: tuple[tuple[bool, int], ...]  #: per workplace: as many as the threshold, and the number


def day(plan: Plan) -> list[datetime]:
    """Starts + n x `tally_every`, n from 1, and 24 hours after starts, each instant once."""
    last = plan.starts + timedelta(hours=24)
    instants = {last}
    n = 1
    while plan.starts + n * plan.every < last:
        instants.add(plan.starts + n * plan.every)
        n += 1
    return sorted(instants)


def turnout(plan: Plan, presses: Sequence[Event], looks: Sequence[datetime]) -> list[Turnout]:
    """Tell every tally of the day: after downtime the latest missed one, once; each counts from scratch."""
    taken_at: list[datetime] = []
    told = []
    for look in looks:
        missed = [instant for instant in day(plan) if instant <= look and instant > max([plan.starts, *taken_at])]
        if not missed:
            continue
        taken_at.append(missed[-1])
        board = tuple(board_line(_out_at(plan, shop, presses, taken_at), shop.threshold) for shop in plan.units)
        told.append(Turnout(instant=taken_at[-1], board=board))
    return told


def _out_at(plan: Plan, shop: Shop, presses: Sequence[Event], instants: Sequence[datetime]) -> list[int]:
    """Count who says to be out at a workplace, or at its departments, at each of these instants."""
    here = plan.below(shop.id) or [shop]
    return [sum(min(standing(presses, each.id, at), each.headcount) for each in here) for at in instants]
