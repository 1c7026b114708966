"""Functions of 1.x that have no counterpart of the same meaning in `tf`: casts, old divisions, arrays and strings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.shapes import Dimension

from .compat import dimension_at_index, dimension_value


def _to(dtype: Any, name: str) -> Callable[..., Any]:
    def convert(x: Any, name: str = name) -> Any:
        from .dtypes import cast

        return cast(x, dtype, name=name)

    convert.__name__ = convert.__qualname__ = (
        f"to_{dtype.name}" if dtype is not dtypes.float64 else "to_double"
    )
    convert.__doc__ = f"`x` as {dtype.name}."
    return convert


to_float, to_double, to_int32, to_int64, to_bfloat16, to_complex64, to_complex128 = [
    _to(d, n)
    for d, n in (
        (dtypes.float32, "ToFloat"), (dtypes.float64, "ToDouble"), (dtypes.int32, "ToInt32"), (dtypes.int64, "ToInt64"),
        (dtypes.bfloat16, "ToBFloat16"), (dtypes.complex64, "ToComplex64"), (dtypes.complex128, "ToComplex128"),
    )
]  # fmt: skip


def div(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y; of integers rounded down.

    >>> import headrace as tf
    >>> int(tf.compat.v1.div(7, 2))
    3
    """
    x = to_tensor(x)
    y = to_tensor(y, x._dtype)
    op = "RealDiv" if x._dtype.kind in "fc" else "FloorDiv"
    return lookup(op)(x, y, name=name or "div")


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Entries of `x` where `condition` is true, of `y` elsewhere; the indices of true entries if neither is given.

    `x` and `y` have one shape, which `condition` has too, unless it is a vector that chooses rows, or a scalar.
    """
    if x is None and y is None:
        return lookup("Where")(to_tensor(condition), name=name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return lookup("Select")(condition, x, y, name=name)


@scoped("clip_by_average_norm")
def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Any:
    """`t`, scaled so that its norm divided by its number of entries is at most `clip_norm`."""
    t = to_tensor(t)
    from .dtypes import cast
    from .math import minimum, reduce_sum, rsqrt

    n = cast(lookup("Size")(t), t._dtype)
    inverse = n * rsqrt(reduce_sum(t * t))
    return lookup("Mul")(t * clip_norm, minimum(inverse, to_tensor(1.0, t._dtype) / clip_norm), name=name)


def setdiff1d(x: Any, y: Any, index_dtype: Any = dtypes.int32, name: str | None = None) -> Any:
    """`(out, idx)`: the entries of `x` that are not in `y`, and where they are."""
    import collections

    result = lookup("ListDiff")(x, y, out_idx=dtypes.as_dtype(index_dtype), name=name)
    return collections.namedtuple("ListDiff", ["out", "idx"])(*result)


@scoped("BatchGather", "Reshape_3")
def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """`tf.gather` along the last dimension of `indices`, whose others are those of `params`."""
    from .gathering import gather

    indices, params = to_tensor(indices), to_tensor(params)
    if indices._raw_shape is None:
        raise ValueError("batch_gather does not allow indices with unknown shape.")
    return gather(
        params, indices, batch_dims=len(indices._raw_shape) - 1, axis=len(indices._raw_shape) - 1, name=name
    )


def space_to_batch(
    input: Any, paddings: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None
) -> Any:
    """Blocks of space become entries of the batch. `block_size` is for both of two dimensions."""
    shape = (
        block_shape
        if block_size is None
        else [block_size, block_size]
        if isinstance(block_size, int)
        else block_size
    )
    return lookup("SpaceToBatchND")(input, to_tensor(shape), to_tensor(paddings), name=name)


def batch_to_space(
    input: Any, crops: Any, block_size: Any, name: str | None = None, block_shape: Any = None
) -> Any:
    """The inverse of `space_to_batch`."""
    shape = (
        block_shape
        if block_shape is not None
        else [block_size, block_size]
        if isinstance(block_size, int)
        else block_size
    )
    return lookup("BatchToSpaceND")(input, to_tensor(shape), to_tensor(crops), name=name)


def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Any:
    """Entries of the batch become blocks of space, in any number of dimensions."""
    return lookup("BatchToSpaceND")(input, to_tensor(block_shape), to_tensor(crops), name=name)


def sparse_to_dense(
    sparse_indices: Any, output_shape: Any, sparse_values: Any, default_value: Any = 0, validate_indices: bool = True,
    name: str | None = None,
) -> Any:  # fmt: skip
    """A dense tensor with `sparse_values` at `sparse_indices` and `default_value` elsewhere."""
    values = to_tensor(sparse_values)
    indices = to_tensor(sparse_indices)
    return lookup("SparseToDense")(
        indices, to_tensor(output_shape, indices._dtype), values, to_tensor(default_value, values._dtype),
        validate_indices=validate_indices, name=name,
    )  # fmt: skip


def sparse_matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The product of two matrices, float32 or bfloat16, as float32. That they have many zeros needs nothing to be done."""
    from .dtypes import cast

    a, b = cast(to_tensor(a), dtypes.float32), cast(to_tensor(b), dtypes.float32)
    return lookup("MatMul")(a, b, transpose_a=transpose_a, transpose_b=transpose_b, name=name)


