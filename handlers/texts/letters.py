"""What organizers and stewards are told privately, by itself."""

from __future__ import annotations

import json
from collections.abc import Callable

from bot.domain.model import Kind
from bot.domain.roles import Role
from bot.outbox import Letter
from handlers.texts import committee, general
from handlers.texts.catalogue import _
from handlers.texts.times import when
from handlers.texts.workers import headline


def _room_gone(letter: Letter) -> str:
    if letter.about is None and letter.walkout is not None:
        return _(
            "A citywide chat of {headline} is gone or has removed me; it hears nothing any more. Bind another: /room"
        ).format(headline=headline(letter.walkout.terms))
    return _(
        "The chat of {workplace} is gone or has removed me; it hears nothing any more. Bind another: /room"
    ).format(workplace=_place(letter))


def _proposal(letter: Letter) -> str:
    if letter.proposal is None:
        raise ValueError(letter.news.kind)
    return committee.asked(_what(letter), letter.proposer, when(letter.proposal.until, letter.proposal.until))


def _decided(letter: Letter) -> str:
    if letter.proposal is None:
        raise ValueError(letter.news.kind)
    return committee.decided(_what(letter), letter.proposal.became)


def _what(letter: Letter) -> str:
    proposal = letter.proposal
    if proposal is None:
        raise ValueError(letter.news.kind)
    walkout = f"{letter.walkout.terms.title} ({letter.walkout.id})" if letter.walkout else ""
    place = _place(letter)
    return committee.matter(proposal.matter, json.loads(letter.unseal(proposal.content)), walkout, place)


def _role_card_used(letter: Letter) -> str:
    card = letter.role_card
    if card is None:
        raise ValueError(letter.news.kind)
    return committee.used(card, letter.unseal(card.nickname), _place(letter))


def _role_given(letter: Letter) -> str:
    return committee.given(Role(str(letter.news.facts["role"])), _place(letter))


def _server_code_used(_letter: Letter) -> str:
    return committee.server_code_used()


def _platform_down(letter: Letter) -> str:
    platform = general.platform(str(letter.news.facts["platform"]))
    if letter.news.facts["why"] == "token":
        return _(
            "{platform} refuses this bot's token, so nobody can reach me there and no room there hears anything. "
            "Set the right one on the server. I keep trying, and everything else goes on."
        ).format(platform=platform)
    return _(
        "I cannot reach {platform} just now. Rooms there hear their news when it is back; everything else goes on."
    ).format(platform=platform)


def _platform_back(letter: Letter) -> str:
    return _("{platform} can be reached again.").format(platform=general.platform(str(letter.news.facts["platform"])))


def _place(letter: Letter) -> str:
    return letter.about.name if letter.about else ""


WORDS: dict[Kind, Callable[[Letter], str]] = {
    Kind.ROOM_GONE: _room_gone,
    Kind.PROPOSAL: _proposal,
    Kind.DECIDED: _decided,
    Kind.ROLE_CARD_USED: _role_card_used,
    Kind.ROLE_GIVEN: _role_given,
    Kind.SERVER_CODE_USED: _server_code_used,
    Kind.PLATFORM_DOWN: _platform_down,
    Kind.PLATFORM_BACK: _platform_back,
}
