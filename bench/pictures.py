"""Draws the messages that workers read most, as a phone shows them, the tree, the ladder: `python -m bench.pictures`.

It plays a walkout of the demo city in a store of its own and draws what the bot says, in every language; with --check
it only says which pictures, or the page that shows them, are not what the bot says today. Each is the same on every
machine: lines are cut by the letters that we ship, with room for whoever has wider ones.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from hashlib import sha256
from importlib import resources
from pathlib import Path
from xml.sax.saxutils import escape

from fontTools.ttLib import TTFont

from bench import ladder_picture, tree_picture
from bot.delivery.outbox import Letter
from bot.domain import rules
from bot.domain.model import Kind, StepKind, Walkout
from bot.draft import RosterOptions, SourceFile, read
from bot.parsing.questions import Question
from bot.process.clock import MovableClock
from bot.runtime.app import App, open_app
from bot.secrets import card_codes
from bot.secrets.keys import Person
from bot.storage.store import Room
from bot.usecases import organizers, stewards
from handlers.conversation import Button, Conversation, RoomsBy, Said, Ways
from handlers.conversation.letter_buttons import buttons as buttons_under
from handlers.conversation.messages import carried, rows
from handlers.texts import notices, questions, telegram, workers
from handlers.texts.announcements import announcement
from handlers.texts.catalogue import languages, name_of, speaking

ROOT = Path(__file__).parent.parent
PAGE = "messages.md"
FOLDER = "pictures/messages"

PLATFORM = "telegram"
NOW = datetime.fromisoformat("2027-04-20T09:00:00-04:00")
COMES, MISSES = "Lantern Bakery", "Tidewrack Laundry"
ALSO = ("Corrin Clinic", "Eastmere Market", "Garland Theater", "Larkin Gazette")
ENOUGH, FEW = (COMES, "Larkin Gazette"), 7
BOT, ANA, BEN = "AllOut", "ana", "ben"

REFERENCE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is on one picture."""

    chat: str  #: whose it is
    typed: str = ""  #: what the worker has sent before
    text: str
    buttons: tuple[Button, ...] = ()


WHEN_READ: Mapping[str, str] = {
    "terms": "A card is opened: what a worker reads before pledging.",
    "pledged": "The pledge is recorded.",
    "questions": "Behind the button *Questions*.",
    "fired": "One of the six answers.",
    "tell-me": "Before somebody asks to be told: what is kept for that.",
    "check": "*Check*, while pledges are still counted.",
    "on": "A workplace's own room, once it is on and the workplace walks out.",
    "not-yet": "Another workplace's room at the same moment: it has not reached its number.",
    "no": "That room at the deadline: the no.",
    "letter-yes": "To a worker who asked to be told: yes.",
    "letter-no": "To a worker of the other workplace: no.",
    "afterwards": "The room of a workplace that walked out, a day later.",
}
"""Each picture by its name, in the order of the page."""


# -- playing ------------------------------------------------------------------------------------------------------


class Post:
    """Takes what the bot sends."""

    def __init__(self, language: str) -> None:
        self.letters: list[Letter] = []
        self._language = language

    async def send(self, letter: Letter) -> str:
        """Keep it; the outbox wants its words."""
        self.letters.append(letter)
        with speaking(self._language):
            return announcement(letter)

    async def delete(self, what: str) -> None:
        """Nothing is kept that could be deleted."""


class Story:
    """A walkout on its way, and what is said meanwhile, by its picture's name."""

    def __init__(self, app: App, clock: MovableClock, post: Post, language: str) -> None:
        self.app = app
        self.said: dict[str, Message] = {}
        self._clock = clock
        self._post = post
        self._language = language

    async def say(self, who: str, name: str = "", *, text: str = "", button: str | None = None) -> tuple[Button, ...]:
        """Let somebody write or press; return what can be pressed then."""
        ways = Ways(can_see=telegram.can_see, rooms_by=RoomsBy.WORD, in_a_hurry=True, can_clear=telegram.can_clear)
        said = Said(who=Person(PLATFORM, who), text=text, button=button, language=self._language)
        reply = await Conversation(self.app, ways).answer(said)
        if reply is None:
            raise RuntimeError(who)
        if name:
            self.said[name] = Message(chat=BOT, typed=text, text=reply.text, buttons=reply.buttons)
        return reply.buttons

    async def press(self, who: str, label: str, under: tuple[Button, ...], name: str = "") -> tuple[Button, ...]:
        """Let somebody press what is labelled so."""
        return await self.say(who, name, button=next(each.data for each in under if each.label == label))

    async def pass_time(self, until: datetime) -> None:
        """Let happen what is due by then."""
        self._clock.move_to(until)
        await self.app.scheduler.run_due()

    def hear(self, name: str, kind: Kind, at: str) -> None:
        """Take the newest letter of this kind that came there."""
        letter = [each for each in self._post.letters if each.news.kind is kind and each.address == at][-1]
        chat = BOT if letter.private else at
        text = REFERENCE.sub("K7M3-QX2P", announcement(letter))  # another one each time
        self.said[name] = Message(chat=chat, text=text, buttons=buttons_under(letter))


