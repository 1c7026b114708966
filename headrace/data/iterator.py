"""Iterators: running datasets, in Python and in functions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Iterator as PythonIterator
from typing import Any

from headrace.core import dtypes, errors, nest
from headrace.core.errors import invalid
from headrace.core.graph import FuncGraph
from headrace.core.shapes import TensorShape
from headrace.core.specs import CompositeTensor, TensorSpec, TypeSpec
from headrace.core.state import EAGER, state
from headrace.core.tensor import EagerTensor, wrap_object
from headrace.ops import iterators as ops
from headrace.ops.functional import inner_graphs
from headrace.ops.state import HostResource

from . import structure
from .optional import Optional, unpacked
from .plan import Plan
from .sources import Generator
from .tracing import Runner, _eagerly, drawing, draws
from .values import Element, components

UNROLLED = 10_000  # elements that a function may take one by one


class Running(HostResource):
    """What an iterator's handle holds: a plan that is being iterated over. Threads take turns."""

    def __init__(self) -> None:
        self.source: PythonIterator[Element] | None = None
        self.plan = Plan()
        self.lock = threading.RLock()
        self.streams: dict[Any, Any] | None = None  # of the random ops of its functions

    def begin(self, plan: Plan) -> None:
        self.streams = {} if any_draws(plan) else None
        with drawing(self.streams):
            self.source = plan.start()
        self.plan = plan

    @property
    def may_run_ahead(self) -> bool:
        """Whether it makes no difference when an element is asked for: nothing but the dataset decides about it."""
        return not depends_on_program(self.plan)

    def element(self) -> Element:
        """The leaves of the next element; StopIteration at the end."""
        source = self.source
        if source is None:
            raise errors.FailedPreconditionError(None, None, "The iterator has not been initialized.")
        with self.lock:
            if self.streams is None:
                return self._next(source)
            saved, state.streams = state.streams, self.streams
            try:
                return self._next(source)
            finally:
                state.streams = saved

    @staticmethod
    def _next(source: PythonIterator[Element]) -> Element:
        if state.mode == EAGER:
            return next(source)
        with _eagerly():
            return next(source)

    def components(self) -> list[EagerTensor]:
        """The tensors of the next element; OutOfRangeError at the end."""
        try:
            return components(self.element())
        except StopIteration:
            raise errors.OutOfRangeError(None, None, "End of sequence [Op:IteratorGetNext]") from None

    def components_or_none(self) -> tuple[EagerTensor, ...] | None:
        try:
            return tuple(components(self.element()))
        except StopIteration:
            return None


def any_draws(plan: Plan) -> bool:
    """Whether functions of the plan draw random numbers."""
    return any(map(draws, _graphs(plan))) or any(map(any_draws, plan.inputs))


def depends_on_program(plan: Plan) -> bool:
    """Whether elements are made by Python code, or from variables: they may depend on what the program did before."""
    return (
        isinstance(plan, Generator)
        or any(map(_asks, _graphs(plan)))
        or any(map(depends_on_program, plan.inputs))
    )


def _graphs(plan: Plan) -> list[FuncGraph]:
    """The functions of a plan itself."""
    return [run.graph for run in vars(plan).values() if isinstance(run, Runner)]


def _asks(graph: FuncGraph) -> bool:
    found = graph.memo.get("asks")
    if found is None:
        found = graph.memo["asks"] = any(
            n.type in _ASKING or any(map(_asks, inner_graphs(n))) for n in graph.operations
        )
    return bool(found)


_ASKING = frozenset({"EagerPyFunc", "PyFunc", "PyFuncStateless", "GeneratorDataset", "ReadVariableOp"})
_shared: dict[str, Running] = {}


def shared_iterator(name: str, factory: Callable[[], Plan] | None = None) -> Running:
    """The iterator of that name; if there is none yet, a new one (begun with the plan of `factory`, if given)."""
    found = _shared.get(name)
    if found is None:
        found = _shared[name] = Running()
        if factory is not None:
            found.begin(factory())
    return found


def iterator_name(running: Running) -> bytes:
    """A name under which `iterator_named` finds the iterator."""
    name = next((n for n, r in _shared.items() if r is running), None)
    if name is None:
        name = f"iterator/{id(running)}"
        _shared[name] = running
    return name.encode()


def iterator_named(name: bytes) -> Running:
    found = _shared.get(name.decode(errors="replace"))
    if found is None:
        raise invalid(f"{name!r} is no string handle of an iterator.")
    return found


def encoded(element: Element) -> list[EagerTensor]:
    """An element as the outputs of an op."""
    return components(element)


