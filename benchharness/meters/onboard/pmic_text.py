"""What ``vcgencmd pmic_read_adc`` says of a Raspberry Pi 5's rails.

     VDD_CORE_A current(7)=0.75012000A
     VDD_CORE_V volt(15)=0.72023140V
        EXT5V_V volt(24)=5.12260000V

A rail has a current and a voltage under one name; EXT5V and BATT have a voltage alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_LINE = re.compile(
    r"\s*(?P<rail>\w+)_(?:A\s+current\(\d+\)=(?P<a>\d+\.?\d*)A|V\s+volt\(\d+\)=(?P<v>\d+\.?\d*)V)\s*"
)
# Fewer than these is an answer that was cut short: it would be a power that is too small.
CORE_RAIL = "VDD_CORE"
_MOST_A, _MOST_V = 50.0, 30.0


def rail_powers(text: str) -> Mapping[str, float] | str:
    """Return the power in W of each rail, or in a few words why there is none.

    A rail with a current and without its voltage makes the whole answer unusable.
    """
    currents_a: dict[str, float] = {}
    voltages_v: dict[str, float] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            return "not an answer of pmic_read_adc"
        into, digits = (currents_a, found["a"]) if found["a"] else (voltages_v, found["v"])
        if found["rail"] in into:
            return "a rail is named twice"
        into[found["rail"]] = float(digits)
    if CORE_RAIL not in currents_a or not currents_a.keys() <= voltages_v.keys():
        return "an answer without all rails"
    if max(currents_a.values()) > _MOST_A or max(voltages_v.values()) > _MOST_V:
        return "a rail beyond 50 A or 30 V"
    return {rail: current_a * voltages_v[rail] for rail, current_a in currents_a.items()}
