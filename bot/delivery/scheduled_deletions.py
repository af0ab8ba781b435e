"""Messages that delete themselves when it is time, even if the bot was restarted meanwhile.

What is to be deleted is sealed; each way has deletions of its own, which never wait for its parcels.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from bot.delivery.outbox import FIRST_WAIT, LONGEST_WAIT, Outbox, PlatformDown, RoomGone, Sender, TryLater
from bot.domain.errors import NotRecorded
from bot.process import logs
from bot.process.clock import Clock
from bot.process.logs import Event
from bot.secrets.keys import Keys
from bot.storage.store import ScheduledDeletion, Store

log = logging.getLogger(__name__)


class ScheduledDeletions:
    """Deletes one bot's messages when it is time."""

    def __init__(self, way: str, outbox: Outbox, store: Store, keys: Keys, clock: Clock) -> None:
        self._way = way
        self._outbox = outbox
        self._store = store
        self._keys = keys
        self._clock = clock
        self._unwritten: list[tuple[bytes, datetime]] = []  #: the store could not write

    async def delete_later(self, what: str, after: timedelta) -> None:
        """Have a message deleted, by its platform's own name for it. A store that cannot write is tried again."""
        sealed, due = self._keys.seal(what), self._clock() + after
        try:
            await self._store.add_deletion(self._way, sealed, due=due)
        except NotRecorded:
            self._unwritten.append((sealed, due))

    async def due(self) -> datetime | None:
        """Return when there is something to do."""
        if self._unwritten:
            return self._clock()
        return await self._store.next_deletion(self._way) if self._outbox.sender is not None else None

    async def run(self) -> None:
        """Delete what is due. Raises NotRecorded."""
        while self._unwritten:
            sealed, due = self._unwritten[0]
            await self._store.add_deletion(self._way, sealed, due=due)
            self._unwritten.pop(0)
        for deletion in await self._store.due_deletions(self._way, now=self._clock()):
            if (sender := self._outbox.sender) is None:
                return
            await self._do(deletion, sender)

    async def _do(self, deletion: ScheduledDeletion, sender: Sender) -> None:
        wait = min(FIRST_WAIT * 2 ** min(deletion.attempts, 10), LONGEST_WAIT)
        try:
            await sender.delete(self._keys.unseal(deletion.what))
        except RoomGone:  # somebody else has deleted it, or nobody can
            await self._store.drop_deletion(deletion.id)
        except TryLater as trouble:
            await self._store.put_off_deletion(deletion.id, until=self._clock() + (trouble.after or wait))
        except PlatformDown:
            await self._store.put_off_deletion(deletion.id, until=self._clock() + wait)
        except Exception as error:  # noqa: BLE001  one message's trouble must not keep the others
            log.error(Event.NOT_DELETED, logs.trouble(error))  # noqa: TRY400
            await self._store.put_off_deletion(deletion.id, until=self._clock() + wait)
        else:
            await self._store.drop_deletion(deletion.id)
