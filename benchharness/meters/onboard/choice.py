"""Several names in one key: a text, ``A+B``, or a list; or what follows ``driver:``."""

from __future__ import annotations

from benchharness.meters.base import Instrument
from benchharness.meters.options import OptionReader


def names_of(keys: OptionReader, key: str, instrument: Instrument) -> tuple[str, ...]:
    """Return the names in ``key``, else those of the address, else none.

    Raises UsageError with file and key.
    """
    address = keys.text("address")
    if isinstance(instrument.options.get(key), list):
        return keys.texts(key)
    text = keys.text(key) or address or ""
    return tuple(part.strip() for part in text.split("+") if part.strip())
