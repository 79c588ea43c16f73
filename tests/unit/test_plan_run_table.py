"""Variants and their order: every one exactly once a block, and what is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import FactorValue
from benchharness.plan.factor_options import parse_set, parse_vary
from benchharness.plan.factors import Factor
from benchharness.plan.records import Exclusion, Manifest
from benchharness.plan.run_table import RunTable, block_order, fresh_seed, plan_run

N = Factor("n", "int", 5000, quick=200, minimum=1)
RUNTIME = Factor("runtime", "str", "wasmtime", levels=("wasmtime", "native", "numpy"))
BUILD = Factor("build", "str", "scalar", levels=("scalar", "simd128"))
CONDITIONAL_BUILD = Factor(
    "build",
    "str",
    "scalar",
    levels=("scalar", "simd128"),
    applies_when={"runtime": ("wasmtime",)},
)
NO_SIMD = Exclusion({"runtime": ("native", "numpy"), "build": ("simd128",)}, "workload.toml:31")


def manifest(*factors: Factor, exclude: tuple[Exclusion, ...] = ()) -> Manifest:
    return Manifest(
        name="matrix",
        title="Matrix product",
        folder=Path("/nowhere"),
        argv=("{python}",),
        factors={factor.name: factor for factor in factors},
        exclude=exclude,
    )


MATRIX = manifest(N, RUNTIME, CONDITIONAL_BUILD)
EXCLUDING = manifest(N, RUNTIME, BUILD, exclude=(NO_SIMD,))


def plan(of: Manifest, fixed: str = "", varied: str = "", repeat: int = 1, **more: Any) -> RunTable:
    return plan_run(of, parse_set(fixed.split()), parse_vary(varied.split()), repeat, 1, **more)


def labels(table: RunTable) -> list[str]:
    return [variant.label for variant in table.variants]


def error_of(of: Manifest, fixed: str = "", varied: str = "", **more: Any) -> str:
    with pytest.raises(UsageError) as caught:
        plan(of, fixed, varied, **more)
    assert caught.value.exit_code == 2
    return caught.value.line()


# Order


def test_the_order_of_a_seed_is_the_same_for_ever() -> None:
    # random() of seed 1: .134 .847 .764 .255 | .495 .449 .652 .789 | .094 .028 .836 .433
    assert block_order(4, 3, seed=1) == (
        *((0, 0), (3, 0), (2, 0), (1, 0)),
        *((1, 1), (0, 1), (2, 1), (3, 1)),
        *((1, 2), (0, 2), (3, 2), (2, 2)),
    )


@given(st.integers(1, 12), st.integers(1, 12), st.integers())
def test_each_repetition_is_a_block_with_every_variant_once(
    variants: int, repeat: int, seed: int
) -> None:
    order = block_order(variants, repeat, seed)
    assert set(Counter(order).values()) == {1}
    assert set(order) == {(v, r) for v in range(variants) for r in range(repeat)}
    assert [repetition for _, repetition in order] == sorted(r for _, r in order)
    assert order == block_order(variants, repeat, seed)


def test_another_seed_gives_another_order() -> None:
    assert len({block_order(6, 4, seed) for seed in range(20)}) == 20


def test_every_first_place_goes_to_each_variant_about_equally_often() -> None:
    firsts = Counter(variant for variant, _ in block_order(4, 4000, seed=7)[::4])
    # Binomial with p = 1/4: six standard deviations are 164.
    assert all(abs(count - 1000) < 164 for count in firsts.values())


def test_a_drawn_seed_can_be_typed_again() -> None:
    seeds = {fresh_seed() for _ in range(50)}
    assert len(seeds) > 1
    assert all(0 <= seed < 1_000_000 for seed in seeds)


# Crossing


def test_nothing_varied_is_one_variant_with_all_defaults() -> None:
    table = plan(MATRIX, repeat=3)
    assert labels(table) == ["matrix"]
    assert table.variants[0].factors == {"n": 5000, "runtime": "wasmtime", "build": "scalar"}
    assert table.order == ((0, 0), (0, 1), (0, 2))
    assert table.seed == 1


def test_a_factor_that_does_not_apply_is_not_crossed_nor_named() -> None:
    table = plan(MATRIX, varied="runtime=wasmtime,native,numpy build=scalar,simd128")
    assert labels(table) == ["wasmtime scalar", "wasmtime simd128", "native", "numpy"]
    assert [v.factors["build"] for v in table.variants] == ["scalar", "simd128", "scalar", "scalar"]
    assert [v.index for v in table.variants] == [0, 1, 2, 3]


def test_excluded_combinations_leave_four_of_six_too() -> None:
    table = plan(EXCLUDING, varied="runtime=wasmtime,native,numpy build=scalar,simd128")
    assert labels(table) == ["wasmtime scalar", "wasmtime simd128", "native scalar", "numpy scalar"]


@pytest.mark.parametrize("of", [MATRIX, EXCLUDING], ids=["applies_when", "exclude"])
def test_varying_the_runtime_alone_gives_one_variant_each(of: Manifest) -> None:
    assert labels(plan(of, varied="runtime=wasmtime,native")) == ["wasmtime", "native"]


def test_a_set_level_holds_where_it_applies_and_the_default_elsewhere() -> None:
    table = plan(MATRIX, "build=simd128", "runtime=native,wasmtime")
    assert [v.factors["build"] for v in table.variants] == ["scalar", "simd128"]
    assert labels(table) == ["native", "wasmtime"]


def test_a_condition_follows_a_set_factor() -> None:
    assert labels(plan(MATRIX, "runtime=wasmtime", "build=scalar,simd128")) == ["scalar", "simd128"]


def test_exclusions_of_a_campaign_come_on_top() -> None:
    big = Exclusion({"n": (5000,), "runtime": ("numpy",)}, "campaign.toml:9")
    table = plan(MATRIX, varied="n=100,5000 runtime=native,numpy", exclude=(big,))
    assert labels(table) == ["n=100 native", "n=100 numpy", "n=5000 native"]


@given(
    st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(["wasmtime", "native", "numpy"]), min_size=1, unique=True),
    st.lists(st.sampled_from(["scalar", "simd128"]), min_size=1, unique=True),
    st.integers(1, 3),
)
def test_the_full_factorial_less_what_does_not_apply(
    sizes: list[int], runtimes: list[str], builds: list[str], repeat: int
) -> None:
    vary: dict[str, list[FactorValue]] = {"n": [*sizes], "runtime": [*runtimes]}
    if "wasmtime" in runtimes:
        vary["build"] = [*builds]
    table = plan_run(MATRIX, {}, vary, repeat, 3)
    rows = [tuple(v.factors[name] for name in ("n", "runtime", "build")) for v in table.variants]
    expected = {
        (n, runtime, build if runtime == "wasmtime" else "scalar")
        for n in sizes
        for runtime in runtimes
        for build in builds
    }
    assert set(rows) == expected
    assert len(rows) == len(expected)
    assert len({*labels(table)}) == len(rows)
    assert Counter(table.order) == Counter(
        (variant, r) for variant in range(len(rows)) for r in range(repeat)
    )


# Quick


def test_quick_takes_the_quick_default_unless_the_factor_is_set_or_varied() -> None:
    assert plan(MATRIX, quick=True, repeat=4).variants[0].factors["n"] == 200
    assert plan(MATRIX, "n=300", quick=True).variants[0].factors["n"] == 300
    assert [v.factors["n"] for v in plan(MATRIX, varied="n=7,8", quick=True).variants] == [7, 8]
    assert len(plan(MATRIX, quick=True, repeat=4).order) == 4


# Labels


def test_a_label_names_numbers_and_flags_by_their_factor() -> None:
    flag = Factor("flag", "bool", False, levels=(False, True))
    table = plan(manifest(N, flag), varied="n=1,2 flag=true,false")
    assert labels(table)[0] == "n=1 flag=true"


def test_labels_that_would_be_the_same_are_told_apart_by_the_factors_names() -> None:
    left = Factor("left", "str", "a", levels=("a", "a b"))
    right = Factor("right", "str", "c", levels=("b c", "c"))
    table = plan_run(manifest(left, right), {}, {"left": ["a", "a b"], "right": ["b c", "c"]}, 1, 1)
    assert len(set(labels(table))) == 4


# Refusals


def test_an_unknown_factor_names_the_nearest() -> None:
    line = error_of(MATRIX, varied="runtme=native")
    assert line == "--vary runtme: unknown factor of matrix 'runtme'; did you mean 'runtime'?"


def test_an_unknown_level_names_the_nearest() -> None:
    line = error_of(MATRIX, "runtime=wasmtme")
    assert line == "--set runtime: unknown level of runtime 'wasmtme'; did you mean 'wasmtime'?"


def test_places_of_a_campaign_file_stand_in_the_message() -> None:
    with pytest.raises(UsageError) as caught:
        plan_run(MATRIX, {"n": 0}, {}, 1, 1, places={"set.n": "c.toml:4: set.n"})
    assert caught.value.line() == "c.toml:4: set.n: 0 is below the minimum of n, 1"


def test_a_factor_cannot_be_set_and_varied() -> None:
    assert "n is both set and varied" in error_of(MATRIX, "n=1", "n=1,2")


def test_the_same_level_twice_is_refused_however_it_is_written() -> None:
    assert "--vary n: 1000 is there twice" in error_of(MATRIX, varied="n=1000,1_000")


def test_no_repetition_is_refused() -> None:
    assert "--repeat: cannot repeat 0 times" in error_of(MATRIX, repeat=0)


def test_a_level_that_applies_nowhere_says_when_it_would() -> None:
    line = error_of(MATRIX, "build=simd128 runtime=native")
    assert line == (
        "build=simd128: build only applies when runtime=wasmtime; "
        "leave build out, or choose such a level"
    )


def test_an_explicit_conflict_names_the_exclusion_and_its_line() -> None:
    pair = "runtime=native with build=simd128 makes no sense (workload.toml:31); change one of them"
    assert error_of(EXCLUDING, "build=simd128 runtime=native") == pair
    # A factor that is beside the conflict is not blamed, whatever its place.
    assert error_of(EXCLUDING, "n=7 build=simd128 runtime=native") == pair
    line = error_of(EXCLUDING, "build=simd128", "runtime=native,numpy")
    assert line == f"every combination is excluded, the first: {pair}"


def test_a_varied_level_that_no_variant_can_have_is_not_dropped_silently() -> None:
    line = error_of(EXCLUDING, "build=simd128", "runtime=wasmtime,native")
    assert line.startswith("runtime=native is excluded: ")
    assert "workload.toml:31" in line


def test_defaults_that_are_excluded_are_refused() -> None:
    rule = Exclusion({"runtime": ("wasmtime",)}, "workload.toml:9")
    line = error_of(manifest(RUNTIME, exclude=(rule,)))
    assert line == "runtime=wasmtime makes no sense (workload.toml:9); choose another level"


def test_a_command_has_no_factors() -> None:
    command = Manifest("command", "ls", Path("/"), ("/bin/ls",), ad_hoc=True)
    assert error_of(command, "n=1") == (
        "--set n: a command has no factors; write its arguments after --"
    )
    assert labels(plan(command, repeat=2)) == ["command"]


# Options


def test_options_are_split_at_the_first_equals_sign() -> None:
    assert parse_set(["flags=-O2 -DX=1", "n = 5"]) == {"flags": "-O2 -DX=1", "n": "5"}
    assert parse_vary(["n=1, 2,3"]) == {"n": ["1", "2", "3"]}


@pytest.mark.parametrize(
    ("parse", "options", "message"),
    [
        (parse_set, ["n"], "--set: expected factor=value, got 'n'; for example n=1000"),
        (parse_set, ["=5"], "--set: expected factor=value, got '=5'; for example n=1000"),
        (parse_set, ["n=1", "n=2"], "--set: n is set twice; set it once, or --vary it"),
        (parse_vary, ["n=1", "n=2"], "--vary: n is varied twice; write n=a,b in one option"),
        (parse_vary, ["n=1,,2"], "--vary: 'n=1,,2' has an empty level; write n=a,b"),
        (parse_vary, ["n="], "--vary: 'n=' has an empty level; write n=a,b"),
    ],
)
def test_a_wrong_option_is_one_line(parse: Any, options: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(options)
    assert caught.value.line() == message
    assert not isinstance(caught.value, UnknownNameError)
