"""What nobody in their right mind would send: things as the platforms' own documents have them, and mangled ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from random import Random
from typing import Any

from hypothesis import strategies as some
from hypothesis.strategies import SearchStrategy

from tests.discord import schema as discord_schema
from tests.telegram import schema as telegram_schema

Json = dict[str, Any]
Some = SearchStrategy[Any]

MARK = "what-nobody-may-read"
"""Stands in much of what is sent, and must stand in no log and in no store."""

ODD_TEXTS = (
    "",
    " ",
    "\0",
    f"{MARK}\0{MARK}",
    "\ud800",
    f"{MARK}\udfff{MARK}",
    "\u202e\u2066" + MARK + "\u2069",  # written from right to left
    "\u200b\ufeff\u00ad",  # nothing that is seen
    "e\u0301\u0323" * 500,
    "\U0001f525" * 2_000,
    "\u0130\u0131\ufb03\u1e9e",  # they change their length in upper or lower case
    "a" * 5_000,
    f"{MARK} " * 300,
    "\n" * 3_000,
    "\r\n\t\x0b\x0c\x85\u2028\u2029",
    "{name}{0}%s%n${MARK}`rm`<b>&amp;</b>[x](y)@everyone",
    "'; DROP TABLE card; --",
    '=cmd|" /C calc"!A0',
    "/" * 4_096,
    '"' * 99,
    "“" + MARK,
    "١٢٣٤٥",  # numbers, but none of ours
    "\U0001d7d9\U0001d7da\U0001d7db",  # and these
    "²³",
)
ODD_NUMBERS = (0, -1, 1, 2**31 - 1, 2**31, -(2**31), 2**53, 2**63 - 1, 2**63, -(2**63), 2**64, 10**40)
_ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    *ODD_NUMBERS,
    0.5,
    1e308,
    "",
    "0",
    [],
    {},
    [[]],
    {"": None},
    "\ud800",
)

odd_texts = some.one_of(some.sampled_from(ODD_TEXTS), some.text(max_size=30))


def mangled(chance: Random, value: Any) -> Any:
    """Return a copy in which something is missing, is something else, or is there though nobody asked for it."""
    copy = _copy(value)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        holders = list(_holders(copy))
        if not holders:
            return chance.choice(_ODD_VALUES)
        holder = chance.choice(holders)
        key = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        match chance.randrange(5):
            case 0:
                del holder[key]
            case 1:
                holder[key] = chance.choice(_ODD_VALUES)
            case 2:
                holder[key] = chance.choice(ODD_TEXTS)
            case 3:
                holder[key] = [holder[key]] if chance.random() < 0.5 else {"id": holder[key]}
            case _ if isinstance(holder, dict):
                holder[chance.choice(("id", "type", "data", MARK))] = deep(chance.choice((1, 30, 200)))
            case _:
                holder.append(holder[key])
    return copy


def deep(levels: int) -> Any:
    """Nest lists and objects so deep."""
    value: Any = MARK
    for level in range(levels):
        value = [value] if level % 2 else {"reply_to_message": value}
    return value


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(inner) for name, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _holders(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*([value] if inner else []), *(holder for each in inner for holder in _holders(each))]


def telegram_updates(aimed: Mapping[str, Some], *, depth: int = 3) -> Some:
    """Make updates of every kind there is; `aimed` says what stands in a type, or in one field, as `User.id`."""
    table = telegram_schema.load()
    assert table is not None
    types: Mapping[str, Any] = table._types

    @cache
    def of(kind: str, left: int) -> Some:
        if kind in aimed:
            return aimed[kind]
        if kind.startswith("Array of "):
            inner = kind.removeprefix("Array of ")
            return some.lists(of(inner, left - 1), max_size=2) if left > 0 else some.just([])
        if kind in _TELEGRAMS_OWN:
            return _TELEGRAMS_OWN[kind]
        declared = types[kind]
        if "subtypes" in declared:
            return some.one_of([of(each, left) for each in declared["subtypes"]])
        fields = {
            field["name"]: aimed[place]
            if (place := f"{kind}.{field['name']}") in aimed
            else some.integers(1, 2**31)
            if field["name"].endswith("date") and field["types"] == ["Integer"]
            else _later(partial(_of_any, of, field["types"], left - 1))
            for field in declared.get("fields", [])
        }
        needed = [field["name"] for field in declared.get("fields", []) if field["required"]]
        usual = [name for name in fields if f"{kind}.{name}" in aimed and name not in needed]
        return _objects(fields, needed, usual, deep_enough=left <= 0)

    kinds = [field["name"] for field in types["Update"]["fields"] if field["name"] != "update_id"]
    theirs = {field["name"]: field["types"][0] for field in types["Update"]["fields"]}
    ours = ["message"] * 12 + ["callback_query"] * 12 + ["my_chat_member", "channel_post"] * 2
    return some.sampled_from([*ours, *kinds]).flatmap(
        lambda name: of(theirs[name], depth).map(lambda body: {name: body})
    )


def _later(made: Callable[[], Some]) -> Some:
    return some.deferred(lambda: made())  # noqa: PLW0108  hypothesis takes nothing but functions


def _of_any(of: Callable[[str, int], Some], kinds: Sequence[str], left: int) -> Some:
    return some.one_of([of(each, left) for each in kinds])


_TELEGRAMS_OWN: dict[str, Some] = {
    "String": odd_texts,
    "Integer": some.one_of(some.integers(0, 1_000), some.sampled_from(ODD_NUMBERS)),
    "Float": some.floats(allow_nan=False, allow_infinity=False),
    "Boolean": some.booleans(),
    "True": some.just(value=True),
}


def discord_objects(name: str, aimed: Mapping[str, Some], *, depth: int = 3) -> Some:  # noqa: C901  one way for each
    """Make objects of this kind of Discord's; `aimed` says what stands in one property, as `UserResponse.id`."""
    document = discord_schema.load()
    assert document is not None
    objects = document._objects

    def of(declared: Mapping[str, Any], left: int) -> Some:
        if "$ref" in declared:
            return named(declared["$ref"].rpartition("/")[2], left)
        variants = declared.get("oneOf") or declared.get("anyOf")
        if variants:
            return some.one_of([of(each, left) for each in variants])
        if "const" in declared:
            return some.just(declared["const"])
        if declared.get("enum"):
            return some.sampled_from(declared["enum"])
        types = declared.get("type", "object")
        return some.one_of([plain(each, declared, left) for each in ([types] if isinstance(types, str) else types)])

    def plain(kind: str, declared: Mapping[str, Any], left: int) -> Some:
        if kind == "array":
            return some.lists(of(declared.get("items", {}), left - 1), max_size=2) if left > 0 else some.just([])
        if kind == "object":
            return inside("", declared, left)
        if declared.get("format") in _DISCORDS_FORMATS:
            return _DISCORDS_FORMATS[declared["format"]]
        return _DISCORDS_OWN[kind]

    @cache
    def named(kind: str, left: int) -> Some:
        return inside(kind, objects[kind], left) if "properties" in objects[kind] else of(objects[kind], left)

    def inside(kind: str, declared: Mapping[str, Any], left: int) -> Some:
        properties = declared.get("properties", {})
        fields = {
            each: aimed[place]
            if (place := f"{kind}.{each}") in aimed
            else _later(partial(of, properties[each], left - 1))
            for each in properties
        }
        needed = [each for each in declared.get("required", ()) if each in fields]
        usual = [each for each in fields if f"{kind}.{each}" in aimed and each not in needed]
        return _objects(fields, needed, usual, deep_enough=left <= 0)

    return named(name, depth)


_DISCORDS_OWN: dict[str, Some] = {
    "string": odd_texts,
    "integer": some.one_of(some.integers(0, 20), some.sampled_from(ODD_NUMBERS)),
    "number": some.floats(allow_nan=False, allow_infinity=False),
    "boolean": some.booleans(),
    "null": some.none(),
}
_DISCORDS_FORMATS: dict[str, Some] = {
    "snowflake": some.one_of(some.integers(1, 2**63 - 1).map(str), some.sampled_from(["0", "1"])),
    "date-time": some.just("2026-12-01T12:00:00.000000+00:00"),
}


def _objects(fields: Mapping[str, Some], needed: Sequence[str], usual: Sequence[str], *, deep_enough: bool) -> Some:
    """Make objects with what they need, what is usual, and now and then something else."""
    others = [name for name in fields if name not in needed and name not in usual]

    @some.composite
    def made(draw: Callable[[Some], Any]) -> Json:
        value = {name: draw(fields[name]) for name in needed}
        value |= {name: draw(fields[name]) for name in usual if draw(some.integers(0, 9))}
        if others and not deep_enough:
            extra = draw(some.lists(some.sampled_from(others), max_size=3, unique=True))
            value |= {name: draw(fields[name]) for name in extra}
        return value

    return made()
