from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.learning.data import pickled_arrays
from benchharness.learning.data.pickled_arrays import ForeignPickleError
from tests.unit.cifar_samples import half, old_pickle, pixels

WHOLE = old_pickle(half(pixels(2), [4, 5]))


def test_the_sample_is_what_any_reader_of_the_format_reads() -> None:
    data = pixels(3)
    for array in (data, np.asfortranarray(data)):
        content = old_pickle({b"data": array, b"fine_labels": [1, 2, 3]})
        # The oracle is NumPy itself; its old module is reached by the new name.
        modern = content.replace(b"numpy.core.multiarray", b"numpy._core.multiarray")
        modern = modern if int(np.__version__[0]) > 1 else content
        theirs = pickle.loads(modern, encoding="bytes")
        ours = pickled_arrays.read(content)
        assert ours["fine_labels"] == theirs[b"fine_labels"] == [1, 2, 3]
        assert np.array_equal(theirs[b"data"], data)
        assert isinstance(ours["data"], np.ndarray)
        assert np.array_equal(ours["data"], data)


class _Runs:
    """Pickled, it makes the reader call something."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.reduced = (call, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.reduced


@pytest.mark.parametrize(
    "call",
    [os.system, eval, getattr, print, bytes, np.zeros, pickle.loads],
    ids=lambda c: c.__name__,
)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_that_a_pickle_names_is_called(call: Callable[..., object], protocol: int) -> None:
    content = pickle.dumps({"data": _Runs(call, "touched")}, protocol)
    with pytest.raises(ForeignPickleError, match="it asks for"):
        pickled_arrays.read(content)


@pytest.mark.parametrize(
    ("name", "state"),
    [(b"numpy\ndtype\n", b"}"), (b"numpy.core.multiarray\n_reconstruct\n", b"}U\x01aK\x01s")],
)
def test_what_makes_an_array_cannot_be_changed(name: bytes, state: bytes) -> None:
    with pytest.raises(ForeignPickleError, match="it changes what makes an array"):
        pickled_arrays.read(b"\x80\x02c" + name + state + b"b.")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "damaged or no pickle"),
        (b"PK\x03\x04", "damaged or no pickle"),
        (pickle.dumps([1]), "no dictionary"),
        (b"\x80\x02U\x01aQ.", "object elsewhere"),
        (old_pickle({b"data": np.zeros(3)}), "not of unsigned bytes"),
        (WHOLE.replace(b"J\x00\x0c\x00\x00", b"J\x01\x0c\x00\x00"), "do not fill its shape"),
        (WHOLE.replace(b"J\x00\x0c\x00\x00", b"J\xff\xff\xff\xff"), "do not fill its shape"),
        (old_pickle({b"data": pixels(1)})[:-2] + b"0s.", "damaged or no pickle"),
    ],
)
def test_what_is_no_such_dictionary_is_refused(content: bytes, what: str) -> None:
    with pytest.raises(ForeignPickleError, match=what):
        pickled_arrays.read(content)


@given(length=st.integers(0, len(WHOLE) - 1))
def test_a_truncated_one_is_refused(length: int) -> None:
    with pytest.raises(ForeignPickleError):
        pickled_arrays.read(WHOLE[:length])


@given(at=st.integers(0, 700), octet=st.integers(0, 255), fill=st.binary(max_size=6))
def test_a_damaged_one_is_read_or_refused(at: int, octet: int, fill: bytes) -> None:
    # Not the memo's long form: its index alone makes Python take memory (bpo-44050's kin).
    damaged = WHOLE[:at] + bytes([octet]) + fill + WHOLE[at + 1 + len(fill) :]
    with contextlib.suppress(ForeignPickleError):
        pickled_arrays.read(damaged.replace(pickle.LONG_BINPUT, b"N"))
