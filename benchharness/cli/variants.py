"""Makes the variants of a plan ready to be launched: needs, preparation, expected outputs.

Here the plan meets the trial engine: neither knows the other.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial

from benchharness.errors import UsageError
from benchharness.model import FactorValue
from benchharness.plan.expected import expected_outputs, mismatches
from benchharness.plan.needs import require_needs
from benchharness.plan.records import Manifest
from benchharness.plan.run_table import Variant
from benchharness.plan.templates import expand, expand_argv, template_names
from benchharness.trial.spec import SCRATCH_PLACE, SHARED_PLACE, Participant, VariantSpec

# What a workload may see of the user's environment; results must not depend on the rest.
_PASSED_ON = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
    "LD_LIBRARY_PATH", "VIRTUAL_ENV", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
    "XDG_DATA_HOME", "BENCHHARNESS_WASMER_PYTHON", "BENCHHARNESS_WASMEDGE",
)  # fmt: skip
_SECRET_PREFIXES = ("BENCHHARNESS_MQTT_",)
_PREPARE_TIMEOUT_S = 900.0


def variant_specs(
    manifest: Manifest, variants: Sequence[Variant], timeout_s: float | None
) -> dict[int, VariantSpec]:
    """Make every variant ready: needs checked, prepared, expected outputs known.

    Raises UsageError for what is missing or cannot be prepared, GateError for a result that
    cannot be known, in one line with the remedy.
    """
    specs: dict[int, VariantSpec] = {}
    for variant in variants:
        require_needs(manifest, variant.factors)
        names = template_names(manifest.folder, variant.factors, SCRATCH_PLACE, SHARED_PLACE)
        env = child_environment(manifest, names)
        _prepare(manifest, variant, names, env)
        module = manifest.module_path(variant.factors)
        expected = expected_outputs(manifest, variant.factors)
        specs[variant.index] = VariantSpec(
            index=variant.index,
            label=variant.label,
            workload=manifest.name,
            factors=variant.factors,
            participants=_participants(manifest, names, env),
            timeout_s=timeout_s if timeout_s is not None else manifest.limits.timeout_s,
            memory_limit_bytes=manifest.limits.memory_bytes,
            module_bytes=module.stat().st_size if module is not None and module.exists() else None,
            check_outputs=partial(mismatches, expected, tolerance=manifest.expected.tolerance),
        )
    return specs


def _participants(
    manifest: Manifest, names: Mapping[str, FactorValue], env: Mapping[str, str]
) -> tuple[Participant, ...]:
    return tuple(
        Participant(
            name=program.name,
            argv=expand_argv(program.argv, names),
            env={**env, **{name: expand(text, names) for name, text in program.env.items()}},
            cwd=manifest.folder if manifest.ad_hoc else None,
            role=program.role,
            ready_timeout_s=program.ready_timeout_s,
        )
        for program in manifest.programs()
    )


def child_environment(manifest: Manifest, names: Mapping[str, FactorValue]) -> dict[str, str]:
    """Return a clean environment for a workload, or the user's own for an ad-hoc command.

    Credentials of meters are in neither.
    """
    if manifest.ad_hoc:
        return {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_SECRET_PREFIXES)
        }
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, **{name: expand(text, names) for name, text in manifest.env.items()}}


def _prepare(
    manifest: Manifest, variant: Variant, names: Mapping[str, FactorValue], env: Mapping[str, str]
) -> None:
    """Run the manifest's preparation of a variant, such as building a binary."""
    if manifest.prepare is None:
        return
    argv = expand_argv(manifest.prepare, names)
    try:
        done = subprocess.run(
            argv,
            cwd=manifest.folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PREPARE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"the preparation took over {_PREPARE_TIMEOUT_S:.0f} s", where=variant.label
        ) from None
    except OSError as error:
        raise UsageError(
            f"the preparation cannot be run: {argv[0]}: {error.strerror}", where=variant.label
        ) from None
    if done.returncode != 0:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        said = lines[-1] if lines else f"exit code {done.returncode}"
        raise UsageError(f"cannot be prepared: {said}", where=f"{manifest.name} {variant.label}")
