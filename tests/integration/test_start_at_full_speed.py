"""Programs that start at full speed: their device is held when they have said so, and no later."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchharness.model import Caution, Status
from benchharness.trial import starting
from benchharness.trial.cgroup_factory import CgroupFactory
from benchharness.trial.devices import Groups
from tests.integration.participant_trials import program, run_trial

# Says when it has started, and when its device was held.
STARTS = """
once(sys.argv[2] + "-first")
events.metric("held", float(events.started()), unit="1")
"""
RESTARTS = STARTS + 'sys.exit(1 if once(sys.argv[2] + "-second") else 0)\n'


class Devices:
    """Devices that only note what was asked of them; ``pi`` is held late."""

    def __init__(self, folder: Path) -> None:
        self._groups = CgroupFactory(folder / "no-proc")
        self.asked: list[tuple[str, str]] = []
        self.free: set[str] = set()
        self.seen_free: list[set[str]] = []

    @property
    def cores(self) -> Mapping[str, float]:
        return {"nano": 0.3, "pi": 0.02}

    def bases(self, _device: str) -> Groups:
        return self._groups

    def env(self, _device: str) -> Mapping[str, str]:
        return {}

    @contextmanager
    def in_modes(self, modes: Mapping[str, str]) -> Iterator[Sequence[Caution]]:
        self.asked.append(("modes", ",".join(f"{k}={v}" for k, v in modes.items())))
        yield [Caution("power-mode", "not quite")]
        self.asked.append(("modes", ""))

    def release(self, device: str) -> None:
        self.asked.append(("release", device))
        self.free.add(device)

    def hold(self, device: str) -> None:
        time.sleep(0.2 if device == "pi" else 0.0)
        self.asked.append(("hold", device))
        self.free.discard(device)


@pytest.mark.slow
def test_a_device_is_held_once_all_of_its_programs_have_started(tmp_path: Path) -> None:
    devices = Devices(tmp_path)
    fast: dict[str, Any] = {"device": "nano", "start_at_full_speed": True, "power_mode": "5W"}
    ran = run_trial(
        tmp_path,
        [
            program("a", RESTARTS, "a", restart=1, **fast),
            program("b", "time.sleep(0.3)" + STARTS, "b", **fast),
            program("c", STARTS, "c", device="pi"),  # held from its start
        ],
        way="no group",
        devices=devices,
        warmup=1,
    )
    assert ran.result.status is Status.OK
    assert devices.asked == [
        ("modes", "nano=5W"),
        *[("release", "nano"), ("hold", "nano")] * 2,  # the warm-up, and the window
        ("modes", ""),
    ]
    said = {name: [e.t_ns for e in ran.of("started", name)] for name in "abc"}
    assert [len(said[name]) for name in "abc"] == [4, 2, 2]  # "a" has two lives in each stage
    told = {name: [(e.t_ns, e.value) for e in ran.of("metric", name)] for name in "abc"}
    assert {value for name in "abc" for _, value in told[name]} == {1.0}
    # "a" has waited for "b", which was slower; in its second life for nobody.
    first, again = told["a"][0][0], told["a"][1]
    assert first >= said["b"][0]
    assert again[0] - said["a"][1] < 0.2e9
    assert ran.uses["a"]["power_mode"] == "5W"
    assert ran.uses["c"]["power_mode"] is None
    assert {c.code for c in ran.result.cautions} == {"power-mode", "restarted"}


@pytest.mark.slow
def test_who_never_says_so_is_held_after_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "START_LIMIT_S", 0.5)
    devices = Devices(tmp_path)
    ran = run_trial(
        tmp_path,
        [
            program("silent", "time.sleep(1.0)", device="nano", start_at_full_speed=True),
            program("short", "", device="pi", start_at_full_speed=True),
        ],
        way="no group",
        devices=devices,
    )
    assert ran.result.status is Status.OK
    assert devices.free == set()
    assert sorted(devices.asked) == [
        ("hold", "nano"), ("hold", "pi"), ("release", "nano"), ("release", "pi"),
    ]  # fmt: skip
    messages = [c.message for c in ran.result.cautions if c.code == "full-speed"]
    assert messages == [
        "short ran on pi at the full speed of this machine until its end: "
        "it did not say that it had started",
        "silent ran on nano at the full speed of this machine for the first 0.5 s: "
        "it did not say that it had started",
    ]


@pytest.mark.slow
def test_a_device_with_a_program_that_is_held_from_its_start_is_never_let_go(
    tmp_path: Path,
) -> None:
    devices = Devices(tmp_path)
    ran = run_trial(
        tmp_path,
        [
            program("a", STARTS, "a", device="nano", start_at_full_speed=True),
            program("b", STARTS, "b", device="nano"),
        ],
        way="no group",
        devices=devices,
    )
    assert ran.result.status is Status.OK
    assert devices.asked == []
    assert {e.value for e in ran.of("metric")} == {1.0}
