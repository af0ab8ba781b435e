"""Before a bot runs, or beside it: drafts, cards, and the first organizer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot.domain.model import Terms
from bot.draft import Empties, Repeats, RosterOptions, Small, Totals
from bot.runtime.control_socket import Answer, Request
from bot.runtime.settings import Settings
from bot.sandbox import codec
from bot.sandbox.pool import SandboxPool
from bot.secrets import card_codes
from bot.storage.records import read_terms
from handlers.cli import admin, card_files
from handlers.cli.common import (
    Data,
    Now,
    Yes,
    beginning_in,
    carry_out,
    cli,
    conclude,
    fail,
    run_to_end,
    source,
    store_in,
)
from handlers.cli.common import language as spoken
from handlers.sandboxed import sandbox_client
from handlers.sheets.paper import Paper
from handlers.texts import cli as texts
from handlers.texts.catalogue import speaking


@cli.command()
def draft(
    terms: Annotated[Path, typer.Argument(metavar="WALKOUT.TOML", help="The walkout's terms.")],
    data: Data = None,
    now: Now = None,
    after: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The step of a campaign that it follows; without a list it has the same."),
    ] = None,
    workplaces: Annotated[Path | None, typer.Option(help="Instead of the file named in the terms.")] = None,
    name_column: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="The workplace's name; several times: joined by a comma.")
    ] = None,
    headcount_column: Annotated[str | None, typer.Option(metavar="COLUMN", help="Its head-count.")] = None,
    level_column: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Of areas, once for each of levels, from the widest. Default: its name."),
    ] = None,
    department_column: Annotated[
        str | None, typer.Option(metavar="COLUMN", help='Departments of one workplace; "" if there are none.')
    ] = None,
    sheet: Annotated[str | None, typer.Option(metavar="NAME", help="Of a workbook: the one with the list.")] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a text file, where its bytes do not tell.")
    ] = None,
    threshold: Annotated[str | None, typer.Option(help='For every workplace: a number or a share, "65%".')] = None,
    group_small: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Merge the smallest by this column's value.")
    ] = None,
    leave_out_totals: Annotated[
        bool, typer.Option("--leave-out-totals", help='Leave out rows called "Total".')
    ] = False,
    leave_out_empty: Annotated[bool, typer.Option("--leave-out-empty", help="Leave out rows without people.")] = False,
    repeats: Annotated[
        Repeats | None, typer.Option(help="Of rows with one name, take this, or keep them apart.")
    ] = None,
    small: Annotated[Small | None, typer.Option(help="What becomes of workplaces with a threshold under 5.")] = None,
    yes: Yes = False,
) -> None:
    """Check a walkout and its workplaces, and keep them as a draft. The last line is its id."""
    if workplaces is not None and not workplaces.exists():
        fail(texts.no_file(str(workplaces)))
    options = RosterOptions(
        name_columns=tuple(name_column or ()),
        headcount_column=headcount_column,
        level_columns=tuple(level_column) if level_column else None,
        department_column=department_column,
        sheet=sheet,
        encoding=encoding,
        threshold=threshold,
        group_small=group_small,
        totals=Totals.LEAVE_OUT if leave_out_totals else None,
        empties=Empties.LEAVE_OUT if leave_out_empty else None,
        repeats=repeats,
        small=small,
    )
    packed = codec.write(options).decode(errors="surrogatepass")
    request: Request = {"command": "draft", "options": packed, "now": now.isoformat() if now else None}
    request["after"] = after.lower() if after else None
    conclude(run_to_end(_draft(beginning_in(data, yes=yes), request, terms, workplaces)))


async def _draft(settings: Settings, request: Request, terms: Path, roster: Path | None) -> Answer:
    toml = source(terms)
    if roster is None:
        async with aclosing(SandboxPool()) as children:
            named = await sandbox_client.workplaces_file(children, toml)
        roster = terms.parent / named if named is not None else None
    there = roster is not None and roster.is_file()
    packed = {"terms": admin.pack(toml), "roster": admin.pack(source(roster)) if roster and there else None}
    return await carry_out(settings, {**request, **packed})


@cli.command()
def cards(
    walkout: Annotated[str, typer.Argument(metavar="ID", help="The walkout's id.")],
    out: Annotated[Path, typer.Option(help="Where the codes are written, once.")],
    workplace: Annotated[str | None, typer.Option(help="Only for this workplace.")] = None,
    every: Annotated[bool, typer.Option("--all", help="For every workplace.")] = False,
    number: Annotated[int | None, typer.Option(min=1, help="So many each. Default: what is missing.")] = None,
    form: Annotated[card_files.Form, typer.Option("--format", help="How they are written.")] = card_files.Form.CSV,
    paper: Annotated[Paper | None, typer.Option(help="For pdf. Default: what is usual where the walkout is.")] = None,
    telegram_bot: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="For pdf: QR codes open this bot; others, given too, are named. Default: they hold the bare code.",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option("--language", parser=spoken, metavar="CODE", help="For pdf. Default: that of the terms."),
    ] = None,
    data: Data = None,
) -> None:
    """Mint pledge cards and write their codes, once: the store does not know them. A pdf is ready to print."""
    if every == (workplace is not None):
        fail(texts.one_or_all())
    if out.exists():
        fail(texts.already_there(str(out)))
    if (left := card_files.beside(out)).exists():
        fail(texts.half_written(str(left)))
    telegram = [card_files.telegram_link(bot) or fail(texts.not_a_bot(bot)) for bot in telegram_bot or ()]
    request: Request = {
        "walkout": walkout.lower(),
        "workplace": workplace,
        "number": number,
    }
    content = partial(_printed, telegram, paper, language) if form is card_files.Form.PDF else partial(_written, form)
    conclude(run_to_end(_mint(store_in(data), request, out, content)))


Content = Callable[[sandbox_client.Places, Terms], Awaitable[bytes]]
"""Makes the file that holds the codes."""


async def _printed(
    bots: Sequence[str], paper: Paper | None, language: str | None, places: sandbox_client.Places, terms: Terms
) -> bytes:
    async with aclosing(SandboxPool()) as children:
        with speaking(language or terms.language):
            return await sandbox_client.sheet(
                children, terms, places, telegram=next(iter(bots), None), also=bots[1:], paper=paper
            )


async def _written(form: card_files.Form, places: sandbox_client.Places, _terms: Terms) -> bytes:
    return card_files.content(form, places)


async def _mint(settings: Settings, request: Request, out: Path, content: Content) -> Answer:
    """Have the codes on disk before the store knows them: cut off anywhere, no stored card is without its code."""
    wanted = await carry_out(settings, {**request, "command": "cards_wanted"})
    if wanted["status"]:
        return wanted
    codes = {place: [card_codes.mint() for _ in range(n)] for place, _name, n in wanted["places"]}
    total = sum(map(len, codes.values()))
    if total == 0:
        return {"out": texts.no_cards_missing(), "err": "", "status": 0}
    named = [(name, codes[place]) for place, name, _n in wanted["places"]]
    fresh = card_files.write(out, await content(named, read_terms(wanted["terms"])))
    answer = await carry_out(
        settings,
        {**request, "command": "mint", "cards": admin.pack_cards(codes)},
    )
    if answer["status"]:
        fresh.unlink()
        return answer
    fresh.replace(out)
    return {**answer, "out": texts.minted(total, str(out))}


@cli.command()
def walkouts(data: Data = None) -> None:
    """List the walkouts: id, title, stage, and when each starts."""
    conclude(run_to_end(carry_out(store_in(data), {"command": "walkouts"})))


@cli.command()
def organizer_code(data: Data = None) -> None:
    """Print a one-time code, good for an hour, that makes somebody an organizer."""
    conclude(run_to_end(carry_out(store_in(data), {"command": "organizer_code"})))
