"""Compress photos so that one file decodes to any point between least error and full realism.

The public names are loaded when first used, so that `import rdpcodec` and reading a file's header
never load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["__version__", "decode", "encode", "load_prior", "open", "trim"]

__version__ = "0.1.0"

_HOMES = {
    "decode": "rdpcodec.codec",
    "encode": "rdpcodec.codec",
    "load_prior": "rdpcodec.priors",
    "open": "rdpcodec.codec",
    "trim": "rdpcodec.editor",
}

if TYPE_CHECKING:
    from rdpcodec.codec import decode, encode, open  # noqa: A004 - as PIL.Image.open
    from rdpcodec.editor import trim
    from rdpcodec.priors import load_prior
else:

    def __getattr__(name: str) -> object:
        """Load a public name from the module that defines it."""
        if name not in _HOMES:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(import_module(_HOMES[name]), name)
