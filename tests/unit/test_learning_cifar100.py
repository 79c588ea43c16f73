from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchharness.errors import UsageError
from benchharness.learning import data
from tests.unit.cifar_samples import (
    files,
    half,
    meta,
    old_pickle,
    pixels,
    write_archive,
    write_folder,
)

Contents = dict[str, bytes]


def refusal(path: Path | str) -> str:
    with pytest.raises(UsageError) as refused:
        data.load(f"cifar100:{path}", seed=1)
    line = refused.value.line()
    assert "\n" not in line
    return line


def test_the_archive_is_read(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "cifar-100-python.tar.gz", files())
    found = data.load(f"cifar100:{archive}", seed=1)
    assert found.train_pixels.shape == (120, 3, 32, 32)
    assert found.test_pixels.shape == (30, 3, 32, 32)
    assert (found.classes, found.real, found.image_shape) == (100, True, (3, 32, 32))
    assert found.train_y.tolist() == [n % 100 for n in range(120)]
    assert found.train_y.dtype == np.int64
    # 1024 bytes of red, then green, then blue, row by row.
    rows = pixels(120, 1)
    assert found.train_pixels[7, 2, 5, 9] == rows[7, 2 * 1024 + 5 * 32 + 9]
    assert np.array_equal(found.test_pixels.reshape(30, -1), pixels(30, 2))


