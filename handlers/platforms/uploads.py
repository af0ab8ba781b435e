"""Files that organizers send: whether they are fetched at all. What becomes of them: conversation/drafting.py."""

from __future__ import annotations

from pathlib import PurePath

from bot.domain.errors import Forbidden, Frozen, Held
from bot.domain.roles import Duty
from bot.draft import SourceFile
from bot.runtime.app import App
from bot.secrets.keys import Person
from bot.usecases.context import acting
from handlers.conversation import Conversation, Reply, Said
from handlers.texts import drafting as texts
from handlers.texts import refusals

LARGEST = {".toml": 100_000, **dict.fromkeys((".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods"), 5_000_000)}
"""Bytes of a file. Nobody writes terms of more; reading millions would take seconds."""

FETCHED_WITHIN_S = 20.0
"""What takes longer to come is not waited for: who sent it waits for the answer, and so does what they write next."""

LONGEST_NAME = 60
"""Characters of a file's name that are shown, before each problem in it."""

UPLOAD_PRICE = 3
"""Of what an account may say in a minute."""


class Uploads:
    """Takes files, or says why not."""

    def __init__(self, app: App, conversation: Conversation) -> None:
        self._app = app
        self._conversation = conversation

    async def refuse(self, who: Person, name: str, size: int) -> Reply | None:
        """Say why a file is not even fetched; None if it may be."""
        try:
            if not (await acting(self._app.store, self._app.keys.person(who))).may(Duty.RUN):
                raise Forbidden  # noqa: TRY301
            await self._app.holds.check_change()
        except (Forbidden, Frozen, Held) as refused:
            kind, text = refusals.refusal(refused)
            return Reply(kind=kind, text=text)
        return _unfit() if size > LARGEST.get(_suffix(name), -1) else None

    async def take(self, said: Said, file: SourceFile) -> Reply:
        """Take a file for an answer. Raises NotRecorded if the store cannot write; the same file may be taken again."""
        if len(file.data) > LARGEST[_suffix(file.name)]:  # whatever was said of its size
            return _unfit()
        # without folders, and short: its name stands before each problem
        named = SourceFile(name=PurePath(file.name).name[-LONGEST_NAME:], data=file.data)
        return await self._conversation.take(said, named)


def _unfit() -> Reply:
    return Reply(kind="not_understood", text=texts.upload_usage(), known=True)


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()
