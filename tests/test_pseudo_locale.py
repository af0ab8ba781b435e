"""In a language that puts every sentence into brackets, no letter of the bot's own stands outside of them."""

from __future__ import annotations

import ast
import csv
import inspect
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from wcwidth import wcswidth

import handlers
from bot.delivery.outbox import Letter
from bot.domain import errors, zones
from bot.domain.campaigns import Rung
from bot.domain.doubts import Doubt, Doubted
from bot.domain.errors import Hold, KeyFileRefused, Refused, StoreUnusable, TallyDue
from bot.domain.model import Announcement, BoardLine, Counts, Entry, Kind, Stage, Terms, Walkout, WalkoutId, Words
from bot.domain.roles import Became, Deed, Matter, Role
from bot.domain.words import MEET, NAMES
from bot.draft import Problem, ProblemKind, RosterOptions, SourceFile, read
from bot.guards.readiness import Gaps
from bot.parsing.dates import Moment, MomentProblem, Trouble
from bot.usecases import stewards
from bot.usecases.agenda import Step
from bot.usecases.audit import Line
from bot.usecases.stewards import Board, Ladder, published
from handlers.conversation import COMMANDS, RoomsBy, Ways
from handlers.conversation.board_csv import table
from handlers.pictures.poster import poster
from handlers.pictures.stairs import stairs
from handlers.texts import (
    board,
    catalogue,
    committee,
    console,
    discord,
    draft,
    general,
    help_command,
    ladder,
    organizers,
    paper_cards,
    refusals,
    sheets,
    telegram,
    times,
    workers,
)
from handlers.texts.announcements import announcement
from handlers.texts.catalogue import languages, speaking, translated
from handlers.texts.languages import LANGUAGES
from tests.conftest import NOON, opened, shops, terms
from tests.console.play import terms as terms_file
from tests.tour import ABOUT, ANA, BEN, GENTLY, MANY, OLGA, OWN, STEWARD, WAYS, Tour, tour

pytestmark = pytest.mark.usefixtures("no_thread")

PSEUDO = "⟦⟧"

LONGEST_LABEL = 20  #: in cells
LONGEST_BUTTON_DATA = 64

NOT_OURS = (
    r"https?://\S+",
    r"/[a-z]+(?: off)?|\b(?:void\|recall|void|recall)\b|allout cards .* --out cards\.pdf",  # typed, in any language
    r"(?:[0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}",  # codes
    r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b",  # references
    r"Telegram|Discord|CSV|TOML",  # names
    r"\bU\+[0-9A-F]{4,6}\b",  # letters, by their numbers
    rf"\b(?:{'|'.join([*NAMES, MEET])})\b",  # of fields
    *(rf"(?:\b{each.code} \()?{each.name}" for each in LANGUAGES),  # languages, named in themselves
    rf"\b(?:{'|'.join(each.code for each in LANGUAGES)})\b",  # and as they are typed
    r"\d{4}-\d\d-\d\dT[\d:+-]+",
)

HANDLERS = Path(inspect.getfile(handlers)).parent


