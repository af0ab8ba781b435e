"""What a card on paper costs in a script whose letters are shaped, to one in English: by turns, in CPU time."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime, timedelta
from time import process_time

from bench.ground import Ground, ratio
from bot.domain.model import Terms
from bot.secrets import card_codes
from handlers.sheets.sheet import sheet
from handlers.texts.catalogue import speaking

FULL, QUICK = (1_000, 5), (16, 1)
"""Cards, and how often."""

NAMES = {
    "en": ("One day for the rent freeze", "Manhattan College"),
    "bn": ("ভাড়া না বাড়ানোর জন্য একদিন", "ঢাকা গার্মেন্টস শ্রমিক ইউনিয়ন"),
    "zh-Hans": ("为冻结房租罢工一天", "城市医院"),
    "ur": ("کرایہ نہ بڑھانے کے لیے ایک دن", "شہر کا ہسپتال، لاہور"),
}
"""A title and a workplace in each language."""

MOST = 1.5


async def bench(ground: Ground, *, quick: bool) -> int:  # noqa: ARG001  as every bench is called
    """Draw the same number of cards in each, one after the other, as many times."""
    cards, rounds = QUICK if quick else FULL
    taken: dict[str, list[float]] = {language: [] for language in NAMES}
    for _round in range(rounds):
        for language, seconds in taken.items():
            seconds.append(_drawn(language, cards))
    for language, seconds in taken.items():
        print(f"{cards} cards in {language}: {statistics.median(seconds) / cards * 1000:.2f} ms of CPU each")
    english = taken.pop("en")
    for language, seconds in taken.items():
        of = statistics.median(mine / base for mine, base in zip(seconds, english, strict=True))
        ratio(f"cards_{language}_to_en", of, f"<={MOST}")
    return 0


def _drawn(language: str, cards: int) -> float:
    title, place = NAMES[language]
    starts = datetime(2026, 12, 12, 14, tzinfo=UTC)
    terms = Terms(
        title=title,
        starts=starts,
        pledge_by=starts - timedelta(days=4),
        citywide_threshold=cards,
        confirm_tallies=1,
    )
    codes = [card_codes.mint() for _ in range(cards)]
    began = process_time()
    with speaking(language):
        sheet(terms, [(place, codes)], telegram="https://t.me/allout_bot")
    return process_time() - began
