"""What a steward can do: read the board, hand out cards."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain import disclosure, rules
from bot.domain.errors import BeyondHeadcount, NoCardsWithOpenEntry, NoSuchUnit, WrongStage
from bot.domain.model import Entry, Stage, Unit, UnitId, Walkout, WalkoutId
from bot.domain.pledging import NewCard
from bot.parsing.typed_text import nearest_names, plain_name, same_name
from bot.secrets.keys import Keys
from bot.storage.store import Store

NAMED_AT_MOST = 10
NEAREST = 3
LONGEST_NAME = 60

PAUSE = 500
"""Cards that are made before others have their turn: a hundred thousand take a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """What the last tally published; the workplaces nearest to their threshold first."""

    walkout: Walkout
    units: tuple[disclosure.Shown, ...]
    everywhere: int  #: how many workplaces there are, whichever are chosen
    city: disclosure.Coarse | None  #: the city as anybody may see it; None: it has too few workplaces
    sums: disclosure.City | None  #: the city as organizers see it; None for everybody else
    only: str = ""  #: what the names of the workplaces were chosen by
    nearest: tuple[str, ...] = ()  #: the names that may have been meant where none was chosen


async def board(walkout: WalkoutId, store: Store, *, only: str = "", within: Collection[UnitId] | None = None) -> Board:
    """Return the board as of the last tally; it is never recomputed on demand.

    With `only`, the workplaces whose names contain it. With `within`, none but these: a steward's own. Without it
    it is an organizer's board.
    """
    seen = await store.walkout(walkout)
    return published(seen, await store.units(walkout), only=only, within=within)


def published(
    walkout: Walkout,
    places: Iterable[Unit],
    *,
    only: str = "",
    within: Collection[UnitId] | None = None,
) -> Board:
    """Leave out whatever nobody may see: from here on, every way to look at a board has only this."""
    places = list(places)
    wanted = plain_name(only)
    mine = places if within is None else [place for place in places if place.id in within]
    chosen = [disclosure.shown(place, walkout) for place in mine if wanted in plain_name(place.name)]
    return Board(
        walkout=walkout,
        units=tuple(sorted(chosen, key=_distance)),
        everywhere=len(places),
        city=disclosure.coarse(walkout, places),
        sums=disclosure.city(walkout, places) if within is None else None,
        only=only.strip()[:LONGEST_NAME],
        nearest=() if chosen else tuple(nearest_names((place.name for place in mine), only, NEAREST)),
    )


def _distance(place: disclosure.Shown) -> tuple[bool, float, str]:
    # by what is shown, never by the exact count: an order is a leak as well. What a workplace adds to the city
    # beyond its threshold is not shown, so those that reached it stand by name
    short = 0.0 if place.reached else -place.number / place.threshold
    return (not place.reached, short, place.name.casefold())


def find(places: Sequence[Unit], name: str) -> Unit:
    """Return the workplace of this name, or the only one whose name contains it. Raises NoSuchUnit.

    A whole name goes before a part of another, and one that is spelled exactly so before one that is read the same.
    """
    wanted = plain_name(name)
    holding = [(place, plain) for place in places if wanted in (plain := plain_name(place.name))]
    named = [place for place, plain in holding if plain == wanted]
    found = [place for place in named if place.name == name] or named or [place for place, _plain in holding]
    if len(found) == 1:
        return found[0]
    close = [place.name for place in found] or nearest_names((place.name for place in places), name, NEAREST)
    raise NoSuchUnit(name[:LONGEST_NAME], tuple(close[:NAMED_AT_MOST]))


def begins(keyword: str, words: Sequence[str], places: Iterable[Unit]) -> bool:
    """Say whether words begin with a keyword of ours, where a workplace may be called "Void Depot", or just "Off".

    A whole name goes first, unless the keyword stands there in small letters: alone, or before another's exact name.
    """
    if not words or words[0].casefold() != keyword:
        return False
    names, rest = [place.name for place in places], " ".join(words[1:])
    if words[0] == keyword and (not rest or rest in names):
        return True
    return not any(same_name(name, " ".join(words)) for name in names)


def is_name(places: Iterable[Unit], name: str) -> bool:
    """Say whether a workplace is called exactly that."""
    return any(same_name(place.name, name) for place in places)


async def cards_wanted(
    walkout: WalkoutId, store: Store, *, only: UnitId | None, number: int | None
) -> list[tuple[Unit, int]]:
    """Say how many cards to mint at each workplace: `number`, or what is missing to the head-count.

    Raises NoCardsWithOpenEntry, WrongStage (the walkout is over), BeyondHeadcount.
    """
    seen = await store.walkout(walkout)
    if seen.terms.entry is Entry.OPEN:
        raise NoCardsWithOpenEntry
    if seen.stage not in rules.NOT_OVER:
        raise WrongStage(seen.stage)
    wanted = []
    for place in await store.units(walkout):
        if only not in {None, place.id}:
            continue
        missing = max(0, place.headcount - place.issued)
        if number is not None and number > missing:
            raise BeyondHeadcount(place.name, place.headcount, place.issued, number)
        wanted.append((place, missing if number is None else number))
    return wanted


async def mint(walkout: WalkoutId, cards: Mapping[UnitId, Iterable[bytes]], store: Store, keys: Keys) -> None:
    """Keep new cards, given by the hashes of their codes; the codes themselves never come here.

    Raises WrongStage, BeyondHeadcount.
    """
    await store.mint(walkout, await new_cards(walkout, cards, keys))


async def new_cards(
    walkout: WalkoutId, cards: Mapping[UnitId, Iterable[bytes]], keys: Keys
) -> dict[UnitId, list[NewCard]]:
    """Return how new cards are kept. Raises WrongStage where the walkout's key is destroyed."""
    new: dict[UnitId, list[NewCard]] = {place: [] for place in cards}
    hashes = ((place, each) for place, some in cards.items() for each in some)
    for nth, (place, each) in enumerate(hashes):
        if not nth % PAUSE:
            await asyncio.sleep(0)
            if walkout not in keys.walkouts:
                raise WrongStage(Stage.CLOSED)
        new[place].append(keys.new_card(walkout, each))
    return new
