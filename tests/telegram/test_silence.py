from __future__ import annotations

from tests.telegram.house import OLGA, City, House, found
from tests.telegram.server import broken, dropped, refused

MARK = "what-nobody-may-read"


async def test_a_bot_in_trouble_tells_nothing_even_in_pythons_development_mode(house: House, city: City) -> None:
    server, worker = house.server, house.server.person(name="Rosalind")
    server.person(OLGA, name="Olga")
    await found(house, organizing=[OLGA])
    room = server.room(title="Loading dock")
    await house.start(PYTHONDEVMODE="1", PYTHONASYNCIODEBUG="1")
    server.raw({"message": {"from": {"id": worker, "first_name": "Rosalind"}, "text": MARK}})
    server.plan("getUpdates", dropped())
    server.plan("deleteMessage", refused(400, "Bad Request: message can't be deleted"), dropped())
    server.plan("editMessageText", broken(500))
    server.plan("answerCallbackQuery", refused(400, "Bad Request: query is too old"))
    await house.pledge(worker, city.take())
    server.say(worker, f"/status {city.take()}", room)
    server.say(OLGA, f"/room {city.walkout} citywide")
    await house.quiet()
    await house.stop()
    assert MARK not in house.said
