"""The tables of devices and of what was learned, for a paper; nothing for single programs."""

from __future__ import annotations

from dataclasses import replace

from benchharness.model import CampaignSummary
from benchharness.report.device_rows import not_counted
from benchharness.report.device_tables import device_tables
from benchharness.report.groups import sections
from benchharness.report.latex_table import table_float
from benchharness.report.latex_text import escape, label
from benchharness.report.learning_table import learning_table
from benchharness.report.participants_shown import good_trials
from benchharness.report.phase_kinds import clients, phase_kinds
from benchharness.report.table import Table
from benchharness.report.text import plain
from benchharness.report.timeline import SeriesReader


def device_floats(summary: CampaignSummary, heading: str = "") -> str:
    """Return a float for each table that there is, "" for trials of one program each."""
    good = good_trials(summary.trials)
    if not any(len(clients(trial)) > 1 for trial in good):
        return ""
    title = f"{plain(summary.title, 120)}{f', {plain(heading, 60)}' if heading else ''}"
    name = f"{label(summary.campaign_id)}{f'-{label(heading)}' if heading else ''}"
    kinds = phase_kinds(good)
    without = not_counted(good, kinds)
    floats = []
    for table, kind in zip(device_tables(summary, kinds), ("joules", "devices"), strict=False):
        notes = (*table.notes, without) if without and kind == "joules" else table.notes
        floats.append(_float(replace(table, notes=notes), title, f"{name}-{kind}"))
    return "".join(floats)


def learning_floats(summary: CampaignSummary, reader: SeriesReader | None) -> str:
    """Return the table of time and joules to an accuracy of each workload that learned."""
    floats = []
    for part in sections(summary):
        table = learning_table(part.summary, reader)
        if table is not None:
            heading = plain(part.heading, 60)
            title = f"{plain(summary.title, 120)}{f', {heading}' if heading else ''}"
            name = f"{label(summary.campaign_id)}{f'-{label(heading)}' if heading else ''}"
            floats.append(_float(table, title, f"{name}-learning"))
    return "".join(floats)


def _float(table: Table, title: str, name: str) -> str:
    notes = ". ".join(escape(f"{note[0].upper()}{note[1:]}") for note in table.notes)
    caption = f"{escape(title)}: {escape(table.caption)}. {notes}."
    return table_float(table, caption, name, shrink=True)
