"""What a right training must say of itself, by arithmetic: PyTorch is not asked.

expected.py --scheme S --data D --rounds R
"""

from __future__ import annotations

import argparse
import json
import sys

_KERNEL = 9  # of a 3x3 convolution
_BIAS = 1
_NORM = 2  # what BatchNorm trains for each channel: a factor and a shift
_CONVOLUTIONS = ((3, 32), (32, 64), (64, 64))
_SIDE = 8  # of 32, after two maxima of 2x2
_HIDDEN = 128
_CLASSES = {"cifar100": 100, "synthetic": 100, "digits": 10}


def classes(data: str) -> int:
    """Return how many classes a data set has: ``synthetic:N`` has N, an unknown one none."""
    name, _, argument = data.partition(":")
    if name == "synthetic" and argument.isdecimal():
        return int(argument)
    return _CLASSES.get(name, 0)


def parameters(class_count: int) -> int:
    """Return the parameters of the seven layers: 582,346 for ten classes."""
    convolutions = sum(
        (_KERNEL * inputs + _BIAS + _NORM) * outputs for inputs, outputs in _CONVOLUTIONS
    )
    flat = _CONVOLUTIONS[-1][1] * _SIDE * _SIDE
    return convolutions + (flat + _BIAS) * _HIDDEN + (_HIDDEN + _BIAS) * class_count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--scheme", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    options = parser.parse_args()
    outputs = {
        "scheme": options.scheme,
        "rounds": options.rounds,
        "parameters": parameters(classes(options.data)),
    }
    print(json.dumps(outputs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
