"""No update is confirmed before its effect is committed; a poison update blocks nobody.

The bot runs as people run it, between it and the platforms a socket. It ends at one step of its event loop or another,
drawn at random over all that it does with an update, and between two lives the store is compared with what was said.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random
from string import ascii_lowercase

import pytest

from bot.process.clock import real_clock
from bot.secrets.card_codes import pretty
from handlers.conversation import COMMANDS
from handlers.telegram import polling
from tests.discord.faults import late, not_found
from tests.discord.world import BUTTON, ROW, Interaction, Message
from tests.faults import planted
from tests.faults.houses import DiscordHouse, TelegramHouse, discord_house, telegram_house
from tests.faults.trials import Trials, trials
from tests.faults.workers import Act, Someone, Stands, standing
from tests.fixed import TERMS_BUTTONS
from tests.house import SHOPS, City, RunningBot, found
from tests.telegram.house import labels, sends
from tests.telegram.server import Json, refused
from tests.telegram.test_malformed_updates import MALFORMED

WORKERS = 8
LIVES = 10
"""Of bots, in each try; each of them ends with a kill."""

TO_START = 120
"""Steps until a bot on either platform is ready."""

AT_WORK = (50, 200, 800)
"""Steps that it takes for what one of them wants, for all of it, and for all that is left from lives before."""

A_WHILE = timedelta(minutes=5)


def workers(house: RunningBot, city: City, chance: Random, person: Callable[[], int]) -> list[Someone]:
    """Give cards to so many people."""
    shops = [shop for shop, *_ in SHOPS]
    return [
        Someone(account=person(), code=city.take(chance.choice(shops)), walkout=city.walkout) for _ in range(WORKERS)
    ]


def data(act: Act, one: Someone) -> str:
    """Write what stands behind a button."""
    return f"{act}:{one.code}.{one.walkout}" + (":yes" if act == "o" else "")  # having read what it stores


# ---- Telegram: what is not confirmed is delivered again


class OnTelegram:
    """Workers who want something of a bot that ends again and again."""

    def __init__(self, house: TelegramHouse, city: City, chance: Random) -> None:
        self.house, self.city, self.chance = house, city, chance
        self.server = house.server
        self.ends: Counter[str] = Counter()
        self.people = workers(house, city, chance, self.server.person)
        self.cards: dict[int, Json] = {}

    async def play(self) -> None:
        """End one bot after the other on one store."""
        await self.house.start()
        shown = await asyncio.gather(*(self.house.ask(one.account, f"/start {one.code}") for one in self.people))
        self.cards = dict(zip((one.account for one in self.people), shown, strict=True))
        await self.house.kill()
        for _ in range(LIVES):
            await self.live()
            await self.compare()
        await self.settle()

    # ---- what people want

    def act(self) -> None:
        """Let some want something, and some of them two things at once."""
        for one in self.people:
            for _ in range(self.chance.choice((0, 1, 1, 1, 2))):
                self.wants(one, one.chooses(self.chance))

    def wants(self, one: Someone, act: Act) -> None:
        """Press a button of theirs, whatever their card's message looks like by now; or write."""
        if act == "c" and self.chance.random() < 0.5:
            one.acts.append((self.server.say(one.account, f"/status {pretty(one.code)}"), act))
            return
        button = {"text": act, "callback_data": data(act, one)}
        shown = self.cards[one.account] | {"reply_markup": {"inline_keyboard": [[button]]}}
        one.acts.append((self.server.press(shown, act), act))

    def answered(self, update: int) -> bool:
        """Say whether somebody was told that what they pressed is done."""
        press = self.server.updates[update].get("callback_query")
        return press is not None and self.server.callbacks[press["id"]] is not None

    # ---- what becomes of it

    async def live(self) -> None:
        """Let a bot live, and end it somewhere."""
        self.house.strings.ahead += A_WHILE  # people take their time
        fuse = self.chance.randint(1, self.chance.choice(AT_WORK))
        if self.chance.random() < 0.5:
            self.act()
            await self.house.launch(fuse=self.chance.randint(1, TO_START) + fuse)
        else:
            await self.house.start()
            self.house.strings.fuse = fuse
            self.act()
        self.ends["at work" if await self.house.ended_before(self.house._is_quiet) else "at rest"] += 1

    async def compare(self) -> None:
        """See that whatever was confirmed or answered is in the store, and nothing that nobody asked for."""
        unconfirmed = set(self.server.unconfirmed)
        held = await standing(self.house, self.city, self.people)
        for one in self.people:
            acts = [act for _update, act in one.acts]
            confirmed = sum(update not in unconfirmed for update, _act in one.acts)
            # those answered in an earlier life are done once more, in their order, before what came later
            fresh = [n for n, (update, _) in enumerate(one.acts, start=1) if n > one.heard and self.answered(update)]
            surely = max([confirmed, *fresh])
            possible = {one.stood.after(acts[one.done : until]) for until in range(surely, len(acts) + 1)}
            assert held[one.account] in possible, f"{acts} from {one.done}, {surely} surely: {held[one.account]}"
            one.stood, one.done, one.heard = held[one.account], confirmed, max([one.heard, *fresh])

    async def settle(self) -> None:
        """Let a bot do all that is left; everybody hears the truth then, and the store is what they meant it to be."""
        house = self.house
        await house.start()
        await house.quiet()
        house.strings.ahead += A_WHILE
        shown = await asyncio.gather(*(house.ask(one.account, f"/status {one.code}") for one in self.people))
        for one, message in zip(self.people, shown, strict=True):
            assert ("Withdraw" in labels(message)) is one.meant.pledged
        await house.stop()
        assert await standing(house, self.city, self.people) == {one.account: one.meant for one in self.people}


