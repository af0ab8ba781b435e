"""What `allout doctor` finds at the database's server. Beside health.py, for who has SQLite needs no PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator

from bot.domain.errors import NotRecorded
from bot.process.clock import Clock
from bot.storage.postgres.server_settings import OLDEST, Harm, Server, look_at, open_ways
from bot.usecases.health import FAR_OFF_S, OFF_S, Finding, Grade, Sign, found


async def server(url: str, clock: Clock) -> AsyncIterator[Finding]:
    """Look at the PostgreSQL server of this address as it is for the bot's role."""
    before = clock()
    try:
        seen = await look_at(url)
    except NotRecorded as refused:
        yield found(Sign.SERVER_SILENT, Grade.BAD, why=str(refused))
        return
    for each in served(seen, open_ways(url)):
        yield each
    off = max((before - seen.time).total_seconds(), (seen.time - clock()).total_seconds())
    if off > OFF_S:
        yield found(Sign.SERVER_CLOCK_OFF, Grade.LOOK if off <= FAR_OFF_S else Grade.BAD, seconds=round(off))


def served(seen: Server, open_to: Collection[str]) -> Iterator[Finding]:
    """Say what it means how a server is; `open_to` are hosts to which nothing closes the way."""
    old = seen.version < OLDEST
    yield found(Sign.SERVER_OLD if old else Sign.SERVER_FITS, Grade.BAD if old else Grade.OK, version=str(seen.version))
    if seen.powers:
        yield found(Sign.ROLE_POWERFUL, Grade.BAD, role=seen.role, powers=", ".join(seen.powers))
    else:
        yield found(Sign.ROLE_PLAIN, role=seen.role)
    # something on this machine may pass on what is said
    ways = open_to or (["PostgreSQL"] if not seen.near and not seen.encrypted else [])
    yield found(Sign.WAY_OPEN, Grade.BAD, host=", ".join(ways)) if ways else found(Sign.WAY_CLOSED)
    if seen.pooled:
        yield found(Sign.POOLED, Grade.LOOK)
    if seen.waited_for:
        yield found(Sign.STANDBY_AWAITED)
    elif seen.standbys:
        yield found(Sign.STANDBY_NOT_AWAITED, Grade.LOOK, n=seen.standbys)
    for wrong in seen.wrong:
        sign, grade = _HARMS[wrong.harm]
        role = seen.role if wrong.of_role else ""
        yield found(sign, grade, name=wrong.name, value=wrong.value, wanted=wrong.wanted, role=role)
    if not seen.wrong:
        yield found(Sign.SETTINGS_RIGHT)


_HARMS = {
    Harm.TELLS: (Sign.SETTING_TELLS, Grade.BAD),
    Harm.MAY_TELL: (Sign.SETTING_MAY_TELL, Grade.LOOK),
    Harm.LOSES: (Sign.SETTING_LOSES, Grade.BAD),
    Harm.MAY_LOSE: (Sign.SETTING_MAY_LOSE, Grade.LOOK),
    Harm.BREAKS: (Sign.SETTING_BREAKS, Grade.BAD),
}
