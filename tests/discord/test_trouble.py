from __future__ import annotations

import pytest

from tests.discord.faults import (
    Fault,
    broken,
    dropped,
    forbidden,
    limited,
    lost,
    not_found,
    refused,
)
from tests.discord.house import ENTER_CARD, OLGA, City, House, sends
from tests.discord.server import FETCH
from tests.discord.world import Interaction, Message
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSES: dict[str, Fault] = {
    "too many of these": limited(0.3),
    "too many of anything": limited(0.3, everywhere=True),
    "broken": broken(500),
    "no service": broken(503, b"<html>"),
    "cut before": dropped(),
    "cut after": lost(),
    "broken after": broken(502, applied=True),
    "no JSON": broken(200, b"<html>"),
    "no JSON after": broken(200, b"<html>", applied=True),
}
"""What passes by itself."""

REFUSES: dict[str, Fault] = {
    "forgotten": not_found(10062),
    "Cloudflare": limited(60, by_cloudflare=True),
    "forbidden": forbidden(0),
}
"""What does not, or not in time."""


async def opened(house: House, city: City, faults: dict[str, Fault]) -> dict[str, Message]:
    """Let somebody open a card for each kind of trouble."""
    asked = [house.server.command(house.server.person(), "start", card=city.take()) for _ in faults]
    return dict(zip(faults, [await house.settled(each) for each in asked], strict=True))


def callback(asked: Interaction) -> str:
    return f"POST /interactions/{asked.id}/*/callback"


def original(asked: Interaction) -> str:
    return f"PATCH /webhooks/*/{asked.token}/messages/@original"


def below(asked: Interaction) -> str:
    return f"POST /webhooks/*/{asked.token}"


async def says(house: House, person: int, code: str) -> str:
    """Ask how it stands with a card."""
    return (await house.command(person, "status", card=code)).text


def code_of(message: Message) -> str:
    """Read the card's code off its button."""
    return str(message.buttons["Pledge"].custom_id).partition(":")[2].partition(".")[0]


# ---- acknowledgements


async def test_a_press_that_could_be_acknowledged_in_the_end_is_carried_out(busy_house: House, busy_city: City) -> None:
    server, cards = busy_house.server, await opened(busy_house, busy_city, PASSES)
    with busy_house.acknowledging_in_time():
        for name, card in cards.items():
            server.plan(callback(pressed := server.press(card, "Pledge")), PASSES[name])
            assert pressed.response is None
        await busy_house.until(
            lambda: all(busy_house.as_it_is(card).labels == PLEDGED_BUTTONS for card in cards.values())
        )
    pressed_all = [one for one in server.interactions.values() if one.source in {card.id for card in cards.values()}]
    assert [one.follow_ups for one in pressed_all] == [[]] * len(cards)


async def test_a_command_whose_acknowledgement_was_lost_is_answered(busy_house: House, busy_city: City) -> None:
    server, channel = busy_house.server, busy_house.server.room(busy_house.server.guild())
    asked = {name: server.command(server.person(), "start", channel, card=busy_city.take("Depot")) for name in PASSES}
    for name, one in asked.items():
        server.plan(callback(one), PASSES[name])
    for one in asked.values():
        answer = await busy_house.settled(one)
        assert answer.labels == TERMS_BUTTONS
        assert answer.ephemeral


async def test_what_could_not_be_acknowledged_is_not_done_and_nothing_is_said(
    busy_house: House, busy_city: City
) -> None:
    server, cards = busy_house.server, await opened(busy_house, busy_city, REFUSES)
    asked = {}
    for name, card in cards.items():
        asked[name] = server.press(card, "Pledge")
        server.plan(callback(asked[name]), REFUSES[name])
    await busy_house.until(lambda: all(server.called(callback(one))[-1:] for one in asked.values()))
    for name, card in cards.items():
        person = asked[name].by
        assert "stands" not in await says(busy_house, person, code_of(card))
        assert busy_house.as_it_is(card) == card
        assert (asked[name].response, asked[name].follow_ups) == (None, [])
        assert (await busy_house.press(card, "Pledge")).labels == PLEDGED_BUTTONS


async def test_a_press_that_comes_too_late_for_discord_records_nothing_and_says_nothing(
    busy_house: House, busy_city: City
) -> None:
    server, person, code = busy_house.server, busy_house.server.person(), busy_city.take()
    card = await busy_house.command(person, "start", card=code)
    with server.gateway.refusing():
        server.gateway.cut()
        await busy_house.until(lambda: not server.gateway.links)
        pressed = server.press(card, "Pledge")
        server.later(server.rest.windows.answer_s + 1)
    refused_at = await busy_house.until(lambda: server.called(callback(pressed)))
    await busy_house.until(lambda: refused_at[0].status == 404)
    assert "stands" not in await says(busy_house, person, code)
    assert server.view(person, card.channel)[:1] == [card]
    assert pressed.follow_ups == []


