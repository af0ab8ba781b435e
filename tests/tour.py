"""A visit to the whole conversation in one language: every command as everybody, every button that turns up."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bot.delivery.outbox import Letter
from bot.domain import rules
from bot.domain.errors import NotRecorded
from bot.domain.model import Announcement, Kind, Ruling, Stage, Unit, Walkout, WalkoutId
from bot.draft import RosterOptions, SourceFile, read
from bot.guards.rate_limits import WrongCodeLimit
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of, mint, pretty
from bot.secrets.keys import Person
from bot.storage.store import Room
from bot.usecases import organizers, stewards, suspensions, ways
from handlers.conversation import (
    BUTTONS,
    COMMANDS,
    Command,
    Conversation,
    Here,
    Reply,
    Role,
    RoomsBy,
    Said,
    Takes,
    Ways,
)
from handlers.conversation.letter_buttons import buttons
from handlers.conversation.messages import language_carried
from handlers.platforms.uploads import Uploads
from handlers.texts import committee as committee_texts
from handlers.texts import committee_word as committee_word_texts
from handlers.texts import discord, telegram
from handlers.texts.announcements import announcement
from handlers.texts.catalogue import speaking
from handlers.texts.workers import console_can_see
from tests.conftest import NOON
from tests.console.play import roster, terms
from tests.stores import open_app

PLATFORM = "console"
_OUTAGES = (
    (Kind.PLATFORM_DOWN, "token"),
    (Kind.PLATFORM_DOWN, "away"),
    (Kind.PLATFORM_DOWN, ways.NOT_RUN),
    (Kind.PLATFORM_BACK, ""),
)
OLGA, OMAR, STEWARD, ANA, BEN = "901", "902", "903", "904", "905"
EVERYBODY = (ANA, BEN, STEWARD, OLGA, OMAR)
WORKERS = (ANA, BEN)

SHOPS = (("1/2", 10, 6, "§ 1"), ("3+4", 10, 5, "§ 2"), ("5·6", 10, 5, "§ 3"))
"""Names without a letter: whatever letters are seen are the bot's own."""

MANY = tuple((f"{number}", 5, 5, "") for number in range(100, 113))
"""More than one page holds, of workplaces and of rooms."""

OWN: dict[str, object] = {
    "title": "24/7",
    "demands": ["$ 20", "$ 21"],
    "legal_notice": "§ 8",
    "on_the_day": "§ 9",
    "called_by": "§ 10",
    "ask": "§ 11",
    "if_disciplined": "§ 12",
}
"""The organizers' words in the visitor's language: without a letter as well."""

OTHERS = {name: ["Autres mots"] if name == "demands" else "Autres mots" for name in OWN}
"""The same in another language: whoever sees a letter of these sees what is not for them."""

ABOUT = {
    **OTHERS,
    "language": "1",  # a name without a letter
    "city": "¶ 9",
    "citywide_threshold": 10,
    "reminders": ["1d"],
    "milestones": True,
    "turnout": True,
}

WAYS = (
    Ways(can_see=console_can_see, in_a_hurry=True),
    Ways(
        can_see=telegram.can_see,
        rooms_by=RoomsBy.WORD,
        invite="https://1/{word}",
        in_a_hurry=True,
        can_clear=telegram.can_clear,
    ),
    Ways(
        can_see=discord.can_see,
        rooms_by=RoomsBy.PLACE,
        typed=False,
        in_a_hurry=True,
        can_reach=discord.can_reach,
        can_clear=discord.can_clear,
    ),
)

GENTLY = sorted(COMMANDS, key=lambda command: command.name in {"open", "calloff", "suspend", "remove"})
"""Every command; last those after which others are refused."""

MORE_WAYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "appoint": (("organizer", "88"),),
    "board": (("csv",),),
    "cards": (("5·6", "1"), ("1/2",), ("1/2", "0"), ("void", "5·6"), ("void",)),
    "tookpart": (("1/2", "2"), ("1/2", "99"), ("2",)),
    "word": (("1/2",), ("correction",)),
    "drawn": (("1/2", "2"), ("1/2", "99"), ("2",)),
    "room": (("citywide", "es", "#2"), ("5·6", "en", "#3"), ("citywide", "#4"), ("off", "#4"), ("3+4",)),
}
"""How commands are said that take one thing or another."""

