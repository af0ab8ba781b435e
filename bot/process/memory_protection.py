"""Keeps what this process has in memory, keys and codes among it, out of files and out of other programs' sight."""

from __future__ import annotations

import ctypes
import resource
import sys

_GET_DUMPABLE = 3
_SET_DUMPABLE = 4


def keep() -> None:
    """Let a crash leave no core dump, and no other program of the same user read our memory.

    A limit of nothing is not enough: where the system hands dumps to a program, such as systemd-coredump, it does not
    hold. So the process is also made undumpable, as ssh-agent does it; only root can then look into it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def is_kept() -> bool:
    """Say whether `keep` has worked."""
    if resource.getrlimit(resource.RLIMIT_CORE)[0] != 0:
        return False
    return sys.platform != "linux" or not ctypes.CDLL(None).prctl(_GET_DUMPABLE, 0, 0, 0, 0)
