"""What ``resume`` does to the plan before trials are run: reset, added, kept whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from benchharness.errors import UsageError
from benchharness.model import Status
from benchharness.report.commands import command, named_results

if TYPE_CHECKING:
    from benchharness.meters.base import Instrument
    from benchharness.store.database import Store
    from benchharness.store.records import CampaignRecord, TrialRecord


def reset_unfinished(store: Store, campaign_id: str) -> None:
    """Put a fresh trial in the place of each that was cut off."""
    for trial in store.trials(campaign_id):
        if trial.status in (Status.RUNNING, Status.INVALID):
            store.reset_trial(trial.trial_id)


def missing_blocks(store: Store, campaign_id: str, repeat: int | None) -> range:
    """Return the repetitions that are missing to ``repeat`` in all (None: no more than there are).

    Raises UsageError where there are more already.
    """
    there = max((trial.repetition + 1 for trial in store.trials(campaign_id)), default=0)
    if repeat is not None and repeat < there:
        raise UsageError(
            f"{repeat} is below the {there} repetitions that campaign {campaign_id} has",
            where="--repeat",
            remedy=f"it is the number in all: use {there + 1} or more",
        )
    return range(there, there if repeat is None else repeat)


def more_text(store: Store, campaign: CampaignRecord) -> str:
    """Return how repetitions are added to a campaign that has all that it planned."""
    there = max((trial.repetition + 1 for trial in store.trials(campaign.id)), default=0)
    words = (campaign.id, "--repeat", str(there + 1))
    return f"to add a repetition: {command('resume', *words, results=named_results(store.path))}"


def plan_blocks(store: Store, campaign: CampaignRecord, repetitions: Iterable[int]) -> None:
    """Plan whole blocks, in the order of the campaign's seed."""
    from benchharness.cli.growing import block_plans, stored_variants

    variants, seed = stored_variants(campaign.spec), int(campaign.spec["seed"])
    for repetition in repetitions:
        store.plan_trials(campaign.id, block_plans(variants, repetition, seed))


def keep_blocks_whole(
    store: Store,
    campaign_id: str,
    names: Sequence[str],
    *,
    redo: bool,
    devices: Sequence[Instrument] = (),
) -> None:
    """See to it that every block is measured with one set of meters, a testbed's among them.

    Where an unfinished block has trials with other meters than ``names``, they are to be run
    again if ``redo``, which keeps the old ones as replaced. Raises UsageError if not ``redo``.
    """
    begun = _begun_blocks(store.trials(campaign_id))
    if not begun:
        return
    chosen = _chosen(names, devices)
    for repetition, trials in begun.items():
        ended = [(trial, _meters(store, trial)) for trial in trials if trial.result is not None]
        others = {meters for _, meters in ended if meters is not None and meters != chosen}
        if not others and not redo:
            continue
        if not redo:
            raise UsageError(
                f"block {repetition + 1} is unfinished, {len(ended)} of its {len(trials)} trials "
                f"were measured with {_in_words(next(iter(others)))}, not {_in_words(chosen)}",
                where="--meter",
                remedy="go on with that, or run these trials again: --redo-block",
            )
        for trial, _ in ended:
            store.reset_trial(trial.trial_id)


def _begun_blocks(trials: Sequence[TrialRecord]) -> dict[int, list[TrialRecord]]:
    """Return the blocks of which some trials have ended and some not, by repetition."""
    blocks: dict[int, list[TrialRecord]] = {}
    for trial in trials:
        blocks.setdefault(trial.repetition, []).append(trial)
    return {
        repetition: block
        for repetition, block in blocks.items()
        if len({trial.result is None for trial in block}) == 2
    }


def _chosen(names: Sequence[str], devices: Sequence[Instrument]) -> tuple[str, ...]:
    from benchharness.trial.equip import NO_METER, chosen_instruments

    if list(names) == [NO_METER]:
        return ()
    return tuple(sorted(each.name for each in chosen_instruments(names, devices)))


def _meters(store: Store, trial: TrialRecord) -> tuple[str, ...] | None:
    """Return the meters of a trial, None for one that was refused and so observed nothing."""
    streams = store.streams(trial.trial_id)
    if not streams:
        return None
    return tuple(sorted(each.name for each in streams if each.source == "meter"))


def _in_words(meters: Sequence[str]) -> str:
    return " and ".join(meters) or "no meter"
