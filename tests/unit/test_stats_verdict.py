from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np

from benchharness.stats.ranking import rank
from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample
from benchharness.stats.saying import listed, ratio_text
from benchharness.stats.verdict import verdict
from benchharness.stats.wording import Verdict, Wording

ENERGY = Wording(
    "net energy",
    "uses the least net energy",
    "use the least net energy",
    "use more",
    lambda j: f"{j:.3g} J",
    lambda j, half: f"{j:.2f} ± {half:.2f} J",
)

NUMPY = Sample("numpy", (12.1, 12.3, 12.5, 12.2, 12.4))
NATIVE = Sample("native", (49.0, 50.5, 51.0, 50.0, 51.5))
TWIN = Sample("twin", (12.2, 12.4, 12.3, 12.6, 12.3))


def said(*samples: Sample) -> Verdict:
    found = verdict(samples, ENERGY)
    assert found is not None
    return found


def test_a_clear_winner() -> None:
    found = said(NATIVE, NUMPY)
    assert found.decided
    assert found.sentence == (
        "numpy uses the least net energy: 12.3 J, 75.6 % less than native "
        "(95 % interval 75.0 to 76.2 %)"
    )


def test_the_farthest_is_named_too() -> None:
    slow = Sample("slow", (120.0, 121.0, 122.0))
    assert said(NATIVE, slow, NUMPY).sentence.endswith(" and 89.83 % less than slow")


def test_what_cannot_be_told_apart_is_not_ranked() -> None:
    found = said(NUMPY, TWIN)
    assert not found.decided
    assert found.sentence == (
        "numpy and twin cannot be told apart in net energy (difference −1.34 to +2.35 %); "
        "about 101 more repetitions would decide if the difference is what it looks like"
    )


def test_the_others_are_still_told_from_those() -> None:
    assert "; all others use more" in said(NUMPY, NATIVE, TWIN).sentence


def test_one_trial_each_has_no_spread() -> None:
    found = said(Sample("a", (1.0,)), Sample("b", (9.0,)))
    assert not found.decided
    assert found.sentence == (
        "No ranking by net energy: one good trial each has no spread; repeat with --repeat 5"
    )


def test_one_variant_with_a_single_trial_stops_the_ranking() -> None:
    assert "one trial of lonely" in said(NUMPY, NATIVE, Sample("lonely", (3.0,))).sentence


def test_a_single_variant() -> None:
    assert said(NUMPY).sentence == "numpy: net energy 12.30 ± 0.20 J (95 % interval; 5 runs)"
    equal = Sample("a", (2.0, 2.0))
    assert said(equal).sentence == "a: net energy 2 J in each of 2 runs"
    assert "--repeat" in said(Sample("a", (1.0,))).sentence


def test_no_values_no_verdict() -> None:
    assert verdict([Sample("a", ())], ENERGY) is None


def test_a_coarse_meter_is_not_outvoted_by_repetition() -> None:
    # Both read the same step again and again: no spread, and still no ranking.
    first = Sample("a", (10.0, 10.0, 10.0), common_u=1.0)
    second = Sample("b", (11.0, 11.0, 11.0), common_u=1.0)
    found = said(first, second)
    assert not found.decided
    assert "finer meter" in found.sentence


def test_equal_variants_are_rarely_ranked() -> None:
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(400):
        samples = [Sample(f"v{i}", tuple(rng.normal(10.0, 1.0, 5))) for i in range(4)]
        wrong += len(rank(samples).tied) < 3
    assert wrong / 400 < 0.12  # the best is chosen first, which Holm does not know of


def test_ratios_of_all_to_the_best() -> None:
    found = rank([NATIVE, NUMPY, Sample("none", ()), Sample("one", (24.6,))])
    assert found.best == 1
    assert found.ratios[1] == Ratio(1.0, None, None)
    assert found.ratios[2] is None
    one = found.ratios[3]
    assert one is not None
    assert (round(one.ratio, 3), one.low) == (2.0, None)


def test_no_ratio_to_something_that_is_not_positive() -> None:
    found = rank([Sample("a", (-1.0, -0.5)), Sample("b", (3.0, 3.1))])
    assert found.ratios == (Ratio(1.0, None, None), None)


def test_digits_of_a_ratio_follow_its_interval() -> None:
    assert ratio_text(Ratio(4.12, 3.9, 4.3)) == ("4.1", "3.9", "4.3")
    assert ratio_text(Ratio(41.2, 31.0, 52.0)) == ("41", "31", "52")
    assert ratio_text(Ratio(1.023, 1.004, 1.04)) == ("1.023", "1.004", "1.040")
    assert ratio_text(Ratio(2.0, 2.0, 2.0)) == ("2.000", "2.000", "2.000")


def test_names_are_listed_as_people_do() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def against(*samples: Sample, margin: float = 0.0) -> Verdict:
    found = verdict(samples, ENERGY, reference="native", margin=margin)
    assert found is not None
    return found


