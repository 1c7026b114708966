"""Graphs: operations in program order, each with inputs, attributes and outputs.

`Graph` is TensorFlow's dataflow graph; `FuncGraph` is the body of a function: it has inputs and outputs, and captures
what it uses from outside."""

from __future__ import annotations

import contextvars
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import errors
from .device_spec import merged
from .dispatch import infer
from .dtypes import DType
from .op import REQUIRED, OpDef, lookup
from .shapes import Raw
from .state import building, state
from .tensor import EagerTensor, ReferenceTensor, SymbolicTensor, Tensor

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep
_OURS: set[str] = set()  # files of this package that were met
_VALID_NAME = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$")
_VALID_SCOPE = re.compile(r"^[A-Za-z0-9_.\\-][A-Za-z0-9_.\\/>-]*$").match
SMALL_CONSTANT = 16  # integers in eager tensors of up to so many elements become constants of a function, so that shapes fold

# What operations are called whose maker gives no name, where that is not their type. (Python's operators give names.)
USUAL_NAMES = {
    "AddV2": "Add",
    "ConcatV2": "concat",
    "FloorDiv": "floordiv",
    "Pack": "stack",
    "StridedSlice": "strided_slice",
    "Transpose": "transpose",
}

# What the inputs of some ops are called whose maker gives Python values for them, where that is not the inputs' names.
VALUE_NAMES = {"StridedSlice": {"begin": "stack", "end": "stack_1", "strides": "stack_2"}, "Pack": {}}

CONST = OpDef(
    "Const",
    "-> output: dtype",
    attrs={"value": REQUIRED, "dtype": REQUIRED},
    shape=lambda c: c.attrs["value"].shape,
    kernel=lambda value, dtype: value,
)
PLACEHOLDER = OpDef(
    "Placeholder",
    "-> output: dtype",
    attrs={"dtype": REQUIRED, "shape": None},
    shape=lambda c: c.attrs["shape"],
    stateful=True,
)


