"""Checks calls and answers against Discord's own OpenAPI document, where that file lies beside the repository."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

PATH = Path(__file__).resolve().parents[3] / "shared" / "data" / "discord-openapi.json"
MISSING = f"{PATH.name} is not part of the project, so nothing is checked against it"

_FILE = re.compile(r"files\[([0-9])]")
_SPELLED = {"true": True, "1": True, "false": False, "0": False}
_RANGES = {"int32": 2**31, "int64": 2**63}

_LIBRARYS_OWN = (
    # discord.py sends these unasked with every call of the kind; Discord takes no notice
    re.compile(r"(PUT|POST|PATCH) /applications/\S+\.nsfw: no such property"),
    re.compile(r"(PATCH /webhooks/|PATCH /channels/|POST /interactions/)\S+\.tts: no such property"),
)

Declared = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What may be asked of one path with one verb."""

    segments: tuple[str, ...]
    parameters: Mapping[tuple[str, str], Declared]  #: by place and name
    body: Declared | None
    needs_body: bool
    answers: Mapping[str, Declared]  #: by status

    def bound(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Give the path's parameters if the path is one of this operation's."""
        found: dict[str, str] = {}
        for mine, given in zip(self.segments, segments, strict=True):
            if mine.startswith("{"):
                found[mine[1:-1]] = given
            elif mine != given:
                return None
        return found


class Schema:
    """Discord's document: what each call takes and answers, and what each object is made of."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._objects: Mapping[str, Declared] = document["components"]["schemas"]
        self._operations: dict[tuple[str, int], list[Operation]] = {}
        self._by_type: dict[int, dict[Any, Declared] | None] = {}
        for path, item in document["paths"].items():
            for verb in item.keys() - {"parameters"}:
                operation = _operation(path, item, item[verb], document["components"]["responses"])
                self._operations.setdefault((verb.upper(), len(operation.segments)), []).append(operation)
        for operations in self._operations.values():  # a literal goes before a parameter in the same place
            operations.sort(key=lambda one: [segment.startswith("{") for segment in one.segments])

    def wrong_in_call(
        self, verb: str, path: str, query: Mapping[str, str], body: Any, files: Collection[str] = ()
    ) -> list[str]:
        """Say what is wrong with a call; `files` are the names of uploaded parts beside `payload_json`."""
        call = f"{verb} {path}"
        operation, bound = self._operation(verb, path)
        if operation is None:
            return [f"{call}: no such operation"]
        wrong: list[str] = []
        for place, given in (("path", bound), ("query", query)):
            for name, text in given.items():
                declared = operation.parameters.get((place, name))
                if declared is None:
                    wrong.append(f"{call}?{name}: no such parameter")
                else:
                    wrong += self.wrong_in(declared["schema"], self._read(declared["schema"], text), f"{call}?{name}")
        wrong += [
            f"{call}?{name}: missing"
            for (place, name), declared in operation.parameters.items()
            if place == "query" and declared.get("required") and name not in query
        ]
        if body is None:
            wrong += [f"{call}: the body is missing"] * operation.needs_body
        elif operation.body is None:
            wrong.append(f"{call}: takes no body")
        else:
            wrong += self.wrong_in(operation.body, body, call)
            wrong += _wrong_in_files(call, body, files)
        return [line for line in wrong if not any(known.fullmatch(line) for known in _LIBRARYS_OWN)]

    def wrong_in_answer(self, verb: str, path: str, status: int, answer: Any) -> list[str]:
        """Say what is wrong with an answer."""
        operation, _ = self._operation(verb, path)
        if operation is None:
            return []
        said = f"{verb} {path} -> {status}"
        if str(status) not in operation.answers and f"{status // 100}XX" not in operation.answers:
            return [f"{said}: never answered"]
        declared = operation.answers.get(str(status)) or operation.answers.get(f"{status // 100}XX")
        if not declared:
            return [] if answer is None else [f"{said}: has no body"]
        return self.wrong_in(declared, answer, said)

    def wrong_in_object(self, kind: str, value: object) -> list[str]:
        """Say what is wrong with a value that should be of this kind, such as `MessageResponse`."""
        return self.wrong_in(self._objects[kind], value, kind)

    def wrong_in(self, declared: Declared, value: object, where: str) -> list[str]:
        """Say what is wrong with a value."""
        declared = self._resolved(declared)
        variants = declared.get("oneOf") or declared.get("anyOf")
        wrong = self._wrong_in_any(declared, variants, value, where) if variants else []
        types = declared.get("type", ())
        types = [types] if isinstance(types, str) else types
        if declared.get("format") == "snowflake" and isinstance(value, int) and not isinstance(value, bool):
            return wrong  # Discord takes numbers as well, and discord.py sends them
        if types and not any(_TYPES[kind](value) for kind in types):
            return [*wrong, f"{where}: not {' or '.join(types)}"]
        if "const" in declared and value != declared["const"]:
            wrong.append(f"{where}: not {declared['const']!r}")
        if "enum" in declared and value is not None and value not in declared["enum"]:
            wrong.append(f"{where}: {value!r} is none of {declared['enum']}")
        if isinstance(value, str):
            wrong += _wrong_in_text(declared, value, where)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            wrong += _wrong_in_number(declared, value, where)
        elif isinstance(value, list):
            wrong += _wrong_in_size(declared, value, where, "Items")
            wrong += self._wrong_in_list(declared, value, where)
        elif isinstance(value, dict):
            wrong += _wrong_in_size(declared, value, where, "Properties")
            wrong += self._wrong_in_properties(declared, value, where)
        for part in declared.get("allOf", ()) if not isinstance(value, dict) else ():
            wrong += self.wrong_in(part, value, where)
        return wrong

    def _operation(self, verb: str, path: str) -> tuple[Operation | None, dict[str, str]]:
        segments = tuple(path.strip("/").split("/"))
        for operation in self._operations.get((verb, len(segments)), ()):
            bound = operation.bound(segments)
            if bound is not None:
                return operation, bound
        return None, {}

    def _resolved(self, declared: Declared) -> Declared:
        while "$ref" in declared:
            declared = self._objects[declared["$ref"].rpartition("/")[2]]
        return declared

    def _read(self, declared: Declared, text: str) -> object:
        """Read a parameter: text as it is, numbers and truth values as what they mean."""
        kind = self._resolved(declared).get("type")
        if kind == "boolean":
            return _SPELLED.get(text.lower(), text)
        if kind == "integer":
            return int(text) if re.fullmatch(r"-?\d+", text) else text
        return text

    def _wrong_in_any(self, declared: Declared, variants: list[Declared], value: object, where: str) -> list[str]:
        if value is None and any(variant.get("type") == "null" for variant in variants):
            return []
        if isinstance(value, dict) and "type" in value:
            meant = self._variants_by_type(declared, variants)
            if meant is not None:
                if value["type"] not in meant:
                    return [f"{where}.type: {value['type']!r} is none of {list(meant)}"]
                return self.wrong_in(meant[value["type"]], value, where)
        findings = [self.wrong_in(variant, value, where) for variant in variants]
        # the nearest: what has at least the right type, then what has the fewest faults
        return min(findings, key=lambda wrong: (any(line.startswith(f"{where}: not ") for line in wrong), len(wrong)))

    def _variants_by_type(self, declared: Declared, variants: list[Declared]) -> dict[Any, Declared] | None:
        """Tell variants apart by their `type`, if each has one that no other has."""
        if id(declared) not in self._by_type:
            found: dict[Any, Declared] | None = {}
            for variant in map(self._resolved, variants):
                if variant.get("type") == "null":
                    continue
                for kind in variant.get("properties", {}).get("type", {}).get("enum") or [None]:
                    if found is not None and (kind is None or kind in found):
                        found = None
                    elif found is not None:
                        found[kind] = variant
            self._by_type[id(declared)] = found
        return self._by_type[id(declared)]

    def _wrong_in_list(self, declared: Declared, value: list[Any], where: str) -> Iterator[str]:
        if "items" in declared:
            for at, item in enumerate(value):
                yield from self.wrong_in(declared["items"], item, f"{where}[{at}]")
        if declared.get("uniqueItems") and len({json.dumps(item, sort_keys=True) for item in value}) < len(value):
            yield f"{where}: something is there twice"

    def _wrong_in_properties(self, declared: Declared, value: dict[str, Any], where: str) -> Iterator[str]:
        properties, required = self._properties(declared)
        others = declared.get("additionalProperties")
        closed = others is False or (bool(properties) and others is None)
        for name, inner in value.items():
            if name in properties:
                yield from self.wrong_in(properties[name], inner, f"{where}.{name}")
            elif isinstance(others, dict):
                yield from self.wrong_in(others, inner, f"{where}.{name}")
            elif closed:
                yield f"{where}.{name}: no such property"
        for name in required - value.keys():
            yield f"{where}.{name}: missing"

    def _properties(self, declared: Declared) -> tuple[dict[str, Declared], set[str]]:
        properties, required = dict(declared.get("properties", {})), set(declared.get("required", ()))
        for part in map(self._resolved, declared.get("allOf", ())):
            more, needed = self._properties(part)
            properties |= more
            required |= needed
        return properties, required


_TYPES = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


@cache
def load() -> Schema | None:
    """Read the document, or give None where it is absent."""
    return Schema(json.loads(PATH.read_text(encoding="utf-8"))) if PATH.exists() else None


def _operation(path: str, item: Declared, declared: Declared, usual: Declared) -> Operation:
    body = declared.get("requestBody", {})
    parameters = [*item.get("parameters", []), *declared.get("parameters", [])]
    answers = {
        status: usual[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
        for status, answer in declared["responses"].items()
    }
    return Operation(
        segments=tuple(path.strip("/").split("/")),
        parameters={(each["in"], each["name"]): each for each in parameters},
        body=body.get("content", {}).get("application/json", {}).get("schema"),
        needs_body=bool(body.get("required")),
        answers={
            status: answer.get("content", {}).get("application/json", {}).get("schema", {})
            for status, answer in answers.items()
        },
    )


def _wrong_in_files(call: str, body: Any, files: Collection[str]) -> Iterator[str]:
    holder = body.get("data") or body if isinstance(body, dict) else {}
    listed = {str(each.get("id")) for each in holder.get("attachments") or []}
    for name in files:
        number = _FILE.fullmatch(name)
        if number is None:
            yield f"{call}: {name} is no name for a file"
        elif number[1] not in listed:
            yield f"{call}: {name} is not among the attachments"


def _wrong_in_text(declared: Declared, value: str, where: str) -> Iterator[str]:
    most, least = declared.get("maxLength"), declared.get("minLength", 0)
    if len(value) < least or (most is not None and len(value) > most):
        yield f"{where}: {len(value)} characters are not within {least}-{most}"
    if "pattern" in declared and not re.search(declared["pattern"], value):
        yield f"{where}: not spelled as it must be"
    if declared.get("format") == "date-time":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            yield f"{where}: not a time"
    if declared.get("format") == "uri" and not re.match(r"[a-z][a-z0-9+.-]*:", value):
        yield f"{where}: not an address"


def _wrong_in_number(declared: Declared, value: float, where: str) -> Iterator[str]:
    limit = _RANGES.get(declared.get("format", ""))
    least, most = (
        declared.get("minimum", -limit if limit else None),
        declared.get("maximum", limit - 1 if limit else None),
    )
    if (least is not None and value < least) or (most is not None and value > most):
        yield f"{where}: {value} is not within {least}-{most}"


def _wrong_in_size(declared: Declared, value: Collection[Any], where: str, what: str) -> Iterator[str]:
    least, most = declared.get(f"min{what}", 0), declared.get(f"max{what}")
    if len(value) < least or (most is not None and len(value) > most):
        yield f"{where}: {len(value)} are not within {least}-{most}"
