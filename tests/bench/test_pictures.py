from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench import paper_pictures, pictures


def test_pages_are_what_the_bot_says_and_one_of_other_words_or_without_a_picture_is_named(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = data / "docs"
    shutil.copytree(pictures.ROOT / "docs", docs)
    page, lost = f"{pictures.FOLDER}/es.md", paper_pictures.path("card", "en")
    (docs / page).write_text("other words")
    (docs / lost).unlink()
    status = pictures.main(["--check", "--docs", str(docs)])
    assert (status, capsys.readouterr().out.split()) == (1, [page, lost]), "make them anew: python -m bench.pictures"


def test_lines_and_what_parts_them_are_kept_and_no_line_is_empty() -> None:
    assert pictures.paragraphs("a < b\nc\n\n\nd\n") == "<p>a &lt; b<br>c</p><p>d</p>"
