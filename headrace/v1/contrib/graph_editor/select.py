"""Operations and tensors of a graph, chosen by name, kind, or by what they lead to. What comes out is in the graph's order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from headrace.core import nest
from headrace.core.graph import Graph, Operation
from headrace.core.tensor import Tensor


def is_graph(x: Any) -> bool:
    """Whether it is a graph."""
    return isinstance(x, Graph)


def make_list_of_op(
    ops: Any, check_graph: bool = True, allow_graph: bool = True, ignore_ts: bool = False
) -> list[Any]:
    """A list of operations: of one, of several, or all of a graph.

    Args:
      check_graph: whether they have to be of one graph.
      allow_graph: whether a graph may be given.
      ignore_ts: whether tensors are left out; they are an error otherwise.

    Raises:
      TypeError: something is no operation.
      ValueError: they are of several graphs."""
    if isinstance(ops, Graph):
        if not allow_graph:
            raise TypeError("allow_graph is False: give operations, not a graph.")
        return ops.get_operations()
    return _list(ops, Operation, check_graph, Tensor if ignore_ts else (), "operation")


def make_list_of_t(
    ts: Any, check_graph: bool = True, allow_graph: bool = True, ignore_ops: bool = False
) -> list[Any]:
    """A list of tensors: of one, of several, or all of a graph.

    Args:
      ignore_ops: whether operations are left out; they are an error otherwise. The others are as of `make_list_of_op`.

    Raises:
      TypeError: something is no tensor.
      ValueError: they are of several graphs."""
    if isinstance(ts, Graph):
        if not allow_graph:
            raise TypeError("allow_graph is False: give tensors, not a graph.")
        return get_tensors(ts)
    return _list(ts, Tensor, check_graph, Operation if ignore_ops else (), "tensor")


def _list(given: Any, kind: Any, check_graph: bool, ignored: Any, what: str) -> list[Any]:
    flat = nest.flatten(list(given) if isinstance(given, (set, frozenset, tuple)) else given)
    found = [x for x in flat if not (ignored and isinstance(x, ignored))]
    for x in found:
        if not isinstance(x, kind):
            raise TypeError(f"Expected a tf.{what.capitalize()}, got: {type(x).__name__} ({x!r})")
    if check_graph and len({id(x.graph) for x in found}) > 1:
        raise ValueError(f"The {what}s are of several graphs.")
    return found


def get_tensors(graph: Any) -> list[Any]:
    """All tensors of a graph.

    Raises:
      TypeError: it is no graph."""
    if not isinstance(graph, Graph):
        raise TypeError(f"Expected a graph, got: {type(graph).__name__}")
    return [t for op in graph.get_operations() for t in op.outputs]


def unique(found: Iterable[Any]) -> list[Any]:
    """Each once, in the order of first occurrence."""
    return list({id(x): x for x in found}.values())


def takers(graph: Any) -> Callable[[Any], list[Any]]:
    """Which operations take a tensor, for all tensors of a graph: looked up once, where a walk asks for many."""
    found: dict[int, list[Any]] = {}
    for op in graph.get_operations():
        for t in op.inputs:
            of = found.setdefault(id(t), [])
            if not of or of[-1] is not op:
                of.append(op)
    return lambda t: found.get(id(t), [])


def get_generating_ops(ts: Any) -> list[Any]:
    """The operations that make some tensors."""
    return unique(t.op for t in make_list_of_t(ts, allow_graph=False))


def get_consuming_ops(ts: Any) -> list[Any]:
    """The operations that take some tensors."""
    return unique(op for t in make_list_of_t(ts, allow_graph=False) for op in t.consumers())


# ------------------------------------------------------------------------------------------------------------- by name
def can_be_regex(obj: Any) -> bool:
    """Whether it is a regular expression, or a str."""
    return isinstance(obj, (str, re.Pattern))


def make_regex(obj: Any) -> re.Pattern[str]:
    """The regular expression.

    Raises:
      ValueError: it is neither a str nor a regular expression."""
    if not can_be_regex(obj):
        raise ValueError(f"Expected a string or a regex, got: {type(obj).__name__}")
    return re.compile(obj) if isinstance(obj, str) else obj


def filter_ops(ops: Any, positive_filter: Any) -> list[Any]:
    """The operations for which a function is true; all for True."""
    found = make_list_of_op(ops)
    return found if positive_filter is True else [op for op in found if positive_filter(op)]


def filter_ops_from_regex(ops: Any, regex: Any) -> list[Any]:
    """The operations whose name has the expression in it."""
    pattern = make_regex(regex)
    return filter_ops(ops, lambda op: pattern.search(op.name))


def filter_ts(ops: Any, positive_filter: Any) -> list[Any]:
    """The outputs of operations for which a function is true; all for True."""
    found = [t for op in make_list_of_op(ops) for t in op.outputs]
    return found if positive_filter is True else [t for t in found if positive_filter(t)]


def filter_ts_from_regex(ops: Any, regex: Any) -> list[Any]:
    """The outputs of operations whose name has the expression in it."""
    pattern = make_regex(regex)
    return filter_ts(ops, lambda t: pattern.search(t.name))


def get_name_scope_ops(ops: Any, scope: str) -> list[Any]:
    """The operations in a scope, and of its name."""
    return filter_ops_from_regex(ops, f"^{re.escape(scope.rstrip('/'))}(/.*)?$")


def _chosen(args: Any, graph: Any, positive_filter: Any, by_name: Any, by_kind: Any) -> list[Any]:
    found = []
    for arg in args:
        if can_be_regex(arg):
            if graph is None:
                raise ValueError("Use the keyword argument 'graph' to use regex.")
            found += by_name(graph, arg)
        else:
            found += by_kind(arg)
    return [x for x in unique(found) if positive_filter is None or positive_filter(x)]


def select_ops(*args: Any, graph: Any = None, positive_filter: Any = None, **kwargs: Any) -> list[Any]:
    """Operations: given, in lists, or by expressions that their names in `graph` have.

    Args:
      positive_filter: a function; operations for which it is false are left out.
      restrict_ops_regex: whether only expressions that begin with "(?#ops)" are used; `restrict_ts_regex` of `select_ts` alike.

    Raises:
      ValueError: expressions without a graph."""
    expressions = [a for a in args if not can_be_regex(a) or _asked(a, "ops", kwargs)]
    return _chosen(
        expressions,
        graph,
        positive_filter,
        filter_ops_from_regex,
        lambda a: make_list_of_op(a, ignore_ts=True),
    )


def select_ts(*args: Any, graph: Any = None, positive_filter: Any = None, **kwargs: Any) -> list[Any]:
    """Tensors: given, in lists, or by expressions that their names in `graph` have; see `select_ops`."""
    expressions = [a for a in args if not can_be_regex(a) or _asked(a, "ts", kwargs)]
    return _chosen(
        expressions,
        graph,
        positive_filter,
        filter_ts_from_regex,
        lambda a: make_list_of_t(a, ignore_ops=True),
    )


def _asked(expression: Any, kind: str, options: dict[str, Any]) -> bool:
    unknown = set(options) - {"restrict_ops_regex", "restrict_ts_regex"}
    if unknown:
        raise TypeError(f"Unexpected arguments: {', '.join(sorted(unknown))}.")
    text = make_regex(expression).pattern
    if not options.get(f"restrict_{kind}_regex", False):
        return not text.startswith("(?#ts)" if kind == "ops" else "(?#ops)")
    return text.startswith(f"(?#{kind})")


def select_ops_and_ts(*args: Any, **kwargs: Any) -> tuple[list[Any], list[Any]]:
    """Operations and tensors; expressions that begin with "(?#ts)" are for tensors, the others for operations."""
    return select_ops(*args, **kwargs), select_ts(*args, **{**kwargs, "restrict_ts_regex": True})


# -------------------------------------------------------------------------------------------------------------- by walks
class ControlOutputs:
    """Which operations wait for which."""

    def __init__(self, graph: Any) -> None:
        if not isinstance(graph, Graph):
            raise TypeError(f"Expected a tf.Graph, got: {type(graph).__name__}")
        self.graph = graph
        self.update()

    def update(self) -> ControlOutputs:
        """Looks at the graph again."""
        self._after: dict[int, list[Any]] = {}
        for op in self.graph.get_operations():
            for before in op.control_inputs:
                self._after.setdefault(id(before), []).append(op)
        return self

    def get(self, op: Any) -> tuple[Any, ...]:
        """The operations that wait for one."""
        return tuple(self._after.get(id(op), ()))

    def get_all(self) -> dict[int, list[Any]]:
        """All of them, by the identity of the operation that is waited for."""
        return self._after


def check_cios(
    control_inputs: Any = False, control_outputs: Any = None, control_ios: Any = None
) -> tuple[Any, Any]:
    """What of control dependencies is followed: `(control_inputs, control_outputs)`. `control_ios` stands for both."""
    if control_ios is not None:
        if control_outputs is not None:
            raise ValueError("control_outputs should be None when using control_ios.")
        control_inputs, control_outputs = True, control_ios
    if control_outputs is not None:
        if not isinstance(control_outputs, ControlOutputs):
            raise TypeError(f"Expected a ControlOutputs, got: {type(control_outputs).__name__}")
        control_outputs.update()
    return control_inputs, control_outputs


def get_ops_ios(
    ops: Any, control_inputs: bool = False, control_outputs: Any = None, control_ios: Any = None
) -> list[Any]:
    """The operations next to some: those of their inputs, and those that take their outputs."""
    control_inputs, control_outputs = check_cios(control_inputs, control_outputs, control_ios)
    chosen = make_list_of_op(ops)
    beside = _beside(chosen[0].graph, control_inputs, control_outputs) if chosen else None
    return unique(near for op in chosen for near in beside(op)) if beside else []


def _beside(graph: Any, control_inputs: bool, control_outputs: Any) -> Callable[[Any], list[Any]]:
    after = takers(graph)

    def near(op: Any) -> list[Any]:
        found = [t.op for t in op.inputs] + [c for t in op.outputs for c in after(t)]
        found += control_outputs.get(op) if control_outputs is not None else ()
        return found + list(op.control_inputs if control_inputs else ())

    return near


def compute_boundary_ts(ops: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """Tensors at the border of some operations: `(inputs from outside, outputs that are used outside or nowhere, tensors
    between them)`."""
    found = make_list_of_op(ops)
    inside = {id(op) for op in found}
    inputs, outputs = unique(t for op in found for t in op.inputs), [t for op in found for t in op.outputs]
    within = [t for t in inputs if id(t.op) in inside]
    after = takers(found[0].graph) if found else None
    only = {id(t) for t in within if after and all(id(c) in inside for c in after(t))}
    return [t for t in inputs if id(t.op) not in inside], [t for t in outputs if id(t) not in only], within


def get_within_boundary_ops(
    ops: Any, seed_ops: Any, boundary_ops: Any = (), inclusive: bool = True, control_inputs: bool = False,
    control_outputs: Any = None, control_ios: Any = None,
) -> list[Any]:  # fmt: skip
    """Those of `ops` that can be reached from the seeds, in both directions, without crossing the border.

    Raises:
      ValueError: a seed is on the border."""
    control_inputs, control_outputs = check_cios(control_inputs, control_outputs, control_ios)
    seeds, border = (
        make_list_of_op(seed_ops, allow_graph=False),
        {id(op) for op in make_list_of_op(boundary_ops)},
    )
    if any(id(op) in border for op in seeds):
        raise ValueError("Boundary is intersecting with the seeds.")

    near = _beside(seeds[0].graph, control_inputs, control_outputs) if seeds else None

    def beside(op: Any) -> list[Any]:
        return near(op) if near and id(op) not in border else []

    reached = {id(op) for op in _walk(seeds, beside)} - (set() if inclusive else border)
    return [op for op in make_list_of_op(ops) if id(op) in reached]


def _walk(seeds: list[Any], next_: Callable[[Any], Iterable[Any]]) -> list[Any]:
    """The seeds and what can be reached from them."""
    found, waiting = {id(op): op for op in seeds}, list(seeds)
    while waiting:
        for op in next_(waiting.pop()):
            if id(op) not in found:
                found[id(op)] = op
                waiting.append(op)
    return list(found.values())


def _in_order(ops: list[Any], seeds: list[Any], inclusive: bool) -> list[Any]:
    left_out = set() if inclusive else {id(op) for op in seeds}
    kept = {id(op) for op in ops} - left_out
    return [op for op in ops[0].graph.get_operations() if id(op) in kept] if kept else []


def _within(within_ops: Any, within_ops_fn: Any) -> Callable[[Any], bool]:
    allowed = {id(op) for op in make_list_of_op(within_ops)} if within_ops else None

    def ask(op: Any) -> bool:
        return (allowed is None or id(op) in allowed) and (within_ops_fn is None or bool(within_ops_fn(op)))

    return ask


def get_forward_walk_ops(
    seed_ops: Any, inclusive: bool = True, within_ops: Any = None, within_ops_fn: Any = None, stop_at_ts: Any = (),
    control_outputs: Any = None,
) -> list[Any]:  # fmt: skip
    """The operations that depend on some operations or tensors.

    Args:
      inclusive: whether the seeds are among them.
      within_ops, within_ops_fn: operations, or a function of one that says whether the walk may enter it.
      stop_at_ts: tensors that the walk does not follow.
      control_outputs: a `ControlOutputs`, to follow control dependencies, too."""
    _, control_outputs = check_cios(False, control_outputs)
    flat = nest.flatten(list(seed_ops) if not isinstance(seed_ops, (Tensor, Operation)) else [seed_ops])
    seeds = get_consuming_ops(flat) if flat and isinstance(flat[0], Tensor) else make_list_of_op(flat)
    ask, stops = _within(within_ops, within_ops_fn), {id(t) for t in make_list_of_t(stop_at_ts)}
    seeds = [op for op in seeds if not within_ops or ask(op)]

    by = takers(seeds[0].graph) if seeds else None

    def after(op: Any) -> list[Any]:
        found = [c for t in op.outputs if by and id(t) not in stops for c in by(t)]
        found += control_outputs.get(op) if control_outputs is not None else ()
        return [c for c in found if ask(c)]

    return _in_order(_walk(seeds, after), seeds, inclusive)


def get_backward_walk_ops(
    seed_ops: Any, inclusive: bool = True, within_ops: Any = None, within_ops_fn: Any = None, stop_at_ts: Any = (),
    control_inputs: bool = False,
) -> list[Any]:  # fmt: skip
    """The operations that some operations or tensors depend on; arguments are as of `get_forward_walk_ops`.

    Args:
      control_inputs: whether control dependencies are followed, too."""
    flat = nest.flatten(list(seed_ops) if not isinstance(seed_ops, (Tensor, Operation)) else [seed_ops])
    seeds = get_generating_ops(flat) if flat and isinstance(flat[0], Tensor) else make_list_of_op(flat)
    ask, stops = _within(within_ops, within_ops_fn), {id(t) for t in make_list_of_t(stop_at_ts)}
    seeds = [op for op in seeds if not within_ops or ask(op)]

    def before(op: Any) -> list[Any]:
        found = [t.op for t in op.inputs if id(t) not in stops]
        found += op.control_inputs if control_inputs else ()
        return [c for c in found if ask(c)]

    return _in_order(_walk(seeds, before), seeds, inclusive)


def _both_walks(
    forward_seed_ops: Any, backward_seed_ops: Any, forward_inclusive: bool, backward_inclusive: bool, within_ops: Any,
    within_ops_fn: Any, control_inputs: bool, control_outputs: Any, control_ios: Any,
) -> tuple[list[Any], list[Any]]:  # fmt: skip
    control_inputs, control_outputs = check_cios(control_inputs, control_outputs, control_ios)
    return (
        get_forward_walk_ops(
            forward_seed_ops, forward_inclusive, within_ops, within_ops_fn, control_outputs=control_outputs
        ),
        get_backward_walk_ops(
            backward_seed_ops, backward_inclusive, within_ops, within_ops_fn, control_inputs=control_inputs
        ),
    )


def get_walks_intersection_ops(
    forward_seed_ops: Any, backward_seed_ops: Any, forward_inclusive: bool = True, backward_inclusive: bool = True,
    within_ops: Any = None, within_ops_fn: Any = None, control_inputs: bool = False, control_outputs: Any = None,
    control_ios: Any = None,
) -> list[Any]:  # fmt: skip
    """The operations between: those that depend on the first seeds, and that the second depend on."""
    forward, backward = _both_walks(
        forward_seed_ops, backward_seed_ops, forward_inclusive, backward_inclusive, within_ops, within_ops_fn,
        control_inputs, control_outputs, control_ios,
    )  # fmt: skip
    kept = {id(op) for op in backward}
    return [op for op in forward if id(op) in kept]


def get_walks_union_ops(
    forward_seed_ops: Any, backward_seed_ops: Any, forward_inclusive: bool = True, backward_inclusive: bool = True,
    within_ops: Any = None, within_ops_fn: Any = None, control_inputs: bool = False, control_outputs: Any = None,
    control_ios: Any = None,
) -> list[Any]:  # fmt: skip
    """The operations that depend on the first seeds, and those that the second depend on."""
    forward, backward = _both_walks(
        forward_seed_ops, backward_seed_ops, forward_inclusive, backward_inclusive, within_ops, within_ops_fn,
        control_inputs, control_outputs, control_ios,
    )  # fmt: skip
    return unique([*forward, *backward])
