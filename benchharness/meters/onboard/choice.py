"""Several names in one key: a text, ``A+B``, or a list; or what follows ``driver:``."""

from __future__ import annotations

from benchharness.meters.base import Instrument
from benchharness.meters.onboard.rails import why_not_added
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


def rails_of(keys: OptionReader, instrument: Instrument) -> tuple[str, ...]:
    """Return the rails that a Jetson's instrument names, if their sum means something.

    Raises UsageError with file and key.
    """
    named = names_of(keys, "rail", instrument)
    refusal = why_not_added(named) if named else None
    if refusal:
        what = f"{' + '.join(named)} cannot be added: {refusal}"
        raise keys.error("rail", what, "name one rail, or rails that lie side by side")
    return named
