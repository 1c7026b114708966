"""`tf.nn`'s connectionist temporal classification."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.tensor import Tensor
from headrace.ops import ctc as ops
from headrace.ops import math as m


def _int32(x: Any) -> Tensor:
    x = to_tensor(x)
    return x if x._dtype is dtypes.int32 else lookup("Cast")(x, DstT=dtypes.int32)


def _sparse_tensor(indices: Tensor, values: Tensor, shape: Tensor) -> Any:
    import headrace

    return headrace.SparseTensor(indices, values, shape)


def ctc_loss(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Minus the log-probability of a labelling, summed over all its alignments with the logits (Graves et
    al., ICML 2006).

    Args:
      labels: `[batch, length]` class numbers, or a SparseTensor of int32 with as many rows.
      logits: `[time, batch, classes]`, or `[batch, time, classes]` with `logits_time_major=False`.
      label_length: how many labels of each row count (None with sparse labels).
      logit_length: how many steps of each row count.
      unique: accepted for compatibility; this algorithm has no use for it.
      blank_index: the class that means "no label": 0 by default, negative numbers count from the last class.
        Must be given with sparse labels.

    Returns: a loss for each row. Very large (about 707 and more) where no alignment exists; infinite with
      sparse labels.

    >>> import headrace as tf
    >>> tf.nn.ctc_loss([[1]], tf.zeros([2, 1, 3]), [1], [2]).numpy().round(4).tolist()
    [1.0986]
    """
    x = to_tensor(logits)
    short = x._dtype
    if short in (dtypes.float16, dtypes.bfloat16):
        x = lookup("Cast")(x, DstT=dtypes.float32)
    if not logits_time_major:
        x = lookup("Transpose")(x, [1, 0, 2])
    classes = x._raw_shape[2] if x._raw_shape is not None else None
    if isinstance(labels, Tensor) or not hasattr(labels, "dense_shape"):
        blank = 0 if blank_index is None else int(blank_index)
        if blank < 0:
            blank += _known(classes)
        loss, _ = ops.CTC_LOSS_DENSE(
            x, _int32(labels), _int32(label_length), _int32(logit_length), blank_index=blank, name=name
        )
    else:
        if blank_index is None:
            raise ValueError("Argument `blank_index` must be provided when `labels` is a `SparseTensor`.")
        blank, values = int(blank_index), _int32(labels.values)
        blank = blank + _known(classes) if blank < 0 else blank
        if blank != _known(classes) - 1:  # the op takes the last class for the blank
            take, concat = lookup("StridedSlice"), lookup("ConcatV2")
            part = lambda lo, hi: take(x, [0, 0, lo], [0, 0, hi], [1, 1, 1], begin_mask=3, end_mask=3)
            x = concat([part(0, blank), part(blank + 1, classes), part(blank, blank + 1)], 2)
            values = lookup("SelectV2")(lookup("Less")(values, blank), values, m.sub(values, 1))
        loss, _ = ops.CTC_LOSS(x, labels.indices, values, _int32(logit_length), name=name)
    return loss if loss._dtype is short else lookup("Cast")(loss, DstT=short)


def _known(classes: int | None) -> int:
    if classes is None:
        raise ValueError("The number of classes, the last dimension of `logits`, must be known")
    return classes


def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True, blank_index: int | None = None
) -> tuple[list[Any], Tensor]:
    """The most probable class of every step, without blanks.

    Args:
      inputs: logits `[time, batch, classes]`.
      merge_repeated: a class that follows itself counts once.
      blank_index: the class that means "no label", the last one by default.

    Returns: a list with one SparseTensor of class numbers, and minus the sum of the logits `[batch, 1]`.

    >>> import headrace as tf
    >>> (decoded,), _ = tf.nn.ctc_greedy_decoder(tf.one_hot([[1], [1], [2], [0]], 3), [4])
    >>> decoded.values.numpy().tolist()
    [1, 0]
    """
    x = to_tensor(inputs)
    blank = -1 if blank_index is None else int(blank_index)
    indices, values, shape, scores = ops.CTC_GREEDY_DECODER(
        x, _int32(sequence_length), merge_repeated=merge_repeated, blank_index=blank
    )
    return [_sparse_tensor(indices, values, shape)], scores


