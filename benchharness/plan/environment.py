"""The fingerprint of the machine that every campaign carries: two that differ are not one.

It holds no user name, host name, path or secret; ``machine`` tells boards apart by a hash that
does not lead back to the machine's id (machine-id(5) asks for a keyed hash).
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchharness.meters.boards import board_model
from benchharness.probes.files import names, read_text

_DISTRIBUTIONS = ("benchharness", "numpy", "pandas", "paho-mqtt", "psutil", "wasmtime")
_GIT_TIMEOUT_S = 3.0

# Part numbers of the Main ID Register, Linux arch/arm64/include/asm/cputype.h and Arm's manuals.
_ARM_PARTS = {
    "0xb76": "ARM1176",
    "0xc07": "Cortex-A7",
    "0xd03": "Cortex-A53",
    "0xd04": "Cortex-A35",
    "0xd05": "Cortex-A55",
    "0xd07": "Cortex-A57",
    "0xd08": "Cortex-A72",
    "0xd09": "Cortex-A73",
    "0xd0b": "Cortex-A76",
    "0xd0c": "Neoverse-N1",
    "0xd42": "Cortex-A78AE",
    "0xd49": "Neoverse-N2",
}


def environment(
    sysroot: str = "/",
    *,
    runtimes: Mapping[str, str] | None = None,
    files: Sequence[Mapping[str, Any]] = (),
    sources: Sequence[Path] | None = None,
) -> dict[str, Any]:
    """Return the machine as a flat JSON object; what cannot be known here is None.

    ``sysroot`` stands in front of every path of /proc, /sys and /etc. ``runtimes`` are the
    versions of those that the campaign uses, by name, where that is known; ``files`` is what it
    runs (plan.files). ``sources`` are folders that may be in the repository that is measured, of
    which the first counts that is; the working directory if not given.
    """
    root = sysroot.rstrip("/")
    cpuinfo = read_text(f"{root}/proc/cpuinfo")
    memory = _meminfo(root)
    return {
        "machine": _machine(root),
        "board": board(root),
        "cpu": cpu_model(cpuinfo),
        "cores": _count_cores(root),
        "cores_usable": len(os.sched_getaffinity(0)),
        "memory_bytes": memory.get("MemTotal"),
        "swap_bytes": memory.get("SwapTotal"),
        "architecture": platform.machine(),
        "kernel": read_text(f"{root}/proc/sys/kernel/osrelease") or None,
        "os": _os_name(root),
        "virtual": is_virtual(cpuinfo),
        "governor": governor(root),
        "frequency_max_hz": _frequency_max_hz(root),
        "boost": _boost(root),
        "clock_source": clock_source(root),
        "boot_id": read_text(f"{root}/proc/sys/kernel/random/boot_id") or None,
        "load_average_1min": _load_average(root),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": versions(),
        "runtimes": dict(runtimes) if runtimes else None,
        "commit": commit(Path(__file__).resolve().parents[2]),
        "source_commit": source_commit([Path.cwd()] if sources is None else sources),
        "files": [dict(file) for file in files] or None,
    }


def board(sysroot: str) -> str | None:
    """Return the board from the device tree, or the maker and product of a PC."""
    model = board_model(f"{sysroot}/")
    if model is not None:
        return model
    folder = f"{sysroot}/sys/class/dmi/id"
    words = [read_text(f"{folder}/sys_vendor"), read_text(f"{folder}/product_name")]
    return " ".join(word for word in words if word) or None


def cpu_model(cpuinfo: str) -> str | None:
    """Return the processor's name from the text of /proc/cpuinfo.

    Arm kernels give part numbers only; several kinds of cores are joined with ``+``.
    """
    fields = [line.partition(":") for line in cpuinfo.splitlines()]
    pairs = [(name.strip(), value.strip()) for name, _, value in fields]
    parts = dict.fromkeys(value for name, value in pairs if name == "CPU part")
    if parts:
        return " + ".join(_ARM_PARTS.get(part.lower(), f"Arm part {part}") for part in parts)
    return next((value for name, value in pairs if name == "model name" and value), None)


def is_virtual(cpuinfo: str) -> bool | None:
    """Return whether the processor says that a hypervisor is below; None where it cannot."""
    flags = next((line for line in cpuinfo.splitlines() if line.startswith("flags")), None)
    return None if flags is None else "hypervisor" in flags.split()


def governor(sysroot: str) -> str | None:
    """Return the frequency governor, several joined with commas; None without cpufreq."""
    folder = f"{sysroot}/sys/devices/system/cpu/cpufreq"
    found = {read_text(f"{folder}/{policy}/scaling_governor") for policy in names(folder)} - {""}
    return ", ".join(sorted(found)) or None


def clock_source(sysroot: str) -> str | None:
    """Return what the kernel's clock counts: tsc, arch_sys_counter, hpet ..."""
    folder = f"{sysroot}/sys/devices/system/clocksource/clocksource0"
    return read_text(f"{folder}/current_clocksource") or None


def versions() -> dict[str, str]:
    """Return the versions of what the figures depend on, as far as it is installed."""
    found = {}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit(checkout: Path) -> str | None:
    """Return benchharness's own commit, "(modified)" if files differ; None without a checkout."""
    if not (checkout / ".git").exists():
        return None
    revision = _git(checkout, "rev-parse", "--short=12", "HEAD")
    if not revision:
        return None
    changed = _git(checkout, "status", "--porcelain", "--untracked-files=no")
    return f"{revision} (modified)" if changed else revision


def source_commit(folders: Sequence[Path]) -> str | None:
    """Return the commit of the first folder that is in a repository, with "+" if files differ.

    It is the user's own, and says nothing of where it lies or what it is called. None without git.
    """
    for folder in dict.fromkeys(folders):
        revision = _git(folder, "rev-parse", "--short=12", "HEAD")
        if revision:
            changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
            return f"{revision}+" if changed else revision
    return None


def _git(checkout: Path, *arguments: str) -> str | None:
    # Inside a git hook GIT_DIR and its like point elsewhere.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(checkout), *arguments],
            capture_output=True,
            timeout=_GIT_TIMEOUT_S,
            check=False,
            env=clean,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def _machine(sysroot: str) -> str | None:
    identity = read_text(f"{sysroot}/etc/machine-id")
    if not identity:
        return None
    return hmac.new(identity.encode(), b"benchharness", hashlib.sha256).hexdigest()[:12]


def _count_cores(sysroot: str) -> int | None:
    folder = f"{sysroot}/sys/devices/system/cpu"
    cores = [n for n in names(folder) if n.startswith("cpu") and n[3:].isdigit()]
    online = [n for n in cores if read_text(f"{folder}/{n}/online") != "0"]  # cpu0 has no file
    return len(online) or None


def _meminfo(sysroot: str) -> dict[str, int]:
    found = {}
    for line in read_text(f"{sysroot}/proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if len(words) == 2 and words[0].isdigit() and words[1] == "kB":
            found[name] = int(words[0]) * 1024
    return found


def _os_name(sysroot: str) -> str | None:
    for line in read_text(f"{sysroot}/etc/os-release").splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip("\"'") or None
    return None


def _frequency_max_hz(sysroot: str) -> float | None:
    folder = f"{sysroot}/sys/devices/system/cpu/cpufreq"
    kilohertz = [read_text(f"{folder}/{policy}/scaling_max_freq") for policy in names(folder)]
    return max((float(text) * 1000 for text in kilohertz if text.isdigit()), default=None)


def _boost(sysroot: str) -> bool | None:
    cpu = f"{sysroot}/sys/devices/system/cpu"
    no_turbo = read_text(f"{cpu}/intel_pstate/no_turbo")
    if no_turbo:
        return no_turbo == "0"
    boost = read_text(f"{cpu}/cpufreq/boost")
    return boost == "1" if boost else None


def _load_average(sysroot: str) -> float | None:
    words = read_text(f"{sysroot}/proc/loadavg").split()
    return float(words[0]) if words else None
