"""Names of `tf.compat.v1` that stand alone: versions, values kept by sessions, pictures, placeholders of composites."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from headrace._version import INTERFACE
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import as_dtype
from headrace.core.op import lookup
from headrace.core.state import state

from .compat_v1_arrays import placeholder as _placeholder
from .compat_v1_arrays import sparse_placeholder

VERSION = INTERFACE
GIT_VERSION = COMPILER_VERSION = "unknown"  # there is no build of this package that could have them
GRAPH_DEF_VERSION, GRAPH_DEF_VERSION_MIN_CONSUMER, GRAPH_DEF_VERSION_MIN_PRODUCER = 1882, 0, 0
QUANTIZED_DTYPES = frozenset({dtypes.qint8, dtypes.quint8, dtypes.qint16, dtypes.quint16, dtypes.qint32})


def get_logger() -> logging.Logger:
    """The logger of this package."""
    return logging.getLogger("headrace")


def no_regularizer(_: Any) -> None:
    """Says in `get_variable(regularizer=…)` that the scope's regulariser is not wanted."""


# ------------------------------------------------------------------------------------------------------------ placeholders
def ragged_placeholder(dtype: Any, ragged_rank: int, value_shape: Any = None, name: str | None = None) -> Any:
    """A RaggedTensor to be fed with a `RaggedTensorValue`."""
    from .composite import RaggedTensor

    if state.graph is None:
        raise RuntimeError("tf.ragged.placeholder is not compatible with eager execution.")
    sizes = [None] if value_shape is None else [None, *list(value_shape)]
    value: Any = _placeholder(
        dtype, sizes if value_shape is not None else [None], name and f"{name}/flat_values"
    )
    for i in reversed(range(ragged_rank)):
        value = RaggedTensor.from_row_splits(
            value, _placeholder(dtypes.int64, [None], name and f"{name}/row_splits_{i}"), validate=False
        )
    return value


# ------------------------------------------------------------------------------------------------------------------ sparse
def sparse_merge(
    sp_ids: Any, sp_values: Any, vocab_size: Any, name: str | None = None, already_sorted: bool = False
) -> Any:
    """Ids and their values as one SparseTensor of shape [batch, vocab_size]. Several ids (a list) give several dimensions."""
    from .composite import SparseTensor
    from .sparse import reorder

    several = isinstance(sp_ids, (list, tuple))
    ids, sizes = (list(sp_ids), list(vocab_size)) if several else ([sp_ids], [vocab_size])
    if len(ids) != len(sizes):
        raise ValueError(f"The lengths of sp_ids and vocab_size differ: {len(ids)} and {len(sizes)}.")
    cast = lookup("Cast")
    columns = [lookup("ExpandDims")(cast(i.values, DstT=dtypes.int64), -1) for i in ids]
    rows = lookup("Slice")(
        ids[0].indices, [0, 0], lookup("Pack")([to_tensor(-1), lookup("Size")(ids[0].dense_shape) - 1])
    )
    indices = lookup("ConcatV2")([rows, *columns], 1)
    head = lookup("Slice")(
        ids[0].dense_shape, [0], lookup("ExpandDims")(lookup("Size")(ids[0].dense_shape) - 1, 0)
    )
    shape = lookup("ConcatV2")([head, cast(to_tensor(sizes), DstT=dtypes.int64)], 0)
    result = SparseTensor(indices, sp_values.values, shape)
    return result if already_sorted else reorder(result)


def stateless_multinomial(
    logits: Any, num_samples: Any, seed: Any, output_dtype: Any = dtypes.int64, name: str | None = None
) -> Any:
    """Numbers of classes drawn with the probabilities softmax(logits), determined by `seed`."""
    from .random import stateless_categorical

    return stateless_categorical(logits, num_samples, seed, as_dtype(output_dtype), name)


# ---------------------------------------------------------------------------------------------------------------- pictures
def _resize(op: str) -> Any:
    def resize(
        images: Any,
        size: Any,
        align_corners: bool = False,
        name: str | None = None,
        half_pixel_centers: bool = False,
    ) -> Any:
        return lookup(op)(
            to_tensor(images), to_tensor(size, dtypes.int32), align_corners=align_corners,
            half_pixel_centers=half_pixel_centers, name=name,
        )  # fmt: skip

    return resize


