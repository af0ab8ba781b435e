"""Store, key file and everybody's codes tell no vote without the accounts; after closing nothing does with everything.

The attacker here makes all that the program itself can make of what they hold, and looks for it beside the ballots.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.domain.model import Question, Ruling, Stage, StepKind, Unit, Walkout
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE, App
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Bearer, Keys, Person, open_keys
from bot.usecases import stewards
from bot.usecases.closing import close
from tests.conftest import NOON, PLEDGE_BY, SHOP, WALKOUT, fresh_folder, opened, shops
from tests.faults.trials import Trials, trials
from tests.stores import open_app
from tests.test_outbox import Post

pytestmark = pytest.mark.sqlite_only("what whoever has its file can tell")

QUESTION = Question(text="What do we want?", options=tuple("abcdefgh"), many=True)
PEOPLE = 12


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A survey in its folder; who has which card, and what they voted."""

    folder: Path
    codes: Mapping[Person, str]
    votes: Mapping[Person, str]

    @property
    def data(self) -> Path:
        return self.folder / "data"


def survey() -> Walkout:
    return opened(kind=StepKind.SURVEY, starts=PLEDGE_BY, questions=(QUESTION,), tally_every=PLEDGE_BY - NOON)


async def voted(folder: Path, chance: Random, clock: MovableClock) -> Survey:
    """Let everybody take part and most vote, one thing each; keep a copy of the store and of the key file."""
    codes = {Person("here", str(chance.randrange(10**12, 10**13))): mint() for _ in range(PEOPLE)}
    voters = chance.sample(list(codes), PEOPLE - 2)
    votes = {who: f"{1 + nth:02x}0000" for nth, who in enumerate(voters)}  # each another's, so that a link would show
    made = Survey(folder=folder, codes=codes, votes=votes)
    async with open_app(made.data, clock=clock, senders={"here": Post()}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(survey(), shops(40))
        await stewards.mint(WALKOUT, {SHOP: list(map(key_of, codes.values()))}, app.store, app.keys)
        for who, code in codes.items():
            await app.worker(who).pledge(code)
        for who in chance.sample(voters, len(voters)):
            assert (await app.worker(who).vote(codes[who], votes[who])).changed
    for name in (DATABASE, KEY_FILE):
        (folder / name).touch(0o600)
        (folder / name).write_bytes((made.data / name).read_bytes())
    return made


def in_store(database: Path) -> dict[bytes, str]:
    """Return the ballots, by where they are."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(database.read_bytes())
        return dict(connection.execute("SELECT locator, choices FROM ballot ORDER BY locator").fetchall())


def makes(keys: Keys, codes: Collection[str], people: Collection[Person]) -> dict[bytes, str]:
    """Return all that can be made of what the attacker holds, and of whose code."""
    made: dict[bytes, str] = {}
    for code in codes:
        guesses = {*people, *(Person(way, account) for way in ("", "here") for account in ("", code, "0"))}
        for who in guesses:
            bearer = keys.bearer(code, who)
            for walkout in keys.walkouts:
                made |= dict.fromkeys(_all_of(bearer, walkout), code)
            made[keys.person(who)] = code
        for key in (keys._server, *keys._walkouts.values()):
            for parts in _parts(code):
                made[hmac.digest(key, json.dumps(parts).encode(), hashlib.sha256)] = code
                made[hashlib.blake2b("".join(parts).encode(), key=key, digest_size=32).digest()] = code
        made[key_of(code)] = code
        made[hashlib.sha256(key_of(code)).digest()] = code
    return made


def _all_of(bearer: Bearer, walkout: Any) -> Iterable[bytes]:
    yield from bearer.keys[walkout]
    for each in (bearer.ballot, bearer.owner, bearer.notice, bearer.free):
        yield each(walkout)


def _parts(code: str) -> Iterable[tuple[str, ...]]:
    """Everything that could have been hashed without an account."""
    for number in (1, 2, 3):
        yield from permutations(("ballot", code, WALKOUT, key_of(code).hex(), ""), number)


def told(ballots: Mapping[bytes, str], made: Mapping[bytes, str]) -> dict[str, str]:
    """Return the votes that are known, by their codes."""
    return {made[locator]: choices for locator, choices in ballots.items() if locator in made}


async def ended(here: Survey, clock: MovableClock) -> None:
    """Take the last count, and close it."""

    def counts(walkout: Walkout, _units: Sequence[Unit]) -> Ruling:
        return Ruling(walkout=replace(walkout, stage=Stage.ENDED, ended=PLEDGE_BY, next_tally=None, tally=1))

    clock.move_to(PLEDGE_BY)
    async with open_app(here.data, clock=clock, senders={"here": Post()}) as app:
        await app.store.decide(WALKOUT, counts)
        assert in_store(_copied(here, app)) == {}
        await close(await app.store.walkout(WALKOUT), app.store, app.keys)


def _copied(here: Survey, app: App) -> Path:
    (here.folder / "counted").write_bytes((app.data / DATABASE).read_bytes())
    return here.folder / "counted"


@trials(8, full=300)
async def test_store_key_file_and_all_codes_tell_no_vote_and_after_closing_nothing_does(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    made_up = 0
    for number in range(tries.number):
        chance, clock = tries.random(number), MovableClock(NOON)
        with tries.attempt(number), fresh_folder() as folder:
            here = await voted(folder, chance, clock)
            ballots = in_store(folder / DATABASE)
            assert sorted(ballots.values()) == sorted(here.votes.values())
            keys = open_keys(folder / KEY_FILE, database=folder / DATABASE)
            strangers = [Person("here", str(chance.randrange(10**12, 10**13))) for _ in range(PEOPLE)]
            made = makes(keys, here.codes.values(), strangers)
            made_up += len(made)
            assert told(ballots, made) == {}
            # with the accounts too it is told, while the key is there; and so this would be seen
            everything = makes(keys, here.codes.values(), here.codes)
            assert told(ballots, everything) == {here.codes[who]: vote for who, vote in here.votes.items()}
            # without the codes the accounts are worth nothing
            assert told(ballots, makes(keys, [mint() for _ in range(3)], here.codes)) == {}

            await ended(here, clock)
            left = open_keys(here.data / KEY_FILE, database=here.data / DATABASE)
            assert in_store(here.data / DATABASE) == {}
            held = makes(left, here.codes.values(), here.codes)
            assert told(ballots, held) == {}, "an older copy of the store has the ballots still"
            now = (here.data / DATABASE).read_bytes()
            assert not [locator for locator in ballots if locator in now]
    record_property("found", f"{made_up} values made of key files and codes: none leads to a ballot")


async def test_a_locator_without_the_account_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bearer, "ballot", Bearer.notice)
    here = await voted(data, Random(1), MovableClock(NOON))
    keys = open_keys(data / KEY_FILE, database=data / DATABASE)
    strangers = [Person("here", "7"), Person("there", "8")]
    assert len(told(in_store(data / DATABASE), makes(keys, here.codes.values(), strangers))) == len(here.votes)


async def test_planted_ballots_change_totals_and_nothing_else(data: Path, clock: MovableClock) -> None:
    """A steward with codes that nobody drew casts four, changes them, and looks at the file each time."""
    here = await voted(data, Random(2), clock)
    before = in_store(data / DATABASE)
    planted = {Person("here", f"steward {n}"): mint() for n in range(4)}
    async with open_app(here.data, clock=clock, senders={"here": Post()}) as app:
        await stewards.mint(WALKOUT, {SHOP: list(map(key_of, planted.values()))}, app.store, app.keys)
        for vote in ("ff0000", "000000", "100000"):
            for who, code in planted.items():
                await app.worker(who).pledge(code)
                assert (await app.worker(who).vote(code, vote)).changed
                for victim in here.codes.values():  # whose codes the steward has noted
                    seen = await app.worker(who).vote(victim, vote)
                    assert (seen.changed, seen.voted, seen.mine) == (False, False, None)
            after = in_store(_copied(here, app))
            assert before.items() <= after.items()
            assert sorted(set(after) - set(before)) == sorted(
                app.keys.bearer(code, who, WALKOUT).ballot(WALKOUT) for who, code in planted.items()
            )
        for who, code in planted.items():
            await app.worker(who).withdraw(code)
        assert in_store(_copied(here, app)) == before
