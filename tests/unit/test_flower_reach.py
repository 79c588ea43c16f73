"""Who may reach Flower's servers: nobody beyond this machine, unless the options say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.federated import engines
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_reach import check, is_loopback

HERE = ("127.0.0.1", "127.8.9.1", "[::1]", "localhost")
BEYOND = ("0.0.0.0", "[::]", "10.0.0.7", "[fe80::1]", "board.example", "localhost.example")


@pytest.mark.parametrize(("hosts", "here"), [(HERE, True), (BEYOND, False)])
def test_only_the_loopback_is_this_machine(hosts: tuple[str, ...], here: bool) -> None:
    assert {is_loopback(host) for host in hosts} == {here}


@pytest.mark.parametrize("host", BEYOND)
@pytest.mark.parametrize(
    ("engine", "tls", "says"),
    [
        ("deployment", True, "can run programs on it"),
        ("deployment", False, "can run programs on it"),
        ("grpc", False, "without TLS"),
    ],
)
def test_beyond_it_must_be_meant(
    tmp_path: Path, host: str, engine: str, tls: bool, says: str
) -> None:
    pytest.importorskip("flwr")  # which needs CPython 3.11
    address = f"{host}:9092"
    config = TaskConfig(engine=engine, tls=tls, address=address)
    with pytest.raises(UsageError, match=says) as got:
        engines.serve(config, tmp_path)
    assert "--open-network true" in str(got.value)
    assert not any(tmp_path.iterdir())  # nothing was started
    check(TaskConfig(engine=engine, tls=tls, address=address, open_network=True))


@pytest.mark.parametrize(
    ("engine", "tls", "host"),
    [("process", False, "0.0.0.0"), ("grpc", True, "0.0.0.0"), ("grpc", False, "127.0.0.1")]
    + [("deployment", tls, host) for tls in (False, True) for host in HERE],
)
def test_what_lets_nobody_in_is_taken(engine: str, tls: bool, host: str) -> None:
    check(TaskConfig(engine=engine, tls=tls, address=f"{host}:0"))
