"""How the kernel is told a rate: a smaller burst where a link changes often, and what that adds."""

from __future__ import annotations

from typing import Any

import pytest

from benchharness.links.network import Network, Port
from benchharness.links.records import LinkTrace, constant
from benchharness.links.shaping import burst_bytes, changing_burst_bytes, free_share, tbf
from benchharness.links.wanted import WantedLink
from benchharness.plan.link_file import find_link
from benchharness.trial import links as trial_links
from benchharness.trial.links import TrialLinks
from benchharness.trial.spec import Participant

OFTEN = LinkTrace("", "", (0.0, 0.1), (1e6, 1.01e6), (20e6, 20e6), repeat_s=0.2)


@pytest.mark.parametrize(
    ("bit_s", "change_s", "expected"),
    [
        *((20e6, None, 8192), (20e6, 15.0, 8192), (20e6, 0.2, 5000), (1e6, 0.1, 3072)),
        *((400e6, None, 25_000), (400e6, 0.1, 25_000)),
    ],
)
def test_the_burst_is_a_hundredth_of_what_is_carried_between_changes(
    bit_s: float, change_s: float | None, expected: int
) -> None:
    assert changing_burst_bytes(bit_s, change_s) == expected
    assert f"burst {expected} " in tbf("eth0", bit_s, change_s)
    assert expected <= burst_bytes(bit_s)


def test_what_changes_may_add_is_known() -> None:
    assert free_share(constant(20e6, 5e6)) == 0.0
    assert free_share(OFTEN) == pytest.approx(2 * 3072 / (0.2 * 1.005e6 / 8))
    once = LinkTrace("", "", (0.0, 10.0), (8e6, 4e6), (8e6, 8e6))
    assert free_share(once) == pytest.approx(8192 / 10e6)
    assert all(free_share(find_link(name)) < 0.02 for name in ("steps", "lte-drive"))


def test_a_way_whose_rate_stays_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Said:
        def __init__(self) -> None:
            self.lines: list[str] = []

        def send(self, line: str) -> None:
            self.lines.append(line)

    up, down = Said(), Said()
    made = Network({"device": WantedLink(OFTEN)})
    made.ports["device"] = Port("", "bh1p1", "10.0.0.2")
    monkeypatch.setattr(made, "_tc", {"device": (up, down)})
    for bit_s in (1e6, 1e6, 2e6):
        made.set_rates("device", bit_s, 20e6)
    assert [line.split()[6:10] for line in up.lines] == [
        ["rate", "1000000bit", "burst", "3072"],
        ["rate", "2000000bit", "burst", "3072"],
    ]
    assert len(down.lines) == 1


@pytest.mark.parametrize(("trace", "warned"), [(OFTEN, True), (constant(1e6, 1e6), False)])
def test_a_link_that_the_kernel_cannot_follow_is_said(
    monkeypatch: pytest.MonkeyPatch, trace: LinkTrace, warned: bool
) -> None:
    class Made:
        def __init__(self, _links: Any) -> None:
            self.ports: dict[str, Any] = {}

        def __enter__(self) -> Made:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(trial_links, "Network", Made)
    links = TrialLinks([Participant("device-1", ("x",), {}, link=WantedLink(trace))])
    links.open()
    links.close()
    said = [(each.code, each.message) for each in links.cautions]
    assert [code for code, _ in said] == (["link-bursts"] if warned else [])
    assert all("let 24% more through" in message for _, message in said)
