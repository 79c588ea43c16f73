"""Real documents against the published schemas, which know every key of theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from benchharness.cli.main import main
from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import MeasurementClass, Status
from benchharness.report.comparison import compare_campaigns
from benchharness.report.comparison_document import to_comparison_document
from benchharness.report.derive import derive_campaign
from benchharness.report.document import SCHEMA_VERSION, json_types, to_document, write_json
from benchharness.report.raw_json import write_raw_json
from benchharness.report.schemas import schema, schema_names, version_of, write_schemas
from tests.unit.derive_store import Trial, campaign
from tests.unit.edge_store import edge_campaign
from tests.unit.report_samples import assembled, sample_campaign, troubled, with_rail


def strict(value: Any) -> Any:
    """Forbid what a schema does not name, so that no key goes without a description."""
    if isinstance(value, list):
        return [strict(item) for item in value]
    if not isinstance(value, dict):
        return value
    closed = {key: strict(item) for key, item in value.items()}
    if isinstance(value.get("properties"), dict) and value.get("type") == "object":
        closed["additionalProperties"] = False
    return closed


def faults(document: object, name: str = "campaign") -> list[str]:
    found = Draft202012Validator(strict(schema(name))).iter_errors(document)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


@pytest.mark.parametrize("name", ["campaign", "comparison"])
def test_schemas_are_schemas_of_this_version(name: str) -> None:
    found = schema(name)
    Draft202012Validator.check_schema(found)
    assert found["properties"]["schema_version"]["const"] == SCHEMA_VERSION
    assert found["$id"].endswith(f":{name}:{SCHEMA_VERSION}")
    assert name in schema_names()


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        sample_campaign,
        lambda: sample_campaign(repeat=1, cls=MeasurementClass.EMULATED),
        lambda: troubled(sample_campaign()),
        lambda: with_rail(sample_campaign(repeat=2)),
        lambda: assembled([], kinds=[]),
        lambda: assembled([replace(t, energy=None) for t in sample_campaign(repeat=2).trials]),
        lambda: assembled(
            [replace(t, status=Status.FAILED, reason="x") for t in sample_campaign(2).trials]
        ),
        lambda: replace(sample_campaign(), margin=0.02, baseline={"runtime": "native"}),
    ],
)
def test_documents_of_campaigns_hold(make: Callable[[], Any]) -> None:
    assert faults(to_document(make())) == []


def test_documents_of_stored_campaigns_hold_with_and_without_observations(tmp_path: Path) -> None:
    trials: list[Trial | None] = [Trial(busy_w=w) for w in (8.0, 8.1, 7.9)]
    with campaign(tmp_path, {"native": trials, "wasmtime": [*trials, None]}) as store:
        summary = derive_campaign(store, "last")
        path = write_raw_json(summary, store, tmp_path / "raw.json")
    assert faults(to_document(summary)) == []
    raw = json.loads(path.read_text(encoding="utf-8"))
    assert faults(raw) == []
    assert raw["observations"]
    assert raw["events"]
    verdicts = {v["metrics"]["energy_net_j"]["verdict"] for v in raw["variants"]}
    assert "reference" in verdicts


def test_the_edge_table_holds(tmp_path: Path) -> None:
    with edge_campaign(tmp_path) as store:
        document = to_document(derive_campaign(store, "last"))
    assert document["edge"]
    assert faults(document) == []


def test_documents_of_comparisons_hold() -> None:
    a = sample_campaign()
    b = replace(sample_campaign(repeat=4), campaign_id="9ab0")
    document = to_comparison_document(compare_campaigns(a, b))
    assert faults(document, "comparison") == []
    assert version_of(document) == SCHEMA_VERSION


def test_what_is_not_the_format_is_refused() -> None:
    document = to_document(sample_campaign(repeat=2))
    assert faults({**document, "schema_version": 1})
    assert faults({**document, "new": 1})
    del document["trials"][0]["energy"]["class"]
    assert [fault.split(":")[0] for fault in faults(document)] == ["$.trials[0].energy"]


def test_a_reader_of_the_published_schema_passes_over_what_it_does_not_know() -> None:
    document = {**to_document(sample_campaign(repeat=2)), "of_a_later_version": [1]}
    assert list(Draft202012Validator(schema("campaign")).iter_errors(document)) == []


def test_versions_of_old_documents() -> None:
    assert version_of({}) == 0
    assert version_of({"schema_version": 1}) == 1
    for wrong in ("2", True, -1, 1.5):
        with pytest.raises(UsageError, match="no version"):
            version_of({"schema_version": wrong})
    with pytest.raises(UnknownNameError, match="campaign"):
        schema("campain")


def test_files_are_written_and_a_failure_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--schema", str(tmp_path / "s")]) == 0
    paths = [Path(line) for line in capsys.readouterr().out.split()]
    assert {"campaign.json", "comparison.json"} <= {path.name for path in paths}
    for path in paths:
        assert json.loads(path.read_text(encoding="utf-8")) == schema(path.stem)
    written = write_json(sample_campaign(repeat=2), tmp_path / "c.json")
    assert faults(json.loads(written.read_text(encoding="utf-8"))) == []
    assert json_types({1: float("nan")}) == {"1": None}
    with pytest.raises(UsageError, match=r"c\.json: cannot write schemas"):
        write_schemas(tmp_path / "c.json")
    with pytest.raises(UsageError, match="s: cannot write JSON"):
        write_json(sample_campaign(repeat=1), tmp_path / "s")
    assert main(["export", "--json", "x.json"]) == 2
    assert "no campaign was named" in capsys.readouterr().err
