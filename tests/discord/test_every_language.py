"""On Discord: a walkout is played whole in each language that its clients speak, and rooms hear every language."""

from __future__ import annotations

from bot.domain.model import StepKind
from bot.process.clock import real_clock
from bot.secrets.card_codes import mint
from handlers.texts import notices, workers
from handlers.texts.catalogue import languages, speaking
from handlers.texts.languages import LANGUAGES
from tests import spoken
from tests.discord.house import City, House, found
from tests.discord.world import Message
from tests.house import let_deadline_pass, let_tally_come


async def test_a_walkout_is_played_whole_in_each_language(house: House) -> None:
    server = house.server
    guild = server.guild()
    rooms = {server.room(guild): language for language in languages()}
    people = {server.person(locale=each.discord[0]): each.code for each in LANGUAGES if each.discord}
    city = await found(
        house,
        opened=real_clock(),
        rooms=dict.fromkeys(rooms, "School"),
        spoken_in=rooms,
        citywide_threshold=len(people),
        confirm_tallies=2,
    )
    await house.start()
    for person, language in people.items():
        for message in await pledges(house, city, person, language):
            spoken.check(language, message.text, message.labels, city.walkout)
    await every_chat_has(house, rooms, 1)  # it is open
    await house.stop()
    let_tally_come(house, city.walkout)
    await house.start()
    await every_chat_has(house, rooms, 2)  # it has its number
    await house.stop()
    let_deadline_pass(house, city.walkout)
    await house.start()
    await every_chat_has(house, rooms, 3)  # it is on
    letters = {server.dm(person): language for person, language in people.items()}
    await every_chat_has(house, letters, 1)
    for person, language in people.items():
        helped = await house.command(person, "help")
        spoken.check(language, helped.text, helped.labels, city.walkout)
    await house.stop()
    for chat, language in (rooms | letters).items():
        for message in house.from_bot(chat):
            spoken.check(language, message.text, message.labels, city.walkout)


async def pledges(house: House, city: City, person: int, language: str) -> list[Message]:
    """Do all that a worker does; give all that they read."""
    with speaking(language):
        read, pledge, check = workers.read_label(), workers.pledge_label(StepKind.WALKOUT), workers.check_label()
        withdraw, tell, yes = workers.withdraw_label(), notices.ask_label(), notices.yes_label()
    said = [await house.command(person, name) for name in ("start", "help", "privacy")]
    said.append(await house.command(person, "start", card=mint()))
    said.append(await house.command(person, "start", card=city.take()))
    for label in (pledge, check, withdraw, pledge, read, tell, yes):
        said.append(await house.press(said[-1], label, person))
    return said


async def every_chat_has(house: House, chats: dict[int, str], many: int) -> None:
    await house.until(lambda: all(len(house.from_bot(chat)) >= many for chat in chats))
