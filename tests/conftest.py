"""Settings for all tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Tests leave nothing in the user's cache folder; those of the cache itself set it anew.
os.environ["BENCHHARNESS_CACHE"] = "off"

# The machines that run this are shared: how long an example takes says nothing about the code.
settings.register_profile(
    "shared-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("shared-machine")
