"""The process engine with real programs over TCP: rounds, faults, and who comes back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.federated_programs import Launched, examples, expected

pytest.importorskip("flwr")  # which needs CPython 3.11

ALL = (1, 2, 3)


@pytest.fixture
def launched(tmp_path: Path) -> Iterator[Launched]:
    with Launched(tmp_path, clients=3, rounds=4, timeout_s=20) as programs:
        yield programs


def ended(program: subprocess.Popen[str], code: int = 0) -> str:
    """Wait for a program; return what it said on standard error."""
    _, said = program.communicate(timeout=60)
    assert program.returncode == code, said
    return said


def test_rounds_are_the_averages_that_arithmetic_gives(launched: Launched) -> None:
    server = launched.server()
    clients = [launched.client(index) for index in ALL]
    assert ended(server) == ""
    assert [ended(client) for client in clients] == ["", "", ""]
    assert launched.curve() == pytest.approx(expected(4, lambda _number: ALL), rel=1e-6)
    total = sum(examples(index) for index in ALL)
    loss = sum(examples(index) / index for index in ALL) / total
    assert launched.curve("train_loss")[-4:] == pytest.approx([loss] * 4)
    assert launched.events("metric", name="clients", value=3.0, step=4)
    assert launched.left_out() == {}
    assert [event["edge"] for event in launched.events("window")] == ["start", "end"]


def test_phases_of_a_client_fill_the_window_without_a_gap(launched: Launched) -> None:
    server = launched.server()
    for index in ALL:
        launched.client(index)
    ended(server)
    opened, closed = (event["t_ns"] for event in launched.events("window"))
    for index in ALL:
        edges = launched.events("phase", participant=f"client-{index}")
        starts = sorted(edge["t_ns"] for edge in edges if edge["edge"] == "start")
        ends = sorted(edge["t_ns"] for edge in edges if edge["edge"] == "end")
        assert starts[1:] == ends[:-1]
        assert 0 <= starts[0] - opened < 5e7 and 0 <= closed - ends[-1] < 5e7
        names = [e["name"] for e in edges if e["edge"] == "start" and e["step"] == 2]
        assert sorted(names) == ["download", "train", "upload", "wait"]
    for name in ("round", "aggregate", "evaluate", "checkpoint"):
        found = launched.events("phase", name=name, edge="start")
        assert [event["step"] for event in found if "participant" not in event] == [1, 2, 3, 4]
    of_client = {"participant": "client-2", "step": 3, "unit": "B"}
    sizes = {e["name"]: e["value"] for e in launched.events("metric", **of_client)}
    assert sizes["bytes_down"] == sizes["bytes_up"] == 28  # 7 numbers of 4 bytes
    assert 28 + 24 < sizes["wire_bytes_down"] < 400  # with their framing
    assert 28 + 24 < sizes["wire_bytes_up"] < 600


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("nan@2", "its weights are wrong: 'w' has 1 number that is not finite"),
        ("shape@2", "its weights are wrong: 'w' has the shape (3, 2), not (2, 3)"),
        ("fail@2", "failed: does not want to"),
    ],
)
def test_a_reply_that_cannot_be_averaged_is_left_out_of_its_round(
    launched: Launched, fault: str, why: str
) -> None:
    server = launched.server()
    for index in ALL:
        launched.client(index, *(("--fault", fault) if index == 2 else ()))
    ended(server)
    assert launched.left_out() == {(2, "client-2"): why}
    present = {2: (1, 3)}
    wanted = expected(4, lambda number: present.get(number, ALL))
    assert launched.curve() == pytest.approx(wanted, rel=1e-6)


def test_a_client_that_hangs_is_given_up_after_the_time_and_not_waited_for_again(
    tmp_path: Path,
) -> None:
    with Launched(tmp_path, clients=3, rounds=4, timeout_s=2) as launched:
        for index in ALL:
            launched.client(index, *(("--fault", "hang@2") if index == 2 else ()))
        said = ended(launched.server())
        why = launched.left_out()
        opened, closed = (event["t_ns"] for event in launched.events("window"))
    assert why == {
        (2, "client-2"): "gave no answer within 2 s",
        (3, "client-2"): "is still at an earlier question",
        (4, "client-2"): "is still at an earlier question",
    }
    assert said == ""
    assert 2e9 < closed - opened < 4e9
    wanted = expected(4, lambda number: ALL if number == 1 else (1, 3))
    assert launched.curve() == pytest.approx(wanted, rel=1e-6)


def test_a_late_client_takes_part_again_once_it_has_answered(tmp_path: Path) -> None:
    with Launched(tmp_path, clients=2, rounds=3, timeout_s=1) as launched:
        launched.client(1)
        launched.client(2, "--fault", "late@1")
        # The other client's lateness a round later lets the first catch up.
        said = ended(launched.server())
        rounds = {number for number, _name in launched.left_out()}
    assert 1 in rounds
    assert said in ("", "server: client 2 answered after it had been given up\n")


def test_a_killed_client_is_dropped_at_once_and_takes_its_place_again(tmp_path: Path) -> None:
    with Launched(tmp_path, clients=3, rounds=9, timeout_s=20) as launched:
        launched.client(1)
        launched.client(2, "--fault", "kill@2")
        launched.client(3, "--fault", "wait@4")
        server = launched.server()
        assert launched.programs["client-2"].wait(timeout=60) == -9
        (tmp_path / "client-2-up").unlink()
        launched.client(2)
        while not (tmp_path / "client-2-up").exists():
            time.sleep(0.01)
        time.sleep(0.5)  # it connects
        (tmp_path / "go").touch()
        assert "client 2: the connection was closed" in ended(server)
        out = launched.left_out()
        opened, closed = (event["t_ns"] for event in launched.events("window"))
    assert out == {(number, "client-2"): "the connection was closed" for number in (2, 3, 4)}
    assert closed - opened < 15e9
    wanted = expected(9, lambda number: (1, 3) if number in (2, 3, 4) else ALL)
    assert launched.curve() == pytest.approx(wanted, rel=1e-6)


def test_a_killed_server_goes_on_after_its_last_round_in_the_same_window(tmp_path: Path) -> None:
    with Launched(tmp_path, clients=3, rounds=4, timeout_s=20) as launched:
        clients = [launched.client(index) for index in ALL]
        assert launched.server("--kill-at", "3").wait(timeout=60) == -9
        port = (tmp_path / "port").read_text()
        assert 0 < int(port) < 1 << 16
        ended(launched.server("--kill-at", "3"))
        assert [ended(client) for client in clients] == ["", "", ""]
        assert (tmp_path / "port").read_text() == "over: it went through all its rounds\n"
        assert [event["edge"] for event in launched.events("window")] == ["start", "end"]
        assert [event["step"] for event in launched.events("metric", name="resumed")] == [2]
        (output,) = launched.events("output", name="resumed_after_rounds")
        assert output["value"] == [2]
        steps = [event["step"] for event in launched.events("metric", name="test_loss")]
        curve = launched.curve()
    assert steps == [0, 1, 2, 3, 4]
    assert curve == pytest.approx(expected(4, lambda _number: ALL), rel=1e-6)


def test_a_round_without_any_usable_reply_ends_the_training_in_one_line(
    launched: Launched,
) -> None:
    for index in ALL:
        launched.client(index, "--fault", "nan@2")
    said = ended(launched.server(), 1)
    assert said.count("\n") == 1
    assert said.startswith("server: round 2: no client's reply can be used: client-1 its weights")
    assert [event["edge"] for event in launched.events("window")] == ["start"]
    assert ended(launched.programs["client-1"]) == ""  # the server has said good-bye


def test_without_any_client_the_server_says_so(tmp_path: Path) -> None:
    with Launched(tmp_path, clients=2, rounds=1, timeout_s=0.5) as launched:
        said = ended(launched.server(), 1)
    assert said == (
        "server: no client is left: client-1 has not connected yet; client-2 has not connected "
        "yet; see what the clients said\n"
    )


def test_a_client_whose_server_goes_away_gives_up_in_one_line(launched: Launched) -> None:
    clients = [launched.client(index, "--patience-s", "1") for index in ALL]
    said = [ended(client, 1) for client in clients]
    assert all("the server has gone: no connection for 1 s" in line for line in said)
    assert all(line.count("\n") == 1 for line in said)


def test_who_comes_when_all_is_over_ends_at_once(launched: Launched) -> None:
    for index in ALL:
        launched.client(index, "--fault", "nan@1")
    ended(launched.server(), 1)
    assert ended(launched.client(2)) == ""
    said = ended(launched.server(), 1)  # as a harness does with a program that ended with an error
    assert said.startswith("server: the training has ended already: round 1: no client's reply")


def test_a_client_of_another_training_is_refused(launched: Launched) -> None:
    launched.server()
    said = ended(launched.client(1, "--seed", "2"), 2)
    assert said == (
        "client: the server refuses client 1: it is configured for another training: give both "
        "the same options\n"
    )
