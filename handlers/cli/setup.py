"""`allout setup`: from a bare server to a bot that can be started, and its first organizer's code.

What is asked can be given as options as well. Nothing is written before all is asked; given again, it shows what is set
and changes nothing but what is answered otherwise. Keys are made once and never written over.
"""

from __future__ import annotations

import os
import pwd
import shlex
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr

from bot.runtime.control_socket import Answer
from bot.runtime.settings import PREFIX, Settings, trimmed
from bot.secrets.backup_files import new_keys, public_half, write_aside
from bot.secrets.card_codes import pretty
from bot.secrets.key_file import read_passphrase
from handlers.cli import dotenv, units
from handlers.cli.common import (
    Language,
    Yes,
    ask_before_beginning,
    carry_out,
    cli,
    conclude,
    fail,
    run_to_end,
    settings_in,
    source,
)
from handlers.platforms.supervisor import Unreachable, WrongToken
from handlers.texts import keys as keys_texts
from handlers.texts import setup as texts
from handlers.texts.catalogue import speaking

if TYPE_CHECKING:  # no other command pays for an HTTP client
    from handlers.platforms.checks import Introduction

    Introduce = Callable[[Settings], Awaitable[Introduction]]

ENV, UNIT, COMPOSE = Path(".env"), Path("allout.service"), Path("compose.yaml")
PASSPHRASE, PRIVATE_KEY = Path("key-passphrase"), Path("private-backup-key")

CONTAINER = "CONTAINER_"
"""How lines of .env begin that are compose.yaml's."""

SERVICE_ACCOUNT, CONTAINER_ACCOUNT = "allout", "10001:10001"
"""As whom the bot runs where root sets it up."""

PROGRAM = Path(sys.executable).with_name("allout")


class How(StrEnum):
    """How the bot is kept running."""

    SERVICE = "service"
    USER_SERVICE = "user-service"
    CONTAINER = "container"
    BY_HAND = "by-hand"


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenUpdates:
    """A platform's token, and whose it is, if the platform could be asked."""

    token: SecretStr | None
    bot: Introduction | None = None

    @property
    def secret(self) -> str | None:
        """The token as it is written down."""
        return None if self.token is None else self.token.get_secret_value()


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerQueue:
    """All that is asked."""

    data: Path
    telegram: SeenUpdates
    discord: SeenUpdates
    passphrase_file: Path | None
    passphrase: str  #: what is to be written there; empty if it is there
    how: How
    private_key: Path | None  #: of backups; None if its public half is set already


@cli.command()
def setup(
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the database and its key.")] = None,
    telegram_token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Telegram's token. Or set ALLOUT_TELEGRAM_TOKEN.")
    ] = None,
    discord_token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Discord's token. Or set ALLOUT_DISCORD_TOKEN.")
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the passphrase that seals the key file, on one line.")
    ] = None,
    private_key: Annotated[
        Path | None,
        typer.Option("--private-backup-key", metavar="FILE", help="Where backups' private key is written."),
    ] = None,
    how: Annotated[How | None, typer.Option(help="How the bot is kept running.")] = None,
    language: Language = "en",
    yes: Yes = False,
) -> None:
    """Set everything up in this folder: tokens, keys, how it is run, the first organizer. Can be given again."""
    with speaking(language):
        before = settings_in(None)
        terminal = sys.stdin.isatty()
        _say(texts.begins(str(Path.cwd()), asks=terminal))
        folder = data or (Path(_ask(texts.ask_folder(), str(before.data))).expanduser() if terminal else before.data)
        ask_before_beginning(settings_in(folder), yes=yes)
        telegram = _token("telegram", telegram_token_file, before, terminal=terminal)
        discord = _token("discord", discord_token_file, before, terminal=terminal)
        sealed, passphrase = _passphrase(passphrase_file, before, terminal=terminal)
        answers = AnswerQueue(
            data=folder,
            telegram=telegram,
            discord=discord,
            passphrase_file=sealed,
            passphrase=passphrase,
            how=how or _how(terminal=terminal),
            private_key=_private_key(private_key, before, terminal=terminal),
        )
        if answers.how is How.CONTAINER and not COMPOSE.exists():
            fail(texts.no_compose())
        run_to_end(_write_down(answers, before))
        _tell(answers, run_to_end(carry_out(settings_in(folder), {"command": "organizer_code", "first": True})))


# -- asking ---------------------------------------------------------------------------------------------------------


def _say(*lines: str) -> None:
    for line in lines:
        print(line)  # noqa: T201


