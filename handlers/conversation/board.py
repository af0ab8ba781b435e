"""The board: page by page, as a picture, as a table. Whichever way stewards look, they see their own workplaces."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.domain.errors import NoSuchWalkout
from bot.domain.model import ROOT, Stage, UnitId, WalkoutId
from bot.domain.roles import Duty, Roles
from bot.domain.rules import PLEDGING
from bot.parsing import typed_text
from bot.secrets.card_codes import ALPHABET
from bot.usecases import organizers, stewards
from bot.usecases.stewards import Board
from handlers.conversation import board_csv
from handlers.conversation.messages import (
    Ask,
    Button,
    File,
    Reply,
    nearest_page,
    old_button,
    page_buttons,
    say_buttons,
    whole_number,
)
from handlers.sandboxed import sandbox_client
from handlers.texts import board as texts
from handlers.texts import ladder as ladder_texts

CSV = "csv"

OF_UNIT = "/"
"""In a button's data: between the walkout and the unit that is looked into."""

SHORT = 16
"""Letters of a name that a phone shows beside another one."""

LONGEST_FILTER = 40
"""Bytes: paging buttons carry it."""

_ID = re.compile(rf"(?=.*\d)(?=.*[A-Za-z])[{ALPHABET}]{{{organizers.ID_LETTERS}}}", re.IGNORECASE)
_SHOWN = (PLEDGING, frozenset({Stage.DRAFT}), frozenset({Stage.LAPSED, Stage.CALLED_OFF, Stage.ENDED, Stage.CLOSED}))


@dataclass(frozen=True, kw_only=True, slots=True)
class Eyes:
    """What somebody may look at."""

    walkouts: Collection[WalkoutId]
    roles: Roles

    def within(self, walkout: WalkoutId) -> Collection[UnitId] | None:
        """Return the units whose lines they may see, and all below these; None: every one."""
        if self.roles.may(Duty.LOOK):
            return None
        return {place for of, place in self.roles.units if of == walkout}


async def eyes(ask: Ask) -> Eyes:
    """Say what somebody may look at now."""
    roles = await ask.roles()
    known = {walkout.id for walkout in await ask.app.store.walkouts()}
    return Eyes(walkouts=known if roles.may(Duty.LOOK) else known & {of for of, _place in roles.units}, roles=roles)


async def board(ask: Ask) -> Reply:
    """Show the first page of what the last tally published, or hand all of it over as a table."""
    may = await eyes(ask)
    words = " ".join(ask.words).split()
    first = typed_text.word(words[0]).lower() if words else ""
    named = first if first in may.walkouts else None
    words = words[1:] if named else words
    walkout = await organizers.which(ask.app.store, named, _SHOWN, now=ask.app.clock(), among=may.walkouts)
    table = bool(words) and CSV in {words[0].casefold(), words[-1].casefold()}
    if table and (words == [CSV] or not await _names_one(ask, may, walkout.id, " ".join(words))):
        words.pop(0 if words[0].casefold() == CSV else -1)
    else:
        table = False
    seen = await _look(ask, may, walkout.id, only=" ".join(words), whole=table)
    if named is None and not seen.units and _ID.fullmatch(seen.only):
        raise NoSuchWalkout(seen.only)
    if not table:
        return show(seen, 1)
    file = File(name=f"{_name(seen)}.csv", data=board_csv.table(seen))
    return Reply(kind="board_csv", text=texts.caption(seen), file=file)


async def press_page(ask: Ask) -> Reply:
    """Turn to a page, or look into a part."""
    match ask.words:
        case (what, number, *only) if (page := whole_number(number)) is not None:
            seen = await _look_again(ask, what, only)
            return old_button() if seen is None else show(seen, page)
    return old_button()


async def press_picture(ask: Ask) -> Reply:
    """Draw it."""
    what, *only = ask.words
    seen = await _look_again(ask, what, only)
    if seen is None:
        return old_button()
    drawn = await sandbox_client.picture(ask.app.sandbox, seen)
    file = File(name=f"{_name(seen)}.png", data=drawn, is_picture=True)
    return Reply(kind="picture", text=texts.caption(seen), file=file)


async def press_ladder(ask: Ask) -> Reply:
    """Draw how far its campaign has come."""
    seen = await _look_again(ask, ask.words[0], ())
    return old_button() if seen is None or seen.ladder is None else await ladder(ask, seen)


async def ladder(ask: Ask, seen: Board) -> Reply:
    """Draw how far a board's campaign has come; the same for whoever asks, for it goes round."""
    drawn = await sandbox_client.ladder(ask.app.sandbox, seen)
    file = File(name=f"steps-{seen.walkout.register}.png", data=drawn, is_picture=True)
    return Reply(kind="ladder", text=ladder_texts.caption(seen), file=file)


async def _look_again(ask: Ask, what: str, only: Sequence[str]) -> Board | None:
    """Look at the board under whose buttons somebody pressed one; None if it is not for them, or not any more."""
    may = await eyes(ask)
    walkout, _slash, unit = what.partition(OF_UNIT)
    if walkout not in may.walkouts:
        return None
    # a colon in the name of a workplace has cut the button's data once too often
    return await _look(
        ask, may, WalkoutId(walkout), of=UnitId(whole_number(unit) or ROOT), only=":".join(only).removesuffix(":")
    )


async def _look(
    ask: Ask, may: Eyes, walkout: WalkoutId, *, of: UnitId = ROOT, only: str = "", whole: bool = False
) -> Board:
    only = only.encode(errors="ignore")[:LONGEST_FILTER].decode(errors="ignore")
    within = may.within(walkout)
    return await stewards.board(walkout, ask.app.store, of=of, only=only, within=within, whole=whole)


async def _names_one(ask: Ask, may: Eyes, walkout: WalkoutId, name: str) -> bool:
    """Say whether one of their units is called so, as "CSV Market" may be."""
    within = may.within(walkout)
    places = await ask.app.store.units(walkout)
    return stewards.is_name(places if within is None else stewards.in_care(places, within), name)


def show(seen: Board, page: int) -> Reply:
    """Show one page, with the ways to others, to what is below and back."""
    pages = texts.pages(seen)
    page = nearest_page(page, pages)
    walkout, only = seen.walkout.id, seen.only  # a colon ends it, or "~b" at its end would be a language
    *above, here = (ROOT, ""), *seen.of

    def look_into(unit: UnitId) -> str:
        return f"{walkout}{OF_UNIT}{unit}" if unit else walkout

    turning = page_buttons(page, pages, lambda number: f"g:{look_into(here[0])}:{number}:{only}:")
    pictures = [Button(label=texts.picture(), data=f"i:{look_into(here[0])}:{only}:")]
    if seen.ladder is not None:
        pictures.append(Button(label=ladder_texts.label(), data=f"L:{walkout}"))
    parts = [(each.name, each.id) for each in texts.on_page(seen, page) if each.id in seen.holding]
    wide = any(len(name) > SHORT for name, _unit in parts)
    below = [wide or not nth % 2 for nth in range(len(parts))] + [True]
    parts += [(texts.up(name), unit) for unit, name in above[-1:]]
    parts_buttons = (
        Button(label=label, data=f"g:{look_into(unit)}:1:", below=begins)
        for (label, unit), begins in zip(parts, below, strict=False)
    )
    nearest = say_buttons((name, ("board", walkout, name)) for name in seen.nearest)
    return Reply(kind="board", text=texts.board(seen, page), buttons=(*turning, *pictures, *parts_buttons, *nearest))


def _name(seen: Board) -> str:
    return f"board-{seen.walkout.id}-{seen.walkout.tally}"
