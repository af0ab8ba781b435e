"""Cards and the board at the wire: the bot as people run it, and a Discord that checks every call."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.process.clock import real_clock
from tests.discord.faults import broken, held, lost, refused
from tests.discord.house import OLGA, House, found, sends
from tests.discord.server import SEND
from tests.discord.world import Message
from tests.test_sheets import printed, reading


async def fetched(house: House, message: Message) -> list[str]:
    """Read the cards in a message's file; no log and no store may hold them."""
    [file] = message.files

    def read() -> list[str]:
        with reading(file.data) as pages:
            return printed(pages)

    codes = await asyncio.to_thread(read)
    house.codes += [code.replace("-", "") for code in codes]
    return codes


async def test_cards_go_by_direct_message_once_and_are_deleted_though_the_bot_was_restarted(house: House) -> None:
    server = house.server
    server.person(OLGA, name="Olga")
    await found(house, opened=real_clock(), organizing=(OLGA,))
    await house.start()
    channel = server.room(server.guild())
    await house.sure(OLGA, "organize cards", channel, workplace="School", void="void")
    chat = server.dm(OLGA)
    server.plan(SEND, lost(), broken(502))
    server.plan("PATCH /channels/*/messages/*", lost())
    said = await house.command(OLGA, "organize cards", channel, workplace="School", number="3")
    assert said.ephemeral
    assert said.text.startswith("The cards come in a direct message. I delete it in 10 minutes")
    message = await house.hears(chat, "3 cards for School")
    await house.until(lambda: house.as_it_is(message).files)
    message = house.as_it_is(message)
    await house.until(lambda: server.called("PATCH /channels/*/messages/*")[-1].status == 200)
    assert len(await fetched(house, message)) == 3
    await house.until(lambda: sends(server, chat)[-1].status == 200)
    assert len([one for one in house.from_bot(chat) if one.files]) == 1

    board = await house.command(OLGA, "organize board", channel)
    picture = await house.settled(server.press(board, "Picture", OLGA))
    assert picture.files[0].data.startswith(b"\x89PNG")
    assert picture.ephemeral
    table = await house.command(OLGA, "organize board", channel, filter="csv")
    assert table.files[0].filename.endswith(".csv")

    await house.stop()
    async with house.looked_into() as app:
        now = real_clock()
        [deletion] = await app.store.due_deletions("discord:1100000000000000001", now=now + timedelta(minutes=10))
        await app.store.put_off_deletion(deletion.id, until=now)
    await house.start()
    await house.until(lambda: [one.status for one in server.called("DELETE /channels/*/messages/*")] == [204])
    assert message.id not in server.messages
    await house.command(OLGA, "help")  # and has noted by then that it is done
    await house.stop()
    async with house.looked_into() as app:
        assert await app.store.next_deletion("discord:1100000000000000001") is None


async def test_all_that_is_missing_comes_as_one_file_from_a_button(house: House) -> None:
    server = house.server
    server.person(OLGA, name="Olga")
    await found(house, opened=real_clock(), organizing=(OLGA,))
    await house.start()
    channel = server.room(server.guild())
    for shop in ("School", "Depot"):
        await house.sure(OLGA, "organize cards", channel, workplace=shop, void="void")
    page = await house.command(OLGA, "organize cards", channel)
    assert page.text.startswith("40 cards are missing to the head-counts of all workplaces.")
    server.press(page, "Print all cards", OLGA)
    message = await house.hears(server.dm(OLGA), "40 cards, workplace by workplace")
    await house.until(lambda: house.as_it_is(message).files)
    assert len(set(await fetched(house, house.as_it_is(message)))) == 40
    # chosen once more, from the list of options
    again = await house.command(OLGA, "organize cards", channel, workplace="all")
    assert again.text == "Every workplace has as many cards as people; no card was made."


async def test_while_many_cards_are_drawn_people_go_on_and_the_answer_says_how_far_it_is(house: House) -> None:
    server = house.server
    server.person(OLGA, name="Olga")
    await found(house, opened=real_clock(), organizing=(OLGA,), shops=(("School", 601, 60, "at the School"),))
    await house.start()
    channel = server.room(server.guild())
    await house.sure(OLGA, "organize cards", channel, workplace="School", void="void")
    asked = server.command(OLGA, "organize cards", channel, workplace="School")
    begun = await house.settled(asked)
    seen = asyncio.Event()
    server.plan("PATCH /webhooks/*/*/messages/*", held(seen))
    assert begun.text.startswith("Drawing cards: 0 of 601\nYou can go on here meanwhile")
    assert "Next tally" in (await house.command(OLGA, "help", channel)).text
    chat = server.dm(OLGA)
    assert [one for one in house.from_bot(chat) if "601 cards" in one.text] == []
    seen.set()
    message = await house.hears(chat, "601 cards for School")
    await house.until(lambda: house.as_it_is(message).files)
    said = [one.body["content"] for one in server.called("PATCH /webhooks/*/*/messages/*")]
    assert "Drawing cards: 600 of 601" in said
    assert house.as_it_is(begun).text.startswith("The cards come in a direct message.")


async def test_who_takes_no_direct_messages_gets_one_file_though_an_answer_is_lost(house: House) -> None:
    server = house.server
    server.person(OLGA, name="Olga")
    await found(house, opened=real_clock(), organizing=(OLGA,))
    await house.start()
    channel = server.room(server.guild())
    await house.sure(OLGA, "organize cards", channel, workplace="School", void="void")
    server.plan(SEND, refused(403, 50007))
    server.plan("POST /webhooks/*/*", lost())
    before = set(server.messages)
    await house.command(OLGA, "organize cards", channel, workplace="School", number="3", follow_ups=1)
    await house.until(lambda: [one for one in server.messages.values() if one.id not in before and one.files])
    await house.command(OLGA, "help")
    [with_file] = [one for one in server.messages.values() if one.id not in before and one.files]
    assert with_file.ephemeral
    assert len(await fetched(house, with_file)) == 3


async def test_in_a_chat_of_several_people_only_the_asker_reads_the_answer(house: House) -> None:
    server = house.server
    server.person(OLGA, name="Olga")
    await found(house, opened=real_clock(), organizing=(OLGA,))
    await house.start()
    assert not (await house.command(OLGA, "organize board")).ephemeral  # there they are alone with the bot
    server.among_others = True
    board = await house.command(OLGA, "organize board")
    assert board.ephemeral
    picture = await house.settled(server.press(board, "Picture", OLGA))
    assert picture.ephemeral
