"""What a comparison with published results says, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.report.against_records import (
    AGREES,
    CANNOT_TELL,
    CONTRADICTS,
    NOT_COMPARABLE,
    Against,
    Order,
    Part,
)
from benchharness.report.published import TITLES, Published
from benchharness.report.text import DASH

_HEADLINES = ("duration_s", "cpu_percent")


def sentences(against: Against) -> list[str]:
    """Return one sentence a part and reading: the order by time, else by CPU.

    A part of which no reading can tell any pair apart has one sentence, which says so.
    """
    found = []
    for part in against.parts:
        orders = [order for order in part.orders if order.quantity == _headline(part)]
        readings = list(dict.fromkeys(order.reading for order in orders))
        if len(readings) > 1 and all(
            order_word(o) == CANNOT_TELL and not o.count(AGREES) for o in orders
        ):
            title = TITLES[orders[0].quantity][0]
            found.append(
                f"{part.heading} by {title}: these runs tell no two runtimes apart, so that no"
                f" printed order is confirmed or contradicted ({', '.join(readings)})"
            )
            continue
        for reading in readings:
            same = [order for order in orders if order.reading == reading]
            found.append(_sentence(against.published, part, same))
    return found


def order_word(order: Order) -> str:
    """Return a word for all pairs: it contradicts where one does, it agrees where all do.

    Pairs that cannot be compared say nothing; where there are no others, that is the word.
    """
    if order.count(NOT_COMPARABLE) == len(order.pairs):
        return NOT_COMPARABLE
    if order.count(CONTRADICTS):
        return CONTRADICTS
    return CANNOT_TELL if order.count(CANNOT_TELL) else AGREES


def pairs_text(order: Order) -> str:
    """Return ``2 of 3 pairs agree, 1 undecided``."""
    unlike = order.count(NOT_COMPARABLE)
    total, agree = len(order.pairs) - unlike, order.count(AGREES)
    found = [f"{agree} of {total} pair{'' if total == 1 else 's'} agree{'s' if agree == 1 else ''}"]
    against, open_ = order.count(CONTRADICTS), order.count(CANNOT_TELL)
    found += [f"{against} contradict{'s' if against == 1 else ''}"] if against else []
    found += [f"{open_} undecided"] if open_ else []
    found += [f"{unlike} not comparable"] if unlike else []
    return ", ".join(found)


def published_order(published: Published, order: Order) -> str:
    """Return ``WasmEdge < Wasmer < Wasmtime``, least first; = for figures printed equal."""
    text = ""
    for place, (level, value) in enumerate(order.published):
        if place:
            text += " = " if value.value == order.published[place - 1][1].value else " < "
        text += published.shown(level)
    return text or DASH


def measured_order(published: Published, order: Order) -> str:
    """Return the same of the measurement; ? between two that it cannot tell apart."""
    text = published.shown(order.measured[0]) if order.measured else DASH
    for sign, level in zip(order.measured_signs, order.measured[1:], strict=True):
        text += f" {sign} {published.shown(level)}"
    return text


def _headline(part: Part) -> str | None:
    there = {order.quantity for order in part.orders}
    return next((q for q in _HEADLINES if q in there), None)


def _sentence(published: Published, part: Part, orders: Sequence[Order]) -> str:
    first = orders[0]
    devices = "; ".join(
        f"{published_order(published, order)} on {order.device} ({pairs_text(order)})"
        for order in orders
    )
    return (
        f"{part.heading} by {TITLES[first.quantity][0]}, {first.reading}: "
        f"{measured_order(published, first)} here, {devices}"
    )
