"""`allout draft --after`: the next step of a campaign."""

from __future__ import annotations

from pathlib import Path

from tests.console.play import NOW, Play, Ran, roster, terms

SURVEY = """title = "What we want"
kind = "survey"
campaign = "Buses for all"
pledge_by = 2026-12-05T20:00:00-05:00
citywide_threshold = 10
workplaces = "workplaces.csv"
"""


def action(**more: object) -> str:
    """Write one without a list of its own."""
    return terms(kind="action", turnout=True, **more).replace('workplaces = "workplaces.csv"\n', "")


def draft(play: Play, about: str, *options: str, status: int = 0) -> Ran:
    toml = play.write("walkout.toml", about)
    return play.allout("draft", toml, "--data", play.data, "--now", NOW, *options, status=status)


def test_the_next_step_has_the_campaign_and_the_workplaces_of_the_one_before(play: Play) -> None:
    first = play.draft(SURVEY)
    without = action()
    assert 'the field "workplaces" is missing' in draft(play, without, status=2).err
    ran = draft(play, f"{without}opens_where = 60\n", "--after", first.upper())
    assert 'A step of the campaign "Buses for all".' in ran.out
    assert f'It follows "What we want" ({first}), and opens only where at least 60 % of' in ran.out
    step = ran.out.splitlines()[-1]
    assert step != first
    more = roster().replace("\n", "\nAnother Yard,30,15\n", 1)
    play.write("more.csv", more)
    ran = draft(play, without, "--after", step, "--workplaces", str(play.folder / "more.csv"))
    assert "New since then, so that it does not open there: Another Yard." in ran.out


def test_what_cannot_be_followed_is_refused_with_what_to_do(play: Play) -> None:
    alone = play.draft()
    assert "is no step of a campaign" in draft(play, action(), "--after", alone, status=2).err
    assert "no walkout" in draft(play, action(), "--after", "zzzzz", status=2).err.lower()
    silent = play.draft(terms(campaign="Buses"))
    said = draft(play, action(), "--after", silent, status=2).err
    assert "nobody counts who takes part, so that no step can follow. Draft it anew with turnout = true" in said
    first = play.draft(SURVEY)
    said = draft(play, action(campaign="Trams"), "--after", first, status=2).err
    assert 'campaign is "Trams", and the step before belongs to "Buses for all"' in said


def test_a_step_that_none_can_follow_is_doubted(play: Play) -> None:
    play.write("workplaces.csv", roster())
    said = draft(play, terms(campaign="Buses")).out
    assert "Look again: nobody counts who takes part, so that no step of the campaign can follow." in said
    assert "Look again: nobody counts" not in draft(play, terms(campaign="Buses", turnout=True)).out
    assert "Look again: nobody counts" not in draft(play, SURVEY).out


def test_the_examples_make_a_campaign_one_after_another(play: Play) -> None:
    example = Path(__file__).parents[2] / "examples" / "campaign"
    after: list[str] = []
    for name in ("1-survey.toml", "2-stickers.toml", "3-walkout.toml"):
        ran = play.allout("draft", example / name, "--data", play.data, "--now", NOW, *after)
        assert 'A step of the campaign "Buses for all".' in ran.out
        assert "Look again: nobody counts" not in ran.out
        after = ["--after", ran.out.splitlines()[-1]]
