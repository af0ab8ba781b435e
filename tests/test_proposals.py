"""A proposal that was cut off after it was carried out, and before that was written down."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bot.domain import rules
from bot.domain.model import Stage
from bot.domain.roles import Became, Matter
from bot.process.clock import MovableClock
from bot.secrets.keys import Person
from bot.storage.store import Rule
from bot.usecases import organizers, proposals
from bot.usecases.context import RequestContext
from tests.conftest import NOON, WALKOUT, draft, shops
from tests.stores import open_app

pytestmark = pytest.mark.both_engines

OLGA, OMAR = Person("here", "olga"), Person("here", "omar")


@pytest.mark.parametrize(
    ("matter", "rule", "stage"),
    [
        (Matter.OPEN, partial(rules.open_up, now=NOON), Stage.OPEN),
        (Matter.CALL_OFF, partial(rules.call_off, now=NOON), Stage.CALLED_OFF),
    ],
)
async def test_what_was_done_before_a_power_cut_is_concluded_by_the_next_approval(
    data: Path, clock: MovableClock, matter: Matter, rule: Rule, stage: Stage
) -> None:
    async with open_app(data, clock=clock, senders={"here": None}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(draft(approvals=2), shops(40))
        for who in (OLGA, OMAR):
            await organizers.add(who, who.account, app.store, app.keys)
        olga, omar = (RequestContext(who=who, store=app.store, keys=app.keys, clock=clock) for who in (OLGA, OMAR))
        proposed = (await proposals.propose(olga, matter, walkout=WALKOUT)).proposal
        assert proposed.became is Became.OPEN
        await app.store.decide(WALKOUT, rule)  # and there the power went

        after = await proposals.opine(omar, proposed.id, approves=True)

        assert after.proposal.became is Became.DONE
        assert after.walkout is not None
        assert after.walkout.stage is stage
        told = [parcel for parcel in await app.store.claim_parcels("here", now=NOON, limit=10) if parcel.member]
        assert sorted(parcel.news.kind for parcel in told) == ["decided", "proposal"]
