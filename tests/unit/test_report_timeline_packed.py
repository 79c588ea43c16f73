"""What the page's timeline is made of, read back by a decoder of the tests' own."""

from __future__ import annotations

import base64
import gzip
import json
import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchharness.model import Channel, PhaseSpan, Status, TrialSummary
from benchharness.report.html import SIZE_LIMIT_BYTES, render_html
from benchharness.report.html_timeline import timeline_view, with_samples
from benchharness.report.templates import template_environment
from benchharness.report.timeline_packed import HOLD, LINE, SLICES, lighter, packed
from benchharness.report.timeline_packed_read import Campaign, read_campaign
from tests.unit.report_samples import (
    SECOND_NS,
    SampleStore,
    SampleStream,
    assembled,
    sample_campaign,
)

Floats = npt.NDArray[np.float64]
HOSTILE_NAME = "</script><img src=x onerror=alert(1)>\"'\u2028\x00&lt;"


@dataclass
class Power:
    """A store with one meter: the same readings, from each window's start, for every trial."""

    trials: tuple[TrialSummary, ...]
    t_s: Floats
    values: Floats
    channel: str = "power_w"
    name: str = "plug-1"

    def streams(self, trial_id: int) -> list[SampleStream]:
        unit = "J" if self.channel == "energy_j" else "W"
        channels = (Channel(self.channel, unit),)
        return [SampleStream(trial_id, "meter", self.name, channels, {"target": "board"})]

    def read_stream(self, stream_id: int) -> tuple[npt.NDArray[np.int64], dict[str, Floats]]:
        trial = next(t for t in self.trials if t.trial_id == stream_id)
        assert trial.window_start_ns is not None
        t_ns = trial.window_start_ns + np.rint(self.t_s * 1e9).astype(np.int64)
        return t_ns, {self.channel: self.values}


def campaign_of(t_s: Floats, values: Floats, **changes: Any) -> Campaign:
    """Return a run without a figure: it is drawn as it was read."""
    trials = (replace(sample_campaign(repeat=1).trials[0], energy=None),)
    campaign = read_campaign(assembled(trials), Power(trials, t_s, values, **changes))
    assert campaign is not None
    return campaign


def unpacked(text: str) -> tuple[dict[str, Any], npt.NDArray[np.uint16]]:
    body = gzip.decompress(base64.b64decode(text))
    (length,) = struct.unpack("<I", body[:4])
    low, high = np.frombuffer(body[4 + length :], np.uint8).reshape(2, -1).astype(np.uint16)
    return json.loads(body[4 : 4 + length]), (low | high << 8).astype(np.uint16)


def sliced(text: str) -> tuple[Floats, Floats, Floats, Floats]:
    """Return mean, least, largest and covered share of the first block, which has slices."""
    head, words = unpacked(text)
    _, _, kind, n, base, step, at = head["blocks"][0]
    assert kind == SLICES
    rows = words[at : at + 4 * n].reshape(4, n).astype(np.float64)
    level = np.cumsum(rows[0]) % 65536
    mean, low, high = (base + step * v for v in (level, level - rows[1], level + rows[2]))
    return mean, low, high, rows[3] / 16383


def packed_text(campaign: Campaign, words: int = 100_000, room: int = 500_000) -> str:
    text = packed(campaign, {"runs": []}, room, words)
    assert text is not None
    return text


def test_few_samples_stay_as_they_are_with_their_gaps() -> None:
    t_s = np.concatenate([np.arange(10), np.arange(19, 30)]) / 2
    values = 5 + np.sin(t_s)
    head, words = unpacked(packed_text(campaign_of(t_s, values)))
    _, _, kind, n, base, step, at, times_at, tick_s = head["blocks"][0]
    assert (kind, n) == (LINE, 22)
    level = np.cumsum(words[at : at + n].astype(np.int64)) % 65536
    read_s = np.cumsum(words[times_at : times_at + n].astype(np.int64)) * tick_s
    gap = level == 65535
    assert read_s[~gap] == pytest.approx(t_s, abs=tick_s)
    assert (base + step * level)[~gap] == pytest.approx(values, abs=step)
    assert read_s[gap] == pytest.approx([7.0], abs=tick_s)  # in the middle of the silence


