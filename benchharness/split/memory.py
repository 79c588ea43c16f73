"""Freed memory is kept for the next batch: a step takes and gives back the same large blocks.

The C library (glibc) gives large blocks back to the system, which hands out new pages and clears
them at the next batch: some 3,000 page faults, up to a tenth of a step, where a program receives 13
megabytes of activations beside its own. Kept, they cost nothing the second time; the program holds
its peak to the end.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # mallopt(3)
_NEVER_BYTES = 1 << 30
_OLD_LARGEST_BYTES = 32 << 20  # of a threshold for mapped blocks, in glibc before 2.35


def keep_freed() -> bool:
    """Have the C library keep what is freed; return whether it does.

    Call it before the first thread: those of a program then share what was freed. It is False,
    and nothing has changed, where the C library has no such thing (musl, macOS).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    mapped = any(mallopt(_MMAP_THRESHOLD, each) for each in (_NEVER_BYTES, _OLD_LARGEST_BYTES))
    return bool(mapped and mallopt(_TRIM_THRESHOLD, _NEVER_BYTES) and mallopt(_ARENA_MAX, 1))
