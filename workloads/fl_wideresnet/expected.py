"""What a right training must say of itself, by arithmetic: neither PyTorch nor Flower is asked.

expected.py --engine E --data D --depth N --width K --rounds R
"""

from __future__ import annotations

import argparse
import json
import sys

_STEM = 16
_COLOURS = 3
_KERNEL = 9  # of a 3x3 convolution; all are without bias
_OF_CHANNEL = 2  # what BatchNorm trains: a factor and a shift
_CLASSES = {"cifar100": 100, "synthetic": 100, "digits": 10}


def classes(data: str) -> int:
    """Return how many classes a data set has: ``synthetic:N`` has N, an unknown one none."""
    name, _, argument = data.partition(":")
    if name == "synthetic" and argument.isdecimal():
        return int(argument)
    return _CLASSES.get(name, 0)


def block(inputs: int, outputs: int, *, is_first: bool, stride: int) -> int:
    """Return the parameters of two convolutions with BatchNorm, and of the projection."""
    convolutions = _KERNEL * inputs * outputs + _KERNEL * outputs * outputs
    norms = 2 * _OF_CHANNEL * outputs
    is_projected = is_first and (stride != 1 or inputs != outputs)
    return convolutions + norms + (inputs + _OF_CHANNEL) * outputs * is_projected


def group(depth: int, inputs: int, outputs: int, stride: int) -> int:
    """Return the parameters of ``depth`` blocks, the first of which changes the shape."""
    first = block(inputs, outputs, is_first=True, stride=stride)
    return first + (depth - 1) * block(outputs, outputs, is_first=False, stride=1)


def parameters(depth: int, width: int, class_count: int) -> int:
    """Return the parameters of the network."""
    wide = _STEM * width
    groups = (
        group(depth, _STEM, _STEM, 1)
        + group(depth, _STEM, wide, 2)
        + group(depth, wide, 2 * wide, 2)
    )
    return (
        _KERNEL * _COLOURS * _STEM  # the stem
        + groups
        + _OF_CHANNEL * 2 * wide  # the last BatchNorm
        + (2 * wide + 1) * class_count  # the linear layer with its bias
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--data", required=True)
    for name in ("--depth", "--width", "--rounds"):
        parser.add_argument(name, type=int, required=True)
    options = parser.parse_args()
    outputs = {
        "engine": options.engine,
        "rounds": options.rounds,
        "parameters": parameters(options.depth, options.width, classes(options.data)),
    }
    print(json.dumps(outputs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
