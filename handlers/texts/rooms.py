"""What organizers read about rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.texts import general
from handlers.texts.catalogue import _, languages, name_of, ngettext
from handlers.texts.names import of_languages
from handlers.texts.times import number


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A room as it is listed."""

    name: str
    platform: str
    bot: str  #: there, where it has several
    scope: str | None  #: the workplace it hears of; None: it hears the citywide news
    language: str
    unheard: int = 0  #: so often its news was tried in vain; 0: it hears us, as far as we know


def room_bound(room: str, scope: str | None, language: str, undo: str) -> str:
    """Confirm a binding, and its language where one was chosen."""
    if scope is None and language:
        return _("{room} hears the citywide news from now on, in this language: {language}. Undo: {undo}").format(
            room=room, language=name_of(language), undo=undo
        )
    if language:
        return _("{room} hears the news of {workplace} from now on, in this language: {language}. Undo: {undo}").format(
            room=room, workplace=scope, language=name_of(language), undo=undo
        )
    if scope is None:
        return _("{room} hears the citywide news from now on. Undo: {undo}").format(room=room, undo=undo)
    return _("{room} hears the news of {workplace} from now on. Undo: {undo}").format(
        room=room, workplace=scope, undo=undo
    )


def cannot_post() -> str:
    """Say that a chat cannot hear the news yet."""
    return _(
        "I may not write in this channel, so it would hear nothing. Give me the permissions View Channel and Send "
        "Messages here (in a thread: Send Messages in Threads), then send this again. Nothing changed."
    )


def room_not_bound() -> str:
    """Answer an organizer who does not bind a chat after all."""
    return _("This chat hears nothing from me. To bind one after all, send /room again.")


def room_released(room: str, *, was_bound: bool) -> str:
    """Confirm that a room is let go."""
    if not was_bound:
        return _("{room} was not bound; nothing changed.").format(room=room)
    return _("{room} hears nothing more.").format(room=room)


def room_usage(by: str) -> str:
    """Say how a room is bound: by its typed name, by a word posted there, or at the place itself."""
    usage = {
        "name": _('Send /room citywide #name, /room "Workplace" #name, or /room off #name.'),
        "word": _('Send /room citywide, or /room "Workplace". To undo: /rooms, then /room off and its name there.'),
        "place": _("In the channel that shall hear the news, send /room and what it hears. To undo, there: /room off"),
    }[by]
    if len(languages()) == 1:
        return usage
    return f"{usage} {choose_language()}"


def choose_language() -> str:
    """Say how a room's language is chosen."""
    return _("For another language than English, add it behind what the room hears: {languages}.").format(
        languages=of_languages(languages())
    )


def rooms(found: Sequence[Listed], usage: str, page: int, pages: int) -> str:
    """List rooms."""
    if not found:
        return _("No chat hears the news yet.") + "\n" + usage
    lines = [
        _("{room} ({platform}): {scope}, {language}").format(
            room=each.name,
            platform=general.platform(each.platform, each.bot),
            scope=_("citywide") if each.scope is None else each.scope,
            language=name_of(each.language),
        )
        + (f"\n{_unheard(each.unheard)}" if each.unheard else "")
        for each in found
    ]
    if pages > 1:
        lines.append(_("Page {page} of {pages}").format(page=number(page), pages=number(pages)))
    return "\n".join(lines)


def _unheard(tries: int) -> str:
    return ngettext(
        "It has not heard its news: I tried {n} time. Look whether I may write there, and whether it is open.",
        "It has not heard its news: I tried {n} times. Look whether I may write there, and whether it is open.",
        tries,
    ).format(n=number(tries))


def send_a_test() -> str:
    """Name a button."""
    return _("Send a test")


def tested(asked: int) -> str:
    """Say how many rooms will hear a test."""
    return ngettext(
        "{n} room hears a test now. If it does not appear, bind the room again: /room",
        "{n} rooms hear a test now, one after the other. Where it does not appear, bind the room again: /room",
        asked,
    ).format(n=number(asked))


def tested_before() -> str:
    """Refuse a test that comes too soon."""
    return _("The rooms were tested less than a minute ago. Wait a minute, then press the button again.")


def room_word(word: str, link: str) -> str:
    """Say how a chat is bound by a word."""
    return _(
        "Within ten minutes: add me to the chat with this link, then write there, or in your channel:\n"
        "/room {word}\n{link}\n"
        "I delete that message and ask you here before the chat hears anything."
    ).format(word=word, link=link)
