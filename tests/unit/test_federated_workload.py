"""The manifest of the workload and the options of its programs: one training for all of them."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from benchharness.cli.participants import participants_of
from benchharness.federated.config import TaskConfig, add_arguments, from_arguments
from benchharness.plan.manifest import load_manifest
from benchharness.plan.run_table import Variant
from benchharness.trial.spec import VariantSpec

MANIFEST = Path(__file__).parents[2] / "workloads" / "fl_wideresnet" / "workload.toml"


def configs(repetition: int, **chosen: float | str | bool) -> list[TaskConfig]:
    """Return what each program of a repetition is told, the server first."""
    manifest = load_manifest(MANIFEST)
    defaults = {name: factor.default for name, factor in manifest.factors.items()}
    factors = {name: value for name, value in defaults.items() if value is not None}
    variant = Variant(0, "v", {**factors, "clients": 2, **chosen}, "fl_wideresnet")
    spec = VariantSpec(0, "v", "fl_wideresnet", {}, participants_of(manifest, variant))
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--shared")
    parser.add_argument("--index")
    add_arguments(parser)
    programs = spec.of_repetition(repetition).participants
    return [from_arguments(parser.parse_args(program.argv[2:])) for program in programs]


@pytest.mark.parametrize(
    ("repetition", "reseed", "seed"), [(0, True, 5), (3, True, 8), (3, False, 5)]
)
def test_all_programs_of_a_repetition_have_its_seed(
    repetition: int, reseed: bool, seed: int
) -> None:
    found = configs(repetition, seed=5, reseed=reseed)
    assert [config.seed for config in found] == [seed] * 3
    assert len({config.digest() for config in found}) == 1


def test_runs_of_two_variants_are_paired_by_their_seeds() -> None:
    ours, theirs = configs(2, engine="process"), configs(2, engine="grpc")
    assert ours[0].seed == theirs[0].seed == TaskConfig().seed + 2


def test_the_defaults_are_those_of_the_programs() -> None:
    """But for the time: a trial on slow devices needs more than a test by hand."""
    (server, *_) = configs(0, timeout_s=TaskConfig().timeout_s, clients=TaskConfig().clients)
    assert server == TaskConfig()
