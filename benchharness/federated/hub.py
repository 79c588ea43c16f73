"""The server's end of the clients' connections: one thread, one selector, all clients at once.

What is said, each a frame of ``wire``:

    client   hello    {"index": 3, "boot_id": ..., "limit_bytes": ..., "task": digest,
                      "program": its stamp}; and "unable": why, from one that can only say so
    server   welcome  {"limit_bytes": the smaller of both}     or  refused {"text": why}
                      or  taken {"text": by whom, "lingers_s": for how long to ask again}
    server   KIND     {"leg": 7, ...} and tensors               any number of times
    client   reply    {"leg": 7, ...} and tensors               or  failed {"leg": 7, "text": why}
    server   bye      {"text": why}

A leg is one question to some clients and their answers until a time. Who hangs up is out of the
leg at once; who comes back is asked again in the next one; who is still at an earlier leg is not
asked before that is done. It knows nothing of what is trained.
"""

from __future__ import annotations

import contextlib
import selectors
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from benchharness.errors import BenchharnessError
from benchharness.federated import rivals
from benchharness.federated.peer import Answer, Peer
from benchharness.federated.standing import BUSY, GONE, LATE, WAIT, Changes
from benchharness.wire import greeting
from benchharness.wire.connection import Outgoing, listen
from benchharness.wire.frames import LARGEST_FRAME_BYTES, Frame, WireError, encode

_GREETING_S = 10.0  # how long a stranger may take to say who it is
_FAREWELL_S = 2.0


