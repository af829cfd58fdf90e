"""The commands, put together."""

from collections.abc import Sequence
from typing import Annotated

import typer

from rdpcodec import __version__
from rdpcodec.cli.bench import bench
from rdpcodec.cli.compare import compare
from rdpcodec.cli.compress import compress
from rdpcodec.cli.conform import conform
from rdpcodec.cli.decompress import decompress
from rdpcodec.cli.desktop import desktop
from rdpcodec.cli.inspect import inspect
from rdpcodec.cli.messages import EXIT_INTERRUPTED, report, say
from rdpcodec.cli.options import Quiet
from rdpcodec.cli.priors import priors
from rdpcodec.cli.streams import print_text
from rdpcodec.cli.trim import trim
from rdpcodec.cli.verify import verify
from rdpcodec.cli.view import view
from rdpcodec.errors import EXIT_OK, EXIT_USAGE
from rdpcodec.interrupts import delivered

NAME = "rdpcodec"
EPILOG = (
    "Exit codes: 0 fine, 1 usage, 2 bad input, 3 prior missing or not the file's, 4 a limit, "
    "5 some of several inputs failed."
)

app = typer.Typer(name=NAME, epilog=EPILOG, pretty_exceptions_enable=False)
for command in (compress, view, decompress, inspect, trim, verify, compare, priors, conform, bench):
    app.command()(command)
app.add_typer(desktop)


def _print_version(value: bool) -> None:  # noqa: FBT001 - typer calls it
    if value:
        print_text(f"{NAME} {__version__}\n")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    ctx: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback has printed it
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
    quiet: Quiet = False,  # noqa: ARG001 - read by the option of each command
) -> None:
    """Compress photos so that one file decodes to any point between least error and realism."""
    if ctx.invoked_subcommand is None:
        print_text(ctx.get_help())
        raise typer.Exit(EXIT_USAGE)


def run(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: The arguments; those of the process when None.

    Returns:
        The exit code.
    """
    arguments = None if args is None else list(args)
    try:
        with delivered():
            command = typer.main.get_command(app)
            code = command.main(args=arguments, prog_name=NAME, standalone_mode=False)
    except typer.Abort as error:  # no command asks questions: it is an EOFError in a disguise
        return report(error.__cause__ or error)
    except BaseException as error:  # noqa: BLE001 - raised again unless it is to be reported
        return report(error)
    if code == EXIT_INTERRUPTED:  # typer has caught the KeyboardInterrupt
        say("interrupted")
    return code if isinstance(code, int) else EXIT_OK
