"""Ship a run: `python tools/train_prior/export.py RUN_FOLDER`.

Writes the averaged weights, as float16, where the package keeps those of `photo-1`. Run
`tools/measure_prior.py VALIDATION --prior photo-1 --calibration ...` and
`tools/make_fixtures.py --all` afterwards.
"""

import argparse
from pathlib import Path

import checkpoint
import torch
from safetensors.torch import save_file

WEIGHTS = Path(__file__).parents[2] / "rdpcodec" / "priors" / "photo_1" / "weights.safetensors"


def main() -> None:
    """Write the package's weights from a run's average."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    folder = checkpoint.newest(run)
    if folder is None:
        raise SystemExit(f"{run} holds no checkpoint.")
    average = checkpoint.read(folder, "average")
    partial = WEIGHTS.with_suffix(".partial")
    save_file({key: value.to(torch.float16) for key, value in average.items()}, partial)
    partial.replace(WEIGHTS)
    parameters = sum(value.numel() for value in average.values())
    print(f"{WEIGHTS.name}: {parameters} parameters, {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
