from __future__ import annotations

import re

from tests.discord.faults import broken, dropped, forbidden, limited, not_found
from tests.discord.house import OLGA, City, House, found
from tests.discord.server import SEND

MARK = "what-nobody-may-read"


async def test_a_bot_in_trouble_tells_nothing_even_in_pythons_development_mode(house: House, city: City) -> None:
    server, worker = house.server, house.server.person(name="Rosalind")
    server.person(OLGA, name="Olga")
    await found(house, organizing=[OLGA])
    guild = server.guild("Warehouse nine")
    room = server.room(guild, "loading-dock")
    await house.start(PYTHONDEVMODE="1", PYTHONASYNCIODEBUG="1")
    server.raw("INTERACTION_CREATE", {"id": MARK, "token": MARK})
    server.raw("MESSAGE_CREATE", {"content": MARK})
    server.raw("GUILD_CREATE", {"name": MARK})
    server.raw("NO_SUCH_EVENT", {"name": MARK})
    for fault in (limited(0.1), dropped(), not_found(10062)):
        asked = server.command(server.person(name=MARK), "status", room, card=city.take())
        server.plan(f"POST /interactions/{asked.id}/*", fault)
    for fault in (broken(200, MARK.encode()), not_found(10015), broken(400, MARK.encode())):
        asked = server.command(server.person(name=MARK), "status", card=city.take())
        server.plan(f"PATCH /webhooks/*/{asked.token}/*", fault)
    server.plan(SEND, limited(0.1, everywhere=True), forbidden(50007), broken(400, MARK.encode()))
    card = await house.pledge(worker, city.take(), room)
    assert card.ephemeral
    server.gateway.cut()
    for words in (f"/status {city.take()}", MARK, MARK):
        server.say(worker, words)
    await house.command(OLGA, "organize room", room, scope="citywide")
    await house.hears(server.dm(worker), "I did not understand")
    await house.press(card, "Withdraw")
    await house.stop()
    assert MARK not in house.said
    # the rest of what is said is ours: Discord's library says nothing
    ours = re.compile(
        r"AllOut runs as .*"
        r"|WARNING an interaction could not be acknowledged: (10062|\w+)( \(\d+ times\))?"
        r"|WARNING an answer could not be delivered: \w+( \(\d+ times\))?"
        r"|WARNING \w+Warning at [\w./]+:\d+( \(\d+ times\))?"  # of Python's own
        r"|(ERROR|WARNING) discord can(not)? be reached [\w, :]+"  # if it takes its time to come back
        r"|ERROR (INTERACTION|MESSAGE|GUILD)_CREATE could not be read: \w+ at [\w./]+:\d+( \(\d+ times\))?"
    )
    assert [line for line in house.said.splitlines() if not ours.fullmatch(line)] == []
