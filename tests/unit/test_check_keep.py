"""A calibration is kept in the instrument's file, and nothing else in it moves."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.meters.base import Instrument
from benchharness.meters.check.keep import as_file, edited, file_to_keep_in, keep
from benchharness.meters.instrument import read_instrument

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NEW: dict[str, float | str] = {
    "latency_s": 0.97,
    "latency_u_s": 0.31,
    "calibration_date": "2024-05-14",
}


def test_old_values_are_replaced_where_they_stand() -> None:
    old = (
        "# the plug of board 3\n"
        'driver = "tasmota"\n'
        "latency_s = 1.2   # from the pulse\n"
        "latency_u_s=0.4\n"
        "\n"
        'broker = "mqtt://h" # ours\n'
        'calibration_date = "2023-01-01"\n'
    )
    assert edited(old, NEW) == (
        "# the plug of board 3\n"
        'driver = "tasmota"\n'
        "latency_s = 0.97   # from the pulse\n"
        "latency_u_s=0.31\n"
        "\n"
        'broker = "mqtt://h" # ours\n'
        'calibration_date = "2024-05-14"\n'
    )


def test_new_keys_come_last_and_a_last_line_is_ended() -> None:
    assert edited('driver = "x"', {"latency_s": 1.5}) == 'driver = "x"\nlatency_s = 1.5\n'


def test_windows_line_ends_stay() -> None:
    assert edited('driver = "x"\r\n', {"latency_s": 1.5}) == 'driver = "x"\r\nlatency_s = 1.5\r\n'


def test_a_key_in_a_text_or_below_a_table_is_not_ours() -> None:
    old = 'driver = "x"\nsource = """\nlatency_s = 9\n[not.a.table]\n"""\n[extra]\nlatency_s = 7\n'
    new = edited(old, {"latency_s": 0.5})
    assert new is not None
    assert tomllib.loads(new) == {**tomllib.loads(old), "latency_s": 0.5}
    assert new.count("latency_s = 9\n") == new.count("latency_s = 7\n") == 1
    assert new.index("latency_s = 0.5") < new.index("[extra]")


def test_a_value_that_spans_lines_cannot_be_edited() -> None:
    assert edited('calibration_date = """\n2023"""\n', {"calibration_date": "2024-05-14"}) is None


def test_the_file_keeps_its_mode_and_reads_as_an_instrument(tmp_path: Path) -> None:
    path = tmp_path / "plug.toml"
    path.write_text('driver = "tasmota"\nbroker = "mqtt://h"\ntopic = "p"\n', encoding="utf-8")
    path.chmod(0o640)
    keep(path, NEW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert read_instrument(path).options == {"broker": "mqtt://h", "topic": "p", **NEW}
    assert [entry.name for entry in tmp_path.iterdir()] == ["plug.toml"]


def test_a_file_that_cannot_be_edited_stays_and_says_what_to_write(tmp_path: Path) -> None:
    path = tmp_path / "plug.toml"
    text = 'driver = "x"\ncalibration_date = """\n2023"""\n'
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"write it yourself: latency_s = 0\.97"):
        keep(path, NEW)
    assert path.read_text(encoding="utf-8") == text


def test_an_address_has_no_file_and_is_told_how_to_make_one() -> None:
    plug = Instrument("plug-1", "tasmota", "tasmota:mqtt://h/plug-1")
    with pytest.raises(UsageError) as caught:
        file_to_keep_in(plug)
    assert caught.value.line().endswith(
        "make one: benchharness meters check tasmota:mqtt://h/plug-1 --print-file "
        "> meters/plug-1.toml"
    )


def test_a_shipped_file_is_copied_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "_declarations" / "meters"
    folder.mkdir(parents=True)
    path = folder / "plug.toml"
    path.write_text('driver = "estimate"\n', encoding="utf-8")
    monkeypatch.setattr("benchharness.meters.check.keep.shipped_folder", lambda kind: folder)
    with pytest.raises(UsageError, match="is a shipped file; copy it to "):
        file_to_keep_in(Instrument("plug", "estimate", str(path)))
    own = tmp_path / "plug.toml"
    own.write_text('driver = "estimate"\n', encoding="utf-8")
    assert file_to_keep_in(Instrument("plug", "estimate", str(own))) == own


def test_a_printed_file_reads_as_what_the_address_said(tmp_path: Path) -> None:
    options = {"broker": "mqtt://h:1883", "topic": 'odd "name"\\', "poll_s": 0.5, "relay": True}
    plug = Instrument("plug", "tasmota", "tasmota:...", "wall", options, "rack")
    path = tmp_path / "plug.toml"
    path.write_text(as_file(plug, NEW), encoding="utf-8")
    read = read_instrument(path)
    assert (read.driver, read.target, read.part_of) == ("tasmota", "wall", "rack")
    assert read.options == {**options, **NEW}
