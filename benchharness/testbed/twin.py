"""The emulated plugs of a testbed from the harness's side: their process, started and ended."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import psutil

from benchharness.errors import BenchharnessError, MeterError, UnfitError, UsageError
from benchharness.meters.base import Instrument
from benchharness.meters.emulator.link_use import LinkPlan, check_counters
from benchharness.testbed.login import LoginFile
from benchharness.testbed.orders import LinkOrder, PowerOrder, draw_of
from benchharness.testbed.plugs import configuration, has_plugs, instruments
from benchharness.testbed.records import Device, Testbed

_START_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 10.0
_ERRORS = {2: UsageError, 3: MeterError}
# Nothing in the folder in which somebody measures is taken for a module of ours.
_PROGRAM = (
    "import sys; sys.path[0] = sys.argv[1]; "
    "from benchharness.testbed.program import main; sys.exit(main())"
)


class Twin:
    """The plugs for the time of a ``with``: entering starts them, leaving ends them.

    ``usage`` are the CPU counters of the devices' groups, ``cores`` their quotas. ``truth`` is a
    folder for the exact energies, in a file per device. Raises UsageError or MeterError.
    """

    def __init__(
        self,
        testbed: Testbed,
        usage: Mapping[str, Path],
        cores: Mapping[str, float],
        truth: Path | None = None,
    ) -> None:
        # On a broker that others use too, no topic of theirs is taken.
        self._prefix = "" if testbed.plugs.broker is None else f"benchharness-{os.getpid()}-"
        self._testbed = testbed
        self._configuration = configuration(testbed, usage, cores, self._prefix, truth)
        self._login: LoginFile | None = None
        self._truth = truth
        self._process: subprocess.Popen[bytes] | None = None
        self._speaking = threading.Lock()
        self.broker: str | None = None

    def __enter__(self) -> Twin:
        if self._truth is not None:
            _make(self._truth)
        if has_plugs(self._testbed):
            try:
                self._start()
            except BaseException:
                self._end()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def pid(self) -> int | None:
        """Return the process of the plugs; None where all instruments are real."""
        return None if self._process is None else self._process.pid

    def cpu_s(self) -> float | None:
        """Return the CPU seconds of the plugs and their broker so far; None if they are gone."""
        if self._process is None:
            return None
        try:
            plugs = psutil.Process(self._process.pid)
            used = [each.cpu_times() for each in (plugs, *plugs.children())]
        except psutil.Error:
            return None
        return sum(each.user + each.system for each in used)

    def instruments(self) -> list[Instrument]:
        """Return one instrument per device, in their order."""
        if self.broker is None:
            return instruments(self._testbed)
        login = None if self._login is None else self._login.path
        return instruments(self._testbed, self.broker, self._prefix, login)

    def set_power(self, device: Device, cores: float) -> None:
        """Have a device's plug draw by the figures of ``device`` from now on, at so many cores.

        Nothing happens where a real instrument meters it. From any thread.
        """
        self._order(PowerOrder(device.name, draw_of(device, cores)))

    def set_link(
        self,
        device: str,
        up_bytes_file: Path,
        down_bytes_file: Path,
        up_bit_s: float | None,
        down_bit_s: float | None,
    ) -> None:
        """Have a device draw for the bits that its link carries, counted by these files, in bytes.

        Call it again when a rate changes; a rate of None is a link that is not shaped, whose bits
        take no time. Raises UsageError for a rate that is none, MeterError for a counter that
        cannot be read. From any thread.
        """
        for bit_s in (up_bit_s, down_bit_s):
            if bit_s is not None and not 0.0 < bit_s < math.inf:
                raise UsageError(
                    f"{bit_s:g} bit/s is no rate of a link",
                    where=device,
                    remedy="write a number above 0",
                )
        plan = LinkPlan(str(up_bytes_file), str(down_bytes_file), up_bit_s, down_bit_s)
        check_counters(plan)
        self._order(LinkOrder(device, plan))

    def no_link(self, device: str) -> None:
        """Have a device's link carry nothing from now on. From any thread."""
        self._order(LinkOrder(device, None))

    def _order(self, order: PowerOrder | LinkOrder) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        with self._speaking, contextlib.suppress(BrokenPipeError, ValueError):
            # Plugs that have ended tell nobody anything, which their meters say.
            process.stdin.write(order.to_json().encode() + b"\n")

    def _start(self) -> None:
        if self._testbed.plugs.broker is None:
            # On a broker of our own; another one has the user's credentials.
            self._login = LoginFile()
            self._configuration = replace(self._configuration, login=str(self._login.path))
        with tempfile.TemporaryFile() as complaints:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(Path(__file__).resolve().parents[2])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                pass_fds=() if self._login is None else (self._login.descriptor,),
                start_new_session=True,  # a Ctrl-C in the terminal is not for it
                bufsize=0,
            )
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it has ended already: its silence tells
                self._process.stdin.write(self._configuration.to_json().encode() + b"\n")
            answer = self._answer()
            if "error" in answer:
                raise self._error(answer["error"])
            if "ready" not in answer:
                complaints.seek(0)
                last = complaints.read().decode("utf-8", "replace").strip().splitlines()[-1:]
                raise MeterError(
                    f"the emulated plugs did not start ({' '.join(last) or 'silence'})",
                    where="testbed",
                    remedy="run benchharness doctor, or measure without: --meter none",
                )
        self.broker = str(answer["ready"]["broker"])

    def _answer(self) -> dict[str, dict[str, str | None]]:
        """Return the first line that the process says; nothing if it says none in time."""
        assert self._process is not None
        assert self._process.stdout is not None
        said, deadline = b"", time.monotonic() + _START_TIMEOUT_S
        while not said.endswith(b"\n") and (left_s := deadline - time.monotonic()) > 0:
            if not select.select([self._process.stdout], [], [], left_s)[0]:
                break
            part = self._process.stdout.read(65_536)
            if not part:
                break
            said += part
        try:
            answer: dict[str, dict[str, str | None]] = json.loads(said)
        except ValueError:
            return {}
        return answer

    def _error(self, told: Mapping[str, str | None]) -> BenchharnessError:
        assert self._process is not None
        code = self._process.wait(_END_TIMEOUT_S)
        kind = _ERRORS.get(code, UnfitError)
        return kind(told["what"] or "", where=told["where"], remedy=told["remedy"])

    def _end(self) -> None:
        """Close its stdin, at which it leaves as plugs do, and wait for that."""
        if self._login is not None:
            self._login.close()
            self._login = None
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot be made: {error.strerror}", where=str(folder), remedy="name another folder"
        ) from None
