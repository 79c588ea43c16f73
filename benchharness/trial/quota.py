"""The CPU quota of a control group, set and lifted: version 1's cpu.cfs_quota_us, 2's cpu.max.

Source: Linux kernel documentation, scheduler/sched-bwc (cpu.cfs_quota_us) and admin-guide/cgroup-v2
(cpu.max).
"""

from __future__ import annotations

from pathlib import Path

from benchharness.errors import UnfitError
from benchharness.probes.files import read_text, write_text
from benchharness.trial.cgroups import version_of

# The kernel's own period. In a shorter one a share is as right on average, but the scheduler's
# tick (4 ms at 250 Hz) is more of it: at 20 ms and less, single seconds were 20 % off. In a longer
# one a device stands still for longer at a time. The least quota that the kernel takes is 1 ms.
PERIOD_US = 100_000
_LONGEST_PERIOD_US = 1_000_000
_LEAST_QUOTA_US = 1_000
# Where other programs want the CPU as well, a device comes before them, as far as its quota goes:
# it is to be as fast as it is said to be. Four times the usual weight, and no more, so that the
# server and the harness are not kept waiting.
_WEIGHT_V1, _WEIGHT_V2 = 4 * 1024, 4 * 100
REMEDY = "run as root, or in: systemd-run --user --scope -p Delegate=yes benchharness ..."


def set_quota(folder: Path, cores: float, name: str) -> float:
    """Limit a group to ``cores``, and return what the kernel has made of it, in cores.

    Raises UnfitError for a share that is too small, and if the kernel has not taken it.
    """
    period_us = min(_LONGEST_PERIOD_US, max(PERIOD_US, round(_LEAST_QUOTA_US / max(cores, 1e-9))))
    quota_us = round(cores * period_us)
    if quota_us < _LEAST_QUOTA_US:
        raise UnfitError(
            f"{cores:.2g} cores are less than a control group can be held to",
            where=name,
            remedy="raise its speed, or take fewer devices",
        )
    if version_of(folder) == 2:
        write_text(str(folder / "cpu.weight"), str(_WEIGHT_V2))
        took = write_text(str(folder / "cpu.max"), f"{quota_us} {period_us}")
        held = read_text(str(folder / "cpu.max")) == f"{quota_us} {period_us}"
    else:
        write_text(str(folder / "cpu.shares"), str(_WEIGHT_V1))
        took = write_text(str(folder / "cpu.cfs_period_us"), str(period_us))
        took = took and write_text(str(folder / "cpu.cfs_quota_us"), str(quota_us))
        held = read_text(str(folder / "cpu.cfs_quota_us")) == str(quota_us)
    if not (took and held):
        raise UnfitError(
            f"the CPU share of {name} cannot be set: the kernel did not take it",
            where="testbed",
            remedy=REMEDY,
        )
    return quota_us / period_us


def lift_quota(folder: Path, name: str) -> None:
    """Let a group use all of the machine. Raises UnfitError if the kernel does not."""
    if version_of(folder) == 2:
        took = write_text(str(folder / "cpu.max"), f"max {PERIOD_US}")
    else:
        took = write_text(str(folder / "cpu.cfs_quota_us"), "-1")
    if not took:
        raise UnfitError(
            f"the CPU share of {name} cannot be lifted: the kernel did not take it",
            where="testbed",
            remedy=REMEDY,
        )
