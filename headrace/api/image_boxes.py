"""`tf.image`: boxes around objects, `y1, x1, y2, x2`."""

from __future__ import annotations

from typing import Any, NamedTuple

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.state import state
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops import image_boxes as _boxes
from headrace.ops import image_draw as _draw
from headrace.ops import seeds
from headrace.ops.sequence import RANGE

from .control import while_loop
from .image_shapes import vector_shape
from .ordering import argsort

_NONE = float("-inf")


class CombinedNonMaxSuppression(NamedTuple):
    """Boxes, scores and classes of each image, best first, and how many of them are valid."""

    nmsed_boxes: Tensor
    nmsed_scores: Tensor
    nmsed_classes: Tensor
    valid_detections: Tensor


class GenerateBoundingBoxProposals(NamedTuple):
    """Boxes `[images, n, 4]` and their scores `[images, n]`, zeros where there are fewer."""

    rois: Tensor
    roi_probabilities: Tensor


class SampleDistortedBoundingBox(NamedTuple):
    """Where a part of an image begins and how large it is, as `tf.slice` takes them, and its box `[1, 1, 4]`."""

    begin: Tensor
    size: Tensor
    bboxes: Tensor


# --------------------------------------------------------------------------------------------------------- suppression
@scoped("non_max_suppression", "NonMaxSuppressionV3")
def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _NONE,
    name: str | None = None,
) -> Tensor:
    """The indices of the best boxes that do not overlap each other too much, best first.

    Args:
      boxes: `[boxes, 4]`; either corner may come first.
      scores: `[boxes]`, of the same type.
      max_output_size: how many to select at most, an int32 scalar.
      iou_threshold: boxes that overlap a better one more than this (intersection over union) are left out.
      score_threshold: boxes that do not score higher than this are left out.

    Returns: `[selected boxes]`, int32.

    >>> import headrace as tf
    >>> boxes = [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.9], [0.0, 2.0, 1.0, 3.0]]
    >>> tf.image.non_max_suppression(boxes, [0.9, 0.8, 0.7], 3).numpy().tolist()
    [0, 2]
    """
    return _boxes.NON_MAX_SUPPRESSION_V3(
        boxes, scores, max_output_size, to_tensor(iou_threshold), to_tensor(score_threshold), name=name
    )


@scoped("non_max_suppression_with_scores", None)
def non_max_suppression_with_scores(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _NONE,
    soft_nms_sigma: Any = 0.0,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """As `tf.image.non_max_suppression`, also returning the scores of what is selected.

    Args:
      soft_nms_sigma: if positive, boxes that overlap better ones are not left out: their score is multiplied by
        exp(-iou² / (2 sigma)).

    >>> import headrace as tf
    >>> boxes = [[0.0, 0.0, 1.0, 1.0], [0.0, 2.0, 1.0, 3.0]]
    >>> [t.numpy().tolist() for t in tf.image.non_max_suppression_with_scores(boxes, [0.25, 0.75], 2)]
    [[1, 0], [0.75, 0.25]]
    """
    indices, selected, _ = _boxes.NON_MAX_SUPPRESSION_V5(
        boxes, scores, max_output_size, to_tensor(iou_threshold), to_tensor(score_threshold), to_tensor(soft_nms_sigma),
        pad_to_max_output_size=False, name=name,
    )  # fmt: skip
    return indices, selected


@scoped("non_max_suppression_overlaps", "NonMaxSuppressionWithOverlaps")
def non_max_suppression_overlaps(
    overlaps: Any,
    scores: Any,
    max_output_size: Any,
    overlap_threshold: Any = 0.5,
    score_threshold: Any = _NONE,
    name: str | None = None,
) -> Tensor:
    """As `tf.image.non_max_suppression`, for `[boxes, boxes]` of overlaps computed before.

    >>> import headrace as tf
    >>> tf.image.non_max_suppression_overlaps([[1.0, 0.9], [0.9, 1.0]], [0.25, 0.75], 2).numpy().tolist()
    [1]
    """
    return _boxes.NON_MAX_SUPPRESSION_WITH_OVERLAPS(
        overlaps, scores, max_output_size, overlap_threshold, score_threshold, name=name
    )


@scoped("combined_non_max_suppression", None)
def combined_non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size_per_class: Any,
    max_total_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _NONE,
    pad_per_class: bool = False,
    clip_boxes: bool = True,
    name: str | None = None,
) -> CombinedNonMaxSuppression:
    """Non-maximum suppression for every class of every image, the best of all classes coming first.

    Args:
      boxes: `[batch, boxes, 1 or classes, 4]`.
      scores: `[batch, boxes, classes]`.
      max_output_size_per_class, max_total_size: how many to select at most.
      pad_per_class: whether outputs have at most `max_output_size_per_class * classes` entries.
      clip_boxes: whether the boxes returned are cut off at 0 and 1.

    >>> import headrace as tf
    >>> boxes = tf.constant([[[[0.0, 0.0, 1.0, 1.0]], [[0.0, 0.0, 0.5, 0.5]]]])
    >>> found = tf.image.combined_non_max_suppression(boxes, [[[0.5, 0.0], [0.0, 0.75]]], 1, 3, score_threshold=0.1)
    >>> found.nmsed_classes.numpy().tolist(), found.valid_detections.numpy().tolist()
    ([[1.0, 0.0, 0.0]], [2])
    """
    return CombinedNonMaxSuppression(
        *_boxes.COMBINED_NON_MAX_SUPPRESSION(
            boxes, scores, max_output_size_per_class, max_total_size, iou_threshold, score_threshold,
            pad_per_class=pad_per_class, clip_boxes=clip_boxes, name=name,
        )
    )  # fmt: skip


