"""The chain both sides walk: normative, every formula of spec 11.1, 11.2 and 11.5."""

from rdpcodec.chain.chain import Chain, Clock
from rdpcodec.chain.estimator import Estimator
from rdpcodec.chain.transition import Step, channel_mean, kl_bits, next_state, step_between

__all__ = [
    "Chain",
    "Clock",
    "Estimator",
    "Step",
    "channel_mean",
    "kl_bits",
    "next_state",
    "step_between",
]
