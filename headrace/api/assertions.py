"""Assertions about values: they raise in eager code at once, in graphs when they run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.convert import to_tensor
from headrace.core.errors import invalid
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.state import state
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.script import ASSERT

from .script import no_op


@scoped("Assert", "Assert")
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
            raise invalid(f"Expected '{condition}' to be true. Summarized data: {shown}")
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
        raise invalid("\n".join(lines))
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
        raise invalid("\n".join([str(d if k is None else k) for d, k in zip(data, known)]))
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
    array = item._host()
    if array.ndim == 0:
        return str(item.numpy())
    flat = array.reshape(-1)
    return str([str(v) for v in flat[:limit]] + (["..."] if limit < flat.size else []))


COMPARISONS: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "equal": ("Equal", "==", np.equal),
    "none_equal": ("NotEqual", "!=", np.not_equal),
    "less": ("Less", "<", np.less),
    "less_equal": ("LessEqual", "<=", np.less_equal),
    "greater": ("Greater", ">", np.greater),
    "greater_equal": ("GreaterEqual", ">=", np.greater_equal),
}
_CHECKED = "Assert/AssertGuard/Identity"
_COMPARE = {kind: scoped(f"assert_{kind}", _CHECKED)(_compare) for kind in COMPARISONS}


def compared(
    kind: str, x: Any, y: Any, data: Any, summarize: int | None, message: str | None, name: str | None
) -> Any:
    """The assertion `assert_<kind>`, which shows `data` (None: the values compared) when it fails."""
    if kind == "equal":
        if state.graph is not None:
            state.graph.scope_named(name or "assert_equal")  # stays empty: what checks is in the next one
        if x is y:
            return no_op()
    return _COMPARE[kind](*COMPARISONS[kind], x, y, data, summarize, message, name)


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
    return compared("equal", x, y, None, summarize, message, name)


def assert_none_equal(
    x: Any, y: Any, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless `x != y` for every pair of elements. See `assert_equal`."""
    return compared("none_equal", x, y, None, summarize, message, name)


def assert_less(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless `x < y` for every pair of elements. See `assert_equal`."""
    return compared("less", x, y, None, summarize, message, name)


def assert_less_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless `x <= y` for every pair of elements. See `assert_equal`."""
    return compared("less_equal", x, y, None, summarize, message, name)


def assert_greater(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless `x > y` for every pair of elements. See `assert_equal`."""
    return compared("greater", x, y, None, summarize, message, name)


def assert_greater_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless `x >= y` for every pair of elements. See `assert_equal`."""
    return compared("greater_equal", x, y, None, summarize, message, name)


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
    return near(x, y, rtol, atol, None, summarize, message, name)


@scoped("assert_near", _CHECKED)
def near(
    x: Any, y: Any, rtol: Any, atol: Any, data: Any, summarize: int | None, message: str | None, name: str | None
) -> Any:  # fmt: skip
    """`assert_near`, which shows `data` (None: the values compared) when it fails."""
    x = to_tensor(x)
    y = to_tensor(y, x._dtype)
    dtype = x._dtype.real_dtype
    import ml_dtypes

    default = 10 * float(ml_dtypes.finfo(dtype._np).eps)
    rtol, atol = (to_tensor(default if t is None else t, dtype) for t in (rtol, atol))
    size = functools.partial(lookup("ComplexAbs"), Tout=dtype) if x._dtype.is_complex else lookup("Abs")
    bound = lookup("AddV2")(atol, lookup("Mul")(rtol, size(y)))
    data = data or [
        _prefix(message),
        f"x and y not equal to tolerance rtol = {rtol}, atol = {atol}",
        f"x ({_label(x)}) = ",
        x,
        f"y ({_label(y)}) = ",
        y,
    ]
    return Assert(_all(lookup("Less")(size(lookup("Sub")(x, y)), bound)), data, summarize, name)


# ------------------------------------------------------------------------------------------- sign of a tensor
# condition, op, symbol, NumPy's function, whether zero is the first operand
_SIGNS: dict[str, tuple[str, str, str, Callable[..., Any], bool]] = {
    "negative": ("x < 0", "Less", "<", np.less, False),
    "positive": ("x > 0", "Less", "<", np.less, True),
    "non_negative": ("x >= 0", "LessEqual", "<=", np.less_equal, True),
    "non_positive": ("x <= 0", "LessEqual", "<=", np.less_equal, False),
}


def signed(kind: str, x: Any, data: Any, summarize: int | None, message: str | None, name: str | None) -> Any:
    """The assertion `assert_<kind>` of a sign, which shows `data` (None: the values) when it fails."""
    return _SIGNED[kind](kind, x, data, summarize, message, name)


def _signed(
    kind: str, x: Any, data: Any, summarize: int | None, message: str | None, name: str | None
) -> Any:
    condition, op_name, symbol, static, zero_first = _SIGNS[kind]
    x = to_tensor(x)
    if data is None:
        data = [
            _prefix(message),
            f"Condition {condition} did not hold element-wise:",
            f"x ({_label(x)}) = ",
            x,
        ]
    zero = to_tensor(0, x._dtype)
    first, second = (zero, x) if zero_first else (x, zero)
    return _compare(op_name, symbol, static, first, second, data, summarize, None, name)


_SIGNED = {
    kind: scoped(f"assert_{kind}", f"assert_{'less' if row[1] == 'Less' else 'less_equal'}/{_CHECKED}")(
        _signed
    )
    for kind, row in _SIGNS.items()
}


def assert_negative(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless every element is < 0."""
    return signed("negative", x, None, summarize, message, name)


def assert_positive(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless every element is > 0."""
    return signed("positive", x, None, summarize, message, name)


def assert_non_negative(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless every element is >= 0."""
    return signed("non_negative", x, None, summarize, message, name)


def assert_non_positive(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> Any:
    """Raises InvalidArgumentError unless every element is <= 0."""
    return signed("non_positive", x, None, summarize, message, name)
