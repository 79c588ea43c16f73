"""Rows with damaged text: what can be read is kept, with a caution beside it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from benchharness.store.rescue_mend import LOST, mend
from tests.unit.history_samples import write_history

THROTTLED = ["throttled", "the CPU was throttled", "cool it"]


@pytest.mark.parametrize(
    ("cautions", "kept"),
    [
        (json.dumps([THROTTLED]), [THROTTLED]),
        (json.dumps([]), []),
        (None, []),
        ('[["throttled", "the CPU', []),  # cut in the middle
        ('{"a": 1}', []),
    ],
)
def test_good_cautions_stay_where_other_text_is_damaged(
    tmp_path: Path, cautions: str | None, kept: list[list[str]]
) -> None:
    path = write_history(tmp_path / "damaged.db", 1, lambda _: 1.0)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            """UPDATE trial SET cautions = ?, methods = '{"cpu"' WHERE id = 1""", (cautions,)
        )
        mend(connection)
    rows = "SELECT cautions, methods, outputs FROM trial WHERE id = ?"
    found, methods, outputs = connection.execute(rows, (1,)).fetchone()
    assert json.loads(found)[:-1] == kept
    assert json.loads(found)[-1][:2] == ["rescued", LOST]
    assert (json.loads(methods), json.loads(outputs)) == ({}, {})
    assert json.loads(connection.execute(rows, (2,)).fetchone()[0]) == []
    connection.close()
