"""An organizer's account in the wrong hands, on Discord."""

from __future__ import annotations

from datetime import timedelta

from tests.discord.dialogues.house import House, Seat, labels


async def test_a_suspended_account_sees_and_does_nothing_and_the_others_decide(house: House) -> None:
    olga, omar, oda = [await house.organizer(name) for name in ("olga", "omar", "oda")]
    await house.draft(approvals=2)
    said = await olga.sure("organize suspend", nickname="omar")
    assert "omar is suspended until" in said.text
    assert "/organize remove omar" in said.text
    await house.due()
    [told] = house.told(oda)
    assert "/organize remove omar or /organize remove olga" in told
    assert house.told(omar) == []
    for name in ("organize roles", "organize audit", "organize open", "organize board"):
        assert (await omar.slash(name)).text.startswith("You are suspended until")
    assert await omar.suggested("organize board", "walkout", "") == []

    assert "1 more organizer" in (await oda.sure("organize remove", nickname="omar")).text
    await house.due()
    chat = olga.member.user.dm_channel
    asked = next(m for m in chat.history(viewer=olga.member.user) if "oda proposes" in m.content)
    assert labels(asked) == ["Approve", "Refuse"]
    assert "Remove omar as organizer: done." in (await Seat(olga.member, None).press(asked, "Approve")).text
    await house.due(timedelta(seconds=1))
    assert house.told(omar) == ["You are no organizer any more. A pledge of yours stays as it is."]
    assert (await omar.slash("organize roles")).text.startswith("That is for organizers.")
    assert "Organizers: oda, olga" in (await olga.slash("organize roles")).text
