"""The network of a trial: a bridge, and a namespace with one interface for each program.

    program in its namespace: eth0 --(veth)-- bhPIDpN, a port of the bridge bhPIDbN

What a program sends is shaped by tbf at eth0, up; what it gets, by tbf at its port, down. The
bridge has no address: programs reach each other and nothing else, this machine included.

Source: tc-tbf(8), ip-netns(8); a namespace of Linux is what veth(4) describes.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from benchharness.errors import UnfitError
from benchharness.links.commands import Tc, find_program
from benchharness.links.commands import run_ip as ip
from benchharness.links.names import INTERFACES, NAMESPACES, new_names, new_namespace, remove
from benchharness.links.reaching import check_reach
from benchharness.links.shaping import tbf
from benchharness.links.subnets import free_subnet
from benchharness.links.wanted import WantedLink

_INSIDE = "eth0"
_MOST_PORTS = 1000  # of a bridge of Linux: 1024


@dataclass(frozen=True, slots=True)
class Port:
    """A program's place in the network. Its counters are in the machine's own namespace."""

    namespace: str
    interface: str
    address: str

    @property
    def namespace_file(self) -> Path:
        """Return the file by which the namespace is entered."""
        return NAMESPACES / self.namespace

    @property
    def up_bytes_file(self) -> Path:
        """Return the counter of what the program has sent: the port has received it."""
        return INTERFACES / self.interface / "statistics" / "rx_bytes"

    @property
    def down_bytes_file(self) -> Path:
        """Return the counter of what the program has got."""
        return INTERFACES / self.interface / "statistics" / "tx_bytes"

    def counted_bytes(self) -> tuple[int, int]:
        """Return what has gone up and down so far, in bytes with all headers.

        Raises OSError if the interface has gone.
        """
        return int(self.up_bytes_file.read_text()), int(self.down_bytes_file.read_text())


class Network:
    """The network of some programs, for the time of a ``with``; then nothing is left of it.

    ``ports`` and ``server``, the address of the first hub, are known inside. Every link has the
    first rates of its trace until :meth:`set_rates`. Raises UnfitError on entering where it cannot
    be made.
    """

    def __init__(self, links: Mapping[str, WantedLink]) -> None:
        self._links = dict(links)
        self._undo = ExitStack()
        self._tc: dict[str, tuple[Tc, Tc]] = {}
        self._rates: dict[str, tuple[float, float]] = {}
        self.ports: dict[str, Port] = {}
        self.server = ""

    def __enter__(self) -> Network:
        if len(self._links) > _MOST_PORTS:
            raise UnfitError(
                f"{len(self._links)} programs are more than a bridge has ports", where="links"
            )
        with ExitStack() as undo:
            self._make(undo)
            self._shape(undo)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._undo.close()

    def set_rates(self, program: str, up_bit_s: float, down_bit_s: float) -> None:
        """Change the rates of a link whose trace does, at once and without losing a connection.

        A way whose rate stays is left alone: its bucket would be full again.
        """
        trace = self._links[program].trace
        change_s = None if trace is None else trace.change_s
        wanted = (up_bit_s, down_bit_s)
        known = self._rates.get(program, (None, None))
        places = (_INSIDE, self.ports[program].interface)
        for tc, place, bit_s, is_now in zip(self._tc[program], places, wanted, known, strict=True):
            if bit_s != is_now:
                tc.send(tbf(place, bit_s, change_s))
        self._rates[program] = wanted

    def complaint(self) -> str | None:
        """Return what is wrong with a change of rates; None if nothing is known to be."""
        found = (tc.complaint() for tc in self._all_tc())
        return next((text for text in found if text is not None), None)

    def _make(self, undo: ExitStack) -> None:
        """Make the bridge, the namespaces and what joins them."""
        subnet = free_subnet(len(self._links))
        hosts = subnet.hosts()
        (bridge,) = new_names("b", 1)
        interfaces = new_names("p", len(self._links))
        for (program, wanted), interface in zip(self._links.items(), interfaces, strict=True):
            address = str(next(hosts))
            self.ports[program] = Port(new_namespace(program), interface, address)
            if wanted.hub and not self.server:
                self.server = address
        spaces = [port.namespace for port in self.ports.values()]
        undo.callback(remove, [*interfaces, bridge, *spaces])
        # Without addresses of version 6 there is no talk of routers and neighbours to be counted.
        ip([f"link add {bridge} type bridge", f"link set {bridge} addrgenmode none up"])
        for port in self.ports.values():
            ip(
                [
                    f"netns add {port.namespace}",
                    f"link add {port.interface} type veth peer name {_INSIDE} "
                    f"netns {port.namespace}",
                    f"link set {port.interface} addrgenmode none master {bridge} up",
                ]
            )
            ip(
                [
                    "link set lo up",
                    f"link set {_INSIDE} addrgenmode none up",
                    f"addr add {port.address}/{subnet.prefixlen} dev {_INSIDE}",
                ],
                port.namespace,
            )

    def _shape(self, undo: ExitStack) -> None:
        """Give every link its first rates, make sure of them, and stay ready for others."""
        find_program("nsenter")
        ports = list(self.ports.values())
        if len(ports) > 1:
            check_reach(ports[0].namespace_file, ports[1].namespace_file, ports[1].address)
        traces = {name: link.trace for name, link in self._links.items() if link.trace is not None}
        # Programs of tc that end say whether the kernel takes the rates at all.
        self._open_tc(list(traces), undo)
        for program, trace in traces.items():
            self.set_rates(program, *trace.rates_at(0.0))
        for tc in self._all_tc():
            fault = tc.finish()
            if fault is not None:
                raise UnfitError(f"tc: {fault}", where="links")
        self._tc.clear()
        self._open_tc([name for name, trace in traces.items() if not trace.is_constant], undo)

    def _open_tc(self, programs: list[str], undo: ExitStack) -> None:
        """Have a tc ready in the namespace of each program, and one for all their ports."""
        root: Tc | None = None
        for program in programs:
            if root is None:
                root = Tc()
                undo.callback(root.finish)
            inside = Tc(self.ports[program].namespace)
            undo.callback(inside.finish)
            self._tc[program] = (inside, root)

    def _all_tc(self) -> list[Tc]:
        return list(dict.fromkeys(tc for pair in self._tc.values() for tc in pair))
