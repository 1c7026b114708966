"""`ScaleAndTranslate`: resizing by sampling with a kernel, which is widened when shrinking with `antialias`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import Raw

from .image_bands import Band
from .image_resize import (
    IMAGES,
    apply_host,
    apply_lowered,
    checked_size,
    resized_shape,
    spatial,
    transposed,
)

F = np.float32


# ---------------------------------------------------------------------------------------------------------- kernels
def _lanczos(radius: int, x: np.ndarray) -> np.ndarray:
    pi = F(np.pi)
    safe = np.where(x <= F(1e-3), F(1), x)
    value = F(radius) * np.sin(pi * safe) * np.sin(pi * safe / F(radius)) / (pi * pi * safe * safe)
    return np.where(x > radius, F(0), np.where(x <= F(1e-3), F(1), value))


def _gaussian(x: np.ndarray) -> np.ndarray:
    """Three standard deviations are the radius of 1.5."""
    return np.where(x >= 1.5, F(0), np.exp(-x * x / F(0.5)))


def _box(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0.5, F(1), np.where(x == 0.5, F(0.5), F(0)))


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(1 - x, F(0))


def _cubic(near: Sequence[float], far: Sequence[float], x: np.ndarray) -> np.ndarray:
    inner, outer = (np.polyval(np.asarray(p, F), x) for p in (near, far))
    return np.where(x >= 2, F(0), np.where(x >= 1, outer, inner))


_KEYS = (1.5, -2.5, 0, 1), (-0.5, 2.5, -4, 2)
_MITCHELL = (7 / 6, -2, 0, 8 / 9), (-7 / 18, 2, -10 / 3, 16 / 9)
# The weight at a distance, and the distance from which on it is zero.
KERNELS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "lanczos1": (functools.partial(_lanczos, 1), 1),
    "lanczos3": (functools.partial(_lanczos, 3), 3),
    "lanczos5": (functools.partial(_lanczos, 5), 5),
    "gaussian": (_gaussian, 1.5),
    "box": (_box, 1),
    "triangle": (_triangle, 1),
    "keyscubic": (functools.partial(_cubic, *_KEYS), 2),
    "mitchellcubic": (functools.partial(_cubic, *_MITCHELL), 2),
}


@functools.lru_cache(256)
def band(
    size: int, outputs: int, scale: float, translation: float, kernel_type: str, antialias: bool
) -> Band:
    """Along one axis: `output = input * scale + translation`, in the coordinates of pixels' edges."""
    kernel, radius = KERNELS[kernel_type]
    step = F(1) / F(scale)
    width = max(step, F(1)) if antialias else F(1)
    at = (np.arange(outputs, dtype=F) + F(0.5)) * step - step * F(translation)
    reach = F(radius) * width
    first = np.clip(np.ceil(at - reach - F(0.5)), 0, size - 1).astype(np.int64)
    last = np.clip(np.floor(at + reach - F(0.5)), 0, size - 1).astype(np.int64)
    index = first[:, None] + np.arange(int((last - first).max(initial=0)) + 1)
    weight = kernel(np.abs((index + F(0.5) - at[:, None]) * (F(1) / width)))
    outside = (at < 0) | (at > size)
    weight = np.where((index > last[:, None]) | outside[:, None], F(0), weight).astype(F)
    total = weight.sum(1, keepdims=True)
    weight = np.where(np.abs(total) >= 1000 * np.finfo(F).tiny, weight / total, F(0)).astype(F)
    return Band(np.minimum(index, size - 1), weight, size)


def _bands(inputs: Sequence[int], size: Sequence[int], scale: Any, translation: Any, a: Any) -> list[Band]:
    if a["kernel_type"] not in KERNELS:
        raise invalid(f"Unrecognized kernel type {a['kernel_type']!r}; it is one of {', '.join(KERNELS)}.")
    scales, shifts = np.asarray(scale, F).reshape(-1), np.asarray(translation, F).reshape(-1)
    if not (scales > 0).all():
        raise invalid(f"scale must be greater than zero, received {scales.tolist()}")
    return [band(i, o, float(s), float(t), **a) for i, o, s, t in zip(inputs, size, scales, shifts)]


def _check_pairs(c: ShapeContext, first: int) -> None:
    for i, name in ((first, "scale"), (first + 1, "translation")):
        shape = c[i]
        if shape is not None and (len(shape) != 1 or shape[0] not in (2, None)):
            raise ShapeError(
                f"{name} must be two numbers (for height and width), but its shape is {list(shape)}"
            )


def _shape(c: ShapeContext) -> Raw:
    _check_pairs(c, 2)
    return resized_shape(c)


def _kernel(
    x: np.ndarray, size: np.ndarray, scale: np.ndarray, translation: np.ndarray, **a: Any
) -> np.ndarray:
    return apply_host(_bands(x.shape[1:3], checked_size(size), scale, translation, a), x.astype(F))


def _lower(b: Builder, x: Value, size: Any, scale: Any, translation: Any, **a: Any) -> Value:
    bands = _bands(x.shape[1:3], checked_size(size), scale, translation, a)
    return b.convert(apply_lowered(b, bands, x, dtypes.float32), dtypes.float32)


_ATTRS: dict[str, Any] = {"kernel_type": "lanczos3", "antialias": True}
SCALE_AND_TRANSLATE = OpDef(
    "ScaleAndTranslate",
    "images: T, size: int32, scale: float32, translation: float32 -> resized_images: float32",
    attrs=_ATTRS,
    types={"T": IMAGES},
    static=["size", "scale", "translation"],
    shape=_shape,
    kernel=_kernel,
    lower=_lower,
)


def _grad_shape(c: ShapeContext) -> Raw:
    _check_pairs(c, 2)
    c.same_rank(0, 4)
    return c.same_rank(1, 4)


def _grad_kernel(g: np.ndarray, image: np.ndarray, scale: Any, translation: Any, **a: Any) -> np.ndarray:
    return apply_host(transposed(_bands(image.shape[1:3], g.shape[1:3], scale, translation, a)), g)


def _grad_lower(b: Builder, g: Value, image: Value, scale: Any, translation: Any, **a: Any) -> Value:
    return apply_lowered(
        b, transposed(_bands(image.shape[1:3], g.shape[1:3], scale, translation, a)), g, dtypes.float32
    )


SCALE_AND_TRANSLATE_GRAD = OpDef(
    "ScaleAndTranslateGrad",
    "grads: T, original_image: T, scale: float32, translation: float32 -> output: T",
    attrs=_ATTRS,
    types={"T": frozenset({dtypes.float32})},
    static=["scale", "translation"],
    shape=_grad_shape,
    kernel=_grad_kernel,
    lower=_grad_lower,
)


@SCALE_AND_TRANSLATE.gradient
def _(op: Any, g: Any) -> list[Any]:
    images, _, scale, translation = op.inputs
    if images._dtype is not dtypes.float32:
        return [None] * 4
    return [SCALE_AND_TRANSLATE_GRAD(g, images, scale, translation, **op.attrs), None, None, None]


@SCALE_AND_TRANSLATE_GRAD.gradient
def _(op: Any, g: Any) -> list[Any]:
    grads, _, scale, translation = op.inputs
    return [SCALE_AND_TRANSLATE(g, spatial(grads), scale, translation, **op.attrs), None, None, None]


__all__ = ["KERNELS", "SCALE_AND_TRANSLATE", "SCALE_AND_TRANSLATE_GRAD"]
