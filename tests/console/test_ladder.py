"""A campaign as scripts see it: the board, its table, the report and the picture of how far it has come."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bot.domain.model import StepKind
from handlers.texts.workers import pledge_label
from tests.console.play import Play, answers, anyway, pledging, to
from tests.console.test_paper import appointed
from tests.console.test_steps import SURVEY

HEAD = "Buses for all\nStep by step, workplaces where enough people took part:\n1. What we want: "
OVER = "!clock 2026-12-05T21:00:00-05:00"


def taking_part(crew: str, cards: Sequence[str]) -> list[str]:
    return [line.replace("[Pledge]", f"[{pledge_label(StepKind.SURVEY)}]") for line in pledging(crew, cards)]


def test_the_board_the_table_and_the_report_say_how_far_a_campaign_has_come(play: Play) -> None:
    survey = play.prepare(f"{SURVEY}approvals = 1\n")
    lines = play.console(
        *appointed(play, "stella", "School"),
        *anyway("@olga /open"),
        "!wait",
        "@olga /board",
        *taking_part("d", survey.cards["Depot"][:6]),
        *taking_part("s", survey.cards["School"][:5]),
        *taking_part("c", survey.cards["Café, North"][:2]),
        "!wait",
        OVER,
        "@olga /board",
        "@olga [Step by step]",
        "!wait",
        "@stella /board",
        "@stella [Step by step]",
        "@olga /board csv",
        "@olga /report",
        "!wait",
        f"@d0 /status {survey.cards['Depot'][0]}",
        f"@c0 /status {survey.cards['Café, North'][0]}",
        "@olga /walkouts",
    )
    before, after = (line["text"] for line in to(lines, "olga") if line["kind"] == "board")
    assert f"{HEAD}not counted yet" in before
    assert f"{HEAD}2 of 3 workplaces" in after
    few = f"{HEAD}fewer than 3 of 3 workplaces"
    [stella] = [line["text"] for line in to(lines, "stella") if line["kind"] == "board"]
    assert f"{few}; yours: School" in stella
    pictures = [line for line in lines if line.get("kind") == "ladder"]
    assert [(line["to"], line["text"]) for line in pictures] == [("@olga", few), ("@stella", few), ("@olga", few)]
    for line in pictures:
        with Image.open(line["file"]) as image:
            assert (image.format, image.width) == ("PNG", 1080)
    [table] = [line for line in lines if line.get("kind") == "board_csv"]
    [report] = [line for line in lines if line.get("kind") == "report"]
    assert f"{HEAD}2 of 3 workplaces" in report["text"]
    for each in (table, report):
        rows = list(csv.DictReader(Path(each["file"]).read_text(encoding="utf-8-sig").splitlines()))
        assert {row["workplace"]: row["step"] for row in rows[-3:]} == {"Depot": "1", "School": "1", "Café, North": "0"}
    assert "Depot has taken part in 1 of 1 step: What we want." in answers(lines, "d0")[-1]["text"]
    assert "So far too few people have taken part at Café, North." in answers(lines, "c0")[-1]["text"]
    [listed] = [line["text"] for line in lines if line.get("kind") == "walkouts"]
    assert listed.startswith(f"Buses for all:\n{survey.id} · What we want · over")
