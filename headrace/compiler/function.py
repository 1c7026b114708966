"""`tf.function`: Python functions as compiled graphs.

A call is looked up by its arguments' types: tensors by dtype and shape, Python values by value, other objects by identity.
What was not seen before is traced into a graph, which is compiled when it first runs (`compiler/program.py`)."""

from __future__ import annotations

import functools
import inspect
import logging
import threading
import types
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import nest, shapes
from headrace.core.convert import to_tensor
from headrace.core.graph import FuncGraph, Operation
from headrace.core.op import lookup
from headrace.core.specs import type_spec_from_value
from headrace.core.state import EAGER, building, state
from headrace.core.tensor import EagerTensor, Tensor
from headrace.core.trackable import Trackable
from headrace.ops import functional

from .bound import bind
from .program import Program, program_of
from .signature import Arguments, describe_change

log = logging.getLogger("headrace")
_run_eagerly = False


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Makes every `tf.function` run its Python code directly (True), or as graphs again (False)."""
    global _run_eagerly
    _run_eagerly = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """Whether `run_functions_eagerly(True)` is in force."""
    return _run_eagerly


def function(
    func: Callable[..., Any] | None = None, input_signature: Any = None, autograph: bool = True,
    jit_compile: bool | None = None, reduce_retracing: bool = False,
    experimental_implements: str | None = None, experimental_autograph_options: Any = None,
    experimental_attributes: Any = None, experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None, experimental_follow_type_hints: bool | None = None,
) -> Any:  # fmt: skip
    """Compiles a function into a callable graph; also a decorator, with or without arguments.

    Args:
      input_signature: a nest of `tf.TensorSpec`s, one per argument: one graph for all calls, which must fit it.
      autograph: whether `if`, `for`, `while` … on tensors become graph control flow.
      jit_compile: every call is compiled in any case; True makes ops that would run on the host an error.
      reduce_retracing: generalises shapes that change from call to call instead of tracing for each.
      experimental_relax_shapes, experimental_compile: older names of `reduce_retracing` and `jit_compile`.
      experimental_follow_type_hints: without effect, as in TensorFlow 2.21; give an `input_signature`.

    >>> import headrace as tf
    >>> @tf.function
    ... def f(x, y):
    ...     return x * y + 1.0
    >>> float(f(tf.constant(2.0), tf.constant(3.0)))
    7.0
    """
    if experimental_attributes:
        raise ValueError(
            "tf.function: `experimental_attributes` are attributes of TensorFlow's own runtime and mean nothing here. Leave them out."
        )
    options = {
        "input_signature": input_signature,
        "autograph": autograph,
        "jit_compile": jit_compile if jit_compile is not None else experimental_compile,
        "reduce_retracing": reduce_retracing or bool(experimental_relax_shapes),
        "implements": experimental_implements,
        "autograph_options": experimental_autograph_options,
    }
    if func is None:
        return lambda f: function_of(f, options)
    return function_of(func, options)


def function_of(func: Callable[..., Any], options: dict[str, Any]) -> Function:
    if isinstance(func, (staticmethod, classmethod)):
        raise TypeError("Put @tf.function below @staticmethod / @classmethod.")
    if not callable(func):
        raise TypeError(f"{func!r} is not a callable object")
    made = Function(func, **options)
    try:
        functools.update_wrapper(made, func)
    except AttributeError:
        pass
    return made


class Function(Trackable):
    """What `tf.function` returns: a callable with one graph per kind of arguments."""

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Any,
        autograph: bool,
        jit_compile: bool | None,
        reduce_retracing: bool,
        implements: str | None,
        autograph_options: Any,
    ) -> None:
        self._python_function = python_function
        self._options = {"input_signature": input_signature, "autograph": autograph, "jit_compile": jit_compile, "reduce_retracing": reduce_retracing,
                         "implements": implements, "autograph_options": autograph_options}  # fmt: skip
        self._name = getattr(python_function, "__name__", type(python_function).__name__)
        self._arguments = Arguments(python_function, input_signature)
        self._autograph, self._jit_compile, self._reduce_retracing = autograph, jit_compile, reduce_retracing
        self._fast: dict[Any, ConcreteFunction] = {}  # by the types of plain tensor arguments
        self._concrete: dict[Any, ConcreteFunction] = {}
        self._bound: weakref.WeakKeyDictionary[Any, Function] = weakref.WeakKeyDictionary()
        self._created_variables: list[Any] = []
        self._traced = False
        # Threads trace one after the other; tracing may call the function again.
        self._tracing = threading.RLock()
        self._recent: deque[bool] = deque(maxlen=6)
        self.retraces: list[str] = []  # why each trace after the first was made

    @property
    def python_function(self) -> Callable[..., Any]:
        """The Python function this was made from."""
        return self._python_function

    @property
    def input_signature(self) -> Any:
        return self._options["input_signature"]

    @property
    def function_spec(self) -> Arguments:
        return self._arguments

    @property
    def name(self) -> str:
        return self._name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if state.mode == EAGER and not kwargs and not _run_eagerly:
            key: list[Any] = []
            tensors: Sequence[Any] = args
            for a in args:
                if type(a) is not EagerTensor:
                    key, tensors = [], []
                    if not _flatten(args, key, tensors):
                        return self._call(args, kwargs)
                    break
                key.append(a._dtype)
                array = a._np
                key.append(array.shape if array is not None else a._buf.aval.shape)
            found = self._fast.get(tuple(key))
            if found is not None:
                return found.call_flat(tensors)
        return self._call(args, kwargs)

    def _call(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        if _run_eagerly:
            return self._python_function(*args, **kwargs)
        call = self._arguments.bind(args, kwargs)
        concrete = self._lookup(call)
        for variable in call.variables:
            variable._accessed()
        if state.mode == EAGER and not kwargs and not self._options["input_signature"]:
            key: list[Any] = []
            tensors: list[Any] = []
            flat = _flatten(args, key, tensors) and list(map(id, tensors)) == list(map(id, call.tensors))
            if flat and not concrete.captures_symbolic:
                self._fast[tuple(key)] = concrete
        return concrete.call_flat(call.tensors)

    def _lookup(self, call: Any) -> ConcreteFunction:
        """The concrete function for a call: seen before, general enough, or traced now."""
        with self._tracing:
            found = self._concrete.get(call.key)
            if found is None or not found.usable():
                found = next((c for c in self._concrete.values() if c.usable() and c.accepts(call)), None)
                if found is None:
                    return self._trace(call)
                self._concrete[call.key] = found
            self._recent.append(False)
            return found

    def _trace(self, call: Any) -> ConcreteFunction:
        if self._concrete:
            why = describe_change(self._name, call, [c.call for c in self._concrete.values()])
            self.retraces.append(why)
            self._recent.append(True)
            if sum(self._recent) >= 5:
                log.warning(
                    "%d of the last %d calls to %s traced it anew, which is slow. %s",
                    sum(self._recent),
                    len(self._recent),
                    self._name,
                    why,
                )
            if self._reduce_retracing:
                call = call.relaxed([c.call for c in self._concrete.values()])
        concrete = self._make(call)
        self._concrete[call.key] = concrete
        return concrete

    def _make(self, call: Any) -> ConcreteFunction:
        first = not self._traced
        concrete = self._trace_once(call, allow_variables=first)
        if first and self._created_variables:
            concrete = self._trace_once(call, allow_variables=False)  # as every later call will see it
        self._traced = True
        return concrete

    def _trace_once(self, call: Any, allow_variables: bool) -> ConcreteFunction:
        graph = FuncGraph(self._name)
        graph.created_variables = self._variable_hook(allow_variables)  # type: ignore[attr-defined]
        with building(graph, tapes=()):
            placeholders = [
                graph.argument(spec._dtype, spec._raw_shape, name) for spec, name in call.placeholders()
            ]
            for inner, t in zip(placeholders, call.tensors):
                if isinstance(t, Tensor):
                    graph.fed[id(inner)] = t
                    if "_handle_data" in t.__dict__:
                        inner.__dict__["_handle_data"] = t.__dict__["_handle_data"]
            args, kwargs = call.rebuild(placeholders)
            result = self._converted()(*args, **kwargs)
            structure, outputs = _outputs(graph, result, self._name)
        graph.outputs, graph.structured_outputs = outputs, structure
        graph.fed.clear()
        return ConcreteFunction(graph, call, self._jit_compile, self._name)

    def _converted(self) -> Callable[..., Any]:
        from .autograph import convert, do_not_convert

        if not self._autograph:
            return do_not_convert(self._python_function)
        return convert(self._python_function, self._options["autograph_options"])

    def _variable_hook(self, allow: bool) -> Callable[[Any], None]:
        def created(variable: Any) -> None:
            if not allow:
                raise ValueError(
                    "tf.function only supports singleton tf.Variables created on the first call. Make sure the tf.Variable is only created once or created "
                    f"outside tf.function (variable {variable.name!r} in {self._name}). See "
                    "https://www.tensorflow.org/guide/function#creating_tfvariables for more information."
                )
            self._created_variables.append(weakref.ref(variable))

        return created

    # ------------------------------------------------------------------------------------------------------------ tools
    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The one graph for arguments like these: tensors, or `tf.TensorSpec`s standing for them."""
        call = self._arguments.bind(args, kwargs, complete_from_signature=True)
        with self._tracing:
            found = self._concrete.get(call.key)
            return found if found is not None and found.usable() else self._trace(call)

    def experimental_get_tracing_count(self) -> int:
        """How many graphs were traced."""
        return len(dict.fromkeys(self._concrete.values()))

    def experimental_get_compiler_ir(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """`f.experimental_get_compiler_ir(*args)(stage)`: the program for these arguments as text.

        Stages: "stablehlo" (what is handed to XLA; "hlo" is the same), "optimized_hlo" (what XLA made of it)."""
        call = self._arguments.bind(args, kwargs)
        concrete = self._lookup(call)

        def text(stage: str = "hlo", device_name: str | None = None, platform_name: str | None = None) -> str:
            if device_name or platform_name:
                raise ValueError(
                    "experimental_get_compiler_ir: only the default device is supported; leave out device_name and platform_name."
                )
            if stage not in ("hlo", "stablehlo", "optimized_hlo"):
                raise ValueError(
                    f"stage={stage!r} is not known: use 'stablehlo' or 'optimized_hlo' ('hlo' is the former)."
                )
            values = [t if isinstance(t, EagerTensor) else _zeros(t) for t in call.tensors]
            executable = concrete.program.single([*values, *concrete.captured_inputs])
            return executable.text if stage != "optimized_hlo" else executable.program.hlo_text()

        return text

    def pretty_printed_concrete_signatures(self, verbose: bool = True) -> str:
        """The signatures of all graphs traced so far."""
        return "\n\n".join(
            c.pretty_printed_signature(verbose) for c in dict.fromkeys(self._concrete.values())
        )

    def _list_all_concrete_functions(self) -> list[ConcreteFunction]:
        return list(dict.fromkeys(self._concrete.values()))

    _list_all_concrete_functions_for_serialization = _list_all_concrete_functions

    @property
    def _concrete_variable_creation_fn(self) -> ConcreteFunction | None:
        """The first graph traced (Keras's TensorBoard callback asks for it under this name)."""
        return next(iter(self._concrete.values()), None)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        try:
            bound = self._bound.get(instance)
        except TypeError:  # not hashable or not weakly referable
            return function_of(types.MethodType(self._python_function, instance), self._options)
        if bound is None:
            bound = self._bound[instance] = function_of(
                _WeakMethod(self._python_function, instance), self._options
            )
        return bound

    def __repr__(self) -> str:
        return f"<headrace.Function {self._name} at {hex(id(self))}>"


def _flatten(values: Any, key: list[Any], tensors: list[Any]) -> bool:
    """Puts the tensors of arguments into `tensors`, and what tells calls apart into `key`. False where that takes more than a
    look: at Python values, at composites without a `_call_key`."""
    for a in values:
        kind = type(a)
        if kind is EagerTensor:
            key.append(a._dtype)
            key.append(a._raw_shape)
            tensors.append(a)
        elif kind is tuple or kind is list:
            key.append(kind)
            key.append(len(a))
            if not _flatten(a, key, tensors):
                return False
        elif kind is dict:
            names = tuple(sorted(a)) if all(type(k) is str for k in a) else None
            if names is None:
                return False
            key.append(names)
            if not _flatten([a[k] for k in names], key, tensors):
                return False
        elif (known := getattr(a, "_call_key", None)) is not None:
            key.append(known)
            tensors.append(a._handle)
        else:
            return False
    return True


class _WeakMethod:
    """A method of an object it does not keep alive."""

    def __init__(self, method: Callable[..., Any], instance: Any) -> None:
        self.__func__ = self.__wrapped__ = method
        self._instance = weakref.ref(instance)
        self.__name__ = getattr(method, "__name__", "method")
        self.__doc__ = method.__doc__
        signature = inspect.signature(method)
        self.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])

    @property
    def __self__(self) -> Any:
        instance = self._instance()
        if instance is None:
            raise ReferenceError(f"The object whose method {self.__name__!r} this is no longer exists.")
        return instance

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__func__(self.__self__, *args, **kwargs)


