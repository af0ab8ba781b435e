"""People of a town whose store is a database that several processes use, and the history that is held against it.

`live` is one process: forked, it does what it is told round by round, and says what it asked for and what came of it.
`History` reads all processes' lines in another one, and holds what any server shows against them.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any, cast

from bot.delivery.outbox import Letter
from bot.domain import leases as rules_of_leases
from bot.domain.errors import NotRecorded, StoreUnusable
from bot.guards import leadership
from bot.process.clock import MovableClock
from bot.runtime.app import App, open_app
from bot.secrets.keys import Person
from bot.storage.postgres import leases, opening, session
from tests.conftest import NOON, WALKOUT
from tests.faults import town
from tests.faults.town import CODES, ENOUGH, PLATFORM, Ledger, State
from tests.postgres.servers import Server

OVERTAKEN = frozenset({"opened", "workplace_ready"})
"""Kinds that nobody hears any more who has not when the walkout is on."""

LEASE_S = 2.0
LOOKS_EVERY_S = 0.25
TRIES_AGAIN_AFTER_S = 0.1


class Fault(StrEnum):
    """What a trial must see."""

    TRUSTS_SILENCE = "a commit that raises nothing is recorded"
    ANSWERS_AFTER_READING = "what is in doubt is looked for, by nothing that writes"


def hasten() -> None:
    """Let leases and limits be shorter, all in the same proportion: trials wait for them."""
    share = LEASE_S / rules_of_leases.LENGTH_S
    with_length = partial(rules_of_leases.Lease, lasts_s=LEASE_S)
    changed: Mapping[Any, Mapping[str, Any]] = {
        leases: {"_LENGTH": timedelta(seconds=LEASE_S), "Lease": with_length, "ANSWERS_WITHIN_S": 0.7},
        rules_of_leases: {"LONGEST_SEND_S": rules_of_leases.LONGEST_SEND_S * share},
        leadership: {
            "RENEWED_AFTER_S": rules_of_leases.RENEWED_AFTER_S * share,
            "TRIED_AGAIN_AFTER_S": rules_of_leases.TRIED_AGAIN_AFTER_S * share,
        },
        session: {"COMMITS_WITHIN_S": 1.0, "CONFIRMS_WITHIN_S": 1.0, "ANSWERS_WITHIN_S": 4.0},
        opening: {"CONNECTS_WITHIN_S": 1.0},
    }
    for module, values in changed.items():
        vars(module).update(values)


def plant(fault: Fault) -> None:
    """Spoil what this process does."""
    match fault:
        case Fault.TRUSTS_SILENCE:
            vars(session)["UNCONFIRMED"] = frozenset()
        case Fault.ANSWERS_AFTER_READING:
            vars(session)["_ASK"] = "SELECT (SELECT mark FROM mark WHERE process = $1)"  # a row, whatever there is
            setattr(session.Session, "_wait_for_standby", _at_once)  # noqa: B010  a fault


async def _at_once(_session: object) -> None:
    pass


class Given:
    """A clock that is set, and may be wrong."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move_to(self, instant: datetime) -> None:
        raise NotImplementedError


class Post:
    """The platform: takes every letter, and says under which nonce."""

    def __init__(self, say: town.Say) -> None:
        self._say = say

    async def send(self, letter: Letter) -> str:
        letter.leaves()
        news = letter.news
        what = f"{news.kind} {news.scope or 0} {news.about or 0} {news.occasion}"
        self._say(f"! letter {letter.address.replace(' ', '_')} {letter.nonce} {what}")
        return news.kind

    async def delete(self, what: str) -> None:
        raise NotImplementedError