class Bracketed(NullTranslations):
    """Brackets around all that stands between the placeholders: what is filled in must have its own."""

    def info(self) -> dict[str, str]:
        return {"language": PSEUDO}

    def gettext(self, message: str) -> str:
        return bracketed(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return bracketed(msgid1 if n == 1 else msgid2)


@cache
def bracketed(message: str) -> str:
    found = []
    for words, name, spec, conversion in Formatter().parse(message):
        found.append(f"⟦{words}⟧" if words else "")
        if name is not None:
            found.append("{" + name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}")
    return "".join(found)


def outside(text: str, names: Iterable[str] = ()) -> str:
    """Give the letters that stand outside of brackets."""
    text = text.replace("/⟧", "⟧/")  # where only a command's name is filled in
    text = re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    for pattern in NOT_OURS:
        text = re.sub(pattern, " ", text)
    return "".join(letter for letter in text if letter.isalpha())


def check(texts: Iterable[str], names: Iterable[str] = ()) -> None:
    seen = set(texts)
    assert seen
    wrong = {text: outside(text, names) for text in seen if outside(text, names)}
    assert not wrong


@pytest.fixture(autouse=True)
def pseudo() -> Iterator[None]:
    catalogue.SPECIAL[PSEUDO] = Bracketed()
    with speaking(PSEUDO):
        yield
    del catalogue.SPECIAL[PSEUDO]


# -- what is said ---------------------------------------------------------------------------------------------


def test_the_brackets_find_what_is_not_in_the_catalogue_and_what_is_filled_in_raw() -> None:
    _ = catalogue._
    check([_("Walkout: {starts}").format(starts="12")])
    assert outside(_("This walkout is {stage}; that cannot be done now.").format(stage=Stage.OPEN)) == "open"
    assert outside("Send /room now.") == "Sendnow"
    assert outside(_("Send /{command} now.").format(command="status")) == ""


def test_organizers_words_of_another_language_would_be_seen() -> None:
    some = terms(title="Autres mots", translations={PSEUDO: Words(title="24/7")})
    check([workers.headline(some)])
    assert outside(some.title)
    assert outside(workers.headline(replace(some, translations={})))


VISITS = [*((stage, WAYS[0]) for stage in Stage), *((Stage.OPEN, ways) for ways in WAYS[1:])]
"""Ways differ in what is said of rooms and of typing, wherever the walkout stands."""


@pytest.mark.parametrize(("stage", "ways"), VISITS, ids=[f"{stage}-{ways.rooms_by}" for stage, ways in VISITS])
async def test_all_that_can_be_said_at_a_stage(data: Path, stage: Stage, ways: Ways) -> None:
    async with tour(data, PSEUDO) as visitor:
        visitor.ways = ways
        await visitor.appoint()
        await visitor.come_to(stage)
        await visitor.visit()
        await look_at_the_board(visitor)
        if stage is Stage.OPEN:
            await visitor.mistake()
            await visitor.hand_in()
        check_all(visitor)


async def test_all_that_can_be_said_on_the_day(data: Path) -> None:
    async with tour(data, PSEUDO) as visitor:
        await visitor.appoint()
        await visitor.come_to(Stage.ON)
        await visitor.see_the_day()
        await visitor.visit(who=[ANA, BEN, STEWARD, OLGA])
        await look_at_the_board(visitor)
        check_all(visitor)


@pytest.mark.parametrize("ways", [WAYS[0], WAYS[2]], ids=lambda ways: str(ways.rooms_by))
async def test_all_that_can_be_said_where_there_are_no_cards(data: Path, ways: Ways) -> None:
    async with tour(data, PSEUDO, entry="open", approvals=1, citywide_counts="all", minimum_workplaces=2) as visitor:
        visitor.ways = ways
        await visitor.come_to(Stage.OPEN)
        await visitor.visit(COMMANDS[::-1] if ways.rooms_by is RoomsBy.PLACE else GENTLY)
        check_all(visitor)


@pytest.mark.parametrize("approvals", [1, 2])
async def test_all_that_can_be_said_of_a_draft_without_cards_and_rooms_by_people_who_refuse(
    data: Path, approvals: int
) -> None:
    async with tour(data, PSEUDO, bare=True, approvals=approvals, legal_notice="") as visitor:
        await visitor.visit(COMMANDS[::-1], newest_first=True)
        check_all(visitor)


async def test_all_that_can_be_said_by_people_who_go_through_the_commands_backwards(data: Path) -> None:
    async with tour(data, PSEUDO) as visitor:
        await visitor.appoint(newest_first=True)
        await visitor.come_to(Stage.OPEN)
        await visitor.visit(COMMANDS[::-1], newest_first=True)
        check_all(visitor)


async def test_all_that_can_be_said_page_by_page(data: Path) -> None:
    async with tour(data, PSEUDO, shops=MANY) as visitor:
        await visitor.come_to(Stage.CALLED_OFF, quietly=True)
        for name in ("board", "report"):
            await visitor.choose(OLGA, name, visitor.walkout)
            await visitor.press_all()
        check_all(visitor)
    async with tour(data / "rooms", PSEUDO, shops=MANY) as visitor:
        await visitor.choose(OLGA, "rooms", visitor.walkout)
        await visitor.press_all()
        check_all(visitor)


async def test_all_that_comes_by_itself(data: Path) -> None:
    kinds: set[Kind] = set()
    told = 0
    for stage in Stage:
        async with tour(data / stage, PSEUDO) as visitor:
            await visitor.appoint()
            await visitor.trouble()
            if stage is Stage.DRAFT:
                await visitor.draft_here()
                code = await visitor.server_code()
                await visitor.choose("999", "organizer", code)
                await visitor.choose("901", "open", visitor.walkout)
                await visitor.press_all()
                await visitor.choose(OLGA, "remove", "77")
                await visitor.press_all()
                await visitor.be_suspended()
            else:
                await visitor.come_to(stage)
            if stage is Stage.OPEN:
                await visitor.hear_of_another_try()
            if stage is Stage.ENDED:
                await visitor.hear_that_a_survey_is_over()
            if stage is Stage.ON:
                await visitor.say_a_word()
                await visitor.see_the_last_days()
            check_all(visitor)
            kinds |= visitor.kinds
            told += visitor.told
    assert kinds == set(Kind), "let tests/tour.py cause these as well"
    assert told


def check_all(visitor: Tour) -> None:
    """No letter stands outside of brackets, and in every language the buttons can be told apart and are narrow."""
    check(visitor.said, visitor.names)
    for labels in {tuple(re.sub("[⟦⟧]", "", label) for label in labels) for labels in visitor.labels}:
        for language in languages():
            named = [translated(label, language) or label for label in labels]
            assert len(set(named)) == len(named), named
            assert all(1 <= wcswidth(label) <= LONGEST_LABEL for label in named), named
    assert all(len(data.encode()) <= LONGEST_BUTTON_DATA for _who, data in visitor.pressed)


async def look_at_the_board(visitor: Tour) -> None:
    for only in ("", "1", "99"):
        look_closely(await stewards.board(visitor.walkout, visitor.app.store, only=only))


def look_closely(seen: Board) -> None:
    drawn = poster(seen)
    city = drawn.thermometer
    said = [drawn.stage_said, drawn.chosen, drawn.more, drawn.as_of, drawn.next_tally, drawn.boxes, drawn.city]
    check([*said, *([city.said, city.reached, city.turnout] if city else []), *(bar.said for bar in drawn.bars)])
    check([board.board(seen, page) for page in (None, 1, 2)], [seen.walkout.id])
    check(row["shown"] for row in csv.DictReader(io.StringIO(table(seen).decode("utf-8-sig"))))


# -- what is said on occasion ---------------------------------------------------------------------------------


def every(kind: type[Refused]) -> Iterator[type[Refused]]:
    for below in kind.__subclasses__():
        yield below
        yield from every(below)


VALUES: dict[str, Any] = {
    "str": "7",
    "bool": True,
    "str | None": "7",
    "int": 7,
    "datetime": NOON,
    "datetime | None": NOON,
    "Stage": Stage.OPEN,
    "Hold": Hold.CLOCK,
    "Terms": opened(title="7").terms,
    "WalkoutId": WalkoutId("7"),
    "tuple[str, ...]": ("7", "8"),
    "tuple[Walkout, ...]": (opened(WalkoutId("7"), title="8"),),
    "tuple[tuple[WalkoutId, str, bool], ...]": ((WalkoutId("7"), "8", True),),
}
"""What a refusal may carry, by its type."""


WORDED_BY_WHY = {TallyDue, KeyFileRefused, errors.CannotSuspend}


@pytest.mark.parametrize("kind", [kind for kind in every(Refused) if kind not in WORDED_BY_WHY])
def test_every_refusal(kind: type[Refused]) -> None:
    if not kind.__module__.startswith(errors.__name__):
        pytest.skip("worded elsewhere")
    facts = [] if kind.__init__ is Refused.__init__ else list(inspect.signature(kind).parameters.values())
    refused = kind(*(VALUES[fact.annotation] for fact in facts))
    check([refusals.refusal(refused)[1]])


def test_refusals_that_differ_by_what_they_carry() -> None:
    some = [
        *(KeyFileRefused("7", why) for why in ("missing", "foreign", "damaged", "outdated", "exposed", "orphaned")),
        *(KeyFileRefused("7", why) for why in ("sealed", "passphrase", "no_passphrase", "there")),
        *(errors.CannotSuspend("7", why, NOON) for why in ("self", "steward", "running", "again")),
        errors.Frozen(NOON, suspended=False),
        *(errors.PledgingClosed(stage, NOON, stands) for stage in Stage for stands in (True, False)),
        *(errors.WrongStage(stage) for stage in Stage),
        *(errors.Held(why) for why in (Hold.FOREIGN, Hold.CLOCK)),
        errors.NoSuchWalkout(None),
        errors.NoSuchUnit("7", ()),
        StoreUnusable("7", "8"),
    ]
    check(refusals.refusal(refused)[1] for refused in some)


def test_every_problem_with_files() -> None:
    source = inspect.getsource(draft)
    facts: dict[str, str | int] = dict.fromkeys(re.findall(r"\{(\w+)\}", source), "7")
    for name in ("line", "sentence", "file", "expected", "option"):
        facts.pop(name, None)
    for kind in ProblemKind:
        for expected in draft._EXPECTED:
            for count in (1, 2):
                carried: dict[str, str | int] = {**facts, "count": count, "expected": expected, "option": "7"}
                check(draft.problem(Problem(kind=kind, file="7", line=line, facts=carried)) for line in (None, 7))


def test_every_deed_and_every_proposal() -> None:
    content = {"nickname": "7", "number": 8, "name": "9", "where": "6"}
    words = ({"to": to, "corrects": corrects} for to in ("citywide", "all", [7]) for corrects in ("", NOON.isoformat()))
    check(committee.matter(what, {**content, **of}, "1", "2") for of in words for what in Matter)
    check(committee.decided("1", became) for became in Became)
    of = (opened(WalkoutId("7"), title="8", entry=entry) for entry in Entry)
    check(committee.given(role, walkout, "1") for walkout in (*of, None) for role in Role)
    check(committee.taken(role, "1") for role in Role)
    steps = tuple(Step)
    check(
        help_command.steps(walkout, found, NOON)
        for walkout in (opened(WalkoutId("7"), title="8"), None)
        for found in (steps, ())
    )
    check(map(help_command.label, steps))
    check(
        [
            help_command.which([opened(WalkoutId("7"), title="8")]),
            *(help_command.worker(typed=typed) for typed in (True, False)),
        ]
    )
    content |= {"to": "all", "corrects": ""}
    lines = [
        Line(number=1, deed=deed, walkout=walkout, tally=2, nickname=nickname, detail={**content, "matter": what})
        for deed in Deed
        for what in Matter
        for walkout, nickname in ((None, ""), (WalkoutId("3"), "4"))
    ]
    check(map(committee._deed, lines))
    check([committee.deeds([])])


def test_every_command_and_what_it_takes() -> None:
    check([row.help() for row in COMMANDS])
    check([words for row in COMMANDS for option in row.options for words in (option.label(), option.help())])


def test_boards_of_many_workplaces() -> None:
    many = [
        replace(shop, name=str(shop.id), line=BoardLine(reached=shop.id % 3 == 0, number=5 * (shop.id % 3)))
        for shop in shops(*[200] * 40, threshold=100)
    ]
    look_closely(published(opened(title="1", city="2"), many))
    look_closely(published(opened(title="1", citywide_counts=Counts.ALL), many, only="1"))


def test_boards_of_a_campaign() -> None:
    rungs = [(None, 3), (0, 3), (1, 3), (3, 3), (1, 1)]
    for at, (reached, of) in enumerate(rungs):
        rung = Rung(steps=(opened(title="7"),), reached=reached, workplaces=of)
        for is_exact in (True, False):
            check([ladder.said(rung, is_exact=is_exact)])
        climbed = Ladder(rungs=(rung,), places={}, own=(("7", 1), ("8", 0)) if at else ())
        seen = replace(published(opened(title="7", campaign="9"), shops(40)), ladder=climbed)
        check([ladder.ladder(seen), ladder.caption(seen), stairs(seen).headline, stairs(seen).steps[0].said])
    check([ladder.label()])


def test_boards_of_the_day_itself() -> None:
    seen = replace(opened(title="1", city="2", turnout=True), stage=Stage.ON, tallied=NOON + timedelta(days=99))
    for lines in ((0, 0), (0, 5), (100, 105)):
        shown = [
            replace(shop, name=str(shop.id), out=True, turnout_line=BoardLine(reached=n > shop.threshold, number=n))
            for shop, n in zip(shops(200, 200, threshold=100), lines, strict=True)
        ]
        look_closely(published(seen, shown))


def test_what_organizers_hear_of_what_holds_the_bot_up() -> None:
    for why in Hold:
        news = Announcement(kind=Kind.HELD, occasion="1", facts={"why": why})
        letter = Letter(news=news, walkout=None, about=None, address="7", private=True, nonce="6")
        check([announcement(letter)])


def test_what_workers_are_told_who_asked() -> None:
    walkout, [place] = opened(title="1", on_the_day="2"), shops(9)
    for kind in (Kind.ON, Kind.LAPSED, Kind.CALLED_OFF, Kind.LAST_WORD, Kind.TOMORROW, Kind.STARTS):
        for about in (walkout, replace(walkout, next_tally=None), replace(walkout, stage=Stage.LAPSED, streak=1)):
            for out in (True, False):
                letter = Letter(
                    news=Announcement(kind=kind, occasion="1"),
                    walkout=about,
                    about=replace(place, name="9", meet="8", out=out),
                    address="7",
                    private=True,
                    worker=True,
                    nonce="6",
                )
                check([announcement(letter)])


def test_drafts_of_workplaces_that_are_merged() -> None:
    rows = "".join(f"{name},5,5,{name % 12}\n" for name in range(40))
    csv_file = SourceFile(name="1.csv", data=f"workplace,headcount,threshold,group\n{rows}".encode())
    about = ABOUT | OWN | {"language": "en", "starts": NOON + timedelta(9), "pledge_by": NOON}
    toml = SourceFile(name="1.toml", data=terms_file(**about).encode())
    plan = read(toml, csv_file, RosterOptions(), now=NOON - timedelta(1))
    found = [Doubted(doubt=each, names=("3", "4"), number=5, of=6) for each in Doubt]
    check([organizers.drafted(Walkout(id=WalkoutId("7"), terms=plan.terms), plan, found, NOON)])


def test_other_sentences() -> None:
    walkout, named = opened(title="1"), [replace(place, name="9") for place in shops(*[9] * 12)]
    said = [
        paper_cards.not_delivered(), organizers.walkouts([]), organizers.organizer_code("7"), times.not_an_instant("7"),
        *(times.span(timedelta(minutes=minutes)) for minutes in (1, 15, 60, 90, 24 * 60)),
        *(workers.confirmation(opened(confirm_tallies=wanted)) for wanted in (None, 1, 3)),
        *organizers.gaps(Gaps(without_cards=tuple(named), without_room=tuple(named), citywide_room=False)),
        workers.choose_workplace(walkout, ["9"], 2, typed=True), workers.choose_workplace(walkout, [], 2, typed=False),
    ]  # fmt: skip
    check(said, [walkout.id])


def test_times_in_a_zone() -> None:
    zone, midnight = "America/New_York", NOON + timedelta(hours=17)
    about = replace(opened(title="1").terms, timezone=zone, starts=midnight + timedelta(days=40), pledge_by=midnight)
    hours = [NOON + timedelta(hours=hour) for hour in range(24)]
    readings = tuple(Moment(at=zones.pinned(hour, zone), zone=zone) for hour in hours[:2])
    problems = [
        MomentProblem(trouble=trouble, typed="7", zone=zone, readings=readings, day=NOON.date(), weekday=4)
        for trouble in Trouble
    ]
    said = [
        *(times.when(hour, about) for hour in hours), times.before(about, named=True), times.end(midnight, about),
        *organizers.times(about, NOON), *organizers.times(replace(about, timezone=""), NOON - timedelta(days=3)),
        *(times.moment_says(moment, NOON - timedelta(days=9)) for moment in readings),
        *map(times.moment_problem, problems), *(choice for each in problems for choice in times.moment_choices(each)),
    ]  # fmt: skip
    check(said, ["New York", zone, "timezone"])


def test_what_is_printed() -> None:
    about: Terms = terms(title="1")
    names = [(None, None), ("@1", None), (None, "1"), ("@1", "1")]
    said = [
        sheets.open_alone(), sheets.scan_for_telegram(), sheets.scan_for_code(), sheets.your_code(),
        *(sheets.send_it(telegram_name, discord_name) for telegram_name, discord_name in names),
        sheets.deadline(about), sheets.in_confidence(), sheets.for_the_steward(),
        sheets.stack(1, about), sheets.stack(2, about), sheets.making(), *sheets.steps(), sheets.handing_out(),
        *(words for rule in sheets.rules() for words in rule),
    ]  # fmt: skip
    check(said)


def test_what_only_one_platform_says() -> None:
    for module in (telegram, discord, console, general):
        for name, says in inspect.getmembers(module, inspect.isfunction):
            if says.__module__ != module.__name__ or name.startswith("_"):
                continue
            needed = [fact for fact in inspect.signature(says).parameters.values() if fact.default is fact.empty]
            values = {"str": "7", "int": 7, "bool": True, "Sequence[str]": ["7"], "Iterable[tuple[str, str, str]]": ()}
            values |= {"timedelta": timedelta(minutes=7), "datetime": NOON}
            given = {fact.name: values[str(fact.annotation)] for fact in needed}
            check([str(says(**given))], ["7"])
    check(general.platform(name) for name in ("console", "telegram", "discord"))


# -- what is in the code --------------------------------------------------------------------------------------

NOT_FOR_PEOPLE = {"platforms/supervisor.py", "telegram/transport.py", "discord/markdown.py", "lettering/paragraphs.py"}
"""The `allout` command's own help, which is English; what goes to the log; patterns and fonts."""

NOT_SENTENCES = {
    "not modified", "chat not found", "bot was kicked", "bot is not a member", "user is deactivated",  # Telegram's
    "not found", "message thread not found", "not enough rights", "no rights to send",  # as well
    "administrator rights",
    "/room off", "/room off ", "/room citywide #", "allout cards ", " --all --format pdf --out cards.pdf",  # typed
    "allout demo", '<svg xml:space="preserve" ', "not now",  # the demo's
    " cm BT ",  # of a PDF
}  # fmt: skip

SENTENCE = re.compile(r"[A-Za-z]{2,}[,:;]? [A-Za-z]{2,}")

KNOWN_OR_NOT_SAID = {"_", "ngettext", "log", "ValueError", "StoryBroken", "Unreachable"}


def bypassing(path: Path) -> Iterator[str]:
    """Find words in the code that no catalogue knows."""
    passed: set[ast.AST] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(node.value)  # a docstring
        if isinstance(node, ast.Call) and ast.unparse(node.func).partition(".")[0] in KNOWN_OR_NOT_SAID:
            passed |= set(ast.walk(node))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or node in passed:
            continue
        if SENTENCE.search(node.value) and node.value not in NOT_SENTENCES:
            yield f"{path.name}:{node.lineno}: {node.value}"


def test_no_sentence_stands_in_the_code_outside_the_catalogue() -> None:
    named = {str(path.relative_to(HANDLERS)): path for path in HANDLERS.rglob("*.py")}
    files = [path for name, path in named.items() if name not in NOT_FOR_PEOPLE and not name.startswith("cli/")]
    assert [found for path in files for found in bypassing(path)] == []
