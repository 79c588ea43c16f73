"""What keeps two campaigns from being compared, unless one insists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary
from benchharness.report.metrics import energy_classes
from benchharness.report.text import plain

_MUST_AGREE = ("machine",)
_UNCHANGED = ("kernel", "os", "governor", "boost", "python")


def differences(a: CampaignSummary, b: CampaignSummary) -> list[str]:
    """Return what keeps two campaigns from being compared, each as ``what: A against B``."""
    found = class_differences(a, b)
    for key in _MUST_AGREE:
        of_a, of_b = a.environment.get(key), b.environment.get(key)
        if of_a != of_b and of_a is not None and of_b is not None:
            found.append(f"{key}: {_board(a)} against {_board(b)}")
    if not found:  # of another machine everything is different
        found += changed(a.environment, b.environment)
    if a.quick != b.quick:
        found.append("a quick run against a full one")
    return found


def class_differences(a: CampaignSummary, b: CampaignSummary) -> list[str]:
    """Return what differs in the joules: their class, the meters that gave them."""
    classes_a, classes_b = energy_classes(a), energy_classes(b)
    found = []
    if classes_a and classes_b and (classes_a != classes_b or len(classes_a) > 1):
        words = [" and ".join(c.value for c in classes) for classes in (classes_a, classes_b)]
        same = words[0] == words[1]
        found.append(f"class of the joules: {words[0] if same else ' against '.join(words)}")
    meters_a, meters_b = _meters(a), _meters(b)
    if meters_a and meters_b and meters_a != meters_b:
        found.append(f"meter: {', '.join(meters_a)} against {', '.join(meters_b)}")
    targets_a, targets_b = _targets(a), _targets(b)
    if targets_a and targets_b and targets_a != targets_b:
        what = f"{', '.join(targets_a)} against {', '.join(targets_b)}"
        found.append(f"target of the joules: {what}")
    return found


def _targets(campaign: CampaignSummary) -> list[str]:
    """Return what the figures are of: a wall plug sees more than the board behind it."""
    return sorted({t.energy.target for t in campaign.trials if t.energy is not None})


def _meters(campaign: CampaignSummary) -> list[str]:
    """Return the meters that gave the figures."""
    return sorted({t.energy.meter for t in campaign.trials if t.energy is not None})


def _board(campaign: CampaignSummary) -> str:
    environment = campaign.environment
    name = environment.get("board") or environment.get("cpu") or "a machine"
    return f"{plain(name, 40)} ({plain(environment.get('machine'), 12)})"


def refuse(differs: Sequence[str], force: bool) -> None:
    """Raise UsageError for what differs, unless ``force``."""
    if differs and not force:
        raise UsageError(
            f"not comparable: {'; '.join(differs)}",
            remedy="compare like with like, or add --force",
        )


def changed(a: Mapping[str, object], b: Mapping[str, object]) -> list[str]:
    """Return what of the environment changed and may matter: kernel, runtimes, governor."""
    pairs = [(key, a.get(key), b.get(key)) for key in _UNCHANGED]
    pairs += _runtimes(a.get("runtimes"), b.get("runtimes"))
    return _said(pairs)


def commit_changed(a: Mapping[str, object], b: Mapping[str, object]) -> list[str]:
    """Return that a commit changed, which is what one compares, and no hindrance.

    Of the source that was measured, and of benchharness where that runs from another checkout.
    """
    found = _said([("commit", commit_of(a), commit_of(b))])
    if not any(_is_own(each) for each in (a, b)):
        found += _said([("benchharness's commit", a.get("commit"), b.get("commit"))])
    return found


def commit_of(environment: Mapping[str, object]) -> str | None:
    """Return the commit of the source that was measured, else of benchharness's checkout."""
    found = environment.get("source_commit") or environment.get("commit")
    return str(found) if found else None


def _is_own(environment: Mapping[str, object]) -> bool:
    """Say whether nothing but benchharness's own checkout is known to have been measured."""
    source, own = environment.get("source_commit"), environment.get("commit")
    return not source or str(source).rstrip("+") == str(own).partition(" ")[0]


def _said(pairs: Sequence[tuple[str, object, object]]) -> list[str]:
    return [
        f"{key} changed: {plain(of_a, 60)} to {plain(of_b, 60)}"
        for key, of_a, of_b in pairs
        if of_a is not None and of_b is not None and of_a != of_b
    ]


def _runtimes(a: object, b: object) -> list[tuple[str, object, object]]:
    """Return name and versions of the runtimes that both campaigns used."""
    if not isinstance(a, Mapping) or not isinstance(b, Mapping):
        return []
    return [(plain(name, 20), a[name], b[name]) for name in a if name in b]
