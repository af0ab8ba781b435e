"""`allout doctor` finds what is wrong, provoked for real, and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner

from bot.domain import rules
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person, open_keys
from bot.storage.sqlite.opening import _migrations
from bot.storage.store import Room
from bot.usecases import health, stewards
from bot.usecases.health import Grade, Hearing, Sign, Visit
from handlers.cli import cli
from handlers.platforms.checks import ahead_s
from handlers.texts import doctor as texts
from tests.conftest import NOON, SHOP, WALKOUT, draft, shops
from tests.postgres.stores import migrated
from tests.processes import allout, console
from tests.storage.sqlite.test_opening import furnish, made
from tests.stores import open_app

Change = Callable[[Path], object]


@pytest.fixture
async def store(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with an open walkout, some pledges, and news on its way to a room."""
    monkeypatch.chdir(data)
    folder, clock = data / "store", MovableClock(NOON)
    async with open_app(folder, clock=clock, senders={}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(draft(), shops(9, 300))
        codes = [mint() for _ in range(9)]
        await stewards.mint(WALKOUT, {SHOP: [key_of(code) for code in codes]}, app.store, app.keys)
        await app.store.bind_room(Room(walkout=WALKOUT, scope=None, way="telegram", address="-100"))
        await app.store.decide(WALKOUT, partial(rules.open_up, now=NOON))
        for number, code in enumerate(codes[:3]):
            await app.worker(Person("telegram", str(number))).pledge(code)
    return folder


def examined(folder: Path) -> dict[str, dict[str, Any]]:
    """Examine a store; give what was found, by its sign."""
    ran = CliRunner().invoke(cli, ["doctor", "--json", "--data", str(folder)])
    findings = json.loads(ran.stdout)
    assert ran.exit_code == any(one["grade"] == "bad" for one in findings)
    return {one["sign"]: one for one in findings}


def written(folder: Path, *statements: str) -> None:
    """Write into the database as nobody should."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0
        connection.commit()


def test_a_store_as_it_should_be_has_nothing_bad(store: Path, data: Path) -> None:
    ran = allout("doctor", "--data", store, folder=data)
    assert ran.returncode == 0, ran.stdout
    assert "BAD" not in ran.stdout
    for words in (
        "Only you can look into",
        "Its files are yours alone.",
        "No bot runs on this store now.",
        "A crash would leave no core dump.",
        "The key file is there and fits the store.",
        "The store is whole, and its counts agree with its cards.",
        "There is no token for Telegram here, so 1 room could not be looked at.",
    ):
        assert words in ran.stdout.replace("\n      ", " ")
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert ran.stderr == ""


def _damaged(folder: Path) -> None:
    database = folder / DATABASE
    with closing(sqlite3.connect(database)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'card'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    contents = bytearray(database.read_bytes())
    contents[(root - 1) * size + 200 : root * size] = os.urandom(size - 200)
    database.write_bytes(contents)


WRONG: dict[str, tuple[Change, Sign, Grade]] = {
    "an open folder": (lambda at: at.chmod(0o750), Sign.FOLDER_OPEN, Grade.BAD),
    "an open database": (lambda at: (at / DATABASE).chmod(0o640), Sign.FILE_OPEN, Grade.BAD),
    "an open key file": (lambda at: (at / KEY_FILE).chmod(0o604), Sign.NOT_OPENED, Grade.BAD),
    "no key file": (lambda at: (at / KEY_FILE).unlink(), Sign.NOT_OPENED, Grade.BAD),
    "half a key file": (lambda at: os.truncate(at / KEY_FILE, 40), Sign.NOT_OPENED, Grade.BAD),
    "a key file half written": (lambda at: (at / "allout.key.new").touch(0o600), Sign.LEFT_OVER, Grade.LOOK),
    "cards half printed": (lambda at: (at.parent / "cards.pdf.part").touch(0o600), Sign.LEFT_OVER, Grade.LOOK),
    "a damaged page": (_damaged, Sign.STORE_DAMAGED, Grade.BAD),
    "no database": (lambda at: os.truncate(at / DATABASE, 30), Sign.NOT_OPENED, Grade.BAD),
    "a count": (
        lambda at: written(at, "UPDATE counted SET standing = (1 << 40) + 4 WHERE standing = (1 << 40) + 3"),
        Sign.COUNTS_WRONG,
        Grade.BAD,
    ),
    "a card": (
        lambda at: written(at, "DROP TRIGGER pledge_changed", "UPDATE pledge SET state = 'w' WHERE state = 'p'"),
        Sign.COUNTS_WRONG,
        Grade.BAD,
    ),
    "on, and nobody told": (lambda at: written(at, "UPDATE walkout SET stage = 'on'"), Sign.NEWS_WRONG, Grade.BAD),
    "told, and not on": (
        lambda at: written(at, "INSERT INTO announcement VALUES ('k7m3q', 0, 'on', 0, '1', '{}', '', NULL)"),
        Sign.NEWS_WRONG,
        Grade.BAD,
    ),
    "clocks that follow newer rules": (
        lambda at: written(at, "UPDATE walkout SET terms = json_set(terms, '$.timezone', 'America/New_York')"),
        Sign.CLOCKS_CHANGED,
        Grade.BAD,
    ),
    "a reference to nothing": (
        lambda at: written(at, "INSERT INTO steward (walkout, unit, id) VALUES ('k7m3q', 7, x'00')"),
        Sign.STORE_DAMAGED,
        Grade.BAD,
    ),
    "news that goes nowhere": (
        lambda at: written(at, "UPDATE parcel SET attempts = 9"),
        Sign.PARCELS_STUCK,
        Grade.LOOK,
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_found(store: Path, wrong: str) -> None:
    change, sign, grade = WRONG[wrong]
    before = examined(store)
    assert sign not in before
    change(store)
    found = examined(store)
    assert sign in found, found
    assert found[sign]["grade"] == grade
    new = set(found) - set(before)
    assert new <= {sign, Sign.FILE_OPEN}, "only that is wrong"


def held(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Everything that is in a folder."""
    return {path.name: (path.stat().st_mode, path.read_bytes()) for path in folder.iterdir()}


def test_a_doctor_looks_and_treats_nothing(store: Path) -> None:
    """Whatever a start would do is left to it: claimed parcels, keys that are to be changed, a closing cut off."""
    written(store, "UPDATE parcel SET state = 'claimed'")
    keys = open_keys(store / KEY_FILE, database=store / DATABASE)
    keys.begin_rotation()
    keys.destroy_walkout(WALKOUT)
    before = held(store)
    found = examined(store)
    assert held(store) == before
    assert {Sign.KEY_FITS, Sign.STORE_SOUND} <= found.keys()
    assert Sign.STORE_OLDER not in found


COUNTED = 16
"""The schema from which on counts stand in a table of their own."""


@pytest.mark.parametrize("version", range(1, len(_migrations())))
def test_a_store_of_an_older_version_is_examined_and_left_as_it_is(store: Path, version: int) -> None:
    (store / DATABASE).write_bytes(b"")  # a file of its mode
    with closing(sqlite3.connect(store / DATABASE)) as connection:
        made(connection, version)
        furnish(connection)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    before = held(store)
    found = examined(store)
    assert held(store) == before
    assert found[Sign.STORE_OLDER]["facts"] == {"schema": version, "known": len(_migrations())}
    assert Sign.STORE_SOUND in found
    counts = "counted" if version >= COUNTED else "workplace"
    written(store, f"UPDATE {counts} SET minted = minted + 1")  # noqa: S608
    assert Sign.COUNTS_WRONG in examined(store)


def test_a_store_of_a_newer_version_is_said_so_and_left_as_it_is(store: Path) -> None:
    with closing(sqlite3.connect(store / DATABASE)) as connection:
        connection.execute(f"PRAGMA user_version = {len(_migrations()) + 1}")
    before = held(store)
    why = examined(store)[Sign.NOT_OPENED]["facts"]["why"]
    assert held(store) == before
    assert (
        f"was written by a newer AllOut (schema {len(_migrations()) + 1}; this one knows {len(_migrations())})" in why
    )


def test_without_its_key_file_a_store_gets_no_other(store: Path) -> None:
    os.truncate(store / DATABASE, 0)
    (store / KEY_FILE).unlink()
    before = held(store)
    assert "allout.key is missing" in examined(store)[Sign.NOT_OPENED]["facts"]["why"]
    assert held(store) == before


def test_an_env_file_with_a_token_is_for_its_owner_alone(store: Path, data: Path) -> None:
    env = data / ".env"
    env.write_text("# ALLOUT_TELEGRAM_TOKEN=no\nALLOUT_TELEGRAM_TOKEN=\n")
    env.chmod(0o644)
    assert Sign.ENV_OPEN not in examined(store)
    env.write_text(f"ALLOUT_DISCORD_TOKEN=\nALLOUT_DATA={store}\nALLOUT_TELEGRAM_PROXY=http://a:b@localhost\n")
    assert examined(store)[Sign.ENV_OPEN]["grade"] == "bad"
    env.chmod(0o600)
    assert Sign.ENV_OPEN not in examined(store)


def test_where_there_is_no_store_none_is_made(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    assert examined(data / "nowhere")[Sign.NO_STORE]["grade"] == "look"
    assert list(data.iterdir()) == []


def test_an_empty_database_is_no_store_that_cannot_be_opened(
    data: Path, pg_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data)
    monkeypatch.setenv("ALLOUT_DATABASE_URL", pg_database)
    found = examined(data / "nowhere")
    assert Sign.NO_STORE in found
    assert Sign.NOT_OPENED not in found
    migrated(pg_database)  # now there is one, and its key file is missing
    assert "allout.key is missing" in examined(data / "nowhere")[Sign.NOT_OPENED]["facts"]["why"]
    assert list(data.iterdir()) == []


def test_beside_a_running_bot_its_owner_looks_into_the_store_and_at_itself(store: Path) -> None:
    with console(store):
        found = examined(store)
        assert found[Sign.BOT_RUNS]["grade"] == "ok"
        assert found[Sign.MEMORY_KEPT]["grade"] == "ok"  # that process's memory, not this one's
        assert {Sign.KEY_FITS, Sign.STORE_SOUND} <= found.keys()

        key_file = store / KEY_FILE
        kept = key_file.read_bytes()
        key_file.chmod(0o644)
        assert examined(store)[Sign.KEY_REFUSED]["facts"]["why"] == "exposed"
        key_file.unlink()
        assert examined(store)[Sign.KEY_REFUSED]["facts"]["why"] == "missing"
        other = json.loads(kept)
        del other["walkouts"][WALKOUT]
        key_file.touch(0o600)
        key_file.write_text(json.dumps(other))
        assert examined(store)[Sign.KEY_REPLACED]["grade"] == "bad"
        key_file.write_bytes(kept)
        assert Sign.KEY_FITS in examined(store)


def test_swap_is_open_unless_it_is_encrypted_or_in_memory(tmp_path: Path) -> None:
    swaps, blocks = tmp_path / "swaps", tmp_path / "block"
    (blocks / "dm-1" / "dm").mkdir(parents=True)
    (blocks / "dm-1" / "dm" / "uuid").write_text("CRYPT-PLAIN-swap\n")
    (blocks / "dm-2" / "dm").mkdir(parents=True)
    (blocks / "dm-2" / "dm" / "uuid").write_text("LVM-abc\n")
    head = "Filename Type Size Used Priority\n"

    def devices(*lines: str) -> list[Any]:
        swaps.write_text(head + "".join(f"{line} partition 1 0 -2\n" for line in lines))
        return [finding.facts.get("device") for finding in health._swap(swaps, blocks)]

    assert devices() == [None]
    assert devices("/dev/dm-1", "/dev/zram0") == [None]
    assert devices("/dev/dm-1", "/dev/dm-2", "/swapfile") == ["/dev/dm-2", "/swapfile"]
    swaps.unlink()
    assert list(health._swap(swaps, blocks)) == []


@pytest.mark.parametrize(
    ("free", "sign", "grade"),
    [
        (200_000_000, Sign.ROOM_ON_DISK, Grade.OK),
        (199_999_999, Sign.LITTLE_ROOM, Grade.LOOK),
        (20_000_000, Sign.LITTLE_ROOM, Grade.LOOK),
        (19_999_999, Sign.LITTLE_ROOM, Grade.BAD),
    ],
)
def test_a_disk_that_fills_up_is_told_in_time(
    data: Path, monkeypatch: pytest.MonkeyPatch, free: int, sign: Sign, grade: Grade
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": free}))
    finding = health._disk(data / "not" / "yet" / "there")
    assert (finding.sign, finding.grade) == (sign, grade)


@pytest.mark.parametrize(
    ("ahead", "sign", "grade"),
    [
        (5.0, Sign.CLOCK_RIGHT, Grade.OK),
        (-5.1, Sign.CLOCK_OFF, Grade.LOOK),
        (60.0, Sign.CLOCK_OFF, Grade.LOOK),
        (-3600.0, Sign.CLOCK_OFF, Grade.BAD),
    ],
)
def test_a_clock_is_compared_with_the_platforms(ahead: float, sign: Sign, grade: Grade) -> None:
    _, finding = health.visited("telegram", Visit(accepted=True, ahead_s=ahead), [])
    assert (finding.sign, finding.grade) == (sign, grade)


async def test_a_servers_time_is_read_from_its_answers() -> None:
    async def answer(request: web.Request) -> web.Response:
        date = "Tue, 01 Dec 2020 12:00:00 GMT" if request.path == "/then" else "no date"
        return web.Response(status=404, headers={"Date": date})

    app = web.Application()
    app.router.add_get("/{path}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        where = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ahead = await ahead_s(f"{where}/then")
        assert ahead is not None
        assert timedelta(seconds=ahead) > timedelta(days=365 * 4)
        assert await ahead_s(f"{where}/never") is None
    finally:
        await runner.cleanup()
    assert await ahead_s(where) is None


@pytest.mark.parametrize("sign", Sign)
def test_every_sign_has_words_and_what_is_not_ok_says_what_to_do(sign: Sign) -> None:
    facts: dict[str, Any] = {
        **dict.fromkeys(
            ("path", "mode", "device", "why", "walkout", "python", "database", "zone", "then", "now", "bot"), "{x}"
        ),
        **dict.fromkeys(("version", "role", "powers", "host", "name", "value", "wanted"), "{x}"),
        "n": 2,
        "schema": 1,
        "known": 2,
        "megabytes": 3,
        "seconds": 4,
        "platform": "discord",
        "workplace": "",
    }
    finding = health.found(sign, Grade.BAD, **facts)
    assert texts.said(finding).endswith(".") or "{x}" in texts.said(finding)
    fine = (
        "_stands",
        "_closed",
        "_right",
        "_fits",
        "_plain",
        "standby_awaited",
        "_sound",
        "_kept",
        "_good",
        "_hear",
        "_runs",
        "_delivers",
        "_confined",
        "room_on_disk",
        "versions",
    )
    if not sign.endswith(fine):
        assert texts.advice(finding)


def test_rooms_are_told_of_by_walkout_and_workplace_and_never_by_their_address() -> None:
    rooms = [
        health.Bound(walkout="k7m3q", unit=name, way="telegram", bot="", address=f"-100{number}")
        for number, name in enumerate(["", "Depot", "School", "Depot"])
    ]
    heard = {"-1000": Hearing.WELL, "-1001": Hearing.GONE, "-1002": Hearing.MUTE}
    findings = list(health.visited("telegram", Visit(accepted=True, rooms=heard), rooms))
    assert [texts.said(each) for each in findings] == [
        "Telegram accepts the token.",
        "A room of k7m3q on Telegram (Depot) is gone, or the bot is not in it.",
        "The bot may not write in a room of k7m3q on Telegram (School).",
        "Telegram does not say how a room of k7m3q is (Depot).",
        "1 room on Telegram can be written to.",
    ]
    assert "-100" not in str(findings)
