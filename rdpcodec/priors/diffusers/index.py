"""What a pipeline says it is made of: `model_index.json`, read with patience (spec 10.5).

The file has been written by many programs. Names of components with a library and a class count;
settings, gaps and whatever else lies between them do not. The class of the pipeline itself is
never looked at: other networks have been saved under it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rdpcodec.errors import ISSUE, PriorError
from rdpcodec.priors.diffusers.noise_levels import Config
from rdpcodec.priors.diffusers.source import INDEX, ROOT_CONFIG, Source, unavailable

JSON_BYTES_MAX = 4 * 2**20
DENOISERS = ("unet", "transformer")
SCHEDULER = ("scheduler/scheduler_config.json", "scheduler_config.json")


@dataclass(frozen=True)
class Component:
    """A part of a pipeline, by name.

    Attributes:
        library: The package that has the class.
        class_name: The class.
    """

    library: str
    class_name: str


@dataclass(frozen=True)
class Index:
    """The components of a pipeline, those left out as null excepted."""

    components: Mapping[str, Component]

    def get(self, name: str) -> Component | None:
        """Return a component, None where the pipeline has none of that name."""
        return self.components.get(name)

    @property
    def denoiser(self) -> str | None:
        """The name of the component that denoises, None where there is none."""
        return next((name for name in DENOISERS if name in self.components), None)


def read_index(source: Source) -> Index:
    """Return what the pipeline says it holds.

    The oldest pipelines, and single networks, have a `config.json` in the root alone.

    Raises:
        PriorUnavailableError: If there is neither file.
        PriorError: If it is damaged.
    """
    path = source.fetch(INDEX)
    if path is not None:
        return Index(_components(read_object(source, path, INDEX[0])))
    path = source.fetch(ROOT_CONFIG)
    if path is None:
        raise unavailable(f"the pipeline {source.name} has no file {INDEX[0]}")
    found = str(read_object(source, path, ROOT_CONFIG[0]).get("_class_name"))
    if not found.startswith("UNet"):
        raise unavailable(
            f"{source.name} has no file {INDEX[0]} and its {ROOT_CONFIG[0]} is that of a {found}, "
            f"which is no network that denoises pixels"
        )
    return Index({"unet": Component("diffusers", found)})


def read_config(source: Source, name: str, *, root: bool = False) -> Config:
    """Return the configuration of a component.

    Args:
        source: The pipeline.
        name: The component, which is its folder.
        root: Whether it may lie in the root instead.
    """
    names = (f"{name}/config.json", *(ROOT_CONFIG if root else ()))
    return read_first(source, names)


def read_scheduler(source: Source) -> Config:
    """Return the configuration of the scheduler."""
    return read_first(source, SCHEDULER)


def read_first(source: Source, names: tuple[str, ...]) -> Config:
    """Return the object in the first of the files that exists.

    Raises:
        PriorUnavailableError: If there is none of them.
        PriorError: If it is damaged.
    """
    path = source.fetch(names)
    if path is None:
        raise unavailable(f"the pipeline {source.name} has no file {names[0]}")
    return read_object(source, path, names[0])


def read_object(source: Source, path: Path, name: str) -> Config:
    """Return the JSON object in a file of at most 4 MiB; `name` is for the sentence."""
    where = f"{name} of the pipeline {source.name}"
    if path.stat().st_size > JSON_BYTES_MAX:
        raise PriorError(ISSUE.PRIOR_INVALID, f"{where} is too large, above {JSON_BYTES_MAX} bytes")
    try:
        value = json.loads(path.read_bytes(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise PriorError(ISSUE.PRIOR_INVALID, f"{where} is not JSON") from exc
    if not isinstance(value, dict):
        raise PriorError(ISSUE.PRIOR_INVALID, f"{where} is not an object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _components(index: Config) -> dict[str, Component]:
    return {
        name: Component(*value)
        for name, value in index.items()
        if not name.startswith("_") and _is_component(value)
    }


def _is_component(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)
