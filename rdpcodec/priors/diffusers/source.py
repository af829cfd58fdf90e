"""Where a pipeline lies: a local directory, or a repository of the model hub (spec 10.5).

`huggingface_hub` comes with diffusers, an optional dependency, and is imported where it is used.
"""

import errno
import hashlib
import importlib.util
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rdpcodec.errors import ISSUE, PriorError, PriorUnavailableError, RdpError, lacks_memory

PREFIX = "diffusers:"
ID_CHARACTERS_MAX = 64
COMMIT_CHARACTERS = 12
COMMIT_CHARACTERS_MAX = 40
HUB_TIMEOUT_S = 5.0
HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
COMMIT = re.compile(r"[0-9a-f]{7,40}")
INDEX = ("model_index.json",)
ROOT_CONFIG = ("config.json",)  # of pipelines that are a network alone
VARIANTS = ("fp16", "bf16")  # of weights, in the names of their files


@dataclass(frozen=True)
class Source:
    """Where a pipeline lies.

    Attributes:
        prior_id: The name for files; it tells nothing of the machine.
        name: What the user asked for, for messages.
        fetch: Returns the first of the files named that exists, or None.
        variant: Of the weights, where there are several: one of `VARIANTS`, None for the plain.
    """

    prior_id: str
    name: str
    fetch: Callable[[tuple[str, ...]], Path | None]
    variant: str | None = None


def find_source(name: str) -> Source:
    """Return the local directory of that name, or else the repository of the hub.

    A name may end with `:fp16` or `:bf16`, to take that variant of the weights where there is one.
    """
    plain, variant = _split(name)
    suffix = f":{variant}" if variant else ""
    directory = Path(plain).expanduser()
    if plain and directory.is_dir():
        base = re.sub(r"[^A-Za-z0-9._-]+", "-", directory.resolve().name).strip("-")
        prior_id = _fit(base or "pipeline", suffix)
        return Source(prior_id, name, partial(_local_file, directory), variant)
    repository, _, revision = plain.partition("@")
    if not HUB_ID.fullmatch(repository):
        raise unavailable(f"{name!r} is neither a local directory nor the id of a hub model")
    commit = _commit(repository, revision or None)
    prior_id = _fit(repository, f"@{commit[:COMMIT_CHARACTERS]}{suffix}")
    return Source(prior_id, name, partial(_hub_file, repository, commit), variant)


def _split(name: str) -> tuple[str, str | None]:
    """Return a name and the variant behind it; a directory that is called so is no variant."""
    plain, _, variant = name.rpartition(":")
    if variant not in VARIANTS or Path(name).expanduser().is_dir():
        return name, None
    return plain, variant


def _fit(name: str, suffix: str) -> str:
    """Return the id, its name cut and marked with a digest where it is too long for a file."""
    room = ID_CHARACTERS_MAX - len(PREFIX) - len(suffix)
    if len(name) > room:
        mark = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name[: room - len(mark) - 1]}-{mark}"
    return f"{PREFIX}{name}{suffix}"


def _local_file(directory: Path, names: tuple[str, ...]) -> Path | None:
    return next((directory / name for name in names if (directory / name).is_file()), None)


def _hub_file(repository: str, commit: str, names: tuple[str, ...]) -> Path | None:
    """Return a file of that commit: out of the cache, or else from the hub.

    The hub is not asked again for a file that it does not have.
    """
    known = {name: _known(repository, name, commit) for name in names}
    for found in known.values():
        if isinstance(found, str):
            return Path(found)
    for name, found in known.items():
        if found is None and (loaded := _download(repository, name, commit)):
            return loaded
    return None


def _known(repository: str, name: str, commit: str) -> str | object | None:
    """Return the path in the cache, an object if the hub has no such file, None if unknown."""
    found: str | object | None = hub_library().try_to_load_from_cache(
        repository, name, revision=commit
    )
    return found


def _commit(repository: str, revision: str | None) -> str:
    """Return the commit that a revision names; the hub itself knows whole hashes only."""
    if revision and COMMIT.fullmatch(revision):
        known = _cached_commit(repository, revision) or _listed_commit(repository, revision)
        if known:
            return known
    names = (*INDEX, *ROOT_CONFIG)
    for name in names:
        try:
            found = _download(repository, name, revision)
        except PriorUnavailableError:
            cached = (_cached(repository, each, revision) for each in names)
            found = next((path for path in cached if path), None)
            if found is None:
                raise
        if found is not None:
            return found.parent.name
    raise unavailable(f"the hub model {repository} has no file {INDEX[0]}")


def _cached(repository: str, name: str, revision: str | None) -> Path | None:
    hub = hub_library()
    try:
        path = hub.hf_hub_download(repository, name, revision=revision, local_files_only=True)
    except hub.errors.LocalEntryNotFoundError:
        return None
    return Path(path)


def _cached_commit(repository: str, prefix: str) -> str | None:
    cache = Path(hub_library().constants.HF_HUB_CACHE)
    folder = cache / f"models--{repository.replace('/', '--')}" / "snapshots"
    found = [path.name for path in folder.glob(f"{prefix}*")]
    return found[0] if len(found) == 1 else None


