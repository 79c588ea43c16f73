"""Payloads that are almost right: a corpus, damaged in ways that a seed decides."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_KEY = re.compile(rb'"[^"\\]{1,30}"\s*:')
# What stands where a number should: as bytes of JSON, or of something that is none.
_ODD = """
0 -0 -0.0 1 -1 007 1. .5 +5 1e3 1E+2 1e-400 1e400 -1e400 5e1 99999 100001 1e15 3.6e20 NaN nan
Infinity -Infinity inf null true false on off [] {} [5] [5,6] [[5]] [null] {"total":5} {"value":5}
"" "5" "-5" "5,5" "1_000" "0x10" "5W" "NaN" "inf" "1e3" "\u0665" "\uff15" "5\\u0000" "\\u0035" 1_000
0x1F 5,5 5;5 \uff15 \u0665 \u00b2 123456789.123456789 0.30000000000000004 18446744073709551616
9007199254740993 5..5 5.5.5 --5 5- 5e 5e+
"""
ODD = [text.encode() for text in _ODD.split()] + [
    *(b'" 5 "', b'"5\\u00a0"', b'"\\t5"', "5\u00a0".encode(), b"5\0"),
    *(b"9" * 400, b"0." + b"0" * 300 + b"1", b"1" + b"0" * 5000, b"5" * 9000),
]


def mutations(corpus: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Yield ``count`` payloads, the corpus itself among them."""
    chance = random.Random(seed)
    yield from corpus[:count]
    for _ in range(count - len(corpus)):
        payload = chance.choice(corpus)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            payload = chance.choice(_WAYS)(chance, payload, corpus)
        yield payload


def _flip(chance: random.Random, payload: bytes, _corpus: Sequence[bytes]) -> bytes:
    if not payload:
        return payload
    damaged = bytearray(payload)
    damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _overwrite(chance: random.Random, payload: bytes, _corpus: Sequence[bytes]) -> bytes:
    place = chance.randint(0, len(payload))
    return payload[:place] + chance.randbytes(chance.randint(1, 4)) + payload[place + 2 :]


def _truncate(chance: random.Random, payload: bytes, _corpus: Sequence[bytes]) -> bytes:
    start = chance.randint(0, len(payload)) if chance.random() < 0.2 else 0
    return payload[start : chance.randint(start, len(payload))]


def _splice(chance: random.Random, payload: bytes, corpus: Sequence[bytes]) -> bytes:
    other = chance.choice(corpus)
    return payload[: chance.randint(0, len(payload))] + other[chance.randint(0, len(other)) :]


def _odd_number(chance: random.Random, payload: bytes, _corpus: Sequence[bytes]) -> bytes:
    places = list(NUMBER.finditer(payload))
    if not places:
        return payload + chance.choice(ODD)
    place = chance.choice(places)
    return payload[: place.start()] + chance.choice(ODD) + payload[place.end() :]


def _swap_numbers(chance: random.Random, payload: bytes, _corpus: Sequence[bytes]) -> bytes:
    places = list(NUMBER.finditer(payload))
    if len(places) < 2:
        return payload
    one, two = sorted(chance.sample(places, 2), key=lambda place: place.start())
    between = payload[one.end() : two.start()]
    return payload[: one.start()] + two[0] + between + one[0] + payload[two.end() :]


def _double_key(chance: random.Random, payload: bytes, _corpus: Sequence[bytes]) -> bytes:
    keys = list(_KEY.finditer(payload))
    if not keys:
        return payload
    key = chance.choice(keys)
    return payload[: key.start()] + key[0] + chance.choice(ODD) + b"," + payload[key.start() :]


def _restructure(chance: random.Random, payload: bytes, _corpus: Sequence[bytes]) -> bytes:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    for _ in range(chance.randint(1, 3)):
        document = _changed(chance, document)
    # Dumped with and without blanks, as letters or as escapes.
    separators = chance.choice(((",", ":"), (", ", ": ")))
    text = json.dumps(document, separators=separators, ensure_ascii=chance.random() < 0.5)
    return text.encode("utf-8", "surrogatepass")


def _changed(chance: random.Random, node: Any) -> Any:
    if isinstance(node, dict) and node and chance.random() < 0.85:
        key = chance.choice(list(node))
        way = chance.random()
        if way < 0.2:
            return {k: v for k, v in node.items() if k != key}
        if way < 0.3:
            return {(k.upper() if k == key else k): v for k, v in node.items()}
        return {k: (_changed(chance, v) if k == key else v) for k, v in node.items()}
    if isinstance(node, list) and node and chance.random() < 0.7:
        place = chance.randrange(len(node))
        return [*node[:place], _changed(chance, node[place]), *node[place + 1 :]]
    leaf: Any = chance.choice(
        (None, True, False, 0, -1, 5, 5.5, -0.1, 1e300, 10**30, "5", "x", "", [], {})
    )
    return chance.choice((leaf, [node], [node, node], {"total": node}, {"value": node}, str(node)))


def _nest(chance: random.Random, payload: bytes, _corpus: Sequence[bytes]) -> bytes:
    depth = chance.choice((1, 2, 50, 2000))
    if chance.random() < 0.5:
        return b"[" * depth + payload + b"]" * depth
    return b'{"a":' * depth + payload + b"}" * depth


def _junk(chance: random.Random, _payload: bytes, _corpus: Sequence[bytes]) -> bytes:
    if chance.random() < 0.5:
        return chance.randbytes(chance.randint(0, 40))
    return chance.choice(ODD)


def _pad(chance: random.Random, payload: bytes, _corpus: Sequence[bytes]) -> bytes:
    blank = chance.choice((b" ", b"\n", b"\t", b"\0", b"\xef\xbb\xbf", b"\xc2\xa0", b"\r\n", b"W"))
    return blank + payload if chance.random() < 0.5 else payload + blank


# The dearest two come seldom.
_WAYS = [
    *(_flip, _overwrite, _truncate, _splice, _odd_number, _swap_numbers, _double_key, _pad) * 3,
    *(_odd_number, _restructure, _restructure, _junk, _nest),
]
