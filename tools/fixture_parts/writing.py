"""What all parts of the fixtures are written with."""

import hashlib
import json

Files = dict[str, bytes]


def as_json(value: object) -> bytes:
    """Return a JSON file."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def sha256(data: bytes) -> str:
    """Return the digest in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
