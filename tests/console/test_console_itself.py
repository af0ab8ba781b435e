"""The console as a tool: its lines, its clock, its output."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.console.play import (
    ALLOUT,
    NOW,
    Line,
    Play,
    boards,
    errors,
    kinds,
    news,
    pledging,
    sure,
    terms,
    to,
)
from tests.processes import PATIENCE_S

OPEN = ["@olga /room citywide #city", *sure("@olga /open"), "!wait"]


@contextmanager
def running(play: Play, *arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command beside the test, and end it whatever happens."""
    process = subprocess.Popen(
        [ALLOUT, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=play.folder
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def test_an_impossible_press_or_line_is_an_error_and_the_run_goes_on(shell: Play) -> None:
    depot = shell.prepare().cards["Depot"]
    lines = shell.console(
        "@ana [Pledge]",  # line 1
        "!wait",
        *OPEN,  # to line 6
        f"@ana {depot[0]}",
        "@ana [Plegde]",  # line 8
        "@ana [Pledge]",
        "@bo [Pledge]",  # line 10: ana's button is not bo's
        "",
        "; a comment",
        "   ; and another",
        "hello",  # line 14
        "@ana",  # line 15
        "#city hello",  # line 16
        "!",  # line 17
        "!now",  # line 18
        "!tally please",  # line 19
        "!clock",  # line 20
        "!clock 2026-12-01T08:30:00",  # line 21: no offset
        "!clock tomorrow",  # line 22
        "!clock 2026-12-01T07:59:59-05:00",  # line 23: backwards
        "!clock 2026-12-01T08:00:00-05:00",
        "!clock 2026-12-01T13:00:00Z",
        "! wait",
        "@olga /board",
        status=1,
    )
    told = errors(lines)
    assert {error["line"] for error in told} - {26} == {1, 8, 10, *range(14, 24)}
    for error in told:
        assert set(error) == {"error", "line"}
        assert 10 < len(error["error"]) < 200
        assert "\n" not in error["error"]
    assert "forward" in next(error for error in told if error["line"] == 23)["error"]
    assert "offset" in next(error for error in told if error["line"] == 21)["error"]
    assert kinds(to([line for line in lines if "error" not in line], "ana")) == ["terms", "pledged"]
    assert boards(lines)[0].tally == 0


def test_a_tally_line_with_no_walkout_open_is_an_error(play: Play) -> None:
    (told,) = errors(play.console("!tally", status=1))
    assert told["line"] == 1


def test_crlf_a_byte_order_mark_and_a_missing_last_newline_are_all_the_same(shell: Play) -> None:
    shell.draft()
    script = shell.write(
        "script.txt", "\ufeff@olga /open\r\n!wait\r\n\r\n; comment\r\n  @ana   /HELP  \r\n@olga /board"
    )
    lines = shell.allout(*shell.console_command(script=script)).lines
    assert kinds(lines[:1]) == ["sure"]
    assert sorted(kinds(lines[1:])) == ["board", "help"]
    piped = shell.allout(*shell.console_command(), stdin="\ufeff@olga /board\r\n@ana /help", status=None)
    assert piped.status == 0, piped.out
    assert sorted(kinds(piped.lines)) == ["board", "help"]


def test_a_script_from_a_pipe_is_played_and_is_the_default_without_a_terminal(shell: Play) -> None:
    shell.draft()
    for dash in (["--script", "-"], []):
        command: list[str | Path] = ["console", "--json", "--data", shell.data, "--now", NOW, *dash]
        assert kinds(shell.allout(*command, stdin="@ana /help\n").lines) == ["help"]
    assert shell.allout("console", "--json", "--data", shell.data, "--script", "-").out == ""


def test_without_json_people_read_sentences(shell: Play) -> None:
    depot = shell.prepare(terms(citywide_threshold=6)).cards["Depot"]
    script = "\n".join([*OPEN, *pledging("d", depot[:6]), "@d0 [nope]", "!wait", "!tally", "@olga /board"])
    command = [argument for argument in shell.console_command() if argument != "--json"]
    ran = shell.allout(*command, stdin=script, status=1)
    assert ran.err == ""
    for said in ("to @d0:", "[Pledge]", "#city hears", "It is on.", "555-0100", "has reached 6 ("):
        assert said in ran.out
    assert '{"' not in ran.out
    assert '"kind"' not in ran.out


def test_waiting_leaves_time_standing_and_clock_moves_it_through_everything_in_order(play: Play) -> None:
    depot = play.prepare(terms(citywide_threshold=20, reminders=["7d"])).cards["Depot"]
    lines = play.console(
        *OPEN,
        "!wait",
        "!wait",
        "@olga /board",
        *pledging("d", depot[:10]),
        "!clock 2026-12-01T21:00:00-05:00",
        "@olga /board",
        "!wait",
        "!wait",
        "@olga /board",
    )
    before, *after = boards(lines)
    assert before.tally == 0
    assert [seen.tally for seen in after] == [13, 13]  # each hour, each once
    assert [kind for _, kind, _ in news(lines)] == ["opened", "reminder"]


def test_everything_a_line_causes_is_printed_before_what_comes_after_it(play: Play) -> None:
    """Everything said before a `!` line is answered before it, and its own news stand before the next line's."""
    depot = play.prepare(terms(citywide_threshold=6)).cards["Depot"]
    lines = play.console(
        *OPEN,
        *pledging("d", depot[:6]),
        "!tally",
        *[f"@d{n} [Check]" for n in range(6)],
        "!wait",
        *[f"@e{n} {depot[6 + n]}" for n in range(4)],
    )

    def place(line: Line) -> int:
        if "room" in line:
            return {"opened": 1, "on": 3}[line["kind"]]
        if line["to"] == "@omar":
            return {"decided": 1, "on": 3}[line["kind"]]
        if line["to"][1] == "e":
            return 5
        return {"sure": 0, "done": 0, "on": 3, "terms": 2, "pledged": 2, "status": 4}[line["kind"]]

    places = [place(line) for line in lines]
    assert places == sorted(places)
    assert len(places) == 3 + 2 + 12 + 3 + 6 + 4


def test_lines_of_one_person_stay_in_order(play: Play) -> None:
    depot = play.prepare().cards["Depot"]
    acts = ["@{} {}", "@{} [Pledge]", "@{} [Check]", "@{} [Withdraw]", "@{} [Check]", "@{} [Pledge]", "@{} /help"]
    lines = play.console(
        *OPEN, *[act.format(f"w{n}", card) for act in acts for n, card in enumerate(depot)], "!wait", "@w0 [Withdraw]"
    )
    expected = ["terms", "pledged", "status", "withdrawn", "status", "pledged", "help"]
    for n in range(len(depot)):
        assert kinds(to(lines, f"w{n}"))[:7] == expected
    assert kinds(to(lines, "w0"))[7:] == ["withdrawn"]


def test_every_line_is_one_json_object_with_its_documented_fields(play: Play) -> None:
    cards = play.prepare(terms(title='A "quoted" día', citywide_threshold=6)).cards
    script = play.write(
        "script.txt", "\n".join([*OPEN, *pledging("d", cards["Depot"][:6]), "!tally", "@x /board", "@zoë /help"])
    )
    ran = play.allout(*play.console_command(script=script))
    for text in ran.out.splitlines():
        line = json.loads(text)
        assert list(line) in (
            ["to", "kind", "text", "buttons"],  # an answer
            ["to", "kind", "scope", "text", "buttons"],  # a letter
            ["room", "kind", "scope", "text"],
        )
        assert line.get("to", "@").startswith("@")
        assert line.get("room", "#").startswith("#")
        assert line["kind"].replace("_", "").isalpha()
        assert line["text"].strip() == line["text"]
    assert "día" in ran.out  # readable as it is


@pytest.mark.parametrize("end", ["open", "endless"])
def test_when_nobody_reads_on_the_console_ends(shell: Play, end: str) -> None:
    """`allout console | head -1`, with a script that stays open, or goes on for ever."""
    shell.draft()
    with running(shell, *shell.console_command()) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"@ana /help\n!wait\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["kind"] == "help"
        process.stdout.close()

        def write() -> None:
            lines = b"@ana /help\n" * 100
            try:
                while process.poll() is None and process.stdin:
                    process.stdin.write(lines if end == "endless" else lines + b"!wait\n")
                    process.stdin.flush()
            except (BrokenPipeError, ValueError):
                return

        writing = threading.Thread(target=write)
        writing.start()
        try:
            process.wait(timeout=PATIENCE_S)
        finally:
            process.kill()
            writing.join()
        assert process.stderr
        assert b"Traceback" not in process.stderr.read()


def test_a_closed_stdout_does_not_change_what_was_acknowledged(shell: Play) -> None:
    depot = shell.prepare().cards["Depot"]
    script = shell.write("script.txt", "\n".join([*OPEN, *pledging("d", depot[:5]), "!wait", "@olga /board"]))
    with running(shell, *shell.console_command(script=script)) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        process.wait(timeout=PATIENCE_S)
        assert process.stderr
        said = process.stderr.read().decode()
    assert "Traceback" not in said
    assert said == said.lstrip()  # a sentence begins with its subject
    assert "board" in kinds(shell.console("@olga /board"))  # after the news that nobody could read, if any


def test_what_organizers_say_is_read_on_a_system_without_utf_8(shell: Play) -> None:
    shell.draft()
    env = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    ran = shell.allout(*shell.console_command(), stdin="@olga /board\n", env=env, status=None)
    assert "Traceback" not in ran.err
    assert kinds(ran.lines) == ["board"]


def test_a_missing_script_is_one_sentence(shell: Play) -> None:
    ran = shell.allout(*shell.console_command(script="nowhere.txt"), status=2)
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert not shell.data.exists()


def test_a_second_console_on_the_same_folder_is_refused_in_one_sentence(shell: Play) -> None:
    walkout = shell.draft()
    with running(shell, *shell.console_command()) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"@ana /help\n!wait\n")
        process.stdin.flush()
        process.stdout.readline()
        ran = shell.allout(*shell.console_command(), stdin="@ana /help\n", status=2)
        assert ran.out == ""
        assert len(ran.err.splitlines()) == 1
        # but the server's own commands are carried out by whoever owns the store
        assert (shell.data / "allout.sock").stat().st_mode & 0o777 == 0o600
        assert sum(map(len, shell.cards(walkout).values())) == 40
        second = shell.draft(terms(title="Second"))
        process.stdin.write(f"@olga /board {second}\n".encode())
        process.stdin.close()
        assert json.loads(process.stdout.readline())["kind"] == "board"
        assert process.wait(timeout=PATIENCE_S) == 0
    assert not (shell.data / "allout.sock").exists()
