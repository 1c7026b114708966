"""Graph → StableHLO, at concrete shapes.

Walking a graph in program order, every tensor is one of
- a NumPy array: known while compiling (constants, `tf.shape`, and what is computed from such); costs nothing at run time;
- a `Value`: computed by the program;
- a `Cell`: a variable, whose value the program reads and replaces;
- a `ListValue`: a TensorList's buffer and length, or another object a lowering rule made for its kind of variant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.dispatch import _public, flatten_outputs, run_kernel
from headrace.core.dtypes import DType
from headrace.core.errors import invalid, located
from headrace.core.graph import CONST, FuncGraph, Operation
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import known
from headrace.core.state import building
from headrace.ops.functional import Undefined, inner_graphs

from .hlo import Builder, Value

# In elements. Larger known values become constants of the program instead of being computed on.
FOLD_LIMIT = 4096
CHECKS = {"Assert", "CheckNumerics", "CheckNumericsV2"}  # the ops that do nothing but check


class CannotLower(Exception):
    """This operation cannot be part of a compiled program (here): it must run on the host."""

    def __init__(self, node: Any, why: str) -> None:
        super().__init__(f"{getattr(node, 'type', node)} ({getattr(node, 'name', '')}): {why}")
        self.node, self.why = node, why
        self.trail: list[Operation] = []  # the ops whose graphs the node is inside of, innermost first


class NeedsValue(CannotLower):
    """A rule needs the value of a tensor that only the running program knows."""

    def __init__(self, node: Any, index: int) -> None:
        super().__init__(
            node, f"the value of its input {index} decides shapes, so it must be known before compiling"
        )
        self.index = index


class Cell:
    """A variable while lowering: `value` is its current Value."""

    __slots__ = ("value", "written")

    def __init__(self, value: Value) -> None:
        self.value, self.written = value, False

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def assign(self, value: Value) -> None:
        if value.shape != self.value.shape:
            raise CannotLower(
                "assignment",
                f"a variable of shape {list(self.value.shape)} takes a value of shape {list(value.shape)}",
            )
        self.value, self.written = value, True


class RuntimeInput:
    """A parameter that the host provides anew before each run (random counters)."""

    def __init__(self, value: Value, provider: Callable[[], np.ndarray]) -> None:
        self.value, self.provider = value, provider


class Lowering(Builder):
    """A Builder that also inlines graphs, and keeps track of where it is."""

    def __init__(self, platform: str = "cpu") -> None:
        super().__init__(platform)
        self.node: Any = None  # the operation being lowered
        self.call: Any = None  # the call of a function that it is in
        self.whole: Any = None  # the composite operation of whose body it is part
        self.unchecked = False  # jit_compile=True: nothing is checked, as in TensorFlow
        self.iteration: Value | None = None  # inside loops: a number that differs in every iteration
        self.used: set[int] | None = None  # ids of the tensors somebody takes
        self.runtime_inputs: dict[Any, RuntimeInput] = {}
        self.watched: dict[int, Sequence[Any]] = {}  # by node (id): the latest arguments of some nodes
        self.held: dict[str, tuple[Value, np.ndarray]] = {}  # large constants, by the names of their values
        # What failed checks say, and whose they are; `status` is 0, or the number of the first that failed.
        self.messages: list[tuple[str, Any]] = []
        self.status = Cell(self.constant(0, dtypes.int32))

    def cannot(self, why: str) -> CannotLower:
        return CannotLower(self.node, why)

    def check(self, ok: Callable[[], Value], message: str) -> None:
        if not self.checking:
            return
        good = ok()
        good = self.reduce(good, range(good.rank), "and", True)
        self._fails_with(message)
        status = self.status.value
        first = self.binary(
            "and", self.unary("not", good), self.compare("EQ", status, self.constant(0, dtypes.int32))
        )
        self.status.assign(self.select(first, self.constant(len(self.messages), dtypes.int32), status))

    def _fails_with(self, message: str) -> None:
        self.messages.append((f"{message} [Op:{self.node.type}]", self.whole or self.node))

    def check_code(self, code: Value, messages: Sequence[str]) -> None:
        """A check with several ways to fail: `code` is an int32 scalar, 0 if all is well, else the number of a message."""
        zero, status = self.constant(0, dtypes.int32), self.status.value
        number = self.add(code, self.constant(len(self.messages), dtypes.int32))
        for message in messages:
            self._fails_with(message)
        first = self.binary("and", self.compare("NE", code, zero), self.compare("EQ", status, zero))
        self.status.assign(self.select(first, number, status))

    def sound(self) -> Value | None:
        """Whether no check has failed so far, as the program will know; None if there was none."""
        return (
            self.compare("EQ", self.status.value, self.constant(0, dtypes.int32)) if self.messages else None
        )

    def write(self, cell: Cell, value: Value) -> None:
        """Gives a variable a new value. It keeps its own if a check that the program asks for failed before that. (Choosing
        makes a step of Adam a tenth slower: too much for checks of labels, which nearly every training step has.)"""
        asked = any(getattr(node, "type", "") in CHECKS for _, node in self.messages)
        sound = self.sound() if asked and value.shape == cell.shape else None
        cell.assign(value if sound is None else self.select(sound, value, cell.value))

    def runtime_input(
        self, key: Any, shape: Sequence[int], dtype: DType, provider: Callable[[], np.ndarray]
    ) -> Value:
        """A parameter whose value `provider()` gives before each run."""
        found = self.runtime_inputs.get(key)
        if found is None:
            found = self.runtime_inputs[key] = RuntimeInput(self.fresh(shape, dtype), provider)
        return found.value

    def hold(self, array: np.ndarray, dtype: DType) -> Value:
        """A large constant: a parameter that is given this array in every run, since XLA reads it as slowly as it folds it."""
        for value, other in self.held.values():
            if other is array:
                return value
        value = self.fresh(array.shape, dtype)
        self.held[value.name] = value, array
        return value

    # ------------------------------------------------------------------------------------------------------------ graphs
    def inline(
        self,
        graph: FuncGraph,
        arguments: Sequence[Any],
        nodes: Sequence[Operation] | None = None,
        outputs: Sequence[Any] | None = None,
    ) -> list[Any]:
        """Lowers a graph's nodes with its inputs bound to `arguments`; returns what its outputs became."""
        env: dict[int, Any] = {id(t): a for t, a in zip(graph.inputs, arguments, strict=True)}
        outputs = graph.outputs if outputs is None else outputs
        saved = self.node, self.used
        if nodes is None:
            nodes = needed(graph, outputs)
            self.used = {id(t) for n in nodes for t in n.inputs} | {id(t) for t in outputs}
        for node in nodes:
            try:
                lower_node(self, node, env)
            except CannotLower as error:
                error.trail.append(node)
                raise
        self.node, self.used = saved
        return [env[id(t)] for t in outputs]

    def branch(self, index: Value, branches: Sequence[FuncGraph], inputs: Sequence[Any]) -> list[Any]:
        """`stablehlo.case` over graphs that take the same inputs. What only some branches compute is zeros in the others."""
        from .regions import branch

        return branch(self, index, branches, inputs)

    def loop(self, condition: FuncGraph, body: FuncGraph, inputs: Sequence[Any]) -> list[Any]:
        """`stablehlo.while`. Loop-invariant values are used from outside; stacks nobody reads are left out."""
        from .regions import loop

        return loop(self, condition, body, inputs)

    @contextmanager
    def trial(self) -> Iterator[None]:
        """What is lowered inside leaves no trace in the program."""
        lines, head, constants = list(self._lines), list(self._head), dict(self._constants)
        inputs, messages, iteration = dict(self.runtime_inputs), len(self.messages), self.iteration
        yield
        self._lines[:], self._head, self._constants = lines, head, constants
        self.runtime_inputs, self.iteration = inputs, iteration
        del self.messages[messages:]


