"""Links kept by the kernel, in real namespaces: rates, changes, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from benchharness.links import names
from benchharness.links.commands import run_ip
from benchharness.links.hindrance import kernel_hindrance
from benchharness.links.names import INTERFACES, NAMESPACES, abandoned, remove_abandoned
from benchharness.links.network import Network, Port
from benchharness.links.reaching import _inside
from benchharness.links.records import PAYLOAD_SHARE, LinkTrace, constant
from benchharness.links.shaping import free_share
from benchharness.links.wanted import Shaping, WantedLink
from tests.integration.participant_trials import program, run_trial

pytestmark = [
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("tc") is None, reason="needs root and iproute2"
    ),
    pytest.mark.slow,
]
HUB = WantedLink(hub=True)
MBIT = 1e6


def left() -> set[str]:
    """Return the namespaces and interfaces of this process that there are."""
    marks = (f"bh{os.getpid()}", f"benchharness-{os.getpid()}-")
    found = {path.name for folder in (INTERFACES, NAMESPACES) for path in folder.glob("*")}
    return {name for name in found if name.startswith(marks)}


@contextmanager
def pair(device: Port, hub: Port) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield a device's socket and the hub's, connected through the network."""
    with _inside(hub.namespace_file, lambda: socket.create_server((hub.address, 0))) as listener:
        place = listener.getsockname()
        with (
            _inside(device.namespace_file, lambda: socket.create_connection(place, 5)) as here,
            listener.accept()[0] as there,
        ):
            here.settimeout(10)
            there.settimeout(10)
            yield here, there


