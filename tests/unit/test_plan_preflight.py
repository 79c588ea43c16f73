"""Each pre-flight check on recorded machines: state, finding, remedy."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from benchharness.clock import FakeClock
from benchharness.model import CheckState
from benchharness.plan import preflight
from benchharness.plan.background import Background, background_check, measure_background
from benchharness.plan.runtimes import RustCompiler

OK, ADVICE, ERROR = CheckState.OK, CheckState.ADVICE, CheckState.ERROR
CPU = "sys/devices/system/cpu"
FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
CLOCK = "sys/devices/system/clocksource/clocksource0/current_clocksource"


def put(root: Path, name: str, text: str) -> str:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    return str(root)


@pytest.mark.parametrize(
    ("version", "state"), [((3, 9), ADVICE), ((3, 10), OK), ((3, 13), OK), ((3, 14), ADVICE)]
)
def test_python(version: tuple[int, int], state: CheckState) -> None:
    assert preflight.python_version(version).state is state


@pytest.mark.parametrize(
    ("names", "state"),
    [
        ([], OK),
        (["performance"], OK),
        (["ondemand"], ADVICE),
        (["performance", "powersave"], ADVICE),
    ],
)
def test_governor(tmp_path: Path, names: list[str], state: CheckState) -> None:
    for index, name in enumerate(names):
        put(tmp_path, f"{CPU}/cpufreq/policy{index}/scaling_governor", f"{name}\n")
    check = preflight.governor_check(str(tmp_path))
    assert check.state is state
    assert (check.advice is not None) == (state is ADVICE)


@pytest.mark.parametrize(
    ("bits", "state", "found"),
    [
        ("0", OK, "none since boot"),
        (
            "50005",
            ERROR,
            "under-voltage, throttled, under-voltage since boot, throttled since boot",
        ),
        ("50000", ADVICE, "under-voltage since boot, throttled since boot"),
        ("nonsense", OK, "this machine does not tell"),
    ],
)
def test_a_raspberry_pi_that_throttles(
    tmp_path: Path, bits: str, state: CheckState, found: str
) -> None:
    check = preflight.throttling_check(put(tmp_path, FIRMWARE, f"{bits}\n"))
    assert (check.state, check.found) == (state, found)
    assert (check.advice is None) == (state is OK)


@pytest.mark.parametrize(("count", "state"), [("0", OK), ("17", ADVICE)])
def test_a_pc_that_throttles(tmp_path: Path, count: str, state: CheckState) -> None:
    root = put(tmp_path, f"{CPU}/cpu0/thermal_throttle/package_throttle_count", count)
    assert preflight.throttling_check(root).state is state


def test_a_machine_that_does_not_tell_is_not_said_to_be_fine(tmp_path: Path) -> None:
    assert preflight.throttling_check(str(tmp_path)).found == "this machine does not tell"


@pytest.mark.parametrize(("millidegrees", "state"), [("42123", OK), ("79900", ADVICE)])
def test_temperature(tmp_path: Path, millidegrees: str, state: CheckState) -> None:
    put(tmp_path, "sys/class/thermal/thermal_zone0/type", "cpu-thermal\n")
    check = preflight.temperature_check(
        put(tmp_path, "sys/class/thermal/thermal_zone0/temp", f"{millidegrees}\n")
    )
    assert check.state is state
    assert check.found.startswith(f"{int(millidegrees) / 1000:.1f} °C")


def test_no_temperature_says_what_happens_instead(tmp_path: Path) -> None:
    assert "fixed time" in preflight.temperature_check(str(tmp_path)).found


@pytest.mark.parametrize(
    ("status", "state"), [(None, None), ("Full", OK), ("Charging", OK), ("Discharging", ADVICE)]
)
def test_a_battery(tmp_path: Path, status: str | None, state: CheckState | None) -> None:
    if status is not None:
        put(tmp_path, "sys/class/power_supply/BAT0/status", f"{status}\n")
        put(tmp_path, "sys/class/power_supply/AC/type", "Mains\n")
    check = preflight.power_supply(str(tmp_path))
    assert (check.state if check else None) is state


def test_a_virtual_machine_is_told_so(tmp_path: Path) -> None:
    check = preflight.virtual_machine(put(tmp_path, "proc/cpuinfo", "flags : fpu hypervisor\n"))
    assert check is not None
    assert check.state is ADVICE
    assert preflight.virtual_machine(put(tmp_path, "proc/cpuinfo", "flags : fpu\n")) is None


@pytest.mark.parametrize(
    ("name", "state"), [("tsc", OK), ("arch_sys_counter", OK), ("hpet", ADVICE)]
)
def test_clock(tmp_path: Path, name: str, state: CheckState) -> None:
    check = preflight.clock(put(tmp_path, CLOCK, f"{name}\n"))
    assert check.state is state
    assert check.found.startswith(name)


@pytest.mark.parametrize(("cost_s", "state"), [(20e-6, OK), (2e-3, ADVICE)])
def test_the_cost_of_a_probe_is_the_median(cost_s: float, state: CheckState) -> None:
    now = 0.0
    calls = 0

    def read() -> None:
        nonlocal now, calls
        calls += 1
        now += 5.0 if calls % 5 == 0 else cost_s  # a hiccup now and then says nothing

    assert preflight.probe_cost(read, lambda: now).state is state


Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("free_bytes", "state"), [(2 * 1024**3, OK), (500 * 1024**2, ADVICE), (10 * 1024**2, ERROR)]
)
def test_disk_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_bytes: int, state: CheckState
) -> None:
    asked = []

    def disk_usage(path: Path) -> Usage:
        asked.append(path)
        return Usage(0, 0, free_bytes)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    check = preflight.results_space(tmp_path / "not" / "yet" / "there.db")
    assert check.state is state
    assert asked == [tmp_path]


def test_a_results_folder_that_cannot_be_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda _path, _mode: False)  # root may write everywhere
    check = preflight.results_space(tmp_path / "x.db")
    assert check.state is ERROR
    assert check.advice == "name another file with --results"


def test_a_missing_broker_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name, path=None: None)
    check = preflight.broker_program()
    assert check.state is ADVICE
    assert check.advice is not None
    assert "apt-get install mosquitto" in check.advice


@pytest.mark.parametrize(
    ("compiler", "state"),
    [
        (None, ADVICE),
        (RustCompiler("/usr/bin/rustc", "1.63.0", wasm=False), ADVICE),
        (RustCompiler("/usr/bin/rustc", "1.63.0", wasm=True), OK),
    ],
)
def test_rust(compiler: RustCompiler | None, state: CheckState) -> None:
    assert preflight.rust_compiler(compiler).state is state


def test_every_subject_is_asked_about_once(tmp_path: Path) -> None:
    checks = preflight.machine_checks(tmp_path / "results.db")
    subjects = [check.subject for check in checks]
    assert len(set(subjects)) == len(subjects) >= 9
    assert all(check.advice for check in checks if check.state is not OK)


# Background


class BusyClock(FakeClock):
    """While it sleeps, the recorded machine works."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root

    def sleep_s(self, duration_s: float) -> None:
        """Let a process use half a core, and the machine 0.6 of one, in 100 Hz ticks."""
        super().sleep_s(duration_s)
        record(self.root, total=1000 + 60, process=200 + 50)


