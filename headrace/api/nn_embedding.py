"""`tf.nn`'s embeddings: rows of tables, and weighted sums of rows."""

from __future__ import annotations

from typing import Any

from headrace.api.custom_gradients import custom_gradient
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import called, scoped
from headrace.core.slices import owners, places
from headrace.core.state import state
from headrace.core.tensor import Tensor
from headrace.ops import math as m


def _is_partitioned(params: Any) -> bool:
    return (
        isinstance(params, (list, tuple))
        and len(params) > 1
        and any(isinstance(p, Tensor) or hasattr(p, "__tf_tensor__") or hasattr(p, "handle") for p in params)
    )


def _rows(table: Any, ids: Tensor, name: str | None) -> Tensor:
    """Rows of a tensor or variable; of a variable without copying it."""
    read = getattr(table, "sparse_read", None)
    return read(ids, name=name) if read is not None else lookup("GatherV2")(table, ids, 0, name=name)


def _clipped(rows: Tensor, ids: Tensor, max_norm: Any) -> Tensor:
    """Rows longer than `max_norm` are shortened to it."""
    if max_norm is None:
        return rows
    ids_rank, rank = (None if t._raw_shape is None else len(t._raw_shape) for t in (ids, rows))
    if ids_rank is None or rank is None:
        axes = lookup("Range")(lookup("Rank")(ids), lookup("Rank")(rows), 1)
    else:
        axes = list(range(ids_rank, rank))
    limit = to_tensor(max_norm, rows._dtype)
    squares = lookup("Sum")(m.square(rows), axes, keep_dims=True)
    positive = lookup("Greater")(squares, m.number(0, squares))
    select = lookup("SelectV2")
    # A zero row has a gradient, too.
    norm = select(positive, m.sqrt(select(positive, squares, m.number(1, squares))), squares)
    return m.realdiv(m.mul(rows, limit), m.maximum(norm, limit))


def _partition(params: list[Any], ids: Tensor) -> Tensor:
    """Rows of a table that is cut into several: the first `rows mod parts` have one row more ("div" in
    TensorFlow)."""
    parts = len(params)
    tables = [to_tensor(p) for p in params]
    sizes = [t._raw_shape[0] if t._raw_shape is not None else None for t in tables]
    if all(s is not None for s in sizes):
        total: Any = sum(sizes)
        per, extra = divmod(total, parts)
        number = lambda n: m.number(n, ids)
    else:
        slice_ = lookup("StridedSlice")
        rows = [
            lookup("Cast")(slice_(lookup("Shape")(t), [0], [1], [1], shrink_axis_mask=1), DstT=ids._dtype)
            for t in tables
        ]
        total = lookup("AddN")(rows)
        per, extra = (
            lookup("FloorDiv")(total, m.number(parts, total)),
            lookup("FloorMod")(total, m.number(parts, total)),
        )
        number = lambda n: n
    flat = lookup("Reshape")(ids, [-1])
    per_t, extra_t = number(per), number(extra)
    floordiv, floormod, one = lookup("FloorDiv"), lookup("FloorMod"), m.number(1, flat)
    longer = m.add(per_t, one)
    part = m.maximum(floordiv(flat, longer), floordiv(m.sub(flat, extra_t), m.maximum(per_t, one)))
    select = lookup("SelectV2")
    offset = select(
        lookup("Less")(part, extra_t),
        floormod(flat, longer),
        floormod(m.sub(flat, extra_t), m.maximum(per_t, one)),
    )
    part = lookup("Cast")(part, DstT=dtypes.int32)
    out: Tensor | None = None
    for i, table in enumerate(params):
        mine = lookup("Equal")(part, i)
        rows_i = _rows(table, select(mine, offset, m.number(0, offset)), None)
        shape = rows_i._raw_shape
        if shape is None:
            raise ValueError("The rank of every part of a partitioned embedding must be known")
        keep = lookup("Reshape")(mine, [-1] + [1] * (len(shape) - 1))
        chosen = select(keep, rows_i, m.number(0, rows_i))
        out = chosen if out is None else m.add(out, chosen)
    assert out is not None
    tail = lookup("StridedSlice")(lookup("Shape")(out), [1], [0], [1], end_mask=1)
    return lookup("Reshape")(out, lookup("ConcatV2")([lookup("Shape")(ids), tail], 0))


