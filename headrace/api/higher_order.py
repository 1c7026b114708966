"""Functions over the first dimension: `map_fn`, `foldl`, `foldr`, `scan`. In a compiled program they are one loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.compiler.autograph import tf_convert
from headrace.core import dtypes, nest
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.specs import TensorSpec, TypeSpec
from headrace.core.state import state
from headrace.core.static import static_value
from headrace.core.tensor import Tensor

from .control import while_loop
from .tensor_array import TensorArray

ROOT = __all__ = ["foldl", "foldr", "map_fn", "scan"]


# What stacked results are called, the first ones at least.
_STACKED = [f"TensorArrayV2Stack{f'_{i}' if i else ''}/TensorListStack" for i in range(20)]


def _tensors(elems: Any) -> list[Any]:
    flat = [t if isinstance(t, Tensor) or nest.is_composite(t) else to_tensor(t) for t in nest.flatten(elems)]
    if not flat:
        raise ValueError(
            "elems must be a Tensor or (possibly nested) sequence of Tensors; received an empty structure."
        )
    for t in flat:
        if isinstance(t, Tensor) and t._raw_shape == ():
            raise ValueError("Elements in elems must be 1+ dimensional Tensors, not scalars")
    return flat


def _length(flat: list[Any]) -> Any:
    """The size of the first dimension: a Python number where it is known."""
    for t in flat:
        if t._raw_shape and t._raw_shape[0] is not None:
            return t._raw_shape[0]
    return lookup("StridedSlice")(lookup("Shape")(flat[0]), [0], [1], [1], shrink_axis_mask=1)


def _array(t: Any) -> TensorArray:
    return TensorArray(t._dtype, size=0, dynamic_size=False, infer_shape=True).unstack(t)


def _results(dtype: DType, n: Any, shape: Any = None) -> TensorArray:
    return TensorArray(dtype, size=n, dynamic_size=False, infer_shape=shape is None, element_shape=shape)


def _set_length(stacked: Any, n: Any) -> Any:
    if isinstance(n, int) and not stacked._is_eager and stacked._raw_shape:
        stacked.set_shape((n, *stacked._raw_shape[1:]))
    return stacked


@scoped("map", *_STACKED)
def map_fn(
    fn: Callable[..., Any], elems: Any, dtype: Any = None, parallel_iterations: int | None = None,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """`fn` of every element along the first dimension, stacked.

    Args:
      fn: takes one element (in the structure of `elems`), returns a tensor or a nest of tensors.
      fn_output_signature: what `fn` returns, as dtypes or TensorSpecs in its structure; needed where it is not of the type
        and structure of `elems`. (`dtype` is its old name.)
      infer_shape: whether all results must have one shape.

    >>> import headrace as tf
    >>> tf.map_fn(lambda x: x * x, tf.constant([1, 2, 3])).numpy().tolist()
    [1, 4, 9]
    """
    if not callable(fn):
        raise TypeError(f"The provided function {fn!r} is not callable.")
    if state.graph is not None:
        fn = tf_convert(fn)
    signature = dtype if fn_output_signature is None else fn_output_signature
    if any(nest.is_composite(t) for t in nest.flatten(elems)) or any(
        isinstance(s, TypeSpec) and not isinstance(s, TensorSpec) for s in nest.flatten(signature)
    ):
        from headrace.composites.ragged.map import map_composites

        return map_composites(fn, elems, signature, name)
    flat = _tensors(elems)
    n = _length(flat)
    wanted = (
        nest.map_structure(lambda t: t._dtype, nest.pack_sequence_as(elems, flat))
        if signature is None
        else signature
    )
    specs = nest.flatten(wanted)
    arrays = [_array(t) for t in flat]
    start = [
        _results(
            s.dtype if isinstance(s, TensorSpec) else dtypes.as_dtype(s),
            n,
            s._raw_shape if isinstance(s, TensorSpec) else None,
        )
        for s in specs
    ]
    if not infer_shape:
        start = [TensorArray(a.dtype, size=n, infer_shape=False) for a in start]

    def body(i: Any, outs: Any) -> Any:
        result = fn(nest.pack_sequence_as(elems, [a.read(i) for a in arrays]))
        nest.assert_same_structure(wanted, result, check_types=False)
        return i + 1, [a.write(i, _typed(v, a.dtype)) for a, v in zip(outs, nest.flatten(result))]

    _, outs = while_loop(
        lambda i, _: lookup("Less")(i, to_tensor(n, dtypes.int32)),
        body,
        (to_tensor(0), start),
        back_prop=back_prop,
        maximum_iterations=n,
    )
    return nest.pack_sequence_as(wanted, [_set_length(a.stack(), n) for a in outs])


def _typed(value: Any, dtype: DType) -> Any:
    return value if isinstance(value, Tensor) else to_tensor(value, dtype)


def _fold(
    fn: Callable[..., Any], elems: Any, initializer: Any, back_prop: bool, name: str | None, reverse: bool
) -> Any:
    if not callable(fn):
        raise TypeError(f"{fn!r} is not callable. Please provide a callable function.")
    flat = _tensors(elems)
    n = _length(flat)
    arrays = [_array(t) for t in flat]
    first = 0
    if initializer is None:
        if static_value(to_tensor(n)) == 0:
            raise ValueError("An empty `elems` needs an initializer.")
        at = n - 1 if reverse else 0
        start = nest.pack_sequence_as(elems, [a.read(at) for a in arrays])
        first = 1
    else:
        start = nest.map_structure(lambda v: v if isinstance(v, Tensor) else to_tensor(v), initializer)

    def body(i: Any, acc: Any) -> Any:
        at = n - 1 - i if reverse else i
        return i + 1, fn(acc, nest.pack_sequence_as(elems, [a.read(at) for a in arrays]))

    result = while_loop(
        lambda i, _: lookup("Less")(i, to_tensor(n, dtypes.int32)),
        body,
        (to_tensor(first), start),
        back_prop=back_prop,
        maximum_iterations=n,
        name=name,
    )
    return result[1]


@scoped("foldl", None)
def foldl(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Combines the elements along the first dimension from the first to the last: `acc = fn(acc, x)`."""
    return _fold(fn, elems, initializer, back_prop, name, reverse=False)


