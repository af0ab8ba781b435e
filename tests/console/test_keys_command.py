"""`allout keys`, and every sentence about a key file that is not as it must be."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from bot.runtime.app import DATABASE, KEY_FILE
from bot.secrets.key_file import Cost, Lock
from bot.secrets.keys import open_keys
from handlers.texts import keys as texts
from tests.console.play import ALLOUT, Play
from tests.processes import PATIENCE_S, console, environment

SETTING = "ALLOUT_KEY_PASSPHRASE_FILE"


@pytest.fixture
def passphrase(play: Play) -> Path:
    return play.write("passphrase", "correct horse battery staple\n")


@pytest.fixture
def key(play: Play) -> Path:
    """A key file that a first start has made, with a walkout's key in it."""
    play.draft()
    return play.data / KEY_FILE


def refused(play: Play, *command: str | Path) -> str:
    """Run a command that must refuse in one sentence and change nothing; return the sentence."""
    before = {file: file.read_bytes() for file in play.folder.rglob("*") if file.is_file()}
    ran = play.allout(*command, status=2)
    assert {file: file.read_bytes() for file in play.folder.rglob("*") if file.is_file()} == before
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    return ran.err.strip()


def start(play: Play) -> tuple[str | Path, ...]:
    return "organizer-code", "--data", play.data


def test_a_draft_reminds_of_the_copy(play: Play) -> None:
    play.write("walkout.toml", "")
    play.draft()
    said = play.allout("draft", "walkout.toml", "--data", play.data, "--now", "2026-12-01T08:00:00-05:00").out
    assert texts.keep_a_copy() in said
    assert "allout keys export" in said


def test_a_missing_key_file_is_one_sentence(play: Play, key: Path) -> None:
    key.unlink()
    assert refused(play, *start(play)) == (
        f"{key} is missing, and the database cannot be read without it. Put its copy back: allout keys import FILE"
    )


def test_a_damaged_key_file_is_one_sentence(play: Play, key: Path) -> None:
    key.write_bytes(key.read_bytes()[:-9])
    assert refused(play, *start(play)) == f"{key} is damaged. Put its copy back."


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o640, 0o660])
def test_a_key_file_that_others_can_read_is_one_sentence(play: Play, key: Path, mode: int) -> None:
    key.chmod(mode)
    said = refused(play, *start(play))
    assert said == f"{key} can be read by others on this machine. Run: chmod 600 {key}"
    key.chmod(0o600)
    play.allout(*start(play))


def test_a_foreign_key_file_is_one_sentence(play: Play, key: Path) -> None:
    own = key.read_bytes()
    other = Play(play.folder / "other", inside=True)
    other.folder.mkdir()
    other.draft()
    key.write_bytes((other.data / KEY_FILE).read_bytes())
    said = refused(play, *start(play))
    assert said.startswith(f"The key file does not belong to {play.data / DATABASE}")
    key.write_bytes(own)
    play.allout(*start(play))


def test_an_older_copy_of_the_key_file_is_one_sentence(play: Play, key: Path) -> None:
    before = key.read_bytes()
    play.draft()
    key.write_bytes(before)
    assert "is an older copy: it lacks the key of a walkout" in refused(play, *start(play))


def test_a_sealed_key_file_opens_with_the_setting_alone(
    play: Play, passphrase: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, str(passphrase))
    play.draft()
    key = play.data / KEY_FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600

    monkeypatch.delenv(SETTING)
    assert refused(play, *start(play)) == (
        f"{key} is sealed with a passphrase. Set ALLOUT_KEY_PASSPHRASE_FILE to the file that holds it."
    )
    wrong = play.write("wrong", "horse correct staple battery\n")
    monkeypatch.setenv(SETTING, str(wrong))
    assert refused(play, *start(play)).startswith(f"{key} is not opened by this passphrase.")
    wrong.unlink()
    assert refused(play, *start(play)).startswith(f"There is no passphrase in {wrong}.")
    monkeypatch.setenv(SETTING, str(passphrase))
    play.allout(*start(play))


def test_a_copy_is_sealed_and_put_back(play: Play, passphrase: Path, key: Path) -> None:
    before = open_keys(key, database=play.data / DATABASE)
    said = play.allout("keys", "export", "copy", "--passphrase-file", passphrase, "--data", play.data).out
    copy = play.folder / "copy"
    assert said.strip() == texts.exported("copy")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert "sealed" in json.loads(copy.read_bytes())["wrapping"]
    again = ("keys", "export", "copy", "--passphrase-file", passphrase, "--data", play.data)
    assert refused(play, *again) == "copy is there already. Choose another name."

    put_back = ("keys", "import", "copy", "--passphrase-file", passphrase, "--data", play.data)
    assert refused(play, *put_back) == f"{key} is there already. Move it away first, if it is not the right one."
    key.unlink()
    assert play.allout(*put_back).out.strip() == f"{key} is the key file again."
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    after = open_keys(key, database=play.data / DATABASE)
    assert (after.store, set(after.walkouts)) == (before.store, set(before.walkouts))
    play.allout(*start(play))


