"""What follows when a program of a trial ends: another life, a trial without it, or its end.

One that ends with an error is started again, in the same folder and with the same events file, as
often as it may be and after a pause that doubles from 0.5 s to 10 s; but not where its exit code
says that it would fail again, so that its first reason stays. One that may leave is missed then,
and the trial goes on. Those that may leave are not waited for once all others have ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchharness.clock import NANOSECONDS_PER_SECOND
from benchharness.errors import UnfitError, UsageError
from benchharness.model import Status
from benchharness.store.records import EventRecord
from benchharness.trial.lives import life_of, total
from benchharness.trial.outcome import (
    GRACE_S,
    SUPPORT_END_S,
    Stop,
    early_end_stop,
    end_in_words,
    failed_stop,
    not_ready_stop,
)
from benchharness.trial.pipes import Pipes
from benchharness.trial.recorder import Recorder
from benchharness.trial.running import Launcher, Running
from benchharness.trial.sampling import Sampler
from benchharness.trial.watch import Watch

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_IN_VAIN = (UsageError.exit_code, UnfitError.exit_code)  # wrong options; a machine that is not fit


def pause_s(restarts: int) -> float:
    """Return how long to wait before a program is started again that was so often before."""
    return min(_FIRST_PAUSE_S * 2.0**restarts, _LONGEST_PAUSE_S)


def may_return(exit_code: int | None, restarts: int, restart: int) -> bool:
    """Return whether a program that has ended so is started again, after ``restarts`` of them."""
    return exit_code != 0 and exit_code not in _IN_VAIN and restarts < restart


@dataclass(slots=True)
class Endings:
    """Minds the ends of the programs that run: ``running`` is the list that the trial keeps."""

    launcher: Launcher
    recorder: Recorder
    sampler: Sampler
    watch: Watch
    running: list[Running]

    def mind(self, stage: str, pipes: Pipes) -> None:
        """Decide on the programs that have ended, the first of them first; do what is due."""
        for item in self._ended():
            self._judge(item)
        now_ns = self.watch.now_ns()
        for item in self.running:
            if self.watch.stop is None and item.again_ns is not None and now_ns >= item.again_ns:
                self._start_again(item, stage, pipes)
        self._mind_readiness()
        self._mind_stragglers()

    def next_ns(self) -> int | None:
        """Return when something is due that nothing announces; None if nothing is."""
        due = [item.again_ns for item in self.running]
        due += [item.ready_by_ns for item in self._not_ready()]
        over_ns = self._needed_over_ns()
        if over_ns is not None:
            asked = any(item.dismissed for item in self._stragglers())
            due.append(over_ns + _ns(GRACE_S + SUPPORT_END_S if asked else GRACE_S))
        return min((t_ns for t_ns in due if t_ns is not None), default=None)

    def mains_over(self) -> bool:
        """Return whether no main program is waited for any longer."""
        stragglers = self._stragglers()
        over_ns = self._needed_over_ns()
        if over_ns is None or not stragglers:
            return all(item.is_over for item in self._mains())
        return self.watch.now_ns() >= over_ns + _ns(GRACE_S + SUPPORT_END_S)

    def set_ready_by(self, item: Running) -> None:
        """Have a support program say that it is ready, in the time that it has for that."""
        if not item.participant.is_main:
            item.ready_by_ns = self.watch.now_ns() + _ns(item.participant.ready_timeout_s)

    def _mains(self) -> Iterator[Running]:
        return (item for item in self.running if item.participant.is_main)

    def _stragglers(self) -> list[Running]:
        """Return the main programs that run on, or are to."""
        return [item for item in self._mains() if not item.is_over]

    def _mains_have_ended(self) -> bool:
        """Return whether main programs were started and have all ended."""
        return any(True for _ in self._mains()) and not self._stragglers()

    def _ended(self) -> list[Running]:
        ended = [item for item in self.running if item.child.ended is not None and not item.judged]
        return sorted(ended, key=_ended_ns)

    def _not_ready(self) -> list[Running]:
        """Return the support programs that run and have not said that they are ready."""
        return [
            item
            for item in self.running
            if not item.participant.is_main and not item.file.ready and item.again_ns is None
        ]

    def _needed_over_ns(self) -> int | None:
        """Return when the last main program ended that may not leave; None while one runs.

        None, too, where all may leave: then there is none that the others are there for.
        """
        needed = [item for item in self._mains() if not item.participant.may_leave]
        if not needed or not all(item.is_over for item in needed):
            return None
        return max(_ended_ns(item) for item in needed)

    def _judge(self, item: Running) -> None:
        """Decide what follows from the end of a program."""
        item.judged = True
        participant, ended = item.participant, item.child.ended
        assert ended is not None
        limit_bytes = self.launcher.spec.memory_limit_bytes
        if item.dismissed or (participant.is_main and ended.exit_code == 0):
            return
        if participant.may_leave and self._needed_over_ns() is not None:
            item.late = True
            return
        if not participant.is_main and self._mains_have_ended():
            return  # its end is looked at when all have ended
        returns = may_return(ended.exit_code, len(item.lives), participant.restart)
        if returns or participant.may_leave:
            item.child.kill_all()  # what a dead program leaves is not what is counted as left over
            item.drain()
            self.sampler.remove_tree(item.name)
            self.recorder.end_life(item.file, ended.t_ns, for_good=not returns)
        if returns:
            now_ns = max(self.watch.now_ns(), ended.t_ns)
            item.again_ns = now_ns + _ns(pause_s(len(item.lives)))
        elif participant.may_leave:
            self._miss(item, self._end_in_words(item))
        elif not participant.is_main:
            item.drain()
            before = "the main program did" if item.file.ready else "it was ready"
            self._stop(early_end_stop(item.exit(), before))
        elif self._stragglers():
            item.drain()
            self._stop(failed_stop(item.exit(), limit_bytes))

    def _stop(self, stop: Stop) -> None:
        if self.watch.stop is None:
            self.watch.stop = stop

    def _miss_or_stop(self, item: Running, reason: str) -> None:
        """Go on without a program that may leave; without any other there is no trial."""
        if item.participant.may_leave:
            self._miss(item, reason)
        else:
            self._stop(Stop(Status.FAILED, f"{item.name}: {reason}"))

    def _miss(self, item: Running, reason: str) -> None:
        """Go on without a program that has ended."""
        t_ns = _ended_ns(item)
        item.again_ns = None
        item.left = (t_ns, reason)
        self.recorder.note(EventRecord(t_ns, item.name, "left", text=reason))

    def _start_again(self, item: Running, stage: str, pipes: Pipes) -> None:
        """Start a program again, as it was started first."""
        reason = self._end_in_words(item)
        life = life_of(item.child, reason)
        pipes.remove(item.child)
        item.child.close()
        item.again_ns = None
        try:
            item.child = self.launcher.launch_again(item, stage)
        except UnfitError as error:  # it has removed its folder, or no process is to be had
            self._miss_or_stop(item, f"{reason}, and then it {error.what}")
            return
        item.lives.append(life)
        item.judged = False
        self._sample_again(item)
        item.child.go()
        pipes.add([item])
        self.set_ready_by(item)
        self.recorder.note(EventRecord(item.child.started_ns, item.name, "restart", text=reason))

    def _sample_again(self, item: Running) -> None:
        """Have a program watched again, its CPU seconds added to those that it had used."""
        cgroup = item.child.cgroup
        if cgroup is None or cgroup.cpu is None:  # no group has counted on
            self.recorder.take_last_samples()
            used_s = total([life.wait_cpu_s for life in item.lives])
            self.recorder.trees.add_cpu_before(item.name, used_s or 0.0)
        paths = cgroup.paths if cgroup else None
        self.sampler.add_tree(item.name, item.child.pid, paths, item.child.marker)

    def _mind_readiness(self) -> None:
        """Stop the trial if a support program has had its time to be ready."""
        for item in self._not_ready():
            if item.ready_by_ns is None or self.watch.now_ns() < item.ready_by_ns:
                continue
            self.recorder.take_file(item.file)
            if not item.file.ready:
                self._stop(not_ready_stop(item.name, item.participant.ready_timeout_s))

    def _mind_stragglers(self) -> None:
        """Start none again once the others have ended; ask those to end that have had the grace."""
        over_ns = self._needed_over_ns()
        if over_ns is None:
            return
        for item in self._stragglers():
            if item.again_ns is not None:
                self._miss(item, self._end_in_words(item))
            elif self.watch.now_ns() >= over_ns + _ns(GRACE_S) and not item.dismissed:
                item.dismissed = True
                item.child.terminate()

    def _end_in_words(self, item: Running) -> str:
        return end_in_words(item.exit(), self.launcher.spec.memory_limit_bytes)


def _ended_ns(item: Running) -> int:
    return 0 if item.child.ended is None else item.child.ended.t_ns


def _ns(duration_s: float) -> int:
    return round(duration_s * NANOSECONDS_PER_SECOND)
