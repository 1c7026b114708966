"""The op table. An `OpDef` is everything the system knows of one op: its signature and four short rules
(shape, host kernel, lowering, gradient), or a body composed of other ops from which the rules are derived."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from . import dtypes
from .dtypes import DType
from .overrides import CompositeArgument, on_composites
from .shapes import Raw
from .state import OTHER, building, elsewhere, state
from .tensor import ReferenceTensor

TABLE: dict[str, OpDef] = {}
# The default of an attribute without one.
REQUIRED: Any = type("REQUIRED", (), {"__repr__": lambda self: "required"})()


class Arg:
    """One input or output of a signature. Written `name: T`, `name: float32`, `name: N*T` (N tensors of one type)
    or `name: [Ts]` (a list of any types)."""

    __slots__ = ("dtype", "is_list", "name", "number_attr", "type_attr", "type_list_attr")

    def __init__(self, text: str) -> None:
        self.name, _, spec = (part.strip() for part in text.partition(":"))
        self.number_attr: str | None = None
        self.type_list_attr: str | None = None
        self.type_attr: str | None = None
        self.dtype: DType | None = None
        if spec.startswith("["):
            self.type_list_attr = spec[1:-1]
        else:
            if "*" in spec:
                self.number_attr, spec = (part.strip() for part in spec.split("*"))
            self.dtype = dtypes._BY_NAME.get(spec)
            if self.dtype is None:
                self.type_attr = spec
        self.is_list = self.number_attr is not None or self.type_list_attr is not None


class Signature:
    """`"x: T, y: T -> z: T"`, parsed."""

    __slots__ = ("fixed", "inputs", "outputs", "plan", "single", "variadic")

    def __init__(self, text: str) -> None:
        left, _, right = text.partition("->")
        self.inputs = [Arg(a) for a in re.split(r",\s*", left.strip()) if a]
        self.outputs = [Arg(a) for a in re.split(r",\s*", right.strip()) if a]
        self.variadic = any(a.is_list for a in self.inputs)
        self.single = len(self.outputs) == 1 and not self.outputs[0].is_list
        self.fixed = not any(a.is_list for a in self.outputs)
        # Where each output's type comes from: a DType, the index of an input, or the name of an attribute.
        self.plan: list[Any] | None = None
        if not self.variadic and self.fixed:
            first = {a.type_attr: i for i, a in reversed(list(enumerate(self.inputs)))}
            self.plan = [a.dtype or first.get(a.type_attr, a.type_attr) for a in self.outputs]


class HandleExpected(TypeError):
    """A tensor stands where a variable's handle is needed."""


