from __future__ import annotations

import numpy as np

from benchharness.stats.ranking import rank
from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample
from benchharness.stats.saying import listed, ratio_text
from benchharness.stats.verdict import Verdict, Wording, verdict

ENERGY = Wording(
    "net energy",
    "uses the least net energy",
    "use the least net energy",
    "use more",
    lambda j: f"{j:.3g} J",
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
        "about 101 more repetitions would decide"
    )


def test_the_others_are_still_told_from_those() -> None:
    assert "; all others use more" in said(NUMPY, NATIVE, TWIN).sentence


def test_one_trial_each_has_no_spread() -> None:
    found = said(Sample("a", (1.0,)), Sample("b", (9.0,)))
    assert not found.decided
    assert found.sentence == (
        "no ranking by net energy: one good trial each has no spread; repeat with --repeat 5"
    )


def test_one_variant_with_a_single_trial_stops_the_ranking() -> None:
    assert "one trial of lonely" in said(NUMPY, NATIVE, Sample("lonely", (3.0,))).sentence


def test_a_single_variant() -> None:
    assert said(NUMPY).sentence == "numpy: net energy 12.3 J (95 % interval 12.1 J to 12.5 J)"
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
        "none is known to be below native in net energy; near cannot be told from it"
    )
    assert "near is the same within 10 %" in against(NATIVE, near, margin=0.1).sentence
