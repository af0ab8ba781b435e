"""What workers do at the wire, and what must come of it: the model that the store is held against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from bot.domain.model import CardState
from bot.runtime.app import App
from tests.house import City, RunningBot

Act = str
"""The letter of a button: p to pledge, w to withdraw, o to be told when it is on, q not to be told, c to check."""


@dataclass(frozen=True, kw_only=True)
class Stands:
    """What the store holds of a worker."""

    pledged: bool = False
    told: bool = False

    def after(self, acts: Iterable[Act]) -> Stands:
        """Give what it holds once these acts are done, in this order."""
        now = self
        for act in acts:
            if act == "p" and not now.pledged:
                now = Stands(pledged=True)
            elif act == "w":
                now = Stands()
            elif act in "oq" and now.pledged:
                now = Stands(pledged=True, told=act == "o")
        return now

    def acts(self) -> str:
        """Name what whoever sees this may do."""
        return "c" + ("p" if not self.pledged else "wq" if self.told else "wo")


@dataclass(kw_only=True)
class Someone:
    """A worker with a card."""

    account: int
    code: str
    walkout: str  #: whose card it is
    acts: list[tuple[int, Act]] = field(default_factory=list)  #: all there were, with what names them at the server
    stood: Stands = field(default_factory=Stands)  #: when the bot that runs was started
    done: int = 0  #: how many of their acts were confirmed then
    heard: int = 0  #: up to which of them they had an answer

    @property
    def meant(self) -> Stands:
        """What they want to be held of them."""
        return Stands().after(act for _name, act in self.acts)

    def chooses(self, chance: Random) -> Act:
        """Do what people do who see how they stand; for most that is a change."""
        return chance.choice(self.meant.acts()[1:]) if chance.random() < 0.8 else "c"


async def standing(house: RunningBot, city: City, people: Iterable[Someone]) -> Mapping[int, Stands]:
    """Read what the store holds of each; no bot may run. The workplaces' counts must say the same."""
    async with house.looked_into() as app:
        held = {one.account: await _held(house, app, one) for one in people}
        places = await app.store.units(city.walkout)
    assert sum(place.standing for place in places) == sum(each.pledged for each in held.values())
    return held


async def _held(house: RunningBot, app: App, one: Someone) -> Stands:
    worker = app.worker(house.who(one.account))
    seen = await worker.look(one.code)
    return Stands(pledged=seen.mine is CardState.PLEDGED, told=seen.told)
