from __future__ import annotations

import asyncio
import json
import re
import socket
import stat
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.runtime import control_socket
from bot.runtime.app import SOCKET
from bot.runtime.control_socket import Answer, Request, ask, serve
from tests.processes import PATIENCE_S, allout, console, run


async def echo(request: Request) -> Answer:
    """Carry a request out by sending it back; one of them cannot be carried out."""
    if request == {"command": "break"}:
        raise ZeroDivisionError
    return {"got": request}


@pytest.fixture
def path(data: Path) -> Path:
    return data / SOCKET


async def raw(path: Path, *chunks: bytes) -> bytes:
    """Send bytes as they are, and return all that comes back until the server hangs up."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), timeout=PATIENCE_S)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_a_request_is_carried_out_and_answered(path: Path) -> None:
    async with serve(path, echo):
        assert await ask(path, {"command": "é", "n": [1]}) == {"got": {"command": "é", "n": [1]}}


async def test_several_are_served_at_once(path: Path) -> None:
    async with serve(path, echo):
        answers = await asyncio.gather(*(ask(path, {"n": n}) for n in range(20)))
    assert answers == [{"got": {"n": n}} for n in range(20)]


async def test_of_two_processes_one_listens_and_the_other_takes_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "LOOK_EVERY_S", 0.01)

    async def other(_request: Request) -> Answer:
        return {"got": "other"}

    async with AsyncExitStack() as first:
        await first.enter_async_context(serve(path, echo))
        async with serve(path, other):
            assert await ask(path, {"n": 1}) == {"got": {"n": 1}}
            await first.aclose()
            async with asyncio.timeout(PATIENCE_S):
                answer: Answer | None = None
                while answer is None:
                    _turn, answer = await asyncio.gather(asyncio.sleep(0), ask(path, {"n": 1}))
            assert answer == {"got": "other"}
    assert not path.exists()


async def test_the_socket_belongs_to_its_owner_alone_and_goes_with_the_server(path: Path) -> None:
    async with serve(path, echo):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_ISSOCK(path.stat().st_mode)
    assert not path.exists()


async def test_without_a_running_bot_there_is_no_answer(data: Path, path: Path) -> None:
    assert await ask(path, {}) is None
    assert await ask(data / "nowhere" / SOCKET, {}) is None
    (data / "file").touch()
    assert await ask(data / "file" / SOCKET, {}) is None


async def test_what_a_killed_bot_left_behind_is_no_running_bot_and_is_replaced(path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()

    assert await ask(path, {}) is None
    async with serve(path, echo):
        assert await ask(path, {"n": 1}) == {"got": {"n": 1}}


@pytest.mark.parametrize("length", [95, 99, 100, 107, 108, 109, 250])
async def test_the_folder_may_be_as_deep_as_it_likes(data: Path, length: int) -> None:
    deep = data
    while len(str(deep / SOCKET)) < length - 1:
        deep /= "d" * min(100, length - len(str(deep / SOCKET)) - 1)
    deep.mkdir(parents=True, exist_ok=True)
    path = deep / SOCKET
    async with serve(path, echo):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert await ask(path, {"n": 1}) == {"got": {"n": 1}}
    assert await ask(path, {"n": 1}) is None
    assert not path.exists()


@pytest.mark.parametrize(
    "sent",
    [
        b"no JSON\n",
        b"\xff\xfe\n",
        b"\n",
        b"[" * 100_000 + b"\n",  # deeper than a reader goes
        b'{"command": "break"}\n',
        b'{"command": "ha',  # the caller is gone in the middle
        b"",
    ],
)
async def test_a_broken_request_gets_no_answer_and_the_next_one_is_served(path: Path, sent: bytes) -> None:
    async with serve(path, echo):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(sent)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), timeout=PATIENCE_S) == b""  # hung up on, not left waiting
        writer.close()
        assert await ask(path, {"n": 1}) == {"got": {"n": 1}}


async def test_a_huge_request_is_hung_up_on_and_the_next_one_is_served(path: Path) -> None:
    chunk = b"x" * (1 << 22)
    async with serve(path, echo):
        assert await raw(path, *[chunk] * (control_socket.LARGEST // len(chunk) + 1)) == b""
        assert await ask(path, {"n": 1}) == {"got": {"n": 1}}


async def test_a_large_request_below_the_limit_is_carried_out(path: Path) -> None:
    hashes = ["A" * 44] * 50_000
    async with serve(path, echo):
        assert await ask(path, {"cards": hashes}) == {"got": {"cards": hashes}}


async def test_a_caller_who_says_nothing_holds_nobody_up(path: Path) -> None:
    async with serve(path, echo):
        _reader, writer = await asyncio.open_unix_connection(str(path))
        assert await ask(path, {"n": 1}) == {"got": {"n": 1}}
        writer.close()
        assert await ask(path, {"n": 2}) == {"got": {"n": 2}}


def test_a_caller_who_says_nothing_does_not_keep_the_bot_from_stopping(data: Path, path: Path) -> None:
    script = f"""
