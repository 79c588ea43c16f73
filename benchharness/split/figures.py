"""What a training says of itself: its setting before the window, its figures after each round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchharness import events
from benchharness.cuts.profile import Profile, to_document
from benchharness.cuts.records import DeviceProfile
from benchharness.split.config import SplitConfig
from benchharness.split.estimates import Estimate
from benchharness.split.server_work import ServerWork
from benchharness.split.session import Trained


class Setting:
    """Tells of a training and of its devices; of them again when one comes for the first time."""

    def __init__(self, config: SplitConfig, work: ServerWork) -> None:
        self._config, self._work = config, work
        self._profiles: dict[int, DeviceProfile] = {}
        self._shaping: set[str] = set()

    def tell(self, estimates: Mapping[int, Estimate], shaping: Iterable[str | None] = ()) -> None:
        """Write the outputs that are known; of devices that are told already, nothing changes.

        ``shaping`` is who keeps the devices' links: "kernel", "program", None for nobody.
        """
        new = sorted(set(estimates) - set(self._profiles))
        if not new:
            return
        outputs = {} if self._profiles else self._of_training()
        self._profiles.update({number: estimates[number].now() for number in new})
        self._shaping.update(each or "none" for each in shaping)
        profiles = [self._profiles[number] for number in sorted(self._profiles)]
        outputs["shaping"] = " and ".join(sorted(self._shaping))
        outputs["watts_source"] = {each.name: each.watts.source for each in profiles}
        outputs["profile"] = to_document(Profile(self._work.layers, tuple(profiles)))
        for name, value in outputs.items():
            events.output(name, value)

    def _of_training(self) -> dict[str, object]:
        config, work = self._config, self._work
        return {
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
        }


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
