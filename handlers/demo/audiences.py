"""Who watches the demo: people at a terminal, a file or a pipe, or a painter who makes one picture."""

from __future__ import annotations

import asyncio
import io
import re
from pathlib import Path
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.terminal_theme import SVG_EXPORT_THEME
from wcwidth import wrap

from handlers.demo import display
from handlers.demo.display import View
from handlers.demo.story import Heard, Scene
from handlers.texts import demo as texts
from handlers.texts.times import when

LONGEST_LINE = 160
"""Characters of an announcement in plain lines."""

PICTURE_WIDTH, PICTURE_HEIGHT = 100, 30


class RateLimit:
    """Holds the story to a speed that people can follow; 0 holds nothing up."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._ready = monotonic()

    async def rest(self, seconds: float) -> None:
        """Wait so long since the last rest was over: work in between costs no extra time."""
        if not self._speed:
            return
        self._ready = max(self._ready + seconds / self._speed, monotonic())
        await asyncio.sleep(self._ready - monotonic())


class Lines:
    """Prints the story line by line."""

    def __init__(self, console: Console, speed: float) -> None:
        self._console = console
        self._rate_limit = RateLimit(speed)
        self._scene: Scene | None = None

    def show(self, scene: Scene) -> None:
        """Print what a tally changed for the city."""
        before, self._scene = self._scene, scene
        if before is not None and before.walkout.id != scene.walkout.id:
            return  # another step begins with nothing
        if before is not None and _headline(scene) != _headline(before):
            self._print(texts.board_line(scene.city, scene.walkout, len(scene.lines)))
        if before is not None and scene.areas != before.areas:
            self._print(texts.areas_line({area.name: area.said for area in scene.areas if area.tenths}))

    def hear(self, heard: Heard) -> None:
        """Print an announcement."""
        self._print(
            texts.hears(heard.room, heard.others, wrap(heard.text, LONGEST_LINE, max_lines=1, placeholder=" …")[0])
        )

    def tell(self, sentence: str) -> None:
        """Print what to look at."""
        self._print(sentence)

    async def rest(self, seconds: float) -> None:
        """Wait only where people read along."""
        await self._rate_limit.rest(seconds)

    def _print(self, said: str) -> None:
        assert self._scene is not None  # noqa: S101  a story begins with a scene
        at = when(self._scene.now, self._scene.walkout.terms)
        self._console.out(texts.line(at, said), highlight=False)


class _Watcher:
    """Keeps what is to be seen now."""

    def __init__(self) -> None:
        self._seen: View | None = None

    @property
    def _view(self) -> View:
        assert self._seen is not None  # noqa: S101  a story begins with a scene
        return self._seen

    def show(self, scene: Scene) -> None:
        """Take over the scene."""
        if self._seen is None:
            self._seen = View(scene=scene)
        self._seen.turn_to(scene)

    def hear(self, heard: Heard) -> None:
        """Add an announcement."""
        self._view.news.append(heard)

    def tell(self, sentence: str) -> None:
        """Say what to look at."""
        self._view.say(sentence)


class Screen(_Watcher):
    """Draws every moment on the whole screen, and gives the screen back."""

    def __init__(self, console: Console, speed: float) -> None:
        super().__init__()
        self._console = console
        self._rate_limit = RateLimit(speed)
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    async def rest(self, seconds: float) -> None:
        """Draw, and wait."""
        width, height = self._console.size
        self._live.update(display.joined(display.frame(self._view, width, height)), refresh=True)
        await self._rate_limit.rest(seconds)

    def leave(self, room_for: int) -> None:
        """Leave the last city in sight, and its workplaces if so many lines have room below them."""
        width, height = self._console.size
        lines = display.head(self._view, width)
        grid = display.units(self._view, width)
        if len(lines) + len(grid) + room_for <= height:
            lines += grid
        self._console.print(display.joined(lines))


class Painter(_Watcher):
    """Keeps one frame from the middle of the story."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = ""
        self._is_done = False

    def tell(self, sentence: str) -> None:
        """Paint, until a workplace has fallen below its number: then there is something of everything."""
        super().tell(sentence)
        if not self._is_done:
            self._picture, self._is_done = _svg(self._view), bool(self._view.fell)

    async def rest(self, seconds: float) -> None:
        """Never tire."""

    def write(self, path: Path) -> None:
        """Write the picture as SVG."""
        path.write_text(self._picture, encoding="utf-8")


def _headline(scene: Scene) -> tuple[int, int]:
    return scene.city.counted, scene.city.reached


def _svg(view: View) -> str:
    console = Console(record=True, file=io.StringIO(), width=PICTURE_WIDTH, height=PICTURE_HEIGHT, force_terminal=True)
    console.print(display.joined(display.frame(view, PICTURE_WIDTH, PICTURE_HEIGHT)))
    svg = console.export_svg(title="allout demo", theme=SVG_EXPORT_THEME, unique_id="demo")
    # a picture fetches nothing, so no web fonts; and some programs draw no blank twice
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