@scoped("foldr", None)
def foldr(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Combines the elements along the first dimension from the last to the first: `acc = fn(acc, x)`."""
    return _fold(fn, elems, initializer, back_prop, name, reverse=True)


@scoped("scan", *_STACKED)
def scan(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """All the values that folding goes through: element i is `fn(result[i - 1], elems[i])`, stacked.

    Without an initializer the first result is the first element.

    >>> import headrace as tf
    >>> tf.scan(lambda a, x: a + x, tf.constant([1, 2, 3])).numpy().tolist()
    [1, 3, 6]
    """
    if not callable(fn):
        raise TypeError(f"{fn!r} is not callable. Please provide a callable function.")
    flat = _tensors(elems)
    n = _length(flat)
    arrays = [_array(t) for t in flat]
    where = (lambda i: n - 1 - i) if reverse else (lambda i: i)
    first = 0
    if initializer is None:
        start = nest.pack_sequence_as(elems, [a.read(where(0)) for a in arrays])
        first = 1
    else:
        start = nest.map_structure(lambda v: v if isinstance(v, Tensor) else to_tensor(v), initializer)
    outs = [TensorArray(t._dtype, size=n, infer_shape=infer_shape) for t in nest.flatten(start)]
    if first:
        outs = [a.write(where(0), t) for a, t in zip(outs, nest.flatten(start))]

    def body(i: Any, acc: Any, outs: Any) -> Any:
        result = fn(acc, nest.pack_sequence_as(elems, [a.read(where(i)) for a in arrays]))
        nest.assert_same_structure(start, result, check_types=False)
        result = nest.map_structure(lambda v, s: _typed(v, s._dtype), result, start, check_types=False)
        return i + 1, result, [a.write(where(i), v) for a, v in zip(outs, nest.flatten(result))]

    _, _, outs = while_loop(
        lambda i, *_: lookup("Less")(i, to_tensor(n, dtypes.int32)),
        body,
        (to_tensor(first), start, outs),
        back_prop=back_prop,
        maximum_iterations=n,
    )
    return nest.pack_sequence_as(start, [_set_length(a.stack(), n) for a in outs])
