"""Templates expand to arguments, one for one, and cannot compute."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import FactorValue
from benchharness.plan.templates import (
    check_template,
    escape,
    expand,
    expand_argv,
    placeholders,
    template_names,
)


def test_placeholders_become_values_and_each_argument_stays_one() -> None:
    names: dict[str, FactorValue] = {"n": 5, "text": "a b; $(rm)", "rate": 0.1, "on": True}
    argv = expand_argv(("--n={n}", "{text}", "{rate}", "{on}", "{{n}}"), names)
    assert argv == ("--n=5", "a b; $(rm)", "0.1", "true", "{n}")


def test_a_value_with_braces_is_not_expanded_again() -> None:
    assert expand("{text}", {"text": "{n}", "n": 1}) == "{n}"


@given(st.text())
def test_an_escaped_text_expands_to_itself(text: str) -> None:
    assert expand(escape(text), {}) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_keeps_its_full_precision(value: float) -> None:
    assert float(expand("{x}", {"x": value})) == value


@pytest.mark.parametrize(
    "template", ["{n:>5}", "{n!r}", "{n.real}", "{n[0]}", "{}", "{0}", "{a b}", "{n", "n}", "{"]
)
def test_anything_but_a_plain_name_is_refused(template: str) -> None:
    with pytest.raises(UsageError, match=r"^file:1: argv: .*double"):
        placeholders(template, "file:1: argv")


def test_an_unknown_placeholder_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        check_template("{workloads}/x", ("python", "workload", "n"), "workload.toml:3: argv[0]")
    assert caught.value.line() == (
        "workload.toml:3: argv[0]: unknown placeholder 'workloads'; did you mean 'workload'?"
    )


def test_the_built_in_names_are_known_and_scratch_only_where_there_is_one() -> None:
    names = template_names(Path("/w"), {"n": 1}, Path("/scratch"))
    assert names["python"] == sys.executable
    assert names["workload"] == "/w"
    assert str(names["wasm_modules"]).endswith("wasm_modules")
    assert (names["scratch"], names["n"]) == ("/scratch", 1)
    assert template_names(Path("/w"), {}, "/scratch", "/shared")["shared"] == "/shared"
    in_trial = template_names(Path("/w"), {}, "/scratch", "/shared", "2")
    assert expand("{shared}/{repetition}", in_trial) == "/shared/2"
    for name in ("shared", "repetition"):
        with pytest.raises(UsageError, match=f"{{{name}}} has a value in a trial only"):
            expand(f"{{{name}}}", names)
    with pytest.raises(UnknownNameError, match="unknown placeholder 'scratch'"):
        expand("{scratch}", template_names(Path("/w"), {}))
