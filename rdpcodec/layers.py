"""The layer: one diffusion step of a file, in integers only (spec 5.2).

How many bits a layer has follows from these integers alone, never from a float of a network.
"""

import math
from dataclasses import dataclass

from rdpcodec.schedule import T_MAX

CODERS = ("pfr", "trellis")  # the position is the id on disk
PARAMETER_MIN = 4
PARAMETER_MAX = 16
# The coder parameter of a file that states none; normative, like the seed 0 that goes with it.
DEFAULT_PARAMETERS = {"pfr": 12, "trellis": 14}
MAX_LAYERS = 256
Q_MAX = 255
SHAPE_MAX = 255
BITS_PER_STAGE = 2
# The steps of t that the layer table predicts, from the first layer down; then the step before.
STEP_PRIMER = (200, 110, 74, 57, 46, 38, 34, 32)
MANTISSA_BITS = 16
# floor(2^16 * 2^(i/8)); a test derives them again in integers
MANTISSA = (65536, 71467, 77935, 84989, 92681, 101070, 110217, 120193)
STAGE_SIZES = tuple(
    max(1, (MANTISSA[q % 8] << (q // 8)) >> MANTISSA_BITS) for q in range(Q_MAX + 1)
)
_LOG_SIZES = tuple(math.log(size) for size in STAGE_SIZES)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the table.

    Attributes:
        t: The noise level at which the layer ends, 0..4095.
        q: The stage size index, 0..255.
        bits: The number of coded bits.
    """

    t: int
    q: int
    bits: int

    def __post_init__(self) -> None:
        """Refuse values that the format cannot carry.

        Raises:
            ValueError: If a field is out of range.
        """
        if not 0 <= self.t <= T_MAX:
            raise ValueError(f"t is {self.t}, expected 0..{T_MAX}")
        if not 0 <= self.q <= Q_MAX:
            raise ValueError(f"q is {self.q}, expected 0..{Q_MAX}")
        if self.bits < 0:
            raise ValueError(f"bits is {self.bits}, expected at least 0")


@dataclass(frozen=True, slots=True)
class StateShape:
    """How large the state of a picture is, in integers (spec 4.2).

    Attributes:
        channels: Planes of the state.
        stride: Pixels of a side for each entry of a plane.
        multiple: Both sides of the picture are padded to a multiple of this many pixels.
    """

    channels: int
    stride: int = 1
    multiple: int = 1

    def __post_init__(self) -> None:
        """Refuse values that the format cannot carry.

        Raises:
            ValueError: If a number is not in 1..255, or the stride does not divide the multiple.
        """
        for name in ("channels", "stride", "multiple"):
            value = getattr(self, name)
            if not 1 <= value <= SHAPE_MAX:
                raise ValueError(f"{name} of the state is {value}, expected 1..{SHAPE_MAX}")
        if self.multiple % self.stride:
            raise ValueError(f"stride {self.stride} does not divide multiple {self.multiple}")

    def of(self, width: int, height: int) -> tuple[int, int, int]:
        """Return the shape of the state of a picture.

        Args:
            width: Pixels.
            height: Pixels.

        Returns:
            (channels, rows, columns).
        """
        rows, columns = (
            -(-side // self.multiple) * self.multiple // self.stride for side in (height, width)
        )
        return self.channels, rows, columns


@dataclass(frozen=True)
class ChannelStep:
    """One use of the channel: everything both sides know before a bit is read.

    Attributes:
        seed: The file's seed.
        layer: The layer's index, 0 for the coarsest.
        dim: Number of coordinates D of mu and z.
        q: Stage-size index from the layer table.
    """

    seed: int
    layer: int
    dim: int
    q: int

    @property
    def stage_size(self) -> int:
        """Coordinates per stage, n; never more than there are coordinates."""
        return min(stage_size(self.q), self.dim)

    @property
    def stages(self) -> int:
        """Number of stages S; each has one index."""
        return stage_count(self.dim, self.q)


def stage_size(q: int) -> int:
    """Return n(q), the number of coordinates of a stage.

    Args:
        q: The stage size index, 0..255.

    Returns:
        At least 1; eight indices double it.

    Raises:
        ValueError: If q is out of range.
    """
    if not 0 <= q <= Q_MAX:
        raise ValueError(f"q is {q}, expected 0..{Q_MAX}")
    return STAGE_SIZES[q]


def stage_count(dim: int, q: int) -> int:
    """Return the number of stages that cover a state.

    Args:
        dim: The number of coordinates of the state.
        q: The stage size index.

    Returns:
        max(1, ceil(dim / n(q))).
    """
    return max(1, -(-dim // stage_size(q)))


def trellis_bits(dim: int, q: int) -> int:
    """Return the number of bits of a trellis layer.

    Args:
        dim: The number of coordinates of the state.
        q: The stage size index.

    Returns:
        BITS_PER_STAGE bits for each stage.
    """
    return BITS_PER_STAGE * stage_count(dim, q)


def q_nearest(stage_size: float) -> int:
    """Return the index whose stage size is nearest in ratio.

    Args:
        stage_size: The wanted size, positive; infinity gives the largest.

    Returns:
        The smallest such index, 0..255.

    Raises:
        ValueError: If the size is not positive.
    """
    if not stage_size > 0:
        raise ValueError(f"the stage size is {stage_size}, expected a positive number")
    wanted = min(math.log(stage_size), _LOG_SIZES[-1])
    return min(range(Q_MAX + 1), key=lambda q: abs(_LOG_SIZES[q] - wanted))
