"""A picture to a file and back: the public `encode` and `decode`. Wiring only."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypedDict, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rdpcodec import container, schedule
from rdpcodec.allocation import DEFAULT_STRENGTH
from rdpcodec.chain import Chain, Clock
from rdpcodec.channel import DEFAULT_CODER, ChannelCoder, ChannelStep, load_coder
from rdpcodec.compute import Compute
from rdpcodec.container import Chunk, Header, RdpFile
from rdpcodec.encoder import Encoder, Goal
from rdpcodec.errors import ISSUE, PriorUnavailableError, UsageError
from rdpcodec.images import Picture, picture_from
from rdpcodec.layers import CODERS, Layer
from rdpcodec.limits import DEFAULT, Limits
from rdpcodec.priors import BUILT_IN, DEFAULT_PRIOR, load_prior
from rdpcodec.priors.base import Prior, require_prior
from rdpcodec.readers import (
    DEFAULT_EVALUATIONS,
    DEFAULT_READER,
    READERS,
    Rho,
    descent_steps,
    in_range,
    needs_flow,
    read,
)
from rdpcodec.rng import MAX_SEED
from rdpcodec.schedule import T_MAX

DEFAULT_RHO = 0.5
DEFAULT_T = 1984
HOST = Compute()
EVALUATIONS_MAX = 1000
RHO_RANGE = "0 (least distortion) .. 1 (best perception)"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Encoded:
    """A file and what it took to make it.

    Attributes:
        data: The bytes of the .rdp file.
        report: The report that spec/report.schema.json describes.
    """

    data: bytes
    report: dict[str, object]


class EncodeOptions(TypedDict, total=False):
    """The options of `encode`, as explained at `encode_with_report`."""

    prior: str | Prior
    t: int | None
    bpp: float | None
    target_bytes: int | None
    seed: int
    coder: str
    coder_parameter: int | None
    rho_hint: float | None
    rdo: float
    limits: Limits
    progress: Progress | None
    device: str
    precision: str
    allow_damaged: bool


def encode(image: object, **options: Unpack[EncodeOptions]) -> bytes:
    """Return the .rdp file of a picture; arguments and errors as in `encode_with_report`."""
    return encode_with_report(image, **options).data


def encode_with_report(  # noqa: PLR0913 - the options of a codec
    image: object,
    *,
    prior: str | Prior = DEFAULT_PRIOR,
    t: int | None = None,
    bpp: float | None = None,
    target_bytes: int | None = None,
    seed: int = 0,
    coder: str = DEFAULT_CODER,
    coder_parameter: int | None = None,
    rho_hint: float | None = None,
    rdo: float = DEFAULT_STRENGTH,
    limits: Limits = DEFAULT,
    progress: Progress | None = None,
    device: str = "cpu",
    precision: str = "float32",
    allow_damaged: bool = False,
) -> Encoded:
    """Compress a picture.

    Args:
        image: A `Picture`, a Pillow image, a uint8 array (H, W), (H, W, 1) or (H, W, 3), or the
            path or the bytes of an image file.
        prior: The prior or its name.
        t: Level at which the file ends, 0 (most bits) .. 4095; or
        bpp: bits per pixel of the whole file, met from below; or
        target_bytes: bytes of the whole file, met from below. None of the three: `DEFAULT_T`.
        seed: 0 .. 2**64 - 1; another seed gives another, equally good file.
        coder: `trellis` or `pfr`.
        coder_parameter: State bits (`trellis`) or nominal bits per chunk (`pfr`).
        rho_hint: The rho a viewer may start at, stored beside the picture.
        rdo: How far bits go where they lessen the error most, 0 .. 1; 0 simulates the channel of
            y = x_0 + sigma n itself.
        limits: Upper bounds on the picture.
        progress: Called with the phase, the steps done and an estimate of all steps.
        device: `cpu`, `cuda`, `cuda:N` or `mps`; where the prior computes.
        precision: `float32`, or `bfloat16` for a faster prior at large noise.
        allow_damaged: Read a JPEG that lacks its end.

    Returns:
        The file and its report.

    Raises:
        UsageError: If an option is out of range or the target is too small.
        ImageError: If the picture has a feature that the format does not carry.
        PriorError: If the prior cannot be loaded.
        LimitError: If the picture is over a limit.
    """
    picture = picture_from(image, limits, allow_damaged=allow_damaged)
    limits.check("side", max(picture.width, picture.height), "the picture's longer side")
    limits.check("pixels", picture.width * picture.height, "the picture's width times height")
    if not 0 <= seed <= MAX_SEED:
        raise _invalid("seed", seed, f"0..{MAX_SEED}")
    if not 0 <= rdo <= 1:
        raise _invalid("rdo", rdo, "0 (all of the noisy state) .. 1")
    goal = _goal(t, bpp, target_bytes, picture.width * picture.height)
    channel_coder = _coder(coder, coder_parameter)
    compute = Compute(device, precision)
    model = load_prior(prior) if isinstance(prior, str) else prior
    header = partial(
        _header, picture, model, seed=seed, coder=coder, coder_parameter=channel_coder.parameter
    )
    x_0 = to_tensor(picture).to(compute.device)
    encoder = Encoder(
        x_0=x_0,
        chain=_chain(model, compute, (picture.channels, picture.height, picture.width)),
        coder=channel_coder,
        header=header,
        seed=seed,
        ancillary=_ancillary(picture, rho_hint, limits),
        goal=goal,
        strength=rdo,
    )
    encoder.run(lambda done, total: progress("encoding", done, total) if progress else None)
    file = _file(encoder)
    data = container.build(file)
    limits.check("file_bytes", len(data), "the file")
    return Encoded(data, _report(encoder, file, len(data)))


def decode(  # noqa: PLR0913 - the options of a codec
    data: bytes,
    *,
    rho: float | NDArray[np.generic] | None = None,
    reader: str | None = None,
    layers: int | None = None,
    prior: str | Prior | None = None,
    evaluations: int | None = None,
    limits: Limits = DEFAULT,
    allow_partial: bool = False,
    progress: Progress | None = None,
    device: str = "cpu",
    precision: str = "float32",
) -> Picture:
    """Read a file at any rho.

    Args:
        data: The bytes of the .rdp file.
        rho: 0 (least distortion) .. 1 (best perception); the file's hint, else 0.5, when None.
            A map gives every pixel its own: (H, W), floats in 0..1 or uint8 with 255 for 1.
        reader: `ode` or `geodesic`.
        layers: Read only the first layers, a coarser picture; all when None.
        prior: Where to take the prior from, if not by the name in the file; the digest decides.
        evaluations: Denoiser evaluations of the reader.
        limits: Upper bounds on the file.
        allow_partial: Read the whole layers of a truncated file.
        progress: Called with the phase, the steps done and all steps.
        device: As in `encode_with_report`.
        precision: As in `encode_with_report`; neither has to be what the encoder used.

    Returns:
        The picture, with the colour profile that the file holds.

    Raises:
        RdpError: NotRdpError, ContainerError, PriorError, LimitError, BitstreamError or
            UsageError; see spec 13.
    """
    compute = Compute(device, precision)
    file = container.parse(data, limits=limits, allow_partial=allow_partial)
    wanted = _rho(file, rho)
    reader = DEFAULT_READER if reader is None else reader
    if reader not in READERS:
        raise _invalid("reader", reader, " or ".join(READERS))
    evaluations = DEFAULT_EVALUATIONS if evaluations is None else evaluations
    if not 1 <= evaluations <= EVALUATIONS_MAX:
        raise _invalid("evaluations", evaluations, f"1..{EVALUATIONS_MAX}")
    icc = container.unpack_icc(file.ancillary, limits=limits)
    chain = receive(file, layers=layers, prior=prior, progress=progress, compute=compute)
    total = evaluations if reader == "ode" or needs_flow(wanted) else 1
    if reader == "geodesic":
        total += descent_steps(chain.sigma, chain.sigma_max)
    pixels = read(
        _Counter(chain, progress, total),
        chain.y,
        chain.sigma,
        rho=wanted.to(chain.y.device) if isinstance(wanted, Tensor) else wanted,
        reader=reader,
        evaluations=evaluations,
        sigma_max=chain.sigma_max,
    )
    return Picture(to_pixels(pixels), icc)


def receive(
    file: RdpFile,
    *,
    layers: int | None = None,
    prior: str | Prior | None = None,
    progress: Progress | None = None,
    compute: Compute = HOST,
) -> Chain:
    """Return the chain at the state y_T that a file's layers lead to.

    Args:
        file: The parsed file.
        layers: How many layers, from the coarse end; all that are whole when None.
        prior: Where to take the prior from.
        progress: As in `decode`.
        compute: Where and how finely to compute.

    Returns:
        The chain at the level of the last layer used.

    Raises:
        UsageError: If there are not so many layers.
        PriorError: If the prior is missing or not the file's.
        BitstreamError: If the coded data of a layer cannot be read.
    """
    count = file.layers_whole if layers is None else layers
    if not 1 <= count <= file.layers_whole:
        raise _invalid("layers", count, f"1..{file.layers_whole}, the layers of this file")
    model = prior_of(file.header, prior)
    header = file.header
    coder = load_coder(header.coder, header.coder_parameter)
    chain = _chain(model, compute, (header.channels, header.height, header.width))
    for k, layer in enumerate(header.layers[:count]):
        step = ChannelStep(seed=header.seed, layer=k, dim=header.dim, q=layer.q)
        with chain.clock.measure("channel"):
            z = coder.decode(coder.unpack(file.layer_bits(k), step), step)
        chain.advance(layer.t, torch.from_numpy(z).view_as(chain.y).to(chain.y.device))
        if progress:
            progress("decoding", k + 1, count)
    return chain


def _chain(model: Prior, compute: Compute, shape: tuple[int, int, int]) -> Chain:
    return Chain(model.at_precision(compute.precision), shape, compute.device)


class _Counter:
    """The chain's denoiser, reporting each evaluation of the reader."""

    def __init__(self, chain: Chain, progress: Progress | None, total: int) -> None:
        self._chain, self._progress, self._total, self._done = chain, progress, total, 0

    def __call__(self, y: Tensor, sigma: float) -> Tensor:
        x0_hat = self._chain.denoise(y, sigma)
        self._done += 1
        if self._progress:
            self._progress("reading", self._done, self._total)
        return x0_hat


