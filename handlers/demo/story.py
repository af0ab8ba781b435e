"""Plays the made-up city through the doors that real people use, and shows an audience what all could see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.delivery.outbox import Letter
from bot.domain import disclosure, rules
from bot.domain.model import Kind, UnitId, Walkout
from bot.draft import Draft, RosterOptions, SourceFile, read, workplaces_file
from bot.process.clock import MovableClock
from bot.runtime.app import App, open_app
from bot.secrets import card_codes
from bot.secrets.keys import Person
from bot.usecases import organizers, stewards
from handlers.conversation import Conversation, Reply, Said, Ways
from handlers.demo.plot import Act, Deed, Plot
from handlers.texts import demo as texts
from handlers.texts.announcements import words
from handlers.texts.catalogue import languages
from handlers.texts.workers import console_can_see

PLATFORM = "console"  #: so that `allout console` can go on with what is kept

OLGA, OMAR = "olga", "omar"
LATECOMER = "latecomer"

LASTS = timedelta(days=10)
"""From opening to the deadline."""

BEFORE_THE_FILE = datetime(2000, 1, 1, tzinfo=UTC)
"""The demo lives on its own clock, so no date in the file is ever past."""

LOOKS = 2
"""Looks at the clock between two tallies."""

GLANCE_S, NOD_S, READ_S, MARVEL_S = 0.08, 0.4, 0.9, 1.8
"""Seconds for a look at the clock, for what was seen before, for something new, and for *on*."""


class StoryBroken(Exception):  # noqa: N818  never foreseen: the bot answered what it should not
    """The bot did not answer as a walkout needs; the argument says what it answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What everybody could see at this moment."""

    now: datetime
    walkout: Walkout
    city: disclosure.City  #: as organizers see it
    everywhere: int  #: workplaces
    lines: tuple[disclosure.Shown, ...]  #: always in the same order


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """An announcement, as a room hears it."""

    kind: Kind
    room: str
    text: str
    about: str  #: the workplace's name; empty where it is about the city
    others: int = 0  #: rooms that hear the same about themselves


class Audience(Protocol):
    """Whoever watches."""

    def show(self, scene: Scene) -> None:
        """Show the moment."""
        ...

    def hear(self, heard: Heard) -> None:
        """Show an announcement."""
        ...

    def tell(self, sentence: str) -> None:
        """Tell what to look at."""
        ...

    async def rest(self, seconds: float) -> None:
        """Give people time to see it."""
        ...


class Ears:
    """The demo's way out for parcels: listens in every room."""

    def __init__(self) -> None:
        self._letters: list[Letter] = []

    async def send(self, letter: Letter) -> str:
        """Hear it. What organizers hear privately is the same as in the room."""
        if not letter.private:
            self._letters.append(letter)
        return words(letter)

    async def delete(self, what: str) -> None:
        """Do nothing: nothing is sent here that must be deleted."""

    def heard(self) -> list[Heard]:
        """Return what was heard since the last time; where many rooms hear the same, the first of them."""
        letters, self._letters = self._letters, []
        together: dict[object, list[Letter]] = {}
        for letter in letters:
            alone = letter.news.scope is None or letter.news.kind in {Kind.WORKPLACE_READY, Kind.WORKPLACE_JOINS}
            together.setdefault(id(letter) if alone else letter.news.kind, []).append(letter)
        return [
            Heard(
                kind=same[0].news.kind,
                room=same[0].address,
                text=" / ".join(words(same[0]).split("\n")),
                about=same[0].about.name if same[0].about else "",
                others=len(same) - 1,
            )
            for same in together.values()
        ]


