from __future__ import annotations

from pathlib import Path

import pytest

from bench import pictures


def test_the_pictures_in_docs_are_those_of_what_the_bot_says(capsys: pytest.CaptureFixture[str]) -> None:
    status = pictures.main(["--check"])
    assert (status, capsys.readouterr().out) == (0, ""), "draw them anew: python -m bench.pictures"


def test_a_picture_that_is_missing_or_of_other_words_is_named_and_drawn(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pictures.main(["--docs", str(data)]) == 0
    drawn = capsys.readouterr().out.split()
    assert len(drawn) == 3 + 2 * len(pictures.WHEN_READ)
    (data / pictures.FOLDER / "terms.en.svg").write_text("other words")
    (data / pictures.FOLDER / "no.es.svg").unlink()
    assert pictures.main(["--check", "--docs", str(data)]) == 1
    assert capsys.readouterr().out.split() == [f"{pictures.FOLDER}/{name}.svg" for name in ("terms.en", "no.es")]


@pytest.mark.parametrize("text", ["It is on, and Lantern Bakery walks out.", "a\nb", "word " * 40, "W" * 60])
def test_a_line_is_no_longer_than_the_bubble_and_no_word_is_lost(text: str) -> None:
    lines = pictures.wrapped(text, 300)
    assert " ".join(lines).split() == text.split()
    assert all(pictures.length(line) <= 300 for line in lines if " " in line)
