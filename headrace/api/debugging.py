"""`tf.debugging`: assertions that raise in eager code at once and in graphs when they run, and checks for NaN
and infinity.

What can be decided while building (types, ranks, known shapes and values) raises then and there."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.op import lookup
from headrace.core.state import set_observers, state
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops import debug as ops
from headrace.ops.script import ASSERT

from . import debugging_experimental as experimental
from .script import group, no_op

_NUMERIC = frozenset({*dtypes.NUMERIC, dtypes.qint8, dtypes.qint32, dtypes.quint8})


# --------------------------------------------------------------------------------------------------- the base
def Assert(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> Any:
    """Raises InvalidArgumentError, showing `data`, when `condition` is false: now if eager, when the graph
    runs otherwise.

    Args:
      condition: a boolean tensor.
      data: a list of tensors or values to print.
      summarize: how many entries of each are printed (3 by default, all if negative).

    Returns:
      None when eager; the operation in a graph (in a `tf.function` it runs in any case).

    >>> import headrace as tf
    >>> tf.debugging.Assert(tf.constant(True), ["never printed"])
    """
    if state.graph is None:
        if not condition:
            shown = "\n".join([_summary(to_tensor(x), summarize) for x in data])
            raise errors.InvalidArgumentError(
                None, None, f"Expected '{condition}' to be true. Summarized data: {shown}"
            )
        return None
    condition = to_tensor(condition, dtypes.bool_)
    known = static_value(condition)
    if known is not None and known.all():
        return no_op(name)
    return ASSERT(
        condition,
        [to_tensor(x) for x in data],
        summarize=3 if summarize is None else summarize,
        name=name or "Assert",
    )


def _summary(x: Any, summarize: int | None) -> str:
    array = x._host()
    limit = 3 if summarize is None else array.size if summarize < 0 else summarize
    if array.ndim == 0:
        return str(x.numpy()) if limit else ""
    flat = array.reshape(-1)
    return ", ".join([str(v) for v in flat[:limit]] + (["..."] if limit < flat.size else []))


def _prefix(message: str | None) -> str:
    return f"{message}.  " if message else ""


def _label(x: Any) -> str:
    """How an assertion names a tensor: in a graph by its name, else by its shape and type."""
    return f"shape={x.shape} dtype={x.dtype.name}" if x._is_eager else x.name


# ------------------------------------------------------------------------------------------------ two tensors
def _compare(
    op_name: str,
    symbol: str,
    static: Callable[..., Any],
    x: Any,
    y: Any,
    data: Any,
    summarize: int | None,
    message: str | None,
    name: str | None,
) -> Any:
    x = to_tensor(x)
    y = to_tensor(y, hint=x._dtype)
    test = lookup(op_name)(x, y)
    if state.graph is None:
        if bool(test._host().all()):
            return None
        limit = 3 if summarize is None else 10**9 if summarize < 0 else summarize
        data = _differences(symbol, x, y, limit, test) if data is None else data
        lines = [_pretty(d, limit) for d in ([message, *data] if message is not None else data)]
        raise errors.InvalidArgumentError(None, None, "\n".join(lines))
    if data is None:
        data = [
            f"Condition x {symbol} y did not hold element-wise:",
            f"x ({x.name}) = ",
            x,
            f"y ({y.name}) = ",
            y,
        ]
    if message is not None:
        data = [message, *data]
    a, b = static_value(x), static_value(y)
    if a is not None and b is not None and not np.all(static(a, b)):
        known = [static_value(d) if isinstance(d, Tensor) else d for d in data]
        raise errors.InvalidArgumentError(
            None, None, "\n".join([str(d if k is None else k) for d, k in zip(data, known)])
        )
    return Assert(_all(test), data, summarize, name)


def _all(test: Tensor) -> Tensor:
    rank = lookup("Rank")(test)
    return lookup("All")(test, lookup("Range")(0, rank, 1), keep_dims=False)


def _differences(symbol: str, x: Any, y: Any, limit: int, test: Any) -> list[Any]:
    data: list[Any] = [f"Condition x {symbol} y did not hold."]
    a, b = x._host(), y._host()
    if limit > 0:
        if a.shape == b.shape and a.ndim:
            wrong = ~test._host()
            where = np.argwhere(wrong)
            n = min(limit, len(where))
            data += [
                f"Indices of first {n} different values:",
                where[:n],
                "Corresponding x values:",
                a[wrong][:n],
                "Corresponding y values:",
                b[wrong][:n],
            ]
        for label, array in (("x", a), ("y", b)):
            n = min(array.size, limit)
            data += [f"First {n} elements of {label}:", array.reshape(-1)[:n]]
    return data


def _pretty(item: Any, limit: int) -> str:
    if not isinstance(item, Tensor):
        return str(item)
    array = item._host()  # type: ignore[attr-defined]
    if array.ndim == 0:
        return str(item.numpy())  # type: ignore[attr-defined]
    flat = array.reshape(-1)
    return str([str(v) for v in flat[:limit]] + (["..."] if limit < flat.size else []))


def assert_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless `x == y` for every pair of (broadcast) elements.

    Args:
      message: goes before the error's text.
      summarize: how many elements the error shows (3 by default, all if negative).

    Returns:
      None when eager, else the operation that checks.

    >>> import headrace as tf
    >>> tf.debugging.assert_equal([1, 2], tf.constant([1, 2]))
    """
    if x is y:
        return no_op()
    return _compare("Equal", "==", np.equal, x, y, None, summarize, message, name)


