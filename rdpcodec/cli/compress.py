"""`rdpcodec compress`."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from rdpcodec.cli.folders import Extras, compress_folder, folder_of, pair
from rdpcodec.cli.messages import naming, say
from rdpcodec.cli.options import (
    ClusterAddress,
    CoderName,
    Device,
    FilesFrom,
    Force,
    Jobs,
    OutFolder,
    Precision,
    Quiet,
    Resume,
    Threads,
)
from rdpcodec.cli.overwriting import any_picture, check_apart, check_overwriting, not_rdp
from rdpcodec.cli.progress import progress
from rdpcodec.cli.reading import read_map
from rdpcodec.cli.streams import (
    check_destination,
    check_one_stdin,
    is_stdout,
    read_input,
    write_output,
)
from rdpcodec.container.exif import tells_place
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.layers import MAX_LAYERS
from rdpcodec.options import DEFAULT_PRIOR, EncodeOptions

if TYPE_CHECKING:
    from rdpcodec.codec import Encoded
    from rdpcodec.images import Picture

VAE_SHARE_MAX = 0.8  # of the error: from here on bits buy a decibel at most

Bpp = Annotated[
    float | None, typer.Option(metavar="B", help="Size of the file in bits per pixel, at most.")
]
TargetBytes = Annotated[
    int | None, typer.Option(metavar="N", help="Size of the file in bytes, at most.")
]
Psnr = Annotated[
    float | None,
    typer.Option(
        metavar="DB",
        help="PSNR of the picture at rho = 0, at least, in the fewest layers.",
    ),
]
NoiseLevel = Annotated[
    int | None,
    typer.Option(metavar="T", help="Noise level to stop at, 0 (largest file) to 4095."),
]
PriorName = Annotated[
    str | None, typer.Option(metavar="ID", help="See rdpcodec priors. Default: photo-1.")
]
Coder = Annotated[CoderName, typer.Option(help="The channel coder.")]
CoderParameter = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="trellis: bits of its state, 4 to 16, default 14; 16 saves 1 % of the bytes for "
        "12 % more time and 0.5 GB. pfr: bits of a chunk, 4 to 16, default 12.",
    ),
]
Seed = Annotated[int, typer.Option(help="Of the shared randomness; any is as good.")]
RhoHint = Annotated[
    float | None, typer.Option(metavar="R", help="The rho a viewer starts at; kept in the file.")
]
PromptText = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="What is in the picture, for a prior that reads it; kept in the file. Default: none.",
    ),
]
Rdo = Annotated[
    float | None,
    typer.Option(
        metavar="S",
        help="How far bits go where they lessen the error most, 0 (the exact noisy state) to 1. "
        "Default: 0.5, and 0 for priors of latents.",
    ),
]
Roi = Annotated[
    str | None,
    typer.Option(
        metavar="MASK.png",
        help="A grey picture of the same size: bits go where it is light, away from where it is "
        "dark. No part of the file.",
    ),
]
RoiGain = Annotated[
    float | None,
    typer.Option(
        metavar="G",
        help="How far: 1 (not at all) to 16; the weight of white over black. Default: 2.",
    ),
]
Strip = Annotated[
    str | None,
    typer.Option(
        metavar="exif,xmp,icc|all", help="Leave these metadata out. Default: all are kept."
    ),
]
AllowDamaged = Annotated[
    bool, typer.Option("--allow-damaged", help="Read a JPEG that lacks its end.")
]
Frame = Annotated[
    int | None,
    typer.Option(metavar="N", help="Which frame or page of a file of several; 1 is the first."),
]
Report = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.json", help="Write bits, seconds and layers as JSON; with -o a line a file."
    ),
]


def compress(  # noqa: PLR0913 - one parameter per option
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IN OUT",
            help="An image file and the .rdp file to make of it; - for standard input or output. "
            "With -o FOLDER: image files and folders of them, each to an .rdp file there.",
        ),
    ] = None,
    *,
    output: OutFolder = None,
    files_from: FilesFrom = None,
    jobs: Jobs = None,
    cluster: ClusterAddress = None,
    resume: Resume = False,
    bpp: Bpp = None,
    target_bytes: TargetBytes = None,
    psnr: Psnr = None,
    t: NoiseLevel = None,
    prior: PriorName = None,
    coder: Coder = "trellis",
    coder_parameter: CoderParameter = None,
    seed: Seed = 0,
    rho_hint: RhoHint = None,
    prompt: PromptText = None,
    rdo: Rdo = None,
    roi: Roi = None,
    roi_gain: RoiGain = None,
    device: Device = "cpu",
    precision: Precision = "float32",
    threads: Threads = None,
    allow_damaged: AllowDamaged = False,
    frame: Frame = None,
    strip: Strip = None,
    report: Report = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Compress an image to an .rdp file, or many with -o FOLDER.

    Example: rdpcodec compress photo.jpg photo.rdp --bpp 0.5
    """
    folder = folder_of(
        files,
        output,
        Extras(files_from=files_from, jobs=jobs, cluster=cluster, resume=resume, report=report),
        force=force,
        quiet=quiet,
    )
    _check_one_goal(bpp, target_bytes, psnr, t)
    if folder is not None and roi is not None:
        message = "--roi is for a single picture, found -o FOLDER"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    check_one_stdin({"IN": files[0] if files else None, "--roi": roi})
    options = EncodeOptions(
        prior=DEFAULT_PRIOR if prior is None else prior,
        t=t,
        bpp=bpp,
        target_bytes=target_bytes,
        psnr=psnr,
        seed=seed,
        coder=coder,
        coder_parameter=coder_parameter,
        rho_hint=rho_hint,
        prompt=prompt,
        rdo=rdo,
        roi=None if roi is None else read_map(roi, "the mask of --roi"),
        roi_gain=roi_gain,
        device=device,
        precision=precision,
        threads=threads,
        allow_damaged=allow_damaged,
        frame=frame,
        strip=strip,
    )
    if folder is not None:
        compress_folder(folder, options)
    else:
        _compress_one(*pair(files), options, roi, report, force=force, quiet=quiet)


