"""What `inspect --json` prints; its schema is `spec/inspect.schema.json`."""

from typing import Any

from rdpcodec.container.ancillary import name_of, unpack_metadata
from rdpcodec.container.exif import tells_place
from rdpcodec.container.layout import EXIF
from rdpcodec.container.model import Chunk, RdpFile
from rdpcodec.container.size import container_bytes
from rdpcodec.layers import Layer, stage_count, stage_size
from rdpcodec.limits import DEFAULT, Limits
from rdpcodec.schedule import sigma


def describe(file: RdpFile, file_bytes: int, limits: Limits = DEFAULT) -> dict[str, Any]:
    """Describe a file in JSON types, without a network and without torch.

    Args:
        file: The parsed file.
        file_bytes: The size of the file, as it lies on the disk.
        limits: What the file was parsed with.

    Returns:
        An object of the schema. Container and payload add up to the file; of a truncated file the
        payload is what is left of it.
    """
    header = file.header
    container = min(container_bytes(file), file_bytes)
    payload = file_bytes - container
    pixels = header.width * header.height
    return {
        "format_version": header.version,
        "width": header.width,
        "height": header.height,
        "kind": header.kind,
        "depth": header.depth,
        "state": list(header.state_shape),
        "prior": {"id": header.prior_id, "digest": header.prior_digest.hex()},
        "prompt": None if file.prompt is None else file.prompt.text,
        "seed": header.seed,
        "t": header.t,
        "coder": header.coder,
        "coder_parameter": header.coder_parameter,
        "layers": [_layer(k, layer, header.dim) for k, layer in enumerate(header.layers)],
        "layers_whole": file.layers_whole,
        "bytes": {"file": file_bytes, "container": container, "payload": payload},
        "bpp": {"file": 8 * file_bytes / pixels, "payload": 8 * payload / pixels},
        "ancillary": [_ancillary(chunk, limits) for chunk in file.ancillary],
    }


def _ancillary(chunk: Chunk, limits: Limits) -> dict[str, Any]:
    found = {"type": chunk.type, "name": name_of(chunk.type), "bytes": len(chunk.body)}
    if chunk.type == EXIF:
        exif = unpack_metadata([chunk], EXIF, limits=limits)
        found["place"] = exif is not None and tells_place(exif)
    return found


def _layer(index: int, layer: Layer, dim: int) -> dict[str, Any]:
    return {
        "index": index,
        "t": layer.t,
        "sigma": sigma(layer.t),
        "bits": layer.bits,
        "stage_size": stage_size(layer.q),
        "stages": stage_count(dim, layer.q),
    }
