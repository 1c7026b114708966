"""Names of `tf.compat.v1` that stand alone: versions, and placeholders of composite tensors."""

from __future__ import annotations

import logging
from typing import Any

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


ROOT = [
    "COMPILER_VERSION", "GIT_VERSION", "GRAPH_DEF_VERSION", "GRAPH_DEF_VERSION_MIN_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER", "QUANTIZED_DTYPES", "VERSION", "get_logger", "no_regularizer", "sparse_merge",
]  # fmt: skip
FUNCTIONS = {
    "ragged.placeholder": ragged_placeholder,
    "sparse.merge": sparse_merge, "sparse.placeholder": sparse_placeholder,
}  # fmt: skip
NAMES = {
    "ragged": ["placeholder"],
    "random": ["stateless_multinomial"],
    "sparse": ["merge", "placeholder"],
}  # fmt: skip
__all__ = [*ROOT]  # noqa: PLE0604 - a list of names
