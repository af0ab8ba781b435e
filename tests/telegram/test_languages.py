from __future__ import annotations

import json
from collections.abc import Iterable

from bot.process.clock import real_clock
from handlers.conversation.messages import language_carried
from handlers.texts.languages import LANGUAGES
from tests.catalogues import MARKED
from tests.fixed import (
    PLEDGED_BUTTONS,
    PLEDGED_IN_SPANISH,
    TERMS_BUTTONS,
    TERMS_IN_SPANISH,
    WITHDRAWN_BUTTONS,
    WITHDRAWN_IN_SPANISH,
)
from tests.telegram.house import OLGA, City, House, found, labels, room_word, sends
from tests.telegram.server import Json

NAMES = [each.name for each in LANGUAGES if each.code != "en"]


async def test_everybody_is_answered_in_the_language_of_their_app(house: House, city: City) -> None:
    server = house.server
    rosa, ana = server.person(name="Rosa", language="es"), server.person(name="Ana", language="en")
    await house.start()
    for person, opened, presses in (
        (
            rosa,
            ("Te comprometerías por School.", "Borré de este chat tu mensaje con el código.", TERMS_IN_SPANISH),
            (
                ("Comprometerme", "Registrado. School: tu compromiso cuenta.", PLEDGED_IN_SPANISH),
                ("Revisar", "Tu compromiso cuenta.", PLEDGED_IN_SPANISH),
                ("Retirar", "Retirado. Tu compromiso ya no cuenta.", WITHDRAWN_IN_SPANISH),
            ),
        ),
        (
            ana,
            ("You would pledge for School.", "I deleted your message with the code from this chat.", TERMS_BUTTONS),
            (
                ("Pledge", "Recorded. School: your pledge stands.", PLEDGED_BUTTONS),
                ("Check", "Your pledge stands.", PLEDGED_BUTTONS),
                ("Withdraw", "Taken back. Your pledge no longer counts.", WITHDRAWN_BUTTONS),
            ),
        ),
    ):
        terms, deleted, buttons = opened
        card = await house.ask(person, city.take())
        assert terms in card["text"]
        assert card["text"].endswith(deleted)
        assert labels(card) == buttons
        for label, said, then in presses:
            card = await house.press(card, label)
            assert said in card["text"]
            assert labels(card) == then
    refused = await house.ask(rosa, "/board")
    assert refused["text"].startswith("Eso es para el comité organizador.")
    assert "¿Cambiaste de idea?" in (await house.ask(rosa, "/help"))["text"]
    await house.stop()
    assert (await house.standing(city))["School"] == 0


async def test_an_app_that_speaks_spanish_of_some_country_is_answered_in_spanish(house: House, city: City) -> None:
    server = house.server
    people = {code: server.person(language=code) for code in ("es-MX", "es-419", "pt-br", "")}
    await house.start()
    found = {code: labels(await house.ask(person, city.take())) for code, person in people.items()}
    spanish, english = TERMS_IN_SPANISH, TERMS_BUTTONS
    assert found == {"es-MX": spanish, "es-419": spanish, "pt-br": english, "": english}
    await house.stop()


async def test_a_chat_is_bound_and_a_group_is_turned_away_in_the_language_of_whoever_wrote_there(
    house: House, city: City
) -> None:
    server = house.server
    olga, rosa = server.person(name="Olga", language="es"), server.person(name="Rosa", language="es-MX")
    await house.start()
    code = (await house.allout("organizer-code")).split()[-1]
    house.codes.append(code.replace("-", ""))
    assert "Ahora estás en el comité organizador." in (await house.ask(olga, f"/organizer {code}"))["text"]
    offered = await house.ask(olga, "/room citywide")
    assert "En menos de diez minutos" in offered["text"]
    chat = server.room(title="La ciudad")
    server.say(olga, room_word(offered), chat)
    asked = await house.asked_to_bind(olga, room_word(offered))
    assert "¿Quieres que este chat reciba las noticias?" in asked["text"]
    assert labels(asked) == ["Vincular", "Ahora no"]
    assert "noticias de toda la ciudad" in (await house.press(asked, "Vincular"))["text"]

    server.say(rosa, "/help", chat)
    await house.until(lambda: sends(server, chat))
    (sent,) = sends(server, chat)
    assert sent.params["text"] == "Solo hablo en privado."
    await house.stop()


