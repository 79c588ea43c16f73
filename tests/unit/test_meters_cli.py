"""``benchharness meters``: options, output, exit codes. No broker is needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchharness.cli.main import main


def test_check_prints_for_people_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["meters", "check", "estimate", "--seconds", "0.2"]) == 0
    out = capsys.readouterr()
    assert out.out == ""
    assert "advice  estimate-" in out.err and "class: estimated" in out.err


def test_check_prints_one_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["meters", "check", "estimate-raspberry-pi-4b", "--json", "--seconds", "0.2"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["meter"] == "estimate-raspberry-pi-4b"
    assert {"subject", "state", "found", "advice"} == set(document["checks"][0])


def test_a_check_tells_what_was_seen(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    recording = tmp_path / "board.csv"
    rows = "".join(f"{t},{5 + t % 7}\n" for t in range(60))
    recording.write_text(f"t_s,power_w\n{rows}", encoding="utf-8")
    command = ["meters", "check", f"replay:{recording}", "--seconds", "1", "--power", "20"]
    assert main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["fit"] is True
    seen = document["seen"]
    assert (seen["readings"], seen["interval_median_s"], seen["power_step_w"]) == (60, 1.0, 1.0)
    assert seen["power_zero_share"] == 0.0
    assert document["latency"] is None
    subjects = [check["subject"].split(": ")[1] for check in document["checks"]]
    assert {"readings", "period", "power step", "gate", "rejected"} <= set(subjects)
    assert subjects.count("window") == 2  # at the power seen, and at 20 W


def test_an_instrument_file_is_printed_for_an_address(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    recording = tmp_path / "board.csv"
    recording.write_text("t_s,power_w\n0,5\n1,5\n2,5\n", encoding="utf-8")
    assert main(["meters", "check", f"replay:{recording}", "--print-file"]) == 0
    assert 'driver = "replay"\n' in capsys.readouterr().out


def test_a_meter_that_is_not_fit_is_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["meters", "check", "tasmota:mqtt://127.0.0.1:1/plug"]) == 3
    assert "error   plug: mqtt://127.0.0.1:1: nobody listens there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["check", "estimat"], "benchharness: unknown meter 'estimat'; did you mean"),
        (["check", "estimate", "--save"], "--save keeps the latency of a pulse; add --pulse"),
        (["check", "estimate", "--json", "--print-file"], "both want stdout; ask for one of them"),
        (["check", "estimate", "--pulse", "5"], "expected 20 seconds or more"),
        (["check", "estimate:x", "--pulse", "--save"], "an address has no file to keep"),
        (["emulate", "tasmota", "--topic", "a/#"], "--topic: not a plug's topic: 'a/#'"),
        (["emulate", "tasmota", "--waveform", "no.csv"], "no.csv: cannot be read"),
        (["emulate", "tasmota", "--idle-w", "9"], "--full-w 7 is below --idle-w 9"),
        (["emulate", "tasmota", "--broker", "mqtt://u:hush@b"], "does not belong in an address"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    assert main(["meters", *arguments]) == 2
    error = capsys.readouterr().err
    assert line in error and error.count("\n") == 1 and "hush" not in error


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "estimate", "--seconds", "0"],
        ["emulate", "shelly"],
        ["emulate", "tasmota", "--idle-w", "-1"],
        ["emulate", "tasmota", "--tele-period", "often"],
        ["emulate", "tasmota", "--watt-res", "4"],
        [],
    ],
)
def test_options_that_make_no_sense(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["meters", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


def test_an_emulator_without_a_broker_is_exit_code_3(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    truth = tmp_path / "truth.csv"
    command = ["meters", "emulate", "tasmota", "--broker", "mqtt://127.0.0.1:1"]
    assert main([*command, "--truth", str(truth)]) == 3
    assert "nobody listens there" in capsys.readouterr().err
    assert not truth.exists()  # an older truth is not overwritten for nothing


@pytest.mark.parametrize("action", [[], ["check"], ["emulate"]])
def test_every_help_has_examples(capsys: pytest.CaptureFixture[str], action: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["meters", *action, "--help"])
    assert caught.value.code == 0
    examples = capsys.readouterr().out.split("examples:\n")[1]
    assert "  benchharness meters" in examples
