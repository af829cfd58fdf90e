"""Arguments and options that several commands share."""

from typing import Annotated, Literal

import typer

ReconstructionName = Literal["ode", "geodesic"]
CoderName = Literal["trellis", "pfr"]
DepthName = Literal["8", "16"]
FormatName = Literal["png", "webp", "tif", "bmp", "ppm", "pgm"]
PrecisionName = Literal["float32", "bfloat16", "float16"]


def _or_global(ctx: typer.Context, value: bool) -> bool:  # noqa: FBT001 - typer calls it
    """Let `rdpcodec -q COMMAND` mean the same as `rdpcodec COMMAND -q`."""
    return value or bool(ctx.parent and ctx.parent.params.get("quiet"))


RdpInput = Annotated[
    str, typer.Argument(metavar="FILE", help="An .rdp picture, or - for standard input.")
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", callback=_or_global, help="Say nothing on stderr but errors."),
]
Rho = Annotated[
    float | None,
    typer.Option(
        help="From 0, least error, to 1, full realism. Default: the file's hint, else 0.5.",
    ),
]
RhoMap = Annotated[
    str | None,
    typer.Option(
        metavar="MASK.png",
        help="A grey picture of the same size, rho for each pixel: black is 0, white is 1.",
    ),
]
Reconstruction = Annotated[
    ReconstructionName | None, typer.Option(help="How to get from the file to the picture.")
]
Layers = Annotated[int | None, typer.Option(metavar="K", help="Read only the K coarsest layers.")]
PriorSource = Annotated[
    str | None,
    typer.Option(
        metavar="ID", help="Where to take the prior from; it must still be the file's, by digest."
    ),
]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="Read the whole layers of a file that is cut.")
]
Evaluations = Annotated[
    int | None,
    typer.Option(metavar="N", help="How often the reconstruction evaluates the network."),
]
Average = Annotated[
    int | None,
    typer.Option(
        metavar="K",
        help="Least error as the mean of K sampled pictures, for K times the evaluations. "
        "Default: 1, the picture of the estimate.",
    ),
]
Symmetries = Annotated[
    int | None,
    typer.Option(
        metavar="K",
        help="Least error as the mean over K of the 8 symmetries of the square, for K + 1 "
        "evaluations more. 1: the estimate alone. Default: the prior's.",
    ),
]
VaeTiles = Annotated[
    bool,
    typer.Option("--vae-tiles", help="Decode latents in tiles: less memory, another picture."),
]
Device = Annotated[
    str,
    typer.Option(metavar="cpu|cuda|cuda:N|mps", help="Where the prior computes."),
]
Precision = Annotated[
    PrecisionName,
    typer.Option(
        help="Of networks; bfloat16 rounds photo-1 at large noise, float16 is for pipelines."
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="How many the prior uses on the CPU. The result is the same. Default: a core each.",
    ),
]
Format = Annotated[
    FormatName | None,
    typer.Option(
        "--format", help="Of the output; needed where its name has no extension, as /dev/fd/63."
    ),
]
Depth = Annotated[
    DepthName | None,
    typer.Option(
        "--depth", help="Bits of a sample of the output. Default: the file's, where they fit."
    ),
]
DropProfile = Annotated[
    bool,
    typer.Option("--drop-profile", help="Leave the ICC profile out; the pixels stay as they are."),
]
Background = Annotated[
    str | None,
    typer.Option(
        metavar="COLOUR",
        help="Lay a transparent picture on a colour: white, #80c0ff, as in CSS. Default: keep it.",
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Replace an output that is an input, or a picture of another kind."
    ),
]
OutFolder = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="FOLDER", help="All arguments are inputs; outputs go there."
    ),
]
FilesFrom = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="With -o: more inputs, a name a line; - for standard input."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=65536,
        help="With -o: processes, which share the threads. Default: 1, on a cluster all it has "
        "room for.",
    ),
]
ClusterAddress = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="auto|ray://HOST:PORT",
        help="With -o: do the work on this cluster of Ray, with --threads CPUs (default 1) for "
        "each process.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="With -o: leave what --report tells was made of the same inputs so."
    ),
]
Records = Annotated[
    str | None,
    typer.Option("--report", metavar="FILE.jsonl", help="With -o: a line of JSON for each file."),
]
