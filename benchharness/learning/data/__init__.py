"""Data sets by name: what they are is said in every result.

``cifar100:PATH`` reads the published python archive; ``digits`` and ``synthetic`` need no network.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchharness.errors import UnknownNameError, UsageError
from benchharness.learning.data.dataset import Dataset

__all__ = ["Dataset", "load"]


def load(
    spec: str, *, seed: int, examples: int | None = None, test_examples: int | None = None
) -> Dataset:
    """Return the data set that ``spec`` names.

    ``spec`` is ``cifar100:PATH`` (the .tar.gz or its extracted folder), ``digits``, ``synthetic``
    or ``synthetic:CLASSES``. ``examples`` and ``test_examples`` limit how many are taken: a seeded
    choice; None takes all that there are. Images are 3x32x32 in every case.
    Raises UsageError for an unknown name, for data that are missing or of the wrong format, and
    for more examples than there are.
    """
    for what, wanted in (("examples", examples), ("test examples", test_examples)):
        if wanted is not None and wanted < 1:
            raise UsageError(
                f"{wanted} {what}", where=f"data {spec}", remedy="take at least 1, or leave it out"
            )
    name, colon, argument = spec.partition(":")
    opener = _OPENERS.get(name)
    if opener is None:
        raise UnknownNameError("data", name, ("cifar100:PATH", "digits", "synthetic"))
    return opener(spec, argument if colon else None, seed, examples, test_examples)


_Opener = Callable[[str, "str | None", int, "int | None", "int | None"], Dataset]


def _cifar100(
    spec: str, path: str | None, seed: int, examples: int | None, test_examples: int | None
) -> Dataset:
    from benchharness.learning.data import cifar100

    if not path:
        raise UsageError(
            "it is not said where the archive is",
            where=f"data {spec}",
            remedy="write cifar100:PATH, of cifar-100-python.tar.gz or the folder in it",
        )
    return cifar100.read(Path(path).expanduser()).subset(seed, examples, test_examples)


def _digits(
    spec: str, argument: str | None, seed: int, examples: int | None, test_examples: int | None
) -> Dataset:
    from benchharness.learning.data import digits

    if argument is not None:
        raise UsageError("digits takes no argument", where=f"data {spec}", remedy="write digits")
    return digits.read().subset(seed, examples, test_examples)


def _synthetic(
    spec: str, argument: str | None, seed: int, examples: int | None, test_examples: int | None
) -> Dataset:
    from benchharness.learning.data import synthetic

    classes = synthetic.CLASSES
    if argument is not None:
        if not (argument.isascii() and argument.isdigit() and int(argument) >= 2):
            raise UsageError(
                f"{argument!r} is not a number of classes",
                where=f"data {spec}",
                remedy="write synthetic, or synthetic:10 for ten classes",
            )
        classes = int(argument)
    return synthetic.make(
        seed,
        synthetic.EXAMPLES if examples is None else examples,
        synthetic.TEST_EXAMPLES if test_examples is None else test_examples,
        classes,
    )


_OPENERS: dict[str, _Opener] = {"cifar100": _cifar100, "digits": _digits, "synthetic": _synthetic}