OFTEN = 3
"""Times that a button is pressed which differs from others in a number alone: back and on again, there is no end."""

_CODE = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}")
_WORD = re.compile(r"/room ⟧?([0-9A-HJKMNP-TV-Z]{8})\b")


def meant(data: str) -> str:
    """Leave out of what a button carries how often what is being put together has changed."""
    return re.sub(r"^([DW]):[0-9]+", r"\1:", data)


@dataclass(kw_only=True)
class Tour:
    """Where it leads and what was seen there."""

    app: App
    clock: MovableClock
    language: str
    walkout: WalkoutId
    places: Sequence[Unit]
    cards: dict[str, list[str]]
    post: _Postbox
    plan: tuple[SourceFile, SourceFile]
    said: list[str] = field(default_factory=list)  #: texts and labels
    read: list[tuple[str, str]] = field(default_factory=list)  #: texts, and who read them
    labels: list[tuple[str, ...]] = field(default_factory=list)  #: of the buttons of one message
    kinds: set[Kind] = field(default_factory=set)
    names: set[str] = field(default_factory=set)  #: what may stand there in letters: ids, codes, words
    pressed: set[tuple[str, str]] = field(default_factory=set)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)  #: how often somebody pressed what means the same
    waiting: list[tuple[str, str]] = field(default_factory=list)  #: who may press what
    mine: dict[str, str] = field(default_factory=dict)  #: cards that somebody has pledged
    told: int = 0  #: letters to workers who asked for them
    heard: list[str] = field(default_factory=list)  #: references of what rooms heard
    ways: Ways = WAYS[0]
    has_cards: bool = True

    async def say(self, who: str, text: str) -> Reply:
        """Let somebody write something."""
        return await self._answered(who, Said(who=Person(PLATFORM, who), text=text, language=self.language))

    async def choose(self, who: str, *words: str) -> Reply:
        """Let somebody choose a command, in a chat that can be bound."""
        here = Here(address="7", can_post=words[-1] != "3+4") if self.ways.rooms_by is RoomsBy.PLACE else None
        said = Said(who=Person(PLATFORM, who), words=words, language=self.language, here=here)
        return await self._answered(who, said)

    async def press(self, who: str, data: str) -> Reply:
        """Let somebody press a button."""
        return await self._answered(who, Said.pressed(Person(PLATFORM, who), data, language=self.language))

    async def _answered(self, who: str, said: Said) -> Reply:
        try:
            reply = await Conversation(self.app, self.ways).answer(said)
        except NotRecorded:
            return Reply(kind="not_recorded", text="")
        assert reply is not None
        self._saw(who, reply.text, [(button.label, button.data) for button in reply.buttons])
        if reply.kind == "too_many_codes":  # the visit goes on as if an hour had passed
            self.app = replace(self.app, guesses=WrongCodeLimit(self.clock))
            return await self._answered(who, said)
        # a word that binds a chat is written there
        for word in _WORD.findall(reply.text):
            self.names.add(word)
            self.app.room_words.seen(word, PLATFORM, "8")
            self.waiting.append((who, f"b:{word}"))
        return reply

    def _saw(self, who: str, text: str, under: Iterable[tuple[str, str]]) -> None:
        labels = tuple(label for label, _data in under)
        self.said += [text, *labels]
        self.read.append((who, text))
        self.labels.append(labels)
        # what leads to another language leads to another visit
        self.waiting += [(who, data) for _label, data in under if language_carried(data)[1] in {"", self.language}]

    async def deliver(self) -> None:
        """Let happen what is due, and read what comes of it."""
        await self.app.scheduler.run_due()
        letters = self.post.letters.copy()
        self.post.letters.clear()
        for letter in letters:
            self.kinds.add(letter.news.kind)
            self.told += letter.worker
            if letter.news.reference and not letter.private:
                self.heard.append(letter.news.reference)
            if letter.role_card is not None:
                self.names.add(letter.role_card.word)
            with speaking(self.language):
                self._saw(letter.address, announcement(letter), [(b.label, b.data) for b in buttons(letter)])

    async def press_all(self, *, newest_first: bool = False) -> None:
        """Press every button that has turned up, until there is no new one."""
        await self.deliver()
        while self.waiting:
            who, data = self.waiting.pop(-1 if newest_first else 0)
            if (who, data) not in self.pressed and self.asked[who, meant(data)] < OFTEN:
                self.pressed.add((who, data))
                self.asked[who, meant(data)] += 1
                await self.press(who, data)
            if not self.waiting:
                await self.deliver()

    async def visit(
        self, commands: Sequence[Command] = GENTLY, who: Sequence[str] = EVERYBODY, *, newest_first: bool = False
    ) -> None:
        """Let people try every command in every way, and press everything."""
        for person in who:
            for command in commands:
                for words in self._ways_to_say(person, command):
                    await self.choose(person, command.name, *words)
                await self.press_all(newest_first=newest_first)

    async def mistake(self) -> None:
        """Let two write and press what means nothing."""
        for who in (ANA, OLGA):
            for letter in (*BUTTONS, "?"):
                for data in (letter, f"{letter}:", f"{letter}:0", f"{letter}:{self.walkout}:1", f"{letter}:1:1:1"):
                    await self.press(who, data)
            for text in ("0", "/0", "0" * 19, "U" * 20, f"/start {'0' * 20}", f"/pledge {self.cards['1/2'][0]}"):
                await self.say(who, text)
        await self.press_all()

    def _ways_to_say(self, who: str, command: Command) -> list[list[str]]:
        if who in WORKERS and command.who is not Role.WORKER:  # refused, whatever stands behind it
            return [[]]
        card = self.cards["3+4"][0] if command.name == "start" else self.cards["1/2"][0]
        values: dict[str, list[str]] = {
            Takes.CARD: [self.mine.get(who, card), card, "0" * 20, "0"],
            Takes.CODE: ["0" * 20, "0"],
            Takes.WALKOUT: [self.walkout, "0", self.walkout, self.walkout],
            Takes.WORKPLACE: ["1/2", "0/0", "/"],
            Takes.SCOPE: ["citywide", "3+4", "off", "0/0"],
            Takes.REACH: ["citywide", "0/0", "all"],
            Takes.ROLE: ["steward", "organizer", "0"],
            Takes.NICKNAME: ["77", OLGA if who == OMAR else OMAR, "0"],
            Takes.ROOM: ["#1"],
            Takes.LANGUAGE: ["es", "0"],
            Takes.REFERENCE: [*self.heard[:1], *self.heard[-1:], "0" * 8, "0"],
            Takes.NUMBER: ["1", "0", "999999"],
            Takes.VOID: ["void", "recall"],
            Takes.FILTER: ["1", "csv", "99"],
        }
        named = self.ways.rooms_by is RoomsBy.NAME
        given = [values.get(option.takes, ["0"]) for option in command.options if named or option.takes != Takes.ROOM]
        more = MORE_WAYS.get(command.name, ())
        found = [[], *([word for word in words if named or not word.startswith("#")] for words in more)]
        for number in range(max(map(len, given), default=0)):
            found.append([each[min(number, len(each) - 1)] for each in given])
            found.append([each[min(number, len(each) - 1)] for each in given if each[0] != self.walkout])
        return found

    async def hand_in(self) -> None:
        """Send the two files, and files that are none."""
        uploads, toml_csv = Uploads(self.app, Conversation(self.app, self.ways)), self.plan
        wrong = SourceFile(name="1.csv", data=b"1,2\n3\n")
        with speaking(self.language):
            for who, name in ((ANA, "1.csv"), (OLGA, "1.png")):
                refused = await uploads.refuse(Person(PLATFORM, who), name, 5)
                self.said.append(refused.text if refused else "")
            for file in (toml_csv[0], wrong, *toml_csv):
                self.said.append((await uploads.take(Said(who=Person(PLATFORM, OLGA)), file)).text)
        self.names |= {"pledge_by", "starts", *(file.name for file in (*toml_csv, wrong))}
        self.names |= {walkout.id for walkout in await self.app.store.walkouts()}

    async def draft_here(self) -> None:
        """Draft a walkout by answering, wrongly too; then throw it away."""
        self.names |= {"New York", "America/New_York", "1.csv"}
        uploads = Uploads(self.app, Conversation(self.app, self.ways))
        table = SourceFile(name="1.csv", data="workplace,headcount\n§ 1,100\n§ 2,50\n§ 3,6\n".encode())
        for text in (
            *("/draft", "7" * 201, "24/7", "$ 20", "¶ 9", "§", "New York", "1", "1/2/2099 12:00"),
            *("1/2/2098 12:00", "1/2/2099 12:00", "2099-01-30 12:00", "1", "", "9" * 9, "50%"),
            *("1", "100000", "50", "0", "2", "§ 4", "§ 5", "6", "/draft"),
        ):
            with speaking(self.language):
                taken = None if text else await uploads.take(Said(who=Person(PLATFORM, OMAR)), table)
            self.said += [taken.text] if taken else []
            reply = taken or await self.say(OMAR, text)
            choices = [button.data for button in reply.buttons if button.data[-1:].isdecimal()]
            if choices and text in {"1/2/2099 12:00", "50%"}:
                reply = await self.press(OMAR, choices[-1])
        for what in ("read", "change", "to workplaces", "keep", "stop", "on", "back", "keep"):
            number = next(button.data for button in reply.buttons if button.data.startswith("D:")).split(":")[1]
            shown = await self.press(OMAR, f"D:{number}:{what}")
            reply = shown if any(button.data.startswith("D:") for button in shown.buttons) else reply
        assert any(button.data.endswith(":make") for button in reply.buttons), reply.text
        number = reply.buttons[0].data.split(":")[1]
        for what in ("stop", "drop"):
            await self.press(OMAR, f"D:{number}:{what}")

    async def pledge(self, shop: str, people: int) -> None:
        """Let people pledge whom nobody listens to."""
        for number in range(people):
            said = Said(who=Person(PLATFORM, f"{shop}{number}"), button=f"p:{self.cards[shop].pop()}.{self.walkout}")
            await Conversation(self.app, self.ways).answer(said)

    async def pledge_own(self) -> None:
        """Let two pledge, twice, who are listened to and want to be told."""
        for who, shop in zip(WORKERS, ("5·6", "1/2"), strict=True):
            self.mine[who] = code = self.cards[shop].pop()
            card = f"{code}.{self.walkout}"
            for data in (f"p:{card}", f"p:{card}", f"o:{card}", f"o:{card}:yes"):
                await self.press(who, data)

    async def server_code(self) -> str:
        """Make a code on the server."""
        return await organizers.new_code(self.app.store, self.app.clock)

    async def appoint(self, *, newest_first: bool = False) -> None:
        """Make somebody a steward, from the code to the confirmation."""
        made = await self.choose(OLGA, "appoint", self.walkout, "steward", "1/2", "77")
        [code] = _CODE.findall(made.text)
        await self.say(STEWARD, code)
        await self.press_all(newest_first=newest_first)

    async def come_to(self, stage: Stage, *, quietly: bool = False) -> None:
        """Let the walkout come to a stage, with all that is heard on the way; quietly: without anybody's pledge."""
        store, begins = self.app.store, self.clock()
        if stage is Stage.DRAFT:
            return
        await store.decide(self.walkout, partial(rules.open_up, now=begins))
        await self.make(*(Announcement(kind=Kind.MILESTONE, occasion=str(n), facts={"quarters": n}) for n in (1, 2, 3)))
        if self.has_cards and not quietly:
            await self.pledge_own()
            await self.choose(OLGA, "drawn", self.walkout, "1/2", "1")
        if stage is Stage.OPEN:
            return
        walkout = await store.walkout(self.walkout)
        if stage is Stage.CALLED_OFF:
            await store.decide(self.walkout, partial(rules.call_off, now=begins))
        elif stage is Stage.ON:
            await self.be_restored()
            await self.pledge("1/2", 6)
            await self.tally(begins + timedelta(hours=1))
            await self.pledge("3+4", 5)
            await self.tally(begins + timedelta(hours=2))
            await self.press(ANA, f"c:{self.mine[ANA]}.{self.walkout}")
            await self.pledge("5·6", 5)
            await self.tally(begins + timedelta(hours=3))
            await self.tally(walkout.terms.pledge_by - timedelta(days=1))
            await self.hear_the_worst()
        else:
            await self.pledge("1/2", 7)
            await self.tally(walkout.terms.pledge_by - timedelta(days=1))
            await self.tally(walkout.terms.pledge_by)
        if stage is Stage.CLOSED:
            await self.tally(walkout.terms.starts + timedelta(days=9))
        await self.deliver()

    async def see_the_day(self) -> None:
        """Let it come, and let two say that they are out."""
        terms = (await self.app.store.walkout(self.walkout)).terms
        await self.tally(terms.pledge_by)
        await self.tally(terms.starts + timedelta(minutes=1))
        for who in WORKERS:
            for letter in "cuuvvu":
                await self.press(who, f"{letter}:{self.mine[who]}.{self.walkout}")
        await self.tally(terms.starts + timedelta(hours=1))

    async def be_restored(self) -> None:
        """Let everybody hear that it was restored from a backup; it decides nothing for a day, but here it does."""
        before, made = await self.app.store.walkout(self.walkout), {"made": self.clock().isoformat()}
        await self.app.store.decide(self.walkout, partial(rules.look_again, now=self.clock(), made=self.clock()))
        await self.app.store.decide(self.walkout, lambda *_: Ruling(walkout=before))
        told = Announcement(kind=Kind.RESTORED, occasion="1", to_rooms=False, to_organizers=True, facts=made)
        await self.app.store.tell(told)
        await self.deliver()
        await self.see_a_workplace_leave()

    async def see_a_workplace_leave(self) -> None:
        """Let one be taken out, if it is open, and hear it; then let all be as it was."""
        before = await self.app.store.walkout(self.walkout)
        if before.stage is not Stage.OPEN:
            return
        for number in (1, 10**6):  # that can still be reached, or not

            def leave(_walkout: Walkout, units: Sequence[Unit], number: int = number) -> Ruling:
                of = replace(before, terms=replace(before.terms, citywide_threshold=number))
                ruling = rules.leave(of, units, unit=units[-1].id, occasion=f"{number}", now=NOON)
                return replace(ruling, walkout=before)

            await self.app.store.decide(self.walkout, leave)
            await self.deliver()
            await self.app.store.decide(
                self.walkout,
                lambda _walkout, units: Ruling(
                    walkout=before, units=tuple(replace(unit, left=False) for unit in units if unit.left)
                ),
            )

    async def say_a_word(self) -> None:
        """Let organizers say something themselves, in two languages, and correct it."""
        for words in (("citywide",), ("correction",)):
            await self.choose(OLGA, "word", self.walkout, *words)
            await self.say(OLGA, "7" * 501)
            shown = await self.say(OLGA, "§ 77")
            await self.press(OLGA, next(each.data for each in shown.buttons if each.data.startswith("W:")))
            shown = await self.say(OLGA, "§ 78")
            await self.press(OLGA, next(each.data for each in shown.buttons if each.data.startswith("k:")))
            await self.press_all()
        await self.choose(OLGA, "word", self.walkout, "all")
        walkout = await self.app.store.walkout(self.walkout)
        for each in await self.app.store.words_said(self.walkout):  # organizers read it as each room does
            self.names |= {*filter(None, committee_word_texts.read_out(each.content, walkout).split("\n"))}

    async def hear_that_a_survey_is_over(self) -> None:
        """Let organizers hear what they hear of a survey."""
        over = Announcement(kind=Kind.SURVEY_OVER, occasion="0", to_organizers=True)
        await self.app.store.decide(
            self.walkout,
            lambda seen, _places: Ruling(walkout=replace(seen, stage=Stage.ENDED), announcements=(over,)),
        )
        await self.deliver()

    async def hear_of_another_try(self) -> None:
        """Let somebody ask to be told of another try, and be told; here it is the same that is tried again."""
        self.app.keys.add_walkout(WalkoutId("again"), campaign=self.walkout)
        wish = self.app.keys.wish(self.walkout, Person(PLATFORM, ANA))
        assert wish is not None
        for _twice in range(2):
            kept = await self.press(ANA, f"A:{self.walkout}:{wish[1]}")
            await self.press(ANA, kept.buttons[0].data)
        await self.press(ANA, f"A:{self.walkout}:{wish[1]}")
        where = {"workplaces": ["§ 1"], "more": 0, "others": 2, "share": 60}
        await self.make(
            Announcement(kind=Kind.ANOTHER_TRY, occasion="0", to_rooms=False),
            Announcement(kind=Kind.NEXT_STEP, occasion="0", to_rooms=False, to_organizers=True, facts=where),
            Announcement(kind=Kind.VOTE_AGAIN, occasion="0"),
            Announcement(
                kind=Kind.CAMPAIGN_CLOSED,
                occasion="0",
                to_rooms=False,
                to_organizers=True,
                facts={"title": "24/7", "titles": {}},
            ),
        )

    async def hear_the_worst(self) -> None:
        """Let a workplace hear that some have taken their pledges back, and that it missed; here neither is so."""
        where = self.places[0].id
        await self.make(
            *(
                Announcement(kind=kind, occasion="1", scope=where, about=where, to_stewards=True)
                for kind in (Kind.FEWER_NOW, Kind.NOT_OUT)
            )
        )

    async def see_the_last_days(self) -> None:
        """Let all that is on hear the last word, and be reminded until it is over."""
        terms = (await self.app.store.walkout(self.walkout)).terms
        day = timedelta(days=1)
        for at in (terms.pledge_by, terms.starts - day, terms.starts, terms.starts + day):
            await self.tally(at)

    async def make(self, *news: Announcement) -> None:
        """Make some news."""
        await self.app.store.decide(self.walkout, lambda seen, _places: Ruling(walkout=seen, announcements=news))
        await self.deliver()

    async def tally(self, at: datetime) -> None:
        """Let time pass."""
        self.clock.move_to(at)
        await self.deliver()

    async def be_suspended(self) -> None:
        """Let an organizer suspend another, and both learn what that means, until it is ended on the server."""
        app = self.app
        page = await self.choose(OLGA, "suspend", OMAR)
        await self.press(OLGA, page.buttons[0].data)
        await self.deliver()
        for who in (OLGA, OMAR):
            await self.choose(who, "roles")
            await self.choose(who, "help")
        running = await suspensions.listed(app.store, app.keys, app.clock)
        self.said += [committee_texts.roles([], running), committee_texts.told_suspended(None)]
        self.said += [committee_texts.suspended(each, others_decide=True) for each in running]
        await suspensions.end(OMAR, app.store, app.keys, app.clock)
        self.said += [committee_texts.suspension_ended(removed=True), committee_texts.suspend_usage()]
        self.said += [committee_texts.keepers_list(each) for each in ([], running)]
        for say in (
            committee_texts.keeper_ended,
            committee_texts.keeper_removed,
            committee_texts.keeper_knows_nobody,
        ):
            self.said.append(say("7"))
        await self.deliver()

    async def trouble(self) -> None:
        """Let rooms be tested and one be gone, and platforms, and another bot use the token."""
        self.app.holds.stop(PLATFORM)
        await self.deliver()
        self.app.holds.lift(PLATFORM)
        for _time in range(2):
            await self.press(OLGA, f"s:{self.walkout}")
        await self.deliver()
        for place in (None, *self.places):
            bound = Room(walkout=self.walkout, scope=place.id if place else None, way=PLATFORM, address="#66")
            await self.app.store.bind_room(bound)
        await organizers.room_is_mute(PLATFORM, "#66", self.app.store, self.app.clock)
        await self.deliver()
        await organizers.lose_room(PLATFORM, "#66", self.app.store, self.app.clock)
        for platform in ("telegram", "discord"):
            for kind, why in _OUTAGES:
                self.clock.move_to(self.clock() + timedelta(seconds=1))
                await ways.tell_of_way(platform, kind, why, self.app.store, self.app.clock)
                await self.deliver()
            shared = Announcement(
                kind=Kind.TOKEN_SHARED,
                occasion=platform,
                to_rooms=False,
                to_organizers=True,
                facts={"platform": platform},
            )
            await self.app.store.tell(shared)
            await self.deliver()
        keyed = Announcement(kind=Kind.CARDS_KEYED, occasion="", to_rooms=False, to_organizers=True)
        await self.app.store.tell(keyed)
        crowded = [replace(place, standing=place.headcount + 1, told_drawn=True) for place in self.places]
        news = list(rules._warnings("crowd", crowded))
        for kind in (Kind.CARDS_VOIDED, Kind.CARDS_RECALLED):
            news += [Announcement(kind=kind, occasion="8", scope=place.id, about=place.id) for place in self.places]
        await self.make(*news)


