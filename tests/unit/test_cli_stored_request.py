"""What is stored with a campaign is a request again, that of an older version too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchharness.cli.request import LeftOut, Request
from benchharness.cli.run_options import Options
from benchharness.cli.stored_request import request_from_spec
from benchharness.errors import UsageError
from benchharness.plan.combinations import combine
from benchharness.plan.manifest import load_manifest
from benchharness.plan.records import Manifest
from benchharness.plan.run_table import run_table

TEXT = 'name = "NAME"\nargv = ["true"]\n[factors.n]\ntype = "int"\ndefault = 1\n'


def workload(folder: Path, name: str) -> Manifest:
    (folder / name).mkdir()
    file = folder / name / "workload.toml"
    file.write_text(TEXT.replace("NAME", name))
    return load_manifest(file)


def two(folder: Path) -> Request:
    one, other = workload(folder, "one"), workload(folder, "other")
    parts = [combine(one, {}, {"n": [1, 2]}), combine(other, {"n": 3}, {})]
    files = {manifest.name: str(manifest.file) for manifest in (one, other)}
    return Request(
        {"one": one, "other": other},
        run_table(parts, 2, 7),
        Options(repeat=2, seed=7, meters=("plug",)),
        "Two",
        {"kind": "campaign", "campaign": "c.toml", "workloads": files},
    )


def test_a_request_of_several_workloads_comes_back(tmp_path: Path) -> None:
    request = two(tmp_path)
    again = request_from_spec(json.loads(json.dumps(request.spec())))
    assert again.table.variants == request.table.variants
    assert [v.workload for v in again.table.variants] == ["one", "one", "other"]
    assert (again.manifests, again.options, again.title) == (
        request.manifests,
        request.options,
        "Two",
    )


def test_only_the_variants_that_are_wanted_come_back(tmp_path: Path) -> None:
    again = request_from_spec(two(tmp_path).spec(), wanted={1, 2})
    assert [(v.index, v.label) for v in again.table.variants] == [(1, "one n=2"), (2, "other")]


def test_a_request_without_a_variant_keeps_it_in_mind(tmp_path: Path) -> None:
    request = two(tmp_path)
    gone = LeftOut(0, "one n=1", "one", {"n": 1}, "no compiler; install it")
    left = request.without([gone])
    assert [(v.index, v.label) for v in left.table.variants] == [(0, "one n=2"), (1, "other")]
    assert sorted(left.table.order) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert left.spec()["left_out"] == [
        {
            "label": "one n=1",
            "workload": "one",
            "factors": {"n": 1},
            "reason": "no compiler; install it",
        }
    ]


def test_a_campaign_of_an_older_version_has_one_workload(tmp_path: Path) -> None:
    manifest = workload(tmp_path, "one")
    spec = {
        "workload": "one",
        "title": "One",
        "source": {"kind": "workload", "workload": str(manifest.file)},
        "variants": [{"index": 0, "label": "one", "factors": {"n": 1}}],
        "repeat": 1,
        "seed": 3,
        "quick": False,
        "options": {"repeat": 1, "seed": 3, "meters": ["none"]},
    }
    request = request_from_spec(spec)
    assert list(request.manifests) == ["one"]
    assert request.table.variants[0].workload == "one"


def test_a_workload_that_has_gone_is_one_line(tmp_path: Path) -> None:
    spec = two(tmp_path).spec()
    (tmp_path / "other" / "workload.toml").unlink()
    with pytest.raises(UsageError, match=r"other.workload\.toml: there is no such workload"):
        request_from_spec(spec)
