"""Ship a run: `python tools/train_prior/export.py RUN_FOLDER`.

Puts the averaged weights, as float16, in place of those of the network of four scales in the
package's `photo-1`; FFDNet's stay. Run
`tools/measure_prior.py VALIDATION --prior photo-1 --calibration ...` and
`tools/make_fixtures.py --all` afterwards.
"""

import argparse
from pathlib import Path

import checkpoint
import torch
from safetensors.torch import load_file, save_file

TRAINED = "four_scales."
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
    shipped = {k: v for k, v in load_file(WEIGHTS).items() if not k.startswith(TRAINED)}
    shipped |= {TRAINED + key: value.to(torch.float16) for key, value in average.items()}
    partial = WEIGHTS.with_suffix(".partial")
    save_file(shipped, partial)
    partial.replace(WEIGHTS)
    parameters = sum(value.numel() for value in shipped.values())
    print(f"{WEIGHTS.name}: {parameters} parameters, {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
