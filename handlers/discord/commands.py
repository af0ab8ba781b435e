"""Discord's application commands, made from the one command table; set at the start only where they differ."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import discord
from discord import app_commands
from discord.http import Route

from handlers.conversation import COMMANDS, Command, Role, Takes
from handlers.texts import discord as texts
from handlers.texts.catalogue import forget, languages, name_of, translated
from handlers.texts.languages import LANGUAGES, Language

Interaction = discord.Interaction["discord.Client"]
Chosen = Callable[[Interaction, Command, Mapping[str, str]], Awaitable[None]]
"""Carries out a command that was chosen, with what was given for its options."""
Suggest = Callable[[Interaction, Command, Takes, str], Awaitable[list[app_commands.Choice[str]]]]
"""Suggests what to give for an option, from what is typed so far."""

GROUP = "organize"

_SUGGESTED = {Takes.WALKOUT, Takes.WORKPLACE, Takes.SCOPE, Takes.REACH, Takes.ROLE, Takes.VOID, Takes.FILTER}
_ORGANIZERS = re.compile(
    rf"/(?<![\w/]/)(?=(?:{'|'.join(row.name for row in COMMANDS if row.who is not Role.WORKER)})\b)"
)


def as_here(text: str) -> str:
    """Name the organizers' commands as they are called on Discord."""
    return _ORGANIZERS.sub(f"/{GROUP} ", text)


def make_tree(client: discord.Client, chosen: Chosen, suggest: Suggest) -> app_commands.CommandTree[discord.Client]:
    """Make the commands; they can be used in servers and in direct messages with the bot."""
    tree = app_commands.CommandTree(
        client,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )
    group = app_commands.Group(name=GROUP, description=texts.organize())
    for row in COMMANDS:
        # who may use the group's commands is our own roles' affair, not the server's
        (tree if row.who is Role.WORKER else group).add_command(_command(row, chosen, suggest))
    tree.add_command(group)
    return tree


def _command(row: Command, chosen: Chosen, suggest: Suggest) -> app_commands.Command[Any, ..., None]:
    async def callback(interaction: Interaction, **given: str | None) -> None:
        await chosen(interaction, row, {name: value for name, value in given.items() if value is not None})

    # Discord wants what is required first
    options = sorted((o for o in row.options if o.takes is not Takes.ROOM), key=lambda option: not option.required)
    parameters = [
        inspect.Parameter(
            option.takes,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            annotation=str if option.required else str | None,
            default=inspect.Parameter.empty if option.required else None,
        )
        for option in options
    ]
    first = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    callback.__signature__ = inspect.Signature([first, *parameters])  # type: ignore[attr-defined]
    app_commands.describe(**{option.takes: option.help() for option in options})(callback)
    if any(option.takes is Takes.LANGUAGE for option in options):
        spoken = [app_commands.Choice(name=name_of(each), value=each) for each in languages()]
        app_commands.choices(**{Takes.LANGUAGE: spoken})(callback)
    suggesting = {o.takes: _suggesting(row, o.takes, suggest) for o in options if o.takes in _SUGGESTED}
    if suggesting:
        app_commands.autocomplete(**suggesting)(callback)
    return app_commands.Command(name=row.name, description=row.help(), callback=callback)


def _suggesting(row: Command, takes: Takes, suggest: Suggest) -> Callable[[Interaction, str], Any]:
    async def suggesting(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest(interaction, row, takes, typed)

    return suggesting


def payload(tree: app_commands.CommandTree[discord.Client]) -> list[dict[str, Any]]:
    """Write our commands as Discord takes them, described in every language of its clients. Their names stay.

    discord.py would ask a translator, but for no locale that it does not know itself, such as Arabic.
    """
    commands = [command.to_dict(tree) for command in tree.get_commands()]
    for each in LANGUAGES:
        for command in commands:
            _describe(command, each)
        forget()
    return commands


def _describe(command: dict[str, Any], language: Language) -> None:
    described = command.setdefault("description_localizations", {})
    if (said := translated(command["description"], language.code)) is not None:
        described.update(dict.fromkeys(language.discord, said))
    for option in command.get("options", []):
        _describe(option, language)


async def sync(tree: app_commands.CommandTree[discord.Client]) -> None:
    """Tell Discord our commands, unless it has them already: it allows few changes a day."""
    http, application, ours = tree.client.http, tree.client.application_id or 0, payload(tree)
    # as they came: discord.py 2.7 reads the contexts wrongly, and does not ask for other languages
    asked = Route("GET", "/applications/{application_id}/commands", application_id=application)
    theirs = map(_gist, await http.request(asked, params={"with_localizations": "true"}))
    if _by_name(map(_gist, ours)) != _by_name(theirs):
        await http.bulk_upsert_global_commands(application, ours)


def _gist(command: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what we decide; Discord adds numbers and defaults of its own."""
    return {
        "name": command["name"],
        "description": command["description"],
        "translations": command.get("description_localizations") or {},
        "type": command["type"],
        "required": bool(command.get("required")),
        "autocomplete": bool(command.get("autocomplete")),
        "choices": [(choice["name"], choice["value"]) for choice in command.get("choices") or []],
        "contexts": sorted(command.get("contexts") or []),
        "installs": sorted(command.get("integration_types") or []),
        "options": [_gist(option) for option in command.get("options") or []],
    }


def _by_name(commands: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(commands, key=lambda command: str(command["name"]))
