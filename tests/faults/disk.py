"""A disk that loses power: SQLite writes to it through a file system made of Python.

What is written is seen at once by whoever reads it, as with any system's cache, but is sure to survive only when it
was synced. At a cut every sector written since may hold what it held before, what was written, half of that, or
rubbish, in whatever order; the same for a file's length, and for names in the folder until the folder itself was
synced. SQLite's own layer for Unix syncs the folder with the first sync of a new journal, and this one does too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

import apsw

SECTOR = 512

Image = Mapping[str, bytes]
"""The files that are there when the power is back."""


class Wrote(NamedTuple):
    """Bytes in a file's cache."""

    file: int
    offset: int
    data: bytes


class Resized(NamedTuple):
    """A length in a file's cache."""

    file: int
    size: int


class Synced(NamedTuple):
    """A file's cache is on the disk."""

    file: int


class NotSynced(NamedTuple):
    """A sync failed. What waited is on the disk or is not, and nobody tries again: Linux takes it for written."""

    file: int
    seed: int  #: what decides it


class Named(NamedTuple):
    """A name in the folder's cache; None: it was deleted."""

    name: str
    file: int | None


class FolderSynced(NamedTuple):
    """The folder's cache is on the disk."""


class Committed(NamedTuple):
    """So many transactions are acknowledged now. Told by whoever commits."""

    number: int


Event = Wrote | Resized | Synced | NotSynced | Named | FolderSynced | Committed


class Disk(apsw.VFS):
    """One folder. Keeps every event, so that the power can be cut after any of them."""

    def __init__(self, name: str, image: Image | None = None) -> None:
        super().__init__(name, "")
        self.name = name
        self.events: list[Event] = []
        self._contents: list[bytearray] = []
        self._names: dict[str, int] = {}
        for file, content in (image or {}).items():
            self._contents.append(bytearray(content))
            self._names[file] = len(self._contents) - 1

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _File:  # type: ignore[override]  # noqa: N802
        """Open a file, or make it."""
        assert name is not None, "everything temporary is kept in memory"
        named = name if isinstance(name, str) else name.filename()
        if named not in self._names:
            if not flags[0] & apsw.SQLITE_OPEN_CREATE:
                raise apsw.CantOpenError(named)
            self.make(named)
        flags[1] = flags[0]
        journal = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_JOURNAL) and bool(flags[0] & apsw.SQLITE_OPEN_CREATE)
        return _File(self, self._names[named], self._contents[self._names[named]], sync_folder=journal)

    def make(self, name: str) -> None:
        """Make an empty file."""
        self._contents.append(bytearray())
        self._names[name] = len(self._contents) - 1
        self.events.append(Named(name, self._names[name]))

    def xDelete(self, name: str, sync_folder: bool) -> None:  # noqa: FBT001, N802
        """Delete a file."""
        if name not in self._names:
            raise apsw.IOError(f"no {name}")
        del self._names[name]
        self.events.append(Named(name, None))
        if sync_folder:
            self.events.append(FolderSynced())

    def xAccess(self, name: str, flags: int) -> bool:  # noqa: ARG002, N802
        """Say whether a file is there."""
        return name in self._names

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        """Return the name: there is one folder."""
        return name


class _File:
    """An open file. There is one process, so its locks are always free."""

    def __init__(self, disk: Disk, number: int, content: bytearray, *, sync_folder: bool) -> None:
        self._disk, self._number, self._content, self._sync_folder = disk, number, content, sync_folder

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self._content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if len(self._content) < offset:
            self._content.extend(bytes(offset - len(self._content)))
        self._content[offset : offset + len(data)] = data
        self._disk.events.append(Wrote(self._number, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        _resize(self._content, size)
        self._disk.events.append(Resized(self._number, size))

    def xSync(self, flags: int) -> None:  # noqa: ARG002, N802
        self._disk.events.append(Synced(self._number))
        if self._sync_folder:
            self._disk.events.append(FolderSynced())
            self._sync_folder = False

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._content)

    def xSectorSize(self) -> int:  # noqa: N802
        return 4096  # as on Unix

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE  # as on Unix: what is beside the bytes written stays as it is

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xLock(self, level: int) -> None:  # noqa: N802
        """Take what is free."""

    def xUnlock(self, level: int) -> None:  # noqa: N802
        """Let go."""

    def xFileControl(self, op: int, pointer: int) -> bool:  # noqa: ARG002, N802
        return False

    def xClose(self) -> None:  # noqa: N802
        """Leave all as it is."""


def _resize(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))


@dataclass
class Platter:
    """What has surely reached the disk, and what may have; takes the events one by one."""

    committed: int = 0
    _files: dict[int, bytearray] = field(default_factory=dict)
    _unsynced: dict[int, list[Wrote | Resized]] = field(default_factory=dict)
    _names: dict[str, int | None] = field(default_factory=dict)
    _unsynced_names: list[Named] = field(default_factory=list)

    @classmethod
    def of(cls, image: Image) -> Platter:
        """Begin with what is on a disk that lost power."""
        names: dict[str, int | None] = {name: number for number, name in enumerate(image)}
        return cls(_files={n: bytearray(content) for n, content in enumerate(image.values())}, _names=names)

    def take(self, event: Event) -> None:
        """Let this happen."""
        match event:
            case Wrote() | Resized():
                self._unsynced.setdefault(event.file, []).append(event)
            case Synced():
                content = self._files.setdefault(event.file, bytearray())
                for waiting in self._unsynced.pop(event.file, ()):
                    _do(content, waiting)
            case NotSynced():
                chance = Random(event.seed)
                self._files[event.file] = bytearray(self._left(event.file, chance, chance.choice([0.0, 0.5, 1.0])))
                self._unsynced.pop(event.file, None)
            case Named():
                self._unsynced_names.append(event)
            case FolderSynced():
                self._names.update(self._unsynced_names)
                self._unsynced_names.clear()
            case Committed():
                self.committed = event.number

    def cut(self, chance: Random) -> dict[str, bytes]:
        """Cut the power now; return what is there when it is back. Cutting changes nothing here."""
        likely = chance.choice([0.0, 0.1, 0.5, 0.9, 1.0])  # that something reached the disk in time
        names = dict(self._names)
        for change in self._unsynced_names:
            if chance.random() < likely:
                names[change.name] = change.file
        return {name: self._left(file, chance, likely) for name, file in names.items() if file is not None}

    def _left(self, file: int, chance: Random, likely: float) -> bytes:
        content = bytearray(self._files.get(file, b""))
        for event in self._unsynced.get(file, ()):
            if isinstance(event, Resized):
                if chance.random() < likely:
                    _resize(content, event.size)
            else:
                for start in range(0, len(event.data), SECTOR):
                    if chance.random() < likely:
                        part = event.data[start : start + SECTOR]
                        _do(content, Wrote(file, event.offset + start, _torn(part, chance)))
        return bytes(content)


def _do(content: bytearray, event: Wrote | Resized) -> None:
    if isinstance(event, Resized):
        _resize(content, event.size)
        return
    if len(content) < event.offset:
        _resize(content, event.offset)
    content[event.offset : event.offset + len(event.data)] = event.data


def _torn(part: bytes, chance: Random) -> bytes:
    """Return a sector's bytes as they were written; now and then only the first of them, or rubbish."""
    die = chance.random()
    if die < 0.03:
        return part[: chance.randrange(len(part))]
    return chance.randbytes(len(part)) if die < 0.06 else part