async def play(folder: Path, language: str) -> dict[str, Message]:
    """Let a walkout run its course; return what is to be drawn, by name."""
    clock, post = MovableClock(NOW), Post(language)
    with speaking(language):
        async with open_app(folder, clock=clock, senders={PLATFORM: post}) as app:
            story = Story(app, clock, post, language)
            await _run(story, await _prepare(app, language))
    return story.said


async def _prepare(app: App, language: str) -> Walkout:
    """Draft a part of the demo city, as a list without areas, with its cards and rooms, and open it."""
    files = [
        SourceFile(name=name, data=(ROOT / "examples" / "demo-city" / name).read_bytes())
        for name in ("walkout.toml", "workplaces.csv")
    ]
    city = read(files[0], files[1], RosterOptions(), now=NOW, languages=languages())
    flat = {language: replace(said, levels=()) for language, said in city.terms.translations.items()}
    terms = replace(city.terms, levels=(), translations=flat, citywide_threshold=40, minimum_workplaces=2)
    terms = replace(terms, milestones=False, reminders=())
    units = tuple(replace(unit, parent=0) for unit in city.workplaces if unit.name in {COMES, MISSES, *ALSO})
    walkout = await organizers.draft(replace(city, terms=terms, units=units), app.store, app.keys)
    places = await app.store.units(walkout.id)
    codes = {place.id: [card_codes.key_of(code) for code in _codes(place.name, place.headcount)] for place in places}
    await stewards.mint(walkout.id, codes, app.store, app.keys)
    for place in (None, *(place for place in places if place.name in {COMES, MISSES})):
        address, scope = (place.name, place.id) if place else (terms.city, None)
        room = Room(walkout=walkout.id, scope=scope, way=PLATFORM, address=address, language=language)
        await organizers.bind_room(room, app.store)
    return (await app.store.decide(walkout.id, partial(rules.open_up, now=NOW))).walkout


def _codes(place: str, number: int) -> list[str]:
    return [card_codes.from_bytes(sha256(f"{place} {n}".encode()).digest()) for n in range(number)]


async def _run(story: Story, walkout: Walkout) -> None:
    """Let two workers read, pledge and ask, and others pledge, until it is over."""
    terms = walkout.terms
    for who, place in ((ANA, COMES), (BEN, MISSES)):
        kept = who == ANA
        code = card_codes.pretty(_codes(place, 1)[0])
        under = await story.say(who, "terms" if kept else "", text=code)
        if kept:
            asked = await story.press(who, questions.questions_label(), under, "questions")
            await story.press(who, questions.label(Question.FIRED), asked, "fired")
        under = await story.press(who, workers.pledge_label(StepKind.WALKOUT), under, "pledged" if kept else "")
        asked = await story.press(who, notices.ask_label(), under, "tell-me" if kept else "")
        await story.press(who, notices.yes_label(), asked)
        if kept:
            await story.pass_time(NOW + terms.tally_every)
            await story.press(who, workers.check_label(), under, "check")
    for place, number in [*((place, None) for place in ENOUGH), (MISSES, FEW)]:
        for n, code in enumerate(_codes(place, number or 1000)[1:number]):
            await story.say(f"{place} {n}", button=f"p:{carried(code, walkout.id)}")
    first = NOW + 2 * terms.tally_every
    await story.pass_time(first)
    await story.pass_time(first + terms.tally_every)
    story.hear("on", Kind.WE_ARE_OUT, COMES)
    story.hear("not-yet", Kind.NOT_YET_OUT, MISSES)
    story.hear("letter-yes", Kind.ON, ANA)
    await story.pass_time(terms.pledge_by)
    story.hear("no", Kind.NOT_OUT, MISSES)
    story.hear("letter-no", Kind.LAST_WORD, BEN)
    for at in (terms.starts - timedelta(days=1), terms.starts, terms.starts + timedelta(days=1)):
        await story.pass_time(at)
    story.hear("afterwards", Kind.AFTERWARDS, COMES)


# -- drawing ------------------------------------------------------------------------------------------------------

WIDTH = 380
WIDER = 1.12
"""A reader's own letters may be so much wider than ours."""
BUBBLE, PADDING, EDGE = 346, 12, 10
SIZE, LEADING = 15, 20
BUTTON, GAP = 38, 4
LETTERS = "Noto Sans, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
INK, QUIET, SKY, WHITE, GREEN, LINK = "#111b21", "#54656f", "#c9d9e3", "#ffffff", "#d9fdd3", "#2779b5"


@lru_cache
def _font() -> TTFont:
    file = resources.files("handlers.lettering") / "fonts" / "NotoSans-Regular.ttf"
    with resources.as_file(file) as path:
        return TTFont(path)


