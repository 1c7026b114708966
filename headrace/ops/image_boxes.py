"""Choosing among overlapping boxes: non-maximum suppression.

Boxes are `y1, x1, y2, x2`, either corner first. The best box is kept and suppresses those that overlap it too much, then
the best of the remaining ones, and so on. With a positive `soft_nms_sigma` overlapping boxes lose some of their score
instead (Bodla et al., "Soft-NMS", ICCV 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .formula import HOST, Lifted, Program, lift

F = np.float32
LOWEST = float(np.finfo(F).min)
TYPES = frozenset({dtypes.float16, dtypes.float32})


# ------------------------------------------------------------------------------------------------------------ overlap
def overlaps(xp: Any, box: Any, boxes: Any) -> Any:
    """Intersection over union of one box with others; 0 for empty ones. Both are four columns."""
    y1, x1, y2, x2 = boxes
    b1, a1, b2, a2 = box
    low, high = xp.minimum, xp.maximum
    top, bottom, left, right = low(y1, y2), high(y1, y2), low(x1, x2), high(x1, x2)
    own_top, own_bottom, own_left, own_right = low(b1, b2), high(b1, b2), low(a1, a2), high(a1, a2)
    area = (bottom - top) * (right - left)
    own = (own_bottom - own_top) * (own_right - own_left)
    height = high(low(bottom, own_bottom) - high(top, own_top), 0.0)
    width = high(low(right, own_right) - high(left, own_left), 0.0)
    shared = height * width
    some = (area > 0.0) & (own > 0.0)
    union = area + own - shared
    return xp.where(some, shared / xp.where(some, union, union * 0.0 + 1.0), 0.0)


# --------------------------------------------------------------------------------------------------------------- host
def select(
    scores: np.ndarray, similar: Any, most: int, threshold: float, least: float, sigma: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The chosen boxes, best first, and their scores. `similar(i)`: how similar box i is to all."""
    current = np.where(scores > least, scores.astype(F), -np.inf).astype(F)
    chosen: list[int] = []
    final: list[float] = []
    alive = scores > least
    while len(chosen) < most and alive.any():
        best = int(np.argmax(np.where(alive, current, -np.inf)))
        if not alive[best]:  # all that is left has the score -inf
            best = int(np.flatnonzero(alive)[0])
        chosen.append(best)
        final.append(current[best])
        alive[best] = False
        similarity = similar(best)
        if sigma > 0:
            current = current * np.exp(F(-0.5) / F(sigma) * similarity * similarity).astype(F)
            alive &= current > least
        else:
            alive &= ~(similarity > threshold)
    return np.array(chosen, np.int32), np.array(final, F)


def by_overlap(boxes: np.ndarray) -> Any:
    columns = boxes.astype(F).T
    return lambda i: overlaps(HOST, columns[:, i], columns)


def _checked(most: Any, threshold: Any) -> tuple[int, float]:
    limit, value = int(most), float(threshold)
    if limit < 0:
        raise invalid(f"max_output_size must be non-negative, received {limit}")
    if not 0 <= value <= 1:
        raise invalid(f"iou_threshold must be in [0, 1], received {value}")
    return limit, value


def _padded(x: np.ndarray, size: int) -> np.ndarray:
    return np.pad(x, (0, size - len(x)))


