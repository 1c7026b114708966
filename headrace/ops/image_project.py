"""Images seen through projective transforms: every output pixel is looked up where the transform sends it.

The rule is written once for host and program (`formula.py`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder
from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw, known

from .formula import HOST, Program, lift
from .image_lookup import Pixels, columns, per_channel, rounded
from .image_resize import spatial

TYPES = frozenset({dtypes.uint8, dtypes.int32, dtypes.int64}) | dtypes.FLOATS
MODES = ("CONSTANT", "REFLECT", "WRAP", "NEAREST")
FAR = 1e8  # coordinates beyond are as good as infinite, and still fit an integer


# ------------------------------------------------------------------------------------------------------- coordinates
def _truncate(xp: Any, x: Any) -> Any:
    return xp.where(x < 0, xp.ceil(x), xp.floor(x))


def _mapped(xp: Any, at: Any, length: int, mode: str) -> Any:
    """A coordinate brought into `[0, length - 1]`, in TensorFlow's way for each mode; CONSTANT leaves it."""
    if mode == "CONSTANT":
        return at
    last = float(length - 1)
    if mode == "NEAREST":
        return xp.minimum(xp.maximum(at, 0.0), last)
    if length <= 1:
        return xp.where(at < 0, at * 0.0, xp.minimum(at, last))
    size, beyond = float(length), at > last
    if mode == "REFLECT":  # [abcd] continues as [dcba|abcd|dcba]
        period = 2 * size
        low = xp.where(at < period, at + _truncate(xp, -at / period) * period, at)
        low = xp.where(low < -size, low + period, -low - 1.0)
        high = at - _truncate(xp, at / period) * period
        high = xp.where(high >= size, -high + (period - 1.0), high)
    else:  # WRAP: [abcd|abcd|abcd]
        low = at + (_truncate(xp, -at / last) + 1.0) * size
        high = at - _truncate(xp, at / last) * size
    return xp.minimum(xp.maximum(xp.where(at < 0, low, xp.where(beyond, high, at)), 0.0), last)


def _coordinates(xp: Any, t: Any, size: tuple[int, int]) -> tuple[Any, Any, Any]:
    """Where each output pixel is looked up: y, x `[transforms, height, width]`, and whether it is anywhere at all.
    `t`: eight arrays `[transforms, 1, 1]`."""
    shape = (1, *size)
    rows = np.broadcast_to(np.arange(size[0], dtype=np.float32)[:, None], shape)
    across = np.broadcast_to(np.arange(size[1], dtype=np.float32), shape)
    y, x = (xp.constant(np.ascontiguousarray(v), dtypes.float32) for v in (rows, across))
    depth = t[6] * x + t[7] * y + 1.0
    seen = depth != 0.0
    safe = xp.where(seen, depth, depth * 0.0 + 1.0)
    return (t[3] * x + t[4] * y + t[5]) / safe, (t[0] * x + t[1] * y + t[2]) / safe, seen


# ----------------------------------------------------------------------------------------------------------- sampling
def _transformed(
    xp: Any, images: Any, transforms: Any, fill: Any, size: tuple[int, int], interpolation: str, mode: str
) -> Any:
    n, height, width, channels = images.shape
    dtype = dtypes.as_dtype(images.dtype)
    count = transforms.shape[0]
    if count not in (1, n):
        raise invalid(f"Input num of transforms should be 1 or {n} (the images), but got {count}")
    numbers = [xp.reshape(c, (count, 1, 1)) for c in columns(xp, transforms)]
    y, x, seen = _coordinates(xp, numbers, size)
    pixels = (n, *size)
    y, x = (
        xp.broadcast(xp.minimum(xp.maximum(_mapped(xp, v, d, mode), -FAR), FAR), pixels)
        for v, d in ((y, height), (x, width))
    )
    whole = xp.convert(fill, dtype)
    which = np.broadcast_to(np.arange(n, dtype=np.int32)[:, None, None], pixels)
    which = xp.constant(np.ascontiguousarray(which), dtypes.int32)
    if interpolation == "NEAREST":
        out = Pixels(xp, images, which, whole).at(rounded(xp, y), rounded(xp, x))
    else:
        single = dtypes.float32
        source = Pixels(xp, xp.convert(images, single), which, xp.convert(whole, single))
        y0, x0 = xp.floor(y), xp.floor(x)
        y1, x1 = y0 + 1.0, x0 + 1.0
        wx0, wx1, wy0, wy1 = (per_channel(xp, w, channels) for w in (x1 - x, x - x0, y1 - y, y - y0))
        upper = wx0 * source.at(y0, x0) + wx1 * source.at(y0, x1)
        lower = wx0 * source.at(y1, x0) + wx1 * source.at(y1, x1)
        out = xp.convert(wy0 * upper + wy1 * lower, dtype)
    good = per_channel(xp, xp.broadcast(seen, pixels), channels)
    return xp.where(good, out, xp.broadcast(whole, (*pixels, channels)))


