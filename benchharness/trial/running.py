"""One participant of a trial as it runs: launched in folders of its own, and launched again."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchharness.errors import UnfitError
from benchharness.trial.cgroups import Cgroup
from benchharness.trial.devices import Devices, Groups
from benchharness.trial.event_file import EventFile
from benchharness.trial.launch import Child
from benchharness.trial.leftovers import own_prefix
from benchharness.trial.links import TrialLinks
from benchharness.trial.lives import Life
from benchharness.trial.outcome import Exit
from benchharness.trial.spec import SCRATCH_PLACE, SHARED_PLACE, Participant, VariantSpec

EVENTS_VARIABLE = "BENCHHARNESS_EVENTS"
HELD_VARIABLE = "BENCHHARNESS_HELD"


@dataclass(slots=True)
class Running:
    """A participant that has been started; ``overdue`` if it had to be killed after SIGTERM.

    ``child`` is how it runs now, ``lives`` are those before. ``device`` is where, None for this
    machine as it is; ``held`` is the file that tells a program that starts at full speed that its
    device is held now. How it ended, if it has: ``judged`` when somebody has decided what follows,
    ``again_ns`` is when it is to be started again, ``left`` (when and why) if it ended with an
    error and the trial went on, ``dismissed`` if it was asked to end since it had outlived the
    others, ``late`` if it failed when these had ended.
    """

    participant: Participant
    child: Child
    file: EventFile
    folder: Path
    device: str | None = None
    cores: float | None = None
    held: Path | None = None
    overdue: bool = False
    lives: list[Life] = field(default_factory=list)
    ready_by_ns: int | None = None
    judged: bool = False
    again_ns: int | None = None
    left: tuple[int, str] | None = None
    dismissed: bool = False
    late: bool = False

    @property
    def name(self) -> str:
        """Return the participant's name."""
        return self.participant.name

    @property
    def started_ns(self) -> int:
        """Return when it was started first."""
        return self.lives[0].started_ns if self.lives else self.child.started_ns

    @property
    def is_over(self) -> bool:
        """Return whether it has ended and is not to be started again."""
        return self.child.ended is not None and self.judged and self.again_ns is None

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
            excused=self.left is not None
            or self.again_ns is not None
            or self.dismissed
            or self.late,
        )

    def tell_held(self) -> None:
        """Tell a program that started at full speed, in all of its lives, that this is over."""
        if self.held is not None:
            self.held.touch()

    def drain(self) -> None:
        """Take what it has written."""
        self.child.stdout.drain()
        self.child.stderr.drain()


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts the participants of a trial, and starts them again. ``scratch`` is its own folder."""

    cgroups: Groups
    spec: VariantSpec
    marker: str
    scratch: Path
    devices: Devices | None = None  # those of a testbed; without them all is run on this machine
    links: TrialLinks = field(default_factory=TrialLinks)  # without them, this machine's network

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
            cgroup = self._groups(participant).make(
                f"{own_prefix()}{self.mark_of(participant)}-{stage}"
            )
            if cgroup is not None:
                undo.callback(cgroup.remove)
                if self.spec.memory_limit_bytes is not None and participant.is_main:
                    cgroup.limit_memory(self.spec.memory_limit_bytes)
            folder = self.scratch / f"{stage}-{participant.name}"
            _make_anew(folder)
            file = self._event_file(participant, stage)
            undo.callback(file.close)
            held = self._held_file(participant, stage)
            if held is not None:
                held.unlink(missing_ok=True)  # of another warm-up
            child = self._child(participant, folder, file.path, stage, cgroup)
            undo.pop_all()
        device = participant.device if self.devices is not None else None
        cores = self.devices.cores.get(device) if self.devices is not None and device else None
        return Running(participant, child, file, folder, device, cores, held)

    def launch_again(self, item: Running, stage: str) -> Child:
        """Start a participant that has ended: same folder, same events file, same group.

        It waits for the word to begin. Raises UnfitError.
        """
        return self._child(item.participant, item.folder, item.file.path, stage, item.child.cgroup)

    def _groups(self, participant: Participant) -> Groups:
        if self.devices is None or participant.device is None:
            return self.cgroups
        return self.devices.bases(participant.device)

    def _held_file(self, participant: Participant, stage: str) -> Path | None:
        if self.devices is None or participant.device is None:
            return None
        if not participant.start_at_full_speed:
            return None
        return self.scratch / f"{stage}-{participant.name}.held"

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
        stage: str,
        cgroup: Cgroup | None,
    ) -> Child:
        places = {SCRATCH_PLACE: str(folder), SHARED_PLACE: str(self._shared(stage))}
        # What the workload says of its threads holds on every machine, so on a device, too.
        on_device = {}
        if self.devices is not None and participant.device is not None:
            on_device = dict(self.devices.env(participant.device))
        held = self._held_file(participant, stage)
        if held is not None:
            on_device[HELD_VARIABLE] = str(held)
        env = {name: _filled(text, places) for name, text in participant.env.items()}
        return Child(
            tuple(_filled(word, places) for word in participant.argv),
            cwd=participant.cwd or folder,
            env={
                **on_device,
                **env,
                **self.links.env(
                    participant.name, self.scratch / f"{stage}-{participant.name}.link"
                ),
                "TMPDIR": str(folder),
                EVENTS_VARIABLE: str(events),
            },
            cgroup=cgroup,
            marker=self.mark_of(participant),
            namespace=self.links.namespace(participant.name),
        )

    def _shared(self, stage: str) -> Path:
        # No participant's folder is called so: their names do not begin with a dot.
        return self.scratch / f"{stage}-.shared"


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
