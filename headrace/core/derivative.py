"""Differentiating a function's graph: a forward graph that also returns what the backward graph needs, and the backward graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .graph import PLACEHOLDER, FuncGraph
from .op import lookup
from .state import building
from .tape import backprop, is_slices


class Derivative:
    """The reverse-mode derivative of `graph`.

    Attributes:
      graph: the function, differentiated.
      residuals: intermediate tensors of `graph` that the backward pass uses and that are neither inputs nor outputs.
      backward: takes the gradients of `targets`, then the values of `needs`; returns the gradients of `wanted` (an
        IndexedSlices as its three parts).
      needs: tensors of `graph` (inputs, outputs or residuals) whose values the backward graph takes.
      layout: for every input of `graph`: None (no gradient), an index into the backward outputs, or
        `(IndexedSlices class, index)` of the first of three.
    """

    def __init__(self, graph: FuncGraph) -> None:
        self.graph = graph
        self.targets = [i for i, y in enumerate(graph.outputs) if y._dtype.is_trainable]
        self.backward = backward = FuncGraph(f"{graph.name}_backward", outer=origin(graph))
        with building(backward, tapes=()):
            gradients = [
                backward.argument(graph.outputs[i]._dtype, graph.outputs[i]._raw_shape, "gradient")
                for i in self.targets
            ]
            sources = [x for x in graph.inputs if x._dtype.is_trainable]
            found = backprop(graph.operations, [graph.outputs[i] for i in self.targets], sources, gradients)
            by_input = {id(x): g for x, g in zip(sources, found)}
            self.layout: list[Any] = []
            for x in graph.inputs:
                g = by_input.get(id(x))
                if g is None:
                    self.layout.append(None)
                elif is_slices(g):
                    self.layout.append((type(g), len(backward.outputs)))
                    backward.outputs += [self._own(g.values), self._own(g.indices), self._own(g.dense_shape)]
                else:
                    self.layout.append(len(backward.outputs))
                    backward.outputs.append(self._own(g))
        self.prune()

    def _own(self, tensor: Any) -> Any:
        backward = self.backward
        return tensor if not tensor._is_eager and tensor.op.graph is backward else backward.capture(tensor)

    def prune(self) -> None:
        """Drops captures that no gradient uses, and settles `needs` and `residuals`."""
        backward, graph = self.backward, self.graph
        used = {id(t) for t in backward.outputs}
        for node in reversed(backward.operations):
            if (node.op_def.stateful and node.op_def is not PLACEHOLDER) or any(
                id(t) in used for t in node.outputs
            ):
                used.update(id(t) for t in node.inputs)
        arguments = backward.inputs[: len(self.targets)]
        captured = [
            (outer, inner)
            for outer, inner in backward.captures.values()
            if inner.op.op_def is PLACEHOLDER and id(inner) in used
        ]
        backward.inputs = arguments + [inner for _, inner in captured]
        self.needs = [outer for outer, _ in captured]
        own = {id(t) for t in (*graph.inputs, *graph.outputs)}
        self.residuals = [
            t for t in self.needs if not t._is_eager and t.op.graph is origin(graph) and id(t) not in own
        ]


def derivative(graph: FuncGraph) -> Derivative:
    """The derivative of a function's graph, made once."""
    found: Derivative | None = graph.memo.get("derivative")
    if found is None:
        found = graph.memo["derivative"] = Derivative(graph)
    return found


def augmented(graph: FuncGraph) -> FuncGraph:
    """`graph` with the residuals of its derivative as additional outputs (sharing its operations)."""
    d = derivative(graph)
    forward = graph.memo.get("augmented")
    if forward is None:
        forward = with_outputs(graph, [*graph.outputs, *d.residuals])
        forward.memo["primal"] = graph
        graph.memo["augmented"] = forward
    return forward


def with_outputs(graph: FuncGraph, outputs: Sequence[Any]) -> FuncGraph:
    """Another function over the same operations, with other outputs."""
    other = FuncGraph.__new__(FuncGraph)
    other.__dict__.update(graph.__dict__)
    other.outputs = list(outputs)
    other.memo = {"origin": origin(graph)}
    return other


def origin(graph: FuncGraph) -> FuncGraph:
    """The graph that the operations belong to, of several functions over the same operations."""
    return graph.memo.get("origin", graph)


def primal(graph: FuncGraph) -> FuncGraph:
    """The function that `augmented` was applied to (or the graph itself)."""
    return graph.memo.get("primal", graph)


def zeros_or(gradient: Any, tensor: Any) -> Any:
    """The gradient, or zeros like `tensor` where there is none."""
    if gradient is not None:
        from .tape import to_dense

        return to_dense(gradient)
    from .tape import _zeros_for

    return _zeros_for(tensor)


def gradients_of_call(
    d: Derivative, inputs: Sequence[Any], outputs: Sequence[Any], received: Sequence[Any], call: Any
) -> list[Any]:
    """Gradients of a call's inputs. `outputs` are the augmented call's; `call(graph, inputs)` runs a graph."""
    if not any(g is not None for g in received[: len(d.graph.outputs)]):
        return [None] * len(inputs)
    values = {id(t): v for t, v in zip(d.graph.inputs, inputs)}
    values.update({id(t): v for t, v in zip([*d.graph.outputs, *d.residuals], outputs)})
    gradients = [zeros_or(received[i], outputs[i]) for i in d.targets]
    results = call(d.backward, [*gradients, *[values.get(id(t), t) for t in d.needs]])
    return unpack(d, results)


def unpack(d: Derivative, results: Sequence[Any]) -> list[Any]:
    out: list[Any] = []
    for place in d.layout:
        if place is None:
            out.append(None)
        elif isinstance(place, tuple):
            cls, i = place
            out.append(cls(results[i], results[i + 1], results[i + 2]))
        else:
            out.append(results[place])
    return out


__all__ = [
    "Derivative",
    "augmented",
    "derivative",
    "gradients_of_call",
    "lookup",
    "primal",
    "with_outputs",
    "zeros_or",
]
