"""Streams: probes under one name, and the groups of streams that are read at the same ticks."""

from __future__ import annotations

import json
from array import array
from itertools import chain

from benchharness.probes import wire
from benchharness.probes.probe import read_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchharness.probes.probe import Probe

RENEW_NS = 500_000_000  # between looks for new processes
NEVER_NS = 1 << 62


class Stream:
    """Probes under one name. Rows are kept flat and become columns when they are sent."""

    def __init__(self, number: int, name: str, probes: list[Probe]) -> None:
        self.number = number
        self.name = name
        self.probes = probes
        self.channels = tuple(chain.from_iterable(probe.channels for probe in probes))
        self._times_ns = array("q")
        self._rows = array("d")

    def add(self, t_ns: int, raw: Sequence[bytes]) -> None:
        """Parse what one tick has read, in the order of the probes' files."""
        at = 0
        for probe in self.probes:
            end = at + len(probe.files)
            self._rows.extend(probe.parse(raw[at:end]))
            at = end
        self._times_ns.append(t_ns)

    def files(self) -> list[tuple[int, int]]:
        """Return the files of all probes, with the bytes to read of each."""
        return list(chain.from_iterable(probe.files for probe in self.probes))

    def restless(self) -> list[Probe]:
        """Return the probes whose files change as time goes on."""
        return [probe for probe in self.probes if probe.restless]

    def announcement(self) -> bytes:
        """Return the frame that names the stream's channels."""
        meta: dict[str, str] = {}
        for probe in self.probes:
            meta.update(probe.meta)
        fields = {
            "number": self.number,
            "name": self.name,
            "channels": self.channels,
            "meta": meta,
        }
        return wire.frame(wire.STREAM, json.dumps(fields).encode())

    def rows(self) -> int:
        """Return how many rows wait to be sent."""
        return len(self._times_ns)

    def take(self) -> bytes:
        """Return the waiting rows as a frame, and forget them; nothing where there are none."""
        if not self._times_ns:
            return b""
        data = wire.batch(self.number, self._times_ns, self._rows)
        self._times_ns = array("q")
        self._rows = array("d")
        return data

    def close(self) -> None:
        """Close the files of all probes."""
        for probe in self.probes:
            probe.close()


class Group:
    """Streams that are read together: their files at each tick, their meaning later."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self._files: list[tuple[int, int]] = []
        self._captured: list[tuple[int, list[bytes]]] = []
        self._restless: list[Probe] = []
        self.renew_ns = NEVER_NS  # when to digest, for the restless probes to look around

    def capture(self, t_ns: int) -> None:
        """Read all files under one time stamp."""
        self._captured.append((t_ns, read_files(self._files)))

    def digest(self, now_ns: int) -> None:
        """Parse what has been read; now and then let the restless probes look around."""
        captured, self._captured = self._captured, []
        at = 0
        for stream in self.streams:
            end = at + len(stream.files())
            for t_ns, raw in captured:
                stream.add(t_ns, raw[at:end])
            at = end
        if now_ns >= self.renew_ns:
            self.renew_ns = now_ns + RENEW_NS
            changed = [probe.renew(now_ns) for probe in self._restless]
            if any(changed):
                self._gather()

    def add(self, stream: Stream, now_ns: int) -> None:
        """Read a stream too from the next tick on."""
        self.digest(now_ns)
        self.streams.append(stream)
        self._gather()

    def remove(self, stream: Stream, now_ns: int) -> None:
        """Read a stream no more; what was read of it stays with it."""
        self.digest(now_ns)
        self.streams.remove(stream)
        self._gather()

    def _gather(self) -> None:
        self._files = list(chain.from_iterable(stream.files() for stream in self.streams))
        self._restless = list(chain.from_iterable(stream.restless() for stream in self.streams))
        if not self._restless:
            self.renew_ns = NEVER_NS
        elif self.renew_ns == NEVER_NS:
            self.renew_ns = 0
