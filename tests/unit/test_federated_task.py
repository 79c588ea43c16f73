"""What a client stamps on its work."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

pytest.importorskip("torch")

from benchharness.errors import UnfitError
from benchharness.federated.config import TaskConfig
from benchharness.federated.task import ClientWork, ServerWork

CONFIG = TaskConfig(
    data="synthetic:2",
    examples=40,
    test_examples=10,
    clients=1,
    depth=1,
    width=1,
    rounds=1,
    epochs=1,
    compute="cpu",
    seed=11,
)
BURN = "import time\nwhile time.process_time() < 0.3: pass"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def burn(cpu_s: float) -> None:
    until = time.thread_time() + cpu_s
    while time.thread_time() < until:
        pass


@pytest.mark.slow
def test_cpu_seconds_are_of_all_threads_and_reaped_children_while_it_trains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from benchharness.learning import training

    work = ClientWork(CONFIG, 1)
    arrays = ServerWork(CONFIG).initial_arrays()
    train = training.train

    def with_helpers(*positional: object, **named: object) -> object:
        threads = [threading.Thread(target=burn, args=(0.2,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        subprocess.run([sys.executable, "-c", BURN], check=True)
        for thread in threads:
            thread.join()
        return train(*positional, **named)  # type: ignore[arg-type]

    _, alone = work.train(arrays, 1)
    monkeypatch.setattr(training, "train", with_helpers)
    burn(0.3)  # before it begins: not its own
    _, helped = work.train(arrays, 2)
    more_s = float(helped["cpu_s"]) - float(alone["cpu_s"])
    assert 0.0 < float(alone["cpu_s"]) < 60.0
    assert 0.65 < more_s < 1.5  # 2 threads of 0.2 s, and a child of 0.3 s that also starts Python


@pytest.mark.slow
def test_an_evaluation_is_stamped_too_and_waiting_costs_no_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from benchharness.learning import training

    work = ClientWork(CONFIG, 1)
    arrays = ServerWork(CONFIG).initial_arrays()
    work.evaluate(arrays, 1)
    evaluate = training.evaluate

    def slowly(*positional: object, **named: object) -> object:
        time.sleep(0.5)
        return evaluate(*positional, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "evaluate", slowly)
    metrics = work.evaluate(arrays, 1)
    length_s = (int(metrics["end_ns"]) - int(metrics["begin_ns"])) / 1e9
    assert length_s > 0.5
    assert 0.0 < float(metrics["cpu_s"]) < length_s - 0.4


@pytest.mark.parametrize(("address", "refused"), [("127.0.0.1:0", True), ("0.0.0.0:0", False)])
def test_a_server_counts_the_memory_of_all_clients_where_they_must_be_here(
    address: str, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchharness.learning import memory

    server = ServerWork(replace(CONFIG, clients=2, address=address, minimum=4))
    monkeypatch.setattr(memory, "available_bytes", lambda: 1 << 20)
    with pytest.raises(UnfitError, match="2 clients on") if refused else contextlib.nullcontext():
        server.check()


def test_the_outputs_tell_how_many_images_the_test_has() -> None:
    assert ServerWork(CONFIG).outputs()["test_examples"] == CONFIG.test_examples


def test_the_outputs_tell_the_seed_of_the_run() -> None:
    assert ServerWork(CONFIG).outputs()["seed"] == 11
    assert ServerWork(replace(CONFIG, seed=12)).outputs()["seed"] == 12
