"""Settings: refused in one sentence, and their values are never shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.runtime.settings import PREFIX, Settings, is_postgres
from tests.console.play import Play

EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.mark.parametrize(
    ("env", "dotenv", "names"),
    [
        ({"ALLOUT_TELEGRAM_TOKENN": "secret"}, b"", "ALLOUT_TELEGRAM_TOKENN"),
        ({"ALLOUT_LOOK_EVERY_S": "secret"}, b"", "ALLOUT_LOOK_EVERY_S"),
        ({}, b"ALLOUT_TELEGRAM_TOKENN=secret\n", "ALLOUT_TELEGRAM_TOKENN"),
        ({}, b"ALLOUT_LOOK_EVERY_S=secret\n", "ALLOUT_LOOK_EVERY_S"),
        ({}, b"ANOTHER_TOOLS=x\nallout_telegram_tokenn=secret\n", "Unknown setting: ALLOUT_TELEGRAM_TOKENN."),
        ({"ALLOUT_DATABASE_URL": "mysql://bot:secret@host/x"}, b"", "ALLOUT_DATABASE_URL"),
        ({"ALLOUT_DATABASE_URL": "postgresql://bot:12/secret@host/x"}, b"", "ALLOUT_DATABASE_URL"),
        ({"ALLOUT_DATABASE_URL": "postgresql://bot:secret@host:port/x"}, b"", "ALLOUT_DATABASE_URL"),
        ({}, b"ALLOUT_LOOK_EVERY_S=\xff\xfesecret\n", ".env"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence_without_its_value(
    shell: Play, env: dict[str, str], dotenv: bytes, names: str
) -> None:
    if dotenv:
        shell.write(".env", dotenv)
    ran = shell.allout("console", "--data", shell.data, "--script", "-", env=env, status=None)
    assert "Traceback" not in ran.err
    assert ran.status == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert names in ran.err
    assert "secret" not in ran.err
    assert not shell.data.exists()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://allout@db.example.org/allout?sslmode=verify-full&sslrootcert=/etc/allout/ca.crt",
        "postgresql://allout@/allout?host=/run/postgresql",
        "postgres://bot:p%40ss%2F@db1,db2:5433,[::1]:5432/x?target_session_attrs=primary",
        "postgresql://127.0.0.1:5432",
    ],
)
def test_every_form_of_an_address_is_taken(address: str) -> None:
    assert is_postgres(address)


def test_without_a_folder_on_the_command_line_the_setting_is_used(shell: Play) -> None:
    shell.write(".env", "ALLOUT_DATA=from-dotenv\n")
    shell.allout("console", "--script", "-", env={"ALLOUT_DATA": "from-environment"})
    assert not (shell.folder / "from-dotenv").exists()
    assert (shell.folder / "from-environment" / "allout.db").exists()
    shell.allout("console", "--script", "-")
    assert (shell.folder / "from-dotenv" / "allout.db").exists()


def test_other_tools_settings_in_the_same_file_stop_nothing_and_set_nothing(shell: Play) -> None:
    others = "SECRET_OF_ANOTHER_TOOL=secret\nDATA=theirs\nLOG_LEVEL=loud\nTELEGRAM_TOKEN=theirs\n_=x\nALLOUT=x\n"
    shell.write(".env", f"{others}ALLOUT_DATA=ours\n")
    ran = shell.allout("console", "--script", "-")
    assert ran.err == ""
    assert (shell.folder / "ours" / "allout.db").exists()
    assert not (shell.folder / "theirs").exists()


def test_the_example_is_a_usable_file_as_it_stands(shell: Play) -> None:
    shell.write(".env", EXAMPLE.read_bytes())
    shell.allout("console", "--script", "-")
    assert (shell.folder / "allout-data" / "allout.db").exists()


def test_the_example_lists_every_setting_with_its_default_and_no_other() -> None:
    listed = dict(re.findall(r"^#? ?(ALLOUT_\w+)=(.*)$", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert sorted(listed) == sorted(f"{PREFIX}{name}".upper() for name in Settings.model_fields)
    for name, field in Settings.model_fields.items():
        written = listed[f"{PREFIX}{name}".upper()]
        assert written == ("" if field.default is None else str(field.default))


@pytest.mark.parametrize(
    "command",
    [
        ("organizer-code",),
        ("cards", "k7m3q", "--all", "--out", "cards.csv"),
        ("close", "k7m3q", "--yes"),
        ("suspensions",),
        ("backup", "today"),
        ("adopt", "--yes"),
        ("keys", "export", "copy"),
        ("keys", "rotate", "--yes"),
    ],
)
def test_a_command_that_needs_a_store_makes_none_and_names_the_nearest(play: Play, command: tuple[str, ...]) -> None:
    nowhere = play.folder / "my-ctiy"
    for there in (False, True):
        ran = play.allout(*command, "--data", nowhere, status=2)
        assert ran.out == ""
        assert f"There is no store in {nowhere}" in ran.err
        assert ("do you mean my-city?" in ran.err.replace(f"{play.folder}/", "")) is there
        assert not nowhere.exists()
        play.data = play.folder / "my-city"
        if not there:
            play.draft()
