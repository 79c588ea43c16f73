"""Is this machine fit to measure? Each question becomes a Check: state, finding, remedy.

``sysroot`` stands in front of the paths of /proc and /sys, so that tests can show another board.
"""

from __future__ import annotations

import math
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchharness.model import Check, CheckState
from benchharness.plan.environment import clock_source, governor, is_virtual
from benchharness.plan.needs import install_program
from benchharness.plan.runtimes import WASM_TARGET, RustCompiler, find_rustc
from benchharness.probes.files import names, read_text
from benchharness.probes.temperature import temperature
from benchharness.probes.throttling import decode, throttling
from benchharness.units import format_bytes, format_si

SUPPORTED_PYTHON = ((3, 10), (3, 13))
HOT_C = 70.0  # a Raspberry Pi lowers its clock from 80 °C
SPACE_ERROR_BYTES = 64 * 1024**2
SPACE_ADVICE_BYTES = 1024**3
SLOW_READ_S = 1e-3
_STEADY_GOVERNORS = {"performance", "userspace"}
_GOOD_CLOCKS = {"tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page"}


def machine_checks(results: Path, sysroot: str = "/") -> list[Check]:
    """Return the checks that need no waiting, in the order in which a person would ask."""
    root = sysroot.rstrip("/")
    checks = [
        python_version(sys.version_info[:2]),
        governor_check(root),
        throttling_check(root),
        temperature_check(root),
        power_supply(root),
        virtual_machine(root),
        clock(root),
        probe_cost(lambda: read_text(f"{root}/proc/stat")),
        results_space(results),
        broker_program(),
        rust_compiler(find_rustc()),
    ]
    return [check for check in checks if check is not None]


def python_version(version: tuple[int, int]) -> Check:
    """Say whether this Python is one that benchharness is tested with."""
    found = f"CPython {version[0]}.{version[1]}"
    low, high = SUPPORTED_PYTHON
    if low <= version <= high:
        return Check("Python", CheckState.OK, found)
    advice = f"use CPython {low[0]}.{low[1]} to {high[0]}.{high[1]}"
    return Check("Python", CheckState.ADVICE, f"{found}, not tested with", advice)


def governor_check(sysroot: str) -> Check:
    """Say whether the clock frequency moves with the load."""
    name = governor(sysroot)
    if name is None:
        return Check("governor", CheckState.OK, "no cpufreq: the clock is not ours to set")
    if set(name.split(", ")) <= _STEADY_GOVERNORS:
        return Check("governor", CheckState.OK, name)
    return Check(
        "governor",
        CheckState.ADVICE,
        f"{name}: the clock follows the load",
        "for repeatable times: echo performance | sudo tee "
        "/sys/devices/system/cpu/cpufreq/policy*/scaling_governor",
    )


def throttling_check(sysroot: str) -> Check:
    """Say what a Raspberry Pi's firmware, or a PC's processor, has held back."""
    probe = throttling(sysroot)
    if probe is None:
        return _thermal_events(sysroot)
    try:
        bits = probe.read()[0]
    finally:
        probe.close()
    if math.isnan(bits):
        return Check("throttling", CheckState.ADVICE, "the firmware gave no answer", "try again")
    words = ", ".join(decode(int(bits)))
    if int(bits) & 0xF:
        return Check(
            "throttling",
            CheckState.ERROR,
            words,
            "use a stronger power supply or a shorter cable, cool the board, then restart it",
        )
    if bits:
        return Check(
            "throttling", CheckState.ADVICE, words, "restart the board to see if it happens again"
        )
    return Check("throttling", CheckState.OK, "none since boot")


def _thermal_events(sysroot: str) -> Check:
    folder = f"{sysroot}/sys/devices/system/cpu"
    counts = [
        int(text)
        for cpu in names(folder)
        if (text := read_text(f"{folder}/{cpu}/thermal_throttle/package_throttle_count")).isdigit()
    ]
    if not counts:
        return Check("throttling", CheckState.OK, "this machine does not tell")
    if max(counts) == 0:
        return Check("throttling", CheckState.OK, "none since boot")
    found = f"{max(counts)} thermal events since boot"
    return Check("throttling", CheckState.ADVICE, found, "cool the machine, raise --idle")


