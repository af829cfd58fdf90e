"""A picture to a file and back: the public `encode`, `decode` and `open`. Wiring only."""

import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Unpack

from rdpcodec import container, schedule
from rdpcodec.arrays import Array, place
from rdpcodec.chain import Chain, Clock, Estimator
from rdpcodec.channel import load_coder
from rdpcodec.channel.base import ChannelCoder
from rdpcodec.compute import Compute, neutral
from rdpcodec.container import Chunk, Header, Prompt, RdpFile
from rdpcodec.container.layout import EXIF, XMP
from rdpcodec.decoder.received import Received, receive
from rdpcodec.decoder.reconstruction import Geodesic, Noisy
from rdpcodec.encoder.ceiling import Ceiling, at_best, ceiling
from rdpcodec.encoder.quality import Quality
from rdpcodec.encoder.region import weights
from rdpcodec.encoder.search import Encoder, Goal
from rdpcodec.files import read_file
from rdpcodec.images import Picture, Pixels, encode_alpha, picture_from, with_invisible_filled
from rdpcodec.layers import Layer
from rdpcodec.limits import Limits
from rdpcodec.options import (
    DEFAULT_ROI_GAIN,
    DEFAULT_T,
    DecodeKeywords,
    DecodeOptions,
    EncodeKeywords,
    EncodeOptions,
    bytes_at,
)
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.ranges import invalid
from rdpcodec.report import LayerReport, Report, Seconds

# How a picture without colour is coded, by the number of channels that it came with.
_GREY_KINDS = {1: "grey", 3: "equal-rgb"}


@dataclass(frozen=True)
class Encoded:
    """A file and what it took to make it.

    Attributes:
        data: The bytes of the .rdp file.
        report: Its size, layers and seconds.
    """

    data: bytes
    report: Report


def encode(image: object, **options: Unpack[EncodeKeywords]) -> bytes:
    """Compress a picture.

    Args:
        image: A `Picture`, a Pillow image, a uint8 or uint16 array (H, W) or (H, W, C), or the
            path or the bytes of an image file. One or two channels are grey, two and four end in
            alpha. 16 bits are kept: the header says that the picture has them.
        options: The fields of `rdpcodec.options.EncodeOptions`.

    Returns:
        The bytes of the .rdp file.

    Raises:
        UsageError: If an option is out of range or the target is too small.
        InputError: If the picture is a path that is missing or may not be read.
        ImageError: If the picture is damaged, or has a feature that the format does not carry.
        PriorError: If the prior cannot be loaded.
        LimitError: If the picture is over a limit.

    Example:
        >>> import numpy as np
        >>> import rdpcodec
        >>> ramp = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (24, 1))
        >>> data = rdpcodec.encode(ramp, prior="gaussian-1", target_bytes=150)
        >>> 140 < len(data) <= 150
        True
        >>> len(rdpcodec.encode(ramp, prior="gaussian-1", bpp=1.5)) <= 1.5 * ramp.size / 8
        True
    """
    return encode_with_report(image, **options).data


def encode_with_report(image: object, **options: Unpack[EncodeKeywords]) -> Encoded:
    """Compress a picture as `encode` does; return the file and what it took to make it."""
    return encode_as(image, EncodeOptions(**options))


def encode_as(image: object, options: EncodeOptions) -> Encoded:
    """Compress a picture as `encode_with_report` does, with options that are already checked."""
    with neutral(options.threads):
        compute = Compute(options.device, options.precision)
        picture = picture_from(
            image, options.limits, allow_damaged=options.allow_damaged, frame=options.frame
        )
        _check_size(picture, options.limits)
        picture = replace(picture, **dict.fromkeys(options.stripped))  # type: ignore[arg-type]
        picture = with_invisible_filled(picture)
        coder, prior = load_coder(options.coder, options.coder_parameter), options.prior
        if isinstance(prior, str):
            prior = load_prior(prior, compute.device, compute.precision)
        prior = prior.with_prompt(options.prompt or "")
        encoder = _encoder(picture, options, coder, prior)
        shown = options.progress
        encoder.run(lambda done, total: shown("encoding", done, total) if shown else None)
        file = _file(encoder)
        data = container.build(file)
        options.limits.check("file_bytes", len(data), "the file")
        best = _ceiling(encoder, picture)
        return Encoded(data, _report(encoder, file, len(data), prior.engine, best))