async def play_on_telegram(
    chance: Random, fault: Callable[[], None] | None, *, checked: bool = False, listens: bool = False
) -> OnTelegram:
    """Play with a fresh store."""
    async with telegram_house(checked=checked, listens=listens) as house:
        house.fault = fault
        town = OnTelegram(house, await found(house, opened=real_clock()), chance)
        await town.play()
    return town


@trials(6, full=80)
async def test_what_telegram_has_as_confirmed_is_done_and_the_rest_is_done_in_the_end(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    ends: Counter[str] = Counter()
    answers = updates = 0
    for number in range(tries.number):
        with tries.attempt(number):
            chance, how = tries.random("telegram", number), number % 3
            fault = planted.ask_at_once if how == 1 else None
            town = await play_on_telegram(chance, fault, checked=not number, listens=how == 2)
        ends += town.ends
        answers += sum(town.answered(update) for one in town.people for update, _act in one.acts)
        updates += sum(len(one.acts) for one in town.people)
    record_property(
        "found",
        f"{ends.total()} kills, {ends['at work']} of them at work; {updates:,} updates, {answers:,} of them "
        "presses that were answered; none confirmed or answered without its effect, none lost",
    )


@pytest.mark.parametrize("listens", [False, True], ids=["polling", "webhook"])
async def test_an_update_confirmed_before_it_is_handled_would_be_seen(listens: bool) -> None:  # noqa: FBT001
    fault = planted.answer_before_handling if listens else planted.confirm_before_handling
    with pytest.raises(AssertionError, match="surely"):
        await play_on_telegram(Random(1), fault, listens=listens)


# ---- Discord: what is acknowledged may be lost, and shows that it was


class OnDiscord:
    """The same there: nothing is delivered again, so people press again what they have seen no answer to."""

    def __init__(self, house: DiscordHouse, city: City, chance: Random) -> None:
        self.house, self.city, self.chance = house, city, chance
        self.server = house.server
        self.ends: Counter[str] = Counter()
        self.became: Counter[str] = Counter()
        self.people = workers(house, city, chance, self.server.person)
        self.cards: dict[int, Message] = {}
        self.pressed: dict[int, list[tuple[Interaction, Act]]] = {}
        self.turned_away: set[int] = set()  #: presses for whose answer Discord does not wait

    async def play(self) -> None:
        """End one bot after the other on one store."""
        house = self.house
        await house.start()
        self.cards = {one.account: await house.command(one.account, "start", card=one.code) for one in self.people}
        await house.kill()
        for _ in range(LIVES):
            await self.live()
            await self.compare()
        await self.settle()

    def act(self) -> None:
        """Let some press something, and some of them two things at once."""
        self.pressed = {}
        for one in self.people:
            meant = one.stood
            for _ in range(self.chance.choice((0, 1, 1, 2))):
                act = self.chance.choice(meant.acts())
                self.pressed.setdefault(one.account, []).append((self.press(one, act), act))
                meant = meant.after(act)

    def press(self, one: Someone, act: Act) -> Interaction:
        """Press a button of theirs, whatever their card's message looks like by now."""
        button = {"type": BUTTON, "id": 2, "style": 1, "label": act, "custom_id": data(act, one)}
        row = {"type": ROW, "id": 1, "components": [button]}
        asked = self.server.press(replace(self.cards[one.account], components=(row,)), act)
        fault = self.chance.choice([None, None, None, late(self.chance.uniform(0, 0.05)), not_found(10062)])
        if fault is not None:
            self.server.plan(f"POST /interactions/{asked.id}/*", fault)
        if fault is not None and not fault.applied:
            self.turned_away.add(asked.id)
        return asked

    async def live(self) -> None:
        """Let a bot live, and end it somewhere."""
        self.house.strings.ahead += A_WHILE
        await self.house.start()
        self.house.strings.fuse = self.chance.randint(1, 2 * self.chance.choice(AT_WORK))
        self.act()
        everything = [asked for each in self.pressed.values() for asked, _act in each]
        early = await self.house.ended_before(
            lambda: all(asked.settled or asked.id in self.turned_away for asked in everything)
        )
        self.ends["at work" if early else "at rest"] += 1

    async def compare(self) -> None:
        """See that what was answered is in the store, and that what was not acknowledged is not."""
        held = await standing(self.house, self.city, self.people)
        for one in self.people:
            possible, said = {one.stood}, []
            for asked, act in self.pressed.get(one.account, ()):
                done = {before.after(act) for before in possible}
                became = "answered" if asked.settled else "failed" if asked.response is None else "left open"
                self.became[became] += 1
                said.append((act, became))
                possible = {"answered": done, "failed": possible, "left open": done | possible}[became]
            assert held[one.account] in possible, f"{one.stood}, {said}: {held[one.account]}"
            one.stood = held[one.account]

    async def settle(self) -> None:
        """Let everybody press once more what they want; each has an answer then, and it is the truth."""
        house = self.house
        house.strings.ahead += A_WHILE
        await house.start()
        for one in self.people:
            act = self.chance.choice("pw")
            while (asked := self.press(one, act)).id in self.turned_away:
                pass  # they have seen that it failed
            await house.settled(asked)
            one.stood = one.stood.after(act)
            shown = await house.command(one.account, "status", card=one.code)
            assert ("Withdraw" in shown.labels) is one.stood.pledged
        await house.stop()
        assert await standing(house, self.city, self.people) == {one.account: one.stood for one in self.people}


async def play_on_discord(
    chance: Random, fault: Callable[[], None] | None = None, *, checked: bool = False
) -> OnDiscord:
    """Play with a fresh store."""
    async with discord_house(checked=checked) as house:
        house.fault = fault
        town = OnDiscord(house, await found(house, opened=real_clock()), chance)
        await town.play()
    return town


@trials(3, full=20)
async def test_what_discord_shows_as_answered_is_done_and_what_it_shows_as_failed_is_not(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    ends: Counter[str] = Counter()
    became: Counter[str] = Counter()
    for number in range(tries.number):
        with tries.attempt(number):
            town = await play_on_discord(tries.random("discord", number), checked=not number)
        ends += town.ends
        became += town.became
    record_property(
        "found",
        f"{ends.total()} kills, {ends['at work']} of them at work; {became.total():,} presses: "
        f"{became['answered']:,} answered, all of them done; {became['failed']:,} failed, none of them done; "
        f"{became['left open']:,} left open, done or not",
    )


async def test_what_is_done_before_it_is_acknowledged_would_be_seen() -> None:
    with pytest.raises(AssertionError, match="failed"):
        await play_on_discord(Random(1), planted.act_before_acknowledging)


# ---- poison


def poison(chance: Random, person: int) -> Json:
    """Make an update that nothing can be done with; some are of a kind that Telegram would never send."""
    text: Json = {
        "message_id": 1,
        "date": 0,
        "chat": {"id": person, "type": "private", "first_name": "x"},
        "from": {"id": person, "is_bot": False, "first_name": "x", "language_code": "en"},
        "text": "/help",
    }
    press: Json = {"id": "1", "from": text["from"], "chat_instance": "1", "message": text, "data": "c:"}
    nothing: list[object] = [None, 0, -1, "", "x", [], [[]], {}, {"id": person}, 10**30, 0.5, True]
    nested: object = 0
    for _ in range(150):
        nested = [nested]
    kinds: list[Callable[[], Json]] = [
        lambda: json.loads(json.dumps(chance.choice(MALFORMED))),
        lambda: {"message": text | {chance.choice(list(text)): chance.choice([*nothing, nested])}},
        lambda: {"callback_query": press | {chance.choice(list(press)): chance.choice([*nothing, nested])}},
        lambda: {"callback_query": press | {"data": f"{chance.choice(ascii_lowercase)}:{chance.choice(STRANGE)}"}},
        lambda: {"message": text | {"text": f"/{chance.choice(WORDS)} {chance.choice(STRANGE)}"}},
        lambda: {"message": text | {"text": "x" * 100_000}},
        lambda: {"message": text | {"entities": [{"type": "bold", "offset": 0, "length": 10**9}] * 5_000}},
        lambda: {"message": text | {"document": chance.choice(nothing)}},
        lambda: {chance.choice(["channel_post", "my_chat_member", "poll", "from_2050"]): chance.choice(nothing)},
    ]
    return chance.choice(kinds)()


STRANGE = ("", " ", "\ud800", "\0", "%s", "{0}", "'", ":::::", "\u202e", "9" * 5_000, "-1", "\n" * 3_000)
WORDS = tuple(row.name for row in COMMANDS)


@trials(2, full=100)
async def test_a_poison_update_blocks_nobody_and_ends(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    found_so_far: Counter[str] = Counter()
    for number in range(tries.number):
        with tries.attempt(number):
            async with telegram_house() as house:
                found_so_far += await amid_poison(house, tries.random("poison", number), cut=number % 2 == 1)
    poisonous, aside = found_so_far["poisonous"], found_so_far["set aside"]
    record_property("found", f"{poisonous:,} poison updates, {aside:,} of them set aside in the end; nobody waited")


async def amid_poison(house: TelegramHouse, chance: Random, *, cut: bool) -> Counter[str]:
    """Let people look at their cards amid poison, some of whom have sent some themselves."""
    server = house.server
    city = await found(house, opened=real_clock())
    people = workers(house, city, chance, server.person)
    alone = people[: WORKERS // 2]
    unlucky, house.fault = server.person(), planted.wait_for_answers
    no, release = refused(400, "Bad Request: of a kind nobody knows"), asyncio.Event()
    last = no if cut else replace(no, until=release)  # so its last try ends after others were served
    server.plan("sendMessage", *[no] * (polling.TRIES - 1), last, *[no] * polling.TRIES, chat=unlucky)
    server.say(unlucky, f"/start {city.take()}")
    for one in people:
        for _ in range(6):
            server.raw(poison(chance, 100_000 + len(server.updates)))
        if one not in alone:
            server.raw(poison(chance, one.account))
        server.say(one.account, f"/start {one.code}")
    if cut:
        await house.launch(fuse=chance.randint(1, 2_000))
        await house.ended_before(house._is_quiet)
    await house.start()
    await house.until(lambda: all(seen_terms(house, one) for one in alone))
    assert cut or server.unconfirmed, "they have waited for the poison"
    release.set()
    await house.until(lambda: all(seen_terms(house, one) for one in people))
    await house.quiet()
    assert len(sends(server, unlucky)) <= 2 * polling.TRIES
    await house.stop()
    assert await standing(house, city, people) == {one.account: Stands() for one in people}
    aside = house.said.count("an update was set aside")
    return Counter({"poisonous": len(server.updates) - len(people), "set aside": aside})


def seen_terms(house: TelegramHouse, one: Someone) -> bool:
    """Say whether somebody has been shown what they may pledge to."""
    return any(labels(message) == TERMS_BUTTONS for message in house.server.chats[one.account].from_bot)
