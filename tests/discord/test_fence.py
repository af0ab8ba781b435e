"""Another bot with our token, on Discord."""

from __future__ import annotations

from bot.process.clock import real_clock
from tests.discord.faults import refused
from tests.discord.house import OLGA, OMAR, House, found
from tests.discord.world import Json
from tests.fixed import PLEDGED_BUTTONS

KEY = "allout_epoch"
STRANGERS = "f" * 32
OTHERS: Json = {"type": 2, "key": "years", "name": "Years", "description": "Years in the union"}


def record(epoch: str) -> Json:
    """Give what a bot leaves there."""
    return {"type": 1, "key": KEY, "name": "AllOut", "description": epoch}


async def test_a_start_reads_once_and_writes_once_and_leaves_other_records(house: House) -> None:
    server = house.server
    server.role_metadata = [OTHERS]
    await house.start()
    await house.stop()
    calls = [request.verb for request in server.requests if request.path.endswith("/role-connections/metadata")]
    assert calls == ["GET", "PUT"]
    others, ours = server.role_metadata
    assert others == OTHERS
    assert ours == record(ours["description"])


async def test_where_all_records_are_taken_the_bot_goes_on_and_the_doctor_says_so(house: House) -> None:
    house.server.role_metadata = taken = [OTHERS | {"key": f"years_{number}"} for number in range(5)]
    await house.start()
    assert "no_fence" in {one["sign"] for one in await house.examined()}
    await house.stop()
    assert house.server.role_metadata == taken


async def test_two_organizers_let_a_bot_go_on_that_has_stopped(house: House) -> None:
    server, worker = house.server, house.server.person()
    for organizer in (OLGA, OMAR):
        server.person(organizer)
    city = await found(house, opened=real_clock(), organizing=(OLGA, OMAR))
    server.role_metadata = [record(STRANGERS)]
    await house.start()
    await house.hears(server.dm(OLGA), "Another bot answers under my name")
    refusal = await house.command(worker, "start", card=city.cards["School"][0])
    assert "another bot answers under my name" in refusal.text
    assert "another bot answers under my name" in (await house.command(OLGA, "organize calloff")).text
    assert (await house.sure(OLGA, "organize adopt")).text.endswith("I have asked them.")
    asked = await house.hears(server.dm(OMAR), "Let this bot go on")
    await house.press(asked, "Approve", OMAR)
    await house.hears(server.dm(OLGA), "Approved: Let this bot go on")
    (ours,) = server.role_metadata
    assert ours["description"] != STRANGERS
    assert (await house.pledge(worker, city.take())).labels == PLEDGED_BUTTONS
    await house.stop()


async def test_somebody_who_acknowledges_before_us_is_told_of(house: House) -> None:
    server = house.server
    server.person(OLGA)
    await found(house, opened=real_clock(), organizing=[OLGA])
    await house.start()
    for _press in range(5):
        server.plan("POST /interactions/*/callback", refused(400, 40060))
        server.command(OLGA, "help")
    await house.hears(server.dm(OLGA), "Somebody else uses my token on Discord.")
    assert "another bot has taken" not in house.said
    await house.stop()
