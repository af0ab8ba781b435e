"""Checks calls against Telegram's own table of methods and types, where that file lies beside the repository."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

PATH = Path(__file__).resolve().parents[3] / "shared" / "data" / "telegram-bot-api.json"
MISSING = f"{PATH.name} is not part of the project, so nothing is checked against it"

_LENGTH = re.compile(r"(\d+)-(\d+) (characters|bytes)")
_AT_MOST = re.compile(r"At most (\d+)")
_RANGE = re.compile(r"(?:[Bb]etween |, )(\d+)-(\d+)[. ]")
_CONSTANT = re.compile(r'must be ([a-z_]+)$|[Aa]lways ["“]([a-z_]+)["”]')
_CHOICE = re.compile(r'(?:[Mm]ust be one of|[Cc]an be) (".*)')
_QUOTED = re.compile(r'"([a-z_]+)"')
_NEEDED_WITHOUT = re.compile(r"[Rr]equired if (\w+(?: and \w+)?) (?:is|are)(?: not|n't) specified")
_SPELLINGS = {
    "Can contain only lowercase English letters, digits and underscores": re.compile(r"[a-z0-9_]*"),
    "nly characters A-Z, a-z, 0-9, _ and - are allowed": re.compile(r"[A-Za-z0-9_-]*"),
}
_BUTTON_LOOKS = {"text", "icon_custom_emoji_id", "style"}

Field = Mapping[str, Any]


class Schema:
    """Telegram's table: what each method takes and what each type is made of."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._methods: Mapping[str, Any] = table["methods"]
        self._types: Mapping[str, Any] = table["types"]

    def wrong_in_call(self, method: str, params: Mapping[str, str], files: Collection[str] = ()) -> list[str]:
        """Say what is wrong with a call, as it stood on the wire; `files` are the names of uploaded parts."""
        if method not in self._methods:
            return [f"{method}: no such method"]
        fields = {field["name"]: field for field in self._methods[method].get("fields", [])}
        given: dict[str, Any] = {}
        wrong: list[str] = []
        attached = {f"attach://{name}" for name in files}
        for name, text in params.items():
            if name not in fields:
                wrong.append(f"{method}.{name}: no such parameter")
                continue
            try:
                given[name] = _decoded(fields[name], text)
            except ValueError:
                wrong.append(f"{method}.{name}: not {' or '.join(fields[name]['types'])}")
                continue
            wrong += self._wrong_in_field(f"{method}.{name}", fields[name], given[name])
            wrong += [f"{method}.{name}: {uri} was not uploaded" for uri in _attachments(given[name]) - attached]
        there = set(params)
        used = set(chain.from_iterable(_attachments(value) for value in given.values()))
        for name in files:
            if "InputFile" in fields.get(name, {"types": []})["types"]:
                there.add(name)
            elif f"attach://{name}" not in used:
                wrong.append(f"{method}.{name}: a file nobody asked for")
        wrong += _missing(method, fields, there)
        return wrong or list(_misplaced(method, given))

    def wrong_in(self, kind: str, value: object, where: str = "") -> list[str]:
        """Say what is wrong with a value that should be of this type, such as `Update` or `Array of String`."""
        where = where or kind
        if kind.startswith("Array of "):
            if not isinstance(value, list):
                return [f"{where}: not a list"]
            inner = kind.removeprefix("Array of ")
            return [line for at, item in enumerate(value) for line in self.wrong_in(inner, item, f"{where}[{at}]")]
        if kind in _PLAIN:
            return [] if _PLAIN[kind](value) else [f"{where}: not {kind}"]
        return self._wrong_in_object(kind, value, where)

    def result_types(self, method: str) -> list[str]:
        """What the method may answer."""
        return list(self._methods[method]["returns"])

    def _wrong_in_object(self, kind: str, value: object, where: str) -> list[str]:
        declared = self._types[kind]
        if "subtypes" in declared:
            return self._wrong_in_any(declared["subtypes"], value, where)
        if not isinstance(value, dict):
            return [f"{where}: not an object"]
        fields = {field["name"]: field for field in declared.get("fields", [])}
        wrong = [f"{where}.{name}: no such field of {kind}" for name in value if name not in fields]
        for name, inner in value.items():
            if name in fields:
                wrong += self._wrong_in_field(f"{where}.{name}", fields[name], inner)
        if kind == "InlineKeyboardButton" and len(value.keys() - _BUTTON_LOOKS) != 1:
            wrong.append(f"{where}: a button does exactly one thing")
        wrong += _missing(where, fields, value)
        return wrong or list(_misplaced(where, value))

    def _wrong_in_any(self, kinds: list[str], value: object, where: str) -> list[str]:
        findings = {kind: self.wrong_in(kind, value, where) for kind in kinds}
        if not all(findings.values()):
            return []
        if len(kinds) > 1 and isinstance(value, dict) and "type" in value:
            meant = [kind for kind in kinds if not any(line.startswith(f"{where}.type:") for line in findings[kind])]
            kinds = meant or kinds
        return min((findings[kind] for kind in kinds), key=len)

    def _wrong_in_field(self, where: str, field: Field, value: object) -> Iterator[str]:
        if wrong := self._wrong_in_any(field["types"], value, where):
            yield from wrong
            return
        about: str = field["description"]
        if isinstance(value, str):
            yield from _wrong_in_text(where, about, value)
        elif isinstance(value, list):
            if (limit := _AT_MOST.search(about)) and len(value) > int(limit[1]):
                yield f"{where}: {len(value)} of at most {limit[1]}"
        elif isinstance(value, int) and (limits := _RANGE.search(about)):
            low, high = map(int, limits.groups())
            if not low <= value <= high:
                yield f"{where}: {value} is not within {low}-{high}"


