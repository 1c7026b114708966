"""`tf.data.Dataset`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.core import dtypes, errors, nest
from headrace.core.convert import to_tensor
from headrace.core.op import OpDef
from headrace.core.origin import known_as
from headrace.core.shapes import TensorShape
from headrace.core.specs import BatchableTypeSpec, CompositeTensor, TensorSpec, TypeSpec
from headrace.core.state import state
from headrace.core.tensor import EagerTensor, wrap_object
from headrace.ops import iterators as ops

from . import structure
from .combining import Combining
from .iterator import Iterator, NumpyIterator
from .options import Options
from .plan import INFINITE, Plan
from .selecting import Selecting
from .sessions_api import InSessions
from .sources_api import Sources
from .storing import Storing
from .tracing import Traced
from .transforming import Transforming


@known_as("tensorflow.python.data.ops.dataset_ops", "DatasetV2")
class Dataset(Sources, Transforming, Selecting, Combining, Storing, InSessions, CompositeTensor):
    """A potentially large sequence of elements, which are structures of tensors.

    Datasets are made from sources (`from_tensor_slices`, `range`, `from_generator`, files …), transformed (`map`, `batch`,
    `shuffle` …; each gives a new dataset) and iterated over, with `for` in Python and in a `tf.function`. Elements are made as
    they are asked for.

    >>> import headrace as tf
    >>> dataset = tf.data.Dataset.from_tensor_slices([1, 2, 3]).map(lambda x: x * 2).batch(2)
    >>> [batch.numpy().tolist() for batch in dataset]
    [[2, 4], [6]]
    """

    _autograph_dataset = True  # `len`, `enumerate`, `zip` … in converted code are methods

    def __init__(self, variant_tensor: Any, element_spec: Any = None) -> None:
        if element_spec is None:
            raise TypeError(
                "tf.data.Dataset is not made directly: use one of its class methods, as "
                "tf.data.Dataset.from_tensor_slices(tensors)."
            )
        self._variant_tensor, self._element_spec = variant_tensor, element_spec
        self._own_options: Options | None = None

    def _derived(
        self, op: OpDef, *inputs: Any, spec: Any = None, others: tuple[Any, ...] = (), name: str | None = None,
        **attrs: Any,
    ) -> Dataset:  # fmt: skip
        """The dataset that an op makes of this one."""
        spec = self._element_spec if spec is None else spec
        made = Dataset(
            op(self._variant_tensor, *inputs, name=name, **structure.flat_types(spec), **attrs), spec
        )
        made._own_options = self._own_options
        for other in others:
            made._own_options = _merged(made._own_options, other._own_options)
        return made

    @property
    def _plan(self) -> Plan:
        variant = self._variant_tensor
        if not variant._is_eager:
            raise RuntimeError(
                "This dataset was made in a tf.function that is being traced, and has no elements there. Iterate over it in "
                "code that AutoGraph converts, or return it from the function."
            )
        return variant._host().item()

    # --------------------------------------------------------------------------------------------------------- reading
    @property
    def element_spec(self) -> Any:
        """The structure of the elements, with a `tf.TypeSpec` for each leaf.

        >>> import headrace as tf
        >>> tf.data.Dataset.range(3).element_spec
        TensorSpec(shape=(), dtype=tf.int64, name=None)
        """
        return self._element_spec

    def __iter__(self) -> Iterator:
        if state.graph is not None and not state.graph.building_function:
            raise RuntimeError(
                "`tf.data.Dataset` only supports Python-style iteration in eager mode or within tf.function."
            )
        return Iterator(self)

    def __bool__(self) -> bool:
        return True

    __nonzero__ = __bool__

    def __len__(self) -> int:
        """The number of elements, where it is known and finite (TypeError otherwise)."""
        if state.graph is not None:
            raise TypeError(
                "`tf.data.Dataset` only supports `len` in eager mode. Use `tf.data.Dataset.cardinality()` instead."
            )
        n = self._plan.size()
        if n == INFINITE:
            raise TypeError("The dataset is infinite.")
        if n < 0:
            raise TypeError("The dataset length is unknown.")
        return n

    def cardinality(self, name: str | None = None) -> Any:
        """The number of elements, an int64 scalar; `tf.data.INFINITE_CARDINALITY` or `tf.data.UNKNOWN_CARDINALITY`.

        >>> import headrace as tf
        >>> int(tf.data.Dataset.range(42).batch(5).cardinality())
        9
        """
        return ops.CARDINALITY(self._variant_tensor, name=name)

    def as_numpy_iterator(self) -> NumpyIterator:
        """An iterator over the elements as NumPy arrays.

        >>> import headrace as tf
        >>> list(tf.data.Dataset.from_tensor_slices([1, 2]).as_numpy_iterator())
        [np.int32(1), np.int32(2)]
        """
        for leaf in structure.leaves(self._element_spec):
            if not isinstance(leaf, TensorSpec) and not _as_numpy(leaf):
                raise TypeError(
                    f"`tf.data.Dataset.as_numpy_iterator()` is not supported for datasets that produce values of type {leaf.value_type}."
                )
        return NumpyIterator(self)

    def get_single_element(self, name: str | None = None) -> Any:
        """The only element; InvalidArgumentError if there is none, or more than one."""
        from .optional import unpacked

        spec = self._element_spec
        return unpacked(
            ops.SINGLE_ELEMENT(self._variant_tensor, **structure.flat_types(spec), name=name), spec
        )

    def reduce(self, initial_state: Any, reduce_func: Callable[..., Any], name: str | None = None) -> Any:
        """The last state of `state = reduce_func(state, element)`, beginning with `initial_state`.

        >>> import headrace as tf
        >>> int(tf.data.Dataset.range(5).reduce(tf.constant(0, tf.int64), lambda total, x: total + x))
        10
        """
        from .optional import unpacked

        value = structure.convert(initial_state)
        spec = structure.spec_of(value)
        while True:
            arguments = (spec, self._element_spec)
            traced = Traced(reduce_func, arguments, "reduce")
            general = relaxed(spec, traced.structure, "reduce_func")
            if general == spec:
                break
            spec = general
        flat = [t for t in nest.flatten(value, expand_composites=True) if t is not None]
        result = ops.REDUCE(
            self._variant_tensor,
            flat,
            traced.captured,
            f=traced.graph,
            name=name,
            **structure.flat_types(spec),
        )
        return unpacked(result, spec)

    # --------------------------------------------------------------------------------------------------------- options
    def options(self) -> Options:
        """The options of this dataset and of those it was made from."""
        return self._own_options if self._own_options is not None else Options()

    def with_options(self, options: Options, name: str | None = None) -> Dataset:
        """The same dataset with options, which are merged with those it has.

        >>> import headrace as tf
        >>> options = tf.data.Options()
        >>> options.deterministic = False
        >>> tf.data.Dataset.range(3).with_options(options).options().deterministic
        False
        """
        if not isinstance(options, Options):
            raise TypeError(f"`options` must be a tf.data.Options, received {type(options).__name__}.")
        made = self._derived(ops.OPTIONS, name=name, serialized_options=repr(options))
        made._own_options = _merged(self._own_options, options)
        return made

    def apply(self, transformation_func: Callable[[Dataset], Any]) -> Any:
        """`transformation_func(dataset)`, which must return a dataset."""
        dataset = transformation_func(self)
        if not isinstance(dataset, Dataset):
            raise TypeError(
                f"`transformation_func` must return a `tf.data.Dataset` object. Got {type(dataset).__name__}."
            )
        return dataset

    @property
    def _type_spec(self) -> DatasetSpec:
        return DatasetSpec(self._element_spec)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} element_spec={self._element_spec}>"

    __str__ = __repr__


def _merged(a: Options | None, b: Options | None) -> Options | None:
    return b if a is None else a if b is None else a.merge(b)


def _as_numpy(spec: TypeSpec) -> bool:
    from headrace.core.specs import NoneTensorSpec

    return (
        isinstance(spec, (NoneTensorSpec, DatasetSpec))
        or hasattr(spec, "ragged_rank")
        or hasattr(spec, "_to_components")
    )


def relaxed(before: Any, after: Any, what: str) -> Any:
    """The narrowest structure of specs that a state can have before and after a step."""
    try:
        nest.assert_same_structure(before, after)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"The element structure of the new state must match that of the initial state: {what} returned {after}, the state "
            f"before is {before}."
        ) from error
    return nest.map_structure(lambda a, b: _relaxed(a, b, what), before, after)


def _relaxed(a: Any, b: Any, what: str) -> Any:
    if getattr(a, "dtype", None) is not getattr(b, "dtype", None):
        raise TypeError(
            f"The element types for the new state must match the initial state: expected {a.dtype.name}, but {what} returned "
            f"{b.dtype.name}. Use tf.cast."
        )
    general = a.most_specific_common_supertype([b])
    if general is None:
        raise TypeError(f"The state is {a} before and {b} after a step of {what}; it must stay of one type.")
    return general


def of_plan(plan: Plan, element_spec: Any) -> Dataset:
    """The dataset of a plan."""
    return Dataset(wrap_object(plan, dtypes.variant), element_spec)


class DatasetSpec(BatchableTypeSpec):
    """The type of a `tf.data.Dataset`.

    Args:
      element_spec: the structure of its elements, with a TypeSpec for each leaf.

    >>> import headrace as tf
    >>> tf.data.DatasetSpec.from_value(tf.data.Dataset.range(3))
    DatasetSpec(TensorSpec(shape=(), dtype=tf.int64, name=None), TensorShape([]))
    """

    __slots__ = ("_dataset_shape", "_element_spec")

    def __init__(self, element_spec: Any, dataset_shape: Any = ()) -> None:
        self._element_spec, self._dataset_shape = element_spec, TensorShape(dataset_shape)

    @property
    def element_spec(self) -> Any:
        return self._element_spec

    @property
    def value_type(self) -> Any:
        return Dataset

    @classmethod
    def from_value(cls, value: Dataset) -> DatasetSpec:
        return cls(value.element_spec)

    def _serialize(self) -> tuple[Any, ...]:
        return self._element_spec, self._dataset_shape

    @property
    def _component_specs(self) -> Any:
        return TensorSpec(self._dataset_shape, dtypes.variant)

    def _to_components(self, value: Dataset) -> Any:
        return value._variant_tensor

    def _from_components(self, components: Any) -> Any:
        return Dataset(components, self._element_spec)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        other = (
            spec_or_value
            if isinstance(spec_or_value, TypeSpec)
            else getattr(spec_or_value, "_type_spec", None)
        )
        return isinstance(other, DatasetSpec) and super().is_compatible_with(other)

    def _batch(self, batch_size: int | None) -> Any:
        raise TypeError(
            "Batches of datasets are not supported: turn each dataset into tensors first (flat_map, reduce …)."
        )

    def _unbatch(self) -> Any:
        raise TypeError("A dataset of datasets cannot be unbatched.")

    def __repr__(self) -> str:
        return f"DatasetSpec({self._element_spec!r}, {self._dataset_shape!r})"


__all__ = ["Dataset", "DatasetSpec", "EagerTensor", "errors", "of_plan", "to_tensor"]
