"""Channel simulation (RCC): integers that let a decoder draw z ~ N(mu, I) (spec 9)."""

from rdpcodec.channel.base import ChannelCoder
from rdpcodec.channel.trellis import TrellisCoder
from rdpcodec.layers import DEFAULT_PARAMETERS, PARAMETER_MAX, PARAMETER_MIN, ChannelStep

__all__ = ["ChannelCoder", "ChannelStep", "load_coder"]


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
    if name not in DEFAULT_PARAMETERS:
        raise ValueError(f"the channel coder {name!r} is unknown")
    if parameter is None:
        parameter = DEFAULT_PARAMETERS[name]
    if not PARAMETER_MIN <= parameter <= PARAMETER_MAX:
        raise ValueError(f"the parameter {parameter} of {name} is not in 4..16")
    if name == "trellis":
        return TrellisCoder(parameter)
    from rdpcodec.channel.pfr import PfrCoder  # noqa: PLC0415 - brings an entropy coder

    return PfrCoder(parameter)
