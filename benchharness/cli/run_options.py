"""How to measure: what the command line or a campaign file says, with its defaults."""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.errors import UsageError


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure. ``idle_s`` None: chosen for the meter; no ``meters``: the best there is."""

    repeat: int = 1
    warmup: int = 0
    idle_s: float | None = None
    cooldown_s: float | None = None
    probe_hz: float = 10.0
    seed: int = 0
    timeout_s: float | None = None
    quick: bool = False
    meters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense, naming the option."""
        for option, value, low in (
            ("--repeat", self.repeat, 1),
            ("--warmup", self.warmup, 0),
            ("--idle", self.idle_s, 0),
            ("--cooldown", self.cooldown_s, 0),
        ):
            if value is not None and not low <= value < float("inf"):
                raise UsageError(f"{value} is below {low}", where=option)
        if not 0 < self.probe_hz <= 1000:
            raise UsageError(
                f"{self.probe_hz:g} is not a rate", where="--probe-hz", remedy="use 0.1 to 1000"
            )
        if self.timeout_s is not None and not 0 < self.timeout_s < float("inf"):
            raise UsageError(
                f"{self.timeout_s:g} s is no time", where="--timeout", remedy="use more than 0"
            )