class Citizens(town.Town):
    """Those who use this process."""

    def __init__(self, app: App, clock: Given, say: town.Say) -> None:
        super().__init__(app, cast("MovableClock", clock), self.say)  # it moves no clock
        self._tell = say
        self.troubled: set[int] = set()

    async def act(self, n: int, chance: Random) -> None:
        """Let somebody pledge, take it back, ask to be told, or look."""
        if chance.random() < 0.75:
            await super().act(n, chance)
            return
        try:
            self.say(f"= {n} {(await self.worker(n).look(CODES[n])).mine}")
        except NotRecorded:
            self.troubled.add(n)

    def say(self, line: str) -> None:
        """Say what became of it."""
        self._tell(line)
        if line[0] in "x~":
            self.troubled.add(int(line.split()[2]))

    async def come(self, n: int, acts: int, chance: Random) -> None:
        """Let somebody come to so many answers; who hears that it is not recorded, or in doubt, goes on."""
        for _ in range(acts):
            self.troubled.add(n)
            while n in self.troubled:
                self.troubled.discard(n)
                await self.act(n, chance)
                if n in self.troubled:
                    await asyncio.sleep(TRIES_AGAIN_AFTER_S)


def live(folder: Path, url: str, lines: Connection, orders: Connection, people: list[int], fault: Fault | None) -> None:
    """Be a process: the real store and use cases; `orders` are rounds (the time, how many acts, a seed), then None."""
    logging.disable()
    hasten()
    if fault is not None:
        plant(fault)
    descriptor = lines.fileno()

    def say(line: str) -> None:
        os.write(descriptor, f"{line}\n".encode())

    told: asyncio.Queue[tuple[datetime, int, str] | None] = asyncio.Queue()

    def be_told() -> None:
        try:
            told.put_nowait(orders.recv())
        except EOFError:  # nobody is there any more who could end this process
            os._exit(1)

    async def main() -> None:
        asyncio.get_running_loop().add_reader(orders.fileno(), be_told)
        clock = Given()
        while True:
            with suppress(StoreUnusable, NotRecorded):  # as whoever keeps bots running does
                async with open_app(folder, clock=clock, senders={PLATFORM: Post(say)}, database_url=url) as app:
                    say(f"# {app.house._holder}")
                    await _rounds(app, clock)
                    return

    async def _rounds(app: App, clock: Given) -> None:
        here = Citizens(app, clock, say)
        jobs = asyncio.create_task(app.scheduler.run_forever(LOOKS_EVERY_S))
        while (order := await told.get()) is not None:
            clock.now, acts, seed = order

            await asyncio.gather(*(here.come(n, acts, Random(f"{seed} {n}")) for n in people))
            say("done")
        jobs.cancel()
        await asyncio.wait([jobs])

    asyncio.run(main())


WITNESS = f"""
    CREATE TABLE witness (stands BIGINT);
    GRANT ALL ON witness TO PUBLIC;
    CREATE FUNCTION bear_witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO witness SELECT count(*) FROM pledge WHERE walkout = '{WALKOUT}' AND state = 'p';
        RETURN NULL;
    END $$;
    CREATE TRIGGER is_on AFTER UPDATE ON walkout FOR EACH ROW WHEN (new.stage = 'on' AND old.stage <> 'on')
        EXECUTE FUNCTION bear_witness();
"""  # noqa: S608
"""Counts what stands, in the transaction that says that it is on."""

_SHOWN = """
    BEGIN; LOCK TABLE recent_card, recent_pledge, recent_count IN ACCESS SHARE MODE;
    SELECT 'pledge', encode(key, 'hex'), state FROM pledge;
    SELECT 'notice', encode(locator, 'hex') FROM notice;
    SELECT 'wrong', walkout, id, minted, standing FROM counts WHERE (minted, standing) <> (
        SELECT count(*), count(*) FILTER (WHERE state IN ('p', 'o')) FROM pledge
        WHERE pledge.walkout = counts.walkout AND pledge.unit = counts.id);
    SELECT 'tally', tally, stage FROM walkout;
    SELECT 'witness', stands FROM witness;
    SELECT 'said', kind, scope, about, occasion FROM announcement;
    SELECT 'parcel', id, room, kind, scope, about, occasion, state FROM parcel WHERE room <> '' ORDER BY id;
    COMMIT
"""


