"""What Discord suggests while somebody fills in a command's options: walkouts, workplaces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from discord.app_commands import Choice

from bot.domain.model import Entry, Stage, UnitId, Walkout, WalkoutId
from bot.domain.roles import Duty, Roles
from bot.domain.rules import PLEDGING
from bot.parsing.typed_text import nearest_names, plain_name
from bot.runtime.app import App
from bot.secrets.keys import Person
from handlers.conversation import Command, Role, Takes
from handlers.texts import discord as texts
from handlers.texts.organizers_words import worded

MOST = 25
LONGEST = 100


class Suggestions:
    """Suggests names only, and to workers only those that their terms may show them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._names: dict[WalkoutId, list[tuple[UnitId, str]]] = {}  #: a walkout's workplaces never change

    async def suggest(
        self, who: Person, command: Command, takes: Takes, typed: str, walkout: str | None
    ) -> list[Choice[str]]:
        """Return what fits the letters typed so far, the best first."""
        organizes = command.who is not Role.WORKER
        roles = await self._app.store.roles(self._app.keys.person(who)) if organizes else Roles()
        if not command.who.allows(roles):
            return []
        if takes is Takes.ROLE:
            return _best([(texts.steward(), "steward"), (texts.organizer(), "organizer")], typed)
        if takes is Takes.VOID:
            return _best([("void", "void"), ("recall", "recall")], typed)
        looks_after = roles.units if organizes and not roles.may(Duty.LOOK) else None  #: None: not a steward's view
        fitting = [
            each
            for each in await self._app.store.walkouts()
            if _may_see(each, organizes=organizes)
            and (looks_after is None or any(each.id == walkout for walkout, _place in looks_after))
        ]
        if takes is Takes.WALKOUT:
            return _best([(f"{each.id} · {worded(each.terms).title}", each.id) for each in fitting], typed)
        named = [each for each in fitting if walkout is None or each.id == walkout.lower()]
        if len(named) != 1:  # the conversation asks which walkout
            return []
        places = await self._units(named[0].id)
        names = [(name, name) for place, name in places if looks_after is None or (named[0].id, place) in looks_after]
        if takes is Takes.FILTER:
            names = [("csv", "csv"), *names]
        if takes is Takes.SCOPE:
            names = [(texts.citywide(), "citywide"), (texts.off(), "off"), *names]
        return _best(names, typed)

    async def _units(self, walkout: WalkoutId) -> Sequence[tuple[UnitId, str]]:
        if walkout not in self._names:
            self._names[walkout] = [(place.id, place.name) for place in await self._app.store.units(walkout)]
        return self._names[walkout]


def _may_see(walkout: Walkout, *, organizes: bool) -> bool:
    if organizes:
        return walkout.stage is not Stage.CLOSED
    return walkout.stage in PLEDGING and walkout.terms.entry is Entry.OPEN


def _best(choices: Iterable[tuple[str, str]], typed: str) -> list[Choice[str]]:
    wanted, choices = plain_name(typed), list(choices)
    fitting = [(shown, value) for shown, value in choices if wanted in plain_name(shown)]
    fitting.sort(key=lambda choice: not plain_name(choice[0]).startswith(wanted))
    if not fitting:
        values = dict(choices)
        fitting = [(shown, values[shown]) for shown in nearest_names(values, typed, MOST)]
    return [Choice(name=shown[:LONGEST], value=value[:LONGEST]) for shown, value in fitting[:MOST]]