def temperature_check(sysroot: str) -> Check:
    """Say how warm the processor is, and whether trials can be gated on it."""
    probe = temperature(sysroot)
    if probe is None:
        return Check(
            "temperature",
            CheckState.OK,
            "no sensor: the cool-down between trials is a fixed time",
        )
    try:
        celsius = probe.read()[0]
    finally:
        probe.close()
    found = f"{celsius:.1f} °C ({probe.meta['temperature']})"
    if celsius > HOT_C:
        return Check("temperature", CheckState.ADVICE, found, "let it cool down, or add a fan")
    return Check("temperature", CheckState.OK, found)


def power_supply(sysroot: str) -> Check | None:
    """Say whether a laptop runs on its battery; None for a machine without one."""
    folder = f"{sysroot}/sys/class/power_supply"
    states = [read_text(f"{folder}/{name}/status") for name in names(folder)]
    if "Discharging" in states:
        return Check(
            "power supply",
            CheckState.ADVICE,
            "on battery: the clock and the power may be capped",
            "plug it in, unless the battery is what you measure",
        )
    return Check("power supply", CheckState.OK, "mains") if any(states) else None


def virtual_machine(sysroot: str) -> Check | None:
    """Say that a virtual machine has neighbours; None where the processor does not tell."""
    virtual = is_virtual(read_text(f"{sysroot}/proc/cpuinfo"))
    if not virtual:
        return None
    return Check(
        "virtual machine",
        CheckState.ADVICE,
        "yes: neighbours change its times, and no meter sees it alone",
        "measure on the board itself for figures that you publish",
    )


def clock(sysroot: str) -> Check:
    """Say what CLOCK_MONOTONIC counts, and how finely."""
    name = clock_source(sysroot) or "unknown"
    found = f"{name}, {format_si(time.get_clock_info('monotonic').resolution, 's')} steps"
    if name in _GOOD_CLOCKS:
        return Check("clock", CheckState.OK, found)
    return Check(
        "clock",
        CheckState.ADVICE,
        f"{found}: reading it may cost a microsecond",
        "see dmesg for why the processor's own counter is not used",
    )


def probe_cost(read: Callable[[], object], now_s: Callable[[], float] = time.perf_counter) -> Check:
    """Say what one look into /proc costs; containers and many cores make it dear."""
    costs = []
    for _ in range(21):
        start = now_s()
        read()
        costs.append(now_s() - start)
    cost_s = statistics.median(costs)
    found = f"{format_si(cost_s, 's')} to read /proc/stat"
    if cost_s < SLOW_READ_S:
        return Check("probes", CheckState.OK, found)
    return Check("probes", CheckState.ADVICE, found, "lower --probe-hz to 1")


def results_space(results: Path) -> Check:
    """Say whether the results folder can be written to and how much space is left."""
    folder = results.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        found = f"{folder} is not writable"
        return Check("results", CheckState.ERROR, found, "name another file with --results")
    if results.exists() and not os.access(results, os.W_OK):
        found = f"{results} is not writable"
        return Check("results", CheckState.ERROR, found, "name another file with --results")
    free = shutil.disk_usage(folder).free
    found = f"{format_bytes(free)} free for {results}"
    if free < SPACE_ERROR_BYTES:
        return Check("results", CheckState.ERROR, found, "free some space, or use --results")
    if free < SPACE_ADVICE_BYTES:
        return Check("results", CheckState.ADVICE, found, "enough for hours, not for days")
    return Check("results", CheckState.OK, found)


def broker_program() -> Check:
    """Say whether an MQTT broker can be started here."""
    path = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if path:
        return Check("mosquitto", CheckState.OK, path)
    return Check(
        "mosquitto",
        CheckState.ADVICE,
        "not here: a plug needs a broker, on this or another machine",
        install_program("mosquitto"),
    )


def rust_compiler(compiler: RustCompiler | None) -> Check:
    """Say whether native variants can be built, and modules rebuilt from source."""
    if compiler is None:
        return Check(
            "rustc", CheckState.ADVICE, "not here: no native variants", install_program("rustc")
        )
    found = f"{compiler.version} ({compiler.path})"
    if compiler.wasm:
        return Check("rustc", CheckState.OK, f"{found}, with {WASM_TARGET}")
    return Check(
        "rustc",
        CheckState.ADVICE,
        f"{found}, without {WASM_TARGET}: modules cannot be rebuilt, the shipped ones run",
        install_program("rustc"),
    )
