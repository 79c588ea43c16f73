from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from benchharness.errors import UnfitError, UnknownNameError, UsageError
from benchharness.learning import memory, models

if TYPE_CHECKING:
    import torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def conv(inputs: int, outputs: int, size: int = 3) -> int:
    return inputs * outputs * size * size


def group(inputs: int, outputs: int, blocks: int, stride: int) -> int:
    """Parameters of a group by arithmetic: 2 per channel for each BatchNorm."""
    first = conv(inputs, outputs) + conv(outputs, outputs) + 4 * outputs
    if stride != 1 or inputs != outputs:
        first += conv(inputs, outputs, 1) + 2 * outputs
    return first + (blocks - 1) * (2 * conv(outputs, outputs) + 4 * outputs)


def expected(depth: int, width: int, classes: int, channels: int) -> Counter[str]:
    wide, wider = 16 * width, 32 * width
    return Counter(
        stem=conv(channels, 16),
        group1=group(16, 16, depth, 1),
        group2=group(16, wide, depth, 2),
        group3=group(wide, wider, depth, 2),
        norm=2 * wider,
        linear=wider * classes + classes,
    )


def counted(model: torch.nn.Module) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, each in model.named_parameters():
        found[name.partition(".")[0]] += each.numel()
    return found


def test_the_published_model_has_8662100_parameters() -> None:
    published = {
        "stem": 432,
        "group1": 18_688,
        "group2": 1_641_280,
        "group3": 6_968_960,
        "norm": 640,
        "linear": 32_100,
    }
    assert expected(4, 10, 100, 3) == published
    assert sum(published.values()) == 8_662_100
    model = models.build("wide-resnet", depth=4, width=10, classes=100, seed=1)
    assert counted(model) == published
    assert models.parameters(model) == 8_662_100


@pytest.mark.parametrize(
    ("depth", "width", "classes", "channels"), [(1, 1, 10, 3), (2, 3, 7, 1), (3, 2, 1, 4)]
)
def test_other_sizes_have_the_parameters_of_arithmetic(
    depth: int, width: int, classes: int, channels: int
) -> None:
    import torch

    model = models.build(
        "wide-resnet", depth=depth, width=width, classes=classes, channels=channels, seed=1
    )
    assert counted(model) == expected(depth, width, classes, channels)
    assert model(torch.zeros(2, channels, 32, 32)).shape == (2, classes)


def shapes_at(model: torch.nn.Module, image: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    import torch

    seen: list[tuple[str, tuple[int, ...]]] = []
    for name, part in model.named_children():
        part.register_forward_hook(
            lambda _module, _inputs, output, name=name: seen.append((name, tuple(output.shape)))
        )
    model(torch.zeros(2, 3, image, image))
    yield from seen


def test_groups_halve_the_image_and_have_the_channels_of_the_paper() -> None:
    model = models.build("wide-resnet", depth=1, width=2, classes=10, seed=1)
    assert list(shapes_at(model, 32)) == [
        ("stem", (2, 16, 32, 32)),
        ("group1", (2, 16, 32, 32)),
        ("group2", (2, 32, 16, 16)),
        ("group3", (2, 64, 8, 8)),
        ("norm", (2, 64, 8, 8)),
        ("linear", (2, 10)),
    ]


def test_only_the_linear_layer_has_a_bias_and_shortcuts_project_where_shapes_change() -> None:
    model = models.build("wide-resnet", depth=2, width=1, classes=10, seed=1)
    names = [name for name, _ in model.named_parameters()]
    convs = [n for n, part in model.named_modules() if type(part).__name__ == "Conv2d"]
    assert not [name for name in names if name.rsplit(".", 1)[0] in convs and "bias" in name]
    # With width 1, group 2 has as many channels as group 1, and half the image.
    assert [name for name in convs if "shortcut" in name] == [
        "group2.0.shortcut.0",
        "group3.0.shortcut.0",
    ]


def test_a_block_is_two_convolutions_and_a_shortcut() -> None:
    import torch
    from torch.nn.functional import batch_norm, conv2d, relu

    model = models.build("wide-resnet", depth=1, width=1, classes=10, seed=4).eval()
    state = model.state_dict()
    x = torch.randn(2, 16, 8, 8, generator=torch.Generator().manual_seed(1))

    def normed(value: torch.Tensor, name: str) -> torch.Tensor:
        mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        return batch_norm(value, mean, variance, state[f"{name}.weight"], state[f"{name}.bias"])

    inner = conv2d(x, state["group2.0.conv1.weight"], stride=2, padding=1)
    inner = relu(normed(inner, "group2.0.norm1"))
    inner = normed(conv2d(inner, state["group2.0.conv2.weight"], padding=1), "group2.0.norm2")
    around = normed(conv2d(x, state["group2.0.shortcut.0.weight"], stride=2), "group2.0.shortcut.1")
    assert torch.equal(model.get_submodule("group2")(x), relu(inner + around))


def test_weights_are_those_of_the_seed_whatever_was_drawn_before() -> None:
    import torch

    def weights(seed: int) -> dict[str, torch.Tensor]:
        return models.build("wide-resnet", depth=1, width=2, classes=10, seed=seed).state_dict()

    first = weights(1)
    torch.manual_seed(99)
    again, other = weights(1), weights(2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["stem.weight"], other["stem.weight"])


def test_weights_have_the_deviations_of_their_initialisation() -> None:
    model = models.build("wide-resnet", depth=2, width=4, classes=10, seed=1)
    state = model.state_dict()
    for name, outputs in [("group2.1.conv1.weight", 64), ("group3.0.conv2.weight", 128)]:
        assert state[name].std().item() == pytest.approx((2 / (9 * outputs)) ** 0.5, rel=0.03)
        assert abs(state[name].mean().item()) < 0.001
    assert state["linear.weight"].abs().max().item() == pytest.approx(128**-0.5, rel=0.02)
    for name, value in [("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)]:
        assert set(state[f"group1.0.norm1.{name}"].tolist()) == {value}


def test_wrong_names_and_sizes_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown model 'wide_resnet'; did you mean"):
        models.build("wide_resnet", depth=1, width=1, classes=10, seed=1)
    for what, value in [("depth", 0), ("width", -1), ("classes", 0), ("width", 10_001)]:
        sizes = {"depth": 1, "width": 1, "classes": 10, what: value}
        with pytest.raises(UsageError, match=f"model wide-resnet: {what} is {value}; take 1 to"):
            models.build("wide-resnet", **sizes, seed=1)


def test_a_model_beyond_the_memory_is_refused_before_it_is_made() -> None:
    with pytest.raises(
        UnfitError, match=r"the model's weights take .* GiB, and .* are left; take a"
    ):
        models.build("wide-resnet", depth=2, width=10_000, classes=10, seed=1)
    import torch

    with torch.device("meta"):
        layer = torch.nn.Linear(1000, 1000, bias=False)
    memory.check_weights(layer, 4_000_000)
    with pytest.raises(UnfitError):
        memory.check_weights(layer, 3_999_999)
