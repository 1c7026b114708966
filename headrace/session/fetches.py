"""What `Session.run` is asked for: any nest of things to compute, and how the values go back into its structure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from headrace.core.errors import InaccessibleTensorError
from headrace.core.graph import Graph, Operation
from headrace.core.tensor import SymbolicTensor

from .keys import GraphKeys

Rebuild = Callable[[Sequence[Any]], Any]


class Fetches:
    """The tensors and operations of a nest, and `rebuild(values)`: the nest with `values` of the tensors (None for an
    operation) in their places."""

    def __init__(self, graph: Graph, fetches: Any) -> None:
        self.graph = graph
        self.tensors: list[Any] = []
        self.operations: list[Operation] = []
        self._where: dict[int, int] = {}
        self.rebuild = self._visit(fetches)

    def _visit(self, fetch: Any) -> Rebuild:
        if fetch is None:
            raise TypeError(
                'Argument `fetch` = None has invalid type "NoneType". Cannot be None: fetch tensors, operations, or nests of them.'
            )
        if isinstance(fetch, (SymbolicTensor, Operation, str, bytes)) or hasattr(fetch, "_as_graph_element"):
            return self._element(fetch)
        if isinstance(fetch, (list, tuple)):
            parts = [self._visit(f) for f in fetch]
            if hasattr(fetch, "_fields"):
                kind: Any = type(fetch)
                return lambda values: kind(*[p(values) for p in parts])
            sequence: Any = type(fetch) if type(fetch) in (list, tuple) else list
            return lambda values: sequence([p(values) for p in parts])
        if isinstance(fetch, Mapping):
            keys, parts = list(fetch), [self._visit(f) for f in fetch.values()]
            mapping: Any = type(fetch)
            if isinstance(fetch, defaultdict):
                mapping = partial(mapping, fetch.default_factory)
            return lambda values: mapping((k, p(values)) for k, p in zip(keys, parts))
        if hasattr(fetch, "__attrs_attrs__"):
            kind = type(fetch)
            parts = [self._visit(getattr(fetch, a.name)) for a in fetch.__attrs_attrs__]
            return lambda values: kind(*[p(values) for p in parts])
        value_of = composite_value(fetch)
        if value_of is not None:
            components, make = value_of
            parts = [self._visit(c) for c in components]
            return lambda values: make([p(values) for p in parts])
        raise TypeError(
            f'Argument `fetch` = {fetch!r} has invalid type "{type(fetch).__name__}" must be a string or Tensor. '
            f"(Can not convert a {type(fetch).__name__} into a Tensor or Operation.)"
        )

    def _element(self, fetch: Any) -> Rebuild:
        try:
            named = fetch.decode() if isinstance(fetch, bytes) else fetch
            element = self.graph.as_graph_element(named, allow_tensor=True, allow_operation=True)
        except TypeError as error:
            raise TypeError(
                f'Argument `fetch` = {fetch!r} has invalid type "{type(fetch).__name__}" must be a string or Tensor. ({error})'
            ) from None
        except (ValueError, KeyError) as error:
            text = error.args[0] if error.args else error
            raise ValueError(
                f"Argument `fetch` = {fetch!r} cannot be interpreted as a Tensor. ({text})"
            ) from None
        if isinstance(element, SymbolicTensor) and element.op.type == "VarHandleOp":
            element = self._value_of(element)
        made = element if isinstance(element, Operation) else element.op
        if not (self.graph.is_fetchable(element) and self.graph.is_fetchable(made)):
            raise InaccessibleTensorError(
                f"Operation {made.name} (created at {made.site}) has been marked as not fetchable: its value is known only "
                "inside of the function or the control flow that it was made in. Return it from there."
            )
        if isinstance(element, Operation):
            self.operations.append(element)
            return lambda values: None
        i = self._where.get(id(element))
        if i is None:
            i = self._where[id(element)] = len(self.tensors)
            self.tensors.append(element)
        return lambda values: values[i]

    def _value_of(self, handle: Any) -> Any:
        """The value of the variable of a handle: what programs want that fetch "w:0", which was a reference when they were
        written, and is a handle in graphs that were imported. The handle, if no collection has the variable."""
        for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
            for variable in self.graph.get_collection(key):
                if getattr(variable, "handle", None) is handle:
                    return variable._as_graph_element()
        return handle


def composite_value(fetch: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]] | None:
    """The tensors of a composite fetch, and its value made of theirs."""
    from headrace.core import nest
    from headrace.core.slices import IndexedSlices

    from .values import IndexedSlicesValue, RaggedTensorValue, SparseTensorValue

    if isinstance(fetch, IndexedSlices):
        parts = [fetch.values, fetch.indices, *([] if fetch.dense_shape is None else [fetch.dense_shape])]
        return parts, lambda v: IndexedSlicesValue(v[0], v[1], v[2] if len(v) > 2 else None)
    kind = type(fetch).__name__
    if kind == "SparseTensor":
        return [fetch.indices, fetch.values, fetch.dense_shape], lambda v: SparseTensorValue(*v)
    if kind == "RaggedTensor":
        inner = composite_value(fetch.values)
        if inner is None:
            return [fetch.values, fetch.row_splits], lambda v: RaggedTensorValue(*v)
        parts, make = inner
        return [*parts, fetch.row_splits], lambda v: RaggedTensorValue(make(v[:-1]), v[-1])
    if nest.is_composite(fetch):
        raise TypeError(
            f"A {kind} has no value outside of its graph. Fetch its components: "
            "sess.run(tf.nest.flatten(x, expand_composites=True))."
        )
    return None


def signature(fetches: Any) -> Any:
    """A hashable that is equal for equal fetches, as long as the fetched objects live."""
    kind = type(fetches)
    if kind is list or kind is tuple:
        return kind, *[signature(f) if type(f) in _NESTS else f if type(f) is str else id(f) for f in fetches]
    if kind is dict:
        return kind, *fetches, *[signature(f) for f in fetches.values()]
    if isinstance(fetches, tuple) and hasattr(fetches, "_fields"):
        return kind, *[signature(f) for f in fetches]
    if isinstance(fetches, (list, Mapping)):
        return None  # rare kinds of nests are planned anew
    return fetches if kind is str else id(fetches)


_NESTS = (list, tuple, dict)