def _ask(question: str, default: str) -> str:
    said: str = typer.prompt(question, default=default)
    return said.strip()


def _hidden(question: str) -> str:
    return getpass(f"{question}: ")  # what is typed before it asks is neither shown nor taken


def _token(platform: str, file: Path | None, before: Settings, *, terminal: bool) -> SeenUpdates:
    """Learn a token and try it; one that is refused is asked for again. Enter keeps what there is."""
    name = f"{platform}_token"
    set_before: SecretStr | None = getattr(before, name)
    given = trimmed(source(file).data.decode(errors="replace")) if file is not None else ""
    if file is not None and not given:
        fail(texts.refused(platform))
    refused: set[str] = set()
    while True:
        if not given and terminal:
            given = trimmed(_hidden(texts.ask_token(platform, is_set=set_before is not None)))
        token = SecretStr(given) if given else set_before
        if token is None or (not given and token.get_secret_value() in refused):
            return SeenUpdates(token=token)
        try:
            bot = run_to_end(_introduction(platform, before.model_copy(update={name: token})))
        except WrongToken:
            if not terminal:
                fail(texts.refused(platform))
            _say(texts.refused(platform))
            refused.add(token.get_secret_value())
            given = ""
        except Unreachable:
            _say(texts.unreachable(platform))
            return SeenUpdates(token=token)
        else:
            _say(texts.this_is(platform, bot.name))
            return SeenUpdates(token=token, bot=bot)


async def _introduction(platform: str, settings: Settings) -> Introduction:
    token: SecretStr = getattr(settings, f"{platform}_token")
    if not (token.get_secret_value().isascii() and token.get_secret_value().isprintable()):
        raise WrongToken
    introduce: Introduce
    if platform == "telegram":
        from handlers.telegram.checks import introduce  # noqa: PLC0415  only what is needed, as for `allout run`
    else:
        from handlers.discord.checks import introduce  # noqa: PLC0415
    return await introduce(settings)


def _passphrase(file: Path | None, before: Settings, *, terminal: bool) -> tuple[Path | None, str]:
    """Return the file with the passphrase, and what is to be written there if it is new."""
    there = before.key_passphrase_file
    if there is not None:
        if file is not None and file.absolute() != there.absolute():
            fail(texts.sealed_otherwise(str(there)))
        _say(texts.sealed_by(str(there)))
        return there, ""
    if file is not None:
        return file, ""
    if not terminal:
        return None, ""
    if PASSPHRASE.exists():
        _say(texts.sealed_by(str(PASSPHRASE)))
        return PASSPHRASE, ""
    while True:
        said = _hidden(texts.ask_passphrase())
        if not said:
            return None, ""
        if _hidden(keys_texts.ask_again()) == said:
            return PASSPHRASE, said
        _say(texts.not_the_same())


def _how(*, terminal: bool) -> How:
    """Ask how it is to run; what an earlier setup wrote tells what was answered then."""
    if UNIT.exists():
        default = How.SERVICE if "\nUser=" in UNIT.read_text(encoding="utf-8") else How.USER_SERVICE
    elif ENV.exists() and f"{CONTAINER}USER=" in ENV.read_text(encoding="utf-8"):
        default = How.CONTAINER
    else:
        default = How.BY_HAND
    if not terminal:
        return default
    _say(texts.ways())
    ways = {str(number): way for number, way in enumerate(How, start=1)}
    number = next(number for number, way in ways.items() if way is default)
    while (said := _ask(texts.ask_way(), number)) not in ways:
        pass
    return ways[said]


def _private_key(file: Path | None, before: Settings, *, terminal: bool) -> Path | None:
    """Return where the private key of backups is, or is going to be; None if its public half is set already."""
    if before.backup_key is not None:
        _say(texts.backup_key_is_set())
        return None
    if file is not None or not terminal:
        return file or PRIVATE_KEY
    return Path(_ask(texts.ask_private_key(), str(PRIVATE_KEY))).expanduser()


# -- doing ----------------------------------------------------------------------------------------------------------


