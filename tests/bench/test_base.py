"""What a piece of work takes."""

import numpy as np

from rdpcodec.bench.base import Meter


def test_a_meter_counts_seconds_and_memory() -> None:
    """Seconds pass, and where the peak is known it holds what was allocated."""
    meter = Meter()
    before = meter.read()
    block = np.ones(256 << 20, np.uint8)
    after = meter.read()
    assert after.seconds >= before.seconds >= 0
    if before.peak_mib is not None and after.peak_mib is not None:
        # What other tests held may have been given back in between, hence not all of it.
        assert after.peak_mib >= max(256, before.peak_mib)
    del block
