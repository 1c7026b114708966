"""Operations from nodes: what names mean in a graph, values of attributes, functions of the library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from headrace.core import errors
from headrace.core.device_spec import merged
from headrace.core.dispatch import infer
from headrace.core.dtypes import DType, from_numpy
from headrace.core.graph import CONST, FuncGraph, Graph, Operation, user_site
from headrace.core.op import REQUIRED, OpDef, lookup
from headrace.core.shapes import Raw, compatible, generalise, merge
from headrace.core.specs import TensorSpec
from headrace.core.state import building
from headrace.core.tensor import ReferenceTensor, SymbolicTensor
from headrace.io.tensor_proto import raw_shape

from . import arrays
from .attributes import Malformed, dtype_of, private_attribute, read_attribute
from .defaults import default_type
from .nodes import Node, function_nodes, ordered
from .references import RENAMED, RULES, Reference, counterpart, held, read, update, variable_behind
from .regions import structured

PLACEHOLDERS_SAY_SHAPES = (
    24  # graphs of older producers have placeholders of shape [] whose shape is not known
)
SHAPES_ARE_CHECKED = 21  # graphs of older producers may have `_output_shapes` that are wrong
KEPT_BY = {"_output_shapes"}  # attributes that become properties of what is made

# Ops that call functions with their inputs, by how many inputs stand before those of the functions.
CALLS = {"PartitionedCall": 0, "StatefulPartitionedCall": 0}
CALLS |= {"If": 1, "StatelessIf": 1, "Case": 1, "StatelessCase": 1}
LOOPS = {"While", "StatelessWhile"}


class Row:
    """What importing needs to know of an op, worked out once."""

    __slots__ = ("implied", "inputs", "op", "plain", "several")
    known: dict[OpDef, Row] = {}

    def __init__(self, op: OpDef) -> None:
        self.op = op
        self.inputs = op.signature.inputs
        self.plain = None if op.signature.variadic else [(a.dtype, a.type_attr) for a in self.inputs]
        names = {n for a in self.inputs for n in (a.type_attr, a.number_attr, a.type_list_attr) if n}
        names |= {
            n for a in op.signature.outputs for n in (a.type_attr, a.number_attr, a.type_list_attr) if n
        }
        self.implied = names - set(op.attrs)  # attributes that the inputs decide
        self.several = sum(a.is_list for a in self.inputs) > 1


def row_of(op: OpDef) -> Row:
    found = Row.known.get(op)
    if found is None:
        found = Row.known[op] = Row(op)
    return found


class Library:
    """The functions that came with a graph, as graphs: each is made when something first calls it."""

    def __init__(self, graph: Graph, producer: int) -> None:
        self.graph, self.producer = graph, producer
        self.definitions: dict[str, Any] = {}
        self.made: dict[Any, FuncGraph] = {}
        self.making: set[Any] = set()
        self.lists = True  # TensorArrays become lists

    def add(self, definitions: Any) -> None:
        for d in definitions:
            old = self.definitions.setdefault(d.signature.name, d)
            if old is not d and old != d:
                raise Malformed(
                    f"Cannot add function '{d.signature.name}' because a different function with the same name already exists."
                )
            given = {a.name for a in d.signature.input_arg}
            if any(n.op.startswith("TensorArray") and n.input and n.input[0] in given for n in d.node_def):
                self.lists = False

    def function(self, reference: Any, shapes: Sequence[Raw] = ()) -> FuncGraph:
        """The graph of a `NameAttrList`.

        Args:
          shapes: those of the values it is called with, if they are known: more follows from them for its results.
        """
        name = reference.name
        definition = self.definitions.get(name)
        if definition is None:
            raise errors.NotFoundError(None, None, f"Function {name} is not defined.")
        attrs = reference.SerializeToString(deterministic=True) if reference.attr else b""
        arguments = self._arguments(definition, reference.attr, shapes)
        if (name, attrs, arguments) in self.made:
            return self.made[name, attrs, arguments]
        if (name, attrs) in self.making:
            raise Malformed(f"function {name!r} calls itself, which is not supported")
        self.making.add((name, attrs))
        try:
            made = self._make(definition, reference.attr, arguments)
        except Malformed:
            if arguments == self._arguments(definition, reference.attr):
                raise
            made = None  # a branch that is not for values of these shapes
        finally:
            self.making.discard((name, attrs))
        made = made or self.function(reference)
        self.made[name, attrs, arguments] = made
        return made

    @staticmethod
    def _arguments(definition: Any, given: Any, shapes: Sequence[Raw] = ()) -> tuple[Raw, ...]:
        """The shapes of a function's arguments: what its message and those of a call say."""
        out: list[Raw] = []
        args = definition.signature.input_arg
        for i, arg in enumerate(args):
            dtype = dtype_of(given[arg.type_attr].type if arg.type_attr else arg.type)
            written = definition.arg_attr[i].attr if i in definition.arg_attr else {}
            shape: Raw = () if dtype.kind in "rv" else None
            if "_output_shapes" in written and written["_output_shapes"].list.shape:
                shape = raw_shape(written["_output_shapes"].list.shape[0])
            if dtype.kind not in "rv" and len(shapes) == len(args) and compatible(shape, shapes[i]):
                shape = merge(shape, shapes[i])
            out.append(shape)
        return tuple(out)

    def _make(self, definition: Any, given: Any, shapes: Sequence[Raw]) -> FuncGraph:
        signature = definition.signature
        graph = FuncGraph(signature.name, outer=self.graph)
        nodes, refer = function_nodes(definition)
        scope = Scope(graph, self, "", given)
        for i, arg in enumerate(signature.input_arg):
            dtype = dtype_of(given[arg.type_attr].type if arg.type_attr else arg.type)
            with building(graph, tapes=()):
                t = graph.argument(dtype, shapes[i], arg.name)
            if arg.handle_data:
                data = arg.handle_data[0]
                t.__dict__["_handle_data"] = dtype_of(data.dtype), raw_shape(data.shape)
            scope.tensors[arg.name] = [t]
            scope.operations[arg.name] = t.op
        scope.build(nodes)
        graph.outputs = [
            scope.output_value(*refer(definition.ret[arg.name], arg.name)) for arg in signature.output_arg
        ]
        # What a pipeline that calls the function wants to know of it.
        graph.memo["results"] = tuple([TensorSpec(t._raw_shape, t._dtype) for t in graph.outputs])
        return graph


