"""Which program of a variant has which link; what cannot be is said with the manifest's line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchharness.cli.participants import check_participants, participants_of
from benchharness.cli.request import Request
from benchharness.cli.run_options import Options
from benchharness.cli.stored_request import request_from_spec
from benchharness.cli.variants import ready_variants
from benchharness.errors import UsageError
from benchharness.links.records import constant
from benchharness.links.wanted import WantedLink
from benchharness.plan.manifest_file import load_manifest
from benchharness.plan.records import Manifest
from benchharness.plan.run_table import RunTable, Variant

MANIFEST = """
name = "talk"
argv = ["hub"]
{top}
[factors.link]
type = "str"
default = "none"
[factors.shaping]
type = "str"
default = "auto"
[factors.devices]
type = "int"
default = 3
[participants.watcher]
argv = ["watch"]
[participants.device]
argv = ["device"]
count = "{{devices}}"
network = "{{link}}"
{device}
"""
HUB = 'network = "hub"'


def manifest(folder: Path, top: str = HUB, device: str = 'shaping = "{shaping}"') -> Manifest:
    path = folder / "workload.toml"
    path.write_text(MANIFEST.format(top=top, device=device))
    return load_manifest(path)


def links(made: Manifest, link: str, shaping: str = "auto") -> dict[str, WantedLink | None]:
    variant = Variant(0, "talk", {"link": link, "shaping": shaping, "devices": 3}, "talk")
    check_participants({"talk": made}, [variant])
    return {each.name: each.link for each in participants_of(made, variant)}


def test_the_machines_own_network_is_no_link(tmp_path: Path) -> None:
    assert set(links(manifest(tmp_path), "none").values()) == {None}


def test_instances_take_the_links_in_turn(tmp_path: Path) -> None:
    assert links(manifest(tmp_path), "constant:20/5;unlimited", "kernel") == {
        "main": WantedLink(hub=True, shaping="kernel"),
        "watcher": None,
        "device-1": WantedLink(constant(20e6, 5e6), shaping="kernel"),
        "device-2": WantedLink(shaping="kernel"),
        "device-3": WantedLink(constant(20e6, 5e6), shaping="kernel"),
    }


@pytest.mark.parametrize(
    ("top", "device", "link", "said"),
    [
        ("", "", "steps", "participants.device.network: there is nobody in the network"),
        (HUB, "", "step", "participants.device.network: unknown link 'step'"),
        (HUB, "", "constant:0", "participants.device.network: constant:0: a link's rate"),
        (HUB, 'shaping = "wind"', "steps", "device.shaping: unknown shaping 'wind'"),
        (HUB + '\nshaping = "kernel"', 'shaping = "program"', "steps", "kernel at another"),
        ('network = "none"', "", "steps", "workload.toml: network: main has no link, and others"),
    ],
)
def test_what_cannot_be_is_said(
    tmp_path: Path, top: str, device: str, link: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        links(manifest(tmp_path, top, device), link)
    assert said in caught.value.line()
    assert "workload.toml" in caught.value.line()


def test_placeholders_are_known_and_a_link_belongs_to_a_program(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'link'"):
        manifest(tmp_path, 'network = "{lnk}"')
    text = MANIFEST.format(top=HUB, device="").replace('argv = ["hub"]\n', "")
    (tmp_path / "workload.toml").write_text(text)
    with pytest.raises(UsageError, match=r"workload\.toml:3: network: is for argv, which is miss"):
        load_manifest(tmp_path / "workload.toml")


def test_links_are_kept_with_the_campaign_whatever_becomes_of_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine.toml"
    file.write_text("[[rate]]\nt_s = 0\nup_bit_s = 5e6\ndown_bit_s = 5e6\n")
    made = manifest(tmp_path, HUB)
    variants = [
        Variant(n, str(n), {"link": link, "shaping": "auto", "devices": 2}, "talk")
        for n, link in enumerate(("mine.toml;unlimited", "none"))
    ]
    source = {"kind": "workload", "workload": str(made.file)}
    request = Request({"talk": made}, RunTable(tuple(variants), (), 0), Options(), "", source)
    request, specs = ready_variants(request)
    stored = json.loads(json.dumps(request.spec()))
    assert list(stored["links"]) == ["mine.toml;unlimited"]
    file.unlink()
    again, after = ready_variants(request_from_spec(stored))
    assert [specs[n].participants for n in (0, 1)] == [after[n].participants for n in (0, 1)]
    assert again.spec()["links"] == stored["links"]
    with pytest.raises(UsageError, match="no such link file"):
        ready_variants(request_from_spec({**stored, "links": {}}))
