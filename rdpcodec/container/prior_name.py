"""How the header names a prior: by number if it is built in, by name otherwise (spec 4.3)."""

import re

# The number on disk of each prior that comes with the format; never given to another one.
PRIOR_NUMBERS = {"gaussian-1": 1, "photo-1": 2}
NAMED = 0
NUMBER_MAX = 255
NUMBERED_DIGEST_BYTES = 4
NAMED_DIGEST_BYTES = 8
PRIOR_ID = re.compile(r"[a-z0-9][A-Za-z0-9._:/@-]{0,63}", re.ASCII)
_UNKNOWN = re.compile(r"#([1-9][0-9]{0,2})", re.ASCII)
_NAMES = {number: name for name, number in PRIOR_NUMBERS.items()}


def prior_number(prior_id: str) -> int:
    """Return the number that the header holds for a prior.

    Args:
        prior_id: A name, or `#n` for a number that this version knows no name of.

    Returns:
        1..255, or `NAMED` if the name itself is written.

    Raises:
        ValueError: If it is neither a name nor such a number.
    """
    if unknown := _UNKNOWN.fullmatch(prior_id):
        number = int(unknown[1])
        if number <= NUMBER_MAX and number not in _NAMES:
            return number
    elif PRIOR_ID.fullmatch(prior_id):
        return PRIOR_NUMBERS.get(prior_id, NAMED)
    raise ValueError(f"prior_id is {prior_id!r}, expected a name or the number of no known prior")


def prior_of_number(number: int) -> str:
    """Return the name of a number, or `#n`, which is no name, if this version knows none.

    Args:
        number: 1..255.

    Returns:
        What `prior_number` gives the number for.
    """
    return _NAMES.get(number, f"#{number}")


def stored_digest(prior_id: str, digest: bytes) -> bytes:
    """Return what the header holds of the digest of a prior.

    Args:
        prior_id: As for `prior_number`.
        digest: At least the first eight bytes of the SHA-256 of its manifest.

    Returns:
        Its first four bytes if the prior has a number, else its first eight.

    Raises:
        ValueError: If the prior cannot be named in a header, or the digest is too short.
    """
    numbered = prior_number(prior_id) != NAMED
    count = NUMBERED_DIGEST_BYTES if numbered else NAMED_DIGEST_BYTES
    if len(digest) < count:
        raise ValueError(f"the digest of {prior_id} has {len(digest)} bytes, expected {count}")
    return digest[:count]
