"""A process that derives some of a campaign's trials for the one that started it.

It is told on stdin what to derive, and answers on stdout with parts: eight bytes of length, then
plain values by trial. A trial that cannot be derived is left out: who asked finds out why. It ends
when nobody reads its answers any more.
"""

from __future__ import annotations

import gc
import marshal
import signal
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from benchharness.report.derive_alone import AT_ONCE, derived_alone
from benchharness.report.record_codec import to_plain
from benchharness.store.database import Store

LENGTH_BYTES = 8


def main() -> None:
    """Answer one question."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C needs no traceback of each process
    gc.disable()
    path, module, function, trial_ids = marshal.load(sys.stdin.buffer)  # noqa: S302 - our parent
    out = sys.stdout.buffer
    for part in _parts(path, getattr(import_module(module), function), trial_ids):
        content = marshal.dumps(part)
        out.write(len(content).to_bytes(LENGTH_BYTES, "little") + content)
        out.flush()


def _parts(path: str, derive: Any, trial_ids: Sequence[int]) -> Iterator[dict[int, Any]]:
    with Store.open(path, create=False, read_only=True) as store, store.reading():
        for start in range(0, len(trial_ids), AT_ONCE):
            records = [store.trial(each) for each in trial_ids[start : start + AT_ONCE]]
            yield {t.trial_id: to_plain(t) for t in derived_alone(store, records, derive)}


if __name__ == "__main__":
    main()