async def test_who_asked_and_every_room_are_told_in_their_own_language(house: House) -> None:
    server = house.server
    server.person(OLGA)
    rosa, ana = server.person(name="Rosa", language="es-MX"), server.person(name="Ana", language="en")
    here, there = server.room(title="The city"), server.room(title="La ciudad")
    city = await found(house, opened=real_clock(), organizing=[OLGA], rooms={here: None})
    await house.start()
    assert "in this language: Español." in (await house.bind(OLGA, there, "citywide es"))["text"]
    for person, presses in (
        (rosa, ("Comprometerme", "Avísame", "Sí, avísame")),
        (ana, ("Pledge", "Tell me", "Yes, tell me")),
    ):
        card = await house.ask(person, f"/start {city.take()}")
        for label in presses:
            card = await house.press(card, label)
    await house.sure(OLGA, "/calloff")
    heard = (
        ("Cancelado. ", "Nadie sale al paro: ve a trabajar como siempre.", "· verifícalo: /verify"),
        ("Called off. ", "Nobody walks out: go to work as usual.", "/verify"),
    )
    told = (*heard[0][:2], "Tu dirección se borra"), (*heard[1][:2], "Your address is deleted")
    chats = (there, here, rosa, ana)
    await house.until(lambda: all(_called_off(server.chats[chat].texts) for chat in chats))
    for chat, words in zip(chats, (*heard, *told), strict=True):
        (said,) = _called_off(server.chats[chat].texts)
        assert all(word in said for word in words)
    assert [labels(house.last(person)) for person in (rosa, ana)] == [["Borrar este chat"], ["Clear this chat"]]
    await house.stop()


def _called_off(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if text.startswith(("Cancelado. ", "Called off. "))]


LANGUAGE = "Language 文 বা ع"


async def test_an_app_that_speaks_bengali_is_answered_in_bengali(house: House, city: City) -> None:
    house.planted = MARKED
    rosa = house.server.person(name="Rosa", language="bn")
    await house.start()
    card = await house.ask(rosa, city.take())
    for label in ("Pledge", "Check", "Withdraw"):
        assert "⟦bn⟧" in card["text"]
        card = await house.press(card, f"⟦bn⟧{label}")
    assert "⟦bn⟧Taken back." in card["text"]
    await house.stop()


async def test_a_chosen_language_stays_on_the_buttons_over_a_restart_and_in_the_letter(
    house: House,
) -> None:
    house.planted = MARKED
    server = house.server
    server.person(OLGA)
    rosa = server.person(name="Rosa", language="en")
    city = await found(house, opened=real_clock(), organizing=[OLGA])
    await house.start()
    card = await house.ask(rosa, city.take())
    page = await house.press(card, LANGUAGE)
    assert labels(page) == ["✓ English", *NAMES]
    card = await house.press(page, "বাংলা")
    assert _carried(card) == {"bn"}
    await house.stop()
    await house.start()
    for label in ("Pledge", "Check", "Withdraw", "Pledge", "Tell me", "Yes, tell me"):
        card = await house.press(card, f"⟦bn⟧{label}")
        assert "⟦bn⟧" in card["text"]
        assert _carried(card) == {"bn"}
    assert "⟦bn⟧" not in (await house.ask(rosa, "/help"))["text"]
    await house.sure(OLGA, "/calloff")
    await house.until(lambda: any("⟦bn⟧Called off. " in text for text in server.chats[rosa].texts))
    letter = house.last(rosa)
    assert _carried(letter) == {"bn"}
    assert "⟦bn⟧" in (await house.press(letter, "⟦bn⟧Clear this chat"))["text"]
    await house.stop()


async def test_a_command_leads_to_the_languages_and_they_to_the_beginning(house: House) -> None:
    rosa = house.server.person(name="Rosa", language="de")
    await house.start()
    assert labels(await house.ask(rosa, "/start")) == [LANGUAGE]
    page = await house.ask(rosa, "/language")
    assert labels(page) == ["✓ English", *(each.name for each in LANGUAGES[1:])]
    welcome = await house.press(page, "Español")
    assert "¿Tienes una tarjeta?" in welcome["text"]
    assert _carried(welcome) <= {"es"}
    await house.stop()


async def test_both_scripts_of_chinese_have_one_menu_and_nothing_is_set_that_telegram_would_refuse(
    house: House,
) -> None:
    house.planted = MARKED
    server = house.server
    rosa = server.person(name="Rosa", language="zh-hant")
    await house.start()
    everybodys = json.dumps({"type": "all_private_chats"})
    menus = {code: menu for (scope, code), menu in server.commands.items() if scope == everybodys}
    assert set(menus) == {"", *(each.telegram for each in LANGUAGES if each.code != "en")}
    assert all(each["description"].startswith("⟦zh-Hans⟧") for each in menus["zh"])
    set_up = [(r.method, r.params.get("language_code", "")) for r in server.requests if r.method == "setMyCommands"]
    assert len(set_up) == len(set(set_up))

    code = (await house.allout("organizer-code")).split()[-1]
    house.codes.append(code.replace("-", ""))
    before = len(server.requests)
    await house.ask(rosa, f"/organizer {code}")
    mine = {code: menu for (scope, code), menu in server.commands.items() if f'"chat_id": {rosa}' in scope}
    assert set(mine) == {"", "zh"}
    assert all(each["description"].startswith("⟦zh-Hant⟧") for each in mine["zh"])
    assert [r.method for r in server.requests[before:]].count("setMyCommands") == 2
    await house.stop()


def _carried(message: Json) -> set[str]:
    under = message["reply_markup"]["inline_keyboard"]
    return {language_carried(button["callback_data"])[1] for row in under for button in row}
