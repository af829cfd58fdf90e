"""The worked example of the spec, recomputed."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdpcodec import container, rng
from rdpcodec.channel import ChannelStep, codebook, load_coder
from rdpcodec.channel.pfr import class_weights
from rdpcodec.channel.trellis import path_labels
from rdpcodec.decoder.sampling import normals
from rdpcodec.priors import load_prior, photo_1
from rdpcodec.schedule import sigma

SPEC = (Path(__file__).parent.parent / "spec" / "rdp.md").read_text(encoding="utf-8")


def example_file() -> container.RdpFile:
    """Return the file of spec 4.4, read from the spec itself."""
    block = SPEC.split("### 4.4 Example")[1].split("```")[1]
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
    coder = load_coder("trellis", file.header.coder_parameter)
    layer, step, bits = list(file.steps())[k]
    indices = coder.unpack(bits, step)
    printed = SPEC.split(f"z of layer {k + 1}:")[1].split("\n\n")[0]

    assert numbers("symbols", k) == indices.tolist()
    assert numbers("labels", k) == path_labels(indices, coder.parameter).tolist()
    assert numbers("t, sigma", k) == pytest.approx([layer.t, sigma(layer.t)], abs=5e-5)
    assert numbers("n, S", k) == [step.stage_size, step.stages]
    assert numbers("v", k) == pytest.approx([coder.excess_variance(step)], abs=5e-7)
    wave = 32 * codebook.wave(step, 0)
    assert numbers("32 w_0 .. 32 w_7 of codebook 0", k) == wave[:8].tolist()
    np.testing.assert_allclose(
        [float(x) for x in printed.split()], coder.decode(indices, step), atol=1e-6
    )


def range_code(symbols: list[tuple[int, int]]) -> bytes:
    """Return the bytes of symbols (begin, end) in units of 2^-24, written as spec 9.3.5 says."""
    low, extent, words = 0, 2**64 - 1, list[int]()

    def carried(value: int) -> int:
        if value >> 64:
            at = len(words) - 1
            while words[at] == 2**32 - 1:
                words[at] = 0
                at -= 1
            words[at] += 1
        return value % 2**64

    for begin, end in symbols:
        unit = extent >> 24
        low, extent = carried(low + unit * begin), unit * (end - begin)
        if extent < 2**32:
            words.append(low >> 32)
            low, extent = low * 2**32 % 2**64, extent * 2**32
    words.append(carried(low + 2**32 - 1) >> 32)
    if (low + extent) % 2**64 >> 32 == words[-1]:
        words.append(0)
    return b"".join(word.to_bytes(4, "little") for word in words).rstrip(b"\0")


def pfr_symbols(indices: list[int], parameter: int) -> list[tuple[int, int]]:
    """Return what spec 9.3 puts into the range code for the indices of a layer."""
    weights, one = class_weights(parameter), 2**24
    begins = [sum(weights[:c]) * (one - 17) // 2**20 + c for c in range(17)] + [one]
    classes = [(i + 1).bit_length() - 1 for i in indices]
    symbols = [(begins[c], begins[c + 1]) for c in classes]
    for c in range(1, 17):
        each = one >> c
        for i in (i for i, found in zip(indices, classes, strict=True) if found == c):
            rest = i + 1 - (1 << c)
            last = rest == (1 << c) - 1
            symbols.append((rest * each, one if last else (rest + 1) * each))
    return symbols


@given(
    st.lists(st.sampled_from([0, 1, 2, 65534, 65535]) | st.integers(0, 65535), min_size=1),
    st.integers(4, 16),
)
@settings(max_examples=400, deadline=None)
def test_the_range_encoder_of_the_spec(indices: list[int], parameter: int) -> None:
    """The range encoder of spec 9.3.5 writes the bytes that the coder writes."""
    step = ChannelStep(seed=0, layer=0, dim=len(indices), q=0)
    packed, bits = load_coder("pfr", parameter).pack(np.array(indices, dtype=np.int64), step)

    assert range_code(pfr_symbols(indices, parameter)) == packed
    assert bits == 8 * len(packed)


def test_streams_of_the_spec() -> None:
    """The words that spec 8.2 prints are the generator's."""
    rows = re.findall(r"^\| (\S+) \| (\d) \| (\d) \| ((?:[0-9a-f]{16} ?){3}) \|$", SPEC, re.M)

    assert len(rows) == 3
    for seed, stream, index, words in rows:
        value = 2**64 - 1 if seed == "2^64-1" else int(seed)
        drawn = rng.words(value, rng.Stream(int(stream)), int(index), 3)
        assert [f"{int(word):016x}" for word in drawn] == words.split()


def test_normal_numbers_of_the_spec() -> None:
    """The normal numbers that spec 11.3 prints are those of a sample."""
    printed = SPEC.split("Example: seed 0, index 0 begins with")[1].split("\n\n")[0].strip(" .")

    found = normals(0, 0, 4)
    assert [f"{value:.6f}" for value in found] == printed.split()


def test_permutation_of_the_spec() -> None:
    """The permutation that spec 8.3 prints is the one drawn."""
    printed = SPEC.split("Example: seed 0, D = 15 gives\n")[1].split(";")[0]

    assert [int(x) for x in printed.split()] == rng.permutation(0, 15).tolist()


@pytest.mark.parametrize("prior", ["gaussian-1", "photo-1", "latents-1"])
def test_manifests_of_the_spec(prior: str) -> None:
    """The manifest that spec 10 prints for a prior is its own, and has the digest beside it."""
    head, printed = SPEC.split(f"`{prior}`\nCanonical manifest, digest ")[1].split(":\n\n", 1)
    canonical = "".join(line.strip() for line in printed.split("\n\n")[0].splitlines())

    assert canonical.encode() == load_prior(prior).identity.canonical
    assert hashlib.sha256(canonical.encode()).hexdigest()[:16] == head


def test_every_printed_manifest_is_tested() -> None:
    """No prior is printed that the test above does not know."""
    assert SPEC.count("Canonical manifest") == 3


def test_the_weights_of_the_spec_are_those_of_the_package() -> None:
    """Spec 10.4 gives the sizes of the two files of photo-1 that ship."""
    folder = Path(photo_1.__file__).parent
    for name in ("weights.safetensors", "calibration.json"):
        assert f"{(folder / name).stat().st_size} bytes" in " ".join(SPEC.split())


def test_no_line_is_too_long() -> None:
    """Lines have at most 120 columns; rows of tables are free."""
    assert [line for line in SPEC.splitlines() if len(line) > 120 and line[0] != "|"] == []
