"""The rounds of a split training: plan, train, average, test, and tell.

The window of the trial is here: it opens when every device is there and profiled, and ends after
the last round.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchharness import events
from benchharness.cuts.profile import Profile
from benchharness.errors import GateError
from benchharness.split import state
from benchharness.split.config import MEASURE, SplitConfig
from benchharness.split.estimates import Estimate
from benchharness.split.figures import Setting, of_training, tell
from benchharness.split.profiling import Profiler
from benchharness.split.protocol import WRONG, FailedError, in_a_line
from benchharness.split.reception import CAME_BACK, Reception
from benchharness.split.rehearsal import Rehearsal
from benchharness.split.schemes import Plan, Planner
from benchharness.split.server_work import ServerWork
from benchharness.split.session import Order, Session, Trained
from benchharness.split.telling import DeviceLog, LinkTeller, device_name

ROUND, AGGREGATE, EVALUATE, CHECKPOINT = "round", "aggregate", "evaluate", "checkpoint"
_TRIES = 3  # of a round that all devices are lost in


class Rounds:
    """The rounds of ``config`` with the devices that come to ``reception``."""

    def __init__(
        self,
        config: SplitConfig,
        work: ServerWork,
        reception: Reception,
        folder: Path,
        given: Profile | None = None,
    ) -> None:
        self._config, self._work, self._reception = config, work, reception
        self._profiler = Profiler(config, work.seconds(), given, reception.lose)
        watts = None if given is None else given.server_watts
        self._planner = Planner(config, work.layers, watts)
        self._log = DeviceLog(config.devices)
        self._setting, self._teller = Setting(config, work), LinkTeller()
        self._failed: dict[int, str] = {}  # why, of those that are still there
        self._pool = ThreadPoolExecutor(config.devices)  # PyTorch keeps something for each thread
        self._folder = folder
        found = state.load(folder, config, work.arrays)
        self._is_new = found is None
        self._state = found or state.State(work.arrays, [], {}, {}, 0)
        if found is not None:
            work.arrays = found.arrays
            resumed = (*found.resumed_after, len(found.cuts))
            self._state = replace(found, resumed_after=resumed)

    def run(self) -> None:
        """Train, from the first round or after the last that an earlier server ended.

        Raises GateError for a round without any usable part.
        """
        config, after = self._config, len(self._state.cuts)
        if not self._state.is_closed:
            self._reception.gather(config.start_timeout_s)
            present = self._ready()
            if self._is_new and self._config.profile == MEASURE:
                rehearsal = Rehearsal(self._config, self._work, self._reception.lose, self._pool)
                rehearsal.run(present, self._estimates)
                present = self._ready()
            self._setting.tell(self._estimates, {s.shaping for s in present.values()})
            self._open(present)
            self._teller.begin_ns = self._window_ns
            with self._teller:
                for number in range(after + 1, config.rounds + 1):
                    self._round(number)
            self._log.finish()
            events.window_end()
            self._keep(is_closed=True)
        self._tell_results()

    def _open(self, present: Mapping[int, Session]) -> None:
        """Open the window, or say that it goes on."""
        after = len(self._state.cuts)
        if self._is_new:
            tested = self._work.test()
            events.window_start()
            self._keep(window_ns=time.monotonic_ns(), tested=tested)
            tell(tested, 0)
        else:
            events.metric("resumed", 1.0, step=after)
        self._log.start(after, present)

    def _tell_results(self) -> None:
        kept = self._state
        events.output("rounds", len(kept.cuts))
        events.output("cuts", kept.cuts)
        events.output("test_accuracy", kept.tested["test_accuracy"])
        if kept.resumed_after:
            events.output("resumed_after_rounds", list(kept.resumed_after))
        if foreign := sorted(self._log.foreign_clocks):
            events.output("clocks_not_shared", [device_name(number) for number in foreign])

    def _keep(self, **changed: Any) -> None:
        """Keep the state for a server that is started again."""
        self._state = replace(self._state, arrays=self._work.arrays, **changed)
        state.save(self._folder, self._config, self._work.layers, self._state)

    @property
    def _estimates(self) -> dict[int, Estimate]:
        return self._state.estimates

    @property
    def _window_ns(self) -> int:
        return self._state.window_ns

    def _ready(self) -> dict[int, Session]:
        """Return the devices that are there and known; wait while there is none.

        Raises GateError if nobody comes in time.
        """
        until_s = time.monotonic() + self._config.start_timeout_s
        while True:
            present = self._reception.present()
            new = {n: session for n, session in present.items() if n not in self._estimates}
            for number, profile in self._profiler.profiles(new).items():
                cores = self._profiler.cores.get(number)
                self._estimates[number] = Estimate(profile, self._config.smoothing, cores)
            known = {n: s for n, s in self._reception.present().items() if n in self._estimates}
            left_s = until_s - time.monotonic()
            if known:
                return known
            if left_s <= 0:
                raise GateError(
                    f"no device is left: {self._reasons()}", remedy="see what the devices said"
                )
            self._reception.gather(left_s, least=1)

    def _round(self, number: int) -> None:
        """Train a round, test the new model, and keep it.

        A round that all were lost in is done again with those that come back. Raises GateError
        where none of them says more than that it failed, and after the last of _TRIES.
        """
        for tries in range(1, _TRIES + 1):
            start_ns, plan, results = self._try(number)
            if results:
                break
            if tries == _TRIES or set(plan.cuts) <= set(self._failed):
                raise GateError(
                    f"no device's part can be used: {self._reasons()}",
                    where=f"round {number}",
                    remedy="see what the devices said, or raise timeout_s",
                )
        if not self._config.is_sequential:  # there each has gone on from the one before
            with events.phase(AGGREGATE, step=number):
                self._work.aggregate({device_name(n): results[n] for n in sorted(results)})
        self._learn(plan, results, number)
        with events.phase(EVALUATE, step=number):
            tested = self._work.test()
        # Told before it is kept: a server that dies in between does the round again, and tells it
        # again; the other way round nobody would ever hear of it.
        tell({**tested, **of_training(results)}, number)
        with events.phase(CHECKPOINT, step=number):
            cuts = [plan.cuts.get(device) for device in range(1, self._config.devices + 1)]
            self._keep(cuts=[*self._state.cuts, cuts], tested=tested)
        events.span(ROUND, start_ns, time.monotonic_ns(), step=number)

    def _try(self, number: int) -> tuple[int, Plan, dict[int, Trained]]:
        """Plan a round and train it; return when it began, the plan, and what came of it."""
        present = self._ready()
        self._setting.tell(self._estimates, {s.shaping for s in present.values()})
        self._teller.add({n: s.trace for n, s in present.items() if s.trace is not None})
        for device, session in present.items():
            self._log.is_back(device, session.since_ns)
        now = {device: self._estimates[device].now() for device in present}
        plan = self._planner.plan(now)
        for place, (device, cut) in enumerate(plan.cuts.items()):
            taken = plan.predicted.device_s[place], plan.predicted.device_j[place]
            self._log.predicted(device, cut, now[device], taken, number)
        predicted = plan.predicted
        events.metric("predicted_round_s", predicted.round_s, "s", number)
        events.metric("predicted_round_j", predicted.energy_j, "J", number)
        start_ns = time.monotonic_ns()
        results = self._train(number, plan, present)
        if results:
            events.metric("round_s", (time.monotonic_ns() - start_ns) / 1e9, "s", number)
        return start_ns, plan, results

    def _train(self, number: int, plan: Plan, present: Mapping[int, Session]) -> dict[int, Trained]:
        """Let the devices train, all at once or in turn; return what came of those that did."""
        absent = [n for n in range(1, self._config.devices + 1) if n not in present]
        for device in absent:
            self._log.left_out(device, self._reception.why_not(device), number, None)
        if self._config.is_sequential:
            results = {}
            for device, session in present.items():
                result = self._one(number, plan, session)
                if result is not None:
                    results[device] = result
                    self._work.hand_on(result)
        else:
            found = self._pool.map(lambda s: self._one(number, plan, s), present.values())
            all_of = dict(zip(present, found, strict=True))
            results = {device: each for device, each in all_of.items() if each is not None}
        return results

    def _one(self, number: int, plan: Plan, session: Session) -> Trained | None:
        """Train one device's round; None, and said why, where nothing came of it."""
        config = self._config
        rate = config.rate_of_round(number)
        cut = plan.cuts[session.index]
        order = Order(number, cut, rate, self._window_ns, config.timeout_s)
        asked_ns = time.monotonic_ns()
        try:
            model = self._work.model_of(session.index)
            return session.train(order, self._work.arrays, model, config)
        except FailedError as error:
            reason = f"failed: {error}"
            self._log.left_out(session.index, reason, number, asked_ns)
            self._log.is_back(session.index, time.monotonic_ns())
            self._failed[session.index] = reason
            return None
        except WRONG as error:
            reason = self._reason(error, session)
        self._failed.pop(session.index, None)
        self._reception.lose(session, reason)
        self._log.left_out(session.index, reason, number, asked_ns)
        return None

    def _reason(self, error: Exception, session: Session) -> str:
        if session.is_replaced:
            return CAME_BACK
        if isinstance(error, TimeoutError):
            return f"was not done within {self._config.timeout_s:g} s"
        if isinstance(error, OSError):
            return f"the connection was lost: {error.strerror or error}"
        return in_a_line(error)

    def _learn(self, plan: Plan, results: Mapping[int, Trained], number: int) -> None:
        """Write what the devices took, and correct what they are thought to take."""
        for device, result in sorted(results.items()):
            self._failed.pop(device, None)
            self._log.trained(device, result, number)
            cut, estimate = plan.cuts[device], self._estimates[device]
            rates = estimate.rates(cut, result.sums)
            for name, rate in zip(("uplink_bit_s", "downlink_bit_s"), rates, strict=True):
                if rate is not None:
                    self._log.number(device, name, rate, "bit/s", number)
            estimate.add(cut, result.sums)

    def _reasons(self) -> str:
        return "; ".join(
            f"{device_name(n)} {self._failed.get(n) or self._reception.why_not(n)}"
            for n in range(1, self._config.devices + 1)
        )
