"""The server: see benchharness/split/server.py."""

from __future__ import annotations

import sys

from benchharness.split.server import main

if __name__ == "__main__":
    sys.exit(main())
