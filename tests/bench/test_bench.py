from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PATIENCE_S

ROOT = Path(__file__).parents[2]
RATIO = re.compile(r"^ratio (\S+) -?\d+\.\d\d goal (?:>=|<=)\d+(?:\.\d+)?$", re.MULTILINE)


def run(what: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *what.split(), "--quick", "--dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("what", "ratios"),
    [
        (
            "pledges",
            [
                "pledges_1_caller",
                "pledges_64_callers",
                "pledges_512_callers",
                "pledges_64_callers_p99",
                "pledges_tree_to_flat_1_caller",
                "pledges_tree_to_flat_64_callers",
                "bad_to_clean_1_caller",
                "bad_to_clean_8_callers",
                "bad_to_clean_64_callers",
                "bad_to_clean_512_callers",
            ],
        ),
        ("tally", ["tally_longest_wait_s", "tally_many_to_few_cards", "tally_tree_to_flat"]),
        ("discord", ["discord_shows_to_bare_16_at_once", "discord_changes_to_button_16_at_once"]),
        ("cards", ["cards_bn_to_en", "cards_zh-Hans_to_en", "cards_ur_to_en"]),
        ("waits", ["longest_wait_minting", "longest_wait_first_picture"]),
        (
            "start",
            [
                "start_both_to_imports",
                "start_telegram_to_import",
                "start_discord_to_import",
                "start_megabytes",
            ],
        ),
        (
            "fan_out",
            [
                "telegram_fan_out",
                "telegram_fan_out_429",
                "telegram_fan_out_far",
                "telegram_fan_out_lossy_messages",
                "telegram_fan_out_lossy_rooms",
                "discord_fan_out_far",
                "discord_fan_out_429",
            ],
        ),
        (
            "scale",
            [
                "scale_cards_pledge",
                "scale_cards_look",
                "scale_cards_tally",
                "scale_cards_board_page",
                "scale_workplaces_pledge",
                "scale_workplaces_look",
                "scale_campaigns_pledge",
                "scale_campaigns_tally",
                "scale_campaigns_board_page",
                "scale_campaigns_look_ms_more",
            ],
        ),
        (
            "postgres",
            [
                "postgres_to_hand_512_callers",
                "postgres_to_bare_512_callers",
                "postgres_to_sqlite_64_callers",
                "postgres_two_processes_to_one",
                "postgres_four_processes_to_two",
                "postgres_tally_many_to_few_cards",
            ],
        ),
        ("ways", ["ways_ten_to_one", "ways_429"]),
        (
            "scale --postgres",
            [
                "scale_postgres_pledge",
                "scale_postgres_pledge_64_callers",
                "scale_postgres_tally",
                "scale_postgres_mint",
            ],
        ),
        (
            "lists",
            ["lists_csv_seconds", "lists_csv_megabytes", "lists_xlsx_seconds", "lists_xlsx_megabytes"],
        ),
    ],
)
def test_a_bench_ends_with_a_line_for_each_goal_and_leaves_nothing_behind(
    what: str, ratios: list[str], tmp_path: Path
) -> None:
    said = run(what, tmp_path)
    assert [line.split()[1] for line in said.splitlines()[-len(ratios) :] if RATIO.match(line)] == ratios
    assert RATIO.findall(said) == ratios
    assert list(tmp_path.iterdir()) == []


def test_every_answer_on_discord_is_the_right_one_and_every_pledge_is_stored(tmp_path: Path) -> None:
    said = run("discord", tmp_path)
    assert re.search(r"^wrong verdicts 0 of [1-9]\d*$", said, re.MULTILINE)
    assert re.search(r"^pledges stored ([1-9]\d*) of \1$", said, re.MULTILINE)


def test_every_verdict_of_the_bench_is_the_expected_one_also_when_the_database_refuses_some(tmp_path: Path) -> None:
    assert re.search(r"^wrong verdicts 0 of [1-9]\d*$", run("pledges", tmp_path), re.MULTILINE)