class Operation:
    """A node of a graph. `.op_def` is its row of the op table; `.site` the user's file and line that made it."""

    __slots__ = (
        "__dict__",
        "_device",
        "_site",
        "attrs",
        "control_inputs",
        "graph",
        "inputs",
        "name",
        "op_def",
        "outputs",
    )
    private: Mapping[
        str, Any
    ] = {}  # attributes that no op declares and no rule looks at: `_class`, `_my_mark` …

    unconditional = False  # of reads of variables in functions: whether they may as well happen before the function is called

    def __init__(
        self,
        graph: Graph,
        op: OpDef,
        name: str,
        inputs: Sequence[Tensor],
        attrs: Mapping[str, Any],
        control_inputs: Sequence[Operation],
    ) -> None:
        self.graph, self.op_def, self.name, self.attrs = graph, op, name, attrs
        self.inputs: tuple[Any, ...] = tuple(inputs)
        self.control_inputs: tuple[Operation, ...] = tuple(control_inputs)
        self.outputs: list[SymbolicTensor] = []
        device = graph._device
        self._device: str | None = None if callable(device) else device
        if callable(device):
            if op.refers and self.inputs and isinstance(self.inputs[0], ReferenceTensor):
                self._device = self.inputs[0].op._device  # what changes a variable is where that is
            else:
                self._device = device(self)
        self._site: Any = None
        if graph._gradient_names and op.name in graph._gradient_names:
            self.private = {"_gradient_op_type": graph._gradient_names[op.name].encode()}

    @property
    def type(self) -> str:
        return self.op_def.name

    @property
    def device(self) -> str:
        return self._device or ""

    @property
    def site(self) -> str:
        """`file.py:12` of the user's code that created the operation."""
        return f"{self._site[0].co_filename}:{self._site[1]}" if self._site else "<unknown>"

    @property
    def traceback(self) -> list[tuple[str, int, str]]:
        return [(self._site[0].co_filename, self._site[1], self._site[0].co_name)] if self._site else []

    @property
    def node_def(self) -> Any:
        """The operation as a `NodeDef` message."""
        from headrace.io.graph_def import node_def

        return node_def(self)

    def get_attr(self, name: str) -> Any:
        """The value of an attribute as TensorFlow gives it: types as `tf.DType`, strings as bytes, shapes, tensors and
        functions as messages. Attributes that follow from the inputs are read off those."""
        from headrace.io.graph_def import public_attribute

        return public_attribute(self, name)

    def values(self) -> tuple[SymbolicTensor, ...]:
        return tuple(self.outputs)

    def _add_control_input(self, op: Operation) -> None:
        """Makes this operation wait for another, which may have been made later."""
        if op.graph is not self.graph:
            raise ValueError(f"{op!r} is from another graph than {self!r}.")
        self.control_inputs = (*self.control_inputs, op)
        self.graph.changed()

    def _add_control_inputs(self, ops: Iterable[Operation]) -> None:
        for op in ops:
            self._add_control_input(op)

    def _update_input(self, index: int, tensor: Any) -> None:
        """Puts another tensor in the place of an input."""
        if tensor.graph is not self.graph:
            raise ValueError(f"{tensor!r} is from another graph than {self!r}.")
        self.inputs = (*self.inputs[:index], tensor, *self.inputs[index + 1 :])
        self.graph.changed()

    def _set_attr(self, name: str, value: Any) -> None:
        self.attrs = {**self.attrs, name: value}
        self.graph.changed()

    def colocation_groups(self) -> list[bytes]:
        """The operations whose device this one must have, as `loc:@name`."""
        return list(self.private.get("_class", ())) or [b"loc:@" + self.name.encode()]

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Runs the operation in a session (the default one, if none is given)."""
        from headrace.session import default_session

        (session or default_session("execute operation using `run()`", self.graph)).run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<tf.Operation '{self.name}' type={self.type}>"


class Graph:
    """A dataflow graph. Operations are kept in creation order, which is a topological order and the program's own."""

    building_function = False

    def __init__(self, name: str = "graph") -> None:
        self.name = name
        self.outer: Graph | None = None
        self.operations: list[Operation] = []
        self._by_name: dict[str, Operation] = {}
        self._names: dict[str, int] = {}
        self._scope = ""
        self._control: tuple[Operation, ...] = ()
        self._device: Any = None
        self._unnamed: list[tuple[Operation, str, int]] = []  # constants that the next node gives names
        self._gradient_names: Mapping[str, str] = {}  # see gradient_override_map
        self._container = ""
        self._collections: dict[Any, list[Any]] = {}
        self._unfeedable: dict[int, Any] = {}
        self._unfetchable: dict[int, Any] = {}
        self.finalized = False
        self.seed: int | None = None
        self.random_ops = 0  # how many random ops drew their seed from the graph's so far
        self._revision = [
            0
        ]  # grows when existing nodes change; shared with the other functions over the same operations
        self._position: int | None = None  # where new nodes go; None: at the end

    @property
    def version(self) -> int:
        """A number that grows as operations are added; see `as_graph_def(from_version=…)`."""
        return len(self.operations)

    @property
    def revision(self) -> int:
        """A number that grows when existing nodes are altered."""
        return self._revision[0]

    def changed(self) -> None:
        """Says that existing nodes were altered: programs made of them are out of date."""
        self._revision[0] += 1

    # ----------------------------------------------------------------------------------------------------- adding nodes
    def add(
        self, op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any], name: str | None = None
    ) -> Operation:
        """Adds a node; inputs from elsewhere are captured, output types and shapes inferred."""
        if self.finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        inputs = [x if not x._is_eager and x.op.graph is self else self.capture(x) for x in inputs]  # type: ignore[attr-defined]
        shapes = infer(op, inputs, attrs)
        if name is None:
            name = USUAL_NAMES.get(op.name, op.name)
        node = Operation(self, op, self.unique_name(name), inputs, attrs, self._control)
        kind = ReferenceTensor if op.refers else SymbolicTensor
        node.outputs = [
            kind(node, i, dtype, shape)
            for i, (dtype, shape) in enumerate(zip(op.output_dtypes(inputs, attrs), shapes))
        ]
        node._site = user_site()
        if self._position is None:
            self.operations.append(node)
        else:
            self.operations.insert(self._position, node)
            self._position += 1
        self._by_name[node.name] = node
        if self._unnamed and op is not CONST:
            self._name_values(node)
        return node

    def constant(self, array: np.ndarray, dtype: DType, name: str | None = None) -> SymbolicTensor:
        """A node for a value. One without a name is called after the op that takes it next: `add/y`."""
        attrs = {"value": array, "dtype": dtype}
        if name is not None or self.building_function:
            return self.add(CONST, (), attrs, name or "Const").outputs[0]
        key = f"{self._scope}const"
        count = self._names.get(key.lower(), 0)
        node = self.add(CONST, (), attrs, "Const")
        self._unnamed.append((node, key.lower(), count))
        return node.outputs[0]

    def keep_names(self) -> None:
        """Whoever holds the latest constants may know their names already: they stay."""
        self._unnamed.clear()

    def _name_values(self, node: Operation) -> None:
        """Names the constants that were made for this node after it and its inputs, and gives back the numbers they took."""
        unnamed, self._unnamed = self._unnamed, []
        arguments = [
            (arg.name, k if arg.is_list else None)
            for arg, n in node.op_def.groups(node.inputs, node.attrs)
            for k in range(n)
        ]
        special = VALUE_NAMES.get(node.op_def.name)
        for constant, key, count in reversed(unnamed):
            at = next((i for i, t in enumerate(node.inputs) if t.op is constant), None)
            if at is None or not constant.name.lower().startswith(key):
                continue
            argument, k = arguments[at]
            if special is not None:
                argument = special.get(argument, f"{k}")
            elif k is not None:
                argument = f"{argument}_{k}"
            constant.__dict__["_argument"] = argument
            self._name_value(constant, key, count, f"{node.name}/{argument}/")

    def _name_value(self, constant: Operation, key: str, count: int, name: str) -> None:
        before = constant.name.lower()
        self.rename(constant, self.unique_name(name))
        if self._names.get(key) == count + 1 or (count and before == f"{key}_{self._names.get(key, 0) - 1}"):
            self._names.pop(before, None)
            self._names[key] = count
            if not count:
                del self._names[key]

    def name_values(self, scope: str, **values: Any) -> None:
        """Names the constants among these tensors that were just made for an op of several nodes, in its scope."""
        unnamed, self._unnamed = self._unnamed, []
        for constant, key, count in reversed(unnamed):
            for argument, t in values.items():
                if not t._is_eager and t.op is constant and constant.name.lower().startswith(key):
                    self._name_value(constant, key, count, f"{scope}{argument}/")

    def placeholder(self, dtype: DType, shape: Raw, name: str = "Placeholder") -> SymbolicTensor:
        return self.add(PLACEHOLDER, (), {"dtype": dtype, "shape": shape}, name).outputs[0]

    def capture(self, tensor: Any, name: str | None = None) -> Any:
        """This graph's stand-in for a tensor from elsewhere: plain graphs take eager values as constants, nothing else."""
        if tensor._is_eager and tensor._dtype.kind not in "rv":
            return self.constant(tensor._host(), tensor._dtype)
        made = "" if tensor._is_eager else f" (created at {tensor.op.site})"
        raise ValueError(f"{tensor!r}{made} must be from the same graph as the op it is used in.")

    def handle_of(self, reference: Any) -> Any:
        """The handle of the variable behind a reference: what functions take, inside of which variables are handles."""
        handle = reference.__dict__.get("_handle")
        if handle is None:
            if reference.op.graph is not self:
                raise ValueError(f"{reference!r} must be from the same graph ({self.name!r}).")
            with self.control_dependencies(None):
                op = lookup("VariableHandle")
                handle = self.add(op, [reference], {}, f"{reference.op.name}/handle/").outputs[0]
            handle.__dict__["_handle_data"] = reference._dtype, reference._raw_shape
            reference.__dict__["_handle"] = handle
        return handle

    # ------------------------------------------------------------------------------------------------------------ names
    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        if name.endswith("/"):
            name = name[:-1]  # an absolute name: an already entered scope's own
            if name not in self._by_name:
                self._names.setdefault(name.lower(), 1)
                return name
        elif self._scope:
            name = self._scope + name
        key = name.lower()
        n = self._names.get(key, 0)
        if mark_as_used:
            self._names[key] = n + 1
        if not n:
            return name
        while f"{key}_{n}" in self._names:
            n += 1
        if mark_as_used:
            self._names[key] = n + 1
            self._names[f"{key}_{n}"] = 1
        return f"{name}_{n}"

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Names of ops made inside start with `name/`. A name that ends in `/` re-enters that very scope."""
        saved = self._scope
        self._scope = self.scope_named(name) if name else ""
        try:
            yield self._scope
        finally:
            self._scope = saved

    def scope_named(self, name: str) -> str:
        """The prefix of a scope that is opened here under that name."""
        if name[-1] == "/":
            return name
        if not _VALID_SCOPE(name):
            raise ValueError(f"'{name}' is not a valid scope name. Use letters, digits, '_', '.', '-', '/'.")
        return self.unique_name(name) + "/"

    def rename(self, node: Operation, name: str) -> None:
        """Calls a node otherwise, before anybody knows it by its name. What had the name so far gets the node's."""
        if node.name == name:
            return
        other, before = self._by_name.get(name), node.name
        if other is None:
            del self._by_name[before]
            self._names.setdefault(name.lower(), 1)
        else:
            other.name = before
            self._by_name[before] = other
        node.name = name
        self._by_name[name] = node
        for t in node.inputs:  # constants that are named after it
            argument = t.op.__dict__.get("_argument")
            if argument is not None and t.op.name == f"{before}/{argument}":
                self.rename(t.op, f"{name}/{argument}")

    def get_name_scope(self) -> str:
        return self._scope[:-1]

    # -------------------------------------------------------------------------------------------------------- scoping
    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        with building(self):
            yield self

    @contextmanager
    def control_dependencies(self, control_inputs: Any) -> Iterator[None]:
        """Ops made inside run after `control_inputs` (operations or tensors; None clears the surrounding dependencies)."""
        saved = self._control
        if control_inputs is None:
            self._control = ()
        else:
            nodes = []
            for item in control_inputs:
                item = getattr(item, "op", item) if not isinstance(item, EagerTensor) else None
                if not isinstance(item, Operation):
                    continue
                if item.graph is self:
                    nodes.append(item)
                elif not self.building_function:  # functions run after what is outside of them anyway
                    raise ValueError(
                        f"{item!r} (created at {item.site}) is not an element of this graph: operations can wait for "
                        "those of their own graph only."
                    )
            self._control = saved + tuple(nodes)
        try:
            yield
        finally:
            self._control = saved

    @contextmanager
    def before(self, node: Operation) -> Iterator[None]:
        """New operations are inserted before `node`."""
        saved, self._position = self._position, self.operations.index(node)
        try:
            yield
        finally:
            self._position = saved

    @contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        """Ops made inside have this device: a name, something whose text is one, or a function of the operation that
        gives one."""
        saved, name = self._device, device_name_or_function
        if name is None or self.building_function:
            self._device = name if name is None or isinstance(name, str) else str(name)
        else:
            self._device = _device_of(saved, name if callable(name) else str(name))
        try:
            yield
        finally:
            self._device = saved

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """Ops made inside have the device of `op` (an operation, a tensor or a variable)."""
        op = getattr(op, "op", op)
        if op is not None and not isinstance(op, Operation):
            raise TypeError(f"colocate_with takes an operation or a tensor, received {op!r}.")
        with self.device(self._device if op is None else op._device):
            yield

    @contextmanager
    def gradient_override_map(self, op_type_map: Mapping[str, str]) -> Iterator[None]:
        """Ops made inside have the gradient of another op type, or one registered with `tf.RegisterGradient`:
        `{"Sign": "Identity"}` lets gradients pass through signs. The innermost map decides about a type.

        Raises:
          TypeError: the map is not a dict of strings.
        """
        if not isinstance(op_type_map, dict) or not all(
            isinstance(text, str) for pair in op_type_map.items() for text in pair
        ):
            raise TypeError(
                f"op_type_map must be a dictionary from strings to strings, received {op_type_map!r}."
            )
        saved = self._gradient_names
        self._gradient_names = {**saved, **op_type_map}
        try:
            yield
        finally:
            self._gradient_names = saved

    @contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        """Variables and other resources made inside belong to that container."""
        saved, self._container = self._container, container_name
        try:
            yield container_name
        finally:
            self._container = saved

    # ------------------------------------------------------------------------------------------------------- as messages
    def as_graph_def(
        self, from_version: int | None = None, add_shapes: bool = False, use_pybind11_proto: bool = False
    ) -> Any:
        """The graph as a `GraphDef` message.

        Args:
          from_version: leaves out the operations that were there when `version` was this.
          add_shapes: gives every node the shapes of its outputs as the attribute `_output_shapes`.
          use_pybind11_proto: has no meaning here: the message is the same.
        """
        from headrace.io.graph_def import graph_def

        return graph_def(self, from_version, add_shapes)

    @property
    def graph_def_versions(self) -> Any:
        """The `VersionDef` of the graph's message."""
        from headrace.io.graph_def import versions

        return versions()

    # --------------------------------------------------------------------------------------------------------- look-ups
    def get_operations(self) -> list[Operation]:
        return list(self.operations)

    def get_operation_by_name(self, name: str) -> Operation:
        try:
            return self._by_name[name]
        except KeyError:
            if ":" in str(name):
                raise ValueError(f"Name {name!r} appears to refer to a Tensor, not an Operation.") from None
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.") from None

    def get_tensor_by_name(self, name: str) -> SymbolicTensor:
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings, not {type(name).__name__}.")
        op_name, colon, index = name.rpartition(":")
        if not colon or not index.isdecimal() or ":" in op_name:
            raise ValueError(
                f"The name {name!r} looks like an (invalid) Tensor name: tensor names are '<op_name>:<output_index>'."
            )
        if op_name not in self._by_name:
            raise KeyError(
                f"The name {name!r} refers to a Tensor which does not exist. The operation, {op_name!r}, does not exist in the"
                " graph."
            )
        outputs = self._by_name[op_name].outputs
        if int(index) >= len(outputs):
            raise KeyError(
                f"The name {name!r} refers to a Tensor which does not exist. The operation, {op_name!r}, exists but only has"
                f" {len(outputs)} outputs."
            )
        return outputs[int(index)]

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        if hasattr(obj, "_as_graph_element"):
            obj = obj._as_graph_element()
        if isinstance(obj, str):
            if ":" in obj and allow_tensor:
                return self.get_tensor_by_name(obj)
            operation = self.get_operation_by_name(obj)
            if allow_operation:
                return operation
            raise ValueError(
                f"The name {obj!r} refers to an Operation, not a Tensor: those are '<op_name>:<output_index>'."
            )
        if isinstance(obj, SymbolicTensor if allow_tensor else Operation) or (
            allow_operation and isinstance(obj, Operation)
        ):
            if obj.graph is not self:
                made = obj if isinstance(obj, Operation) else obj.op
                raise ValueError(f"{obj!r} (created at {made.site}) is not an element of this graph.")
            return obj
        raise TypeError(f"Can not convert a {type(obj).__name__} into a Tensor or Operation.")

    def is_feedable(self, tensor: Any) -> bool:
        """Whether a session may be given a value for the tensor."""
        return id(tensor) not in self._unfeedable

    def is_fetchable(self, tensor_or_op: Any) -> bool:
        """Whether a session may compute the tensor or operation for its caller."""
        return id(tensor_or_op) not in self._unfetchable

    def prevent_feeding(self, tensor: Any) -> None:
        self._unfeedable[id(tensor)] = tensor

    def prevent_fetching(self, op: Any) -> None:
        self._unfetchable[id(op)] = op

    def finalize(self) -> None:
        """From here on the graph is read-only: adding an operation is an error."""
        self.finalized = True

    # ------------------------------------------------------------------------------------------------------ collections
    def add_to_collection(self, name: Any, value: Any) -> None:
        if self.finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        for name in {names} if isinstance(names, str) else dict.fromkeys(names):
            self.add_to_collection(name, value)

    def get_collection(self, name: Any, scope: str | None = None) -> list[Any]:
        found = self._collections.get(name, [])
        return [v for v in found if re.match(scope, getattr(v, "name", ""))] if scope else list(found)

    def get_collection_ref(self, name: Any) -> list[Any]:
        return self._collections.setdefault(name, [])

    def get_all_collection_keys(self) -> list[Any]:
        return list(self._collections)

    def clear_collection(self, name: Any) -> None:
        self._collections.pop(name, None)


