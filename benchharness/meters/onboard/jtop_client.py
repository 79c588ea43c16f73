"""The client of jetson-stats (jtop), imported late, and what came from its service last.

The library has a thread of its own, which waits for the service and calls us with each answer;
the service's interval belongs to its first client. Whatever the library raises is one line here.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.managers import RemoteError
from typing import Any

from benchharness.clock import Clock
from benchharness.errors import MeterError
from benchharness.meters.onboard.held_file import Unreadable

# What a client of a service of Python objects can meet, beside its own exception.
_FAILURES = (OSError, EOFError, LookupError, ValueError, TypeError, queue.Empty, RemoteError)
_MOST_MW = 1e6
_SERVICE = "jtop.service"
_INSTEAD = "or use --meter ina3221, which needs no service"


@dataclass(frozen=True, slots=True)
class Frame:
    """One answer of the service: when it came, and its ``power`` (None if it had none)."""

    t_ns: int
    power: Any


class JtopClient:
    """One connection to the service."""

    def __init__(self, interval_s: float, clock: Clock) -> None:
        """Import the library. Raises MeterError if it is not there."""
        try:
            import jtop
        except ImportError:
            raise MeterError(
                "jetson-stats is not installed",
                where="import jtop",
                remedy=f"pip install 'benchharness[jetson]' on a Jetson, {_INSTEAD}",
            ) from None
        self._exception: type[Exception] = jtop.JtopException
        self._clock = clock
        self._client = jtop.jtop(interval=interval_s)
        self._client.attach(self._on_answer)
        self._frame: Frame | None = None
        self._last_uptime: object = None

    def start(self, timeout_s: float) -> None:
        """Connect and wait for the first answer. Raises MeterError in one line."""
        failed: list[BaseException] = []

        def connect() -> None:
            try:
                self._client.start()
            except (self._exception, *_FAILURES) as error:
                failed.append(error)

        # The library waits for the service without end where that hangs.
        thread = threading.Thread(target=connect, name="jtop start", daemon=True)
        thread.start()
        thread.join(timeout_s)
        if thread.is_alive():
            remedy = f"sudo systemctl restart {_SERVICE}, {_INSTEAD}"
            what = f"the service does not answer within {timeout_s:g} s"
            raise MeterError(what, where=_SERVICE, remedy=remedy)
        if failed:
            raise _refusal(failed[0])

    @property
    def interval_s(self) -> float | None:
        """Return the interval of the service, None if it does not say."""
        try:
            return float(self._client.interval)
        except (AttributeError, *_FAILURES):
            return None

    def take(self) -> Frame | None:
        """Return the last answer if it has not been taken. Raises Unreadable if there is an end."""
        frame, self._frame = self._frame, None
        if frame is None:
            try:
                alive = self._client.ok(spin=True)
            except (self._exception, *_FAILURES) as error:
                raise Unreadable(f"the service of jtop is gone: {_words(error)}") from None
            if not alive:
                raise Unreadable("the service of jtop is gone")
        return frame

    def close(self) -> None:
        """Let the library's thread end; may be called twice."""
        self._client.detach(self._on_answer)
        self._client.close()

    def _on_answer(self, client: Any) -> None:
        # On the library's thread: nothing is judged here, an exception would end it.
        try:
            uptime, power = client.uptime, client.power
        except (AttributeError, *_FAILURES):
            uptime, power = None, None
        # A service that hangs has its last answer handed out again, each three intervals, as if
        # it were new. What the board's uptime was in it tells.
        if uptime is None or uptime != self._last_uptime:
            self._last_uptime = uptime
            self._frame = Frame(self._clock.now_ns(), power)


def rail_powers_w(power: Any) -> dict[str, float]:
    """Return the powers in W by rail, the total under its rail's name. Raises Unreadable.

    ``power`` is {"rail": {name: {"power": mW, "avg": ...}}, "tot": {"name": ..., "power": mW}}.
    ``avg`` is left alone: it is (power + last avg) / 2, the mean of nothing.
    """
    if not isinstance(power, Mapping) or not isinstance(power.get("rail"), Mapping):
        raise Unreadable("jtop tells no power")
    named = dict(power["rail"])
    total = power.get("tot")
    if isinstance(total, Mapping) and isinstance(total.get("name"), str) and total["name"]:
        named[total["name"]] = total
    found = {}
    for name, values in named.items():
        power_w = _power_w(values)
        if power_w is not None:
            found[str(name)] = power_w
    return found


def _power_w(values: Any) -> float | None:
    """Return the power of one rail in W, None if it is off or tells nothing plausible."""
    if not isinstance(values, Mapping) or not values.get("online", True):
        return None
    milliwatts = values.get("power")
    if not isinstance(milliwatts, (int, float)) or isinstance(milliwatts, bool):
        return None
    return milliwatts / 1e3 if 0 <= milliwatts < _MOST_MW else None


def sum_of(names: Callable[[Mapping[str, float]], tuple[str, ...]], power: Any) -> float:
    """Return the power in W of the rails that ``names`` chooses. Raises Unreadable."""
    powers_w = rail_powers_w(power)
    chosen = names(powers_w)
    missing = [name for name in chosen if name not in powers_w]
    if missing or not chosen:
        raise Unreadable(f"jtop tells nothing of {', '.join(missing) or 'the whole board'}")
    return sum(powers_w[name] for name in chosen)


def _refusal(error: BaseException) -> MeterError:
    words = _words(error)
    if "access" in words or isinstance(error, PermissionError):
        what = "this user may not speak to it"
        remedy = f"sudo usermod -aG jtop $USER and log in again, {_INSTEAD}"
    elif "not active" in words or isinstance(error, (FileNotFoundError, ConnectionError)):
        what, remedy = "it does not run", f"sudo systemctl start {_SERVICE}, {_INSTEAD}"
    else:
        what, remedy = words, f"sudo systemctl restart {_SERVICE}, {_INSTEAD}"
    return MeterError(what, where=_SERVICE, remedy=remedy)


def _words(error: BaseException) -> str:
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
