"""Iterators of graphs that sessions run: made once, begun and begun anew by an operation."""

from __future__ import annotations

import itertools
from typing import Any

from headrace.core import dispatch, dtypes, nest
from headrace.core.errors import invalid
from headrace.core.state import building, state
from headrace.core.tensor import Tensor
from headrace.ops import iterators as ops

from . import structure
from .iterator import Iterator
from .sources_api import _spec_of_types

_numbers = itertools.count()


class SessionIterator(Iterator):
    """An iterator of a graph: `sess.run(iterator.initializer)` begins it, `sess.run(iterator.get_next())` takes an element, and
    raises OutOfRangeError at the end."""

    def __init__(self, element_spec: Any, handle: Any = None, initializer: Any = None) -> None:
        if handle is None:
            name = f"iterator_{next(_numbers)}"
            handle = ops.ITERATOR_V2(shared_name=name, container="", **structure.flat_types(element_spec))
        super().__init__(components=[handle], element_spec=element_spec)
        self._initializer = initializer
        if not handle._is_eager:
            handle.graph.add_to_collection("iterators", handle)

    @property
    def initializer(self) -> Any:
        """The operation that begins the iterator."""
        if self._initializer is None:
            raise ValueError(
                "This iterator has no initializer: it is begun by the operations that `make_initializer` makes, or by itself."
            )
        return self._initializer

    def make_initializer(self, dataset: Any, name: str | None = None) -> Any:
        """An operation that begins this iterator with the elements of a dataset of the same types."""
        if not _compatible(self.element_spec, dataset.element_spec):
            raise TypeError(
                f"The dataset has elements of {dataset.element_spec}, the iterator those of {self.element_spec}."
            )
        return ops.MAKE_ITERATOR(dataset._variant_tensor, self._handle, name=name)

    def string_handle(self, name: str | None = None) -> Any:
        """A string tensor that stands for the iterator, to feed to `from_string_handle`."""
        return ops.TO_STRING_HANDLE(self._handle, name=name)

    @property
    def output_types(self) -> Any:
        return get_output_types(self)

    @property
    def output_shapes(self) -> Any:
        return get_output_shapes(self)

    @property
    def output_classes(self) -> Any:
        return get_output_classes(self)

    @staticmethod
    def from_structure(
        output_types: Any,
        output_shapes: Any = None,
        shared_name: str | None = None,
        output_classes: Any = None,
    ) -> SessionIterator:
        """An iterator for datasets of these types: `make_initializer` begins it with one of them."""
        _plain(output_classes)
        spec = _spec_of_types(output_types, output_shapes)
        if shared_name is None:
            return SessionIterator(spec)
        handle = ops.ITERATOR_V2(shared_name=shared_name, container="", **structure.flat_types(spec))
        return SessionIterator(spec, handle)

    @staticmethod
    def from_string_handle(
        string_handle: Any, output_types: Any, output_shapes: Any = None, output_classes: Any = None
    ) -> SessionIterator:
        """The iterator that a string handle stands for."""
        _plain(output_classes)
        spec = _spec_of_types(output_types, output_shapes)
        return SessionIterator(spec, ops.FROM_STRING_HANDLE(string_handle, **structure.flat_types(spec)))


def _plain(output_classes: Any) -> None:
    if output_classes is not None and any(c is not Tensor for c in nest.flatten(output_classes)):
        raise NotImplementedError(
            "`output_classes`: only iterators of tensors can be made of types and shapes."
        )


def _compatible(a: Any, b: Any) -> bool:
    try:
        nest.assert_same_structure(a, b)
    except (TypeError, ValueError):
        return False
    return all(x.is_compatible_with(y) for x, y in zip(nest.flatten(a), nest.flatten(b)))


def make_initializable_iterator(dataset: Any, shared_name: str | None = None) -> SessionIterator:
    """An iterator over a dataset of a graph, which `iterator.initializer` begins.

    Raises:
      RuntimeError: no graph is being built; `iter(dataset)` is the iterator then.
    """
    if state.graph is None:
        raise RuntimeError(
            "`make_initializable_iterator()` is not supported in eager mode. Use Python-style iteration instead."
        )
    spec = dataset.element_spec
    made = SessionIterator(spec) if shared_name is None else _shared(spec, shared_name)
    made._initializer = made.make_initializer(dataset)
    return made


def _shared(spec: Any, name: str) -> SessionIterator:
    return SessionIterator(
        spec, ops.ITERATOR_V2(shared_name=name, container="", **structure.flat_types(spec))
    )


def make_one_shot_iterator(dataset: Any) -> Iterator:
    """An iterator over a dataset that needs no initializer: it begins when its first element is taken."""
    if state.graph is None:
        return Iterator(dataset)
    spec = dataset.element_spec
    variant = dataset._variant_tensor
    handle = ops.ONE_SHOT(
        dataset_factory=Factory(variant),
        **structure.flat_types(spec),
    )
    return SessionIterator(spec, handle)


class Factory:
    """What makes the dataset of a one-shot iterator: called, its plan; `function_graph()`, a function for messages."""

    def __init__(self, variant: Any) -> None:
        self._variant = variant

    def __call__(self) -> Any:
        return _computed(self._variant, {})._host().item()

    def function_graph(self) -> Any:
        from headrace.core.graph import FuncGraph
        from headrace.session.plan import pruned

        graph = FuncGraph("dataset_factory")
        graph.outer = None
        graph.operations = pruned(self._variant.op.graph, [self._variant.op], set())
        graph.outputs = [self._variant]
        return graph


def _computed(tensor: Any, known: dict[int, Any]) -> Any:
    """The value of a graph's tensor that depends on nothing fed to it."""
    if tensor._is_eager:
        return tensor
    node = tensor.op
    if node.type == "Placeholder" or (
        node.op_def.stateful and any(t._dtype is dtypes.resource for t in node.inputs)
    ):
        raise invalid(
            f"A one-shot iterator's dataset depends on {node.name} ({node.type}), which has no value of its own. Use "
            "make_initializable_iterator."
        )
    if id(node) not in known:
        inputs = [_computed(t, known) for t in node.inputs]
        with building(None, tapes=()):
            known[id(node)] = dispatch.run_eager(node.op_def, inputs, node.attrs)
    return known[id(node)][tensor.value_index]


def get_output_types(dataset_or_iterator: Any) -> Any:
    """The dtypes of the elements' components."""
    return _each(dataset_or_iterator, lambda s: s.dtype)


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """The shapes of the elements' components."""
    return _each(dataset_or_iterator, lambda s: s.shape)


def get_output_classes(dataset_or_iterator: Any) -> Any:
    """The classes of the elements' components."""
    return _each(dataset_or_iterator, lambda s: s.value_type)


def _each(value: Any, what: Any) -> Any:
    return nest.map_structure(what, structure.normalized(value.element_spec))


__all__ = [
    "SessionIterator",
    "get_output_classes",
    "get_output_shapes",
    "get_output_types",
    "make_initializable_iterator",
    "make_one_shot_iterator",
]
