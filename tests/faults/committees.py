"""A city in which people with roles mean harm: what they press and write, and what they may change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from bot.domain import rules
from bot.domain.model import UnitId, WalkoutId
from bot.domain.roles import SUSPENDED_FOR, Role
from bot.draft import RosterOptions, SourceFile, read
from bot.guards.rate_limits import BURST
from bot.parsing import typed_text
from bot.runtime.app import App
from bot.secrets import card_codes
from bot.secrets.keys import Bearer, Person
from bot.storage.records import instant
from bot.usecases import closing, organizers, proposals, roles, stewards, suspensions
from bot.usecases.context import RequestContext
from handlers.conversation import BUTTONS, COMMANDS, PRICES, Conversation, Reply, Said, Ways
from handlers.texts.workers import console_can_see
from tests import stores
from tests.conftest import NOON
from tests.console.play import roster, terms
from tests.faults.fuzzed import SHOPS, UNTOLD, City, city
from tests.faults.hostile import MARK, ODD_NUMBERS, ODD_TEXTS

OLGA, STELLA, ANA, UDO = range(5_800_000_001, 5_800_000_005)
HOSTILE = {"organizer": OLGA, "unit organizer": UDO, "steward": STELLA, "worker": ANA}
"""Who means harm, by role: Udo organizes the first workplace, Stella is its steward, Ana has pledged a card there."""

OMAR, OTTO, EVE = range(5_800_000_011, 5_800_000_014)
"""Two organizers who mean none, and somebody who used a role card of Omar's."""

VICTIMS = range(5_800_000_021, 5_800_000_025)

_NO_QUOTES = dict.fromkeys(map(ord, '"“”„«»'))

MAY_CHANGE: dict[str, Collection[str]] = {
    "worker": {"card", "pledge", "counted", "notice"},
    "steward": {"card", "pledge", "counted", "notice", "unit", "deed"},
    "unit organizer": {
        *("card", "pledge", "counted", "notice", "unit", "deed", "proposal", "opinion", "role_card", "room"),
        *("announcement", "parcel"),
    },
    "organizer": {
        *("card", "pledge", "counted", "notice", "unit", "deed", "proposal", "opinion", "role_card", "room"),
        *("errand", "announcement", "parcel", "suspension", "sketch"),
    },
}
"""Tables, whatever is done in a day without anybody else's approval. Judged more closely by `Committee.check`."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something done: a press, or else something written."""

    text: str = ""
    button: str | None = None
    price: float = 1

    @property
    def may_hold_code(self) -> bool:
        """Whether it may be silently passed over as a guess, once there were too many of them."""
        if self.button is not None:
            return card_codes.exact(self.button.partition(":")[2].partition(":")[0].partition(".")[0]) is not None
        words = self.text.translate(_NO_QUOTES)
        return bool(typed_text.codes(words) or typed_text.codes(words.partition(" ")[2]))