class Scope:
    """Where nodes become operations: a graph, and what the names of nodes mean in it.

    Args:
      given: values of the parameters that stand for attributes in a function's nodes.
      mapped: tensors that take the place of nodes' outputs, by (name, index); operations of control inputs, by (name, None).
    """

    def __init__(
        self, graph: Graph, library: Library, prefix: str, given: Any = None,
        mapped: Mapping[Any, Any] | None = None, outer: Scope | None = None,
    ) -> None:  # fmt: skip
        self.graph, self.library, self.prefix, self.given, self.outer = graph, library, prefix, given, outer
        self.mapped: Mapping[Any, Any] = mapped or {}
        self.used: set[Any] = set()  # keys of `mapped` that were met
        self.aliases: dict[
            str, tuple[Scope, Any]
        ] = {}  # names of what stands for another tensor, of that scope
        self.asked: set[Any] = set()  # the outputs other than nodes' first that somebody takes
        self.tensors: dict[str, list[Any]] = {}
        self.operations: dict[str, Any] = {}
        self.values: dict[tuple[str, int], Any] = {}  # of references, where somebody asks for them by name
        self.lists = library.lists
        self.by_reference = False  # variables that are references stay what they are
        self.passed: set[tuple[str, int]] = set()  # those that loops and conditionals take by reference
        self.awaited: list[Operation] = []  # what the loop or conditional that is being made has to wait for
        self.updated: list[int] = []  # ids of the variables that were updated, in here or further inside
        self.written: dict[str, frozenset[int]] = {}  # which of them, before or at a node
        self.site = user_site()

    # ---------------------------------------------------------------------------------------------------------- building
    def build(self, nodes: Mapping[str, Node]) -> None:
        """Makes operations of all the nodes."""
        for node in nodes.values():
            self.asked.update([key for key in node.inputs if key[1]])
            if node.op.startswith("TensorArrayGrad"):
                self.lists = False
        self.build_items(structured(nodes))

    def build_items(self, items: Sequence[Any]) -> None:
        """Makes operations of nodes, loops and conditionals."""
        given = set(self.tensors)
        with building(self.graph, tapes=()):
            for item in ordered(items, given):
                n = len(self.updated)
                if type(item) is Node:
                    self.make(item)
                else:
                    item.make(self)
                if self.updated:
                    written = self.written_before(item.sources).union(self.updated[n:])
                    for name in getattr(item, "provides", (item.name,)) if written else ():
                        self.written[name] = written

    def written_before(self, sources: Iterable[str]) -> frozenset[int]:
        """The variables that are updated before what takes these nodes can run."""
        found = [self.written[s] for s in sources if s in self.written] if self.written else []
        return frozenset().union(*found) if found else frozenset()

    def within(self, graph: FuncGraph) -> Scope:
        """The scope of a graph that is inside of this one: a loop's or a branch's."""
        inside = Scope(graph, self.library, "", self.given, outer=self)
        inside.asked, inside.site, inside.lists = self.asked, self.site, self.lists
        inside.updated = self.updated
        return inside

    def make(self, node: Node) -> None:
        """Makes the operation of one node, or what takes its place."""
        rule = arrays.RULES.get(node.op) if self.lists else None
        if not self.by_reference:
            rule = RULES.get(node.op) or rule or (update if counterpart(node.op) is not None else None)
        if rule is not None:
            rule(self, node)
        else:
            self.plain(node)

    def plain(self, node: Node) -> None:
        """The operation that a node says."""
        op = lookup(RENAMED.get(node.op, node.op))
        inputs = [self.value(node, k) for k in range(len(node.inputs))]
        self.add_as(op, node, inputs, self.controls(node))

    # ------------------------------------------------------------------------------------------------------------ inputs
    def raw(self, node: Node, k: int) -> Any:
        """An input of a node: a tensor, or a reference to a variable."""
        if k >= len(node.inputs):
            raise Malformed(
                f"Node '{node.name}' ({node.op}) has {len(node.inputs)} inputs: number {k} is missing"
            )
        key = node.inputs[k]
        if self.mapped and key in self.mapped:
            self.used.add(key)
            return self.mapped[key]
        found = self.tensors.get(key[0])
        if found is None and (key[0] in self.aliases or self.outer is not None):
            return self._captured(key)
        if found is None or key[1] >= len(found):
            n = 0 if found is None else len(found)
            raise Malformed(
                f"Node '{node.name}': Connecting to invalid output {key[1]} of source node {key[0]} which has {n} outputs."
            )
        return found[key[1]]

    def value(self, node: Node, k: int) -> Any:
        """An input of a node as a value: references are read."""
        x = self.raw(node, k)
        if not isinstance(x, Reference):
            return x
        others = [self.raw(node, j) for j in range(len(node.inputs)) if j != k]
        return read(self, node, x, others, f"{node.name}/read_{k}")

    def _captured(self, key: tuple[str, int]) -> Any:
        """A tensor from around this function, or what a name stands for."""
        if key[0] in self.aliases:
            scope, key = self.aliases[key[0]]
            if scope is self:
                return self.output(*key)
        assert self.outer is not None
        x = self.outer.output(*key)
        if self.outer.by_reference:
            x = held(self.outer, x)
        if isinstance(x, Reference) and x.after is not None:
            self.outer.awaited.append(x.after)
        return x.within(self.graph) if hasattr(x, "within") else self.graph.capture(x)

    def passes(self, variable: Operation) -> bool:
        """Whether some loop or conditional takes a variable by reference."""
        for key in self.passed:
            found = self.mapped.get(key) if key in self.mapped else self.operations.get(key[0])
            if found is variable or (
                isinstance(found, ReferenceTensor) and variable_behind(found) is variable
            ):
                return True
        return False

    def wait(self, name: str) -> None:
        """Has the loop or conditional that is being made in here, or around this, wait for a node."""
        if (name, None) in self.mapped:
            self.used.add((name, None))
            self.awaited.append(self.mapped[name, None])
        elif self.operations.get(name) is not None:
            self.awaited.append(self.operations[name])
        elif self.outer is not None and name not in self.operations:
            self.outer.wait(name)

    def take_awaited(self) -> list[Operation]:
        """What the loop or conditional that is to be added now waits for."""
        found, self.awaited = dict.fromkeys(self.awaited), []
        return [op for op in found if op.type not in ("Const", "Placeholder")]

    def output(self, name: str, index: int) -> Any:
        """The tensor (or reference) of a name and an index."""
        if self.mapped and (name, index) in self.mapped:
            self.used.add((name, index))
            return self.mapped[name, index]
        found = self.tensors.get(name)
        if found is None and (name in self.aliases or self.outer is not None):
            return self._captured((name, index))
        if found is None or index >= len(found):
            n = 0 if found is None else len(found)
            raise Malformed(f"Invalid output {index} of node '{name}', which has {n} output(s)")
        return found[index]

    def output_value(self, name: str, index: int) -> Any:
        """The tensor of a name and an index; of a reference, a read of it."""
        x = self.output(name, index)
        if not isinstance(x, Reference):
            return x
        if (name, index) not in self.values:  # a read of its own
            with (
                building(self.graph, tapes=()),
                self.graph.control_dependencies([x.after] if x.after else []),
            ):
                self.values[name, index] = lookup("ReadVariableOp")(x.handle, dtype=x._dtype)
        return self.values[name, index]

    def controls(self, node: Node) -> tuple[Operation, ...]:
        if not node.controls:
            return ()
        out = []
        for name in node.controls:
            if self.mapped and (name, None) in self.mapped:
                self.used.add((name, None))
                out.append(self.mapped[name, None])
            elif name in self.operations:
                out.append(self.operations[name])
            elif self.outer is not None:  # it is outside of this function, which runs after it
                self.outer.wait(name)
        return tuple([op for op in out if op is not None])

    # ------------------------------------------------------------------------------------------------------------ adding
    def add_as(
        self, op: OpDef, node: Node, inputs: Sequence[Any], controls: tuple[Operation, ...],
        types: Mapping[str, DType] | None = None,
    ) -> Operation:  # fmt: skip
        """Adds an operation for a node: its attributes are read, its inputs checked against them.

        Args:
          types: type attributes that the node does not name, or names otherwise.
        """
        try:
            self._check_references(op, node, inputs)
            attrs = self.attributes(row_of(op), node, inputs, types or {})
            made = self.add_op(op, node, inputs, attrs, controls)
        except (
            ValueError,
            AttributeError,
            TypeError,
            KeyError,
        ) as error:  # the last three: rules given nonsense
            text = error.args[0] if error.args else error
            raise Malformed(f"{text}; NodeDef: {{{{node {self.prefix}{node.name}}}}} ({node.op})") from error
        self.tensors[node.name] = made.outputs  # type: ignore[assignment]
        self.operations[node.name] = made
        return made

    def _check_references(self, op: OpDef, node: Node, inputs: Sequence[Any]) -> None:
        if op.on_handle is not None:
            for k, (x, arg) in enumerate(zip(inputs, op.on_handle.signature.inputs)):
                if arg.dtype is not None and arg.dtype.kind == "r" and not isinstance(x, ReferenceTensor):
                    raise Malformed(
                        f"Input {k} of node {self.prefix}{node.name} must be a reference to a variable"
                    )

    def add_op(
        self, op: OpDef, node: Node, inputs: Sequence[Any], attrs: dict[str, Any], controls: tuple[Operation, ...],
        name: str | None = None,
    ) -> Operation:  # fmt: skip
        """Adds an operation with the device, and the marks, of a node."""
        graph, message = self.graph, node.message
        shapes = infer(op, inputs, attrs)
        full = self.prefix + (name or node.name)
        if full in graph._by_name or full.lower() in graph._names:
            with graph.name_scope(None):
                full = graph.unique_name(full)
        else:
            graph._names[full.lower()] = 1
        made = Operation(graph, op, full, inputs, attrs, controls)
        kind = ReferenceTensor if op.refers else SymbolicTensor
        made.outputs = [
            kind(made, i, dtype, shape)
            for i, (dtype, shape) in enumerate(zip(op.output_dtypes(inputs, attrs), shapes))
        ]
        made._place()
        made._site = self.site
        private = {
            n: self._private(n, message.attr[n], node)
            for n in message.attr
            if n[0] == "_" and n not in KEPT_BY
        }
        if private:
            made.private = private
        if message.device:
            try:
                made._device = merged(made._device, message.device)
            except ValueError as error:
                raise Malformed(str(error)) from None
        if name is None:
            for key in ("_output_shapes", "output_shapes"):
                if key in message.attr and (key[0] == "_" or op.name in CALLS or op.name in LOOPS):
                    self._refine(made, message.attr[key].list.shape, key)
        if op.name == "VarHandleOp":
            made.outputs[0].__dict__["_handle_data"] = attrs["dtype"], attrs["shape"]
        elif op.name == "Identity" and "_handle_data" in inputs[0].__dict__:
            made.outputs[0].__dict__["_handle_data"] = inputs[0].__dict__["_handle_data"]
        graph.operations.append(made)
        graph._by_name[full] = made
        return made

    def _refine(self, made: Operation, shapes: Any, key: str) -> None:
        """What the message says of the outputs' shapes, beyond what follows from the inputs'."""
        for i, (t, shape) in enumerate(zip(made.outputs, shapes)):
            if t._dtype.kind == "r":
                continue  # TensorFlow gives handles of TensorArrays a shape of their own
            raw = raw_shape(shape)
            if compatible(t._raw_shape, raw):
                t._raw_shape = merge(t._raw_shape, raw)
            elif self.library.producer >= SHAPES_ARE_CHECKED:
                raise Malformed(
                    f"Node '{made.name}' has an {key} attribute inconsistent with the GraphDef for output #{i}: "
                    f"{raw} and {t._raw_shape}"
                )

    # -------------------------------------------------------------------------------------------------------- attributes
    def attributes(
        self, row: Row, node: Node, inputs: Sequence[Any], types: Mapping[str, DType]
    ) -> dict[str, Any]:
        """The attributes of an op for a node; the types and numbers of inputs are compared with what they say."""
        op, message = row.op, node.message
        attrs = dict(op.attrs)
        implied: dict[str, Any] = {}
        given = message.attr
        function = self._function_for(op, message, inputs)
        for name in given:
            value = given[name]
            if self.given is not None and value.WhichOneof("value") == "placeholder":
                if value.placeholder not in self.given:
                    raise Malformed(f"no value for the parameter {value.placeholder!r}")
                value = self.given[value.placeholder]
            if name in row.implied:
                implied[name] = value
            elif name in attrs:
                attrs[name] = read_attribute(value, name, op.attrs[name], function)
        self._check_inputs(row, node, inputs, attrs, implied, dict(types))
        for name, dtype in types.items():
            if attrs.get(name) is REQUIRED:
                attrs[name] = dtype
        for name, value in attrs.items():
            if value is REQUIRED:
                raise Malformed(f"NodeDef missing attr '{name}' from {op!r}")
        if op is CONST and from_numpy(attrs["value"].dtype) is not attrs["dtype"]:
            raise Malformed(
                f"a value of type {attrs['value'].dtype} for attr 'dtype' of {attrs['dtype'].name}"
            )
        if (
            op.name == "Placeholder"
            and self.library.producer < PLACEHOLDERS_SAY_SHAPES
            and attrs["shape"] == ()
        ):
            attrs["shape"] = None
        return attrs

    def _function_for(self, op: OpDef, message: Any, inputs: Sequence[Any]) -> Callable[[Any], FuncGraph]:
        """What gives the functions that a node calls: for values of its inputs' shapes."""
        library = self.library
        if op.name in CALLS:
            shapes = [t._raw_shape for t in inputs[CALLS[op.name] :]]
        elif op.name in LOOPS and "body" in message.attr and message.attr["body"].HasField("func"):
            before, shapes = None, [t._raw_shape for t in inputs]
            while before != shapes:  # until an iteration leaves the shapes as they are
                body, before = library.function(message.attr["body"].func, shapes), shapes
                after = [generalise(x._raw_shape, y._raw_shape) for x, y in zip(body.inputs, body.outputs)]
                shapes = [generalise(s, a) for s, a in zip(shapes, after)]
        else:
            return library.function
        return lambda reference: library.function(reference, shapes)

    def _private(self, name: str, value: Any, node: Node) -> Any:
        if name != "_class":
            return private_attribute(value)
        out = []
        for item in value.list.s:
            if item.startswith(b"loc:@"):
                other = item[5:].decode()
                if self.names is not None and other not in self.names:
                    raise Malformed(f"Node '{node.name}' expects to be colocated with unknown node '{other}'")
                item = b"loc:@" + (self.prefix + other).encode()
            out.append(item)
        return out

    names: Any = None  # of the nodes that come along

    def _check_inputs(
        self, row: Row, node: Node, inputs: Sequence[Any], attrs: dict[str, Any], implied: dict[str, Any],
        types: dict[str, DType],
    ) -> None:  # fmt: skip

        def single(key: str) -> DType:
            found = types.get(key)
            if found is None:
                if key in implied:
                    value = implied[key]
                    if value.WhichOneof("value") != "type":
                        raise Malformed(
                            f"AttrValue had value with type '{value.WhichOneof('value')}' when 'type' expected"
                        )
                    found = dtype_of(value.type)
                elif isinstance(attrs.get(key), DType):
                    found = attrs[key]
                elif (default := default_type(row.op.name, key)) is not None:
                    found = default
                else:
                    raise Malformed(f"NodeDef missing attr '{key}' from {row.op!r}")
                allowed = row.op.types.get(key)
                if allowed is not None and found not in allowed:
                    names = ", ".join(sorted([d.name for d in allowed]))
                    raise Malformed(
                        f"Value for attr '{key}' of {found.name} is not in the list of allowed values: {names}"
                    )
                types[key] = found
            return found

        if row.plain is not None:
            expected = [dtype if dtype is not None else single(key) for dtype, key in row.plain]  # type: ignore[arg-type]
        else:
            expected, sizes = [], []
            for arg in row.inputs:
                if arg.type_list_attr:
                    key = arg.type_list_attr
                    if key in implied:
                        part = [dtype_of(t) for t in implied[key].list.type]
                    elif key in attrs and attrs[key] is not REQUIRED:
                        part = list(attrs[key])
                    else:
                        raise Malformed(f"NodeDef missing attr '{key}' from {row.op!r}")
                elif arg.number_attr:
                    key = arg.number_attr
                    if key in implied:
                        n = implied[key].i
                    elif key in attrs and attrs[key] is not REQUIRED:
                        n = attrs[key]
                    else:
                        raise Malformed(f"NodeDef missing attr '{key}' from {row.op!r}")
                    if n < 0 or n > len(inputs):
                        raise Malformed(
                            f"NodeDef expected {n} inputs for '{arg.name}', which do not match {len(inputs)} inputs specified"
                        )
                    part = [arg.dtype or single(arg.type_attr)] * n  # type: ignore[arg-type]
                else:
                    part = [arg.dtype or single(arg.type_attr)]  # type: ignore[arg-type]
                expected += part
                if arg.is_list:
                    sizes.append(len(part))
            if row.several:
                attrs["_sizes"] = tuple(sizes)
        if len(expected) != len(inputs):
            want = ", ".join([d.name for d in expected])
            raise Malformed(
                f"NodeDef expected inputs '{want}' do not match {len(inputs)} inputs specified; {row.op!r}"
            )
        for i, (x, dtype) in enumerate(zip(inputs, expected)):
            if x._dtype is not dtype and x._dtype.kind != "v":
                raise Malformed(
                    f"Input {i} of node {self.prefix}{node.name} was passed {x._dtype.name} from {x.name} incompatible with expected {dtype.name}."
                )


def library_of(graph: Graph, producer: int) -> Library:
    """The functions that a graph's imported operations call."""
    library = graph.__dict__.get("_library")
    if library is None:
        library = graph.__dict__["_library"] = Library(graph, producer)
    library.producer = producer
    return library


__all__ = ["Library", "Scope", "library_of", "row_of"]
