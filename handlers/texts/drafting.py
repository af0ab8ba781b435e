"""What an organizer is asked who drafts a walkout in the chat, one question after another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.domain.model import StepKind, Terms
from bot.draft import Summary
from bot.draft.sketch import QUESTIONS, Part, Sketch
from bot.parsing.dates import Moment
from handlers.texts import lists
from handlers.texts.catalogue import _, ngettext
from handlers.texts.times import moment_label, number


def question(sketch: Sketch, part: Part, organizers: int) -> str:
    """Ask for a part: which question it is, what it means, and what it is now if it was answered before."""
    at, of = sketch.place(part)
    asked = _OF_A_STEP.get((sketch.kind, part), _QUESTIONS[part])
    lines = [_("Question {n} of {of}").format(n=at, of=of), asked(sketch, organizers)]
    if answer := sketch.answers.get(part):
        lines.append(_("Now: {answer}").format(answer=_answer(sketch, part, answer)))
    return "\n".join(lines)


def _answer(sketch: Sketch, part: Part, answer: str) -> str:
    if part in {Part.STARTS, Part.PLEDGE_BY}:
        return moment_label(Moment(at=datetime.fromisoformat(answer), zone=sketch.answers[Part.TIMEZONE]))
    if part is Part.KIND:
        return kind(sketch.kind)
    if part is Part.STEP:
        return first_step() if sketch.after is None else sketch.after
    if part in QUESTIONS:
        return answer.partition("\n")[2]
    if part is Part.WORKPLACES and sketch.listed is not None:
        return lists.summary(sketch.listed)
    return answer


def list_question(sketch: Sketch, part: Part) -> str:
    """Ask what the list itself leaves open."""
    at, of = sketch.place(part)
    asked = lists.question(sketch.asked) if sketch.asked else ""
    return "\n".join([_("Question {n} of {of}").format(n=at, of=of), asked])


def _people(summary: Summary | None) -> int:
    return summary.people if summary else 0


_QUESTIONS: dict[Part, Callable[[Sketch, int], str]] = {
    Part.STEP: lambda _sketch, _n: _(
        "A campaign builds up step by step: with one card, people pledge to each step anew, and each step opens where "
        "people did what they pledged before. Which is this?"
    ),
    Part.CAMPAIGN: lambda _sketch, _n: _("What is the campaign called? People read it at each of its steps."),
    Part.KIND: lambda _sketch, _n: _(
        "What do people pledge to? A survey: they take part until its deadline. An action: on a day, at work, such as "
        "stickers. A walkout. At an action and a walkout I ask on the day who takes part."
    ),
    Part.OPENS_WHERE: lambda _sketch, _n: _(
        "How many must have taken part in the step before, as a share of their workplace's number? Only there this "
        "step opens."
    ),
    **dict.fromkeys(
        QUESTIONS,
        lambda _sketch, _n: _(
            "What do you ask? Write the question, and each answer that can be chosen on a line of its own below it: "
            "two to eight of them."
        ),
    ),
    Part.TITLE: lambda _sketch, _n: _(
        "What is the walkout called? Everybody reads this first. Write it in a few words."
    ),
    Part.DEMANDS: lambda _sketch, _n: _("What do you demand? Write each demand on a line of its own."),
    Part.CITY: lambda _sketch, _n: _("In which city?"),
    Part.TIMEZONE: lambda sketch, _n: _(
        "Which time zone does {city} have? Write the name of a large city that has the same, like Chicago."
    ).format(city=sketch.answers.get(Part.CITY, "")),
    Part.STARTS: lambda _sketch, _n: _("When do people walk out? Write day and hour, like Sat 1 May 12:00."),
    Part.PLEDGE_BY: lambda _sketch, _n: _(
        "Until when may people pledge? At least an hour before they walk out; a day leaves everybody time to hear."
    ),
    Part.WORKPLACES: lambda _sketch, _n: _(
        "Which workplaces, and how many people work at each? Send me the list as a file, from Excel or any other "
        "program. Or write each on a line of its own, like North Depot 120."
    ),
    Part.LEVELS: lambda _sketch, _n: _(
        "What are the areas called that workplaces lie in? People read it so. Write each name on a line of its own, "
        "the widest first."
    ),
    Part.SHARE: lambda _sketch, _n: "\n".join(
        [
            _("How many have to pledge at a workplace before it walks out?"),
            _("50 %: every second one."),
            _("65 %: what many organizers want to see before they go public."),
            _("75 %: what the law asked of Chicago's teachers before a strike."),
            _("Or write another share, or a number."),
        ]
    ),
    Part.CITYWIDE: lambda sketch, _n: _(
        "How many people have to pledge in the whole city before anybody walks out? {people} work there. Only those "
        "count whose workplace has reached its own number."
    ).format(people=number(_people(sketch.listed))),
    Part.APPROVALS: lambda _sketch, n: ngettext(
        "How many organizers have to agree before it opens, or is called off? There is {n} now.",
        "How many organizers have to agree before it opens, or is called off? There are {n} now.",
        n,
    ).format(n=number(n)),
    Part.ON_THE_DAY: lambda _sketch, _n: _(
        "What do people need to know for the day: where to meet, what to bring? They hear it only once it is on."
    ),
    Part.LEGAL_NOTICE: lambda _sketch, _n: _(
        "What should they read before they pledge, about the law and whom to ask? In your own words: I give no legal "
        "advice."
    ),
}

_OF_A_STEP: dict[tuple[StepKind, Part], Callable[[Sketch, int], str]] = {
    (StepKind.ACTION, Part.TITLE): lambda _sketch, _n: _(
        "What is the action called? Everybody reads this first. Write it in a few words."
    ),
    (StepKind.ACTION, Part.STARTS): lambda _sketch, _n: _("When is it? Write day and hour, like Sat 1 May 12:00."),
    (StepKind.ACTION, Part.PLEDGE_BY): lambda _sketch, _n: _(
        "Until when may people pledge? At least an hour before it starts; a day leaves everybody time to hear."
    ),
    (StepKind.ACTION, Part.SHARE): lambda _sketch, _n: _(
        "How many have to pledge at a workplace before it takes part? Choose a share, or write another, or a number."
    ),
    (StepKind.ACTION, Part.CITYWIDE): lambda sketch, _n: _(
        "How many people have to pledge in the whole city before anybody takes part? {people} work there. Only those "
        "count whose workplace has reached its own number."
    ).format(people=number(_people(sketch.listed))),
    (StepKind.SURVEY, Part.TITLE): lambda _sketch, _n: _(
        "What is the survey called? Everybody reads this first. Write it in a few words."
    ),
    (StepKind.SURVEY, Part.PLEDGE_BY): lambda _sketch, _n: _("Until when may people take part? It is counted then."),
    (StepKind.SURVEY, Part.SHARE): lambda _sketch, _n: _(
        "How many have to take part at a workplace, so that it has reached its number? Choose a share, or write "
        "another, or a number."
    ),
    (StepKind.SURVEY, Part.CITYWIDE): lambda sketch, _n: _(
        "How many people do you want to take part in the whole city? {people} work there. It is a goal: nothing "
        "depends on it."
    ).format(people=number(_people(sketch.listed))),
}
"""What is asked otherwise where nobody walks out."""

_LABELS: dict[Part, Callable[[], str]] = {
    Part.STEP: lambda: _("Which step"),
    Part.CAMPAIGN: lambda: _("Campaign"),
    Part.KIND: lambda: _("Kind"),
    Part.OPENS_WHERE: lambda: _("Where it opens"),
    Part.QUESTION_1: lambda: _("First question"),
    Part.QUESTION_2: lambda: _("Second question"),
    Part.QUESTION_3: lambda: _("Third question"),
    Part.TITLE: lambda: _("Title"),
    Part.DEMANDS: lambda: _("Demands"),
    Part.CITY: lambda: _("City"),
    Part.TIMEZONE: lambda: _("Time zone"),
    Part.STARTS: lambda: _("When it starts"),
    Part.PLEDGE_BY: lambda: _("Deadline"),
    Part.WORKPLACES: lambda: _("Workplaces"),
    Part.LEVELS: lambda: _("Areas"),
    Part.SHARE: lambda: _("Share"),
    Part.CITYWIDE: lambda: _("Citywide number"),
    Part.APPROVALS: lambda: _("Approvals"),
    Part.ON_THE_DAY: lambda: _("For the day"),
    Part.LEGAL_NOTICE: lambda: _("Legal notice"),
}


def label(part: Part) -> str:
    """Name the button that asks for a part once more."""
    return _LABELS[part]()


def people_share(people: int, percent: int) -> str:
    """Name the button of a citywide number."""
    return _("{n} people ({percent} %)").format(n=number(people), percent=percent)


def in_a_campaign() -> str:
    """Name the button of whoever does not draft a walkout on its own."""
    return _("A campaign's step")


def on_its_own() -> str:
    """Name a button."""
    return _("A walkout on its own")


def first_step() -> str:
    """Name a button."""
    return _("First step")


def next_step(before: Terms) -> str:
    """Name the button of a step that follows another."""
    return _("Next step of {campaign}").format(campaign=before.campaign)


def another_try(title: str) -> str:
    """Name the button of what lapsed and is tried again."""
    return _("Another try of {title}").format(title=title)


def kind(step: StepKind) -> str:
    """Name a button."""
    return {
        StepKind.SURVEY: lambda: _("A survey"),
        StepKind.ACTION: lambda: _("An action"),
        StepKind.WALKOUT: lambda: _("A walkout"),
    }[step]()


def percent(share: int) -> str:
    """Name a button."""
    return _("{percent} %").format(percent=share)


def same_workplaces() -> str:
    """Name the button that takes over the list of the step before."""
    return _("The same as before")


def how_many() -> str:
    """Ask of a question."""
    return _("How many of these answers may somebody choose?")


def one_option() -> str:
    """Name a button."""
    return _("One of them")


def any_option() -> str:
    """Name a button."""
    return _("As many as they like")


def no_more_questions() -> str:
    """Name a button."""
    return _("No more questions")


def back() -> str:
    """Name a button."""
    return _("Back")


def skip() -> str:
    """Name a button."""
    return _("Leave out")


def stop() -> str:
    """Name a button."""
    return _("Stop")


def keep() -> str:
    """Name the button that leaves an answer as it is."""
    return _("Keep it")


def drop() -> str:
    """Name the button that throws everything away."""
    return _("Throw it away")


def go_on() -> str:
    """Name a button."""
    return _("Go on")


def make() -> str:
    """Name a button."""
    return _("Make the draft")


def change() -> str:
    """Name a button."""
    return _("Change something")


def terms_as_file() -> str:
    """Name a button."""
    return _("Terms as a file")


def workplaces_as_file() -> str:
    """Name a button."""
    return _("Workplaces as a file")


def what_to_change() -> str:
    """Ask."""
    return _("What do you want to change?")


def sure_to_stop() -> str:
    """Ask before everything is thrown away."""
    return _("Throw your answers away? If not, I keep them for a week, sealed: /draft goes on with them.")


def dropped() -> str:
    """Confirm."""
    return _("Thrown away; nothing of it is kept. /draft begins anew.")


def begin() -> str:
    """Stand before the first question."""
    return _(
        "Let us draft a walkout. I ask, you answer; nothing is public, and you can go back or stop at any time. If you "
        "prefer to write two files and send me those, here are examples."
    )


def not_here() -> str:
    """Stand below a question that is asked where others read along."""
    return _("Do not write your answer here, where others read it: write it to me in a direct message.")


def nothing_asked() -> str:
    """Answer what is written although a button is to be pressed."""
    return _("Please press a button.")


def too_low(least: int) -> str:
    """Refuse a number."""
    return _("Write a whole number, {least} or more.").format(least=number(least))


def so_many_names(names: int) -> str:
    """Refuse names of levels."""
    return ngettext("Write {n} name.", "Write {n} names, each on a line of its own.", names).format(n=number(names))


def no_share() -> str:
    """Refuse a share."""
    return _("Write a share like 65%, or a number of people like 12.")


def above_people(people: int) -> str:
    """Refuse a citywide number."""
    return _("Only {people} people work at your workplaces. Write a lower number.").format(people=number(people))


def no_such_city(typed: str) -> str:
    """Refuse a time zone."""
    return _("I know no time zone of {city}. Write a larger city nearby that has the same time.").format(city=typed)


def zone_is(city: str, zone: str) -> str:
    """Say by whose clocks times are meant."""
    return _("{city}: times are those of {zone}.").format(city=city, zone=zone)


def which_zone() -> str:
    """Ask which of several cities is meant."""
    return _("There are several. Which one?")


def at_least_before(least: timedelta) -> str:
    """Refuse a deadline."""
    hours = least // timedelta(hours=1)
    return ngettext(
        "It has to be {n} hour before they walk out, or earlier.",
        "It has to be {n} hours before they walk out, or earlier.",
        hours,
    ).format(n=hours)


def made(walkout: str) -> str:
    """Say that it is a draft already."""
    return _("Drafted: {walkout}").format(walkout=walkout)


def got_terms() -> str:
    """Confirm the file of the terms."""
    return _("I have the terms. Now the workplaces.")


def review() -> str:
    """Stand above the preview of what is not made yet."""
    return _("This is your walkout as it would be. Nothing is made yet.")


def files() -> str:
    """Say what the two files are."""
    return _(
        "A walkout is two files: walkout.toml has its terms, workplaces.csv its workplaces. Change them as you like, "
        "and send me both in any order."
    )


def upload_usage() -> str:
    """Say which files make a draft."""
    return _(
        "To draft a walkout, send me its workplaces as a file of 5 MB at most: .csv, .xlsx, .xls or .ods. Its terms I "
        "ask, or send them as well: a .toml file of 100 kB at most."
    )
