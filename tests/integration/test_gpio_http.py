"""gpio-http under every runtime: each POST once and on time, and what becomes of faults."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.gpio_http_programs import (
    GOOD,
    MODULES,
    WORKLOAD,
    serving,
    start_guest,
    start_host,
    under,
)
from tests.integration.harness import Harness
from wasm_modules.hosts import compare, start
from wasm_modules.hosts.imports import WASI

MODES = [
    ("wasmtime", "jit", "host"),
    ("wasmer", "jit", "host"),
    ("wasmedge", "interpreter", "host"),
    *(
        pytest.param(runtime, mode, build, marks=pytest.mark.slow)
        for runtime, mode, build in (
            *(("wasmtime", "interpreter", "host"), ("wasmtime", "aot", "host")),
            *(("wasmer", "aot", "host"), ("wasmedge", "aot", "host")),
            *(("wasmedge", "interpreter", "socket"), ("wasmedge", "jit", "socket")),
        )
    ),
]
every_runtime = pytest.mark.parametrize("runtime", start.RUNTIMES)
QUICK = ("--period-s", 0.02, "--duration-s", 0.2)
TEN_LINES = "1f196ae0cb162bb5"  # FNV-1a of 1000001000, the first ten values of line.txt


@pytest.mark.parametrize(("runtime", "mode", "build"), MODES)
def test_each_post_comes_once(tmp_path: Path, runtime: str, mode: str, build: str) -> None:
    options = ("--runtime", runtime, "--mode", mode, "--build", build)
    with serving(tmp_path) as server:
        done = start_guest(tmp_path, *options, *QUICK)
        assert (done.code, done.stdout, done.stderr) == (0, b"", "")
        outputs = {**done.outputs(), **server.end()}
    assert outputs == {**GOOD, "posts": 10, "accepted": 10, "received": 10, "lines": TEN_LINES}
    metrics = done.metrics()
    assert 0 < metrics["post_s"] <= metrics["post_max_s"] < 2
    assert done.marks()[-4:] == ["window start", "run start", "run end", "window end"]


@every_runtime
@pytest.mark.alone
def test_it_sleeps_between_posts(tmp_path: Path, runtime: str) -> None:
    """0.8 s of waiting cost less than half of that: starting costs the same in both."""

    def cpu_s(duration_s: float) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = start_guest(tmp_path, *under(runtime), "--period-s", 0.1, "--duration-s", duration_s)
        assert done.code == 0, done.stderr
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    with serving(tmp_path, "--line", "gpiochip0:17"):
        assert cpu_s(0.9) - cpu_s(0.1) < 0.4


@pytest.mark.alone
def test_slow_answers_do_not_move_the_schedule(tmp_path: Path) -> None:
    """20 periods of 50 ms with answers after 30 ms: 1 s, where drift would make it 1.6 s."""
    with serving(tmp_path, "--delay", "0.03") as server:
        done = start_guest(tmp_path, "--period-s", 0.05, "--duration-s", 1)
        assert done.code == 0, done.stderr
        assert server.end()["received"] == 20
    began_ns, ended_ns = done.span_ns("run")
    assert 1.0 <= (ended_ns - began_ns) / 1e9 < 1.55
    assert done.metrics()["post_s"] >= 0.03


@every_runtime
def test_a_server_that_answers_500_is_counted(tmp_path: Path, runtime: str) -> None:
    with serving(tmp_path, "--fail-with", "500") as server:
        done = start_guest(tmp_path, *under(runtime), *QUICK)
        assert done.code == 0, done.stderr
        outputs = {**done.outputs(), **server.end()}
    assert (outputs["accepted"], outputs["refused"], outputs["failed"]) == (0, 10, 0)
    assert (outputs["received"], outputs["doubled"]) == (10, 0)  # none is sent again


@every_runtime
def test_a_server_that_is_slow_is_counted_and_never_hangs(tmp_path: Path, runtime: str) -> None:
    with serving(tmp_path, "--delay", "10") as server:
        settings = ("--with", f"http=127.0.0.1:{server.port}", "--with", "http_timeout_s=0.1")
        done = start_host(tmp_path, runtime, *settings, "--", 0.02, 0.06)
        assert done.code == 0, done.stderr
        outputs = {**done.outputs(), **server.end()}
    assert (outputs["accepted"], outputs["refused"], outputs["failed"]) == (0, 0, 3)
    assert (outputs["received"], outputs["doubled"]) == (3, 0)
    assert 0.1 <= done.metrics()["post_s"] < 9


def test_a_post_that_is_lost_is_not_sent_again(tmp_path: Path) -> None:
    with serving(tmp_path, "--drop", "3") as server:
        done = start_guest(tmp_path, *QUICK)
        assert done.code == 0, done.stderr
        outputs = {**done.outputs(), **server.end()}
    assert (outputs["posts"], outputs["accepted"], outputs["failed"]) == (10, 7, 3)
    assert (outputs["received"], outputs["lost"], outputs["doubled"]) == (7, 3, 0)


@pytest.mark.slow
def test_the_modules_own_socket_counts_likewise(tmp_path: Path) -> None:
    options = (*under("wasmedge"), "--build", "socket", *QUICK)
    with serving(tmp_path, "--drop", "3", "--fail-with", "500") as server:
        done = start_guest(tmp_path, *options)
        assert done.code == 0, done.stderr
        outputs = {**done.outputs(), **server.end()}
    assert (outputs["posts"], outputs["refused"], outputs["failed"]) == (10, 7, 3)
    assert (outputs["received"], outputs["lost"], outputs["doubled"]) == (7, 3, 0)


@pytest.mark.slow
def test_the_modules_own_socket_does_not_hang(tmp_path: Path) -> None:
    """Its patience is 2 s."""
    with serving(tmp_path, "--delay", "6") as server:
        address = f"127.0.0.1:{server.port}"
        words = ("--with", "net=yes", "--", 0.02, 0.02, address)
        done = start_host(tmp_path, "wasmedge", *words, module="socket")
        assert done.code == 0, done.stderr
    assert done.outputs()["failed"] == 1
    assert 1.9 <= done.metrics()["post_s"] < 5


@pytest.fixture
def nobodys_port(tmp_path: Path) -> Iterator[int]:
    """A port that is taken and not listened on, written where the server's would be."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        (tmp_path / "port").write_text(str(port))
        yield port


