"""A step of a campaign against the one before it: what can be followed, and what it takes over from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.campaigns import has_lapsed, is_counted
from bot.domain.doubts import proves
from bot.domain.model import SPOKEN, Stage, Terms, Unit, Walkout, Words
from bot.draft.options import RosterOptions, Totals
from bot.draft.problems import DraftRefused, Problem, ProblemKind, SourceFile
from bot.draft.tree import DraftUnit
from bot.draft.writing import workplaces_file

LISTED = "workplaces.csv"

AS_LISTED = RosterOptions(totals=Totals.KEEP)
"""How a list is read that was read before: whatever is called like a total in it is a workplace."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Before:
    """What the step before has, for whoever reads the files of the next one."""

    terms: Terms
    units: tuple[DraftUnit, ...]

    def list_in(self, own: str) -> SourceFile:
        """Return its workplaces as a list; `own` is the language in which the column `meet` is to be."""
        written = self.terms.language or SPOKEN
        units = self.units
        if written != own:
            said = [{written: unit.meet, **unit.meets} for unit in units]
            units = tuple(
                replace(
                    unit,
                    meet=meets.get(own, ""),
                    meets={language: meet for language, meet in meets.items() if language != own and meet},
                )
                for unit, meets in zip(units, said, strict=True)
            )
        return SourceFile(name=LISTED, data=workplaces_file(units, self.terms.levels))

    def words(self, language: str) -> Words:
        """Return what its files say in a language of what lasts for a campaign."""
        own = language == (self.terms.language or SPOKEN)
        said = self.terms if own else self.terms.translations.get(language, Words())
        return Words(campaign=said.campaign, levels=said.levels)


def taken_over(terms: Terms, before: Before) -> Terms:
    """Return the terms with the names of the campaign and the levels, as the step before has them."""
    own = terms.language or SPOKEN
    levels = terms.levels or before.words(own).levels or before.terms.levels
    languages = {*terms.translations, *before.terms.translations, before.terms.language or SPOKEN} - {own}
    translations = {}
    for language in sorted(languages):
        words, known = terms.translations.get(language, Words()), before.words(language)
        if words.written() or known.written():
            same = known.levels if len(known.levels) == len(levels) else ()
            translations[language] = replace(
                words, campaign=known.campaign or words.campaign, levels=words.levels or same
            )
    campaign = before.words(own).campaign or terms.campaign or before.terms.campaign
    return replace(terms, campaign=campaign, levels=levels, translations=translations)


def check_follow(step: Walkout, units: Sequence[Unit], *, is_closed: bool) -> None:
    """Refuse a step that none can build on; `is_closed`: its campaign. Raises DraftRefused."""
    if (kind := _why_not(step, units, is_closed=is_closed)) is not None:
        facts = {"id": step.id, "title": step.terms.title}
        raise DraftRefused([Problem(file="", line=None, kind=kind, facts=facts)])


def can_follow(step: Walkout, units: Sequence[Unit], *, is_closed: bool) -> bool:
    """Say whether another step can build on it."""
    return _why_not(step, units, is_closed=is_closed) is None


def _why_not(step: Walkout, units: Sequence[Unit], *, is_closed: bool) -> ProblemKind | None:  # noqa: PLR0911  one way out for each
    if not step.terms.campaign:
        return ProblemKind.NOT_OF_A_CAMPAIGN
    if is_closed:
        return ProblemKind.CAMPAIGN_IS_CLOSED
    if has_lapsed(step, units):
        return None  # it is tried again
    if step.stage is Stage.CALLED_OFF:
        return ProblemKind.STEP_CALLED_OFF
    if not proves(step.terms):
        return ProblemKind.STEP_PROVES_NOTHING
    if step.stage is Stage.CLOSED and not is_counted(step):
        return ProblemKind.STEP_CALLED_OFF
    return None