import asyncio
from pathlib import Path
from bot.runtime.control_socket import ask, serve

async def echo(request):
    return request

async def main():
    path = Path({str(path)!r})
    async with serve(path, echo):
        reader, writer = await asyncio.open_unix_connection(str(path))
        await ask(path, {{}})
    print("stopped")
    writer.close()

asyncio.run(main())
"""
    ended = run([sys.executable, "-c", script], folder=data)
    assert (ended.stdout, ended.stderr) == ("stopped\n", "")


def test_a_running_console_survives_requests_that_no_command_makes(data: Path) -> None:
    with console(data) as running:
        odd: list[object] = [
            {},
            {"command": "unheard of"},
            {"command": "mint"},
            {"command": "draft"},
            [],
            None,
            "draft",
        ]
        for request in odd:
            with socket.socket(socket.AF_UNIX) as caller:
                caller.settimeout(PATIENCE_S)
                caller.connect(str(data / SOCKET))
                caller.sendall(json.dumps(request).encode() + b"\n")
                while caller.recv(1 << 16):
                    pass
        assert running.say("@olga /walkouts")["kind"] == "walkouts"


# --- the server's own commands beside a running console ---

TERMS = """
title = "One day for the rent freeze"
starts = 2026-12-12T09:00:00-05:00
pledge_by = 2026-12-08T20:00:00-05:00
citywide_threshold = 20
workplaces = "workplaces.csv"
"""
NOW = "2026-12-01T12:00:00-05:00"


@pytest.fixture
def terms(data: Path) -> Path:
    """An organizer's two files."""
    (data / "workplaces.csv").write_text("workplace,headcount,threshold\nBellevue,30,65%\nHarlem,20,10\n")
    (data / "walkout.toml").write_text(TERMS)
    return data / "walkout.toml"


def test_draft_and_cards_are_carried_out_by_the_running_console(data: Path, terms: Path) -> None:
    folder = data / "d"
    with console(folder, "--now", NOW) as running:
        assert "rent freeze" not in running.say("@olga /walkouts")["text"]
        drafted = allout("draft", terms, "--data", folder, folder=data)
        walkout = drafted.stdout.splitlines()[-1]
        assert (drafted.returncode, drafted.stderr) == (0, "")
        assert re.fullmatch(r"[0-9a-z]{5}", walkout)
        listed = running.say("@olga /walkouts")["text"]
        assert walkout in listed
        assert "One day for the rent freeze" in listed

        out = data / "cards.csv"
        made = allout("cards", walkout, "--all", "--format", "csv", "--out", out, "--data", folder, folder=data)
        assert (made.returncode, made.stderr) == (0, "")
        lines = [line.split(",") for line in out.read_text(encoding="utf-8-sig").splitlines()]
        assert lines[0] == ["workplace", "card"]
        assert [place for place, _card in lines[1:]] == ["Bellevue"] * 30 + ["Harlem"] * 20
        codes = {card.replace("-", "") for _place, card in lines[1:]}
        assert len(codes) == 50
        assert None not in codes
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        # the running console knows the card; the walkout is a draft
        assert running.say(f"@ana {lines[1][1]}")["kind"] == "not_open"

        again = allout("cards", walkout, "--all", "--out", data / "more.csv", "--data", folder, folder=data)
        assert again.returncode == 0
        assert not (data / "more.csv").exists()  # nothing is missing any more


def test_a_refused_draft_stores_nothing_and_says_every_problem_with_its_line(data: Path, terms: Path) -> None:
    folder = data / "d"
    terms.write_text(TERMS.replace("= 20\n", "= 2000\n").replace("title", "titel"))
    with console(folder, "--now", NOW) as running:
        before = running.say("@olga /walkouts")
        refused = allout("draft", terms, "--data", folder, folder=data)

        assert (refused.returncode, refused.stdout) == (2, "")
        assert "walkout.toml, line 2: " in refused.stderr  # titel
        assert "walkout.toml, line 5: " in refused.stderr  # more than there are people
        assert running.say("@olga /walkouts") == before


def test_without_a_running_bot_a_command_does_it_itself(data: Path, terms: Path) -> None:
    folder = data / "d"
    drafted = allout("draft", terms, "--data", folder, "--now", NOW, folder=data)
    assert (drafted.returncode, drafted.stderr) == (0, "")
    walkout = drafted.stdout.splitlines()[-1]
    with console(folder, "--now", NOW) as running:
        assert walkout in running.say("@olga /walkouts")["text"]


def test_cards_of_no_walkout_are_refused_and_no_file_is_written(data: Path) -> None:
    with console(data / "d"):
        refused = allout("cards", "zzzz9", "--all", "--out", data / "cards.csv", "--data", data / "d", folder=data)

    assert refused.returncode == 2
    assert "zzzz9" in refused.stderr
    assert sorted(file.name for file in data.iterdir()) == ["d"]