def needed(graph: FuncGraph, outputs: Sequence[Any]) -> list[Operation]:
    """The nodes that matter, in program order: what the outputs depend on, and everything with side effects."""
    if "pruned" in graph.memo:  # somebody has chosen already
        return list(graph.operations)
    wanted: set[int] = set()
    stack = [t.op for t in outputs if t is not None and not t._is_eager] + [
        n for n in graph.operations if n.op_def.stateful and n.op_def.name != "Placeholder"
    ]
    while stack:
        node = stack.pop()
        if id(node) in wanted:
            continue
        wanted.add(id(node))
        stack.extend([t.op for t in node.inputs])
        stack.extend(node.control_inputs)
    return [n for n in graph.operations if id(n) in wanted]


def lower_node(b: Lowering, node: Operation, env: dict[int, Any]) -> None:
    if node.op_def.name == "Placeholder":
        if id(node.outputs[0]) not in env:
            raise CannotLower(node, "a placeholder that nothing is fed to")
        return
    arguments = [env[id(t)] for t in node.inputs]
    if id(node) in b.watched:
        b.watched[id(node)] = arguments
    if Undefined in map(type, arguments) and not inner_graphs(node):
        # Nobody reads what is made of it, either.
        env.update({id(t): Undefined(t._dtype) for t in node.outputs})
        return
    try:
        results = lower_op(b, node.op_def, arguments, node.attrs, node)
    except errors.OpError as error:  # of values that are known already
        located(error, b.whole or node)
        raise
    for tensor, result in zip(node.outputs, results):
        env[id(tensor)] = result


