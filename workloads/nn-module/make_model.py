"""Makes the model, its labels and its test image: the files of model/, the same bytes each time.

Usage: make_model.py [--out FOLDER] [--without-model]

MobileNetV2 (Sandler and others, 2018; alpha 1, 1 x 224 x 224 x 3) with seeded random weights. The
batch normalisations are calibrated on seeded images and the last layer is fitted by ridge
regression on one pattern a class (prototypes.py): no data set, no weights from elsewhere, and
a prediction that depends on the input. Full int8 quantisation after training, uint8 in and out;
in a network of random weights its noise is as large as the differences between patterns, so the
last layer is fitted to what the quantised layers before it give. It needs tensorflow-cpu 2.21
(1.6 GB; nothing else here does); with ``--without-model`` NumPy is enough and the model itself
stays as it is.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import numpy.typing as npt
from prototypes import CLASSES, SIZE, as_ppm, draw, framed, label

MODEL, LABELS, IMAGE = "patterns.tflite", "labels.txt", "pattern-102.ppm"
IMAGE_CLASS, IMAGE_WIDTH, IMAGE_HEIGHT = 102, 160, 120
SUMS = "SHA256SUMS"

_SEED = 7
_CALIBRATION_IMAGES = 96  # for the batch normalisations, and again for the quantisation
_RIDGE = 0.1  # of the features' mean variance
_Floats = npt.NDArray[np.float32]


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the files of model/.", allow_abbrev=False)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / "model")
    parser.add_argument("--without-model", action="store_true")
    options = parser.parse_args()
    folder: Path = options.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LABELS).write_text("".join(f"{label(k)}\n" for k in range(CLASSES)))
    (folder / IMAGE).write_bytes(as_ppm(framed(IMAGE_CLASS, IMAGE_WIDTH, IMAGE_HEIGHT)))
    if not options.without_model:
        (folder / MODEL).write_bytes(model_bytes())
    write_sums(folder)
    print((folder / SUMS).read_text(), end="")
    return 0


def write_sums(folder: Path) -> None:
    """Write the SHA-256 of the three files, as sha256sum does."""
    names = [name for name in (IMAGE, LABELS, MODEL) if (folder / name).is_file()]
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in names
    ]
    (folder / SUMS).write_text("".join(f"{line}\n" for line in lines))


def model_bytes() -> bytes:
    """Return the quantised model as a TFLite file."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.keras.utils.set_random_seed(_SEED)
    tf.config.experimental.enable_op_determinism()
    body = tf.keras.applications.MobileNetV2(
        input_shape=(SIZE, SIZE, 3), include_top=False, weights=None, pooling="avg"
    )
    _calibrate(tf, body)
    weights, bias = fit(_features(tf, _quantised(tf, body)))
    last = tf.keras.layers.Dense(CLASSES, name="scores")
    model = tf.keras.Model(body.input, last(body.output))
    last.set_weights([weights, bias])
    return _quantised(tf, model)


def fit(features: _Floats) -> tuple[_Floats, _Floats]:
    """Return the weights and the bias that map the k-th row of features to class k.

    Ridge regression in float64 on features whose mean is taken off.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    rows = features - mean
    targets = np.eye(len(features)) - 1 / len(features)
    gram = rows @ rows.T
    gram[np.diag_indices_from(gram)] += _RIDGE * np.trace(gram) / len(gram)
    weights = rows.T @ np.linalg.solve(gram, targets)
    return weights.astype(np.float32), (-mean @ weights).astype(np.float32)


def _calibrate(tf: Any, body: Any) -> None:
    """Give every batch normalisation the mean and variance that it sees on seeded images."""
    for layer in body.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.momentum = 0.0  # the statistics of the last batch, not a mixture
    body(_inputs(range(0, CLASSES, CLASSES // _CALIBRATION_IMAGES)), training=True)


def _quantised(tf: Any, model: Any) -> bytes:
    def representative() -> Iterator[list[_Floats]]:
        for index in range(0, CLASSES, CLASSES // _CALIBRATION_IMAGES):
            yield [_inputs([index])]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    return bytes(converter.convert())


def _features(tf: Any, quantised: bytes) -> _Floats:
    """Return what a quantised network gives for each pattern: (classes, features)."""
    interpreter = tf.lite.Interpreter(model_content=quantised, num_threads=1)
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    scale, zero = given["quantization"]
    rows = []
    for index in range(CLASSES):
        interpreter.set_tensor(taken["index"], draw(index)[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(given["index"])[0].astype(np.float32) - zero)
    return np.asarray(np.stack(rows) * np.float32(scale), np.float32)


def _inputs(indices: Any) -> _Floats:
    """Return patterns as the network takes them: from -1 to 1."""
    images = np.stack([draw(index) for index in indices])
    return np.asarray(images.astype(np.float32) / np.float32(127.5) - np.float32(1), np.float32)


if __name__ == "__main__":
    sys.exit(main())
