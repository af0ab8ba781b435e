"""What stands in the key file, and what of it opens with what."""

from __future__ import annotations

import json
import logging
import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import KeyFileRefused
from bot.domain.model import WalkoutId
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE
from bot.secrets import key_file
from bot.secrets.key_file import Contents, Cost, Lock, ServerKey, Unreadable, read, write_down
from bot.secrets.keys import Keys, Person, open_keys, put_back
from tests.conftest import WALKOUT
from tests.stores import open_app

QUICK = Cost(passes=1, memory=8192)
"""The least that argon2id does: a test need not wait as somebody who tries passphrases must."""

OTHER = WalkoutId("x4p9z")
ANA = Person("telegram", "12345")
CONTENTS = Contents(server=ServerKey.new(), walkouts={WALKOUT: b"w" * 32, OTHER: b"o" * 32}, following=ServerKey.new())
LOCK = Lock.of(b"six words", QUICK)


@pytest.fixture
def passphrase(data: Path) -> Path:
    """A file that holds a passphrase, as systemd or an editor leaves it."""
    (data / "passphrase").write_text("correct horse battery staple\n")
    return data / "passphrase"


@pytest.fixture
def database(data: Path) -> Path:
    """A database that has something in it."""
    (data / DATABASE).write_bytes(b"something")
    return data / DATABASE


def opened(data: Path, passphrase_file: Path | None = None) -> Keys:
    return open_keys(data / KEY_FILE, database=data / DATABASE, passphrase_file=passphrase_file, cost=QUICK)


def refusal(data: Path, passphrase_file: Path | None = None) -> str:
    """Open, and return why that was refused; whoever refuses has changed nothing."""
    before = {file: file.read_bytes() for file in data.iterdir() if file.is_file()}
    with pytest.raises(KeyFileRefused) as refused:
        opened(data, passphrase_file)
    assert {file: file.read_bytes() for file in data.iterdir() if file.is_file()} == before
    return refused.value.why


# --- the format ---


@pytest.mark.parametrize(("lock", "passphrase"), [(None, None), (LOCK, b"six words"), (None, b"not needed")])
def test_what_is_written_down_is_read_again(lock: Lock | None, passphrase: bytes | None) -> None:
    assert read(write_down(CONTENTS, lock), passphrase) == (CONTENTS, lock, True)


@pytest.mark.parametrize("lock", [None, LOCK])
def test_no_key_stands_in_the_file_as_it_is(lock: Lock | None) -> None:
    written = write_down(CONTENTS, lock)
    assert CONTENTS.following is not None
    for key in (CONTENTS.server.key, CONTENTS.following.key, *CONTENTS.walkouts.values()):
        for spelled in (key, b64encode(key).rstrip(b"="), key.hex().encode()):
            assert spelled not in written


def test_each_writing_has_a_wrapping_key_of_its_own() -> None:
    """So what a disk still holds of an older file opens nothing of the newer one, nor the other way round."""
    old, new = (json.loads(write_down(CONTENTS, None)) for _ in range(2))
    assert old["wrapping"] != new["wrapping"]
    for mixed in ({**new, "wrapping": old["wrapping"]}, {**old, "wrapping": new["wrapping"]}):
        with pytest.raises(Unreadable, match="damaged"):
            read(json.dumps(mixed).encode(), None)
    walkouts = {**new["walkouts"], WALKOUT: old["walkouts"][WALKOUT]}
    with pytest.raises(Unreadable, match="damaged"):
        read(json.dumps({**new, "walkouts": walkouts}).encode(), None)


def swapped(document: Any) -> None:
    walkouts = document["walkouts"]
    walkouts[WALKOUT], walkouts[OTHER] = walkouts[OTHER], walkouts[WALKOUT]


def renamed(document: Any) -> None:
    document["walkouts"] = {"zzzzz": document["walkouts"][WALKOUT]}


def other_store(document: Any) -> None:
    document["server"]["store"] = "another"


def begun_again(document: Any) -> None:
    document["following"] = document["server"]


def flipped(*path: str) -> Callable[[Any], None]:
    def flip(document: Any) -> None:
        *way, last = path
        for step in way:
            document = document[step]
        spelled = bytearray(b64decode(document[last]))
        spelled[-1] ^= 1
        document[last] = b64encode(spelled).decode()

    return flip


def put(value: Any, *path: str) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        *way, last = path
        for step in way:
            document = document[step]
        document[last] = value

    return change