resize_bilinear, resize_bicubic, resize_nearest_neighbor = (
    _resize("ResizeBilinear"), _resize("ResizeBicubic"), _resize("ResizeNearestNeighbor"),
)  # fmt: skip
for _f, _n in (
    (resize_bilinear, "bilinear"),
    (resize_bicubic, "bicubic"),
    (resize_nearest_neighbor, "nearest_neighbor"),
):
    _f.__name__ = _f.__qualname__ = f"resize_{_n}"
    _f.__doc__ = f"Images in another size, by {_n.replace('_', '-')} interpolation. `align_corners` keeps the corners in place."


def resize_area(images: Any, size: Any, align_corners: bool = False, name: str | None = None) -> Any:
    """Images in another size, each pixel the mean of the area it covers."""
    return lookup("ResizeArea")(
        to_tensor(images), to_tensor(size, dtypes.int32), align_corners=align_corners, name=name
    )


class ResizeMethodV1:
    """Ways of resizing, for `tf.compat.v1.image.resize_images`."""

    BILINEAR, NEAREST_NEIGHBOR, BICUBIC, AREA = range(4)


def resize_images(
    images: Any, size: Any, method: Any = ResizeMethodV1.BILINEAR, align_corners: bool = False,
    preserve_aspect_ratio: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Images (or one) in another size.

    Args:
      method: one of `ResizeMethod`, or its name of today.
      preserve_aspect_ratio: makes images as large as fits into `size`.
    """
    images = to_tensor(images)
    rank = len(images._raw_shape or ())
    if rank not in (3, 4):
        raise ValueError("'images' must have either 3 or 4 dimensions.")
    if rank == 3:
        images = lookup("ExpandDims")(images, 0)
    if preserve_aspect_ratio:
        height, width = images._raw_shape[1:3]
        if height is None or width is None:
            raise ValueError("preserve_aspect_ratio needs images whose height and width are known.")
        scale = min(int(size[0]) / height, int(size[1]) / width)
        size = [round(height * scale), round(width * scale)]
    functions = {
        ResizeMethodV1.BILINEAR: resize_bilinear, "bilinear": resize_bilinear,
        ResizeMethodV1.NEAREST_NEIGHBOR: resize_nearest_neighbor, "nearest": resize_nearest_neighbor,
        ResizeMethodV1.BICUBIC: resize_bicubic, "bicubic": resize_bicubic,
        ResizeMethodV1.AREA: resize_area, "area": resize_area,
    }  # fmt: skip
    if method not in functions:
        raise ValueError("Resize method is not implemented: use one of tf.image.ResizeMethod.")
    same = not isinstance(size, type(images)) and list(images._raw_shape[1:3]) == [
        int(d) for d in np.reshape(size, -1)
    ]
    result = images if same else functions[method](images, size, align_corners=align_corners)
    return lookup("Squeeze")(result, squeeze_dims=[0], name=name) if rank == 3 else result


ROOT = [
    "COMPILER_VERSION", "GIT_VERSION", "GRAPH_DEF_VERSION", "GRAPH_DEF_VERSION_MIN_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER", "QUANTIZED_DTYPES", "VERSION", "get_logger", "no_regularizer", "sparse_merge",
]  # fmt: skip
FUNCTIONS = {
    "image.ResizeMethod": ResizeMethodV1, "image.resize": resize_images, "ragged.placeholder": ragged_placeholder,
    "sparse.merge": sparse_merge, "sparse.placeholder": sparse_placeholder,
}  # fmt: skip
NAMES = {
    "image": [
        "ResizeMethod", "resize", "resize_area", "resize_bicubic", "resize_bilinear", "resize_images",
        "resize_nearest_neighbor",
    ],
    "ragged": ["placeholder"],
    "random": ["stateless_multinomial"],
    "sparse": ["merge", "placeholder"],
}  # fmt: skip
__all__ = [*ROOT, "ResizeMethodV1"]  # noqa: PLE0604 - a list of names
