from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchharness.errors import UnknownNameError, UsageError
from benchharness.report.published import find_published, published_folders
from benchharness.report.published_read import read_audit, read_published, read_rows

FACTORS = ("runtime", "mode")
HEAD = "table,device,workload,runtime,duration_s\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of D1.4's tables, to spoil."""
    return Path(shutil.copytree(find_published("published/aiotwin-d1.4"), tmp_path / "copy"))


def spoil(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def complaint(folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_published(folder)
    line = caught.value.line()
    assert "\n" not in line
    return line.replace(f"{folder}/", "")


def test_d14_is_read_with_its_digits() -> None:
    published = read_published(find_published("published/aiotwin-d1.4"))
    (row,) = [
        row
        for row in published.rows
        if row.table == "15" and row.device == "Raspberry Pi 3" and row.factors["mode"] == "aot"
    ]
    assert row.factors == {"runtime": "wasmedge", "mode": "aot"}
    assert row.values["duration_s"].value == 572.085
    assert row.values["duration_s"].half == pytest.approx(0.0005)
    assert row.values["duration_s"].printed is None
    assert published.reference == "wasmtime"
    assert published.workloads["matrix"].set == {"n": "5000"}
    assert len(published.rows) == 20


def test_what_is_read_otherwise_keeps_what_is_printed() -> None:
    rows = read_published(find_published("aiotwin-d1.4")).rows
    (pi3,) = [r for r in rows if r.workload == "nn-module" and r.device == "Raspberry Pi 3"]
    assert pi3.values["duration_s"].value == 0.465227
    assert pi3.values["duration_s"].printed == "465.227 s"


def test_a_publication_is_named_from_anywhere_or_by_its_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = published_folders()["published/aiotwin-d1.4"]
    assert find_published("published/aiotwin-d1.4") == find_published("aiotwin-d1.4") == shipped
    assert find_published("copy") == Path("copy")
    assert find_published(str(folder)) == folder


def test_a_users_own_publication_comes_first(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    own = tmp_path / "config" / "benchharness" / "published" / "aiotwin-d1.4"
    shutil.copytree(folder, own)
    assert find_published("published/aiotwin-d1.4") == own


def test_an_unknown_name_is_one_line_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'published/aiotwin-d1.4'\?"):
        find_published("published/aiotwin-d1.5")
    with pytest.raises(UsageError, match=r"has no source\.toml"):
        find_published(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("source.toml", 'short = "', 'shrot = "', "source.toml: unknown key 'shrot'"),
        ("source.toml", "year = 2024", "year = ", "source.toml:4: is not TOML"),
        ("source.toml", 'reference = "wasmtime"', 'reference = "x"', "unknown level 'x'"),
        ("source.toml", 'compare = "runtime"', 'compare = "rumtime"', "did you mean 'runtime'?"),
        ("source.toml", '"metric:inference_s"', '"inference"', "neither metric:NAME nor phase:"),
        ("source.toml", "table-16-nn", "table-61-nn", "table-61-nn-module.csv: cannot be read"),
        (
            "table-15-matrix-times.csv",
            "jit,134.814",
            "jit,134;814",
            "table-15-matrix-times.csv:3: duration_s: '134;814' is not a number",
        ),
        (
            "table-15-matrix-times.csv",
            "jit,134.814",
            "jit",
            "table-15-matrix-times.csv:3: 6 cells under 7 columns",
        ),
        (
            "table-15-matrix-times.csv",
            "duration_s",
            "duration_ms",
            "table-15-matrix-times.csv:1: unknown column 'duration_ms'",
        ),
        ("table-16-nn-module.csv", "0.465227,465.227,s", "0.465227,465.227,", "belong together"),
        ("audit.toml", 'basis = "computed"', 'basis = "guessed"', "unknown basis 'guessed'"),
        ("audit.toml", 'id = "energy-kwh"', 'id = "nn-seconds"', "id 'nn-seconds' twice"),
        ("audit.toml", "factor = 1000 }", 'factor = "1000" }', "numbers.factor must be a number"),
        ("audit.toml", 'device = "Raspberry Pi 3", q', 'devise = "x", q', "unknown key 'devise'"),
        (
            "audit.toml",
            "comparable = false",
            'comparable = "no"',
            "comparable must be true or false",
        ),
    ],
)
def test_what_is_wrong_is_one_line_with_file_and_line(
    folder: Path, name: str, old: str, new: str, expected: str
) -> None:
    spoil(folder, name, old, new)
    assert expected in complaint(folder)


def test_a_finding_that_lacks_a_text_is_named_by_its_line(folder: Path) -> None:
    spoil(folder, "audit.toml", 'place = "Table 16 and the text of 4.2.3"\n', "")
    assert complaint(folder).startswith("audit.toml:8: place must be a text")


def test_bytes_that_are_no_text_and_files_that_are_empty(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(HEAD.encode() + b"1,\xff,matrix,wasmtime,1\n")
    with pytest.raises(UsageError, match=r"t\.csv: byte \d+ is not UTF-8"):
        list(read_rows(path, FACTORS))
    path.write_text("")
    with pytest.raises(UsageError, match=r"t\.csv:1: is empty"):
        list(read_rows(path, FACTORS))
    path.write_text(f'{HEAD}1,"pi,matrix\n')
    with pytest.raises(UsageError, match=r"t\.csv:2: is not CSV"):
        list(read_rows(path, FACTORS))
    path.write_text(f"{HEAD}1,,matrix,wasmtime,1\n")
    with pytest.raises(UsageError, match=r"t\.csv:2: device is empty"):
        list(read_rows(path, FACTORS))
    path.write_text("table,workload\n")
    with pytest.raises(UsageError, match=r"t\.csv:1: no column device"):
        list(read_rows(path, FACTORS))


def test_an_empty_cell_is_no_value(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{HEAD}1,pi,matrix,wasmtime,\n2,pi,matrix,,1.50\n")
    first, second = read_rows(path, FACTORS)
    assert first.values == {}
    assert second.factors == {}
    assert second.values["duration_s"].half == pytest.approx(0.005)


def test_a_publication_without_an_audit_is_refused(folder: Path) -> None:
    (folder / "audit.toml").unlink()
    assert "audit.toml: cannot be read" in complaint(folder)
    (folder / "audit.toml").write_text("")
    assert list(read_audit(folder / "audit.toml", "runtime")) == []
