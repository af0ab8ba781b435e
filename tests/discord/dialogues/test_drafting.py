"""An organizer drafts a walkout by sending its two files to the bot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.console.play import roster, terms
from tests.discord.dialogues.house import SHOPS, House, Seat

FAR = datetime(2099, 1, 2, tzinfo=UTC)
TOML = ("walkout.toml", terms().encode())
CSV = ("workplaces.csv", roster(SHOPS).encode())


@pytest.fixture
async def olga(house: House) -> Seat:
    return Seat((await house.organizer("olga")).member, None)


async def drafts(house: House) -> int:
    return len(await house.app.store.walkouts())


@pytest.mark.parametrize("files", [(TOML, CSV), (CSV, TOML)])
async def test_both_files_in_one_message_make_a_draft(
    house: House, olga: Seat, files: tuple[tuple[str, bytes], ...]
) -> None:
    asked, drafted = await house.write(olga, "here it is", *files)
    assert asked.content.startswith(("I have the terms. Now the workplaces.", "3 workplaces, 60 people"))
    assert drafted.content.startswith("Drafted: One day for the rent freeze")
    [walkout] = await house.app.store.walkouts()
    assert f"says so: /organize open {walkout.id}." in drafted.content
    opened = await olga.sure("organize open")
    assert "is open for pledges" in opened.text


async def test_two_files_wait_a_week_for_each_other(house: House, olga: Seat) -> None:
    await house.write(olga, "", TOML)
    far = ("walkout.toml", terms(starts=FAR, pledge_by=FAR - timedelta(days=1)).encode())
    await house.due(timedelta(days=7))
    [asked] = await house.write(olga, "", CSV)
    assert "Question 1 of 10" in asked.content
    await house.due(timedelta(days=6))
    [drafted] = await house.write(olga, "", far)
    assert drafted.content.startswith("Drafted:")
    assert await drafts(house) == 1


async def test_a_wrong_file_is_refused_with_its_lines_and_nothing_is_drafted(house: House, olga: Seat) -> None:
    bad = ("walkout.toml", terms(citywide_threshold="many", pledge_by="__soon__").encode())
    _asked, refused = await house.write(olga, "", CSV, bad)
    assert "walkout.toml, line 7: pledge\\_by is" in refused.content
    assert "line 8: citywide\\_threshold must be a whole number" in refused.content
    [usage] = await house.write(olga, "", ("photo.png", b"\x89PNG"))
    assert usage.content.startswith("To draft a walkout, send me its workplaces")
    assert not usage.components
    [usage] = await house.write(olga, "", ("huge.csv", b"x" * 5_000_001))
    assert usage.content.startswith("To draft a walkout")
    assert await drafts(house) == 0


async def test_files_of_somebody_without_a_role_are_not_even_fetched(house: House) -> None:
    eve = house.privately("eve")
    answers = await house.write(eve, "", TOML, CSV)
    assert [answer.content for answer in answers] == ["That is for organizers. See what you can do: /help"] * 2
    assert await drafts(house) == 0
    fetched = [one for one in house.env.http_requests if "attachments" in one.path]
    assert fetched == []


async def test_two_organizers_files_are_not_mixed(house: House, olga: Seat) -> None:
    omar = Seat((await house.organizer("omar")).member, None)
    await house.write(olga, "", TOML)
    [asked] = await house.write(omar, "", CSV)
    assert "Question 1 of 10" in asked.content
    assert await drafts(house) == 0
