"""The worked example of the spec, recomputed."""

import re
from pathlib import Path

import numpy as np
import pytest

from rdpcodec import container, rng
from rdpcodec.channel import ChannelStep, codebook, load_coder
from rdpcodec.channel.trellis import path_labels
from rdpcodec.priors import load_prior

SPEC = (Path(__file__).parent.parent / "spec" / "rdp.md").read_text(encoding="utf-8")


def example_file() -> container.RdpFile:
    """Return the file of spec 4.2, read from the spec itself."""
    block = SPEC.split("### 4.2 Example")[1].split("```")[1]
    rows = [re.split(r" {3,}|,|$", line.strip())[0] for line in block.strip().splitlines()]
    digits = "".join(re.findall(r"\b[0-9a-f]{2}\b", " ".join(rows)))
    return container.parse(bytes.fromhex(digits))


def numbers(label: str, column: int) -> list[float]:
    """Return the numbers of one cell of the table in spec 16."""
    line = next(line for line in SPEC.splitlines() if line.startswith(f"| {label} "))
    return [float(x) for x in re.findall(r"-?\d+\.?\d*", line.split("|")[column + 2])]


@pytest.mark.parametrize("k", [0, 1])
def test_example_layer(k: int) -> None:
    """Symbols, labels, wave and z of spec 16 are what the code computes."""
    file = example_file()
    layer, coder = file.header.layers[k], load_coder("trellis", file.header.coder_parameter)
    step = ChannelStep(seed=0, layer=k, dim=file.header.dim, q=layer.q)
    indices = coder.unpack(file.layer_bits(k), step)
    printed = SPEC.split(f"z of layer {k}")[1].split(":")[1].split("\n")[0]

    assert numbers("symbols", k) == indices.tolist()
    assert numbers("labels", k) == path_labels(indices, coder.parameter).tolist()
    wave = 32 * codebook.wave(step, 0)
    assert numbers("32 w_0 .. 32 w_7 of block 0", k) == wave[:8].tolist()
    np.testing.assert_allclose(
        [float(x) for x in printed.split()], coder.decode(indices, step), atol=1e-6
    )


def test_streams_of_the_spec() -> None:
    """The words that spec 8.2 prints are the generator's."""
    rows = re.findall(r"^\| (\S+) \| (\d) \| (\d) \| ((?:[0-9a-f]{16} ?){3}) \|$", SPEC, re.M)

    assert len(rows) == 3
    for seed, stream, index, words in rows:
        value = 2**64 - 1 if seed == "2^64-1" else int(seed)
        drawn = rng.words(value, rng.Stream(int(stream)), int(index), 3)
        assert [f"{int(word):016x}" for word in drawn] == words.split()


def test_permutation_of_the_spec() -> None:
    """The permutation that spec 8.3 prints is the one drawn."""
    printed = SPEC.split("Example: seed 0, D = 15 gives ")[1].split(";")[0]

    assert [int(x) for x in printed.split()] == rng.permutation(0, 15).tolist()


@pytest.mark.parametrize("prior", ["gaussian-1", "ffdnet-1", "photo-1"])
def test_digests_of_the_spec(prior: str) -> None:
    """The digest that spec 10 prints for a prior is that of its manifest."""
    section = SPEC.split(f"`{prior}`\nCanonical manifest, digest ")[1]

    assert section[:16] == load_prior(prior).digest.hex()
