"""A client: see benchharness/federated/client.py."""

from __future__ import annotations

import sys

from benchharness.federated.client import main

if __name__ == "__main__":
    sys.exit(main())
