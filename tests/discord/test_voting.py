"""On Discord, at the wire: somebody votes, the bot is killed in the middle of it, and they go on where they were."""

from __future__ import annotations

from tests.discord.house import City, House
from tests.surveys import cast, let_it_be_a_survey


async def test_somebody_votes_and_a_kill_in_the_middle_loses_nothing(house: House, city: City) -> None:
    let_it_be_a_survey(house, city.walkout)
    await house.start()
    ana, ben = house.server.person(), house.server.person()
    card = await house.pledge(ana, city.take(), label="Take part")
    for label in ("Vote", "More pay", "Less heat", "Done"):
        card = await house.press(card, label, ana)
    assert card.labels[:2] == ["A day", "A week"]
    await house.kill()
    await house.start()
    card = await house.press(card, "A week", ana)
    assert "What do we want? More pay, Less heat" in card.text
    old = card
    card = await house.press(card, "Cast my vote", ana)
    assert card.text.startswith("You have voted.")
    assert "Vote anew" in card.labels
    assert old.id == card.id, "what is about to be cast stands nowhere any more"
    other = await house.pledge(ben, city.take(), label="Take part")
    for label in ("Vote", "Leave this out", "A day", "Cast my vote"):
        other = await house.press(other, label, ben)
    await house.stop()
    assert cast(house) == ["000100", "050200"]