def test_what_cannot_be_put_back_is_one_sentence(play: Play, passphrase: Path, key: Path) -> None:
    play.allout("keys", "export", "copy", "--passphrase-file", passphrase, "--data", play.data)
    key.unlink()
    wrong = play.write("wrong", "another")
    command = ("keys", "import", "copy", "--data", play.data, "--passphrase-file")
    assert refused(play, *command, wrong).startswith("copy is not opened by this passphrase.")
    assert refused(play, *command, "nowhere").startswith("There is no passphrase in nowhere.")
    play.write("copy", "{}")
    assert refused(play, *command, passphrase) == "copy is damaged. Put its copy back."
    (play.folder / "copy").unlink()
    assert refused(play, *command, passphrase) == "copy cannot be used: No such file or directory."


def test_a_copy_is_the_key_file_of_whoever_knows_its_passphrase(
    play: Play, passphrase: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play.allout("keys", "export", "copy", "--passphrase-file", passphrase, "--data", play.data)
    (play.folder / "copy").replace(key)
    monkeypatch.setenv(SETTING, str(passphrase))
    play.allout(*start(play))


def test_without_a_terminal_the_passphrase_comes_from_a_file(play: Play, key: Path) -> None:
    assert "--passphrase-file" in refused(play, "keys", "export", "copy", "--data", play.data)


@pytest.mark.parametrize(
    ("typed", "status"),
    [("six random words\nsix random words\n", 0), ("\nsix random words\nsix random words\n", 0), ("one\nother\n", 2)],
)
def test_at_a_terminal_the_passphrase_is_asked_twice_and_never_shown(
    play: Play, key: Path, typed: str, status: int
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [ALLOUT, "keys", "export", "copy", "--data", play.data],
        cwd=play.folder,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as asking:
        os.close(theirs)
        shown = b""
        for line in typed.splitlines(keepends=True):
            while not shown.rstrip(b" ").endswith(b":"):
                shown += os.read(ours, 1024)
            os.write(ours, line.encode())
            shown += b"\n"
        try:
            while chunk := os.read(ours, 1024):
                shown += chunk
        except OSError:  # the other end is gone
            pass
        assert asking.wait(PATIENCE_S) == status, shown
    os.close(ours)
    assert b"words" not in shown
    assert (play.folder / "copy").exists() == (status == 0)
    if status:
        assert texts.not_the_same() in shown.decode()


def test_a_running_bot_gives_the_copy_and_changes_its_key_at_its_next_start(play: Play, passphrase: Path) -> None:
    key, database = play.data / KEY_FILE, play.data / DATABASE
    with console(play.data):
        before = open_keys(key, database=database).store
        play.allout("keys", "export", "copy", "--passphrase-file", passphrase, "--data", play.data)
        assert play.allout("keys", "rotate", "--yes", "--data", play.data).out.strip() == texts.rotates_at_start()
        begun = open_keys(key, database=database)
        assert begun.store == before
        assert begun.following is not None
    play.allout(*start(play))
    after = open_keys(key, database=database)
    assert after.store == begun.following.store
    assert after.following is None
    (roles,) = play.console("@olga /roles", organizers=["olga"])
    assert roles["text"].count("olga") == 1  # known as before, not made anew


def test_where_no_bot_runs_the_key_is_changed_at_once(play: Play, passphrase: Path, key: Path) -> None:
    before = open_keys(key, database=play.data / DATABASE)
    play.allout("keys", "export", "copy", "--passphrase-file", passphrase, "--data", play.data)
    assert play.allout("keys", "rotate", "--yes", "--data", play.data).out.strip() == texts.rotated()
    after = open_keys(key, database=play.data / DATABASE)
    assert after.following is None
    assert after.store != before.store
    assert set(after.walkouts) == set(before.walkouts)
    key.unlink()
    play.allout("keys", "import", "copy", "--passphrase-file", passphrase, "--data", play.data)
    assert "was copied before its keys were changed" in refused(play, *start(play))


def test_a_key_file_of_the_first_kind_is_written_anew_by_any_start(play: Play) -> None:
    play.data.mkdir()
    key = play.data / KEY_FILE
    key.write_text(json.dumps({"store": "a" * 32, "server": b64encode(bytes(32)).decode(), "walkouts": {}}))
    key.chmod(0o600)
    play.draft()
    assert json.loads(key.read_bytes())["version"] == 3


def test_a_cheap_copy_is_read_at_its_own_cost(play: Play, key: Path, passphrase: Path) -> None:
    lock = Lock.of(b"correct horse battery staple", Cost(passes=1, memory=8192))
    play.write("copy", open_keys(key, database=play.data / DATABASE).copy(lock))
    key.unlink()
    play.allout("keys", "import", "copy", "--passphrase-file", passphrase, "--data", play.data)
    play.allout(*start(play))
