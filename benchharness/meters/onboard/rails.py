"""Which rails of a Jetson contain one another, by the names that NVIDIA gives them.

Adding a rail to one that contains it counts its joules twice (jetson_stats issue 51), so that
only rails that are known to lie side by side may be added. Names and their meaning: NVIDIA Jetson
Linux Developer Guide, "Platform Power and Performance", the sections on power monitors of each
module; Jetson AGX Xavier Design Guide DG-09840, section 5.6.2. The input is the module's: fans,
USB and displays on the carrier board are beyond it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# One rail through which everything goes.
INPUTS = ("VDD_IN", "POM_5V_IN", "SYS_VIN", "VIN")

# Rails side by side that together are everything that the module draws.
COMPLETE: tuple[tuple[str, ...], ...] = (
    # AGX Orin. VDDQ_VDD2_1V8AO is fed from VIN_SYS_5V0 and is inside it.
    ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"),
    # AGX Xavier: five rails behind SYS_VIN_HV, and SYS_VIN_MV.
    ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"),
)

# Rails side by side that are only a part.
_SIDE_BY_SIDE: tuple[tuple[str, ...], ...] = (
    *COMPLETE,
    ("VDD_CPU_GPU_CV", "VDD_SOC"),  # Xavier NX, Orin NX, Orin Nano
    ("POM_5V_GPU", "POM_5V_CPU"),  # Nano
    ("VDD_SYS_GPU", "VDD_SYS_SOC", "VDD_SYS_CPU", "VDD_SYS_DDR", "VDD_4V0_WIFI"),  # TX2
)

_INSIDE = {"VDDQ_VDD2_1V8AO": "VIN_SYS_5V0"}


def whole_board(names: Iterable[str]) -> tuple[str, ...]:
    """Return the rails whose sum is the whole board's, out of those it has; empty if none are."""
    there = set(names)
    for name in INPUTS:
        if name in there:
            return (name,)
    return next((rails for rails in COMPLETE if there.issuperset(rails)), ())


def is_whole_board(rails: Sequence[str]) -> bool:
    """Return whether the sum of these rails is the whole board's."""
    chosen = set(rails)
    return (len(chosen) == 1 and chosen <= set(INPUTS)) or any(
        chosen == set(complete) for complete in COMPLETE
    )


def why_not_added(rails: Sequence[str]) -> str | None:
    """Return why the sum of these rails means nothing, in a sentence; None if it is sound."""
    if len(rails) == 1:
        return None
    if len(set(rails)) < len(rails):
        return "a rail is named twice"
    for name in rails:
        if name in INPUTS:
            return f"{name} contains the others"
        if _INSIDE.get(name) in rails:
            return f"{_INSIDE[name]} contains {name}"
    if any(set(rails) <= set(family) for family in _SIDE_BY_SIDE):
        return None
    return "it is not known whether they contain one another"