class Flow:
    """Bytes sent from one socket to the other until it is closed, and when they came."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        source.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        self.came: list[tuple[float, int]] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(source,)),
            threading.Thread(target=self._receive, args=(target,)),
        ]
        for thread in self._threads:
            thread.start()

    def _send(self, source: socket.socket) -> None:
        while not self._over.is_set():
            source.sendall(bytes(8192))
        source.shutdown(socket.SHUT_WR)

    def _receive(self, target: socket.socket) -> None:
        while data := target.recv(1 << 16):
            self.came.append((time.monotonic(), len(data)))

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def bit_s(self, start: float, end: float) -> float:
        """Return the median of its tenths of seconds: a busy machine makes it stand at times."""
        count = int((end - start) / 0.1 + 1e-6)
        bins = [0] * count
        for t, size in self.came:
            if start <= t < start + 0.1 * count:
                bins[min(count - 1, int((t - start) / 0.1))] += size
        return statistics.median(bins) * 8 / 0.1


@pytest.mark.alone
@pytest.mark.parametrize("way", ["up", "down"])
def test_goodput_is_the_rate_less_the_headers_and_follows_it_at_once(way: str) -> None:
    trace = LinkTrace("", "", (0.0, 9.0), (20 * MBIT, MBIT), (20 * MBIT, MBIT))
    with Network({"hub": HUB, "device": WantedLink(trace)}) as network:
        assert network.server == network.ports["hub"].address
        device, hub = network.ports["device"], network.ports["hub"]
        with pair(device, hub) as (here, there):
            flow = Flow(here, there) if way == "up" else Flow(there, here)
            time.sleep(0.3)  # bursts and buffers are full
            first = time.monotonic()
            time.sleep(0.8)
            rates = {"up": 20 * MBIT, "down": 20 * MBIT, way: 5 * MBIT}
            network.set_rates("device", rates["up"], rates["down"])
            changed = time.monotonic()
            time.sleep(1.0)
            end = time.monotonic()
            flow.stop()
        shares = (flow.bit_s(first, changed) / 20e6, flow.bit_s(changed + 0.1, end) / 5e6)
        assert shares == pytest.approx((PAYLOAD_SHARE, PAYLOAD_SHARE), abs=0.06)
        assert network.complaint() is None
        sent, got = device.counted_bytes()
        assert sum(size for _, size in flow.came) < (sent if way == "up" else got)
    assert left() == set()


def test_a_link_that_changes_often_carries_little_more_than_its_rates() -> None:
    trace = LinkTrace("", "", (0.0, 0.1), (MBIT, 1.01 * MBIT), (MBIT, MBIT), repeat_s=0.2)
    with Network({"hub": HUB, "device": WantedLink(trace)}) as network:
        device, hub = network.ports["device"], network.ports["hub"]
        with pair(device, hub) as (here, there):
            flow = Flow(here, there)
            time.sleep(0.3)
            before, first = device.counted_bytes()[0], time.monotonic()
            for number in range(1, 11):
                network.set_rates("device", trace.up_bit_s[number % 2], MBIT)
                time.sleep(0.1)
            bit_s = (device.counted_bytes()[0] - before) * 8 / (time.monotonic() - first)
            network.set_rates("device", 100 * MBIT, 100 * MBIT)  # what waits is soon through
            flow.stop()
        assert network.complaint() is None
    # Never more than what is said of it; with a burst of 8 KiB a change it was 1.32 Mbit/s.
    assert bit_s < (1 + free_share(trace)) * 1.01 * MBIT


def test_programs_reach_their_own_network_and_nothing_else() -> None:
    with socket.create_server(("0.0.0.0", 0)) as outside:
        port = outside.getsockname()[1]
        with Network({"hub": HUB, "device": WantedLink()}) as network:
            space = network.ports["device"].namespace_file
            # Loopback inside is up, and is its own.
            with _inside(space, lambda: socket.create_server(("127.0.0.1", port))) as own:
                _inside(space, lambda: socket.create_connection(("127.0.0.1", port))).close()
                own.accept()[0].close()
            for address in ("127.0.0.1", "192.0.2.1", network.server):
                with pytest.raises(OSError, match=r"refused|unreachable|No route"):
                    _inside(space, partial(socket.create_connection, (address, port), 2))
    assert left() == set()


def test_networks_beside_each_other_do_not_meet() -> None:
    links = {"hub": HUB, "device": WantedLink(constant(MBIT, MBIT))}
    with Network(links) as first:
        with Network(links) as second:
            names = [port.interface for net in (first, second) for port in net.ports.values()]
            assert len(set(names)) == 4
            at = (second.server, 9)
            with pytest.raises(OSError, match=r"unreachable|timed out|No route|refused"):
                space = first.ports["device"].namespace_file
                _inside(space, lambda: socket.create_connection(at, 0.2))
            assert not set(names) & set(abandoned())
        with pair(first.ports["device"], first.ports["hub"]) as (here, there):
            here.sendall(b"still here")
            assert there.recv(99) == b"still here"
    assert left() == set()


def test_a_network_that_cannot_be_finished_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchharness.links.network.tbf", lambda *_: "qdisc replace dev gone root")
    found = kernel_hindrance()
    assert found is not None
    assert found.what.startswith("tc: ")
    assert left() == set()


def test_an_interrupt_of_the_removal_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, interrupts = run_ip, iter([KeyboardInterrupt, KeyboardInterrupt])

    def interrupted(lines: list[str], namespace: str | None = None, *, force: bool = False) -> None:
        real(lines[:1], namespace, force=force)
        for interrupt in interrupts:
            raise interrupt
        real(lines, namespace, force=force)

    with pytest.raises(KeyboardInterrupt), Network({"hub": HUB, "device": WantedLink()}):
        monkeypatch.setattr(names, "run_ip", interrupted)
    assert left() == set()


def test_what_a_killed_harness_left_goes_at_the_next_start() -> None:
    command = [sys.executable, "-m", "tests.integration.links_harness"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        made = set(json.loads(harness.stdout.readline()))
        remove_abandoned()  # of a harness that lives nothing is taken
        present = {path.name for folder in (INTERFACES, NAMESPACES) for path in folder.glob("*")}
        assert made <= present
        harness.send_signal(signal.SIGKILL)
    assert made <= set(abandoned())
    remove_abandoned()
    assert not made & set(abandoned())
    assert not any((folder / name).exists() for folder in (INTERFACES, NAMESPACES) for name in made)


WITHOUT = ["setpriv", "--bounding-set=-net_admin,-sys_admin", "--inh-caps=-all"]


@pytest.mark.parametrize(
    ("before", "become", "said"),
    [
        ([], "os.setuid(65534)", "links: this is not root; run as root"),
        (WITHOUT, "pass", "in a container: --cap-add NET_ADMIN --cap-add SYS_ADMIN"),
    ],
)
def test_who_may_not_make_networks_is_told_so(before: list[str], become: str, said: str) -> None:
    script = (
        "import os\n"
        "from benchharness.links.hindrance import kernel_hindrance\n"
        f"{become}\n"
        "print(kernel_hindrance().line())\n"
    )
    command = [*before, sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout.strip().endswith(said)


HUB_SCRIPT = """
from benchharness.links.setting import own_link
server = socket.create_server((own_link().server, 0))
(shared / "new").write_text(str(server.getsockname()[1]))
(shared / "new").rename(shared / "port")
peer = server.accept()[0]
with events.window():
    peer.sendall(b"go")
    got = 0
    while data := peer.recv(65536):
        got += len(data)
events.output("got", got)
"""
DEVICE_SCRIPT = """
from benchharness.links.setting import own_link
link = own_link()
while not (shared / "port").exists():
    time.sleep(0.01)
sock = socket.create_connection((link.server, int((shared / "port").read_text())))
sock.recv(2)
end = time.monotonic() + 0.8
while time.monotonic() < end:
    sock.sendall(bytes(4096))
    time.sleep(0.01)
events.output("shaping", link.shaping)
events.output("address", sock.getsockname()[0])
"""


class Plugs:
    """What a plug of a testbed would be told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def set_link(
        self, device: str, up: Path, down: Path, up_bit_s: float | None, down_bit_s: float | None
    ) -> None:
        assert int(up.read_text()) >= 0
        assert int(down.read_text()) >= 0
        self.told.append((device, up_bit_s, down_bit_s))

    def no_link(self, device: str) -> None:
        self.told.append((device, None))