@scoped("non_max_suppression_padded", "strided_slice", "PartitionedCall")
def non_max_suppression_padded(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _NONE,
    pad_to_max_output_size: bool = False,
    name: str | None = None,
    sorted_input: bool = False,
    canonicalized_coordinates: bool = False,
    tile_size: int = 512,
) -> tuple[Tensor, Tensor]:
    """Non-maximum suppression of batches of boxes, with outputs of a known size: it compiles as a whole.

    Args:
      boxes: `[..., boxes, 4]`. Boxes with no positive coordinate are taken for padding and never selected.
      scores: `[..., boxes]`.
      max_output_size: how many to select at most.
      pad_to_max_output_size: whether zeros fill the indices up; must be True for batches.
      sorted_input: whether the best boxes come first already.
      canonicalized_coordinates: whether `y1 <= y2` and `x1 <= x2` in all boxes. If not, the first box says for all which
        of the two corners comes first.
      tile_size: any positive number; the work is not cut into tiles here.

    Returns: indices `[..., max_output_size]` and how many of them are valid `[...]`, both int32.

    >>> import headrace as tf
    >>> boxes = tf.constant([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.9], [0.0, 2.0, 1.0, 3.0]])
    >>> [t.numpy().tolist() for t in tf.image.non_max_suppression_padded(boxes, tf.constant([3.0, 2.0, 1.0]), 3,
    ...                                                                 pad_to_max_output_size=True)]
    [[0, 2, 0], 2]
    """
    if tile_size <= 0:
        raise ValueError(f"tile_size must be positive. Received: {tile_size}")
    boxes, scores = to_tensor(boxes), to_tensor(scores)
    if not pad_to_max_output_size and boxes.ndim is not None and boxes.ndim > 2:
        raise ValueError(
            f"'pad_to_max_output_size' (value {pad_to_max_output_size}) must be True for batched input"
        )
    indices, valid = _greedy(
        boxes, scores, to_tensor(max_output_size, dtypes.int32), iou_threshold, score_threshold, sorted_input,
        canonicalized_coordinates,
    )  # fmt: skip
    reshape, concat = lookup("Reshape"), lookup("ConcatV2")
    shape = vector_shape(boxes)
    batch = shape[:-2]
    valid = reshape(valid, batch)
    if not pad_to_max_output_size:
        return indices[0, :valid], valid
    return reshape(
        indices, concat([batch, [-1]], 0) if isinstance(batch, Tensor) else [*batch, -1], name=name
    ), valid