@every_runtime
def test_no_server_at_all_ends_it_in_one_line(
    tmp_path: Path, nobodys_port: int, runtime: str
) -> None:
    done = start_guest(tmp_path, *under(runtime), *QUICK)
    assert done.code == 1
    assert done.stderr == (
        f"gpio-http-host.wasm: the HTTP server 127.0.0.1:{nobodys_port} cannot be reached:"
        " Connection refused; start it first\n"
    )


@every_runtime
def test_a_gpio_line_that_does_not_exist(tmp_path: Path, nobodys_port: int, runtime: str) -> None:
    done = start_guest(tmp_path, *under(runtime), "--line", "sysfs:98765", *QUICK)
    assert done.code == 1
    assert done.stderr.startswith("gpio-http-host.wasm: there is no GPIO line sysfs:98765 ")
    assert "export it: echo 98765 | sudo tee /sys/class/gpio/export" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "window start" not in done.marks()


@every_runtime
def test_a_gpio_line_that_goes_while_it_runs(tmp_path: Path, runtime: str) -> None:
    (tmp_path / "gpio5").mkdir()
    (tmp_path / "gpio5" / "value").write_text("")  # as a line that is gone reads
    settings = ("--with", "gpio=sysfs:5", "--with", f"gpio_sysfs={tmp_path}")
    with serving(tmp_path) as server:
        server_is = ("--with", f"http=127.0.0.1:{server.port}")
        done = start_host(tmp_path, runtime, *settings, *server_is, "--", 0.02, 0.2)
    assert done.code == 1
    assert "gpio5/value is neither 0 nor 1: b''\n" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        (["--build", "socket"], 2, "needs sockets, which runtime wasmtime has not"),
        (["--duration-s", "1"], 2, "no POST in 1 s, one every 2 s"),
        (["--period-s", "0"], 2, "0 is not from 0.001 to 999999 seconds"),
        (["--runtime", "lucet"], 2, "invalid choice: 'lucet'"),
        ([], 1, "has no port of a server; start it first: server.py --port-file"),
    ],
)
def test_wrong_usage_is_one_line(
    tmp_path: Path, options: list[str], code: int, reason: str
) -> None:
    done = start_guest(tmp_path, *options)
    assert (done.code, done.stderr.count("\n")) == (code, 1)
    assert done.stderr.startswith("gpio-http: ")
    assert reason in done.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "usage: gpio-http PERIOD_S DURATION_S"),
        ([1], "usage: gpio-http PERIOD_S DURATION_S"),
        ([1, 2, "127.0.0.1:80"], "usage: gpio-http PERIOD_S DURATION_S"),
        *(
            (
                [word, 2],
                f'PERIOD_S is seconds from 0.001 to 999999, such as 2 or 0.25; got "{word}"',
            )
            for word in ("0.0009", "-1", "1e3", "1.", "1000000", "0.1234567891")
        ),
        ([2, 1], "1 s are below the period of 2 s: no POST"),
    ],
)
def test_the_module_refuses_wrong_arguments(
    tmp_path: Path, arguments: list[object], reason: str
) -> None:
    settings = ("--with", "http=127.0.0.1:9")
    done = start_host(tmp_path, "wasmtime", *settings, "--", *arguments)
    assert done.code == 2
    assert done.stderr.splitlines()[0] == f"gpio-http: {reason}"