def _zeros(spec: Any) -> EagerTensor:
    from headrace.core.tensor import wrap

    raw = spec._raw_shape
    if not shapes.known(raw):
        raise ValueError(f"experimental_get_compiler_ir needs arguments of known shapes, received {spec}.")
    return wrap(np.zeros(raw, spec._dtype._np), spec._dtype)


def _outputs(graph: FuncGraph, result: Any, name: str) -> tuple[Any, list[Any]]:
    """The structure of a function's result with TensorSpecs or None at its leaves, and the tensors in it."""
    tensors: list[Any] = []

    def leaf(value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, Operation):
            return None  # like None: the op runs for its effect
        if not isinstance(value, Tensor):
            try:
                value = to_tensor(value)
            except (TypeError, ValueError) as error:
                raise TypeError(
                    f"{name}: to be compatible with tf.function, Python functions must return zero or more Tensors or ExtensionTypes or None values; "
                    f"in compilation of {name}, found return value of type {type(value).__name__}, which is not a Tensor or ExtensionType."
                ) from error
        if value._is_eager or value.op.graph is not graph:
            value = graph.capture(value)
        value = lookup("Identity")(value)
        tensors.append(value)
        return value

    return nest.map_structure(leaf, result, expand_composites=True), tensors


class ConcreteFunction:
    """One traced graph, callable with tensors of its signature."""

    def __init__(self, graph: FuncGraph, call: Any, jit_compile: bool | None, name: str) -> None:
        self.graph, self.call, self._jit_compile, self._name = graph, call.kind(), jit_compile, name
        self.captured_inputs = graph.external_captures
        self.captures_symbolic = any(not t._is_eager for t in self.captured_inputs)
        self._program: Program | None = None
        self._unpack = _unpacker(graph.structured_outputs)
        self._bound: Any = None  # the program with its captures, once it has run
        self._tried: Any = None  # the plan that was to be bound
        self._n = len(call.specs)

    @property
    def name(self) -> str:
        return self._name

    @property
    def inputs(self) -> list[Any]:
        return self.graph.inputs

    @property
    def outputs(self) -> list[Any]:
        return self.graph.outputs

    @property
    def structured_outputs(self) -> Any:
        """The graph's outputs in the structure in which the function returned them."""
        return self.graph.structured_outputs

    @property
    def structured_input_signature(self) -> tuple[Any, Any]:
        return self.call.structured_signature()

    @property
    def output_shapes(self) -> Any:
        return nest.map_structure(lambda t: None if t is None else t.shape, self.graph.structured_outputs)

    @property
    def output_dtypes(self) -> Any:
        return nest.map_structure(lambda t: None if t is None else t.dtype, self.graph.structured_outputs)

    @property
    def variables(self) -> tuple[Any, ...]:
        return tuple(v for v in (ref() for ref in self.graph.variables.values()) if v is not None)

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        return tuple(v for v in self.variables if v.trainable)

    @property
    def program(self) -> Program:
        program = self._program
        if program is None or program.revision != self.graph.revision:
            program = self._program = program_of(self.graph)
            if self._jit_compile:
                program.must_compile = True
        return program

    def usable(self) -> bool:
        """False when it captures tensors of a graph that is not being built any more."""
        if not self.captures_symbolic:
            return True
        graph = state.graph
        graphs = []
        while graph is not None:
            graphs.append(graph)
            graph = graph.outer
        return all(t._is_eager or t.op.graph in graphs for t in self.captured_inputs)

    def accepts(self, call: Any) -> bool:
        """Whether a call's arguments are instances of this function's."""
        return self.call.generalises(call)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.call_flat(self.call.flatten_inputs(args, kwargs, self._name))

    def call_flat(self, tensors: Sequence[Any]) -> Any:
        if state.mode == EAGER and self._bound is not None and self._program.revision == self.graph.revision:  # type: ignore[union-attr]
            outputs = self._bound(tensors)
            if outputs is not None:
                return outputs[0] if self._unpack is _single else self._unpack(outputs)
        captured = self.captured_inputs
        inputs = [*tensors, *captured] if captured else tensors
        if state.graph is not None or state.tapes:
            self._mark_variables()
            outputs = functional.call(self.graph, inputs)
        else:
            program = self._program
            if program is None or program.revision != self.graph.revision:
                program = self.program
            outputs = program(inputs)
            if self._tried is not program.steps and not self.captures_symbolic:
                self._bound, self._tried = bind(program, captured, self._n), program.steps
        if state.observers and state.graph is None:
            for observer in state.observers:
                observer(functional.STATEFUL_CALL, inputs, {"f": self.graph}, outputs)
        unpack = self._unpack
        return outputs[0] if unpack is _single else unpack(outputs)

    def _mark_variables(self) -> None:
        outer = state.graph
        if outer is not None and outer.building_function:
            for key, ref in self.graph.variables.items():
                outer.variables.setdefault(key, ref)  # type: ignore[attr-defined]
        self._accessed()

    def _accessed(self) -> None:
        tapes = state.tapes
        if tapes:
            for variable in self.trainable_variables:
                for tape in tapes:
                    tape.variable_accessed(variable)

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """The signature as text: parameters with their types, and the result's type."""
        outputs = nest.map_structure(
            lambda t: None if t is None else type_spec_from_value(t), self.structured_outputs
        )
        return self.call.pretty(outputs, self.captured_inputs, verbose)

    def prune(self, feeds: Any, fetches: Any, name: str | None = None) -> ConcreteFunction:
        """A function of `feeds` (tensors of this graph, or their names) that computes `fetches` (a nest of such)."""
        from headrace.graphs.wrapping import part

        return part(self.graph, feeds, fetches, name)

    def __repr__(self) -> str:
        return f"<ConcreteFunction {self.pretty_printed_signature(False)} at {hex(id(self))}>"


def _single(outputs: Sequence[Any]) -> Any:
    return outputs[0]


def _unpacker(structure: Any) -> Callable[[Sequence[Any]], Any]:
    """Puts flat outputs into the function's result structure; the usual cases need no walk."""
    if structure is None:
        return lambda outputs: None
    if isinstance(structure, Tensor):
        return _single
    flat = nest.flatten(structure, expand_composites=True)
    n = len([t for t in flat if t is not None])
    if (
        type(structure) in (tuple, list)
        and len(structure) == n
        and all(isinstance(t, Tensor) for t in structure)
    ):
        kind = type(structure)
        return lambda outputs: kind(outputs[:n])

    if nest.is_composite(structure):
        spec = structure._type_spec
        return lambda outputs: spec._from_compatible_tensor_list(outputs[:n])

    def general(outputs: Sequence[Any]) -> Any:
        it = iter(outputs)
        return nest.map_structure(
            lambda t: None if t is None else next(it), structure, expand_composites=True
        )

    return general


__all__ = [
    "ConcreteFunction",
    "Function",
    "function",
    "functions_run_eagerly",
    "run_functions_eagerly",
]