class Hub:
    """Listens for ``clients`` clients, numbered from 1, that have the same ``task`` digest.

    ``say`` is called with one line about whoever is turned away or lost; ``standings`` has who
    came, left, was given up, or heard at last. It listens on the first of ``ports`` that can be
    had; raises UnfitError where none can.
    """

    def __init__(
        self,
        clients: int,
        task: str,
        *,
        host: str = "127.0.0.1",
        ports: Sequence[int] = (0,),
        limit_bytes: int = LARGEST_FRAME_BYTES,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._clients, self._task, self._limit_bytes, self._say = clients, task, limit_bytes, say
        self._peers: dict[int, Peer] = {}
        self._strangers: set[Peer] = set()
        self._gone: dict[int, str] = {}
        self._unable: set[int] = set()  # said that they cannot take part, and are not waited for
        self._leg = 0
        self._sent: dict[int, tuple[int, int]] = {}  # of this leg, still out: when, how much
        self._answers: dict[int, Answer] = {}
        self.standings = Changes()
        self._listener = listen(host, *ports)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)

    @property
    def port(self) -> int:
        """The TCP port on which it listens."""
        return int(self._listener.getsockname()[1])

    def free(self) -> tuple[int, ...]:
        """Return who can be asked now: connected, and with no earlier question left to answer."""
        return tuple(sorted(index for index, peer in self._peers.items() if peer.leg is None))

    def why_not(self, index: int) -> str | None:
        """Return why a client cannot be asked now, in words; None if it can."""
        peer = self._peers.get(index)
        if peer is None:
            return self._gone.get(index, "has not connected yet")
        return None if peer.leg is None else BUSY

    def gather(self, wanted: Collection[int], timeout_s: float) -> bool:
        """Wait until all of ``wanted`` can be asked; return whether they can.

        Who says that it cannot take part is not waited for.
        """
        self._until(lambda: set(wanted) <= self._unable.union(self.free()), timeout_s)
        return set(wanted) <= set(self.free())

    def gather_any(self, timeout_s: float) -> bool:
        """Look who has come or gone; wait only while there is nobody to ask. Return if there is."""
        self._step(0.0)
        self._until(lambda: self.free() or len(self._unable) == self._clients, timeout_s)
        return bool(self.free())

    def next_leg(self) -> int:
        """Return the number that the frames of the next ``exchange`` must carry as ``leg``."""
        return self._leg + 1

    def exchange(
        self, letters: Mapping[int, list[memoryview]], timeout_s: float
    ) -> dict[int, Answer]:
        """Send each client its letter, an encoded frame; return the answers, by client.

        A letter's buffers may be shared, and must stay as they are until all have been asked again.
        Every client of ``letters`` is in what is returned.
        """
        self._leg += 1
        self._sent, self._answers = {}, {}
        for index, buffers in letters.items():
            self._ask(index, buffers)
        self._until(lambda: not self._sent, timeout_s)
        for index in tuple(self._sent):
            self.standings.note(index, LATE)
            self._finish(index, lost=f"gave no answer within {timeout_s:g} s")
        return dict(self._answers)

    def close(self, text: str | None) -> None:
        """Say good-bye to all with a reason, if there is one, and close; may be called twice."""
        for peer in self._peers.values() if text is not None else ():
            with contextlib.suppress(WireError):
                peer.post(encode("bye", {"text": text}))
                self._watch(peer)
        if self._listener.fileno() >= 0:
            self._until(lambda: not any(peer.queue for peer in self._peers.values()), _FAREWELL_S)
        for peer in (*self._peers.values(), *self._strangers):
            peer.socket.close()
        self._peers, self._strangers = {}, set()
        self._listener.close()
        self._selector.close()

    def _ask(self, index: int, buffers: list[memoryview]) -> None:
        size_bytes = Outgoing(buffers).size_bytes
        self._sent[index] = (time.monotonic_ns(), size_bytes)
        if reason := self.why_not(index):
            self._finish(index, lost=reason)
            return
        peer = self._peers[index]
        if size_bytes > peer.limit_bytes:
            self._finish(index, lost=f"takes {peer.limit_bytes} bytes at most, not {size_bytes}")
            return
        peer.leg = self._leg
        peer.post(buffers)
        self._attend(peer, selectors.EVENT_WRITE)

    def _finish(self, index: int, frame: Frame | None = None, lost: str | None = None) -> None:
        sent_ns, size_bytes = self._sent.pop(index)
        self._answers[index] = Answer(sent_ns, time.monotonic_ns(), size_bytes, frame, lost)

    def _until(self, is_so: Callable[[], object], timeout_s: float) -> None:
        end = time.monotonic() + timeout_s
        while not is_so() and (left_s := end - time.monotonic()) > 0:
            self._step(min(left_s, _GREETING_S))

    def _step(self, timeout_s: float) -> None:
        for key, ready in self._selector.select(timeout_s):
            if key.data is None:
                self._accept()
            else:
                self._attend(key.data, ready)
        now = time.monotonic()
        for peer in tuple(self._strangers):
            if now - peer.since_s > _GREETING_S:
                self._drop(peer, f"did not say who it is within {_GREETING_S:g} s")

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            sock, address = self._listener.accept()
            peer = Peer(sock, f"{address[0]}:{address[1]}", greeting.LARGEST_BYTES)
            self._strangers.add(peer)
            self._selector.register(sock, selectors.EVENT_READ, peer)

    def _attend(self, peer: Peer, ready: int) -> None:
        """Send and receive as much as goes without waiting."""
        if peer.socket.fileno() < 0:
            return  # dropped by an event of the same look
        try:
            if ready & selectors.EVENT_WRITE:
                peer.flush()
            if ready & selectors.EVENT_READ:
                while (frame := peer.receive()) is not None:
                    self._take(peer, frame)
            self._watch(peer)
        except BenchharnessError as error:
            self._drop(peer, str(error))
        except OSError as error:
            self._drop(peer, f"the connection was lost: {error.strerror or error}")

    def _watch(self, peer: Peer) -> None:
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.queue else 0)
        if self._selector.get_key(peer.socket).events != wanted:
            self._selector.modify(peer.socket, wanted, peer)

    def _take(self, peer: Peer, frame: Frame) -> None:
        if peer.index is None:
            self._greet(peer, frame)
            return
        leg = frame.fields.get("leg")
        if frame.kind not in ("reply", "failed") or leg is None or leg != peer.leg:
            raise WireError(f"an answer that nobody asked for: {frame.kind!r} of leg {leg!r}")
        peer.leg = None
        if leg != self._leg or peer.index not in self._sent:
            self.standings.note(peer.index, WAIT)
            self._say(f"{peer.name} answered after it had been given up")
        elif frame.kind == "failed":
            self._finish(peer.index, lost=f"failed: {frame.fields.get('text')}")
        else:
            self._finish(peer.index, frame)

    def _greet(self, peer: Peer, frame: Frame) -> None:
        """Welcome a client, or turn it away and raise WireError."""
        if reason := greeting.refusal(frame, self._clients, self._task):
            peer.tell("refused", {"text": reason})
            raise WireError(f"was refused: {reason}")
        index = int(frame.fields["index"])
        if (text := frame.fields.get("unable")) is not None:
            peer.index = index
            self._unable.add(index)
            self._gone[index] = f"cannot take part: {text}"
            raise WireError(self._gone[index])
        self._make_room(peer, index, frame)
        limit_bytes = min(self._limit_bytes, int(frame.fields["limit_bytes"]))
        peer.welcome(index, frame.fields, limit_bytes)
        self._strangers.discard(peer)
        self._peers[index] = peer
        self._gone.pop(index, None)
        self._unable.discard(index)
        self.standings.note(index, WAIT)
        peer.tell("welcome", {"limit_bytes": limit_bytes})

    def _make_room(self, peer: Peer, index: int, frame: Frame) -> None:
        """Let a program take the place of its own lost connection, and of one that has ended."""
        if index in self._peers:
            self._attend(self._peers[index], selectors.EVENT_READ)  # hear of its end, if it has
        if (earlier := self._peers.get(index)) is None:
            return
        if (fields := rivals.taken(earlier.hello, frame.fields)) is not None:
            peer.index = index
            peer.tell(rivals.TAKEN, fields)
            raise WireError(f"a second program was turned away: {fields['text']}")
        self._drop(earlier, "came back on another connection")

    def _drop(self, peer: Peer, reason: str) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(peer.socket)
        peer.socket.close()
        self._strangers.discard(peer)
        self._say(f"{peer.name}: {reason}")
        if peer.index is None or self._peers.get(peer.index) is not peer:
            return
        del self._peers[peer.index]
        self._gone[peer.index] = reason
        self.standings.note(peer.index, GONE)
        if peer.leg == self._leg and peer.index in self._sent:
            self._finish(peer.index, lost=reason)