def _goal(t: int | None, bpp: float | None, target_bytes: int | None, pixels: int) -> Goal:
    if sum(option is not None for option in (t, bpp, target_bytes)) > 1:
        raise UsageError(
            ISSUE.INVALID_OPTION, "t, bpp and target_bytes exclude each other; give one of them"
        )
    if bpp is not None:
        if not (math.isfinite(bpp) and bpp > 0):
            raise _invalid("bpp", bpp, "a positive number of bits per pixel")
        return Goal(file_bytes=int(bpp * pixels / 8))
    if target_bytes is not None:
        if target_bytes < 1:
            raise _invalid("target_bytes", target_bytes, "a positive number of bytes")
        return Goal(file_bytes=target_bytes)
    if t is not None and not 0 <= t <= T_MAX:
        raise _invalid("t", t, f"0..{T_MAX}")
    return Goal(t=DEFAULT_T if t is None else t)


def _coder(name: str, parameter: int | None) -> ChannelCoder:
    if name not in CODERS:
        raise _invalid("coder", name, " or ".join(CODERS))
    try:
        return load_coder(name, parameter)
    except ValueError as exc:
        raise _invalid("coder_parameter", parameter, "4..16") from exc


def _header(picture: Picture, prior: Prior, layers: tuple[Layer, ...], **fields: object) -> Header:
    return Header(
        width=picture.width,
        height=picture.height,
        channels=picture.channels,
        prior_id=prior.id,
        prior_digest=prior.digest,
        layers=layers,
        **fields,  # type: ignore[arg-type]
    )


