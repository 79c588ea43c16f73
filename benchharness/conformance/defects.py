"""What can be wrong with a driver, by name, with the sentence that a finding begins with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Defect(Enum):
    """The defects that conformance looks for. The value is what the documentation says of it."""

    CRASH = "something was raised that the harness would have to survive"
    STAMP = "a reading is stamped at a time at which nothing arrived, or after it was read"
    ORDER = "the times of the readings do not rise"
    INVENTED = "a power was given that the instrument did not show, or more of them than it sent"
    SILENCE = "0 W was given though the instrument had said nothing, or nothing of 0 W"
    COUNTER = "the counter counts otherwise than the energy that was drawn"
    ENERGY = "the energy is wrong by more than its expanded uncertainty can excuse"
    NO_FIGURE = "there is no energy though nothing was wrong, or no reason why there is none"
    FIGURE = "an energy is given though too little of the window was seen"
    UNNOTICED = "a fault that changes the readings is nowhere counted or flagged"


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect of one trial."""

    defect: Defect
    detail: str

    def line(self) -> str:
        """Return the finding as one line: its name first, since tests look for it."""
        return f"{self.defect.name}: {self.detail}"
