from __future__ import annotations

import json

from tests.telegram.house import House
from tests.telegram.server import Json

MARK = "what-nobody-may-read"

SOMEBODY = 8

MALFORMED: list[Json] = [
    {},
    {"message": None},
    {"message": MARK},
    {"message": {"text": MARK}},
    {"message": {"from": {"id": None}, "text": MARK}},
    {"message": {"from": {"id": [1]}, "text": MARK}},
    {"message": {"from": {"id": {"a": 1}}, "text": MARK}},
    {"message": {"from": "somebody", "text": MARK}},
    {"message": {"from": [], "text": MARK}},
    {"message": {"message_id": "x", "date": "y", "chat": {"type": "private", "id": SOMEBODY}, "text": MARK}},
    {"message": {"message_id": 1, "date": 0, "chat": {"type": "private"}, "from": {"first_name": MARK}}},
    {"callback_query": {"id": 7, "from": {"id": SOMEBODY}, "data": MARK}},
    {"callback_query": {"data": [MARK]}},
    {"my_chat_member": {"chat": {"id": MARK}}},
    {"channel_post": [MARK]},
    {"edited_message": {"text": MARK}},
    {"a_kind_of_the_year_2050": {"text": MARK}},
]


async def test_malformed_updates_between_good_ones_hold_nobody_up(house: House) -> None:
    server = house.server
    await house.start()
    early = [server.person() for _ in range(3)]
    late = [server.person() for _ in range(3)]
    for person in early:
        server.say(person, "/help")
    for number in range(96):  # with the early ones a hundred, one unnumbered: Telegram hands out no more
        malformed = json.dumps(MALFORMED[number % len(MALFORMED)])
        # each from somebody else: one person's own are done in order
        server.raw(json.loads(malformed.replace(f'"id": {SOMEBODY}}}', f'"id": {SOMEBODY + number}}}')))
    unnumbered: Json = {"update_id": "the first", "message": {"text": MARK}}
    server.raw(unnumbered)
    for person in late:
        server.say(person, "/help")
    # each is tried for longer than a second, so were they done one by one this would take two minutes
    await house.until(lambda: all(server.chats[person].texts for person in early + late))
    server._pending.remove(unnumbered)  # it can never be confirmed
    await house.quiet()
    assert [len(server.chats[person].texts) for person in early + late] == [1] * 6
    assert MARK not in house.said
