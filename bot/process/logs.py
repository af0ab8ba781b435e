"""What the bot says to whoever runs it: events and numbers from a list, so that a line can hold nothing else.

Whatever is not on the list (a text, an account, an exception's message, another library's line) is replaced by the
name of its type, or not printed at all, at every level. What workers do, and what fails while they do it, is printed
as totals at a tally only: a line each would be the time of each.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from enum import Enum, StrEnum
from pathlib import PurePath
from types import TracebackType
from typing import TextIO

OURS = ("bot", "handlers")

_MOST = 1_000_000
"""Every number of ours is smaller, and no account is."""

_WALKOUT = re.compile("[0-9a-z]{5}")
_CODE = re.compile(r"[\w.<>]{1,60}")


class Event(StrEnum):
    """What the server itself does or meets; printed at once. Its arguments are checked by `_shown`."""

    TALLY = "tally %s of %s: %s, %s news"
    CLOSED = "%s is closed"
    SEALED = "the key file is sealed with the passphrase from now on; destroy copies that are not"
    JOB_FAILED = "%s failed and will be tried again: %s"
    REQUEST_FAILED = "a request of the server's own commands could not be carried out: %s"
    NOT_SENT = "a letter could not be sent and will be tried again: %s"
    NOT_DELETED = "a message could not be deleted and will be tried again: %s"
    NO_MENU = "an organizer's menu could not be set: %s"
    NOTHING_RECORDED = "nothing can be recorded; waiting"
    STORE_TAKEN = (
        "the database was moved, replaced or written to by somebody else: "
        "nothing is recorded until it is back, or the bot is started again"
    )
    STORE_THERE = "the database is back"
    CLOCK_OFF = (
        "this machine's clock and %s's are %s hours apart: no tally is taken and nothing closed until they agree"
    )
    CLOCK_CORRECTED = "this machine's clock is corrected by %s seconds, to the platforms'; set it right"
    TALLY_WAITS = "a tally is late: it waits until the platforms have handed out what they have kept"
    CLOCK_UNCHECKED = "no platform answers that could tell the time: nothing is decided by the clock until one does"
    CLOCK_RIGHT = "the clock is right, as far as the platforms tell"
    COPY_FOUND = "another bot has taken %s's token: nothing is decided or announced until one of the two is given up"
    COPY_GONE = "%s's token is ours again"
    NAME_SHARED = "somebody else uses %s's token: have the platform give out a new one"
    LEADS = "this process does what is done once for %s"
    LEADS_NO_MORE = "another process does what is done once for %s, or may"
    DOWN = "%s cannot be reached, trying again: %s"
    BACK = "%s can be reached again"


class Act(StrEnum):
    """What fails while somebody uses the bot; printed as totals, at a tally."""

    NOT_ACKNOWLEDGED = "an interaction could not be acknowledged: %s"
    NOT_CLEARED = "a chat could not be cleared: %s"
    NOT_ANSWERED = "an answer could not be delivered: %s"
    NO_FILE = "a file could not be delivered: %s"
    FAILED = "something that somebody did failed: %s"
    CHILD_FAILED = "a process that reads files or draws was of no use: %s"
    UNREADABLE = "%s could not be read: %s"
    NO_UPDATE = "something that is no update was passed over"
    SET_ASIDE = "an update was set aside: %s"


class Word(str):
    """A text that a line may hold, since it comes from the program and not from people. Made in this file alone."""

    __slots__ = ()


_known: set[str] = set()


def know(*words: str) -> None:
    """Let lines hold these names: of jobs, of platforms, of events; as they stand in the program."""
    _known.update(words)


def walkout(name: str) -> Word:
    """Name a walkout."""
    return Word(name if _WALKOUT.fullmatch(name) else "?")


def kind(error: BaseException) -> Word:
    """Name what went wrong."""
    name = type(error).__name__
    return Word(name if _CODE.fullmatch(name) else "?")


def trouble(error: BaseException) -> Word:
    """Name what went wrong, and the line of the program; never its message, which may hold anything."""
    places = [_place(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    return Word(f"{kind(error)} at {places[-1]}" if places else kind(error))


def set_up() -> None:
    """From now on nothing is printed but what may be; once, at the start of the program."""
    logging.raiseExceptions = False  # or a line that cannot be made is printed with all that it was made of
    logging.lastResort = None
    _printer.stream = sys.stderr
    logging.basicConfig(handlers=[_printer], level=logging.WARNING, force=True)
    warnings.showwarning = _warned
    sys.unraisablehook = _unraisable
    threading.excepthook = _in_thread


def set_level(level: str) -> None:
    """Print from this level on."""
    logging.getLogger().setLevel(level)


def say_totals() -> None:
    """Print what has come together since the last time: called at a tally, and at the end."""
    _printer.say_totals()


def has_totals() -> bool:
    """Say whether there is something to print."""
    return bool(_printer.totals)


def fatal(error: BaseException) -> None:
    """Print what ended the program, and where, and nothing of what it was about."""
    _printer.say("\n".join(_story(error)))


class _Printer(logging.Handler):
    """Prints events, counts acts; other libraries' errors are counted too, and of the rest nothing is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.stream: TextIO = sys.stderr
        self.totals: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Take one line."""
        if isinstance(record.msg, Event):
            self.say(f"{record.levelname} {_worded(record)}")
        elif isinstance(record.msg, Act):
            self.count(f"{record.levelname} {_worded(record)}")
        elif record.levelno >= logging.ERROR:
            error = record.exc_info[1] if record.exc_info else None
            library = record.name.partition(".")[0]
            said = f"{trouble(error)}, told" if error is not None else "told"
            where = _place(record.pathname, record.lineno)
            self.count(f"{record.levelname} {said} by {library if _CODE.fullmatch(library) else '?'} at {where}")

    def count(self, line: str) -> None:
        """Keep a line for the totals."""
        self.totals[line] += 1

    def say_totals(self) -> None:
        """Print them, most frequent first."""
        totals, self.totals = self.totals, Counter()
        for line, number in totals.most_common():
            self.say(f"{line} ({number} times)" if number > 1 else line)

    def say(self, line: str) -> None:
        """Print a line; nobody may be there to read it."""
        try:
            self.stream.write(f"{line}\n")
            self.stream.flush()
        except (OSError, ValueError):
            return


_printer = _Printer()


def _worded(record: logging.LogRecord) -> str:
    given = record.args if isinstance(record.args, tuple) else (record.args,)
    try:
        return str(record.msg) % tuple(_shown(each) for each in given)
    except TypeError:  # more or fewer than it has places
        return str(record.msg)


def _shown(value: object) -> str:
    kind_of = type(value)
    if kind_of is Word:
        return str(value)
    if kind_of is str:
        return str(value) if value in _known else "str"
    if isinstance(value, int | float) and kind_of in {int, float, bool}:
        return str(value) if abs(value) < _MOST else kind_of.__name__
    if isinstance(value, Enum) and kind_of.__module__.partition(".")[0] in OURS:
        return str(value.value)
    return kind_of.__name__


def _place(filename: str, line: int | None) -> str:
    # the folders above would tell whose machine it is
    return f"{'/'.join(PurePath(filename).parts[-2:])}:{line}"


def _story(error: BaseException | None) -> Iterator[str]:
    """Tell where an error came from, the deepest cause last."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield f"CRITICAL {kind(error)}"
        for frame, line in traceback.walk_tb(error.__traceback__):
            yield f"  at {_place(frame.f_code.co_filename, line)}, {frame.f_code.co_name}"
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _story(each)
        error = error.__cause__ or error.__context__


def _warned(
    message: Warning | str,  # noqa: ARG001  it may hold anything
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    _printer.count(f"WARNING {category.__name__} at {_place(filename, lineno)}")


def _unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    _unseen(unraisable.exc_value, unraisable.exc_traceback)


def _in_thread(ended: threading.ExceptHookArgs) -> None:
    _unseen(ended.exc_value, ended.exc_traceback)


def _unseen(error: BaseException | None, there: TracebackType | None) -> None:
    """Count an error that nobody could catch."""
    if error is not None:
        _printer.count(f"ERROR {trouble(error.with_traceback(there))}")
