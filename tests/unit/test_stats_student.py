from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchharness.stats.student import t_factor, t_quantile, two_sided_p

NU = [0.5, 1.0, 1.06, 2.0, 2.7, 4.4, 9.0, 29.0, 57.3, 500.0, 999.9, 1000.0, 5000.0, 1e6]


@pytest.mark.parametrize("nu", NU)
@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.6, 0.9, 0.975, 0.995, 0.9999])
def test_quantiles_are_those_of_scipy(p: float, nu: float) -> None:
    assert t_quantile(p, nu) == pytest.approx(stats.t.ppf(p, nu), rel=1e-9, abs=1e-12)


@given(p=st.floats(1e-6, 1 - 1e-6), nu=st.floats(0.5, 1e5))
def test_random_quantiles_are_those_of_scipy(p: float, nu: float) -> None:
    assert t_quantile(p, nu) == pytest.approx(stats.t.ppf(p, nu), rel=1e-9, abs=1e-9)


@given(t=st.floats(-50.0, 50.0), nu=st.floats(0.5, 1e5))
def test_p_values_are_those_of_scipy(t: float, nu: float) -> None:
    assert two_sided_p(t, nu) == pytest.approx(2 * stats.t.sf(abs(t), nu), rel=1e-7, abs=1e-300)


def test_infinite_degrees_of_freedom_are_normal() -> None:
    assert t_factor(0.95, math.inf) == pytest.approx(1.959963984540054, rel=1e-12)
    assert two_sided_p(1.959963984540054, math.inf) == pytest.approx(0.05, rel=1e-12)


def test_published_table() -> None:
    # Student's t, 95 % two-sided, as in GUM table G.2.
    table = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 10: 2.23, 20: 2.09, 50: 2.01}
    for nu, k in table.items():
        assert round(t_factor(0.95, nu), 2) == k


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="probability"):
        t_quantile(1.0, 3.0)
    with pytest.raises(ValueError, match="degrees of freedom"):
        t_quantile(0.9, 0.0)
