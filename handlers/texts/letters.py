"""What organizers and stewards are told privately, by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bot.delivery.outbox import Letter
from bot.domain.errors import Hold
from bot.domain.model import Kind
from bot.domain.roles import Matter, Role
from bot.usecases.proposals import Content
from bot.usecases.ways import NOT_RUN
from handlers.texts import backups, closing, committee, committee_word, drawn_cards, fence, general, names
from handlers.texts.catalogue import _, ngettext, spoken
from handlers.texts.kinds import by_kind
from handlers.texts.organizers_words import worded
from handlers.texts.times import number
from handlers.texts.workers import headline


def _room_gone(letter: Letter) -> str:
    if letter.about is None and letter.walkout is not None:
        return _(
            "A citywide chat of {headline} is gone or has removed me; it hears nothing any more. Bind another: /room"
        ).format(headline=headline(letter.walkout.terms))
    return _(
        "The chat of {workplace} is gone or has removed me; it hears nothing any more. Bind another: /room"
    ).format(workplace=_place(letter))


def _room_mute(letter: Letter) -> str:
    if letter.about is None and letter.walkout is not None:
        return _(
            "I may not write in a citywide chat of {headline}: it does not hear its news. Let me write there, or bind "
            "another: /rooms shows which. I go on trying."
        ).format(headline=headline(letter.walkout.terms))
    return _(
        "I may not write in the chat of {workplace}: it does not hear its news. Let me write there, or bind another: "
        "/rooms shows which. I go on trying."
    ).format(workplace=_place(letter))


def _workplaces_ready(letter: Letter) -> str:
    if letter.walkout is None:
        raise ValueError(letter.news.kind)
    title, facts = worded(letter.walkout.terms).title, letter.news.facts
    n, some = _counted(facts)
    kind = letter.walkout.terms.kind
    said = by_kind(
        kind,
        ngettext(
            "{title}: {names} has reached its number. Nobody walks out yet: the city is still counting. See /board",
            "{title}: {n} workplaces have reached their numbers: {names}. Nobody walks out yet: the city is still "
            "counting. See /board",
            n,
        ),
        ngettext(
            "{title}: {names} has reached its number. Nobody takes part yet: the city is still counting. See /board",
            "{title}: {n} workplaces have reached their numbers: {names}. Nobody takes part yet: the city is still "
            "counting. See /board",
            n,
        ),
        ngettext(
            "{title}: {names} has reached its goal. See /board",
            "{title}: {n} workplaces have reached their goals: {names}. See /board",
            n,
        ),
    ).format(title=title, n=number(n), names=some)
    if "areas" not in facts:
        return said
    areas = by_kind(
        kind,
        _("Areas that have reached their numbers: {names}. Nobody walks out yet."),
        _("Areas that have reached their numbers: {names}. Nobody takes part yet."),
        _("Areas that have reached their goals: {names}."),
    )
    return "\n".join([said if n else title, areas.format(names=_counted(facts["areas"])[1])])


def _counted(facts: Mapping[str, Any]) -> tuple[int, str]:
    """Return how many units facts speak of, and their names."""
    named, more = list(map(str, facts["workplaces"])), int(facts["more"])
    return len(named) + more, names.enumerated(named, more)


def _next_step(letter: Letter) -> str:
    """Say to organizers where the next step can open, once a step's last count is in."""
    if letter.walkout is None:
        raise ValueError(letter.news.kind)
    facts = letter.news.facts
    (n, some), others = _counted(facts), int(facts["others"])
    opens = (
        ngettext(
            "The next step can open at {n} workplace: {names}.", "The next step can open at {n} workplaces: {names}.", n
        )
        if n
        else _("No workplace has shown enough for a next step.")
    )
    rest = ngettext("{n} other workplace does not qualify.", "{n} other workplaces do not qualify.", others)
    return " ".join(
        filter(
            None,
            [
                _("{title}: the last count is in.").format(title=worded(letter.walkout.terms).title),
                opens.format(n=number(n), names=some),
                rest.format(n=number(others)) if n and others else "",
                # without a draft that asks for a share of its own, all of the number is meant
                _("Asked was {percent} % of a workplace's number; a draft can ask for less.").format(
                    percent=number(int(facts["share"]))
                )
                if others
                else "",
                _("Draft it: /draft; if that is done: /open"),
            ],
        )
    )


def _campaign_closed(letter: Letter) -> str:
    facts = letter.news.facts
    return closing.campaign(facts.get("titles", {}).get(spoken(), facts["title"]))


def _proposal(letter: Letter) -> str:
    if letter.proposal is None:
        raise ValueError(letter.news.kind)
    what, content = _what(letter), _content(letter)
    effects = committee.does(letter.proposal.matter, letter.walkout, letter.about, letter.lacks)
    if letter.proposal.matter is Matter.WORD and letter.walkout is not None:
        what = "\n\n".join([what, committee_word.read_out(content, letter.walkout)])
        effects = committee_word.effects(content)
    return committee.asked(what, effects, letter.proposer, committee.until(letter.proposal, letter.walkout))


