"""What one process of a store does is known to the others: keys above all, and whatever else is kept in memory.

Two Apps over one Store stand for two processes here; each has read the key file by itself.
"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import KeyFileRefused, KeysNotChanged, UnknownCard
from bot.domain.model import CardState, WalkoutId
from bot.process.clock import MovableClock
from bot.runtime.app import KEY_FILE, App, _jobs, open_app
from bot.runtime.scheduler import Scheduler
from bot.secrets import key_file
from bot.secrets.card_codes import key_of
from bot.secrets.key_file import Cost, Lock
from bot.secrets.keys import Keys, Person, open_keys
from bot.usecases import closing, organizers, stewards
from bot.usecases.ladder import Ladders
from bot.usecases.scheduled import Tallies
from bot.usecases.workers import CoarseLines
from tests.conftest import NOON, SHOP, WALKOUT, terms, units, walkout
from tests.storage.house import open_walkout

ANA = Person("here", "ana")
CODE = "7KD2MXQ9F4TP3HWZ8C0V"
OTHER = WalkoutId("x4p9z")


def beside(app: App) -> App:
    """Return another process of the same store."""
    keys = open_keys(app.data / KEY_FILE, database=app.data / "allout.db")
    tallies = Tallies(app.store, app.clock, app.holds)
    return replace(
        app,
        keys=keys,
        tallies=tallies,
        lines=CoarseLines(app.store),
        ladders=Ladders(app.store),
        scheduler=Scheduler(_jobs(app.store, keys, tallies, {}, {}, app.clock, app.holds), app.clock),
    )