def test_the_joules_of_the_window_do_not_depend_on_how_wide_the_slices_are() -> None:
    chance = np.random.default_rng(3)
    t_s = np.linspace(-8, 22, 40_000) + chance.uniform(0, 4e-4, 40_000)
    values = 5 + np.sin(3 * t_s) + chance.normal(0, 0.3, len(t_s))
    values[20_000] = 25.0  # one peak
    campaign = campaign_of(t_s, values)
    window = campaign.runs[0].window_s
    assert window is not None
    x_s = np.concatenate([[0.0], t_s[(t_s > 0) & (t_s < window[1] - window[0])]])
    x_s = np.append(x_s, window[1] - window[0])
    truth_j = np.trapezoid(np.interp(x_s, t_s, values), x_s)
    lengths = []
    for words, room in ((75_000, 500_000), (9_000, 500_000), (900, 500_000), (75_000, 900)):
        text = packed_text(campaign, words, room)
        head, _ = unpacked(text)
        before, inside, after = head["slices"][0]
        mean, low, high, share = sliced(text)
        width_s = (window[1] - window[0]) / inside
        part = slice(before, before + inside)
        assert (mean[part] * share[part]).sum() * width_s == pytest.approx(truth_j, rel=2e-4)
        assert high.max() == pytest.approx(25.0, abs=0.01)
        assert (low <= mean + 0.01).all()
        assert (mean <= high + 0.01).all()
        assert len(mean) == before + inside + after
        assert len(text) <= room
        lengths.append(len(mean))
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > 20 * lengths[-1]


def test_silence_is_not_covered_and_has_no_joules() -> None:
    t_s = np.arange(0, 16, 0.001)
    t_s = t_s[(t_s < 4) | (t_s > 8)]
    text = packed_text(campaign_of(t_s, np.full(len(t_s), 5.0)), 3_000)
    mean, _, _, share = sliced(text)
    head, _ = unpacked(text)
    inside = head["slices"][0][1]
    covered = share[:inside].sum() / inside
    trial = sample_campaign(repeat=1).trials[0]
    assert trial.duration_s is not None
    assert covered == pytest.approx(
        (min(16.0, trial.duration_s) - 4.0) / trial.duration_s, abs=0.01
    )
    assert mean[share > 0] == pytest.approx(5.0)


def test_a_counter_gives_the_difference_of_its_readings_however_it_is_sliced() -> None:
    t_s = np.linspace(0, 3, 4_000)
    counter_j = np.floor(1000 * (4 * t_s + np.sin(t_s))) / 1000
    few = campaign_of(t_s[::100], counter_j[::100], channel="energy_j")
    assert unpacked(packed_text(few))[0]["blocks"][0][2] == HOLD
    campaign = campaign_of(t_s, counter_j, channel="energy_j")
    mean, low, high, share = sliced(packed_text(campaign, 1_500))
    width_s = campaign.runs[0].length_s / len(mean)
    assert (mean * share * width_s).sum() == pytest.approx(counter_j[-1] - counter_j[0], rel=1e-3)
    assert (low[share > 0] <= high[share > 0]).all()
    assert campaign.runs[0].window_s == (0.0, campaign.runs[0].length_s)


def test_runs_stand_in_the_order_of_their_time_and_long_pauses_are_left_out() -> None:
    trials = sample_campaign(repeat=1).trials
    late = 5 * 3600 * SECOND_NS
    again = shifted(trials[0], late)  # repeated on resume, hours later
    t_s, watts = np.arange(0, 3, 0.1), np.full(30, 5.0)
    runs = (again, *trials[1:])
    campaign = read_campaign(assembled(runs), Power(runs, t_s, watts))
    assert campaign is not None
    assert [run.trial.index for run in campaign.runs] == [1, 2, 3, 0]
    assert [b.text for b in campaign.breaks] == ["a pause of 4 h 57 min is left out"]
    ends = [run.start_s + run.length_s for run in campaign.runs]
    starts = [run.start_s for run in campaign.runs]
    assert all(start > end for end, start in zip(ends, starts[1:], strict=False))
    assert campaign.length_s < 200


def test_a_machine_that_was_started_anew_keeps_the_order_of_the_runs() -> None:
    trials = list(sample_campaign(repeat=1).trials)
    trials[2] = shifted(trials[2], -80 * SECOND_NS)  # its clock began again
    t_s, watts = np.arange(0, 3, 0.1), np.full(30, 5.0)
    runs = tuple(trials)
    campaign = read_campaign(assembled(runs), Power(runs, t_s, watts))
    assert campaign is not None
    assert [run.trial.index for run in campaign.runs] == [0, 1, 2, 3]
    assert "the machine was started anew" in [b.text for b in campaign.breaks]


