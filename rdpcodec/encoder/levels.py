"""Where an encoder puts the noise levels of its layers; a choice, not part of the format.

Decoders take the levels from the layer table. Small steps cost fewer coded bits, since each uses
a fresher estimate; every layer costs some three bits of table. Where the estimate is moved between
evaluations (spec 11.5) a layer costs hardly any time, so its steps are shorter.
"""

import math

from rdpcodec import schedule
from rdpcodec.chain.transition import LN2, step_between
from rdpcodec.layers import STEP_PRIMER

FIRST_LAYER_BITS = 256
ENERGY_MIN = 1e-9
MEAN_SQUARE_MAX = 3.0
STEP_MIN = 8
MOVED_STEP = 16
MOVED_LAYER_BITS = 256


def next_t(layer: int, above: int | None, energy: float, target: int, refresh: int = 0) -> int:
    """Return the t of the next layer.

    Args:
        layer: Its index, 0 for the first.
        above: t of the layer before, None for the first.
        energy: |x_0 - x0_hat|^2 at that level.
        target: The t at which the file ends.
        refresh: How far t falls from evaluation to evaluation, 0 for one in every layer.

    Returns:
        A t below `above` and not below `target`: for the first layer the one that costs
        `FIRST_LAYER_BITS`, after it the steps that the layer table predicts, or shorter ones
        between evaluations, as long as they have `MOVED_LAYER_BITS`.
    """
    if above is None:
        wanted = t_of_precision(None, 2 * LN2 * FIRST_LAYER_BITS / max(energy, ENERGY_MIN))
    else:
        wanted = above - _step(layer, above, energy, refresh)
    return target if wanted < target + STEP_MIN else wanted


def _step(layer: int, above: int, energy: float, refresh: int) -> int:
    predicted = STEP_PRIMER[min(layer, len(STEP_PRIMER)) - 1]
    if predicted >= refresh or above <= MOVED_STEP:
        return predicted
    bits = energy * step_between(above, above - MOVED_STEP).precision / (2 * LN2)
    return MOVED_STEP if bits >= MOVED_LAYER_BITS else predicted


def lowest_t(above: int | None, error: float) -> int:
    """Return the lowest t that one layer reaches well.

    Args:
        above: t of the layer before, None for the first.
        error: Mean square of x_0 - x0_hat at that level.

    Returns:
        The t at which mu has the mean square `MEAN_SQUARE_MAX`, but below `above`: a picture that
        surprises the prior is approached in shorter steps than those of the ladder.
    """
    t = t_of_precision(above, MEAN_SQUARE_MAX / max(error, ENERGY_MIN))
    return t if above is None else min(t, above - 1)


def t_of_precision(above: int | None, precision: float) -> int:
    """Return the t whose 1 / sigma^2 is `precision` above that of `above`."""
    base = 0.0 if above is None else 1.0 / schedule.sigma(above) ** 2
    return schedule.nearest_t(1.0 / math.sqrt(base + precision))
