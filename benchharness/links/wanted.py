"""What link a program of a trial wants, before anybody knows who can keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchharness.links.records import LinkTrace

# auto: the kernel where it can, else the programs; kernel: or nothing; program: the programs.
Shaping = Literal["auto", "kernel", "program"]


@dataclass(frozen=True, slots=True)
class WantedLink:
    """The link of one program to the network of its trial; without a ``trace`` it is unlimited.

    The ``hub`` is the program that the others connect to; its own link is never limited.
    ``shaping``, who is to keep the link, is the same for all of a trial.
    """

    trace: LinkTrace | None = None
    hub: bool = False
    shaping: Shaping = "auto"
