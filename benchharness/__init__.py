"""What a program costs on an edge board in time, memory and energy, with an error bar.

Importing this package is light and needs the standard library only, because workloads
import :mod:`benchharness.events`, also under other interpreters than the harness's own.
"""

__version__ = "0.1.0"
