"""How to repeat a campaign: the command, what changed, the files, the floor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchharness.model import CampaignSummary
from benchharness.report.beside import Beside, beside
from benchharness.report.floor_rows import floor_table
from benchharness.report.html_answers import beside_of
from benchharness.report.html_repeat import repeat, with_seed
from benchharness.report.since_last import since_last
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord
from tests.unit.report_samples import KINDS, Kind, SampleStore, sample_campaign

FILE = {"name": "matrix/matrix.py", "kind": "program", "bytes": 4250, "sha256": "ab" * 32}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("benchharness run matrix --repeat 5", "benchharness run matrix --repeat 5 --seed 7"),
        ("benchharness run matrix --seed 3", "benchharness run matrix --seed 3"),
        ("benchharness run matrix --seed=3", "benchharness run matrix --seed=3"),
        (
            "benchharness run --repeat 2 -- ./tool --seed 4",
            "benchharness run --repeat 2 --seed 7 -- ./tool --seed 4",
        ),
        ("benchharness run m --margin '2 %'", "benchharness run m --margin '2 %' --seed 7"),
        ("pytest --energy", "pytest --energy"),
        ("an 'unclosed quote", "an 'unclosed quote"),
        ("", ""),
    ],
)
def test_the_seed_belongs_to_the_command(command: str, expected: str) -> None:
    assert with_seed(command, 7) == expected


def earlier(**changes: Any) -> CampaignSummary:
    return sample_campaign(campaign_id="0ld", created_utc="2025-06-04T08:00:00+00:00", **changes)


def test_what_changed_since_the_last_campaign() -> None:
    before = earlier(kinds=[replace(KINDS[0], duration_s=20.0), *KINDS[1:]])
    before = replace(
        before,
        environment={
            **before.environment, "kernel": "6.6.28", "versions": {"wasmtime": "49.0.0"},
            "files": [{**FILE, "sha256": "cd" * 32}], "boot_id": "a", "load_average_1min": 3.0,
        },
    )  # fmt: skip
    now = sample_campaign()
    now = replace(now, environment={**now.environment, "files": [FILE], "boot_id": "b"})
    found = since_last(before, now)
    assert found.campaign_id == "0ld"
    assert found.created == "2025-06-04 08:00"
    assert {(c.label, c.before, c.now) for c in found.changed} == {
        ("kernel", "6.6.28", "6.6.31"),
        ("wasmtime", "49.0.0", "50.0.0"),
        ("matrix/matrix.py", "cdcdcdcd…cdcd", "abababab…abab"),
    }
    words = {moved.label: moved.sign.word for moved in found.moved}
    assert words["wasmtime scalar"] == "lower"
    assert set(words) == {kind.label for kind in KINDS}
    assert found.comparisons == 4
    assert found.refusal == ""


def test_other_machines_and_meters_are_not_compared() -> None:
    before = earlier()
    elsewhere = replace(before, environment={**before.environment, "machine": "f00"})
    found = since_last(elsewhere, sample_campaign())
    assert found.refusal == "another machine"
    assert found.moved == ()
    other = [Kind("julia", 3.0, 6.0, 20.0, 0.0, None)] * 2
    nothing = since_last(earlier(kinds=other), sample_campaign())
    assert "no variant in common" in nothing.refusal


def test_files_have_their_hash_and_the_results_file_has_none() -> None:
    summary = sample_campaign()
    summary = replace(
        summary,
        environment={
            **summary.environment,
            "files": [FILE, {"name": "big.bin", "bytes": 3e8, "sha256": None}, "nonsense"],
        },
    )
    found = repeat(summary, Beside(results_file=("lab.db", 2_000_000)))
    assert [(f.name, f.short) for f in found.files] == [
        ("matrix/matrix.py", "abababab…abab"), ("big.bin", "too large"), ("lab.db", "it grows"),
    ]  # fmt: skip
    assert found.files[0].sha256 == "ab" * 32
    assert found.files[0].size == "4.15 KiB"
    assert found.seed_added
    assert found.since is None
    assert "randomised complete blocks (seed 20250611)" in found.methods
    assert repeat(replace(summary, environment={}), Beside()).files == ()


def record(name: str, workload: str, n: int, **changes: Any) -> CampaignRecord:
    spec = {
        "variants": [{"index": 0, "label": "a", "factors": {"n": n}, "workload": workload}],
        "seed": 1,
        "quick": False,
    }
    fields: dict[str, Any] = {"environment": {"machine": "f00"}, "state": "done", **changes}
    return CampaignRecord(
        name, "2026-01-01T00:00:00+00:00", 0, 0, "boot", "a title", "run", spec, **fields
    )


def test_the_last_campaign_is_the_newest_before_it_that_is_alike(tmp_path: Path) -> None:
    with Store.open(tmp_path / "lab.db") as store:
        for each in (
            record("a1", "matrix", 100),
            record("a2", "matrix", 100),
            record("a3", "matrix", 200),
            record("a4", "matrix", 100, state="interrupted"),
            record("f1", "noop", 0),
            record("f2", "noop", 0, environment={"machine": "other"}),
            record("b1", "gpio-http", 100),
            record("a5", "matrix", 100),
            record("a6", "matrix", 100),
        ):
            store.add_campaign(each)
        found = beside(store, "a5")
        assert found.previous is not None
        assert found.previous.campaign_id == "a2"
        assert found.noop is not None
        assert found.noop.campaign_id == "f1"
        assert found.results_file is not None
        assert found.results_file[0] == "lab.db"
        first = beside(store, "a1")
        assert first.previous is None
        alone = beside(store, "b1")
        assert alone.previous is None
        assert beside(store, "f1").noop is None
        assert beside_of(store, "a5") == found
    assert beside_of(None, "a5") == Beside()
    assert beside_of(SampleStore(sample_campaign()), "a5") == Beside()


def test_the_floor_is_told_of_every_variant() -> None:
    noop = sample_campaign(kinds=[Kind("noop", 0.5, 3.4, 20.0, 0.0, None)], campaign_id="f100")
    summary = sample_campaign()
    table = floor_table(summary, noop)
    assert table is not None
    assert table.campaign_id == "f100"
    assert [label for label, _ in table.rows] == [
        "numpy", "native", "wasmtime simd128", "wasmtime scalar",
    ]  # fmt: skip
    assert all(sentence.startswith("above the floor") for _, sentence in table.rows)
    assert floor_table(summary, None) is None
    assert floor_table(summary, sample_campaign()) is None  # four variants: which is the floor?
    other = replace(noop, trials=tuple(replace(t, energy=None) for t in noop.trials))
    assert floor_table(summary, other) is None
