"""The window of a server that was killed before it could open it."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from benchharness import events

pytest.importorskip("flwr")  # which needs CPython 3.11
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of what Flower imports
    from benchharness.federated import rounds


@pytest.mark.parametrize(
    ("after", "resumed", "told"),
    [
        (0, (), ["window", "test_loss"]),
        (0, (0,), ["window", "test_loss", "resumed"]),
        (2, (2,), ["resumed"]),
    ],
)
def test_the_window_is_opened_by_whoever_begins_with_the_first_round(
    after: int, resumed: tuple[int, ...], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(events, "window_start", lambda: seen.append("window"))
    monkeypatch.setattr(events, "metric", lambda name, *_a, **_k: seen.append(name))
    server: Any = SimpleNamespace(
        _after=after,
        _resumed=resumed,
        curve=({"test_loss": 1.0},),
        _grid=SimpleNamespace(open_log=lambda _after: None),
    )
    rounds._Training._open_window(server)
    assert seen == told