@dataclass
class History(Ledger):
    """What people of several processes were told; here `letters` are those that rooms heard."""

    heard: list[tuple[str, str, str]] = field(default_factory=list)  #: room, nonce and news, in order
    newest: dict[int, str] = field(default_factory=dict)  #: the state that somebody's act in doubt would lead to
    faults: int = 0
    repeated: int = 0
    looked: int = 0

    def hear_all(self, lines: list[str]) -> None:
        """Take down what a process said."""
        for line in lines:
            mark, *words = line.split()
            match mark, words:
                case "!", ["letter", room, nonce, *news]:
                    self.heard.append((room, nonce, " ".join(news)))
                    self.letters.add(tuple(news))
                case "=", [n, state]:
                    self._looked(int(n), state)
                case "?", [_what, n]:
                    self.give_up(int(n))
                    self.hear([line])
                case "~", ["pledge" | "withdraw" as what, n]:
                    self.newest[int(n)] = what[0]
                    self.hear([line])
                case _:
                    self.hear([line])

    def give_up(self, n: int) -> None:
        """Note that nobody will be told any more what became of what somebody asked for last."""
        if n in self.pending:
            self.hear_all([f"~ {self.pending[n]} {n}"])

    def _looked(self, n: int, seen: str) -> None:
        self.give_up(n)
        possible = {(state, told) for state, told in self.stands[n] if state == (seen if seen in {"p", "w"} else "m")}
        assert possible, (n, seen, self.stands[n])
        if seen in self.newest.get(n, ""):  # what came of it; the state before may be shown as long as it is under way
            self.stands[n] = possible
        self.looked += 1

    def check_on(self, server: Server, database: str, why: object) -> Mapping[str, list[list[str]]]:
        """Hold what a server shows against it; whoever has not been answered yet may have what they asked for."""
        rows: dict[str, list[list[str]]] = {}
        for line in server.sql(_SHOWN, database).splitlines():
            kind, *row = line.split("|")
            rows.setdefault(kind, []).append(row)
        found = {bytes.fromhex(key): state for key, state in rows["pledge"]}
        notices = {bytes.fromhex(locator) for (locator,) in rows.get("notice", [])}
        for n, code in enumerate(CODES):
            bearer = self.keys.bearer(code, Person("", ""))
            there: State = (found[bearer.keys[WALKOUT][1]], bearer.notice(WALKOUT) in notices)
            allowed = set(self.stands[n])
            if n in self.pending:
                allowed |= {town._after(self.pending[n], before) for before in allowed}
            assert there in allowed, (why, n, there, allowed)
            if n not in self.pending:
                self.found_done += there not in self.stands[n] or len(self.stands[n]) > 1
                self.stands[n] = {there}
        assert "wrong" not in rows, (why, rows["wrong"])
        [(tally, stage)] = rows["tally"]
        assert int(tally) >= self.tally, why
        self.tally = int(tally)
        witnesses = [int(stands) for (stands,) in rows.get("witness", [])]
        assert len(witnesses) == (stage == "on"), (why, witnesses, stage)
        assert all(stands >= ENOUGH for stands in witnesses), (why, witnesses)
        said = set(map(tuple, rows.get("said", [])))
        assert self.letters <= said, (why, self.letters - said)
        return rows

    def check_rooms(self, rows: Mapping[str, list[list[str]]]) -> None:
        """Hold what rooms heard against what was due to them, when nothing is on its way any more."""
        [(_tally, stage)] = rows["tally"]
        due: dict[str, dict[str, bool]] = {}  # and whether it was to be heard whatever happened
        for _id, room, *news, state in rows["parcel"]:
            overtaken = stage == "on" and news[0] in OVERTAKEN
            assert state == "sent" or (state == "gone" and overtaken), (room, news, state)
            due.setdefault(room, {})[" ".join(news)] = state == "sent"
        for room, whole in due.items():
            heard = [(nonce, news) for address, nonce, news in self.heard if address == room]
            once = list(dict.fromkeys(news for _nonce, news in heard))
            assert once == [news for news, sent in whole.items() if sent or news in once], room  # all of it, in order
            nonces = {(news, nonce) for nonce, news in heard}
            assert len(nonces) == len(once), room  # whatever is sent again bears the same nonce
            repeats = Counter(news for _nonce, news in heard)
            assert sum(repeats.values()) - len(repeats) <= self.faults, (room, repeats)
            self.repeated += sum(repeats.values()) - len(repeats)
