"""``gpio.read(value: *u32) -> errno``: the one GPIO line that the guest may see.

It writes 0 or 1. ``--with gpio=SPEC`` says which line it is (gpio_lines.py); the guest cannot
choose. A line that is not there, or goes while the guest runs, ends the guest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wasm_modules.hosts.failures import EXIT_USAGE, HostError
from wasm_modules.hosts.imports import gpio_lines
from wasm_modules.hosts.imports.provision import Provision
from wasm_modules.hosts.runtime import EFAULT, GuestMemory, HostFunction


def provide(settings: Mapping[str, str]) -> Provision:
    """Open the line of the setting ``gpio``. Raises HostError if there is none."""
    if "gpio" not in settings:
        raise HostError(
            f"the guest reads a GPIO line; name it: --with gpio=SPEC, {gpio_lines.FORMS}",
            EXIT_USAGE,
        )
    sysfs = Path(settings.get("gpio_sysfs", gpio_lines.SYSFS))
    line = gpio_lines.open_line(settings["gpio"], sysfs)

    def read(memory: GuestMemory, at: int) -> int:
        try:
            memory.view(at, 4)[:] = line().to_bytes(4, "little")
        except IndexError:
            return EFAULT
        return 0

    return Provision(functions=(HostFunction("gpio", "read", ("i32",), ("i32",), read),))