_PLAIN = {
    "String": lambda value: isinstance(value, str),
    "Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Float": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
    "InputFile": lambda value: isinstance(value, str) and value.startswith("attach://"),
}


@cache
def load() -> Schema | None:
    """Read the table, or give None where it is absent."""
    return Schema(json.loads(PATH.read_text(encoding="utf-8"))) if PATH.exists() else None


def utf16(text: str) -> int:
    """How long Telegram takes a text to be when it says where something stands in it."""
    return len(text.encode("utf-16-le")) // 2


def _decoded(field: Field, text: str) -> Any:
    """Read a parameter from the wire: text as it is, everything else as JSON."""
    types = field["types"]
    if "String" in types:
        if "Integer" in types and not text.startswith("@"):
            return int(text)
        return text
    if types == ["InputFile"] and not text.startswith("attach://"):
        raise ValueError(text)
    return text if types == ["InputFile"] else json.loads(text)


def _attachments(value: object) -> set[str]:
    if isinstance(value, str):
        return {value} if value.startswith("attach://") else set()
    if isinstance(value, dict):
        return set(chain.from_iterable(map(_attachments, value.values())))
    if isinstance(value, list):
        return set(chain.from_iterable(map(_attachments, value)))
    return set()


def _missing(where: str, fields: Mapping[str, Field], given: Collection[str]) -> Iterator[str]:
    for name, field in fields.items():
        if name in given:
            continue
        without = _NEEDED_WITHOUT.search(field["description"])
        if field["required"] or (without and not any(other in given for other in without[1].split(" and "))):
            yield f"{where}.{name}: missing"


def _misplaced(where: str, given: Mapping[str, Any]) -> Iterator[str]:
    """Find entities that reach beyond their text."""
    for name, of in (("entities", "text"), ("caption_entities", "caption")):
        length = utf16(given.get(of) or "")
        for entity in given.get(name) or []:
            if entity["offset"] < 0 or entity["length"] <= 0 or entity["offset"] + entity["length"] > length:
                yield f"{where}.{name}: beyond the {of}"


def _wrong_in_text(where: str, about: str, value: str) -> Iterator[str]:
    if limits := _LENGTH.search(about):
        length = len(value.encode()) if limits[3] == "bytes" else len(value)
        if not int(limits[1]) <= length <= int(limits[2]):
            yield f"{where}: {length} is not within {limits[0]}"
    if (constant := _CONSTANT.search(about)) and value != (constant[1] or constant[2]):
        yield f"{where}: not {constant[1] or constant[2]}"
    if (choice := _CHOICE.search(about)) and where.endswith((".type", ".style")):
        known = _QUOTED.findall(choice[1])
        if known and value not in known:
            yield f"{where}: none of {', '.join(known)}"
    for words, spelling in _SPELLINGS.items():
        if words in about and not spelling.fullmatch(value):
            yield f"{where}: not spelled as it must be"