@pytest.mark.parametrize("shaping", ["kernel", "program"])
def test_a_trial_over_a_link_that_changes(tmp_path: Path, shaping: Shaping) -> None:
    trace = LinkTrace("two", "", (0.0, 0.5), (20e6, 10e6), (5e6, 2e6))
    plugs = Plugs()
    ran = run_trial(
        tmp_path,
        [
            program("main", HUB_SCRIPT, link=WantedLink(hub=True, shaping=shaping)),
            program("device", DEVICE_SCRIPT, link=WantedLink(trace, shaping=shaping), device="pi"),
        ],
        plugs=plugs,
        warmup=1 if shaping == "kernel" else 0,  # which the trace is not played in
    )
    assert ran.result.status == "ok", ran.result.reason
    assert ran.result.outputs["shaping"] == shaping
    assert set(ran.cautions) == (set() if shaping == "kernel" else {"links-by-programs"})
    metrics = [(e.name, e.value) for e in ran.of("metric", "device")]
    assert left() == set()
    if shaping == "program":
        assert ran.result.outputs["address"] == "127.0.0.1"
        assert (metrics, plugs.told) == ([], [])
        return
    assert ran.result.outputs["address"].startswith("10.")
    assert metrics[:4] == [
        *(("link_up_bit_s", 20e6), ("link_down_bit_s", 5e6)),
        *(("link_up_bit_s", 10e6), ("link_down_bit_s", 2e6)),
    ]
    at_ns = [event.t_ns for event in ran.of("metric", "device")]
    start_ns = ran.result.window_start_ns
    assert at_ns[0] == start_ns
    assert start_ns is not None
    assert at_ns[2] - start_ns == pytest.approx(0.5e9, abs=0.1e9)
    counted = dict(metrics[4:])
    assert set(counted) == {"link_bytes_up", "link_bytes_down"}
    # Headers come to it, and the acknowledgements of what came down.
    assert ran.result.outputs["got"] < counted["link_bytes_up"] < 1.2 * ran.result.outputs["got"]
    assert plugs.told == [("pi", 20e6, 5e6), ("pi", 10e6, 2e6), ("pi", None)]
    assert ran.result.details["links"]["by"]["device"]["trace"]["title"] == "two"


def test_a_trial_without_a_window_keeps_the_first_rates_and_says_so(tmp_path: Path) -> None:
    trace = LinkTrace("two", "", (0.0, 0.1), (20e6, 10e6), (5e6, 2e6))
    ran = run_trial(
        tmp_path,
        [
            program("main", "time.sleep(0.2)", link=HUB),
            program("device", "sys.exit(3)", link=WantedLink(trace)),
        ],
    )
    assert ran.result.status == "failed"
    assert "device's link kept its first rates" in ran.cautions["links-not-played"]
    assert left() == set()


SERVER_WITHOUT_WINDOW = HUB_SCRIPT.replace("with events.window():", "if True:")


def test_without_a_window_all_that_the_main_programs_send_is_counted(tmp_path: Path) -> None:
    ran = run_trial(
        tmp_path,
        [
            program("main", SERVER_WITHOUT_WINDOW, link=HUB),
            program("device", DEVICE_SCRIPT, link=WantedLink(constant(20e6, 5e6))),
        ],
    )
    assert ran.result.status == "ok", ran.result.reason
    assert ran.cautions == {}
    told = {event.name: event for event in ran.of("metric", "device")}
    assert (told["link_up_bit_s"].value, told["link_down_bit_s"].value) == (20e6, 5e6)
    assert told["link_up_bit_s"].t_ns == ran.result.window_start_ns
    counted = told["link_bytes_up"].value
    assert counted is not None
    assert ran.result.outputs["got"] < counted < 1.2 * ran.result.outputs["got"]
    assert left() == set()


def test_an_interface_that_goes_is_said_and_ends_nothing(tmp_path: Path) -> None:
    ip = f"import subprocess; subprocess.run([{shutil.which('ip')!r}, 'link', 'del', 'eth0'])\n"
    ran = run_trial(
        tmp_path,
        [
            program("main", "with events.window(): time.sleep(0.5)", link=HUB),
            program("device", f"time.sleep(0.2)\n{ip}", link=WantedLink(constant(MBIT, MBIT))),
        ],
    )
    assert ran.result.status == "ok", ran.result.reason
    assert "device's interface went" in ran.cautions["links-gone"]
    assert [e.name for e in ran.of("metric", "device")] == ["link_up_bit_s", "link_down_bit_s"]
    assert left() == set()


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(stage: str, *_: object) -> None:
        if stage == "window":
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        run_trial(
            tmp_path,
            [
                program("main", "time.sleep(60)", link=HUB),
                program("device", "time.sleep(60)", link=WantedLink(constant(MBIT, MBIT))),
            ],
            tick=interrupt,
        )
        pytest.fail("it was not interrupted")
    assert left() == set()
