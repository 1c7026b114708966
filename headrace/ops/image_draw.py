"""Boxes drawn onto images, and random boxes to train on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from . import philox
from .counters import COUNTERS
from .formula import HOST, Lifted, Program, lift

F = np.float32
# Colours are taken in turn: red, green, blue, opacity.
COLORS = np.array(
    [
        [1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0.5, 0, 0.5, 1],
        [0.5, 0.5, 0, 1], [0.5, 0, 0, 1], [0, 0, 0.5, 1], [0, 1, 1, 1], [1, 0, 1, 1],
    ],
    F,
)  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- drawing
def _edges(xp: Any, box: Any, height: int, width: int, rows: Any, across: Any) -> Any:
    """Which pixels are on the outline of a box. `box`: four numbers that broadcast against the pixels' coordinates."""
    y1, x1, y2, x2 = box
    top, bottom = xp.floor(y1 * float(height - 1)), xp.floor(y2 * float(height - 1))
    left, right = xp.floor(x1 * float(width - 1)), xp.floor(x2 * float(width - 1))
    seen = (top <= bottom) & (left <= right)
    seen = seen & (bottom >= 0.0) & (top < float(height)) & (right >= 0.0) & (left < float(width))
    inside = (rows >= top) & (rows <= bottom) & (across >= left) & (across <= right)
    outline = (rows == top) | (rows == bottom) | (across == left) | (across == right)
    return seen & inside & outline


def _palette(colors: np.ndarray | None, channels: int) -> np.ndarray:
    """`[colours, channels]`; a single channel is drawn white where no colours are given."""
    if colors is None or not len(colors):
        colors = np.ones((1, 1), F) if channels == 1 else COLORS
    if colors.shape[1] < channels:
        raise invalid(f"colors must have {channels} columns, one per channel, received {colors.shape[1]}")
    return colors[:, :channels]


def _draw_kernel(images: np.ndarray, boxes: np.ndarray, colors: np.ndarray | None = None) -> np.ndarray:
    out = images.copy()
    _, height, width, channels = images.shape
    palette = _palette(colors, channels).astype(images.dtype)
    rows, across = np.arange(height, dtype=F)[:, None], np.arange(width, dtype=F)[None]
    for image, own in zip(out, boxes):
        for i, box in enumerate(own):
            image[_edges(HOST, box, height, width, rows, across)] = palette[i % len(palette)]
    return out


def _draw_lower(b: Builder, images: Value, boxes: Value, colors: Any = None) -> Value:
    xp = Program(b)
    batch, height, width, channels = images.shape
    count = boxes.shape[1]
    if 0 in images.shape or count == 0:
        return images
    if isinstance(colors, Value) and colors.shape[0]:
        if colors.shape[1] < channels:
            _palette(np.zeros(colors.shape, F), channels)
        palette = b.slice(colors, (0, 0), (colors.shape[0], channels))
    else:
        palette = b.constant(_palette(None, channels))
    palette = b.convert(palette, images.dtype)
    number = palette.shape[0]
    shape = (batch, height, width)
    zero = b.constant(0, dtypes.int32)
    rows, across = (lift(b, b.iota(shape, axis, dtypes.float32)) for axis in (1, 2))

    def body(i: Value, image: Value) -> list[Value]:
        box = b.dynamic_slice(boxes, [zero, i, zero], (batch, 1, 4))
        sides = []
        for k in range(4):
            side = b.reshape(b.slice(box, (0, 0, k), (batch, 1, k + 1)), (batch,))
            sides.append(Lifted(b, b.broadcast_in_dim(side, shape, (0,))))
        at = b.binary("remainder", i, b.constant(number, dtypes.int32))
        color = b.reshape(b.dynamic_slice(palette, [at, zero], (1, channels)), (channels,))
        drawn = b.broadcast_in_dim(color, images.shape, (3,))
        edges = _edges(xp, sides, height, width, rows, across)
        mask = b.broadcast_in_dim(edges.v, images.shape, (0, 1, 2))
        return [b.add(i, b.constant(1, dtypes.int32)), b.select(mask, drawn, image)]

    return b.while_loop(
        [zero, images], lambda i, _: b.compare("LT", i, b.constant(count, dtypes.int32)), body
    )[1]


