"""The files of `photo-1`, as a checkout and as packages hold them (spec 10.4).

Packages hold the weights in another order: of numbers in float16 the bytes with sign, exponent and
two bits of the fraction behind each other, and then the rest, which nothing compresses. Wheels and
sdists are 7 % smaller by that; `tools/pack_weights.py` writes them.
"""

from importlib import resources

PACKAGE = "rdpcodec.priors.photo_1"
WEIGHTS, PACKED = "weights.safetensors", "weights.packed"


def read(name: str) -> bytes:
    """Return a file of this package.

    Raises:
        OSError: If it cannot be read.
    """
    return resources.files(PACKAGE).joinpath(name).read_bytes()


def read_weights() -> bytes:
    """Return the bytes of `weights.safetensors`, in whichever order they lie here.

    Raises:
        OSError: If they cannot be read.
    """
    if resources.files(PACKAGE).joinpath(PACKED).is_file():
        return unpacked(read(PACKED))
    return read(WEIGHTS)


def unpacked(packed: bytes) -> bytes:
    """Return bytes of which those at even places come first, as `[::2]` and `[1::2]` give them."""
    stored = bytearray(len(packed))
    half = (len(packed) + 1) // 2
    stored[::2], stored[1::2] = packed[:half], packed[half:]
    return bytes(stored)
