"""Colour spaces and colour adjustments. Channels are the last dimension."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import dtypes
from headrace.core.dtypes import FLOATS
from headrace.core.errors import ShapeError
from headrace.core.op import OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw

HALF_OR_SINGLE = frozenset({dtypes.float16, dtypes.float32})


def _three_channels(c: ShapeContext) -> Raw:
    shape = c[0]
    if shape is not None and (not shape or shape[-1] not in (3, None)):
        raise ShapeError(f"input must have 3 channels as its last dimension, but has shape {list(shape)}")
    return shape if shape is None else (*shape[:-1], 3)


def _color_image(c: ShapeContext) -> Raw:
    shape = _three_channels(c)
    _scalar(c)
    if shape is not None and len(shape) < 3:
        raise ShapeError(f"images must be at least 3-D, but has shape {list(shape)}")
    return shape


def _scalar(c: ShapeContext) -> None:
    if c[1] not in ((), None):
        raise ShapeError(
            f"{c.op.signature.inputs[1].name} must be a scalar, but has shape {list(c[1] or ())}"
        )


def _channels(x: Any) -> list[Any]:
    return lookup("Unpack")(x, num=3, axis=-1)


def _joined(channels: Sequence[Any]) -> Any:
    return lookup("Pack")(list(channels), axis=-1)


def _hue(channels: Sequence[Any], high: Any, spread: Any) -> Any:
    """The angle on the colour wheel, as a fraction of a turn; 0 for greys."""
    r, g, b = channels
    select, equal = lookup("SelectV2"), lookup("Equal")
    colored = spread > 0
    part = lookup("RealDiv")(1 / 6, select(colored, spread, lookup("OnesLike")(spread)))
    hue = select(
        equal(r, high),
        part * (g - b),
        select(equal(g, high), part * (b - r) + 2 / 6, part * (r - g) + 4 / 6),
    )
    hue = select(hue < 0, hue + 1.0, hue)
    return select(colored, hue, lookup("ZerosLike")(hue))


def _wheel(hue: Any) -> list[Any]:
    """How much of red, green and blue is in a pure colour."""
    at = hue * 6.0
    away = lambda center: lookup("Abs")(at - center)
    clip = lambda x: lookup("Minimum")(lookup("Maximum")(x, 0.0), 1.0)
    return [clip(away(3.0) - 1.0), clip(2.0 - away(2.0)), clip(2.0 - away(4.0))]


def _extremes(channels: Sequence[Any]) -> tuple[Any, Any]:
    r, g, b = channels
    high, low = lookup("Maximum"), lookup("Minimum")
    return high(high(r, g), b), low(low(r, g), b)


def _to_hsv(images: Any) -> Any:
    r, g, b = _channels(images)
    high, low = _extremes((r, g, b))
    spread = high - low
    lit = high > 0
    select = lookup("SelectV2")
    saturation = select(lit, spread / select(lit, high, lookup("OnesLike")(high)), lookup("ZerosLike")(high))
    return _joined([_hue((r, g, b), high, spread), saturation, high])


def _to_rgb(images: Any) -> Any:
    hue, saturation, value = _channels(images)
    return _joined([(1.0 - saturation + saturation * c) * value for c in _wheel(hue)])


RGB_TO_HSV = OpDef(
    "RGBToHSV", "images: T -> output: T", types={"T": FLOATS}, shape=_three_channels, body=_to_hsv
)
HSV_TO_RGB = OpDef(
    "HSVToRGB", "images: T -> output: T", types={"T": FLOATS}, shape=_three_channels, body=_to_rgb
)


# ---------------------------------------------------------------------------------------------------------- adjustments
def _in_single(rule: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Computes in float32."""

    def body(images: Any, factor: Any) -> Any:
        cast = lookup("Cast")
        if images._dtype is dtypes.float32:
            return rule(images, factor)
        return cast(rule(cast(images, DstT=dtypes.float32), factor), DstT=images._dtype)

    return body


def _turned(images: Any, delta: Any) -> Any:
    """The wheel turned, the brightest and the darkest channel of a pixel staying as bright."""
    channels = _channels(images)
    high, low = _extremes(channels)
    spread = high - low
    hue = lookup("FloorMod")(_hue(channels, high, spread) + delta, 1.0)
    return _joined([low + spread * c for c in _wheel(hue)])


def _saturated(images: Any, scale: Any) -> Any:
    hue, saturation, value = _channels(_to_hsv(images))
    saturation = lookup("Minimum")(lookup("Maximum")(saturation * scale, 0.0), 1.0)
    return _to_rgb(_joined([hue, saturation, value]))


def _contrasted(images: Any, factor: Any) -> Any:
    mean = lookup("Mean")(images, [-3, -2], keep_dims=True)
    return (images - mean) * factor + mean


def _at_least_image(c: ShapeContext) -> Raw:
    shape = c[0]
    _scalar(c)
    if shape is not None and len(shape) < 3:
        raise ShapeError(f"images must be at least 3-D, but has shape {list(shape)}")
    return shape


ADJUST_HUE = OpDef(
    "AdjustHue",
    "images: T, delta: float32 -> output: T",
    types={"T": HALF_OR_SINGLE},
    shape=_color_image,
    body=_in_single(_turned),
)
ADJUST_SATURATION = OpDef(
    "AdjustSaturation",
    "images: T, scale: float32 -> output: T",
    types={"T": HALF_OR_SINGLE},
    shape=_color_image,
    body=_in_single(_saturated),
)
ADJUST_CONTRAST = OpDef(
    "AdjustContrastv2",
    "images: T, contrast_factor: float32 -> output: T",
    types={"T": HALF_OR_SINGLE},
    shape=_at_least_image,
    body=_in_single(_contrasted),
)

__all__ = ["ADJUST_CONTRAST", "ADJUST_HUE", "ADJUST_SATURATION", "HSV_TO_RGB", "RGB_TO_HSV"]
