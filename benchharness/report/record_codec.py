"""Frozen records as plain values and back, exactly: what the cache of derived trials holds.

A record is the list of its fields in order, so that names are not repeated ten thousand times. The
way back is worked out once from the fields' types: dataclasses, enumerations, tuples and
mappings of these, None; everything else stays as it is.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from numbers import Integral, Real
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

_Record = TypeVar("_Record")
_Decoder = Callable[[Any], Any]


def to_plain(value: Any) -> Any:
    """Return the types that JSON knows for a record, or for what is in one."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if is_dataclass(value):
        return [to_plain(getattr(value, name)) for name in _names(value.__class__)]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, Integral):  # numpy's, as the next
        return int(value)
    return float(value) if isinstance(value, Real) else value


def decoder(record: type[_Record]) -> Callable[[list[Any]], _Record]:
    """Return the function that makes a record of this type from ``to_plain``'s list.

    The function takes the list over and changes it. It raises TypeError, ValueError or KeyError
    for what is no such record.
    """
    kind: Any = record
    found: Callable[[list[Any]], _Record] = _record_decoder(kind)
    return found


@lru_cache(maxsize=64)
def _names(record: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record))


@lru_cache(maxsize=64)
def _record_decoder(record: Any) -> _Decoder:
    hints = get_type_hints(record)
    places = [
        (place, decode)
        for place, name in enumerate(_names(record))
        if (decode := _of_type(hints[name])) is not None
    ]

    def from_plain(values: list[Any]) -> Any:
        for place, decode in places:
            value = values[place]
            if value is not None:
                values[place] = decode(value)
        return record(*values)

    return from_plain


def _of_type(hint: Any) -> _Decoder | None:
    """Return how a value that is not None is decoded, None where it is right as it is."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        ways = [way for each in get_args(hint) if (way := _of_type(each)) is not None]
        return ways[0] if ways else None
    if origin is tuple:
        inner = _of_type(get_args(hint)[0])
        if inner is None:
            return tuple
        return lambda values: tuple(map(inner, values))
    if origin in (Mapping, dict):
        decode = _of_type(get_args(hint)[1])
        if decode is None:
            return None
        return lambda items: {key: decode(item) for key, item in items.items()}
    if isinstance(hint, type) and is_dataclass(hint):
        return _record_decoder(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {member.value: member for member in hint}.__getitem__
    return None
