from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchharness.standing import Needed, Word
from benchharness.stats.decision import judge
from benchharness.stats.needed import needed
from benchharness.stats.sample import Sample
from benchharness.stats.simultaneous import all_pairs, joint_level, pairs_of, ratio_between


@pytest.mark.parametrize(
    ("low", "high", "margin", "word"),
    [
        (0.80, 0.90, 0.02, Word.LOWER),
        (0.80, 0.98, 0.02, Word.LOWER_UNCLEAR),  # the end on the margin does not count as beyond
        (0.97, 0.99, 0.02, Word.LOWER_UNCLEAR),
        (0.985, 0.995, 0.02, Word.SAME),  # below 1, and too little to matter
        (0.99, 1.01, 0.02, Word.SAME),
        (0.97, 1.01, 0.02, Word.UNDECIDED),
        (1.01, 1.03, 0.02, Word.HIGHER_UNCLEAR),
        (1.03, 1.05, 0.02, Word.HIGHER),
        (0.99, 0.999, 0.0, Word.LOWER),
        (0.99, 1.0, 0.0, Word.UNDECIDED),
        (1.001, 1.01, 0.0, Word.HIGHER),
        (1.0, 1.0, 0.0, Word.SAME),  # equal to the last digit, without any spread
    ],
)
def test_the_word_follows_from_interval_and_margin(
    low: float, high: float, margin: float, word: Word
) -> None:
    assert judge(low, high, margin) is word


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="upside down"):
        judge(1.1, 0.9)
    with pytest.raises(ValueError, match="margin"):
        judge(0.9, 1.1, 1.0)


@given(st.floats(0.1, 5.0), st.floats(0.0, 2.0), st.floats(0.0, 0.5))
def test_a_word_never_contradicts_its_interval(low: float, width: float, margin: float) -> None:
    word = judge(low, low + width, margin)
    if word.is_lower:
        assert low + width < 1.0
    elif word.is_higher:
        assert low > 1.0
    elif word is Word.UNDECIDED:
        assert low <= 1.0 <= low + width


def test_joint_levels_and_pairs() -> None:
    assert pairs_of(4) == 6
    assert joint_level(6) == pytest.approx(1 - 0.05 / 6)
    assert joint_level(0) == 0.95


def test_all_pairs_are_of_the_joint_level_both_ways_round() -> None:
    rng = np.random.default_rng(3)
    samples = [Sample(f"v{i}", tuple(rng.normal(10 + i, 0.2, 6))) for i in range(4)]
    found = all_pairs(samples)
    assert len(found) == 12
    alone = ratio_between(samples[1], samples[0], joint_level(6))
    assert found[1, 0] == alone
    there, back = found[2, 3], found[3, 2]
    assert there.low is not None
    assert back.high is not None
    assert there.ratio * back.ratio == pytest.approx(1.0)
    assert there.low * back.high == pytest.approx(1.0, rel=1e-9)


def test_a_value_without_spread_has_a_ratio_and_no_interval() -> None:
    one, many = Sample("one", (2.0,)), Sample("many", (1.0, 1.1, 0.9))
    found = ratio_between(one, many, 0.95)
    assert found is not None
    assert (found.ratio, found.low, found.high) == (2.0, None, None)
    assert ratio_between(many, Sample("none", ()), 0.95) is None
    assert ratio_between(one, Sample("zero", (0.0,)), 0.95) is None
    assert all_pairs([one, many]) == {}


def of(mean: float, sd: float, n: int, **rest: float) -> Sample:
    """Values with exactly this mean and standard deviation."""
    steps = np.linspace(-1.0, 1.0, n)
    return Sample("s", tuple(mean + sd * steps / steps.std(ddof=1)), **rest)


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        ((1.0, 30.0, 90.0, 2.0), (0.9, 1.1, 1.0, 1.0)),  # 45 % of the mean
        ((10.0, 11.0, 12.0), (6.0, 10.0, 16.0)),  # 27 % of it, and no upper end at t = 4.3
    ],
)
def test_what_is_hardly_known_promises_nothing(
    mine: tuple[float, ...], other: tuple[float, ...]
) -> None:
    a, b = Sample("a", mine, window_s=10.0), Sample("b", other, window_s=10.0)
    assert needed(a, b, Word.UNDECIDED, margin=0.0, level=0.95) is None


