"""What the operating system knows: CPU, memory, temperature, frequency. Standard library only.

``sysroot`` stands in front of every path, so that a recorded tree of /proc and /sys can be a
Raspberry Pi. The function that makes a probe returns None where the machine lacks the file:
that channel is then absent. A value that disappears later is NaN, never 0.

These modules run in the sampler, a process of its own that must stay small: no dataclasses,
typing or subprocess here (3 MB and 20 ms between them).
"""
