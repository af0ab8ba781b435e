from __future__ import annotations

import pytest

from bot.process.clock import real_clock
from handlers.conversation.messages import language_carried
from handlers.texts.languages import LANGUAGES
from tests.catalogues import MARKED, without_isolates
from tests.discord.house import ENTER_CARD, OLGA, City, House, found
from tests.fixed import (
    PLEDGED_BUTTONS,
    PLEDGED_IN_SPANISH,
    TERMS_BUTTONS,
    TERMS_IN_SPANISH,
    WITHDRAWN_BUTTONS,
    WITHDRAWN_IN_SPANISH,
)

ENTER_IN_SPANISH = "Ingresar mi tarjeta"
NAMES = [each.name for each in LANGUAGES if each.code != "en"]


async def test_everybody_is_answered_in_the_language_of_their_app(house: House, city: City) -> None:
    server = house.server
    room = server.room(server.guild())
    rosa, ana = server.person(name="Rosa", locale="es-419"), server.person(name="Ana", locale="en-GB")
    await house.start()
    for person, enter, opened, presses in (
        (
            rosa,
            ENTER_IN_SPANISH,
            ("Te comprometerías por School.", "Solo tú ves esto", TERMS_IN_SPANISH),
            (
                ("Comprometerme", "Registrado. School: tu compromiso cuenta.", PLEDGED_IN_SPANISH),
                ("Revisar", "Tu compromiso cuenta.", PLEDGED_IN_SPANISH),
                ("Retirar", "Retirado. Tu compromiso ya no cuenta.", WITHDRAWN_IN_SPANISH),
            ),
        ),
        (
            ana,
            ENTER_CARD,
            ("You would pledge for School.", "Only you see this", TERMS_BUTTONS),
            (
                ("Pledge", "Recorded. School: your pledge stands.", PLEDGED_BUTTONS),
                ("Check", "Your pledge stands.", PLEDGED_BUTTONS),
                ("Withdraw", "Taken back. Your pledge no longer counts.", WITHDRAWN_BUTTONS),
            ),
        ),
    ):
        terms, only_you, buttons = opened
        welcome = await house.command(person, "start", room)
        card = await house.enter(welcome, city.take(), person, enter)
        assert terms in card.text
        assert only_you in card.text
        assert card.labels == buttons
        for label, said, then in presses:
            card = await house.press(card, label, person)
            assert said in card.text
            assert card.labels == then
    refused = await house.command(rosa, "organize board", room)
    assert refused.text.startswith("Eso es para el comité organizador.")
    await house.stop()
    assert (await house.standing(city))["School"] == 0


@pytest.mark.parametrize("locale", ["es-ES", "es-419"])
async def test_the_form_for_the_card_speaks_spanish(house: House, city: City, locale: str) -> None:
    server = house.server
    rosa = server.person(name="Rosa", locale=locale)
    await house.start()
    asked = server.press(await house.command(rosa, "start"), ENTER_IN_SPANISH, rosa)
    await house.until(lambda: asked.settled)
    assert asked.modal is not None
    assert asked.modal.title == ENTER_IN_SPANISH
    (field,) = asked.modal.fields.values()
    assert field.label == "Las 20 letras y cifras de tu tarjeta"
    await house.stop()


async def test_commands_are_described_in_spanish_too_and_told_again_only_where_that_differs(house: House) -> None:
    server = house.server

    def told() -> int:
        return sum(
            request.call.endswith("/commands") and request.call.startswith("PUT ") for request in server.requests
        )

    await house.start()
    await house.stop()
    assert told() == 1
    start = next(one for one in server.commands.values() if one["name"] == "start")
    for locale in ("es-ES", "es-419"):
        assert start["description_localizations"][locale] == "abrir tu tarjeta"
        assert start["options"][0]["description_localizations"][locale] == "las 20 letras y cifras de tu tarjeta"
    await house.start()
    await house.stop()
    assert told() == 1
    start["description_localizations"]["es-ES"] = "otra cosa"
    await house.start()
    await house.stop()
    assert told() == 2


