"""`while` and `for` of converted code."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, errors, nest
from headrace.core.convert import to_tensor
from headrace.core.graph import FuncGraph
from headrace.core.op import lookup
from headrace.core.shapes import Raw, TensorShape, as_raw
from headrace.core.state import building, state
from headrace.core.static import static_value
from headrace.core.tensor import Tensor

from .branches import Setter, dtype_of, is_tensor, scalar
from .builtins import Rows
from .undefined import Undefined, UndefinedReturnValue, is_missing

log = logging.getLogger("headrace.autograph")
Getter = Callable[[], tuple[Any, ...]]
Body = Callable[..., None]
Test = Callable[[], Any]

_handlers: dict[type, Callable[..., None]] = {}
UNROLLED = 10_000  # iterations of a Python loop that add operations: more are probably a mistake


def register_for(kind: type, handler: Callable[..., None]) -> None:
    """`handler(iterated, extra_test, body, get_state, set_state, symbol_names, opts)` runs `for … in x` for x
    of this type."""
    _handlers[kind] = handler


# ------------------------------------------------------------------------------------------------------ while
def while_stmt(
    test: Test,
    body: Body,
    get_state: Getter,
    set_state: Setter,
    symbol_names: tuple[str, ...],
    opts: Mapping[str, Any],
) -> None:
    """`while test(): body()`. Which kind of loop it is, the first value of the test tells."""
    if state.graph is None:
        while test():
            body()
        return
    # Only a look: the loop that is staged traces its test again.
    with building(FuncGraph("first_test"), tapes=()):
        first = test()
    if is_tensor(first):
        _staged_while(test, body, get_state, set_state, symbol_names, opts)
    elif first:
        body()
        check = _Unrolling()
        while _python_truth(test, "The condition of a while loop was not a tensor at first, then became one"):
            body()
            check.iterated()


def _python_truth(test: Test, what: str) -> bool:
    try:
        return bool(test())
    except errors.OperatorNotAllowedInGraphError as error:
        raise NotImplementedError(
            f"{what}. Either a variable changed its type, or a `break` or `return` depends on a tensor "
            "while the loop itself does not. "
            "Make it a graph loop: iterate over a tensor (tf.range instead of range), "
            "or compare a tensor from the start."
        ) from error


class _Unrolling:
    """Warns once of a Python loop that adds very many operations to a graph."""

    def __init__(self) -> None:
        self.count = 0
        self.before = 0 if state.graph is None else len(state.graph.operations)

    def iterated(self) -> None:
        self.count += 1
        if (
            self.count == UNROLLED
            and state.graph is not None
            and len(state.graph.operations) - self.before >= UNROLLED
        ):
            added = len(state.graph.operations) - self.before
            log.warning(
                "Large unrolled loop: a Python loop added %d operations in %d iterations. "
                "Did you mean a graph loop (tf.range instead of range)?",
                added,
                self.count,
            )


def _staged_while(
    test: Test,
    body: Body,
    get_state: Getter,
    set_state: Setter,
    names: tuple[str, ...],
    opts: Mapping[str, Any],
    runs: bool = False,
) -> None:
    """Adds a loop to the graph. `runs`: it is known to run at least once."""
    from headrace.api import control

    before = get_state()
    start, shapes = list(before), _invariants(opts.get("shape_invariants"), before)
    missing = [is_missing(v) for v in before]
    flagged = any(missing) and not runs
    if any(missing):
        start, shapes = _with_stand_ins(body, get_state, set_state, names, start, shapes)
    for name, value, leaves in zip(names, start, shapes):
        for v, shape in zip(nest.flatten(value), leaves or ()):
            if shape is not None and not nest.is_composite(v):
                _conforms(name, TensorShape(to_tensor(v)._raw_shape), shape, "before the loop")
    extra: list[Any] = [False] if flagged else [] if start else [0]  # a loop needs a variable
    own = slice(len(extra), None)

    def condition(*values: Any) -> Any:
        set_state(values[own])
        return scalar(test(), "while loop")

    def step(*values: Any) -> Any:
        # Lists of its own: the body may change them.
        set_state([nest.map_structure(lambda v: v, value) for value in values[own]])
        body()
        after = get_state()
        for name, entry, end, shape in zip(names, values[own], after, shapes):
            check_iteration(name, entry, end, shape)
        return [*([True] if flagged else extra), *after]

    given = None
    if any(s is not None for s in shapes):
        given = [
            *(TensorShape(()) for _ in extra),
            *(_packed_invariants(v, s) for v, s in zip(start, shapes)),
        ]
    results = control.while_loop(
        condition,
        step,
        [*extra, *start],
        shape_invariants=given,
        maximum_iterations=opts.get("maximum_iterations"),
        name="while",
    )
    if flagged:
        unset = ", ".join(
            "the function return value" if type(v) is UndefinedReturnValue else name
            for name, v, m in zip(names, before, missing)
            if m
        )
        lookup("Assert")(results[0], [f"loop must iterate at least once to initialize {unset}"])
    set_state(tuple(results[own]))


Shapes = list[Any] | None  # of the leaves of a variable's value, None where the shape stays what it is


def _invariants(given: Any, before: Sequence[Any]) -> list[Shapes]:
    """The shape invariants of each variable. They are given as pairs of the value before the loop and the
    shape."""
    out: list[Shapes] = []
    for value in before:
        shape = next((s for key, s in given or () if key is value), None)
        leaves = (
            None if shape is None else nest.flatten_up_to(value, shape) if nest.is_nested(value) else [shape]
        )
        out.append(
            leaves and [s if s is None or hasattr(s, "_component_specs") else TensorShape(s) for s in leaves]
        )
    return out


def _packed_invariants(value: Any, shapes: Shapes) -> Any:
    """A variable's invariants as `while_loop` takes them."""
    leaves = nest.flatten(value)
    own = [v._type_spec if nest.is_composite(v) else TensorShape(to_tensor(v)._raw_shape) for v in leaves]
    return nest.pack_sequence_as(
        value, own if shapes is None else [o if s is None else s for o, s in zip(own, shapes)]
    )


