"""Can links be kept by the kernel here? Tried on a network of two programs, which is removed."""

from __future__ import annotations

import os

from benchharness.errors import UnfitError
from benchharness.links.network import Network
from benchharness.links.records import constant
from benchharness.links.wanted import WantedLink

ROOT_REMEDY = "run as root"
_CAPABILITIES_REMEDY = "in a container: --cap-add NET_ADMIN --cap-add SYS_ADMIN"


def kernel_hindrance() -> UnfitError | None:
    """Return why the kernel cannot keep links here, with the remedy; None if it can."""
    try:
        with Network({"a": WantedLink(constant(20e6, 20e6)), "b": WantedLink(hub=True)}):
            return None
    except UnfitError as error:
        return explained(error)


def required(hindrance: UnfitError) -> UnfitError:
    """Return what is to be said where nothing but the kernel will do."""
    remedy = "or leave the links to the programs: shaping = program"
    return UnfitError(
        f"the kernel cannot keep the links: {hindrance.what}",
        where="links",
        remedy=f"{hindrance.remedy}; {remedy}" if hindrance.remedy else remedy,
    )


def explained(error: UnfitError) -> UnfitError:
    """Return why a network could not be made: that this is not root, where that is why."""
    if error.remedy is not None:
        return error
    if os.geteuid() != 0:
        return UnfitError("this is not root", where=error.where, remedy=ROOT_REMEDY)
    if "not permitted" in error.what or "denied" in error.what:
        return UnfitError(error.what, where=error.where, remedy=_CAPABILITIES_REMEDY)
    return error
