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

DIGEST_TICKS = 16  # parsed together at the most: at 1 kHz they must fit between two ticks
DIGEST_NS = 500_000_000


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

    def renew(self, now_ns: int) -> bool:
        """Let the probes look for what has changed; return whether their files are others."""
        return sum(probe.renew(now_ns) for probe in self.probes) > 0  # every one is asked

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
        self._digest_ns = 0

    def capture(self, t_ns: int) -> None:
        """Read all files under one time stamp."""
        self._captured.append((t_ns, read_files(self._files)))
        if len(self._captured) >= DIGEST_TICKS or t_ns >= self._digest_ns:
            self.digest(t_ns)

    def digest(self, now_ns: int) -> None:
        """Parse what has been read, then let the probes look around."""
        self._digest_ns = now_ns + DIGEST_NS
        captured, self._captured = self._captured, []
        at = 0
        for stream in self.streams:
            end = at + len(stream.files())
            for t_ns, raw in captured:
                stream.add(t_ns, raw[at:end])
            at = end
        if sum(stream.renew(now_ns) for stream in self.streams) > 0:  # every one is asked
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
