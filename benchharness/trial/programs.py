"""The programs of a trial, in each of its stages: started, observed until they end, ended.

Support programs first, until each has said that it is ready; then the main ones, together; when
these have ended the support programs get SIGTERM, and what is left after a while SIGKILL. What
follows when one of them ends before that is decided in :mod:`benchharness.trial.endings`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from benchharness.clock import NANOSECONDS_PER_SECOND
from benchharness.trial.endings import Endings
from benchharness.trial.marked import kill_marked
from benchharness.trial.outcome import SUPPORT_END_S, timeout_stop
from benchharness.trial.pipes import Pipes
from benchharness.trial.recorder import Recorder
from benchharness.trial.running import Launcher, Running
from benchharness.trial.sampling import Sampler
from benchharness.trial.starting import Starting
from benchharness.trial.watch import Watch

_READY_POLL_S = 0.01
_WINDOW_POLL_S = 0.05  # how late links may learn that the window has begun


@dataclass(slots=True)
class Programs:
    """The programs that run now, and those that have ended and are not closed yet."""

    launcher: Launcher
    recorder: Recorder
    sampler: Sampler
    watch: Watch
    running: list[Running] = field(default_factory=list)
    ended: list[Running] = field(default_factory=list)
    left_over: int = 0
    pipes: Pipes | None = None
    endings: Endings = field(init=False)
    starting: Starting = field(init=False)

    def __post_init__(self) -> None:
        """Know what follows when a program ends, and which devices are held when."""
        self.starting = Starting(self.launcher.devices, self.recorder, self.watch)
        parts = (self.launcher, self.recorder, self.sampler, self.watch)
        self.endings = Endings(*parts, self.running)

    def mains(self) -> list[Running]:
        """Return the running programs that are measured."""
        return [item for item in self.running if item.participant.is_main]

    def supports(self) -> list[Running]:
        """Return the running programs that the main ones depend on."""
        return [item for item in self.running if not item.participant.is_main]

    def start_supports(self, stage: str) -> bool:
        """Start what the main programs depend on; return whether all of it is ready."""
        self.launcher.clean(stage)
        self.pipes = Pipes()
        self._start(stage, mains=False)
        for item in self.supports():
            self._observe(stage, partial(self._settled, stage, item), None, _READY_POLL_S)
        return self.watch.stop is None

    def start_mains(self, stage: str) -> None:
        """Start what is measured, all of it together."""
        links = self.launcher.links
        if self._links_await_window(stage):
            links.count()
        self._start(stage, mains=True)
        if self._links_await_window(stage):
            links.mains_started(self.span_ns()[0])

    def observe_mains(self, stage: str) -> None:
        """Observe until the main programs have ended, or something ends the trial."""
        timeout_s = self.launcher.spec.timeout_s
        over = partial(self._mains_over, stage)
        self._observe(stage, over, timeout_s)
        if timeout_s is not None and not over():
            self.watch.stop = timeout_stop(timeout_s)

    def span_ns(self) -> tuple[int, int]:
        """Return from when to when the main programs ran; up to now where none has ended."""
        ended = [item.child.ended for item in self.mains()]
        ends_ns = [end.t_ns for end in ended if end is not None]
        first_ns = min(item.started_ns for item in self.mains())
        return first_ns, max(ends_ns, default=self.watch.now_ns())

    def finish_links(self) -> None:
        """Take what is left to be told of the links, now that the window is over."""
        links = self.launcher.links
        for event in links.finish():
            self.recorder.note(event)

    def end(self) -> None:
        """End every program, the main ones first, and take the last of what it said."""
        self._kill(self.mains())
        for item in self.supports():
            item.child.terminate()
        self._observe("ending", self._supports_over, SUPPORT_END_S, minding=False)
        for item in self.supports():
            item.overdue = item.child.ended is None
        self.kill()

    def kill(self) -> None:
        """Kill what is left of every program."""
        self._kill(list(self.running))
        self.starting.end()
        self._close_pipes()

    def kill_unnoted(self) -> None:
        """Kill what an interrupt has kept from being noted, between its start and that."""
        for participant in self.launcher.spec.participants:
            kill_marked(self.launcher.mark_of(participant))

    def leave_none(self) -> None:
        """Kill what runs still, without another word: something else has gone wrong."""
        for item in self.running:
            item.child.kill_all()
            item.file.close()
        self.starting.released.clear()  # nothing is left that would be too fast
        self.ended += self.running
        self.running.clear()
        self._close_pipes()
        self.close()

    def forget(self) -> None:
        """Close what has ended, and leave it out of the trial's account."""
        self.close()
        self.left_over = 0

    def close(self) -> None:
        """Close the programs that have ended."""
        for item in self.ended:
            item.child.close()
            if item.child.cgroup is not None:
                item.child.cgroup.remove()
        self.ended.clear()

    def _start(self, stage: str, *, mains: bool) -> None:
        """Start the programs of one role."""
        started: list[Running] = []
        wanted = [p for p in self.launcher.spec.participants if p.is_main is mains]
        self.starting.let_go(wanted)
        for participant in wanted:
            item = self.launcher.launch(participant, stage)
            self.running.append(item)
            started.append(item)
            self.recorder.files.append(item.file)
            groups = item.child.cgroup.paths if item.child.cgroup else None
            self.sampler.add_tree(item.name, item.child.pid, groups, item.child.marker)
        self.starting.wait_for(started)
        for item in started:
            item.child.go()
            self.endings.set_ready_by(item)
        assert self.pipes is not None
        self.pipes.add(started)

    def _settled(self, stage: str, item: Running) -> bool:
        """Return whether a support program is ready, or will not be."""
        self.recorder.take_file(item.file)
        self._mind(stage)
        return item.file.ready or self.watch.stop is not None

    def _mains_over(self, stage: str) -> bool:
        self._mind(stage)
        self._follow_links(stage)
        return self.endings.mains_over() or self.watch.stop is not None

    def _follow_links(self, stage: str) -> None:
        """Tell the links that the window has begun, and take what they have changed."""
        links = self.launcher.links
        if self._links_await_window(stage):
            for item in self.mains():
                self.recorder.take_file(item.file)
            starts_ns = [event.t_ns for event in self.recorder.events if event.edge == "start"]
            if starts_ns:
                links.begin(min(starts_ns))
            else:
                links.count()
        for event in links.events():
            self.recorder.note(event)

    def _links_await_window(self, stage: str) -> bool:
        return stage == "window" and self.launcher.links.awaits_window

    def _supports_over(self) -> bool:
        return all(item.child.ended is not None for item in self.supports())

    def _mind(self, stage: str) -> None:
        assert self.pipes is not None
        self.endings.mind(stage, self.pipes)
        self.starting.mind()

    def _observe(
        self,
        stage: str,
        done: Callable[[], bool],
        limit_s: float | None,
        poll_s: float | None = None,
        *,
        minding: bool = True,
    ) -> None:
        """Observe until ``done``, at most ``limit_s``; ask every ``poll_s`` at least.

        While ``minding`` what follows from an end is ``done``'s to do, when it is due.
        """
        start_ns = self.watch.now_ns()
        limit_ns = None if limit_s is None else start_ns + round(limit_s * NANOSECONDS_PER_SECOND)
        while not done():
            if limit_ns is not None and self.watch.now_ns() >= limit_ns:
                return
            self.watch.tick_if_due(stage, start_ns, None)
            due_ns = self.endings.next_ns() if minding else None
            wait_s = self.watch.left_s(_sooner(limit_ns, due_ns))
            if self._links_await_window(stage):
                wait_s = min(wait_s, _WINDOW_POLL_S)
            assert self.pipes is not None
            polls_s = [each for each in (poll_s, self.starting.poll_s) if each is not None]
            self.pipes.wait(min([wait_s, *polls_s]))

    def _kill(self, items: list[Running]) -> None:
        """Kill programs, all of them before anything else is done, and take their last words."""
        for item in items:
            item.child.kill()  # none is to run on while another one's processes are sought
        for item in items:
            self.left_over += item.child.kill_all()
        for item in items:
            self.sampler.remove_tree(item.name)
            item.drain()
            if item.file in self.recorder.files:
                self.recorder.finish_file(item.file)
            self.running.remove(item)
            self.ended.append(item)

    def _close_pipes(self) -> None:
        if self.pipes is not None:
            self.pipes.close()
            self.pipes = None


def _sooner(first_ns: int | None, second_ns: int | None) -> int | None:
    """Return the earlier of two times, None if there is none."""
    return min((t_ns for t_ns in (first_ns, second_ns) if t_ns is not None), default=None)
