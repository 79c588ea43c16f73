"""Single processes of /proc: their counters, their children, their mark. Functions, no state."""

from __future__ import annotations

from benchharness.probes.files import names, read_whole

MARKER_VARIABLE = "BENCHHARNESS_TRIAL"


class ProcessStat:
    """What the sampler needs of /proc/<pid>/stat (proc(5)); times in clock ticks."""

    __slots__ = ("group", "own", "parent", "session", "start", "state", "threads", "waited")

    def __init__(self, text: bytes) -> None:
        """Parse the line. Raises ValueError where it is empty or not such a line."""
        # The name of the program stands in parentheses and may hold spaces and parentheses.
        words = text[text.rindex(b")") + 1 :].split(None, 20)
        if len(words) < 20:
            raise ValueError("not a line of /proc/<pid>/stat")
        self.state = words[0]
        self.parent = int(words[1])
        self.group = int(words[2])
        self.session = int(words[3])
        self.own = int(words[11]) + int(words[12])  # utime + stime
        self.waited = int(words[13]) + int(words[14])  # of children that ended and were awaited
        self.threads = int(words[17])
        self.start = int(words[19])  # since boot: with the pid it names a process for good


def anonymous_pages(text: bytes) -> int:
    """Return resident minus shared pages of /proc/<pid>/statm. Raises ValueError otherwise."""
    words = text.split(None, 3)
    if len(words) < 3:
        raise ValueError("not a line of /proc/<pid>/statm")
    return max(0, int(words[1]) - int(words[2]))


def process_stat(sysroot: str, pid: int) -> ProcessStat | None:
    """Return the counters of a process, or None when there is no such process."""
    try:
        return ProcessStat(read_whole(f"{sysroot}/proc/{pid}/stat"))
    except ValueError:
        return None


def process_ids(sysroot: str) -> list[int]:
    """Return the ids of all processes that can be seen."""
    return [int(name) for name in names(f"{sysroot}/proc") if name.isdigit()]


def parse_children(text: bytes) -> list[int]:
    """Return the process ids in the text of /proc/<pid>/task/<tid>/children."""
    return [int(word) for word in text.split() if word.isdigit()]


def children_of_other_threads(sysroot: str, pid: int) -> list[int]:
    """Return the children that threads other than the first one of a process have started."""
    tasks = f"{sysroot}/proc/{pid}/task"
    others = [thread for thread in names(tasks) if thread != str(pid)]
    return parse_children(b" ".join(read_whole(f"{tasks}/{thread}/children") for thread in others))


def lists_children(sysroot: str, pid: int) -> bool:
    """Return whether this kernel has the ``children`` files (CONFIG_PROC_CHILDREN)."""
    return "children" in names(f"{sysroot}/proc/{pid}/task/{pid}")


def children_by_parent(sysroot: str) -> dict[int, list[int]]:
    """Return the children of every process from one walk over /proc, for kernels without lists."""
    found: dict[int, list[int]] = {}
    for pid in process_ids(sysroot):
        stat = process_stat(sysroot, pid)
        if stat is not None:
            found.setdefault(stat.parent, []).append(pid)
    return found


def is_marked(sysroot: str, pid: int, marker: str) -> bool:
    """Return whether the process was started with ``BENCHHARNESS_TRIAL=<marker>``."""
    if not marker:
        return False
    text = b"\0" + read_whole(f"{sysroot}/proc/{pid}/environ") + b"\0"
    return f"\0{MARKER_VARIABLE}={marker}\0".encode("utf-8", "surrogateescape") in text
