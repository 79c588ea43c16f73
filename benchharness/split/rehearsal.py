"""A rehearsal before the first round: real batches of all devices at once, whose weights are lost.

What each device took by itself is not yet what it takes in a round. There the others keep the
server busy, and a device that is held to a share of a core pays for its transfers out of it. So a
few batches are trained as in a round, over the links, at the cuts that the scheme has or would
choose. Nothing of it stays but what it took: each round begins with the whole model's weights and
with its momentum at rest, and images are drawn by the numbers of round and batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from benchharness.split.config import SplitConfig
from benchharness.split.estimates import Estimate
from benchharness.split.network import LAYERS
from benchharness.split.protocol import WRONG, FailedError, in_a_line
from benchharness.split.schemes import Planner
from benchharness.split.server_work import ServerWork
from benchharness.split.session import Order, Session, Trained

# The first touches memory for the first time, and may tell that other cuts are better; what the
# last one takes is believed.
BATCHES = (2, 3)


class Rehearsal:
    """Rehearses ``config`` with the server's ``work``; ``lose`` hangs up on a device, saying why.

    ``pool`` has the threads that the rounds will be trained in.
    """

    def __init__(
        self,
        config: SplitConfig,
        work: ServerWork,
        lose: Callable[[Session, str], None],
        pool: ThreadPoolExecutor,
    ) -> None:
        self._config, self._work, self._lose, self._pool = config, work, lose, pool

    def run(self, present: Mapping[int, Session], estimates: Mapping[int, Estimate]) -> None:
        """Correct the estimates of those that are there by what they take; lose who goes wrong."""
        left = dict(present)
        for batches in BATCHES:
            if not left:
                return
            now = {number: estimates[number].now() for number in left}
            cuts = Planner(self._config, self._work.layers).plan(now).cuts
            if batches == BATCHES[0] and set(cuts.values()) == {LAYERS}:
                continue  # nobody shares anything but the link, and a batch takes longest
            config = replace(self._config, iterations=min(batches, self._config.iterations))
            for number, trained in self._train(left, cuts, config).items():
                if trained is None:
                    left.pop(number)
                else:
                    estimates[number].rehearsed(cuts[number], trained.sums, config.iterations)

    def _train(
        self, sessions: Mapping[int, Session], cuts: Mapping[int, int], config: SplitConfig
    ) -> dict[int, Trained | None]:
        """Return what came of each device: in turn where they train so, else all at once."""

        def one(session: Session) -> Trained | None:
            return self._one(session, cuts[session.index], config)

        each = map if config.is_sequential else self._pool.map
        return dict(zip(sessions, each(one, sessions.values()), strict=True))

    def _one(self, session: Session, cut: int, config: SplitConfig) -> Trained | None:
        """Return what a device took; None for one that cannot, and for one that is lost."""
        order = Order(1, cut, config.learning_rate, None, config.timeout_s)
        model = self._work.model_of(session.index)
        try:
            return session.train(order, self._work.arrays, model, config)
        except FailedError:
            return None  # the round will say why, should it still be so
        except TimeoutError:
            self._lose(session, f"did not rehearse within {config.timeout_s:g} s")
        except WRONG as error:
            self._lose(session, f"went wrong in the rehearsal: {in_a_line(error)}")
        return None
