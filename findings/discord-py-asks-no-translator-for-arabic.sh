#!/usr/bin/env bash
# discord.py writes no description of a command in Arabic, whatever the translator of its command tree knows: it asks it
# once for each language in its own list, and that list ends where it was when it was written down. Discord's published
# schema takes 33 languages, "ar" among them. The other way round it is heard: an interaction from an Arabic client
# carries a locale whose value is "ar", though `discord.Locale("ar")` is an error. So whoever tests with the user's side
# only, or counts on "every locale", has an Arabic menu in English without any warning. What helps is to add
# `description_localizations` to the payload oneself.
#
# discord.py 2.7.1 on PyPI, seen on 2026-11-30. Output seen:
#   asked for 32 languages, Hebrew and Arabic: []
#   from a client: ar
set -euo pipefail
folder=$(mktemp -d /tmp/finding-XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd /tmp

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet discord.py==2.7.1
"$folder/venv/bin/python" - << 'PYTHON'
import asyncio
import sys

import discord
from discord import app_commands

asked = set()


class Translator(app_commands.Translator):
    async def translate(self, string, locale, context):
        asked.add(locale.value)
        return None


async def main() -> None:
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))

    @tree.command(name="board", description=app_commands.locale_str("how the numbers stand"))
    async def board(interaction: discord.Interaction) -> None: ...

    for command in tree.get_commands():
        await command.get_translated_payload(tree, Translator())


asyncio.run(main())
print(f"asked for {len(asked)} languages, Hebrew and Arabic: {sorted(asked & {'ar', 'he'})}")
heard = discord.enums.try_enum(discord.Locale, "ar").value
print(f"from a client: {heard}")
sys.exit(0 if len(asked) == 32 and "ar" not in asked and heard == "ar" else "it asks for other languages now")
PYTHON
