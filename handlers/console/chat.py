"""The console: a chat platform with no network, for trying a walkout out and for scripts.

Input lines: `@ana TEXT` and `@ana [Label]` are what ana writes and presses; `!tally`, `!clock ISO` and `!wait`
move the time; `;` starts a comment.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePath
from typing import TextIO

from bot.delivery.outbox import Letter, PlatformDown
from bot.domain.errors import NotRecorded
from bot.process.clock import MovableClock, read_instant
from bot.runtime.app import App
from bot.secrets.keys import Person
from handlers.conversation import Button, Conversation, File, Reply, Rest, Said, Ways
from handlers.conversation.letter_buttons import buttons
from handlers.texts import console as texts
from handlers.texts.announcements import announcement
from handlers.texts.catalogue import speaking
from handlers.texts.refusals import refusal
from handlers.texts.times import not_an_instant
from handlers.texts.workers import console_can_see

PLATFORM = "console"

_NAME = r"[^\s@#\[\]]+"
_LINE = re.compile(rf"@(?P<name>{_NAME})(?:\s+(?P<text>.*))?", re.DOTALL)
_PRESS = re.compile(r"\[(?P<label>[^\[\]]+)\]")


def is_name(text: str) -> bool:
    """Say whether somebody can be called so here."""
    return re.fullmatch(_NAME, text) is not None


class Impossible(Exception):  # noqa: N818  said to whoever wrote the line
    """A line that nobody could say; the words are its argument."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Printer:
    """Shows everything: to people, or with `as_json` one object a line for scripts."""

    out: TextIO
    as_json: bool
    files: Path  #: a folder for what is not text
    numbered: bool = False
    shown: dict[str, list[tuple[Button, ...]]] = field(default_factory=dict)  #: each person's buttons, newest last

    def reply(self, name: str, reply: Reply) -> Path | None:
        """Show a private answer; return where its file is, if it has one."""
        path = None
        if reply.clears:
            self.shown.pop(name, None)  # what is not there cannot be pressed
        self._remember(name, reply.buttons)
        labels = [button.label for button in reply.buttons]
        line: dict[str, object] = {"to": f"@{name}", "kind": reply.kind, "text": reply.text, "buttons": labels}
        text = reply.text
        if reply.file is not None:
            path = self._keep(reply.file)
            line["file"], text = str(path), f"{text}\n{path}"
        self._show(line, texts.private(name, text, labels, numbered=self.numbered))
        return path

    def letter(self, letter: Letter) -> str:
        """Show an announcement, and return its words."""
        with speaking(letter.language):
            text, under = announcement(letter), buttons(letter)
        scope = "citywide" if letter.news.scope is None or letter.about is None else letter.about.name
        about = {"kind": letter.news.kind, "scope": scope, "text": text}
        if letter.private:
            self._remember(letter.address, under)
            shown = [button.label for button in under]
            line = {"to": f"@{letter.address}", **about, "buttons": shown}
            self._show(line, texts.private(letter.address, text, shown, numbered=self.numbered))
        else:
            self._show({"room": letter.address, **about}, texts.room(letter.address, text))
        return text

    def _keep(self, file: File) -> Path:
        self.files.mkdir(mode=0o700, exist_ok=True)
        path = self.files.resolve() / file.name
        number = 1
        while path.exists() and path.read_bytes() != file.data:
            number += 1
            path = path.with_stem(f"{PurePath(file.name).stem}-{number}")
        path.touch(mode=0o600)  # its codes are its reader's alone
        path.write_bytes(file.data)
        return path

    def _remember(self, name: str, under: tuple[Button, ...]) -> None:
        if under:
            self.shown.setdefault(name, []).append(under)

    def error(self, number: int, text: str) -> None:
        """Show what was wrong with a line."""
        self._show({"error": text, "line": number}, texts.impossible(text))

    def moved(self, now: datetime) -> None:
        """Tell people where the clock stands; a script knows."""
        if not self.as_json:
            print(texts.moved(now.isoformat(sep=" ", timespec="minutes")), file=self.out, flush=True)

    def _show(self, line: Mapping[str, object], plain: str) -> None:
        # flushed at once: what is settled after this must have been seen
        print(json.dumps(line, ensure_ascii=False) if self.as_json else plain, file=self.out, flush=True)


