"""Assertions about ranks, shapes and types: most are decided while building, the rest when the graph runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.shapes import size_of
from headrace.core.static import static_value
from headrace.core.tensor import Tensor

from .assertions import Assert, _label, _prefix
from .script import group, no_op

_NUMERIC = frozenset({*dtypes.NUMERIC, dtypes.qint8, dtypes.qint32, dtypes.quint8})


# ------------------------------------------------------------------------------------------------------ ranks
def _tensor(x: Any) -> Any:
    return x if hasattr(x, "dense_shape") else to_tensor(x)


def _rank_of(x: Any) -> Tensor:
    return lookup("Size")(x.dense_shape) if hasattr(x, "dense_shape") else lookup("Rank")(x)


def _name(x: Any) -> str:
    return "" if hasattr(x, "dense_shape") or x._is_eager else x.name


def _rank(
    x: Any,
    ranks: list[Any],
    holds: Callable[[int, list[int]], bool],
    words: str,
    dynamic: Callable[[Tensor, list[Tensor]], Tensor],
    message: str | None,
    name: str | None,
    summarize: int | None = None,
    data: Any = None,
) -> Any:
    x = _tensor(x)
    wanted = [to_tensor(r) for r in ranks]
    for r in wanted:
        assert_type(r, dtypes.int32)
    known = [static_value(r) for r in wanted]
    if any(k is not None and k.ndim for k in known):
        raise ValueError("Rank must be a scalar.")
    actual = x.shape.rank
    if actual is not None and all(k is not None for k in known):
        values = [int(k) for k in known]  # type: ignore[arg-type]
        if not holds(actual, values):
            shown = tuple(values) if words.endswith(" in") else values[0]
            raise ValueError(
                f"{_prefix(message)}Tensor {_name(x)} must have {words} {shown}.  Received rank {actual},"
                f" shape {x.shape}"
            )
        return no_op("static_checks_determined_all_ok")
    received = x.dense_shape if hasattr(x, "dense_shape") else lookup("Shape")(x)
    if data is None:
        data = [
            _prefix(message),
            f"Tensor {_name(x)} must have {words}",
            *wanted,
            "Received shape: ",
            received,
        ]
    return Assert(dynamic(_rank_of(x), wanted), data, summarize, name)


def _any_equal(rank: Tensor, wanted: list[Tensor]) -> Tensor:
    if not wanted:
        return to_tensor(False)
    out = lookup("Equal")(rank, wanted[0])
    for w in wanted[1:]:
        out = lookup("LogicalOr")(out, lookup("Equal")(rank, w))
    return out


# How a rank is compared with those wanted: while building, in words, when the graph runs.
_RANKS: dict[str, tuple[Callable[[int, list[int]], bool], str, Callable[..., Tensor]]] = {
    "rank": (lambda a, w: a == w[0], "rank", _any_equal),
    "rank_at_least": (
        lambda a, w: a >= w[0],
        "rank at least",
        lambda r, w: lookup("GreaterEqual")(r, w[0]),
    ),
    "rank_in": (lambda a, w: a in w, "rank in", _any_equal),
}


_RANKED = {kind: scoped(f"assert_{kind}", None)(_rank) for kind in _RANKS}


def ranked(
    kind: str, x: Any, ranks: Any, data: Any, summarize: int | None, message: str | None, name: str | None
) -> Any:
    """The assertion `assert_<kind>` of a rank, which shows `data` (None: what was expected and received) when the run
    finds that it does not hold."""
    return _RANKED[kind](x, list(ranks), *_RANKS[kind], message, name, summarize, data)


def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises ValueError (InvalidArgumentError when only the run can tell) unless `x` has that rank."""
    return ranked("rank", x, [rank], None, None, message, name)