def test_so_many_more_repetitions_decide_in_four_of_five_campaigns() -> None:
    a, b = of(100.0, 2.0, 5), of(101.5, 2.0, 5)
    found = needed(b, a, Word.UNDECIDED, margin=0.0, level=0.95)
    assert found is not None
    assert found.window_s is None
    assert found.repetitions is not None
    n = 5 + found.repetitions
    # The power of a t test at that number, by the noncentral t of SciPy.
    shift, nu = 1.5 / (2.0 * math.sqrt(2.0 / n)), 2 * (n - 1)
    limit = stats.t.ppf(0.975, nu)
    power = 1 - stats.nct.cdf(limit, nu, shift)
    assert 0.79 < power < 0.83


def test_what_is_nearly_equal_is_decided_by_the_margin() -> None:
    a, b = of(100.0, 3.0, 5), of(100.1, 3.0, 5)
    assert needed(b, a, Word.UNDECIDED, margin=0.0, level=0.95) is None
    found = needed(b, a, Word.UNDECIDED, margin=0.03, level=0.95)
    assert found is not None
    assert found.repetitions is not None
    assert 5 < found.repetitions < 60


def test_same_needs_both_ends_of_the_interval() -> None:
    # Equal means, seen and true: 80 % of campaigns of that size must end within the margin.
    a = of(1.0, 0.02, 5)
    found = needed(a, a, Word.UNDECIDED, margin=0.02, level=0.95)
    assert found is not None
    assert found.repetitions is not None
    n = 5 + found.repetitions
    rng = np.random.default_rng(5)
    same = 0
    for _ in range(1500):
        pair = [Sample("s", tuple(rng.normal(1.0, 0.02, n).tolist())) for _ in range(2)]
        ratio = ratio_between(pair[0], pair[1], 0.95)
        assert ratio is not None
        assert ratio.low is not None
        assert ratio.high is not None
        same += judge(ratio.low, ratio.high, 0.02) is Word.SAME
    assert 0.77 <= same / 1500 <= 0.86  # it was 65 % with one end only


def test_a_meter_that_claims_more_than_is_seen_is_not_blamed() -> None:
    # The trials differ by 1.5 %, the budget says that the meter alone makes 2 %.
    pessimistic = {"window_u": 2.0, "window_s": 30.0}
    a, b = of(100.0, 1.5, 5, **pessimistic), of(101.5, 1.5, 5, **pessimistic)
    found = needed(b, a, Word.UNDECIDED, margin=0.0, level=0.95)
    assert found is not None
    assert found.window_s is None
    fitting = {**pessimistic, "window_u": 1.5}
    a, b = of(100.0, 1.5, 5, **fitting), of(101.5, 1.5, 5, **fitting)
    found = needed(b, a, Word.UNDECIDED, margin=0.0, level=0.95)
    assert found is not None
    assert found.window_s is not None


def test_longer_windows_help_where_the_meter_is_what_blurs() -> None:
    coarse = {"common_u": 1.0, "window_s": 30.0}
    a, b = of(100.0, 0.01, 5, **coarse), of(101.0, 0.01, 5, **coarse)
    found = needed(b, a, Word.UNDECIDED, margin=0.0, level=0.95)
    assert found is not None
    assert found.repetitions is None  # every repetition is rounded alike
    # (1.96 + 0.84) √2 0.01 / f = ln 1.01 gives f = 3.98; rounded up to two digits
    assert found.window_s in (120.0, 130.0)
    lasting = {**coarse, "lasting_u": 1.0}
    blurred = needed(of(101.0, 0.01, 5, **lasting), of(100.0, 0.01, 5, **lasting), Word.UNDECIDED,
                     margin=0.0, level=0.95)  # fmt: skip
    assert blurred is None


def test_the_words_of_what_would_decide() -> None:
    what = "if the difference is what it looks like"
    both = f"about 7 more repetitions, or windows of 90 s, would decide {what}"
    assert Needed(7, 90.0).text() == both
    assert Needed(1).text() == f"about 1 more repetition would decide {what}"
    assert Needed(None, 240.0).text() == f"windows of 240 s would decide {what}"
    assert Needed().text() == ""
    decided = needed(of(2.0, 0.1, 5), of(1.0, 0.1, 5), Word.HIGHER, margin=0.0, level=0.95)
    assert decided is None