def test_folders_and_plain_archives_are_read_too(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.tar.gz", files())
    plain = tmp_path / "a.tar"
    plain.write_bytes(gzip.decompress(archive.read_bytes()))
    folder = write_folder(tmp_path / "outer" / "cifar-100-python", files())
    expected = data.load(f"cifar100:{archive}", seed=1).train_pixels
    for path in (plain, folder, folder.parent):
        assert np.array_equal(data.load(f"cifar100:{path}", seed=1).train_pixels, expected)


def test_an_array_by_columns_is_the_same_images(tmp_path: Path) -> None:
    by_columns = np.asfortranarray(pixels(120, 1))
    train = old_pickle(half(by_columns, [n % 100 for n in range(120)]))
    folder = write_folder(tmp_path / "f", {**files(), "train": train})
    found = data.load(f"cifar100:{folder}", seed=1)
    assert np.array_equal(found.train_pixels.reshape(120, -1), pixels(120, 1))


def test_the_title_says_whether_it_is_the_published_one(tmp_path: Path) -> None:
    from benchharness.learning.data.cifar100 import _title

    archive = write_archive(tmp_path / "a.tar.gz", files())
    title = data.load(f"cifar100:{archive}", seed=1).title
    assert title.startswith("an archive in the format of CIFAR-100 with 120 training and 30 test")
    assert title.endswith("not the published CIFAR-100")
    assert _title(50_000, 10_000) == "CIFAR-100: 50000 training and 10000 test images"


def test_normalisation_is_that_of_the_training_images(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.tar.gz", files())
    found = data.load(f"cifar100:{archive}", seed=1)
    channels = found.train_pixels.astype(np.float64).transpose(1, 0, 2, 3).reshape(3, -1)
    means, deviations = found.normalisation
    assert means == pytest.approx(channels.mean(axis=1), rel=1e-12)
    assert deviations == pytest.approx(channels.std(axis=1), rel=1e-12)
    expected = (found.test_pixels - channels.mean(axis=1)[:, None, None]) / channels.std(axis=1)[
        :, None, None
    ]
    assert found.test_x == pytest.approx(expected, abs=1e-5)
    assert found.test_x.dtype == np.float32
    part, labels = found.train_part(np.array([3, 40]))
    assert np.array_equal(part, found.train_x[[3, 40]])
    assert labels.tolist() == [3, 40]


def test_a_choice_of_examples_is_seeded_and_said(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.tar.gz", files())
    spec = f"cifar100:{archive}"
    some = data.load(spec, seed=1, examples=20, test_examples=10)
    assert (len(some.train_y), len(some.test_y)) == (20, 10)
    assert "of these 20 of the training images and 10 of the test images" in some.title
    again = data.load(spec, seed=1, examples=20, test_examples=1)
    assert np.array_equal(some.train_pixels, again.train_pixels)
    other = data.load(spec, seed=2, examples=20)
    assert not np.array_equal(some.train_pixels, other.train_pixels)
    whole = data.load(spec, seed=1)
    keys = {
        each.tobytes(): label for each, label in zip(whole.train_pixels, whole.train_y, strict=True)
    }
    assert len({each.tobytes() for each in some.train_pixels}) == 20
    for image, label in zip(some.train_pixels, some.train_y, strict=True):
        assert keys[image.tobytes()] == label
    with pytest.raises(UsageError, match="121 examples are asked for and there are 120; ask"):
        data.load(spec, seed=1, examples=121)


def test_a_missing_archive_is_refused_with_its_source(tmp_path: Path) -> None:
    line = refusal(tmp_path / "none.tar.gz")
    assert line.startswith(f"{tmp_path}/none.tar.gz: there is no such file or folder; fetch cifar-")
    assert "cs.toronto.edu/~kriz" in line
    assert "it is not said where the archive is" in refusal("")


def test_a_truncated_or_damaged_archive_is_refused(tmp_path: Path) -> None:
    whole = write_archive(tmp_path / "whole.tar.gz", files()).read_bytes()
    swapped = whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]  # only the checksum knows
    damaged = whole[:5000] + b"\xff" * 200 + whole[5200:]
    plain = gzip.decompress(whole)
    for n, content in enumerate(
        [
            whole[:-4],
            whole[: len(whole) // 2],
            whole[:15],
            b"",
            b"<html>",
            damaged,
            swapped,
            plain[:200_000],
        ]
    ):
        path = tmp_path / f"{n}.tar.gz"
        path.write_bytes(content)
        assert "it is truncated, damaged or no .tar.gz archive (" in refusal(path), n
    (tmp_path / "memory").symlink_to("/proc/self/mem")  # its first bytes cannot be read
    assert "it cannot be read: Input/output error; fetch" in refusal(tmp_path / "memory")


def _with(name: str, content: bytes) -> Callable[[], Contents]:
    return lambda: {**files(), name: content}


def _without(name: str) -> Callable[[], Contents]:
    return lambda: {key: value for key, value in files().items() if key != name}


TEN = {f"data_batch_{n}": b"" for n in range(1, 6)} | {"batches.meta": b"", "test_batch": b""}


@pytest.mark.parametrize(
    ("contents", "what"),
    [
        (lambda: TEN, "it is CIFAR-10, not CIFAR-100; fetch"),
        (lambda: {"train.bin": b"", "test.bin": b""}, "it is CIFAR-100 for C or for Matlab"),
        (_without("test"), "it lacks test of CIFAR-100 for Python"),
        (lambda: {"else": b""}, "it lacks train, test, meta of CIFAR-100"),
        (_with("meta", old_pickle(meta(10))), "its meta has 10 fine_label_names, not 100"),
        (_with("meta", old_pickle({b"label_names": [b"cat"]})), "has no fine_label_names, not 100"),
        (
            _with("train", old_pickle({b"data": pixels(2), b"labels": [0, 1]})),
            "its train has labels and no fine_labels: it is CIFAR-10",
        ),
        (
            _with("train", old_pickle(half(pixels(2)[:, :784], [0, 1]))),
            "the data of its train is (2, 784), not [N, 3072] bytes",
        ),
        (
            _with("test", old_pickle(half(b"no", [0, 1]))),
            "the data of its test is no array, not [N, 3072] bytes",
        ),
        (
            _with("test", old_pickle(half(pixels(2), [0]))),
            "its test has 2 images with 1 fine_labels",
        ),
        (_with("test", old_pickle(half(pixels(2), None))), "has 2 images with no fine_labels"),
        (_with("test", old_pickle(half(pixels(0), []))), "has 0 images with 0 fine_labels"),
        (
            _with("train", old_pickle(half(pixels(2), [0, 100]))),
            "a fine label of its train is not 0 to 99",
        ),
        (
            _with("train", files()["train"][:9000]),
            "its train is not what CIFAR-100 has: it is damaged",
        ),
    ],
)
def test_another_archive_is_refused(
    tmp_path: Path, contents: Callable[[], Contents], what: str
) -> None:
    for path in (
        write_archive(tmp_path / "a.tar.gz", contents()),
        write_folder(tmp_path / "a", contents()),
    ):
        line = refusal(path)
        assert line.startswith(f"{path}: ")
        assert what in line
