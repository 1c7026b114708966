"""Graphs and sessions: `Session`, collections, the default graph, and the switches between eager code and graphs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from headrace.core.device_spec import DeviceSpec
from headrace.core.graph import get_default_graph
from headrace.core.graph import name_scope as enter_name_scope
from headrace.core.op import lookup
from headrace.core.state import state
from headrace.session import get_default_session
from headrace.session.keys import GraphKeys
from headrace.session.modes import Switches, graph_mode, reset_default_graph, tensor_equality
from headrace.session.session import InteractiveSession, Session
from headrace.session.values import IndexedSlicesValue, RaggedTensorValue, SparseTensorValue


# ------------------------------------------------------------------------------------------------------- collections
def add_to_collection(name: Any, value: Any) -> None:
    """Adds to a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Adds to several collections of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: Any, scope: str | None = None) -> list[Any]:
    """What is in a collection of the default graph; with `scope` only what has a name that matches it."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Any) -> list[Any]:
    """The list of a collection itself: changes to it are changes of the collection."""
    return get_default_graph().get_collection_ref(key)


# ----------------------------------------------------------------------------------------------------------- scopes
class name_scope:
    """A context that prefixes the names of ops: `name_scope(name, default_name=None, values=None)`."""

    def __init__(self, name: str | None, default_name: str | None = None, values: Any = None) -> None:
        if not (default_name is None or isinstance(default_name, str)):
            raise TypeError(
                f"`default_name` type ({type(default_name)}) is not a string type. You likely meant to pass this into the `values` kwarg."
            )
        if name is None and default_name is None and values is not None:
            raise ValueError("At least one of name (None) and default_name (None) must be provided.")
        self._name = default_name if name is None else name

    @property
    def name(self) -> str | None:
        return self._name

    def __enter__(self) -> Any:
        self._context = enter_name_scope(self._name)
        return self._context.__enter__()

    def __exit__(self, *exc: Any) -> Any:
        return self._context.__exit__(*exc)


@contextmanager
def op_scope(values: Any, name: str | None, default_name: str | None = None) -> Iterator[str]:
    """`name_scope` with another order of arguments."""
    with name_scope(name, default_name, values) as scope:
        yield scope


def device(device_name_or_function: Any) -> Any:
    """A context whose ops have that device (or what the function says for each operation)."""
    if state.graph is not None:
        return get_default_graph().device(device_name_or_function)
    from .control import device as eager_device

    return eager_device(device_name_or_function)


def colocate_with(op: Any, ignore_existing: bool = False) -> Any:
    """A context whose ops have the device of `op`."""
    return get_default_graph().colocate_with(op, ignore_existing)


def container(container_name: str) -> Any:
    """A context whose stateful ops keep their resources under that name."""
    return get_default_graph().container(container_name)


# --------------------------------------------------------------------------------------------------------- switches
def executing_eagerly() -> bool:
    """Whether ops run at once."""
    return state.graph is None


def executing_eagerly_outside_functions() -> bool:
    """Whether ops outside of functions run at once."""
    graph = state.graph
    while graph is not None and graph.building_function:
        graph = graph.outer
    return graph is None


def disable_v2_behavior() -> None:
    """Makes this process one of TensorFlow 1.x: graphs are built, and sessions run them."""
    graph_mode(True)
    Switches.resource_variables = Switches.control_flow_v2 = False
    tensor_equality(False)
    _shape_behavior(False)


def enable_v2_behavior() -> None:
    """Makes this process one of TensorFlow 2.x: ops run at once."""
    graph_mode(False)
    Switches.resource_variables = Switches.control_flow_v2 = True
    tensor_equality(True)
    _shape_behavior(True)


def enable_resource_variables() -> None:
    """Makes variables resources where neither `use_resource` nor a variable scope says otherwise: a read is the value at its
    place among the operations."""
    Switches.resource_variables = True


def disable_resource_variables() -> None:
    """Makes variables references, as in 1.x, where neither `use_resource` nor a variable scope says otherwise: what is read
    stands for the variable's memory."""
    Switches.resource_variables = False


