"""A disk that is full and a folder that nobody may write to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchharness.errors import ResultsFileError, UnfitError
from benchharness.store.database import Store
from benchharness.store.records import EventRecord
from tests.integration.store_harness import (
    committed,
    may_mount,
    mounted_tmpfs,
    open_with_trial,
    start_writer,
    stored_samples,
)

# A limit on the size of a file works everywhere; a disk that is really full needs a mount.
FULL_KIB = [200, 900, 5000] if may_mount() else []


def check_full(path: Path, writer: subprocess.Popen[str]) -> int:
    """Check what a writer on a full disk says and does; return how many commits it reported."""
    output, errors = writer.communicate(timeout=60)
    assert writer.returncode == 3, errors
    assert errors.count("\n") == 1
    assert str(path) in errors
    assert "what was committed is kept; free space" in errors
    assert committed(output) > 0
    return committed(output)


def test_a_file_that_may_not_grow_ends_in_one_line_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    writer = start_writer(path, "aaaaaaaa", 100_000, padding=20_000, file_limit=600_000)
    reported = check_full(path, writer)
    with Store.open(path, read_only=True) as store:
        assert stored_samples(store, "aaaaaaaa") >= 10 * reported


@pytest.mark.parametrize("kib", FULL_KIB)
def test_a_full_disk_ends_in_one_line_and_keeps_what_it_has(tmp_path: Path, kib: int) -> None:
    """Full at the first rows, in the write-ahead log, and after its first checkpoint."""
    with mounted_tmpfs(tmp_path, kib):
        path = tmp_path / "results.db"
        reported = check_full(path, start_writer(path, "aaaaaaaa", 100_000, padding=20_000))
        with Store.open(path, read_only=True) as store:
            assert stored_samples(store, "aaaaaaaa") == 10 * reported


@pytest.mark.parametrize("kib", FULL_KIB[:1])
def test_no_file_can_be_made_on_a_full_disk(tmp_path: Path, kib: int) -> None:
    with mounted_tmpfs(tmp_path, kib):
        (tmp_path / "filler").write_bytes(bytes(kib * 1024))
        with pytest.raises(UnfitError, match="free space") as caught:
            Store.open(tmp_path / "results.db")
        assert caught.value.exit_code == 3


@pytest.mark.parametrize("kib", FULL_KIB[:1])
def test_what_could_not_be_written_is_written_when_there_is_space_again(
    tmp_path: Path, kib: int
) -> None:
    with mounted_tmpfs(tmp_path, kib):
        path = tmp_path / "results.db"
        store, trial_id = open_with_trial(path)
        filler = tmp_path / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
            while True:
                file.write(bytes(4096))
        store.add_event(trial_id, EventRecord(1, "main", "phase", text="x" * 9000))
        with pytest.raises(UnfitError):
            store.commit()
        filler.unlink()
        store.close()
        with Store.open(path, read_only=True) as again:
            assert [event.t_ns for event in again.events(trial_id)] == [1]


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Make a folder one that this user cannot write to; root needs a mount for that."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)
        return
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


CAN_FORBID = [True] if os.geteuid() != 0 or may_mount() else []


@pytest.mark.parametrize("_", CAN_FORBID)
def test_a_folder_that_nobody_may_write_to_can_be_read(tmp_path: Path, _: bool) -> None:
    path = tmp_path / "results.db"
    store, _trial = open_with_trial(path)
    store.close()
    with unwritable(tmp_path):
        with Store.open(path, create=False, read_only=True) as reader:
            assert [c.id for c in reader.campaigns()] == ["0badcafe"]
        for target in (path, tmp_path / "new.db", tmp_path / "folder" / "new.db"):
            with pytest.raises(ResultsFileError, match=r"cannot be used.*--results") as caught:
                Store.open(target)
            assert caught.value.exit_code == 2


@pytest.mark.parametrize("_", CAN_FORBID)
def test_a_killed_harness_s_file_can_be_read_where_nobody_may_write(
    tmp_path: Path, _: bool
) -> None:
    """Its last rows are in the write-ahead log, which must not be passed over."""
    path = tmp_path / "results.db"
    writer = start_writer(path, "aaaaaaaa", 100_000)
    assert writer.stdout is not None
    writer.stdout.readline()
    writer.kill()
    output, _errors = writer.communicate()
    with unwritable(tmp_path), Store.open(path, read_only=True) as reader:
        assert stored_samples(reader, "aaaaaaaa") >= 10 * (1 + committed(output))
