"""An English sentence is changed by somebody who speaks no Spanish: it waits, marked, with what it was."""

from __future__ import annotations

import shutil
import subprocess
import sys
from gettext import GNUTranslations
from pathlib import Path

import pytest

from handlers.texts.languages import LANGUAGES

ROOT = Path(__file__).parents[1]
OLD, NEW = "{n} room hears it at once.", "{n} room is told at once."
PLURAL, WORDED = "{n} rooms hear it at once.", "{n} rooms are told at once."


def translate(project: Path, *options: str) -> str:
    command = [sys.executable, str(project / ".ci" / "translate"), *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "translate", tmp_path / ".ci")
    others = [each.folder for each in LANGUAGES if each.code != "es"]
    kept = shutil.ignore_patterns("__pycache__", *others)
    shutil.copytree(ROOT / "handlers" / "texts", tmp_path / "handlers" / "texts", ignore=kept)
    return tmp_path


def test_a_changed_sentence_waits_in_english_beside_what_it_was(project: Path) -> None:
    file = next(path for path in project.rglob("texts/*.py") if OLD in path.read_text(encoding="utf-8"))
    file.write_text(file.read_text(encoding="utf-8").replace(OLD, NEW).replace(PLURAL, WORDED), encoding="utf-8")
    po = project / "handlers/texts/locales/es/LC_MESSAGES/allout.po"

    for _again in range(2):
        assert translate(project).splitlines()[-1].strip() == NEW
        waiting = next(each for each in po.read_text(encoding="utf-8").split("\n\n") if NEW in each)
        assert f"# was: '{OLD}', '" in waiting
        assert 'msgstr[0] ""\nmsgstr[1] ""' in waiting
    with po.with_suffix(".mo").open("rb") as compiled:
        assert GNUTranslations(compiled).ngettext(NEW, WORDED, 2) == WORDED
    before = po.read_bytes()
    assert translate(project, "--open").splitlines()[1:] == [f"  {NEW}"]
    assert po.read_bytes() == before

    done = waiting.replace('msgstr[0] ""\nmsgstr[1] ""', 'msgstr[0] "uno {n}"\nmsgstr[1] "más {n}"')
    po.write_text(po.read_text(encoding="utf-8").replace(waiting, done), encoding="utf-8")
    assert len(translate(project).splitlines()) == 1
    assert "# was:" not in po.read_text(encoding="utf-8")
