"""Opening the steps of a campaign as organizers do: refused where it could not be, and everywhere after a lapse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.outbox import Letter
from bot.domain import campaigns, rules
from bot.domain.errors import (
    LeavesTooFewFree,
    NobodyQualifies,
    NoSuchProposal,
    NotEnoughLeft,
    Refused,
    StepGoesOn,
    StepNotOver,
    TooEarlyToReport,
)
from bot.domain.model import Announcement, BoardLine, Kind, Ruling, Stage, StepKind, Unit, UnitId, Walkout, WalkoutId
from bot.domain.roles import Matter
from bot.guards import readiness
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.keys import Person
from bot.usecases import audit, ladder, organizers, paper_cards, proposals, report
from bot.usecases.context import RequestContext
from handlers.texts import refusals
from handlers.texts.catalogue import speaking
from tests.conftest import OTHER_SHOP, PLEDGE_BY, SHOP, draft, shops
from tests.stores import open_app

pytestmark = pytest.mark.both_engines

FIRST, SECOND, THIRD = WalkoutId("first"), WalkoutId("secnd"), WalkoutId("third")
DAY = timedelta(days=1)
BUSES: dict[str, Any] = {"campaign": "Buses for all", "citywide_threshold": 5, "approvals": 1}
SURVEY: dict[str, Any] = {"kind": StepKind.SURVEY, "starts": PLEDGE_BY, **BUSES}


class Sends:
    """A platform that takes every letter."""

    def __init__(self) -> None:
        self.sent: list[Kind] = []

    async def send(self, letter: Letter) -> str:
        self.sent.append(letter.news.kind)
        return ""

    async def delete(self, what: str) -> None:
        raise NotImplementedError


@dataclass
class Campaign:
    app: App
    clock: MovableClock

    @property
    def olga(self) -> RequestContext:
        return RequestContext(who=Person("here", "olga"), store=self.app.store, keys=self.app.keys, clock=self.clock)

    async def add(self, walkout: WalkoutId, after: WalkoutId | None = None, **terms: Any) -> Walkout:
        made = replace(draft(walkout, **terms), campaign=after and FIRST, after=after)
        self.app.keys.add_walkout(walkout)
        await self.app.store.add_walkout(made, shops(40, 40, threshold=20))
        return made

    async def open(self, walkout: WalkoutId) -> None:
        await proposals.propose(self.olga, Matter.OPEN, walkout=walkout, anyway=1)

    async def come_to(self, now: datetime) -> None:
        """Take what is due then."""
        self.clock.move_to(now)
        await self.app.tallies.take_due()

    async def heard(self, kind: Kind) -> list[dict[str, Any]]:
        made = await self.app.store.claim_parcels("here", now=self.clock(), limit=100)
        return [dict(each.news.facts) for each in made if each.news.kind is kind]


@pytest.fixture
async def campaign(data: Path, clock: MovableClock) -> AsyncIterator[Campaign]:
    async with open_app(data, clock=clock, senders={"here": None}) as app:
        await organizers.add(Person("here", "olga"), "olga", app.store, app.keys)
        yield Campaign(app, clock)


LATER: dict[str, Any] = {**BUSES, "kind": StepKind.ACTION, "turnout": True, "pledge_by": PLEDGE_BY + 5 * DAY}
LAST: dict[str, Any] = {**BUSES, "pledge_by": PLEDGE_BY + 9 * DAY, "starts": PLEDGE_BY + 11 * DAY}


def shown(walkout: Walkout, units: Sequence[Unit], *, reached: UnitId) -> Ruling:
    """Let the board show of one workplace that it has reached its number."""
    line = BoardLine(reached=True, number=20, anchor=20)
    return Ruling(walkout=walkout, units=tuple(replace(unit, line=line) for unit in units if unit.id == reached))


async def test_a_step_waits_for_the_one_before_it_and_for_its_proof(campaign: Campaign) -> None:
    await campaign.add(FIRST, **SURVEY)
    await campaign.open(FIRST)
    second = await campaign.add(SECOND, FIRST, **{**LATER, "opens_where": 60})
    with pytest.raises(StepNotOver):
        await proposals.check_can_open(campaign.olga, second)
    with pytest.raises(StepNotOver):
        await campaign.open(SECOND)
    await campaign.come_to(PLEDGE_BY)
    # at the share that the step which builds on it asks for
    assert await campaign.heard(Kind.NEXT_STEP) == [{"workplaces": [], "more": 0, "others": 2, "share": 60}]
    with pytest.raises(NobodyQualifies):
        await proposals.check_can_open(campaign.olga, second)
    with pytest.raises(NobodyQualifies):
        await campaign.open(SECOND)
    assert (await campaign.app.store.walkout(SECOND)).stage is Stage.DRAFT

    await campaign.app.store.decide(FIRST, partial(shown, reached=SHOP))
    await proposals.check_can_open(campaign.olga, second)
    await campaign.open(SECOND)
    assert (await campaign.app.store.walkout(SECOND)).stage is Stage.OPEN
    steps = await ladder.steps(second, campaign.app.store)
    assert campaigns.ladder(steps)[SHOP] == 1
    assert [rung.reached for rung in campaigns.climbed(steps)] == [1, None]


async def test_what_was_begun_at_a_workplace_without_which_a_step_opens_stops_nothing_else(campaign: Campaign) -> None:
    store, outbox = campaign.app.store, campaign.app.outboxes["here"]
    await campaign.add(FIRST, **SURVEY)
    await campaign.open(FIRST)
    await campaign.add(SECOND, FIRST, **LATER)
    await campaign.come_to(PLEDGE_BY)
    await store.decide(FIRST, partial(shown, reached=SHOP))
    order: dict[str, Any] = {"workplace": OTHER_SHOP, "place": "Shop 2", "number": 5, "before": 0}
    printed = await proposals.propose(campaign.olga, Matter.MINT, walkout=SECOND, **order)

    def with_news(walkout: Walkout, _units: Sequence[Unit]) -> Ruling:
        about: dict[str, Any] = {"about": OTHER_SHOP, "occasion": "1", "to_organizers": True, "to_rooms": False}
        return Ruling(walkout=walkout, announcements=(Announcement(kind=Kind.MORE_THAN_DRAWN, **about),))

    await store.decide(SECOND, with_news)
    await campaign.open(SECOND)
    assert [unit.id for unit in await store.units(SECOND)] == [SHOP]

    outbox.sender = Sends()
    await outbox.deliver()  # the letter about the other shop is told to nobody, and keeps no other back
    assert await store.unsettled(SECOND) == 0
    assert Kind.MORE_THAN_DRAWN not in outbox.sender.sent
    assert Kind.NEXT_STEP in outbox.sender.sent
    [line] = [each for each in await audit.page(campaign.olga, None) if each.detail.get("matter") == Matter.MINT][:1]
    assert line.detail["place"] == "Shop 2"
    with pytest.raises(NoSuchProposal):
        await proposals.look(campaign.olga, printed.proposal.id)
    with pytest.raises(NoSuchProposal):
        await proposals.opine(campaign.olga, printed.proposal.id, approves=False)


async def test_of_two_steps_approved_in_the_same_moments_one_is_opened(campaign: Campaign) -> None:
    await campaign.add(FIRST, **SURVEY)
    await campaign.open(FIRST)
    for also in (SECOND, THIRD):
        await campaign.add(also, FIRST, **LATER)
    await campaign.come_to(PLEDGE_BY)
    await campaign.app.store.decide(FIRST, partial(shown, reached=SHOP))
    became = await asyncio.gather(campaign.open(SECOND), campaign.open(THIRD), return_exceptions=True)
    assert sorted(type(each).__name__ for each in became) == ["NoneType", "StepNotOver"]
    stages = [(await campaign.app.store.walkout(also)).stage for also in (SECOND, THIRD)]
    assert sorted(stages) == [Stage.DRAFT, Stage.OPEN]


@pytest.mark.parametrize("matter", [Matter.VOID, Matter.RECALL])
async def test_cards_are_ended_in_the_step_that_goes_on(campaign: Campaign, matter: Matter) -> None:
    """Else pledges would end after its deadline, its ballots would be counted all the same, and none would hear."""
    await campaign.add(FIRST, **SURVEY)
    await campaign.open(FIRST)
    await campaign.add(SECOND, FIRST, **LATER)
    shop = await campaign.app.store.unit(FIRST, SHOP)
    first, second = [await campaign.app.store.walkout(step) for step in (FIRST, SECOND)]
    with pytest.raises(StepGoesOn) as raised:
        await paper_cards.check_can_end(campaign.olga, matter, second, shop)
    assert raised.value.walkout == FIRST
    if matter is Matter.VOID:  # for which one organizer is enough here
        with pytest.raises(StepGoesOn):
            await proposals.propose(campaign.olga, matter, walkout=SECOND, workplace=SHOP, place="Shop 1")
    await paper_cards.check_can_end(campaign.olga, matter, first, shop)
    await campaign.come_to(PLEDGE_BY)
    await paper_cards.check_can_end(campaign.olga, matter, second, shop)


async def test_whether_a_step_is_counted_is_said_by_what_it_proved(campaign: Campaign) -> None:
    async def is_counted() -> bool:
        found = await readiness.checks(campaign.app.store, SECOND, now=campaign.clock())
        return next(check.is_so for check in found if check.point is readiness.Point.PROOF)

    store = campaign.app.store
    await campaign.add(FIRST, **{**LATER, "pledge_by": PLEDGE_BY, "starts": PLEDGE_BY + DAY})
    await campaign.open(FIRST)
    await campaign.add(SECOND, FIRST, **LAST)
    assert not await is_counted()

    def turns_on(walkout: Walkout, units: Sequence[Unit]) -> Ruling:
        going = replace(walkout, stage=Stage.ON, tallied=PLEDGE_BY, next_tally=PLEDGE_BY + 2 * DAY)
        return Ruling(walkout=going, units=tuple(replace(unit, out=True) for unit in units))

    await store.decide(FIRST, turns_on)
    campaign.clock.move_to(PLEDGE_BY + 2 * DAY)  # its day is over, and the last count is still to come
    assert not await is_counted()
    await campaign.app.tallies.take_due()
    assert await is_counted()
    await store.decide(FIRST, partial(rules.call_off, now=campaign.clock()))
    assert not await is_counted()


async def test_another_try_of_what_lapsed_needs_no_proof(campaign: Campaign) -> None:
    await campaign.add(FIRST, **{**LATER, "pledge_by": PLEDGE_BY})
    await campaign.open(FIRST)
    await campaign.come_to(PLEDGE_BY)
    assert (await campaign.app.store.walkout(FIRST)).stage is Stage.LAPSED
    assert await campaign.heard(Kind.NEXT_STEP) == []
    again = await campaign.add(SECOND, FIRST, **LAST)
    await proposals.check_can_open(campaign.olga, again)
    await campaign.open(SECOND)
    assert (await campaign.app.store.walkout(SECOND)).stage is Stage.OPEN
    assert len(await campaign.app.store.units(SECOND)) == 2
    assert set(campaigns.rungs(await ladder.steps(again, campaign.app.store)).values()) == {1}


async def test_a_report_on_a_survey_is_there_once_it_has_ended(campaign: Campaign) -> None:
    survey = await campaign.add(FIRST, **SURVEY)
    await campaign.open(FIRST)
    survey = await campaign.app.store.walkout(FIRST)
    with pytest.raises(TooEarlyToReport):
        await report.report(survey, campaign.app.store, campaign.clock)
    await campaign.come_to(PLEDGE_BY)
    ended = await campaign.app.store.walkout(FIRST)
    assert len((await report.report(ended, campaign.app.store, campaign.clock)).units) == 2


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        (NobodyQualifies(60), "60 % of its number"),
        (NotEnoughLeft("", 900, 1, people=True), "The whole walkout needs 900 people, and 1 person works"),
        (NotEnoughLeft("Bronx", 3, 2, people=False), "Bronx needs 3 of its parts, and 2 are left"),
        (LeavesTooFewFree("Depot", ""), "people in Depot"),
        (LeavesTooFewFree("Depot", "Bronx"), "Bronx needs nearly everybody"),
        (StepNotOver("Sticker day", "Depot"), "Sticker day is not over yet in Depot"),
        (StepGoesOn("Sticker day", SECOND, "Depot"), "voided and recalled in that step, secnd"),
    ],
)
def test_organizers_read_what_is_missing(refused: Refused, says: str) -> None:
    assert says in refusals.refusal(refused)[1]
    with speaking("es"):
        assert says not in refusals.refusal(refused)[1]