def _decided(letter: Letter) -> str:
    if letter.proposal is None:
        raise ValueError(letter.news.kind)
    return committee.decided(_what(letter), letter.proposal.became)


def _what(letter: Letter) -> str:
    proposal = letter.proposal
    if proposal is None:
        raise ValueError(letter.news.kind)
    return committee.matter(proposal.matter, _content(letter), committee.named(letter.walkout), _place(letter))


def _content(letter: Letter) -> Content:
    content: Content = json.loads(letter.unseal(letter.proposal.content)) if letter.proposal else {}
    return content


def _role_card_used(letter: Letter) -> str:
    card = letter.role_card
    if card is None or card.settled:  # the letter was long on its way
        return committee.settled_before()
    return committee.used(card, letter.unseal(card.nickname), _place(letter))


def _role_given(letter: Letter) -> str:
    return committee.given(Role(str(letter.news.facts["role"])), letter.walkout, _place(letter))


def _role_taken(letter: Letter) -> str:
    return committee.taken(Role(str(letter.news.facts["role"])), _place(letter))


def _server_code_used(_letter: Letter) -> str:
    return committee.server_code_used()


def _suspended(letter: Letter) -> str:
    return committee.told_suspended(letter.suspension)


def _suspension_ended(letter: Letter) -> str:
    return committee.suspension_ended(removed=bool(letter.news.facts.get("removed")))


def _more_than_drawn(letter: Letter) -> str:
    return drawn_cards.more_than_drawn(_place(letter))


def _more_than_people(letter: Letter) -> str:
    return drawn_cards.more_than_people(_place(letter))


def _of_way(letter: Letter) -> str:
    return general.platform(str(letter.news.facts["platform"]), str(letter.news.facts.get("bot", "")))


def _platform_down(letter: Letter) -> str:
    platform = _of_way(letter)
    if letter.news.facts["why"] == "token":
        return _(
            "{platform} refuses this bot's token, so nobody can reach me there and no room there hears anything. "
            "Set the right one on the server. I keep trying, and everything else goes on."
        ).format(platform=platform)
    if letter.news.facts["why"] == NOT_RUN:
        return _(
            "{platform}: no process runs this bot, and news for its rooms and people waits. "
            "Whoever keeps the server: allout doctor says what can be done."
        ).format(platform=platform)
    return _(
        "I cannot reach {platform} just now. Rooms there hear their news when it is back; everything else goes on."
    ).format(platform=platform)


def _platform_back(letter: Letter) -> str:
    return _("{platform} can be reached again.").format(platform=_of_way(letter))


def _token_shared(letter: Letter) -> str:
    return fence.shared(str(letter.news.facts["platform"]), str(letter.news.facts.get("bot", "")))


def _held(letter: Letter) -> str:
    return {
        Hold.FOREIGN: fence.taken(),
        Hold.CLOCK: _(
            "The server's clock may be wrong, so I decide and announce nothing, and refuse pledges. "
            "Set it right on the server; then I go on by myself."
        ),
        Hold.KEPT: _(
            "I was away when a count was due. It waits until the chat services have handed me what people did before; "
            "ten minutes at most. Until then I announce nothing."
        ),
    }[Hold(str(letter.news.facts["why"]))]


def _walkout_closed(letter: Letter) -> str:
    facts = letter.news.facts
    titled = facts.get("titles", {}).get(spoken(), facts["title"])
    return closing.told(letter.news.occasion, titled, is_step=bool(facts.get("step")))


def _restored(letter: Letter) -> str:
    return backups.told(str(letter.news.facts["made"]))


def _cards_keyed(_letter: Letter) -> str:
    return backups.older_ones_tell()


def _place(letter: Letter) -> str:
    return names.full(letter.path) if letter.path else ""


WORDS: dict[Kind, Callable[[Letter], str]] = {
    Kind.WORKPLACES_READY: _workplaces_ready,
    Kind.ROOM_GONE: _room_gone,
    Kind.ROOM_MUTE: _room_mute,
    Kind.PROPOSAL: _proposal,
    Kind.DECIDED: _decided,
    Kind.ROLE_CARD_USED: _role_card_used,
    Kind.ROLE_GIVEN: _role_given,
    Kind.ROLE_TAKEN: _role_taken,
    Kind.SERVER_CODE_USED: _server_code_used,
    Kind.SUSPENDED: _suspended,
    Kind.SUSPENSION_ENDED: _suspension_ended,
    Kind.MORE_THAN_DRAWN: _more_than_drawn,
    Kind.MORE_THAN_PEOPLE: _more_than_people,
    Kind.PLATFORM_DOWN: _platform_down,
    Kind.PLATFORM_BACK: _platform_back,
    Kind.TOKEN_SHARED: _token_shared,
    Kind.HELD: _held,
    Kind.WALKOUT_CLOSED: _walkout_closed,
    Kind.CAMPAIGN_CLOSED: _campaign_closed,
    Kind.NEXT_STEP: _next_step,
    Kind.RESTORED: _restored,
    Kind.CARDS_KEYED: _cards_keyed,
}
