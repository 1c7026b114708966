"""Image files that need no library: headers of JPEG files, BMP files, and PNG files of 16 bits per channel (which Pillow
reads with 8). PNG files are written here, too.

Formats: PNG (Third Edition, W3C 2025), BMP as Windows defines BITMAPINFOHEADER, JPEG ITU-T T.81 annex B."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from headrace.core.errors import invalid

MOST_PIXELS = 1 << 29  # what a header may claim before memory is reserved for it


def kind_of(data: bytes) -> str | None:
    """The format by its first bytes."""
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if data[:4] == b"GIF8":
        return "GIF"
    if data[:2] == b"BM":
        return "BMP"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[:2] == b"\xff\x0a" or data[:12] == b"\0\0\0\x0cJXL \r\n\x87\n":
        return "JPEG XL"
    return None


# ---------------------------------------------------------------------------------------------------------------- JPEG
def jpeg_shape(data: bytes) -> tuple[int, int, int]:
    """Height, width and channels, from the header alone."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        length = struct.unpack_from(">H", data, at + 2)[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and at + 10 <= len(data):
            height, width, channels = struct.unpack_from(">HHB", data, at + 5)
            return height, width, channels
        at += 2 + length
    raise invalid(f"Invalid JPEG data, size {len(data)}")


# ----------------------------------------------------------------------------------------------------------------- BMP
def read_bmp(data: bytes) -> np.ndarray:
    """`[height, width, 1, 3 or 4]`; the numbers of a palette are taken for shades of grey, as TensorFlow does."""
    if len(data) < 30:
        raise invalid(
            f"Incomplete bmp content, requires at least 30 bytes to find the header, got {len(data)}"
        )
    start = struct.unpack_from("<i", data, 10)[0]
    width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    rows, channels = abs(height), bits // 8
    if bits not in (8, 24, 32):
        raise invalid(
            f"Number of channels inherent in the image must be 1, 3 or 4, was {bits} bits per pixel"
        )
    if width <= 0 or rows == 0 or rows * width * channels > MOST_PIXELS:
        raise invalid(f"Invalid size of a BMP image: {width} x {height}")
    stride = (width * channels + 3) // 4 * 4
    if start < 0 or len(data) < start + (rows - 1) * stride + width * channels:
        raise invalid(f"Incomplete bmp content: {len(data)} bytes for {width} x {rows} pixels of {bits} bits")
    flat = np.frombuffer(data[start : start + rows * stride].ljust(rows * stride, b"\0"), np.uint8)
    pixels = flat.reshape(rows, stride)[:, : width * channels].reshape(rows, width, channels)
    if height > 0:  # from the bottom up
        pixels = pixels[::-1]
    return pixels if channels == 1 else pixels[..., [2, 1, 0, 3][:channels]]


