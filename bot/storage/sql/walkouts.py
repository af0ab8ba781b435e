"""Walkouts and their units."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from bot.domain import rules
from bot.domain.errors import NoSuchUnit, NoSuchWalkout
from bot.domain.model import (
    ROOT,
    Announcement,
    BoardLine,
    Ruling,
    Stage,
    Tier,
    Unit,
    UnitId,
    Walkout,
    WalkoutId,
)
from bot.storage.records import instant, maybe_instant, maybe_moment, read_terms, write_terms
from bot.storage.sql.notices import Notices
from bot.storage.sql.writer import NUMBERS, TEXTS, Lock, Row, listed
from bot.storage.store import Note, Rule

_WALKOUT = """
    SELECT id, terms, stage, opened, tally, tallied, next_tally, streak, milestone, reminded, ended, campaign, after,
        cards_gone
    FROM walkout
"""
_COLUMNS = """
    unit.walkout, unit.id, name, headcount, threshold, parent, tier, minimum, meet, meets, minted, issued, standing,
    is_out, told_ready, turnout, drawn, told_drawn, told_people, voided, reached, since, number, anchor, above,
    turnout_reached, turnout_since, turnout_number, turnout_anchor, turnout_above, has_left, took_part
"""
_UNIT = f"SELECT {_COLUMNS} FROM unit JOIN counts USING (walkout, id)"
_WANTED_WALKOUTS = f"WHERE id IN {TEXTS.format('?')}"
_PATHS = f"""
    WITH RECURSIVE path (walkout, id) AS (
        SELECT value ->> 0, CAST(value ->> 1 AS BIGINT) FROM json_each(CAST(? AS TEXT))
        UNION SELECT walkout, parent FROM path JOIN unit USING (walkout, id) WHERE parent IS NOT NULL
    )
    SELECT {_COLUMNS}, CASE WHEN EXISTS (SELECT 1 FROM room WHERE room.walkout = unit.walkout AND scope = unit.id)
        THEN 1 ELSE 0 END
    FROM path JOIN unit USING (walkout, id) JOIN counts USING (walkout, id)
"""

_OF_UNITS = f"walkout = ?1 AND {{column}} IN {NUMBERS.format('?2')}"
_FOLLOW = (
    """
    INSERT INTO room (walkout, scope, platform, address, language)
    SELECT CAST(?1 AS TEXT), scope, platform, address, language FROM room
    WHERE walkout = CAST(?2 AS TEXT) AND (scope = 0 OR scope IN (SELECT id FROM unit WHERE walkout = CAST(?1 AS TEXT)))
    """,
    """
    INSERT INTO steward (walkout, unit, id, organizes) SELECT CAST(?1 AS TEXT), unit, id, organizes FROM steward
    WHERE walkout = CAST(?2 AS TEXT) AND unit IN (SELECT id FROM unit WHERE walkout = CAST(?1 AS TEXT))
    """,
    """
    UPDATE unit SET issued = before.issued, drawn = before.drawn, voided = before.voided FROM unit AS before
    WHERE unit.walkout = ?1 AND before.walkout = ?2 AND before.id = unit.id
    """,
)
"""What a step takes over from the one that it follows: rooms, stewards, and how many cards there are and are drawn."""

_LAST_UNIT = """
    SELECT max(id) FROM (
        SELECT unit.id FROM unit JOIN walkout ON walkout.id = unit.walkout WHERE coalesce(campaign, walkout.id) = ?1
        UNION ALL SELECT unit FROM card WHERE campaign = ?1  -- a step may have been opened without it
    ) AS known
"""

_ASKS = frozenset({Stage.DRAFT, Stage.OPEN})
"""The stages of a survey in which its ballots are needed."""

_BOARD = (
    "reached", "number", "anchor", "is_out", "told_ready", "turnout_reached", "turnout_number", "turnout_anchor",
    "told_drawn", "told_people", "since", "above", "turnout_since", "turnout_above", "has_left",
)  # fmt: skip
# the whole key comes from the line: SQLite then looks each unit up, instead of each one's line
_WRITE_BOARD = f"""
    UPDATE unit SET {", ".join(f"{name} = CAST(line.value ->> {nth} AS BIGINT)" for nth, name in enumerate(_BOARD, 2))}
    FROM json_each(CAST(?1 AS TEXT)) AS line
    WHERE unit.walkout = line.value ->> 0 AND unit.id = CAST(line.value ->> 1 AS BIGINT)