# ------------------------------------------------------------------------------------------------------------- program
def _lowered(
    b: Builder, boxes: Value, scores: Value, most: int, threshold: Value, least: Value, sigma: Value | None
) -> tuple[Value, Value, Value]:
    """`most` rounds, each choosing the best box left: indices and scores padded with zeros, and how many there are."""
    xp, n, single = Program(b), boxes.shape[0], dtypes.float32
    if n == 0 or most == 0:
        return b.zeros((most,), dtypes.int32), b.zeros((most,), single), b.constant(0, dtypes.int32)
    boxes = b.convert(boxes, single)
    columns = [lift(b, b.reshape(b.slice(boxes, (0, k), (n, k + 1)), (n,))) for k in range(4)]
    numbers = b.iota((n,), 0, dtypes.int32)
    limit, lowest = lift(b, b.convert(threshold, single)), lift(b, b.convert(least, single))
    none = lift(b, b.constant(-np.inf, single))

    def more(count: Value, left: Value, *rest: Value) -> Value:
        some = b.reduce(left, (0,), "or", False)
        return b.binary("and", b.compare("LT", count, b.constant(most, dtypes.int32)), some)

    def better(s: Value, i: Value, t: Value, j: Value) -> list[Value]:
        wins = b.binary(
            "or", b.compare("GT", s, t), b.binary("and", b.compare("EQ", s, t), b.compare("LE", i, j))
        )
        return [b.select(wins, s, t), b.select(wins, i, j)]

    def body(count: Value, left: Value, current: Value, chosen: Value, final: Value) -> list[Value]:
        alive, now = lift(b, left), lift(b, current)
        # Those that are out come after all others, even after scores of -inf.
        order = b.select(left, numbers, b.full((n,), n, dtypes.int32))
        ranked = xp.where(alive, now, none).v
        inits = [b.constant(-np.inf, single), b.constant(n, dtypes.int32)]
        score, best = b.reduce_many([ranked, order], inits, (0,), better)
        pick = lambda c: lift(b, b.reshape(b.dynamic_slice(c.v, [best], (1,)), ()))
        box = [Lifted(b, b.broadcast_to(pick(c).v, (n,))) for c in columns]
        similar = overlaps(xp, box, columns)
        if sigma is None:
            keep = ~(similar > _wide(limit, n))
        else:
            soft = lift(b, b.broadcast_to(b.convert(sigma, single), (n,)))
            positive = soft > 0.0
            weight = xp.exp(similar * similar * -0.5 / xp.where(positive, soft, soft * 0.0 + 1.0))
            now = xp.where(positive, now * weight, now)
            keep = (positive & (now > _wide(lowest, n))) | (~positive & ~(similar > _wide(limit, n)))
        keep = keep & lift(b, b.compare("NE", numbers, best))
        at = b.broadcast_to(count, (most,))
        here = b.compare("EQ", b.iota((most,), 0, dtypes.int32), at)
        return [
            b.add(count, b.constant(1, dtypes.int32)),
            (alive & keep).v,
            now.v,
            b.select(here, b.broadcast_to(best, (most,)), chosen),
            b.select(here, b.broadcast_to(score, (most,)), final),
        ]

    wide = lift(b, b.convert(scores, single))
    start = [
        b.constant(0, dtypes.int32),
        (wide > _wide(lowest, n)).v,
        wide.v,
        b.zeros((most,), dtypes.int32),
        b.zeros((most,), single),
    ]
    count, _, _, chosen, final = b.while_loop(start, more, body)
    return chosen, final, count


def _wide(x: Any, n: int) -> Any:
    return Lifted(x.b, x.b.broadcast_to(x.v, (n,)))


# ---------------------------------------------------------------------------------------------------------------- rows
def _inputs(c: ShapeContext) -> None:
    boxes, scores = c.same_rank(0, 2), c.same_rank(1, 1)
    assert boxes is not None and scores is not None
    width = 4 if c.op.name != "NonMaxSuppressionWithOverlaps" else boxes[0]
    if boxes[1] is not None and width is not None and boxes[1] != width:
        raise ShapeError(f"boxes must have {width} columns, but has shape {list(boxes)}")
    if boxes[0] is not None and scores[0] is not None and boxes[0] != scores[0]:
        raise ShapeError(f"scores must have {boxes[0]} entries, one per box, but has {scores[0]}")
    for i in range(2, len(c)):
        if c[i] not in ((), None):
            name = c.op.signature.inputs[i].name
            raise ShapeError(f"{name} must be a scalar, but has shape {list(c[i] or ())}")


