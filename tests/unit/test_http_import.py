"""``http.post`` against real sockets: what is sent, and what becomes of every kind of answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.imports import http
from wasm_modules.hosts.runtime import HostFunction

Answer = Callable[[socket.socket], object]
EFAULT, EINVAL, CONNREFUSED, CONNRESET, PROTO, TIMEDOUT = 21, 28, 14, 15, 65, 73


class Memory:
    """A guest's memory: path at 0, body at 64, status at 128."""

    def __init__(self, path: bytes, body: bytes) -> None:
        self.content = bytearray(256)
        self.content[0 : len(path)] = path
        self.content[64 : 64 + len(body)] = body
        self.sizes = (len(path), len(body))

    def view(self, at: int, size: int) -> memoryview:
        if at + size > len(self.content):
            raise IndexError
        return memoryview(self.content)[at : at + size]

    @property
    def status(self) -> int:
        return int.from_bytes(self.content[128:132], "little")


class Listener:
    """Accepts connections, reads a request from each, and answers as it is told."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.requests: list[bytes] = []
        self.answers: list[Answer] = []
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        for answer in self.answers:
            connection, _ = self.socket.accept()
            with connection:
                request = b""
                while not request.endswith(b"}"):
                    request += connection.recv(1000)
                self.requests.append(request)
                answer(connection)

    def answer(self, *answers: Answer | bytes) -> None:
        for each in answers:
            if isinstance(each, bytes):
                self.answers.append(lambda peer, data=each: peer.sendall(data))  # type: ignore[misc]
            else:
                self.answers.append(each)
        self.thread.start()


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    if found.thread.ident is not None:
        found.thread.join(timeout=10)
        assert not found.thread.is_alive()
    found.socket.close()


def function_for(port: int, **settings: str) -> HostFunction:
    (function,) = http.provide({"http": f"127.0.0.1:{port}", **settings}).functions
    return function


def post(
    function: HostFunction, path: bytes = b"/gpio", body: bytes = b'{"a":1}'
) -> tuple[int, int]:
    """Return errno and status."""
    memory = Memory(path, body)
    path_bytes, body_bytes = memory.sizes
    errno = function.call(memory, 0, path_bytes, 64, body_bytes, 128)
    assert errno is not None
    return errno, memory.status


def test_the_request_is_http_and_one_connection_each(listener: Listener) -> None:
    ok = b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"
    listener.answer(ok, b"HTTP/1.0 500 Oh\r\n\r\nbody")
    function = function_for(listener.port)
    assert (function.module, function.name, function.results) == ("http", "post", ("i32",))
    assert function.parameters == ("i32",) * 5
    assert post(function) == (0, 204)
    assert post(function, b"/other?x=1", b"{}") == (0, 500)
    host = f"127.0.0.1:{listener.port}".encode()
    assert listener.requests == [
        b"POST /gpio HTTP/1.1\r\nHost: " + host + b"\r\nContent-Type: application/json\r\n"
        b'Content-Length: 7\r\nConnection: close\r\n\r\n{"a":1}',
        b"POST /other?x=1 HTTP/1.1\r\nHost: " + host + b"\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\nConnection: close\r\n\r\n{}",
    ]


def slowly(text: bytes) -> Answer:
    def answer(peer: socket.socket) -> None:
        for byte in text:
            peer.sendall(bytes([byte]))

    return answer


def test_an_answer_may_come_in_pieces_and_be_long(listener: Listener) -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    listener.answer(slowly(head), head + b"x" * 1_000_000)
    function = function_for(listener.port)
    assert post(function) == (0, 200)
    assert post(function) == (0, 200)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 \r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_an_errno_and_no_status(listener: Listener, answer: bytes) -> None:
    listener.answer(answer)
    assert post(function_for(listener.port)) == (PROTO, 0)


def test_a_server_that_is_slow_is_an_errno_after_the_timeout(listener: Listener) -> None:
    ended = threading.Event()
    listener.answer(lambda _peer: ended.wait(10))
    began_s = time.monotonic()
    assert post(function_for(listener.port, http_timeout_s="0.15")) == (TIMEDOUT, 0)
    assert 0.14 < time.monotonic() - began_s < 5
    ended.set()


def test_the_timeout_is_for_the_whole_answer(listener: Listener) -> None:
    def dripping(peer: socket.socket) -> None:
        peer.settimeout(0.02)
        try:
            while True:
                peer.sendall(b"H")
                try:
                    if peer.recv(1) == b"":
                        return
                except TimeoutError:
                    pass
        except OSError:
            return  # who asked has left

    listener.answer(dripping)
    assert post(function_for(listener.port, http_timeout_s="0.2")) == (TIMEDOUT, 0)


def test_a_connection_that_is_reset(listener: Listener) -> None:
    def reset(peer: socket.socket) -> None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    listener.answer(reset)
    assert post(function_for(listener.port)) == (CONNRESET, 0)


def test_a_server_that_was_never_there_ends_the_guest(listener: Listener) -> None:
    listener.socket.close()
    function = function_for(listener.port)
    with pytest.raises(HostError) as caught:
        post(function)
    assert str(caught.value) == (
        f"the HTTP server 127.0.0.1:{listener.port} cannot be reached: Connection refused;"
        " start it first"
    )


def test_a_server_that_goes_is_an_errno(listener: Listener) -> None:
    listener.answer(b"HTTP/1.1 200 OK\r\n\r\n")
    function = function_for(listener.port)
    assert post(function) == (0, 200)
    listener.socket.close()
    assert post(function) == (CONNREFUSED, 0)


@pytest.mark.parametrize(
    "path", [b"", b"gpio", b"http://elsewhere/", b"/a b", b"/a\r\nHost: x", b"/\0", b"/\xc3\xa9"]
)
def test_a_path_that_could_be_more_than_a_path_is_refused(listener: Listener, path: bytes) -> None:
    assert post(function_for(listener.port), path) == (EINVAL, 0)


@pytest.mark.parametrize(
    "arguments", [(250, 7, 0, 0, 0), (0, 5, 250, 7, 0), (0, 5, 0, 0, 253), (2**32 - 1, 1, 0, 0, 0)]
)
def test_an_address_outside_the_memory(listener: Listener, arguments: tuple[int, ...]) -> None:
    assert function_for(listener.port).call(Memory(b"/gpio", b""), *arguments) == EFAULT


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "name its one server: --with http=HOST:PORT"),
        ({"http": "127.0.0.1"}, "an HTTP server is HOST:PORT, got '127.0.0.1'"),
        ({"http": ":80"}, "an HTTP server is HOST:PORT, got ':80'"),
        ({"http": "127.0.0.1:0"}, "got '127.0.0.1:0'"),
        ({"http": "127.0.0.1:65536"}, "got '127.0.0.1:65536'"),
        ({"http": "127.0.0.1:80/x"}, "got '127.0.0.1:80/x'"),
        ({"http": "127.0.0.1:80", "http_timeout_s": "0"}, "http_timeout_s is seconds above 0"),
        ({"http": "127.0.0.1:80", "http_timeout_s": "nan"}, "http_timeout_s is seconds above 0"),
        ({"http": "127.0.0.1:80", "http_timeout_s": "x"}, "http_timeout_s is seconds above 0"),
    ],
)
def test_settings_that_are_wrong(settings: dict[str, str], reason: str) -> None:
    with pytest.raises(HostError) as caught:
        http.provide(settings)
    assert caught.value.exit_code == 2
    assert reason in str(caught.value)


def test_a_name_that_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(HostError, match="the HTTP server nowhere: Name or service not known"):
        http.provide({"http": "nowhere:80"})


def test_the_first_address_of_a_name_is_the_one(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def getaddrinfo(host: str, port: int, type: int) -> list[object]:  # noqa: A002
        asked.append((host, port, type))
        family = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
        return [(*family, ("127.0.0.1", port)), (*family, ("127.0.0.2", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    (function,) = http.provide({"http": f"[::1]:{listener.port}"}).functions
    listener.answer(b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")
    assert (post(function), post(function)) == ((0, 200), (0, 200))
    assert asked == [("::1", listener.port, socket.SOCK_STREAM)]
    assert f"\r\nHost: [::1]:{listener.port}\r\n".encode() in listener.requests[0]
