"""The Flower app: its configuration is the workload's, and travels whole."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

import pytest

pytest.importorskip("flwr")  # which needs CPython 3.11, and brings tomli

import tomli

from benchharness.declarations import shipped_folder
from benchharness.errors import UsageError
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_app import run_config, task_of
from benchharness.federated.flower_deployment import _toml

APP = shipped_folder("workloads") / "fl_wideresnet" / "app"


def declared() -> dict[str, object]:
    with (APP / "pyproject.toml").open("rb") as file:
        found: dict[str, object] = tomli.load(file)["tool"]["flwr"]["app"]["config"]
    return found


def test_the_app_declares_every_field_with_its_default() -> None:
    assert set(declared()) == {field.name for field in fields(TaskConfig)} | {"shared"}
    assert task_of(declared()) == TaskConfig(engine="deployment")


def test_a_training_travels_whole_through_flowers_configuration(tmp_path: Path) -> None:
    config = TaskConfig(
        data='cifar100:/a "b"/ü\\n.tar.gz', examples=70, clients=3, alpha=1e-3, engine="deployment"
    )
    values = run_config(config, tmp_path)
    assert set(values) == set(declared())
    written = tomli.loads("".join(f"{name} = {_toml(each)}\n" for name, each in values.items()))
    assert task_of(written) == config
    assert {type(value) for value in written.values()} <= {bool, int, float, str}


def test_a_wrong_value_is_refused() -> None:
    with pytest.raises(UsageError, match="clients is 0"):
        task_of({**declared(), "clients": 0})


@pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")  # of Flower's
def test_flower_takes_the_app_for_one() -> None:
    from flwr.cli.build import build_fab_from_disk
    from flwr.common.config import validate_config

    with (APP / "pyproject.toml").open("rb") as file:
        valid, errors, warnings = validate_config(tomli.load(file), check_module=False)
    assert (valid, errors, warnings) == (True, [], [])
    assert 500 < len(build_fab_from_disk(APP)) < 20_000


@pytest.mark.usefixtures("without_app_modules")
def test_its_parts_are_where_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    from flwr.clientapp import ClientApp
    from flwr.serverapp import ServerApp

    monkeypatch.syspath_prepend(str(APP))
    assert isinstance(importlib.import_module("fl_wideresnet.server_app").app, ServerApp)
    assert isinstance(importlib.import_module("fl_wideresnet.client_app").app, ClientApp)


@pytest.fixture
def without_app_modules() -> object:
    yield
    for name in [each for each in sys.modules if each.partition(".")[0] == "fl_wideresnet"]:
        del sys.modules[name]
