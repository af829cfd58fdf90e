"""Measure the engines of photo-1: seconds and errors of an evaluation.

    python tools/measure_engines.py [--size 768x512] [--runs 7] [--threads 2]

Evaluations are interleaved; a ratio is the median over runs of torch's seconds by the engine's in
the same run. Errors are against torch in float64, on what the layers see of unit variance. The
drift of whole files is measured by `measure_device.py --engine torch`.
"""

import argparse
import time
from collections.abc import Mapping
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from rdpcodec.compute import Compute, neutral
from rdpcodec.engines import ncnn_network
from rdpcodec.engines.graph import Layers
from rdpcodec.engines.ncnn_network import NcnnNetwork
from rdpcodec.engines.torch_network import TorchNetwork
from rdpcodec.priors.photo_1.packing import SEEN
from rdpcodec.priors.photo_1.prior import PhotoPrior

Floats = NDArray[np.float32]
Networks = Mapping[str, TorchNetwork]
# What each way switches off; F(6,3) is never on, since ncnn takes it for small layers alone.
WAYS = {
    "ncnn F(4,3)": (),
    "ncnn F(2,3)": ("use_winograd43_convolution",),
    "ncnn without Winograd": ("use_winograd_convolution",),
}


def plain_networks() -> Networks:
    """Return both networks of photo-1 as torch evaluates them."""
    prior = PhotoPrior(Compute(engine="torch"))
    return prior._network.layers  # noqa: SLF001 - a tool may look inside


def engines(network: TorchNetwork) -> dict[str, Layers]:
    """Return every way to evaluate the layers of one network, torch first."""
    weights = {key: value.numpy() for key, value in network.state_dict().items()}
    found: dict[str, Layers] = {"torch": in_numpy(network)}
    for way, off in WAYS.items():
        found[way] = NcnnNetwork(network.graph, weights, off)
    return found


def in_numpy(network: TorchNetwork) -> Layers:
    """Return a network of torch as a function of arrays on the host."""
    return lambda x: network(torch.from_numpy(x)).numpy()


def timed(ways: dict[str, Layers], x: Floats, runs: int) -> dict[str, list[float]]:
    """Return the seconds of every run; a first one, which loads the weights, is left out."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for run in range(runs + 1):
        for way, layers in ways.items():
            started = time.perf_counter()
            layers(x)
            if run:
                seconds[way].append(time.perf_counter() - started)
    return seconds


def evaluations(networks: Networks, size: tuple[int, int], runs: int) -> Table:
    """Return the table of evaluations of a picture of width x height."""
    table = Table("network", "engine", "seconds", "torch / engine", "largest error")
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, SEEN, size[1] // 2, size[0] // 2, generator=generator).numpy()
    for name, network in networks.items():
        ways = engines(network)
        exact = in_numpy(deepcopy(network).double())(x.astype(np.float64))
        seconds = timed(ways, x, runs)
        for way, layers in ways.items():
            ratio = np.median(np.divide(seconds["torch"], seconds[way]))
            error = np.abs(layers(x) - exact).max()
            taken = f"{np.median(seconds[way]):.3f}"
            table.add_row(name, way, taken, f"{ratio:.2f}", f"{error:.1e}")
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", metavar="WxH", default="768x512", help="of the evaluations")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if ncnn_network.version() is None:
        raise SystemExit("ncnn is not here, so that there is one engine only.")
    with neutral(options.threads), torch.inference_mode():
        width, height = map(int, options.size.split("x"))
        table = evaluations(plain_networks(), (width, height), options.runs)
    Console().print(table)


if __name__ == "__main__":
    main()