class OpDef:
    """One row of the op table.

    Args:
      name: TensorFlow's op type, as GraphDefs spell it.
      signature: inputs and outputs with TensorFlow's names and type attributes, e.g. `"a: T, b: T -> product: T"`.
      attrs: attribute names with their defaults; type attributes that inputs decide (`T` above) are not listed.
      types: the types a type attribute allows; any, if not named.
      shape: `rule(c) -> [shape, …]` with a `ShapeContext`; may raise `ShapeError`. One shape may be returned bare.
      kernel: `rule(*arrays, **attrs)` on NumPy arrays.
      lower: `rule(b, *values, **attrs)` with the StableHLO builder `b`.
      grad: `rule(op, *output_gradients) -> [input gradient or None, …]`, written with ops, so that it differentiates again.
      body: `rule(*tensors, **attrs)`, a composition of other ops: whatever rule is missing is derived from it.
      run: `rule(*eager_tensors, **attrs)`, in place of a kernel for ops whose work is to run graphs.
      static: inputs whose *values* the lowering needs (they arrive as NumPy arrays).
      hints: inputs whose values the lowering uses where they are known (NumPy arrays then, Values otherwise).
      stateful: has side effects or depends on state: never pruned, folded, or run twice.
      host: runs on the host only (strings, I/O, data-dependent shapes, Python callbacks).
      checked: the kernel itself checks shapes; the shape rule need not run before it.
      reenters: the kernel calls user code, which may run ops in turn.
      defaults: the type a Python value gets where no tensor argument decides it, by type attribute.
    """

    def __init__(
        self,
        name: str,
        signature: str,
        *,
        attrs: Mapping[str, Any] | None = None,
        types: Mapping[str, Iterable[DType]] | None = None,
        shape: Callable[..., Any] | None = None,
        kernel: Callable[..., Any] | None = None,
        lower: Callable[..., Any] | None = None,
        grad: Callable[..., Any] | None = None,
        body: Callable[..., Any] | None = None,
        run: Callable[..., Any] | None = None,
        static: Sequence[str] = (),
        hints: Sequence[str] = (),
        stateful: bool = False,
        host: bool = False,
        checked: bool = False,
        reenters: bool = False,
        defaults: Mapping[str, DType] | None = None,
        doc: str | None = None,
    ) -> None:
        self.name = name
        self._text = signature
        self._signature: Signature | None = None
        self.attrs: Mapping[str, Any] = attrs or {}
        self.types: Mapping[str, Iterable[DType]] = types or {}
        self.shape, self.kernel, self.lower, self.grad, self.body = shape, kernel, lower, grad, body
        self.run = run
        self.static, self.hints = tuple(static), tuple(hints)
        self.stateful, self.host, self.checked, self.reenters = stateful, host, checked, reenters
        # The type a Python value gets where nothing else decides.
        self.defaults: Mapping[str, DType] = defaults or {}
        self.keeps = False  # set by rows of ops that keep something from run to run without a handle to it
        # Set by rows of ops that wait for other ops (queues): others need not wait for them.
        self.waits = False
        # Of ops on references to variables, as graphs of TensorFlow 1.x have them: whether the outputs are references; the op
        # that does the same to the variable's handle. Of that one: `rule(*args, **kwargs)` that adds the op on references.
        self.refers = False
        self.on_handle: OpDef | None = None
        self.by_reference: Callable[..., Any] | None = None
        self.elementwise = False  # set by rows of element-wise ops: these work on ragged tensors, too
        self.__doc__ = doc
        if name in TABLE:
            raise ValueError(f"Op {name!r} is already defined.")
        TABLE[name] = self

    @property
    def signature(self) -> Signature:
        # Parsed on first use: the table has hundreds of rows and import must stay fast.
        if self._signature is None:
            self._signature = Signature(self._text)
        return self._signature

    def __call__(self, *args: Any, name: str | None = None, **kwargs: Any) -> Any:
        """Runs the op (or adds it to the graph being built) on anything convertible to tensors."""
        from .dispatch import bind, execute

        if state.mode == OTHER and (home := elsewhere((*args, *kwargs.values()))) is not None:
            with building(home):
                return self(*args, name=name, **kwargs)
        try:
            inputs, attrs = bind(self, args, dict(kwargs) if kwargs else kwargs)
        except CompositeArgument as error:
            return on_composites(self, args, kwargs, error)
        except HandleExpected as error:
            return self._on_references(args, kwargs, name, error)
        return execute(self, inputs, attrs, name)

    def _on_references(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], name: str | None, error: HandleExpected
    ) -> Any:
        """An op on a variable's handle that is given a reference: its form for references; in a function's graph, where
        variables are handles, the op itself."""
        graph: Any = state.graph
        if not any(isinstance(x, ReferenceTensor) for x in args):
            raise error
        if graph.building_function:
            arguments = zip(args, self.signature.inputs)
            handles = [
                graph.handle_of(x)
                if isinstance(x, ReferenceTensor) and a.dtype is not None and a.dtype.kind == "r"
                else x
                for x, a in arguments
            ]
            return self(*handles, *args[len(handles) :], name=name, **kwargs)
        if self.by_reference is None:
            raise TypeError(f"{self.name} has no form for variables that are references: {error}") from error
        return self.by_reference(*args, name=name, **kwargs)

    # Rules too long for the table row are attached below it.
    def shape_rule(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        self.shape = rule
        return rule

    def kernel_rule(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        self.kernel = rule
        return rule

    def lowering(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        self.lower = rule
        return rule

    def gradient(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        self.grad = rule
        return rule

    def output_dtypes(self, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> list[DType]:
        """The output types, from the input types and attributes."""
        plan = self.signature.plan
        if plan is not None:
            return [inputs[p]._dtype if type(p) is int else p if type(p) is DType else attrs[p] for p in plan]
        out: list[DType] = []
        for arg in self.signature.outputs:
            if arg.type_list_attr is not None:
                out.extend(self.type_value(arg.type_list_attr, inputs, attrs))
            elif arg.number_attr is not None:
                dtype = arg.dtype or self.type_value(arg.type_attr, inputs, attrs)
                out.extend([dtype] * self.number_value(arg.number_attr, inputs, attrs))
            else:
                out.append(arg.dtype or self.type_value(arg.type_attr, inputs, attrs))
        return out

    def type_value(self, attr: Any, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        """The value of a type attribute: given explicitly, or read off the inputs."""
        if attr in attrs:
            return attrs[attr]
        i = 0
        for arg, n in self.groups(inputs, attrs):
            if arg.type_list_attr == attr:
                return [t._dtype for t in inputs[i : i + n]]
            if arg.type_attr == attr and n:
                return inputs[i]._dtype
            i += n
        raise AttributeError(f"Op {self.name} has no attribute {attr!r}.")

    def number_value(self, attr: str, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> int:
        if attr in attrs:
            return int(attrs[attr])
        for arg, n in self.groups(inputs, attrs):
            if arg.number_attr == attr:
                return n
        raise AttributeError(f"Op {self.name} has no attribute {attr!r}.")

    def groups(self, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> list[tuple[Arg, int]]:
        """How many of the flat inputs belong to each argument of the signature."""
        sig = self.signature
        if not sig.variadic:
            return [(a, 1) for a in sig.inputs]
        lists = [a for a in sig.inputs if a.is_list]
        free = len(inputs) - (len(sig.inputs) - len(lists))
        sizes: dict[str, int] = {}
        if len(lists) == 1:
            sizes[lists[0].name] = free
        else:  # several lists: equal N is shared; otherwise their sizes travel as the attribute `_sizes`
            names = {a.number_attr for a in lists}
            if "_sizes" in attrs:
                sizes = dict(zip((a.name for a in lists), attrs["_sizes"]))
            elif len(names) == 1 and None not in names:
                sizes = dict.fromkeys((a.name for a in lists), free // len(lists))
            else:
                raise ValueError(
                    f"Op {self.name} has several list inputs of unequal length: `_sizes` is missing."
                )
        return [(a, sizes[a.name] if a.is_list else 1) for a in sig.inputs]

    def regroup(self, flat: Sequence[Any], inputs: Sequence[Any], attrs: Mapping[str, Any]) -> list[Any]:
        """Arranges one value per flat input as the rules take them: list arguments as lists."""
        if not self.signature.variadic:
            return list(flat)
        out: list[Any] = []
        i = 0
        for arg, n in self.groups(inputs, attrs):
            out.append(list(flat[i : i + n]) if arg.is_list else flat[i])
            i += n
        return out

    def as_proto(self) -> Any:
        """The `OpDef` message of TensorFlow: arguments, attributes, defaults."""
        from headrace.graphs.op_list import op_message

        return op_message(self)

    @property
    def input_arg(self) -> Any:
        return self.as_proto().input_arg

    @property
    def output_arg(self) -> Any:
        return self.as_proto().output_arg

    @property
    def attr(self) -> Any:
        return self.as_proto().attr

    @property
    def is_stateful(self) -> bool:
        return self.stateful

    def __repr__(self) -> str:
        return f"<op {self.name}({self._text})>"

    def __reduce__(self) -> Any:
        return lookup, (self.name,)


def lookup(name: str) -> OpDef:
    """The op of that type; NotFoundError names the closest spellings."""
    try:
        return TABLE[name]
    except KeyError:
        load_all()
        if name in TABLE:
            return TABLE[name]
        import difflib

        from .errors import NotFoundError

        close = difflib.get_close_matches(name, TABLE, 3)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise NotFoundError(None, None, f"Op type not registered '{name}'.{hint}") from None


def load_all() -> None:
    """Imports every op family; they are imported as they are needed otherwise."""
    from headrace import ops

    for module in pkgutil.iter_modules(ops.__path__):
        importlib.import_module(f"{ops.__name__}.{module.name}")


class ShapeContext:
    """What a shape rule may ask: `c[i]` the shape of the i-th flat input, `c.value(i)` its value if it is known while
    building, `c.partial(i)` the same for shape vectors of which only some entries are known, `c.attr`."""

    __slots__ = ("attrs", "inputs", "op")

    def __init__(self, op: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> None:
        self.op, self.inputs, self.attrs = op, inputs, attrs

    def __getitem__(self, i: int) -> Raw:
        return self.inputs[i]._raw_shape

    def __len__(self) -> int:
        return len(self.inputs)

    def attr(self, name: str) -> Any:
        return self.attrs[name]

    def value(self, i: int) -> Any:
        from .static import static_value

        return static_value(self.inputs[i])

    def partial(self, i: int) -> Raw:
        from .static import static_shape

        return static_shape(self.inputs[i])

    def same_rank(self, i: int, rank: int) -> Raw:
        """The shape of input i, checked to be of that rank."""
        from .errors import ShapeError

        shape = self[i]
        if shape is not None and len(shape) != rank:
            raise ShapeError(
                f"Shape must be rank {rank} but is rank {len(shape)} for input {i} of {self.op.name}, with shape {list(shape)}."
            )
        return (None,) * rank if shape is None else shape
