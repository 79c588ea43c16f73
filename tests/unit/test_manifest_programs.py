"""The programs of a manifest: the one at the top, and the participants."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.plan.manifest import load_manifest
from benchharness.plan.records import Program

HEAD = 'name = "x"\nargv = ["client", "{shared}/port"]\n'
SERVER = '[participants.server]\nargv = ["server", "{shared}", "{scratch}"]\n'
CLIENTS = '[factors.clients]\ntype = "int"\ndefault = 8\n'
CLIENT = '[participants.client]\nargv = ["client", "{index}", "{count}"]\n'


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


def test_clients_are_counted_placed_and_allowed_to_fail(tmp_path: Path) -> None:
    text = (
        HEAD.replace("\n", "\nrestart = 2\n", 1)
        + CLIENTS
        + '[factors.engine]\ntype = "str"\ndefault = "a"\nlevels = ["a", "b"]\n'
        + CLIENT
        + 'count = "{clients}"\nwhen = {engine = "b", clients = [4, 8]}\nrestart = 100\n'
        + 'may_leave = true\non_device = true\nenv = {ME = "{index}"}\n'
        + 'power_mode = "{engine}{index}"\nstart_at_full_speed = true\n'
    )
    main, client = load(tmp_path, text)
    assert main == Program("main", ("client", "{shared}/port"), restart=2)
    assert client == Program(
        "client",
        ("client", "{index}", "{count}"),
        env={"ME": "{index}"},
        count="{clients}",
        when={"engine": ("b",), "clients": (4, 8)},
        restart=100,
        may_leave=True,
        on_device=True,
        power_mode="{engine}{index}",
        start_at_full_speed=True,
    )
    assert client.where.endswith("workload.toml:11")
    assert load(tmp_path, HEAD + CLIENT + "count = 1_000")[1].count == "1000"


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
            "3: prepare[1]: {shared} has a value in a trial only; "
            "use it in an argv or env of the workload's programs",
        ),
        (
            HEAD + '[expected]\nprogram = ["answer", "{repetition}"]',
            "4: expected.program[1]: {repetition} has a value in a trial only; "
            "use it in an argv or env of the workload's programs",
        ),
        (
            HEAD + CLIENT + 'count = "{repetition}"',
            "5: participants.client.count: {repetition} has a value in a trial only; "
            "use it in an argv or env of the workload's programs",
        ),
        (
            HEAD + "[factors.repetition]\ndefault = 1",
            "3: factors.repetition: 'repetition' cannot name a factor; "
            "use a-z, 0-9 and _, and no built-in name",
        ),
        (
            HEAD + CLIENT,
            "4: participants.client.argv[1]: unknown placeholder 'index'; "
            "known: python, repetition, scratch, shared, wasm_modules, workload",
        ),
        (
            HEAD + CLIENT + "count = 0",
            "5: participants.client.count: expected at least 1, got 0",
        ),
        (
            HEAD + CLIENT + "count = 1001",
            "5: participants.client.count: expected at most 1000, got 1001",
        ),
        (
            HEAD + CLIENT + "count = 2.0",
            "5: participants.client.count: expected an integer, got a number",
        ),
        (
            HEAD + CLIENT + "count = true",
            "5: participants.client.count: expected an integer, got a boolean",
        ),
        (
            HEAD + CLIENT + 'count = "8"',
            "5: participants.client.count: expected an integer or a template such as "
            "'{clients}', got '8'; leave the quotes out",
        ),
        (
            HEAD + CLIENTS + CLIENT + 'count = "{client}"',
            "8: participants.client.count: unknown placeholder 'client'; did you mean 'clients'?",
        ),
        (
            HEAD + '[factors.index]\ntype = "int"\ndefault = 1\n' + CLIENT + "count = 2",
            "8: participants.client.count: a participant with a count knows its {index}, which "
            "is a factor here; call the factor something else than 'index'",
        ),
        (
            HEAD + CLIENTS + CLIENT + "count = 2\nwhen = {clients = 2, client = 3}",
            "9: participants.client.when.client: unknown factor 'client'; did you mean 'clients'?",
        ),
        (
            HEAD + CLIENT + 'count = 2\nwhen = {clients = "all"}',
            "6: participants.client.when.clients: unknown factor 'clients'; there are none",
        ),
        (
            HEAD + CLIENT + "count = 2\nrestart = 101",
            "6: participants.client.restart: expected at most 100, got 101",
        ),
        (
            HEAD + CLIENT + "count = 2\nrestart = -1",
            "6: participants.client.restart: expected at least 0, got -1",
        ),
        (
            HEAD + CLIENT + 'count = 2\nmay_leave = "yes"',
            "6: participants.client.may_leave: expected true or false, got a string",
        ),
        (
            HEAD + SERVER + 'role = "support"\nmay_leave = true',
            "6: participants.server.may_leave: is for main programs only; leave it out",
        ),
        (
            HEAD + CLIENT + "start_at_full_speed = true",
            "5: participants.client.start_at_full_speed: is for programs on devices; "
            "add on_device = true",
        ),
        (
            HEAD + SERVER + 'on_device = true\npower_mode = "{wasm}"',
            "6: participants.server.power_mode: unknown placeholder 'wasm'; "
            "did you mean 'wasm_modules'?",
        ),
        (
            HEAD + SERVER + 'role = "support"\non_device = false',
            "6: participants.server.on_device: is for main programs only; leave it out",
        ),
        (
            HEAD + CLIENT + "count = 2\nrestarts = 1",
            "6: participants.client: unknown key 'restarts'; did you mean 'restart'?",
        ),
        (
            'name = "x"\nrestart = 1\n' + CLIENT + "count = 2",
            "2: restart: is for argv, which is missing; write it beside argv",
        ),
    ],
)
def test_a_wrong_participant_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert caught.value.line().endswith(f"workload.toml:{line}")
