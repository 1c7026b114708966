"""Plain graphs: TensorFlow's dataflow graph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from headrace.core.dispatch import infer
from headrace.core.dtypes import DType
from headrace.core.op import REQUIRED, OpDef, lookup
from headrace.core.shapes import Raw
from headrace.core.state import building
from headrace.core.tensor import ReferenceTensor, SymbolicTensor, Tensor

from .names import USUAL_NAMES, Names, valid_name
from .operation import Operation, user_site
from .surroundings import Surroundings

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


class Graph(Names, Surroundings):
    """A dataflow graph. Operations are kept in creation order, which is a topological order and the program's own."""

    def __init__(self, name: str = "graph") -> None:
        Names.__init__(self)
        Surroundings.__init__(self)
        self.name = name
        self.outer: Graph | None = None
        self.operations: list[Operation] = []
        self._collections: dict[Any, list[Any]] = {}
        self._unfeedable: dict[int, Any] = {}
        self._unfetchable: dict[int, Any] = {}
        self.finalized = False
        self.seed: int | None = None
        self.random_ops = 0  # how many random ops drew their seed from the graph's so far
        # Grows when existing nodes change; shared with the other functions over the same operations.
        self._revision = [0]
        self._position: int | None = None  # where new nodes go; None: at the end

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        with building(self):
            yield self

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

    def get_operations(self) -> list[Operation]:
        return [n for n in self.operations if n.type != "VariableHandle"]

    def finalize(self) -> None:
        """From here on the graph is read-only: adding an operation is an error."""
        self.finalized = True

    def _unsafe_unfinalize(self) -> None:
        """Lets operations be added again."""
        self.finalized = False

    # ----------------------------------------------------------------------------------------------------- adding nodes
    def add(
        self, op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any], name: str | None = None
    ) -> Operation:
        """Adds a node; inputs from elsewhere are captured, output types and shapes inferred."""
        if self.finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        inputs = [x if not x._is_eager and x.op.graph is self else self.capture(x) for x in inputs]
        shapes = infer(op, inputs, attrs)
        if name is None:
            name = USUAL_NAMES.get(op.name, op.name)
        elif not valid_name(self._scope + name):
            raise ValueError(
                f"'{name}' is not a valid node name. Use letters, digits, '_', '.', '-', '/', the first a letter or digit."
            )
        if self._container and op.stateful and attrs.get("container") == "":
            attrs = {**attrs, "container": self._container}
        node = Operation(self, op, self.unique_name(name), inputs, attrs, self._control)
        kind = ReferenceTensor if op.refers else SymbolicTensor
        node.outputs = [
            kind(node, i, dtype, shape)
            for i, (dtype, shape) in enumerate(zip(op.output_dtypes(inputs, attrs), shapes))
        ]
        node._place()
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
            self._by_name.pop(handle.op.name)  # nobody but functions knows of it
            self._names.pop(handle.op.name.lower(), None)
            handle.__dict__["_handle_data"] = reference._dtype, reference._raw_shape
            reference.__dict__["_handle"] = handle
        return handle

    @contextmanager
    def before(self, node: Operation) -> Iterator[None]:
        """New operations are inserted before `node`."""
        saved, self._position = self._position, self.operations.index(node)
        try:
            yield
        finally:
            self._position = saved

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

    # --------------------------------------------------------------------------------------- what sessions may do with it
    def is_feedable(self, tensor: Any) -> bool:
        """Whether a session may be given a value for the tensor."""
        return id(tensor) not in self._unfeedable

    def is_fetchable(self, tensor_or_op: Any) -> bool:
        """Whether a session may compute the tensor or operation for its caller."""
        made = getattr(tensor_or_op, "op", tensor_or_op)
        return id(tensor_or_op) not in self._unfetchable and id(made) not in self._unfetchable

    def prevent_feeding(self, tensor: Any) -> None:
        self._unfeedable[id(tensor)] = tensor

    def prevent_fetching(self, op: Any) -> None:
        self._unfetchable[id(op)] = op

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
