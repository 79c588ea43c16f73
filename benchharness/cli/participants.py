"""The programs of a variant, ready to be launched: expanded, placed on devices, their environment.

Here the plan meets the trial engine: neither knows the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from benchharness.cli.placements import Placement, placements
from benchharness.links.document import Links
from benchharness.links.wanted import WantedLink
from benchharness.model import FactorValue
from benchharness.plan.instances import Instance, instances
from benchharness.plan.records import Manifest
from benchharness.plan.run_table import Variant
from benchharness.plan.templates import expand, expand_argv, template_names
from benchharness.plan.variant_links import variant_links
from benchharness.testbed.records import Testbed
from benchharness.trial.spec import (
    REPETITION_PLACE,
    SCRATCH_PLACE,
    SHARED_PLACE,
    Participant,
)

# What a workload may see of the user's environment; results must not depend on the rest.
_PASSED_ON = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
    "LD_LIBRARY_PATH", "VIRTUAL_ENV", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
    "XDG_DATA_HOME", "BENCHHARNESS_WASMER_PYTHON", "BENCHHARNESS_WASMEDGE",
)  # fmt: skip
# Not even to a command: secrets, and what a harness around this one says of its own devices.
_NOT_PASSED_ON = (
    "BENCHHARNESS_MQTT_", "BENCHHARNESS_HELD", "BENCHHARNESS_DEVICE", "BENCHHARNESS_LINK",
)  # fmt: skip


def participants_of(
    manifest: Manifest,
    variant: Variant,
    testbed: Testbed | None = None,
    known_links: dict[str, Links] | None = None,
) -> tuple[Participant, ...]:
    """Return every program of a variant; those that want a device take the testbed's in order.

    Links that are known by their text are not read again; others are added.

    Raises UsageError for a count that is none, for two programs of one name, if the testbed
    has too few devices, for a power mode that they do not have, and for links that cannot be.
    """
    names = trial_names(manifest, variant)
    env = child_environment(manifest, names)
    programs = instances(manifest, variant.factors)
    places = placements(programs, names, variant.label, testbed)
    links = variant_links(programs, names, known_links)
    return tuple(
        _participant(manifest, each, {**names, **each.names}, env, place, links.get(each.name))
        for each, place in zip(programs, places, strict=True)
    )


def check_participants(
    manifests: Mapping[str, Manifest],
    variants: Iterable[Variant],
    testbed: Testbed | None = None,
    known_links: dict[str, Links] | None = None,
) -> None:
    """Raise the UsageError of the first variant whose participants cannot be."""
    for variant in variants:
        manifest = manifests[variant.workload]
        programs, names = instances(manifest, variant.factors), trial_names(manifest, variant)
        placements(programs, names, variant.label, testbed)
        variant_links(programs, names, known_links)


def power_modes(manifest: Manifest, variant: Variant, testbed: Testbed | None) -> dict[str, str]:
    """Return the power mode of each device that is in one in a variant. Raises UsageError."""
    programs, names = instances(manifest, variant.factors), trial_names(manifest, variant)
    places = placements(programs, names, variant.label, testbed)
    return {each.device: each.power_mode for each in places if each.device and each.power_mode}


def trial_names(manifest: Manifest, variant: Variant) -> dict[str, FactorValue]:
    """Return the values of all placeholders in a trial; what only it knows comes with it."""
    places = (SCRATCH_PLACE, SHARED_PLACE, REPETITION_PLACE)
    return template_names(manifest.folder, variant.factors, *places)


def child_environment(manifest: Manifest, names: Mapping[str, FactorValue]) -> dict[str, str]:
    """Return a clean environment for a workload, or the user's own for an ad-hoc command.

    Credentials of meters are in neither.
    """
    if manifest.ad_hoc:
        return {
            name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)
        }
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, **{name: expand(text, names) for name, text in manifest.env.items()}}


def _participant(
    manifest: Manifest,
    instance: Instance,
    names: Mapping[str, FactorValue],
    env: Mapping[str, str],
    place: Placement,
    link: WantedLink | None,
) -> Participant:
    program = instance.program
    return Participant(
        name=instance.name,
        argv=expand_argv(program.argv, names),
        env={**env, **{name: expand(text, names) for name, text in program.env.items()}},
        cwd=manifest.folder if manifest.ad_hoc else None,
        role=program.role,
        ready_timeout_s=program.ready_timeout_s,
        restart=program.restart,
        may_leave=program.may_leave,
        device=place.device,
        power_mode=place.power_mode,
        start_at_full_speed=program.start_at_full_speed,
        link=link,
    )
