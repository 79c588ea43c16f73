"""What the third party's own module need not say: its tests take a while."""

from __future__ import annotations

from pathlib import Path

import pytest

ACME = Path(__file__).parent / "acme"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == ACME and not item.name.endswith("[none]"):
            item.add_marker(pytest.mark.slow)
