"""A harness in small, run as a process of its own: writes a trial second by second.

``store_writer.py RESULTS CAMPAIGN_ID SECONDS [padding bytes]``: says "committed K" after each
commit of 10 samples, and ends as the command line does: one line on stderr, an exit code.
Sample k of second s is stamped 10 s + k and has the values 10 s + k and its square root.
"""

from __future__ import annotations

import math
import sys
from array import array
from pathlib import Path

from benchharness.errors import BenchharnessError
from benchharness.model import Channel, Status
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, EventRecord, TrialPlan, TrialResult

CHANNELS = (Channel("count", "1"), Channel("root", "1"))
NS_PER_SAMPLE = 100_000_000


def main(path: Path, campaign_id: str, seconds: int, padding: int = 0) -> None:
    with Store.open(path) as store:
        store.add_campaign(CampaignRecord(campaign_id, "", 0, 0, "", "", "", {}, {}))
        store.claim(campaign_id)
        store.plan_trials(campaign_id, [TrialPlan(0, 0, 0, "noop", {})])
        trial_id = store.trials(campaign_id)[0].trial_id
        store.start_trial(trial_id)
        stream = store.add_stream(trial_id, "probe", "system", CHANNELS)
        for second in range(seconds):
            numbers = range(10 * second, 10 * second + 10)
            times = array("q", [number * NS_PER_SAMPLE for number in numbers])
            columns = [array("d", numbers), array("d", map(math.sqrt, numbers))]
            store.append(stream, times, columns)
            store.add_event(
                trial_id, EventRecord(times[0], "main", "phase", text="x" * padding or None)
            )
            store.commit()
            print(f"committed {second}", flush=True)
        store.finish_trial(trial_id, TrialResult(Status.OK))
        store.finish_campaign(campaign_id, "done")
    print(f"numpy: {'yes' if 'numpy' in sys.modules else 'no'}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
    except BenchharnessError as error:
        print(error.line(), file=sys.stderr)
        sys.exit(error.exit_code)
