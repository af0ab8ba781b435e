from __future__ import annotations

import re
from pathlib import Path

from tests.bench.test_bench import RATIO, run


def test_the_bench_of_telegram_ends_with_a_line_for_each_goal_and_every_pledge_is_stored(tmp_path: Path) -> None:
    said = run("telegram", tmp_path)
    assert RATIO.findall(said) == [
        "telegram_to_stock",
        "telegram_to_empty_handler",
        "telegram_us_more_than_stock",
    ]
    assert re.search(r"^pledges stored ([1-9]\d*) of \1$", said, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


def test_in_the_bench_of_a_flood_every_worker_is_answered(tmp_path: Path) -> None:
    said = run("flood", tmp_path)
    assert RATIO.findall(said) == [
        "flood_opened_p99_s",
        "flood_opened_p99_to_quiet",
        "flood_pledged_p99_s",
        "flood_pledged_p99_to_quiet",
    ]
    assert re.search(r"^pledges stored ([1-9]\d*) of \1$", said, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


def test_in_the_bench_of_a_crowd_nobody_gets_silence(tmp_path: Path) -> None:
    said = run("crowd", tmp_path)
    assert RATIO.findall(said) == ["crowd_silent"]
    assert re.search(r"^pledges stored ([1-9]\d*) of \1$", said, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []
