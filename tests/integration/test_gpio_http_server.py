"""server.py alone: what it counts as received, lost, doubled and wrong, and its faults."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.integration.gpio_http_programs import WORKLOAD, serving


def body(sequence: object, line: object = 0, t_ns: object = 0) -> bytes:
    return json.dumps({"sequence": sequence, "line": line, "t_ns": t_ns}).encode()


def test_it_counts_what_comes(tmp_path: Path) -> None:
    (tmp_path / "line.txt").write_text("0\n1\n1\n")
    with serving(tmp_path, "--line", f"file:{tmp_path}/line.txt") as server:
        assert server.post(body(0, 0, 10)) == 200
        assert server.post(body(1, 1, 20)) == 200
        assert server.post(body(1, 1, 21)) == 400  # again
        assert server.post(body(2, 0, 30)) == 400  # the line was 1
        assert server.post(body(4, 1, 40)) == 200  # 3 never comes
        assert server.post(body(6, 0, 40)) == 400  # at the same time as 4; 5 never comes
        assert server.end() == {"received": 5, "lost": 2, "doubled": 1, "wrong": 2}


def test_a_line_that_nobody_knows_may_have_any_value(tmp_path: Path) -> None:
    with serving(tmp_path, "--line", "gpiochip0:17") as server:
        assert [server.post(body(k, 1, k)) for k in range(3)] == [200, 200, 200]
        assert server.end() == {"received": 3, "lost": 0, "doubled": 0, "wrong": 0}


def test_bodies_that_are_wrong(tmp_path: Path) -> None:
    bodies = [
        *(b"", b"{", b"[]", b"3", b"\xff", b"[" * 1000),
        *(body("0"), body(-1), body(True), body(0.0), body(0, 2), body(0, True), body(0, 0, -1)),
        b'{"sequence":0,"line":1}',
        b'{"sequence":0,"line":1,"t_ns":1,"more":1}',
    ]
    with serving(tmp_path) as server:
        assert [server.post(wrong) for wrong in bodies] == [400] * len(bodies)
        assert server.end() == {"received": 0, "lost": 0, "doubled": 0, "wrong": len(bodies)}


def test_another_path_no_length_a_long_body_and_a_short_one(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.post(body(0, 1), path="/") == 400
        assert server.request(b"POST /gpio HTTP/1.1\r\nHost: x\r\n\r\n") == 400
        assert server.post(body(0, 1) + b" " * 2000) == 400
        assert server.request(b"POST /gpio HTTP/1.1\r\nContent-Length: 30\r\n\r\n{") is None
        assert server.end() == {"received": 0, "lost": 0, "doubled": 0, "wrong": 4}


def test_other_methods_and_what_is_no_http_are_wrong(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for method in (b"GET", b"PUT", b"DELETE", b"get"):
            assert server.request(method + b" /gpio HTTP/1.1\r\n\r\n") == 501
        assert server.request(b"POST /".ljust(65537, b"g")) == 414
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(b"hello\n")
            assert connection.makefile("rb").read()  # a page, as an HTTP of old has no status
        assert server.post(body(0, 1)) == 200
        assert server.end() == {"received": 1, "lost": 0, "doubled": 0, "wrong": 6}


def test_faults_on_demand(tmp_path: Path) -> None:
    with serving(tmp_path, "--fail-with", "503", "--drop", "2", "--delay", "0.2") as server:
        began_s = time.monotonic()
        assert server.post(body(0, 1, 1)) == 503
        assert time.monotonic() - began_s >= 0.2
        assert server.post(body(1, 0, 2)) is None
        assert server.post(body(2, 0, 3)) == 503
        assert server.end() == {"received": 2, "lost": 1, "doubled": 0, "wrong": 0}


def test_the_outputs_come_when_nothing_has_come(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.end() == {"received": 0, "lost": 0, "doubled": 0, "wrong": 0}
        assert not list(tmp_path.glob("*.part"))


def test_a_recording_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    options = ("--port-file", str(tmp_path / "port"), "--line", "file:/nowhere/line.txt")
    done = subprocess.run(
        [sys.executable, str(WORKLOAD / "server.py"), *options],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("server: the recorded GPIO line /nowhere/line.txt cannot be read")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "port").exists()