# ---- answers


async def test_an_answer_that_could_be_shown_in_the_end_is_shown_once(busy_house: House, busy_city: City) -> None:
    server, cards = busy_house.server, await opened(busy_house, busy_city, PASSES)
    pressed = {name: server.press(card, "Pledge") for name, card in cards.items()}
    for name, one in pressed.items():
        server.plan(original(one), PASSES[name])
    await busy_house.until(lambda: all(busy_house.as_it_is(card).labels == PLEDGED_BUTTONS for card in cards.values()))
    assert [one.follow_ups for one in pressed.values()] == [[]] * len(cards)
    for name, one in pressed.items():
        assert len(server.view(one.by, one.channel)) == 1, name


async def test_a_pledge_whose_answer_could_not_be_shown_stands_all_the_same(busy_house: House, busy_city: City) -> None:
    faults = {"token": not_found(10015), "other words": refused(401, 50027), "gone": not_found(10008)}
    server, cards = busy_house.server, await opened(busy_house, busy_city, faults)
    pressed = {name: server.press(card, "Pledge") for name, card in cards.items()}
    for name, one in pressed.items():
        server.plan(original(one), faults[name])
    await busy_house.until(lambda: all(server.called(original(one))[-1:] for one in pressed.values()))
    for name, card in cards.items():
        assert "Your pledge stands." in await says(busy_house, pressed[name].by, code_of(card))
        assert "You had already pledged" in (await busy_house.press(card, "Pledge")).text


async def test_a_refusal_that_goes_below_the_card_comes_in_the_end(busy_house: House, busy_city: City) -> None:
    server, code = busy_house.server, busy_city.take()
    await busy_house.pledge(server.person(), code)
    faults = {name: fault for name, fault in PASSES.items() if not fault.applied}
    people = [server.person() for _ in faults]
    cards = [await busy_house.command(person, "start", card=code) for person in people]
    pressed = [server.press(card, "Pledge") for card in cards]
    for one, fault in zip(pressed, faults.values(), strict=True):
        server.plan(below(one), fault)
    for one, card in zip(pressed, cards, strict=True):
        assert "used already, from another account" in (await busy_house.settled(one)).text
        assert len(one.follow_ups) == 1
        assert busy_house.as_it_is(card) == card


# ---- forms


async def test_a_form_is_shown_in_the_end_and_taken_although_its_answer_was_lost(
    busy_house: House, busy_city: City
) -> None:
    server, person = busy_house.server, busy_house.server.person()
    welcome = await busy_house.command(person, "start")
    asked = {name: server.press(welcome, ENTER_CARD) for name in PASSES}
    for name, one in asked.items():
        server.plan(callback(one), PASSES[name])
    await busy_house.until(lambda: all(one.settled for one in asked.values()))
    for one in asked.values():
        assert one.modal is not None
        (field,) = one.modal.fields.values()
        entered = server.submit(one.modal, **{field.custom_id: busy_city.cards["Depot"][0]})
        assert (await busy_house.settled(entered)).labels == TERMS_BUTTONS


# ---- direct messages


async def test_a_direct_message_is_answered_once_whatever_goes_wrong(busy_house: House, busy_city: City) -> None:
    server = busy_house.server
    people = {server.person(): fault for fault in PASSES.values()}
    for person, fault in people.items():
        server.plan(f"POST /channels/{server.dm(person)}/messages", fault)
        server.say(person, busy_city.cards["Depot"][0])
    for person in people:
        assert (await busy_house.hears(server.dm(person), "please delete it")).labels == TERMS_BUTTONS
    for person in people:
        await busy_house.say(person, "/help")
    assert [len(busy_house.from_bot(server.dm(person))) for person in people] == [2] * len(people)


async def test_somebody_who_takes_no_direct_messages_troubles_nobody_else(busy_house: House) -> None:
    server, closed, other = busy_house.server, busy_house.server.person(), busy_house.server.person()
    server.people[closed].closed = True
    server.say(closed, "/help")
    await busy_house.until(lambda: sends(server, server.dm(closed)))
    assert "/start" in (await busy_house.say(other, "/help")).text
    assert "/start" in (await busy_house.command(closed, "help")).text  # an interaction's answer needs no permission
    assert len(sends(server, server.dm(closed))) == 1


async def test_a_file_that_discord_does_not_hand_over_is_asked_for_again(busy_house: House) -> None:
    server = busy_house.server
    server.plan(FETCH, dropped())
    got = await busy_house.say(OLGA, "", ("walkout.toml", b"title = 'Again'\n"))
    assert 'the field "starts" is missing' in got.text
    with server.failing(FETCH, broken(503, b"<html>")):
        lost_file = await busy_house.say(OLGA, "", ("walkout.toml", b"title = 'Again'\n"))
    assert "Send it again in a minute." in lost_file.text
