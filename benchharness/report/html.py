"""One self-contained HTML file: no request to the network, at most 2 MB, no need of scripts.

The page answers, in this order: which variant is best and by how much, is the difference real,
where did the time and the joules go, what happened over time, can I trust the meter, can I
repeat it, how do I read this. Templates and style sheet are in ``reports/``; a user's own copy
in the configuration folder comes first. Everything is escaped; only our own figures are markup.
The one script is the timeline's, ours, named by its hash in the page's security policy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from benchharness import __version__
from benchharness.errors import UsageError
from benchharness.model import CampaignSummary
from benchharness.report import (
    html_answers,
    html_energy,
    html_facts,
    html_learning,
    html_panels,
    html_participants,
    html_parts,
    html_timeline,
    html_view,
    trust,
)
from benchharness.report.edge_rows import has_host
from benchharness.report.edge_table import edge_tables
from benchharness.report.energy_runs import runs_table
from benchharness.report.energy_tables import energy_table
from benchharness.report.groups import is_divided, workloads
from benchharness.report.html_instruments import instrument_groups
from benchharness.report.metrics import (
    CLASS_NOTES,
    class_suffix,
    energy_classes,
    energy_key,
)
from benchharness.report.run_order import is_randomised
from benchharness.report.several_meters import several_meters
from benchharness.report.split.view import split_view
from benchharness.report.templates import source_of, template_environment
from benchharness.report.text import number, plain, unbroken
from benchharness.report.timeline import SeriesReader
from benchharness.report.winners import headline, winners

if TYPE_CHECKING:
    from jinja2 import Environment

    from benchharness.report.against_html import AgainstView

SIZE_LIMIT_BYTES = 2_000_000
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'none'; "
    "base-uri 'none'; form-action 'none'"
)


def write_html(
    summary: CampaignSummary,
    reader: SeriesReader | None,
    path: Path,
    against: AgainstView | None = None,
) -> Path:
    """Write the report of a campaign to ``path``; without ``reader`` nothing over time is drawn.

    ``against`` puts published results beside it.

    Raises UsageError when the file cannot be written.
    """
    text = render_html(summary, reader, against)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write the report: {error.strerror}",
            where=str(path),
            remedy="choose another place with --html FILE",
        ) from error
    return path


def render_html(
    summary: CampaignSummary,
    reader: SeriesReader | None = None,
    against: AgainstView | None = None,
) -> str:
    """Return the report as one HTML document of at most 2 MB: fewer runs are drawn if need be.

    The samples of the timeline come last and take what room is left, in wider slices if need be.
    """
    environment = _environment()
    timeline = html_timeline.timeline_view(summary, reader, environment)
    room = SIZE_LIMIT_BYTES - (html_timeline.ROOM_BYTES if timeline is not None else 0)
    limits = html_panels.Limits()
    found = html_answers.beside_of(reader, summary.campaign_id)
    answers = {
        **html_answers.answers(summary, reader, found),
        "participants": html_participants.participants_view(summary, reader),
        "learning": html_learning.learning_view(summary, reader),
        "split": split_view(summary, reader),
    }
    context = _Context(summary, reader, against, timeline, environment, answers)
    text = _render(context, limits)
    for _ in range(4):
        if len(text.encode()) <= room:
            break
        limits = limits.halved()
        text = _render(context, limits)
    return html_timeline.with_samples(text, timeline, SIZE_LIMIT_BYTES)


@dataclass(frozen=True, slots=True)
class _Context:
    """What a page is made of, whatever the limits."""

    summary: CampaignSummary
    reader: SeriesReader | None
    against: AgainstView | None
    timeline: html_timeline.TimelineView | None
    environment: Environment
    answers: Mapping[str, Any]


def _render(context: _Context, limits: html_panels.Limits) -> str:
    summary, environment = context.summary, context.environment
    template = environment.get_template("report.html.jinja")
    text: str = template.render(
        csp=html_timeline.policy(CONTENT_SECURITY_POLICY, context.timeline),
        css=source_of(environment, "report.css", "timeline.css"),
        version=__version__,
        against=context.against,
        timeline=context.timeline,
        **context.answers,
        **_head(summary),
        **_comparison(summary, limits),
        **_over_time(summary, context.reader, limits),
        **_trust(summary, limits),
    )
    return text


def _head(summary: CampaignSummary) -> Mapping[str, Any]:
    model = summary.environment.get("board") or summary.environment.get("cpu")
    return {
        "title": plain(summary.title, 120) or "campaign",
        "campaign_id": plain(summary.campaign_id, 40),
        "created": plain(summary.created_utc, 40).replace("T", " ")[:16],
        "machine": plain(model, 80) if model else "",
        "headline": headline(summary),
        "verdict": unbroken(plain(summary.verdict, 600)),
        "banners": html_view.banners(summary),
        "tiles": html_view.tiles(summary),
        "reliance": trust.reliance(summary),
        "grounds": trust.grounds(summary),
        "names": (
            *(plain(v.label, 80) for v in summary.variants if v.label),
            *(plain(name, 80) for name in workloads(summary.variants) if name),
        ),
        "trials": len(summary.trials),
        "variants": len(summary.variants),
    }


def _comparison(summary: CampaignSummary, limits: html_panels.Limits) -> Mapping[str, Any]:
    return {
        "parts": html_parts.parts(summary, limits),
        "divided": is_divided(summary),
        "winners": winners(summary),
        "edge": edge_tables(summary) if has_host(summary) else [],
        "no_energy": html_view.no_energy(summary),
    }


def _over_time(
    summary: CampaignSummary, reader: SeriesReader | None, limits: html_panels.Limits
) -> Mapping[str, Any]:
    nothing = html_panels.Panels((), 0)
    if reader is None:
        return {"full": nothing, "small": nothing}
    return {
        "full": html_panels.full_panels(summary, reader, limits),
        "small": html_panels.small_panels(summary, reader, limits),
    }


def _trust(summary: CampaignSummary, limits: html_panels.Limits) -> Mapping[str, Any]:
    return {
        "energy": energy_key(summary),
        "energy_suffix": class_suffix(summary),
        "classes": [(c.value, CLASS_NOTES[c]) for c in energy_classes(summary)],
        "meters": instrument_groups(summary.meters),
        "budget": html_energy.budget(summary),
        "budgets": html_energy.budget_stack(summary),
        "rests_on": energy_table(summary),
        "methods": html_energy.methods(summary),
        "several": several_meters(summary),
        "energy_runs": runs_table(summary, limits.trial_rows),
        "cautions": trust.caution_rows(summary),
        "runs": html_facts.trial_table(summary, limits.trial_rows),
        "seed": summary.seed,
        "randomised": is_randomised(summary),
        "environment": html_facts.facts(summary.environment),
        "overhead": html_facts.facts(summary.overhead),
        "how": html_facts.facts(_methods_of(summary)),
    }


def _methods_of(summary: CampaignSummary) -> Mapping[str, str]:
    """Return how CPU seconds and memory were obtained, as far as the runs agree."""
    found: dict[str, dict[str, None]] = {}
    for trial in summary.trials:
        for name, method in trial.methods.items():
            found.setdefault(name, {})[method] = None
    return {name: " or ".join(methods) for name, methods in found.items()}


def _environment() -> Environment:
    environment = template_environment()
    environment.filters["first_sentence"] = first_sentence
    environment.filters["symbols"] = symbols
    environment.filters["number_text"] = partial(number, digits=2)
    return environment


def first_sentence(text: str) -> Mapping[str, str]:
    """Split the verdict into its first sentence, for the headline, and the rest."""
    end = re.search(r"(?<=[^\s.])[.;] (?=[^\d\s])", text) if len(text) > 60 else None
    if end is None:
        return {"head": _sentence(text), "rest": ""}
    return {"head": _sentence(text[: end.start()]), "rest": _sentence(text[end.end() :])}


def symbols(text: str) -> Markup:
    """Set the indices of our own symbols low: u_c and ν_eff. Everything is escaped."""
    return Markup(re.sub(r"\b(u|ν)_(c|eff)\b", r"\1<sub>\2</sub>", str(escape(text))))  # noqa: S704


def _sentence(text: str) -> str:
    """End with a full stop."""
    return text if text.endswith((".", "?", "!")) else f"{text}."
