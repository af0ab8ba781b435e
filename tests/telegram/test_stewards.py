"""A steward on Telegram: a link with the code, a welcome, the menu of the role, and a word at its end."""

from __future__ import annotations

import re

from handlers.conversation import COMMANDS, Role
from tests.telegram.house import OLGA, House, found, labels

MENU = [row.name for row in COMMANDS if row.who in {Role.WORKER, Role.STEWARD}]


def menus(house: House, person: int) -> dict[str, list[str]]:
    """Return somebody's own menus, by language."""
    return {
        language: [command["command"] for command in menu]
        for (scope, language), menu in house.server.commands.items()
        if f'"chat_id": {person}' in scope and menu
    }


async def test_a_steward_comes_by_a_link_is_welcomed_with_a_menu_and_hears_when_it_is_over(house: House) -> None:
    server = house.server
    server.person(OLGA)
    ana = server.person(name="Ana")
    await found(house, organizing=[OLGA])
    await house.start()
    made = (await house.ask(OLGA, "/appoint steward Depot Ana"))["text"]
    link = re.search(r"https://t\.me/\w+\?start=([0-9A-Z]{20})\b", made)
    assert link, made
    house.codes.append(link[1])
    assert "Whoever gave you this code is asked" in (await house.ask(ana, f"/start {link[1]}"))["text"]
    assert menus(house, ana) == {}
    await house.press(await house.hears(OLGA, "Is it them?"), "Yes, it is them")
    welcome = await house.hears(ana, "You are steward of Depot now")
    assert labels(welcome) == ["Board", "What comes next"]
    for said in ("/drawn", "If somebody asks you:", "Nobody can see that", "Only if enough of us", "Keep it", "/board"):
        assert said in welcome["text"]
    await house.until(lambda: set(menus(house, ana)) == {""})  # her app says no language
    assert menus(house, ana)[""] == MENU
    await house.press(welcome, "Board")
    assert "Depot" in house.last(ana)["text"]

    assert "Ana has no role any more" in (await house.sure(OLGA, "/remove Ana"))["text"]
    await house.hears(ana, "You are not steward of Depot any more.")
    await house.until(lambda: menus(house, ana) == {})
    assert (await house.ask(ana, "/drawn 3"))["text"].startswith("That is for organizers.")
