"""The fingerprint: right on other boards, free of names and secrets."""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from benchharness.plan.environment import (
    commit,
    cpu_model,
    environment,
    is_virtual,
    source_commit,
)

RASPBERRY_PI_4: Mapping[str, str] = {
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "proc/cpuinfo": "processor\t: 0\nCPU part\t: 0xd08\n\nprocessor\t: 1\nCPU part\t: 0xd08\n",
    "proc/meminfo": "MemTotal:  3884360 kB\nSwapTotal:  102396 kB\nHugePages_Total: 0\n",
    "proc/sys/kernel/osrelease": "6.6.31+rpt-rpi-v8\n",
    "proc/sys/kernel/random/boot_id": "0b5e4b2a-0000-4000-8000-000000000000\n",
    "proc/loadavg": "0.42 0.10 0.05 1/150 1234\n",
    "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "arch_sys_counter\n",
    "sys/devices/system/cpu/cpu0/x": "",
    "sys/devices/system/cpu/cpu1/online": "1\n",
    "sys/devices/system/cpu/cpu2/online": "0\n",
    "sys/devices/system/cpu/cpuidle/x": "",
    "sys/devices/system/cpu/cpufreq/policy0/scaling_governor": "ondemand\n",
    "sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq": "1800000\n",
}


def tree(root: Path, files: Mapping[str, str]) -> str:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return str(root)


def test_a_raspberry_pi_is_described(tmp_path: Path) -> None:
    found = environment(tree(tmp_path, RASPBERRY_PI_4))
    expected = {
        "board": "Raspberry Pi 4 Model B Rev 1.4",
        "cpu": "Cortex-A72",
        "cores": 2,
        "memory_bytes": 3884360 * 1024,
        "swap_bytes": 102396 * 1024,
        "kernel": "6.6.31+rpt-rpi-v8",
        "os": "Debian GNU/Linux 12 (bookworm)",
        "virtual": None,
        "governor": "ondemand",
        "frequency_max_hz": 1.8e9,
        "boost": None,
        "clock_source": "arch_sys_counter",
        "boot_id": "0b5e4b2a-0000-4000-8000-000000000000",
        "load_average_1min": 0.42,
    }
    assert {name: found[name] for name in expected} == expected


def test_what_cannot_be_known_is_none_and_not_zero(tmp_path: Path) -> None:
    found = environment(str(tmp_path))
    unknown = {name for name, value in found.items() if value is None}
    assert unknown >= {
        *("machine", "board", "cpu", "cores", "memory_bytes", "swap_bytes", "kernel", "os"),
        *("virtual", "governor", "frequency_max_hz", "boost", "clock_source", "boot_id"),
        "load_average_1min",
    }


def test_this_machine_agrees_with_psutil() -> None:
    found = environment()
    assert found["memory_bytes"] == psutil.virtual_memory().total
    assert found["cores"] == psutil.cpu_count()
    assert found["cores_usable"] == len(os.sched_getaffinity(0))
    assert found["kernel"] == platform.release()
    assert found["python"] == f"CPython {sys.version.split()[0]}"
    assert found["versions"]["numpy"] == version("numpy")
    json.dumps(found, allow_nan=False)


def test_the_runtimes_of_a_campaign_are_those_that_it_uses(tmp_path: Path) -> None:
    assert environment(str(tmp_path), runtimes={"wasmer": "1.1.0"})["runtimes"] == {
        "wasmer": "1.1.0"
    }
    assert environment(str(tmp_path), runtimes={})["runtimes"] is None


def test_no_name_and_no_path_of_this_machine_is_in_it() -> None:
    text = json.dumps(environment())
    for secret in (socket.gethostname(), str(Path.home()), str(Path.cwd()), sys.prefix):
        assert secret not in text
    assert f'"{getpass.getuser()}"' not in text


def test_the_machines_id_is_hashed_and_stays_the_same(tmp_path: Path) -> None:
    first = environment(tree(tmp_path, RASPBERRY_PI_4))["machine"]
    assert re.fullmatch("[0-9a-f]{12}", first)
    assert environment(str(tmp_path))["machine"] == first
    assert first not in RASPBERRY_PI_4["etc/machine-id"]
    (tmp_path / "etc/machine-id").write_text("f" * 32)
    assert environment(str(tmp_path))["machine"] != first


def test_a_pc_is_named_by_its_firmware(tmp_path: Path) -> None:
    files = {
        "sys/class/dmi/id/sys_vendor": "LENOVO\n",
        "sys/class/dmi/id/product_name": "20XW\n",
        "sys/devices/system/cpu/intel_pstate/no_turbo": "1\n",
        "sys/devices/system/cpu/cpufreq/policy0/scaling_governor": "powersave\n",
        "sys/devices/system/cpu/cpufreq/policy4/scaling_governor": "performance\n",
    }
    found = environment(tree(tmp_path, files))
    assert (found["board"], found["boost"]) == ("LENOVO 20XW", False)
    assert found["governor"] == "performance, powersave"


@pytest.mark.parametrize(
    ("cpuinfo", "model"),
    [
        ("model name\t: AMD EPYC\nflags\t: fpu\n", "AMD EPYC"),
        ("CPU part\t: 0xd05\nCPU part\t: 0xd0b\nCPU part\t: 0xd0b\n", "Cortex-A55 + Cortex-A76"),
        ("model name : ARMv7 Processor rev 4 (v7l)\nCPU part : 0xd03\n", "Cortex-A53"),
        ("CPU part\t: 0xfff\n", "Arm part 0xfff"),
        ("", None),
    ],
)
def test_the_processor_has_its_name(cpuinfo: str, model: str | None) -> None:
    assert cpu_model(cpuinfo) == model


def test_a_hypervisor_shows_in_the_flags() -> None:
    assert is_virtual("flags\t\t: fpu hypervisor lahf_lm\n") is True
    assert is_virtual("flags\t\t: fpu lahf_lm\n") is False
    assert is_virtual("Features\t: fp asimd\n") is None


def test_a_commit_says_whether_files_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        done = subprocess.run(
            ["git", *identity, "-C", str(tmp_path), *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert commit(tmp_path) is None
    git("init", "-q")
    assert commit(tmp_path) is None  # no commit yet
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-q", "-m", "first")
    head = git("rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # as inside a hook
    found = commit(tmp_path)
    assert found is not None
    assert len(found) == 12
    assert head.startswith(found)
    (tmp_path / "file").write_text("2")
    assert commit(tmp_path) == f"{found} (modified)"


def test_the_commit_of_what_is_measured_is_that_of_the_users_repository(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        done = subprocess.run(
            ["git", *identity, "-C", str(tmp_path / "mine"), *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    inside, outside = tmp_path / "mine" / "bench", tmp_path / "elsewhere"
    inside.mkdir(parents=True)
    outside.mkdir()
    assert source_commit([outside, inside, tmp_path / "none"]) is None
    (inside / "program.py").write_text("1")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    head = git("rev-parse", "HEAD")
    found = source_commit([outside, inside])
    assert found == head[:12]
    (inside / "results.db").write_text("not of the source")
    assert source_commit([inside]) == found
    (inside / "program.py").write_text("2")
    assert source_commit([inside]) == f"{found}+"
    assert environment(sources=[inside])["source_commit"] == f"{found}+"
    assert environment(sources=[])["source_commit"] is None