def _draw_shape(c: ShapeContext) -> Raw:
    images, boxes = c.same_rank(0, 4), c.same_rank(1, 3)
    assert images is not None and boxes is not None
    if images[3] not in (1, 3, 4, None):
        raise ShapeError(f"images must have 1, 3 or 4 channels, but have {images[3]}")
    if boxes[2] not in (4, None) or (None not in (images[0], boxes[0]) and images[0] != boxes[0]):
        raise ShapeError(f"boxes must have shape [batch, boxes, 4], but has shape {list(boxes)}")
    if len(c) > 2:
        c.same_rank(2, 2)
    return images


def _draw_row(name: str, colors: str) -> OpDef:
    return OpDef(
        name,
        f"images: T, boxes: float32{colors} -> output: T",
        types={"T": frozenset({dtypes.float16, dtypes.float32})},
        shape=_draw_shape,
        kernel=_draw_kernel,
        lower=_draw_lower,
        grad=not_differentiable,
    )


DRAW_BOUNDING_BOXES = _draw_row("DrawBoundingBoxes", "")
DRAW_BOUNDING_BOXES_V2 = _draw_row("DrawBoundingBoxesV2", ", colors: float32")


# ------------------------------------------------------------------------------------------------------------- sampling
class _Words:
    """A stream of 32-bit random words, and numbers made of them."""

    def __init__(self, state: philox.State) -> None:
        self._words = self._stream(state)

    def _stream(self, state: philox.State) -> Iterator[int]:
        key, low, high = (int(part) for part in state)
        at, mask = (high << 64) + low, philox.MASK
        while True:
            words = at & mask, (at >> 32) & mask, (at >> 64) & mask, (at >> 96) & mask
            yield from philox.rounds(*words, key & mask, key >> 32)
            at += 1

    def fraction(self) -> np.float32:
        """In [0, 1)."""
        return F(next(self._words) & 0x7FFFFF) * F(2.0**-23)

    def below(self, n: int) -> int:
        """In [0, n), every number as likely."""
        if n & (n - 1) == 0:
            return next(self._words) & (n - 1)
        surplus = philox.MASK % n + 1
        while (word := next(self._words)) < surplus:
            pass
        return word % n


def _nearest(x: Any) -> int:
    """To the nearest integer, halves to even."""
    return int(np.rint(x))


def _random_rectangle(
    words: _Words, width: int, height: int, areas: Any, aspect: np.float32
) -> tuple[int, int, int, int] | None:
    """A random part (y, x, height, width) of that aspect, of an area between two parts of the whole; None where
    there is none."""
    least, most = (F(part) * F(width) * F(height) for part in areas)
    h = _nearest(np.sqrt(F(least / aspect)))
    tallest = _nearest(np.sqrt(F(most / aspect)))
    if _nearest(F(tallest) * aspect) > width:
        tallest = int((F(width) + F(0.5) - F(1e-7)) / aspect)
        if _nearest(F(tallest) * aspect) > width:
            tallest -= 1
    tallest = min(tallest, height)
    h = min(h, tallest)
    if h < tallest:
        h += words.below(tallest - h + 1)
    w = _nearest(F(h) * aspect)
    for wrong, step in ((lambda area: area < least, 1), (lambda area: area > most, -1)):
        if wrong(F(w * h)):  # rounding may have gone just beyond a limit
            h += step
            w = _nearest(F(h) * aspect)
    if not least <= F(w * h) <= most or not 0 < w <= width or not 0 < h <= height:
        return None
    y = words.below(height - h) if h < height else 0
    x = words.below(width - w) if w < width else 0
    return y, x, h, w


def _covers(part: tuple[int, int, int, int], boxes: Any, least: float) -> bool:
    """Whether enough of some box is inside of the part."""
    y, x, h, w = part
    if h * w < 1:
        return False
    for top, left, bottom, right in boxes:
        area = (right - left) * (bottom - top)
        if area < 1:
            continue
        shared = max(min(y + h, bottom) - max(y, top), 0) * max(min(x + w, right) - max(x, left), 0)
        if F(shared) / F(area) >= F(least):
            return True
    return False


