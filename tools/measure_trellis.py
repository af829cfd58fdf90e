"""Measure how much signal a bit of the trellis carries, for every number of state bits.

    python tools/measure_trellis.py [--stages 1500] [--runs 8]

Prints the values of `EFFICIENCY` in rdpcodec/channel/trellis.py: g^2 / (4 ln 2), where g is the
projection that a path wins per stage over codewords of independent normal inner products.
"""

import argparse
import math
import time

import numpy as np

from rdpcodec.channel import search, trellis, viterbi

SKIPPED = 100


def gain(state_bits: int, stages: int, seed: int) -> float:
    """Return the mean projection won per stage, once the trellis is filled."""
    rng = np.random.default_rng(seed)
    ratios = rng.standard_normal((stages, trellis.CODEWORDS), dtype=np.float32)
    skipped, groups = SKIPPED // viterbi.KEPT, -(-stages // viterbi.KEPT)
    kept = np.full((groups + 1, 1 << state_bits), search.UNREACHABLE, dtype=np.float32)
    kept[0, 0] = 0
    shifts, run = trellis.label_shifts(state_bits), trellis.label_run(state_bits)
    viterbi.forward(ratios, shifts.reshape(-1, 4), kept, run)
    return float(kept[-1].max() - kept[skipped].max()) / (stages - skipped * viterbi.KEPT)


def main() -> None:
    """Print one line for every number of state bits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stages", type=int, default=1500)
    parser.add_argument("--runs", type=int, default=8)
    options = parser.parse_args()
    print("nu  efficiency  bits paid per bit of signal  microseconds per bit")
    for state_bits in range(4, 17):
        gain(state_bits, SKIPPED + 1, 0)
        started = time.perf_counter()
        gains = [gain(state_bits, options.stages, seed) for seed in range(options.runs)]
        seconds = (time.perf_counter() - started) / options.runs / options.stages / 2
        efficiency = float(np.mean(gains)) ** 2 / (4 * math.log(2))
        print(
            f"{state_bits:2}  {efficiency:.4f}      {1 / efficiency:.4f}"
            f"                       {1e6 * seconds:.2f}"
        )


if __name__ == "__main__":
    main()
