"""Takes updates from Telegram and confirms them only after their effects are committed.

python-telegram-bot's own Updater confirms an update before its handler is done, so a crash would lose a pledge.
Here the offset moves only past updates that are done, or that were set aside after failing again and again:
Telegram hands out the oldest hundred unconfirmed ones, so a poisonous one must not hold up the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.domain.errors import LeaseLost, NotRecorded
from bot.process import logs
from bot.process.logs import Act, Event
from handlers.platforms.seen_updates import SeenUpdates
from handlers.telegram.validation import is_update

log = logging.getLogger(__name__)

RawUpdate = Mapping[str, Any]
Fetch = Callable[[int | None, int], Awaitable[list[RawUpdate]]]
"""Given the first update wanted and how many seconds to wait for one, return what Telegram has."""

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member", "channel_post")
"""What is asked for."""

TRIES = 5
FIRST_WAIT_S = 0.1
"""Doubled at each try. Short, since a person's next updates wait; Telegram's own troubles are waited out elsewhere."""

STORE_WAIT_S = 1.0
LONGEST_STORE_WAIT_S = 30.0
POLL_S = 50
LOOK_AGAIN_S = 0.2
"""How long to wait for what is under way before asking for newer updates again."""

LONGEST_FINISH_S = 3.0
LONGEST_CUT_S = 0.5
"""A stop takes five seconds at most."""


class Poller:
    """Hands each update to `handle`: many at once, each person's own in order."""

    def __init__(
        self,
        fetch: Fetch,
        handle: Callable[[RawUpdate], Awaitable[None]],
        answered: Callable[[bool], None] = lambda _handed: None,
    ) -> None:
        self._fetch = fetch
        self._handle = handle
        self._answered = answered  #: is told of each answer, and whether somebody's doings are under way
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._done = SeenUpdates()  #: delivered again they change nothing
        self._latest: dict[object, asyncio.Task[None]] = {}
        self._store_works = asyncio.Event()
        self._store_works.set()

    async def run(self) -> None:
        """Take updates until cancelled; then finish what is under way, so that nothing taken is lost."""
        offset: int | None = None
        wait_s = 0  # whether something was kept is asked at once
        try:
            while True:
                await self._store_works.wait()
                updates = await self._fetch(offset, wait_s)
                for update in sorted(updates, key=lambda update: _number(update) or 0):
                    self._take(update)
                self._answered(bool(updates or self._under_way))
                if self._under_way:
                    await asyncio.wait(
                        self._under_way.values(), timeout=LOOK_AGAIN_S, return_when=asyncio.ALL_COMPLETED
                    )
                offset = self._next_offset(offset, updates)
                wait_s = 0 if self._under_way else POLL_S
        finally:
            await self.finish()

    async def take(self, update: RawUpdate) -> bool:
        """Handle one update that came by webhook; say, once that is known, whether its effect is committed."""
        task = self._take(update)
        if task is None:
            return True
        await asyncio.wait([task])
        return not task.cancelled()

    async def finish(self) -> None:
        """Finish what is under way. What takes too long ends here: it comes again, perhaps to another process.

        Were it to go on, it could undo there what its person has done since.
        """
        if not self._under_way:
            return
        _done, late = await asyncio.wait(self._under_way.values(), timeout=LONGEST_FINISH_S)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=LONGEST_CUT_S)

    def _take(self, update: RawUpdate) -> asyncio.Task[None] | None:
        number = _number(update)
        if number is None or not is_update(update):
            log.error(Act.NO_UPDATE)
            return None
        if number in self._under_way:
            return self._under_way[number]
        if number in self._done:
            return None
        person = _person(update)
        before = self._latest.get(person)
        task = asyncio.create_task(self._in_order(update, before))
        self._under_way[number] = task
        self._latest[person] = task
        task.add_done_callback(lambda _task: self._finish(number, person, task))
        return task

    def _finish(self, number: int, person: object, task: asyncio.Task[None]) -> None:
        self._under_way.pop(number, None)
        if not task.cancelled():
            self._done.add(number)
        if self._latest.get(person) is task:
            del self._latest[person]

    async def _in_order(self, update: RawUpdate, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        await self._until_done(update)

    async def _until_done(self, update: RawUpdate) -> None:
        wait, tries = FIRST_WAIT_S, 0
        store_wait = STORE_WAIT_S
        while True:
            try:
                await self._handle(update)
            except NotRecorded as refused:
                # nothing more is taken, and nothing confirmed, until that is over
                # once, not for each who waits; where another process is handed the same, nothing is wrong
                if self._store_works.is_set() and not isinstance(refused, LeaseLost):
                    log.error(Event.NOTHING_RECORDED)  # noqa: TRY400
                self._store_works.clear()
                await asyncio.sleep(store_wait)
                store_wait = min(2 * store_wait, LONGEST_STORE_WAIT_S)
            except Exception as error:  # noqa: BLE001  whatever it is, it must not hold up the others
                tries += 1
                if tries == TRIES:
                    log.error(Act.SET_ASIDE, logs.trouble(error))  # noqa: TRY400
                    return
                await asyncio.sleep(wait)
                wait *= 2
            else:
                self._store_works.set()
                return

    def _next_offset(self, offset: int | None, updates: list[RawUpdate]) -> int | None:
        """Return the first update not done yet. What lies below it is confirmed by the next fetch."""
        known = [number for update in updates if (number := _number(update)) is not None]
        candidates = [*self._under_way, *(max(known, default=-1) + 1,)]
        first = min(candidates) if known or self._under_way else offset
        if first is None or first == 0:
            return offset
        return first


def _number(update: RawUpdate) -> int | None:
    number = update.get("update_id") if isinstance(update, Mapping) else None
    return number if isinstance(number, int) else None


def _person(update: RawUpdate) -> object:
    """Return whose update it is, since theirs are handled in order; nobody's wait for no other."""
    for body in update.values():
        if isinstance(body, Mapping):
            who = body.get("from") or body.get("chat")
            number = who.get("id") if isinstance(who, Mapping) else None
            if isinstance(number, int):
                return number
    return object()
