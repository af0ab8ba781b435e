"""Stops, kills and late starts: nothing acknowledged is lost, nothing is told twice."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import time
from collections import Counter
from pathlib import Path
from typing import IO

from tests.console.play import (
    ALLOUT,
    NOW,
    Line,
    Play,
    anyway,
    bare,
    boards,
    errors,
    kinds,
    news,
    pledging,
    roster,
    sure,
    terms,
    to,
    withdrawing,
)

OPEN = [
    "@olga /room citywide #city",
    "@olga /room Depot #depot",
    "@olga /room School #school",
    *sure("@olga /open"),
    "!wait",
]
AN_HOUR = "2026-12-01T{:02}:00:00-05:00"


def start(play: Play) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [ALLOUT, *play.console_command()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def held_in(pipe: IO[bytes]) -> int:
    """Count the bytes that were written to a pipe and not read."""
    return int.from_bytes(fcntl.ioctl(pipe.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder)


def kill(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def test_after_downtime_the_latest_missed_tally_runs_once(shell: Play) -> None:
    cards = shell.prepare(terms(citywide_threshold=30, minimum_workplaces=3, milestones=True)).cards
    cafe = pledging("c", cards["Café, North"][:5])
    shell.console(*OPEN, *pledging("d", cards["Depot"]), *pledging("s", cards["School"][:5]), *cafe)
    late = shell.console(
        "@olga /board", f"@new {cards['School'][5]}", "@new [Pledge]", "!wait", now="2026-12-03T10:20:00-05:00"
    )
    assert Counter(news(late)) == {
        ("#depot", "workplace_ready", "Depot"): 1,
        ("#school", "workplace_ready", "School"): 1,
        ("#city", "milestone", "citywide"): 1,
    }
    seen = boards(late)[0]
    assert (seen.tally, seen.ready) == (1, 3)
    # it stands for its scheduled instant: what is tallied came before it, and the board says which one it was
    assert "Thu 3 Dec 2026, 10:00" in to(late, "olga")[-1]["text"]
    assert "Next tally: Thu 3 Dec 2026, 11:00" in to(late, "olga")[-1]["text"]
    assert kinds(to(late, "new")) == ["terms", "pledged"]


def test_the_tally_runs_before_the_first_line_after_a_late_start(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=6)).cards
    play.console(*OPEN, *pledging("d", cards["Depot"][:5]))
    late = play.console(*pledging("d", cards["Depot"][5:6], first=5), "!wait", now="2026-12-01T09:30:00-05:00")
    assert news(late) == []  # the sixth came after 9:00
    later = play.console(*withdrawing("d", cards["Depot"][:6]), "!wait", now="2026-12-01T10:30:00-05:00")
    assert next(kind for _, kind, _ in news(later)) == "on"  # the six stood at 10:00


def test_restarted_after_the_deadline_but_before_the_start_it_still_turns_on(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=6)).cards
    play.console(*OPEN, *pledging("d", cards["Depot"][:6]))
    late = play.console(f"@new {cards['Depot'][7]}", "@olga /board", now="2026-12-12T08:59:00-05:00")
    assert ("#city", "on", "citywide") in news(late)
    assert kinds(to(late, "new")) == ["closed"]


def test_restarted_after_the_start_nothing_turns_on(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=6)).cards
    play.console(*OPEN, *pledging("d", cards["Depot"][:6]))
    late = play.console("@olga /board", "!wait", now="2026-12-12T10:00:00-05:00")
    assert {kind for _, kind, _ in news(late)} == {"lapsed"}
    assert boards(late)[0].stage == "lapsed"
    assert news(play.console("!wait", now="2026-12-12T11:00:00-05:00")) == []


def _course(cards: dict[str, list[str]]) -> list[list[str]]:
    """Every step between whose lines a restart may fall; each line works without a button shown before."""
    depot, school, cafe = cards["Depot"], cards["School"], cards["Café, North"]
    return [
        ["@olga /room citywide #city"],
        ["@olga /room Depot #depot", "@olga /room School #school", '@olga /room "Café, North" #cafe'],
        [*sure("@olga /open")],
        [*sure("@omar /open")],
        pledging("d", depot[:3]),
        pledging("d", depot[3:6], first=3),
        ["!tally"],
        ["@olga /board"],
        withdrawing("d", depot[:1]),
        ["!tally"],
        pledging("d", depot[:1]),
        pledging("s", school[:5]),
        ["!tally"],
        ["!wait"],
        pledging("d", depot[6:8], first=6),
        ["!tally"],
        pledging("c", cafe[:5]),
        ["!tally"],
        withdrawing("c", cafe[:5]),
        ["!clock 2026-12-07T20:00:00-05:00"],
        ["@olga /board"],
        ["!clock 2026-12-08T20:00:00-05:00"],
        ["@olga /board"],
        ["!clock 2026-12-12T09:00:00-05:00"],
    ]


def _clock_after(step: list[str], now: str, hour: int) -> tuple[str, int]:
    if step == ["!tally"]:
        return AN_HOUR.format(hour + 1), hour + 1
    return (step[0].removeprefix("!clock "), hour) if step[0].startswith("!clock") else (now, hour)


def test_nothing_is_told_twice_or_lost_whatever_restarts_fall_between_any_two_steps(play: Play) -> None:
    about = terms(citywide_threshold=13, approvals=2, milestones=True, reminders=["1d"])
    walkout = play.prepare(about)
    steps = _course(walkout.cards)
    heard: list[Line] = []
    now, hour = NOW, 8
    for step in steps:
        heard += play.console(*step, "!wait", now=now)
        now, hour = _clock_after(step, now, hour)
        heard += play.console("!wait", now=now)  # and once more for nothing

    twin = Play(play.folder / "twin", inside=True)
    twin.folder.mkdir()
    same = twin.prepare(about)
    straight = twin.console(*[line for step in _course(same.cards) for line in [*step, "!wait"]])

    assert not errors(heard)
    assert words(heard) == words(straight)
    assert max(words(heard).values()) == 1
    assert {kind for _, kind, _ in news(heard)} >= {
        *("opened", "workplace_ready", "on", "we_are_out", "not_yet_out", "workplace_joins", "reminder"),
    }

    assert boards(heard) == boards(straight)


def words(lines: list[Line]) -> Counter[str]:
    """Count every announcement, to rooms and to organizers, by who hears it and its words."""
    kinds_of_news = {kind for _, kind, _ in news(lines)}
    told = [line for line in lines if line.get("kind") in kinds_of_news]
    return Counter(f"{line.get('room', line.get('to'))} {bare(line['text'])}" for line in told)


def test_every_acknowledged_pledge_is_there_after_a_kill(shell: Play) -> None:
    depot = shell.prepare(terms(citywide_threshold=90), roster([("Depot", 100, 90)])).cards["Depot"]
    shell.console(*anyway("@olga /open"))
    process = start(shell)
    assert process.stdin
    assert process.stdout
    acknowledged: set[int] = set()
    for n, card in enumerate(depot[:50]):
        process.stdin.write(f"@d{n} {card}\n@d{n} [Pledge]\n".encode())
        process.stdin.flush()
        assert [json.loads(process.stdout.readline())["kind"] for _ in range(2)] == ["terms", "pledged"]
        acknowledged.add(n)
    process.stdin.write("\n".join([*pledging("d", depot[50:], first=50), ""]).encode())
    process.stdin.flush()
    process.stdout.readline()  # the kill falls between their commits, or into one
    os.kill(process.pid, signal.SIGKILL)
    for text in process.stdout.read().splitlines(keepends=True):
        if text.endswith(b"\n") and json.loads(text)["kind"] == "pledged":
            acknowledged.add(int(json.loads(text)["to"][2:]))
    kill(process)

    lines = shell.console(*[f"@d{n} /status {card}" for n, card in enumerate(depot)], "!tally", "@olga /board")
    standing = {n for n in range(100) if kinds(to(lines, f"d{n}")) == ["status"]}
    assert acknowledged <= standing
    assert all("Your pledge stands." in to(lines, f"d{n}")[0]["text"] for n in standing)
    shown = 99 if len(standing) == 100 else max(n for n in range(0, 86, 9) if n <= len(standing))
    assert boards(lines)[0].pledged == shown or 85 < len(standing) < 100
    rest = [line for n in range(100) if n not in standing for line in pledging("d", depot[n : n + 1], first=n)]
    again = shell.console(*rest, "!tally", "@olga /board", now=AN_HOUR.format(9))
    assert boards(again)[0].counted == 90  # all that is asked for, whatever stands beyond


def test_parcels_that_a_kill_left_unsent_are_sent_after_the_restart_once(shell: Play) -> None:
    shops = [(f"Shop {n}", 10, 5) for n in range(30)]
    shell.draft(terms(), roster(shops))
    rooms = [f'@olga /room "{name}" #{name.replace(" ", "-")}' for name, _, _ in shops]
    shell.console(*rooms, "@olga /room citywide #city")
    process = start(shell)
    assert process.stdin
    assert process.stdout
    fcntl.fcntl(process.stdout.fileno(), 1031, 4096)  # F_SETPIPE_SZ: eight announcements fill it
    process.stdin.write(b"@olga /open\n@olga [Open it]\n!wait\n")
    process.stdin.flush()
    lines = [process.stdout.readline() for _ in range(5)]  # then nobody reads, and the console must wait
    seen = -1
    while (held := held_in(process.stdout)) != seen:  # it does once nothing more comes
        seen = held
        time.sleep(0.5)
    os.kill(process.pid, signal.SIGKILL)
    lines += process.stdout.readlines()
    kill(process)
    whole = [json.loads(line) for line in lines if line.endswith(b"\n")]
    assert 2 < len(news(whole)) < 31

    after = shell.console("!wait")
    everything = Counter([*news(whole), *news(after)])
    assert len(everything) == 31
    assert max(everything.values()) == 1
    assert news(shell.console("!wait")) == []


def test_a_kill_during_minting_leaves_no_stored_card_without_its_code(shell: Play) -> None:
    walkout = shell.draft(terms(citywide_threshold=90), roster([("Depot", 1000, 90)]))
    fresh = shell.folder / "first.csv.part"
    command: list[str | Path] = ["cards", walkout, "--all", "--out", fresh.with_suffix(""), "--data", shell.data]
    process = subprocess.Popen([ALLOUT, *command], stdout=subprocess.DEVNULL)
    while process.poll() is None and not fresh.exists():
        time.sleep(0.001)
    process.kill()  # the codes are being written, or the store is
    process.wait()
    shell.allout("cards", walkout, "--all", "--out", shell.folder / "second.csv", "--data", shell.data)
    files = [path for path in shell.folder.glob("*.csv*") if path.name != "workplaces.csv"]
    codes = {line.split(",")[1] for path in files for line in path.read_text().splitlines()[1:] if len(line) > 25}
    lines = shell.console(*anyway("@olga /open"), "!wait", *[f"@w{n} {code}" for n, code in enumerate(codes)])
    assert kinds(line for line in lines if line["to"].startswith("@w")).count("terms") == 1000