def open(  # noqa: A001 - as PIL.Image.open
    source: bytes | Path | str, **options: Unpack[DecodeKeywords]
) -> Received:
    """Open a file: parse it, and receive it when a picture is first asked for.

    Args:
        source: The bytes of the .rdp file, or its path.
        options: The fields of `rdpcodec.options.DecodeOptions`.

    Returns:
        The received picture: `.info`, `.at(rho)`, `.endpoints()`, `.layers(k)`.

    Raises:
        RdpError: InputError, NotRdpError, ContainerError, LimitError or UsageError; see spec 13.

    Example:
        >>> import numpy as np
        >>> import rdpcodec
        >>> ramp = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (24, 1))
        >>> received = rdpcodec.open(rdpcodec.encode(ramp, prior="gaussian-1", bpp=2))
        >>> received.info["width"], received.info["height"], received.info["kind"]
        (32, 24, 'grey')
        >>> received.at(0).pixels.shape
        (24, 32)
        >>> bool(np.abs(received.at(0).pixels - ramp.astype(float)).mean() < 16)
        True
    """
    return open_as(source, DecodeOptions(**options))


def open_as(source: bytes | Path | str, options: DecodeOptions) -> Received:
    """Open a file as `open` does, with options that are already checked."""
    Compute(options.device, options.precision)
    data = source if isinstance(source, bytes) else read_file(Path(source), options.limits)
    file = container.parse(data, limits=options.limits, allow_partial=options.allow_partial)
    return receive(file, len(data), options)


def receive_as(file: RdpFile, file_bytes: int, options: DecodeOptions) -> Received:
    """Return the picture of a file that was parsed already."""
    Compute(options.device, options.precision)
    return receive(file, file_bytes, options)


def decode(data: bytes, **options: Unpack[DecodeKeywords]) -> Picture:
    """Read a file at one rho: `open` and `Received.at` in one call.

    Args:
        data: The bytes of the .rdp file.
        options: The fields of `rdpcodec.options.DecodeOptions`.

    Returns:
        The picture, with the colour profile and the alpha that the file holds.

    Raises:
        RdpError: NotRdpError, ContainerError, PriorError, LimitError, BitstreamError or
            UsageError; see spec 13.

    Example:
        >>> import numpy as np
        >>> import rdpcodec
        >>> red = np.full((16, 16, 3), (200, 40, 40), np.uint8)
        >>> picture = rdpcodec.decode(rdpcodec.encode(red, prior="gaussian-1", t=1500), rho=0.3)
        >>> picture.width, picture.height, picture.channels
        (16, 16, 3)
        >>> [round(float(mean), -1) for mean in np.asarray(picture).mean((0, 1))]
        [200.0, 40.0, 40.0]
    """
    return open(data, **options).at()


def _check_size(picture: Picture, limits: Limits) -> None:
    limits.check("side", max(picture.width, picture.height), "the picture's longer side")
    limits.check("pixels", picture.width * picture.height, "the picture's width times height")


def _encoder(
    picture: Picture, options: EncodeOptions, coder: ChannelCoder, prior: Prior
) -> Encoder:
    grey = picture.grey
    channels = 3 if grey is None else 1
    estimator = Estimator(prior, prior.domain(channels, picture.height, picture.width))
    coded = picture.pixels if grey is None else grey
    kind = "rgb" if grey is None else _GREY_KINDS[picture.channels]
    header = partial(
        _header,
        (picture.width, picture.height),
        prior,
        kind=kind,
        depth=picture.depth,
        state=container.stated(kind, estimator.domain.state),
        seed=options.seed,
        coder=options.coder,
        coder_parameter=coder.parameter,
    )
    x_0 = place(estimator.domain.to_state(coded), estimator.device)
    return Encoder(
        x_0=x_0,
        chain=Chain(estimator),
        coder=coder,
        header=header,
        seed=options.seed,
        ancillary=_ancillary(picture, options.rho_hint, options.limits),
        prompt=_prompt(options),
        goal=_goal(options, coded, estimator, x_0),
        region=_region(options, coded, estimator),
        rdo=estimator.domain.rdo if options.rdo is None else options.rdo,
    )


def _region(options: EncodeOptions, coded: Pixels, estimator: Estimator) -> Array | None:
    """Return what of the residual is sent where; None for all of it everywhere."""
    if options.roi is None:
        return None
    size, state = (coded.shape[0], coded.shape[1]), estimator.domain.state
    gain = DEFAULT_ROI_GAIN if options.roi_gain is None else options.roi_gain
    return place(weights(options.roi, gain, size, state), estimator.device)