@pytest.mark.parametrize(
    ("lock", "spoil"),
    [
        (None, swapped),
        (None, renamed),
        (None, other_store),
        (None, begun_again),
        (None, flipped("server", "key")),
        (None, flipped("walkouts", WALKOUT)),
        (None, flipped("wrapping", "key")),
        (None, put(4, "version")),  # a newer one's
        (None, put(None, "version")),
        (None, put({}, "wrapping")),
        (None, put(None, "wrapping")),
        (None, put("", "wrapping", "key")),
        (None, put([], "server")),
        (None, put(7, "server", "store")),
        (None, put([], "walkouts")),
        (None, put({"k7m3q": None}, "walkouts")),
        (None, put("", "following")),
        (LOCK, put(0, "wrapping", "passes")),
        (LOCK, put("1", "wrapping", "passes")),
        (LOCK, put(1.5, "wrapping", "passes")),
        (LOCK, put(2**40, "wrapping", "memory")),  # nobody's memory
        (LOCK, put(1, "wrapping", "memory")),
        (LOCK, put("", "wrapping", "salt")),
        (LOCK, put(None, "wrapping", "sealed")),
    ],
)
def test_what_was_not_written_like_this_is_damaged(lock: Lock | None, spoil: Callable[[Any], None]) -> None:
    document = json.loads(write_down(CONTENTS, lock))
    spoil(document)
    with pytest.raises(Unreadable, match="damaged"):
        read(json.dumps(document).encode(), b"six words")


@pytest.mark.parametrize("lock", [None, LOCK])
def test_a_file_cut_off_anywhere_is_damaged(lock: Lock | None) -> None:
    whole = write_down(CONTENTS, lock)
    for length in range(len(whole)):
        with pytest.raises(Unreadable, match="damaged"):
            read(whole[:length], b"six words")


def test_a_file_says_nothing_of_its_keys_when_it_is_printed() -> None:
    said = f"{CONTENTS!r} {LOCK!r}"
    for key in (CONTENTS.server.key, *CONTENTS.walkouts.values(), LOCK.key):
        assert repr(key)[2:-1] not in said


# --- the first format ---


@pytest.fixture
def first_version(data: Path, database: Path) -> dict[str, Any]:
    """A key file as it was written at first."""
    document = {
        "store": "a" * 32,
        "server": b64encode(b"s" * 32).decode(),
        "walkouts": {WALKOUT: b64encode(b"w" * 32).decode()},
    }
    (data / KEY_FILE).write_text(json.dumps(document))
    (data / KEY_FILE).chmod(0o600)
    return document


def test_a_key_file_of_the_first_kind_is_read_and_written_anew(data: Path, first_version: dict[str, Any]) -> None:
    keys = opened(data)
    owner, person = keys.bearer("CODE", ANA).owner(WALKOUT), keys.person(ANA)
    assert json.loads((data / KEY_FILE).read_bytes()) == first_version  # not before the store is ours
    keys.renew_file()
    written = (data / KEY_FILE).read_bytes()
    assert json.loads(written)["version"] == 3
    again = opened(data)
    assert (again.store, again.bearer("CODE", ANA).owner(WALKOUT), again.person(ANA)) == ("a" * 32, owner, person)
    again.renew_file()
    assert (data / KEY_FILE).read_bytes() == written  # once


# --- the passphrase ---


def test_a_first_start_with_a_passphrase_makes_a_sealed_file(data: Path, passphrase: Path) -> None:
    made = opened(data, passphrase)
    assert stat.S_IMODE((data / KEY_FILE).stat().st_mode) == 0o600
    assert "key" not in json.loads((data / KEY_FILE).read_bytes())["wrapping"]
    assert opened(data, passphrase).person(ANA) == made.person(ANA)
    made.add_walkout(WALKOUT)
    made.destroy_walkout(WALKOUT)
    assert refusal(data) == "sealed"
    passphrase.write_text("correct horse battery stapler")
    assert refusal(data, passphrase) == "passphrase"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_end_of_a_line_is_no_part_of_a_passphrase(data: Path, passphrase: Path, end: str) -> None:
    made = opened(data, passphrase)
    passphrase.write_bytes(f"correct horse battery staple{end}".encode())
    assert opened(data, passphrase).store == made.store


