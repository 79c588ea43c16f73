"""The commands that are printed for the reader to run: as they are, in the shell he is in.

A command names the results file wherever that is not the default, as the reader named it himself.
"""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchharness.model import CampaignSummary

DEFAULT_RESULTS = "results/benchharness.db"
_LONGEST_PATH = 4096


def named_results(path: str | PathLike[str]) -> str | None:
    """Return the results file as it was named, None for the default one."""
    name = fspath(path)
    return None if name == DEFAULT_RESULTS else name


def command(verb: str, *words: str, results: str | None) -> str:
    """Return ``benchharness VERB WORDS --results FILE``, quoted for a shell.

    ``results`` is the file as ``named_results`` returns it; None leaves the option out.
    """
    from shlex import join

    from benchharness.report.text import plain

    named = ["--results", plain(results, _LONGEST_PATH)] if results is not None else []
    return join(["benchharness", verb, *words, *named])


def campaign_command(verb: str, summary: CampaignSummary, *options: str) -> str:
    """Return a command for a campaign: its id, the options, its results file."""
    from benchharness.report.text import plain

    return command(verb, plain(summary.campaign_id, 40), *options, results=summary.results)
