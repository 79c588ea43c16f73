"""What changed since the last campaign of the same workloads: the environment, and the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary
from benchharness.report.change_text import ChangeText, change_text
from benchharness.report.comparison import compare_campaigns
from benchharness.report.comparison_guard import class_differences
from benchharness.report.html_facts import fact_text
from benchharness.report.metrics import METRICS, SIGNS, Sign, headline_key
from benchharness.report.text import plain

_TOLD = (
    "board", "cpu", "cores", "cores_usable", "memory_bytes", "kernel", "os", "governor", "boost",
    "frequency_max_hz", "clock_source", "python", "source_commit", "commit",
)  # fmt: skip
_METER_KEYS = ("driver", "period_s", "gain_bound", "power_resolution_w", "calibration_date")
_MOST = 40


@dataclass(frozen=True, slots=True)
class Changed:
    """A fact of the environment, as it was and as it is."""

    label: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A variant's change against its last campaign."""

    label: str
    change: ChangeText
    sign: Sign


@dataclass(frozen=True, slots=True)
class SinceLast:
    """The last campaign, what changed of the environment, and what the figures did.

    ``refusal`` says why no figure is compared, "" where they are.
    """

    campaign_id: str
    created: str
    metric: str
    changed: tuple[Changed, ...]
    moved: tuple[Moved, ...]
    comparisons: int
    refusal: str


def since_last(previous: CampaignSummary, now: CampaignSummary) -> SinceLast:
    """Compare a campaign with the last one, variant by variant, whatever changed around them.

    Joules of other classes or meters, and other machines, are not compared.
    """
    key = headline_key(now)
    refusal = "; ".join(_hindrances(previous, now, key))
    moved: tuple[Moved, ...] = ()
    comparisons = 0
    if not refusal:
        try:
            comparison = compare_campaigns(previous, now, margin=now.margin, force=True)
        except UsageError as error:
            refusal = error.what
        else:
            comparisons = comparison.comparisons
            moved = tuple(
                Moved(
                    plain(pair.label or pair.b.variant.label, 80),
                    change_text(c.standing.ratio, c.standing.low, c.standing.high),
                    SIGNS[c.word],
                )
                for pair in comparison.pairs
                for c in pair.changes
                if c.metric == key
            )[:_MOST]
    return SinceLast(
        campaign_id=plain(previous.campaign_id, 40),
        created=plain(previous.created_utc, 40).replace("T", " ")[:16],
        metric=METRICS[key].title.lower(),
        changed=tuple(_changed(previous, now))[:_MOST],
        moved=moved,
        comparisons=comparisons,
        refusal=plain(refusal, 300),
    )


def _hindrances(previous: CampaignSummary, now: CampaignSummary, key: str) -> Iterator[str]:
    machines = previous.environment.get("machine"), now.environment.get("machine")
    if None not in machines and machines[0] != machines[1]:
        yield "another machine"
    if METRICS[key].is_energy:
        yield from class_differences(previous, now)


def _changed(previous: CampaignSummary, now: CampaignSummary) -> Iterator[Changed]:
    before, after = _facts(previous), _facts(now)
    for label, value in after.items():
        old = before.get(label)
        if old is not None and value is not None and old != value:
            yield Changed(plain(label, 80), old, value)


def _facts(summary: CampaignSummary) -> dict[str, str | None]:
    environment = summary.environment
    found = {key: _text(key, environment.get(key)) for key in _TOLD}
    for group in ("versions", "runtimes"):
        versions = environment.get(group)
        if isinstance(versions, Mapping):
            found.update({str(name): _text(name, value) for name, value in versions.items()})
    for meter in summary.meters:
        name = str(meter.get("name", "meter"))
        found.update({f"meter {name}, {k}": _text(k, meter.get(k)) for k in _METER_KEYS})
    for file in files_of(environment):
        digest = file.get("sha256")
        found[str(file.get("name", "file"))] = None if digest is None else short_hash(digest)
    labels = {
        key: key.removesuffix("_bytes").removesuffix("_hz").replace("_", " ") for key in _TOLD
    }
    return {labels.get(key, key): value for key, value in found.items()}


def files_of(environment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the files that the campaign has stored, as far as they are told as they should be."""
    files = environment.get("files")
    return [f for f in files if isinstance(f, Mapping)] if isinstance(files, list) else []


def short_hash(digest: object) -> str:
    """Return the two ends of a hash: ``9d1f40aa…e07a``."""
    text = plain(digest, 80)
    return text if len(text) <= 16 else f"{text[:8]}…{text[-4:]}"


def _text(key: object, value: object) -> str | None:
    return None if value is None or value == "" else fact_text(str(key), value)