class ConsoleSender:
    """The console's way out for parcels."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer

    async def send(self, letter: Letter) -> str:
        """Print it."""
        try:
            with speaking(letter.language):
                return self._printer.letter(letter)
        except BrokenPipeError:
            raise PlatformDown from None

    async def delete(self, what: str) -> None:
        """Delete a file; it stands for its message."""
        Path(what).unlink(missing_ok=True)


class Console:
    """Reads lines and lets people say them."""

    def __init__(self, app: App, clock: MovableClock | None, printer: Printer) -> None:
        self._app = app
        self._clock = clock  #: None: real time passes, and nobody moves it
        self._printer = printer
        self._conversation = Conversation(app, Ways(can_see=console_can_see, in_a_hurry=True))
        self._latest: dict[str, asyncio.Task[None]] = {}
        self._beside: list[asyncio.Task[None]] = []  #: what takes long
        self._broken: OSError | None = None  #: nobody reads what is printed
        self.failed = 0  #: impossible lines so far

    async def run(self, lines: AsyncIterable[str]) -> None:
        """Carry every line out. Lines between two `!` lines run concurrently, each person's own in order."""
        number = 0
        await self._app.scheduler.run_due()
        async for line in lines:
            number += 1
            await self.take(line, number)
            if self._broken is not None:
                raise self._broken
        await self.settle()

    async def take(self, line: str, number: int) -> None:
        """Carry out a `!` line, or start what a person says."""
        line = line.strip()
        if not line or line.startswith(";"):
            return
        if line.startswith("!"):
            await self.settle()
            try:
                await self._move(line)
            except Impossible as impossible:
                self._fail(number, impossible)
            return
        name = (found := _LINE.fullmatch(line)) and found["name"]
        if not found or not name or not found["text"]:
            self._fail(number, Impossible(texts.unreadable()))
            return
        before = self._latest.get(name)
        self._latest[name] = asyncio.create_task(self._say(name, found["text"], number, before))

    async def settle(self) -> None:
        """Wait until everything said so far is answered and everything due by now is done."""
        waiting, self._latest = list(self._latest.values()), {}
        await asyncio.gather(*waiting)
        beside, self._beside = self._beside, []
        await asyncio.gather(*beside)
        if self._broken is not None:
            raise self._broken
        await self._app.scheduler.run_due()

    def buttons(self, name: str) -> tuple[Button, ...]:
        """Return the buttons of the person's newest message that has any."""
        return self._printer.shown.get(name, [()])[-1]

    async def _say(self, name: str, text: str, number: int, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        who = Person(PLATFORM, name)
        try:
            press = _PRESS.fullmatch(text.strip())
            said = Said.pressed(who, self._find(name, press["label"])) if press else Said(who=who, text=text)
        except Impossible as impossible:
            self._fail(number, impossible)
            return
        try:
            reply = await self._conversation.answer(said)
        except NotRecorded as refused:
            kind, words = refusal(refused)
            reply = Reply(kind=kind, text=words)
        if reply is not None:
            await self._show(name, said, reply)

    async def _show(self, name: str, said: Said, reply: Reply) -> None:
        path = self._print(name, reply)
        if reply.rest is not None:
            self._beside.append(asyncio.create_task(self._finish(name, said, reply.kind, reply.rest)))
        if path is not None and reply.file is not None and reply.file.lasts is not None:
            await self._app.deletions[PLATFORM].delete_later(str(path), reply.file.lasts)

    async def _finish(self, name: str, said: Said, kind: str, rest: Rest) -> None:
        """See to the rest of an answer; how far it is stands in lines of its own, since none can be changed."""

        def tell(text: str) -> None:
            self._print(name, Reply(kind=kind, text=text))

        await self._show(name, said, await self._conversation.finish(said, rest, tell))

    def _print(self, name: str, reply: Reply) -> Path | None:
        try:
            return self._printer.reply(name, reply)
        except OSError as error:
            self._broken = error
            return None

    def _find(self, name: str, label: str) -> str:
        for under in reversed(self._printer.shown.get(name, [])):
            for button in under:
                if button.label.casefold() == label.strip().casefold():
                    return button.data
        raise Impossible(texts.no_button(name, label))

    async def _move(self, line: str) -> None:
        order, *rest = line[1:].split() or [""]
        if order == "wait" and not rest:
            return
        if self._clock is None:
            raise Impossible(texts.real_clock())
        if order == "tally" and not rest:
            await self._move_to(self._clock, await self._next_tally())
        elif order == "clock" and len(rest) == 1:
            await self._move_to(self._clock, self._instant(rest[0], self._clock))
        else:
            raise Impossible(texts.unreadable())

    async def _move_to(self, clock: MovableClock, instant: datetime) -> None:
        scheduler = self._app.scheduler
        while (due := await scheduler.next_due()) is not None and due <= instant:
            clock.move_to(due)
            await scheduler.run_due()
            if await scheduler.next_due() == due:  # it could not be done now; said in the log
                break
        clock.move_to(instant)
        self._printer.moved(clock())

    async def _next_tally(self) -> datetime:
        due = [walkout.next_tally for walkout in await self._app.store.walkouts() if walkout.next_tally]
        if not due:
            raise Impossible(texts.no_tally())
        return min(due)

    def _instant(self, text: str, clock: MovableClock) -> datetime:
        instant = read_instant(text)
        if instant is None:
            raise Impossible(not_an_instant(text))
        if instant < clock():
            raise Impossible(texts.backwards(clock().isoformat()))
        return instant

    def _fail(self, number: int, impossible: Impossible) -> None:
        self.failed += 1
        self._printer.error(number, str(impossible))


async def script_lines(source: TextIO) -> AsyncIterable[str]:
    """Yield a script's lines, read off the event loop so that a slow pipe stops nobody."""
    while line := await asyncio.to_thread(source.readline):
        yield line


async def interact(app: App, clock: MovableClock | None, printer: Printer, every_s: float) -> None:
    """Let a person play everybody at a terminal: tallies by themselves, buttons by number."""
    from prompt_toolkit import PromptSession  # noqa: PLC0415  costs a script a tenth of a second
    from prompt_toolkit.history import InMemoryHistory  # noqa: PLC0415
    from prompt_toolkit.patch_stdout import patch_stdout  # noqa: PLC0415

    with patch_stdout():
        console = Console(app, clock, replace(printer, out=sys.stdout, numbered=True))
        # in memory only: a history on disk would keep card codes
        session: PromptSession[str] = PromptSession(history=InMemoryHistory())
        ticking = asyncio.create_task(app.scheduler.run_forever(every_s))
        speaker, number = "", 0
        print(texts.greeting(can_move=clock is not None))  # noqa: T201
        try:
            while True:
                line = (await session.prompt_async(f"{speaker or '@name'}> ")).strip()
                number += 1
                speaker, line = _spoken(console, speaker, line)
                await console.take(line, number)
                await console.settle()
        except (EOFError, KeyboardInterrupt):
            pass
        finally:
            ticking.cancel()


def _spoken(console: Console, speaker: str, line: str) -> tuple[str, str]:
    """Return who speaks now, and the line as a script would have it."""
    if line.startswith(("!", ";")) or not line:
        return speaker, line
    if line.startswith("@"):
        speaker, _blank, line = line.partition(" ")
    line = line.strip()
    if not line or not speaker:
        return speaker, f"{speaker} {line}" if line else ""
    buttons = console.buttons(speaker[1:])
    if line.isdecimal() and 1 <= int(line) <= len(buttons):
        line = f"[{buttons[int(line) - 1].label}]"
    return speaker, f"{speaker} {line}"
