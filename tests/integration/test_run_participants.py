"""A trial of several programs: a server beside the one that is measured, several that are."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchharness.clock import MonotonicClock
from benchharness.model import Status
from benchharness.report.derive import derive_campaign
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, TrialPlan, TrialResult
from benchharness.trial.cgroup_factory import CgroupFactory
from benchharness.trial.engine import Engine
from benchharness.trial.spec import Participant, TrialOptions, VariantSpec
from benchharness.trial.watch import Equipment
from tests.integration.harness import Harness, processes_with, wait_for_process

# Found in a command line of the server and of nothing else.
MARK = "the-server-of-this-test"
SERVER = """
import signal, socket, sys, threading, time
from pathlib import Path
from benchharness import events

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
listener = socket.create_server(("127.0.0.1", 0))
end = time.process_time() + 0.3
while time.process_time() < end:
    pass
Path(sys.argv[1], "port").write_text(str(listener.getsockname()[1]))
events.window_start()  # not the trial's
events.ready()
served = 0
try:
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"hello")
        served += 1
finally:
    events.output("served", served)
"""
CLIENT = """
import socket, sys
from pathlib import Path
from benchharness import events

port = int(Path(sys.argv[1], "port").read_text())
for _ in range(3):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        assert connection.recv(5) == b"hello"
events.output("said", "done")
"""
READY = "from benchharness import events\nevents.ready()\n"


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    return Harness(tmp_path)


def workload(harness: Harness, *, server: str, main: str, more: str = "", top: str = "") -> str:
    folder = harness.folder / "mine"
    folder.mkdir()
    (folder / "server.py").write_text(server)
    (folder / "main.py").write_text(main)
    (folder / "workload.toml").write_text(
        'name = "mine"\nargv = ["{python}", "{workload}/main.py", "{shared}"]\n' + top + "\n"
        "[participants.server]\n"
        f'argv = ["{{python}}", "{{workload}}/server.py", "{{shared}}", "{MARK}"]\n'
        'role = "support"\n' + more
    )
    return "./mine"


def stored(harness: Harness) -> Any:
    with Store.open(harness.results) as store:
        result = store.trials(store.campaign("last").id)[0].result
    assert result is not None
    return result


def test_a_server_is_there_before_and_after_the_program_that_it_serves(harness: Harness) -> None:
    target = workload(
        harness,
        server=SERVER,
        main=CLIENT,
        top='[expected.outputs]\nserved = 3\nsaid = "done"\n[env]\nSHARED = "{shared}/x"',
    )
    outcome = harness.run("--warmup", "1", target)
    assert outcome.code == 0, outcome.stdout
    (trial,) = outcome.document["trials"]
    assert (trial["status"], trial["outputs"]) == ("ok", {"served": 3, "said": "done"})
    result = stored(harness)
    server, main = (result.details["participants"][name] for name in ("server", "main"))
    assert (server["role"], server["exit_code"]) == ("support", 0)
    assert (main["role"], main["exit_code"], result.exit_code) == ("main", 0, 0)
    # What the server used is in its own account; the window is the main program's.
    assert server["cpu_s"] > 0.3
    assert trial["cpu_s"] == pytest.approx(main["cpu_s"])
    assert trial["memory_peak_bytes"] == main["memory_peak_bytes"]
    assert (result.window_start_ns, result.window_end_ns) == (main["started_ns"], main["ended_ns"])
    assert server["started_ns"] < main["started_ns"] < main["ended_ns"] < server["ended_ns"]
    assert trial["warnings"] == []
    assert processes_with(MARK) == []


def test_programs_know_which_repetition_they_are_of(harness: Harness) -> None:
    tell = "import os\nfrom benchharness import events\n"
    target = workload(
        harness,
        server=tell + READY + "events.output('server', os.environ['RUN'])\nimport time\n"
        "time.sleep(60)",
        main=tell + "events.output('main', os.environ['RUN'])",
        top='[env]\nRUN = "run {repetition}"',
    )
    outcome = harness.run("--repeat", "3", "--warmup", "1", target)
    assert outcome.code == 0, outcome.stdout
    told = {trial["repetition"]: trial["outputs"] for trial in outcome.document["trials"]}
    assert told == {n: {"server": f"run {n}", "main": f"run {n}"} for n in range(3)}


@pytest.mark.alone
def test_the_cpu_share_of_a_marked_window_leaves_the_server_out(harness: Harness) -> None:
    busy = "import time\nevents.ready()\nend = time.monotonic() + 60\n"
    server = "from benchharness import events\n" + busy + "while time.monotonic() < end: pass\n"
    main = (
        "import time\nfrom benchharness import events\nwith events.window():\n    time.sleep(0.8)\n"
    )
    outcome = harness.run("--probe-hz", "20", workload(harness, server=server, main=main))
    assert outcome.code == 0, outcome.stdout
    (trial,) = outcome.document["trials"]
    server_use = stored(harness).details["participants"]["server"]
    assert server_use["exit_code"] == -signal.SIGTERM  # it is asked to end, and that is how
    assert server_use["cpu_s"] > 0.3
    assert trial["cpu_s"] < 0.3
    with Store.open(harness.results) as store:
        percent = derive_campaign(store, "last").trials[0].cpu_percent
    assert percent is not None
    assert percent < 25.0


@pytest.mark.parametrize(
    ("server", "more", "reason"),
    [
        (
            "import time; time.sleep(60)",
            "ready_timeout_s = 0.3\n",
            "server: not ready within 300 ms",
        ),
        (
            "import sys; sys.exit('no port is free')",
            "",
            "server: ended before it was ready: exit code 1: no port is free",
        ),
        (
            READY + "import sys, time; time.sleep(0.3); sys.exit('out of luck')",
            "",
            "server: ended before the main program did: exit code 1: out of luck",
        ),
        (
            READY + "import time; time.sleep(0.3)",
            "",
            "server: ended before the main program did: exit code 0",
        ),
        (
            READY + "import signal, sys, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit('2 answers were lost'))\n"
            "time.sleep(60)",
            'env = {MAIN_SLEEPS = "0"}\n',
            "server: exit code 1: 2 answers were lost",
        ),
    ],
)
def test_a_server_that_fails_fails_its_trial_in_one_line(
    harness: Harness, server: str, more: str, reason: str
) -> None:
    quick = "MAIN_SLEEPS" in more
    main = "pass" if quick else "import time; time.sleep(60)"
    target = workload(harness, server=server, main=main, more=more)
    start = time.monotonic()
    outcome = harness.run(target)
    assert time.monotonic() - start < 30  # nobody has waited for the main program's minute
    assert outcome.code == 1
    (trial,) = outcome.document["trials"]
    assert trial["status"] == "failed"
    assert trial["reason"].startswith(reason)
    assert "\n" not in trial["reason"]
    assert processes_with(MARK) == []


def test_a_server_that_cannot_be_started_fails_its_trial_and_the_next_is_run(
    harness: Harness,
) -> None:
    target = workload(harness, server="", main="pass")
    manifest = harness.folder / "mine" / "workload.toml"
    head, participants = manifest.read_text().split("[participants.server]")
    broken = participants.replace("{python}", "/no/such/program")
    manifest.write_text(f"{head}[participants.server]{broken}")
    outcome = harness.run("--repeat", "2", target)
    assert outcome.code == 1
    trials = outcome.document["trials"]
    assert [trial["status"] for trial in trials] == ["failed", "failed"]
    assert "server: ended before it was ready: exit code 127" in trials[0]["reason"]
    assert "/no/such/program" in trials[0]["reason"]


def test_a_main_program_that_fails_or_hangs_takes_its_server_along(harness: Harness) -> None:
    target = workload(harness, server=SERVER, main="import sys; sys.exit('no line 17')")
    outcome = harness.run(target)
    (trial,) = outcome.document["trials"]
    assert (trial["status"], trial["reason"]) == ("failed", "main: exit code 1: no line 17")
    assert trial["outputs"] == {"served": 0}
    assert processes_with(MARK) == []
    (harness.folder / "mine" / "main.py").write_text("import time; time.sleep(60)")
    outcome = harness.run("--timeout", "0.5", target)
    (trial,) = outcome.document["trials"]
    assert trial["status"] == "timeout"
    assert trial["outputs"] == {"served": 0}
    assert processes_with(MARK) == []


def test_ctrl_c_leaves_no_server_behind(harness: Harness) -> None:
    mark = "86394.25"
    main = f"import subprocess; subprocess.run(['sleep', '{mark}'])"
    target = workload(harness, server=SERVER, main=main)
    process = harness.start("run", "--meter", "none", "--idle", "0", target)
    wait_for_process(process, mark)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert processes_with(MARK) + processes_with(mark) == []


def test_several_main_programs_are_measured_together(harness: Harness) -> None:
    folder = harness.folder / "both"
    folder.mkdir()
    (folder / "side.py").write_text(
        "import sys, time\nfrom benchharness import events\n"
        "time.sleep(float(sys.argv[2]))\nevents.metric('waited', float(sys.argv[2]), 's')\n"
        "events.output(sys.argv[1], 1)\nevents.output('name', sys.argv[1])\n"
    )
    (folder / "workload.toml").write_text(
        'name = "both"\n'
        "[participants.client]\n"
        'argv = ["{python}", "{workload}/side.py", "client", "0.1"]\n'
        "[participants.server]\n"
        'argv = ["{python}", "{workload}/side.py", "server", "0.5"]\n'
    )
    outcome = harness.run("./both")
    assert outcome.code == 0, outcome.stdout
    (trial,) = outcome.document["trials"]
    assert trial["outputs"] == {"client": 1, "server": 1, "name": "client"}
    assert any("'name' of 'server' was left out" in line for line in trial["warnings"])
    uses = stored(harness).details["participants"]
    assert trial["cpu_s"] == pytest.approx(uses["client"]["cpu_s"] + uses["server"]["cpu_s"])
    assert 0.5 < trial["duration_s"] < 5
    assert uses["client"]["ended_ns"] < uses["server"]["ended_ns"]


def test_a_server_that_does_not_listen_to_sigterm_is_killed_and_fails_the_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("outcome", "programs"):
        monkeypatch.setattr(f"benchharness.trial.{module}.SUPPORT_END_S", 0.3)
    deaf = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    result = run_one(tmp_path, main="pass", server=f"{deaf}{READY}time.sleep(60)")
    assert (result.status, result.reason) == (
        Status.FAILED,
        "server: did not end within 300 ms of SIGTERM: killed",
    )
    assert processes_with(MARK) == []


def test_nothing_is_left_whatever_goes_wrong_in_the_harness(tmp_path: Path) -> None:
    def fail(stage: str, _elapsed_s: float, _expected_s: float | None) -> None:
        raise RuntimeError(f"the terminal has gone while {stage}")

    script = f"{READY}import time; time.sleep(60)"
    with pytest.raises(RuntimeError, match="while window"):
        run_one(tmp_path, main=script, server=script, tick=fail)
    assert processes_with(MARK) == []


def run_one(
    folder: Path, *, main: str, server: str, tick: Callable[..., None] = lambda *_: None
) -> TrialResult:
    """Run a trial of two programs in this process."""
    environment = dict(os.environ)

    def words(script: str) -> tuple[str, ...]:
        return (sys.executable, "-c", f"# {MARK}\n{script}")

    participants = (
        Participant("main", words(main), environment),
        Participant("server", words(server), environment, role="support"),
    )
    spec = VariantSpec(index=0, label="x", workload="x", factors={}, participants=participants)
    options = TrialOptions(idle_s=0, settle_s=0)
    equipment = Equipment(MonotonicClock(), (), options, CgroupFactory(), tick)
    with Store.open(folder / "results.db") as store:
        campaign = CampaignRecord("0" * 8, "", 0, 0, "", "", "", {}, {})
        store.add_campaign(campaign)
        store.plan_trials(campaign.id, [TrialPlan(0, 0, 0, "x", {})])
        return Engine(store, equipment).run(store.trials(campaign.id)[0], spec)
