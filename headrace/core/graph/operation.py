"""Operations: the nodes of graphs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headrace.core.op import OpDef
from headrace.core.tensor import ReferenceTensor, SymbolicTensor, Tensor

if TYPE_CHECKING:
    from .graph import Graph

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(__file__))) + os.sep
_OURS: set[str] = set()  # files of this package that were met


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
    # Attributes that no op declares and no rule looks at: `_class`, `_my_mark` …
    private: Mapping[str, Any] = {}
    # Of reads of variables in functions: whether they may as well happen before the function is called.
    unconditional = False

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
        self._site: Any = None
        if graph._gradient_names and op.name in graph._gradient_names:
            self.private = {"_gradient_op_type": graph._gradient_names[op.name].encode()}

    def _place(self) -> None:
        """Asks the function of a device scope, which may look at the outputs, where the operation goes."""
        device = self.graph._device
        if not callable(device):
            return
        if self.op_def.refers and self.inputs and isinstance(self.inputs[0], ReferenceTensor):
            self._device = self.inputs[0].op._device  # what changes a variable is where that is
        else:
            self._device = device(self)

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
        """The user's frame that made the operation: its file, line and function; none where that is not known."""
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
        """The outputs."""
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
