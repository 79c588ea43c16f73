"""What a gate is asked for and where its campaigns come from; files that it writes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchharness.errors import UsageError

if TYPE_CHECKING:
    from benchharness.model import CampaignSummary
    from benchharness.report.gate import Limit
    from benchharness.report.gate_power import PowerRow

_BASELINE_FORMS = 'an id, "last", FILE.db, FILE.db:ID or FILE.json'
_NOTHING_MUCH = "--max-regression 3%"


def limits_of(metrics: Sequence[str], regressions: Sequence[str]) -> list[Limit]:
    """Return each metric with its limit; a bare limit is of the metrics without one of their own.

    Raises UsageError for no limit, several bare ones, one that is no share, and unknown metrics.
    """
    from benchharness.plan.goals import read_metric
    from benchharness.plan.quantities import read_share
    from benchharness.report.gate import Limit

    where = "--max-regression"
    bare: float | None = None
    own: dict[str, float] = {}
    for text in regressions:
        name, equals, share = text.rpartition("=")
        if not equals:
            if bare is not None:
                raise UsageError("two limits without a metric", where=where, remedy="time=5%")
            bare = read_share(share, where)
            continue
        key = read_metric(name.strip(), where)
        if key in own:
            raise UsageError(f"two limits of {name.strip()}", where=where)
        own[key] = read_share(share, f"{where} {name.strip()}")
    named = list(dict.fromkeys(read_metric(name, "--metric") for name in metrics))
    if not regressions:
        raise UsageError("no limit", where=where, remedy=f"say what is too much: {_NOTHING_MUCH}")
    if bare is not None and not named:
        named = [] if own else ["energy"]
        if own:
            raise UsageError(
                "a limit without a metric beside limits of metrics",
                where=where,
                remedy="name the metrics that it is for with --metric",
            )
    keys = list(dict.fromkeys([*named, *own]))
    without = [key for key in keys if key not in own and bare is None]
    if without:
        raise UsageError(
            f"no limit of {without[0]}", where=where, remedy=f"add one: {_NOTHING_MUCH}"
        )
    return [Limit(key, own.get(key, bare or 0.0)) for key in keys]


def candidate_of(name: str, results: Path) -> CampaignSummary:
    """Return the campaign to judge."""
    return _stored(results, name)


def baseline_of(name: str | None, file: Path | None, results: Path) -> CampaignSummary:
    """Return the baseline: by its id in ``file`` or ``results``, or from a file of its own.

    A name that is a file wins over an id. Raises UsageError.
    """
    if name is None and file is None:
        raise UsageError(
            "no baseline", where="gate", remedy=f"name it with --baseline: {_BASELINE_FORMS}"
        )
    if file is not None:
        return _from_file(file) if name is None else _stored(file, name)
    assert name is not None
    path = Path(name)
    if path.is_file():
        return _from_file(path)
    before, colon, campaign = name.rpartition(":")
    if colon and Path(before).is_file():
        return _stored(Path(before), campaign or "last")
    if colon or "/" in name or path.suffix in (".db", ".json", ".sqlite"):
        raise UsageError(
            f"no such file: {before or name}", where="--baseline", remedy=f"say {_BASELINE_FORMS}"
        )
    return _stored(results, name)


def baseline_file(name: str | None, file: Path | None, campaign_id: str) -> str | None:
    """Return the baseline as --baseline names it again later; None for one of the results file.

    A campaign of a results file is named by its id, since the newest will be another one.
    """
    path = file
    if path is None and name is not None:
        before, colon, _ = name.rpartition(":")
        path = Path(before if colon and not Path(name).is_file() else name)
    if path is None or not path.is_file():
        return None
    return f"{path}:{campaign_id}" if _is_results(path) else str(path)


def _from_file(path: Path) -> CampaignSummary:
    if _is_results(path):
        return _stored(path, "last")
    from benchharness.report.document_read import read_document

    return read_document(path)


def _is_results(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\x00"


def _stored(path: Path, name: str) -> CampaignSummary:
    from benchharness.report.derive import derive_campaign
    from benchharness.store.database import Store

    with Store.open(path, create=False, read_only=True) as store:
        return derive_campaign(store, name)


def write_text(path: Path, text: str, option: str) -> None:
    """Write a file of text. Raises UsageError where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", where=option, remedy="choose another place"
        ) from error


def append_summary(text: str) -> None:
    """Append to the summary of a step of GitHub Actions. Raises UsageError without one."""
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    option = "--github-summary"
    if not name:
        raise UsageError(
            "GITHUB_STEP_SUMMARY is not set", where=option, remedy="use --markdown FILE"
        )
    try:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError as error:
        raise UsageError(f"cannot append to {name}: {error.strerror}", where=option) from error


def print_power(rows: Sequence[PowerRow]) -> None:
    """Print which regression would be seen, at how many repetitions."""
    from benchharness.cli.tables import print_table, say, stderr_console
    from benchharness.report.gate_power import power_sentence, power_table
    from benchharness.report.table_fit import fit

    console = stderr_console()
    say(console, power_sentence(rows), style="bold")
    say(console, "")
    print_table(fit(power_table(rows), max(40, console.width)), console)
