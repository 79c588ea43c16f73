"""``http.post``: the host sends the guest's POST, to one server only.

``post(path: *u8, path_bytes, body: *u8, body_bytes, status: *u32) -> errno``. ``--with
http=HOST:PORT`` names the server; the guest chooses a path and a body, and sees the status and
nothing else. Nothing is repeated and no redirection is followed. A POST has a connection of its
own, over a socket rather than http.client, whose import and parsing would cost more than all
the rest: what it sends is what the module's other build sends by itself. A server that nobody
has reached yet and that cannot be reached ends the guest; afterwards that is an errno. ``--with
http_timeout_s=S`` (2 s) is for connecting, sending and the whole answer together.
"""

from __future__ import annotations

import errno
import math
import socket
import time
from collections.abc import Mapping

from wasm_modules.hosts.failures import EXIT_FAILED, EXIT_USAGE, HostError
from wasm_modules.hosts.imports.provision import Provision
from wasm_modules.hosts.runtime import EFAULT, GuestMemory, HostFunction

DEFAULT_TIMEOUT_S = 2.0
_KEPT_BYTES = 4096  # of an answer: its status line and headers

# WASI preview 1's numbers, which are not Linux's.
_EINVAL, _EIO, _EPROTO, _ETIMEDOUT = 28, 29, 65, 73
_ERRNOS = {
    errno.ECONNABORTED: 13,
    errno.ECONNREFUSED: 14,
    errno.ECONNRESET: 15,
    errno.EHOSTUNREACH: 23,
    errno.ENETDOWN: 38,
    errno.ENETUNREACH: 40,
    errno.EPIPE: 64,
    errno.ETIMEDOUT: _ETIMEDOUT,
}
_NOBODY_THERE = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH)


def provide(settings: Mapping[str, str]) -> Provision:
    """Return the function for the server of the setting ``http``; connects to nothing yet.

    Raises HostError for a setting that is missing or wrong, or a name that is nobody's.
    """
    server = _Server(*_address(settings), _timeout_s(settings))
    parameters = ("i32",) * 5
    return Provision(functions=(HostFunction("http", "post", parameters, ("i32",), server.post),))


def _address(settings: Mapping[str, str]) -> tuple[str, int]:
    text = settings.get("http")
    if text is None:
        raise HostError(
            "the guest sends HTTP requests; name its one server: --with http=HOST:PORT",
            EXIT_USAGE,
        )
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise HostError(f"an HTTP server is HOST:PORT, got {text!r}", EXIT_USAGE)
    return host.strip("[]"), int(port)


def _timeout_s(settings: Mapping[str, str]) -> float:
    text = settings.get("http_timeout_s", str(DEFAULT_TIMEOUT_S))
    try:
        timeout_s = float(text)
    except ValueError:
        timeout_s = math.nan
    if not 0 < timeout_s < math.inf:
        raise HostError(f"http_timeout_s is seconds above 0, got {text!r}", EXIT_USAGE)
    return timeout_s


class _Server:
    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        try:
            # Once, and before the guest's window. The first that the system prefers is the one.
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise HostError(f"the HTTP server {host}: {error.strerror}", EXIT_FAILED) from None
        self._family = found[0][0]
        self._address = found[0][4]
        name = f"[{host}]" if ":" in host else host
        self._host = f"{name}:{port}".encode()
        self._timeout_s = timeout_s
        self._was_there = False

    def post(
        self,
        memory: GuestMemory,
        path_at: int,
        path_bytes: int,
        body_at: int,
        body_bytes: int,
        status_at: int,
    ) -> int:
        try:
            path = bytes(memory.view(path_at, path_bytes))
            body = bytes(memory.view(body_at, body_bytes))
            memory.view(status_at, 4)
        except IndexError:
            return EFAULT
        # Printable and without spaces: a guest writes no headers, and no second request.
        if not path.startswith(b"/") or any(not 0x20 < byte < 0x7F for byte in path):
            return _EINVAL
        try:
            status = _status(self._answer(path, body))
        except TimeoutError:
            return _ETIMEDOUT
        except OSError as error:
            if error.errno in _NOBODY_THERE and not self._was_there:
                raise HostError(
                    f"the HTTP server {self._host.decode()} cannot be reached: {error.strerror};"
                    " start it first",
                    EXIT_FAILED,
                ) from None
            return _ERRNOS.get(error.errno or 0, _EIO)
        self._was_there = True
        if status is None:
            return _EPROTO
        memory.view(status_at, 4)[:] = status.to_bytes(4, "little")
        return 0

    def _answer(self, path: bytes, body: bytes) -> bytes:
        """Send a request and return the beginning of its answer. Raises OSError."""
        deadline_s = time.monotonic() + self._timeout_s
        request = (
            b"POST %b HTTP/1.1\r\nHost: %b\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\nConnection: close\r\n\r\n%b"
            % (path, self._host, len(body), body)
        )
        with socket.socket(self._family, socket.SOCK_STREAM) as connection:
            connection.settimeout(self._timeout_s)
            connection.connect(self._address)
            connection.settimeout(_left_s(deadline_s))
            connection.sendall(request)
            kept = b""
            while True:
                connection.settimeout(_left_s(deadline_s))
                piece = connection.recv(_KEPT_BYTES)
                if not piece:
                    return kept
                kept += piece[: _KEPT_BYTES - len(kept)]


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


def _status(answer: bytes) -> int | None:
    """Return the status of a whole answer; None if it is not one."""
    head, end, _ = answer.partition(b"\r\n\r\n")
    version, _, rest = head.partition(b" ")
    if not end or version not in (b"HTTP/1.1", b"HTTP/1.0") or not rest[:3].isdigit():
        return None
    return int(rest[:3])
