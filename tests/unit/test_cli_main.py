from __future__ import annotations

import pytest

from benchharness.cli.main import COMMANDS, main


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
        (["run", "--repeat", "x"], "argument --repeat: invalid int value: 'x'"),
        (["run", "noop", "--reapet", "3"], "unrecognized arguments: --reapet 3"),
        (["resume"], "CAMPAIGN_ID"),
        (["--frobnicate"], "unrecognized arguments"),
        (["meters", "emulate", "toaster"], "toaster"),
    ],
)
def test_wrong_usage_is_one_line(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert line in captured.err
    assert len(captured.err.splitlines()) == 1


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "commands:" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_with_examples(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "example" in capsys.readouterr().out


def test_debug_shows_the_traceback() -> None:
    from benchharness.errors import UnknownNameError

    with pytest.raises(UnknownNameError):
        main(["--debug", "run", "no-such-workload"])
