"""Puts together what a trial leaves: exact CPU seconds and memory, outputs, texts, cautions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchharness.store.records import TrialResult
from benchharness.trial.end_cautions import caution_ends
from benchharness.trial.lives import TAIL_CHARACTERS, Life, largest, life_of, total
from benchharness.trial.outcome import Stop, outcome
from benchharness.trial.recorder import Recorder
from benchharness.trial.running import Running
from benchharness.trial.spec import VariantSpec
from benchharness.trial.windows import Window, choose_window


def collect_result(
    spec: VariantSpec,
    recorder: Recorder,
    participants: Sequence[Running],
    stop: Stop | None,
    process_ns: tuple[int, int] | None,
    left_over: int,
    no_cgroup_reason: str | None,
) -> TrialResult:
    """Return the result of a trial whose programs have all ended but are not closed yet.

    What the main programs used is the trial's; a support program's use is in the details.
    """
    participants = sorted(participants, key=lambda item: not item.participant.is_main)
    window = None if process_ns is None else choose_window(recorder.events, *process_ns)
    outputs = _outputs(participants, recorder)
    exits = [item.exit() for item in participants]
    status, reason = outcome(
        stop,
        exits,
        window.problem if window else None,
        outputs,
        spec.check_outputs,
        spec.memory_limit_bytes,
    )
    caution_ends(participants, recorder)
    if left_over:
        recorder.caution(
            "left-over",
            f"{left_over} process(es) outlived the program and were killed",
            "wait for them in the program if their work counts",
        )
    uses = [_Use(item, recorder) for item in participants]
    own = [use for use in uses if use.is_main]
    methods = _methods(own, window, no_cgroup_reason)
    return TrialResult(
        status=status,
        reason=reason,
        exit_code=exits[0].exit_code if own else None,
        window_start_ns=window.start_ns if window else None,
        window_end_ns=window.end_ns if window else None,
        cpu_s=total([use.cpu_s for use in own]),
        memory_peak_bytes=_whole(total([use.memory_bytes for use in own])),
        outputs=outputs,
        methods=methods,
        cautions=list(recorder.cautions),
        details={
            "module_bytes": spec.module_bytes,
            "window_marked": window.marked if window else None,
            "participants": {use.name: use.details() for use in uses},
            "stdout_tail": _tail([life.stdout for use in uses for life in use.lives]),
            "stderr_tail": _tail([life.stderr for use in uses for life in use.lives]),
        },
    )


def _outputs(participants: Sequence[Running], recorder: Recorder) -> dict[str, Any]:
    """Merge what the participants gave; the first counts where two of them disagree."""
    outputs: dict[str, Any] = {}
    for item in participants:
        for name, value in item.file.outputs.items():
            if outputs.setdefault(name, value) != value:
                recorder.caution(
                    "output-twice",
                    f"output {name!r} of {item.name!r} was left out: another participant "
                    "gave another value",
                    "give the outputs of participants names of their own",
                )
    return outputs


class _Use:
    """What one participant used in all of its lives, and how that is known."""

    def __init__(self, item: Running, recorder: Recorder) -> None:
        self.item = item
        self.name = item.name
        self.is_main = item.participant.is_main
        self.lives = (*item.lives, life_of(item.child))
        self.sampled_bytes = recorder.trees.memory_peak_bytes.get(item.name)
        self.cpu_s = total([life.wait_cpu_s for life in self.lives])
        self.cpu_method = "wait4, adopted orphans included"
        self.memory_bytes = largest([self.sampled_bytes, *(x.largest_bytes for x in self.lives)])
        self.memory_method = "sampled tree, and wait4's largest process"
        group, _ = item.child.usage()
        if group is not None and item.child.cgroup is not None:
            words = item.child.cgroup.methods
            by_group_s = total([life.group_cpu_s for life in self.lives])
            if by_group_s is not None:
                self.cpu_s, self.cpu_method = by_group_s, words["cpu"]
            if group.memory_peak_bytes is not None:
                self.memory_bytes = float(group.memory_peak_bytes)
                self.memory_method = words["memory"]

    def details(self) -> dict[str, Any]:
        item, last = self.item, self.lives[-1]
        details: dict[str, Any] = {
            "role": item.participant.role,
            "exit_code": last.exit_code,
            "started_ns": item.started_ns,
            "ended_ns": last.ended_ns,
            "cpu_s": self.cpu_s,
            "memory_peak_bytes": _whole(self.memory_bytes),
            "memory_sampled_peak_bytes": _whole(self.sampled_bytes),
            "stdout_bytes": sum(life.stdout_bytes for life in self.lives),
            "stderr_bytes": sum(life.stderr_bytes for life in self.lives),
            "device": item.device,
            "cores": item.cores,
            "power_mode": None if item.device is None else item.participant.power_mode,
            "restarts": len(item.lives),
            "left": None,
        }
        if item.lives:
            details["lives"] = [_life_details(life) for life in self.lives]
        if item.left is not None:
            details["left"] = {"t_ns": item.left[0], "reason": item.left[1]}
        return details


def _life_details(life: Life) -> dict[str, Any]:
    return {
        "started_ns": life.started_ns,
        "ended_ns": life.ended_ns,
        "exit_code": life.exit_code,
        "cpu_s": life.wait_cpu_s if life.group_cpu_s is None else life.group_cpu_s,
        "reason": life.reason,
    }


def _methods(
    uses: Sequence[_Use], window: Window | None, no_cgroup_reason: str | None
) -> dict[str, str]:
    methods: dict[str, str] = {}
    if uses:
        methods["cpu"] = uses[0].cpu_method
        methods["memory"] = uses[0].memory_method
        if len(uses) > 1:
            methods["memory"] += ", sum over participants"
    if window is not None:
        methods["window"] = "marked by the workload" if window.marked else "the whole process"
    if no_cgroup_reason is not None:
        methods["cgroup"] = no_cgroup_reason
    return methods


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _tail(texts: Sequence[str]) -> str:
    return "\n".join(text for text in texts if text)[-TAIL_CHARACTERS:]
