"""What the engine needs to know: fully expanded, so that it knows nothing of manifests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchharness.links.wanted import WantedLink
from benchharness.model import Factors, Role

# Stand for what only a trial knows, in a participant's arguments; no argument can hold a NUL.
SCRATCH_PLACE = "\0scratch\0"
SHARED_PLACE = "\0shared\0"
REPETITION_PLACE = "\0repetition\0"

OutputCheck = Callable[[Mapping[str, Any]], Sequence[str]]


def _accept_any(_outputs: Mapping[str, Any]) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Participant:
    """One process tree of a trial. ``cwd`` None means the participant's scratch directory.

    ``argv`` and ``env`` may hold SCRATCH_PLACE and SHARED_PLACE, which become that directory and
    the one that all participants see, and REPETITION_PLACE. A "support" program is started before
    the main ones, which begin once it has said that it is ready, and is ended after them. One that
    ends with an error is started again, ``restart`` times at most; one that ``may_leave`` does not
    fail the trial then. ``device`` is its place in the testbed: None is this machine as it is;
    ``power_mode`` is the device's in the trial, None its own. With ``start_at_full_speed`` the
    device is held to its share of the CPU once the program has said that it has started.
    ``link`` joins it to the network of the trial; None is this machine's own.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path | None = None
    role: Role = "main"
    ready_timeout_s: float = 10.0
    restart: int = 0
    may_leave: bool = False
    device: str | None = None
    power_mode: str | None = None
    start_at_full_speed: bool = False
    link: WantedLink | None = None

    @property
    def is_main(self) -> bool:
        """Return whether this program is what is measured."""
        return self.role == "main"


@dataclass(frozen=True, slots=True)
class VariantSpec:
    """One variant, ready to be launched. A simple workload has one participant.

    Limits are for the main programs: the memory is that of all of them together. ``refusal``:
    why it cannot be run; its trials fail with that, and nothing is started.
    """

    index: int
    label: str
    workload: str
    factors: Factors
    participants: tuple[Participant, ...]
    timeout_s: float | None = None
    memory_limit_bytes: int | None = None
    module_bytes: int | None = None
    check_outputs: OutputCheck = _accept_any
    refusal: str | None = None

    def power_modes(self) -> dict[str, str]:
        """Return the power mode of each device that is in one."""
        return {
            program.device: program.power_mode
            for program in self.participants
            if program.device is not None and program.power_mode is not None
        }

    def of_repetition(self, repetition: int) -> VariantSpec:
        """Return what is launched in this repetition of the variant, the first being 0."""
        number = str(repetition)

        def filled(program: Participant) -> Participant:
            argv = tuple(word.replace(REPETITION_PLACE, number) for word in program.argv)
            env = {k: text.replace(REPETITION_PLACE, number) for k, text in program.env.items()}
            return replace(program, argv=argv, env=env)

        return replace(self, participants=tuple(filled(each) for each in self.participants))


@dataclass(frozen=True, slots=True)
class TrialOptions:
    """How each trial of a campaign is run. Durations in seconds."""

    probe_hz: float = 10.0
    warmup: int = 0
    settle_s: float = 0.5
    idle_s: float = 2.0
    cooldown_s: float = 0.0  # where the board has no temperature to wait for
    cooldown_margin_k: float = 3.0  # above the campaign's first idle temperature
    cooldown_limit_s: float = 300.0
    sysroot: str = "/"