# -------------------------------------------------------------------------------------------- variables first
# assigned in the loop
def _with_stand_ins(
    body: Body,
    get_state: Getter,
    set_state: Setter,
    names: Sequence[str],
    start: list[Any],
    shapes: list[Shapes],
) -> tuple[list[Any], list[Shapes]]:
    """Gives the variables that have no value before the loop one of the type that the first iteration leaves
    in them."""
    try:
        after = _first_iteration(body, get_state, set_state, start)
        failed = None
    except (UnboundLocalError, TypeError, ValueError, KeyError) as error:
        after, failed = (None,) * len(start), error
    out, out_shapes = [], []
    for name, value, like, shape in zip(names, start, after, shapes):
        if is_missing(value):
            if is_missing(like):
                _reject(name, value, failed)
            leaves = nest.flatten(like)
            pairs = [_stand_in(name, v, s) for v, s in zip(leaves, shape or [None] * len(leaves))]
            value = nest.pack_sequence_as(like, [v for v, _ in pairs])
            shape = [s for _, s in pairs] if any(s is not None for _, s in pairs) else None
        out.append(value)
        out_shapes.append(shape)
    return out, out_shapes


def _first_iteration(
    body: Body, get_state: Getter, set_state: Setter, start: Sequence[Any]
) -> tuple[Any, ...]:
    graph = FuncGraph("first_iteration")

    def argument(v: Any) -> Any:
        if isinstance(v, (bool, int, float, complex, str, bytes, np.ndarray, np.generic, Tensor)):
            t = to_tensor(v)
            if t._dtype.kind not in "rv":
                # Nothing may be concluded from its first value.
                return graph.placeholder(t._dtype, t._raw_shape)
        return v

    try:
        with building(graph, tapes=()):
            set_state([v if is_missing(v) else nest.map_structure(argument, v) for v in start])
            body()
            return get_state()
    finally:
        set_state(start)


