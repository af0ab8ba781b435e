"""On Discord: one walkout from "on" to the closing word, at a workplace that walks out and at one that misses."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from bot.domain.roles import Role
from bot.secrets.keys import Person
from bot.usecases import roles
from bot.usecases.context import RequestContext
from handlers.discord.chat import PLATFORM
from tests.console.play import PLEDGE_BY, STARTS, bare
from tests.discord.dialogues.house import HOUR, City, House, Seat
from tests.discord.dialogues.test_notices import ASK, YES

TITLE = "One day for the rent freeze · New York"
ON_THE_DAY = "Meet at nine at your own door; legal line 555-0100."
WHEN = "Sat 12 Dec 2026, 09:00"
TO_WORK = "Tell people: go to work as usual. Do not ask who pledged."
TO_WAIT = "Tell people: work as usual until the day, and then walk out together. Do not ask who pledged."


async def steward(house: House, city: City, olga: Seat, name: str, place: str) -> Seat:
    """Let somebody become one."""
    seat, places = house.privately(name), await house.places(city)
    desks = [
        RequestContext(
            who=Person(PLATFORM, each.account), store=house.app.store, keys=house.app.keys, clock=house.clock
        )
        for each in (olga, seat)
    ]
    made = await roles.appoint(desks[0], Role.STEWARD, name, walkout=city.walkout, place=places[place])
    used = await roles.redeem(desks[1], made.code)
    assert used is not None
    await roles.settle(desks[0], used.id, confirmed=True)
    return seat


async def asks(house: House, city: City, name: str, place: str) -> Seat:
    """Let somebody pledge and ask to be told."""
    seat = house.somebody(name)
    card = await seat.pledge(city.take(place))
    await seat.press((await seat.press(card.last, ASK)).last, YES)
    return seat


async def test_each_hears_yes_or_no_at_on_and_at_the_deadline_and_the_last_days_if_it_is_yes(house: House) -> None:
    city = await house.city(citywide_threshold=6, if_disciplined="Call 555-0199 at once.")
    olga = await house.organizer()
    everywhere, depot, school = (house.server.create_text_channel(name) for name in ("all", "depot", "school"))
    await house.env.settle()
    for room, scope in ((everywhere, "citywide"), (depot, "Depot"), (school, "School")):
        await Seat(olga.member, room).slash("organize room", scope=scope)
    stella, sam = [await steward(house, city, olga, *who) for who in (("stella", "Depot"), ("sam", "School"))]
    ana, bo = [await asks(house, city, *who) for who in (("ana", "Depot"), ("bo", "School"))]
    await house.stand(city, "Depot", 5)
    await house.due()
    rooms = {"city": everywhere, "depot": depot, "school": school}
    people = {"olga": olga, "stella": stella, "sam": sam, "ana": ana, "bo": bo}
    hear = {name: partial(house.posted, room) for name, room in rooms.items()}
    hear |= {name: partial(house.told, seat) for name, seat in people.items()}
    before = {name: len(heard()) for name, heard in hear.items()}

    def news() -> dict[str, list[str]]:
        fresh = {name: [bare(text) for text in heard()[before[name] :]] for name, heard in hear.items()}
        before.update({name: len(heard()) for name, heard in hear.items()})
        return {name: texts for name, texts in fresh.items() if texts}

    await house.due(HOUR)
    on = news()
    assert on.keys() == hear.keys()
    assert on["depot"] == [
        f"It is on, and Depot walks out on {WHEN}. Until then, work as usual.\nat the Depot gate\n{ON_THE_DAY}"
    ]
    assert on["stella"] == [f"{on['depot'][0]}\n\n{TO_WAIT}"]
    [not_yet] = on["school"]
    assert not_yet == (
        f"It is on across the city, for {WHEN}. School does not walk out unless it reaches its number by "
        "Tue 8 Dec 2026, 20:00.\nWork as usual until I say here that it does. At the last count I say here yes or no."
    )
    assert on["sam"][0].startswith(not_yet)
    assert on["olga"][0].startswith(f"It is on. {TITLE}\nDepot walks out on {WHEN}.\n2 other workplaces do not, unless")
    assert on["city"][0].startswith(f"It is on. {TITLE}\nEvery workplace that has reached its number walks out on")
    assert "Depot" not in on["city"][0]
    assert on["bo"][0].endswith("Work as usual.\nI write again after the last count, with yes or no.")

    await house.due(PLEDGE_BY - house.clock())
    last = news()
    no = (
        f"{TITLE}\nSchool did not reach its number. School does NOT walk out on {WHEN}. Go to work as usual. "
        "Nobody learns who pledged."
    )
    yes = (
        f"{TITLE}: the last count is taken. Depot walks out on {WHEN}. Until then, work as usual.\nat the Depot gate\n"
        f"{ON_THE_DAY}"
    )
    rest = {name: last.pop(name) for name in ("city", "olga")}
    assert last == {
        "depot": [yes],
        "stella": [f"{yes}\n\n{TO_WAIT}"],
        "ana": [yes],
        "school": [no],
        "sam": [f"{no}\n\n{TO_WORK}"],
        "bo": [no],
    }
    assert "No other workplace walks out." in rest["city"][0]
    assert f"Depot walks out on {WHEN}.\n2 other workplaces do not.\n\n" in rest["olga"][0]

    for moment, said in ((STARTS - timedelta(days=1), "Reminder: "), (STARTS, "It begins: ")):
        await house.due(moment - house.clock())
        day = news()
        assert day.keys() == {"city", "depot", "stella", "ana"}
        assert all(text.startswith(said) and WHEN in text for texts in day.values() for text in texts)
        assert "at the Depot gate" in day["ana"][0]

    await house.due(timedelta(days=1))
    thanks = news()
    assert thanks.keys() == {"city", "depot", "stella", "olga"}
    [said] = {text for texts in thanks.values() for text in texts}
    assert said == (
        f"{TITLE}: thank you to everybody who walked out, and to everybody who stood by them.\n\n"
        "If somebody is disciplined: Call 555-0199 at once."
    )
