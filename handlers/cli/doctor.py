"""`allout doctor`: looks at everything that a server needs to keep what it is trusted with, and says what to do."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot.domain.errors import Refused
from bot.domain.ways import bot_of, platform_of
from bot.process.clock import real_clock
from bot.runtime import control_socket
from bot.runtime.app import DATABASE, KEY_FILE, SOCKET, is_begun, look_into
from bot.runtime.control_socket import Answer
from bot.runtime.settings import Settings
from bot.sandbox.pool import SandboxPool
from bot.usecases import health
from bot.usecases.health import Bound, Finding, Grade, Sign, Visit, found
from handlers.cli.common import Data, cli, run_to_end, settings_in
from handlers.sandboxed import sandbox_client
from handlers.texts import doctor as texts
from handlers.texts.refusals import refusal

PATIENCE_S = 120.0
"""How long the running bot may take to look at itself."""

Visiting = Callable[[Settings, Sequence[str]], Awaitable[Visit]]


@cli.command()
def doctor(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as one JSON list.")] = False,
) -> None:
    """Look whether everything is as it should be, and say what to do where it is not. Changes nothing."""
    settings = settings_in(data)
    findings = run_to_end(_examine(settings))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings]))  # noqa: T201
    else:
        width = shutil.get_terminal_size().columns
        print("\n".join(_laid_out(finding, width) for finding in findings))  # noqa: T201
        print(texts.summary(findings))  # noqa: T201
    raise typer.Exit(int(any(finding.grade is Grade.BAD for finding in findings)))


def _laid_out(finding: Finding, width: int) -> str:
    from wcwidth import ljust, wcswidth, wrap  # noqa: PLC0415  its tables are large, and a bot that runs needs none

    label = texts.grade(finding.grade)
    indent = " " * (max(wcswidth(texts.grade(grade)) for grade in Grade) + 2)
    lines = [f"{ljust(label, len(indent))}{texts.said(finding)}"]
    if finding.grade is not Grade.OK:
        lines.append(f"{indent}{texts.advice(finding)}")
    return "\n".join(
        part
        for line in lines
        for part in wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    )


async def _examine(settings: Settings) -> list[Finding]:
    url = settings.postgres
    findings = list(health.surroundings(settings.data, database=KEY_FILE if url else DATABASE, here=Path.cwd()))
    rooms: list[Bound] = []
    if url:
        from bot.usecases import server_health  # noqa: PLC0415  who has SQLite needs no PostgreSQL

        findings += [each async for each in server_health.server(url, real_clock)]
    if await is_begun(settings.data, url):
        inside, rooms = await _inside(settings)
        findings += inside
    for platform, visiting in _visitors(settings).items():
        way = settings.ways.get(platform, platform)
        # those of its only bot, until that has run once with this version, are called by the platform alone
        on_it = [room for room in rooms if platform_of(room.way) == platform]
        there = [room for room in on_it if not bot_of(way) or room.way in {way, platform}]
        findings += health.astray(platform, [room for room in on_it if room not in there])
        if visiting is not None:
            visit = await visiting(settings, list(dict.fromkeys(room.address for room in there)))
            findings += health.visited(platform, visit, there)
        elif there:
            findings.append(found(Sign.NO_TOKEN, Grade.LOOK, platform=platform, n=len(there)))
    return findings


async def _inside(settings: Settings) -> tuple[list[Finding], list[Bound]]:
    """Have the store's owner look: the bot that runs, or else we look ourselves, and leave everything as it is."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            answer = await control_socket.ask(settings.data / SOCKET, {"command": "doctor"})
    except (TimeoutError, EOFError, ConnectionError, ValueError):
        return [found(Sign.BOT_SILENT, Grade.BAD)], []
    if answer is not None:
        return [found(Sign.BOT_RUNS), *_read(answer)], [Bound(**room) for room in answer.get("rooms", [])]
    try:
        return await _here(settings)
    except Refused as refused:
        return [found(Sign.NOT_OPENED, Grade.BAD, why=refusal(refused)[1])], []


async def _here(settings: Settings) -> tuple[list[Finding], list[Bound]]:
    async with look_into(
        settings.data, clock=real_clock, passphrase_file=settings.key_passphrase_file, database_url=settings.postgres
    ) as (twin, keys):
        findings = [found(Sign.NO_BOT, Grade.LOOK)]
        if twin.found < twin.known:
            findings.append(found(Sign.STORE_OLDER, Grade.LOOK, schema=twin.found, known=twin.known))
        findings.append(await _children())
        return [*findings, *await health.inside(twin.store, keys)], await health.bound_rooms(twin.store)


async def _children() -> Finding:
    async with aclosing(SandboxPool()) as children:
        return await sandbox_client.examined(children)


def _read(answer: Answer) -> list[Finding]:
    if answer["status"]:
        return [found(Sign.NOT_OPENED, Grade.BAD, why=answer["err"])]
    return [
        Finding(sign=Sign(one["sign"]), grade=Grade(one["grade"]), facts=one["facts"]) for one in answer["findings"]
    ]


def _visitors(settings: Settings) -> dict[str, Visiting | None]:
    # imported here, as for `allout run`
    visitors: dict[str, Visiting | None] = {"telegram": None, "discord": None}
    if settings.telegram_token is not None:
        from handlers.telegram.checks import visit as visit_telegram  # noqa: PLC0415

        visitors["telegram"] = visit_telegram
    if settings.discord_token is not None:
        from handlers.discord.checks import visit as visit_discord  # noqa: PLC0415

        visitors["discord"] = visit_discord
    return visitors