class _Postbox:
    def __init__(self, language: str) -> None:
        self.letters: list[Letter] = []
        self._language = language

    async def send(self, letter: Letter) -> str:
        self.letters.append(letter)
        with speaking(self._language):
            return announcement(letter)

    async def delete(self, what: str) -> None:
        """Nothing is kept that could be deleted."""


def _csv(text: str) -> SourceFile:
    return SourceFile(name="2.csv", data=text.encode())


@asynccontextmanager
async def tour(
    data: Path,
    language: str,
    *,
    bare: bool = False,
    shops: Sequence[tuple[str, int, int, str]] = SHOPS,
    **changes: object,
) -> AsyncIterator[Tour]:
    """Draft a walkout in an empty store; if it is not bare, with its cards and rooms."""
    clock, post = MovableClock(NOON), _Postbox(language)
    usual: dict[str, object] = {"starts": NOON + timedelta(days=5), "pledge_by": NOON + timedelta(days=3)}
    usual["ends"] = NOON + timedelta(days=5, hours=8)
    about = usual | ABOUT | {"approvals": 2} | changes
    plan = [SourceFile(name="1.toml", data=terms(**about | OWN | {"language": "en"}).encode()), _csv(roster(shops))]
    own = [f'"{language}".{name} = {json.dumps(said)}' for name, said in OWN.items() if about[name]]
    toml = SourceFile(name="1.toml", data="\n".join([terms(**about), *own]).encode())
    csv = _csv(roster([(*shop[:3], shop[3] and "Autres mots", shop[3]) for shop in shops], f"meet.{language}"))
    async with open_app(data, clock=clock, senders={PLATFORM: post}) as app:
        walkout = await organizers.draft(
            read(toml, csv, RosterOptions(), now=NOON, languages=("1", language)), app.store, app.keys
        )
        places = await app.store.units(walkout.id)
        cards: dict[str, list[str]] = {place.name: [mint() for _ in range(place.headcount)] for place in places}
        has_cards = not bare and changes.get("entry") != "open"
        if has_cards:
            hashes = {place.id: [key_of(code) for code in cards[place.name]] for place in places[:2]}
            hashes[places[2].id] = [key_of(code) for code in cards[places[2].name][1:]]
            await stewards.mint(walkout.id, hashes, app.store, app.keys)
        for who in (OLGA, OMAR):
            await organizers.add(Person(PLATFORM, who), who, app.store, app.keys)
        for place in () if bare else (None, *places):
            address = f"#{place.id if place else 0}"
            room = Room(walkout=walkout.id, scope=place.id if place else None, way=PLATFORM, address=address)
            await organizers.bind_room(room, app.store)
        names = {walkout.id, *(spelled for of in cards.values() for code in of for spelled in (code, pretty(code)))}
        made = Tour(
            app=app,
            clock=clock,
            language=language,
            walkout=walkout.id,
            places=places,
            cards=cards,
            post=post,
            plan=(plan[0], plan[1]),
            names=names,
            has_cards=has_cards,
        )
        yield made
