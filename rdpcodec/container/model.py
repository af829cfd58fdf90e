"""The parsed file: frozen dataclasses that hold only values the format can carry."""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rdpcodec.container.bits import cut_bits, join_bits, padding_is_zero
from rdpcodec.container.layout import DEPTHS, KINDS, MAJOR, MINOR_MAX
from rdpcodec.container.prior_name import stored_digest
from rdpcodec.container.prompt import Prompt
from rdpcodec.container.varint import MAX_VALUE
from rdpcodec.layers import (
    CODERS,
    MAX_LAYERS,
    PARAMETER_MAX,
    PARAMETER_MIN,
    ChannelStep,
    Layer,
    StateShape,
    trellis_bits,
)

ANCILLARY_TYPE = re.compile(r"[a-z]", re.ASCII)
_STATES = {"grey": StateShape(1), "rgb": StateShape(3), "equal-rgb": StateShape(1)}


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - as in assert
    if not condition:
        raise ValueError(message)


def implied_state(kind: str) -> StateShape:
    """Return the shape of the state of a picture whose header states none.

    Args:
        kind: One of `KINDS`.

    Returns:
        The pixels themselves, with one channel where all would be equal.
    """
    return _STATES[kind]


def stated(kind: str, shape: StateShape) -> StateShape | None:
    """Return what a header states of a state: nothing where it is that of the kind."""
    return None if shape == implied_state(kind) else shape