def _ancillary(picture: Picture, rho_hint: float | None, limits: Limits) -> tuple[Chunk, ...]:
    chunks = []
    if rho_hint is not None:
        if not 0 <= rho_hint <= 1:
            raise _invalid("rho_hint", rho_hint, "0..1")
        chunks.append(container.pack_rho(rho_hint))
    if picture.icc is not None:
        chunks.append(container.pack_icc(picture.icc, limits=limits))
    return tuple(chunks)


def _file(encoder: Encoder) -> RdpFile:
    header = encoder.header(tuple(coded.layer for coded in encoder.coded))
    payload = container.join_layers(header, [coded.payload for coded in encoder.coded])
    return RdpFile(header=header, payload=payload, ancillary=encoder.ancillary)


def _report(encoder: Encoder, file: RdpFile, file_bytes: int) -> dict[str, object]:
    header, clock = file.header, encoder.chain.clock
    return {
        "file_bytes": file_bytes,
        "bpp": 8 * file_bytes / (header.width * header.height),
        "payload_bits": header.coded_bits(),
        "kl_bits": sum(coded.kl_bits for coded in encoder.coded),
        "network_evaluations": clock.network_evaluations,
        "seconds": _seconds(clock),
        "width": header.width,
        "height": header.height,
        "prior": header.prior_id,
        "coder": header.coder,
        "seed": header.seed,
        "t": header.t,
        "layers": [
            {
                "t": coded.layer.t,
                "sigma": schedule.sigma(coded.layer.t),
                "kl_bits": coded.kl_bits,
                "bits": coded.layer.bits,
            }
            for coded in encoder.coded
        ],
    }


