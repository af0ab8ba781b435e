"""Examining the store: whether its counts agree with its cards, its news with its walkouts.

Each question waits for the writer's turn by itself, so that pledges wait no longer than the longest of them takes:
with a million cards a second or so.
"""

from __future__ import annotations

from bot.domain.errors import NotRecorded
from bot.domain.model import WalkoutId
from bot.storage.sql.writer import Writer
from bot.storage.store import STUCK_AFTER, Examined

# read from the pledges, against what is kept
_MISCOUNTED = """
    SELECT count(*) FROM counts AS place LEFT JOIN (
        SELECT unit, count(*) AS minted, sum(CASE WHEN state IN ('p', 'o') THEN 1 ELSE 0 END) AS standing,
            sum(CASE WHEN state = 'o' THEN 1 ELSE 0 END) AS turnout
        FROM pledge WHERE walkout = ?1 GROUP BY unit
    ) AS counted ON counted.unit = place.id
    WHERE place.walkout = ?1 AND (place.minted <> coalesce(counted.minted, 0)
        OR place.standing <> coalesce(counted.standing, 0) OR place.turnout <> coalesce(counted.turnout, 0))
"""
_MISPLACED = """
    SELECT count(*) FROM unit JOIN counts USING (walkout, id)
        LEFT JOIN unit AS above ON above.walkout = unit.walkout AND above.id = unit.parent
    WHERE above.id >= unit.id
        OR CASE unit.tier WHEN 'department' THEN above.tier IS DISTINCT FROM 'workplace'
            ELSE coalesce(above.tier, 'area') <> 'area' END
        OR (minted > 0 AND NOT EXISTS (SELECT 1 FROM leaf WHERE leaf.walkout = unit.walkout AND leaf.id = unit.id))
"""
# a walkout that was called off or is closed may have been on before
_CONTRADICTORY = """
    SELECT id FROM walkout WHERE stage NOT IN ('called_off', 'closed') AND CASE stage WHEN 'on' THEN 1 ELSE 0 END <> (
        SELECT count(*) FROM announcement AS news WHERE news.walkout = walkout.id AND kind = 'on' AND scope = 0
    )
"""
_STUCK = """
    SELECT platform, count(*) FROM parcel WHERE state IN ('waiting', 'claimed') AND attempts >= ? GROUP BY platform
"""


class Examination(Writer):
    """Answers what `allout doctor` asks."""

    async def examine(self) -> Examined:
        """See Store.examine."""
        damage: tuple[str, ...] = ()
        try:
            database, damage, orphans = await self._examine_database()
            return Examined(
                database=database,
                damage=damage,
                orphans=orphans,
                misplaced=(await self._read(_MISPLACED))[0][0],
                miscounted={
                    WalkoutId(walkout): wrong
                    for (walkout,) in await self._read("SELECT id FROM walkout")
                    if (wrong := (await self._read(_MISCOUNTED, (walkout,)))[0][0])
                },
                contradictory=tuple(WalkoutId(walkout) for (walkout,) in await self._read(_CONTRADICTORY)),
                stuck=dict(await self._read(_STUCK, (STUCK_AFTER,))),
            )
        except NotRecorded as refused:
            if not damage:
                damage = (str(refused),)
            return Examined(damage=damage)
