"""An organizer drafts a walkout by answering one question after another, in the chat with the bot."""

from __future__ import annotations

from datetime import timedelta

import discord
import pytest

from tests.discord.dialogues.house import Answer, House, Seat, labels

LIST = ("pay.csv", b"Company;Staff\nNorth Depot;120\nMarket Hall;40\nKiosk;6\nTotal;166\n")


class Draft:
    """The organizer, and what they are asked now."""

    def __init__(self, house: House, seat: Seat) -> None:
        self.house, self.seat = house, seat
        self.asked: discord.Message | None = None
        self.answer: Answer | None = None

    @property
    def text(self) -> str:
        return self.answer.text if self.answer else self.asked.content if self.asked else ""

    @property
    def buttons(self) -> list[str]:
        return self.answer.buttons if self.answer else labels(self.asked) if self.asked else []

    async def begin(self) -> None:
        self.answer = await self.seat.slash("organize draft")

    async def say(self, text: str, *files: tuple[str, bytes]) -> str:
        *_before, self.asked = await self.house.write(self.seat, text, *files)
        self.answer = None
        return self.text

    async def press(self, label: str) -> str:
        message = self.answer.last if self.answer else self.asked
        assert message is not None
        self.answer = await self.seat.press(message, label)
        return self.text

    async def files(self) -> list[tuple[str, bytes]]:
        """Have both files handed over."""
        assert self.answer is not None
        pressed = [await self.seat.press(self.answer.last, f"{of} as a file") for of in ("Terms", "Workplaces")]
        attached = [attachment for answer in pressed for attachment in answer.last.attachments]
        return [(each.filename, await each.read()) for each in attached]


@pytest.fixture
async def draft(house: House) -> Draft:
    return Draft(house, Seat((await house.organizer("olga")).member, None))


async def answer_until_the_list(draft: Draft) -> None:
    await draft.begin()
    await draft.say("A day for the bus")
    await draft.say("A bus every ten minutes\nNobody drives alone at night")
    assert "New York: times are those of America/New" in await draft.say("New York")
    day = (draft.house.clock() + timedelta(days=60)).strftime("%d %b %Y")
    assert "in New York, in 60 days" in await draft.say(f"{day} noon")
    await draft.press(draft.buttons[1])


async def answer_all(draft: Draft) -> str:
    await answer_until_the_list(draft)
    assert 'called "Total", with 166 people: the sum of the rows before it' in await draft.say("", LIST)
    assert "3 workplaces, 166 people; left out: 1 total" in await draft.press("Leave out")
    assert "Kiosk" in await draft.press("65%")
    assert "160 work there" in await draft.press("Leave out")
    await draft.press("64 people (40 %)")
    await draft.press("1")
    await draft.say("Meet at nine at your own door.")
    return await draft.press("Leave out")


async def test_from_the_first_question_to_open(house: House, draft: Draft) -> None:
    said = await answer_all(draft)
    for file in house.data.iterdir():
        assert file.is_socket() or b"for the bus" not in file.read_bytes(), file.name
    assert "Nothing is made yet." in said
    assert "2 workplaces, 160 people." in said
    assert "On at 64 pledges citywide" in said
    assert await house.app.store.walkouts() == []
    assert "A bus every ten minutes" in await draft.press("What workers read")
    draft.answer = await draft.seat.slash("organize draft")
    assert "Drafted: A day for the bus" in await draft.press("Make the draft")
    [walkout] = await house.app.store.walkouts()
    assert (walkout.terms.title, walkout.terms.timezone) == ("A day for the bus", "America/New_York")
    assert walkout.terms.on_the_day == "Meet at nine at your own door."
    assert [place.threshold for place in await house.app.store.units(walkout.id)] == [26, 78]
    assert "is open for pledges" in (await draft.seat.sure("organize open")).text


