"""What the meter's own error does to a change: it cancels where one instrument measured both."""

from __future__ import annotations

from collections.abc import Collection

from benchharness.model import MeasurementClass


def whose_share(classes: Collection[MeasurementClass]) -> str:
    """Return what the common share of an uncertainty is for, in joules of these classes.

    An estimate's model is wrong for each program on its own, so that nothing of it cancels.
    """
    if MeasurementClass.ESTIMATED in classes:
        return "the model, in changes too"
    return "the gain, which cancels in a change"
