"""What docs/ says of the code is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from wcwidth import wcswidth

from bench import reference
from bot.domain.words import NAMES
from bot.draft.columns import OWN_COLUMNS
from bot.draft.terms import FIELDS, REQUIRED
from bot.runtime.settings import PREFIX, Settings
from handlers.texts.catalogue import languages, translated
from handlers.texts.languages import ENGLISH, LANGUAGES
from tests.fixed import WORDED
from tests.test_catalogues import messages, texts

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SHEETS = ("worker", "steward", "organizer", "keeper")
FOR_WORKERS = ("worker", "steward")
MOST_LETTERS = 3_000
"""Of a sheet, in places of a terminal: so many fit on one page of letter or A4, in the letters of docs/site.css."""

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


def typed(page: str) -> list[str]:
    """Return the first word of each thing that is typed; what stands behind it may be a translated example."""
    return [each.split()[0].strip("`") for each in CODE.findall(page)]


def in_languages(sheet: str) -> list[tuple[str, str]]:
    """Return a sheet in each language in which there is one, without the frame that says which it is."""
    written = languages() if sheet in FOR_WORKERS else WORDED
    pages = [(each, read(f"how-to/{sheet}.md" if each == ENGLISH else f"how-to/{sheet}.{each}.md")) for each in written]
    return [(each, re.sub(r"^<div .*>\n\n|\n</div>\n$", "", page)) for each, page in pages]


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_sheet_says_the_same_in_each_language_and_fits_on_a_page(sheet: str) -> None:
    (_, english), *others = in_languages(sheet)
    for language, said in others:
        assert BLOCK.findall(said) == BLOCK.findall(english), language
        assert typed(said) == typed(english), language
        assert sum(map(wcswidth, said.splitlines())) <= MOST_LETTERS, language


@pytest.mark.parametrize("sheet", SHEETS)
def test_what_is_pressed_is_called_in_a_sheet_as_the_bot_calls_it(sheet: str) -> None:
    (_, english), *others = in_languages(sheet)
    pressed = set(PRESSED.findall(english))
    for language, page in others:
        said = {translated(label, language) for label in pressed} - {None}
        assert said <= set(PRESSED.findall(page)), language


@pytest.mark.parametrize("sheet", FOR_WORKERS)
def test_a_sheet_says_in_which_language_it_is_and_runs_as_that_does(sheet: str) -> None:
    for language in LANGUAGES:
        if language.code not in WORDED:
            turned = ' dir="rtl"' if language.right_to_left else ""
            page = read(f"how-to/{sheet}.{language.code}.md")
            assert page.startswith(f'<div lang="{language.code}"{turned} markdown>\n\n# ')
            assert page.endswith("\n\n</div>\n")


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
