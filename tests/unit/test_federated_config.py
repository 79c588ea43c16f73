"""The options of a training: as a record, as JSON, as arguments."""

from __future__ import annotations

import argparse
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import UsageError
from benchharness.federated.config import TaskConfig, add_arguments, from_arguments

ABOVE_0 = st.floats(1e-9, 1e9)
CONFIGS = st.builds(
    TaskConfig,
    data=st.sampled_from(["digits", "synthetic:10", "cifar100:/a b/c"]),
    examples=st.none() | st.integers(1, 10**6),
    clients=st.integers(1, 1000),
    alpha=ABOVE_0,
    learning_rate=ABOVE_0,
    momentum=st.floats(0, 1),
    timeout_s=ABOVE_0,
    start_timeout_s=ABOVE_0,
    seed=st.integers(0, 2**63 - 1),
    engine=st.sampled_from(["process", "grpc", "deployment"]),
    tls=st.booleans(),
    open_network=st.booleans(),
    client_evaluate=st.booleans(),
)


@given(CONFIGS)
def test_json_and_back_is_the_same(config: TaskConfig) -> None:
    assert TaskConfig.from_json(config.to_json()) == config


@given(CONFIGS)
def test_arguments_as_a_manifest_writes_them_give_the_same(config: TaskConfig) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    arguments = []
    for name in TaskConfig.__slots__:
        value = getattr(config, name)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        arguments += [f"--{name.replace('_', '-')}", "0" if value is None else text]
    assert from_arguments(parser.parse_args(arguments)) == config


def test_without_arguments_it_is_the_experiment_of_the_paper() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    config = from_arguments(parser.parse_args([]))
    assert config == TaskConfig()
    assert (config.clients, config.rounds, config.epochs, config.alpha) == (8, 15, 2, 0.5)


@pytest.mark.parametrize(
    ("arguments", "seed"),
    [
        ([], 7),
        (["--repetition", "0"], 7),
        (["--repetition", "3"], 10),
        (["--repetition", "3", "--reseed", "true"], 10),
        (["--repetition", "3", "--reseed", "false"], 7),
    ],
)
def test_each_repetition_has_a_seed_of_its_own_unless_that_is_not_wanted(
    arguments: list[str], seed: int
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    config = from_arguments(parser.parse_args(["--seed", "7", *arguments]))
    assert config == TaskConfig(seed=seed)
    assert config.digest() == TaskConfig(seed=seed).digest()  # others are refused


def test_a_repetition_that_gives_no_seed_is_refused() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(UsageError, match="repetition is -1; take at least 0"):
        from_arguments(parser.parse_args(["--repetition", "-1"]))
    with pytest.raises(UsageError, match="seed is 9223372036854775808"):
        from_arguments(parser.parse_args(["--seed", str(2**63 - 1), "--repetition", "1"]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"engine": "ray"}, "unknown engine 'ray'"),
        ({"clients": 0}, "clients is 0; take at least 1"),
        ({"alpha": 0.0}, "alpha is 0.0; take a number above 0"),
        ({"alpha": float("nan")}, "alpha is nan"),
        ({"timeout_s": -1.0}, "timeout_s is -1.0"),
        ({"start_timeout_s": 0}, "start_timeout_s is 0.0; take a number above 0"),
        ({"momentum": -0.1}, "momentum is -0.1"),
        ({"seed": -1}, "seed is -1; take 0 to 9223372036854775807"),
        ({"address": "nowhere"}, "address is 'nowhere'; write HOST:PORT"),
        ({"address": "host:65536"}, "address is 'host:65536'"),
    ],
)
def test_values_out_of_range_are_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        TaskConfig(**change)
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"rounds": 1, "colour": "red"}'])
def test_foreign_json_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a training's configuration"):
        TaskConfig.from_json(text)


def test_the_digest_is_of_the_training_and_not_of_where_it_runs() -> None:
    config = TaskConfig()
    assert TaskConfig(address="10.0.0.1:7000", compute="cuda").digest() == config.digest()
    assert TaskConfig(start_timeout_s=7).digest() == config.digest()
    assert TaskConfig(open_network=True).digest() == config.digest()
    assert TaskConfig(seed=2).digest() != config.digest()
    assert (config.host, config.port) == ("127.0.0.1", 0)


def test_a_whole_number_gives_the_digest_of_the_same_float() -> None:
    assert TaskConfig(timeout_s=15).digest() == TaskConfig(timeout_s=15.0).digest()
