"""A node's worker: what apps ask of it over its socket, and what they are told."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchharness.errors import GateError
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_worker import VARIABLE, Worker, ask
from benchharness.federated.task import Arrays, Metrics
from benchharness.wire.frames import Tensor
from tests.integration.flower_party import AddingWork

CONFIG = TaskConfig(clients=3)


@contextlib.contextmanager
def worker(folder: Path, fault: str = "", kind: type[AddingWork] = AddingWork) -> Iterator[Worker]:
    """A worker that serves in a thread."""
    over = threading.Event()
    with Worker(kind(2, folder, fault), CONFIG, 2) as found:
        thread = threading.Thread(target=found.serve, args=(over.is_set,))
        thread.start()
        try:
            yield found
        finally:
            over.set()
            thread.join()


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker that apps find."""
    with worker(tmp_path) as found:
        monkeypatch.setenv(VARIABLE, str(found.address))
        yield found


def weights() -> dict[str, np.ndarray]:
    return {"w": np.arange(100_000, dtype=np.float32), "b": np.zeros((2, 3), np.float32)}


@pytest.mark.usefixtures("known")
def test_it_trains_and_evaluates_for_whoever_asks() -> None:
    arrays, metrics = ask("train", CONFIG, weights(), 1, 2)
    np.testing.assert_array_equal(arrays["w"], weights()["w"] + 2)
    assert arrays["b"].shape == (2, 3)
    assert (metrics["num-examples"], metrics["client"]) == (20, 2)
    none, metrics = ask("evaluate", CONFIG, weights(), 1, 2)
    assert none == {}
    assert metrics["local_loss"] == 0.0
    assert ask("hello", CONFIG, {}, 0, 2)[1]["client"] == 2


@pytest.mark.usefixtures("known")
def test_an_app_of_another_training_is_refused() -> None:
    with pytest.raises(GateError, match="configured for another training"):
        ask("train", replace(CONFIG, seed=2), weights(), 1, 2)


def test_what_fails_there_is_told_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with worker(tmp_path, "raise:2") as found:
        monkeypatch.setenv(VARIABLE, str(found.address))
        ask("train", CONFIG, weights(), 1, 2)
        with pytest.raises(GateError, match="the data are gone"):
            ask("train", CONFIG, weights(), 2, 2)
        ask("evaluate", CONFIG, weights(), 2, 2)  # it lives on


class DivergedWork(AddingWork):
    """Its loss is no number; its second round cannot be sent."""

    def train(self, arrays: dict[str, Tensor], round_number: int) -> tuple[Arrays, Metrics]:
        new, metrics = super().train(arrays, round_number)
        if round_number == 2:
            new["w"] = new["w"].astype(object)
        return new, {**metrics, "train_loss": math.nan, "grown": math.inf}


def test_a_training_that_diverged_is_told_without_what_is_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with worker(tmp_path, kind=DivergedWork) as found:
        monkeypatch.setenv(VARIABLE, str(found.address))
        arrays, metrics = ask("train", CONFIG, weights(), 1, 2)
        np.testing.assert_array_equal(arrays["w"], weights()["w"] + 2)
        assert metrics["samples"] == 20
        assert metrics.keys().isdisjoint({"train_loss", "grown"})
        with pytest.raises(GateError) as got:
            ask("train", CONFIG, weights(), 2, 2)
    assert "w" in str(got.value)
    assert "worker is gone" not in str(got.value)


def test_an_app_that_is_killed_or_talks_nonsense_harms_nobody(known: Worker) -> None:
    for nonsense in (b"", b"GET / HTTP/1.1\r\n\r\n" + bytes(100)):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(known.address))
            sock.sendall(nonsense)
    assert ask("hello", CONFIG, {}, 0, 2)[1]["client"] == 2


def test_only_this_user_can_enter_and_nothing_stays(tmp_path: Path) -> None:
    with worker(tmp_path) as found:
        folder = found.address.parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == os.getuid()
    assert not folder.exists()


def test_a_long_temporary_folder_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with worker(tmp_path) as found:
        monkeypatch.setenv(VARIABLE, str(found.address))
        assert ask("hello", CONFIG, {}, 0, 2)[1]["client"] == 2


def test_a_worker_that_is_gone_is_an_error_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/nowhere/worker")
    with pytest.raises(GateError, match="the node's worker is gone"):
        ask("hello", CONFIG, {}, 0, 2)
