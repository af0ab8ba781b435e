from __future__ import annotations

from tests.telegram.house import (
    PLEDGED_BUTTONS,
    TERMS_BUTTONS,
    WITHDRAWN_BUTTONS,
    City,
    House,
    labels,
    room_word,
    sends,
)

TERMS_IN_SPANISH = ["Comprometerme", "Ahora no"]
PLEDGED_IN_SPANISH = ["Revisar", "Retirar"]
WITHDRAWN_IN_SPANISH = ["Comprometerme", "Revisar"]


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
    assert "retirar tu compromiso" in (await house.ask(rosa, "/help"))["text"]
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
    await house.quiet()
    asked = house.last(olga)
    assert "¿Quieres que este chat reciba las noticias?" in asked["text"]
    assert labels(asked) == ["Vincular", "Ahora no"]
    assert "noticias de toda la ciudad" in (await house.press(asked, "Vincular"))["text"]

    server.say(rosa, "/help", chat)
    await house.quiet()
    (sent,) = sends(server, chat)
    assert sent.params["text"] == "Solo hablo en privado."
    await house.stop()
