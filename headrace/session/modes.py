"""Whether a process runs ops at once, or builds graphs unless told otherwise."""

from __future__ import annotations

from typing import Any

from headrace.core.graph import Graph, current, get_default_graph
from headrace.core.state import OTHER, State, set_graph, state
from headrace.core.tensor import SymbolicTensor, Tensor


class Switches:
    """What `disable_v2_behavior` and its parts switch."""

    graph_mode = False
    resource_variables = True
    control_flow_v2 = True
    tensor_equality = True
    v2_tensorshape = True


def tensor_equality(on: bool) -> None:
    """Whether `==` compares tensors and variables element by element, or their identity."""
    from headrace.api.variables import Variable

    if on == Switches.tensor_equality:
        return
    for cls in (Tensor, SymbolicTensor, Variable):
        for name in ("__eq__", "__ne__", "__hash__"):
            if not on:
                _elementwise[cls, name] = cls.__dict__.get(name)
                setattr(cls, name, getattr(object, name))
            elif _elementwise[cls, name] is None:
                delattr(cls, name)
            else:
                setattr(cls, name, _elementwise[cls, name])
    Switches.tensor_equality = on


_elementwise: dict[tuple[type, str], Any] = {}


def graph_mode(on: bool) -> None:
    """Makes the default graph (or nothing) the graph that ops of this process's threads go to.

    Raises:
      ValueError: eager execution is asked for inside of a graph, or after one was built."""
    if on == Switches.graph_mode:
        return
    if on:
        graph = get_default_graph()
        if state.graph is None:
            set_graph(graph)
        State.graph, State.mode = graph, OTHER  # of threads that start from now on
    else:
        if state.graph is not current.outermost:
            raise ValueError(
                "tf.enable_eager_execution must be called at program startup, not inside of a graph."
            )
        if state.graph is not None and state.graph.operations:
            raise ValueError("tf.enable_eager_execution must be called at program startup.")
        State.graph, State.mode = None, 0
        set_graph(None)
    Switches.graph_mode = on


def reset_default_graph() -> None:
    """Begins a new default graph.

    Raises:
      AssertionError: inside of `with graph.as_default()`."""
    if state.graph is not None and state.graph is not current.outermost:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared graph, exit the nesting and create a new graph."
        )
    current.outermost = None
    if Switches.graph_mode:
        current.outermost = State.graph = Graph("default")
        set_graph(current.outermost)
