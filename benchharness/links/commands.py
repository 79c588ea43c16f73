"""The programs that make networks: ip, tc and nsenter, found and run; a tc that is kept open."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Sequence

from benchharness.errors import UnfitError

_TIMEOUT_S = 30.0
_FROM = {
    "ip": "apt install iproute2",
    "tc": "apt install iproute2",
    "nsenter": "apt install util-linux",
}
_ADMIN_FOLDERS = "/usr/sbin:/sbin"  # not on every user's PATH


def find_program(name: str) -> str:
    """Return the path of ip, tc or nsenter. Raises UnfitError with the package."""
    path = f"{os.environ.get('PATH', os.defpath)}:{_ADMIN_FOLDERS}"
    found = shutil.which(name, path=path)
    if found is None:
        raise UnfitError(f"there is no program {name}", where="links", remedy=_FROM[name])
    return found


def run_ip(lines: Sequence[str], namespace: str | None = None, *, force: bool = False) -> None:
    """Run a batch of ip's commands; with ``force`` all of them, whatever becomes of each.

    It has a session of its own: Ctrl-C is the harness's to handle. Raises UnfitError with what ip
    said first.
    """
    if not lines:
        return
    inside = () if namespace is None else ("-n", namespace)
    forced = ("-force",) if force else ()
    try:
        done = subprocess.run(
            [find_program("ip"), *inside, *forced, "-batch", "-"],
            input="".join(f"{line}\n" for line in lines),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            start_new_session=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnfitError(f"ip cannot be run: {error}", where="links") from None
    if done.returncode != 0 and not force:
        raise UnfitError(f"ip: {first_line(done.stderr)}", where="links")


def first_line(text: str) -> str:
    """Return what a program said first, which is the reason."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")


class Tc:
    """A tc that reads commands as long as it is open: a change costs no new process.

    The harness must not start processes while programs of a trial run: it would take them for
    theirs. Raises UnfitError where tc cannot be started.
    """

    def __init__(self, namespace: str | None = None) -> None:
        inside = () if namespace is None else ("-n", namespace)
        try:
            self._process = subprocess.Popen(
                [find_program("tc"), *inside, "-force", "-batch", "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise UnfitError(f"tc cannot be run: {error.strerror}", where="links") from None
        assert self._process.stderr is not None
        os.set_blocking(self._process.stderr.fileno(), False)
        self._said = b""

    def send(self, line: str) -> None:
        """Give a command, which is carried out at once; what is wrong with it is said later."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # complaint() tells why it has gone
            self._process.stdin.write(f"{line}\n".encode())

    def complaint(self) -> str | None:
        """Return what tc has said against a command; None if nothing yet."""
        assert self._process.stderr is not None
        self._said += self._process.stderr.read() or b""
        if self._said:
            return first_line(self._said.decode("utf-8", "replace"))
        return None if self._process.poll() is None else "it has ended"

    def finish(self) -> str | None:
        """Carry out what was given, end, and return the complaint; may be called twice."""
        process = self._process
        assert process.stdin is not None
        assert process.stderr is not None
        if not process.stdin.closed:
            process.stdin.close()
            try:
                process.wait(_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._said += process.stderr.read() or b""
            process.stderr.close()
        return first_line(self._said.decode("utf-8", "replace")) if self._said else None
