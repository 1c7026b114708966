"""Control flow, printing and ordering in their 1.x forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import dtypes, nest
from headrace.core.convert import to_tensor
from headrace.core.graph import Operation
from headrace.core.op import lookup
from headrace.core.state import building, elsewhere, state
from headrace.core.tensor import Tensor
from headrace.session.modes import Switches

from . import assertions, assertions_static, control
from .making import convert_to_tensor


def cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
    strict: bool = False, name: str | None = None, fn1: Any = None, fn2: Any = None,
) -> Any:  # fmt: skip
    """Calls `true_fn()` if `pred` is true, else `false_fn()`.

    Args:
      strict: whether lists and tuples of one thing stay as they are (they do in any case unless `disable_control_flow_v2`
        was called).
      fn1, fn2: older names of `true_fn` and `false_fn`.

    Raises:
      TypeError: a function is given twice, or not at all, or `pred` is a Python bool; without control flow of 2.x also if
        it is no boolean tensor.
      ValueError: a function returns nothing, without control flow of 2.x.
    """
    for new, old, which in ((true_fn, fn1, "true_fn"), (false_fn, fn2, "false_fn")):
        if new is not None and old is not None:
            raise TypeError(f"cond(): {which} may be set only once.")
    true_fn, false_fn = fn1 if true_fn is None else true_fn, fn2 if false_fn is None else false_fn
    if true_fn is None or false_fn is None:
        raise TypeError("cond(): 'true_fn' and 'false_fn' arguments are required")
    if isinstance(pred, bool):
        raise TypeError("pred must not be a Python bool")
    if (home := elsewhere((pred,))) is not None:
        with building(home):
            return cond(pred, true_fn, false_fn, strict, name)
    if Switches.control_flow_v2 or state.graph is None:
        return control.cond(pred, _operations_too(true_fn), _operations_too(false_fn), name)
    pred = to_tensor(pred)
    if pred._dtype is not dtypes.bool_:
        raise TypeError(f"pred must be a boolean tensor, received one of type {pred._dtype.name}.")
    result = control.cond(pred, _returning(true_fn, "true_fn"), _returning(false_fn, "false_fn"), name)
    return result if strict else _bare(result)


def _returning(f: Any, which: str) -> Any:
    """A branch that must return something."""
    f = _operations_too(f)
    if not callable(f):
        return f

    def branch() -> Any:
        result = f()
        if result is None:
            raise ValueError(f"{which} must have a return value.")
        return result

    return branch


def _operations_too(f: Any) -> Any:
    """Branches may return operations: the result is then a tensor to wait for."""
    if not callable(f):
        return f

    def branch() -> Any:
        result = f()
        if state.graph is None:
            return result

        def waited(x: Any) -> Any:
            if not isinstance(x, Operation):
                return x
            with state.graph.control_dependencies([x]):  # type: ignore[union-attr]
                return lookup("Identity")(to_tensor(True))

        return nest.map_structure(waited, result)

    return branch


def _bare(result: Any) -> Any:
    return result[0] if type(result) in (list, tuple) and len(result) == 1 else result


def case(
    pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False, name: str = "case"
) -> Any:
    """Calls the function of the first true predicate, else `default`. With `strict`, lists of one thing stay lists."""
    if isinstance(pred_fn_pairs, dict):
        pairs: Any = {k: _operations_too(v) for k, v in pred_fn_pairs.items()}
    else:
        pairs = [
            p if not isinstance(p, tuple) or len(p) != 2 else (p[0], _operations_too(p[1]))
            for p in pred_fn_pairs
        ]
    result = control.case(pairs, _operations_too(default), exclusive, strict, name)
    return result if strict or Switches.control_flow_v2 else _bare(result)


def while_loop(
    cond: Any, body: Any, loop_vars: Any, shape_invariants: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None, maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:  # fmt: skip
    """Repeats `loop_vars = body(*loop_vars)` while `cond(*loop_vars)` is true.

    Args:
      return_same_structure: whether the result has the structure of `loop_vars` even where that is a list of one thing.
    """
    if not isinstance(loop_vars, (list, tuple)):
        loop_vars = [loop_vars]
    returned: list[Any] = []

    def watched(*args: Any) -> Any:
        returned[:] = [body(*args)]
        return returned[0]

    result = control.while_loop(
        cond,
        watched if callable(body) else body,
        loop_vars,
        shape_invariants,
        parallel_iterations,
        back_prop,
        swap_memory,
        maximum_iterations,
        name,
    )
    if state.graph is None:
        bare = returned and not isinstance(returned[0], (list, tuple)) and not return_same_structure
        return _bare(result) if bare else result
    if not Switches.control_flow_v2 and isinstance(returned[0], (list, tuple)):  # then the body decides
        result = nest.pack_sequence_as(
            returned[0], nest.flatten(result, expand_composites=True), expand_composites=True
        )
    return result if return_same_structure else _bare(result)


def Print(
    input_: Any, data: Sequence[Any], message: str | None = None, first_n: int | None = None, summarize: int | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """`input_`, which when it is computed prints `data` to standard error.

    Args:
      first_n: prints only so many times.
      summarize: how many entries of each tensor are shown (3 by default).
    """
    options = {"message": message or "", "first_n": -1 if first_n is None else first_n}
    return lookup("Print")(
        to_tensor(input_),
        [to_tensor(d) for d in data],
        summarize=3 if summarize is None else summarize,
        name=name,
        **options,
    )


def convert_to_tensor_or_indexed_slices(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """The value as a tensor; IndexedSlices stay."""
    from headrace.core.slices import IndexedSlices

    if isinstance(value, IndexedSlices):
        if dtype is not None and not dtypes.as_dtype(dtype).is_compatible_with(value.dtype):
            raise ValueError(
                f"Tensor conversion requested dtype {dtypes.as_dtype(dtype).name} for Tensor with dtype {value.dtype.name}: {value!r}"
            )
        return value
    return value if value is None else convert_to_tensor(value, dtype, name=name)


def convert_to_tensor_or_sparse_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """The value as a tensor; sparse tensors (and `SparseTensorValue`s, as such) stay sparse."""
    from headrace.session.values import SparseTensorValue

    from .composite import SparseTensor

    if isinstance(value, SparseTensorValue):
        value = SparseTensor(value.indices, value.values, value.dense_shape)
    if isinstance(value, SparseTensor):
        if dtype is not None and not dtypes.as_dtype(dtype).is_compatible_with(value.dtype):
            raise RuntimeError(
                f"Sparse dtype mismatch. Requested: {dtypes.as_dtype(dtype).name},  Actual: {value.dtype.name}"
            )
        return value
    return convert_to_tensor(value, dtype, name=name)


def _comparison(kind: str) -> Callable[..., Any]:
    def check(
        x: Any, y: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        return assertions.compared(kind, x, y, data, summarize, message, name)

    return _named(check, kind)


def _sign(kind: str) -> Callable[..., Any]:
    def check(
        x: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = None
    ) -> Any:  # fmt: skip
        return assertions.signed(kind, x, data, summarize, message, name)

    return _named(check, kind)


def _named(check: Callable[..., Any], kind: str) -> Callable[..., Any]:
    check.__name__ = check.__qualname__ = f"assert_{kind}"
    check.__doc__ = f"`tf.debugging.assert_{kind}`, with `data`: what is shown when it fails. In a graph the result is an operation to wait for."
    return check


assert_equal, assert_none_equal, assert_less, assert_less_equal, assert_greater, assert_greater_equal = [
    _comparison(kind) for kind in assertions.COMPARISONS
]
assert_negative, assert_positive, assert_non_negative, assert_non_positive = [
    _sign(kind) for kind in ("negative", "positive", "non_negative", "non_positive")
]


def assert_near(
    x: Any, y: Any, rtol: Any = None, atol: Any = None, data: Any = None, summarize: int | None = None,
    message: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`tf.debugging.assert_near`, with `data`: what is shown when it fails."""
    return assertions.near(x, y, rtol, atol, data, summarize, message, name)


