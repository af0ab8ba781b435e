"""A child that was taken over reaches nothing; one that hangs, dies or lies is answered for, and the next one works."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import SandboxFull, WorkFailed
from bot.draft import RosterOptions, SourceFile
from bot.process.clock import MovableClock
from bot.runtime import control_socket
from bot.runtime.app import DATABASE, KEY_FILE, SOCKET
from bot.sandbox import codec
from bot.sandbox import pool as workshops
from bot.sandbox.pool import MOST_WAITING, SandboxPool, WorkerKind
from bot.secrets.card_codes import mint
from bot.usecases import stewards
from handlers.cli import admin
from handlers.sandboxed import sandbox_client
from handlers.sandboxed.orders import Print
from tests.conftest import NOON, WALKOUT, draft, shops, terms
from tests.console import play
from tests.faults.canaries import found
from tests.stores import open_app
from tests.test_ladder import THREE

pytestmark = pytest.mark.usefixtures("executed_children")

TAKEN_OVER = WorkerKind(module="tests.faults.taken_over", most=10_000, orders=100)
UNCONFINED = replace(TAKEN_OVER, module="tests.faults.unconfined")
LIAR = WorkerKind(module="tests.faults.liar", most=10_000)
LONG_S = 60.0
REAL = {"reads": sandbox_client.READS, "draws": sandbox_client.DRAWS, "prints": sandbox_client.PRINTS}

TOKEN = "5900000077:quillfeather-token"
PASSPHRASE = "a passphrase for quillfeather"


async def told(
    children: SandboxPool, kind_of_worker: WorkerKind, *words: object, within_s: float = LONG_S
) -> dict[str, Any]:
    """Tell a child what to try; give what came of it."""
    answer: dict[str, Any] = json.loads(
        await children.do(kind_of_worker, json.dumps(words).encode(), within_s=within_s)
    )
    return answer


async def _confined_here(children: SandboxPool) -> None:
    in_force = await children.in_force(TAKEN_OVER)
    if not (in_force.files and in_force.calls):
        pytest.skip(f"this system confines no child: {in_force}")


@contextmanager
def _listening() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


@asynccontextmanager
async def _surroundings(data: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, list[Any]]]:
    """Run a bot with everything that somebody could want; give each thing they try to get at."""
    monkeypatch.setenv("ALLOUT_TELEGRAM_TOKEN", TOKEN)
    (data / ".env").write_text(f"ALLOUT_TELEGRAM_TOKEN={TOKEN}\n")
    async with open_app(data, clock=MovableClock(NOON), senders={}) as app:
        with _listening() as address:
            async with control_socket.serve(data / SOCKET, lambda request: admin.execute(app, request)):
                us = f"/proc/{os.getpid()}"
                yield {
                    "the key file": ["read", str(data / KEY_FILE)],
                    "the database": ["read", str(data / DATABASE)],
                    "the token": ["read", str(data / ".env")],
                    "the list of files": ["list", str(data)],
                    "the bot's environment": ["read", f"{us}/environ"],
                    "the bot's memory": ["open", f"{us}/mem"],
                    "its own memory's map": ["read", "/proc/self/maps"],
                    "the users": ["read", "/etc/passwd"],
                    "allout.sock": ["connect", "unix", str(data / SOCKET)],
                    "the network": ["connect", "inet", address],
                    "a datagram": ["datagram"],
                    "a new file": ["write", str(data / "left")],
                    "a new folder": ["make", str(data / "folder")],
                    "a link": ["link", str(data / "link")],
                    "a file in the place of the key": ["write", str(data / KEY_FILE)],
                    "another program": ["execute"],
                    "a process": ["fork"],
                    "a signal to the bot": ["signal"],
                    "the bot's limits": ["limit"],
                }


async def test_a_child_that_was_taken_over_reaches_nothing(
    data: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    async with aclosing(SandboxPool()) as children, _surroundings(data, monkeypatch) as wanted:
        await _confined_here(children)
        before = sorted(path.name for path in data.iterdir())
        tries: list[tuple[str, list[Any]]] = [*wanted.items(), ("a ring", ["ring"])]
        for what, words in tries:
            answer = await told(children, TAKEN_OVER, *words)
            assert answer.keys() == {"refused"}, (what, answer)
        assert sorted(path.name for path in data.iterdir()) == before
        environment = (await told(children, TAKEN_OVER, "environment"))["came"]
        assert environment.keys() - {"LC_CTYPE"} == workshops.ENVIRONMENT.keys()  # that one Python sets itself
        descriptors = (await told(children, TAKEN_OVER, "descriptors"))["came"]
        assert descriptors == {"0": "socket", "1": "device", "2": "device"}
    record_property("tried", f"{len(tries)} ways out")
    record_property("found", "all refused")


async def test_what_a_child_could_reach_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may look into another process everywhere")
    async with aclosing(SandboxPool()) as children, _surroundings(data, monkeypatch) as wanted:
        del wanted["a file in the place of the key"]
        for what, words in wanted.items():
            answer = await told(children, UNCONFINED, *words)
            assert answer.keys() == {"came"}, (what, answer)
        assert {"left", "folder", "link"} <= {path.name for path in data.iterdir()}


@pytest.mark.parametrize("kind_of_worker", REAL.values(), ids=REAL)
async def test_each_child_of_the_bot_is_confined(kind_of_worker: WorkerKind) -> None:
    async with aclosing(SandboxPool()) as children:
        await _confined_here(children)
        in_force = await children.in_force(kind_of_worker)
        assert in_force.files
        assert in_force.calls
        status = Path(f"/proc/{_process(children, kind_of_worker)}/status").read_text()
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
        assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
        assert re.search(r"^Threads:\s+1$", status, re.MULTILINE)


# -- what they know --------------------------------------------------------------------------------------------------


def _process(children: SandboxPool, kind_of_worker: WorkerKind) -> int:
    process = children._children[kind_of_worker]._process
    assert process is not None
    return process.pid


def _memory(process: int) -> bytes:
    """Return all that stands in a process's memory and can be written to."""
    pieces = []
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            start, end, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()  # type: ignore[union-attr]
            if rights.startswith("rw"):
                memory.seek(int(start, 16))
                pieces.append(memory.read(int(end, 16) - int(start, 16)))
    return b"".join(pieces)


needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/proc/self/mem").exists(), reason="only root looks into an undumpable process"
)


def _order(codes: list[str]) -> bytes:
    return codec.write(
        Print(
            terms=terms(),
            places=(("Depot", tuple(codes)),),
            telegram=None,
            discord=None,
            also=(),
            paper=None,
            language="en",
            step=0,
        )
    )


@asynccontextmanager
async def _secrets(data: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """Run a bot that has secrets; give them, keys in hex: the search finds bytes where it is told their hex."""
    monkeypatch.setenv("ALLOUT_TELEGRAM_TOKEN", TOKEN)
    (data / "passphrase").write_text(PASSPHRASE)
    (data / "passphrase").chmod(0o600)
    async with open_app(
        data / "store", clock=MovableClock(NOON), senders={}, passphrase_file=data / "passphrase"
    ) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(draft(), shops(9))
        keys = [app.keys._server, app.keys._walkouts[WALKOUT]]
        yield [TOKEN, PASSPHRASE, *[key.hex() for key in keys]]


def _stand_in(secrets: list[str], memory: bytes) -> list[str]:
    raw = [secret for secret in secrets if re.fullmatch("[0-9a-f]{64}", secret) and bytes.fromhex(secret) in memory]
    return [*raw, *found(secrets, memory)]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system says so in other ways")
async def test_a_child_goes_behind_the_bot_in_its_session_but_not_in_its_process_group() -> None:
    """In another session Linux would weigh it against all of ours, however nice it is."""
    async with aclosing(SandboxPool()) as children:
        await children.in_force(TAKEN_OVER)
        child = _process(children, TAKEN_OVER)
        assert os.getpriority(os.PRIO_PROCESS, child) > os.getpriority(os.PRIO_PROCESS, 0)
        assert os.sched_getscheduler(child) == os.SCHED_BATCH
        assert os.getsid(child) == os.getsid(0)
        assert os.getpgid(child) != os.getpgid(0)


@needs_root
async def test_no_secret_stands_in_a_child_s_memory(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier, own = [[mint() for _ in range(3)] for _ in range(2)]
    async with aclosing(SandboxPool()) as children, _secrets(data, monkeypatch) as secrets:
        await children.do(sandbox_client.PRINTS, _order(earlier), within_s=LONG_S)
        staying = replace(sandbox_client.PRINTS, orders=2)
        await children.do(staying, _order(own), within_s=LONG_S)
        memory = _memory(_process(children, staying))
        assert _stand_in([*secrets, *earlier], memory) == []
        assert len({code for code in own if found([code], memory)}) == len(own), "what it printed must be found there"


@needs_root
async def test_what_draws_a_campaigns_steps_learns_of_no_workplace(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    depots = ["Quillfeather Depot", "Depot of Wrenfield"]
    walkout, units = THREE[1]
    named = [replace(unit, name=name) for unit, name in zip(units, depots, strict=False)]
    named += units[len(depots) :]
    board = stewards.published(walkout, named, steps=[THREE[0], (walkout, named), THREE[2]])
    async with aclosing(SandboxPool()) as children, _secrets(data, monkeypatch) as secrets:
        await sandbox_client.ladder(children, board)
        memory = _memory(_process(children, sandbox_client.DRAWS))
        assert _stand_in([*secrets, *depots], memory) == []
        assert found(["Sticker day"], memory), "what it draws must be found there"


@needs_root
async def test_a_secret_in_a_child_s_memory_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with aclosing(SandboxPool()) as children, _secrets(data, monkeypatch) as secrets:
        monkeypatch.setattr(workshops, "ENVIRONMENT", {**os.environ, "KEY": secrets[-1]})
        await told(children, TAKEN_OVER, "who")
        assert {name.split("'")[1] for name in _stand_in([TOKEN, secrets[-1]], _memory(_process(children, TAKEN_OVER)))}


# -- how they fail ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["fill", "die", "say too much", "say nonsense", "get further", "no such thing"])
async def test_a_child_that_fails_is_answered_for_and_the_next_one_works(how: str) -> None:
    async with aclosing(SandboxPool()) as children:
        first = await told(children, TAKEN_OVER, "who")
        assert await told(children, TAKEN_OVER, "who") == first
        with pytest.raises(WorkFailed):
            await told(children, TAKEN_OVER, how)
        assert await told(children, TAKEN_OVER, "who") != first


async def test_a_child_says_how_far_it_is_and_no_oftener_than_is_awaited() -> None:
    heard: list[str] = []
    steps = [partial(heard.append, "half"), partial(heard.append, "nearly")]
    async with aclosing(SandboxPool()) as children:
        for times in (1, 2):
            heard.clear()
            order = json.dumps(["get further", times]).encode()
            assert json.loads(await children.do(TAKEN_OVER, order, within_s=LONG_S, steps=steps)).keys() == {"came"}
            assert heard == ["half", "nearly"][:times]
        with pytest.raises(WorkFailed):
            await children.do(TAKEN_OVER, json.dumps(["get further", 3]).encode(), within_s=LONG_S, steps=steps)


async def test_a_child_that_died_while_nobody_looked_is_not_asked_any_more() -> None:
    async with aclosing(SandboxPool()) as children:
        first = await told(children, TAKEN_OVER, "who")
        process = children._children[TAKEN_OVER]._process
        assert process is not None
        process.kill()
        process.wait()
        assert await told(children, TAKEN_OVER, "who") != first


async def test_a_child_that_hangs_is_ended() -> None:
    async with aclosing(SandboxPool()) as children:
        first = await told(children, TAKEN_OVER, "who")
        with pytest.raises(WorkFailed):
            await told(children, TAKEN_OVER, "hang", within_s=0.5)
        assert not Path(f"/proc/{first['came']}").exists()
        assert await told(children, TAKEN_OVER, "who") != first


async def test_a_program_that_is_not_there_is_answered_for() -> None:
    async with aclosing(SandboxPool()) as children:
        with pytest.raises(WorkFailed):
            await children.do(WorkerKind(module="tests.faults.nowhere", most=10), b"", within_s=LONG_S)


async def test_a_child_sees_no_more_than_it_may_and_ends_when_it_has_nothing_to_do() -> None:
    async with aclosing(SandboxPool(idle_s=0)) as children:
        for _time in range(2):  # it may see a hundred, and is idle after each
            await told(children, TAKEN_OVER, "who")
            child = children._children[TAKEN_OVER]
            assert child._idle is not None
            await child._idle
            assert child.ended
    async with aclosing(SandboxPool()) as children:
        once = replace(TAKEN_OVER, orders=1)
        assert await told(children, once, "who") != await told(children, once, "who")


async def test_whoever_comes_when_many_wait_is_told_so_and_nothing_is_left_at_a_stop() -> None:
    children = SandboxPool()
    first = await told(children, TAKEN_OVER, "who")
    waiting = [asyncio.create_task(told(children, TAKEN_OVER, "hang")) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)  # they begin
    with pytest.raises(SandboxFull):
        await told(children, TAKEN_OVER, "who")
    for task in waiting[1:]:
        task.cancel()
    await children.aclose()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(ends[0], WorkFailed)
    assert not Path(f"/proc/{first['came']}").exists()


async def test_an_answer_that_nobody_waits_for_any_more_is_not_given_to_the_next_one() -> None:
    async with aclosing(SandboxPool()) as children:
        first = await told(children, TAKEN_OVER, "who")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await told(children, TAKEN_OVER, "hang")
        assert not Path(f"/proc/{first['came']}").exists()
        assert (await told(children, TAKEN_OVER, "descriptors"))["came"]


# -- how they lie ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind_of_worker", [LIAR, TAKEN_OVER], ids=["a draft that no file gives", "nothing that is one"]
)
async def test_what_no_file_gives_is_not_drafted(
    data: Path, monkeypatch: pytest.MonkeyPatch, kind_of_worker: WorkerKind
) -> None:
    monkeypatch.setattr(sandbox_client, "READS", kind_of_worker)
    toml = play.terms(starts=NOON, pledge_by=NOON)
    async with open_app(data, clock=MovableClock(NOON), senders={}) as app:
        request: control_socket.Request = {
            "command": "draft",
            "terms": admin.pack(SourceFile(name="walkout.toml", data=toml.encode())),
            "roster": None,
            "options": codec.write(RosterOptions()).decode(),
            "now": None,
        }
        answer = await admin.execute(app, request)
        assert answer["status"] == admin.REFUSED
        assert answer["err"].startswith("That did not work")
        assert await app.store.walkouts() == []