class FuncGraph(Graph):
    """The graph of a function's body.

    `.inputs` are its arguments followed by its captures; `.outputs` its results. `.captures` maps the id of an outside
    tensor to `(outside tensor, placeholder)`."""

    building_function = True

    def __init__(self, name: str, outer: Graph | None = None) -> None:
        super().__init__(name)
        self.outer = outer if outer is not None else state.graph
        if self.outer is not None:
            self._gradient_names = self.outer._gradient_names
        self.inputs: list[SymbolicTensor] = []
        self.outputs: list[Any] = []
        self.captures: dict[int, tuple[Any, Any]] = {}
        self.structured_outputs: Any = None
        self.variables: dict[int, Any] = {}  # weak references, in order of first use
        self.scalars: dict[Any, SymbolicTensor] = {}  # constants made of Python numbers, by value and type
        self.fed: dict[int, Any] = {}  # the arguments of the call it is traced for, by the placeholder's id
        self.memo: dict[str, Any] = {}  # what was derived from this graph: its derivative, its program …

    def argument(self, dtype: DType, shape: Raw, name: str = "x") -> SymbolicTensor:
        placeholder = self.placeholder(dtype, shape, name)
        self.inputs.append(placeholder)
        return placeholder

    def argument_like(self, tensor: Any) -> SymbolicTensor:
        """An argument of the type and shape of `tensor` (a variable's handle stays one)."""
        inner = self.argument(tensor._dtype, tensor._raw_shape)
        if "_handle_data" in tensor.__dict__:
            inner.__dict__["_handle_data"] = tensor.__dict__["_handle_data"]
        return inner

    def capture(self, tensor: Any, name: str | None = None) -> Any:
        """A placeholder for an outside tensor. What no gradient can flow to, and may be a shape, becomes a constant."""
        if isinstance(tensor, ReferenceTensor):  # the variable is captured; its value is read at every use
            read = self.add(lookup("ReadVariableOp"), [self.handle_of(tensor)], {"dtype": tensor._dtype})
            read.unconditional = True
            return read.outputs[0]
        found = self.captures.get(id(tensor))
        if found is not None:
            return found[1]
        if tensor._is_eager:
            if (
                not tensor._dtype.is_trainable
                and tensor._np is not None
                and tensor._np.size <= SMALL_CONSTANT
            ):
                inner: Any = self.constant(tensor._np, tensor._dtype)
                self.captures[id(tensor)] = tensor, inner
                return inner
        elif not self._reaches(tensor.op.graph):
            raise errors.InaccessibleTensorError(
                f"{tensor!r} is out of scope and cannot be used here: it was made in the graph {tensor.op.graph.name!r} "
                f"(at {tensor.op.site}), which this graph "
                f"({self.name!r}) is not inside of. Pass it as an argument, return it from its function, or keep its value in a tf.Variable."
            )
        elif (
            tensor.op.op_def is CONST and not tensor._dtype.is_trainable
        ):  # integers stay constants, so that shapes fold
            inner = self.constant(tensor.op.attrs["value"], tensor._dtype)
            self.captures[id(tensor)] = tensor, inner
            return inner
        saved, self._scope, control, self._control = self._scope, "", self._control, ()
        inner = self.placeholder(tensor._dtype, tensor._raw_shape, name or "captured")
        self._scope, self._control = saved, control
        if "_handle_data" in tensor.__dict__:
            inner.__dict__["_handle_data"] = tensor.__dict__["_handle_data"]
        self.captures[id(tensor)] = tensor, inner
        self.inputs.append(inner)
        return inner

    def handle_of(self, reference: Any) -> Any:
        if self.outer is None:
            raise ValueError(
                f"{reference!r} is out of scope here: it belongs to the graph {reference.graph.name!r}."
            )
        return self.capture(self.outer.handle_of(reference))

    def _reaches(self, graph: Graph) -> bool:
        outer = self.outer
        while outer is not None:
            if outer is graph:
                return True
            outer = outer.outer
        return False

    @property
    def external_captures(self) -> list[Any]:
        """The outside tensors that must be passed after the arguments, in the order of `.inputs`."""
        by_inner = {
            id(inner): outer for outer, inner in self.captures.values() if inner.op.op_def is PLACEHOLDER
        }
        return [by_inner[id(t)] for t in self.inputs if id(t) in by_inner]


