"""Backups: sealed, whole or not there, of one instant; and a store that is restored from one."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from nacl.public import PrivateKey

from bot.domain.errors import (
    AnswersWanted,
    BackupDamaged,
    ForeignBackup,
    InTheWay,
    KeyFileRefused,
    NotABackup,
    NotABackupKey,
    NotWritten,
    WrongBackupKey,
)
from bot.domain.model import Kind, Stage
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE, App
from bot.runtime.restore import Since, restore
from bot.secrets import backup_files
from bot.secrets.backup_files import PIECE, Backup, read_private, read_public, seal, unseal, write_aside
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.storage.sqlite import is_whole
from bot.usecases import organizers, stewards
from bot.usecases.backups import back_up
from bot.usecases.closing import close
from tests.conftest import HOUR, NOON, OTHER_SHOP, PLEDGE_BY, ROOT, WALKOUT
from tests.console.play import (
    Play,
    anyway,
)
from tests.processes import allout, console, environment
from tests.stores import open_app
from tests.test_outbox import Post
from tests.test_telling_workers import END, ended, running, settle_in, stage, worker

NOBODY = Since(goes_on=(), is_over=())
GOES_ON = Since(goes_on=(WALKOUT,), is_over=())
IS_OVER = Since(goes_on=(), is_over=(WALKOUT,))


class Site:
    """A server's folder, a backup of it, and a folder on another machine."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "server"
        self.backup = folder / "city.backup"
        self.private = folder / "private"
        self.other = folder / "elsewhere"
        private, self.public = backup_files.new_keys()
        self.private.write_text(private)

    async def back_up(self, app: App, path: Path | None = None) -> None:
        await back_up(path or self.backup, self.public, app.store, app.keys, app.clock)

    def move_the_key(self) -> None:
        """Bring the key file to the other machine, as it is now."""
        self.other.mkdir()
        (self.other / KEY_FILE).touch(0o600)
        (self.other / KEY_FILE).write_bytes((self.data / KEY_FILE).read_bytes())

    async def restore(self, since: Since, clock: MovableClock) -> datetime:
        return await restore(self.backup, self.private, self.other, since, clock)


@pytest.fixture
def site(data: Path) -> Site:
    return Site(data)


def some(size: int = 3 * PIECE) -> Backup:
    """A backup of nothing in particular."""
    return Backup(made=NOON, store="the store", mark=b"mark", database=os.urandom(size))


# --- the file ---


@pytest.mark.parametrize("size", [0, 1, PIECE - 200, PIECE, 3 * PIECE + 1])
def test_what_is_sealed_is_opened_again(site: Site, size: int) -> None:
    backup = some(size)
    write_aside(site.backup, seal(backup, read_public(site.public)))
    assert unseal(site.backup, read_private(site.private)) == backup
    assert stat.S_IMODE(site.backup.stat().st_mode) == 0o600