def _seconds(clock: Clock) -> dict[str, float]:
    return {"total": clock.total, "network": clock.network, "channel": clock.channel}


def prior_of(header: Header, prior: str | Prior | None = None) -> Prior:
    """Return the prior of a file, checked by digest.

    Args:
        header: The file's header.
        prior: Where to take it from; a file alone can only name a built-in prior.

    Returns:
        The prior.

    Raises:
        PriorError: If it cannot be had, or is not the one that wrote the file.
    """
    source = _named_in(header) if prior is None else prior
    model = load_prior(source) if isinstance(source, str) else source
    require_prior(model, header.prior_id, header.prior_digest)
    return model


def _named_in(header: Header) -> str:
    """Return the built-in prior that a file names; a file never opens a directory or a hub."""
    if header.prior_id not in BUILT_IN:
        raise PriorUnavailableError(
            ISSUE.PRIOR_UNAVAILABLE,
            f"the file was written with prior {header.prior_id}, which is not built in; "
            f"say where it is with --prior (prior= in Python)",
        )
    return header.prior_id


def _rho(file: RdpFile, rho: float | NDArray[np.generic] | None) -> Rho:
    if rho is None:
        hint = container.unpack_rho(file.ancillary)
        return DEFAULT_RHO if hint is None else hint
    if isinstance(rho, np.ndarray):
        return _rho_map(file.header, rho)
    if not in_range(rho):
        raise _invalid("rho", rho, RHO_RANGE)
    return rho


def _rho_map(header: Header, rho: NDArray[np.generic]) -> Tensor:
    """Return the map as (1, 1, H, W) float32."""
    size = header.height, header.width
    if rho.shape != size:
        raise _invalid("rho", f"a map of shape {rho.shape}", f"{size}, the picture's (H, W)")
    if rho.dtype.kind != "f" and rho.dtype != np.uint8:
        raise _invalid("rho", f"a map of {rho.dtype}", "floats in 0..1, or uint8")
    scale = 255 if rho.dtype == np.uint8 else 1
    values = torch.from_numpy(rho.astype(np.float32))[None, None] / scale
    if not in_range(values):
        raise _invalid("rho", "a map with values out of range", RHO_RANGE)
    return values


def to_tensor(picture: Picture) -> Tensor:
    """Return the state (1, C, H, W) in [-1, 1] of a picture's pixels."""
    pixels = picture.pixels.reshape(picture.height, picture.width, picture.channels)
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)
    return torch.from_numpy(planes)[None].div_(127.5).sub_(1)


def to_pixels(x: Tensor) -> NDArray[np.uint8]:
    """Return the 8-bit pixels, (H, W, 3) or (H, W), of a state (1, C, H, W) in [-1, 1]."""
    bytes_ = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    pixels = bytes_[0].permute(1, 2, 0).cpu().numpy()
    return pixels if pixels.shape[2] == 3 else pixels[:, :, 0]


def _invalid(option: str, found: object, expected: str) -> UsageError:
    return UsageError(ISSUE.INVALID_OPTION, f"{option} is {found}, expected {expected}")
