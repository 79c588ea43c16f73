"""Links of a trial without the kernel's help: who keeps them instead, and what is said of it."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from benchharness.cli.links import require_links
from benchharness.errors import UnfitError, UsageError
from benchharness.links import commands, hindrance, names, subnets
from benchharness.links.records import LinkTrace, constant
from benchharness.links.setting import LINK_VARIABLE, LinkSetting, own_link
from benchharness.links.wanted import Shaping, WantedLink
from benchharness.trial import links as trial_links
from benchharness.trial.links import TrialLinks
from benchharness.trial.spec import Participant, VariantSpec

STEPS = LinkTrace("steps", "", (0.0, 1.0), (1e6, 2e6), (1e6, 2e6))


def participants(shaping: Shaping = "auto", trace: LinkTrace | None = STEPS) -> list[Participant]:
    return [
        Participant("main", ("hub",), {}, link=WantedLink(hub=True, shaping=shaping)),
        Participant("device-1", ("device",), {}, link=WantedLink(trace, shaping=shaping)),
        Participant("other", ("other",), {}),
    ]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> UnfitError:
    """Have no network be made: as without root."""
    error = UnfitError("no such thing here", where="links", remedy="buy one")

    def refuse(*_: Any) -> None:
        raise error

    monkeypatch.setattr(trial_links, "Network", refuse)
    monkeypatch.setattr(hindrance, "Network", refuse)
    return error


def test_auto_goes_to_the_programs_and_says_so_once(refused: UnfitError, tmp_path: Path) -> None:
    links = TrialLinks(participants())
    links.open()
    (caution,) = links.cautions
    assert caution.code == "links-by-programs"
    assert "no such thing here" in caution.message
    assert caution.remedy == "buy one"
    told = {name: links.env(name, tmp_path / name) for name in ("main", "device-1", "other")}
    assert LinkSetting.from_text(told["device-1"][LINK_VARIABLE]) == LinkSetting(
        "program", "127.0.0.1", STEPS
    )
    assert LinkSetting.from_text(told["main"][LINK_VARIABLE]) == LinkSetting()
    assert told["other"] == {}
    assert links.namespace("device-1") is None
    assert not links.awaits_window
    links.begin(0)
    assert (links.events(), links.finish()) == ([], [])
    links.close()
    details = links.details()["links"]
    assert details["shaping"] == "program"
    assert details["by"]["device-1"]["trace"] == STEPS.to_json()


def test_kernel_refuses(refused: UnfitError) -> None:
    with pytest.raises(UnfitError, match="kernel cannot keep the links: no such thing here; buy"):
        TrialLinks(participants("kernel")).open()
    with pytest.raises(UnfitError, match="or leave the links to the programs: shaping = program"):
        require_links([VariantSpec(0, "v", "w", {}, tuple(participants("kernel")))])
    require_links([VariantSpec(0, "v", "w", {}, tuple(participants("auto")))])


def test_program_asks_the_kernel_for_nothing(refused: UnfitError, tmp_path: Path) -> None:
    links = TrialLinks(participants("program"))
    links.open()
    assert links.cautions == []
    assert '"program"' in links.env("device-1", tmp_path / "link")[LINK_VARIABLE]


def test_without_links_there_is_nothing(tmp_path: Path) -> None:
    links = TrialLinks(participants()[2:])
    links.open()
    assert (links.env("other", tmp_path), links.details(), links.finish()) == ({}, {}, [])


def test_a_trace_too_long_for_a_variable_goes_to_a_file(tmp_path: Path) -> None:
    times_s, rates = tuple(0.5 * n for n in range(20_000)), (1e6, 2e6) * 10_000
    trace = LinkTrace("long", "", times_s, rates, rates)
    links = TrialLinks(participants("program", trace))
    links.open()
    told = links.env("device-1", tmp_path / "device-1.link")
    assert len(told[LINK_VARIABLE]) < 1000
    assert own_link(told) == LinkSetting("program", "127.0.0.1", trace)
    (tmp_path / "device-1.link").unlink()
    with pytest.raises(UsageError, match="not a link's setting: FileNotFoundError"):
        own_link(told)
    with pytest.raises(UnfitError, match="device-1: its link cannot be told: Is a directory"):
        links.env("device-1", tmp_path)


def test_what_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_ADMIN_FOLDERS", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    found = hindrance.kernel_hindrance()
    assert found is not None
    assert found.line() == "links: there is no program ip; apt install iproute2"
    links = TrialLinks(participants(trace=constant(1e6, 1e6)))
    links.open()
    assert "there is no program ip" in links.cautions[0].message


def test_what_another_harness_left_is_told_from_what_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "INTERFACES", tmp_path)
    monkeypatch.setattr(names, "NAMESPACES", tmp_path / "none")
    (own,) = names.new_names("p", 1)
    assert len(own) <= 15
    gone = ["bh4194305b0", "bh4194305p12", "benchharness-4194305-3-device-1"]
    own_earlier = own.replace("p", "b") + "9"  # of a process that had our number before
    for name in (own, *gone, own_earlier, "eth0", "bh1b0", "bhx", "benchharness-x"):
        (tmp_path / name).touch()
    assert sorted(names.abandoned()) == sorted([*gone, own_earlier])
    names.release([own])
    assert own in names.abandoned()


def test_a_harness_in_a_container_is_known_to_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "INTERFACES", tmp_path)
    monkeypatch.setattr(names, "NAMESPACES", tmp_path / "none")
    for name in ("bh4194305b0", "bh4194306b0"):
        (tmp_path / name).touch()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind("\0benchharness-4194305")
        assert names.abandoned() == ["bh4194306b0"]
    assert sorted(names.abandoned()) == ["bh4194305b0", "bh4194306b0"]


def test_a_number_that_another_harness_holds_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    held: dict[int, tuple[int, socket.socket]] = {}
    monkeypatch.setattr(names, "_held", held)
    monkeypatch.setattr(names, "_in_use", set())
    with socket.socket(socket.AF_UNIX) as other:
        other.bind("\0benchharness-4194307")
        monkeypatch.setattr(os, "getpid", lambda: 4194307)
        (name,) = names.new_names("b", 1)
    ((number, mark),) = held.values()
    mark.close()
    assert number != 4194307
    assert name.startswith(f"bh{number}b")
    assert len(name) <= 15


def test_a_subnet_is_none_that_a_route_leads_to(tmp_path: Path) -> None:
    routes = tmp_path / "route"
    header = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
    # 10.0.0.0/9 by one interface and the default by another; words as they lie in memory.
    routes.write_text(
        f"{header}a\t0000000A\t0\t1\t0\t0\t0\t000080FF\nb\t00000000\t0\t1\t0\t0\t0\t0\n"
    )
    for programs, prefix in ((2, 24), (254, 24), (255, 20)):
        subnet = subnets.free_subnet(programs, routes)
        assert (subnet.prefixlen, str(subnet).startswith("10.")) == (prefix, True)
        assert int(str(subnet).split(".")[1]) >= 128
    routes.write_text(f"{header}a\t0000000A\t0\t1\t0\t0\t0\t000000FF\n")
    with pytest.raises(UnfitError, match="no private network is free"):
        subnets.free_subnet(2, routes)
