"""`rdpcodec decompress`."""

from typing import Annotated

import typer

from rdpcodec.cli.options import (
    AllowPartial,
    Average,
    Background,
    Device,
    DropProfile,
    Evaluations,
    Force,
    Format,
    Layers,
    Precision,
    PriorSource,
    Quiet,
    RdpInput,
    Reconstruction,
    Rho,
    RhoMap,
    Symmetries,
    Threads,
    VaeTiles,
)
from rdpcodec.cli.reading import Reading
from rdpcodec.cli.saving import save


def decompress(  # noqa: PLR0913 - one parameter per option
    file: RdpInput,
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT.png", help="A .png, .webp, .tif, .bmp, .ppm or .pgm file, or - for a PNG."
        ),
    ],
    *,
    rho: Rho = None,
    rho_map: RhoMap = None,
    reconstruction: Reconstruction = None,
    layers: Layers = None,
    prior: PriorSource = None,
    evaluations: Evaluations = None,
    average: Average = None,
    symmetries: Symmetries = None,
    vae_tiles: VaeTiles = False,
    allow_partial: AllowPartial = False,
    drop_profile: DropProfile = False,
    background: Background = None,
    chosen: Format = None,
    force: Force = False,
    device: Device = "cpu",
    precision: Precision = "float32",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Read an .rdp picture and save it as an image file.

    Example: rdpcodec decompress photo.rdp photo.png --rho 1
    """
    reading = Reading(
        file=file,
        rho=rho,
        rho_map=rho_map,
        reconstruction=reconstruction,
        layers=layers,
        prior=prior,
        evaluations=evaluations,
        average=average,
        symmetries=symmetries,
        vae_tiles=vae_tiles,
        allow_partial=allow_partial,
        drop_profile=drop_profile,
        background=background,
        device=device,
        precision=precision,
        threads=threads,
        quiet=quiet,
    )
    save(out, reading, chosen=chosen, force=force)
