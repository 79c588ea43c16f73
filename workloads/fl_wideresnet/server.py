"""The server: see benchharness/federated/server.py."""

from __future__ import annotations

import sys

from benchharness.federated.server import main

if __name__ == "__main__":
    sys.exit(main())
