"""Two bots with one token never both announce, and a bot that is alone is never stopped, wherever it is cut off."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import pytest

from bot.domain.model import Stage
from bot.process.clock import real_clock
from bot.runtime.app import DATABASE, KEY_FILE
from bot.runtime.restore import Since, restore
from bot.secrets import backup_files
from bot.secrets.card_codes import key_of
from bot.usecases.backups import back_up
from tests.conftest import fresh_folder
from tests.discord.server import DiscordServer
from tests.faults import planted
from tests.faults.houses import DiscordHouse, TelegramHouse, discord_house, telegram_house
from tests.faults.trials import Trials, trials
from tests.house import SOON_S, City, found
from tests.processes import PATIENCE_S
from tests.stores import open_app
from tests.telegram.house import labels

STOPPED = "another bot has taken"
"""What the bot writes to its terminal then."""

AFTER_DEADLINE = timedelta(days=8)
MOST_WORKERS = 20
"""As many press before one of two bots must have noticed."""

METADATA = "/role-connections/metadata"

STEPS = 500
"""More than a bot takes to start."""


class Telegram:
    """Two bots, and workers who see only one."""

    def __init__(self, first: TelegramHouse, second: TelegramHouse) -> None:
        self.first, self.second, self.server = first, second, first.server
        self.room = self.server.room()

    def texts(self) -> list[str]:
        """Give what the room heard."""
        return self.server.chats[self.room].texts

    def looks(self) -> int:
        """Count how often a bot has looked whether it is alone."""
        return len([r for r in self.server.called("getMyDescription") if r.params.get("language_code") == "ae"])

    async def pledge(self, code: str) -> str:
        """Let somebody open a card and pledge; give the last that they read."""
        server, person = self.server, self.server.person()
        server.say(person, f"/start {code}")
        await server.wait_for(lambda: person in server.chats and server.chats[person].from_bot, PATIENCE_S)
        card = server.chats[person].from_bot[-1]
        if "Pledge" in labels(card):
            server.press(card, "Pledge")
            await server.wait_for(lambda: any("ecorded" in each for each in server.chats[person].texts), PATIENCE_S)
        return next((each for each in server.chats[person].texts if each.startswith("Recorded")), "")


class Discord:
    """The same."""

    def __init__(self, first: DiscordHouse, second: DiscordHouse) -> None:
        self.first, self.second, self.server = first, second, first.server
        self.room = self.server.room(self.server.guild())

    def texts(self) -> list[str]:
        """Give what the room heard."""
        return [message.text for message in self.first.from_bot(self.room)]

    def looks(self) -> int:
        """Count how often a bot has looked whether it is alone."""
        return len([r for r in self.server.requests if r.verb == "GET" and r.path.endswith(METADATA)])

    async def pledge(self, code: str) -> str:
        """Let somebody open a card and pledge; give the last that they read."""
        person = self.server.person()
        card = await self.first.settled(self.server.command(person, "start", card=code))
        if "Pledge" not in card.labels:
            return ""
        answer = await self.first.settled(self.server.press(card, "Pledge", person))
        return answer.text if answer.text.startswith("Recorded") else ""


Pair = Telegram | Discord


@asynccontextmanager
async def on_telegram() -> AsyncIterator[Telegram]:
    async with telegram_house() as first:
        with fresh_folder() as folder:
            second = TelegramHouse(folder, first.server)
            try:
                yield Telegram(first, second)
            finally:
                await second.cleared()


@asynccontextmanager
async def on_discord() -> AsyncIterator[Discord]:
    async with discord_house() as first:
        first.server.rest.windows.answer_s = PATIENCE_S
        with fresh_folder() as folder:
            second = DiscordHouse(folder, first.server)
            try:
                yield Discord(first, second)
            finally:
                await second.cleared()


# --- how there come to be two ---


async def copied(pair: Pair, _city: City) -> None:
    """Copy the folder while nothing runs, as for a move to another machine; then start the old one after all."""
    await pair.first.stop()
    shutil.copytree(pair.first.store, pair.second.store)
    await pair.first.start()


async def cloned(pair: Pair, _city: City) -> None:
    """Copy the folder while the bot runs, as whoever clones a machine."""
    pair.second.store.mkdir(mode=0o700)
    for name in (DATABASE, KEY_FILE):
        shutil.copy2(pair.first.store / name, pair.second.store / name)


async def restored(pair: Pair, city: City) -> None:
    """Restore a backup elsewhere, while the bot goes on."""
    await pair.first.stop()
    private, public = backup_files.new_keys()
    key, backup = pair.second.folder / "private", pair.second.folder / "city.backup"
    key.write_text(private)
    async with pair.first.looked_into() as app:
        await back_up(backup, public, app.store, app.keys, app.clock)
    pair.second.store.mkdir(mode=0o700)
    shutil.copy2(pair.first.store / KEY_FILE, pair.second.store / KEY_FILE)
    await restore(backup, key, pair.second.store, Since(goes_on=[city.walkout], is_over=[]), real_clock)
    await pair.first.start()


async def empty(_pair: Pair, _city: City) -> None:
    """Start with an empty folder and the token, as whoever sets the bot up anew."""


SCENES: Mapping[str, tuple[Callable[[Pair, City], Awaitable[None]], bool]] = {
    "a copied folder": (copied, True),
    "cloned while it ran": (cloned, False),
    "restored elsewhere": (restored, True),
    "an empty folder": (empty, True),
}
"""And whether the first goes on: a copy that is as new as what it was made from takes over."""


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("platform", [on_telegram, on_discord])
@trials(1, full=10)
async def test_of_two_bots_with_one_token_one_goes_on(
    tries: Trials,
    platform: Callable[[], AbstractAsyncContextManager[Pair]],
    scene: str,
    record_property: Callable[[str, object], None],
) -> None:
    pressed = lost = most = 0
    for number in range(tries.number):
        with tries.attempt(number):
            async with platform() as pair:
                presses, of_them_lost = await _one_goes_on(pair, *SCENES[scene])
        pressed, lost, most = pressed + presses, lost + of_them_lost, max(most, of_them_lost)
    record_property("found", f"{pressed} pressed until one stopped, {lost} of them lost, {most} at most")


async def _one_goes_on(
    pair: Pair,
    make: Callable[[Pair, City], Awaitable[None]],
    first_goes_on: bool,  # noqa: FBT001
) -> tuple[int, int]:
    """Let there be two, people press, and the deadline pass; give how many pressed meanwhile and how many are lost."""
    city = await found(pair.first, opened=real_clock(), rooms={pair.room: None}, citywide_threshold=5)
    cards = list(city.cards["School"])
    both = (pair.first, pair.second)
    for house in both:
        house.fault = planted.trust_the_clock
    await pair.first.start()
    read = [code for code in (cards.pop(), cards.pop()) if await pair.pledge(code)]
    assert len(read) == 2
    await make(pair, city)
    before = pair.looks()
    await pair.second.launch()
    await pair.second.until(lambda: pair.looks() > before)
    goes_on, stops = both if first_goes_on else both[::-1]
    pressed = 0
    while STOPPED not in stops.said and pressed < MOST_WORKERS:
        pressed, code = pressed + 1, cards.pop()
        read += [code] if await pair.pledge(code) else []
    await _stopped(stops)
    afterwards = [code for code in cards[:5] if await pair.pledge(code)]
    assert len(afterwards) == 5  # whoever presses from then on is heard by the one that goes on
    for house in both:
        house.strings.ahead = AFTER_DEADLINE
    await goes_on.until(lambda: any(map(_is_verdict, pair.texts())))
    for house in both:
        await house.stop()
    assert STOPPED not in goes_on.said
    assert ["It is on" in each for each in pair.texts() if _is_verdict(each)] == [True]
    kept = await _standing(goes_on, city)
    assert set(afterwards) <= kept
    lost = set(read) - kept
    assert not lost or not first_goes_on
    async with stops.looked_into() as app:
        assert Stage.ON not in {walkout.stage for walkout in await app.store.walkouts()}
    return pressed, len(lost)


async def _stopped(house: TelegramHouse | DiscordHouse) -> None:
    async with asyncio.timeout(3 * PATIENCE_S):
        while STOPPED not in house.said:  # noqa: ASYNC110  no server tells of it
            await asyncio.sleep(SOON_S)


def _is_verdict(text: str) -> bool:
    return "t is on" in text or text.startswith("Not now")


async def _standing(house: TelegramHouse | DiscordHouse, city: City) -> set[str]:
    """Give the codes of the cards that stand pledged."""
    async with open_app(house.store, clock=real_clock, senders={}) as app:
        rows = await app.store._read("SELECT key FROM pledge WHERE state IN ('p', 'o')")  # type: ignore[attr-defined]
        standing = {row[0] for row in rows}
        [walkout] = app.keys.walkouts
        kept = {code: app.keys.new_card(walkout, key_of(code)).pledge for code in city.cards["School"]}
    return {code for code, key in kept.items() if key in standing}


async def test_two_bots_without_a_fence_would_be_seen_to_say_both() -> None:
    async with on_telegram() as pair:
        city = await found(pair.first, opened=real_clock(), rooms={pair.room: None}, citywide_threshold=5)
        for house in (pair.first, pair.second):
            house.fault = planted.no_fence
        await pair.first.start()
        await cloned(pair, city)
        for code in city.cards["School"][:5]:
            assert await pair.pledge(code)
        await pair.second.start()
        for house in (pair.first, pair.second):
            house.strings.ahead = AFTER_DEADLINE
        await pair.first.until(lambda: any("It is on" in each for each in pair.texts()))
        await pair.second.until(lambda: any(each.startswith("Not now") for each in pair.texts()))


# --- alone ---


@trials(15, full=500)
async def test_a_bot_that_is_alone_is_never_stopped(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    lives = await _live(tries)
    assert STOPPED not in lives.said
    record_property("found", f"{lives.cut} cut off while they started, {lives.epochs} epochs written")


async def test_a_bot_that_remembers_too_late_what_it_wrote_would_be_seen_to_stop() -> None:
    lives = await _live(Trials(number=60, seed=1), planted.keep_after_writing)
    assert STOPPED in lives.said


class _Lives:
    said = ""
    cut = 0
    epochs = 0


async def _live(tries: Trials, fault: Callable[[], None] = planted.trust_the_clock) -> _Lives:
    """Start a bot on both platforms as often, each time cut off at some step or once it has started."""
    lives = _Lives()
    async with telegram_house() as house, DiscordServer(checked=False) as discord:
        both = DiscordHouse(house.folder, discord).settings
        house.fault = fault
        await found(house, opened=real_clock())
        for number in range(tries.number):
            with tries.attempt(number):
                polls, sessions = len(house.server.called("getUpdates")), len(discord.gateway.sessions)
                await house.launch(fuse=tries.random(number).randint(1, STEPS), **both)
                lives.cut += await house.ended_before(
                    lambda polls=polls, sessions=sessions: (  # type: ignore[misc]
                        len(house.server.called("getUpdates")) > polls and len(discord.gateway.sessions) > sessions
                    )
                )
        # none that was cut off may have had the time to say so; but who is stopped once is stopped at every start
        polls = len(house.server.called("getUpdates"))
        await house.launch(**both)  # type: ignore[arg-type]
        await house.until(lambda: STOPPED in house.said or len(house.server.called("getUpdates")) > polls)
        lives.said = house.said
        lives.epochs = len(
            [r for r in house.server.called("setMyDescription") if r.params.get("language_code") == "ae"]
        )
        lives.epochs += len([r for r in discord.requests if r.verb == "PUT" and r.path.endswith(METADATA)])
    return lives
