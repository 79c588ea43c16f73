"""``benchharness advise``: options, sentences, one document, one line for each mistake."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest

from benchharness.cli.main import main
from benchharness.energy.pilot import pilot
from tests.unit.derive_store import Trial, derive, repeated

PLUG = "tasmota:mqtt://127.0.0.1:1/plug-1?power_resolution_w=0.01&energy_resolution_j=36"


def test_the_answer_is_a_sentence_and_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", "--meter", PLUG, "--difference", "3%", "--power", "5"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0].startswith("To tell 3 % apart with plug-1 at 5 W: windows of ")
    assert lines[0].endswith(" for two variants.")
    marked = [line for line in lines if line.startswith("-> ")]
    assert len(marked) == 1
    assert "cancels in a ratio on one meter" in captured.err


def test_one_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["advise", "--meter", PLUG, "--difference", "0.05", "--power", "5", "--json"]
    assert main([*command, "--idle-power", "2", "--window", "60", "--variation", "1%"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["energy"] == "net"
    assert (document["difference"], document["between_trials"]) == (0.05, 0.01)
    (row,) = document["windows"]
    assert row["window_s"] == 60.0
    assert row == document["best"]
    # ±5 % of gain: k = 2 times 5 %/√3, and what else there is.
    assert row["absolute_expanded_u_rel"] > 2 * 0.05 / 3**0.5 * 0.95


def test_an_estimate_is_told_to_be_replaced_by_a_plug(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", "--meter", "estimate", "--difference", "3%", "--power", "5"]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("Nothing tells 3 % apart")
    assert first.endswith("connect a plug.")


def test_a_coarse_plug_is_told_what_would_do(capsys: pytest.CaptureFixture[str]) -> None:
    coarse = "tasmota:mqtt://127.0.0.1:1/plug-1"
    command = ["advise", "--meter", coarse, "--difference", "3%", "--power", "5", "--window", "60"]
    assert main(command) == 0
    error = capsys.readouterr().err
    assert "quantisation leaves ± " in error
    assert "  better: power in steps of 0.1 W (Tasmota: WattRes 1): " in error


def test_a_campaign_tells_power_budget_and_spread(tmp_path: Path) -> None:
    summary = derive(tmp_path, lean=repeated(8.0, 5), fat=repeated(12.0, 5))
    known = pilot(summary)
    assert known is not None
    assert (known.label, known.net, known.trials) == ("lean", True, 10)
    # 5 W above idle for 20 s, both varied by -1 to +1 % in five steps together.
    assert known.energy_j == pytest.approx(100.0, rel=0.01)
    assert known.power_w == pytest.approx(8.0, rel=0.01)
    assert known.idle_w == pytest.approx(3.0, rel=0.01)
    products = [(1 + s) ** 2 for s in (-0.01, -0.005, 0.0, 0.005, 0.01)]
    spread = statistics.stdev(products) / statistics.fmean(products)
    assert known.spread == pytest.approx(spread, rel=0.05)
    assert known.spread is not None
    assert 0.0 <= (known.between_trials or 0.0) <= known.spread


def test_a_window_of_the_same_length_keeps_the_budget(tmp_path: Path) -> None:
    known = pilot(derive(tmp_path, only=repeated(8.0, 3)))
    assert known is not None
    same, longer = known.forecast(known.window_s), known.forecast(4.0 * known.window_s)
    assert dict(same.terms_j) == pytest.approx(known.terms_j)
    assert longer.energy_j == pytest.approx(4.0 * known.energy_j)
    assert longer.terms_j["gain"] == pytest.approx(4.0 * known.terms_j["gain"])


def test_a_campaign_without_energy_tells_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pilot(derive(tmp_path, only=[Trial(meta=None)])) is None
    results = str(tmp_path / "results.db")
    assert main(["advise", "--from", "last", "--difference", "3%", "--results", results]) == 2
    assert "has no trial with an energy above 0; run a long window with" in capsys.readouterr().err


def test_advice_from_a_campaign(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    derive(tmp_path, lean=repeated(8.0, 5), fat=repeated(12.0, 5))
    results = str(tmp_path / "results.db")
    command = ["advise", "--from", "last", "--difference", "3%", "--results", results]
    assert main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["from"] == "lean"
    assert document["best"]["repetitions"] >= 3
    assert main(command) == 0
    assert "from 10 trials; power and budget are those of lean" in capsys.readouterr().err


def test_measuring_first_takes_the_power_from_the_meter(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    recording = tmp_path / "board.csv"
    rows = "".join(f"{t},{6.0 + 0.01 * (t % 3)}\n" for t in range(60))
    recording.write_text(f"t_s,power_w\n{rows}", encoding="utf-8")
    command = ["advise", "--meter", f"replay:{recording}", "--difference", "3%", "--measure"]
    assert main([*command, "--window", "60", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["power_w"] == pytest.approx(6.01)
    assert document["class"] == "replayed"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--meter", "estimat", "--power", "5"], "unknown meter 'estimat'; did you mean"),
        (["--power", "5"], "no meter; name one with --meter"),
        (["--meter", "estimate"], "how much power the machine draws is not known; add --power W"),
        (["--meter", "estimate", "--power", "5", "--idle-power", "6"], "is not below --power 5 W"),
        (["--meter", "estimate", "--from", "last"], "--from takes meter and power from"),
        (["--meter", "estimate", "--power", "5", "--level", "20%"], "--level: expected 50% to"),
        (["--meter", "estimate", "--power", "5", "--variation", "3"], "a share such as 3%"),
        (["--meter", "estimate", "--power", "-5"], "expected a number above 0, got '-5'"),
        (["--meter", "tasmota:mqtt://127.0.0.1:1/p", "--measure"], "nobody listens there"),
        (["--from", "last", "--results", "/nowhere/at/all.db"], "/nowhere/at/all.db: "),
    ],
)
def test_mistakes_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    assert main(["advise", "--difference", "3%", *arguments]) in (2, 3)
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("difference", ["-3%", "0", "3", "much", "150%", "nan"])
def test_a_difference_that_is_none(capsys: pytest.CaptureFixture[str], difference: str) -> None:
    command = ["advise", "--meter", "estimate", "--power", "5", f"--difference={difference}"]
    assert main(command) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["advise", "--help"])
    assert caught.value.code == 0
    assert "  benchharness advise --from last" in capsys.readouterr().out.split("examples:\n")[1]
