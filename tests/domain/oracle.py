"""The rules a second time, read off the design alone, as plainly as can be.

It knows a flat list of what people did and the moments at which the bot looked. At each tally it counts
everything again from the first event on; nothing is carried from one tally to the next. Slow on purpose, and
a stranger to `bot.domain`: where the two disagree, one of them has misread the design.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil

PUNCTUAL = timedelta(minutes=1)
"""A tally run so soon after its instant is on time; the design does not say how punctual a clock must be."""

News = tuple[str, str, int | None, int | None, int | None]
"""Kind, occasion, whose rooms hear it (None: the citywide ones, or no room), the workplace it is about, quarters."""


@dataclass(frozen=True, kw_only=True)
class Shop:
    id: int
    headcount: int
    threshold: int


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
    shops: tuple[Shop, ...]
    citywide_threshold: int
    everybody_counts: bool  #: citywide_counts = "all"
    minimum_workplaces: int
    confirm_tallies: int | None
    milestones: bool = False
    reminders: tuple[timedelta, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What is true once a tally is taken."""

    instant: datetime
    stage: str
    out: frozenset[int]
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


def standing(events: Sequence[Event], shop: int, instant: datetime) -> int:
    """Count the cards of a workplace whose last event before `instant` is a pledge."""
    last = {event.card: event.pledges for event in events if event.shop == shop and event.at < instant}
    return sum(last.values())


def holds(plan: Plan, events: Sequence[Event], instant: datetime) -> bool:
    """Say whether the numbers are reached at `instant`, whatever was the case before."""
    counts = {shop.id: standing(events, shop.id, instant) for shop in plan.shops}
    ready = [shop.id for shop in plan.shops if counts[shop.id] >= shop.threshold]
    counted = sum(counts.values()) if plan.everybody_counts else sum(counts[shop] for shop in ready)
    return counted >= plan.citywide_threshold and len(ready) >= plan.minimum_workplaces


def turning(plan: Plan, events: Sequence[Event], looks: Sequence[datetime]) -> int | None:
    """Return which tally, from 0, turns the walkout on."""
    runs = taken(plan, looks)
    held = [holds(plan, events, instant) for instant, _ in runs]
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


def board_line(counts: Sequence[int], threshold: int, decisions: AbstractSet[int] = frozenset()) -> tuple[bool, int]:
    """Work out what the board shows of a workplace after tallies at which it stood at these counts.

    At the tallies that decide, by their place among these, it says reached if and only if it is.
    """
    s = max(5, ceil(Fraction(threshold, 10)))
    reached, number, anchor = False, 0, 0
    for i, count in enumerate(counts):
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
    if len(plan.shops) < 3:
        return None
    counted = [(False, 0) for _ in plan.shops]
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
    counts = {shop.id: [standing(events, shop.id, at) for at, _ in runs] for shop in plan.shops}
    ready = [{shop.id for shop in plan.shops if counts[shop.id][i] >= shop.threshold} for i in range(now + 1)]
    decisions = {i for i, (at, _) in enumerate(runs) if i == turn or at == plan.pledge_by}
    boards = [
        tuple(board_line(counts[shop.id][: i + 1], shop.threshold, decisions) for shop in plan.shops)
        for i in range(now + 1)
    ]
    news: set[News]
    if turn is not None and turn <= now:
        stage, out = "on", _out(plan, ready, runs, turn)
        before = _out(plan, ready[:now], runs, turn)
        missing = "not_out" if runs[now][0] == plan.pledge_by else "not_yet_out"
        news = _news_of_turning(plan, now, out, missing) if turn == now else _news_of_joining(now, out - before)
        if runs[now][0] == plan.pledge_by and turn != now:
            news |= _last_word(plan, now, out, ready[now], joining=out - before)
    elif runs[now][0] == plan.pledge_by:
        stage, out = "lapsed", set()
        news = {("lapsed", str(now + 1), shop.id, shop.id, None) for shop in plan.shops}
        news.add(("lapsed", str(now + 1), None, None, None))
    else:
        stage, out = "open", set()
        news = _news_while_open(plan, [at for at, _ in runs], ready, boards)
    return Tally(
        instant=runs[now][0],
        stage=stage,
        out=frozenset(out),
        board=boards[now],
        city=_city(plan, boards[now]),
        coarse=coarse_line(boards, plan, [at for at, _ in runs], decisions),
        news=frozenset(news),
    )


def _out(plan: Plan, ready: Sequence[set[int]], runs: Sequence[tuple[datetime, datetime]], turn: int) -> set[int]:
    """Everybody ready at the tally that turned it on, or at one since."""
    since = [ready[i] for i in range(turn, len(ready)) if not _too_late(plan, *runs[i])]
    return set().union(*since)


def _last_word(plan: Plan, now: int, out: set[int], ready: set[int], *, joining: set[int]) -> set[News]:
    """A yes or a no for each workplace that has not had its yes at this very tally."""
    said = {
        shop.id: "not_out" if shop.id not in out else "last_word" if shop.id in ready else "fewer_now"
        for shop in plan.shops
        if shop.id not in joining
    }
    return {("last_word", str(now + 1), None, None, None)} | {
        (kind, str(now + 1), shop, shop, None) for shop, kind in said.items()
    }


def _news_of_turning(plan: Plan, now: int, out: set[int], missing: str) -> set[News]:
    news: set[News] = {("on", str(now + 1), None, None, None)}
    for shop in plan.shops:
        news.add(("we_are_out" if shop.id in out else missing, str(now + 1), shop.id, shop.id, None))
    return news


def _news_of_joining(now: int, joining: set[int]) -> set[News]:
    return {("workplace_joins", str(now + 1), scope, shop, None) for shop in joining for scope in (None, shop)}


def _news_while_open(
    plan: Plan,
    instants: Sequence[datetime],
    ready: Sequence[set[int]],
    boards: Sequence[Sequence[tuple[bool, int]]],
) -> set[News]:
    now = len(instants) - 1
    told = set().union(*ready[:now])
    news: set[News] = {("workplace_ready", str(now + 1), shop, shop, None) for shop in ready[now] - told}
    if news:
        news.add(("workplaces_ready", str(now + 1), None, None, None))  # to organizers, all in one
    quarters = [_quarters(coarse_line(boards[: i + 1], plan, instants)) for i in range(now + 1)]
    if plan.milestones and quarters[now] > max([0, *quarters[:now]]):
        news.add(("milestone", str(now + 1), None, None, quarters[now]))
    return news


def _city(plan: Plan, board: Sequence[tuple[bool, int]]) -> tuple[int, int, int]:
    pledged = sum(number for _, number in board)
    at_reached = sum(number for reached, number in board if reached)
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
        counts = {shop.id: [standing(presses, shop.id, at) for at in taken_at] for shop in plan.shops}
        board = tuple(board_line(counts[shop.id], shop.threshold) for shop in plan.shops)
        told.append(Turnout(instant=taken_at[-1], board=board))
    return told
