"""How a host fails: one line for the user, and an exit code that says whose fault it is."""

from __future__ import annotations

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNFIT = 3
EXIT_TRAP = 134  # 128 + SIGABRT, as the runtimes' own command lines have it


class HostError(Exception):
    """One line for the user, and the exit code that goes with it.

    A module's names may be in it, so what no terminal should see is replaced.
    """

    def __init__(self, line: str, exit_code: int) -> None:
        self.exit_code = exit_code
        text = " ".join(line.split())
        super().__init__("".join(each if each.isprintable() else "\ufffd" for each in text))


class TrapError(HostError):
    """The guest did what WebAssembly forbids, and was stopped."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the guest trapped: {cause}", EXIT_TRAP)
