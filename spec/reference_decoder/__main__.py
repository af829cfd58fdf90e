"""The command line: `symbols FILE` and `decode FILE OUT.png`, as fixtures/README.md has them."""

import argparse
import json
import sys
import zlib
from pathlib import Path

import numpy as np
from s03_chunks import parse, read_alpha
from s08_coders import read_indices, samples
from s10_priors import load
from s11_reconstructions import reconstruct, walk
from s12_refusals import LIMITS, RefusedError, refuse_if


def _options(words):
    parser = argparse.ArgumentParser("reference_decoder")
    parser.error = lambda message: refuse_if(1, "invalid-option", message)
    parser.add_argument("--weights", default="", help="weights.safetensors of photo-1")
    parser.add_argument("command", choices=("symbols", "decode"))
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--allow-partial", action="store_true")
    parser.add_argument("--rho", type=float)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--reconstruction", choices=("geodesic", "ode"), default="geodesic")
    parser.add_argument("--evaluations", type=int, default=10)
    parser.add_argument("--limit", action="append", default=[], metavar="NAME=NUMBER")
    return parser.parse_args(words)


def _picture(file, options):
    h, count = file.header, file.whole if options.layers is None else options.layers
    if options.rho is None:  # 7.1 and 11.3: the hint, or a half
        options.rho = file.chunks["r"][0] / 255 if "r" in file.chunks else 0.5
    refuse_if(not 1 <= count <= file.whole or options.evaluations < 1, "invalid-option")
    refuse_if(not 0 <= options.rho <= 1, "invalid-option")
    alpha, prior = read_alpha(file), load(file, options.weights)  # 13.1, 7 to 9
    state = walk(prior, h.layers[:count], samples(h, read_indices(file, count)))
    pixels = reconstruct(prior, state, options, h)
    return pixels if alpha is None else np.dstack([pixels, alpha])


def _png(pixels, profile):
    H, W, C = pixels.shape
    bits, samples = 8 * pixels.itemsize, pixels.astype(pixels.dtype.newbyteorder(">"))
    rows = np.hstack([np.zeros((H, 1), np.uint8), samples.reshape(H, -1).view(np.uint8)]).tobytes()
    size = W.to_bytes(4, "big") + H.to_bytes(4, "big")
    chunks = {b"IHDR": size + bytes([bits, (0, 0, 4, 2, 6)[C], 0, 0, 0])}
    if profile:  # `iCCP` is a name, and what `i` is
        chunks[b"iCCP"] = b"ICC profile\0\0" + profile
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in (chunks | {b"IDAT": zlib.compress(rows), b"IEND": b""}).items():
        crc = zlib.crc32(kind + body).to_bytes(4, "big")
        out += len(body).to_bytes(4, "big") + kind + body + crc
    return out


def run(words):
    """Run a command; refuse what cannot be done."""
    options = _options(words)
    refuse_if(options.command == "decode" and not options.out, "invalid-option", "no OUT.png")
    for name, _, number in (entry.partition("=") for entry in options.limit):
        refuse_if(name not in LIMITS or not number.isdigit(), "invalid-option")
        LIMITS[name] = int(number)
    refuse_if(not options.file.is_file(), "input-unreadable")
    file = parse(options.file.read_bytes(), allow_partial=options.allow_partial)
    if options.command == "decode":
        options.out.write_bytes(_png(_picture(file, options), file.chunks.get("i")))
    else:
        rows = zip(file.header.layers, read_indices(file, file.whole), strict=False)
        layers = [{"t": k.t, "bits": k.bits, "indices": i.tolist()} for k, i in rows]
        sys.stdout.write(json.dumps({"layers": layers}) + "\n")


if __name__ == "__main__":
    try:
        try:
            run(sys.argv[1:])
        except OSError as error:
            refuse_if(1, "system-failure", error)
    except RefusedError as refusal:
        sys.stderr.write(f"{refusal.args[0]}\n")
        sys.exit(refusal.args[1])
