"""One of several pictures of a file, where it is asked for."""

import io

import numpy as np
import pytest
from PIL import Image

import rdpcodec
from rdpcodec.errors import ISSUE, ImageError, UsageError
from rdpcodec.images import picture_from, read_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 6, 7, 3), np.uint8)


def several(kind: str) -> bytes:
    """Return a file of three pictures, without loss but for GIF."""
    first, *others = (Image.fromarray(each) for each in PIXELS)
    out = io.BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {}
    first.save(out, kind, save_all=True, append_images=others, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "GIF"])
@pytest.mark.parametrize("frame", [1, 2, 3])
def test_a_frame_is_taken_where_it_is_asked_for(kind: str, frame: int) -> None:
    """It is the whole picture as a viewer would show it, and the note says which one."""
    picture, notes = read_picture(several(kind), frame=frame)
    least = 40 if kind == "GIF" else 0
    assert np.abs(picture.pixels.astype(int) - PIXELS[frame - 1]).mean() <= least
    assert notes[0] == f"frame {frame} of 3 is stored, no other"


def test_a_plain_file_has_its_first_frame_only() -> None:
    """A frame that is not there is refused, the first is there without a word."""
    out = io.BytesIO()
    Image.fromarray(PIXELS[0]).save(out, "PNG")
    assert read_picture(out.getvalue(), frame=1)[1] == []
    with pytest.raises(ImageError, match="has 1 frame, expected at least 2") as caught:
        read_picture(out.getvalue(), frame=2)
    assert caught.value.issue is ISSUE.IMAGE_UNSUPPORTED


def test_frames_of_an_open_image() -> None:
    """An image of Pillow is asked as its file is."""
    with Image.open(io.BytesIO(several("TIFF"))) as image:
        assert np.array_equal(picture_from(image, frame=3).pixels, PIXELS[2])


def test_frame_0_is_no_frame() -> None:
    """Frames are counted from 1."""
    with pytest.raises(UsageError, match="frame is 0"):
        rdpcodec.encode(several("PNG"), prior="gaussian-1", frame=0)
