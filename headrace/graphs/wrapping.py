"""Functions that run part of a graph as a session would: what the results need, and nothing else (`tf.compat.v1.wrap_function`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.compiler.function import ConcreteFunction
from headrace.compiler.signature import Arguments
from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.graph import FuncGraph, Operation
from headrace.core.specs import TensorSpec
from headrace.core.state import building
from headrace.core.tensor import Tensor
from headrace.session.feeds import unfed
from headrace.session.plan import pruned

__all__ = ["WrappedFunction", "part", "wrap_function"]


class WrappedFunction(ConcreteFunction):
    """A graph that was built once, and can be called with tensors. Its variables are its own."""

    _created: Sequence[Any] = ()  # the graph refers to its variables weakly

    def prune(
        self, feeds: Any, fetches: Any, name: str | None = None, input_signature: Any = None
    ) -> WrappedFunction:
        """A function of other tensors of the graph: of `feeds`, to `fetches`. See `part`."""
        made = part(self.graph, feeds, fetches, name, input_signature)
        made._created = self._created
        return made


def wrap_function(fn: Callable[..., Any], signature: Any, name: str | None = None) -> WrappedFunction:
    """Builds a graph by calling `fn` once, and gives a function that runs it.

    As in a session, only what the results need runs: an operation that nothing depends on has to be returned. Variables that
    `fn` makes belong to the function; they get their initial values now.

    Args:
      fn: builds the graph, with functions of either generation.
      signature: its arguments: `TensorSpec`s for those that calls give, other values as they are.
      name: of the graph.

    Returns:
      A function of tensors. `.graph` is the graph, `.variables` what it uses, `.prune(feeds, fetches)` another part of it.

    >>> import headrace as tf
    >>> def step(x, up):
    ...     v = tf.compat.v1.get_variable("total", initializer=5.0)
    ...     change = v.assign_add(x) if up else v.assign_sub(x)
    ...     with tf.control_dependencies([change]):
    ...         return v.read_value()
    >>> add = tf.compat.v1.wrap_function(step, [tf.TensorSpec([], tf.float32), True])
    >>> add(1.0).numpy(), add(tf.constant(2.0)).numpy()
    (np.float32(6.0), np.float32(8.0))
    """
    arguments = Arguments(fn, None)
    positional = list(signature) if isinstance(signature, (list, tuple)) else [signature]
    call: Any = arguments.bind(positional, {})
    graph, created = FuncGraph(name or "wrapped_function"), list[Any]()
    graph.created_variables = created.append  # type: ignore[attr-defined]
    with building(graph, tapes=()):
        feeds = [graph.argument(spec._dtype, spec._raw_shape, label) for spec, label in call.placeholders()]
        args, kwargs = call.rebuild(feeds)
        result = fn(*args, **kwargs)
        fetches = nest.map_structure(lambda leaf: _fetch(graph, leaf), result, expand_composites=True)
    made = _function(graph, call, feeds, fetches, graph.name)
    made._created = created
    return made


def part(
    graph: FuncGraph, feeds: Any, fetches: Any, name: str | None = None, input_signature: Any = None,
    names: Sequence[str] | None = None,
) -> WrappedFunction:  # fmt: skip
    """A function that computes some tensors of a graph from others.

    Args:
      feeds: tensors of the graph (or their names) that calls give; in the order of a call's arguments.
      fetches: a nest of tensors, operations (which run, and give None) or their names.
      name: of the function.
      input_signature: `TensorSpec`s of the feeds, where they say more than the tensors do.
      names: of the feeds, sorted, by which calls give them.

    Raises:
      ValueError: something belongs to another graph.
    """
    whole = getattr(graph, "whole", graph)
    with building(whole, tapes=()):
        given = [graph.as_graph_element(f, allow_operation=False) for f in nest.flatten(feeds, True)]
        wanted = nest.map_structure(
            lambda leaf: _fetch(whole, _own(graph, leaf)), fetches, expand_composites=True
        )
    specs = input_signature or [
        TensorSpec(t._raw_shape, t._dtype, t.name.partition(":")[0].rpartition("/")[2]) for t in given
    ]
    if names is None:
        call: Any = Arguments(lambda *args: args, None).bind(list(specs), {})
    else:
        named = {n: TensorSpec(s._raw_shape, s._dtype, n) for n, s in zip(names, specs)}
        call = Arguments(lambda **tensors: tensors, None).bind((), named)
    return _function(whole, call, given, wanted, name or "pruned")


def _own(graph: FuncGraph, value: Any) -> Any:
    return graph.as_graph_element(value) if getattr(value, "graph", None) is graph else value


def _fetch(graph: FuncGraph, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        return graph.as_graph_element(value)
    value = value if isinstance(value, (Tensor, Operation)) else to_tensor(value)
    if isinstance(value, Operation):
        if value.graph is not graph:
            raise ValueError(f"{value.name} is an operation of another graph.")
        return value
    return graph.capture(value) if value._is_eager or value.op.graph is not graph else value


class _Part(FuncGraph):
    """The operations of a part of a graph, copied. What is asked for by name is looked up in the whole graph."""

    def __init__(self, name: str, whole: FuncGraph) -> None:
        super().__init__(name, whole.outer)
        self.whole = whole

    def get_operations(self) -> list[Operation]:
        return self.whole.get_operations()

    def get_operation_by_name(self, name: str) -> Operation:
        return self.whole.get_operation_by_name(name)

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        if getattr(obj, "graph", None) is self:
            obj = obj.name
        return self.whole.as_graph_element(obj, allow_tensor, allow_operation)


def _function(graph: FuncGraph, call: Any, feeds: Sequence[Any], fetches: Any, name: str) -> WrappedFunction:
    leaves = nest.flatten(fetches, expand_composites=True)
    tensors: list[Any] = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
    fed = {id(t) for t in feeds}
    roots = [t.op for t in tensors if id(t) not in fed] + [
        leaf for leaf in leaves if isinstance(leaf, Operation)
    ]
    view = _Part(name, graph)
    view.variables = dict(graph.variables)
    with building(view, tapes=()):
        copies = {id(t): view.argument_like(t) for t in feeds}
        outside = {id(inner): outer for outer, inner in graph.captures.values()}
        nodes: dict[int, Operation] = {}
        for node in pruned(graph, roots, fed):
            if any(id(t) in fed for t in node.outputs) and all(id(t) in fed for t in node.outputs):
                continue
            if node.type == "Placeholder":
                (inner,) = node.outputs
                if id(inner) not in outside:
                    raise unfed(node)
                copies[id(inner)] = view.capture(outside[id(inner)])
                continue
            made = view.add(node.op_def, [copies[id(t)] for t in node.inputs], node.attrs, node.name)
            made.control_inputs = tuple(nodes[id(c)] for c in node.control_inputs if id(c) in nodes)
            made._site, nodes[id(node)] = node._site, made
            for old, new in zip(node.outputs, made.outputs):
                new._raw_shape = old._raw_shape
                if "_handle_data" in old.__dict__:
                    new.__dict__["_handle_data"] = old.__dict__["_handle_data"]
                copies.setdefault(id(old), new)
    view.memo["pruned"] = True
    view.outputs = [copies[id(t)] for t in tensors]
    view.structured_outputs = nest.map_structure(
        lambda leaf: copies[id(leaf)] if isinstance(leaf, Tensor) else None, fetches, expand_composites=True
    )
    return WrappedFunction(view, call, None, name)
