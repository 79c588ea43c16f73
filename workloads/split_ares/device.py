"""A device: see benchharness/split/device.py."""

from __future__ import annotations

import sys

from benchharness.split.device import main

if __name__ == "__main__":
    sys.exit(main())
