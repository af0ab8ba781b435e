from __future__ import annotations

import json

import pytest

from handlers.conversation import COMMANDS
from tests.console.play import roster, terms
from tests.telegram.house import OLGA, OMAR, House, labels, sends
from tests.telegram.server import Json, broken, unauthorized

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAR = {"starts": "2099-01-02T00:00:00+00:00", "pledge_by": "2099-01-01T00:00:00+00:00"}


def _terms(**changes: object) -> bytes:
    """Write terms whose times never pass."""
    text = terms(title="In the far future", **changes)
    lines = [line for line in text.splitlines() if line.partition(" ")[0] not in FAR]
    return "\n".join([*lines, *(f"{name} = {value}" for name, value in FAR.items())]).encode()


async def _code(house: House) -> str:
    code = (await house.allout("organizer-code")).split()[-1]
    house.codes.append(code.replace("-", ""))
    return code


async def _becomes_organizer(house: House, person: int, code: str) -> Json:
    """Use the server's code; give the answer once the other organizers have been told of it."""
    before = {who: len(house.server.chats[who].from_bot) for who in (OLGA, OMAR)}
    welcomed = await house.ask(person, f"/organizer {code}")
    for who, since in before.items():
        await house.hears(who, "own code", since)
    return welcomed


async def test_a_code_from_the_server_makes_one_organizer_with_a_menu_of_their_own(busy_house: House) -> None:
    server, ana, second = busy_house.server, busy_house.server.person(name="Ana"), busy_house.server.person()
    code = await _code(busy_house)
    assert (await busy_house.ask(ana, "/board"))["text"].startswith("That is for organizers.")
    welcomed = await _becomes_organizer(busy_house, ana, code)
    assert welcomed["text"].startswith("You are an organizer now.")
    assert not [m for m in server.chats[ana].messages.values() if code in m.get("text", "")]
    menus = {language: menu for (scope, language), menu in server.commands.items() if str(ana) in scope}
    assert set(menus) == {""}  # all that an app shows which says no language
    assert [command["command"] for command in menus[""]] == [row.name for row in COMMANDS]
    everybody = server.commands[json.dumps({"type": "all_private_chats"}), ""]
    assert "calloff" not in [command["command"] for command in everybody]
    refused = await busy_house.ask(second, f"/organizer {code}")
    assert refused["text"].startswith("This code is not good any more.")
    assert (await busy_house.ask(second, "/board"))["text"].startswith("That is for organizers.")
    assert "nothing counted yet of" in (await busy_house.ask(ana, "/board"))["text"]


@pytest.mark.parametrize("fault", [broken(500), unauthorized()], ids=["500", "401"])
async def test_who_became_an_organizer_is_told_so_though_the_menu_fails(busy_house: House, fault: object) -> None:
    server, ana = busy_house.server, busy_house.server.person()
    server.plan("setMyCommands", fault)  # type: ignore[arg-type]
    await _becomes_organizer(busy_house, ana, await _code(busy_house))
    assert [text[:25] for text in server.chats[ana].texts] == ["You are an organizer now."]


async def test_two_files_in_either_order_are_a_draft(busy_house: House) -> None:
    server = busy_house.server
    files = [("walkout.toml", _terms()), ("workplaces.csv", roster().encode())]
    for order in (files, files[::-1]):
        before = len(server.chats[OLGA].texts)
        for number, (name, data) in enumerate(order):
            server.upload(OLGA, name, data, caption="Here it is", media_group_id="1" if number else None)
        await busy_house.hears(OLGA, "Drafted", before)
        asked, preview = server.chats[OLGA].texts[before:]
        assert asked.startswith(("I have the terms. Now the workplaces.", "3 workplaces, 40 people"))
        assert preview.startswith("Drafted: In the far future · New York")
        assert "3 workplaces, 40 people." in preview
        assert "It opens once 1 organizer says so: /open" in preview


async def test_refused_files_are_answered_with_every_problem_and_its_line(busy_house: House) -> None:
    server = busy_house.server
    wrong = _terms(citywide_threshold=-3, approvals=0).replace(b'title = "In the far future"', b'titel = "x"')
    server.upload(OLGA, "walkout.toml", wrong)
    lines = (await busy_house.hears(OLGA, "walkout.toml, line "))["text"].splitlines()
    assert len([line for line in lines if line.startswith("walkout.toml, line ")]) >= 3
    server.upload(OLGA, "workplaces.csv", b"workplace,headcount,threshold\nDepot,ten,6\nDepot,4,9\n,5,5\n")
    lines = (await busy_house.hears(OLGA, "workplaces.csv, line 4"))["text"].splitlines()
    assert {line.split(":")[0] for line in lines if line.startswith("workplaces.csv")} >= {
        "workplaces.csv, line 2",
        "workplaces.csv, line 3",
        "workplaces.csv, line 4",
    }
    listed = (await busy_house.ask(OLGA, "/walkouts"))["text"]
    assert "titel" not in listed


