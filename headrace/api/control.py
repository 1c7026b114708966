"""Control flow as functions: `cond`, `case`, `switch_case`, `while_loop`, `TensorArray`.

Run eagerly they are plain Python; in a graph they become ops that hold the branches and bodies as graphs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, errors, nest, shapes
from headrace.core.convert import to_tensor
from headrace.core.graph import FuncGraph, Graph, Operation, current_scope, name_scope
from headrace.core.op import lookup
from headrace.core.scoping import at_home, scoped
from headrace.core.shapes import TensorShape, as_raw
from headrace.core.slices import IndexedSlices
from headrace.core.state import building, state
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops import functional

from .tensor_array import TensorArray, TensorArraySpec

ROOT = __all__ = [
    "cond",
    "case",
    "switch_case",
    "while_loop",
    "TensorArray",
    "TensorArraySpec",
    "control_dependencies",
    "name_scope",
    "get_current_name_scope",
    "CriticalSection",
    "device",
    "Graph",
    "Operation",
]


# ---------------------------------------------------------------------------------------------------------- conditionals
class DifferentBranches(TypeError, ValueError):
    """Branches return different things. (For TensorFlow 1.x that is a ValueError, for 2.x mostly a TypeError.)"""


@at_home
def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """Calls `true_fn()` if `pred` is true, else `false_fn()`; both return the same structure of tensors.

    Raises:
      TypeError: a branch is not callable, or the branches return different types.
      ValueError: the branches return different structures, or `pred` is not a scalar.

    >>> import headrace as tf
    >>> float(tf.cond(tf.constant(2) > 1, lambda: 1.0, lambda: 0.0))
    1.0
    """
    for which, branch in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(branch):
            raise TypeError(f"'{which}' must be callable.")
    assert true_fn is not None and false_fn is not None
    if isinstance(pred, bool):
        return true_fn() if pred else false_fn()
    pred = to_tensor(pred)
    if state.graph is None:
        return (true_fn if _truth(pred) else false_fn)()
    value = static_value(pred)
    if value is not None and pred._is_eager:
        return (true_fn if value.reshape(()) else false_fn)()
    if pred._dtype is not dtypes.bool_:
        pred = lookup("NotEqual")(pred, lookup("ZerosLike")(pred))
    pred = _scalar(pred, "The predicate of a conditional")
    return choose(pred, [true_fn, false_fn], ["true", "false"], name or "cond")


def _scalar(x: Any, what: str) -> Any:
    """A tensor of one element, in a graph, as a scalar."""
    raw = x._raw_shape
    if raw == ():
        return x
    if raw is not None and any(n not in (None, 1) for n in raw):
        raise ValueError(f"{what} must be a scalar, received shape {list(raw)}.")
    return lookup("Reshape")(x, [])


def _truth(pred: Any) -> bool:
    array = pred._host()
    if array.size != 1:
        raise ValueError(
            f"The predicate of a conditional must be a scalar, received shape {list(array.shape)}."
        )
    return bool(array.reshape(()))


def _inside(name: str) -> FuncGraph:
    """The graph of a branch or of a part of a loop."""
    from headrace.session.modes import Switches

    graph, outer = FuncGraph(name), state.graph
    if not Switches.control_flow_v2:
        graph.by_demand = outer is None or not outer.building_function or outer.by_demand  # type: ignore[attr-defined]
    return graph


def _leave_out(graph: FuncGraph) -> None:
    """Removes what the results of a branch or a body do not depend on, where 1.x would not run it, either."""
    if not graph.by_demand:
        return
    needed: set[int] = set()
    waiting = [t.op for t in graph.outputs if not t._is_eager]
    while waiting:
        node = waiting.pop()
        if id(node) not in needed and node.graph is graph:
            needed.add(id(node))
            waiting.extend(t.op for t in node.inputs if not t._is_eager)
            waiting.extend(node.control_inputs)
    graph.operations[:] = [n for n in graph.operations if id(n) in needed or n.type == "Placeholder"]


def choose(index: Any, functions: Sequence[Callable[[], Any]], names: Sequence[str], name: str) -> Any:
    """Traces the branches and adds the conditional."""
    graphs: list[FuncGraph] = []
    structures: list[Any] = []
    for function, which in zip(functions, names):
        graph = _inside(f"{name}_{which}")
        try:
            with building(graph, tapes=()):
                result = function()
        except ValueError:
            if _taken(index, len(names)) in (None, len(graphs)):
                raise
            # Never run, and impossible with the sizes there are: those must not be known in it.
            graph = _inside(f"{name}_{which}")
            graph.folds = False
            with building(graph, tapes=()):
                result = function()
        structures.append(result)
        graphs.append(graph)
    structures = _same_index_types(graphs, structures)
    for graph, result in zip(graphs, structures):
        with building(graph, tapes=()):
            flat = [_as_output(graph, v) for v in nest.flatten(result, expand_composites=True)]
        graph.structured_outputs = result
        graph.outputs = [t for t in flat if t is not None]
        _leave_out(graph)
    for which, structure in zip(names[1:], structures[1:]):
        try:
            nest.assert_same_structure(structures[0], structure, expand_composites=True)
        except (TypeError, ValueError) as error:
            raise DifferentBranches(
                f"The branches '{names[0]}' and '{which}' of {name} must return the same structure. {error}"
            ) from None
    for k, outputs in enumerate(zip(*[g.outputs for g in graphs])):
        kinds = {t._dtype for t in outputs}
        if len(kinds) != 1:
            found = ", ".join(f"{t._dtype.name} ('{n}')" for t, n in zip(outputs, names))
            raise DifferentBranches(
                f"The branches of {name} must return the same number, type, and overall structure of values: output {k} is "
                f"{found}. Use tf.cast."
            )
    if len({len(g.outputs) for g in graphs}) != 1:
        raise DifferentBranches(f"The branches of {name} return None in different places.")
    functional.hoist_reads(graphs, every=False)
    captured = functional.unify_inputs(graphs, 0)
    _mark_variables(graphs)
    it = iter(_passed_on(functional.conditional(index, graphs, captured, name), 0))
    return nest.pack_sequence_as(
        structures[0],
        [
            None if v is None or isinstance(v, Operation) else next(it)
            for v in nest.flatten(structures[0], expand_composites=True)
        ],
        expand_composites=True,
    )


def _taken(index: Any, branches: int) -> int | None:
    """Which branch runs, where that is known."""
    value = static_value(index)
    if value is None or value.size != 1:
        return None
    if value.dtype == bool:
        return 0 if value.item() else 1
    return int(value.item()) if 0 <= value.item() < branches else branches - 1


def _same_index_types(graphs: Sequence[FuncGraph], structures: Sequence[Any]) -> list[Any]:
    """Rows of tensors (IndexedSlices) that some branches number in int32 and others in int64 are numbered in int64 by all."""
    leaves = [nest.flatten(s) for s in structures]
    if len({len(found) for found in leaves}) != 1:
        return list(structures)  # to be complained about
    for k, values in enumerate(zip(*leaves)):
        if all(type(v) is IndexedSlices for v in values) and len({v.indices._dtype for v in values}) > 1:
            for graph, found, v in zip(graphs, leaves, values):
                with building(graph, tapes=()):
                    indices = lookup("Cast")(v.indices, DstT=dtypes.int64)
                found[k] = IndexedSlices(v.values, indices, v.dense_shape)
    return [nest.pack_sequence_as(s, found) for s, found in zip(structures, leaves)]


def _passed_on(results: Any, first: int) -> Any:
    """The results of a conditional or a loop; in plain graphs, where programs find them by name, under names of their
    own: `cond/Identity`, `cond/Identity_1` …, of which the first has the number `first`."""
    graph = state.graph
    if graph is None or graph.building_function or not isinstance(results, list) or not results:
        return results
    with graph.name_scope(results[0].op.name + "/"):
        return [
            t if t._dtype.kind in "rv" else lookup("Identity")(t, name=f"Identity_{i}" if i else "Identity")
            for i, t in enumerate(results, first)
        ]


def _as_output(graph: FuncGraph, value: Any) -> Any:
    if value is None or isinstance(value, Operation):
        return None
    t: Any = value if isinstance(value, Tensor) else to_tensor(value)
    if t._is_eager or t.op.graph is not graph:
        t = graph.capture(t)
    return lookup("Identity")(t) if t.op.type == "Placeholder" else t


def _mark_variables(graphs: Sequence[FuncGraph]) -> None:
    """Variables used inside are variables of the graph around."""
    graph: Any = state.graph
    if graph is not None and graph.building_function:
        for inner in graphs:
            for key, ref in inner.variables.items():
                graph.variables.setdefault(key, ref)
                variable = ref()
                if variable is not None and variable.trainable:
                    for tape in state.tapes:
                        tape.variable_accessed(variable)


@scoped("switch_case", None)
def switch_case(
    branch_index: Any,
    branch_fns: Any,
    default: Callable[[], Any] | None = None,
    name: str | None = "switch_case",
) -> Any:
    """Calls the branch of that index; `default` (the last branch, if not given) when the index is out of range.

    Args:
      branch_fns: a list of callables, or of (int, callable) pairs, or a dict from int.
    """
    pairs = list(branch_fns.items()) if isinstance(branch_fns, dict) else list(branch_fns)
    if not pairs:
        raise ValueError("Argument `branch_fns` must have at least one branch.")
    if isinstance(pairs[0], tuple):
        for key, _ in pairs:
            if not isinstance(key, (int, np.integer)):
                raise TypeError(f"The keys of `branch_fns` must be Python ints, received {key!r}.")
        pairs.sort(key=lambda p: p[0])
        if len({k for k, _ in pairs}) != len(pairs):
            raise ValueError(f"The keys of `branch_fns` must be unique, received {[k for k, _ in pairs]}.")
        keys = [int(k) for k, _ in pairs]
        functions = [f for _, f in pairs]
    else:
        keys, functions = list(range(len(pairs))), pairs
    for f in [*functions, *([default] if default is not None else [])]:
        if not callable(f):
            raise TypeError(f"Branches must be callable, received {f!r}.")
    index: Any = (
        to_tensor(branch_index, dtypes.int32) if not isinstance(branch_index, Tensor) else branch_index
    )
    if index._dtype.kind not in "iu":
        raise TypeError(f"'branch_index' must be an integer tensor, received {index._dtype.name}.")
    if index._dtype is not dtypes.int32:
        index = lookup("Cast")(index, DstT=dtypes.int32)
    fallback = default or functions[-1]
    if state.graph is None:
        chosen = dict(zip(keys, functions)).get(int(index), fallback)
        return chosen()
    if keys != list(range(len(keys))):  # gaps take the default
        table = dict(zip(keys, functions))
        if min(keys) < 0:
            raise ValueError(f"The keys of `branch_fns` must not be negative, received {keys}.")
        functions = [table.get(k, fallback) for k in range(max(keys) + 1)]
    branches = [*functions, default] if default is not None else functions
    last = len(branches) - 1
    inside = lookup("LogicalAnd")(lookup("GreaterEqual")(index, 0), lookup("Less")(index, last))
    index = lookup("SelectV2")(inside, index, last)
    return choose(index, branches, [str(i) for i in range(len(branches))], "indexed_case")


@scoped("case", None)
def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """Calls the function of the first true predicate; `default` (the last pair's function, if not given) when none is.

    Args:
      pred_fn_pairs: a list of (boolean scalar, callable).
      exclusive: whether more than one true predicate is an error.

    Raises:
      InvalidArgumentError: no predicate is true and there is no default, or several are and `exclusive`.
    """
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else list(pred_fn_pairs)
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError("Each entry in 'pred_fn_pairs' must be a 2-tuple (predicate, callable)")
        if not callable(pair[1]):
            raise TypeError(f"fn for pred {pair[0]!r} must be callable.")
    if default is not None and not callable(default):
        raise TypeError("'default' must be callable.")
    if not pairs:
        raise ValueError("'pred_fn_pairs' must have at least one (predicate, callable).")
    preds = [to_tensor(p) for p, _ in pairs]
    for p in preds:
        if p._dtype is not dtypes.bool_:
            raise TypeError(f"A predicate must be a boolean tensor, received {p!r}.")
    checks = []
    if exclusive or default is None:
        total = lookup("AddN")([lookup("Cast")(p, DstT=dtypes.int32) for p in preds])
        if exclusive:
            message = "Input error: exclusive=True: more than 1 conditions evaluated as True."
            checks.append(lookup("Assert")(lookup("LessEqual")(total, 1), [message, *preds]))
        if default is None:
            message = "None of the conditions evaluated as True, and there is no default."
            checks.append(lookup("Assert")(lookup("GreaterEqual")(total, 1), [message, *preds]))

    def chain(i: int) -> Any:
        if i == len(pairs):
            assert default is not None
            return default()
        if i == len(pairs) - 1 and default is None:
            return pairs[i][1]()
        return cond(preds[i], pairs[i][1], lambda: chain(i + 1))

    if state.graph is None:
        return chain(0)
    with state.graph.control_dependencies(checks):
        return chain(0)


# ----------------------------------------------------------------------------------------------------------------- loops
def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
    maximum_iterations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Repeats `loop_vars = body(*loop_vars)` while `cond(*loop_vars)` is true.

    Args:
      loop_vars: a list or tuple of tensors (or nests, composite tensors, TensorArrays).
      shape_invariants: shapes like `loop_vars`, for variables whose shape changes: `None` where it does.
      maximum_iterations: stops after so many.
      parallel_iterations, swap_memory: accepted for compatibility: a compiled loop has neither choice.

    Raises:
      TypeError: a callable is missing, or the body changes a variable's type.
      ValueError: the body changes the structure, or a shape without a shape invariant.

    >>> import headrace as tf
    >>> [int(v) for v in tf.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s + i), (0, 0))]
    [4, 6]
    """
    if not callable(cond):
        raise TypeError("'cond' must be callable.")
    if not callable(body):
        raise TypeError("'body' must be callable.")
    if parallel_iterations < 1:
        raise TypeError("'parallel_iterations' must be a positive integer.")
    if not isinstance(loop_vars, (list, tuple)) or not loop_vars:
        raise ValueError("'loop_vars' must be a non-empty list or tuple.")
    if state.graph is None:
        return _python_loop(cond, body, loop_vars, maximum_iterations)
    return _graph_loop(
        cond, body, loop_vars, shape_invariants, maximum_iterations, back_prop, name or "while"
    )


def _sequence(result: Any, like: Any) -> Any:
    """What a body returned, as a sequence like the loop variables."""
    if not isinstance(result, (list, tuple)) or (hasattr(result, "_fields") and not hasattr(like, "_fields")):
        return type(like)([result]) if not hasattr(like, "_fields") else like.__class__(result)
    if len(like) == 1 and len(result) != 1:
        return [result]
    return result


def _python_loop(cond: Any, body: Any, loop_vars: Any, maximum_iterations: Any) -> Any:
    limit = None if maximum_iterations is None else int(maximum_iterations)
    values = loop_vars  # Python numbers stay what they are, so that they take the type of what they meet
    nest.map_structure(_leaf, loop_vars)  # (but all must be convertible)
    count = 0
    while _truth(to_tensor(cond(*values))) and (limit is None or count < limit):
        new = _sequence(body(*values), values)
        nest.assert_same_structure(list(values), list(new))
        values = new
        count += 1
    return nest.map_structure(_leaf, values)


def _leaf(v: Any) -> Any:
    return v if v is None or isinstance(v, (Tensor, TensorArray)) or nest.is_composite(v) else to_tensor(v)


def _graph_loop(
    cond: Any,
    body: Any,
    loop_vars: Any,
    shape_invariants: Any,
    maximum_iterations: Any,
    back_prop: bool,
    name: str,
) -> Any:
    values = nest.map_structure(_leaf, loop_vars)
    flat = nest.flatten(values, expand_composites=True)
    invariants = _invariants(values, shape_invariants, flat)
    counted = maximum_iterations is not None
    start = [to_tensor(0), *flat] if counted else list(flat)
    limit = _scalar(to_tensor(maximum_iterations, dtypes.int32), "maximum_iterations") if counted else None
    shapes_in = [(), *invariants] if counted else invariants

    def arguments(graph: FuncGraph) -> tuple[list[Any], Any]:
        inner = [
            graph.argument_like(t) if s is _SAME else graph.argument(t._dtype, s)
            for t, s in zip(start, shapes_in)
        ]
        own = inner[1:] if counted else inner
        return inner, nest.pack_sequence_as(values, own, expand_composites=True)

    test = _inside(f"{name}_cond")
    with building(test, tapes=()):
        inner, structured = arguments(test)
        result = to_tensor(cond(*structured))
        if result._dtype is not dtypes.bool_:
            raise TypeError(f"cond must return a boolean tensor, received {result._dtype.name}.")
        if result._raw_shape is not None:
            result = _scalar(result, "What cond returns")
        if counted:
            result = lookup("LogicalAnd")(lookup("Less")(inner[0], limit), result)
        test.outputs = [_as_output(test, result)]
    _leave_out(test)
    step = _inside(f"{name}_body")
    with building(step, tapes=()):
        inner, structured = arguments(step)
        returned = body(*structured)
        if returned is None:
            raise ValueError(
                f"The body of {name} returned None. It must return the next values of loop_vars."
            )
        returned = _sequence(returned, values)
        returned = nest.map_structure(_leaf, returned)
        try:
            nest.assert_same_structure(
                list(values), list(returned), check_types=False, expand_composites=True
            )
        except (TypeError, ValueError) as error:
            raise type(error)(f"The body of {name} must return the structure of loop_vars. {error}") from None
        outputs = nest.flatten(returned, expand_composites=True)
        own = inner[1:] if counted else inner
        for k, (x, y) in enumerate(zip(own, outputs)):
            _check_iteration(name, k, flat[k], x, y)
        if not back_prop:
            outputs = [lookup("StopGradient")(t) if t._dtype.kind in "fc" else t for t in outputs]
        if counted:
            outputs = [lookup("AddV2")(inner[0], 1), *outputs]
        step.outputs = [t if t is x else _loop_output(step, t) for t, x in zip(outputs, inner)]
    _leave_out(step)
    _mark_variables([test, step])
    functional.hoist_reads([test, step])
    captured = functional.unify_inputs([test, step], len(start))
    step.outputs = [*step.outputs, *step.inputs[len(start) :]]
    results = functional.loop(test, step, [*start, *captured], name)
    results = _passed_on(results[1 : len(start)] if counted else results[: len(start)], 2)
    packed = nest.pack_sequence_as(values, results, expand_composites=True)
    for array, after in zip(nest.flatten(packed), nest.flatten(returned)):
        if isinstance(array, TensorArray):  # what writing in the body told of its elements
            array._element_shape = after._element_shape
    return packed


def _loop_output(graph: FuncGraph, t: Any) -> Any:
    if t._is_eager or t.op.graph is not graph:
        t = graph.capture(t)
    return lookup("Identity")(t) if t.op.type == "Placeholder" else t


_SAME: Any = object()


def _invariants(values: Any, shape_invariants: Any, flat: Sequence[Any]) -> list[Any]:
    if shape_invariants is None:
        return [_SAME] * len(flat)
    out: list[Any] = []
    leaves = nest.flatten(values)
    given = (
        nest.flatten_up_to(list(values), list(shape_invariants))
        if not _flat_shapes(shape_invariants)
        else list(shape_invariants)
    )
    if len(given) != len(leaves):
        given = nest.flatten(shape_invariants)
    if len(given) != len(leaves):
        raise ValueError(
            f"shape_invariants must have the structure of loop_vars: {len(leaves)} shapes, received "
            f"{len(given)}."
        )
    for leaf, shape in zip(leaves, given):
        if not isinstance(leaf, Tensor):
            parts = nest.flatten(leaf, expand_composites=True)
            specs = nest.nest_specs(shape) if hasattr(shape, "_component_specs") else [None] * len(parts)
            out += [_SAME if s is None or not hasattr(s, "_raw_shape") else s._raw_shape for s in specs]
            continue
        raw = shape._raw_shape if hasattr(shape, "_raw_shape") else as_raw(shape)
        if not TensorShape(leaf._raw_shape).is_subtype_of(TensorShape(raw)):
            raise ValueError(
                f"The shape invariant specified for {leaf!r} is not compatible with the initial shape of "
                f"the loop variable. It enters the loop with shape {leaf.shape}, but the specified shape "
                f"invariant is {TensorShape(raw)}."
            )
        out.append(raw)
    return out


def _flat_shapes(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(v, TensorShape) or hasattr(v, "_raw_shape") for v in value
    )


def _check_iteration(name: str, k: int, start: Any, x: Any, y: Any) -> None:
    if x._dtype is not y._dtype:
        raise TypeError(
            f"Loop variable {k} of {name} enters the loop with type {x._dtype!r}, but has type {y._dtype!r} "
            "after one iteration. Use tf.cast."
        )
    if x._dtype.kind in "rv":
        return
    if not TensorShape(y._raw_shape).is_subtype_of(TensorShape(x._raw_shape)):
        raise ValueError(
            f"Input tensor {getattr(start, 'name', None) if not start._is_eager else k!r} enters the loop "
            f"with shape {shapes.text(x._raw_shape)}, but has shape {shapes.text(y._raw_shape)} after one "
            "iteration. "
            "To allow the shape to vary across iterations, use the `shape_invariants` argument of "
            "tf.while_loop to specify a less-specific shape."
        )


# -------------------------------------------------------------------------------------------------------------- scoping
def control_dependencies(control_inputs: Any) -> Any:
    """Ops made inside run after `control_inputs`; eagerly that is so anyway."""
    from contextlib import nullcontext

    if state.graph is None:
        return nullcontext()
    return state.graph.control_dependencies(control_inputs)


def get_current_name_scope() -> str:
    """The name-scope prefix that ops made now get, without the last slash."""
    return current_scope().rstrip("/")


class CriticalSection:
    """Functions that run one at a time.

    A program runs its effects in order by itself; the lock is for Python threads that share the section."""

    def __init__(
        self,
        name: str | None = None,
        shared_name: str | None = None,
        critical_section_def: Any = None,
        import_scope: Any = None,
    ) -> None:
        if critical_section_def is not None:
            raise NotImplementedError("A CriticalSection cannot be made of a proto. Make a new one.")
        self.name = name or shared_name or "CriticalSection"
        self._lock = threading.RLock()

    def execute(
        self, fn: Callable[[], Any], exclusive_resource_access: bool = True, name: str | None = None
    ) -> Any:
        """`fn()`, while no other function of this section runs."""
        with self._lock:
            return nest.map_structure(lambda v: v if v is None else to_tensor(v), fn())


def device(device_name: Any) -> Any:
    """Places the ops made inside on a device, e.g. "/GPU:0" or a `tf.DeviceSpec`; None lifts the surrounding choice."""
    from contextlib import contextmanager

    from headrace import runtime
    from headrace.core.state import set_device

    from .environment import DeviceSpec

    if callable(device_name):
        raise errors.UnimplementedError(
            None, None, "tf.device(function) is not supported with eager execution: give a device name."
        )
    if isinstance(device_name, DeviceSpec):
        device_name = device_name.to_string()

    @contextmanager
    def scope() -> Any:
        if state.graph is not None:
            with state.graph.device(device_name):
                yield
            return
        saved = state.device
        chosen = None if device_name is None else runtime.find_device(device_name)
        set_device(
            None if chosen is None or (chosen.platform == "cpu" and chosen.index == 0) else chosen.name
        )
        try:
            yield
        finally:
            set_device(saved)

    return scope()
