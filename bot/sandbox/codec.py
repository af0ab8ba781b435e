"""Dataclasses as JSON and back, checked: what comes from a child is a claim, and is held against the declared types."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from types import UnionType
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_MICROSECOND = timedelta(microseconds=1)
_AS_IT_IS = (str, int, float, bool, type(None))


class Misshapen(ValueError):  # noqa: N818  an answer of the child
    """What was read is not of the declared type."""


def write(value: object) -> bytes:
    """Write a dataclass down."""
    return json.dumps(_down(value), ensure_ascii=False).encode(errors="surrogatepass")


def read(kind: type[T], data: bytes) -> T:
    """Undo `write`. Raises Misshapen for whatever is not exactly of this type, to the last field."""
    try:
        made: T = _up(kind, json.loads(data))
    except (ValueError, OverflowError, RecursionError) as error:
        raise Misshapen(kind.__name__) from error
    return made


def _down(value: object) -> Any:  # noqa: PLR0911  one row per type
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):  # one that can do more
        return str(value)
    if is_dataclass(value):
        return {field.name: _down(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _down(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_down(each) for each in value]
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // _MICROSECOND
    raise TypeError(type(value).__name__)


@lru_cache(maxsize=64)
def _types(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _up(kind: Any, data: Any) -> Any:  # noqa: C901, PLR0911  one row per type
    if isinstance(kind, NewType):
        kind = kind.__supertype__
    of = get_origin(kind)
    if of in {Union, UnionType}:
        return _first_that_fits(get_args(kind), data)
    if of is tuple:
        return _tuple(get_args(kind), _is(list, data))
    if of is Mapping:
        _name, each = get_args(kind)
        return {name: _up(each, one) for name, one in _is(dict, data).items()}
    if kind is bytes:
        return b64decode(_is(str, data), validate=True)
    if kind is datetime:
        return _aware(datetime.fromisoformat(_is(str, data)))
    if kind is timedelta:
        return _is(int, data) * _MICROSECOND
    if kind is float and type(data) is int:
        return float(data)
    if kind in _AS_IT_IS:
        return _is(kind, data)
    if is_dataclass(kind):
        types = _types(kind)  # type: ignore[arg-type]  # a class
        if _is(dict, data).keys() != types.keys():
            raise Misshapen
        return kind(**{name: _up(types[name], one) for name, one in data.items()})  # type: ignore[operator]
    if issubclass(kind, Enum):
        return kind(data)
    raise TypeError(kind)


def _is(kind: type, data: Any) -> Any:
    if type(data) is not kind:
        raise Misshapen
    return data


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise Misshapen
    return instant


def _tuple(kinds: tuple[Any, ...], data: list[Any]) -> tuple[Any, ...]:
    if kinds[-1:] == (...,):
        return tuple(_up(kinds[0], each) for each in data)
    if len(kinds) != len(data):
        raise Misshapen
    return tuple(_up(kind, each) for kind, each in zip(kinds, data, strict=True))


def _first_that_fits(kinds: tuple[Any, ...], data: Any) -> Any:
    for kind in kinds:
        try:
            return _up(kind, data)
        except ValueError:
            continue
    raise Misshapen