@dataclass(frozen=True, slots=True)
class Chunk:
    """An ancillary chunk.

    Attributes:
        type: A letter in lower case.
        body: Its bytes.
    """

    type: str
    body: bytes

    def __post_init__(self) -> None:
        """Refuse a type that is not ancillary.

        Raises:
            ValueError: If the type is not a letter in lower case.
        """
        _require(bool(ANCILLARY_TYPE.fullmatch(self.type)), f"{self.type!r} is not ancillary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The H chunk.

    Attributes:
        width: Pixels.
        height: Pixels.
        kind: `grey`, `rgb`, or `equal-rgb`: RGB whose channels are equal, with a grey state.
        coder: The name of the channel coder.
        coder_parameter: State bits of `trellis`, nominal bits per chunk of `pfr`; 4..16.
        prior_id: The name of the prior; `#n` for a number that this version does not know.
        prior_digest: The first bytes of the SHA-256 of its manifest: four if the prior has a
            number, else eight. More may be given; they are cut off.
        seed: 0..2^64-1.
        layers: The layer table, coarse to fine.
        depth: Bits of a sample of the picture, 8 or 16.
        state: The shape of the state, None for that of the kind.
        minor: The minor version.
    """

    width: int
    height: int
    kind: str
    coder: str
    coder_parameter: int
    prior_id: str
    prior_digest: bytes
    seed: int
    layers: tuple[Layer, ...]
    depth: int = 8
    state: StateShape | None = None
    minor: int = 0

    def __post_init__(self) -> None:
        """Refuse values that the format cannot carry.

        Raises:
            ValueError: If a field is out of range or the layers do not fit the coder.
        """
        _require(1 <= self.width <= MAX_VALUE, f"width is {self.width}")
        _require(1 <= self.height <= MAX_VALUE, f"height is {self.height}")
        _require(self.kind in KINDS, f"kind is {self.kind!r}")
        _require(self.depth in DEPTHS, f"depth is {self.depth}")
        _require(self.state != implied_state(self.kind), "the state of the kind is stated again")
        _require(self.coder in CODERS, f"coder is {self.coder!r}")
        in_range = PARAMETER_MIN <= self.coder_parameter <= PARAMETER_MAX
        _require(in_range, f"coder_parameter is {self.coder_parameter}")
        stored = stored_digest(self.prior_id, self.prior_digest)
        object.__setattr__(self, "prior_digest", stored)
        _require(0 <= self.seed <= MAX_VALUE, f"seed is {self.seed}")
        _require(0 <= self.minor <= MINOR_MAX, f"minor is {self.minor}")
        self._check_layers()

    def _check_layers(self) -> None:
        _require(1 <= len(self.layers) <= MAX_LAYERS, f"{len(self.layers)} layers")
        levels = [layer.t for layer in self.layers]
        falling = all(a > b for a, b in itertools.pairwise(levels))
        _require(falling, f"t does not fall from layer to layer: {levels}")
        dim = self.dim
        for k, layer in enumerate(self.layers):
            if self.coder == "trellis":
                _require(layer.bits == trellis_bits(dim, layer.q), f"bits of layer {k}")
            else:
                _require(layer.bits % 8 == 0, f"bits of layer {k} are not whole bytes")

    @property
    def version(self) -> str:
        """The version of the format, `1.0` for example."""
        return f"{MAJOR}.{self.minor}"

    @property
    def channels(self) -> int:
        """The channels of the picture that is shown: 1 for grey, 3 for both kinds of RGB."""
        return 1 if self.kind == "grey" else 3

    @property
    def shape(self) -> StateShape:
        """How the shape of the state follows from the size of the picture, stated or not."""
        return self.state or implied_state(self.kind)

    @property
    def state_shape(self) -> tuple[int, int, int]:
        """The shape of the state: (channels, rows, columns)."""
        return self.shape.of(self.width, self.height)

    @property
    def t(self) -> int:
        """The noise level of the finest layer."""
        return self.layers[-1].t

    @property
    def dim(self) -> int:
        """The number D of coordinates of the state."""
        channels, rows, columns = self.state_shape
        return channels * rows * columns

    def coded_bits(self, layers: int | None = None) -> int:
        """Return the number of coded bits.

        Args:
            layers: How many layers, from the coarse end; all when None.

        Returns:
            The sum of their bits.
        """
        return sum(layer.bits for layer in self.layers[:layers])

    def payload_bytes(self, layers: int | None = None) -> int:
        """Return the number of bytes that the coded bits fill.

        Args:
            layers: How many layers, from the coarse end; all when None.

        Returns:
            ceil(coded bits / 8).
        """
        return -(-self.coded_bits(layers) // 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class RdpFile:
    """A parsed file.

    Attributes:
        header: The H chunk.
        payload: The body of D: the bits of the layers, coarse to fine, without alignment.
        ancillary: The ancillary chunks, in order.
        prompt: What the prior is told of the picture, None for nothing.
        layers_missing: How many layers at the fine end a truncated file has lost.
    """

    header: Header
    payload: bytes
    ancillary: tuple[Chunk, ...] = ()
    prompt: Prompt | None = None
    layers_missing: int = 0

    def __post_init__(self) -> None:
        """Refuse a payload that does not fit the header.

        Raises:
            ValueError: If its length or its padding is wrong, or no layer is whole.
        """
        _require(0 <= self.layers_missing < len(self.header.layers), "no layer is whole")
        expected = self.header.payload_bytes(self.layers_whole)
        _require(len(self.payload) == expected, f"payload is not {expected} bytes")
        used = self.header.coded_bits(self.layers_whole)
        _require(padding_is_zero(self.payload, used), "the padding of the payload is not zero")

    @property
    def chunks(self) -> tuple[Chunk | Prompt, ...]:
        """All chunks between H and D, in order."""
        return self.ancillary if self.prompt is None else (self.prompt, *self.ancillary)

    @property
    def layers_whole(self) -> int:
        """The number of layers whose bits are all there."""
        return len(self.header.layers) - self.layers_missing

    def layer_bits(self, k: int) -> bytes:
        """Return the coded bits of a layer.

        Args:
            k: The index of the layer, 0 for the coarsest.

        Returns:
            ceil(bits / 8) bytes, left-aligned and zero padded.

        Raises:
            IndexError: If the layer is not there.
        """
        if not 0 <= k < self.layers_whole:
            raise IndexError(f"layer {k} is not among the {self.layers_whole} whole layers")
        return cut_bits(self.payload, self.header.coded_bits(k), self.header.layers[k].bits)

    def steps(self) -> Iterator[tuple[Layer, ChannelStep, bytes]]:
        """Walk over the whole layers, coarse to fine.

        Yields:
            The layer, what its channel coder has to know, and its bits as in `layer_bits`.
        """
        header = self.header
        for k, layer in enumerate(header.layers[: self.layers_whole]):
            step = ChannelStep(seed=header.seed, layer=k, dim=header.dim, q=layer.q)
            yield layer, step, self.layer_bits(k)

    def truncated(self, k: int) -> "RdpFile":
        """Return the file with its first layers only, every other chunk kept.

        Args:
            k: How many layers to keep, 1..layers_whole.

        Returns:
            A file that can be built.

        Raises:
            ValueError: If k is out of range.
        """
        _require(1 <= k <= self.layers_whole, f"k is {k}, expected 1..{self.layers_whole}")
        header = replace(self.header, layers=self.header.layers[:k])
        payload = cut_bits(self.payload, 0, header.coded_bits())
        return replace(self, header=header, payload=payload, layers_missing=0)


def join_layers(header: Header, pieces: Iterable[bytes]) -> bytes:
    """Return the payload made of the coded bits of every layer.

    Args:
        header: The header with its layer table.
        pieces: The bits of each layer, left-aligned, as `RdpFile.layer_bits` returns them.

    Returns:
        The body of D.

    Raises:
        ValueError: If a piece is missing or too short for its layer.
    """
    counts = (layer.bits for layer in header.layers)
    return join_bits(zip(pieces, counts, strict=True))