def _reject(name: str, value: Any, failed: Exception | None) -> None:
    if type(value) is UndefinedReturnValue:
        raise NotImplementedError(
            "a return statement cannot be placed inside this graph loop: the loop may end without "
            "returning. Assign the result to a variable that is defined "
            "before the loop, `break`, and return it afterwards."
        ) from failed
    if type(value) is Undefined:
        why = ""
        if failed is not None:
            reason = str(failed).partition("\n")[0]
            why = f"\nIts type could not be found by tracing an iteration: {type(failed).__name__}: {reason}"
        raise ValueError(f"'{name}' must be defined before the loop{why}") from None
    raise ValueError(f"'{name}' is not allowed to be None before the loop") from None


def _stand_in(name: str, like: Any, shape: Any) -> tuple[Any, Any]:
    """Zeros like a value, and the shape invariant they need: dimensions that are not known start out as 0."""
    if isinstance(like, (bool, int, float, complex)):
        return type(like)(0), shape
    if isinstance(like, Tensor) or is_tensor(like):
        like = to_tensor(like)
        if like._dtype.kind in "rv":
            raise ValueError(
                f"'{name}' must be defined before the loop: it is a {like._dtype.name}, "
                "for which there is no neutral value."
            )
        raw: Raw = like._raw_shape if shape is None else as_raw(shape)
        dims = [] if raw is None else [0 if d is None else d for d in raw]
        own = like._raw_shape
        if raw is not None and own is not None and len(own) == len(raw):
            dims = [d if d is not None else n for d, n in zip(own, dims)]
        empty = b"" if like._dtype is dtypes.string else np.zeros((), like._dtype._np)
        zeros = lookup("Fill")(np.asarray(dims, np.int32), to_tensor(empty, like._dtype))
        fixed = own is not None and None not in own
        return zeros, shape if shape is not None else None if fixed else TensorShape(raw)
    raise ValueError(
        f"'{name}' must be defined before the loop: for a {type(like).__name__} there is no neutral value. "
        "Tensors, numbers, and lists, tuples and dicts of them have one."
    )


# --------------------------------------------------------------------------------------------------- checking
def check_iteration(name: str, entry: Any, end: Any, invariant: Shapes) -> None:
    """Errors that name the variable, for what an iteration leaves in it."""
    if type(end) is Undefined:
        raise UnboundLocalError(f"'{name}' is used before assignment")
    if end is None and entry is not None:
        raise ValueError(f"'{name}' is None at the end of the iteration.")
    try:
        nest.assert_same_structure(entry, end, expand_composites=True)
    except (ValueError, TypeError) as error:
        raise TypeError(
            f"'{name}' does not have the same nested structure after one iteration.\n\n{error}"
        ) from None
    leaves = nest.flatten(entry)
    for x, y, shape in zip(leaves, nest.flatten(end), invariant or [None] * len(leaves)):
        if isinstance(x, Tensor):
            _check_one(name, x, y, shape)


def _check_one(name: str, entry: Any, end: Any, invariant: Any) -> None:
    if end is None:
        raise ValueError(f"'{name}' is None at the end of the iteration.")
    a, b = dtype_of(entry), dtype_of(end)
    if a is not b and b is not None:
        raise TypeError(
            f"'{name}' has dtype {a.name} before the loop, but dtype {b.name} after one iteration"
        )
    if entry._dtype.kind in "rv" or b is None:
        return
    after = TensorShape(to_tensor(end)._raw_shape)
    if invariant is None:
        if not after.is_subtype_of(entry.shape):
            raise ValueError(
                f"'{name}' has shape {entry.shape} before the loop, but shape {after} after one iteration. "
                "Use tf.autograph.experimental.set_loop_options to set shape invariants."
            )
        return
    _conforms(name, after, invariant, "after one iteration")


def _conforms(name: str, shape: TensorShape, invariant: Any, when: str) -> None:
    if not shape.is_subtype_of(TensorShape(invariant)):
        raise ValueError(
            f"'{name}' has shape {shape} {when}, "
            f"which does not conform with the shape invariant {TensorShape(invariant)}."
        )


