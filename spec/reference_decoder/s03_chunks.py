"""Sections 3, 6 and 7: the signature, chunks in their order, and what is in those beside `H`."""

import re
import zlib
from bisect import bisect_right
from types import SimpleNamespace

import numpy as np
from s02_header import NAME, Reader, read_header
from s12_refusals import LIMITS, bound, refuse_if

SIGNATURE = bytes.fromhex("89 52 44 50 0d 0a")
DAMAGED = tuple(map(bytes.fromhex, ("89524450", "09524450", "c289524450", "efbfbd524450")))
CUT = "truncated", "The file ends before its picture data; 0 layers are whole."
SETTING = re.compile(r"\s*[a-z][a-z0-9 _-]{0,63}:[sib]:", re.IGNORECASE | re.ASCII)


def identify(data):  # 3.1: "by the first rule that fits"
    if not data.startswith(SIGNATURE):
        refuse_if(data and SIGNATURE.startswith(data), *CUT)
        refuse_if(data.startswith(DAMAGED), "transfer-damage")
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        text = data[:512].decode("utf-16" if utf16 else "latin-1", "replace")
        refuse_if(SETTING.match(text.removeprefix("\xef\xbb\xbf")), "remote-desktop-file")
        refuse_if(data != SIGNATURE, "not-rdp")


def parse(data, *, allow_partial):  # 13.1, 1 to 6
    bound("file_bytes", len(data))
    identify(data)
    chunks, number = Reader(data, *CUT), 1
    chunks.bytes(6)
    file = SimpleNamespace(header=None, prompt=None, chunks={}, between=0)
    while (letter := chr(chunks.bits(8))) != "D":
        body = _read_body(chunks, letter, number, file)
        if number == 1:
            refuse_if(letter != "H", "chunk-order")
            file.header = read_header(body)
        elif letter == "T" and number == 2:
            file.prompt = read_prompt(body)
        else:
            refuse_if(letter in "HT", "chunk-order")
            refuse_if(letter < "a", "unknown-critical-chunk")
            check_ancillary(letter, body, file)
            file.chunks[letter] = body
        number += 1
    refuse_if(number == 1, "chunk-order")
    bound("chunks", number)
    return _read_picture_data(chunks, file, allow_partial)


def _read_body(chunks, letter, number, file):  # 13.1, 5, from `limit-chunks` to `bad-chunk-type`
    start = chunks.at // 8 - 1
    bound("chunks", number)
    length = chunks.varint()
    bound("file_bytes", chunks.at // 8 + length + 4)
    if number > 1 and letter == "T":
        bound("prompt_bytes", length - 1)
    elif number > 1:
        file.between += length
        bound("ancillary_bytes", file.between)
    body = chunks.bytes(length + 4)[:-4]
    _check_crc(chunks.data[start : chunks.at // 8])
    refuse_if(not letter.isascii() or not letter.isalpha(), "bad-chunk-type")
    return body


def _check_crc(chunk):  # 3.2: "of all bytes of the chunk before it", u32le
    refuse_if(zlib.crc32(chunk[:-4]).to_bytes(4, "little") != chunk[-4:], "checksum")


def _read_picture_data(chunks, file, allow_partial):  # 6; 13.1, 6
    start, ends = chunks.at // 8, np.cumsum([layer.bits for layer in file.header.layers]).tolist()
    length, padding = -(-ends[-1] // 8), -ends[-1] % 8
    end = start + length + 4
    bound("file_bytes", end)
    file.data = chunks.data[start : start + length]
    # 3.4: "the layers, from the first, whose bits all lie in what is there of the body of `D`"
    file.whole = bisect_right(ends, 8 * len(file.data))
    if end <= len(chunks.data) or not (allow_partial and file.whole):
        why = f"The file ends too early; {file.whole} of {len(ends)} layers are whole."
        refuse_if(end > len(chunks.data), "truncated", why)
        _check_crc(chunks.data[start - 1 : end])
        refuse_if(end < len(chunks.data), "trailing-data")
        refuse_if(int.from_bytes(file.data[-1:], "big") % 2**padding, "bad-padding")
    return file


def _inflate(data, most, form=-15):  # at most a byte more; and if the stream is whole and alone
    stream = zlib.decompressobj(form)
    try:
        text = stream.decompress(data, most + 1)
    except zlib.error:
        return b"", False
    return text, stream.eof and not stream.unused_data


def check_ancillary(letter, body, file):  # 7.1
    refuse_if(letter in "reixo" and letter in file.chunks, "bad-ancillary")
    valid = True
    if letter == "r":
        valid = len(body) == 1
    elif letter in "eix":
        name = "icc_bytes" if letter == "i" else "ancillary_bytes"
        text, valid = _inflate(body, LIMITS[name], 15)
        bound(name, len(text))
    elif letter == "p":
        valid = body and len(body) > body[0] and NAME.fullmatch(body[1 : 1 + body[0]])
    elif letter == "o":
        valid = body and _alpha_is_valid(body[0], body[1:], file.header)
    refuse_if(not valid, "bad-ancillary", f"The body of chunk {letter} is not valid.")


def read_prompt(body):  # 7.2; 13.1, 5
    refuse_if(body[:1] not in (b"\0", b"\1"), "bad-prompt")
    text = body[1:]
    if body[0] == 1:
        text, whole = _inflate(body[1:], LIMITS["prompt_bytes"])
        bound("prompt_bytes", len(text))
        refuse_if(not whole or len(body) - 1 >= len(text), "bad-prompt")
    text = text.decode("utf-8", "surrogateescape")  # what is no UTF-8 becomes dc80 .. dcff
    refuse_if(not re.fullmatch(r"[^\0-\x1f\x7f-\x9f\udc80-\udcff]+", text), "bad-prompt")
    return text


def _alpha_is_valid(form, data, h):  # 7.3: what is checked when `o` is read
    if form == 0:
        return len(data) == 1 and data[0] < 255
    if form == 1 or (form == 3 and h.depth == 16):
        size = h.width * h.height * (2 if form == 3 else 1)
        samples, whole = _inflate(data, size)
        return whole and len(samples) == size
    if form > 2 or len(data) < 2 or max(h.width, h.height) > 16383:
        return False
    # RFC 9649: two bits each, reserved, pre-processing, filtering, compression.
    reserved, pre_processing, method = data[0] >> 6, data[0] >> 4 & 3, data[0] & 3
    fits = method == 1 or len(data) - 1 == h.width * h.height
    return reserved == 0 and pre_processing < 2 and method < 2 and fits


def read_alpha(file):  # 7.3: None for opaque; form 2 is what this decoder leaves out
    body, shape = file.chunks.get("o"), (file.header.height, file.header.width)
    if body is None:
        return None
    refuse_if(body[0] == 2, "unsupported-feature", "Alpha as WebP has it is left out.")
    samples = body[1:] * shape[0] * shape[1] if body[0] == 0 else zlib.decompress(body[1:], -15)
    first, *low = np.frombuffer(samples, np.uint8).reshape(-1, *shape)
    if low:  # form 3, whose samples have two bytes each
        return np.cumsum(first * np.uint16(256) + low[0], 1, np.uint16)
    return first if file.header.depth == 8 else first * np.uint16(257)