async def test_a_thousand_problems_come_in_as_many_messages_as_they_need(busy_house: House) -> None:
    server = busy_house.server
    before = len(server.chats[OLGA].texts)
    begun = _terms().count(b"\n") + 1
    server.upload(
        OLGA, "walkout.toml", _terms() + b"\n" + b"".join(b"field_%d = 1\n" % number for number in range(400))
    )
    await busy_house.hears(OLGA, f"line {begun + 400}:", before)
    said = "\n".join(server.chats[OLGA].texts[before:])
    assert len(server.chats[OLGA].texts) > before + 2
    assert [line for line in said.splitlines() if f"line {begun + 1}:" in line]
    assert [line for line in said.splitlines() if f"line {begun + 400}:" in line]


async def test_halves_of_two_organizers_make_no_draft(busy_house: House) -> None:
    server = busy_house.server
    for who in (OLGA, OMAR):  # whatever others have begun
        asked = await busy_house.ask(who, "/draft")
        if "Stop" in labels(asked):
            await busy_house.press(await busy_house.press(asked, "Stop"), "Throw it away")
    before = {who: len(server.chats[who].from_bot) for who in (OLGA, OMAR)}
    server.upload(OLGA, "walkout.toml", _terms())
    await busy_house.hears(OLGA, "I have the terms.", before[OLGA])
    server.upload(OMAR, "workplaces.csv", roster().encode())
    await busy_house.hears(OMAR, "Question 1 of 10", before[OMAR])
    assert [len(server.chats[who].from_bot) - before[who] for who in (OLGA, OMAR)] == [1, 1]


@pytest.mark.parametrize(("name", "size"), [("walkout.pdf", 10), ("walkout", 10), ("roster.csv", 5_000_001)])
async def test_a_file_that_cannot_be_half_a_draft_is_not_even_fetched(busy_house: House, name: str, size: int) -> None:
    server = busy_house.server
    fetched, before = len(server.called("getFile")), len(server.chats[OLGA].from_bot)
    server.upload(OLGA, name, bytes(size))
    answer = await busy_house.hears(OLGA, "To draft a walkout", before)
    assert answer["text"].startswith("To draft a walkout, send me its workplaces as a file")
    assert len(server.called("getFile")) == fetched


async def test_a_file_that_comes_haltingly_is_fetched_again(busy_house: House) -> None:
    server = busy_house.server
    before = len(server.requests)
    server.plan("getFile", broken(500))
    server.upload(OMAR, "walkout.toml", _terms())
    await busy_house.until(lambda: sends(server, OMAR, before))
    await busy_house.quiet()
    assert len(sends(server, OMAR, before)) == 1


async def test_a_draft_with_two_approvals_needs_two_organizers(busy_house: House) -> None:
    server = busy_house.server
    before = len(server.chats[OLGA].from_bot)
    server.upload(OLGA, "walkout.toml", _terms(approvals=2))
    server.upload(OLGA, "workplaces.csv", roster().encode())
    drafted = await busy_house.hears(OLGA, "Drafted", before)
    walkout = drafted["text"].partition("/open ")[2].partition(".")[0]
    for _ in range(2):
        answer = await busy_house.sure(OLGA, f"/open {walkout}")
        assert "1 more organizer must approve it" in answer["text"]
    await busy_house.hears(OMAR, "Do you approve?")
    assert "is open for pledges" in (await busy_house.sure(OMAR, f"/open {walkout}"))["text"]


async def test_a_suspension_is_ended_on_the_server_while_the_bot_runs(busy_house: House) -> None:
    server, ana = busy_house.server, busy_house.server.person(name="Ana")
    await _becomes_organizer(busy_house, ana, await _code(busy_house))
    listed = (await busy_house.ask(OLGA, "/roles"))["text"].partition("Organizers: ")[2].splitlines()[0].split(", ")
    newest = max((name for name in listed if name.startswith("organizer")), key=lambda name: (len(name), name))
    heard = {who: len(server.chats[who].from_bot) for who in (OMAR, ana)}
    assert f"{newest} is suspended until" in (await busy_house.sure(OLGA, f"/suspend {newest}"))["text"]
    await busy_house.hears(OMAR, "find out which of the two accounts", heard[OMAR])
    for who in (ana, OLGA):
        assert "Nothing changed." in (await busy_house.ask(who, "/roles"))["text"]
    assert server.chats[ana].texts[heard[ana] :][0].startswith("You are suspended until")
    assert "can go on" in await busy_house.allout("suspensions", "--end", newest)
    await busy_house.hears(ana, "has ended a suspension", heard[ana])
    assert "Organizers: " in (await busy_house.ask(ana, "/roles"))["text"]
