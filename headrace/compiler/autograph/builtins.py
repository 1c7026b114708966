"""Python's built-in functions in converted code: on tensors they become ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headrace.core import dtypes, nest
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.state import state
from headrace.core.tensor import Tensor

from .branches import is_tensor, staged

_UNSET: Any = object()


def length(x: Any) -> Any:
    """`len(x)`: an int if it is known, else an int32 tensor."""
    x = to_tensor(x)
    raw = x._raw_shape
    if raw == ():
        raise ValueError(f"len requires a non-scalar tensor, got one of shape {x.shape}")
    if raw is not None and raw[0] is not None:
        return raw[0]
    if raw is None:
        rank = lookup("Rank")(x)
        lookup("Assert")(
            lookup("Greater")(rank, 0), ["len requires a non-scalar tensor, got one of rank ", rank]
        )
    return lookup("Shape")(x)[0]


class Rows:
    """What a graph loop can iterate over: `length`, and `at(k)` for an int32 tensor k."""

    def __init__(self, length: Any, at: Callable[[Any], Any], source: Any) -> None:
        self.length, self.at, self._source = length, at, source

    def __iter__(self) -> Any:
        return iter(self._source())

    @staticmethod
    def of(x: Any) -> Rows | None:
        """The rows of a tensor or ragged tensor, or of `enumerate`, `zip` and `map` of those; None for
        anything else."""
        if isinstance(x, Rows):
            return x
        if is_tensor(x):
            from headrace.api.tensor_array import TensorArray

            x = to_tensor(x)
            n = length(x)
            # Reads of a TensorArray have a cheap gradient; gathers do not.
            array = TensorArray(x._dtype, size=n, clear_after_read=False).unstack(x)
            return Rows(n, array.read, lambda: x)
        if nest.is_composite(x) and hasattr(x, "nrows"):
            return Rows(lookup("Cast")(x.nrows(), DstT=dtypes.int32), lambda k: x[k], lambda: x)
        return None


def _dataset(x: Any) -> bool:
    """Whether x is a dataset in a graph: built-ins that iterate then are its methods."""
    return state.graph is not None and hasattr(type(x), "_autograph_dataset")


def _rows(x: Any) -> Rows | None:
    return Rows.of(x) if state.graph is not None else None


def abs_(x: Any) -> Any:
    return lookup("Abs")(x) if is_tensor(x) else abs(x)


def float_(x: Any = 0.0) -> Any:
    if not staged(x):
        return float(x)
    return (
        lookup("StringToNumber")(x, out_type=dtypes.float32)
        if x._dtype is dtypes.string
        else lookup("Cast")(x, DstT=dtypes.float32)
    )


def int_(x: Any = 0, base: Any = _UNSET) -> Any:
    if not staged(x):
        return int(x) if base is _UNSET else int(x, base)
    if base not in (10, _UNSET):
        raise NotImplementedError(f"int() of a tensor is decimal; base {base} is not supported.")
    return (
        lookup("StringToNumber")(x, out_type=dtypes.int32)
        if x._dtype is dtypes.string
        else lookup("Cast")(x, DstT=dtypes.int32)
    )


def len_(x: Any) -> Any:
    if state.graph is not None:
        if is_tensor(x):
            return length(x)
        from headrace.api.tensor_array import TensorArray

        if isinstance(x, TensorArray):
            return x.size()
        if _dataset(x):
            n = x.cardinality()
            lookup("Assert")(
                lookup("GreaterEqual")(n, 0),
                ["len requires a dataset whose cardinality is known and finite, got ", n],
            )
            return n
    return len(x)


def print_(*objects: Any, **kwargs: Any) -> None:
    """On tensors: prints their values whenever the graph runs."""
    if not any(staged(x) for x in nest.flatten(objects)):
        print(*objects, **kwargs)  # noqa: T201
        return
    from headrace.api import script

    tensors = [x for x in nest.flatten(objects) if is_tensor(x)]

    def show(*values: Any) -> None:
        it = iter(values)
        shown = nest.map_structure(lambda x: _plain(next(it)) if is_tensor(x) else x, objects)
        print(*shown, **{"flush": True, **kwargs})  # noqa: T201

    script.py_function(show, tensors, [])


def _plain(value: Any) -> Any:
    value = value.numpy()
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def range_(*args: Any) -> Any:
    if not any(staged(a) for a in args):
        return range(*args)
    from headrace.api import math

    if len(args) == 3:
        return math.range(*args)
    start, stop = (0, *args) if len(args) == 1 else args
    return math.range(start, lookup("Maximum")(stop, start))  # Python's range is empty where tf.range fails


def enumerate_(iterable: Any, start: Any = 0) -> Any:
    if _dataset(iterable):
        return iterable.enumerate(start)
    rows = _rows(iterable)
    if rows is None:
        return enumerate(iterable, start)
    return Rows(
        rows.length, lambda k: (lookup("AddV2")(k, start), rows.at(k)), lambda: enumerate(iterable, start)
    )


def zip_(*iterables: Any, strict: bool = False) -> Any:
    if iterables and all(map(_dataset, iterables)):
        if strict:
            raise ValueError(
                "zip(strict=True) of datasets is not supported: their lengths are not known before they end."
            )
        return iterables[0].zip(tuple(iterables))
    rows = [r for r in map(_rows, iterables) if r is not None]
    if not rows or len(rows) < len(iterables):
        return zip(*iterables, strict=strict)
    lengths = [r.length for r in rows]
    known = all(isinstance(n, int) for n in lengths)
    if strict:
        if known and len(set(lengths)) > 1:
            raise ValueError(f"zip(strict=True): the arguments have {lengths} elements.")
        for n in lengths[1:]:
            if not known:
                lookup("Assert")(
                    lookup("Equal")(n, lengths[0]),
                    ["zip(strict=True): the arguments have different numbers of elements: ", lengths[0], n],
                )
    n = min(lengths) if known else _smallest(lengths)
    return Rows(n, lambda k: tuple(r.at(k) for r in rows), lambda: zip(*iterables, strict=strict))


def _smallest(values: list[Any]) -> Any:
    n = values[0]
    for other in values[1:]:
        n = lookup("Minimum")(n, other)
    return n


def map_(function: Any, *iterables: Any) -> Any:
    if iterables and all(map(_dataset, iterables)):
        return (iterables[0] if len(iterables) == 1 else zip_(*iterables)).map(function)
    rows = zip_(*iterables)
    if isinstance(rows, Rows):
        return Rows(
            rows.length, lambda k: converted(function)(*rows.at(k)), lambda: map(function, *iterables)
        )
    return map(converted(function), *iterables)


def filter_(function: Any, iterable: Any) -> Any:
    if function is not None and _dataset(iterable):
        return iterable.filter(function)
    return filter(None if function is None else converted(function), iterable)


def converted(function: Any) -> Any:
    """For built-ins that call back: the function as converted code would call it."""
    from . import tf_convert

    return tf_convert(function) if callable(function) and not isinstance(function, type) else function


def any_(iterable: Any) -> Any:
    return lookup("Any")(_vector(iterable, "any"), 0, keep_dims=False) if staged(iterable) else any(iterable)


def all_(iterable: Any) -> Any:
    return lookup("All")(_vector(iterable, "all"), 0, keep_dims=False) if staged(iterable) else all(iterable)


def _vector(x: Any, name: str) -> Any:
    x = to_tensor(x)
    if x._raw_shape is not None and len(x._raw_shape) != 1:
        raise ValueError(f"{name}() of a tensor takes one of rank 1, got shape {x.shape}.")
    return x


def sum_(iterable: Any, /, start: Any = 0) -> Any:
    if not staged(iterable):
        return sum(iterable, start)
    total = lookup("Sum")(to_tensor(iterable), 0, keep_dims=False)
    return total if type(start) is int and start == 0 else total + start


def _extreme(name: str, reduce: str, choose: str, python: Callable[..., Any]) -> Callable[..., Any]:
    def extreme(*args: Any, **kwargs: Any) -> Any:
        if not any(staged(a) for a in args):
            return python(*args, **kwargs)
        if kwargs:
            raise ValueError(f"{name}() of tensors does not take {sorted(kwargs)}.")
        if len(args) == 1:
            return lookup(reduce)(_vector(args[0], name), 0, keep_dims=False)
        out = args[0]
        for other in args[1:]:
            out = lookup(choose)(out, other)
        if isinstance(out, Tensor) and out._raw_shape not in ((), None):
            raise ValueError(
                f"{name}() of several tensors takes scalars; for element-wise results use tf.{name}imum."
            )
        return out

    return extreme


max_ = _extreme("max", "Max", "Maximum", max)
min_ = _extreme("min", "Min", "Minimum", min)


def sorted_(iterable: Any, /, *, key: Any = None, reverse: bool = False) -> Any:
    if not staged(iterable):
        return sorted(iterable, key=key if key is None else converted(key), reverse=reverse)
    if key is not None:
        raise ValueError("sorted() of a tensor does not take a key; use tf.argsort and tf.gather.")
    from headrace.api import ordering

    return ordering.sort(_vector(iterable, "sorted"), direction="DESCENDING" if reverse else "ASCENDING")


OVERLOADS: Mapping[Any, Callable[..., Any]] = {
    abs: abs_, all: all_, any: any_, enumerate: enumerate_, filter: filter_, float: float_, int: int_,
    len: len_, map: map_, max: max_, min: min_, print: print_,
    range: range_, sorted: sorted_, sum: sum_, zip: zip_,
}  # fmt: skip


def _in_scope(name: str) -> Callable[..., Any]:
    def call(f: Any, args: tuple[Any, ...], scope: Any) -> Any:
        from malt.operators import py_builtins

        return getattr(py_builtins, f"{name}_in_original_context")(
            *((f, args, scope) if name in ("eval", "super") else (scope,))
        )

    return call


# Built-ins that look at the frame they are called from, which for them must be that of the user's function.
IN_SCOPE: Mapping[Any, Callable[..., Any]] = {
    f: _in_scope(f.__name__) for f in (eval, super, globals, locals)
}
