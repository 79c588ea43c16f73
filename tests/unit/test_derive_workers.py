"""Trials derived by several processes are those that one derives, whatever becomes of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from benchharness.model import CampaignSummary
from benchharness.report import (
    derive_cache,
    derive_progress,
    derive_trials,
    derive_workers,
    history_read,
)
from benchharness.report.derive import derive_campaign
from benchharness.report.derive_progress import Progress
from benchharness.store.database import Store
from benchharness.trial.marked import own_children
from tests.unit.derive_store import Trial, campaign, repeated

VARIANTS: Mapping[str, Sequence[Trial | None]] = {
    "one": [*repeated(8.0, 4), None],
    "other": repeated(9.0, 4),
}


@pytest.fixture(autouse=True)
def _several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(derive_cache.SWITCH, "off")
    monkeypatch.setattr(derive_workers, "_processors", lambda: 2)


def summary(path: Path) -> CampaignSummary:
    with Store.open(path / "results.db", read_only=True) as store:
        return derive_campaign(store, "last")


@pytest.mark.slow
def test_two_processes_derive_what_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign(tmp_path, VARIANTS).close()
    alone = summary(tmp_path)
    monkeypatch.setattr(derive_workers, "WORTH_IT", 2)
    found: list[int] = []
    original = derive_workers._answers

    def noting(*arguments: object) -> object:
        for part in original(*arguments):  # type: ignore[arg-type]
            found.extend(part)
            yield part

    monkeypatch.setattr(derive_workers, "_answers", noting)
    before = own_children()  # what other tests have left, such as a browser's helpers
    assert summary(tmp_path) == alone
    assert sorted(found) == [1, 2, 3, 4, 6, 7, 8, 9]  # the fifth has not ended
    assert set(own_children()) <= set(before)


@pytest.mark.parametrize("program", ["exit 1", "kill -9 $$", "head -c 9 /dev/zero", "echo rubbish"])
def test_what_processes_cannot_do_is_done_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    campaign(tmp_path, VARIANTS).close()
    alone = summary(tmp_path)
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{program}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(derive_workers, "WORTH_IT", 2)
    assert summary(tmp_path) == alone


def test_a_history_takes_over_what_a_look_at_the_campaign_has_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(derive_cache.SWITCH, str(tmp_path / "cache"))
    monkeypatch.setattr(derive_trials, "KEEP_FROM_S", 0.0)
    campaign(tmp_path, VARIANTS).close()
    paths = [tmp_path / "results.db"]
    alone = history_read.read_campaigns(paths, None, energy=True)
    for file in (tmp_path / "cache").iterdir():
        file.unlink()
    summary(tmp_path)
    derived: list[object] = []
    monkeypatch.setattr(history_read, "derive_light", lambda *told: derived.append(told))
    again = history_read.read_campaigns(paths, None, energy=True)
    assert derived == []
    for now, before in zip(again.entries[0].variants, alone.entries[0].variants, strict=True):
        assert now.figures == before.figures
        assert len(now.figures) == 4


def test_a_long_wait_is_told_once_and_a_short_one_never(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    short = Progress(1000)
    short.at(500)
    short.close()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(derive_progress, "PATIENCE_S", 0.0)
    long = Progress(10_000)
    long.at(3400)
    long.at(3600)
    long.close()
    assert capsys.readouterr().err == "deriving 10,000 trials (kept for next time)\n"


def test_on_a_terminal_the_share_is_told_and_taken_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(derive_progress, "PATIENCE_S", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress(10_000)
    progress.at(3400)
    progress.close()
    said = capsys.readouterr().err
    assert said == "\rderiving 10,000 trials (kept for next time): 34 %\r\x1b[K"
