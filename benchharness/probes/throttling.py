"""What a Raspberry Pi's firmware says of its power supply and its clock.

The bits are those of ``vcgencmd get_throttled`` (Raspberry Pi documentation, "get_throttled"):
0 to 3 hold now, 16 to 19 have held since the board was started.
"""

from __future__ import annotations

import os

from benchharness.probes.files import NAN, NUMBER_BYTES, is_missing, names, open_file
from benchharness.probes.probe import Probe, unless_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

BITS = {
    0: "under-voltage",
    1: "frequency capped",
    2: "throttled",
    3: "soft temperature limit",
    16: "under-voltage since boot",
    17: "frequency capped since boot",
    18: "throttled since boot",
    19: "soft temperature limit since boot",
}
PROGRAM_PERIOD_S = 10  # starting vcgencmd costs milliseconds; the upper bits keep what it misses


def decode(bits: int) -> tuple[str, ...]:
    """Return the names of the bits that are set, lowest first; an unknown bit is ``bit N``."""
    return tuple(BITS.get(bit, f"bit {bit}") for bit in range(bits.bit_length()) if bits >> bit & 1)


def parse(text: bytes) -> float:
    """Return the bits in ``50005`` (sysfs) or ``throttled=0x50005`` (vcgencmd); NaN otherwise."""
    digits = text.strip().rpartition(b"=")[2]
    try:
        bits = int(digits, 16)
    except ValueError:
        return NAN
    return float(bits) if 0 <= bits < 1 << 32 else NAN


class FirmwareFile(Probe):
    """``throttled``: the bits, from the file of the firmware driver."""

    channels = (("throttled", "1"),)
    meta = {"throttled": "firmware get_throttled, sysfs"}  # noqa: RUF012 - never changed

    def __init__(self, descriptor: int) -> None:
        self.files = [(descriptor, NUMBER_BYTES)]

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return the bits as a number."""
        return [parse(raw[0])]


class FirmwareProgram(Probe):
    """``throttled``: the bits, from ``vcgencmd``, started now and read at a later tick.

    The last answer holds until the next one; the sampler never waits for the program.
    """

    channels = (("throttled", "1"),)
    meta = {"throttled": f"vcgencmd every {PROGRAM_PERIOD_S} s"}  # noqa: RUF012 - never changed

    def __init__(self, program: str, first: float) -> None:
        self.files = []
        self._program = program
        self._last = first
        self._running: tuple[int, int] | None = None
        self._reads = 0

    def parse(self, raw: Sequence[bytes]) -> list[float]:  # noqa: ARG002 - there is no file
        """Return the last answer, after collecting or starting the program where it is time."""
        if self._running is not None:
            self._collect()
        elif self._reads % PROGRAM_PERIOD_S == 0:
            try:
                self._running = start(self._program)
            except OSError:
                self._last = NAN
        self._reads += 1
        return [self._last]

    def _collect(self) -> None:
        assert self._running is not None
        process, pipe = self._running
        if os.waitpid(process, os.WNOHANG)[0] == process:
            self._last = parse(os.read(pipe, 256))
            os.close(pipe)
            self._running = None

    def close(self) -> None:
        """Wait for a program that still runs: it ends by itself."""
        if self._running is not None:
            process, pipe = self._running
            os.close(pipe)
            os.waitpid(process, 0)
            self._running = None


def start(program: str) -> tuple[int, int]:
    """Start ``program get_throttled``; return its process id and the pipe that it writes to."""
    reader, writer = os.pipe()
    try:
        process = os.posix_spawn(
            program,
            [program, "get_throttled"],
            {"PATH": os.defpath},
            file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_DUP2, writer, 2)],
        )
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    return process, reader


def throttling(sysroot: str) -> FirmwareFile | FirmwareProgram | None:
    """Return the probe of the throttling bits, or None on other boards."""
    platform = f"{sysroot}/sys/devices/platform"
    for soc in [name for name in names(platform) if name.startswith("soc")]:
        for device in [name for name in names(f"{platform}/{soc}") if name.endswith("firmware")]:
            descriptor = open_file(f"{platform}/{soc}/{device}/get_throttled")
            if descriptor is not None:
                return unless_missing(FirmwareFile(descriptor))
    program = _find_program(sysroot)
    if program is None:
        return None
    try:
        process, pipe = start(program)
    except OSError:
        return None
    first = parse(os.read(pipe, 256))
    os.close(pipe)
    os.waitpid(process, 0)
    return None if is_missing(first) else FirmwareProgram(program, first)


def _find_program(sysroot: str) -> str | None:
    for folder in ("/usr/bin", "/opt/vc/bin", "/usr/local/bin"):
        path = f"{sysroot}{folder}/vcgencmd"
        if os.access(path, os.X_OK):
            return path
    return None