# --------------------------------------------------------------------------------------------------------------- rows
def _shape(c: ShapeContext) -> Raw:
    images, transforms, size = c.same_rank(0, 4), c.same_rank(1, 2), c.partial(2) or (None, None)
    for name, allowed in (("interpolation", ("NEAREST", "BILINEAR")), ("fill_mode", MODES)):
        if c.attrs[name] not in allowed:
            raise ShapeError(f"{name} must be one of {', '.join(allowed)}, not {c.attrs[name]!r}")
    assert images is not None and transforms is not None
    if transforms[1] not in (8, None):
        raise ShapeError(f"transforms must have shape [images or 1, 8], but has shape {list(transforms)}")
    if len(size) != 2:
        raise ShapeError(f"output_shape must be [height, width], but has {len(size)} entries")
    return (images[0], *size, images[3])


def _size(output_shape: Any) -> tuple[int, int]:
    height, width = (int(d) for d in output_shape)
    if height <= 0 or width <= 0:
        raise invalid(f"output_shape must be positive, received [{height}, {width}]")
    return height, width


def _kernel(
    images: np.ndarray, transforms: np.ndarray, output_shape: np.ndarray, fill_value: Any = None,
    *, interpolation: str, fill_mode: str,
) -> np.ndarray:  # fmt: skip
    fill = np.zeros((), np.float32) if fill_value is None else fill_value
    return _transformed(HOST, images, transforms, fill, _size(output_shape), interpolation, fill_mode)


def _lower(
    b: Builder, images: Any, transforms: Any, output_shape: np.ndarray, fill_value: Any = None,
    *, interpolation: str, fill_mode: str,
) -> Any:  # fmt: skip
    fill = b.constant(0, dtypes.float32) if fill_value is None else fill_value
    x, t, f = (lift(b, v) for v in (images, transforms, fill))
    return _transformed(Program(b), x, t, f, _size(output_shape), interpolation, fill_mode).v


def _row(name: str, fill: str) -> OpDef:
    return OpDef(
        name,
        f"images: dtype, transforms: float32, output_shape: int32{fill} -> transformed_images: dtype",
        attrs={"interpolation": REQUIRED, "fill_mode": "CONSTANT"},
        types={"dtype": TYPES},
        static=["output_shape"],
        shape=_shape,
        kernel=_kernel,
        lower=_lower,
    )


IMAGE_PROJECTIVE_TRANSFORM_V2 = _row("ImageProjectiveTransformV2", "")
IMAGE_PROJECTIVE_TRANSFORM_V3 = _row("ImageProjectiveTransformV3", ", fill_value: float32")


def _inverse(transforms: Any) -> Any:
    """The transforms back, as eight numbers each."""
    reshape = lookup("Reshape")
    shape = transforms._raw_shape
    ones = (
        lookup("Fill")([shape[0], 1], 1.0)
        if known(shape)
        else lookup("Fill")(lookup("Pack")([lookup("Shape")(transforms)[0], 1], axis=0), 1.0)
    )
    matrices = reshape(lookup("ConcatV2")([transforms, ones], 1), [-1, 3, 3])
    flat = reshape(lookup("MatrixInverse")(matrices), [-1, 9])
    return (flat / flat[:, 8:9])[:, :8]


def _gradient(op: Any, g: Any) -> list[Any]:
    """The gradient's image under the inverse transform: what TensorFlow defines, exact for whole-pixel moves."""
    images, transforms, *rest = op.inputs
    fill = [0.0] if len(rest) == 2 else []
    back = op.op_def if hasattr(op, "op_def") else lookup(op.type)
    return [back(g, _inverse(transforms), spatial(images), *fill, **op.attrs), *[None] * (len(op.inputs) - 1)]


IMAGE_PROJECTIVE_TRANSFORM_V2.grad = IMAGE_PROJECTIVE_TRANSFORM_V3.grad = _gradient

__all__ = ["IMAGE_PROJECTIVE_TRANSFORM_V2", "IMAGE_PROJECTIVE_TRANSFORM_V3"]