def trace_body(op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any]) -> FuncGraph:
    """A composite op's body as a graph for inputs of these types and shapes. Inputs whose values the body may need while
    building (small constants) keep them."""
    from .dispatch import _public, flatten_outputs
    from .static import static_value

    graph = FuncGraph(op.name)
    graph.outer = None
    with building(graph, tapes=()):
        stand_ins = []
        for x in inputs:
            small = not x._is_eager or x._host().size <= SMALL_CONSTANT  # type: ignore[attr-defined]
            value = static_value(x) if x._dtype.is_integer and small else None
            stand_ins.append(graph.argument(x._dtype, x._raw_shape))
            if value is not None:
                stand_ins[-1].__dict__["_static"] = value
        assert op.body is not None
        results = flatten_outputs(op.body(*op.regroup(stand_ins, inputs, attrs), **_public(attrs)))
        graph.outputs = [graph_output(graph, t) for t in results]
    return graph


def graph_output(graph: FuncGraph, tensor: Any) -> SymbolicTensor:
    return tensor if not tensor._is_eager and tensor.op.graph is graph else graph.capture(tensor)


def _device_of(outer: Any, inner: Any) -> Any:
    """The device in two scopes; a function of the operation where one of them is."""
    if not callable(outer) and not callable(inner):
        return merged(outer, inner)

    def place(op: Operation) -> str | None:
        op._device = str(inner(op) or "") if callable(inner) else inner  # what the outer function sees
        return merged(outer(op) if callable(outer) else outer, op._device)

    return place


