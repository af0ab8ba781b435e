"""Shows the messages that workers read most, and what they see on paper: `python -m bench.pictures`.

It plays a walkout of the demo city in a store of its own, in which one worker speaks each language, and writes a page
for each. With it come the card, its steward's page, the board, the tree and the ladder as pictures. With --check it
only says which pages are not what the bot says today, and which pictures are not there: how letters are drawn may
differ from one machine to another, what is said may not.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from html import escape
from pathlib import Path

from bench import ladder_picture, paper_pictures, tree_picture
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
from handlers.texts.languages import ENGLISH, meant

ROOT = Path(__file__).parent.parent
INDEX = "messages.md"
FOLDER = "messages"

PLATFORM = "telegram"
NOW = datetime.fromisoformat("2027-04-20T09:00:00-04:00")
COMES, MISSES = "Lantern Bakery", "Tidewrack Laundry"
ALSO = ("Corrin Clinic", "Eastmere Market", "Garland Theater", "Larkin Gazette")
ENOUGH, FEW = (COMES, "Larkin Gazette"), 7
BOT, BEN = "AllOut", "ben"

CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{5}\b")
REFERENCE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is shown of a chat."""

    chat: str  #: whose it is
    typed: str = ""  #: what the worker has sent before
    text: str
    buttons: tuple[Button, ...] = ()


WHEN_READ: Mapping[str, str] = {
    "help": "What somebody reads who asks for help.",
    "terms": "A card is opened: what a worker reads before pledging.",
    "questions": "Behind the button *Questions*.",
    "fired": "One of the six answers.",
    "privacy": "What is kept, for whoever asks.",
    "pledged": "The pledge is recorded.",
    "tell-me": "Before somebody asks to be told: what is kept for that.",
    "check": "*Check*, while pledges are still counted.",
    "taken-back": "The pledge is taken back.",
    "on": "A workplace's own room, once it is on and the workplace walks out.",
    "not-yet": "Another workplace's room at the same moment: it has not reached its number.",
    "reminder": "That room, a day before the deadline.",
    "no": "That room at the deadline: the no.",
    "letter-yes": "To a worker who asked to be told: yes.",
    "letter-no": "To a worker of the other workplace: no.",
    "tomorrow": "The room of a workplace that walks out, a day before.",
    "afterwards": "That room, a day later.",
    "lapsed": "A room, where not enough have pledged across the city.",
    "called-off": "A room, where the organizers have called it off.",
}
"""Each message by its name, in the order of the pages."""


# -- playing ------------------------------------------------------------------------------------------------------


