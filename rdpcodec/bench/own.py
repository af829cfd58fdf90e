"""Our codec and the baselines that share its priors, under measurement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rdpcodec import __version__, codec
from rdpcodec.arrays import Array
from rdpcodec.bench.base import Coded, Meter, Pixels, Reading, Spent
from rdpcodec.bench.baselines.base import BaselineCodec
from rdpcodec.bench.ways import parse_way, read_way
from rdpcodec.images import at_depth
from rdpcodec.priors.base import Prior
from rdpcodec.priors.memo import Memo, MemoPrior

DIFFC_CHUNK_BITS = 14
VERSION = f"rdpcodec {__version__}"


@dataclass
class OwnCodec:
    """rdpcodec with one of its channel coders.

    Attributes:
        name: What the table calls it.
        model: The prior; a `MemoPrior` leaves seconds and memory out.
        coder: The channel coder.
        settings: Other options of the encoder.
    """

    name: str
    model: Prior
    coder: str
    version: str = VERSION
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def prior(self) -> str:
        """The prior it codes with."""
        return self.model.id

    def readings(self, asked: Sequence[str]) -> list[str]:
        """Return all the ways to read, since it has them all."""
        return list(asked)

    def encode(self, pixels: Pixels, target_bytes: int) -> Coded:
        """Return the file of at most `target_bytes`.

        Raises:
            UsageError: If there is no file so small.
        """
        meter = Meter()
        encoded = codec.encode_with_report(
            pixels,
            target_bytes=target_bytes,
            prior=self.model,
            coder=self.coder,
            **self.settings,
        )
        spent = meter.read()
        facts = {"layers": float(len(encoded.report.layers))}
        if encoded.report.kl_bits:
            facts["coded_over_kl"] = encoded.report.payload_bits / encoded.report.kl_bits
        return Coded(encoded.data, _unless_shared(spent, self.model), facts)

    def decode(self, data: bytes, readings: Sequence[str]) -> Iterator[Reading]:
        """Yield each reading; the layers are walked once and nothing is evaluated twice.

        The seconds of a reading are what it takes alone: the walk, its own time, and the time of
        the estimates that it found in memory. The peak is that since the walk began.
        """
        meter = Meter()
        received = codec.open(data, prior=self.model)
        state, estimator = received.state, received.estimator
        walk, memo = meter.read().seconds, Memo(estimator)
        for name in readings:
            way, before, recalled = parse_way(name), meter.read().seconds, memo.recalled_seconds
            picture = read_way(way, memo, state, estimator)
            pixels, after = at_depth(received.shown(picture), 8), meter.read()
            seconds = walk + after.seconds - before + memo.recalled_seconds - recalled
            spent = Spent(seconds, after.peak_mib)
            yield Reading(name, pixels, _unless_shared(spent, self.model))


class EveryLayer(Prior):
    """Another prior, without a prompt, evaluated in every layer."""

    def __init__(self, prior: Prior) -> None:
        self.identity, self.card, self.compute = prior.identity, prior.card, prior.compute
        self.sigma_max, self.calibration = prior.sigma_max, prior.calibration
        self.engine, self.device = prior.engine, prior.device
        self.domain, self._prior = prior.domain, prior  # type: ignore[method-assign]

    def denoise(self, y: Array, sigma: float) -> Array:
        """Return the prior's estimate; see `Prior.denoise`."""
        return self._prior.denoise(y, sigma)


def diffc(prior: Prior) -> OwnCodec:
    """Return the codec with what DiffC does differently, where it is a choice.

    The paper's channel coder with 14 bits a chunk, an evaluation of the prior in every layer, and
    all of the noisy state sent. States, levels and container stay ours, which are its better part.

    Source:
        Vonderfecht and Liu 2025, arXiv:2501.09815 (JeremyIV/diffc).
    """
    every: Prior = EveryLayer(prior)
    if isinstance(prior, MemoPrior):
        every = MemoPrior(every)  # so that seconds are left out here too
    settings = {"coder_parameter": DIFFC_CHUNK_BITS, "rdo": 0}
    return OwnCodec("diffc", every, "pfr", settings=settings)


@dataclass
class BaselineUnderTest:
    """Another way to code with the same prior.

    Attributes:
        kind: Its class.
        model: As in `OwnCodec`.
    """

    kind: type[BaselineCodec]
    model: Prior
    version: str = VERSION

    @property
    def name(self) -> str:
        """What the table calls it."""
        return self.kind.name

    @property
    def prior(self) -> str:
        """The prior it codes with."""
        return self.model.id

    def readings(self, asked: Sequence[str]) -> list[str]:
        """Return the readings of the default reconstruction, the only one it has."""
        return [name for name in asked if name.startswith("rho=")]

    def encode(self, pixels: Pixels, target_bytes: int) -> Coded:
        """Return the file of at most `target_bytes`, or the smallest that there is."""
        meter = Meter()
        data = self.kind(self.model).encode(pixels, target_bytes)
        return Coded(data, _unless_shared(meter.read(), self.model))

    def decode(self, data: bytes, readings: Sequence[str]) -> Iterator[Reading]:
        """Yield each reading; nothing is evaluated twice, seconds as in `OwnCodec.decode`."""
        memo = MemoPrior(self.model)
        decoder, meter = self.kind(memo), Meter()
        for name in readings:
            before, recalled = meter.read().seconds, memo.recalled_seconds
            pixels, after = decoder.decode(data, rho=parse_way(name).rho or 0.0), meter.read()
            seconds = after.seconds - before + memo.recalled_seconds - recalled
            spent = Spent(seconds, after.peak_mib)
            yield Reading(name, pixels, _unless_shared(spent, self.model))


def _unless_shared(spent: Spent, model: Prior) -> Spent | None:
    """Return nothing where the prior's estimates were shared, since they cost nothing then."""
    return None if isinstance(model, MemoPrior) else spent
