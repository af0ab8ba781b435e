"""The server's own commands, carried out by whoever owns the store: the running bot, or the command itself."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain.errors import LastOrganizer, NoSuchMember, NoSuchWalkout, Refused, WrongStage
from bot.domain.model import Stage, UnitId, WalkoutId
from bot.draft import DraftRefused, RosterOptions, SourceFile
from bot.guards.readiness import look_again
from bot.process.clock import Clock
from bot.runtime.app import App
from bot.runtime.control_socket import Answer, Request
from bot.sandbox import codec
from bot.secrets import card_codes
from bot.secrets.card_codes import pretty
from bot.secrets.key_file import Cost, Lock
from bot.storage.records import write_terms
from bot.usecases import backups, closing, health, key_rotation, organizers, steps, stewards, suspensions, ways
from handlers.sandboxed import sandbox_client
from handlers.texts import backups as backups_texts
from handlers.texts import cli as cli_texts
from handlers.texts import closing as closing_texts
from handlers.texts import committee as committee_texts
from handlers.texts import draft as draft_texts
from handlers.texts import fence as fence_texts
from handlers.texts import keys as keys_texts
from handlers.texts import organizers as organizers_texts
from handlers.texts import refusals

REFUSED = 2
"""Exit status of a command that changed nothing."""


async def execute(app: App, request: Request) -> Answer:
    """Carry one command out. The answer has `out`, `err` and `status`, and what else the command gives."""
    try:
        return await _COMMANDS[request["command"]](app, request)
    except DraftRefused as refused:
        return _refused(draft_texts.problems(refused))
    except NoSuchWalkout as refused:
        return _refused(cli_texts.no_walkout(refused.named))
    except Refused as refused:
        return _refused(refusals.refusal(refused)[1])


def _refused(err: str) -> Answer:
    return {"out": "", "err": err, "status": REFUSED}


def _done(out: str, **more: Any) -> Answer:
    return {"out": out, "err": "", "status": 0, **more}


async def _draft(app: App, request: Request) -> Answer:
    now = datetime.fromisoformat(request["now"]) if request["now"] else app.clock()
    roster = request["roster"]
    after = WalkoutId(request["after"]) if request.get("after") else None
    before = await steps.before(after, app.store, app.keys) if after else None
    plan = await sandbox_client.read(
        app.sandbox,
        _unpack(request["terms"]),
        _unpack(roster) if roster else None,
        codec.read(RosterOptions, request["options"].encode(errors="surrogatepass")),
        now=now,
        after=before,
    )
    walkout = await organizers.draft(plan, app.store, app.keys, after=after)
    found = await look_again(app.store, plan.terms, plan.units, now=now, but=walkout.register)
    step = await steps.compared(plan, after, app.store)
    preview = organizers_texts.drafted(walkout, plan, found, now, step)
    return _done(f"{preview}\n{walkout.id}")


async def _cards_wanted(app: App, request: Request) -> Answer:
    only = None
    if request["workplace"] is not None:
        places = await app.store.units(WalkoutId(request["walkout"]))
        only = stewards.find(places, request["workplace"]).id
    wanted = await stewards.cards_wanted(
        WalkoutId(request["walkout"]),
        app.store,
        only=only,
        number=request["number"],
    )
    terms = (await app.store.walkout(WalkoutId(request["walkout"]))).terms
    return _done("", places=[[place.id, place.name, number] for place, number in wanted], terms=write_terms(terms))


async def _mint(app: App, request: Request) -> Answer:
    hashes = {UnitId(int(place)): map(b64decode, some) for place, some in request["cards"].items()}
    walkout = WalkoutId(request["walkout"])
    await stewards.mint(walkout, hashes, app.store, app.keys)
    return _done("")


async def _walkouts(app: App, _request: Request) -> Answer:
    found = await app.store.walkouts()
    return _done(organizers_texts.walkouts(found) if found else cli_texts.no_walkouts())


async def _organizer_code(app: App, request: Request) -> Answer:
    """Make a code; with `first`, only where nobody organizes yet: else it is empty."""
    if request.get("first") and (await app.store.committee()).organizers:
        return _done("", code="")
    code = await organizers.new_code(app.store, app.clock)
    return _done(organizers_texts.organizer_code(pretty(code)), code=code)


async def _suspensions(app: App, request: Request) -> Answer:
    """List who is suspended; or end a suspension, or settle it by removing one of the two."""
    nickname, clock = request["nickname"], _clock(app, request)
    try:
        match request["how"]:
            case "end":
                await suspensions.end(nickname, app.store, app.keys, clock)
                return _done(committee_texts.keeper_ended(nickname))
            case "remove":
                await suspensions.remove(nickname, app.store, app.keys, clock)
                return _done(committee_texts.keeper_removed(nickname))
    except NoSuchMember:
        return _refused(committee_texts.keeper_knows_nobody(nickname))
    except LastOrganizer:
        return _refused(committee_texts.keeper_keeps_the_last(nickname))
    return _done(committee_texts.keepers_list(await suspensions.listed(app.store, app.keys, clock)))


async def _close(app: App, request: Request) -> Answer:
    """Close a walkout, or only say what that would destroy: the caller asks before it is done."""
    try:
        walkout = await closing.find(WalkoutId(request["walkout"]), app.store, _clock(app, request))
    except WrongStage as refused:
        return _refused(closing_texts.not_over(refused.stage))
    of_campaign = walkout.stage is Stage.CLOSED and walkout.in_campaign and not walkout.cards_gone
    if walkout.stage is Stage.CLOSED and not of_campaign:
        return _done(closing_texts.closed_before(walkout), asks="")
    if not request["confirmed"]:
        return _done("", asks=closing_texts.sure_of_campaign(walkout) if of_campaign else closing_texts.sure(walkout))
    if of_campaign:
        await closing.close_campaign(walkout.register, app.store, app.keys)
        return _done(closing_texts.campaign_closed(walkout))
    await closing.close(walkout, app.store, app.keys)
    return _done(closing_texts.closed(walkout))


async def _backup(app: App, request: Request) -> Answer:
    await backups.back_up(Path(request["out"]), request["to"], app.store, app.keys, _clock(app, request))
    return _done(backups_texts.backed_up(request["out"]))


def _clock(app: App, request: Request) -> Clock:
    now = request["now"]
    return (lambda: datetime.fromisoformat(now)) if now else app.clock


async def _keys_export(app: App, request: Request) -> Answer:
    return _done("", copy=app.keys.copy(_unpack_lock(request["lock"])).decode())


async def _keys_rotate(app: App, _request: Request) -> Answer:
    await key_rotation.begin(app.store, app.keys, app.process)
    return _done(keys_texts.rotates_at_start())


async def _adopt(app: App, _request: Request) -> Answer:
    return _done(fence_texts.adopted(await app.fence.adopt()))


def pack_lock(lock: Lock) -> dict[str, Any]:
    """Write down what seals a copy of the key file; the passphrase itself never travels."""
    return {
        "key": b64encode(lock.key).decode(),
        "salt": b64encode(lock.salt).decode(),
        "cost": [lock.cost.passes, lock.cost.memory],
    }


def _unpack_lock(packed: dict[str, Any]) -> Lock:
    passes, memory = packed["cost"]
    return Lock(key=b64decode(packed["key"]), salt=b64decode(packed["salt"]), cost=Cost(passes=passes, memory=memory))


async def _doctor(app: App, _request: Request) -> Answer:
    findings = [await sandbox_client.examined(app.sandbox), *await health.inside(app.store, app.keys)]
    findings += health.guarded(app.fence)
    rooms = await health.bound_rooms(app.store)
    return _done("", findings=[asdict(each) for each in findings], rooms=[asdict(each) for each in rooms])


async def _bring_over(app: App, request: Request) -> Answer:
    was, now = await ways.bring_over(request["bot"], app.bots, app.store)
    return _done(cli_texts.brought_over(was, app.bots[now]))


def pack(file: SourceFile) -> dict[str, str]:
    """Write a file down for the way to the running bot."""
    return {"name": file.name, "data": b64encode(file.data).decode()}


def pack_cards(codes: Mapping[int, Sequence[str]]) -> dict[str, list[str]]:
    """Write down the hashes of new codes, by workplace; the codes themselves never travel."""
    return {
        str(place): [b64encode(card_codes.key_of(code)).decode() for code in of_place]
        for place, of_place in codes.items()
    }


def _unpack(packed: dict[str, str]) -> SourceFile:
    return SourceFile(name=packed["name"], data=b64decode(packed["data"]))


_COMMANDS: dict[str, Callable[[App, Request], Awaitable[Answer]]] = {
    "draft": _draft,
    "cards_wanted": _cards_wanted,
    "mint": _mint,
    "walkouts": _walkouts,
    "organizer_code": _organizer_code,
    "suspensions": _suspensions,
    "close": _close,
    "backup": _backup,
    "keys_export": _keys_export,
    "keys_rotate": _keys_rotate,
    "doctor": _doctor,
    "adopt": _adopt,
    "bring_over": _bring_over,
}
