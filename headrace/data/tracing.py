"""Functions of elements: traced once, run for every element.

A small function runs on the host, op by op: a program's call costs as much as several kernels. One that takes long is compiled
when it has run so long on elements of one shape that compiling would have paid off, and stays compiled if that is faster."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from collections.abc import Iterator as PythonIterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from headrace.core import dispatch, dtypes, errors, nest
from headrace.core.convert import to_tensor
from headrace.core.errors import located
from headrace.core.graph import CONST, FuncGraph, graph_output
from headrace.core.op import lookup
from headrace.core.specs import CompositeTensor, TensorSpec
from headrace.core.state import EAGER, _update, building, state
from headrace.core.tensor import EagerTensor, Tensor
from headrace.ops.functional import inner_graphs

from . import structure
from .values import Element, Specs, batched, components, from_components

log = logging.getLogger("headrace")
SHAPES = 256  # how many kinds of elements are remembered
SMALL = 100e-6  # seconds: a function that takes less stays on the host
WORTH_COMPILING = 0.15  # seconds spent on one shape: about what compiling costs
_debug = False


def enable_debug_mode() -> None:
    """Functions given to datasets run as Python code from now on, for every element."""
    global _debug
    _debug = True


class Traced:
    """The graph of a function of elements.

    `structure` is that of its results, with TypeSpecs as leaves; `captured` are the outside tensors it uses."""

    def __init__(self, function: Callable[..., Any], arguments: Sequence[Any], what: str) -> None:
        from headrace.compiler.autograph import tf_convert

        name = getattr(function, "__name__", type(function).__name__).strip("<>")
        converted = _as_python(function) if _debug else tf_convert(function)
        made: list[Any] = []
        self._trace(converted, arguments, what, name, made.append)
        if made:  # a layer's weights, at its first call: later ones find them there
            self._trace(converted, arguments, what, name, _no_variables(what))

    def _trace(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        what: str,
        name: str,
        created: Callable[[Any], Any],
    ) -> None:
        graph = FuncGraph(f"{what}_{name}")
        graph.created_variables = created  # type: ignore[attr-defined]
        with building(graph, tapes=()):
            inner = [
                graph.argument(s.dtype, s._raw_shape, "x")
                for s in nest.flatten(list(arguments), expand_composites=True)
            ]
            values = nest.pack_sequence_as(list(arguments), inner, expand_composites=True)
            result = function(*values)
            if isinstance(result, list):  # several results, not a tensor of all of them
                result = tuple(result)
            result = _converted(result, name)
            self.structure = structure.spec_of(result)
            graph.outputs = [
                graph_output(graph, t) for t in nest.flatten(result, expand_composites=True) if t is not None
            ]
        graph.structured_outputs = result
        self.graph, self.captured = graph, graph.external_captures
        graph.memo["results"] = structure.leaves(self.structure)

    @property
    def attrs(self) -> dict[str, Any]:
        return structure.flat_types(self.structure)


def _converted(result: Any, name: str) -> Any:
    try:
        return structure.convert(result)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"Unsupported return value from function passed to a dataset: {result!r} of {name} is no structure of "
            f"tensors ({error}). Return tensors, or tuples and dicts of tensors."
        ) from error


def _no_variables(what: str) -> Callable[[Any], None]:
    def created(variable: Any) -> None:
        raise ValueError(
            f"A function passed to Dataset.{what} made the tf.Variable {variable.name!r} in every call. Make variables outside, "
            "or once, in the first call, and keep them; a function of elements may use them."
        )

    return created


def _as_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function called anew, as Python code, for every element."""
    traced: list[Any] = []

    def call(*args: Any) -> Any:
        from headrace.api import script

        if not traced:
            graph = FuncGraph("types")
            with building(graph, tapes=()):
                traced.append(structure.convert(function(*args)))
        like = traced[0]
        flat = nest.flatten(like, expand_composites=True)
        results = script.py_function(
            lambda *values: nest.flatten(
                structure.convert(function(*nest.pack_sequence_as(args, values, expand_composites=True))),
                expand_composites=True,
            ),
            nest.flatten(args, expand_composites=True),
            [t.dtype for t in flat],
        )
        for t, r in zip(flat, results):
            r.set_shape(t.shape)
        return nest.pack_sequence_as(like, results, expand_composites=True)

    return call


