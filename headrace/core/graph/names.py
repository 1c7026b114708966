"""The names of a graph's operations: how they are given, and how operations and tensors are found by them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from headrace.core.tensor import SymbolicTensor

from .operation import Operation

valid_name = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$").match
_VALID_SCOPE = re.compile(r"^[A-Za-z0-9_.\\-][A-Za-z0-9_.\\/>-]*$").match

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


class Names:
    """What a graph knows of names."""

    operations: list[Operation]

    def __init__(self) -> None:
        self._by_name: dict[str, Operation] = {}
        self._names: dict[str, int] = {}  # how often a name was asked for, in lower case
        self._scope = ""
        # Constants and other converted values that the next node gives names.
        self._unnamed: list[tuple[Operation, str, int]] = []

    # ----------------------------------------------------------------------------------------------------------- giving
    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """The name inside the current scope, with a number where it is taken: what the next operation that asks for it
        is called. One that ends in `/` is taken as it stands."""
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
        """The scope that is open, without the `/` at its end."""
        return self._scope[:-1]

    # --------------------------------------------------------------------------------------------------------- converted
    def keep_names(self) -> None:
        """Whoever holds the latest constants, or what else was converted, may know their names already: they stay."""
        self._unnamed.clear()

    def for_next(self, convert: Callable[[], Any], name: str) -> Any:
        """A tensor made of a list or a variable for the op that takes it next, which names it: `Reshape/shape`,
        `MatMul/ReadVariableOp`.

        Args:
          convert: makes it, by an op of that name.
        """
        before, self._unnamed = self._unnamed, []
        key = f"{self._scope}{name}".lower()
        count, size = self._names.get(key, 0), len(self.operations)
        tensor = convert()
        self._unnamed = before
        if len(self.operations) > size and self.operations[-1] is tensor.op:
            before.append((tensor.op, key, count))
        return tensor

    def _name_values(self, node: Operation) -> None:
        """Names what was converted for this node after it and its inputs, and gives back the numbers it took."""
        unnamed, self._unnamed = self._unnamed, []
        arguments = [
            (arg.name, k if arg.is_list else None)
            for arg, n in node.op_def.groups(node.inputs, node.attrs)
            for k in range(n)
        ]
        special = VALUE_NAMES.get(node.op_def.name)
        reads = [op for op, _, _ in unnamed if op.type == "ReadVariableOp"]
        for constant, key, count in reversed(unnamed):
            at = next((i for i, t in enumerate(node.inputs) if t.op is constant), None)
            if at is None or not constant.name.lower().startswith(key):
                continue
            argument, k = arguments[at]
            if constant.type == "ReadVariableOp":
                n = reads.index(constant)
                argument = f"ReadVariableOp_{n}" if n else "ReadVariableOp"
            elif special is not None:
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

    # ---------------------------------------------------------------------------------------------------------- finding
    def get_operation_by_name(self, name: str) -> Operation:
        """The operation of that name.

        Raises:
          KeyError: there is none.
          ValueError: the name is a tensor's.
        """
        try:
            return self._by_name[name]
        except KeyError:
            if ":" in str(name):
                raise ValueError(f"Name {name!r} appears to refer to a Tensor, not an Operation.") from None
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.") from None

    def get_tensor_by_name(self, name: str) -> SymbolicTensor:
        """The tensor of that name, `"operation:0"`.

        Raises:
          KeyError: there is no such operation, or it has no such output.
          ValueError: the name is not a tensor's.
          TypeError: the name is not a string.
        """
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
        """The tensor or operation of this graph that is meant by an object: itself, its name, or a variable.

        Raises:
          KeyError: there is none of that name.
          ValueError: it is of another graph, or of the kind that is not allowed.
          TypeError: the object is none that a graph has.
        """
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
