"""Makes the variants of a request ready to be launched: needs, preparation, expected outputs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from benchharness.cli.links import require_links
from benchharness.cli.participants import (
    check_participants,
    child_environment,
    participants_of,
    trial_names,
)
from benchharness.cli.preparing import NotHereError, Preparation, PreparationLine
from benchharness.cli.request import LeftOut, Request
from benchharness.errors import BenchharnessError, GateError, UsageError
from benchharness.plan.expected import expected_key, expected_outputs, mismatches
from benchharness.plan.needs import require_needs
from benchharness.plan.run_table import Variant
from benchharness.plan.templates import expand_argv
from benchharness.testbed.records import Testbed
from benchharness.trial.spec import Participant, VariantSpec

Specs = dict[int, VariantSpec]
Faults = dict[int, BenchharnessError]  # by the index of the variant


def ready_variants(
    request: Request,
    *,
    skip_missing: bool = False,
    begun: bool = False,
    testbed: Testbed | None = None,
) -> tuple[Request, Specs]:
    """Make every variant ready: needs checked, prepared, expected outputs known.

    With ``skip_missing`` variants that cannot be had on this machine are left out of the request
    that is returned, and said on stderr. A variant that cannot be prepared, or of which nobody
    can say what a right result is, is said there too, and its trials are to fail; if all are so,
    and no other has been run (``begun``), there is nothing to measure. The participants that want
    a device take those of the ``testbed``. The request that is returned knows the links that have
    been read. Raises UsageError for that, for what is missing and for
    participants that cannot be, GateError for results that cannot be known, in one line.
    """
    links = dict(request.links)
    check_participants(request.manifests, request.table.variants, testbed, links)
    line = PreparationLine()
    faults: Faults = {}
    try:
        missing = without_needs(request)
        if not missing or skip_missing:
            missing |= _unprepared(request, missing, faults, line)
        if missing and (not skip_missing or len(missing) == len(request.table.variants)):
            raise _missing_error(missing, skip_missing=skip_missing)
        if missing:
            request = request.without(_left_out(request, missing))
        expected = _expected(request, faults, line)
    finally:
        line.close()
    for each in request.left_out:
        print(f"left out: {each.label}: {each.reason}", file=sys.stderr)
    if len(faults) == len(request.table.variants) and not begun:
        raise faults[min(faults)]
    specs: Specs = {}
    for variant in request.table.variants:
        fault = faults.get(variant.index)
        refusal = None if fault is None else _refusal(fault)
        if refusal is not None:
            print(f"{variant.label}: {refusal}; its trials fail", file=sys.stderr)
        programs = participants_of(request.manifests[variant.workload], variant, testbed, links)
        known = expected.get(variant.index, {})
        specs[variant.index] = _spec(request, variant, programs, known, refusal)
    require_links(specs.values())
    return replace(request, links=links), specs


def _refusal(fault: BenchharnessError) -> str:
    """Return why a variant is not run; which one it is goes without saying."""
    if isinstance(fault, GateError):
        return f"the expected result cannot be known: {fault.what}"
    return BenchharnessError(fault.what, remedy=fault.remedy).line()


def without_needs(request: Request) -> dict[int, UsageError]:
    """Return the variants whose programs or modules are missing, with the first of them."""
    missing: dict[int, UsageError] = {}
    for variant in request.table.variants:
        try:
            require_needs(request.manifests[variant.workload], variant.factors)
        except UsageError as error:
            missing[variant.index] = error
    return missing


def _unprepared(
    request: Request, missing: Mapping[int, UsageError], faults: Faults, line: PreparationLine
) -> dict[int, UsageError]:
    """Prepare the variants that have what they need; return those that cannot be had here.

    Those that fail in another way are added to ``faults``.
    """
    not_here: dict[int, UsageError] = {}
    preparation = Preparation()
    variants = [each for each in request.table.variants if each.index not in missing]
    for number, variant in enumerate(variants, 1):
        manifest = request.manifests[variant.workload]
        if manifest.prepare is None:
            continue
        line.show(number, len(variants), variant.label)
        names = trial_names(manifest, variant)
        argv = expand_argv(manifest.prepare, names)
        try:
            preparation.prepare(manifest, variant.label, argv, child_environment(manifest, names))
        except NotHereError as error:
            not_here[variant.index] = error
        except UsageError as error:
            faults[variant.index] = error
    return not_here


def _missing_error(missing: Mapping[int, UsageError], *, skip_missing: bool) -> UsageError:
    """Return the first of what is missing, how many variants lack something, and every remedy."""
    first = missing[min(missing)]
    others = len(missing) - 1
    remedies = _remedies([missing[index].remedy for index in sorted(missing)])
    if skip_missing:
        return UsageError(f"nothing is left to run: {first.what}", remedy=remedies or None)
    lack = "1 more variant lacks" if others == 1 else f"{others} more variants lack"
    more = f" ({lack} something, too)" if others else ""
    remedy = f"{remedies}; " if remedies else ""
    return UsageError(
        f"{first.what}{more}",
        where=first.where,
        remedy=f"{remedy}or leave out what cannot be run: --skip-missing",
    )


def _remedies(remedies: Sequence[str | None]) -> str:
    """Return each remedy once: those that begin alike (``install it: ...``) are one list."""
    lists: dict[str, list[str]] = {}
    for remedy in dict.fromkeys(filter(None, remedies)):
        verb, colon, how = remedy.partition(": ")
        lists.setdefault(f"{verb}{colon}", []).append(how)
    return "; ".join(f"{verb}{', '.join(hows)}" for verb, hows in lists.items())


def _left_out(request: Request, missing: Mapping[int, UsageError]) -> list[LeftOut]:
    return [
        LeftOut(
            index=variant.index,
            label=variant.label,
            workload=variant.workload,
            factors=dict(variant.factors),
            reason="; ".join(words for words in (error.what, error.remedy) if words),
        )
        for variant in request.table.variants
        for error in [missing.get(variant.index)]
        if error is not None
    ]


def _expected(request: Request, faults: Faults, line: PreparationLine) -> dict[int, dict[str, Any]]:
    """Return what each variant must give; a program that computes a result is asked once for it.

    Variants without a known result are added to ``faults``; those that are there are left out.
    """
    known: dict[object, dict[str, Any] | GateError] = {}
    expected: dict[int, dict[str, Any]] = {}
    variants = [each for each in request.table.variants if each.index not in faults]
    for number, variant in enumerate(variants, 1):
        manifest = request.manifests[variant.workload]
        key = expected_key(manifest, variant.factors)
        if key not in known:
            line.show(number, len(variants), f"{variant.label}, the expected result")
            try:
                known[key] = expected_outputs(manifest, variant.factors)
            except GateError as error:
                known[key] = error
        found = known[key]
        if isinstance(found, GateError):
            faults[variant.index] = found
        else:
            expected[variant.index] = found
    return expected


def _spec(
    request: Request,
    variant: Variant,
    participants: tuple[Participant, ...],
    expected: Mapping[str, Any],
    refusal: str | None,
) -> VariantSpec:
    manifest, timeout_s = request.manifests[variant.workload], request.options.timeout_s
    module = manifest.module_path(variant.factors)
    return VariantSpec(
        index=variant.index,
        label=variant.label,
        workload=manifest.name,
        factors=variant.factors,
        participants=participants,
        timeout_s=timeout_s if timeout_s is not None else manifest.limits.timeout_s,
        memory_limit_bytes=manifest.limits.memory_bytes,
        module_bytes=module.stat().st_size if module is not None and module.exists() else None,
        check_outputs=partial(mismatches, expected, tolerance=manifest.expected.tolerance),
        refusal=refusal,
    )