@pytest.mark.parametrize(
    ("build", "own"),
    [
        ("host", {("gpio", "read"), ("http", "post")}),
        (
            "socket",
            {("gpio", "read")}
            | {
                (WASI, f"sock_{name}") for name in ("open", "setsockopt", "connect", "send", "recv")
            },
        ),
    ],
)
def test_a_build_imports_what_its_readme_says(build: str, own: set[tuple[str, str]]) -> None:
    path = MODULES / f"gpio-http-{build}.wasm"
    assert compare.exports(path) == {"_start": "() -> ()", "memory": "MemoryType"}
    found = compare.imports(path)
    assert {each for each in found if each[0] != WASI or each[1].startswith("sock_")} == own
    assert (WASI, "poll_oneoff") in found
    assert f"{path.stat().st_size:,}" in (MODULES / "README.md").read_text()


def in_the_harness(folder: Path, fault: str = "") -> Path:
    """Return the workload's manifest, its server perhaps with a fault, as a file of its own."""
    text = (WORKLOAD / "workload.toml").read_text()
    mark = '"--line", "{line}"]\nrole'
    assert mark in text
    text = text.replace(mark, f'"--line", "{{line}}"{fault}]\nrole')
    (folder / "faulty").mkdir()
    path = folder / "faulty" / "workload.toml"
    path.write_text(text.replace("{workload}", str(WORKLOAD)))
    return path


QUICK_RUN = ("--set", "period_s=0.05", "--set", "duration_s=0.5", "--repeat", "1")


@pytest.mark.slow
def test_a_campaign_counts_every_post(tmp_path: Path) -> None:
    done = Harness(tmp_path).run("gpio-http", *QUICK_RUN, "--vary", "mode=jit,aot")
    assert done.code == 0, done.stderr
    for trial in done.document["trials"]:
        assert trial["status"] == "ok"
        assert trial["outputs"].items() >= {**GOOD, "posts": 10, "received": 10}.items()
        assert 0.5 <= trial["duration_s"] < 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (', "--drop", "4"', "output 'failed' is 2, expected 0 (and 3 more)"),
        (', "--fail-with", "500"', "output 'refused' is 10, expected 0 (and 1 more)"),
    ],
)
def test_a_lost_or_refused_post_fails_the_trial(tmp_path: Path, fault: str, reason: str) -> None:
    path = in_the_harness(tmp_path, fault)
    done = Harness(tmp_path).run(str(path), *QUICK_RUN)
    assert done.code == 1
    (trial,) = done.document["trials"]
    assert trial["status"] == "failed"
    assert reason in done.stderr


@pytest.mark.slow
def test_a_missing_gpio_line_fails_its_trial_and_the_campaign_goes_on(tmp_path: Path) -> None:
    done = Harness(tmp_path).run(
        *("gpio-http", *QUICK_RUN, "--vary", "line=gpiochip987:1,recorded,file:/nowhere/line.txt")
    )
    assert done.code == 1
    statuses = {t["factors"]["line"]: t["status"] for t in done.document["trials"]}
    assert statuses == {
        "gpiochip987:1": "failed",
        "recorded": "ok",
        "file:/nowhere/line.txt": "failed",
    }
    assert "there is no GPIO line gpiochip987:1" in done.stderr
    assert "the recorded GPIO line /nowhere/line.txt cannot be read" in done.stderr