def test_a_winner_against_the_baseline_says_how_many_runs() -> None:
    found = against(NATIVE, NUMPY, margin=0.02)
    assert found.decided
    assert found.sentence == (
        "numpy uses the least net energy: 12.3 J, 75.6 % less than native "
        "(95 % interval 75.0 to 76.2 %; 5 + 5 runs)"
    )


def test_two_leaders_are_the_same_within_the_margin_or_not_told_apart() -> None:
    assert against(NATIVE, TWIN, NUMPY, margin=0.05).sentence == (
        "numpy and twin use the least net energy, about 76 % less than native. "
        "They are the same within 5 %"
    )
    unsure = against(NATIVE, TWIN, NUMPY)
    assert not unsure.decided
    assert unsure.sentence.startswith(
        "numpy and twin use the least net energy, about 76 % less than native. "
        "They cannot be told apart; about "
    )


def test_the_baseline_itself_may_be_the_least() -> None:
    slow = Sample("slow", (120.0, 121.0, 122.0))
    assert against(slow, NATIVE).sentence == (
        "native, the baseline, uses the least net energy: 50.4 J; all others use more"
    )


def test_nothing_is_said_to_be_below_the_baseline_that_is_not_known_to_be() -> None:
    near = Sample("near", (50.2, 50.9, 50.4, 49.4, 51.0))
    found = against(NATIVE, near)
    assert not found.decided
    assert found.sentence.startswith(
        "None is known to be below native in net energy; near cannot be told from it"
    )
    assert "near is the same within 10 %" in against(NATIVE, near, margin=0.1).sentence


def test_the_interval_of_a_single_variant_has_the_share_of_the_meter() -> None:
    gain = replace(NUMPY, meter_share=1.0)
    assert said(gain).sentence == "numpy: net energy 12.30 ± 1.02 J (95 % interval; 5 runs)"
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(500):
        meter = 100.0 * (1.0 + rng.uniform(-0.05, 0.05))
        values = tuple(rng.normal(meter, 0.5, 5).tolist())
        share = 1.959964 * 5.0 / math.sqrt(3.0)
        text = said(Sample("a", values, meter_share=share)).sentence
        mean, half = (float(x) for x in re.findall(r"[0-9.]+", text)[:2])
        held += abs(mean - 100.0) <= half
    assert held / 500 > 0.95  # without the share 9 %


def test_the_least_is_not_named_while_another_may_be_it() -> None:
    # B, quite noisy, is neither known to be below the baseline nor told from A.
    native = Sample("native", (99.0, 100.0, 101.0, 100.5, 99.5))
    a = Sample("A", (87.0, 88.0, 89.0, 88.5, 87.5))
    b = Sample("B", (75.0, 95.0, 105.0, 88.0, 92.0))
    found = against(native, a, b)
    assert not found.decided
    assert found.sentence.startswith(
        "A uses 12.0 % less net energy than native (95 % interval 10.7 to 13.3 %; 5 + 5 runs); "
        "B cannot be told from A; about "
    )


def test_what_has_a_lower_mean_than_the_one_that_is_known_to_be_lower() -> None:
    native = Sample("native", (99.0, 100.0, 101.0, 100.5, 99.5))
    a = Sample("A", (87.0, 88.0, 89.0, 88.5, 87.5))
    b = Sample("B", (70.0, 90.0, 103.0, 78.0, 82.0))
    found = against(native, a, b)
    assert not found.decided
    assert found.sentence.startswith("A uses 12.0 % less net energy than native (")
    assert "; B cannot be told from A" in found.sentence


def test_several_are_lower_and_one_may_be() -> None:
    native = Sample("native", (99.0, 100.0, 101.0, 100.5, 99.5))
    a = Sample("A", (87.0, 88.0, 89.0, 88.5, 87.5))
    c = Sample("C", (87.1, 88.1, 89.1, 88.6, 87.4))
    b = Sample("B", (75.0, 95.0, 105.0, 88.0, 92.0))
    assert against(native, a, b, c).sentence.startswith(
        "A and C use about 12 % less net energy than native; B cannot be told from A"
    )


def test_what_is_named_the_least_is_told_from_all_others() -> None:
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(300):
        samples = [
            Sample("native", tuple(rng.normal(100.0, 1.0, 5).tolist())),
            Sample("A", tuple(rng.normal(88.0, 1.0, 5).tolist())),
            Sample("B", tuple(rng.normal(86.0, 13.0, 5).tolist())),
        ]
        found = against(*samples)
        wrong += found.decided and found.sentence.startswith("A ")
    assert wrong / 300 <= 0.03  # it was 40 % while only the baseline was asked


def test_a_second_question_is_asked_at_half_the_error() -> None:
    a = Sample("a", (1.0, 1.1, 0.9, 1.05, 0.95))
    b = Sample("b", (1.12, 1.24, 1.02, 1.17, 1.1))
    first, second = (verdict([a, b], ENERGY, questions=n) for n in (1, 2))
    assert first is not None
    assert second is not None
    assert (first.decided, second.decided) == (True, False)
    far = Sample("far", (2.0, 2.1, 1.9))
    answer = verdict([a, far], ENERGY, questions=2)
    assert answer is not None
    assert answer.sentence == "a uses the least net energy: 1 J, 50 % less than far"
