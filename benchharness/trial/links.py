"""The links of one trial's programs: kept by the kernel, or by the programs, and told of.

With the kernel the programs live in a network of their own (links/network.py), and a player
changes the rates from the start of the window on; without it each program is told its trace and
keeps it itself. Every change is a metric of the participant: link_up_bit_s, link_down_bit_s; so
is what has gone over the link in the window, link_bytes_up and link_bytes_down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from benchharness.clock import Clock, MonotonicClock
from benchharness.errors import UnfitError
from benchharness.links.hindrance import explained, required
from benchharness.links.network import Network
from benchharness.links.player import Change, Player
from benchharness.links.records import LinkTrace
from benchharness.links.setting import LINK_VARIABLE, LOOPBACK, LinkSetting, ShapedBy
from benchharness.links.wanted import Shaping, WantedLink
from benchharness.model import Caution
from benchharness.store.records import EventRecord
from benchharness.trial import link_cautions
from benchharness.trial.spec import Participant

_RATE_UNIT, _BYTES_UNIT = "bit/s", "B"


class LinkPlugs(Protocol):
    """What draws power for the bits of a device's link: the emulated plugs of a testbed."""

    def set_link(
        self,
        device: str,
        up_bytes_file: Path,
        down_bytes_file: Path,
        up_bit_s: float | None,
        down_bit_s: float | None,
    ) -> None:
        """Count the bytes of these files at these rates from now on; from any thread."""
        ...

    def no_link(self, device: str) -> None:
        """Count none from now on; from any thread."""
        ...


