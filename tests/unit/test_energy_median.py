"""The median of short and long channels is NumPy's to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from benchharness.energy.median import median


@pytest.mark.parametrize("size", [1, 2, 3, 4, 22, 255, 256, 257, 258, 5000, 5001])
@pytest.mark.parametrize("digits", [0, 12])
def test_it_is_numpys(size: int, digits: int) -> None:
    values = np.round(np.random.default_rng(size).normal(5.0, 2.0, size), digits)
    before = values.copy()
    assert median(values) == float(np.median(values))
    assert (values == before).all()
