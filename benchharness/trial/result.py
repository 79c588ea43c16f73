"""Puts together what a trial leaves: exact CPU seconds and memory, outputs, texts, cautions."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from typing import Any

from benchharness.store.records import TrialResult
from benchharness.trial.outcome import Stop, outcome
from benchharness.trial.recorder import Recorder
from benchharness.trial.running import Running
from benchharness.trial.spec import VariantSpec
from benchharness.trial.windows import Window, choose_window

_TAIL_CHARACTERS = 4000
_KIBIBYTE = 1024


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
        cpu_s=_total([use.cpu_s for use in own]),
        memory_peak_bytes=_whole(_total([use.memory_bytes for use in own])),
        outputs=outputs,
        methods=methods,
        cautions=list(recorder.cautions),
        details={
            "module_bytes": spec.module_bytes,
            "window_marked": window.marked if window else None,
            "participants": {use.name: use.details() for use in uses},
            "stdout_tail": _tail([item.child.stdout.text() for item in participants]),
            "stderr_tail": _tail([item.child.stderr.text() for item in participants]),
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
    """What one participant used, and how that is known."""

    def __init__(self, item: Running, recorder: Recorder) -> None:
        child = item.child
        group, by_wait_s = child.usage()
        self.name = item.name
        self.role = item.participant.role
        self.is_main = item.participant.is_main
        self.child = child
        self.cpu_s = by_wait_s
        self.cpu_method = "wait4, adopted orphans included"
        self.sampled_bytes = recorder.tree_memory_peak_bytes.get(item.name)
        self.memory_bytes = self._memory_without_group()
        self.memory_method = "sampled tree, and wait4's largest process"
        if group is not None and child.cgroup is not None:
            words = child.cgroup.methods
            if group.cpu_s is not None:
                self.cpu_s, self.cpu_method = group.cpu_s, words["cpu"]
            if group.memory_peak_bytes is not None:
                self.memory_bytes = float(group.memory_peak_bytes)
                self.memory_method = words["memory"]

    def _memory_without_group(self) -> float | None:
        """Return the larger of the sampled peak and wait4's largest process.

        A program inherits its parent's size at its start, so a size that does not exceed the
        harness's own says nothing of it (Linux, exec's handling of the high-water mark).
        """
        known = [] if self.sampled_bytes is None else [self.sampled_bytes]
        if self.child.ended is not None:
            own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            if self.child.ended.usage.ru_maxrss > own:
                known.append(float(self.child.ended.usage.ru_maxrss * _KIBIBYTE))
        return max(known, default=None)

    def details(self) -> dict[str, Any]:
        ended = self.child.ended
        return {
            "role": self.role,
            "exit_code": ended.exit_code if ended else None,
            "started_ns": self.child.started_ns,
            "ended_ns": ended.t_ns if ended else None,
            "cpu_s": self.cpu_s,
            "memory_peak_bytes": _whole(self.memory_bytes),
            "memory_sampled_peak_bytes": _whole(self.sampled_bytes),
            "stdout_bytes": self.child.stdout.total_bytes,
            "stderr_bytes": self.child.stderr.total_bytes,
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


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _tail(texts: Sequence[str]) -> str:
    return "\n".join(text for text in texts if text)[-_TAIL_CHARACTERS:]
