"""The board in words. Only what bot/domain/disclosure.py lets through comes here.

"About", not "at least": a number is held until five people have moved, so it may lag behind either way.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.disclosure import FEWEST_LINES, NEARLY, TENTHS, Coarse, Shown, Turnout
from bot.domain.model import Stage, StepKind, Tier, Walkout
from bot.usecases.stewards import Area, Board
from handlers.texts.catalogue import _, isolated, ngettext
from handlers.texts.kinds import by_kind
from handlers.texts.ladder import ladder
from handlers.texts.names import joined
from handlers.texts.organizers_words import worded
from handlers.texts.times import number, when

PAGE = 10
"""Workplaces on one page: with their bars they fill a phone's screen."""

CELLS = 10
FULL, EMPTY = "▓", "░"
"""Of one width in any font, so that bars below each other can be compared, and plain on light and dark."""


def board(seen: Board, page: int | None = None) -> str:
    """Say the board: one page of it, the nearest there is; without a number all of it."""
    last = pages(seen)
    page = None if page is None else min(max(page, 1), last)
    walkout, here = seen.walkout, seen.here
    head = [
        _headline(walkout),
        *_head(seen),
        reached(here),
        everywhere(here),
        turnout_said(here),
        as_of(walkout),
        next_tally(walkout),
    ]
    foot = _("Page {page} of {last}").format(page=number(page), last=number(last)) if page and last > 1 else ""
    steps = ladder(seen) if page in {None, 1} and not seen.of and not seen.only else ""
    blocks = ["\n".join(filter(None, head)), steps, chosen(seen), "\n".join(map(lines, on_page(seen, page))), foot]
    return "\n\n".join(filter(None, blocks))


def _head(seen: Board) -> list[str]:
    """Say what is looked into, and how far the area is, or the city."""
    name = where(seen) or city()
    if said := city_said(seen.here):
        return [name, _with_bar(seen.here, said)]
    if any(_is_department(line) for line in seen.units) and not seen.only:
        return [name, _("Of a department it is only shown that it has reached its number.")]
    return [name] if seen.of else []


def where(seen: Board) -> str:
    """Name what is looked into, with all that it is part of; nothing for the whole walkout."""
    return joined([name for _unit, name in reversed(seen.of)])


def on_page(seen: Board, page: int | None) -> Sequence[Shown | Area]:
    """Return what one page shows; without a number all of it."""
    return seen.units if page is None else seen.units[(page - 1) * PAGE : page * PAGE]


