"""Resizing batches of images `[batch, height, width, channels]`, and the gradients.

Every method says which inputs an output takes along one axis, and with which weights (a `Band`); the rest is the same
for all."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import Raw, known

from .conv import shape_of
from .image_bands import Band, axis_order

IMAGES = frozenset(
    {dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.uint16, dtypes.int32, dtypes.int64}
) | dtypes.FLOATS  # fmt: skip
F = np.float32


# -------------------------------------------------------------------------------------------------------- positions
def _step(size: int, outputs: int, align_corners: bool) -> np.float32:
    """How far two neighbouring outputs are apart in the input."""
    if align_corners and outputs > 1:
        return F(size - 1) / F(outputs - 1)
    return F(size) / F(outputs)


def _positions(size: int, outputs: int, align_corners: bool, half_pixel_centers: bool) -> np.ndarray:
    step = _step(size, outputs, align_corners)
    at = np.arange(outputs, dtype=F)
    return (at + F(0.5)) * step - F(0.5) if half_pixel_centers else at * step


@functools.lru_cache(256)
def bilinear(size: int, outputs: int, align_corners: bool, half_pixel_centers: bool) -> Band:
    at = _positions(size, outputs, align_corners, half_pixel_centers)
    floor = np.floor(at)
    lower = np.maximum(floor.astype(np.int64), 0)
    upper = np.minimum(np.ceil(at).astype(np.int64), size - 1)
    lower = np.minimum(lower, upper)
    weight = np.where(lower == upper, F(0), at - floor)
    return Band(np.stack([lower, upper], 1), np.stack([1 - weight, weight], 1), size)


@functools.lru_cache(256)
def nearest(size: int, outputs: int, align_corners: bool, half_pixel_centers: bool) -> Band:
    step = _step(size, outputs, align_corners)
    at = (np.arange(outputs, dtype=F) + F(0.5 if half_pixel_centers else 0)) * step
    # Halves are rounded away from zero.
    at = np.floor(at + F(0.5)) if align_corners else np.floor(at)
    index = np.clip(at.astype(np.int64), 0, size - 1)
    return Band(index[:, None], np.ones((outputs, 1), F), size)


TABLE = 1024  # positions between two inputs that the cubic weights are tabulated for, as in TensorFlow


@functools.lru_cache(2)
def _cubic_table(a: float) -> np.ndarray:
    """The cubic convolution kernel (Keys, 1981) at distances k / TABLE and 1 + k / TABLE."""
    x = np.arange(TABLE + 1, dtype=F) / F(TABLE)
    near = ((F(a) + 2) * x - (F(a) + 3)) * x * x + 1
    x = x + 1
    far = ((F(a) * x - 5 * F(a)) * x + 8 * F(a)) * x - 4 * F(a)
    return np.stack([near, far], 1).astype(F)


@functools.lru_cache(256)
def bicubic(size: int, outputs: int, align_corners: bool, half_pixel_centers: bool) -> Band:
    at = _positions(size, outputs, align_corners, half_pixel_centers)
    floor = np.floor(at)
    table = _cubic_table(-0.5 if half_pixel_centers else -0.75)
    offset = np.rint((at - floor) * TABLE).astype(np.int64)
    weight = np.stack(
        [table[offset, 1], table[offset, 0], table[TABLE - offset, 0], table[TABLE - offset, 1]], 1
    )
    index = floor.astype(np.int64)[:, None] + np.arange(-1, 3)
    bounded = np.clip(index, 0, size - 1)
    if half_pixel_centers:  # what lies outside of the image counts nothing; before, its border was repeated
        weight = np.where(bounded == index, weight, F(0))
        total = weight.sum(1, keepdims=True)
        weight = np.where(np.abs(total) >= 1000 * np.finfo(F).tiny, weight / total, weight)
    return Band(bounded, weight, size)


@functools.lru_cache(256)
def area(size: int, outputs: int, align_corners: bool) -> Band:
    """Means over the inputs that an output covers, partly covered ones counting in proportion."""
    step = _step(size, outputs, align_corners and size > 1)
    begin = np.arange(outputs, dtype=F) * step
    end = (np.arange(outputs, dtype=F) + 1) * step
    first = np.floor(begin).astype(np.int64)
    taps = int((np.ceil(end).astype(np.int64) - first).max(initial=1))
    index = first[:, None] + np.arange(taps)
    covered = np.minimum(index + 1, end[:, None]) - np.maximum(index, begin[:, None])
    weight = np.maximum(covered, 0).astype(F) / step
    return Band(np.clip(index, 0, size - 1), weight, size)


# -------------------------------------------------------------------------------------------------------- machinery
def checked_size(size: Any) -> tuple[int, int]:
    """The `[height, width]` to resize to."""
    height, width = (int(d) for d in np.asarray(size).reshape(-1))
    if height <= 0 or width <= 0:
        raise invalid(f"output dimensions must be positive, received size=[{height}, {width}]")
    return height, width


def resized_shape(c: ShapeContext) -> Raw:
    images = c.same_rank(0, 4)
    sizes = c[1]
    if sizes is not None and (len(sizes) != 1 or sizes[0] not in (2, None)):
        raise ShapeError(f"size must be [new_height, new_width], but its shape is {list(sizes)}")
    size = c.partial(1) or (None, None)
    assert images is not None
    if known(images) and 0 in images[1:]:
        raise ShapeError("input image must be of non-zero size")
    return (images[0], *size, images[3])


def apply_host(bands: Sequence[Band], x: np.ndarray) -> np.ndarray:
    for i in axis_order(bands):
        x = bands[i].host(x, i + 1)
    return x


def apply_lowered(b: Builder, bands: Sequence[Band], x: Value, dtype: DType) -> Value:
    for i in axis_order(bands):
        x = bands[i].lower(b, x, i + 1, dtype)
    return x


def transposed(bands: Sequence[Band]) -> list[Band]:
    return [band.transpose for band in bands]


def _bands(method: Callable[..., Band], inputs: Sequence[int], size: Sequence[int], a: Any) -> list[Band]:
    if a.get("half_pixel_centers") and a["align_corners"]:
        raise invalid("If half_pixel_centers is True, align_corners must be False.")
    return [method(i, o, **a) for i, o in zip(inputs, size)]


def _family(
    name: str,
    method: Callable[..., Band],
    attrs: Sequence[str],
    *,
    differentiable: frozenset[DType],
) -> tuple[OpDef, OpDef | None]:
    """An op that gives float32, and the op of its gradient where TensorFlow has one."""
    options = dict.fromkeys(attrs, False)

    def lower(b: Builder, x: Value, size: np.ndarray, **a: Any) -> Value:
        bands = _bands(method, x.shape[1:3], checked_size(size), a)
        if 0 in x.shape:
            return b.zeros((x.shape[0], *checked_size(size), x.shape[3]), dtypes.float32)
        return b.convert(apply_lowered(b, bands, x, dtypes.float32), dtypes.float32)

    def kernel(images: np.ndarray, size: np.ndarray, **a: Any) -> np.ndarray:
        bands = _bands(method, images.shape[1:3], checked_size(size), a)
        wide = images if images.dtype.kind in "iuf" and images.itemsize <= 4 else images.astype(F)
        return apply_host(bands, wide.astype(F) if wide.dtype == np.float16 else wide)

    forward = OpDef(
        name,
        "images: T, size: int32 -> resized_images: float32",
        attrs=options,
        types={"T": IMAGES},
        static=["size"],
        shape=resized_shape,
        kernel=kernel,
        lower=lower,
    )
    if not differentiable:  # a gradient is an error, as in TensorFlow
        return forward, None

    def backward_shape(c: ShapeContext) -> Raw:
        grads, image = c.same_rank(0, 4), c.same_rank(1, 4)
        return None if grads is None else image

    def backward_kernel(grads: np.ndarray, original_image: np.ndarray, **a: Any) -> np.ndarray:
        bands = _bands(method, original_image.shape[1:3], grads.shape[1:3], a)
        return apply_host(transposed(bands), grads)

    def backward_lower(b: Builder, grads: Value, image: Value, **a: Any) -> Value:
        bands = _bands(method, image.shape[1:3], grads.shape[1:3], a)
        return b.convert(apply_lowered(b, transposed(bands), grads, dtypes.float32), image.dtype)

    backward = OpDef(
        f"{name}Grad",
        "grads: float32, original_image: T -> output: T",
        attrs=options,
        types={"T": differentiable},
        shape=backward_shape,
        kernel=backward_kernel,
        lower=backward_lower,
    )

    def gradient(op: Any, g: Any) -> list[Any]:
        images = op.inputs[0]
        return [backward(g, images, **op.attrs) if images._dtype in differentiable else None, None]

    forward.grad = gradient
    # Both are linear in what they resize: the gradient of the gradient resizes again.
    backward.grad = lambda op, g: [forward(g, spatial(op.inputs[0]), **op.attrs), None]
    return forward, backward


def spatial(x: Any) -> Any:
    """Height and width, as an argument for an op."""
    shape = x._raw_shape
    if shape is not None and known(shape[1:3]):
        return list(shape[1:3])
    return shape_of(x)[1:3]


_OPTIONS = ("align_corners", "half_pixel_centers")
RESIZE_BILINEAR, RESIZE_BILINEAR_GRAD = _family(
    "ResizeBilinear", bilinear, _OPTIONS, differentiable=dtypes.FLOATS
)
RESIZE_BICUBIC, RESIZE_BICUBIC_GRAD = _family(
    "ResizeBicubic", bicubic, _OPTIONS, differentiable=frozenset({dtypes.float32, dtypes.float64})
)
RESIZE_AREA, _ = _family("ResizeArea", area, _OPTIONS[:1], differentiable=frozenset())


# ------------------------------------------------------------------------------------------------- nearest neighbour
NEAREST = OpDef(
    "ResizeNearestNeighbor",
    "images: T, size: int32 -> resized_images: T",
    attrs=dict.fromkeys(_OPTIONS, False),
    types={"T": IMAGES},
    static=["size"],
    shape=resized_shape,
    kernel=lambda x, size, **a: apply_host(_bands(nearest, x.shape[1:3], checked_size(size), a), x),
    lower=lambda b, x, size, **a: apply_lowered(
        b, _bands(nearest, x.shape[1:3], checked_size(size), a), x, x.dtype
    ),
)


def _nearest_grad_kernel(grads: np.ndarray, size: np.ndarray, **a: Any) -> np.ndarray:
    wide = grads if grads.dtype.kind == "i" or grads.dtype in (F, np.float64) else grads.astype(F)
    return apply_host(transposed(_bands(nearest, checked_size(size), grads.shape[1:3], a)), wide)


def _nearest_grad_lower(b: Builder, grads: Value, size: np.ndarray, **a: Any) -> Value:
    bands = _bands(nearest, checked_size(size), grads.shape[1:3], a)
    work = grads.dtype if grads.dtype.size > 2 else dtypes.float32
    return b.convert(apply_lowered(b, transposed(bands), grads, work), grads.dtype)


NEAREST_GRAD = OpDef(
    "ResizeNearestNeighborGrad",
    "grads: T, size: int32 -> output: T",
    attrs=dict.fromkeys(_OPTIONS, False),
    types={"T": frozenset({dtypes.uint8, dtypes.int8, dtypes.int32}) | dtypes.FLOATS},
    static=["size"],
    shape=resized_shape,
    kernel=_nearest_grad_kernel,
    lower=_nearest_grad_lower,
    grad=lambda op, g: [NEAREST(g, spatial(op.inputs[0]), **op.attrs), None],
)
NEAREST.grad = lambda op, g: [NEAREST_GRAD(g, spatial(op.inputs[0]), **op.attrs), None]


__all__ = [
    "IMAGES",
    "NEAREST",
    "NEAREST_GRAD",
    "RESIZE_AREA",
    "RESIZE_BICUBIC",
    "RESIZE_BICUBIC_GRAD",
    "RESIZE_BILINEAR",
    "RESIZE_BILINEAR_GRAD",
    "apply_host",
    "apply_lowered",
    "checked_size",
    "resized_shape",
    "spatial",
    "transposed",
]