async def test_in_a_server_it_says_where_to_write_the_answer(house: House, draft: Draft) -> None:
    among_others = Seat(draft.seat.member, house.channel)
    for _ in range(2):
        asked = await among_others.slash("organize draft")
        assert asked.text.endswith("write it to me in a direct message.")
    assert "Question 2 of 11" in await draft.say("A day for the bus")
    assert "direct message" not in draft.text


async def test_every_answer_is_still_there_after_a_restart(house: House, draft: Draft) -> None:
    await answer_until_the_list(draft)
    await house.restart()
    assert "left out: 1 total" not in await draft.say("", LIST)
    await house.restart()
    await draft.begin()
    assert "Is it a total?" in draft.text
    assert "left out: 1 total" in await draft.press("Leave out")


async def test_a_button_pressed_too_late_changes_nothing(draft: Draft) -> None:
    await answer_until_the_list(draft)
    assert draft.answer is not None
    await draft.say("North Depot 120\nMarket Hall 40")
    assert draft.asked is not None
    await draft.house.press_at_once(draft.seat, (draft.asked, "50%"), (draft.asked, "75%"))
    await draft.begin()
    assert "Question 8 of 11" in draft.text
    assert "Now: 50%" in await draft.press("Back")


async def test_back_and_change_and_keep(draft: Draft) -> None:
    await answer_all(draft)
    await draft.press("Change something")
    await draft.press("Title")
    assert "Now: A day for the bus" in draft.text
    assert "A day for the trains" in await draft.say("A day for the trains")
    await draft.press("Change something")
    await draft.press("Deadline")
    await draft.press("Keep it")
    assert "Nothing is made yet." in draft.text
    await draft.press("Change something")
    await draft.press("Workplaces")
    await draft.say("Depot 50")
    assert "How many have to pledge at a workplace" in draft.text  # what depends on the list is asked anew
    await draft.press("Back")
    assert "Now: 1 workplace, 50 people" in draft.text


async def test_back_from_what_a_list_leaves_open_leads_to_the_list(draft: Draft) -> None:
    await answer_until_the_list(draft)
    await draft.say("", LIST)
    assert "Is it a total?" in draft.text
    assert "Which workplaces" in await draft.press("Back")
    await draft.say("Kiosk 6\nDepot 50")
    assert "Kiosk" in await draft.press("65%")
    assert "How many have to pledge at a workplace" in await draft.press("Back")
    assert "Now: 80%" in await _back_after(draft, "80%")


async def _back_after(draft: Draft, share: str) -> str:
    await draft.say(share)
    return await draft.press("Back")


async def test_a_total_that_is_kept_is_asked_about_once(draft: Draft) -> None:
    await answer_until_the_list(draft)
    await draft.say("", LIST)
    assert "4 workplaces, 332 people" in await draft.press("Keep")
    assert "Kiosk" in await draft.press("65%")


async def test_a_list_with_numbers_of_its_own_is_asked_for_no_share(draft: Draft) -> None:
    await answer_until_the_list(draft)
    said = await draft.say("", ("w.csv", b"workplace,headcount,threshold\nDepot,50,30\nHall,20,65%\n"))
    assert "Question 7 of 10" in said
    assert "in the whole city" in said
    assert "Which workplaces" in await draft.press("Back")


async def test_another_city_asks_anew_when_it_is_but_the_same_clocks_do_not(draft: Draft) -> None:
    await answer_all(draft)
    for city, asked in (("NYC", "Nothing is made yet."), ("Chicago", "When do people walk out?")):
        await draft.press("Change something")
        await draft.press("City")
        assert asked in await draft.say(city)


@pytest.mark.parametrize(
    ("typed", "refused"),
    [
        ("x" * 201, "at most 200"),
        ("a\u202eb", "U+202E"),
    ],
)
async def test_what_is_no_title_is_refused_by_the_rules_of_the_file(draft: Draft, typed: str, refused: str) -> None:
    await draft.begin()
    assert refused in await draft.say(typed)
    assert "Question 1 of 11" in draft.text