@scoped("embedding_lookup", None)
def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: str | None = None) -> Tensor:
    """The rows `ids` of the table `params`.

    Args:
      params: a tensor or variable; or a list of them, a table cut into pieces of (nearly) equal size.
      ids: int32 or int64 row numbers of any shape.
      max_norm: rows of a greater Euclidean length are scaled down to it.

    Returns: shape `ids.shape + params.shape[1:]`.

    Raises:
      InvalidArgumentError: a row number is out of range (eager execution).

    >>> import headrace as tf
    >>> tf.nn.embedding_lookup([[1.0, 1.0], [2.0, 2.0]], [1, 1, 0]).numpy().tolist()
    [[2.0, 2.0], [2.0, 2.0], [1.0, 1.0]]
    """
    if params is None or (isinstance(params, (list, tuple)) and not params):
        raise ValueError(f"params must be specified. Received: params={params}")
    if hasattr(ids, "with_flat_values"):  # ragged
        return ids.with_flat_values(embedding_lookup(params, ids.flat_values, max_norm, name))
    ids = to_tensor(ids)
    if _is_partitioned(params):
        return called(_clipped(_partition(list(params), ids), ids, max_norm), "Reshape_1")
    table = (
        params[0]
        if isinstance(params, (list, tuple)) and len(params) == 1 and _is_table(params[0])
        else params
    )
    return called(_clipped(_rows(table, ids, name), ids, max_norm), "Identity")


def _is_table(value: Any) -> bool:
    """Whether the only element of a list is the table itself (and not the only row of one written as nested
    lists)."""
    return isinstance(value, Tensor) or hasattr(value, "__tf_tensor__") or hasattr(value, "handle")


# ------------------------------------------------------------------------------------------------- sparse ids
def _combine(
    rows: Tensor, segments: Tensor, weights: Tensor | None, count: Any, combiner: str, name: str | None
) -> Tensor:
    """Sums rows by segment, weighted, and normalises as the combiner says. `count`: the number of
    segments."""
    total_of = lambda v: lookup("UnsortedSegmentSum")(v, segments, count)
    shape = rows._raw_shape
    if shape is None:
        raise ValueError("The rank of `params` must be known")
    column = lambda v: lookup("Reshape")(v, [-1] + [1] * (len(shape) - 1))
    if weights is None:
        if combiner == "sum":
            return total_of(rows)
        weights = lookup("OnesLike")(lookup("Cast")(segments, DstT=rows._dtype))
    weights = weights if weights._dtype is rows._dtype else lookup("Cast")(weights, DstT=rows._dtype)
    total = total_of(m.mul(rows, column(weights)))
    if combiner == "sum":
        return total
    norm = total_of(weights) if combiner == "mean" else m.sqrt(total_of(m.square(weights)))
    return m.div_no_nan(total, column(norm), name)


def _looked_up_once(params: Any, ids: Tensor, max_norm: Any) -> Tensor:
    """The rows of ids, such that the table's gradient has all that belongs to one of its rows in one place: optimizers that square
    the gradient rely on that.

    Eagerly each different id is looked up once. In graphs, where the number of different ids would be a shape that nobody knows,
    the gradient is added up instead; its other places with the same id are zero."""
    if state.graph is None:
        unique, where = lookup("Unique")(ids, out_idx=dtypes.int32)
        return lookup("GatherV2")(embedding_lookup(params, unique, max_norm), where, 0)

    @custom_gradient
    def added_up(rows: Tensor) -> Any:
        def grad(g: Tensor) -> Tensor:
            return lookup("UnsortedSegmentSum")(g, owners(ids, _size(params)), places(ids)[1])

        return lookup("Identity")(rows), grad

    return added_up(embedding_lookup(params, ids, max_norm))


def _size(params: Any) -> Any:
    """How many rows a table has, or all its pieces have."""
    pieces = params if isinstance(params, (list, tuple)) and any(map(_is_table, params)) else [params]
    sizes = [_length(piece) for piece in pieces]
    return (
        sum(sizes)
        if all(isinstance(n, int) for n in sizes)
        else lookup("AddN")([to_tensor(n) for n in sizes])
    )


def _length(table: Any) -> Any:
    table = table if hasattr(table, "shape") else to_tensor(table)
    if table.shape.rank and table.shape[0] is not None:
        return table.shape[0]
    return lookup("StridedSlice")(lookup("Shape")(to_tensor(table)), [0], [1], [1], shrink_axis_mask=1)


def _check(sp_ids: Any, sp_weights: Any, combiner: str | None) -> str:
    combiner = combiner or "mean"
    if combiner not in ("mean", "sum", "sqrtn"):
        raise ValueError(f"combiner must be one of 'mean', 'sqrtn' or 'sum', got {combiner}")
    if not all(hasattr(sp_ids, a) for a in ("indices", "values", "dense_shape")):
        raise TypeError(f"sp_ids must be a SparseTensor, got {type(sp_ids)}")
    if sp_weights is not None and not hasattr(sp_weights, "values"):
        raise TypeError(f"sp_weights must be either None or SparseTensor, got {type(sp_weights)}")
    return combiner


def _row_numbers(sp_ids: Any) -> Tensor:
    return lookup("Cast")(
        lookup("StridedSlice")(
            sp_ids.indices, [0, 0], [0, 1], [1, 1], begin_mask=1, end_mask=1, shrink_axis_mask=2
        ),
        DstT=dtypes.int32,
    )


