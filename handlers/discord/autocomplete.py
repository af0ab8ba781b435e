"""What Discord suggests while somebody fills in a command's options: walkouts, workplaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from discord.app_commands import Choice

from bot.domain.model import Entry, Stage, UnitId, Walkout, WalkoutId
from bot.domain.roles import Duty, Roles
from bot.domain.rules import NOT_OVER, PLEDGING, most_current
from bot.domain.tree import Tree, labels
from bot.parsing.typed_text import nearest_names, plain_name
from bot.runtime.app import App
from bot.secrets.keys import Person
from handlers.conversation import Command, Role, Takes
from handlers.texts import discord as texts
from handlers.texts.organizers_words import worded

MOST = 25
LONGEST = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class _Choice:
    """What can be suggested."""

    shown: str
    value: str
    plain: str  #: as what is typed is compared with it

    @staticmethod
    def of(shown: str, value: str) -> _Choice:
        return _Choice(shown=shown, value=value, plain=plain_name(shown))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Units:
    """A walkout's units, as they are called: they change only when a step is opened without some."""

    names: Mapping[UnitId, _Choice]
    parents: Mapping[UnitId, UnitId]
    leaves: AbstractSet[UnitId]


class Suggestions:
    """Suggests names only, and to workers only those that their terms may show them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._names: dict[tuple[WalkoutId, bool], _Units] = {}  #: of a draft, and of what was opened

    async def suggest(
        self, who: Person, command: Command, takes: Takes, typed: str, walkout: str | None
    ) -> list[Choice[str]]:
        """Return what fits the letters typed so far, the best first."""
        organizes = command.who is not Role.WORKER
        roles = await self._app.store.roles(self._app.keys.person(who)) if organizes else Roles()
        if not command.who.allows(roles):
            return []
        if takes is Takes.ROLE:
            return _best([_Choice.of(texts.steward(), "steward"), _Choice.of(texts.organizer(), "organizer")], typed)
        if takes is Takes.VOID:
            return _best([_Choice.of("void", "void"), _Choice.of("recall", "recall")], typed)
        looks_after = roles.units if organizes and not roles.may(Duty.LOOK) else None  #: None: not a steward's view
        fitting = [
            each
            for each in await self._app.store.walkouts()
            if _may_see(each, organizes=organizes)
            and (looks_after is None or any(each.id == walkout for walkout, _place in looks_after))
        ]
        if takes is Takes.WALKOUT:
            return _best([_Choice.of(f"{each.id} · {worded(each.terms).title}", each.id) for each in fitting], typed)
        named = [each for each in fitting if walkout is None or each.id == walkout.lower()]
        if len(named) != 1:  # the steps of a campaign before it are over
            named = most_current([each for each in named if each.stage in NOT_OVER], now=self._app.clock())
        if len(named) != 1:  # the conversation asks which walkout
            return []
        known = await self._units(named[0])
        names = list(known.names.values())
        if looks_after is not None:
            own = {unit for of, unit in looks_after if of == named[0].id}
            own |= {unit for unit, parent in known.parents.items() if _is_in(own, parent, known.parents)}
            names = [name for unit, name in known.names.items() if unit in own]
        elif not organizes:
            names = [name for unit, name in known.names.items() if unit in known.leaves]
        keywords = {
            Takes.FILTER: [("csv", "csv")],
            Takes.SCOPE: [(texts.citywide(), "citywide"), (texts.off(), "off")],
            Takes.REACH: [(texts.citywide(), "citywide"), (texts.everywhere(), "all")],
        }.get(takes, [])
        return _best([*(_Choice.of(shown, value) for shown, value in keywords), *names], typed)

    async def _units(self, walkout: Walkout) -> _Units:
        key = walkout.id, walkout.stage is Stage.DRAFT
        if key not in self._names:
            units = await self._app.store.units(walkout.id)
            names = {unit: _Choice.of(name, name) for unit, name in labels(units).items()}
            leaves = frozenset(unit.id for unit in Tree(units).leaves())
            parents = {unit.id: unit.parent for unit in units}
            self._names[key] = _Units(names=names, parents=parents, leaves=leaves)
        return self._names[key]


def _is_in(units: AbstractSet[UnitId], unit: UnitId, parents: Mapping[UnitId, UnitId]) -> bool:
    return unit in units or (unit in parents and _is_in(units, parents[unit], parents))


def _may_see(walkout: Walkout, *, organizes: bool) -> bool:
    if organizes:
        return walkout.stage is not Stage.CLOSED
    return walkout.stage in PLEDGING and walkout.terms.entry is Entry.OPEN


def _best(choices: Sequence[_Choice], typed: str) -> list[Choice[str]]:
    """Return those that begin with what is typed, then those that hold it, each as they stand; else those alike."""
    wanted = plain_name(typed)
    begin = [choice for choice in choices if choice.plain.startswith(wanted)]
    fitting = begin[:MOST]
    if len(fitting) < MOST:
        fitting += [each for each in choices if wanted in each.plain and not each.plain.startswith(wanted)]
    if not fitting:
        values = {choice.shown: choice for choice in choices}
        fitting = [values[shown] for shown in nearest_names(values, typed, MOST)]
    return [Choice(name=each.shown[:LONGEST], value=each.value[:LONGEST]) for each in fitting[:MOST]]
