"""The programs of a manifest: the one at the top, and the participants."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.plan.manifest import load_manifest
from benchharness.plan.records import Program

HEAD = 'name = "x"\nargv = ["client", "{shared}/port"]\n'
SERVER = '[participants.server]\nargv = ["server", "{shared}", "{scratch}"]\n'


def load(tmp_path: Path, text: str) -> tuple[Program, ...]:
    file = tmp_path / "workload.toml"
    file.write_text(text)
    return load_manifest(file).programs()


def test_a_support_program_stands_beside_the_one_that_is_measured(tmp_path: Path) -> None:
    text = HEAD + SERVER + 'role = "support"\nready_timeout_s = 30\nenv = {LOG = "{shared}/log"}\n'
    main, server = load(tmp_path, text)
    assert main == Program("main", ("client", "{shared}/port"))
    assert server == Program(
        "server", ("server", "{shared}", "{scratch}"), "support", {"LOG": "{shared}/log"}, 30.0
    )


def test_several_main_programs_need_none_at_the_top(tmp_path: Path) -> None:
    text = (
        'name = "x"\n[participants.client-1]\nargv = ["a"]\n'
        '[participants.client-2]\nargv = ["b"]\nrole = "main"\n'
    )
    assert [(p.name, p.role) for p in load(tmp_path, text)] == [
        ("client-1", "main"),
        ("client-2", "main"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            'name = "x"\n' + SERVER + 'role = "support"',
            '1: argv: is missing; write argv = ["program", "argument"]',
        ),
        (
            HEAD + SERVER + 'role = "suport"',
            "5: participants.server.role: unknown role 'suport'; did you mean 'support'?",
        ),
        (
            HEAD + SERVER + "ready_timeout_s = 3",
            "5: participants.server.ready_timeout_s: is for support programs only; "
            'add role = "support"',
        ),
        (
            HEAD + '[participants.server]\nrole = "support"',
            '3: participants.server.argv: is missing; write argv = ["program", "argument"]',
        ),
        (
            HEAD + '[participants.main]\nargv = ["b"]',
            "3: participants.main: 'main' cannot name a participant; "
            "use a-z, 0-9, - and _, but not 'main' or 'harness'",
        ),
        (
            HEAD + '[participants.server]\nargv = ["{port}"]',
            "4: participants.server.argv[0]: unknown placeholder 'port'; did you mean 'python'?",
        ),
        (
            HEAD + 'prepare = ["make", "{shared}"]',
            "3: prepare[1]: unknown placeholder 'shared'; "
            "known: python, scratch, wasm_modules, workload",
        ),
    ],
)
def test_a_wrong_participant_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert caught.value.line().endswith(f"workload.toml:{line}")
