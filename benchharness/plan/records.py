"""A workload as its manifest declares it, in frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchharness.model import Factors, Role
from benchharness.plan.factors import Conditions, Factor, satisfied
from benchharness.plan.templates import expand, template_names


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A combination of levels that makes no sense, and the ``file:line`` that says so."""

    levels: Conditions
    where: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be on the machine: programs on PATH, Python modules, extras of benchharness.

    ``when`` restricts them to some levels, for example a compiler to runtime=native.
    """

    programs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    when: Conditions = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a trial may use; None is no limit."""

    timeout_s: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """The outputs of a right result.

    ``program`` is an argv template that prints them as one JSON object; ``outputs`` are the
    same for every variant. Floats may differ by ``tolerance``, relative.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    program: tuple[str, ...] | None = None
    tolerance: float = 1e-9
    timeout_s: float = 60.0

    def __bool__(self) -> bool:
        return bool(self.outputs) or self.program is not None


READY_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Program:
    """A participant as the manifest declares it: ``argv``, ``env`` and ``count`` are templates.

    A "main" program is what is measured. A "support" program (a server) is started before it,
    says when it is ready, within ``ready_timeout_s``, and is ended after it. With ``count`` there
    are several: NAME-1 to NAME-N, which know their ``{index}``. ``when`` restricts it to some
    levels. One that ends with an error is started again, ``restart`` times at most; one that
    ``may_leave`` does not fail the trial then. ``on_device``: it takes a place in the testbed,
    in the power mode of the template ``power_mode`` (empty: the device's own), and with
    ``start_at_full_speed`` is held to its share once it has said that it has started.
    ``network`` is a template of its link (plan/link_file.py), or "hub" for the program that the
    others connect to, ``shaping`` one of who keeps the links: auto, kernel or program; None says
    nothing of it. ``where`` is the ``file:line`` that declares it.
    """

    name: str
    argv: tuple[str, ...]
    role: Role = "main"
    env: Mapping[str, str] = field(default_factory=dict)
    ready_timeout_s: float = READY_TIMEOUT_S
    count: str | None = None
    when: Conditions = field(default_factory=dict)
    restart: int = 0
    may_leave: bool = False
    on_device: bool = False
    power_mode: str = ""
    start_at_full_speed: bool = False
    network: str | None = None
    shaping: str | None = None
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A workload: what to run, what may be varied, what it needs, what it must answer.

    ``source`` is how messages name the file.
    ``argv``, ``prepare``, ``env`` and ``module_file`` are templates (plan/templates.py).
    ``restart`` is how often ``argv`` is started again if it ends with an error, ``network`` and
    ``shaping`` are its link's, as of other programs. ``participants`` are the programs beside it;
    it may be empty if one of them is a main program.
    ``prepare`` runs once per variant before the trials, outside every window. ``needs`` has one
    entry for all variants and one for each condition. An ad-hoc command (``-- COMMAND``) runs in
    ``folder``, the user's current one, with the user's environment.
    """

    name: str
    title: str
    folder: Path
    argv: tuple[str, ...]
    description: str = ""
    source: str = ""
    file: Path | None = None
    prepare: tuple[str, ...] | None = None
    factors: Mapping[str, Factor] = field(default_factory=dict)
    exclude: tuple[Exclusion, ...] = ()
    needs: tuple[Needs, ...] = ()
    limits: Limits = Limits()
    expected: Expected = Expected()
    env: Mapping[str, str] = field(default_factory=dict)
    module_file: str | None = None
    module_when: Conditions = field(default_factory=dict)
    ad_hoc: bool = False
    restart: int = 0
    network: str | None = None
    shaping: str | None = None
    participants: tuple[Program, ...] = ()

    def programs(self) -> tuple[Program, ...]:
        """Return every program of a trial: ``argv`` as "main", then the participants."""
        main = Program(
            "main",
            self.argv,
            restart=self.restart,
            network=self.network,
            shaping=self.shaping,
            where=self.source,
        )
        own = (main,) if self.argv else ()
        return (*own, *self.participants)

    def module_path(self, factors: Factors) -> Path | None:
        """Return the file whose size is the variant's module size; None if it has no module."""
        if self.module_file is None or not satisfied(self.module_when, factors):
            return None
        return Path(expand(self.module_file, template_names(self.folder, factors)))

    def needed(self, factors: Factors) -> Needs:
        """Return everything that a variant with these factors needs."""
        met = [needs for needs in self.needs if satisfied(needs.when, factors)]
        return Needs(
            programs=tuple(dict.fromkeys(name for needs in met for name in needs.programs)),
            modules=tuple(dict.fromkeys(name for needs in met for name in needs.modules)),
            extras=tuple(dict.fromkeys(name for needs in met for name in needs.extras)),
        )
