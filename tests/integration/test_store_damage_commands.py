"""A results file that is cut, holds zeros or flipped bits: every command says so in one line."""

from __future__ import annotations

import contextlib
import io
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from benchharness.cli.main import main
from benchharness.report.derive import derive_campaign
from benchharness.store.database import Store
from benchharness.store.rescue import rescue
from tests.unit.derive_store import campaign, repeated

PAGE = 4096
COMMANDS = (
    ("list", "campaigns"),
    ("show", "last"),
    ("compare", "last", "--by", "runtime"),
    ("report", "last", "--html", "page.html"),
    ("report", "last", "--markdown", "table.md", "--csv", "tables"),
    ("export", "last", "--json", "raw.json"),
    ("resume", "last"),
)
SEEDS = range(12)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    texts = {"log": "x" * 2000}
    variants = {name: repeated(watts, 4, details=texts) for name, watts in (("a", 8), ("b", 9))}
    campaign(folder, variants).close()
    return folder / "results.db"


@pytest.fixture
def damaged(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[bytearray], bytes]], None]:
    monkeypatch.chdir(tmp_path)

    def make(change: Callable[[bytearray], bytes]) -> None:
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        monkeypatch.chdir(tmp_path)
        (tmp_path / "results.db").write_bytes(change(bytearray(whole.read_bytes())))

    return make


def said(*command: str) -> tuple[int, str]:
    """Run a command on results.db; return its exit code and what it told people."""
    error = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(error):
        code = main([*command, "--results", "results.db"])
    return code, error.getvalue()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9])
def test_a_cut_file(
    damaged: Callable[[Callable[[bytearray], bytes]], None], share: float, command: tuple[str, ...]
) -> None:
    damaged(lambda content: bytes(content[: int(share * len(content))]))
    code, error = said(*command)
    assert code == 2
    assert error.count("\n") == 1
    assert "results.db: the results file is damaged (cut short: " in error
    assert "benchharness.store.rescue results.db rescued.db" in error


def flipped(content: bytearray, chance: random.Random) -> bytes:
    for _ in range(6):
        place = chance.randrange(PAGE, len(content))
        content[place] ^= 1 << chance.randrange(8)
    return bytes(content)


def zeros(content: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(PAGE, len(content) - 400)
    content[start : start + 400] = bytes(400)
    return bytes(content)


def rubbish(content: bytearray, chance: random.Random) -> bytes:
    start = PAGE * chance.randrange(1, len(content) // PAGE)
    content[start : start + PAGE] = chance.randbytes(PAGE)
    return bytes(content)


@pytest.mark.parametrize("change", [flipped, zeros, rubbish])
@pytest.mark.parametrize("command", [c for c in COMMANDS[:6] if "--html" not in c])
def test_no_damage_ends_in_a_traceback(
    damaged: Callable[[Callable[[bytearray], bytes]], None],
    change: Callable[[bytearray, random.Random], bytes],
    command: tuple[str, ...],
) -> None:
    found = set()
    for seed in SEEDS:
        chance = random.Random(seed)
        damaged(lambda content, chance=chance: change(content, chance))  # type: ignore[misc]
        code, error = said(*command)
        assert code in (0, 1, 2), error
        if code == 2:
            assert error.count("\n") == 1
        found.add(code)
    if command[0] != "list":
        assert 2 in found


def test_what_is_left_of_half_a_file_can_be_shown(
    damaged: Callable[[Callable[[bytearray], bytes]], None], tmp_path: Path
) -> None:
    damaged(lambda content: bytes(content[: len(content) * 9 // 10]))
    rescue(tmp_path / "results.db", tmp_path / "rescued.db")
    with Store.open(tmp_path / "rescued.db", create=False) as store:
        summary = derive_campaign(store, "last")
    assert len(summary.trials) >= 6
    assert any(trial.energy is not None for trial in summary.trials)


def test_a_page_of_zeros_at_the_start_is_no_results_file(
    damaged: Callable[[Callable[[bytearray], bytes]], None],
) -> None:
    damaged(lambda content: bytes(PAGE) + bytes(content[PAGE:]))
    code, error = said("show", "last")
    assert (code, error.count("\n")) == (2, 1)
    assert "is not a results file" in error


def test_lost_variants_are_taken_from_the_run_table(
    damaged: Callable[[Callable[[bytearray], bytes]], None], tmp_path: Path, whole: Path
) -> None:
    with contextlib.closing(sqlite3.connect(whole)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'variant'"
        page = connection.execute(query).fetchone()[0]

    def without(content: bytearray) -> bytes:
        content[(page - 1) * PAGE : page * PAGE] = bytes(PAGE)
        return bytes(content)

    damaged(without)
    assert said("show", "last")[0] == 2
    rescue(tmp_path / "results.db", tmp_path / "rescued.db")
    with Store.open(tmp_path / "rescued.db", create=False) as store:
        summary = derive_campaign(store, "last")
    assert [variant.factors for variant in summary.variants] == [{"runtime": "a"}, {"runtime": "b"}]
    assert sum(trial.energy is not None for trial in summary.trials) == 8


def test_a_request_that_is_lost_is_told_by_resume(whole: Path) -> None:
    error = io.StringIO()
    with contextlib.redirect_stderr(error):
        assert main(["resume", "last", "--results", str(whole)]) == 2
    assert "what the campaign was asked for is not stored; run it anew" in error.getvalue()
