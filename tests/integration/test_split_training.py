"""Split training over real sockets: the same as without a cut, and whoever goes wrong left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from benchharness.errors import GateError
from benchharness.learning.arrays import Arrays, arrays_of
from benchharness.split.batches import Batches
from benchharness.split.config import SplitConfig
from benchharness.split.network import network
from benchharness.split.session import Order, Session, Trained
from tests.integration import split_stranger as stranger
from tests.integration.split_rig import Rig


def unsplit(config: SplitConfig) -> tuple[list[float], Arrays]:
    """Train with plain PyTorch; return the mean loss of each round and the last weights."""
    import torch
    from torch.nn import functional

    batches = Batches(config, 1)
    model = network(batches.classes, batches.shape, seed=config.seed).train()
    curve = []
    for number in range(1, config.rounds + 1):
        optimizer = torch.optim.SGD(
            model.parameters(), lr=config.learning_rate, momentum=config.momentum
        )
        losses = []
        for iteration in range(config.iterations):
            x, labels = batches.batch(number, iteration)
            loss = functional.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        curve.append(float(np.mean(losses)))
    return curve, arrays_of(model)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "cut", "tls"),
    [
        ("server", 0, False),
        ("splitfed", 1, False),
        ("sequential", 4, True),
        ("local", 7, False),
    ],
)
def test_loss_and_weights_are_those_of_unsplit_training(
    scheme: str, cut: int, tls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, monkeypatch, devices=1, scheme=scheme, cut=cut, tls=tls)
    rig.device(1)
    rig.run()
    curve, weights = unsplit(rig.config)
    assert rig.metrics("train_loss") == pytest.approx(curve, abs=1e-5)
    assert rig.output("cuts") == [[cut], [cut]]
    for name, array in weights.items():
        np.testing.assert_allclose(rig.work.arrays[name], array, atol=1e-5, rtol=1e-5)
    _what_was_told_adds_up(rig, cut)


def _what_was_told_adds_up(rig: Rig, cut: int) -> None:
    opened, closed = (event["t_ns"] for event in rig.events("window"))
    edges = rig.events("phase", participant="device-1")
    starts = [e["t_ns"] for e in edges if e["edge"] == "start"]
    ends = [e["t_ns"] for e in edges if e["edge"] == "end"]
    assert opened <= starts[0] and ends[-1] <= closed
    assert starts[1:] == ends[:-1]  # no gap, no overlap
    of_2 = [e for e in edges if e["step"] == 2 and e["edge"] == "start"]
    assert of_2[0]["name"] == "download" and of_2[-1]["name"] == "wait"
    busy = rig.metrics("busy_s", "device-1")
    parts = ("forward_s", "backward_s", "upload_s", "server_s", "download_s")
    sums = np.sum([rig.metrics(name, "device-1") for name in parts], axis=0)
    assert busy == pytest.approx(list(sums))
    assert all(b <= r for b, r in zip(busy, rig.metrics("round_s"), strict=True))
    layers = rig.work.layers
    up = 2 * layers.up_bytes[cut] + layers.part_bytes[cut]
    assert rig.metrics("bytes_up", "device-1") == [up, up]
    assert len(rig.metrics("predicted_s", "device-1")) == 2
    assert (rig.output("classes"), rig.output("test_examples")) == (10, 16)


@pytest.mark.slow
def test_devices_have_cuts_of_their_own_and_ares_chooses_them_each_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, monkeypatch, devices=2, scheme="ares", rounds=2, activations="uint8")
    for index in (1, 2):
        rig.device(index)
    rig.run()
    cuts = rig.output("cuts")
    assert len(cuts) == 2 and all(1 <= cut <= 7 for chosen in cuts for cut in chosen)
    assert rig.metrics("cut", "device-2") == [chosen[1] for chosen in cuts]
    assert rig.left_out() == []
    assert rig.metrics("devices") == [2.0, 2.0]
    assert rig.output("watts_source")["device-2"].startswith("no testbed says; taken for the nano")


@pytest.mark.slow
def test_who_goes_wrong_is_left_out_of_the_round_and_may_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = (
        stranger.nan,
        stranger.truncated,
        stranger.too_large,
        stranger.stalls,
        stranger.dies,
        stranger.spoils,
        stranger.refuses,
    )
    rig = Rig(tmp_path, monkeypatch, devices=2, scheme="splitfed", cut=4, rounds=7, timeout_s=2.0)
    rig.gather_between_rounds()
    rig.device(1)
    rig.behind(lambda: stranger.run(rig, 2, faults))
    rig.run()
    reasons = {step: text for step, participant, text in rig.left_out()}
    assert "NaN" in reasons[1] and "up" in reasons[1]
    assert reasons[2] == (
        "the connection was closed within a frame, without 300 bytes of its payload"
    )
    assert "at most" in reasons[3] and "are agreed" in reasons[3]
    assert reasons[4] == "was not done within 2 s"
    assert reasons[5].startswith("the connection was")
    assert "its weights are wrong" in reasons[6]
    assert reasons[7] == "failed: does not want to"
    assert {participant for _, participant, _ in rig.left_out()} == {"device-2"}
    assert rig.metrics("devices") == [1.0] * 7
    assert len(rig.metrics("cut", "device-1")) == 7


@pytest.mark.slow
def test_what_overflows_for_one_device_ends_its_round_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, monkeypatch, devices=2, scheme="splitfed", cut=4, rounds=2, timeout_s=5.0)
    rig.gather_between_rounds()
    train = Session.train

    def trained(session: Session, order: Order, *others: Any) -> Trained:
        if (session.index, order.round_number, order.window_ns is None) == (2, 1, False):
            session.connection.send("round")
            raise MemoryError
        return train(session, order, *others)

    monkeypatch.setattr(Session, "train", trained)
    rig.device(1)
    rig.behind(lambda: stranger.run(rig, 2, (stranger.stalls, stranger.overflows)))
    rig.run()
    (_, first, short), (_, second, why) = rig.left_out()
    assert first == second == "device-2" and short == "MemoryError"
    assert why.startswith("failed: the server's part for it diverged: 'layer5.norm.running_var'")
    assert rig.metrics("devices") == [1.0, 1.0]


@pytest.mark.slow
def test_a_round_that_the_only_device_is_lost_in_is_done_again_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, monkeypatch, devices=1, scheme="splitfed", cut=4, rounds=2)
    train = Session.train
    lost_in = [1, 1, 2, 2, 2]

    def trained(session: Session, order: Order, *others: Any) -> Trained:
        if order.window_ns is not None and order.round_number in lost_in:
            lost_in.remove(order.round_number)
            raise ConnectionResetError
        return train(session, order, *others)

    monkeypatch.setattr(Session, "train", trained)
    rig.device(1)
    with pytest.raises(GateError, match="round 2: no device's part can be used: device-1 the conn"):
        rig.run()
    assert [step for step, _, _ in rig.left_out()] == [1, 1, 2, 2, 2]
    assert len(rig.metrics("round_s")) == len(rig.metrics("devices")) == 1


@pytest.mark.slow
def test_a_server_that_is_started_again_goes_on_after_its_last_whole_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, monkeypatch, devices=1, scheme="splitfed", cut=4, rounds=3)
    rig.device(1)
    rig.die_in_round(2)
    again = Rig(tmp_path, monkeypatch, devices=1, scheme="splitfed", cut=4, rounds=3)
    again.go_on(rig)
    _, weights = unsplit(again.config)
    for name, array in weights.items():
        np.testing.assert_allclose(again.work.arrays[name], array, atol=1e-5, rtol=1e-5)
    assert again.output("resumed_after_rounds") == [1]
    assert again.output("cuts") == [[4], [4], [4]]
    assert [event["edge"] for event in again.events("window")] == ["start", "end"]
    told = [event["step"] for event in again.events("metric", name="predicted_round_s")]
    assert told == [1, 2, 2, 3]  # the round that was cut short is done again


def test_another_version_another_training_and_a_strange_number_are_turned_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, monkeypatch, devices=2)
    wrong = {
        "protocol": (99, "it speaks version 99 of the protocol, and this server 1"),
        "task": ("x", "it is configured for another training: give both the same options"),
        "index": (3, "there is no device 3 of 2"),
    }
    try:
        for field, (value, reason) in wrong.items():
            with rig.connect() as connection:
                connection.send("hello", {**rig.hello(1), field: value})
                answer = connection.receive(5)
            assert (answer.kind, answer.fields["text"]) == ("refused", reason)
        assert rig.reception.present() == {}
    finally:
        rig.reception.close(None)
