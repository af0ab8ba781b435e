"""Organizers' phones in the wrong hands: one table of who has which, what that does, and how long it lasts.

The table stands in docs/decisions/0032-a-seized-organizers-phone.md as well. What cannot be undone takes two approvals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import roles as domain_roles
from bot.domain.roles import Proposal, Roles
from bot.usecases import context, suspensions
from handlers.conversation import messages
from tests.conftest import NOON
from tests.faults.seized import DAY, HOUR, phones
from tests.faults.trials import Trials, trials

EVERYTHING = frozenset({"opened", "called off", "printed or voided", "removed", "appointed", "steward appointed"})
NOTHING = frozenset[str]()
OFF = frozenset({"called off"})
STEWARD = frozenset({"steward appointed"})


@dataclass(frozen=True, kw_only=True)
class Case:
    """A row of the table."""

    everybody: str
    seized: str
    suspends: str  #: the first of these two has suspended the other; '': nobody has
    can: frozenset[str]  #: what the seized phones can do within a day, if nobody does anything about it
    out: timedelta | None  #: after that the others alone have removed them; None: only with whoever runs the server

    def __str__(self) -> str:
        """Name it."""
        return f"{len(self.everybody)}-{self.seized}-{self.suspends or 'nobody'}"


AT_ONCE = timedelta()
TABLE = (
    # nobody has noticed yet: one phone
    Case(everybody="ab", seized="b", suspends="", can=STEWARD, out=None),
    Case(everybody="abc", seized="b", suspends="", can=STEWARD, out=AT_ONCE),
    Case(everybody="abcde", seized="b", suspends="", can=STEWARD, out=AT_ONCE),
    # the subject's phone
    Case(everybody="ab", seized="b", suspends="ab", can=NOTHING, out=None),
    Case(everybody="abc", seized="b", suspends="ab", can=NOTHING, out=AT_ONCE),
    Case(everybody="abcde", seized="b", suspends="ab", can=NOTHING, out=AT_ONCE),
    # the proposer's
    Case(everybody="ab", seized="a", suspends="ab", can=NOTHING, out=None),
    Case(everybody="abc", seized="a", suspends="ab", can=NOTHING, out=AT_ONCE),
    Case(everybody="abcde", seized="a", suspends="ab", can=NOTHING, out=AT_ONCE),
    # a third's
    Case(everybody="abc", seized="c", suspends="ab", can=NOTHING, out=DAY),
    Case(everybody="abcde", seized="c", suspends="ab", can=NOTHING, out=AT_ONCE),
    # two
    Case(everybody="abc", seized="bc", suspends="", can=EVERYTHING, out=None),
    Case(everybody="abc", seized="bc", suspends="ab", can=EVERYTHING, out=None),
    Case(everybody="abc", seized="ac", suspends="ab", can=EVERYTHING, out=None),
    Case(everybody="abcde", seized="bc", suspends="", can=EVERYTHING, out=AT_ONCE),
    Case(everybody="abcde", seized="bc", suspends="ab", can=OFF, out=AT_ONCE),
    Case(everybody="abcde", seized="ac", suspends="ab", can=OFF, out=AT_ONCE),
)

cases = pytest.mark.parametrize("case", TABLE, ids=str)


async def _alone(case: Case, tries: Trials, folder: Path) -> set[str]:
    """Let the seized phones do all they can, several times within a day; return what has changed."""
    changed: set[str] = set()
    for number in range(tries.number):
        with tries.attempt(number):
            chance = tries.random(case, number)
            async with phones(folder / f"{number}", case.everybody, case.seized, suspends=case.suspends) as made:
                before = await made.state()
                for passed in (AT_ONCE, HOUR, 23 * HOUR + 59 * timedelta(minutes=1)):
                    made.clock.move_to(NOON + passed)
                    await made.do_harm(chance)
                after = await made.state()
                found = {what for what in before if after[what] != before[what]}
                assert found <= case.can, f"the seized phones have {sorted(found - case.can)}"
                changed |= found
    return changed


@cases
@trials(2, full=40)
async def test_what_seized_phones_can_do(
    case: Case, tries: Trials, data: Path, record_property: Callable[[str, object], None]
) -> None:
    changed = await _alone(case, tries, data)
    assert changed == case.can or tries.number < 40  # what the table grants them they really can
    record_property("found", ", ".join(sorted(changed)) or "nothing")


@cases
@trials(1, full=20)
async def test_how_long_it_takes_to_be_rid_of_them(
    case: Case, tries: Trials, data: Path, record_property: Callable[[str, object], None]
) -> None:
    for number in range(tries.number):
        with tries.attempt(number):
            chance = tries.random(case, number)
            async with phones(data / f"{number}", case.everybody, case.seized, suspends=case.suspends) as made:
                found = None
                for passed in (AT_ONCE, HOUR, 23 * HOUR, DAY, DAY + HOUR, 2 * DAY, 5 * DAY, 8 * DAY, 9 * DAY):
                    made.clock.move_to(NOON + passed)
                    await made.resist(chance)
                    if not await made.organizing() & set(case.seized):
                        found = passed
                        break
                    if len(case.seized) == 1 or case.out is not None:
                        await made.do_harm(chance)
                assert found == case.out
                if found is not None:
                    assert await made.organizing() == set(case.everybody) - set(case.seized)
    record_property("found", "only on the server" if case.out is None else f"after {case.out}")


@pytest.mark.parametrize("case", [case for case in TABLE if case.suspends], ids=str)
async def test_whoever_runs_the_server_is_rid_of_them_at_once(case: Case, data: Path) -> None:
    async with phones(data, case.everybody, case.seized, suspends=case.suspends) as made:
        app = made.app
        for bad in case.seized:
            if bad not in await made.stopped():
                honest = next(who for who in case.everybody if who not in case.seized)
                for stopped in await suspensions.listed(app.store, app.keys, app.clock):
                    await suspensions.end(stopped.suspended, app.store, app.keys, app.clock)
                if len(case.everybody) - len(case.seized) > 1:
                    honest = next(who for who in case.everybody if who not in case.seized + case.suspends[0])
                elif case.suspends[0] == honest:  # cannot again this week; a new organizer of the server's could
                    continue
                await made.says(honest, f"/suspend {bad}")
            await suspensions.remove(bad, app.store, app.keys, app.clock)
            assert bad not in await made.organizing()


# -- these trials can fail --------------------------------------------------------------------------------------------


def case_of(name: str) -> Case:
    return next(case for case in TABLE if str(case) == name)


async def test_an_approval_too_few_while_somebody_is_suspended_would_be_seen(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = domain_roles.missing

    def too_few(proposal: Proposal, organizers: Any, running: Any, *, approvals: int, own: Any) -> int | None:
        return real(proposal, organizers, running, approvals=approvals - bool(running), own=own)

    monkeypatch.setattr(domain_roles, "missing", too_few)
    with pytest.raises(AssertionError, match="called off"):
        await _alone(case_of("3-b-ab"), Trials(number=3, seed=1), data)


async def test_a_suspension_that_stops_nothing_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def as_ever(*_who: object) -> Roles:
        return Roles(organizer=True)

    for asks in (context, messages):
        monkeypatch.setattr(asks, "acting", as_ever)
    for module in (suspensions, domain_roles):
        monkeypatch.setattr(module, "check_halted", lambda _running: None)
    with pytest.raises(AssertionError, match="printed or voided"):
        await _alone(case_of("3-b-ab"), Trials(number=3, seed=1), data)
