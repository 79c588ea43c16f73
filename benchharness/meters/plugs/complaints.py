"""What is wrong with a plug, each in one line with the remedy."""

from __future__ import annotations

from benchharness.errors import MeterError
from benchharness.meters.plugs.inbox import RETAINED, TWO_DEVICES, PlugInbox
from benchharness.meters.plugs.seen import PlugSeen
from benchharness.meters.rejections import RejectionLog
from benchharness.model import Check, CheckState

_OWN_TOPIC = "give each plug a topic of its own"


def no_reading(where: str, inbox: PlugInbox, wait_s: float) -> MeterError:
    """Return why open() has no reading after ``wait_s`` seconds."""
    rejected = inbox.rejections.summary()
    if inbox.seen.online is False:
        return MeterError("the plug is offline", where=where, remedy="switch it on")
    if rejected:
        what = f"no usable reading within {wait_s:g} s (rejected: {rejected})"
        return MeterError(what, where=where, remedy="check that this topic is a plug's")
    if inbox.seen.online:
        what = f"the plug is online and silent for {wait_s:g} s"
        return MeterError(what, where=where, remedy="see that it is a metering plug")
    what = f"no message from the plug within {wait_s:g} s"
    return MeterError(what, where=where, remedy="check the topic, and that the plug is on")


def two_devices(where: str, rivals: str) -> MeterError:
    """Return the complaint about two devices that speak on one topic."""
    return MeterError(f"{TWO_DEVICES} ({rivals})", where=where, remedy=_OWN_TOPIC)


def not_confirmed(where: str, on: bool, seen: PlugSeen, wait_s: float) -> MeterError:
    """Return the complaint about a relay of which the plug has not said that it moved."""
    wanted = "on" if on else "off"
    if seen.online is False:
        what = f"the plug is offline and was not switched {wanted}"
        return MeterError(what, where=where, remedy="see that it has power and reaches the broker")
    what = f"the plug does not confirm within {wait_s:g} s that it is switched {wanted}"
    return MeterError(what, where=where, remedy="check topic and channel, and look at the plug")


def plug_check(name: str, inbox: PlugInbox, channel: int) -> Check:
    """Say who the plug is, and whether it is alone on its topic."""
    seen = inbox.seen
    if inbox.contested.is_set():
        found = f"{TWO_DEVICES}: {inbox.rivals}"
        return Check(f"{name}: plug", CheckState.ERROR, found, _OWN_TOPIC)
    firmware = seen.version or "of unknown version"
    found = f"online, firmware {firmware}, channel {channel} of {seen.channels}"
    if seen.channels > 1:
        advice = "set channel in the instrument if the board is on another one"
        return Check(f"{name}: plug", CheckState.ADVICE, found, advice)
    return Check(f"{name}: plug", CheckState.OK, found)


def rejection_check(name: str, rejections: RejectionLog) -> Check:
    """Say what was rejected; what the broker had kept is nobody's fault."""
    found = rejections.summary()
    if set(rejections.counts()) <= {RETAINED}:
        return Check(f"{name}: rejected", CheckState.OK, found or "nothing")
    return Check(f"{name}: rejected", CheckState.ADVICE, found, "see what else uses this topic")
