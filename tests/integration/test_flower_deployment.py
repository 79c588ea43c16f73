"""The ``deployment`` engine: Flower's SuperLink and SuperNodes as they are, over TLS."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("flwr")  # which needs CPython 3.11

from benchharness.federated.config import TaskConfig
from tests.integration.flower_party import Party, expected

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def config(**values: object) -> TaskConfig:
    known = {"engine": "deployment", "clients": 2, "rounds": 2, "timeout_s": 120.0}
    return TaskConfig(**{**known, **values})  # type: ignore[arg-type]


def test_two_nodes_train_over_tls_and_an_app_that_fails_is_left_out(tmp_path: Path) -> None:
    with Party(config(), tmp_path, {2: "raise:2"}) as party:
        code, said = party.finish("server", 240.0)
        assert code == 0, said
        assert [party.finish(str(each), 30.0) for each in (1, 2)] == [(0, "")] * 2
        assert party.left_over() == []
    assert party.curve() == pytest.approx(expected([(1, 2), (1,)]), rel=1e-6)
    (left,) = party.events("left_out")
    assert (left["participant"], left["step"]) == ("client-2", 2)
    assert "the data are gone" in left["text"]
    for name in ("download", "train", "upload", "wait"):
        assert party.events("phase", name=name, participant="client-1", step=1, edge="end")
    assert (tmp_path / "flower" / "server.key").stat().st_mode & 0o77 == 0
    log = (tmp_path / "flower" / "client-1" / "supernode.log").read_text()
    assert "insecure channel" not in log


def test_a_superlink_without_a_place_is_an_error_in_one_line(tmp_path: Path) -> None:
    with Party(
        config(clients=1, address="192.0.2.1:4711", tls=False, open_network=True), tmp_path
    ) as party:
        code, said = party.finish("server", 90.0)
        assert code == 3
        *log, last = said.strip().splitlines()
        assert last.startswith("no SuperLink at 192.0.2.1:4711: ")
        assert all(line.startswith("server: superlink: ") for line in log)
        party.processes["1"].terminate()  # it looks for it still
        assert party.finish("1", 30.0) == (143, "")
        assert party.left_over() == []