class Post:
    """Takes what the bot sends."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def send(self, letter: Letter) -> str:
        """Keep it; the outbox wants its words."""
        self.letters.append(letter)
        with speaking(letter.language):
            return announcement(letter)

    async def delete(self, what: str) -> None:
        """Nothing is kept that could be deleted."""


@dataclass(kw_only=True, slots=True)
class Shown:
    """What is shown in one language: messages by their names, and pictures by theirs."""

    messages: dict[str, Message] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)


class Story:
    """A walkout on its way, and what is said meanwhile in every language."""

    def __init__(self, app: App, clock: MovableClock, post: Post) -> None:
        self.app = app
        self.said = {language: dict[str, Message]() for language in languages()}
        self._clock = clock
        self._post = post

    async def say(
        self, who: str, name: str = "", *, text: str = "", button: str | None = None, language: str = ENGLISH
    ) -> tuple[Button, ...]:
        """Let somebody write or press; return what can be pressed then."""
        ways = Ways(can_see=telegram.can_see, rooms_by=RoomsBy.WORD, in_a_hurry=True, can_clear=telegram.can_clear)
        said = Said(who=Person(PLATFORM, who), text=text, button=button, language=language)
        reply = await Conversation(self.app, ways).answer(said)
        if reply is None:
            raise RuntimeError(who)
        if name:
            self.said[language][name] = Message(
                chat=BOT, typed=CODE.sub("XXXXX", text), text=reply.text, buttons=reply.buttons
            )
        return reply.buttons

    async def press(
        self, who: str, label: str, under: tuple[Button, ...], name: str = "", *, language: str = ENGLISH
    ) -> tuple[Button, ...]:
        """Let somebody press what is labelled so."""
        pressed = next(each.data for each in under if each.label == label)
        return await self.say(who, name, button=pressed, language=language)

    async def pass_time(self, until: datetime) -> None:
        """Let happen what is due by then."""
        self._clock.move_to(until)
        await self.app.scheduler.run_due()

    def hear(self, name: str, kind: Kind, at: str) -> None:
        """Take the newest letter of this kind that came there."""
        letter = [each for each in self._post.letters if each.news.kind is kind and each.address == at][-1]
        chat = BOT if letter.private else at
        for language, said in self.said.items():
            with speaking(language):
                text = REFERENCE.sub("K7M3-QX2P", announcement(letter))  # another one each time
                said[name] = Message(chat=chat, text=text, buttons=buttons_under(letter))


async def play(folder: Path, *, draws: bool) -> dict[str, Shown]:
    """Let walkouts run their course; return what is to be shown, by language."""
    clock, post = MovableClock(NOW), Post()
    async with open_app(folder / "on", clock=clock, senders={PLATFORM: post}) as app:
        story = Story(app, clock, post)
        walkout = await _prepare(app)
        await _run(story, walkout)
        board = await stewards.board(walkout.id, app.store)
    shown = {language: Shown(messages=said) for language, said in story.said.items()}
    async with open_app(folder / "not", clock=(clock := MovableClock(NOW)), senders={PLATFORM: post}) as app:
        story = Story(app, clock, post)
        await _end_without(story, await _prepare(app), await _prepare(app, ALSO[0]))
    for language, said in story.said.items():
        shown[language].messages |= said
        if draws:
            codes = _codes(COMES, paper_pictures.CARDS)
            shown[language].pictures = paper_pictures.drawn(language, walkout.terms, COMES, codes, board)
    return shown


async def _prepare(app: App, *rooms: str) -> Walkout:
    """Draft a part of the demo city, as a list without areas, with its cards and rooms, and open it."""
    files = [
        SourceFile(name=name, data=(ROOT / "examples" / "demo-city" / name).read_bytes())
        for name in ("walkout.toml", "workplaces.csv")
    ]
    city = read(files[0], files[1], RosterOptions(), now=NOW, languages=languages())
    flat = {language: replace(said, levels=()) for language, said in city.terms.translations.items()}
    terms = replace(city.terms, levels=(), translations=flat, citywide_threshold=40, minimum_workplaces=2)
    terms = replace(terms, milestones=False, reminders=(timedelta(days=1),))
    units = tuple(replace(unit, parent=0) for unit in city.workplaces if unit.name in {COMES, MISSES, *ALSO})
    walkout = await organizers.draft(replace(city, terms=terms, units=units), app.store, app.keys)
    places = await app.store.units(walkout.id)
    codes = {place.id: [card_codes.key_of(code) for code in _codes(place.name, place.headcount)] for place in places}
    await stewards.mint(walkout.id, codes, app.store, app.keys)
    for place in places:
        if place.name in (rooms or (COMES, MISSES)):
            room = Room(walkout=walkout.id, scope=place.id, way=PLATFORM, address=place.name, language=ENGLISH)
            await organizers.bind_room(room, app.store)
    return (await app.store.decide(walkout.id, partial(rules.open_up, now=NOW))).walkout


def _codes(place: str, number: int) -> list[str]:
    return [card_codes.from_bytes(sha256(f"{place} {n}".encode()).digest()) for n in range(number)]


async def _run(story: Story, walkout: Walkout) -> None:
    """Let a worker of each language read, pledge, ask and take back, and others pledge, until it is over."""
    terms = walkout.terms
    codes = dict(zip(languages(), _codes(COMES, 1000), strict=False))
    pledged = {language: await _pledge(story, language, card_codes.pretty(code)) for language, code in codes.items()}
    under = await story.say(BEN, text=card_codes.pretty(_codes(MISSES, 1)[0]))
    under = await story.press(BEN, workers.pledge_label(StepKind.WALKOUT), under)
    asked = await story.press(BEN, notices.ask_label(), under)
    await story.press(BEN, notices.yes_label(), asked)
    await story.pass_time(NOW + terms.tally_every)
    for language, under in pledged.items():
        with speaking(language):
            check, take_back = workers.check_label(), workers.withdraw_label()
        await story.press(language, check, under, "check", language=language)
        await story.press(language, take_back, under, "taken-back", language=language)
        again = await story.say(language, button=f"p:{carried(codes[language], walkout.id)}", language=language)
        with speaking(language):
            tell_me, yes = notices.ask_label(), notices.yes_label()
        await story.press(language, yes, await story.press(language, tell_me, again, language=language))
    for place, number in [*((place, None) for place in ENOUGH), (MISSES, FEW)]:
        mine = len(codes) if place == COMES else 1
        for n, code in enumerate(_codes(place, number or 1000)[mine:number]):
            await story.say(f"{place} {n}", button=f"p:{carried(code, walkout.id)}")
    first = NOW + 2 * terms.tally_every
    await story.pass_time(first)
    await story.pass_time(first + terms.tally_every)
    story.hear("on", Kind.WE_ARE_OUT, COMES)
    story.hear("not-yet", Kind.NOT_YET_OUT, MISSES)
    story.hear("letter-yes", Kind.ON, ENGLISH)
    await story.pass_time(terms.pledge_by - timedelta(days=1))
    story.hear("reminder", Kind.REMINDER, MISSES)
    await story.pass_time(terms.pledge_by)
    story.hear("no", Kind.NOT_OUT, MISSES)
    story.hear("letter-no", Kind.LAST_WORD, BEN)
    await story.pass_time(terms.starts - timedelta(days=1))
    story.hear("tomorrow", Kind.TOMORROW, COMES)
    for at in (terms.starts, terms.starts + timedelta(days=1)):
        await story.pass_time(at)
    story.hear("afterwards", Kind.AFTERWARDS, COMES)


async def _pledge(story: Story, language: str, code: str) -> tuple[Button, ...]:
    """Let a worker who goes by their language's name read and pledge; return what can be pressed then."""
    say, press = partial(story.say, language, language=language), partial(story.press, language, language=language)
    with speaking(language):
        labels = questions.questions_label(), questions.label(Question.FIRED), workers.pledge_label(StepKind.WALKOUT)
        tell_me, yes = notices.ask_label(), notices.yes_label()
    await say("help", text="/help")
    await say("privacy", text="/privacy")
    under = await say("terms", text=code)
    await press(labels[1], await press(labels[0], under, "questions"), "fired")
    under = await press(labels[2], under, "pledged")
    await press(yes, await press(tell_me, under, "tell-me"))
    return under


