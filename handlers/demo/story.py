"""Plays the made-up city's campaign through the doors that real people use, and shows what all could see of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from bot.delivery.outbox import Letter
from bot.domain import campaigns, disclosure, rules
from bot.domain.model import Kind, Stage, StepKind, Tier, UnitId, Walkout
from bot.domain.tree import Tree
from bot.draft import Before, Draft, RosterOptions, SourceFile, read, workplaces_file
from bot.process.clock import MovableClock
from bot.runtime.app import App, open_app
from bot.secrets import card_codes
from bot.secrets.keys import Person
from bot.usecases import organizers, steps, stewards
from handlers.conversation import Conversation, Reply, Said, Ways
from handlers.demo.plot import Act, Deed, StepPlot, WalkoutPlot
from handlers.texts import demo as texts
from handlers.texts.announcements import words
from handlers.texts.catalogue import languages
from handlers.texts.organizers_words import worded
from handlers.texts.workers import console_can_see

PLATFORM = "console"  #: so that `allout console` can go on with what is kept

OLGA, OMAR = "olga", "omar"
LATECOMER = "latecomer"

SURVEY, STICKERS, WALKOUT = STEPS = ("1-survey.toml", "2-stickers.toml", "walkout.toml")

LASTS = {SURVEY: timedelta(days=2), STICKERS: timedelta(days=2), WALKOUT: timedelta(days=5)}
"""From opening to the deadline."""

BEHIND = {SURVEY: 3, STICKERS: 1}
"""Workplaces at which too few take part, so that the next step opens without them."""

OPTIONS = (0, 0, 1, 0, 2)
"""What people vote for, over and over."""

BEFORE_THE_FILE = datetime(2000, 1, 1, tzinfo=UTC)
"""The demo lives on its own clock, so no date in the file is ever past."""

LOOKS = {SURVEY: 8, STICKERS: 8, WALKOUT: 2}
"""Looks at the clock between two tallies: the first steps are tallied once a day."""

GLANCE_S, NOD_S, READ_S, MARVEL_S = 0.05, 0.35, 0.75, 1.5
"""Seconds for a look at the clock, for what was seen before, for something new, and for *on*."""


class StoryBroken(Exception):  # noqa: N818  never foreseen: the bot answered what it should not
    """The bot did not answer as a walkout needs; the argument says what it answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighborhood:
    """An area, as anybody may see it."""

    name: str
    tenths: int  #: of its number
    out: bool
    places: frozenset[str]  #: the workplaces in it
    kind: StepKind  #: what its people pledge to

    @property
    def nearly(self) -> bool:
        """Whether it stands where a line stops before it is on."""
        return self.tenths == disclosure.NEARLY and not self.out

    @property
    def said(self) -> str:
        """Say it in a few letters."""
        return texts.area(self.kind, self.tenths, out=self.out, nearly=self.nearly)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What everybody could see at this moment."""

    now: datetime
    walkout: Walkout
    city: disclosure.City  #: as organizers see it
    areas: tuple[Neighborhood, ...]
    lines: tuple[disclosure.Shown, ...]  #: workplaces, by area; always in the same order
    departments: tuple[tuple[str, disclosure.Shown], ...]  #: each with its workplace; only its own people see it


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """An announcement, as a room hears it."""

    kind: Kind
    room: str
    text: str
    about: str  #: the workplace's name; empty where it is about the city
    others: int = 0  #: rooms that hear the same about themselves
    names: frozenset[str] = frozenset()  #: of all workplaces it is about
    facts: Mapping[str, Any] = field(default_factory=dict)


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
            together.setdefault(_news(letter), []).append(letter)
        return [
            Heard(
                kind=same[0].news.kind,
                room=same[0].address,
                text=" / ".join(words(same[0]).split("\n")),
                about=same[0].about.name if same[0].about else "",
                others=len(same) - 1,
                names=frozenset(letter.about.name for letter in same if letter.about),
                facts=same[0].news.facts,
            )
            for same in together.values()
        ]


def _news(letter: Letter) -> object:
    """Return what is the same where rooms hear the same, each about itself or all about one workplace."""
    news = letter.news
    if news.kind is Kind.WORKPLACE_JOINS:
        return news.kind, news.about
    return id(letter) if news.scope is None else news.kind


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

    async def play(self, folder: Path, seed: int) -> Scene:
        """Play everything; return how it ended."""
        for name in (OLGA, OMAR):
            await organizers.add(Person(PLATFORM, name), name, self._app.store, self._app.keys)
        survey = await self._step(folder, SURVEY, seed)
        await self._look_at(survey, texts.proved(await self._proved(survey.walkout), len(survey.lines)))
        stickers = await self._step(folder, STICKERS, seed, survey.walkout)
        await self._sticker_day(stickers.walkout)
        scene = await self._step(folder, WALKOUT, seed, stickers.walkout)
        await self._afterwards(scene)
        return scene

    async def _step(self, folder: Path, name: str, seed: int, after: Walkout | None = None) -> Scene:
        """Draft a step, open it, and let people pledge until its deadline; return how it stands then."""
        app, self._buttons = self._app, {}
        before = None if after is None else await steps.before(after.id, app.store, app.keys)
        plan = _plan(folder, name, before)
        walkout = await organizers.draft(plan, app.store, app.keys, after=None if after is None else after.id)
        if after is None:
            await self._prepare(walkout)
        opens = walkout.terms.pledge_by - LASTS[name]
        self._clock.move_to(opens)
        await self._open(walkout, is_first=after is None)
        units = await app.store.units(walkout.id)
        plot = (
            StepPlot(units, plan.terms, opens, seed, behind=BEHIND[name])
            if name in BEHIND
            else WalkoutPlot(units, plan.terms, opens, seed)
        )
        scene = await self._scene(walkout)
        stretch = 0
        while scene.walkout.counts_again:
            await self._stretch(plot.acts(stretch), scene, LOOKS[name])
            before_it, scene = scene, await self._tally(scene)
            stretch += 1
            if scene.walkout.stage is not before_it.walkout.stage:
                plot.it_is_on(stretch)
        return scene

    async def _prepare(self, walkout: Walkout) -> None:
        """Make the cards of all steps, and bind the rooms."""
        app, tree = self._app, Tree(await self._app.store.units(walkout.id))
        leaves, places, areas = tree.leaves(), tree.workplaces(), tree.children()
        self._cards = {leaf.id: [card_codes.mint() for _ in range(leaf.headcount)] for leaf in leaves}
        hashes = {place: [card_codes.key_of(code) for code in codes] for place, codes in self._cards.items()}
        await stewards.mint(walkout.id, hashes, app.store, app.keys)
        _done(await self._says(OLGA, f"/room citywide #{_slug(walkout.terms.city)}"), "done")
        for place in (*areas, *places):
            _done(await self._says(OLGA, f'/room "{place.name}" #{_slug(place.name)}'), "done")
        people = sum(place.headcount for place in places)
        await self._look_at(await self._scene(walkout), texts.drafted(len(places), len(areas), people))

    async def _open(self, walkout: Walkout, *, is_first: bool) -> None:
        await self._opens(OLGA, walkout, "proposed")
        if is_first:
            await self._look_at(await self._scene(walkout), texts.proposed())
        await self._opens(OMAR, walkout, "done")
        scene = await self._scene(walkout)
        sentence = texts.survey_opened() if is_first else texts.next_step(walkout.terms.kind, len(scene.lines))
        await self._look_at(scene, sentence, heard=await self._listen())

    async def _proved(self, walkout: Walkout) -> int:
        step = await self._app.store.walkout(walkout.id)
        return len(campaigns.qualified(step, await self._app.store.units(step.id)))

    async def _sticker_day(self, walkout: Walkout) -> None:
        """Let the day come, and each workplace count by hand who takes part."""
        self._clock.move_to(walkout.terms.starts)
        heard = await self._listen()
        await self._look_at(await self._scene(walkout), texts.by_hand(), heard=heard)
        for place in Tree(await self._app.store.units(walkout.id)).workplaces():
            if place.out:
                _done(await self._says(OLGA, f'/tookpart "{place.name}" {place.threshold}'), "done")
        self._clock.move_to(walkout.terms.starts + timedelta(days=1))
        heard = await self._listen()
        scene, proved = await self._scene(walkout), await self._proved(walkout)
        await self._look_at(scene, texts.proved(proved, len(scene.lines)), heard=heard)

    async def _stretch(self, acts: Sequence[Act], scene: Scene, looks: int) -> None:
        """Let the people act and the clock run, until just before the next tally."""
        start, end = self._clock(), scene.walkout.next_tally
        assert end is not None  # noqa: S101  `play` asked
        for nth in range(looks):
            self._clock.move_to(start + (end - start) * nth / looks)
            await asyncio.gather(*(self._do(act) for act in acts[nth::looks]))
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
        late = _done(await self._says(LATECOMER, self._cards[scene.lines[0].id][-1]), "closed")
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
            Deed.VOTE: ("p", "pledged"),
            Deed.WITHDRAW: ("w", "withdrawn"),
            Deed.NOT_NOW: ("n", "not_now"),
        }[act.deed]
        await self._press(who, letter, then)
        if act.deed is Deed.VOTE:
            asked = await self._press(who, "V", "question")
            option = asked.buttons[OPTIONS[(act.unit + act.worker) % len(OPTIONS)]].data
            self._buttons[who] = _done(_given(await self._conversation.answer(Said(who=who, button=option))), "ballot")
            await self._press(who, "B", "voted")

    async def _press(self, who: Person, letter: str, then: str) -> Reply:
        """Let a worker press the button of this letter."""
        data = {button.data[0]: button.data for button in self._buttons[who].buttons}[letter]
        reply = _done(_given(await self._conversation.answer(Said(who=who, button=data))), then)
        if reply.buttons:
            self._buttons[who] = reply
        return reply

    async def _listen(self) -> list[Heard]:
        """Let everything happen that is due, and hear what comes of it."""
        await self._app.scheduler.run_due()
        return self._ears.heard()

    async def _scene(self, walkout: Walkout) -> Scene:
        seen, units = await self._app.store.walkout(walkout.id), await self._app.store.units(walkout.id)
        tree, coarse = Tree(units), disclosure.coarse_lines(seen, units)
        shown = {unit.id: disclosure.shown(unit, seen) for unit in units}
        return Scene(
            now=walkout.terms.local(self._clock()),
            walkout=seen,
            city=disclosure.city(seen, units),
            areas=tuple(
                Neighborhood(
                    name=area.name,
                    tenths=coarse[area.id].tenths,
                    out=area.out,
                    places=frozenset(place.name for place in tree.workplaces(area.id)),
                    kind=seen.terms.kind,
                )
                for area in tree.children()
            ),
            lines=tuple(shown[place.id] for place in tree.workplaces()),
            departments=tuple(
                (tree.unit(unit.parent).name, shown[unit.id]) for unit in units if unit.tier is Tier.DEPARTMENT
            ),
        )

    async def _look_at(self, scene: Scene, sentence: str, *, heard: Sequence[Heard] = ()) -> None:
        self._audience.show(scene)
        for each in heard:
            self._audience.hear(each)
        self._audience.tell(sentence)
        await self._audience.rest(READ_S)


async def play(folder: Path, data: Path, audience: Audience, seed: int) -> Scene:
    """Play the campaign of this folder in a store of its own, in `data`; return how it ended."""
    clock = MovableClock(_plan(folder, SURVEY).terms.pledge_by - LASTS[SURVEY] - timedelta(hours=1))
    ears = Ears()
    async with open_app(data, clock=clock, senders={PLATFORM: ears}) as app:
        return await Story(app, clock, ears, audience).play(folder, seed)


def _plan(folder: Path, name: str, after: Before | None = None) -> Draft:
    toml = SourceFile(name=name, data=(folder / name).read_bytes())
    roster = workplaces_file(toml)
    places = SourceFile(name=roster, data=(folder / roster).read_bytes()) if roster else None
    return read(toml, places, RosterOptions(), now=BEFORE_THE_FILE, languages=languages(), after=after)


def _worth_telling(before: Scene, scene: Scene, heard: Sequence[Heard]) -> list[tuple[str, float]]:
    """Point at what changed for all to see, and say for how long; most tallies have nothing to tell."""
    kinds = {each.kind for each in heard}
    if scene.walkout.terms.kind is not StepKind.WALKOUT:
        return _worth_telling_of_a_step(before, scene, heard)
    pairs = list(zip(before.lines, scene.lines, strict=True))
    areas = list(zip(before.areas, scene.areas, strict=True))
    if Kind.ON in kinds and before.walkout.stage is not Stage.ON:
        return [(texts.is_on(), MARVEL_S), *((texts.waits(*names), READ_S) for names in _waiting(scene))]
    newly = [new.name for old, new in pairs if new.reached and not old.reached]
    announced = {name for each in heard for name in each.names}
    said = []
    departments = [
        (at, new.name)
        for (at, new), (_, old) in zip(scene.departments, before.departments, strict=True)
        if new.reached and not old.reached
    ]
    if departments and not any(old.reached for _, old in before.departments):
        said.append((texts.first_department(*departments[0]), READ_S))
    if newly and before.city.reached == 0:
        said.append((texts.first_ready(newly[0]), READ_S))
    if not any(old.tenths for old in before.areas):
        said += [(texts.first_line(new.name), READ_S) for new in scene.areas if new.tenths][:1]
    elif not any(old.nearly for old in before.areas):
        said += [(texts.nearly_there(new.name), READ_S) for new in scene.areas if new.nearly][:1]
    said += [(texts.fell_back(old.name), READ_S) for old, new in pairs if old.reached and not new.reached]
    if scene.walkout.stage is Stage.ON:
        said += [(texts.waits(*names), NOD_S) for names in _waiting(scene) if names[0] in newly]
    else:
        said += [(texts.back_again(name), NOD_S) for name in newly if name not in announced]
    if Kind.MILESTONE in kinds:
        said.append((texts.milestone(), NOD_S))
    joining = [new for old, new in areas if new.out and not old.out]
    said += [(texts.area_joins(area.name), READ_S) for area in joining]
    with_area = {name for area in joining for name in area.places}
    said += [
        (texts.joins(new.name), NOD_S) for old, new in pairs if new.out and not old.out and new.name not in with_area
    ]
    return said


def _worth_telling_of_a_step(before: Scene, scene: Scene, heard: Sequence[Heard]) -> list[tuple[str, float]]:
    """Point at what is new in the steps before the walkout: when the board changes, what people want, and *on*."""
    for each in heard:
        if each.kind is Kind.SURVEY_OVER and each.facts["totals"]:
            counted = [votes or 0 for votes in each.facts["totals"][0]]
            most = worded(scene.walkout.terms).questions[0].options[counted.index(max(counted))]
            return [(texts.most_votes(most), READ_S)]
    if scene.walkout.stage is Stage.ON and before.walkout.stage is not Stage.ON:
        return [(texts.step_is_on(), READ_S)]
    return [(texts.between_tallies(), READ_S)] if (scene.walkout.tally, scene.walkout.after) == (1, None) else []


def _waiting(scene: Scene) -> list[tuple[str, str]]:
    """Return workplaces that have reached their number, each with the area for which they wait."""
    return [
        (line.name, area.name)
        for area in scene.areas
        for line in scene.lines
        if line.reached and not area.out and line.name in area.places
    ]


def _given(reply: Reply | None) -> Reply:
    assert reply is not None  # noqa: S101  nobody in the story writes too fast
    return reply


def _done(reply: Reply, kind: str) -> Reply:
    if reply.kind != kind:
        raise StoryBroken(reply.kind, reply.text)
    return reply


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
