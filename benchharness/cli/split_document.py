"""The answers of ``split optimum`` for programs: one JSON document, or a CSV table. SI units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchharness.cli.split_inputs import Case
from benchharness.cuts.optimum import Question, Row
from benchharness.cuts.records import Estimate

VERSION = 1
_COLUMNS = (
    "up_bit_s", "down_bit_s", "form", "alpha", "cuts", "round_s", "energy_j", "server_j",
    "believed_round_s", "believed_energy_j",
)  # fmt: skip


def document(answers: Sequence[tuple[Case, list[Row]]], question: Question) -> dict[str, Any]:
    """Return everything as JSON values: what was asked, and a row for each form and alpha."""
    terms, slips = question.terms, question.slips
    return {
        "version": VERSION,
        "asked": {
            "alphas": list(question.alphas),
            "terms": {
                "waiting": terms.waiting,
                "server": terms.server,
                "model_exchange": terms.model_exchange,
            },
            "slips": None if slips is None else asdict(slips),
            "normalised": question.normalise,
            "first_cut": question.first_cut,
        },
        "links": [_case(case, rows) for case, rows in answers],
    }


def csv_text(answers: Sequence[tuple[Case, list[Row]]]) -> str:
    """Return the rows of all links as CSV; cuts in the order of the devices, blanks between."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for case, rows in answers:
        up, down = ("", "") if case.link is None else (case.link.up_bit_s, case.link.down_bit_s)
        for row in rows:
            taken, believed = row.taken, row.believed
            writer.writerow(
                [
                    up, down, row.form, "" if row.alpha is None else row.alpha,
                    " ".join(map(str, taken.cuts)), taken.round_s, taken.energy_j, taken.server_j,
                    "" if believed is None else believed.round_s,
                    "" if believed is None else believed.energy_j,
                ]
            )  # fmt: skip
    return text.getvalue()


def _case(case: Case, rows: list[Row]) -> dict[str, Any]:
    return {
        "devices": [
            {"name": each.name, "up_bit_s": each.up_bit_s, "down_bit_s": each.down_bit_s}
            for each in case.devices
        ],
        "rows": [
            {
                "form": row.form,
                "alpha": row.alpha,
                "cuts": list(row.taken.cuts),
                "taken": _estimate(row.taken),
                "believed": None if row.believed is None else _estimate(row.believed),
            }
            for row in rows
        ],
    }


def _estimate(found: Estimate) -> dict[str, Any]:
    return {
        "round_s": found.round_s,
        "energy_j": found.energy_j,
        "device_s": list(found.device_s),
        "device_j": list(found.device_j),
        "server_j": found.server_j,
    }
