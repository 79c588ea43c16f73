"""One participant of a trial as it runs: launched in folders of its own, its pipes drained."""

from __future__ import annotations

import os
import selectors
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchharness.errors import UnfitError
from benchharness.trial.cgroup_factory import CgroupFactory
from benchharness.trial.cgroups import Cgroup
from benchharness.trial.event_file import EventFile
from benchharness.trial.launch import Child
from benchharness.trial.leftovers import own_prefix
from benchharness.trial.outcome import Exit
from benchharness.trial.spec import SCRATCH_PLACE, SHARED_PLACE, Participant, VariantSpec

EVENTS_VARIABLE = "BENCHHARNESS_EVENTS"


@dataclass(slots=True)
class Running:
    """A participant that has been started; ``overdue`` if it had to be killed after SIGTERM."""

    participant: Participant
    child: Child
    file: EventFile
    overdue: bool = False

    @property
    def name(self) -> str:
        """Return the participant's name."""
        return self.participant.name

    def exit(self) -> Exit:
        """Return what is known of its end."""
        group, _ = self.child.usage()
        stream = self.child.stderr if self.child.stderr.last_line() else self.child.stdout
        return Exit(
            name=self.name,
            exit_code=self.child.ended.exit_code if self.child.ended else None,
            last_line=stream.last_line(),
            line_before=stream.last_line(before=1),
            oom_kills=group.oom_kills if group else 0,
            support=not self.participant.is_main,
            overdue=self.overdue,
        )

    def drain(self) -> None:
        """Take what it has written."""
        self.child.stdout.drain()
        self.child.stderr.drain()


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts the participants of a trial. ``scratch`` is the trial's own folder."""

    cgroups: CgroupFactory
    spec: VariantSpec
    marker: str
    scratch: Path

    def mark_of(self, participant: Participant) -> str:
        """Return what a participant's processes are known by, wherever they have gone."""
        return f"{self.marker}-{participant.name}"

    def clean(self, stage: str) -> None:
        """Make the folder that all participants see; a second warm-up starts as clean."""
        _make_anew(self._shared(stage))

    def launch(self, participant: Participant, stage: str) -> Running:
        """Start a participant, which waits for the word to begin. Raises UnfitError.

        Nothing is left of one that could not be started.
        """
        with ExitStack() as undo:
            cgroup = self.cgroups.make(f"{own_prefix()}{self.mark_of(participant)}-{stage}")
            if cgroup is not None:
                undo.callback(cgroup.remove)
                if self.spec.memory_limit_bytes is not None and participant.is_main:
                    cgroup.limit_memory(self.spec.memory_limit_bytes)
            folder = self.scratch / f"{stage}-{participant.name}"
            _make_anew(folder)
            file = self._event_file(participant, stage)
            undo.callback(file.close)
            child = self._child(participant, folder, file.path, self._shared(stage), cgroup)
            undo.pop_all()
        return Running(participant, child, file)

    def _event_file(self, participant: Participant, stage: str) -> EventFile:
        path = self.scratch / f"{stage}-{participant.name}.events"
        try:
            path.unlink(missing_ok=True)
            return EventFile(path, participant.name, [p.name for p in self.spec.participants])
        except OSError as error:
            raise UnfitError(
                f"its events file cannot be made: {error.strerror}", where=participant.name
            ) from None

    def _child(
        self,
        participant: Participant,
        folder: Path,
        events: Path,
        shared: Path,
        cgroup: Cgroup | None,
    ) -> Child:
        places = {SCRATCH_PLACE: str(folder), SHARED_PLACE: str(shared)}
        env = {name: _filled(text, places) for name, text in participant.env.items()}
        return Child(
            tuple(_filled(word, places) for word in participant.argv),
            cwd=participant.cwd or folder,
            env={**env, "TMPDIR": str(folder), EVENTS_VARIABLE: str(events)},
            cgroup=cgroup,
            marker=self.mark_of(participant),
        )

    def _shared(self, stage: str) -> Path:
        # No participant's folder is called so: their names do not begin with a dot.
        return self.scratch / f"{stage}-.shared"


class Pipes:
    """Waits for programs: drains what they write, and wakes when one has ended."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, items: Iterable[Running]) -> None:
        """Wait for these programs too."""
        for item in items:
            child = item.child
            self._selector.register(child.waker, selectors.EVENT_READ, None)
            for capture in (child.stdout, child.stderr):
                self._selector.register(capture.descriptor, selectors.EVENT_READ, capture)

    def wait(self, timeout_s: float) -> None:
        """Return when something has happened, or at the time limit."""
        for key, _ in self._selector.select(timeout_s):
            if key.data is None:
                self._selector.unregister(key.fd)  # this program has ended; the caller sees it
                os.read(key.fd, 1)
            elif not key.data.drain():
                self._selector.unregister(key.fd)

    def close(self) -> None:
        """Stop waiting; may be called twice."""
        self._selector.close()


def _make_anew(folder: Path) -> None:
    """Make an empty folder; what a program has left there and locked is moved out of the way."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        folder.rename(tempfile.mkdtemp(prefix=".left-", dir=folder.parent))
    folder.mkdir()


def _filled(text: str, places: dict[str, str]) -> str:
    for place, folder in places.items():
        text = text.replace(place, folder)
    return text
