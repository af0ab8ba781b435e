"""What a child gives up, for good, before it looks at anything: memory, time, files, the network, other processes.

Landlock lets it open no file but those it is told, and these only to read. Seccomp leaves it the calls that work in
memory takes; every other answers as if this kernel did not have it. Both are Linux's; where they are missing the child
works all the same, and says so.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CPU_S = 1200
"""Seconds of a core in a child's whole life: for one that nobody ends any more."""

OPEN_FILES = 64

NICENESS = 3
"""Half a share of the processor beside the bot, whose answers are waited for; with less, a child on a machine that
is busy with others would take longer than it is given."""

_NO_NEW_PRIVILEGES = 38
_DIE_WITH_PARENT = 1
_SECCOMP = 22
_FILTER = 2

# the same numbers on every machine
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_BENEATH = 1
_READ = 1 << 2 | 1 << 3  # files, and lists of files
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights each version knows
_RIGHTS_NOW = 16  # opening devices, since the fifth
_TCP = 0b11  # bind and connect, since the fourth
_SCOPES = 0b11  # abstract sockets and signals, since the sixth
_NET_SINCE, _SCOPES_SINCE = 4, 6

# what each machine is called in a filter, and where in the table its numbers stand
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_CALLS: dict[str, tuple[int | None, int | None]] = {
    # the pipe, and reading what may be opened
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "close": (3, 57),
    "lseek": (8, 62),
    "open": (2, None),
    "openat": (257, 56),
    "getdents64": (217, 61),
    "stat": (4, None),
    "lstat": (6, None),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    # memory
    "brk": (12, 214),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "madvise": (28, 233),
    # time, and itself
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "getrandom": (318, 278),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getrusage": (98, 165),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getcpu": (309, 168),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "futex": (202, 98),
    "membarrier": (324, 283),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
_KILL, _ALLOW, _NO_SUCH_CALL = 0x80000000, 0x7FFF0000, 0x00050000 | 38
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # of the filter's own language
_NUMBER, _MACHINE = 0, 4  # where they stand in what a filter looks at


@dataclass(frozen=True, kw_only=True, slots=True)
class InForce:
    """What this system keeps a child from."""

    files: bool  #: it opens none but those it was told, and writes none
    calls: bool  #: it reaches no network and no other process, and starts none

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return self.files and self.calls


def bound(memory: int) -> None:
    """Bound memory, time and open files, go behind the bot, and end with the parent. Call it at the very start."""
    os.nice(NICENESS)
    _bound(resource.RLIMIT_CPU, CPU_S)
    _bound(resource.RLIMIT_NOFILE, OPEN_FILES)
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))  # it interrupts nobody when it has something to do
        _bound(resource.RLIMIT_AS, memory)  # other systems refuse it
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def _bound(limit: int, most: int) -> None:
    bounds = [most, *resource.getrlimit(limit)]
    lowest = min(bound for bound in bounds if bound != resource.RLIM_INFINITY)
    resource.setrlimit(limit, (lowest, lowest))


def confine(readable: Iterable[Path]) -> InForce:
    """Give everything up but reading beneath these folders. Call it once all is imported, in the only thread."""
    _bound(resource.RLIMIT_FSIZE, 0)
    if sys.platform != "linux":
        return InForce(files=False, calls=False)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return InForce(files=False, calls=False)
    # both bind the thread that asks, and no other that runs already
    alone = len(list(Path("/proc/self/task").iterdir())) == 1
    files = _landlock(libc, readable) and alone
    return InForce(files=files, calls=_seccomp(libc) and alone)


def _landlock(libc: ctypes.CDLL, readable: Iterable[Path]) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    rights = (1 << _RIGHTS.get(version, _RIGHTS_NOW)) - 1
    asked = struct.pack("=Q", rights)
    if version >= _NET_SINCE:
        asked += struct.pack("=Q", _TCP)
    if version >= _SCOPES_SINCE:
        asked += struct.pack("=Q", _SCOPES)
    ruleset = libc.syscall(_CREATE_RULESET, asked, ctypes.c_size_t(len(asked)), 0)
    if ruleset < 0:
        return False
    try:
        for folder in readable:
            _let_read(libc, ruleset, folder)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _let_read(libc: ctypes.CDLL, ruleset: int, folder: Path) -> None:
    try:
        there = os.open(folder, os.O_PATH | os.O_CLOEXEC | os.O_DIRECTORY)
    except OSError:
        return  # it is not there, so it is not needed
    try:
        libc.syscall(_ADD_RULE, ruleset, _BENEATH, struct.pack("=Qi", _READ, there), 0)
    finally:
        os.close(there)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))


def _seccomp(libc: ctypes.CDLL) -> bool:
    if platform.machine() not in _MACHINES or struct.calcsize("P") != 8:  # noqa: PLR2004  not as a guest of 32 bits
        return False
    machine, column = _MACHINES[platform.machine()]
    numbers = [call[column] for call in _CALLS.values()]
    allowed = [number for number in numbers if number is not None]
    lines = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *((_EQUAL, len(allowed) - at, 0, number) for at, number in enumerate(allowed)),
        (_RETURN, 0, 0, _NO_SUCH_CALL),
        (_RETURN, 0, 0, _ALLOW),
    ]
    packed = b"".join(struct.pack("=HBBI", *line) for line in lines)
    program = _Program(len(lines), packed)
    return bool(libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)