def _count(c: ShapeContext) -> int | None:
    if not c.attrs.get("pad_to_max_output_size"):
        return None
    value = c.value(2)
    return None if value is None else int(value)


def _one_output(c: ShapeContext) -> Raw:
    _inputs(c)
    return (None,)


def _simple(name: str, extra: str, attrs: dict[str, Any], types: bool) -> OpDef:
    """A version whose only output are the indices."""

    def kernel(
        boxes: np.ndarray, scores: np.ndarray, most: Any, threshold: Any = None, least: Any = LOWEST, **a: Any
    ) -> np.ndarray:
        limit, value = _checked(most, a["iou_threshold"] if threshold is None else threshold)
        return select(scores, by_overlap(boxes), limit, value, float(least))[0]

    kind = "T" if types else "float32"
    return OpDef(
        name,
        f"boxes: {kind}, scores: {kind}, max_output_size: int32{extra} -> selected_indices: int32",
        attrs=attrs,
        types={"T": TYPES, "T_threshold": TYPES} if types else {},
        shape=_one_output,
        kernel=kernel,
        host=True,
        grad=not_differentiable,
    )


_simple("NonMaxSuppression", "", {"iou_threshold": 0.5}, False)
_simple("NonMaxSuppressionV2", ", iou_threshold: T_threshold", {}, True)
NON_MAX_SUPPRESSION_V3 = _simple(
    "NonMaxSuppressionV3", ", iou_threshold: T_threshold, score_threshold: T_threshold", {}, True
)


def _v4_kernel(
    boxes: Any, scores: Any, most: Any, threshold: Any, least: Any, *, pad_to_max_output_size: bool
) -> list[np.ndarray]:
    limit, value = _checked(most, threshold)
    chosen, _ = select(scores, by_overlap(boxes), limit, value, float(least))
    count: Any = np.int32(len(chosen))
    return [_padded(chosen, limit) if pad_to_max_output_size else chosen, count]


def _v4_lower(
    b: Any,
    boxes: Value,
    scores: Value,
    most: Any,
    threshold: Value,
    least: Value,
    *,
    pad_to_max_output_size: bool,
) -> list[Value]:
    if not pad_to_max_output_size:
        raise b.cannot("the number of boxes it selects depends on data")
    chosen, _, count = _lowered(b, boxes, scores, int(most), threshold, least, None)
    return [chosen, count]


def _v4_shape(c: ShapeContext) -> list[Raw]:
    _inputs(c)
    return [(_count(c),), ()]


NON_MAX_SUPPRESSION_V4 = OpDef(
    "NonMaxSuppressionV4",
    "boxes: T, scores: T, max_output_size: int32, iou_threshold: T_threshold, score_threshold: T_threshold"
    " -> selected_indices: int32, valid_outputs: int32",
    attrs={"pad_to_max_output_size": False},
    types={"T": TYPES, "T_threshold": TYPES},
    static=["max_output_size"],
    shape=_v4_shape,
    kernel=_v4_kernel,
    lower=_v4_lower,
    grad=not_differentiable,
)


def _v5_kernel(
    boxes: Any,
    scores: Any,
    most: Any,
    threshold: Any,
    least: Any,
    sigma: Any,
    *,
    pad_to_max_output_size: bool,
) -> list[np.ndarray]:
    limit, value = _checked(most, threshold)
    if float(sigma) < 0:
        raise invalid(f"soft_nms_sigma must be non-negative, received {float(sigma)}")
    chosen, final = select(scores, by_overlap(boxes), limit, value, float(least), float(sigma))
    count: Any = np.int32(len(chosen))
    if pad_to_max_output_size:
        chosen, final = _padded(chosen, limit), _padded(final, limit)
    return [chosen, final, count]


