"""Writes or reads files in one way, in a process of its own.

    child.py ENGINE THREADS write PICTURES FOLDER
    child.py ENGINE THREADS read FOLDER FOLDER..
    child.py versions

`write` makes NAME.rdp of every NAME.npy in PICTURES; its options are in `cases.json` there. `read`
makes of each NAME.rdp in the further folders a FOLDER/NAME.npz below the first, with the symbols
and the pixels at rho 0 and 1.
"""

import json
import platform
import sys
from importlib import metadata
from pathlib import Path

import numpy as np

COMPUTES = ("numpy", "scipy", "numba", "ncnn", "torch", "constriction", "safetensors")
RHOS = (0.0, 1.0)


def versions() -> dict[str, str]:
    """Return the versions of what computes here."""
    found = {"Python": platform.python_version()}
    for name in COMPUTES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def prior_of(name: str, engine: str) -> object:
    """Return a prior that is evaluated by an engine.

    Raises:
        SystemExit: If it is not.
    """
    from rdpcodec.priors import load_prior  # noqa: PLC0415 - `versions` needs none

    chosen = "torch" if engine == "torch" and name == "photo-1" else None
    prior = load_prior(name, engine=chosen)
    if name == "photo-1" and not prior.engine.startswith(engine):
        raise SystemExit(f"{name} is evaluated by {prior.engine}, not by {engine}")
    return prior


def write(engine: str, threads: int, pictures: Path, folder: Path) -> None:
    """Write a file of every case."""
    from rdpcodec import codec  # noqa: PLC0415 - `versions` needs none

    for name, options in json.loads((pictures / "cases.json").read_text()).items():
        pixels = np.load(pictures / f"{name}.npy")
        prior = prior_of(options.pop("prior"), engine)
        data = codec.encode(pixels, prior=prior, threads=threads, **options)
        (folder / f"{name}.rdp").write_bytes(data)


def read(engine: str, threads: int, target: Path, source: Path) -> None:
    """Read every file of a folder."""
    from rdpcodec import codec, container  # noqa: PLC0415 - `versions` needs none
    from rdpcodec.conformance.own import unpack_symbols  # noqa: PLC0415

    (target / source.name).mkdir()
    for path in sorted(source.glob("*.rdp")):
        file = container.parse(path.read_bytes())
        prior = prior_of(file.header.prior_id, engine)
        received = codec.open(path, prior=prior, threads=threads)
        pictures = {f"rho {rho:g}": received.at(rho).pixels for rho in RHOS}
        symbols = np.concatenate([np.ravel(layer) for layer in unpack_symbols(file)])
        np.savez(target / source.name / f"{path.stem}.npz", symbols=symbols, **pictures)


def main() -> None:
    """Do what the arguments say."""
    if sys.argv[1] == "versions":
        print(json.dumps(versions()))
        return
    engine, threads, task, target, *rest = sys.argv[1:]
    for other in map(Path, rest):
        {"write": write, "read": read}[task](engine, int(threads), Path(target), other)


if __name__ == "__main__":
    main()
