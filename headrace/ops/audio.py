"""WAV files: 16-bit PCM to and from floats in [-1, 1].

The format: IBM and Microsoft, Multimedia Programming Interface and Data Specifications 1.0 (1991), RIFF WAVE."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable


def _scalar(c: ShapeContext, i: int) -> None:
    if c[i] not in ((), None):
        raise ShapeError(f"{c.op.signature.inputs[i].name} must be scalar, but has shape {list(c[i] or ())}")


# -------------------------------------------------------------------------------------------------------------- reading
def _chunks(data: bytes) -> dict[bytes, bytes]:
    """The format and the samples of a WAV file."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise invalid(f"Not a WAV file: it must begin with RIFF....WAVE, but begins with {data[:12]!r}")
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data) and b"data" not in found:
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        at += 8
        if at + size > len(data):
            raise invalid(
                f"WAV file ends too early: chunk {name!r} has {size} bytes, {len(data) - at} are left"
            )
        found[name] = data[at : at + size]
        at += size
        # Chunks begin at even places, though some writers forget it.
        if size % 2 and data[at : at + 1] == b"\0":
            at += 1
    for name in (b"fmt ", b"data"):
        if name not in found:
            raise invalid(f"No {name.decode().strip()} chunk found in WAV file")
    return found


def _decode(contents: np.ndarray, desired_channels: int, desired_samples: int) -> list[Any]:
    chunks = _chunks(bytes(contents[()]))
    header = chunks[b"fmt "]
    if len(header) < 16:
        raise invalid(f"Bad format chunk in WAV file: {len(header)} bytes, expected at least 16")
    coding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", header)
    if coding != 1:
        raise invalid(f"Bad audio format for WAV: Expected 1 (PCM), but got {coding}")
    if channels < 1:
        raise invalid("Bad number of channels for WAV: Expected at least 1, but got 0")
    if bits != 16:
        raise invalid(f"Can only read 16-bit WAV files, but received {bits}")
    if rate > 0x7FFFFFFF:
        raise invalid(f"Bad sample rate for WAV: {rate}")
    whole = len(chunks[b"data"]) // (2 * channels) * channels
    samples = np.frombuffer(chunks[b"data"], "<i2", whole).reshape(-1, channels).astype(np.float32) / 32768
    if desired_channels >= 0:  # the last channel stands for those that are missing
        samples = samples[:, np.minimum(np.arange(desired_channels), channels - 1)]
    if desired_samples >= 0:
        missing = max(0, desired_samples - len(samples))
        samples = np.pad(samples[:desired_samples], ((0, missing), (0, 0)))
    return [samples, np.int32(rate)]


def _decoded(c: ShapeContext) -> list[Raw]:
    _scalar(c, 0)
    sizes = []
    for name in ("desired_samples", "desired_channels"):
        value = c.attrs[name]
        if value < -1:
            raise ShapeError(f"{name} must be >= -1, got {value}")
        sizes.append(None if value == -1 else value)
    return [tuple(sizes), ()]


DECODE_WAV = OpDef(
    "DecodeWav",
    "contents: string -> audio: float32, sample_rate: int32",
    attrs={"desired_channels": -1, "desired_samples": -1},
    shape=_decoded,
    kernel=_decode,
    host=True,
    grad=not_differentiable,
)


# -------------------------------------------------------------------------------------------------------------- writing
def _encode(audio: np.ndarray, sample_rate: np.ndarray) -> Any:
    channels = audio.shape[1]
    rate = int(sample_rate)
    if rate <= 0:
        raise invalid(f"sample_rate must be positive, got: {rate}")
    if not 0 < channels < 1 << 16:
        raise invalid(f"The number of channels must be in (0, 2^16), got: {channels}")
    scaled = audio.astype(np.float64) * 32768
    rounded = np.trunc(scaled + np.copysign(0.5, scaled))  # halves away from zero
    body = np.nan_to_num(np.clip(rounded, -32768, 32767)).astype("<i2").tobytes()
    header = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    wave = (
        b"WAVEfmt " + struct.pack("<I", len(header)) + header + b"data" + struct.pack("<I", len(body)) + body
    )
    out = np.empty((), object)
    out[()] = b"RIFF" + struct.pack("<I", len(wave)) + wave
    return out


def _encoded(c: ShapeContext) -> Raw:
    c.same_rank(0, 2)
    _scalar(c, 1)
    return ()


ENCODE_WAV = OpDef(
    "EncodeWav",
    "audio: float32, sample_rate: int32 -> contents: string",
    shape=_encoded,
    kernel=_encode,
    host=True,
    grad=not_differentiable,
)

__all__ = ["DECODE_WAV", "ENCODE_WAV"]