@scoped("StringSplit", None)
def string_split(
    source: Any, sep: Any = None, skip_empty: bool = True, delimiter: Any = None, result_type: str = "SparseTensor",
    name: str | None = None,
) -> Any:  # fmt: skip
    """A vector of strings, each split at the characters of `sep` (" " by default)."""
    if delimiter is not None and sep is not None:
        raise ValueError("Cannot specify both 'delimiter' and 'sep' of string_split(): they are the same.")
    sep = " " if sep is None and delimiter is None else delimiter if sep is None else sep
    indices, values, shape = lookup("StringSplit")(to_tensor(source), sep, skip_empty=skip_empty, name=name)
    return _split_result(indices, values, shape, result_type)


@scoped("StringSplit", "StringSplitV2", "StringSplitV2", "StringSplitV2")
def strings_split(
    input: Any = None, sep: Any = None, maxsplit: int = -1, result_type: str = "SparseTensor", source: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Strings split at `sep` (at white space by default), as a SparseTensor or a RaggedTensor."""
    from .strings import split as ragged

    if input is not None and source is not None:
        raise ValueError("Cannot specify both 'source' and 'input' of split(): they are the same.")
    result = ragged(source if input is None else input, sep, maxsplit, name=name)
    if result_type == "RaggedTensor":
        return result
    if result_type != "SparseTensor":
        raise ValueError("result_type must be one of ('SparseTensor', 'RaggedTensor').")
    return result.to_sparse()


def _split_result(indices: Any, values: Any, shape: Any, result_type: str) -> Any:
    from .composite import RaggedTensor, SparseTensor

    if result_type == "SparseTensor":
        return SparseTensor(indices, values, shape)
    if result_type != "RaggedTensor":
        raise ValueError("result_type must be one of ('SparseTensor', 'RaggedTensor').")
    rows = lookup("StridedSlice")(
        indices, [0, 0], [0, 1], [1, 1], begin_mask=3, end_mask=1, shrink_axis_mask=2
    )
    count = lookup("StridedSlice")(shape, [0], [1], [1], shrink_axis_mask=1)
    return RaggedTensor.from_value_rowids(values, rows, nrows=count)


ROOT = [
    "Dimension", "batch_gather", "batch_to_space", "batch_to_space_nd", "clip_by_average_norm", "dimension_at_index",
    "dimension_value", "div", "setdiff1d", "space_to_batch", "sparse_matmul", "sparse_to_dense", "string_split",
    "to_bfloat16", "to_complex128", "to_complex64", "to_double", "to_float", "to_int32", "to_int64", "where",
]  # fmt: skip
FUNCTIONS = {"strings.split": strings_split}
NAMES = {"strings": ["split"], "manip": ["batch_to_space_nd"], "nn": ["space_to_batch", "batch_to_space"]}
__all__ = [*ROOT]  # noqa: PLE0604 - a list of names