async def _write_down(answers: AnswerQueue, before: Settings) -> None:
    if answers.passphrase:
        write_aside(PASSPHRASE, iter([answers.passphrase.encode(errors="surrogateescape") + b"\n"]))
    if answers.passphrase_file is not None:
        read_passphrase(answers.passphrase_file)  # refused now, not when the bot is started
    usual = Settings.model_fields["data"].default
    values = {
        "data": None if answers.data == before.data == usual else str(answers.data),
        "telegram_token": answers.telegram.secret,
        "discord_token": answers.discord.secret,
        "key_passphrase_file": None if answers.passphrase_file is None else str(answers.passphrase_file),
        "backup_key": before.backup_key or _public_key(answers.private_key),
    }
    wanted = {f"{PREFIX}{name}".upper(): value for name, value in values.items() if value is not None}
    if answers.how is How.CONTAINER:
        wanted[f"{CONTAINER}USER"] = CONTAINER_ACCOUNT if _is_root() else f"{os.getuid()}:{os.getgid()}"
        wanted[f"{CONTAINER}DATA"] = str(answers.data)
        if answers.passphrase_file is not None:
            wanted[f"{CONTAINER}PASSPHRASE"] = str(answers.passphrase_file)
    _write(ENV, dotenv.changed(_text(ENV) or texts.first_line(), wanted), dotenv.PRIVATE)
    if answers.how in {How.SERVICE, How.USER_SERVICE}:
        user = SERVICE_ACCOUNT if _is_root() else pwd.getpwuid(os.geteuid()).pw_name
        whose = user if answers.how is How.SERVICE else None
        unit = units.unit(folder=Path.cwd(), data=answers.data.absolute(), program=PROGRAM, user=whose)
        _write(UNIT, unit, 0o644)


def _public_key(private: Path | None) -> str | None:
    """Make the keys of backups, or take the public half of a private one that is there; never write over one."""
    if private is None:
        return None
    if private.exists():
        return public_half(private)
    secret, public = new_keys()
    write_aside(private, iter([f"{secret}\n".encode()]))
    _say(texts.private_key(str(private)))
    return public


def _text(path: Path) -> str:
    return path.read_bytes().decode() if path.exists() else ""


def _write(path: Path, text: str, mode: int) -> None:
    before = _text(path)
    old = dotenv.write(path, text, mode)
    _say(texts.unchanged(str(path)) if text == before else texts.written(str(path), "" if old is None else old.name))


def _is_root() -> bool:
    return os.geteuid() == 0


# -- telling --------------------------------------------------------------------------------------------------------


def _tell(answers: AnswerQueue, answer: Answer) -> None:
    if answer["status"]:
        conclude(answer)
    _say("", texts.start_with(), *(f"    {command}" for command in _commands(answers)))
    if not answer["code"]:
        _say("", texts.organizers_are_there())
        return
    _say("", texts.first_organizer())
    if answers.telegram.bot is not None:
        link = f"{answers.telegram.bot.link}?start={answer['code']}"
        _say(texts.telegram_link(link))
        if sys.stdout.isatty():
            _say(texts.picture())
            import segno  # noqa: PLC0415  no other command pays for it

            segno.make(link, error="m").terminal(compact=True)
    if answers.discord.bot is not None:
        _say(texts.invitation(answers.discord.bot.link))
    _say(texts.typed_code(pretty(answer["code"])))


def _commands(answers: AnswerQueue) -> list[str]:
    """Say what starts the bot."""
    here = Path.cwd()
    files = [each.absolute() for each in (answers.data, ENV, answers.passphrase_file) if each is not None]
    match answers.how:
        case How.SERVICE:
            account = [
                f"useradd --system --home-dir {shlex.quote(str(here))} --shell /usr/sbin/nologin {SERVICE_ACCOUNT}",
                _given_to(SERVICE_ACCOUNT, files),
            ]
            return [
                *(account if _is_root() else ()),
                f"sudo cp {UNIT} /etc/systemd/system/",
                "sudo systemctl daemon-reload",
                "sudo systemctl enable allout",
                "sudo systemctl restart allout",
            ]
        case How.USER_SERVICE:
            return [
                f"mkdir -p ~/.config/systemd/user && cp {UNIT} ~/.config/systemd/user/",
                "systemctl --user daemon-reload",
                "systemctl --user enable allout",
                "systemctl --user restart allout",
                "sudo loginctl enable-linger $USER",
            ]
        case How.CONTAINER:
            given = [_given_to(CONTAINER_ACCOUNT, files)] if _is_root() else []
            return [*given, "docker compose up --build --detach"]
        case How.BY_HAND:
            return [f"cd {shlex.quote(str(here))} && {shlex.quote(str(PROGRAM))} run"]


def _given_to(account: str, files: Iterable[Path]) -> str:
    return f"chown -R {account} {shlex.join(map(str, files))}"