def assert_rank(
    x: Any, rank: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """`tf.debugging.assert_rank`, with `data`: what is shown when the run finds that it does not hold."""
    return assertions_static.ranked("rank", x, [rank], data, summarize, message, name)


def assert_rank_at_least(
    x: Any, rank: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """`tf.debugging.assert_rank_at_least`, with `data`: what is shown when the run finds that it does not hold."""
    return assertions_static.ranked("rank_at_least", x, [rank], data, summarize, message, name)


def assert_rank_in(
    x: Any, ranks: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """`tf.debugging.assert_rank_in`, with `data`: what is shown when the run finds that it does not hold."""
    return assertions_static.ranked("rank_in", x, ranks, data, summarize, message, name)


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Any:
    """TypeError if `x` is not of an integer type."""
    from . import debugging

    return debugging.assert_integer(x, message, name)


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Any:
    """`tensor`, or ValueError if it is no scalar."""
    from . import debugging

    debugging.assert_scalar(tensor, message, name)
    return to_tensor(tensor)


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Any:
    """TypeError if `tensor` is of another type; in a graph the result is an operation."""
    from . import debugging

    return debugging.assert_type(tensor, tf_type, message, name)


_ASSERTIONS = [
    "assert_equal", "assert_greater", "assert_greater_equal", "assert_integer", "assert_less", "assert_less_equal",
    "assert_near", "assert_negative", "assert_non_negative", "assert_non_positive", "assert_none_equal",
    "assert_positive", "assert_rank", "assert_rank_at_least", "assert_rank_in", "assert_scalar", "assert_type",
]  # fmt: skip
ROOT = [
    "Print", *_ASSERTIONS, "case", "cond", "convert_to_tensor_or_indexed_slices", "convert_to_tensor_or_sparse_tensor",
    "while_loop",
]  # fmt: skip
NAMES = {"debugging": _ASSERTIONS}
__all__ = [*ROOT]  # noqa: PLE0604 - a list of names
