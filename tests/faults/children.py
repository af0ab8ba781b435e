"""Processes that trials may end: forked from one that has everything imported already, so that each costs little."""

from __future__ import annotations

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "tests.faults.town", "tests.faults.citizens"])
