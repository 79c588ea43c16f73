"""What a dry run says cannot be told apart, and how many comparisons it is for."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from benchharness.cli.earlier import Known
from benchharness.cli.telling import Telling, telling_of
from benchharness.cli.telling_text import advice_command, alone_text, telling_text
from benchharness.model import Capabilities, MeasurementClass
from benchharness.stats.power import chance_to_tell

PLUG = Capabilities(
    MeasurementClass.MEASURED, True, False, period_s=1.0, power_resolution_w=0.1, gain_bound=0.02
)
MODEL = Capabilities(MeasurementClass.ESTIMATED, True, True, gain_bound=0.5)
LONG = Known("c1", 5, 60.0, 5.0, 0.03, "plug-1", 600.0, 4.0, 0.01)
HARD = Known("c1", 5, 60.0, 5.0, 0.04, "plug-1", 480.0, 4.0, 0.02)


def meter(can: Capabilities, name: str = "plug-1") -> Any:
    instrument = SimpleNamespace(name=name, options={}, where=f"./{name}.toml")
    return SimpleNamespace(instrument=instrument, capabilities=lambda: can)


def test_time_by_the_pooled_spread_of_what_was_measured() -> None:
    (told,) = telling_of("duration_s", [], {0: LONG, 1: HARD}, 0.0, 8, 1)
    assert told.spread_rel == pytest.approx(((0.03**2 + 0.04**2) / 2) ** 0.5)
    assert told.assumed == ()
    assert told.difference is not None
    assert chance_to_tell(told.difference, told.spread_rel, 8) == pytest.approx(0.8, abs=1e-6)
    assert told.better is not None
    smaller, n = told.better
    assert smaller < told.difference
    assert chance_to_tell(smaller, told.spread_rel, n) >= 0.8
    assert chance_to_tell(smaller, told.spread_rel, n - 1) < 0.8


def test_more_comparisons_tell_less_each() -> None:
    one, six = (telling_of("duration_s", [], {0: LONG}, 0.0, 8, c)[0].difference for c in (1, 6))
    assert one is not None
    assert six is not None
    assert six > one


def test_energy_is_that_of_the_hardest_variant_and_comes_first() -> None:
    energy, time = telling_of("energy", [meter(PLUG)], {0: LONG, 1: HARD}, 10.0, 8, 1)
    assert (energy.what, energy.meter, energy.window_s) == ("net energy", "plug-1", 60.0)
    assert energy.spread_rel == pytest.approx(((0.01**2 + 0.02**2) / 2) ** 0.5)
    assert 0.0 < energy.shared_rel < 0.02
    assert time.what == "time"
    turned = telling_of("duration_s", [meter(PLUG)], {0: LONG}, 10.0, 8, 1)
    assert [each.what for each in turned] == ["time", "net energy"]
    gross = telling_of("energy_gross_j", [meter(PLUG)], {0: LONG}, 10.0, 8, 1)[0]
    assert gross.what == "gross energy"
    assert gross.shared_rel < energy.shared_rel


def test_where_nothing_is_known_what_is_assumed_is_said() -> None:
    *energies, _ = telling_of("energy", [meter(PLUG)], {}, 10.0, 8, 1)
    assert [each.window_s for each in energies] == [10.0, 60.0, 600.0]
    assert energies[0].assumed == (
        "windows of 10.0 s, 1 min 00 s and 10 min 00 s",
        "5 W while it works, 3 W at rest",
        "equal trials that vary by 2 %",
    )
    differences = [each.difference or 9.0 for each in energies]
    assert differences == sorted(differences, reverse=True)  # longer windows tell more


def test_an_estimate_tells_programs_apart_badly_and_says_why() -> None:
    told = telling_of("energy", [meter(MODEL, "model")], {}, 2.0, 8, 3)[0]
    assert told.estimated
    assert told.better is None
    assert telling_text(told).endswith("wrong for each program on its own: connect a plug")
    assert "only differences above" in telling_text(told)


def test_sentences() -> None:
    told = Telling("net energy", "plug-1", 30.0, 10, 0.041, (0.03, 12), 0.001, 0.02, ())
    assert telling_text(told) == (
        "plug-1, windows of 30.0 s, 10 repetitions: differences below 4.1 % will stay "
        "undecided; 12 repetitions would tell 3 %"
    )
    coarse = Telling("e", "p", 30.0, 9, 0.5, None, 0.1, 0.02, (), False, "quantisation")
    assert telling_text(coarse).endswith(
        "its quantisation leaves ± 10 % however often it is repeated"
    )
    assert advice_command(coarse) is None  # the power is not known, which advise asks for
    known = replace(coarse, power_w=(5.0, 3.0), option="./my p.toml")
    assert advice_command(known) == (
        "benchharness advise --meter './my p.toml' --difference 25% --power 5 --idle-power 3"
    )
    # 2 x 2.262 x 0.02 / sqrt(10) = 0.0286
    assert alone_text(Telling("time", None, None, 10, None, None, 0.0, 0.02, ())) == (
        "10 repetitions: a 95 % interval about 2.9 % wide"
    )