def record(root: Path, total: int, process: int) -> None:
    put(root, "proc/stat", f"cpu  {total} 0 0 90000 500 0 0 0 0 0\ncpu0 {total} 0 0 9 0 0 0\n")
    put(root, "proc/77/stat", f"77 (a (b) c) S 1 77 77 0 -1 0 0 0 0 0 {process} 0 0 0 20 0 1 0 5 0")
    put(root, "proc/77/comm", "indexer\n")
    put(root, "proc/1/stat", "1 (init) S 0 1 1 0 -1 0 0 0 0 0 9000 0 0 0 20 0 1 0 5 0")


def test_the_background_is_what_was_used_while_we_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sysconf", lambda _name: 100)
    record(tmp_path, total=1000, process=200)
    background = measure_background(BusyClock(tmp_path), 1.0, str(tmp_path))
    assert background.busy_cores == pytest.approx(0.6)
    assert background.busiest == "indexer (77)"
    assert background.busiest_cores == pytest.approx(0.5)
    check = background_check(background)
    assert check.state is ADVICE
    assert check.found == "60 % of one core busy, most of it indexer (77) with 50 %"


def test_a_quiet_machine_is_fine() -> None:
    check = background_check(Background(0.01, None, 0.0))
    assert (check.state, check.found) == (OK, "1 % of one core busy")