def ctc_beam_search_decoder(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[Any], Tensor]:
    """The most probable labellings, by a beam search over prefixes. The last class is the blank.

    Args:
      inputs: logits `[time, batch, classes]`.
      beam_width: how many prefixes are followed.
      top_paths: how many labellings are wanted.

    Returns: a list of `top_paths` SparseTensors of class numbers, and their log-probabilities `[batch,
      top_paths]`.

    >>> import headrace as tf
    >>> (decoded,), _ = tf.nn.ctc_beam_search_decoder(9 * tf.one_hot([[1], [1], [2], [0]], 3), [4])
    >>> decoded.values.numpy().tolist()
    [1, 0]
    """
    indices, values, shapes, scores = ops.CTC_BEAM_SEARCH_DECODER(
        to_tensor(inputs),
        _int32(sequence_length),
        beam_width=beam_width,
        top_paths=top_paths,
        merge_repeated=False,
    )
    return [_sparse_tensor(*parts) for parts in zip(indices, values, shapes)], scores


# -------------------------------------------------------------------------------------------- label utilities
def _positions(x: Tensor) -> Tensor:
    """0 … width - 1."""
    width = lookup("StridedSlice")(lookup("Shape")(x), [1], [2], [1], shrink_axis_mask=1)
    return lookup("Range")(0, width, 1)


def _compact(values: Tensor, keep: Tensor) -> Tensor:
    """Moves the kept values of each row to its front; zeros follow."""
    cast, expand = lookup("Cast"), lookup("ExpandDims")
    slot = m.sub(lookup("Cumsum")(cast(keep, DstT=dtypes.int32), 1), 1)
    here = lookup("LogicalAnd")(
        lookup("Equal")(expand(slot, 1), lookup("Reshape")(_positions(values), [1, -1, 1])), expand(keep, 1)
    )
    return lookup("Sum")(
        lookup("SelectV2")(here, expand(values, 1), m.number(0, values)), [2], keep_dims=False
    )


@scoped(
    "ctc_unique_labels", "map/TensorArrayV2Stack/TensorListStack", "map/TensorArrayV2Stack_1/TensorListStack"
)
def ctc_unique_labels(labels: Any, name: str | None = None) -> list[Tensor]:
    """The distinct labels of each row in order of appearance (followed by zeros), and for every label its
    place among them.

    >>> import headrace as tf
    >>> [t.numpy().tolist() for t in tf.nn.ctc_unique_labels([[5, 2, 5]])]
    [[[5, 2, 0]], [[0, 1, 0]]]
    """
    x = lookup("Cast")(to_tensor(labels), DstT=dtypes.int64)
    expand, cast = lookup("ExpandDims"), lookup("Cast")
    same = lookup("Equal")(expand(x, 2), expand(x, 1))  # [row, j, i]: label j is label i
    first = lookup("ArgMax")(cast(same, DstT=dtypes.int32), 2, output_type=dtypes.int32)
    new = lookup("Equal")(first, _positions(x))
    order = m.sub(lookup("Cumsum")(cast(new, DstT=dtypes.int32), 1), 1)
    place = lookup("GatherV2")(order, first, 1, batch_dims=1)
    return [_compact(x, new), place]


@scoped("collapse_repeated_labels", "Reshape_3", "Sum")
def collapse_repeated(labels: Any, seq_length: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Labels without those that repeat the one before.

    Args:
      labels: `[batch, length]`. seq_length: how many of each row count.

    Returns: the labels, `[batch, longest]` with zeros at the end, and their new numbers.

    >>> import headrace as tf
    >>> [t.numpy().tolist() for t in tf.nn.collapse_repeated([[1, 1, 2, 2]], [4])]
    [[[1, 2]], [2]]
    """
    x, lengths = to_tensor(labels), to_tensor(seq_length)
    take, concat = lookup("StridedSlice"), lookup("ConcatV2")
    column = lambda lo, hi, **masks: take(
        x, [0, lo], [0, hi], [1, 1], begin_mask=1, end_mask=1 + masks.get("end", 0)
    )
    changed = lookup("NotEqual")(column(1, 0, end=2), column(0, -1))
    first = lookup("Equal")(column(0, 1), column(0, 1))
    inside = lookup("Less")(_positions(x), lookup("ExpandDims")(_int32(lengths), 1))
    keep = lookup("LogicalAnd")(concat([first, changed], 1), inside)
    counts = lookup("Sum")(lookup("Cast")(keep, DstT=dtypes.int32), [1], keep_dims=False)
    longest = lookup("Reshape")(lookup("Max")(counts, [0], keep_dims=False), [1])
    out = take(_compact(x, keep), [0, 0], concat([[0], longest], 0), [1, 1], begin_mask=1, end_mask=1)
    return out, lookup("Cast")(counts, DstT=lengths._dtype)