def assert_rank_at_least(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises ValueError (InvalidArgumentError when only the run can tell) unless `x` has that rank or a
    higher one."""
    return ranked("rank_at_least", x, [rank], None, None, message, name)


def assert_rank_in(x: Any, ranks: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises ValueError (InvalidArgumentError when only the run can tell) unless the rank of `x` is one of
    `ranks`."""
    return ranked("rank_in", x, ranks, None, None, message, name)


def assert_scalar(tensor: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless the value is a scalar."""
    tensor = to_tensor(tensor, name=name)
    if tensor._raw_shape != ():
        whose = "" if tensor._is_eager else f" for {tensor.name}"
        raise ValueError(f"{_prefix(message)}Expected scalar shape{whose}, saw shape: {tensor.shape}.")


# ----------------------------------------------------------------------------------------------------- shapes
def _size(x: Any, dim: int) -> Any:
    """One dimension's size: an int if it is known, else a tensor. A scalar counts as a vector of one."""
    shape = x.shape
    if shape.rank == 0:
        return 1
    if (size := size_of(x, dim)) is not None:
        return size
    sizes = x.dense_shape if hasattr(x, "dense_shape") else lookup("Shape")(x)
    if shape.rank is not None and dim < 0:
        dim += shape.rank
    return lookup("StridedSlice")(
        sizes, [dim], [dim + 1 if dim != -1 else 0], [1], shrink_axis_mask=1, end_mask=1 if dim == -1 else 0
    )


def assert_shapes(
    shapes: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """Raises ValueError (InvalidArgumentError when only the run can tell) unless shapes and relations between
    them hold.

    Args:
      shapes: pairs `(tensor, shape)`, or a dict. A shape's entries are sizes, symbols (equal symbols are
        equal sizes), or None or "." for any size; a first entry `...` or "*" stands for any leading
        dimensions.

    >>> import headrace as tf
    >>> tf.debugging.assert_shapes([(tf.ones([2, 3]), ("N", 3)), (tf.zeros([2]), ("N",))])
    """
    prefix = _prefix(message)
    pairs = [
        (_tensor(x), s) for x, s in (shapes.items() if isinstance(shapes, dict) else shapes) if s is not None
    ]
    checks: list[Any] = []
    rules = []
    for x, shape in pairs:
        if not hasattr(shape, "__iter__"):
            raise ValueError(
                f"{prefix}Tensor {_label(x)}.  Specified shape must be an iterable.  An iterable has the"
                f" attribute `__iter__` or `__getitem__`.  Received specified shape: {shape}"
            )
        symbols = tuple(shape)
        for i, s in enumerate(symbols):
            if i and (s is Ellipsis or (isinstance(s, str) and s == "*")):
                raise ValueError(
                    f"{prefix}Tensor {_label(x)} specified shape index {i}.  Symbol `...` or `*` for a"
                    " variable number of unspecified dimensions is only allowed as the first entry"
                )
        innermost = bool(symbols) and (
            symbols[0] is Ellipsis or (isinstance(symbols[0], str) and symbols[0] == "*")
        )
        symbols = symbols[1:] if innermost else symbols
        rules.append((x, innermost, symbols or (1,)))
    for x, innermost, symbols in rules:
        rank = len(symbols)
        if innermost and rank > 1:
            checks.append(
                _rank(
                    x,
                    [rank],
                    lambda a, w: a >= w[0],
                    "rank at least",
                    lambda r, w: lookup("GreaterEqual")(r, w[0]),
                    message,
                    name,
                    summarize,
                    data,
                )
            )
        elif not innermost:
            wanted = [0, 1] if rank < 2 else [rank]
            checks.append(
                _rank(
                    x,
                    wanted,
                    lambda a, w: a in w,
                    "rank in" if rank < 2 else "rank",
                    _any_equal,
                    message,
                    name,
                    summarize,
                    data,
                )
            )
    seen: dict[Any, tuple[Any, Any, int]] = {}
    for x, innermost, symbols in rules:
        for i, s in enumerate(symbols):
            if s is None or (isinstance(s, str) and s == "."):
                continue
            dim = i - len(symbols) if innermost else i
            actual = _size(x, dim)
            wanted_size, why = _wanted(s, seen)
            if wanted_size is None:
                seen[s] = actual, x, dim
            elif isinstance(actual, int) and isinstance(wanted_size, int):
                if actual != wanted_size:
                    raise ValueError(
                        f"{prefix}{why}.  Tensor {_label(x)} dimension {dim} must have size {wanted_size}. "
                        f" Received size {actual}, shape {x.shape}"
                    )
            else:
                shown = data or [
                    prefix,
                    why,
                    f"Tensor {_label(x)} dimension",
                    dim,
                    "must have size",
                    wanted_size,
                    "Received shape: ",
                    lookup("Shape")(x),
                ]
                checks.append(
                    Assert(lookup("Equal")(to_tensor(actual), to_tensor(wanted_size)), shown, summarize)
                )
    return group(*[c for c in checks if c is not None])


def _wanted(symbol: Any, seen: dict[Any, tuple[Any, Any, int]]) -> tuple[Any, str]:
    try:
        return int(symbol), "Specified explicitly"
    except (TypeError, ValueError):
        pass  # a name, not a size
    if symbol not in seen:
        return None, ""
    size, x, dim = seen[symbol]
    return size, f"Specified by tensor {_label(x)} dimension {dim}"


# ------------------------------------------------------------------------------------------------------ types
@scoped("assert_type", "statically_determined_correct_type")
def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises TypeError unless the tensor has that dtype."""
    tf_type = as_dtype(tf_type)
    tensor = _tensor(tensor)
    if tensor.dtype is not tf_type:
        who = "tensor" if getattr(tensor, "_is_eager", True) else tensor.name
        raise TypeError(f"{_prefix(message)}{who} must be of type {tf_type!r}; got {tensor.dtype!r}")
    return no_op()


@scoped("assert_integer", "statically_determined_was_integer")
def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises TypeError unless the tensor's dtype is an integer type."""
    x = to_tensor(x)
    if not x._dtype.is_integer:
        who = "tensor" if x._is_eager else x.name
        raise TypeError(
            f'{_prefix(message)}Expected "x" to be integer type.  Found: {who} of dtype {x.dtype!r}'
        )
    return no_op()


def assert_proper_iterable(values: Any) -> None:
    """Raises TypeError unless `values` is a collection: not a tensor, an array or a string, all of which
    iterate by accident."""
    if isinstance(values, (Tensor, np.ndarray, str, bytes)) or hasattr(values, "dense_shape"):
        raise TypeError(f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}')
    if not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be iterable.  Found: {type(values)}')


def assert_same_float_dtype(tensors: Any = None, dtype: DType | None = None) -> DType:
    """The one float type of all `tensors` (None entries are skipped) and `dtype`; float32 if nothing says.

    Raises:
      ValueError: the types differ, or are no float type.
    """
    first = None
    for t in tensors or ():
        if t is None:
            continue
        if dtype is None:
            dtype, first = t.dtype, t
        elif t.dtype is not as_dtype(dtype):
            as_what = f" as {_describe(first)}" if first is not None else ""
            raise ValueError(f"{_describe(t)}, type={t.dtype}, must be of the same type ({dtype}){as_what}.")
    if dtype is None:
        return dtypes.float32
    dtype = as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"Expected floating point type, got {dtype}.")
    return dtype


def _describe(t: Any) -> str:
    return str(t) if getattr(t, "_is_eager", False) else getattr(t, "name", str(t))


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether it is a tensor of numbers.

    >>> import headrace as tf
    >>> tf.debugging.is_numeric_tensor(tf.constant("a")), tf.debugging.is_numeric_tensor(tf.constant(1))
    (False, True)
    """
    return isinstance(tensor, Tensor) and tensor._dtype in _NUMERIC
