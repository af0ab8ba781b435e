"""What cannot be undone, and stewards, as they are talked about on Discord."""

from __future__ import annotations

import re

from bot.secrets.keys import Person
from bot.usecases import organizers
from handlers.discord.chat import PLATFORM
from tests.discord.dialogues.house import House

NO_ROOM = ["Open all the same", "What workers read", "Are we ready?"]


async def test_it_is_opened_all_the_same_and_called_off_only_when_it_was_read(house: House) -> None:
    city = await house.draft(approvals=1)
    olga = await house.organizer()
    page = await olga.slash("organize open")
    assert page.buttons == NO_ROOM
    assert "No room hears it" in page.text
    assert "is open for pledges" in (await olga.press(page.last, "Open all the same")).text
    page = await olga.slash("organize calloff")
    assert page.buttons == ["Call it off"]
    assert "Tell people yourselves" in page.text
    assert "open" in (await olga.slash("organize board", walkout=city.walkout)).text.splitlines()[0]
    assert "is called off" in (await olga.press(page.last, "Call it off")).text


async def test_a_steward_is_welcomed_and_hears_when_the_role_is_taken_away(house: House) -> None:
    await house.draft(approvals=1)
    olga, ana = house.privately("olga"), house.somebody("ana")
    await organizers.add(Person(PLATFORM, olga.account), "olga", house.app.store, house.app.keys)
    made = await olga.slash("organize appoint", role="steward", workplace="Depot", nickname="Ana")
    code = re.search(r"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}", made.text)
    assert code
    await ana.slash("start", card=code[0])
    await house.due()
    chat = olga.member.user.dm_channel.history(viewer=olga.member.user)
    await olga.press(next(message for message in chat if "Is it them?" in message.content), "Yes, it is them")
    await house.due()
    welcome = house.told(ana)[-1]
    assert "You are steward of Depot now" in welcome
    assert "/organize drawn" in welcome
    assert "has no role any more" in (await olga.sure("organize remove", nickname="Ana")).text
    await house.due()
    assert "You are not steward of Depot any more." in house.told(ana)[-1]
