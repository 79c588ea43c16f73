"""A store with one run of split learning on two devices, each with a plug: every figure is known.

In each round of 20 s a device trains for its share and waits; the last second is the server's test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchharness.store.database import Store
from benchharness.store.records import EventRecord
from tests.unit.derive_store import said
from tests.unit.device_store import Board, Federated, campaign
from tests.unit.split_samples import Split, profile

BOARDS = (Board("pi", 12.0), Board("nano", 5.0, 1.0, 9.0))


@dataclass
class SplitRun(Federated):
    """A run as of federated training, whose participants are devices that tell their cuts."""

    boards: tuple[Board, ...] = BOARDS
    rounds: int = 5

    def all_events(self) -> list[EventRecord]:
        found = [_renamed(event) for event in super().all_events()]
        for number in range(self.rounds):
            start_s, step = number * self.round_s, number + 1
            end_s = start_s + self.round_s
            found += [
                said("phase", end_s - 1.0, edge="start", name="evaluate", step=step),
                said("phase", end_s, edge="end", name="evaluate", step=step),
                said("metric", end_s, name="round_s", value=19.0, step=step),
                said("metric", end_s, name="predicted_round_s", value=18.0, step=step),
            ]
            for n, board in enumerate(self.boards):
                who = f"device-{n + 1}"
                told = {
                    "cut": 7.0 - n, "busy_s": board.train_s, "predicted_s": 1.1 * board.train_s,
                    "predicted_j": board.busy_w * board.train_s,
                }  # fmt: skip
                found += [
                    said("metric", start_s, who, name=name, value=value, step=step)
                    for name, value in told.items()
                ]
        for t_s, rate in ((0.0, 20e6), (50.0, 5e6)):
            found.append(said("metric", t_s, "device-1", name="link_up_bit_s", value=rate))
        return found

    def result(self) -> Any:
        result = super().result()
        uses = result.details["participants"]
        renamed = {name.replace("client", "device"): use for name, use in uses.items()}
        told = profile(Split(batches=10))
        told["devices"] = told["devices"][:2]
        return replace(
            result,
            outputs={**result.outputs, "profile": told},
            details={**result.details, "participants": renamed},
        )


def _renamed(event: EventRecord) -> EventRecord:
    return replace(event, participant=event.participant.replace("client", "device"))


def split_store(path: Path, run: SplitRun | None = None) -> Store:
    """Store a campaign of one run as ``federated.db``."""
    return campaign(path, [run or SplitRun()])