def _greedy(
    boxes: Any, scores: Any, most: Any, threshold: Any, least: Any, in_order: bool, canonical: bool
) -> tuple[Any, Any]:
    """For a batch of lists of boxes: `[batch, most]` indices, and how many."""
    reshape, where, gather, cast = (lookup(n) for n in ("Reshape", "SelectV2", "GatherV2", "Cast"))
    total = boxes._raw_shape[-2] if boxes._raw_shape is not None else None
    total = lookup("Shape")(boxes)[-2] if total is None else total
    boxes = reshape(boxes, [-1, total, 4] if isinstance(total, int) else lookup("Pack")([-1, total, 4]))
    scores = reshape(scores, [-1, total] if isinstance(total, int) else lookup("Pack")([-1, total]))
    known = static_value(to_tensor(least))
    if known is None or known != _NONE:
        good = scores > least
        scores = scores * cast(good, DstT=scores._dtype)
        boxes = boxes * cast(lookup("ExpandDims")(good, 2), DstT=boxes._dtype)
    y1, x1, y2, x2 = (boxes[..., k] for k in range(4))
    if not canonical:
        up, left = y1[0, 0] <= y2[0, 0], x1[0, 0] <= x2[0, 0]
        y1, y2 = where(up, y1, y2), where(up, y2, y1)
        x1, x2 = where(left, x1, x2), where(left, x2, x1)
    order = None if in_order else argsort(scores, axis=1, direction="DESCENDING", stable=True)
    if order is not None:
        y1, x1, y2, x2 = (gather(v, order, 1, batch_dims=1) for v in (y1, x1, y2, x2))
    y1, x1, y2, x2 = (cast(v, DstT=dtypes.float32) for v in (y1, x1, y2, x2))
    area = (y2 - y1) * (x2 - x1)
    high, low, expand = lookup("Maximum"), lookup("Minimum"), lookup("ExpandDims")
    alive = high(high(y1, x1), high(y2, x2)) > 0.0
    numbers = RANGE(0, total, 1)
    rounds = RANGE(0, most, 1)
    batch = lookup("Shape")(alive)[0]

    def step(i: Any, alive: Any, chosen: Any, count: Any) -> tuple[Any, ...]:
        some = lookup("Any")(alive, [1])
        best = lookup("ArgMax")(cast(alive, DstT=dtypes.int32), 1, output_type=dtypes.int32)
        pick = lambda v: gather(v, expand(best, 1), 1, batch_dims=1)
        shared = high(low(x2, pick(x2)) - high(x1, pick(x1)), 0.0) * high(
            low(y2, pick(y2)) - high(y1, pick(y1)), 0.0
        )
        overlap = shared / (area + pick(area) - shared + 1e-8)
        kept = lookup("LogicalAnd")(overlap < threshold, lookup("NotEqual")(numbers, expand(best, 1)))
        here = lookup("LogicalAnd")(lookup("Equal")(rounds, i), expand(some, 1))
        chosen = where(here, expand(best, 1), chosen)
        return i + 1, lookup("LogicalAnd")(alive, kept), chosen, count + cast(some, DstT=dtypes.int32)

    zeros = lookup("Fill")(lookup("Pack")([batch, most]), 0)
    start = to_tensor(0), alive, zeros, lookup("Fill")(lookup("Pack")([batch]), 0)
    more = lambda i, alive, *_: lookup("LogicalAnd")(i < most, lookup("Any")(alive, [0, 1]))
    _, _, chosen, count = while_loop(more, step, start)
    if order is not None:
        mine = lookup("LogicalAnd")(rounds >= 0, rounds < expand(count, 1))
        chosen = where(mine, gather(order, chosen, 1, batch_dims=1), chosen)
    return chosen, count


