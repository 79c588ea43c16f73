"""What a training says of itself: its setting before the window, its figures after each round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchharness import events
from benchharness.cuts.profile import Profile, to_document
from benchharness.cuts.records import DeviceProfile
from benchharness.split.config import SplitConfig
from benchharness.split.server_work import ServerWork
from benchharness.split.session import Trained


def tell_setting(
    config: SplitConfig,
    work: ServerWork,
    profiles: Sequence[DeviceProfile],
    shaping: Iterable[str | None],
) -> None:
    """Write the outputs that are known before the first round.

    ``shaping`` is who keeps the devices' links: "kernel", "program", None for nobody.
    """
    by = sorted({each or "none" for each in shaping})
    outputs: dict[str, object] = {
        "data": work.title,
        "classes": work.classes,  # the chance of an accuracy, and its error, hang on these two
        "test_examples": work.test_examples,
        "parameters": work.parameters,
        "scheme": config.scheme,
        "rule": config.rule,
        "alpha": config.alpha,
        "seed": config.seed,
        "activations": config.activations,
        "gradients": config.gradients,
        "shaping": " and ".join(by),
        "watts_source": {each.name: each.watts.source for each in profiles},
        "profile": to_document(Profile(work.layers, tuple(profiles))),
    }
    for name, value in outputs.items():
        events.output(name, value)


def of_training(results: Mapping[int, Trained]) -> dict[str, float]:
    """Return the training's loss and accuracy over the devices, and how many they were."""
    samples = sum(each.samples for each in results.values())
    found = {
        "train_accuracy": sum(each.right for each in results.values()) / samples,
        "devices": float(len(results)),
    }
    losses = [(each.samples, each.loss) for each in results.values()]
    if all(loss is not None for _, loss in losses):
        found["train_loss"] = sum(count * (loss or 0.0) for count, loss in losses) / samples
    return found


def tell(figures: Mapping[str, float], round_number: int) -> None:
    """Write the server's metrics of a round."""
    for name, value in figures.items():
        events.metric(name, value, step=round_number)