def _v5_lower(
    b: Any, boxes: Value, scores: Value, most: Any, threshold: Value, least: Value, sigma: Value, *,
    pad_to_max_output_size: bool,
) -> list[Value]:  # fmt: skip
    if not pad_to_max_output_size:
        raise b.cannot("the number of boxes it selects depends on data")
    chosen, final, count = _lowered(b, boxes, scores, int(most), threshold, least, sigma)
    return [chosen, b.convert(final, scores.dtype), count]


def _v5_shape(c: ShapeContext) -> list[Raw]:
    _inputs(c)
    return [(_count(c),), (_count(c),), ()]


NON_MAX_SUPPRESSION_V5 = OpDef(
    "NonMaxSuppressionV5",
    "boxes: T, scores: T, max_output_size: int32, iou_threshold: T, score_threshold: T, soft_nms_sigma: T"
    " -> selected_indices: int32, selected_scores: T, valid_outputs: int32",
    attrs={"pad_to_max_output_size": False},
    types={"T": TYPES},
    static=["max_output_size"],
    shape=_v5_shape,
    kernel=_v5_kernel,
    lower=_v5_lower,
    grad=not_differentiable,
)


def _overlaps_kernel(
    table: np.ndarray, scores: np.ndarray, most: Any, threshold: Any, least: Any
) -> np.ndarray:
    limit = int(most)
    if limit < 0:
        raise invalid(f"max_output_size must be non-negative, received {limit}")
    # A box is suppressed by its own row's entry for the box chosen before.
    return select(scores, lambda i: table[:, i], limit, float(threshold), float(least))[0]


NON_MAX_SUPPRESSION_WITH_OVERLAPS = OpDef(
    "NonMaxSuppressionWithOverlaps",
    "overlaps: float32, scores: float32, max_output_size: int32, overlap_threshold: float32,"
    " score_threshold: float32 -> selected_indices: int32",
    shape=_one_output,
    kernel=_overlaps_kernel,
    host=True,
    grad=not_differentiable,
)


# ------------------------------------------------------------------------------------------------------- many classes
def _combined_kernel(
    boxes: np.ndarray, scores: np.ndarray, per_class: Any, total: Any, threshold: Any, least: Any,
    *, pad_per_class: bool, clip_boxes: bool,
) -> list[np.ndarray]:  # fmt: skip
    limit, value = _checked(per_class, threshold)
    if limit <= 0 or int(total) <= 0:
        raise invalid(
            f"max_size_per_class and max_total_size must be positive, received {limit} and {int(total)}"
        )
    batch, _, groups, _ = boxes.shape
    classes = scores.shape[2]
    size = min(int(total), limit * classes) if pad_per_class else int(total)
    found = [np.zeros((batch, size, 4), F), np.zeros((batch, size), F), np.zeros((batch, size), F)]
    counts = np.zeros(batch, np.int32)
    for i in range(batch):
        kept: list[tuple[Any, ...]] = []
        for k in range(classes):
            own = boxes[i, :, k if groups > 1 else 0]
            chosen, best = select(scores[i, :, k], by_overlap(own), limit, value, float(least))
            kept += [(s, k, own[j]) for j, s in zip(chosen, best)]
        kept.sort(key=lambda entry: -entry[0])
        counts[i] = min(len(kept), size)
        for row, (score, k, box) in enumerate(kept[:size]):
            found[0][i, row] = np.clip(box, 0, 1) if clip_boxes else box
            found[1][i, row], found[2][i, row] = score, k
    return [*found, counts]


def _combined_shape(c: ShapeContext) -> list[Raw]:
    boxes, scores = c.same_rank(0, 4), c.same_rank(1, 3)
    assert boxes is not None and scores is not None
    if boxes[3] not in (4, None) or (None not in (boxes[2], scores[2]) and boxes[2] not in (1, scores[2])):
        raise ShapeError(
            f"boxes must have shape [batch, boxes, 1 or classes, 4], but has shape {list(boxes)} with scores "
            f"{list(scores)}"
        )
    total, limit, classes = c.value(3), c.value(2), scores[2]
    size = None if total is None else int(total)
    if c.attrs["pad_per_class"] and size is not None:
        size = None if limit is None or classes is None else min(size, int(limit) * classes)
    batch = scores[0] if boxes[0] is None else boxes[0]
    return [(batch, size, 4), (batch, size), (batch, size), (batch,)]


