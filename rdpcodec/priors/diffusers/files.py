"""Which files hold the weights of a component: safetensors, whole or in shards (spec 10.5)."""

import re
from collections.abc import Iterator
from pathlib import Path

from rdpcodec.errors import ISSUE, PriorError
from rdpcodec.priors.diffusers.index import read_object
from rdpcodec.priors.diffusers.source import VARIANTS, Source, unavailable
from rdpcodec.priors.diffusers.tensors import Weights, find_tensors

SHARDS_MAX = 64
SHARD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.safetensors")
# What diffusers and transformers call the weights of a component.
STEMS = {"diffusers": "diffusion_pytorch_model", "transformers": "model"}


def find_weights(source: Source, name: str, library: str, *, root: bool = False) -> Weights:
    """Return the tensors of a component, from the headers of its files.

    Args:
        source: The pipeline.
        name: The component, which is its folder.
        library: `diffusers` or `transformers`, whose names of files differ.
        root: Whether the files may lie in the root instead.

    Raises:
        PriorUnavailableError: If there are no safetensors files.
        PriorError: If they are damaged.
    """
    stem = STEMS[library]
    where = f"the {name} of the pipeline {source.name}"
    for folder in (f"{name}/", "") if root else (f"{name}/",):
        for names in _candidates(folder + stem, source.variant):
            if paths := _found(source, folder, names):
                return Weights(find_tensors(paths, where), where)
    raise unavailable(
        f"the pipeline {source.name} has no {name}/{stem}.safetensors, and other formats of "
        f"weights, such as .bin, are pickles, which are never read"
    )


def _candidates(stem: str, variant: str | None) -> Iterator[tuple[str, ...]]:
    """Yield names to try, the variant that was asked for first, then the plain one.

    Shards come before a single file, as in diffusers.
    """
    order = [variant] if variant else []
    order += [each for each in ("", *VARIANTS) if each not in order]
    for each in order:
        if not each:
            yield (f"{stem}.safetensors.index.json",)
            yield (f"{stem}.safetensors",)
            continue
        yield (
            f"{stem}.safetensors.index.{each}.json",
            f"{stem}.safetensors.{each}.index.json",
            f"{stem}.{each}.safetensors.index.json",
        )
        yield (f"{stem}.{each}.safetensors",)


def _found(source: Source, folder: str, names: tuple[str, ...]) -> list[Path]:
    """Return the files behind the first name that exists: itself, or the shards it lists."""
    path = source.fetch(names)
    if path is None:
        return []
    if path.suffix == ".safetensors":
        return [path]
    where = f"{folder}{path.name} of the pipeline {source.name}"
    return [_shard(source, folder, shard, where) for shard in _shards(source, path, where)]


def _shards(source: Source, path: Path, where: str) -> list[str]:
    """Return the names in an index of shards, which never lead out of its folder."""
    parts = read_object(source, path, path.name).get("weight_map")
    if not isinstance(parts, dict) or not parts:
        raise PriorError(ISSUE.PRIOR_INVALID, f"{where} has no weight_map of tensors to files")
    shards = sorted(set(map(str, parts.values())))
    if len(shards) > SHARDS_MAX:
        message = f"{where} names {len(shards)} files, above {SHARDS_MAX}"
        raise PriorError(ISSUE.PRIOR_INVALID, message)
    for shard in shards:
        if not SHARD.fullmatch(shard):
            message = f"{where} names the file {shard[:80]!r}, expected one beside it, .safetensors"
            raise PriorError(ISSUE.PRIOR_INVALID, message)
    return shards


def _shard(source: Source, folder: str, shard: str, where: str) -> Path:
    path = source.fetch((folder + shard,))
    if path is None:
        raise unavailable(f"{where} names the file {shard}, which is not there")
    return path
