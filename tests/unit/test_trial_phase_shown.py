"""The phase of the progress line: the main program's own, with its step."""

from __future__ import annotations

from benchharness.store.records import EventRecord
from benchharness.trial.phase_shown import PhaseShown


def phase(
    name: str, edge: str = "start", step: int | None = None, participant: str = "main"
) -> EventRecord:
    return EventRecord(1, participant, "phase", edge=edge, name=name, step=step)


def test_a_phase_is_shown_with_its_step_and_those_inside_it() -> None:
    shown = PhaseShown()
    assert shown.words is None
    shown.take("main", [phase("round", step=3)])
    assert shown.words == "round 3"
    shown.take("main", [phase("aggregate")])
    assert shown.words == "round 3, aggregate"
    shown.take("main", [phase("layer", step=0)])
    assert shown.words == "aggregate, layer 0"
    shown.take("main", [phase("layer", "end"), phase("aggregate", "end")])
    assert shown.words == "round 3"
    shown.take("main", [phase("round", "end"), phase("round", "end")])
    assert shown.words is None


def test_what_is_said_of_others_and_by_others_is_not_shown() -> None:
    shown = PhaseShown()
    shown.take("main", [phase("round", step=3)])
    shown.take("main", [phase("train", step=3, participant="client-1")])
    shown.take("main", [phase("train", "end", step=3, participant="client-1")])
    shown.take("client-1", [phase("train", participant="client-1"), phase("round", "end")])
    assert shown.words == "round 3"
    shown.clear()
    assert shown.words is None


def test_without_a_program_called_main_the_first_one_leads() -> None:
    shown = PhaseShown("client-1")
    shown.take("client-1", [phase("train", participant="client-1")])
    assert shown.words == "train"
