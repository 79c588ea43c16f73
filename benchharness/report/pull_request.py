"""A comparison as a comment in a pull request: short, the answer first, the rest folded.

A hidden marker with the campaign's title and the machine lets a bot find its comment and replace
it. Numbers are rounded as everywhere (report.change_text); foreign text is escaped or in code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary
from benchharness.report.change_text import FACTOR_FROM, change_text
from benchharness.report.commands import command
from benchharness.report.comparison_guard import commit_of
from benchharness.report.comparison_records import Comparison
from benchharness.report.comparison_sentences import sentences
from benchharness.report.gate import Gate, GateRow
from benchharness.report.gate_text import (
    INTERVAL,
    answer,
    metric_words,
    notes_of_campaigns,
    row_words,
)
from benchharness.report.markdown import code, escape
from benchharness.report.pull_request_rows import (
    Line,
    gate_line,
    lines_of,
    table,
    undecided,
)
from benchharness.report.text import plain
from benchharness.report.trust import grounds
from benchharness.stats.gate import GateState
from benchharness.stats.saying import percent

SIZE_LIMIT_BYTES = 65_536  # of a comment on GitHub, in characters; bytes are never fewer
_MOST_SHOWN = 8  # rows of the table that is not folded
_MOST_ROWS = 400
_MOST_NOTES = 20
_MOST_CHARACTERS = 300  # of a note
_COMMIT = 24  # characters of a commit in the head of a column
_WORDS = {  # as the command line has them
    "energy_net_j": "energy_net",
    "energy_gross_j": "energy_gross",
    "duration_s": "time",
    "memory_peak_bytes": "memory",
    "cpu_s": "cpu_time",
}


@dataclass(frozen=True, slots=True)
class _Comment:
    """The parts of a comment; ``shown`` is what the table in sight has, ``rows`` what there is."""

    campaign: CampaignSummary
    answer: str  # Markdown
    names: tuple[str, str]
    shown: tuple[Line, ...]
    rows: tuple[Line, ...]
    margin: float
    notes: tuple[str, ...]
    repeat: tuple[str, ...]
    report_url: str | None
    interval: str = "95 % interval"  # the head of its column


def gate_markdown(
    gate: Gate, *, report_url: str | None = None, baseline_file: str | None = None
) -> str:
    """Return the comment of a gate; ``baseline_file`` is where the baseline was read from.

    None if that is the candidate's results file. Raises UsageError for a URL that is none.
    """
    rows = [] if gate.comparison is None else lines_of(gate.comparison)
    gated = [gate_line(row) for row in gate.rows]
    single = gate.comparison is not None and len(gate.comparison.pairs) == 1
    shown = _with_gate(rows, gated) if single else sorted(gated, key=lambda line: line.rank)
    ids = [plain(gate.candidate.campaign_id, 40), "--baseline"]
    ids.append(plain(baseline_file or gate.baseline.campaign_id, 1000 if baseline_file else 40))
    limits = {row.metric: row.limit for row in gate.rows}
    asked = [f"--max-regression={_WORDS.get(m, m)}={100 * x:.6g}%" for m, x in limits.items()]
    return _rendered(
        _Comment(
            campaign=gate.candidate,
            answer=_gate_answer(gate),
            names=_names(gate),
            shown=tuple(shown),
            rows=tuple(_with_gate(rows, gated)),
            margin=0.0 if gate.comparison is None else gate.comparison.margin,
            notes=(*notes_of_campaigns(gate), *_levels(gate)),
            repeat=(
                f"{_command(gate.candidate)}, then "
                f"{code(command('gate', *ids, *asked, results=gate.candidate.results))}",
            ),
            report_url=report_url,
            interval="Interval",
        )
    )


def _names(gate: Gate) -> tuple[str, str]:
    """Return the heads of both sides, with the commit of the source where it is known."""
    return _name("Baseline", gate.baseline), _name("This branch", gate.candidate)


def _name(name: str, campaign: CampaignSummary) -> str:
    commit = commit_of(campaign.environment)
    return f"{name} {code(plain(commit, _COMMIT))}" if commit else name


def _levels(gate: Gate) -> list[str]:
    """Say at which level the intervals of the table are."""
    if not gate.rows:
        return []
    return [f"a limit's own row has the gate's {INTERVAL}, the other rows have those of 95 %"]


def compare_markdown(comparison: Comparison, *, report_url: str | None = None) -> str:
    """Return the comment of a comparison. Raises UsageError for a URL that is none."""
    rows = lines_of(comparison)
    names = {(pair.a.name, pair.b.name) for pair in comparison.pairs}
    a, b = next(iter(names)) if len(names) == 1 else ("A", "B")
    told = sentences(comparison)
    campaign = comparison.pairs[0].b.campaign
    first = comparison.pairs[0].changes[:1]
    shown = rows
    if len(comparison.pairs) > 1 and first:
        shown = [line for line in rows if line.metric == first[0].metric]
    more = f" {escape('; '.join(told[1:]))}." if told[1:] else ""
    return _rendered(
        _Comment(
            campaign=campaign,
            answer=f"**{escape(told[0])}.**{more}" if told else "**Nothing to compare.**",
            names=(code(plain(a, 40)), code(plain(b, 40))),
            shown=tuple(shown),
            rows=tuple(rows),
            margin=comparison.margin,
            notes=(
                *(f"compared all the same: {d}" for d in comparison.differs),
                *((comparison.margin_words,) if comparison.margin_words else ()),
                *comparison.notes,
            ),
            repeat=(_command(campaign),),
            report_url=report_url,
        )
    )


def marker(campaign: CampaignSummary) -> str:
    """Return the hidden comment: the same for every run of this campaign on this machine."""
    environment = campaign.environment
    board = environment.get("board") or environment.get("cpu") or ""
    machine = f"{board} {environment.get('machine') or ''}"
    words = [
        re.sub(r"[^A-Za-z0-9.]+", "-", plain(t, 60)).strip("-") for t in (campaign.title, machine)
    ]
    return f"<!-- benchharness:{words[0] or 'campaign'}:{words[1] or 'machine'} -->"


def _with_gate(rows: Sequence[Line], gated: Sequence[Line]) -> list[Line]:
    """Return the rows, those that the gate looked at with what it said."""
    said = {(line.label, line.metric): line for line in gated}
    found = [said.pop((line.label, line.metric), line) for line in rows]
    return [*found, *said.values()]


def _gate_answer(gate: Gate) -> str:
    """Return the sentence, the part that matters in bold."""
    unproven = gate.of_state(GateState.UNPROVEN)
    plainly = gate.failures or gate.refusals or gate.undecidable
    if len(gate.rows) == 1 and not plainly:
        return _single(gate)
    if gate.exit_code == 0 and not unproven:
        worst = max(gate.rows, key=lambda row: row.decision.ratio.ratio if row.decision else 0.0)
        return (
            f"**Gate open: all {len(gate.rows)} are within their limits.** "
            f"The most: {escape(row_words(worst))}."
        )
    if gate.exit_code == 0:
        words = {row.metric: f"{metric_words(row)} +{percent(row.limit)} %" for row in gate.rows}
        return (
            f"**Gate open, but unproven in {len(unproven)} of {len(gate.rows)}:** these runs do "
            f"not tell whether they are within {escape(' and '.join(words.values()))}."
        )
    text = answer(gate)
    head, colon, tail = text.partition(":")
    return f"**{escape(head)}{colon}**{escape(tail)}"


def _single(gate: Gate) -> str:
    """Return the answer where one metric of one variant was looked at."""
    (row,) = gate.rows
    assert row.decision is not None
    state = "closed" if gate.exit_code else row.decision.state.value.replace(",", ", but")
    _, _, tail = row_words(row).partition(" (")
    inside, _, rest = tail.rpartition(")")
    machine = _machine(gate.candidate)
    where = f"; {escape(machine)}" if machine else ""
    return f"**{_less_or_more(row)}. Gate {state}** ({escape(inside)}{where}){escape(rest)}."


def _less_or_more(row: GateRow) -> str:
    """Return ``Energy: this branch uses 3.1 % less than the baseline``, or that it cannot tell."""
    assert row.decision is not None
    metric = metric_words(row)
    metric = metric[0].upper() + metric[1:]
    ratio = row.decision.ratio
    if ratio.low is None or ratio.high is None or ratio.low <= 1.0 <= ratio.high:
        told = change_text(ratio.ratio, ratio.low, ratio.high)
        return f"{metric}: {told.change} against the baseline, no difference proven"
    verb = "takes" if row.metric in ("duration_s", "cpu_s") else "uses"
    told = change_text(ratio.ratio, ratio.low, ratio.high)
    much = told.change.lstrip("+−")
    if ratio.ratio >= FACTOR_FROM:
        return f"{metric}: this branch {verb} {much} as much as the baseline"
    way = "less" if ratio.ratio < 1.0 else "more"
    return f"{metric}: this branch {verb} {much} {way} than the baseline"


def _rendered(comment: _Comment) -> str:
    """Return the text, with fewer folded rows until it keeps to the limit."""
    url = _url(comment.report_url)
    most = _MOST_ROWS
    while True:
        text = _text(comment, url, most)
        if len(text.encode()) <= SIZE_LIMIT_BYTES or most == 0:
            return text
        most //= 2


def _text(comment: _Comment, url: str | None, most: int) -> str:
    flags = ["> **Quick run**: small inputs, not results.", ""] if comment.campaign.quick else []
    shown = comment.shown[:_MOST_SHOWN]
    lines = [marker(comment.campaign), comment.answer, "", *flags]
    lines += [*table(shown, comment.names, comment.margin), ""] if shown else []
    link = f" [Full report]({url})" if url else ""
    lines += [f"{_checks(comment.campaign)}{link}", ""]
    lines += _folded(comment, most)
    return "\n".join(lines) + "\n"


def _folded(comment: _Comment, most: int) -> list[str]:
    open_ones = undecided(comment.rows)
    all_rows = comment.rows if len(comment.rows) > len(comment.shown[:_MOST_SHOWN]) else ()
    what = [f"undecided ({len(open_ones)})"] if open_ones else []
    what += [f"all figures ({len(all_rows)})"] if all_rows else []
    summary = ", ".join([*what, "how to repeat"])
    lines = [f"<details><summary>{summary[0].upper()}{summary[1:]}</summary>", ""]
    kept = min(most, 20)
    for text in open_ones[:kept]:
        lines += [f"- {text}"]
    lines += [f"- and {len(open_ones) - kept} more"] if len(open_ones) > kept else []
    lines += [""] if open_ones else []
    if all_rows and most:
        lines += [*table(all_rows[:most], comment.names, comment.margin, comment.interval), ""]
        left = len(all_rows) - most
        lines += [f"and {left} more rows: see `benchharness compare`", ""] if left > 0 else []
    told = [f"- {escape(plain(note, _MOST_CHARACTERS))}" for note in comment.notes[:_MOST_NOTES]]
    lines += [*told, ""] if told else []
    return [*lines, *comment.repeat, "", "</details>"]


def _checks(campaign: CampaignSummary) -> str:
    """Say in a line whether the figures can be relied on, and what is against it."""
    found = [ground for ground in grounds(campaign) if ground.good is not None]
    against = [
        escape(ground.text.removesuffix(", listed below")) for ground in found if not ground.good
    ]
    head = f"Checks: {len(found) - len(against)} of {len(found)} passed"
    return f"{head}; {', '.join(against)}." if against else f"{head}."


def _command(campaign: CampaignSummary) -> str:
    seed = "" if campaign.seed is None else f" (seed {campaign.seed})"
    return f"{code(plain(campaign.command, 1000))}{seed}"


def _machine(campaign: CampaignSummary) -> str:
    name = campaign.environment.get("board") or campaign.environment.get("cpu")
    return plain(name, 60) if name else ""


def _url(url: str | None) -> str | None:
    """Return a link that ends where it should. Raises UsageError for what is no web address."""
    if url is None:
        return None
    if not re.match(r"https?://[^\s/]", url):
        raise UsageError("not a web address", where="--report-url", remedy="begin it with https://")
    return quote(url, safe="%/:?#[]@!$&'*+,;=~-._")
