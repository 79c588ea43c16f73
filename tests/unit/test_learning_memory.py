from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchharness.errors import UnfitError
from benchharness.learning import memory, models
from benchharness.learning.available import available_bytes

MIB = 1 << 20


@pytest.fixture(autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def test_what_the_backward_pass_needs_is_counted_layer_by_layer() -> None:
    model = models.build("wide-resnet", depth=1, width=1, classes=10, seed=1)
    batch, image = 8, (3, 32, 32)
    # Each convolution keeps its input, each BatchNorm its input and 2 numbers a channel, each
    # rectifier its output, which the next convolution keeps too: once. In numbers an image:
    group1 = 16 * 1024 * (1 + 3 + 1)  # stem's output; before and after norm1, before norm2; sum
    group2 = 16 * 256 * (3 + 1 + 1)  # as group 1, and the shortcut before its norm
    group3 = 32 * 64 * (3 + 1 + 1)
    last = 32 * 64 + 32  # the last norm, rectified, and its mean
    statistics = 2 * (2 * 16 + 3 * 16 + 3 * 32 + 32)
    kept = 4 * (batch * (3 * 1024 + group1 + group2 + group3 + last) + statistics)
    found = memory.need(model, batch, image)
    assert found.activations_bytes == kept
    parameters = models.parameters(model)
    assert found.gradients_bytes == found.momentum_bytes == 4 * parameters
    # BatchNorm's state: means, variances, and a counter of 8 bytes for each of 9.
    assert found.weights_bytes == 4 * (parameters + statistics) + 8 * 9
    assert found.arrays_bytes == 2 * found.weights_bytes


def test_nothing_is_computed_and_the_model_stays_as_it_is() -> None:
    import torch

    model = models.build("wide-resnet", depth=1, width=1, classes=10, seed=1).eval()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    memory.need(model, 10_000_000, (3, 32, 32))  # 600 GiB
    assert not model.training
    assert all(torch.equal(before[name], each) for name, each in model.state_dict().items())
    assert all(each.grad is None for each in model.parameters())


def test_trainings_that_do_not_fit_beside_each_other_are_refused_in_one_line() -> None:
    model = models.build("wide-resnet", depth=1, width=1, classes=10, seed=1)
    image = (3, 32, 32)
    both = sum(memory.need(model, batch, image).total_bytes for batch in (32, 32, 5))
    memory.check_together(model, (32, 32, 5), image, limit_bytes=both)
    memory.check_together(model, (32, 32, 5), image, limit_bytes=int(both / 1.4))
    with pytest.raises(UnfitError) as refused:
        memory.check_together(model, (32, 32, 5), image, limit_bytes=int(both / 1.41))
    assert str(refused.value).startswith("memory of the machine: 3 clients on this machine take ")
    assert str(refused.value).endswith("take fewer clients, or a smaller batch, width or depth")


def test_too_little_memory_is_refused_in_one_line() -> None:
    model = models.build("wide-resnet", depth=1, width=1, classes=10, seed=1)
    total = memory.need(model, 32, (3, 32, 32)).total_bytes
    assert memory.check(model, 32, (3, 32, 32), limit_bytes=total).total_bytes == total
    with pytest.raises(UnfitError) as refused:
        memory.check(model, 32, (3, 32, 32), limit_bytes=total - 1)
    line = refused.value.line()
    assert line.startswith("memory of the device: training with batches of 32 takes about ")
    assert line.endswith("take a smaller batch, width or depth, or give this device more memory")
    with pytest.raises(UnfitError, match=r"batches of 10000000 takes about .* GiB"):
        memory.check(model, 10_000_000, (3, 32, 32))


MEASURED = """
import sys, torch, numpy as np
from benchharness.learning import memory, models, training
torch.set_num_threads(1)
depth, width, batch = map(int, sys.argv[1:])
def build(depth, width):
    return models.build("wide-resnet", depth=depth, width=width, classes=100, seed=1)
def steps(model, count, batch):
    x = np.ones((count, 3, 32, 32), "f4")
    training.train(model, x, np.zeros(count, "i8"), epochs=1, batch=batch, learning_rate=0.1,
                   momentum=0.9, weight_decay=0.0, seed=1, compute="cpu")
def status(name):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status")
                if line.startswith(name))
steps(build(1, 1), 4, 2)  # what the libraries load and keep
model = build(depth, width)
before = status("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
steps(model, 2 * batch, batch)
need = memory.need(model, batch, (3, 32, 32))
images = 2 * batch * 3 * 32 * 32 * 4
print(status("VmHWM") - before - images, need.total_bytes - need.weights_bytes - need.arrays_bytes)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "width", "batch"), [(1, 4, 64), (2, 8, 8)])
def test_the_estimate_is_near_what_a_process_grows_by(depth: int, width: int, batch: int) -> None:
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MEASURED, *map(str, (depth, width, batch))],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    grown, estimated = map(int, answer.stdout.split())
    assert 0.85 < estimated / grown < 1.7


def tree(root: Path, *, groups: str, mounts: str, **files: str) -> Path:
    """A /proc with 900 MiB available; ``files`` are those of groups, by path with __ for /."""
    proc = root / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text("MemTotal: 2048000 kB\nMemAvailable: 921600 kB\n")
    (proc / "self/cgroup").write_text(groups)
    (proc / "self/mountinfo").write_text(mounts.replace("ROOT", str(root)))
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return proc


V2 = "30 1 0:2 / ROOT/fs rw - cgroup2 cgroup2 rw\n"
V1 = (
    "30 1 0:2 / ROOT/fs rw - cgroup cgroup rw,memory\n31 1 0:3 / ROOT/x rw - cgroup cgroup rw,cpu\n"
)


def test_without_groups_it_is_what_the_machine_has(tmp_path: Path) -> None:
    assert available_bytes(tree(tmp_path, groups="0::/\n", mounts="")) == 900 * MIB
    assert available_bytes(tmp_path / "nothing") is None


def test_the_tightest_group_on_the_way_up_counts(tmp_path: Path) -> None:
    proc = tree(
        tmp_path,
        groups="0::/a/b\n",
        mounts=V2,
        fs__a__memory_dot_max=f"{300 * MIB}\n",
        fs__a__memory_dot_current=f"{200 * MIB}\n",
        fs__a__memory_dot_stat=f"anon 5\ninactive_file {50 * MIB}\nactive_file 7\n",
        fs__a__b__memory_dot_max="max\n",
        fs__a__b__memory_dot_current=f"{100 * MIB}\n",
    )
    assert available_bytes(proc) == 150 * MIB


def test_version_1_and_a_part_mounted_in_a_container(tmp_path: Path) -> None:
    files = {
        "fs__job__memory_dot_limit_in_bytes": f"{500 * MIB}\n",
        "fs__job__memory_dot_usage_in_bytes": f"{100 * MIB}\n",
        "fs__memory_dot_limit_in_bytes": "9223372036854771712\n",
        "fs__memory_dot_usage_in_bytes": f"{1000 * MIB}\n",
    }
    groups = "5:cpu:/other\n4:memory:/box/job\n"
    mounts = V1.replace("0:2 / ", "0:2 /box ")
    assert available_bytes(tree(tmp_path, groups=groups, mounts=mounts, **files)) == 400 * MIB


def test_a_group_over_its_limit_leaves_nothing(tmp_path: Path) -> None:
    proc = tree(
        tmp_path,
        groups="0::/a\n",
        mounts=V2,
        fs__a__memory_dot_max=f"{MIB}\n",
        fs__a__memory_dot_current=f"{2 * MIB}\n",
    )
    assert available_bytes(proc) == 0


def test_this_machine_has_some_left() -> None:
    found = available_bytes()
    assert found is not None
    assert MIB < found < 1 << 50
