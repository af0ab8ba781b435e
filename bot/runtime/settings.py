"""What can be set, each as an environment variable or a line of `.env`. Read once, at the start."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.domain.ways import way
from bot.parsing.typed_text import QUOTES
from bot.secrets.backup_files import read_public

PREFIX = "ALLOUT_"
_WEBHOOK_PORTS = {None, 443, 80, 88, 8443}
"""Telegram delivers nowhere else."""


_HOST = r"(\[[^\]/@]+\]|[^\[\]:/?#@,]*)(:\d+)?"
_POSTGRES = re.compile(rf"postgres(ql)?://([^/?#]*@)?{_HOST}(,{_HOST})*(/[^/?#@]*)?(\?[^#@]*)?")


def is_postgres(url: str) -> bool:
    """Say whether this is an address of PostgreSQL's; a password with a slash in it would else be read as a host."""
    return _POSTGRES.fullmatch(url) is not None


def trimmed(token: str) -> str:
    """Return a token without what comes along where it is copied: blanks, and quotes as chats and shells write them."""
    return token.strip().strip(f"{QUOTES}'`\u2018\u2019").strip()


def _is_deliverable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port in _WEBHOOK_PORTS
    except ValueError:
        return False


def _decoded(part: str) -> str:
    """Return what the first part of a token from Discord says, which is the bot's number; '' if it is none."""
    try:
        return b64decode(part + "=" * (-len(part) % 4), validate=True).decode()
    except ValueError:
        return ""


class Settings(BaseSettings):
    """Each field is one line of .env.example."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        dotenv_filtering="match_prefix",  # the rest is other tools'
        extra="forbid",  # what begins as ours do and is none is a misspelt one
        hide_input_in_errors=True,  # a rejected value may be a secret
    )

    data: Path = Path("allout-data")
    """Folder of the database, the key file and the socket."""

    database_url: SecretStr | None = None
    """A PostgreSQL database, as `postgresql://role@host/database`, which any number of processes share. Without one
    SQLite keeps everything in the folder."""

    key_passphrase_file: Path | None = None
    """A file with the passphrase that seals the key file, such as a credential from systemd. Without one its mode
    alone protects it."""

    look_every_s: float = Field(default=1.0, gt=0, le=30)
    """Seconds between two looks at what is due: tallies, reminders, parcels. After a longer gap the bot stood still."""

    backup_key: str | None = None
    """The public key to which backups are sealed, as `allout backup-key` prints it."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"
    """What is printed: from INFO on each tally is a line. At no level is anything of any person."""

    health_port: int | None = Field(default=None, ge=1, le=65535)
    """A port of this machine, on 127.0.0.1, where `/healthz`, `/readyz` and `/metrics` answer. Without one they do
    not."""

    telegram_token: SecretStr | None = None
    """The bot's token, from BotFather. Without one the bot does not run on Telegram. It says which bot this is: rooms
    and people belong to that one."""

    telegram_api_url: str = "https://api.telegram.org"
    """Another server that speaks Telegram's Bot API, such as a self-hosted one."""

    telegram_per_second: int = Field(default=29, ge=1)
    """Messages and edits a second, over all chats: what Telegram lets a bot send, less one. Fewer where something else
    sends with the same token."""

    telegram_proxy: str | None = None
    """An HTTP proxy through which Telegram is reached."""

    telegram_webhook_url: str | None = None
    """Where Telegram delivers: an https address, at port 443, 80, 88 or 8443, from which a reverse proxy leads here.
    Without one the bot asks Telegram for updates."""

    telegram_webhook_port: int = Field(default=8443, ge=1, le=65535)
    """The port of this machine, on 127.0.0.1, to which that address leads."""

    discord_token: SecretStr | None = None
    """The bot's token, from Discord's developer portal. Without one the bot does not run on Discord."""

    discord_api_url: str = "https://discord.com/api/v10"
    """Another server that speaks Discord's REST API, such as a test's."""

    discord_gateway_url: str = "wss://gateway.discord.gg/"
    """Another server that speaks Discord's gateway, such as a test's."""

    discord_shards: int | None = Field(default=None, ge=1)
    """How many sessions the bot has at Discord's gateway, all in one process. By default as many as Discord recommends:
    one for up to a thousand servers."""

    @property
    def postgres(self) -> str | None:
        """The database's address, if the store is in one of PostgreSQL's."""
        return None if self.database_url is None else self.database_url.get_secret_value()

    @property
    def ways(self) -> dict[str, str]:
        """The bot that runs on each platform that has a token. Which one that is, the token itself says."""
        found = {}
        if self.telegram_token is not None:
            found["telegram"] = self.telegram_token.get_secret_value().partition(":")[0]
        if self.discord_token is not None:
            found["discord"] = _decoded(self.discord_token.get_secret_value().partition(".")[0])
        return {
            platform: way(platform, bot if bot.isascii() and bot.isdecimal() else "") for platform, bot in found.items()
        }

    @field_validator("telegram_token", "discord_token", mode="before")
    @classmethod
    def _trimmed(cls, token: object) -> object:
        return (trimmed(token) or None) if isinstance(token, str) else token

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or is_postgres(url.get_secret_value()):
            return url
        raise PydanticCustomError(
            "database_url",
            "is no address like postgresql://role:password@host/database; the password must be percent-encoded",
        )

    @field_validator("telegram_webhook_url")
    @classmethod
    def _leads_here(cls, url: str | None) -> str | None:
        if url is None or _is_deliverable(url):
            return url
        raise PydanticCustomError("webhook_url", "is no https address at port 443, 80, 88 or 8443")

    @field_validator("backup_key")
    @classmethod
    def _is_public(cls, key: str | None) -> str | None:
        try:
            return key if key is None or read_public(key) else None
        except ValueError:
            raise PydanticCustomError("backup_key", "is no public key as allout backup-key prints it") from None
