"""What a list of workplaces leaves open, and what was read of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.draft import Choice, ChoiceKind, ListQuestion, QuestionKind, Summary
from handlers.texts.catalogue import _, ngettext
from handlers.texts.draft import shown
from handlers.texts.names import joined
from handlers.texts.times import number


def question(asked: ListQuestion) -> str:
    """Ask it. The choices are given as buttons, see `choice`."""
    return _QUESTIONS[asked.kind](asked.facts).format(**_facts(asked.facts))


def choice(given: Choice) -> str:
    """Label a button."""
    return _CHOICES[given.kind]().format(**_facts(given.facts))


def summary(of: Summary) -> str:
    """Say in one sentence what was read: `141 workplaces, 71,060 people; left out: 1 total; 3 names repeat`."""
    said = [
        _("{workplaces}, {people}").format(
            workplaces=_n(of.workplaces, lambda n: ngettext("{n} workplace", "{n} workplaces", n)),
            people=_n(of.people, lambda n: ngettext("{n} person", "{n} people", n)),
        )
    ]
    left_out = [
        _n(count, words)
        for count, words in (
            (of.totals, lambda n: ngettext("{n} total", "{n} totals", n)),
            (of.empties, lambda n: ngettext("{n} without people", "{n} without people", n)),
            (of.superseded, lambda n: ngettext("{n} repeated row", "{n} repeated rows", n)),
            (of.small, lambda n: ngettext("{n} small workplace", "{n} small workplaces", n)),
        )
        if count
    ]
    if left_out:
        said.append(_("left out: {what}").format(what=joined(left_out)))
    if of.repeats:
        said.append(_n(of.repeats, lambda n: ngettext("{n} name repeats", "{n} names repeat", n)))
    parts = [
        _n(count, words)
        for count, words in (
            (of.areas, lambda n: ngettext("{n} area", "{n} areas", n)),
            (of.departments, lambda n: ngettext("{n} department", "{n} departments", n)),
        )
        if count
    ]
    return "; ".join([*said, *([joined(parts)] if parts else [])])


def warnings(of: Summary) -> list[str]:
    """Say what is taken as it is and looks wrong."""
    said = []
    if of.kept_totals:
        said.append(
            ngettext(
                'A row is called "{name}": if it is a total, leave it out (--leave-out-totals).',
                '{n} rows are called totals, "{name}" first: if they are, leave them out (--leave-out-totals).',
                of.kept_totals,
            ).format(n=number(of.kept_totals), name=shown("name", of.total))
        )
    if of.repeats and not of.superseded:
        said.append(
            ngettext(
                "{examples} stands in several rows, each a workplace of its own here, with a number. Tell them apart "
                "with a second --name-column, or take one of them with --repeats.",
                "{examples} stand in several rows, each a workplace of its own here, with a number. Tell them apart "
                "with a second --name-column, or take one of each with --repeats.",
                of.repeats,
            ).format(examples=shown("examples", ", ".join(of.examples) + "…" * (of.repeats > len(of.examples))))
        )
    if of.too_small:
        said.append(
            ngettext(
                "{n} department is too small for a number of its own. Its people count in its workplace.",
                "{n} departments are too small for a number of their own. Their people count in their workplaces.",
                of.too_small,
            ).format(n=number(of.too_small))
        )
    if of.unread:
        said.append(
            _(
                'The column "{column}" is not read. If it is areas that need numbers of their own, write levels = '
                '["{column}"] in walkout.toml.'
            ).format(column=shown("column", of.unread))
        )
    if of.alike:
        said.append(
            ngettext(
                "{n} row is the same as an earlier one in every cell that was read; both count.",
                "{n} rows are the same as an earlier one in every cell that was read; all count.",
                of.alike,
            ).format(n=number(of.alike))
        )
    return said


def _n(count: int, words: Callable[[int], str]) -> str:
    return words(count).format(n=number(count))


def _facts(facts: Mapping[str, str | int]) -> dict[str, str]:
    return {name: number(fact) if isinstance(fact, int) else shown(name, fact) for name, fact in facts.items()}


_Facts = Mapping[str, str | int]

_QUESTIONS: dict[QuestionKind, Callable[[_Facts], str]] = {
    QuestionKind.ENCODING: lambda _f: _("The letters of this file can be read in more than one way. Which is right?"),
    QuestionKind.SHEET: lambda _f: _("Which sheet is the list?"),
    QuestionKind.NAME_COLUMN: lambda _f: _("Which column is the workplace's name?"),
    QuestionKind.HEADCOUNT_COLUMN: lambda _f: _("Which column is the number of people who work there?"),
    QuestionKind.AREAS: lambda _f: _(
        "The list has a column {column}. Are these areas that need a number of their own?"
    ),
    QuestionKind.DEPARTMENTS: lambda _f: _(
        "{name} stands in several rows: {examples}. Are these departments or shifts of one workplace, which goes out "
        "as a whole?"
    ),
    QuestionKind.THRESHOLD: lambda _f: _("{value}: percent of each workplace's people, or so many people at each?"),
    QuestionKind.TOTALS: lambda f: (
        _('{count} rows are called like totals; the first is "{value}" on line {line}. Are they totals?')
        if f["count"] != 1
        else _('Line {line} is called "{value}", with {people} people: the sum of the rows before it. Is it a total?')
        if f["sum"]
        else _('Line {line} is called "{value}", with {people} people. Is it a total?')
    ),
    QuestionKind.EMPTIES: lambda f: ngettext(
        "{count} row has no number of people (line {lines}). Leave it out? Or write the number, and send the list "
        "again.",
        "{count} rows have no number of people (lines {lines}). Leave them out? Or write the numbers, and send the "
        "list again.",
        int(f["count"]),
    ),
    QuestionKind.REPEATS: lambda f: ngettext(
        "{count} name stands in several rows, {rows} in all: {examples}. Are they workplaces of their own?",
        "{count} names stand in several rows, {rows} in all: {examples}. Are they workplaces of their own?",
        int(f["count"]),
    ),
    QuestionKind.SMALL: lambda f: ngettext(
        "{count} workplace is so small that its threshold would be under {least}, and those who pledge would be known: "
        "{examples}.",
        "{count} workplaces are so small that their threshold would be under {least}, and those who pledge would be "
        "known: {examples}.",
        int(f["count"]),
    ),
}

_CHOICES: dict[ChoiceKind, Callable[[], str]] = {
    ChoiceKind.ENCODING: lambda: "{example}",
    ChoiceKind.SHEET: lambda: "{sheet}",
    ChoiceKind.COLUMN: lambda: "{column}: {example}",
    ChoiceKind.AREAS: lambda: _("Areas by {column}: {example}"),
    ChoiceKind.NO_AREAS: lambda: _("No areas"),
    ChoiceKind.DEPARTMENTS: lambda: _("Yes, of one workplace"),
    ChoiceKind.NO_DEPARTMENTS: lambda: _("No, each is a workplace"),
    ChoiceKind.SHARE: lambda: _("{value}% of each"),
    ChoiceKind.PEOPLE: lambda: _("{value} people at each"),
    ChoiceKind.LEAVE_OUT: lambda: _("Leave out"),
    ChoiceKind.KEEP: lambda: _("Keep"),
    ChoiceKind.APART: lambda: _("Each its own"),
    ChoiceKind.LAST: lambda: _("Take the last"),
    ChoiceKind.LARGEST: lambda: _("Take the largest"),
    ChoiceKind.WITH_COLUMN: lambda: _("Add {column}: {example}"),
    ChoiceKind.MERGE: lambda: _("Together as one"),
    ChoiceKind.MERGE_WITH: lambda: _("Together with {nearest}"),
}
