"""Random configurations of layers, spaces and settings, held to what the library promises: ``make fuzz``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

import torch

from .checks import TOLERANCE, configuration


def main() -> int:
    """Runs one seed; returns 1 if something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True, help="which run")
    parser.add_argument("--count", type=int, default=200, help="how many configurations")
    parser.add_argument("--only", type=int, help="one configuration alone")
    parser.add_argument("--limit", type=int, default=1500, help="seconds for the whole run")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    started, counts, notes, worst = time.monotonic(), Counter(), Counter(), 0.0
    for number in range(chosen.count) if chosen.only is None else [chosen.only]:
        if time.monotonic() - started > chosen.limit:
            counts["not reached"] = chosen.count - number
            break
        outcome = configuration(chosen.seed, number)
        counts[outcome.kind] += 1
        if outcome.kind == "accepted":
            worst = max(worst, outcome.worst)
            notes.update(note.split(":")[0] for note in outcome.notes)
        if outcome.kind == "failed" or chosen.only is not None:
            sys.stdout.write(
                f"seed {outcome.seed}, configuration {outcome.number}: {outcome.layer} on {outcome.space}: {outcome.kind}\n"
                f"    {outcome.detail}\n"
            )
            sys.stdout.flush()
    told = ", ".join(f"{counts[kind]} {kind}" for kind in ("accepted", "warned", "refused", "failed", "not reached"))
    extra = "".join(f", {count} {note}" for note, count in notes.items())
    sys.stdout.write(
        f"seed {chosen.seed}: {told}; worst error {worst:.1e} (at most {TOLERANCE:.0e}){extra}; "
        f"{time.monotonic() - started:.0f} s\n"
    )
    return 1 if counts["failed"] or counts["not reached"] else 0


if __name__ == "__main__":
    sys.exit(main())
