"""What can be set, each as an environment variable or a line of `.env`. Read once, at the start."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "ALLOUT_"


class Settings(BaseSettings):
    """Each field is one line of .env.example."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        extra="forbid",
        hide_input_in_errors=True,  # a rejected value may be a secret
    )

    data: Path = Path("allout-data")
    """Folder of the database, the key file and the socket."""

    look_every_s: float = Field(default=1.0, gt=0, le=60)
    """Seconds between two looks at what is due: tallies, reminders, parcels."""
