"""What the demo says around the bot's own words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain.disclosure import City
from bot.domain.model import Stage, StepKind, Terms, Walkout
from handlers.texts.board import stage
from handlers.texts.catalogue import _, isolated, ngettext
from handlers.texts.kinds import by_kind
from handlers.texts.times import before, clock, number, when

# -- the story ------------------------------------------------------------------------------------------------


def drafted(places: int, areas: int, people: int) -> str:
    """Set the scene."""
    return _("Olga's draft: {places} workplaces in {areas} neighborhoods; {people} people, a card each.").format(
        places=number(places), areas=number(areas), people=number(people)
    )


def proposed() -> str:
    """Say that one organizer is not enough."""
    return _("Olga sends /open. Nothing opens yet: it takes two organizers.")


def survey_opened() -> str:
    """Say that the first step begins."""
    return _("Omar agrees. A survey first: workers open their cards, take part, and vote.")


def next_step(kind: StepKind, places: int) -> str:
    """Say that another step begins, with the same cards."""
    said = (
        _("Next step, {places} workplaces: the walkout. Same cards, pledged anew.")
        if kind is StepKind.WALKOUT
        else _("Next step, {places} workplaces: stickers at work. Same cards, pledged anew.")
    )
    return said.format(places=number(places))


def most_votes(option: str) -> str:
    """Say what a survey came to."""
    return _("Most votes: {option}. Only rounded totals; each vote is deleted.").format(option=option)


def step_is_on() -> str:
    """Say that people will take part."""
    return _("It is on: people wear the sticker that day. Nobody leaves work for it.")


def by_hand() -> str:
    """Say who counts on the day."""
    return _("On the day each workplace counts by hand: a number, no names.")


def proved(places: int, of: int) -> str:
    """Say where the next step can open."""
    return _("At {n} of {of} workplaces enough took part: the next step opens there.").format(
        n=number(places), of=number(of)
    )


def between_tallies() -> str:
    """Explain why the board stands still."""
    return _("The clock runs and people pledge; the board changes at tallies only.")


def first_ready(workplace: str) -> str:
    """Point at the first workplace."""
    return _("{workplace} has its number. Only its own room and the organizers hear it.").format(workplace=workplace)


def first_department(workplace: str, department: str) -> str:
    """Point at the first department."""
    return _("{department} at {workplace} has its number. Only its own people read it.").format(
        department=department, workplace=workplace
    )


def first_line(area: str) -> str:
    """Point at the first area that shows a line."""
    return _("{area} fills up: in tenths, which move when three workplaces have.").format(area=area)


def nearly_there(area: str) -> str:
    """Point at an area that shows no more until it is on."""
    return _("{area} is nearly there. No neighborhood shows more than that before “on”.").format(area=area)


def fell_back(workplace: str) -> str:
    """Point at a workplace that is well below its number again."""
    return _("{workplace} fell well below its number. No room is told.").format(workplace=workplace)


def back_again(workplace: str) -> str:
    """Point at a workplace that recovered."""
    return _("{workplace} has reached it again. It was announced once; that is enough.").format(workplace=workplace)


def milestone() -> str:
    """Point at a milestone."""
    return _("A milestone. Counted are only people whose workplace and neighborhood are ready.")


def is_on() -> str:
    """Say what everybody waited for."""
    return _("It is on, by itself, and for good: taking a pledge back now undoes nothing.")


def waits(workplace: str, area: str) -> str:
    """Point at a workplace that stays at work although it has its number."""
    return _("{workplace} has its number, but {area} has not: it waits.").format(workplace=workplace, area=area)


def area_joins(area: str) -> str:
    """Point at an area that is out as well."""
    return _("{area} has its number now: whoever waited there walks out too.").format(area=area)


def joins(workplace: str) -> str:
    """Point at a workplace that is out as well."""
    return _("{workplace} makes its number late, and joins.").format(workplace=workplace)


def pledging_over(out: int, places: int) -> str:
    """Say how it stands at the deadline."""
    return _("Pledging is over: {out} of {places} workplaces walk out.").format(out=number(out), places=number(places))


def the_day(city: str) -> str:
    """Say that they walk out."""
    return _("They walk out together, all over {city}. Nobody walked alone.").format(city=city)


def the_day_after(answer: str) -> str:
    """Quote what somebody is told who presses Pledge too late."""
    return _("Next day, a late card gets: {answer}").format(answer=answer)


def secrets_destroyed(at: datetime, terms: Terms) -> str:
    """Say what becomes of the cards."""
    return _("On {at} its key and pledges are destroyed; later the cards.").format(at=when(at, terms))


# -- the display ----------------------------------------------------------------------------------------------


def city_line(city: City, walkout: Walkout) -> str:
    """Say how the city stands, as the board says it."""
    said = _("City: about {counted} of {threshold}") if city.counted else _("City: nothing counted yet of {threshold}")
    return said.format(counted=number(city.counted), threshold=number(walkout.terms.citywide_threshold))


def reached_line(city: City, workplaces: int) -> str:
    """Say how many workplaces have reached their number."""
    return _("{n} of {workplaces} workplaces reached theirs").format(
        n=number(city.reached), workplaces=number(workplaces)
    )


def tally_line(walkout: Walkout) -> str:
    """Say how old the board is and when the next one comes."""
    parts = [stage(walkout.stage).upper() if walkout.stage is Stage.ON else stage(walkout.stage)]
    if walkout.tally:
        parts.append(_("tally {n}").format(n=number(walkout.tally)))
    if walkout.next_tally is not None:
        parts.append(_("next {clock}").format(clock=clock(walkout.next_tally, walkout.terms)))
    return " · ".join(parts)


def pledge_until(walkout: Walkout) -> str:
    """Say the deadline."""
    return _("pledge {before}").format(before=before(walkout.terms))


def area(kind: StepKind, tenths: int, *, out: bool, nearly: bool) -> str:
    """Say a neighborhood's line in a few letters."""
    if out:
        return by_kind(kind, _("✓ out"), _("✓ in"))
    return _("nearly") if nearly else _("{n}/10").format(n=number(tenths))