class Story:
    """One play, from the files to the day after."""

    def __init__(self, app: App, clock: MovableClock, ears: Ears, audience: Audience) -> None:
        self._app = app
        self._clock = clock
        self._ears = ears
        self._audience = audience
        self._conversation = Conversation(app, Ways(can_see=console_can_see, in_a_hurry=True))
        self._cards: dict[UnitId, list[str]] = {}  #: as the stewards hand them out
        self._buttons: dict[Person, Reply] = {}  #: the newest message of each worker that has buttons

    async def play(self, plan: Draft, seed: int) -> Scene:
        """Play everything; return how it ended."""
        walkout = await self._draft(plan)
        await self._open(walkout)
        plot = Plot(plan.units, plan.terms, self._clock(), seed)
        scene = await self._scene(walkout)
        stretch = 0
        while scene.walkout.next_tally is not None:
            await self._stretch(plot.acts(stretch), scene)
            before, scene = scene, await self._tally(scene)
            stretch += 1
            if scene.walkout.stage is not before.walkout.stage:
                plot.it_is_on(stretch)
        await self._afterwards(scene)
        return scene

    async def _draft(self, plan: Draft) -> Walkout:
        app = self._app
        for name in (OLGA, OMAR):
            await organizers.add(Person(PLATFORM, name), name, app.store, app.keys)
        walkout = await organizers.draft(plan, app.store, app.keys)
        wanted = await stewards.cards_wanted(walkout.id, app.store, only=None, number=None)
        self._cards = {place.id: [card_codes.mint() for _ in range(number)] for place, number in wanted}
        hashes = {place: [card_codes.key_of(code) for code in codes] for place, codes in self._cards.items()}
        await stewards.mint(walkout.id, hashes, app.store, app.keys)
        return walkout

    async def _open(self, walkout: Walkout) -> None:
        places = await self._app.store.units(walkout.id)
        _done(await self._says(OLGA, f"/room citywide #{_slug(walkout.terms.city)}"), "done")
        for place in places:
            _done(await self._says(OLGA, f'/room "{place.name}" #{_slug(place.name)}'), "done")
        people = sum(place.headcount for place in places)
        await self._look_at(await self._scene(walkout), texts.drafted(len(places), people))
        self._clock.move_to(walkout.terms.pledge_by - LASTS)
        await self._opens(OLGA, walkout, "proposed")
        await self._look_at(await self._scene(walkout), texts.proposed())
        await self._opens(OMAR, walkout, "done")
        await self._look_at(await self._scene(walkout), texts.opened(), heard=await self._listen())

    async def _stretch(self, acts: Sequence[Act], scene: Scene) -> None:
        """Let the people act and the clock run, until just before the next tally."""
        start, end = self._clock(), scene.walkout.next_tally
        assert end is not None  # noqa: S101  `play` asked
        for nth in range(LOOKS):
            self._clock.move_to(start + (end - start) * nth / LOOKS)
            await asyncio.gather(*(self._do(act) for act in acts[nth::LOOKS]))
            self._audience.show(await self._scene(scene.walkout))
            await self._audience.rest(GLANCE_S)

    async def _tally(self, before: Scene) -> Scene:
        assert before.walkout.next_tally is not None  # noqa: S101  `play` asked
        self._clock.move_to(before.walkout.next_tally)
        heard = await self._listen()
        scene = await self._scene(before.walkout)
        self._audience.show(scene)
        for each in heard:
            self._audience.hear(each)
        for sentence, seconds in _worth_telling(before, scene, heard):
            self._audience.tell(sentence)
            await self._audience.rest(seconds)
        return scene

    async def _afterwards(self, scene: Scene) -> None:
        walkout = scene.walkout
        for at, sentence in (
            (walkout.terms.pledge_by, texts.pledging_over(sum(line.out for line in scene.lines), len(scene.lines))),
            (walkout.terms.starts, texts.the_day(walkout.terms.city)),
        ):
            self._clock.move_to(at)
            heard = await self._listen()
            await self._look_at(await self._scene(walkout), sentence, heard=heard)
        self._clock.move_to(walkout.terms.starts + timedelta(days=1))
        heard = await self._listen()
        late = _done(await self._says(LATECOMER, self._cards[UnitId(1)][-1]), "closed")
        await self._look_at(await self._scene(walkout), texts.the_day_after(late.text), heard=heard)
        destroyed = rules.closes_at(await self._app.store.walkout(walkout.id))
        if destroyed is not None:
            await self._look_at(await self._scene(walkout), texts.secrets_destroyed(destroyed, walkout.terms))

    async def _says(self, name: str, text: str) -> Reply:
        return _given(await self._conversation.answer(Said(who=Person(PLATFORM, name), text=text)))

    async def _opens(self, name: str, walkout: Walkout, becomes: str) -> None:
        """Let an organizer read what opening does, and press its button."""
        asked = _done(await self._says(name, f"/open {walkout.id}"), "sure")
        pressed = Said(who=Person(PLATFORM, name), button=asked.buttons[0].data)
        _done(_given(await self._conversation.answer(pressed)), becomes)

    async def _do(self, act: Act) -> None:
        """Let one worker open their card if they have not, and press a button."""
        who = Person(PLATFORM, f"worker {act.unit}-{act.worker}")
        code = self._cards[act.unit][act.worker]
        if who not in self._buttons:
            self._buttons[who] = _done(await self._says(who.account, card_codes.pretty(code)), "terms")
        letter, then = {
            Deed.PLEDGE: ("p", "pledged"),
            Deed.WITHDRAW: ("w", "withdrawn"),
            Deed.NOT_NOW: ("n", "not_now"),
        }[act.deed]
        data = {button.data[0]: button.data for button in self._buttons[who].buttons}[letter]
        reply = _done(_given(await self._conversation.answer(Said(who=who, button=data))), then)
        if reply.buttons:
            self._buttons[who] = reply

    async def _listen(self) -> list[Heard]:
        """Let everything happen that is due, and hear what comes of it."""
        await self._app.scheduler.run_due()
        return self._ears.heard()

    async def _scene(self, walkout: Walkout) -> Scene:
        board = await stewards.board(walkout.id, self._app.store)
        assert board.sums is not None  # noqa: S101  it is an organizer's
        lines = [each for each in board.units if isinstance(each, disclosure.Shown)]
        return Scene(
            now=walkout.terms.local(self._clock()),
            walkout=board.walkout,
            city=board.sums,
            everywhere=board.everywhere,
            lines=tuple(sorted(lines, key=lambda place: place.name.casefold())),
        )

    async def _look_at(self, scene: Scene, sentence: str, *, heard: Sequence[Heard] = ()) -> None:
        self._audience.show(scene)
        for each in heard:
            self._audience.hear(each)
        self._audience.tell(sentence)
        await self._audience.rest(READ_S)