# -------------------------------------------------------------------------------------------------------- for
def for_stmt(
    iter_: Any,
    extra_test: Test | None,
    body: Body,
    get_state: Getter,
    set_state: Setter,
    symbol_names: tuple[str, ...],
    opts: dict[str, Any],
) -> None:
    """`for x in iter_: body(x)`, as long as `extra_test` (made of the loop's `break`s and `return`s) is
    true."""
    if state.graph is not None:
        for kind in type(iter_).__mro__:
            if kind in _handlers:
                _handlers[kind](iter_, extra_test, body, get_state, set_state, symbol_names, opts)
                return
        if isinstance(iter_, Tensor) and not iter_._is_eager and iter_.op.type == "Range":
            _range_loop(iter_, extra_test, body, get_state, set_state, symbol_names, opts)
            return
        rows = Rows.of(iter_)
        if rows is not None:
            _rows_loop(rows, extra_test, body, get_state, set_state, symbol_names, opts)
            return
    _python_loop(iter_, extra_test, body)


def _python_loop(iterated: Any, extra_test: Test | None, body: Body) -> None:
    check = _Unrolling()
    what = "A `break` or `return` of a Python for loop depends on a tensor"
    if extra_test is not None and not _python_truth(extra_test, what):
        return
    for x in iterated:
        body(x)
        check.iterated()
        if extra_test is not None and not _python_truth(extra_test, what):
            break


def _counted_loop(
    first: Any, more: Callable[[Any], Any], item: Callable[[Any], Any], step: Any, runs: bool,
    extra_test: Test | None, body: Body, get_state: Getter, set_state: Setter, names: tuple[str, ...],
    opts: Mapping[str, Any], default: str | None = None,
) -> None:  # fmt: skip
    """A loop over `item(k)` for k = first, first + step … while `more(k)`; a loop variable `default` that is
    not defined before starts out as `first`."""
    k = first

    def get() -> tuple[Any, ...]:
        return k, *(
            k if name == default and type(v) is Undefined else v for name, v in zip(names, get_state())
        )

    def set_(values: Sequence[Any]) -> None:
        nonlocal k
        k = values[0]
        set_state(tuple(values[1:]))

    def run() -> None:
        nonlocal k
        here = k
        body(item(here))
        k = lookup("AddV2")(here, step)

    def test() -> Any:
        return (
            more(k) if extra_test is None else lookup("LogicalAnd")(more(k), scalar(extra_test(), "for loop"))
        )

    _staged_while(test, run, get, set_, ("<loop counter>", *names), opts, runs)


def _rows_loop(
    rows: Rows,
    extra_test: Test | None,
    body: Body,
    get_state: Getter,
    set_state: Setter,
    names: tuple[str, ...],
    opts: Mapping[str, Any],
) -> None:
    n = rows.length
    known = n if isinstance(n, int) else static_value(n)
    runs = known is not None and int(known) > 0
    _counted_loop(
        to_tensor(0),
        lambda k: lookup("Less")(k, n),
        rows.at,
        1,
        runs,
        extra_test,
        body,
        get_state,
        set_state,
        names,
        opts,
    )


def _range_loop(
    range_: Any,
    extra_test: Test | None,
    body: Body,
    get_state: Getter,
    set_state: Setter,
    names: tuple[str, ...],
    opts: Mapping[str, Any],
) -> None:
    """A range that is only iterated over is never made."""
    start, limit, delta = range_.op.inputs
    by = static_value(delta)

    def more(k: Any) -> Any:
        less, greater = lookup("Less"), lookup("Greater")
        if by is not None:
            return less(k, limit) if by >= 0 else greater(k, limit)
        both = lookup("LogicalAnd")
        return lookup("LogicalOr")(
            both(greater(delta, 0), less(k, limit)), both(less(delta, 0), greater(k, limit))
        )

    n = range_._raw_shape[0]
    runs = n is not None and n > 0
    _counted_loop(
        start,
        more,
        lambda k: k,
        delta,
        runs,
        extra_test,
        body,
        get_state,
        set_state,
        names,
        opts,
        default=opts.get("iterate_names"),
    )


__all__ = ["for_stmt", "register_for", "while_stmt"]
