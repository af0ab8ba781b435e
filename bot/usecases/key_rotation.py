"""Another server's key: whatever the store keeps under the old one is put under the new one, at once.

The key file holds both keys from before the store's transaction until after it, and the store's name says which one it
is under: cut off anywhere, it is finished at the next start. Source: docs/decisions/0019-the-key-file.md.
"""

from __future__ import annotations

import json

from nacl.exceptions import CryptoError

from bot.domain.errors import OthersRun
from bot.domain.model import WalkoutId
from bot.domain.roles import Matter, MemberId
from bot.secrets.keys import Keys, Person, changed
from bot.storage.store import Store
from bot.usecases import proposals


async def begin(store: Store, keys: Keys, process: str) -> None:
    """Make another server's key. Raises OthersRun: they would go on under the old one; KeysNotChanged, NotRecorded."""
    if not await store.alone(process):
        raise OthersRun
    await changed(keys.begin_rotation)


async def finish(store: Store, keys: Keys) -> None:
    """Carry out a rotation that was begun, if one was. Nothing else may use the store or the keys meanwhile."""
    following = keys.following
    if following is None:
        return
    await store.rekey(following.store, _Rekeying(keys, following))
    keys.end_rotation()


class _Rekeying:
    """What becomes of everything that is under the server's key."""

    def __init__(self, old: Keys, new: Keys) -> None:
        self._old = old
        self._new = new

    def reseal(self, sealed: bytes) -> bytes:
        """Seal it with the new key. What the old one does not open is of no use to anybody, and stays."""
        try:
            return self._new.seal(self._old.unseal(sealed)) if sealed else sealed
        except CryptoError:
            return sealed

    def member(self, member: MemberId, way: str, address: bytes) -> MemberId | None:
        """Recognize by their address, which is their account; None if it is not theirs."""
        try:
            who = Person(way, self._old.unseal(address))
        except CryptoError:
            return None
        return self._new.person(who) if self._old.person(who) == member else None

    def proposal(self, matter: str, walkout: str, about: MemberId, content: bytes) -> bytes:
        """Return the key of the same proposal, whose content is under the new key by now."""
        try:
            read = json.loads(self._new.unseal(content))
        except CryptoError:
            return b""
        return proposals.key(self._new, Matter(matter), WalkoutId(walkout) or None, read, about=about)