# ------------------------------------------------------------------------------------------------------------------- run
class Step:
    """One node on the host."""

    __slots__ = (
        "attrs", "dtypes", "inputs", "kernel", "marked", "node", "op", "outputs", "public", "seen", "simple",
    )  # fmt: skip

    def __init__(self, node: Any, place: Callable[[Any], int]) -> None:
        self.node, self.op, self.attrs = node, node.op_def, node.attrs
        self.inputs = [place(t) for t in node.inputs]
        self.outputs = [place(t) for t in node.outputs]
        self.dtypes = [t._dtype for t in node.outputs]
        self.kernel = self.op.kernel is not None and self.op.run is None
        self.seen: set[Any] = set()  # shapes that were checked
        self.public = {k: v for k, v in self.attrs.items() if not k.startswith("_")}
        one_array = self.op.signature.single and not self.op.signature.variadic
        self.simple = self.kernel and one_array and not self.op.reenters
        self.marked = self.op.stateful  # random numbers come from the stream of their node

    def run(self, env: list[Any]) -> None:
        op, inputs = self.op, [env[i] for i in self.inputs]
        if self.marked:
            state.node = self.node
        try:
            if self.kernel:
                if not op.checked:
                    shapes = tuple([x._raw_shape for x in inputs])
                    if shapes not in self.seen:
                        dispatch.infer(op, inputs, self.attrs)
                        if len(self.seen) >= SHAPES:
                            self.seen.clear()
                        self.seen.add(shapes)
                arrays = [a if (a := x._np) is not None else x._host() for x in inputs]
                if self.simple:
                    results = [self._array(arrays, inputs)]
                else:
                    results = dispatch.run_kernel(op, arrays, inputs, self.attrs, self.dtypes)
                for i, a, d in zip(self.outputs, results, self.dtypes):
                    tensor = env[i] = _new(EagerTensor)
                    tensor._np, tensor._dtype, tensor._buf = a, d, None
                return
            for i, value in zip(self.outputs, dispatch.run_eager(op, inputs, self.attrs)):
                env[i] = value
        except Exception as error:
            located(error, self.node)
            raise

    def _array(self, arrays: list[Any], inputs: list[Any]) -> np.ndarray:
        """The only result of a kernel. If it fails, the general way says why."""
        try:
            result = state.run(self.op.kernel, *arrays, **self.public)
        except (ValueError, IndexError, TypeError, OverflowError):
            return dispatch.run_kernel(self.op, arrays, inputs, self.attrs, self.dtypes)[0]
        dtype = self.dtypes[0]._np
        return result if type(result) is np.ndarray and result.dtype is dtype else np.asarray(result, dtype)


_new = EagerTensor.__new__


class OnHost:
    """A graph as a list of steps. What depends on no argument is computed once."""

    def __init__(self, graph: FuncGraph, captured: Sequence[EagerTensor]) -> None:
        from headrace.compiler.lower import needed

        places: dict[int, int] = {}
        self.env: list[Any] = []

        def place(tensor: Any, value: Any = None) -> int:
            if id(tensor) not in places:
                places[id(tensor)] = len(self.env)
                self.env.append(value)
            return places[id(tensor)]

        self.arguments = len(graph.inputs) - len(captured)
        fixed = set()
        for i, t in enumerate(graph.inputs):
            place(t, captured[i - self.arguments] if i >= self.arguments else None)
            if i >= self.arguments:
                fixed.add(places[id(t)])
        self.steps: list[Step] = []
        for node in needed(graph, graph.outputs):
            if node.type == "Placeholder":
                continue
            step = Step(node, place)
            pure = step.kernel and not node.op_def.stateful and not node.op_def.reenters
            if node.op_def is CONST or (pure and fixed.issuperset(step.inputs)):
                step.run(self.env)
                fixed.update(step.outputs)
            else:
                self.steps.append(step)
        self.outputs = [place(t) for t in graph.outputs]

    def __call__(self, tensors: Sequence[EagerTensor]) -> list[EagerTensor]:
        env = self.env.copy()
        env[: self.arguments] = tensors
        for step in self.steps:
            step.run(env)
        return [env[i] for i in self.outputs]