@dataclass(slots=True)
class TrialLinks:
    """The links of a trial's participants, between :meth:`open` and :meth:`close`.

    ``participants`` are all of the trial; those without a link are on this machine's own network.
    ``cautions`` tells what is not as it was wanted.
    """

    participants: Sequence[Participant] = ()
    clock: Clock = field(default_factory=MonotonicClock)
    plugs: LinkPlugs | None = None
    cautions: list[Caution] = field(default_factory=list)
    _by: ShapedBy | None = None
    _network: Network | None = None
    _player: Player | None = None
    _begun_ns: int | None = None
    _mains_ns: int | None = None
    _bytes_at_mains: dict[str, tuple[int, int]] = field(default_factory=dict)
    _events: list[EventRecord] = field(default_factory=list)
    _bytes_before: dict[str, tuple[int, int]] = field(default_factory=dict)
    _gone: set[str] = field(default_factory=set)
    _undo: ExitStack = field(default_factory=ExitStack)

    @property
    def awaits_window(self) -> bool:
        """Return whether the start of the window is to be told to :meth:`begin`."""
        return self._network is not None and self._begun_ns is None

    def open(self) -> None:
        """Make the network that is wanted, or leave the links to the programs, and say so.

        Raises UnfitError where nothing but the kernel will do and it cannot.
        """
        links = self._links()
        if not links:
            return
        if self._shaping() != "program":
            try:
                self._network = self._undo.enter_context(Network(links))
            except UnfitError as error:
                self._do_without(explained(error))
        elif self.plugs is not None and any(each.device for each in self.participants if each.link):
            self.cautions.append(link_cautions.plugs_without_links())
        self._by = "program" if self._network is None else "kernel"
        self._tell_plugs()
        if self._network is not None:
            self.cautions += link_cautions.bursts(self._traces())
            self._player = Player(self._traces(), self._change, self.clock)
            self._undo.callback(self._player.stop)

    def close(self) -> None:
        """Leave nothing of the network; may be called twice. The programs must have ended."""
        self._undo.close()
        self._network = None

    def env(self, participant: str, long_trace: Path) -> dict[str, str]:
        """Return what a participant is told of its link; nothing if it has none.

        A trace that is too long for a variable goes to the file. Raises UnfitError if that cannot
        be written.
        """
        wanted = self._links().get(participant)
        if wanted is None:
            return {}
        server = LOOPBACK if self._network is None else self._network.server
        by = None if wanted.trace is None else self._by
        try:
            return {LINK_VARIABLE: LinkSetting(by, server, wanted.trace).to_text(long_trace)}
        except OSError as error:
            raise UnfitError(
                f"its link cannot be told: {error.strerror}", where=participant
            ) from None

    def namespace(self, participant: str) -> Path | None:
        """Return the file of the namespace that a participant is to be in, if of its own."""
        port = None if self._network is None else self._network.ports.get(participant)
        return None if port is None else port.namespace_file

    def count(self) -> None:
        """Note what has been carried: the bytes of the window are counted from the last note."""
        self._bytes_before = self._counted()

    def mains_started(self, t_ns: int) -> None:
        """Note when the main programs began: where none marks a window, it is from then on.

        What had been carried until then is what was counted last.
        """
        self._mains_ns, self._bytes_at_mains = t_ns, self._bytes_before

    def begin(self, t_ns: int) -> None:
        """Let the traces begin, with the window; another call does nothing."""
        if not self.awaits_window or self._player is None:
            return
        self._begun_ns = t_ns
        self._note_first_rates(t_ns)
        self._player.begin(t_ns)

    def events(self) -> list[EventRecord]:
        """Return what has been changed since the last call."""
        for change in [] if self._player is None else self._player.taken():
            self._note(change)
        events, self._events = self._events, []
        return events

    def finish(self) -> list[EventRecord]:
        """Make no more changes, now that the window is over; return what is left to be told.

        The bytes are those since :meth:`count`, with all their headers; without a window, of all
        the time in which the main programs ran.
        """
        if self._network is None or self._player is None:
            return []
        self._player.stop()
        if self._begun_ns is None and self._mains_ns is not None:
            self._bytes_before = self._bytes_at_mains
            self._note_first_rates(self._mains_ns)
        now_ns, before = self.clock.now_ns(), self._bytes_before
        events = self.events()
        for name, counted in self._counted().items():
            up, down = before.get(name, (0, 0))
            for way, value in (("up", counted[0] - up), ("down", counted[1] - down)):
                events.append(_metric(now_ns, name, f"link_bytes_{way}", value, _BYTES_UNIT))
        fault, begun = self._player.fault or self._network.complaint(), self._begun_ns is not None
        self.cautions += link_cautions.looked_back(fault, self._gone, self._traces(), begun=begun)
        return events

    def details(self) -> Mapping[str, Any]:
        """Return what is stored with the trial: who kept the links, and the links."""
        links = self._links()
        if not links:
            return {}
        told = {
            name: {"hub": wanted.hub, "trace": wanted.trace and wanted.trace.to_json()}
            for name, wanted in links.items()
        }
        return {"links": {"shaping": self._by, "by": told}}

    def _links(self) -> dict[str, WantedLink]:
        return {each.name: each.link for each in self.participants if each.link is not None}

    def _shaping(self) -> Shaping:
        return next((link.shaping for link in self._links().values()), "auto")

    def _traces(self) -> dict[str, LinkTrace]:
        return {n: link.trace for n, link in self._links().items() if link.trace is not None}

    def _do_without(self, error: UnfitError) -> None:
        """Have the programs keep their links. Raises UnfitError where that is not wanted."""
        if self._shaping() == "kernel":
            raise required(error)
        self.cautions.append(link_cautions.by_programs(error))

    def _tell_plugs(self) -> None:
        """Tell the plugs of the devices' links, and that there are none in the end."""
        for each in self.participants:
            port = None if self._network is None else self._network.ports.get(each.name)
            if port is None or each.device is None or self.plugs is None:
                continue
            self._undo.callback(self.plugs.no_link, each.device)
            trace = each.link.trace if each.link is not None else None
            self._set_plug(each.name, *((None, None) if trace is None else trace.rates_at(0.0)))

    def _set_plug(self, name: str, up_bit_s: float | None, down_bit_s: float | None) -> None:
        device = next(each.device for each in self.participants if each.name == name)
        if self.plugs is None or device is None or self._network is None:
            return
        port = self._network.ports[name]
        self.plugs.set_link(device, port.up_bytes_file, port.down_bytes_file, up_bit_s, down_bit_s)

    def _change(self, change: Change) -> Change:
        """Make a change; return when it was made. In the player's thread."""
        assert self._network is not None
        self._network.set_rates(change.program, change.up_bit_s, change.down_bit_s)
        made = replace(change, t_ns=self.clock.now_ns())
        self._set_plug(change.program, change.up_bit_s, change.down_bit_s)
        return made

    def _note_first_rates(self, t_ns: int) -> None:
        for name, trace in self._traces().items():
            self._note(Change(t_ns, name, *trace.rates_at(0.0)))

    def _note(self, change: Change) -> None:
        for way, bit_s in (("up", change.up_bit_s), ("down", change.down_bit_s)):
            name = f"link_{way}_bit_s"
            self._events.append(_metric(change.t_ns, change.program, name, bit_s, _RATE_UNIT))

    def _counted(self) -> dict[str, tuple[int, int]]:
        """Return the bytes up and down of every participant's port that is still there."""
        found: dict[str, tuple[int, int]] = {}
        ports = {} if self._network is None else self._network.ports
        for name, port in ports.items():
            try:
                found[name] = port.counted_bytes()
            except OSError:
                self._gone.add(name)
        return found


def _metric(t_ns: int, participant: str, name: str, value: float, unit: str) -> EventRecord:
    return EventRecord(t_ns, participant, "metric", name=name, value=float(value), unit=unit)
