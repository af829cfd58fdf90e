"""Sections 8 and 9: shared randomness, and from the bits of layers to their samples z."""

from bisect import bisect_right
from itertools import pairwise

import numpy as np
from s12_refusals import refuse_if

PURPOSES = ("permutation", "signs", "codebook", "labels", "arrivals", "samples", "probe")
EFFICIENCY = (747, 795, 822, 854, 876, 894, 908, 918, 930, 937, 943, 949, 955)  # 9.2: 1000 e
M0, M1, W0, W1 = 0xD2E7470EE14C6C93, 0xCA5A826395121157, 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B


def words(seed, purpose, index, count):  # 8.1 and 8.2: in numbers without a bound, object arrays
    k0, k1 = seed, (PURPOSES.index(purpose) << 32) + index
    c0 = np.arange((count + 3) // 4).astype(object)
    c1 = c2 = c3 = np.zeros_like(c0)
    for _ in range(10):
        p0, p1 = M0 * c0, M1 * c2
        c0, c1, c2, c3 = (p1 >> 64) ^ c1 ^ k0, p1 % 2**64, (p0 >> 64) ^ c3 ^ k1, p0 % 2**64
        k0, k1 = (k0 + W0) % 2**64, (k1 + W1) % 2**64
    return np.stack([c0, c1, c2, c3], axis=1).ravel()[:count].astype("<u8")


def signs(seed, purpose, index, count):  # 8.2: "bit 0 the least significant"
    stream = words(seed, purpose, index, (count + 63) // 64).view(np.uint8)
    return 1 - 2 * np.unpackbits(stream, bitorder="little")[:count].astype(int)


def codebook(seed, index):  # 9.1: w, "the Walsh-Hadamard transform, an integer over 32"
    w = signs(seed, "codebook", index, 1024)
    for bit in range(10):
        pairs = w.reshape(-1, 2, 2**bit)
        w = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).ravel()
    return w / 32


def read_indices(file, count):  # 6: layers lie "one after another, without alignment"
    start = 0
    for layer in file.header.layers[:count]:
        code = file.data[start // 8 : (start + layer.bits + 7) // 8]
        if file.header.coder == "trellis":
            bits = np.unpackbits(np.frombuffer(code, np.uint8))[start % 8 :]
            yield bits[: layer.bits].reshape(-1, 2) @ [2, 1]
        else:
            yield read_pfr(code, layer.stages, file.header.parameter)
        start += layer.bits


def samples(h, indices):  # 9.1: z of one layer after another
    high = words(h.seed, "permutation", 0, h.size) >> np.uint64(32)
    order = np.argsort((high << np.uint64(32)) + np.arange(h.size, dtype=np.uint64))  # 8.3
    for number, of_layer in enumerate(indices):
        n, scale = min(h.layers[number].n, h.size), 1.0
        books, codewords = np.divmod(of_layer, 1024)  # 9.3
        if h.coder == "trellis":
            books, codewords = trellis_codewords(of_layer.tolist(), h.parameter)
            scale = 2 ** (2 * EFFICIENCY[h.parameter - 4] / 1000 / n)  # 9.2, 4: sqrt(1 + v)
        entries = np.empty((len(of_layer), n))
        for book in np.unique(books):
            w = codebook(h.seed, number * 2**20 + int(book))
            entries[books == book] = w[codewords[books == book, None] ^ (np.arange(n) % 1024)]
        first = int(words(h.seed, "permutation", number + 1, 1)[0]) % h.size  # 8.3
        z = np.empty(h.size)
        z[np.roll(order, -first)] = entries.ravel()[: h.size] * scale
        z[np.roll(order, -first)] *= signs(h.seed, "signs", number, h.size)
        yield z.reshape(h.shape)


def trellis_codewords(symbols, nu):  # 9.2, 1 to 3: codebook and codeword of each stage
    run = min(256, 2 ** (nu - 2))
    runs = 2 ** (nu - 2) // run
    T = words(0, "labels", nu, 16 * runs).reshape(4, runs, 4) % 1024
    K = max(1, (len(symbols) + 512) // 1024)
    begins, codewords = [i * len(symbols) // K for i in range(K + 1)], []
    for begin, end in pairwise(begins):
        register = 0
        for u in symbols[begin:end]:
            head, tail = divmod(register, 4)
            codewords.append((int(T[u, head // run, tail]) + head % run) % 1024)
            register = u * 2 ** (nu - 2) + head
    return np.repeat(np.arange(K), np.diff(begins)), np.array(codewords)


def read_pfr(code, stages, b):  # 9.3
    r = [2**20]  # 2
    for _ in range(16):
        r.append(r[-1] * (b + 8) // (b + 9))
    weights = [x * 2**20 // sum(r) for x in r]
    weights[0] += 2**20 - sum(weights)
    begins = [sum(weights[:c]) * (2**24 - 17) // 2**20 + c for c in range(17)] + [2**24]  # 3
    at, low, width, point = 8, 0, 2**64 - 1, 0
    for i in (0, 4):  # 4: "words are u32le, and zero bytes follow the last byte"
        point = point * 2**32 + int.from_bytes(code[i : i + 4], "little")

    def symbol(begins):  # 4
        nonlocal at, low, width, point
        unit = width // 2**24
        x = (point - low) % 2**64 // unit
        refuse_if(x >= 2**24, "bad-bitstream")
        symbol = bisect_right(begins, x) - 1
        low = (low + unit * begins[symbol]) % 2**64
        width = unit * (begins[symbol + 1] - begins[symbol])
        if width < 2**32:
            low, width = low * 2**32 % 2**64, width * 2**32
            point = (point * 2**32 + int.from_bytes(code[at : at + 4], "little")) % 2**64
            at += 4
        return symbol

    classes = np.array([symbol(begins) for _ in range(stages)])  # 1
    indices = 2**classes - 1
    for c in range(1, 17):
        for stage in np.flatnonzero(classes == c):
            indices[stage] += symbol(range(0, 2**24 + 1, 2 ** (24 - c)))  # 3
    refuse_if(indices.max() > 65535, "bad-bitstream")
    # 5 and 6. The encoder's words before the last are those of low, with all carries; so are
    # these, since point - low < range. Its last is floor((low + 2^32 - 1) / 2^32).
    last = (low + 2**32 - 1) % 2**64 >> 32 << 32
    refuse_if(point != last or len(code) > at or code.endswith(b"\0"), "bad-bitstream")
    return indices
