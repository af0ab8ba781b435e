from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.first_walkout import LIST, MOST_TAPS, MOST_TYPED
from tests.bench.test_bench import run


@pytest.mark.real_data
@pytest.mark.skipif(not LIST.exists(), reason="the union elections' file is not part of the project")
def test_a_committee_opens_ten_workplaces_with_two_visits_to_a_terminal_and_the_rest_on_a_phone(tmp_path: Path) -> None:
    said = run("first_walkout", tmp_path)
    figures = {
        what: float(value) for what, value in re.findall(r"^ratio telegram_2_(\w+) ([\d.]+)", said, re.MULTILINE)
    }
    assert figures.keys() == {"visits", "files", "taps", "typed"}
    assert (figures["visits"], figures["files"]) == (2, 0)
    assert figures["taps"] <= MOST_TAPS
    assert figures["typed"] <= MOST_TYPED
    assert list(tmp_path.iterdir()) == []
