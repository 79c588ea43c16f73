"""The sampler and its client, and nothing else of the harness, around ``sleep``."""

from __future__ import annotations

import select
import subprocess
import sys

from benchharness.trial.sampling import Sampler


def main(duration_s: str, hz: str) -> None:
    """Sample with all default probes and one tree while the program sleeps."""
    with Sampler(float(hz)) as sampler, subprocess.Popen(["sleep", duration_s]) as child:
        sampler.add_tree("main", child.pid, None, "benchmark")
        while child.poll() is None:
            if select.select([sampler.fileno()], [], [], 2.0)[0]:
                sampler.receive()
        sampler.remove_tree("main")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