class Runner:
    """A traced function with the values of what it captured: element in, element out."""

    def __init__(self, graph: FuncGraph, captured: Sequence[EagerTensor]) -> None:
        self.graph, self.captured = graph, list(captured)
        self.specs: Specs = graph.memo["results"]
        self.plain = all(type(s) is TensorSpec for s in self.specs)
        self.host = self._on_host()
        self.small: bool | None = None  # not known yet
        self.calls, self.seconds = 0, 0.0
        self.spent: dict[Any, float] = {}  # by shapes, on the host
        self.compiled: dict[Any, bool] = {}  # by shapes: whether the program is the faster one

    def _on_host(self) -> OnHost:
        found = self.graph.memo.get("on_host")
        if found is None or found[0] != [id(t) for t in self.captured]:
            with _eagerly():
                made = OnHost(self.graph, self.captured)
            found = self.graph.memo["on_host"] = [id(t) for t in self.captured], made
        return found[1]

    def __call__(self, element: Element) -> Element:
        tensors: Any = element
        for leaf in element:
            if type(leaf) is not EagerTensor:
                tensors = components(element)
                break
        results = self.flat(tensors)
        return tuple(results) if self.plain else from_components(results, self.specs)

    def flat(self, tensors: Sequence[EagerTensor]) -> list[EagerTensor]:
        """The function on flat components."""
        if state.mode != EAGER:
            with _eagerly():
                return self._run(tensors)
        return self._run(tensors)

    def _run(self, tensors: Sequence[EagerTensor]) -> list[EagerTensor]:
        return self.host(tensors) if self.small else self._measured(tensors)

    @property
    def pure(self) -> bool:
        """Whether a result depends on its element alone, so that elements can be computed in any order, or not at all."""
        return not any(_stateful(node) for node in self.graph.operations)

    def on_batches(self, specs: Specs) -> Runner | None:
        """The function for whole batches of elements of these types, where it can be had: one that has no effects, whose
        elements are all of one shape, and all of whose ops can take many elements at once."""
        found = self.graph.memo.get("on_batches", self)
        if found is self:
            found = self.graph.memo["on_batches"] = self._on_batches(specs)
        return None if found is None else Runner(found, self.captured)

    def _on_batches(self, specs: Specs) -> FuncGraph | None:
        from headrace.compiler.vectorize import CannotVectorize, Stack, Vectorizer

        tensors = all(type(s) is TensorSpec and s.shape.is_fully_defined() for s in (*specs, *self.specs))
        if not tensors or not self.pure or not specs or any(n.op_def.host for n in self.graph.operations):
            return None
        graph = FuncGraph(f"{self.graph.name}_of_batches")
        try:
            with building(graph, tapes=()):
                batches = [graph.argument(s.dtype, (None, *s._raw_shape)) for s in specs]  # type: ignore[attr-defined]
                arguments = [Stack(t, True) for t in batches]
                arguments += [Stack(graph.argument(t._dtype, t._raw_shape), False) for t in self.captured]
                n = lookup("StridedSlice")(
                    lookup("Shape")(batches[0], out_type=dtypes.int32), [0], [1], [1], shrink_axis_mask=1
                )
                vectorizer = Vectorizer(n)
                results = [vectorizer.stack(r) for r in vectorizer.run(self.graph, arguments)]
                graph.outputs = [graph_output(graph, t) for t in results]
        except (CannotVectorize, ValueError, TypeError, errors.OpError) as error:
            log.debug("%s runs element by element: %s", self.graph.name, error)
            return None
        graph.memo["results"] = tuple([batched(s, None) for s in self.specs])
        return graph

    def _measured(self, tensors: Sequence[EagerTensor]) -> list[EagerTensor]:
        key = tuple([t._raw_shape for t in tensors])
        compiled = self.compiled.get(key)
        if compiled:
            return self._program(tensors)
        start = time.perf_counter()
        results = self.host(tensors)
        seconds = time.perf_counter() - start
        self.calls += 1
        self.seconds += seconds
        if self.calls == 16 and self.seconds < 16 * SMALL:
            self.small = True
        if compiled is None:
            if len(self.spent) >= SHAPES and key not in self.spent:
                self.spent.clear()
            spent = self.spent[key] = self.spent.get(key, 0.0) + seconds
            if spent > WORTH_COMPILING:
                self._compare(key, tensors, seconds)
        return results

    def _compare(self, key: Any, tensors: Sequence[EagerTensor], seconds: float) -> None:
        """Compiles the function for these shapes, and finds out whether that was worth it."""
        if any(_stateful(node) and not _repeatable(node) for node in self.graph.operations):
            self.compiled[key] = False  # trying would repeat its effects
            return
        if any(_decides_shapes(node) for node in self.graph.operations):
            self.compiled[key] = False  # every image read from a file would be compiled for anew
            return
        streams = state.streams
        aside = (
            None
            if streams is None
            else {k: v.copy() for k, v in streams.items() if isinstance(v, np.ndarray)}
        )
        with drawing(aside):  # the numbers that the trial draws are drawn again
            self._program(tensors)
            start = time.perf_counter()
            for t in self._program(tensors):
                t._host()
            self.compiled[key] = time.perf_counter() - start < seconds

    def _program(self, tensors: Sequence[EagerTensor]) -> list[EagerTensor]:
        from headrace.compiler.program import program_of

        return program_of(self.graph)([*tensors, *self.captured])


