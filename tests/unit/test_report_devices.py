"""Power, joules and seconds of each device: drawn series, bars, tables, against known loads."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchharness.model import CampaignSummary, ParticipantSummary, PhaseUse
from benchharness.report.derive import derive_campaign
from benchharness.report.device_rows import not_counted
from benchharness.report.device_series import bar_seconds, read_devices, spans_of
from benchharness.report.device_tables import device_tables
from benchharness.report.figures_devices import device_axes, draw_device
from benchharness.report.html_participants import (
    participants_view,
    shown_devices,
    whole_stack,
    whole_time_stack,
)
from benchharness.report.participant_stacks import PartsRow, energy_rows, parts_stack, time_rows
from benchharness.report.participants_shown import some_of_each, time_unit, watt_hours
from benchharness.report.phase_kinds import ENGINE, OTHER, clients, phase_kinds
from benchharness.report.stored_testbed import stored_testbed
from benchharness.store.database import Store
from tests.unit.device_store import BOARDS, Federated, campaign
from tests.unit.federated_samples import (
    D14,
    QUICK,
    FederatedStore,
    Shape,
    federated_campaign,
)
from tests.unit.report_samples import SampleStore, sample_campaign

EXACT_J = [6 * (b.train_s * b.busy_w + (20.0 - b.train_s) * b.idle_w) for b in BOARDS]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("devices")
    with campaign(path, [Federated(scale=scale) for scale in (1.0, 1.01, 0.99)]) as opened:
        yield opened


@pytest.fixture(scope="module")
def summary(store: Store) -> CampaignSummary:
    return derive_campaign(store, "last")


@pytest.fixture(scope="module")
def quick() -> CampaignSummary:
    return federated_campaign(QUICK)


def test_bars_have_the_joules_of_the_window(summary: CampaignSummary, store: Store) -> None:
    found = read_devices(store, summary.trials[0], phase_kinds(summary.trials))
    assert found is not None
    assert found.bar_s == 5.0  # 120 s: 24 bars
    assert [len(device.bars_j) for device in found.devices] == [24, 24, 24]
    for device, exact_j in zip(found.devices, EXACT_J, strict=True):
        assert device.bars_j.sum() == pytest.approx(exact_j, rel=0.02)


def test_bars_of_a_late_plug_have_the_joules_of_its_figure(tmp_path: Path) -> None:
    meta = {board.name: {"latency_bound_s": 1.5} for board in BOARDS}
    with campaign(tmp_path, [Federated(meta=meta)]) as late:
        derived = derive_campaign(late, "last")
        found = read_devices(late, derived.trials[0], phase_kinds(derived.trials))
    assert found is not None
    for device in found.devices:
        figure = device.participant.energy
        assert figure is not None
        assert device.bars_j.sum() == pytest.approx(figure.gross_j.value, rel=1e-9)


def test_the_plateau_is_the_power_at_work(summary: CampaignSummary, store: Store) -> None:
    found = read_devices(store, summary.trials[0], phase_kinds(summary.trials))
    assert found is not None
    plateaus = [device.plateau_w for device in found.devices]
    assert plateaus == pytest.approx([board.busy_w for board in BOARDS], abs=0.01)


def test_two_readings_at_work_are_no_plateau(tmp_path: Path) -> None:
    with campaign(tmp_path, [Federated(poll_s=15.0)]) as store:  # 3 s of each 20 s: 2 readings
        derived = derive_campaign(store, "last")
        found = read_devices(store, derived.trials[0], phase_kinds(derived.trials))
    assert found is not None
    plateaus = {device.participant.device: device.plateau_w for device in found.devices}
    assert plateaus["orin"] is None
    assert plateaus["pi"] == pytest.approx(6.0)


def test_a_silent_plug_leaves_bars_without_joules(tmp_path: Path) -> None:
    with campaign(tmp_path, [Federated(until_s={"nano": 60.0})]) as store:
        derived = derive_campaign(store, "last")
        found = read_devices(store, derived.trials[0], phase_kinds(derived.trials))
    assert found is not None
    nano = next(d for d in found.devices if d.participant.device == "nano")
    assert np.isfinite(nano.bars_j[:12]).all()
    assert np.isnan(nano.bars_j[13:]).all()  # never 0 J


def test_devices_without_a_plug_are_not_drawn(tmp_path: Path) -> None:
    with campaign(tmp_path, [Federated(metered=["orin"])]) as store:
        derived = derive_campaign(store, "last")
        found = read_devices(store, derived.trials[0], phase_kinds(derived.trials))
    assert found is not None
    assert [d.participant.device for d in found.devices] == ["orin"]


@pytest.mark.parametrize(
    ("window_s", "period_s", "bar_s"),
    [
        (79_200.0, 30.0, 120.0),
        (1_200.0, 1.0, 120.0),
        (1_199.0, 1.0, 60.0),
        (240.0, 1.0, 10.0),
        (240.0, 30.0, 60.0),
        (3.0, 0.1, 1.0),
    ],
)
def test_bars_are_two_minutes_or_shorter(window_s: float, period_s: float, bar_s: float) -> None:
    assert bar_seconds(window_s, period_s) == bar_s


def test_spans_that_touch_are_one(quick: CampaignSummary) -> None:
    kinds = phase_kinds(quick.trials)
    spans = spans_of(quick.trials[0], "client-1", kinds)
    assert {span.name for span in spans} == {"train", "evaluate", ENGINE, "wait"}
    pairs = list(itertools.pairwise(spans))
    assert all(a.name != b.name or b.start_s - a.end_s >= 1e-3 for a, b in pairs)
    trained = sum(s.end_s - s.start_s for s in spans if s.name == "train")
    own = next(p for p in quick.trials[0].participants if p.name == "client-1")
    assert trained == pytest.approx(next(u.duration_s for u in own.phases if u.name == "train"))


def test_parts_sum_to_the_total(summary: CampaignSummary) -> None:
    kinds = phase_kinds(summary.trials)
    joules = energy_rows(summary.trials, kinds)
    assert [row.label for row in joules] == ["orin", "nano", "pi"]
    for row, exact_j in zip(joules, EXACT_J, strict=True):
        assert row.total == pytest.approx(exact_j, rel=0.01)
        assert sum(row.parts.values()) == pytest.approx(row.total, rel=0.003)
        assert row.half is not None
        assert row.half > 0
    seconds = time_rows(summary.trials, kinds)
    for row, board in zip(seconds, BOARDS, strict=True):
        assert row.total == pytest.approx(120.0)
        assert row.parts["train"] == pytest.approx(6 * board.train_s)
        assert row.parts["wait"] == pytest.approx(120.0 - 6 * board.train_s)


def test_what_cannot_be_divided_is_drawn_as_one_part(quick: CampaignSummary) -> None:
    trial = quick.trials[0]
    participants = tuple(
        replace(p, phases=tuple(replace(u, energy_j=None) for u in p.phases))
        for p in trial.participants
    )
    kinds = phase_kinds([trial])
    rows = energy_rows([replace(trial, participants=participants)], kinds)
    assert all(row.unknown and list(row.parts) == [OTHER] for row in rows)
    stack = parts_stack("Energy", rows, kinds, "J")
    assert stack is not None
    assert {segment.name for row in stack.rows for segment in row.segments} == {"not divided"}


def test_bars_and_whiskers_stay_inside(quick: CampaignSummary) -> None:
    kinds = phase_kinds(quick.trials)
    stack = parts_stack("Energy", energy_rows(quick.trials[:1], kinds), kinds, "J")
    assert stack is not None
    assert (stack.unit, stack.second) == ("J", "mWh")
    for row in stack.rows:
        assert row.whisker is not None
        low, high = row.whisker
        end = row.segments[-1].start + row.segments[-1].width
        assert low < end < high <= 100.0


def test_totals_far_apart_are_shares(quick: CampaignSummary) -> None:
    kinds = phase_kinds(quick.trials)
    rows = [
        PartsRow("short", {"train": 0.5, "wait": 0.5}, 1.0),
        PartsRow("long", {"train": 1.0, "wait": 199.0}, 200.0),
    ]
    stack = parts_stack("Time", rows, kinds, "s")
    assert stack is not None
    assert stack.shares
    assert "shares" in stack.note
    assert [segment.width for segment in stack.rows[0].segments] == [50.0, 50.0]
    assert [name for name, _ in stack.legend] == ["train", "wait"]
    near = parts_stack("Time", [rows[0], replace(rows[1], total=7.0)], kinds, "s")
    assert near is not None
    assert not near.shares


def test_variants_stand_side_by_side(quick: CampaignSummary) -> None:
    kinds = phase_kinds(quick.trials)
    joules, seconds = whole_stack(quick, kinds), whole_time_stack(quick, kinds)
    assert joules is not None
    assert seconds is not None
    assert [row.label for row in joules.rows] == [
        "engine=process", "engine=grpc", "engine=deployment",
    ]  # fmt: skip
    engine = {
        row.label: float(next(s.text for s in row.segments if s.name == ENGINE))
        for row in joules.rows
    }
    of_sample = sum(
        use.energy_j.value
        for trial in quick.trials
        if trial.variant == 2
        for own in clients(trial)
        for use in own.phases
        if use.energy_j is not None and use.name in ("download", "upload")
    )
    assert engine["engine=deployment"] == pytest.approx(of_sample / 2, rel=0.01)
    assert engine["engine=process"] < engine["engine=grpc"] < engine["engine=deployment"]


def test_programs_without_devices_are_called_so() -> None:
    shape = Shape(clients=3, rounds=2, energy=False)
    summary = federated_campaign(shape)
    trials = tuple(
        replace(t, participants=tuple(replace(p, device=None) for p in t.participants))
        for t in summary.trials
    )
    view = participants_view(replace(summary, trials=trials), None)
    assert view is not None
    assert view.noun == "program"
    assert view.bars[0].energy is None
    assert any("no meter was used" in note for note in view.notes)


def test_kinds_of_other_programs_are_their_phases() -> None:
    summary = federated_campaign(Shape(clients=2, rounds=2))
    trial = summary.trials[0]
    uses = (PhaseUse("serve", 1, 50.0), PhaseUse("load", 1, 5.0), PhaseUse("idle", 1, 9.0))
    own = (ParticipantSummary("a", "main", phases=uses), ParticipantSummary("b", "main"))
    kinds = phase_kinds([replace(trial, participants=own)])
    assert not kinds.in_rounds
    assert list(kinds.roles) == ["serve", "load", "idle", OTHER]
    assert kinds.roles["idle"] == "floor"
    assert kinds.work == "serve"
    assert kinds.of("serve") == "serve"
    assert kinds.of("what") == OTHER


def test_the_server_is_no_client_without_devices(quick: CampaignSummary) -> None:
    trial = quick.trials[0]
    bare = replace(trial, participants=tuple(replace(p, device=None) for p in trial.participants))
    assert "main" not in {p.name for p in clients(bare)}
    assert len(clients(bare)) == 8


def test_of_many_devices_the_first_of_each_kind_are_shown() -> None:
    summary = federated_campaign(Shape(clients=50, rounds=1))
    several = clients(summary.trials[0])
    names = some_of_each(several, 6)
    titles = [p.device_title for p in several if p.name in names]
    assert len(names) == 6
    assert len(set(titles)) == len({p.device_title for p in several}) == 4
    assert names == sorted(names, key=[p.name for p in several].index)
    assert some_of_each(several[:5], 6) == [p.name for p in several[:5]]


@pytest.mark.slow
def test_many_devices_have_twelve_panels_and_all_rows_of_the_table() -> None:
    shape = Shape(clients=50, rounds=1, round_s=40.0)
    summary = federated_campaign(shape)
    view = participants_view(summary, FederatedStore(summary, shape))
    assert view is not None
    assert (len(view.panels.items), view.panels.left_out) == (12, 38)
    assert (len(view.bars[0].energy.rows) if view.bars[0].energy else 0) == 24
    assert view.bars[0].left_out == 26
    assert [len(table.rows) for table in view.tables] == [50, 51]  # the server has no joules


@pytest.mark.slow
def test_twenty_two_hours_of_eight_devices_stay_small() -> None:
    summary = federated_campaign(D14)
    view = participants_view(summary, FederatedStore(summary, D14, period_s=30.0))
    assert view is not None
    assert sum(len(panel.figure.encode()) for panel in view.panels.items) < 250_000
    assert "energy in each 2 min" in view.shown
    assert "21 h" in view.shown


def test_a_drawing_says_in_words_what_it_shows(quick: CampaignSummary) -> None:
    kinds = phase_kinds(quick.trials)
    found = read_devices(FederatedStore(quick, QUICK), quick.trials[0], kinds)
    assert found is not None
    device = shown_devices(found)[0]
    drawn = draw_device(device, device_axes(found, kinds.roles), "one")
    described = re.search(r"<desc[^>]*>(.*?)</desc>", drawn)
    assert described
    assert "15.1 W while it works" in described.group(1)
    assert "train" in described.group(1)
    assert "var(--lower)" in drawn
    assert "#0b4a88" not in drawn


def test_the_tables_have_the_known_figures(summary: CampaignSummary, store: Store) -> None:
    kinds = phase_kinds(summary.trials)
    testbed = stored_testbed(store, summary.campaign_id)
    joules, devices = device_tables(summary, kinds, testbed)
    heads = [column.key for column in joules.columns]
    for row, board, exact_j in zip(joules.rows, BOARDS, EXACT_J, strict=True):
        texts = dict(zip(heads, (cell.text for cell in row), strict=True))
        assert texts["device"] == board.name
        assert float(texts["energy"].split()[0]) == pytest.approx(exact_j, rel=0.01)
        trained_j = 6 * board.train_s * board.busy_w
        assert float(texts["kind_train"].split()[0]) == pytest.approx(trained_j, rel=0.02)
        assert float(texts["watt_hours"]) == pytest.approx(exact_j / 3.6, rel=0.01)  # mWh
        assert float(texts["sample"].split()[0]) == pytest.approx(exact_j / 600.0, rel=0.01)
        assert float(texts["sample_train"]) == pytest.approx(trained_j / 600.0, rel=0.02)
    heads = [column.key for column in devices.columns]
    assert [row[0].text for row in devices.rows[len(BOARDS) :]] == ["main"]
    for row, board in zip(devices.rows, BOARDS, strict=False):
        texts = dict(zip(heads, (cell.text for cell in row), strict=True))
        assert (float(texts["idle_w"]), float(texts["busy_w"])) == (board.idle_w, board.busy_w)
        assert float(texts["busy_s"]) == pytest.approx(6 * board.train_s)


def test_the_server_stands_beside_the_devices(quick: CampaignSummary) -> None:
    joules, devices = device_tables(quick, phase_kinds(quick.trials))
    assert "main" not in {row[0].text for row in joules.rows}
    servers = [row for row in devices.rows if row[0].text == "main"]
    assert len(servers) == 3  # one of each engine
    texts = dict(zip((c.key for c in devices.columns), (c.text for c in servers[0]), strict=True))
    main = [t.participants[0] for t in quick.trials if t.variant == 0]
    expected_s = sum(p.cpu_window_s or 0.0 for p in main) / len(main)
    assert float(texts["cpu_s"]) == pytest.approx(expected_s, rel=0.01)
    assert texts["title"] == "server, in no sum of joules"
    assert (texts["busy_s"], texts["waiting_s"], texts["cores"]) == ("", "", "")


def test_whose_joules_are_in_no_sum_is_said(quick: CampaignSummary) -> None:
    view = participants_view(quick, None)
    assert view is not None
    assert "its energy is in no sum" in view.not_counted
    assert "the clients only" in view.not_counted
    bare = federated_campaign(Shape(clients=2, rounds=2, energy=False))
    assert not_counted(bare.trials, phase_kinds(bare.trials)) == ""
    trial = quick.trials[0]  # a server on a device of its own is one of them
    placed = tuple(replace(p, device=p.device or "host") for p in trial.participants)
    assert not_counted([replace(trial, participants=placed)], phase_kinds([trial])) == ""
    two = (*trial.participants, replace(trial.participants[0], name="load"))
    told = not_counted([replace(trial, participants=two)], phase_kinds([trial]))
    assert told.endswith("in no sum: main, load")


def test_columns_of_joules_say_their_class_and_what_is_in_them(quick: CampaignSummary) -> None:
    joules, _ = device_tables(quick, phase_kinds(quick.trials))
    units = {column.key: column.unit for column in joules.columns}
    for key in ("energy", "watt_hours", "sample_train", "sample"):
        assert units[key].endswith(", emulated")
    assert any("gross" in note and "waiting" in note for note in joules.notes)


def test_a_text_that_the_whisker_crosses_is_left_out(quick: CampaignSummary) -> None:
    kinds = phase_kinds(quick.trials)
    rows = [
        PartsRow("narrow", {"train": 380.0, "wait": 100.0}, 480.0, half=40.0),
        PartsRow("wide", {"train": 80.0, "wait": 400.0}, 480.0, half=5.0),
        PartsRow("alone", {"train": 380.0, "wait": 100.0}, 480.0),
    ]
    stack = parts_stack("Energy", rows, kinds, "J")
    assert stack is not None
    assert [[s.crossed for s in row.segments] for row in stack.rows] == [
        [False, True], [False, False], [False, False],
    ]  # fmt: skip
    assert stack.rows[0].segments[1].text == "100"  # still told to who cannot see it


def test_stated_watts_have_their_source(summary: CampaignSummary, store: Store) -> None:
    testbed = stored_testbed(store, summary.campaign_id)
    assert testbed is not None
    told = replace(testbed, source="the published table")
    _, devices = device_tables(summary, phase_kinds(summary.trials), told)
    assert any("the published table" in note for note in devices.notes)
    _, without = device_tables(summary, phase_kinds(summary.trials))
    assert "idle_w" not in {column.key for column in without.columns}


def test_losses_of_a_device_are_told(quick: CampaignSummary) -> None:
    left = replace(quick.trials[0].participants[3], left="after 40 s: killed")
    participants = (*quick.trials[0].participants[:3], left, *quick.trials[0].participants[4:])
    summary = replace(quick, trials=(replace(quick.trials[0], participants=participants),))
    _, devices = device_tables(summary, phase_kinds(summary.trials))
    texts = [cell.text for cell in devices.rows[2]]
    assert "after 40 s: killed" in texts
    assert texts.count("1") == 2  # a round without it, a restart


def test_single_programs_have_no_such_section() -> None:
    summary = sample_campaign(repeat=2)
    assert participants_view(summary, SampleStore(summary)) is None


@pytest.mark.parametrize(
    ("joules", "text"),
    [(817_200.0, "227 Wh"), (2601.0, "0.723 Wh"), (36.0, "10.0 mWh"), (3.6e7, "10.0 kWh")],
)
def test_watt_hours_are_not_called_kilowatt_hours(joules: float, text: str) -> None:
    assert watt_hours(joules) == text


def test_long_times_are_in_hours() -> None:
    assert [time_unit(s).symbol for s in (79_200.0, 3_600.0, 240.0, 0.0)] == ["h", "min", "s", "s"]
