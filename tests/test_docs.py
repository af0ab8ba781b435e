"""What docs/ says of the code is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench import reference
from bot import draft
from bot.domain.model import Tier
from bot.domain.words import NAMES
from bot.draft import SourceFile
from bot.draft.columns import OWN_COLUMNS
from bot.draft.terms import FIELDS, REQUIRED
from bot.runtime.settings import PREFIX, Settings
from handlers.conversation import COMMANDS
from handlers.texts.catalogue import languages, translated
from tests.conftest import NOON
from tests.console.play import terms as terms_file
from tests.fixed import WORDED
from tests.test_catalogues import messages, texts

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SHEETS = ("worker", "steward", "organizer", "keeper")
MOST_WORDS = 500
"""Of a sheet: so many fit on one page of letter or A4, in the letters of docs/site.css."""

CELL = re.compile(r"^\| `([\w.]+)` \|", re.MULTILINE)
BLOCK = re.compile(r"^(#+|\d+\.|-) ", re.MULTILINE)
CODE = re.compile(r"`[^`]+`")
PRESSED = re.compile(r"\*\*?([^*]+)\*?\*")


def read(path: str) -> str:
    return (DOCS / path).read_text(encoding="utf-8")


def test_the_pages_made_from_the_code_are_what_it_gives(capsys: pytest.CaptureFixture[str]) -> None:
    status = reference.main(["--check"])
    assert (status, capsys.readouterr().out) == (0, ""), "make them anew: python -m bench.reference"


def test_every_setting_says_what_it_is_for() -> None:
    listed = re.findall(r"^\| `(\w+)` \|.*\| \w.* \|$", read(reference.SETTINGS_PAGE), flags=re.MULTILINE)
    assert listed == [f"{PREFIX}{name}".upper() for name in Settings.model_fields]


def test_a_page_that_is_missing_or_of_other_words_is_named_and_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reference.main(["--docs", str(tmp_path)]) == 0
    made = capsys.readouterr().out.split()
    assert made == [
        reference.COMMANDS_PAGE,
        reference.SERVER_PAGE,
        reference.SETTINGS_PAGE,
        reference.DECISIONS_PAGE,
    ]
    (tmp_path / reference.COMMANDS_PAGE).write_text("other words")
    (tmp_path / reference.SETTINGS_PAGE).unlink()
    assert reference.main(["--check", "--docs", str(tmp_path)]) == 1
    assert capsys.readouterr().out.split() == [reference.COMMANDS_PAGE, reference.SETTINGS_PAGE]


def test_every_field_of_the_files_is_described_and_no_other() -> None:
    terms, roster = read("reference/file-fields.md").split("## The list of workplaces")
    assert set(CELL.findall(terms)) == {*FIELDS, "timezone", "clock"}
    assert tuple(CELL.findall(roster)) == OWN_COLUMNS
    needed = "Four are needed: " + ", ".join(f"`{name}`" for name in REQUIRED)
    assert needed in terms
    [in_languages] = re.findall(r"^\*\*In another language\.\*\* (.*)", terms, flags=re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", in_languages)) == set(NAMES)


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_sheet_says_the_same_in_each_language_and_fits_on_a_page(sheet: str) -> None:
    english = read(f"how-to/{sheet}.md")
    for language in WORDED:  # in the others it waits for somebody who speaks them
        said = english if language == "en" else read(f"how-to/{sheet}.{language}.md")
        assert BLOCK.findall(said) == BLOCK.findall(english), language
        assert len(CODE.findall(said)) == len(CODE.findall(english)), language
        assert len(said.split()) <= MOST_WORDS, language


@pytest.mark.parametrize("sheet", SHEETS)
def test_what_is_pressed_is_called_in_a_sheet_as_the_bot_calls_it(sheet: str) -> None:
    pressed = set(PRESSED.findall(read(f"how-to/{sheet}.md")))
    for language in WORDED[1:]:
        said = {translated(label, language) for label in pressed} - {None}
        assert said <= set(PRESSED.findall(read(f"how-to/{sheet}.{language}.md"))), language


def test_what_is_typed_and_pressed_to_build_up_is_there() -> None:
    practice, here = read("how-to/building-up.md").split("## How it is done here")
    assert "Nothing on this page is legal advice" in practice.replace("\n  ", " ")
    typed, pressed = set(re.findall(r"`/(\w+)", here)), set(re.findall(r"\*\*([^*]+)\*\*", here))
    assert typed
    assert typed <= {command.name for command in COMMANDS}
    assert pressed
    assert {label for label in pressed if translated(label, "es") is None} == set()


@pytest.mark.parametrize("page", ["how-to/departments.md", "reference/file-fields.md"])
def test_the_list_on_a_page_is_a_draft_with_units_of_every_kind(page: str) -> None:
    found = re.search(r"^```csv\n(.*?)^```$", read(page), re.MULTILINE | re.DOTALL)
    assert found
    level = found[1].partition(",")[0]
    about = terms_file(levels=[level], citywide_threshold=60, confirm_tallies=1)
    files = [SourceFile(name=name, data=text.encode()) for name, text in (("w.toml", about), ("w.csv", found[1]))]
    plan = draft.read(files[0], files[1], draft.RosterOptions(), now=NOON, languages=languages())
    assert {unit.tier for unit in plan.units} == set(Tier)


def test_the_readme_is_short_and_what_it_leads_to_is_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.encode()) <= 9_000
    led = re.findall(r"\]\(([^)#]+)\)", readme) + re.findall(
        r"\]\(([^)#]+)\)", (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    )
    assert [path for path in led if "://" not in path and not (ROOT / path).exists()] == []


# -- the words of every language ------------------------------------------------------------------------------


def words() -> tuple[list[str], list[list[str]]]:
    """Return the languages of the table of words, and its cells below each English one."""
    section = read("languages.md").split("## The words")[1].split("##")[0]
    head, _rule, *rows = [row.strip("| ").split(" | ") for row in section.splitlines() if row.startswith("|")]
    return head[1:], [row[1:] for row in rows]


def test_the_table_of_words_has_every_language() -> None:
    assert sorted(["en", *words()[0]]) == sorted(languages())


@pytest.mark.parametrize("language", words()[0])
def test_words_are_those_of_the_catalogue(language: str) -> None:
    said = [form.casefold() for message in messages(language) if message.id for form in texts(message.string)]
    column = words()[0].index(language)
    for row in words()[1]:
        for word in row[column].split(" / "):
            assert any(word.casefold() in each for each in said), word
