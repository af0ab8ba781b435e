"""What the application asks of a store, by subject. Each kind of database is a folder beside this one."""

from __future__ import annotations

from typing import Protocol

from bot.storage.store.cards import Cards
from bot.storage.store.deletions import Deletions, ScheduledDeletion
from bot.storage.store.leases import Leases
from bot.storage.store.news import STUCK_AFTER, UNHEARD_AFTER, Delivery, Heard, News, Parcel, Statement, WordRule
from bot.storage.store.notices import Notice, Notices
from bot.storage.store.paper import NO_OTHER, Paper, PledgeOf, Voiding
from bot.storage.store.people import Committee, Member, Note, Noted, People, RoleCard
from bot.storage.store.rooms import Room, Rooms
from bot.storage.store.sketches import Sketched, Sketches
from bot.storage.store.upkeep import Examined, KeptAnew, Rekeying, Upkeep
from bot.storage.store.walkouts import Rule, Walkouts
from bot.storage.store.ways import Ways

__all__ = [
    "NO_OTHER",
    "STUCK_AFTER",
    "UNHEARD_AFTER",
    "Cards",
    "Committee",
    "Deletions",
    "Delivery",
    "Examined",
    "Heard",
    "KeptAnew",
    "Leases",
    "Member",
    "News",
    "Note",
    "Noted",
    "Notice",
    "Notices",
    "Paper",
    "Parcel",
    "People",
    "PledgeOf",
    "Rekeying",
    "RoleCard",
    "Room",
    "Rooms",
    "Rule",
    "ScheduledDeletion",
    "Sketched",
    "Sketches",
    "Statement",
    "Store",
    "Upkeep",
    "Voiding",
    "Walkouts",
    "Ways",
    "WordRule",
]


class Store(
    Cards,
    Walkouts,
    Paper,
    People,
    Rooms,
    News,
    Notices,
    Deletions,
    Sketches,
    Leases,
    Ways,
    Upkeep,
    Protocol,
):
    """Everything the application remembers.

    Each method is one transaction. Any of them raises NotRecorded if the database could not write, and
    then nothing was changed, but for its subclass InDoubt: then nobody knows.
    """