COMBINED_NON_MAX_SUPPRESSION = OpDef(
    "CombinedNonMaxSuppression",
    "boxes: float32, scores: float32, max_output_size_per_class: int32, max_total_size: int32,"
    " iou_threshold: float32, score_threshold: float32"
    " -> nmsed_boxes: float32, nmsed_scores: float32, nmsed_classes: float32, valid_detections: int32",
    attrs={"pad_per_class": False, "clip_boxes": True},
    shape=_combined_shape,
    kernel=_combined_kernel,
    host=True,
    grad=not_differentiable,
)


# ----------------------------------------------------------------------------------------------------------- proposals
LARGEST = float(np.log(1000.0 / 16.0))  # what exp is applied to is at most this


def _proposals_kernel(
    scores: np.ndarray, deltas: np.ndarray, info: np.ndarray, anchors: np.ndarray, threshold: Any, first: Any,
    smallest: Any, *, post_nms_topn: int,
) -> list[np.ndarray]:  # fmt: skip
    images, height, width, count = scores.shape
    rois, probabilities = np.zeros((images, post_nms_topn, 4), F), np.zeros((images, post_nms_topn), F)
    base = np.broadcast_to(anchors, (height, width, count, 4)).reshape(-1, 4)
    y1, x1, y2, x2 = base.T
    h, w = y2 - y1, x2 - x1
    for i in range(images):
        score = scores[i].reshape(-1)
        dy, dx, dh, dw = deltas[i].reshape(-1, 4).T
        cy, cx = y1 + h / 2 + h * dy, x1 + w / 2 + w * dx
        rows, across = h * np.exp(np.minimum(dh, LARGEST)), w * np.exp(np.minimum(dw, LARGEST))
        top, left = info[i, 0], info[i, 1]
        box = np.stack([cy - rows / 2, cx - across / 2, cy + rows / 2, cx + across / 2], 1)
        box = np.clip(box, 0, np.array([top, left, top, left], F)).astype(F)
        large = (box[:, 2] - box[:, 0] >= float(smallest)) & (box[:, 3] - box[:, 1] >= float(smallest))
        order = np.argsort(-score, kind="stable")[: int(first)]
        order = order[large[order]]
        chosen, best = select(score[order], by_overlap(box[order]), post_nms_topn, float(threshold), LOWEST)
        rois[i, : len(chosen)], probabilities[i, : len(chosen)] = box[order][chosen], best
    return [rois, probabilities]


def _proposals_shape(c: ShapeContext) -> list[Raw]:
    scores, deltas = c.same_rank(0, 4), c.same_rank(1, 4)
    c.same_rank(2, 2)
    assert scores is not None and deltas is not None
    anchors, channels = scores[3], deltas[3]
    if anchors is not None and channels is not None and channels != 4 * anchors:
        raise ShapeError(f"bbox_deltas must have {4 * anchors} channels, four per score, but has {channels}")
    top = c.attrs["post_nms_topn"]
    return [(scores[0], top, 4), (scores[0], top)]


GENERATE_BOUNDING_BOX_PROPOSALS = OpDef(
    "GenerateBoundingBoxProposals",
    "scores: float32, bbox_deltas: float32, image_info: float32, anchors: float32, nms_threshold: float32,"
    " pre_nms_topn: int32, min_size: float32 -> rois: float32, roi_probabilities: float32",
    attrs={"post_nms_topn": 300},
    shape=_proposals_shape,
    kernel=_proposals_kernel,
    host=True,
    grad=not_differentiable,
)

__all__ = ["by_overlap", "overlaps", "select"]