def _goal(options: EncodeOptions, coded: Pixels, estimator: Estimator, x_0: Array) -> Goal:
    """Return where to stop; a file is never asked to be larger than it may be."""
    most, pixels = options.limits.file_bytes, coded.shape[0] * coded.shape[1]
    if options.bpp is not None:
        return Goal(file_bytes=min(bytes_at(options.bpp, pixels), most))
    if options.target_bytes is not None:
        return Goal(file_bytes=min(options.target_bytes, most))
    if options.psnr is not None:
        _check_psnr(options.psnr, coded, estimator, x_0)
        return Goal(quality=Quality(options.psnr, coded, partial(_least_error, estimator)))
    return Goal(t=DEFAULT_T if options.t is None else options.t)


def _check_psnr(wanted: float, coded: Pixels, estimator: Estimator, x_0: Array) -> None:
    """Refuse a quality that an autoencoder does not show, before anything is coded for it."""
    if not estimator.domain.exact and (most := at_best(estimator.domain, x_0, coded)) <= wanted:
        expected = f"less than {most:.2f}, all that the prior's autoencoder shows of this picture"
        raise invalid("psnr", f"{wanted:g} dB", expected)


def _least_error(estimator: Estimator, chain: Chain) -> Array:
    """Return the clean state at rho = 0, as a decoder of the layers so far has it."""
    state, basis = Noisy(chain.y, chain.sigma), chain.domain.basis
    return Geodesic(chain.denoise, state, chain.sigma_max, basis).distortion(estimator.symmetries)


def _header(
    size: tuple[int, int], prior: Prior, layers: tuple[Layer, ...], **fields: object
) -> Header:
    return Header(
        width=size[0],
        height=size[1],
        prior_id=prior.id,
        prior_digest=prior.digest,
        layers=layers,
        **fields,  # type: ignore[arg-type]
    )


def _ancillary(picture: Picture, rho_hint: float | None, limits: Limits) -> tuple[Chunk, ...]:
    chunks = []
    if rho_hint is not None:
        chunks.append(container.pack_rho(rho_hint))
    if picture.icc is not None:
        chunks.append(container.pack_icc(picture.icc, limits=limits))
    alpha = None if picture.alpha is None else encode_alpha(picture.alpha)
    if alpha is not None:
        chunks.append(container.pack_alpha(*alpha))
    for kind, plain in ((EXIF, picture.exif), (XMP, picture.xmp)):
        if plain is not None:
            chunks.append(container.pack_metadata(kind, plain, limits=limits))
    total = sum(len(chunk.body) for chunk in chunks)
    limits.check("ancillary_bytes", total, "the size of all ancillary chunks in bytes")
    return tuple(chunks)


def _prompt(options: EncodeOptions) -> Prompt | None:
    if options.prompt is None:
        return None
    return container.pack_prompt(options.prompt, limits=options.limits)


def _file(encoder: Encoder) -> RdpFile:
    header = encoder.header(tuple(coded.layer for coded in encoder.coded))
    payload = container.join_layers(header, [coded.payload for coded in encoder.coded])
    return RdpFile(
        header=header, payload=payload, ancillary=encoder.ancillary, prompt=encoder.prompt
    )


def _ceiling(encoder: Encoder, picture: Picture) -> Ceiling | None:
    """Return what the states can show at best; nothing is computed where that is all."""
    domain = encoder.chain.domain
    if domain.exact:
        return None
    coded = picture.pixels if picture.grey is None else picture.grey
    return ceiling(domain, encoder.x_0, encoder.chain.x0_hat(), coded)


def _report(
    encoder: Encoder, file: RdpFile, file_bytes: int, engine: str, best: Ceiling | None
) -> Report:
    header, clock = file.header, encoder.chain.clock
    return Report(
        file_bytes=file_bytes,
        bpp=8 * file_bytes / (header.width * header.height),
        payload_bits=header.coded_bits(),
        kl_bits=sum(coded.kl_bits for coded in encoder.coded),
        network_evaluations=clock.network_evaluations,
        seconds=_seconds(clock),
        width=header.width,
        height=header.height,
        prior=header.prior_id,
        engine=engine,
        coder=header.coder,
        seed=header.seed,
        t=header.t,
        psnr=_reached(encoder),
        vae_psnr=None if best is None else best.psnr,
        vae_share=None if best is None else best.share,
        layers=tuple(
            LayerReport(c.layer.t, schedule.sigma(c.layer.t), c.kl_bits, c.layer.bits)
            for c in encoder.coded
        ),
    )


def _reached(encoder: Encoder) -> float | None:
    """Return the PSNR that was asked for, as it is; None where nobody asked, or without error."""
    quality = encoder.goal.quality
    if quality is None:
        return None
    found = quality.found if quality.met else quality.measure(encoder.chain)
    return found if math.isfinite(found) else None


def _seconds(clock: Clock) -> Seconds:
    return Seconds(clock.total, clock.network, clock.channel)