def _listed_commit(repository: str, prefix: str) -> str | None:
    """Return the commit of the main branch that begins so: ids in files hold 12 characters."""
    if len(prefix) == COMMIT_CHARACTERS_MAX or _download(repository, INDEX[0], None) is None:
        return None
    try:
        commits = [c.commit_id for c in hub_library().HfApi().list_repo_commits(repository)]
    except Exception as exc:
        raise _hub_refusal(repository, prefix, exc) from exc
    found = [commit for commit in commits if commit.startswith(prefix)]
    return found[0] if len(found) == 1 else None


def _download(repository: str, name: str, revision: str | None) -> Path | None:
    """Return a file from the hub, or None where the hub has no such file."""
    hub = hub_library()
    try:
        # The download itself tries again for half a minute, so ask once before.
        url = hub.hf_hub_url(repository, name, revision=revision)
        size = hub.get_hf_file_metadata(url, timeout=HUB_TIMEOUT_S).size or 0
        _require_room(repository, name, size)
        return Path(hub.hf_hub_download(repository, name, revision=revision))
    except RdpError:
        raise
    except Exception as exc:  # each version of the library has another HTTP client's errors
        lost = isinstance(exc, hub.errors.LocalEntryNotFoundError)
        if isinstance(exc, hub.errors.EntryNotFoundError) and not lost:
            with suppress(Exception):  # it remembers that there is none
                hub.hf_hub_download(repository, name, revision=revision)
            return None
        raise _hub_refusal(repository, revision, exc) from exc


def _require_room(repository: str, name: str, size: int) -> None:
    """Refuse a download that does not fit on the disk of the cache."""
    cache = Path(hub_library().constants.HF_HUB_CACHE)
    there = next((path for path in (cache, *cache.absolute().parents) if path.is_dir()), None)
    if there is not None and size > (free := shutil.disk_usage(there).free):
        raise _full(repository, f"{name} has {size:,} bytes and there are {free:,}")


def _full(repository: str, why: str) -> PriorUnavailableError:
    return unavailable(
        f"the prior {PREFIX}{repository} does not fit on the disk of the cache: {why}"
    )


def _hub_refusal(repository: str, revision: str | None, exc: Exception) -> PriorUnavailableError:
    """Return the sentence for what the hub, or the way to it, answered."""
    errors = hub_library().errors
    name = f"the prior {PREFIX}{repository}"
    if getattr(exc, "errno", None) == errno.ENOSPC or "No space left" in str(exc):
        return _full(repository, "it is full")
    if isinstance(exc, errors.GatedRepoError):
        return unavailable(f"{name} is on the model hub, but only for accounts it was granted to")
    if isinstance(exc, errors.RepositoryNotFoundError):
        return unavailable(f"{name} is neither a local directory nor a public model of the hub")
    if isinstance(exc, errors.RevisionNotFoundError):
        return unavailable(f"{name} has no revision {revision} on the model hub")
    return unavailable(
        f"{name} is not on this machine, and cannot be had from the model hub: {reason(exc)}"
    )


def unavailable(message: str) -> PriorUnavailableError:
    """Return the error for a pipeline that cannot be had or cannot be a prior."""
    return PriorUnavailableError(ISSUE.PRIOR_UNAVAILABLE, message)


def reason(exc: Exception) -> str:
    """Return the first sentence of what a foreign exception says."""
    lines = str(exc).strip().splitlines() or [type(exc).__name__]
    return lines[0].split(". ")[0][:200].rstrip(". ")


@contextmanager
def answering(who: str) -> Iterator[None]:
    """Turn whatever a network raises, as one of settings that make no sense, into an error.

    Args:
        who: What answers, for the sentence.

    Raises:
        PriorError: In place of a foreign exception; what the machine lacks stays as it is.
    """
    try:
        yield
    except RdpError:
        raise
    except Exception as exc:
        if lacks_memory(exc):
            raise
        message = f"{who} does not answer: {reason(exc)}"
        raise PriorError(ISSUE.PRIOR_INVALID, message) from exc


def hub_library() -> Any:
    """Return the module `huggingface_hub`, imported when first asked for."""
    import huggingface_hub  # noqa: PLC0415 - comes with diffusers
    import huggingface_hub.errors  # noqa: PLC0415 - the same

    return huggingface_hub


def diffusers_library() -> Any:
    """Return the module `diffusers`, imported when first asked for."""
    import diffusers  # noqa: PLC0415 - optional and slow

    return diffusers


def transformers_library() -> Any:
    """Return the module `transformers`, imported when first asked for.

    Raises:
        PriorUnavailableError: If it is not installed.
    """
    if importlib.util.find_spec("transformers") is None:
        raise unavailable(
            "the text encoders of this prior need transformers; install it with: "
            "pip install 'rdpcodec[diffusers]'"
        )
    import transformers  # noqa: PLC0415 - optional and slow

    return transformers


def transformers_loaded() -> Any:
    """Return the module `transformers` if it has been imported, else None."""
    return sys.modules.get("transformers")
