"""Channel simulation (RCC): integers that let a decoder draw z ~ N(mu, I) (spec 9)."""

from rdpcodec.channel.base import ChannelCoder, ChannelStep
from rdpcodec.channel.trellis import TrellisCoder
from rdpcodec.layers import PARAMETER_MAX, PARAMETER_MIN

__all__ = ["DEFAULT_CODER", "ChannelCoder", "ChannelStep", "load_coder"]

DEFAULT_CODER = "trellis"


def load_coder(name: str, parameter: int | None = None) -> ChannelCoder:
    """Return the channel coder of that name.

    Args:
        name: `trellis` or `pfr`.
        parameter: The parameter in the header; the coder's default when None.

    Returns:
        The coder.

    Raises:
        ValueError: If the name is unknown or the parameter out of range.
    """
    if parameter is not None and not PARAMETER_MIN <= parameter <= PARAMETER_MAX:
        raise ValueError(f"the parameter {parameter} of {name} is not in 4..16")
    if name == "trellis":
        return TrellisCoder() if parameter is None else TrellisCoder(parameter)
    if name == "pfr":
        from rdpcodec.channel.pfr import PfrCoder  # noqa: PLC0415 - brings an entropy coder

        return PfrCoder() if parameter is None else PfrCoder(parameter)
    raise ValueError(f"the channel coder {name!r} is unknown")
