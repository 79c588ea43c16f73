"""The machine and the software of a campaign, in words for a methods section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchharness.model import CampaignSummary
from benchharness.report.methods_parts import Code, Part, Sentence, listed
from benchharness.report.text import plain
from benchharness.units import format_bytes


def machine(environment: Mapping[str, Any]) -> Sentence:
    """Return ``Raspberry Pi 5 (4 cores, 8 GiB of memory) under Debian, kernel 6.6``, or nothing."""
    board, cpu = environment.get("board"), environment.get("cpu")
    name = board or cpu
    if not name:
        return ()
    details: list[str] = []
    if board and cpu:
        details.append(plain(cpu, 60))
    if cores := environment.get("cores"):
        details.append(f"{cores} core{'' if cores == 1 else 's'}")
    if memory := environment.get("memory_bytes"):
        details.append(f"{format_bytes(memory)} of memory")
    if environment.get("virtual"):
        details.append("a virtual machine")
    if governor := environment.get("governor"):
        details.append(f"frequency governor {plain(governor, 40)}")
    parts: list[Part] = [plain(name, 80)]
    if details:
        parts.append(f" ({', '.join(details)})")
    systems = [plain(environment["os"], 60)] if environment.get("os") else []
    if environment.get("kernel"):
        systems.append(f"kernel {plain(environment['kernel'], 60)}")
    if systems:
        parts.append(f" under {', '.join(systems)}")
    return tuple(parts)


def software(summary: CampaignSummary) -> Iterator[Sentence]:
    """Yield versions, and the campaign with the command that made it."""
    environment = summary.environment
    found = {**(environment.get("versions") or {}), **(environment.get("runtimes") or {})}
    names: list[Sentence] = [
        (f"{plain(name, 40)} {plain(version, 40)}",) for name, version in found.items() if version
    ]
    if environment.get("python"):
        names.append((plain(environment["python"], 60),))
    if names:
        yield ("Software: ", *listed(names), ".")
    made: Sentence = (", made by ", Code(plain(summary.command, 300))) if summary.command else ()
    yield ("The campaign is ", Code(plain(summary.campaign_id, 40)), *made, ".")
