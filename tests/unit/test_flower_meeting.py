"""How clients find a SuperLink and learn of its end; what is told of Flower's logs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchharness.errors import GateError, UsageError
from benchharness.federated import flower_meeting as meeting
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_trouble import Trouble, last_words, tail


def test_a_link_is_found_where_the_server_says(tmp_path: Path) -> None:
    assert meeting.link(tmp_path) is None
    meeting.open_up(tmp_path, "127.0.0.1:4711", tls=True)
    found = meeting.link(tmp_path)
    assert found is not None
    assert (found.address, found.tls) == ("127.0.0.1:4711", True)
    meeting.open_up(tmp_path, "127.0.0.1:4711", tls=True)
    assert meeting.link(tmp_path) != found  # a server that came back is another one


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("0.0.0.0:9", "127.0.0.1:9"),
        ("[::]:9", "[::1]:9"),
        ("10.0.0.7:9", "10.0.0.7:9"),
        ("board.example:9", "board.example:9"),
    ],
)
def test_a_server_that_listens_everywhere_is_found_here(
    tmp_path: Path, address: str, near: str
) -> None:
    assert meeting.open_up(tmp_path, address, tls=True).address == near


def test_on_another_machine_it_is_found_by_the_options(tmp_path: Path) -> None:
    assert meeting.find(TaskConfig(), tmp_path) is None
    assert meeting.find(TaskConfig(address="0.0.0.0:9000"), tmp_path) is None
    there = meeting.find(TaskConfig(address="10.0.0.7:9000", tls=False), tmp_path)
    assert there == meeting.Link("10.0.0.7:9000", False, 0)
    meeting.open_up(tmp_path, "10.0.0.8:9000", tls=True)
    assert meeting.find(TaskConfig(address="10.0.0.7:9000"), tmp_path) == meeting.link(tmp_path)


def test_the_end_is_that_of_the_present_server(tmp_path: Path) -> None:
    opened = meeting.open_up(tmp_path, "127.0.0.1:1", tls=False)
    assert meeting.link(tmp_path) == opened
    assert meeting.end(tmp_path) is None
    meeting.close_down(tmp_path, meeting.End(False, "no client is left", 1, opened.start))
    found = meeting.end(tmp_path)
    assert found is not None
    assert (found.well, found.text, found.exit_code) == (False, "no client is left", 1)
    text = (tmp_path / "flower" / "ended.json").read_text()
    meeting.open_up(tmp_path, "127.0.0.1:1", tls=False)
    assert meeting.end(tmp_path) is None
    (tmp_path / "flower" / "ended.json").write_text(text)  # of the server before
    assert meeting.end(tmp_path) is None


def test_a_training_that_is_over_is_not_opened_again(tmp_path: Path) -> None:
    meeting.refuse_if_over(tmp_path)
    start = meeting.open_up(tmp_path, "127.0.0.1:1", tls=False).start
    meeting.refuse_if_over(tmp_path)  # its server was killed
    meeting.close_down(tmp_path, meeting.End(False, start=start))
    meeting.refuse_if_over(tmp_path)  # its clients still look for another one
    meeting.close_down(tmp_path, meeting.ended_by(GateError("no client is left"), start))
    found = meeting.end(tmp_path)
    assert found is not None
    assert (found.exit_code, found.final) == (1, True)
    with pytest.raises(GateError, match="has ended already: no client is left; take an empty"):
        meeting.refuse_if_over(tmp_path)
    meeting.close_down(tmp_path, meeting.End(True, start=start))
    with pytest.raises(GateError, match="it went through all its rounds"):
        meeting.refuse_if_over(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"address": "a:1"}', '{"tls": true}'])
def test_a_file_that_says_nothing_of_it_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "flower").mkdir()
    (tmp_path / "flower" / "superlink.json").write_text(text)
    with pytest.raises(
        UsageError, match=r"superlink\.json: does not say where .*; write \{"
    ) as got:
        meeting.link(tmp_path)
    assert "\n" not in str(got.value)


def test_no_half_file_is_ever_there(tmp_path: Path) -> None:
    meeting.open_up(tmp_path, "127.0.0.1:1", tls=False)
    assert [path.name for path in (tmp_path / "flower").iterdir()] == ["superlink.json"]
    assert set(json.loads((tmp_path / "flower" / "superlink.json").read_text())) == {
        "address",
        "tls",
        "start",
    }


LOG = (
    "\x1b[92mINFO \x1b[0m:      Starting Flower SuperLink\n"
    "2026-01-02T03:04:05.678Z INFO [uvicorn.error] Started\n"
    "\x1b[91mERROR \x1b[0m:     ServerApp raised an exception\n"
    "Traceback (most recent call last):\n"
    "ValueError: it is broken\n"
    "\x1b[93mWARNING \x1b[0m:   Connection attempt failed\n"
    "and more of it\n"
    "\x1b[91mERROR \x1b[0m:     Exit Code: 201\n"
)


def test_errors_are_told_with_their_tracebacks_and_nothing_else(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    trouble = Trouble(log, tmp_path / "never.log")
    assert list(trouble.look()) == []
    log.write_text(LOG)
    assert list(trouble.look()) == [
        "ERROR :     ServerApp raised an exception",
        "Traceback (most recent call last):",
        "ValueError: it is broken",
        "ERROR :     Exit Code: 201",
    ]
    assert list(trouble.look()) == []


@pytest.mark.parametrize("cut", range(0, len(LOG), 17))
def test_it_does_not_matter_when_one_looks(tmp_path: Path, cut: int) -> None:
    log = tmp_path / "run.log"
    trouble = Trouble(log)
    log.write_text(LOG[:cut])
    lines = list(trouble.look())
    log.write_text(LOG)
    lines += trouble.look()
    assert len(lines) == 4


def test_the_end_of_a_log_is_told_without_its_colours(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    assert tail(log) == []
    log.write_text("x" * 20000 + "\n" + LOG + "\n\n")
    assert tail(log, 2) == ["and more of it", "ERROR :     Exit Code: 201"]
    assert len(tail(log)) == 9


def test_last_words_pass_over_what_says_nothing(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    assert last_words(log) == ""
    log.write_text(LOG + "\nFor more information, visit: <https://flower.example/201>\n\n")
    assert last_words(log) == "ERROR :     Exit Code: 201"
