"""What people write to the bot on Discord is read however it comes: forwarded, hidden, as code, in a sentence."""

from __future__ import annotations

import pytest

from bot.secrets.card_codes import pretty
from tests.discord.house import City, House
from tests.fixed import TERMS_BUTTONS

pytestmark = pytest.mark.asyncio(loop_scope="module")

DELETE_IT = "please delete it"


@pytest.mark.parametrize(
    "typed", ["||{}||", "`{}`", "**{}**", "My card is {}, thank you", "https://t.me/your_bot?start={}"]
)
async def test_a_code_anywhere_in_a_message_opens_its_card(busy_house: House, busy_city: City, typed: str) -> None:
    server, code = busy_house.server, busy_city.cards["Depot"][0]
    shown = await busy_house.say(server.person(), typed.format(code if "start=" in typed else pretty(code)))
    assert shown.labels == TERMS_BUTTONS
    assert DELETE_IT in shown.text


async def test_a_forwarded_code_is_read_and_its_writer_asked_to_delete_it(busy_house: House, busy_city: City) -> None:
    server, code = busy_house.server, busy_city.cards["Depot"][0]
    person = server.person()
    server.say(person, "", forwarded=f"your card: {pretty(code)}")
    shown = await busy_house.hears(server.dm(person), DELETE_IT)
    assert shown.labels == TERMS_BUTTONS


async def test_an_unknown_code_is_not_asked_to_be_deleted_so_that_it_can_be_checked(busy_house: House) -> None:
    shown = await busy_house.say(busy_house.server.person(), "ZZZZZ-ZZZZZ-ZZZZ9-99999")
    assert "I do not know this card." in shown.text
    assert DELETE_IT not in shown.text