async def play(folder: Path, data: Path, audience: Audience, seed: int) -> Scene:
    """Play the walkout of this folder in a store of its own, in `data`; return how it ended."""
    plan = _plan(folder)
    clock = MovableClock(plan.terms.pledge_by - LASTS - timedelta(hours=1))
    ears = Ears()
    async with open_app(data, clock=clock, senders={PLATFORM: ears}) as app:
        return await Story(app, clock, ears, audience).play(plan, seed)


def _plan(folder: Path) -> Draft:
    toml = SourceFile(name="walkout.toml", data=(folder / "walkout.toml").read_bytes())
    roster = workplaces_file(toml) or ""
    places = SourceFile(name=roster, data=(folder / roster).read_bytes())
    return read(toml, places, RosterOptions(), now=BEFORE_THE_FILE, languages=languages())


def _worth_telling(before: Scene, scene: Scene, heard: Sequence[Heard]) -> list[tuple[str, float]]:
    """Point at what changed for all to see, and say for how long; most tallies have nothing to tell."""
    kinds = {each.kind for each in heard}
    if Kind.ON in kinds:
        return [(texts.is_on(), MARVEL_S)]
    pairs = list(zip(before.lines, scene.lines, strict=True))
    newly = [new.name for old, new in pairs if new.reached and not old.reached]
    announced = {each.about for each in heard}
    said = []
    if scene.walkout.tally == 1:
        said.append((texts.between_tallies(), READ_S))
    if newly and before.city.reached == 0:
        said.append((texts.first_ready(newly[0]), READ_S))
    said += [(texts.fell_back(old.name), READ_S) for old, new in pairs if old.reached and not new.reached]
    said += [(texts.back_again(name), NOD_S) for name in newly if name not in announced]
    if Kind.MILESTONE in kinds:
        said.append((texts.milestone(), NOD_S))
    said += [(texts.joins(new.name), NOD_S) for old, new in pairs if new.out and not old.out]
    return said


def _given(reply: Reply | None) -> Reply:
    assert reply is not None  # noqa: S101  nobody in the story writes too fast
    return reply


def _done(reply: Reply, kind: str) -> Reply:
    if reply.kind != kind:
        raise StoryBroken(reply.kind, reply.text)
    return reply


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
