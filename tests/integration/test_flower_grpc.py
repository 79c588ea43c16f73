"""The ``grpc`` engine with real processes: TLS, and clients that hang, leave and come back."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("flwr")  # which needs CPython 3.11

from benchharness.federated.config import TaskConfig
from tests.integration.flower_party import Party, expected

pytestmark = pytest.mark.slow


def config(**values: object) -> TaskConfig:
    known = {"engine": "grpc", "clients": 3, "rounds": 3, "timeout_s": 30.0, "tls": False}
    return TaskConfig(**{**known, **values})  # type: ignore[arg-type]


def test_three_clients_train_over_tls_to_what_fedavg_is(tmp_path: Path) -> None:
    with Party(config(tls=True, client_evaluate=True), tmp_path) as party:
        assert party.finish("server", 60.0) == (0, "")
        assert [party.finish(str(each), 20.0) for each in (1, 2, 3)] == [(0, "")] * 3
    assert party.curve() == pytest.approx(expected([(1, 2, 3)] * 3), rel=1e-6)
    for name in ("download", "train", "evaluate", "upload", "wait"):
        assert party.events("phase", name=name, participant="client-3", edge="end")
    assert party.events("left_out") == []
    assert party.left_over() == []


def test_who_sends_nonsense_fails_or_exits_is_left_out_at_once(tmp_path: Path) -> None:
    faults = {1: "nan:2:a", 2: "raise:3:b", 3: "exit:4:c"}
    with Party(config(clients=4, rounds=5), tmp_path, faults) as party:
        assert party.finish("server", 60.0)[0] == 0
    rounds = [(1, 2, 3, 4), (2, 3, 4), (1, 3, 4), (1, 2, 4), (1, 2, 4)]
    assert party.curve() == pytest.approx(expected(rounds), rel=1e-6)
    said = {(each["participant"], each["step"]): each["text"] for each in party.events("left_out")}
    assert "not finite" in said["client-1", 2]
    assert "the data are gone" in said["client-2", 3]
    assert "closed" in said["client-3", 4]
    assert "not connected" in said["client-3", 5]
    began = party.events("phase", name="download", participant="client-1", step=4, edge="start")
    averaged = party.events("phase", name="aggregate", step=4, edge="start")
    assert (averaged[0]["t_ns"] - began[0]["t_ns"]) * 1e-9 < 10.0  # far from the time-out


def test_who_hangs_is_dropped_when_the_time_is_over(tmp_path: Path) -> None:
    with Party(config(timeout_s=8.0), tmp_path, {2: "hang:2"}) as party:
        code, _ = party.finish("server", 60.0)
    assert code == 0
    assert party.curve() == pytest.approx(expected([(1, 2, 3), (1, 3), (1, 3)]), rel=1e-6)
    first, second = party.events("left_out", participant="client-2")
    assert "8 s" in first["text"]
    assert "not connected" in second["text"]


def test_a_client_and_a_server_that_are_killed_come_back(tmp_path: Path) -> None:
    with Party(config(rounds=400), tmp_path, {2: "exit:3:once"}) as party:
        party.wait_for_round(3, 60.0)
        party.start("2")
        party.wait_for_round(20, 60.0)
        party.processes["server"].kill()
        party.start("server")
        assert party.finish("server", 90.0)[0] == 0
        assert [party.finish(str(each), 20.0)[0] for each in (1, 2, 3)] == [0, 0, 0]
    contributed = [each["value"] for each in party.events("metric", name="clients")]
    assert contributed[:3] == [3.0, 3.0, 2.0]
    assert contributed[-1] == 3.0
    assert len(party.events("metric", name="resumed")) == 1
    assert len({each["step"] for each in party.events("metric", name="test_loss")}) == 401


def test_a_client_of_another_training_is_sent_away(tmp_path: Path) -> None:
    with Party(config(clients=2), tmp_path, {1: "hang:1"}) as party:
        party.processes["2"].kill()
        party.config = config(clients=2, seed=99)
        party.start("2")
        code, said = party.finish("2", 60.0)
    assert code == 2
    assert "another training" in said
    assert len(said.strip().splitlines()) == 1