# ----------------------------------------------------------------------------------------------------------------- PNG
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
COLOR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}
# Of Adam7's passes: first row and column, distances of rows and of columns.
PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def png_header(data: bytes) -> tuple[int, int, int, int, bool]:
    """Width, height, bits per channel, channels, and whether it is interlaced."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise invalid(f"Invalid PNG data, size {len(data)}")
    width, height, bits, color, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    if color not in CHANNELS or not 0 < width * height * CHANNELS[color] <= MOST_PIXELS:
        raise invalid(f"Invalid PNG header: {width} x {height} pixels of colour type {color}")
    return width, height, bits, CHANNELS[color], bool(interlaced)


def read_png16(data: bytes) -> np.ndarray:
    """`[height, width, channels]` of a PNG file with 16 bits per channel."""
    width, height, _, channels, interlaced = png_header(data)
    compressed = bytearray()
    at = 8
    while at + 12 <= len(data):
        length = struct.unpack_from(">I", data, at)[0]
        if data[at + 4 : at + 8] == b"IDAT":
            compressed += data[at + 8 : at + 8 + length]
        at += 12 + length
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    sizes = [(max(0, -(-(height - r) // dr)), max(0, -(-(width - c) // dc))) for r, c, dr, dc in passes]
    step = 2 * channels
    expected = sum([h * (1 + w * step) for h, w in sizes if w])
    try:
        raw = zlib.decompressobj().decompress(bytes(compressed), expected)
    except zlib.error as error:
        raise invalid(f"Invalid PNG data: {error}") from error
    if len(raw) != expected:
        raise invalid(f"Invalid PNG data: {len(raw)} bytes of pixels, expected {expected}")
    out = np.empty((height, width, channels), np.uint16)
    at = 0
    for (r, c, dr, dc), (h, w) in zip(passes, sizes):
        if not h or not w:
            continue
        length = h * (1 + w * step)
        rows = _unfiltered(np.frombuffer(raw, np.uint8, length, at).reshape(h, -1), step)
        out[r::dr, c::dc] = rows.view(">u2").reshape(h, w, channels)
        at += length
    return out


def _unfiltered(rows: np.ndarray, step: int) -> np.ndarray:
    """Rows of bytes as they were before each was stored as a difference to what its first byte names."""
    out = np.zeros((len(rows), rows.shape[1] - 1), np.uint8)
    above = np.zeros(out.shape[1], np.uint8)
    for i, row in enumerate(rows):
        kind, line = row[0], row[1:]
        if kind == 0:
            out[i] = line
        elif kind == 1:
            out[i] = np.cumsum(line.reshape(-1, step), 0, np.uint8).reshape(-1)
        elif kind == 2:
            out[i] = line + above
        elif kind in (3, 4):
            out[i] = _by_neighbours(line.reshape(-1, step), above.reshape(-1, step), kind == 4)
        else:
            raise invalid(f"Invalid PNG data: filter {kind}")
        above = out[i]
    return out


def _by_neighbours(line: np.ndarray, above: np.ndarray, paeth: bool) -> np.ndarray:
    """One row, pixel by pixel: each is stored as the difference to the mean of its left and upper neighbour, or to the one
    of three that Paeth's predictor chooses."""
    out: list[list[int]] = []
    step = line.shape[1]
    left = corner = [0] * step
    for pixel, up in zip(line.tolist(), above.tolist()):
        if paeth:
            guess = [_paeth(a, b, c) for a, b, c in zip(left, up, corner)]
        else:
            guess = [(a + b) // 2 for a, b in zip(left, up)]
        left, corner = [(p + g) & 255 for p, g in zip(pixel, guess)], up
        out.append(left)
    return np.array(out, np.uint8).reshape(-1)


def _paeth(a: int, b: int, c: int) -> int:
    p = a + b - c
    return min((a, b, c), key=lambda v: abs(p - v))


def write_png(image: np.ndarray, compression: int) -> bytes:
    """The file of `[height, width, channels]`, uint8 or uint16."""
    height, width, channels = image.shape
    wide = np.ascontiguousarray(image, ">u2" if image.dtype == np.uint16 else np.uint8)
    rows = wide.view(np.uint8).reshape(height, -1)
    step = channels * image.itemsize
    # Every row as differences of neighbouring pixels: simple, and small for photographs.
    lines = np.empty((height, rows.shape[1] + 1), np.uint8)
    lines[:, 0] = 1
    lines[:, 1 : 1 + step] = rows[:, :step]
    lines[:, 1 + step :] = rows[:, step:] - rows[:, :-step]
    header = struct.pack(">IIBBBBB", width, height, 8 * image.itemsize, COLOR_TYPE[channels], 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    packed = zlib.compress(lines.tobytes(), compression)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def grey(image: Any) -> Any:
    """The luma of colours `[..., 3]` in the integers that libpng computes it in."""
    r, g, b = (image[..., i].astype(np.uint32) for i in range(3))
    half = 1 << 14 if image.dtype == np.uint16 else 0
    return ((9797 * r + 19234 * g + 3737 * b + half) >> 15).astype(image.dtype)[..., None]


__all__ = ["grey", "jpeg_shape", "kind_of", "png_header", "read_bmp", "read_png16", "write_png"]