def lower_op(
    b: Lowering, op: OpDef, arguments: Sequence[Any], attrs: Mapping[str, Any], node: Any
) -> list[Any]:
    """One op on values. `node` (anything with `.inputs` and `.outputs`) gives types, and the name for errors."""
    b.node = node
    if op.shape is not None and not all(
        known(getattr(t, "_raw_shape", None)) for t in (*node.inputs, *(node.outputs if op.static else ()))
    ):
        _check_shapes(op, arguments, attrs, node)
    if (
        op.kernel is not None
        and not op.stateful
        and not op.reenters
        and all(type(a) is np.ndarray for a in arguments)
    ):
        out_dtypes = [t._dtype for t in node.outputs]
        if (
            sum([a.size for a in arguments]) <= FOLD_LIMIT
            and all(d.kind not in "rv" for d in out_dtypes)
            and _small(node)
        ):
            return list(run_kernel(op, arguments, node.inputs, attrs, out_dtypes))
        if op is CONST and out_dtypes[0].kind not in "srv":
            return [b.hold(attrs["value"], out_dtypes[0])]
    if op.host:
        raise CannotLower(node, "it runs on the host")
    if op.lower is not None:
        static, hints = positions(op, op.static, node, attrs), positions(op, op.hints, node, attrs)
        ready = []
        for i, a in enumerate(arguments):
            if type(a) is np.ndarray:
                if i not in static and i not in hints and node.inputs[i]._dtype.kind not in "srv":
                    a = b.constant(a, node.inputs[i]._dtype)
            elif i in static:
                if a.name not in b.held:
                    raise NeedsValue(node, i)
                a = b.held[a.name][1]
            ready.append(a)
        try:
            return flatten_outputs(op.lower(b, *op.regroup(ready, node.inputs, attrs), **_public(attrs)))
        except errors.ShapeError as error:  # of what no shape rule could see
            raise located(invalid(f"{error} [Op:{op.name}]"), node) from None
    if op.body is not None:
        outer, b.whole = b.whole, b.whole or node
        try:
            return b.inline(body_graph(op, arguments, attrs, node), arguments)
        finally:
            b.whole = outer
    raise CannotLower(node, "it has no lowering")


class _Known:
    """An input of now known shape (and perhaps value), for a shape rule to look at again."""

    _is_eager = False

    def __init__(self, value: Any, tensor: Any) -> None:
        self._dtype, self.op, self.value_index = tensor._dtype, tensor.op, tensor.value_index
        self._raw_shape = value.shape if isinstance(value, (np.ndarray, Value)) else tensor._raw_shape
        self._static = value if isinstance(value, np.ndarray) else None
        self.__dict__.update({k: v for k, v in tensor.__dict__.items() if k == "_handle_data"})


def _check_shapes(op: OpDef, arguments: Sequence[Any], attrs: Mapping[str, Any], node: Any) -> None:
    """Shapes that were not known while tracing are checked once they are."""
    if not all(hasattr(t, "op") for t in node.inputs) or any(t._dtype.kind in "rv" for t in node.inputs):
        return
    try:
        op.shape(ShapeContext(op, [_Known(a, t) for a, t in zip(arguments, node.inputs)], attrs))  # type: ignore[misc]
    except errors.ShapeError as error:
        shapes = ", ".join([str(list(a.shape)) for a in arguments if hasattr(a, "shape")])
        failed = invalid(f"{error} with input shapes: {shapes}. [Op:{op.name}]")
        raise located(failed, node) from None


def _small(node: Any) -> bool:
    for t in node.outputs:
        shape = getattr(t, "_raw_shape", ())
        if shape is not None and None not in shape and int(np.prod(shape)) > FOLD_LIMIT:
            return False
    return True


def positions(op: OpDef, names: Sequence[str], node: Any, attrs: Mapping[str, Any]) -> set[int]:
    """The flat inputs that belong to the named arguments."""
    found: set[int] = set()
    if names:
        i = 0
        for arg, n in op.groups(node.inputs, attrs):
            if arg.name in names:
                found.update(range(i, i + n))
            i += n
    return found


def body_graph(op: OpDef, arguments: Sequence[Any], attrs: Mapping[str, Any], node: Any) -> FuncGraph:
    """A composite op's body traced at the shapes (and with the known values) of `arguments`."""
    graph = FuncGraph(op.name)
    graph.outer = None
    with building(graph, tapes=()):
        stand_ins = []
        for a, t in zip(arguments, node.inputs):
            stand_in = graph.argument(
                t._dtype, a.shape if isinstance(a, (np.ndarray, Value)) else t._raw_shape
            )
            if type(a) is np.ndarray:
                stand_in.__dict__["_static"] = a
            elif isinstance(a, Cell):
                stand_in.__dict__["_handle_data"] = (a.value.dtype, a.shape)
            stand_ins.append(stand_in)
        results = flatten_outputs(op.body(*op.regroup(stand_ins, node.inputs, attrs), **_public(attrs)))  # type: ignore[misc]
        graph.outputs = [t if not t._is_eager and t.op.graph is graph else graph.capture(t) for t in results]
    if len(graph.inputs) > len(arguments):
        raise CannotLower(node, "its body uses tensors from outside of it")
    return graph


def as_value(b: Builder, x: Any, dtype: DType) -> Value:
    """A known array becomes a constant of the program."""
    return b.constant(x, dtype) if type(x) is np.ndarray else x