"""

_NOWHERE: Mapping[str, str] = MappingProxyType({})
_TIERS: Mapping[str, Tier] = {tier.value: tier for tier in Tier}


class Walkouts(Notices):
    """Keeps walkouts."""

    async def decide(self, walkout: WalkoutId, rule: Rule) -> Ruling:
        """See Store.decide."""

        async def job() -> Ruling:
            before, units = await self._counted(await self._walkout(walkout)), await self._units(walkout)
            ruling = rule(before, units)
            after = ruling.walkout
            if after.in_campaign and (before.stage, after.stage) == (Stage.DRAFT, Stage.OPEN):
                await self._check_no_live_step(after, units)
            if after != before:
                await self._write_walkout(after)
            if ruling.dropped:
                await self._drop(walkout, ruling)
            if ruling.units:
                await self._write_board(walkout, ruling.units)
            if after.terms.questions and after.stage not in _ASKS:
                await self._rows("DELETE FROM ballot WHERE walkout = ?", (walkout,))
            if ruling.announcements:
                await self._write_news(walkout, ruling.announcements)
            return ruling

        return await self._deciding(walkout, job)

    async def _check_no_live_step(self, walkout: Walkout, units: Sequence[Unit]) -> None:
        """Two steps may be opened in the same moments, and each may have seen none that goes on."""
        now = self._clock()
        going_on = [
            step for step in await self._steps(walkout) if step.id != walkout.id and rules.goes_on(step, now=now)
        ]
        rules.check_no_live_step(units, [(step, await self._units(step.id)) for step in going_on], now=now)

    async def _counted(self, walkout: Walkout) -> Walkout:
        """Return a survey whose last tally is due with what its ballots say."""
        due = rules.latest_tally(walkout, self._clock()) if walkout.terms.questions else None
        if due is None or due < walkout.terms.pledge_by:
            return walkout
        votes = await self._rows(
            "SELECT choices, count(*) FROM ballot WHERE walkout = ? GROUP BY choices", (walkout.id,)
        )
        return replace(walkout, votes=dict(votes))

    async def _drop(self, walkout: WalkoutId, ruling: Ruling) -> None:
        """Delete the units without which a step opens, and what was copied or made for them."""
        dropped = (walkout, listed(sorted(ruling.dropped)))
        columns = {
            "steward": "unit",
            "role_card": "unit",
            "room": "scope",
            "counted": "id",
            "unit": "id",
        }
        stewards = await self._rows(f"SELECT id FROM steward WHERE {_OF_UNITS.format(column='unit')}", dropped)
        await self._drop_pledges(walkout, ruling.dropped)
        for table, column in columns.items():
            await self._rows(f"DELETE FROM {table} WHERE {_OF_UNITS.format(column=column)}", dropped)
        for (steward,) in stewards:
            await self._forget_member(steward)
        # areas have as many people as what is left in them
        await self._each(
            "UPDATE unit SET headcount = ? WHERE walkout = ? AND id = ?",
            [(unit.headcount, walkout, unit.id) for unit in ruling.units],
        )

    async def _write_walkout(self, walkout: Walkout) -> None:
        await self._rows(
            """
            UPDATE walkout SET stage = ?, opened = ?, tally = ?, tallied = ?, next_tally = ?,
                streak = ?, milestone = ?, reminded = ?, ended = ?
            WHERE id = ?
            """,
            (*_state(walkout), walkout.id),
        )

    async def _write_board(self, walkout: WalkoutId, places: Iterable[Unit]) -> None:
        lines = [
            (
                walkout,
                place.id,
                *(
                    int(value)
                    for value in (
                        place.line.reached,
                        place.line.number,
                        place.line.anchor,
                        place.out,
                        place.told_ready,
                        place.turnout_line.reached,
                        place.turnout_line.number,
                        place.turnout_line.anchor,
                        place.told_drawn,
                        place.told_people,
                        place.line.since,
                        place.line.above,
                        place.turnout_line.since,
                        place.turnout_line.above,
                        place.left,
                    )
                ),
            )
            for place in places
        ]
        await self._rows(_WRITE_BOARD, (json.dumps(lines),))

    async def add_walkout(self, walkout: Walkout, units: Sequence[Unit]) -> None:
        """See Store.add_walkout."""

        async def job() -> None:
            terms = walkout.terms
            await self._rows(
                """
                INSERT INTO walkout (id, campaign, after, terms, starts, pledge_by, stage, opened, tally, tallied,
                    next_tally, streak, milestone, reminded, ended)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                (
                    walkout.id,
                    walkout.campaign,
                    walkout.after,
                    write_terms(terms),
                    instant(terms.starts),
                    instant(terms.pledge_by),
                    *_state(walkout),
                ),
            )
            rows = [
                [
                    p.id,
                    p.parent or None,
                    p.tier,
                    p.name,
                    p.headcount,
                    p.threshold,
                    p.minimum,
                    p.meet,
                    json.dumps(dict(p.meets)),
                ]
                for p in units
            ]
            await self._rows(
                """
                INSERT INTO unit (walkout, id, parent, tier, name, headcount, threshold, minimum, meet, meets)
                SELECT CAST(?1 AS TEXT), CAST(p.value ->> 0 AS BIGINT), CAST(p.value ->> 1 AS BIGINT), p.value ->> 2,
                    p.value ->> 3, CAST(p.value ->> 4 AS BIGINT), CAST(p.value ->> 5 AS BIGINT),
                    CAST(p.value ->> 6 AS BIGINT), p.value ->> 7, p.value ->> 8
                FROM json_each(CAST(?2 AS TEXT)) AS p ORDER BY p.key
                """,
                (walkout.id, json.dumps(rows)),
            )
            if walkout.after is not None:
                for statement in _FOLLOW:
                    await self._rows(statement, (walkout.id, walkout.after))

        await self._in_transaction(job)

    async def steps(self, walkout: Walkout) -> list[Walkout]:
        """See Store.steps."""
        return await self._look_up(self._all_steps, walkout.register)

    async def _steps(self, walkout: Walkout) -> list[Walkout]:
        return (await self._all_steps([walkout.register]))[walkout.register]

    async def _all_steps(self, campaigns: Sequence[WalkoutId]) -> dict[WalkoutId, list[Walkout]]:
        wanted = f"WHERE coalesce(campaign, id) IN {TEXTS.format('?')} ORDER BY starts, id"
        found: dict[WalkoutId, list[Walkout]] = {campaign: [] for campaign in campaigns}
        for row in await self._rows(f"{_WALKOUT} {wanted}", (listed(campaigns),)):
            step = _read_walkout(row)
            found[step.register].append(step)
        return found

    async def last_unit(self, campaign: WalkoutId) -> UnitId:
        """See Store.last_unit."""
        [(last,)] = await self._read(_LAST_UNIT, (campaign,))
        return UnitId(last)

    async def walkouts(self) -> list[Walkout]:
        """See Store.walkouts."""
        return [_read_walkout(row) for row in await self._read(f"{_WALKOUT} ORDER BY starts, id")]

    async def walkout(self, walkout: WalkoutId) -> Walkout:
        """See Store.walkout."""
        return await self._reading(lambda: self._walkout(walkout))

    async def _walkout(self, walkout: WalkoutId) -> Walkout:
        rows = await self._rows(f"{_WALKOUT} WHERE id = ?", (walkout,))
        if not rows:
            raise NoSuchWalkout(walkout)
        return _read_walkout(rows[0])

    async def units(self, walkout: WalkoutId) -> list[Unit]:
        """See Store.units."""
        return await self._reading(lambda: self._units(walkout))

    async def _units(self, walkout: WalkoutId) -> list[Unit]:
        rows = await self._rows(f"{_UNIT} WHERE walkout = ? ORDER BY id", (walkout,))
        return [_read_unit(row) for row in rows]

    async def sharing(self, names: Collection[str]) -> dict[WalkoutId, int]:
        """See Store.sharing."""
        rows = await self._read(
            f"SELECT walkout, count(*) FROM unit WHERE name IN {TEXTS.format('?')} GROUP BY walkout",
            (listed(names),),
        )
        return {WalkoutId(walkout): count for walkout, count in rows}

    async def unit(self, walkout: WalkoutId, unit: UnitId) -> Unit:
        """See Store.unit."""
        rows = await self._read(f"{_UNIT} WHERE walkout = ? AND id = ?", (walkout, unit))
        if not rows:  # a step was opened without it
            raise NoSuchUnit("", ())
        return _read_unit(rows[0])

    async def look_up(self, walkout: WalkoutId, unit: UnitId) -> tuple[Walkout, Unit]:
        """See Store.look_up."""
        found, path = await self.path(walkout, unit)
        return found, path[-1]

    async def path(self, walkout: WalkoutId, unit: UnitId) -> tuple[Walkout, tuple[Unit, ...]]:
        """See Store.path."""
        found = await self._look_up(self._look_all_up, (walkout, unit))
        if found is None:  # a step was opened without it
            raise NoSuchUnit("", ())
        return found

    async def _look_all_up(
        self, wanted: Sequence[tuple[WalkoutId, UnitId]]
    ) -> dict[tuple[WalkoutId, UnitId], tuple[Walkout, tuple[Unit, ...]] | None]:
        asked = (json.dumps(wanted),)
        found_walkouts, found_units = await self._several((f"{_WALKOUT} {_WANTED_WALKOUTS}", asked), (_PATHS, asked))
        walkouts = {row[0]: _read_walkout(row) for row in found_walkouts}
        units = {(row[0], row[1]): _read_unit(row, has_room=bool(row[32])) for row in found_units}

        def path(walkout: WalkoutId, unit: UnitId) -> tuple[Unit, ...]:
            return () if unit == ROOT else (*path(walkout, units[walkout, unit].parent), units[walkout, unit])

        # who asks for what is not there must not take the answer from the others
        return {
            (walkout, unit): (walkouts[walkout], path(walkout, unit)) if (walkout, unit) in units else None
            for walkout, unit in wanted
        }

    async def set_drawn(self, walkout: WalkoutId, unit: UnitId, drawn: int, note: Note) -> None:
        """See Store.set_drawn."""

        async def job() -> None:
            changed = await self._rows(
                """
                UPDATE unit SET drawn = ?3, told_drawn = 0
                WHERE walkout = ?1 AND id = ?2 AND (drawn IS DISTINCT FROM ?3 OR told_drawn = 1) RETURNING 1
                """,
                (walkout, unit, drawn),
            )
            if changed:
                await self._note(note)

        await self._in_transaction(job)

    async def set_took_part(self, walkout: WalkoutId, unit: UnitId, number: int, note: Note) -> None:
        """See Store.set_took_part."""
        setting = """
            UPDATE unit SET took_part = ?3 WHERE walkout = ?1 AND id = ?2 AND took_part IS DISTINCT FROM ?3 RETURNING 1
        """

        async def job() -> None:
            if await self._rows(setting, (walkout, unit, number)):
                await self._note(note)

        await self._in_transaction(job)

    async def close(self, walkout: WalkoutId, news: Announcement) -> None:
        """See Store.close."""

        async def forget() -> None:
            step = await self._walkout(walkout)
            # whichever step follows takes rooms and stewards over; organizers may take weeks to draft it
            followed = await self._rows("SELECT 1 FROM walkout WHERE after = ?", (walkout,))
            if followed or not step.in_campaign or step.cards_gone:
                await self._forget_committee(walkout)
            await self._rows(
                "DELETE FROM opinion WHERE proposal IN (SELECT id FROM proposal WHERE walkout = ?)", (walkout,)
            )
            if not step.in_campaign:
                await self._drop_cards(walkout)
            await self._drop_pledges(walkout)
            for table in ("ballot", "parcel", "notice", "proposal", "role_card"):
                await self._rows(f"DELETE FROM {table} WHERE walkout = ?", (walkout,))
            # what is left for a report are numbers of the board
            await self._rows(
                """
                UPDATE unit SET anchor = 0, turnout_anchor = 0, drawn = NULL, told_drawn = 0, told_people = 0,
                    voided = NULL, took_part = NULL
                WHERE walkout = ?
                """,
                (walkout,),
            )
            await self._rows("UPDATE walkout SET next_tally = NULL, streak = 0 WHERE id = ?", (walkout,))

        async def conclude() -> None:
            await self._rows("UPDATE walkout SET stage = ? WHERE id = ?", (Stage.CLOSED, walkout))
            await self._write_news(None, [news])

        await self._forget_for_good(forget, conclude)

    async def close_campaign(self, campaign: WalkoutId, news: Announcement) -> None:
        """See Store.close_campaign."""

        async def forget() -> None:
            await self._drop_cards(campaign)
            await self._rows("DELETE FROM wish WHERE campaign = ?", (campaign,))
            for step in await self._steps(await self._walkout(campaign)):
                await self._forget_committee(step.id)

        async def conclude() -> None:
            await self._rows("UPDATE walkout SET cards_gone = 1 WHERE coalesce(campaign, id) = ?", (campaign,))
            await self._write_news(None, [news])

        await self._forget_for_good(forget, conclude)

    async def _forget_committee(self, walkout: WalkoutId) -> None:
        """Forget the rooms, and whoever looks after a unit."""
        await self._rows("DELETE FROM room WHERE walkout = ?", (walkout,))
        stewards = await self._rows("DELETE FROM steward WHERE walkout = ? RETURNING id", (walkout,))
        for (steward,) in stewards:
            await self._forget_member(steward)

    async def _forget_for_good(
        self, forget: Callable[[], Awaitable[None]], conclude: Callable[[], Awaitable[None]]
    ) -> None:
        await self._in_transaction(forget, Lock.CARDS)
        await self._scrub()  # the stage changes only afterwards: without room for this, closing is tried again
        await self._in_transaction(conclude)

    async def tidy_up(self, news: Announcement) -> None:
        """See Store.tidy_up."""

        async def conclude() -> None:
            await self._rows("UPDATE store SET untidy = 0")
            await self._write_news(None, [news])

        if await self._read("SELECT 1 FROM store WHERE untidy = 1"):
            await self._scrub()
            await self._in_transaction(conclude)