def pages(seen: Board) -> int:
    """Count the pages; a board without workplaces has one as well."""
    return max(1, -(-len(seen.units) // PAGE))


def bar(part: int, whole: int) -> str:
    """Draw a number of the board in ten cells; the last one is full only if the whole is there."""
    full = min(CELLS, CELLS * part // whole)
    return FULL * full + EMPTY * (CELLS - full)


def lines(line: Shown | Area) -> str:
    """Say one unit on lines that are short enough for a phone: its name, and below it how far it is."""
    if isinstance(line, Area):
        share = city_said(line)
        return "\n".join(filter(None, [line.name, _with_bar(line, share) if share else "", workplaces_said(line)]))
    if is_silent(line):
        return _goes(line, line.name) if isinstance(line, Shown) and line.out else line.name
    drawn = bar(line.threshold if line.reached else line.number, line.threshold)
    return f"{line.name}\n{drawn} {said(line)}"


def is_silent(line: Shown | Area) -> bool:
    """Say whether nothing is shown of it but its name: a department that has not reached its number, or has none."""
    return _is_department(line) and isinstance(line, Shown) and not line.reached


def _is_department(line: Shown | Area) -> bool:
    return isinstance(line, Shown) and line.tier is Tier.DEPARTMENT


def _with_bar(area: Area, said: str) -> str:
    part, whole = area_part(area)
    return f"{bar(part, whole)} {said}" if whole else said


def workplace_line(place: Shown) -> str:
    """Say one workplace's line: "Manhattan College: about 30 of 151"."""
    return _("{workplace}: {said}").format(workplace=place.name, said=said(place))


def said(place: Shown) -> str:
    """Say how far a workplace is, in the words that stand wherever the board is shown; nothing of most departments."""
    if is_silent(place):
        return ""
    if place.reached:
        words = _("has reached {threshold} (tally {since})")
    elif place.number == 0:
        words = (
            _("fewer than {fewer} of {threshold}") if place.fewer_than < place.threshold else _("fewer than {fewer}")
        )
    else:
        words = _("about {number} of {threshold}")
    words = words.format(
        number=number(place.number),
        threshold=number(place.threshold),
        fewer=number(place.fewer_than),
        since=number(place.since),
    )
    if place.turnout is not None:
        return by_kind(place.kind, _("{line}, out: {turnout}"), _("{line}, taking part: {turnout}")).format(
            line=words, turnout=turnout(place.turnout, place.threshold)
        )
    return _goes(place, words) if place.out else words


def _goes(place: Shown, said: str) -> str:
    return by_kind(place.kind, _("{line}, walks out"), _("{line}, takes part")).format(line=said)


def turnout(turnout: Turnout, threshold: int) -> str:
    """Say how many of a workplace say that they are out."""
    if turnout.reached:
        return _("{threshold} or more (tally {since})").format(threshold=number(threshold), since=number(turnout.since))
    if turnout.number == 0:
        return _("fewer than {fewer}").format(fewer=number(turnout.fewer_than))
    return _("about {number}").format(number=number(turnout.number))


def city() -> str:
    """Name the city where nothing else does."""
    return _("City")


def city_said(here: Area) -> str:
    """Say how far the city is, or an area; nothing where that would say more than its workplaces' lines."""
    threshold = number(here.threshold)
    if here.sums is not None:
        if not here.threshold:
            return _("about {number}").format(number=number(here.sums.counted)) if here.sums.counted else ""
        if here.sums.counted >= here.threshold:
            return _("{threshold} reached").format(threshold=threshold)
        words = _("about {counted} of {threshold}") if here.sums.counted else _("nothing counted yet of {threshold}")
        return words.format(counted=number(here.sums.counted), threshold=threshold)
    return coarse_said(here.coarse, threshold) if here.coarse else ""


def area_said(area: Area) -> str:
    """Say an area in few words: how far it is, or else how large, or how much of it walks out."""
    return _walking(area) or city_said(area) or _how_many(area)


def workplaces_said(area: Area) -> str:
    """Say how many of an area's workplaces walk out; before they do, how many have reached theirs, or there are."""
    return _walking(area) or reached(area) or _how_many(area)


def _walking(area: Area) -> str:
    if not area.out:
        return ""
    words = by_kind(
        area.kind,
        ngettext("{n} of {workplaces} workplace walks out", "{n} of {workplaces} workplaces walk out", area.workplaces),
        ngettext(
            "{n} of {workplaces} workplace takes part", "{n} of {workplaces} workplaces take part", area.workplaces
        ),
    )
    return words.format(n=number(area.out), workplaces=number(area.workplaces))


def _how_many(area: Area) -> str:
    return ngettext("{n} workplace", "{n} workplaces", area.workplaces).format(n=number(area.workplaces))


def coarse_said(line: Coarse, threshold: str) -> str:
    """Say how far the city is, as anybody may see it."""
    if line.tenths == TENTHS:
        return _("{threshold} reached").format(threshold=threshold)
    if line.tenths == NEARLY:
        return _("nearly there: {threshold} needed").format(threshold=threshold)
    return _share(line.tenths, threshold)


def area_part(area: Area) -> tuple[int, int]:
    """Return how much of an area's bar is full, or of the city's, and of how much; of nothing where it has none."""
    if area.sums is not None:
        return area.sums.counted, area.threshold
    return (area.coarse.tenths, TENTHS) if area.coarse else (0, 0)


def _share(tenths: int, threshold: str) -> str:
    words = _("about {tenths}/10 of {threshold}") if tenths else _("less than 1/10 of {threshold}")
    return words.format(tenths=number(tenths), threshold=threshold)


def reached(here: Area) -> str:
    """Say how many workplaces have reached their number, and how many must."""
    if here.sums is not None:
        n, is_exact = here.sums.reached, True
    elif here.coarse is not None:
        n, is_exact = here.coarse.reached or FEWEST_LINES, here.coarse.reached > 0
    else:
        return ""
    if is_exact and here.needed:
        words = ngettext(
            "{n} of {workplaces} workplace has reached its number, {needed} needed",
            "{n} of {workplaces} workplaces have reached theirs, {needed} needed",
            here.workplaces,
        )
    elif here.needed:
        words = ngettext(
            "fewer than {n} of {workplaces} workplace has reached its number, {needed} needed",
            "fewer than {n} of {workplaces} workplaces have reached theirs, {needed} needed",
            here.workplaces,
        )
    elif is_exact:
        words = ngettext(
            "{n} of {workplaces} workplace has reached its number",
            "{n} of {workplaces} workplaces have reached theirs",
            here.workplaces,
        )
    else:
        words = ngettext(
            "fewer than {n} of {workplaces} workplace has reached its number",
            "fewer than {n} of {workplaces} workplaces have reached theirs",
            here.workplaces,
        )
    return words.format(n=number(n), workplaces=number(here.workplaces), needed=number(here.needed))


def everywhere(here: Area) -> str:
    """Say how many pledged at any workplace; nothing if they all count, or to anybody but organizers."""
    if here.sums is None or here.sums.pledged == here.sums.counted:
        return ""
    return _("Pledged everywhere, reached or not: about {n}").format(n=number(here.sums.pledged))


def turnout_said(here: Area) -> str:
    """Say how many say on the day that they are out; nothing before that is counted."""
    if here.sums is not None and here.sums.turnout is not None:
        if here.sums.turnout == 0:
            return by_kind(
                here.kind, _("Out on the day: nothing counted yet"), _("Taking part on the day: nothing counted yet")
            )
        return by_kind(here.kind, _("Out on the day: about {n}"), _("Taking part on the day: about {n}")).format(
            n=number(here.sums.turnout)
        )
    if here.sums is None and here.coarse is not None and here.coarse.turnout is not None:
        return _out_on_the_day(here.coarse.turnout, here.threshold, here.kind)
    return ""


def out_on_the_day(tenths: int, walkout: Walkout) -> str:
    """Say how many of the whole city say that they are out."""
    return _out_on_the_day(tenths, walkout.terms.citywide_threshold, walkout.terms.kind)


def _out_on_the_day(tenths: int, threshold: int, kind: StepKind) -> str:
    return by_kind(kind, _("Out on the day: {share}"), _("Taking part on the day: {share}")).format(
        share=_share(tenths, number(threshold))
    )


def chosen(seen: Board) -> str:
    """Say by what the workplaces were chosen; nothing if all are there."""
    if not seen.only:
        return ""
    if not seen.units:
        said = _("No workplace's name contains “{text}”.").format(text=seen.only)
        return f"{said} {do_you_mean(seen.nearest)}" if seen.nearest else said
    if seen.paths and max(map(len, seen.paths.values())) > 1:
        return f"“{isolated(seen.only)}”: {number(len(seen.units))}"
    return ngettext(
        "“{text}”: {n} of {workplaces} workplace", "“{text}”: {n} of {workplaces} workplaces", seen.everywhere
    ).format(text=seen.only, n=number(len(seen.units)), workplaces=number(seen.everywhere))


def do_you_mean(names: Sequence[str]) -> str:
    """Offer what may have been meant."""
    return _("Do you mean: {names}").format(names=joined(names))


def picture() -> str:
    """Name a button."""
    return _("Picture")


def up(name: str) -> str:
    """Name the button that leads back to what something is part of."""
    return f"↑ {name or city()}"


def caption(seen: Board) -> str:
    """Stand beside a picture or a table of the board."""
    walkout = seen.walkout
    return "\n".join(filter(None, [_headline(walkout), where(seen), chosen(seen), as_of(walkout), next_tally(walkout)]))


def _headline(walkout: Walkout) -> str:
    title = worded(walkout.terms).title
    return _("{title} ({id}): {stage}").format(title=title, id=walkout.id, stage=stage(walkout.stage))


def and_more(n: int) -> str:
    """Say that a picture leaves workplaces out, and where they are."""
    return ngettext("and {n} more: /board", "and {n} more: /board", n).format(n=number(n))


def cannot_draw() -> str:
    """Explain the boxes in a picture."""
    return _("□ is a letter I cannot draw; /board has it.")


def as_of(walkout: Walkout) -> str:
    """Say how old the board is."""
    if walkout.tallied is None:
        return _("Nothing has been tallied yet.")
    return _("As of tally {n}, {when}.").format(n=walkout.tally, when=when(walkout.tallied, walkout.terms))


def next_tally(walkout: Walkout) -> str:
    """Say when the board changes next; nothing if it does not."""
    if walkout.next_tally is None:
        return ""
    return _("Next tally: {when}.").format(when=when(walkout.next_tally, walkout.terms))


def stage(stage: Stage) -> str:
    """Say where a walkout stands."""
    return {
        Stage.DRAFT: _("draft"),
        Stage.OPEN: _("open"),
        Stage.ON: _("on"),
        Stage.LAPSED: _("lapsed"),
        Stage.CALLED_OFF: _("called off"),
        Stage.ENDED: _("over"),
        Stage.CLOSED: _("closed"),
    }[stage]
