"""The board in words. Only what bot/domain/disclosure.py lets through comes here.

"About", not "at least": a number is held until five people have moved, so it may lag behind either way.
"""

from __future__ import annotations

from bot.domain.disclosure import Shown
from bot.domain.model import Stage, Walkout
from bot.usecases.stewards import Board
from handlers.texts.catalogue import _
from handlers.texts.times import number, when


def workplace_line(place: Shown) -> str:
    """Say one workplace's line: "Manhattan College: about 30 of 151"."""
    if place.reached:
        said = _("reached ({threshold})")
    elif place.number == 0:
        said = _("fewer than {fewer} of {threshold}")
    else:
        said = _("about {number} of {threshold}")
    said = said.format(
        number=number(place.number),
        threshold=number(place.threshold),
        fewer=number(place.fewer_than),
    )
    line = _("{workplace}: {said}").format(workplace=place.name, said=said)
    return _("{line}, out").format(line=line) if place.out else line


def board(seen: Board) -> str:
    """Say the whole board."""
    walkout, city = seen.walkout, seen.city
    parts = [
        _("{title} ({id}): {stage}").format(title=walkout.terms.title, id=walkout.id, stage=stage(walkout.stage)),
        (
            _("City: about {counted} of {threshold} · {ready} of {workplaces} workplaces ready")
            if city.counted
            else _("City: nothing counted yet of {threshold} · {ready} of {workplaces} workplaces ready")
        ).format(
            counted=number(city.counted),
            threshold=number(walkout.terms.citywide_threshold),
            ready=number(city.ready),
            workplaces=number(city.workplaces),
        ),
    ]
    if city.pledged != city.counted:
        parts.append(_("Pledged everywhere, ready or not: about {n}").format(n=number(city.pledged)))
    parts += [as_of(walkout), next_tally(walkout)]
    return "\n".join([*filter(None, parts), "", *map(workplace_line, seen.workplaces)])


def as_of(walkout: Walkout) -> str:
    """Say how old the board is."""
    if walkout.tallied is None:
        return _("Nothing has been tallied yet.")
    return _("As of tally {n}, {when}.").format(n=walkout.tally, when=when(walkout.tallied, walkout.terms.pledge_by))


def next_tally(walkout: Walkout) -> str:
    """Say when the board changes next; nothing if it does not."""
    if walkout.next_tally is None:
        return ""
    return _("Next tally: {when}.").format(when=when(walkout.next_tally, walkout.terms.pledge_by))


def stage(stage: Stage) -> str:
    """Say where a walkout stands."""
    return {
        Stage.DRAFT: _("draft"),
        Stage.OPEN: _("open"),
        Stage.ON: _("on"),
        Stage.LAPSED: _("lapsed"),
        Stage.CALLED_OFF: _("called off"),
        Stage.CLOSED: _("closed"),
    }[stage]
