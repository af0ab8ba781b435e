"""A console that goes on: what people read in it can be used in what they say next."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime
from io import StringIO
from pathlib import Path

from bot.process.clock import MovableClock
from bot.secrets.keys import Person
from bot.usecases import organizers as use_cases
from handlers.cli import admin
from handlers.console.chat import PLATFORM, Console, ConsoleSender, Printer
from handlers.conversation import Conversation, Said, Ways
from handlers.texts.workers import console_can_see
from tests.console.play import NOW, Line, Play
from tests.stores import open_app


class Live:
    """One `allout console`, line by line; every answer is there before the next line is said."""

    def __init__(self, runner: asyncio.Runner, data: Path, now: str) -> None:
        self._runner = runner
        self._out = StringIO()
        self._printer = Printer(out=self._out, as_json=True, files=data / "files")
        self._clock = MovableClock(datetime.fromisoformat(now))
        self._data = data
        self._open = AsyncExitStack()

    async def begin(self, organizers: Sequence[str]) -> None:
        """Let these people organize."""
        senders = {PLATFORM: ConsoleSender(self._printer)}
        self._app = await self._open.enter_async_context(open_app(self._data, clock=self._clock, senders=senders))
        for name in organizers:
            await use_cases.add(Person(PLATFORM, name), name, self._app.store, self._app.keys)
        self._console = Console(self._app, self._clock, self._printer)
        await self._app.scheduler.run_due()

    async def end(self) -> None:
        """Close the store."""
        await self._open.aclose()

    def do(self, *lines: str) -> list[Line]:
        """Say these lines, each after the last is answered; return every JSON object that was printed.

        But for the pages that only say what something does, and ask: those are for `read`.
        """
        return [line for line in self.read(*lines) if line["kind"] != "sure"]

    def read(self, *lines: str) -> list[Line]:
        """Say these lines as well; return all that was printed."""
        return self._runner.run(self._do(lines))

    def do_at_once(self, *lines: str) -> list[Line]:
        """Say these lines at the same moment."""
        return self._runner.run(self._do(lines, at_once=True))

    async def _do(self, lines: Sequence[str], *, at_once: bool = False) -> list[Line]:
        start = self._out.tell()
        for number, line in enumerate(lines, start=1):
            await self._console.take(line, number)
            if not at_once:
                await self._console.settle()
        await self._console.settle()
        said: list[Line] = [json.loads(line) for line in self._out.getvalue()[start:].splitlines()]
        assert not [line for line in said if "error" in line], said
        return said

    def hand_over(self, giver: str, taker: str) -> None:
        """Let somebody hold the buttons of another, as with a forged press."""
        self._printer.shown.setdefault(taker, []).append(self._printer.shown[giver][-1])

    def data(self, who: str) -> str:
        """Return what the first button under somebody's newest message carries."""
        return self._printer.shown[who][-1][0].data

    def press(self, who: str, data: str) -> Line:
        """Let somebody press a button of this data, shown to them or not; return the answer."""
        conversation = Conversation(self._app, Ways(can_see=console_can_see, in_a_hurry=True))
        reply = self._runner.run(conversation.answer(Said(who=Person(PLATFORM, who), button=data)))
        assert reply is not None
        return {"kind": reply.kind, "text": reply.text, "buttons": [button.label for button in reply.buttons]}

    def took_part(self) -> dict[str, int | None]:
        """Return what stewards have counted by hand, by unit."""
        [walkout] = self._runner.run(self._app.store.walkouts())
        return {unit.name: unit.took_part for unit in self._runner.run(self._app.store.units(walkout.id))}

    def server(self, command: str, **given: str | None) -> str:
        """Carry out one of the server's own commands, as the socket would."""
        answer = self._runner.run(admin.execute(self._app, {"command": command, **given}))
        assert answer["status"] == 0
        return str(answer["out"])


@contextmanager
def live(play: Play, organizers: Sequence[str] = ("olga", "omar"), now: str = NOW) -> Iterator[Live]:
    """Open the console on a play's folder, until the block ends."""
    with asyncio.Runner() as runner:
        console = Live(runner, play.data, now)
        runner.run(console.begin(organizers))
        try:
            yield console
        finally:
            runner.run(console.end())