async def _end_without(story: Story, lapses: Walkout, called_off: Walkout) -> None:
    """Let one be called off, and one come to its deadline without pledges."""
    store = story.app.store
    await store.decide(called_off.id, partial(rules.call_off, now=NOW))
    await story.pass_time(NOW + timedelta(minutes=1))
    story.hear("called-off", Kind.CALLED_OFF, ALSO[0])
    await story.pass_time(lapses.terms.pledge_by)
    story.hear("lapsed", Kind.LAPSED, MISSES)


# -- pages ----------------------------------------------------------------------------------------------------------


def index() -> str:
    """Show which languages there are."""
    return "\n".join(
        [
            "# What workers read",
            "",
            "The messages that are read most, as a phone shows them and as the bot says them today; then the card, the",
            "page for the steward, and the board. The walkout is part of the demo city.",
            "",
            *(f"- [{name_of(language)}]({FOLDER}/{language}.md)" for language in languages()),
            "",
            "All but English and Spanish are translated by machines: [how to review one](languages.md). The demo",
            "city's own words, such as its demands, are English and Spanish: organizers write theirs in each language",
            "they need.",
            "",
            "`python -m bench.pictures` makes these pages, and a test sees when the bot says something else.",
            "",
        ]
    )


def page(language: str, said: Mapping[str, Message], english: Mapping[str, Message]) -> str:
    """Show all of them in a language, each beside its English."""
    beside = "" if language == ENGLISH else " The English stands beside or below."
    lines = [f"# {name_of(language)}", "", f"[What workers read](../{INDEX}) most.{beside}", ""]
    for name, when in WHEN_READ.items():
        shown = chat(said[name], language) + ("" if language == ENGLISH else chat(english[name], ENGLISH))
        lines += [f"## {when}", "", f'<div class="chats">\n{shown}</div>', ""]
    for name, what in paper_pictures.SHOWN.items():
        file = f"../{paper_pictures.path(name, language)}"
        lines += [f"## {what}", "", f'<img src="{file}" width="{WIDTH}" alt="{name_of(language)}" loading="lazy">', ""]
    return "\n".join(lines)


