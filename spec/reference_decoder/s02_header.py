"""Sections 2, 4 and 5: integers and bits, the header `H`, and the layer table at its end."""

import re
from types import SimpleNamespace

from s12_refusals import bound, refuse_if

NAME = re.compile(rb"[a-z0-9][A-Za-z0-9._:/@-]{0,63}")  # 4.3; `p` of 7.1 follows it too
NUMBERS = {1: b"gaussian-1", 2: b"photo-1"}  # 4.3
M = (65536, 71467, 77935, 84989, 92681, 101070, 110217, 120193)  # 5.2
PREDICTED = (200, 110, 74, 57, 46, 38, 34, 32)  # 5.3


class Reader:
    """Section 2: one value after another; `cut` says how to refuse what ends inside one."""

    def __init__(self, data, *cut):
        self.data, self.at, self.cut = data, 0, cut  # at: in bits

    def bits(self, count):  # "from the most significant bit of each byte first"
        self.at += count
        refuse_if(self.at > 8 * len(self.data), *self.cut)
        first, last = (self.at - count) // 8, (self.at + 7) // 8
        window = int.from_bytes(self.data[first:last], "big")
        return window >> (8 * last - self.at) & (2**count - 1)

    def bytes(self, count):
        return self.bits(8 * count).to_bytes(count, "big")

    def varint(self):  # "below 2^64, so at most ten bytes", "the shortest encoding"
        value = shift = 0
        while (byte := self.bits(8)) > 127 and shift < 63:
            value, shift = value + ((byte & 127) << shift), shift + 7
        refuse_if(byte << shift >= 2**64 or byte > 127 or (shift and not byte), "bad-varint")
        return value + (byte << shift)

    def eg(self, j):
        zeros = 0
        while not self.bits(1):
            zeros += 1
            refuse_if(zeros > 32, "bad-layer-table")  # 5.3
        return (1 << (zeros + j)) + self.bits(zeros + j) - 2**j

    def seg(self, j):  # 0, 1, 2, 3, 4 stand for 0, -1, 1, -2, 2
        code = self.eg(j)
        return -(code + 1) // 2 if code % 2 else code // 2


def read_header(body):  # 4.1; 13.1, 4: a field is whole, then valid, then within its limit
    fields, h = Reader(body, "bad-header-field"), SimpleNamespace()
    major, _minor = fields.bits(4), fields.bits(4)
    refuse_if(major == 0, "bad-header-field")
    refuse_if(major > 1, "unsupported-major", f"the major version is {major}")
    kind, h.depth = fields.bits(2), 16 if fields.bits(1) else 8
    stated, parameters, coder = fields.bits(1), fields.bits(1), fields.bits(3)
    refuse_if(kind > 2 or coder > 1, "unsupported-feature")
    h.kind, h.coder = ("grey", "rgb", "equal-rgb")[kind], ("pfr", "trellis")[coder]
    for side in ("width", "height"):
        vars(h)[side] = pixels = fields.varint()
        refuse_if(pixels == 0, "bad-header-field")
        bound("side", pixels)
    bound("pixels", h.width * h.height)
    _read_state(fields, h, stated)
    _read_prior(fields, h)
    h.seed, h.parameter = unstated = 0, 14 if coder else 12
    if parameters:
        h.seed, h.parameter = stated = fields.varint(), fields.bits(8)
        refuse_if(not 4 <= h.parameter <= 16 or stated == unstated, "bad-header-field")
    count = fields.bits(8) + 1
    bound("layers", count)
    fields.cut = ("bad-layer-table",)
    h.layers = _read_table(fields, count, h)
    return h


def _read_state(fields, h, stated):  # 4.2
    h.state = unstated = (3 if h.kind == "rgb" else 1, 1, 1)
    if stated:
        h.state = tuple(fields.bytes(3))
        refuse_if(0 in h.state or h.state == unstated, "bad-header-field")
        refuse_if(h.state[2] % h.state[1], "bad-header-field")
    channels, stride, multiple = h.state
    rows, columns = (-(-side // multiple) * multiple // stride for side in (h.height, h.width))
    h.shape, h.size = (channels, rows, columns), channels * rows * columns
    bound("state", h.size)


def _read_prior(fields, h):  # 4.3: a number and four bytes of the digest, or a name and eight
    number = fields.bits(8)
    if number:
        h.prior, h.digest = NUMBERS.get(number), fields.bytes(4)
    else:
        h.prior = fields.bytes(fields.bits(8))
        refuse_if(not NAME.fullmatch(h.prior) or h.prior in NUMBERS.values(), "bad-header-field")
        h.digest = fields.bytes(8)


def _read_table(table, count, h):  # 5.3
    layers, t, q, step = [], 4096, 0, 0
    for k in range(1, count + 1):
        if k == 1:
            below, q = table.bits(12), table.bits(8)
        else:
            step = PREDICTED[k - 2] if k <= 9 else step
            if table.bits(1):
                f = table.seg(4)
                step += f + 1 if f >= 0 else f
            below, q = t - step, q - 1 + table.seg(0)
        refuse_if(not 0 <= below < t or not 0 <= q <= 255, "bad-layer-table")
        t, n = below, max(1, (M[q % 8] << (q // 8)) >> 16)  # 5.2
        stages = max(1, -(-h.size // n))
        bits = 2 * stages if h.coder == "trellis" else 8 * table.eg(8)
        sigma = 2.0 ** (t / 256 - 10)  # 5.1
        layers.append(SimpleNamespace(t=t, sigma=sigma, n=n, stages=stages, bits=bits))
    rest = 8 * len(table.data) - table.at
    refuse_if(rest > 7, "bad-layer-table")
    refuse_if(table.bits(rest), "bad-padding")
    return layers