@scoped("embedding_lookup_sparse")
def embedding_lookup_sparse(
    params: Any,
    sp_ids: Any,
    sp_weights: Any,
    combiner: str | None = None,
    max_norm: Any = None,
    name: str | None = None,
    allow_fast_lookup: bool = False,
) -> Tensor:
    """For each row of the sparse matrix `sp_ids`, the combined embeddings of its ids.

    Args:
      params: the table; or a list of its pieces.
      sp_ids: a SparseTensor `[rows, any]` of int32 or int64 ids, sorted by row; every row has one at least.
      sp_weights: None, or a SparseTensor with a weight for each id.
      combiner: "mean" (the default), "sum", or "sqrtn" (the sum divided by the square root of the sum of
        squared weights).
      max_norm: rows of a greater Euclidean length are scaled down to it before.

    Returns: shape `[last row with ids + 1] + params.shape[1:]`.

    >>> import headrace as tf
    >>> ids = tf.sparse.SparseTensor([[0, 0], [0, 1]], tf.constant([0, 1]), [1, 2])
    >>> tf.nn.embedding_lookup_sparse(tf.constant([[1.0], [3.0]]), ids, None).numpy().tolist()
    [[2.0]]
    """
    combiner = _check(sp_ids, sp_weights, combiner)
    segments = _row_numbers(sp_ids)
    rows = _looked_up_once(params, sp_ids.values, max_norm)
    count = m.add(lookup("Max")(lookup("ConcatV2")([[-1], segments], 0), [0], keep_dims=False), 1)
    return _combine(rows, segments, None if sp_weights is None else sp_weights.values, count, combiner, name)


@scoped("embedding_lookup", "Reshape_2")
def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: Any,
    sparse_weights: Any = None,
    combiner: str = "mean",
    default_id: Any = None,
    max_norm: Any = None,
    name: str | None = None,
    allow_fast_lookup: bool = False,
) -> Tensor:
    """`embedding_lookup_sparse` that takes invalid ids (negative ones; those of weight 0 or less, except for
    "sum") for missing, and rows without ids: they give the embedding of `default_id`, or zeros. `sparse_ids`
    may have more than two dimensions, the last of which is combined.

    >>> import headrace as tf
    >>> ids = tf.sparse.SparseTensor([[0, 0], [2, 0]], tf.constant([1, -1]), [3, 1])
    >>> tf.nn.safe_embedding_lookup_sparse(tf.constant([[1.0], [3.0]]), ids).numpy().tolist()
    [[3.0], [0.0], [0.0]]
    """
    if embedding_weights is None or (isinstance(embedding_weights, (list, tuple)) and not embedding_weights):
        raise ValueError(f"Missing embedding_weights {embedding_weights}.")
    combiner = _check(sparse_ids, sparse_weights, combiner)
    slice_ = lookup("StridedSlice")
    shape = sparse_ids.dense_shape
    leading = slice_(shape, [0], [-1], [1])
    count = lookup("Prod")(leading, [0], keep_dims=False)
    rank = sparse_ids.indices._raw_shape[1] if sparse_ids.indices._raw_shape is not None else None
    if rank == 2:
        segments = _row_numbers(sparse_ids)
    else:  # leading dimensions are rows, too
        strides = lookup("Cumprod")(leading, 0, exclusive=True, reverse=True)
        positions = slice_(sparse_ids.indices, [0, 0], [0, -1], [1, 1], begin_mask=3, end_mask=1)
        segments = lookup("Cast")(
            lookup("Sum")(m.mul(positions, strides), [1], keep_dims=False), DstT=dtypes.int32
        )
    ids = sparse_ids.values
    valid = lookup("GreaterEqual")(ids, m.number(0, ids))
    if sparse_weights is not None and combiner != "sum":
        valid = lookup("LogicalAnd")(
            valid, lookup("Greater")(sparse_weights.values, m.number(0, sparse_weights.values))
        )
    select, cast = lookup("SelectV2"), lookup("Cast")
    rows = _looked_up_once(embedding_weights, select(valid, ids, m.number(0, ids)), max_norm)
    mask = cast(valid, DstT=rows._dtype)
    weights = (
        mask
        if sparse_weights is None
        else select(valid, cast(sparse_weights.values, DstT=rows._dtype), m.number(0, rows))
    )
    out = _combine(rows, segments, weights, cast(count, DstT=dtypes.int32), combiner, name)
    if default_id is not None:
        filled = lookup("UnsortedSegmentSum")(mask, segments, cast(count, DstT=dtypes.int32))
        empty = lookup("Equal")(filled, m.number(0, filled))
        default = embedding_lookup(embedding_weights, cast(to_tensor(default_id), DstT=ids._dtype), max_norm)
        out = select(lookup("Reshape")(empty, [-1] + [1] * (len(out._raw_shape) - 1)), default, out)  # type: ignore[arg-type]
    if rank == 2:
        return out
    tail = slice_(lookup("Shape")(out), [1], [0], [1], end_mask=1)
    return lookup("Reshape")(out, lookup("ConcatV2")([cast(leading, DstT=dtypes.int32), tail], 0))
