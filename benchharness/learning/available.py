"""How much memory a process may still take: the machine's and its control groups', whichever less.

Only the standard library, and no root: /proc and the mounted hierarchies are read as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_UNLIMITED_BYTES = 1 << 60  # version 1 says "no limit" as a number near 2^63


def available_bytes(proc: Path = Path("/proc")) -> int | None:
    """Return the bytes that this process may still take; None where nothing says so.

    Page cache that the kernel gives back when asked counts as available.
    """
    rooms = [room for room in (_machine(proc), *_groups(proc)) if room is not None]
    return max(0, min(rooms)) if rooms else None


def _machine(proc: Path) -> int | None:
    for line in _text(proc / "meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _groups(proc: Path) -> Iterator[int | None]:
    """Yield what is left in this process's group and each group above it."""
    own = dict(_own_groups(proc))
    for line in _text(proc / "self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup2" and "" in own:
            files, place = ("memory.max", "memory.current", "inactive_file"), own[""]
        elif kind == "cgroup" and "memory" in options.split(" ")[-1].split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            files, place = names, own.get("memory", "/")
        else:
            continue
        root, mount = (_unescaped(each) for each in before.split(" ")[3:5])
        yield from (_left(folder, *files) for folder in _path_up(mount, root, place))


def _own_groups(proc: Path) -> Iterator[tuple[str, str]]:
    for line in _text(proc / "self/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            yield name, path


def _path_up(mount: str, root: str, place: str) -> Iterator[Path]:
    """Yield the folders of a place and of those above it; a container may mount a part only."""
    inside = place[len(root) :] if root != "/" and place.startswith(root) else place
    folder, top = Path(mount, inside.lstrip("/")), Path(mount)
    while True:
        yield folder
        if folder == top or top not in folder.parents:
            return
        folder = folder.parent


def _left(folder: Path, limit_file: str, usage_file: str, cache_key: str) -> int | None:
    limit, usage = _number(folder / limit_file), _number(folder / usage_file)
    if limit is None or usage is None or limit >= _UNLIMITED_BYTES:
        return None
    cache = 0
    for line in _text(folder / "memory.stat").splitlines():
        key, _, value = line.partition(" ")
        if key == cache_key:
            cache = int(value)
    return limit - usage + cache


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdigit() else None  # version 2 writes "max" for no limit


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # not there, or not for us: it then limits nothing that we can know
        return ""


def _unescaped(place: str) -> str:
    return place.replace("\\040", " ")
