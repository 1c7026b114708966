"""Names of `tf.compat.v1` that stand alone: versions, placeholders of composite tensors, records, statuses."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headrace._version import INTERFACE
from headrace.core import dtypes, errors
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


# ----------------------------------------------------------------------------------------------------------------- records
class TFRecordCompressionType:
    """How a file of records is compressed, for `TFRecordOptions`."""

    NONE, ZLIB, GZIP = 0, 1, 2


def tf_record_iterator(path: Any, options: Any = None) -> Iterator[bytes]:
    """The records of a file, one by one.

    Args:
      path: the file, local or of any scheme `tf.io.gfile` opens.
      options: a `TFRecordOptions` (or the compression alone: a `TFRecordCompressionType`, `"ZLIB"`, `"GZIP"`).

    Raises:
      tf.errors.NotFoundError: there is no such file.
      tf.errors.DataLossError: (while iterating) a record is cut short or its checksum does not match.
    """
    from headrace.io.tfrecord import open_records, read_records

    open_records(path, options).close()  # a file that is missing is an error here, not at the first record
    return read_records(path, options)


# ------------------------------------------------------------------------------------------------- statuses and strategies
@dataclass
class Status:
    """What became of a call: an error code of `tf.errors` (0: all is well), and a message."""

    code: int = 0
    message: str = ""


class raise_exception_on_not_ok_status:
    """`with raise_exception_on_not_ok_status() as status`: raises the error that the block has written to `status`.

    Raises:
      tf.errors.OpError: of the class that belongs to `status.code`, unless that is 0.

    >>> import headrace as tf
    >>> with tf.compat.v1.errors.raise_exception_on_not_ok_status() as status:
    ...     status.code, status.message = tf.errors.NOT_FOUND, "there is no such file"
    Traceback (most recent call last):
    ...
    headrace.core.errors.NotFoundError: there is no such file
    """

    def __enter__(self) -> Status:
        self._status = Status()
        return self._status

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        status = self._status
        if status.code:
            raise errors.exception_type_from_error_code(status.code)(None, None, status.message)


def get_loss_reduction() -> Any:
    """How replicas' losses are combined: SUM, as nothing here scales losses (TensorFlow's Estimators, which do, are no more)."""
    from .distribute import ReduceOp

    return ReduceOp.SUM


def output_all_intermediates(state: bool | None) -> None:
    """In TensorFlow: whether loops and conditionals of a graph have outputs for their gradients from the start.

    Here gradients can be asked for later as well as at once, and what they need is computed only where they are fetched:
    there is nothing to choose between.

    Raises:
      TypeError: `state` is not True, False or None.
    """
    if not (state is None or isinstance(state, bool)):
        raise TypeError(f"output_all_intermediates expects True, False or None, not {state!r}.")


ROOT = [
    "COMPILER_VERSION", "GIT_VERSION", "GRAPH_DEF_VERSION", "GRAPH_DEF_VERSION_MIN_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER", "QUANTIZED_DTYPES", "VERSION", "get_logger", "no_regularizer", "sparse_merge",
]  # fmt: skip
FUNCTIONS = {
    "distribute.get_loss_reduction": get_loss_reduction,
    "errors.raise_exception_on_not_ok_status": raise_exception_on_not_ok_status,
    "experimental.output_all_intermediates": output_all_intermediates,
    **{f"{place}.TFRecordCompressionType": TFRecordCompressionType for place in ("io", "python_io")},
    **{f"{place}.tf_record_iterator": tf_record_iterator for place in ("io", "python_io")},
    "ragged.placeholder": ragged_placeholder,
    "sparse.merge": sparse_merge, "sparse.placeholder": sparse_placeholder,
}  # fmt: skip
NAMES = {
    "distribute": ["get_loss_reduction"],
    "errors": ["raise_exception_on_not_ok_status"],
    "experimental": ["output_all_intermediates"],
    "io": ["TFRecordCompressionType", "tf_record_iterator"],
    "python_io": ["TFRecordCompressionType", "tf_record_iterator"],
    "ragged": ["placeholder"],
    "random": ["stateless_multinomial"],
    "sparse": ["merge", "placeholder"],
}  # fmt: skip
__all__ = [*ROOT]  # noqa: PLE0604 - a list of names