def generate_bounding_box_proposals(
    scores: Any,
    bbox_deltas: Any,
    image_info: Any,
    anchors: Any,
    nms_threshold: Any = 0.7,
    pre_nms_topn: Any = 6000,
    min_size: Any = 16,
    post_nms_topn: int = 300,
    name: str | None = None,
) -> GenerateBoundingBoxProposals:
    """The regions of interest that a region proposal network found (Ren et al., "Faster R-CNN", 2015).

    Args:
      scores: `[images, height, width, anchors]`.
      bbox_deltas: `[images, height, width, 4 * anchors]`: for each anchor the shift of its centre (y, x) in units of its
        size, and the logarithms of the factors of its height and width.
      image_info: `[images, 5]`, beginning with height and width.
      anchors: `[anchors, 4]`, or `[height, width, anchors, 4]`.
      nms_threshold: of `tf.image.non_max_suppression`.
      pre_nms_topn, post_nms_topn: how many boxes are considered, and returned.
      min_size: boxes with a shorter side are left out.
    """
    return GenerateBoundingBoxProposals(
        *_boxes.GENERATE_BOUNDING_BOX_PROPOSALS(
            scores, bbox_deltas, image_info, anchors, nms_threshold, pre_nms_topn, to_tensor(min_size, dtypes.float32),
            post_nms_topn=post_nms_topn, name=name,
        )
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------- drawing, sampling
def draw_bounding_boxes(images: Any, boxes: Any, colors: Any, name: str | None = None) -> Tensor:
    """Images with the outlines of boxes drawn on them, one pixel wide.

    Args:
      images: `[batch, height, width, 1, 3 or 4]`, float16 or float32.
      boxes: `[batch, boxes, 4]`, from 0 to 1.
      colors: `[colours, channels]`, taken in turn; None for a set of ten.

    >>> import headrace as tf
    >>> box = [[[0.0, 0.0, 1.0, 1.0]]]
    >>> tf.image.draw_bounding_boxes(tf.zeros([1, 3, 3, 1]), box, [[1.0]])[0, :, :, 0].numpy().tolist()
    [[1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
    """
    if colors is None:
        return _draw.DRAW_BOUNDING_BOXES(images, boxes, name=name)
    return _draw.DRAW_BOUNDING_BOXES_V2(images, boxes, colors, name=name)


def _ranges(aspect: Any, area: Any, attempts: Any, use_image: Any) -> dict[str, Any]:
    given = {
        "aspect_ratio_range": None if aspect is None else [float(v) for v in aspect],
        "area_range": None if area is None else [float(v) for v in area],
        "max_attempts": attempts,
        "use_image_if_no_bounding_boxes": use_image,
    }
    return {key: value for key, value in given.items() if value is not None}


def sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: int = 0,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> SampleDistortedBoundingBox:
    """A random part of an image that shows enough of an object, to train on.

    Args:
      image_size: `[height, width, channels]`, an integer type.
      bounding_boxes: `[batch, boxes, 4]`, float32 from 0 to 1: where the objects are.
      seed: 0 for another part every time.
      min_object_covered: how much of at least one object the part must show.
      aspect_ratio_range: of width / height; (0.75, 1.33) by default.
      area_range: what part of the image's area; (0.05, 1) by default.
      max_attempts: how often to try before taking the whole image; 100 by default.
      use_image_if_no_bounding_boxes: whether no boxes mean the whole image, instead of an error.

    Returns: `begin` and `size` as `tf.slice` takes them, and the part as a box `[1, 1, 4]`.

    >>> import headrace as tf
    >>> begin, size, _ = tf.image.sample_distorted_bounding_box([9, 9, 3], [[[0.0, 0.0, 1.0, 1.0]]], seed=1)
    >>> tf.slice(tf.zeros([9, 9, 3]), begin, size).shape[2]
    3
    """
    if not seed and seeds.required():
        raise ValueError(
            "tf.image.sample_distorted_bounding_box requires a non-zero seed to be passed in when determinism is enabled, "
            f'but got seed={seed}. Pass in a non-zero seed, e.g. "seed=1".'
        )
    pair = seeds.get_seed(seed) if seed else (0, 0)
    return sample_with_seeds(
        image_size, bounding_boxes, pair, min_object_covered, name, aspect_ratio_range, area_range, max_attempts,
        use_image_if_no_bounding_boxes,
    )  # fmt: skip


@scoped("sample_distorted_bounding_box", None, again=True)
def sample_with_seeds(
    image_size: Any, boxes: Any, pair: Any, min_object_covered: Any, name: str | None, *ranges: Any
) -> SampleDistortedBoundingBox:
    """The same for a pair of seeds of the op."""
    return SampleDistortedBoundingBox(
        *_draw.SAMPLE_DISTORTED_BOUNDING_BOX_V2(
            image_size,
            boxes,
            min_object_covered,
            seed=pair[0] or 0,
            seed2=pair[1] or 0,
            name=name,
            **_ranges(*ranges),
        )
    )


def stateless_sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: Any,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> SampleDistortedBoundingBox:
    """As `tf.image.sample_distorted_bounding_box`; the same seed (two integers) always gives the same part.

    >>> import headrace as tf
    >>> box = tf.zeros([1, 0, 4])
    >>> part = tf.image.stateless_sample_distorted_bounding_box([20, 30, 3], box, [1, 2],
    ...                                                         use_image_if_no_bounding_boxes=True)
    >>> part.begin.numpy().tolist(), part.size.numpy().tolist()
    ([3, 12, 0], [16, 15, -1])
    """
    return SampleDistortedBoundingBox(
        *_draw.STATELESS_SAMPLE_DISTORTED_BOUNDING_BOX(
            image_size, bounding_boxes, min_object_covered, seed, name=name,
            **_ranges(aspect_ratio_range, area_range, max_attempts, use_image_if_no_bounding_boxes),
        )
    )  # fmt: skip


__all__ = [
    "combined_non_max_suppression",
    "draw_bounding_boxes",
    "generate_bounding_box_proposals",
    "non_max_suppression",
    "non_max_suppression_overlaps",
    "non_max_suppression_padded",
    "non_max_suppression_with_scores",
    "sample_distorted_bounding_box",
    "stateless_sample_distorted_bounding_box",
]