async def test_who_asked_and_every_room_are_told_in_their_own_language(house: House) -> None:
    server = house.server
    server.person(OLGA)
    rosa, ana = server.person(name="Rosa", locale="es-419"), server.person(name="Ana", locale="en-GB")
    guild = server.guild()
    here, there = server.room(guild, "the-city"), server.room(guild, "la-ciudad")
    city = await found(house, opened=real_clock(), organizing=[OLGA], rooms={here: None})
    await house.start()
    bound = await house.command(OLGA, "organize room", there, scope="citywide", language="es")
    assert "in this language: Español." in bound.text
    for person, presses in (
        (rosa, ("Comprometerme", "Avísame", "Sí, avísame")),
        (ana, ("Pledge", "Tell me", "Yes, tell me")),
    ):
        card = await house.command(person, "start", card=city.take())
        for label in presses:
            card = await house.press(card, label, person)
    await house.sure(OLGA, "organize calloff")
    heard = (
        ("Cancelado. ", "Nadie sale al paro: ve a trabajar como siempre.", "· verifícalo: /verify"),
        ("Called off. ", "Nobody walks out: go to work as usual.", "/verify"),
    )
    told = (*heard[0][:2], "Tu dirección se borra"), (*heard[1][:2], "Your address is deleted")
    chats = (there, here, server.dm(rosa), server.dm(ana))
    await house.until(lambda: all(_called_off(house, chat) for chat in chats))
    for chat, words in zip(chats, (*heard, *told), strict=True):
        (said,) = _called_off(house, chat)
        assert all(word in said for word in words)
    assert [house.from_bot(chat)[-1].labels for chat in chats[2:]] == [["Borrar este chat"], ["Clear this chat"]]
    await house.stop()


def _called_off(house: House, channel: int) -> list[str]:
    texts = [message.text for message in house.from_bot(channel)]
    return [text for text in texts if text.startswith(("Cancelado. ", "Called off. "))]


async def test_bengali_is_chosen_and_stays_from_the_form_to_the_letter_and_over_a_restart(
    house: House,
) -> None:
    house.planted = MARKED
    server = house.server
    server.person(OLGA)
    rosa = server.person(name="Rosa", locale="en-US")
    room = server.room(server.guild())
    city = await found(house, opened=real_clock(), organizing=[OLGA])
    await house.start()
    page = await house.command(rosa, "language", room)
    assert page.labels == ["✓ English", *NAMES]
    welcome = await house.press(page, "বাংলা", rosa)
    assert welcome.labels == [f"⟦bn⟧{ENTER_CARD}", "⟦bn⟧Language 文 বা ع"]
    await house.stop()
    await house.start()
    card = await house.enter(welcome, city.take(), rosa, f"⟦bn⟧{ENTER_CARD}")
    for label in ("Pledge", "Check", "Withdraw", "Pledge", "Tell me", "Yes, tell me"):
        card = await house.press(card, f"⟦bn⟧{label}", rosa)
        assert "⟦bn⟧" in card.text
        assert {language_carried(button.custom_id or "")[1] for button in card.buttons.values()} == {"bn"}
    assert "⟦bn⟧" not in (await house.command(rosa, "help", room)).text
    await house.sure(OLGA, "organize calloff")
    await house.until(lambda: any("⟦bn⟧Called off. " in each.text for each in house.from_bot(server.dm(rosa))))
    letter = house.from_bot(server.dm(rosa))[-1]
    assert "⟦bn⟧" in (await house.press(letter, "⟦bn⟧Clear this chat", rosa)).text
    await house.stop()


@pytest.mark.parametrize(("locale", "script"), [("zh-CN", "zh-Hans"), ("zh-TW", "zh-Hant"), ("ar", "ar")])
async def test_what_a_client_speaks_is_answered_in_its_own_script(house: House, locale: str, script: str) -> None:
    house.planted = MARKED
    rosa = house.server.person(name="Rosa", locale=locale)
    await house.start()
    assert f"⟦{script}⟧" in without_isolates((await house.command(rosa, "start")).text)
    await house.stop()