async def test_times_that_cannot_be_are_refused_and_two_meanings_are_asked(draft: Draft) -> None:
    await draft.begin()
    for said in ("A day", "", "Springfield"):
        await (draft.say(said) if said else draft.press("Leave out"))
    assert "Which time zone does Springfield have?" in draft.text
    assert "I know no time zone of Nowhere" in await draft.say("Nowhere")
    await draft.say("Chicago")
    assert "is past in Chicago" in await draft.say("1 May 2020 noon")
    assert "can mean two things" in await draft.say("5/6/2099 12:00")
    assert len(draft.buttons) == 4
    assert "Until when may people pledge" in await draft.press(draft.buttons[0])
    assert "It has to be 1 hour before" in await draft.say(
        "6 May 2099 11:30 am" if "6 May" in draft.text else "5 Jun 2099 11:30 am"
    )


async def test_numbers_that_cannot_be_are_refused(draft: Draft) -> None:
    await answer_until_the_list(draft)
    await draft.say("North Depot 120\nMarket Hall 40")
    await draft.press("65%")
    assert "Only 160 people work at your workplaces." in await draft.say("161")
    assert "at least 5" in await draft.say("4")
    assert "Write a whole number" in await draft.say("many")
    assert "Question 9 of 11" in await draft.say("25%")
    assert "Write a whole number, 1 or more." in await draft.say("0")
    assert "Write a whole number, 1 or more." in await draft.say("50%")
    assert "Question 10 of 11" in await draft.say("2")


async def test_a_card_is_a_card_and_a_command_a_command_while_something_is_asked(house: House, draft: Draft) -> None:
    city = await house.city()
    await draft.begin()
    assert "One day for the rent freeze" in await draft.say(city.take())
    assert "What comes next" in (await draft.seat.slash("help")).text
    await draft.begin()
    assert "Question 1 of 11" in draft.text
    assert "Question 2 of 11" in await draft.say("Is this bot real?")  # a question can be a title


async def test_it_is_thrown_away_only_when_asked_twice(house: House, draft: Draft) -> None:
    await answer_until_the_list(draft)
    await draft.press("Stop")
    assert "Question 6 of 11" in await draft.press("Go on")
    await draft.press("Stop")
    assert "Thrown away" in await draft.press("Throw it away")
    assert await house.app.store.oldest_sketch() is None
    [said] = await house.write(draft.seat, "A title")
    assert said.content.startswith("I did not understand that")


async def test_it_is_forgotten_after_a_week(house: House, draft: Draft) -> None:
    await answer_until_the_list(draft)
    await house.due(timedelta(days=7))
    assert await house.app.store.oldest_sketch() is None


async def test_the_files_are_handed_over_and_make_the_same_draft(house: House, draft: Draft) -> None:
    await answer_all(draft)
    await draft.press("Make the draft")
    *_asked, said = await house.write(draft.seat, "", *await draft.files())
    assert "Drafted: A day for the bus" in said.content
    one, two = await house.app.store.walkouts()
    assert one.terms == two.terms
    [first] = [each.id for each in (one, two) if f"{each.id} has the same title" in said.content]
    assert f"2 of 2 workplaces are in {first} as well" in said.content


async def test_examples_of_the_two_files_are_there_before_anything_is_answered(house: House, draft: Draft) -> None:
    await draft.begin()
    *_asked, said = await house.write(draft.seat, "", *await draft.files())
    assert "Drafted: A day for the bus" in said.content


async def test_two_organizers_drafts_do_not_mix(house: House, draft: Draft) -> None:
    omar = Draft(house, Seat((await house.organizer("omar")).member, None))
    await answer_until_the_list(draft)
    await omar.begin()
    assert "Question 2 of 11" in await omar.say("Another day")
    await draft.begin()
    assert "Question 6 of 11" in draft.text
