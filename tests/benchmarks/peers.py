"""What watching a sleeping program costs: this project, psrecord and CodeCarbon, alike.

Each runs in processes of its own around ``sleep``. The share of a core is taken while it sleeps;
what starting up and summing up cost once, which a long trial does not feel, is what remains.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HZ = 10
_HERE = Path(__file__).parent
_CODECARBON = """
import subprocess, sys
from codecarbon import OfflineEmissionsTracker
tracker = OfflineEmissionsTracker(
    country_iso_code="DEU", measure_power_secs=float(sys.argv[2]), save_to_file=False,
    log_level="critical", allow_multiple_runs=True,
)
tracker.start()
subprocess.run(["sleep", sys.argv[1]], check=True)
tracker.stop()
"""


@dataclass(frozen=True, slots=True)
class Used:
    """What a process tree used: CPU seconds, and the peak of its proportional memory."""

    cpu_s: float
    memory_peak_bytes: int
    duration_s: float
    steady_share_of_a_core: float | None  # None: the sleep was too short for two looks


@dataclass(frozen=True, slots=True)
class Overhead:
    """What watching costs: a share of one core while it lasts, CPU seconds once, memory."""

    core_percent: float | None
    fixed_cpu_s: float | None
    memory_peak_bytes: int


def measured(command: list[str]) -> Used:
    """Run a command to its end and return what its process tree used."""
    script = [sys.executable, "-I", "-S", str(_HERE / "measured.py")]
    run = subprocess.run([*script, *command], stdout=subprocess.PIPE, text=True, check=True)
    fields = json.loads(run.stdout)
    if fields.pop("exit_code") != 0:
        raise RuntimeError(f"{command[0]} failed")
    return Used(**fields)


def whole_command(duration_s: float) -> Used:
    """Return what ``benchharness run`` uses, with the default probes and meter, to its table."""
    options = ["--probe-hz", str(HZ), "--idle", "0", "--json"]
    with tempfile.TemporaryDirectory() as folder:
        results = ["--results", f"{folder}/results.db"]
        command = [sys.executable, "-m", "benchharness", "run", *results, *options]
        return measured([*command, "--", "sleep", str(duration_s)])


def psrecord(duration_s: float) -> Used:
    """Return what psrecord uses, with children, as the harness looks at them too."""
    program = str(Path(sys.executable).with_name("psrecord"))
    options = ["--include-children", "--interval", str(1 / HZ), "--log", "/dev/null"]
    return measured([program, f"sleep {duration_s}", *options])


def codecarbon(duration_s: float) -> Used:
    """Return what CodeCarbon's offline tracker uses; it asks no network."""
    return measured([sys.executable, "-c", _CODECARBON, str(duration_s), str(1 / HZ)])


def overhead(watch: Callable[[float], Used], duration_s: float) -> Overhead:
    """Return what ``watch`` costs while it lasts, and once."""
    used = watch(duration_s)
    share = used.steady_share_of_a_core
    return Overhead(
        core_percent=None if share is None else 100 * share,
        fixed_cpu_s=None if share is None else used.cpu_s - share * duration_s,
        memory_peak_bytes=used.memory_peak_bytes,
    )


def median_overhead(found: list[Overhead]) -> Overhead:
    """Return the median of each figure over several turns, None where one turn has none."""

    def median(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return statistics.median(known) if known and len(known) == len(values) else None

    return Overhead(
        core_percent=median([cost.core_percent for cost in found]),
        fixed_cpu_s=median([cost.fixed_cpu_s for cost in found]),
        memory_peak_bytes=max(cost.memory_peak_bytes for cost in found),
    )
