"""Parts of images at places that data decides: `CropAndResize` with its gradients, and glimpses."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.errors import OutOfRangeError, ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .conv import shape_of
from .formula import HOST, Program, lift
from .image_lookup import Pixels, columns, per_channel, rounded
from .image_resize import checked_size, spatial

SINGLE = dtypes.float32
TYPES = frozenset(
    {dtypes.uint8, dtypes.uint16, dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64, dtypes.float16}
) | {SINGLE, dtypes.float64}  # fmt: skip
SMOOTH = frozenset({dtypes.float16, SINGLE, dtypes.float64})


# ------------------------------------------------------------------------------------------------------------ places
def _along(xp: Any, low: Any, high: Any, size: int, outputs: int) -> Any:
    """Where along one axis the outputs of each box are looked up, `[boxes, outputs]`."""
    last = np.float32(size - 1)
    boxes = low.shape[0]
    low, high = xp.reshape(low, (boxes, 1)), xp.reshape(high, (boxes, 1))
    if outputs == 1:
        return (low + high) * 0.5 * last
    at = xp.constant(np.arange(outputs, dtype=np.float32)[None], SINGLE)
    return low * last + at * ((high - low) * (last / np.float32(outputs - 1)))


def _places(xp: Any, boxes: Any, image: Any, size: Any) -> list[Any]:
    """Rows `[boxes, crop_height]` and columns `[boxes, crop_width]`."""
    y1, x1, y2, x2 = columns(xp, boxes)
    return [_along(xp, y1, y2, image[1], size[0]), _along(xp, x1, x2, image[2], size[1])]


def _inside(at: Any, size: int) -> Any:
    return (at >= 0.0) & (at <= float(size - 1))


def _neighbours(xp: Any, y: Any, x: Any, image: Any, which: Any) -> tuple[list[Any], Any, Any, Any]:
    """The four pixels around each place, the fractions between them, and whether it is inside of the image."""
    n, height, width = y.shape[0], y.shape[1], x.shape[1]
    shape = (n, height, width)
    channels = image.shape[3]
    good = xp.reshape(_inside(y, image.shape[1]), (n, height, 1)) & xp.reshape(
        _inside(x, image.shape[2]), (n, 1, width)
    )
    y = xp.broadcast(xp.reshape(y, (n, height, 1)), shape)
    x = xp.broadcast(xp.reshape(x, (n, 1, width)), shape)
    source = Pixels(xp, xp.convert(image, SINGLE), _which(xp, which, shape), xp.constant(0.0, SINGLE))
    y0, y1, x0, x1 = xp.floor(y), xp.ceil(y), xp.floor(x), xp.ceil(x)
    pixels = [source.at(r, c) for r in (y0, y1) for c in (x0, x1)]
    return pixels, per_channel(xp, y - y0, channels), per_channel(xp, x - x0, channels), good


def _which(xp: Any, which: Any, shape: tuple[int, ...]) -> Any:
    return xp.broadcast(xp.reshape(which, (shape[0], 1, 1)), shape)


# ----------------------------------------------------------------------------------------------------------- forward
def _cropped(xp: Any, image: Any, boxes: Any, which: Any, size: Any, method: str, outside: float) -> Any:
    y, x = _places(xp, boxes, image.shape, size)
    n, channels = boxes.shape[0], image.shape[3]
    if method == "nearest":
        shape = (n, size[0], size[1])
        source = Pixels(xp, xp.convert(image, SINGLE), _which(xp, which, shape), xp.constant(0.0, SINGLE))
        good = xp.reshape(_inside(y, image.shape[1]), (n, size[0], 1)) & xp.reshape(
            _inside(x, image.shape[2]), (n, 1, size[1])
        )
        rows = xp.broadcast(xp.reshape(rounded(xp, y), (n, size[0], 1)), shape)
        value = source.at(rows, xp.broadcast(xp.reshape(rounded(xp, x), (n, 1, size[1])), shape))
    else:
        (tl, tr, bl, br), down, across, good = _neighbours(xp, y, x, image, which)
        top, bottom = tl + (tr - tl) * across, bl + (br - bl) * across
        value = top + (bottom - top) * down
    return xp.where(per_channel(xp, good, channels), value, np.float32(outside))


def _check_boxes(c: ShapeContext, boxes: int, which: int) -> Raw:
    box, index = c.same_rank(boxes, 2), c.same_rank(which, 1)
    assert box is not None and index is not None
    if box[1] not in (4, None):
        raise ShapeError(f"boxes must have shape [boxes, 4], but has shape {list(box)}")
    if box[0] is not None and index[0] is not None and box[0] != index[0]:
        raise ShapeError(f"box_indices must have {box[0]} entries, one per box, but has {index[0]}")
    methods = ("bilinear", "nearest")
    if c.attrs["method"] not in methods:
        raise ShapeError(f"method must be one of {', '.join(methods)}, not {c.attrs['method']!r}")
    return (box[0] if index[0] is None else index[0],)


def _crop_shape(c: ShapeContext) -> Raw:
    image, size = c.same_rank(0, 4), c.partial(3) or (None, None)
    boxes = _check_boxes(c, 1, 2)
    if len(size) != 2:
        raise ShapeError(f"crop_size must be [height, width], but has {len(size)} entries")
    assert image is not None and boxes is not None
    return (*boxes, *size, image[3])


def _check_which(which: np.ndarray, count: int) -> None:
    if which.size and not (which.min() >= 0 and which.max() < count):
        raise OutOfRangeError(None, None, f"box_index has values outside [0, batch_size): [0, {count})")


def _crop_kernel(
    image: np.ndarray, boxes: np.ndarray, which: np.ndarray, size: np.ndarray, *, method: str, extrapolation_value: float
) -> np.ndarray:  # fmt: skip
    _check_which(which, image.shape[0])
    return _cropped(HOST, image, boxes, which, checked_size(size), method, extrapolation_value)


def _crop_lower(
    b: Builder,
    image: Value,
    boxes: Value,
    which: Value,
    size: Any,
    *,
    method: str,
    extrapolation_value: float,
) -> Value:
    b.check_indices(which, image.shape[0], "box_index")
    x, places, own = (lift(b, v) for v in (image, boxes, which))
    return _cropped(Program(b), x, places, own, checked_size(size), method, extrapolation_value).v


CROP_AND_RESIZE = OpDef(
    "CropAndResize",
    "image: T, boxes: float32, box_ind: int32, crop_size: int32 -> crops: float32",
    attrs={"method": "bilinear", "extrapolation_value": 0.0},
    types={"T": TYPES},
    static=["crop_size"],
    shape=_crop_shape,
    kernel=_crop_kernel,
    lower=_crop_lower,
)


# --------------------------------------------------------------------------------------------- gradient of the image
def _weights(xp: Any, at: Any, size: int, method: str) -> Any:
    """How much each of `size` pixels along an axis counts at each place, `[boxes, outputs, size]`."""
    n, outputs = at.shape
    place = xp.reshape(at, (n, outputs, 1))
    pixels = xp.constant(np.arange(size, dtype=np.float32)[None, None], SINGLE)
    if method == "nearest":
        weight = xp.where(rounded(xp, place) == pixels, xp.constant(1.0, SINGLE), 0.0)
    else:
        weight = xp.maximum(1.0 - xp.abs(place - pixels), 0.0)
    return xp.where(xp.reshape(_inside(at, size), (n, outputs, 1)), weight, 0.0)


def _image_matrices(xp: Any, boxes: Any, which: Any, g: Any, image: tuple[int, ...], method: str) -> Any:
    """`rows [batch, height, boxes, crop_height]` and `across [boxes, crop_width, width]`: the gradient of the image is
    `rows` times (the crops' gradients times `across`). Adding pixel by pixel would be a scatter, which is far slower.
    """
    batch, height, width, _ = image
    y, x = _places(xp, boxes, image, g.shape[1:3])
    n, outputs = y.shape
    numbers = xp.constant(np.arange(batch, dtype=np.int32)[:, None], dtypes.int32)
    own = xp.convert(xp.reshape(which, (1, n)) == numbers, SINGLE)
    rows = _weights(xp, y, height, method)
    if xp is HOST:
        return own[:, None, :, None] * rows.transpose(2, 0, 1)[None], _weights(xp, x, width, method)
    b = xp.b
    full = (batch, height, n, outputs)
    rows = b.mul(b.broadcast_in_dim(rows.v, full, (2, 3, 1)), b.broadcast_in_dim(own.v, full, (0, 2)))
    return rows, _weights(xp, x, width, method).v


def _image_kernel(
    g: np.ndarray, boxes: np.ndarray, which: np.ndarray, size: np.ndarray, *, T: Any, method: str
) -> np.ndarray:
    image = tuple([int(d) for d in size])
    _check_which(which, image[0])
    rows, across = _image_matrices(HOST, boxes, which, g, image, method)
    part = np.matmul(across.transpose(0, 2, 1)[:, None], g)  # [boxes, crop_height, width, channels]
    batch, height, width, channels = image
    return (rows.reshape(batch * height, -1) @ part.reshape(-1, width * channels)).reshape(image)


def _image_lower(
    b: Builder, g: Value, boxes: Value, which: Value, size: Any, *, T: Any, method: str
) -> Value:
    image = tuple([int(d) for d in size])
    b.check_indices(which, image[0], "box_index")
    rows, across = _image_matrices(Program(b), lift(b, boxes), lift(b, which), lift(b, g), image, method)
    part = b.dot_general(g, across, ((2,), (1,)), ((0,), (0,)))  # [boxes, crop_height, channels, width]
    out = b.dot_general(rows, part, ((2, 3), (0, 1)))
    return b.convert(b.transpose(out, (0, 1, 3, 2)), T)


def _image_shape(c: ShapeContext) -> Raw:
    c.same_rank(0, 4)
    _check_boxes(c, 1, 2)
    return c.partial(3) or (None,) * 4


CROP_GRAD_IMAGE = OpDef(
    "CropAndResizeGradImage",
    "grads: float32, boxes: float32, box_ind: int32, image_size: int32 -> output: T",
    attrs={"T": SINGLE, "method": "bilinear"},
    types={"T": SMOOTH},
    static=["image_size"],
    shape=_image_shape,
    kernel=_image_kernel,
    lower=_image_lower,
)


# -------------------------------------------------------------------------------------------- gradient of the boxes
def _box_slopes(xp: Any, g: Any, image: Any, boxes: Any, which: Any) -> Any:
    """How the sum of `g * crops` changes with each box's `y1, x1, y2, x2`: four vectors."""
    size = g.shape[1:3]
    y, x = _places(xp, boxes, image.shape, size)
    (tl, tr, bl, br), down, across, good = _neighbours(xp, y, x, image, which)
    inside = xp.where(per_channel(xp, good, image.shape[3]), g, 0.0)
    slopes = []
    for slope, length, outputs, axis in (
        ((1.0 - across) * (bl - tl) + across * (br - tr), image.shape[1], size[0], 1),
        ((1.0 - down) * (tr - tl) + down * (br - bl), image.shape[2], size[1], 2),
    ):
        total = _sum(xp, slope * inside, axis) * np.float32(length - 1)  # [boxes, outputs]
        far = np.full(1, 0.5, np.float32) if outputs == 1 else np.linspace(0, 1, outputs, dtype=np.float32)
        share = xp.constant(far[None], SINGLE)
        slopes.append((_last_sum(xp, total * (1.0 - share)), _last_sum(xp, total * share)))
    (y1, y2), (x1, x2) = slopes
    return xp.interleave([y1, x1, y2, x2])


def _sum(xp: Any, x: Any, keep: int) -> Any:
    """Over pixels and channels, but for axis `keep` and the boxes."""
    axes = tuple([i for i in (1, 2, 3) if i != keep])
    return x.sum(axes) if xp is HOST else lift(xp.b, xp.b.reduce(x.v, axes, "add", 0))


def _last_sum(xp: Any, x: Any) -> Any:
    return x.sum(1) if xp is HOST else lift(xp.b, xp.b.reduce(x.v, (1,), "add", 0))


def _boxes_kernel(
    g: np.ndarray, image: np.ndarray, boxes: np.ndarray, which: np.ndarray, *, method: str
) -> np.ndarray:
    _check_which(which, image.shape[0])
    return _box_slopes(HOST, g, image, boxes, which)


def _boxes_lower(b: Builder, g: Value, image: Value, boxes: Value, which: Value, *, method: str) -> Value:
    b.check_indices(which, image.shape[0], "box_index")
    return _box_slopes(Program(b), *[lift(b, v) for v in (g, image, boxes, which)]).v


def _boxes_shape(c: ShapeContext) -> Raw:
    c.same_rank(0, 4)
    c.same_rank(1, 4)
    boxes = _check_boxes(c, 2, 3)
    assert boxes is not None
    return (*boxes, 4)


CROP_GRAD_BOXES = OpDef(
    "CropAndResizeGradBoxes",
    "grads: float32, image: T, boxes: float32, box_ind: int32 -> output: float32",
    attrs={"method": "bilinear"},
    types={"T": TYPES},
    shape=_boxes_shape,
    kernel=_boxes_kernel,
    lower=_boxes_lower,
)


@CROP_AND_RESIZE.gradient
def _(op: Any, g: Any) -> list[Any]:
    """The boxes' gradient is that of bilinear sampling for either method, as in TensorFlow."""
    image, boxes, which, _ = op.inputs
    by_image = None
    if image._dtype in SMOOTH:
        method = op.attrs["method"]
        by_image = CROP_GRAD_IMAGE(g, boxes, which, shape_of(image), T=image._dtype, method=method)
    return [by_image, CROP_GRAD_BOXES(g, image, boxes, which), None, None]


@CROP_GRAD_IMAGE.gradient
def _(op: Any, g: Any) -> list[Any]:
    """Linear in the crops' gradients; how it depends on the boxes is not defined, as in TensorFlow."""
    grads, boxes, which, _ = op.inputs
    crops = CROP_AND_RESIZE(g, boxes, which, spatial(grads), method=op.attrs["method"])
    return [crops, None, None, None]


# ----------------------------------------------------------------------------------------------------------- glimpses
def _corner(offsets: Any, image: Any, size: Any, a: Any, first_version: bool) -> Any:
    """The upper left corner of every window, `[batch, 2]` whole numbers as floats. `a`: the op's attributes."""
    extent, window = (np.asarray(v, np.float32) for v in (image, size))
    at = offsets
    if a["normalized"]:
        at = at * extent
    if first_version or a["normalized"]:
        if a["centered"]:
            at = at / np.float32(2) + extent / 2
        if first_version or a["centered"]:
            at = at - window / 2
    elif a["centered"]:
        at = at + extent / 2
    return at


def _glimpse_noise(a: Any, first_version: bool) -> str:
    if first_version and a["noise"] == "uniform":
        return "uniform" if a["uniform_noise"] else "gaussian"
    if a["noise"] not in ("uniform", "gaussian", "zero"):
        raise invalid(f"noise should be 'uniform', 'gaussian' or 'zero', received {a['noise']!r}")
    if a["noise"] == "zero" and a["uniform_noise"]:
        raise invalid("noise is 'zero', so uniform_noise must be False")
    return a["noise"]


def _glimpse(xp: Any, image: Any, size: Any, offsets: Any, a: Any, first_version: bool) -> tuple[Any, Any]:
    """The windows with zeros outside of the image, and whether each pixel is inside."""
    n, height, width, channels = image.shape
    y, x = columns(xp, offsets)
    corners = []
    for at, extent, window in ((y, height, size[0]), (x, width, size[1])):
        at = _corner(at, extent, window, a, first_version)
        corners.append(xp.where(at < 0, xp.ceil(at), xp.floor(at)))
    shape = (n, *size)
    steps = [
        xp.constant(np.arange(d, dtype=np.float32).reshape(s), SINGLE)
        for d, s in zip(size, ((1, -1, 1), (1, 1, -1)))
    ]
    y, x = (xp.broadcast(xp.reshape(at, (n, 1, 1)) + step, shape) for at, step in zip(corners, steps))
    which = np.broadcast_to(np.arange(n, dtype=np.int32)[:, None, None], shape)
    source = Pixels(
        xp, image, xp.constant(np.ascontiguousarray(which), dtypes.int32), xp.constant(0.0, SINGLE)
    )
    inside = (y >= 0.0) & (y < float(height)) & (x >= 0.0) & (x < float(width))
    return source.at(y, x), per_channel(xp, inside, channels)


def _glimpse_row(name: str, first_version: bool) -> OpDef:
    def kernel(image: np.ndarray, size: np.ndarray, offsets: np.ndarray, **a: Any) -> np.ndarray:
        noise = _glimpse_noise(a, first_version)
        out, inside = _glimpse(HOST, image, checked_size(size), offsets, a, first_version)
        if noise == "zero" or inside.all():
            return out
        rng = np.random.default_rng()
        if noise == "uniform":
            drawn = rng.uniform(image.min(), image.max(), out.shape)
        else:
            axes = (1, 2)
            drawn = rng.normal(image.mean(axes, keepdims=True), image.std(axes, keepdims=True), out.shape)
        return np.where(inside, out, drawn.astype(np.float32))

    def lower(b: Any, image: Value, size: Any, offsets: Value, **a: Any) -> Value:
        if _glimpse_noise(a, first_version) != "zero":
            raise b.cannot("noise is drawn on the host")
        inputs = lift(b, image), checked_size(size), lift(b, offsets)
        return _glimpse(Program(b), *inputs, a, first_version)[0].v

    def shape(c: ShapeContext) -> Raw:
        image, offsets, size = c.same_rank(0, 4), c.same_rank(2, 2), c.partial(1) or (None, None)
        assert image is not None and offsets is not None
        if offsets[1] not in (2, None) or (None not in (image[0], offsets[0]) and image[0] != offsets[0]):
            raise ShapeError(f"offsets must have shape [batch, 2], but has shape {list(offsets)}")
        return (image[0], *size, image[3])

    return OpDef(
        name,
        "input: float32, size: int32, offsets: float32 -> glimpse: float32",
        attrs={"centered": True, "normalized": True, "uniform_noise": True, "noise": "uniform"},
        static=["size"],
        shape=shape,
        kernel=kernel,
        lower=lower,
        grad=not_differentiable,
    )


EXTRACT_GLIMPSE = _glimpse_row("ExtractGlimpse", True)
EXTRACT_GLIMPSE_V2 = _glimpse_row("ExtractGlimpseV2", False)

__all__ = [
    "CROP_AND_RESIZE",
    "CROP_GRAD_BOXES",
    "CROP_GRAD_IMAGE",
    "EXTRACT_GLIMPSE",
    "EXTRACT_GLIMPSE_V2",
]