def _stateful(node: Any) -> bool:
    return node.op_def.stateful and node.type != "Placeholder"


def _decides_shapes(node: Any) -> bool:
    """Whether the sizes of its results depend on data, as those of a decoded image do."""
    return node.op_def.host and any(t._raw_shape is None or None in t._raw_shape for t in node.outputs)


def _repeatable(node: Any) -> bool:
    """Whether running a stateful op once more does no harm: it draws numbers, reads, or checks."""
    kind = node.type
    if kind.startswith("Random") or kind in ("ReadVariableOp", "Assert", "Multinomial", "TruncatedNormal"):
        return True
    return bool(graphs := inner_graphs(node)) and all(
        _repeatable(n) or not _stateful(n) for g in graphs for n in g.operations
    )


@contextmanager
def drawing(streams: dict[Any, Any] | None) -> PythonIterator[None]:
    """What is run inside draws its random numbers from these streams: those of one iteration, which begin at the ops' seeds.
    So a seeded function gives the same numbers in every iteration, and in each of two that run side by side."""
    saved, state.streams = state.streams, streams
    try:
        yield
    finally:
        state.streams = saved


def draws(graph: FuncGraph) -> bool:
    """Whether a function of elements has random ops, or others that keep something of their own."""
    found = graph.memo.get("draws")
    if found is None:
        found = graph.memo["draws"] = any(
            (_stateful(n) and "seed2" in n.attrs) or any(map(draws, inner_graphs(n)))
            for n in graph.operations
        )
    return bool(found)


class _eagerly:
    """Nothing is built, recorded, or put on a chosen device."""

    def __enter__(self) -> None:
        self.saved = state.graph, state.tapes, state.device
        _update(None, (), None)

    def __exit__(self, *_: Any) -> None:
        _update(*self.saved)


__all__ = ["CompositeTensor", "Runner", "Tensor", "Traced", "drawing", "draws", "errors", "to_tensor"]
