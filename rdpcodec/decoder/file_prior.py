"""Which prior reads a file, and the estimates that it makes of the file's states."""

from rdpcodec.chain import Estimator
from rdpcodec.container import Header, RdpFile
from rdpcodec.errors import (
    ISSUE,
    PriorMismatchError,
    PriorUnavailableError,
    UnsupportedError,
    UsageError,
)
from rdpcodec.layers import StateShape
from rdpcodec.options import DecodeOptions
from rdpcodec.priors import IN_PACKAGE, load_prior
from rdpcodec.priors.base import Prior, require_prior


def prior_of(file: RdpFile, options: DecodeOptions) -> Prior:
    """Return the prior of a file, told its prompt and checked by digest.

    Args:
        file: The parsed file.
        options: Say where to take it from; a file alone can only name a built-in prior.

    Returns:
        The prior.

    Raises:
        PriorError: If it cannot be had, or is not the one that wrote the file.
    """
    header = file.header
    prior = _named_in(header) if options.prior is None else options.prior
    if isinstance(prior, str):
        prior = load_prior(prior, options.device, options.precision)
    prior = _told(prior, "" if file.prompt is None else file.prompt.text)
    require_prior(prior, header.prior_id, header.prior_digest)
    return prior


def _told(prior: Prior, prompt: str) -> Prior:
    try:
        return prior.with_prompt(prompt)
    except UsageError as error:  # the user did not ask for it: the file does
        message = f"the file was written with a prompt, but {error.message}"
        raise PriorMismatchError(ISSUE.PRIOR_MISMATCH, message) from error


def estimator_of(file: RdpFile, options: DecodeOptions) -> Estimator:
    """Return the prior of a file in the domain of its states.

    Args:
        file: The parsed file.
        options: As for `prior_of`.

    Returns:
        The estimator.

    Raises:
        PriorError: If the prior cannot be had, or is not the one that wrote the file.
        UnsupportedError: If its states have another shape than the file's.
    """
    header, prior = file.header, prior_of(file, options)
    domain = prior.domain(3 if header.kind == "rgb" else 1, header.height, header.width)
    if domain.state != header.shape:
        raise UnsupportedError(
            ISSUE.UNSUPPORTED_FEATURE,
            f"the state has {_spelt(header.shape)}, those of prior {prior.id} have "
            f"{_spelt(domain.state)}",
        )
    return Estimator(prior, domain.tiled() if options.vae_tiles else domain)


def _spelt(shape: StateShape) -> str:
    return f"{shape.channels} channels, stride {shape.stride} and multiple {shape.multiple}"


def _named_in(header: Header) -> str:
    """Return the built-in prior that a file names; a file never opens a directory or a hub."""
    if header.prior_id not in IN_PACKAGE:
        raise PriorUnavailableError(
            ISSUE.PRIOR_UNAVAILABLE,
            f"the file was written with prior {header.prior_id}, which is not built in; "
            f"say where it is with --prior (prior= in Python)",
        )
    return header.prior_id
