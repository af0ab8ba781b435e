"""Drafting from a chat: an organizer sends the two files, one after the other, in any order.

The first waits in memory for ten minutes; nothing is kept of files that are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath

from bot.domain.errors import Forbidden, Frozen, Held, WorkFailed, WorkshopFull
from bot.draft import DraftRefused, RosterOptions, SourceFile
from bot.keys import Person
from bot.usecases import organizers, suspensions
from bot.wiring import App
from handlers import workshop
from handlers.conversation import Reply
from handlers.conversation.letters import terms_button
from handlers.texts import draft as draft_texts
from handlers.texts import organizers as texts
from handlers.texts import refusals

LARGEST = {".toml": 100_000, ".csv": 5_000_000}
"""Bytes of a file. Nobody writes terms of more; reading millions would take seconds."""

FETCHED_WITHIN_S = 20.0
"""What takes longer to come is not waited for: who sent it waits for the answer, and so does what they write next."""

LONGEST_NAME = 60
"""Characters of a file's name that are shown, before each problem in it."""

UPLOAD_PRICE = 3
"""Of what an account may say in a minute."""

WAITS = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Half:
    file: SourceFile
    until: datetime


class Uploads:
    """Halves of drafts, by who sent them and which half it is."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._halves: dict[tuple[Person, str], _Half] = {}

    async def refuse(self, who: Person, name: str, size: int) -> Reply | None:
        """Say why a file is not even fetched; None if it may be."""
        try:
            if not (await suspensions.acting(self._app.store, self._app.keys.person(who))).organizer:
                raise Forbidden  # noqa: TRY301
            await self._app.holds.check_change()
        except (Forbidden, Frozen, Held) as refused:
            kind, text = refusals.refusal(refused)
            return Reply(kind=kind, text=text)
        if size > LARGEST.get(_suffix(name), -1):
            return Reply(kind="not_understood", text=texts.upload_usage(), known=True)
        return None

    async def take(self, who: Person, file: SourceFile) -> Reply:
        """Draft if both halves are here; otherwise ask for the other.

        Raises NotRecorded if the store cannot write; the halves stay, and the same file may be taken again.
        """
        if len(file.data) > LARGEST[_suffix(file.name)]:  # whatever was said of its size
            return Reply(kind="not_understood", text=texts.upload_usage(), known=True)
        now = self._app.clock()
        self._halves = {key: half for key, half in self._halves.items() if half.until > now}
        # without folders, and short: its name stands before each problem
        named = SourceFile(name=PurePath(file.name).name[-LONGEST_NAME:], data=file.data)
        self._halves[who, _suffix(file.name)] = _Half(file=named, until=now + WAITS)
        terms, roster = self._halves.get((who, ".toml")), self._halves.get((who, ".csv"))
        if terms is None or roster is None:
            return Reply(kind="upload", text=texts.other_half(missing="CSV" if terms else "TOML"), known=True)
        try:
            plan = await workshop.read(self._app.workshop, terms.file, roster.file, RosterOptions(), now=now)
            seed = self._app.keys.seed(who, terms.file.data, roster.file.data)
            walkout = await organizers.draft(plan, self._app.store, self._app.keys, seed=seed)
        except DraftRefused as refused:
            reply = Reply(kind="refused", text=draft_texts.problems(refused), known=True)
        except (WorkFailed, WorkshopFull) as refused:
            kind, text = refusals.refusal(refused)
            reply = Reply(kind=kind, text=text, known=True)
        else:
            buttons = (terms_button(walkout.id),)
            reply = Reply(kind="drafted", text=texts.drafted(walkout, plan), buttons=buttons, known=True)
        self._halves.pop((who, ".toml"), None)
        self._halves.pop((who, ".csv"), None)
        return reply


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()