async def test_a_file_that_is_not_sealed_is_sealed_at_the_next_start_with_a_passphrase(
    data: Path, passphrase: Path, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_app(data, clock=clock, senders={}) as app:
        app.keys.add_walkout(WALKOUT)
        before = app.keys.person(ANA)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            async with open_app(data, clock=clock, senders={}, passphrase_file=passphrase) as app:
                assert app.keys.person(ANA) == before
    assert [record.getMessage() for record in caplog.records] == [
        "the key file is sealed with the passphrase from now on; destroy copies that are not"
    ]
    assert refusal(data) == "sealed"


def test_the_cost_of_a_passphrase_stays_as_the_file_has_it(data: Path, passphrase: Path) -> None:
    opened(data, passphrase).add_walkout(WALKOUT)
    (data / DATABASE).write_bytes(b"something")
    open_keys(data / KEY_FILE, database=data / DATABASE, passphrase_file=passphrase).add_walkout(OTHER)
    wrapping = json.loads((data / KEY_FILE).read_bytes())["wrapping"]
    assert (wrapping["passes"], wrapping["memory"]) == (QUICK.passes, QUICK.memory)


@pytest.mark.parametrize("content", [None, b"", b"\n"])
def test_a_passphrase_that_is_not_there_is_refused(data: Path, passphrase: Path, content: bytes | None) -> None:
    if content is None:
        passphrase.unlink()
    else:
        passphrase.write_bytes(content)
    assert refusal(data, passphrase) == "no_passphrase"
    assert not (data / KEY_FILE).exists()


# --- copies ---


def test_a_copy_put_back_is_this_servers_own_again(data: Path, passphrase: Path, database: Path) -> None:
    database.unlink()
    keys = opened(data)
    database.write_bytes(b"something")
    keys.add_walkout(WALKOUT)
    (data / "copy").write_bytes(keys.copy(LOCK))
    (data / KEY_FILE).unlink()
    assert refusal(data) == "missing"

    put_back(data / "copy", data / KEY_FILE, passphrase=b"six words", passphrase_file=passphrase, cost=QUICK)

    again = opened(data, passphrase)
    assert again.store == keys.store
    assert again.bearer("CODE", ANA).owner(WALKOUT) == keys.bearer("CODE", ANA).owner(WALKOUT)
    assert again.person(ANA) == keys.person(ANA)
    assert refusal(data) == "sealed"


def test_a_copy_is_put_over_nothing_and_with_its_own_passphrase_only(data: Path) -> None:
    keys = opened(data)
    (data / "copy").write_bytes(keys.copy(LOCK))
    before = (data / KEY_FILE).read_bytes()
    with pytest.raises(KeyFileRefused, match="there"):
        put_back(data / "copy", data / KEY_FILE, passphrase=b"six words", passphrase_file=None)
    assert (data / KEY_FILE).read_bytes() == before
    (data / KEY_FILE).unlink()
    with pytest.raises(KeyFileRefused, match="passphrase"):
        put_back(data / "copy", data / KEY_FILE, passphrase=b"seven words", passphrase_file=None)
    assert not (data / KEY_FILE).exists()


# --- what a disk holds of older files ---


def test_what_is_replaced_is_overwritten(data: Path) -> None:
    keys = opened(data)
    with (data / KEY_FILE).open("rb") as old:
        before = old.read()
        keys.add_walkout(WALKOUT)
        old.seek(0)
        assert old.read() == bytes(len(before))
    assert json.loads((data / KEY_FILE).read_bytes())["walkouts"].keys() == {WALKOUT}


def test_what_has_another_name_is_left_as_it_is(data: Path) -> None:
    keys = opened(data)
    before = (data / KEY_FILE).read_bytes()
    (data / "somebody's snapshot").hardlink_to(data / KEY_FILE)
    keys.add_walkout(WALKOUT)
    assert (data / "somebody's snapshot").read_bytes() == before


def test_what_could_not_be_replaced_is_left_as_it_is(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = opened(data)
    before = (data / KEY_FILE).read_bytes()

    def failing(_from: Path, _to: Path) -> Path:
        raise OSError("full")

    with monkeypatch.context() as failed:
        failed.setattr(Path, "replace", failing)
        with pytest.raises(OSError, match="full"):
            keys.add_walkout(WALKOUT)
    assert (data / KEY_FILE).read_bytes() == before
    assert WALKOUT not in keys.walkouts


# --- who comes at the same time ---


def test_of_many_first_starts_one_makes_the_key_file(data: Path) -> None:
    with ThreadPoolExecutor(16) as many:
        made = list(many.map(lambda _: opened(data), range(64)))
    assert len({keys.store for keys in made}) == 1
    assert opened(data).store == made[0].store
    assert os.listdir(data) == [KEY_FILE]  # noqa: PTH208


def test_the_usual_cost_is_paid_once_at_a_start() -> None:
    assert key_file.COST.memory >= 64 * 2**20  # what OWASP asks for is less than a third of this
    lock = Lock.of(b"six words")
    assert lock.cost == key_file.COST
    assert read(write_down(CONTENTS, lock), b"six words")[1] == lock
