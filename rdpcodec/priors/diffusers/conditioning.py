"""What a network is told beside the state and the time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Conditioning:
    """A prompt as a network reads it.

    Attributes:
        states: (1, N, D) float32, one vector for each token; None for networks that read no text.
        pooled: (1, P) float32, one vector for the whole prompt; None where there is none.
    """

    states: Tensor | None = None
    pooled: Tensor | None = None

    @property
    def widths(self) -> tuple[int | None, int | None]:
        """D and P; None for what is absent."""
        both = (self.states, self.pooled)
        return both[0] if both[0] is None else both[0].shape[-1], (
            both[1] if both[1] is None else both[1].shape[-1]
        )


@dataclass(frozen=True)
class Told:
    """A prompt, read.

    Attributes:
        conditioning: What the network is given.
        manifest: What made it: the prompt, its tokens, settings and weights of the encoders. The
            digest of a prior covers this and not the vectors, whose last bits differ from machine
            to machine.
    """

    conditioning: Conditioning = Conditioning()
    manifest: Mapping[str, object] = field(default_factory=dict)
