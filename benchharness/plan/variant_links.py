"""The links of a variant's programs, from the templates of its manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from benchharness.errors import UnknownNameError, UsageError
from benchharness.links.document import Links
from benchharness.links.wanted import Shaping, WantedLink
from benchharness.model import FactorValue
from benchharness.plan.instances import Instance
from benchharness.plan.link_file import find_links
from benchharness.plan.templates import expand

HUB = "hub"


def variant_links(
    programs: Sequence[Instance],
    names: Mapping[str, FactorValue],
    known: dict[str, Links] | None = None,
) -> dict[str, WantedLink]:
    """Return the links of a variant's programs, by name; none if all are on this machine's network.

    Several links in one text are taken in turn by the instances. What is ``known`` of a text is not
    read again, and what is read is added. Raises UsageError for what is no link, and for a network
    that would not join its programs.
    """
    shaping = _shaping(programs, names)
    hubs: list[str] = []
    outside: list[Instance] = []
    wanted: dict[str, WantedLink] = {}
    known = {} if known is None else known
    for each in programs:
        if each.program.network is None:
            continue
        text = expand(each.program.network, {**names, **each.names})
        if text == HUB:
            hubs.append(each.name)
            wanted[each.name] = WantedLink(hub=True, shaping=shaping)
            continue
        if text not in known:
            known[text] = find_links(text, _where(each, "network"))
        links = known[text]
        if links is None:
            outside.append(each)
        else:
            index = int(each.names.get("index", 1))
            wanted[each.name] = WantedLink(links[(index - 1) % len(links)], shaping=shaping)
    if len(wanted) == len(hubs):
        return {}
    if outside:
        raise UsageError(
            f"{outside[0].name} has no link, and others of the trial have one",
            where=_where(outside[0], "network"),
            remedy="write unlimited for a link that is not limited",
        )
    if not hubs:
        first = next(each for each in programs if each.name in wanted)
        raise UsageError(
            "there is nobody in the network that the programs with links could connect to",
            where=_where(first, "network"),
            remedy='write network = "hub" at the program that listens',
        )
    return wanted


def _shaping(programs: Iterable[Instance], names: Mapping[str, FactorValue]) -> Shaping:
    """Return who keeps the links: what the programs say, which is one thing."""
    found: Shaping | None = None
    for each in programs:
        if each.program.shaping is None:
            continue
        text = expand(each.program.shaping, {**names, **each.names})
        where = _where(each, "shaping")
        said: Shaping | None = next((one for one in get_args(Shaping) if one == text), None)
        if said is None:
            raise UnknownNameError("shaping", text, get_args(Shaping), where=where)
        if found not in (None, said):
            raise UsageError(
                f"{text} here and {found} at another program of the trial",
                where=where,
                remedy="all links of a trial are kept in one way",
            )
        found = said
    return found or "auto"


def _where(instance: Instance, key: str) -> str:
    program = instance.program
    path = key if program.name == "main" else f"participants.{program.name}.{key}"
    return f"{program.where}: {path}"
