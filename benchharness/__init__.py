"""What a program costs on an edge board in time, memory and energy, with an error bar.

Importing this package is light and needs the standard library only, because workloads
import :mod:`benchharness.events`, also under other interpreters than the harness's own.
``benchharness.measure`` and ``benchharness.Measurement`` load what they need when first used.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchharness.api.measure import measure as measure
    from benchharness.api.measurement import Measurement as Measurement

_LAZY = {"measure": "benchharness.api.measure", "Measurement": "benchharness.api.measurement"}


def __getattr__(name):  # type: (str) -> object
    """Load a name of the Python interface when it is first asked for (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))
    import importlib

    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__():  # type: () -> list[str]
    """Name what is loaded late, too."""
    return sorted([*globals(), *_LAZY])
