"""What a program is told of its link: the variable BENCHHARNESS_LINK, one JSON object.

    {"shaping": "kernel", "server": "10.77.3.1", "trace": {"title": ..., "t_s": [0, 10], ...}}

``trace`` is null, or the trace, or where that is long the path of a file with it, since a variable
holds 128 KiB on Linux. ``shaping`` is who keeps the rates: "kernel", the "program" itself
(links/bucket.py), or null, nobody. ``server`` is where the hub program listens, for the devices;
the hub listens there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from benchharness.errors import UsageError
from benchharness.links.records import LinkTrace

LINK_VARIABLE = "BENCHHARNESS_LINK"
LOOPBACK = "127.0.0.1"
ShapedBy = Literal["kernel", "program"]
_MOST_TEXT = 16_384  # of a trace in the variable itself


@dataclass(frozen=True, slots=True)
class LinkSetting:
    """The link of one program. Without a ``trace`` nothing limits it."""

    shaping: ShapedBy | None = None
    server: str = LOOPBACK
    trace: LinkTrace | None = None

    def to_text(self, long_trace: Path | None = None) -> str:
        """Return the value of the variable; a trace too long for it goes to the file.

        Raises OSError if the file cannot be written.
        """
        trace: Any = None if self.trace is None else self.trace.to_json()
        if long_trace is not None and len(text := json.dumps(trace)) > _MOST_TEXT:
            long_trace.write_text(text, encoding="utf-8")
            trace = str(long_trace)
        return json.dumps({"shaping": self.shaping, "server": self.server, "trace": trace})

    @classmethod
    def from_text(cls, text: str) -> LinkSetting:
        """Return what the variable says, and the file that it names, if any. Raises UsageError."""
        try:
            document = json.loads(text)
            shaping, trace = document["shaping"], document["trace"]
            server = document["server"]
            if isinstance(trace, str):
                trace = json.loads(Path(trace).read_text(encoding="utf-8"))
        except (ValueError, TypeError, KeyError, OSError) as error:
            raise UsageError(f"not a link's setting: {error!r}", where=LINK_VARIABLE) from None
        if shaping not in (None, *get_args(ShapedBy)) or not isinstance(server, str):
            raise UsageError(f"not a link's setting: {text[:80]}", where=LINK_VARIABLE)
        return cls(
            cast("ShapedBy | None", shaping),
            server,
            None if trace is None else LinkTrace.from_json(trace),
        )


def own_link(environ: Mapping[str, str] = os.environ) -> LinkSetting:
    """Return this program's link; without the variable none is kept, and the server is here."""
    text = environ.get(LINK_VARIABLE)
    return LinkSetting() if not text else LinkSetting.from_text(text)
