"""Meters on the board as a user has them: by name, by a file, in a campaign, and where absent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchharness.meters.onboard.found import DRIVERS
from tests.integration.harness import Harness
from tests.unit.onboard_tree import DATA, Tree

HERE = Path(__file__).resolve().parent


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    return Harness(tmp_path)


@pytest.fixture
def in_the_background() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Do something every 20 ms until the test ends."""
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def begin(act: Callable[[], None]) -> None:
        def work() -> None:
            while not ended.wait(0.02):
                act()

        threads.append(threading.Thread(target=work))
        threads[-1].start()

    yield begin
    ended.set()
    for thread in threads:
        thread.join()


@pytest.fixture
def seen_by_all() -> Iterator[Path]:
    """A folder that another user may enter; pytest's own is closed to them."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def instrument_file(tmp_path: Path, driver: str, root: Path, **keys: object) -> Path:
    path = tmp_path / f"{driver}-here.toml"
    lines = [f'driver = "{driver}"', f'sysroot = "{root}"']
    path.write_text("\n".join([*lines, *(f"{key} = {value}" for key, value in keys.items())]))
    return path


def put_at_once(path: Path, value: int) -> None:
    """Write as the kernel does: a reader sees the old value or the new one."""
    beside = path.with_name(f".{path.name}")
    beside.write_text(f"{value}\n")
    beside.replace(path)


def benchharness(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchharness", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("driver", "tree", "words"),
    [
        ("ina3221", "sys-ina3221-orin-nx", "VDD_IN (5 mΩ)"),
        ("battery", "sys-battery-energy", "BAT0 discharges"),
        ("pmic", "sys-pi5", "12 behind the power chip"),
    ],
)
def test_a_check_of_a_recorded_tree(tmp_path: Path, driver: str, tree: str, words: str) -> None:
    path = instrument_file(tmp_path, driver, DATA / tree)
    done = benchharness("meters", "check", str(path), "--seconds", "1.5")
    assert done.returncode == 0, done.stderr
    assert words in done.stderr
    assert "class: replayed" in done.stderr


def test_every_driver_says_in_one_line_what_is_not_there(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for driver in DRIVERS:
        path = instrument_file(tmp_path, driver, empty)
        # The library of jtop is nowhere, and that of the NVIDIA driver cannot be found.
        done = benchharness("meters", "check", str(path), LD_LIBRARY_PATH=str(empty))
        if driver == "nvml" and done.returncode == 0:
            continue  # a machine with a GPU: the library is in the loader's own list
        assert done.returncode == 3, done.stderr
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"error   {driver}-here: ") and line.endswith(")"), line


def test_only_root_may_read_rapl(seen_by_all: Path) -> None:
    tree = Tree("sys-rapl-laptop", seen_by_all)
    for energy in tree.root.rglob("energy_uj"):
        energy.chmod(0)
    check = (
        "import sys\n"
        "from benchharness.meters.base import Instrument\n"
        "from benchharness.meters.onboard.rapl import RaplMeter\n"
        "import os\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "(check,) = RaplMeter(Instrument('rapl', 'rapl', 'x'), sysroot=sys.argv[1]).check()\n"
        "print(check.found, check.advice)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", check, str(tree.root)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "energy_uj: only root may read it run as root, or: sudo chmod a+r" in done.stdout


@pytest.mark.slow
@pytest.mark.alone
def test_a_trial_on_a_jetson_s_own_monitor(
    harness: Harness,
    tmp_path: Path,
    in_the_background: Callable[[Callable[[], None]], None],
) -> None:
    tree = Tree("sys-ina3221-orin-nx", tmp_path)
    current = tree.path("curr1_input")
    values = iter(range(10**9))
    # 5.072 V x 1.0 or 2.0 A in turn: 7.608 W in the mean.
    in_the_background(lambda: put_at_once(current, 1000 + 1000 * (next(values) % 2)))
    path = instrument_file(tmp_path, "ina3221", tree.root)
    outcome = harness("run", "--json", "--meter", str(path), "--idle", "1", "--", "sleep", "3")
    assert outcome.code == 0, outcome.stderr
    (trial,) = outcome.document["trials"]
    energy = trial["energy"]
    assert (energy["class"], energy["meter"]) == ("replayed", "ina3221-here")
    assert energy["coverage"] > 0.95
    assert energy["gross_j"]["value"] == pytest.approx(7.608 * trial["duration_s"], rel=0.2)


@pytest.mark.slow
@pytest.mark.alone
def test_a_trial_over_a_wrap_of_rapl(
    harness: Harness,
    tmp_path: Path,
    in_the_background: Callable[[Callable[[], None]], None],
) -> None:
    tree = Tree("sys-rapl-server", tmp_path)
    energy, range_uj = tree.path("intel-rapl:0:0/energy_uj"), 65_712_999_613
    # 40 W; the counter begins anew 2.5 s from now, inside the window of 3 s.
    start_ns, start_uj = time.monotonic_ns(), range_uj - 100_000_000
    in_the_background(
        lambda: put_at_once(
            energy, (start_uj + (time.monotonic_ns() - start_ns) // 1000 * 40) % range_uj
        )
    )
    path = instrument_file(tmp_path, "rapl", tree.root, zone='"dram"')
    outcome = harness("run", "--json", "--meter", str(path), "--idle", "1", "--", "sleep", "3")
    assert outcome.code == 0, outcome.stderr
    (trial,) = outcome.document["trials"]
    value = trial["energy"]["gross_j"]["value"]
    # The counter is written each 20 ms: a few tenths of a joule at each edge.
    assert value == pytest.approx(40.0 * trial["duration_s"], abs=4.0)
    assert int(energy.read_text()) < start_uj  # it did wrap


def test_nvml_through_a_shared_library_as_the_driver_brings_it(tmp_path: Path) -> None:
    # Debian's rustc, which the tests need anyway, brings a C compiler as its linker.
    compiler = shutil.which("cc")
    assert compiler is not None, "install it: sudo apt-get install gcc"
    library = tmp_path / "libnvidia-ml.so.1"
    command = [compiler, "-shared", "-fPIC", "-o", str(library), str(HERE / "nvml_stand_in.c")]
    subprocess.run(command, check=True)
    done = benchharness(
        *("meters", "check", "nvml:0", "--json", "--seconds", "1"), LD_LIBRARY_PATH=str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    checks = {check["subject"]: check["found"] for check in json.loads(done.stdout)["checks"]}
    assert checks["nvml-0: GPU"].startswith("GPU 0, NVIDIA H200 (emulated), GPU-1111")
    assert checks["nvml-0: power"].startswith("80 W on average")
    assert checks["nvml-0: class"].startswith("emulated")