def _compress_one(  # noqa: PLR0913 - what the command line says of one picture
    source: str,
    out: str,
    options: EncodeOptions,
    roi: str | None,
    report: str | None,
    *,
    force: bool,
    quiet: bool,
) -> None:
    inputs = {"IN": source, "--roi": roi}
    _check_out(inputs, out, force=force)
    if report is not None:
        _check_report(report, inputs, out, force=force)
    picture = _read(source, options, quiet=quiet)
    with progress("loading the prior", quiet=quiet) as shown:
        from rdpcodec import codec  # noqa: PLC0415 - loads the codec

        encoded = codec.encode_as(picture, replace(options, progress=shown))
    write_output(out, encoded.data)
    if report is not None:
        write_output(report, f"{json.dumps(encoded.report.to_json(), indent=2)}\n".encode())
    if not quiet:
        say(_summary(source, out, encoded, picture))
        if "exif" not in options.stripped:
            _note_of_place(source, picture)
        _note_of_goal(source, encoded, options)
        _warn_of_vae(source, encoded)


def _note_of_place(source: str, picture: "Picture") -> None:
    """Say so where the file tells a place, which its owner may not want."""
    if picture.exif is not None and tells_place(picture.exif):
        say(f"note: {source}: EXIF with a place (GPS) is kept; --strip exif leaves it out")


def _note_of_goal(source: str, encoded: "Encoded", options: EncodeOptions) -> None:
    """Say so where a file ends before its goal: at the last layer, or at the finest level."""
    report, layers = encoded.report, len(encoded.report.layers)
    if options.psnr is not None:
        if report.psnr is not None and report.psnr < options.psnr:
            why = "nothing finer exists" if report.t == 0 else f"it has all {layers} layers"
            reached = f"{report.psnr:.2f} dB, not {options.psnr:g}"
            say(f"note: {source}: the file ends at t = {report.t} with {reached}: {why}")
        return
    short = options.t is not None and report.t > options.t
    if layers == MAX_LAYERS and (short or report.t > 0):
        wanted = f", not at {options.t}" if short else ""
        say(f"note: {source}: the file ends at t = {report.t}{wanted}: it has all {layers} layers")
    elif options.t is None and report.t == 0:
        say(f"note: {source}: the file ends at t = 0; nothing finer exists, so no more bytes help")


def _warn_of_vae(source: str, encoded: "Encoded") -> None:
    """Say so where bits are spent that the autoencoder of a latent prior cannot show."""
    share, at_best = encoded.report.vae_share, encoded.report.vae_psnr
    if share is not None and share > VAE_SHARE_MAX:
        say(
            f"warning: {source}: {100 * share:.0f} % of the error at rho = 0 is that of the "
            f"autoencoder of {encoded.report.prior}, which reaches {at_best:.2f} dB on this "
            f"picture at any rate; photo-1 would serve better at {encoded.report.bpp:.2f} bpp"
        )


def _check_out(inputs: Mapping[str, str | None], out: str, *, force: bool) -> None:
    check_destination(out)
    check_overwriting(out, inputs=inputs, keep=not_rdp, force=force)


def _check_report(report: str, inputs: Mapping[str, str | None], out: str, *, force: bool) -> None:
    check_apart("--report", report, outputs={"OUT": out}, inputs=inputs)
    if is_stdout(report):
        return  # JSON may go to a terminal
    check_destination(report)
    check_overwriting(report, inputs={}, keep=any_picture, force=force)


def _check_one_goal(*goals: float | None) -> None:
    given = sum(goal is not None for goal in goals)
    if given > 1:
        message = f"--bpp, --target-bytes, --psnr and --t exclude each other, {given} were given"
        raise UsageError(ISSUE.INVALID_OPTION, message)


def _read(source: str, options: EncodeOptions, *, quiet: bool) -> "Picture":
    from rdpcodec.images import read_picture, source_limits  # noqa: PLC0415 - loads numpy

    with naming(source):
        data = read_input(source, source_limits())
        picture, notes = read_picture(
            data, allow_damaged=options.allow_damaged, frame=options.frame
        )
    if not quiet:
        for note in notes:
            say(f"note: {source}: {note}")
    return picture


def _summary(source: str, out: str, encoded: "Encoded", picture: "Picture") -> str:
    bpp = 8 * len(encoded.data) / (picture.width * picture.height)
    report = encoded.report
    reached = "" if report.psnr is None else f"{report.psnr:.2f} dB at rho = 0, "
    return (
        f"{source} -> {out}: {len(encoded.data)} bytes, {bpp:.3f} bpp, {reached}"
        f"{len(report.layers)} layers, {report.seconds.total:.1f} s"
    )
