"""A committee of which some accounts are in the wrong hands: what these can do, and what the others can."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from bot.domain.model import Stage, WalkoutId
from bot.draft import SourceFile
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.keys import Person
from bot.usecases import organizers, suspensions
from handlers.conversation import Conversation, Reply, Said, Ways
from handlers.platforms.uploads import Uploads
from handlers.texts.workers import console_can_see
from tests.conftest import NOON, draft, opened, shops
from tests.console.play import roster, terms
from tests.console.test_committee import CODE
from tests.stores import open_app

DRAFT, OPEN = WalkoutId("draft1"), WalkoutId("open1")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

BUTTONS_TRIED = "armft"
"""Approve, refuse, print, confirm, turn away: of every proposal and role card there is, shown to them or not."""


@dataclass(kw_only=True)
class Phones:
    """Organizers a, b, c … of a walkout that is open and one that is not, where what cannot be undone takes two."""

    app: App
    clock: MovableClock
    everybody: str
    seized: str
    conversation: Conversation

    async def says(self, who: str, text: str = "", *, press: str | None = None) -> Reply | None:
        """Let somebody say or press something, and press what a page offers that only asks."""
        number = f"{self.clock()} {text}" if press is None else ""
        said = Said(who=Person("here", who), text=text, button=press, number=number)
        reply = await self.conversation.answer(said)
        if reply is None or reply.kind != "sure" or press is not None:
            return reply
        return await self.says(who, press=reply.buttons[0].data)

    async def rows(self, table: str, columns: str = "*") -> list[Any]:
        """Read the store itself."""
        store: Any = self.app.store
        return list(await store._read(f"SELECT {columns} FROM {table}"))  # noqa: S608

    async def organizing(self) -> set[str]:
        """Say who organizes, stopped or not."""
        found = (await self.app.store.committee()).organizers
        return {who for who in (*self.everybody, "x", "y") if self.app.keys.person(Person("here", who)) in found}

    async def state(self) -> dict[str, object]:
        """Return what nobody may change alone."""
        stages = {walkout.id: walkout.stage for walkout in await self.app.store.walkouts()}
        return {
            "opened": any(stage is not Stage.DRAFT for walkout, stage in stages.items() if walkout != OPEN),
            "called off": stages[OPEN],
            "printed or voided": (
                await self.rows("card", "count(*)"),
                await self.rows("unit WHERE issued > 0", "issued"),
            ),
            "removed": await self.organizing() & set(self.everybody),
            "appointed": await self.organizing() - set(self.everybody),
            "steward appointed": len(await self.rows("steward", "id")) > 0,
        }

    async def do_harm(self, chance: Random) -> None:
        """Let every seized phone do, in any order, all that an organizer can say or press."""
        numbers = [number for (number,) in await self.rows("proposal UNION SELECT id FROM role_card", "id")]
        for_all = [
            *(f"/open {DRAFT}", f"/calloff {OPEN}", f"/cards {OPEN} Shop 1 2", f"/cards {OPEN} void Shop 1"),
            *("/appoint organizer xeno", f"/appoint {OPEN} steward Shop 1 yuri", f"/room {OPEN} citywide #police"),
            *(f"/remove {who}" for who in self.everybody if who not in self.seized),
        ]
        if chance.random() < 0.5:  # it stops themselves as well
            for_all += [f"/suspend {who}" for who in self.everybody if who not in self.seized]
        acts: list[tuple[str, str, str | None]] = [(who, text, None) for who in self.seized for text in for_all]
        acts += [
            (who, "", f"{letter}:{number}") for who in self.seized for letter in BUTTONS_TRIED for number in numbers
        ]
        for who in self.seized:  # a draft of their own, that says how many must approve
            for approvals in (1, 9):
                await self._upload(who, approvals)
        mine = [walkout.id for walkout in await self.app.store.walkouts() if walkout.id not in {DRAFT, OPEN}]
        acts += [(who, f"/open {walkout}", None) for who in self.seized for walkout in mine]
        chance.shuffle(acts)
        for who, text, button in acts:
            said = await self.says(who, text, press=button)
            if said is not None and said.kind == "role_card" and (code := CODE.search(said.text)):
                await self.says("x", code[0])  # an account of theirs that has no role yet

    async def _upload(self, who: str, approvals: int) -> None:
        uploads = Uploads(self.app, self.conversation)
        usual = {"starts": NOON + 40 * DAY, "pledge_by": NOON + 30 * DAY}
        files = {"walkout.toml": terms(approvals=approvals, **usual), "workplaces.csv": roster()}
        for name, text in files.items():
            if await uploads.refuse(Person("here", who), name, len(text)) is None:
                await uploads.take(Said(who=Person("here", who)), SourceFile(name=name, data=text.encode()))

    async def resist(self, chance: Random) -> None:
        """Let every other organizer, who has met the others and knows, do what the letters say."""
        honest = [who for who in self.everybody if who not in self.seized]
        chance.shuffle(honest)
        for what, bad in 2 * [*product(("remove", "suspend"), self.seized)]:
            for who in honest:
                if bad in await self.organizing():
                    await self.says(who, f"/{what} {bad}")

    async def stopped(self) -> set[str]:
        """Say whom a suspension stops."""
        running = await suspensions.listed(self.app.store, self.app.keys, self.app.clock)
        return {who for each in running for who in (each.suspender, each.suspended)}


@asynccontextmanager
async def phones(folder: Path, everybody: str, seized: Collection[str], *, suspends: str = "") -> AsyncIterator[Phones]:
    """Open the store of such a committee; the first of those who are named has suspended the second.

    Whoever is seized had a print granted before, by somebody who did not know yet.
    """
    clock = MovableClock(NOON)
    async with open_app(folder, clock=clock, senders={"here": None}) as app:
        for walkout in (draft(DRAFT, approvals=2), opened(OPEN, approvals=2, pledge_by=NOON + 30 * DAY)):
            app.keys.add_walkout(walkout.id)
            await app.store.add_walkout(walkout, shops(40))
        for who in everybody:
            await organizers.add(Person("here", who), who, app.store, app.keys)
        ways = Ways(can_see=console_can_see, in_a_hurry=True)
        made = Phones(
            app=app,
            clock=clock,
            everybody=everybody,
            seized="".join(seized),
            conversation=Conversation(app, ways),
        )
        if suspends:
            for bad in made.seized:
                await made.says(bad, f"/cards {OPEN} Shop 1 {1 + everybody.index(bad)}")
            honest = next(who for who in everybody if who not in seized)
            for (number,) in await made.rows("proposal", "id"):
                await made.says(honest, press=f"a:{number}")
            done = await made.says(suspends[0], f"/suspend {suspends[1]}")
            assert done is not None
            assert done.kind == "suspended"
        yield made
