"""A walkout that is put together by answering one question after another, until it is a draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from bot.domain.model import StepKind, WalkoutId
from bot.draft.options import ListQuestion, RosterOptions, Summary
from bot.draft.problems import SourceFile


class Part(StrEnum):
    """What is asked, in this order. All but the step and the workplaces are fields of walkout.toml."""

    STEP = "step"  #: of a campaign: FIRST, or the id of the one that it follows; '': of none
    CAMPAIGN = "campaign"
    KIND = "kind"
    TITLE = "title"
    DEMANDS = "demands"
    CITY = "city"
    TIMEZONE = "timezone"
    STARTS = "starts"
    PLEDGE_BY = "pledge_by"
    WORKPLACES = "workplaces"
    LEVELS = "levels"  #: what the areas are called, on a line each; only where the list has any
    SHARE = "share"  #: that has to pledge at each workplace which has no number of its own
    CITYWIDE = "citywide_threshold"
    OPENS_WHERE = "opens_where"
    APPROVALS = "approvals"
    QUESTION_1 = "question_1"  #: how many of its options one chooses, itself and its options, on a line each
    QUESTION_2 = "question_2"
    QUESTION_3 = "question_3"
    ON_THE_DAY = "on_the_day"
    LEGAL_NOTICE = "legal_notice"


QUESTIONS = (Part.QUESTION_1, Part.QUESTION_2, Part.QUESTION_3)

MAY_BE_SKIPPED = frozenset({Part.DEMANDS, Part.ON_THE_DAY, Part.LEGAL_NOTICE, *QUESTIONS})

FIRST = "first"

AGAIN = "again "
"""Before the id of a step that is tried again: nothing is to be proved."""

DEPEND: Mapping[Part, frozenset[Part]] = {
    Part.STEP: frozenset({Part.CAMPAIGN, Part.WORKPLACES, Part.LEVELS, Part.SHARE, Part.CITYWIDE, Part.OPENS_WHERE}),
    Part.TIMEZONE: frozenset({Part.STARTS, Part.PLEDGE_BY}),
    Part.STARTS: frozenset({Part.PLEDGE_BY}),
    Part.WORKPLACES: frozenset({Part.LEVELS, Part.SHARE, Part.CITYWIDE}),
    Part.SHARE: frozenset({Part.CITYWIDE}),
}
"""What is asked anew once something else is changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketch:
    """How far it has come."""

    answers: Mapping[Part, str] = field(default_factory=lambda: MappingProxyType({}))
    """As the file would have them; '' where something was skipped; demands on a line each."""
    language: str = ""  #: in which they are
    again: Part | None = None  #: is asked for once more
    last: str = ""  #: the platform's number of the message that was answered last: it may come again
    made: str = ""  #: the walkout that it has become; nothing else is left of it then
    toml: SourceFile | None = None  #: the terms, if somebody has sent them as a file
    options: RosterOptions = field(default_factory=RosterOptions)  #: how the list is read, as far as that is known
    asked: ListQuestion | None = None  #: what the list itself leaves open
    listed: Summary | None = None  #: of the list, once it leaves nothing open
    offered: tuple[tuple[str, str], ...] = ()  #: what was typed may mean these: in words, and as the file would have it

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is asked at all: not what stands in a file that was sent, and no share where the list has numbers."""
        wanted = (Part.STEP, Part.WORKPLACES, Part.SHARE) if self.toml else tuple(Part)
        left_out = {
            *([Part.SHARE] if self.answers.get(Part.SHARE) == "" else []),
            *([] if self.answers.get(Part.LEVELS) else [Part.LEVELS]),
            *self._not_of_this_step(),
        }
        return tuple(part for part in wanted if part not in left_out)

    def _not_of_this_step(self) -> Iterator[Part]:
        step, is_survey = self.answers.get(Part.STEP, ""), self.kind is StepKind.SURVEY
        if not step and self.again is not Part.STEP:
            yield Part.STEP
        if not step:
            yield Part.KIND
        if step != FIRST:
            yield Part.CAMPAIGN
        if self.after is None or step.startswith(AGAIN):
            yield Part.OPENS_WHERE
        if is_survey:
            yield from (Part.STARTS, Part.ON_THE_DAY)
        for question, earlier in zip(QUESTIONS, (None, *QUESTIONS), strict=False):
            if not is_survey or (earlier is not None and not self.answers.get(earlier)):
                yield question

    @property
    def kind(self) -> StepKind:
        """What people pledge to."""
        return StepKind(self.answers.get(Part.KIND) or StepKind.WALKOUT)

    @property
    def after(self) -> WalkoutId | None:
        """The step of a campaign that it follows."""
        step = self.answers.get(Part.STEP, "").removeprefix(AGAIN)
        return WalkoutId(step) if step and step != FIRST else None

    @property
    def at(self) -> Part | None:
        """What is asked now; None once everything is answered."""
        if self.again is not None:
            return self.again
        return next((part for part in self.parts if part not in self.answers), None)

    @property
    def is_begun(self) -> bool:
        """Whether anything would be lost with it."""
        return bool(self.answers or self.toml or self.asked)

    def place(self, part: Part) -> tuple[int, int]:
        """Say which question a part is, and of how many; most cities' time zone is known, and not asked."""
        numbered = [each for each in self.parts if each is not Part.TIMEZONE]
        return numbered.index(Part.CITY if part is Part.TIMEZONE else part) + 1, len(numbered)

    def answered(self, part: Part, value: str) -> Sketch:
        """Go on from an answer; what depends on it is asked anew if it is another one."""
        kept = dict(self.answers)
        if kept.get(part) != value:
            for other in DEPEND.get(part, ()):
                kept.pop(other, None)
        return replace(self, answers={**kept, part: value}, again=None, offered=())

    def before(self) -> Part | None:
        """Return what *Back* asks; None at the first question. From what a list leaves open it leads to the list."""
        parts = self.parts
        if self.asked is not None:
            return self.at
        earlier = parts if self.at is None else parts[: parts.index(self.at)]
        return earlier[-1] if earlier else None

    def to(self, part: Part) -> Sketch:
        """Ask for this once more."""
        return replace(self, again=part, asked=None, offered=())
