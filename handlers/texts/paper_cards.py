"""Cards on paper, as an organizer hears of them in a chat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from handlers.texts.catalogue import _, isolated, languages, ngettext, spoken
from handlers.texts.general import handle
from handlers.texts.names import named
from handlers.texts.times import number, span


def usage(lasts: timedelta) -> str:
    """Say how cards are printed, voided and recalled."""
    return _(
        'Send /cards "Workplace" and how many; without a number, as many as are missing to its head-count. You get a '
        "PDF to print, cut and fold, and I delete it here after {time}.\n"
        "All that are missing, in one file: /cards all\n"
        'In another language: /cards "Workplace" 8 {language}\n'
        'Is a sheet lost, or photographed? /cards void "Workplace": who has pledged keeps their card, every other one '
        "is dead, and you can print anew.\n"
        'Are pledges there that cannot be? /cards recall "Workplace" ends all its cards and pledges; everybody draws a '
        "new one."
    ).format(time=span(lasts), language=next(each for each in reversed(languages()) if each != spoken()))


def of_bots(bots: Iterable[str]) -> str:
    """Say how another bot's name is printed, where there are several; which those are."""
    return _("Add @all to have the names of all bots on the cards, or one of these: {bots}").format(
        bots=", ".join(map(handle, bots))
    )


def void_usage() -> str:
    """Say to a unit's own organizer how its cards are voided: printing is not theirs."""
    return _(
        'Is a sheet lost, or photographed? /cards void "Workplace": who has pledged keeps their card, every other one '
        "is dead. The organizers of the whole walkout print new ones."
    )


def missing(cards: int) -> str:
    """Say how many cards all workplaces lack."""
    return ngettext(
        "{n} card is missing to the head-counts of all workplaces.",
        "{n} cards are missing to the head-counts of all workplaces.",
        cards,
    ).format(n=number(cards))


def print_all() -> str:
    """Name the button that prints all workplaces' cards."""
    return _("Print all cards")


def letters_missing(letters: str, names: Sequence[str]) -> str:
    """Say that names cannot be printed, which letters are at fault, and what helps."""
    listed = [f"{isolated(letter)} (U+{ord(letter):04X})" for letter in letters]
    return _(
        "No font here has {letters}, so no card was made. It stands in: {names}. Have these names written otherwise, "
        "or fonts installed where the bot runs: on Debian fonts-noto-cjk-extra and fonts-noto-extra."
    ).format(letters=named(listed), names=named(names))


def drawing_begins(cards: int) -> str:
    """Say that many cards take a while; what follows stands in its place."""
    meanwhile = _("You can go on here meanwhile: the file comes by itself. Should it not come, ask for it again.")
    return f"{drawing(0, cards)}\n{meanwhile}"


def drawing(drawn: int, cards: int) -> str:
    """Say how many cards are drawn."""
    return _("Drawing cards: {drawn} of {n}").format(drawn=number(drawn), n=number(cards))


def printed(cards: int, place: str, lasts: timedelta) -> str:
    """Stand beside the file, and say beforehand what becomes of it; `place` '': it is for all workplaces."""
    if place:
        said = ngettext("{n} card for {place}.", "{n} cards for {place}.", cards).format(n=number(cards), place=place)
        lost = _('Lost, or photographed? /cards void "{place}"').format(place=place)
    else:
        said = ngettext("{n} card, workplace by workplace.", "{n} cards, workplace by workplace.", cards).format(
            n=number(cards)
        )
        lost = _('Lost, or photographed? For each workplace: /cards void "Workplace"')
    return "\n".join(
        [
            said,
            _("I delete this message in {time}: print it or save it now. These codes are kept nowhere else.").format(
                time=span(lasts)
            ),
            _(
                "Whoever has the file has every code. A copy that you save stays where it is until you delete it: not "
                "on a computer at work, not in a cloud, and gone once it is printed."
            ),
            lost,
        ]
    )


def not_delivered() -> str:
    """Say that a file did not get through; its codes are gone."""
    return _(
        "I could not send you the file, and its codes are kept nowhere. Void those cards, then print anew: "
        '/cards void "Workplace"'
    )
