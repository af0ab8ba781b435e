"""What organizers say themselves: as rooms and workers read it, and as organizers write it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.committee_word import ALL, CITYWIDE, LONGEST, Content, SaidWord
from bot.domain.errors import NothingToCorrect, NothingWritten, NoWordNow, Refused, WordTooSoon
from bot.domain.model import Walkout
from handlers.texts.catalogue import _, name_of, ngettext, speaking, spoken
from handlers.texts.names import joined
from handlers.texts.organizers_words import worded
from handlers.texts.times import number, when

QUOTED = "» "
"""Before each of their lines: whatever they write, none of it can look like a line of the bot's."""


def said(content: Content, walkout: Walkout) -> str:
    """Word it for whoever hears it, in the language spoken now if it is written in that."""
    words = content["words"]
    title = worded(walkout.terms).title
    if content["corrects"]:
        corrected = SaidWord(occasion=content["corrects"], content={})
        lead = _("Correction. The organizers of {title} correct what they said on {when}. Their own words:").format(
            title=title, when=when(corrected.at, walkout.terms)
        )
    else:
        lead = _("The organizers of {title} say this, in their own words:").format(title=title)
    lines = str(words.get(spoken(), words[content["own"]])).split("\n")
    return "\n".join([lead, *(f"{QUOTED}{line}" for line in lines), _("What I count and decide, I say myself.")])


def read_out(content: Content, walkout: Walkout) -> str:
    """Show organizers what rooms will read in each language."""
    texts = []
    for language in content["words"]:
        with speaking(language):
            texts.append(f"{name_of(language)}:\n{said(content, walkout)}")
    return "\n\n".join(texts)


def where(content: Content) -> str:
    """Say whom it reaches."""
    if content["to"] == CITYWIDE:
        return _("the citywide rooms")
    return _("every room") if content["to"] == ALL else str(content["where"])


def effects(content: Content) -> list[str]:
    """Say what it does."""
    some = content["to"] not in (CITYWIDE, ALL)
    return [
        _("The rooms of {where} hear it at once, and so does whoever works there and asked to be told.").format(
            where=content["where"]
        )
        if some
        else _("It is said at once in {where}, and to everybody who asked to be told.").format(where=where(content)),
        _("It is marked as your own words. In rooms it has a reference, so that anybody can check it: /verify"),
        _("It cannot be taken back. You can correct it once.")
        if not content["corrects"]
        else _("It cannot be taken back."),
    ]


def whom(known: Walkout) -> str:
    """Ask who shall hear it."""
    return _(
        "Who shall hear what you say? Press one, or send /word and the workplaces, "
        'like /word {id} "North Depot", "South Depot"'
    ).format(id=known.id)


def citywide_label() -> str:
    """Name a button."""
    return _("Citywide rooms")


def all_label() -> str:
    """Name a button."""
    return _("Every room")


def correct_label() -> str:
    """Name a button."""
    return _("Correct the last one")


def ask_for(language: str, to: Content) -> str:
    """Ask for the words."""
    return ngettext(
        "Write it here in one message, in this language: {language}. {n} character at most. It goes to: {where}. "
        "Nobody hears it yet: I show you first how it reads.",
        "Write it here in one message, in this language: {language}. {n} characters at most. It goes to: {where}. "
        "Nobody hears it yet: I show you first how it reads.",
        LONGEST,
    ).format(language=name_of(language), n=number(LONGEST), where=where(to))


def too_long(over: int) -> str:
    """Refuse it."""
    return ngettext(
        "That is {n} character too long. Nothing is kept of it.",
        "That is {n} characters too long. Nothing is kept of it.",
        over,
    ).format(n=number(over))


def language_label(language: str) -> str:
    """Name a button."""
    return _("Also: {language}").format(language=name_of(language))


def anew_label() -> str:
    """Name a button."""
    return _("Write it anew")


def drop_label() -> str:
    """Name a button."""
    return _("Drop it")


def dropped() -> str:
    """Confirm it."""
    return _("Dropped. Nobody has heard it.")


def said_before() -> str:
    """Answer a second press."""
    return _("It is said.")


def unwritten(languages: Sequence[str]) -> str:
    """Say who reads it in another language than theirs."""
    if not languages:
        return ""
    return _("Not written in {languages}: people who read that see your first version.").format(
        languages=joined([*map(name_of, languages)])
    )


def proposed(content: Content, walkout: str) -> str:
    """Name what is proposed."""
    said = (
        _("Correct what the organizers said, in {where} · {walkout}")
        if content["corrects"]
        else _("Say something as the organizers, in {where} · {walkout}")
    )
    return said.format(where=where(content), walkout=walkout)


def refusal(refused: Refused) -> tuple[str, str] | None:
    """Say why it is not said; None for every other refusal."""
    match refused:
        case NoWordNow():
            return "no_word_now", _(
                "Organizers can say something in their own words once it is on, until it is over. Nothing is said."
            )
        case WordTooSoon(again=again, terms=terms, can_correct=can_correct):
            corrects = _("You can correct it once: /word correction") if can_correct else ""
            told = _("You have said something less than a day ago. The next can be said from {when} on.").format(
                when=when(again, terms)
            )
            return "word_too_soon", " ".join(filter(None, [told, corrects]))
        case NothingWritten():
            return "nothing_written", _("Nothing is written yet. Begin: /word")
        case NothingToCorrect():
            return "nothing_to_correct", _(
                "There is nothing to correct: nothing was said, or something else since, or it was corrected before."
            )
    return None