def _sampled(
    words: _Words, image_size: np.ndarray, boxes: np.ndarray, least: float, *, aspect_ratio_range: Any,
    area_range: Any, max_attempts: int, use_image_if_no_bounding_boxes: bool,
) -> list[np.ndarray]:  # fmt: skip
    height, width = int(image_size[0]), int(image_size[1])
    if height <= 0 or width <= 0:
        raise invalid(f"Image height and width must be positive, got {height}, {width}")
    given = boxes.reshape(-1, 4)
    if ((given < 0) | (given > 1)).any() or np.isnan(given).any():
        raise invalid(f"All bounding box coordinates must be in [0.0, 1.0], received {given.tolist()}")
    if not len(given) and not use_image_if_no_bounding_boxes:
        raise invalid("No bounding boxes provided as input. One must enable use_image_if_no_bounding_boxes if you wish to not "
            "provide any bounding boxes.")  # fmt: skip
    whole = (0, 0, height, width)
    scale = np.array([height, width, height, width], F)
    objects = (given.astype(F) * scale).astype(np.int64).tolist() if len(given) else [list(whole)]
    low, high = (F(v) for v in aspect_ratio_range)
    part = whole
    for _ in range(max_attempts):
        aspect = F(words.fraction() * F(high - low) + low)
        drawn = _random_rectangle(words, width, height, area_range, aspect)
        if drawn is not None and _covers(drawn, objects, least):
            part = drawn
            break
    y, x, h, w = part
    box = np.array([y, x, y + h, x + w], F) / scale
    return [np.array([y, x, 0]), np.array([h, w, -1]), box.reshape(1, 1, 4)]


def _sample_shape(c: ShapeContext) -> list[Raw]:
    a = c.attrs
    boxes = c.same_rank(1, 3)
    assert boxes is not None
    c.same_rank(0, 1)
    if boxes[2] not in (4, None):
        raise ShapeError(f"bounding_boxes must have shape [batch, boxes, 4], but has shape {list(boxes)}")
    for name in ("aspect_ratio_range", "area_range"):
        low, high = a[name]
        if not 0 < low <= high:
            raise ShapeError(f"{name} must be positive and increasing, received {[low, high]}")
    if a["max_attempts"] <= 0:
        raise ShapeError(f"max_attempts must be positive, received {a['max_attempts']}")
    return [(3,), (3,), (1, 1, 4)]


def _stateful(key: str) -> Any:
    def kernel(
        image_size: np.ndarray, boxes: np.ndarray, least: Any = None, *, seed: int, seed2: int, **a: Any
    ) -> list[np.ndarray]:
        least = float(a.pop("min_object_covered") if least is None else least)
        identity = (key, seed, seed2, least, *[str(v) for v in a.values()], image_size.dtype)
        state = COUNTERS.eager(identity, seed, seed2, a["max_attempts"])
        return _sampled(_Words(tuple(state)), image_size, boxes, least, **a)

    return kernel


def _stateless(image_size: np.ndarray, boxes: np.ndarray, least: Any, seed: np.ndarray, **a: Any) -> Any:
    words = _Words(philox.scramble(HOST, *[np.asarray(s).astype(np.uint64) for s in seed]))
    return _sampled(words, image_size, boxes, float(least), **a)


_RANGES: dict[str, Any] = {
    "aspect_ratio_range": [0.75, 1.33],
    "area_range": [0.05, 1.0],
    "max_attempts": 100,
    "use_image_if_no_bounding_boxes": False,
}


def _sample_row(name: str, inputs: str, attrs: dict[str, Any], kernel: Any, stateful: bool) -> OpDef:
    return OpDef(
        name,
        f"image_size: T, bounding_boxes: float32{inputs} -> begin: T, size: T, bboxes: float32",
        attrs={**attrs, **_RANGES},
        types={
            "T": frozenset({dtypes.uint8, dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64}),
            "Tseed": dtypes.INDEX,
        },
        defaults={"T": dtypes.int32},
        shape=_sample_shape,
        kernel=kernel,
        host=True,
        stateful=stateful,
        grad=not_differentiable,
    )


_SEEDS = {"seed": 0, "seed2": 0}
_sample_row(
    "SampleDistortedBoundingBox",
    "",
    _SEEDS | {"min_object_covered": 0.1},
    _stateful("SampleDistortedBoundingBox"),
    True,
)
SAMPLE_DISTORTED_BOUNDING_BOX_V2 = _sample_row(
    "SampleDistortedBoundingBoxV2",
    ", min_object_covered: float32",
    _SEEDS,
    _stateful("SampleDistortedBoundingBoxV2"),
    True,
)
STATELESS_SAMPLE_DISTORTED_BOUNDING_BOX = _sample_row(
    "StatelessSampleDistortedBoundingBox", ", min_object_covered: float32, seed: Tseed", {}, _stateless, False
)