def test_its_size_tells_little_and_two_of_the_same_look_different(site: Site) -> None:
    sealed = {b"".join(seal(some(size), read_public(site.public))) for size in (0, 0, PIECE // 2)}
    assert len(sealed) == 3
    assert len({len(each) for each in sealed}) == 1


def test_whatever_is_changed_cut_off_or_put_together_anew_is_refused(site: Site) -> None:
    write_aside(site.backup, seal(some(), read_public(site.public)))
    private, whole = read_private(site.private), site.backup.read_bytes()
    size = len(whole)
    piece = PIECE + 17
    begins = size - 4 * piece
    broken = [
        whole[:at] for at in (0, 1, 15, 16, 50, begins - 1, begins, begins + 1, len(whole) - piece, len(whole) - 1)
    ]
    broken += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, size, size // 50)]
    broken += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(begins + 20)]
    broken += [
        whole + b"\0",
        whole + whole[begins:],
        whole[:begins] + whole[begins + piece :],
        whole[:begins]
        + whole[begins + piece : begins + 2 * piece]
        + whole[begins : begins + piece]
        + whole[begins + 2 * piece :],
    ]
    for each in broken:
        site.backup.write_bytes(each)
        with pytest.raises(NotABackup):
            unseal(site.backup, private)
    site.backup.write_bytes(whole)
    assert unseal(site.backup, private)


def test_another_private_key_does_not_open_it(site: Site) -> None:
    write_aside(site.backup, seal(some(), read_public(site.public)))
    with pytest.raises(WrongBackupKey):
        unseal(site.backup, PrivateKey.generate())


def test_a_mistyped_key_is_no_key_and_a_private_one_is_no_public_one(site: Site) -> None:
    private = site.private.read_text()
    assert bytes(read_public(site.public)) == bytes(read_private(site.private).public_key)
    wrong = [private, "", "public:", site.public[:-1], site.public.replace("public", "private")]
    wrong += [site.public[:at] + ("A" if site.public[at] != "A" else "B") + site.public[at + 1 :] for at in range(55)]
    for text in wrong:
        with pytest.raises(ValueError):  # noqa: PT011  whichever
            read_public(text)
    for text in (site.public, "", "private:é", private[:-2]):
        site.private.write_text(text)
        with pytest.raises(NotABackupKey):
            read_private(site.private)


@pytest.fixture(params=["without a name", "with a name"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "with a name":
        monkeypatch.delattr(os, "O_TMPFILE")


@pytest.mark.usefixtures("_both_ways")
def test_nothing_is_written_over_and_what_fails_leaves_nothing(site: Site, data: Path) -> None:
    site.backup.write_text("kept")
    with pytest.raises(InTheWay):
        write_aside(site.backup, iter([b"new"]))
    assert site.backup.read_text() == "kept"
    with pytest.raises(NotWritten):
        write_aside(data / "nowhere" / "backup", iter([b"new"]))

    def failing() -> object:
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(NotWritten):
        write_aside(data / "other", failing())  # type: ignore[arg-type]

    def overtaken() -> object:
        yield b"ours"
        (data / "third").write_text("theirs")

    with pytest.raises(InTheWay):
        write_aside(data / "third", overtaken())  # type: ignore[arg-type]
    assert (data / "third").read_text() == "theirs"
    assert sorted(file.name for file in data.iterdir()) == ["city.backup", "private", "third"]


@pytest.mark.usefixtures("_both_ways")
def test_what_is_written_is_its_owners_alone(data: Path) -> None:
    write_aside(data / "new", iter([b"one", b"two"]))
    assert (data / "new").read_bytes() == b"onetwo"
    assert stat.S_IMODE((data / "new").stat().st_mode) == 0o600
    assert [path.name for path in data.iterdir()] == ["new"]


# --- of a store ---


async def test_a_backup_holds_the_store_and_nothing_of_the_key_file(site: Site, clock: MovableClock) -> None:
    async with running(site.data, clock) as app:
        await settle_in(app)
        await site.back_up(app)
    backup = unseal(site.backup, read_private(site.private))
    assert (backup.made, backup.store) == (NOON, app.keys.store)
    assert is_whole(backup.database)
    contents = app.keys._contents
    for key in (contents.server.key, *contents.walkouts.values()):
        for written in (key, b64encode(key), key.hex().encode()):
            assert written not in backup.database
            assert written not in site.backup.read_bytes()


async def test_a_backup_made_while_pledges_arrive_is_of_one_instant(site: Site, clock: MovableClock) -> None:
    async with running(site.data, clock) as app:
        await settle_in(app, asking=0)
        codes = [mint() for _ in range(32)]
        await stewards.mint(WALKOUT, {OTHER_SHOP: [key_of(code) for code in codes]}, app.store, app.keys)
        acknowledged: list[int] = []

        async def pledge(number: int) -> None:
            await worker(app, f"w{number}").pledge(codes[number])
            acknowledged.append(number)

        known = []
        for number in range(8):
            known.append(len(acknowledged))
            first, *rest = range(4 * number, 4 * number + 4)
            copying = site.back_up(app, site.backup.with_name(f"{number}"))
            await asyncio.gather(pledge(first), copying, *map(pledge, rest))
    site.move_the_key()
    for number, before in enumerate(known):
        site.backup = site.backup.with_name(f"{number}")
        await site.restore(GOES_ON, clock)
        async with running(site.other, clock) as app:
            [_other, shop] = await app.store.units(WALKOUT)
            mine = [await worker(app, f"w{each}").look(codes[each]) for each in range(32)]
            assert shop.standing == sum(1 for seen in mine if seen.mine is not None and seen.mine.stands) >= before
        (site.other / DATABASE).unlink()


# --- restored ---


async def test_restored_on_another_path_everything_is_as_it_was(site: Site, clock: MovableClock) -> None:
    async with running(site.data, clock) as app:
        codes = await settle_in(app)
        await site.back_up(app)
        clock.move_to(NOON + timedelta(minutes=5))
        await worker(app, "late").pledge(codes[39])
    site.move_the_key()
    assert await site.restore(GOES_ON, clock) == NOON
    assert sorted(file.name for file in site.other.iterdir()) == [DATABASE, KEY_FILE]
    assert stat.S_IMODE((site.other / DATABASE).stat().st_mode) == 0o600
    async with running(site.other, clock) as app:
        assert [place.standing for place in await app.store.units(WALKOUT)] == [30, 0]
        assert not (await worker(app, "p3").pledge(codes[3])).changed  # it stands
        assert (await worker(app, "late").pledge(codes[39])).changed  # made since, so made again


async def test_a_restored_walkout_decides_nothing_for_a_day_and_says_why(site: Site, clock: MovableClock) -> None:
    async with running(site.data, clock) as app:
        await organizers.add(Person("here", "olga"), "Olga", app.store, app.keys)
        codes = await settle_in(app, citywide=30)  # enough already
        await site.back_up(app)
        for number in range(3):
            await worker(app, f"p{number}").withdraw(codes[number])
    clock.move_to(NOON + 3 * HOUR)  # three tallies later
    site.move_the_key()
    await site.restore(GOES_ON, clock)
    post = Post()
    async with running(site.other, clock, post) as app:
        assert await stage(app) is Stage.OPEN
        assert [letter.news.kind for letter in post.letters] == [Kind.LOOK_AGAIN, Kind.RESTORED]
        assert [letter.address for letter in post.letters] == ["#city", "olga"]
        for number in range(3):  # they are told, look, and take it back once more
            await worker(app, f"p{number}").withdraw(codes[number])
        for hours in range(4, 28):
            clock.move_to(NOON + hours * HOUR)
            assert await stage(app) is Stage.OPEN
            assert (await app.store.walkout(WALKOUT)).tally == (1 if hours >= 28 else 0)
        clock.move_to(NOON + 28 * HOUR)
        assert await stage(app) is Stage.OPEN
        assert (await app.store.walkout(WALKOUT)).tally == 1


@pytest.mark.parametrize("since", [NOBODY, Since(goes_on=("x4p9z",), is_over=()), replace(GOES_ON, is_over=(WALKOUT,))])  # type: ignore[arg-type]
async def test_what_became_of_an_open_walkout_must_be_said(site: Site, clock: MovableClock, since: Since) -> None:
    async with running(site.data, clock) as app:
        await settle_in(app)
        await site.back_up(app)
    site.move_the_key()
    with pytest.raises(AnswersWanted) as refused:
        await site.restore(since, clock)
    assert refused.value.walkouts == ((WALKOUT, "One day", True),)
    assert [file.name for file in site.other.iterdir()] == [KEY_FILE]


async def test_after_the_deadline_a_walkout_that_was_open_cannot_go_on(site: Site, clock: MovableClock) -> None:
    async with running(site.data, clock) as app:
        await settle_in(app)
        await site.back_up(app)
    clock.move_to(PLEDGE_BY)
    site.move_the_key()
    with pytest.raises(AnswersWanted) as refused:
        await site.restore(GOES_ON, clock)
    assert refused.value.walkouts == ((WALKOUT, "One day", False),)
    await site.restore(IS_OVER, clock)
    post = Post()
    async with running(site.other, clock, post) as app:
        assert await stage(app) is Stage.CLOSED
    assert post.letters == []  # nobody organizes


async def test_what_was_on_and_announced_is_not_announced_again(site: Site, clock: MovableClock) -> None:
    """The backup is from before; it is on since, and everybody has heard it."""
    post = Post()
    async with running(site.data, clock, post) as app:
        await settle_in(app)
        await site.back_up(app)
        clock.move_to(END)
        assert await stage(app) is Stage.ON
    assert Kind.ON in {letter.news.kind for letter in post.letters}
    site.move_the_key()
    await site.restore(IS_OVER, clock)
    again = Post()
    async with running(site.other, clock, again) as app:
        assert await stage(app) is Stage.CLOSED
        clock.move_to(PLEDGE_BY)
        await app.scheduler.run_due()
    assert again.letters == []


async def test_a_walkout_closed_since_is_closed_again_and_not_asked_about(site: Site, clock: MovableClock) -> None:
    async with running(site.data, clock, Post()) as app:
        await settle_in(app)
        await site.back_up(app)
        await ended(app, clock)
        await app.scheduler.run_due()
        await close(await app.store.walkout(WALKOUT), app.store, app.keys)
    site.move_the_key()
    await site.restore(NOBODY, clock)
    async with running(site.other, clock) as app:
        assert await stage(app) is Stage.CLOSED
        assert [place.minted for place in await app.store.units(WALKOUT)] == [0, 0]


# --- refused ---


async def test_nothing_is_restored_over_a_store(site: Site, clock: MovableClock) -> None:
    async with running(site.data, clock) as app:
        await site.back_up(app)
    kept = (site.data / DATABASE).read_bytes()
    with pytest.raises(InTheWay):
        await restore(site.backup, site.private, site.data, NOBODY, clock)
    assert (site.data / DATABASE).read_bytes() == kept


async def test_without_the_right_key_file_nothing_is_restored(site: Site, clock: MovableClock, data: Path) -> None:
    async with running(site.data, clock) as app:
        await site.back_up(app)
        old = (site.data / KEY_FILE).read_bytes()
        await settle_in(app)
        later = data / "later.backup"
        await site.back_up(app, later)
    site.other.mkdir()
    with pytest.raises(KeyFileRefused) as missing:
        await site.restore(NOBODY, clock)
    assert (missing.value.why, list(site.other.iterdir())) == ("missing", [])
    async with open_app(data / "third", clock=clock, senders={}):
        pass
    (data / "third" / KEY_FILE).rename(site.other / KEY_FILE)
    with pytest.raises(ForeignBackup):
        await site.restore(NOBODY, clock)
    (site.other / KEY_FILE).write_bytes(old)
    site.backup = later
    with pytest.raises(KeyFileRefused) as outdated:
        await site.restore(GOES_ON, clock)
    assert outdated.value.why == "outdated"
    assert [file.name for file in site.other.iterdir()] == [KEY_FILE]


async def test_a_backup_that_somebody_made_up_is_refused(site: Site, clock: MovableClock) -> None:
    async with running(site.data, clock) as app:
        await settle_in(app)
        await site.back_up(app)
    real = unseal(site.backup, read_private(site.private))
    site.move_the_key()
    for forged in (replace(real, database=real.database[:-4096] + bytes(4096)), replace(real, mark=bytes(100))):
        site.backup.unlink()
        write_aside(site.backup, seal(forged, read_public(site.public)))  # whoever has the public key can
        with pytest.raises(ForeignBackup):
            await site.restore(GOES_ON, clock)
    site.backup.unlink()
    broken = real.database[:4096] + bytes(4096) + real.database[8192:]
    mark = app.keys.seal(backup_files.digest(broken))
    write_aside(site.backup, seal(replace(real, database=broken, mark=mark), read_public(site.public)))
    with pytest.raises(BackupDamaged):  # the disk had spoilt it before the backup
        await site.restore(GOES_ON, clock)
    assert [file.name for file in site.other.iterdir()] == [KEY_FILE]


async def test_another_servers_key_makes_older_backups_useless(site: Site, clock: MovableClock) -> None:
    async with running(site.data, clock) as app:
        await settle_in(app)
        await site.back_up(app)
        app.keys.begin_rotation()
    async with running(site.data, clock):
        pass
    site.move_the_key()
    with pytest.raises(ForeignBackup):
        await site.restore(GOES_ON, clock)


# --- the commands ---


def setting(monkeypatch: pytest.MonkeyPatch, public: str) -> None:
    monkeypatch.setenv("ALLOUT_BACKUP_KEY", public)


def test_keys_backup_and_restore_from_the_command_line(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(data, inside=True)
    made = play.allout("backup-key", data / "private")
    public = made.out.splitlines()[-1].removeprefix("ALLOUT_BACKUP_KEY=")
    assert stat.S_IMODE((data / "private").stat().st_mode) == 0o600
    assert read_public(public)
    walkout = play.prepare().id
    play.console(*anyway("@olga /open"))
    out = data / "city.backup"
    assert "ALLOUT_BACKUP_KEY" in play.allout("backup", out, "--data", play.data, status=2).err
    setting(monkeypatch, public)
    play.allout("backup", out, "--data", play.data)
    assert "is there already" in play.allout("backup", out, "--data", play.data, status=2).err
    other = data / "other"
    other.mkdir()
    back: list[str | Path] = ["restore", out, "--key", data / "private", "--data", other]
    assert "allout.key is missing" in play.allout(*back, status=2).err
    (other / KEY_FILE).touch(0o600)
    (other / KEY_FILE).write_bytes((play.data / KEY_FILE).read_bytes())
    now = ["--now", "2026-12-01T09:00:00-05:00"]
    assert f"--goes-on {walkout}" in play.allout(*back, *now, status=2).err
    restored = play.allout(*back, *now, "--goes-on", walkout).out
    assert "is as it was on" in restored
    assert (
        "take out again what has left (/leave)" in restored
    )  # or it might walk out, and its people read that it does not
    assert "is there already" in play.allout(*back, *now, status=2).err


def test_a_wrong_key_in_the_settings_is_said_in_one_sentence(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(data, inside=True)
    private, public = backup_files.new_keys()
    for wrong in (private, public[:-1], "ZZZ"):
        setting(monkeypatch, wrong)
        said = play.allout("organizer-code", "--data", data / "d", status=2).err
        assert said.count("\n") == 1
        assert "ALLOUT_BACKUP_KEY: is no public key" in said
        assert wrong not in said
    assert not (data / "d").exists()


def test_the_running_bot_makes_the_backup(data: Path) -> None:
    private, public = backup_files.new_keys()
    (data / "private").write_text(private)
    (data / ".env").write_text(f"ALLOUT_BACKUP_KEY={public}\n")
    with console(data / "d") as running_console:
        made = allout("backup", "b", "--data", data / "d", folder=data)
        assert (made.returncode, made.stderr) == (0, "")
        nowhere = allout("backup", data / "nowhere" / "b", "--data", data / "d", folder=data)
        assert (nowhere.returncode, nowhere.stdout) == (2, "")
        assert "cannot be written" in nowhere.stderr
        assert running_console.say("@olga /walkouts")["kind"] == "walkouts"
    assert is_whole(unseal(data / "b", read_private(data / "private")).database)


KILLED = """
import os, sys
from datetime import datetime, UTC
from pathlib import Path
from bot.secrets.backup_files import Backup, read_public, seal, write_aside

def told(pieces):
    for piece in pieces:
        yield piece
        print("piece", flush=True)

folder, public = Path(sys.argv[1]), sys.argv[2]
if "named" in sys.argv:
    del os.O_TMPFILE
backup = Backup(made=datetime.now(UTC), store="", mark=b"", database=bytes(5_000_000))
for number in range(1000):
    write_aside(folder / f"{number}.backup", told(seal(backup, read_public(public))))
"""


@pytest.mark.parametrize("ways", [[], ["named"]])
@pytest.mark.parametrize("lines", [1, 3, 6, 8, 11, 12])
def test_killed_while_a_backup_is_written_nothing_half_is_in_its_place(
    site: Site, data: Path, lines: int, ways: list[str]
) -> None:
    command = [sys.executable, "-c", KILLED, str(data), site.public, *ways]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _line in range(lines):
            assert process.stdout.readline() == "piece\n"
        process.kill()
    whole = list(data.glob("*.backup"))
    assert len(whole) >= (lines - 1) // 6
    for path in whole:
        assert len(unseal(path, read_private(site.private)).database) == 5_000_000
    left = list(data.glob("*.new"))
    assert ways or not left
    for path in left:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