def shifted(trial: TrialSummary, by_ns: int) -> TrialSummary:
    assert trial.window_start_ns is not None
    assert trial.window_end_ns is not None
    return replace(
        trial,
        window_start_ns=trial.window_start_ns + by_ns,
        window_end_ns=trial.window_end_ns + by_ns,
        spans=(),
    )


def test_runs_that_have_not_ended_or_were_not_observed_are_left_out() -> None:
    trials = list(sample_campaign(repeat=1).trials)
    trials[0] = replace(trials[0], status=Status.PLANNED)
    runs = tuple(trials)
    campaign = read_campaign(assembled(runs), SampleStore(assembled(runs)))
    assert campaign is not None
    assert [run.trial.index for run in campaign.runs] == [1, 2, 3]
    lonely = Power(runs, np.array([0.0]), np.array([5.0]))
    assert read_campaign(assembled(runs), lonely) is None


def test_hostile_names_are_in_the_samples_and_nowhere_else() -> None:
    trial = sample_campaign(repeat=1).trials[0]
    span = PhaseSpan("main", HOSTILE_NAME, trial.spans[2].start_ns, trial.spans[2].end_ns)
    trial = replace(trial, spans=(*trial.spans, span), phases_s={HOSTILE_NAME: 3.0})
    summary = assembled([trial])
    store = Power((trial,), np.arange(0, 3, 0.1), np.full(30, 5.0), name=HOSTILE_NAME)
    page = render_html(summary, store)
    assert page.count("</script>") == 2
    assert "<img" not in page
    assert "\u2028" not in page
    samples = page.split('id="timeline-samples">')[1].split("<")[0]
    head, _ = unpacked(samples)
    assert head["lines"][0]["name"].startswith("</script><img src=x")
    assert not set("\u2028\x00") & set(json.dumps(head, ensure_ascii=False))


@pytest.mark.slow
def test_very_many_phases_do_not_fill_the_page() -> None:
    trial = sample_campaign(repeat=1).trials[0]
    assert trial.window_start_ns is not None
    starts = range(trial.window_start_ns, trial.window_start_ns + 10**9, 10**5)
    spans = [PhaseSpan("main", "step", start, start + 10**4) for start in starts]
    trial = replace(trial, spans=(*trial.spans, *spans), phases_s={"step": 0.5})
    summary = assembled([trial])
    page = render_html(summary, SampleStore(summary))
    head, _ = unpacked(page.split('id="timeline-samples">')[1].split("<")[0])
    assert 0 < len(head["runs"][0]["phases"]) <= 400


def test_of_very_many_runs_the_power_is_kept() -> None:
    summary = sample_campaign(repeat=2)
    campaign = read_campaign(summary, SampleStore(summary))
    assert campaign is not None
    assert lighter(campaign, 24) == (campaign, [])
    fewer, left_out = lighter(campaign, 12)
    assert left_out == ["cpu of main", "memory of main"]
    assert [len(run.tracks) for run in fewer.runs] == [1] * 8
    last, _ = lighter(fewer, 1)
    assert [len(run.tracks) for run in last.runs] == [1] * 8  # never none


@pytest.mark.slow
def test_a_long_campaign_stays_below_the_limit() -> None:
    summary = sample_campaign(repeat=10)
    page = render_html(summary, SampleStore(summary, hz=400.0))
    assert len(page.encode()) <= SIZE_LIMIT_BYTES
    head, _ = unpacked(page.split('id="timeline-samples">')[1].split("<")[0])
    assert len(head["runs"]) == 40


@pytest.mark.parametrize("room", [20_000, 40_000])
def test_the_samples_take_what_room_the_rest_of_the_page_leaves(room: int) -> None:
    """The page itself fills nearly all of what is allowed; the samples alone would fit twice."""
    summary = sample_campaign(repeat=4)
    view = timeline_view(summary, SampleStore(summary, hz=100.0), template_environment())
    assert view is not None
    free = packed(view.campaign, view.head, SIZE_LIMIT_BYTES)
    assert free is not None
    assert len(free) > 2 * room
    page = "x" * (SIZE_LIMIT_BYTES - room - len(view.place)) + view.place
    filled = with_samples(page, view, SIZE_LIMIT_BYTES)
    assert len(page) < len(filled.encode()) <= SIZE_LIMIT_BYTES
    assert 'id="timeline-samples"></script>' not in filled
    full = with_samples(page + "y" * room, view, SIZE_LIMIT_BYTES)  # no room at all
    assert full == page + "y" * room
