"""The devices before the first round: measured, or as a profile from an earlier run says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchharness.cuts.profile import Profile, from_document
from benchharness.cuts.records import DeviceProfile, Layers
from benchharness.errors import BenchharnessError, UsageError
from benchharness.split.config import MEASURE, SplitConfig
from benchharness.split.network import LAYERS
from benchharness.split.session import Measured, Session
from benchharness.split.telling import device_name
from benchharness.split.watts import cores_of, watts_of
from benchharness.wire.frames import WireError


def given_profile(config: SplitConfig) -> Profile | None:
    """Return the profile of the options' file; None where devices are to be measured.

    Raises UsageError for a file that is not there, is none, or has not a device for each.
    """
    if config.profile == MEASURE:
        return None
    file = Path(config.profile).expanduser()
    try:
        profile = from_document(json.loads(file.read_text()), str(file))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no JSON"
        raise UsageError(str(reason), where=str(file), remedy=f'or take "{MEASURE}"') from None
    if len(profile.devices) != config.devices or profile.layers.last_cut != LAYERS:
        raise UsageError(
            f"has {len(profile.devices)} devices and {profile.layers.last_cut} layers, not "
            f"{config.devices} and {LAYERS}",
            where=str(file),
            remedy="take the profile of such a campaign",
        )
    return profile


def require_same_training(profile: Profile, layers: Layers, where: str) -> None:
    """Raise UsageError unless a profile is of batches and a network of these bytes."""
    for name in ("up_bytes", "down_bytes", "part_bytes"):
        its, ours = getattr(profile.layers, name), getattr(layers, name)
        if not np.allclose(its, ours, rtol=1e-3):
            raise UsageError(
                f"is of another batch, network or codec: {name} are {_listed(its)}, here "
                f"{_listed(ours)}",
                where=where,
                remedy=f'take a profile of the same batch, or "{MEASURE}"',
            )


def _listed(values: npt.NDArray[np.float64]) -> str:
    return " ".join(f"{value:g}" for value in values)


class Profiler:
    """Finds out what devices are like; the server's own seconds at each cut are ``server_s``."""

    def __init__(
        self,
        config: SplitConfig,
        server_s: npt.NDArray[np.float64],
        given: Profile | None,
        lose: Callable[[Session, str], None],
    ) -> None:
        self._config, self._server_s, self._given, self._lose = config, server_s, given, lose
        self.cores: dict[int, float | None] = {}  # of those that were measured: see watts.py

    def profiles(self, sessions: Mapping[int, Session]) -> dict[int, DeviceProfile]:
        """Return the profiles of those that could be measured, all at the same time."""
        if self._given is not None:
            return {number: self._from_file(number) for number in sessions}
        if not sessions:
            return {}
        with ThreadPoolExecutor(len(sessions)) as pool:
            found = dict(zip(sessions, pool.map(self._measured, sessions.values()), strict=True))
        return {number: profile for number, profile in found.items() if profile is not None}

    def _measured(self, session: Session) -> DeviceProfile | None:
        try:
            found = session.measure(self._config.timeout_s)
        except TimeoutError:
            self._lose(session, f"was not profiled within {self._config.timeout_s:g} s")
        except (WireError, OSError) as error:
            self._lose(session, f"was not profiled: {error}")
        else:
            return self._profile(session.index, found)
        return None

    def _profile(self, number: int, found: Measured) -> DeviceProfile:
        self.cores[number] = cores_of(found.description)
        return DeviceProfile(
            name=device_name(number),
            forward_s=found.forward_s,
            backward_s=found.backward_s,
            server_s=self._server_s,
            up_bit_s=found.up_bit_s,
            down_bit_s=found.down_bit_s,
            overhead_s=found.round_trip_s,
            watts=watts_of(number, found.description),
            batches=self._config.iterations,
        )

    def _from_file(self, number: int) -> DeviceProfile:
        """Return a device of the file: by its name, or by its place where no name is ours."""
        assert self._given is not None
        name = device_name(number)
        named = {device.name: device for device in self._given.devices}
        found = named.get(name, self._given.devices[number - 1])
        try:
            return replace(found, name=name, batches=self._config.iterations)
        except BenchharnessError as error:
            raise UsageError(str(error), where=self._config.profile) from error
