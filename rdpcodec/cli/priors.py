"""`rdpcodec priors`."""

from rich.table import Table

from rdpcodec.cli.options import Quiet
from rdpcodec.cli.progress import progress
from rdpcodec.cli.streams import print_rich
from rdpcodec.errors import PriorError


def priors(*, quiet: Quiet = False) -> None:
    """List the priors, the networks that files are written with.

    Example: rdpcodec priors
    """
    with progress("loading the priors", quiet=quiet):
        from rdpcodec.priors import BUILT_IN  # noqa: PLC0415 - loads the codec

        tables = [_card(prior_id) for prior_id in BUILT_IN]
    print_rich(*tables, "Also: diffusers:DIRECTORY or diffusers:HUB/ID, a pixel-space pipeline.")


def _card(prior_id: str) -> Table:
    table = Table(title=prior_id, title_justify="left", show_header=False)
    for field, value in _facts(prior_id):
        table.add_row(field, value)
    return table


def _facts(prior_id: str) -> list[tuple[str, str]]:
    from rdpcodec.priors import load_prior  # noqa: PLC0415 - loads the codec

    try:
        prior = load_prior(prior_id)
    except PriorError as error:
        return [("not available", error.message)]
    return [
        ("summary", prior.card.summary),
        ("digest", prior.digest.hex()),
        ("parameters", f"{prior.card.parameters:,}"),
        ("training data", prior.card.training_data),
        ("one-step PSNR", prior.card.quality),
        ("engine", prior.engine),
        ("licence", prior.card.licence),
    ]
