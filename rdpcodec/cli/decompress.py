"""`rdpcodec decompress`."""

from typing import Annotated

import typer

from rdpcodec.cli.folders import Extras, decompress_folder, folder_of, pair
from rdpcodec.cli.options import (
    AllowPartial,
    Average,
    Background,
    ClusterAddress,
    Depth,
    Device,
    DropProfile,
    Evaluations,
    FilesFrom,
    Force,
    Format,
    Jobs,
    Layers,
    OutFolder,
    Precision,
    PriorSource,
    Quiet,
    Reconstruction,
    Records,
    Resume,
    Rho,
    RhoMap,
    Symmetries,
    Threads,
    VaeTiles,
)
from rdpcodec.cli.reading import Reading
from rdpcodec.cli.saving import save
from rdpcodec.errors import ISSUE, UsageError


def decompress(  # noqa: PLR0913 - one parameter per option
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE OUT.png",
            help="An .rdp picture, or - for standard input, and a .png, .webp, .tif, .bmp, .ppm "
            "or .pgm file, or - for a PNG. With -o FOLDER: .rdp pictures and folders of them.",
        ),
    ] = None,
    *,
    output: OutFolder = None,
    files_from: FilesFrom = None,
    jobs: Jobs = None,
    cluster: ClusterAddress = None,
    resume: Resume = False,
    report: Records = None,
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
    depth: Depth = None,
    drop_profile: DropProfile = False,
    background: Background = None,
    chosen: Format = None,
    force: Force = False,
    device: Device = "cpu",
    precision: Precision = "float32",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Read an .rdp picture and save it as an image file, or many with -o FOLDER.

    Example: rdpcodec decompress photo.rdp photo.png --rho 1
    """
    folder = folder_of(
        files,
        output,
        Extras(files_from=files_from, jobs=jobs, cluster=cluster, resume=resume, report=report),
        force=force,
        quiet=quiet,
    )
    file, out = pair(files) if folder is None else ("", "")
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
        depth=None if depth is None else int(depth),
        drop_profile=drop_profile,
        background=background,
        device=device,
        precision=precision,
        threads=threads,
        quiet=quiet,
    )
    if folder is not None:
        decompress_folder(folder, reading, chosen or "png")
    elif report is not None:
        raise UsageError(ISSUE.INVALID_OPTION, "--report of decompress needs -o FOLDER")
    else:
        save(out, reading, chosen=chosen, force=force)
