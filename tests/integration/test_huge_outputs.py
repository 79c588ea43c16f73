"""A workload that says 30 MB of nonsense: the whole way from the run to the report."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

LINE = 10_000_000
PROGRAM = f"""
import sys
sys.stdout.write("<script>alert(1)</script>\\x1b[2J\\x00\\x07\\x9b" + "A" * {LINE} + "\\n")
sys.stdout.write("x" * {LINE} + "\\\\input{{/etc/passwd}}\\r\\n" * 1000)
sys.stdout.flush()
sys.stderr.write("B" * {LINE} + "\\x1b]0;owned\\x07<img src=x onerror=alert(1)> $\\\\undefined_%")
sys.exit(3)
"""
MOST_STORED_BYTES = 200_000
MOST_SAID_BYTES = 20_000

pytestmark = pytest.mark.slow


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "benchharness", *words],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_what_a_program_says_is_neither_kept_nor_believed(tmp_path: Path) -> None:
    (tmp_path / "big.py").write_text(PROGRAM, encoding="utf-8")
    done = command(
        tmp_path,
        *("run", "--results", "r.db", "--meter", "none", "--idle", "0.2"),
        *("--", sys.executable, "big.py"),
    )
    assert done.returncode == 1  # the program failed
    assert (tmp_path / "r.db").stat().st_size < MOST_STORED_BYTES
    shown = command(tmp_path, "show", "last", "--results", "r.db")
    written = command(
        tmp_path,
        *("report", "last", "--results", "r.db", "--html", "r.html", "--csv", "csv"),
        *("--latex", "r.tex", "--markdown", "r.md"),
    )
    exported = command(tmp_path, "export", "last", "--results", "r.db", "--json", "raw.json")
    assert (shown.returncode, written.returncode, exported.returncode) == (0, 0, 0)
    for said in (done.stdout, done.stderr, shown.stdout, shown.stderr):
        assert len(said) < MOST_SAID_BYTES
        assert not set(said) & ({*range(32)} - {ord("\n"), ord("\r"), ord("\t")})
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert len(html) < MOST_STORED_BYTES
    assert "\\undefined" not in (tmp_path / "r.tex").read_text(encoding="utf-8")
    assert "<img" not in (tmp_path / "r.md").read_text(encoding="utf-8")
    with (tmp_path / "csv" / "trials.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["status"] == "failed"
    assert json.loads((tmp_path / "raw.json").read_text(encoding="utf-8"))