def about(shown: int, threshold: int | None, *, fell: bool) -> str:
    """Say a number of the board in a few letters; without the threshold where there is no room."""
    return (_("↓{n}") if fell else _("~{n}")).format(n=number(shown)) + _of(threshold)


def fewer_than(shown: int, threshold: int | None) -> str:
    """Say likewise that it is fewer."""
    return _("<{n}").format(n=number(shown)) + _of(threshold)


def reached(threshold: int | None) -> str:
    """Say likewise that it is reached."""
    return _("✓") if threshold is None else _("✓ {n}").format(n=number(threshold))


def out(kind: StepKind, threshold: int | None) -> str:
    """Say likewise that the workplace goes out, or takes part."""
    return by_kind(kind, _("out"), _("in")) if threshold is None else by_kind(kind, _("✓ out"), _("✓ in"))


def _of(threshold: int | None) -> str:
    return "" if threshold is None else f"/{number(threshold)}"


def rooms_hear() -> str:
    """Head the list of announcements."""
    return _("what the rooms hear")


def and_more_rooms(n: int) -> str:
    """Say that other rooms hear the same."""
    return _("+{n}").format(n=number(n))


def only_what_they_see() -> str:
    """State the rule that the display keeps."""
    return _("You see what they could: rounded numbers, new at each tally, no counts.")


def legend() -> str:
    """Explain the short forms."""
    return _("~15 about 15 · <10 fewer")


# -- lines for what is not a terminal --------------------------------------------------------------------------


def line(at: str, said: str) -> str:
    """Lay out a line of the story."""
    return f"{at}  {said}"


def hears(room: str, others: int, said: str) -> str:
    """Lay out an announcement."""
    if not others:
        return _("{room} hears: {said}").format(room=room, said=said)
    return ngettext("{room} and {n} more room hear: {said}", "{room} and {n} more rooms hear: {said}", others).format(
        room=room, n=number(others), said=said
    )


def board_line(city: City, walkout: Walkout, workplaces: int) -> str:
    """Say what a tally changed."""
    return _("Tally {n}. {city} · {reached}.").format(
        n=number(walkout.tally), city=city_line(city, walkout), reached=reached_line(city, workplaces)
    )


def areas_line(areas: Mapping[str, str]) -> str:
    """Say what it changed for the neighborhoods."""
    return _("Neighborhoods: {areas}.").format(
        areas=" · ".join(f"{isolated(name)} {said}" for name, said in areas.items())
    )


# -- the end ---------------------------------------------------------------------------------------------------


def made_up() -> str:
    """Say what was real about it."""
    return _("That was a made-up city in the real conversation, store, tally and outbox.")


def nothing_left(seconds: float) -> str:
    """Say what remains of it."""
    return _("It took {seconds:.0f} s and no network, and leaves nothing behind.").format(seconds=seconds)


def kept(data: str, area: str, command: str) -> str:
    """Say how to look at what is kept."""
    return "\n".join(
        [
            _("Its store is kept in {data}. Look at it with @olga /board or @olga /board {area}:").format(
                data=data, area=area
            ),
            f"  {command}",
        ]
    )


def your_own(copy: str, draft: str, cards: str, console: str) -> str:
    """Say what to type next."""
    return "\n".join(
        [
            _("Your own walkout next; docs/tutorial/first-walkout.md explains the steps:"),
            f"  {copy}  # " + _("write your terms into it"),
            f"  {draft}  # " + _("prints the ID"),
            f"  {cards}",
            f"  {console}",
        ]
    )


def holds_a_store(path: str) -> str:
    """Refuse to play in a folder that is in use."""
    return _("{path} holds a store already, and the demo would write into it. Choose another --data.").format(path=path)
