"""One walkout that does not change, for everything that is measured on what people read of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import disclosure
from bot.domain.model import BoardLine, CardState, Stage, Terms, Unit, UnitId, Walkout, WalkoutId
from bot.usecases.workers import Seen

WORDED = ("en", "es")
"""Languages whose words tests know; of the others they know what must be the same in every language."""

OPENED = datetime.fromisoformat("2027-04-12T08:00:00-04:00")

TERMS = Terms(
    title="A day for the rent freeze",
    city="New York",
    demands=("Freeze the rent", "Fast and free buses"),
    called_by="the tenants' union and nine shop committees",
    legal_notice="The law protects walking out together. It does not protect walking out alone.",
    on_the_day="Bring water. Legal line: 555-0100.",
    if_disciplined="Call the legal line the same day: 555-0100.",
    ask="any steward, or the table at the market on Sundays",
    starts=datetime.fromisoformat("2027-05-01T12:00:00-04:00"),
    ends=datetime.fromisoformat("2027-05-01T18:00:00-04:00"),
    pledge_by=datetime.fromisoformat("2027-04-27T20:00:00-04:00"),
    citywide_threshold=1200,
    minimum_workplaces=10,
)

MARKET_HALL = Unit(
    id=UnitId(1), name="Market Hall", headcount=120, threshold=80, meet="from the loading gate", has_room=True
)
OTHERS = tuple(Unit(id=UnitId(number), name=f"Depot {number}", headcount=60, threshold=40) for number in range(2, 41))

WALKOUT = Walkout(
    id=WalkoutId("k7m3q"),
    terms=TERMS,
    stage=Stage.OPEN,
    opened=OPENED,
    tally=3,
    tallied=OPENED + timedelta(hours=3),
    next_tally=OPENED + timedelta(hours=4),
)


def seen(mine: CardState | None = None, *, changed: bool = False, told: bool = False) -> Seen:
    """Show a card of Market Hall, at the third count of the first day."""
    places = [replace(each, line=BoardLine(number=20, anchor=20, above=20)) for each in (MARKET_HALL, *OTHERS)]
    return Seen(
        walkout=WALKOUT,
        path=(places[0],),
        mine=mine,
        at=OPENED + timedelta(hours=3, minutes=5),
        changed=changed,
        told=told,
        lines=disclosure.coarse_lines(WALKOUT, places),
    )


TERMS_BUTTONS = ["Pledge", "Not now", "Questions", "Clear this chat", "Language 文 বা ع"]
PLEDGED_BUTTONS = [
    "Check",
    "Withdraw",
    "Tell me",
    "Read it all again",
    "Questions",
    "Clear this chat",
    "Language 文 বা ع",
]
WITHDRAWN_BUTTONS = ["Pledge", "Check", "Read it all again", "Questions", "Clear this chat", "Language 文 বা ع"]
"""Under a card's page, in English, wherever it is shown."""

TERMS_IN_SPANISH = ["Comprometerme", "Ahora no", "Preguntas", "Borrar este chat", "Idioma 文 বা ع"]
PLEDGED_IN_SPANISH = [
    "Revisar",
    "Retirar",
    "Avísame",
    "Leer todo otra vez",
    "Preguntas",
    "Borrar este chat",
    "Idioma 文 বা ع",
]
WITHDRAWN_IN_SPANISH = [
    "Comprometerme",
    "Revisar",
    "Leer todo otra vez",
    "Preguntas",
    "Borrar este chat",
    "Idioma 文 বা ع",
]
