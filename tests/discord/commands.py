"""Application commands: what Discord takes as one, and what its client lets a person call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.discord.faults import invalid
from tests.discord.world import APPLICATION_ID, Json

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, ATTACHMENT = 1, 2, 3, 4, 5, 11
MOST_COMMANDS = 100
MOST_OPTIONS = 25
MOST_CHOICES = 25
LONGEST_NAME = 32
LONGEST_DESCRIPTION = 100
LONGEST_COMMAND = 8000  #: all its names, descriptions and choices together

_KEPT = {
    "type", "name", "name_localizations", "description", "description_localizations", "options", "nsfw",
    "default_member_permissions", "dm_permission", "contexts", "integration_types",
}  # fmt: skip
_NAME = re.compile(r"[-_'\w]{1,32}")


def checked(wanted: list[Json]) -> None:
    """Refuse a set of commands as Discord does."""
    if len(wanted) > MOST_COMMANDS:
        raise invalid("commands", "APPLICATION_COMMANDS_MAX", f"Maximum number of commands is {MOST_COMMANDS}")
    seen: set[tuple[int, str]] = set()
    for at, command in enumerate(wanted):
        kind = command.get("type") or 1
        if (kind, command.get("name", "")) in seen:
            raise invalid(f"{at}", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
        seen.add((kind, command.get("name", "")))
        if kind == 1:
            _check(command, f"{at}")
        if _length(command) > LONGEST_COMMAND:
            raise invalid(f"{at}", "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({LONGEST_COMMAND})")


def registered(wanted: Json, number: int, version: int) -> Json:
    """Write a command as Discord keeps it."""
    usual: Json = {
        "type": 1,
        "description": "",
        "default_member_permissions": None,
        "dm_permission": True,
        "contexts": None,
        "integration_types": [0],
        "nsfw": False,
    }
    given = {name: value for name, value in wanted.items() if value is not None and name in _KEPT}
    if isinstance(given.get("default_member_permissions"), int):
        given["default_member_permissions"] = str(given["default_member_permissions"])
    ids = {"id": str(number), "application_id": str(APPLICATION_ID), "version": str(version)}
    return usual | given | ids


def without_translations(command: Json) -> Json:
    """Write a command as Discord lists it to who does not ask for other languages."""
    kept = {name: value for name, value in command.items() if not name.endswith("_localizations")}
    return kept | {"options": [without_translations(option) for option in command.get("options") or []]}


def found(commands: Mapping[int, Json], name: str) -> tuple[Json, list[str], list[Json]]:
    """Find a command by its words: the command, the subcommands' names, and the options that are left."""
    first, *below = name.removeprefix("/").split()
    command = next((one for one in commands.values() if one["name"] == first and one["type"] == 1), None)
    if command is None:
        raise LookupError(f"no command /{first} among {[one['name'] for one in commands.values()]}")
    options: list[Json] = command.get("options") or []
    for word in below:
        deeper = {one["name"]: one for one in options if one["type"] in {SUBCOMMAND, GROUP}}
        if word not in deeper:
            raise LookupError(f"no {word!r} in /{name}, only {list(deeper)}")
        options = deeper[word].get("options") or []
    if any(option["type"] in {SUBCOMMAND, GROUP} for option in options):
        raise LookupError(f"/{name} is only the beginning of a command")
    return command, below, options


def filled(options: list[Json], given: Mapping[str, Any]) -> list[Json]:
    """Fill in a command's options as Discord's client would send them, in the command's order."""
    if unknown := given.keys() - {option["name"] for option in options}:
        raise LookupError(f"no such options: {sorted(unknown)}")
    if missing := [one["name"] for one in options if one.get("required") and given.get(one["name"]) is None]:
        raise LookupError(f"must be filled in: {missing}")
    return [
        {"name": one["name"], "type": one["type"], "value": _suited(one, given[one["name"]])}
        for one in options
        if given.get(one["name"]) is not None
    ]


def nested(command: Json, below: list[str], inner: list[Json]) -> list[Json]:
    """Wrap filled-in options in the subcommands they belong to."""
    kinds: list[int] = []
    options = command.get("options") or []
    for word in below:
        one = next(each for each in options if each["name"] == word)
        kinds.append(one["type"])
        options = one.get("options") or []
    for word, kind in zip(reversed(below), reversed(kinds), strict=True):
        inner = [{"name": word, "type": kind, "options": inner}]
    return inner


def _suited(option: Json, value: Any) -> Any:
    if option["type"] == STRING:
        text = str(value)
        choices = [choice["value"] for choice in option.get("choices") or []]
        if choices and text not in choices:
            raise LookupError(f"{text!r} is none of {choices}")
        if not (option.get("min_length") or 0) <= len(text) <= (option.get("max_length") or 6000):
            raise LookupError(f"{text!r} is too short or too long for {option['name']}")
        return text
    return int(value) if option["type"] == INTEGER else value


def _check(command: Json, where: str) -> None:
    for name in (command.get("name") or "", *(command.get("name_localizations") or {}).values()):
        if not _NAME.fullmatch(name) or name != name.lower():
            raise invalid(f"{where}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    for text in (command.get("description") or "", *(command.get("description_localizations") or {}).values()):
        if not 1 <= len(text) <= LONGEST_DESCRIPTION:
            length = f"Must be between 1 and {LONGEST_DESCRIPTION} in length."
            raise invalid(f"{where}.description", "BASE_TYPE_BAD_LENGTH", length)
    options = command.get("options") or []
    _check_together(options, f"{where}.options")
    for at, option in enumerate(options):
        if option.get("type") not in range(SUBCOMMAND, ATTACHMENT + 1):
            raise invalid(f"{where}.options.{at}.type", "BASE_TYPE_CHOICES", "This is no type of option")
        _check(option, f"{where}.options.{at}")
        _check_choices(option, f"{where}.options.{at}")


def _check_together(options: list[Json], where: str) -> None:
    if len(options) > MOST_OPTIONS:
        raise invalid(where, "BASE_TYPE_MAX_LENGTH", f"Must be {MOST_OPTIONS} or fewer in length.")
    if len({option.get("name") for option in options}) < len(options):
        raise invalid(where, "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option name already used")
    nesting = {option.get("type") in {SUBCOMMAND, GROUP} for option in options}
    if len(nesting) > 1:
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        raise invalid(where, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    needed = [bool(option.get("required")) for option in options]
    if needed != sorted(needed, reverse=True):
        message = "Required options must be placed before non-required options"
        raise invalid(where, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)


def _check_choices(option: Json, where: str) -> None:
    choices = option.get("choices") or []
    if len(choices) > MOST_CHOICES:
        raise invalid(f"{where}.choices", "BASE_TYPE_MAX_LENGTH", f"Must be {MOST_CHOICES} or fewer in length.")
    if choices and option.get("autocomplete"):
        message = "Choices and autocomplete exclude each other"
        raise invalid(where, "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES", message)


def _length(command: Json) -> int:
    own = len(command.get("name") or "") + len(command.get("description") or "")
    choices = sum(len(one["name"]) + len(str(one["value"])) for one in command.get("choices") or [])
    return own + choices + sum(map(_length, command.get("options") or []))
