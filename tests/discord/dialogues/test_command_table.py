"""The commands as Discord has them are the rows of the one table."""

from __future__ import annotations

from typing import Any

from handlers.conversation import COMMANDS, Role, Takes
from handlers.discord.commands import GROUP
from handlers.texts.catalogue import _, speaking
from handlers.texts.languages import ENGLISH, LANGUAGES
from tests.discord.dialogues.house import House

SUBCOMMAND = 1
TEXT = 3
SERVER, CHAT_WITH_THE_BOT = 0, 1
SUGGESTED = {Takes.WALKOUT, Takes.WORKPLACE, Takes.SCOPE, Takes.REACH, Takes.ROLE, Takes.VOID, Takes.FILTER}

MOST_SUBCOMMANDS = 25
LONGEST_DESCRIPTION = 100


def registered(house: House) -> dict[str, dict[str, Any]]:
    return {name: command for (name, _type), command in house.env.backend.commands[None].items()}


def syncs(house: House) -> int:
    return sum(one.method == "PUT" and one.path.endswith("/commands") for one in house.env.http_requests)


async def test_every_row_is_registered_with_its_description_and_options(house: House) -> None:
    found = registered(house)
    group = found.pop(GROUP)
    subcommands = {each["name"]: each for each in group["options"]}
    assert set(found) == {row.name for row in COMMANDS if row.who is Role.WORKER}
    assert set(subcommands) == {row.name for row in COMMANDS if row.who is not Role.WORKER}
    assert len(subcommands) <= MOST_SUBCOMMANDS
    for row in COMMANDS:
        command = found[row.name] if row.who is Role.WORKER else subcommands[row.name]
        assert command["type"] == 1 == SUBCOMMAND
        assert command["description"] == row.help()
        expected = {
            option.takes.value: (option.help(), option.required, option.takes in SUGGESTED)
            for option in row.options
            if option.takes is not Takes.ROOM  # a channel is bound from inside
        }
        assert {
            option["name"]: (option["description"], option["required"], option.get("autocomplete", False))
            for option in command["options"]
        } == expected
        assert all(option["type"] == TEXT for option in command["options"])
        required = [option["required"] for option in command["options"]]
        assert required == sorted(required, reverse=True)  # Discord refuses another order
        described = [command["description"], *(option["description"] for option in command["options"])]
        assert all(1 <= len(text) <= LONGEST_DESCRIPTION for text in described)


async def test_every_description_is_there_in_each_language_and_every_name_stays(house: House) -> None:
    group = registered(house)[GROUP]
    commands = [*registered(house).values(), *group["options"]]
    for described in [*commands, *(option for command in commands for option in command.get("options") or [])]:
        assert not described.get("name_localizations")
        said = described["description_localizations"]
        others = [each for each in LANGUAGES if each.code != ENGLISH]
        assert set(said) == {locale for each in others for locale in each.discord}
        for each in others:
            with speaking(each.code):
                wanted = _(described["description"])
            assert wanted != described["description"]
            assert {said[locale] for locale in each.discord} <= {wanted}
        assert max(map(len, said.values())) <= LONGEST_DESCRIPTION


async def test_commands_are_for_servers_and_for_the_chat_with_the_bot_and_open_to_everybody(house: House) -> None:
    for command in registered(house).values():
        assert sorted(command["contexts"]) == [SERVER, CHAT_WITH_THE_BOT]
        assert command["integration_types"] == [0]
        assert command["default_member_permissions"] is None
    ana, bob = house.somebody("ana"), house.privately("bob")
    offered = ana.member.available_commands(ana.channel)
    assert set(offered) == set(bob.member.user.available_commands())
    assert len(offered) == len(COMMANDS)


async def test_commands_are_set_once_and_again_only_where_they_differ(house: House) -> None:
    assert syncs(house) == 1
    await house.restart()
    assert syncs(house) == 1

    registered(house)["status"]["description"] = "something older"
    await house.restart()
    assert syncs(house) == 2
    assert registered(house)["status"]["description"] != "something older"

    registered(house)["status"]["description_localizations"]["es-ES"] = "algo más viejo"
    await house.restart()
    assert syncs(house) == 3

    subcommands = registered(house)[GROUP]["options"]
    next(each for each in subcommands if each["name"] == "room")["options"].reverse()
    await house.restart()
    assert syncs(house) == 4

    house.env.backend.commands[None].pop(("privacy", 1))
    await house.restart()
    assert syncs(house) == 5
    assert "privacy" in registered(house)
    await house.restart()
    assert syncs(house) == 5
