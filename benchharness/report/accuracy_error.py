"""What a test accuracy is worth: that of guessing, and how sure one of so many images is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchharness.model import TrialSummary
from benchharness.report.partition import counts_of

IMAGES = "test_examples"  # the output that counts them, or the factor that limits them
CLASSES = "classes"  # the output of a workload that stores no partition


def chance_of(trials: Sequence[TrialSummary]) -> float:
    """Return the accuracy of guessing, 0 where the number of classes is not known."""
    known = {found for trial in trials if (found := _classes(trial)) is not None}
    return 1.0 / known.pop() if len(known) == 1 else 0.0


def images_of_test(trials: Sequence[TrialSummary]) -> int | None:
    """Return on how many images the runs were tested; None where they do not tell, or differ.

    The factor counts only above 0, which stands for as many as there are.
    """
    counts = {_images(trial) for trial in trials}
    return counts.pop() if len(counts) == 1 else None


def _images(trial: TrialSummary) -> int | None:
    return _count(trial.outputs.get(IMAGES, trial.factors.get(IMAGES)))


def _classes(trial: TrialSummary) -> int | None:
    counts = counts_of(trial.outputs)
    return _count(trial.outputs.get(CLASSES)) if counts is None else int(counts.shape[1])


def _count(told: object) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else None


def standard_error(accuracy: float, images: int) -> float:
    """Return the binomial standard error of an accuracy (both shares of 1) over so many images.

    >>> round(standard_error(0.5, 400), 6)
    0.025
    """
    share = min(max(accuracy, 0.0), 1.0)
    return math.sqrt(share * (1.0 - share) / images)