class Iterator(CompositeTensor):
    """Iterates over a dataset: `iter(dataset)` makes one.

    `next(iterator)` raises StopIteration at the end, `iterator.get_next()` OutOfRangeError. An iterator may be passed to a
    `tf.function`, which then takes elements from it.

    >>> import headrace as tf
    >>> it = iter(tf.data.Dataset.range(2))
    >>> int(next(it)), int(it.get_next()), bool(it.get_next_as_optional().has_value())
    (0, 1, False)
    """

    def __init__(self, dataset: Any = None, components: Any = None, element_spec: Any = None) -> None:
        if dataset is not None:
            self._element_spec = element_spec = dataset.element_spec
            if state.graph is None:
                running = Running()
                running.begin(dataset._plan)
                self._handle: Any = wrap_object(running, dtypes.resource)
            else:
                self._handle = ops.ITERATOR(**structure.flat_types(element_spec))
                ops.MAKE_ITERATOR(dataset._variant_tensor, self._handle)
        else:
            self._element_spec, self._handle = element_spec, components[0]
        self._pack: Callable[[Any], Any] = structure.packer(element_spec)
        self._taken = 0  # elements taken in a graph
        self._spec: Any = None
        self._key: Any = None

    @property
    def _call_key(self) -> Any:
        """What a function tells its calls with iterators apart by; None in a graph."""
        if self._key is None and self._handle._is_eager:
            self._key = _KEYS.setdefault(self._type_spec, object())
        return self._key

    @property
    def element_spec(self) -> Any:
        """The structure of the elements, with a TypeSpec for each leaf."""
        return self._element_spec

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        handle = self._handle
        if handle._is_eager and state.graph is None:
            return self._pack(handle._np.item().element())
        self._taken += 1
        if self._taken > UNROLLED:
            raise RuntimeError(
                f"next() was called {UNROLLED} times while a function was traced: a Python loop over a dataset has no end there. Let "
                "AutoGraph convert the loop, or use dataset.reduce."
            )
        return self.get_next()

    next = __next__

    def get_next(self, name: str | None = None) -> Any:
        """The next element; OutOfRangeError at the end.

        Args:
          name: of the operation, in a graph.
        """
        handle = self._handle
        if handle._is_eager and state.graph is None:
            try:
                return self._pack(handle._np.item().element())
            except StopIteration:
                raise errors.OutOfRangeError(None, None, "End of sequence [Op:IteratorGetNext]") from None
        spec = self._element_spec
        return unpacked(ops.GET_NEXT(handle, name=name, **structure.flat_types(spec)), spec)

    def get_next_as_optional(self) -> Optional:
        """The next element, or an empty Optional at the end."""
        spec = self._element_spec
        return Optional(ops.GET_NEXT_AS_OPTIONAL(self._handle, **structure.flat_types(spec)), spec)

    @property
    def _type_spec(self) -> IteratorSpec:
        if self._spec is None:
            self._spec = IteratorSpec(self._element_spec)
        return self._spec

    def __repr__(self) -> str:
        return f"<tf.data.Iterator element_spec={self._element_spec}>"


_KEYS: dict[IteratorSpec, object] = {}  # by spec, something that is compared by identity


class IteratorSpec(TypeSpec):
    """The type of a `tf.data.Iterator` over elements of a structure of TypeSpecs.

    >>> import headrace as tf
    >>> tf.data.IteratorSpec(tf.TensorSpec([], tf.int64)).element_spec
    TensorSpec(shape=(), dtype=tf.int64, name=None)
    """

    __slots__ = ("_element_spec", "_parts")

    def __init__(self, element_spec: Any) -> None:
        self._element_spec = element_spec

    @property
    def element_spec(self) -> Any:
        return self._element_spec

    @property
    def value_type(self) -> Any:
        return Iterator

    @classmethod
    def from_value(cls, value: Iterator) -> IteratorSpec:
        return cls(value.element_spec)

    def _serialize(self) -> tuple[Any, ...]:
        return (self._element_spec,)

    @property
    def _component_specs(self) -> Any:
        return (TensorSpec(TensorShape(()), dtypes.resource),)

    def _to_components(self, value: Iterator) -> Any:
        return (value._handle,)

    def _from_components(self, components: Any) -> Iterator:
        return Iterator(components=components, element_spec=self._element_spec)


class NumpyIterator:
    """The elements of a dataset as NumPy arrays."""

    def __init__(self, dataset: Any) -> None:
        self._iterator = iter(dataset)

    def __iter__(self) -> NumpyIterator:
        return self

    def __next__(self) -> Any:
        return nest.map_structure(as_numpy, next(self._iterator))

    next = __next__


def as_numpy(leaf: Any) -> Any:
    """A leaf of an element without tensors."""
    if isinstance(leaf, EagerTensor):
        return leaf.numpy()
    if leaf is None:
        return None
    if hasattr(leaf, "as_numpy_iterator"):
        return leaf.as_numpy_iterator()
    if hasattr(leaf, "dense_shape"):
        from headrace.composites.sparse.tensor import SparseTensorValue

        return SparseTensorValue(leaf.indices.numpy(), leaf.values.numpy(), leaf.dense_shape.numpy())
    if hasattr(leaf, "row_splits"):
        from headrace.composites.ragged.spec import RaggedTensorValue

        values = leaf.values
        return RaggedTensorValue(as_numpy(values), leaf.row_splits.numpy())
    raise TypeError(f"as_numpy_iterator() is not supported for elements of type {type(leaf).__name__}.")


__all__ = ["Iterator", "IteratorSpec", "NumpyIterator"]