def user_site() -> Any:
    """(code, line) of the innermost frame outside this package."""
    frame = sys._getframe(2)
    while frame is not None:
        filename = frame.f_code.co_filename
        if filename not in _OURS:
            if not filename.startswith(_PACKAGE):
                return frame.f_code, frame.f_lineno
            _OURS.add(filename)
        frame = frame.f_back  # type: ignore[assignment]
    return None


_default_graph: Graph | None = None
_eager_scope: contextvars.ContextVar[str] = contextvars.ContextVar("headrace_name_scope", default="")


def get_default_graph() -> Graph:
    """The graph being built; outside of any, the process's global one."""
    global _default_graph
    if state.graph is not None:
        return state.graph
    if _default_graph is None:
        _default_graph = Graph("default")
    return _default_graph


def reset_default_graph() -> None:
    global _default_graph
    _default_graph = None


@contextmanager
def name_scope(name: str | None) -> Iterator[str]:
    """Prefixes the names of ops and variables made inside."""
    graph = state.graph
    if graph is None:
        saved = _eager_scope.get()
        scope = "" if not name else name if name.endswith("/") else f"{saved}{name}/"
        token = _eager_scope.set(scope)
        try:
            yield scope
        finally:
            _eager_scope.reset(token)
    else:
        with graph.name_scope(name) as scope:
            yield scope


def current_scope() -> str:
    """The name-scope prefix in force, `""` or ending in `/`."""
    return state.graph._scope if state.graph is not None else _eager_scope.get()
