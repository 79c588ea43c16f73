"""Where devices come in: who is let in, who is there, and why somebody is not."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any, cast

from benchharness.errors import UsageError
from benchharness.links.bucket import ShapedSocket, TokenBucket
from benchharness.links.records import LinkTrace
from benchharness.split import protocol
from benchharness.split.session import Session
from benchharness.wire import greeting, meeting
from benchharness.wire.connection import Connection, keep_alive, listen
from benchharness.wire.frames import Frame, WireError

CAME_BACK = "came back on another connection"
_GREETING_S = 10.0  # how long a stranger may take to say who it is
_LOOK_S = 0.2
_SHAPED_BY = ("kernel", "program")
_MOST_STRANGERS = 64


class Reception:
    """Listens for ``devices`` devices of the training ``task``; each is greeted in a thread.

    ``say`` is called with one line about whoever is turned away or lost. Raises UnfitError where no
    port can be had.
    """

    def __init__(
        self,
        devices: int,
        task: str,
        *,
        limit_bytes: int,
        host: str = "127.0.0.1",
        port: int = 0,
        context: ssl.SSLContext | None = None,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._devices, self._task, self._limit_bytes = devices, task, limit_bytes
        self._context, self._say = context, say
        self._changed = threading.Condition()
        self._sessions: dict[int, Session] = {}
        self._reasons: dict[int, str] = {}
        self._unable: set[int] = set()
        self._strangers = threading.BoundedSemaphore(_MOST_STRANGERS)
        self._is_open = True
        self._farewell: str | None = None
        self._listener = listen(host, port)
        self._listener.settimeout(_LOOK_S)
        self._thread = threading.Thread(target=self._accept, name="reception", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The TCP port on which it listens."""
        return int(self._listener.getsockname()[1])

    def present(self) -> dict[int, Session]:
        """Return the devices that are connected, by their numbers."""
        with self._changed:
            return dict(sorted(self._sessions.items()))

    def why_not(self, index: int) -> str:
        """Return why a device is not there, in words."""
        with self._changed:
            return self._reasons.get(index, "has not connected yet")

    def gather(self, timeout_s: float, *, least: int | None = None) -> None:
        """Wait until ``least`` devices are there, by default all that can be, or for a time."""
        with self._changed:
            self._changed.wait_for(lambda: self._are_there(least), timeout_s)

    def lose(self, session: Session, reason: str) -> None:
        """Hang up on a device, which may come back; tell it why."""
        session.hang_up("dropped", reason)
        self._say(f"device {session.index}: {reason}")
        with self._changed:
            if self._sessions.get(session.index) is session:
                del self._sessions[session.index]
                self._reasons[session.index] = reason

    def close(self, text: str | None) -> None:
        """Say good-bye to all with a reason, if there is one, and stop listening."""
        self._farewell, self._is_open = text, False
        self._thread.join()
        self._listener.close()
        for session in self.present().values():
            self._part_from(session)

    def _part_from(self, session: Session) -> None:
        if self._farewell is None:
            session.connection.close()
        else:
            session.hang_up("bye", self._farewell)

    def _are_there(self, least: int | None) -> bool:
        wanted = self._devices - len(self._unable) if least is None else least
        return len(self._sessions) >= wanted or len(self._unable) == self._devices

    def _accept(self) -> None:
        while self._is_open:
            try:
                sock, address = self._listener.accept()
            except (TimeoutError, ConnectionError):
                continue
            if not self._strangers.acquire(blocking=False):
                sock.close()
                continue
            threading.Thread(target=self._meet, args=(sock, address), daemon=True).start()

    def _meet(self, sock: socket.socket, address: Any) -> None:
        name = f"{address[0]}:{address[1]}"
        try:
            sock.settimeout(_GREETING_S)
            keep_alive(sock)
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
            connection = Connection(sock, greeting.LARGEST_BYTES)
            self._greet(sock, connection.receive(_GREETING_S))
        except TimeoutError:
            self._turn_away(sock, name, f"did not say who it is within {_GREETING_S:g} s")
        except (WireError, UsageError, OSError) as error:
            self._turn_away(sock, name, str(error))
        finally:
            self._strangers.release()

    def _greet(self, sock: socket.socket, frame: Frame) -> None:
        """Welcome a device. Who comes a second time takes the place of its lost connection."""
        if reason := protocol.refusal(frame, self._devices, self._task):
            Connection(sock).send("refused", {"text": reason}, timeout_s=_GREETING_S)
            raise WireError(f"was refused: {reason}")
        index, limit = int(frame.fields["index"]), int(frame.fields["limit_bytes"])
        if (text := frame.fields.get("unable")) is not None:
            with self._changed:
                self._unable.add(index)
                self._reasons[index] = f"cannot take part: {text}"
                self._changed.notify_all()
            raise WireError(f"device {index} cannot take part: {text}")
        session = self._session(sock, index, min(limit, self._limit_bytes), frame)
        welcome = {"limit_bytes": session.connection.limit_bytes, "boot_id": meeting.boot_id()}
        session.connection.send("welcome", welcome, timeout_s=_GREETING_S)
        with self._changed:
            earlier = self._sessions.get(index)
            self._sessions[index] = session
            self._reasons.pop(index, None)
            self._unable.discard(index)
            self._changed.notify_all()
        if not self._is_open:  # it came in while all others were told good-bye
            self._part_from(session)
        if earlier is not None:
            earlier.is_replaced = True
            earlier.connection.close()
            self._say(f"device {index}: {CAME_BACK}")

    @staticmethod
    def _session(sock: socket.socket, index: int, limit_bytes: int, frame: Frame) -> Session:
        """Return the session; what goes down is shaped here where the device says how."""
        document = frame.fields.get("link")
        trace = LinkTrace.from_json(document) if isinstance(document, dict) else None
        bucket = None if trace is None else TokenBucket(trace, "down")
        shaped: Any = sock if bucket is None else ShapedSocket(sock, bucket)
        connection = Connection(cast("socket.socket", shaped), limit_bytes)
        boot_id = str(frame.fields.get("boot_id", ""))
        shaping = frame.fields.get("shaping")
        return Session(
            index, connection, boot_id, trace, bucket, shaping if shaping in _SHAPED_BY else None
        )

    def _turn_away(self, sock: socket.socket, name: str, reason: str) -> None:
        with contextlib.suppress(OSError):
            sock.close()
        self._say(f"{name}: {reason}")
