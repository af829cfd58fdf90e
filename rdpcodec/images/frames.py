"""Which of several pictures of a file is the one."""

from PIL import Image, TiffImagePlugin

from rdpcodec.images.formats import unsupported

_NEW_SUBFILE_TYPE, _SUBFILE_TYPE = 254, 255
_SEVERAL_SURFACES = 0xFE00 | 0x200000  # the faces of a cube, slices of a volume
_CAPS2 = 112
_ONE = "one, or --frame N (frame=N in Python) to take one of them"


def choose_frame(
    image: Image.Image, data: bytes | None, frame: int | None, notes: list[str]
) -> None:
    """Refuse animations and several pages unless one is asked for, and leave out thumbnails.

    Args:
        image: An image; sought to the frame asked for, or the one page that is no thumbnail.
        data: Its file, None if there is none.
        frame: Which one to take, 1 for the first; None to ask for one only.
        notes: Gets a note about pictures that are left out.

    Raises:
        ImageError: If several pictures have the same right, or there is no such frame.
    """
    if image.format == "ICO" and len(image.info.get("sizes", ())) > 1:
        sizes = len(image.info["sizes"])
        notes.append(f"the icon has {sizes} sizes, only the largest is stored")
    caps = data[_CAPS2 : _CAPS2 + 4] if image.format == "DDS" and data is not None else b""
    if int.from_bytes(caps, "little") & _SEVERAL_SURFACES:
        raise unsupported("the image has several surfaces (a cube map or a volume)", "one")
    frames = getattr(image, "n_frames", 1)
    if frame is not None:
        _take(image, frame, frames, notes)
        return
    if frames == 1:
        return
    if image.format == "MPO":  # photos of many phones: the first is the photo
        notes.append(f"the file has {frames} pictures, only the first is stored")
        return
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        _choose_page(image, frames, notes)
        return
    raise unsupported(f"the image has {frames} frames (animation or several pictures)", _ONE)


def _take(image: Image.Image, frame: int, frames: int, notes: list[str]) -> None:
    if frame > frames:
        have = "1 frame" if frames == 1 else f"{frames} frames"
        raise unsupported(f"the image has {have}", f"at least {frame}, to take that one")
    image.seek(frame - 1)
    if frames > 1:
        notes.append(f"frame {frame} of {frames} is stored, no other")


def _choose_page(image: TiffImagePlugin.TiffImageFile, pages: int, notes: list[str]) -> None:
    here = image.tell()
    whole = []
    for page in range(pages):
        image.seek(page)
        if not _is_thumbnail(image):
            whole.append(page)
    if len(whole) != 1:
        image.seek(here)
        raise unsupported(f"the image has {pages} pages (several pictures)", _ONE)
    image.seek(whole[0])
    thumbnails = pages - 1
    notes.append(
        f"the file has {thumbnails} smaller cop{'y' if thumbnails == 1 else 'ies'} of the "
        f"picture (thumbnails), which are not stored"
    )


def _is_thumbnail(image: TiffImagePlugin.TiffImageFile) -> bool:
    tags = image.tag_v2
    return bool(tags.get(_NEW_SUBFILE_TYPE, 0) & 1) or tags.get(_SUBFILE_TYPE) == 2