def _state(walkout: Walkout) -> Row:
    return (
        walkout.stage,
        maybe_instant(walkout.opened),
        walkout.tally,
        maybe_instant(walkout.tallied),
        maybe_instant(walkout.next_tally),
        walkout.streak,
        walkout.milestone,
        maybe_instant(walkout.reminded),
        maybe_instant(walkout.ended),
    )


def _read_walkout(row: Row) -> Walkout:
    return Walkout(
        id=WalkoutId(row[0]),
        terms=read_terms(row[1]),
        stage=Stage(row[2]),
        opened=maybe_moment(row[3]),
        tally=row[4],
        tallied=maybe_moment(row[5]),
        next_tally=maybe_moment(row[6]),
        streak=row[7],
        milestone=row[8],
        reminded=maybe_moment(row[9]),
        ended=maybe_moment(row[10]),
        campaign=row[11],
        after=row[12],
        cards_gone=bool(row[13]),
    )


def _read_unit(row: Row, *, has_room: bool = False) -> Unit:
    number, name, headcount, threshold, parent, tier, minimum, meet, meets, minted, issued, standing = row[1:13]
    out, told_ready, turnout, drawn, told_drawn, told_people, voided = row[13:20]
    return Unit(
        id=number,
        name=name,
        headcount=headcount,
        threshold=threshold,
        parent=ROOT if parent is None else parent,
        tier=_TIERS[tier],
        minimum=minimum,
        meet=meet,
        meets=_NOWHERE if meets == "{}" else json.loads(meets),
        minted=minted,
        issued=issued,
        standing=standing,
        line=_read_line(*row[20:25]),
        out=bool(out),
        told_ready=bool(told_ready),
        turnout=turnout,
        turnout_line=_read_line(*row[25:30]),
        drawn=drawn,
        told_drawn=bool(told_drawn),
        told_people=bool(told_people),
        voided=maybe_moment(voided),
        left=bool(row[30]),
        took_part=row[31],
        has_room=has_room,
    )


@lru_cache(maxsize=4096)  # of thousands of workplaces, most have the same few
def _read_line(reached: int, since: int, number: int, anchor: int, above: int) -> BoardLine:
    return BoardLine(reached=bool(reached), since=since, number=number, anchor=anchor, above=above)
