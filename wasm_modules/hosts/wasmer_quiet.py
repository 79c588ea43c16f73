"""What Wasmer 1.1 does not keep to itself: a panic, and all that it prints of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from wasm_modules.hosts.failures import EXIT_FAILED, HostError

_PANIC = "PanicException"  # of PyO3; it is no Exception, and no module exports it


@contextmanager
def quiet() -> Iterator[None]:
    """Turn a panic of Wasmer into one line; what it prints of itself goes nowhere.

    Not for the guest's run, in which descriptor 2 is the guest's.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise HostError(f"Wasmer gave up: {error}", EXIT_FAILED) from None
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
