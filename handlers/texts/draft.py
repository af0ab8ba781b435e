"""What is wrong with an organizer's files, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable

from bot.draft import DraftRefused, Problem, ProblemKind
from handlers.texts.catalogue import _, ngettext
from handlers.texts.times import number

LONGEST_SHOWN = 300
LONGEST_VALUE_SHOWN = 60


def problem(p: Problem) -> str:
    """Say where it is, what is wrong and what to do: `walkout.toml, line 7: ...`."""
    facts = {name: _shown(name, fact) for name, fact in p.facts.items()}
    sentence = _sentence(p).format(**facts)
    file = _shown("file", p.file)
    if p.line is None:
        return _("{file}: {sentence}").format(file=file, sentence=sentence)
    return _("{file}, line {line}: {sentence}").format(file=file, line=p.line, sentence=sentence)


def problems(refused: DraftRefused) -> str:
    """Say all that are told, a line each, and how many are not."""
    said = [problem(each) for each in refused.problems]
    if n := refused.more:
        said.append(ngettext("… and {n} more problem", "… and {n} more problems", n).format(n=number(n)))
    return "\n".join(said)


def _sentence(p: Problem) -> str:
    counted = _COUNTED.get(p.kind)
    return counted(int(p.facts["count"])) if counted else _SENTENCES[p.kind]()


def _shown(name: str, fact: str | int) -> str:
    """Make harmless in a terminal what somebody wrote in a file, and short."""
    if isinstance(fact, int):
        return str(fact)
    if name == "expected":
        return _EXPECTED[fact]()
    if name == "option":
        return "--" + fact.replace("_", "-")
    longest = LONGEST_VALUE_SHOWN if name == "value" else LONGEST_SHOWN
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in fact)
    return text if len(text) <= longest else text[:longest] + "…"


_EXPECTED: dict[str, Callable[[], str]] = {
    "text": lambda: _('a text in quotes, like "New York"'),
    "number": lambda: _("a whole number without quotes, like 12"),
    "boolean": lambda: _("true or false, without quotes"),
    "list": lambda: _('a list of texts, like ["one", "two"]'),
    "time": lambda: _("a date and time with its offset, like 2026-12-12T09:00:00-05:00"),
}

_SENTENCES: dict[ProblemKind, Callable[[], str]] = {
    # either file
    ProblemKind.FILE_TOO_BIG: lambda: _("the file is larger than {most} MB. Check that it is the right one."),
    ProblemKind.NOT_UTF8: lambda: _("this is not UTF-8 text. Save the file again with the encoding UTF-8."),
    ProblemKind.NUL_BYTE: lambda: _(
        "there is a NUL byte, which no text has. Save the file again as plain text in UTF-8."
    ),
    # the fields of the TOML
    ProblemKind.TOML_SYNTAX: lambda: _(
        "this is not valid TOML: {why}. Look at the quotes, brackets and equals signs here."
    ),
    ProblemKind.TOML_UNREADABLE: lambda: _(
        "a number is too long, a name has too many parts, or brackets are nested too deep. Write the file like the "
        "example."
    ),
    ProblemKind.UNKNOWN_FIELD: lambda: _('there is no field "{field}". Remove it.'),
    ProblemKind.UNKNOWN_FIELD_CLOSE_TO: lambda: _('there is no field "{field}". Did you mean "{close}"?'),
    ProblemKind.MISSING_FIELD: lambda: _('the field "{field}" is missing. Add it above any [section].'),
    ProblemKind.WRONG_TYPE: lambda: _("{field} must be {expected}."),
    ProblemKind.EMPTY_TEXT: lambda: _("{field} has an empty text. Write something between the quotes."),
    ProblemKind.TEXT_TOO_LONG: lambda: _('{field} has {length} characters, at most {most} fit. Shorten "{value}".'),
    ProblemKind.HIDDEN_CHARACTER: lambda: _(
        '{field} has a character that cannot be seen ({character}). Type "{value}" again without it.'
    ),
    ProblemKind.NUMBER_TOO_LOW: lambda: _("{field} is {value}. It must be at least {least}."),
    ProblemKind.NUMBER_TOO_HIGH: lambda: _("{field} must be at most {most}."),
    ProblemKind.NOT_A_CHOICE: lambda: _('{field} is "{value}". Choose one of: {choices}.'),
    ProblemKind.NOT_A_DURATION: lambda: _(
        '{field}: "{value}" is no length of time. Write minutes, hours or days like "15m", "1h" or "7d", '
        "more than none and at most {most} days."
    ),
    ProblemKind.TALLIES_TOO_OFTEN: lambda: _("{field} must be at least {least} minutes."),
    ProblemKind.REPEATED_REMINDER: lambda: _('{field}: "{value}" is the same length of time as another. Remove one.'),
    ProblemKind.TIME_WITHOUT_OFFSET: lambda: _(
        '{field} is "{value}". Write date, time and offset from UTC, without quotes, like 2026-12-12T09:00:00-05:00.'
    ),
    ProblemKind.TIME_PAST: lambda: _("{field} is {value}, which is past. Choose a later time."),
    ProblemKind.TIME_TOO_FAR: lambda: _("{field} is {value}, which is too far ahead. Check the year."),
    ProblemKind.PLEDGE_BY_TOO_LATE: lambda: _(
        "pledge_by is {value}; the walkout starts at {starts}. Leave an hour between them at least, so that everybody "
        "hears what was decided."
    ),
    ProblemKind.ENDS_TOO_EARLY: lambda: _(
        "ends is {value}; the walkout starts at {starts}. Write a later time, or leave the field out."
    ),
    ProblemKind.NO_SUCH_LANGUAGE: lambda: _('{field}: "{value}" is no language of mine. Choose one of: {languages}.'),
    ProblemKind.NOT_IN_LANGUAGES: lambda: _(
        "{field} cannot be there. In other languages you can write these fields: {choices}."
    ),
    ProblemKind.SAID_TWICE: lambda: _("{field} and {other} are the same. Remove one."),
    ProblemKind.ROSTER_NOT_FOUND: lambda: _(
        'the file of workplaces "{value}" cannot be found or opened. Put it beside this file, or correct its name.'
    ),
    ProblemKind.CITYWIDE_ABOVE_HEADCOUNTS: lambda: _(
        "citywide_threshold is {value}, but all workplaces together have {headcounts} people. Lower it."
    ),
    # the header of the CSV
    ProblemKind.EMPTY_ROSTER: lambda: _(
        "the file is empty. Its first line must be workplace,headcount,threshold and then each workplace has a line."
    ),
    ProblemKind.FOREIGN_HEADER: lambda: _(
        "the columns are: {found}. Name them workplace,headcount,threshold, or say which is which with "
        "--name-column, --headcount-column and --threshold."
    ),
    ProblemKind.UNKNOWN_COLUMN: lambda: _(
        'there is no column "{column}" in this format. Remove it, or, if the file is not in our format, use '
        "--name-column and --headcount-column."
    ),
    ProblemKind.UNKNOWN_COLUMN_CLOSE_TO: lambda: _(
        'there is no column "{column}" in this format. Did you mean "{close}"?'
    ),
    ProblemKind.MISSING_COLUMN: lambda: _('the column "{column}" is missing. Add it.'),
    ProblemKind.MISSING_NAMED_COLUMN: lambda: _(
        'there is no column "{column}" for {option}. The columns are: {found}.'
    ),
    ProblemKind.REPEATED_COLUMN: lambda: _('the column "{column}" is there twice. Remove or rename one.'),
    ProblemKind.NO_THRESHOLD: lambda: _(
        'there is no column "threshold". Add it, or give every workplace the same with --threshold, '
        "like --threshold 65%."
    ),
    ProblemKind.BAD_THRESHOLD_OPTION: lambda: _(
        '--threshold "{value}" is no threshold. Write a number like 12, or a share like 65%, above 0 and at most 100%.'
    ),
    # its rows
    ProblemKind.NO_WORKPLACES: lambda: _("there is no workplace after the header. Add a line for each."),
    ProblemKind.TOO_MANY_ROWS: lambda: _("there are more than {most} workplaces, the most that fit. Split the file."),
    ProblemKind.ROW_TOO_LONG: lambda: _(
        "the row that starts here has more than {most} characters. Check its quotes, and that this is the right file."
    ),
    ProblemKind.BAD_QUOTES: lambda: _(
        'the quotes do not match in the row that starts here. Close each, and write "" for one inside a name.'
    ),
    ProblemKind.NO_NAME: lambda: _("the workplace has no name. Add it."),
    ProblemKind.REPEATED_NAME: lambda: _(
        'the workplace "{value}" is already on line {first}. Remove one, or tell the two apart by name.'
    ),
    ProblemKind.NO_HEADCOUNT: lambda: _("the head-count is missing. Write how many people work there."),
    ProblemKind.BAD_HEADCOUNT: lambda: _(
        'the head-count is "{value}". Write a whole number from 1 to {most}, without a dot.'
    ),
    ProblemKind.EMPTY_THRESHOLD: lambda: _("the threshold is missing. Write a number, or a share like 65%."),
    ProblemKind.BAD_THRESHOLD: lambda: _(
        'the threshold is "{value}". Write a number above 0, or a share like 65%, above 0 and at most 100%.'
    ),
    ProblemKind.THRESHOLD_ABOVE_HEADCOUNT: lambda: _(
        "the threshold is {threshold}, above the head-count of {headcount}. Lower it."
    ),
    ProblemKind.THRESHOLD_TOO_LOW: lambda: _(
        "the threshold comes to {threshold}, and must be at least {least}. Raise it, or merge small "
        "workplaces: give them the same value in a group column, or use --group-small COLUMN."
    ),
    # what rows merge into
    ProblemKind.GROUP_TOO_LOW: lambda: _(
        'the threshold of the group "{name}" comes to {threshold}, and must be at least {least}. '
        "Add workplaces to the group, or raise their thresholds."
    ),
    ProblemKind.REST_TOO_LOW: lambda: _(
        'the threshold of "{name}" comes to {threshold} even when all are merged, and must be at least '
        "{least}. Raise a threshold on, or remove, these lines: {lines}."
    ),
    ProblemKind.MERGED_NAME_TAKEN: lambda: _(
        'merged workplaces would be called "{name}", as is the workplace on line {first}. Rename one of them.'
    ),
}

_COUNTED: dict[ProblemKind, Callable[[int], str]] = {
    ProblemKind.CITYWIDE_ABOVE_READABLE_HEADCOUNTS: lambda count: ngettext(
        "citywide_threshold is {value}, but the workplaces together have {headcounts} people, "
        "without {count} row that could not be read. Lower it, unless that row makes up for it.",
        "citywide_threshold is {value}, but the workplaces together have {headcounts} people, "
        "without {count} rows that could not be read. Lower it, unless those rows make up for it.",
        count,
    ),
    ProblemKind.MINIMUM_ABOVE_WORKPLACES: lambda count: ngettext(
        "minimum_workplaces is {value}, but there is {count} workplace. Lower it.",
        "minimum_workplaces is {value}, but there are {count} workplaces. Lower it.",
        count,
    ),
    ProblemKind.TOO_MANY_COLUMNS: lambda count: ngettext(
        "there is {count} column, and at most {most} fit. Keep only those that the example has.",
        "there are {count} columns, and at most {most} fit. Keep only those that the example has.",
        count,
    ),
    ProblemKind.TOO_MANY_CELLS: lambda count: ngettext(
        "the row has {count} cell, but there are {most} columns. Put quotes around what has a comma in it.",
        "the row has {count} cells, but there are {most} columns. Put quotes around what has a comma in it.",
        count,
    ),
}
