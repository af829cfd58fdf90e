"""What a decoder accepts before it allocates memory (spec 12)."""

from dataclasses import dataclass

from rdpcodec.errors import ISSUE, LimitError

_ISSUES = {
    "file_bytes": ISSUE.LIMIT_FILE_BYTES,
    "side": ISSUE.LIMIT_SIDE,
    "pixels": ISSUE.LIMIT_PIXELS,
    "state": ISSUE.LIMIT_STATE,
    "layers": ISSUE.LIMIT_LAYERS,
    "chunks": ISSUE.LIMIT_CHUNKS,
    "ancillary_bytes": ISSUE.LIMIT_ANCILLARY_BYTES,
    "icc_bytes": ISSUE.LIMIT_ICC_BYTES,
    "prompt_bytes": ISSUE.LIMIT_PROMPT_BYTES,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds, each inclusive.

    Attributes:
        file_bytes: Size of the file.
        side: Width and height.
        pixels: Width times height.
        state: Coordinates of the state, three for each pixel of the largest picture.
        layers: Layers in the table; the format itself never allows more than 256.
        chunks: Chunks, H and D included.
        ancillary_bytes: Sum of the bodies of all chunks but H, T and D.
        icc_bytes: Inflated size of an ICC profile.
        prompt_bytes: Size of a prompt in UTF-8.
    """

    file_bytes: int = 64 << 20
    side: int = 16_384
    pixels: int = 89_478_485
    state: int = 268_435_455
    layers: int = 256
    chunks: int = 1024
    ancillary_bytes: int = 1 << 20
    icc_bytes: int = 1 << 20
    prompt_bytes: int = 4096

    def check(self, name: str, value: int, what: str) -> None:
        """Refuse a value above a limit.

        Args:
            name: The field that bounds the value.
            value: What was found.
            what: What the value is, for the sentence.

        Raises:
            LimitError: If the value is above the limit.
        """
        limit: int = getattr(self, name)
        if value > limit:
            message = f"{what} is {value}, above the limit {name} = {limit}"
            raise LimitError(_ISSUES[name], message, name, value, limit)


DEFAULT = Limits()