def resource_variables_enabled() -> bool:
    """What `enable_resource_variables` and its opposite said last."""
    return Switches.resource_variables


def enable_control_flow_v2() -> None:
    """Conditionals and loops are functional ops. Here they always are."""
    Switches.control_flow_v2 = True


def disable_control_flow_v2() -> None:
    """Asks for the older form of conditionals and loops; what they compute is the same in either."""
    Switches.control_flow_v2 = False


def control_flow_v2_enabled() -> bool:
    """What `enable_control_flow_v2` and its opposite said last."""
    return Switches.control_flow_v2


def enable_tensor_equality() -> None:
    """`==` compares eager tensors element by element (in plain graphs it always compares identity)."""
    tensor_equality(True)


def disable_tensor_equality() -> None:
    """`==` compares identity, and tensors can be hashed, everywhere as in plain graphs."""
    tensor_equality(False)


def enable_v2_tensorshape() -> None:
    """The entries of a TensorShape are ints and None."""
    _shape_behavior(True)


def disable_v2_tensorshape() -> None:
    """The entries of a TensorShape are `Dimension`s."""
    _shape_behavior(False)


def _shape_behavior(v2: bool) -> None:
    from headrace.core.shapes import TensorShape

    Switches.v2_tensorshape = v2
    TensorShape.dimensions = not v2


# -------------------------------------------------------------------------------------------------------------- seeds
def set_random_seed(seed: int | None) -> None:
    """Sets the seed of the default graph (in eager mode: of the process)."""
    from headrace.ops import seeds

    if seed is not None and not -(2**63) <= seed < 2**64:
        raise ValueError(f"The seed must fit 64 bits, received {seed}.")
    seeds.set_seed(seed)


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The two seeds of an op whose own is `op_seed`."""
    from headrace.ops import seeds

    return seeds.get_seed(op_seed)


def add_check_numerics_ops() -> Any:
    """One operation that checks every float tensor of the default graph for NaN and infinity.

    Raises:
      RuntimeError: in eager mode.
    """
    from .script import group

    if state.graph is None:
        raise RuntimeError(
            "add_check_numerics_ops() is not compatible with eager execution. To check for Inf's and NaN's under eager "
            "execution call tf.debugging.enable_check_numerics() once before executing the checked operations."
        )
    graph = get_default_graph()
    checks: list[Any] = []
    for op in graph.get_operations():
        for t in op.outputs:
            if t._dtype.is_floating:
                message = f"{op.name}:{t.value_index}"
                with graph.control_dependencies(checks[-1:]):
                    checks.append(lookup("CheckNumerics")(t, message=message))
    return group(*checks)


ROOT = [
    "DeviceSpec", "GraphKeys", "InteractiveSession", "Session", "SparseTensorValue", "add_check_numerics_ops", "add_to_collection",
    "add_to_collections", "colocate_with", "container", "control_flow_v2_enabled", "device",
    "disable_control_flow_v2", "disable_resource_variables", "disable_tensor_equality", "disable_v2_behavior",
    "disable_v2_tensorshape", "enable_control_flow_v2", "enable_resource_variables", "enable_tensor_equality",
    "enable_v2_behavior", "enable_v2_tensorshape", "executing_eagerly", "executing_eagerly_outside_functions",
    "get_collection", "get_collection_ref", "get_default_graph", "get_default_session", "get_seed", "name_scope",
    "op_scope", "reset_default_graph", "resource_variables_enabled", "set_random_seed",
]  # fmt: skip
NAMES = {
    "ragged": ["RaggedTensorValue"],
    "random": ["get_seed", "set_random_seed"],
    "train": [],
}
__all__ = [*ROOT, "IndexedSlicesValue", "RaggedTensorValue"]  # noqa: PLE0604
