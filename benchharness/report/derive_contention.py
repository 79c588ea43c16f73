"""Whether emulated devices had the CPU that they were promised, seen from how they trained.

A program that trains takes all the CPU it may have. Where it got less, the machine beneath was
short of it: the device then looks like a slower one that draws less power, and nothing else shows.
"""

from __future__ import annotations

from collections.abc import Iterable

from benchharness.model import Caution, ParticipantSummary
from benchharness.report.learning_energy import TRAIN

_LEAST_SHARE = 0.9
# The samples of a probe do not tell the CPU time of shorter ones well enough.
_LEAST_S = 1.0
_MOST_NAMED = 3


def contention_cautions(participants: Iterable[ParticipantSummary]) -> list[Caution]:
    """Return one caution that names the devices whose programs trained with less than their CPU."""
    found = [
        (share, f"{each.name} on {_in_its_mode(each)} {100.0 * share:.0f} %")
        for each in participants
        if (share := trained_share(each)) is not None and share < _LEAST_SHARE
    ]
    if not found:
        return []
    named = [words for _, words in sorted(found)[:_MOST_NAMED]]
    more = f", and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return [
        Caution(
            "device-starved",
            f"while they trained, devices used less than the CPU they are given: "
            f"{', '.join(named)}{more}",
            "leave the machine to the trial, give it fewer devices, or let the program use all "
            "cores of its device",
        )
    ]


def _in_its_mode(participant: ParticipantSummary) -> str:
    mode = participant.power_mode
    return f"{participant.device} in mode {mode}" if mode else str(participant.device)


def trained_share(participant: ParticipantSummary) -> float | None:
    """Return the CPU time of training over what the device allows in that time.

    None without a device, or where training is not known or too short to say.
    """
    use = next((use for use in participant.phases if use.name == TRAIN), None)
    if participant.device is None or not participant.cores or use is None or use.cpu_s is None:
        return None
    if not use.count or use.duration_s < _LEAST_S * use.count:
        return None
    return use.cpu_s / (participant.cores * use.duration_s)
