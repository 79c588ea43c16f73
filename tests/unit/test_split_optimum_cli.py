"""``benchharness split optimum``: options, output, exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from benchharness.cli.main import main
from benchharness.cuts.profile import Profile, to_document
from tests.unit.cuts_samples import small_device, small_layers

OPTIMUM = ("split", "optimum")


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def document(capsys: pytest.CaptureFixture[str], *options: str) -> Any:
    assert main([*OPTIMUM, *options, "--json"]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    return json.loads(out.out)


def rows(found: Any, form: str, place: int = 0) -> list[Any]:
    return [row for row in found["links"][place]["rows"] if row["form"] == form]


@pytest.fixture
def profile(tmp_path: Path) -> str:
    path = tmp_path / "profile.json"
    devices = (small_device("slow board"), small_device("other"))
    path.write_text(json.dumps(to_document(Profile(small_layers(), devices))), encoding="utf-8")
    return str(path)


def test_the_document_has_every_link_and_alpha(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys)
    links = [link["devices"][0]["up_bit_s"] / 1e6 for link in found["links"]]
    assert links == [5.0, 10.0, 15.0, 20.0, 50.0]
    assert found["asked"]["alphas"] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    for place in range(5):
        for form in ("as-published", "corrected"):
            assert [row["alpha"] for row in rows(found, form, place)] == found["asked"]["alphas"]
    row = rows(found, "corrected", 4)[5]
    assert (row["cuts"], row["believed"]) == ([2, 6, 6, 6, 6], None)
    assert row["taken"]["round_s"] == pytest.approx(127.04, abs=0.01)
    assert row["taken"]["energy_j"] == pytest.approx(sum(row["taken"]["device_j"]))
    assert [row["cuts"] for row in rows(found, "as-run")] == [[2, 4, 5, 6, 6]]
    assert [row["cuts"] for row in rows(found, "local")] == [[7] * 5]


def test_forms_slips_and_units_are_options(capsys: pytest.CaptureFixture[str]) -> None:
    one = ("--mbit", "20", "--alpha", "0.9")
    corrected = document(capsys, *one, "--corrected")
    assert {row["form"] for row in corrected["links"][0]["rows"]} == {"corrected", "local"}
    assert corrected["asked"]["slips"] is None
    without = document(capsys, *one, "--as-published", "--slips", "none")
    assert {row["form"] for row in without["links"][0]["rows"]} == {
        "as-published", "as-run", "local",
    }  # fmt: skip
    assert rows(without, "as-published")[0]["cuts"] == rows(corrected, "corrected")[0]["cuts"]
    assert document(capsys, *one, "--slips", "rate,rule")["asked"]["slips"] == {
        "activations": False, "rate": True, "last_cut": False, "rule": True,
    }  # fmt: skip
    # Five times as many joules as seconds: as they are, energy decides.
    raw = document(capsys, *one, "--corrected", "--raw")
    cuts = [rows(each, "corrected")[0]["cuts"][0] for each in (corrected, raw)]
    assert cuts == [6, 2] and raw["asked"]["normalised"] is False


def test_terms_and_what_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    one = ("--mbit", "50/20", "--alpha", "0", "--corrected")
    (plain,) = rows(document(capsys, *one, "--terms", "none"), "local")
    (model,) = rows(document(capsys, *one), "local")
    extra_s = model["taken"]["round_s"] - plain["taken"]["round_s"]
    assert extra_s == pytest.approx(2_329_384 * 8 * (1 / 50e6 + 1 / 20e6))
    waiting = ("--terms", "waiting", "--idle-w", "pi:1.9,nano:1.25")
    (waits,) = rows(document(capsys, *one, *waiting), "local")
    spare_s = [plain["taken"]["round_s"] - each for each in plain["taken"]["device_s"]]
    assert waits["taken"]["device_j"][1] == pytest.approx(
        plain["taken"]["device_j"][1] + 1.25 * spare_s[1]
    )
    server = ("--terms", "server", "--server-w", "60/20", "--server-s", "0.1", "--with-cut-0")
    found = document(capsys, *one, *server)
    assert found["asked"]["first_cut"] == 0 and found["asked"]["terms"]["server"] is True
    (local,) = rows(found, "local")
    assert local["taken"]["server_j"] == pytest.approx(20.0 * plain["taken"]["round_s"])


def test_power_modes_and_other_boards(capsys: pytest.CaptureFixture[str]) -> None:
    one = ("--mbit", "20", "--alpha", "0", "--corrected", "--devices", "nano:2,pi,nano")
    found = document(capsys, *one)
    names = [device["name"] for device in found["links"][0]["devices"]]
    assert names == ["nano-1", "nano-2", "pi", "nano-3"]
    saving = document(capsys, *one, "--mode", "5W")
    mains, thrifty = (rows(each, "local")[0]["taken"]["device_j"] for each in (found, saving))
    assert mains[0] > thrifty[0] and mains[2] == thrifty[2]


def test_csv_has_the_same_rows(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--mbit", "20/5")
    assert main([*OPTIMUM, "--mbit", "20/5", "--csv"]) == 0
    listed = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    told = found["links"][0]["rows"]
    assert [line["cuts"] for line in listed] == [" ".join(map(str, row["cuts"])) for row in told]
    assert [float(line["round_s"]) for line in listed] == [row["taken"]["round_s"] for row in told]
    assert {(line["up_bit_s"], line["down_bit_s"]) for line in listed} == {
        ("20000000.0", "5000000.0")
    }
    assert listed[-1]["alpha"] == listed[-1]["believed_round_s"] == ""


def test_a_profile_has_its_own_rates_and_devices(
    profile: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(capsys, "--profile", profile)
    (link,) = found["links"]
    assert [device["up_bit_s"] for device in link["devices"]] == [8000.0, 8000.0]
    assert not rows(found, "as-run")
    assert main([*OPTIMUM, "--profile", profile, "--corrected"]) == 0
    shown = capsys.readouterr().err
    assert "cuts of slow board, other; a round" in shown and "at the rates of the profile" in shown
    assert main([*OPTIMUM, "--profile", profile, "--mbit", "1,2/1"]) == 0
    shown = capsys.readouterr().err
    assert "\n1 Mbit/s" in shown and "\n2 Mbit/s up, 1 down" in shown
    idle = ("--terms", "waiting", "--idle-w", "slow board:0.5")
    assert main([*OPTIMUM, "--profile", profile, *idle]) == 0


def test_the_table_is_as_wide_as_a_terminal_with_many_devices(
    capsys: pytest.CaptureFixture[str],
) -> None:
    devices = ",".join(["pi", "nano"] * 12)
    assert main([*OPTIMUM, "--devices", devices, "--mbit", "15"]) == 0
    shown = capsys.readouterr().err
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80
    assert "…" in shown and "0.1" in shown


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--mbit", "0"], "--mbit: the rate is 0; a link's rate is above 0 bit/s, and finite"),
        (["--mbit", "-5"], "--mbit: the rate is -5e+06; a link's rate is above 0"),
        (["--mbit", "nan"], "--mbit: the rate is nan"),
        (["--mbit", "20/inf"], "--mbit: the rate is inf"),
        (["--mbit", "20/"], "--mbit: '' is no number"),
        (["--alpha", "1.1"], "alpha is 1.1; take 0 (energy alone) to 1 (time alone)"),
        (["--alpha", "nan"], "alpha is nan; take 0"),
        (["--alpha", "half"], "--alpha: 'half' is no number"),
        (["--alpha", "0:1"], "--alpha: '0:1' is no range; write FIRST:LAST:STEP"),
        (["--alpha", "0:1:0"], "--alpha: '0:1:0' is no range"),
        (["--alpha", "0:1:1e-9"], "--alpha: '0:1:1e-9' has too many values"),
        (["--devices", "pj"], "--devices: unknown board 'pj'; did you mean 'pi'?"),
        (["--devices", "pi:0"], "--devices: 'pi:0' is no number of boards"),
        (["--mode", "10W"], "unknown power mode '10W'; did you mean '5W'?"),
        (["--terms", "wait"], "--terms: unknown term 'wait'; did you mean 'waiting'?"),
        (["--terms", "waiting"], "pi: its power at rest is not known"),
        (["--terms", "server"], "--terms: the server's watts are not known; add --server-w"),
        (["--server-w", "60"], "--server-w: '60' is one power; write 60/20"),
        (["--server-w", "10/20"], "--server-w: '10/20' is less while it computes than at rest"),
        (["--server-s", "-1"], "the server's time is -1; take 0 or more"),
        (["--slips", "rates"], "--slips: unknown slip 'rates'; did you mean 'rate'?"),
        (["--corrected", "--slips", "rule"], "--corrected has no slips"),
        (["--idle-w", "pie:1"], "--idle-w: unknown device 'pie'; did you mean 'pi'?"),
        (["--idle-w", "1.9"], "--idle-w: '1.9' has no name; write NAME:WATTS"),
        (["--idle-w", "pi:-1"], "idle_w is -1; take 0 or more"),
        (["--json", "--csv"], "--json and --csv both want stdout"),
        (["--raw", "--normalise"], "not allowed with argument"),
        (["--profile", "no.json"], "no.json: cannot be read: No such file or directory"),
        (["--profile", "no.json", "--devices", "pi"], "--devices is of the published boards"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], options: list[str], line: str
) -> None:
    assert main([*OPTIMUM, *options]) == 2
    out = capsys.readouterr()
    assert line in out.err and out.err.count("\n") == 1 and out.out == ""


def test_a_profile_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.json"
    for text, line in (("{", "is not JSON"), ("{}", "is of version None"), ("NaN", "no table")):
        path.write_text(text, encoding="utf-8")
        assert main([*OPTIMUM, "--profile", str(path)]) == 2
        assert line in capsys.readouterr().err
    path.write_bytes(b"\xff\xfe")
    assert main([*OPTIMUM, "--profile", str(path)]) == 2
    assert "is not JSON" in capsys.readouterr().err