@dataclass(kw_only=True)
class Committee:
    """The city, its people, and every button that any of them has been shown."""

    town: City
    platform: str
    draft: WalkoutId
    closed: WalkoutId
    conversation: Conversation
    buttons: dict[str, None] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)

    @property
    def app(self) -> App:
        """The app."""
        return self.town.app

    def person(self, account: int) -> Person:
        """Name somebody."""
        return Person(self.platform, str(account))

    async def says(self, account: int, text: str = "", press: str | None = None) -> Reply:
        """Let somebody who means no harm say or press something; note what buttons they are shown."""
        reply = await self.conversation.answer(
            Said(who=self.person(account), text=text, button=press, number=f"{self.app.clock()} {text}")
        )
        assert reply is not None
        self.note(button.data for button in reply.buttons)
        return reply

    def may_be_silent(self, who: int, act: Act) -> bool:
        """Say whether somebody who has tried too many codes that are not known did something with a code."""
        return act.may_hold_code and self.app.guesses.waits(self.person(who)) is not None

    def note(self, shown: Any) -> None:
        """Note buttons' data."""
        self.buttons |= dict.fromkeys(shown)
        for old in list(self.buttons)[200 : len(self.buttons) - 100]:
            del self.buttons[old]

    async def propose(self) -> None:
        """Let those who mean no harm propose everything anew, and appoint somebody; nobody is suspended by then."""
        app = self.app
        for stopped in await suspensions.listed(app.store, app.keys, app.clock):
            await suspensions.end(stopped.suspended, app.store, app.keys, app.clock)
        carded, walkouts = self.town.walkout, (self.town.walkout, self.draft)
        for text in (
            f"/open {self.draft}",
            f"/calloff {carded}",
            f"/cards {carded} Depot 2",
            f"/cards {carded} void Depot",
            "/remove olga",
            "/appoint organizer Zoe",
        ):
            said = await self.says(OMAR, text)
            if said.kind == "sure":
                await self.says(OMAR, press=said.buttons[0].data)
        for number in (row[0] for row in (await self.town.rows())["proposal"]):
            self.note(f"{letter}:{number}" for letter in "arm")
        for walkout in walkouts:
            await self.says(OMAR, f"/board {walkout}")
            await self.says(OMAR, f"/rooms {walkout}")

    # ---- what is done

    def acts(self, chance: Random, *, presses: bool) -> list[Act]:
        """Make what one person does at once: no more than the bot answers at once."""
        made: list[Act] = []
        left = BURST - 1.0
        while len(made) < 10:
            act = self._press(chance) if presses else self._written(chance)
            left -= act.price
            if left < 0:
                break
            made.append(act)
        return made

    def _press(self, chance: Random) -> Act:
        data = chance.choice(list(self.buttons))
        while chance.random() < 0.6:
            letter, _colon, rest = data.partition(":")
            words = rest.split(":")
            match chance.randrange(8):
                case 0:  # another button with this one's data
                    letter = chance.choice(LETTERS)
                case 1 | 2 | 3:
                    words[chance.randrange(len(words))] = chance.choice(self._odd_words(chance))
                case 4:
                    words.append(chance.choice(self._odd_words(chance)))
                case 5:
                    words.pop()
                case 6:
                    rest = chance.choice(list(self.buttons)).partition(":")[2]
                    words = rest.split(":")
                case _:
                    words = [chance.choice((rest[:-1], rest.lower(), rest * 2, f" {rest}", f"{rest}\0"))]
            data = ":".join([letter, *words])
        return Act(button=data[:200], price=PRICES.get(data[:1], 1))

    def _written(self, chance: Random) -> Act:
        if chance.random() < 0.1:
            return Act(text=chance.choice(ODD_TEXTS)[:4096])
        if chance.random() < 0.3:
            return self._sensible(chance)
        row = chance.choice(COMMANDS)
        words = [chance.choice(self._odd_words(chance)) for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 5)))]
        if chance.random() < 0.3:
            words = [chance.choice((*NAMES, self.town.walkout, self.draft)), *words]
        if row.name == "remove" and "stella" in " ".join(words).lower():  # or else there were none left to try
            words = ["nobody"]
        return Act(text=f"/{row.name} {' '.join(words)}"[:4096], price=row.price)

    def _sensible(self, chance: Random) -> Act:
        """Write what some role may well write: so much of it changes something that the rest is tried on new ground."""
        place, number = f'"{chance.choice(NAMES)}"', chance.randrange(1, 9)
        walkout, code = chance.choice((self.town.walkout, self.draft)), chance.choice(self.town.codes[:20])
        text = chance.choice(
            (
                f"/drawn {walkout} {place} {number}",
                f"/appoint {walkout} steward {place} zed{number}",
                f"/appoint {walkout} organizer {place} zed{number}",
                f"/leave {walkout} {place}",
                f"/cards {walkout} {place} {number}",
                f"/cards {walkout} void {place}",
                f"/room {walkout} {place}",
                f"/open {walkout}",
                f"/calloff {walkout}",
                f"/remove {chance.choice(('omar', 'otto'))}",
                f"/suspend {chance.choice(('omar', 'otto'))}",
                f"/withdraw {code}",
                f"/start {code}",
                f"/board {walkout}",
            )
        )
        return Act(text=text, price=5)

    def _odd_words(self, chance: Random) -> tuple[str, ...]:
        town = self.town
        usual = (
            *NAMES, town.walkout, town.without_cards, self.draft, self.closed, town.codes[0],
            *(town.codes[number] for number in range(10, 14)), "citywide", "off", "void", "csv", "steward", "organizer",
            "omar", "zoe", "es", "1", "2", "3", "9", str(chance.randrange(100)),
        )  # fmt: skip
        odd = (*ODD_TEXTS, *HOSTILE_WORDS, *map(str, ODD_NUMBERS), card_codes.mint())
        return usual if chance.random() < 0.7 else odd

    # ---- what came of it

    async def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return everything in the store, with the names of its columns."""
        store: Any = self.app.store
        found = await self.town.rows()
        for table in found.keys() - self.columns.keys():
            columns = await stores.columns(store, table)
            self.columns[table] = [name for name in columns if table != "store" or name not in UNTOLD]
        return {table: [dict(zip(self.columns[table], row, strict=True)) for row in found[table]] for table in found}

    async def check(self, role: str, before: Mapping[str, list[dict[str, Any]]]) -> int:
        """See that nothing has changed that somebody with this role alone may not change; return how much has."""
        after = await self.rows()
        changed = {table for table in after if after[table] != before[table]}
        assert changed <= set(MAY_CHANGE[role]), f"{role} changed {changed - set(MAY_CHANGE[role])}"
        me = self.app.keys.person(self.person(HOSTILE[role]))
        new = {table: [row for row in after[table] if row not in before[table]] for table in changed}
        old = {table: [row for row in before[table] if row not in after[table]] for table in changed}
        gone = {row["id"] for row in old.get("proposal", [])} - {row["id"] for row in after["proposal"]}
        assert not gone
        for row in new.get("proposal", []):
            leaves = self._own_leaves(row, after)
            assert row["became"] in {"open", "refused"} or leaves, f"{role} alone had {row['matter']} {row['became']}"
            known = next((each for each in before["proposal"] if each["id"] == row["id"]), None)
            assert row["proposer"] == me if known is None else {**known, "became": row["became"]} == row
        self._check_cards(role, new.get("card", []), old.get("card", []))
        self._check_pledges(role, new.get("pledge", []), after["card"])
        self._check_places(role, after, before)
        for table in ("opinion", "sketch"):
            assert all(row["organizer"] == me for row in new.get(table, []) + old.get(table, []))
        assert all(row["appointer"] == me for row in new.get("role_card", []) + old.get("role_card", []))
        if role == "unit organizer":
            self._check_own(me, new, old)
        self._check_suspensions(me, after["suspension"], before["suspension"])
        if role != "organizer":
            assert MARK not in repr(after), "something hostile is kept"
        return sum(map(len, new.values()))

    def _own_leaves(self, row: dict[str, Any], after: Mapping[str, list[dict[str, Any]]]) -> bool:
        """Say whether the first workplace leaves by Udo and Olga together: that is theirs to decide."""
        said = {each["organizer"] for each in after["opinion"] if each["proposal"] == row["id"] and each["approves"]}
        both = {self.app.keys.person(self.person(account)) for account in (UDO, OLGA)}
        return row["matter"] == "leave" and said == both

    def _check_own(self, me: bytes, new: dict[str, list[dict[str, Any]]], old: dict[str, list[dict[str, Any]]]) -> None:
        """See that whoever organizes one workplace has changed, proposed and appointed nothing beyond it."""
        here = (self.town.walkout, 1)
        for row in new.get("room", []) + old.get("room", []):
            assert (row["walkout"], row["scope"]) == here, "another's room has changed"
        for row in new.get("role_card", []):
            assert (row["role"], row["walkout"], row["unit"]) == ("steward", *here), "somebody else is appointed"
        for row in new.get("proposal", []):
            if row["proposer"] == me:
                assert (row["matter"], row["walkout"]) in {("void", here[0]), ("leave", here[0])}, row["matter"]

    def _check_suspensions(self, me: bytes, after: list[dict[str, Any]], before: list[dict[str, Any]]) -> None:
        now = self.app.clock()
        for row in (row for row in after if row not in before):
            assert row["suspender"] == me, "somebody else has suspended somebody"
            assert row["until"] <= instant(now + SUSPENDED_FOR), "it lasts too long"
            assert not [was for was in before if was["suspender"] == me and was["again"] > instant(now)], "twice"

    def _check_cards(self, role: str, new: list[dict[str, Any]], old: list[dict[str, Any]]) -> None:
        known = self._known(self.person(HOSTILE[role]))
        before = {row["key"]: row for row in old}
        assert before.keys() <= {row["key"] for row in new}, "a card is gone"
        for row in new:
            walkout, bearer = known[row["key"]]
            assert row["owner"] == bearer.owner(walkout), "another's pledge has changed"
            was = before.get(row["key"])
            free = bearer.free(walkout)
            assert was is None or was["owner"] in {row["owner"], free}, "another's pledge has changed hands"
            assert was is not None or walkout == self.town.without_cards, "a card was made"
            assert not row["stale"], "a card is voided"

    def _check_pledges(self, role: str, new: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
        owners = {row["key"]: row["owner"] for row in after}
        known = self._known(self.person(HOSTILE[role]))
        of = {bearer.keys[walkout][1]: (card, bearer.owner(walkout)) for card, (walkout, bearer) in known.items()}
        for row in new:
            card, owner = of[row["key"]]
            assert owners[card] == owner, "another's pledge has changed"

    def _known(self, who: Person) -> dict[bytes, tuple[WalkoutId, Bearer]]:
        """Name every card in their hand, by its key in the register."""
        keys, town = self.app.keys, self.town
        own = (town.without_cards, keys.open_code(town.without_cards, who))
        bearers = [
            (walkout, keys.bearer(code, who)) for walkout, code in (own, *((town.walkout, c) for c in town.codes))
        ]
        return {bearer.keys[walkout][0]: (walkout, bearer) for walkout, bearer in bearers}

    def _check_places(self, role: str, after: Any, before: Any) -> None:
        for row, was in zip(after["unit"], before["unit"], strict=True):
            mine = (row["walkout"], row["id"]) == (self.town.walkout, 1)
            theirs = {"drawn", "told_drawn"} if role == "organizer" or (role != "worker" and mine) else set()
            if mine and role in {"organizer", "unit organizer"}:
                theirs |= {"has_left"}  # by both together: see _own_leaves
            differ = {name for name in row if row[name] != was[name]}
            assert differ <= theirs, f"{role} changed {differ} of a workplace"
        for row in after["counted"]:
            there = [each for each in after["pledge"] if (each["walkout"], each["unit"]) == (row["walkout"], row["id"])]
            assert row["standing"] - (1 << 40) == sum(each["state"] == "p" for each in there)
            assert row["minted"] - (1 << 40) == len(there)


LETTERS = "".join(letter for letter in BUTTONS if letter not in "iL")  # a picture takes a quarter of a second
NAMES = tuple(name for name, *_ in SHOPS)
HOSTILE_WORDS = (
    "%s", "%n%n", "{0}", "{sentence}", "\\0", "\0", "a\0b", "\x1b[2J", "\u202eyad", "\u200f", "NaN", "-inf", "1e999",
    "0x10", "1_000", "+5", "-5", "١٢", "\uff19", "²", "1.5", "9" * 4_000, "x" * 4_096, '"', '""', "'", "\\", "`", "*",
    "@everyone", "<@1>", "||a||", "[x](http://x.example)", "/open", "../..", "\n", "\r\n/open", "CON",
)  # fmt: skip


@asynccontextmanager
async def committee(folder: Path, platform: str) -> AsyncIterator[Committee]:
    """Open a city in which what cannot be undone takes three organizers, and let people have done things there."""
    async with city(folder, platform, approvals=3) as town:
        app, store, keys = town.app, town.app.store, town.app.keys
        usual = {"starts": NOON + timedelta(days=12), "pledge_by": NOON + timedelta(days=7), "approvals": 3}
        toml = SourceFile(name="walkout.toml", data=terms(**usual).encode())
        csv = SourceFile(name="workplaces.csv", data=roster(SHOPS).encode())
        draft, over = [
            await organizers.draft(read(toml, csv, RosterOptions(), now=NOON), store, keys) for _ in range(2)
        ]
        conversation = Conversation(app, Ways(can_see=console_can_see, in_a_hurry=True))
        made = Committee(town=town, platform=platform, draft=draft.id, closed=over.id, conversation=conversation)
        for account, name in ((OLGA, "olga"), (OMAR, "omar"), (OTTO, "otto")):
            await organizers.add(made.person(account), name, store, keys)
        omar = RequestContext(who=made.person(OMAR), store=store, keys=keys, clock=app.clock, number="")
        place = await store.unit(town.walkout, UnitId(1))
        otto, olga = (replace(omar, who=made.person(account)) for account in (OTTO, OLGA))
        card = await roles.appoint(omar, Role.UNIT_ORGANIZER, "udo", walkout=town.walkout, place=place)
        assert card.progress is not None
        for other in (otto, olga):
            await proposals.opine(other, card.progress.proposal.id, approves=True)
        used = await roles.redeem(replace(omar, who=made.person(UDO)), card.code)
        assert used is not None
        await roles.settle(omar, used.id, confirmed=True)
        for account, confirms in ((STELLA, True), (EVE, False)):
            name = "stella" if confirms else "eve"
            card = await roles.appoint(omar, Role.STEWARD, name, walkout=town.walkout, place=place)
            used = await roles.redeem(replace(omar, who=made.person(account)), card.code)
            assert used is not None
            made.note((f"f:{used.id}", f"t:{used.id}"))
            if confirms:
                await roles.settle(omar, used.id, confirmed=True)
        await _pledge(made, over.id)
        await made.propose()
        yield made


async def _pledge(made: Committee, over: WalkoutId) -> None:
    """Let people pledge in what is open, and in what is closed since."""
    town, store = made.town, made.app.store
    old = [card_codes.mint() for _ in range(2)]
    await stewards.mint(over, {UnitId(1): [card_codes.key_of(code) for code in old]}, store, made.app.keys)
    await store.decide(over, partial(rules.open_up, now=NOON))
    pledging = zip((ANA, *VICTIMS), (town.codes[0], *town.codes[10:14]), [town.walkout] * 5, strict=True)
    for account, code, of in (*pledging, (ANA, old[0], over), (VICTIMS[0], old[1], over)):
        await made.says(account, f"/start {code}")
        assert (await made.says(account, press=f"p:{code}.{of}")).kind == "pledged"
    for account in (ANA, *VICTIMS[:2]):
        await made.says(account, press=f"j:{town.without_cards}:1")
    await made.says(VICTIMS[2], press=f"o:{town.codes[12]}.{town.walkout}")
    await made.says(OMAR, f"/board {over}")
    await store.decide(over, partial(rules.call_off, now=NOON))
    await closing.close(await store.walkout(over), store, made.app.keys)


def no_longer_than(acts: int, chance: Random, made: Committee) -> Iterator[tuple[str, list[Act]]]:
    """Yield who does what, until so much is done."""
    done = 0
    while done < acts:
        role = chance.choice(list(HOSTILE))
        batch = made.acts(chance, presses=chance.random() < 0.6)[: acts - done]
        done += len(batch)
        yield role, batch
