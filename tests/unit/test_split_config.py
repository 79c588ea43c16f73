"""What a split training may be, and that all its programs are told the same."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchharness.cli.participants import participants_of
from benchharness.errors import UnknownNameError, UsageError
from benchharness.plan.manifest import load_manifest
from benchharness.plan.run_table import Variant
from benchharness.split.config import SplitConfig, add_arguments, from_arguments
from benchharness.trial.spec import VariantSpec

MANIFEST = Path(__file__).parents[2] / "workloads" / "split_ares" / "workload.toml"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cut": 8}, "there is no cut 8"),
        ({"cut": -1}, "there is no cut -1"),
        ({"least_cut": 8}, "there is no cut 8"),
        ({"alpha": 1.01}, "alpha is 1.01"),
        ({"alpha": float("nan")}, "alpha is nan"),
        ({"scheme": "fixed", "cuts": "1;8;2"}, "there is no cut 8"),
        ({"scheme": "fixed", "cuts": "1;2"}, "2 cuts for 3 devices"),
        ({"scheme": "fixed", "cuts": ""}, "cuts is ''"),
        ({"smoothing": 0.0}, "smoothing is 0"),
        ({"hysteresis": 1.0}, "hysteresis is 1"),
        ({"timeout_s": 0.0}, "timeout_s is 0"),
        ({"devices": 0}, "devices is 0"),
        ({"server_energy": True}, "the server's energy needs its watts"),
        ({"server_watts": "65"}, "server_watts is '65'"),
        ({"server_watts": "20/65"}, "less while it computes than at rest"),
        ({"address": "here"}, "address is 'here'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        SplitConfig(**wrong)


@pytest.mark.parametrize("wrong", [{"scheme": "x"}, {"rule": "x"}, {"activations": "int4"}])
def test_names_that_are_not_known_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnknownNameError):
        SplitConfig(**wrong)


@pytest.mark.parametrize(
    ("scheme", "cuts"),
    [
        ("local", (7, 7)),
        ("server", (0, 0)),
        ("splitfed", (3, 3)),
        ("sequential", (3, 3)),
        ("fixed", (1, 6)),
        ("ares", None),
    ],
)
def test_a_scheme_says_the_cuts_or_leaves_them_to_be_chosen(
    scheme: str, cuts: tuple[int, ...] | None
) -> None:
    config = SplitConfig(scheme=scheme, cut=3, cuts="1; 6", devices=2)
    assert config.cuts_of_devices == cuts


def test_the_digest_is_of_the_training_and_not_of_its_place() -> None:
    config = SplitConfig(alpha=1)
    assert config.digest() == SplitConfig(alpha=1.0).digest()
    assert config.digest() == replace(config, address="0.0.0.0:9000").digest()
    assert config.digest() != replace(config, cut=2).digest()


def test_the_learning_rate_falls_to_a_tenth_or_never() -> None:
    config = SplitConfig(rounds=100, learning_rate=0.01)
    assert [config.rate_of_round(n) for n in (50, 51)] == pytest.approx([0.01, 0.001])
    assert replace(config, decay_after=0).rate_of_round(100) == 0.01


def told(repetition: int, **chosen: float | str | bool) -> list[SplitConfig]:
    """Return what each program of a repetition is told, the server first."""
    manifest = load_manifest(MANIFEST)
    defaults = {name: factor.default for name, factor in manifest.factors.items()}
    factors = {name: value for name, value in defaults.items() if value is not None}
    variant = Variant(0, "v", {**factors, **chosen}, "split_ares")
    spec = VariantSpec(0, "v", "split_ares", {}, participants_of(manifest, variant))
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--shared")
    parser.add_argument("--index")
    add_arguments(parser)
    programs = spec.of_repetition(repetition).participants
    return [from_arguments(parser.parse_args(program.argv[2:])) for program in programs]


def test_all_programs_are_told_the_same_training_by_the_workloads_defaults() -> None:
    found = told(0)
    assert found == [SplitConfig()] * 4


@pytest.mark.parametrize(("reseed", "seed"), [(True, 8), (False, 5)])
def test_repetitions_have_seeds_of_their_own(reseed: bool, seed: int) -> None:
    found = told(3, seed=5, reseed=reseed, scheme="fixed", cuts="1;4;7")
    assert [config.seed for config in found] == [seed] * 4
    assert {config.cuts_of_devices for config in found} == {(1, 4, 7)}
