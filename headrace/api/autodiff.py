"""Differentiation: `tf.GradientTape`, `tf.gradients`, Jacobians, `tf.custom_gradient` and what is built with
it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

from headrace.compiler.vectorize import vectorized_map
from headrace.core.convert import to_tensor
from headrace.core.forward import ForwardAccumulator
from headrace.core.graph import name_scope
from headrace.core.op import TABLE, lookup
from headrace.core.state import building, elsewhere, state
from headrace.core.tape import (
    GRADIENTS,
    GradientTape,
    Record,
    _source,
    backprop,
    not_differentiable,
    to_dense,
)
from headrace.core.tensor import ReferenceTensor, Tensor

from .custom_gradients import custom_gradient, grad_pass_through, recompute_grad
from .jacobians import batch_jacobian, jacobian, rows


class UnconnectedGradients(enum.Enum):
    """What a gradient is where the target does not depend on the source: None, or zeros."""

    NONE = "none"
    ZERO = "zero"


class AggregationMethod:
    """How gradients that meet are summed. All ways give one result here: the compiler plans the sum."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


# ----------------------------------------------------------------------------------------- rules for op types
class RegisterGradient:
    """Decorator: `@tf.RegisterGradient("MyOp")` above `def grad(op, *output_gradients)` gives an op type its
    gradient.

    Raises:
      KeyError: the type has a gradient already.
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError(f"op_type must be a string, received {type(op_type).__name__}.")
        self._op_type = op_type

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        _register(self._op_type, f)
        return f


def _register(op_type: str, rule: Callable[..., Any]) -> None:
    op = TABLE.get(op_type)
    if op_type in GRADIENTS or (op is not None and op.grad is not None):
        raise KeyError(
            f"Registering two gradient with name '{op_type}'! An op type has one gradient; use"
            " tf.custom_gradient to replace it in one place."
        )
    GRADIENTS[op_type] = rule
    if op is not None:
        op.grad = rule


def no_gradient(op_type: str) -> None:
    """Says that nothing flows back through ops of a type.

    Raises:
      TypeError: `op_type` is not a string.
    """
    if not isinstance(op_type, str):
        raise TypeError(f"op_type must be a string, received {type(op_type).__name__}.")
    _register(op_type, not_differentiable)


NotDifferentiable = NoGradient = no_gradient


# -------------------------------------------------------------------------------------------- graph gradients
def _as_list(x: Any) -> list[Any]:
    return list(x) if isinstance(x, (list, tuple)) else [x]


def _symbol(x: Any, graph: Any) -> Any:
    """The tensor of `graph` that stands for a tensor or a variable, or the thing itself where the graph does
    not use it."""
    tensor: Any = _source(x)
    if not isinstance(tensor, Tensor):
        tensor = to_tensor(tensor)
    if not tensor._is_eager and tensor.op.graph is graph:
        return tensor
    if isinstance(tensor, ReferenceTensor):
        return _handle_in(graph, tensor)
    found = getattr(graph, "captures", {}).get(id(tensor))
    return tensor if found is None else found[1]


def _handle_in(graph: Any, reference: Any) -> Any:
    """The handle that stands for a reference inside a function; the reference where the function does not use it."""
    outer = graph.outer if graph.building_function else None
    if outer is None:
        return reference
    handle = reference.__dict__.get("_handle") if outer is reference.graph else _handle_in(outer, reference)
    found = graph.captures.get(id(handle))
    return reference if found is None else found[1]


def _graph_of(ys: Sequence[Any]) -> Any:
    for y in ys:
        if isinstance(y, Tensor) and not y._is_eager:
            return y.op.graph
    return state.graph


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> list[Any]:
    """The derivatives of the sum of `ys` with respect to each of `xs`, as new ops of the graph being built.

    Args:
      ys, xs: tensors (`xs` also variables) or lists of them.
      grad_ys: gradients of the ys to start from (ones where None).
      gate_gradients: whether the gradients of an operation are available together. They always are; in plain graphs, gates
        show in the names (`"gradients/MatMul_grad/tuple/control_dependency_1"`).
      aggregation_method: one of `tf.AggregationMethod`; all give one result.
      stop_gradients: tensors through which nothing flows back.
      unconnected_gradients: what the gradient is where ys do not depend on x.

    Raises:
      RuntimeError: called in eager mode; use `tf.GradientTape` there.
      LookupError: an op on the way has no gradient.
      TypeError: a y is complex and has no gradient to start from, or one of another type.
      ValueError: an x belongs to another graph than the ys.

    >>> import headrace as tf
    >>> f = tf.function(lambda x: tf.gradients(x * x, x)[0])
    >>> float(f(tf.constant(3.0)))
    6.0
    """
    if state.graph is None:
        raise RuntimeError(
            "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead."
        )
    if aggregation_method not in (None, 0, 1, 2):
        raise ValueError(
            f"Invalid aggregation_method specified: {aggregation_method}. Use one of tf.AggregationMethod."
        )
    ys, xs = _as_list(ys), _as_list(xs)
    if (home := elsewhere(ys)) is not None:
        with building(home):
            return gradients(
                ys,
                xs,
                grad_ys,
                name,
                gate_gradients,
                aggregation_method,
                stop_gradients,
                unconnected_gradients,
            )
    graph = _graph_of(ys)
    targets = [_symbol(y.value() if hasattr(y, "handle") else y, graph) for y in ys]
    seeds = [None] * len(targets) if grad_ys is None else _as_list(grad_ys)
    if len(seeds) != len(targets):
        raise ValueError(
            f"Must have as many gradients in `grad_ys` as there are `ys`: {len(seeds)} against"
            f" {len(targets)}."
        )
    with name_scope(name):
        start = []
        for y, g in zip(targets, seeds):
            if g is None and y._dtype.is_complex:
                raise TypeError(
                    f"Gradients of complex tensors ({y!r}) must set grad_ys (y.dtype = {y._dtype.name})."
                )
            if g is not None and not hasattr(g, "indices"):
                if isinstance(g, Tensor) and g._dtype is not y._dtype:
                    raise TypeError(
                        f"A gradient in grad_ys has the type of its y, {y._dtype.name}: received {g!r}."
                    )
                g = to_tensor(g, y._dtype)
                if not g.shape.is_compatible_with(y.shape):
                    raise ValueError(
                        f"Incompatible shapes between op input and calculated input gradient: {g.shape} for a"
                        f" y of shape {y.shape}."
                    )
            start.append(g)
        records = _stopped(graph.operations, [_symbol(t, graph) for t in _as_list(stop_gradients or [])])
        sources = [_symbol(x, graph) for x in xs]
        for x in sources:
            if not graph.building_function and not x._is_eager and x.op.graph is not graph:
                raise ValueError(
                    f"{x!r} (created at {x.op.site}) must be from the same graph as {targets[0]!r}."
                )
        found = backprop(
            list(records),
            targets,
            sources,
            start,
            unconnected_gradients,
            gated=gate_gradients,
        )
    return found


def _stopped(operations: Sequence[Any], stops: Sequence[Any]) -> Sequence[Any]:
    """The operations as records in which the outputs in `stops` are somebody else's, so that no gradient
    finds its producer."""
    if not stops:
        return operations
    cut = {id(t) for t in stops}
    out: list[Any] = []
    for node in operations:
        hit = [id(y) in cut for y in node.outputs]
        if not any(hit):
            out.append(node)
        elif not all(hit):
            outputs = [lookup("Identity")(y) if h else y for y, h in zip(node.outputs, hit)]
            out.append(Record(node.op_def, node.inputs, node.attrs, outputs))
    return out


def hessians(
    ys: Any,
    xs: Any,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    name: str = "hessians",
) -> list[Any]:
    """The matrix of second derivatives of the sum of `ys` for each of `xs`: shape `x.shape + x.shape`.

    Raises:
      RuntimeError: called in eager mode.
    """
    xs = _as_list(xs)
    with name_scope(name):
        first = gradients(ys, xs, gate_gradients=gate_gradients, aggregation_method=aggregation_method)
        graph = _graph_of(_as_list(ys))
        out = []
        for g, x in zip(first, xs):
            source = _symbol(x, graph)
            out.append(
                None if g is None else rows(graph.operations, to_dense(g), [source], [True], "none", True)[0]
            )
    return out


__all__ = ["ForwardAccumulator", "GradientTape"]
ROOT = [
    "AggregationMethod",
    "GradientTape",
    "RegisterGradient",
    "UnconnectedGradients",
    "custom_gradient",
    "grad_pass_through",
    "gradients",
    "hessians",
    "no_gradient",
    "recompute_grad",
    "vectorized_map",
]
