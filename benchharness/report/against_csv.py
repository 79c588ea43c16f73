"""The comparison with published results as CSV: a row a pair of an order, and a row a ratio."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchharness.errors import UsageError
from benchharness.report.against_records import Against

_PAIRS = (
    *("workload", "others", "reading", "quantity", "device", "first", "second"),
    *("published", "measured", "agreement"),
)
_RATIOS = (
    *("workload", "others", "reading", "quantity", "device", "level", "reference"),
    *("published_ratio", "published_low", "published_high"),
    *("measured_ratio", "measured_low", "measured_high", "agreement"),
)


def write_against_csv(against: Against, folder: Path) -> list[Path]:
    """Write against-orders.csv and against-ratios.csv.

    Raises UsageError when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            _write(folder / "against-orders.csv", _pair_rows(against)),
            _write(folder / "against-ratios.csv", _ratio_rows(against)),
        ]
    except OSError as error:
        raise UsageError(
            f"cannot write CSV: {error.strerror}", where=str(folder), remedy="choose another folder"
        ) from error


def _write(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def _pair_rows(against: Against) -> Iterator[Sequence[object]]:
    yield _PAIRS
    for part in against.parts:
        for order in part.orders:
            head = (part.workload, part.words, order.reading, order.quantity, order.device)
            for pair in order.pairs:
                measured = None if pair.measured is None else pair.measured.value
                yield (*head, pair.first, pair.second, pair.published.value, measured, pair.word)


def _ratio_rows(against: Against) -> Iterator[Sequence[object]]:
    yield _RATIOS
    for part in against.parts:
        for row in part.ratios:
            for device in part.devices:
                ratios = (row.published.get(device), row.measured)
                yield (
                    *(part.workload, part.words, row.reading, row.quantity, device, row.level),
                    against.published.reference,
                    *(
                        None if ratio is None else getattr(ratio, name)
                        for ratio in ratios
                        for name in ("ratio", "low", "high")
                    ),
                    row.words[device],
                )