def length(text: str, size: float = SIZE) -> float:
    """Return how long a line is, in pixels."""
    font = _font()
    known, advances, per_em = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
    units = sum(advances[known[ord(letter)]][0] if ord(letter) in known else per_em * 0.62 for letter in text)
    return float(round(units * size / per_em * WIDER, 1))


def wrapped(text: str, most: float) -> list[str]:
    """Cut a text into lines that are no longer."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and length(longer) > most:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


class Picture:
    """An SVG that grows downwards."""

    def __init__(self) -> None:
        self.y = 0.0
        self._parts: list[str] = []

    def line(self, text: str, x: float, y: float, *, size: float = SIZE, ink: str = INK, middle: bool = False) -> None:
        """Write a line."""
        anchor = ' text-anchor="middle"' if middle else ""
        self._parts.append(f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{ink}"{anchor}>{escape(text)}</text>')

    def box(self, x: float, width: float, height: float, colour: str, *, round_by: int = 12) -> None:
        """Draw a box from here on."""
        self._parts.append(
            f'<rect x="{x:g}" y="{self.y:g}" width="{width:g}" height="{height:g}" rx="{round_by}" fill="{colour}"/>'
        )

    def bubble(self, text: str, *, own: bool = False) -> None:
        """Draw what somebody says; what the reader says stands on the right."""
        shown = "".join(letter for letter in text if letter == "\n" or unicodedata.category(letter) != "Cf")
        lines = wrapped(shown, BUBBLE - 2 * PADDING)
        width = max(map(length, lines)) + 2 * PADDING if own else BUBBLE
        x = WIDTH - EDGE - width if own else EDGE
        height = len(lines) * LEADING + 2 * PADDING - 4
        self.box(x, width, height, GREEN if own else WHITE)
        for number, line in enumerate(lines):
            self.line(line, x + PADDING, self.y + PADDING + number * LEADING + SIZE - 1)
        self.y += height + GAP

    def buttons(self, row: list[Button]) -> None:
        """Draw buttons side by side."""
        width = (BUBBLE - GAP * (len(row) - 1)) / len(row)
        for number, button in enumerate(row):
            x = EDGE + number * (width + GAP)
            self.box(x, width, BUTTON, "#e9f1f6")
            self.line(button.label, x + width / 2, self.y + BUTTON / 2 + 5, ink=LINK, middle=True)
        self.y += BUTTON + GAP

    def __str__(self) -> str:
        height = self.y + EDGE
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
            f'height="{height:g}" font-family="{LETTERS}" xml:space="preserve">\n'
            f'<rect width="100%" height="100%" fill="{SKY}"/>\n' + "\n".join(self._parts) + "\n</svg>\n"
        )


def draw(message: Message) -> str:
    """Return the picture of a message."""
    picture = Picture()
    picture.box(0, WIDTH, 34, "#f0f4f7", round_by=0)
    picture.line(message.chat, WIDTH / 2, 22, size=14, ink=QUIET, middle=True)
    picture.y = 44
    if message.typed:
        picture.bubble(message.typed, own=True)
        picture.y += GAP
    picture.bubble(message.text)
    for row in rows(message.buttons):
        picture.buttons(row)
    return str(picture)


# -- the page -------------------------------------------------------------------------------------------------------


def page(said: Mapping[str, Mapping[str, Message]]) -> str:
    """Show all of them, in each language."""
    lines = [
        "# What workers read",
        "",
        "The messages that are read most, as a phone shows them and as the bot says them today. The walkout is part of",
        "the demo city. `python -m bench.pictures` draws them, and a test sees when the bot says something else.",
        "",
    ]
    for name, when in WHEN_READ.items():
        pictures = [
            f'<img src="{FOLDER}/{name}.{language}.svg" width="{WIDTH}" alt="{name_of(language)}">' for language in said
        ]
        lines += [f"## {when}", "", *pictures, ""]
    return "\n".join(lines)


async def made() -> dict[str, str]:
    """Return every file, by its path in docs."""
    said = {}
    for language in languages():
        with tempfile.TemporaryDirectory() as folder:
            said[language] = await play(Path(folder), language)
    files = {
        f"{FOLDER}/{name}.{language}.svg": draw(messages[name])
        for language, messages in said.items()
        for name in WHEN_READ
    }
    drawn = {each.PATH: each.drawn() for each in (tree_picture, ladder_picture)}
    return {PAGE: page(said), **drawn, **files}


def main(arguments: list[str] | None = None) -> int:
    """Write the files; or, with --check, name those that are not what they should be, and leave with 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.pictures", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where they are")
    chosen = parser.parse_args(arguments)
    files = asyncio.run(made())
    there = {path: chosen.docs / path for path in files}
    stale = [path for path, file in there.items() if not file.exists() or file.read_bytes() != files[path].encode()]
    for path in stale:
        print(path)
        if not chosen.check:
            there[path].parent.mkdir(parents=True, exist_ok=True)
            there[path].write_text(files[path], encoding="utf-8")
    return int(chosen.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