def assert_none_equal(
    x: Any, y: Any, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless `x != y` for every pair of elements. See `assert_equal`."""
    return _compare("NotEqual", "!=", np.not_equal, x, y, None, summarize, message, name)


def assert_less(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless `x < y` for every pair of elements. See `assert_equal`."""
    return _compare("Less", "<", np.less, x, y, None, summarize, message, name)


def assert_less_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless `x <= y` for every pair of elements. See `assert_equal`."""
    return _compare("LessEqual", "<=", np.less_equal, x, y, None, summarize, message, name)


def assert_greater(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless `x > y` for every pair of elements. See `assert_equal`."""
    return _compare("Greater", ">", np.greater, x, y, None, summarize, message, name)


def assert_greater_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless `x >= y` for every pair of elements. See `assert_equal`."""
    return _compare("GreaterEqual", ">=", np.greater_equal, x, y, None, summarize, message, name)


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Any:
    """Raises InvalidArgumentError unless `|x - y| < atol + rtol * |y|` everywhere.

    Args:
      rtol, atol: ten times the type's machine epsilon by default.

    >>> import headrace as tf
    >>> tf.debugging.assert_near(tf.constant(1.0), tf.constant(1.0 + 1e-7))
    """
    x = to_tensor(x)
    y = to_tensor(y, x._dtype)
    dtype = x._dtype.real_dtype
    import ml_dtypes

    default = 10 * float(ml_dtypes.finfo(dtype._np).eps)
    rtol, atol = (to_tensor(default if t is None else t, dtype) for t in (rtol, atol))
    size = functools.partial(lookup("ComplexAbs"), Tout=dtype) if x._dtype.is_complex else lookup("Abs")
    bound = lookup("AddV2")(atol, lookup("Mul")(rtol, size(y)))
    data = [
        _prefix(message),
        f"x and y not equal to tolerance rtol = {rtol}, atol = {atol}",
        f"x ({_label(x)}) = ",
        x,
        f"y ({_label(y)}) = ",
        y,
    ]
    return Assert(_all(lookup("Less")(size(lookup("Sub")(x, y)), bound)), data, summarize, name)


# ------------------------------------------------------------------------------------------- sign of a tensor
def _sign(
    condition: str, op_name: str, symbol: str, static: Callable[..., Any], zero_first: bool
) -> Callable[..., Any]:
    def check(
        x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
    ) -> Any:
        x = to_tensor(x)
        data = [
            _prefix(message),
            f"Condition {condition} did not hold element-wise:",
            f"x ({_label(x)}) = ",
            x,
        ]
        zero = to_tensor(0, x._dtype)
        first, second = (zero, x) if zero_first else (x, zero)
        return _compare(op_name, symbol, static, first, second, data, summarize, None, name)

    return check


_negative = _sign("x < 0", "Less", "<", np.less, False)
_positive = _sign("x > 0", "Less", "<", np.less, True)
_non_negative = _sign("x >= 0", "LessEqual", "<=", np.less_equal, True)
_non_positive = _sign("x <= 0", "LessEqual", "<=", np.less_equal, False)


def assert_negative(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless every element is < 0."""
    return _negative(x, message, summarize, name)


def assert_positive(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless every element is > 0."""
    return _positive(x, message, summarize, name)


def assert_non_negative(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless every element is >= 0."""
    return _non_negative(x, message, summarize, name)


def assert_non_positive(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless every element is <= 0."""
    return _non_positive(x, message, summarize, name)


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
        return no_op()
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


def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises ValueError (InvalidArgumentError when only the run can tell) unless `x` has that rank."""
    return _rank(x, [rank], lambda a, w: a == w[0], "rank", _any_equal, message, name)


def assert_rank_at_least(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises ValueError (InvalidArgumentError when only the run can tell) unless `x` has that rank or a
    higher one."""
    return _rank(
        x,
        [rank],
        lambda a, w: a >= w[0],
        "rank at least",
        lambda r, w: lookup("GreaterEqual")(r, w[0]),
        message,
        name,
    )


def assert_rank_in(x: Any, ranks: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises ValueError (InvalidArgumentError when only the run can tell) unless the rank of `x` is one of
    `ranks`."""
    return _rank(x, list(ranks), lambda a, w: a in w, "rank in", _any_equal, message, name)


def assert_scalar(tensor: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless the value is a scalar."""
    tensor = to_tensor(tensor, name=name)
    if tensor._raw_shape != ():
        whose = "" if tensor._is_eager else f" for {tensor.name}"  # type: ignore[attr-defined]
        raise ValueError(f"{_prefix(message)}Expected scalar shape{whose}, saw shape: {tensor.shape}.")


# ----------------------------------------------------------------------------------------------------- shapes
def _size(x: Any, dim: int) -> Any:
    """One dimension's size: an int if it is known, else a tensor. A scalar counts as a vector of one."""
    shape = x.shape
    if shape.rank == 0:
        return 1
    if shape.rank is not None and shape[dim] is not None:
        return int(shape[dim])
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
def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises TypeError unless the tensor has that dtype."""
    tf_type = as_dtype(tf_type)
    tensor = _tensor(tensor)
    if tensor.dtype is not tf_type:
        who = "tensor" if getattr(tensor, "_is_eager", True) else tensor.name
        raise TypeError(f"{_prefix(message)}{who} must be of type {tf_type!r}; got {tensor.dtype!r}")
    return no_op()


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises TypeError unless the tensor's dtype is an integer type."""
    x = to_tensor(x)
    if not x._dtype.is_integer:
        who = "tensor" if x._is_eager else x.name  # type: ignore[attr-defined]
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


# --------------------------------------------------------------------------------------------------- numerics
def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """The tensor itself; InvalidArgumentError that says `message` when it has a NaN or an infinity.

    >>> import headrace as tf
    >>> tf.debugging.check_numerics(tf.constant(1.0), "loss").numpy()
    np.float32(1.0)
    """
    return ops.CHECK_NUMERICS(tensor, message=message, name=name)


def assert_all_finite(x: Any, message: str, name: str | None = None) -> Tensor:
    """The tensor itself; InvalidArgumentError that says `message` when it has a NaN or an infinity."""
    return ops.CHECK_NUMERICS(to_tensor(x), message=message, name=name)


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """From here on, every float result of every op in this thread is checked; a NaN or an infinity raises
    InvalidArgumentError that names the op, its inputs and, in a graph, the line that made it.

    Graphs built before are not checked.

    Args:
      stack_height_limit: kept for compatibility; the error shows the user's own line.
      path_length_limit: longer file names are cut at the front.
    """
    if not any(isinstance(o, ops.NumericsObserver) for o in state.observers):
        set_observers((*state.observers, ops.NumericsObserver(stack_height_limit, path_length_limit)))


def disable_check_numerics() -> None:
    """Ends what `enable_check_numerics` began; nothing happens if it did not."""
    set_observers(tuple([o for o in state.observers if not isinstance(o, ops.NumericsObserver)]))


# ------------------------------------------------------------------------------------- switches of the system
class _Switches:
    log_placement = False
    filter_tracebacks = True


def set_log_device_placement(enabled: bool) -> None:
    """Whether every op that runs eagerly says on which device, in the log `headrace`."""
    _Switches.log_placement = enabled
    others = tuple([o for o in state.observers if o is not _log_placement])
    set_observers((*others, _log_placement) if enabled else others)


def get_log_device_placement() -> bool:
    """Whether op placement is logged."""
    return _Switches.log_placement


def _log_placement(op: Any, inputs: Any, attrs: Any, outputs: Any) -> None:
    import logging

    for y in outputs:
        if y._is_eager:
            logging.getLogger("headrace").warning("Executing op %s in device %s", op.name, y.device)
            return


def enable_traceback_filtering() -> None:
    """Leaves this package's own frames out of the tracebacks of errors that reach the user (the default)."""
    _Switches.filter_tracebacks = True


def disable_traceback_filtering() -> None:
    """Shows full tracebacks, this package's own frames included."""
    _Switches.filter_tracebacks = False


def is_traceback_filtering_enabled() -> bool:
    """Whether tracebacks leave out this package's own frames."""
    return _Switches.filter_tracebacks


__all__ = [
    "Assert",
    "assert_all_finite",
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_integer",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_none_equal",
    "assert_positive",
    "assert_proper_iterable",
    "assert_rank",
    "assert_rank_at_least",
    "assert_rank_in",
    "assert_same_float_dtype",
    "assert_scalar",
    "assert_shapes",
    "assert_type",
    "check_numerics",
    "disable_check_numerics",
    "disable_traceback_filtering",
    "enable_check_numerics",
    "enable_traceback_filtering",
    "experimental",
    "get_log_device_placement",
    "is_numeric_tensor",
    "is_traceback_filtering_enabled",
    "set_log_device_placement",
]
ROOT = ["Assert", "assert_equal", "assert_greater", "assert_less", "assert_rank"]
