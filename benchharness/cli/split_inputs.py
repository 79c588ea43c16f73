"""What the options of ``split optimum`` say: devices on links, and what is asked about them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchharness.cuts import published
from benchharness.cuts.optimum import Question
from benchharness.cuts.profile import Profile, from_document
from benchharness.cuts.records import DeviceProfile, Layers, Terms, Watts, check_rate
from benchharness.cuts.slips import NAMES, Slips
from benchharness.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_DEVICES = "pi,nano:4"
_MBIT = "5,10,15,20,50"
_TERMS = ("waiting", "server", "model")
_MEGA = 1e6
_MOST_ALPHAS = 10_001


@dataclass(frozen=True, slots=True)
class Case:
    """The devices at one state of their links; ``link`` None: at the rates of their profile."""

    link: published.Link | None
    devices: tuple[DeviceProfile, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """A network, the cases to be answered, and the question."""

    layers: Layers
    cases: tuple[Case, ...]
    question: Question


def read_inputs(args: argparse.Namespace) -> Inputs:
    """Read the options and the profile. Raises UsageError for what cannot be meant."""
    profile = _profile(args)
    links = _links(args.mbit or ("" if args.profile else _MBIT))
    idle_w = _named_numbers(args.idle_w, "--idle-w")
    known = {_kind(device.name, args) for device in profile.devices}
    unknown = set(idle_w) - known
    if unknown:
        raise UnknownNameError("device", min(unknown), known, where="--idle-w")
    devices = tuple(_at_rest(each, idle_w.get(_kind(each.name, args))) for each in profile.devices)
    cases = [Case(link, tuple(_on_link(device, link) for device in devices)) for link in links] or [
        Case(None, devices)
    ]
    question = Question(
        alphas=alphas(args.alpha),
        terms=_terms(args.terms, args.server_w, profile.server_watts),
        slips=None if args.corrected else _slips(args.slips),
        corrected=not args.as_published,
        normalise=not args.raw,
        first_cut=0 if args.with_cut_0 else 1,
        as_run=not args.profile and (args.devices or _DEVICES) == _DEVICES,
    )
    if args.corrected and args.slips is not None:
        raise UsageError("--corrected has no slips", remedy="leave out one of the two options")
    return Inputs(profile.layers, tuple(cases), question)


def alphas(text: str) -> tuple[float, ...]:
    """Return the alphas of ``0,0.5,1`` or ``FIRST:LAST:STEP``, both ends included."""
    if ":" not in text:
        return tuple(_number(part, "--alpha") for part in text.split(","))
    parts = [_number(part, "--alpha") for part in text.split(":")]
    remedy = "write FIRST:LAST:STEP, as 0:1:0.1"
    if len(parts) != 3 or not (parts[2] > 0.0 and parts[0] <= parts[1]):
        raise UsageError(f"{text!r} is no range", where="--alpha", remedy=remedy)
    first, last, step = parts
    steps = (last - first) / step
    if not steps < _MOST_ALPHAS:
        raise UsageError(f"{text!r} has too many values", where="--alpha", remedy=remedy)
    # Rounded: 3 times 0.1 is 0.3 for a reader.
    return tuple(round(first + place * step, 12) for place in range(int(steps + 1e-9) + 1))


def _profile(args: argparse.Namespace) -> Profile:
    """Return the measured profile, or that of the published boards (at a rate that is replaced)."""
    if args.profile is not None:
        options = {"--devices": args.devices, "--mode": args.mode, "--server-s": args.server_s}
        for option, value in options.items():
            if value is not None:
                raise UsageError(
                    f"{option} is of the published boards, --profile has its own devices",
                    remedy="leave out one of the two",
                )
        return _read(args.profile)
    link = published.Link(_MEGA, _MEGA)
    server_s = 0.0 if args.server_s is None else _number(args.server_s, "--server-s")
    devices = [
        published.device(
            kind, link, name=name, mode=args.mode or published.MODES[0], server_s=server_s
        )
        for kind, name in _boards(args.devices or _DEVICES)
    ]
    return Profile(published.network(), tuple(devices))


def _read(path: Path) -> Profile:
    import json

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"cannot be read: {reason}", where=str(path)) from None
    except ValueError:
        raise UsageError("is not JSON", where=str(path), remedy="see docs/cuts.md") from None
    return from_document(document, str(path))


def _boards(text: str) -> list[tuple[str, str]]:
    """Return the kind and the name of each board of ``pi,nano:4``."""
    boards: list[tuple[str, str]] = []
    for part in text.split(","):
        kind, _, times = part.strip().partition(":")
        if kind not in published.KINDS:
            raise UnknownNameError("board", kind, published.KINDS, where="--devices")
        if times and not (times.isdecimal() and 1 <= int(times) <= 10_000):
            raise UsageError(
                f"{part.strip()!r} is no number of boards",
                where="--devices",
                remedy="write pi,nano:4",
            )
        before = sum(kind == earlier for earlier, _ in boards)
        boards += [(kind, f"{kind}-{before + i}") for i in range(1, int(times or 1) + 1)]
    kinds = [kind for kind, _ in boards]
    return [(kind, name if kinds.count(kind) > 1 else kind) for kind, name in boards]


def _links(text: str) -> list[published.Link]:
    """Return the links of ``5,20/10``, Mbit/s up/down; none for no text."""
    links = []
    for part in text.split(",") if text else ():
        up, sign, down = part.partition("/")
        up_bit_s = _number(up, "--mbit") * _MEGA
        down_bit_s = _number(down, "--mbit") * _MEGA if sign else up_bit_s
        for rate in (up_bit_s, down_bit_s):
            check_rate("the rate", rate, "--mbit")
        links.append(published.Link(up_bit_s, down_bit_s))
    return links


def _kind(name: str, args: argparse.Namespace) -> str:
    """Return what --idle-w calls a device: a published board by its kind, others by name."""
    return name if args.profile is not None else name.partition("-")[0]


def _at_rest(device: DeviceProfile, idle_w: float | None) -> DeviceProfile:
    if idle_w is None:
        return device
    return replace(device, watts=replace(device.watts, idle_w=idle_w))


def _on_link(device: DeviceProfile, link: published.Link) -> DeviceProfile:
    return replace(device, up_bit_s=link.up_bit_s, down_bit_s=link.down_bit_s)


def _slips(text: str | None) -> Slips:
    if text is None:
        return Slips()
    wanted = _names(text, NAMES, "slip", "--slips")
    return Slips(
        activations="activations" in wanted,
        rate="rate" in wanted,
        last_cut="last-cut" in wanted,
        rule="rule" in wanted,
    )


def _terms(text: str, server_w: str | None, known: Watts | None) -> Terms:
    wanted = _names(text, _TERMS, "term", "--terms")
    watts = known
    if server_w is not None:
        compute, sign, idle = server_w.partition("/")
        if not sign:
            raise UsageError(
                f"{server_w!r} is one power", where="--server-w", remedy="write 60/20: busy/at rest"
            )
        watts = Watts(
            _number(compute, "--server-w"), 0.0, 0.0, _number(idle, "--server-w"), "--server-w"
        )
        if watts.compute_w < (watts.idle_w or 0.0):
            raise UsageError(
                f"{server_w!r} is less while it computes than at rest",
                where="--server-w",
                remedy="write 60/20: busy/at rest",
            )
    if "server" in wanted and watts is None:
        raise UsageError(
            "the server's watts are not known",
            where="--terms",
            remedy="add --server-w BUSY/AT-REST, and --server-s for the published boards",
        )
    return Terms("waiting" in wanted, "server" in wanted, "model" in wanted, watts)


def _names(text: str, known: tuple[str, ...], kind: str, where: str) -> set[str]:
    """Return the names of a list with commas, nothing for ``none``."""
    names = {name.strip() for name in text.split(",")} - {"none"}
    for name in sorted(names):
        if name not in known:
            raise UnknownNameError(kind, name, (*known, "none"), where=where)
    return names


def _named_numbers(text: str | None, where: str) -> Mapping[str, float]:
    """Return the numbers of ``pi:1.9,nano:1.25``."""
    found = {}
    for part in text.split(",") if text else ():
        name, sign, value = part.rpartition(":")
        if not sign:
            raise UsageError(f"{part!r} has no name", where=where, remedy="write NAME:WATTS")
        found[name.strip()] = _number(value, where)
    return found


def _number(text: str, where: str) -> float:
    try:
        return float(text)  # infinite and negative ones are refused where they are used
    except ValueError:
        raise UsageError(f"{text!r} is no number", where=where) from None
