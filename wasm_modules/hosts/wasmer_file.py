"""What Wasmer does not check of machine code in a file, and does not keep to itself.

Wasmer 1.1 believes every byte after the first few of what it has serialized: a file that is cut
short ends the process with a signal. So a checksum goes with it.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from wasm_modules.hosts.failures import EXIT_FAILED, HostError

_SEAL_BYTES = 4
_PANIC = "PanicException"  # of PyO3; it is no Exception, and no module exports it


def sealed(code: bytes) -> bytes:
    """Return machine code with its checksum behind it."""
    return code + zlib.crc32(code).to_bytes(_SEAL_BYTES, "little")


def unsealed(whole: bytes) -> bytes:
    """Return the machine code. Raises RuntimeError, as Wasmer does, if it is damaged."""
    code, seal = whole[:-_SEAL_BYTES], whole[-_SEAL_BYTES:]
    if zlib.crc32(code).to_bytes(_SEAL_BYTES, "little") != seal:
        raise RuntimeError("the file is damaged")
    return code


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
