"""What is wrong with an organizer's files, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable

from bot.draft import DraftRefused, Problem, ProblemKind
from handlers.texts.catalogue import _, ngettext
from handlers.texts.names import of_languages
from handlers.texts.times import number

LONGEST_SHOWN = 300
LONGEST_VALUE_SHOWN = 60


def problem(p: Problem) -> str:
    """Say where it is, what is wrong and what to do: `walkout.toml, line 7: ...`."""
    said, file = sentence(p), shown("file", p.file)
    if p.sheet:
        return _("{file}, sheet {sheet}, row {line}: {sentence}").format(
            file=file, sheet=shown("sheet", p.sheet), line=p.line or 1, sentence=said
        )
    if p.line is None:
        return _("{file}: {sentence}").format(file=file, sentence=said) if file else said
    if not file:
        return _("line {line}: {sentence}").format(line=p.line, sentence=said)
    return _("{file}, line {line}: {sentence}").format(file=file, line=p.line, sentence=said)


def sentence(p: Problem) -> str:
    """Say what is wrong and what to do, of what stands in no file."""
    said = _sentence(p).format(**{name: shown(name, fact) for name, fact in p.facts.items()})
    if not p.others:
        return said
    lines = ", ".join(map(str, p.also)) + ("…" if p.others > len(p.also) else "")
    same = ngettext("The same on {n} more line: {lines}", "The same on {n} more lines: {lines}", p.others)
    return f"{said} {same.format(n=number(p.others), lines=lines)}"


def problems(refused: DraftRefused) -> str:
    """Say all that are told, a line each, and how many are not."""
    said = [problem(each) for each in refused.problems]
    if n := refused.more:
        said.append(ngettext("… and {n} more problem", "… and {n} more problems", n).format(n=number(n)))
    return "\n".join(said)


def _sentence(p: Problem) -> str:
    counted = _COUNTED.get(p.kind)
    return counted(int(p.facts["count"])) if counted else _SENTENCES[p.kind]()


def shown(name: str, fact: str | int) -> str:
    """Make harmless in a terminal what somebody wrote in a file, and short."""
    if isinstance(fact, int):
        return str(fact)
    if name == "expected":
        return _EXPECTED[fact]()
    if name == "languages":
        return of_languages(fact.split(", "))
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
    "questions": lambda: _("questions, each below a line [[questions]] with text and options of its own"),
    "time": lambda: _("a date and time, like 2026-12-12T09:00:00"),
}

_SENTENCES: dict[ProblemKind, Callable[[], str]] = {
    # either file
    ProblemKind.FILE_TOO_BIG: lambda: _("the file is larger than {most} MB. Check that it is the right one."),
    ProblemKind.NOT_UTF8: lambda: _("this is not UTF-8 text. Save the file again with the encoding UTF-8."),
    ProblemKind.NUL_BYTE: lambda: _(
        "there is a NUL byte, which no text has. Save the file again as plain text in UTF-8."
    ),
    # a list of any kind
    ProblemKind.NOT_A_LIST: lambda: _(
        "this is {value}, and no list. Open it in a spreadsheet, and save it as .xlsx or .csv."
    ),
    ProblemKind.NOT_A_WORKBOOK: lambda: _(
        "this file cannot be read. Open it in a spreadsheet, and save it again as .xlsx, .ods or .csv."
    ),
    ProblemKind.WORKBOOK_TOO_BIG: lambda: _(
        "unpacked, this file is larger than {most} MB, or its cells lie too far apart. Copy the list into a new one."
    ),
    ProblemKind.PASSWORD: lambda: _("this file has a password. Save it again without one."),
    ProblemKind.TWO_SPELLINGS: lambda: _(
        'a word in it can be read as "{one}" or as "{other}". Save the file again as .xlsx or with the encoding UTF-8, '
        "or say which is right: --encoding {first}, or --encoding {second}."
    ),
    ProblemKind.SEVERAL_SHEETS: lambda: _("there are several sheets: {found}. Say which is the list with --sheet."),
    ProblemKind.MISSING_SHEET: lambda: _('there is no sheet "{value}". The sheets are: {found}.'),
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
    ProblemKind.NOT_A_TIME: lambda: _(
        '{field} is "{value}". Write the year first, then month, day and the hour from 00 to 23, like this: '
        "{field} = 2026-12-12T09:00:00"
    ),
    ProblemKind.TIME_WITHOUT_OFFSET: lambda: _(
        "{field} is {value}: by whose clocks? Name your time zone on a line of its own, like timezone = "
        '"America/New_York"'
    ),
    ProblemKind.TIME_IN_UTC: lambda: _(
        "{field} is {value} in UTC. Write what your own clocks show then, without Z or offset, and name your time zone "
        'on a line of its own, like timezone = "America/New_York"'
    ),
    ProblemKind.TWO_OFFSETS: lambda: _(
        "{field} has the offset {offset}, but starts has {starts}. Are both right? Name your time zone on a line of "
        'its own, like timezone = "America/New_York", and I check them.'
    ),
    ProblemKind.OFFSET_NOT_OF_ZONE: lambda: _(
        "{field} is {value}, with the offset {offset}. In {zone} it is {right} then. Correct it, or leave it out."
    ),
    ProblemKind.HOUR_LEFT_OUT: lambda: _(
        "{field} is {value}, which no clock in {zone} shows: clocks are put forward then. Write {first} or {second}."
    ),
    ProblemKind.HOUR_TWICE: lambda: _(
        "{field} is {value}, which clocks in {zone} show twice: they are put back then. Write {first} or {second}."
    ),
    ProblemKind.NO_SUCH_ZONE: lambda: _(
        '{field}: "{value}" names no city\'s time zone. Write area and city, like "America/New_York".'
    ),
    ProblemKind.NO_SUCH_ZONE_CLOSE_TO: lambda: _('{field}: "{value}" is no time zone. Did you mean "{close}"?'),
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
    ProblemKind.TOO_MANY_LEVELS: lambda: _(
        "{field} has {count} names, at most {most} fit. Leave out the levels that need no number of their own."
    ),
    ProblemKind.LEVEL_IS_A_COLUMN: lambda: _(
        '{field}: "{value}" cannot be a level, since these words name columns of their own: {choices}. Choose another.'
    ),
    ProblemKind.REPEATED_LEVEL: lambda: _('{field}: "{value}" is there twice. Remove or rename one.'),
    ProblemKind.LEVELS_DIFFER: lambda: _(
        "{field} must have a name for each of levels, in the same order. Write them all, or remove the field."
    ),
    ProblemKind.NOT_IN_A_SURVEY: lambda: _("a survey has no {field}: it ends at pledge_by. Remove the field."),
    ProblemKind.ONLY_IN_A_SURVEY: lambda: _(
        '{field} can be asked in a survey only. Write kind = "survey", or remove it.'
    ),
    ProblemKind.ONLY_IN_A_CAMPAIGN: lambda: _(
        "{field} is for a step of a campaign. Name the campaign in the field campaign, or remove {field}."
    ),
    ProblemKind.ONLY_WITH_TURNOUT: lambda: _("{field} says who counts on the day. Write turnout = true, or remove it."),
    ProblemKind.OPEN_IN_A_CAMPAIGN: lambda: _(
        '{field} is "open", and a campaign needs cards: of accounts nobody can tell who took part. Remove this line.'
    ),
    ProblemKind.CAMPAIGN_ONLY_IN_ANOTHER_LANGUAGE: lambda: _(
        "{field} is there, and campaign is not. Add campaign, or remove {field}."
    ),
    ProblemKind.NOT_A_PERCENTAGE: lambda: _('{field} must be a share of 2 to 100 whole per cent, like "60%".'),
    ProblemKind.TOO_MANY_QUESTIONS: lambda: _(
        "there are {count} questions, at most {most} fit. Keep those that decide something."
    ),
    ProblemKind.NOT_IN_A_QUESTION: lambda: _(
        'a question has no "{value}", only: {choices}. If it is a field of the file, move it above [[questions]].'
    ),
    ProblemKind.QUESTION_WITHOUT: lambda: _("this question has no {value}. Add it below [[questions]]."),
    ProblemKind.SO_MANY_OPTIONS: lambda: _("{field} has {count}; a question needs {least} to {most} of them."),
    ProblemKind.REPEATED_OPTION: lambda: _('{field}: "{value}" is there twice. Remove or rename one.'),
    ProblemKind.QUESTIONS_DIFFER: lambda: _(
        "{field} must ask the same as questions, in the same order, with as many options each. Write them all, or "
        "remove the field."
    ),
    # a step of a campaign against the one before
    ProblemKind.ANOTHER_CAMPAIGN: lambda: _(
        'campaign is "{value}", and the step before belongs to "{before}". Remove the field, or draft without --after.'
    ),
    ProblemKind.NOT_OF_A_CAMPAIGN: lambda: _(
        '{id} "{title}" is no step of a campaign, so that its cards end with it. Draft without --after; to begin a '
        "campaign, name it in the field campaign."
    ),
    ProblemKind.CAMPAIGN_IS_CLOSED: lambda: _(
        'the campaign of {id} "{title}" is closed, and its cards are destroyed. Draft without --after, with a campaign '
        "of its own."
    ),
    ProblemKind.STEP_CALLED_OFF: lambda: _(
        '{id} "{title}" was called off, so that it proves nothing. Name the step before it.'
    ),
    ProblemKind.STEP_PROVES_NOTHING: lambda: _(
        'of {id} "{title}" nobody counts who takes part, so that no step can follow. Draft it anew with '
        "turnout = true, or name the step before it."
    ),
    ProblemKind.UNIT_MOVED: lambda: _(
        '"{name}" lay elsewhere in the step before, as "{before}", and its cards belong to it there. Leave it where it '
        "was, or give it another name and new cards."
    ),
    ProblemKind.DEPARTMENTS_DIFFER: lambda: _(
        '"{name}" has departments in one of the two steps only, and its cards belong to where people work. Leave it as '
        "it was, or give it another name and new cards."
    ),
    ProblemKind.ROSTER_NOT_FOUND: lambda: _(
        'the file of workplaces "{value}" cannot be found or opened. Put it beside this file, or correct its name.'
    ),
    ProblemKind.GIVEN_AWAY: lambda: _(
        'once "{above}" has reached its number, everybody knows of nearly all people of "{name}" that they have '
        "pledged, or that they have not: fewer than {least} are free to choose. Lower one of the two numbers, lower "
        'the minimum, or give "{name}" none of its own.'
    ),
    ProblemKind.GIVEN_AWAY_BY_THE_CITY: lambda: _(
        'once citywide_threshold is reached, everybody knows that nearly all people of "{name}" have pledged: fewer '
        "than {least} are free to choose. Lower citywide_threshold."
    ),
    ProblemKind.CITYWIDE_ABOVE_HEADCOUNTS: lambda: _(
        "citywide_threshold is {value}, but all workplaces together have {headcounts} people. Lower it."
    ),
    # the header of the CSV
    ProblemKind.EMPTY_ROSTER: lambda: _(
        "the file is empty. Its first line must be workplace,headcount,threshold and then each workplace has a line."
    ),
    ProblemKind.FOREIGN_HEADER: lambda: _(
        "the columns, each with an example, are: {found}. Say which is which with --name-column and "
        "--headcount-column, or name them workplace and headcount."
    ),
    ProblemKind.UNKNOWN_COLUMN: lambda: _(
        'there is no column "{column}" in this format. Remove it, or, if the file is not in our format, use '
        "--name-column and --headcount-column."
    ),
    ProblemKind.UNKNOWN_COLUMN_CLOSE_TO: lambda: _(
        'there is no column "{column}" in this format. Did you mean "{close}"?'
    ),
    ProblemKind.MISSING_NAMED_COLUMN: lambda: _(
        'there is no column "{column}" for {option}. The columns are: {found}.'
    ),
    ProblemKind.REPEATED_COLUMN: lambda: _('the column "{column}" is there twice. Remove or rename one.'),
    ProblemKind.NO_COLUMN_OF_NUMBERS: lambda: _(
        "no column has numbers of people. Each workplace needs a line, with its name and how many people work there."
    ),
    ProblemKind.NO_THRESHOLD: lambda: _(
        'there is no column "threshold". Add it, or give every workplace the same with --threshold, '
        "like --threshold 65%."
    ),
    ProblemKind.BAD_THRESHOLD_OPTION: lambda: _(
        '--threshold "{value}" is no threshold. Write a number like 12, or a share like 65%, above 0 and at most 100%.'
    ),
    ProblemKind.TWO_THRESHOLDS: lambda: _(
        '--threshold {value} may mean two things. Write "{value}%" for this share of each workplace, or "{value} '
        'people" for so many at each.'
    ),
    # its rows
    ProblemKind.NO_WORKPLACES: lambda: _("there is no workplace after the header. Add a line for each."),
    ProblemKind.NONE_LEFT: lambda: _("no workplace is left: all rows were left out."),
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
    ProblemKind.NO_HEADCOUNT: lambda: _(
        "nobody is counted there. Write how many people work there, or leave such rows out with --leave-out-empty."
    ),
    ProblemKind.BAD_HEADCOUNT: lambda: _(
        'the head-count is "{value}". Write a whole number from 1 to {most}, without a dot.'
    ),
    ProblemKind.TWO_NUMBERS: lambda: _(
        'the head-count "{value}" can be read as {one} or as {other}. Write it without a dot.'
    ),
    ProblemKind.EMPTY_THRESHOLD: lambda: _("the threshold is missing. Write a number, or a share like 65%."),
    ProblemKind.BAD_THRESHOLD: lambda: _(
        'the threshold is "{value}". Write a number above 0, or a share like 65%, above 0 and at most 100%.'
    ),
    ProblemKind.ONE_OR_ALL: lambda: _(
        "the threshold is 1, which may be one person or all, since a workbook keeps 100% as 1. Write the number "
        "of people."
    ),
    ProblemKind.THRESHOLD_ABOVE_HEADCOUNT: lambda: _(
        "the threshold is {threshold}, above the head-count of {headcount}. Lower it, or, if it is meant as a share of "
        "the head-count, write it with a percent sign."
    ),
    ProblemKind.THRESHOLD_TOO_LOW: lambda: _(
        "the threshold comes to {threshold}, and must be at least {least}. Raise it; or let small workplaces go out "
        "together, with the same value in a group column, with --group-small COLUMN or with --small merge; or leave "
        "them out with --small leave-out."
    ),
    # areas and departments
    ProblemKind.MISSING_LEVEL: lambda: _(
        'there is no column "{column}", which levels names. The columns are: {found}. Add it, name its column with '
        "--level-column, or take it out of levels."
    ),
    ProblemKind.LEVELS_AND_COLUMNS: lambda: _(
        "walkout.toml has {levels} names in levels, and there are {columns} columns of areas. Name each in levels, "
        "and its column with --level-column, from the widest."
    ),
    ProblemKind.LEVEL_NOT_DECLARED: lambda: _(
        'there is no column "{column}" in this format. If it is areas, write levels = ["{column}"] in walkout.toml; '
        "if not, remove it."
    ),
    ProblemKind.NO_AREA: lambda: _('"{name}" has no {column}. Write in which it lies.'),
    ProblemKind.REPEATED_UNIT: lambda: _('"{value}" is already on line {first}. Remove one, or tell the two apart.'),
    ProblemKind.EMPTY_AREA: lambda: _('no workplace lies in "{name}". Add one, or remove this row.'),
    ProblemKind.ONE_DEPARTMENT: lambda: _(
        '"{value}" is the only department of "{name}". Add the others, or leave the department empty.'
    ),
    ProblemKind.NO_NUMBER_OF_ITS_OWN: lambda: _(
        '"{name}" has departments, and its own number is missing. Add a row for it without a department, with its '
        "threshold, or give every workplace the same with --threshold."
    ),
    ProblemKind.DEPARTMENT_NEEDS_NUMBER: lambda: _(
        '"{name}" asks that {minimum} of its departments reach their number, and "{value}" has none. Write its '
        "threshold, or remove the minimum."
    ),
    ProblemKind.BAD_MINIMUM: lambda: _('the minimum is "{value}". Write a whole number above 0, or leave it empty.'),
    ProblemKind.MINIMUM_ABOVE_CHILDREN: lambda: _(
        'the minimum of "{name}" is {minimum}, and there are {count} that can be ready. Lower it.'
    ),
    ProblemKind.NOT_THE_SUM: lambda: _(
        '"{name}" has {headcount} people here, and its rows have {sum} together. Correct one, or leave this head-count '
        "empty."
    ),
    ProblemKind.NOT_IN_THIS_ROW: lambda: _('"{name}" can have no {field}. Leave it empty in this row.'),
    ProblemKind.THRESHOLD_ABOVE_PEOPLE: lambda: _(
        'the threshold of "{name}" is {threshold}, and {headcount} people work there in all, so that it can never be '
        "reached. Lower it."
    ),
    ProblemKind.THRESHOLD_OF_AREA_TOO_LOW: lambda: _(
        'the threshold of "{name}" comes to {threshold}, and must be at least {least}. Raise it, or leave it empty.'
    ),
    # lines typed into a chat
    ProblemKind.NO_NUMBER: lambda: _(
        '"{value}" has no number of people at its end. Write each workplace on its own line, like: North Depot, 120'
    ),
    ProblemKind.NUMBER_FIRST: lambda: _(
        '"{value}" begins with a number. Write the name first, then a comma and the number of people: North Depot, 120'
    ),
    ProblemKind.TWO_LINES: lambda: _('"{value}" can be read in two ways. Write "{one}" or "{other}".'),
    # what rows merge into
    ProblemKind.GROUP_TOO_LOW: lambda: _(
        'the threshold of the group "{name}" comes to {threshold}, and must be at least {least}. '
        "Add workplaces to the group, or raise their thresholds."
    ),
    ProblemKind.REST_TOO_LOW: lambda: _(
        "the small workplaces that are left (lines: {lines}) have {people} people together, of whom {threshold} would "
        'be enough; it must be at least {least}. With --small merge they go out with "{nearest}"; with --small '
        "leave-out they are left out."
    ),
    ProblemKind.REST_TOO_LOW_ALONE: lambda: _(
        "all workplaces together (lines: {lines}) have {people} people, of whom {threshold} would be enough; it must "
        "be at least {least}. Add workplaces, or raise the threshold."
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
