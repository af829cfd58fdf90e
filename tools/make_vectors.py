"""Writes `spec/vectors.json`, the numbers of section 17 of the specification.

    .venv/bin/python tools/make_vectors.py            writes it
    .venv/bin/python tools/make_vectors.py --check    are the numbers those of the package?

Numbers that change are a change of the format, unless `photo-1` has other weights.
"""

import argparse
import sys
from pathlib import Path

from vector_parts import of_chain, of_pipelines, of_priors, of_reconstructions
from vector_parts.writing import Group, as_text, read, wrong

from rdpcodec.compute import neutral

STORED = Path(__file__).parents[1] / "spec" / "vectors.json"
GROUPS = (
    Group("spectrum", "10.3", of_priors.spectrum),
    Group("network", "10.4", of_priors.network, weights=True),
    Group("photo", "10.4", of_priors.photo),
    Group("pipeline", "10.5", of_priors.pipeline),
    Group("noise levels", "10.5", of_pipelines.levels),
    Group("predictions", "10.5", of_pipelines.predictions),
    Group("networks of latents", "10.5", of_pipelines.networks),
    Group("chain", "11", of_chain.chain),
    Group("descent", "11.3", of_reconstructions.descent),
    Group("solver", "11.3", of_reconstructions.solver),
    Group("least error", "11.3", of_reconstructions.least_error),
    Group("pixels", "11.4", of_reconstructions.pixels),
    Group("refresh", "11.5", of_chain.refresh),
    Group("bands", "11.5", of_chain.bands),
    Group("calibration", "11.5", of_priors.calibration),
    Group("calibration of photo-1", "11.5", of_priors.photo_calibration, weights=True),
    Group("moved", "11.5", of_chain.moved),
    Group("shown", "11.6", of_chain.shown),
)


def main() -> int:
    """Run the script and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    with neutral(1):
        if not check:
            STORED.write_text(as_text(GROUPS), encoding="utf-8")
        stored = read(STORED.read_text(encoding="utf-8"))
        off = [
            f"{group.name}: {label}"
            for group in GROUPS
            for label in wrong(group.made(), stored.get(group.name, {}))
        ]
    for line in off:
        print(f"{line} is not as the package computes it", file=sys.stderr)
    print(f"{STORED.name}: {sum(map(len, stored.values()))} rows, {len(off)} wrong")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