WIDTH = 380


def chat(message: Message, language: str) -> str:
    """Return a chat, as what runs in that direction; site.css makes it look like one."""
    known = meant(language)
    direction = "rtl" if known and known.right_to_left else "ltr"
    lines = [
        f'<div class="chat" lang="{language}" dir="{direction}">',
        f'<p class="chat-name">{escape(message.chat)}</p>',
        *([f'<div class="said own">{paragraphs(message.typed)}</div>'] if message.typed else []),
        f'<div class="said">{paragraphs(message.text)}</div>',
    ]
    for row in rows(message.buttons):
        labels = " ".join(f"<span>{escape(each.label)}</span>" for each in row)
        lines.append(f'<p class="buttons">{labels}</p>')
    return "\n".join([*lines, "</div>", ""])


def paragraphs(text: str) -> str:
    """Keep lines and what parts them, without a line that is empty: it would end the block."""
    found = re.split(r"\n\n+", escape(text.strip(), quote=False))
    return "".join(f"<p>{each}</p>" for each in found).replace("\n", "<br>")


async def made(*, draws: bool) -> dict[str, bytes]:
    """Return every file, by its path in docs."""
    with tempfile.TemporaryDirectory() as folder:
        shown = await play(Path(folder), draws=draws)
    english = shown[ENGLISH].messages
    pages = {f"{FOLDER}/{language}.md": page(language, each.messages, english) for language, each in shown.items()}
    drawn = {each.PATH: each.drawn() for each in (tree_picture, ladder_picture)}
    written = {path: text.encode() for path, text in {INDEX: index(), **drawn, **pages}.items()}
    return written | {path: picture for each in shown.values() for path, picture in each.pictures.items()}


def main(arguments: list[str] | None = None) -> int:
    """Write the files; or, with --check, name those that are not what they should be, and leave with 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.pictures", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where they are")
    chosen = parser.parse_args(arguments)
    files = asyncio.run(made(draws=not chosen.check))
    there = {path: chosen.docs / path for path in files}
    stale = [path for path, file in there.items() if not file.exists() or file.read_bytes() != files[path]]
    if chosen.check:
        stale += [path for path in paper_pictures.paths(languages()) if not (chosen.docs / path).exists()]
    for path in stale:
        print(path)
        if not chosen.check:
            there[path].parent.mkdir(parents=True, exist_ok=True)
            there[path].write_bytes(files[path])
    return int(chosen.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
