"""Images and digests of nn-module in NumPy, against the formula in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.unit.nn_workload import IMAGE, LABELS, MODEL, ppm, program
from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.imports import litert

preprocess = program("preprocess")
prototypes = program("prototypes")


def exact(line: list[int], i: int) -> Fraction:
    """Return output i of a line of samples, by interpolation between the centres of pixels."""
    size = len(line)
    at = Fraction(2 * i + 1, 2) * size / 224 - Fraction(1, 2)
    at = min(max(at, Fraction(0)), Fraction(size - 1))
    low = int(at)
    return line[low] + (at - low) * (line[min(low + 1, size - 1)] - line[low])


@pytest.mark.parametrize("size", [1, 2, 3, 100, 224, 225, 448, 1000])
def test_a_line_is_interpolated_between_centres(size: int) -> None:
    line = np.random.default_rng(size).integers(0, 256, size, dtype=np.uint8)
    image = np.broadcast_to(line[None, :, None], (size, size, 3))
    found = preprocess.preprocess(image)
    wanted = [int(exact(line.tolist(), i) + Fraction(1, 2)) for i in range(224)]
    assert found.shape == (224, 224, 3)
    assert found[0, :, 0].tolist() == wanted
    assert (found == found[:1]).all()
    turned = preprocess.preprocess(np.swapaxes(image, 0, 1))
    assert turned[:, 0, 2].tolist() == wanted


@pytest.mark.parametrize(("height", "width"), [(224, 224), (224, 300), (301, 224)])
def test_the_centre_square_is_taken_as_it_is(height: int, width: int) -> None:
    image = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    top, left = (height - 224) // 2, (width - 224) // 2
    wanted = image[top : top + 224, left : left + 224]
    assert np.array_equal(preprocess.preprocess(image), wanted)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [(b"", "cbf29ce484222325"), (b"a", "af63dc4c8601ec8c"), (b"foobar", "85944171f73967e8")],
)
def test_the_digest_is_fnv_1a(data: bytes, wanted: str) -> None:
    assert preprocess.digest(data) == wanted  # the values that its authors publish


def test_the_lower_class_is_first_among_equals() -> None:
    scores = np.array([3, 9, 9, 0, 255, 3, 3], dtype=np.uint8)
    assert preprocess.top(scores) == [[4, 255], [1, 9], [2, 9], [0, 3], [5, 3]]


def test_comments_and_white_space_are_part_of_a_header(tmp_path: Path) -> None:
    path = tmp_path / "image.ppm"
    path.write_bytes(ppm(2, 1, bytes(range(6)), b"P6# made\n#by hand\n 2\t1 # size\r\n255\n"))
    assert preprocess.read_ppm(path).tolist() == [[[0, 1, 2], [3, 4, 5]]]


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (b"", "is not a binary PPM image (P6)"),
        (b"P3\n1 1\n255\n1 2 3\n", "is not a binary PPM image (P6)"),
        (b"P6\n1 x\n255\n123", "its header is broken"),
        (b"P6\n1 1\n", "its header is broken"),
        (b"P61 1 255 123", "its header is broken"),
        (b"P6\n0 1\n255\n", "is 0 x 1; each side is from 1 to 16384"),
        (b"P6\n999999 999999\n255\n", "each side is from 1 to 16384"),
        (b"P6\n1 1\n65535\n123456", "has colours up to 65535; only 255 is read"),
        (b"P6\n2 1\n255\n12345", "is cut short"),
    ],
)
def test_what_is_no_such_image_is_one_line(tmp_path: Path, file: bytes, why: str) -> None:
    path = tmp_path / "image.ppm"
    path.write_bytes(file)
    with pytest.raises(preprocess.ImageError) as caught:
        preprocess.read_ppm(path)
    assert str(caught.value).startswith(str(path))
    assert why in str(caught.value)


def test_the_labels_and_the_image_are_what_their_seeds_give(tmp_path: Path) -> None:
    make_model = program("make_model")
    assert LABELS.read_text().splitlines() == [prototypes.label(k) for k in range(965)]
    drawn = prototypes.framed(make_model.IMAGE_CLASS, 160, 120)
    assert prototypes.as_ppm(drawn) == IMAGE.read_bytes()
    sums = MODEL.with_name("SHA256SUMS").read_text()
    for path in (MODEL, LABELS, IMAGE):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    make_model.write_sums(tmp_path)
    assert (tmp_path / "SHA256SUMS").read_text() == sums


def test_the_model_knows_the_patterns_it_was_made_with() -> None:
    direct = program("direct")
    classifier = direct.Classifier(MODEL.read_bytes(), litert.Settings(), MODEL)
    indices = range(0, 965, 40)
    found = [int(classifier.scores(prototypes.draw(k)[None]).argmax()) for k in indices]
    right = sum(index == wanted for index, wanted in zip(found, indices, strict=True))
    assert right >= 0.9 * len(indices)  # all of them where XNNPACK rounds as it did for the fit
    assert MODEL.stat().st_size <= 5_000_000
    detail = classifier.interpreter.get_input_details()[0]
    assert (detail["dtype"], detail["shape"].tolist()) == (np.uint8, [1, 224, 224, 3])
    assert classifier.interpreter.get_output_details()[0]["shape"].tolist() == [1, 965]


def test_a_class_without_a_label_is_one_line() -> None:
    direct = program("direct")
    scores = np.zeros(965, dtype=np.uint8)
    scores[9] = 1
    tensor = np.zeros((224, 224, 3), dtype=np.uint8)
    names = Path("birds.txt")
    assert direct.named(tensor, scores, ["x"] * 10, names)["label"] == "x"
    for labels in (["x"] * 9, [*["x"] * 9, ""]):
        with pytest.raises(HostError, match=r"birds\.txt: there is no label for class 9"):
            direct.named(tensor, scores, labels, names)
