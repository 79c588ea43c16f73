"""``split profile``: a stored campaign as a profile that a later run and ``split optimum`` read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.cli.main import main
from benchharness.cuts.profile import from_document
from benchharness.errors import UsageError
from benchharness.report.split.profile import campaign_profile
from tests.unit.report_samples import sample_campaign
from tests.unit.split_samples import WAYS, Split, Way, profile, split_campaign
from tests.unit.split_store import split_store


def test_watts_come_from_the_meters_with_their_u() -> None:
    found = campaign_profile(split_campaign())
    assert found.of == tuple(v.label for v in split_campaign().variants)
    first = found.document["devices"][0]
    assert (first["name"], first["board"], first["batches"]) == ("device-1", "pi", 5)
    watts = first["watts"]
    assert watts["compute_w"] == pytest.approx(3.8)
    assert watts["transmit_w"] == pytest.approx(1.9)
    assert watts["idle_w"] == pytest.approx(1.9)
    assert watts["u_w"]["compute_w"] == pytest.approx(0.05 * 3.8)
    assert watts["sources"]["compute_w"] == "meter, emulated"
    # The sample has no phase of receiving: as the run took it, and no U.
    assert (watts["receive_w"], watts["u_w"]["receive_w"]) == (1.9, None)
    assert watts["sources"]["receive_w"] == "testbed, pi"
    assert watts["source"] == "meter, emulated; testbed, pi"


def test_rates_are_of_the_rounds_and_times_of_before() -> None:
    found = campaign_profile(split_campaign(Split(repeat=1))).document
    device = from_document(found, "here").devices[0]
    assert device.up_bit_s in (5e6, 20e6, 50e6)
    assert device.down_bit_s == 38e6  # the rounds do not tell it
    assert found["devices"][0]["rates_source"]["down_bit_s"] == "before the first round"
    told = profile(Split())["devices"][0]["forward_s"]
    assert device.forward_s.tolist() == pytest.approx(told)


def test_without_a_meter_nothing_has_a_u() -> None:
    watts = campaign_profile(split_campaign(Split(repeat=1, energy=False))).document["devices"][0][
        "watts"
    ]
    assert (watts["compute_w"], watts["idle_w"]) == (3.0, None)
    assert set(watts["u_w"].values()) == {None}


def test_other_power_modes_are_left_out_unless_named() -> None:
    ways = [
        Way({"scheme": scheme, "power_mode": mode}, (7,) * 3, (7,) * 3)
        for scheme, mode in (("local", "MAXN"), ("server", "MAXN"), ("local", "5W"))
    ]
    summary = split_campaign(Split(ways=ways, repeat=1, rounds=2))
    found = campaign_profile(summary)
    assert (found.of, found.left_out) == (("local MAXN", "server MAXN"), ("local 5W",))
    assert campaign_profile(summary, "local 5W").of == ("local 5W",)
    with pytest.raises(UsageError, match="no variant"):
        campaign_profile(summary, "local 10W")


def test_campaigns_without_a_profile_are_refused() -> None:
    with pytest.raises(UsageError, match="no good run tells"):
        campaign_profile(sample_campaign())
    summary = split_campaign(Split(ways=WAYS[:1], repeat=1))
    broken = {**summary.trials[0].outputs, "profile": {"version": 1, "devices": []}}
    with pytest.raises(UsageError, match="the profile of"):
        campaign_profile(replace(summary, trials=(replace(summary.trials[0], outputs=broken),)))


def test_the_command_writes_what_split_optimum_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split_store(tmp_path).close()
    results = ["--results", str(tmp_path / "federated.db")]
    file = tmp_path / "profile.json"
    assert main(["split", "profile", "last", "-o", str(file), *results]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    document = json.loads(file.read_text())
    watts = document["devices"][0]["watts"]
    assert watts["compute_w"] == pytest.approx(7.0, rel=0.02)
    assert watts["idle_w"] == pytest.approx(2.0, rel=0.02)
    assert watts["u_w"]["compute_w"] > 0.0
    assert main(["split", "optimum", "--profile", str(file), "--alpha", "0,1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert main(["split", "profile", "last", "-o", str(tmp_path / "no" / "p.json"), *results]) == 2
    assert "cannot write the profile" in capsys.readouterr().err
