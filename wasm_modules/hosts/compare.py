"""Says whether two builds of a module are the same to everybody who uses them.

Usage: compare.py REFERENCE REBUILT CHECKS

CHECKS has the arguments of one run a line; where it holds `` -- ``, options of the host stand
before it. Both modules must export the same names with the
same types, import only what the hosts offer, and answer every check alike: exit code, stdout
and stderr, where of a report line (guest_report.py) only the outputs are compared. What the
linker exports for itself does not count: ``main`` and names that begin with two underscores
come and go from one version of Rust to the next. Exit code 0 if so, else 1 and one line a
difference, or why they cannot be compared.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts import guest_report, start
from wasm_modules.hosts.failures import EXIT_UNFIT, HostError
from wasm_modules.hosts.imports import PROVIDERS, WASI

_TIMEOUT_S = 120.0


def exports(path: Path) -> dict[str, str]:
    """Return the exported names that are the module's ABI, sorted, with their types as text."""
    import wasmtime

    module = wasmtime.Module.from_file(wasmtime.Engine(), str(path))
    types = {entry.name: _type_text(entry.type) for entry in module.exports}
    return {name: types[name] for name in sorted(types) if not _is_linkers(name)}


def imports(path: Path) -> set[tuple[str, str]]:
    """Return the imports as (module, name)."""
    import wasmtime

    module = wasmtime.Module.from_file(wasmtime.Engine(), str(path))
    return {(entry.module, entry.name or "") for entry in module.imports}


def answer(path: Path, arguments: list[str]) -> tuple[int, str, str]:
    """Run a module; return its exit code, stdout and stderr without what differs by nature.

    Under Wasmtime, or under WasmEdge if it opens sockets. Raises HostError if that is not here.
    """
    opens_sockets = (WASI, "sock_open") in imports(path)
    runtime = "wasmedge" if opens_sockets else "wasmtime"
    at = arguments.index("--") if "--" in arguments else -1
    network = ["--with", "net=yes"] if opens_sockets else []
    options = [*network, *arguments[: max(at, 0)], str(path), *arguments[at + 1 :]]
    done = subprocess.run(
        start.command_for(runtime, options),
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode == EXIT_UNFIT:  # two hosts that cannot run would seem to be alike
        raise HostError(done.stderr.decode("utf-8", "replace"), EXIT_UNFIT)
    lines = []
    for line in done.stdout.splitlines():
        if line.startswith(guest_report.PREFIX):
            lines.append(json.dumps(dict(guest_report.parse(line).outputs), sort_keys=True))
        else:
            lines.append(line.decode("utf-8", "replace"))
    return done.returncode, "\n".join(lines), done.stderr.decode("utf-8", "replace")


def differences(reference: Path, rebuilt: Path, checks: Path) -> list[str]:
    """Return what differs, a line each; empty if nothing does."""
    found = []
    if exports(reference) != exports(rebuilt):
        found.append(f"exports: {exports(reference)} against {exports(rebuilt)}")
    offered = (WASI, *PROVIDERS)
    strangers = sorted(name for module, name in imports(rebuilt) if module not in offered)
    if strangers:
        found.append(f"imports that no host offers: {', '.join(strangers)}")
    for check in checks.read_text(encoding="utf-8").splitlines():
        arguments = shlex.split(check)
        before, after = answer(reference, arguments), answer(rebuilt, arguments)
        if before != after:
            found.append(f"{check!r}: {before} against {after}")
    return found


def _is_linkers(name: str) -> bool:
    return name == "main" or name.startswith("__")


def _type_text(kind: object) -> str:
    """Return a function's type as text; of what is no function, the kind only."""
    import wasmtime

    if isinstance(kind, wasmtime.FuncType):
        takes = ", ".join(str(part) for part in kind.params)
        gives = ", ".join(str(part) for part in kind.results)
        return f"({takes}) -> ({gives})"
    return type(kind).__name__


def main() -> int:
    if len(sys.argv) != 4:
        print("usage: compare.py REFERENCE REBUILT CHECKS", file=sys.stderr)
        return 2
    try:
        found = differences(*(Path(argument) for argument in sys.argv[1:]))
    except HostError as error:
        found = [str(error)]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
