"""LiteRT called directly from Python: the reference that every runtime is compared with.

``outputs`` is what a right run says; ``run`` does what the module does, in the same steps, and
emits the same phases, metrics and outputs.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # started by a program beside it

from benchharness import events
from wasm_modules.hosts.failures import EXIT_FAILED, HostError
from wasm_modules.hosts.guest_report import run_window
from wasm_modules.hosts.imports import litert
from wasm_modules.hosts.mapped import mapped_files, size_bytes

_SHAPE = (1, 224, 224, 3)


@dataclass(frozen=True, slots=True)
class Files:
    """What a run reads; ``labels`` None is none."""

    model: Path
    image: Path
    labels: Path | None


class Classifier:
    """A model that is ready to compute."""

    def __init__(self, content: bytes, chosen: litert.Settings, file: Path) -> None:
        """Raises HostError, which names ``file``, for what is no such classifier."""
        try:
            self.interpreter = litert.open_model(content, chosen)
            litert.allocate(self.interpreter)
        except ValueError as error:
            raise HostError(f"{file}: {error}", EXIT_FAILED) from None
        taken, given = self.interpreter.get_input_details(), self.interpreter.get_output_details()
        for what, wanted, found in (
            ("input", ("uint8", _SHAPE), taken[0]),
            ("output", ("uint8", None), given[0]),
        ):
            kind, shape = wanted
            is_like = shape is None or tuple(map(int, found["shape"])) == shape
            if found["dtype"].__name__ != kind or not is_like:
                raise HostError(
                    f"{file}: the model's {what} is {found['dtype'].__name__}"
                    f" {' x '.join(map(str, found['shape']))}, not {kind}"
                    f" {' x '.join(map(str, shape or ('any shape',)))}",
                    EXIT_FAILED,
                )
        self._input, self._output = int(taken[0]["index"]), int(given[0]["index"])

    def scores(self, tensor: Any) -> Any:
        """Return one inference's scores: (classes,)."""
        self.interpreter.set_tensor(self._input, tensor)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self._output).reshape(-1)


def outputs(files: Files, chosen: litert.Settings) -> dict[str, Any]:
    """Return the outputs of a right run. Raises HostError in one line."""
    import preprocess

    model, image, labels = read(files)
    tensor = preprocess.preprocess(image)
    classifier = Classifier(model, chosen, files.model)
    found = named(tensor, classifier.scores(tensor[None]), labels, files.labels)
    return {**found, "nn_kernel": litert.kernel(classifier.interpreter)}


def run(files: Files, chosen: litert.Settings, repeat: int) -> None:
    """Classify and emit what the module emits. Raises HostError."""
    before = mapped_files()
    with events.phase("load_nn"):  # as the wasi-nn host calls it: the same work, the same name
        litert.load_library()
        import preprocess
    nn_bytes = size_bytes(mapped_files() - before)
    if nn_bytes is not None:
        events.metric("nn_bytes", nn_bytes, unit="B")
    with run_window() as window:
        with events.phase("read"):
            model, image, labels = read(files)
        start_ns = time.monotonic_ns()
        with events.phase("preprocess"):
            tensor = preprocess.preprocess(image)
        preprocessed_ns = time.monotonic_ns()
        with events.phase("load_model"):
            classifier = Classifier(model, chosen, files.model)
        loaded_ns = time.monotonic_ns()
        with events.phase("first"):
            scores = classifier.scores(tensor[None])
        first_ns = time.monotonic_ns()
        with events.phase("steady"):
            took_ns = _steady(classifier, tensor[None], scores, repeat)
        window.end_ns = events.now_ns()
    for name, value_ns in (
        ("preprocess_s", preprocessed_ns - start_ns),
        ("load_s", loaded_ns - preprocessed_ns),
        ("first_inference_s", first_ns - loaded_ns),
        ("inference_s", statistics.fmean(took_ns)),
        ("inference_median_s", statistics.median(took_ns)),
        ("inference_min_s", min(took_ns)),
    ):
        events.metric(name, value_ns / 1e9, unit="s")
    for name, value in named(tensor, scores, labels, files.labels).items():
        events.output(name, value)
    events.output("nn_kernel", litert.kernel(classifier.interpreter))


def _steady(classifier: Classifier, tensor: Any, first: Any, repeat: int) -> list[int]:
    """Return how long each inference took, in nanoseconds."""
    took_ns = []
    before_ns = time.monotonic_ns()
    for _ in range(repeat):
        scores = classifier.scores(tensor)
        after_ns = time.monotonic_ns()
        took_ns.append(after_ns - before_ns)
        before_ns = after_ns
        if scores.tobytes() != first.tobytes():
            raise HostError("the same input gave other scores than the first time", EXIT_FAILED)
    return took_ns


def read(files: Files) -> tuple[bytes, Any, list[str] | None]:
    """Return the model, the image as an array, and the labels. Raises HostError."""
    import preprocess

    try:
        model = files.model.read_bytes()
        text = None if files.labels is None else files.labels.read_bytes()
        image = preprocess.read_ppm(files.image)
    except OSError as error:
        raise HostError(f"{error.filename} cannot be read: {error.strerror}", EXIT_FAILED) from None
    except preprocess.ImageError as error:
        raise HostError(str(error), EXIT_FAILED) from None
    if text is None:
        return model, image, None
    return model, image, [line.strip() for line in text.decode("utf-8", "replace").split("\n")]


def named(tensor: Any, scores: Any, labels: list[str] | None, file: Path | None) -> dict[str, Any]:
    """Return the outputs that the module has; ``file`` is where the labels are from."""
    import preprocess

    best = preprocess.top(scores)
    found: dict[str, Any] = {
        "top5": best,
        "digest": preprocess.digest(scores.tobytes()),
        "input_digest": preprocess.digest(tensor.tobytes()),
    }
    if labels is not None:
        if best[0][0] >= len(labels) or (best[0][0] == len(labels) - 1 and not labels[-1]):
            raise HostError(f"{file}: there is no label for class {best[0][0]}", EXIT_FAILED)
        found["label"] = labels[best[0][0]]
    return found
