"""A part of a graph, with inputs and outputs in an order of one's own."""

from __future__ import annotations

from typing import Any

from . import select


class SubGraphView:
    """Some operations, the tensors that come in and those that go out. A view changes nothing of the graph; `remap…` give
    other views.

    Args:
      inside_ops: the operations."""

    def __init__(self, inside_ops: Any = ()) -> None:
        self._ops = select.make_list_of_op(inside_ops)
        self._graph = self._ops[0].graph if self._ops else None
        self._inputs, self._outputs, _ = select.compute_boundary_ts(self._ops)

    @property
    def graph(self) -> Any:
        """The graph; None of an empty view."""
        return self._graph

    @property
    def ops(self) -> list[Any]:
        """The operations."""
        return list(self._ops)

    @property
    def inputs(self) -> list[Any]:
        """The tensors that come in."""
        return list(self._inputs)

    @property
    def outputs(self) -> list[Any]:
        """The tensors that go out."""
        return list(self._outputs)

    def op(self, op_id: int) -> Any:
        """One of the operations."""
        return self._ops[op_id]

    def input_index(self, t: Any) -> int:
        """The place of a tensor among the inputs."""
        return [id(x) for x in self._inputs].index(id(t))

    def output_index(self, t: Any) -> int:
        """The place of a tensor among the outputs."""
        return [id(x) for x in self._outputs].index(id(t))

    def find_op_by_name(self, op_name: str) -> Any:
        """The operation of that name.

        Raises:
          ValueError: there is none."""
        for op in self._ops:
            if op.name == op_name:
                return op
        raise ValueError(f"{op_name} is not in the subgraph.")

    def consumers(self) -> list[Any]:
        """The operations outside that take an output."""
        inside = {id(op) for op in self._ops}
        return [op for op in select.get_consuming_ops(self._outputs) if id(op) not in inside]

    def copy(self) -> SubGraphView:
        """The same view."""
        return self.remap()

    def remap(self, new_input_indices: Any = None, new_output_indices: Any = None) -> SubGraphView:
        """The view with inputs and outputs in another order, or only some, or some twice."""
        made = SubGraphView(self._ops)
        places = range(len(self._inputs)) if new_input_indices is None else new_input_indices
        made._inputs = [self._inputs[i] for i in places]
        places = range(len(self._outputs)) if new_output_indices is None else new_output_indices
        made._outputs = [self._outputs[i] for i in places]
        return made

    def remap_inputs(self, new_input_indices: Any) -> SubGraphView:
        """The view with other inputs."""
        return self.remap(new_input_indices)

    def remap_outputs(self, new_output_indices: Any) -> SubGraphView:
        """The view with other outputs."""
        return self.remap(None, new_output_indices)

    def __bool__(self) -> bool:
        return bool(self._ops)

    def __str__(self) -> str:
        names = [[t.name for t in ts] for ts in (self._inputs, self._outputs)]
        return f"SubGraphView (graph of {len(self._ops)} ops): inputs {names[0]}, outputs {names[1]}"


def make_view(*args: Any, **kwargs: Any) -> SubGraphView:
    """A view of operations: of a view, of lists, or of expressions that their names in `graph` have."""
    if len(args) == 1 and isinstance(args[0], SubGraphView):
        return args[0]
    return SubGraphView(select.select_ops(*args, **kwargs))


sgv = make_view


def make_view_from_scope(scope: str, graph: Any) -> SubGraphView:
    """A view of the operations in a scope."""
    return SubGraphView(select.get_name_scope_ops(graph, scope))


sgv_scope = make_view_from_scope
