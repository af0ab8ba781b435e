"""A kernel that answers fsync with an error when a trial says so: seccomp hands this thread's system calls to another.

Needs no root, no compiler and no file system of its own. What is caught is for the thread that asks, and those it
starts, for as long as they live: only for a process that is made for it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import select
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class _Machine(NamedTuple):
    """The numbers that Linux has on one kind of processor."""

    arch: int
    seccomp: int
    calls: dict[int, str]


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 317, {18: "pwrite64", 74: "fsync", 75: "fdatasync", 77: "ftruncate"}),
    "aarch64": _Machine(0xC00000B7, 277, {68: "pwrite64", 82: "fsync", 83: "fdatasync", 46: "ftruncate"}),
}

# linux/seccomp.h, linux/filter.h, linux/prctl.h
_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _NEW_LISTENER = 1, 1 << 3
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER_AT, _ARCH_AT = 0, 4
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CARRY_ON = 1
_INSTRUCTION = struct.Struct("HBBI")
_QUESTION = struct.Struct("QIIiIQ6Q")  #: id, thread, flags; number, processor, where from, six arguments
_ANSWER = struct.Struct("QqiI")  #: id, value, error, flags


@dataclass(frozen=True)
class Call:
    """A system call about to be made."""

    name: str
    path: str  #: of the file it is about
    inode: int  #: the file's own number
    data: bytes = b""  #: what is written
    at: int = 0  #: where, or the new length


Verdict = Callable[[Call], int | None]
"""Says what becomes of a call: None, it is made; 0, it is said to be done, and is not; else the error it has."""


class CannotCatchError(Exception):
    """This system lets nobody catch system calls."""


def catch(verdict: Verdict) -> None:
    """Put every sync, write at a place and truncation of this thread, and of those it starts, before `verdict`.

    That runs in a thread of its own. Whatever makes one of these calls must have let go of the interpreter's lock, as
    Python's own sqlite3 and os do. Raises CannotCatchError.
    """
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        raise CannotCatchError(f"{sys.platform} on {platform.machine()}")
    listener: list[int] = []
    there = threading.Event()
    # started before the filter is there, so that it is not its own judge
    threading.Thread(target=_judge, args=(listener, there, machine, verdict), daemon=True).start()
    listener.append(_listen(machine))
    there.set()


def _listen(machine: _Machine) -> int:
    wanted = list(machine.calls)
    program = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_JUMP_IF_EQUAL, 0, len(wanted) + 1, machine.arch),
        (_LOAD, 0, 0, _NUMBER_AT),
        *((_JUMP_IF_EQUAL, len(wanted) - nth, 0, number) for nth, number in enumerate(wanted)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ASK),
    ]
    code = ctypes.create_string_buffer(b"".join(_INSTRUCTION.pack(*line) for line in program))
    filtered = ctypes.create_string_buffer(struct.pack("HP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise CannotCatchError(os.strerror(ctypes.get_errno()))
    listener: int = libc.syscall(machine.seccomp, _SET_MODE_FILTER, _NEW_LISTENER, filtered)
    if listener < 0:
        raise CannotCatchError(os.strerror(ctypes.get_errno()))
    return listener


def _judge(listener: list[int], there: threading.Event, machine: _Machine, verdict: Verdict) -> None:
    there.wait()
    [asked] = listener
    try:
        while True:
            select.select([asked], [], [])
            question = bytearray(_QUESTION.size)
            fcntl.ioctl(asked, _RECEIVE, question)
            which, _thread, _flags, number, _arch, _from, *arguments = _QUESTION.unpack(question)
            error = verdict(_call(machine.calls[number], *arguments[:4]))
            answer = _ANSWER.pack(which, 0, 0, _CARRY_ON) if error is None else _ANSWER.pack(which, 0, -error, 0)
            fcntl.ioctl(asked, _SEND, answer)
    except BaseException:  # noqa: BLE001  whoever waits for an answer would wait for ever
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def _call(name: str, file: int, second: int, third: int, fourth: int) -> Call:
    path, inode = str(Path(f"/proc/self/fd/{file}").readlink()), os.fstat(file).st_ino
    if name == "pwrite64":
        return Call(name, path, inode, ctypes.string_at(second, third), fourth)
    return Call(name, path, inode, at=second if name == "ftruncate" else 0)
