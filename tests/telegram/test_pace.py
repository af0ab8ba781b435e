from __future__ import annotations

from handlers.telegram.rate_limit import ChatPace

GROUP, PERSON = -100, 100


class Time:
    """A clock set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_group_gets_twenty_messages_a_minute_and_a_person_sixty() -> None:
    for chat, most in ((GROUP, 20), (PERSON, 60)):
        time = Time()
        rate_limit = ChatPace(29, time)
        sent: list[float] = []
        while time.now < 1180:
            time.now += rate_limit.wait_for(chat)
            await rate_limit.news_turn(chat)
            sent.append(time.now)
        for at in sent:
            assert len([other for other in sent if at <= other < at + 60]) <= most
            assert len([other for other in sent if at <= other < at + 1]) == 1
        assert len(sent) > 2.5 * most


async def test_chats_do_not_wait_for_each_other() -> None:
    time = Time()
    rate_limit = ChatPace(29, time)
    await rate_limit.news_turn(GROUP)
    assert rate_limit.wait_for(GROUP) > 1
    assert rate_limit.wait_for(GROUP - 1) == 0
    time.now += 2
    assert rate_limit.wait_for(GROUP) == 0
